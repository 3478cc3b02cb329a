r"""Ott and Antonsen's reduction: the order parameter of Lorentzian oscillators obeys one complex equation.

On the manifold where the phases of the oscillators of any one frequency are spread as a Poisson kernel,

.. math:: \rho(\theta) = \frac{1}{2 \pi} \frac{1 - |z|^2}{|1 - \bar z e^{i \theta}|^2}, \qquad \langle e^{i n \theta} \rangle = z^n,

infinitely many oscillators with Lorentzian frequencies (middle :math:`\omega_0`, half-width :math:`\Delta`) have

.. math:: \dot z = (i \omega_0 - \Delta) z + \frac K2 \left( e^{-i \alpha} z - e^{i \alpha} \bar z z^2 \right) .

The manifold attracts (Ott and Antonsen 2009) where frequencies are spread; phases drawn independently of the frequencies from one Poisson
kernel lie on it. With :math:`u = r^2`, :math:`b = K \cos\alpha / 2` and :math:`a = b - \Delta`, Bernoulli's equation
:math:`\dot u = 2 u (a - b u)` has the solution

.. math::
    u(t) = \frac{u_0 e^{2 a t}}{1 + 2 b u_0 I}, \qquad I = \frac{e^{2 a t} - 1}{2 a}, \qquad
    \psi(t) = \psi_0 + \omega_0 t - \frac{K \sin\alpha}{2} \left( t + \frac{\ln (1 + 2 b u_0 I)}{2 b} \right).

Several populations :math:`s` with coupling :math:`K_{ss'}` from :math:`s'` to :math:`s`, each Lorentzian, obey

.. math::
    \dot z_s = (i \omega_s - \Delta_s) z_s + \tfrac12 \left( H_s - \bar H_s z_s^2 \right), \qquad
    H_s = e^{-i \alpha} \sum_{s'} K_{ss'} z_{s'},

which is integrated. A sum of Lorentzians, as of a distribution with two maxima, is the case of equal rows. Phases of a given :math:`z` are
Moebius images of even ones,

.. math:: \theta = \arg z + 2 \arctan \left( \frac{1 - r}{1 + r} \tan \pi (p - \tfrac12) \right), \qquad 0 < p < 1 .

Symbols: :math:`z = r e^{i \psi}` order parameter, :math:`K` coupling, :math:`\alpha` lag (rad), :math:`t` dimensionless time.

Sources, not read in the original, the equations derived anew: E. Ott & T. M. Antonsen, Chaos 18, 037113 (2008); Chaos 19, 023117 (2009);
E. A. Martens et al., Phys. Rev. E 79, 026204 (2009); S. A. Marvel, R. E. Mirollo & S. H. Strogatz, Chaos 19, 043104 (2009). Differs from
the papers in: the closed form with lag.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.oscillators.theory._arrays import Array, Complex, checked, number, order_parameter

NOTHING = 1e-100
"""Order that counts as none: squares of what is smaller are 0 in the integrator's arithmetic, and its errors no numbers."""


def ott_antonsen(
    times: npt.ArrayLike, start: complex, coupling: float, width: float = 1.0, *, center: float = 0.0, lag: float = 0.0
) -> Complex:
    """Return the order parameter of Lorentzian oscillators over time, in closed form.

    Parameters
    ----------
    times : array_like
        Times, at least 0, any shape.
    start : complex
        Order parameter at time 0, at most 1 in modulus.
    coupling : float
        K; negative repels.
    width : float
        Half-width of the frequencies, at least 0.
    center : float
        Middle of the frequencies.
    lag : float
        Phase lag in radians.

    Returns
    -------
    ndarray of complex128

    Examples
    --------
    >>> abs(ott_antonsen([0.0, 1.0, 5.0, 100.0], 0.1, coupling=4.0)).round(4)
    array([0.1   , 0.256 , 0.7063, 0.7071])
    >>> z = ott_antonsen([100.0, 101.0], 0.5j, coupling=3.0, lag=0.6)
    >>> abs(z).round(4), float(np.angle(z[1] / z[0]).round(4))
    (array([0.4385, 0.4385]), -1.0098)
    """
    t, z = checked("times", times, least=0.0), order_parameter("start", start)
    k, delta, alpha = number("coupling", coupling), number("width", width, least=0.0), number("lag", lag)
    growth, squares = _bernoulli(t, abs(z) ** 2, 0.5 * k * math.cos(alpha), delta)
    turned = number("center", center) * t - 0.5 * k * math.sin(alpha) * (t + squares)
    return np.asarray(z * growth * np.exp(1j * turned), np.complex128)


