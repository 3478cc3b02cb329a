r"""Pair-based STDP at the three moments when something happens: spikes arrive, targets fire, a period begins.

Time is cut into *periods* of a fixed number of ticks; s is the time since the period began. Traces are kept as they would have been at
that moment, so that nothing has to be done between two events:

- ``pre[i, 0]`` is :math:`X_i = x_i e^{s / \tau_+}`; an arrival adds :math:`e^{s / \tau_+}`, or takes this as the new value (nearest);
- :math:`Y_j = y_j e^{s / \tau_-}` likewise, at each spike of j.

**Additive rule.** Between two arrivals a weight can only rise, by :math:`a_+ x_i` at each spike of the target. Let ``post[j, 0]`` be
:math:`C_j = \sum_k e^{-s_k / \tau_+}` over the target's spikes in this period, and the *mark* of a synapse its value at the last arrival.
Then the weight at the next arrival is

.. math:: w \leftarrow \min\bigl(w + a_+ X_i (C_j - \text{mark}), \; w_\text{max}\bigr),

exactly: what only rises can be cut at the end. No list of the synapses onto a target is needed. ``post[j, 1]`` is :math:`Y_j`. Marks are
float32, and what is compared with a mark is rounded likewise, so that a weight never falls for rounding, and errors do not add up.

**Multiplicative rule.** Each spike of the target takes :math:`w_\text{max} - w` down by the factor :math:`1 - a_+ x_i / w_\text{max}`, and
no sum over spikes tells the product. So each target keeps a list of its spikes in this period, and an arrival replays those since the
arrival before, which was ``pre[i, 1]`` ticks after the period began. An entry ``history[j, 1]``, ``history[j, 2]``, ... holds the spikes of
:data:`SPAN` ticks, one bit each, and above these bits the number of the span; ``history[j, 0]`` counts the entries. There are no more of
them than spans in a period, however many spikes there are. ``post[j, 0]`` is :math:`Y_j`.

When a period begins, all weights are brought up to date, and sums and lists begin anew. A source whose trace has faded below :data:`FADED`
changes nothing any more; its row is passed over.

``parameters`` are :math:`a_+, a_-` (multiplicative: divided by :math:`w_\text{max}`), :math:`w_\text{max}`, the ticks of a period,
:math:`\Delta t / \tau_+, \Delta t / \tau_-`, and 1 for all pairs or 0 for the nearest; for the multiplicative rule then
:math:`e^{-s / \tau_+}` for each tick of a period.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.kernels._bits import popcount
from neurosim.kernels._jit import jit
from neurosim.kernels._lanes import LANES, arrive_lanes, settle_lanes
from neurosim.kernels._rows import fetch, prefetch

SPAN = 48
"""Ticks whose spikes share an entry of a target's list."""
FADED = 2.0**-24
"""Traces below count as none."""
N_FIXED = 7
"""Parameters before the table of the multiplicative rule."""
PIECE = 64
"""Synapses of a row between two looks at the row that comes next."""
_BITS = np.uint64(SPAN)
_MASK = np.uint64((1 << SPAN) - 1)
_ONE = np.uint64(1)


@jit
def fade_sources(pre, parameters):
    """Take the traces of the sources to the beginning of the period that begins."""
    decay = math.exp(-parameters[3] * parameters[4])
    for source in range(pre.shape[0]):
        trace = pre[source, 0] * decay
        pre[source, 0] = trace if trace >= FADED else 0.0


# The additive rule. In what follows gain is a_plus X, loss is a_minus e^(-s / tau_minus); these and w_max are float32.


@jit
def arrive_at(targets, weights, marks, post, row, begin, end, gain, loss, w_max):
    """Let a spike arrive at the synapses begin ... end - 1: potentiate, transmit, depress."""
    for k in range(np.uint64(begin), np.uint64(end)):
        target = targets[k]
        total = np.float32(post[target, 0])
        w = min(weights[k] + gain * (total - marks[k]), w_max)
        marks[k] = total
        weights[k] = max(w - loss * np.float32(post[target, 1]), np.float32(0))
        row[target] += w


@jit
def settle_at(targets, weights, marks, post, begin, end, gain, w_max):
    """Bring the weights begin ... end - 1 up to date; their marks stay as they are."""
    for k in range(np.uint64(begin), np.uint64(end)):
        weights[k] = min(weights[k] + gain * (np.float32(post[targets[k], 0]) - marks[k]), w_max)


