"""Poisson sources and inputs: slow oracles, the laws of counts and intervals, independence, ranges of units, bad input."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim import noise
from neurosim.inputs import PoissonInput
from neurosim.inputs import poisson as inputs
from neurosim.kernels import poisson as kernels
from neurosim.neurons.lif import LIF
from neurosim.neurons.poisson import RARE, Poisson
from tests.neurosim.single import run
from tests.reference import poisson as reference

MANY_DRAWS = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="so many draws take minutes in plain Python")

SEEDS = st.integers(0, 2**64 - 1)
TICKS = st.integers(0, 2**40)
REALS = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def fire(
    source: Poisson, n: int, seed: int, tick: int, *, dt: float = 0.1, dtype: Any = np.float64, cuts: tuple[int, ...] = ()
) -> list[int]:
    """Return the units that fire in one tick."""
    update, _ = source.kernels()
    table, flags = np.zeros((len(source.variables), n), dtype), np.full(n, 7, np.uint8)
    if source.variables:
        table[0] = source.start()["rate"]
    ends = [0, *cuts, n]
    for first, last in zip(ends[:-1], ends[1:], strict=True):
        update(table, np.array(source.parameters(dt), dtype), flags, first, last, np.uint64(seed), tick)
    assert set(flags.tolist()) <= {0, 1}
    return np.flatnonzero(flags).tolist()


def arrive(
    source: PoissonInput, n: int, seed: int, tick: int, *, dt: float = 0.1, dtype: Any = np.float64, cuts: tuple[int, ...] = ()
) -> Any:
    """Return what is added to each unit in one tick."""
    row, ends = np.zeros(n, dtype), [0, *cuts, n]
    for first, last in zip(ends[:-1], ends[1:], strict=True):
        source.kernel()(row, np.zeros((0, n), dtype), np.array(source.parameters(dt), dtype), first, last, np.uint64(seed), tick)
    return row


@given(SEEDS, TICKS, st.integers(0, 300), st.integers(0, 300))
def test_words_are_those_of_the_library(seed: int, tick: int, first: int, n: int) -> None:
    out = np.empty(4 * n, np.uint32)
    kernels.fill_words_from(out, 4 * first, np.uint64(seed), tick, np.uint64(3))
    assert np.array_equal(out, noise.words(seed, tick, 3, 4 * (first + n))[4 * first :])


# Sources.


@settings(max_examples=40)
@given(SEEDS, TICKS, st.integers(1, 10_000), st.floats(1e-6, RARE))
def test_rare_spikes_equal_the_oracle(seed: int, tick: int, n: int, p: float) -> None:
    assert fire(Poisson(rate=10_000 * p), n, seed, tick) == reference.rare_spikes(n, p, seed, tick)


@settings(max_examples=40)
@given(SEEDS, TICKS, st.integers(1, 1500), st.floats(1.001 * RARE, 1.0))
def test_frequent_spikes_equal_the_oracle(seed: int, tick: int, n: int, p: float) -> None:
    assert fire(Poisson(rate=10_000 * p), n, seed, tick) == reference.spikes([p] * n, seed, tick)


@settings(max_examples=40)
@given(SEEDS, TICKS, st.lists(st.floats(0, 10_000), min_size=1, max_size=1500))
def test_spikes_of_unequal_rates_equal_the_oracle(seed: int, tick: int, rates: list[float]) -> None:
    assert fire(Poisson(rate=rates), len(rates), seed, tick) == reference.spikes([rate * 1e-4 for rate in rates], seed, tick)


@REALS
@pytest.mark.parametrize("rate", [3.0, 200.0, 2000.0, np.linspace(0, 100, 9000)])
def test_ranges_of_units_do_not_matter(dtype: Any, rate: Any) -> None:
    for tick in range(20):
        whole = fire(Poisson(rate=rate), 9000, 5, tick, dtype=dtype)
        for cuts in ((512,), (4096,), (3584, 4608, 8704)):
            assert fire(Poisson(rate=rate), 9000, 5, tick, dtype=dtype, cuts=cuts) == whole


@MANY_DRAWS
@REALS
@pytest.mark.parametrize("p", [2e-5, 0.001, 0.03, 0.1, 0.7])
def test_the_law_of_spikes(dtype: Any, p: float) -> None:
    """12,000 units, 400 ticks: the total, spikes of units and of ticks follow the binomial law (mean and variance, |z| < 4)."""
    n, ticks = 12_000, 400
    result = run(Poisson(rate=10_000 * p), ticks, n=n, dtype=dtype, traced=False)
    by_unit, by_tick = np.bincount(result.units, minlength=n), np.bincount(result.ticks, minlength=ticks)
    for counts, trials in ((by_unit, ticks), (by_tick, n)):
        variance = trials * p * (1 - p)
        fourth = 3 * variance**2 + variance * (1 - 6 * p * (1 - p))
        assert abs(counts.mean() - trials * p) < 4 * math.sqrt(variance / counts.size)
        assert abs(((counts - trials * p) ** 2).mean() - variance) < 4 * math.sqrt((fourth - variance**2) / counts.size)


@pytest.mark.parametrize("p", [0.01, 0.2])
def test_intervals_are_geometric(p: float) -> None:
    """Chi-square of the intervals of 3,000 units against (1 - p)^(k - 1) p in ten classes below its 99.9 % quantile."""
    result = run(Poisson(rate=10_000 * p), 600, n=3000, traced=False)
    order = np.lexsort((result.ticks, result.units))
    ticks, units = result.ticks[order], result.units[order]
    kept = ticks[:-1] < 300  # intervals that begin early enough to be seen to their end, up to what is beyond the last class
    found = np.where(units[1:] == units[:-1], ticks[1:] - ticks[:-1], 10_000)[kept]
    edges = np.unique(np.ceil(np.log1p(-np.arange(10) / 10) / math.log1p(-p)).astype(int))
    survival = np.append((1.0 - p) ** edges, 0.0)
    observed = np.array([np.count_nonzero((found > a) & (found <= b)) for a, b in zip(edges, [*edges[1:], 10**6], strict=True)])
    expected = found.size * -np.diff(survival)
    assert ((observed - expected) ** 2 / expected).sum() < scipy.stats.chi2.ppf(0.999, edges.size - 1)


@MANY_DRAWS
@pytest.mark.parametrize("rate", [100.0, 2000.0, np.full(6000, 300.0)])
def test_units_and_ticks_are_independent(rate: Any) -> None:
    """Spikes of neighbours in a tick, and of one unit in neighbouring ticks, coincide as often as chance has it."""
    result = run(Poisson(rate=rate), 500, n=6000, traced=False)
    raster = np.zeros((500, 6000), bool)
    raster[result.ticks, result.units] = True
    p = np.max(rate) * 1e-4
    for pairs in (raster[:, 1:] & raster[:, :-1], raster[1:] & raster[:-1], raster[:, 4096:] & raster[:, : 6000 - 4096]):
        assert abs(pairs.sum() - pairs.size * p * p) < 4 * math.sqrt(pairs.size * p * p)


def test_spikes_of_the_first_units_do_not_depend_on_how_many_there_are() -> None:
    for rate in (50.0, 3000.0):
        long = fire(Poisson(rate=rate), 10_000, 9, 3)
        assert fire(Poisson(rate=rate), 5000, 9, 3) == [unit for unit in long if unit < 5000]


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0), (10_000.0, 700), (np.zeros(700), 0)])
def test_never_and_always(rate: Any, expected: int) -> None:
    assert all(len(fire(Poisson(rate=rate), 700, 1, tick)) == expected for tick in range(50))


def test_rates_may_change_during_a_run() -> None:
    source = Poisson(rate=np.zeros(4))
    assert source.start()["rate"].tolist() == [0.0] * 4
    assert run(source, 20, n=4, values={"rate": np.array([0.0, 1e4, 0.0, 1e4])}).units.tolist() == [1, 3] * 20


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (-1.0, ValueError, "rate must be finite and at least 0, got -1"),
        (math.nan, ValueError, "rate must be finite"),
        ("fast", TypeError, "rate must be a number"),
        ([1.0, -2.0], ValueError, "rate must be .* at least 0, got -2.0 at unit 1"),
        ([[1.0, 2.0]], ValueError, r"got an array of shape \(1, 2\)"),
    ],
)
def test_bad_rates(rate: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Poisson(rate=rate)


@pytest.mark.parametrize("rate", [10_001.0, np.array([1.0, 20_000.0])])
def test_a_rate_above_one_spike_a_step(rate: Any) -> None:
    with pytest.raises(ValueError, match="rate must be at most 1 / dt = 10000 Hz, got"):
        Poisson(rate=rate).parameters(0.1)


def test_rates_for_another_number_of_units() -> None:
    Poisson(rate=5.0).check(3)
    Poisson(rate=[1.0, 2.0, 3.0]).check(3)
    with pytest.raises(ValueError, match=r"rate must be a number or have shape \(4,\) for a population of 4, got shape \(3,\)"):
        Poisson(rate=[1.0, 2.0, 3.0]).check(4)


# Inputs.


@settings(max_examples=40)
@given(SEEDS, TICKS, st.integers(1, 10_000), st.floats(1e-6, 0.999 * inputs.RARE))
def test_rare_events_equal_the_oracle(seed: int, tick: int, n: int, mean: float) -> None:
    assert arrive(PoissonInput("exc", 1e4 * mean, 1.0), n, seed, tick).tolist() == reference.rare_events(n, mean, seed, tick)


@settings(max_examples=15)
@given(SEEDS, TICKS, st.integers(1, 1500), st.sampled_from([0.03, 0.3, 2.0, 17.0, 300.0]))
def test_events_equal_the_oracle(seed: int, tick: int, n: int, mean: float) -> None:
    assert arrive(PoissonInput("exc", 1e4 * mean, 1.0), n, seed, tick).tolist() == reference.events(n, mean, seed, tick)


def given_law(parameters: np.ndarray, stop: int) -> np.ndarray:
    """Return the probabilities of 0 ... stop - 1 events that parameters of the kernel stand for."""
    n_cells, base, tail_base = (int(number) for number in parameters[3:6])
    cells = parameters[kernels.HEADER : kernels.HEADER + n_cells]
    above = np.concatenate([[1.0], parameters[kernels.HEADER + n_cells :] / 2.0**32, [0.0]])
    law = np.zeros(stop)
    for k, share in enumerate(np.diff(cells, prepend=0.0)):
        if share:
            law[base + k] += share / 65_536
    law[tail_base : tail_base + above.size - 1] += (1 - cells[-1] / 65_536) * -np.diff(above)
    return law


@pytest.mark.parametrize(("dtype", "relative"), [(np.float64, 1e-9), (np.float32, 1e-6)])
@pytest.mark.parametrize("mean", [0.03, 0.5, 2.0, 20.0, 150.0, 3000.0, 10_000.0])
def test_the_law_of_events_is_exact(dtype: Any, relative: float, mean: float) -> None:
    """What the parameters stand for is the Poisson law, wherever a probability is above 1e-12."""
    stop = int(mean + 10 * math.sqrt(mean) + 30)
    law = given_law(np.array(inputs.often_law(1.0, mean), dtype).astype(float), stop)
    exact = scipy.stats.poisson(mean).pmf(np.arange(stop))
    assert law.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(law - exact).max() < relative * exact.max() + 1e-12


@MANY_DRAWS
@REALS
@pytest.mark.parametrize("mean", [0.002, 0.02, 0.05, 2.0, 40.0, 1000.0])
def test_events_follow_the_law(dtype: Any, mean: float) -> None:
    """Chi-square over the counts of 6,000 units in 50 ticks, classes of at least five expected, below its 99.9 % quantile."""
    source = PoissonInput("exc", rate=1e3 * mean, weight=0.5, n=10)
    counts = np.concatenate([arrive(source, 6000, 8, tick, dtype=dtype) for tick in range(50)]) / 0.5
    assert np.array_equal(counts, np.rint(counts))
    law = scipy.stats.poisson(mean)
    low, high = law.ppf(10 / counts.size), law.isf(10 / counts.size)
    observed = np.bincount(np.clip(counts, low, high).astype(int) - int(low), minlength=int(high - low) + 1)
    edges = np.arange(low, high)
    expected = counts.size * np.diff([0.0, *law.cdf(edges), 1.0])
    assert ((observed - expected) ** 2 / expected).sum() < scipy.stats.chi2.ppf(0.999, max(observed.size - 1, 1))


@pytest.mark.parametrize("mean", [0.02, 0.5, 2.0])
def test_events_of_units_and_ticks_are_uncorrelated(mean: float) -> None:
    """Between neighbours, halves of one word, units a block apart, and ticks: |r| < 4 / sqrt(n)."""
    source = PoissonInput("exc", rate=1e4 * mean, weight=1.0)
    counts = np.array([arrive(source, 6000, 3, tick) for tick in range(80)])
    for one, other in (
        (counts[:, ::2], counts[:, 1::2]),
        (counts[:, 1:-1:2], counts[:, 2::2]),
        (counts[:, 1024:], counts[:, :-1024]),
        (counts[:, 4096:], counts[:, :-4096]),
        (counts[1:], counts[:-1]),
    ):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / math.sqrt(one.size)


@REALS
@pytest.mark.parametrize("rate", [10.0, 400.0, 20_000.0])
def test_ranges_of_units_do_not_matter_to_events(dtype: Any, rate: float) -> None:
    source = PoissonInput("exc", rate=rate, weight=0.1)
    for tick in range(10):
        whole = arrive(source, 9000, 5, tick, dtype=dtype)
        for cuts in ((512,), (4096,), (3584, 4608, 8704)):
            assert np.array_equal(arrive(source, 9000, 5, tick, dtype=dtype, cuts=cuts), whole)


def test_float32_and_float64_receive_the_same_events() -> None:
    for rate in (10.0, 20_000.0):
        source = PoissonInput("exc", rate=rate, weight=1.0)
        different = sum((arrive(source, 9000, 5, tick) != arrive(source, 9000, 5, tick, dtype=np.float32)).sum() for tick in range(10))
        assert different == 0


@MANY_DRAWS
def test_mean_and_deviation_of_the_potential() -> None:
    """Without a threshold v is shot noise: its mean is tau J nu, its variance tau J^2 nu / 2 (Campbell), here seen at the ticks."""
    neuron, n, mean = LIF(tau=20.0, rest=0.0, threshold=1e6, reset=0.0), 4000, 2.0
    drive = PoissonInput("exc", rate=20.0, weight=0.1, n=1000)
    assert drive.mean(0.1) == mean
    trace = run(neuron, 2000, n=n, inputs=[drive], values={"v": 40.0}).trace[-1, 0]
    decay = math.exp(-0.1 / 20.0)
    expected, variance = 0.1 * mean / (1 - decay), 0.01 * mean / (1 - decay**2)
    assert abs(trace.mean() - expected) < 4 * math.sqrt(variance / n)
    assert abs(trace.var() / variance - 1) < 4 * math.sqrt(2 / n)


def test_no_rate_no_event() -> None:
    assert not any(arrive(PoissonInput("exc", 0.0, 1.0), 5000, 2, tick).any() for tick in range(20))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"rate": -5.0}, ValueError, "rate must be finite and at least 0, got -5"),
        ({"weight": math.inf}, ValueError, "weight must be finite, got inf"),
        ({"n": 0}, ValueError, "n must be at least 1, got 0"),
        ({"n": 1.5}, TypeError, "n must be an integer, got 1.5"),
    ],
)
def test_bad_inputs(wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PoissonInput(**{"target": "exc", "rate": 1.0, "weight": 0.1} | wrong)


def test_too_many_events_a_step() -> None:
    with pytest.raises(ValueError, match=r"n \* rate \* dt must be at most 10,000 events a step, got 20,000"):
        PoissonInput("exc", rate=200.0, weight=0.1, n=1_000_000).parameters(0.1)
