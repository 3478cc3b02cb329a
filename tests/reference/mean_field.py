"""Oscillators under their mean field, by complex order parameter; and a sum in the order of the kernel."""

from __future__ import annotations

import numpy as np

from tests.reference.phases import step

BLOCK, LANES = 4096, 16


def speeds(phases, frequencies, coupling, lag):
    """Return omega_i + K r sin(psi - theta_i - alpha)."""
    z = np.mean(np.exp(1j * phases))
    return frequencies + coupling * np.abs(z) * np.sin(np.angle(z) - phases - lag)


def run(phases, frequencies, coupling, lag, dt, stages, ticks, kicks=None):
    """Return the phases after some steps; kicks (ticks, n)."""
    phases = np.array(phases, float)
    for tick in range(ticks):
        moved = 0.0 if kicks is None else kicks[tick]
        phases = step(lambda theta: speeds(theta, frequencies, coupling, lag), phases, dt, stages, moved)
    return phases


def total(values):
    """Add up numbers by blocks and lanes; the upper half of the lanes is added to the lower half until one is left."""
    result = 0.0
    for begin in range(0, len(values), BLOCK):
        block = values[begin : begin + BLOCK]
        lanes = [0.0] * LANES
        for i, value in enumerate(block):
            lanes[i % LANES] += float(value)
        while len(lanes) > 1:
            half = len(lanes) // 2
            lanes = [lanes[k] + lanes[half + k] for k in range(half)]
        result += lanes[0]
    return result
