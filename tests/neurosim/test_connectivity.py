"""Connectivity: laws of the degrees, uniformity, a slow oracle, invariants of the rows, round trips, reproducibility, bad input."""

from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.connectivity import (
    Synapses,
    all_to_all,
    bernoulli,
    fixed_in_degree,
    fixed_out_degree,
    from_arrays,
    from_scipy,
    makers,
    one_to_one,
    units,
)
from neurosim.kernels import connectivity as kernels
from tests.reference import connectivity as reference

SEEDS = st.integers(0, 2**64 - 1)
N_SOURCES, N_TARGETS, DRAWS = 5, 7, 300
GIVEN = np.divmod(np.arange(300 * 300), 300)
Degrees = npt.NDArray[np.int64]


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def dense(synapses: Synapses) -> np.ndarray:
    """Count the synapses of each pair, (n_sources, n_targets)."""
    rows = [synapses.row(source).tolist() for source in range(synapses.n_sources)]
    return np.array(reference.dense(rows, synapses.n_targets), np.int64).reshape(synapses.n_sources, synapses.n_targets)


def check_rows(synapses: Synapses, multapses: bool = False) -> None:
    """Hold the invariants that kernels trust."""
    assert synapses.offsets.dtype == np.int64
    assert synapses.targets.dtype == (np.uint16 if synapses.n_targets <= 2**16 else np.uint32)
    assert synapses.offsets[0] == 0
    assert synapses.offsets[-1] == synapses.n_synapses == len(synapses.targets)
    assert synapses.offsets.shape == (synapses.n_sources + 1,)
    assert synapses.offsets.flags.c_contiguous
    assert synapses.targets.flags.c_contiguous
    for source in range(synapses.n_sources):
        steps = np.diff(synapses.row(source).astype(np.int64))
        assert (steps >= (0 if multapses else 1)).all()
    assert synapses.n_synapses == 0 or synapses.targets.max() < synapses.n_targets


# The laws of the degrees. |z| < 4 fails by chance once in 16,000 draws of a sound program; the seeds are fixed.


def z_of_mean(degrees: Degrees, n: int, p: float) -> float:
    """Return how many standard errors the mean of independent degrees lies off the binomial law B(n, p)."""
    return float((degrees.mean() - n * p) / math.sqrt(n * p * (1 - p) / degrees.size))


def z_of_variance(degrees: Degrees, n: int, p: float) -> float:
    """Return the same of the variance about the known mean; its error has the fourth moment of the binomial law."""
    variance = n * p * (1 - p)
    fourth = 3 * variance**2 + variance * (1 - 6 * p * (1 - p))
    return float((((degrees - n * p) ** 2).mean() - variance) / math.sqrt((fourth - variance**2) / degrees.size))


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("self_connections", [True, False])
def test_bernoulli_degrees_are_binomial(probability: float, self_connections: bool) -> None:
    """600 sources, 600 targets: mean and variance of both degrees over 600 independent units."""
    synapses = bernoulli(600, 600, probability, rng=generator(3), self_connections=self_connections)
    for degrees in (synapses.in_degrees, synapses.out_degrees):
        n = 600 if self_connections else 599
        assert abs(z_of_mean(degrees, n, probability)) < 4
        assert abs(z_of_variance(degrees, n, probability)) < 4


def test_the_whole_law_of_bernoulli_in_degrees() -> None:
    """40 sources, 3,000 targets, p = 0.2: chi-square of the in-degrees 4 ... 12 and both tails below its 99.9 % quantile."""
    degrees = bernoulli(40, 3000, 0.2, rng=generator()).in_degrees
    edges = np.arange(4, 13)
    observed = np.bincount(np.clip(degrees, 3, 13) - 3, minlength=11)
    law = scipy.stats.binom(40, 0.2)
    expected = 3000 * np.array([law.cdf(3), *law.pmf(edges), law.sf(12)])
    assert ((observed - expected) ** 2 / expected).sum() < scipy.stats.chi2.ppf(0.999, 10)


