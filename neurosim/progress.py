"""How far a run or a sweep is, how fast it goes, and how long it will still take.

One object serves every long call. It counts ticks or points, and shows them where it finds itself: as a bar in a terminal or a
notebook, as a plain line at most every ten seconds in a log file, as JSON lines if ``NEUROSIM_LOG=json``.

The remaining time is the work left over the recent rate,

    remaining = (total - done) / rate,    rate = sum_i w_i n_i / sum_i w_i s_i,    w_i = exp(-age_i / tau),

where update i reported n_i units that took s_i seconds. tau is a quarter of the time worked so far, and at least 15 s: a run that
slows down is believed after a while, a short hiccup is not. Seconds given to :meth:`Progress.exclude` (compiling) are taken out of
s_i and shown apart; units given to :meth:`Progress.skip` (done by an earlier run) count as done and not towards the rate.

Only the outermost progress of a thread is shown: a run inside a sweep stays quiet. A worker that computes points for a sweep of
another process wraps its work in :func:`quiet`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from neurosim.errors import with_hint

MEMORY_SECONDS = 15.0
_HIDDEN: ContextVar[bool] = ContextVar("neurosim_progress_hidden", default=False)
_now = time.monotonic


class Progress:
    """A count of finished units with its rate and remaining time, shown while the ``with`` block lasts.

    Parameters
    ----------
    total : int
        Units of the whole work, not negative.
    label : str
        What is being done; shown first.
    unit : str
        Name of one unit, singular.
    enabled : bool
        False counts without showing anything.
    file : text file, optional
        Where to show it; ``sys.stderr`` if None.

    Raises
    ------
    TypeError, ValueError
        If ``total`` is not an integer, or negative.

    Examples
    --------
    >>> with Progress(100, "settle", enabled=False) as progress:
    ...     progress.skip(40)
    ...     progress.update(10)
    >>> progress.done
    50
    """

    def __init__(self, total: int, label: str = "", unit: str = "tick", enabled: bool = True, file: TextIO | None = None) -> None:
        if isinstance(total, bool) or not hasattr(total, "__index__"):
            raise with_hint(TypeError(f"total must be an integer, got {total!r}"), "count what will be done before starting")
        if total < 0:
            raise ValueError(f"total must not be negative, got {total}")
        self.total, self.label, self.unit, self.enabled = int(total), label, unit, bool(enabled)
        self.done = 0
        self.excluded: dict[str, float] = {}
        self._file = file
        self._display: _Display = _Silent()
        self._worked = self._recent_units = self._recent_seconds = self._pending = 0.0
        self._last = self._shown = self._started = _now()
        self._hid = False
        self.active = False

    def __enter__(self) -> Self:
        self._hid = _HIDDEN.get()
        if self.enabled and not self._hid:
            self._display = _choose_display(self._file if self._file is not None else sys.stderr)
        _HIDDEN.set(True)
        self._last = self._shown = self._started = _now()
        self._pending = 0.0
        self.active = True
        self._display.open(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.active = False
        _HIDDEN.set(self._hid)
        self._display.close(self, stopped=kind is not None)
        self._display = _Silent()

    def update(self, n: int = 1) -> None:
        """Count n units that were finished since the last call."""
        now = _now()
        seconds = now - self._last - self._pending
        self._last, self._pending = now, 0.0
        self.done += n
        if seconds > 0.0:
            self._learn(n, seconds)
        self._maybe_show(now)

    def skip(self, n: int) -> None:
        """Count n units that an earlier run had finished: done, and not part of the rate."""
        self.done += n
        self._maybe_show(_now())

    def exclude(self, seconds: float, why: str = "compile") -> None:
        """Take seconds that passed since the last update out of the rate, and show them apart under a name (if there is one)."""
        if seconds > 0.0:
            self._pending += seconds
            if why:
                self.excluded[why] = self.excluded.get(why, 0.0) + seconds

    def note(self, text: str) -> None:
        """Show a line of text without breaking the bar."""
        self._display.note(self, text)

    @property
    def rate(self) -> float:
        """Units per second, recently and without excluded seconds; NaN before the first update."""
        return self._recent_units / self._recent_seconds if self._recent_seconds > 0.0 else math.nan

    @property
    def remaining(self) -> float:
        """Seconds until the work is done at the recent rate; NaN while no rate is known."""
        left = max(self.total - self.done, 0)
        if left == 0:
            return 0.0
        return left / self.rate if self.rate > 0.0 else math.nan

    @property
    def elapsed(self) -> float:
        """Seconds since the block was entered, all included."""
        return _now() - self._started

    def text(self) -> str:
        """Return rate, remaining time (at the end: time taken) and what was excluded, in words."""
        time = f"{_clock_text(self.remaining)} left" if self.done < self.total else f"took {_clock_text(self.elapsed)}"
        rate = [] if math.isnan(self.rate) and self.done >= self.total else [_rate_text(self.rate, self.unit)]
        return ", ".join([*rate, time, *self.apart()])

    def apart(self) -> list[str]:
        """Return what was excluded, in words."""
        return [f"{why} {seconds:.1f} s apart" for why, seconds in self.excluded.items()]

    def _learn(self, n: int, seconds: float) -> None:
        """Let older updates fade and add this one."""
        self._worked += seconds
        fade = math.exp(-seconds / max(MEMORY_SECONDS, self._worked / 4))
        self._recent_units = self._recent_units * fade + n
        self._recent_seconds = self._recent_seconds * fade + seconds

    def _maybe_show(self, now: float) -> None:
        if now - self._shown >= self._display.interval:
            self._shown = now
            self._display.show(self)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide every progress that is entered inside the block, in this thread.

    Examples
    --------
    >>> with quiet(), Progress(3, file=sys.stdout) as progress:
    ...     progress.update(3)
    """
    before = _HIDDEN.get()
    _HIDDEN.set(True)
    try:
        yield
    finally:
        _HIDDEN.set(before)


