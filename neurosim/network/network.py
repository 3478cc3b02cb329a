"""A network: its description checked as a whole, its state made, its slices run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, ticks_of
from neurosim.errors import nearest, with_hint
from neurosim.network._engine import Engine
from neurosim.network.parts import Population, Projection
from neurosim.network.state import Learning, NetworkState, Variables, aligned
from neurosim.noise import checked_seed
from neurosim.spikes import DEPTH, SpikeBuffer

CURRENT = "current"
LONGEST_SLICE = 256
WINDOW = 10.0
"""Time in ms over which the rate of a population is watched."""


@dataclass(frozen=True, eq=False)
class Network:
    """Populations joined by projections, and what comes in from outside.

    Parameters
    ----------
    populations : mapping of str to Population
    projections : mapping of str to Projection, optional
    inputs : mapping of str to input, optional
        :class:`neurosim.PoissonInput`, :class:`neurosim.StepCurrent`, :class:`neurosim.NoiseCurrent`, or your own.
    dt : float
        Length of a tick in ms.
    dtype : {"float32", "float64"}
        Numbers that variables and traces are kept in. Plastic weights and weights given one by one are always float32.
    max_rate : float
        Mean rate of a population, in Hz over 10 ms, above which a run stops with :class:`neurosim.errors.RunawayActivity`.

    Raises
    ------
    TypeError, ValueError
        If parts do not fit together.

    Examples
    --------
    A thousand excitatory cells, driven by noise, that excite each other:

    >>> import neurosim as ns
    >>> cells = ns.Population(ns.LIF(tau=20.0, threshold=20.0, reset=10.0, refractory=2.0), 1000)
    >>> synapses = ns.connectivity.fixed_in_degree(1000, 1000, 50, rng=np.random.default_rng(1))
    >>> net = ns.Network(
    ...     populations={"exc": cells},
    ...     projections={"exc-exc": ns.Projection("exc", "exc", synapses, weight=0.1, delay=1.5)},
    ...     inputs={"noise": ns.PoissonInput("exc", rate=12_000.0, weight=0.1)},
    ... )
    >>> run = ns.simulate(net, net.init(seed=1), duration=200.0, record={"exc": ns.Spikes("exc")})
    >>> 10 < run.exc_unit.attrs["rate"] < 60
    True
    """

    populations: Mapping[str, Population]
    projections: Mapping[str, Projection] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    dt: float = 0.1
    dtype: Any = "float32"
    max_rate: float = 1000.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dt", real("dt", self.dt, above=0))
        real("max_rate", self.max_rate, above=0)
        if np.dtype(self.dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {self.dtype!r}")
        object.__setattr__(self, "dtype", np.dtype(self.dtype).name)
        for kind, wanted in (("populations", Population), ("projections", Projection), ("inputs", object)):
            object.__setattr__(self, kind, _named(kind, getattr(self, kind), wanted))
        if not self.populations:
            raise ValueError("populations must hold at least one, got none")
        for name, population in self.populations.items():
            _check_size(f"population {name!r}", population.neuron, population.n)
            ticks_of(f"refractory of {name!r}", population.neuron.refractory, self.dt, 0)
        for name, projection in self.projections.items():
            self._check_projection(name, projection)
        for name, source in self.inputs.items():
            self._check_input(name, source)

    # --- run ------------------------------------------------------------------------------------------------------------------

    def init(self, *, seed: int, values: Mapping[str, Mapping[str, npt.ArrayLike]] | None = None) -> NetworkState:
        """Return a state at time 0.

        Parameters
        ----------
        seed : int
            Of all randomness of the run.
        values : mapping of str to mapping of str to array_like, optional
            Initial values by population and variable, one for all units or one each; the others start as their model says.

        Raises
        ------
        ValueError
            If a name is unknown or a shape wrong.

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network({"exc": ns.Population(ns.LIF(), 3)})
        >>> net.init(seed=1, values={"exc": {"v": [1.0, 2.0, 3.0]}})["exc"]["v"].tolist()
        [1.0, 2.0, 3.0]
        """
        values = values or {}
        for name in values:
            self._population("values", name)
        return NetworkState(
            units={name: self._start(name, values.get(name, {})) for name in self.populations},
            spikes={name: self._buffer(name) for name in self.populations},
            learning={name: self._learning(p) for name, p in self.projections.items() if p.plasticity is not None},
            arriving={name: self._arriving(name) for name, p in self.projections.items() if not p.one_delay},
            memory={name: self._memory(source) for name, source in self.inputs.items()},
            seed=checked_seed(seed),
        )

    def step(self, state: NetworkState, ticks: int, /) -> None:
        """Advance the state in place by a slice of ticks.

        Raises
        ------
        RunawayActivity
            If a population fires at more than `max_rate`; the state then stands at the tick where this was seen.
        """
        Engine.of(self, state).run(state, ticks)

    def weights(self, state: NetworkState, projection: str) -> npt.NDArray[np.float32]:
        """Return the weights of a projection as they are now, (n_synapses,) in the order of its synapses.

        Parameters
        ----------
        state : NetworkState
        projection : str

        Raises
        ------
        ValueError
            If there is no such projection.

        Examples
        --------
        >>> import neurosim as ns
        >>> cells = {"exc": ns.Population(ns.LIF(), 3)}
        >>> net = ns.Network(cells, {"ring": ns.Projection("exc", "exc", ns.connectivity.one_to_one(3), weight=0.5, delay=1.0)})
        >>> net.weights(net.init(seed=1), "ring").tolist()
        [0.5, 0.5, 0.5]
        """
        if projection not in self.projections:
            raise with_hint(ValueError(f"no projection {projection!r}"), nearest(projection, self.projections))
        part = self.projections[projection]
        if part.plasticity is None:
            return np.broadcast_to(np.float32(part.weight), (part.synapses.n_synapses,)).copy()
        return part.plasticity.effective(part.synapses, state.learning[projection], self.dt, state.tick)

    # --- what the engine asks -------------------------------------------------------------------------------------------------

    def variables(self, population: str) -> tuple[str, ...]:
        """Return the names of a population's variables, `current` included if something feeds it."""
        names = tuple(self.populations[population].neuron.variables)
        fed = any(s.target == population and self.variable_of(s) == CURRENT for s in self.inputs.values())
        fed = fed or any(p.target == population and p.variable == CURRENT for p in self.projections.values())
        return (*names, CURRENT) if fed else names

    def variable_of(self, part: Any) -> str:
        """Return the variable that a projection or an input adds to; empty if there is none that could be meant."""
        if part.variable is not None:
            return part.variable
        return CURRENT if getattr(part, "slot", "") == CURRENT else getattr(self.populations[part.target].neuron, "port", "")

    def delays(self, name: str) -> npt.NDArray[np.int64]:
        """Return the delay of a projection in ticks, or all the different ones, ascending."""
        delay = self.projections[name].delay
        return ticks_of(f"delay of {name!r}", delay if isinstance(delay, float) else delay.values, self.dt, 1)

    def refractory_ticks(self, population: str) -> int:
        """Return the refractory time of a population in ticks."""
        return int(ticks_of("refractory", self.populations[population].neuron.refractory, self.dt, 0))

    def reach(self, population: str) -> int:
        """Return how many ticks the engine may look back for spikes that are under way, or of units in the refractory time."""
        longest = max((int(self.delays(key).max(initial=1)) for key, p in self.projections.items() if p.source == population), default=1)
        return longest + self.refractory_ticks(population) + 2

    @property
    def slice_ticks(self) -> int:
        """Ticks in which populations need nothing of each other: the shortest delay, but not too many."""
        return min((int(self.delays(name).min(initial=LONGEST_SLICE)) for name in self.projections), default=LONGEST_SLICE)

    @property
    def window(self) -> int:
        """Ticks over which the rate of a population is watched: about 10 ms, a multiple of the slice."""
        return -(-max(1, round(WINDOW / self.dt)) // self.slice_ticks) * self.slice_ticks

    def limit(self, population: str) -> int:
        """Return how many spikes a population may fire in a window."""
        return int(self.max_rate * self.window * self.dt * 1e-3 * self.populations[population].n)

    # --- parts of the state ---------------------------------------------------------------------------------------------------

    def _start(self, name: str, given: Mapping[str, npt.ArrayLike]) -> Variables:
        population, names = self.populations[name], self.variables(name)
        values = aligned((len(names), population.n), self.dtype)
        start = {**population.neuron.start(), **given}
        for variable, value in start.items():
            if variable not in names:
                raise with_hint(ValueError(f"values: population {name!r} has no variable {variable!r}"), nearest(variable, names))
            if np.shape(value) not in ((), (population.n,)):
                wanted = f"a number or have shape ({population.n},)"
                raise ValueError(f"values: {variable!r} of {name!r} must be {wanted}, got shape {np.shape(value)}")
            if not np.isfinite(np.asarray(value, float)).all():
                raise ValueError(f"values: {variable!r} of {name!r} must be finite, got {np.asarray(value, float).max()}")
            values[names.index(variable)] = value
        return Variables(names, values)

    def _buffer(self, name: str) -> SpikeBuffer:
        """Return a buffer that surely holds the spikes under way and those of units in the refractory time."""
        refractory, need = self.refractory_ticks(name), self.reach(name)
        depth = (1 << max(DEPTH - 1, need, self.window).bit_length()) - 1
        n, neuron = self.populations[name].n, self.populations[name].neuron
        mean = n * neuron.spikes_per_tick(self.dt) if hasattr(neuron, "spikes_per_tick") else math.inf
        return SpikeBuffer.empty(n, depth=depth, spacing=max(refractory, 1), reach=need, mean=mean)

    def _learning(self, projection: Projection) -> Learning:
        rule, synapses = projection.plasticity, projection.synapses
        weights = np.empty(synapses.n_synapses, np.float32)
        weights[:] = projection.weight
        return Learning(
            weights=weights,
            marks=np.zeros(synapses.n_synapses if rule.marks else 0, np.float32),
            pre=np.zeros((synapses.n_sources, rule.pre_columns), self.dtype),
            post=np.zeros((synapses.n_targets, rule.post_columns), self.dtype),
            history=np.zeros((synapses.n_targets, rule.history_columns(self.dt)), np.uint64),
        )

    def _arriving(self, name: str) -> np.ndarray:
        delays = self.delays(name)
        return np.zeros((int(delays.max() - delays.min()) + 1 if delays.size else 1, self.projections[name].synapses.n_targets), self.dtype)

    def _memory(self, source: Any) -> np.ndarray:
        return np.zeros((getattr(source, "memory", 0), self.populations[source.target].n), self.dtype)

    # --- checks ---------------------------------------------------------------------------------------------------------------

    def _population(self, where: str, name: str) -> Population:
        if name not in self.populations:
            raise with_hint(ValueError(f"{where}: no population {name!r}"), f"populations: {', '.join(self.populations)}")
        return self.populations[name]

    def _check_projection(self, name: str, projection: Projection) -> None:
        """Refuse a projection that does not fit its populations."""
        where, synapses = f"projection {name!r}", projection.synapses
        source, target = self._population(where, projection.source), self._population(where, projection.target)
        if (synapses.n_sources, synapses.n_targets) != (source.n, target.n):
            got = f"got {synapses.n_sources} and {synapses.n_targets}"
            raise ValueError(f"{where}: synapses must lead from {source.n} sources to {target.n} targets, {got}")
        self._check_variable(where, projection.target, projection.variable)
        self.delays(name)
        if projection.plasticity is not None:
            if not projection.one_delay:
                error = ValueError(f"{where}: a plastic projection needs one delay for all synapses, got {projection.delay.shape}")
                raise with_hint(error, "make one projection for each delay")
            projection.plasticity.check_weight(where, projection.weight)

    def _check_input(self, name: str, source: Any) -> None:
        """Refuse an input that does not fit its population."""
        where = f"input {name!r}"
        missing = [part for part in ("target", "variable", "slot", "parameters", "kernel") if not hasattr(source, part)]
        if missing:
            raise TypeError(f"{where}: must be an input such as neurosim.PoissonInput, got {source!r} without {missing[0]}")
        self._population(where, source.target)
        self._check_variable(where, source.target, self.variable_of(source), source.slot)
        _check_size(where, source, self.populations[source.target].n)

    def _check_variable(self, where: str, population: str, variable: str | None, slot: str = "deliver") -> None:
        """Refuse a variable that the units lack, or that would be set to zero before it counts."""
        neuron = self.populations[population].neuron
        kind = type(neuron).__name__
        takes_current = slot == CURRENT and getattr(neuron, "takes_current", False)
        names = [*neuron.variables, *([CURRENT] if takes_current else [])]
        variable = variable or getattr(neuron, "port", None)
        if variable is None:
            error = ValueError(f"{where}: units of {population!r} are {kind}, which take no input unless a variable is named")
            raise with_hint(error, f"they have {', '.join(names) or 'no variables'}")
        if variable not in names:
            error = ValueError(f"{where}: {kind} of {population!r} has no variable {variable!r}")
            raise with_hint(error, f"it has {', '.join(names) or 'none'}")


def _check_size(where: str, part: Any, n: int) -> None:
    """Let a part that has arrays refuse those that do not fit n units."""
    if hasattr(part, "check"):
        try:
            part.check(n)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None


def _named(kind: str, parts: Any, wanted: type) -> dict[str, Any]:
    """Return a mapping of names to parts as a dict of its own."""
    if not isinstance(parts, Mapping):
        raise TypeError(f"{kind} must be a mapping of names to parts, got {type(parts).__name__}")
    for name, part in parts.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"{kind}: names must be texts, got {name!r}")
        if not isinstance(part, wanted):
            raise TypeError(f"{kind}: {name!r} must be a {wanted.__name__}, got {type(part).__name__}")
    return dict(parts)
