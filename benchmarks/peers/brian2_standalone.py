"""The problems of :mod:`benchmarks.peers.problems` in Brian2's C++ standalone mode, written as its own examples write them.

A problem and its arrays become a program of one thread, compiled once with Brian2's default flags (-O3 -march=native -ffast-math among
them), in a folder that later processes find again. Running it loads the arrays, simulates, and writes spikes and weights; the seconds
reported are those of the simulation loop alone: processor time by Brian2's own clock, and wall time taken around the same call.

Excitatory and inhibitory neurons stand in one group with two sets of synapses, which is faster in Brian2 than two groups with four.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.peers.problems import Brunel, Cuba, Instance, Layers, Pairs, Song
from neurosim import connectivity
from neurosim.connectivity import Synapses
from neurosim.fingerprints import fingerprint

Array = npt.NDArray[Any]
FOLDER = Path(tempfile.gettempdir()) / "neurosim-peers"


@dataclass(frozen=True, eq=False)
class PeerRun:
    """What one run of a program took and gave.

    Parameters
    ----------
    cpu_seconds, wall_seconds : float
        Of the simulation loop, all threads together.
    biological_seconds : float
    events : mapping of str to (ticks, units)
        Spikes of each population, in the order of time.
    sizes : mapping of str to int
    weights : mapping of str to array
        Of the plastic synapses at the end, in the order of the instance.
    peak_bytes : int
        Largest memory of the process; 0 where the system does not tell.
    """

    cpu_seconds: float
    wall_seconds: float
    biological_seconds: float
    events: Mapping[str, tuple[Array, Array]]
    sizes: Mapping[str, int]
    weights: Mapping[str, Array]
    peak_bytes: int

    @property
    def spikes(self) -> dict[str, int]:
        """Number of spikes of each population."""
        return {name: len(units) for name, (_, units) in self.events.items()}

    @property
    def rates(self) -> dict[str, float]:
        """Mean rate of each population in Hz."""
        return {name: count / (self.sizes[name] * self.biological_seconds) for name, count in self.spikes.items()}


@dataclass(frozen=True)
class Program:
    """A compiled program; :meth:`run` runs it, again and again with the same numbers."""

    folder: Path
    layout: dict[str, Any] = field(compare=False)

    def run(self) -> PeerRun:
        """Run the program in a process of its own."""
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            subprocess.run(["./main", "--results_dir", f"{out}{os.sep}"], cwd=self.folder, check=True)
            cpu, wall = (float(word) for word in (Path(out) / "seconds.txt").read_text(encoding="utf-8").split())
            events, weights = self._events(Path(out)), self._weights(Path(out))
            return PeerRun(cpu, wall, self.layout["seconds"], events, self.layout["sizes"], weights, _peak(Path(out)))

    def _events(self, out: Path) -> dict[str, tuple[Array, Array]]:
        """Read the spikes of each population from those of its group."""
        events = {}
        for name, (monitor, first, stop) in self.layout["spikes"].items():
            units = np.fromfile(out / f"{monitor}_i", np.int32)
            ticks = np.rint(np.fromfile(out / f"{monitor}_t", np.float64) * 1000 / self.layout["dt"]).astype(np.int64)
            mine = (units >= first) & (units < stop)
            events[name] = ticks[mine], (units[mine] - first).astype(np.uint32)
        return events

    def _weights(self, out: Path) -> dict[str, Array]:
        """Read the weights, in the unit of the problem."""
        return {name: np.fromfile(out / f"{made}_w", np.float64) / unit for name, (made, unit) in self.layout["weights"].items()}


class Parts(NamedTuple):
    """What a model hands over: its objects, where its populations are, and plastic synapses with the unit of their weights."""

    objects: list[Any]
    populations: dict[str, tuple[Any, int, int]]
    plastic: dict[str, tuple[Any, Any]] = {}


def cuba(problem: Cuba, given: Instance, seconds: float = 1.0, seed: int = 1, folder: Path = FOLDER) -> Program:
    """Build the network of exponential currents."""
    return _program("cuba", _cuba, problem, given, seconds, seed, folder)


def brunel(problem: Brunel, given: Instance, seconds: float = 1.0, seed: int = 1, folder: Path = FOLDER) -> Program:
    """Build Brunel's network, with one weight or one for each synapse, static or plastic."""
    return _program("brunel", _brunel, problem, given, seconds, seed, folder)


def song(problem: Song, given: Instance, seconds: float = 1.0, seed: int = 1, folder: Path = FOLDER) -> Program:
    """Build the network of Poisson sources onto plastic conductances."""
    return _program("song", _song, problem, given, seconds, seed, folder)


