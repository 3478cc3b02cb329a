"""Spikes taken out of the ring of a population, units one after the other, and how many there are in each tick; and their times."""

from __future__ import annotations

from neurosim.kernels._jit import jit


@jit
def take_spikes(units, ends, first, stop, n_units, wanted, out, ticks, counts):
    """Write the spikes of ticks first ... stop - 1 to out; return how many, or -1, and how many ticks had any.

    units (a power of two,) and ends are those of a ring of spikes. wanted (n_units,) bool says which units are kept, all if it is empty.
    Ticks with spikes go to ticks, their numbers of spikes to counts. The answer is -1 if the units of a tick do not ascend, or are not
    below n_units.
    """
    mask, kept, busy, choose = units.size - 1, 0, 0, wanted.size > 0
    place = first % ends.size
    end = ends[place]
    for tick in range(first, stop):
        before, begin, event = -1, kept, end
        place = place + 1 if place + 1 < ends.size else 0
        end = ends[place]
        for k in range(event, end):
            unit = units[k & mask]
            if unit <= before or unit >= n_units:
                return -1, 0
            before = unit
            if choose and not wanted[unit]:
                continue
            out[kept] = unit
            kept += 1
        if kept > begin:
            ticks[busy], counts[busy] = tick, kept - begin
            busy += 1
    return kept, busy


@jit
def write_times(ticks, counts, dt, out):
    """Write the time of each spike to out, given ticks that have any, and how many each."""
    place = 0
    for k in range(ticks.size):
        time = ticks[k] * dt
        for _ in range(counts[k]):
            out[place] = time
            place += 1
