"""Mean field: the oracle with a complex order parameter, equality with the stages on graphs, slices, noise, exact solutions."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels.mean_field import run_mean_field, sum_waves
from neurosim.kernels.phases import draw_kicks, move, wave
from tests.reference import mean_field as reference

ROOT = Path(__file__).resolve().parents[2]
REALS = pytest.mark.parametrize("dtype", [np.float64, np.float32])
STAGES = pytest.mark.parametrize("stages", [1, 2, 4])
SIZES = st.integers(1, 80)
SEEDS = st.integers(0, 2**32 - 1)


def draw(n: int, seed: int, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-4, 4, n).astype(dtype), rng.normal(size=n).astype(dtype)


def run(
    phases: np.ndarray,
    omega: np.ndarray,
    slices: tuple[int, ...],
    *,
    stages: int = 4,
    coupling: float = 1.5,
    lag: float = 0.2,
    dt: float = 0.05,
    kick: float = 0.0,
    seed: int = 7,
) -> np.ndarray:
    """Return the phases after some slices."""
    phases, tick = phases.copy(), 11
    parameters = np.array([coupling, math.sin(lag), math.cos(lag), dt, kick])
    for ticks in slices:
        scratch, kicks = np.full((3, phases.size), np.nan, phases.dtype), np.full(phases.size if kick else 0, np.nan, phases.dtype)
        run_mean_field(phases, omega, scratch, kicks, parameters, stages, ticks, np.uint64(seed), np.uint64(tick))
        waves = np.empty((phases.size, 2), phases.dtype)
        wave(phases, waves, 0, phases.size)
        assert np.array_equal(scratch[:2].T, waves)
        tick += ticks
    return phases


def by_stages(phases: np.ndarray, omega: np.ndarray, ticks: int, stages: int, kick: float) -> np.ndarray:
    """Return what :func:`run` does, from the stages that graphs use."""
    phases, n = phases.copy(), phases.size
    trial, rates = np.empty((2, n))
    waves, sums, kicks = np.empty((n, 2)), np.empty((n, 2)), np.empty(n if kick else 0)
    parameters = np.array([1.5, math.sin(0.2), math.cos(0.2), 0.05])
    wave(phases, waves, 0, n)
    for tick in range(11, 11 + ticks):
        draw_kicks(kicks, kick, np.uint64(7), np.uint64(tick))
        for stage in range(stages):
            sums[:] = [reference.total(waves[:, half]) / n for half in (0, 1)]
            move(phases, trial, rates, sums, waves, omega, parameters, kicks, stage, stages, 0, n)
    return phases


@REALS
@STAGES
@settings(max_examples=15)
@given(SIZES, SEEDS)
def test_steps_equal_the_oracle(dtype: Any, stages: int, n: int, seed: int) -> None:
    phases, omega = draw(n, seed, dtype)
    expected = reference.run(phases, omega.astype(float), 1.5, 0.2, 0.05, stages, 3)
    assert np.abs(run(phases, omega, (3,), stages=stages) - expected).max() < (1e-12 if dtype is np.float64 else 1e-5)


@pytest.mark.parametrize("stages", [1, 2])
def test_noisy_steps_equal_the_oracle(stages: int) -> None:
    phases, omega = draw(700, 2)
    kicks = np.empty((4, 700))
    for tick in range(4):
        draw_kicks(kicks[tick], 0.3, np.uint64(7), np.uint64(11 + tick))
    expected = reference.run(phases, omega, 1.5, 0.2, 0.05, stages, 4, kicks)
    assert np.abs(run(phases, omega, (4,), stages=stages, kick=0.3) - expected).max() < 1e-12


@settings(max_examples=15)
@given(st.sampled_from([1, 15, 16, 17, 300, 4096, 4100, 9000]), SEEDS, st.sampled_from([(1, 0.0), (1, 0.2), (2, 0.0), (2, 0.2), (4, 0.0)]))
def test_the_stages_of_graphs_give_the_same_bits(n: int, seed: int, scheme: tuple[int, float]) -> None:
    phases, omega = draw(n, seed)
    stages, kick = scheme
    assert np.array_equal(run(phases, omega, (2,), stages=stages, kick=kick), by_stages(phases, omega, 2, stages, kick))


@REALS
@settings(max_examples=20)
@given(st.integers(1, 5000), SEEDS, st.sampled_from([(1, 0.0), (1, 0.2), (2, 0.2), (4, 0.0)]))
def test_slices_give_the_same_bits(dtype: Any, n: int, seed: int, scheme: tuple[int, float]) -> None:
    phases, omega = draw(n, seed, dtype)
    stages, kick = scheme
    whole = run(phases, omega, (6,), stages=stages, kick=kick)
    assert np.array_equal(whole, run(phases, omega, (1, 0, 3, 2), stages=stages, kick=kick))
    assert whole.dtype == dtype


@REALS
@pytest.mark.parametrize("n", [1, 16, 31, 4096, 4097, 10_000])
def test_the_sums_of_waves_are_those_of_the_oracle(dtype: Any, n: int) -> None:
    phases, _ = draw(n, n, dtype)
    waves = np.empty((n, 2), dtype)
    wave(phases, waves, 0, n)
    assert sum_waves(phases) == (reference.total(waves[:, 0]), reference.total(waves[:, 1]))


@settings(max_examples=20)
@given(SIZES, SEEDS, st.floats(-3, 3))
def test_turning_all_phases_turns_the_answer(n: int, seed: int, angle: float) -> None:
    phases, omega = draw(n, seed)
    assert np.abs(run(phases + angle, omega, (3,)) - run(phases, omega, (3,)) - angle).max() < 1e-12


@STAGES
@settings(max_examples=15)
@given(SIZES, SEEDS)
def test_without_a_lag_the_mean_speed_is_the_mean_frequency(stages: int, n: int, seed: int) -> None:
    phases, omega = draw(n, seed)
    moved = run(phases, omega, (10,), stages=stages, lag=0.0)
    assert abs((moved - phases).mean() - 0.5 * omega.mean()) < 1e-12


def test_two_oscillators_approach_as_the_exact_solution_does() -> None:
    """Under a mean field phi' = -K sin(phi): tan(phi / 2) = tan(phi_0 / 2) exp(-K t)."""
    moved = run(np.array([1.0, -1.0]), np.zeros(2), (100,), coupling=1.2, lag=0.0, dt=0.02)
    assert abs(moved[0] - moved[1] - 2 * math.atan(math.tan(1.0) * math.exp(-2.4))) < 1e-8


