"""Arguments checked at the door: what was got, what was wanted, and what to do."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint

WHOLE = 1e-6
"""How far, in ticks, a time may lie from a whole number of them."""


def whole(name: str, value: Any, least: int) -> int:
    """Return an integer argument, or say what is wrong with it.

    Raises
    ------
    TypeError
        If it is not an integer (10.0 is not).
    ValueError
        If it is below `least`.

    Examples
    --------
    >>> whole("steps", np.int64(3), 0)
    3
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number


def runnable(model: Any, state: Any, until: Any) -> None:
    """Refuse a model, a state or a condition that could not run.

    Raises
    ------
    TypeError, ValueError
        If the model has no ``step`` or no positive ``dt``, the state no ``tick``, or `until` cannot be called.

    Examples
    --------
    >>> runnable("walk", None, None)
    Traceback (most recent call last):
    ...
    TypeError: model must have a method step(state, ticks), str has none
    """
    if not callable(getattr(model, "step", None)):
        raise TypeError(f"model must have a method step(state, ticks), {type(model).__name__} has none")
    positive_dt(model)
    if not hasattr(state, "tick"):
        error = TypeError(f"state must have a tick, {type(state).__name__} has none")
        raise with_hint(error, "make it with the model's init(); the order is simulate(model, state)")
    whole("state.tick", state.tick, 0)
    if until is not None and not callable(until):
        raise TypeError(f"until must be a function of the state, got {type(until).__name__}")


def positive_dt(model: Any) -> float:
    """Return the ``dt`` of a model, or say what is wrong with it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> positive_dt(SimpleNamespace(dt=0.1))
    0.1
    """
    dt = getattr(model, "dt", None)
    if isinstance(dt, bool) or not isinstance(dt, int | float | np.number) or not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"model.dt must be a positive number, got {dt!r}")
    return float(dt)


def truth(answer: Any) -> bool:
    """Return the answer of `until` as one truth value.

    Raises
    ------
    TypeError
        If it is an array.

    Examples
    --------
    >>> truth(np.bool_(True))
    True
    """
    if isinstance(answer, bool):
        return answer
    if np.ndim(answer):
        error = TypeError(f"until must return one truth value, got an array of shape {np.shape(answer)}")
        raise with_hint(error, "reduce it with numpy.all or numpy.any")
    return bool(answer)


def wrong_tick(model: str, ticks: int, got: Any, wanted: int) -> RuntimeError:
    """Return the error for a model whose ``step`` does not keep the clock.

    Examples
    --------
    >>> wrong_tick("Walk", 5, 0, 5)
    RuntimeError('Walk.step(state, 5) left state.tick at 0, wanted 5')
    """
    error = RuntimeError(f"{model}.step(state, {ticks}) left state.tick at {got}, wanted {wanted}")
    return with_hint(error, "step must advance by the whole slice and add the ticks to state.tick; neurosim.check_model tests a model")


def real(name: str, value: Any, *, least: float = -math.inf, above: float = -math.inf) -> float:
    """Return a number argument as a float, or say what is wrong with it.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is not finite, below `least`, or not above `above`.

    Examples
    --------
    >>> real("tau", 20, above=0)
    20.0
    >>> real("tau", -1.0, above=0)
    Traceback (most recent call last):
    ...
    ValueError: tau must be finite and above 0, got -1.0
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and value >= least and value > above):
        bounds = [f" and {word} {bound:g}" for word, bound in (("at least", least), ("above", above)) if bound > -math.inf]
        raise ValueError(f"{name} must be finite{''.join(bounds)}, got {value}")
    return float(value)


def ticks_of(name: str, times: npt.ArrayLike, dt: float, least: int) -> npt.NDArray[np.int64]:
    """Return times as whole ticks, or say why they are none.

    Raises
    ------
    ValueError
        If a time is not a multiple of dt, or too short.

    Examples
    --------
    >>> ticks_of("delay", 1.5, 0.1, 1).tolist()
    15
    """
    exact = np.asarray(times, np.float64) / dt
    ticks = np.rint(exact).astype(np.int64)
    if (short := exact < least - WHOLE).any():
        wanted = {0: "0", 1: "dt"}.get(least, f"{least} dt")
        raise ValueError(f"{name} must be at least {wanted} = {least * dt:g}, got {np.asarray(times)[short].flat[0]:g}")
    if (odd := np.abs(exact - ticks) > WHOLE).any():
        error = ValueError(f"{name} must be a multiple of dt = {dt:g}, got {np.asarray(times)[odd].flat[0]:g}")
        raise with_hint(error, "choose a dt that divides it")
    return ticks
