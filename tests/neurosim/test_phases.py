"""Phases: accuracy of the waves, stages against textbook steps, exact solutions, orders of convergence, noise, cut ranges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels.phases import draw_kicks, draw_kicks_between, move, move_inertial, wave
from tests.reference import currents
from tests.reference import phases as reference

REALS = pytest.mark.parametrize("dtype", [np.float64, np.float32])
STAGES = pytest.mark.parametrize("stages", [1, 2, 4])
SIZES = st.integers(1, 70)
SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.floats(0, 1), max_size=4)


def waves_of(phases: np.ndarray, cuts: list[float] | None = None) -> np.ndarray:
    waves = np.full((phases.size, 2), np.nan, phases.dtype)
    for first, last in ranges(phases.size, cuts or []):
        wave(phases, waves, first, last)
    return waves


def ranges(n: int, cuts: list[float]) -> list[tuple[int, int]]:
    """Cut 0 ... n - 1 at some fractions of n."""
    ends = sorted({0, n, *(int(cut * n) for cut in cuts)})
    return list(zip(ends[:-1], ends[1:], strict=True))


class Network:
    """A matrix of couplings and the arrays that the kernels work on."""

    def __init__(self, n: int, seed: int, dtype: Any = np.float64, coupling: float = 0.7, lag: float = 0.3, dt: float = 0.05) -> None:
        rng = np.random.default_rng(seed)
        self.matrix = rng.normal(size=(n, n)).astype(dtype) / n
        self.phases, self.velocities = rng.uniform(-9, 9, n).astype(dtype), rng.normal(size=n).astype(dtype)
        self.omega, self.kicks = rng.normal(size=n).astype(dtype), np.zeros(0, dtype)
        self.coupling, self.lag, self.dt = coupling, lag, dt
        self.trial, self.rates, self.trial_velocities, self.velocity_rates = np.full((4, n), np.nan, dtype)
        self.mass = 0.0

    def advance(self, stages: int, ticks: int = 1, cuts: list[float] | None = None) -> Network:
        """Take some steps with kernels; a mass makes them inertial."""
        n, dtype = self.phases.size, self.phases.dtype
        parameters = np.array([self.coupling, math.sin(self.lag), math.cos(self.lag), self.dt, self.mass], dtype)
        waves = waves_of(self.phases)
        for _ in range(ticks):
            for stage in range(stages):
                sums = self.matrix @ waves
                shared = sums, waves, self.omega, parameters[: 5 if self.mass else 4], self.kicks, stage, stages
                for first, last in ranges(n, cuts or []):
                    if self.mass:
                        values = self.phases, self.velocities, self.trial, self.trial_velocities, self.rates, self.velocity_rates
                        move_inertial(*values, *shared, first, last)
                    else:
                        move(self.phases, self.trial, self.rates, *shared, first, last)
        assert np.array_equal(waves, waves_of(self.phases))
        return self

    def expected(self, stages: int, ticks: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return phases and velocities after some textbook steps, all in float64."""
        phases, velocities = self.phases.astype(float), self.velocities.astype(float)
        kicks = self.kicks.astype(float) if self.kicks.size else 0.0
        law = self.omega, self.matrix, self.coupling, self.lag
        for _ in range(ticks):
            if self.mass:
                phases, velocities = reference.step_inertial(phases, velocities, *law, self.mass, self.dt, stages, kicks)
            else:
                phases = reference.step_phases(phases, *law, self.dt, stages, kicks)
        return phases, velocities


# Waves.


@pytest.mark.parametrize(("dtype", "largest", "error"), [(np.float64, 1e5, 3e-15), (np.float64, 1e8, 2e-8), (np.float32, 1e4, 2.5e-7)])
def test_waves_are_sines_and_cosines(dtype: Any, largest: float, error: float, rng: np.random.Generator) -> None:
    phases = np.concatenate([rng.uniform(-largest, largest, 40_001), rng.normal(size=10_000), np.arange(-50, 51) * math.pi / 4]).astype(
        dtype
    )
    exact = np.stack([np.sin(phases.astype(float)), np.cos(phases.astype(float))], axis=1)
    assert np.abs(waves_of(phases) - exact).max() < error


@REALS
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=70), CUTS)
def test_a_wave_does_not_depend_on_the_place_or_the_range(dtype: Any, values: list[float], cuts: list[float]) -> None:
    phases = np.array(values, dtype)
    waves = waves_of(phases)
    assert np.array_equal(waves_of(phases, cuts), waves)
    assert np.array_equal(waves_of(phases[::-1].copy())[::-1], waves)
    assert np.array_equal(waves_of(-phases), waves * np.array([-1, 1], dtype))


@REALS
def test_particular_waves(dtype: Any) -> None:
    assert waves_of(np.zeros(17, dtype)).tolist() == [[0.0, 1.0]] * 17
    assert np.isnan(waves_of(np.array([math.nan, math.inf], dtype))).all()


# Stages.


@REALS
@STAGES
@settings(max_examples=15)
@given(SIZES, SEEDS)
def test_a_step_equals_the_oracle(dtype: Any, stages: int, n: int, seed: int) -> None:
    network = Network(n, seed, dtype)
    expected, _ = network.expected(stages, ticks=2)
    assert np.abs(network.advance(stages, ticks=2).phases - expected).max() < (1e-12 if dtype is np.float64 else 2e-5)


