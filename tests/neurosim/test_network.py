"""The network engine against a loop over units and synapses, and the promises of its description."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.errors import RunawayActivity
from neurosim.network._engine import Engine
from neurosim.network._share import share_borders
from tests.reference import lif as lif_oracle
from tests.reference.network import Cells, Synapse
from tests.reference.network import run as run_oracle

DT = 0.5
Spikes = dict[str, list[tuple[int, int]]]


def cells(neuron: ns.LIF, v: np.ndarray) -> Cells:
    """Return the oracle's form of a population of leaky neurons."""

    def advance(unit: dict[str, float]) -> None:
        unit["v"] = lif_oracle.advance(unit["v"], 0.0, neuron.tau, neuron.rest, DT)

    return Cells([{"v": float(x)} for x in v], advance, neuron.threshold, neuron.reset, round(neuron.refractory / DT))


def oracle_spikes(net: ns.Network, start: dict[str, np.ndarray], ticks: int) -> Spikes:
    """Return tick and unit of all spikes, by population, as the oracle fires them."""
    populations = {name: cells(net.populations[name].neuron, v) for name, v in start.items()}
    projections = []
    for projection in net.projections.values():
        synapses = projection.synapses if projection.storage == "rows" else projection.synapses.synapses()
        n = synapses.n_synapses
        columns = (*synapses.pairs(), np.broadcast_to(projection.weight, n), np.broadcast_to(projection.delay, n))
        wired = [Synapse(int(i), int(j), float(w), round(d / DT)) for i, j, w, d in zip(*columns, strict=True)]
        projections.append((projection.source, projection.target, "v", wired))
    run_oracle(populations, projections, ticks)
    return {name: [(tick, unit) for tick, units in enumerate(group.fired) for unit in units] for name, group in populations.items()}


def engine_spikes(net: ns.Network, state: ns.NetworkState, steps: int) -> Spikes:
    """Return tick and unit of all spikes, by population, as the engine fires them."""
    run = ns.simulate(net, state, steps=steps, record={name: ns.Spikes(name) for name in net.populations})
    return {name: spikes_of(run, name, net.dt) for name in net.populations}


def spikes_of(run: Any, name: str, dt: float) -> list[tuple[int, int]]:
    ticks = np.rint(run[f"{name}_time"].values / dt).astype(int)
    return list(zip(ticks.tolist(), run[f"{name}_unit"].values.tolist(), strict=True))


def quarters(rng: np.random.Generator, low: float, high: float, n: int | None = None) -> Any:
    """Draw multiples of 1/4: sums of them are exact, in whichever order."""
    return np.round(rng.uniform(low, high, n) * 4) / 4


def random_network(
    seed: int, dtype: str = "float64", storages: tuple[str | None, ...] = (None, "rows")
) -> tuple[ns.Network, dict[str, np.ndarray]]:
    """Return a small network with all kinds of projections, and where it starts."""
    rng = np.random.default_rng(seed)
    sizes = {"exc": int(rng.integers(5, 70)), "inh": int(rng.integers(1, 20))}
    kinds = {
        "exc": ns.LIF(tau=20.0, rest=24.0, refractory=float(rng.integers(0, 5)) * DT),
        "inh": ns.LIF(tau=10.0, rest=21.0, reset=5.0, refractory=2 * DT),
    }
    projections = {}
    for source, weight in (("exc", 1.5), ("inh", -4.0)):
        for target in ("exc", "inh"):
            synapses = ns.connectivity.bernoulli(sizes[source], sizes[target], rng.uniform(0.1, 0.6), rng=rng)
            n = synapses.n_synapses
            each_weight, each_delay = rng.random() < 0.5, rng.random() < 0.4
            projections[f"{source}-{target}"] = ns.Projection(
                source,
                target,
                synapses,
                weight=quarters(rng, min(0, 2 * weight), max(0, 2 * weight), n) if each_weight else weight,
                delay=DT * rng.integers(1, 7, n) if each_delay else DT * int(rng.integers(1, 7)),
                storage=None if each_weight or each_delay else storages[int(rng.integers(len(storages)))],
            )
    net = ns.Network({name: ns.Population(kinds[name], n) for name, n in sizes.items()}, projections, dt=DT, dtype=dtype)
    return net, {name: quarters(rng, 0.0, 20.0, n) for name, n in sizes.items()}


