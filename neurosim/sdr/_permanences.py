"""Permanences of synapses: 0 ... 1 for users, whole numbers 0 ... FULL of 16 bits in arrays."""

from __future__ import annotations

from neurosim.checks import real

FULL = 32767
"""The whole number that stands for permanence 1."""


def checked_permanence(name: str, value: float, *, positive: bool = False) -> float:
    """Return a permanence, or a change of one, or say what is wrong with it.

    Examples
    --------
    >>> checked_permanence("initial", 0.21, positive=True)
    0.21
    """
    value = real(name, value, least=0.0, **({"above": 0.0} if positive else {}))
    if value > 1:
        raise ValueError(f"{name} must be at most 1, got {value:g}")
    return value


def fixed(value: float) -> int:
    """Return a permanence as a whole number: the nearest one, but at least 1 for what is above 0.

    Examples
    --------
    >>> fixed(1.0), fixed(0.02), fixed(1e-6), fixed(0.0)
    (32767, 655, 1, 0)
    """
    return max(round(value * FULL), int(value > 0))
