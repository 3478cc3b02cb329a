"""Pair STDP done at every event, synapse by synapse, in plain Python numbers: what the kernels must come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Rule(NamedTuple):
    """The parameters, times in the unit of dt."""

    additive: bool
    all_pairs: bool
    a_plus: float
    a_minus: float
    w_max: float
    tau_plus: float
    tau_minus: float
    dt: float


class Run(NamedTuple):
    """Weights after each tick, what each target received in each tick, and the largest trace of a source that there was."""

    weights: list[list[float]]
    received: list[list[float]]
    largest_trace: float


def depressed(rule: Rule, w: float, y: float) -> float:
    """Return a weight after an arrival."""
    size = rule.a_minus if rule.additive else rule.a_minus * w / rule.w_max
    return max(w - size * y, 0.0)


def potentiated(rule: Rule, w: float, x: float) -> float:
    """Return a weight after a spike of its target."""
    size = rule.a_plus if rule.additive else rule.a_plus * (rule.w_max - w) / rule.w_max
    return min(w + size * x, rule.w_max)


def run(
    rule: Rule,
    pairs: Sequence[tuple[int, int]],
    weights: Sequence[float],
    shape: tuple[int, int],
    arrivals: Sequence[Sequence[int]],
    spikes: Sequence[Sequence[int]],
) -> Run:
    """Let the sources arrivals[t] arrive and then the targets spikes[t] fire, for each tick t. pairs: (source, target) of each synapse."""
    w = list(weights)
    x, y = [0.0] * shape[0], [0.0] * shape[1]
    history, received, largest = [], [], 0.0
    for arriving, firing in zip(arrivals, spikes, strict=True):
        got = [0.0] * shape[1]
        for k, (i, j) in enumerate(pairs):
            if i in arriving:
                got[j] += w[k]
                w[k] = depressed(rule, w[k], y[j])
        for i in arriving:
            x[i] = x[i] + 1.0 if rule.all_pairs else 1.0
        for k, (i, j) in enumerate(pairs):
            if j in firing:
                w[k] = potentiated(rule, w[k], x[i])
        for j in firing:
            y[j] = y[j] + 1.0 if rule.all_pairs else 1.0
        largest = max(largest, *x)
        history.append(list(w))
        received.append(got)
        x = [value * math.exp(-rule.dt / rule.tau_plus) for value in x]
        y = [value * math.exp(-rule.dt / rule.tau_minus) for value in y]
    return Run(history, received, largest)
