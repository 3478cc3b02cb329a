"""Sparse codes as Python sets."""

from itertools import count

from tests.reference.noise import word


def packed(codes: list[set[int]], size: int) -> list[list[int]]:
    """Return the words of each code, unit 0 in the lowest bit of the first one."""
    return [[sum(1 << (unit - 64 * w) for unit in code if unit // 64 == w) for w in range(-(-size // 64))] for code in codes]


def overlaps(codes: list[set[int]], others: list[set[int]]) -> list[list[int]]:
    """Return the number of shared units, code by code."""
    return [[len(code & other) for other in others] for code in codes]


def drawn(n: int, size: int, active: int, seed: int) -> list[list[int]]:
    """Draw unit after unit until enough different ones are there: the active ones, or the silent ones where more than half are active."""
    return [_drawn(size, active, seed, code) for code in range(n)]


def _drawn(size: int, active: int, seed: int, code: int) -> list[int]:
    units: set[int] = set()
    for draw in count():
        if len(units) == min(active, size - active):
            return sorted(units if 2 * active <= size else set(range(size)) - units)
        units.add(word(seed, code, 0, draw) * size >> 32)
    raise AssertionError
