"""Learning on the segments of one neuron: a table of synapses, their permanences as 16-bit fixed point, one pattern at a time.

Arrays: `cells` (n_segments, n_places) int32, the presynaptic cell of each place on a segment, or -1 where there is no synapse;
`permanences` (n_segments, n_places) int16, 0 ... 32767 for 0 ... 1; `last` (n_segments,) int64, when a segment last learned, -1 for never.
A pattern comes as `active` (a,) int32, rising, and the same as `bits` (words,) uint64. `counts` and `potentials` are the synapses of each
segment on active cells, those whose permanence is at least `connected`, and all: uint8, padded to a multiple of
:data:`neurosim.kernels._masks.LANES`.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels.noise import fill_words

GROWTH_STREAM = np.uint64(0)
_TOP = 32767
_BIT = np.uint64(63)
_WORD = np.uint64(6)
_SHIFT = np.uint64(32)


@jit(inline="always")
def is_active(bits, cell):
    """Read one bit: 0 or 1; cell is not negative."""
    place = np.uint64(cell)
    return np.int64((bits[place >> _WORD] >> (place & _BIT)) & np.uint64(1))


@jit
def match_segments(cells, permanences, bits, connected, counts, potentials):
    """Write the counts and potentials of all segments; the padding is set to 0."""
    for segment in range(counts.size):
        count, potential = np.int64(0), np.int64(0)
        if segment < cells.shape[0]:
            for place in range(cells.shape[1]):
                cell = cells[segment, place]
                if cell >= 0 and is_active(bits, cell):
                    potential += 1
                    count += np.int64(permanences[segment, place] >= connected)
        counts[segment] = count
        potentials[segment] = potential


@jit
def largest(values, n):
    """Return the index of the first largest among n values."""
    best = 0
    for k in range(n):
        if values[k] > values[best]:
            best = k
    return best


@jit
def choose_segment(counts, potentials, last, threshold, min_threshold):
    """Return the segment that learns a pattern, and whether it begins afresh.

    It is the one with most connected synapses on active cells, if it is active; else the one with most synapses of any permanence, if there
    are at least min_threshold; else the one that has not learned for longest. Of equals, the first.
    """
    n = last.size
    best = largest(counts, n)
    if counts[best] >= threshold:
        return best, False
    best = largest(potentials, n)
    if potentials[best] >= min_threshold:
        return best, False
    return np.argmin(last), True


@jit
def adapt_segment(cells, permanences, bits, increment, decrement):
    """Raise the permanences of one segment's synapses on active cells, lower the others; a synapse vanishes at 0."""
    for place in range(cells.size):
        if cells[place] >= 0:
            step = increment if is_active(bits, cells[place]) else -decrement
            value = min(np.int64(permanences[place]) + step, _TOP)
            permanences[place] = max(value, 0)
            if value <= 0:
                cells[place] = -1


@jit
def grow_segment(cells, permanences, active, bits, initial, seed, tick):
    """Fill the free places of one segment with active cells that it has no synapse on, drawn at random; fewer if there are fewer."""
    left = bits.copy()
    for place in range(cells.size):
        if cells[place] >= 0:
            cell = np.uint64(cells[place])
            left[cell >> _WORD] &= ~(np.uint64(1) << (cell & _BIT))
    candidates, n = np.empty(active.size, np.int32), 0
    for k in range(active.size):
        if is_active(left, active[k]):
            candidates[n] = active[k]
            n += 1
    words = np.empty(cells.size, np.uint32)
    fill_words(words, seed, tick, GROWTH_STREAM)
    drawn = 0
    for place in range(cells.size):
        if cells[place] < 0 and drawn < n:
            chosen = drawn + np.int64((np.uint64(words[drawn]) * np.uint64(n - drawn)) >> _SHIFT)
            cells[place] = candidates[chosen]
            permanences[place] = initial
            candidates[chosen] = candidates[drawn]
            drawn += 1


@jit
def learn_pattern(
    cells, permanences, last, active, bits, counts, potentials, threshold, min_threshold, increment, decrement, initial, seed, tick
):
    """Let one segment learn a pattern that was matched; return which."""
    segment, fresh = choose_segment(counts, potentials, last, threshold, min_threshold)
    if fresh:
        cells[segment] = -1
        permanences[segment] = 0
    adapt_segment(cells[segment], permanences[segment], bits, increment, decrement)
    grow_segment(cells[segment], permanences[segment], active, bits, initial, seed, tick)
    last[segment] = tick
    return segment


@jit
def punish_segments(cells, permanences, bits, counts, threshold, punishment):
    """Lower the permanences of active segments' synapses on active cells."""
    for segment in range(cells.shape[0]):
        if counts[segment] >= threshold:
            adapt_segment(cells[segment], permanences[segment], bits, -punishment, 0)
