r"""The chimera of two populations: equal oscillators, one half in step, the other half not.

Two populations of oscillators with equal frequencies feel their own with the strength :math:`\mu = (1 + A) / 2` and the other with
:math:`\nu = (1 - A) / 2`, both with the lag :math:`\alpha = \pi/2 - \beta`. With one population in step (:math:`z_1 = e^{i \phi_1}`) and
the other a Poisson kernel, :math:`z_2 = r e^{i \phi_2}`, the difference :math:`\psi = \phi_1 - \phi_2` and :math:`r` obey

.. math::
    \dot r = \frac{1 - r^2}{2} \left[ \mu r \cos\alpha + \nu \cos(\psi - \alpha) \right], \qquad
    \dot \psi = \frac{1 + r^2}{2 r} \left[ \mu r \sin\alpha - \nu \sin(\psi - \alpha) \right] - \mu \sin\alpha - \nu r \sin(\psi + \alpha) .

All fixed points with :math:`r < 1` lie on one curve, :math:`-\pi < \psi < -2 \beta`. With :math:`s = -\sin(\psi + \beta) / \sin\beta` and
:math:`S = -\sin\psi / \sin\beta`,

.. math:: \left( \frac{1 - A}{1 + A} \right)^2 = \frac{s \cos\beta - S / 2}{s^2 \left( S / 2 - \cos(\psi - \beta) \right)}, \qquad
          r = \frac{1 - A}{1 + A}\, s .

The smallest :math:`A` next to :math:`\psi = -2 \beta` is a saddle-node: from there on there is a chimera (towards :math:`-2 \beta`) and a
saddle. The chimera is stable if :math:`\beta < 0.2239` and up to a Hopf bifurcation; then it breathes, until its cycle meets the saddle. A
third fixed point, close to antiphase, is unstable. The eigenvalue :math:`-\mu \sin\beta - \nu r \sin(\beta - \psi)` belongs to the
population in step.

Symbols: :math:`A` disparity of the couplings, :math:`\beta` in radians; time is in units of one over the total coupling.

Sources, not read in the original, the equations derived anew: D. M. Abrams, R. Mirollo, S. H. Strogatz & D. A. Wiley, Phys. Rev. Lett.
101, 084103 (2008). Differs from the papers in: fixed points as one explicit curve, and the eigenvalue of the population in step.
"""

from __future__ import annotations

import cmath
import functools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import with_hint
from neurosim.oscillators.theory._arrays import Array, checked, number, root
from neurosim.oscillators.theory.ott_antonsen import poisson_phases


class Chimera(NamedTuple):
    """A fixed point with one population in step."""

    order: float
    """r of the other population."""
    offset: float
    """psi, phase of the population in step minus that of the other, in radians."""
    eigenvalues: tuple[complex, complex]
    """Of the motion of r and psi, the larger real part first."""
    transverse: float
    """Eigenvalue of the population in step."""

    @property
    def stable(self) -> bool:
        """Whether small disturbances die out."""
        return max(self.eigenvalues[0].real, self.transverse) < 0

    @property
    def saddle(self) -> bool:
        """Whether one eigenvalue is positive and one negative."""
        return self.eigenvalues[0].real > 0 > self.eigenvalues[1].real


def chimera_states(disparity: float, beta: float) -> list[Chimera]:
    """Return all fixed points with one population in step and the other not, smallest order first.

    Parameters
    ----------
    disparity : float
        A, above 0 and below 1.
    beta : float
        pi / 2 minus the lag, in radians, above 0 and below pi / 2.

    Returns
    -------
    list of Chimera
        The chimera and the saddle, where they exist, and an unstable state close to antiphase.

    Examples
    --------
    >>> [(round(state.order, 4), round(state.offset, 4), state.stable, state.saddle) for state in chimera_states(0.2, 0.1)]
    [(0.7292, -0.2094, True, False), (0.8834, -0.2327, False, True), (0.996, -3.0919, False, False)]
    >>> [round(state.order, 4) for state in chimera_states(0.15, 0.1)]
    [0.997]
    """
    a, b = _checked(disparity, beta)
    grid = _grid(b)
    sides = np.sign([_disparity(psi, b) - a for psi in grid])
    found = [root(lambda psi: _disparity(psi, b) - a, grid[i], grid[i + 1]) for i in np.flatnonzero(sides[1:] * sides[:-1] < 0)]
    return sorted((_state(psi, a, b) for psi in found), key=lambda state: state.order)


