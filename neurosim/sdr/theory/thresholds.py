r"""Which threshold is right.

A higher threshold lowers false positives and raises false negatives. For one kind of cell :func:`best_threshold` balances the two. Over
many sizes, sparsities and numbers of synapses the median false positive falls with the threshold alone
(:func:`median_false_positive`): from 8, the lowest threshold reported for NMDA spikes, it is below :math:`10^{-7}`.

Source: S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016); the grid is that of their public script, whose range leaves n = 21,000 out. Differs
from the paper in: :func:`least_threshold`, :func:`best_threshold` and :func:`least_size` are not in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real
from neurosim.sdr.theory._points import LARGEST, Answer, places, plain, within
from neurosim.sdr.theory.hypergeometric import log_probability
from neurosim.sdr.theory.segments import any_of, false_negative, false_positive

SIZES = (1000, 5000, 9000, 13000, 17000)
SPARSITIES = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03)
SYNAPSES = (20, 25, 30, 35, 40, 45, 50)


def median_false_positive(
    threshold: npt.ArrayLike,
    *,
    sizes: Sequence[int] = SIZES,
    sparsities: Sequence[float] = SPARSITIES,
    synapses: Sequence[int] = SYNAPSES,
) -> Answer:
    """Return the median of the false-positive probability over a grid of cells.

    Parameters
    ----------
    threshold : int or array_like of int
        At least 1. Where it is above the number of synapses, or of active cells, the probability is 0.
    sizes, sparsities, synapses : sequence
        Axes of the grid: cells, share of them that is active, synapses of a segment.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> print([f"{p:.2e}" for p in median_false_positive([3, 8, 12])])
    ['1.73e-02', '3.33e-08', '3.41e-14']
    """
    thresholds = np.asarray(threshold)
    points = [(size, round(size * part), number) for size, part, number in itertools.product(sizes, sparsities, synapses)]
    for size, active, number in points:
        places(size, active=active, synapses=number)
    lowest = [min(within("threshold", value, 1, LARGEST), max(synapses) + 1) for value in thresholds.flat]
    tails = np.zeros((len(points), max(synapses) + 2))
    for row, point in zip(tails, points, strict=True):
        row[: point[2] + 1] = _tails(*point)
    return plain(np.reshape(np.median(tails[:, lowest], axis=0), thresholds.shape))


def _tails(size: int, active: int, synapses: int) -> npt.NDArray[np.float64]:
    """Return the false-positive probabilities of all thresholds from 0 to the number of synapses."""
    terms = log_probability(np.arange(synapses, -1, -1), size, synapses, active)
    return np.exp(np.minimum(np.logaddexp.accumulate(terms), 0.0))[::-1]


def least_threshold(size: int, active: int, synapses: int, error: float) -> int:
    """Return the lowest threshold with a false-positive probability of at most `error`.

    Parameters
    ----------
    size, active, synapses : int
        As for :func:`~neurosim.sdr.theory.false_positive`.
    error : float
        Above 0.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If no threshold is high enough.

    Examples
    --------
    >>> least_threshold(2048, 40, 20, 1e-9)
    9
    """
    error = _error(error)
    chances = false_positive(size, active, synapses, np.arange(1, synapses + 1))
    if chances[-1] > error:
        raise ValueError(f"error must be at least {chances[-1]:.3g}, that of threshold = synapses = {synapses}, got {error:g}")
    return 1 + int(np.argmax(chances <= error))


def best_threshold(size: int, active: int, synapses: int, lost: int, *, patterns: int = 1, weight: float = 1.0) -> int:
    """Return the threshold with the smallest sum of both errors.

    Parameters
    ----------
    size, active, synapses : int
        As for :func:`~neurosim.sdr.theory.false_positive`.
    lost : int
        Cells of its pattern that are silent when a segment should respond.
    patterns : int
        Segments any of which may respond falsely.
    weight : float
        Weight of false positives in the sum.

    Returns
    -------
    int
        Of several equal ones the lowest.

    Examples
    --------
    >>> best_threshold(2048, 40, 20, 12), best_threshold(2048, 40, 20, 12, patterns=10**6)
    (8, 9)
    """
    thresholds = np.arange(1, synapses + 1)
    positive = any_of(false_positive(size, active, synapses, thresholds), within("patterns", patterns, 1, LARGEST))
    errors = real("weight", weight, above=0) * positive + false_negative(active, synapses, thresholds, lost)
    return int(thresholds[np.argmin(errors)])


def least_size(active: int, synapses: int, threshold: int, error: float) -> int:
    """Return the least number of cells with a false-positive probability of at most `error`.

    Parameters
    ----------
    active, synapses, threshold : int
        As for :func:`~neurosim.sdr.theory.false_positive`.
    error : float
        Above 0, below 1.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If more than 2**31 - 1 cells are needed.

    Examples
    --------
    >>> least_size(40, 20, 10, 1e-9)
    922
    """
    error = _error(error)

    def right(size: int) -> bool:
        return false_positive(size, active, synapses, threshold) <= error

    low = high = max(active, synapses) + 1
    while not right(high):
        if high == LARGEST:
            raise ValueError(f"error {error:g} needs more than 2**31 - 1 cells; raise the threshold or the number of active cells")
        low, high = high + 1, min(2 * high, LARGEST)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if right(middle) else (middle + 1, high)
    return high


def _error(error: Any) -> float:
    error = real("error", error, above=0)
    if error >= 1:
        raise ValueError(f"error must be below 1, got {error:g}")
    return error
