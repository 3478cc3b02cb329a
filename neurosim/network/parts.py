"""The parts a network is described with: populations of units, and projections between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from neurosim.checks import real, whole
from neurosim.connectivity import Synapses
from neurosim.connectivity.rows import BitRows
from neurosim.errors import with_hint

STORAGES = ("bits", "rows")
DENSE = 1 / 16
"""Part of all pairs from which on bits take no more memory than lists of 16-bit numbers."""
BLOCK = 1 << 17
"""Numbers that are looked at at a time, to need little memory beside them."""


class Neuron(Protocol):
    """What a model of a neuron, or a source of spikes, must have. See the page "A neuron of your own" of the guide."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of what a unit holds, "v" first; synapses add to them."""
        ...

    @property
    def refractory(self) -> float:
        """Time in ms after a spike in which the first variable is held."""
        ...

    def start(self) -> dict[str, Any]:
        """Return the initial value of each variable."""
        ...

    def parameters(self, dt: float) -> Any:
        """Return the numbers the kernels get."""
        ...

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
        """Return the kernels that advance and reset."""
        ...


@dataclass(frozen=True, eq=False)
class Population:
    """Units of one kind.

    Parameters
    ----------
    neuron : Neuron
        The model: :class:`neurosim.LIF` and others, or your own.
    n : int
        How many.

    Raises
    ------
    TypeError, ValueError
        If this is no model, or n is not at least 1.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Population(ns.LIF(), 8000)
    Population(neuron=LIF(tau=20.0, rest=0.0, threshold=20.0, reset=10.0, refractory=2.0), n=8000)
    """

    neuron: Any
    n: int

    def __post_init__(self) -> None:
        missing = [part for part in ("variables", "refractory", "start", "parameters", "kernels") if not hasattr(self.neuron, part)]
        if missing or isinstance(self.neuron, type):
            wrong = f"the class {self.neuron.__name__}" if isinstance(self.neuron, type) else f"{self.neuron!r} without {missing[0]}"
            error = TypeError(f"neuron must be a model of a neuron such as neurosim.LIF(), got {wrong}")
            raise with_hint(error, "the order is Population(neuron, n)")
        object.__setattr__(self, "n", whole("n", self.n, 1))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population to another, or to itself.

    Each spike of a source adds the synapse's weight to a variable of the target, `delay` later.

    Parameters
    ----------
    source, target : str
        Names of populations.
    synapses : Synapses
        Who is connected to whom: :mod:`neurosim.connectivity`.
    weight : float or array_like, shape (n_synapses,)
        In the unit of the variable, one for all or one each, in the order of the synapses. Kept as float32 if one each.
    delay : float or array_like, shape (n_synapses,)
        In ms, a multiple of dt, at least dt.
    variable : str, optional
        What is added to; by default the ``port`` of the target's model.
    plasticity : PairSTDP, optional
        The rule by which weights change. It needs one delay for all.
    storage : {"bits", "rows"}, optional
        How synapses are kept: as rows of bits, one for each target, or as lists of targets. By default bits if there is one weight, one
        delay, no plasticity, no pair is connected twice, and at least one pair in 16 is connected: then they take no more memory.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be used.

    Examples
    --------
    >>> import neurosim as ns
    >>> synapses = ns.connectivity.bernoulli(8000, 8000, 0.1, rng=np.random.default_rng(1))
    >>> excitation = ns.Projection("exc", "exc", synapses, weight=0.1, delay=1.5)
    >>> excitation.storage
    'bits'
    """

    source: str
    target: str
    synapses: Any
    weight: Any
    delay: Any
    variable: str | None = None
    plasticity: Any = None
    storage: str | None = None

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            if not isinstance(getattr(self, name), str):
                error = TypeError(f"{name} must be the name of a population, got {getattr(self, name)!r}")
                raise with_hint(error, "the order is Projection(source, target, synapses, weight=, delay=)")
        if not isinstance(self.synapses, Synapses | BitRows):
            error = TypeError(f"synapses must be Synapses, got {type(self.synapses).__name__}")
            raise with_hint(error, "make them with neurosim.connectivity, for example bernoulli(n_sources, n_targets, 0.1, rng=rng)")
        n = self.synapses.n_synapses
        object.__setattr__(self, "weight", _per_synapse("weight", self.weight, n, np.float32))
        object.__setattr__(self, "delay", _delay(self.delay, n))
        object.__setattr__(self, "storage", self._chosen())
        if self.storage == "bits" and isinstance(self.synapses, Synapses):
            object.__setattr__(self, "synapses", BitRows.of(self.synapses))

    @property
    def one_weight(self) -> bool:
        """Whether there is one weight for all synapses."""
        return isinstance(self.weight, float)

    @property
    def one_delay(self) -> bool:
        """Whether there is one delay for all synapses."""
        return isinstance(self.delay, float)

    def _chosen(self) -> str:
        """Return the storage asked for, if it is possible, or the best one."""
        plain = self.one_weight and self.one_delay and self.plasticity is None
        if self.storage is None:
            dense = isinstance(self.synapses, BitRows) or self.synapses.density >= DENSE and not self.synapses.has_multapses
            return "bits" if plain and dense else "rows"
        if self.storage not in STORAGES:
            raise ValueError(f"storage must be one of {', '.join(map(repr, STORAGES))}, got {self.storage!r}")
        if self.storage == "bits" and not (plain and not self.synapses.has_multapses):
            error = ValueError("storage 'bits' needs one weight, one delay, no plasticity and no pair connected twice")
            raise with_hint(error, "leave storage out: it is chosen by size and density")
        return self.storage


@dataclass(frozen=True, eq=False)
class Coded:
    """One number for each synapse, of which there are few different ones: ``values[codes]``.

    Parameters
    ----------
    values : (n_values,) float64
        Ascending.
    codes : (n_synapses,) uint16

    Examples
    --------
    >>> coded = Coded.of(np.array([1.5, 0.5, 1.5]))
    >>> coded.values, coded.codes, np.asarray(coded)
    (array([0.5, 1.5]), array([1, 0, 1], dtype=uint16), array([1.5, 0.5, 1.5]))
    """

    values: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, numbers: np.ndarray) -> Coded:
        """Code numbers, block by block, so that little memory is needed beside them."""
        blocks = [numbers[first : first + BLOCK] for first in range(0, len(numbers), BLOCK)]
        values = np.unique(np.concatenate([np.unique(block) for block in blocks])).astype(np.float64) if blocks else np.zeros(0)
        if len(values) > 2**16:
            raise ValueError(f"at most {2**16:,} different numbers can be coded, got {len(values):,}")
        codes = np.empty(len(numbers), np.uint16)
        for first, block in zip(range(0, len(numbers), BLOCK), blocks, strict=True):
            codes[first : first + BLOCK] = np.searchsorted(values, block)
        return cls(values, codes)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return all the numbers."""
        return self.values[self.codes].astype(dtype or np.float64, copy=False)


