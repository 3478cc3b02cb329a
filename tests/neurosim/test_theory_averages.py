"""Averages over the noise: Gauss's rule in pieces as oracle, error functions at T = 0, derivatives by differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.hopfield.theory.averages import averages, unit_entropy

NODES, WEIGHTS = (values.tolist() for values in np.polynomial.legendre.leggauss(50))


def gaussian(function: Callable[[float], float], m: float, sigma: float, temperature: float) -> float:
    """Average over the noise by Gauss's rule in pieces, divided finely where the argument is small."""
    breaks = [(temperature * u - m) / sigma for u in (-18, -8, -4, -2, 0, 2, 4, 8, 18)] + [-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0]
    inside = sorted(z for z in breaks if -9 <= z <= 9)
    total = []
    for low, high in zip(inside, inside[1:], strict=False):
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            z = (low + high) / 2 + node * (high - low) / 2
            total.append(weight * (high - low) / 2 * math.exp(-z * z / 2) * function((m + sigma * z) / temperature))
    return math.fsum(total) / math.sqrt(2 * math.pi)


def sech2(x: float) -> float:
    small = math.exp(-2 * abs(x))
    return 4 * small / (1 + small) ** 2


def entropy(x: float) -> float:
    small = math.exp(-2 * abs(x))
    return math.log1p(small) + abs(x) * (1 - math.tanh(abs(x)))


@settings(max_examples=60)
@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(0.005, 2))
def test_quadrature(m: float, sigma: float, temperature: float) -> None:
    found = averages(m, sigma, temperature)
    assert found.magnetisation == pytest.approx(gaussian(math.tanh, m, sigma, temperature), abs=1e-13)
    assert found.self_overlap == pytest.approx(gaussian(lambda x: math.tanh(x) ** 2, m, sigma, temperature), abs=1e-13)
    c = gaussian(sech2, m, sigma, temperature) / temperature
    assert found.susceptibility == pytest.approx(c, rel=1e-12, abs=1e-13)
    fourth = sigma**2 / temperature * gaussian(lambda x: sech2(x) ** 2, m, sigma, temperature)
    assert found.fluctuation == pytest.approx(fourth, rel=1e-12, abs=1e-13)
    assert unit_entropy(m, sigma, temperature) == pytest.approx(gaussian(entropy, m, sigma, temperature), rel=1e-11, abs=1e-13)


@given(st.floats(0, 1), st.floats(0.2, 1), st.floats(0, 1))
def test_derivatives(m: float, sigma: float, temperature: float) -> None:
    step = 1e-5
    found = averages(m, sigma, temperature)
    up, down = averages(m + step, sigma, temperature), averages(m - step, sigma, temperature)
    wide, thin = averages(m, sigma + step, temperature), averages(m, sigma - step, temperature)
    slack = {"rel": 1e-5, "abs": 1e-5}
    assert (up.magnetisation - down.magnetisation) / (2 * step) == pytest.approx(found.susceptibility, **slack)
    assert (wide.magnetisation - thin.magnetisation) / (2 * step) == pytest.approx(found.magnetisation_by_noise, **slack)
    assert (up.susceptibility - down.susceptibility) / (2 * step) == pytest.approx(found.susceptibility_by_overlap, **slack)
    assert (wide.susceptibility - thin.susceptibility) / (2 * step) == pytest.approx(found.susceptibility_by_noise, **slack)


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-45, 1e-12])
def test_error_functions_at_zero_temperature(temperature: float) -> None:
    m, sigma = 0.9, 0.4
    found, density = averages(m, sigma, temperature), math.exp(-((m / sigma) ** 2) / 2) / math.sqrt(2 * math.pi)
    assert found.magnetisation == pytest.approx(math.erf(m / sigma / math.sqrt(2)), abs=1e-13)
    assert found.susceptibility == pytest.approx(2 * density / sigma, rel=1e-13)
    assert found.fluctuation == pytest.approx(4 / 3 * sigma * density, rel=1e-11)
    assert unit_entropy(m, sigma, temperature) == pytest.approx(math.pi**2 / 6 * temperature / sigma * density, rel=1e-11)


def test_both_ways_of_writing_the_integral_meet() -> None:
    below, above = averages(0.7, 0.5, 0.5), averages(0.7, np.nextafter(0.5, 1), 0.5)
    assert below == pytest.approx(above, abs=2e-14)
