"""Theory of oscillatory memories: limits in closed form, another way to the same numbers, agreement of the parts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ive

from neurosim.oscillators.theory import retrieval


def test_critical_load_of_phases_is_the_maximum_of_a_bessel_function() -> None:
    u = np.linspace(1.4, 1.7, 30001)
    assert retrieval.critical_phase_load() == pytest.approx(np.pi / 4 * (ive(1, u) ** 2).max(), abs=1e-10)
    assert float(retrieval.phase_overlap(0.0377)) == pytest.approx(0.904, abs=0.001)


def test_few_patterns() -> None:
    """m = 1 - load for phases and 1 - sqrt(load) for signs, to the next order; signs read are right."""
    loads = np.array([1e-4, 1e-3])
    assert retrieval.phase_overlap(loads) == pytest.approx(1 - loads, abs=1e-5)
    assert retrieval.sign_overlap(loads) == pytest.approx(1 - np.sqrt(loads), abs=2.5e-3)
    assert retrieval.read_overlap(loads) == pytest.approx(1.0, abs=1e-9)
    assert retrieval.sign_overlap(0.0) == retrieval.phase_overlap(0.0) == retrieval.read_overlap(0.0) == 1.0


@pytest.mark.parametrize("width", [0.2, 0.4, 0.6])
def test_one_pattern_is_kuramoto(width: float) -> None:
    """The width's order parameter solves 1 = sqrt(pi / 8) / w e^(-y) (I0 + I1), y = (r / 2 w)^2."""
    y = (float(retrieval.phase_overlap(0.0, width=width)) / (2 * width)) ** 2
    assert np.sqrt(np.pi / 8) / width * (ive(0, y) + ive(1, y)) == pytest.approx(1.0, abs=1e-9)


def test_a_narrow_spread_is_no_spread() -> None:
    loads = np.array([0.005, 0.02, 0.035])
    assert retrieval.phase_overlap(loads, width=0.003) == pytest.approx(retrieval.phase_overlap(loads), abs=2e-4)
    assert retrieval.critical_phase_load(0.003) == pytest.approx(retrieval.critical_phase_load(), abs=1e-5)


def test_critical_load_falls_with_the_width_to_kuramotos_transition() -> None:
    found = [retrieval.critical_phase_load(width) for width in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65)]
    assert np.all(np.diff(found) < 0)
    assert found[-1] == 0.0
    assert np.isnan(retrieval.phase_overlap(0.001, width=0.65))


def test_the_equations_of_signs_hold_by_sampling() -> None:
    """Load 0.03: 100,000 samples of the noise, directions by search among 360 give overlap, noise and load back."""
    rng = np.random.default_rng(1)
    load, m = 0.03, float(retrieval.sign_overlap(0.03))
    along = float(retrieval._sign_curves()[1](m))
    z, angles = rng.standard_normal((2, 100_000)), np.linspace(-np.pi, np.pi, 361)
    across, back = 0.6798, 0.1442
    x, y = m + along * z[0], across * z[1]
    best, height = np.zeros(z.shape[1]), np.full(z.shape[1], -np.inf)
    for angle in angles:
        here = x * np.cos(angle) + y * np.sin(angle) + back / 2 * np.sin(angle) ** 2
        best, height = np.where(here > height, angle, best), np.maximum(here, height)
    answers = np.mean(z[0] * np.cos(best)) / along, np.mean(z[1] * np.sin(best)) / across
    square = np.mean(np.cos(best) ** 2)
    assert np.mean(np.cos(best)) == pytest.approx(m, abs=0.01)
    assert along * (1 - answers[0]) == pytest.approx(np.sqrt(load * square), abs=0.01)
    assert across * (1 - answers[1]) == pytest.approx(np.sqrt(load * (1 - square)), abs=0.01)
    assert load * (answers[1] / (1 - answers[1]) - answers[0] / (1 - answers[0])) == pytest.approx(back, abs=0.02)
    assert np.mean(np.sign(np.cos(best))) == pytest.approx(float(retrieval.read_overlap(load)), abs=0.001)


def test_beyond_the_critical_load_there_is_nothing() -> None:
    assert np.isnan(retrieval.phase_overlap([0.0378, 1.0])).all()
    assert np.isnan(retrieval.sign_overlap([0.0398, 1.0])).all()
    assert np.isnan(retrieval.read_overlap(0.05))


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"load must be at least 0, got -0.1"):
        retrieval.phase_overlap([0.1, -0.1])
    with pytest.raises(ValueError, match="load must be at least 0, got nan"):
        retrieval.sign_overlap(np.nan)
    with pytest.raises(ValueError, match="width must be finite and at least 0"):
        retrieval.critical_phase_load(-1.0)
