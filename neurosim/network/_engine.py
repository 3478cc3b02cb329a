"""A network made ready to run on a state, on one thread or several."""

from __future__ import annotations

import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import RunawayActivity, with_hint
from neurosim.network._share import Share, point_ring
from neurosim.threads import get_threads

if TYPE_CHECKING:
    from neurosim.network.network import Network
    from neurosim.network.state import NetworkState

LEAST_WORK = 50_000
"""Units times ticks of a slice, for each thread, below which one thread does it all: meeting would take longer than what is shared."""

_ENGINES: weakref.WeakKeyDictionary[NetworkState, Engine] = weakref.WeakKeyDictionary()


class Engine:
    """The tables of one network and one state.

    Parameters
    ----------
    net : Network
    state : NetworkState
    threads : int
    """

    def __init__(self, net: Network, state: NetworkState, threads: int) -> None:
        from neurosim.kernels.network import RING

        self.net, self.asked, self.seed = net, threads, state.seed
        self._arrays = list(_arrays(state))
        self.slice_ticks, self.window = net.slice_ticks, net.window
        n_units = sum(population.n for population in net.populations.values())
        self.threads = threads if n_units * self.slice_ticks >= LEAST_WORK * threads else 1
        self._pool = ThreadPoolExecutor(max(self.threads - 1, 1), "neurosim")
        self.shares = [Share(net, state, thread, self.threads) for thread in range(self.threads)]
        self._left: list[bytes] = []
        self._refractory = {name: net.refractory_ticks(name) for name in net.populations}
        self._rings = np.zeros(len(net.populations), RING)
        for ring, name in zip(self._rings, net.populations, strict=True):
            point_ring(ring, state.spikes[name].units, state.spikes[name].ends)
        self._parts = np.array([share.rings for share in self.shares]).T.copy()

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
        from neurosim.kernels._wait import empty_meeting

        follows = self.threads > 1 and self._left == self._recent(state)
        for share in self.shares:
            share.begin(state, follows)
        meeting, end = empty_meeting(self.threads), state.tick + ticks
        if self.threads == 1:
            reached = self._run(0, state.tick, end, meeting)
        else:
            going = [self._pool.submit(self._run, thread, state.tick, end, meeting) for thread in range(1, self.threads)]
            reached = self._run(0, state.tick, end, meeting)
            for other in going:
                other.result()
        for share in self.shares:
            share.end(state)
        state.tick = reached
        for buffer in state.spikes.values():
            buffer.tick = reached
        self._left = self._recent(state) if self.threads > 1 else []
        if reached % self.window == 0:
            self._check_rates(state)

    def _recent(self, state: NetworkState) -> list[bytes]:
        """Return who has fired in the refractory time before now, and when, of each population: what rings of threads must agree with."""
        found = []
        for name, buffer in state.spikes.items():
            ticks = np.arange(max(0, state.tick - self._refractory[name]), state.tick + 1)
            ends = buffer.ends[ticks % buffer.ends.size]
            found.append(ticks.tobytes() + ends.tobytes() + buffer.units[np.arange(ends[0], ends[-1]) % buffer.units.size].tobytes())
        return found

    def _run(self, thread: int, begin: int, end: int, meeting: np.ndarray) -> int:
        """Run one thread's share."""
        from neurosim.kernels._wait import system_calls
        from neurosim.kernels.network import run

        share = self.shares[thread]
        tables = share.columns, share.links, share.inputs, self._rings, self._parts, share.like
        return run(*tables, begin, end, self.slice_ticks, self.window, thread, meeting, system_calls())

    def _check_rates(self, state: NetworkState) -> None:
        """Stop where a population fires too much."""
        from neurosim.kernels.network import runaway

        found = runaway(self._rings, self.shares[0].columns, state.tick, self.window)
        if found < 0:
            return
        net, name = self.net, list(self.net.populations)[found]
        ends = state.spikes[name].ends
        spikes = int(ends[state.tick % ends.size] - ends[(state.tick - self.window) % ends.size])
        rate, time = spikes / (net.populations[name].n * self.window * net.dt * 1e-3), state.tick * net.dt
        error = RunawayActivity(f"population {name!r} fires at {rate:.0f} Hz at {time:g} ms, more than max_rate = {net.max_rate:g} Hz")
        raise with_hint(error, "the state stands at that time; look at weights and inputs, or raise max_rate of the network")


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
