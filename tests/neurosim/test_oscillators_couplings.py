"""Couplings of oscillators against the product with their matrix; bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import neurosim as ns
from neurosim import oscillators as osc
from neurosim.oscillators.couplings import Coupling, DelayedGraph, as_coupling


def waves_of(rng: np.random.Generator, n: int, real: str = "float64") -> np.ndarray:
    theta = rng.uniform(0, 2 * np.pi, n)
    return np.stack([np.sin(theta), np.cos(theta)], axis=1).astype(real)


def sums_of(coupling: Coupling, waves: np.ndarray) -> np.ndarray:
    out = np.full_like(waves, np.nan)
    coupling.sums(waves, out)
    return out


def drawn(rng: np.random.Generator, n: int, density: float) -> np.ndarray:
    return np.where(rng.random((n, n)) < density, rng.normal(size=(n, n)), 0.0)


MATRICES = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(1, 150), st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.sampled_from(["float64", "float32"])
)


@given(MATRICES, st.booleans())
def test_sparse_and_dense_graphs_are_their_matrix(drawing: tuple[int, int, float, str], equal: bool) -> None:
    seed, n, density, real = drawing
    rng = np.random.default_rng(seed)
    matrix, waves = drawn(rng, n, density), waves_of(rng, n, real)
    matrix = np.where(matrix != 0, 0.7, 0.0) if equal else matrix
    wanted, near = matrix @ waves.astype(float), 1e-12 if real == "float64" else 2e-5
    for graph in (osc.SparseGraph(sparse.csr_array(matrix)), osc.SparseGraph(matrix), osc.DenseGraph(matrix)):
        assert sums_of(graph, waves) == pytest.approx(wanted, abs=near * max(1, np.abs(matrix).sum(axis=1).max()))
        assert graph.strengths == pytest.approx(np.abs(matrix).sum(axis=1))


def test_the_mean_field_is_the_mean(rng: np.random.Generator) -> None:
    waves = waves_of(rng, 1001)
    assert sums_of(osc.MeanField(1001), waves) == pytest.approx(np.tile(waves.mean(axis=0), (1001, 1)), abs=1e-14)


def test_populations_are_a_matrix_of_blocks(rng: np.random.Generator) -> None:
    sizes, between = [3, 5, 2], rng.normal(size=(3, 3))
    labels, waves = np.repeat(np.arange(3), sizes), waves_of(rng, 10)
    matrix = (between / sizes)[labels][:, labels]
    graph = osc.Populations(sizes, between)
    assert sums_of(graph, waves) == pytest.approx(matrix @ waves, abs=1e-14)
    assert graph.labels.tolist() == labels.tolist()
    assert graph.strengths == pytest.approx(np.abs(between).sum(axis=1)[labels])


def test_hebbian_couplings_are_their_matrix(rng: np.random.Generator) -> None:
    patterns, waves = rng.choice([-1, 1], (7, 300)), waves_of(rng, 300)
    matrix = patterns.T @ patterns / 300.0
    np.fill_diagonal(matrix, 0.0)
    graph = osc.HebbianGraph(patterns)
    assert sums_of(graph, waves) == pytest.approx(matrix @ waves, abs=1e-13)
    assert graph.strengths == pytest.approx(np.abs(matrix).sum(axis=1))
    assert graph.rate >= np.linalg.eigvalsh(matrix).max()


def test_delayed_edges_take_waves_of_their_own_time(rng: np.random.Generator) -> None:
    matrix = drawn(rng, 20, 0.3)
    graph = osc.SparseGraph(matrix)
    delays = rng.integers(1, 5, graph.n_edges)
    ring, tick = rng.normal(size=(5, 20, 2)), 7
    late = DelayedGraph(graph, delays)
    out = np.empty((20, 2))
    late.sums(ring, tick % 5, out)
    wanted = np.zeros((20, 2))
    for target, source, delay in zip(graph.targets, graph.sources, delays, strict=True):
        wanted[target] += matrix[target, source] * ring[(tick - delay) % 5, source]
    assert out == pytest.approx(wanted, abs=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
def test_large_graphs_with_long_rows_are_summed_in_blocks(
    weighted: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurosim.oscillators.couplings.LONG_ROWS", 3)
    n = 40_000
    matrix = sparse.random_array((n, n), density=5 / n, format="csr", rng=rng)
    if not weighted:
        matrix.data[:] = 0.25
    graph, waves = osc.SparseGraph(matrix), waves_of(rng, n)
    assert graph.in_blocks
    assert sums_of(graph, waves) == pytest.approx(matrix @ waves, abs=1e-12)


def test_threads_do_not_change_sums(rng: np.random.Generator, two_threads: Any) -> None:
    matrix, waves = drawn(rng, 500, 0.1), waves_of(rng, 500)
    graphs = [osc.SparseGraph(matrix), osc.SparseGraph(matrix != 0), osc.DenseGraph(matrix != 0)]
    before = [sums_of(graph, waves) for graph in graphs]
    two_threads()
    assert all(np.array_equal(sums_of(graph, waves), sums) for graph, sums in zip(graphs, before, strict=True))


def test_a_networkx_graph_is_its_matrix() -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(3))
    graph.add_edge(0, 1, weight=2.0)
    graph.add_edge(2, 1)
    found = as_coupling(graph, 3)
    assert isinstance(found, osc.SparseGraph)
    assert found.starts.tolist() == [0, 0, 2, 2]
    assert found.weights.tolist() == [2.0, 1.0]
    star = as_coupling(networkx.star_graph(4), 5)
    assert star.strengths.tolist() == [4, 1, 1, 1, 1]


def test_kinds_of_graphs_are_told_apart() -> None:
    assert isinstance(as_coupling(None, 4), osc.MeanField)
    assert isinstance(as_coupling(np.ones((4, 4)), 4), osc.DenseGraph)
    assert isinstance(as_coupling(sparse.eye_array(4), 4), osc.SparseGraph)
    graph = osc.MeanField(4)
    assert as_coupling(graph, 4) is graph


@pytest.mark.parametrize(
    ("graph", "kind", "message"),
    [
        (np.ones((3, 4)), ValueError, r"graph must be square, \(n, n\), got shape \(3, 4\)"),
        (sparse.csr_array((2, 3)), ValueError, r"graph must be square, \(n, n\), got shape \(2, 3\)"),
        ([[0, np.nan], [1, 0]], ValueError, "graph must be finite, got 1 numbers that are not, the first nan"),
        (sparse.csr_array([[0, np.inf], [1, 0]]), ValueError, "graph must be finite, got 1 numbers that are not, the first inf"),
        (np.ones((3, 3)), ValueError, "graph must have 2 oscillators, one for each frequency, got 3"),
        ("ring", TypeError, "graph must be numbers: an array, a scipy.sparse matrix or a networkx graph, got str"),
        (np.ones(4), ValueError, r"graph must be square, \(n, n\), got shape \(4,\)"),
    ],
)
def test_bad_graphs_are_refused(graph: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        ns.Kuramoto(np.zeros(2), graph=graph)


def test_bad_parts_of_graphs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"patterns must hold -1 and \+1 in shape \(n_patterns, n\)"):
        osc.HebbianGraph([[1, 0]])
    with pytest.raises(ValueError, match=r"strengths must have shape \(2, 2\), one number for each pair, got \(3, 3\)"):
        osc.Populations([2, 2], np.ones((3, 3)))
    with pytest.raises(ValueError, match="sizes must be at least 1, got 0"):
        osc.Populations([2, 0], np.ones((2, 2)))
