"""Sums over neighbours: oracles for every kind of graph and index type, cut ranges, graphs whose sums are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels.phase_sums import (
    BLOCK,
    count_blocks,
    sort_into_blocks,
    sum_bits,
    sum_blocks,
    sum_delayed_edges,
    sum_edges,
    sum_weighted_edges,
)
from tests.reference import phase_sums as reference

REALS = pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-13), (np.float32, 2e-5)])
SIZES = st.integers(1, 150)
SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.floats(0, 1), max_size=4)


def ranges(n: int, cuts: list[float]) -> list[tuple[int, int]]:
    """Cut 0 ... n - 1 at some fractions of n."""
    ends = sorted({0, n, *(int(cut * n) for cut in cuts)})
    return list(zip(ends[:-1], ends[1:], strict=True))


class Graph:
    """A random graph, with isolated nodes and repeated edges, and random waves of some ticks."""

    def __init__(self, n: int, seed: int, dtype: Any, index: Any = np.uint32, slots: int = 5) -> None:
        rng = np.random.default_rng(seed)
        degrees = rng.integers(0, 12, n)
        self.starts = np.concatenate([[0], np.cumsum(degrees)])
        m = int(self.starts[-1])
        self.sources, self.weights = rng.integers(0, n, m).astype(index), rng.normal(size=m).astype(dtype)
        self.delays, self.ones = rng.integers(0, slots, m).astype(np.uint16), np.ones(m, dtype)
        self.ring = rng.uniform(-1, 1, (slots, n, 2)).astype(dtype)
        self.waves = self.ring[0]
        self.n, self.slots = n, slots

    def sums(self, kernel: Any, *arguments: Any, cuts: list[float] | None = None) -> np.ndarray:
        sums = np.full((self.n, 2), np.nan, self.waves.dtype)
        for first, last in ranges(self.n, cuts or []):
            kernel(self.starts, self.sources, *arguments, sums, first, last)
        return sums


@REALS
@pytest.mark.parametrize("index", [np.uint16, np.uint32, np.int32, np.int64])
@settings(max_examples=10)
@given(SIZES, SEEDS)
def test_edges_equal_the_oracle(dtype: Any, error: float, index: Any, n: int, seed: int) -> None:
    graph = Graph(n, seed, dtype, index)
    plain = reference.sum_edges(graph.starts, graph.sources, graph.ones, graph.waves)
    assert np.abs(graph.sums(sum_edges, graph.waves) - plain).max() < error
    weighted = reference.sum_edges(graph.starts, graph.sources, graph.weights, graph.waves)
    assert np.abs(graph.sums(sum_weighted_edges, graph.weights, graph.waves) - weighted).max() < error


@REALS
@settings(max_examples=15)
@given(SIZES, SEEDS, st.integers(0, 4))
def test_delayed_edges_equal_the_oracle(dtype: Any, error: float, n: int, seed: int, slot: int) -> None:
    graph = Graph(n, seed, dtype)
    history = [graph.ring[(slot - ago) % graph.slots] for ago in range(graph.slots)]
    for weights in (graph.weights, graph.ones[:0]):
        expected = reference.sum_delayed(graph.starts, graph.sources, weights if weights.size else graph.ones, graph.delays, history)
        assert np.abs(graph.sums(sum_delayed_edges, weights, graph.delays, graph.ring, slot) - expected).max() < error


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=15)
@given(SIZES, SEEDS, st.integers(0, 4))
def test_equal_delays_and_weights_of_one_change_no_bit(dtype: Any, n: int, seed: int, slot: int) -> None:
    graph = Graph(n, seed, dtype)
    plain = graph.sums(sum_edges, graph.ring[slot])
    assert np.array_equal(graph.sums(sum_weighted_edges, graph.ones, graph.ring[slot]), plain)
    delays = np.full_like(graph.delays, (3 - slot) % graph.slots)
    for weights in (graph.ones, graph.ones[:0]):
        assert np.array_equal(graph.sums(sum_delayed_edges, weights, delays, graph.ring, 3), plain)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=15)
@given(SIZES, SEEDS, CUTS)
def test_ranges_may_be_cut_anywhere(dtype: Any, n: int, seed: int, cuts: list[float]) -> None:
    graph = Graph(n, seed, dtype)
    for kernel, arguments in (
        (sum_edges, (graph.waves,)),
        (sum_weighted_edges, (graph.weights, graph.waves)),
        (sum_delayed_edges, (graph.weights, graph.delays, graph.ring, 2)),
    ):
        assert np.array_equal(graph.sums(kernel, *arguments, cuts=cuts), graph.sums(kernel, *arguments))


def blocks(graph: Graph, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort the edges of a graph by block."""
    starts = np.full((-(-graph.n // BLOCK), graph.n + 1), -1)
    count_blocks(graph.starts, graph.sources, starts)
    sources, ordered = np.empty(graph.sources.size, np.uint16), np.empty_like(weights)
    sort_into_blocks(graph.starts, graph.sources, weights, starts, sources, ordered)
    return starts, sources, ordered


def block_sums(graph: Graph, weights: np.ndarray, cuts: list[float] | None = None) -> np.ndarray:
    arrays, sums = blocks(graph, weights), np.full((graph.n, 2), np.nan, graph.waves.dtype)
    for first, last in ranges(graph.n, cuts or []):
        sum_blocks(*arrays, graph.waves, sums, first, last)
    return sums


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=15)
@given(SIZES, SEEDS, CUTS)
def test_one_block_changes_no_bit(dtype: Any, n: int, seed: int, cuts: list[float]) -> None:
    graph = Graph(n, seed, dtype)
    assert np.array_equal(block_sums(graph, graph.ones[:0], cuts), graph.sums(sum_edges, graph.waves))
    assert np.array_equal(block_sums(graph, graph.weights, cuts), graph.sums(sum_weighted_edges, graph.weights, graph.waves))


@REALS
def test_several_blocks_equal_the_plain_sums(dtype: Any, error: float) -> None:
    graph = Graph(2 * BLOCK + 77, 5, dtype, slots=1)
    starts, sources, _ = blocks(graph, graph.weights)
    assert starts[0, 0] == 0
    assert starts[-1, -1] == sources.size
    assert np.array_equal(starts[1:, 0], starts[:-1, -1])
    for weights, plain in (
        (graph.ones[:0], graph.sums(sum_edges, graph.waves)),
        (graph.weights, graph.sums(sum_weighted_edges, graph.weights, graph.waves)),
    ):
        sums = block_sums(graph, weights)
        assert np.abs(sums - plain).max() < error
        assert np.array_equal(block_sums(graph, weights, [0.2, 0.7]), sums)


def test_starts_may_be_short_numbers() -> None:
    graph = Graph(40, 1, np.float64)
    long = graph.sums(sum_edges, graph.waves)
    graph.starts = graph.starts.astype(np.int32)
    assert np.array_equal(graph.sums(sum_edges, graph.waves), long)


def test_an_array_with_gaps_is_refused() -> None:
    graph = Graph(20, 1, np.float64)
    with pytest.raises(Exception, match="C-contiguous"):
        graph.sums(sum_edges, np.asfortranarray(graph.waves))


def test_an_isolated_oscillator_has_no_sum() -> None:
    sums = np.full((3, 2), np.nan)
    sum_edges(np.array([0, 0, 1, 1]), np.array([2], np.uint16), np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), sums, 0, 3)
    assert sums.tolist() == [[0, 0], [0.5, 0.6], [0, 0]]


# Dense graphs of 0 and 1.


def packed(matrix: np.ndarray, more: int = 0) -> np.ndarray:
    """Pack rows of 0 and 1 into words, with some more words than needed."""
    wide = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % 64 + 64 * more)))
    return np.packbits(wide, axis=1, bitorder="little").view(np.uint64)


