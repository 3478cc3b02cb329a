r"""All units at once: the synchronous, or parallel, dynamics of a Hopfield network.

At every tick each unit takes the sign of the field that it saw at the tick before, or at a temperature a random state with the heat-bath
probabilities of :mod:`neurosim.hopfield.dense`. With symmetric couplings and zero temperature the function

.. math:: L(t) = -\frac1N \sum_{ij} s_i(t)\, J_{ij}\, s_j(t-1) - \frac1N \sum_i \theta_i \left[ s_i(t) + s_i(t-1) \right]

never rises, so the network ends in a fixed point or in a cycle of two states. Single steps do not obey detailed balance with
:math:`e^{-H/T}`: the stationary distribution of symmetric couplings is that of P. Peretto's Hamiltonian.

Sources: W. A. Little, Math. Biosci. 19, 101 (1974); E. Goles, F. Fogelman & D. Pellegrin, Discrete Appl. Math. 12, 261 (1985); P. Peretto,
Biol. Cybern. 50, 51 (1984). Differs from the papers in: a zero field keeps the state, where Little's model would draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurosim import threads
from neurosim.checks import whole
from neurosim.hopfield.dense import DenseHopfield
from neurosim.hopfield.patterns import Words


@dataclass
class SynchronousState:
    """State of one cue, or of a batch of replicas.

    Attributes
    ----------
    words, previous : ndarray of uint64, shape (n_words,) or (replicas, n_words)
        Units now and one tick before, bit-packed.
    seeds : ndarray of uint64, shape () or (replicas,)
        Seed of each replica's noise.
    flips : ndarray of int64, shape () or (replicas,)
        Units that changed in the last step.
    settled_at : ndarray of int64, shape () or (replicas,)
        Tick of the first state that had been seen before, -1 before that; at a temperature above 0 always -1.
    period : ndarray of int64, shape () or (replicas,)
        1 for a fixed point, 2 for a cycle of two states, 0 before settling.
    tick : int
        Steps done.
    seed : int
        The seed given to :meth:`SynchronousHopfield.init`.
    """

    words: Words
    previous: Words
    seeds: npt.NDArray[np.uint64]
    flips: npt.NDArray[np.int64]
    settled_at: npt.NDArray[np.int64]
    period: npt.NDArray[np.int64]
    tick: int
    seed: int

    @property
    def settled(self) -> npt.NDArray[np.bool_]:
        """Which replicas have reached a fixed point or a two-cycle, shape () or (replicas,)."""
        return self.settled_at >= 0


@dataclass(frozen=True, eq=False)
class SynchronousHopfield:
    """A Hopfield network whose units all turn at once.

    Overlaps, energy and spins of its states are read with the methods of the memory.

    Parameters
    ----------
    memory : DenseHopfield
        Couplings, temperature and external fields.

    Attributes
    ----------
    dt : float
        1: time is counted in steps.

    References
    ----------
    W. A. Little, "The existence of persistent states in the brain", Math. Biosci. 19, 101 (1974).

    Examples
    --------
    Two units that attract each other, started with opposite states, exchange them for ever:

    >>> memory = DenseHopfield([[1, 1]])
    >>> state = SynchronousHopfield(memory).recall([1, -1], steps=7)
    >>> memory.spins(state).tolist(), int(state.period), int(state.settled_at)
    ([-1, 1], 2, 2)
    """

    memory: DenseHopfield
    dt: float = field(init=False, default=1.0)

    def __post_init__(self) -> None:
        if not isinstance(self.memory, DenseHopfield):
            raise TypeError(f"memory must be a DenseHopfield, got {type(self.memory).__name__}")

    def init(self, cues: npt.ArrayLike, *, seed: int = 0) -> SynchronousState:
        """Make a state from cues, shape (n_units,) or (replicas, n_units), as :meth:`DenseHopfield.init` does."""
        start = self.memory.init(cues, seed=seed)
        period = np.zeros_like(start.flips)
        return SynchronousState(start.words, start.words.copy(), start.seeds, start.flips, start.settled_at, period, 0, start.seed)

    def step(self, state: SynchronousState, ticks: int, /) -> None:
        """Advance a state in place by a number of steps; a replica in a two-cycle goes on alternating."""
        spins = self.memory.packed(state)
        previous = state.previous.reshape(spins.shape)
        flips, settled_at, period = state.flips.reshape(-1), state.settled_at.reshape(-1), state.period.reshape(-1)
        seeds, bath = state.seeds.reshape(-1), self.memory.bath(len(spins))

        def work(first: int, last: int) -> None:
            self.memory.couplings.steps(
                spins, previous, seeds, state.tick, ticks, bath, flips, settled_at, period, first, last
            )  # fmt: skip

        threads.over_ranges(work, len(spins))
        end = state.tick + ticks
        left = end - np.maximum(settled_at, state.tick)
        swapped = (period == 2) & (left % 2 == 1)
        spins[swapped], previous[swapped] = previous[swapped], spins[swapped]
        still = (period == 1) & (settled_at < end)
        previous[still] = spins[still]
        flips[still] = 0
        state.tick = end

    def recall(self, cues: npt.ArrayLike, *, seed: int = 0, steps: int = 1000) -> SynchronousState:
        """Let cues run until they settle, all in one compiled call; at a temperature above 0, run the given number of steps.

        Parameters
        ----------
        cues : array_like of -1 and +1, shape (n_units,) or (replicas, n_units)
        seed : int
            Chooses the thermal noise.
        steps : int
            Give up after so many.

        Returns
        -------
        SynchronousState
            Its `period` says whether a replica ended in a fixed point (1), a two-cycle (2) or not yet (0).
        """
        state = self.init(cues, seed=seed)
        self.step(state, whole("steps", steps, 0))
        return state
