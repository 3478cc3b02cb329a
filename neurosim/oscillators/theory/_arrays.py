"""Arguments checked at the door, and from functions of numbers to functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]


def checked(name: str, values: npt.ArrayLike, *, least: float = -math.inf, above: float = -math.inf) -> Array:
    """Return values as floats after checking that all are finite and in their range."""
    array = np.asarray(values, float)
    good = np.isfinite(array) & (array >= least) & (array > above)
    if not good.all():
        bounds = [f"{word} {bound:g} and " for word, bound in (("at least", least), ("above", above)) if bound > -math.inf]
        raise ValueError(f"{name} must be {''.join(bounds)}finite, got {array[~good].flat[0]}")
    return array


def number(name: str, value: Any, *, least: float = -math.inf, above: float = -math.inf) -> float:
    """Return one checked number as a float."""
    if np.ndim(value):
        raise TypeError(f"{name} must be a number, got an array of shape {np.shape(value)}")
    return float(checked(name, value, least=least, above=above))


def attractive_lag(lag: Any) -> float:
    """Return a phase lag with a positive cosine; with any other the coupling repels and no order grows."""
    alpha = number("lag", lag)
    if math.cos(alpha) <= 1e-12:
        raise ValueError(f"lag must lie between -pi/2 and pi/2, where the coupling attracts, got {alpha:g}")
    return math.remainder(alpha, 2 * math.pi)


def order_parameter(name: str, z: Any) -> complex:
    """Return a complex order parameter, at most 1 in modulus."""
    try:
        value = complex(z)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a complex number, got {z!r}") from None
    if not abs(value) <= 1 + 1e-12:
        raise ValueError(f"{name} must have a modulus of at most 1, got {value} of modulus {abs(value):g}")
    return value


def each(solve: Callable[[float], tuple[float, ...]], values: Array, width: int) -> tuple[Array, ...]:
    """Call a function of a number that returns `width` numbers for every element; return one array a field."""
    points = [solve(float(value)) for value in values.flat]
    return tuple(column.reshape(values.shape) for column in np.array(points, float).reshape(-1, width).T)


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function changes sign between two numbers, by Brent's method."""
    from scipy import optimize

    found: Any = optimize.brentq(function, low, high, xtol=1e-15 * (abs(low) + abs(high)), rtol=np.float64(1e-14))
    return float(found)


def root_around(function: Callable[[float], float], centre: float, scale: float) -> float:
    """Return a root of a function that is positive far below `centre` and negative far above it."""
    low, high = centre - scale, centre + scale
    for _ in range(200):
        if function(low) >= 0:
            break
        low -= high - low
    for _ in range(200):
        if function(high) <= 0:
            break
        high += high - low
    return root(function, low, high)
