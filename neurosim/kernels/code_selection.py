r"""One code selection of Sparsey: sums of binary or decaying weights, support, familiarity, and a winner for each module.

Units are numbered by module, unit k of module q being q * K + k. Binary weights are bits, a row for each source and one empty row more
(:mod:`neurosim.kernels._rows`), so that the sums of all units are counts of rows. Decaying weights keep the tick at which they were last
set and a *level*: 0 never set, 1 ... once set and then confirmed, :data:`PERMANENT`. The value of a weight of age T and lifetime S is

.. math:: w(T) = \frac{1 + c / S}{1 + c / (S - T)} = \frac{(1 + c / S) (S - T)}{S - T + c} \quad (T < S), \qquad 0 \quad (T \ge S) .

**Winners.** psi is rounded to a multiple of :math:`2^{-16}`. Sums of such numbers are exact, so that a draw does not depend on how they are
added up; the first unit of a module whose running sum exceeds r times the sum of the module wins, r uniform in (0, 1). Where the most
supported unit is wanted instead, one of those with the largest support is drawn.

Source: G. J. Rinkus, "A cortical sparse distributed coding model linking mini- and macrocolumn-scale functionality", Front. Neuroanat. 4,
17 (2010); the same, "Sparsey: event recognition via deep hierarchical sparse distributed codes", Front. Comput. Neurosci. 8, 160 (2014).
Differs from the paper in: see :mod:`neurosim.sdr.code_selection`.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels._rows import MOST_ROWS, PLANES, sum_rows, write_counts
from neurosim.kernels.noise import fill_words

PERMANENT = 255
"""Level of a weight that no longer decays."""
GRAIN = 65536.0
"""psi is a multiple of 1 / GRAIN."""
PART = 64
"""Units whose psi are added up together."""
_NONE = np.uint64(0)
_ONE = np.uint64(1)
_LOW = np.uint64(63)
_SIX = np.uint64(6)


# --- sums ---------------------------------------------------------------------------------------------------------------------


@jit
def count_rows(bits, sources, first, stop, planes, octets):
    """Write how many of the rows sources[first:stop] have each bit: octets (64 * n_words,) uint8.

    There are 1 ... MOST_ROWS rows; sources is uint32, its size a power of 2; planes (PLANES, n_words) uint64 is scratch.
    """
    depth = 1
    while (stop - first) >> depth:
        depth += 1
    sum_rows(bits, sources, first, stop, planes, 0, bits.shape[1])
    write_counts(planes, depth, octets, 0, bits.shape[1])


@jit
def sum_rows_of(bits, sources, n, sums):
    """Write how many of the rows sources[:n] have each bit, however many rows: sums (n_units,) float64."""
    planes, octets = np.empty((PLANES, bits.shape[1]), np.uint64), np.empty(64 * bits.shape[1], np.uint8)
    for unit in range(sums.size):
        sums[unit] = 0.0
    for first in range(0, n, MOST_ROWS):
        count_rows(bits, sources, first, min(first + MOST_ROWS, n), planes, octets)
        for unit in range(sums.size):
            sums[unit] += np.float64(octets[unit])


@jit
def sum_bits(bits, sources, strengths, sums):
    """Write the sum of the strengths (n,) of those sources whose row has each bit: sums (n_units,)."""
    for unit in range(sums.size):
        sums[unit] = 0.0
    for k in range(sources.size):
        row = bits[sources[k]]
        for unit in range(sums.size):
            set_here = (row[np.uint64(unit) >> _SIX] >> (np.uint64(unit) & _LOW)) & _ONE
            sums[unit] += strengths[k] * np.float64(set_here)


@jit
def value(level, age, lifetimes, convexity):
    """Return a weight in 0 ... 1: lifetimes (levels,) belong to the levels from 1 on; the last level is :data:`PERMANENT`."""
    if level == 0:
        return 0.0
    if level == PERMANENT:
        return 1.0
    lifetime = lifetimes[level - 1]
    left = lifetime - age
    return (1.0 + convexity / lifetime) * left / (left + convexity) if left > 0.0 else 0.0


@jit
def sum_decaying(levels, set_at, sources, strengths, tick, lifetimes, convexity, sums):
    """Write the sum of strength times weight over the sources (n,): levels uint8 and set_at int32 are (n_sources, n_units)."""
    for unit in range(sums.size):
        sums[unit] = 0.0
    for k in range(sources.size):
        source = sources[k]
        for unit in range(sums.size):
            age = np.float64(tick - np.int64(set_at[source, unit]))
            sums[unit] += strengths[k] * value(levels[source, unit], age, lifetimes, convexity)


@jit
def multiply_support(support, sums, full, exponent):
    """Multiply support (n_units,) by min(1, sums / full) ** exponent."""
    for unit in range(support.size):
        support[unit] *= share(sums[unit], full, exponent)


@jit
def share(total, full, exponent):
    """Return min(1, total / full) ** exponent."""
    part = min(1.0, total / full)
    return part if exponent == 1.0 else part**exponent


# --- winners ------------------------------------------------------------------------------------------------------------------


@jit
def height(support, rule):
    """Return (1 + scale exp(-slope (V - midpoint))) ** -power; rule is [threshold, exponent, gain, scale, slope, midpoint, power]."""
    low = 1.0 + rule[3] * math.exp(-rule[4] * (support - rule[5]))
    return 1.0 / low if rule[6] == 1.0 else low ** -rule[6]


@jit
def expansivity(familiarity, rule):
    """Return eta - 1 = gain * ([G - threshold]_+ / (1 - threshold)) ** exponent."""
    above = (familiarity - rule[0]) / (1.0 - rule[0])
    return rule[2] * above ** rule[1] if above > 0.0 else 0.0


@jit
def propensity(rise, level):
    """Return psi = (eta - 1) level + 1, rounded to the grain."""
    return math.floor((rise * level + 1.0) * GRAIN + 0.5) / GRAIN


@jit
def uniform(word):
    """Return the number in (0, 1) of a random word."""
    return (np.float64(word) + 0.5) * 2.0**-32


@jit
def choose_by_support(support, width, rule, cut, draw, words, winners, found):
    """Choose a winner in each module of `width` units from support (n_units,); found gets [familiarity, units above the cut per module]."""
    modules = winners.size
    total = 0.0
    above = 0
    for module in range(modules):
        first = module * width
        top = support[first]
        for unit in range(first, first + width):
            top = max(top, support[unit])
            above += support[unit] > cut
        total += top
    found[0], found[1] = total / modules, above / modules
    rise = expansivity(found[0], rule)
    psi = np.empty(width, np.float64)
    for module in range(modules):
        part = support[module * width : (module + 1) * width]
        if draw:
            for k in range(width):
                psi[k] = propensity(rise, height(part[k], rule))
            winners[module] = drawn(psi, uniform(words[module]))
        else:
            winners[module] = best(part, uniform(words[module]))


@jit
def drawn(psi, r):
    """Return the first unit whose running sum of psi exceeds r times the whole."""
    total = 0.0
    for k in range(psi.size):
        total += psi[k]
    target = r * total
    k = 0
    running = psi[0]
    while running <= target:
        k += 1
        running += psi[k]
    return k


@jit
def best(values, r):
    """Return one of the units with the largest value."""
    top = values[0]
    n_top = 0
    for k in range(values.size):
        top = max(top, values[k])
    for k in range(values.size):
        n_top += values[k] == top
    rank = int(r * n_top)
    k = 0
    while values[k] != top or rank > 0:
        rank -= values[k] == top
        k += 1
    return k


@jit
def choose_by_counts(counts, full, largest, exponent, width, rule, cut, draw, words, winners, found):
    """Do what :func:`choose_by_support` does where support is a function of counts 0 ... largest, uint8: share(count, full, exponent)."""
    modules = winners.size
    support, psi = np.empty(largest + 1, np.float64), np.empty(largest + 1, np.float64)
    first_above = largest + 1
    for count in range(largest, -1, -1):
        support[count] = share(np.float64(count), full, exponent)
        if support[count] > cut:
            first_above = count
    total = 0.0
    for module in range(modules):
        total += support[most(counts[module * width : (module + 1) * width])]
    found[0], found[1] = total / modules, 0.0
    if first_above <= largest:
        found[1] = at_least(counts[: modules * width], np.uint8(first_above)) / modules
    rise = expansivity(found[0], rule)
    for count in range(largest + 1):
        psi[count] = propensity(rise, height(support[count], rule))
    for module in range(modules):
        part = counts[module * width : (module + 1) * width]
        r = uniform(words[module])
        if not draw:
            winners[module] = best_count(part, support, r)
        elif rise == 0.0:
            winners[module] = int(r * width)
        else:
            winners[module] = drawn_count(part, psi, r)


@jit
def most(counts):
    """Return the largest of counts (n,) uint8."""
    top = counts[0]
    for k in range(counts.size):
        if counts[k] > top:
            top = counts[k]
    return top


@jit
def at_least(counts, least):
    """Return how many counts are at least as large as another one."""
    n = 0
    for k in range(counts.size):
        n += counts[k] >= least
    return n


@jit
def best_count(counts, support, r):
    """Return one of the units with the largest support; counts beyond `full` have the same."""
    top = most(counts)
    while top > 0 and support[top - 1] == support[top]:
        top -= np.uint8(1)
    rank = int(r * at_least(counts, top))
    k = 0
    while counts[k] < top or rank > 0:
        rank -= counts[k] >= top
        k += 1
    return k


@jit
def drawn_count(counts, psi, r):
    """Return the first unit whose running sum of psi[count] exceeds r times the whole; sums are exact, so that parts may be added up."""
    parts = np.empty((counts.size + PART - 1) // PART, np.float64)
    total = 0.0
    for part in range(parts.size):
        parts[part] = part_sum(counts[part * PART : (part + 1) * PART], psi)
        total += parts[part]
    target = r * total
    part = 0
    running = 0.0
    while running + parts[part] <= target:
        running += parts[part]
        part += 1
    k = part * PART
    running += psi[counts[k]]
    while running <= target:
        k += 1
        running += psi[counts[k]]
    return k


@jit
def part_sum(counts, psi):
    """Return the sum of psi[count]."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    quads = counts.size // 4 * 4
    for k in range(0, quads, 4):
        a += psi[counts[k]]
        b += psi[counts[k + 1]]
        c += psi[counts[k + 2]]
        d += psi[counts[k + 3]]
    for k in range(quads, counts.size):
        a += psi[counts[k]]
    return (a + b) + (c + d)


