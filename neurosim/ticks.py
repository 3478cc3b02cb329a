"""Times as numbers of ticks, and numbers of ticks as two numbers that float32 holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-3
"""How far, in ticks, a time may lie below a tick and still belong to it."""
HIGH = 65_536


def steps_of(times: npt.ArrayLike, dt: float) -> npt.NDArray[np.int64]:
    """Return the ticks of the steps that contain times in ms: step t lasts from t dt to before (t + 1) dt.

    A time that lies below a multiple of dt by less than a thousandth of dt counts as this multiple, as rounding would have it (and as in
    Brian2).

    Examples
    --------
    >>> steps_of([0.0, 0.3, 0.35], 0.1).tolist()
    [0, 3, 3]
    """
    return np.floor(np.asarray(times, float) / dt + TOLERANCE).astype(np.int64)


def halves(ticks: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return ticks as two numbers, high * 65,536 + low: float32 does not hold all whole numbers from 2**24 on.

    Examples
    --------
    >>> [part.tolist() for part in halves(np.array([3, 65_537]))]
    [[0, 1], [3, 1]]
    """
    return ticks // HIGH, ticks % HIGH
