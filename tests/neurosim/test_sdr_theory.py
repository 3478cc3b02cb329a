"""Matches by chance and in noise: exact integers, published numbers, limits, bad input."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.sdr import theory
from neurosim.sdr.theory import hypergeometric

TOLERANCE = 1e-12
# n, a, s, theta, P_fp: the authors' notebook, charts and spreadsheet, all digits; then computed from exact integers, six digits
POSITIVES = [
    (500, 128, 24, 12, 0.00736788303358289),
    (1100, 128, 24, 12, 2.99642102590114e-6),
    (300, 64, 24, 12, 0.00109461662333690),
    (10000, 300, 24, 12, 8.37584522709849e-13),
    (2000, 40, 20, 15, 2.4719233094308658e-23),
    (100000, 2000, 6, 6, 6.35308872941916e-11),
    (100000, 2000, 8, 8, 2.52507239284961e-14),
    (100000, 2000, 10, 10, 1.00163216178113e-17),
    (100000, 2000, 20, 10, 1.54192767258720e-12),
    (100000, 2000, 40, 10, 4.91541864813209e-9),
    (100000, 2000, 80, 10, 4.62568448037595e-6),
    (20000, 40, 8, 4, 9.5436499496932982e-10),
    (1024, 20, 20, 10, 9.3292386242615723e-14),
    (1024, 20, 20, 20, 1.8248362441766601e-42),
    (64, 32, 32, 16, 0.59857385024316012),
    (20000, 40, 40, 39, 6.1604857901135344e-119),
    (16000, 4000, 24, 12, 0.00715948677425288),
]
COMPUTED = [
    (4000, 128, 24, 12, 1.34324e-12),
    (1000, 256, 24, 12, 8.07167e-3),
    (2000, 40, 20, 10, 4.94363e-13),
    (2048, 40, 20, 13, 4.96169e-19),
    (100000, 2000, 120, 10, 1.58800e-4),
    (200000, 2000, 10, 10, 9.77936e-21),
    (200000, 2000, 20, 10, 1.64990e-15),
]
# n = 4000, a = 128, s = 2, 4, ..., 30, theta = s / 2: the authors' chart of the number of synapses
BY_SYNAPSES = [
    0.0629837459364841, 0.00584430512527604, 0.000596596501225661, 6.34149149902892e-5, 6.87897949491240e-6, 7.54205223721698e-7,
    8.31279723703759e-8, 9.18014626543976e-9, 1.01352464978094e-9, 1.11692707533825e-10, 1.22722470782534e-11, 1.34323936472554e-12,
    1.46357551285682e-13, 1.58660559533635e-14, 1.71047348036875e-15,
]  # fmt: skip
# a = 128, s = 30, v lost: the authors' chart of noise
LOST = [13, 19, 26, 32, 38, 45, 51, 58, 64, 70, 77, 83, 90, 96, 102]
NEGATIVES = {
    8: [3.1134151628324e-16, 2.23243424464799e-12, 7.90168637530306e-10, 1.20695707971664e-7, 3.45576265561118e-6, 8.08202472708491e-5,
        0.000735429456875121, 0.00464043435771348, 0.0268657157114204, 0.0896352007201254, 0.263952754229579, 0.508714577385333,
        0.770861966941236],
    12: [2.48810797387309e-15, 7.9269534934363e-10, 2.1630252519524e-7, 1.09248135880715e-5, 0.000314435369055385, 0.00279559866084888,
         0.0198782675563797, 0.0716985160403564, 0.190430462690358, 0.426525969583828, 0.664766152465367, 0.880922510721824,
         0.970339402698393, 0.996376835285247],
    16: [2.65549705827547e-8, 1.97277260559420e-5, 0.000590078912236923, 0.00627504390204146, 0.0434711883681422, 0.139067254386793,
         0.351117043857492, 0.582501773030327, 0.788076297517739, 0.933878292787173, 0.983735005386502, 0.998319255844748,
         0.999889798557155, 0.999997748076386],
}  # fmt: skip
MEDIANS = {3: 1.733e-2, 6: 1.201e-5, 8: 3.334e-8, 9: 1.354e-9, 10: 4.80e-11, 12: 3.409e-14, 20: 3.90e-30}


def exact_tail(threshold: int, size: int, marked: int, drawn: int) -> Fraction:
    """Return the probability that at least `threshold` of the marked places are drawn, from integers."""
    marked, drawn = max(marked, drawn), min(marked, drawn)  # the same probability, smaller numbers
    ways = sum(math.comb(marked, b) * math.comb(size - marked, drawn - b) for b in range(threshold, min(marked, drawn) + 1))
    return Fraction(ways, math.comb(size, drawn))


def log_of(part: Fraction) -> float:
    """Return the logarithm of a fraction that may be too small for a float."""
    return math.log(part.numerator) - math.log(part.denominator)


# Exact integers


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_tails_equal_exact_integers_in_twelve_digits(data: Any) -> None:
    size = data.draw(st.integers(2, 600))
    marked, drawn = data.draw(st.integers(1, size - 1)), data.draw(st.integers(1, size - 1))
    threshold = data.draw(st.integers(1, min(marked, drawn)))
    exact = exact_tail(threshold, size, marked, drawn)
    found = theory.false_positive(size, drawn, marked, threshold, log=True)
    if exact == 0:
        assert found == -math.inf
    elif (wanted := log_of(exact)) > -700.0:
        assert math.exp(found) == pytest.approx(float(exact), rel=TOLERANCE)
    else:
        assert found == pytest.approx(wanted, rel=TOLERANCE)


@pytest.mark.parametrize(
    "point",
    [
        (10**6, 20000, 500, 40),
        (10**6, 20000, 500, 1),
        (6000, 5800, 300, 240),
        (10**5, 300, 50000, 230),
        (395193880, 63462, 130, 86),
        (2**31 - 1, 2**30, 60, 33),
    ],
)
def test_tails_of_many_cells_equal_exact_integers_in_twelve_digits(point: tuple[int, int, int, int]) -> None:
    size, active, synapses, threshold = point
    assert theory.false_positive(*point) == pytest.approx(float(exact_tail(threshold, size, synapses, active)), rel=TOLERANCE)


def test_two_thousand_million_cells_keep_to_poissons_limit() -> None:
    size, part = 2**31 - 1, 40.0 / (2**31 - 1)
    found = theory.false_positive(size, size // 100, 30, 12)
    binomial = sum(math.comb(30, b) * 0.01**b * 0.99 ** (30 - b) for b in range(12, 31))
    assert found == pytest.approx(binomial, rel=1e-5)
    assert theory.overlap_probability(size, 40, 40, 0) == pytest.approx(math.exp(-40 * 40 * (part / 40)), rel=1e-6)


def test_a_probability_below_the_smallest_float_has_a_logarithm() -> None:
    found = theory.false_positive(100_000, 2000, 2000, 1900, log=True)
    assert theory.false_positive(100_000, 2000, 2000, 1900) == 0.0
    assert found == pytest.approx(log_of(exact_tail(1900, 100_000, 2000, 2000)), rel=TOLERANCE)


@settings(deadline=None, max_examples=30)
@given(size=st.integers(3, 800), data=st.data())
def test_probabilities_of_all_overlaps_sum_to_one(size: int, data: Any) -> None:
    active, fixed = data.draw(st.integers(1, size - 1)), data.draw(st.integers(1, size - 1))
    chances = theory.overlap_probability(size, active, fixed, np.arange(min(active, fixed) + 1))
    assert chances.sum() == pytest.approx(1.0, rel=TOLERANCE)
    assert chances @ np.arange(chances.size) == pytest.approx(active * fixed / size, rel=1e-11)


@settings(deadline=None, max_examples=30)
@given(size=st.integers(2, 300), data=st.data())
def test_overlap_sets_count_all_codes(size: int, data: Any) -> None:
    active, fixed = data.draw(st.integers(1, size - 1)), data.draw(st.integers(1, size - 1))
    sets = [theory.count_overlaps(size, active, fixed, b) for b in range(min(active, fixed) + 1)]
    assert sum(sets) == theory.count_codes(size, active)
    assert sets[0] / sum(sets) == pytest.approx(theory.overlap_probability(size, active, fixed, 0), rel=TOLERANCE)


def test_a_number_of_marked_places_between_whole_ones_gives_a_probability_between_theirs() -> None:
    few, middle, more = (hypergeometric.log_tail(10, 2048, marked, 40) for marked in (364, 364.5, 365))
    assert few < middle < more
    assert middle == pytest.approx((few + more) / 2, abs=1e-4)


# Published numbers


@pytest.mark.parametrize(("rows", "tolerance"), [(POSITIVES, 2e-10), (COMPUTED, 5e-6)])
def test_false_positives_are_the_published_ones(rows: list[tuple[int, int, int, int, float]], tolerance: float) -> None:
    size, active, synapses, threshold, wanted = (np.array(column) for column in zip(*rows, strict=True))
    np.testing.assert_allclose(theory.false_positive(size, active, synapses, threshold), wanted, rtol=tolerance)


def test_false_positives_of_the_issue_to_five_digits() -> None:
    assert theory.false_positive(2000, 40, 20, 15) == pytest.approx(2.47192e-23, rel=1e-5)
    assert theory.false_positive(500, 128, 24, 12) == pytest.approx(7.36788e-3, rel=1e-5)
    assert theory.false_negative(128, 30, 12, 64) == pytest.approx(0.0716985, rel=1e-5)


def test_the_number_of_synapses_changes_false_positives_as_published() -> None:
    synapses = np.arange(2, 31, 2)
    np.testing.assert_allclose(theory.false_positive(4000, 128, synapses, synapses // 2), BY_SYNAPSES, rtol=1e-13)


@pytest.mark.parametrize("threshold", [8, 12, 16])
def test_noise_makes_false_negatives_as_published(threshold: int) -> None:
    lost = LOST[-len(NEGATIVES[threshold]) :]
    np.testing.assert_allclose(
        theory.false_negative(128, 30, threshold, lost), NEGATIVES[threshold], rtol=1e-12, atol=5e-18
    )  # their rounding


def test_other_false_negatives_are_the_published_ones() -> None:
    assert theory.false_negative(40, 8, 4, 12) == pytest.approx(0.038574177893063347, rel=TOLERANCE)
    assert theory.false_negative(40, 20, 12, 16) == pytest.approx(0.373764, abs=6e-7)


def test_a_list_of_patterns_has_the_published_bound_and_stays_below_it() -> None:
    bound = theory.set_false_positive(100, 7, 7, [4, 5, 6, 7], 500, bound=True)
    np.testing.assert_allclose(bound, [0.144691, 2.82648e-3, 2.03654e-5, 3.12352e-8], rtol=4e-6)
    exact = theory.set_false_positive(100, 7, 7, [4, 5, 6, 7], 500)
    assert exact[0] == pytest.approx(0.134728, abs=6e-7)
    assert (exact < bound).all()
    assert theory.set_false_positive(1024, 21, 21, 14, 10**9, bound=True) == pytest.approx(8.8349018063014042e-13, rel=TOLERANCE)


def test_the_median_over_many_cells_falls_with_the_threshold_as_published() -> None:
    found = theory.median_false_positive(list(MEDIANS))
    np.testing.assert_allclose(found, list(MEDIANS.values()), rtol=1e-3)
    assert found[2] < 1e-7


# Limits and invariants


@settings(deadline=None, max_examples=15)
@given(size=st.integers(50, 800), data=st.data())
def test_errors_fall_and_rise_as_they_should(size: int, data: Any) -> None:
    active = data.draw(st.integers(1, size // 2))
    synapses = data.draw(st.integers(1, size // 2))
    chances = theory.false_positive(size, active, synapses, np.arange(1, synapses + 1))
    assert (np.diff(chances) <= 1e-14).all()
    assert chances[0] == pytest.approx(1 - float(Fraction(math.comb(size - synapses, active), math.comb(size, active))), rel=1e-9)
    assert theory.false_positive(size + 1, active, synapses, synapses) <= chances[-1]


@settings(deadline=None, max_examples=30)
@given(active=st.integers(1, 60), data=st.data())
def test_a_pattern_without_noise_is_never_missed(active: int, data: Any) -> None:
    synapses = data.draw(st.integers(1, active))
    threshold = data.draw(st.integers(1, synapses))
    assert theory.false_negative(active, synapses, threshold, 0) == 0.0
    assert theory.false_negative(active, synapses, threshold, active) == 1.0
    misses = theory.false_negative(active, synapses, threshold, np.arange(active + 1))
    assert (np.diff(misses) >= -1e-14).all()


def test_any_of_many_rare_events() -> None:
    assert theory.any_of(1e-300, 10**9) == pytest.approx(1e-291, rel=TOLERANCE)
    assert theory.any_of([0.0, 1.0, 0.25], [5, 1, 2]).tolist() == pytest.approx([0.0, 1.0, 0.4375])
    assert theory.any_of(1.0, 0) == 0.0


def test_the_least_threshold_is_the_first_that_will_do() -> None:
    threshold = theory.least_threshold(2048, 40, 20, 1e-12)
    assert theory.false_positive(2048, 40, 20, threshold) <= 1e-12 < theory.false_positive(2048, 40, 20, threshold - 1)


def test_the_best_threshold_beats_its_neighbours_and_rises_with_the_number_of_rivals() -> None:
    def both(threshold: int) -> float:
        return theory.false_positive(2048, 40, 20, threshold) + theory.false_negative(40, 20, threshold, 16)

    best = theory.best_threshold(2048, 40, 20, 16)
    assert both(best) < min(both(best - 1), both(best + 1))
    assert theory.best_threshold(2048, 40, 20, 16, patterns=10**9) > best
    assert theory.best_threshold(2048, 40, 20, 16, weight=1e-9) < best


def test_the_least_size_is_the_first_that_will_do() -> None:
    size = theory.least_size(40, 20, 10, 1e-15)
    assert theory.false_positive(size, 40, 20, 10) <= 1e-15 < theory.false_positive(size - 1, 40, 20, 10)
    with pytest.raises(ValueError, match="error 1e-15 needs more than"):
        theory.least_size(40, 20, 1, 1e-15)


def test_arguments_are_broadcast_and_single_numbers_give_floats() -> None:
    grid = theory.false_positive(np.array([[1000], [2000]]), [20, 40, 60], 20, 5)
    assert grid.shape == (2, 3)
    assert grid[1, 2] == theory.false_positive(2000, 60, 20, 5)
    assert type(theory.false_positive(2000, 60, 20, 5)) is float
    np.testing.assert_allclose(np.log(grid), theory.false_positive(np.array([[1000], [2000]]), [20, 40, 60], 20, 5, log=True))


# Bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.false_positive(2000, 40, 20, 21), r"threshold must lie in 1 ... 20, the number of synapses, got 21"),
        (lambda: theory.false_positive(2000, 40, 20, 0), r"threshold must lie in 1 ... 20"),
        (lambda: theory.false_positive(2000, 0, 20, 10), r"active must lie in 1 ... 1999, fewer than size = 2000, got 0"),
        (lambda: theory.false_positive(2000, 2000, 20, 10), r"active must lie in 1 ... 1999"),
        (lambda: theory.false_positive(2000, 40, 2001, 10), r"synapses must lie in 1 ... 1999"),
        (lambda: theory.false_positive(2**31, 40, 20, 10), r"size must be at most 2\*\*31 - 1, got 2147483648"),
        (lambda: theory.false_negative(40, 41, 10, 5), r"synapses must lie in 1 ... 40, the active cells of the pattern, got 41"),
        (lambda: theory.false_negative(40, 20, 21, 5), r"threshold must lie in 1 ... 20, the number of synapses, got 21"),
        (lambda: theory.false_negative(40, 20, 10, 41), r"lost must lie in 0 ... 40"),
        (lambda: theory.any_of(1.5, 2), r"probability must lie in 0 ... 1, got 1.5"),
        (lambda: theory.any_of(0.5, -2), r"count must not be negative, got -2"),
        (lambda: theory.set_false_positive(100, 7, 7, 4, 0), r"patterns must be whole numbers from 1, got 0"),
        (lambda: theory.count_codes(10, 10), r"active must lie in 1 ... 9"),
        (lambda: theory.count_overlaps(10, 3, 5, 4), r"common must lie in 0 ... 3, the smaller of the two sets, got 4"),
        (lambda: theory.overlap_probability(10, 3, 5, -1), r"common must lie in 0 ... 3"),
        (lambda: theory.least_threshold(100, 50, 5, 1e-9), r"error must be at least 0.0281, that of threshold = synapses = 5, got 1e-09"),
        (lambda: theory.least_threshold(100, 50, 5, 1.0), r"error must be below 1, got 1"),
        (lambda: theory.median_false_positive(0), r"threshold must lie in 1"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("call", [lambda: theory.false_positive(2000, 40.0, 20, 10), lambda: theory.false_negative(40, 20, True, 3)])
def test_counts_are_whole_numbers(call: Any) -> None:
    with pytest.raises(TypeError, match="must be an integer, got"):
        call()
