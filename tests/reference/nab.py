"""The benchmark's score, row by row in plain Python: first detection of each window, every detection outside."""

from __future__ import annotations

import math


def sigmoid(y: float) -> float:
    return 2.0 / (1.0 + math.exp(5.0 * y)) - 1.0


def total(flags: list[bool], windows: list[tuple[int, int]], tp: float, fp: float, fn: float) -> float:
    """Sum of rewards and costs; a window (a, b) has the rows a to b, b included. The first 15 % of the rows, at most 750, are skipped."""
    skipped = min(int(0.15 * len(flags)), 750)
    earned = 0.0
    for a, b in windows:
        hits = [i for i in range(a, b + 1) if flags[i] and i >= skipped]
        earned += tp * sigmoid(-(b - hits[0] + 1) / (b - a + 1)) / sigmoid(-1.0) if hits else -fn
    for i in range(skipped, len(flags)):
        if flags[i] and not any(a <= i <= b for a, b in windows):
            behind = [(i - b) / (b - a) for a, b in windows if b < i]
            earned += fp * (sigmoid(behind[-1]) if behind and behind[-1] <= 3.0 else -1.0)
    return earned