def chimera_state(disparity: float, beta: float) -> Chimera:
    """Return the chimera: of the fixed points the one that is stable, or was before it began to breathe.

    Parameters
    ----------
    disparity, beta : float
        As in :func:`chimera_states`.

    Returns
    -------
    Chimera

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> state = chimera_state(0.25, 0.1)
    >>> round(state.order, 4), state.stable
    (0.6324, True)
    >>> chimera_state(0.3, 0.1).stable
    False
    """
    birth = chimera_birth(beta)
    if not disparity >= birth:
        error = ValueError(f"disparity must be at least {birth:.6g} for a chimera at beta = {beta:g}, got {disparity}")
        raise with_hint(error, "chimera_birth(beta) returns where it is born")
    return chimera_states(disparity, beta)[0]


def chimera_birth(beta: float) -> float:
    """Return the disparity at which the chimera and its saddle are born.

    Parameters
    ----------
    beta : float
        In radians, above 0 and below pi / 2.

    Returns
    -------
    float
        NaN where there is no saddle-node.

    Examples
    --------
    >>> round(chimera_birth(0.1), 5)
    0.17834
    """
    b = _checked(0.5, beta)[1]
    return _disparity(_birth_offset(b), b)


def chimera_hopf(beta: float) -> float:
    """Return the disparity at which the chimera loses its stability and begins to breathe.

    Parameters
    ----------
    beta : float
        In radians, above 0 and below pi / 2.

    Returns
    -------
    float
        NaN from beta = 0.2239 on, where no chimera is stable.

    Examples
    --------
    >>> round(chimera_hopf(0.1), 4)
    0.2777
    >>> chimera_hopf(0.23)
    nan
    """
    b = _checked(0.5, beta)[1]
    return _disparity(_hopf_offset(b), b)


def chimera_end(beta: float) -> float:
    """Return the disparity at which the breathing chimera meets the saddle and is gone.

    Where the path that leaves the saddle towards smaller order runs into the cycle there is one, and none where it ends in full synchrony;
    the disparity between the two is found by bisection.

    Parameters
    ----------
    beta : float
        In radians, above 0 and below pi / 2.

    Returns
    -------
    float
        To 1e-6; NaN from beta = 0.2239 on.

    Examples
    --------
    >>> round(chimera_end(0.1), 4)
    0.3537
    """
    b = _checked(0.5, beta)[1]
    low, high = chimera_hopf(b), 1 - chimera_birth(b)
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _synchronises(middle, b) else (middle, high)
    return 0.5 * (low + high)


def chimera_rates(order: npt.ArrayLike, offset: npt.ArrayLike, disparity: float, beta: float) -> tuple[Array, Array]:
    """Return the rates of change of order and offset.

    Parameters
    ----------
    order, offset : array_like
        r of the population out of step, above 0 and at most 1, and psi in radians.
    disparity, beta : float
        As in :func:`chimera_states`.

    Returns
    -------
    tuple of ndarray of float64

    Examples
    --------
    >>> dr, dpsi = chimera_rates(0.7, -0.2, 0.2, 0.1)
    >>> round(float(dr), 5), round(float(dpsi), 5)
    (0.00051, 0.00386)
    """
    a, b = _checked(disparity, beta)
    return _rates(checked("order", order, above=0.0), checked("offset", offset), a, b)


