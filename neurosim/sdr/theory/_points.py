"""Arguments of formulas: checked, broadcast, and handed over point by point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole

Answer = Any
"""A float where all arguments are single numbers, else an array."""
LARGEST = 2**31 - 1


def spread(function: Callable[..., float], *arguments: npt.ArrayLike, log: bool = False) -> Answer:
    """Apply a function that returns a logarithm to single numbers or arrays, broadcast; return probabilities, or logarithms.

    Examples
    --------
    >>> spread(lambda a, b: a * np.log(b), [1, 2], 0.5).round(6).tolist()
    [0.5, 0.25]
    """
    parts = np.broadcast_arrays(*(np.asarray(part) for part in arguments))
    values = np.array([function(*(part.item() for part in point)) for point in zip(*(part.flat for part in parts), strict=True)])
    return plain((values if log else np.exp(values)).reshape(parts[0].shape))


def plain(values: npt.ArrayLike) -> Answer:
    """Return an array, or its number where it holds just one and has no axis.

    Examples
    --------
    >>> plain(np.float64(0.5)), plain([0.5])
    (0.5, array([0.5]))
    """
    answer = np.asarray(values, np.float64)
    return answer if answer.ndim else float(answer)


def places(size: Any, **parts: Any) -> tuple[int, ...]:
    """Return a size and numbers of its places, each from 1 to size - 1, or say what is wrong with them.

    Examples
    --------
    >>> places(100, active=5)
    (100, 5)
    >>> places(100, active=100)
    Traceback (most recent call last):
    ...
    ValueError: active must lie in 1 ... 99, fewer than size = 100, got 100
    """
    size = whole("size", size, 2)
    if size > LARGEST:
        raise ValueError(f"size must be at most 2**31 - 1, got {size}")
    return size, *(within(name, value, 1, size - 1, f"fewer than size = {size}") for name, value in parts.items())


def within(name: str, value: Any, least: int, most: int, why: str = "") -> int:
    """Return a whole number between two others, or say what is wrong with it.

    Examples
    --------
    >>> within("threshold", 30, 1, 20, "the number of synapses")
    Traceback (most recent call last):
    ...
    ValueError: threshold must lie in 1 ... 20, the number of synapses, got 30
    """
    number = whole(name, value, -LARGEST)
    if not least <= number <= most:
        raise ValueError(f"{name} must lie in {least} ... {most}{', ' + why if why else ''}, got {number}")
    return number