def started(net: ns.Network, start: dict[str, np.ndarray], seed: int = 1) -> ns.NetworkState:
    return net.init(seed=seed, values={name: {"v": v} for name, v in start.items()})


class TestAgainstTheOracle:
    @given(seed=st.integers(0, 10_000))
    @settings(max_examples=25, deadline=None)
    def test_the_same_spikes(self, seed: int) -> None:
        net, start = random_network(seed)
        expected = oracle_spikes(net, start, 120)
        assert engine_spikes(net, started(net, start), 120) == expected

    def test_something_happens(self) -> None:
        assert sum(len(oracle_spikes(*random_network(seed), 120)["exc"]) for seed in range(5)) > 300


class TestReproducibility:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_promises_of_a_model(self, dtype: str) -> None:
        net, start = random_network(5, dtype)
        ns.check_model(net, started(net, start), ticks=60)

    @pytest.mark.parametrize("seed", [3, 4, 6])
    def test_threads_do_not_show(self, seed: int, two_threads: Callable[[], None]) -> None:
        net, start = wide_network(seed)
        one = engine_spikes(net, started(net, start), 150)
        two_threads()
        assert engine_spikes(net, started(net, start), 150) == one
        assert len(one["exc"]) > 500

    def test_units_move_between_threads(self, restless_threads: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
        net, start = wide_network(3)
        one, cuts = engine_spikes(net, started(net, start), 150), []
        restless_threads()
        cut = Engine._cut
        monkeypatch.setattr(Engine, "_cut", lambda engine, costs: cuts.append(cut(engine, costs)))
        assert engine_spikes(net, started(net, start), 150) == one
        assert sum(cuts) > 10

    def test_networks_come_and_go(self, restless_threads: Callable[[], None]) -> None:
        """Nothing is written to the memory of a network that is gone: new ones are made in its place."""
        for seed in range(12):
            net, start = wide_network(seed)
            ns.set_threads(1)
            one = engine_spikes(net, started(net, start), 100)
            restless_threads()
            assert engine_spikes(net, started(net, start), 100) == one

    def test_a_state_that_nobody_keeps_is_given_back(self, two_threads: Callable[[], None]) -> None:
        """Arrays of a run must not outlive it; a thread that waits for more holds some of them for milliseconds."""
        net, start = wide_network(3)
        for threads in (1, 2):
            ns.set_threads(threads)
            state = started(net, start)
            net.step(state, 20)
            kept = weakref.ref(state)
            del state
            gc.collect()
            assert kept() is None

    @pytest.mark.parametrize("slow", [0, 1])
    def test_a_slow_thread_gets_less(self, slow: int, two_threads: Callable[[], None]) -> None:
        """A thread that took three times as long for its units is left with a quarter of all; so it is in the next state."""
        net, start = wide_network(3)
        two_threads()
        state = started(net, start)
        engine = Engine.of(net, state)
        units = np.array([np.diff(borders) for borders in engine._borders.values()]).T
        engine._spent[...] = units * np.where(np.arange(2) == slow, 60_000, 20_000)[:, np.newaxis]
        engine._weigh()
        share = sum(borders[slow + 1] - borders[slow] for borders in engine._borders.values()) / 2200
        assert share == pytest.approx(0.25, abs=256 / 2200)
        again = Engine.of(net, started(net, start))
        assert [borders.tolist() for borders in again._borders.values()] == [borders.tolist() for borders in engine._borders.values()]

    @given(
        sizes=st.lists(st.integers(1, 30_000), min_size=1, max_size=5),
        costs=st.lists(st.lists(st.floats(0, 10), min_size=5, max_size=5), min_size=1, max_size=4),
    )
    def test_every_unit_has_one_thread(self, sizes: list[int], costs: list[list[float]]) -> None:
        taken = np.array(costs)[:, : len(sizes)]
        borders = share_borders(sizes, taken)
        for n, own in zip(sizes, borders, strict=True):
            assert (own[0], own[-1], len(own)) == (0, n, len(costs) + 1)
            assert (np.diff(own) >= 0).all()
            assert all(border % 512 == 0 or border == n for border in own)
        loads = np.array([np.diff(own) for own in borders]).T * taken
        assert loads.sum(1).max() <= 1.001 * (taken @ sizes).min() + 512 * taken.max()

    def test_threads_may_change_on_the_way(self, two_threads: Callable[[], None]) -> None:
        net, start = wide_network(7)
        one, state = engine_spikes(net, started(net, start), 100), started(net, start)
        first = engine_spikes(net, state, 37)
        two_threads()
        second = engine_spikes(net, state, 63)
        assert {name: first[name] + second[name] for name in one} == one

    def test_bits_and_rows_agree(self) -> None:
        spikes = [engine_spikes(net, started(net, start), 150) for net, start in (wide_network(1, "bits"), wide_network(1, "rows"))]
        assert spikes[0] == spikes[1]

    def test_a_state_that_is_given_another_seed_goes_on_with_it(self) -> None:
        net = ns.Network({"exc": ns.Population(ns.LIF(), 40)}, inputs={"noise": ns.PoissonInput("exc", rate=4000.0, weight=1.0)})
        state, other = net.init(seed=1), net.init(seed=2)
        net.step(state, 10)
        ns.state.assign(state, other)
        net.step(state, 300)
        net.step(other, 300)
        assert np.array_equal(state["exc"]["v"], other["exc"]["v"])

    def test_threads_follow_a_state_that_is_overwritten(self, two_threads: Callable[[], None]) -> None:
        """Threads keep the last spikes from one run to the next; those of another state must take their place."""
        net, start = wide_network(1)
        two_threads()
        state, other = started(net, start), started(net, {name: v[::-1].copy() for name, v in start.items()})
        net.step(state, 60)
        net.step(other, 60)
        fresh = ns.state.copy(other)
        ns.state.assign(state, other)
        for one in (state, fresh):
            net.step(one, 90)
        for name in net.populations:
            assert np.array_equal(state[name]["v"], fresh[name]["v"])

    def test_inputs_of_other_names_do_not_change_a_population(self) -> None:
        """Each part draws from a sequence of its own, found by its name."""
        noise = ns.PoissonInput("exc", rate=4000.0, weight=1.0)
        alone = ns.Network({"exc": ns.Population(ns.LIF(), 40)}, inputs={"noise": noise})
        both = ns.Network(
            {"other": ns.Population(ns.LIF(), 10), "exc": ns.Population(ns.LIF(), 40)},
            inputs={"more": ns.PoissonInput("other", rate=100.0, weight=1.0), "noise": noise},
        )
        spikes = [engine_spikes(net, net.init(seed=3), 500)["exc"] for net in (alone, both)]
        assert spikes[0] == spikes[1]
        assert len(spikes[0]) > 20


def wide_network(seed: int, storage: str | None = None) -> tuple[ns.Network, dict[str, np.ndarray]]:
    """Return a network whose populations are wide enough to be shared between threads, with exact sums."""
    rng = np.random.default_rng(seed)
    sizes = {"exc": 1500, "inh": 700}
    projections = {}
    for source, weight in (("exc", 0.25), ("inh", -1.0)):
        for target in ("exc", "inh"):
            synapses = ns.connectivity.bernoulli(sizes[source], sizes[target], 0.05, rng=rng)
            projections[source + target] = ns.Projection(source, target, synapses, weight=weight, delay=2.0, storage=storage)
    if storage is None:
        synapses = ns.connectivity.fixed_in_degree(1500, 700, 5, rng=rng)
        delays = DT * rng.integers(4, 9, synapses.n_synapses)
        projections["late"] = ns.Projection("exc", "inh", synapses, weight=quarters(rng, 0, 1, synapses.n_synapses), delay=delays)
    neuron = ns.LIF(rest=22.0)
    net = ns.Network({name: ns.Population(neuron, n) for name, n in sizes.items()}, projections, dt=DT, dtype="float64")
    return net, {name: quarters(rng, 0.0, 20.0, n) for name, n in sizes.items()}


class TestSlots:
    """What happens in which tick."""

    def chain(self, **changes: Any) -> ns.Network:
        neuron = ns.LIF(tau=10.0, threshold=1.0, reset=0.0, refractory=changes.pop("refractory", 0.0))
        one = ns.connectivity.one_to_one(1)
        link = ns.Projection("a", "b", one, **{"weight": 2.0, "delay": 1.0, **changes})
        return ns.Network({"a": ns.Population(neuron, 1), "b": ns.Population(neuron, 1)}, {"a-b": link}, dtype="float64")

    @pytest.mark.parametrize("delay", [0.1, 0.2, 1.0, 7.3])
    def test_a_jump_is_felt_one_tick_after_the_delay(self, delay: float) -> None:
        net = self.chain(delay=delay)
        spikes = engine_spikes(net, net.init(seed=1, values={"a": {"v": 1.5}}), 100)
        assert spikes == {"a": [(0, 0)], "b": [(round(delay / 0.1) + 1, 0)]}

    def test_v_has_jumped_at_the_end_of_the_tick_of_arrival(self) -> None:
        net = self.chain(weight=0.5, delay=0.3)
        state = net.init(seed=1, values={"a": {"v": 1.5}})
        run = ns.simulate(net, state, steps=6, record={"v": ns.Trace(lambda state: state["b"]["v"][0])})
        assert run.v.values == pytest.approx([0, 0, 0, 0, 0.5, 0.5 * math.exp(-0.01), 0.5 * math.exp(-0.02)])

    def test_jumps_in_the_refractory_time_are_lost(self) -> None:
        net = self.chain(refractory=2.0)
        spikes = engine_spikes(net, net.init(seed=1, values={"a": {"v": 1.5}, "b": {"v": 1.5}}), 100)
        assert spikes == {"a": [(0, 0)], "b": [(0, 0)]}

    def test_the_refractory_time_ends_with_its_last_tick(self) -> None:
        """Fired in tick 0 and held for 10 ticks: a jump in tick 9 is lost, one in tick 10 counts."""
        late = [engine_spikes(net, net.init(seed=1, values={"a": {"v": 1.5}, "b": {"v": 1.5}}), 30)["b"] for net in self.late(0.9, 1.0)]
        assert late == [[(0, 0)], [(0, 0), (11, 0)]]

    def late(self, *delays: float) -> list[ns.Network]:
        return [self.chain(refractory=1.0, delay=delay) for delay in delays]


class TestRunaway:
    def exploding(self) -> ns.Network:
        synapses = ns.connectivity.all_to_all(100, 100, self_connections=False)
        return ns.Network(
            {"exc": ns.Population(ns.LIF(refractory=0.0), 100)}, {"e": ns.Projection("exc", "exc", synapses, weight=5.0, delay=0.1)}
        )

    @pytest.mark.parametrize("slices", [[4000], [1] * 350, [33] * 20])
    def test_a_run_stops_at_the_same_tick_for_any_slices(self, slices: list[int]) -> None:
        net = self.exploding()
        state = net.init(seed=1, values={"exc": {"v": np.linspace(0, 20.5, 100)}})
        with pytest.raises(RunawayActivity, match=r"population 'exc' fires at \d+ Hz at 10 ms, more than max_rate = 1000 Hz"):
            step_all(net, state, slices)
        assert (state.tick, state.spikes["exc"].tick) == (100, 100)

    def test_small_ticks_are_watched_as_long(self) -> None:
        """At 0.005 ms a window has 2,000 ticks, more than a buffer holds by default."""
        net = ns.Network({"exc": ns.Population(ns.LIF(rest=200.0, refractory=0.0), 10)}, dt=0.005, max_rate=500.0)
        with pytest.raises(RunawayActivity, match=r"fires at \d+ Hz at 10.24 ms, more than max_rate = 500 Hz"):
            net.step(net.init(seed=1), 4000)

    def test_the_state_is_kept(self, tmp_path: Any) -> None:
        net, path = self.exploding(), tmp_path / "run.checkpoint"
        state = net.init(seed=1, values={"exc": {"v": np.linspace(0, 20.5, 100)}})
        with pytest.raises(RunawayActivity):
            ns.simulate(net, state, duration=400.0, checkpoint=path)
        assert ns.state.load(path).tick == 100


def step_all(net: ns.Network, state: ns.NetworkState, slices: list[int]) -> None:
    for ticks in slices:
        net.step(state, ticks)


class TestBadInput:
    cell = ns.Population(ns.LIF(), 10)
    ring = ns.connectivity.one_to_one(10)

    def net(self, **changes: Any) -> ns.Network:
        projection = {"source": "exc", "target": "exc", "synapses": self.ring, "weight": 0.1, "delay": 1.0, **changes}
        return ns.Network({"exc": self.cell, "inh": ns.Population(ns.LIF(), 4)}, {"e": ns.Projection(**projection)})

    @pytest.mark.parametrize(
        ("changes", "message", "hint"),
        [
            ({"source": "ecx"}, "projection 'e': no population 'ecx'", "populations: exc, inh"),
            ({"target": "inh"}, "projection 'e': synapses must lead from 10 sources to 4 targets, got 10 and 10", None),
            ({"weight": [0.1, 0.2]}, r"weight must be a number or have shape \(10,\), one for each synapse, got shape \(2,\)", "pairs"),
            ({"weight": math.nan}, "weight must be finite, got nan", None),
            ({"delay": [1.0, 2.0]}, r"delay must be a number or have shape \(10,\), one for each synapse, got shape \(2,\)", "pairs"),
            ({"delay": 0.04}, "delay of 'e' must be at least dt = 0.1, got 0.04", None),
            ({"delay": 0.25}, "delay of 'e' must be a multiple of dt = 0.1, got 0.25", "choose a dt that divides it"),
            ({"delay": 0.0}, "delay must be finite and above 0, got 0", None),
            ({"variable": "ge"}, "projection 'e': LIF of 'exc' has no variable 'ge'", "it has v"),
            ({"variable": "current"}, "projection 'e': LIF of 'exc' has no variable 'current'", "it has v"),
            ({"storage": "dense"}, "storage must be one of 'bits', 'rows', got 'dense'", None),
            ({"weight": np.ones(10), "storage": "bits"}, "storage 'bits' needs one weight", "leave storage out"),
        ],
    )
    def test_projections(self, changes: dict[str, Any], message: str, hint: str | None) -> None:
        with pytest.raises(ValueError, match=message) as caught:
            self.net(**changes)
        assert hint is None or hint in caught.value.__notes__[0]

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (ns.PoissonInput("ecx", rate=1.0, weight=1.0), "input 'x': no population 'ecx'"),
            (ns.PoissonInput("exc", rate=1.0, weight=1.0, variable="current"), "input 'x': LIF of 'exc' has no variable 'current'"),
            (ns.PoissonInput("src", rate=1.0, weight=1.0), "input 'x': units of 'src' are Poisson, which take no input"),
            (ns.StepCurrent("exc", [0.0], [[1.0, 2.0]]), r"input 'x': amplitudes must have shape \(k,\) or \(k, 10\)"),
        ],
    )
    def test_inputs(self, source: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ns.Network({"exc": self.cell, "src": ns.Population(ns.Poisson(5.0), 3)}, inputs={"x": source})

    def test_a_spike_list_of_units_that_are_not_there(self) -> None:
        with pytest.raises(ValueError, match=r"population 'src': units of a spike list must lie in 0 ... 2 for a population of 3, got 7"):
            ns.Network({"src": ns.Population(ns.SpikeList([7], [1.0]), 3)})

    def test_a_population_without_a_model(self) -> None:
        with pytest.raises(TypeError, match="neuron must be a model of a neuron such as neurosim.LIF\\(\\), got the class LIF"):
            ns.Population(ns.LIF, 10)

    def test_objects_in_place_of_names(self) -> None:
        with pytest.raises(TypeError, match="source must be the name of a population, got Population"):
            ns.Projection(self.cell, "exc", self.ring, weight=0.1, delay=1.0)  # pyright: ignore[reportArgumentType]

    def test_a_refractory_time_that_is_no_multiple_of_dt(self) -> None:
        with pytest.raises(ValueError, match="refractory of 'exc' must be a multiple of dt = 0.1, got 0.25"):
            ns.Network({"exc": ns.Population(ns.LIF(refractory=0.25), 3)})

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"ecx": {"v": 1.0}}, "values: no population 'ecx'"),
            ({"exc": {"w": 1.0}}, "values: population 'exc' has no variable 'w'"),
            ({"exc": {"v": [1.0, 2.0]}}, r"values: 'v' of 'exc' must be a number or have shape \(10,\), got shape \(2,\)"),
            ({"exc": {"v": math.inf}}, "values: 'v' of 'exc' must be finite, got inf"),
        ],
    )
    def test_initial_values(self, values: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            self.net().init(seed=1, values=values)

    def test_reading_what_is_not_there(self) -> None:
        state = self.net().init(seed=1)
        with pytest.raises(KeyError, match="no population 'ecx'"):
            state["ecx"]
        with pytest.raises(KeyError, match="no variable 'ge'"):
            state["exc"]["ge"]
        with pytest.raises(ValueError, match="no projection 'x'"):
            self.net().weights(state, "x")
