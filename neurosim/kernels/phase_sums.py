"""Sums over neighbours: sums[i] = sum_j A_ij waves[j], for graphs stored by target.

One pair (sin theta_j, cos theta_j) is read for each edge j -> i, whatever the phase of the target is; see :mod:`neurosim.kernels.phases`.
Edges of target i are starts[i] ... starts[i + 1] - 1. They are added in their order into four pairs of partial sums, edge e of a target to
pair e mod 4, which are then added as (0 + 1) + (2 + 3); what is left of a row goes to pair 0. A row is summed the same wherever
ranges are cut.

Where waves do not fit into the second-level cache and targets have many sources (from some thirty on), :func:`sum_blocks` is faster: edges
are sorted by block of :data:`BLOCK` sources, then by target, and a row is summed block by block.

Dense graphs of 0 and 1 are rows of bits, oscillator j being bit j & 63 of word j >> 6, in any number of words that holds them, bits of no
oscillator being 0. For eight oscillators at a time the sums of all their 256 subsets are tabulated, and a byte of a row picks one (method
of four Russians, V. L. Arlazarov, E. A. Dinic, M. A. Kronrod & I. A. Faradzev, Sov. Math. Dokl. 11, 1209 (1970)). Differs from the paper
in: the entries are pairs of floating-point numbers.

With real = float64 or float32:

============  =========================  ==================================================================
starts        (n + 1,) int64 or int32    CSR index pointers, rows = targets
sources       (m,) uint16 or uint32      CSR column indices (int32 works too)
weights       (m,) real                  A_ij, edge by edge
block_starts  (n_blocks, n + 1) int64    borders of rows in arrays sorted by block, n_blocks = ceil(n / BLOCK)
delays        (m,) uint16                in ticks, 0 ... n_slots - 1
rows          (n, n_words) uint64        bits, n_words >= n / 64
waves         (n, 2) real                (sin, cos) of each oscillator
ring          (n_slots, n, 2) real       past waves; those of now in slot, those of d ticks ago in (slot - d) mod n_slots
slot          integer                    0 ... n_slots - 1
sums          (n, 2) real                rows first ... last - 1 are written, not added to
first, last   integers                   targets first ... last - 1
============  =========================  ==================================================================
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._edges import delayed_edges_sum, delayed_ones_sum, edges_sum, subset_sum, weighted_edges_sum
from neurosim.kernels._jit import jit

BLOCK = 32_768
"""Sources whose waves stay in the second-level cache while the edges from them are added."""


@jit
def sum_edges(starts, sources, waves, sums, first, last):
    """Sum the waves of each target's sources, all of weight 1."""
    for i in range(first, last):
        sums[i, 0], sums[i, 1] = edges_sum(sources, waves, starts[i], starts[i + 1])


@jit
def sum_weighted_edges(starts, sources, weights, waves, sums, first, last):
    """Sum the waves of each target's sources times their weights."""
    for i in range(first, last):
        sums[i, 0], sums[i, 1] = weighted_edges_sum(sources, weights, waves, starts[i], starts[i + 1])


@jit
def sum_delayed_edges(starts, sources, weights, delays, ring, slot, sums, first, last):
    """Sum waves of the past, each edge's delay ago, times weights; weights of size 0: all 1."""
    for i in range(first, last):
        if weights.size:
            sums[i, 0], sums[i, 1] = delayed_edges_sum(sources, weights, delays, ring, slot, starts[i], starts[i + 1])
        else:
            sums[i, 0], sums[i, 1] = delayed_ones_sum(sources, weights, delays, ring, slot, starts[i], starts[i + 1])


@jit
def count_blocks(starts, sources, block_starts):
    """Fill block_starts (n_blocks, n + 1) with the borders of the rows when edges are sorted by block of sources, then by target."""
    for block in range(block_starts.shape[0]):
        for i in range(starts.size):
            block_starts[block, i] = 0
    for i in range(starts.size - 1):
        for e in range(starts[i], starts[i + 1]):
            block_starts[sources[e] // BLOCK, i + 1] += 1
    total = 0
    for block in range(block_starts.shape[0]):
        for i in range(starts.size):
            total += block_starts[block, i]
            block_starts[block, i] = total


@jit
def sort_into_blocks(starts, sources, weights, block_starts, sorted_sources, sorted_weights):
    """Fill sorted_sources (m,) uint16, counted from the first source of their block, and sorted_weights (m,) or (0,) real.

    block_starts come from :func:`count_blocks`. Edges of one target and block keep their order.
    """
    places = np.empty(block_starts.shape[0], np.int64)
    for i in range(starts.size - 1):
        for block in range(places.size):
            places[block] = block_starts[block, i]
        for e in range(starts[i], starts[i + 1]):
            block = sources[e] // BLOCK
            sorted_sources[places[block]] = sources[e] - block * BLOCK
            if weights.size:
                sorted_weights[places[block]] = weights[e]
            places[block] += 1


@jit
def add_block(starts, sources, weights, waves, sums, first, last):
    """Add the waves of each target's sources in one block; weights of size 0: all 1."""
    for i in range(first, last):
        if weights.size:
            sine, cosine = weighted_edges_sum(sources, weights, waves, starts[i], starts[i + 1])
        else:
            sine, cosine = edges_sum(sources, waves, starts[i], starts[i + 1])
        sums[i, 0] += sine
        sums[i, 1] += cosine


@jit
def sum_blocks(block_starts, sources, weights, waves, sums, first, last):
    """Sum the waves of each target's sources, edges being sorted into blocks of sources."""
    for i in range(first, last):
        sums[i, 0] = sums[i, 1] = 0
    for block in range(block_starts.shape[0]):
        add_block(block_starts[block], sources, weights, waves[block * BLOCK :], sums, first, last)


@jit
def fill_subsets(waves, begin, table):
    """Fill table (256, 2) with the sums of all subsets of the waves of oscillators begin ... begin + 7; there may be fewer."""
    table[0, 0] = table[0, 1] = 0
    for bit in range(8):
        width = 1 << bit
        there = begin + bit < waves.shape[0]
        sine = waves[begin + bit, 0] if there else table[0, 0]
        cosine = waves[begin + bit, 1] if there else table[0, 1]
        for entry in range(width):
            table[width + entry, 0] = table[entry, 0] + sine
            table[width + entry, 1] = table[entry, 1] + cosine


@jit
def sum_bits(rows, waves, sums, first, last):
    """Sum the waves of each target's sources, given as rows of bits."""
    tables = np.empty((8, 256, 2), waves.dtype)
    for i in range(first, last):
        sums[i, 0] = sums[i, 1] = 0
    for word in range((waves.shape[0] + 63) // 64):
        for byte in range(8):
            fill_subsets(waves, 64 * word + 8 * byte, tables[byte])
        for i in range(first, last):
            sine, cosine = subset_sum(tables, rows[i, word])
            sums[i, 0] += sine
            sums[i, 1] += cosine
