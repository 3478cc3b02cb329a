r"""Retrieval at zero temperature: the replica-symmetric equations of Amit, Gutfreund and Sompolinsky.

The network stores :math:`K = \alpha N` random unbiased patterns with :math:`J_{ii} = 0`, :math:`N \to \infty`. The patterns that are not
recalled act on the one that is as Gaussian noise of variance :math:`\alpha r`. At :math:`T = 0` the overlap :math:`m`, the noise factor
:math:`r` and the susceptibility :math:`C = \lim_{\beta\to\infty} \beta (1 - q)` solve

.. math::
    m = \operatorname{erf} y, \qquad y = \frac{m}{\sqrt{2 \alpha r}}, \qquad
    C = \sqrt{\frac{2}{\pi \alpha r}}\, e^{-y^2}, \qquad r = \frac{1}{(1 - C)^2}.

Eliminating :math:`r` and :math:`C` leaves one equation for :math:`y`,

.. math:: \sqrt{2\alpha} = g(y) = \frac{\operatorname{erf} y}{y} - \frac{2}{\sqrt\pi}\, e^{-y^2}.

:math:`g` has one maximum, at :math:`y_c = 1.5112`. Half its square is the critical load :math:`\alpha_c = 0.137906`, where :math:`m`
falls from 0.9674 to nothing; retrieval is the branch :math:`y > y_c`. The energy per unit of a retrieval state is

.. math::
    \frac{H}{N} = \frac{\alpha}{2} + \frac{m^2}{2} + \frac{\alpha r C}{2} - \frac{\alpha}{2 (1 - C)}
    - m \operatorname{erf} y - \sqrt{\frac{2 \alpha r}{\pi}}\, e^{-y^2}.

Sources: D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985); Ann. Phys. 173, 30 (1987). Differs from the papers
in: nothing. Breaking replica symmetry raises the critical load by 0.2 % (K. Steffan & R. Kuehn, Z. Phys. B 95, 249 (1994)).
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Retrieval(NamedTuple):
    """A solution of the equations at T = 0; every field has the shape of the loads asked for, NaN beyond the critical load."""

    overlap: Array
    """m, in 0.967 ... 1."""
    noise: Array
    """r, at least 1."""
    susceptibility: Array
    """C, in 0 ... 1."""
    energy: Array
    """H / N, dimensionless."""


def critical_load() -> float:
    """Return the largest load at which retrieval states exist, 0.137906.

    Examples
    --------
    >>> round(critical_load(), 6)
    0.137906
    """
    return _peak()[1]


def overlap(load: npt.ArrayLike) -> Array:
    """Return the overlap m of retrieval states.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Returns
    -------
    ndarray of float64
        Same shape; NaN beyond the critical load, where no retrieval state exists.

    Examples
    --------
    >>> overlap([0.0, 0.10, 0.20]).round(4).tolist()
    [1.0, 0.998, nan]
    """
    return retrieval(load).overlap


def retrieval(load: npt.ArrayLike) -> Retrieval:
    """Solve the equations for one or more loads.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Returns
    -------
    Retrieval

    Raises
    ------
    ValueError
        If a load is negative or NaN.

    Examples
    --------
    >>> round(float(retrieval(0.10).energy), 6)
    -0.500154
    """
    loads = np.asarray(load, float)
    if not (loads >= 0).all():
        raise ValueError(f"load must be at least 0, got {loads[~(loads >= 0)].flat[0]}")
    solutions = np.array([_solve(float(value)) for value in loads.flat], float).reshape(-1, 4)
    return Retrieval(*(column.reshape(loads.shape) for column in solutions.T))


def _noise_ratio(y: float) -> float:
    """g(y) = sqrt(2 load)."""
    return math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)


@functools.cache
def _peak() -> tuple[float, float]:
    """Locate the maximum of g: y_c and the critical load."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda y: -_noise_ratio(y), bounds=(1.0, 2.5), method="bounded", options={"xatol": 1e-9})
    return float(found.x), float(found.fun) ** 2 / 2


def _solve(load: float) -> tuple[float, float, float, float]:
    """Return m, r, C and H / N at one load."""
    from scipy.optimize import root_scalar

    if load == 0:
        return 1.0, 1.0, 0.0, -0.5
    y_peak, largest = _peak()
    if load > largest:
        return math.nan, math.nan, math.nan, math.nan
    noise_ratio = math.sqrt(2 * load)
    bracket = (y_peak, max(2 * y_peak, 2 / noise_ratio))
    y = float(root_scalar(lambda y: _noise_ratio(y) - noise_ratio, bracket=bracket, xtol=1e-14).root)
    m = math.erf(y)
    spread = m / y  # sqrt(2 load r)
    susceptibility = 2 / math.sqrt(math.pi) / spread * math.exp(-y * y)
    r = 1 / (1 - susceptibility) ** 2
    field = m * math.erf(y) + spread / math.sqrt(math.pi) * math.exp(-y * y)
    energy = load / 2 + m * m / 2 + load * r * susceptibility / 2 - load / (2 * (1 - susceptibility)) - field
    return m, r, susceptibility, energy
