r"""Spatial pooler: overlaps, competition of columns for activity, permanences that learn, duty cycles.

With the connected synapses :math:`W_{ci} = [\,p_{ci} \ge \theta_p\,]` of column c, the input :math:`x_i`, the duty cycles :math:`a_c` of
activity and :math:`e_c` of sufficient overlap,

.. math::
    o_c = \sum_i W_{ci} x_i, \qquad
    p_{ci} \leftarrow \Bigl[\,p_{ci} + (\eta_+ + \eta_-) x_i - \eta_-\Bigr]_0^1 \text{ of winners}, \qquad
    a_c \leftarrow \Bigl(1 - \frac1T\Bigr) a_c + \frac1T [\,c \text{ wins}\,].

A permanence is a whole number 0 ... 32767, a negative one marks an input that the column cannot reach. Permanences are held in one of two
ways. *Rows*: one for each pair of column and input; good where a column can reach many inputs. *Lists*: for each column the inputs that it
can reach, rising. Connections are bits in the other direction, so that overlaps are sums of a few rows of bits: bit ``c & 63`` of
``connected[i, c >> 6]``, and an empty row at the end (:mod:`neurosim.kernels._rows`).

Units lie on a grid. Those within a radius along every axis are a *neighbourhood*; on a grid that wraps, opposite borders touch.

Arrays:

- `connected` (n_inputs + 1, n_words) uint64; `active` (n_active,) uint32, rising: the active inputs.
- `permanences` (n_columns, 64 V) int16, the last ones -1; in lists beside `reach` (n_columns, 64 V) int32, which is (n_columns, 0) in rows.
- `overlaps`, `keys` (n_columns,) int32: columns are ranked by key, the larger index first among equals. Keys are overlaps, or the bits of
  boosted overlaps in float32, whose order is that of the numbers.
- `winners` (n_columns,) int32, rising; duty cycles (n_columns,) float32; `shape` (n_axes,) int64.

Source: Y. Cui, S. Ahmad & J. Hawkins, "The HTM spatial pooler: a neocortical algorithm for online sparse distributed coding", Front.
Comput. Neurosci. 11, 111 (2017). Differs from the paper in: whole numbers for permanences; a rule for equals.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._bits import popcount
from neurosim.kernels._functions import exponential
from neurosim.kernels._jit import jit
from neurosim.kernels._permanences import change_row
from neurosim.kernels._rows import MOST_ROWS, PLANES, fetch, prefetch, sum_rows, write_counts
from neurosim.kernels.noise import fill_permutation, fill_words

POTENTIAL, PERMANENCE = np.uint64(0), np.uint64(1)
"""Streams of random words: which inputs a column can reach, and with which permanences."""
TOP = np.int64(32767)
_ONE = np.uint64(1)
_LOW = np.uint64(63)
_SIX = np.uint64(6)
_SHIFT = np.uint64(31)
_HALF = np.uint64(2**31 - 1)


# --- overlaps -----------------------------------------------------------------------------------------------------------------


@jit
def count_overlaps(connected, active, overlaps):
    """Write how many active inputs each column is connected to."""
    n_words, n = connected.shape[1], active.size
    planes, counts = np.empty((PLANES, n_words), np.uint64), np.empty(64 * n_words, np.uint8)
    capacity = 1
    while capacity < n:
        capacity *= 2
    events = np.empty(capacity, np.uint32)
    events[:n] = active
    overlaps[:] = 0
    for begin in range(0, n, MOST_ROWS):
        stop = min(begin + MOST_ROWS, n)
        depth = 1
        while (stop - begin) >> depth:
            depth += 1
        sum_rows(connected, events, begin, stop, planes, 0, n_words)
        write_counts(planes, depth, counts, 0, n_words)
        for column in range(overlaps.size):
            overlaps[column] += np.int32(counts[column])


@jit
def boost_overlaps(overlaps, duty, targets, strength, keys):
    """Write the bits of overlap * exp(strength * (target - duty)), in float32; targets (n_columns,) or (1,) float64."""
    reals = keys.view(np.float32)
    each = np.int64(targets.size > 1)
    for column in range(keys.size):
        factor = exponential(strength * (targets[each * column] - np.float64(duty[column])))
        reals[column] = np.float32(overlaps[column]) * np.float32(factor)


# --- competition --------------------------------------------------------------------------------------------------------------


@jit
def kth_largest(keys, k):
    """Return the largest number that at least k of the keys, all of them at least 0, reach; 1 <= k <= n."""
    bits = np.int32(0)
    for column in range(keys.size):
        bits |= keys[column]
    bit = np.int64(1) << 30
    while bit > bits:
        bit >>= 1
    found = np.int64(0)
    while bit > 0:
        wanted = np.int32(found | bit)
        n = np.int32(0)
        for column in range(keys.size):
            n += np.int32(keys[column] >= wanted)
        if n >= k:
            found |= bit
        bit >>= 1
    return np.int32(found)


@jit
def pick_global(keys, k, least, winners):
    """Write the k columns with the largest keys, less those below `least`; return their number."""
    edge = kth_largest(keys, k)
    above, level = 0, 0
    for column in range(keys.size):
        above += np.int64(keys[column] > edge)
        level += np.int64(keys[column] == edge)
    spare = level - (k - above)
    n = 0
    for column in range(keys.size):
        key = keys[column]
        level = np.int64(key == edge)
        winners[n] = column
        n += np.int64(key > edge or (level and spare <= 0)) & np.int64(key >= least)
        spare -= level
    return n


@jit
def pick_local(keys, shape, radius, wrap, density, least, winners):
    """Write the columns that fewer than max(1, floor(density * area)) of their neighbours outdo, each area counted; return their number."""
    spans, lines = np.empty((shape.size, 3), np.int64), np.empty(keys.size // shape[-1], np.int64)
    n = 0
    for column in range(keys.size):
        key = keys[column]
        if key < least:
            continue
        n_lines, area = neighbourhood(column, shape, radius, wrap, spans, lines)
        begin, count, rest = spans[-1]
        places = max(1, np.int64(density * area + 1e-9))
        better = 0
        for line in range(n_lines):
            for first, last in ((0, rest), (begin, begin + count - rest)):
                for unit in range(lines[line] + first, lines[line] + last):
                    better += np.int64(keys[unit] > key) + np.int64((keys[unit] == key) & (unit > column))
            if better >= places:
                break
        winners[n] = column
        n += np.int64(better < places)
    return n


# --- neighbourhoods -----------------------------------------------------------------------------------------------------------


@jit
def neighbourhood(unit, shape, radius, wrap, spans, lines):
    """Describe the units within a radius of one: spans (n_axes, 3) int64 and lines int64; return the number of lines and of units.

    Along an axis they are 0 ... rest - 1, those beyond the border of a grid that wraps, and begin ... begin + count - rest - 1, with
    (begin, count, rest) = spans[axis]. A line runs along the last axis; its first unit on the grid is lines[k].
    """
    n_axes, left = shape.size, unit
    n_lines = 1
    for axis in range(n_axes - 1, -1, -1):
        n = shape[axis]
        place = left % n
        left //= n
        begin, count, rest = place - radius, 2 * radius + 1, 0
        if wrap and count < n:
            begin %= n
            rest = max(0, begin + count - n)
        elif wrap:
            begin, count = 0, n
        else:
            stop = min(n, begin + count)
            begin = max(0, begin)
            count = stop - begin
        spans[axis, 0], spans[axis, 1], spans[axis, 2] = begin, count, rest
        if axis < n_axes - 1:
            n_lines *= count
    for line in range(n_lines):
        left, first, stride = line, 0, shape[n_axes - 1]
        for axis in range(n_axes - 2, -1, -1):
            begin, count, rest = spans[axis, 0], spans[axis, 1], spans[axis, 2]
            step = left % count
            left //= count
            first += stride * (step if step < rest else begin + step - rest)
            stride *= shape[axis]
        lines[line] = first
    return n_lines, n_lines * spans[n_axes - 1, 1]


@jit
def local_means(values, shape, radius, wrap, means):
    """Write the mean of values (n,) float32 over the neighbourhood of each unit: means (n,) float64."""
    spans, lines = np.empty((shape.size, 3), np.int64), np.empty(values.size // shape[-1], np.int64)
    for unit in range(values.size):
        n_lines, area = neighbourhood(unit, shape, radius, wrap, spans, lines)
        begin, count, rest = spans[-1]
        total = 0.0
        for line in range(n_lines):
            for first, last in ((0, rest), (begin, begin + count - rest)):
                for other in range(lines[line] + first, lines[line] + last):
                    total += np.float64(values[other])
        means[unit] = total / area


@jit
def local_maxima(values, shape, radius, wrap, part, out):
    """Write part times the largest of values (n,) float32 in the neighbourhood of each unit: out (n,) float32."""
    spans, lines = np.empty((shape.size, 3), np.int64), np.empty(values.size // shape[-1], np.int64)
    for unit in range(values.size):
        n_lines, _ = neighbourhood(unit, shape, radius, wrap, spans, lines)
        begin, count, rest = spans[-1]
        top = np.float32(0)
        for line in range(n_lines):
            for first, last in ((0, rest), (begin, begin + count - rest)):
                for other in range(lines[line] + first, lines[line] + last):
                    top = max(top, values[other])
        out[unit] = np.float32(part) * top


@jit
def connected_span(connected, input_shape, centres, radius, wrap):
    """Return the lengths of the connected inputs of all columns along all axes, added up; centres (n_columns,) int64 are inputs.

    The length along an axis is the distance of the outermost connected inputs, plus 1, counted the way their centre sees them.
    """
    n_axes, n_columns = input_shape.size, centres.size
    low, high = np.full((n_columns, n_axes), 2**62, np.int64), np.full((n_columns, n_axes), -(2**62), np.int64)
    for i in range(connected.shape[0] - 1):
        for word in range((n_columns + 63) // 64):
            bits = connected[i, word]
            while bits:
                column = 64 * word + np.int64(popcount((bits & (~bits + _ONE)) - _ONE))
                bits &= bits - _ONE
                here, centre = i, centres[column]
                for axis in range(n_axes - 1, -1, -1):
                    n = input_shape[axis]
                    offset = here % n - centre % n
                    if wrap and 2 * radius + 1 < n:
                        offset = (offset + radius) % n - radius
                    here //= n
                    centre //= n
                    low[column, axis] = min(low[column, axis], offset)
                    high[column, axis] = max(high[column, axis], offset)
    total = 0
    for column in range(n_columns):
        if high[column, 0] >= low[column, 0]:
            for axis in range(n_axes):
                total += high[column, axis] - low[column, axis] + 1
    return total


# --- learning -----------------------------------------------------------------------------------------------------------------


@jit
def fill_steps(active, increment, decrement, steps):
    """Write +increment for active inputs and -decrement for all others: steps (64 V,) int16."""
    steps[:] = np.int16(-decrement)
    for unit in active:
        steps[unit] = np.int16(increment)


@jit
def change_row_plainly(permanences, row, steps, threshold, crossed):
    """Do what :func:`neurosim.kernels._permanences.change_row` does, one synapse after the other."""
    for word in range(crossed.size):
        bits = np.uint64(0)
        for lane in range(64):
            old = np.int64(permanences[row, 64 * word + lane])
            if old < 0:
                continue
            new = min(max(old + np.int64(steps[64 * word + lane]), 0), TOP)
            permanences[row, 64 * word + lane] = np.int16(new)
            if (old >= threshold) != (new >= threshold):
                bits |= _ONE << np.uint64(lane)
        crossed[word] = bits


@jit
def flip(connections, places, mask):
    """Change a bit of some words."""
    for place in places:
        connections[np.uint64(place)] ^= mask


@jit
def learn(permanences, reach, columns, steps, threshold, connected):
    """Change the permanences of some columns, and what they are connected to; reach has no entries where permanences are held in rows.

    Words of `connected` lie far apart: those of one column are asked for, and changed while those of the next are on their way.
    """
    width, n_words, connections = permanences.shape[1], connected.shape[1], connected.reshape(-1)
    crossed, waiting = np.empty(width // 64, np.uint64), np.empty((2, width), np.int64)
    moves = np.empty(width, np.int16) if reach.size else steps
    n_before, mask_before = 0, np.uint64(0)
    for turn in range(columns.size):
        column, later = np.int64(columns[turn]), np.int64(columns[min(turn + 1, columns.size - 1)])
        if reach.size:
            fetch(reach, np.uint64(later * width), np.uint64((later + 1) * width))
            for k in range(width):
                moves[k] = steps[np.uint32(reach[column, k])]
        change_row(permanences, column, moves, threshold, crossed, later)
        n, mask, places = 0, _ONE << np.uint64(column & 63), waiting[turn & 1]
        for word in range(crossed.size):
            bits = crossed[word]
            while bits:
                unit = 64 * word + np.int64(popcount((bits & (~bits + _ONE)) - _ONE))
                if reach.size:
                    unit = np.int64(reach[column, unit])
                places[n] = unit * n_words + (column >> 6)
                prefetch(connections, np.uint64(places[n]))
                bits &= bits - _ONE
                n += 1
        flip(connections, waiting[1 - (turn & 1)][:n_before], mask_before)
        n_before, mask_before = n, mask
    flip(connections, waiting[1 - (columns.size & 1)][:n_before], mask_before)


@jit
def update_duties(overlaps, least, winners, overlap_duty, active_duty, period):
    """Let both duty cycles, moving averages over some steps, see this one: overlaps of at least `least`, and the winners."""
    decay, part = np.float32((period - 1) / period), np.float32(1 / period)
    for column in range(overlaps.size):
        overlap_duty[column] = overlap_duty[column] * decay + (part if overlaps[column] >= least else np.float32(0))
        active_duty[column] *= decay
    for column in winners:
        active_duty[column] += part


@jit
def weak_columns(overlap_duty, minimum_duty, out):
    """Write the columns whose overlap is too seldom sufficient; return their number."""
    n_weak = np.int32(0)
    for column in range(overlap_duty.size):
        n_weak += np.int32(overlap_duty[column] < minimum_duty[column])
    if n_weak == 0:
        return 0
    n = 0
    for column in range(overlap_duty.size):
        out[n] = column
        n += np.int64(overlap_duty[column] < minimum_duty[column])
    return n


@jit
def adapt(
    permanences, reach, connected, active, overlaps, winners, overlap_duty, active_duty, minimum_duty, least, period, threshold, increment,
    decrement, bump,
):  # fmt: skip
    """Learn from one step: permanences of the winners (n_winners,) int32, duty cycles, and the permanences of weak columns."""
    steps = np.empty((connected.shape[0] + 62) // 64 * 64, np.int16)
    fill_steps(active, increment, decrement, steps)
    learn(permanences, reach, winners, steps, threshold, connected)
    update_duties(overlaps, least, winners, overlap_duty, active_duty, period)
    weak = np.empty(overlaps.size, np.int32)
    n_weak = weak_columns(overlap_duty, minimum_duty, weak)
    if n_weak:
        steps[:] = np.int16(bump)
        learn(permanences, reach, weak[:n_weak], steps, threshold, connected)


# --- first permanences --------------------------------------------------------------------------------------------------------


@jit
def draw_permanence(word, threshold):
    """Return the permanence that belongs to a random word: connected or not, each as likely, and uniform there."""
    low, part = np.uint64(threshold), word & _HALF
    if word >> _SHIFT:
        return np.int16(low + ((part * (np.uint64(TOP) + _ONE - low)) >> _SHIFT))
    return np.int16((part * low) >> _SHIFT)


@jit
def draw_columns(permanences, reach, connected, input_shape, centres, radius, wrap, fraction, threshold, seed):
    """Draw for each column which inputs of the neighbourhood of its centre it can reach, round(fraction * area), and permanences.

    `connected` must be zero, `permanences` -1; reach is written where it has entries.
    """
    n_inputs = connected.shape[0] - 1
    spans, lines = np.empty((input_shape.size, 3), np.int64), np.empty(n_inputs // input_shape[-1], np.int64)
    order, words, chosen = np.empty(n_inputs, np.int32), np.empty(n_inputs, np.uint32), np.empty(n_inputs, np.bool_)
    for column in range(centres.size):
        n_lines, area = neighbourhood(centres[column], input_shape, radius, wrap, spans, lines)
        begin, count, rest = spans[-1]
        fill_permutation(order[:area], words[:area], seed, np.uint64(column), POTENTIAL)
        chosen[:area] = False
        for k in range(max(1, np.int64(fraction * area + 0.5))):
            chosen[order[k]] = True
        fill_words(words[:area], seed, np.uint64(column), PERMANENCE)
        word, mask = np.uint64(column) >> _SIX, _ONE << (np.uint64(column) & _LOW)
        n = 0
        for place in range(area):
            if chosen[place]:
                line, step = place // count, place % count
                unit = lines[line] + (step if step < rest else begin + step - rest)
                value = draw_permanence(np.uint64(words[place]), threshold)
                if reach.size:
                    reach[column, n] = unit
                    permanences[column, n] = value
                else:
                    permanences[column, unit] = value
                if value >= threshold:
                    connected[unit, word] |= mask
                n += 1
