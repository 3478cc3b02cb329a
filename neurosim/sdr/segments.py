r"""Dendritic segments as coincidence detectors: which of very many small groups of synapses see enough active cells at once.

A segment holds s synapses on cells of a population of n. It is *active* on a code, a set of active cells, if at least :math:`\theta` of its
synapses are on active cells, as an NMDA spike needs 8 to 20 synapses that are close together and active together:

.. math:: c_k = |D_k \cap A|, \qquad k \text{ active} \Leftrightarrow c_k \ge \theta ,

with :math:`D_k` the cells of segment k and A the code. A segment learns a pattern of a cells by sampling :math:`s < a` of them. It then
mistakes a random code for its pattern with a probability that :func:`neurosim.sdr.theory.false_positive` knows and that is tiny as long as
codes are sparse, and it knows its pattern again until more than :math:`s - \theta` of the sampled cells are silent. A segment may hold
samples of several patterns, *mixed*, in one set of synapses.

Counts are found through lists of the segments that each cell has synapses on (:mod:`neurosim.kernels.segments`): the cost is that of the
synapses on active cells, not of all.

Sources: S. Ahmad & J. Hawkins, "How do neurons operate on sparse distributed representations? A mathematical theory of sparsity, neurons
and active dendrites", arXiv:1601.00720 (2016); the abstract and the authors' published program and numbers were read. Differs from the
paper in: segments may differ in their number of synapses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.memory import free_memory
from neurosim.sdr.codes import Code, Codes, checked_size, indices_of, trusted

Array = npt.NDArray[Any]
Counts = npt.NDArray[np.unsignedinteger[Any]]
Synapses = Codes | Sequence[npt.ArrayLike | Code] | Array
CHUNK = 2**20
"""Random numbers that are drawn at a time while patterns are sampled."""


@dataclass(frozen=True, eq=False, repr=False)
class Segments:
    """Segments whose synapses stay as they are.

    Parameters
    ----------
    synapses : array of int, shape (n, s), or sequence of such rows or of Code, or Codes
        The presynaptic cells of each segment, no cell twice on one segment, in any order.
    n_cells : int
        Number of cells that synapses may be on.
    threshold : int
        How many synapses must be on active cells: at least 1, at most the number of synapses of the longest segment.

    Attributes
    ----------
    cells : ndarray of int32, shape (n_synapses,)
        The cells of segment k are ``cells[starts[k]:starts[k + 1]]``.
    starts : ndarray of int64, shape (n + 1,)
    first : ndarray of int64, shape (n_cells + 1,)
        The segments that cell c has a synapse on are ``lists[first[c]:first[c + 1]]``, rising.
    lists : ndarray of uint32, shape (n_synapses,)
    longest : int
        Synapses of the longest segment.

    Raises
    ------
    TypeError, ValueError
        If a cell does not exist or has two synapses on one segment, or the threshold is out of reach.
    MemoryError
        If the lists would not fit.

    References
    ----------
    S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016).

    Examples
    --------
    >>> from neurosim.sdr import Code
    >>> segments = Segments([[0, 1, 2], [2, 3, 9]], 10, threshold=2)
    >>> segments.counts(Code([1, 2, 3], 10))
    array([2, 2], dtype=uint8)
    >>> segments.active(Code([0, 2, 5], 10))
    Code([0], 2)

    A thousand segments, each with half of the cells of one pattern, know their patterns among random codes:

    >>> from neurosim.sdr import random_codes
    >>> rng = np.random.default_rng(0)
    >>> patterns = random_codes(1000, 2048, 40, rng=rng)
    >>> segments = Segments.sampled(patterns, 20, threshold=12, rng=rng)
    >>> segments.active(patterns[7]), int(segments.n_active(random_codes(1000, 2048, 40, rng=rng)).max())
    (Code([7], 1000), 0)
    """

    synapses: InitVar[Synapses]
    n_cells: int
    threshold: int = field(kw_only=True)
    starts: Array = field(init=False)
    cells: Array = field(init=False)
    first: Array = field(init=False)
    lists: Array = field(init=False)
    longest: int = field(init=False)

    def __post_init__(self, synapses: Synapses) -> None:
        n_cells = checked_size("n_cells", self.n_cells)
        starts, cells = _joined(synapses, n_cells)
        _refuse_too_large(len(cells), n_cells)
        self._set("n_cells", n_cells)
        self._set("longest", int(np.diff(starts).max()))
        self._set("threshold", self._checked(self.threshold))
        self._link(starts, cells)

    def _link(self, starts: Array, cells: Array) -> None:
        """Check the synapses, make the lists by cell and keep both."""
        from neurosim.kernels.segments import fill_lists, first_fault

        if (fault := first_fault(starts, cells, np.full(self.n_cells, -1, np.int64))) >= 0:
            segment = int(np.searchsorted(starts, fault, side="right")) - 1
            raise ValueError(f"synapses of a segment must be on different cells, got {cells[fault]} twice on segment {segment}")
        first, lists = np.empty(self.n_cells + 1, np.int64), np.empty(len(cells), np.uint32)
        fill_lists(starts, cells, first, lists)
        for name, array in (("starts", starts), ("cells", cells), ("first", first), ("lists", lists)):
            array.setflags(write=False)
            self._set(name, array)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def sampled(cls, patterns: Codes, synapses: int, *, threshold: int, rng: np.random.Generator, mixed: int = 1) -> Segments:
        """Let each segment learn patterns, by synapses on randomly chosen active cells of theirs.

        Parameters
        ----------
        patterns : Codes
            Segment k learns patterns mixed * k ... mixed * k + mixed - 1.
        synapses : int
            Cells sampled from each pattern; those that two patterns share get one synapse.
        threshold : int
        rng : numpy.random.Generator
        mixed : int
            Patterns that share a segment; divides the number of patterns.

        Returns
        -------
        Segments

        Examples
        --------
        >>> from neurosim.sdr import random_codes
        >>> rng = np.random.default_rng(0)
        >>> Segments.sampled(random_codes(60, 2048, 40, rng=rng), 20, threshold=10, rng=rng, mixed=20)
        Segments(3 segments of 363 to 366 synapses on 2,048 cells, threshold 10)
        """
        mixed = whole("mixed", mixed, 1)
        if len(patterns) % mixed:
            raise ValueError(f"mixed must divide the number of patterns, {len(patterns)}, got {mixed}")
        cells = _samples(patterns, whole("synapses", synapses, 1), rng).reshape(len(patterns) // mixed, -1)
        if mixed == 1:
            return cls(cells, patterns.size, threshold=threshold)
        return cls([np.unique(row) for row in cells], patterns.size, threshold=threshold)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __repr__(self) -> str:
        least, most = int(np.diff(self.starts).min()), self.longest
        synapses = f"{most}" if least == most else f"{least} to {most}"
        return f"Segments({len(self):,} segments of {synapses} synapses on {self.n_cells:,} cells, threshold {self.threshold})"

    # --- observing ------------------------------------------------------------------------------------------------------------

    def counts(self, code: Code | npt.ArrayLike) -> Counts:
        """Count for each segment the synapses on active cells.

        Parameters
        ----------
        code : Code, or array_like of int
            Active cells.

        Returns
        -------
        ndarray of uint8, or of uint16 where a segment has more than 255 synapses, shape (n,)
        """
        return self._count(code)[: len(self)]

    def active(self, code: Code | npt.ArrayLike, *, threshold: int | None = None) -> Code:
        """Return the segments that reach the threshold, or another one, as a code of size n.

        Parameters
        ----------
        code : Code, or array_like of int
            Active cells.
        threshold : int, optional
            In place of the segments' own.

        Returns
        -------
        Code
        """
        from neurosim.kernels.segments import list_reached

        bound = self.threshold if threshold is None else self._checked(threshold)
        counts = self._count(code)
        found = np.empty(len(self), np.int32)
        return trusted(found[: list_reached(counts, counts.dtype.type(bound), found)].copy(), len(self))

    def histogram(self, codes: Codes) -> npt.NDArray[np.int64]:
        """Count for each of many codes how many segments have 0, 1, 2, ... synapses on active cells.

        Parameters
        ----------
        codes : Codes

        Returns
        -------
        ndarray of int64, shape (n_codes, longest + 1)
            ``histogram(codes) @ response`` is what a neuron gets that adds response[c] for each segment with c active synapses.
        """
        from neurosim.kernels.segments import count_histograms

        if not isinstance(codes, Codes):
            raise TypeError(f"codes must be Codes, got {type(codes).__name__}")
        if codes.size != self.n_cells:
            raise ValueError(f"codes must have size {self.n_cells}, got {codes.size}")
        out = np.empty((len(codes), self.longest + 1), np.int64)
        count_histograms(self.first, self.lists, codes.starts, codes.indices, self._counters(), len(self), out)
        return out

    def n_active(self, codes: Codes, *, threshold: int | None = None) -> npt.NDArray[np.int64]:
        """Count for each of many codes the segments that reach the threshold, or another one: shape (n_codes,)."""
        bound = self.threshold if threshold is None else self._checked(threshold)
        return self.histogram(codes)[:, bound:].sum(axis=1)

    def _count(self, code: Code | npt.ArrayLike) -> Counts:
        from neurosim.kernels.segments import count_synapses

        active = np.ascontiguousarray(indices_of("code", code, self.n_cells)).view()
        active.setflags(write=False)  # of one type, whether a Code or an array was given, so that the kernel is compiled once
        counts = self._counters()
        count_synapses(self.first, self.lists, active, counts)
        return counts

    def _checked(self, threshold: int) -> int:
        threshold = whole("threshold", threshold, 1)
        if threshold > self.longest:
            raise ValueError(f"threshold must be at most {self.longest}, the synapses of the longest segment, got {threshold}")
        return threshold

    def _counters(self) -> Counts:
        """Return room for the counts of all segments, and padding."""
        from neurosim.kernels._masks import padded

        return np.empty(padded(len(self)), np.uint8 if self.longest < 2**8 else np.uint16)


def _joined(synapses: Synapses, n_cells: int) -> tuple[Array, Array]:
    """Return starts and cells of segments given in any form."""
    if isinstance(synapses, Codes):
        if synapses.size != n_cells:
            raise ValueError(f"synapses must be codes of size n_cells = {n_cells}, got {synapses.size}")
        return synapses.starts.copy(), synapses.indices.copy()
    if isinstance(synapses, np.ndarray) and synapses.ndim == 2 and synapses.size:
        starts = np.arange(len(synapses) + 1, dtype=np.int64) * synapses.shape[1]
        return starts, _cells(synapses.ravel(), starts, n_cells)
    rows = [row.indices if isinstance(row, Code) else np.asarray(row) for row in synapses]
    if wrong := [row for row in rows if row.ndim != 1]:
        raise TypeError(f"synapses must be a row of cells for each segment, got an array of {wrong[0].ndim} dimensions for one")
    if not sum(row.size for row in rows):
        raise ValueError("synapses must have at least one segment with a synapse, got none")
    starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return starts, _cells(np.concatenate([row for row in rows if row.size]), starts, n_cells)


def _cells(cells: Array, starts: Array, n_cells: int) -> Array:
    """Return cells as int32, or say which does not exist."""
    if cells.dtype.kind not in "iu":
        raise TypeError(f"synapses must be whole numbers of cells, got {cells.dtype}")
    if cells.min() < 0 or cells.max() >= n_cells:
        place = int(np.argmax((cells < 0) | (cells >= n_cells)))
        segment = int(np.searchsorted(starts, place, side="right")) - 1
        raise ValueError(f"synapses must be on cells 0 ... {n_cells - 1}, got {cells[place]} on segment {segment}")
    return cells.astype(np.int32)


def _samples(patterns: Codes, synapses: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Choose active cells of each pattern, (n_patterns, synapses)."""
    lengths = np.diff(patterns.starts)
    if synapses > lengths.min():
        code = int(lengths.argmin())
        raise ValueError(f"synapses must be at most the active cells of each pattern, got {synapses}, pattern {code} has {lengths[code]}")
    rows = max(1, CHUNK // int(lengths.max()))
    parts = [_drawn(lengths[begin : begin + rows], synapses, rng) for begin in range(0, len(lengths), rows)]
    return patterns.indices[patterns.starts[:-1, None] + np.concatenate(parts)]


def _drawn(lengths: npt.NDArray[np.int64], synapses: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw different places for each row, below its length: those of the smallest of as many random numbers."""
    places = np.arange(lengths.max())
    keys = np.where(places < lengths[:, None], rng.random((len(lengths), len(places))), np.inf)
    return np.argpartition(keys, synapses - 1, axis=1)[:, :synapses]


def _refuse_too_large(n_synapses: int, n_cells: int) -> None:
    """Refuse lists that would not fit: four bytes for a synapse, eight for a cell, and as many while they are checked."""
    wanted, free = 4 * n_synapses + 16 * n_cells, free_memory()
    if wanted > free:
        gib = f"{wanted / 2**30:,.2f} GiB while they are made; {free / 2**30:,.2f} GiB are free"
        raise MemoryError(f"lists of {n_synapses:,} synapses on {n_cells:,} cells would take {gib}")
