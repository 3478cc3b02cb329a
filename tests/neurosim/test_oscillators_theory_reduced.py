"""Ott and Antonsen's equations and finite sizes: closed forms against integration, against simulated oscillators, moments, bad input."""

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
couplings = st.floats(-6, 8)
lags = st.floats(-3, 3)


def cauchy(n: int) -> Array:
    """Return Lorentzian frequencies of unit half-width at even quantiles."""
    return np.tan(math.pi * ((np.arange(n) + 0.5) / n - 0.5))


def run(phases: Array, omega: Array, coupling: float, lag: float, dt: float, steps: int) -> Array:
    """Return the order parameters of mean-field oscillators over time, by Runge and Kutta's scheme; last axis: oscillators."""

    def slope(theta: Array) -> Array:
        z = np.exp(1j * theta).mean(-1, keepdims=True)
        return omega + coupling * (z * np.exp(-1j * (theta + lag))).imag

    orders = [np.exp(1j * phases).mean(-1)]
    for _ in range(steps):
        a = slope(phases)
        b = slope(phases + 0.5 * dt * a)
        c = slope(phases + 0.5 * dt * b)
        phases = phases + dt / 6 * (a + 2 * b + 2 * c + slope(phases + dt * c))
        orders.append(np.exp(1j * phases).mean(-1))
    return np.array(orders)


# Transients


@given(couplings, st.floats(0, 3), lags, st.floats(-2, 2), st.floats(0, 1), st.floats(-3, 3))
@settings(max_examples=30, deadline=None)
def test_the_closed_form_solves_the_equation(coupling: float, width: float, lag: float, center: float, r: float, psi: float) -> None:
    times, start = np.array([0.0, 0.3, 1.7, 4.0]), cmath.rect(r, psi)
    closed = theory.ott_antonsen(times, start, coupling, width, center=center, lag=lag)
    slow = theory.ott_antonsen_populations(times, [start], [[coupling]], width, center=center, lag=lag)[:, 0]
    assert closed == pytest.approx(slow, abs=1e-7)


@given(couplings, lags, st.floats(0, 50), st.floats(0, 50))
def test_the_future_does_not_ask_how_long_the_past_was(coupling: float, lag: float, first: float, second: float) -> None:
    there = complex(theory.ott_antonsen(first, 0.3, coupling, lag=lag))
    assert theory.ott_antonsen(second, there, coupling, lag=lag) == pytest.approx(
        complex(theory.ott_antonsen(first + second, 0.3, coupling, lag=lag)), abs=1e-9
    )


def test_the_limits_of_the_closed_form() -> None:
    assert theory.ott_antonsen(1e6, 0.1, 4.0) == pytest.approx(math.sqrt(0.5), abs=1e-12)
    assert abs(theory.ott_antonsen(1e6, 1.0, 1.0)) == 0
    assert theory.ott_antonsen([0.0, 3.0], 0.0, 4.0).tolist() == [0, 0]
    assert abs(theory.ott_antonsen(3.0, 0.5, 2.0)) == pytest.approx(0.5 / math.sqrt(1 + 2 * 0.25 * 3.0))  # at K_c, a = 0
    assert theory.ott_antonsen(2.0, 0.5, 0.0, center=1.0) == pytest.approx(0.5 * cmath.exp(2j - 2), abs=1e-14)
    assert abs(theory.ott_antonsen(5.0, 1.0, 3.0, 0.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(("coupling", "lag"), [(4.0, 0.0), (1.0, 0.0), (3.0, 0.6)])
def test_many_oscillators_follow_the_equation(coupling: float, lag: float) -> None:
    n, start = 4000, 0.3 * cmath.exp(0.5j)
    measured = run(theory.poisson_phases(start, n, scatter=True), cauchy(n), coupling, lag, 0.02, 200)
    exact = theory.ott_antonsen(0.02 * np.arange(201), start, coupling, lag=lag)
    assert abs(measured - exact).max() < 0.012


def test_two_halves_are_a_whole() -> None:
    times = np.linspace(0, 5, 6)
    halves = theory.ott_antonsen_populations(times, [0.2, 0.2], np.full((2, 2), 1.5), 1.0, lag=0.4)
    assert halves[:, 0] == pytest.approx(theory.ott_antonsen(times, 0.2, 3.0, lag=0.4), abs=1e-8)
    assert halves[:, 0] == pytest.approx(halves[:, 1], abs=1e-12)


# Phases of a given order


@given(st.floats(0, 0.9), st.floats(-3, 3), st.booleans())
def test_moments_of_the_quantiles(r: float, psi: float, scatter: bool) -> None:
    z = cmath.rect(r, psi)
    phases = theory.poisson_phases(z, 500, scatter=scatter)
    for power in (1, 2, 3):
        assert complex(np.exp(1j * power * phases).mean()) == pytest.approx(z**power, abs=1e-9)


def test_drawn_phases_have_the_moments_of_their_kernel() -> None:
    phases = theory.poisson_phases(0.7j, 40_000, rng=np.random.default_rng(1))
    assert complex(np.exp(1j * phases).mean()) == pytest.approx(0.7j, abs=0.01)
    assert complex(np.exp(2j * phases).mean()) == pytest.approx(-0.49, abs=0.015)


def test_the_density_belongs_to_the_quantiles() -> None:
    phases = theory.poisson_phases(0.6, 2000)
    spacing = np.diff(phases)
    middle = 0.5 * (phases[1:] + phases[:-1])
    assert theory.poisson_density(middle, 0.6) * spacing * 2000 == pytest.approx(np.ones(1999), rel=1e-4)
    assert theory.poisson_density(np.linspace(0, 2 * np.pi, 400)[:-1], 0.6 - 0.3j).mean() * 2 * np.pi == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 610])
