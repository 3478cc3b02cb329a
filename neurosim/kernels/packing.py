"""Transposition of a matrix of bits, block by block, so that neither form is ever unpacked."""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit


@jit
def transpose_block(block):
    """Transpose 64 x 64 bits in place: block (64,) uint64, bit j of word i goes to bit i of word j.

    Six rounds exchange the off-diagonal quarters of ever smaller squares.
    """
    width = 32
    mask = np.uint64(0x00000000FFFFFFFF)
    while width > 0:
        shift = np.uint64(width)
        row = 0
        while row < 64:
            other = ((block[row] >> shift) ^ block[row + width]) & mask
            block[row] ^= other << shift
            block[row + width] ^= other
            row = (row + width + 1) & ~width
        width >>= 1
        mask ^= mask << np.uint64(width)


@jit
def transpose_bits(words, out):
    """Write the transpose of words (n, V) uint64 to out (m, W) uint64, m <= 64 V and n <= 64 W; bits of out beyond n are 0."""
    n = words.shape[0]
    m = out.shape[0]
    block = np.empty(64, np.uint64)
    for word in range(out.shape[1]):
        for other in range((m + 63) // 64):
            for row in range(64):
                block[row] = words[64 * word + row, other] if 64 * word + row < n else np.uint64(0)
            transpose_block(block)
            for row in range(min(64, m - 64 * other)):
                out[64 * other + row, word] = block[row]
