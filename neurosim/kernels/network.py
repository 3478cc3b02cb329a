"""The one loop over the parts of a network: slices, columns, ticks.

A *column* is a range of the units of one population with all that arrives there. In a slice no longer than the shortest delay no column
needs anything of another, so that columns run one after the other, or side by side. The order of slots within a tick is that of
:mod:`neurosim.network`.

Tables describe the parts: :data:`COLUMN`, :data:`LINK` (a projection, as seen from its column) and :data:`INPUT` hold sizes and, as
integers, the addresses of arrays and of kernels compiled for them (:mod:`neurosim.kernels._calls`).
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._bits import popcount
from neurosim.kernels._calls import call, matrix_at, vector_at
from neurosim.kernels._jit import jit
from neurosim.kernels._wait import LINE, come, follow, read_clock, stay
from neurosim.kernels.delivery import deliver_bits, deliver_delayed, deliver_rows, deliver_weighted, drain

ROWS, WEIGHTED, BITS, DELAYED, PLASTIC = range(5)
BLOCK = 512
"""Ranges of units begin at multiples of it."""
PARTS = 4
"""Parts of a slice, or a few more: a thread may be as many of them ahead of another."""
_PADDING = 64
_FLAGS = np.uint64(0x0101010101010101)
_ONE = np.uint64(1)


def _table(integers: str, **others: str) -> np.dtype:
    return np.dtype([(name, "i8") for name in integers.split()] + list(others.items()), align=True)


COLUMN = _table(
    "update reset values n_rows n first last parameters n_parameters flags fired events capacity ends n_ends refractory current jumps "
    "first_link last_link first_current last_current first_arrival last_arrival limit",
    held="f8",
    seed="u8",
)
LINK = _table(
    "kind wide delay events capacity ends n_ends starts stops n_sources targets n_synapses weights n_weights variable n_targets "
    "bits n_words planes counts delays ring n_slots arrive fire settle marks n_marks pre n_pre post n_post history n_history "
    "parameters n_parameters period",
    weight="f8",
)
RING = _table("events capacity ends n_ends")
INPUT = _table("add variable memory n_memory parameters n_parameters", seed="u8")


@jit
def collect(words, first, last, units):
    """Write the units in first ... last - 1 whose flag is 1 to units, ascending; return how many. words (n / 8,) uint64 are the flags."""
    count = 0
    for group in range(first >> 6, (last + 63) >> 6):
        k = group << 3
        if (words[k] | words[k + 1] | words[k + 2] | words[k + 3] | words[k + 4] | words[k + 5] | words[k + 6] | words[k + 7]) != 0:
            for word in range(k, k + 8):
                flags = words[word] & _FLAGS
                while flags:
                    rest = flags & (flags - _ONE)
                    units[count] = (word << 3) + (np.int64(popcount((flags ^ rest) - _ONE)) >> 3)
                    flags = rest
                    count += 1
    return count


@jit
def append(events, ends, tick, units, count):
    """Add the spikes of a tick to a ring."""
    total = ends[tick & (ends.size - 1)]
    mask = events.size - 1
    for k in range(count):
        events[(total + k) & mask] = units[k]
    ends[(tick + 1) & (ends.size - 1)] = total + count


@jit
def hold(v, flags, held, events, begin, stop):
    """Set v of the units in a ring to a value, and take their flags away."""
    mask = events.size - 1
    for k in range(begin, stop):
        unit = events[k & mask]
        v[unit] = held
        flags[unit] = 0


@jit
def deliver(link, like, row, column, tick):
    """Add to a variable what arrives in a tick by a projection that does not learn."""
    events = vector_at(link.events, link.capacity, np.uint32)
    ends = vector_at(link.ends, link.n_ends, np.int64)
    sent = tick - link.delay
    begin, stop = ends[sent & (ends.size - 1)], ends[(sent + 1) & (ends.size - 1)]
    if link.kind == DELAYED:
        ring = matrix_at(link.ring, link.n_slots, link.n_targets, like.dtype)
        if begin < stop:
            put(link, like, ring, events, begin, stop, tick)
        drain(ring[tick % link.n_slots], row, column.first, column.last)
        return
    if begin >= stop:
        return
    if link.kind == BITS:
        bits = matrix_at(link.bits, link.n_sources + 1, link.n_words, np.uint64)
        planes = matrix_at(link.planes, 8, link.n_words, np.uint64)
        counts = vector_at(link.counts, 64 * link.n_words, np.uint8)
        deliver_bits(events, begin, stop, bits, like.dtype.type(link.weight), row, planes, counts, column.first, column.last)
        return
    starts = vector_at(link.starts, link.n_sources, np.int64)
    stops = vector_at(link.stops, link.n_sources, np.int64)
    if link.kind == ROWS:
        weight = like.dtype.type(link.weight)
        if link.wide:
            deliver_rows(events, begin, stop, starts, stops, vector_at(link.targets, link.n_synapses, np.uint32), weight, row)
        else:
            deliver_rows(events, begin, stop, starts, stops, vector_at(link.targets, link.n_synapses, np.uint16), weight, row)
    else:
        weights = vector_at(link.weights, link.n_weights, np.float32)
        if link.wide:
            deliver_weighted(events, begin, stop, starts, stops, vector_at(link.targets, link.n_synapses, np.uint32), weights, row)
        else:
            deliver_weighted(events, begin, stop, starts, stops, vector_at(link.targets, link.n_synapses, np.uint16), weights, row)


@jit
def put(link, like, ring, events, begin, stop, tick):
    """Put the spikes of a tick into the ring of what arrives later."""
    starts = vector_at(link.starts, link.n_sources, np.int64)
    stops = vector_at(link.stops, link.n_sources, np.int64)
    weights = vector_at(link.weights, link.n_weights, np.float32)
    delays = vector_at(link.delays, link.n_synapses, np.uint16)
    if link.wide:
        targets = vector_at(link.targets, link.n_synapses, np.uint32)
        deliver_delayed(events, begin, stop, starts, stops, targets, weights, delays, tick, ring)
    else:
        narrow = vector_at(link.targets, link.n_synapses, np.uint16)
        deliver_delayed(events, begin, stop, starts, stops, narrow, weights, delays, tick, ring)


@jit
def traces(link, like):
    """Return the arrays of a plastic projection: weights, marks, pre, post, history, parameters."""
    return (
        vector_at(link.weights, link.n_weights, np.float32),
        vector_at(link.marks, link.n_marks, np.float32),
        matrix_at(link.pre, link.n_sources, link.n_pre, like.dtype),
        matrix_at(link.post, link.n_targets, link.n_post, like.dtype),
        matrix_at(link.history, link.n_targets, link.n_history, np.uint64),
        vector_at(link.parameters, link.n_parameters, like.dtype),
    )


@jit
def learn(link, like, row, column, tick):
    """Transmit what arrives in a tick by a plastic projection, and let it learn from that."""
    events = vector_at(link.events, link.capacity, np.uint32)
    ends = vector_at(link.ends, link.n_ends, np.int64)
    sent = tick - link.delay
    begin, stop = ends[sent & (ends.size - 1)], ends[(sent + 1) & (ends.size - 1)]
    settling = tick > 0 and tick % link.period == 0
    if begin >= stop and not settling:
        return
    starts = vector_at(link.starts, link.n_sources, np.int64)
    stops = vector_at(link.stops, link.n_sources, np.int64)
    weights, marks, pre, post, history, parameters = traces(link, like)
    first, last = column.first, column.last
    if link.wide:
        wide = vector_at(link.targets, link.n_synapses, np.uint32)
        if settling:
            call(link.settle, (starts, stops, wide, weights, marks, pre, post, history, parameters, first, last, tick))
        call(link.arrive, (events, begin, stop, starts, stops, wide, weights, marks, pre, post, history, row, parameters, tick))
    else:
        narrow = vector_at(link.targets, link.n_synapses, np.uint16)
        if settling:
            call(link.settle, (starts, stops, narrow, weights, marks, pre, post, history, parameters, first, last, tick))
        call(link.arrive, (events, begin, stop, starts, stops, narrow, weights, marks, pre, post, history, row, parameters, tick))


@jit
def learn_from_targets(link, like, fired, count, tick):
    """Let a plastic projection learn from the spikes of its targets."""
    _, _, _, post, history, parameters = traces(link, like)
    call(link.fire, (fired, count, post, history, parameters, tick))


@jit
def add_inputs(inputs, begin, stop, values, like, column, tick):
    """Let inputs add to their variables."""
    for k in range(begin, stop):
        source = inputs[k]
        memory = matrix_at(source.memory, source.n_memory, column.n, like.dtype)
        parameters = vector_at(source.parameters, source.n_parameters, like.dtype)
        call(source.add, (values[source.variable], memory, parameters, column.first, column.last, source.seed, tick))


@jit
def run_column(column, links, inputs, like, begin, end):
    """Advance a column from tick begin to tick end."""
    first, last = column.first, column.last
    if first >= last:
        return
    values = matrix_at(column.values, column.n_rows, column.n, like.dtype)
    parameters = vector_at(column.parameters, column.n_parameters, like.dtype)
    flags = vector_at(column.flags, column.n, np.uint8)
    words = vector_at(column.flags, (column.n + _PADDING - 1) // _PADDING * 8, np.uint64)
    fired = vector_at(column.fired, column.n, np.uint32)
    events = vector_at(column.events, column.capacity, np.uint32)
    ends = vector_at(column.ends, column.n_ends, np.int64)
    held = like.dtype.type(column.held)
    mask = ends.size - 1
    for tick in range(begin, end):
        if column.current >= 0:
            values[column.current, first:last] = like.dtype.type(0)
            add_inputs(inputs, column.first_current, column.last_current, values, like, column, tick)
        call(column.update, (values, parameters, flags, first, last, column.seed, tick))
        resting = ends[(tick - column.refractory + 1) & mask] if column.refractory > 1 else ends[tick & mask]
        now = ends[tick & mask]
        if resting < now:
            hold(values[0], flags, held, events, resting, now)
        count = collect(words, first, last, fired)
        append(events, ends, tick, fired, count)
        for k in range(column.first_link, column.last_link):
            if links[k].kind == PLASTIC:
                learn(links[k], like, values[links[k].variable], column, tick)
            else:
                deliver(links[k], like, values[links[k].variable], column, tick)
        add_inputs(inputs, column.first_arrival, column.last_arrival, values, like, column, tick)
        if count:
            for k in range(column.first_link, column.last_link):
                if links[k].kind == PLASTIC:
                    learn_from_targets(links[k], like, fired, count, tick)
            if column.reset:
                call(column.reset, (values, parameters, fired, count))
        if column.jumps and resting < now:
            hold(values[0], flags, held, events, resting, now)


@jit
def take_over(ring, own, all_fired, column, reach, tick):
    """Begin a thread's rings at a tick with what stands in the ring of the state: its own units' spikes, and those of all.

    That is for the refractory time and, of all units, for the last ticks that somebody may look back on, reach.
    """
    events, ends = vector_at(ring.events, ring.capacity, np.uint32), vector_at(ring.ends, ring.n_ends, np.int64)
    own_events, own_ends = vector_at(own.events, own.capacity, np.uint32), vector_at(own.ends, own.n_ends, np.int64)
    mask, own_mask, last = events.size - 1, own_events.size - 1, ends.size - 1
    own_ends[:] = 0
    total = 0
    for sent in range(tick - column.refractory, tick):
        for k in range(ends[sent & last], ends[(sent + 1) & last]):
            unit = events[k & mask]
            if column.first <= unit and unit < column.last:
                own_events[total & own_mask] = unit
                total += 1
        own_ends[(sent + 1) & last] = total
    if all_fired.events == ring.events:
        return
    copies, all_ends = vector_at(all_fired.events, all_fired.capacity, np.uint32), vector_at(all_fired.ends, all_fired.n_ends, np.int64)
    for k in range(ends.size):
        all_ends[k] = ends[k]
    for k in range(ends[(tick - reach) & last], ends[tick & last]):
        copies[k & (copies.size - 1)] = events[k & mask]


@jit
def merge(ring, shares, begin, end):
    """Add to a ring what the columns of a population on all threads have fired, tick by tick, in the order of units."""
    events = vector_at(ring.events, ring.capacity, np.uint32)
    ends = vector_at(ring.ends, ring.n_ends, np.int64)
    mask, last = events.size - 1, ends.size - 1
    for tick in range(begin, end):
        total = ends[tick & last]
        for thread in range(shares.size):
            share = shares[thread]
            own = vector_at(share.events, share.capacity, np.uint32)
            own_ends = vector_at(share.ends, share.n_ends, np.int64)
            own_mask = own.size - 1
            for k in range(own_ends[tick & last], own_ends[(tick + 1) & last]):
                events[total & mask] = own[k & own_mask]
                total += 1
        ends[(tick + 1) & last] = total


@jit
def run(columns, links, inputs, rings, like, begin, end, slice_ticks, window):
    """Advance a network from tick begin to tick end on one thread; return the tick reached, earlier if a population fires too much.

    Slices end at multiples of slice_ticks, and at those of window, where spikes are counted.
    """
    tick = begin
    while tick < end:
        until = min(end, (tick // slice_ticks + 1) * slice_ticks, (tick // window + 1) * window)
        for k in range(columns.size):
            run_column(columns[k], links, inputs, like, tick, until)
        tick = until
        if tick % window == 0 and runaway(rings, columns, tick, window) >= 0:
            return tick
    return tick


@jit
def run_share(columns, links, inputs, rings, own, shares, like, slice_ticks, window, reach, thread, progress, system, clock, spent, orders):
    """Advance one thread's share of a network, as :func:`run` does.

    rings (n_populations,) are those of the state; own (n_populations,) take what all have fired, those of the state on thread 0, else
    this thread's; shares (n_populations, n_threads) take what each thread's columns have fired. A slice is cut into :data:`PARTS` parts;
    what others fire in one of them is needed only as many parts later, and then added to own. So nobody waits for a thread that lags a
    little, and nobody overwrites what others still read.

    orders (n_threads * LINE,) int64 hold, from thread * LINE + 1 on, the ticks to begin and to end at, and what all progress was; spent
    (n_populations,) int64 takes the nanoseconds that columns took.
    """
    order = thread * LINE
    tick, end, done = orders[order + 1], orders[order + 2], orders[order + 3]
    part_ticks = max(slice_ticks // PARTS, 1)
    lead = slice_ticks // part_ticks
    not_merged, merged, ends = done, tick, np.zeros(lead + 1, np.int64)
    for k in range(columns.size):
        take_over(rings[k], shares[k, thread], own[k], columns[k], reach[k], tick)
    while tick < end:
        if done - lead >= not_merged:
            follow(progress, thread, done - lead + 1, system)
            merged = merge_all(own, shares, merged, ends[(done - lead) % ends.size])
        until = min(end, (tick // part_ticks + 1) * part_ticks, (tick // window + 1) * window)
        now = read_clock(clock)
        for k in range(columns.size):
            run_column(columns[k], links, inputs, like, tick, until)
            before, now = now, read_clock(clock)
            spent[k] += now - before
        tick = until
        ends[done % ends.size] = tick
        done += 1
        come(progress, thread, done, system)
        if tick == end or (tick % window == 0 and may_run_away(own, columns, tick, merged, window)):
            follow(progress, thread, done, system)
            merged = merge_all(own, shares, merged, tick)
            not_merged = done
            if tick % window == 0 and runaway(own, columns, tick, window) >= 0:
                return tick
    return tick


@jit
def merge_all(own, shares, begin, end):
    """Add to a thread's rings what was fired from one tick to before another; return the latter."""
    for k in range(own.size):
        merge(own[k], shares[k], begin, end)
    return end


