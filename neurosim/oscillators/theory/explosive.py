r"""Explosive synchronisation of a star: the hub is faster than its leaves, and order comes and goes at different couplings.

A hub of natural frequency :math:`\omega_h` is linked to :math:`k` leaves of frequency :math:`\omega_l`; if every node has the frequency of
its degree, :math:`\Delta\omega = \omega_h - \omega_l = k - 1`. Each link pulls with the strength :math:`\lambda`. The lead of the hub
before a leaf, :math:`\varphi_j = \theta_h - \theta_j`, obeys

.. math:: \dot\varphi_j = \Delta\omega - \lambda \sum_l \sin \varphi_l - \lambda \sin \varphi_j .

**Locked.** All leaves are in step and :math:`\sin\varphi = \Delta\omega / (\lambda (k + 1))`; with :math:`\cos\varphi > 0` the state is
stable as long as it exists, and

.. math:: r = \frac{\sqrt{1 + k^2 + 2 k \cos\varphi}}{k + 1}, \qquad \lambda_b = \frac{\Delta\omega}{k + 1} = \frac{k - 1}{k + 1} .

There, coming from above, locking is lost.

**Not locked.** Leaves that differ in nothing but their phases, spread as a Poisson kernel, have
:math:`w = \langle e^{i \varphi} \rangle = x + i y` with

.. math:: \dot w = \frac\lambda2 (1 - w^2) + i \left( \Delta\omega - \lambda k y \right) w, \qquad r = \frac{|1 + k \bar w|}{k + 1} .

Besides the locked states on :math:`|w| = 1` there are fixed points at :math:`x = 0`,

.. math:: y_\pm = \frac{\Delta\omega \pm \sqrt{\Delta\omega^2 - \lambda^2 (2 k + 1)}}{\lambda (2 k + 1)} .

:math:`y_-` is a centre: around it :math:`C = (\Delta\omega - \lambda (k + 1) y) / (1 - |w|^2)^{k + 1}` is conserved and :math:`r` beats
for ever. :math:`y_+`, a saddle for :math:`\lambda > \lambda_b`, bounds the beating states. The two merge at

.. math:: \lambda_f = \frac{\Delta\omega}{\sqrt{2 k + 1}},

beyond which all lock. Between :math:`\lambda_b` and :math:`\lambda_f` the start decides: states inside the loop :math:`C = C(y_+)` beat,
states outside it lock. Leaves spread evenly (:math:`w = 0`) that are suddenly coupled lock if :math:`C(y_+) < \Delta\omega`, from
:math:`\lambda_s` on. A forward jump measured with a few leaves at random phases lies anywhere between :math:`\lambda_b` and
:math:`\lambda_f`.

Symbols: :math:`\lambda` coupling of a link, :math:`\varphi` in radians; frequencies and time are dimensionless.

Sources, not read in the original, the equations derived anew: J. Gomez-Gardenes, S. Gomez, A. Arenas & Y. Moreno, Phys. Rev. Lett. 106,
128701 (2011); V. Vlasov, Y. Zou & T. Pereira, Phys. Rev. E 92, 012904 (2015); C. Xu et al., Sci. Rep. 5, 12039 (2015). Differs from the
papers in: the conserved quantity written out, and :math:`\lambda_s`, derived here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.oscillators.theory._arrays import Array, Complex, checked, number, order_parameter, root


class StarCouplings(NamedTuple):
    """Couplings of a link at which a star changes its behaviour."""

    backward: float
    """lambda_b, below which no locked state exists."""
    sudden: float
    """lambda_s, above which evenly spread leaves that are suddenly coupled lock."""
    forward: float
    """lambda_f, above which nothing but locking exists."""


class StarLocked(NamedTuple):
    """The stable locked state; every field has the shape of the couplings asked for, NaN below lambda_b."""

    order: Array
    """r of all k + 1 oscillators."""
    lead: Array
    """Phase of the hub minus that of the leaves, in radians."""


class StarBeating(NamedTuple):
    """The centre of the beating states; every field has the shape of the couplings asked for, NaN above lambda_f."""

    order: Array
    """r of all k + 1 oscillators."""
    mean: Complex
    """w, mean of exp(i (hub - leaf)) over the leaves."""
    frequency: Array
    """Angular frequency of small beats around it."""


def star_couplings(leaves: int, gap: float | None = None) -> StarCouplings:
    """Return the three couplings of a star.

    Parameters
    ----------
    leaves : int
        k, at least 2.
    gap : float, optional
        Frequency of the hub minus that of the leaves, above 0; k - 1 if not given: frequencies equal to the degrees.

    Returns
    -------
    StarCouplings

    Examples
    --------
    >>> [round(coupling, 4) for coupling in star_couplings(10)]
    [0.8182, 1.7834, 1.964]
    """
    k, delta = _checked(leaves, gap)
    backward, forward = delta / (k + 1), delta / math.sqrt(2 * k + 1)

    def excess(coupling: float) -> float:
        return _conserved(_fixed(coupling, k, delta)[1], coupling, k, delta) - math.log(delta)

    return StarCouplings(backward, root(excess, backward * (1 + 1e-9), forward), forward)


def star_locked(coupling: npt.ArrayLike, leaves: int, gap: float | None = None) -> StarLocked:
    """Return the stable locked state of a star: the backward branch.

    Parameters
    ----------
    coupling : array_like
        lambda, above 0, any shape.
    leaves, gap
        As in :func:`star_couplings`.

    Returns
    -------
    StarLocked

    Examples
    --------
    >>> star_locked([0.8, 0.9, 2.0], 10).order.round(4)
    array([   nan, 0.9506, 0.9928])
    """
    k, delta = _checked(leaves, gap)
    sine = delta / ((k + 1) * checked("coupling", coupling, above=0.0))
    lead = np.arcsin(np.where(sine <= 1, sine, np.nan))
    return StarLocked(np.sqrt(1 + k * k + 2 * k * np.cos(lead)) / (k + 1), lead)


def star_beating(coupling: npt.ArrayLike, leaves: int, gap: float | None = None) -> StarBeating:
    """Return the centre of the states of a star that are not locked: the forward branch if it is followed slowly from evenly spread leaves.

    Parameters
    ----------
    coupling : array_like
        lambda, above 0, any shape.
    leaves, gap
        As in :func:`star_couplings`.

    Returns
    -------
    StarBeating

    Examples
    --------
    >>> star_beating([0.9, 1.9, 2.0], 10).order.round(4)
    array([0.1029, 0.1781,    nan])
    """
    k, delta = _checked(leaves, gap)
    strength = checked("coupling", coupling, above=0.0)
    square = delta * delta - strength**2 * (2 * k + 1)
    beat = np.sqrt(np.where(square >= 0, square, np.nan))
    y = strength / (delta + beat)
    frequency = np.sqrt(beat * (delta - strength * (k + 1) * y))
    return StarBeating(np.sqrt(1 + (k * y) ** 2) / (k + 1), np.asarray(1j * y, np.complex128), frequency)


def star_trajectory(times: npt.ArrayLike, start: complex, coupling: float, leaves: int, gap: float | None = None) -> Complex:
    """Integrate the mean of exp(i (hub - leaf)) over leaves whose phases are spread as a Poisson kernel.

    Parameters
    ----------
    times : array_like, (n_times,)
        Times, at least 0 and rising.
    start : complex
        w at time 0, at most 1 in modulus.
    coupling : float
        lambda.
    leaves, gap
        As in :func:`star_couplings`.

    Returns
    -------
    ndarray of complex128, (n_times,)

    Examples
    --------
    >>> abs(star_trajectory([0.0, 50.0], 0.0, 1.8, leaves=10)).round(4)
    array([0., 1.])
    >>> w = star_trajectory([0.0, 50.0], 0.0, 1.7, leaves=10)
    >>> bool(abs(w[-1]) < 0.5)
    True
    """
    from scipy import integrate

    k, delta = _checked(leaves, gap)
    t, strength, w = checked("times", times, least=0.0), number("coupling", coupling), order_parameter("start", start)

    def slope(_: float, w: Any) -> Any:
        return 0.5 * strength * (1 - w * w) + 1j * (delta - strength * k * w.imag) * w

    found: Any = integrate.solve_ivp(slope, (0.0, float(t[-1])), [w], "DOP853", t_eval=t, rtol=1e-10, atol=1e-12)
    return found.y[0]


def star_order(mean: npt.ArrayLike, leaves: int) -> Array:
    """Return r of all k + 1 oscillators of a star from the mean of exp(i (hub - leaf)) over its leaves.

    Parameters
    ----------
    mean : array_like
        w, complex, any shape.
    leaves : int
        k, at least 2.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> star_order([0.0, 1.0], 9)
    array([0.1, 1. ])
    """
    k = whole("leaves", leaves, 2)
    return np.abs(1 + k * np.conj(np.asarray(mean, complex))) / (k + 1)


def _checked(leaves: int, gap: float | None) -> tuple[int, float]:
    k = whole("leaves", leaves, 2)
    return k, float(k - 1) if gap is None else number("gap", gap, above=0.0)


def _fixed(coupling: float, k: int, delta: float) -> tuple[float, float]:
    """Return y of the centre and of the saddle."""
    beat = math.sqrt(max(delta * delta - coupling**2 * (2 * k + 1), 0.0))
    return coupling / (delta + beat), (delta + beat) / (coupling * (2 * k + 1))


def _conserved(y: float, coupling: float, k: int, delta: float) -> float:
    """Return ln C at w = i y."""
    return math.log(delta - coupling * (k + 1) * y) - (k + 1) * math.log1p(-y * y)
