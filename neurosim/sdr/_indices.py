"""Sorted indices, checked at the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import with_hint

Indices = npt.NDArray[np.int32]
LARGEST = 2**31 - 1
"""Largest size of a code: indices have 32 bits."""


def words_of(size: int) -> int:
    """Return the number of 64-bit words that hold `size` bits.

    Examples
    --------
    >>> words_of(65)
    2
    """
    return -(-size // 64)


def checked_size(name: str, size: int) -> int:
    """Return a size of codes, or say what is wrong with it.

    Examples
    --------
    >>> checked_size("size", 2048)
    2048
    """
    size = whole(name, size, 1)
    if size > LARGEST:
        raise ValueError(f"{name} must be at most 2**31 - 1, got {size}")
    return size


def checked_indices(name: str, indices: npt.ArrayLike, size: int) -> Indices:
    """Return rising indices below `size` as an array, or say what is wrong with them.

    Examples
    --------
    >>> checked_indices("indices", [0, 3], 4)
    array([0, 3], dtype=int32)
    """
    if not isinstance(indices, np.ndarray):
        indices = np.asarray(list(indices) if isinstance(indices, range | set | frozenset | Iterator) else indices)
    if indices.size == 0 and indices.ndim == 1:
        return np.zeros(0, np.int32)
    if indices.dtype == bool:
        raise with_hint(TypeError(f"{name} must be indices, got a mask of shape {indices.shape}"), "make a code of it: Code.from_dense")
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise TypeError(f"{name} must be a row of integers, got {indices.dtype} of shape {indices.shape}")
    refuse_range(name, indices, size)
    if (wrong := indices[1:] <= indices[:-1]).any():
        first = int(wrong.argmax())
        before, after = indices[first : first + 2].tolist()
        error = ValueError(f"{name} must rise, got {f'{after} twice' if before == after else f'{after} after {before}'}")
        raise with_hint(error, "numpy.unique sorts and removes repeats")
    return indices.astype(np.int32, copy=False)


def refuse_range(name: str, indices: npt.NDArray[Any], size: int) -> None:
    """Refuse indices beyond 0 ... size - 1.

    Examples
    --------
    >>> refuse_range("indices", np.array([0, 4]), 4)
    Traceback (most recent call last):
    ...
    ValueError: indices must lie in 0 ... 3, got 4
    """
    if (outside := (indices < 0) | (indices >= size)).any():
        raise ValueError(f"{name} must lie in 0 ... {size - 1}, got {indices[outside][0]}")