class _Display(Protocol):
    interval: float

    def open(self, progress: Progress, /) -> None: ...
    def show(self, progress: Progress, /) -> None: ...
    def note(self, progress: Progress, text: str, /) -> None: ...
    def close(self, progress: Progress, /, *, stopped: bool) -> None: ...


class _Silent:
    """Shows nothing."""

    interval = math.inf

    def open(self, progress: Progress, /) -> None:
        """Do nothing."""

    def show(self, progress: Progress, /) -> None:
        """Do nothing."""

    def note(self, progress: Progress, text: str, /) -> None:
        """Do nothing."""

    def close(self, progress: Progress, /, *, stopped: bool) -> None:
        """Do nothing."""


class _Lines:
    """Plain lines for a log file."""

    interval = 10.0

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def open(self, progress: Progress, /) -> None:
        """Stay silent: a short run prints its last line alone."""

    def show(self, progress: Progress, /) -> None:
        """Print one line: label, done of total, rate, remaining time."""
        self._write(f"{self._count(progress)}, {progress.text()}")

    def note(self, progress: Progress, text: str, /) -> None:
        """Print the text."""
        self._write(text)

    def close(self, progress: Progress, /, *, stopped: bool) -> None:
        """Print the last line, which says whether the work was stopped."""
        end = "stopped after" if stopped else "took"
        rate = [] if math.isnan(progress.rate) else [_rate_text(progress.rate, progress.unit)]
        self._write(", ".join([f"{self._count(progress)} {end} {_clock_text(progress.elapsed)}", *rate, *progress.apart()]))

    def _count(self, progress: Progress) -> str:
        label = f"{progress.label}: " if progress.label else ""
        share = f" ({progress.done / progress.total:.0%})" if progress.total else ""
        return f"{label}{progress.done}/{progress.total} {progress.unit}s{share}"

    def _write(self, line: str) -> None:
        """Write and flush; a closed or full log must not end the run it reports on."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(line + "\n")
            self._file.flush()


class _Json(_Lines):
    """One JSON object per line, for programs that watch a log."""

    def show(self, progress: Progress, /) -> None:
        """Print the numbers."""
        self._event("progress", progress)

    def note(self, progress: Progress, text: str, /) -> None:
        """Print the text as an event."""
        self._event("note", progress, text=text)

    def close(self, progress: Progress, /, *, stopped: bool) -> None:
        """Print the last numbers."""
        self._event("stopped" if stopped else "finished", progress)

    def _event(self, event: str, progress: Progress, **more: Any) -> None:
        numbers = {"rate": progress.rate, "remaining_seconds": progress.remaining, "elapsed_seconds": progress.elapsed}
        rounded = {name: round(value, 3) if math.isfinite(value) else None for name, value in numbers.items()}
        apart = {f"{why}_seconds": round(seconds, 3) for why, seconds in progress.excluded.items()}
        names = {"label": progress.label, "unit": progress.unit, "done": progress.done, "total": progress.total}
        self._write(json.dumps({"event": event, **names, **rounded, **apart, **more}))


class _Bar:
    """A bar in a terminal or a notebook, drawn by tqdm, with our own rate and remaining time."""

    interval = 0.1

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._bar: Any = None

    def open(self, progress: Progress, /) -> None:
        """Draw the empty bar."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
        style = "{l_bar}{bar}| {n_fmt}/{total_fmt}{postfix}"
        self._bar = tqdm(
            total=progress.total, desc=progress.label or None, unit=progress.unit, file=self._file, bar_format=style, dynamic_ncols=True
        )

    def show(self, progress: Progress, /) -> None:
        """Redraw the bar."""
        with contextlib.suppress(OSError, ValueError):
            self._bar.n = progress.done
            self._bar.set_postfix_str(progress.text(), refresh=False)
            self._bar.refresh()

    def note(self, progress: Progress, text: str, /) -> None:
        """Print the text above the bar."""
        with contextlib.suppress(OSError, ValueError):
            self._bar.write(text, file=self._file)

    def close(self, progress: Progress, /, *, stopped: bool) -> None:
        """Draw the last state and leave it standing."""
        self.show(progress)
        with contextlib.suppress(OSError, ValueError):
            self._bar.close()


