"""What one thread works on: a range of the units of each population, in tables of addresses for the compiled loop."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.network.parts import BLOCK
from neurosim.network.state import aligned

if TYPE_CHECKING:
    from neurosim.network.network import Network
    from neurosim.network.state import NetworkState

NAME_STREAM = 2**32 - 2
"""The stream that seeds of parts are drawn from."""


class Share:
    """The tables of one thread.

    Parameters
    ----------
    net : Network
    state : NetworkState
    thread, threads : int
    """

    def __init__(self, net: Network, state: NetworkState, thread: int, threads: int) -> None:
        from neurosim.kernels.network import COLUMN, INPUT, LINK, RING

        self._net, self._thread, self._threads = net, thread, threads
        self.like = np.zeros(0, net.dtype)  # each thread counts references to an array of its own
        self._keep: list[np.ndarray] = []
        self._own: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._pre: dict[str, np.ndarray] = {}
        self.rings = np.zeros(len(net.populations), RING)
        self.columns = np.zeros(len(net.populations), COLUMN)
        links: list[Any] = []
        inputs: list[Any] = []
        borders = share_borders([population.n for population in net.populations.values()], threads)
        for column, ring, name, own in zip(self.columns, self.rings, net.populations, borders, strict=True):
            self._fill_column(column, ring, name, state, links, inputs, own)
        self.links, self.inputs = np.array(links, LINK), np.array(inputs, INPUT)

    def begin(self, state: NetworkState, follows: bool) -> None:
        """Take over from the state what this thread keeps a copy of; not the spikes, if the run follows on the one before."""
        for name, pre in self._pre.items():
            pre[...] = state.learning[name].pre
        if follows:
            return
        for (name, (units, ends)), column in zip(self._own.items(), self.columns, strict=False):
            _take_over(units, ends, state.spikes[name], state.tick, column)

    def end(self, state: NetworkState) -> None:
        """Give back to the state what all threads that have units of a target have changed alike."""
        for name, pre in self._pre.items():
            state.learning[name].pre[...] = pre

    # --- tables ---------------------------------------------------------------------------------------------------------------

    def _fill_column(
        self, column: Any, ring: Any, name: str, state: NetworkState, links: list[Any], inputs: list[Any], borders: np.ndarray
    ) -> None:
        net, population, variables = self._net, self._net.populations[name], state.units[name]
        names, neuron = variables.names, population.neuron
        parts = {key: source for key, source in net.inputs.items() if source.target == name}
        coming = {key: projection for key, projection in net.projections.items() if projection.target == name}
        column["first"], column["last"], column["n"] = borders[self._thread], borders[self._thread + 1], population.n
        column["n_rows"] = len(variables.values)
        self._point(column, "values", variables.values)
        column["n_parameters"] = self._point(column, "parameters", np.array(neuron.parameters(net.dt), net.dtype).ravel())
        self._point(column, "flags", aligned((-(-population.n // 64) * 64,), np.uint8))
        self._point(column, "fired", np.zeros(population.n, np.uint32))
        units, ends = self._ring(name, state)
        point_ring(column, units, ends)
        point_ring(ring, units, ends)
        column["refractory"], column["held"] = net.refractory_ticks(name), getattr(neuron, "held", 0.0)
        column["current"] = len(names) - 1 if names and names[-1] == "current" else -1
        column["jumps"] = any(names.index(net.variable_of(part)) == 0 for part in (*parts.values(), *coming.values()))
        column["limit"] = net.limit(name)
        column["seed"] = _seed(state, f"population {name}")
        column["update"], column["reset"] = neuron_addresses(neuron, net.dtype)
        column["first_link"] = len(links)
        links += [self._link(key, projection, names, state, borders) for key, projection in coming.items()]
        column["last_link"] = len(links)
        for slot, first, last in (("current", "first_current", "last_current"), ("deliver", "first_arrival", "last_arrival")):
            column[first] = len(inputs)
            inputs += [self._input(key, source, names, state) for key, source in parts.items() if source.slot == slot]
            column[last] = len(inputs)

    def _ring(self, name: str, state: NetworkState) -> tuple[np.ndarray, np.ndarray]:
        """Return the ring that this thread fills: the state's own, or one of its own if there are several threads."""
        buffer = state.spikes[name]
        if self._threads == 1:
            return buffer.units, buffer.ends
        own = self._own[name] = np.zeros_like(buffer.units), np.zeros_like(buffer.ends)
        self._keep += own
        return own

    def _link(self, key: str, projection: Any, names: tuple[str, ...], state: NetworkState, borders: np.ndarray) -> Any:
        """Describe a projection, as seen by this thread."""
        from neurosim.kernels.network import LINK

        net, synapses = self._net, projection.synapses
        link: Any = np.zeros((), LINK)[()]
        source = state.spikes[projection.source]
        point_ring(link, source.units, source.ends)
        link["n_sources"], link["n_targets"], link["n_synapses"] = synapses.n_sources, synapses.n_targets, synapses.n_synapses
        link["variable"] = names.index(net.variable_of(projection))
        link["delay"] = net.delays(key).min() if synapses.n_synapses else 1
        link["weight"] = projection.weight if projection.one_weight else 0.0
        if projection.storage == "bits":
            self._bits(link, synapses)
        else:
            self._lists(link, key, projection, state, borders)
        return link

    def _bits(self, link: Any, synapses: Any) -> None:
        """Fill in rows of bits, and what they are added up in."""
        from neurosim.kernels._rows import empty_counters
        from neurosim.kernels.network import BITS

        planes, counts = empty_counters(synapses.n_targets)
        link["kind"], link["n_words"] = BITS, synapses.bits.shape[1]
        for name, array in (("bits", synapses.bits), ("planes", planes), ("counts", counts)):
            self._point(link, name, array)

    def _lists(self, link: Any, key: str, projection: Any, state: NetworkState, borders: np.ndarray) -> None:
        """Fill in lists of targets, and what goes with them."""
        from neurosim.kernels.network import DELAYED, ROWS, WEIGHTED

        synapses = projection.synapses
        link["wide"] = synapses.targets.itemsize == 4
        for name, array in zip(("starts", "stops", "targets"), (*self._bounds(synapses, borders), synapses.targets), strict=True):
            self._point(link, name, array)
        if projection.plasticity is not None:
            self._plastic(link, key, projection, state.learning[key])
            return
        link["kind"] = ROWS if projection.one_weight else WEIGHTED
        link["n_weights"] = self._point(link, "weights", np.atleast_1d(np.asarray(projection.weight, np.float32)))
        if not projection.one_delay:
            link["kind"], link["n_slots"] = DELAYED, len(state.arriving[key])
            self._point(link, "ring", state.arriving[key])
            self._point(link, "delays", _late(self._net.delays(key), projection.delay.codes))

    def _plastic(self, link: Any, key: str, projection: Any, learning: Any) -> None:
        """Fill in what a plastic projection has beside its synapses."""
        from neurosim.kernels.network import PLASTIC

        net, rule = self._net, projection.plasticity
        link["kind"] = PLASTIC
        link["n_weights"], link["n_marks"] = self._point(link, "weights", learning.weights), self._point(link, "marks", learning.marks)
        pre = learning.pre
        if self._threads > 1 and self._has_work(projection.target):
            pre = self._pre[key] = learning.pre.copy()
        for name, array in (("pre", pre), ("post", learning.post), ("history", learning.history)):
            self._point(link, name, array)
            link[f"n_{name}"] = array.shape[1]
        link["n_parameters"] = self._point(link, "parameters", np.array(rule.parameters(net.dt), net.dtype))
        link["period"] = rule.period(net.dt)
        link["arrive"], link["fire"], link["settle"] = rule_addresses(rule, net.dtype, projection.synapses.targets.dtype)

    def _input(self, key: str, source: Any, names: tuple[str, ...], state: NetworkState) -> Any:
        """Describe an input."""
        from neurosim.kernels.network import INPUT

        net = self._net
        entry: Any = np.zeros((), INPUT)[()]
        entry["add"] = input_address(source, net.dtype)
        entry["variable"] = names.index(net.variable_of(source))
        memory = state.memory[key]
        self._point(entry, "memory", memory)
        entry["n_memory"] = len(memory)
        entry["n_parameters"] = self._point(entry, "parameters", np.array(source.parameters(net.dt), net.dtype).ravel())
        entry["seed"] = _seed(state, f"input {key}")
        return entry

    def _has_work(self, population: str) -> bool:
        """Tell whether this thread has units of a population."""
        column = self.columns[list(self._net.populations).index(population)]
        return bool(column["first"] < column["last"])

    def _bounds(self, synapses: Any, borders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the part of each row that lies in this thread's range begins and ends."""
        if self._threads == 1:
            return synapses.offsets[:-1], synapses.offsets[1:]
        from neurosim.kernels.delivery import thread_bounds

        bounds = np.zeros((synapses.n_sources, 3), np.int64)
        thread_bounds(synapses.offsets, synapses.targets, borders[[0, self._thread, self._thread + 1]], bounds)
        return bounds[:, 1].copy(), bounds[:, 2].copy()

    def _point(self, table: Any, field: str, array: np.ndarray) -> int:
        """Enter the address of an array, keep the array, and return its size."""
        self._keep.append(array)
        table[field] = array.ctypes.data
        return array.size


def share_borders(sizes: list[int], threads: int) -> list[np.ndarray]:
    """Return where the ranges of units of all threads begin, by population: multiples of 512, and n at the end.

    Where blocks cannot be shared evenly, the next population makes up for it.

    Examples
    --------
    >>> [borders.tolist() for borders in share_borders([10_000, 2_500, 2_500], 2)]
    [[0, 5120, 10000], [0, 1024, 2500], [0, 1536, 2500]]
    """
    from neurosim.kernels.network import BLOCK as UNITS

    parts = np.arange(threads + 1)
    ahead, found = np.zeros(threads + 1), []
    for n in sizes:
        wanted = n * parts / threads
        borders = np.clip(np.rint((wanted - ahead) / UNITS).astype(int) * UNITS, 0, n)
        borders[0], borders[-1] = 0, n
        found.append(np.maximum.accumulate(borders))
        ahead += found[-1] - wanted
    return found


def point_ring(table: Any, units: np.ndarray, ends: np.ndarray) -> None:
    """Enter the addresses and sizes of a ring of spikes."""
    table["events"], table["capacity"] = units.ctypes.data, units.size
    table["ends"], table["n_ends"] = ends.ctypes.data, ends.size


def _take_over(units: np.ndarray, ends: np.ndarray, buffer: Any, tick: int, column: Any) -> None:
    """Fill a thread's own ring with the spikes of its range in the refractory time before a tick."""
    first = max(0, tick - int(column["refractory"]))
    ticks, fired = buffer.between(first, tick)
    mine = (fired >= column["first"]) & (fired < column["last"])
    ends[...] = 0
    units[: mine.sum()] = fired[mine]
    ends[np.arange(first, tick + 1) % ends.size] = np.searchsorted(ticks[mine], np.arange(first, tick + 1))


def _seed(state: NetworkState, part: str) -> int:
    """Return the seed of one part of the network."""
    from neurosim.noise import words

    number = int.from_bytes(hashlib.sha256(part.encode()).digest()[:8], "little")
    return int(words(state.seed, number, NAME_STREAM, 2).view(np.uint64)[0])


def _late(ticks: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return how many ticks after the first synapses each one transmits; codes say which of the delays, in ticks, it has.

    Where the delays are all the multiples of a tick from the shortest to the longest, these are the codes themselves.
    """
    late = (ticks - ticks.min(initial=2**31)).astype(np.uint16)
    if (late == np.arange(len(late))).all():
        return codes
    found = np.empty_like(codes)
    for first in range(0, len(codes), BLOCK):  # indexing takes eight bytes a number while it lasts
        found[first : first + BLOCK] = late[codes[first : first + BLOCK]]
    return found


def _kinds(dtype: str) -> dict[str, Any]:
    """Return Numba's types of what kernels get."""
    from numba import types

    real = types.float32 if dtype == "float32" else types.float64
    return {
        "vector": types.Array(real, 1, "C"),
        "matrix": types.Array(real, 2, "C"),
        "flags": types.Array(types.uint8, 1, "C"),
        "units": types.Array(types.uint32, 1, "C"),
        "short": types.Array(types.uint16, 1, "C"),
        "places": types.Array(types.int64, 1, "C"),
        "single": types.Array(types.float32, 1, "C"),
        "history": types.Array(types.uint64, 2, "C"),
        "whole": types.int64,
        "seed": types.uint64,
    }


def neuron_addresses(neuron: Any, dtype: str) -> tuple[int, int]:
    """Return where the kernels of a neuron stand."""
    from neurosim.kernels._calls import address_of

    update, reset = neuron.kernels()
    kinds = _kinds(dtype)
    named = [kinds[name] for name in ("matrix", "vector", "flags", "whole", "whole", "seed", "whole")]
    back = [kinds[name] for name in ("matrix", "vector", "units", "whole")]
    return address_of(update, *named), 0 if reset is None else address_of(reset, *back)


def input_address(source: Any, dtype: str) -> int:
    """Return where the kernel of an input stands."""
    from neurosim.kernels._calls import address_of

    kinds = _kinds(dtype)
    return address_of(source.kernel(), *[kinds[name] for name in ("vector", "matrix", "vector", "whole", "whole", "seed", "whole")])


def rule_addresses(rule: Any, dtype: str, targets: Any) -> tuple[int, int, int]:
    """Return where the kernels of a plasticity rule stand."""
    from neurosim.kernels._calls import address_of

    kinds = _kinds(dtype)
    kinds["targets"] = kinds["short" if np.dtype(targets).itemsize == 2 else "units"]
    arrays = "targets single single matrix matrix history"
    arrive = f"units whole whole places places {arrays} vector vector whole"
    fire = "units whole matrix history vector whole"
    settle = f"places places {arrays} vector whole whole whole"
    texts = (arrive, fire, settle)
    found = [address_of(kernel, *[kinds[name] for name in text.split()]) for kernel, text in zip(rule.kernels(), texts, strict=True)]
    return found[0], found[1], found[2]
