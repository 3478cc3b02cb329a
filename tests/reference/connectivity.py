"""Synapses drawn one candidate at a time, and counted in a dense matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.reference.noise import word

BLOCK = 128


def words(seed: int, row: int) -> Iterator[int]:
    """Yield the random words of one row."""
    position = 0
    while True:
        yield word(seed, row, position // BLOCK, position % BLOCK)
        position += 1


def below(bound: int, source: Iterator[int]) -> int:
    """Draw from 0 ... bound - 1: of the 2**32 words, keep bound * floor(2**32 / bound), each result the same number of times."""
    while True:
        product = next(source) * bound
        if product % 2**32 >= 2**32 % bound:
            return product // 2**32


def candidates(n_units: int, row: int, self_connections: bool) -> list[int]:
    """List the units that a row may be connected to."""
    return [unit for unit in range(n_units) if self_connections or unit != row]


def bernoulli(seed: int, row: int, units: list[int], probability: float) -> list[int]:
    """Pass over a geometric number of candidates before each one taken."""
    source, taken, position = words(seed, row), [], -1
    while True:
        high, low = next(source), next(source)
        uniform = ((high << 32 | low) // 2**11 + 1) / 2**53
        position += 1 + math.floor(math.log(uniform) / math.log1p(-probability))
        if position >= len(units):
            return taken
        taken.append(units[position])


def distinct(seed: int, row: int, units: list[int], degree: int) -> list[int]:
    """Floyd's algorithm."""
    source, chosen = words(seed, row), set()
    for last in range(len(units) - degree, len(units)):
        drawn = below(last + 1, source)
        chosen.add(last if drawn in chosen else drawn)
    return sorted(units[position] for position in chosen)


def repeated(seed: int, row: int, units: list[int], degree: int) -> list[int]:
    """Draw with repetition."""
    source = words(seed, row)
    return sorted(units[below(len(units), source)] for _ in range(degree))


def dense(rows: list[list[int]], n_targets: int) -> list[list[int]]:
    """Count the synapses of each pair."""
    return [[row.count(target) for target in range(n_targets)] for row in rows]
