"""Unions, mixed segments and sequences: closed forms, exact sums, simulation, published numbers, bad input."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.sdr import theory
from neurosim.sdr.theory import hypergeometric

# Jaccard index, a = 64 at n = 400, 500, 600, 700 and a = 128 at n = 800, 900, ..., 1200: the authors' chart of learned sequences
JACCARD = {
    64: ([400, 500, 600, 700], [0.2432088366, 0.6044889510, 0.8816534815, 0.9678829427]),
    128: ([800, 900, 1000, 1100, 1200], [0.2206797387, 0.3533451947, 0.5472215973, 0.7278783408, 0.8507876739]),
    256: ([1800, 1900, 2000, 2100], [0.3328302851, 0.4220391337, 0.5199109607, 0.6164749974]),
}
# n = 1000, s = 20, a = 30, theta = 10, M = 8, 9, ..., 12: the authors' chart of a segment that meets a union of M patterns
UNION_OF_INPUTS = [0.00434432548818933, 0.00956421362220440, 0.0185736190367658, 0.0326241695265783, 0.0527946135484057]


def sampled_unions(n: int, size: int, active: int, codes: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw unions, (n, size)."""
    unions = np.zeros((n, size), bool)
    for _ in range(codes):
        unions[np.arange(n)[:, None], rng.random((n, size)).argpartition(active, axis=1)[:, :active]] = True
    return unions


# Distribution of the number of active units


def test_the_distribution_of_ones_is_that_of_all_possible_unions() -> None:
    sets = [set(units) for units in combinations(range(5), 2)]
    counts = np.zeros(6 + 1)
    for a in sets:
        for b in sets:
            for c in sets:
                counts[len(a | b | c)] += 1
    np.testing.assert_allclose(theory.ones_distribution(5, 2, 3), (counts / counts.sum())[:6], rtol=1e-13)


@settings(deadline=None, max_examples=30)
@given(size=st.integers(2, 300), data=st.data())
def test_the_mean_of_the_distribution_is_the_expected_number(size: int, data: Any) -> None:
    active, codes = data.draw(st.integers(1, min(size - 1, 40))), data.draw(st.integers(1, 30))
    chance = theory.ones_distribution(size, active, codes)
    assert chance.sum() == pytest.approx(1.0, rel=1e-11)
    assert chance @ np.arange(chance.size) == pytest.approx(theory.expected_ones(size, active, codes), rel=1e-11)


def test_coverage_is_the_published_curve() -> None:
    np.testing.assert_allclose(theory.coverage(2000, 40, [1, 10, 20, 50]), [0.02, 0.1829271931, 0.3323920282, 0.6358303199], rtol=1e-9)


# Unions


def test_a_code_is_found_in_a_union_as_often_as_published() -> None:
    np.testing.assert_allclose(theory.union_false_positive(1024, 20, [20, 30]), [1.83536e-10, 9.97770e-8], rtol=3e-6)


def test_a_union_of_one_code_is_the_code() -> None:
    for exact in (False, True):
        found = theory.union_false_positive(400, 12, 1, [3, 12], exact=exact)
        np.testing.assert_allclose(found, theory.false_positive(400, 12, 12, [3, 12]), rtol=1e-12)
    assert theory.union_false_positive(400, 12, 1) == pytest.approx((12 / 400) ** 12, rel=1e-12)


def test_the_exact_probability_is_the_sum_over_sizes_of_the_union() -> None:
    chance = theory.ones_distribution(30, 4, 3)
    wanted = sum(p * Fraction(math.comb(ones, 4), math.comb(30, 4)) for ones, p in enumerate(chance))
    assert theory.union_false_positive(30, 4, 3, exact=True) == pytest.approx(float(wanted), rel=1e-12)
    assert theory.union_false_positive(30, 4, 3, 4, exact=True) == theory.union_false_positive(30, 4, 3, exact=True)


def test_the_exact_probability_is_met_by_simulation_where_the_mean_is_not() -> None:
    rng = np.random.default_rng(5)
    size, active, codes, n = 40, 6, 3, 20_000
    unions = sampled_unions(n, size, active, codes, rng)
    found = (unions[np.arange(n)[:, None], rng.random((n, size)).argpartition(active, axis=1)[:, :active]].sum(axis=1) >= 5).mean()
    exact = theory.union_false_positive(size, active, codes, 5, exact=True)
    mean = theory.union_false_positive(size, active, codes, 5)
    error = math.sqrt(exact * (1 - exact) / n)
    assert abs(found - exact) < 4 * error
    assert abs(mean / exact - 1) < 0.1


# Mixed segments


