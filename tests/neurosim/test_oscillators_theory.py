"""Onset and steady order: closed forms, slow linear algebra, brute sums, exact fixed points, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from neurosim.oscillators import theory

Array = npt.NDArray[Any]
GAUSS = {
    1.65: 0.316039,
    1.7: 0.425362,
    1.8: 0.562867,
    2.0: 0.715174,
    2.5: 0.869720,
    3.0: 0.925182,
    4.0: 0.964247,
    5.0: 0.978364,
}
LORENTZ = {2.2: 0.301511, 2.5: 0.447214, 3.0: 0.577350, 4.0: 0.707107, 5.0: 0.774597, 6.0: 0.816497}
DENSITIES = {
    "lorentzian": lambda omega: 1 / (math.pi * (1 + omega**2)),
    "gaussian": lambda omega: math.exp(-(omega**2) / 2) / math.sqrt(2 * math.pi),
    "uniform": lambda omega: 0.5 * (abs(omega) <= 1),
}


def quantiles(name: str, n: int) -> Array:
    """Return frequencies of unit width at even quantiles."""
    p = (np.arange(n) + 0.5) / n
    return {"lorentzian": np.tan(math.pi * (p - 0.5)), "gaussian": special.ndtri(p), "uniform": 2 * p - 1}[name]


def rates(phases: Array, frequencies: Array, coupling: float, lag: float = 0.0) -> Array:
    """Return the rates of phases, by all pairs."""
    return frequencies + coupling * np.sin(phases[None, :] - phases[:, None] - lag).mean(1)


# Onset


def test_the_critical_couplings_of_the_named_distributions() -> None:
    assert theory.critical_coupling("lorentzian", 0.7) == pytest.approx(1.4, rel=1e-14)
    assert theory.critical_coupling("gaussian", 0.7) == pytest.approx(0.7 * 2 * math.sqrt(2 / math.pi), rel=1e-14)
    assert theory.critical_coupling("gaussian") == pytest.approx(1.595769, abs=5e-7)
    assert theory.critical_coupling("uniform", 0.7) == pytest.approx(0.7 * 4 / math.pi, rel=1e-14)


@pytest.mark.parametrize("name", list(DENSITIES))
@pytest.mark.parametrize("lag", [0.0, 0.6, -1.0])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_density_given_as_a_function_has_the_onset_of_its_name(name: str, lag: float, noise: float) -> None:
    named = theory.critical_point(name, lag=lag, noise=noise)
    free = theory.critical_point(DENSITIES[name], lag=lag, noise=noise)
    assert free.coupling == pytest.approx(named.coupling, rel=2e-7)
    assert free.frequency == pytest.approx(named.frequency, abs=2e-6)


@given(st.floats(0.01, 10), st.floats(-1.4, 1.4), st.floats(0, 5))
def test_lorentzian_onset_in_closed_form(width: float, lag: float, noise: float) -> None:
    onset = theory.critical_point("lorentzian", width, lag=lag, noise=noise)
    assert onset.coupling == pytest.approx(2 * (width + noise) / math.cos(lag), rel=1e-9)
    assert onset.frequency == pytest.approx(-(width + noise) * math.tan(lag), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ["gaussian", "uniform"])
@pytest.mark.parametrize("lag", [0.0, 0.6])
def test_onset_is_where_an_eigenvalue_of_the_linear_equations_crosses(name: str, lag: float) -> None:
    onset, n = theory.critical_point(name, lag=lag, noise=0.3), 100
    linear = np.diag(1j * quantiles(name, n) - 0.3) + onset.coupling / (2 * n) * np.exp(-1j * lag)
    values = np.linalg.eigvals(linear)
    leading = values[values.real.argmax()]
    assert leading == pytest.approx(1j * onset.frequency, abs=2e-3)


@pytest.mark.parametrize("name", list(DENSITIES))
@pytest.mark.parametrize("lag", [0.0, 0.7])
def test_order_grows_from_the_onset(name: str, lag: float) -> None:
    onset = theory.critical_point(name, lag=lag)
    state = theory.steady_state([0.999 * onset.coupling, 1.001 * onset.coupling], name, lag=lag)
    assert state.order[0] == 0 or (name == "uniform" and lag)
    assert state.order[1] > 0.02
    assert state.frequency[1] == pytest.approx(onset.frequency, abs=0.01 if name != "uniform" else 1)


def test_a_random_graph_needs_less_of_a_link_the_more_links_it_has() -> None:
    assert theory.annealed_critical_coupling(np.full(50, 8), "gaussian") == pytest.approx(theory.critical_coupling("gaussian") / 8)
    assert theory.annealed_critical_coupling([1, 1, 1, 9]) < theory.annealed_critical_coupling([3, 3, 3, 3])


# Steady order


def test_the_table_of_gaussian_orders() -> None:
    for coupling, order in GAUSS.items():
        assert theory.gaussian_order(coupling) == pytest.approx(order, abs=6e-7)
        assert theory.steady_order(coupling, "gaussian") == pytest.approx(order, abs=6e-7)


def test_the_table_of_lorentzian_orders() -> None:
    couplings, orders = np.array(list(LORENTZ)), np.array(list(LORENTZ.values()))
    assert theory.lorentzian_order(couplings) == pytest.approx(orders, abs=6e-7)
    assert theory.steady_order(couplings) == pytest.approx(orders, abs=6e-7)


def test_sakaguchi_orders() -> None:
    assert theory.lorentzian_order([3.0, 3.0, 4.0], lag=[0.3, 0.6, 1.0]) == pytest.approx([0.5497, 0.4385, 0.2731], abs=6e-5)


@given(st.floats(0.0, 20.0), st.floats(0.05, 5.0), st.floats(-1.4, 1.4), st.floats(-3.0, 3.0))
@settings(max_examples=20, deadline=None)
def test_the_equation_of_any_density_has_the_lorentzian_solution(coupling: float, width: float, lag: float, center: float) -> None:
    solved = theory.steady_state(coupling, "lorentzian", width, center=center, lag=lag)
    assert solved.order == pytest.approx(theory.lorentzian_order(coupling, width, lag), abs=1e-6)
    if solved.order > 1e-3:
        assert solved.frequency == pytest.approx(theory.lorentzian_frequency(coupling, width, lag, center), abs=1e-6)


@pytest.mark.parametrize("name", ["lorentzian", "gaussian"])
def test_a_density_given_as_a_function_has_the_order_of_its_name(name: str) -> None:
    named, free = (theory.steady_state(3.0, kind, lag=0.6) for kind in (name, DENSITIES[name]))
    assert free.order == pytest.approx(named.order, abs=2e-6)
    assert free.frequency == pytest.approx(named.frequency, abs=2e-6)


@pytest.mark.parametrize("name", list(DENSITIES))
@pytest.mark.parametrize(("coupling", "lag"), [(2.5, 0.0), (4.0, 0.8)])
def test_a_long_list_of_quantiles_has_the_order_of_its_distribution(name: str, coupling: float, lag: float) -> None:
    exact = theory.steady_state(coupling, name, lag=lag)
    listed = theory.steady_state(coupling, quantiles(name, 4000), lag=lag)
    assert listed.order == pytest.approx(exact.order, abs=2e-4)
    assert listed.frequency == pytest.approx(exact.frequency, abs=3e-3)


def test_the_mean_phase_factor_of_a_drifting_oscillator() -> None:
    from neurosim.oscillators.theory._densities import phase_factor

    for x in (-3.0, -1.2, 0.4, 1.5, 20.0):
        theta = np.linspace(0, 2 * np.pi, 20_001)[:-1]
        slow = np.exp(1j * np.arcsin(x)) if abs(x) <= 1 else np.average(np.exp(1j * theta), weights=1 / np.abs(x - np.sin(theta)))
        assert phase_factor(x) == pytest.approx(slow, abs=1e-12)


def test_uniform_frequencies_jump_to_a_quarter_of_pi() -> None:
    critical = 4 / math.pi
    assert theory.steady_order(critical * (1 - 1e-9), "uniform") == 0
    assert theory.steady_order(critical * (1 + 1e-9), "uniform") == pytest.approx(math.pi / 4, abs=1e-4)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9), st.floats(-0.8, 0.8), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_a_list_that_locks_is_an_exact_fixed_point(frequencies: list[float], lag: float, center: float) -> None:
    omega = np.array(frequencies) + center
    coupling = 8.0
    state = theory.steady_state(coupling, omega, lag=lag)
    phases = np.arcsin((omega - state.frequency) / (coupling * state.order)) - lag
    assert abs(np.exp(1j * phases).mean()) == pytest.approx(float(state.order), abs=1e-8)
    assert rates(phases, omega, coupling, lag) == pytest.approx(np.full(omega.size, float(state.frequency)), abs=1e-6)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30, unique=True))
@settings(max_examples=40, deadline=None)
def test_a_list_locks_from_its_locking_coupling_on(frequencies: list[float]) -> None:
    omega = np.array(frequencies)
    critical, spread = theory.locking_coupling(omega), float(np.abs(omega - omega.mean()).max())
    if spread < 1e-6:
        return
    q = np.linspace(spread, 3 * spread, 20_001)
    orders = np.sqrt(np.maximum(1 - ((omega - omega.mean()) / q[:, None]) ** 2, 0)).mean(1)
    assert critical == pytest.approx((q / np.maximum(orders, 1e-12)).min(), rel=1e-4)
    assert spread <= critical <= 2 * spread + 1e-9


def test_the_locking_coupling_of_two_and_of_equal_oscillators() -> None:
    assert theory.locking_coupling([3.0, 4.0]) == pytest.approx(1.0, rel=1e-9)
    assert theory.locking_coupling([2.0, 2.0, 2.0]) == 0
    assert theory.steady_order(0.5, [2.0, 2.0, 2.0]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", list(DENSITIES))
def test_time_may_be_measured_in_any_unit(name: str) -> None:
    one, other = theory.steady_state(2.7, name, lag=0.3), theory.steady_state(27.0, name, 10.0, lag=0.3)
    assert one.order == pytest.approx(other.order, abs=1e-9)
    assert 10 * one.frequency == pytest.approx(other.frequency, abs=1e-8)


def test_the_sign_of_the_lag_turns_the_frequency() -> None:
    left, right = (theory.steady_state(3.0, "gaussian", lag=lag) for lag in (-0.5, 0.5))
    assert left.order == pytest.approx(right.order, abs=1e-9)
    assert left.frequency == pytest.approx(-right.frequency, abs=1e-9)


@pytest.mark.parametrize("delay", [0.0, 0.5, 2.0])
def test_with_a_delay_the_states_stand_still_in_their_frame(delay: float) -> None:
    states = theory.delayed_steady_state(5.0, delay, 0.4, center=2.0, lag=0.2)
    for r, frequency in states:
        late = r * np.exp(-1j * (0.2 + frequency * delay))
        rate = (2j - 0.4) * r + 2.5 * (late - np.conj(late) * r * r)
        assert rate == pytest.approx(1j * frequency * r, abs=1e-9)
    assert len(states) >= 1


def test_equal_oscillators_in_noise() -> None:
    r = float(theory.identical_order(3.0, noise=0.5))
    density = lambda theta: math.exp(6 * r * (math.cos(theta) - 1))  # noqa: E731
    mean = integrate.quad(lambda theta: math.cos(theta) * density(theta), -math.pi, math.pi)[0]
    assert r == pytest.approx(mean / integrate.quad(density, -math.pi, math.pi)[0], abs=1e-10)
    critical = theory.identical_critical_coupling(0.5)
    assert theory.identical_order(np.array([0.999, 1.001]) * critical, 0.5).tolist() == pytest.approx([0.0, 0.0447], abs=1e-3)


def test_answers_have_the_shape_of_the_couplings() -> None:
    couplings = np.linspace(1, 4, 6).reshape(2, 3)
    assert theory.steady_state(couplings, "uniform").frequency.shape == (2, 3)
    assert theory.gaussian_order(couplings).shape == (2, 3)
    assert isinstance(theory.steady_order(2.0, "gaussian"), np.ndarray)


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: theory.critical_coupling("cauchy"), ValueError, "frequencies must be one of lorentzian, gaussian, uniform"),
        (lambda: theory.critical_coupling(3), TypeError, "frequencies must be a name or a density"),  # type: ignore[arg-type]
        (lambda: theory.critical_coupling("gaussian", 0.0), ValueError, "width must be above 0 and finite, got 0.0"),
        (lambda: theory.critical_coupling(lag=2.0), ValueError, "lag must lie between -pi/2 and pi/2"),
        (lambda: theory.critical_coupling(noise=-1.0), ValueError, "noise must be at least 0"),
        (lambda: theory.critical_coupling(lambda omega: math.exp(-(omega**2))), ValueError, "must integrate to 1, got 1.77"),
        (lambda: theory.critical_coupling(lambda omega: omega**2), ValueError, "must be positive and finite at 0"),
        (lambda: theory.annealed_critical_coupling([0, 0]), ValueError, "degrees must not all be 0"),
        (lambda: theory.steady_state(-1.0), ValueError, "coupling must be at least 0"),
        (lambda: theory.steady_state([1.0, math.nan]), ValueError, "coupling must be at least 0 and finite, got nan"),
        (lambda: theory.steady_state(1.0, []), ValueError, "frequencies must be a list of at least one number"),
        (lambda: theory.steady_state(1.0, [[1.0]]), ValueError, "frequencies must be a list"),
        (lambda: theory.identical_order(1.0, noise=0.0), ValueError, "noise must be above 0"),
        (lambda: theory.steady_state(1.0, center=[1.0, 2.0]), TypeError, "center must be a number"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
