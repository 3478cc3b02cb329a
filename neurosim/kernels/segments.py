"""How many synapses of each dendritic segment see an active cell: lists by presynaptic cell, and counters in one byte.

Synapses are stored twice. By segment: those of segment k are cells[starts[k]:starts[k + 1]], starts (n_segments + 1,) int64, cells int32.
By cell, the *inverse lists*: lists[first[c]:first[c + 1]] are the segments on which cell c has a synapse, first (n_cells + 1,) int64, lists
uint32, ascending within a cell. A pattern of a active cells then costs a walk through a lists, not one over all synapses.

Counters are uint8 where no segment has more than 255 synapses, else uint16, so that those of hundreds of thousands of segments stay in the
processor's cache; they are padded to a multiple of :data:`neurosim.kernels._masks.LANES`. The lists come from memory: that of the next
cells is asked for while the present one is counted.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels._masks import LANES, lowest_bit, reached
from neurosim.kernels._rows import fetch, prefetch

_AHEAD = 2
"""Cells between the one whose list is counted and the one whose list is asked for; its place in `first` is asked for as early again."""


@jit
def first_fault(starts, cells, seen):
    """Return the index of the first synapse whose cell does not exist, or has another synapse on the same segment; else -1.

    seen (n_cells,) int64 is scratch, all -1 at first.
    """
    for segment in range(starts.size - 1):
        for synapse in range(starts[segment], starts[segment + 1]):
            cell = cells[synapse]
            if cell < 0 or cell >= seen.size or seen[cell] == segment:
                return synapse
            seen[cell] = segment
    return -1


@jit
def fill_lists(starts, cells, first, lists):
    """Write the inverse lists of valid synapses: first (n_cells + 1,) int64, lists (n_synapses,) uint32."""
    for cell in range(first.size):
        first[cell] = 0
    for synapse in range(cells.size):
        first[cells[synapse]] += 1
    end = np.int64(0)
    for cell in range(first.size):
        end += first[cell]
        first[cell] = end
    for segment in range(starts.size - 2, -1, -1):
        for synapse in range(starts[segment], starts[segment + 1]):
            cell = cells[synapse]
            first[cell] -= 1
            lists[first[cell]] = segment


@jit
def count_synapses(first, lists, active, counts):
    """Count for each segment the synapses on active cells: active (a,) int32, cells in any order, counts (padded,) uint8 or uint16."""
    for segment in range(counts.size):
        counts[segment] = 0
    n = active.size
    for k in range(n):
        if k + 2 * _AHEAD < n:
            prefetch(first, np.uint64(active[k + 2 * _AHEAD]))
        if k + _AHEAD < n:
            later = active[k + _AHEAD]
            fetch(lists, np.uint64(first[later]), np.uint64(first[later + 1]))
        cell = active[k]
        for entry in range(first[cell], first[cell + 1]):
            counts[lists[entry]] += 1


@jit
def list_reached(counts, threshold, out):
    """List the segments that count at least `threshold`, above 0 and of the type of the counts, in ascending order; return how many.

    out holds at least as many int32 as there are segments.
    """
    n = 0
    for begin in range(0, counts.size, LANES):
        word = reached(counts, begin, threshold)
        while word:
            out[n] = begin + np.int64(lowest_bit(word))
            n += 1
            word &= word - np.uint64(1)
    return n


@jit
def count_histograms(first, lists, starts, active, counts, n_segments, out):
    """Count for each code how many segments have 0, 1, 2, ... synapses on active cells: out (n_codes, longest + 1) int64.

    Code k is active[starts[k]:starts[k + 1]]; counts is scratch, as for :func:`count_synapses`.
    """
    for code in range(starts.size - 1):
        count_synapses(first, lists, active[starts[code] : starts[code + 1]], counts)
        row = out[code]
        for bin_ in range(row.size):
            row[bin_] = 0
        for segment in range(n_segments):
            row[counts[segment]] += 1
