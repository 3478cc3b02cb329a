"""Izhikevich: the published program, order in dt, charge of a synapse, firing classes, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurosim.neurons.izhikevich import Izhikevich
from tests.neurosim.single import run
from tests.reference import izhikevich as reference

CLASSES = {
    "regular spiking": Izhikevich(),
    "intrinsically bursting": Izhikevich(c=-55.0, d=4.0),
    "chattering": Izhikevich(c=-50.0, d=2.0),
    "fast spiking": Izhikevich(a=0.1, d=2.0),
    "low-threshold spiking": Izhikevich(b=0.25, d=2.0),
}


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_steps_are_those_of_the_published_program(name: str, dt: float) -> None:
    """To the last bit."""
    neuron, currents = CLASSES[name], np.array([0.0, 4.0, 10.0, 15.0])
    expected, spikes = reference.program(neuron.a, neuron.b, neuron.c, neuron.d, currents, 300, dt=dt)
    result = run(neuron, 300, n=4, dt=dt, current=currents)
    assert list(zip(result.ticks.tolist(), result.units.tolist(), strict=True)) == spikes
    assert np.array_equal(result.trace[1:, :2], expected)


def test_order_in_dt() -> None:
    """Below threshold, halving dt halves the error after 20 ms."""
    neuron, values = Izhikevich(), {"v": -70.0, "u": -12.0}
    exact = reference.solve(-70.0, -12.0, 3.0, 20.0, neuron.a, neuron.b)
    ends = [run(neuron, round(20 / dt), dt=dt, current=3.0, values=values).trace[-1, :2, 0] for dt in (0.4, 0.2, 0.1)]
    errors = np.abs(np.array(ends) - exact)
    assert errors[:-1] / errors[1:] == pytest.approx(2.0, rel=0.1)


def test_resting_potential() -> None:
    """V settles at the lower root of 0.04 v^2 + (5 - b) v + 140 = 0, which is -70 mV for b = 0.2."""
    assert run(Izhikevich(), 3000, dt=1.0).trace[-1, :2, 0] == pytest.approx([-70.0, -14.0], abs=1e-6)


@pytest.mark.parametrize("tau_syn", [0.0, 3.0])
@pytest.mark.parametrize("dt", [1.0, 0.1])
def test_a_synapse_delivers_its_charge_whatever_the_step(tau_syn: float, dt: float) -> None:
    """The current times dt, summed over the steps, is the weight times 1 ms, or times tau_syn; read off the first half step of v."""
    neuron = Izhikevich(tau_syn=tau_syn)
    mean, fade = neuron.parameters(dt)[6:8]
    trace = run(neuron, round(60 / dt), dt=dt, arrivals={0: ("i", 0.5)}).trace[:, 2, 0]
    assert trace[1] == 0.5
    assert trace[2] == pytest.approx(0.5 * fade, abs=1e-15)
    assert dt * mean * trace.sum() == pytest.approx(0.5 * (tau_syn or 1.0), rel=1e-6)


def test_a_spike_in_one_step_is_the_current_of_the_paper() -> None:
    """At dt = 1 ms a weight acts in the next step as a current of this strength does."""
    pulse = run(Izhikevich(), 2, dt=1.0, arrivals={0: ("i", 7.0)}, values={"v": -70.0, "u": -14.0, "i": 0.0}).trace
    driven = run(Izhikevich(), 1, dt=1.0, current=7.0, values={"v": pulse[1, 0, 0], "u": pulse[1, 1, 0], "i": 0.0}).trace
    assert np.array_equal(pulse[2, :2], driven[1, :2])


def intervals(name: str, current: float) -> np.ndarray:
    return run(CLASSES[name], 10_000, current=current).intervals() * 0.1


def test_regular_spiking_adapts() -> None:
    found = intervals("regular spiking", 10.0)
    assert found[0] < 0.7 * found[-1]
    assert np.ptp(found[3:]) < 0.1 * found[-1]


def test_fast_spiking_does_not_adapt_and_is_faster() -> None:
    found = intervals("fast spiking", 10.0)
    assert np.ptp(found[1:]) < 0.2 * found[-1]
    assert found[-1] < 0.5 * intervals("regular spiking", 10.0)[-1]


def test_intrinsically_bursting_begins_with_a_burst() -> None:
    found = intervals("intrinsically bursting", 10.0)
    assert found[0] < 10
    assert found[10:].min() > 2 * found[0]


def test_chattering_goes_on_bursting() -> None:
    """Intervals fall in two groups, within bursts and between them, to the end."""
    found = intervals("chattering", 10.0)[5:]
    assert (found < 8).sum() > 5
    assert (found > 15).sum() > 5
    assert not ((found > 8) & (found < 15)).any()


def test_low_threshold_spiking_fires_where_regular_spiking_does_not() -> None:
    assert run(CLASSES["low-threshold spiking"], 5000, current=2.0, values={"v": -65, "u": -16.25, "i": 0}).units.size > 0
    assert run(CLASSES["regular spiking"], 5000, current=2.0, values={"v": -70, "u": -14.0, "i": 0}).units.size == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("fed", [True, False])
def test_ranges_of_units_do_not_matter(dtype: Any, fed: bool, rng: np.random.Generator) -> None:
    values = {"v": rng.uniform(-70, 30, 1300), "u": rng.uniform(-15, 0, 1300), "i": rng.uniform(0, 20, 1300)}
    current = rng.uniform(0, 20, 1300) if fed else None
    whole = run(Izhikevich(tau_syn=5.0), 100, n=1300, dt=0.5, dtype=dtype, values=values, current=current)
    cut = run(Izhikevich(tau_syn=5.0), 100, n=1300, dt=0.5, dtype=dtype, values=values, current=current, cuts=[512, 1024])
    assert whole.units.size > 100
    assert np.isfinite(whole.trace).all()
    assert np.array_equal(whole.trace, cut.trace)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"a": 0.0}, "a must be finite and above 0, got 0"),
        ({"tau_syn": -1.0}, "tau_syn must be finite and at least 0, got -1"),
        ({"peak": -70.0}, "peak must be above c, got peak -70.0 and c -65.0"),
    ],
)
def test_bad_parameters(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Izhikevich(**wrong)
