"""Philox4x32-10: a random word for every (seed, tick, stream, unit), computed where it is needed.

Ten rounds of multiply, exclusive-or and swap turn a counter of four 32-bit words and a key of two into four random words. Unit
``u`` reads word ``u % 4`` of the block with counter ``(u // 4, stream, tick low, tick high)``; the key is the 64-bit seed. Words are
kept in 64-bit integers whose low half counts, and the ten rounds of a block are one piece of code without memory: both let the compiler
advance many blocks at a time with wide multiplications.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror & D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLY_0 = np.uint64(0xD2511F53)
_MULTIPLY_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)


@jit(inline="always")
def philox_round(c0, c1, c2, c3, k0, k1):
    """Advance one block by one round; the high halves of the results are waste."""
    p0 = _MULTIPLY_0 * (c0 & _LOW)
    p1 = _MULTIPLY_1 * (c2 & _LOW)
    return (p1 >> _SHIFT) ^ c1 ^ k0, p1, (p0 >> _SHIFT) ^ c3 ^ k1, p0


@jit(inline="always")
def philox_block(c0, c1, c2, c3, k0, k1):
    """Return four words, in the low halves, for a counter of four and a key of two 32-bit words."""
    for _ in range(10):
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
        k0 += _WEYL_0
        k1 += _WEYL_1
    return c0, c1, c2, c3


@jit
def fill_words_from(out, first, seed, tick, stream):
    """Fill out (n,) uint32 with the words of units first ... first + n - 1, both multiples of 4; they are those of ``fill_words``."""
    k0, k1, now, begin = seed & _LOW, seed >> _SHIFT, np.uint64(tick), np.uint64(first // 4)
    for block in range(out.size // 4):
        w0, w1, w2, w3 = philox_block(begin + np.uint64(block), stream, now & _LOW, now >> _SHIFT, k0, k1)
        out[4 * block] = w0
        out[4 * block + 1] = w1
        out[4 * block + 2] = w2
        out[4 * block + 3] = w3


@jit
def fill_rest(out, begin, seed, tick, stream):
    """Fill out[begin:], at most four words, begin a multiple of 4."""
    words = philox_block(np.uint64(begin // 4), stream, tick & _LOW, tick >> _SHIFT, seed & _LOW, seed >> _SHIFT)
    for k in range(out.size - begin):
        out[begin + k] = words[k]


@jit
def fill_words(out, seed, tick, stream):
    """Fill out (n,) uint32 with the words of units 0 ... n - 1. seed, tick and stream are uint64, stream below 2**32."""
    whole = out.size // 4 * 4
    fill_words_from(out[:whole], 0, seed, tick, stream)
    if whole < out.size:
        fill_rest(out, whole, seed, tick, stream)


@jit
def fill_permutation(order, words, seed, tick, stream):
    """Fill order (n,) int32 with a random permutation of 0 ... n - 1 (Fisher-Yates); words (n,) uint32 is scratch.

    A draw from 0 ... i is the high half of word * (i + 1), whose bias is below n / 2**32.
    """
    fill_words(words, seed, tick, stream)
    for unit in range(order.size):
        order[unit] = unit
    for unit in range(order.size - 1, 0, -1):
        other = np.int64((np.uint64(words[unit]) * np.uint64(unit + 1)) >> _SHIFT)
        kept = order[unit]
        order[unit] = order[other]
        order[other] = kept
