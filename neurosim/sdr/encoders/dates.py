"""Dates and times as codes: one run of units on a circle for each aspect that is asked for.

Source: htm.core, ``DateEncoder.cpp``. Differs from the code in: the weekend begins on Friday at 18:00, not an hour later; time is that of
the clock, without time zones.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from neurosim.checks import real, whole
from neurosim.sdr.codes import Code
from neurosim.sdr.encoders.categories import Category
from neurosim.sdr.encoders.joining import join
from neurosim.sdr.encoders.scalars import Scalar

Moment = dt.datetime | np.datetime64 | str

ASPECTS = ("time_of_day", "day_of_week", "weekend", "season", "holiday")
WEEKEND_STARTS = 18
"""Hour of Friday."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Date:
    """A date and time as runs of units side by side, one for each aspect that is asked for.

    Parameters
    ----------
    time_of_day, day_of_week, weekend, season, holiday : int
        Active units of each aspect; 0 leaves it out.
    time_radius : float
        Hours after which the times of two days share nothing.
    season_radius : float
        Days after which the seasons of two dates share nothing.
    holidays : sequence of (month, day) or (year, month, day)
        The code changes gradually on the day before one, and back on the day after.

    Examples
    --------
    >>> encoder = Date(time_of_day=12, weekend=5)
    >>> encoder.encode("2014-11-01T00:00"), encoder.size, encoder.active                     # a Saturday
    (Code([ 0,  1,  2, ..., 79, 80, 81], 82), 82, 17)
    >>> encoder.encode("2014-11-01T00:20").indices[:3].tolist()                             # a unit moves on every 20 minutes
    [1, 2, 3]
    """

    _: KW_ONLY
    time_of_day: int = 0
    day_of_week: int = 0
    weekend: int = 0
    season: int = 0
    holiday: int = 0
    time_radius: float = 4.0
    season_radius: float = 91.5
    holidays: Sequence[tuple[int, ...]] = ((12, 25),)

    def __post_init__(self) -> None:
        for name in ASPECTS:
            whole(name, getattr(self, name), 0)
        if not any(getattr(self, name) for name in ASPECTS):
            raise ValueError(f"at least one of {', '.join(ASPECTS)} must have active units, got 0 for all")
        object.__setattr__(self, "holidays", tuple(_checked_day(day) for day in self.holidays))
        _ = self._parts

    @functools.cached_property
    def _parts(self) -> dict[str, Scalar | Category]:
        """The encoder of each aspect that is asked for."""
        ranges = {
            "time_of_day": (24.0, "time_radius", self.time_radius),
            "day_of_week": (7.0, "", 1.0),
            "season": (366.0, "season_radius", self.season_radius),
            "holiday": (2.0, "", 1.0),
        }
        parts: dict[str, Scalar | Category] = {}
        for name in (name for name in ASPECTS if getattr(self, name)):
            active = getattr(self, name)
            if name == "weekend":
                parts[name] = Category((False, True), active)
                continue
            extent, radius_name, radius = ranges[name]
            if not 0 < real(radius_name, radius, above=0) < extent:
                raise ValueError(f"{radius_name} must lie between 0 and {extent:g}, got {radius}")
            parts[name] = Scalar(0.0, extent, active=active, resolution=radius / active, periodic=True)
        return parts

    @property
    def size(self) -> int:
        """Units in all."""
        return sum(part.size for part in self._parts.values())

    @property
    def active(self) -> int:
        """Active units of a code."""
        return sum(part.active for part in self._parts.values())

    def encode(self, value: Moment) -> Code:
        """Return the code of a moment.

        Parameters
        ----------
        value : datetime.datetime, numpy.datetime64 or str
            A text in ISO form, as ``"2014-11-01T18:30"``.
        """
        moment = _moment(value)
        found: dict[str, Any] = {
            "time_of_day": (moment - _midnight(moment)) / dt.timedelta(hours=1),
            "day_of_week": moment.weekday(),
            "weekend": moment.weekday() > 4 or (moment.weekday() == 4 and moment.hour >= WEEKEND_STARTS),
            "season": moment.timetuple().tm_yday - 1,
            "holiday": self._near_holiday(moment) if self.holiday else 0.0,
        }
        return join([part.encode(found[name]) for name, part in self._parts.items()])

    def _near_holiday(self, moment: dt.datetime) -> float:
        """Return 0 far from holidays, 1 on one, rising to 1 on the day before and to 2, which is 0 again, on the day after."""
        for day in self.holidays:
            years = (day[0],) if len(day) == 3 else range(moment.year - 1, moment.year + 2)
            for year in years:
                days = (moment - _date(year, *day[-2:])) / _DAY
                if -1 < days < 2:
                    return min(1.0 + days, 1.0) if days < 1 else days
        return 0.0


def _moment(value: Moment) -> dt.datetime:
    """Return a moment on the clock, without time zone."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    elif isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"value must be a date and time in ISO form, got {value!r}") from None
    if not isinstance(value, dt.datetime):
        raise TypeError(f"value must be a datetime, a numpy.datetime64 or a text in ISO form, got {value!r}")
    return value.replace(tzinfo=None)


def _midnight(moment: dt.datetime) -> dt.datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _checked_day(day: Sequence[int]) -> tuple[int, ...]:
    """Return a holiday, or say that there is no such day; of years that are not named, 2024 has all days."""
    numbers = tuple(whole("holidays", part, 1) for part in day)
    try:
        if len(numbers) not in (2, 3):
            raise ValueError
        dt.datetime(numbers[0] if len(numbers) == 3 else 2024, numbers[-2], numbers[-1])
    except ValueError:
        raise ValueError(f"holidays must be (month, day) or (year, month, day), got {numbers}") from None
    return numbers


def _date(year: int, month: int, day: int) -> dt.datetime:
    """Return the midnight with which a day begins; 29 February is 1 March where there is none."""
    try:
        return dt.datetime(year, month, day)
    except ValueError:
        return dt.datetime(year, month, day - 1) + _DAY
