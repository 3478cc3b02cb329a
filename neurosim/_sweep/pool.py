"""Points spread over processes, whatever happens to the processes.

The work is cut into bundles of about 0.3 s: one point at first, more as soon as points turn out to be quick. From 32 workers on bundles
take longer in proportion, so that the driver has no more of them to handle. Each worker process is
a pool of its own with one bundle in flight. When a process dies, the bundle it had is known, the other workers go on, and a new
process takes its place. The points of that bundle become suspects: they wait until all else is done and are then computed one at a
time, with nothing beside them that could use up the memory. One that kills its worker again has failed.

An executor of somebody else's (Dask, MPI) gets the same bundles, with the function inside. It looks after its own workers, which may
come and go: on a cluster they start when the queue lets them. A bundle whose workers died, one after the other, is treated as that of
a process of ours; if the executor itself breaks, the sweep stops.
"""

from __future__ import annotations

import collections
import concurrent.futures
import os
import queue
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from neurosim._sweep.package import Package
from neurosim._sweep.workers import BLAS_THREADS, BUNDLE_SECONDS, Error, Task, Value, compute, guard, prepare
from neurosim.errors import with_hint

MOST_POINTS = 5000  # in a bundle
FULL_RATE = 64  # places from which on more of them make longer bundles, not more
LOOK_SECONDS = 0.2  # longest wait without giving the driver a turn
COUNT_SECONDS = 2.0  # between two counts of the workers of an executor
KILLS = 2
_UNKNOWN_CAPACITY = 256
ENVIRONMENT = dict.fromkeys((*BLAS_THREADS, "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "NEUROSIM_THREADS"), "1")
_NO_RECYCLING = {"LOKY_MAX_MEMORY_LEAK_SIZE": os.environ.get("LOKY_MAX_MEMORY_LEAK_SIZE", "1e18")}

Future = concurrent.futures.Future[Any]


class Place(Protocol):
    """Somewhere a bundle can be computed."""

    rebuilds: bool  # whether a new process takes the place of one that died

    def start(self) -> Future | None:
        """Get ready; the future tells when, None means at once."""
        ...

    def submit(self, tasks: list[Task], seconds: float) -> Future:
        """Give it a bundle that is meant to take so long."""
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

    def submit(self, tasks: list[Task], seconds: float) -> Future:
        """Send a bundle."""
        assert self._pool is not None
        return self._pool.submit(compute, self._package.digest, tasks, None, seconds)

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

    def submit(self, tasks: list[Task], seconds: float) -> Future:
        """Hand a bundle over."""
        self._future = self._executor.submit(compute, self._package.digest, tasks, self._package, seconds, os.urandom(8))
        return self._future

    def close(self) -> None:
        """Withdraw the bundle if it has not begun; the executor is not ours to stop."""
        if self._future is not None:
            self._future.cancel()


def own_processes(n: int, package: Package) -> list[Place]:
    """Return n places in processes of our own."""
    return [OwnProcess(package) for _ in range(n)]


def seats(executor: concurrent.futures.Executor, package: Package, taken: int = 0) -> list[Place]:
    """Return twice as many places as an executor has workers, so that none waits for the driver, less those already taken.

    Raises
    ------
    RuntimeError
        If the executor could not start its workers.
    """
    return [Seat(executor, package) for _ in range(2 * _capacity(executor) - taken)]


def _capacity(executor: Any) -> int:
    """Return the number of workers that an executor has by now, as far as it tells."""
    if hasattr(executor, "_client"):
        return max(_dask_threads(executor._client), 1)
    if hasattr(executor, "bootup"):
        _await_ranks(executor)
    counts = (getattr(executor, name, None) for name in ("num_workers", "_max_workers"))
    return next((count for count in counts if isinstance(count, int) and count > 0), _UNKNOWN_CAPACITY)


def _dask_threads(client: Any) -> int:
    try:
        return sum(client.nthreads().values())
    except Exception as error:
        raise _executor_broke(error) from error


def _await_ranks(executor: Any) -> None:
    """Wait until an MPI executor has its ranks; it would wait for ever itself for those that it failed to start."""
    try:
        pool = executor.bootup(wait=False)._pool
    except RuntimeError as error:
        raise _executor_broke(error) from error
    while not pool.event.wait(LOOK_SECONDS):
        if not pool.thread.is_alive():
            told = RuntimeError("the executor broke: MPI could not start its worker processes")
            raise with_hint(told, "start them with the program: mpiexec -n 8 python -m mpi4py.futures program.py")


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
    more : callable, optional
        Number of places to those that have come up beside them; asked every other second.
    """

    def __init__(
        self,
        places: list[Place],
        task: Callable[[int], Task],
        deliver: Callable[[Value | Error], None],
        look: Callable[[], None],
        more: Callable[[int], list[Place]] | None = None,
    ) -> None:
        self._places, self._task, self._deliver, self._look, self._more = [*places], task, deliver, look, more
        self._counted = time.monotonic()
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
        self._size = max(1, min(int(self._wanted / max(self._seconds, 1e-6)), 8 * self._size, MOST_POINTS, fair))
        return [self._todo.popleft() for _ in range(min(self._size, len(self._todo)))]

    @property
    def _wanted(self) -> float:
        """Seconds that a bundle should take."""
        return BUNDLE_SECONDS * max(1.0, len(self._places) / FULL_RATE)

    def _send(self, bundle: list[int]) -> None:
        place = self._idle.pop()
        try:
            future = place.submit([self._task(index) for index in bundle], self._wanted)
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
        self._grow()
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

    def _grow(self) -> None:
        """Use the places that have come up since."""
        if self._more is None or not self._todo or time.monotonic() - self._counted < COUNT_SECONDS:
            return
        for place in self._more(len(self._places)):
            self._places.append(place)
            self._begin(place)
        self._counted = time.monotonic()

    def _take(self, place: Place, bundle: list[int], replies: list[Value | Error] | None) -> None:
        """Deliver the results of a bundle while the place computes the next one; what it did not get to is done again."""
        self._todo.extendleft(reversed(bundle[len(replies or ()) :]))
        if replies is None:  # a process that was replaced behind our back has not got the function
            self._begin(place)
            return
        self._seconds = sum(reply.seconds for reply in replies) / len(replies)
        self._idle.append(place)
        try:
            self._work()
        finally:
            for reply in replies:
                self._deliver(reply)

    def _broken(self, place: Place, bundle: list[int], error: BaseException) -> None:
        """Go on after a process died in the middle of a point; stop for any other reason."""
        died = isinstance(error, concurrent.futures.BrokenExecutor) if place.rebuilds else _is_killed(error)
        if not place.rebuilds and not died:
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


def _is_killed(error: BaseException) -> bool:
    """Tell whether Dask gave a bundle up because every worker that had it died."""
    return type(error).__name__ == "KilledWorker"


def _exit_code(error: BaseException) -> str:
    """Return the exit code or signal that the pool reports."""
    if _is_killed(error):
        return f"with every Dask worker that tried, {getattr(error, 'allowed_failures', 0) + 1} in turn"
    found = re.search(r"exit codes? of the workers (?:are|is) \{(.*?)\}", str(error))
    return found[1] if found else "exit code unknown"
