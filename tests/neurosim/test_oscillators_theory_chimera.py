"""Chimera of two populations and explosive star: published numbers, Jacobians by differences, simulated oscillators, bad input."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.oscillators import theory

Array = npt.NDArray[Any]


def differences(function: Any, point: list[float], step: float = 1e-6) -> Array:
    """Return the derivatives of a function of a point by central differences."""
    moves = step * np.eye(len(point))
    return np.array([(np.array(function(*(point + m))) - np.array(function(*(point - m)))) / (2 * step) for m in moves]).T


def rk4(slope: Any, phases: Array, dt: float, steps: int) -> Array:
    """Return phases after Runge and Kutta's steps."""
    for _ in range(steps):
        a = slope(phases)
        b = slope(phases + 0.5 * dt * a)
        c = slope(phases + 0.5 * dt * b)
        phases = phases + dt / 6 * (a + 2 * b + 2 * c + slope(phases + dt * c))
    return phases


# Chimera


def test_the_published_chimera() -> None:
    stable, saddle, _ = theory.chimera_states(0.2, 0.1)
    assert (stable.order, stable.offset) == pytest.approx((0.7292, -0.2094), abs=6e-5)
    assert saddle.order == pytest.approx(0.8834, abs=6e-5)
    assert stable.stable
    assert saddle.saddle
    assert theory.chimera_state(0.25, 0.1).order == pytest.approx(0.6324, abs=6e-5)


def test_where_chimeras_are_born_and_where_they_begin_to_breathe() -> None:
    assert theory.chimera_birth(0.1) == pytest.approx(0.17834, abs=1e-5)
    assert theory.chimera_state(theory.chimera_birth(0.1) + 1e-7, 0.1).order == pytest.approx(0.8206, abs=1e-3)
    assert theory.chimera_hopf(0.1) == pytest.approx(0.2777, abs=1e-4)
    assert theory.chimera_state(theory.chimera_hopf(0.1), 0.1).order == pytest.approx(0.589, abs=1e-3)
    assert theory.chimera_birth(0.2239) == pytest.approx(0.3372, abs=1e-4)
    assert theory.chimera_hopf(0.2239) == pytest.approx(0.3372, abs=1e-3)
    assert math.isnan(theory.chimera_hopf(0.23))
    assert math.isnan(theory.chimera_birth(1.0))


@given(st.floats(0.01, 0.99), st.floats(0.02, 1.5))
@settings(max_examples=40, deadline=None)
def test_fixed_points_stand_still_and_have_their_eigenvalues(disparity: float, beta: float) -> None:
    for state in theory.chimera_states(disparity, beta):
        assert 0 < state.order < 1
        assert theory.chimera_rates(state.order, state.offset, disparity, beta) == pytest.approx((0, 0), abs=1e-8)
        slope = differences(lambda r, psi: theory.chimera_rates(r, psi, disparity, beta), [state.order, state.offset])
        trace, determinant = sum(state.eigenvalues), state.eigenvalues[0] * state.eigenvalues[1]
        assert trace == pytest.approx(np.trace(slope), abs=1e-5)
        assert determinant == pytest.approx(np.linalg.det(slope), abs=1e-5)


@pytest.mark.parametrize("beta", [0.02, 0.1, 0.2])
def test_eigenvalues_at_the_bifurcations(beta: float) -> None:
    birth, hopf = theory.chimera_birth(beta), theory.chimera_hopf(beta)
    assert abs(theory.chimera_state(birth * (1 + 1e-10), beta).eigenvalues[0]) < 1e-3
    value = theory.chimera_state(hopf, beta).eigenvalues[0]
    assert value.real == pytest.approx(0, abs=1e-8)
    assert value.imag > 0
    assert theory.chimera_state(0.99 * hopf, beta).stable
    assert not theory.chimera_state(1.01 * hopf, beta).stable
    assert len(theory.chimera_states(0.99 * birth, beta)) == 1


def test_the_reduced_equations_are_those_of_two_populations() -> None:
    times, disparity, beta = np.linspace(0, 60, 7), 0.3, 0.1
    r, psi = theory.chimera_trajectory(times, 0.5, -0.3, disparity, beta)
    strengths = 0.5 * np.array([[1 + disparity, 1 - disparity], [1 - disparity, 1 + disparity]])
    z = theory.ott_antonsen_populations(times, [1.0, cmath.rect(0.5, 0.3)], strengths, lag=math.pi / 2 - beta)
    assert r == pytest.approx(abs(z[:, 1]), abs=1e-7)
    assert np.exp(1j * psi) == pytest.approx(z[:, 0] * z[:, 1].conj() / abs(z[:, 1]), abs=1e-6)