def test_all_rows_of_bernoulli_have_their_own_probability() -> None:
    """3,000 rows of 3 targets, p = 0.3: the 8 possible rows occur as independent trials would have it."""
    synapses = bernoulli(3000, 3, 0.3, rng=generator())
    codes = (dense(synapses) @ [1, 2, 4]).astype(int)
    bits = (np.arange(8)[:, None] >> np.arange(3)) & 1
    expected = 3000 * np.where(bits, 0.3, 0.7).prod(axis=1)
    assert ((np.bincount(codes, minlength=8) - expected) ** 2 / expected).sum() < scipy.stats.chi2.ppf(0.999, 7)


@pytest.mark.parametrize(("multapses", "self_connections"), [(False, True), (False, False), (True, True), (True, False)])
def test_fixed_degrees_are_exact_and_the_other_ones_binomial(multapses: bool, self_connections: bool) -> None:
    """500 units, degree 40, the law of the module's page; the sum of the other degrees is given, so only their variance is left to test."""
    n = 500 if self_connections else 499
    trials, p = (n * 40, 1 / n) if multapses else (n, 40 / n)
    asked = {"rng": generator(5), "multapses": multapses, "self_connections": self_connections}
    for fixed, other, maker in (("in_degrees", "out_degrees", fixed_in_degree), ("out_degrees", "in_degrees", fixed_out_degree)):
        synapses = maker(500, 500, 40, **asked)
        assert set(getattr(synapses, fixed).tolist()) == {40}
        assert synapses.has_multapses == multapses
        assert abs(z_of_variance(getattr(synapses, other), trials, p)) < 4


def test_all_sets_are_equally_likely() -> None:
    """3 of 5 sources, drawn by 3,000 targets: chi-square over the 10 sets."""
    matrix = dense(fixed_in_degree(5, 3000, 3, rng=generator()))
    codes, observed = np.unique(matrix.T @ (1 << np.arange(5)), return_counts=True)
    assert len(codes) == 10
    assert ((observed - 300) ** 2 / 300).sum() < scipy.stats.chi2.ppf(0.999, 9)


def pair_counts(make: Callable[[np.random.Generator], Synapses]) -> np.ndarray:
    rng = generator(11)
    return sum((dense(make(rng)) for _ in range(DRAWS)), np.zeros(1, np.int64))


def test_pairs_are_uniform() -> None:
    """300 draws of 5 x 7 units: how often each pair is connected, against the law of each maker."""
    counts = pair_counts(lambda rng: bernoulli(N_SOURCES, N_TARGETS, 0.3, rng=rng))
    statistic = ((counts - DRAWS * 0.3) ** 2).sum() / (DRAWS * 0.3 * 0.7)
    assert statistic < scipy.stats.chi2.ppf(0.999, N_SOURCES * N_TARGETS)

    counts = pair_counts(lambda rng: fixed_in_degree(N_SOURCES, N_TARGETS, 2, rng=rng))
    assert (counts.sum(axis=0) == 2 * DRAWS).all()
    p = 2 / N_SOURCES
    statistic = ((counts - DRAWS * p) ** 2).sum() / (DRAWS * p * (1 - p)) * (N_SOURCES - 1) / N_SOURCES
    assert statistic < scipy.stats.chi2.ppf(0.999, (N_SOURCES - 1) * N_TARGETS)

    counts = pair_counts(lambda rng: fixed_out_degree(N_SOURCES, N_TARGETS, 3, rng=rng, multapses=True))
    expected = DRAWS * 3 / N_TARGETS
    assert ((counts - expected) ** 2 / expected).sum() < scipy.stats.chi2.ppf(0.999, N_SOURCES * (N_TARGETS - 1))


@pytest.mark.parametrize("multapses", [False, True])
def test_pairs_are_uniform_without_self_connections(multapses: bool) -> None:
    """300 draws of 6 units: the diagonal stays empty, the 5 other sources of a target are alike."""
    counts = pair_counts(lambda rng: fixed_in_degree(6, 6, 2, rng=rng, multapses=multapses, self_connections=False))
    assert (np.diag(counts) == 0).all()
    others = counts[~np.eye(6, dtype=bool)]
    variance = DRAWS * 2 / 5 * (1 if multapses else 3 / 4)
    assert ((others - DRAWS * 2 / 5) ** 2).sum() / variance < scipy.stats.chi2.ppf(0.999, 6 * 4)


