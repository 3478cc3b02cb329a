r"""Overlaps and winners of a spatial pooler, before and after learning, and how many win again when the input is noisy.

Let :math:`H(N, K, w)` be the hypergeometric number of marked ones among w drawn from N of which K are marked.

**Before learning.** A column can reach :math:`f n` of n inputs and is connected to half of these on average, so to
:math:`K \sim B(f n, \frac12)` inputs, and to :math:`o \sim H(n, K, w)` of the w active ones. The share s with the largest overlaps wins.
Let :math:`q(o)` be the probability to win, 1 above a limit and 0 below it, such that :math:`\langle q(o) \rangle = s`. When m active inputs
move,

.. math:: o' = H(w, o, w - m) + H(n - w, K - o, m), \qquad \text{kept} = \frac1s \bigl\langle \min(q(o), q(o')) \bigr\rangle ,

since columns with equal overlaps are ranked the same way both times.

**After learning** of P codes, each shown so often that permanences have gone to their ends, winners are connected to all inputs of the code
that they can reach, and to no others but those of further codes that they win. Of the :math:`w - o` active inputs that it lacks, a winner
can reach some: its overlap grows to :math:`R = o + H(n - K, f n - K, w - o)`. When m inputs move, :math:`H(w, R, w - m)` of them stay. A
column wins j of the other codes, :math:`j \sim B(P - 1, s_K)` with :math:`s_K` its probability to win; each of the inputs that have moved
meets it with probability :math:`\phi_j = 1 - (1 - \bar R / n)^j`. Against the winners compete the columns that lost the code: with
:math:`j = 0` they are as they were before learning, with :math:`j \ge 1` their overlap is :math:`B(w, \phi_j)`.

Neglected: fluctuations of the limit among few columns, and changes of winners while several codes are being learned.

Source: derived here; Y. Cui, S. Ahmad & J. Hawkins, Front. Comput. Neurosci. 11, 111 (2017), measure such curves. Differs from the paper
in: it is not known whether it has a theory of them; its abstract was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole

Shares = npt.NDArray[np.float64]
NODES = 9
"""Numbers of connected inputs that stand for their distribution."""


@dataclass(frozen=True)
class Pooling:
    """A spatial pooler in the limit of many columns, under global inhibition, without boosting.

    Parameters
    ----------
    n, active : int
        Inputs, and how many are active.
    fraction : float
        Share of the inputs that a column can reach, above 0 and at most 1.
    share : float
        Share of the columns that win, above 0 and below 1.

    Examples
    --------
    >>> theory = Pooling(1000, 50)
    >>> theory.mean_overlap, theory.winners_overlap, theory.learned_overlap
    (12.5, 20.14, 29.96)
    >>> theory.kept(0.2), theory.kept_after(0.2, 50)                    # without and with learning
    (0.438, 0.942)
    """

    n: int
    active: int
    fraction: float = 0.5
    share: float = 0.02

    def __post_init__(self) -> None:
        if whole("active", self.active, 1) > whole("n", self.n, 1):
            raise ValueError(f"active must be at most n = {self.n}, got {self.active}")
        for name, most in (("fraction", 1.0), ("share", 1.0)):
            if not 0 < real(name, getattr(self, name)) <= most or (name == "share" and self.share == 1):
                raise ValueError(f"{name} must be above 0 and {'at most' if name == 'fraction' else 'below'} 1, got {getattr(self, name)}")

    @property
    def mean_overlap(self) -> float:
        """Mean overlap of all columns before learning."""
        return self.active * self.fraction / 2

    @property
    def winners_overlap(self) -> float:
        """Mean overlap of winners before learning."""
        return float(self._winners.sum(axis=0) @ self._counts)

    @property
    def learned_overlap(self) -> float:
        """Mean overlap of winners after learning."""
        return float(self._learned @ self._counts)

    def kept(self, noise: float) -> float:
        """Return the share of winners that win again before learning.

        Parameters
        ----------
        noise : float
            Share of the active inputs that move, in 0 ... 1; rounded to whole inputs.
        """
        both = np.tensordot(self._frequency, self._both(self._moved(noise)), 1)
        return float(np.sum(both * np.minimum.outer(self._limit, self._limit)) / self.share)

    def kept_after(self, noise: float, patterns: int) -> float:
        """Return the share of winners that win again after learning.

        Parameters
        ----------
        noise : float
            As for :meth:`kept`.
        patterns : int
            Codes that were learned, at least 1.
        """
        from scipy.stats import binom, hypergeom

        moved, counts, codes = self._moved(noise), self._counts, np.arange(whole("patterns", patterns, 1))
        wins = self._first @ self._limit
        served = binom.pmf(codes, patterns - 1, np.minimum(wins, 1.0)[:, None])
        meets = 1 - (1 - self.learned_overlap / self.n) ** codes[:, None]
        staying = self._learned @ hypergeom.pmf(counts, self.active, counts[:, None], self.active - moved)
        chance = self._winners.sum(axis=1) @ served @ binom.pmf(counts, moved, meets)
        learned = np.convolve(staying, chance)[: len(counts)]
        as_before = (self._frequency * served[:, 0]) @ ((1 - self._limit) @ self._both(moved))
        pruned = (self._frequency * (1 - wins)) @ served[:, 1:] @ binom.pmf(counts, self.active, meets[1:])
        return float(learned @ self._wins(self.share * learned + as_before + pruned))

    # --- probabilities; kinds of columns, by the number of inputs that they are connected to, are the first axis --------------

    @property
    def _counts(self) -> npt.NDArray[np.int64]:
        return np.arange(self.active + 1)

    def _moved(self, noise: float) -> int:
        if not 0 <= real("noise", noise) <= 1:
            raise ValueError(f"noise must lie in 0 ... 1, got {noise}")
        return round(noise * self.active)

    @cached_property
    def _reach(self) -> int:
        """Inputs that a column can reach."""
        return max(1, int(self.fraction * self.n + 0.5))

    @cached_property
    def _connected(self) -> npt.NDArray[np.int64]:
        """Number of inputs that each kind of column is connected to: nodes of Gauss and Hermite."""
        places = np.polynomial.hermite_e.hermegauss(NODES)[0]
        return np.clip(np.rint((self._reach + places * np.sqrt(self._reach)) / 2), 0, self._reach).astype(np.int64)

    @cached_property
    def _frequency(self) -> Shares:
        """Share of columns of each kind."""
        weights = np.polynomial.hermite_e.hermegauss(NODES)[1]
        return weights / weights.sum()

    @cached_property
    def _first(self) -> Shares:
        """Probability of each overlap before learning, (kinds, counts)."""
        from scipy.stats import hypergeom

        return hypergeom.pmf(self._counts, self.n, self._connected[:, None], self.active)

    @cached_property
    def _limit(self) -> Shares:
        """Probability to win with each overlap before learning."""
        return self._wins(self._frequency @ self._first)

    @cached_property
    def _winners(self) -> Shares:
        """Probability of the kind and the overlap of a winner before learning, (kinds, counts)."""
        return self._frequency[:, None] * self._first * self._limit / self.share

    @cached_property
    def _learned(self) -> Shares:
        """Probability of each overlap of a winner after learning."""
        from scipy.stats import hypergeom

        free = (self.n - self._connected)[:, None, None]
        lacking = self._counts - self._counts[:, None]  # [o, R]: inputs that come in addition
        steps = hypergeom.pmf(lacking, free, free - self.n + self._reach, self.active - self._counts[:, None])
        return np.einsum("ko,kor->r", self._winners, steps)

    def _both(self, moved: int) -> Shares:
        """Probability of an overlap, and of the overlap after some inputs have moved, before learning, (kinds, counts, counts)."""
        from scipy.stats import hypergeom

        counts, places = self._counts, np.arange(moved + 1)
        stay = hypergeom.pmf(counts, self.active, counts[:, None], self.active - moved)
        others = np.maximum(self._connected[:, None, None] - counts[:, None], 0)
        come = hypergeom.pmf(places, self.n - self.active, np.minimum(others, self.n - self.active), moved)
        then = np.zeros((NODES, len(counts), len(counts) + moved))
        for place in places:
            then[:, :, place : place + len(counts)] += stay * come[:, :, place, None]
        return self._first[:, :, None] * then[:, :, : len(counts)]

    def _wins(self, probabilities: Shares) -> Shares:
        """Probability to win with each overlap: from the largest down, until the places are used up."""
        above = np.cumsum(probabilities[::-1])[::-1] - probabilities
        return np.clip((self.share - above) / np.maximum(probabilities, 1e-300), 0.0, 1.0)
