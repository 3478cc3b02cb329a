"""Spikes at given ticks.

parameters: for each spike, in the order of tick and unit, the high part of its tick, then for each its low part, then for each its unit.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit

HIGH = 65_536
"""A tick is high * 65,536 + low."""


@jit
def count_before(high, low, tick):
    """Return how many of the ticks high * HIGH + low, which ascend, lie before tick."""
    below, above = 0, high.size
    while below < above:
        middle = (below + above) // 2
        if np.int64(high[middle]) * HIGH + np.int64(low[middle]) < tick:
            below = middle + 1
        else:
            above = middle
    return below


@jit
def update(values, parameters, flags, first, last, seed, tick):
    """Flag those of the units first ... last - 1 that fire in a tick."""
    flags[first:last] = 0
    n_spikes = parameters.size // 3
    high, low, units = parameters[:n_spikes], parameters[n_spikes : 2 * n_spikes], parameters[2 * n_spikes :]
    begin = count_before(high, low, tick)
    for k in range(begin, begin + count_before(high[begin:], low[begin:], tick + 1)):
        unit = np.int64(units[k])
        if first <= unit < last:
            flags[unit] = 1