def chimera_trajectory(times: npt.ArrayLike, order: float, offset: float, disparity: float, beta: float) -> tuple[Array, Array]:
    """Integrate the equations for order and offset.

    Parameters
    ----------
    times : array_like, (n_times,)
        Times, at least 0 and rising.
    order, offset : float
        Start: r, above 0 and at most 1, and psi in radians.
    disparity, beta : float
        As in :func:`chimera_states`.

    Returns
    -------
    tuple of ndarray of float64, (n_times,)
        r and psi.

    Examples
    --------
    >>> r, psi = chimera_trajectory([0.0, 2000.0], 0.7, -0.2, 0.2, 0.1)
    >>> r.round(4), psi.round(4)
    (array([0.7   , 0.7292]), array([-0.2   , -0.2094]))
    """
    from scipy import integrate

    a, b = _checked(disparity, beta)
    t, start = checked("times", times, least=0.0), (number("order", order, above=0.0), number("offset", offset))
    if start[0] > 1:
        raise ValueError(f"order must be at most 1, got {order}")

    def slope(_: float, w: Any) -> complex:
        """Return the rate of w = r exp(-i psi), which has no pole at r = 0."""
        return _field(complex(w[0]), a, b)

    first = cmath.rect(start[0], -start[1])
    found: Any = integrate.solve_ivp(slope, (0.0, float(t[-1])), [first], "DOP853", t_eval=t, rtol=1e-10, atol=1e-12)
    return np.abs(found.y[0]), -np.unwrap(np.angle(found.y[0])) + 2 * math.pi * round((start[1] + cmath.phase(first)) / (2 * math.pi))


def chimera_phases(n: int, disparity: float, beta: float) -> Array:
    """Return phases of two populations in the chimera: the first in step at 0, the second at the quantiles of its Poisson kernel.

    Parameters
    ----------
    n : int
        Oscillators in each population.
    disparity, beta : float
        As in :func:`chimera_state`.

    Returns
    -------
    ndarray of float64, (2 n,)
        Radians.

    Examples
    --------
    >>> phases = chimera_phases(200, 0.2, 0.1)
    >>> z = np.exp(1j * phases).reshape(2, 200).mean(1)
    >>> abs(z).round(4), float(np.angle(z[1]).round(4))
    (array([1.    , 0.7292]), 0.2094)
    """
    count, state = whole("n", n, 1), chimera_state(disparity, beta)
    return np.concatenate([np.zeros(count), poisson_phases(cmath.rect(state.order, -state.offset), count)])


def _checked(disparity: float, beta: float) -> tuple[float, float]:
    a, b = number("disparity", disparity, above=0.0), number("beta", beta, above=0.0)
    if a >= 1:
        raise ValueError(f"disparity must be below 1, got {a:g}")
    if b >= math.pi / 2:
        raise ValueError(f"beta must be below pi / 2, got {b:g}")
    return a, b


def _rates(r: Any, psi: Any, a: float, b: float) -> tuple[Any, Any]:
    mu, nu, alpha = (1 + a) / 2, (1 - a) / 2, math.pi / 2 - b
    dr = (1 - r * r) / 2 * (mu * r * math.cos(alpha) + nu * np.cos(psi - alpha))
    turn = (1 + r * r) / (2 * r) * (mu * r * math.sin(alpha) - nu * np.sin(psi - alpha))
    return dr, turn - mu * math.sin(alpha) - nu * r * np.sin(psi + alpha)


def _field(w: complex, a: float, b: float) -> complex:
    """Return the rate of change of w = z_2 / z_1, from Ott and Antonsen's equation of the second population."""
    mu, nu, lag = (1 + a) / 2, (1 - a) / 2, cmath.rect(1, b - math.pi / 2)
    other, own = lag * (mu * w + nu), lag * (mu + nu * w)
    return 0.5 * (other - other.conjugate() * w * w) - 1j * own.imag * w


def _disparity(psi: float, b: float) -> float:
    """Return A of the fixed point at psi."""
    ratio = _ratio(psi, b)
    return (1 - ratio) / (1 + ratio)


def _ratio(psi: float, b: float) -> float:
    """Return (1 - A) / (1 + A) of the fixed point at psi."""
    s, half = _pull(psi, b), -0.5 * math.sin(psi) / math.sin(b)
    return math.sqrt(max(s * math.cos(b) - half, 0.0) / (half - math.cos(psi - b))) / s


