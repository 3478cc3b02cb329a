"""AdaptiveExponential: a slow oracle, order in dt, rheobase, rate in closed form, the leaky limit, firing patterns, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels.adaptive_exponential import PARAMETERS
from neurosim.neurons.adaptive_exponential import AdaptiveExponential
from neurosim.neurons.lif_current import LIFCurrent
from tests.neurosim.single import run
from tests.reference import adaptive_exponential as reference

CONSTANTS = ("capacitance", "leak", "rest", "threshold", "slope", "tau_w", "a", "tau_exc", "tau_inh")
CURRENTS = st.floats(-1000.0, 1000.0)


def constants(neuron: AdaptiveExponential) -> dict[str, float]:
    return {name: getattr(neuron, name) for name in CONSTANTS}


@settings(max_examples=60)
@given(st.floats(-120, 10), st.floats(-100, 500), CURRENTS, CURRENTS, CURRENTS, st.floats(0.01, 0.5))
def test_a_step_equals_the_oracle(v: float, w: float, exc: float, inh: float, current: float, dt: float) -> None:
    neuron = AdaptiveExponential(peak=1e30)  # which is above what a step can reach: nothing is reset
    capped = AdaptiveExponential(tau_exc=281.0 / 30.0)  # equal to the membrane time constant
    for cell in (neuron, capped):
        update, _ = cell.kernels()
        table = np.array([[v], [w], [exc], [inh], [current]])
        update(table, np.array(cell.parameters(dt)), np.zeros(1, np.uint8), 0, 1, np.uint64(1), 0)
        expected = reference.step(v, w, exc, inh, current, dt=dt, peak=cell.peak, **constants(cell))
        assert table[:4, 0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_order_in_dt() -> None:
    """With all currents on, to the foot of the upstroke, halving dt divides the errors of v and w after 8 ms by four."""
    neuron = AdaptiveExponential(a=20.0)
    values = {"v": -60.0, "w": 30.0, "exc": 300.0, "inh": -200.0}
    exact = reference.solve(*values.values(), 900.0, 8.0, **constants(neuron))
    assert exact[0] > -49
    ends = [run(neuron, round(8 / dt), dt=dt, current=900.0, values=values).trace[-1, :2, 0] for dt in (0.2, 0.1, 0.05)]
    errors = np.abs(np.array(ends) - exact)
    assert errors[:-1] / errors[1:] == pytest.approx(4.0, rel=0.05)
    assert errors[1].max() < 2e-4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rheobase(dtype: Any) -> None:
    """Without adaptation the neuron fires above the rheobase and only there."""
    neuron = AdaptiveExponential(a=0.0, b=0.0)
    result = run(neuron, 8_000, n=2, current=np.array([0.998, 1.002]) * neuron.rheobase, dtype=dtype, traced=False)
    assert set(result.units.tolist()) == {1}


def interval(neuron: AdaptiveExponential, current: float) -> float:
    """Return the time from reset to peak in ms at a constant current without adaptation: the integral of dv over its speed."""

    def slowness(v: float) -> float:
        upstroke = neuron.leak * neuron.slope * math.exp((v - neuron.threshold) / neuron.slope)
        return neuron.capacitance / (upstroke - neuron.leak * (v - neuron.rest) + current)

    return scipy.integrate.quad(slowness, neuron.reset, neuron.peak, points=[neuron.threshold], limit=200)[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rate_without_adaptation(dtype: Any) -> None:
    """Within 0.3 % of the closed form at dt = 0.1 ms where intervals are 65 ms and longer."""
    neuron = AdaptiveExponential(a=0.0, b=0.0)
    currents = np.linspace(552.0, 568.0, 15)
    result = run(neuron, 20_000, n=15, current=currents, dtype=dtype, traced=False)
    got = np.array([0.1 * result.intervals(unit).mean() for unit in range(15)])
    expected = np.array([interval(neuron, current) for current in currents])
    assert expected.min() > 65
    assert np.abs(got / expected - 1).max() < 0.003


def test_the_error_of_an_interval_is_of_first_order() -> None:
    """An interval ends between 0.7 and 2 steps late, whatever the step: half a step to the next tick, the rest in the upstroke."""
    neuron = AdaptiveExponential(a=0.0, b=0.0)
    currents = np.linspace(560.0, 1500.0, 40)
    expected = np.array([interval(neuron, current) for current in currents])
    for dt in (0.2, 0.05):
        result = run(neuron, round(500 / dt), n=40, dt=dt, current=currents, traced=False)
        late = np.array([dt * result.intervals(unit).mean() for unit in range(40)]) - expected
        assert late.min() > 0.7 * dt
        assert late.max() < 2 * dt


def test_the_limit_of_a_sharp_onset_is_the_leaky_neuron(rng: np.random.Generator) -> None:
    """With slope = 0.0001 mV and no adaptation, spikes under currents and synapses are those of LIFCurrent, to a step."""
    sharp = AdaptiveExponential(capacitance=200.0, leak=10.0, rest=-60.0, threshold=-50.0, slope=1e-4, a=0.0, b=0.0, reset=-60.0, peak=0.0)
    leaky = LIFCurrent(tau=20.0, rest=-60.0, threshold=-50.0, reset=-60.0, refractory=0.0)
    currents = np.linspace(10.5, 40.0, 60)
    one = run(leaky, 4000, n=60, current=currents, traced=False)
    other = run(sharp, 4000, n=60, current=10.0 * currents, traced=False)
    late = [other.intervals(unit).mean() - one.intervals(unit).mean() for unit in range(60)]
    assert 0 <= min(late) <= max(late) <= 1
    for _ in range(10):
        weights = rng.uniform(10, 40, 20)
        arrivals = {10 * k: ("exc", weight) for k, weight in enumerate(weights)}
        scaled = {10 * k: ("exc", 10.0 * weight) for k, weight in enumerate(weights)}
        firsts = [run(leaky, 400, arrivals=arrivals).ticks[0], run(sharp, 400, arrivals=scaled).ticks[0]]
        assert 0 <= firsts[1] - firsts[0] <= 1


def test_steady_state_below_threshold() -> None:
    """V and w settle where leak, exponential, adaptation and current balance, and w = a (v - E_L)."""
    neuron, current = AdaptiveExponential(), 400.0

    def balance(v: float) -> float:
        return neuron.leak * neuron.slope * math.exp((v + 50.4) / 2) - (neuron.leak + neuron.a) * (v + 70.6) + current

    v: Any = scipy.optimize.brentq(balance, -70.0, -55.0)
    trace = run(neuron, 20_000, current=current).trace[-1, :2, 0]
    assert trace == pytest.approx([v, neuron.a * (v + 70.6)], rel=1e-6)


def test_spike_frequency_adapts() -> None:
    """With the paper's parameters intervals grow from spike to spike, to a constant."""
    intervals = run(AdaptiveExponential(), 20_000, current=1000.0).intervals()
    assert (np.diff(intervals[:5]) > 0).all()
    assert intervals[-1] > 2 * intervals[0]
    assert abs(intervals[-1] - intervals[-2]) <= 1


