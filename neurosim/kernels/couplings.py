"""A network whose couplings are held as a matrix of whole numbers; local fields are exact sums of them.

With J_ij = unit * columns[j, i], the field on unit i in units of `unit` is the whole number

    h_i = sum_j columns[j, i] s_j = 2 sum_{j up} columns[j, i] - totals[i],        totals[i] = sum_j columns[j, i].

A replica carries its N fields. A visit is then one comparison, and the flip of unit j adds 2 columns[j] to all fields, or takes it away: N
additions in the order of memory. Sums of whole numbers do not depend on their order, so fields that were carried along equal fresh ones.

Arrays: `columns` (n_units, n_units) int32, `totals` (n_units,) int64, `spins` (replicas, V) uint64 with one bit a unit, set for +1, unused
bits 0. `bias`, `thresholds`, `half_temperatures`, `rungs`: see :mod:`neurosim.hopfield.heat`.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._bits import popcount
from neurosim.kernels._jit import jit
from neurosim.kernels.glauber import ORDER_STREAM, THERMAL_STREAM, turns_up
from neurosim.kernels.noise import fill_permutation, fill_words

_MIDDLE = np.uint32(1 << 31)
"""A word whose thresholds are 0 at zero temperature on both sides: the sign of the field decides, without a logarithm."""


@jit(inline="always")
def is_up(spins, unit):
    """Read one unit of packed spins (V,): 0 or 1."""
    return np.int64((spins[unit >> 6] >> np.uint64(unit & 63)) & np.uint64(1))


@jit
def fill_fields(columns, totals, spins, fields):
    """Sum the fields of one replica, spins (V,), afresh: fields (n_units,) int64."""
    for i in range(fields.size):
        fields[i] = 0
    for unit in range(columns.shape[0]):
        if is_up(spins, unit):
            column = columns[unit]
            for i in range(fields.size):
                fields[i] += column[i]
    for i in range(fields.size):
        fields[i] = 2 * fields[i] - totals[i]


@jit
def move_fields(column, up, fields):
    """Change the fields (n_units,) int64 as the flip of a unit to `up`, 0 or 1, does; column (n_units,) is what the unit sends."""
    if up:
        for i in range(fields.size):
            fields[i] += 2 * np.int64(column[i])
    else:
        for i in range(fields.size):
            fields[i] -= 2 * np.int64(column[i])


@jit
def fill_all_fields(columns, totals, spins, fields):
    """Sum the fields of all replicas: fields (replicas, n_units) int64."""
    for replica in range(spins.shape[0]):
        fill_fields(columns, totals, spins[replica], fields[replica])


@jit
def work_of_fields(columns, totals, spins, out):
    """Write sum_i s_i h_i of every replica, a whole number, to out (replicas,) int64."""
    fields = np.empty(columns.shape[0], np.int64)
    for replica in range(spins.shape[0]):
        fill_fields(columns, totals, spins[replica], fields)
        total = np.int64(0)
        for i in range(fields.size):
            total += fields[i] if is_up(spins[replica], i) else -fields[i]
        out[replica] = total


@jit
def cold_sweep(columns, spins, fields, order):
    """Visit the units of one replica at zero temperature, spins (V,) and fields in place.

    A zero field keeps the state. Returns the flips.
    """
    flips = 0
    for visit in range(order.size):
        unit = np.int64(order[visit])
        up = is_up(spins, unit)
        field = fields[unit]
        if (field < 0 and up == 1) or (field > 0 and up == 0):
            flips += 1
            spins[unit >> 6] ^= np.uint64(1) << np.uint64(unit & 63)
            move_fields(columns[unit], 1 - up, fields)
    return flips


@jit
def warm_sweep(columns, spins, fields, order, bias, words, thresholds, half_temperature):
    """Visit the units of one replica with heat-bath decisions and external fields, as :func:`cold_sweep` does without.

    words (n_units,) uint32 are the random words of the units. Returns the flips.
    """
    flips = 0
    for visit in range(order.size):
        unit = np.int64(order[visit])
        up = is_up(spins, unit)
        local = np.float64(fields[unit])
        if bias.size > 0:
            local += bias[unit]
        if turns_up(local, up, np.int64(words[unit]), thresholds, half_temperature) != (up != 0):
            flips += 1
            spins[unit >> 6] ^= np.uint64(1) << np.uint64(unit & 63)
            move_fields(columns[unit], 1 - up, fields)
    return flips


@jit
def matrix_sweeps(
    columns, totals, spins, seeds, tick, ticks, bias, thresholds, half_temperatures, rungs, flips, settled_at, first, last
):  # fmt: skip
    """Advance replicas first ... last - 1 by `ticks` asynchronous sweeps each.

    A cold replica whose sweep flips nothing has settled and rests.

    Each sweep visits the units in a fresh random order f(seeds[replica], tick). spins, flips (replicas,) int64 (of the last sweep) and
    settled_at (replicas,) int64 (tick after the first sweep without a flip, -1 before) change in place.
    """
    n_units = columns.shape[0]
    fields = np.empty(n_units, np.int64)
    order = np.empty(n_units, np.int32)
    words = np.empty(n_units, np.uint32)
    for replica in range(first, last):
        if settled_at[replica] >= 0 or ticks == 0:
            continue
        fill_fields(columns, totals, spins[replica], fields)
        rung = rungs[replica]
        half = half_temperatures[rung]
        for sweep in range(tick, tick + ticks):
            fill_permutation(order, words, seeds[replica], np.uint64(sweep), ORDER_STREAM)
            if half == 0 and bias.size == 0:
                flips[replica] = cold_sweep(columns, spins[replica], fields, order)
            else:
                fill_words(words, seeds[replica], np.uint64(sweep), THERMAL_STREAM)
                flips[replica] = warm_sweep(columns, spins[replica], fields, order, bias, words, thresholds[rung], half)
            if half == 0 and flips[replica] == 0:
                settled_at[replica] = sweep + 1
                break


@jit
def fill_next(fields, spins, bias, words, thresholds, half_temperature, out):
    """Decide all units of one replica at once: out (V,) from spins (V,) and their fields (n_units,)."""
    for word in range(out.size):
        out[word] = np.uint64(0)
    for unit in range(fields.size):
        up = is_up(spins, unit)
        local = np.float64(fields[unit])
        if bias.size > 0:
            local += bias[unit]
        if turns_up(local, up, np.int64(words[unit]), thresholds, half_temperature):
            out[unit >> 6] |= np.uint64(1) << np.uint64(unit & 63)


@jit
def differing(spins, others):
    """Count the bits in which two packed states (V,) differ."""
    count = np.int64(0)
    for word in range(spins.size):
        count += np.int64(popcount(spins[word] ^ others[word]))
    return count


@jit
def move_all(columns, before, after, fields):
    """Change the fields (n_units,) of the packed state `before` into those of `after`, flip by flip."""
    for unit in range(columns.shape[0]):
        up = is_up(after, unit)
        if up != is_up(before, unit):
            move_fields(columns[unit], up, fields)


@jit
def matrix_steps(
    columns, totals, spins, previous, seeds, tick, ticks, bias, thresholds, half_temperatures, rungs, flips, settled_at, period,
    first, last,
):  # fmt: skip
    """Advance replicas first ... last - 1 by `ticks` synchronous steps each; all units of a step see the same fields.

    A cold replica that repeats its state settles with period 1, one that repeats the state before the last with period 2; a settled
    replica is left as it is. spins and previous (replicas, V), flips, settled_at and period (replicas,) int64 change in place.
    """
    n_units = columns.shape[0]
    fields = np.empty(n_units, np.int64)
    words = np.full(n_units, _MIDDLE, np.uint32)
    following = np.empty(spins.shape[1], np.uint64)
    for replica in range(first, last):
        if settled_at[replica] >= 0 or ticks == 0:
            continue
        now = spins[replica]
        before = previous[replica]
        rung = rungs[replica]
        half = half_temperatures[rung]
        fill_fields(columns, totals, now, fields)
        for step in range(tick, tick + ticks):
            if step > tick:
                move_all(columns, before, now, fields)
            if half > 0:
                fill_words(words, seeds[replica], np.uint64(step), THERMAL_STREAM)
            fill_next(fields, now, bias, words, thresholds[rung], half, following)
            flips[replica] = differing(now, following)
            if half == 0 and flips[replica] == 0:
                period[replica] = 1
            elif half == 0 and differing(before, following) == 0:
                period[replica] = 2
            before[:] = now
            now[:] = following
            if period[replica] > 0:
                settled_at[replica] = step + 1
                break
