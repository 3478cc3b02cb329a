"""From functions of numbers to functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Fields = TypeVar("Fields", bound=tuple[Any, ...])


def checked(name: str, values: npt.ArrayLike) -> Array:
    """Return values as floats after checking that all are finite and at least 0; below 1e-300 they count as 0."""
    array = np.asarray(values, float)
    good = (array >= 0) & (array < np.inf)
    if not good.all():
        raise ValueError(f"{name} must be at least 0 and finite, got {array[~good].flat[0]}")
    return np.where(array < 1e-300, 0.0, array)


def each(solve: Callable[..., float], *arguments: Array) -> Array:
    """Call a function of numbers for every element of the broadcast arguments."""
    together = np.broadcast_arrays(*arguments)
    values = [solve(*map(float, point)) for point in zip(*(array.flat for array in together), strict=True)]
    return np.array(values, float).reshape(together[0].shape)


def each_tuple(kind: Callable[..., Fields], width: int, solve: Callable[..., Any], *arguments: Array) -> Fields:
    """Call a function of numbers that returns `width` numbers; return one array a field."""
    together = np.broadcast_arrays(*arguments)
    points = [solve(*map(float, point)) for point in zip(*(array.flat for array in together), strict=True)]
    return kind(*(column.reshape(together[0].shape) for column in np.array(points, float).reshape(-1, width).T))