# The oracle.


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 12), st.integers(1, 150), st.floats(1e-3, 0.999), st.booleans())
def test_bernoulli_equals_the_oracle(seed: int, n_sources: int, n_targets: int, probability: float, square: bool) -> None:
    n_sources = n_targets = n_sources if square else n_targets
    synapses = bernoulli(n_sources, n_targets, probability, rng=generator(seed), self_connections=not square)
    key = int(generator(seed).integers(0, 2**64, dtype=np.uint64))
    for source in range(0, n_sources, 10):
        allowed = reference.candidates(n_targets, source, not square)
        assert synapses.row(source).tolist() == reference.bernoulli(key, source, allowed, probability)
    check_rows(synapses)


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 10), st.integers(1, 170), st.integers(0, 170), st.booleans(), st.booleans())
def test_fixed_degrees_equal_the_oracle(seed: int, n_rows: int, n_units: int, degree: int, multapses: bool, square: bool) -> None:
    """A row of an out-degree and a column of an in-degree are drawn alike; 170 words are more than one block."""
    n_rows = n_units if square else n_rows
    available = n_units - square
    degree = degree if multapses and available else min(degree, available)
    asked = {"multapses": multapses, "self_connections": not square}
    by_row = fixed_out_degree(n_rows, n_units, degree, rng=generator(seed), **asked)
    by_column = fixed_in_degree(n_units, n_rows, degree, rng=generator(seed), **asked)
    key = int(generator(seed).integers(0, 2**64, dtype=np.uint64))
    draw = reference.repeated if multapses else reference.distinct
    offsets, sources, _ = by_column.by_target()
    for row in range(0, n_rows, 17):
        expected = draw(key, row, reference.candidates(n_units, row, not square), degree)
        assert by_row.row(row).tolist() == sources[offsets[row] : offsets[row + 1]].tolist() == expected
    check_rows(by_row, multapses)
    check_rows(by_column, multapses)


def test_draws_below_a_bound_skip_what_would_be_too_much() -> None:
    """A bound of 2**31 + 1 refuses nearly every second word."""
    bound = 2**31 + 1
    words, cursor = np.empty(kernels.WORDS, np.uint32), np.array([kernels.WORDS, 0])
    drawn = [int(kernels.draw_below(bound, words, cursor, np.uint64(3), 5)) for _ in range(100)]
    source = reference.words(3, 5)
    assert drawn == [reference.below(bound, source) for _ in range(100)]
    used = (cursor[1] - 1) * kernels.WORDS + cursor[0]
    assert abs(used - 200) < 4 * math.sqrt(200)


# Regular ones, and what Synapses tell.


def test_all_to_all_and_one_to_one() -> None:
    assert dense(all_to_all(3, 5)).tolist() == np.ones((3, 5)).tolist()
    assert dense(all_to_all(4, 4, self_connections=False)).tolist() == (1 - np.eye(4)).tolist()
    assert dense(one_to_one(4)).tolist() == np.eye(4).tolist()
    assert all_to_all(1, 1, self_connections=False).n_synapses == 0


@pytest.mark.parametrize("self_connections", [True, False])
def test_certain_and_impossible_synapses(self_connections: bool) -> None:
    asked = {"self_connections": self_connections}
    complete = all_to_all(6, 6, **asked)
    assert bernoulli(6, 6, 1, rng=generator(), **asked) == complete
    assert bernoulli(6, 6, 1 - 2**-53, rng=generator(), **asked) == complete
    assert fixed_in_degree(6, 6, 5 + self_connections, rng=generator(), **asked) == complete
    assert fixed_out_degree(6, 6, 5 + self_connections, rng=generator(), **asked) == complete
    for none in (bernoulli(6, 6, 0.0, rng=generator(), **asked), bernoulli(6, 6, 1e-300, rng=generator(), **asked)):
        assert none.n_synapses == 0
        assert none.out_degrees.tolist() == [0] * 6
        check_rows(none)
    assert fixed_in_degree(6, 6, 0, rng=generator(), **asked).n_synapses == 0


