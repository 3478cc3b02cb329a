"""What changes while a network runs: variables of units, spikes, plastic weights, what is under way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurosim.errors import nearest, with_hint
from neurosim.spikes import SpikeBuffer

LINE = 64
"""Bytes of a cache line."""


@dataclass(eq=False)
class Variables:
    """The variables of one population, by name.

    Parameters
    ----------
    names : tuple of str
    values : (n_variables, n) float32 or float64

    Examples
    --------
    >>> cells = Variables(("v", "w"), np.zeros((2, 3)))
    >>> cells["v"][1] = -60.0
    >>> cells.values[0].tolist()
    [0.0, -60.0, 0.0]
    """

    names: tuple[str, ...]
    values: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a variable of all units, a view (n,)."""
        if name not in self.names:
            raise with_hint(KeyError(f"no variable {name!r}"), nearest(name, self.names))
        return self.values[self.names.index(name)]


@dataclass(eq=False)
class Learning:
    """What a plastic projection has learned, as its rule keeps it; read weights with :meth:`neurosim.Network.weights`.

    Parameters
    ----------
    weights : (n_synapses,) float32
    marks : (n_synapses,) or (0,) float32
    pre : (n_sources, ...) real
        Traces of the sources.
    post : (n_targets, ...) real
        Traces of the targets.
    history : (n_targets, ...) uint64
        Ticks of the targets' last spikes.
    """

    weights: np.ndarray
    marks: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    history: np.ndarray


@dataclass(eq=False)
class NetworkState:
    """Everything that changes during a run of a network. Made by :meth:`neurosim.Network.init`.

    Parameters
    ----------
    units : dict of str to Variables
        By population; ``state["exc"]["v"]`` is short for ``state.units["exc"]["v"]``.
    spikes : dict of str to SpikeBuffer
        The last spikes, by population: those under way, and those in the refractory time.
    learning : dict of str to Learning
        By plastic projection.
    arriving : dict of str to array (n_slots, n)
        By projection with a delay for each synapse: what arrives in the coming ticks, that of tick t at row ``t % n_slots``.
    memory : dict of str to array (m, n)
        By input: what it remembers.
    seed : int
    tick : int
        Ticks since the start; the time is ``tick * dt``.
    """

    units: dict[str, Variables]
    spikes: dict[str, SpikeBuffer]
    learning: dict[str, Learning]
    arriving: dict[str, np.ndarray]
    memory: dict[str, np.ndarray]
    seed: int
    tick: int = field(default=0)

    def __getitem__(self, population: str) -> Variables:
        """Return the variables of a population."""
        if population not in self.units:
            raise with_hint(KeyError(f"no population {population!r}"), nearest(population, self.units))
        return self.units[population]


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """Return zeros that begin at a cache line.

    Examples
    --------
    >>> aligned((2, 3), "float32").ctypes.data % 64
    0
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + n_bytes].view(dtype).reshape(shape)