def _pull(psi: float, b: float) -> float:
    return -math.sin(psi + b) / math.sin(b)


def _state(psi: float, a: float, b: float) -> Chimera:
    r, nu = (1 - a) / (1 + a) * _pull(psi, b), (1 - a) / 2
    values = sorted(np.linalg.eigvals(_jacobian(r, psi, a, b)).tolist(), key=lambda value: (value.real, value.imag), reverse=True)
    transverse = -(1 + a) / 2 * math.sin(b) - nu * r * math.sin(b - psi)
    return Chimera(r, psi, (complex(values[0]), complex(values[1])), transverse)


def _jacobian(r: float, psi: float, a: float, b: float) -> Array:
    """Return the derivatives of the rates at a fixed point."""
    mu, nu, alpha = (1 + a) / 2, (1 - a) / 2, math.pi / 2 - b
    away, sine = (1 - r * r) / 2, nu * math.sin(psi - alpha)
    turn = r * mu * math.sin(alpha) + away / (r * r) * sine - nu * math.sin(psi + alpha)
    slip = -(1 + r * r) / (2 * r) * nu * math.cos(psi - alpha) - nu * r * math.cos(psi + alpha)
    return np.array([[away * mu * math.cos(alpha), -away * sine], [turn, slip]])


@functools.lru_cache(maxsize=64)
def _grid(b: float) -> list[float]:
    """Return offsets from -2 beta to -pi, close to both the closer, with that of the birth among them."""
    birth = _birth_offset(b)
    return sorted([*_offsets(b), birth], reverse=True) if birth == birth else _offsets(b)


def _offsets(b: float) -> list[float]:
    near, far = np.geomspace(1e-9, 0.5, 1000), 1 - np.geomspace(0.5, 1e-9, 500)[1:]
    return [-2 * b - (math.pi - 2 * b) * float(x) for x in (*near, *far)]


@functools.lru_cache(maxsize=64)
def _birth_offset(b: float) -> float:
    """Return psi of the first minimum of A along the curve, from -2 beta on; NaN if A falls all the way."""
    from scipy import optimize

    grid = _offsets(b)
    values = np.array([_disparity(psi, b) for psi in grid])
    lowest = np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] <= values[2:]))
    if lowest.size == 0:
        return math.nan
    ends = grid[lowest[0] + 2], grid[lowest[0]]
    found: Any = optimize.minimize_scalar(lambda psi: _disparity(psi, b), bounds=ends, method="bounded", options={"xatol": 1e-13})
    return float(found.x)


def _synchronises(a: float, b: float) -> bool:
    """Tell whether the path from the saddle towards smaller order ends with both populations in step."""
    from scipy import integrate

    saddle = chimera_states(a, b)[1]
    values, vectors = np.linalg.eig(_jacobian(saddle.order, saddle.offset, a, b))
    away = np.real(vectors[:, np.argmax(np.real(values))])
    r, psi = np.array([saddle.order, saddle.offset]) - 1e-6 * np.sign(away[0]) * away

    def in_step(_: float, w: Any) -> float:
        return abs(w[0]) - 0.9999

    in_step.terminal = True  # type: ignore[attr-defined]
    path: Any = integrate.solve_ivp(
        lambda _, w: _field(complex(w[0]), a, b), (0.0, 2000.0), [cmath.rect(r, -psi)], "DOP853", rtol=1e-9, atol=1e-11, events=in_step
    )
    return path.t_events[0].size > 0


def _hopf_offset(b: float) -> float:
    """Return psi where the trace along the chimeras between their birth and -2 beta changes its sign; NaN if it is never negative."""
    birth = _birth_offset(b)

    def trace(psi: float) -> float:
        ratio = _ratio(psi, b)
        return float(np.trace(_jacobian(ratio * _pull(psi, b), psi, (1 - ratio) / (1 + ratio), b)))

    if not (birth == birth and trace(birth) < 0):
        return math.nan
    return root(trace, birth, -2 * b - (math.pi - 2 * b) * 1e-9)
