"""Roots and maxima of functions of one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Return where a function changes sign between two numbers, by Brent's method."""
    from scipy import optimize

    found: Any = optimize.brentq(function, low, high, xtol=tolerance)
    return float(found)


def highest(function: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Return where a function with one maximum between two numbers has it, to 1e-9, and its value there."""
    from scipy import optimize

    found: Any = optimize.minimize_scalar(lambda x: -function(x), bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return float(found.x), -float(found.fun)
