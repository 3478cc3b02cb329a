"""Anomaly likelihood, everything computed again at every tick from the list of all scores."""

from __future__ import annotations

import math


def likelihoods(scores: list[float], learning: int, samples: int, window: int, every: int, average: int) -> list[float]:
    out, mean, deviation, before = [], 0.0, 0.0, 0.5
    for t in range(len(scores)):
        if t < learning + samples:
            out.append(0.5)
            continue
        if t == learning + samples or t % every == 0:
            first = max(0, t - window)
            past = [_mean(scores[max(first, i - average + 1) : i + 1]) for i in range(first, t)]
            used = [value for i, value in zip(range(first, t), past, strict=True) if i >= learning]
            mean, deviation = 0.5, 1e3
            if used:
                mean = max(_mean(used), 0.03)
                deviation = math.sqrt(max(_mean([(value - _mean(used)) ** 2 for value in used]), 0.0003))
            before = tail(past[-1], mean, deviation)
        q = tail(_mean(scores[max(0, t - average + 1) : t + 1]), mean, deviation)
        out.append(1.0 - (0.001 if q <= 1e-5 and before <= 1e-5 else q))
        before = q
    return out


def tail(x: float, mean: float, deviation: float) -> float:
    return 0.5 * math.erfc((x - mean) / deviation / math.sqrt(2.0))


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
