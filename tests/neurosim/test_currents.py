"""Currents: oracle of the normal numbers, their moments and correlations, laws of the noises, rates under noise, steps, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.inputs import NoiseCurrent, StepCurrent
from neurosim.kernels.currents import BLOCK, fill_normals
from neurosim.neurons.lif import LIF
from neurosim.neurons.theory import discrete_rate, discrete_threshold_shift, siegert_rate
from tests.neurosim.single import run
from tests.reference import currents as reference

REALS = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def add(
    source: Any, n: int, ticks: int, *, dt: float = 0.1, dtype: Any = np.float64, cuts: tuple[int, ...] = (), begin: int = 0
) -> np.ndarray:
    """Return what is added to each unit in each tick, (ticks, n)."""
    memory, parameters, ends = np.zeros((source.memory, n), dtype), np.array(source.parameters(dt), dtype), [0, *cuts, n]
    rows = np.zeros((ticks, n), dtype)
    for tick in range(ticks):
        for first, last in zip(ends[:-1], ends[1:], strict=True):
            source.kernel()(rows[tick], memory, parameters, first, last, np.uint64(11), begin + tick)
    return rows


def normals(ticks: int, blocks: int, seed: int = 4) -> np.ndarray:
    """Draw standard normal numbers, (ticks, units)."""
    out, words = np.empty((ticks, blocks * BLOCK), np.float32), np.empty(BLOCK, np.uint32)
    for tick in range(ticks):
        for block in range(blocks):
            fill_normals(out[tick, block * BLOCK : (block + 1) * BLOCK], words, block * BLOCK, np.uint64(seed), tick)
    return out.astype(float)


@settings(max_examples=20)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(0, 40))
def test_normal_numbers_equal_the_oracle(seed: int, tick: int, block: int) -> None:
    out = np.empty(BLOCK, np.float32)
    fill_normals(out, np.empty(BLOCK, np.uint32), block * BLOCK, np.uint64(seed), tick)
    expected = [reference.normal(seed, tick, block * BLOCK + unit) for unit in range(BLOCK)]
    assert np.abs(out - np.array(expected)).max() < 5e-6


def test_moments_and_tails_of_normal_numbers() -> None:
    """Of 2 million: moments up to the sixth, and how many lie beyond 3, 4 and 4.5 (|z| < 4); Kolmogorov's distance of a part."""
    x = normals(500, 8).ravel()
    for power in range(1, 7):
        law, twice = scipy.stats.norm.moment(power), scipy.stats.norm.moment(2 * power)
        assert abs((x**power).mean() - law) < 4 * math.sqrt((twice - law**2) / x.size)
    for edge in (3.0, 4.0, 4.5):
        for side in (-1, 1):
            expected = x.size * scipy.stats.norm.sf(edge)
            assert abs((side * x > edge).sum() - expected) < 4 * math.sqrt(expected)
    assert scipy.stats.kstest(x[:200_000], "norm").pvalue > 0.001


