r"""What a first-order temporal memory predicts: one cell per column, L transitions between random codes of a out of n columns.

A column's cell gets a segment of s synapses on each code that came before it was active: about L a / n segments. In noise that takes v of a
code's columns, a predicted column stays predicted where its segment still reaches the threshold: the share of the next code that is
predicted is :math:`1 - P_{fn}(a, s, \theta, v)`. Of the other columns any of the segments may be wrong:

.. math:: e = 1 - (1 - P_{fp})^{L a / n}, \qquad J = \frac{a}{a + e (n - a)}

is the Jaccard index (shared over all) of predicted and active columns.

Source: theory behind the charts of S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016), read from the authors' public scripts. Differs from
the paper in: nothing known. A learned memory is worse than J: its segments grow beyond s synapses.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.sdr.theory._points import Answer, places, plain, spread, within
from neurosim.sdr.theory.hypergeometric import log_tail
from neurosim.sdr.theory.segments import any_of, false_positive, pattern


def predicted_share(active: npt.ArrayLike, synapses: npt.ArrayLike, threshold: npt.ArrayLike, lost: npt.ArrayLike) -> Answer:
    """Return the share of the next code that is predicted from a code with lost columns.

    Parameters
    ----------
    active, synapses, threshold, lost : int or array_like of int
        As for :func:`~neurosim.sdr.theory.false_negative`.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> predicted_share(40, 20, [8, 12, 16], 20).round(3).tolist()
    [0.944, 0.172, 0.0]
    """
    return spread(_log_share, active, synapses, threshold, lost)


def _log_share(active: int, synapses: int, threshold: int, lost: int) -> float:
    active, synapses, threshold, lost = pattern(active, synapses, threshold, lost)
    return log_tail(threshold, active, synapses, active - lost)


def wrong_prediction(
    size: npt.ArrayLike, active: npt.ArrayLike, synapses: npt.ArrayLike, threshold: npt.ArrayLike, transitions: npt.ArrayLike
) -> Answer:
    """Return the probability that a column which does not come is predicted.

    Parameters
    ----------
    size, active, synapses, threshold : int or array_like of int
        As for :func:`~neurosim.sdr.theory.false_positive`.
    transitions : float or array_like
        Number of transitions learned.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> wrong_prediction([400, 800], 64, 20, 10, 20000).round(6).tolist()
    [0.592703, 0.000841]
    """
    share = np.asarray(active) / np.asarray(size)
    return any_of(false_positive(size, active, synapses, threshold), np.asarray(transitions) * share)


def prediction_jaccard(
    size: npt.ArrayLike, active: npt.ArrayLike, synapses: npt.ArrayLike, threshold: npt.ArrayLike, transitions: npt.ArrayLike
) -> Answer:
    """Return the Jaccard index of the columns predicted and those that come.

    Parameters
    ----------
    size, active, synapses, threshold, transitions
        As for :func:`wrong_prediction`.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> prediction_jaccard([400, 800], 64, 20, 10, 20000).round(4).tolist()
    [0.2432, 0.9904]
    """
    wrong = wrong_prediction(size, active, synapses, threshold, transitions)
    return plain(np.asarray(active) / (np.asarray(active) + wrong * (np.asarray(size) - np.asarray(active))))


def least_size_for_sequences(active: int, synapses: int, threshold: int, transitions: int, jaccard: float = 0.5) -> int:
    """Return the least number of columns that reaches a Jaccard index.

    Parameters
    ----------
    active, synapses, threshold, transitions : int
        As for :func:`wrong_prediction`.
    jaccard : float
        Above 0, below 1.

    Returns
    -------
    int
        Sizes from four times `active` on are looked at, as the index of the densest codes is high by chance.

    Examples
    --------
    >>> least_size_for_sequences(64, 20, 10, 20000)
    475
    """
    if not 0 < jaccard < 1:
        raise ValueError(f"jaccard must lie between 0 and 1, got {jaccard:g}")
    places(within("active", active, 1, 2**24) + 1, active=active)
    low = max(4 * active, synapses + 1)
    high = 2 * low
    while prediction_jaccard(high, active, synapses, threshold, transitions) < jaccard:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        below = prediction_jaccard(middle, active, synapses, threshold, transitions) < jaccard
        low, high = (middle + 1, high) if below else (low, middle)
    return high
