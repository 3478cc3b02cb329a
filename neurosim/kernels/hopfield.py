"""Classical Hopfield network in the overlap form, on packed bits and without the weight matrix.

With J_ij = (1/N) sum_mu xi_i^mu xi_j^mu and J_ii = 0, N times the field on unit i is an integer,

    N h_i = sum_mu xi_i^mu M_mu - K s_i,        M_mu = sum_i xi_i^mu s_i.

A replica carries, instead of the N fields, the K numbers of agreement A_mu = (N + M_mu) / 2 as bit planes. One visit sums the
agreements over the set bits of the unit's row and costs K / 64 words per plane; one flip moves every agreement by one.

Arrays: `rows` (n_units, W) uint64 holds the pattern bits of a unit (set for +1), W padded to a multiple of CHUNK with zeros;
`set_bits` (n_units,) int32 their number; `patterns` (n_patterns, V) and `spins` (replicas, V) uint64 hold unit bits, unused bits 0.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._bits import CHUNK, plane_step, plane_sum, popcount, prefetch_row
from neurosim.kernels._jit import jit
from neurosim.kernels.glauber import ORDER_STREAM, THERMAL_STREAM, turns_up
from neurosim.kernels.noise import fill_permutation, fill_words


@jit
def agreements(patterns, spins, n_units, out):
    """Count for one replica, spins (V,), the units that agree with each pattern: out (n_patterns,) int64."""
    for mu in range(patterns.shape[0]):
        differing = np.uint64(0)
        for word in range(patterns.shape[1]):
            differing += popcount(patterns[mu, word] ^ spins[word])
        out[mu] = n_units - np.int64(differing)


@jit
def overlaps(patterns, spins, n_units, out):
    """Overlaps M_mu / N of every replica with every pattern: out (replicas, n_patterns) float64."""
    counts = np.empty(patterns.shape[0], np.int64)
    for replica in range(spins.shape[0]):
        agreements(patterns, spins[replica], n_units, counts)
        for mu in range(counts.size):
            out[replica, mu] = (2 * counts[mu] - n_units) / n_units


@jit
def energies(patterns, spins, n_units, out):
    """Energy per unit, -1/2 sum_mu m_mu^2 + K / (2 N), of every replica: out (replicas,) float64, summed in integers."""
    counts = np.empty(patterns.shape[0], np.int64)
    for replica in range(spins.shape[0]):
        agreements(patterns, spins[replica], n_units, counts)
        total = np.int64(0)
        for mu in range(counts.size):
            overlap = 2 * counts[mu] - n_units
            total += overlap * overlap
        out[replica] = (patterns.shape[0] - total / n_units) / (2 * n_units)


@jit
def write_planes(counts, planes):
    """Store counters (n_patterns,) int64 as bit planes (groups, P, CHUNK) uint64."""
    planes[:] = np.uint64(0)
    depth = planes.shape[1]
    for mu in range(counts.size):
        word = mu >> 6
        bit = np.uint64(1) << np.uint64(mu & 63)
        for plane in range(depth):
            if (counts[mu] >> plane) & 1:
                planes[word // CHUNK, depth - 1 - plane, word % CHUNK] |= bit


@jit
def look(rows, set_bits, spins, planes, total, n_patterns, unit):
    """Return the state of a unit, 0 or 1, and N times its field; `total` is the sum of all agreements."""
    up = np.int64((spins[unit >> 6] >> np.uint64(unit & 63)) & np.uint64(1))
    without = rows.shape[0] * (n_patterns - 2 * np.int64(set_bits[unit])) - n_patterns * (2 * up - 1)
    return up, 4 * plane_sum(rows, unit, planes) - 2 * total + without


@jit
def turn(rows, set_bits, spins, planes, total, n_patterns, unit, up):
    """Flip a unit whose state was `up`: spins (V,) and planes change in place. Returns the new total."""
    spins[unit >> 6] ^= np.uint64(1) << np.uint64(unit & 63)
    plane_step(rows, unit, planes, 1 - up)
    return total + (2 * up - 1) * (n_patterns - 2 * np.int64(set_bits[unit]))


@jit
def one_sweep(rows, set_bits, spins, planes, total, n_patterns, order, ahead):
    """Visit the units of one replica in the given order at zero temperature; a zero field keeps the state.

    spins (V,) and planes change in place. `total` is the sum of all agreements, `ahead` the prefetch distance (0: none).
    Returns the number of flips and the new total.
    """
    n_units = order.size
    flips = 0
    for visit in range(n_units):
        unit = np.int64(order[visit])
        if ahead > 0:
            prefetch_row(rows, np.int64(order[min(visit + ahead, n_units - 1)]))
        up, field = look(rows, set_bits, spins, planes, total, n_patterns, unit)
        if field * (2 * up - 1) < 0:
            flips += 1
            total = turn(rows, set_bits, spins, planes, total, n_patterns, unit, up)
    return flips, total


@jit
def thermal_sweep(rows, set_bits, spins, planes, total, n_patterns, order, ahead, bias, words, thresholds, half_temperature):
    """Visit the units of one replica in the given order with heat-bath decisions, as :func:`one_sweep` does without heat.

    bias (n_units,) float64 is added to the fields, unless it has length 0; words (n_units,) uint32 are the random words of the units;
    thresholds and half_temperature are in units of 1 / N. Returns the number of flips and the new total.
    """
    n_units = order.size
    flips = 0
    for visit in range(n_units):
        unit = np.int64(order[visit])
        if ahead > 0:
            prefetch_row(rows, np.int64(order[min(visit + ahead, n_units - 1)]))
        up, field = look(rows, set_bits, spins, planes, total, n_patterns, unit)
        local = np.float64(field)
        if bias.size > 0:
            local += bias[unit]
        if turns_up(local, up, np.int64(words[unit]), thresholds, half_temperature) != (up != 0):
            flips += 1
            total = turn(rows, set_bits, spins, planes, total, n_patterns, unit, up)
    return flips, total


@jit
def asynchronous_sweeps(
    rows,
    set_bits,
    patterns,
    spins,
    planes,
    seeds,
    tick,
    ticks,
    bias,
    thresholds,
    half_temperatures,
    rungs,
    flips,
    settled_at,
    first,
    last,
    ahead,
):
    """Advance replicas first ... last - 1 by `ticks` sweeps each; a cold replica whose sweep flips nothing has settled and rests.

    Each sweep visits the units in a fresh random order f(seeds[replica], tick). spins (replicas, V), flips (replicas,) int64
    (of the last sweep) and settled_at (replicas,) int64 (tick after the first sweep without a flip, -1 before) change in place;
    planes (groups, P, CHUNK) uint64 is scratch. bias, thresholds, half_temperatures and rungs: see :mod:`neurosim.hopfield.heat`.
    """
    n_patterns = patterns.shape[0]
    n_units = rows.shape[0]
    counts = np.empty(n_patterns, np.int64)
    order = np.empty(n_units, np.int32)
    words = np.empty(n_units, np.uint32)
    for replica in range(first, last):
        if settled_at[replica] >= 0 or ticks == 0:
            continue
        agreements(patterns, spins[replica], n_units, counts)
        write_planes(counts, planes)
        total = counts.sum()
        rung = rungs[replica]
        half = half_temperatures[rung]
        for sweep in range(tick, tick + ticks):
            fill_permutation(order, words, seeds[replica], np.uint64(sweep), ORDER_STREAM)
            if half == 0 and bias.size == 0:
                flips[replica], total = one_sweep(rows, set_bits, spins[replica], planes, total, n_patterns, order, ahead)
            else:
                fill_words(words, seeds[replica], np.uint64(sweep), THERMAL_STREAM)
                flips[replica], total = thermal_sweep(
                    rows, set_bits, spins[replica], planes, total, n_patterns, order, ahead, bias, words, thresholds[rung], half
                )
            if half == 0 and flips[replica] == 0:
                settled_at[replica] = sweep + 1
                break
