r"""Numbers read off measured curves, with their errors.

A threshold is where a curve crosses a level; between two measured points the curve is taken as straight. The error of anything that
is computed from averages over independent samples comes from the *jackknife*: leave each of the :math:`n` samples out in turn,
compute :math:`\theta_s` from the rest, and

.. math:: \Delta = \sqrt{\frac{n - 1}{n} \sum_{s=1}^{n} (\theta_s - \bar\theta)^2}.

Source: B. Efron & C. Stein, "The jackknife estimate of variance", Ann. Stat. 9, 586 (1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xarray as xr


def crossing(x: npt.ArrayLike, y: npt.ArrayLike, level: float) -> float:
    """Return where a curve first passes through a level.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        The curve; x rises.
    level : float
        Same unit as y.

    Returns
    -------
    float
        Same unit as x; NaN where the curve stays on one side.

    Examples
    --------
    >>> crossing([0.1, 0.2, 0.3], [1.0, 0.8, 0.0], 0.4)
    0.25
    """
    at, height = np.asarray(x, float), np.asarray(y, float) - level
    if at.ndim != 1 or at.shape != height.shape:
        raise ValueError(f"x and y must have one shape (n,), got {at.shape} and {height.shape}")
    if not (np.diff(at) > 0).all():
        raise ValueError("x must rise from point to point")
    if len(at) and height[0] == 0:
        return float(at[0])
    for left in np.flatnonzero(height[:-1] * height[1:] <= 0):
        return float(at[left] + (at[left + 1] - at[left]) * height[left] / (height[left] - height[left + 1]))
    return math.nan


def jackknife(measure: Callable[[xr.Dataset], float], data: xr.Dataset, dim: str) -> tuple[float, float]:
    """Measure a number on a Dataset, and its standard error over independent samples.

    Parameters
    ----------
    measure : callable
        Takes a Dataset with any number of samples.
    data : xarray.Dataset
    dim : str
        The dimension of the samples, of length 2 at least.

    Returns
    -------
    value, error : float

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"y": ("seed", [1.0, 2.0, 3.0])})
    >>> value, error = jackknife(lambda part: float(part.y.mean()), data, "seed")
    >>> round(value, 3), round(error, 3)
    (2.0, 0.577)
    """
    n = data.sizes.get(dim, 0)
    if n < 2:
        raise ValueError(f"data must have at least 2 samples along {dim!r}, got {n}")
    rest = np.array([measure(data.isel({dim: [other for other in range(n) if other != left_out]})) for left_out in range(n)])
    return measure(data), float(np.sqrt((n - 1) / n * ((rest - rest.mean()) ** 2).sum()))
