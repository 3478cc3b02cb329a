"""States at finite temperature: tabulated values, stationarity of the free energy, thermodynamics, and all limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurosim.hopfield import DenseHopfield, random_patterns, theory
from tests.neurosim.test_theory_averages import gaussian

# load, T, m, from another program that solves the same equations.
TABLE = [
    (0.05, 0.2, 0.998878),
    (0.05, 0.4, 0.966187),
    (0.05, 0.5, 0.904106),
    (0.1, 0.1, 0.996751),
    (0.1, 0.2, 0.989085),
    (0.1, 0.3, 0.953020),
]
# load, H / N of the spin glass at T = 0, likewise.
GLASS = [
    (0.05, -0.496722),
    (0.08, -0.543986),
    (0.1, -0.570623),
    (0.12, -0.594705),
    (0.13, -0.605991),
    (0.135, -0.611471),
    (0.1375, -0.614173),
]
LOADS, TEMPERATURES = st.floats(1e-3, 0.13), st.floats(0.01, 0.95)


def free_energy(load: float, temperature: float, m: float, q: float, r: float) -> float:
    """Write the free energy down as a function of the order parameters, integrals by Gauss's rule."""
    c = (1 - q) / temperature
    log_cosh = gaussian(lambda x: abs(x) + math.log1p(math.exp(-2 * abs(x))), m, math.sqrt(load * r), temperature)
    noise = load * r * c / 2 + load * temperature / 2 * math.log(1 - c) - load * q / (2 * (1 - c))
    return load / 2 + m * m / 2 + noise - temperature * log_cosh


def point(solution: theory.Solution) -> tuple[float, float, float]:
    return float(solution.overlap), float(solution.self_overlap), float(solution.noise)


@pytest.mark.parametrize(("load", "temperature", "m"), TABLE)
def test_tabulated_overlaps(load: float, temperature: float, m: float) -> None:
    assert float(theory.overlap(load, temperature)) == pytest.approx(m, abs=6e-7)


@pytest.mark.parametrize(("load", "energy"), GLASS)
def test_tabulated_energies_of_the_spin_glass(load: float, energy: float) -> None:
    assert float(theory.spin_glass(load).energy) == pytest.approx(energy, abs=6e-7)


@settings(max_examples=25)
@given(LOADS, TEMPERATURES, st.sampled_from([theory.retrieval, theory.spin_glass]))
def test_solutions_are_stationary_points_of_the_free_energy(load: float, temperature: float, solve: object) -> None:
    solution = solve(load, temperature)  # type: ignore[operator]
    assume(not np.isnan(solution.overlap))
    m, q, r = point(solution)
    assert float(solution.free_energy) == pytest.approx(free_energy(load, temperature, m, q, r), abs=1e-11)
    scale = 1 - float(solution.susceptibility)
    for direction in np.eye(3) * (1e-4, 1e-4 * min(1, temperature) * scale, 1e-4 * r):
        up, down = (free_energy(load, temperature, *(np.array([m, q, r]) + sign * direction)) for sign in (1, -1))
        assert up - down == pytest.approx(0, abs=1e-9)


@settings(max_examples=25)
@given(LOADS, st.floats(0.02, 0.95), st.sampled_from([theory.retrieval, theory.spin_glass]))
def test_energy_and_entropy_are_derivatives_of_the_free_energy(load: float, temperature: float, solve: object) -> None:
    step = 1e-4 * temperature
    low, here, high = (solve(load, temperature + shift) for shift in (-step, 0, step))  # type: ignore[operator]
    assume(float(theory.retrieval_load(temperature)) > 1.05 * load)
    assert float(high.free_energy - low.free_energy) / (2 * step) == pytest.approx(-float(here.entropy), abs=1e-5)
    beta = [1 / (temperature + shift) for shift in (-step, step)]
    slope = (beta[1] * high.free_energy - beta[0] * low.free_energy) / (beta[1] - beta[0])
    assert float(slope) == pytest.approx(float(here.energy), abs=1e-5)


@given(LOADS, TEMPERATURES)
def test_retrieval_solves_its_equations(load: float, temperature: float) -> None:
    solution = theory.retrieval(load, temperature)
    assume(not np.isnan(solution.overlap))
    m, q, r = point(solution)
    sigma = math.sqrt(load * r)
    assert m == pytest.approx(gaussian(math.tanh, m, sigma, temperature), abs=1e-11)
    assert q == pytest.approx(gaussian(lambda x: math.tanh(x) ** 2, m, sigma, temperature), abs=1e-11)
    assert r == pytest.approx(q / (1 - (1 - q) / temperature) ** 2, rel=1e-9)


@pytest.mark.parametrize("solve", [theory.retrieval, theory.spin_glass])
@pytest.mark.parametrize("load", [0.01, 0.05, 0.10, 0.137])
def test_zero_temperature_is_the_limit(solve: object, load: float) -> None:
    frozen, cold = solve(load), solve(load, 1e-9)  # type: ignore[operator]
    assert [float(value) for value in cold[:7]] == pytest.approx([float(value) for value in frozen[:7]], abs=1e-6)
    coldest = solve(load, 1e-100)  # type: ignore[operator]
    assert [float(value) for value in coldest[:7]] == pytest.approx([float(value) for value in frozen[:7]], rel=1e-7, abs=1e-11)