def _delay(value: Any, n_synapses: int) -> Any:
    """Return a float, or a delay for each synapse."""
    delay = _per_synapse("delay", value, n_synapses, None, above=0.0)
    if isinstance(delay, float):
        return delay
    try:
        return Coded.of(delay)
    except ValueError as error:
        raise with_hint(ValueError(f"delay: {error}"), "round delays to multiples of dt") from None


def _per_synapse(name: str, value: Any, n_synapses: int, dtype: Any, above: float = -np.inf) -> Any:
    """Return a float, or one number for each synapse."""
    if isinstance(value, Coded):
        value = np.asarray(value)
    if np.ndim(value) == 0:
        return real(name, value if not isinstance(value, np.ndarray) else value[()], above=above)
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a number or an array of numbers, got {array.dtype}")
    if array.shape != (n_synapses,):
        error = ValueError(f"{name} must be a number or have shape ({n_synapses},), one for each synapse, got shape {array.shape}")
        raise with_hint(error, "the order is that of synapses.pairs()")
    array = np.ascontiguousarray(array, dtype)
    for first in range(0, n_synapses, BLOCK):
        block = array[first : first + BLOCK]
        if not (good := np.isfinite(block) & (block > above)).all():
            raise ValueError(f"{name} must be finite{f' and above {above:g}' if above > -np.inf else ''}, got {block[~good][0]}")
    return array
