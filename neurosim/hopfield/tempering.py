r"""Parallel tempering: replicas of one network at many temperatures that exchange places, so that cold ones do not stay trapped.

Each replica runs Glauber dynamics at its temperature. Every few sweeps neighbouring temperatures :math:`T_a < T_b` try to exchange their
replicas, which succeeds with probability

.. math:: \min\left\{1, \exp\left[\left(\tfrac1{T_a} - \tfrac1{T_b}\right)(H_a - H_b)\right]\right\},

even pairs and odd pairs in turn. That leaves the product of the Boltzmann distributions unchanged, so that what is recorded at one
temperature is an average at that temperature.

Source: K. Hukushima & K. Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996). Differs from the paper in: sweeps visit every unit once, in random
order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurosim import noise, threads
from neurosim.checks import whole
from neurosim.hopfield.dense import DenseHopfield
from neurosim.hopfield.heat import Heat, checked_temperature, thresholds
from neurosim.hopfield.patterns import Words


@dataclass
class TemperingState:
    """State of the replicas, one for each temperature.

    Attributes
    ----------
    words : ndarray of uint64, shape (replicas, n_words)
        Units, bit-packed.
    seeds : ndarray of uint64, shape (replicas,)
        Seed of each replica's noise.
    flips, settled_at : ndarray of int64, shape (replicas,)
        Units that changed in the last sweep; always -1.
    rungs : ndarray of int32, shape (replicas,)
        Place of each replica's temperature in the ladder.
    attempts, exchanges : ndarray of int64, shape (replicas - 1,)
        Exchanges tried and made between a temperature and the next higher one.
    tick : int
        Sweeps done.
    seed : int
        The seed given to :meth:`Tempering.init`.
    """

    words: Words
    seeds: npt.NDArray[np.uint64]
    flips: npt.NDArray[np.int64]
    settled_at: npt.NDArray[np.int64]
    rungs: npt.NDArray[np.int32]
    attempts: npt.NDArray[np.int64]
    exchanges: npt.NDArray[np.int64]
    tick: int
    seed: int


@dataclass(frozen=True, eq=False)
class Tempering:
    """Parallel tempering of a Hopfield network.

    Overlaps, energy and spins of its states are read with the methods of the memory, by replica; :meth:`by_temperature` sorts them.

    Parameters
    ----------
    memory : DenseHopfield
        Couplings and external fields; its own temperature is not used.
    temperatures : array_like, shape (n,)
        Above 0 and rising, at least two.
    every : int
        Sweeps between exchanges.

    Attributes
    ----------
    dt : float
        1: time is counted in sweeps.

    References
    ----------
    K. Hukushima & K. Nemoto, "Exchange Monte Carlo method and application to spin glass simulations", J. Phys. Soc. Jpn. 65, 1604 (1996).

    Examples
    --------
    >>> from neurosim.hopfield import random_patterns
    >>> rng = np.random.default_rng(1)
    >>> memory = DenseHopfield(random_patterns(10, 100, rng=rng))
    >>> ladder = Tempering(memory, np.linspace(0.2, 1.4, 7))
    >>> state = ladder.init(random_patterns(7, 100, rng=rng), seed=3)
    >>> ladder.step(state, 50)
    >>> energy = ladder.by_temperature(state, memory.energy(state))
    >>> bool(energy[0] < energy[-1])
    True
    """

    memory: DenseHopfield
    temperatures: npt.NDArray[np.float64]
    every: int = 1
    dt: float = field(init=False, default=1.0)

    def __post_init__(self) -> None:
        if not isinstance(self.memory, DenseHopfield):
            raise TypeError(f"memory must be a DenseHopfield, got {type(self.memory).__name__}")
        ladder = np.array(self.temperatures, float)
        if ladder.ndim != 1 or len(ladder) < 2:
            raise ValueError(f"temperatures must have shape (n,) with n at least 2, got {ladder.shape}")
        for place, value in enumerate(ladder.tolist()):
            checked_temperature(value, f"temperatures[{place}]")
        if ladder[0] <= 0 or (np.diff(ladder) <= 0).any():
            raise ValueError(f"temperatures must be above 0 and rise, got {ladder.tolist()}")
        object.__setattr__(self, "temperatures", ladder)
        object.__setattr__(self, "every", whole("every", self.every, 1))

    def init(self, cues: npt.ArrayLike, *, seed: int = 0) -> TemperingState:
        """Make a state from cues, shape (n_temperatures, n_units); the first one starts at the lowest temperature."""
        n = len(self.temperatures)
        start = self.memory.init(cues, seed=seed)
        if start.words.ndim != 2 or len(start.words) != n:
            raise ValueError(f"cues must have shape ({n}, {self.memory.n_units}), one for each temperature, got {np.shape(cues)}")
        none = np.zeros(n - 1, np.int64)
        rungs = np.arange(n, dtype=np.int32)
        return TemperingState(start.words, start.seeds, start.flips, start.settled_at, rungs, none, none.copy(), 0, start.seed)

    def step(self, state: TemperingState, ticks: int, /) -> None:
        """Advance a state in place by a number of sweeps, with the exchanges that fall due."""
        spins, end = self.memory.packed(state), state.tick + ticks
        bias = self.memory.bath(0).bias
        table = thresholds(self.temperatures, self.memory.couplings.unit)
        while state.tick < end:
            sweeps = min(self.every - state.tick % self.every, end - state.tick)
            bath = Heat(bias, *table, state.rungs)

            def work(first: int, last: int, sweeps: int = sweeps, bath: Heat = bath) -> None:
                self.memory.couplings.sweeps(
                    spins, state.seeds, state.tick, sweeps, bath, state.flips, state.settled_at, first, last
                )  # fmt: skip

            threads.over_ranges(work, len(spins))
            state.tick += sweeps
            if state.tick % self.every == 0:
                self._exchange(state)

    def by_temperature(self, state: TemperingState, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Sort values, shape (replicas, ...), by the temperature that each replica has, the lowest first."""
        return values[np.argsort(state.rungs)]

    def _exchange(self, state: TemperingState) -> None:
        """Try to exchange every other pair of neighbouring temperatures."""
        from neurosim.kernels.glauber import EXCHANGE_STREAM

        turn = state.tick // self.every
        holder = np.argsort(state.rungs)
        energy = self.memory.energy(state)[holder] * self.memory.n_units
        gain = -np.diff(1 / self.temperatures) * -np.diff(energy)
        draw = noise.uniform(state.seed, state.tick, int(EXCHANGE_STREAM), len(gain))
        for lower in range(turn % 2, len(gain), 2):
            accepted = np.log(draw[lower]) < gain[lower]
            state.attempts[lower] += 1
            state.exchanges[lower] += accepted
            if accepted:
                state.rungs[holder[lower]], state.rungs[holder[lower + 1]] = lower + 1, lower
