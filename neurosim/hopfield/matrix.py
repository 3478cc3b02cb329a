r"""Couplings held as a matrix: any learning rule, with or without self-coupling, symmetric or not.

A network of :math:`N` units with couplings :math:`J_{ij}` (what unit :math:`j` sends to unit :math:`i`) has local fields and energy

.. math:: h_i = \sum_j J_{ij} s_j, \qquad \frac{H}{N} = -\frac{1}{2N} \sum_{ij} s_i J_{ij} s_j .

The matrix takes :math:`4 N^2` bytes: 3.8 MiB for 1,000 units, 37 GiB for 100,000. Hebb's rule alone can do without
(:mod:`neurosim.hopfield.packed`).

**Whole numbers.** Couplings are kept as 32-bit whole numbers times a *unit*. Fields are 64-bit sums of them and have no rounding error, so
the order of additions, the slicing of time and the number of threads do not change a single bit. Where all couplings are whole multiples of
:math:`1/N`, as those of Hebb's rule are, that is the unit and nothing is rounded; fields that are zero are found to be zero. Otherwise the
unit is the power of two that gives the largest coupling 30 bits, and couplings are rounded to it: relative to the largest one, by
:math:`2^{-31}` to :math:`2^{-30}` at most.

**Energy.** Where the couplings are symmetric and have no diagonal, :math:`H` never rises in the asynchronous dynamics at :math:`T = 0`, and
the heat bath samples :math:`e^{-H/T}`. A positive diagonal is an inertia: fields include :math:`J_{ii} s_i`, the energy at :math:`T = 0`
still never rises, but the heat bath no longer obeys detailed balance. Of asymmetric couplings only the symmetric part enters :math:`H`,
which may rise.

Source: J. J. Hopfield, PNAS 79, 2554 (1982). Differs from the paper in: fields may include a self-coupling; couplings have a resolution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.hopfield.couplings import Counts
from neurosim.hopfield.heat import Heat
from neurosim.hopfield.patterns import Words, pack_bits, signs
from neurosim.memory import free_memory

_BITS = 30
_BLOCK = 1 << 16
"""Couplings that are looked at together."""


@dataclass(frozen=True, init=False, eq=False, repr=False)
class CouplingMatrix:
    """Couplings of N units, held as an N x N matrix: 4 N**2 bytes.

    Give it to :class:`DenseHopfield` in place of patterns.

    Parameters
    ----------
    couplings : array_like, shape (n_units, n_units)
        J, finite; ``couplings[i, j]`` is what unit j sends to unit i.
    patterns : array_like, or PackedPatterns, optional
        The patterns that overlaps are measured with: -1 and +1 of shape (n_patterns, n_units).
    unit : float, optional
        What couplings are rounded to whole multiples of. By default 1 / N where nothing is lost by that, else a power of two such that the
        largest coupling has about 30 bits.

    Attributes
    ----------
    columns : ndarray of int32, shape (n_units, n_units)
        ``columns[j, i]`` is J_ij / unit: row j holds what unit j sends.
    totals : ndarray of int64, shape (n_units,)
        Sum of the rows of `columns`.
    unit : float
    words : ndarray of uint64, shape (n_patterns, n_words)
        The patterns, bit-packed.
    symmetric : bool

    Examples
    --------
    Two ferromagnetic units pull a third one along:

    >>> import neurosim as ns
    >>> matrix = CouplingMatrix([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    >>> network = ns.hopfield.DenseHopfield(matrix)
    >>> network.spins(network.recall([1, 1, -1])).tolist(), matrix.symmetric, matrix.nbytes
    ([1, 1, 1], True, 36)
    """

    columns: npt.NDArray[np.int32]
    totals: npt.NDArray[np.int64]
    unit: float
    words: Words
    symmetric: bool

    def __init__(self, couplings: npt.ArrayLike, patterns: Any = None, *, unit: float | None = None) -> None:
        array = _square(couplings)
        refuse_too_large(len(array), 4)
        unit = _best_unit(array) if unit is None else _checked_unit(unit, array)
        columns = np.empty(array.shape, np.int32)
        for rows in _blocks(len(array)):
            columns[rows] = np.rint(array[:, rows].T / unit)
        self._fill(columns, unit, patterns)

    @classmethod
    def of_whole_numbers(cls, columns: npt.NDArray[np.int32], unit: float, patterns: Any = None) -> CouplingMatrix:
        """Use an array of whole numbers as it is, without a copy: ``columns[j, i]`` is J_ij / unit.

        Parameters
        ----------
        columns : ndarray of int32, shape (n_units, n_units)
        unit : float
        patterns : optional
            As for the class.

        Examples
        --------
        >>> CouplingMatrix.of_whole_numbers(np.array([[0, 3], [3, 0]], np.int32), 0.5).couplings.tolist()
        [[0.0, 1.5], [1.5, 0.0]]
        """
        if columns.dtype != np.int32 or not columns.flags.c_contiguous:
            raise TypeError(f"columns must be a C-ordered array of int32, got {columns.dtype}")
        matrix = object.__new__(cls)
        matrix._fill(columns, _checked_unit(unit, _square(columns), unit), patterns)
        return matrix

    def _fill(self, columns: npt.NDArray[np.int32], unit: float, patterns: Any) -> None:
        values = {
            "columns": columns,
            "totals": columns.sum(axis=0, dtype=np.int64),
            "unit": unit,
            "words": _packed(patterns, len(columns)),
            "symmetric": all(np.array_equal(columns[rows], columns[:, rows].T) for rows in _blocks(len(columns))),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"CouplingMatrix({self.n_units} units, {self.n_patterns} patterns, {_size(self.nbytes)})"

    @property
    def n_units(self) -> int:
        """N."""
        return len(self.columns)

    @property
    def n_patterns(self) -> int:
        """K, or 0 where the patterns are not known."""
        return len(self.words)

    @property
    def nbytes(self) -> int:
        """Bytes of the matrix, 4 N**2."""
        return self.columns.nbytes

    @property
    def couplings(self) -> npt.NDArray[np.float64]:
        """J as floating-point numbers, computed: (n_units, n_units), 8 N**2 bytes."""
        refuse_too_large(self.n_units, 8)
        return self.columns.T * np.float64(self.unit)

    def sweeps(
        self,
        spins: Words,
        seeds: npt.NDArray[np.uint64],
        tick: int,
        ticks: int,
        heat: Heat,
        flips: Counts,
        settled_at: Counts,
        first: int,
        last: int,
        /,
    ) -> None:
        """Advance replicas first ... last - 1 by asynchronous sweeps, in place (for the networks of this package)."""
        from neurosim.kernels.couplings import matrix_sweeps

        matrix_sweeps(self.columns, self.totals, spins, seeds, tick, ticks, *heat, flips, settled_at, first, last)

    def steps(
        self,
        spins: Words,
        previous: Words,
        seeds: npt.NDArray[np.uint64],
        tick: int,
        ticks: int,
        heat: Heat,
        flips: Counts,
        settled_at: Counts,
        period: Counts,
        first: int,
        last: int,
        /,
    ) -> None:
        """Advance replicas first ... last - 1 by synchronous steps, in place (for the networks of this package)."""
        from neurosim.kernels.couplings import matrix_steps

        matrix_steps(self.columns, self.totals, spins, previous, seeds, tick, ticks, *heat, flips, settled_at, period, first, last)

    def local_fields(self, spins: Words, /) -> npt.NDArray[np.float64]:
        """Return J s of packed states, shape (replicas, n_units), external fields left out."""
        from neurosim.kernels.couplings import fill_all_fields

        fields = np.empty((len(spins), self.n_units), np.int64)
        fill_all_fields(self.columns, self.totals, spins, fields)
        return fields * np.float64(self.unit)

    def energies(self, spins: Words, /) -> npt.NDArray[np.float64]:
        """Return H / N of packed states, shape (replicas,), the diagonal included, external fields left out."""
        from neurosim.kernels.couplings import work_of_fields

        out = np.empty(len(spins), np.int64)
        work_of_fields(self.columns, self.totals, spins, out)
        return out * np.float64(-self.unit / (2 * self.n_units))


def refuse_too_large(n_units: int, bytes_each: int) -> None:
    """Raise an error that tells the size if a matrix of couplings would not fit into the memory that is free.

    Parameters
    ----------
    n_units : int
    bytes_each : int
        Bytes that each of the couplings takes while the matrix is made.

    Raises
    ------
    MemoryError

    Examples
    --------
    >>> refuse_too_large(1000, 4)
    """
    wanted, free = bytes_each * n_units**2, free_memory()
    if wanted > free:
        error = MemoryError(
            f"the coupling matrix of {n_units:,} units would take {_size(wanted)} ({n_units:,} x {n_units:,} couplings, "
            f"{bytes_each} bytes each); {_size(free)} are free"
        )
        raise with_hint(error, "DenseHopfield(patterns) stores with Hebb's rule and needs no matrix")


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:,.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:,.1f} MiB"


def _blocks(n_units: int) -> Iterator[slice]:
    """Cut the rows of a matrix into ranges that are small enough for the cache."""
    rows = max(1, _BLOCK // n_units)
    return (slice(first, first + rows) for first in range(0, n_units, rows))


def _square(couplings: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return couplings as an array, or say what is wrong with them."""
    array = np.asarray(couplings)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"couplings must be real numbers, got type {array.dtype}")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not len(array):
        raise ValueError(f"couplings must have shape (n_units, n_units) with at least 1 unit, got {array.shape}")
    for rows in _blocks(len(array)):
        wrong = ~np.isfinite(array[rows])
        if wrong.any():
            row, column = (int(index) for index in np.argwhere(wrong)[0])
            raise ValueError(f"couplings must be finite, got {array[rows][row, column]} at [{rows.start + row}, {column}]")
    return array


def _largest(array: npt.NDArray[Any]) -> float:
    return max(abs(float(array.max())), abs(float(array.min())))


def largest_bits(n_units: int) -> int:
    """Return how many bits a coupling may have so that sums over all pairs of units stay below 2**63.

    Examples
    --------
    >>> [largest_bits(n) for n in (100, 65535, 65536)]
    [30, 30, 28]
    """
    return min(_BITS, 62 - 2 * n_units.bit_length())


def _best_unit(array: npt.NDArray[Any]) -> float:
    """Choose 1 / N if no coupling is changed by that, else a power of two."""
    n_units, largest = len(array), _largest(array)
    if largest * n_units <= 2 ** largest_bits(n_units) and all(_is_whole(array[rows] * n_units) for rows in _blocks(n_units)):
        return 1 / n_units
    return 2.0 ** max(math.frexp(largest)[1] - largest_bits(n_units), -1022)


def _is_whole(values: npt.NDArray[Any]) -> bool:
    """Tell whether all values are whole numbers up to the rounding of a few operations."""
    if values.dtype.kind != "f":
        return True
    nearest = np.rint(values)
    return bool((np.abs(values - nearest) <= 8 * np.finfo(values.dtype).eps * np.abs(nearest)).all())


def _checked_unit(unit: float, array: npt.NDArray[Any], scale: float = 1.0) -> float:
    """Return a unit as float if couplings, given in multiples of `scale`, fit into their bits; or say what is wrong with it."""
    if not (math.isfinite(unit) and unit > 0):
        raise ValueError(f"unit must be finite and positive, got {unit!r}")
    largest, bits = _largest(array) * scale, largest_bits(len(array))
    if largest > unit * 2**bits:
        raise ValueError(f"unit must be at least {largest / 2**bits:g} for couplings of up to {largest:g}, got {unit:g}")
    return float(unit)


def _packed(patterns: Any, n_units: int) -> Words:
    """Return patterns, packed, or none; or say why they are no patterns of this network."""
    n_words = -(-n_units // 64)
    if patterns is None:
        return np.empty((0, n_words), np.uint64)
    if hasattr(patterns, "words"):
        if patterns.n_units != n_units:
            raise ValueError(f"patterns must have {n_units} units, as the couplings have, got {patterns.n_units}")
        return patterns.words
    array = signs(patterns, "patterns")
    if array.ndim != 2 or array.shape[1] != n_units:
        raise ValueError(f"patterns must have shape (n_patterns, {n_units}), got {array.shape}")
    return pack_bits(array > 0)
