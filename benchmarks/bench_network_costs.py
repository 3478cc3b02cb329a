r"""What a spiking network costs beside its run: compilation, start, memory, a busy machine.

*Compilation and start*: new processes that build Brunel's network of 4,000 neurons (1.6 million synapses) and run its first step, with an
empty and with a filled cache of compiled kernels, beside an interpreter that only imports numba.

*Memory*: bytes a synapse, from the peak of a process that builds a network and runs it, less the peak before, when a tiny network of the
same kind has run.

*A busy machine*: two threads against one while two other processes keep two processors busy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.bench_network import brunel, same_spikes, taken
from benchmarks.harness import Contender, Mismatch, Race
from benchmarks.peers.problems import Brunel

START = """
import numpy as np
import neurosim as ns
rng, n = np.random.default_rng(1), {n}
sizes = {{"exc": 4 * n // 5, "inh": n // 5}}
cell = ns.LIF(tau=20.0, threshold=20.0, reset=10.0, refractory=2.0)
wires = {{}}
for source, weight in (("exc", 0.1), ("inh", -0.5)):
    for target in sizes:
        synapses = ns.fixed_in_degree(sizes[source], sizes[target], sizes[source] // 10, rng=rng)
        wires[f"{{source}}-{{target}}"] = ns.Projection(source, target, synapses, weight=weight, delay=1.5)
noise = {{name: ns.PoissonInput(name, rate=20_000.0, weight=0.1) for name in sizes}}
net = ns.Network({{name: ns.Population(cell, size) for name, size in sizes.items()}}, wires, noise)
net.step(net.init(seed=1), 1)
print(net.projections["exc-exc"].storage)
"""

MEMORY = """
import sys
import numpy as np
import neurosim as ns
kind = sys.argv[1]


def run(n, degree):
    rng = np.random.default_rng(1)
    parts = 5 if kind == "bits" else 1
    cells = {{f"p{{k}}": ns.Population(ns.LIF(), n // parts) for k in range(parts)}}
    wires, total = {{}}, 0
    for source in cells:
        for target in cells:
            synapses = ns.fixed_in_degree(n // parts, n // parts, degree // parts, rng=rng)
            total += synapses.n_synapses
            weight = np.full(synapses.n_synapses, 0.1, np.float32) if kind == "weights" else 0.1
            delay = rng.integers(1, 20, synapses.n_synapses, np.uint8) if kind == "delays" else 1.5  # all multiples of dt from 1 to 19
            rule = ns.PairSTDP(0.2) if kind == "plastic" else None
            storage = None if kind in ("bits", "plastic") else "rows"
            wires[source + target] = ns.Projection(source, target, synapses, weight=weight, delay=delay, plasticity=rule, storage=storage)
    noise = {{name: ns.PoissonInput(name, rate=15_000.0, weight=0.1) for name in cells}}
    net = ns.Network(cells, wires, noise, dt=1.0 if kind == "delays" else 0.1)
    ns.simulate(net, net.init(seed=1), duration=20.0, record={{name: ns.Spikes(name) for name in cells}})
    return total


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


run({small}, 10)
before = peak()
total = run({n}, {degree})
print((peak() - before) / total)
"""
LIMITS = {"bits": (2.5, 4.5), "rows": (2.5, 4.5), "weights": (6.5, 8.5), "delays": (5.5, 7.5), "plastic": (12.0, 14.0)}
"""Bytes a synapse, for up to 65,536 targets and for more; delays add two bytes to static rows, and one is the array they are given in."""
BUSY = "while True: pass"


def started(n: int, cache: str) -> str:
    """Build a network and run its first step in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", START.format(n=n)], env={**os.environ, "NEUROSIM_CACHE": cache}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def compiled(n: int, folder: Path, numbers: Iterator[int]) -> str:
    """The same, with an empty cache each time."""
    return started(n, str(folder / f"fresh{next(numbers)}"))


def same_start(answers: list[str]) -> str:
    """Both processes kept their synapses alike."""
    if len(set(answers[:2])) > 1:
        raise Mismatch(f"storages differ: {answers}")
    return f"both ran a step, synapses kept as {answers[0]}"


def imported() -> str:
    """Import what compiles."""
    subprocess.run([sys.executable, "-c", "import numba"], check=True)
    return ""


def bytes_per_synapse(n: int, degree: int, small: int, wide: bool) -> dict[str, float]:
    """Return the bytes a synapse takes, by kind."""
    program, kinds = MEMORY.format(n=n, degree=degree, small=small), LIMITS if not wide else [k for k in LIMITS if k != "bits"]
    found = {}
    for kind in kinds:
        done = [subprocess.run([sys.executable, "-c", program, kind], capture_output=True, text=True, check=True).stdout for _ in range(2)]
        found[kind] = float(done[-1])
    return found


def within_limits(wide: bool, tiny: bool, answers: list[dict[str, float]]) -> str:
    """Every kind stays below its limit."""
    for kind, found in answers[0].items():
        if found > LIMITS[kind][wide] and not tiny:
            raise Mismatch(f"{kind}: {found:.2f} bytes a synapse, at most {LIMITS[kind][wide]}")
    return ", ".join(f"{kind} {found:.2f} (at most {LIMITS[kind][wide]})" for kind, found in answers[0].items())


@contextmanager
def busy(n: int) -> Iterator[None]:
    """Keep n processors busy inside the block."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(n)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def beside_others(own: Any) -> Any:
    """Run while two other processes are busy."""
    with busy(2):
        return own.run()


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races."""
    n = 500 if tiny else 4_000
    with tempfile.TemporaryDirectory() as name:
        folder, numbers = Path(name), count()
        sides = [
            Contender("a later run, kernels cached", partial(started, n, str(folder / "kept")), at_most=1.0),
            Contender("first run, kernels compiled", partial(compiled, n, folder, numbers), at_most=20.0),
            Contender("import numba only", imported),
        ]
        yield Race(f"process start to first step, Brunel, {n:,} neurons", sides, same_start, "process", clock="wall")
    for wide in (False, True):
        sizes = ((4000, 100, 1000) if tiny else (80_000, 200, 70_000)) if wide else ((1000, 100, 500) if tiny else (12_500, 1250, 1000))
        side = Contender("all kinds, each in a process of its own", partial(bytes_per_synapse, *sizes, wide), "float32")
        title = f"bytes a synapse, {sizes[0]:,} targets, {sizes[0] * sizes[1]:,} synapses"
        yield Race(title, [side], partial(within_limits, wide, tiny), "measurement")
    problem, seconds = Brunel(500 if tiny else 12_500), 0.2 if tiny else 1.0
    given = problem.draw()
    sides = [
        Contender(
            f"{threads} thread(s)", partial(beside_others, brunel(problem, given, seconds, "float32", threads)), "float32", taken=taken
        )
        for threads in (1, 2)
    ]
    yield Race("Brunel beside two busy processes: wall of two threads over one, at most 1.6", sides, same_spikes, "run", clock="wall")
