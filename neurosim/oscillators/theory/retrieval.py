r"""How much an oscillatory memory recalls: self-consistent signal and noise, at any load.

N oscillators of coupling 1 store P = :math:`\alpha` N random patterns by Hebb's rule (:mod:`neurosim.oscillators.memory`). Next to a
pattern, with its phases taken off, an oscillator sees the overlap m as signal and all other patterns as noise. A pattern that is not
recalled answers to its own small overlap: with the susceptibility C of the phases the overlaps, and with them the noise, grow by
:math:`1 / (1 - C)`, and each oscillator sees itself through the others. For equal frequencies these are the replica-symmetric equations of
the energy at zero temperature.

**Patterns of phases.** The noise :math:`\sigma (z_1 + i z_2)` is the same in all directions, :math:`\sigma^2 = \alpha / 2 (1 - C)^2`, and
an oscillator takes the phase of what it sees, :math:`e^{i\theta} = h / |h|` with :math:`h = m + \sigma (z_1 + i z_2)`. With
:math:`u = m^2 / 4 \sigma^2` and the modified Bessel functions :math:`I_0` and :math:`I_1`

.. math::
    m = \sqrt{\frac{\pi u}{2}} \, e^{-u} [I_0(u) + I_1(u)], \qquad
    C = \frac{1}{2} \Bigl\langle \frac{1}{|h|} \Bigr\rangle = \frac{1}{2 \sigma} \sqrt{\frac{\pi}{2}} \, e^{-u} I_0(u), \qquad
    \alpha = \frac{\pi}{4} \bigl[ e^{-u} I_1(u) \bigr]^2 .

The last has its maximum, the critical load 0.0377, at u = 1.545, where m falls from 0.9036 to nothing. For few patterns
:math:`m \approx 1 - \alpha`.

**Patterns of signs.** Noise along the pattern and across it differ, :math:`\sigma_a^2 = \alpha q_a / (1 - C_a)^2` for a = x, y, with
:math:`q_x = \langle \cos^2 \theta \rangle`, :math:`q_y = 1 - q_x`, :math:`C_x = \langle z_x \cos\theta \rangle / \sigma_x` and
:math:`C_y = \langle z_y \sin\theta \rangle / \sigma_y`. What an oscillator sees of itself no longer drops out: :math:`\theta` maximises

.. math::
    (m + \sigma_x z_x) \cos \theta + \sigma_y z_y \sin \theta + \frac{D}{2} \sin^2 \theta, \qquad
    D = \frac{\alpha C_y}{1 - C_y} - \frac{\alpha C_x}{1 - C_x} .

Read as signs they overlap with the pattern by :math:`\operatorname{erf} (m / \sqrt 2 \sigma_x)`, since :math:`\cos \theta` has the sign of
:math:`m + \sigma_x z_x`. Phases always lean across, :math:`q_y > 0`: noise across adds up over many patterns without a signal to hold it.
For few patterns :math:`m \approx 1 - \sqrt\alpha`, and the critical load is 0.0397, where m = 0.67. Signs that cannot turn, those of
Hopfield's network, reach 0.1379 (:mod:`neurosim.hopfield.theory`).

**Frequencies that differ.** Let natural frequencies have a normal distribution of standard deviation w. Oscillators of
:math:`|\omega| < |h|` lock, an angle :math:`\arcsin(\omega / |h|)` ahead, the others drift. On average one of them gives
:math:`R(|h|) h / |h|`, and the mean square of what each gives is :math:`Q(|h|)`,

.. math::
    R = \Bigl\langle \sqrt{1 - \omega^2 / h^2} \Bigr\rangle_{\mathrm{locked}}, \qquad
    Q = \langle 1 \rangle_{\mathrm{locked}}
      + \Bigl\langle \frac{\omega^2}{h^2} \Bigl( 1 - \sqrt{1 - h^2 / \omega^2} \Bigr)^2 \Bigr\rangle_{\mathrm{drifting}}, \qquad
    \sigma^2 = \frac{\alpha \langle Q \rangle}{2 (1 - C)^2} ,

where averages over parts of the oscillators are not divided by their share. With one pattern m = R(m), Kuramoto's equation. The noise that
drifting oscillators make in time is left out, so this part is an approximation.

Sources: for patterns of phases (a critical load of 0.038) A. J. Noest, Neural Information Processing Systems (AIP, 1988), 584, and J. Cook,
J. Phys. A 22, 2057 (1989), neither of them read; for natural frequencies T. Aonishi, K. Kurata & M. Okada, Phys. Rev. Lett. 82, 2800
(1999), abstract read. The equations were derived again, those for signs without a source. Differs from the papers in: not known.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real

Array = npt.NDArray[np.float64]

REACH = 7.0
"""Standard deviations of the noise that averages reach."""
NO_NOISE = 1e-4
"""Noise that is taken as none."""
LEAST = 0.6
"""Overlap down to which the states of patterns of signs are followed; the critical load lies before."""


def phase_overlap(load: npt.ArrayLike, *, width: float = 0.0) -> Array:
    """Return the overlap with a recalled pattern of phases; NaN beyond the critical load.

    Parameters
    ----------
    load : array_like
        Patterns per oscillator, at least 0.
    width : float
        Standard deviation of the natural frequencies relative to the coupling, at least 0.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> phase_overlap([0.01, 0.03, 0.04]).round(4)
    array([0.9891, 0.9559,    nan])
    >>> float(phase_overlap(0.01, width=0.3).round(3))
    0.914
    """
    noise_at_most, _ = _phase_peak(real("width", width, least=0))
    return _each(lambda one: _phase_overlap(one, width, noise_at_most), load)


def critical_phase_load(width: float = 0.0) -> float:
    """Return the largest load at which patterns of phases are recalled; 0 where oscillators do not even hold one.

    Parameters
    ----------
    width : float
        Standard deviation of the natural frequencies relative to the coupling, at least 0.

    Examples
    --------
    >>> round(critical_phase_load(), 5)
    0.0377
    >>> critical_phase_load(0.65)                                       # Kuramoto's transition lies at sqrt(pi / 8) = 0.627
    0.0
    """
    return _phase_peak(real("width", width, least=0))[1]


def sign_overlap(load: npt.ArrayLike) -> Array:
    """Return the overlap with a recalled pattern of signs, by oscillators of equal frequencies; NaN beyond the critical load.

    Parameters
    ----------
    load : array_like
        Patterns per oscillator, at least 0.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> sign_overlap([0.01, 0.03, 0.04]).round(3)
    array([0.882, 0.766,   nan])
    """
    curve, (edge, largest) = _sign_curves()[0], _sign_peak()

    def overlap(one: float) -> float:
        if one > largest or one == 0:
            return math.nan if one else 1.0
        return _zero(lambda m: float(curve(m)) - math.sqrt(one), edge, 1.0)

    return _each(overlap, load)


def read_overlap(load: npt.ArrayLike) -> Array:
    """Return the overlap with a recalled pattern of signs of phases that are read as signs; NaN beyond the critical load.

    Parameters
    ----------
    load : array_like
        Patterns per oscillator, at least 0.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> read_overlap([0.02, 0.03, 0.035, 0.039]).round(3)
    array([1.   , 0.999, 0.996, 0.978])
    """
    from scipy.special import erf

    overlaps = sign_overlap(load)
    along = _sign_curves()[1]
    with np.errstate(divide="ignore"):
        return erf(overlaps / np.sqrt(2) / np.maximum(along(overlaps), 0.0))


def critical_sign_load() -> float:
    """Return the largest load at which oscillators of equal frequencies recall patterns of signs.

    Examples
    --------
    >>> round(critical_sign_load(), 4)
    0.0397
    """
    return _sign_peak()[1]


def _zero(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that changes sign between two bounds is zero."""
    from scipy.optimize import brentq

    found: Any = brentq(function, low, high, xtol=1e-12)
    return float(found)


