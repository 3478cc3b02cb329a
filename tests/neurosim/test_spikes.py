"""The ring of the last spikes: what it holds, for how long, and what it says when that is over."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import hypothesis.strategies as some
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from neurosim.recordings import _all_times
from neurosim.spikes import LARGEST, EventRows, SpikeBuffer
from neurosim.state import copy, load, save
from tests.reference import spikes as reference


@given(
    n_units=some.integers(1, 9),
    depth=some.integers(1, 12),
    capacity=some.integers(0, 40),
    seed=some.integers(0, 99),
    ticks=some.integers(0, 40),
)
@settings(max_examples=60)
def test_the_last_ticks_are_those_of_a_list(n_units: int, depth: int, capacity: int, seed: int, ticks: int) -> None:
    """Everything within reach comes back; every unit may fire in every tick."""
    rng = np.random.default_rng(seed)
    fired = rng.random((ticks, n_units)) < rng.random()
    buffer = SpikeBuffer.empty(n_units, depth=depth, capacity=n_units + capacity)
    for units in fired:
        buffer.append(np.flatnonzero(units))
    assert buffer.total == fired.sum()
    for first in range(max(0, ticks - buffer.reach), ticks + 1):
        for stop in range(first, ticks + 1):
            when, who = buffer.between(first, stop)
            wanted, units = np.nonzero(fired[first:stop])
            assert (when == wanted + first).all()
            assert (who == units).all()
            assert (when.dtype, who.dtype) == (np.int64, np.uint32)
            chosen = rng.random(n_units) < 0.5
            for choice, mask in (None, []), (chosen, chosen.tolist()):
                rows = EventRows(lambda nbytes: None)
                assert rows.take(buffer, first, stop, choice)
                expected = reference.taken(buffer.units.tolist(), buffer.ends.tolist(), first, stop, n_units, mask)
                assert rows.values().tolist() == expected
                assert _all_times(rows.runs(), 0.1).tolist() == [tick * 0.1 for tick, _ in expected or ()]
                assert rows.runs().ticks.tolist() == sorted({tick for tick, _ in expected or ()})


@pytest.mark.parametrize("units", [[3, 1], [2, 2], [1, 5]])
def test_spikes_in_disorder_are_not_taken(units: list[int]) -> None:
    buffer = SpikeBuffer.empty(5, depth=4)
    buffer.append([0, 4])
    buffer.units[2:4], buffer.ends[2], buffer.tick = units, 4, 2
    rows = EventRows(lambda nbytes: None)
    assert not rows.take(buffer, 0, 2, None)
    assert reference.taken(buffer.units.tolist(), buffer.ends.tolist(), 0, 2, 5, []) is None
    assert rows.take(buffer, 0, 1, None)
    assert rows.values().tolist() == [(0, 0), (0, 4)]


def test_the_reach_is_that_of_a_population_that_fires_all_the_time() -> None:
    buffer = SpikeBuffer.empty(3, depth=10, capacity=16)
    assert buffer.reach == 5
    for _ in range(20):
        buffer.append(np.arange(3))
    assert len(buffer.between(15, 20)[0]) == 15
    with pytest.raises(ValueError, match="spikes of tick 14 were overwritten: 18 came since, 16 are held") as caught:
        buffer.between(14, 20)
    assert "look at most 5 ticks back" in caught.value.__notes__[0]


@pytest.mark.parametrize(("mean", "reach"), [(math.inf, 64), (55.0, 1024), (550.0, 953), (8000.0, 65), (0.0, 1024)])
def test_independent_units_of_known_mean_are_held_longer(mean: float, reach: int) -> None:
    """2 x 550 x 953 + 150 = 1,048,450 fit into 2**20 = 1,048,576, those of a tick more do not."""
    assert SpikeBuffer.empty(16_384, depth=1024, capacity=1 << 20, mean=mean).reach == reach


@pytest.mark.parametrize("mean", [1e-3, 1.0, 50.0, 75.0, 100.0, 1e3, 1e6])
def test_no_more_than_twice_the_mean_and_150(mean: float) -> None:
    assert stats.poisson.logsf(2 * mean + 150, mean) < -70 * math.log(10)
    excess = mean + 150
    assert excess**2 / (2 * mean + 2 * excess / 3) > 70 * math.log(10)


def test_a_quiet_population_is_held_for_the_whole_depth() -> None:
    buffer = SpikeBuffer.empty(1000, depth=50, capacity=1000)
    for tick in range(80):
        buffer.append([tick])
    assert buffer.reach == 1
    assert buffer.between(30, 80)[1].tolist() == list(range(30, 80))


@pytest.mark.parametrize(("first", "stop"), [(-1, 3), (0, 9), (3, 8), (7, 6), (6, 9)])
def test_ticks_that_are_not_held_are_refused(first: int, stop: int) -> None:
    buffer = SpikeBuffer.empty(2, depth=4)
    for _ in range(8):
        buffer.append([0])
    with pytest.raises(ValueError, match=rf"ticks {first} to {stop} were asked for, the buffer holds those of 4 to 8"):
        buffer.between(first, stop)


@pytest.mark.parametrize("units", [[3], [-1], [1, 1], [2, 0], 1, [[0, 1]]])
def test_units_of_a_tick_ascend(units: Any) -> None:
    buffer = SpikeBuffer.empty(3)
    with pytest.raises(ValueError, match="units of a tick must ascend from 0 to below 3"):
        buffer.append(units)
    assert (buffer.tick, buffer.total) == (0, 0)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"n_units": 0}, ValueError, "n_units must be at least 1, got 0"),
        ({"n_units": 2.0}, TypeError, "n_units must be an integer"),
        ({"n_units": 5, "depth": 0}, ValueError, "depth must be at least 1"),
        ({"n_units": 5, "capacity": 4}, ValueError, "capacity must be at least 5, got 4"),
    ],
)
def test_sizes_are_checked(kwargs: dict[str, int], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SpikeBuffer.empty(**kwargs)


@pytest.mark.parametrize(("n_units", "held"), [(1, 1024), (100, 32768), (55_000, LARGEST), (LARGEST + 1, 2 * LARGEST)])
def test_the_default_is_256_ticks_or_16_megabytes_or_a_tick(n_units: int, held: int) -> None:
    assert SpikeBuffer.empty(n_units).units.size == held


def test_it_is_a_state(tmp_path: Path) -> None:
    buffer = SpikeBuffer.empty(4, depth=3)
    for units in ([0, 3], [], [2]):
        buffer.append(units)
    save(buffer, tmp_path / "b")
    for other in (copy(buffer), load(tmp_path / "b", SpikeBuffer)):
        other.append([1])
        assert other.between(1, 4)[1].tolist() == [2, 1]
    assert buffer.tick == 3