def test_normal_numbers_are_uncorrelated() -> None:
    """Between units, the two of one pair, and ticks; and so are their squares: |r| < 4 / sqrt(n)."""
    x = normals(500, 4)
    pairs = (x[:, 1:], x[:, :-1]), (x[1:], x[:-1]), (x[:, BLOCK // 2 : BLOCK], x[:, : BLOCK // 2]), (x[:, BLOCK:], x[:, :-BLOCK])
    for one, other in pairs:
        for power in (1, 2):
            assert abs(np.corrcoef(one.ravel() ** power, other.ravel() ** power)[0, 1]) < 4 / math.sqrt(one.size)


# White noise.


@REALS
@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_white_noise_without_a_membrane_has_its_intensity(dtype: Any, dt: float) -> None:
    """The integral of the current over a time T has the mean T times the mean, and the variance sigma^2 T."""
    current = add(NoiseCurrent("exc", mean=3.0, sigma=2.0), 3000, 50, dt=dt, dtype=dtype).astype(float)
    integral = dt * current.sum(0)
    assert abs(integral.mean() - 150 * dt) < 4 * 2.0 * math.sqrt(50 * dt / 3000)
    assert abs(integral.var() / (4.0 * 50 * dt) - 1) < 4 * math.sqrt(2 / 3000)


@pytest.mark.parametrize("dt", [0.1, 1.0, 10.0])
def test_a_membrane_under_white_noise_has_the_deviation_of_the_theory(dt: float) -> None:
    """Without a threshold v has the mean mu and the standard deviation sigma / sqrt(2), for any step, and forgets as exp(-t / tau)."""
    neuron, source = LIF(tau=20.0, rest=0.0, threshold=1e6, reset=0.0), NoiseCurrent("exc", mean=5.0, sigma=4.0, tau_membrane=20.0)
    trace = run(neuron, round(200 / dt) + 1, n=4000, dt=dt, inputs=[source]).trace[:, 0]
    one, other = trace[-2], trace[-1]
    assert abs(other.mean() - 5.0) < 4 * math.sqrt(8.0 / 4000)
    assert abs(other.var() / 8.0 - 1) < 4 * math.sqrt(2 / 4000)
    decay = math.exp(-dt / 20.0)
    assert abs(np.corrcoef(one, other)[0, 1] - decay) < 4 * (1 - decay**2) / math.sqrt(4000)


@pytest.mark.parametrize(("dtype", "dt", "mean"), [(np.float64, 1.0, 15.0), (np.float32, 1.0, 15.0), (np.float32, 0.5, 20.0)])
def test_the_rate_under_white_noise_is_the_discrete_one(dtype: Any, dt: float, mean: float) -> None:
    """Within 1 % of the exact rate of a membrane that is looked at once a step; the step of the spike counts as refractory."""
    cell = {"tau": 20.0, "threshold": 20.0, "reset": 10.0}
    exact = float(discrete_rate(mean, 5.0, dt=dt, refractory=2.0 - dt, **cell))
    source, settle, ticks, n = NoiseCurrent("exc", mean=mean, sigma=5.0, tau_membrane=20.0), 200.0, round(1500 / dt), 6000
    result = run(LIF(refractory=2.0, **cell), ticks, n=n, dt=dt, dtype=dtype, inputs=[source], traced=False)
    rate = np.count_nonzero(result.ticks * dt >= settle) / n / (ticks * dt - settle) * 1000
    assert rate == pytest.approx(exact, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [12.0, 15.0, 20.0, 30.0])
def test_the_rate_at_a_tenth_of_a_millisecond_is_that_of_siegert_with_the_threshold_shifted(mean: float) -> None:
    """Within 1 % from 2 to 60 Hz, and the plain formula is too high by more than 2 %."""
    cell = {"tau": 20.0, "reset": 10.0}
    shift = float(discrete_threshold_shift(5.0, 0.1, 20.0))
    plain, shifted = (float(siegert_rate(mean, 5.0, threshold=20.0 + more, refractory=1.9, **cell)) for more in (0.0, shift))
    source, n, seconds = NoiseCurrent("exc", mean=mean, sigma=5.0, tau_membrane=20.0), 20_000, 3.0
    result = run(LIF(refractory=2.0, threshold=20.0, **cell), round(1e4 * seconds), n=n, dtype=np.float32, inputs=[source], traced=False)
    rate = np.count_nonzero(result.ticks >= 2000) / n / (seconds - 0.2)
    assert rate == pytest.approx(shifted, rel=0.01)
    assert rate < 0.98 * plain


# Coloured noise.


@REALS
def test_coloured_noise_is_stationary_from_the_start_and_fades(dtype: Any) -> None:
    """Mean and variance in the first tick and in the last, and the correlation exp(-t / tau) over 1, 5 and 30 ticks (|z| < 4)."""
    n, tau, dt = 5000, 5.0, 0.5
    current = add(NoiseCurrent("exc", mean=-2.0, sigma=3.0, tau=tau), n, 60, dt=dt, dtype=dtype).astype(float)
    for tick in (0, 59):
        assert abs(current[tick].mean() + 2.0) < 4 * 3.0 / math.sqrt(n)
        assert abs(current[tick].var() / 9.0 - 1) < 4 * math.sqrt(2 / n)
    for lag in (1, 5, 30):
        r = math.exp(-lag * dt / tau)
        assert abs(np.corrcoef(current[-1 - lag], current[-1])[0, 1] - r) < 4 * (1 - r * r) / math.sqrt(n)


@REALS
@pytest.mark.parametrize("tau", [0.0, 5.0])
def test_ranges_of_units_do_not_matter(dtype: Any, tau: float) -> None:
    source = NoiseCurrent("exc", mean=1.0, sigma=2.0, tau=tau)
    whole = add(source, 1300, 20, dtype=dtype)
    assert np.array_equal(add(source, 1300, 20, dtype=dtype, cuts=(512, 1024)), whole)
    assert np.array_equal(add(source, 700, 20, dtype=dtype), whole[:, :700])


def test_no_deviation_is_a_constant_current() -> None:
    for tau in (0.0, 5.0):
        assert (add(NoiseCurrent("exc", mean=1.5, sigma=0.0, tau=tau), 600, 3) == 1.5).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sigma": -1.0}, "sigma must be finite and at least 0, got -1"),
        ({"tau": -1.0}, "tau must be finite and at least 0, got -1"),
        ({"tau_membrane": 0.0}, "tau_membrane must be finite and above 0, got 0"),
        ({"tau": 5.0, "tau_membrane": 20.0}, "tau_membrane belongs to white noise, got tau 5.0 and tau_membrane 20.0"),
    ],
)
def test_bad_noise(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NoiseCurrent(**{"target": "exc", "mean": 0.0, "sigma": 1.0} | wrong)


# Steps.


@REALS
@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-8, 8)), min_size=1, max_size=10, unique_by=lambda step: step[0]))
def test_steps_equal_the_oracle(dtype: Any, steps: list[tuple[int, int]]) -> None:
    steps = sorted(steps)
    times, amplitudes = [0.1 * tick for tick, _ in steps], [float(amplitude) for _, amplitude in steps]
    got = add(StepCurrent("exc", times, amplitudes), 3, 60, dtype=dtype)
    expected = [reference.step_current(times, amplitudes, 0.1, tick) for tick in range(60)]
    assert np.array_equal(got, np.repeat(np.array(expected)[:, None], 3, 1))


