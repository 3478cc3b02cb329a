"""Phase lines: tabulated values, each line against the states on both sides of it, and the limits of low load."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.hopfield import theory

NAN = math.nan
# load, T_g, T_M, m at T_M, T_c, T_R, from another program that solves the same equations; T_R up to load 0.05 by the asymptotic formula.
TABLE = [
    (0.005, 1.07071, 0.85999, 0.48954, 0.80736, 1e-45),
    (0.01, 1.10000, 0.80102, 0.57725, 0.72162, 1e-23),
    (0.02, 1.14142, 0.71648, 0.67659, 0.59130, 1e-12),
    (0.03, 1.17321, 0.65042, 0.73915, 0.47879, 5.3e-9),
    (0.04, 1.20000, 0.59357, 0.78475, 0.36523, 4.0e-7),
    (0.05, 1.22361, 0.54226, 0.82029, 0.21638, 5.4e-6),
    (0.06, 1.24495, 0.49448, 0.84906, NAN, 3.178e-5),
    (0.08, 1.28284, 0.40457, 0.89303, NAN, 3.160e-4),
    (0.10, 1.31623, 0.31543, 0.92480, NAN, 1.450e-3),
    (0.12, 1.34641, 0.21509, 0.94831, NAN, 4.989e-3),
    (0.13, 1.36056, 0.14892, 0.95788, NAN, 9.476e-3),
    (0.135, 1.36742, 0.10061, 0.96251, NAN, 1.4215e-2),
]
LARGEST = 0.138188


@pytest.mark.parametrize(("load", "glass", "lost", "edge", "coexistence", "unstable"), TABLE)
def test_tabulated_lines(load: float, glass: float, lost: float, edge: float, coexistence: float, unstable: float) -> None:
    assert float(theory.glass_temperature(load)) == pytest.approx(glass, abs=6e-6)
    assert float(theory.retrieval_temperature(load)) == pytest.approx(lost, abs=1.1e-5)
    assert float(theory.edge_overlap(load)) == pytest.approx(edge, abs=1.1e-5)
    assert float(theory.coexistence_temperature(load)) == pytest.approx(coexistence, abs=1.1e-5, nan_ok=True)
    rough = load < 0.03
    assert math.log(theory.stability_temperature(load)) == pytest.approx(math.log(unstable), abs=0.4 if rough else 0.01)


def test_numbers_of_the_diagram() -> None:
    assert float(theory.retrieval_load(0.0)) == theory.critical_load()
    assert float(theory.coexistence_load(0.0)) == pytest.approx(0.051854, abs=6e-7)
    assert float(theory.retrieval_temperature(0.0)) == float(theory.coexistence_temperature(0.0)) == 1
    assert float(theory.stability_temperature(0.0)) == 0


@settings(max_examples=40)
@given(st.floats(1e-6, LARGEST))
def test_retrieval_exists_up_to_its_temperature(load: float) -> None:
    edge = float(theory.retrieval_temperature(load))
    assert np.isnan(theory.overlap(load, edge + 1e-9))
    just_below = theory.overlap(load, edge - 1e-9)
    assert float(just_below) == pytest.approx(float(theory.edge_overlap(load)), abs=5e-3)
    assert float(theory.retrieval_load(edge)) == pytest.approx(load, rel=1e-10)


@settings(max_examples=40)
@given(st.floats(0, 0.9999))
def test_the_edge_is_a_fold(temperature: float) -> None:
    """The overlap falls with load ever more steeply, as a square root: 4 times nearer to the edge, half the height above it."""
    largest = float(theory.retrieval_load(temperature))
    near, nearer = (float(theory.overlap(largest * (1 - gap), temperature)) for gap in (4e-6, 1e-6))
    edge = 0.967417 if temperature == 0 else float(theory.edge_overlap(largest)) if largest < 0.1379 else None
    assert near > nearer
    if edge is not None:
        assert (near - edge) / (nearer - edge) == pytest.approx(2, abs=0.05)


@settings(max_examples=25)
@given(st.floats(1e-4, 0.0518))
def test_free_energies_cross_where_states_coexist(load: float) -> None:
    at = float(theory.coexistence_temperature(load))
    below, above = at * 0.99, at + 0.01 * (float(theory.retrieval_temperature(load)) - at)
    for temperature, order in ((below, 1), (above, -1)):
        difference = theory.spin_glass(load, temperature).free_energy - theory.retrieval(load, temperature).free_energy
        assert np.sign(difference) == order
    assert float(theory.coexistence_load(at)) == pytest.approx(load, rel=1e-7)


@settings(max_examples=25)
@given(st.floats(0.004, 0.138))
def test_the_replicon_changes_sign_on_the_stability_line(load: float) -> None:
    at = float(theory.stability_temperature(load))
    assert 0 < at < float(theory.retrieval_temperature(load))
    assert float(theory.retrieval(load, at).replicon) == pytest.approx(0, abs=1e-8)
    assert float(theory.retrieval(load, 1.01 * at).replicon) > 0 > float(theory.retrieval(load, 0.99 * at).replicon)


def test_the_stability_line_tends_to_its_asymptotic_form() -> None:
    loads = np.array([0.01, 0.005, 0.0025, 0.001])
    asymptotic = np.sqrt(8 * loads / (9 * np.pi)) * np.exp(-1 / (2 * loads))
    assert (theory.stability_temperature(loads) / asymptotic) == pytest.approx(1, abs=1e-9)
    assert 1e-46 < float(theory.stability_temperature(0.005)) < 1e-44
    assert float(theory.stability_temperature(1e-4)) == 0


def test_lines_leave_temperature_one_as_the_square_root_of_the_load() -> None:
    """Near T = 1, load = 4 w^2 (1 - T)^2 / ((w + 3)^2 (w + 1)) with w = c^2; its largest value is at w = (3 + sqrt 33) / 2."""
    w = (3 + math.sqrt(33)) / 2
    slope = math.sqrt((w + 3) ** 2 * (w + 1)) / (2 * w)
    loads = np.array([1e-6, 1e-8, 1e-10, 1e-12, 1e-14])
    measured = (1 - theory.retrieval_temperature(loads)) / np.sqrt(loads)
    assert measured == pytest.approx(slope, abs=1e-3)
    assert measured[2:] == pytest.approx(slope, abs=1e-5)
    coexistence = (1 - theory.coexistence_temperature(loads)) / np.sqrt(loads)
    assert coexistence == pytest.approx(2.596, abs=2e-3)


def test_replica_symmetry_bends_both_lines_back() -> None:
    assert float(theory.retrieval_load(0.0229)) == pytest.approx(0.138189, abs=1e-6)
    assert float(theory.retrieval_temperature(0.1380)) > 0.02
    assert np.isnan(theory.overlap(0.1380, 1e-4))
    assert float(theory.coexistence_load(0.0851)) == pytest.approx(0.053132, abs=1e-6)
    assert 0.1 < float(theory.coexistence_temperature(0.0525)) < 0.2


def test_there_is_no_line_beyond_the_largest_load() -> None:
    assert np.isnan(theory.retrieval_temperature([0.1382, 1.0])).all()
    assert np.isnan(theory.edge_overlap(0.14))
    assert np.isnan(theory.coexistence_temperature([0.0532, 1.0])).all()
    assert np.isnan(theory.stability_temperature([0.14, 0.1381885])).all()
    assert np.isnan(theory.retrieval_load(1.01))
    assert np.isnan(theory.coexistence_load(1.01))
    assert theory.retrieval_load(1.0) == theory.coexistence_load(1.0) == 0


def test_lines_keep_the_shape_of_what_was_asked() -> None:
    for line in (theory.retrieval_temperature, theory.coexistence_temperature, theory.glass_temperature, theory.stability_temperature):
        assert line(np.full((2, 3), 0.03)).shape == (2, 3)
    assert np.shape(theory.retrieval_load(0.3)) == ()


@pytest.mark.parametrize("line", [theory.retrieval_temperature, theory.coexistence_temperature, theory.glass_temperature])
def test_bad_loads_of_lines(line: object) -> None:
    with pytest.raises(ValueError, match="load must be at least 0 and finite, got -0.1"):
        line([0.1, -0.1])  # type: ignore[operator]


@pytest.mark.parametrize("line", [theory.retrieval_load, theory.coexistence_load])
def test_bad_temperatures_of_lines(line: object) -> None:
    with pytest.raises(ValueError, match="temperature must be at least 0 and finite, got nan"):
        line(math.nan)  # type: ignore[operator]
