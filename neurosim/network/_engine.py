"""A network made ready to run on a state, on one thread or several."""

from __future__ import annotations

import weakref
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import RunawayActivity, with_hint
from neurosim.network._share import Share, point_ring, share_borders
from neurosim.threads import get_threads

if TYPE_CHECKING:
    from neurosim.network.network import Network
    from neurosim.network.state import NetworkState
    from neurosim.spikes import SpikeBuffer

LEAST_WORK = 50_000
"""Units times ticks of a slice, for each thread, below which one thread does it all: meeting would take longer than what is shared."""

PIECE = 64
"""Slices between two looks at how long the threads worked."""
UNEVEN, LEAST_LOSS, CUTS = 1.04, 1_000_000, 3
"""Work is shared anew when a thread has worked longer than the mean by this factor, and by these nanoseconds and times of sharing."""
ENOUGH, MEMORY = 20_000_000, 200_000_000
"""Nanoseconds of work after which it is worth remembering for the next state of the network, and after which it is forgotten."""
SYNAPSES = 32
"""Incoming synapses that are guessed to take as long as a unit itself."""

_ENGINES: weakref.WeakKeyDictionary[NetworkState, Engine] = weakref.WeakKeyDictionary()
_COSTS: weakref.WeakKeyDictionary[Network, dict[int, np.ndarray]] = weakref.WeakKeyDictionary()


