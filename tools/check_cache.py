"""A cold against a warm kernel cache: the same answers, and nothing is compiled a second time.

The same program runs in two processes that share one kernel cache, empty at first. It prints a digest of its answers and the number of
functions that Numba compiled, counted here by Numba's own events.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROGRAM = """
import hashlib, json, sys
from numba.core import event

with event.install_recorder("numba:compile") as compiled:
    import numpy as np, neurosim as ns

    rng = np.random.default_rng(3)
    patterns = ns.hopfield.random_patterns(40, 500, rng=rng)
    memory = ns.hopfield.DenseHopfield(patterns)
    cues = ns.hopfield.flip(patterns[:20], 0.1, rng=rng)
    state = memory.recall(cues, seed=5)
    answers = [memory.spins(state), memory.energy(state), memory.overlap(state), state.words, ns.noise.spawn(1, 100)]

    cells = {
        "a": ns.Population(ns.LIF(), 1000), "b": ns.Population(ns.LIFCurrent(), 600), "c": ns.Population(ns.LIFConductance(), 600),
        "d": ns.Population(ns.AdaptiveExponential(), 50),
        "e": ns.Population(ns.Izhikevich(), 50), "f": ns.Population(ns.Poisson(50.0), 300),
    }
    wires = {
        "a-a": ns.Projection("a", "a", ns.bernoulli(1000, 1000, 0.1, rng=rng), weight=-0.2, delay=1.5),
        "a-b": ns.Projection("a", "b", ns.bernoulli(1000, 600, 0.05, rng=rng), weight=0.3, delay=1.0, plasticity=ns.PairSTDP(1.0)),
        "f-c": ns.Projection("f", "c", ns.bernoulli(300, 600, 0.3, rng=rng), weight=0.02, delay=0.5),
        "b-c": ns.Projection("b", "c", ns.fixed_in_degree(600, 600, 20, rng=rng), weight=rng.random(12_000) / 10, delay=0.5),
        "b-b": ns.Projection("b", "b", ns.fixed_in_degree(600, 600, 20, rng=rng), weight=0.5, delay=rng.integers(1, 30, 12_000) * 0.1),
    }
    inputs = {"noise": ns.PoissonInput("a", rate=22_000.0, weight=0.1), "current": ns.NoiseCurrent("d", 800.0, 100.0, tau=5.0)}
    net = ns.Network(cells, wires, inputs)
    run = ns.simulate(net, net.init(seed=4), duration=300.0, record={name: ns.Spikes(name) for name in cells})
    answers += [run[f"{name}_{part}"].values for name in cells for part in ("unit", "time")]
digest = hashlib.sha256(b"".join(np.ascontiguousarray(answer).tobytes() for answer in answers)).hexdigest()
names = sorted({str(entry.data["dispatcher"].py_func.__qualname__) for _, entry in compiled.buffer})
print(json.dumps({"digest": digest, "compiled": names}))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = run(cache), run(cache)
    print(f"cold: compiled {', '.join(cold['compiled'])}; warm: compiled {', '.join(warm['compiled']) or 'nothing'}")
    if cold["digest"] != warm["digest"]:
        sys.exit(f"error: the answers differ, {cold['digest']} cold and {warm['digest']} warm")
    if not cold["compiled"] or warm["compiled"]:
        sys.exit("error: a cold cache must lead to compilations and a warm one to none")
    print("cache: ok")


def run(cache: str) -> dict[str, Any]:
    """Run the program in a new process and return what it printed."""
    env = {**os.environ, "NEUROSIM_CACHE": cache}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
