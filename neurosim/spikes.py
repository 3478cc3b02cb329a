r"""The last spikes of a population, as events (tick, unit): what delays look back on, and what :class:`neurosim.record.Spikes` reads.

A spike carries the tick of the step in which it was fired: the step from tick t to t + 1 fires the spikes of tick t, and a slice from
tick a to tick b those of a, ..., b - 1. Events stand in the order of ticks, those of a tick in the order of units, so that neither the
number of threads nor the slicing shows.

The buffer is a ring of fixed size, part of the state: it is overwritten from the oldest event on and does not depend on who reads it.
Ticks that lie back at most :attr:`SpikeBuffer.reach` are held whatever happens, also if every unit fires in every tick; ticks up to
`depth` are held as long as their spikes fit.

Where units fire independently of each other and of the past, with a known mean :math:`\mu` of spikes in T ticks, more than
:math:`2 \mu + 150` of them have a probability below :math:`10^{-70}` by Bernstein's inequality,
:math:`P(X \ge \mu + t) \le e^{-t^2 / (2 \mu + 2 t / 3)}`. That is taken for never.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike

from neurosim.checks import whole
from neurosim.errors import CheckpointError, RecordingTooLarge, nearest, with_hint
from neurosim.files import check_writable
from neurosim.memory import free_memory
from neurosim.protocols import S
from neurosim.recordings import SMALL_BYTES, Runs, readable
from neurosim.rows import GrowingRows, StreamRows

EVENT, UNIT = np.dtype([("tick", "<i8"), ("unit", "<u4")]), np.dtype("<u4")
ALL = np.zeros(0, bool)
DEPTH = 1024
SMALLEST, LARGEST = 1 << 10, 1 << 22
MARGIN = 150
"""Spikes beyond twice their mean that are never seen."""


@dataclass
class SpikeBuffer:
    """The last spikes of one population. Made by :meth:`empty`.

    A kernel writes ``units`` and ``ends`` itself and then adds the ticks to ``tick``; a model in NumPy calls :meth:`append`.

    Parameters
    ----------
    units : (capacity,) uint32
        Which unit fired: event number k, counted from 0, stands at ``k % capacity``. The capacity is a power of two.
    ends : (depth + 1,) int64
        How many events there were before tick t: at ``t % (depth + 1)``.
    n_units : int
        Size of the population.
    tick : int
        The tick whose spikes come next.
    spacing : int
        Ticks from one spike of a unit to its next, at least.
    mean : float
        Spikes in a tick on average, if units fire independently of each other and of the past; infinite if nothing is known.

    Examples
    --------
    >>> buffer = SpikeBuffer.empty(5, depth=3)
    >>> for units in ([0, 4], [], [1]):
    ...     buffer.append(np.array(units, np.uint32))
    >>> buffer.between(0, 3)
    (array([0, 0, 2]), array([0, 4, 1], dtype=uint32))
    """

    units: np.ndarray
    ends: np.ndarray
    n_units: int
    tick: int = 0
    spacing: int = 1
    mean: float = math.inf

    @classmethod
    def empty(
        cls, n_units: int, *, depth: int = DEPTH, capacity: int | None = None, spacing: int = 1, reach: int = 1, mean: float = math.inf
    ) -> SpikeBuffer:
        """Return a buffer without spikes, at tick 0.

        Parameters
        ----------
        n_units : int
            Size of the population, at least 1.
        depth : int
            Ticks to look back at most, such as the longest delay or the longest slice of a recorded run, whichever is longer.
        capacity : int, optional
            Events to hold, rounded up to a power of two, at least `n_units`. By default enough for every unit to fire in
            each of 256 ticks, or as often as `spacing` allows in 1,024, but not more than four million events (16 MB) unless `reach` asks.
        spacing : int
            Ticks from one spike of a unit to its next, at least, such as the refractory time.
        reach : int
            Ticks that must be held whatever happens, at most `depth`.
        mean : float
            Spikes in a tick on average, if units fire independently of each other and of the past.

        Raises
        ------
        TypeError, ValueError
            If an argument is no integer or too small.

        Examples
        --------
        >>> SpikeBuffer.empty(8000).reach
        262
        """
        n_units, depth = whole("n_units", n_units, 1), whole("depth", depth, 1)
        least = n_units * -(-whole("reach", reach, 1) // whole("spacing", spacing, 1))
        if capacity is None:
            capacity = max(least, min(max(n_units * -(-DEPTH // max(spacing, 4)), SMALLEST), LARGEST))
        length = 1 << (whole("capacity", capacity, least) - 1).bit_length()
        return cls(np.zeros(length, np.uint32), np.zeros(depth + 1, np.int64), n_units, spacing=spacing, mean=mean)

    @property
    def reach(self) -> int:
        """Ticks that are held whatever happens."""
        surely, depth = self.units.size // self.n_units * self.spacing, self.ends.size - 1
        return min(depth, max(surely, int((self.units.size - MARGIN) / max(2 * self.mean, 1.0))))

    @property
    def total(self) -> int:
        """Events so far, those overwritten included."""
        return int(self.ends[self.tick % self.ends.size])

    def append(self, units: ArrayLike, /) -> None:
        """Add the spikes of one tick: different units, in ascending order.

        Raises
        ------
        ValueError
            If the units are not that.
        """
        units = np.asarray(units)
        if units.ndim != 1 or units.size and not (units[0] >= 0 and units[-1] < self.n_units and (units[1:] > units[:-1]).all()):
            raise ValueError(f"units of a tick must ascend from 0 to below {self.n_units}, got {units}")
        total = self.total
        self.units[np.arange(total, total + units.size) & (self.units.size - 1)] = units
        self.tick += 1
        self.ends[self.tick % self.ends.size] = total + units.size

    def between(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the spikes of the ticks from `first` to before `stop`.

        Returns
        -------
        ticks : (events,) int64
        units : (events,) uint32

        Raises
        ------
        ValueError
            If these ticks are not held, or not any more.

        Examples
        --------
        >>> SpikeBuffer.empty(5).between(0, 1)
        Traceback (most recent call last):
        ...
        ValueError: spikes of ticks 0 to 1 were asked for, the buffer holds those of 0 to 0
        """
        self._check_held(first, stop)
        ends = self.ends[np.arange(first, stop + 1) % self.ends.size]
        return np.repeat(np.arange(first, stop), np.diff(ends)), self._copied(int(ends[0]), int(ends[-1]))

    def count(self, first: int, stop: int) -> int:
        """Return how many spikes the ticks from `first` to before `stop` have.

        Raises
        ------
        ValueError
            If these ticks are not held, or not any more.

        Examples
        --------
        >>> SpikeBuffer.empty(5).count(0, 0)
        0
        """
        self._check_held(first, stop)
        return int(self.ends[stop % self.ends.size] - self.ends[first % self.ends.size])

    def _check_held(self, first: int, stop: int) -> None:
        """Refuse ticks whose spikes are not in the buffer."""
        oldest = max(0, self.tick - self.ends.size + 1)
        if not oldest <= first <= stop <= self.tick:
            raise ValueError(f"spikes of ticks {first} to {stop} were asked for, the buffer holds those of {oldest} to {self.tick}")
        came, held = self.total - int(self.ends[first % self.ends.size]), self.units.size
        if came > held:
            error = ValueError(f"spikes of tick {first} were overwritten: {came:,} came since, {held:,} are held")
            raise with_hint(error, f"look at most {self.reach} ticks back, or make the buffer with a larger capacity")

    def _copied(self, first: int, stop: int) -> np.ndarray:
        """Return a copy of the units of the events from one number to before another."""
        capacity = self.units.size
        begin, end = first % capacity, first % capacity + stop - first
        if end <= capacity:
            return self.units[begin:end].copy()
        return np.concatenate([self.units[begin:], self.units[: end - capacity]])


