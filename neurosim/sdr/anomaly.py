r"""How anomalous an input is: the share of it that was not predicted, and how likely so bad a prediction is.

**Score.** Of the columns A that are active, P were predicted. The anomaly score is

.. math:: s = 1 - \frac{|A \cap P|}{|A|} .

**Likelihood.** On a stream that cannot be predicted well, a high score means nothing. So the mean :math:`\tilde\mu_t` of the last W' scores
is compared with what it has been: over the last W ticks such means had mean :math:`\mu` and standard deviation :math:`\sigma`, and

.. math:: L = 1 - Q\left( \frac{\tilde\mu_t - \mu}{\sigma} \right), \qquad Q(z) = \tfrac12 \operatorname{erfc}(z / \sqrt 2) .

L near 1 means that prediction has hardly ever been so bad. Since L has to come very near, :func:`log_score` stretches it:
:math:`\log(1 + 10^{-10} - L) / \log 10^{-10}` is 1/2 where :math:`Q = 10^{-5}`, the usual threshold, and 1 where Q vanishes.

The first ticks, in which everything is new, are left out of :math:`\mu` and :math:`\sigma`, and until enough ticks have followed them L is
1/2. :math:`\mu` and :math:`\sigma` are computed anew from time to time only; they are at least 0.03 and :math:`\sqrt{0.0003}`, so that a
stream that is predicted without error does not raise an alarm at its first surprise. Of several ticks in a row with
:math:`Q \le 10^{-5}` the first one counts, the following ones get L = 0.999.

Source: S. Ahmad, A. Lavin, S. Purdy & Z. Agha, "Unsupervised real-time anomaly detection for streaming data", Neurocomputing 262, 134
(2017), not read beyond its abstract; windows, bounds and the rule for ticks in a row are read from Numenta's program (nupic,
``anomaly_likelihood``). From the scores that Numenta published for the benchmark's taxi series the likelihoods published with them come out
(to 5 decimals). Differs from the program in: later versions of it take the absolute value of :math:`\tilde\mu_t - \mu`; it calls a stream
of constant values normal, while here the values of the stream are not known; it rounds :math:`\sqrt 2` to 1.4142.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.noise import checked_seed
from neurosim.sdr._states import check_kind, check_sizes
from neurosim.sdr.codes import Code, indices_of

UNKNOWN = 0.5
"""The likelihood before there is anything to compare with."""
THRESHOLD = 0.5
"""The usual threshold of :func:`log_score`."""
UNLIKELY, FOLLOWING = 1e-5, 1e-3
"""Tail probability from which on a tick is an anomaly, and what is given to ticks that follow directly."""
LEAST_MEAN, LEAST_VARIANCE = 0.03, 0.0003
WIDE = 0.5, 1e3
"""Mean and standard deviation where there is no score to learn them from: everything is likely."""


def score(active: Code | npt.ArrayLike, predicted: Code) -> float:
    """Return the share of the active columns that was not predicted, 0 if none is active.

    Parameters
    ----------
    active : Code or array_like of int
    predicted : Code

    Examples
    --------
    >>> score(Code([1, 2, 3, 4], 8), Code([2, 7], 8))
    0.75
    """
    columns = indices_of("active", active, predicted.size)
    if not len(columns):
        return 0.0
    return 1.0 - np.intersect1d(columns, predicted.indices, assume_unique=True).size / len(columns)


def log_score(likelihood: float) -> float:
    """Return the likelihood on a logarithmic scale, where what is near 1 lies apart: 0 ... 1.

    Examples
    --------
    >>> [round(log_score(L), 3) for L in (0.5, 0.999, 0.99999, 1.0)]
    [0.03, 0.3, 0.5, 1.0]
    """
    if not 0 <= likelihood <= 1:
        raise ValueError(f"likelihood must lie in 0 ... 1, got {likelihood}")
    return max(0.0, math.log(1.0 + 1e-10 - likelihood) / math.log(1e-10))


@dataclass
class LikelihoodState:
    """What :class:`AnomalyLikelihood` remembers.

    Attributes
    ----------
    scores : ndarray of float64, shape (window,)
        The last scores; that of tick t stands at t modulo window.
    mean, deviation : float
        Of the means of scores.
    tail : float
        Q of the last tick.
    likelihood : float
        L of the last tick.
    tick, seed : int
    """

    scores: npt.NDArray[np.float64]
    mean: float = WIDE[0]
    deviation: float = WIDE[1]
    tail: float = UNKNOWN
    likelihood: float = UNKNOWN
    tick: int = 0
    seed: int = 0


@dataclass(frozen=True)
class AnomalyLikelihood:
    """Learner on anomaly scores: says how likely it is that the stream has changed.

    Parameters
    ----------
    learning : int
        First ticks that are left out, at least 0.
    samples : int
        Ticks that must follow them before the likelihood says anything, at least 1.
    window : int
        W, ticks that are remembered, at least `samples` and `average`.
    every : int
        Ticks between two estimates of mean and standard deviation, at least 1.
    average : int
        W', scores that are averaged, at least 1.

    References
    ----------
    S. Ahmad, A. Lavin, S. Purdy & Z. Agha, Neurocomputing 262, 134 (2017).

    Examples
    --------
    A stream that is predicted by half, then for ten ticks not at all:

    >>> rng = np.random.default_rng(0)
    >>> scores = np.append(rng.uniform(0.4, 0.6, 600), np.ones(10))
    >>> likelihood = AnomalyLikelihood(learning=100, samples=100)
    >>> state = likelihood.init()
    >>> found = [log_score(likelihood.compute(state, score)) for score in scores]
    >>> found[50] == log_score(UNKNOWN), max(found[:600]) < THRESHOLD, [tick for tick in range(610) if found[tick] >= THRESHOLD]
    (True, True, [601])
    """

    learning: int = 288
    samples: int = 100
    window: int = 8640
    every: int = 100
    average: int = 10

    def __post_init__(self) -> None:
        for name, least in (("learning", 0), ("samples", 1), ("every", 1), ("average", 1)):
            object.__setattr__(self, name, whole(name, getattr(self, name), least))
        object.__setattr__(self, "window", whole("window", self.window, max(self.samples, self.average)))

    def init(self, *, seed: int = 0) -> LikelihoodState:
        """Return a state that has seen nothing. The seed is kept and not used: nothing is random."""
        return LikelihoodState(np.zeros(self.window), seed=checked_seed(seed))

    def compute(self, state: LikelihoodState, score: float) -> float:
        """Take the anomaly score of the next tick, return the likelihood.

        Parameters
        ----------
        state : LikelihoodState
            Changed in place.
        score : float
            In 0 ... 1.

        Returns
        -------
        float
            L, in 0 ... 1.

        Raises
        ------
        TypeError, ValueError
            If the score is not a number in 0 ... 1.
        """
        check_kind(state, LikelihoodState)
        check_sizes(scores=(len(state.scores), self.window))
        if (score := real("score", score, least=0)) > 1:
            raise ValueError(f"score must lie in 0 ... 1, got {score}")
        ready = state.tick >= self.learning + self.samples
        if ready and (state.tick == self.learning + self.samples or state.tick % self.every == 0):
            self._estimate(state)
        state.scores[state.tick % self.window] = score
        state.tick += 1
        state.likelihood = self._likelihood(state) if ready else UNKNOWN
        return state.likelihood

    def _likelihood(self, state: LikelihoodState) -> float:
        before, state.tail = state.tail, _tail(state, self._recent(state, self.average).mean())
        follows = state.tail <= UNLIKELY and before <= UNLIKELY
        return 1.0 - (FOLLOWING if follows else state.tail)

    def _estimate(self, state: LikelihoodState) -> None:
        """Learn mean and standard deviation of the averages that are remembered, without the learning ticks."""
        scores = self._recent(state, self.window)
        skipped = max(0, self.learning - (state.tick - scores.size))
        averages = _averages(scores, self.average)
        if (used := averages[skipped:]).size:
            state.mean = max(float(used.mean()), LEAST_MEAN)
            state.deviation = math.sqrt(max(float(used.var()), LEAST_VARIANCE))
        else:
            state.mean, state.deviation = WIDE
        state.tail = _tail(state, averages[-1])

    def _recent(self, state: LikelihoodState, n: int) -> npt.NDArray[np.float64]:
        """Return the last n scores, fewer at the beginning, in order."""
        ticks = np.arange(max(0, state.tick - n), state.tick)
        return state.scores[ticks % self.window]


def _averages(scores: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    """Return the mean of each score and the n - 1 before it, of fewer at the beginning."""
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    ends = np.arange(1, scores.size + 1)
    starts = np.maximum(ends - n, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def _tail(state: LikelihoodState, average: Any) -> float:
    """Return Q of an average of scores."""
    return 0.5 * math.erfc((float(average) - state.mean) / state.deviation / math.sqrt(2.0))