# --- learning -----------------------------------------------------------------------------------------------------------------


@jit
def set_bits(bits, sources, own, width, winners, n_set, frozen):
    """Set the weights from the sources to the winners that are not frozen, and count them in n_set (n_units,) int32.

    Sources below `own` are units of the mac itself: they have no weight within their module.
    """
    for module in range(winners.size):
        unit = np.uint64(module * width + winners[module])
        if frozen[unit]:
            continue
        word, bit = unit >> _SIX, _ONE << (unit & _LOW)
        new = 0
        for k in range(sources.size):
            source = sources[k]
            if source < own and source // width == module:
                continue
            new += (bits[source, word] & bit) == _NONE
            bits[source, word] |= bit
        n_set[unit] += new


@jit
def set_decaying(levels, set_at, sources, own, width, winners, frozen, tick, lifetimes, convexity):
    """Set the weights from the sources to the winners that are not frozen; one that is not yet forgotten rises by a level."""
    for module in range(winners.size):
        unit = module * width + winners[module]
        if frozen[unit]:
            continue
        for k in range(sources.size):
            source = sources[k]
            if (source < own and source // width == module) or levels[source, unit] == PERMANENT:
                continue
            level = levels[source, unit]
            age = np.float64(tick - np.int64(set_at[source, unit]))
            kept = value(level, age, lifetimes, convexity) > 0.0
            levels[source, unit] = min(level + 1, lifetimes.size) if kept else 1
            set_at[source, unit] = tick


@jit
def count_alive(levels, set_at, tick, lifetimes, convexity, n_set):
    """Write how many weights of each unit are above 0: n_set (n_units,) int32."""
    for unit in range(n_set.size):
        n_set[unit] = 0
    for source in range(levels.shape[0]):
        for unit in range(n_set.size):
            age = np.float64(tick - np.int64(set_at[source, unit]))
            n_set[unit] += value(levels[source, unit], age, lifetimes, convexity) > 0.0


@jit
def freeze(n_set, highest, whole, frozen):
    """Freeze units with more than `highest` weights; where `whole` is true, all units as soon as they have more than that on average."""
    if whole:
        total = 0
        for unit in range(n_set.size):
            total += n_set[unit]
        if total > highest * n_set.size:
            frozen[:] = True
        return
    for unit in range(n_set.size):
        frozen[unit] |= n_set[unit] > highest


@jit
def make_permanent(levels, set_at, tick, lifetimes, convexity, frozen):
    """Keep for ever the weights of frozen units that are above 0."""
    for source in range(levels.shape[0]):
        for unit in range(frozen.size):
            age = np.float64(tick - np.int64(set_at[source, unit]))
            if frozen[unit] and value(levels[source, unit], age, lifetimes, convexity) > 0.0:
                levels[source, unit] = PERMANENT


# --- many inputs --------------------------------------------------------------------------------------------------------------


@jit
def present(
    starts, indices, bits, n_set, frozen, highest, whole, width, bounds, full, exponent, rule, cut, draw, learn, seed, tick, winners, found
):
    """Select a code for each input of a table, one tick each, with bottom-up binary weights: winners (n, modules), found (n, 2).

    bounds is [least, most active inputs], within 1 ... MOST_ROWS; an input outside of them has no winners, -1. full is 0, or the largest
    divisor of the sums.
    """
    planes, octets = np.empty((PLANES, bits.shape[1]), np.uint64), np.empty(64 * bits.shape[1], np.uint8)
    words = np.empty(winners.shape[1], np.uint32)
    sources = np.zeros(MOST_ROWS + 1, np.uint32)
    for item in range(starts.size - 1):
        active = indices[starts[item] : starts[item + 1]]
        n = active.size
        if n < bounds[0] or n > bounds[1]:
            winners[item] = -1
            found[item] = 0.0
            continue
        for k in range(n):
            sources[k] = active[k]
        count_rows(bits, sources, 0, n, planes, octets)
        fill_words(words, seed, np.uint64(tick + item), _NONE)
        divisor = np.float64(n if full == 0 else min(n, full))
        choose_by_counts(octets, divisor, n, exponent, width, rule, cut, draw, words, winners[item], found[item])
        if learn:
            set_bits(bits, active, 0, width, winners[item], n_set, frozen)
            if highest >= 0:
                freeze(n_set, highest, whole, frozen)
