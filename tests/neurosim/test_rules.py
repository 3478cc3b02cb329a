"""Learning rules: their definitions as oracle, projection, fixed points up to nearly N patterns, dependent patterns named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.hopfield import DenseHopfield, PackedPatterns, flip, random_patterns, rules
from neurosim.hopfield.matrix import CouplingMatrix
from tests.reference import couplings as reference

RULES: list[Callable[..., CouplingMatrix]] = [rules.hebb, rules.pseudo_inverse, rules.storkey, rules.storkey_second_order]
RESOLUTION = 2.0**-30


def independent(n_patterns: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Draw random patterns until they are linearly independent."""
    while True:
        patterns = random_patterns(n_patterns, n_units, rng=rng)
        if np.linalg.matrix_rank(patterns) == n_patterns:
            return patterns


@settings(max_examples=25)
@given(st.integers(1, 9), st.integers(0, 4), st.integers(0, 2**32), st.booleans())
@pytest.mark.parametrize("rule", RULES)
def test_couplings_are_those_of_the_definition(
    rule: Callable[..., CouplingMatrix], n_patterns: int, more: int, seed: int, self_coupling: bool
) -> None:
    patterns = independent(n_patterns, n_patterns + more + 1, np.random.default_rng(seed))
    wanted = getattr(reference, rule.__name__)(patterns, self_coupling)
    matrix = rule(patterns, self_coupling)
    assert abs(matrix.couplings - wanted).max() <= RESOLUTION * max(abs(wanted).max(), 1.0)
    assert matrix.symmetric


@pytest.mark.parametrize("rule", [rules.storkey, rules.storkey_second_order])
@pytest.mark.parametrize("n_patterns", [63, 64, 65, 130])
def test_portions_of_patterns_are_learned_as_one_by_one(rule: Callable[..., CouplingMatrix], n_patterns: int) -> None:
    """More patterns than are learned between two changes of the matrix, against the definition."""
    patterns = random_patterns(n_patterns, 9, rng=np.random.default_rng(n_patterns))
    for self_coupling in (False, True):
        wanted = getattr(reference, rule.__name__)(patterns, self_coupling)
        assert abs(rule(patterns, self_coupling).couplings - wanted).max() <= 4 * RESOLUTION * abs(wanted).max()


@given(st.integers(2, 60), st.integers(0, 2**32))
@pytest.mark.parametrize("rule", RULES)
def test_a_lone_pattern_is_stored_alike_by_all_rules(rule: Callable[..., CouplingMatrix], n_units: int, seed: int) -> None:
    pattern = random_patterns(1, n_units, rng=np.random.default_rng(seed))
    wanted = np.outer(pattern[0], pattern[0]) / n_units
    np.fill_diagonal(wanted, 0)
    assert abs(rule(pattern).couplings - wanted).max() <= RESOLUTION


@pytest.mark.parametrize("rule", RULES)
def test_no_pattern_no_couplings(rule: Callable[..., CouplingMatrix]) -> None:
    assert not rule(np.empty((0, 5), int)).couplings.any()


def test_hebb_is_kept_exactly(rng: np.random.Generator) -> None:
    patterns = random_patterns(30, 49, rng=rng)
    matrix = rules.hebb(patterns, self_coupling=True)
    assert np.array_equal(matrix.columns, patterns.T.astype(int) @ patterns)
    assert matrix.unit == 1 / 49
    assert np.array_equal(CouplingMatrix(matrix.couplings).columns, matrix.columns)


@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 2**32))
def test_the_pseudo_inverse_projects_on_the_patterns(n_patterns: int, more: int, seed: int) -> None:
    """P P = P, P xi = xi, P = P^T, trace P = K."""
    patterns = independent(n_patterns, n_patterns + more + 6, np.random.default_rng(seed))
    projection = rules.pseudo_inverse(patterns, self_coupling=True).couplings
    assert projection @ projection == pytest.approx(projection, abs=1e-7)
    assert projection @ patterns.T == pytest.approx(patterns.T, abs=1e-7)
    assert np.trace(projection) == pytest.approx(n_patterns, abs=1e-6)
    assert np.array_equal(projection, projection.T)


@pytest.mark.parametrize("self_coupling", [False, True])
def test_the_pseudo_inverse_makes_all_patterns_fixed_points_up_to_nearly_n(self_coupling: bool) -> None:
    patterns = independent(196, 200, np.random.default_rng(3))
    network = DenseHopfield(rules.pseudo_inverse(patterns, self_coupling))
    assert (network.recall(patterns).settled_at == 1).all()


def test_as_many_patterns_as_units_leave_no_couplings() -> None:
    """The projection on everything is the identity; without its diagonal nothing is left, not even rounding errors."""
    patterns = independent(40, 40, np.random.default_rng(3))
    assert not rules.pseudo_inverse(patterns).couplings.any()
    assert np.array_equal(rules.pseudo_inverse(patterns, self_coupling=True).couplings, np.eye(40))


