"""What one thread works on: a range of the units of each population, in tables of addresses for the compiled loop."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.network.parts import BLOCK
from neurosim.network.state import aligned

if TYPE_CHECKING:
    from neurosim.network.network import Network
    from neurosim.network.state import NetworkState

NAME_STREAM = 2**32 - 2
"""The stream that seeds of parts are drawn from."""
HALVINGS = 16
"""Steps of the search for the time that all threads can keep to."""


class Share:
    """The tables of one thread, ready once :meth:`cut` has said which units are its own.

    Parameters
    ----------
    net : Network
    state : NetworkState
    thread, threads : int
    """

    def __init__(self, net: Network, state: NetworkState, thread: int, threads: int) -> None:
        from neurosim.kernels.network import COLUMN, INPUT, LINK, RING

        self._net, self._thread, self._threads = net, thread, threads
        self._learned = {key: learning.pre for key, learning in state.learning.items()}  # not the state: whoever keeps it keeps its engine
        self.like = np.zeros(0, net.dtype)  # each thread counts references to an array of its own
        self._keep: list[np.ndarray] = []
        self._cut: dict[str, list[np.ndarray]] = {}
        self._pre: dict[str, np.ndarray] = {}
        n = len(net.populations)
        self.columns, self.fires, self.fired = np.zeros(n, COLUMN), np.zeros(n, RING), np.zeros(n, RING)
        self.reach = np.array([net.reach(name) for name in net.populations])
        self._keys: list[str] = []
        links: list[Any] = []
        inputs: list[Any] = []
        for name, ring in zip(net.populations, self.fired, strict=True):  # links read these
            point_ring(ring, *self._ring(state.spikes[name], net.reach(name) + 2 * net.slice_ticks, thread > 0))
        for column, ring, name in zip(self.columns, self.fires, net.populations, strict=True):
            self._fill_column(column, ring, name, state, links, inputs)
        self.links, self.inputs = np.array(links, LINK), np.array(inputs, INPUT)

    def begin(self) -> None:
        """Take over from the state what this thread keeps a copy of."""
        for name, pre in self._pre.items():
            pre[...] = self._learned[name]

    def cut(self, borders: dict[str, np.ndarray], places: dict[tuple[str, int], np.ndarray]) -> None:
        """Make units borders[population][thread] ... borders[population][thread + 1] - 1 this thread's own.

        places keeps, for all threads, where rows of synapses are cut.
        """
        net, thread = self._net, self._thread
        for column, name in zip(self.columns, net.populations, strict=True):
            column["first"], column["last"] = borders[name][thread : thread + 2]
        self._cut.clear()
        self._pre.clear()
        for link, key in zip(self.links, self._keys, strict=True):
            projection = net.projections[key]
            own = borders[projection.target]
            if projection.storage == "bits" or own[thread] == own[thread + 1]:
                continue
            ends = [_row_places(key, projection.synapses, int(border), places) for border in own[thread : thread + 2]]
            link["starts"], link["stops"] = (array.ctypes.data for array in ends)
            self._cut[key] = ends
            if projection.plasticity is not None:
                pre = self._learned[key]
                if own[thread] > 0:  # the first thread with such targets works on what the state holds
                    pre = self._pre[key] = np.empty_like(pre)
                link["pre"] = pre.ctypes.data

    # --- tables ---------------------------------------------------------------------------------------------------------------

    def _fill_column(self, column: Any, ring: Any, name: str, state: NetworkState, links: list[Any], inputs: list[Any]) -> None:
        net = self._net
        population, variables = net.populations[name], state.units[name]
        names, neuron = variables.names, population.neuron
        parts = {key: source for key, source in net.inputs.items() if source.target == name}
        coming = {key: projection for key, projection in net.projections.items() if projection.target == name}
        column["n"] = population.n
        column["n_rows"] = len(variables.values)
        self._point(column, "values", variables.values)
        column["n_parameters"] = self._point(column, "parameters", np.array(neuron.parameters(net.dt), net.dtype).ravel())
        self._point(column, "flags", aligned((-(-population.n // 64) * 64,), np.uint8))
        self._point(column, "fired", np.zeros(population.n, np.uint32))
        rings = self._ring(state.spikes[name], net.refractory_ticks(name) + 2 * net.slice_ticks + 1, self._threads > 1)
        point_ring(column, *rings)
        point_ring(ring, *rings)
        column["refractory"], column["held"] = net.refractory_ticks(name), getattr(neuron, "held", 0.0)
        column["current"] = len(names) - 1 if names and names[-1] == "current" else -1
        column["jumps"] = any(names.index(net.variable_of(part)) == 0 for part in (*parts.values(), *coming.values()))
        column["limit"] = net.limit(name)
        column["seed"] = _seed(state, f"population {name}")
        column["update"], column["reset"] = neuron_addresses(neuron, net.dtype)
        column["first_link"] = len(links)
        self._keys += coming
        links += [self._link(key, projection, names, state) for key, projection in coming.items()]
        column["last_link"] = len(links)
        for slot, first, last in (("current", "first_current", "last_current"), ("deliver", "first_arrival", "last_arrival")):
            column[first] = len(inputs)
            inputs += [self._input(key, source, names, state) for key, source in parts.items() if source.slot == slot]
            column[last] = len(inputs)

    def _ring(self, buffer: Any, ticks: int, own: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the ring of the state, or one of this thread's own that holds the spikes of some ticks."""
        rings = buffer.units, buffer.ends
        if own:
            most = buffer.n_units * -(-ticks // buffer.spacing)
            rings = np.zeros(min(1 << (most - 1).bit_length(), buffer.units.size), np.uint32), np.zeros_like(buffer.ends)
        self._keep += rings
        return rings

    def _link(self, key: str, projection: Any, names: tuple[str, ...], state: NetworkState) -> Any:
        """Describe a projection, as seen by this thread."""
        from neurosim.kernels.network import LINK, RING

        net, synapses = self._net, projection.synapses
        link: Any = np.zeros((), LINK)[()]
        source = self.fired[list(net.populations).index(projection.source)]
        for field in RING.names or ():
            link[field] = source[field]
        link["n_sources"], link["n_targets"], link["n_synapses"] = synapses.n_sources, synapses.n_targets, synapses.n_synapses
        link["variable"] = names.index(net.variable_of(projection))
        link["delay"] = net.delays(key).min() if synapses.n_synapses else 1
        link["weight"] = projection.weight if projection.one_weight else 0.0
        if projection.storage == "bits":
            self._bits(link, synapses)
        else:
            self._lists(link, key, projection, state)
        return link

    def _bits(self, link: Any, synapses: Any) -> None:
        """Fill in rows of bits, and what they are added up in."""
        from neurosim.kernels._rows import empty_counters
        from neurosim.kernels.network import BITS

        planes, counts = empty_counters(synapses.n_targets)
        link["kind"], link["n_words"] = BITS, synapses.bits.shape[1]
        for name, array in (("bits", synapses.bits), ("planes", planes), ("counts", counts)):
            self._point(link, name, array)

    def _lists(self, link: Any, key: str, projection: Any, state: NetworkState) -> None:
        """Fill in lists of targets, and what goes with them; :meth:`cut` says which part of each row is this thread's."""
        from neurosim.kernels.network import DELAYED, ROWS, WEIGHTED

        targets = projection.synapses.targets
        link["wide"] = targets.itemsize == 4
        self._point(link, "targets", targets)
        if projection.plasticity is not None:
            self._plastic(link, projection, state.learning[key])
            return
        link["kind"] = ROWS if projection.one_weight else WEIGHTED
        link["n_weights"] = self._point(link, "weights", np.atleast_1d(np.asarray(projection.weight, np.float32)))
        if not projection.one_delay:
            link["kind"], link["n_slots"] = DELAYED, len(state.arriving[key])
            self._point(link, "ring", state.arriving[key])
            self._point(link, "delays", _late(self._net.delays(key), projection.delay.codes))

    def _plastic(self, link: Any, projection: Any, learning: Any) -> None:
        """Fill in what a plastic projection has beside its synapses."""
        from neurosim.kernels.network import PLASTIC

        net, rule = self._net, projection.plasticity
        link["kind"] = PLASTIC
        link["n_weights"], link["n_marks"] = self._point(link, "weights", learning.weights), self._point(link, "marks", learning.marks)
        for name, array in (("pre", learning.pre), ("post", learning.post), ("history", learning.history)):
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

    def _point(self, table: Any, field: str, array: np.ndarray) -> int:
        """Enter the address of an array, keep the array, and return its size."""
        self._keep.append(array)
        table[field] = array.ctypes.data
        return array.size


def share_borders(sizes: list[int], costs: npt.ArrayLike) -> list[np.ndarray]:
    """Return where the ranges of units of all threads begin, by population: multiples of 512, and n at the end.

    Threads take the units one after the other, so that few populations are cut, such that all take the same time.

    Parameters
    ----------
    sizes : list of int
        Units of each population.
    costs : (threads, n_populations) real
        Time that each thread takes for a unit.

    Examples
    --------
    >>> [borders.tolist() for borders in share_borders([10_000, 2_500, 2_500], np.ones((2, 3)))]
    [[0, 7680, 10000], [0, 0, 2500], [0, 0, 2500]]
    >>> [borders.tolist() for borders in share_borders([10_000, 2_500, 2_500], [[1, 4, 4], [1, 4, 4]])]
    [[0, 10000, 10000], [0, 1024, 2500], [0, 0, 2500]]
    """
    from neurosim.kernels.network import BLOCK as UNITS

    costs = np.asarray(costs, float)
    low, high = 0.0, 1.001 * float(costs[0] @ sizes)
    for _ in range(HALVINGS):
        level = (low + high) / 2
        low, high = (low, level) if _cuts(sizes, costs, level)[-1][0] == len(sizes) else (level, high)
    borders = [np.full(len(costs) + 1, n) for n in sizes]
    for thread, (population, unit) in enumerate([(0, 0.0), *_cuts(sizes, costs, high)[:-1]]):
        for k, n in enumerate(sizes):
            borders[k][thread] = n if k < population else min(round(unit / UNITS) * UNITS, n) if k == population else 0
    return borders


def _cuts(sizes: list[int], costs: np.ndarray, level: float) -> list[tuple[int, float]]:
    """Return up to which population and unit each thread comes if it works for a time."""
    population, unit, found = 0, 0.0, []
    for own in costs:
        left = level
        while population < len(sizes) and (sizes[population] - unit) * own[population] <= left:
            left -= (sizes[population] - unit) * own[population]
            population, unit = population + 1, 0.0
        if population < len(sizes):
            unit += left / own[population]
        found.append((population, unit))
    return found


def _row_places(key: str, synapses: Any, border: int, places: dict[tuple[str, int], np.ndarray]) -> np.ndarray:
    """Return the first synapse of each row whose target is not below a unit."""
    from neurosim.kernels.delivery import thread_bounds

    if border in (0, synapses.n_targets):
        return synapses.offsets[1:] if border else synapses.offsets[:-1]
    if (key, border) not in places:
        found = np.empty((synapses.n_sources, 1), np.int64)
        thread_bounds(synapses.offsets, synapses.targets, np.array([border]), found)
        places[key, border] = found[:, 0]
    return places[key, border]


def point_ring(table: Any, units: np.ndarray, ends: np.ndarray) -> None:
    """Enter the addresses and sizes of a ring of spikes."""
    table["events"], table["capacity"] = units.ctypes.data, units.size
    table["ends"], table["n_ends"] = ends.ctypes.data, ends.size


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
