r"""Order in the steady state: how many oscillators lock to the field that they make themselves.

In the frame of the mean phase, turning at :math:`\Omega`, a field of strength :math:`q = K r` acts on every oscillator,

.. math:: \dot\theta = \omega - \Omega - q \sin(\theta + \alpha) .

Those with :math:`|\omega - \Omega| \le q` lock, the others drift past. With the mean phase factor :math:`h(x)` of an oscillator
:math:`x = (\omega - \Omega) / q` away (:math:`i x + \sqrt{1 - x^2}` locked, :math:`i (x - \operatorname{sgn} x \sqrt{x^2 - 1})` drifting),
order supports itself if

.. math:: \frac{e^{i \alpha}}{K} = F(q, \Omega) = \int g(\Omega + q x)\, h(x)\, dx .

The phase of this equation gives :math:`\Omega` for each :math:`q`, its modulus :math:`K = 1 / |F|` and :math:`r = q |F|`. Closed forms:

.. math::
    \text{Lorentz:} \quad r = \sqrt{1 - \frac{2 \Delta}{K \cos\alpha}}, \qquad \Omega = \omega_0 - K \sin\alpha + \Delta \tan\alpha ;

.. math::
    \text{Gauss, } \alpha = 0: \quad 1 = \frac K\sigma \sqrt{\frac \pi 8}\, e^{-y} \left[ I_0(y) + I_1(y) \right], \qquad
    y = \frac{K^2 r^2}{4 \sigma^2} .

Uniform frequencies jump at :math:`K_c = 4 \gamma / \pi` from 0 to :math:`r = \pi / 4`. For a finite list of frequencies the integral is a
sum: exact if all lock, and without the fluctuations if some drift. All of a list lock, without lag, from
:math:`K_L = \min_{q \ge \max |\omega_i|} 1 / F(q)` on, the mean of the frequencies being 0. A delay :math:`\tau` that all share acts in
the steady state as the lag :math:`\alpha + \Omega \tau`. Equal oscillators in noise have :math:`r = I_1(K r / D) / I_0(K r / D)`.

Symbols: :math:`K` coupling, :math:`\alpha` lag (rad), :math:`r` order parameter, :math:`\Omega` its frequency, :math:`D` noise.

Sources, not read in the original, the equations derived anew: Y. Kuramoto, Lect. Notes Phys. 39, 420 (1975); H. Sakaguchi & Y. Kuramoto,
Prog. Theor. Phys. 76, 576 (1986); D. Pazo, Phys. Rev. E 72, 046211 (2005); R. E. Mirollo & S. H. Strogatz, Physica D 205, 249 (2005); E.
Ott & T. M. Antonsen, Chaos 18, 037113 (2008). Differs from the papers in: nothing known.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.oscillators.theory._arrays import Array, attractive_lag, checked, each, number, root, root_around
from neurosim.oscillators.theory._densities import Density, Gaussian, Sample, density_of, sample_of

Frequencies = str | Callable[[float], float] | npt.ArrayLike


class SteadyState(NamedTuple):
    """Order and its frequency; each field has the shape of the couplings asked for."""

    order: Array
    """r; 0 where only incoherence exists."""
    frequency: Array
    """Omega; NaN where r = 0."""


def lorentzian_order(coupling: npt.ArrayLike, width: npt.ArrayLike = 1.0, lag: npt.ArrayLike = 0.0) -> Array:
    r"""Return r for Lorentzian frequencies, :math:`\sqrt{1 - 2 \Delta / (K \cos\alpha)}`, 0 where that is imaginary.

    Parameters
    ----------
    coupling : array_like
        K, finite, any shape.
    width : array_like
        Half-width of the distribution, at least 0.
    lag : array_like
        Phase lag in radians.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> lorentzian_order([1.0, 2.5, 4.0]).round(6)
    array([0.      , 0.447214, 0.707107])
    >>> lorentzian_order([3.0, 3.0, 4.0], lag=[0.3, 0.6, 1.0]).round(4)
    array([0.5497, 0.4385, 0.2731])
    """
    pull = checked("coupling", coupling) * np.cos(checked("lag", lag))
    spread = 2 * checked("width", width, least=0.0)
    ordered = (pull > spread) & (pull > 0)
    return np.sqrt(np.where(ordered, 1 - spread / np.where(ordered, pull, 1.0), 0.0))


def lorentzian_frequency(
    coupling: npt.ArrayLike, width: npt.ArrayLike = 1.0, lag: npt.ArrayLike = 0.0, center: npt.ArrayLike = 0.0
) -> Array:
    r"""Return the frequency of order for Lorentzian frequencies, :math:`\omega_0 - K \sin\alpha + \Delta \tan\alpha`; NaN where r = 0.

    Parameters
    ----------
    coupling, width, lag : array_like
        As in :func:`lorentzian_order`.
    center : array_like
        Middle of the distribution.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> lorentzian_frequency([1.0, 3.0], lag=0.6).round(4)
    array([    nan, -1.0098])
    """
    k, delta, alpha = checked("coupling", coupling), checked("width", width, least=0.0), checked("lag", lag)
    frequency = checked("center", center) - k * np.sin(alpha) + delta * np.tan(alpha)
    return np.where(lorentzian_order(k, delta, alpha) > 0, frequency, np.nan)


def gaussian_order(coupling: npt.ArrayLike, width: float = 1.0) -> Array:
    """Return r for Gaussian frequencies without lag, by Bessel functions.

    Parameters
    ----------
    coupling : array_like
        K, finite, any shape.
    width : float
        Standard deviation, above 0.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> gaussian_order([1.5, 2.0, 3.0, 5.0]).round(6)
    array([0.      , 0.715174, 0.925182, 0.978364])
    """
    density = Gaussian(number("width", width, above=0.0))
    return each(lambda k: (_gaussian(density, k),), checked("coupling", coupling), 1)[0]


def steady_state(
    coupling: npt.ArrayLike, frequencies: Frequencies = "lorentzian", width: float = 1.0, *, center: float = 0.0, lag: float = 0.0
) -> SteadyState:
    """Solve for order and its frequency, for any distribution and lag.

    Where several ordered states exist, the one of the largest order is returned.

    Parameters
    ----------
    coupling : array_like
        K, at least 0, any shape.
    frequencies : str, callable or array_like
        ``"lorentzian"``, ``"gaussian"``, ``"uniform"``; a density g(omega) with one maximum, at 0 or near it, and the integral 1; or a
        list of natural frequencies.
    width : float
        Half-width, standard deviation or half-range of a named distribution, above 0.
    center : float
        Added to all frequencies.
    lag : float
        Phase lag in radians, between -pi/2 and pi/2.

    Returns
    -------
    SteadyState

    Examples
    --------
    >>> state = steady_state([1.0, 3.0], "lorentzian", lag=0.6)
    >>> state.order.round(4), state.frequency.round(4)
    (array([0.    , 0.4385]), array([    nan, -1.0098]))
    >>> float(steady_state(3.0, "gaussian", lag=0.6).order.round(4))
    0.8458
    >>> float(steady_state(2.0, [-0.5, 0.0, 0.5]).order.round(6))  # all lock: 3 r = 1 + 2 sqrt(1 - (0.5 / 2 r)^2)
    0.977844
    """
    density, shift = _distribution(frequencies, width)
    shift, alpha = shift + number("center", center), attractive_lag(lag)
    order, frequency = each(lambda k: _solve(density, k, alpha), checked("coupling", coupling, least=0.0), 2)
    return SteadyState(order, np.asarray(frequency + shift))


def steady_order(coupling: npt.ArrayLike, frequencies: Frequencies = "lorentzian", width: float = 1.0, *, lag: float = 0.0) -> Array:
    """Return r for any distribution and lag.

    Parameters
    ----------
    coupling, frequencies, width, lag
        As in :func:`steady_state`.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> steady_order([1.2, 1.3, 2.0], "uniform").round(4)
    array([0.    , 0.8244, 0.9519])
    """
    return steady_state(coupling, frequencies, width, lag=lag).order


def locking_coupling(frequencies: npt.ArrayLike) -> float:
    """Return the coupling from which on all oscillators of a list can lock, without lag; exact for the finite list.

    Parameters
    ----------
    frequencies : array_like
        Natural frequencies, one for each oscillator.

    Returns
    -------
    float
        0 if all frequencies are equal.

    Examples
    --------
    >>> round(locking_coupling([-1.0, 1.0]), 6)  # two oscillators: the difference of the frequencies
    2.0
    >>> round(locking_coupling(np.linspace(-1, 1, 2001)), 4)  # 4 / pi for uniform frequencies
    1.2739
    """
    return _locking(sample_of(frequencies)[0])[0]


def delayed_steady_state(
    coupling: float, delay: float, width: float = 1.0, *, center: float = 0.0, lag: float = 0.0
) -> list[tuple[float, float]]:
    r"""Return all ordered states of Lorentzian frequencies with one delay for all, as pairs of order and frequency, largest order first.

    Each solves :math:`\Omega = \omega_0 - K \sin\beta + \Delta \tan\beta` with the lag :math:`\beta = \alpha + \Omega \tau`, and has
    :math:`r = \sqrt{1 - 2 \Delta / (K \cos\beta)}`. Which of them are stable is not said.

    Parameters
    ----------
    coupling : float
        K, above 0.
    delay : float
        tau, at least 0.
    width : float
        Half-width, at least 0.
    center : float
        Middle of the distribution.
    lag : float
        Phase lag in radians.

    Returns
    -------
    list of tuple of float

    Examples
    --------
    >>> [(round(r, 4), round(frequency, 4)) for r, frequency in delayed_steady_state(3.0, 0.0, lag=0.6)]
    [(0.4385, -1.0098)]
    >>> [(round(r, 3), round(frequency, 3)) for r, frequency in delayed_steady_state(6.0, 2.0, 0.1, center=3.0)]
    [(0.983, 3.131), (0.981, 0.244), (0.98, 6.014)]
    """
    k, tau, delta = number("coupling", coupling, above=0.0), number("delay", delay, least=0.0), number("width", width, least=0.0)
    omega, alpha = number("center", center), number("lag", lag)

    def excess(frequency: float) -> float:
        """Return what the equation times cos(beta), which has no poles, leaves over."""
        sine, cosine = math.sin(alpha + frequency * tau), math.cos(alpha + frequency * tau)
        return (omega - frequency) * cosine - (k * cosine - delta) * sine

    reach = k + delta
    grid = np.linspace(omega - reach, omega + reach, 2 + 64 * math.ceil(1 + 2 * reach * tau))
    values = [excess(x) for x in grid]
    found = [root(excess, a, b) for a, b, left, right in zip(grid, grid[1:], values, values[1:], strict=False) if left * right <= 0]
    states = [(float(lorentzian_order(k, delta, alpha + x * tau)), x) for x in found]
    return sorted((state for state in states if state[0] > 0), reverse=True)


def identical_order(coupling: npt.ArrayLike, noise: float) -> Array:
    r"""Return r of equal oscillators in white noise, :math:`r = I_1(K r / D) / I_0(K r / D)`.

    Parameters
    ----------
    coupling : array_like
        K, finite, any shape.
    noise : float
        D, above 0.

    Returns
    -------
    ndarray of float64
        0 up to K = 2 D.

    Examples
    --------
    >>> identical_order([1.0, 1.5, 3.0], noise=0.5).round(4)
    array([0.    , 0.7242, 0.9022])
    """
    strength = number("noise", noise, above=0.0)
    return each(lambda k: (_in_noise(k / strength),), checked("coupling", coupling), 1)[0]


def _in_noise(ratio: float) -> float:
    from scipy.special import ive

    if ratio <= 2:
        return 0.0
    return root(lambda y: float(ive(1, y) / ive(0, y)) / y - 1 / ratio, 1e-9, ratio) / ratio


def _gaussian(density: Gaussian, coupling: float) -> float:
    if coupling * density.pull(1e-12 * density.width, 0.0).real <= 1:
        return 0.0
    return root(lambda q: coupling * density.pull(q, 0.0).real - 1, 0.0, coupling) / coupling


def _distribution(frequencies: Any, width: float) -> tuple[Density | Sample, float]:
    if isinstance(frequencies, str) or callable(frequencies):
        return density_of(frequencies, width), 0.0
    return sample_of(frequencies)


def _locking(sample: Sample) -> tuple[float, float]:
    """Return the smallest coupling at which a list locks, and the field there: once to twice the largest frequency."""
    from scipy import optimize

    size = float(np.abs(sample.frequencies).max())
    if size == 0:
        return 0.0, 0.0
    found: Any = optimize.minimize_scalar(
        lambda q: -sample.pull(q, 0.0).real, bounds=(size, 2 * size), method="bounded", options={"xatol": 1e-12 * size}
    )
    best = max((-float(found.fun), float(found.x)), (sample.pull(size, 0.0).real, size))
    return 1 / best[0], best[1]


def _solve(density: Density | Sample, coupling: float, alpha: float) -> tuple[float, float]:
    """Return r and Omega: go down from the strongest field, q = K, to the first that supports itself."""
    turn, fallen = cmath.rect(coupling, -alpha), 0.0

    def excess(q: float) -> float:
        return (turn * density.pull(q, _turning(density, q, alpha))).real - 1

    for q in _fields(density, coupling, alpha):
        if excess(q) > 0:
            strength = root(excess, q, fallen) if fallen else q
            return min(strength / coupling, 1.0), _turning(density, strength, alpha)
        fallen = q
    return 0.0, math.nan


def _fields(density: Density | Sample, coupling: float, alpha: float) -> list[float]:
    """Return fields to be tried, from K down; a list that can lock does so between K and the field at its locking coupling."""
    if coupling <= 1e-6 * density.scale:
        return []
    if not isinstance(density, Sample):
        return [coupling * r for r in (*np.linspace(1.0, 0.0, 65)[:-1].tolist(), *np.geomspace(1e-2, 1e-7, 6).tolist())]
    least, field = _locking(density) if alpha == 0 else (math.inf, 0.0)
    return [coupling, field] if coupling > least > 0 else (coupling * np.linspace(1.0, 0.0, 129)[:-1]).tolist()


def _turning(density: Density | Sample, q: float, alpha: float) -> float:
    """Return the frequency at which exp(-i alpha) F is real."""
    if density.symmetric and alpha == 0:
        return 0.0
    turn = cmath.rect(1, -alpha)
    return root_around(lambda omega: (turn * density.pull(q, omega)).imag, -q * math.sin(alpha), max(min(q, density.scale), 1e-9 * q))
