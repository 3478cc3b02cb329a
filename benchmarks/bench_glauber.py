r"""Finite temperature: a visit, a phase diagram, and a network too large for a matrix.

*A visit.* Both sides draw the same random words and visit in the same order, so every final state must be the same. numpy holds the
matrix, takes one BLAS dot product per visit and compares it with thresholds that it was given; drawing and logarithms are outside its time
and inside ours.

*A phase diagram*, the full grid of `experiments.hopfield_phase_diagram` at 1,000 units: 32 loads x 32 temperatures x 10 networks, 200
sweeps each, in one process and with two workers, each into a fresh store on disk.

*A large network*: 10,000 patterns of 100,000 units, drawn and packed, one cue recalled, in a new process whose peak memory is read.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import neurosim as ns
from benchmarks.bench_hopfield import Final, Problem, couplings, problem, same_states, visiting_orders
from benchmarks.harness import Contender, Mismatch, Race
from experiments import hopfield_phase_diagram

TEMPERATURE = 0.3
SEED = 1
_NUMBERS = count()


def ours(given: Problem, sweeps: int) -> Final:
    """Run every cue for some sweeps."""
    state = given.memory.at(TEMPERATURE).recall(given.cues, seed=SEED, sweeps=sweeps)
    return Final(given.memory.spins(state), state.words.shape[0] * sweeps * given.memory.n_units)


def thresholds(n_cues: int, n_units: int, sweeps: int) -> list[list[list[float]]]:
    """Return the fields at which units turn, times N, for (cue, sweep, unit): the random words of our side."""
    from neurosim.kernels.glauber import THERMAL_STREAM

    half = TEMPERATURE / 2 * n_units
    tables: list[list[list[float]]] = []
    for seed in ns.noise.spawn(SEED, n_cues).tolist():
        uniform = [ns.noise.uniform(seed, sweep, int(THERMAL_STREAM), n_units) for sweep in range(sweeps)]
        tables.append([(half * np.log(u / (1 - u))).tolist() for u in uniform])
    return tables


def by_matrix(matrix: Any, cues: Any, orders: list[list[list[int]]], tables: list[list[list[float]]]) -> Final:
    """Visit after visit with the matrix."""
    states, visits = np.empty(cues.shape, np.int8), 0
    for index, cue in enumerate(cues):
        state = cue.astype(np.float32)
        for order, table in zip(orders[index], tables[index], strict=True):
            for unit in order:
                state[unit] = 1.0 if matrix[unit] @ state > table[unit] else -1.0
            visits += len(order)
        states[index] = state
    return Final(states, visits)


def glauber(n_units: int, load: float, n_cues: int, sweeps: int, repeats: int, at_most: float) -> Race:
    """Race visits at a temperature."""
    given = problem(n_units, load, n_cues)
    orders, tables = visiting_orders(n_cues, n_units, sweeps), thresholds(n_cues, n_units, sweeps)
    sides = [
        Contender("neurosim", partial(ours, given, sweeps), "integer, exact", repeats, _visits, at_most),
        Contender("numpy W[i] @ s", partial(by_matrix, couplings(given.patterns), given.cues, orders, tables), "float32", 1, _visits),
    ]
    title = f"Glauber dynamics, N = {n_units:,}, load {load:g}, T = {TEMPERATURE:g}, {n_cues} replicas x {sweeps} sweeps, 1 thread"
    return Race(title, sides, partial(same_states, given), "visit", batch=(n_cues, "replica"))


def _visits(answer: Final) -> float:
    return float(answer.visits)


def diagram(grid: dict[str, Any], sweeps: int, folder: Path, workers: int) -> Any:
    """Sweep the diagram into a fresh store."""
    store = folder / f"{next(_NUMBERS)}.sqlite"
    data = ns.sweep(hopfield_phase_diagram.run, grid, fixed={"sweeps": sweeps}, store=store, workers=workers, progress=False)
    return data["overlap"].values


def same_diagram(answers: list[Any]) -> str:
    """All diagrams are equal, number for number."""
    first, *others = answers
    if any(not np.array_equal(first, other) for other in others):
        raise Mismatch("the diagrams differ")
    return f"{first.size:,} overlaps identical, mean {first.mean():.4f}"


def phase_diagram(folder: Path, points: int, n_units: int, networks: int, sweeps: int) -> Race:
    """Time the diagram with two workers and in one process."""
    full = hopfield_phase_diagram.FULL
    grid = {"load": full["load"][:points], "temperature": full["temperature"][:points], "n": [n_units], "network": range(networks)}
    sides = [
        Contender("2 workers", partial(diagram, grid, sweeps, folder, 2), "integer, exact"),
        Contender("1 process", partial(diagram, grid, sweeps, folder, 1), "integer, exact"),
    ]
    title = f"phase diagram, {points} x {points} points, {networks} networks of {n_units:,} units, {sweeps} sweeps"
    return Race(title, sides, same_diagram, "diagram", {"1 process": 1.8}, clock="wall")


LARGE = """
import resource, numpy as np, neurosim as ns
rng = np.random.default_rng(1)
memory = ns.hopfield.DenseHopfield(ns.hopfield.PackedPatterns.random({n_patterns}, {n_units}, rng=rng))
state = memory.recall(ns.hopfield.flip(memory.couplings[0], 0.1, rng=rng))
print(float(memory.overlap(state)[0]), int(state.settled_at), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def large(n_patterns: int, n_units: int) -> tuple[float, float, float]:
    """Recall one cue of a large network in a new process: overlap, sweeps, peak memory in GiB."""
    program = LARGE.format(n_patterns=n_patterns, n_units=n_units)
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    return float(answer[0]), float(answer[1]), float(answer[2])


def recalled(answers: list[tuple[float, float, float]]) -> str:
    """The pattern came back, and memory stayed below half a GiB."""
    overlap, sweeps, peak = answers[0]
    if overlap < 0.99 or peak > 0.5:
        raise Mismatch(f"overlap {overlap:.4f}, peak memory {peak:.2f} GiB")
    return f"overlap {overlap:.4f} after {sweeps:.0f} sweeps, peak memory of the process {peak:.2f} GiB (at most 0.5)"


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races, each built when its turn comes."""
    yield glauber(300, 0.10, 2, 3, 1, 1.0) if tiny else glauber(2_000, 0.10, 10, 40, 10, 15e-9)
    with tempfile.TemporaryDirectory() as name:
        yield phase_diagram(Path(name), *((2, 100, 2, 5) if tiny else (32, 1_000, 10, 200)))
    patterns, units = (100, 1_000) if tiny else (10_000, 100_000)
    side = Contender("neurosim, process start included", partial(large, patterns, units), "integer, exact")
    yield Race(f"recall in a large network, K = {patterns:,}, N = {units:,}", [side], recalled, "process")
