"""All recordings of a run together: whether they fit, and how they are labelled.

What would only fail at the end of a run (an axis that two recorders use for different units, a file written twice, a trace larger than
the memory) is found before its first tick.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurosim.errors import RecordingTooLarge, with_hint
from neurosim.memory import free_memory
from neurosim.protocols import Recording
from neurosim.rows import roomy

SMALL_BYTES = 1 << 20


def start_all(recorders: Mapping[str, Any], state: Any, steps: int) -> dict[str, Recording[Any]]:
    """Start every recorder of a run and check that their results fit together and into memory.

    Parameters
    ----------
    recorders : mapping of str to Recorder
    state : State
        The state at the start of the run.
    steps : int
        Ticks of the run at most.

    Returns
    -------
    dict of str to Recording

    Raises
    ------
    TypeError, ValueError
        If a name or an axis is unusable.
    RecordingTooLarge
        If the recordings would not fit.

    Examples
    --------
    >>> start_all({}, None, 10)
    {}
    """
    if not isinstance(recorders, Mapping):
        raise TypeError(f"record must map names to recorders, got {type(recorders).__name__}")
    recordings: dict[str, Recording[Any]] = {}
    for name, recorder in recorders.items():
        if not isinstance(name, str) or not name or name == "time":
            raise ValueError(f"record: a recorder needs a name other than 'time', got {name!r}")
        if not callable(getattr(recorder, "start", None)):
            error = TypeError(f"record[{name!r}] must be a recorder, got {type(recorder).__name__}")
            raise with_hint(error, "wrap a function of the state: neurosim.Trace(function)")
        recordings[name] = recorder.start(name, state, steps)
    _check_streams(recorders)
    _check_axes(recordings)
    _check_memory(recordings, steps)
    return recordings


def label(recordings: Mapping[str, Recording[Any]], start: int, dt: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Name the axes of what was recorded and give them coordinates.

    Traces that look equally often share the axis ``time``; otherwise each has its own, ``time_<name>``. Events become two variables
    along ``<name>_spike``: ``<name>_unit``, and the coordinate ``<name>_time``.

    Parameters
    ----------
    recordings : mapping of str to Recording
    start : int
        Tick at the start of the run.
    dt : float
        Length of a tick.

    Returns
    -------
    variables, coords : dict
        As ``xarray.Dataset`` takes them.

    Examples
    --------
    >>> label({}, 0, 1.0)
    ({}, {})
    """
    shared = len({recording.every for recording in recordings.values() if "time" in recording.dims}) == 1
    variables: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    for name, recording in recordings.items():
        values, time = _values(recording), "time" if shared else f"time_{name}"
        if isinstance(values, Runs) or values.dtype.names:
            coords[f"{name}_time"], variables[f"{name}_unit"] = _events(recording, values, dt)
            continue
        variables[name] = (tuple(time if dim == "time" else dim for dim in recording.dims), values)
        coords |= recording.coords
        if "time" in recording.dims:
            coords[time] = (start + recording.every * np.arange(len(values))) * dt
    return variables, coords


def refuse_above(free: int, place: str, sizes: Mapping[str, int], recordings: Mapping[str, Any], steps: int) -> None:
    """Raise an error that names the largest recording if together they need more bytes than are free.

    Parameters
    ----------
    free : int
        Bytes.
    place : str
        Where they are free, in words.
    sizes : mapping of str to int
        Bytes that each recording needs there.
    recordings : mapping of str to Recording
    steps : int
        Ticks of the run at most.

    Raises
    ------
    RecordingTooLarge
        With the remedies.

    Examples
    --------
    >>> refuse_above(100, "in memory", {}, {}, 10)
    """
    if sum(sizes.values()) <= free:
        return
    name = max(sizes, key=lambda key: sizes[key])
    recording = recordings[name]
    looks = 1 + steps // recording.every
    others = f", with the others {readable(sum(sizes.values()))}" if len(sizes) > 1 else ""
    size = f"{readable(sizes[name])} {place} ({looks:,} looks x {recording.shape}){others}"
    error = RecordingTooLarge(f"recorder {name!r} would take {size}; {readable(free)} are free")
    raise with_hint(error, "look less often (every=), keep fewer units (units=), write to disk (stream='file.npy'), or take fewer steps")


class Runs(NamedTuple):
    """Events in the shortest form: the ticks that have any, how many each, and all units one after the other."""

    ticks: np.ndarray
    counts: np.ndarray
    units: np.ndarray


