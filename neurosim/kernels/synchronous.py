"""Local fields of many replicas at once, on packed bits and without the weight matrix, and the synchronous steps made of them.

N h_i = sum_mu xi_i^mu M_mu - K s_i with overlaps M_mu = sum_i xi_i^mu s_i. The sum over eight patterns has only 256 values, one for each
byte of a unit's row; they are tabulated for LANES replicas side by side, and a field is a sum of table rows (method of four Russians,
V. L. Arlazarov, E. A. Dinic, M. A. Kronrod & I. A. Faradzev, Sov. Math. Dokl. 11, 1209 (1970)). Tables and partial sums have 16 bits where
the overlaps are small enough for it, which all but the recalled patterns' are, and 32 bits elsewhere. A few replicas alone are served by
bit planes, one field at a time.

Arrays as in :mod:`neurosim.kernels.hopfield`. "Inputs" are the sums xi_i^mu M_mu, before the own state is taken off.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._bits import LANES, add_table_rows, plane_sum, popcount
from neurosim.kernels._jit import jit
from neurosim.kernels.glauber import THERMAL_STREAM, turns_up
from neurosim.kernels.hopfield import agreements, write_planes
from neurosim.kernels.noise import fill_words

COLUMNS = 8
"""Words of the rows that are handled together: a cache line."""
_FEW = 8
_LARGEST_16 = 2**15 - 1
_LARGEST_32 = 2**31 - 1


@jit
def lane_overlaps(patterns, spins, replicas, n_units, out):
    """Overlaps M_mu of some replicas, (n_lanes,) int64: out (64 W, LANES) int32, 0 beyond the last pattern and lane."""
    out[:] = np.int32(0)
    for mu in range(patterns.shape[0]):
        for lane in range(replicas.size):
            differing = np.uint64(0)
            for word in range(patterns.shape[1]):
                differing += popcount(patterns[mu, word] ^ spins[replicas[lane], word])
            out[mu, lane] = np.int32(n_units - 2 * np.int64(differing))


@jit
def largest_sums(overlaps, out):
    """Find the largest sum, over lanes, of the absolute overlaps of 64 patterns: out (W,) int64."""
    sums = np.empty(LANES, np.int64)
    for word in range(out.size):
        sums[:] = 0
        for mu in range(64 * word, 64 * word + 64):
            for lane in range(LANES):
                sums[lane] += abs(overlaps[mu, lane])
        out[word] = 0
        for lane in range(LANES):
            out[word] = max(out[word], sums[lane])


@jit
def fill_table(overlaps, first, table):
    """Tabulate the signed sums of overlaps first ... first + 7 for each byte of signs: table (256, LANES), whole numbers."""
    for lane in range(LANES):
        total = 0
        for bit in range(8):
            total -= overlaps[first + bit, lane]
        table[0, lane] = total
    for bit in range(8):
        width = 1 << bit
        for entry in range(width):
            for lane in range(LANES):
                table[width + entry, lane] = table[entry, lane] + 2 * overlaps[first + bit, lane]


@jit
def add_word(column, overlaps, first, tables, out):
    """Add to out (n_units, LANES) the inputs from the 64 patterns after the first, whose bits are in column (n_units,) uint64."""
    for byte in range(8):
        fill_table(overlaps, first + 8 * byte, tables[byte])
    for unit in range(column.size):
        add_table_rows(tables, column[unit], out, unit)


@jit
def flush(partial, out):
    """Move partial (n_units, LANES) int16 into out (n_units, LANES) int32."""
    for unit in range(out.shape[0]):
        for lane in range(LANES):
            out[unit, lane] += np.int32(partial[unit, lane])
            partial[unit, lane] = np.int16(0)


@jit
def table_inputs(rows, n_patterns, overlaps, bounds, columns, partial, tables_16, tables_32, out):
    """Compute the inputs of LANES replicas from their overlaps: out (n_units, LANES) int32; the rest is scratch."""
    n_words = (n_patterns + 63) // 64
    out[:] = np.int32(0)
    partial[:] = np.int16(0)
    held = 0
    for start in range(0, n_words, COLUMNS):
        count = min(COLUMNS, n_words - start)
        for unit in range(rows.shape[0]):
            for word in range(count):
                columns[word, unit] = rows[unit, start + word]
        for word in range(count):
            bound = bounds[start + word]
            if bound > _LARGEST_16:
                add_word(columns[word], overlaps, 64 * (start + word), tables_32, out)
                continue
            if held + bound > _LARGEST_16:
                flush(partial, out)
                held = 0
            held += bound
            add_word(columns[word], overlaps, 64 * (start + word), tables_16, partial)
    flush(partial, out)


@jit
def plane_inputs(rows, set_bits, patterns, spins, planes, counts, out):
    """Compute the inputs of one replica, spins (V,), without tables: out (n_units,) int64; planes, counts (n_patterns,) are scratch."""
    n_units = rows.shape[0]
    n_patterns = patterns.shape[0]
    agreements(patterns, spins, n_units, counts)
    write_planes(counts, planes)
    total = counts.sum()
    for unit in range(n_units):
        out[unit] = 4 * plane_sum(rows, unit, planes) - 2 * total + n_units * (n_patterns - 2 * np.int64(set_bits[unit]))


@jit
def decide(inputs, lane, n_patterns, spins, new, words, bias, thresholds, half_temperature):
    """Turn the units of one replica, spins (V,), by their inputs[:, lane] into new (V,); words (n_units,) uint32 are read with heat."""
    n_units = inputs.shape[0]
    cold = half_temperature == 0 and bias.size == 0
    for word in range(spins.size):
        bits = np.uint64(0)
        for bit in range(min(64, n_units - 64 * word)):
            unit = 64 * word + bit
            was_up = np.int64((spins[word] >> np.uint64(bit)) & np.uint64(1))
            field = np.int64(inputs[unit, lane]) - n_patterns * (2 * was_up - 1)
            if cold:
                up = np.int64(field + was_up > 0)
            else:
                local = np.float64(field)
                if bias.size > 0:
                    local += bias[unit]
                up = np.int64(turns_up(local, was_up, np.int64(words[unit]), thresholds, half_temperature))
            bits |= np.uint64(up) << np.uint64(bit)
        new[word] = bits


@jit
def close_step(spins, previous, new, cold, tick, replica, flips, settled_at, period):
    """Enter the new state of one replica and note whether it repeats: spins, previous, new are (V,)."""
    moved, returned = 0, True
    for word in range(new.size):
        moved += np.int64(popcount(new[word] ^ spins[word]))
        returned = returned and new[word] == previous[word]
        previous[word] = spins[word]
        spins[word] = new[word]
    flips[replica] = moved
    if cold and (moved == 0 or returned):
        settled_at[replica] = tick + 1
        period[replica] = 1 if moved == 0 else 2


@jit
def synchronous_steps(
    rows, set_bits, patterns, spins, previous, planes, seeds, tick, ticks, bias, thresholds, half_temperatures, rungs, flips, settled_at,
    period, first, last,
):  # fmt: skip
    """Advance replicas first ... last - 1 by `ticks` steps, in each of which all units turn at once.

    spins and previous (replicas, V), flips, settled_at and period (replicas,) int64 change in place. A cold replica that repeats its state
    (period 1) or the one before it (period 2) has settled; it is not computed any more.
    """
    n_units, n_patterns = rows.shape[0], patterns.shape[0]
    n_words = (n_patterns + 63) // 64
    many = last - first >= _FEW
    size = LANES if many else 1
    overlaps = np.empty((64 * rows.shape[1], size), np.int32)
    bounds = np.empty(n_words, np.int64)
    columns = np.empty((COLUMNS, n_units if many else 1), np.uint64)
    partial = np.empty((n_units if many else 1, size), np.int16)
    tables_16 = np.empty((8, 256, size), np.int16)
    tables_32 = np.empty((8, 256, size), np.int32)
    table_out = np.empty((n_units if many else 1, size), np.int32)
    plane_out = np.empty((n_units, 1), np.int64)
    counts = np.empty(n_patterns, np.int64)
    words = np.empty(n_units, np.uint32)
    new = np.empty(spins.shape[1], np.uint64)
    active = np.empty(last - first, np.int64)
    for now in range(tick, tick + ticks):
        n_active = 0
        for replica in range(first, last):
            if settled_at[replica] < 0:
                active[n_active] = replica
                n_active += 1
        if n_active == 0:
            break
        for start in range(0, n_active, LANES):
            block = active[start : min(start + LANES, n_active)]
            by_table = block.size >= _FEW
            if by_table:
                lane_overlaps(patterns, spins, block, n_units, overlaps)
                largest_sums(overlaps, bounds)
                by_table = bounds.sum() <= _LARGEST_32
            if by_table:
                table_inputs(rows, n_patterns, overlaps, bounds, columns, partial, tables_16, tables_32, table_out)
            for lane in range(block.size):
                replica = block[lane]
                rung = rungs[replica]
                half = half_temperatures[rung]
                if half > 0:
                    fill_words(words, seeds[replica], np.uint64(now), THERMAL_STREAM)
                if by_table:
                    decide(table_out, lane, n_patterns, spins[replica], new, words, bias, thresholds[rung], half)
                else:
                    plane_inputs(rows, set_bits, patterns, spins[replica], planes, counts, plane_out[:, 0])
                    decide(plane_out, 0, n_patterns, spins[replica], new, words, bias, thresholds[rung], half)
                close_step(spins[replica], previous[replica], new, half == 0, now, replica, flips, settled_at, period)


@jit
def inputs_of(rows, set_bits, patterns, spins, planes, out):
    """Compute the inputs of all replicas: out (replicas, n_units) int64; planes is scratch."""
    counts = np.empty(patterns.shape[0], np.int64)
    for replica in range(spins.shape[0]):
        plane_inputs(rows, set_bits, patterns, spins[replica], planes, counts, out[replica])
