"""LIFConductance: both schemes step by step, orders in dt, stability, closed form at constant conductance, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.neurons.lif_conductance import LIFConductance
from neurosim.neurons.theory import lif_rate
from tests.neurosim.single import run
from tests.reference import lif_conductance as reference

CONSTANTS = ("tau", "rest", "tau_exc", "tau_inh", "exc_reversal", "inh_reversal")
STEPS = {"rational": reference.rational_step, "euler": reference.euler_step}
CONDUCTANCES = st.floats(0.0, 20.0)


def constants(neuron: LIFConductance) -> dict[str, float]:
    return {name: getattr(neuron, name) for name in CONSTANTS}


@settings(max_examples=50)
@given(
    st.sampled_from(["rational", "euler"]),
    st.floats(-90, 0),
    CONDUCTANCES,
    CONDUCTANCES,
    st.floats(-20, 20),
    st.floats(0.01, 1.0),
    st.booleans(),
)
def test_a_step_equals_the_oracle(method: str, v: float, exc: float, inh: float, current: float, dt: float, fed: bool) -> None:
    neuron = LIFConductance(threshold=1e6, method=method)
    got = run(neuron, 1, dt=dt, current=current if fed else None, values={"v": v, "exc": exc, "inh": inh}).trace[1, :, 0]
    assert got == pytest.approx(STEPS[method](v, exc, inh, current * fed, dt=dt, **constants(neuron)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("method", "order"), [("rational", 2), ("euler", 1)])
def test_order_in_dt(method: str, order: int) -> None:
    """Under strong fading conductances and a current, halving dt divides the error after 10 ms by 2 to the order."""
    neuron = LIFConductance(threshold=1e6, method=method)
    values = {"v": -65.0, "exc": 3.0, "inh": 5.0}
    exact = reference.solve(*values.values(), 4.0, 10.0, **constants(neuron))
    errors = [abs(run(neuron, round(10 / dt), dt=dt, current=4.0, values=values).trace[-1, 0, 0] - exact) for dt in (0.2, 0.1, 0.05)]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ratios == pytest.approx(2.0**order, rel=0.1)


def test_error_at_a_tenth_of_a_millisecond() -> None:
    """Conductances as in the benchmark COBA: the scheme is wrong by less than 0.001 mV, that of Euler by more, less than 0.1."""
    neuron = LIFConductance(threshold=1e6)
    values = {"v": -60.0, "exc": 0.6, "inh": 6.7}
    exact = reference.solve(*values.values(), 0.0, 5.0, **constants(neuron))
    v = run(neuron, 50, values=values).trace[-1, 0, 0]
    euler = run(LIFConductance(threshold=1e6, method="euler"), 50, values=values).trace[-1, 0, 0]
    assert abs(v - exact) < 1e-3
    assert 1e-3 < abs(euler - exact) < 0.1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(dt=st.floats(0.1, 1000.0), exc=st.floats(0.0, 1e6), inh=st.floats(0.0, 1e6), v=st.floats(-80.0, 0.0))
@settings(max_examples=30)
def test_v_stays_between_the_reversal_potentials(dtype: Any, dt: float, exc: float, inh: float, v: float) -> None:
    neuron = LIFConductance(threshold=1e6)
    trace = run(neuron, 5, dt=dt, dtype=dtype, values={"v": v, "exc": exc, "inh": inh}).trace[:, 0]
    assert ((trace >= -80.001) & (trace <= 0.001)).all()


def test_rate_at_constant_conductance() -> None:
    """Synapses that hardly fade make the neuron a leaky one of shorter time constant: its closed-form rate, within 0.3 %."""
    neuron = LIFConductance(tau_exc=1e9, tau_inh=1e9)
    exc, inh = 0.6, 1.0
    total = 1 + exc + inh
    goal = (-60.0 - 80.0 * inh) / total
    current = (-50.0 - goal) * total * 1.02
    exact = lif_rate(current / total, tau=20.0 / total, resting=goal, threshold=-50.0, reset=-60.0, refractory=5.0)
    result = run(neuron, 10_000, current=current, values={"v": -60.0, "exc": exc, "inh": inh}, traced=False)
    assert 1000 / (0.1 * result.intervals().mean()) == pytest.approx(float(exact), rel=0.003)


@pytest.mark.parametrize("method", ["rational", "euler"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("fed", [True, False])
def test_ranges_of_units_do_not_matter(method: str, dtype: Any, fed: bool, rng: np.random.Generator) -> None:
    neuron = LIFConductance(method=method)
    values = {"v": rng.uniform(-60, -50, 1300), "exc": rng.uniform(0, 3, 1300), "inh": rng.uniform(0, 2, 1300)}
    current = rng.uniform(0, 10, 1300) if fed else None
    whole = run(neuron, 60, n=1300, dtype=dtype, values=values, current=current)
    cut = run(neuron, 60, n=1300, dtype=dtype, values=values, current=current, cuts=[512, 1024])
    assert whole.units.size > 100
    assert np.array_equal(whole.trace, cut.trace)
    assert np.array_equal(whole.units, cut.units)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tau": -1.0}, "tau must be finite and above 0, got -1"),
        ({"exc_reversal": math.nan}, "exc_reversal must be finite, got nan"),
        ({"threshold": -70.0}, "threshold must be above reset"),
        ({"method": "eular"}, "method must be one of 'rational', 'euler', got 'eular'"),
    ],
)
def test_bad_parameters(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LIFConductance(**wrong)