def _each(overlap: Callable[[float], float], load: npt.ArrayLike) -> Array:
    """Return the overlap at each load; none and few patterns are recalled without loss."""
    loads = np.asarray(load, np.float64)
    if not (loads >= 0).all():
        raise ValueError(f"load must be at least 0, got {loads[~(loads >= 0)].flat[0]}")
    return np.array([overlap(one) for one in loads.flat]).reshape(loads.shape)


# --- patterns of phases -----------------------------------------------------------------------------------------------------------


def _phase_overlap(load: float, width: float, noise_at_most: float) -> float:
    if not noise_at_most or load > _phase_state(noise_at_most, width)[0]:
        return math.nan
    excess = functools.cache(lambda noise: _phase_state(noise, width)[0] - load)
    noise = _zero(excess, 0.0, noise_at_most) if load else 0.0
    return _phase_state(noise, width)[1]


@functools.cache
def _phase_peak(width: float) -> tuple[float, float]:
    """Return the noise at the critical load, and that load."""
    from scipy.optimize import minimize_scalar

    if width >= math.sqrt(math.pi / 8):
        return 0.0, 0.0
    found: Any = minimize_scalar(
        lambda noise: -_phase_state(noise, width)[0], bounds=(1e-3, 0.6), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x), float(-found.fun)


