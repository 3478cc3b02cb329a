"""The heat bath as its definition: +1 with probability 1 / (1 + exp(-2 h / T)), decided by one uniform number."""

from __future__ import annotations

import math


def uniform(word: int) -> float:
    """Turn 32 random bits into a number between 0 and 1."""
    return (word + 0.5) / 2**32


def turns_up(local: float, was_up: bool, word: int, temperature: float) -> bool:
    """Decide the next state of a unit; without temperature a zero field keeps the state."""
    if temperature == 0:
        return local > 0 or (local == 0 and was_up)
    exponent = 2 * local / temperature
    return uniform(word) < (1 / (1 + math.exp(-exponent)) if exponent > -700 else 0.0)
