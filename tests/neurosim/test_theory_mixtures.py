"""Symmetric mixtures: closed forms, eigenvalues against a Hessian by differences over all pattern columns, thresholds, survival."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.hopfield import DenseHopfield, random_patterns, theory


def free_energy(m: np.ndarray, temperature: float) -> float:
    """Free energy per unit at load 0 for any overlaps: the average over all columns of signs."""
    columns = np.array(list(itertools.product([-1, 1], repeat=len(m))))
    x = np.abs(columns @ m) / temperature
    return float(m @ m / 2 - temperature * (x + np.log1p(np.exp(-2 * x))).mean())


def hessian(m: np.ndarray, temperature: float, step: float = 1e-3) -> np.ndarray:
    shifts = np.eye(len(m)) * step

    def second(a: np.ndarray, b: np.ndarray) -> float:
        return sum(sign * free_energy(m + shift, temperature) for sign, shift in ((1, a + b), (-1, a - b), (-1, b - a), (1, -a - b)))

    return np.array([[second(a, b) for b in shifts] for a in shifts]) / (4 * step**2)


@pytest.mark.parametrize("n", range(1, 12))
def test_overlaps_at_zero_temperature(n: int) -> None:
    """Odd n: C(n-1, (n-1)/2) / 2^(n-1); even n has the overlap of the odd mixture above it."""
    above = n + 1 if n % 2 == 0 else n
    closed = math.comb(above - 1, (above - 1) // 2) / 2 ** (above - 1)
    expected = {2: 0.5, 4: 0.375}.get(n, closed if n % 2 else None)
    if expected is not None:
        assert float(theory.mixture(n).overlap) == pytest.approx(expected, abs=1e-15)
    assert float(theory.mixture(n, 1e-3).overlap) == pytest.approx(float(theory.mixture(n).overlap), abs=1e-12)
    assert float(theory.mixture(n).free_energy) == pytest.approx(float(theory.mixture(n, 1e-6).free_energy), abs=1e-6)


@settings(max_examples=20)
@given(st.integers(1, 6), st.floats(0.2, 0.95))
def test_eigenvalues_are_those_of_the_hessian(n: int, temperature: float) -> None:
    found = theory.mixture(n, temperature)
    m = np.array([float(found.overlap)] * n + [0.0])
    assert float(found.free_energy) == pytest.approx(free_energy(m, temperature), abs=1e-12)
    expected = [float(found.along), *[float(found.among)] * (n - 1), float(found.outside)]
    assert np.linalg.eigvalsh(hessian(m, temperature)) == pytest.approx(sorted(expected), abs=3e-4)
    assert float(found.smallest) == min(expected)
    gradient = [free_energy(m + shift, temperature) - free_energy(m - shift, temperature) for shift in np.eye(n + 1) * 1e-4]
    assert gradient == pytest.approx([0] * (n + 1), abs=1e-9)


@given(st.floats(0, 0.999))
def test_a_mixture_of_one_is_the_pattern(temperature: float) -> None:
    found, pattern = theory.mixture(1, temperature), theory.retrieval(0.0, temperature)
    assert float(found.overlap) == pytest.approx(float(pattern.overlap), abs=1e-12)
    assert float(found.free_energy) == pytest.approx(float(pattern.free_energy), abs=1e-12)
    assert float(found.smallest) > 0


def test_three_patterns_mix_below_temperature_046() -> None:
    assert theory.mixture_temperature(3) == pytest.approx(0.4598, abs=5e-5)
    assert float(theory.mixture(3, theory.mixture_temperature(3)).among) == pytest.approx(0, abs=1e-12)
    below, above = theory.mixture(3, [0.4597, 0.4599]).smallest
    assert below > 0 > above


@pytest.mark.parametrize("n", [3, 5, 7, 9, 21])
def test_odd_mixtures_are_stable_below_one_temperature_only(n: int) -> None:
    temperatures = np.linspace(0, 0.99, 200)
    stable = theory.mixture(n, temperatures).smallest > 0
    assert (stable == (temperatures < theory.mixture_temperature(n))).all()


@pytest.mark.parametrize("n", [2, 4, 8])
def test_even_mixtures_are_unstable_at_any_temperature(n: int) -> None:
    assert (theory.mixture(n, np.linspace(0, 0.99, 100)).smallest < 0).all()
    assert math.isnan(theory.mixture_temperature(n))
    assert math.isnan(theory.mixture_load(n))


def test_larger_mixtures_are_weaker() -> None:
    odd = (1, 3, 5, 7, 9)
    for numbers in ([theory.mixture_temperature(n) for n in odd], [theory.mixture_load(n) for n in odd]):
        assert (np.diff(numbers) < 0).all()
    for temperature in (0.0, 0.1, 0.5, 0.9):
        energies = [float(theory.mixture(n, temperature).free_energy) for n in odd]
        assert (np.diff(energies) > 0).all()
    energies = [float(theory.mixture(n).free_energy) for n in (*odd, 8, 6, 4, 2)]
    assert (np.diff(energies) > 0).all()


@pytest.mark.parametrize(("n", "load"), [(3, 0.02994), (5, 0.01627), (7, 0.01112)])
def test_tabulated_survival_loads(n: int, load: float) -> None:
    assert theory.mixture_load(n) == pytest.approx(load, abs=6e-6)


def test_a_mixture_of_one_survives_as_long_as_the_pattern() -> None:
    assert theory.mixture_load(1) == pytest.approx(theory.critical_load(), abs=1e-12)


def test_a_network_keeps_the_mixture_of_three_at_low_load_and_loses_it_at_high_load() -> None:
    """N = 2,000: K = 10 lies far below the survival load of 60 patterns, K = 200 far above."""
    kept = {}
    for n_patterns in (10, 200):
        patterns = random_patterns(n_patterns, 2000, rng=np.random.default_rng(5))
        memory = DenseHopfield(patterns)
        kept[n_patterns] = memory.overlap(memory.recall(np.sign(patterns[:3].sum(axis=0))))[:3]
    assert kept[10] == pytest.approx(0.5, abs=0.06)
    assert not (np.abs(kept[200] - 0.5) < 0.06).all()


def test_shapes_and_the_temperature_of_ordering() -> None:
    found = theory.mixture(3, [[0.1, 0.5], [1.0, 2.0]])
    assert {field.shape for field in found} == {(2, 2)}
    assert np.isnan(found.overlap[1]).all()
    assert theory.mixture_temperature(1) == 1


@pytest.mark.parametrize("n", [0, -3, 1001])
def test_bad_numbers_of_patterns(n: int) -> None:
    for function in (theory.mixture, theory.mixture_temperature, theory.mixture_load):
        with pytest.raises(ValueError, match=r"n must lie in 1 \.\.\. 1000, got"):
            function(n)


def test_bad_temperatures_of_mixtures() -> None:
    with pytest.raises(ValueError, match="temperature must be at least 0 and finite, got -1.0"):
        theory.mixture(3, -1.0)
