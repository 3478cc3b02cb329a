r"""The coupling at which incoherence gives way to synchrony.

Oscillators of natural frequencies :math:`\omega` with the density :math:`g` turn by

.. math:: \dot\theta_i = \omega_i + \frac{K}{N} \sum_j \sin(\theta_j - \theta_i - \alpha) + \sqrt{2 D}\, \xi_i(t).

Around incoherence, a small :math:`z = N^{-1} \sum e^{i \theta_j} \sim e^{s t}` grows with the rate :math:`s` that solves

.. math:: 1 = \frac K2 e^{-i \alpha} \int \frac{g(\omega)\, d\omega}{s + D - i \omega} .

At the critical coupling :math:`s = i \Omega`. The real and the imaginary part of the equation give :math:`\Omega` and

.. math:: K_c = \frac{2}{\pi g(0)} \quad (\alpha = D = 0,\ g \text{ symmetric}), \qquad
          K_c = \frac{2 \cos\alpha}{\pi g(\Omega)} \quad (D = 0) .

======================================  =============================  =========================================
frequencies                             :math:`K_c`                    with lag and noise
======================================  =============================  =========================================
Lorentzian, half-width :math:`\Delta`   :math:`2 \Delta`               :math:`2 (\Delta + D) / \cos\alpha`
Gaussian, deviation :math:`\sigma`      :math:`\sqrt{8/\pi}\,\sigma`   by root
uniform in :math:`\pm\gamma`            :math:`4 \gamma / \pi`         by root
======================================  =============================  =========================================

Symbols: :math:`K` coupling, :math:`\alpha` phase lag (rad), :math:`D` strength of the noise; time is dimensionless.

Sources, not read in the original, the equations derived anew: Y. Kuramoto, Lect. Notes Phys. 39, 420 (1975); H. Sakaguchi & Y. Kuramoto,
Prog. Theor. Phys. 76, 576 (1986); S. H. Strogatz & R. E. Mirollo, J. Stat. Phys. 63, 613 (1991); T. Ichinomiya, Phys. Rev. E 70, 026116
(2004). Differs from the papers in: lag and noise at the same time.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.oscillators.theory._arrays import attractive_lag, checked, number, root_around
from neurosim.oscillators.theory._densities import Density, density_of


class Onset(NamedTuple):
    """Where incoherence loses its stability."""

    coupling: float
    """K_c."""
    frequency: float
    """Frequency with which order begins to turn, relative to the middle of the distribution."""


def critical_coupling(
    frequencies: str | Callable[[float], float] = "lorentzian", width: float = 1.0, *, lag: float = 0.0, noise: float = 0.0
) -> float:
    """Return the coupling above which incoherence is unstable.

    Parameters
    ----------
    frequencies : str or callable
        ``"lorentzian"``, ``"gaussian"``, ``"uniform"``, or a density g(omega) with one maximum, at 0 or near it, and the integral 1.
    width : float
        Half-width, standard deviation or half-range of a named distribution, above 0.
    lag : float
        Phase lag in radians, between -pi/2 and pi/2.
    noise : float
        Strength D of white noise, at least 0.

    Returns
    -------
    float

    Examples
    --------
    >>> [round(critical_coupling(name), 6) for name in ("lorentzian", "gaussian", "uniform")]
    [2.0, 1.595769, 1.27324]
    >>> round(critical_coupling(lambda omega: 1 / (2 * np.cosh(omega * np.pi / 2))), 6)  # 2 / (pi g(0))
    1.27324
    >>> round(critical_coupling("lorentzian", lag=0.6, noise=0.5), 6)  # 3 / cos(0.6)
    3.634885
    """
    return critical_point(frequencies, width, lag=lag, noise=noise).coupling


def critical_point(
    frequencies: str | Callable[[float], float] = "lorentzian", width: float = 1.0, *, lag: float = 0.0, noise: float = 0.0
) -> Onset:
    """Return the critical coupling and the frequency at which order sets in.

    Parameters
    ----------
    frequencies, width, lag, noise
        As in :func:`critical_coupling`.

    Returns
    -------
    Onset

    Examples
    --------
    >>> onset = critical_point("gaussian", lag=0.6)
    >>> round(onset.coupling, 4), round(onset.frequency, 4)
    (1.7757, -0.773)
    """
    density, alpha, strength = density_of(frequencies, width), attractive_lag(lag), number("noise", noise, least=0.0)
    frequency = 0.0 if density.symmetric and alpha == 0 else _turning(density, alpha, strength)
    return Onset(2 / (cmath.rect(1, -alpha) * density.response(strength, frequency)).real, frequency)


def identical_critical_coupling(noise: float, *, lag: float = 0.0) -> float:
    r"""Return the critical coupling of equal oscillators in noise, :math:`2 D / \cos\alpha`.

    Parameters
    ----------
    noise : float
        D, at least 0.
    lag : float
        Phase lag in radians, between -pi/2 and pi/2.

    Returns
    -------
    float

    Examples
    --------
    >>> identical_critical_coupling(0.5)
    1.0
    """
    return 2 * number("noise", noise, least=0.0) / math.cos(attractive_lag(lag))


def annealed_critical_coupling(
    degrees: npt.ArrayLike, frequencies: str | Callable[[float], float] = "lorentzian", width: float = 1.0
) -> float:
    r"""Return the critical coupling of one edge in an uncorrelated random graph, by mean field over the degrees.

    .. math:: \lambda_c = \frac{2}{\pi g(0)} \frac{\langle k \rangle}{\langle k^2 \rangle}

    for :math:`\dot\theta_i = \omega_i + \lambda \sum_j A_{ij} \sin(\theta_j - \theta_i)` with frequencies that know nothing of the degrees.
    It replaces an oscillator's neighbours by their mean: close where degrees are large, not exact.

    Parameters
    ----------
    degrees : array_like
        Number of neighbours of each oscillator, at least 0 and not all 0.
    frequencies, width
        As in :func:`critical_coupling`.

    Returns
    -------
    float

    Examples
    --------
    >>> annealed_critical_coupling([10, 10, 10, 10])
    0.2
    """
    k = checked("degrees", degrees, least=0.0)
    if not k.any():
        raise with_hint(ValueError("degrees must not all be 0, got no edge"), "oscillators without neighbours cannot synchronise")
    return critical_coupling(frequencies, width) * float(np.mean(k) / np.mean(k**2))


def _turning(density: Density, alpha: float, noise: float) -> float:
    """Return the frequency at which exp(-i alpha) R is real."""
    return root_around(lambda omega: (cmath.rect(1, -alpha) * density.response(noise, omega)).imag, 0.0, density.scale)