def test_correlated_patterns_are_fixed_points_of_the_pseudo_inverse_alone() -> None:
    """Twelve patterns with a mean of 0.6: Hebb's rule merges them."""
    patterns = random_patterns(12, 200, rng=np.random.default_rng(1), bias=0.6)
    stable = [(DenseHopfield(rule(patterns)).recall(patterns).settled_at == 1).mean() for rule in (rules.hebb, rules.pseudo_inverse)]
    assert stable == [0.0, 1.0]


def test_order_of_the_rules_at_load_0_30() -> None:
    """N = 200, 60 patterns, a tenth of the units flipped: all, nearly all, none are recalled (three networks; see the experiment)."""
    rng = np.random.default_rng(5)
    recalled = np.zeros(4)
    for _ in range(3):
        patterns = random_patterns(60, 200, rng=rng)
        for place, rule in enumerate(RULES):
            network = DenseHopfield(rule(patterns))
            recalled[place] += (np.diag(network.overlap(network.recall(flip(patterns, 0.1, rng=rng)))) > 0.95).mean() / 3
    hebb, pseudo_inverse, storkey, second = recalled
    assert hebb < 0.02
    assert pseudo_inverse > 0.995
    assert 0.9 < storkey < pseudo_inverse
    assert 0.9 < second < pseudo_inverse


def test_storkey_learns_pattern_by_pattern_and_forgets_the_first_ones() -> None:
    """At load 0.6 the last quarter is recalled better than the first one: new patterns displace old ones."""
    patterns = random_patterns(120, 200, rng=np.random.default_rng(8))
    network = DenseHopfield(rules.storkey_second_order(patterns))
    near = np.diag(network.overlap(network.recall(flip(patterns, 0.1, rng=np.random.default_rng(9))))) > 0.95
    assert near[-30:].mean() > near[:30].mean() + 0.3


@pytest.mark.parametrize("rule", RULES)
def test_patterns_come_packed_or_not_and_stay_attached(rule: Callable[..., CouplingMatrix], rng: np.random.Generator) -> None:
    patterns = random_patterns(6, 70, rng=rng)
    first, second = rule(patterns), rule(PackedPatterns.pack(patterns))
    assert np.array_equal(first.columns, second.columns)
    assert np.array_equal(first.words, second.words)
    network = DenseHopfield(second, temperature=0.1)
    assert np.diag(network.overlap(network.init(patterns))).tolist() == [1.0] * 6
    ns.check_model(network, network.init(patterns))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 1, 1, 1], [1, 1, -1, -1], [1, 1, 1, 1]], "got pattern 2 equal to pattern 0"),
        ([[1, 1, 1, 1], [1, 1, -1, -1], [-1, -1, 1, 1]], "got pattern 2 equal to the negative of pattern 1"),
        (
            [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [-1, 1, 1, 1], [1, 1, 1, -1]],
            "got pattern 4 equal to a combination of 3 patterns",
        ),
        ([[1, 1], [1, -1], [1, 1]], "got pattern 2 equal to pattern 0"),
    ],
)
def test_dependent_patterns_are_named(rows: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=f"patterns must be linearly independent, {message}"):
        rules.pseudo_inverse(rows)


def test_the_combination_is_a_true_one() -> None:
    """xi_4 = xi_0 + xi_1 - xi_2 by construction, among patterns that have no part in it."""
    a, b, c = np.array([[1, 1, 1, -1, -1, -1], [1, 1, -1, 1, -1, 1], [1, 1, -1, -1, -1, 1]]).repeat(5, axis=1)
    assert set(a + b - c) <= {-1, 1}
    others = random_patterns(3, 30, rng=np.random.default_rng(2))
    with pytest.raises(ValueError, match=r"got pattern 6 equal to a combination of 3 patterns: 0, 2, 5 \(counted from 0\)"):
        rules.pseudo_inverse([a, others[0], b, others[1], others[2], c, a + b - c])


def test_more_patterns_than_units_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="got pattern 20 equal to a combination of") as caught:
        rules.pseudo_inverse(np.concatenate([independent(20, 20, rng), random_patterns(9, 20, rng=rng)]))
    assert "29 patterns of 20 units cannot all be independent" in caught.value.__notes__[0]


@pytest.mark.parametrize("rule", RULES)
def test_bad_patterns(rule: Callable[..., CouplingMatrix]) -> None:
    with pytest.raises(ValueError, match=r"patterns must have shape \(n_patterns, n_units\), got \(3,\)"):
        rule(np.ones(3))
    with pytest.raises(ValueError, match=r"patterns must hold only -1 and \+1, got 0.0"):
        rule(np.zeros((2, 3)))


@pytest.mark.parametrize(("rule", "bytes_each"), [(rules.hebb, 5), (rules.storkey, 21), (rules.pseudo_inverse, 21)])
def test_matrices_that_would_not_fit_are_refused(
    rule: Callable[..., CouplingMatrix], bytes_each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurosim.hopfield.matrix.free_memory", lambda: bytes_each * 100**2 - 1)
    with pytest.raises(MemoryError, match=f"100 units would take 0.. MiB .100 x 100 couplings, {bytes_each} bytes each.; 0.. MiB are free"):
        rule(np.ones((1, 100)))