@jit
def serve(columns, links, inputs, rings, own, shares, like, slice_ticks, window, reach, thread, progress, system, clock, spent, orders):
    """Run a thread's share, and again as long as orders come."""
    while True:
        run_share(
            columns, links, inputs, rings, own, shares, like, slice_ticks, window, reach, thread, progress, system, clock, spent, orders
        )
        if not stay(orders, progress, thread):
            return


@jit
def may_run_away(rings, columns, tick, merged, window):
    """Tell whether a population might have fired more than its limit in the last ticks, though only spikes before `merged` are known."""
    for k in range(rings.size):
        ends = vector_at(rings[k].ends, rings[k].n_ends, np.int64)
        mask = ends.size - 1
        spacing = max(columns[k].refractory, 1)
        unknown = (tick - merged + spacing - 1) // spacing * columns[k].n
        if ends[merged & mask] - ends[(tick - window) & mask] + unknown > columns[k].limit:
            return True
    return False


@jit
def runaway(rings, columns, tick, window):
    """Return the first population that fired more than its limit in the last ticks, or -1."""
    for k in range(rings.size):
        ends = vector_at(rings[k].ends, rings[k].n_ends, np.int64)
        mask = ends.size - 1
        if ends[tick & mask] - ends[(tick - window) & mask] > columns[k].limit:
            return k
    return -1
