"""Finished points on their way into the store: committed together, and soon.

A commit waits for the disk, so quick points share one. How long may a point wait? While commits are quick, only so long that they
take a twentieth of the time; in no case longer than half a second, also when the point after it takes hours in this very process.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from neurosim._sweep.points import Points
from neurosim._sweep.results import Layout, check_alike, check_names
from neurosim._sweep.workers import Error, Value
from neurosim.errors import StoreError
from neurosim.progress import Progress
from neurosim.store import Failed, Finished, Store

COMMIT_SECONDS = 0.5  # longest time that a finished point waits for others
COMMIT_POINTS = 1000
COMMIT_SHARE = 20  # committing may take one part in so many of the time
LOOK_SECONDS = 0.25


class Book:
    """Takes points over in any order, and commits them.

    Parameters
    ----------
    store : Store
        Open for writing.
    points : Points
        The grid they belong to. Stored points of this grid are compared with each other at once.
    bar : Progress
        Told about every point.

    Raises
    ------
    ValueError
        If stored points of this grid do not fit together.
    """

    def __init__(self, store: Store, points: Points, bar: Progress) -> None:
        self._store, self._points, self._bar = store, points, bar
        self._waiting: list[Finished | Failed] = []
        self._last, self._cost = time.monotonic(), 0.0
        self._lock = threading.RLock()
        self._broken: StoreError | None = None
        self._layouts: set[str] = set()
        self._first: tuple[Layout, int] | None = None
        there = store.layouts(points.keys)
        for index, key in enumerate(points.keys):
            if key in there:
                self._compare(there[key], index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._broken is None:
            self.flush()
        elif error is None:
            raise self._broken

    def add(self, reply: Value | Error) -> None:
        """Take a point over.

        Raises
        ------
        StoreError
            If it, or a point before it, could not be stored.
        ValueError
            If its result does not fit to those of the other points: all that follow would be in vain.
        """
        key, arguments = self._points.keys[reply.at], self._points.json(reply.at)
        with self._lock:
            if isinstance(reply, Value):
                self._waiting.append(Finished(key, arguments, reply.seconds, reply.layout, reply.payload))
                self._compare(reply.layout, reply.at)
            else:
                self._waiting.append(Failed(key, arguments, reply.seconds, reply.error, reply.traceback))
            self._bar.update()
            self.look()

    def look(self) -> None:
        """Commit if it is time."""
        with self._lock:
            waited = time.monotonic() - self._last
            if self._broken or len(self._waiting) >= COMMIT_POINTS or waited > min(COMMIT_SECONDS, COMMIT_SHARE * self._cost):
                self.flush()

    def flush(self) -> None:
        """Commit what waits."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            start = self._last = time.monotonic()
            if self._waiting:
                self._put()
                self._last = time.monotonic()
                self._cost = self._last - start

    def _put(self) -> None:
        try:
            self._store.put(self._waiting)
        except StoreError as error:
            self._broken = error
            with contextlib.suppress(StoreError):  # on a full disk some of them may fit
                for point in self._waiting:
                    self._store.put([point])
            raise
        self._waiting = []

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look from a thread while the block computes, for a point may take hours and others wait to be committed."""
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,), name="neurosim-commit", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _watch(self, stop: threading.Event) -> None:
        with contextlib.suppress(StoreError):  # the next point meets it
            while not stop.wait(LOOK_SECONDS):
                self.look()

    def _compare(self, text: str, index: int) -> None:
        """Check a result against the first that came."""
        if text in self._layouts:
            return
        self._layouts.add(text)
        layout = Layout(text)
        if self._first is None:
            self._first = layout, index
            check_names(layout, self._points.grid)
        else:
            first, origin = self._first
            check_alike(first, layout, self._points.describe(index), self._points.describe(origin))
