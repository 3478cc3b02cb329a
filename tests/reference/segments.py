"""Segments as plain sets of cells."""

from __future__ import annotations

import numpy as np


def counts(segments: list[list[int]], active: list[int]) -> list[int]:
    """Count the cells of each segment that are active."""
    return [len(set(cells) & set(active)) for cells in segments]


def reached(values: list[int], threshold: int) -> list[int]:
    """List the places of values that are at least the threshold."""
    return [place for place, value in enumerate(values) if value >= threshold]


def lists(segments: list[list[int]], n_cells: int) -> list[list[int]]:
    """List for each cell the segments that it has a synapse on."""
    return [[k for k, cells in enumerate(segments) if cell in cells] for cell in range(n_cells)]


def histogram(segments: list[list[int]], codes: list[list[int]], longest: int) -> np.ndarray:
    """Count for each code how many segments have each count."""
    return np.array([[counts(segments, code).count(value) for value in range(longest + 1)] for code in codes])


def first_fault(segments: list[list[int]], n_cells: int) -> int:
    """Return the place, among all synapses in order, of the first on no cell or on one that the segment had already; or -1."""
    place = 0
    for cells in segments:
        for k, cell in enumerate(cells):
            if not 0 <= cell < n_cells or cell in cells[:k]:
                return place
            place += 1
    return -1
