"""What happens in a worker: a function arrives by value, and points are computed one after the other.

Nothing that a point does comes back as an exception: a result is layout and payload, an error is text. An exception of the task
itself therefore always means that the machinery failed, not the point.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from neurosim._sweep.package import Package
from neurosim._sweep.points import Points, draws
from neurosim._sweep.results import encode
from neurosim.progress import quiet
from neurosim.threads import set_threads

BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BUNDLE_SECONDS = 0.3  # work that is given to a worker at a time
_DRIVER_LOOK_SECONDS = 0.5
_KEPT_JOBS = 2


class Task(NamedTuple):
    """One point to compute."""

    at: int  # flat index in the grid
    key: bytes
    arguments: dict[str, Any]


class Value(NamedTuple):
    """What a point returned."""

    at: int  # flat index in the grid
    seconds: float
    layout: str
    payload: bytes


class Error(NamedTuple):
    """What a point raised."""

    at: int  # flat index in the grid
    seconds: float
    error: str
    traceback: str


class Job(NamedTuple):
    """The function with what is the same for all points."""

    function: Callable[..., Any]
    fixed: Mapping[str, Any]
    seed: int
    drawn: tuple[str, ...]

    @classmethod
    def of(cls, points: Points) -> Job:
        """Return the job that computes these points."""
        return cls(points.function, points.fixed, points.seed, points.drawn)

    def compute(self, task: Task) -> Value | Error:
        """Call the function at one point."""
        start = time.perf_counter()
        try:
            drawn = dict(draws(self.seed, task.key, self.drawn))
            layout, payload = encode(self.function(**self.fixed, **task.arguments, **drawn))
        except (Exception, SystemExit) as error:
            return _told(task.at, time.perf_counter() - start, error)
        return Value(task.at, time.perf_counter() - start, layout, payload)


def _told(index: int, seconds: float, error: BaseException) -> Error:
    """Write an exception as text, without the frame of this module."""
    lines = str(error).splitlines() or [""]
    inner = error.__traceback__.tb_next if error.__traceback__ else None
    return Error(index, seconds, f"{type(error).__name__}: {lines[0]}", "".join(traceback.format_exception(type(error), error, inner)))


_JOBS: dict[str, Job] = {}


def guard(driver: int) -> None:
    """Make a process of our own a worker: it leaves Ctrl-C to the driver and ends with it.

    Parameters
    ----------
    driver : int
        Number of the driver's process, which is the parent of this one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def leave_signals_to_the_driver() -> None:
    """Ignore Ctrl-C and SIGTERM, which reach all ranks of an MPI job: the driver stores what it has, then ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread for linear algebra, since rounding depends on their number; also in libraries that the block is first to load."""
    import threadpoolctl

    before = {name: os.environ.get(name) for name in BLAS_THREADS}
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def prepare(package: Package) -> None:
    """Read the job before any point is asked for, so that failing to read it is no fault of a point."""
    _load(package)


def compute(
    digest: str, tasks: Sequence[Task], package: Package | None = None, seconds: float = BUNDLE_SECONDS, call: bytes = b""
) -> list[Value | Error] | None:
    """Compute points until the bundle is through or has taken long enough.

    Parameters
    ----------
    digest : str
        Which job.
    tasks : sequence of Task
    package : Package, optional
        The job, in case this process does not have it yet.
    seconds : float
        How long the bundle was meant to take; it is cut short after twice that time.
    call : bytes
        Tells this call from an equal one before, which Dask would take for the same and not try again.

    Returns
    -------
    list or None
        One entry for each point computed, at least one; None if the process does not know the job.
    """
    job = _JOBS.get(digest) or (_load(package) if package else None)
    if job is None:
        return None
    finish = time.perf_counter() + 2 * seconds
    replies: list[Value | Error] = []
    with quiet():
        for task in tasks:
            replies.append(job.compute(task))
            if time.perf_counter() > finish:
                break
    return replies


def _load(package: Package) -> Job:
    """Read a job and keep it for the bundles to come."""
    if not package.is_from_here:
        _limit_threads()
    job = package.open()
    while len(_JOBS) >= _KEPT_JOBS:
        _JOBS.pop(next(iter(_JOBS)), None)
    _JOBS[package.digest] = job
    return job


@functools.cache
def _limit_threads() -> None:
    """Use one thread from now on, as :func:`one_thread` does for a while: the other cores have workers of their own."""
    import threadpoolctl

    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    threadpoolctl.threadpool_limits(1)
    set_threads(1)


def _end_with(driver: int) -> None:
    """End this process when its driver is gone, even killed: nobody would ever fetch the result."""
    pause = threading.Event()
    while os.getppid() == driver:
        pause.wait(_DRIVER_LOOK_SECONDS)
    os._exit(1)
