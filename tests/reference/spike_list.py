"""Given spikes, looked up one by one."""

from __future__ import annotations

import math


def fired(units, times, dt, tick):
    """Return the units that fire in a tick, ascending."""
    return sorted(int(unit) for unit, time in zip(units, times, strict=True) if math.floor(time / dt + 1e-3) == tick)