class Engine:
    """The tables of one network and one state.

    Parameters
    ----------
    net : Network
    state : NetworkState
    threads : int
    """

    def __init__(self, net: Network, state: NetworkState, threads: int) -> None:
        from neurosim.kernels._wait import empty_progress, no_orders, system_calls, system_clock
        from neurosim.kernels.network import RING

        self.net, self.asked, self.seed = net, threads, state.seed
        self._arrays = list(_arrays(state))
        self._sizes = {name: population.n for name, population in net.populations.items()}
        self.threads = threads = threads if sum(self._sizes.values()) * net.slice_ticks >= LEAST_WORK * threads else 1
        self.shares = [Share(net, state, thread, threads) for thread in range(threads)]
        self._rings = np.zeros(len(self._sizes), RING)
        for ring, name in zip(self._rings, self._sizes, strict=True):
            point_ring(ring, state.spikes[name].units, state.spikes[name].ends)
        self._fires = np.array([share.fires for share in self.shares]).T.copy()
        self._slice_ticks = (
            net.slice_ticks if threads == 1 else min(self._longest_slice(name, buffer) for name, buffer in state.spikes.items())
        )
        self._window = net.window
        self._pool = ThreadPoolExecutor(max(threads - 1, 1), "neurosim")
        self._system, self._clock = system_calls(), system_clock()
        self._progress, self._orders = empty_progress(threads), no_orders(threads)
        self._spent = np.zeros((threads, len(self._sizes)), np.int64)
        self._piece, self._remember_after = PIECE * net.slice_ticks, ENOUGH
        self._borders: dict[str, np.ndarray] = {}
        costs = _COSTS.get(net, {}).get(threads)
        self._cut(np.tile([_guess(net, name) for name in self._sizes], (threads, 1)) if costs is None else costs)
        self._tables = [self._table(thread) for thread in range(threads)]

    @classmethod
    def of(cls, net: Network, state: NetworkState) -> Engine:
        """Return the engine of a network and a state, made anew where the state's arrays or its seed are others than before."""
        engine, threads = _ENGINES.get(state), get_threads()
        if engine is None or engine.net is not net or engine.asked != threads or not engine.fits(state):
            engine = _ENGINES[state] = cls(net, state, threads)
        return engine

    def fits(self, state: NetworkState) -> bool:
        """Tell whether the state still has the seed and the arrays that the tables were made of."""
        arrays = list(_arrays(state))
        return (
            self.seed == state.seed and len(arrays) == len(self._arrays) and all(a is b for a, b in zip(arrays, self._arrays, strict=True))
        )

    def run(self, state: NetworkState, ticks: int) -> None:
        """Advance the state by a slice."""
        end = state.tick + ticks
        while state.tick < end:
            piece = end if self.threads == 1 else min(end, state.tick + self._piece)
            reached = self._run_all(state.tick, piece)
            state.tick = reached
            for buffer in state.spikes.values():
                buffer.tick = reached
            if reached % self._window == 0:
                self._check_rates(state)
            if self.threads > 1:
                self._weigh()

    def _run_all(self, begin: int, end: int) -> int:
        """Run all shares up to a tick; return the tick reached."""
        from neurosim.kernels._wait import give, rest
        from neurosim.kernels.network import run, run_share, serve

        if self.threads == 1:
            share = self.shares[0]
            tables = share.columns, share.links, share.inputs, self._rings, share.like
            return run(*tables, begin, end, self._slice_ticks, self._window)
        for share in self.shares:
            share.begin()
        rest(self._orders, self._system)
        self._orders[1:4] = begin, end, self._progress[0]
        for thread in range(1, self.threads):
            if not give(self._orders, thread):
                self._pool.submit(serve, *self._tables[thread])
        reached = run_share(*self._tables[0])
        rest(self._orders, self._system)  # what others still write to may be gone after this
        return reached

    def _table(self, thread: int) -> tuple[Any, ...]:
        """Return what one thread's loop takes."""
        share = self.shares[thread]
        tables = share.columns, share.links, share.inputs, self._rings, share.fired, self._fires, share.like
        waiting = thread, self._progress, self._system, self._clock, self._spent[thread], self._orders
        return *tables, self._slice_ticks, self._window, share.reach, *waiting

    def _longest_slice(self, name: str, buffer: SpikeBuffer) -> int:
        """Return how long slices may be such that a thread's ring surely holds two: others may lag by one, and read the one before."""
        refractory = self.net.refractory_ticks(name)
        room = buffer.reach // 2 if buffer.reach >= 2 * refractory else buffer.reach - refractory
        return max(1, min(self.net.slice_ticks, room))

    def _cut(self, costs: np.ndarray) -> bool:
        """Share the units among the threads, given what one takes, (threads, n_populations); tell whether anything has changed."""
        borders = dict(zip(self._sizes, share_borders(list(self._sizes.values()), costs), strict=True))
        begin = perf_counter_ns()
        if self._borders and all((borders[name] == self._borders[name]).all() for name in borders):
            return False
        self._borders = borders
        places: dict[tuple[str, int], np.ndarray] = {}
        for share in self.shares:
            share.cut(borders, places)
        self._cut_takes = perf_counter_ns() - begin
        return True

    def _weigh(self) -> None:
        """Share the work anew where it is uneven and one thread has made the others wait for some times as long as that takes."""
        loads = [sum(own) for own in self._spent.tolist()]
        mean, longest = sum(loads) / self.threads, max(loads)
        if mean > self._remember_after:
            _COSTS.setdefault(self.net, {})[self.threads] = self._costs()
            self._remember_after = 2 * mean
        if longest > UNEVEN * mean and longest - mean > LEAST_LOSS + CUTS * self._cut_takes:
            self._cut(self._costs())
        elif mean < MEMORY:
            return
        self._spent[...] = 0

    def _costs(self) -> np.ndarray:
        """Return what a unit took, (threads, n_populations); a thread without units of a population is taken to be like others."""
        units = np.array([np.diff(borders) for borders in self._borders.values()]).T
        costs = np.where(units > 0, self._spent / np.maximum(units, 1), np.nan)
        return np.where(units > 0, costs, np.nanmean(costs, axis=0))

    def _check_rates(self, state: NetworkState) -> None:
        """Stop where a population fires too much."""
        from neurosim.kernels.network import runaway

        found = runaway(self._rings, self.shares[0].columns, state.tick, self._window)
        if found < 0:
            return
        net, name = self.net, list(self.net.populations)[found]
        ends = state.spikes[name].ends
        spikes = int(ends[state.tick % ends.size] - ends[(state.tick - self._window) % ends.size])
        rate, time = spikes / (net.populations[name].n * self._window * net.dt * 1e-3), state.tick * net.dt
        error = RunawayActivity(f"population {name!r} fires at {rate:.0f} Hz at {time:g} ms, more than max_rate = {net.max_rate:g} Hz")
        raise with_hint(error, "the state stands at that time; look at weights and inputs, or raise max_rate of the network")


def _guess(net: Network, population: str) -> float:
    """Return what a unit is guessed to take, before anything was measured."""
    synapses = sum(p.synapses.n_synapses for p in net.projections.values() if p.target == population)
    return 1 + synapses / net.populations[population].n / SYNAPSES


def _arrays(state: NetworkState) -> Any:
    """Yield the arrays of a state that tables point to."""
    for units in state.units.values():
        yield units.values
    for buffer in state.spikes.values():
        yield buffer.units
        yield buffer.ends
    for learning in state.learning.values():
        yield from (learning.weights, learning.marks, learning.pre, learning.post, learning.history)
    yield from state.arriving.values()
    yield from state.memory.values()
