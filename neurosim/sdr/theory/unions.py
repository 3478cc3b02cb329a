r"""What is left of many codes in one: unions, and segments that mix patterns.

The union of M random codes of w out of n units has

.. math:: \langle W \rangle = n \left[ 1 - \left( 1 - \frac wn \right)^M \right]

active units on average. A new code is wrongly found in it where all its units are, or at least :math:`\theta` of them (*inexact match*).
The papers put the average in place of W: for all units :math:`(\langle W \rangle / n)^w`, as if units were independent, and for
:math:`\theta` the false positive of a segment with :math:`\langle W \rangle` synapses, continued by the gamma function. A segment that
mixes M patterns with s synapses each is the same with s in place of w.

Both are exact no more than the average is W. The distribution of W itself is known: a new code with b units in a union of W makes
W + w - b of it, b hypergeometric. With ``exact=True`` the functions average over it.

Sources: S. Ahmad & J. Hawkins, arXiv:1503.07469 (2015), arXiv:1601.00720 (2016). Differs from the papers in: the exact form.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.sdr.theory._points import LARGEST, Answer, places, plain, spread, within
from neurosim.sdr.theory.hypergeometric import Floats, log_probability, log_sum, log_tail
from neurosim.sdr.theory.segments import any_of

MOST_STEPS = 2_000_000_000
MOST_CELLS = 50_000_000
"""Multiplications, and entries of the table of transitions, above which a distribution is refused."""


def expected_ones(size: npt.ArrayLike, active: npt.ArrayLike, codes: npt.ArrayLike) -> Answer:
    """Return the mean number of active units in a union of random codes.

    Parameters
    ----------
    size, active : int or array_like of int
        Units, and how many of them are active in each code.
    codes : int or array_like of int
        Number of codes, at least 1.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> round(expected_ones(2048, 40, 20), 3)
    667.6
    """
    parts = np.broadcast_arrays(*(np.asarray(part) for part in (size, active, codes)))
    values = [_ones(*(part.item() for part in point)) for point in zip(*(part.flat for part in parts), strict=True)]
    return plain(np.reshape(values, parts[0].shape))


def ones_distribution(size: int, active: int, codes: int) -> Floats:
    """Return the probability of each number of active units in a union of random codes.

    Parameters
    ----------
    size, active, codes : int
        As for :func:`expected_ones`.

    Returns
    -------
    ndarray of float64, shape (min(size, codes * active) + 1,)
        Entry W is the probability of W active units.

    Raises
    ------
    MemoryError
        If it would take more than some 400 MB, or many seconds, to compute.

    Examples
    --------
    >>> ones_distribution(4, 2, 2).round(6).tolist()
    [0.0, 0.0, 0.166667, 0.666667, 0.166667]
    """
    size, active, codes = _checked(size, active, codes)
    most = min(size, codes * active)
    cells = (most + 1) * (active + 1)
    if cells > MOST_CELLS or cells * codes > MOST_STEPS:
        error = MemoryError(f"a union of {codes} codes with {active} of {size} units active has too many sizes to list")
        raise with_hint(error, "the mean number of active units serves in its place: exact=False")
    return _distribution(size, active, codes, most).copy()


@functools.lru_cache(maxsize=16)
def _distribution(size: int, active: int, codes: int, most: int) -> Floats:
    ones, shared = np.arange(most + 1)[:, None], np.arange(active + 1)
    steps = np.exp(log_probability(shared, size, ones, active))
    chance = np.zeros(most + 1)
    chance[0] = 1.0
    for _ in range(codes):
        chance = _with_one_more(chance, steps)
    return chance


def _with_one_more(chance: Floats, steps: Floats) -> Floats:
    """Return the distribution of active units after one more code; steps[W, b] is the probability that it has b units in a union of W."""
    new, active = np.zeros_like(chance), steps.shape[1] - 1
    for shared in range(active + 1):
        added = active - shared
        new[added:] += (chance * steps[:, shared])[: chance.size - added]
    return new


def union_false_positive(
    size: npt.ArrayLike,
    active: npt.ArrayLike,
    codes: npt.ArrayLike,
    threshold: npt.ArrayLike | None = None,
    *,
    exact: bool = False,
    log: bool = False,
) -> Answer:
    """Return the probability that a random code is wrongly found in a union of others.

    Parameters
    ----------
    size, active, codes : int or array_like of int
        As for :func:`expected_ones`; the new code has as many active units.
    threshold : int or array_like of int, optional
        How many of its units must be in the union; all by default.
    exact : bool
        Average over the number of active units in the union, instead of taking its mean.
    log : bool
        Return the natural logarithm.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> print(f"{union_false_positive(1024, 20, 20):.5e}, exactly {union_false_positive(1024, 20, 20, exact=True):.5e}")
    1.83536e-10, exactly 1.32868e-10
    """
    if threshold is None and not exact:
        return spread(_log_all_units, size, active, codes, log=log)
    least = active if threshold is None else threshold
    return mixed_false_positive(size, active, active, least, codes, exact=exact, log=log)


def _log_all_units(size: int, active: int, codes: int) -> float:
    return active * float(np.log(_ones(size, active, codes) / size))


def mixed_false_positive(
    size: npt.ArrayLike,
    active: npt.ArrayLike,
    synapses: npt.ArrayLike,
    threshold: npt.ArrayLike,
    patterns: npt.ArrayLike,
    *,
    exact: bool = False,
    log: bool = False,
) -> Answer:
    """Return the false-positive probability of a segment that holds samples of several patterns.

    Parameters
    ----------
    size, active : int or array_like of int
        Cells, and how many of them are active.
    synapses : int or array_like of int
        Synapses for each pattern; cells in several samples have one synapse.
    threshold : int or array_like of int
        At least 1, at most `synapses`.
    patterns : int or array_like of int
        At least 1.
    exact : bool
        Average over the number of synapses, instead of taking its mean.
    log : bool
        Return the natural logarithm.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> mixed_false_positive(2048, 40, 20, 10, [1, 20, 50]).round(6).tolist()
    [0.0, 0.16035, 0.978338]
    """
    return spread(_log_mixed_exactly if exact else _log_mixed, size, active, synapses, threshold, patterns, log=log)


def _log_mixed(size: int, active: int, synapses: int, threshold: int, patterns: int) -> float:
    ones = _ones(size, synapses, patterns, "synapses", "patterns")
    size, active = places(size, active=active)
    threshold = within("threshold", threshold, 1, synapses, "the number of synapses for a pattern")
    return log_tail(threshold, size, min(ones, size), active)


def _log_mixed_exactly(size: int, active: int, synapses: int, threshold: int, patterns: int) -> float:
    _checked(size, synapses, patterns, "synapses", "patterns")
    size, active = places(size, active=active)
    threshold = within("threshold", threshold, 1, synapses, "the number of synapses for a pattern")
    chance = ones_distribution(size, synapses, patterns)
    ones = np.flatnonzero(chance)
    common = np.arange(threshold, active + 1)[:, None]
    return min(0.0, log_sum(np.log(chance[ones]) + log_probability(common, size, ones, active)))


def coverage(size: npt.ArrayLike, active: npt.ArrayLike, codes: npt.ArrayLike) -> Answer:
    r"""Return the expected share of units in a union of random codes, :math:`1 - (1 - a / n)^M`, such as predictions of several futures.

    Parameters
    ----------
    size, active, codes : int or array_like of int
        As for :func:`expected_ones`.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> coverage(2000, 40, [10, 20, 50]).round(4).tolist()
    [0.1829, 0.3324, 0.6358]
    """
    return plain(expected_ones(size, active, codes) / np.asarray(size))


def _ones(size: int, active: int, codes: int, what: str = "active", many: str = "codes") -> float:
    size, active, codes = _checked(size, active, codes, what, many)
    return float(active) if codes == 1 else size * any_of(active / size, codes)


def _checked(size: int, active: int, codes: int, what: str = "active", many: str = "codes") -> tuple[int, int, int]:
    size, active = places(size, **{what: active})
    return size, active, within(many, codes, 1, LARGEST, "an empty union holds nothing" if codes == 0 else "")
