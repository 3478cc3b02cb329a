r"""The score of the Numenta Anomaly Benchmark: early detections are rewarded, false alarms and missed anomalies cost.

A series of n rows has labelled anomalies, each with a *window* of rows around it. A detector gives every row a score; rows that reach a
threshold are detections. The first 15 % of the rows, at most 750, are for learning and do not count.

**Detections inside a window.** Only the first one counts. At row i of a window with the rows :math:`a \ldots b`, of width
:math:`w = b - a + 1`, it lies at the position :math:`y = -(b - i + 1) / w` and earns

.. math:: A_{tp} \frac{\sigma(y)}{\sigma(-1)}, \qquad \sigma(y) = \frac{2}{1 + e^{5 y}} - 1 ,

which is :math:`A_{tp}` at the first row and falls towards 0 at the last. A window without a detection costs :math:`A_{fn}`.

**Detections outside.** Each one costs. At the position :math:`y = (i - b) / (w - 1)` behind the last window it costs
:math:`-A_{fp} \sigma(y)`: little just behind the window, :math:`A_{fp}` for :math:`y > 3` and before the first window.

The sum S is put on a scale on which a detector that never detects has 0 and one that detects each anomaly at the first row of its window,
and nothing else, has 100: with K windows

.. math:: 100 \, \frac{S + K A_{fn}}{K A_{tp} + K A_{fn}} .

**Random detections.** If each row is a detection with probability p, independently, a window with the rewards :math:`g_1 > g_2 > \ldots`
earns :math:`\sum_k p (1-p)^{k-1} g_k - (1-p)^w A_{fn}` on average, and the rows outside p times the sum of theirs (:func:`chance`): what a
detector must beat.

Source: A. Lavin & S. Ahmad, "Evaluating real-time anomaly detection algorithms", ICMLA (2015), arXiv:1510.03336; the positions, weights
and learning rows are read from the benchmark's program, version 1.1. Differs from the paper in: one series is scored, not a corpus, so
that the threshold has to be given; the benchmark itself takes the one that scores best over its corpus.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import nearest, with_hint

Floats = npt.NDArray[np.float64]
STEEPNESS, FAR = 5.0, 3.0
"""Slope of the sigmoid, and the position behind a window from which on a false alarm costs the full weight."""
LEARNING, LONGEST = 0.15, 5000
"""Share of the rows that do not count, and the length from which on their number does not grow."""


@dataclass(frozen=True)
class Profile:
    """What an application cares about.

    Parameters
    ----------
    true_positive : float
        Reward for an anomaly that is detected at the first row of its window, above 0.
    false_positive : float
        Cost of a false alarm far from any window, at least 0.
    false_negative : float
        Cost of an anomaly that is missed, at least 0.

    Examples
    --------
    >>> Profile(false_positive=0.2)
    Profile(true_positive=1.0, false_positive=0.2, false_negative=1.0)
    """

    true_positive: float = 1.0
    false_positive: float = 0.11
    false_negative: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "true_positive", real("true_positive", self.true_positive, above=0))
        object.__setattr__(self, "false_positive", real("false_positive", self.false_positive, least=0))
        object.__setattr__(self, "false_negative", real("false_negative", self.false_negative, least=0))


PROFILES = {
    "standard": Profile(),
    "reward_low_FP_rate": Profile(false_positive=0.22),
    "reward_low_FN_rate": Profile(false_negative=2.0),
}
"""The three profiles of the benchmark."""


@dataclass(frozen=True)
class Score:
    """What a detector earned on one series.

    Attributes
    ----------
    normalised : float
        0 for a detector that never detects, 100 for a perfect one; negative for one that had better been silent.
    total : float
        The sum of rewards and costs.
    threshold : float
    found : ndarray of bool, shape (n_windows,)
        The windows with a detection.
    true_positives, false_positives, true_negatives, false_negatives : int
        Rows inside and outside windows, learning rows left out.
    """

    normalised: float
    total: float
    threshold: float
    found: npt.NDArray[np.bool_]
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


# --- the series ---------------------------------------------------------------------------------------------------------------


def windows(anomalies: npt.ArrayLike, n: int, *, share: float = 0.1) -> npt.NDArray[np.int64]:
    """Return the windows of labelled anomalies, which together make up a share of the series.

    Parameters
    ----------
    anomalies : array_like of int, shape (n_windows,)
        Rows of the labels, rising, in 0 ... n - 1.
    n : int
        Rows of the series, at least 1.
    share : float
        Above 0, below 1.

    Returns
    -------
    ndarray of int64, shape (n_windows, 2)
        First row, and the row behind the last one.

    Raises
    ------
    TypeError, ValueError
        If labels are out of range or out of order, or windows would overlap or have one row.

    Examples
    --------
    >>> windows([400, 700], 1000)
    array([[375, 426],
           [675, 726]])
    """
    n, share = whole("n", n, 1), real("share", share, above=0)
    rows = np.asarray(anomalies)
    if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu":
        raise TypeError(f"anomalies must be a row of integers, at least one, got {rows.dtype} of shape {rows.shape}")
    if rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"anomalies must lie in 0 ... {n - 1}, got {rows[(rows < 0) | (rows >= n)][0]}")
    half = int(share * n / rows.size) // 2
    found = np.stack([np.maximum(rows - half, 0), np.minimum(rows + half + 1, n)], axis=1).astype(np.int64)
    return _checked_windows(found, n)


def probation(n: int) -> int:
    """Return how many rows at the start do not count.

    Examples
    --------
    >>> probation(10_320), probation(1_000)
    (750, 150)
    """
    return int(LEARNING * min(whole("n", n, 0), LONGEST))


def sigmoid(position: npt.ArrayLike) -> Any:
    r"""Return :math:`\sigma(y)`, -1 for positions above 3.

    Examples
    --------
    >>> sigmoid([-1.0, -0.5, 0.0, 1.0, 3.1]).round(5)
    array([ 0.98661,  0.84828,  0.     , -0.98661, -1.     ])
    """
    y = np.asarray(position, float)
    return np.where(y > FAR, -1.0, 2.0 / (1.0 + np.exp(STEEPNESS * np.minimum(y, FAR))) - 1.0)


def rewards(windows: npt.ArrayLike, n: int, profile: Profile | str = "standard") -> Floats:
    """Return what a detection earns at each row, (n,): positive inside windows, negative outside.

    Examples
    --------
    >>> rewards([[2, 4]], 7).round(3)
    array([-0.11 , -0.11 ,  1.   ,  0.86 , -0.109, -0.11 , -0.11 ])
    """
    profile, limits = profile_of(profile), _checked_windows(windows, n)
    position = np.full(n, np.inf)
    for first, stop in limits:
        position[first:stop] = -(stop - np.arange(first, stop)) / (stop - first)
        position[stop:] = np.arange(1, n - stop + 1) / (stop - first - 1)
    value = sigmoid(position)
    return np.where(position < 0, profile.true_positive * value / sigmoid(-1.0), profile.false_positive * value)


# --- the score ----------------------------------------------------------------------------------------------------------------


def score(scores: npt.ArrayLike, windows: npt.ArrayLike, threshold: float, profile: Profile | str = "standard") -> Score:
    """Score one detector at one threshold.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
        How anomalous each row is.
    windows : array_like of int, shape (n_windows, 2)
        First row of each window, and the row behind its last one: rising, apart, at least two rows each; see :func:`windows`.
    threshold : float
        A row with a score of at least so much is a detection.
    profile : Profile or {"standard", "reward_low_FP_rate", "reward_low_FN_rate"}

    Returns
    -------
    Score

    Raises
    ------
    TypeError, ValueError
        If scores are not numbers, windows are out of range or overlap, or all of them end before the learning rows do.

    References
    ----------
    A. Lavin & S. Ahmad, arXiv:1510.03336 (2015).

    Examples
    --------
    >>> scores = np.zeros(2000)
    >>> scores[[950, 1500]] = 1.0                                                   # halfway into the window, and a false alarm
    >>> found = score(scores, [[900, 1000]], threshold=0.5)
    >>> round(found.normalised, 2), found.found, found.false_positives
    (87.49, array([ True]), 1)
    """
    values, threshold = _checked_scores(scores), _number("threshold", threshold)
    series = _series(values.size, windows, profile)
    flagged = (values >= threshold) & series.counted
    inside = series.window >= 0
    found = np.array([bool(flagged[first:stop].any()) for first, stop in series.limits])
    total = float(series.rewards[flagged & ~inside].sum())
    for (first, stop), hit in zip(series.limits, found, strict=True):
        total += float(series.rewards[first:stop][flagged[first:stop]].max()) if hit else -series.profile.false_negative
    hits, alarms = int((flagged & inside).sum()), int((flagged & ~inside).sum())
    rest = int((series.counted & ~inside).sum()) - alarms, int((series.counted & inside).sum()) - hits
    return Score(float(series.normalised(total)), total, threshold, found, hits, alarms, *rest)


def sweep(scores: npt.ArrayLike, windows: npt.ArrayLike, profile: Profile | str = "standard") -> tuple[Floats, Floats]:
    """Score one detector at every threshold that makes a difference.

    Parameters
    ----------
    scores, windows, profile
        As for :func:`score`.

    Returns
    -------
    thresholds : ndarray of float64, shape (m,)
        Infinity, then the different scores, falling.
    normalised : ndarray of float64, shape (m,)

    Examples
    --------
    >>> scores = np.zeros(2000)
    >>> scores[950], scores[1500] = 0.9, 0.8
    >>> thresholds, found = sweep(scores, [[900, 1000]])
    >>> thresholds[:3], found[:3].round(2)
    (array([inf, 0.9, 0.8]), array([ 0.  , 92.99, 87.49]))
    """
    values = _checked_scores(scores)
    series = _series(values.size, windows, profile)
    rows = np.flatnonzero(series.counted)
    rows = rows[np.argsort(-values[rows], kind="stable")]
    ordered, window, gain = values[rows], series.window[rows], series.rewards[rows]
    total = np.cumsum(np.where(window < 0, gain, 0.0))
    for k in range(len(series.limits)):
        total += np.maximum.accumulate(np.where(window == k, gain, -series.profile.false_negative))
    last = np.append(np.flatnonzero(np.diff(ordered)), rows.size - 1)
    silent = -series.profile.false_negative * len(series.limits)
    return np.append(np.inf, ordered[last]), series.normalised(np.append(silent, total[last]))


def best_threshold(scores: npt.ArrayLike, windows: npt.ArrayLike, profile: Profile | str = "standard") -> float:
    """Return the threshold that scores best, the highest of them if several do. It has seen the labels: an upper bound, no result.

    Examples
    --------
    >>> best_threshold(np.where(np.arange(2000) == 950, 0.9, 0.1), [[900, 1000]])
    0.9
    """
    thresholds, found = sweep(scores, windows, profile)
    return float(thresholds[np.argmax(found)])


def chance(rate: float, windows: npt.ArrayLike, n: int, profile: Profile | str = "standard") -> float:
    """Return the mean normalised score of detections at random.

    Parameters
    ----------
    rate : float
        Probability of a detection at a row, in 0 ... 1.
    windows, profile
        As for :func:`score`.
    n : int
        Rows of the series.

    Examples
    --------
    >>> round(chance(0.001, [[900, 1000]], 2000), 2), chance(0.0, [[900, 1000]], 2000)
    (-0.33, 0.0)
    """
    p = real("rate", rate, least=0)
    if p > 1:
        raise ValueError(f"rate must lie in 0 ... 1, got {rate}")
    series = _series(whole("n", n, 1), windows, profile)
    total = p * series.rewards[series.counted & (series.window < 0)].sum()
    for k in range(len(series.limits)):
        gain = series.rewards[series.counted & (series.window == k)]
        total += p * (1 - p) ** np.arange(gain.size) @ gain - (1 - p) ** gain.size * series.profile.false_negative
    return float(series.normalised(total))


def profile_of(profile: Profile | str) -> Profile:
    """Return a profile by its name.

    Examples
    --------
    >>> profile_of("reward_low_FN_rate").false_negative
    2.0
    """
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise with_hint(
            ValueError(f"profile must be a Profile or one of {', '.join(PROFILES)}, got {profile!r}"), nearest(str(profile), PROFILES)
        )
    return PROFILES[profile]


class _Series:
    """Which rows count, which window each lies in (-1: none), and what a detection there earns."""

    def __init__(self, n: int, pairs: tuple[tuple[int, int], ...], profile: Profile) -> None:
        limits, learning = np.array(pairs), probation(n)
        self.profile, self.limits = profile, limits[limits[:, 1] > learning]
        if not len(self.limits):
            raise ValueError(f"windows must reach behind the {learning} learning rows, the last one ends at {limits[-1, 1] - 1}")
        self.counted = np.arange(n) >= learning
        self.rewards = rewards(limits, n, profile)
        self.window = np.full(n, -1)
        for k, (first, stop) in enumerate(self.limits):
            self.window[first:stop] = k
        self.window[:learning] = -1

    def normalised(self, total: Any) -> Any:
        """Put a sum, or an array of them, on the scale from 0 to 100."""
        silent = -self.profile.false_negative * len(self.limits)
        return 100.0 * (total - silent) / (self.profile.true_positive * len(self.limits) - silent)


def _series(n: int, windows: npt.ArrayLike, profile: Profile | str) -> _Series:
    return _made(n, tuple(map(tuple, _checked_windows(windows, n).tolist())), profile_of(profile))


_made = functools.lru_cache(maxsize=16)(_Series)


def _checked_scores(scores: npt.ArrayLike) -> Floats:
    values = np.asarray(scores)
    if values.dtype.kind not in "biuf" or values.ndim != 1 or values.size == 0:
        raise TypeError(f"scores must be a row of numbers, at least one, got {values.dtype} of shape {values.shape}")
    values = values.astype(float)
    if np.isnan(values).any():
        raise ValueError(f"scores must be numbers, got nan at row {int(np.isnan(values).argmax())}")
    return values


def _checked_windows(windows: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    limits = np.asarray(windows)
    if limits.dtype.kind not in "iu" or limits.ndim != 2 or limits.shape[1] != 2 or not len(limits):
        error = TypeError(f"windows must be pairs of integers, at least one, got {limits.dtype} of shape {limits.shape}")
        raise with_hint(error, "a pair is the first row and the row behind the last; neurosim.sdr.nab.windows makes them of labels")
    if limits.min() < 0 or limits.max() > n:
        raise ValueError(f"windows must lie in 0 ... {n}, got {limits.min() if limits.min() < 0 else limits.max()}")
    if (short := limits[:, 1] - limits[:, 0] < 2).any():
        raise ValueError(f"windows must have at least two rows, got {limits[short][0].tolist()}")
    if (wrong := limits[1:, 0] < limits[:-1, 1]).any():
        first = int(wrong.argmax())
        raise ValueError(f"windows must rise and not overlap, got {limits[first].tolist()} and {limits[first + 1].tolist()}")
    return limits.astype(np.int64)


def _number(name: str, value: Any) -> float:
    if value == np.inf:
        return float(value)
    return real(name, value)
