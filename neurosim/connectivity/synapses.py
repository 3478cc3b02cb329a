"""Synapses held by source, and looked at by target.

The synapses of source i are row i: neighbours in memory, targets ascending. Delivering a spike reads one row from beginning to end. Targets
are kept as 16-bit numbers wherever they fit, without a sign.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.connectivity.units import (
    Offsets,
    Positions,
    Units,
    check_range,
    counts,
    first_step_below,
    population,
    stable_order,
    starts,
    unit_type,
    whole_numbers,
)

if TYPE_CHECKING:
    import scipy.sparse


class ByTarget(NamedTuple):
    """The same synapses, grouped by target: those onto target j are ``offsets[j]`` ... ``offsets[j + 1] - 1``, sources ascending.

    `sources` says where each comes from, `order` which one it is in the order by source: ``weights[order]`` are their weights.
    """

    offsets: Offsets
    sources: Units
    order: Positions


@dataclass(frozen=True, eq=False, repr=False)
class Synapses:
    """Synapses by source, in rows (CSR): those of source i are ``targets[offsets[i]:offsets[i + 1]]``.

    Two are equal if their arrays are. Arrays of the types named below are kept without a copy.

    Parameters
    ----------
    offsets : array_like of int, shape (n_sources + 1,)
        From 0 to n_synapses, never falling. Kept as int64.
    targets : array_like of int, shape (n_synapses,)
        In 0 ... n_targets - 1, never falling within a row. Kept as uint16 for up to 65,536 targets, else uint32.
    n_targets : int
        At least 1.

    Examples
    --------
    >>> synapses = Synapses([0, 2, 2, 3], [0, 3, 1], 4)
    >>> synapses
    Synapses(3 sources, 4 targets, 3 synapses)
    >>> synapses.row(0).tolist(), synapses.out_degrees.tolist(), synapses.in_degrees.tolist()
    ([0, 3], [2, 0, 1], [1, 1, 0, 1])
    """

    offsets: Offsets
    targets: Units
    n_targets: int

    def __post_init__(self) -> None:
        n_targets = population("n_targets", self.n_targets)
        offsets, targets = whole_numbers("offsets", self.offsets), whole_numbers("targets", self.targets)
        _check_offsets(offsets, len(targets))
        check_range("targets", targets, n_targets)
        offsets, targets = np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(targets, unit_type(n_targets))
        if (wrong := first_step_below(offsets, targets, 0)) is not None:
            raise ValueError(f"targets must not fall within a row, got {targets[wrong]} after {targets[wrong - 1]} at position {wrong}")
        for name, value in {"offsets": offsets, "targets": targets, "n_targets": n_targets}.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Synapses({self.n_sources:,} sources, {self.n_targets:,} targets, {self.n_synapses:,} synapses)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Synapses):
            return NotImplemented
        return (
            self.n_targets == other.n_targets
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.targets, other.targets)
        )

    @property
    def n_sources(self) -> int:
        """Number of sources."""
        return len(self.offsets) - 1

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return len(self.targets)

    @property
    def out_degrees(self) -> Offsets:
        """Number of synapses that begin at each source, (n_sources,)."""
        return np.diff(self.offsets)

    @property
    def in_degrees(self) -> Offsets:
        """Number of synapses that end at each target, (n_targets,)."""
        return counts(self.targets, self.n_targets)

    @property
    def density(self) -> float:
        """Synapses for each pair of a source and a target."""
        return self.n_synapses / (self.n_sources * self.n_targets)

    @property
    def has_multapses(self) -> bool:
        """Whether a pair of units has more than one synapse."""
        return first_step_below(self.offsets, self.targets, 1) is not None

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays: 2 or 4 a synapse, and 8 a source."""
        return self.offsets.nbytes + self.targets.nbytes

    def row(self, source: int) -> Units:
        """Return the targets of one source, a view."""
        number = operator.index(source)
        if not 0 <= number < self.n_sources:
            raise IndexError(f"source must lie in 0 ... {self.n_sources - 1}, got {number}")
        return self.targets[self.offsets[number] : self.offsets[number + 1]]

    def pairs(self) -> tuple[Units, Units]:
        """Return source and target of each synapse, two arrays (n_synapses,): what :func:`from_arrays` takes.

        Examples
        --------
        >>> [units.tolist() for units in Synapses([0, 2, 3], [0, 1, 0], 2).pairs()]
        [[0, 0, 1], [0, 1, 0]]
        """
        return np.repeat(np.arange(self.n_sources, dtype=unit_type(self.n_sources)), self.out_degrees), self.targets

    def by_target(self) -> ByTarget:
        """Group the synapses by target; computed anew at each call.

        Examples
        --------
        >>> Synapses([0, 2, 3], [0, 1, 0], 2).by_target().order.tolist()
        [0, 2, 1]
        """
        from neurosim.kernels.connectivity import transpose_rows

        sources = np.empty(self.n_synapses, unit_type(self.n_sources))
        offsets = starts(self.in_degrees)
        transpose_rows(self.offsets, self.targets, offsets[:-1].copy(), sources)
        return ByTarget(offsets, sources, stable_order(self.targets, offsets))

    def to_scipy(self, weights: npt.ArrayLike | None = None) -> scipy.sparse.csr_array:
        """Return a sparse matrix of shape (n_sources, n_targets): the weights, or the number of synapses of each pair.

        Parameters
        ----------
        weights : array_like, shape (n_synapses,), optional
            In the order of the synapses; those of a multapse are added up.

        Examples
        --------
        >>> Synapses([0, 2, 3], [0, 1, 0], 2).to_scipy([0.5, 2.0, 1.5]).toarray().tolist()
        [[0.5, 2.0], [1.5, 0.0]]
        """
        import scipy.sparse

        data = np.ones(self.n_synapses) if weights is None else np.array(weights)
        if data.shape != self.targets.shape:
            raise ValueError(f"weights must have shape {self.targets.shape}, one for each synapse, got {data.shape}")
        wide = max(self.n_synapses, self.n_targets) >= 2**31
        matrix = scipy.sparse.csr_array(
            (data, self.targets.astype(np.int64 if wide else np.int32), self.offsets.copy()), shape=(self.n_sources, self.n_targets)
        )
        matrix.sum_duplicates()
        return matrix


def _check_offsets(offsets: npt.NDArray[np.integer], n_synapses: int) -> None:
    """Refuse offsets that do not cut the synapses into rows."""
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != n_synapses:
        ends = f"{offsets[0]} ... {offsets[-1]}" if len(offsets) else "none"
        raise ValueError(f"offsets must be n_sources + 1 numbers (at least 2) from 0 to {n_synapses}, got {len(offsets)}: {ends}")
    if (falls := np.flatnonzero(offsets[1:] < offsets[:-1])).size:
        raise ValueError(f"offsets must never fall, got {offsets[falls[0] + 1]} after {offsets[falls[0]]} at position {falls[0] + 1}")