@given(st.floats(0.02, 0.99))
def test_without_load_the_pattern_is_a_curie_weiss_magnet(temperature: float) -> None:
    solution = theory.retrieval(0.0, temperature)
    m = float(solution.overlap)
    assert m > 0
    assert m == pytest.approx(math.tanh(m / temperature), abs=1e-13)
    assert float(solution.free_energy) == pytest.approx(m * m / 2 - temperature * math.log(2 * math.cosh(m / temperature)), abs=1e-13)
    assert float(theory.overlap(1e-9, temperature)) == pytest.approx(m, abs=1e-5)


@given(st.floats(1e-4, 2.0))
def test_spin_glass_at_zero_temperature_has_a_closed_form(load: float) -> None:
    frozen = theory.spin_glass(load)
    assert float(frozen.energy) == pytest.approx(-1 / math.pi - math.sqrt(2 * load / math.pi), abs=1e-12)
    assert float(frozen.self_overlap) == 1
    assert float(frozen.entropy) < 0
    assert float(theory.spin_glass(load, 1e-6).energy) == pytest.approx(float(frozen.energy), abs=1e-5)


@settings(max_examples=30)
@given(st.floats(1e-3, 2.0), st.floats(0.01, 0.999))
def test_the_spin_glass_freezes_continuously_and_breaks_replica_symmetry(load: float, part: float) -> None:
    at = float(theory.glass_temperature(load))
    glass = theory.spin_glass(load, part * at)
    assert float(glass.replicon) < 0
    assert 0 < float(glass.self_overlap) < 1
    assert np.isnan(theory.spin_glass(load, at).overlap)
    near, above = theory.spin_glass(load, at * (1 - 1e-6)), theory.paramagnet(load, at)
    assert float(near.free_energy) == pytest.approx(float(above.free_energy), abs=1e-5)
    assert float(near.self_overlap) < 1e-4
    assert float(theory.paramagnet(load, at * 1.001).replicon) > 0 > float(theory.paramagnet(load, 1 + 0.999 * (at - 1)).replicon)


def test_the_paramagnet_at_high_temperature() -> None:
    """H / N tends to -load / (2 T), the first term of the series: each of N K couplings has variance 1 / N^2."""
    hot = theory.paramagnet(0.1, 1000.0)
    assert float(hot.energy) == pytest.approx(-0.1 / 2000, rel=2e-3)
    assert float(hot.entropy) == pytest.approx(math.log(2), abs=1e-6)
    assert np.isnan(theory.paramagnet(0.1, 1.0).energy)


def test_a_warm_network_follows_theory() -> None:
    """Load 0.05, T = 0.4, N = 2,000, 8 disorder seeds: overlap and energy next to a pattern; error bars over seeds."""
    overlaps, energies = [], []
    for seed in range(8):
        patterns = random_patterns(100, 2000, rng=np.random.default_rng(seed))
        memory = DenseHopfield(patterns, temperature=0.4)
        state = memory.recall(patterns[:5], seed=seed, sweeps=40)
        overlaps.append(np.diag(memory.overlap(state)).mean())
        energies.append(memory.energy(state).mean())
    expected = theory.retrieval(0.05, 0.4)
    assert np.mean(overlaps) == pytest.approx(float(expected.overlap), abs=float(4 * np.std(overlaps) / math.sqrt(7) + 5e-4))
    assert np.mean(energies) == pytest.approx(float(expected.energy), abs=float(4 * np.std(energies) / math.sqrt(7) + 5e-4))
    assert np.std(overlaps) < 0.005
    assert np.std(energies) < 0.005


def test_shapes_and_absent_states() -> None:
    loads, temperatures = np.linspace(0, 0.15, 4)[:, None], np.linspace(0, 1.1, 5)
    found = theory.retrieval(loads, temperatures)
    assert {field.shape for field in found} == {(4, 5)}
    assert np.isnan(found.overlap[3]).all()
    assert np.isnan(found.overlap[:, 4]).all()
    assert float(found.overlap[0, 0]) == 1
    assert theory.overlap([], 0.5).shape == (0,)
    assert np.isnan(theory.spin_glass(0.0, 0.5).energy)


def test_overlap_falls_with_temperature_and_with_load() -> None:
    grid = theory.overlap(np.linspace(0, 0.1, 20)[:, None], np.linspace(0.03, 0.3, 20))
    assert (np.diff(grid, axis=0) <= 1e-15).all()
    assert (np.diff(grid, axis=1) <= 1e-15).all()
    assert grid[0, 0] - grid[-1, -1] > 0.04


@pytest.mark.parametrize("function", [theory.overlap, theory.retrieval, theory.spin_glass, theory.paramagnet])
@pytest.mark.parametrize("temperature", [-0.1, math.nan, math.inf, [0.5, -1.0]])
def test_bad_temperatures(function: object, temperature: object) -> None:
    with pytest.raises(ValueError, match="temperature must be at least 0 and finite, got"):
        function(0.05, temperature)  # type: ignore[operator]


def test_loads_and_temperatures_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        theory.overlap([0.1, 0.2, 0.3], [0.1, 0.2])
