"""A run's checkpoint: one file with the state, what the recorders kept, and what was asked for.

The file is written aside and renamed, so that there is always one whole checkpoint, the older or the newer. It names the run it
belongs to: model with parameters and code, number of steps, recorders, the state at the start. A call that asks for anything else is
refused instead of being given the wrong numbers. A checkpoint of a finished run answers the same call without computing.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import CheckpointError, with_hint
from neurosim.files import check_writable
from neurosim.fingerprints import code_name, fingerprint
from neurosim.protocols import Recording
from neurosim.sources import function_fingerprint
from neurosim.state import assign, load_all, save, version

PATIENCE = 10.0
_now = time.monotonic


@dataclass(frozen=True)
class Checkpoint:
    """Where to keep the checkpoint of a run, and how often to write it.

    Parameters
    ----------
    path : str or Path
        The file. Its folder must exist.
    every : float
        Seconds between two checkpoints. Where writing takes long they are spaced out, so that at most a tenth of the time goes into it.

    Raises
    ------
    ValueError
        If `every` is not a positive number.

    Examples
    --------
    >>> Checkpoint("walk.checkpoint", every=60.0).every
    60.0
    """

    path: str | Path
    every: float = 30.0

    def __post_init__(self) -> None:
        if not (isinstance(self.every, int | float) and math.isfinite(self.every) and self.every > 0):
            raise ValueError(f"every must be a positive number of seconds, got {self.every!r}")


def asked(model: Any, steps: int, until: Any, recorders: Mapping[str, Any]) -> dict[str, Any]:
    """Return what identifies a run, besides the state at its start.

    Raises
    ------
    TypeError
        If the model holds something that cannot be compared.
    """
    try:
        parameters = fingerprint(model)
    except TypeError as error:
        raise with_hint(error, "a checkpoint must recognise its model: keep only arrays, numbers and functions in it") from None
    return {
        "neurosim": version(),
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        "parameters": parameters,
        "code": function_fingerprint(type(model)),
        "steps": steps,
        "until": None if until is None else f"{code_name(until)}, every {getattr(until, 'every', 1)}",
        "record": {name: recorder.describe() for name, recorder in recorders.items()},
    }


class Keeper:
    """Reads and writes the checkpoint of one run.

    Parameters
    ----------
    checkpoint : str, Path or Checkpoint
    state : State
        The state of the run; resuming writes into it.
    recordings : mapping of str to Recording
        What the run keeps; resuming fills them.
    asked : mapping
        What identifies the run.
    """

    def __init__(
        self, checkpoint: str | Path | Checkpoint, state: Any, recordings: Mapping[str, Recording[Any]], asked: Mapping[str, Any]
    ) -> None:
        checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)
        self.path, self._every = Path(checkpoint.path), checkpoint.every
        self._state, self._recordings, self._asked = state, recordings, dict(asked)
        check_writable(self.path)
        self._start = ""
        self._due = _now() + self._every

    def resume(self) -> dict[str, Any] | None:
        """Bring the state and the recordings to where the file stands, and return the rest of it; None if there is no file.

        Raises
        ------
        CheckpointError
            If the file is damaged or belongs to another run.
        """
        own = fingerprint(self._state)
        if not self.path.exists():
            self._start = own
            return None
        saved, extra = load_all(self.path, like=self._state)
        if "run" not in extra or "recordings" not in extra:
            raise with_hint(CheckpointError(f"{self.path} is a saved state, not the checkpoint of a run"), "name another file")
        self._check_asked(extra["asked"])
        self._start = extra["start"]
        if own not in (self._start, fingerprint(saved)):
            error = CheckpointError(f"{self.path} belongs to a run from another state: the given one is neither its start nor its end")
            raise with_hint(error, self._advice("make the state anew as for the first call"))
        assign(self._state, saved)
        for name, recording in self._recordings.items():
            recording.restore(extra["recordings"][name])
        return extra["run"]

    def write(self, run: Mapping[str, Any]) -> None:
        """Write the checkpoint; where that fails, warn and leave the older one."""
        begin = _now()
        recordings = {name: recording.save() for name, recording in self._recordings.items()}
        try:
            save(self._state, self.path, asked=self._asked, start=self._start, run=dict(run), recordings=recordings)
        except OSError as error:
            message = f"checkpoint {self.path} could not be written ({error.strerror or error}); the run goes on, an older one is kept"
            warnings.warn(message, RuntimeWarning, stacklevel=3)
        self._due = _now() + max(self._every, PATIENCE * (_now() - begin))

    @property
    def due(self) -> bool:
        """Whether it is time to write."""
        return _now() >= self._due

    def _check_asked(self, theirs: Mapping[str, Any]) -> None:
        """Refuse a checkpoint of another run, saying in what it differs."""
        for name, mine in self._asked.items():
            if theirs.get(name) != mine:
                error = CheckpointError(f"{self.path} belongs to another run: {_difference(name, theirs.get(name), mine)}")
                raise with_hint(error, self._advice("call it as before"))

    def _advice(self, first: str) -> str:
        return f"{first}; or name another file; or delete this one to start afresh; neurosim.state.load({str(self.path)!r}) reads its state"


def _difference(name: str, theirs: Any, mine: Any) -> str:
    """Say in what two runs differ."""
    if name == "parameters":
        return "its model had other parameters"
    if name == "code":
        return "the code of its model was edited since"
    if name == "record":
        changed = sorted(key for key in {**theirs, **mine} if theirs.get(key) != mine.get(key))
        return f"it recorded {', '.join(map(repr, changed))} otherwise"
    return f"{name} was {theirs!r}, is {mine!r}"