def _choose_display(file: TextIO | None) -> _Display:
    """Pick bar, lines or JSON by where the text goes."""
    if file is None:
        return _Silent()
    if os.environ.get("NEUROSIM_LOG", "").lower() == "json":
        return _Json(file)
    if _is_terminal(file) or (file is sys.stderr and _in_notebook()):
        return _Bar(file)
    return _Lines(file)


def _is_terminal(file: TextIO) -> bool:
    try:
        return file.isatty()
    except (AttributeError, ValueError):
        return False


def _in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this process, without importing IPython."""
    shell = sys.modules.get("IPython")
    kernel = shell.get_ipython() if shell is not None and hasattr(shell, "get_ipython") else None
    return kernel is not None and "IPKernelApp" in kernel.config


def _rate_text(rate: float, unit: str) -> str:
    """Write a rate in the form that needs no leading zeros.

    >>> _rate_text(12345.0, "tick"), _rate_text(0.1, "point")
    ('12.3k ticks/s', '10 s/point')
    """
    if not rate > 0.0:
        return f"? {unit}s/s"
    if rate < 1.0:
        return f"{1.0 / rate:.3g} s/{unit}"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.3g}{letter} {unit}s/s"
    return f"{rate:.3g} {unit}s/s"


def _clock_text(seconds: float) -> str:
    """Write seconds as [days d] [h:]mm:ss, and a few seconds with a tenth.

    >>> _clock_text(2.34), _clock_text(75.2), _clock_text(3661), _clock_text(float("nan"))
    ('2.3 s', '01:15', '1:01:01', '?')
    """
    if not math.isfinite(seconds):
        return "?"
    if seconds < 10.0:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24}:{minute:02d}:{second:02d}"
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute:02d}:{second:02d}"
