"""One network of everything: all neurons, sources, inputs, storages and rules, on slices, threads, restarts and both types of numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.kernels import network as kernels

SIZES = {"lif": 1100, "cur": 900, "cond": 520, "adex": 520, "izh": 60, "each": 600, "one": 5000, "list": 10}
RECORD = {name: ns.Spikes(name) for name in SIZES}


def everything(dtype: str = "float32") -> ns.Network:
    """Return a network in which each part of the engine has something to do."""
    rng = np.random.default_rng(11)
    kinds = {
        "lif": ns.LIF(), "cur": ns.LIFCurrent(), "cond": ns.LIFConductance(), "adex": ns.AdaptiveExponential(), "izh": ns.Izhikevich(),
        "each": ns.Poisson(rng.uniform(0, 80, SIZES["each"])), "one": ns.Poisson(20.0),
        "list": ns.SpikeList(rng.integers(0, 10, 40), np.sort(rng.choice(3000, 40, replace=False)) * 0.1),
    }  # fmt: skip

    def draw(source: str, target: str, degree: int) -> Any:
        return ns.fixed_in_degree(SIZES[source], SIZES[target], degree, rng=rng)

    each = draw("each", "cur", 30)
    late = draw("lif", "cond", 30)
    links = {
        "bits": ns.Projection("lif", "lif", ns.bernoulli(1100, 1100, 0.1, rng=rng), weight=-0.125, delay=1.5),
        "rows": ns.Projection("lif", "adex", draw("lif", "adex", 20), weight=40.0, delay=0.5),
        "weighted": ns.Projection("each", "cur", each, weight=rng.uniform(0, 1.5, each.n_synapses), delay=0.7),
        "delayed": ns.Projection("lif", "cond", late, weight=0.05, delay=0.1 * rng.integers(5, 60, late.n_synapses)),
        "additive": ns.Projection("one", "cur", draw("one", "cur", 40), weight=0.6, delay=0.5, plasticity=ns.PairSTDP(1.5)),
        "nearest": ns.Projection(
            "cur", "cond", draw("cur", "cond", 40), weight=0.02, delay=1.0, plasticity=ns.PairSTDP(0.1, pairing="nearest")
        ),
        "soft": ns.Projection(
            "one", "cond", draw("one", "cond", 40), weight=0.05, delay=0.8, plasticity=ns.PairSTDP(0.1, rule="multiplicative")
        ),
        "listed": ns.Projection("list", "izh", ns.all_to_all(10, 60), weight=15.0, delay=0.5),
    }
    inputs = {
        "noise": ns.PoissonInput("lif", rate=24_000.0, weight=0.125),
        "rare": ns.PoissonInput("cond", rate=50.0, weight=0.1, variable="exc"),
        "step": ns.StepCurrent("adex", [0.0, 50.0, 120.0], [500.0, 900.0, 600.0]),
        "white": ns.NoiseCurrent("izh", 5.0, 4.0),
        "coloured": ns.NoiseCurrent("cur", 8.0, 3.0, tau=10.0),
    }
    return ns.Network({name: ns.Population(kinds[name], n) for name, n in SIZES.items()}, links, inputs, dtype=dtype)


def run(net: ns.Network, state: ns.NetworkState, steps: int, **options: Any) -> dict[str, np.ndarray]:
    """Return what a run fired, and its weights at the end."""
    data = ns.simulate(net, state, steps=steps, record=RECORD, **options)
    spikes = {f"{name}_{part}": data[f"{name}_{part}"].values for name in SIZES for part in ("unit", "time")}
    return spikes | {name: net.weights(state, name) for name, link in net.projections.items() if link.plasticity is not None}


def check_equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert [name for name in first if not np.array_equal(first[name], second[name])] == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
class TestEverything:
    def test_each_population_fires_and_each_rule_learns(self, dtype: str) -> None:
        net = everything(dtype)
        found = run(net, net.init(seed=1), 3000)
        assert {name for name in SIZES if len(found[f"{name}_unit"]) < 20} == set()
        assert all(found[name].std() > 0 for name in ("additive", "nearest", "soft"))

    def test_the_promises_of_a_model(self, dtype: str) -> None:
        net = everything(dtype)
        state = net.init(seed=2)
        net.step(state, 900)
        ns.check_model(net, state, ticks=150)

    def test_two_threads_fire_the_same_spikes(self, dtype: str, two_threads: Callable[[], None]) -> None:
        net = everything(dtype)
        one = run(net, net.init(seed=3), 1500)
        two_threads()
        check_equal(one, run(net, net.init(seed=3), 1500))

    def test_sharing_the_work_anew_does_not_show(self, dtype: str, restless_threads: Callable[[], None]) -> None:
        net = everything(dtype)
        one = run(net, net.init(seed=3), 1500)
        restless_threads()
        check_equal(one, run(net, net.init(seed=3), 1500))

    def test_a_stopped_run_goes_on_from_its_checkpoint(self, dtype: str, tmp_path: Path, two_threads: Callable[[], None]) -> None:
        """Saved with one thread in the middle, spikes under way; loaded and gone on with two."""
        net, path = everything(dtype), tmp_path / "state"
        whole, state = run(net, net.init(seed=4), 2300), net.init(seed=4)
        first = run(net, state, 1111)
        ns.state.save(state, path)
        two_threads()
        state = ns.state.load(path, ns.NetworkState)
        second = run(net, state, 2300 - 1111)
        spikes = {name: np.concatenate([first[name], second[name]]) for name in first if name.endswith(("unit", "time"))}
        check_equal({name: whole[name] for name in spikes}, spikes)
        check_equal(
            {name: whole[name] for name in ("additive", "nearest", "soft")},
            {name: second[name] for name in ("additive", "nearest", "soft")},
        )


def test_the_loop_is_compiled_once_for_each_type_of_numbers() -> None:
    for dtype in ("float32", "float64"):
        net = everything(dtype)
        net.step(net.init(seed=1), 3)
    for name in ("run", "run_share", "take_over", "merge", "runaway", "collect", "append"):
        assert len(getattr(kernels, name).signatures) <= 2, name
    assert len(kernels.run.signatures) == 2


def test_other_seeds_give_other_spikes() -> None:
    net = everything()
    first, second = (run(net, net.init(seed=seed), 500) for seed in (1, 2))
    assert not np.array_equal(first["lif_unit"], second["lif_unit"])
    assert not np.array_equal(first["one_unit"], second["one_unit"])