@st.composite
def random_synapses(draw: st.DrawFn) -> Synapses:
    n_targets = draw(st.integers(1, 9))
    rows = draw(st.lists(st.lists(st.integers(0, n_targets - 1), max_size=12).map(sorted), min_size=1, max_size=8))
    return Synapses(np.cumsum([0, *map(len, rows)]), [target for row in rows for target in row], n_targets)


@given(random_synapses())
def test_what_synapses_tell_equals_the_dense_matrix(synapses: Synapses) -> None:
    matrix = dense(synapses)
    assert synapses.out_degrees.tolist() == matrix.sum(axis=1).tolist()
    assert synapses.in_degrees.tolist() == matrix.sum(axis=0).tolist()
    assert synapses.density == pytest.approx(matrix.mean())
    assert synapses.has_multapses == bool((matrix > 1).any())
    assert synapses.nbytes == 8 * (synapses.n_sources + 1) + 2 * synapses.n_synapses
    assert synapses.to_scipy().toarray().tolist() == matrix.tolist()
    check_rows(synapses, multapses=True)


@given(random_synapses())
def test_by_target_holds_the_same_synapses(synapses: Synapses) -> None:
    offsets, sources, order = synapses.by_target()
    all_sources, targets = synapses.pairs()
    assert offsets.tolist() == [0, *np.cumsum(synapses.in_degrees)]
    assert sorted(order.tolist()) == list(range(synapses.n_synapses))
    assert np.array_equal(all_sources[order], sources)
    assert np.array_equal(targets[order], np.repeat(np.arange(synapses.n_targets), synapses.in_degrees))
    for target in range(synapses.n_targets):
        assert (np.diff(order[offsets[target] : offsets[target + 1]].astype(np.int64)) > 0).all()


@given(random_synapses(), st.randoms(use_true_random=False))
def test_arrays_come_back_with_their_weights(synapses: Synapses, random: object) -> None:
    shuffle = list(range(synapses.n_synapses))
    random.shuffle(shuffle)  # type: ignore[attr-defined]
    sources, targets = (ends[shuffle] for ends in synapses.pairs())
    again, order = from_arrays(sources, targets, synapses.n_sources, synapses.n_targets, multapses=True)
    assert again == synapses
    assert np.array_equal(sources[order], synapses.pairs()[0])
    assert np.array_equal(targets[order], synapses.targets)
    key = sources.astype(int) * 100 + targets
    assert order.tolist() == np.argsort(key, kind="stable").tolist()


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dia"])
def test_scipy_and_back(form: str, rng: np.random.Generator) -> None:
    weights = np.where(rng.random((9, 13)) < 0.3, rng.normal(size=(9, 13)), 0)
    synapses, data = from_scipy(scipy.sparse.csr_array(weights).asformat(form))
    check_rows(synapses)
    kept = data != 0  # a matrix of diagonals stores zeros
    assert np.array_equal(data[kept], weights[weights != 0])
    assert np.array_equal(synapses.to_scipy(data).toarray(), weights)


def test_scipy_duplicates_are_added_up_and_the_matrix_is_left_alone() -> None:
    matrix = scipy.sparse.csr_array(([1.0, 2.0, 4.0, 0.0], [2, 0, 2, 1], [0, 3, 4]), shape=(2, 3))
    before = [part.copy() for part in (matrix.data, matrix.indices, matrix.indptr)]
    synapses, weights = from_scipy(matrix)
    assert (synapses.targets.tolist(), weights.tolist()) == ([0, 2, 1], [2.0, 5.0, 0.0])
    assert all(np.array_equal(was, part) for was, part in zip(before, (matrix.data, matrix.indices, matrix.indptr), strict=True))
    weights[:] = 7
    assert np.array_equal(matrix.data, before[0])


