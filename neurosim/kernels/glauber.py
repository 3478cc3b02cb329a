"""Heat-bath (Glauber) decisions: one random word, one comparison, exact to 2**-32.

A unit with local field h at temperature T becomes +1 with probability P = 1 / (1 + exp(-2 h / T)). With u uniform in 0 ... 1 that is the
comparison h > (T / 2) ln(u / (1 - u)). The right side is tabulated at u = k / BUCKETS; a field outside the bucket of the word is decided
by the table, one inside it by computing the threshold. At T = 0 all thresholds are 0 and the unit takes the sign of its field; a field
equal to the threshold keeps the state.

Source: R. J. Glauber, J. Math. Phys. 4, 294 (1963).
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit

ORDER_STREAM = np.uint64(0)
"""Stream of the noise that decides the order of updates."""
THERMAL_STREAM = np.uint64(1)
"""Stream of the noise that decides the states; the word of a unit has the unit's index."""
EXCHANGE_STREAM = np.uint64(2)
"""Stream of the noise that decides exchanges between temperatures."""

BUCKETS = 1024
_SHIFT = np.int64(22)  # 32 bits of a word less 10 bits of a bucket


@jit(inline="always")
def turns_up(local, was_up, word, thresholds, half_temperature):
    """Decide the next state of a unit, True for +1.

    local: its field; was_up: its state, 0 or 1; word: 32 random bits, int64; thresholds (BUCKETS + 1,) float64 and half_temperature in the
    field's unit.
    """
    bucket = word >> _SHIFT
    low, high = thresholds[bucket], thresholds[bucket + 1]
    up = local > high
    if (local - low) * (high - local) >= 0.0:  # inside the bucket; one product, since two comparisons would be two unpredictable branches
        uniform = (np.float64(word) + 0.5) * 2.0**-32
        threshold = half_temperature * np.log(uniform / (1.0 - uniform))
        up = local > threshold or (local == threshold and was_up != 0)
    return up
