r"""What the dynamics of a network does not learn from its couplings: external fields and temperatures, ready for the kernels.

A unit with local field :math:`h_i` (couplings plus external field) becomes :math:`+1` with probability

.. math:: P(s_i = +1) = \frac{1}{1 + e^{-2 h_i / T}},

which is the comparison of :math:`h_i` with :math:`\frac{T}{2} \ln \frac{u}{1 - u}`, :math:`u` uniform. Kernels hold fields as whole numbers
times a *unit* (1 / N for Hebb's rule); thresholds and external fields are given to them in that unit.

Source: R. J. Glauber, J. Math. Phys. 4, 294 (1963).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
NEVER = 1e300
"""A field that is never reached; infinity would make the kernels multiply it by 0."""


class Heat(NamedTuple):
    """External fields and temperatures in the unit of the couplings."""

    bias: Array
    """External fields, shape (n_units,), or (0,) where there are none."""
    thresholds: Array
    """Where the state turns, for every temperature, shape (n_temperatures, BUCKETS + 1)."""
    half_temperatures: Array
    """T / 2, shape (n_temperatures,)."""
    rungs: npt.NDArray[np.int32]
    """Which of the temperatures a replica has, shape (replicas,)."""


def thresholds(temperatures: npt.ArrayLike, unit: float) -> tuple[Array, Array]:
    """Tabulate the fields at which units turn.

    Parameters
    ----------
    temperatures : array_like, shape (n_temperatures,)
        At least 0.
    unit : float
        Of the kernel's fields.

    Returns
    -------
    thresholds : ndarray, shape (n_temperatures, BUCKETS + 1)
    half_temperatures : ndarray, shape (n_temperatures,)

    Examples
    --------
    >>> table, half = thresholds([0.0, 0.5], 0.01)
    >>> table[1, [0, 256, 512, 1024]].round(3).tolist(), half.tolist()
    ([-1e+300, -27.465, 0.0, 1e+300], [0.0, 25.0])
    """
    from neurosim.kernels.glauber import BUCKETS

    half = np.asarray(temperatures, float) / 2 / unit
    steps = np.arange(1, BUCKETS)
    inside = half[:, None] * np.log(steps / (BUCKETS - steps))
    ends = np.full((len(half), 1), NEVER)
    return np.concatenate([-ends, inside, ends], axis=1), half


def in_units(fields: Array, unit: float) -> Array:
    """Divide fields by the unit of the kernel's fields; a whole multiple stays one, so that a local field of zero is found to be zero.

    Examples
    --------
    >>> float(np.float64(1.0) / (1 / 49)), in_units(np.ones(1), 1 / 49).tolist()
    (49.00000000000001, [49.0])
    """
    multiples = fields / unit
    nearest = np.rint(multiples)
    return np.where(np.abs(multiples - nearest) <= 8 * np.finfo(float).eps * np.abs(nearest), nearest, multiples)


def checked_temperature(value: Any, name: str = "temperature") -> float:
    """Return a temperature as float, or say what is wrong with it.

    Examples
    --------
    >>> checked_temperature(0.5)
    0.5
    """
    if isinstance(value, bool | str) or np.ndim(value):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and at least 0, got {value!r}")
    return float(value)


def checked_fields(value: npt.ArrayLike | None, n_units: int) -> Array:
    """Return external fields as an array, of length 0 where there are none, or say what is wrong with them.

    Examples
    --------
    >>> checked_fields([0.1, -0.2], 2).tolist(), checked_fields(None, 2).tolist()
    ([0.1, -0.2], [])
    """
    if value is None:
        return np.empty(0)
    fields = np.array(value, float)
    if fields.shape != (n_units,):
        raise ValueError(f"fields must have shape ({n_units},), one for each unit, got {fields.shape}")
    if not np.isfinite(fields).all():
        raise ValueError(f"fields must be finite, got {fields[~np.isfinite(fields)][0]} at unit {int(np.argmin(np.isfinite(fields)))}")
    return fields