def test_nothing_is_shared_with_a_matrix() -> None:
    matrix = scipy.sparse.csr_array(np.eye(3))
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    synapses, weights = from_scipy(matrix)
    for mine in (synapses.offsets, synapses.targets, weights):
        assert not any(np.shares_memory(mine, part) for part in (matrix.data, matrix.indices, matrix.indptr))
    out = synapses.to_scipy(weights)
    assert not any(np.shares_memory(*both) for both in ((out.data, weights), (out.indptr, synapses.offsets)))


def test_weights_of_a_multapse_are_added_up() -> None:
    assert Synapses([0, 3], [1, 1, 2], 3).to_scipy([0.5, 0.25, 2.0]).toarray().tolist() == [[0, 0.75, 2.0]]


def test_many_targets_take_32_bits() -> None:
    """65,536 targets have numbers of 16 bits, one more does not; the largest numbers survive every way."""
    for n, wanted in ((2**16, np.uint16), (2**16 + 1, np.uint32)):
        synapses, order = from_arrays([1, 0, 1], [n - 1, n - 1, 0], 2, n)
        assert synapses.targets.dtype == wanted
        assert synapses.targets.tolist() == [n - 1, 0, n - 1]
        assert order.tolist() == [1, 2, 0]
        assert synapses.to_scipy().shape == (2, n)
        assert fixed_out_degree(2, n, 3, rng=generator()).targets.dtype == wanted
        turned = from_arrays([n - 1, 0], [1, 1], n, 2)[0].by_target()
        assert turned.sources.dtype == wanted
        assert turned.sources.tolist() == [0, n - 1]


def test_equality_is_of_content() -> None:
    synapses = Synapses([0, 1, 2], [0, 1], 2)
    assert synapses == Synapses(np.array([0, 1, 2], np.uint8), np.array([0, 1], np.int8), 2)
    for other in (Synapses([0, 1, 2], [0, 1], 3), Synapses([0, 2, 2], [0, 1], 2), Synapses([0, 1, 2], [0, 0], 2), "synapses"):
        assert synapses != other


# Reproducibility.

DRAWN = {
    "bernoulli": lambda rng: bernoulli(60, 50, 0.2, rng=rng),
    "fixed_in_degree": lambda rng: fixed_in_degree(60, 50, 7, rng=rng),
    "fixed_out_degree": lambda rng: fixed_out_degree(60, 50, 7, rng=rng, multapses=True),
}


@pytest.mark.parametrize("maker", DRAWN)
def test_one_state_of_the_generator_gives_one_set_of_synapses(maker: str) -> None:
    rng = generator(8)
    first, second = DRAWN[maker](rng), DRAWN[maker](rng)
    assert first == DRAWN[maker](generator(8))
    assert first != second


def test_the_first_rows_do_not_depend_on_how_many_there_are() -> None:
    few, many = (bernoulli(n, 200, 0.1, rng=generator(2)) for n in (10, 40))
    assert all(np.array_equal(few.row(source), many.row(source)) for source in range(10))
    few, many = (fixed_in_degree(30, n, 6, rng=generator(2)) for n in (10, 40))
    assert np.array_equal(dense(few), dense(many)[:, :10])


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_kernels_are_compiled_once_for_each_width() -> None:
    """Units have 16 or 32 bits: one compilation for each, four where two arrays of units meet, one where there is none."""
    small, large = 100, 2**16 + 1
    for n_sources, n_targets in ((small, small), (small, large), (large, small)):
        for square in {n_sources == n_targets, False}:
            asked = {"rng": generator(), "self_connections": not square}
            bernoulli(n_sources, n_targets, np.float32(1e-5), **asked)
            fixed_in_degree(n_sources, n_targets, np.int32(1), **asked)
            fixed_out_degree(n_sources, n_targets, 1, multapses=True, **asked).by_target()
            fixed_in_degree(n_sources, n_targets, 1, multapses=True, **asked)
            fixed_out_degree(n_sources, n_targets, 1, **asked)
            from_arrays([0], [0], n_sources, n_targets)
        all_to_all(1, n_targets)
    at_most = {"fill_jumps": 1, "draw_below": 1, "transpose_rows": 4, "scatter_rows": 4}
    for name, kernel in vars(kernels).items():
        if getattr(kernel, "__module__", "") == kernels.__name__:
            assert len(kernel.signatures) <= at_most.get(name, 2), name


