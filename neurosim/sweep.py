"""A function over a grid, once: the same numbers whoever computes them, and never the same point twice.

`sweep` calls a function at every point of a grid and returns one labelled Dataset whose dimensions are the grid's axes. Three rules
make it safe to stop, enlarge and share:

1. A point is its arguments. Its key is a hash of function name, seed and all bound arguments, and its random generator is derived
   from that key alone. The result does not depend on the order of the points, on the grid around them, or on the executor.
2. A finished point is stored at once, in a transaction. Called again, the sweep computes what is missing: after Ctrl-C, after
   kill -9, after the grid has been enlarged. A point that raises is stored with its traceback and tried again next time.
3. Points of old code are not mixed with new ones. The store remembers a hash of the function and of the project files it uses; if it
   differs, the sweep stops and asks whether to keep the points or to set them aside.

Every point is computed with one thread for linear algebra, since rounding depends on the number of threads.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, get_args

from neurosim._sweep.book import Book
from neurosim._sweep.canonical import readable
from neurosim._sweep.package import Package
from neurosim._sweep.points import Grid, Points
from neurosim._sweep.pool import Crew, own_processes, seats
from neurosim._sweep.results import Assembly
from neurosim._sweep.workers import Job, Task, one_thread
from neurosim.errors import StoreError, UsageError, with_hint
from neurosim.progress import Progress
from neurosim.sources import function_fingerprint
from neurosim.store import Failed, OnChange, Store

if TYPE_CHECKING:
    import xarray as xr


def sweep(
    run: Callable[..., Any],
    grid: Grid,
    *,
    fixed: Mapping[str, Any] | None = None,
    seed: int = 0,
    store: Path | str | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: bool = True,
    on_change: OnChange = "ask",
    retry: bool = True,
) -> xr.Dataset:
    """Compute a function at every point of a grid that is not stored yet, and return all of them.

    Parameters
    ----------
    run : callable
        Takes one value of each axis by name; returns a mapping of names to numbers, arrays, pairs (dims, array) or labelled arrays, or
        a Dataset. If it has a parameter `rng` or `seed` that neither `grid` nor `fixed` gives, it receives a generator or a whole
        number that belongs to the point.
    grid : mapping of str to sequence
        Values of each swept argument: numbers, strings or booleans, each once.
    fixed : mapping, optional
        Arguments that are the same everywhere.
    seed : int
        Not negative. Another seed gives other random numbers at every point.
    store : path, optional
        File for the finished points. Without one they are kept in memory and lost if the sweep does not end.
    workers : int
        Number of processes; 1 computes in this one.
    executor : concurrent.futures.Executor, optional
        Computes the points instead, for instance ``dask.distributed.Client(address).get_executor()`` or
        ``mpi4py.futures.MPIPoolExecutor()``. Its workers need neurosim, but not your own modules.
    progress : bool
        Show points done, rate and remaining time.
    on_change : {"ask", "reuse", "fresh"}
        If stored points were computed by other code: stop with :class:`~neurosim.errors.StaleStore`, or keep them. "fresh" moves the
        stored points aside, whatever code computed them, and begins anew.
    retry : bool
        Whether to try points again that failed before.

    Returns
    -------
    xarray.Dataset
        Dims: the axes in the order of the grid, then those of the results. `done` says which points are there; those that failed are
        NaN. Attributes: function, seed, fixed, versions, points_failed. Equal calls give equal Datasets, bit for bit.

    Raises
    ------
    UsageError, ValueError, TypeError
        If grid, arguments or results do not fit together.
    StoreInUse, StaleStore, StoreError
        If the store is being filled by another driver, holds points of other code, or cannot be used. What it holds is unharmed.
    RuntimeError
        If every point failed, or the executor broke.

    Examples
    --------
    >>> def run(load, trial, rng):
    ...     return {"overlap": 1 - load, "draw": rng.random()}
    >>> data = sweep(run, {"load": [0.1, 0.2], "trial": range(3)}, progress=False)
    >>> data.overlap.mean("trial").values
    array([0.9, 0.8])
    """
    points = Points(run, grid, fixed or {}, seed)
    _check_options(workers, executor, on_change)
    if store is None:
        with Store() as opened:
            return _sweep(opened, points, workers, executor, progress=progress, retry=True, where="")
    code = _code(points)
    if (data := _already_there(Path(store), points, code, on_change, retry=retry)) is not None:
        return data
    with Store(store) as opened:
        opened.bind(points.name, code, on_change)
        return _sweep(opened, points, workers, executor, progress=progress, retry=retry, where=str(store), code=code)


def collect(
    store: Store | Path | str,
    run: Callable[..., Any],
    grid: Grid,
    fixed: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Return what a store holds of a grid, without computing anything, also while a sweep is filling it.

    Parameters
    ----------
    store : Store, path or str
    run, grid, fixed, seed
        As for :func:`sweep`.

    Returns
    -------
    xarray.Dataset
        As from :func:`sweep`; points that are missing are NaN, with `done` False.

    Examples
    --------
    >>> def run(load):
    ...     return {"overlap": 1 - load}
    >>> with Store() as store:
    ...     collect(store, run, {"load": [0.1, 0.2]}).done.values
    array([False, False])
    """
    points = Points(run, grid, fixed or {}, seed)
    if not isinstance(store, Store):
        with Store.read_only(store) as opened:
            return collect(opened, run, grid, fixed, seed)
    if store.function not in (None, points.name):
        raise with_hint(
            StoreError(f"the store holds points of {store.function}, not of {points.name}"), "choose the store of this function"
        )
    return _dataset(store, points)


