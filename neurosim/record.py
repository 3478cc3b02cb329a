"""What to keep of a run: values over time (:class:`Trace`), totals (:class:`Count`) and events (:class:`Spikes`).

A recorder looks at the state every `every` ticks, counted from the start of the run. A trace looks once before the first tick too,
since a curve needs its starting point: a run of T ticks gives 1 + floor(T / every) values. A count adds up what it sees, from the
first look after the first ticks on.

The size of a trace is known before the run, looks x shape x itemsize, and a run whose recordings would not fit is refused at once.
With ``stream="v.npy"`` a trace keeps one block of about a megabyte in memory and appends the others to a ``.npy`` file, which can be
read while the run goes on.

How many spikes a run will fire is not known before it. They take 12 bytes each, in an array that grows, or one block and a file as
above. The run stops with an error before the array would outgrow the memory.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike

from neurosim.checks import whole
from neurosim.errors import with_hint
from neurosim.files import check_writable
from neurosim.fingerprints import code_name, fingerprint
from neurosim.protocols import Recording, S
from neurosim.recordings import refuse_above
from neurosim.rows import MemoryRows, StreamRows
from neurosim.spikes import SpikesRecording


@dataclass(frozen=True, eq=False)
class Trace(Generic[S]):
    """Values of a quantity over time.

    Parameters
    ----------
    observe : callable
        Takes the state and returns a number or an array of constant shape. It must not change the state; it may be called more often
        than values are kept.
    dims : tuple of str
        Names of the axes of the observed array, e.g. ``("pattern",)``; empty for a number.
    every : int
        Ticks between two looks.
    units : sequence of int, optional
        Which entries of the last axis to keep, none twice. They label that axis of the result.
    stream : path, optional
        A ``.npy`` file that the values go to instead of memory; an existing one is replaced. The result reads it through a memory map.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of that form.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import neurosim as ns
    >>> @dataclass
    ... class Walk:
    ...     x: np.ndarray
    ...     tick: int = 0
    >>> class Drift:
    ...     dt = 0.5
    ...     def step(self, state, ticks, /):
    ...         state.x += ticks
    ...         state.tick += ticks
    >>> trace = ns.Trace(lambda state: state.x, dims=("unit",), every=2, units=[1])
    >>> run = ns.simulate(Drift(), Walk(np.arange(3.0)), steps=5, record={"x": trace})
    >>> run.x.values.ravel(), run.time.values, run.unit.values
    (array([1., 3., 5.]), array([0., 1., 2.]), array([1]))
    """

    observe: Callable[[S], ArrayLike]
    dims: tuple[str, ...] = ()
    every: int = 1
    units: Sequence[int] | np.ndarray | None = None
    stream: str | Path | None = None

    def __post_init__(self) -> None:
        _check_common(self)
        object.__setattr__(self, "units", None if self.units is None else _units(self.units))
        _check_stream(self.stream)

    def start(self, name: str, state: S, steps: int, /) -> Recording[S]:
        """Prepare for a run of `steps` ticks."""
        return _TraceRecording(self, name, state, steps)

    def describe(self) -> dict[str, Any]:
        """Return the settings that a checkpoint compares."""
        return {**_describe(self), "stream": None if self.stream is None else Path(self.stream).name}


@dataclass(frozen=True, eq=False)
class Count(Generic[S]):
    """The sum of a quantity over the looks of a run; it has no time axis.

    Integers and truth values are added up in 64 bits, floating-point numbers in double precision.

    Parameters
    ----------
    observe, dims, every, units
        As for :class:`Trace`. The first look is after the first `every` ticks.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of that form.

    Examples
    --------
    >>> Count(lambda state: state.flips, dims=("replica",), every=10).every
    10
    """

    observe: Callable[[S], ArrayLike]
    dims: tuple[str, ...] = ()
    every: int = 1
    units: Sequence[int] | np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_common(self)
        object.__setattr__(self, "units", None if self.units is None else _units(self.units))

    def start(self, name: str, state: S, steps: int, /) -> Recording[S]:
        """Prepare for a run."""
        return _CountRecording(self, name, state)

    def describe(self) -> dict[str, Any]:
        """Return the settings that a checkpoint compares."""
        return _describe(self)


@dataclass(frozen=True, eq=False)
class Spikes(Generic[S]):
    """The spikes of a population, as events.

    Under the name ``exc`` the result holds, along ``exc_spike``, which unit fired, ``exc_unit``, and when, ``exc_time`` = tick x dt, in
    the order of time. A spike has the tick of the step in which it was fired (:mod:`neurosim.spikes`).

    ``exc_unit.attrs`` hold the size of the population (``n_units``), which of its units were recorded if not all (``recorded``), and the
    mean rate of those recorded (``rate``, in Hz if `dt` is in ms); ``exc_time.attrs`` hold the times between which spikes were recorded
    (``start``, ``stop``).

    Parameters
    ----------
    source : str or callable
        A name in ``state.spikes``, a mapping of names to :class:`neurosim.spikes.SpikeBuffer`; or a function that takes the state and
        returns such a buffer, or anything that has its ``n_units``, ``reach`` and ``between``. Slices are made no longer than `reach`.
    units : sequence of int, optional
        Which units to record, none twice. They keep their numbers.
    stream : path, optional
        A ``.npy`` file that the events go to instead of memory, with the fields tick and unit; an existing one is replaced.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of that form.

    Examples
    --------
    Five units that fire one after the other, one per tick of half a millisecond:

    >>> from dataclasses import dataclass
    >>> import neurosim as ns
    >>> from neurosim.spikes import SpikeBuffer
    >>> @dataclass
    ... class Firing:
    ...     spikes: dict[str, SpikeBuffer]
    ...     tick: int = 0
    >>> class Chain:
    ...     dt = 0.5
    ...     def step(self, state, ticks, /):
    ...         for tick in range(state.tick, state.tick + ticks):
    ...             state.spikes["chain"].append([tick % 5])
    ...         state.tick += ticks
    >>> state = Firing({"chain": SpikeBuffer.empty(5)})
    >>> run = ns.simulate(Chain(), state, steps=7, record={"chain": Spikes("chain")})
    >>> run.chain_time.values, run.chain_unit.values, run.chain_unit.attrs["rate"]
    (array([0. , 0.5, 1. , 1.5, 2. , 2.5, 3. ]), array([0, 1, 2, 3, 4, 0, 1], dtype=uint32), 400.0)
    """

    source: str | Callable[[S], Any]
    units: Sequence[int] | np.ndarray | None = None
    stream: str | Path | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.source, str) or callable(self.source)):
            error = TypeError(f"Spikes: source must be a name or a function of the state, got {type(self.source).__name__}")
            raise with_hint(error, "for a buffer in the state write lambda state: state.field")
        object.__setattr__(self, "units", None if self.units is None else _units(self.units))
        _check_stream(self.stream)

    def start(self, name: str, state: S, steps: int, /) -> Recording[S]:
        """Prepare for a run."""
        return SpikesRecording(self, name, state)

    def describe(self) -> dict[str, Any]:
        """Return the settings that a checkpoint compares."""
        source = self.source if isinstance(self.source, str) else code_name(self.source)
        units = "all" if self.units is None else fingerprint(self.units)
        return {"kind": "Spikes", "source": source, "units": units, "stream": None if self.stream is None else Path(self.stream).name}


class _Observed(Generic[S]):
    """The checked observation that traces and counts share."""

    gapless = False
    attrs: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, recorder: Trace[S] | Count[S], name: str, state: S) -> None:
        self.every, self._name, self._observe = recorder.every, name, recorder.observe
        self._units = None if recorder.units is None else np.asarray(recorder.units)
        value = np.asarray(recorder.observe(state))
        self._full, self._dtype = value.shape, value.dtype
        if value.dtype.kind not in "biufc":
            raise TypeError(f"recorder {name!r}: observe must return numbers, got {value.dtype}")
        if len(recorder.dims) != value.ndim:
            error = ValueError(
                f"recorder {name!r}: dims {recorder.dims} name {len(recorder.dims)} axes, observe returned shape {value.shape}"
            )
            raise with_hint(error, "give one name per axis, for example dims=" + repr(("replica", "pattern", "unit")[: value.ndim]))
        self.coords: Mapping[str, np.ndarray]
        self.shape, self.coords = self._chosen(recorder.dims)

    def _chosen(self, dims: tuple[str, ...]) -> tuple[tuple[int, ...], dict[str, np.ndarray]]:
        """Return shape and labels of what is kept of each value."""
        if self._units is None:
            return self._full, {}
        if not self._full:
            raise ValueError(f"recorder {self._name!r}: units were chosen, but observe returned a single number")
        if self._units.size and self._units.max() >= self._full[-1]:
            raise ValueError(f"recorder {self._name!r}: units must be below {self._full[-1]}, got {self._units.max()}")
        return (*self._full[:-1], self._units.size), {dims[-1]: self._units}

    def _look(self, state: S) -> np.ndarray:
        """Return the chosen part of the observed value, of the shape and kind seen at the start."""
        value = np.asarray(self._observe(state))
        if value.shape != self._full:
            raise ValueError(
                f"recorder {self._name!r}: observe returned shape {value.shape} at tick {state.tick}, before that {self._full}"
            )
        if value.dtype != self._dtype and not np.can_cast(value.dtype, self._dtype, "same_kind"):
            raise TypeError(f"recorder {self._name!r}: observe returned {value.dtype} at tick {state.tick}, before that {self._dtype}")
        return value if self._units is None else value[..., self._units]


class _TraceRecording(_Observed[S]):
    """Values over time, in memory or in a file."""

    from_start = True

    def __init__(self, trace: Trace[S], name: str, state: S, steps: int) -> None:
        super().__init__(trace, name, state)
        looks = 1 + steps // trace.every
        self.dims = ("time", *trace.dims)
        row = self._dtype.itemsize * math.prod(self.shape)
        self._rows: MemoryRows | StreamRows = MemoryRows((looks, *self.shape), self._dtype)
        if trace.stream is not None:
            path = Path(trace.stream)
            check_writable(path)
            if row == 0:
                raise ValueError(f"recorder {name!r}: values of shape {self.shape} are empty and cannot be streamed")
            older = path.stat().st_size if path.exists() else 0
            refuse_above(shutil.disk_usage(path.parent).free + older, f"on the disk of {path}", {name: row * looks}, {name: self}, steps)
            self._rows = StreamRows(path, self.shape, self._dtype, looks)
        self.nbytes = row * self._rows.held

    def sample(self, state: S, /) -> None:
        """Keep one value."""
        self._rows.append(self._look(state))

    def values(self) -> np.ndarray:
        """Return the values so far, (looks, ...)."""
        return self._rows.values()

    def save(self) -> dict[str, Any]:
        """Return the cursor and, if they are in memory, the values."""
        return self._rows.save()

    def restore(self, saved: Mapping[str, Any], /) -> None:
        """Go back to a cursor."""
        self._rows.restore(saved)

    def close(self) -> None:
        """Write out what is waiting."""
        self._rows.close()


class _CountRecording(_Observed[S]):
    """A running sum."""

    from_start = False

    def __init__(self, count: Count[S], name: str, state: S) -> None:
        super().__init__(count, name, state)
        self.dims = count.dims
        widest = {"b": np.int64, "i": np.int64, "u": np.uint64, "f": np.float64, "c": np.complex128}[self._dtype.kind]
        self._sum = np.zeros(self.shape, np.promote_types(self._dtype, widest))
        self.nbytes = self._sum.nbytes

    def sample(self, state: S, /) -> None:
        """Add one value."""
        self._sum += self._look(state)

    def values(self) -> np.ndarray:
        """Return the sum so far."""
        return self._sum

    def save(self) -> dict[str, Any]:
        """Return the sum so far."""
        return {"sum": self._sum}

    def restore(self, saved: Mapping[str, Any], /) -> None:
        """Go back to an earlier sum."""
        self._sum[...] = saved["sum"]

    def close(self) -> None:
        """Hold nothing open."""


def _check_stream(stream: Any) -> None:
    if stream is not None and Path(stream).suffix != ".npy":
        raise ValueError(f"stream must name a .npy file, got {str(stream)!r}")


def _check_common(recorder: Any) -> None:
    """Check what traces and counts share, and bring it into its final form."""
    kind = type(recorder).__name__
    if not callable(recorder.observe):
        error = TypeError(f"{kind}: observe must be a function of the state, got {type(recorder.observe).__name__}")
        raise with_hint(error, "for a field of the state write lambda state: state.field")
    dims = (recorder.dims,) if isinstance(recorder.dims, str) else tuple(recorder.dims)
    if not all(isinstance(dim, str) and dim and dim != "time" for dim in dims) or len(set(dims)) < len(dims):
        raise ValueError(f"{kind}: dims must be different names other than 'time', got {dims!r}")
    object.__setattr__(recorder, "dims", dims)
    object.__setattr__(recorder, "every", whole(f"{kind}: every", recorder.every, 1))


def _describe(recorder: Any) -> dict[str, Any]:
    """Return the settings that traces and counts share."""
    units = "all" if recorder.units is None else fingerprint(recorder.units)
    kind, observe = type(recorder).__name__, code_name(recorder.observe)
    return {"kind": kind, "observe": observe, "dims": list(recorder.dims), "every": recorder.every, "units": units}


def _units(units: Any) -> np.ndarray:
    """Return chosen units as a read-only array of indices."""
    chosen = np.array(units)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        error = TypeError(f"units must be a sequence of integers, got {chosen.dtype} of shape {chosen.shape}")
        raise with_hint(error, "for a mask of truth values pass numpy.flatnonzero(mask)")
    if chosen.min() < 0 or len(np.unique(chosen)) < chosen.size:
        raise ValueError("units must be different indices from 0 on, got negative or repeated ones")
    chosen = chosen.astype(np.int64)
    chosen.flags.writeable = False
    return chosen
