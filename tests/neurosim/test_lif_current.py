"""LIFCurrent: the matrix exponential, closed forms of potential and rate, order in dt, ranges of units, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.neurons.lif_current import LIFCurrent, synapse_to_membrane
from neurosim.neurons.theory import lif_rate
from tests.neurosim.single import run
from tests.reference import lif_current as reference

CONSTANTS = ("tau", "rest", "tau_exc", "tau_inh")
TIMES = st.floats(0.5, 100.0)
POTENTIALS = st.floats(-100.0, 100.0)


def constants(neuron: Any, names: tuple[str, ...] = CONSTANTS) -> dict[str, float]:
    return {name: getattr(neuron, name) for name in names}


@settings(max_examples=50)
@given(TIMES, TIMES, TIMES, st.floats(0.01, 2.0), st.lists(POTENTIALS, min_size=4, max_size=4))
def test_a_step_is_the_matrix_exponential(tau: float, tau_exc: float, tau_inh: float, dt: float, values: list[float]) -> None:
    v, exc, inh, current = values
    neuron = LIFCurrent(tau=tau, tau_exc=tau_exc, tau_inh=tau_inh, threshold=1e6)
    got = run(neuron, 1, dt=dt, current=current, values={"v": v, "exc": exc, "inh": inh}).trace[1, :, 0]
    assert got == pytest.approx(reference.step(v, exc, inh, current, dt=dt, **constants(neuron)), rel=1e-11, abs=1e-10)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 2e-6)])
@pytest.mark.parametrize("tau_exc", [5.0, 20.0])
def test_the_potential_after_one_spike(dtype: Any, tolerance: float, tau_exc: float) -> None:
    """The difference of two exponentials, and t / tau times one where the time constants are equal."""
    tau, weight, dt = 20.0, 3.0, 0.1
    neuron = LIFCurrent(tau=tau, tau_exc=tau_exc, rest=0.0, reset=0.0, threshold=50.0)
    v = run(neuron, 800, dt=dt, dtype=dtype, arrivals={0: ("exc", weight)}).trace[1:, 0, 0]
    time = dt * np.arange(800)
    if tau_exc == tau:
        expected = weight * time / tau * np.exp(-time / tau)
    else:
        expected = weight * tau_exc / (tau_exc - tau) * (np.exp(-time / tau_exc) - np.exp(-time / tau))
    assert np.abs(v - expected).max() < tolerance * weight


def test_nearly_equal_time_constants_lose_no_digits() -> None:
    exact = 0.1 / 20.0 * math.exp(-0.1 / 20.0)
    for difference in (1e-3, 1e-6, 1e-9, 0.0):
        assert synapse_to_membrane(0.1, 20.0, 20.0 + difference) == pytest.approx(exact, rel=2e-3 * difference + 1e-15)


def rates(dt: float, currents: np.ndarray, neuron: LIFCurrent, dtype: Any = np.float64) -> np.ndarray:
    """Return the rate at each constant current, from the first to the last spike."""
    result = run(neuron, round(1500 / dt), dt=dt, n=currents.size, current=currents, dtype=dtype, traced=False)
    return np.array([1000 / (dt * result.intervals(unit).mean()) for unit in range(currents.size)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rate_at_constant_current(dtype: Any) -> None:
    """Within 0.3 % of the closed form at dt = 0.1 ms: an interval ends at most a step early, and is 40 ms or longer here."""
    neuron, currents = LIFCurrent(), np.linspace(10.2, 12.0, 25)
    cell = {"threshold": 10.0, "reset": 0.0, "tau": 20.0, "refractory": 5.0}
    assert np.abs(rates(0.1, currents, neuron, dtype) / lif_rate(currents, **cell) - 1).max() < 0.003


def test_the_error_of_the_rate_is_of_first_order() -> None:
    """An interval ends half a step early on average: over 400 currents, four times the step makes four times the error."""
    neuron, currents = LIFCurrent(), np.linspace(11.0, 25.0, 400)
    exact = lif_rate(currents, threshold=10.0, reset=0.0, tau=20.0, refractory=5.0)
    errors = [np.mean(1 / exact - 1 / rates(dt, currents, neuron)) * 1000 for dt in (1.0, 0.25)]
    assert errors[0] == pytest.approx(0.5, rel=0.1)
    assert errors[1] == pytest.approx(0.125, rel=0.1)


def test_currents_fade_in_the_refractory_time_and_v_is_held() -> None:
    result = run(LIFCurrent(), 120, current=1e3, arrivals={3: ("exc", 2.0)})
    first, second = result.ticks[:2]
    assert second - first == 52  # 50 steps of refractory time, of which that of the spike is one, and three steps to the threshold
    assert (result.trace[first + 1 : first + 51, 0] == -60.0).all()
    assert result.trace[50, 1, 0] == pytest.approx(2.0 * math.exp(-4.6 / 5.0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nothing_fades_into_denormal_numbers(dtype: Any) -> None:
    neuron = LIFCurrent(tau=1.0, tau_exc=0.5, rest=0.0, reset=-5.0, threshold=50.0)
    v, exc, _ = run(neuron, 8000, dtype=dtype, arrivals={0: ("exc", 5.0)}).trace[-1, :, 0]
    assert np.finfo(dtype).tiny < v < 1e-18
    assert 0 <= exc < 1e-24
    assert exc == 0 or exc * neuron.parameters(0.1)[3] > np.finfo(dtype).tiny


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("fed", [True, False])
def test_ranges_of_units_do_not_matter(dtype: Any, fed: bool, rng: np.random.Generator) -> None:
    values = {"v": rng.uniform(-60, -50, 1300), "exc": rng.uniform(0, 100, 1300), "inh": rng.uniform(-20, 0, 1300)}
    current = rng.uniform(0, 10, 1300) if fed else None
    whole = run(LIFCurrent(), 60, n=1300, dtype=dtype, values=values, current=current)
    cut = run(LIFCurrent(), 60, n=1300, dtype=dtype, values=values, current=current, cuts=[512, 1024])
    assert whole.units.size > 100
    assert np.array_equal(whole.trace, cut.trace)
    assert np.array_equal(whole.units, cut.units)


def test_float32_follows_float64(rng: np.random.Generator) -> None:
    values = {"v": rng.uniform(-60, -52, 100), "exc": rng.uniform(0, 3, 100)}
    wide, narrow = (run(LIFCurrent(), 100, n=100, dtype=dtype, values=values).trace for dtype in (np.float64, np.float32))
    assert np.abs(wide - narrow).max() < 1e-4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tau": 0.0}, "tau must be finite and above 0, got 0"),
        ({"tau_exc": -5.0}, "tau_exc must be finite and above 0, got -5"),
        ({"tau_inh": math.inf}, "tau_inh must be finite"),
        ({"refractory": -1.0}, "refractory must be finite and at least 0, got -1"),
        ({"threshold": -60.0}, "threshold must be above reset, got threshold -60.0 and reset -60.0"),
    ],
)
def test_bad_parameters(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LIFCurrent(**wrong)


def test_a_parameter_that_is_no_number() -> None:
    with pytest.raises(TypeError, match="tau must be a number, got '20 ms'"):
        LIFCurrent(tau="20 ms")  # type: ignore[arg-type]