def ott_antonsen_populations(
    times: npt.ArrayLike,
    start: npt.ArrayLike,
    coupling: npt.ArrayLike,
    width: npt.ArrayLike = 0.0,
    *,
    center: npt.ArrayLike = 0.0,
    lag: npt.ArrayLike = 0.0,
) -> Complex:
    """Integrate the order parameters of several Lorentzian populations.

    Parameters
    ----------
    times : array_like, (n_times,)
        Times, at least 0 and rising.
    start : array_like, (n_populations,)
        Complex order parameters at time 0, at most 1 in modulus.
    coupling : array_like, (n_populations, n_populations)
        Coupling to the population of the row from that of the column.
    width, center : array_like
        Half-width and middle of the frequencies, one for all or one for each population.
    lag : array_like
        Phase lag in radians, one for all or one for each pair.

    Returns
    -------
    ndarray of complex128, (n_times, n_populations)

    Examples
    --------
    >>> strengths = [[0.6, 0.4], [0.4, 0.6]]  # the chimera of two populations
    >>> z = ott_antonsen_populations([0.0, 1000.0], [1.0, 0.7 * np.exp(0.2j)], strengths, lag=np.pi / 2 - 0.1)
    >>> abs(z[-1]).round(4)
    array([1.    , 0.7292])
    """
    from scipy import integrate

    t, z, pull, rate = _populations(times, start, coupling, width, center, lag)
    z = np.where(abs(z) < NOTHING, 0.0, z)

    def slope(_: float, z: Complex) -> Complex:
        field = pull @ z
        return rate * z + 0.5 * (field - field.conj() * z * z)

    found: Any = integrate.solve_ivp(slope, (0.0, float(t[-1])), z, "DOP853", t_eval=t, rtol=1e-10, atol=1e-12)
    return np.ascontiguousarray(found.y.T)


def poisson_phases(z: complex, n: int, *, rng: np.random.Generator | None = None, scatter: bool = False) -> Array:
    r"""Return phases spread as the Poisson kernel of mean z.

    Parameters
    ----------
    z : complex
        Order parameter, at most 1 in modulus.
    n : int
        Number of phases.
    rng : numpy.random.Generator, optional
        Draws independent phases. Without it they are the quantiles :math:`(i + 1/2) / n`, whose mean is z up to :math:`r^{n - 1}`.
    scatter : bool
        Put the quantiles in an order that is spread evenly over every stretch of the list (steps of the golden section), as is wanted
        beside sorted frequencies; otherwise they rise.

    Returns
    -------
    ndarray of float64, (n,)
        Radians, within pi of the argument of z.

    Examples
    --------
    >>> phases = poisson_phases(0.6 + 0.3j, 1000)
    >>> complex(np.exp(1j * phases).mean().round(9))
    (0.6+0.3j)
    >>> poisson_phases(0.0, 4, scatter=True).round(3)
    array([-2.356,  2.356,  0.785, -0.785])
    """
    value, count = order_parameter("z", z), whole("n", n, 1)
    p = (_ranks(count, scatter) + 0.5) / count if rng is None else rng.random(count)
    r = min(abs(value), 1.0)
    return cmath.phase(value) + 2 * np.arctan((1 - r) / (1 + r) * np.tan(math.pi * (p - 0.5)))


def poisson_density(phases: npt.ArrayLike, z: complex) -> Array:
    """Return the Poisson kernel of mean z.

    Parameters
    ----------
    phases : array_like
        Radians, any shape.
    z : complex
        Order parameter, below 1 in modulus.

    Returns
    -------
    ndarray of float64
        Density per radian.

    Examples
    --------
    >>> poisson_density([0.0, np.pi], 0.5).round(4)
    array([0.4775, 0.0531])
    """
    value, theta = order_parameter("z", z), checked("phases", phases)
    if abs(value) >= 1:
        raise ValueError(f"z must be below 1 in modulus to have a density, got {value}")
    return (1 - abs(value) ** 2) / (2 * math.pi * np.abs(1 - value.conjugate() * np.exp(1j * theta)) ** 2)


def _bernoulli(t: Array, u: float, b: float, delta: float) -> tuple[Array, Array]:
    """Return r(t) / r(0) and the integral of r^2; every exponential falls, the integral of the growth is stretched to be 1 at its start."""
    a = b - delta
    fall = np.exp(-2 * abs(a) * t)
    reach = t if a == 0 else -np.expm1(-2 * abs(a) * t) / (2 * abs(a))
    if a > 0:
        rest = fall + 2 * b * u * reach
        logarithm = 2 * a * t + np.log(rest) if u else np.zeros_like(t)
        return 1 / np.sqrt(rest) if u else np.zeros_like(t), logarithm / (2 * b)
    rest = 2 * b * u * reach
    squares = np.log1p(rest) / (2 * b) if b else u * reach
    return np.sqrt(fall / (1 + rest)), squares


def _populations(times: Any, start: Any, coupling: Any, width: Any, center: Any, lag: Any) -> tuple[Array, Complex, Complex, Complex]:
    """Check the arguments; return times, order parameters, complex coupling and rates."""
    t, k = checked("times", times, least=0.0), checked("coupling", coupling)
    if t.ndim != 1 or t.size == 0 or (np.diff(t) < 0).any():
        raise ValueError(f"times must be a rising list of at least one number, got shape {t.shape}")
    z = np.array([order_parameter("start", value) for value in np.ravel(np.asarray(start))], np.complex128)
    if k.shape != (z.size, z.size):
        raise ValueError(f"coupling must have the shape {(z.size, z.size)} of {z.size} populations, got {k.shape}")
    rate = 1j * checked("center", center) - checked("width", width, least=0.0)
    pull = np.asarray(k * np.exp(-1j * checked("lag", lag)), np.complex128)
    return t, z, pull, np.broadcast_to(np.asarray(rate, np.complex128), z.shape)


def _ranks(n: int, scatter: bool) -> npt.NDArray[np.int64]:
    """Return 0 ... n - 1, or the same in steps of about 0.618 n, a number without a divisor in common with n."""
    ranks = np.arange(n)
    if not scatter:
        return ranks
    step = next(step for step in range(round(0.6180339887 * n), 2 * n + 2) if math.gcd(step, n) == 1)
    return ranks * step % n
