"""Philox4x32-10: a random word for every (seed, tick, stream, unit), computed where it is needed.

Ten rounds of multiply, exclusive-or and swap turn a counter of four 32-bit words and a key of two into four random words. Unit
``u`` reads word ``u % 4`` of the block with counter ``(u // 4, stream, tick low, tick high)``; the key is the 64-bit seed. Words are
kept in 64-bit integers whose low half counts, and blocks advance :data:`LANES` at a time: both let the compiler use wide multiplications.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror & D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit

LANES = 32
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLY_0 = np.uint64(0xD2511F53)
_MULTIPLY_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_TWICE_WEYL_0 = np.uint64(2 * 0x9E3779B9)
_TWICE_WEYL_1 = np.uint64(2 * 0xBB67AE85)


@jit(inline="always")
def philox_round(c0, c1, c2, c3, k0, k1):
    """Advance one block by one round; the high halves of the results are waste."""
    p0 = _MULTIPLY_0 * (c0 & _LOW)
    p1 = _MULTIPLY_1 * (c2 & _LOW)
    return (p1 >> _SHIFT) ^ c1 ^ k0, p1, (p0 >> _SHIFT) ^ c3 ^ k1, p0


@jit
def philox_rounds(c0, c1, c2, c3, k0, k1):
    """Replace the counters, four arrays (lanes,) uint64, by their random words under the key k0, k1: the low halves.

    Two rounds are done for each trip to memory.
    """
    for _ in range(5):
        for lane in range(c0.size):
            w0, w1, w2, w3 = philox_round(c0[lane], c1[lane], c2[lane], c3[lane], k0, k1)
            c0[lane], c1[lane], c2[lane], c3[lane] = philox_round(w0, w1, w2, w3, k0 + _WEYL_0, k1 + _WEYL_1)
        k0 += _TWICE_WEYL_0
        k1 += _TWICE_WEYL_1


@jit
def fill_words(out, seed, tick, stream):
    """Fill out (n,) uint32 with the words of units 0 ... n - 1. seed, tick and stream are uint64, stream below 2**32."""
    c0 = np.empty(LANES, np.uint64)
    c1 = np.empty(LANES, np.uint64)
    c2 = np.empty(LANES, np.uint64)
    c3 = np.empty(LANES, np.uint64)
    for first in range(0, out.size, 4 * LANES):
        for lane in range(LANES):
            c0[lane] = np.uint64(first // 4 + lane)
            c1[lane] = stream
            c2[lane] = tick & _LOW
            c3[lane] = tick >> _SHIFT
        philox_rounds(c0, c1, c2, c3, seed & _LOW, seed >> _SHIFT)
        if first + 4 * LANES <= out.size:
            for lane in range(LANES):
                out[first + 4 * lane] = c0[lane]
                out[first + 4 * lane + 1] = c1[lane]
                out[first + 4 * lane + 2] = c2[lane]
                out[first + 4 * lane + 3] = c3[lane]
        else:
            for unit in range(first, out.size):
                lane = (unit - first) // 4
                word = (unit - first) % 4
                if word == 0:
                    out[unit] = c0[lane]
                elif word == 1:
                    out[unit] = c1[lane]
                elif word == 2:
                    out[unit] = c2[lane]
                else:
                    out[unit] = c3[lane]


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
