"""Spikes that arrive, one synapse after the other. rows[i] lists the targets of source i, weights[i] and delays[i] what belongs to them.

Arrays are changed in place, in the arithmetic of their own type.
"""

from __future__ import annotations

import bisect

import numpy as np

PART = 255

Rows = list[list[int]]


def deliver(spikes: list[int], rows: Rows, weights: list[list[float]], row: np.ndarray) -> None:
    """Add each weight as it comes."""
    real = row.dtype.type
    for source in spikes:
        for target, weight in zip(rows[source], weights[source], strict=True):
            row[target] = real(row[target]) + real(weight)


def deliver_counts(spikes: list[int], rows: Rows, weight: float, row: np.ndarray) -> None:
    """Count the synapses onto each target first, for every PART spikes."""
    real = row.dtype.type
    for first in range(0, len(spikes), PART):
        reached = [target for source in spikes[first : first + PART] for target in rows[source]]
        for target in range(len(row)):
            row[target] = real(row[target]) + real(weight) * real(reached.count(target))


def deliver_delayed(
    spikes: list[int], rows: Rows, weights: list[list[float]], delays: list[list[int]], tick: int, ring: dict[int, np.ndarray]
) -> None:
    """Add each weight to the row of the tick in which it arrives: ring[tick] (n_targets,)."""
    for source in spikes:
        for target, weight, delay in zip(rows[source], weights[source], delays[source], strict=True):
            row = ring[tick + delay]
            row[target] = row.dtype.type(row[target]) + row.dtype.type(weight)


def bits(rows: Rows, n_words: int) -> list[list[int]]:
    """Set bit j % 64 of word j // 64 for each target j; an empty row stands at the end."""
    return [[sum(1 << target % 64 for target in set(row) if target // 64 == word) for word in range(n_words)] for row in [*rows, []]]


def bounds(rows: Rows, borders: list[int]) -> list[list[int]]:
    """Count the synapses before each border of each row, and all those of the rows before."""
    before = [sum(map(len, rows[:source])) for source in range(len(rows))]
    return [[start + bisect.bisect_left(row, border) for border in borders] for start, row in zip(before, rows, strict=True)]