def dense(n: int, seed: int, dtype: Any, share: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random((n, n)) < share, rng.uniform(-1, 1, (n, 2)).astype(dtype)


def bit_sums(rows: np.ndarray, waves: np.ndarray, cuts: list[float] | None = None) -> np.ndarray:
    sums = np.full(waves.shape, np.nan, waves.dtype)
    for first, last in ranges(len(waves), cuts or []):
        sum_bits(rows, waves, sums, first, last)
    return sums


@REALS
@settings(max_examples=20)
@given(SIZES, SEEDS, st.floats(0, 1))
def test_rows_of_bits_equal_the_oracle(dtype: Any, error: float, n: int, seed: int, share: float) -> None:
    matrix, waves = dense(n, seed, dtype, share)
    assert np.abs(bit_sums(packed(matrix), waves) - reference.sum_dense(matrix, waves)).max() < error


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=20)
@given(SIZES, SEEDS, CUTS, st.integers(0, 3))
def test_ranges_of_bits_may_be_cut_anywhere(dtype: Any, n: int, seed: int, cuts: list[float], more: int) -> None:
    matrix, waves = dense(n, seed, dtype)
    assert np.array_equal(bit_sums(packed(matrix, more), waves, cuts), bit_sums(packed(matrix), waves))


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_a_large_dense_graph_equals_the_product(dtype: Any, error: float) -> None:
    matrix, waves = dense(1000, 3, dtype)
    assert np.abs(bit_sums(packed(matrix), waves) - matrix.astype(float) @ waves.astype(float)).max() < error


def test_all_to_all_sums_are_one_number() -> None:
    _, waves = dense(130, 4, np.float64)
    sums = bit_sums(packed(np.ones((130, 130), bool)), waves)
    assert len(np.unique(sums, axis=0)) == 1
    assert np.abs(sums[0] - waves.sum(0)).max() < 1e-13
