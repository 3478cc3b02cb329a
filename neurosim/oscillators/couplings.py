r"""Who is coupled to whom: what an oscillator receives from the others.

With strengths :math:`A_{ij}` of the edges :math:`j \to i`, the force on an oscillator is

.. math:: \sum_j A_{ij} \sin(\theta_j - \theta_i - \alpha) = S_i \cos(\theta_i + \alpha) - C_i \sin(\theta_i + \alpha), \qquad
   S_i = \sum_j A_{ij} \sin \theta_j, \quad C_i = \sum_j A_{ij} \cos \theta_j .

So sine and cosine are taken once for each oscillator, not once for each edge, and the sums are a product with a matrix, or less:

- :class:`MeanField`: all with all, :math:`A_{ij} = 1/N`; the sums are the same for all.
- :class:`Populations`: mean fields of several populations.
- :class:`SparseGraph`: a list of edges for each target, one number or one each for the strength, one or no delay for each.
- :class:`DenseGraph`: a matrix; of zeros and ones, one bit for each pair.
- :class:`HebbianGraph`: :math:`A_{ij} = \frac1N \sum_\mu \xi_i^\mu \xi_j^\mu`, never written out.

Strengths are taken as they are given. Where the field divides by the number of neighbours, divide the rows.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neurosim import threads
from neurosim.checks import whole
from neurosim.errors import with_hint

Array = npt.NDArray[Any]
LONG_ROWS = 30
"""Edges of a target, in the mean, from which on sorting by blocks of sources pays."""


class Coupling(Protocol):
    """What the model expects of a coupling.

    Attributes
    ----------
    n : int
        Oscillators.
    strengths : ndarray of float64, shape (n,) or (1,)
        Sum of the absolute strengths of the edges that come in: of each oscillator, or the same for all.
    rate : float
        Bound of the rates at which phases relax, for a coupling of 1.
    """

    @property
    def n(self) -> int:
        """Oscillators."""
        ...

    @property
    def strengths(self) -> Array:
        """Sum of absolute strengths coming in."""
        ...

    @property
    def rate(self) -> float:
        """Bound of the rates of relaxation."""
        ...

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write S_i and C_i into out (n, 2), from waves (n, 2), sine and cosine of each oscillator."""
        ...


class MeanField:
    """All with all, strength 1 / n, each with itself too.

    Examples
    --------
    >>> sums = np.empty((2, 2))
    >>> MeanField(2).sums(np.array([[0.0, 1.0], [1.0, 0.0]]), sums)
    >>> sums.tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(self, n: int) -> None:
        self.n = whole("n", n, 1)
        self.strengths, self.rate = np.ones(1), 1.0

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write the mean of the waves into every row."""
        out[...] = waves.mean(axis=0, dtype=np.float64)


