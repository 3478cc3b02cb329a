"""Sparse binary codes: drawn, packed into words, compared. Unit 0 is the lowest bit of the first word; unused bits are 0.

A table of codes is a list of lists: the active units of code c are ``indices[starts[c]:starts[c + 1]]``, in rising order.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._bits import popcount
from neurosim.kernels._jit import jit
from neurosim.kernels.noise import philox_block

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_BIT = np.uint64(63)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)


@jit
def pack_codes(starts, indices, bits):
    """Set the bits of every code; bits (codes, words) uint64 starts at 0."""
    for code in range(starts.size - 1):
        for k in range(starts[code], starts[code + 1]):
            unit = np.int64(indices[k])
            bits[code, unit >> 6] |= _ONE << (np.uint64(unit) & _BIT)


@jit
def unpack_words(words, indices):
    """Write the numbers of the set bits of words (n,) into indices, rising; return how many there are."""
    n = 0
    for w in range(words.size):
        left = words[w]
        while left != _ZERO:
            lowest = left & (~left + _ONE)
            indices[n] = (w << 6) + np.int64(popcount(lowest - _ONE))
            n += 1
            left ^= lowest
    return n


@jit
def scatter(words, size, active, seed, tick):
    """Set `active` different bits among the first `size`, all 0 before; draw again what is taken. The draws are those of (seed, tick)."""
    block, n = np.uint64(0), 0
    while n < active:
        draws = philox_block(block, _ZERO, tick & _LOW, tick >> _SHIFT, seed & _LOW, seed >> _SHIFT)
        block += _ONE
        for k in range(4):
            unit = ((draws[k] & _LOW) * np.uint64(size)) >> _SHIFT
            mask = _ONE << (unit & _BIT)
            if n < active and words[unit >> np.uint64(6)] & mask == _ZERO:
                words[unit >> np.uint64(6)] |= mask
                n += 1


@jit
def draw_codes(indices, words, size, seed):
    """Fill indices (codes, active) with random codes: every set of that many units is as likely as any other.

    words (ceil(size / 64),) is scratch. Of more than half of the units those that stay silent are drawn. A draw from 0 ... size - 1 is the
    high half of word * size, whose bias is below size / 2**32.
    """
    active = indices.shape[1]
    sparse = 2 * active <= size
    for code in range(indices.shape[0]):
        words[:] = _ZERO
        scatter(words, size, active if sparse else size - active, seed, np.uint64(code))
        if not sparse:
            for w in range(words.size):
                words[w] = ~words[w]
            if size & 63:
                words[words.size - 1] &= (_ONE << np.uint64(size & 63)) - _ONE
        unpack_words(words, indices[code])


@jit
def overlaps_of_bits(bits, other, out):
    """out[c, d] = number of units that code c of bits (n, words) shares with code d of other (m, words)."""
    for c in range(bits.shape[0]):
        for d in range(other.shape[0]):
            shared = _ZERO
            for w in range(bits.shape[1]):
                shared += popcount(bits[c, w] & other[d, w])
            out[c, d] = shared


@jit
def overlaps_of_lists(starts, indices, other, out):
    """Count the same where the codes are given as lists; other (m, words) stays packed."""
    for d in range(other.shape[0]):
        for c in range(starts.size - 1):
            shared = _ZERO
            for k in range(starts[c], starts[c + 1]):
                unit = np.uint64(indices[k])
                shared += (other[d, unit >> np.uint64(6)] >> (unit & _BIT)) & _ONE
            out[c, d] = shared
