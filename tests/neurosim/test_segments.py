"""Segments: sets of cells as oracle, the probabilities of the theory, mixing, the lists, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import neurosim as ns
from neurosim.kernels import _masks
from neurosim.kernels import segments as kernels
from neurosim.sdr.segments import Segments
from tests.reference import segments as oracle

sdr = ns.sdr


@st.composite
def populations(draw: Any) -> tuple[int, list[list[int]], list[int]]:
    """Cells, segments on them of any length, and active cells."""
    n_cells = draw(st.integers(2, 90))
    cells = st.lists(st.integers(0, n_cells - 1), unique=True, max_size=n_cells)
    segments = draw(st.lists(cells, min_size=1, max_size=150).filter(any))
    return n_cells, segments, sorted(draw(cells))


def built(segments: list[list[int]], n_cells: int, threshold: int = 1) -> Segments:
    return Segments([np.array(row, np.int64) for row in segments], n_cells, threshold=threshold)


@settings(max_examples=60)
@given(populations())
def test_counts_lists_and_active_segments_are_those_of_sets_of_cells(given_: tuple[int, list[list[int]], list[int]]) -> None:
    n_cells, segments, active = given_
    made = built(segments, n_cells)
    counts = oracle.counts(segments, active)
    assert made.counts(active).tolist() == counts
    for threshold in range(1, made.longest + 1):
        assert made.active(active, threshold=threshold).indices.tolist() == oracle.reached(counts, threshold)
    lists = [made.lists[a:b].tolist() for a, b in zip(made.first[:-1], made.first[1:], strict=True)]
    assert lists == oracle.lists(segments, n_cells)


@settings(max_examples=30)
@given(populations(), st.lists(st.sets(st.integers(0, 89)), min_size=1, max_size=4))
def test_a_histogram_counts_segments_by_their_active_synapses(given_: tuple[int, list[list[int]], list[int]], sets: list[set[int]]) -> None:
    n_cells, segments, _ = given_
    codes = [sorted(cell for cell in code if cell < n_cells) for code in sets]
    made = built(segments, n_cells)
    found = made.histogram(sdr.Codes([sdr.Code(code, n_cells) for code in codes]))
    assert found.tolist() == oracle.histogram(segments, codes, made.longest).tolist()
    assert (found.sum(axis=1) == len(segments)).all()


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(-1, 6), max_size=6), min_size=1, max_size=8))
def test_the_first_wrong_synapse_is_found(segments: list[list[int]]) -> None:
    starts, cells = np.cumsum([0, *map(len, segments)]), np.array(sum(segments, []), np.int32)
    assert kernels.first_fault(starts, cells, np.full(6, -1)) == oracle.first_fault(segments, 6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_bound_is_found_wherever_it_is_reached(dtype: type[np.integer], rng: np.random.Generator) -> None:
    values = rng.integers(0, 256, _masks.padded(1000)).astype(dtype)
    out = np.empty(values.size, np.int32)
    for bound in (1, 128, 255):
        n = kernels.list_reached(values, dtype(bound), out)
        assert out[:n].tolist() == oracle.reached(values.tolist(), bound)


def test_segments_with_more_than_255_synapses_are_counted_in_two_bytes() -> None:
    made = Segments([range(300), [5]], 400, threshold=260)
    assert made.counts(np.arange(300)).tolist() == [300, 1]
    assert made.active(np.arange(270)) == sdr.Code([0], 2)
    assert made.active(np.arange(259)) == sdr.Code([], 2)
    assert Segments([range(255)], 400, threshold=255).active(np.arange(255)) == sdr.Code([0], 1)


@settings(max_examples=20)
@given(populations(), st.integers(0, 2**32))
def test_counts_do_not_depend_on_the_order_of_synapses_nor_of_active_cells(given_: Any, seed: int) -> None:
    n_cells, segments, active = given_
    rng = np.random.default_rng(seed)
    made, other = built(segments, n_cells), built([rng.permutation(row).tolist() for row in segments], n_cells)
    counts = np.full(_masks.padded(len(segments)), 7, np.uint8)
    kernels.count_synapses(other.first, other.lists, rng.permutation(np.array(active, np.int32)), counts)
    assert (counts[: len(segments)] == made.counts(active)).all()
    assert not counts[len(segments) :].any()


# --- what theory says ---------------------------------------------------------------------------------------------------------


def test_false_positives_are_hypergeometric(rng: np.random.Generator) -> None:
    """n = 500, a = 128, s = 24: P(12 or more) = 7.36788e-3 by exact integers; every bin of the counts within 5 standard errors."""
    patterns, others = (sdr.random_codes(n, 500, 128, rng=rng) for n in (1500, 1500))
    segments = Segments.sampled(patterns, 24, threshold=12, rng=rng)
    found = segments.histogram(others).sum(axis=0)
    expected = 1500**2 * stats.hypergeom(500, 24, 128).pmf(np.arange(25))
    assert found[12:].sum() / 1500**2 == pytest.approx(7.36788e-3, rel=0.02)
    likely = expected > 1000
    assert (abs(found - expected)[likely] < 0.03 * expected[likely] + 5 * expected[likely] ** 0.5).all()


def test_false_negatives_are_hypergeometric(rng: np.random.Generator) -> None:
    """Half of a = 128 cells moved, s = 30, theta = 12: 0.0716985 by exact integers, up to the cells that noise adds."""
    patterns = sdr.random_codes(3000, 20_000, 128, rng=rng)
    segments = Segments.sampled(patterns, 30, threshold=12, rng=rng)
    seen = [k in segments.active(sdr.corrupt(code, 0.5, rng=rng)) for k, code in enumerate(patterns)]
    assert 1 - np.mean(seen) == pytest.approx(0.0716985, abs=4 * (0.0717 * 0.9283 / 3000) ** 0.5)


def test_a_pattern_is_recognised_by_its_own_segment_alone(rng: np.random.Generator) -> None:
    patterns = sdr.random_codes(500, 2048, 40, rng=rng)
    segments = Segments.sampled(patterns, 20, threshold=12, rng=rng)
    assert all(segments.active(code) == sdr.Code([k], 500) for k, code in enumerate(patterns))
    assert segments.n_active(patterns).tolist() == [1] * 500


def test_a_mixed_segment_holds_a_sample_of_each_of_its_patterns(rng: np.random.Generator) -> None:
    patterns = sdr.random_codes(60, 2048, 40, rng=rng)
    segments = Segments.sampled(patterns, 15, threshold=15, rng=rng, mixed=20)
    assert len(segments) == 3
    assert all(k // 20 in segments.active(code) for k, code in enumerate(patterns))
    assert segments.longest == max(np.diff(segments.starts))


def test_a_table_of_codes_is_a_set_of_segments(rng: np.random.Generator) -> None:
    codes = sdr.random_codes(5, 300, 20, rng=rng)
    segments = Segments(codes, 300, threshold=20)
    assert (segments.histogram(codes)[:, 20] == 1).all()
    assert (segments.counts(codes[2]) == codes.overlaps(codes[2])).all()
    with pytest.raises(ValueError, match="read-only"):
        segments.cells[0] = 1


# --- bad input ----------------------------------------------------------------------------------------------------------------

GOOD = np.array([[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("synapses", "more", "message"),
    [
        (np.array([[0, 1, 10]]), {}, r"on cells 0 ... 9, got 10 on segment 0"),
        ([[0, 1], [2, -1]], {}, r"on cells 0 ... 9, got -1 on segment 1"),
        ([[0, 1], [3, 2, 3]], {}, r"on different cells, got 3 twice on segment 1"),
        ([], {}, "at least one segment"),
        ([[]], {}, "at least one segment"),
        (GOOD, {"threshold": 4}, "threshold must be at most 3, the synapses of the longest segment, got 4"),
        (GOOD, {"threshold": 0}, "threshold must be at least 1"),
        (GOOD, {"n_cells": 0}, "n_cells must be at least 1"),
        (sdr.Codes([sdr.Code([1], 12)]), {"threshold": 1}, "codes of size n_cells = 10, got 12"),
    ],
)
def test_segments_that_could_not_be_are_refused(synapses: Any, more: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Segments(synapses, **{"n_cells": 10, "threshold": 2, **more})


@pytest.mark.parametrize("synapses", [np.array([[0.5, 1.0]]), [["a"]], [[True, False]]])
def test_synapses_must_be_whole_numbers_of_cells(synapses: Any) -> None:
    with pytest.raises(TypeError, match="synapses must be whole numbers of cells, got"):
        Segments(synapses, 10, threshold=1)


@pytest.mark.parametrize("synapses", [np.zeros((2, 3, 4), int), np.array([1, 2, 3]), [[1], 2]])
def test_each_segment_has_a_row_of_its_own(synapses: Any) -> None:
    with pytest.raises(TypeError, match="synapses must be a row of cells for each segment, got an array of"):
        Segments(synapses, 10, threshold=1)


def test_lists_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.sdr.segments.free_memory", lambda: 2**10)
    with pytest.raises(MemoryError, match="lists of 6 synapses on 1,000 cells would take 0.00 GiB"):
        Segments(GOOD, 1000, threshold=2)


def test_codes_that_do_not_fit_are_refused(rng: np.random.Generator) -> None:
    segments, codes = Segments(GOOD, 10, threshold=2), sdr.random_codes(3, 11, 2, rng=rng)
    for wrong in (sdr.Code([1], 11), [4, 2], [2, 2], [10], [-1]):
        with pytest.raises(ValueError, match="^code must"):
            segments.counts(wrong)
    with pytest.raises(ValueError, match="codes must have size 10, got 11"):
        segments.histogram(codes)
    with pytest.raises(TypeError, match="codes must be Codes, got Code"):
        segments.n_active(codes[0])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="threshold must be at most 3"):
        segments.active([1], threshold=4)
    with pytest.raises(ValueError, match="synapses must be at most the active cells of each pattern, got 3, pattern 0 has 2"):
        Segments.sampled(codes, 3, threshold=1, rng=rng)
    with pytest.raises(ValueError, match="mixed must divide the number of patterns, 3, got 2"):
        Segments.sampled(codes, 1, threshold=1, rng=rng, mixed=2)
