"""Points spread over processes, whatever happens to the processes.

The work is cut into bundles of about 0.3 s: one point at first, more as soon as points turn out to be quick. Each worker process is
a pool of its own with one bundle in flight. When a process dies, the bundle it had is known, the other workers go on, and a new
process takes its place. The points of that bundle become suspects: they wait until all else is done and are then computed one at a
time, with nothing beside them that could use up the memory. One that kills its worker again has failed.

An executor of somebody else's (Dask, MPI) gets the same bundles, with the function inside. It looks after its own workers; if it
breaks, the sweep stops.
"""

from __future__ import annotations

import collections
import concurrent.futures
import os
import queue
import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from neurosim._sweep.package import Package
from neurosim._sweep.workers import BUNDLE_SECONDS, Error, Task, Value, compute, guard, prepare
from neurosim.errors import with_hint

MOST_POINTS = 5000  # in a bundle
LOOK_SECONDS = 0.2  # longest wait without giving the driver a turn
KILLS = 2
_UNKNOWN_CAPACITY = 256
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
ENVIRONMENT = dict.fromkeys((*_THREADS, "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "NEUROSIM_THREADS"), "1")
_NO_RECYCLING = {"LOKY_MAX_MEMORY_LEAK_SIZE": os.environ.get("LOKY_MAX_MEMORY_LEAK_SIZE", "1e18")}

Future = concurrent.futures.Future[Any]


class Place(Protocol):
    """Somewhere a bundle can be computed."""

    rebuilds: bool  # whether a new process takes the place of one that died

    def start(self) -> Future | None:
        """Get ready; the future tells when, None means at once."""
        ...

    def submit(self, tasks: list[Task]) -> Future:
        """Give it a bundle."""
        ...

    def close(self) -> None:
        """Stop whatever runs there."""
        ...


class OwnProcess:
    """A worker process of ours, with one thread.

    Parameters
    ----------
    package : Package
        The job.
    """

    rebuilds = True

    def __init__(self, package: Package) -> None:
        self._package, self._pool = package, None

    def start(self) -> Future:
        """Start a process, in place of the one before, and send it the function."""
        import loky

        self.close()
        environment = {**ENVIRONMENT, **_NO_RECYCLING}
        self._pool = loky.ProcessPoolExecutor(1, env=environment, initializer=guard, initargs=(os.getpid(),))
        return self._pool.submit(prepare, self._package)

    def submit(self, tasks: list[Task]) -> Future:
        """Send a bundle."""
        assert self._pool is not None
        return self._pool.submit(compute, self._package.digest, tasks)

    def close(self) -> None:
        """Kill the process."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
        self._pool = None


class Seat:
    """One of the bundles that somebody else's executor may have at a time.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    package : Package
        The job; it travels with every bundle, since nobody knows which process will get it.
    """

    rebuilds = False

    def __init__(self, executor: concurrent.futures.Executor, package: Package) -> None:
        self._executor, self._package = executor, package
        self._future: Future | None = None

    def start(self) -> None:
        """Do nothing: the executor runs already."""

    def submit(self, tasks: list[Task]) -> Future:
        """Hand a bundle over."""
        self._future = self._executor.submit(compute, self._package.digest, tasks, self._package)
        return self._future

    def close(self) -> None:
        """Withdraw the bundle if it has not begun; the executor is not ours to stop."""
        if self._future is not None:
            self._future.cancel()


def own_processes(n: int, package: Package) -> list[Place]:
    """Return n places in processes of our own."""
    return [OwnProcess(package) for _ in range(n)]


def seats(executor: concurrent.futures.Executor, package: Package) -> list[Place]:
    """Return twice as many places as an executor has workers, so that none waits for the driver."""
    return [Seat(executor, package) for _ in range(2 * _capacity(executor))]


def _capacity(executor: Any) -> int:
    """Return the number of workers of an executor, as far as it tells."""
    if hasattr(executor, "_client"):
        return max(sum(executor._client.nthreads().values()), 1)
    counts = (getattr(executor, name, None) for name in ("num_workers", "_max_workers"))
    return next((count for count in counts if isinstance(count, int) and count > 0), _UNKNOWN_CAPACITY)


class Crew:
    """Computes points in several places and delivers what comes back, in whatever order.

    Parameters
    ----------
    places : list of Place
    task : callable
        Flat index to the task of that point.
    deliver : callable
        Receives each result, once.
    look : callable
        Called at least every 0.2 s.
    """

    def __init__(
        self, places: list[Place], task: Callable[[int], Task], deliver: Callable[[Value | Error], None], look: Callable[[], None]
    ) -> None:
        self._places, self._task, self._deliver, self._look = places, task, deliver, look
        self._todo: collections.deque[int] = collections.deque()
        self._suspects: collections.deque[int] = collections.deque()
        self._deaths: collections.Counter[int] = collections.Counter()
        self._events: queue.SimpleQueue[tuple[Place, list[int], Future]] = queue.SimpleQueue()
        self._idle: list[Place] = []
        self._busy = 0
        self._size, self._seconds = 1, BUNDLE_SECONDS

    def run(self, todo: Iterable[int]) -> None:
        """Compute the points at these flat indices.

        Raises
        ------
        RuntimeError
            If a worker cannot start, or an executor that is not ours breaks. What had finished is delivered before.
        """
        self._todo.extend(todo)
        try:
            for place in self._places[: len(self._todo)]:
                self._begin(place)
            while self._work():
                self._wait()
        except BaseException:
            self._deliver_finished()
            raise
        finally:
            for place in self._places:
                place.close()

    def _begin(self, place: Place) -> None:
        ready = place.start()
        if ready is None:
            self._idle.append(place)
        else:
            self._watch(place, [], ready)

    def _watch(self, place: Place, bundle: list[int], future: Future) -> None:
        self._busy += 1
        future.add_done_callback(lambda done: self._events.put((place, bundle, done)))

    def _work(self) -> bool:
        """Give work to idle places; return whether there is anything to wait for."""
        while self._idle and self._todo:
            self._send(self._next_bundle())
        if self._idle and self._suspects and not self._busy:
            self._send([self._suspects.popleft()])
        return self._busy > 0

    def _next_bundle(self) -> list[int]:
        """Take as many points as fill a bundle, fewer near the end, so that no place stands idle."""
        fair = -(-len(self._todo) // (2 * len(self._places)))
        self._size = max(1, min(int(BUNDLE_SECONDS / max(self._seconds, 1e-6)), 8 * self._size, MOST_POINTS, fair))
        return [self._todo.popleft() for _ in range(min(self._size, len(self._todo)))]

    def _send(self, bundle: list[int]) -> None:
        place = self._idle.pop()
        try:
            future = place.submit([self._task(index) for index in bundle])
        except concurrent.futures.BrokenExecutor as error:
            if not place.rebuilds:
                raise _executor_broke(error) from error
            self._todo.extendleft(reversed(bundle))  # the process died while it had nothing to do
            self._begin(place)
        except Exception as error:
            raise _executor_broke(error) from error
        else:
            self._watch(place, bundle, future)

    def _wait(self) -> None:
        """Take what came back, if anything did."""
        self._look()
        try:
            place, bundle, future = self._events.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            return
        self._busy -= 1
        error = _error_of(future)
        if error is not None:
            self._broken(place, bundle, error)
        elif not bundle:
            self._idle.append(place)
        else:
            self._take(place, bundle, future.result())

    def _take(self, place: Place, bundle: list[int], replies: list[Value | Error] | None) -> None:
        """Deliver the results of a bundle; what it did not get to is done again."""
        for reply in replies or ():
            self._deliver(reply)
        self._todo.extendleft(reversed(bundle[len(replies or ()) :]))
        if replies is None:  # a process that was replaced behind our back has not got the function
            self._begin(place)
            return
        self._seconds = sum(reply.seconds for reply in replies) / len(replies)
        self._idle.append(place)

    def _broken(self, place: Place, bundle: list[int], error: BaseException) -> None:
        """Go on after a process of ours died in the middle of a point; stop for any other reason."""
        died = isinstance(error, concurrent.futures.BrokenExecutor)
        if not place.rebuilds:
            raise _executor_broke(error) from error
        if not bundle:
            why = (
                f"died while it started ({_exit_code(error)})" if died else f"could not load the function: {type(error).__name__}: {error}"
            )
            raise with_hint(RuntimeError(f"a worker process {why}"), "workers=1 computes in this process and shows more") from error
        if not died:
            raise error
        for index in bundle:
            self._deaths[index] += 1
            if self._deaths[index] < KILLS:
                self._suspects.append(index)
            else:
                text = f"the worker process died in the middle of this point, {KILLS} times ({_exit_code(error)})"
                self._deliver(Error(index, 0.0, f"worker died: {_exit_code(error)}", text))
        self._begin(place)

    def _deliver_finished(self) -> None:
        """Save what came back while something else went wrong."""
        while not self._events.empty():
            _, bundle, future = self._events.get()
            if bundle and _error_of(future) is None:
                for reply in future.result() or ():
                    self._deliver(reply)


def _error_of(future: Future) -> BaseException | None:
    """Return why a future has no result; withdrawn counts as broken."""
    try:
        return future.exception()
    except concurrent.futures.CancelledError as error:
        return error


def _executor_broke(error: BaseException) -> RuntimeError:
    told = RuntimeError(f"the executor broke: {type(error).__name__}: {error}")
    return with_hint(told, "what had finished is stored; call again with an executor that works, or with workers=n")


def _exit_code(error: BaseException) -> str:
    """Return the exit code or signal that the pool reports."""
    found = re.search(r"exit codes? of the workers (?:are|is) \{(.*?)\}", str(error))
    return found[1] if found else "exit code unknown"
