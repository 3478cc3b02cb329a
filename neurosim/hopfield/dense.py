r"""The Hopfield network with dense couplings, at any temperature.

**Model.** :math:`N` units :math:`s_i = \pm 1` store :math:`K = \alpha N` patterns :math:`\xi^\mu` through

.. math:: J_{ij} = \frac1N \sum_{\mu=1}^{K} \xi_i^\mu \xi_j^\mu \quad (i \ne j), \qquad J_{ii} = 0,

with energy :math:`H = -\frac12 \sum_{i \ne j} J_{ij} s_i s_j - \sum_i \theta_i s_i` and external fields :math:`\theta_i`. Units are visited
one after the other; one *tick* is one sweep, in which every unit is visited once in a fresh random order.

**Zero temperature.** A unit takes the sign of its local field :math:`h_i = \sum_j J_{ij} s_j + \theta_i` and keeps its state where that is
zero, so :math:`H` never rises, and the network settles in a fixed point.

**Finite temperature.** A unit becomes :math:`+1` with probability :math:`1 / (1 + e^{-2 h_i / T})` whatever it was before (Glauber
dynamics, heat bath). Single visits obey detailed balance with :math:`e^{-H/T}`, so sweeps leave that distribution unchanged.

**Overlap form.** Hebb's couplings need no matrix: fields follow from the overlaps :math:`m_\mu = \frac1N \sum_i \xi_i^\mu s_i`
(see :mod:`neurosim.hopfield.packed`), and all of it is done in integers, so results are exact and the same on any machine. Other
learning rules hold their matrix (:mod:`neurosim.hopfield.rules`) and run on the same network.

**Load.** :math:`\alpha = K / N`; the critical load is :math:`\alpha_c = 0.1379` for large :math:`N` at zero temperature
(see :mod:`neurosim.hopfield.theory`).

Sources: J. J. Hopfield, PNAS 79, 2554 (1982); R. J. Glauber, J. Math. Phys. 4, 294 (1963); D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys.
Rev. Lett. 55, 1530 (1985) and Ann. Phys. 173, 30 (1987). Differs from the papers in: each sweep visits every unit once instead of drawing
units with replacement.
"""

from __future__ import annotations

import functools
from dataclasses import InitVar, dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neurosim import noise, threads
from neurosim.checks import whole
from neurosim.hopfield import heat
from neurosim.hopfield.couplings import Couplings
from neurosim.hopfield.packed import PackedPatterns
from neurosim.hopfield.patterns import Signs, Words, pack_bits, signs, unpack