def layers(problem: Layers, given: Instance, seconds: float = 1.0, seed: int = 1, folder: Path = FOLDER) -> Program:
    """Build the four layers."""
    return _program("layers", _layers, problem, given, seconds, seed, folder)


def _cuba(b2: Any, problem: Cuba, given: Instance) -> Parts:
    names = {"taum": problem.tau * b2.ms, "taue": problem.tau_exc * b2.ms, "taui": problem.tau_inh * b2.ms, "El": problem.rest * b2.mV}
    names |= {"Vt": problem.threshold * b2.mV, "Vr": problem.reset * b2.mV}
    names |= {"we": problem.weight_exc * b2.mV, "wi": problem.weight_inh * b2.mV}
    equations = """dv/dt = (ge + gi - (v - El)) / taum : volt (unless refractory)
                   dge/dt = -ge / taue : volt
                   dgi/dt = -gi / taui : volt"""
    group = b2.NeuronGroup(
        sum(given.sizes.values()), equations, threshold="v > Vt", reset="v = Vr", refractory=problem.refractory * b2.ms, method="exact",
        namespace=names,
    )  # fmt: skip
    group.v = np.concatenate([given.v["exc"], given.v["inh"]]) * b2.mV
    parts, populations = _exc_and_inh(group, given)
    synapses = [
        _static(b2, parts[name], group, _merged(given, name)[0], action, problem.delay, names)
        for name, action in {"exc": "ge += we", "inh": "gi += wi"}.items()
    ]
    return Parts([group, *synapses], populations)


def _brunel(b2: Any, problem: Brunel, given: Instance) -> Parts:
    n_sources = problem.in_degrees[0]
    names = {"tau": problem.tau * b2.ms, "theta": problem.threshold * b2.mV, "Vr": problem.reset * b2.mV}
    names |= {"we": problem.jump * b2.mV, "wi": -problem.g * problem.jump * b2.mV}
    equations = "dv/dt = -v / tau : volt (unless refractory)"
    group = b2.NeuronGroup(
        sum(given.sizes.values()), equations, threshold="v > theta", reset="v = Vr", refractory=problem.refractory * b2.ms,
        method="exact", namespace=names,
    )  # fmt: skip
    group.v = np.concatenate([given.v["exc"], given.v["inh"]]) * b2.mV
    parts, populations = _exc_and_inh(group, given)
    noise = b2.PoissonInput(group, "v", n_sources, problem.input_rate * b2.Hz, weight=problem.jump * b2.mV)
    if problem.plasticity is not None:
        plastic = _plastic(b2, parts["exc"], parts["exc"], "exc-exc", given, problem.plasticity, "v", b2.mV, problem.delay)
        fixed = _static(b2, parts["exc"], parts["inh"], given.synapses["exc-inh"], "v += we", problem.delay, names)
        inhibition = _static(b2, parts["inh"], group, _merged(given, "inh")[0], "v += wi", problem.delay, names)
        return Parts([group, noise, plastic, fixed, inhibition], populations, {"exc-exc": (plastic, b2.mV)})
    synapses = [_delta(b2, parts[name], group, given, name, action, problem, names) for name, action in {"exc": "we", "inh": "wi"}.items()]
    return Parts([group, noise, *synapses], populations)


def _delta(b2: Any, source: Any, group: Any, given: Instance, name: str, weight: str, problem: Brunel, names: dict[str, Any]) -> Any:
    """Connect one of the two populations to all neurons, with one weight or with one for each synapse."""
    synapses, weights = _merged(given, name)
    if weights is None:
        return _static(b2, source, group, synapses, f"v += {weight}", problem.delay, names)
    made = _static(b2, source, group, synapses, "v += w", problem.delay, names, "w : volt")
    made.w = weights * b2.mV
    return made


def _song(b2: Any, problem: Song, given: Instance) -> Parts:
    names = {"taum": problem.tau * b2.ms, "taue": problem.tau_exc * b2.ms, "El": problem.rest * b2.mV, "Ee": problem.reversal * b2.mV}
    names |= {"vt": problem.threshold * b2.mV, "vr": problem.reset * b2.mV}
    equations = """dv/dt = (ge * (Ee - v) + El - v) / taum : volt
                   dge/dt = -ge / taue : 1"""
    sources = _sources(b2, problem, given, "pre")
    neurons = b2.NeuronGroup(problem.n, equations, threshold="v > vt", reset="v = vr", method="euler", namespace=names)
    neurons.v = given.v["post"] * b2.mV
    synapses = _plastic(b2, sources, neurons, "pre-post", given, problem.plasticity, "ge", 1, problem.delay)
    populations = {"pre": (sources, 0, problem.n_sources), "post": (neurons, 0, problem.n)}
    return Parts([sources, neurons, synapses], populations, {"pre-post": (synapses, 1)})