def _values(recording: Any) -> Any:
    """Return what was kept; events in the form in which they were kept."""
    return recording.runs() if hasattr(recording, "runs") else recording.values()


def _events(recording: Recording[Any], events: Any, dt: float) -> tuple[Any, Any]:
    """Return times and units of events, with what is known of them."""
    if isinstance(events, Runs):
        times, units = _all_times(events, dt), events.units
    else:
        times, units = _times(events["tick"], dt), events["unit"]
    facts = dict(recording.attrs)
    first, stop = facts.pop("first"), facts.pop("stop")
    watched = (stop - first) * dt * len(facts.get("recorded", range(facts["n_units"])))
    rate = 1000.0 * len(units) / watched if watched else math.nan
    time = {"long_name": "time", "units": "ms", "start": first * dt, "stop": stop * dt}
    unit = {"long_name": "unit", **facts, "rate": rate}
    return (recording.dims, times, time), (recording.dims, units, unit)


def _all_times(runs: Runs, dt: float) -> np.ndarray:
    """Return the time of each event."""
    from neurosim.kernels.spikes import write_times

    times = roomy(len(runs.units), float)
    write_times(runs.ticks, runs.counts, dt, times)
    return times


def _times(ticks: np.ndarray, dt: float) -> Any:
    """Return the times of ticks. Those of ticks in a file are worked out where they are looked at: all may not fit in memory."""
    if not isinstance(ticks, np.memmap):
        return ticks * dt
    from xarray.core.indexing import LazilyIndexedArray

    return LazilyIndexedArray(_scaled(ticks, dt))


def _scaled(ticks: np.ndarray, dt: float) -> Any:
    """Return an array for xarray that multiplies the part it is asked for; it can be sent to another process."""
    from xarray.backends import BackendArray
    from xarray.core.indexing import IndexingSupport, explicit_indexing_adapter

    class Scaled(BackendArray):
        shape, dtype = ticks.shape, np.dtype(float)

        def __getitem__(self, key: Any) -> Any:
            return explicit_indexing_adapter(key, self.shape, IndexingSupport.BASIC, lambda part: np.asarray(ticks[part]) * dt)

        def __reduce__(self) -> Any:
            return _scaled, (np.asarray(ticks), dt)

    return Scaled()


def _check_axes(recordings: Mapping[str, Recording[Any]]) -> None:
    """Refuse axes that could not stand in one Dataset: before the run, not after it."""
    owner: dict[str, tuple[str, np.ndarray]] = {}
    for name, recording in recordings.items():
        for dim, length in zip([dim for dim in recording.dims if dim != "time"], recording.shape, strict=True):
            labels = recording.coords.get(dim, np.arange(length))
            other, its_labels = owner.setdefault(dim, (name, labels))
            if not np.array_equal(labels, its_labels):
                error = ValueError(f"recorders {other!r} and {name!r} both have an axis {dim!r}, but not of the same units")
                raise with_hint(error, "give one of the axes another name in dims=")
    events = {f"{name}_{part}" for name, recording in recordings.items() if recording.gapless for part in ("time", "unit")}
    axes = {*owner, *(f"time_{name}" for name in recordings)}
    for name in sorted((axes | events) & set(recordings) | axes & events):
        raise ValueError(f"record: {name!r} is the name of a recorder and of an axis; rename one of them")


def _check_streams(recorders: Mapping[str, Any]) -> None:
    """Refuse two recorders on one file."""
    paths = [Path(stream).resolve() for recorder in recorders.values() if (stream := getattr(recorder, "stream", None)) is not None]
    if len(set(paths)) < len(paths):
        raise ValueError("two recorders stream to the same file; give each its own")


def _check_memory(recordings: Mapping[str, Recording[Any]], steps: int) -> None:
    """Refuse recordings that together would not fit in memory."""
    sizes = {name: recording.nbytes for name, recording in recordings.items()}
    if sum(sizes.values()) > SMALL_BYTES:
        refuse_above(free_memory(), "in memory", sizes, recordings, steps)


def readable(number: float) -> str:
    """Write a size in the unit that suits it.

    Examples
    --------
    >>> readable(512), readable(38e9)
    ('512 B', '38.0 GB')
    """
    for letter in ("", "k", "M", "G", "T"):
        if number < 1000 or letter == "T":
            break
        number /= 1000
    return f"{number:.1f} {letter}B" if letter else f"{number:.0f} B"
