"""Numbers of units in arrays: their type, their range, their counts, their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.memory import free_memory

Offsets = npt.NDArray[np.int64]
Units = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
Positions = npt.NDArray[np.uint32] | npt.NDArray[np.int64]


def unit_type(n_units: int) -> np.dtype[Any]:
    """Return the smallest type, 16 or 32 bits, that holds the numbers 0 ... n_units - 1.

    Examples
    --------
    >>> [unit_type(n).name for n in (65_536, 65_537)]
    ['uint16', 'uint32']
    """
    return np.dtype(np.uint16 if n_units <= 2**16 else np.uint32)


def position_type(n_synapses: int) -> np.dtype[Any]:
    """Return the type that holds the numbers 0 ... n_synapses - 1.

    Examples
    --------
    >>> [position_type(n).name for n in (2**32, 2**32 + 1)]
    ['uint32', 'int64']
    """
    return np.dtype(np.uint32 if n_synapses <= 2**32 else np.int64)


def population(name: str, n_units: int) -> int:
    """Return a number of units, or say what is wrong with it.

    Examples
    --------
    >>> population("n_sources", 10)
    10
    """
    number = whole(name, n_units, 1)
    if number > 2**32:
        raise ValueError(f"{name} must be at most 2**32, got {number}")
    return number


def whole_numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return an array of integers with one axis, or say what is wrong with it.

    Examples
    --------
    >>> whole_numbers("sources", [3, 1]).tolist(), whole_numbers("sources", []).dtype.name
    ([3, 1], 'int64')
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one axis, got shape {array.shape}")
    if not array.size:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got type {array.dtype}")
    return array


def check_range(name: str, units: npt.NDArray[Any], n_units: int) -> None:
    """Refuse numbers that are no units, naming the first.

    Examples
    --------
    >>> check_range("sources", np.array([0, 3]), 3)
    Traceback (most recent call last):
    ...
    ValueError: sources must lie in 0 ... 2, got 3 at position 1
    """
    if units.size and (units.min() < 0 or units.max() >= n_units):
        wrong = np.flatnonzero((units < 0) | (units >= n_units))[0]
        raise ValueError(f"{name} must lie in 0 ... {n_units - 1}, got {units[wrong]} at position {wrong}")


def counts(units: npt.NDArray[Any], n_units: int) -> Offsets:
    """Count how often each unit occurs, (n_units,).

    Examples
    --------
    >>> counts(np.array([2, 0, 2], np.uint16), 4).tolist()
    [1, 0, 2, 0]
    """
    from neurosim.kernels.connectivity import count_units

    out = np.zeros(n_units, np.int64)
    count_units(units, out)
    return out


def starts(lengths: Offsets) -> Offsets:
    """Return where rows of given lengths begin, and where the last one ends.

    Examples
    --------
    >>> starts(np.array([1, 0, 2])).tolist()
    [0, 1, 1, 3]
    """
    out = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=out[1:])
    return out


def stable_order(units: npt.NDArray[Any], offsets: Offsets) -> Positions:
    """Return the positions in units by unit, ascending within a unit; offsets are the :func:`starts` of the units' :func:`counts`.

    Examples
    --------
    >>> units = np.array([2, 0, 2], np.uint16)
    >>> stable_order(units, starts(counts(units, 3))).tolist()
    [1, 0, 2]
    """
    from neurosim.kernels import connectivity as kernels

    order = np.empty(units.size, position_type(units.size))
    kernels.stable_order(units, offsets[:-1].copy(), order)
    return order


def first_step_below(offsets: Offsets, targets: npt.NDArray[Any], least: int) -> int | None:
    """Return the first position whose target is less than `least` above the one before it in its row, if there is one.

    Examples
    --------
    >>> offsets, targets = np.array([0, 2, 4]), np.array([1, 2, 0, 0], np.uint16)
    >>> first_step_below(offsets, targets, 0), first_step_below(offsets, targets, 1)
    (None, 3)
    """
    from neurosim.kernels import connectivity as kernels

    position = kernels.first_step_below(offsets, targets, least)
    return int(position) if position >= 0 else None


def refuse_too_large(shape: tuple[int, int], n_synapses: int, scratch: int = 0) -> None:
    """Raise an error that tells the size if synapses would not fit into the memory that is free.

    Parameters
    ----------
    shape : tuple of int
        Number of sources and of targets.
    n_synapses : int
        How many there will be, at least nearly.
    scratch : int
        Bytes for each synapse that are needed besides, while they are made.

    Raises
    ------
    MemoryError

    Examples
    --------
    >>> refuse_too_large((1000, 1000), 100_000)
    """
    wanted, free = n_synapses * (unit_type(shape[1]).itemsize + scratch) + 8 * (shape[0] + 1), free_memory()
    if wanted > free:
        raise MemoryError(
            f"{n_synapses:,} synapses from {shape[0]:,} sources to {shape[1]:,} targets would take {wanted / 2**30:,.2f} GiB while they "
            f"are made; {free / 2**30:,.2f} GiB are free"
        )
