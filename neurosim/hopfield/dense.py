r"""The Hopfield network with dense couplings.

**Model.** :math:`N` units :math:`s_i = \pm 1` store :math:`K = \alpha N` patterns :math:`\xi^\mu` through

.. math:: J_{ij} = \frac1N \sum_{\mu=1}^{K} \xi_i^\mu \xi_j^\mu \quad (i \ne j), \qquad J_{ii} = 0,

with energy :math:`H = -\frac12 \sum_{i \ne j} J_{ij} s_i s_j`. At zero temperature a unit takes the sign of its field
:math:`h_i = \sum_j J_{ij} s_j` and keeps its state where the field is zero, so :math:`H` never rises. Units are visited one after the
other; one *tick* is one sweep, in which every unit is visited once in a fresh random order.

**Overlap form.** With the overlaps :math:`m_\mu = \frac1N \sum_i \xi_i^\mu s_i`,

.. math:: h_i = \sum_\mu \xi_i^\mu m_\mu - \alpha s_i, \qquad \frac{H}{N} = -\frac12 \sum_\mu m_\mu^2 + \frac{\alpha}{2},

and the :math:`N \times N` matrix is never needed. All of this is done in integers, so results are exact and the same on any machine.

**Load.** :math:`\alpha = K / N`; the critical load is :math:`\alpha_c = 0.1379` for large :math:`N`
(see :mod:`neurosim.hopfield.theory`).

Sources: J. J. Hopfield, PNAS 79, 2554 (1982); D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985) and Ann. Phys.
173, 30 (1987). Differs from the papers in: each sweep visits every unit once instead of drawing units with replacement.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

import numpy as np
import numpy.typing as npt

from neurosim import noise, threads
from neurosim.hopfield.patterns import Signs, Words, pack_bits, signs, unpack

_PREFETCH_ABOVE = 256 * 1024
"""Bytes of pattern rows beyond which the next rows are fetched ahead: smaller ones stay in the cache anyway."""


@dataclass
class HopfieldState:
    """State of one cue, or of a batch of replicas that share the patterns.

    Attributes
    ----------
    words : ndarray of uint64, shape (n_words,) or (replicas, n_words)
        Units, bit-packed.
    seeds : ndarray of uint64, shape () or (replicas,)
        Seed of each replica's noise.
    flips : ndarray of int64, shape () or (replicas,)
        Units that changed in the last sweep.
    settled_at : ndarray of int64, shape () or (replicas,)
        Tick at the end of the first sweep without a change, -1 before that.
    tick : int
        Sweeps done.
    seed : int
        The seed given to :meth:`DenseHopfield.init`.
    """

    words: Words
    seeds: npt.NDArray[np.uint64]
    flips: npt.NDArray[np.int64]
    settled_at: npt.NDArray[np.int64]
    tick: int
    seed: int

    @property
    def settled(self) -> npt.NDArray[np.bool_]:
        """Which replicas have reached a fixed point, shape () or (replicas,)."""
        return self.settled_at >= 0


@dataclass(frozen=True, eq=False, repr=False)
class DenseHopfield:
    """Classical Hopfield network: Hebb's rule, no self-coupling, zero temperature, asynchronous updates.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n_units)
        What the network stores.

    Attributes
    ----------
    words : ndarray of uint64, shape (n_patterns, n_words)
        The patterns, bit-packed.
    rows : ndarray of uint64, shape (n_units, n_row_words)
        The same bits by unit, padded.
    set_bits : ndarray of int32, shape (n_units,)
        Number of patterns in which a unit is +1.
    n_patterns, n_units : int
    load : float
        n_patterns / n_units.
    dt : float
        1: time is counted in sweeps.

    References
    ----------
    J. J. Hopfield, "Neural networks and physical systems with emergent collective computational abilities", PNAS 79, 2554 (1982).

    Examples
    --------
    >>> import neurosim as ns
    >>> rng = np.random.default_rng(7)
    >>> patterns = ns.hopfield.random_patterns(20, 400, rng=rng)
    >>> memory = ns.hopfield.DenseHopfield(patterns)
    >>> state = memory.recall(ns.hopfield.flip(patterns[0], 0.1, rng=rng))
    >>> float(memory.overlap(state)[0])
    1.0
    """

    patterns: InitVar[npt.ArrayLike]
    words: Words = field(init=False)
    rows: Words = field(init=False)
    set_bits: npt.NDArray[np.int32] = field(init=False)
    n_patterns: int = field(init=False)
    n_units: int = field(init=False)
    dt: float = field(init=False, default=1.0)

    def __post_init__(self, patterns: npt.ArrayLike) -> None:
        from neurosim.kernels._bits import padded_words

        array = signs(patterns, "patterns")
        if array.ndim != 2 or array.shape[1] < 1:
            raise ValueError(f"patterns must have shape (n_patterns, n_units), got {array.shape}")
        up = array > 0
        derived = {
            "words": pack_bits(up),
            "rows": pack_bits(up.T, padded_words(max(len(up), 1))),
            "set_bits": up.sum(axis=0, dtype=np.int32),
            "n_patterns": up.shape[0],
            "n_units": up.shape[1],
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"DenseHopfield({self.n_patterns} patterns, {self.n_units} units)"

    @property
    def load(self) -> float:
        """Patterns per unit."""
        return self.n_patterns / self.n_units

    def init(self, cues: npt.ArrayLike, *, seed: int = 0) -> HopfieldState:
        """Make a state from cues.

        Parameters
        ----------
        cues : array_like of -1 and +1, shape (n_units,) or (replicas, n_units)
            Where the network starts. A single cue gives a state, and observations, without the replica axis.
        seed : int
            Chooses the order of updates. Replica r of a batch moves the same way in any batch that has as many or more replicas.

        Returns
        -------
        HopfieldState
        """
        array = signs(cues, "cues")
        if array.ndim not in (1, 2) or array.shape[-1] != self.n_units:
            raise ValueError(f"cues must have shape ({self.n_units},) or (replicas, {self.n_units}), got {array.shape}")
        batch = array.shape[:-1]
        seed = noise.checked_seed(seed)
        seeds = noise.spawn(seed, batch[0] if batch else 1).reshape(batch)
        return HopfieldState(pack_bits(array > 0), seeds, np.zeros(batch, np.int64), np.full(batch, -1, np.int64), 0, seed)

    def step(self, state: HopfieldState, ticks: int, /) -> None:
        """Advance a state in place by a number of sweeps; a replica that has settled rests."""
        from neurosim.kernels._bits import empty_planes
        from neurosim.kernels.hopfield import asynchronous_sweeps

        spins = self._spins(state)
        seeds, flips, settled_at = state.seeds.reshape(-1), state.flips.reshape(-1), state.settled_at.reshape(-1)
        ahead = 4 if self.rows.nbytes > _PREFETCH_ABOVE else 0
        flips[settled_at >= 0] = 0

        def work(first: int, last: int) -> None:
            planes = empty_planes(self.rows.shape[1], self.n_units)
            asynchronous_sweeps(
                self.rows, self.set_bits, self.words, spins, planes, seeds, state.tick, ticks, flips, settled_at, first, last, ahead
            )

        threads.over_ranges(work, len(spins))
        state.tick += ticks

    def recall(self, cues: npt.ArrayLike, *, seed: int = 0, sweeps: int = 1000) -> HopfieldState:
        """Let cues run until they settle, all in one compiled call.

        Parameters
        ----------
        cues : array_like of -1 and +1, shape (n_units,) or (replicas, n_units)
        seed : int
            Chooses the order of updates.
        sweeps : int
            Give up after so many.

        Returns
        -------
        HopfieldState
            Its `settled` says which replicas reached a fixed point.
        """
        if sweeps < 0:
            raise ValueError(f"sweeps must be at least 0, got {sweeps}")
        state = self.init(cues, seed=seed)
        self.step(state, sweeps)
        return state

    def spins(self, state: HopfieldState) -> Signs:
        """Return the units as -1 and +1: int8, shape (n_units,) or (replicas, n_units)."""
        return unpack(state.words, self.n_units)

    def overlap(self, state: HopfieldState) -> npt.NDArray[np.float64]:
        """Return m, the overlap with each pattern, in -1 ... 1: shape (n_patterns,) or (replicas, n_patterns)."""
        from neurosim.kernels.hopfield import overlaps

        spins = self._spins(state)
        out = np.empty((len(spins), self.n_patterns))
        overlaps(self.words, spins, self.n_units, out)
        return out.reshape(*state.words.shape[:-1], self.n_patterns)

    def energy(self, state: HopfieldState) -> npt.NDArray[np.float64]:
        """Return the energy per unit, H / N, dimensionless: shape () or (replicas,)."""
        from neurosim.kernels.hopfield import energies

        spins = self._spins(state)
        out = np.empty(len(spins))
        energies(self.words, spins, self.n_units, out)
        return out.reshape(state.words.shape[:-1])

    def _spins(self, state: HopfieldState) -> Words:
        """View the packed units with a replica axis, after checking that they belong to a network of this size."""
        n_words = self.words.shape[1]
        if state.words.shape[-1] != n_words:
            raise ValueError(f"state must hold {n_words} words a replica ({self.n_units} units), got {state.words.shape[-1]}")
        return state.words.reshape(-1, n_words)
