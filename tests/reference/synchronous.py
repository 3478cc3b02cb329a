"""The synchronous Hopfield network with its weight matrix: every unit turns by the field of the state before."""

from __future__ import annotations

import numpy as np

from tests.reference import glauber, noise
from tests.reference.hopfield import weights

THERMAL_STREAM = 1


def step(matrix: np.ndarray, spins: np.ndarray, seed: int, tick: int, temperature: float, fields: np.ndarray) -> np.ndarray:
    """Return the next state; matrix is N J."""
    n = len(spins)
    local = (matrix @ spins) / n + fields
    words = [noise.word(seed, tick, THERMAL_STREAM, unit) if temperature else 0 for unit in range(n)]
    up = [glauber.turns_up(local[unit], spins[unit] > 0, words[unit], temperature) for unit in range(n)]
    return np.where(up, 1, -1)


def run(patterns: np.ndarray, cue: np.ndarray, seed: int, ticks: int, temperature: float, fields: np.ndarray) -> list[np.ndarray]:
    """Return all states, the cue first; nothing stops at a repetition."""
    matrix, states = weights(patterns), [cue.astype(np.int64)]
    for tick in range(ticks):
        states.append(step(matrix, states[-1], seed, tick, temperature, fields))
    return states
