r"""Patterns as bits, and Hebb's couplings made of them without a matrix.

With the overlaps :math:`m_\mu = \frac1N \sum_i \xi_i^\mu s_i`, the local fields and the energy of Hebb's rule without self-coupling,
:math:`J_{ij} = \frac1N \sum_\mu \xi_i^\mu \xi_j^\mu` and :math:`J_{ii} = 0`, are

.. math:: h_i = \sum_\mu \xi_i^\mu m_\mu - \alpha s_i, \qquad \frac{H}{N} = -\frac12 \sum_\mu m_\mu^2 + \frac{\alpha}{2}.

:math:`K` patterns of :math:`N` units take :math:`KN / 4` bytes (by pattern and by unit, one bit each); the matrix would take
:math:`4 N^2`. Fields are whole numbers of :math:`1 / N`, so results are exact.

Source: J. J. Hopfield, PNAS 79, 2554 (1982). Differs from the paper in: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.hopfield.heat import Heat
from neurosim.hopfield.patterns import Signs, Words, pack_bits, signs, unpack

Counts = npt.NDArray[np.int64]

_PREFETCH_ABOVE = 256 * 1024
"""Bytes of pattern rows beyond which the next rows are fetched ahead: smaller ones stay in the cache anyway."""


@dataclass(frozen=True, eq=False, repr=False)
class PackedPatterns:
    """Patterns of -1 and +1, one bit each.

    Give them to :class:`DenseHopfield` in place of an array where an array of -1 and +1 would be too large.

    Parameters
    ----------
    words : ndarray of uint64, shape (n_patterns, ceil(n_units / 64))
        Bit-packed as :func:`neurosim.hopfield.pack` does it.
    n_units : int
        At least 1.

    Attributes
    ----------
    rows : ndarray of uint64, shape (n_units, n_row_words)
        The same bits by unit, padded.
    set_bits : ndarray of int32, shape (n_units,)
        Number of patterns in which a unit is +1.

    Examples
    --------
    >>> patterns = PackedPatterns.random(3, 100, rng=np.random.default_rng(0))
    >>> len(patterns), patterns[0].shape, patterns[1:].shape, patterns.words.shape
    (3, (100,), (2, 100), (3, 2))
    """

    words: Words
    n_units: int
    rows: Words = field(init=False)
    set_bits: npt.NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        from neurosim.kernels._bits import padded_words
        from neurosim.kernels.packing import transpose_bits

        words = np.ascontiguousarray(self.words)
        n_units = whole("n_units", self.n_units, 1)
        if words.dtype != np.uint64 or words.ndim != 2 or words.shape[1] != -(-n_units // 64):
            wanted = f"uint64 of shape (n_patterns, {-(-n_units // 64)}) for {n_units} units"
            raise ValueError(f"words must be {wanted}, got {words.dtype} of shape {words.shape}")
        if n_units % 64 and (words[:, -1] >> np.uint64(n_units % 64)).any():
            raise ValueError(f"words must hold 0 beyond unit {n_units - 1}, got other bits there")
        rows = np.empty((n_units, padded_words(max(len(words), 1))), np.uint64)
        transpose_bits(words, rows)
        set_bits = np.bitwise_count(rows).sum(axis=1, dtype=np.int32)
        for name, value in {"words": words, "n_units": n_units, "rows": rows, "set_bits": set_bits}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def pack(cls, patterns: npt.ArrayLike) -> PackedPatterns:
        """Pack patterns of -1 and +1, shape (n_patterns, n_units)."""
        array = signs(patterns, "patterns")
        if array.ndim != 2 or array.shape[1] < 1:
            raise ValueError(f"patterns must have shape (n_patterns, n_units), got {array.shape}")
        return cls(pack_bits(array > 0), array.shape[1])

    @classmethod
    def random(cls, n_patterns: int, n_units: int, *, rng: np.random.Generator) -> PackedPatterns:
        """Draw unbiased random patterns without ever unpacking them.

        Parameters
        ----------
        n_patterns, n_units : int
            At least 0 and 1.
        rng : numpy.random.Generator
            Source of randomness. The patterns differ from those that :func:`neurosim.hopfield.random_patterns` draws with it.
        """
        shape = whole("n_patterns", n_patterns, 0), -(-whole("n_units", n_units, 1) // 64)
        words = rng.integers(0, 2**64, shape, np.uint64)
        if n_units % 64:
            words[:, -1] &= np.uint64(2 ** (n_units % 64) - 1)
        return cls(words, n_units)

    def __repr__(self) -> str:
        return f"PackedPatterns({len(self)} patterns, {self.n_units} units)"

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int | slice) -> Signs:
        """Return one pattern, (n_units,), or several, (n, n_units), as -1 and +1."""
        return unpack(self.words[index], self.n_units)

    @property
    def n_patterns(self) -> int:
        """How many there are."""
        return len(self.words)

    @property
    def unit(self) -> float:
        """What local fields are whole multiples of, 1 / N."""
        return 1 / self.n_units

    def sweeps(
        self, spins: Words, seeds: Words, tick: int, ticks: int, heat: Heat, flips: Counts, settled_at: Counts, first: int, last: int, /
    ) -> None:
        """Advance replicas first ... last - 1 by asynchronous sweeps, in place: see :class:`neurosim.hopfield.couplings.Couplings`."""
        from neurosim.kernels.hopfield import asynchronous_sweeps

        ahead = 4 if self.rows.nbytes > _PREFETCH_ABOVE else 0
        asynchronous_sweeps(
            self.rows, self.set_bits, self.words, spins, self._planes(), seeds, tick, ticks, *heat, flips, settled_at, first, last, ahead
        )

    def steps(
        self, spins: Words, previous: Words, seeds: Words, tick: int, ticks: int, heat: Heat, flips: Counts, settled_at: Counts,
        period: Counts, first: int, last: int, /,
    ) -> None:  # fmt: skip
        """Advance replicas first ... last - 1 by synchronous steps, in place: see :class:`neurosim.hopfield.couplings.Couplings`."""
        from neurosim.kernels.synchronous import synchronous_steps

        synchronous_steps(
            self.rows, self.set_bits, self.words, spins, previous, self._planes(), seeds, tick, ticks, *heat, flips, settled_at, period,
            first, last,
        )  # fmt: skip

    def local_fields(self, spins: Words, /) -> npt.NDArray[np.float64]:
        """Return J s of packed states, shape (replicas, n_units), external fields left out."""
        from neurosim.kernels.synchronous import inputs_of

        inputs = np.empty((len(spins), self.n_units), np.int64)
        inputs_of(self.rows, self.set_bits, self.words, spins, self._planes(), inputs)
        return (inputs - self.n_patterns * unpack(spins, self.n_units).astype(np.int64)) / self.n_units

    def energies(self, spins: Words, /) -> npt.NDArray[np.float64]:
        """Return H / N of packed states, shape (replicas,), external fields left out."""
        from neurosim.kernels.hopfield import energies

        out = np.empty(len(spins))
        energies(self.words, spins, self.n_units, out)
        return out

    def _planes(self) -> Words:
        """Return room for the agreements of one replica with every pattern."""
        from neurosim.kernels._bits import empty_planes

        return empty_planes(self.rows.shape[1], self.n_units)
