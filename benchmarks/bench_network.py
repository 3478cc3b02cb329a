r"""Spiking networks against Brian2's C++ programs, on the same arrays: synapses, weights of their own, initial potentials.

Only the loop over time is compared, on both sides with all spikes recorded: network, program and recorders are ready before. Times are CPU
seconds per biological second. Random input differs between the engines, hence answers agree in law: mean rates within 1 %, or within four
standard errors where a network is too short or too small to tell 1 % apart; and final mean weights of plastic synapses within 1 %. Where
activity follows the drawn input too closely for that, in Song's network and in layers, both engines run on the same drawn spikes first,
ours in float64, and must fire the same spikes.

Synapses transmit one step after the spike at the earliest, on both sides. Brian2 computes in float64; ours is shown in float32, which is
the default, and in float64.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Barrier
from typing import Any

import numpy as np

import neurosim as ns
from benchmarks.harness import Contender, Mismatch, Race
from benchmarks.peers import brian2_standalone as brian2
from benchmarks.peers.problems import Brunel, Cuba, Instance, Layers, Pairs, Song, multiplicative_song, plastic_brunel, with_spikes

PERCENT = 0.01
ERRORS = 4.0
"""Standard errors that rates may differ by."""
WINDOWS = 10
"""Windows that a run is cut into to see how much rates scatter."""


@dataclass(frozen=True, eq=False)
class OwnRun:
    """What one run took and gave; as :class:`benchmarks.peers.brian2_standalone.PeerRun`."""

    cpu_seconds: float
    wall_seconds: float
    biological_seconds: float
    events: dict[str, tuple[Any, Any]]
    sizes: dict[str, int]
    weights: dict[str, Any]


class Own:
    """Our side of a problem: the network, ready to run from the same start again and again."""

    def __init__(self, net: ns.Network, values: dict[str, dict[str, Any]], seconds: float, threads: int = 1) -> None:
        self.net, self._values, self._seconds, self._threads = net, values, seconds, threads
        self._record = {name: ns.Spikes(name) for name in net.populations}

    def run(self, wait: Callable[[], Any] | None = None) -> OwnRun:
        """Run once; only the run itself is timed. It begins when `wait` returns."""
        before = ns.get_threads()
        ns.set_threads(self._threads)
        try:
            state = self.net.init(seed=1, values=self._values)
            self.net.step(state, 0)
            for array in _touched(state):
                array += 0  # assigning an array to itself would do nothing
            if wait is not None:
                wait()
            cpu, wall = time.process_time(), time.perf_counter()
            data = ns.simulate(self.net, state, duration=1000 * self._seconds, record=self._record)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        finally:
            ns.set_threads(before)
        plastic = [name for name, projection in self.net.projections.items() if projection.plasticity is not None]
        weights = {name: self.net.weights(state, name) for name in plastic}
        sizes = {name: population.n for name, population in self.net.populations.items()}
        return OwnRun(cpu, wall, self._seconds, {name: _events(data, name, self.net.dt) for name in sizes}, sizes, weights)


class Pair:
    """Two networks at once, each on a thread of its own: what the cores give to those who need not wait for each other."""

    def __init__(self, networks: list[Own]) -> None:
        self._networks = networks

    def run(self) -> OwnRun:
        """Run both; together they simulate twice the time."""
        start = Barrier(len(self._networks))
        with ThreadPoolExecutor(len(self._networks)) as pool:
            runs = list(pool.map(lambda own: own.run(start.wait), self._networks))
        slowest = max(runs, key=lambda run: run.wall_seconds)
        return replace(slowest, biological_seconds=sum(run.biological_seconds for run in runs))


def _touched(state: ns.NetworkState) -> Iterator[np.ndarray]:
    """Yield the large arrays of a state: zeros that nobody has written to are no memory yet."""
    for learning in state.learning.values():
        yield learning.marks
        yield learning.weights


def _events(data: Any, name: str, dt: float) -> tuple[np.ndarray, np.ndarray]:
    return np.rint(data[f"{name}_time"].values / dt).astype(np.int64), data[f"{name}_unit"].values


def _rule(pairs: Pairs) -> Any:
    rule = "multiplicative" if pairs.multiplicative else "additive"
    return ns.PairSTDP(
        a_plus=pairs.potentiation, a_minus=pairs.depression, tau_plus=pairs.tau, tau_minus=pairs.tau, w_max=pairs.highest, rule=rule
    )


def _v(given: Instance) -> dict[str, dict[str, Any]]:
    return {name: {"v": v} for name, v in given.v.items()}


def cuba(problem: Cuba, given: Instance, seconds: float, dtype: str, threads: int = 1) -> Own:
    """Exponential currents."""
    neuron = ns.LIFCurrent(
        tau=problem.tau, tau_exc=problem.tau_exc, tau_inh=problem.tau_inh, rest=problem.rest, threshold=problem.threshold,
        reset=problem.reset, refractory=problem.refractory,
    )  # fmt: skip
    links = {"exc": (problem.weight_exc, "exc"), "inh": (problem.weight_inh, "inh")}
    projections = {}
    for name, synapses in given.synapses.items():
        source, target = name.split("-")
        weight, variable = links[source]
        projections[name] = ns.Projection(source, target, synapses, weight=weight, delay=problem.delay, variable=variable)
    populations = {name: ns.Population(neuron, n) for name, n in given.sizes.items()}
    return Own(ns.Network(populations, projections, dt=problem.dt, dtype=dtype), _v(given), seconds, threads)


def brunel(problem: Brunel, given: Instance, seconds: float, dtype: str, threads: int = 1) -> Own:
    """Delta synapses, Poisson input."""
    neuron = ns.LIF(tau=problem.tau, threshold=problem.threshold, reset=problem.reset, refractory=problem.refractory)
    projections = {}
    for name, synapses in given.synapses.items():
        source, target = name.split("-")
        one = problem.jump if source == "exc" else -problem.g * problem.jump
        plastic = problem.plasticity is not None and name == "exc-exc"
        projections[name] = ns.Projection(
            source, target, synapses, weight=one if plastic or name not in given.weights else given.weights[name], delay=problem.delay,
            plasticity=_rule(problem.plasticity) if plastic and problem.plasticity is not None else None,
        )  # fmt: skip
    populations = {name: ns.Population(neuron, n) for name, n in given.sizes.items()}
    trains = problem.in_degrees[0]
    inputs = {name: ns.PoissonInput(name, rate=problem.input_rate, n=trains, weight=problem.jump) for name in given.sizes}
    return Own(ns.Network(populations, projections, inputs, dt=problem.dt, dtype=dtype), _v(given), seconds, threads)


def _source(given: Instance, name: str, rate: float) -> Any:
    """Return Poisson sources, or those spikes that have been drawn in advance."""
    return ns.SpikeList(*given.spikes[name]) if name in given.spikes else ns.Poisson(rate=rate)


def song(problem: Song, given: Instance, seconds: float, dtype: str, threads: int = 1) -> Own:
    """Poisson sources onto plastic conductances."""
    neuron = ns.LIFConductance(
        tau=problem.tau, tau_exc=problem.tau_exc, tau_inh=problem.tau_exc, rest=problem.rest, threshold=problem.threshold,
        reset=problem.reset, refractory=0.0, exc_reversal=problem.reversal, method="euler",
    )  # fmt: skip
    link = ns.Projection(
        "pre",
        "post",
        given.synapses["pre-post"],
        weight=given.weights["pre-post"],
        delay=problem.delay,
        plasticity=_rule(problem.plasticity),
    )
    populations = {"pre": ns.Population(_source(given, "pre", problem.rate), problem.n_sources), "post": ns.Population(neuron, problem.n)}
    return Own(ns.Network(populations, {"pre-post": link}, dt=problem.dt, dtype=dtype), _v(given), seconds, threads)


def layers(problem: Layers, given: Instance, seconds: float, dtype: str, threads: int = 1) -> Own:
    """Four layers, plastic between them."""
    neuron = ns.LIFCurrent(
        tau=problem.tau, tau_exc=problem.tau_exc, tau_inh=problem.tau_exc, rest=problem.rest, threshold=problem.threshold,
        reset=problem.reset, refractory=problem.refractory,
    )  # fmt: skip
    projections = {}
    for name, synapses in given.synapses.items():
        source, target = name.split("-")
        projections[name] = ns.Projection(
            source, target, synapses, weight=problem.weight, delay=problem.delay, plasticity=_rule(problem.plasticity)
        )
    kinds = {name: neuron if name in given.v else _source(given, name, problem.rate) for name in given.sizes}
    populations = {name: ns.Population(kinds[name], n) for name, n in given.sizes.items()}
    return Own(ns.Network(populations, projections, dt=problem.dt, dtype=dtype), _v(given), seconds, threads)


# --- answers ------------------------------------------------------------------------------------------------------------------


def rate_and_error(run: Any, name: str) -> tuple[float, float]:
    """Return the mean rate of a population in Hz, and its standard error from windows of the run."""
    ticks, _ = run.events[name]
    seconds, size = run.biological_seconds, run.sizes[name]
    counts, _ = np.histogram(ticks, bins=WINDOWS, range=(0, max(int(ticks.max(initial=0)) + 1, 1)))
    scatter = counts.std(ddof=1) * np.sqrt(WINDOWS)
    return len(ticks) / (size * seconds), float(max(scatter, np.sqrt(len(ticks)))) / (size * seconds)


def same_activity(answers: list[Any]) -> str:
    """Compare the rates of all populations, and final mean weights, with those of the last contender."""
    *others, peer = answers
    told = []
    for name in peer.sizes:
        expected, error = rate_and_error(peer, name)
        for run in others:
            rate, own_error = rate_and_error(run, name)
            allowed = max(PERCENT * expected, ERRORS * float(np.hypot(error, own_error)))
            if abs(rate - expected) > allowed:
                raise Mismatch(f"{name} fires at {rate:.3f} Hz, the peer at {expected:.3f} Hz, more than {allowed:.3f} apart")
        told.append(f"{name} {' / '.join(f'{rate_and_error(run, name)[0]:.2f}' for run in answers)} Hz")
    for name in peer.weights:
        means = [float(np.mean(run.weights[name], dtype=np.float64)) for run in answers]
        if max(abs(mean / means[-1] - 1) for mean in means) > PERCENT:
            raise Mismatch(f"mean weights of {name} differ: {means}")
        told.append(f"{name} mean weight {' / '.join(f'{mean:.6g}' for mean in means)}")
    return "; ".join(told)


def same_on_given_spikes(own: Callable[..., Own], peer: Callable[..., Any], problem: Any, seconds: float, answers: list[Any]) -> str:
    """Let both engines run on the same drawn spikes, ours in float64: all spikes must be equal. Freely drawn, activity differs too much."""
    given = with_spikes(problem, problem.draw(), seconds)
    mine, theirs = own(problem, given, seconds, "float64").run(), peer(problem, given, seconds).run()
    for name in theirs.sizes:
        if not all(np.array_equal(a, b) for a, b in zip(mine.events[name], theirs.events[name], strict=True)):
            raise Mismatch(f"on the same input {name} fires {len(mine.events[name][1])} and {len(theirs.events[name][1])} spikes")
    far = max(float(np.abs(mine.weights[name] - weights).max()) for name, weights in theirs.weights.items())
    spikes = sum(len(units) for _, units in theirs.events.values())
    free = "; ".join(f"{name} {' / '.join(f'{rate_and_error(run, name)[0]:.2f}' for run in answers)} Hz" for name in theirs.sizes)
    return (
        f"on the same input the same {spikes:,} spikes, weights within {far / problem.plasticity.highest:.1g} of the highest; freely {free}"
    )


def _race(
    title: str, own: Callable[..., Own], peer: Callable[..., Any], problem: Any, seconds: float, goal: float, at_most: float | None = None
) -> Race:
    """Return a race of our two precisions and Brian2, per biological second."""
    given = problem.draw()
    same = partial(same_on_given_spikes, own, peer, problem, seconds) if isinstance(problem, Song | Layers) else same_activity
    program = peer(problem, given, seconds)
    sides = [
        Contender("neurosim", own(problem, given, seconds, "float32").run, "float32", work=_biological, at_most=at_most, taken=taken),
        Contender("neurosim", own(problem, given, seconds, "float64").run, "float64", work=_biological, taken=taken),
        Contender("Brian2 C++", program.run, "float64", work=_biological, taken=taken),
    ]
    return Race(f"{title}, {given.n_synapses:,} synapses", sides, same, "biological second", {"Brian2 C++": goal})


def _biological(run: Any) -> float:
    return run.biological_seconds


def taken(run: Any) -> tuple[float, float]:
    return run.cpu_seconds, run.wall_seconds


def _threads(title: str, own: Callable[..., Own], problem: Any, seconds: float, goal: float, at_most: float | None = None) -> Race:
    """Return a race of two threads and one, on the wall clock."""
    given = problem.draw()
    one, two = (own(problem, given, seconds, "float32", threads) for threads in (1, 2))
    pair = Pair([own(problem, given, seconds, "float32", 1) for _ in range(2)])
    runs: dict[str, Callable[[], OwnRun]] = {"2 threads": two.run, "1 thread": one.run, "2 networks at once": pair.run}
    sides = [
        Contender(name, run, "float32", work=_biological, at_most=at_most if name == "2 threads" else None, taken=taken)
        for name, run in runs.items()
    ]
    return Race(f"{title}: two threads", sides, same_spikes, "biological second", {"1 thread": goal}, clock="wall")


def same_spikes(answers: list[Any]) -> str:
    """Demand the same spikes, bit for bit."""
    first, *others = answers
    for name, other in itertools.product(first.sizes, others):
        for mine, theirs in zip(first.events[name], other.events[name], strict=True):
            if not np.array_equal(mine, theirs):
                raise Mismatch(f"spikes of {name} differ between thread counts")
    return f"the same {sum(len(units) for _, units in first.events.values()):,} spikes"


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races; the tiny ones are few, for each program of Brian2 is compiled anew."""
    if tiny:
        yield _race("CUBA", cuba, brian2.cuba, Cuba(400), 0.2, 4.0)
        yield _threads("Brunel", brunel, Brunel(500), 0.2, 1.6)
        return
    yield _race("CUBA, 4,000 neurons", cuba, brian2.cuba, Cuba(4000), 2.0, 4.0)
    yield _race("CUBA, 40,000 neurons", cuba, brian2.cuba, Cuba(40_000), 1.0, 3.5)
    yield _race("Brunel, 12,500 neurons, one weight", brunel, brian2.brunel, Brunel(), 1.0, 10.0)
    yield _race("Brunel, a weight for each synapse", brunel, brian2.brunel, Brunel(weights="each"), 1.0, 4.0)
    yield _race("Brunel, plastic from exc to exc", brunel, brian2.brunel, plastic_brunel(), 0.5, 15.0)
    yield _race("Song & Abbott, additive", song, brian2.song, Song(), 1.0, 30.0)
    yield _race("Song & Abbott, multiplicative", song, brian2.song, multiplicative_song(), 1.0, 2.0)
    yield _race("Four layers, 220,000 neurons", layers, brian2.layers, Layers(), 0.2, 9.0, at_most=1.5)
    yield _threads("Brunel, 12,500 neurons", brunel, Brunel(), 1.0, 1.6)
    yield _threads("Four layers", layers, Layers(), 0.5, 1.6, at_most=1.0)
