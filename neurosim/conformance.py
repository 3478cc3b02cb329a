"""Does a model keep the promises that the driver builds on? One call, for the models of this package and for yours.

The promises: ``step`` advances by the whole slice and keeps the clock; the slicing does not change the numbers; a state that was
saved and loaded goes on bit for bit like the one that never stopped; the model itself does not change.
"""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.checks import runnable, whole
from neurosim.fingerprints import fingerprint
from neurosim.protocols import Model, S
from neurosim.state import assign, copy, load, save


def check_model(model: Model[S], state: S, *, ticks: int = 6) -> None:
    """Test the promises of a model on a state, which is left as it was.

    Parameters
    ----------
    model : Model
    state : State
        Where to start from. Choose one in which something happens.
    ticks : int
        Half of the ticks that are run.

    Raises
    ------
    AssertionError
        If a promise is broken; the message names it, and the field that differs.
    TypeError, ValueError
        If this is no model, or no state of it.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Walk:
    ...     x: np.ndarray
    ...     tick: int = 0
    >>> class Drift:
    ...     dt = 1.0
    ...     def step(self, state, ticks, /):
    ...         state.x += ticks
    ...         state.tick += 1                                      # forgets that a slice has many ticks
    >>> check_model(Drift(), Walk(np.zeros(3)))
    Traceback (most recent call last):
    ...
    AssertionError: step(state, 12) must leave tick at 12, it is 1
    """
    runnable(model, state, None)
    ticks = whole("ticks", ticks, 1)
    before, parameters = copy(state), fingerprint(model)
    _check_arrays(state)
    whole_run = _advanced(model, state, 2 * ticks)
    _check_same("a step of a copy must leave the original alone", before, state)
    _check_same("slices of one tick must give the numbers of one slice", whole_run, _advanced(model, state, *[1] * (2 * ticks)))
    _check_same("uneven slices must give the numbers of one slice", whole_run, _advanced(model, state, 1, 2 * ticks - 1))
    half = _advanced(model, state, ticks)
    _check_same("a saved and loaded state must equal the original", half, _reloaded(half))
    _check_same("save and load halfway must not change the numbers", whole_run, _advanced(model, _reloaded(half), ticks))
    assign(half, state)
    _check_same("a state assigned in place must run like its source", whole_run, _advanced(model, half, 2 * ticks))
    if fingerprint(model) != parameters:
        raise AssertionError("step must not change the model; what changes belongs into the state")


def _advanced(model: Any, state: Any, *slices: int) -> Any:
    """Return a copy of the state, advanced slice by slice."""
    state = copy(state)
    for ticks in slices:
        wanted = state.tick + ticks
        model.step(state, ticks)
        if state.tick != wanted:
            raise AssertionError(f"step(state, {ticks}) must leave tick at {wanted}, it is {state.tick}")
    return state


def _reloaded(state: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state")
        save(state, path)
        return load(path, like=state)


def _check_same(promise: str, wanted: Any, got: Any) -> None:
    if fingerprint(wanted) == fingerprint(got):
        return
    theirs = dict(_leaves(got))
    names = [name for name, value in _leaves(wanted) if fingerprint(value) != fingerprint(theirs.get(name))]
    raise AssertionError(f"{promise}: {', '.join(names) or 'the fields'} differ")


def _check_arrays(state: Any) -> None:
    """Arrays must be contiguous, and no two of them may share memory: a loaded state would not."""
    arrays = [(name, value) for name, value in _leaves(state) if isinstance(value, np.ndarray)]
    for name, array in arrays:
        if not (array.flags.c_contiguous or array.flags.f_contiguous):
            raise AssertionError(f"arrays of a state must be contiguous, {name} is not")
    for (name, array), (other, another) in itertools.combinations(arrays, 2):
        if np.may_share_memory(array, another):
            raise AssertionError(f"arrays of a state must not share memory, {name} and {other} do")


def _leaves(value: Any, name: str = "state") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a state that are not themselves compound, by dotted name."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _leaves(getattr(value, field.name), f"{name}.{field.name}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}")
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _leaves(item, f"{name}.{i}")
    else:
        yield name, value
