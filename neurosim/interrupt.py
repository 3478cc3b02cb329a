"""Ctrl-C as a wish: what is under way ends, what is there is kept, then the program stops. SIGTERM as Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import xarray as xr


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run, after the slice that was under way.

    Attributes
    ----------
    data : xarray.Dataset
        What the run had recorded; its attribute ``stopped_by`` is ``"interrupt"`` unless the run was over anyway.
    """

    def __init__(self, message: str, data: xr.Dataset | None = None) -> None:
        super().__init__(message)
        self.data = data


class CtrlC:
    """Takes a first Ctrl-C as a wish while the block lasts; a second one stops at once.

    In threads other than the main one, and where somebody else handles the signal already, nothing is changed. A handler that passes on to
    Python's own, as Brian2 installs one when it is imported, steps back for as long.

    Attributes
    ----------
    pressed : bool
        Whether to stop.

    Examples
    --------
    >>> with CtrlC() as ctrl_c:
    ...     signal.raise_signal(signal.SIGINT)
    >>> ctrl_c.pressed
    True
    """

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        handler = signal.getsignal(signal.SIGINT)
        if in_main and signal.default_int_handler in (handler, getattr(handler, "previous_handler", None)):
            self._before = handler
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


@contextlib.contextmanager
def on_sigterm() -> Iterator[None]:
    """Stop as after Ctrl-C when SIGTERM comes while the block lasts: batch systems send it shortly before they kill.

    In threads other than the main one, and where somebody else handles the signal already, nothing is changed.

    Raises
    ------
    KeyboardInterrupt
        At the first SIGTERM; more of them are ignored, so that what is under way can be put in order.

    Examples
    --------
    >>> try:
    ...     with on_sigterm():
    ...         signal.raise_signal(signal.SIGTERM)
    ... except KeyboardInterrupt as stopped:
    ...     print(stopped)
    SIGTERM
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt("SIGTERM")
