"""Spikes taken out of the ring of a population, as events (tick, unit)."""

from __future__ import annotations

from neurosim.kernels._jit import jit


@jit
def take_spikes(units, ends, first, stop, n_units, wanted, out):
    """Write the spikes of ticks first ... stop - 1 to out, which has the fields tick and unit; return how many, or -1.

    units (a power of two,) and ends are those of a ring of spikes. wanted (n_units,) bool says which units are kept, all if it is empty.
    The answer is -1 if the units of a tick do not ascend, or are not below n_units.
    """
    mask, kept, choose = units.size - 1, 0, wanted.size > 0
    for tick in range(first, stop):
        before = -1
        for k in range(ends[tick % ends.size], ends[(tick + 1) % ends.size]):
            unit = units[k & mask]
            if unit <= before or unit >= n_units:
                return -1
            before = unit
            if choose and not wanted[unit]:
                continue
            out[kept]["tick"] = tick
            out[kept]["unit"] = unit
            kept += 1
    return kept