def _layers(b2: Any, problem: Layers, given: Instance) -> Parts:
    names = {"taum": problem.tau * b2.ms, "taue": problem.tau_exc * b2.ms, "El": problem.rest * b2.mV}
    names |= {"Vt": problem.threshold * b2.mV, "Vr": problem.reset * b2.mV}
    equations = """dv/dt = (ge - (v - El)) / taum : volt (unless refractory)
                   dge/dt = -ge / taue : volt"""
    groups = {"layer0": _sources(b2, problem, given, "layer0")}
    for name, v in given.v.items():
        groups[name] = b2.NeuronGroup(
            len(v), equations, threshold="v > Vt", reset="v = Vr", refractory=problem.refractory * b2.ms, method="exact", namespace=names
        )
        groups[name].v = v * b2.mV
    plastic = {}
    for name in given.synapses:
        source, target = name.split("-")
        made = _plastic(b2, groups[source], groups[target], name, given, problem.plasticity, "ge", b2.mV, problem.delay)
        plastic[name] = made, b2.mV
    synapses = [made for made, _ in plastic.values()]
    return Parts([*groups.values(), *synapses], {name: (group, 0, len(group)) for name, group in groups.items()}, plastic)


def _sources(b2: Any, problem: Song | Layers, given: Instance, name: str) -> Any:
    """Return units that fire at random, or the spikes that were drawn."""
    if name not in given.spikes:
        return b2.PoissonGroup(given.sizes[name], rates=problem.rate * b2.Hz)
    units, times = given.spikes[name]
    return b2.SpikeGeneratorGroup(given.sizes[name], units, times * b2.ms)


def _exc_and_inh(group: Any, given: Instance) -> tuple[dict[str, Any], dict[str, tuple[Any, int, int]]]:
    """Return both parts of a group, and where the populations are in it."""
    n_exc, n = given.sizes["exc"], sum(given.sizes.values())
    return {"exc": group[:n_exc], "inh": group[n_exc:]}, {"exc": (group, 0, n_exc), "inh": (group, n_exc, n)}


def _merged(given: Instance, source: str) -> tuple[Synapses, Array | None]:
    """Return the synapses from one population to exc and inh as those to one group of both, and their weights, if they have any."""
    blocks = [given.synapses[f"{source}-{target}"] for target in ("exc", "inh")]
    sources = np.concatenate([block.pairs()[0] for block in blocks])
    shift = given.sizes["exc"]
    targets = np.concatenate([blocks[0].targets.astype(np.uint32), blocks[1].targets.astype(np.uint32) + np.uint32(shift)])
    merged, order = connectivity.from_arrays(sources, targets, blocks[0].n_sources, sum(given.sizes.values()), multapses=True)
    weights = [given.weights.get(f"{source}-{target}") for target in ("exc", "inh")]
    return merged, None if weights[0] is None or weights[1] is None else np.concatenate([weights[0], weights[1]])[order]


def _static(
    b2: Any, source: Any, target: Any, synapses: Synapses, action: str, delay: float, names: dict[str, Any], model: str = ""
) -> Any:
    """Make synapses that do something to their target at an arrival."""
    made = b2.Synapses(source, target, model, on_pre=action.replace(" +=", "_post +=", 1), delay=delay * b2.ms, namespace=names)
    _connect(made, synapses)
    return made


def _plastic(b2: Any, source: Any, target: Any, name: str, given: Instance, rule: Pairs, variable: str, unit: Any, delay: float) -> Any:
    """Make synapses with pair STDP, as Brian2's example has them; the delay is that of the axon."""
    factors = {"fall": "* w / highest", "rise": "* (1 - w / highest)"} if rule.multiplicative else {"fall": "", "rise": ""}
    dimension = "1" if b2.have_same_dimensions(unit, 1) else "volt"
    model = f"""w : {dimension}
                dApre/dt = -Apre / taupre : {dimension} (event-driven)
                dApost/dt = -Apost / taupost : {dimension} (event-driven)"""
    on_pre = f"""{variable}_post += w
                 Apre += dApre
                 w = clip(w + Apost {factors["fall"]}, 0 * highest, highest)"""
    on_post = f"""Apost += dApost
                  w = clip(w + Apre {factors["rise"]}, 0 * highest, highest)"""
    names = {"taupre": rule.tau * b2.ms, "taupost": rule.tau * b2.ms, "highest": rule.highest * unit}
    names |= {"dApre": rule.potentiation * unit, "dApost": -rule.depression * unit}
    made = b2.Synapses(source, target, model, on_pre=on_pre, on_post=on_post, delay={"pre": delay * b2.ms}, namespace=names)
    _connect(made, given.synapses[name])
    made.w = given.weights[name].astype(np.float64) * unit
    return made


