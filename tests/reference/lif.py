"""The leaky integrate-and-fire neuron, one unit at a time."""

from __future__ import annotations

import math


def advance(v: float, current: float, tau: float, rest: float, dt: float) -> float:
    """Return v after a step with a constant current."""
    decay = math.exp(-dt / tau)
    return v * decay + (-math.expm1(-dt / tau) * rest + -math.expm1(-dt / tau) * current)


def interval(current: float, tau: float, rest: float, threshold: float, reset: float, refractory: float) -> float:
    """Return the time between two spikes in continuous time; infinite below threshold."""
    final = rest + current
    return refractory + tau * math.log((final - reset) / (final - threshold)) if final > threshold else math.inf
