"""Arguments checked at the door, and Gauss's rule."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def checked(name: str, values: npt.ArrayLike, *, least: float = -math.inf, above: float = -math.inf) -> Array:
    """Return values as floats after checking that all are finite and in their range."""
    array = np.asarray(values, float)
    good = np.isfinite(array) & (array >= least) & (array > above)
    if not good.all():
        bounds = [f"{word} {bound:g} and " for word, bound in (("at least", least), ("above", above)) if bound > -math.inf]
        raise ValueError(f"{name} must be {''.join(bounds)}finite, got {array[~good].flat[0]}")
    return array


def cell_of(tau: npt.ArrayLike, threshold: npt.ArrayLike, reset: npt.ArrayLike, refractory: npt.ArrayLike) -> dict[str, Array]:
    """Return what describes a neuron, checked."""
    theta, low = np.broadcast_arrays(checked("threshold", threshold), checked("reset", reset))
    bad = theta <= low
    if bad.any():
        raise ValueError(f"threshold must be above reset, got threshold {theta[bad].flat[0]} and reset {low[bad].flat[0]}")
    times = {"tau": checked("tau", tau, above=0.0), "refractory": checked("refractory", refractory, least=0.0)}
    return {"threshold": theta, "reset": low, **times}


@functools.cache
def gauss(order: int) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss and Legendre's rule on 0 ... 1."""
    from scipy.special import roots_legendre

    x, weight = roots_legendre(order)
    return (x + 1) / 2, weight / 2
