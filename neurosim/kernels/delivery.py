r"""Arrival of spikes: each adds the weights of its source's synapses to a variable of their targets.

Let :math:`S` be the spikes due in a tick, :math:`w_{ij}` the weight of a synapse from source i to target j, in the unit of the variable
:math:`x_j`, and :math:`A_{ij}` the number of such synapses. Then

.. math:: x_j \leftarrow x_j + \sum_{i \in S} \; \sum_{\text{synapses } i \to j} w_{ij},
          \qquad \text{with one weight} \qquad x_j \leftarrow x_j + w \sum_{i \in S} A_{ij}.

Synapses are held in one of two ways. *Rows*: the targets of source i, ascending, a number each. *Bits*: one bit for each pair, for a single
weight and no multapses; the sums over i are then whole numbers, counted for 512 units at once (:mod:`neurosim.kernels._rows`). Bits pay
from a density of a few per cent on.

Rows add w once for each spike, in the order of the events; bits add ``w * count`` once in a tick (once for each 255 spikes, where there are
more). The two are equal where the sums are exact, as with whole numbers times a power of two, and else up to rounding.

Spikes with different delays go into a *ring* when they are fired, row ``(tick + delay) % n_slots``, and each row of it is added to the
variable when its tick has come.

A thread has a range of targets, first ... last - 1, of its own: first is a multiple of 512, and last too unless it is the number of
targets. What is added to a target does not depend on where the ranges end.

Arrays; `real` is float32 or float64, the same for `weight`, `row` and `ring`, so that sums in float32 stay in float32:

- `events` (capacity,) uint32, the capacity a power of two: event k stands at ``events[k & (capacity - 1)]``. Those due are begin ...
  stop - 1, units ascending.
- `starts`, `stops` (n_sources,) int64: the part of row i in the range is ``targets[starts[i]:stops[i]]``, empty where they are equal;
  `targets` (n_synapses,) uint16 or uint32, never falling within a row; `weights` (n_synapses,) float32.
- `row` (n_targets,) real: the variable.
- `bits` (n_sources + 1, n_words) uint64, the last row zero; `planes` (8, n_words) uint64 and `counts` (64 n_words,) uint8: scratch, each
  thread its own. :func:`neurosim.kernels._rows.empty_bits` and :func:`neurosim.kernels._rows.empty_counters` make them.

Kernels here pass no array on to another function for each spike: Numba would count its references up and down, atomically, which takes as
long as some tens of synapses and makes threads wait for each other.

Source: A. Morrison, C. Mehring, T. Geisel, A. Aertsen & M. Diesmann, "Advancing the boundaries of high-connectivity network simulation with
distributed computing", Neural Comput. 17, 1776 (2005), for the ring. Differs from the paper in: spikes of one delay wait as events, not in
a ring.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels._rows import MOST_ROWS, fetch, prefetch, sum_rows, write_counts

_STEP = np.uint64(16)
"""Synapses for which one cache line of a row to come is asked for: that many 32-bit numbers fill it."""
_AHEAD = np.uint64(2)
_FAR = np.uint64(6)
_NONE = np.uint64(0)
_ALL = np.uint64(2**64 - 1)
_ONE = np.uint64(1)
_LOW = np.uint64(63)
_SIX = np.uint64(6)


@jit
def deliver_rows(events, begin, stop, starts, stops, targets, weight, row):
    """Add one weight for each synapse of each spike."""
    end, mask = np.uint64(stop), np.uint64(events.size - 1)
    for event in range(np.uint64(begin), end):
        far = np.uint64(events[min(event + _FAR, end - _ONE) & mask])
        prefetch(starts, far)
        prefetch(stops, far)
        later, later_last = _NONE, _NONE
        if event + _AHEAD < end:
            unit = events[(event + _AHEAD) & mask]
            later, later_last = np.uint64(starts[unit]), np.uint64(stops[unit])
        unit = events[event & mask]
        first, last = np.uint64(starts[unit]), np.uint64(stops[unit])
        while first + _STEP <= last and later < later_last:
            prefetch(targets, later)
            for k in range(_STEP):
                row[targets[first + k]] += weight
            first += _STEP
            later += _STEP
        if later < later_last:
            fetch(targets, later, later_last)
        for k in range(first, last):
            row[targets[k]] += weight


@jit
def is_run(targets, first, last):
    """Tell whether targets first ... last - 1 follow one upon the other."""
    differ, start = np.uint32(0), np.uint32(targets[first])
    for k in range(last - first):
        differ |= np.uint32(targets[first + k]) ^ np.uint32(start + np.uint32(k))
    return differ == 0


@jit
def add_run(row, start, weights, first, last):
    """Add weights first ... last - 1 to neighbouring targets from `start` on."""
    for k in range(last - first):
        row[start + k] += weights[first + k]


@jit
def deliver_weighted(events, begin, stop, starts, stops, targets, weights, row):
    """Add the weight of each synapse of each spike. Rows whose targets are neighbours, as in all-to-all projections, go quicker."""
    end, mask = np.uint64(stop), np.uint64(events.size - 1)
    for event in range(np.uint64(begin), end):
        far = np.uint64(events[min(event + _FAR, end - _ONE) & mask])
        prefetch(starts, far)
        prefetch(stops, far)
        later, later_last = _NONE, _NONE
        if event + _AHEAD < end:
            unit = events[(event + _AHEAD) & mask]
            later, later_last = np.uint64(starts[unit]), np.uint64(stops[unit])
        unit = events[event & mask]
        first, last = np.uint64(starts[unit]), np.uint64(stops[unit])
        if first + _STEP <= last:
            span = np.uint64(targets[last - _ONE]) - np.uint64(targets[first])
            if span == last - _ONE - first and is_run(targets, first, last):
                add_run(row, np.uint64(targets[first]), weights, first, last)
                first = last
        while first + _STEP <= last and later < later_last:
            prefetch(targets, later)
            prefetch(weights, later)
            for k in range(_STEP):
                row[targets[first + k]] += weights[first + k]
            first += _STEP
            later += _STEP
        if later < later_last:
            fetch(targets, later, later_last)
            fetch(weights, later, later_last)
        for k in range(first, last):
            row[targets[k]] += weights[k]


@jit
def deliver_delayed(events, begin, stop, starts, stops, targets, weights, delays, tick, ring):
    """Put the spikes of a tick into the ring (n_slots, n_targets): each synapse adds its weight to row (tick + delay) % n_slots.

    delays (n_synapses,) uint8 or uint16, in ticks, are at most n_slots; those equal to n_slots need row tick % n_slots drained before.
    weights (n_synapses,) or, if they are all the same, (1,).
    """
    end, mask = np.uint64(stop), np.uint64(events.size - 1)
    n_slots = np.uint64(ring.shape[0])
    slot = np.uint64(tick) % n_slots
    each = _NONE if weights.size == 1 else _ALL
    for event in range(np.uint64(begin), end):
        later, later_last = _NONE, _NONE
        if event + _AHEAD < end:
            unit = events[(event + _AHEAD) & mask]
            later, later_last = np.uint64(starts[unit]), np.uint64(stops[unit])
        unit = events[event & mask]
        first, last = np.uint64(starts[unit]), np.uint64(stops[unit])
        while first + _STEP <= last and later < later_last:
            prefetch(targets, later)
            prefetch(delays, later)
            prefetch(weights, later & each)
            for k in range(first, first + _STEP):
                due = slot + np.uint64(delays[k])
                ring[min(due, due - n_slots), targets[k]] += weights[k & each]  # due - n_slots below 0 is huge
            first += _STEP
            later += _STEP
        if later < later_last:
            fetch(targets, later, later_last)
            fetch(delays, later, later_last)
            fetch(weights, later & each, later_last & each)
        for k in range(first, last):
            due = slot + np.uint64(delays[k])
            ring[min(due, due - n_slots), targets[k]] += weights[k & each]


@jit
def drain(ring_row, row, first, last):
    """Add what has come due, ring_row (n_targets,) real, to the variable, and leave zeros."""
    for unit in range(np.uint64(first), np.uint64(last)):
        row[unit] += ring_row[unit]
        ring_row[unit] = 0


@jit
def deliver_bits(events, begin, stop, bits, weight, row, planes, counts, first, last):
    """Add one weight for each synapse of each spike to targets first ... last - 1: the number of synapses is counted first."""
    first_word, last_word = first >> 6, (last + 63) >> 6
    for part in range(begin, stop, MOST_ROWS):
        part_stop = min(part + MOST_ROWS, stop)
        depth = 1
        while (part_stop - part) >> depth:
            depth += 1
        sum_rows(bits, events, part, part_stop, planes, first_word, last_word)
        write_counts(planes, depth, counts, first_word, last_word)
        for unit in range(np.uint64(first), np.uint64(last)):
            row[unit] += weight * np.float32(counts[unit])


@jit
def pack_bits(offsets, targets, bits):
    """Write the synapses of rows, offsets (n_sources + 1,) int64, as bits (n_sources + 1, n_words). A multapse leaves one bit."""
    for source in range(bits.shape[0]):
        for word in range(bits.shape[1]):
            bits[source, word] = np.uint64(0)
    for source in range(offsets.size - 1):
        for k in range(np.uint64(offsets[source]), np.uint64(offsets[source + 1])):
            unit = np.uint64(targets[k])
            bits[source, unit >> _SIX] |= _ONE << (unit & _LOW)


@jit
def thread_bounds(offsets, targets, borders, bounds):
    """Cut each row at units borders (T + 1,), ascending: bounds (n_sources, T + 1) int64 gets the first position not below each."""
    for source in range(offsets.size - 1):
        position = offsets[source]
        for border in range(borders.size):
            high = offsets[source + 1]
            while position < high:
                middle = (position + high) // 2
                if np.int64(targets[middle]) < borders[border]:
                    position = middle + 1
                else:
                    high = middle
            bounds[source, border] = position
