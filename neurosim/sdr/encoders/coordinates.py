"""Places on a grid of whole numbers as codes: near places share most of the points of high rank around them.

Each point of the grid has a random rank and a random unit. A place is encoded by the units of the w points of highest rank among those
within a radius along every axis.

Sources: S. Purdy, "Encoding data for HTM systems", arXiv:1602.05925 (2016), not read in full; htm.core, ``coordinate.py``. Differs from the
code in: a unit that is taken is replaced by the next free one, so that a code has exactly w; the radius belongs to the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.noise import checked_seed
from neurosim.sdr.codes import Code, checked_size, trusted

FARTHEST = 2**62


@dataclass(frozen=True)
class Coordinate:
    """A place on a grid of whole numbers, without limits.

    Parameters
    ----------
    size, active : int
        Units in all, and units of a code.
    radius : int
        Points up to so far along every axis take part, at least 1; together they must be at least `active`.
    axes : int
        At least 1.
    seed : int
        Chooses ranks and units of the points.

    Examples
    --------
    >>> from neurosim.sdr.codes import overlap
    >>> encoder = Coordinate(1000, 20, radius=5)
    >>> here = encoder.encode((3, -70))
    >>> [overlap(here, encoder.encode(place)) for place in [(3, -70), (4, -70), (5, -71), (300, 70)]]
    [20, 18, 13, 0]
    """

    size: int
    active: int
    radius: int
    axes: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        size, active = checked_size("size", self.size), whole("active", self.active, 1)
        points = (2 * whole("radius", self.radius, 1) + 1) ** whole("axes", self.axes, 1)
        if active >= size:
            raise ValueError(f"active must be below size = {size}, got {active}")
        if active > points:
            raise ValueError(f"radius must span at least active = {active} points, {self.radius} spans {points}")
        checked_seed(self.seed)

    def encode(self, value: npt.ArrayLike) -> Code:
        """Return the code of a place, one whole number for each axis."""
        place = np.asarray(value)
        if place.dtype.kind not in "iu" or place.shape != (self.axes,):
            raise ValueError(f"value must be {self.axes} whole numbers, got {value!r}")
        if np.abs(place.astype(object)).max() > FARTHEST:
            raise ValueError(f"value must lie within 2**62 of 0, got {value!r}")
        near = np.indices((2 * self.radius + 1,) * self.axes).reshape(self.axes, -1).T - self.radius
        ranks = _hashed(self.seed, place.astype(np.int64) + near)
        units = (_mixed(ranks) >> np.uint64(32)) * np.uint64(self.size) >> np.uint64(32)
        taken: set[int] = set()
        for unit in units[np.argsort(ranks)[::-1][: self.active]].tolist():
            while unit in taken:
                unit = (unit + 1) % self.size
            taken.add(unit)
        return trusted(np.array(sorted(taken), np.int32), self.size)


def _hashed(seed: int, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return a random number of 64 bits for each row of whole numbers."""
    state = _mixed(np.full(len(places), seed, np.uint64))
    for column in places.T:
        state = _mixed(state ^ column.astype(np.uint64))
    return state


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return numbers of 64 bits mixed one to one (SplitMix64: G. L. Steele, D. Lea & C. H. Flood, OOPSLA 2014)."""
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
