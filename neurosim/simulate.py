"""The one time loop.

A model is advanced in *slices*: as many ticks as fit before somebody wants to look. The looks of recorders and of `until` stand on a
fixed schedule, every so many ticks from the start of the run; where nothing else asks, slices grow from one tick until one takes
about a quarter of a second, so that progress, checkpoints and Ctrl-C get their turn. Recorders of events look after every slice and set
it a longest length, that for which the state surely holds all its events. A model gives the same numbers for any slicing
(:func:`neurosim.conformance.check_model` tests it), hence none of this changes a result.

Written by hand, with one recorder and a condition to stop, the loop is::

    values = [observe(state)]
    while state.tick < steps and not until(state):
        model.step(state, 1)
        values.append(observe(state))
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.checkpoint import Checkpoint as Checkpoint
from neurosim.checkpoint import Keeper, asked
from neurosim.checks import positive_dt, real, runnable, ticks_of, truth, whole, wrong_tick
from neurosim.errors import RunawayActivity, with_hint
from neurosim.interrupt import CtrlC
from neurosim.interrupt import Interrupted as Interrupted
from neurosim.progress import Progress
from neurosim.protocols import Model, Recorder, S
from neurosim.recordings import label, start_all
from neurosim.state import version

if TYPE_CHECKING:
    import xarray as xr

SLICE_SECONDS = 0.25
_now = time.monotonic


def simulate(
    model: Model[S],
    state: S,
    *,
    steps: int | None = None,
    duration: float | None = None,
    record: Mapping[str, Recorder[S]] | None = None,
    until: Callable[[S], Any] | None = None,
    progress: bool | Progress = False,
    checkpoint: str | Path | Checkpoint | None = None,
) -> xr.Dataset:
    """Advance a state in place and return what was recorded.

    Parameters
    ----------
    model : Model
        Has ``dt`` and ``step(state, ticks)``.
    state : State
        Changed in place. Another call with it continues from where it stands, its clock included.
    steps : int, optional
        Ticks to run, at most.
    duration : float, optional
        The same as a time, in the model's unit: a multiple of its ``dt``. Either this or `steps` is given.
    record : mapping of str to Recorder, optional
        What to keep, by the name that it gets in the result.
    until : callable, optional
        Takes the state and says whether to stop; asked before the first tick and after every tick, or every ``until.every`` ticks if it
        has that attribute.
    progress : bool or Progress
        Whether, or in which progress display, to show ticks, rate, remaining time and compile time.
    checkpoint : path or Checkpoint, optional
        A file to keep the run in, written every 30 seconds, on Ctrl-C and at the end. If it exists, the run goes on from there; if it
        holds the finished run, its result is returned at once.

    Returns
    -------
    xarray.Dataset
        One variable per recorder. Those with a time axis share ``time`` (in the model's unit) if they look equally often; if not, each
        has its own ``time_<name>``. Attributes: model, dt, seed, steps, ticks (run), stopped_by (``"steps"``, ``"until"``, ``"runaway"``),
        compile_seconds, wall_seconds, neurosim (version).

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be used.
    RecordingTooLarge
        If what is to be recorded would not fit in memory or on the disk; nothing has run then.
    CheckpointError
        If the checkpoint is damaged or of another run.
    RunawayActivity
        If a network fires more than it allows, with the data so far (``data``); state, recordings and checkpoint stand at that time.
    Interrupted
        On Ctrl-C, with the data so far; the state stands between two slices and can be continued. A second Ctrl-C stops at once.

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
    >>> run = ns.simulate(Drift(), Walk(np.zeros(2)), steps=10, record={"x": ns.Trace(lambda state: state.x.mean())},
    ...                   until=lambda state: state.x[0] >= 3)
    >>> run.x.values, run.x.time.values, run.attrs["stopped_by"]
    (array([0., 1., 2., 3.]), array([0. , 0.5, 1. , 1.5]), 'until')
    """
    run = _Run(model, state, _steps(model, steps, duration), record or {}, until)
    keeper = None if checkpoint is None else Keeper(checkpoint, state, run.recordings, asked(model, run.steps, until, record or {}))
    saved = None if keeper is None else keeper.resume()
    with contextlib.closing(run), _display(progress, run) as display, CtrlC() as ctrl_c:
        run.begin(saved, display)
        while not (run.stopped_by or ctrl_c.pressed):
            run.advance(display)
            if keeper is not None and keeper.due and not run.stopped_by:
                keeper.write(run.account())
        end = run.account()
        if keeper is not None and end != saved:
            keeper.write(end)
    if run.runaway is not None:
        run.runaway.data = _dataset(run, end)
        raise run.runaway
    if ctrl_c.pressed:
        raise _interrupted(run, end, keeper)
    return _dataset(run, end)


def _steps(model: Any, steps: int | None, duration: float | None) -> int:
    """Return how many ticks to run."""
    if (steps is None) == (duration is None):
        raise TypeError(f"give either steps or duration, got {'neither' if steps is None else 'both'}")
    if steps is not None:
        return whole("steps", steps, 0)
    return int(ticks_of("duration", real("duration", duration, least=0.0), positive_dt(model), 0))


def settled(state: Any) -> bool:
    """Say whether a state has settled, every replica of it: a condition for `until`.

    Parameters
    ----------
    state : State
        Has ``settled``, a truth value or an array of them.

    Raises
    ------
    TypeError
        If the state does not know whether it has settled.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> settled(SimpleNamespace(settled=np.array([True, False])))
    False
    """
    if not hasattr(state, "settled"):
        error = TypeError(f"until=settled needs a state with `settled`, {type(state).__name__} has none")
        raise with_hint(error, "pass a function of the state, for example until=lambda state: state.tick >= 100")
    return bool(np.all(state.settled))


class _Run:
    """One run: where it stands, when the next look is due, what was kept."""

    def __init__(self, model: Any, state: Any, steps: int, recorders: Mapping[str, Any], until: Any) -> None:
        runnable(model, state, until)
        self.model, self.state, self.steps, self._until = model, state, steps, until
        self._until_every = whole("until.every", getattr(until, "every", 1), 1)
        self.recordings = start_all(recorders, state, steps)
        scheduled = {r.every for r in self.recordings.values() if not r.gapless}
        self._periods = scheduled | ({self._until_every} if until is not None else set())
        self._longest = min((r.every for r in self.recordings.values() if r.gapless), default=max(steps, 1))
        self.start, self.done, self.stopped_by = int(state.tick), 0, ""
        self._slice, self._warm = 1, False
        self.runaway: RunawayActivity | None = None
        self._final: dict[str, Any] | None = None
        self._seconds, self._compiled = -_now(), -compile_seconds()

    def begin(self, saved: Mapping[str, Any] | None, display: Progress) -> None:
        """Go to where a checkpoint stands, or take the first values of a new run."""
        if saved is not None:
            self.start, self.done, self.stopped_by = saved["start"], saved["done"], saved["stopped_by"]
            self._seconds, self._compiled = self._seconds + saved["seconds"], self._compiled + saved["compiled"]
            display.skip(self.done)
            self._final = dict(saved) if self.stopped_by else None
        else:
            for recording in self.recordings.values():
                if recording.from_start:
                    recording.sample(self.state)
        if not self.stopped_by:
            self._ask()

    def advance(self, display: Progress) -> None:
        """Run one slice, then look."""
        done, begin, compiled = self.done, _now(), compile_seconds()
        ticks = min([self._slice, self._longest, self.steps - done, *[every - done % every for every in self._periods]])
        try:
            self.model.step(self.state, ticks)
        except RunawayActivity as error:
            self.runaway, ticks = error, int(self.state.tick) - self.start - done
        self.done = done + ticks
        if self.state.tick != self.start + self.done:
            raise wrong_tick(type(self.model).__name__, ticks, self.state.tick, self.start + self.done)
        for recording in self.recordings.values():
            if recording.gapless or self.done % recording.every == 0:
                recording.sample(self.state)
        self._ask()
        if self.runaway is not None:
            self.stopped_by = "runaway"
        self._pace(ticks, _now() - begin, compile_seconds() - compiled, display)

    def account(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of the run itself; what it kept, if the run was finished then."""
        if self._final is not None:
            return self._final
        seconds, compiled = self._seconds + _now(), self._compiled + compile_seconds()
        return {"start": self.start, "done": self.done, "stopped_by": self.stopped_by, "seconds": seconds, "compiled": compiled}

    def close(self) -> None:
        """Close the files of all recordings, also if one of them fails."""
        with contextlib.ExitStack() as stack:
            for recording in self.recordings.values():
                stack.callback(recording.close)

    def _ask(self) -> None:
        """Find out whether the run is over."""
        if self._until is not None and self.done % self._until_every == 0 and truth(self._until(self.state)):
            self.stopped_by = "until"
        elif self.done >= self.steps:
            self.stopped_by = "steps"

    def _pace(self, ticks: int, seconds: float, compiling: float, display: Progress) -> None:
        """Tell the display, and choose the next slice. The first one, which loads compiled code, does not count for the rate."""
        display.exclude(compiling)
        if self._warm:
            display.update(ticks)
        else:
            display.exclude(seconds - compiling, why="")
            display.skip(ticks)
            self._warm = True
        goal = SLICE_SECONDS * ticks / max(seconds - compiling, 1e-9)
        self._slice = max(1, min(2 * self._slice, int(goal)))


def compile_seconds() -> float:
    """Return the seconds this process has spent compiling kernels; 0.0 if none was imported."""
    jit = sys.modules.get("neurosim.kernels._jit")
    return 0.0 if jit is None else jit.compile_seconds()


def _display(progress: Any, run: _Run) -> contextlib.AbstractContextManager[Progress]:
    """Return the display to enter: a new one, the caller's, or the caller's that is open already."""
    if isinstance(progress, Progress):
        return contextlib.nullcontext(progress) if progress.active else progress
    if not isinstance(progress, bool):
        raise TypeError(f"progress must be a truth value or a Progress, got {type(progress).__name__}")
    return Progress(run.steps, type(run.model).__name__, enabled=progress)


def _interrupted(run: _Run, end: Mapping[str, Any], keeper: Keeper | None) -> Interrupted:
    """Return the error of a run stopped by Ctrl-C."""
    message = f"interrupted at tick {run.start + run.done}, after {run.done} of {run.steps} ticks"
    hint = "simulate again with the same state goes on" if keeper is None else f"the same call goes on from {keeper.path}"
    return with_hint(Interrupted(message, _dataset(run, end)), hint)


def _dataset(run: _Run, end: Mapping[str, Any]) -> xr.Dataset:
    """Label what was recorded."""
    import xarray as xr

    variables, coords = label(run.recordings, run.start, float(run.model.dt))
    return xr.Dataset(variables, coords, _attributes(run, end))


def _attributes(run: _Run, end: Mapping[str, Any]) -> dict[str, Any]:
    seed = getattr(run.state, "seed", None)
    return {
        "model": type(run.model).__name__,
        "dt": float(run.model.dt),
        **({} if seed is None else {"seed": seed}),
        "steps": run.steps,
        "ticks": end["done"],
        "stopped_by": end["stopped_by"] or "interrupt",
        "compile_seconds": end["compiled"],
        "wall_seconds": end["seconds"],
        "neurosim": version(),
    }