# Bad input.


@pytest.mark.parametrize("maker", [bernoulli, fixed_in_degree, fixed_out_degree])
def test_bad_populations_and_generators(maker: Callable[..., Synapses]) -> None:
    with pytest.raises(ValueError, match="n_sources must be at least 1, got 0"):
        maker(0, 5, 1, rng=generator())
    with pytest.raises(TypeError, match=r"n_targets must be an integer, got 5\.0"):
        maker(5, 5.0, 1, rng=generator())
    with pytest.raises(ValueError, match=r"n_targets must be at most 2\*\*32, got 4294967297"):
        maker(5, 2**32 + 1, 1, rng=generator())
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got 7"):
        maker(5, 5, 1, rng=7)
    with pytest.raises(ValueError, match="self_connections=False needs as many sources as targets, got 5 and 6"):
        maker(5, 6, 1, rng=generator(), self_connections=False)


@pytest.mark.parametrize("probability", [-0.1, 1.5, math.nan, math.inf])
def test_bad_probability(probability: float) -> None:
    with pytest.raises(ValueError, match=r"probability must lie in 0 \.\.\. 1, got"):
        bernoulli(5, 5, probability, rng=generator())


@pytest.mark.parametrize("probability", ["0.1", None, [0.1]])
def test_a_probability_that_is_no_number(probability: object) -> None:
    with pytest.raises(TypeError, match="probability must be a number, got"):
        bernoulli(5, 5, probability, rng=generator())  # type: ignore[arg-type]


def test_bad_degrees() -> None:
    with pytest.raises(ValueError, match="in_degree must be at most 5, the number of sources that a unit may have, got 6") as caught:
        fixed_in_degree(5, 9, 6, rng=generator())
    assert caught.value.__notes__ == ["multapses=True draws sources independently"]
    with pytest.raises(ValueError, match="out_degree must be at most 4, the number of targets"):
        fixed_out_degree(5, 5, 5, rng=generator(), self_connections=False)
    with pytest.raises(ValueError, match="in_degree must be at most 0"):
        fixed_in_degree(1, 1, 1, rng=generator(), multapses=True, self_connections=False)
    with pytest.raises(ValueError, match="in_degree must be at least 0, got -1"):
        fixed_in_degree(5, 5, -1, rng=generator())
    with pytest.raises(TypeError, match=r"out_degree must be an integer, got 2\.5"):
        fixed_out_degree(5, 5, 2.5, rng=generator())  # type: ignore[arg-type]


def test_bad_arrays() -> None:
    with pytest.raises(ValueError, match=r"targets must lie in 0 \.\.\. 3, got 4 at position 2"):
        from_arrays([0, 1, 2], [0, 1, 4], 3, 4)
    with pytest.raises(ValueError, match=r"sources must lie in 0 \.\.\. 2, got -1 at position 1"):
        from_arrays([0, -1, 2], [0, 1, 3], 3, 4)
    with pytest.raises(ValueError, match=r"one shape \(n_synapses,\), got \(3,\) and \(2,\)"):
        from_arrays([0, 1, 2], [0, 1], 3, 4)
    with pytest.raises(ValueError, match=r"sources must have one axis, got shape \(1, 2\)"):
        from_arrays([[0, 1]], [0, 1], 3, 4)
    for wrong in ([0.0, 1.0], [True, False]):
        with pytest.raises(TypeError, match="targets must be integers, got type"):
            from_arrays([0, 1], wrong, 3, 4)
    with pytest.raises(ValueError, match="synapses 0 and 3 both lead from source 2 to target 1") as caught:
        from_arrays([2, 1, 0, 2], [1, 1, 1, 1], 3, 4)
    assert caught.value.__notes__ == ["multapses=True allows several synapses between two units"]
    assert from_arrays([], [], 3, 4)[0].n_synapses == 0


