"""The same network in Brian2: the same spikes where nothing is random, the same statistics where something is, refusals by name."""

from __future__ import annotations

import doctest
import importlib
import math
import re
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends import brian2 as backend
from neurosim.errors import MissingExtra

COBA = ns.LIFConductance(tau=20.0, rest=-60.0, threshold=-50.0, reset=-60.0, refractory=5.0)


@pytest.fixture(scope="module")
def b2() -> Iterator[Any]:
    """Brian2, with its target that compiles nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        brian2 = pytest.importorskip("brian2", reason="Brian2 is not installed: pip install 'neurosim[brian2]'")
    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield brian2
    brian2.prefs.codegen.target = before


# Networks.


def two_populations(neuron: Any, ports: tuple[str, str], weights: tuple[float, float], rng: np.random.Generator) -> ns.Network:
    """Return 120 excitatory and 30 inhibitory cells, with one weight and delay, weights of their own, and delays of their own."""
    sizes, projections = {"exc": 120, "inh": 30}, {}
    for source, port, weight in zip(sizes, ports, weights, strict=True):
        for target in sizes:
            synapses = ns.connectivity.fixed_in_degree(sizes[source], sizes[target], sizes[source] // 5, rng=rng)
            each = target == "exc"
            projections[f"{source}-{target}"] = ns.Projection(
                source, target, synapses,
                weight=weight * rng.uniform(0.5, 1.5, synapses.n_synapses) if each else weight,
                delay=0.1 * rng.integers(1, 40, synapses.n_synapses) if each and source == "inh" else 1.5,
                variable=port,
            )  # fmt: skip
    return ns.Network({name: ns.Population(neuron, n) for name, n in sizes.items()}, projections, dtype="float64")


def driven(neuron: Any, weight: float, amplitude: float, rng: np.random.Generator, n: int = 40) -> ns.Network:
    """Return cells that get given spikes, 100 a second from each of 100 units, and currents that change twice."""
    units = np.repeat(np.arange(100), 20)
    ticks = np.concatenate([rng.choice(2000, 20, replace=False) for _ in range(100)])
    return ns.Network(
        {"given": ns.Population(ns.SpikeList(units, ticks * 0.1), 100), "exc": ns.Population(neuron, n)},
        {"given-exc": ns.Projection("given", "exc", ns.connectivity.bernoulli(100, n, 0.3, rng=rng), weight=weight, delay=1.5)},
        {"step": ns.StepCurrent("exc", [5.0, 50.0, 150.0], amplitude * rng.uniform(0.5, 1.0, (3, n)))},
        dtype="float64",
    )


def balanced(neuron: Any, ports: tuple[str, str], weights: tuple[float, float], inputs: dict[str, Any], n: int = 1000) -> ns.Network:
    """Return excitatory and inhibitory cells, each with a tenth of both as sources."""
    rng, sizes = np.random.default_rng(3), {"exc": 4 * n // 5, "inh": n // 5}
    projections = {
        f"{source}-{target}": ns.Projection(
            source, target, ns.connectivity.fixed_in_degree(sizes[source], sizes[target], sizes[source] // 10, rng=rng),
            weight=weight, delay=1.5, variable=port,
        )
        for source, port, weight in zip(sizes, ports, weights, strict=True) for target in sizes
    }  # fmt: skip
    return ns.Network({name: ns.Population(neuron, size) for name, size in sizes.items()}, projections, inputs)


def between(net: ns.Network, low: float, high: float, rng: np.random.Generator) -> ns.NetworkState:
    return net.init(seed=1, values={name: {"v": rng.uniform(low, high, p.n)} for name, p in net.populations.items()})


def watch(net: ns.Network, *populations: str, every: int = 1) -> dict[str, Any]:
    """Record all spikes, and all variables of some populations."""
    traces = {
        f"{name}_{variable}_trace": ns.Trace(lambda state, n=name, v=variable: state[n][v], dims=(f"{name}_cell",), every=every)
        for name in populations
        for variable in net.variables(name)
    }
    return {**{name: ns.Spikes(name) for name in net.populations}, **traces}


def both(net: ns.Network, state: ns.NetworkState, duration: float, record: dict[str, Any]) -> tuple[Any, Any]:
    """Return the datasets of Brian2 and of ours."""
    return backend.simulate(net, state, duration=duration, record=record), ns.simulate(net, state, duration=duration, record=record)


def assert_same(theirs: Any, ours: Any, tolerance: float = 1e-9, **spikes: int) -> None:
    """Compare everything in two datasets; each population must have fired at least so often."""
    assert list(theirs.variables) == list(ours.variables)
    assert theirs.sizes == ours.sizes
    for name, variable in ours.variables.items():
        assert (theirs[name].dims, theirs[name].dtype, theirs[name].attrs) == (variable.dims, variable.dtype, variable.attrs)
        np.testing.assert_allclose(theirs[name].values, variable.values, rtol=0, atol=tolerance if name in ours.data_vars else 0)
    for name, least in spikes.items():
        assert ours.sizes[f"{name}_spike"] >= least
    assert {"model", "dt", "seed", "steps", "ticks", "stopped_by", "compile_seconds", "wall_seconds", "neurosim"} <= set(theirs.attrs)
    assert all(theirs.attrs[name] == ours.attrs[name] for name in ("model", "dt", "seed", "steps", "ticks", "stopped_by", "neurosim"))


# The same spikes.


@pytest.mark.parametrize("refractory", [0.0, 0.1, 2.0])
def test_voltage_jumps_give_the_same_spikes(b2: Any, rng: np.random.Generator, refractory: float) -> None:
    net = two_populations(ns.LIF(rest=23.0, refractory=refractory), ("v", "v"), (0.3, -1.5), rng)
    theirs, ours = both(net, between(net, 0.0, 20.0, rng), 100.0, watch(net, "exc", "inh"))
    assert_same(theirs, ours, exc=200, inh=50)


@pytest.mark.parametrize(("tau_exc", "tolerance"), [(5.0, 1e-9), (20.0, 1e-6)])
def test_exponential_currents_give_the_same_spikes(b2: Any, rng: np.random.Generator, tau_exc: float, tolerance: float) -> None:
    neuron = ns.LIFCurrent(tau=20.0, rest=-49.0, threshold=-50.0, reset=-60.0, refractory=5.0, tau_exc=tau_exc, tau_inh=10.0)
    net = two_populations(neuron, ("exc", "inh"), (1.0, -9.0), rng)
    theirs, ours = both(net, between(net, -60.0, -50.0, rng), 100.0, watch(net, "exc", "inh", every=7))
    assert_same(theirs, ours, tolerance, exc=80, inh=20)


@pytest.mark.parametrize(
    ("neuron", "weight", "amplitude"),
    [
        (ns.LIF(), 0.5, 15.0),
        (ns.LIFConductance(method="euler"), 0.1, 5.0),
        (ns.Izhikevich(), 3.0, 5.0),
        (ns.Izhikevich(tau_syn=5.0), 0.3, 5.0),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "variables") else str(value),
)
def test_given_spikes_and_currents_give_the_same_spikes(
    b2: Any, rng: np.random.Generator, neuron: Any, weight: float, amplitude: float
) -> None:
    net = driven(neuron, weight, amplitude, rng)
    theirs, ours = both(net, net.init(seed=1), 150.0, watch(net, "exc"))
    assert_same(theirs, ours, exc=100, given=1000)


@pytest.mark.parametrize(
    ("neuron", "weight", "amplitude"), [(COBA, 0.1, 5.0), (ns.AdaptiveExponential(refractory=2.0, tau_exc=7.0), 30.0, 600.0)]
)
def test_another_method_moves_spikes_by_a_step(b2: Any, rng: np.random.Generator, neuron: Any, weight: float, amplitude: float) -> None:
    net = driven(neuron, weight, amplitude, rng)
    theirs, ours = both(net, net.init(seed=1), 100.0, watch(net, "exc"))
    first = [data.exc_time.values[np.unique(data.exc_unit.values, return_index=True)[1]] for data in (theirs, ours)]
    np.testing.assert_allclose(first[0], first[1], atol=0.1001)
    assert theirs.sizes["exc_spike"] == pytest.approx(ours.sizes["exc_spike"], rel=0.01)
    quiet = ours.time.values < first[1].min() - 1.0
    np.testing.assert_allclose(theirs.exc_v_trace.values[quiet], ours.exc_v_trace.values[quiet], atol=0.01)


@pytest.mark.parametrize("pairing", ["all-to-all", "nearest"])
@pytest.mark.parametrize("rule", ["additive", "multiplicative"])
def test_plastic_weights_are_the_same_within_rounding(b2: Any, rng: np.random.Generator, rule: str, pairing: str) -> None:
    net, stdp = (
        driven(ns.LIF(), 1.0, 10.0, rng),
        ns.PairSTDP(w_max=2.0, a_plus=0.15, a_minus=0.15, tau_minus=30.0, rule=rule, pairing=pairing),
    )
    wired = net.projections["given-exc"].synapses.synapses()
    plastic = ns.Projection("given", "exc", wired, weight=rng.uniform(0.0, 2.0, wired.n_synapses), delay=1.5, plasticity=stdp)
    net = ns.Network(net.populations, {"given-exc": plastic}, net.inputs, dtype="float64")
    record = {"exc": ns.Spikes("exc"), "weights": ns.Trace(lambda state: net.weights(state, "given-exc"), dims=("synapse",), every=100)}
    theirs, ours = both(net, net.init(seed=1), 200.0, record)
    assert_same(theirs, ours, 1e-4, exc=200)
    assert np.abs(ours.weights[-1] - ours.weights[0]).mean() > 0.1
    assert rule == "multiplicative" or (ours.weights.min(), ours.weights.max()) == (0.0, 2.0)


def test_single_precision_is_kept_in_the_result(b2: Any) -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(rest=25.0), 3)})
    theirs, ours = both(net, net.init(seed=1), 50.0, watch(net, "exc", every=10))
    assert_same(theirs, ours, 1e-4, exc=3)


def test_the_state_given_is_not_advanced(b2: Any) -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(rest=25.0), 2)})
    state = net.init(seed=1)
    before = state["exc"]["v"].copy()
    data = backend.simulate(net, state, steps=400, record={"exc": ns.Spikes("exc", units=[1])})
    assert (state.tick, state.spikes["exc"].total, data.sizes["exc_spike"]) == (0, 0, 1)
    assert np.array_equal(state["exc"]["v"], before)


def test_recorders_stream_and_count(b2: Any, tmp_path: Path) -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(rest=25.0, refractory=0.0), 2)}, dtype="float64")
    record = {"exc": ns.Spikes("exc", stream=tmp_path / "spikes.npy"), "sum": ns.Count(lambda state: state["exc"]["v"].sum(), every=5)}
    theirs = backend.simulate(net, net.init(seed=1), duration=100.0, record=record)
    ours = ns.simulate(net, net.init(seed=1), duration=100.0, record=record)
    np.testing.assert_allclose(theirs["sum"], ours["sum"], rtol=1e-9)
    assert len(np.load(tmp_path / "spikes.npy")) == theirs.sizes["exc_spike"] > 0


# The same statistics.


def statistics(data: Any, name: str, first: float, stop: float) -> dict[str, tuple[float, float]]:
    """Return rate, CV and pair correlation of a population, each with its standard error over pieces of time, cells, or pairs of cells."""
    times, units, n = data[f"{name}_time"].values, data[f"{name}_unit"].values, data[f"{name}_unit"].attrs["n_units"]
    times, units = times[times >= first], units[times >= first]
    trains = np.split(times[np.lexsort((times, units))], np.cumsum(np.bincount(units, minlength=n))[:-1])
    cvs = np.array([np.diff(train).std() / np.diff(train).mean() for train in trains if len(train) > 5])
    counts = np.histogram2d(units, times, [np.arange(n + 1), np.arange(first, stop + 1e-9, 10.0)])[0]
    pieces = counts.sum(axis=0).reshape(-1, 10).sum(axis=1) / (n * 0.1)
    pairs = np.array([_mean_correlation(part) for part in np.split(counts, 5, axis=1)])
    return {
        "rate": (pieces.mean(), pieces.std(ddof=1) / math.sqrt(len(pieces))),
        "cv": (cvs.mean(), cvs.std(ddof=1) / math.sqrt(len(cvs))),
        "correlation": (pairs.mean(), max(pairs.std(ddof=1) / math.sqrt(len(pairs)), 0.002)),
    }


def _mean_correlation(counts: np.ndarray) -> float:
    """Return the mean correlation of all pairs of rows that are not constant."""
    active = counts[counts.std(axis=1) > 0]
    n = len(active)
    return (np.corrcoef(active).sum() - n) / (n * (n - 1))


def assert_alike(theirs: Any, ours: Any, name: str, first: float, stop: float, sigmas: float = 4.0) -> None:
    """Compare rate, CV and correlation within so many standard errors of their difference."""
    one, other = (statistics(data, name, first, stop) for data in (theirs, ours))
    for quantity, (value, error) in one.items():
        assert abs(value - other[quantity][0]) < sigmas * math.hypot(error, other[quantity][1]), (quantity, one, other)


def test_brunels_network_fires_alike(b2: Any, rng: np.random.Generator) -> None:
    inputs = {f"noise-{name}": ns.PoissonInput(name, rate=10.0, weight=0.2, n=500) for name in ("exc", "inh")}
    net = balanced(ns.LIF(), ("v", "v"), (0.2, -1.0), inputs)
    theirs, ours = both(net, between(net, 0.0, 20.0, rng), 800.0, watch(net))
    for name in net.populations:
        assert_alike(theirs, ours, name, 300.0, 800.0)
    assert 5 < ours.exc_unit.attrs["rate"] < 60


@pytest.mark.slow
def test_conductances_fire_alike(b2: Any, rng: np.random.Generator) -> None:
    inputs = {f"noise-{name}": ns.NoiseCurrent(name, mean=13.0, sigma=3.0, tau=5.0) for name in ("exc", "inh")}
    net = balanced(COBA, ("exc", "inh"), (0.02, 0.2), inputs)
    theirs, ours = both(net, between(net, -60.0, -50.0, rng), 800.0, watch(net))
    for name in net.populations:
        assert_alike(theirs, ours, name, 300.0, 800.0)
    assert 2 < ours.exc_unit.attrs["rate"] < 60


def test_sources_and_white_noise_have_the_same_law(b2: Any) -> None:
    sources = {"one": ns.Poisson(50.0), "each": ns.Poisson(np.linspace(0, 100, 500)), "exc": ns.LIF(threshold=1e6)}
    white = ns.NoiseCurrent("exc", mean=10.0, sigma=4.0, tau_membrane=20.0)
    inputs = {"white": white, "step": ns.StepCurrent("exc", [0.0], [5.0])}
    net = ns.Network({name: ns.Population(source, 500) for name, source in sources.items()}, inputs=inputs)
    theirs, ours = both(net, net.init(seed=1), 200.0, watch(net, "exc", every=10))
    for data in (theirs, ours):
        assert data.one_unit.attrs["rate"] == pytest.approx(50.0, abs=4 * 50 / math.sqrt(5000))
        counts = np.bincount(data.each_unit.values, minlength=500)
        assert counts[0] == 0
        assert counts[:250].sum() / counts[250:].sum() == pytest.approx(1 / 3, rel=0.1)
        late = data.exc_v_trace.values[-20:]
        assert late.mean() == pytest.approx(15.0, abs=0.5)
        assert late.std() == pytest.approx(4.0 / math.sqrt(2), rel=0.06)


def test_the_seed_decides(b2: Any) -> None:
    net = ns.Network({"in": ns.Population(ns.Poisson(50.0), 100)})
    one, again, other = (backend.simulate(net, net.init(seed=s), steps=500, record=watch(net)) for s in (2**40 + 1, 2**40 + 1, 2))
    assert one.equals(again)
    assert not one.equals(other)


# The page "Coming from Brian2".

PAGE = Path(__file__).parents[2] / "docs" / "brian2.md"


@pytest.mark.slow
def test_both_sides_of_the_page_run_and_fire_alike(b2: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    examples = doctest.DocTestParser().get_doctest(text.replace("# doctest: +SKIP", ""), names, "brian2.md", str(PAGE), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(examples, clear_globs=False)
    assert runner.summarize().failed == 0, capsys.readouterr().out
    script = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "from brian2 import" in block)
    theirs: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(script.replace("*\n", "*\nseed(1)\n", 1), str(PAGE), "exec"), theirs)
    assert theirs["rate"] == pytest.approx(examples.globs["rate"], rel=0.1)


# Refusals.


@dataclass(frozen=True)
class Homemade(ns.LIF):
    """A neuron of a user."""


def test_parts_without_a_translation_are_refused_by_name() -> None:
    net = ns.Network({"exc": ns.Population(Homemade(), 2)})
    with pytest.raises(
        TypeError, match="population 'exc': Homemade cannot be run in Brian2; what can: AdaptiveExponential, Izhikevich, LIF,"
    ):
        backend.simulate(net, net.init(seed=1), steps=1)

    class Drip(ns.PoissonInput):
        pass

    exc = {"exc": ns.Population(ns.LIF(), 2)}
    net = ns.Network(exc, inputs={"drip": Drip("exc", 1.0, 0.1)})
    with pytest.raises(TypeError, match="input 'drip': Drip cannot be run in Brian2; what can: NoiseCurrent, PoissonInput, StepCurrent"):
        backend.simulate(net, net.init(seed=1), steps=1)

    class Triplet(ns.PairSTDP):
        pass

    net = ns.Network(exc, {"e": ns.Projection("exc", "exc", ns.one_to_one(2), weight=0.1, delay=1.0, plasticity=Triplet(w_max=1.0))})
    with pytest.raises(TypeError, match="projection 'e': Triplet cannot be run in Brian2; what can: PairSTDP"):
        backend.simulate(net, net.init(seed=1), steps=1)


def test_what_brian2_does_not_tell_is_refused(b2: Any) -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(), 2)}, inputs={"noise": ns.NoiseCurrent("exc", 0.0, 1.0, tau=5.0)})
    with pytest.raises(AttributeError, match=r"state\.memory cannot be looked at in Brian2"):
        backend.simulate(
            net, net.init(seed=1), steps=1, record={"memory": ns.Trace(lambda state: state.memory["noise"], dims=("row", "unit"))}
        )


def test_arguments_are_checked() -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(), 2)})
    state = net.init(seed=1)
    with pytest.raises(TypeError, match=r"net must be a neurosim\.Network, got NetworkState"):
        backend.simulate(state, net, steps=1)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"state must be a neurosim\.NetworkState, got int"):
        backend.simulate(net, 1, steps=1)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="give either steps or duration, got neither"):
        backend.simulate(net, state)
    with pytest.raises(ValueError, match=r"duration must be a multiple of dt = 0\.1"):
        backend.simulate(net, state, duration=0.25)
    ns.simulate(net, state, steps=3)
    with pytest.raises(ValueError, match="state must stand at tick 0, got 3"):
        backend.simulate(net, state, steps=1)


def test_without_brian2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brian2", None)
    net = ns.Network({"exc": ns.Population(ns.LIF(), 2)})
    with pytest.raises(MissingExtra, match="needs the package brian2") as caught:
        backend.simulate(net, net.init(seed=1), steps=1)
    assert caught.value.__notes__ == ["pip install 'neurosim[brian2]'"]


def test_another_device_is_refused(b2: Any) -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(), 2)})
    b2.set_device("cpp_standalone", build_on_run=False)
    try:
        with pytest.raises(ValueError, match="Brian2 is set to CPPStandaloneDevice"):
            backend.simulate(net, net.init(seed=1), steps=1)
    finally:
        b2.set_device("runtime")


def test_ctrl_c_returns_what_there_is(b2: Any) -> None:
    net = ns.Network({"exc": ns.Population(ns.LIF(rest=25.0), 2)})

    def press(state: Any) -> float:
        if state.tick == 500:
            signal.raise_signal(signal.SIGINT)
        return 0.0

    with pytest.raises(ns.Interrupted, match="interrupted after 500 of 1000 ticks") as caught:
        backend.simulate(net, net.init(seed=1), steps=1000, record={"exc": ns.Spikes("exc"), "press": ns.Trace(press)})
    data = caught.value.data
    assert data is not None
    assert (data.attrs["stopped_by"], data.sizes["time"]) == ("interrupt", 501)


def test_importing_the_backend_does_not_import_brian2() -> None:
    import subprocess

    program = "import sys, neurosim.backends.brian2; raise SystemExit('brian2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert importlib.import_module("neurosim.backends").brian2 is backend