def is_outdated(store: Store, run: Callable[..., Any], grid: Grid, fixed: Mapping[str, Any] | None = None, seed: int = 0) -> bool:
    """Tell whether a store holds points that were computed before the code of the function was edited.

    Parameters are those of :func:`collect`.

    Examples
    --------
    >>> def run(load):
    ...     return {"overlap": 1 - load}
    >>> with Store() as store:
    ...     is_outdated(store, run, {"load": [0.1, 0.2]})
    False
    """
    return len(store) > 0 and store.code not in (None, _code(Points(run, grid, fixed or {}, seed)))


def _check_options(workers: int, executor: Executor | None, on_change: str) -> None:
    if isinstance(workers, bool) or not hasattr(workers, "__index__") or workers < 1:
        raise ValueError(f"workers must be a whole number of at least 1, got {workers!r}")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        told = TypeError(f"executor must have the method submit of concurrent.futures, got {type(executor).__qualname__}")
        raise with_hint(told, "with Dask write: executor=client.get_executor()")
    if on_change not in get_args(OnChange):
        raise UsageError(f"on_change must be one of {', '.join(map(repr, get_args(OnChange)))}, got {on_change!r}")


def _already_there(path: Path, points: Points, code: str, on_change: OnChange, *, retry: bool) -> xr.Dataset | None:
    """Return the Dataset if nothing is missing: that needs no permission to write, and disturbs no other driver."""
    path = path.expanduser()
    if on_change == "fresh" or not path.is_file() or not path.stat().st_size:
        return None
    with Store.read_only(path) as store:
        stale = store.check(points.name, code, on_change)
        return None if stale or _missing(store, points, retry=retry) else _dataset(store, points)


def _code(points: Points) -> str:
    """Hash the source of the function, and of functions among its arguments."""
    given = (value for _, value in sorted(points.bound.items()))
    functions = [points.function, *(value for value in given if isinstance(getattr(value, "py_func", value), FunctionType))]
    return "-".join(function_fingerprint(function) for function in functions)


def _missing(store: Store, points: Points, *, retry: bool) -> list[int]:
    """Return the flat indices of the points still to be computed, in the order of their keys.

    Keys are hashes, so this order is as good as random: however long the points of one corner of the grid take, the rate so far tells
    the remaining time, and a figure drawn half-way shows the whole grid.
    """
    there = store.done(points.keys)
    if not retry:
        there |= store.failures(points.keys).keys()
    return sorted((index for index, key in enumerate(points.keys) if key not in there), key=points.keys.__getitem__)


