"""The spiking networks that engines are compared on: their parameters, and the arrays that both engines get.

A problem is a frozen set of numbers (times in ms, potentials in mV, rates in Hz); its ``draw`` makes an :class:`Instance`: who is
connected to whom, the weights that differ from synapse to synapse, and the initial values. Synapses go by "source-target".

Every delay is at least one step: an engine that delivers within the step of the spike and one that does not are then the same network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from neurosim import connectivity
from neurosim.connectivity import Synapses

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Instance:
    """What is drawn of a problem: sizes, synapses, weights of synapses that have their own, and initial potentials.

    Where there are `spikes`, units and times in ms, the population fires these and not at random: then both engines get the same input, and
    must give the same answer.
    """

    sizes: dict[str, int]
    synapses: dict[str, Synapses]
    weights: dict[str, Array] = field(default_factory=dict)
    v: dict[str, Array] = field(default_factory=dict)
    spikes: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    @property
    def n_synapses(self) -> int:
        """Number of all synapses."""
        return sum(block.n_synapses for block in self.synapses.values())


@dataclass(frozen=True)
class Pairs:
    """Pair STDP, all to all; amplitudes are in the unit of the weight.

    At an arrival ``w -= depression * y``, at a postsynaptic spike ``w += potentiation * x``, kept in 0 ... highest; x and y rise by 1 at
    arrivals and at postsynaptic spikes. If `multiplicative`, the former is times ``w / highest``, the latter times ``1 - w / highest``.
    """

    potentiation: float
    depression: float
    highest: float
    tau: float = 20.0
    multiplicative: bool = False


@dataclass(frozen=True)
class Cuba:
    """Exponential currents: Brian2's CUBA example (Vogels & Abbott 2005) with a fixed in-degree of 64 + 16."""

    n: int = 4000
    dt: float = 0.1
    tau: float = 20.0
    tau_exc: float = 5.0
    tau_inh: float = 10.0
    rest: float = -49.0
    threshold: float = -50.0
    reset: float = -60.0
    refractory: float = 5.0
    weight_exc: float = 1.62
    weight_inh: float = -9.0
    delay: float = 0.1
    in_degrees: tuple[int, int] = (64, 16)

    def draw(self, seed: int = 1) -> Instance:
        """Draw in-degrees 64 and 16, and potentials between reset and threshold."""
        sizes = {"exc": 4 * self.n // 5, "inh": self.n - 4 * self.n // 5}
        rng = np.random.default_rng(seed)
        synapses = _four_blocks(sizes, self.in_degrees, rng)
        return Instance(sizes, synapses, {}, _uniform(sizes, self.reset, self.threshold, rng))


@dataclass(frozen=True)
class Brunel:
    """Delta synapses: Brunel (2000), model A, at g = 5 and eta = 2, with 12,500 neurons and 15.6 million synapses.

    `weights` says whether excitatory and inhibitory synapses have one weight each, or each synapse its own (normal, s.d. a tenth of the
    mean, cut off at two s.d.); `plasticity` makes those from exc to exc plastic.
    """

    n: int = 12_500
    dt: float = 0.1
    tau: float = 20.0
    threshold: float = 20.0
    reset: float = 10.0
    refractory: float = 2.0
    weight: float = 0.1
    g: float = 5.0
    eta: float = 2.0
    delay: float = 1.5
    weights: Literal["one", "each"] = "one"
    plasticity: Pairs | None = None

    @property
    def in_degrees(self) -> tuple[int, int]:
        """A tenth of each population; J = 0.1 mV is for 1,000 excitatory synapses a neuron."""
        return 4 * self.n // 50, (self.n - 4 * self.n // 5) // 10

    @property
    def jump(self) -> float:
        """The excitatory weight in mV, scaled so that any n has the mean input of n = 12,500."""
        return self.weight * 1000 / self.in_degrees[0]

    @property
    def input_rate(self) -> float:
        """Rate in Hz of each of the `in_degrees[0]` external sources of a neuron."""
        return 1000 * self.eta * self.threshold / (self.jump * self.in_degrees[0] * self.tau)

    def draw(self, seed: int = 1) -> Instance:
        """Draw fixed in-degrees, and potentials between rest and threshold."""
        sizes = {"exc": 4 * self.n // 5, "inh": self.n - 4 * self.n // 5}
        rng = np.random.default_rng(seed)
        synapses = _four_blocks(sizes, self.in_degrees, rng)
        means = {name: self.jump if name.startswith("exc") else -self.g * self.jump for name in synapses}
        weights = {}
        if self.weights == "each":
            weights = {name: _scattered(means[name], block.n_synapses, rng) for name, block in synapses.items()}
        elif self.plasticity is not None:
            weights = {"exc-exc": np.full(synapses["exc-exc"].n_synapses, self.jump, np.float32)}
        return Instance(sizes, synapses, weights, _uniform(sizes, 0.0, self.threshold, rng))


def plastic_brunel(n: int = 12_500) -> Brunel:
    """Brunel's network with additive pair STDP from exc to exc."""
    jump = Brunel(n).jump
    return Brunel(n, plasticity=Pairs(0.001 * jump, 0.00105 * jump, 2 * jump))


@dataclass(frozen=True)
class Song:
    """Conductances and STDP: Brian2's example of Song, Miller & Abbott (2000), 1,000 Poisson sources onto each of n neurons.

    Weights are in units of the leak conductance.
    """

    n: int = 1000
    n_sources: int = 1000
    dt: float = 0.1
    rate: float = 15.0
    tau: float = 10.0
    tau_exc: float = 5.0
    rest: float = -74.0
    threshold: float = -54.0
    reset: float = -60.0
    reversal: float = 0.0
    delay: float = 0.1
    plasticity: Pairs = Pairs(1e-4, 1.05e-4, 0.01)

    def draw(self, seed: int = 1) -> Instance:
        """Draw weights between 0 and the highest; potentials begin at reset."""
        sizes = {"pre": self.n_sources, "post": self.n}
        synapses = connectivity.all_to_all(self.n_sources, self.n)
        weights = np.random.default_rng(seed).random(synapses.n_synapses, np.float32) * np.float32(self.plasticity.highest)
        return Instance(sizes, {"pre-post": synapses}, {"pre-post": weights}, {"post": np.full(self.n, self.reset)})


def multiplicative_song(n: int = 1000, n_sources: int = 1000) -> Song:
    """Song's network with the multiplicative rule."""
    return Song(n, n_sources, plasticity=Pairs(1e-4, 1.05e-4, 0.01, multiplicative=True))


@dataclass(frozen=True)
class Layers:
    """Four layers one after the other, Poisson sources and three of LIF neurons, with plastic synapses between them."""

    n: int = 220_000
    dt: float = 0.1
    rate: float = 10.0
    tau: float = 20.0
    tau_exc: float = 5.0
    rest: float = -60.0
    threshold: float = -50.0
    reset: float = -60.0
    refractory: float = 5.0
    delay: float = 1.0
    in_degree: int = 100
    weight: float = 1.87
    plasticity: Pairs = Pairs(0.00055, 0.0005775, 3.74)

    def draw(self, seed: int = 1) -> Instance:
        """Draw fixed in-degrees, one weight to begin with, and potentials between rest and threshold."""
        names, rng = [f"layer{k}" for k in range(4)], np.random.default_rng(seed)
        sizes = dict.fromkeys(names, self.n // 4)
        synapses = {
            f"{source}-{target}": connectivity.fixed_in_degree(self.n // 4, self.n // 4, self.in_degree, rng=rng)
            for source, target in zip(names[:-1], names[1:], strict=True)
        }
        weights = {name: np.full(block.n_synapses, self.weight, np.float32) for name, block in synapses.items()}
        return Instance(sizes, synapses, weights, _uniform(dict.fromkeys(names[1:], self.n // 4), self.reset, self.threshold, rng))


def with_spikes(problem: Song | Layers, given: Instance, seconds: float, seed: int = 1) -> Instance:
    """Return an instance whose Poisson sources have been drawn in advance."""
    name = "pre" if isinstance(problem, Song) else "layer0"
    n, p = given.sizes[name], problem.rate * problem.dt / 1000
    cells, rng = n * round(1000 * seconds / problem.dt), np.random.default_rng(seed)
    places = np.cumsum(rng.geometric(p, round(cells * p + 10 * np.sqrt(cells * p) + 10))) - 1
    ticks, units = np.divmod(places[places < cells], n)
    return replace(given, spikes={name: (units.astype(np.int32), ticks * problem.dt)})


def _four_blocks(sizes: dict[str, int], in_degrees: tuple[int, int], rng: np.random.Generator) -> dict[str, Synapses]:
    """Give every neuron the same number of excitatory, and of inhibitory, synapses."""
    return {
        f"{source}-{target}": connectivity.fixed_in_degree(sizes[source], sizes[target], degree, rng=rng)
        for source, degree in zip(("exc", "inh"), in_degrees, strict=True)
        for target in ("exc", "inh")
    }


def _uniform(sizes: dict[str, int], low: float, high: float, rng: np.random.Generator) -> dict[str, Array]:
    return {name: rng.uniform(low, high, n) for name, n in sizes.items()}


def _scattered(mean: float, n: int, rng: np.random.Generator) -> Array:
    deviations = rng.standard_normal(n, np.float32).clip(-2.0, 2.0)
    return (np.float32(mean) * (np.float32(1.0) + np.float32(0.1) * deviations)).astype(np.float32)
