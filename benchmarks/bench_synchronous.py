r"""One synchronous step of many replicas: packed tables against the weight matrix.

All replicas start on a damaged pattern; a step ends with the new signs. *W @ S* is one float32 product with the :math:`N \times N` matrix
(whole numbers, exact), *two thin products* are ``X.T @ (X @ S)`` with the :math:`K \times N` patterns. Making the matrix and packing the
patterns stay outside the times, packing the cues and turning fields into signs are inside on each side.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.bench_hopfield import Problem, couplings, problem
from benchmarks.harness import Contender, Mismatch, Race
from neurosim.hopfield import SynchronousHopfield


def ours(given: Problem) -> Any:
    """Take one step; spins (replicas, n_units)."""
    network = SynchronousHopfield(given.memory)
    state = network.init(given.cues)
    network.step(state, 1)
    return given.memory.spins(state)


def signs_of(fields: Any, spins: Any) -> Any:
    """Turn fields (n_units, replicas) into signs; a zero field keeps the state."""
    return np.where(fields == 0, spins, np.sign(fields)).T.astype(np.int8)


def by_matrix(matrix: Any, cues: Any) -> Any:
    """Multiply with the matrix."""
    spins = cues.T.astype(np.float32)
    return signs_of(matrix @ spins, spins)


def by_patterns(patterns: Any, cues: Any) -> Any:
    """Multiply with the patterns twice; sums stay exact below 2**24."""
    spins = cues.T.astype(np.float32)
    return signs_of(patterns.T @ (patterns @ spins) - np.float32(len(patterns)) * spins, spins)


def same_spins(answers: list[Any]) -> str:
    """All sides give the same new states."""
    first, *others = answers
    for other in others:
        if not np.array_equal(first, other):
            raise Mismatch(f"{np.count_nonzero(first != other)} units differ")
    return f"{len(first)} new states identical, unit for unit"


def step(n_units: int, load: float, n_cues: int, goal: float, repeats: int) -> Race:
    """Race one step."""
    given = problem(n_units, load, n_cues)
    sides = [
        Contender("neurosim", partial(ours, given), "integer, exact", repeats),
        Contender("numpy W @ S", partial(by_matrix, couplings(given.patterns), given.cues), "float32, exact here"),
        Contender("numpy, two thin products", partial(by_patterns, given.patterns.astype(np.float32), given.cues), "float32, exact here"),
    ]
    title = f"synchronous step, N = {n_units:,}, load {load:g}, {n_cues} replicas, 1 thread"
    return Race(title, sides, same_spins, "step", {sides[1].name: goal}, batch=(n_cues, "replica"))


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races, each built when its turn comes (the large matrix lives for one race only)."""
    if tiny:
        yield step(300, 0.138, 9, 8.0, 1)
        return
    yield step(2_000, 0.138, 96, 5.0, 20)
    yield step(10_000, 0.138, 96, 8.0, 10)
    yield step(10_000, 0.05, 96, 18.0, 20)
