"""Encoders: rates, linear and logarithmic latencies, and that the latter are those of a membrane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim import encoders
from neurosim.neurons.lif import LIF
from neurosim.neurons.spike_list import SpikeList
from tests.neurosim.single import run

VALUES = st.lists(st.floats(0, 1), max_size=40)


@given(VALUES)
def test_rates_are_in_proportion(values: list[float]) -> None:
    assert np.array_equal(encoders.rate(values, max_rate=50.0), 50.0 * np.array(values))


@given(VALUES, st.sampled_from([None, 1.0, 20.0]))
def test_larger_values_spike_earlier_and_all_before_the_end(values: list[float], tau: float | None) -> None:
    units, times = encoders.latency(values, 100.0, tau=tau)
    x = np.array(values)[units]
    assert (x > 0.01).all()
    assert ((times >= 0) & (times < 100.0)).all()
    order = np.argsort(x)
    assert (np.diff(times[order]) <= 0).all()


def test_published_values() -> None:
    """The example of snnTorch's latency_code: of five steps, values 0.02, 0.5 and 1 take 3.92, 2 and 0; and tau ln(x / (x - theta))."""
    _, times = encoders.latency([0.02, 0.5, 1.0], 4.0)
    assert times == pytest.approx([3.92, 2.0, 0.0])
    _, times = encoders.latency([0.02, 0.5, 1.0], 100.0, tau=5.0)
    assert times == pytest.approx([5 * math.log(2), 5 * math.log(0.5 / 0.49), 5 * math.log(1 / 0.99)])


def test_the_logarithmic_code_is_the_time_to_threshold_of_a_membrane() -> None:
    x = np.linspace(0.15, 1.0, 18)
    units, times = encoders.latency(x, 1000.0, tau=20.0, threshold=0.1)
    neuron = LIF(tau=20.0, rest=0.0, threshold=0.1, reset=0.0, refractory=0.0)
    result = run(neuron, 5000, n=18, dt=0.01, current=x, traced=False)
    fired, first = np.unique(result.units, return_index=True)
    assert units.tolist() == fired.tolist()
    assert np.abs(result.ticks[first] * 0.01 - times).max() < 0.011


def test_codes_become_spikes() -> None:
    picture = np.array([[0.0, 0.5], [1.0, 0.25]])
    result = run(SpikeList(*encoders.latency(picture, 20.0)), 250, n=4)
    assert list(zip(result.ticks.tolist(), result.units.tolist(), strict=True)) == [(0, 2), (100, 1), (150, 3)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"values": [0.5, 1.5]}, ValueError, "values must lie in 0 ... 1, got 1.5 at place 1"),
        ({"values": [math.nan]}, ValueError, "values must lie in 0 ... 1, got nan at place 0"),
        ({"values": ["a"]}, TypeError, "values must be numbers"),
        ({"duration": 0.0}, ValueError, "duration must be finite and above 0, got 0"),
        ({"tau": -1.0}, ValueError, "tau must be finite and above 0, got -1"),
        ({"threshold": 1.0}, ValueError, "threshold must be below 1, got 1.0"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encoders.latency(**{"values": [0.5], "duration": 10.0} | arguments)


def test_bad_rate() -> None:
    with pytest.raises(ValueError, match="max_rate must be finite and above 0, got 0"):
        encoders.rate([0.5], max_rate=0.0)