def test_a_high_reset_makes_bursts() -> None:
    """With reset = -46 mV spikes come in groups: the longest interval is more than ten times the shortest."""
    intervals = run(AdaptiveExponential(reset=-46.0), 10_000, current=800.0).intervals()
    assert intervals.max() > 10 * intervals.min()


def test_a_spike_adds_b_to_w_and_resets_v() -> None:
    result = run(AdaptiveExponential(refractory=2.0), 400, current=1000.0)
    tick = result.ticks[0]
    assert result.trace[tick + 1, 1, 0] - result.trace[tick, 1, 0] == pytest.approx(80.5, abs=0.5)
    assert (result.trace[tick + 1 : tick + 21, 0, 0] == -70.6).all()
    assert result.trace[tick + 21, 0, 0] > -70.6


def test_the_step_of_a_spike_stays_finite() -> None:
    """Whatever comes in, also where the onset is so sharp that its exponential would overflow."""
    for neuron in (AdaptiveExponential(), AdaptiveExponential(slope=1e-3), AdaptiveExponential(peak=1e3)):
        for dtype in (np.float32, np.float64):
            result = run(neuron, 200, dtype=dtype, current=5e4, arrivals={5: ("exc", 1e6), 60: ("inh", -1e6)})
            assert np.isfinite(result.trace).all()
            assert np.abs(result.trace[:, 1]).max() < 1e5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("fed", [True, False])
def test_ranges_of_units_do_not_matter(dtype: Any, fed: bool, rng: np.random.Generator) -> None:
    values = {"v": rng.uniform(-70, -50, 1300), "w": rng.uniform(0, 100, 1300), "exc": rng.uniform(0, 2000, 1300), "inh": -rng.random(1300)}
    current = rng.uniform(0, 1000, 1300) if fed else None
    whole = run(AdaptiveExponential(), 100, n=1300, dtype=dtype, values=values, current=current)
    cut = run(AdaptiveExponential(), 100, n=1300, dtype=dtype, values=values, current=current, cuts=[512, 1024])
    assert whole.units.size > 100
    assert np.array_equal(whole.trace, cut.trace)
    assert np.array_equal(whole.units, cut.units)


def test_there_are_as_many_parameters_as_names() -> None:
    assert len(AdaptiveExponential().parameters(0.1)) == len(PARAMETERS)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"capacitance": 0.0}, "capacitance must be finite and above 0, got 0"),
        ({"slope": 0.0}, "slope must be finite and above 0, got 0"),
        ({"tau_w": -1.0}, "tau_w must be finite and above 0, got -1"),
        ({"b": math.inf}, "b must be finite, got inf"),
        ({"peak": -51.0}, "peak must be above threshold, got peak -51.0 and threshold -50.4"),
        ({"reset": 20.0}, "peak must be above reset, got peak 20.0 and reset 20.0"),
    ],
)
def test_bad_parameters(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdaptiveExponential(**wrong)
