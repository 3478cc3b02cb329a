"""A population whose spikes are given: recorded, encoded, or made up.

Unit k fires in the step that contains each of its times. Differs from a recording in: nothing; the times that
:class:`~neurosim.record.Spikes` returns give the same spikes again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.ticks import halves, steps_of

LARGEST_UNIT = 1 << 24


@dataclass(frozen=True, eq=False)
class SpikeList:
    """Units that fire at given times.

    Parameters
    ----------
    units : array_like (n_spikes,) of int
        Which unit fires, 0 ... n - 1 where n is the size of the population; in any order.
    times : array_like (n_spikes,)
        When, in ms, at least 0. A spike belongs to the step that contains its time, so that it is fired up to one dt before (times within
        a thousandth of dt below a multiple of dt count as the multiple).

    Raises
    ------
    TypeError, ValueError
        If the arrays are of the wrong kind or differ in length; :meth:`parameters` raises ValueError if a unit would fire twice in a step.

    Examples
    --------
    >>> volley = SpikeList(units=[0, 1, 0], times=[1.0, 1.0, 5.5])
    >>> volley.n_spikes, volley.last_unit
    (3, 1)
    """

    units: npt.ArrayLike
    times: npt.ArrayLike

    variables: ClassVar[tuple[str, ...]] = ()
    takes_current: ClassVar[bool] = False
    refractory: ClassVar[float] = 0.0
    held: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        units, times = np.atleast_1d(np.asarray(self.units)), np.atleast_1d(np.asarray(self.times))
        if units.shape != times.shape or units.ndim != 1:
            raise ValueError(f"units and times must be arrays of one length, got shapes {units.shape} and {times.shape}")
        if units.dtype.kind not in "iu" and units.size:
            raise TypeError(f"units must be integers, got {units.dtype}")
        if times.dtype.kind not in "iuf":
            raise TypeError(f"times must be numbers, got {times.dtype}")
        _refuse("units", units, (units >= 0) & (units < LARGEST_UNIT), f"lie in 0 ... {LARGEST_UNIT - 1}")
        _refuse("times", times, np.isfinite(times) & (times >= 0), "be finite and at least 0")
        order = np.lexsort((units, times))
        for name, array in (("units", units.astype(np.int64)), ("times", times.astype(float))):
            array = array[order]
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return np.size(self.units)

    @property
    def last_unit(self) -> int:
        """Highest unit that fires, -1 if there are no spikes; the population must have more units than this."""
        return int(np.max(self.units, initial=-1))

    def check(self, n: int) -> None:
        """Refuse a population of n units that lacks some which fire.

        Raises
        ------
        ValueError
            If there is no such unit.
        """
        if self.last_unit >= n:
            raise ValueError(f"units of a spike list must lie in 0 ... {n - 1} for a population of {n}, got {self.last_unit}")

    def start(self) -> dict[str, Any]:
        """Return the initial value of each variable: there are none."""
        return {}

    def parameters(self, dt: float) -> npt.NDArray[np.float64]:
        """Return the high and low parts of the ticks of all spikes, and their units, in the order of tick and unit."""
        units, ticks = np.asarray(self.units), steps_of(self.times, dt)
        order = np.lexsort((units, ticks))
        units, ticks = units[order], ticks[order]
        twice = np.flatnonzero((np.diff(ticks) == 0) & (np.diff(units) == 0))
        if twice.size:
            k = twice[0]
            error = ValueError(f"a unit fires at most once in a step, got unit {units[k]} twice at {ticks[k] * dt:g} ms (dt = {dt:g})")
            raise with_hint(error, "use a smaller dt, or leave one of the spikes out")
        return np.concatenate([*halves(ticks), units]).astype(float)

    def kernels(self) -> tuple[Callable[..., Any], None]:
        """Return the kernel that lets units fire; nothing is reset."""
        from neurosim.kernels.spike_list import update

        return update, None


def _refuse(name: str, values: npt.NDArray[Any], good: npt.NDArray[np.bool_], wanted: str) -> None:
    """Raise for the first value that is not good."""
    if not good.all():
        place = int(np.flatnonzero(~good)[0])
        raise ValueError(f"{name} must {wanted}, got {values[place]} at place {place}")
