"""Tables of codes of many macs: the part that a field sees, and winners as active units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.sparsey.fields import Places
from neurosim.sdr.codes import Codes

Winners = npt.NDArray[np.int32]


def restricted(codes: Codes, places: Places, width: int = 1) -> Codes:
    """Return the part of each code that a field sees: `width` units for each place, renumbered from 0.

    Examples
    --------
    >>> from neurosim.sdr import Code
    >>> list(restricted(Codes([Code([0, 3, 5], 8)]), np.array([1, 2]), 2))
    [Code([1, 3], 4)]
    """
    number = np.full(codes.size, -1, np.int32)
    units = (places[:, None].astype(np.int64) * width + np.arange(width)).reshape(-1)
    number[units] = np.arange(units.size)
    local = number[codes.indices]
    kept = np.concatenate([[0], np.cumsum(local >= 0)])
    return Codes.from_lists(kept[codes.starts], local[local >= 0], units.size)


def codes_of_winners(winners: Winners, units: int) -> Codes:
    """Return codes, shape (n, macs, modules), as active units; macs with -1 have none.

    Examples
    --------
    >>> list(codes_of_winners(np.array([[[1, 0], [-1, -1]], [[0, 2], [2, 2]]]), 3))
    [Code([1, 3], 12), Code([ 0,  5,  8, 11], 12)]
    """
    flat = winners.reshape(len(winners), -1)
    chosen = flat >= 0
    first = np.arange(flat.shape[1], dtype=np.int32) * units
    starts = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
    return Codes.from_lists(starts, (flat + first)[chosen], flat.shape[1] * units)