def _connect(made: Any, synapses: Synapses) -> None:
    sources, targets = synapses.pairs()
    made.connect(i=sources.astype(np.int32), j=targets.astype(np.int32))


def _program(
    kind: str, model: Callable[[Any, Any, Instance], Parts], problem: Any, given: Instance, seconds: float, seed: int, folder: Path
) -> Program:
    """Find the program of a problem, or build it."""
    arrays = [given.v, given.weights, given.spikes, {name: [block.offsets, block.targets] for name, block in given.synapses.items()}]
    recipe = [Path(__file__).read_text(encoding="utf-8"), version("brian2"), repr(problem), fingerprint(arrays), seconds, seed]
    home = Path(folder) / f"{kind}-{hashlib.blake2b(repr(recipe).encode(), digest_size=8).hexdigest()}"
    if not (home / "layout.json").exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as draft:
            _build(lambda b2: model(b2, problem, given), problem.dt, given.sizes, seconds, seed, Path(draft) / "program")
            shutil.rmtree(home, ignore_errors=True)
            (Path(draft) / "program").rename(home)
    return Program(home, json.loads((home / "layout.json").read_text(encoding="utf-8")))


def _build(model: Callable[[Any], Parts], dt: float, sizes: dict[str, int], seconds: float, seed: int, folder: Path) -> None:
    """Let Brian2 write and compile the program of a model."""
    with _standalone() as b2:
        b2.defaultclock.dt = dt * b2.ms
        b2.seed(seed)
        parts = model(b2)
        groups = {group.name: group for group, _, _ in parts.populations.values()}
        monitors = {name: b2.SpikeMonitor(group) for name, group in groups.items()}
        network = b2.Network(*parts.objects, *monitors.values())
        _insert(b2.get_device(), monitors.values(), [made for made, _ in parts.plastic.values()])
        network.run(seconds * b2.second, namespace={})
        b2.get_device().build(directory=str(folder), compile=True, run=False)
        layout = {
            "seconds": seconds,
            "dt": dt,
            "sizes": sizes,
            "spikes": {name: (monitors[group.name].name, first, stop) for name, (group, first, stop) in parts.populations.items()},
            "weights": {name: (made.name, float(unit)) for name, (made, unit) in parts.plastic.items()},
        }
    shutil.rmtree(folder / "results", ignore_errors=True)
    (folder / "layout.json").write_text(json.dumps(layout), encoding="utf-8")


@contextmanager
def _standalone() -> Any:
    """Turn Brian2 to C++ standalone mode for a while."""
    b2: Any = import_module("brian2")
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.device.reinit()
    b2.device.activate(build_on_run=False)
    threads = b2.prefs.devices.cpp_standalone.openmp_threads
    b2.prefs.devices.cpp_standalone.openmp_threads = 0
    try:
        yield b2
    finally:
        b2.prefs.devices.cpp_standalone.openmp_threads = threads
        b2.device.reinit()
        b2.set_device("runtime")


def _insert(device: Any, monitors: Iterable[Any], plastic: Iterable[Any]) -> None:
    """Take the wall time of the run, write what is wanted, and end there: Brian2 itself would write every array of every synapse."""
    device.headers.extend(["<chrono>", "<cstdlib>"])
    device.insert_code("before_network_run", "const auto wall_begin = std::chrono::steady_clock::now();")
    lines = ["const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_begin).count();"]
    lines += ['{ std::ofstream out(brian::results_dir + "seconds.txt"); out << Network::_last_run_time << " " << wall << std::endl; }']
    lines += ['{ std::ifstream in("/proc/self/status"); std::ofstream out(brian::results_dir + "status.txt"); out << in.rdbuf(); }']
    wanted = [(owner, variable) for owner in monitors for variable in ("i", "t")] + [(owner, "w") for owner in plastic]
    for owner, variable in wanted:
        array = device.get_array_name(owner.variables[variable], access_data=False)
        file = f'std::ofstream out(brian::results_dir + "{owner.name}_{variable}", std::ios::binary);'
        lines.append(f"{{ {file} out.write(reinterpret_cast<char*>({array}.data()), {array}.size() * sizeof({array}[0])); }}")
    device.insert_code("after_network_run", "\n".join([*lines, "std::_Exit(0);"]))


def _peak(out: Path) -> int:
    """Return the largest memory of the process, in bytes, from what Linux said of it."""
    text = (out / "status.txt").read_text(encoding="utf-8")
    return next((1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")), 0)