@jit
def arrive_additive(events, begin, stop, starts, stops, targets, weights, marks, pre, post, history, row, parameters, tick):
    """Let the spikes begin ... stop - 1 of the ring of events arrive."""
    if begin >= stop:
        return
    s = tick % np.int64(parameters[3])
    growth, keep = math.exp(s * parameters[4]), parameters[6]
    loss, w_max = np.float32(parameters[1] * math.exp(-s * parameters[5])), np.float32(parameters[2])
    for position in range(begin, stop):
        source = events[position & (events.size - 1)]
        gain = np.float32(parameters[0] * pre[source, 0])
        first, end = starts[source], stops[source]
        rest = end - (end - first) % LANES
        ahead, until = np.int64(0), np.int64(0)
        far = np.uint64(events[min(position + 8, stop - 1) & (events.size - 1)])
        prefetch(starts, far)
        prefetch(stops, far)
        prefetch(pre, far)
        if position + 2 < stop:
            following = events[(position + 2) & (events.size - 1)]
            ahead, until = starts[following], stops[following]
        while first < rest:
            last, soon = min(first + PIECE, rest), min(ahead + PIECE, until)
            fetch(targets, ahead, soon)
            fetch(weights, ahead, soon)
            fetch(marks, ahead, soon)
            arrive_lanes(targets, weights, marks, post, row, first, (last - first) // LANES, gain, loss, w_max)
            first, ahead = last, soon
        fetch(targets, ahead, until)
        fetch(weights, ahead, until)
        fetch(marks, ahead, until)
        if rest < end:
            arrive_at(targets, weights, marks, post, row, rest, end, gain, loss, w_max)
        pre[source, 0] = keep * pre[source, 0] + growth


@jit
def fire_additive(units, count, post, history, parameters, tick):
    """Let the targets units[0] ... units[count - 1] fire."""
    s = tick % np.int64(parameters[3])
    decay, growth, keep = math.exp(-s * parameters[4]), math.exp(s * parameters[5]), parameters[6]
    for k in range(count):
        target = units[k]
        post[target, 0] += decay
        post[target, 1] = keep * post[target, 1] + growth


@jit
def bring_additive(source, starts, stops, targets, weights, marks, pre, post, parameters):
    """Bring the weights of a row up to date; their marks stay as they are."""
    gain, w_max = np.float32(parameters[0] * pre[source, 0]), np.float32(parameters[2])
    first, end = starts[source], stops[source]
    rest = end - (end - first) % LANES
    for begin in range(first, rest, PIECE):
        settle_lanes(targets, weights, marks, post, begin, (min(begin + PIECE, rest) - begin) // LANES, gain, w_max)
    settle_at(targets, weights, marks, post, rest, end, gain, w_max)


@jit
def effective_additive(starts, stops, targets, weights, marks, pre, post, history, parameters):
    """Bring all weights up to date and change nothing else."""
    for source in range(starts.size):
        if pre[source, 0] > 0:
            bring_additive(source, starts, stops, targets, weights, marks, pre, post, parameters)


@jit
def settle_additive(starts, stops, targets, weights, marks, pre, post, history, parameters, first, last, tick):
    """Begin a period: bring all weights up to date, begin sums and marks at 0, take traces to the new beginning."""
    for source in range(starts.size):
        if pre[source, 0] > 0:
            bring_additive(source, starts, stops, targets, weights, marks, pre, post, parameters)
            for k in range(np.uint64(starts[source]), np.uint64(stops[source])):
                marks[k] = np.float32(0)
    fade_sources(pre, parameters)
    decay = math.exp(-parameters[3] * parameters[5])
    for target in range(first, last):
        post[target, 0] = 0.0
        post[target, 1] *= decay


# The multiplicative rule. gain is a_plus X / w_max, loss is a_minus e^(-s / tau_minus) / w_max.


@jit
def replay(targets, weights, history, begin, end, since, gain, w_max, parameters):
    """Bring the weights begin ... end - 1 up to date with the spikes of their targets from tick `since` of the period on."""
    for k in range(np.uint64(begin), np.uint64(end)):
        target, w = targets[k], weights[k]
        entry = history[target, 0]
        while entry > 0:
            spikes = history[target, entry]
            first = np.int64(spikes >> _BITS) * SPAN
            over = np.uint64(min(max(since - first, 0), SPAN))
            spikes = (spikes & _MASK) >> over << over
            entry = entry - _ONE if spikes else np.uint64(0)  # nothing left here: what came before is older still
            while spikes:
                s = first + np.int64(popcount((spikes & (~spikes + _ONE)) - _ONE))  # the lowest bit
                spikes &= spikes - _ONE
                w += (w_max - w) * min(gain * np.float32(parameters[N_FIXED + s]), np.float32(1))
        weights[k] = w


@jit
def pass_on(targets, weights, post, row, begin, end, loss):
    """Transmit the weights begin ... end - 1, then depress them."""
    for k in range(np.uint64(begin), np.uint64(end)):
        target, w = targets[k], weights[k]
        row[target] += w
        weights[k] = w * max(np.float32(1) - loss * np.float32(post[target, 0]), np.float32(0))


@jit
def arrive_multiplicative(events, begin, stop, starts, stops, targets, weights, marks, pre, post, history, row, parameters, tick):
    """Let the spikes begin ... stop - 1 of the ring of events arrive."""
    if begin >= stop:
        return
    s = tick % np.int64(parameters[3])
    growth, keep = math.exp(s * parameters[4]), parameters[6]
    loss, w_max = np.float32(parameters[1] * math.exp(-s * parameters[5])), np.float32(parameters[2])
    for position in range(begin, stop):
        source = events[position & (events.size - 1)]
        gain, since = np.float32(parameters[0] * pre[source, 0]), np.int64(pre[source, 1])
        first, end = starts[source], stops[source]
        ahead, until = np.int64(0), np.int64(0)
        if position + 1 < stop:
            following = events[(position + 1) & (events.size - 1)]
            ahead, until = starts[following], stops[following]
        while first < end:
            last, soon = min(first + PIECE, end), min(ahead + PIECE, until)
            fetch(targets, ahead, soon)
            fetch(weights, ahead, soon)
            if gain > 0:
                for k in range(np.uint64(first), np.uint64(last)):
                    prefetch(history, targets[k] * np.uint64(history.shape[1]))
                replay(targets, weights, history, first, last, since, gain, w_max, parameters)
            pass_on(targets, weights, post, row, first, last, loss)
            first, ahead = last, soon
        fetch(targets, ahead, until)
        fetch(weights, ahead, until)
        pre[source, 0] = keep * pre[source, 0] + growth
        pre[source, 1] = s


@jit
def fire_multiplicative(units, count, post, history, parameters, tick):
    """Let the targets units[0] ... units[count - 1] fire."""
    s = tick % np.int64(parameters[3])
    growth, keep = math.exp(s * parameters[5]), parameters[6]
    span, bit = np.uint64(s // SPAN), _ONE << np.uint64(s % SPAN)
    for k in range(count):
        target = units[k]
        entry = history[target, 0]
        if entry == 0 or history[target, entry] >> _BITS != span:
            entry += _ONE
            history[target, 0] = entry
            history[target, entry] = span << _BITS
        history[target, entry] |= bit
        post[target, 0] = keep * post[target, 0] + growth


@jit
def effective_multiplicative(starts, stops, targets, weights, marks, pre, post, history, parameters):
    """Bring all weights up to date and change nothing else."""
    w_max = np.float32(parameters[2])
    for source in range(starts.size):
        gain, since = np.float32(parameters[0] * pre[source, 0]), np.int64(pre[source, 1])
        if gain > 0:
            replay(targets, weights, history, starts[source], stops[source], since, gain, w_max, parameters)


@jit
def settle_multiplicative(starts, stops, targets, weights, marks, pre, post, history, parameters, first, last, tick):
    """Begin a period: bring all weights up to date, empty the lists, take traces to the new beginning."""
    effective_multiplicative(starts, stops, targets, weights, marks, pre, post, history, parameters)
    fade_sources(pre, parameters)
    for source in range(pre.shape[0]):
        pre[source, 1] = 0.0
    decay = math.exp(-parameters[3] * parameters[5])
    for target in range(first, last):
        post[target, 0] *= decay
        history[target, 0] = 0