def test_a_mixed_segment_is_wrong_as_often_as_published() -> None:
    found = theory.mixed_false_positive([2048, 2048, 20000, 20000], 40, 20, 10, [20, 50, 20, 50])
    np.testing.assert_allclose(found, [0.16035, 0.97834, 4.150e-9, 1.624e-5], rtol=3e-4)
    exact = theory.mixed_false_positive(2048, 40, 20, 10, [20, 50], exact=True)
    np.testing.assert_allclose(exact, [0.15998, 0.97789], atol=0.0015)  # measured, +- 0.0003 and 0.0007


def test_a_segment_that_meets_a_union_of_inputs_is_the_same_table_turned_round() -> None:
    ones = theory.expected_ones(1000, 30, np.arange(8, 13))
    found = [math.exp(hypergeometric.log_tail(10, 1000, number, 20)) for number in ones]
    np.testing.assert_allclose(found, UNION_OF_INPUTS, rtol=1e-9)


def test_a_segment_of_one_pattern_is_not_mixed() -> None:
    for exact in (False, True):
        assert theory.mixed_false_positive(2048, 40, 20, 13, 1, exact=exact) == pytest.approx(
            theory.false_positive(2048, 40, 20, 13), rel=1e-12
        )


@settings(deadline=None, max_examples=20)
@given(patterns=st.integers(1, 40), threshold=st.integers(2, 12))
def test_more_patterns_make_more_errors_never_more_than_a_segment_of_all_synapses(patterns: int, threshold: int) -> None:
    few, many = theory.mixed_false_positive(1000, 30, 12, threshold, [patterns, patterns + 1], exact=True)
    assert few <= many * (1 + 1e-12)
    assert many <= theory.false_positive(1000, 30, min(999, 12 * (patterns + 1)), threshold) * (1 + 1e-12)


def test_a_mixed_segment_whose_error_has_no_float_has_a_logarithm() -> None:
    found = theory.mixed_false_positive(2**30, 500, 250, 200, 3, log=True)
    assert theory.mixed_false_positive(2**30, 500, 250, 200, 3) == 0.0
    assert found == pytest.approx(theory.false_positive(2**30, 500, 750, 200, log=True), rel=1e-5)


# Sequences


@pytest.mark.parametrize("active", list(JACCARD))
def test_learned_sequences_get_confused_as_published(active: int) -> None:
    sizes, wanted = JACCARD[active]
    np.testing.assert_allclose(theory.prediction_jaccard(sizes, active, 20, 10, 20_000), wanted, rtol=1e-9)


def test_sequences_in_noise_are_predicted_as_published() -> None:
    shares = theory.predicted_share(40, 20, [[8], [12], [16]], [12, 20])
    np.testing.assert_allclose(shares, [[1.000, 0.944], [0.959, 0.172], [0.150, 0.000]], atol=5e-4)
    np.testing.assert_allclose(shares, 1 - theory.false_negative(40, 20, [[8], [12], [16]], [12, 20]), atol=1e-12)


def test_the_least_size_for_sequences_is_the_first_that_will_do() -> None:
    for active in (64, 128, 256):
        size = theory.least_size_for_sequences(active, 20, 10, 20_000)
        below, above = theory.prediction_jaccard([size - 1, size], active, 20, 10, 20_000)
        assert below < 0.5 <= above


# Bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.expected_ones(100, 5, 0), r"codes must lie in 1 ... 2147483647, an empty union holds nothing, got 0"),
        (lambda: theory.union_false_positive(100, 5, 0), r"codes must lie in 1 ... 2147483647, an empty union"),
        (lambda: theory.union_false_positive(100, 5, 3, 6), r"threshold must lie in 1 ... 5, the number of synapses for a pattern, got 6"),
        (lambda: theory.mixed_false_positive(100, 5, 5, 2, 0), r"patterns must lie in 1 ... 2147483647, an empty union"),
        (lambda: theory.mixed_false_positive(100, 5, 100, 2, 3), r"synapses must lie in 1 ... 99, fewer than size = 100, got 100"),
        (lambda: theory.coverage(100, 100, 3), r"active must lie in 1 ... 99"),
        (lambda: theory.predicted_share(40, 50, 10, 3), r"synapses must lie in 1 ... 40"),
        (lambda: theory.least_size_for_sequences(64, 20, 10, 20_000, jaccard=1.0), r"jaccard must lie between 0 and 1, got 1"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("shape", [(2**31 - 1, 20_000, 1000), (10_000, 200, 2**31 - 1)])
def test_a_distribution_too_long_to_list_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(MemoryError, match="has too many sizes to list"):
        theory.ones_distribution(*shape)
