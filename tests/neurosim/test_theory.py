"""The T = 0 equations: published critical load, tabulated solutions, and agreement with the network."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.hopfield import DenseHopfield, random_patterns, theory

# load, m, C, r, H / N, from another program that solves the same equations.
TABLE = [
    (0.05, 0.999992, 1.625e-4, 1.00033, -0.500000),
    (0.08, 0.999557, 0.005856, 1.01181, -0.500030),
    (0.10, 0.997999, 0.020858, 1.04306, -0.500154),
    (0.12, 0.993223, 0.055662, 1.12136, -0.500527),
    (0.135, 0.980791, 0.122845, 1.29971, -0.501206),
    (0.1375, 0.972953, 0.157411, 1.40854, -0.501405),
]


def test_critical_load() -> None:
    assert theory.critical_load() == pytest.approx(0.1379055665, abs=1e-9)
    assert theory.overlap(theory.critical_load() - 1e-9) == pytest.approx(0.967417, abs=2e-4)


@pytest.mark.parametrize(("load", "m", "c", "r", "energy"), TABLE)
def test_tabulated_solutions(load: float, m: float, c: float, r: float, energy: float) -> None:
    found = theory.retrieval(load)
    assert [float(value) for value in found[:4]] == pytest.approx([m, r, c, energy], abs=6e-6)


@given(st.floats(1e-4, 0.1379))
def test_solutions_solve_the_equations(load: float) -> None:
    m, r, c = (float(value) for value in theory.retrieval(load)[:3])
    y = m / math.sqrt(2 * load * r)
    assert m == pytest.approx(math.erf(y), abs=1e-10)
    assert c == pytest.approx(math.sqrt(2 / (math.pi * load * r)) * math.exp(-y * y), abs=1e-10)
    assert r == pytest.approx(1 / (1 - c) ** 2, abs=1e-10)


def test_limits_and_shapes() -> None:
    assert float(theory.overlap(0.0)) == 1.0
    assert np.isnan(theory.overlap(0.14))
    assert theory.overlap(np.full((2, 3), 0.1)).shape == (2, 3)
    assert theory.overlap([]).shape == (0,)
    assert (np.diff(theory.overlap(np.linspace(0, 0.137, 50))) <= 0).all()


@pytest.mark.parametrize("load", [-0.1, math.nan, math.inf, [0.1, -1e-9]])
def test_bad_loads(load: object) -> None:
    with pytest.raises(ValueError, match="load must be at least 0 and finite, got"):
        theory.overlap(load)  # type: ignore[arg-type]


def test_network_follows_theory_at_load_one_tenth() -> None:
    """N = 2,000, 8 disorder seeds: overlap and energy of the states next to the patterns; error bars over seeds."""
    overlaps, energies = [], []
    for seed in range(8):
        patterns = random_patterns(200, 2000, rng=np.random.default_rng(seed))
        memory = DenseHopfield(patterns)
        state = memory.recall(patterns[:25], seed=seed)
        overlaps.append(np.diag(memory.overlap(state)[:, :25]).mean())
        energies.append(memory.energy(state).mean())
    expected = theory.retrieval(0.10)
    assert np.mean(overlaps) == pytest.approx(float(expected.overlap), abs=0.001)
    assert np.mean(energies) == pytest.approx(float(expected.energy), abs=float(5 * np.std(energies) / math.sqrt(7) + 1e-4))
