r"""Numbers as codes: neighbouring buckets share all units but one.

A number falls into the *bucket* :math:`b = \lfloor (x - x_0) / \rho + \tfrac12 \rfloor` of width :math:`\rho`, the resolution. Let
:math:`u_j` be a sequence of units in which any w that follow each other differ. The code of bucket b is

.. math:: \{u_b, u_{b+1}, \ldots, u_{b+w-1}\}, \qquad \text{so that codes of buckets } d \text{ apart share } \max(0, w - d) \text{ units}

and those that meet by chance. With :math:`u_j = j` the code is a run of units, which moves with the number; on a circle of n units it comes
round again. With random :math:`u_j` there is no limit to the range, and buckets far apart share :math:`w^2 / n` units on average. The
distance :math:`w \rho` from which on nothing needs to be shared is the *radius*.

Sources: S. Purdy, "Encoding data for HTM systems", arXiv:1602.05925 (2016), not read in full; htm.core, ``ScalarEncoder.cpp`` and
``RandomDistributedScalarEncoder.cpp``. Differs from the code in: a code of random units has exactly w of them, since units that have just
been drawn are drawn again; buckets are rounded also there, and below zero; a resolution that does not fit a circle is made smaller; what is
not a number is refused.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import with_hint
from neurosim.noise import checked_seed, words
from neurosim.sdr.codes import Code, checked_size, trusted

BLOCK = 256
"""Random units that are drawn together."""
ANCHORS, BETWEEN = 0, 1
"""Streams of random words: the last units of a block, and those before."""
FARTHEST = 2.0**53
"""Buckets from 0 to the last number that is told apart from its neighbours."""


@dataclass(frozen=True)
class Scalar:
    """A number of a known range as a run of neighbouring units.

    Parameters
    ----------
    minimum, maximum : float
        Range; both ends belong to it. With `periodic` they are the same point.
    active : int
        Units of the run, w.
    size : int
        Units in all, more than `active`. Give either the size or the resolution; the other one follows.
    resolution : float
        Width of a bucket, above 0.
    periodic : bool
        Whether the run goes round: what lies just below the maximum is near the minimum.
    clip : bool
        Whether numbers out of range are taken for its nearest end, in place of an error.

    Examples
    --------
    >>> encoder = Scalar(0.0, 10.0, active=3, size=13)
    >>> encoder.encode(0.0), encoder.encode(9.6)
    (Code([0, 1, 2], 13), Code([10, 11, 12], 13))
    >>> encoder.resolution
    1.0
    >>> Scalar(0.0, 24.0, active=3, size=24, periodic=True).encode(23.0).indices.tolist()
    [0, 1, 23]
    """

    minimum: float
    maximum: float
    _: KW_ONLY
    active: int
    size: int = 0
    resolution: float = 0.0
    periodic: bool = False
    clip: bool = False

    def __post_init__(self) -> None:
        low, high = real("minimum", self.minimum), real("maximum", self.maximum)
        active = whole("active", self.active, 1)
        if not low < high:
            raise ValueError(f"maximum must be above minimum = {low:g}, got {high:g}")
        if bool(self.size) == bool(self.resolution):
            raise ValueError(f"give either size or resolution, got {'both' if self.size else 'neither'}")
        if self.periodic and self.clip:
            raise ValueError("clip must be False where the range is periodic: it has no ends")
        if self.size:
            self._set_size(active, high - low)
        else:
            self._set_resolution(active, high - low)

    def _set_size(self, active: int, extent: float) -> None:
        size = checked_size("size", self.size)
        if active >= size:
            raise ValueError(f"active must be below size = {size}, got {active}")
        object.__setattr__(self, "resolution", extent / (size if self.periodic else size - active))

    def _set_resolution(self, active: int, extent: float) -> None:
        """Round the size up, and keep the resolution; on a circle make it fit."""
        steps = math.ceil(extent / real("resolution", self.resolution, above=0) - 1e-9)
        size = checked_size("size", steps if self.periodic else steps + active)
        if active >= size:
            raise ValueError(f"resolution must leave more than active = {active} units, it leaves {size}")
        object.__setattr__(self, "size", size)
        if self.periodic:
            object.__setattr__(self, "resolution", extent / size)

    @property
    def radius(self) -> float:
        """Distance from which on codes share nothing."""
        return self.active * self.resolution

    def encode(self, value: float) -> Code:
        """Return the code of a number.

        Raises
        ------
        ValueError
            If it is out of range, and `clip` is not set, or not finite.
        """
        number = real("value", value)
        if self.clip:
            number = min(max(number, self.minimum), self.maximum)
        if not self.minimum <= number <= self.maximum:
            error = ValueError(f"value must lie in {self.minimum:g} ... {self.maximum:g}, got {number:g}")
            raise error if self.periodic else with_hint(error, "clip=True takes the nearest end in its place")
        bucket = math.floor((number - self.minimum) / self.resolution + 0.5)
        if not self.periodic:
            first = min(bucket, self.size - self.active)
            return trusted(np.arange(first, first + self.active, dtype=np.int32), self.size)
        return trusted(np.sort(np.arange(bucket, bucket + self.active) % self.size).astype(np.int32), self.size)


@dataclass(frozen=True)
class RandomScalar:
    """Any number as random units, of which one is replaced from each bucket to the next.

    Parameters
    ----------
    size : int
        Units in all, at least twice `active`.
    active : int
        Units of a code, w.
    resolution : float
        Width of a bucket, above 0.
    seed : int
        Chooses the units.

    Examples
    --------
    >>> from neurosim.sdr.codes import overlap
    >>> encoder = RandomScalar(1000, 20, resolution=0.5, seed=1)
    >>> codes = [encoder.encode(value) for value in (7.0, 8.0, 12.0, -900.0)]
    >>> [overlap(codes[0], code) for code in codes]                     # 2, 10 and 1,814 buckets away
    [20, 18, 10, 0]
    """

    size: int
    active: int
    resolution: float
    seed: int = 0

    def __post_init__(self) -> None:
        size, active = checked_size("size", self.size), whole("active", self.active, 1)
        if size < 2 * active:
            raise ValueError(f"size must be at least 2 active = {2 * active}, got {size}")
        real("resolution", self.resolution, above=0)
        checked_seed(self.seed)

    @property
    def radius(self) -> float:
        """Distance from which on codes share units by chance alone."""
        return self.active * self.resolution

    def encode(self, value: float) -> Code:
        """Return the code of a finite number."""
        place = real("value", value) / self.resolution + 0.5
        if abs(place) > FARTHEST:
            raise ValueError(f"value must lie within 2**53 buckets of width {self.resolution:g} around 0, got {value:g}")
        block, first = divmod(math.floor(place), _block_length(self.active))
        units = _units(self.seed, self.size, self.active, block)
        if first + self.active > len(units):
            units = np.concatenate([units, _units(self.seed, self.size, self.active, block + 1)])
        return trusted(np.sort(units[first : first + self.active]), self.size)


def _block_length(active: int) -> int:
    return max(BLOCK, 4 * active)


@functools.lru_cache(maxsize=4096)
def _units(seed: int, size: int, active: int, block: int) -> npt.NDArray[np.int32]:
    """Draw the random units of a block of buckets. Its last ones are drawn first, so that no block needs all blocks before it."""
    before, last = (_anchors(seed, size, active, which) for which in (block - 1, block))
    length, draws = _block_length(active), _draws(seed, BETWEEN, block, size)
    units = list(before)
    for place in range(length - len(last)):
        near = {*units[len(units) - len(before) :], *last[: max(0, place + 2 * active - 1 - length)]}
        units.append(next(unit for unit in draws if unit not in near))
    return np.array([*units[len(before) :], *last], np.int32)


def _anchors(seed: int, size: int, active: int, block: int) -> tuple[int, ...]:
    """Draw the last units of a block, one fewer than are active in a code, all different."""
    distinct: dict[int, None] = {}
    draws = _draws(seed, ANCHORS, block, size)
    while len(distinct) < active - 1:
        distinct[next(draws)] = None
    return tuple(distinct)


def _draws(seed: int, stream: int, block: int, size: int) -> Iterator[int]:
    """Yield random units without end."""
    tick, done, n = 2 * block if block >= 0 else -2 * block - 1, 0, 4 * BLOCK
    while True:
        drawn = words(seed, tick, stream, n)[done:].astype(np.uint64)
        yield from (drawn * np.uint64(size) >> np.uint64(32)).tolist()
        done, n = n, 2 * n
