r"""How often a dendritic segment, or any matcher with a threshold, is wrong.

A segment has s synapses and is active where at least :math:`\theta` of them are. Of n cells a are active.

*False positive*: the active cells are a random choice, not the pattern that the segment knows,

.. math:: P_{fp} = \sum_{b=\theta}^{\min(s, a)} \binom{s}{b} \binom{n - s}{a - b} \Bigl/ \binom{n}{a} .

*False negative*: the s synapses are on cells of the pattern, but v of its a cells stay silent (others may fire in their place, outside the
pattern), and more than :math:`s - \theta` of these have synapses,

.. math:: P_{fn} = \sum_{b=s-\theta+1}^{\min(s, v)} \binom{s}{b} \binom{a - s}{v - b} \Bigl/ \binom{a}{v} .

A set of M independent segments (a neuron, a list of stored codes) is wrong with :math:`1 - (1 - P_{fp})^M \le M P_{fp}`.

Two whole codes of w active units are the case s = a = w.

Sources: S. Ahmad & J. Hawkins, arXiv:1503.07469 (2015) and arXiv:1601.00720 (2016), with numbers of the authors' public notebooks. Differs
from the papers in: the probability for a set is the exact one unless the bound is asked for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.sdr.theory._points import LARGEST, Answer, places, plain, spread, within
from neurosim.sdr.theory.hypergeometric import log_tail

SYNAPSES = "the number of synapses"
CELLS = "the active cells of the pattern"


def false_positive(
    size: npt.ArrayLike, active: npt.ArrayLike, synapses: npt.ArrayLike, threshold: npt.ArrayLike, *, log: bool = False
) -> Answer:
    """Return the probability that random activity reaches the threshold.

    Parameters
    ----------
    size, active : int or array_like of int
        Cells, and how many of them are active.
    synapses : int or array_like of int
        Cells that the segment listens to.
    threshold : int or array_like of int
        At least 1, at most `synapses`.
    log : bool
        Return the natural logarithm: it holds where the probability is below the smallest float.

    Returns
    -------
    float or ndarray of float64
        Of the shape that the arguments broadcast to.

    Raises
    ------
    ValueError
        If the threshold is above the number of synapses, no cell is active, or all are.

    Examples
    --------
    >>> print(f"{false_positive(2000, 40, 20, 15):.6g}")
    2.47192e-23
    >>> false_positive([500, 1100], 128, 24, 12).round(8).tolist()
    [0.00736788, 3e-06]
    """
    return spread(_log_positive, size, active, synapses, threshold, log=log)


def _log_positive(size: int, active: int, synapses: int, threshold: int) -> float:
    size, active, synapses = places(size, active=active, synapses=synapses)
    return log_tail(within("threshold", threshold, 1, synapses, SYNAPSES), size, synapses, active)


def false_negative(
    active: npt.ArrayLike, synapses: npt.ArrayLike, threshold: npt.ArrayLike, lost: npt.ArrayLike, *, log: bool = False
) -> Answer:
    """Return the probability that a segment misses its own pattern, of which some cells stay silent.

    It does not depend on the number of cells, nor on what fires in place of the lost cells, if that lies outside the pattern.

    Parameters
    ----------
    active, synapses : int or array_like of int
        Active cells of the pattern, and how many of them the segment listens to.
    threshold : int or array_like of int
        At least 1, at most `synapses`.
    lost : int or array_like of int
        Cells of the pattern that are silent, 0 to `active`.
    log : bool
        Return the natural logarithm.

    Returns
    -------
    float or ndarray of float64

    Raises
    ------
    ValueError
        If the threshold is above the number of synapses, or there are more synapses or lost cells than active ones.

    Examples
    --------
    >>> false_negative(128, 30, [8, 12, 16], 64).round(6).tolist()
    [0.000735, 0.071699, 0.582502]
    """
    return spread(_log_negative, active, synapses, threshold, lost, log=log)


def _log_negative(active: int, synapses: int, threshold: int, lost: int) -> float:
    active, synapses, threshold, lost = pattern(active, synapses, threshold, lost)
    return log_tail(synapses - threshold + 1, active, synapses, lost)


def pattern(active: int, synapses: int, threshold: int, lost: int) -> tuple[int, int, int, int]:
    """Return what describes a segment on a pattern in noise, or say what is wrong with it.

    Examples
    --------
    >>> pattern(40, 20, 12, 10)
    (40, 20, 12, 10)
    """
    active = within("active", active, 1, LARGEST)
    synapses = within("synapses", synapses, 1, active, CELLS)
    return active, synapses, within("threshold", threshold, 1, synapses, SYNAPSES), within("lost", lost, 0, active, CELLS)


def any_of(probability: npt.ArrayLike, count: npt.ArrayLike) -> Answer:
    """Return the probability that at least one of independent events happens, exact where it is tiny.

    Parameters
    ----------
    probability : float or array_like
        Of one event.
    count : float or array_like
        Number of events; that of :func:`neurosim.sdr.theory.expected_ones` need not be whole.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> any_of([1e-20, 0.5], 3).tolist()
    [3e-20, 0.875]
    """
    chance, number = np.asarray(probability, np.float64), np.asarray(count, np.float64)
    if not ((chance >= 0) & (chance <= 1)).all():
        raise ValueError(f"probability must lie in 0 ... 1, got {chance.flat[np.argmax(~((chance >= 0) & (chance <= 1)))]}")
    if not (number >= 0).all():
        raise ValueError(f"count must not be negative, got {number.min()}")
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.where(number > 0, -np.expm1(number * np.log1p(-chance)), 0.0))


def set_false_positive(
    size: npt.ArrayLike,
    active: npt.ArrayLike,
    synapses: npt.ArrayLike,
    threshold: npt.ArrayLike,
    patterns: npt.ArrayLike,
    *,
    bound: bool = False,
) -> Answer:
    """Return the probability that random activity matches any of a set of patterns, each held by a segment of its own.

    Parameters
    ----------
    size, active, synapses, threshold : int or array_like of int
        As for :func:`false_positive`.
    patterns : int or array_like of int
        Number of segments, at least 1.
    bound : bool
        Return the sum of all probabilities instead, which is an upper bound even where the patterns resemble each other.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> round(set_false_positive(100, 7, 7, 4, 500), 6), round(set_false_positive(100, 7, 7, 4, 500, bound=True), 6)
    (0.134728, 0.144691)
    """
    number = np.asarray(patterns)
    if not np.issubdtype(number.dtype, np.integer) or (number < 1).any():
        raise ValueError(f"patterns must be whole numbers from 1, got {patterns!r}")
    one = false_positive(size, active, synapses, threshold)
    return plain(np.minimum(number * one, 1.0)) if bound else any_of(one, number)