def test_the_trajectory_obeys_the_rates_and_keeps_its_start() -> None:
    times = np.array([0.0, 1e-4, 2e-4])
    r, psi = theory.chimera_trajectory(times, 0.6, 7.0, 0.2, 0.1)
    assert (r[0], psi[0]) == pytest.approx((0.6, 7.0))
    dr, dpsi = theory.chimera_rates(r[1], psi[1], 0.2, 0.1)
    assert ((r[2] - r[0]) / 2e-4, (psi[2] - psi[0]) / 2e-4) == pytest.approx((float(dr), float(dpsi)), abs=1e-6)


def test_the_population_in_step_returns_to_it_at_its_eigenvalue() -> None:
    state = theory.chimera_state(0.2, 0.1)
    start = [cmath.rect(1 - 1e-4, state.offset), state.order + 0j]
    z = theory.ott_antonsen_populations([0.0, 2.0], start, [[0.6, 0.4], [0.4, 0.6]], lag=math.pi / 2 - 0.1)
    assert (1 - abs(z[1, 0])) / 1e-4 == pytest.approx(math.exp(2 * state.transverse), rel=2e-3)


def test_beyond_the_hopf_bifurcation_the_chimera_breathes() -> None:
    times = np.arange(3000.0, 3400.0)
    steady = theory.chimera_trajectory(times, 0.7, -0.2, 0.25, 0.1)[0]
    breathing = theory.chimera_trajectory(times, 0.7, -0.2, 0.3, 0.1)[0]
    assert np.ptp(steady) < 1e-3
    assert np.ptp(breathing) > 0.2
    assert breathing.max() < 1


def test_the_breathing_ends_at_the_saddle() -> None:
    end, strengths = theory.chimera_end(0.1), np.array([[0.0, 0.0], [0.0, 0.0]])
    assert end == pytest.approx(0.3537, abs=1e-4)
    for disparity, synchronous in ((end - 0.02, False), (end + 0.02, True)):
        strengths[:] = 0.5 * (1 - disparity)
        np.fill_diagonal(strengths, 0.5 * (1 + disparity))
        state = theory.chimera_state(disparity, 0.1)
        start = [1.0, cmath.rect(1.01 * state.order, -state.offset)]
        z = theory.ott_antonsen_populations([0.0, 1000.0], start, strengths, lag=math.pi / 2 - 0.1)
        assert (abs(z[-1, 1]) > 0.999) == synchronous


def test_two_populations_of_oscillators_stay_in_the_chimera() -> None:
    n, lag = 200, math.pi / 2 - 0.1
    strengths = np.array([[0.6, 0.4], [0.4, 0.6]])

    def slope(phases: Array) -> Array:
        field = strengths @ np.exp(1j * phases).reshape(2, n).mean(1)
        return np.imag(np.repeat(field, n) * np.exp(-1j * (phases + lag)))

    z = np.exp(1j * rk4(slope, theory.chimera_phases(n, 0.2, 0.1), 0.1, 2000)).reshape(2, n).mean(1)
    assert abs(z) == pytest.approx([1.0, 0.7292], abs=1e-4)
    assert cmath.phase(z[0] / z[1]) == pytest.approx(-0.2094, abs=1e-4)


# Explosive synchronisation of a star


def star(leaves: int, coupling: float) -> Any:
    """Return the rates of a star whose frequencies are its degrees; the hub comes first."""
    frequencies = np.append(float(leaves), np.ones(leaves))

    def slope(phases: Array) -> Array:
        pull = coupling * np.sin(phases[0] - phases[1:])
        return frequencies + np.append(-pull.sum(), pull)

    return slope


def test_the_couplings_of_a_star_of_ten() -> None:
    couplings = theory.star_couplings(10)
    assert couplings.backward == pytest.approx(9 / 11, rel=1e-14)
    assert couplings.forward == pytest.approx(9 / math.sqrt(21), rel=1e-14)
    assert couplings.backward < couplings.sudden < couplings.forward
    assert theory.star_couplings(10, gap=18.0) == pytest.approx(tuple(2 * c for c in couplings), rel=1e-9)


def test_the_locked_branch() -> None:
    assert theory.star_locked(0.9, 10).order == pytest.approx(0.9506, abs=6e-5)
    assert np.isnan(theory.star_locked([0.5, 0.818], 10).order).all()
    state = theory.star_locked(0.9, 10)
    phases = np.append(float(state.lead), np.zeros(10))
    assert star(10, 0.9)(phases) == pytest.approx(np.full(11, 20 / 11), abs=1e-12)
    assert abs(np.exp(1j * phases).mean()) == pytest.approx(float(state.order))