@STAGES
@settings(max_examples=15)
@given(SIZES, SEEDS)
def test_a_step_with_inertia_equals_the_oracle(stages: int, n: int, seed: int) -> None:
    network = Network(n, seed)
    network.mass = 0.8
    phases, velocities = network.expected(stages, ticks=2)
    network.advance(stages, ticks=2)
    assert np.abs(network.phases - phases).max() < 1e-12
    assert np.abs(network.velocities - velocities).max() < 1e-12


@pytest.mark.parametrize("mass", [0.0, 0.5])
@pytest.mark.parametrize("stages", [1, 2])
def test_both_stages_of_heun_feel_the_same_kick(stages: int, mass: float, rng: np.random.Generator) -> None:
    network = Network(33, 5)
    network.mass, network.kicks = mass, rng.normal(size=33)
    phases, velocities = network.expected(stages)
    network.advance(stages)
    assert np.abs(network.phases - phases).max() < 1e-12
    assert not mass or np.abs(network.velocities - velocities).max() < 1e-12


@REALS
@pytest.mark.parametrize("mass", [0.0, 0.5])
@settings(max_examples=15)
@given(st.integers(1, 300), SEEDS, CUTS, st.sampled_from([1, 2, 4]))
def test_ranges_may_be_cut_anywhere(dtype: Any, mass: float, n: int, seed: int, cuts: list[float], stages: int) -> None:
    whole, cut = Network(n, seed, dtype), Network(n, seed, dtype)
    for network in (whole, cut):
        network.mass = mass
        network.kicks = np.full(n if stages < 4 else 0, 0.25, dtype)
    whole.advance(stages, 2)
    cut.advance(stages, 2, cuts)
    assert np.array_equal(whole.phases, cut.phases)
    assert np.array_equal(whole.velocities, cut.velocities)


def test_without_coupling_phases_turn_at_their_frequencies() -> None:
    network = Network(50, 1, coupling=0.0)
    start = network.phases.copy()
    network.advance(4, ticks=100)
    assert np.abs(network.phases - start - 5 * network.omega).max() < 1e-11


@pytest.mark.parametrize(("stages", "order"), [(1, 1), (2, 2), (4, 4)])
def test_two_oscillators_approach_as_the_exact_solution_does(stages: int, order: int) -> None:
    """phi' = -2 K sin(phi) has tan(phi / 2) = tan(phi_0 / 2) exp(-2 K t); halving dt divides the error by 2**order."""
    exact = 2 * math.atan(math.tan(1.0) * math.exp(-2 * 0.9 * 1.6))
    errors = []
    for ticks in (16, 32, 64):
        pair = Network(2, 0, coupling=0.9, lag=0.0, dt=1.6 / ticks)
        pair.matrix, pair.phases, pair.omega = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, -1.0]), np.zeros(2)
        pair.advance(stages, ticks)
        errors.append(abs(pair.phases[0] - pair.phases[1] - exact))
    ratios = [errors[0] / errors[1], errors[1] / errors[2]]
    assert np.abs(np.log2(ratios) - order).max() < 0.25


def test_velocities_relax_to_frequencies() -> None:
    """Without coupling v(t) = omega + (v_0 - omega) exp(-t / m)."""
    network = Network(20, 3, coupling=0.0, dt=0.02)
    network.mass = 0.5
    start = network.velocities.copy()
    network.advance(4, ticks=50)
    assert np.abs(network.velocities - network.omega - (start - network.omega) * math.exp(-2)).max() < 1e-7


@settings(max_examples=20)
@given(SIZES, SEEDS, st.floats(-3, 3))
def test_turning_all_phases_turns_the_answer(n: int, seed: int, angle: float) -> None:
    plain, turned = Network(n, seed), Network(n, seed)
    turned.phases += angle
    assert np.abs(turned.advance(4).phases - plain.advance(4).phases - angle).max() < 1e-12


# Noise.


@REALS
@settings(max_examples=15)
@given(st.integers(1, 1500), SEEDS, st.integers(0, 2**40), CUTS)
def test_kicks_do_not_depend_on_ranges(dtype: Any, n: int, seed: int, tick: int, cuts: list[float]) -> None:
    whole, cut, more = np.empty(n, dtype), np.empty(n, dtype), np.empty(n + 700, dtype)
    draw_kicks(whole, 0.3, np.uint64(seed), np.uint64(tick))
    draw_kicks(more, 0.3, np.uint64(seed), np.uint64(tick))
    for first, last in ranges(n, cuts):
        draw_kicks_between(cut, 0.3, np.uint64(seed), np.uint64(tick), first, last)
    assert np.array_equal(whole, cut)
    assert np.array_equal(whole, more[:n])


def test_kicks_equal_the_oracle_and_their_law() -> None:
    kicks = np.empty(200_000)
    draw_kicks(kicks, 2.0, np.uint64(3), np.uint64(9))
    assert np.abs(kicks[:600] - [2 * currents.normal(3, 9, unit) for unit in range(600)]).max() < 1e-5
    assert abs(kicks.mean()) < 4 * 2 / math.sqrt(kicks.size)
    assert abs(kicks.std() - 2) < 4 * math.sqrt(2) / math.sqrt(kicks.size)
