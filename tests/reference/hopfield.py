"""The Hopfield network with its weight matrix, one unit at a time, in exact integers (weights and fields times N)."""

from __future__ import annotations

import numpy as np

from tests.reference import glauber, noise

ORDER_STREAM, THERMAL_STREAM = 0, 1


def weights(patterns: np.ndarray) -> np.ndarray:
    """N J_ij with a zero diagonal: (n_units, n_units) int64."""
    wide = patterns.astype(np.int64)
    matrix = wide.T @ wide
    np.fill_diagonal(matrix, 0)
    return matrix


def sweep(matrix: np.ndarray, spins: np.ndarray, order: list[int]) -> int:
    """Visit every unit once, in place; a zero field keeps the state. Returns the number of flips."""
    flips = 0
    for unit in order:
        if (matrix[unit] @ spins) * spins[unit] < 0:
            spins[unit] = -spins[unit]
            flips += 1
    return flips


def recall(patterns: np.ndarray, cue: np.ndarray, seed: int, sweeps: int) -> tuple[np.ndarray, int]:
    """Sweep until nothing changes; returns the state and the tick after the first sweep without a change, or -1."""
    matrix, spins = weights(patterns), cue.astype(np.int64)
    for tick in range(sweeps):
        if not sweep(matrix, spins, noise.permutation(seed, tick, ORDER_STREAM, len(spins))):
            return spins, tick + 1
    return spins, -1


def thermal_sweep(matrix: np.ndarray, spins: np.ndarray, seed: int, tick: int, temperature: float, fields: np.ndarray) -> int:
    """Visit every unit once with heat-bath decisions, in place. Returns the number of flips."""
    flips = 0
    for unit in noise.permutation(seed, tick, ORDER_STREAM, len(spins)):
        local = (matrix[unit] @ spins) / len(spins) + fields[unit]
        up = glauber.turns_up(local, spins[unit] > 0, noise.word(seed, tick, THERMAL_STREAM, unit), temperature)
        flips += int(up != (spins[unit] > 0))
        spins[unit] = 1 if up else -1
    return flips


def thermal_run(patterns: np.ndarray, cue: np.ndarray, seed: int, sweeps: int, temperature: float, fields: np.ndarray) -> np.ndarray:
    """Return the state after so many sweeps."""
    matrix, spins = weights(patterns), cue.astype(np.int64)
    for tick in range(sweeps):
        thermal_sweep(matrix, spins, seed, tick, temperature, fields)
    return spins


def energy(patterns: np.ndarray, spins: np.ndarray) -> float:
    """H / N."""
    wide = spins.astype(np.int64)
    return -float(wide @ weights(patterns) @ wide) / (2 * len(spins) ** 2)


def overlap(patterns: np.ndarray, spins: np.ndarray) -> np.ndarray:
    """m for each pattern."""
    return patterns.astype(np.int64) @ spins.astype(np.int64) / len(spins)
