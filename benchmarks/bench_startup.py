"""Start-up: whole processes, from the command to its end, beside an interpreter that does nothing.

The warm calls fill the disk caches (byte code, compiled kernels), as the first use on a machine does. The wall time decides; the CPU time
beside it tells how much of it a busy machine added.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.harness import Contender, Mismatch, Race

FIRST_RESULT = """
import numpy as np
import neurosim as ns
rng = np.random.default_rng(1)
patterns = ns.hopfield.random_patterns(50, 1000, rng=rng)
memory = ns.hopfield.DenseHopfield(patterns)
state = memory.init(ns.hopfield.flip(patterns[0], 0.1, rng=rng), seed=1)
record = {"energy": ns.Trace(memory.energy), "overlap": ns.Trace(memory.overlap, dims=("pattern",))}
run = ns.simulate(memory, state, steps=50, until=ns.settled, record=record)
print(f"overlap {float(run.overlap[-1, 0]):.3f}")
"""
WITH_FIGURE = (
    FIRST_RESULT
    + """
import sys
ns.plot.save(ns.plot.energy(run), sys.argv[1])
"""
)


def _command() -> list[str]:
    """Return the installed command, or the module where only the package folder is there."""
    script = Path(sys.executable).parent / "neurosim"
    return [str(script)] if script.exists() else [sys.executable, "-m", "neurosim"]


def output_of(command: list[str]) -> str:
    """Run a command to its end and return what it printed.

    Raises
    ------
    Mismatch
        If it failed.
    """
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Mismatch(f"{' '.join(command[:2])} ... ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _figure_result(folder: str) -> str:
    stem = Path(folder) / "energy"
    printed = output_of([sys.executable, "-c", WITH_FIGURE, str(stem)])
    if not stem.with_suffix(".png").stat().st_size:
        raise Mismatch("the figure is empty")
    return printed


def same_results(answers: list[str]) -> str:
    """The two processes that recall a pattern print the same overlap, the help text names the commands."""
    _, usage, _, printed, drawn = answers
    if printed != drawn or not printed.startswith("overlap "):
        raise Mismatch(f"results differ: {printed!r} and {drawn!r}")
    if missing := [word for word in ("list", "run", "check", "plot") if word not in usage]:
        raise Mismatch(f"the help text does not name {missing}")
    return f"both recalls print {printed.strip()!r}, the help names its commands"


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the one race; it has no smaller size."""
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as folder:
        sides = [
            Contender("python -c pass", partial(output_of, [*python, "pass"])),
            Contender("neurosim --help", partial(output_of, [*_command(), "--help"]), at_most=0.3),
            Contender("import neurosim", partial(output_of, [*python, "import neurosim"]), at_most=0.4),
            Contender("first result, printed", partial(output_of, [*python, FIRST_RESULT]), at_most=1.5),
            Contender("first result, printed and drawn", partial(_figure_result, folder), at_most=2.5),
        ]
        yield Race("start-up of a new process, caches warm", sides, same_results, "process", clock="wall")
