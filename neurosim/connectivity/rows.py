"""Synapses held as bits: one row a source, one bit a target. Below 16 units a synapse shorter than any list, and quicker to add up."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.connectivity.synapses import Synapses
from neurosim.connectivity.units import starts, unit_type


@dataclass(frozen=True, eq=False, repr=False)
class BitRows:
    """Synapses without multapses, as bits.

    Parameters
    ----------
    bits : (n_sources + 1, n_words) uint64
        Target j of source i is bit ``j & 63`` of ``bits[i, j >> 6]``; the last row is empty. `n_words` is a multiple of 8.
    n_targets : int
    n_synapses : int

    Examples
    --------
    >>> rows = BitRows.of(Synapses([0, 2, 2, 3], [0, 3, 1], 4))
    >>> [hex(word) for word in rows.bits[:, 0]], rows.synapses() == Synapses([0, 2, 2, 3], [0, 3, 1], 4)
    (['0x9', '0x0', '0x2', '0x0'], True)
    """

    bits: npt.NDArray[np.uint64]
    n_targets: int
    n_synapses: int
    has_multapses = False

    @classmethod
    def of(cls, synapses: Synapses) -> BitRows:
        """Pack synapses, none of which may occur twice."""
        from neurosim.kernels._rows import empty_bits
        from neurosim.kernels.delivery import pack_bits

        bits = empty_bits(synapses.n_sources, synapses.n_targets)
        pack_bits(synapses.offsets, synapses.targets, bits)
        return cls(bits, synapses.n_targets, synapses.n_synapses)

    def __repr__(self) -> str:
        return f"BitRows({self.n_sources:,} sources, {self.n_targets:,} targets, {self.n_synapses:,} synapses)"

    @property
    def n_sources(self) -> int:
        """Number of sources."""
        return len(self.bits) - 1

    @property
    def density(self) -> float:
        """Synapses for each pair of a source and a target."""
        return self.n_synapses / (self.n_sources * self.n_targets)

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self.bits.nbytes

    @functools.cached_property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return self.bits.view(np.uint8)

    def synapses(self) -> Synapses:
        """Return the same synapses as lists, computed anew at each call."""
        rows = [np.flatnonzero(np.unpackbits(row, count=self.n_targets, bitorder="little")) for row in self._bytes[:-1]]
        offsets = starts(np.array([len(row) for row in rows], np.int64))
        return Synapses(offsets, np.concatenate(rows).astype(unit_type(self.n_targets)), self.n_targets)
