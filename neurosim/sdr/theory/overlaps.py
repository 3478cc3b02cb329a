r"""How many codes there are, and how many of them overlap with one of them by how much.

Codes have w of n units active. There are :math:`\binom{n}{w}` of them. With a fixed set of s units (another code, a part of one, the
synapses of a dendritic segment) exactly b units are shared by the *overlap set*,

.. math:: |\Omega(b)| = \binom{s}{b} \binom{n - s}{w - b}, \qquad P(b) = |\Omega(b)| \Bigl/ \binom{n}{w} .

Counts are exact integers of any length; probabilities come from :mod:`neurosim.sdr.theory.hypergeometric`.

Source: S. Ahmad & J. Hawkins, arXiv:1503.07469 (2015). Differs from the paper in: nothing; its formulas are kept exact for any size.
"""

from __future__ import annotations

import math

import numpy.typing as npt

from neurosim.sdr.theory._points import Answer, places, spread, within
from neurosim.sdr.theory.hypergeometric import log_probability


def count_codes(size: int, active: int) -> int:
    """Return the number of different codes, as an exact integer.

    Parameters
    ----------
    size, active : int
        Units, and how many of them are active.

    Returns
    -------
    int

    Examples
    --------
    >>> f"{count_codes(2048, 40):.5e}"
    '2.37178e+84'
    """
    size, active = places(size, active=active)
    return math.comb(size, active)


def count_overlaps(size: int, active: int, fixed: int, common: int) -> int:
    """Return the number of codes that share exactly `common` units with a fixed set, as an exact integer.

    Parameters
    ----------
    size, active : int
        Units, and how many of them are active in each code.
    fixed : int
        Units in the fixed set.
    common : int
        Units shared.

    Returns
    -------
    int

    Examples
    --------
    >>> [count_overlaps(6, 2, 3, b) for b in range(3)], count_codes(6, 2)
    ([3, 9, 3], 15)
    """
    size, active, fixed = places(size, active=active, fixed=fixed)
    common = within("common", common, 0, min(active, fixed), "the smaller of the two sets")
    return math.comb(fixed, common) * math.comb(size - fixed, active - common)


def overlap_probability(
    size: npt.ArrayLike, active: npt.ArrayLike, fixed: npt.ArrayLike, common: npt.ArrayLike, *, log: bool = False
) -> Answer:
    """Return the probability that a random code shares exactly `common` units with a fixed set.

    Parameters
    ----------
    size, active, fixed, common : int or array_like of int
        As for :func:`count_overlaps`; arrays are broadcast.
    log : bool
        Return the natural logarithm.

    Returns
    -------
    float or ndarray of float64

    Examples
    --------
    >>> overlap_probability(2048, 40, 40, [0, 1, 20]).tolist()   # doctest: +ELLIPSIS
    [0.4508..., 0.3663..., 2.467...e-26]
    """
    return spread(_log_overlap, size, active, fixed, common, log=log)


def _log_overlap(size: int, active: int, fixed: int, common: int) -> float:
    size, active, fixed = places(size, active=active, fixed=fixed)
    common = within("common", common, 0, min(active, fixed), "the smaller of the two sets")
    return float(log_probability(common, size, fixed, active))