class Populations:
    """Several populations, each acting through its mean field.

    Parameters
    ----------
    sizes : sequence of int, length p
        Oscillators of each population; they are numbered through.
    strengths : array_like, shape (p, p)
        ``strengths[a, b]`` times the order parameter of population b acts on each oscillator of a.

    Examples
    --------
    >>> chimera = Populations([3, 3], [[0.6, 0.4], [0.4, 0.6]])
    >>> chimera.n, chimera.labels.tolist()
    (6, [0, 0, 0, 1, 1, 1])
    """

    def __init__(self, sizes: Sequence[int], strengths: npt.ArrayLike) -> None:
        self.sizes = [whole("sizes", size, 1) for size in sizes]
        self.between = _finite("strengths", strengths)
        if self.between.shape != (len(self.sizes),) * 2:
            raise ValueError(f"strengths must have shape {(len(self.sizes),) * 2}, one number for each pair, got {self.between.shape}")
        self.n = sum(self.sizes)
        self.labels = np.repeat(np.arange(len(self.sizes)), self.sizes)
        self.strengths = np.abs(self.between).sum(axis=1)[self.labels]
        self.rate = float(self.strengths.max())
        self._starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write what the mean fields of all populations come to."""
        means = np.add.reduceat(waves, self._starts, axis=0, dtype=np.float64) / np.array(self.sizes)[:, None]
        out[...] = (self.between @ means)[self.labels]


class SparseGraph:
    """A graph as a list of edges for each target.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array, networkx graph, or array_like, shape (n, n)
        ``matrix[i, j]`` is the strength of the edge j -> i. Of a networkx graph, the attribute `weight` of the edge from j to i, or 1.

    Attributes
    ----------
    starts : ndarray of int64, shape (n + 1,)
    sources : ndarray of uint16 or uint32, shape (n_edges,)
        Row i's edges are starts[i] ... starts[i + 1] - 1, sources ascending.
    weights : ndarray of float64, shape (n_edges,) or (1,)
        One number if all are equal.

    Examples
    --------
    >>> ring = SparseGraph(np.roll(np.eye(4), 1, axis=0) + np.roll(np.eye(4), -1, axis=0))
    >>> ring.n, ring.n_edges, ring.weights.tolist(), ring.sources.tolist()
    (4, 8, [1.0], [1, 3, 0, 2, 1, 3, 0, 2])
    """

    def __init__(self, matrix: Any) -> None:
        rows = _rows_of(matrix)
        self.n, self.n_edges = rows.shape[0], int(rows.nnz)
        self.starts = rows.indptr.astype(np.int64)
        self.sources = rows.indices.astype(np.uint16 if self.n <= 1 << 16 else np.uint32)
        data = rows.data.astype(np.float64)
        same = data.size == 0 or bool((data == data[0]).all())
        self.weights = (data[:1] if data.size else np.ones(1)) if same else data
        absolute = np.concatenate([[0.0], np.cumsum(np.abs(data))])
        self.strengths = np.diff(absolute[self.starts])
        self.rate = 2 * float(self.strengths.max())
        self._sorted: dict[str, tuple[Array, Array, Array]] = {}

    @property
    def targets(self) -> Array:
        """Target of each edge, (n_edges,) int64."""
        return np.repeat(np.arange(self.n), np.diff(self.starts))

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write the sums over the edges of each target."""
        from neurosim.kernels import phase_sums

        weights = self.weights.astype(waves.dtype, copy=False)
        each = weights if weights.size > 1 else weights[:0]
        parts: Any = self._blocks(waves.dtype) if self.in_blocks else None

        def work(first: int, last: int) -> None:
            if parts is not None:
                phase_sums.sum_blocks(parts[0], parts[1], parts[2], waves, out, first, last)
            elif each.size:
                phase_sums.sum_weighted_edges(self.starts, self.sources, each, waves, out, first, last)
            else:
                phase_sums.sum_edges(self.starts, self.sources, waves, out, first, last)
            if weights.size == 1 and weights[0] != 1:
                out[first:last] *= weights[0]

        threads.over_ranges(work, self.n)

    @property
    def in_blocks(self) -> bool:
        """Whether edges are sorted by blocks of sources: where waves do not fit into a processor's own cache and rows are long."""
        from neurosim.kernels.phase_sums import BLOCK

        return self.n > BLOCK and self.n_edges >= LONG_ROWS * self.n

    def _blocks(self, real: Any) -> tuple[Array, Array, Array]:
        """Return borders of rows, sources and weights, edges sorted by blocks of sources; made when first needed."""
        from neurosim.kernels.phase_sums import BLOCK, count_blocks, sort_into_blocks

        key = np.dtype(real).name
        if key not in self._sorted:
            borders = np.empty((-(-self.n // BLOCK), self.n + 1), np.int64)
            weights = self.weights.astype(real) if self.weights.size > 1 else np.empty(0, real)
            sources, ordered = np.empty(self.n_edges, np.uint16), np.empty_like(weights)
            count_blocks(self.starts, self.sources, borders)
            sort_into_blocks(self.starts, self.sources, weights, borders, sources, ordered)
            self._sorted[key] = borders, sources, ordered
        return self._sorted[key]


class DelayedGraph:
    """A sparse graph each of whose edges has a delay of its own, in ticks.

    Parameters
    ----------
    graph : SparseGraph
    delays : array_like of int, shape (n_edges,)
        In ticks, at least 1, in the order of the graph's edges.

    Examples
    --------
    >>> pair = DelayedGraph(SparseGraph([[0.0, 1.0], [1.0, 0.0]]), [1, 3])
    >>> pair.longest
    3
    """

    def __init__(self, graph: SparseGraph, delays: npt.ArrayLike) -> None:
        ticks = np.asarray(delays)
        if ticks.shape != (graph.n_edges,):
            raise ValueError(f"delay must be one number, or one for each of {graph.n_edges} edges, got shape {ticks.shape}")
        self.graph, self.delays, self.n = graph, ticks.astype(np.uint16), graph.n
        self.strengths, self.rate, self.longest = graph.strengths, graph.rate, int(ticks.max(initial=1))
        self._weights = np.broadcast_to(graph.weights, graph.n_edges).copy()

    def sums(self, ring: Array, slot: int, out: Array, /) -> None:
        """Write the sums over edges at the tick whose waves stand, or would stand, in a slot of the ring (n_slots, n, 2)."""
        from neurosim.kernels.phase_sums import sum_delayed_edges

        graph, weights = self.graph, self._weights.astype(ring.dtype, copy=False)

        def work(first: int, last: int) -> None:
            sum_delayed_edges(graph.starts, graph.sources, weights, self.delays, ring, slot, out, first, last)

        threads.over_ranges(work, self.n)


class DenseGraph:
    """A graph as a full matrix.

    Parameters
    ----------
    matrix : array_like, shape (n, n)
        ``matrix[i, j]`` is the strength of the edge j -> i. If all are 0 or one other number, a bit is kept for each.

    Examples
    --------
    >>> DenseGraph([[0, 2], [2, 0]]).strengths
    array([2., 2.])
    """

    def __init__(self, matrix: npt.ArrayLike) -> None:
        array = _square(_finite("graph", matrix))
        self.n = len(array)
        self.strengths = np.abs(array).sum(axis=1)
        self.rate = 2 * float(self.strengths.max())
        levels = np.unique(array[array != 0])
        self.weight = float(levels[0]) if levels.size == 1 else None
        self.rows = _packed(array != 0) if self.weight is not None else array

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write the product of the matrix and the waves."""
        if self.weight is None:
            np.matmul(self.rows.astype(waves.dtype, copy=False), waves, out=out)
            return
        from neurosim.kernels.phase_sums import sum_bits

        threads.over_ranges(lambda first, last: sum_bits(self.rows, waves, out, first, last), self.n)
        if self.weight != 1:
            out *= out.dtype.type(self.weight)


class HebbianGraph:
    r"""Hebbian couplings :math:`A_{ij} = \frac1N \sum_\mu \xi_i^\mu \xi_j^\mu`, :math:`i \ne j`, in the form of overlaps.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n)

    Examples
    --------
    >>> graph, sums = HebbianGraph([[1, -1, 1, 1]]), np.empty((4, 2))
    >>> graph.sums(np.array([[0.0, 1.0], [0.0, -1.0], [0.0, 1.0], [0.0, 1.0]]), sums)
    >>> sums[:, 1].tolist()
    [0.75, -0.75, 0.75, 0.75]
    """

    def __init__(self, patterns: npt.ArrayLike) -> None:
        array = np.asarray(patterns)
        if array.ndim != 2 or array.size == 0 or not np.isin(array, (-1, 1)).all():
            raise ValueError(f"patterns must hold -1 and +1 in shape (n_patterns, n), got {array.dtype} of shape {array.shape}")
        self.patterns = array.astype(np.float64)
        self.n_patterns, self.n = array.shape
        self._single = self.patterns.astype(np.float32)

    @property
    def rate(self) -> float:
        """Bound of the rates of relaxation: the largest eigenvalue of independent patterns' couplings, and what an oscillator receives."""
        return (1.0 + np.sqrt(self.n_patterns / self.n)) ** 2 + 1.0

    @functools.cached_property
    def strengths(self) -> Array:
        """Sum of absolute strengths coming in, (n,)."""
        rows = np.array_split(np.arange(self.n), max(1, self.n // 256))
        products = (self.patterns[:, part].T @ self.patterns for part in rows)
        return (np.concatenate([np.abs(product).sum(axis=1) for product in products]) - self.n_patterns) / self.n

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write the patterns weighted with their overlaps, self-coupling taken out."""
        patterns = self._single if waves.dtype == np.float32 else self.patterns
        np.matmul(patterns.T, (patterns @ waves) / self.n, out=out)
        out -= waves * waves.dtype.type(self.n_patterns / self.n)


def as_coupling(graph: Any, n: int) -> Coupling:
    """Return the coupling that an argument `graph` describes, for n oscillators.

    Raises
    ------
    TypeError, ValueError
        If it is nothing of that kind, not square, not finite, or of another size.

    Examples
    --------
    >>> as_coupling(None, 3).n, type(as_coupling([[0, 1], [1, 0]], 2)).__name__
    (3, 'DenseGraph')
    """
    coupling = MeanField(n) if graph is None else graph if callable(getattr(graph, "sums", None)) else _coupling_of(graph)
    if coupling.n != n:
        raise ValueError(f"graph must have {n} oscillators, one for each frequency, got {coupling.n}")
    return coupling


def _coupling_of(graph: Any) -> Coupling:
    from scipy import sparse

    if sparse.issparse(graph) or _is_networkx(graph):
        return SparseGraph(graph)
    return DenseGraph(graph)


def _is_networkx(graph: Any) -> bool:
    """Tell a networkx graph without importing networkx: whoever has one has imported it."""
    networkx = sys.modules.get("networkx")
    return networkx is not None and isinstance(graph, networkx.Graph)


def _rows_of(matrix: Any) -> Any:
    """Return a matrix as scipy's compressed rows: finite, sorted, without zeros, equal pairs added up."""
    from scipy import sparse

    if _is_networkx(matrix):
        matrix = sys.modules["networkx"].to_scipy_sparse_array(matrix, dtype=float, format="csr").T
    if not sparse.issparse(matrix):
        matrix = _square(_finite("graph", matrix))
    rows = sparse.csr_array(matrix, copy=True)
    _square(rows)
    rows.sum_duplicates()
    _finite("graph", rows.data)
    rows.eliminate_zeros()
    return rows


def _finite(name: str, values: Any) -> Array:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise TypeError(f"{name} must be numbers: an array, a scipy.sparse matrix or a networkx graph, got {kind}") from None
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)]
        raise ValueError(f"{name} must be finite, got {bad.size} numbers that are not, the first {bad.flat[0]}")
    return array


def _square(matrix: Any) -> Any:
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        error = ValueError(f"graph must be square, (n, n), got shape {tuple(matrix.shape)}")
        raise with_hint(error, "graph[i, j] is the strength of the edge from j to i")
    return matrix


def _packed(pairs: Array) -> Array:
    """Return rows of bits, (n, n_words) uint64, bit j & 63 of word j >> 6 for column j."""
    n = len(pairs)
    padded = np.zeros((n, -(-n // 64) * 64), bool)
    padded[:, :n] = pairs
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