def test_scattered_quantiles_are_the_same_in_another_order(n: int) -> None:
    risen, scattered = theory.poisson_phases(0.4, n), theory.poisson_phases(0.4, n, scatter=True)
    assert np.sort(scattered) == pytest.approx(risen, abs=1e-13)
    assert (np.diff(risen) > 0).all()


def test_phases_in_step() -> None:
    assert theory.poisson_phases(cmath.exp(1j), 5) == pytest.approx(np.ones(5), abs=1e-6)


# Finite sizes


def test_fluctuations_below_the_onset() -> None:
    assert theory.fluctuations([0.0, 1.0, 1.5]).tolist() == [1, 2, 4]
    assert theory.fluctuations([0.0, 0.5, 1.0, 1.4], "gaussian") == pytest.approx([1.0, 1.6645, 3.5254, 12.070], rel=2e-5)
    assert math.sqrt(1600) * theory.rms_order(1.0, 1600) == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("lag", [0.0, 0.6])
def test_the_integral_has_the_lorentzian_closed_form(lag: float) -> None:
    free = theory.fluctuations(1.2, lambda omega: 1 / (math.pi * (1 + omega**2)), lag=lag)
    assert free == pytest.approx(theory.fluctuations(1.2, lag=lag), rel=1e-5)
    assert theory.fluctuations(1.2, lag=lag) == pytest.approx(1 / (1 - 0.6 * math.cos(lag)))


def test_simulated_fluctuations() -> None:
    rng, n = np.random.default_rng(3), 200
    measured = run(rng.uniform(-np.pi, np.pi, (60, n)), rng.normal(size=(60, n)), 1.0, 0.0, 0.2, 200)[80:]
    assert n * (abs(measured) ** 2).mean() == pytest.approx(theory.fluctuations(1.0, "gaussian"), rel=0.15)


@pytest.mark.parametrize(("name", "coupling"), [("lorentzian", 4.0), ("gaussian", 2.5), ("uniform", 2.0)])
def test_scatter_between_draws_of_the_frequencies(name: str, coupling: float) -> None:
    rng, n = np.random.default_rng(4), 500
    draw = {"lorentzian": rng.standard_cauchy, "gaussian": rng.standard_normal, "uniform": lambda size: rng.uniform(-1, 1, size)}[name]
    orders = [float(theory.steady_order(coupling, draw(n))) for _ in range(50)]
    assert np.std(orders) == pytest.approx(float(theory.order_scatter(coupling, n, name)), rel=0.3)


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: theory.ott_antonsen(-1.0, 0.1, 1.0), ValueError, "times must be at least 0"),
        (lambda: theory.ott_antonsen(1.0, 1.5, 1.0), ValueError, "start must have a modulus of at most 1"),
        (lambda: theory.ott_antonsen(1.0, 0.5, math.inf), ValueError, "coupling must be finite"),
        (lambda: theory.ott_antonsen_populations([0.0], [0.1, 0.2], [[1.0]]), ValueError, r"coupling must have the shape \(2, 2\)"),
        (lambda: theory.ott_antonsen_populations([1.0, 0.0], [0.1], [[1.0]]), ValueError, "times must be a rising list"),
        (lambda: theory.poisson_phases(2.0, 10), ValueError, "z must have a modulus of at most 1"),
        (lambda: theory.poisson_phases(math.nan, 10), ValueError, "z must have a modulus of at most 1"),
        (lambda: theory.poisson_phases("a lot", 10), TypeError, "z must be a complex number"),  # type: ignore[arg-type]
        (lambda: theory.poisson_phases(0.5, 0), ValueError, "n must be at least 1"),
        (lambda: theory.poisson_density(0.0, 1.0), ValueError, "z must be below 1 in modulus"),
        (lambda: theory.fluctuations(2.0), ValueError, "coupling must be below the critical 2, got 2"),
        (lambda: theory.order_scatter(1.0, 100, "gaussian"), ValueError, "coupling must be above the critical 1.59577, got 1"),
        (lambda: theory.rms_order(1.0, 0), ValueError, "n must be at least 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
