r"""Natural frequencies drawn from a distribution, or placed at its quantiles.

Random frequencies make the order parameter scatter from draw to draw by about :math:`N^{-1/2}`. Frequencies at the quantiles
:math:`(i + \frac12) / N` remove that scatter: one network of N oscillators then stands for the distribution itself.

======================= ================================================================= ===========================
distribution            density                                                           critical coupling
======================= ================================================================= ===========================
:func:`lorentzian`      :math:`\dfrac{\Delta / \pi}{(\omega - \omega_0)^2 + \Delta^2}`    :math:`2 \Delta`
:func:`gaussian`        normal of mean :math:`\omega_0`, standard deviation               :math:`2 \sigma \sqrt{2 / \pi}`
                        :math:`\sigma`
:func:`uniform`         :math:`1 / (2 \gamma)` between :math:`\omega_0 \pm \gamma`        :math:`4 \gamma / \pi`
======================= ================================================================= ===========================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole

Array = npt.NDArray[np.float64]


def lorentzian(n: int, *, width: float = 1.0, center: float = 0.0, rng: np.random.Generator | None = None) -> Array:
    """Return frequencies with a Lorentz (Cauchy) distribution.

    Parameters
    ----------
    n : int
        Oscillators.
    width : float
        Half-width at half maximum, above 0.
    center : float
    rng : numpy.random.Generator, optional
        Draws them; without it they are the quantiles, ascending. Tails are not cut.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> lorentzian(4, width=2.0).round(3)
    array([-4.828, -0.828,  0.828,  4.828])
    """
    return center + _width(width) * np.tan(np.pi * (_places(n, rng) - 0.5))


def gaussian(n: int, *, width: float = 1.0, center: float = 0.0, rng: np.random.Generator | None = None) -> Array:
    """Return frequencies with a normal distribution.

    Parameters
    ----------
    n : int
        Oscillators.
    width : float
        Standard deviation, above 0.
    center : float
    rng : numpy.random.Generator, optional
        Draws them; without it they are the quantiles, ascending.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> gaussian(3).round(4)
    array([-0.9674,  0.    ,  0.9674])
    """
    from scipy.special import ndtri

    width = _width(width)
    return center + width * (ndtri(_places(n, None)) if rng is None else rng.standard_normal(whole("n", n, 1)))


def uniform(n: int, *, width: float = 1.0, center: float = 0.0, rng: np.random.Generator | None = None) -> Array:
    """Return frequencies spread evenly between center - width and center + width.

    Parameters
    ----------
    n : int
        Oscillators.
    width : float
        Half-width, above 0.
    center : float
    rng : numpy.random.Generator, optional
        Draws them; without it they are the quantiles, ascending.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> uniform(4)
    array([-0.75, -0.25,  0.25,  0.75])
    """
    return center + _width(width) * (2.0 * _places(n, rng) - 1.0)


def _places(n: int, rng: np.random.Generator | None) -> Array:
    """Return numbers between 0 and 1: the middles of n equal parts, or random ones."""
    n = whole("n", n, 1)
    return (np.arange(n) + 0.5) / n if rng is None else rng.uniform(np.finfo(float).tiny, 1.0, n)


def _width(width: float) -> float:
    return real("width", width, above=0)