def _phase_state(noise: float, width: float) -> tuple[float, float]:
    """Return the load at which the noise has this size, and the overlap; load 0 where no such state exists."""
    if noise < NO_NOISE:
        return 0.0, _signal(0.0, width)
    if width == 0:
        return _phase_state_of_equals(noise)
    m = _signal(noise, width)
    if not m:
        return 0.0, 0.0
    size, density, cosine = _sizes(m, noise)
    locked, square = _responses(size, width)
    susceptibility = float(np.sum(density * locked * (size - m * cosine))) / (2 * noise**2)
    return 2 * (noise * max(1 - susceptibility, 0.0)) ** 2 / float(np.sum(density * square)), m


def _phase_state_of_equals(noise: float) -> tuple[float, float]:
    """Return load and overlap for equal frequencies, in closed form but for the root."""
    from scipy.special import ive

    def ratio(u: float) -> float:
        return float(math.sqrt(math.pi / 8) * (ive(0, u) + ive(1, u))) - noise

    if ratio(0.0) <= 0:
        return 0.0, 0.0
    u = _zero(ratio, 0.0, 1 / NO_NOISE**2)
    return math.pi / 4 * float(ive(1, u)) ** 2, 2 * math.sqrt(u) * noise


def _signal(noise: float, width: float) -> float:
    """Return the overlap that noise of this size leaves, the largest solution of m = <R(|h|) cos arg h>; 0 where there is none."""
    if width == 0 and noise == 0:
        return 1.0

    def excess(m: float) -> float:
        if not noise:
            return float(_responses(np.array([m]), width)[0][0]) - m
        size, density, cosine = _sizes(m, noise)
        return float(np.sum(density * _responses(size, width)[0] * cosine)) - m

    return _zero(excess, 1e-3, 1.0) if excess(1e-3) > 0 else 0.0


def _sizes(m: float, noise: float) -> tuple[Array, Array, Array]:
    """Return sizes of the signal m with noise in all directions, their weights (Rice's density), and the mean cosine at each."""
    from scipy.special import ive

    size, weight = _nodes(160, max(0.0, m - REACH * noise), m + REACH * noise)
    x = m * size / noise**2
    return size, weight * size / noise**2 * np.exp(-((size - m) ** 2) / (2 * noise**2)) * ive(0, x), ive(1, x) / ive(0, x)


def _responses(size: Array, width: float) -> tuple[Array, Array]:
    """Return R and Q of oscillators that see signals of these sizes."""
    from scipy.special import ive

    y = size**2 / (4 * width**2)
    locked = math.sqrt(math.pi / 8) * size / width * (ive(0, y) + ive(1, y))
    grid, values = _squares(width)
    return locked, np.interp(size, grid, values)


@functools.cache
def _squares(width: float) -> tuple[Array, Array]:
    """Return sizes of signals, and Q of each."""
    from scipy.special import erf

    size = np.linspace(1e-4, 6.0, 2000)[:, None]
    beyond, weight = _nodes(80, 0.0, 8.0 * width + 0.5)
    omega = size + beyond
    density = np.exp(-(omega**2) / (2 * width**2)) / (width * math.sqrt(2 * math.pi))
    drifting = 2 * np.sum(weight * density * (omega / size * (1 - np.sqrt(1 - (size / omega) ** 2))) ** 2, axis=1)
    return size[:, 0], erf(size[:, 0] / (width * math.sqrt(2))) + drifting


# --- patterns of signs ------------------------------------------------------------------------------------------------------------