class EventRows:
    """Events in memory: units one after the other, the ticks that have any, and how many each of them has.

    Parameters
    ----------
    allow : callable
        Called with the bytes that more events will take in the end, before there is room for them; it raises an error if they are too many.

    Examples
    --------
    >>> rows = EventRows(lambda nbytes: None)
    >>> rows.extend(np.array([(3, 0), (3, 2), (5, 0)], EVENT))
    >>> rows.values().tolist()
    [(3, 0), (3, 2), (5, 0)]
    >>> rows.runs().counts.tolist()
    [2, 1]
    """

    held = 0

    def __init__(self, allow: Callable[[int], None]) -> None:
        self._allow = allow
        self._clear()

    def take(self, buffer: SpikeBuffer, first: int, stop: int, wanted: np.ndarray | None) -> bool:
        """Add the spikes of the ticks from `first` to before `stop`; return whether they stand in order."""
        from neurosim.kernels.spikes import take_spikes

        n, span = buffer.count(first, stop), stop - first
        ring = buffer.units, buffer.ends, first, stop, buffer.n_units, ALL if wanted is None else wanted
        kept, busy = take_spikes(*ring, self._units.room(n), self._ticks.room(min(n, span)), self._counts.room(min(n, span)))
        if kept < 0:
            return False
        self._units.keep(kept)
        self._ticks.keep(busy)
        self._counts.keep(busy)
        return True

    def extend(self, events: np.ndarray) -> None:
        """Add events that stand in order, with the fields tick and unit."""
        ticks, counts = np.unique(events["tick"], return_counts=True)
        self._units.extend(events["unit"])
        self._ticks.extend(ticks)
        self._counts.extend(counts)

    def runs(self) -> Runs:
        """Return the events so far as they are kept."""
        return Runs(self._ticks.values(), self._counts.values(), self._units.values())

    def values(self) -> np.ndarray:
        """Return the events so far, with the fields tick and unit."""
        ticks, counts, units = self.runs()
        events = np.empty(len(units), EVENT)
        events["tick"], events["unit"] = np.repeat(ticks, counts), units
        return events

    def __len__(self) -> int:
        """Return the number of events so far."""
        return len(self._units)

    def save(self) -> dict[str, Any]:
        """Return the events so far, by name."""
        return {"rows": self.values()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what :meth:`save` returned; refuse rows of another kind."""
        rows = saved["rows"]
        if rows.ndim != 1 or rows.dtype != EVENT:
            raise CheckpointError(f"the checkpoint holds rows {rows.dtype} {rows.shape}, this recorder keeps {EVENT}")
        self._clear()
        self.extend(rows)

    def close(self) -> None:
        """Do nothing: memory needs no closing."""

    def _clear(self) -> None:
        self._units = GrowingRows(UNIT, lambda nbytes: self._allow(nbytes // UNIT.itemsize * EVENT.itemsize))
        self._ticks, self._counts = (GrowingRows(np.dtype(np.int64), lambda nbytes: None) for _ in range(2))


class SpikesRecording(Generic[S]):
    """The spikes of one run, in memory or in a file: what :class:`neurosim.record.Spikes` starts.

    Parameters
    ----------
    spikes : Spikes
        Has ``source``, ``units`` and ``stream``.
    name : str
    state : State
        The state at the start of the run.

    Raises
    ------
    TypeError, ValueError
        If the state has no such spike buffer, or this has no such units.
    """

    gapless, from_start = True, True
    shape: tuple[int, ...] = (0,)
    coords: Mapping[str, np.ndarray] = MappingProxyType({})

    def __init__(self, spikes: Any, name: str, state: S) -> None:
        self._source, self._name = spikes.source, name
        buffer = self._buffer(state)
        self.dims = (f"{name}_spike",)
        self.every, self._size = int(buffer.reach), int(buffer.n_units)
        self._wanted = _wanted(name, spikes.units, self._size)
        self._first = self._next = int(state.tick)
        self._events: EventRows | StreamRows = EventRows(self._allow)
        if spikes.stream is not None:
            check_writable(Path(spikes.stream))
            self._events = StreamRows(Path(spikes.stream), (), EVENT, sys.maxsize)
        self.nbytes = EVENT.itemsize * self._events.held

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Which units were looked at, and between which ticks."""
        chosen = {} if self._wanted is None else {"recorded": np.flatnonzero(self._wanted)}
        return {"n_units": self._size, **chosen, "first": self._first, "stop": self._next}

    def sample(self, state: S, /) -> None:
        """Keep the spikes since the last look."""
        buffer, now = self._buffer(state), int(state.tick)
        if isinstance(buffer, SpikeBuffer):
            kept = self._events if isinstance(self._events, EventRows) else EventRows(lambda nbytes: None)
            if not kept.take(buffer, self._next, now, self._wanted):
                raise self._disorder(now)
            if isinstance(self._events, StreamRows):
                self._events.extend(kept.values())
        else:
            ticks, units = buffer.between(self._next, now)
            self._events.extend(self._collected(ticks, units, now))
        self._next = now

    def values(self) -> np.ndarray:
        """Return the events so far, with the fields tick and unit."""
        return self._events.values()

    def runs(self) -> Runs | np.ndarray:
        """Return the events so far as they are kept."""
        return self._events.runs() if isinstance(self._events, EventRows) else self._events.values()

    def save(self) -> dict[str, Any]:
        """Return the ticks looked at, the cursor and, if they are in memory, the events."""
        return {"first": self._first, "next": self._next, **self._events.save()}

    def restore(self, saved: Mapping[str, Any], /) -> None:
        """Go back to a cursor."""
        self._events.restore(saved)
        self._first, self._next = saved["first"], saved["next"]

    def close(self) -> None:
        """Write out what is waiting."""
        self._events.close()

    def _buffer(self, state: S) -> Any:
        """Return the buffer, or say what the state has instead."""
        if callable(self._source):
            buffer, where = self._source(state), "what source returned"
        else:
            buffers, where = getattr(state, "spikes", None), f"state.spikes[{self._source!r}]"
            if not isinstance(buffers, Mapping):
                error = TypeError(f"recorder {self._name!r}: {type(state).__name__}.spikes must map names to spike buffers")
                raise with_hint(error, "pass a function of the state that returns its neurosim.spikes.SpikeBuffer")
            if self._source not in buffers:
                raise with_hint(ValueError(f"recorder {self._name!r}: no population {self._source!r}"), nearest(self._source, buffers))
            buffer = buffers[self._source]
        if not all(hasattr(buffer, part) for part in ("n_units", "reach", "between")):
            raise TypeError(f"recorder {self._name!r}: {where} must be a neurosim.spikes.SpikeBuffer, got {type(buffer).__name__}")
        return buffer

    def _collected(self, ticks: np.ndarray, units: np.ndarray, now: int) -> np.ndarray:
        """Return the wanted events; refuse those that stand in the wrong order or do not exist."""
        if len(ticks) != len(units):
            raise ValueError(f"recorder {self._name!r}: got {len(ticks)} ticks of {len(units)} spikes")
        place = np.asarray(ticks, np.int64) * self._size + units
        if len(units) and (units.max() >= self._size or ticks[0] < self._next or ticks[-1] >= now or not (place[1:] > place[:-1]).all()):
            raise self._disorder(now)
        kept = slice(None) if self._wanted is None else self._wanted[units]
        events = np.empty(len(units[kept]), EVENT)
        events["tick"], events["unit"] = ticks[kept], units[kept]
        return events

    def _disorder(self, now: int) -> ValueError:
        """Return the error of spikes that nobody can have fired."""
        error = ValueError(f"recorder {self._name!r}: spikes up to tick {now} are not in order of tick and unit, or of unknown units")
        return with_hint(error, f"ticks ascend from {self._next} to {now - 1}, units of a tick from 0 to {self._size - 1}, none twice")

    def _allow(self, nbytes: int) -> None:
        """Refuse to outgrow the memory."""
        if nbytes > SMALL_BYTES and nbytes > (free := free_memory()):
            error = RecordingTooLarge(
                f"recorder {self._name!r} holds {len(self._events):,} spikes up to tick {self._next}; "
                f"to keep more it would take {readable(nbytes)} in memory, {readable(free)} are free"
            )
            raise with_hint(error, "record fewer units (units=), write to disk (stream='file.npy'), or take fewer steps")


def _wanted(name: str, units: Any, size: int) -> np.ndarray | None:
    """Return for each unit whether it is recorded; None for all of them."""
    if units is None:
        return None
    if units.max() >= size:
        raise ValueError(f"recorder {name!r}: units must be below {size}, got {units.max()}")
    wanted = np.zeros(size, bool)
    wanted[units] = True
    return wanted