@pytest.mark.parametrize(("coupling", "locked"), [(0.83, True), (0.81, False)])
def test_locking_is_lost_at_the_backward_coupling(coupling: float, locked: bool) -> None:
    start = np.append(float(theory.star_locked(0.83, 10).lead), np.linspace(-0.01, 0.01, 10))
    rates = star(10, coupling)(rk4(star(10, coupling), start, 0.02, 3000))
    assert (np.ptp(rates) < 1e-6) == locked


@given(st.integers(2, 60), st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_the_centre_of_the_beats(leaves: int, part: float) -> None:
    coupling = part * theory.star_couplings(leaves).forward
    state, gap = theory.star_beating(coupling, leaves), leaves - 1

    def rate(x: float, y: float) -> tuple[float, float]:
        w = complex(x, y)
        dw = 0.5 * coupling * (1 - w * w) + 1j * (gap - coupling * leaves * y) * w
        return dw.real, dw.imag

    y = complex(state.mean).imag
    assert rate(0.0, y) == pytest.approx((0, 0), abs=1e-9 * gap)
    slope = differences(rate, [0.0, y])
    assert np.trace(slope) == pytest.approx(0, abs=1e-6 * gap)
    assert math.sqrt(np.linalg.det(slope)) == pytest.approx(float(state.frequency), rel=1e-4)
    assert theory.star_order(state.mean, leaves) == pytest.approx(float(state.order))


def test_beats_conserve_their_quantity() -> None:
    coupling, leaves = 1.2, 10
    w = theory.star_trajectory(np.linspace(0, 20, 200), 0.1 - 0.05j, coupling, leaves)
    conserved = (9 - coupling * 11 * np.imag(w)) / (1 - np.abs(w) ** 2) ** 11
    assert conserved == pytest.approx(np.full(200, conserved[0]), rel=1e-7)
    assert np.ptp(abs(w)) > 0.05


@pytest.mark.parametrize("leaves", [5, 10])
def test_evenly_spread_leaves_lock_from_the_sudden_coupling_on(leaves: int) -> None:
    sudden, times = theory.star_couplings(leaves).sudden, np.linspace(0, 100, 400)
    below = theory.star_trajectory(times, 0.0, 0.995 * sudden, leaves)
    above = theory.star_trajectory(times, 0.0, 1.005 * sudden, leaves)
    assert abs(below).max() < 0.9
    assert abs(above[-1]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("coupling", "tolerance"), [(2.0, 1e-5), (3.6, 5e-3)])
def test_many_leaves_follow_the_reduced_equation(coupling: float, tolerance: float) -> None:
    leaves, start = 60, 0.2 - 0.1j
    hub_first = np.append(0.0, -theory.poisson_phases(start, leaves))
    phases = rk4(star(leaves, coupling), hub_first, 0.0005, 2000)
    w = np.exp(1j * (phases[0] - phases[1:])).mean()
    assert complex(w) == pytest.approx(complex(theory.star_trajectory([0.0, 1.0], start, coupling, leaves)[-1]), abs=tolerance)


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: theory.chimera_states(1.0, 0.1), ValueError, "disparity must be below 1, got 1"),
        (lambda: theory.chimera_states(0.2, 0.0), ValueError, "beta must be above 0"),
        (lambda: theory.chimera_states(0.2, 2.0), ValueError, "beta must be below pi / 2, got 2"),
        (lambda: theory.chimera_state(0.1, 0.1), ValueError, "disparity must be at least 0.178341 for a chimera at beta = 0.1, got 0.1"),
        (lambda: theory.chimera_trajectory([0.0], 1.5, 0.0, 0.2, 0.1), ValueError, "order must be at most 1, got 1.5"),
        (lambda: theory.chimera_rates(0.0, 0.0, 0.2, 0.1), ValueError, "order must be above 0"),
        (lambda: theory.chimera_phases(0, 0.2, 0.1), ValueError, "n must be at least 1"),
        (lambda: theory.star_couplings(1), ValueError, "leaves must be at least 2, got 1"),
        (lambda: theory.star_couplings(2.5), TypeError, "leaves must be an integer"),  # type: ignore[arg-type]
        (lambda: theory.star_locked(-1.0, 10), ValueError, "coupling must be above 0"),
        (lambda: theory.star_beating(1.0, 10, gap=0.0), ValueError, "gap must be above 0"),
        (lambda: theory.star_trajectory([0.0], 2.0, 1.0, 10), ValueError, "start must have a modulus of at most 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