@functools.cache
def _sign_curves() -> tuple[Any, Any]:
    """Return the square root of the load, and the noise along the pattern, as functions of the overlap, LEAST ... 1."""
    from scipy.interpolate import CubicSpline
    from scipy.optimize import root

    grid = np.arange(0.92, LEAST - 0.005, -0.02)
    states = [np.array([0.0762, 0.405, 0.069, 0.0050])]
    for m in grid:
        found: Any = root(_sign_equations, states[-1], args=(m,), tol=1e-9, options={"eps": 1e-6})
        states.append(found.x)
    along, _, _, load = np.array(states[:0:-1]).T
    overlaps = np.append(grid[::-1], 1.0)
    return CubicSpline(overlaps, np.append(np.sqrt(load), 0.0)), CubicSpline(overlaps, np.append(along, 0.0))


@functools.cache
def _sign_peak() -> tuple[float, float]:
    """Return the overlap at the critical load, and that load."""
    from scipy.optimize import minimize_scalar

    curve = _sign_curves()[0]
    found: Any = minimize_scalar(lambda m: -float(curve(m)), bounds=(LEAST, 0.8), method="bounded", options={"xatol": 1e-9})
    return float(found.x), float(found.fun) ** 2


def _sign_equations(state: Array, m: float) -> list[float]:
    """Return by how much the noise along and across, D and the load miss each other at an overlap."""
    along, across, self_field, load = state
    overlap, along_answer, across_answer, square = _sign_averages(m, along, across, self_field)
    root_load = math.sqrt(max(load, 0.0))
    back = load * (across_answer / (1 - across_answer) - along_answer / (1 - along_answer))
    return [
        overlap - m,
        along * (1 - along_answer) - root_load * math.sqrt(square),
        across * (1 - across_answer) - root_load * math.sqrt(1 - square),
        self_field - back,
    ]


def _sign_averages(m: float, along: float, across: float, self_field: float) -> tuple[float, float, float, float]:
    """Return <cos>, both susceptibilities and <cos^2>."""
    noise, weight = _half_plane()
    theta = _directions(m + along * noise.real, across * noise.imag, self_field)
    cosine, sine = np.cos(theta), np.sin(theta)
    average = [float(np.sum(weight * what)) for what in (cosine, cosine * noise.real, sine * noise.imag, cosine**2)]
    return average[0], average[1] / along, average[2] / across, average[3]


def _directions(x: Array, y: Array, self_field: float) -> Array:
    """Return the angles between 0 and pi that maximise x cos + y sin + D sin^2 / 2, for y > 0: Newton's steps within brackets."""
    low, high, theta = np.zeros_like(x), np.full_like(x, math.pi), np.arctan2(y, x)
    for _ in range(20):
        sine, cosine = np.sin(theta), np.cos(theta)
        force = -x * sine + y * cosine + self_field * sine * cosine
        slope = -x * cosine - y * sine + self_field * (cosine**2 - sine**2)
        low, high = np.where(force > 0, theta, low), np.where(force > 0, high, theta)
        step = theta - force / np.where(slope < 0, slope, -1.0)
        theta = np.where((slope < 0) & (step > low) & (step < high), step, (low + high) / 2)
    return theta


# --- averages over the noise ------------------------------------------------------------------------------------------------------


@functools.cache
def _half_plane() -> tuple[npt.NDArray[np.complex128], Array]:
    """Return complex normal numbers of positive imaginary part, and weights of sum 1."""
    x, x_weight = _nodes(48, -REACH, REACH)
    y, y_weight = _nodes(32, 0.0, REACH)
    density = np.outer(x_weight * np.exp(-(x**2) / 2), y_weight * np.exp(-(y**2) / 2)).ravel()
    return (x[:, None] + 1j * y).ravel(), density / density.sum()


def _nodes(count: int, low: float, high: float) -> tuple[Array, Array]:
    """Return places and weights of Gauss and Legendre between two bounds."""
    places, weights = _legendre(count)
    return (places + 1) / 2 * (high - low) + low, weights * (high - low) / 2


@functools.cache
def _legendre(count: int) -> tuple[Array, Array]:
    """Return places and weights of Gauss and Legendre between -1 and 1."""
    return np.polynomial.legendre.leggauss(count)