class PackedState(Protocol):
    """A state of any of the dynamics: what overlaps and energies are read from."""

    @property
    def words(self) -> Words:
        """Units, bit-packed, (n_words,) or (replicas, n_words)."""
        ...


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
        Tick at the end of the first sweep without a change, -1 before that; at a temperature above 0 always -1.
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
    """Hopfield network with asynchronous updates.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n_units), or Couplings
        What the network stores with Hebb's rule and no self-coupling, without a matrix: an array, or :class:`PackedPatterns`. Or the
        couplings of another learning rule, such as ``ns.hopfield.pseudo_inverse(patterns)``, which hold a matrix.
    temperature : float
        T, at least 0, in the unit of the couplings: Hebb's rule orders below T = 1.
    fields : array_like, shape (n_units,), optional
        External fields, in the unit of the temperature.

    Attributes
    ----------
    couplings : Couplings
    fields : ndarray of float64, shape (n_units,), or (0,) where there are none
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

    At a temperature the overlap fluctuates about its mean:

    >>> warm = memory.at(0.4)
    >>> bool(0.9 < warm.overlap(warm.recall(patterns[0], sweeps=50))[0] < 1)
    True
    """

    patterns: InitVar[npt.ArrayLike | Couplings]
    temperature: float = field(default=0.0, kw_only=True)
    fields: Any = field(default=None, kw_only=True)
    couplings: Couplings = field(init=False)
    dt: float = field(init=False, default=1.0)

    def __post_init__(self, patterns: npt.ArrayLike | Couplings) -> None:
        couplings = patterns if isinstance(patterns, Couplings) else PackedPatterns.pack(patterns)
        object.__setattr__(self, "couplings", couplings)
        object.__setattr__(self, "temperature", heat.checked_temperature(self.temperature))
        object.__setattr__(self, "fields", heat.checked_fields(self.fields, couplings.n_units))

    def __repr__(self) -> str:
        warm = f", temperature {self.temperature:g}" if self.temperature else ""
        return f"DenseHopfield({self.n_patterns} patterns, {self.n_units} units{warm}{', external fields' if self.fields.size else ''})"

    @property
    def n_patterns(self) -> int:
        """Patterns stored, K."""
        return self.couplings.n_patterns

    @property
    def n_units(self) -> int:
        """Units, N."""
        return self.couplings.n_units

    @property
    def load(self) -> float:
        """Patterns per unit."""
        return self.n_patterns / self.n_units

    def at(self, temperature: float) -> DenseHopfield:
        """Return the same network, couplings shared, at another temperature."""
        return DenseHopfield(self.couplings, temperature=temperature, fields=self.fields if self.fields.size else None)

    def init(self, cues: npt.ArrayLike, *, seed: int = 0) -> HopfieldState:
        """Make a state from cues.

        Parameters
        ----------
        cues : array_like of -1 and +1, shape (n_units,) or (replicas, n_units)
            Where the network starts. A single cue gives a state, and observations, without the replica axis.
        seed : int
            Chooses the order of updates and the thermal noise. Replica r of a batch moves the same way in any batch that has as many or
            more replicas.

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
        spins = self.packed(state)
        seeds, flips, settled_at = state.seeds.reshape(-1), state.flips.reshape(-1), state.settled_at.reshape(-1)
        flips[settled_at >= 0] = 0
        bath = self.bath(len(spins))

        def work(first: int, last: int) -> None:
            self.couplings.sweeps(spins, seeds, state.tick, ticks, bath, flips, settled_at, first, last)

        threads.over_ranges(work, len(spins))
        state.tick += ticks

    def recall(self, cues: npt.ArrayLike, *, seed: int = 0, sweeps: int = 1000) -> HopfieldState:
        """Let cues run until they settle, all in one compiled call; at a temperature above 0, run the given number of sweeps.

        Parameters
        ----------
        cues : array_like of -1 and +1, shape (n_units,) or (replicas, n_units)
        seed : int
            Chooses the order of updates and the thermal noise.
        sweeps : int
            Give up after so many.

        Returns
        -------
        HopfieldState
            Its `settled` says which replicas reached a fixed point.
        """
        state = self.init(cues, seed=seed)
        self.step(state, whole("sweeps", sweeps, 0))
        return state

    def spins(self, state: PackedState) -> Signs:
        """Return the units as -1 and +1: int8, shape (n_units,) or (replicas, n_units)."""
        return unpack(state.words, self.n_units)

    def overlap(self, state: PackedState) -> npt.NDArray[np.float64]:
        """Return m, the overlap with each pattern, in -1 ... 1: shape (n_patterns,) or (replicas, n_patterns)."""
        from neurosim.kernels.hopfield import overlaps

        spins = self.packed(state)
        out = np.empty((len(spins), self.n_patterns))
        overlaps(self.couplings.words, spins, self.n_units, out)
        return out.reshape(*state.words.shape[:-1], self.n_patterns)

    def energy(self, state: PackedState) -> npt.NDArray[np.float64]:
        """Return the energy per unit, H / N, external fields included: shape () or (replicas,)."""
        energies = self.couplings.energies(self.packed(state)).reshape(state.words.shape[:-1])
        return energies - self.spins(state) @ self.fields / self.n_units if self.fields.size else energies

    def packed(self, state: PackedState) -> Words:
        """View the packed units of a state with a replica axis, after checking that they belong to a network of this size."""
        n_words = -(-self.n_units // 64)
        if state.words.shape[-1] != n_words:
            raise ValueError(f"state must hold {n_words} words a replica ({self.n_units} units), got {state.words.shape[-1]}")
        return state.words.reshape(-1, n_words)

    def bath(self, replicas: int) -> heat.Heat:
        """Return the external fields and the temperature of so many replicas, as kernels take them."""
        return heat.Heat(heat.in_units(self.fields, self.couplings.unit), *self._thresholds, np.zeros(replicas, np.int32))

    @functools.cached_property
    def _thresholds(self) -> tuple[heat.Array, heat.Array]:
        return heat.thresholds([self.temperature], self.couplings.unit)
