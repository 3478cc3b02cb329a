"""SpikeList: an oracle, late ticks, ranges of units, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.neurons.spike_list import SpikeList
from tests.neurosim.single import run
from tests.reference import spike_list as reference

REALS = pytest.mark.parametrize("dtype", [np.float64, np.float32])
SPIKES = st.lists(st.tuples(st.integers(0, 1299), st.integers(0, 30)), max_size=60, unique=True)


def spikes_of(source: SpikeList, ticks: int, **options: Any) -> list[tuple[int, int]]:
    result = run(source, ticks, n=1300, traced=False, **options)
    return list(zip(result.ticks.tolist(), result.units.tolist(), strict=True))


@REALS
@settings(max_examples=25)
@given(SPIKES)
def test_spikes_equal_the_oracle_for_any_ranges(dtype: Any, spikes: list[tuple[int, int]]) -> None:
    units, times = [unit for unit, _ in spikes], [0.1 * tick for _, tick in spikes]
    source = SpikeList(np.array(units, int), times)
    expected = [(tick, unit) for tick in range(32) for unit in reference.fired(units, times, 0.1, tick)]
    assert spikes_of(source, 32, dtype=dtype) == expected
    assert spikes_of(source, 32, dtype=dtype, cuts=[512, 1024]) == expected
    assert source.n_spikes == len(expected)


@REALS
def test_late_spikes(dtype: Any) -> None:
    """Ticks beyond 2^24, which float32 cannot tell apart, are told apart."""
    late, (update, _) = 2**31 + 1, SpikeList([], []).kernels()
    parameters = SpikeList([2, 1], [0.1 * late, 0.1 * (late + 1)]).parameters(0.1).astype(dtype)
    for tick, expected in ((late - 1, []), (late, [2]), (late + 1, [1]), (late + 2, [])):
        flags = np.ones(4, np.uint8)
        update(np.zeros((0, 4), dtype), parameters, flags, 0, 4, np.uint64(0), tick)
        assert np.flatnonzero(flags).tolist() == expected


def test_a_spike_belongs_to_the_step_that_contains_its_time() -> None:
    assert spikes_of(SpikeList([0, 1, 2, 3], [0.3, 0.30001, 0.35, 0.29999]), 5) == [(3, 0), (3, 1), (3, 2), (3, 3)]
    assert spikes_of(SpikeList([0], [0.299]), 5) == [(2, 0)]


def test_recorded_spikes_are_fired_again() -> None:
    ticks = np.arange(0, 200_000, 7)
    source = SpikeList(ticks % 1300, ticks * 0.1)
    assert np.array_equal(source.parameters(0.1)[: ticks.size] * 65_536 + source.parameters(0.1)[ticks.size : 2 * ticks.size], ticks)


def test_the_last_unit() -> None:
    assert SpikeList([3, 9, 1], [0.0, 1.0, 2.0]).last_unit == 9
    assert SpikeList([], []).last_unit == -1


@pytest.mark.parametrize(
    ("units", "times", "error", "message"),
    [
        ([0, 1], [0.0], ValueError, r"units and times must be arrays of one length, got shapes \(2,\) and \(1,\)"),
        ([0.5], [0.0], TypeError, "units must be integers, got float64"),
        ([0], ["soon"], TypeError, "times must be numbers"),
        ([0, -3], [0.0, 1.0], ValueError, "units must lie in 0 ... 16777215, got -3 at place 1"),
        ([0, 1], [0.0, -1.0], ValueError, "times must be finite and at least 0, got -1.0 at place 1"),
        ([0], [math.nan], ValueError, "times must be finite and at least 0, got nan at place 0"),
    ],
)
def test_bad_spikes(units: Any, times: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SpikeList(units, times)


def test_a_unit_that_does_not_exist() -> None:
    SpikeList([9], [0.0]).check(10)
    with pytest.raises(ValueError, match="units of a spike list must lie in 0 ... 9 for a population of 10, got 10"):
        SpikeList([3, 10], [0.0, 0.0]).check(10)


def test_a_unit_that_would_fire_twice_in_a_step() -> None:
    source = SpikeList([4, 5, 4], [1.01, 1.0, 1.05])
    with pytest.raises(ValueError, match=r"a unit fires at most once in a step, got unit 4 twice at 1 ms \(dt = 0.1\)"):
        source.parameters(0.1)
    assert source.parameters(0.01).size == 9
