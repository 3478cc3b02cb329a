"""Codes side by side, as one code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.sdr.codes import Code, checked_size, trusted


def join(codes: Sequence[Code]) -> Code:
    """Return codes side by side: the units of the second follow those of the first.

    Examples
    --------
    >>> join([Code([1], 4), Code([0, 2], 3)])
    Code([1, 4, 6], 7)
    """
    if not len(codes):
        raise ValueError("codes must hold at least one Code, got none")
    starts = np.cumsum([0, *(code.size for code in codes)])
    size = checked_size("the size of all codes together", int(starts[-1]))
    return trusted(np.concatenate([code.indices + np.int32(start) for code, start in zip(codes, starts, strict=False)]), size)
