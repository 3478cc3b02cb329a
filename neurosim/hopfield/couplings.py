"""What a network asks of its couplings, so that patterns without a matrix and matrices of any rule serve the same dynamics.

States are bit-packed, (replicas, n_words) uint64, as :func:`neurosim.hopfield.pack` packs them.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from neurosim.hopfield.heat import Heat
from neurosim.hopfield.patterns import Words

Counts = npt.NDArray[np.int64]


@runtime_checkable
class Couplings(Protocol):
    """Couplings J of N units, and the patterns they were made from.

    Attributes
    ----------
    n_units : int
    n_patterns : int
        0 where the patterns are not known.
    words : ndarray of uint64, shape (n_patterns, n_words)
        The patterns, bit-packed.
    unit : float
        Local fields are whole multiples of it.
    """

    @property
    def n_units(self) -> int:
        """N."""
        ...

    @property
    def n_patterns(self) -> int:
        """K, or 0."""
        ...

    @property
    def words(self) -> Words:
        """Return the patterns."""
        ...

    @property
    def unit(self) -> float:
        """Return what local fields are whole multiples of."""
        ...

    def sweeps(
        self, spins: Words, seeds: Words, tick: int, ticks: int, heat: Heat, flips: Counts, settled_at: Counts, first: int, last: int, /
    ) -> None:
        """Advance replicas first ... last - 1 by asynchronous sweeps, in place.

        A replica at temperature 0 whose sweep flips nothing gets its `settled_at` and rests.
        """
        ...

    def steps(
        self, spins: Words, previous: Words, seeds: Words, tick: int, ticks: int, heat: Heat, flips: Counts, settled_at: Counts,
        period: Counts, first: int, last: int, /,
    ) -> None:  # fmt: skip
        """Advance replicas first ... last - 1 by synchronous steps, in place; `previous` is the state one step earlier.

        A replica at temperature 0 that repeats its last state (period 1) or the one before (period 2) has settled.
        """
        ...

    def local_fields(self, spins: Words, /) -> npt.NDArray[np.float64]:
        """Return J s, shape (replicas, n_units), without external fields."""
        ...

    def energies(self, spins: Words, /) -> npt.NDArray[np.float64]:
        """Return -1/2 s J s / N, shape (replicas,), without external fields."""
        ...
