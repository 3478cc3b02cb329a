r"""Order of finitely many oscillators: fluctuations below the critical coupling, scatter between draws above it.

**Below** :math:`K_c` every oscillator is, at random, seen by the others, and coupling amplifies what is seen. A component of frequency
:math:`\omega` of the field is amplified by one over the dielectric function; to leading order in :math:`1 / N`

.. math::
    N \langle r^2 \rangle = \int \frac{g(\omega)\, d\omega}{\left| 1 - \tfrac K2 e^{-i \alpha} R(\omega) \right|^2}, \qquad
    R(\omega) = \int \frac{g(\omega')\, d\omega'}{0^+ + i (\omega - \omega')} .

Lorentzian frequencies have :math:`R = 1 / (\Delta + i \omega)`, and :math:`N \langle r^2 \rangle = 1 / (1 - K / K_c)`, with lag too;
Gaussian ones :math:`R = \sqrt{\pi / 2}\, w(-\omega / \sqrt 2 \sigma) / \sigma` with Faddeeva's function :math:`w`. :math:`r` is then
distributed as the modulus of a complex Gaussian number: its mean is :math:`\sqrt{\pi / 4}` of its root mean square.

**Above** :math:`K_c` every draw of the frequencies has an order of its own. Without lag :math:`r` solves :math:`q / K = G(q)`, the mean of
:math:`\sqrt{1 - \omega^2 / q^2}` over those with :math:`|\omega| < q = K r`; a draw of :math:`N` moves :math:`G` by the standard error of
this mean, and

.. math:: N \operatorname{Var} r = \frac{\int_{-q}^{q} g(\omega) (1 - \omega^2 / q^2)\, d\omega - r^2}{(1 - K G'(q))^2} .

Both diverge towards :math:`K_c`: they hold where :math:`r` and its scatter are small, and large, compared with each other.

Symbols: :math:`N` oscillators, :math:`K` coupling, :math:`\alpha` lag (rad), :math:`g` density of the frequencies.

Sources, not read in the original, the equations derived anew: H. Daido, J. Stat. Phys. 60, 753 (1990); E. J. Hildebrand, M. A. Buice & C.
C. Chow, Phys. Rev. Lett. 98, 054101 (2007). Differs from the papers in: scatter above the critical coupling, derived here, which counts
the draw of the frequencies and not the motion in time; O. E. Omel'chenko & G. A. Gottwald, arXiv 2511.03700 (2025), treat both.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import with_hint
from neurosim.oscillators.theory._arrays import Array, attractive_lag, checked, each
from neurosim.oscillators.theory._densities import Density, Lorentzian, Uniform, density_of
from neurosim.oscillators.theory.critical import critical_coupling
from neurosim.oscillators.theory.self_consistency import steady_order


def fluctuations(
    coupling: npt.ArrayLike, frequencies: str | Callable[[float], float] = "lorentzian", width: float = 1.0, *, lag: float = 0.0
) -> Array:
    r"""Return :math:`N \langle r^2 \rangle` below the critical coupling, for many oscillators with frequencies drawn at random.

    Parameters
    ----------
    coupling : array_like
        K, below the critical coupling.
    frequencies, width, lag
        As in :func:`~neurosim.oscillators.theory.critical.critical_coupling`.

    Returns
    -------
    ndarray of float64
        1 without coupling.

    Raises
    ------
    ValueError
        If a coupling is not below the critical one.

    Examples
    --------
    >>> fluctuations([0.0, 1.0, 1.5])
    array([1., 2., 4.])
    >>> fluctuations([0.5, 1.0, 1.4], "gaussian").round(4)
    array([ 1.6645,  3.5254, 12.0698])
    """
    k, density, alpha = checked("coupling", coupling), density_of(frequencies, width), attractive_lag(lag)
    critical = critical_coupling(frequencies, width, lag=alpha)
    if (high := k >= critical).any():
        error = ValueError(f"coupling must be below the critical {critical:.6g}, got {k[high].flat[0]:g}")
        raise with_hint(error, "above it ask for steady_order and order_scatter")
    if isinstance(density, Lorentzian):
        return 1 / (1 - k / critical)
    return each(lambda value: (_fluctuations(density, 0.5 * value, alpha),), k, 1)[0]


def rms_order(
    coupling: npt.ArrayLike, n: int, frequencies: str | Callable[[float], float] = "lorentzian", width: float = 1.0, *, lag: float = 0.0
) -> Array:
    """Return the root mean square of r below the critical coupling, for n oscillators with frequencies drawn at random.

    Parameters
    ----------
    coupling : array_like
        K, below the critical coupling.
    n : int
        Number of oscillators.
    frequencies, width, lag
        As in :func:`~neurosim.oscillators.theory.critical.critical_coupling`.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> rms_order([0.0, 1.0], 100).round(4)
    array([0.1   , 0.1414])
    """
    return np.sqrt(fluctuations(coupling, frequencies, width, lag=lag) / whole("n", n, 1))


def order_scatter(coupling: npt.ArrayLike, n: int, frequencies: str | Callable[[float], float] = "lorentzian", width: float = 1.0) -> Array:
    """Return the standard deviation of r between draws of n frequencies above the critical coupling, without lag.

    Parameters
    ----------
    coupling : array_like
        K, above the critical coupling.
    n : int
        Number of oscillators.
    frequencies, width
        As in :func:`~neurosim.oscillators.theory.critical.critical_coupling`.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> order_scatter([2.5, 4.0], 1600).round(4)
    array([0.0331, 0.0148])
    >>> order_scatter([2.0, 3.0], 1600, "gaussian").round(4)
    array([0.022 , 0.0038])
    """
    k, density, count = checked("coupling", coupling), density_of(frequencies, width), whole("n", n, 1)
    r = steady_order(k, frequencies, width)
    if (low := r == 0).any():
        error = ValueError(f"coupling must be above the critical {critical_coupling(frequencies, width):.6g}, got {k[low].flat[0]:g}")
        raise with_hint(error, "below it ask for fluctuations or rms_order")
    variance, slope = each(lambda q: _scatter(density, q), k * r, 2)
    return np.sqrt((variance - r * r) / count) / (1 - k * slope)


def _fluctuations(density: Density, half: float, alpha: float) -> float:
    from scipy import integrate

    def power(omega: float) -> float:
        g = density.value(omega)
        return g / abs(1 - half * cmath.rect(1, -alpha) * density.response(0.0, omega)) ** 2 if g else 0.0

    if isinstance(density, Uniform):
        return _over(power, [-density.width, 0.0, density.width])
    marks = [-8 * density.scale, -2 * density.scale, 0.0, 2 * density.scale, 8 * density.scale]
    tails: list[Any] = [integrate.quad(power, marks[-1], math.inf), integrate.quad(power, -math.inf, marks[0])]
    return _over(power, marks) + sum(tail[0] for tail in tails)


def _over(function: Callable[[float], float], marks: list[float]) -> float:
    from scipy import integrate

    return sum(integrate.quad(function, *ends, limit=400)[0] for ends in zip(marks, marks[1:], strict=False))


def _scatter(density: Density, q: float) -> tuple[float, float]:
    """Return the mean square of sqrt(1 - x^2) over the locked, and the slope of G."""
    edge = math.asin(min(density.width / q, 1.0)) if isinstance(density, Uniform) else math.pi / 2
    squares = _over(lambda phi: q * density.value(q * math.sin(phi)) * math.cos(phi) ** 3, [-edge, 0.0, edge])
    return squares, _over(lambda phi: density.value(q * math.sin(phi)) * math.sin(phi) ** 2, [-edge, 0.0, edge])