def _sweep(
    store: Store, points: Points, workers: int, executor: Executor | None, *, progress: bool, retry: bool, where: str, code: str = ""
) -> xr.Dataset:
    """Compute what is missing in an open store."""
    todo = _missing(store, points, retry=retry)
    if todo and where:
        store.log(_origin(points, code))
    with Progress(len(points), points.function.__qualname__, "point", progress) as bar:
        bar.skip(len(points) - len(todo))
        with _resumable(where):
            _fill(store, points, todo, workers, executor, bar)
        failed = store.failures(points.keys)
        if failed and len(failed) == len(points):
            raise _all_failed(points, failed)
        if failed:
            bar.note(f"{_count(failed, points)}; the first: {_first(failed, points)}")
    return _dataset(store, points)


def _fill(store: Store, points: Points, todo: list[int], workers: int, executor: Executor | None, bar: Progress) -> None:
    """Compute points here, in processes of our own, or in an executor, and store them as they come."""
    if not todo:
        return
    with Book(store, points, bar) as book:
        if executor is None and workers == 1:
            job = Job.of(points)
            with one_thread(), book.watched():
                for index in todo:
                    book.add(job.compute(_task(points, index)))
            return
        package = Package.of(Job.of(points), points.function)
        if executor is None:
            places, more, threads = own_processes(min(workers, len(todo)), package), None, contextlib.nullcontext()
        else:
            places, more, threads = seats(executor, package), functools.partial(seats, executor, package), one_thread()
        with threads:
            Crew(places, functools.partial(_task, points), book.add, book.look, more).run(todo)


def _task(points: Points, index: int) -> Task:
    return Task(index, points.keys[index], points.arguments(index))


def _dataset(store: Store, points: Points) -> xr.Dataset:
    """Put the stored points of a grid together."""
    from neurosim import provenance

    index = {key: place for place, key in enumerate(points.keys)}
    assembly = Assembly(points.grid, points.describe)
    for key, layout, payload in store.get(points.keys):
        assembly.add(index[key], layout, payload)
    attrs = {
        "function": points.name,
        "seed": points.seed,
        "fixed": json.dumps(readable(points.bound)),
        "versions": json.dumps(provenance.versions(("neurosim", "numpy", "numba"))),
        "points_failed": len(store.failures(points.keys)),
    }
    return assembly.dataset(attrs)


def _origin(points: Points, code: str) -> dict[str, Any]:
    """Tell where the points of this run come from."""
    from neurosim import provenance

    file = inspect.getsourcefile(inspect.unwrap(points.function)) if hasattr(points.function, "__code__") else None
    return {
        "code": code,
        "seed": points.seed,
        "grid": {name: len(values) for name, values in points.grid.items()},
        "fixed": readable(points.bound),
        "versions": provenance.versions(),
        "commit": provenance.commit(Path(file).parent) if file and Path(file).is_file() else None,
    }


@contextlib.contextmanager
def _resumable(where: str) -> Iterator[None]:
    """Say after Ctrl-C what is left and how to go on."""
    try:
        yield
    except KeyboardInterrupt as error:
        stored = f"finished points are stored in {where}; the same call goes on from there"
        error.add_note(stored if where else "points were kept in memory alone; give store=path to be able to go on")
        raise


def _all_failed(points: Points, failed: Mapping[bytes, Failed]) -> RuntimeError:
    told = RuntimeError(f"{_count(failed, points)}; the first: {_first(failed, points)}")
    return with_hint(told, failed[points.keys[0]].traceback.rstrip())


def _count(failed: Iterable[bytes], points: Points) -> str:
    number = len(list(failed))
    return f"{number} of {len(points)} points failed" if number < len(points) else f"all {number} points failed"


def _first(failed: Mapping[bytes, Failed], points: Points) -> str:
    index = next(place for place, key in enumerate(points.keys) if key in failed)
    return f"{points.describe(index)}: {failed[points.keys[index]].error}"
