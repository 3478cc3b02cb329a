"""A spatial pooler column by column, in Python integers; float32 where the engine says float32.

permanences[c][i] is a whole number 0 ... 32767, or -1 where column c cannot reach input i. Units lie on grids, in C order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.reference.noise import permutation, word

TOP = 32767
single = np.float32


def place(unit: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return where a unit lies on its grid."""
    return tuple(int(step) for step in np.unravel_index(unit, shape))


def offset(here: int, centre: int, n: int, radius: int, wrap: bool) -> int:
    """Return how far one place lies from another along an axis: round the circle, unless the radius takes in all of it."""
    if not wrap or 2 * radius + 1 >= n:
        return here - centre
    return min((here - centre, here - centre + n, here - centre - n), key=abs)


def neighbours(unit: int, shape: tuple[int, ...], radius: int, wrap: bool) -> list[int]:
    """Return the units within a radius along every axis, itself included."""
    centre = place(unit, shape)
    found = []
    for other in range(math.prod(shape)):
        steps = [offset(a, b, n, radius, wrap) for a, b, n in zip(place(other, shape), centre, shape, strict=True)]
        if all(abs(step) <= radius or (wrap and 2 * radius + 1 >= n) for step, n in zip(steps, shape, strict=True)):
            found.append(other)
    return found


def first_permanence(random: int, threshold: int) -> int:
    """Turn a random word into a permanence: its highest bit says whether it is connected, the others where between the limits."""
    part = random % 2**31
    low, high = (threshold, TOP + 1) if random >= 2**31 else (0, threshold)
    return low + (part * (high - low) >> 31)


def first_permanences(
    shape: tuple[int, ...], centres: list[int], radius: int, wrap: bool, fraction: float, threshold: int, seed: int
) -> list[list[int]]:
    """Draw all permanences."""
    rows = []
    for column, centre in enumerate(centres):
        row = [-1] * math.prod(shape)
        near = neighbours(centre, shape, radius, wrap)
        wanted = max(1, math.floor(fraction * len(near) + 0.5))
        for k in permutation(seed, column, 0, len(near))[:wanted]:
            row[near[k]] = first_permanence(word(seed, column, 1, k), threshold)
        rows.append(row)
    return rows


def overlap(row: list[int], active: list[int], threshold: int) -> int:
    """Count the active inputs that are connected."""
    return sum(row[i] >= threshold for i in active)


def boosted(overlaps: list[int], duty: list[np.float32], targets: list[float], strength: float) -> list[np.float32]:
    """Multiply overlaps by their boosts."""
    factors = [single(math.exp(strength * (target - float(own)))) for target, own in zip(targets, duty, strict=True)]
    return [single(count) * factor for count, factor in zip(overlaps, factors, strict=True)]


def winners(values: list, least: float, density: float, hoods: list[list[int]]) -> list[int]:
    """Return the columns that are outdone by fewer neighbours than there are places; the larger index outdoes its equals."""
    won = []
    for column, hood in enumerate(hoods):
        better = [other for other in hood if (values[other], other) > (values[column], column)]
        if values[column] >= least and len(better) < max(1, math.floor(density * len(hood) + 1e-9)):
            won.append(column)
    return won


def changed(row: list[int], steps: list[int]) -> list[int]:
    """Add steps to permanences and keep them in range."""
    return [old if old < 0 else min(max(old + step, 0), TOP) for old, step in zip(row, steps, strict=True)]


def spread(row: list[int], centre: int, shape: tuple[int, ...], radius: int, wrap: bool, threshold: int) -> int:
    """Return the lengths along all axes of what a column is connected to, seen from its centre."""
    middle = place(centre, shape)
    total = 0
    for axis, n in enumerate(shape):
        seen = [offset(place(i, shape)[axis], middle[axis], n, radius, wrap) for i, value in enumerate(row) if value >= threshold]
        total += max(seen) - min(seen) + 1 if seen else 0
    return total


@dataclass
class Pooler:
    """The parameters in whole numbers, and everything that changes."""

    input_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    centres: list[int]
    reach: int
    fraction: float
    density: float
    local: bool
    wrap: bool
    stimulus: int
    increment: int
    decrement: int
    threshold: int
    bump: int
    boost: float
    period: int
    minimum: float
    seed: int

    def __post_init__(self) -> None:
        n = math.prod(self.column_shape)
        self.permanences = first_permanences(
            self.input_shape, self.centres, self.reach, self.wrap, self.fraction, self.threshold, self.seed
        )
        self.overlap_duty, self.active_duty, self.minimum_duty = ([single(0)] * n for _ in range(3))
        self.learned = 0
        self.measure_radius()

    def measure_radius(self) -> None:
        """Set the radius of inhibition, and who is whose neighbour."""
        n, axes = math.prod(self.column_shape), len(self.input_shape)
        if self.local:
            spans = [
                spread(row, centre, self.input_shape, self.reach, self.wrap, self.threshold)
                for row, centre in zip(self.permanences, self.centres, strict=True)
            ]
            ratio = sum(columns / inputs for columns, inputs in zip(self.column_shape, self.input_shape, strict=True)) / axes
            self.radius = max(1, math.floor((sum(spans) / (axes * n) * ratio - 1) / 2 + 0.5))
            self.hoods = [neighbours(column, self.column_shape, self.radius, self.wrap) for column in range(n)]
        else:
            self.radius, self.hoods = max(self.column_shape), [list(range(n))] * n

    def compute(self, active: list[int], learn: bool) -> list[int]:
        """Read one input and return the winners."""
        overlaps = [overlap(row, active, self.threshold) for row in self.permanences]
        values: list = overlaps
        if self.boost:
            means = [sum(float(self.active_duty[other]) for other in hood) / len(hood) for hood in self.hoods]
            targets = means if self.local else [self.density] * len(overlaps)
            values = boosted(overlaps, self.active_duty, targets, self.boost)
        won = winners(values, self.stimulus, self.density, self.hoods)
        if learn:
            self.learn(active, overlaps, won)
        return won

    def learn(self, active: list[int], overlaps: list[int], won: list[int]) -> None:
        """Change permanences of winners, duty cycles, permanences of weak columns, and now and then what counts as weak."""
        self.learned += 1
        steps = [self.increment if i in active else -self.decrement for i in range(math.prod(self.input_shape))]
        for column in won:
            self.permanences[column] = changed(self.permanences[column], steps)
        period = min(self.period, self.learned)
        decay, part, enough = single((period - 1) / period), single(1 / period), max(1, self.stimulus)
        for column, count in enumerate(overlaps):
            self.overlap_duty[column] = self.overlap_duty[column] * decay + (part if count >= enough else single(0))
            self.active_duty[column] = self.active_duty[column] * decay + (part if column in won else single(0))
        for column, duty in enumerate(self.overlap_duty):
            if duty < self.minimum_duty[column]:
                self.permanences[column] = changed(self.permanences[column], [self.bump] * len(steps))
        if self.learned % 50 == 0:
            self.measure_radius()
            tops = [max(self.overlap_duty[other] for other in hood) for hood in self.hoods]
            self.minimum_duty = [single(self.minimum) * top for top in tops]