@REALS
def test_each_unit_has_its_own_amplitudes(dtype: Any) -> None:
    amplitudes = np.arange(2600.0).reshape(2, 1300)
    source = StepCurrent("exc", [0.2, 0.4], amplitudes)
    assert source.n_units == 1300
    got = add(source, 1300, 6, dtype=dtype, cuts=(512,))
    assert np.array_equal(got, [amplitudes[0] * 0, amplitudes[0] * 0, amplitudes[0], amplitudes[0], amplitudes[1], amplitudes[1]])


@REALS
def test_steps_late_in_a_long_run(dtype: Any) -> None:
    """Ticks beyond 2^24, which float32 cannot tell apart, are told apart."""
    late = 2**31 + 1
    source = StepCurrent("exc", [0.1 * late, 0.1 * (late + 1)], [1.0, 2.0])
    assert add(source, 1, 3, dtype=dtype, begin=late - 1).ravel().tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("times", "amplitudes", "message"),
    [
        ([0.0, 1.0], [1.0], r"times must have shape \(k,\) and amplitudes .* got \(2,\) and \(1,\)"),
        ([], [], r"k at least 1, got \(0,\) and \(0,\)"),
        ([1.0, 1.0], [1.0, 2.0], "times must ascend"),
        ([-1.0], [1.0], "times must ascend from 0"),
        ([0.0], [math.nan], "amplitudes must be finite, got nan"),
    ],
)
def test_bad_steps(times: list[float], amplitudes: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StepCurrent("exc", times, amplitudes)


def test_amplitudes_for_another_number_of_units() -> None:
    StepCurrent("exc", [0.0], [1.0]).check(5)
    StepCurrent("exc", [0.0], np.ones((1, 5))).check(5)
    with pytest.raises(ValueError, match=r"amplitudes must have shape \(k,\) or \(k, 6\) for a target of 6 units, got \(1, 5\)"):
        StepCurrent("exc", [0.0], np.ones((1, 5))).check(6)


def test_two_times_in_one_step() -> None:
    with pytest.raises(ValueError, match="times must lie in different steps of dt = 0.1 ms, got 1.01 and 1.02"):
        StepCurrent("exc", [1.01, 1.02], [1.0, 2.0]).parameters(0.1)
