"""Normal numbers and currents, unit by unit."""

from __future__ import annotations

import math

import numpy as np

from tests.reference.noise import word

HALF = 256


def normal(seed, tick, unit):
    """Return the normal number of a unit, by Box and Muller's transform of the words of two units of a block of 512.

    The uniform number below the logarithm has 24 digits.
    """
    place = unit % (2 * HALF)
    first = unit - place + place % HALF
    share = float(np.float32(word(seed, tick, 0, first)) + np.float32(0.5)) / 2**32
    radius = math.sqrt(-2 * math.log(share))
    angle = word(seed, tick, 0, first + HALF) / 2**32 * 2 * math.pi
    return radius * (math.cos(angle) if place < HALF else math.sin(angle))


def step_current(times, amplitudes, dt, tick):
    """Return the amplitude in force in a tick."""
    value = 0.0
    for time, amplitude in zip(times, amplitudes, strict=True):
        if math.floor(time / dt + 1e-3) <= tick:
            value = amplitude
    return value