def test_bad_rows() -> None:
    for offsets in ([], [0], [1, 2], [0, 3]):
        with pytest.raises(ValueError, match="offsets must be"):
            Synapses(offsets, [0, 1], 2)
    with pytest.raises(ValueError, match="offsets must never fall, got 0 after 1 at position 2"):
        Synapses([0, 1, 0, 2], [0, 1], 2)
    with pytest.raises(ValueError, match="targets must not fall within a row, got 0 after 1 at position 1"):
        Synapses([0, 2], [1, 0], 2)
    with pytest.raises(ValueError, match=r"targets must lie in 0 \.\.\. 1, got 2 at position 1"):
        Synapses([0, 2], [1, 2], 2)
    synapses = Synapses([0, 1, 2], [1, 0], 2)
    for source in (-1, 2):
        with pytest.raises(IndexError, match=rf"source must lie in 0 \.\.\. 1, got {source}"):
            synapses.row(source)
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        synapses.row(0.5)  # type: ignore[arg-type]


def test_bad_matrices() -> None:
    with pytest.raises(TypeError, match="matrix must be a sparse matrix of SciPy with two dimensions, got ndarray"):
        from_scipy(np.eye(3))
    with pytest.raises(ValueError, match=r"weights must have shape \(3,\), one for each synapse, got \(2,\)"):
        one_to_one(3).to_scipy([1.0, 2.0])


def test_what_would_not_fit_is_refused_with_its_size() -> None:
    """Before anything is allocated: each of these would take terabytes."""
    n, asked = 2**31, {"rng": generator()}
    for make in (
        lambda: bernoulli(n, n, 0.5, **asked),
        lambda: fixed_in_degree(n, n, 10**6, **asked),
        lambda: fixed_out_degree(n, n, 10**6, **asked),
        lambda: all_to_all(n, n),
    ):
        with pytest.raises(MemoryError, match=r"synapses from 2,147,483,648 sources .* would take [\d,.]+ GiB .* are free"):
            make()


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="the memory that plain Python takes is not that of kernels")
@pytest.mark.parametrize(
    "make",
    [
        lambda rng: bernoulli(1000, 1000, 0.1, rng=rng),
        lambda rng: fixed_in_degree(1000, 1000, 100, rng=rng),
        lambda rng: fixed_out_degree(1000, 1000, 100, rng=rng),
        lambda rng: all_to_all(300, 300),
        lambda rng: from_arrays(*GIVEN, 300, 300)[0],
    ],
)
def test_making_takes_no_more_memory_than_the_guard_allows_for(make: Callable[..., Synapses], monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to arrays that have one number for each unit, and a row of words."""
    asked: list[int] = []
    monkeypatch.setattr(units, "free_memory", lambda: sys.maxsize)
    make(generator())
    guard = units.refuse_too_large

    def listen(shape: tuple[int, int], n_synapses: int, scratch: int = 0) -> None:
        asked.append(n_synapses * (2 + scratch))
        guard(shape, n_synapses, scratch)

    monkeypatch.setattr(makers, "refuse_too_large", listen)
    tracemalloc.start()
    try:
        synapses = make(generator())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert synapses.targets.nbytes <= peak <= 1.01 * asked[-1] + 32 * 2 * 1000 + 20_000


def test_the_guard_counts_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In-degree 10 for 100 targets: 1,000 synapses, 2 bytes each and 2 while they are made, and 101 offsets."""
    monkeypatch.setattr(units, "free_memory", lambda: 4_000 + 808)
    fixed_in_degree(100, 100, 10, rng=generator())
    monkeypatch.setattr(units, "free_memory", lambda: 4_000 + 807)
    with pytest.raises(MemoryError, match="1,000 synapses from 100 sources to 100 targets"):
        fixed_in_degree(100, 100, 10, rng=generator())
    assert makers.one_to_one(100).nbytes == 1_008