def test_synchrony_turns_at_the_frequency_that_the_lag_sets() -> None:
    """Equal phases and frequencies: theta' = omega - K sin(alpha), for every N."""
    moved = run(np.full(1001, 0.4), np.full(1001, 0.3), (100,), coupling=1.5, lag=0.2)
    assert np.abs(moved - 0.4 - 5 * (0.3 - 1.5 * math.sin(0.2))).max() < 1e-11


def test_free_phases_diffuse() -> None:
    """Without coupling the variance grows as 2 D t: here 0.2**2 a tick."""
    n, ticks = 20_000, 25
    moved = run(np.zeros(n), np.zeros(n), (ticks,), stages=1, coupling=0.0, kick=0.2)
    assert abs(moved.var() / (0.04 * ticks) - 1) < 4 * math.sqrt(2 / n)


# Other processors.


def digits() -> str:
    """Return the bits of some runs."""
    runs = []
    for dtype in (np.float64, np.float32):
        phases, omega = draw(5003, 6, dtype)
        runs += [run(phases, omega, (3,)), run(phases, omega, (3,), stages=2, kick=0.2), by_stages(*draw(301, 7), 3, 4, 0.0)]
    return " ".join(moved.tobytes().hex() for moved in runs)


@pytest.mark.slow
def test_a_plainer_processor_gives_the_same_bits() -> None:
    code = "from tests.neurosim.test_mean_field import digits; print(digits())"
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digits()
