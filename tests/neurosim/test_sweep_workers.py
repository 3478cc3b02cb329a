"""Workers may be one, two, four or somebody else's, and may die: the Dataset is the same, and only what kills twice has failed."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurosim._sweep import pool
from neurosim._sweep.package import Package
from neurosim._sweep.points import Points
from neurosim._sweep.pool import Crew
from neurosim._sweep.workers import Error, Job, Task, Value, compute
from neurosim.progress import Progress
from neurosim.store import Store
from neurosim.sweep import sweep

GRID = {"load": [0.1, 0.2, 0.3], "trial": range(7)}
SCALE = 3.0


@dataclasses.dataclass(frozen=True)
class Rule:
    """An argument of a class that lives in this file."""

    gain: float = 2.0


def helper(x: float) -> float:
    return x * SCALE


def drawn(load: float, trial: int, rng: np.random.Generator, seed: int, rule: Rule = Rule()) -> dict[str, Any]:  # noqa: B008
    matrix = rng.normal(size=(60, 60))
    return {"overlap": helper(load) * rule.gain, "field": ("unit", (matrix @ matrix)[0]), "seed": seed % 1000, "trial_was": trial}


def killing(load: float, folder: str, always: float = -1.0, once: float = -1.0, trial: int = 0) -> dict[str, float]:
    """Kill the worker in the middle of one point, always or the first time."""
    marker = Path(folder) / f"killed-{load}"
    if load == always or (load == once and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"x": load}


def environment(load: float) -> dict[str, Any]:
    import threadpoolctl

    threads = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    return {
        "pid": os.getpid(),
        "blas": max(threads),
        "numba": int(os.environ["NUMBA_NUM_THREADS"]),
        "omp": int(os.environ["OMP_NUM_THREADS"]),
    }


def showing(load: float) -> dict[str, float]:
    with Progress(1, "inner") as progress:
        progress.update()
    return {"x": load}


LATE = """
import os, sys
from neurosim import sweep

def run(load):
    import scipy.linalg, threadpoolctl
    return {{"threads": max(library["num_threads"] for library in threadpoolctl.threadpool_info())}}

before = dict(os.environ)
print("scipy" in sys.modules)
print(sweep(run, {{"load": [1, 2]}}, workers={workers}, progress=False).threads.values.max())
print(before == os.environ)
"""

HIDDEN = """
import numpy as np
import hidden_helper

SHIFT = 10.0

class Adder:
    def __init__(self, shift):
        self.shift = shift
    def __call__(self, x):
        return x + self.shift

def run(load, rng):
    return {"x": Adder(SHIFT)(hidden_helper.double(load)), "draw": rng.normal(size=3)}
"""


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Give a function of a user's module that no other process can import, with another such module beside it."""
    texts = {"hidden_helper": "def double(x):\n    return 2 * x\n", "hidden_model": HIDDEN}
    for name, text in texts.items():
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    yield sys.modules["hidden_model"].run
    for name in texts:
        del sys.modules[name]


@pytest.fixture(scope="module")
def alone() -> xr.Dataset:
    """The Dataset that everyone must arrive at."""
    return sweep(drawn, GRID, progress=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points.sqlite"


class TestEqualResults:
    @pytest.mark.parametrize("workers", [2, 4])
    def test_the_number_of_workers_does_not_matter(self, alone: xr.Dataset, path: Path, workers: int) -> None:
        assert sweep(drawn, GRID, workers=workers, store=path, progress=False).identical(alone)
        assert sweep(drawn, GRID, store=path, progress=False).identical(alone)

    def test_an_executor_of_threads(self, alone: xr.Dataset) -> None:
        with concurrent.futures.ThreadPoolExecutor(3) as executor:
            assert sweep(drawn, GRID, executor=executor, progress=False).identical(alone)

    @pytest.mark.dask
    def test_a_dask_scheduler_with_two_worker_processes(self, alone: xr.Dataset, path: Path, hidden: Callable[..., Any]) -> None:
        distributed = pytest.importorskip("distributed")
        options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
            assert sweep(drawn, GRID, executor=client.get_executor(), store=path, progress=False).identical(alone)
            data = sweep(hidden, {"load": [1.0, 2.0]}, executor=client.get_executor(), progress=False)
        assert data.identical(sweep(hidden, {"load": [1.0, 2.0]}, progress=False))

    def test_functions_that_workers_cannot_import(self, hidden: Callable[..., Any]) -> None:
        data = sweep(hidden, {"load": [1.0, 2.0]}, workers=2, progress=False)
        assert data.x.values.tolist() == [12.0, 14.0]
        assert data.identical(sweep(hidden, {"load": [1.0, 2.0]}, progress=False))

    def test_a_module_that_goes_by_two_names_is_sent_once(self, hidden: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("__worker__", "__alias__"):
            monkeypatch.setitem(sys.modules, name, sys.modules["hidden_helper"])
        assert sweep(hidden, {"load": [1.0, 2.0]}, workers=2, progress=False).x.values.tolist() == [12.0, 14.0]

    def test_functions_made_on_the_spot(self) -> None:
        offset = 5
        data = sweep(lambda load: {"x": load + offset}, {"load": [1, 2]}, workers=2, progress=False)
        assert data.x.values.tolist() == [6, 7]

    def test_many_tiny_points_are_bundled(self) -> None:
        sizes: list[int] = []

        class Counting(concurrent.futures.ThreadPoolExecutor):
            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
                sizes.append(len(args[1]))
                return super().submit(fn, *args, **kwargs)

        with Counting(1) as executor:
            data = sweep(lambda load: {"x": load}, {"load": range(3000)}, executor=executor, progress=False)
        assert data.x.values.tolist() == list(range(3000))
        assert sum(sizes) >= 3000
        assert len(sizes) < 300

    def test_workers_have_one_thread_each(self) -> None:
        data = sweep(environment, {"load": range(8)}, workers=2, progress=False)
        assert (data.blas.max(), data.numba.max(), data.omp.max()) == (1, 1, 1)
        assert os.getpid() not in data.pid.values

    @pytest.mark.parametrize("workers", [1, 2])
    def test_libraries_that_a_point_is_first_to_load_have_one_thread_too(self, workers: int) -> None:
        program = LATE.format(workers=workers)
        done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
        assert done.stdout.split() == ["False", "1", "True"]

    def test_progress_inside_a_point_is_not_shown(self, capfd: pytest.CaptureFixture[str]) -> None:
        sweep(showing, {"load": [1, 2]}, workers=2, progress=False)
        sweep(showing, {"load": [1, 2]}, progress=False)
        assert capfd.readouterr().err == ""

    def test_a_failure_comes_back_with_its_traceback(self, path: Path) -> None:
        def wrong(load: int) -> dict[str, float]:
            return {"x": 1 / load}

        data = sweep(wrong, {"load": [0, 1, 2]}, workers=2, store=path, progress=False)
        assert data.done.values.tolist() == [False, True, True]
        with Store.read_only(path) as store:
            error, trace = store._db.execute("SELECT error, traceback FROM failures").fetchone()
        assert error == "ZeroDivisionError: division by zero"
        assert 'return {"x": 1 / load}' in trace


class TestCompiledFunctions:
    TEXT = """
from neurosim.kernels._jit import compile_seconds, jit

@jit
def total(n):
    out = 0.0
    for i in range(n):
        out += i
    return out

def run(n):
    return {"x": total(n), "compiling": compile_seconds()}
"""

    @pytest.fixture
    def module(self, empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        monkeypatch.syspath_prepend(tmp_path)
        (tmp_path / "user_kernel.py").write_text(self.TEXT)
        yield importlib.import_module("user_kernel")
        del sys.modules["user_kernel"]

    def test_workers_find_them_in_the_cache(self, module: Any) -> None:
        module.run(3)
        data = sweep(module.run, {"n": [4, 5]}, workers=2, progress=False)
        assert data.x.values.tolist() == [6.0, 10.0]
        assert data.compiling.values.tolist() == [0.0, 0.0]

    def test_a_worker_that_finds_other_source_takes_the_copy(self, module: Any) -> None:
        package = Package.of(Job.of(Points(module.run, {"n": [4]})), module.run)
        sys.modules["user_kernel"] = importlib.util.module_from_spec(importlib.machinery.ModuleSpec("user_kernel", None))
        job = package.open()
        assert job.function(4)["x"] == 6.0


class TestDeaths:
    @pytest.mark.parametrize("trials", [1, 40])
    def test_a_worker_killed_once_costs_nothing(self, tmp_path: Path, path: Path, trials: int) -> None:
        grid = {"load": [0.1, 0.2, 0.3, 0.4], "trial": range(trials)}
        fixed = {"folder": str(tmp_path), "once": 0.2}
        data = sweep(killing, grid, fixed=fixed, workers=2, store=path, progress=False)
        assert (tmp_path / "killed-0.2").exists()
        assert data.done.all()
        assert data.identical(sweep(killing, grid, fixed=fixed, progress=False))

    def test_a_point_that_always_kills_has_failed_and_the_others_finish(self, tmp_path: Path, path: Path) -> None:
        fixed = {"folder": str(tmp_path), "always": 0.2}
        data = sweep(killing, {"load": [0.1, 0.2, 0.3, 0.4]}, fixed=fixed, workers=2, store=path, progress=False)
        assert data.done.values.tolist() == [True, False, True, True]
        assert data.attrs["points_failed"] == 1
        with Store.read_only(path) as store:
            failures = store._db.execute("SELECT arguments, error, traceback FROM failures").fetchall()
        assert failures == [
            (
                '{"load": 0.2}',
                "worker died: SIGKILL(-9)",
                "the worker process died in the middle of this point, 2 times (SIGKILL(-9))",
            )
        ]

    def test_if_everything_kills_the_sweep_ends(self, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError, match="all 1 points failed; the first: load=0.2: worker died"):
            sweep(killing, {"load": [0.2]}, fixed={"folder": str(tmp_path), "always": 0.2}, workers=2, progress=False)

    def test_a_worker_that_dies_at_the_start_stops_the_sweep(self) -> None:
        with pytest.raises(RuntimeError, match=r"a worker process died while it started \(EXIT\(3\)\)") as caught:
            sweep(bombed, {"load": [1, 2]}, fixed={"bomb": Bomb("os._exit")}, workers=2, progress=False)
        assert "workers=1" in caught.value.__notes__[0]

    def test_a_function_that_cannot_be_loaded_stops_the_sweep(self) -> None:
        with pytest.raises(RuntimeError, match="a worker process could not load the function: ModuleNotFoundError"):
            sweep(bombed, {"load": [1, 2]}, fixed={"bomb": Bomb("import")}, workers=2, progress=False)

    def test_what_cannot_be_sent_is_told(self) -> None:
        with pytest.raises(TypeError, match="cannot be sent to workers") as caught:
            sweep(bombed, {"load": [1, 2]}, fixed={"bomb": Bomb("raise")}, workers=2, progress=False)
        assert "workers=1" in caught.value.__notes__[0]

    def test_a_broken_executor_stops_the_sweep_with_everything_finished_stored(self, tmp_path: Path, path: Path) -> None:
        import loky

        grid = {"load": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]}
        fixed = {"folder": str(tmp_path), "once": next(load for load in grid["load"] if rank(grid, str(tmp_path), load) >= 3)}
        with loky.ProcessPoolExecutor(1) as executor, pytest.raises(RuntimeError, match="the executor broke: TerminatedWorkerError"):
            sweep(killing, grid, fixed=fixed, executor=executor, store=path, progress=False)
        with Store.read_only(path) as store:
            assert len(store) >= 1
            before = store._db.execute("SELECT key, run FROM points").fetchall()
        assert sweep(killing, grid, fixed=fixed, store=path, progress=False).done.all()
        with Store.read_only(path) as store:
            assert set(before) <= set(store._db.execute("SELECT key, run FROM points").fetchall())

    def test_a_place_for_every_worker_and_one_in_reserve(self) -> None:
        package = Package.of(Job.of(Points(bombed, {"load": [1]}, {"bomb": 1})), bombed)
        with concurrent.futures.ThreadPoolExecutor(3) as executor:
            assert [len(pool.seats(executor, package, taken)) for taken in (0, 2, 6, 8)] == [6, 4, 0, 0]

    def test_equal_bundles_are_different_calls(self) -> None:
        """Dask remembers a call that failed, and would not make an equal one."""
        calls: list[Any] = []

        class Noting(concurrent.futures.ThreadPoolExecutor):
            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
                calls.append(args)
                return super().submit(len, args)

        package = Package.of(Job.of(Points(bombed, {"load": [1]}, {"bomb": 1})), bombed)
        with Noting(1) as executor:
            seat = pool.Seat(executor, package)
            for _ in range(2):
                seat.submit([Task(0, bytes(16), {"load": 1})], 0.3)
        assert calls[0][:4] == calls[1][:4]
        assert calls[0] != calls[1]

    def test_an_mpi_executor_that_starts_no_ranks_is_told_and_does_not_hang(self) -> None:
        with pytest.raises(RuntimeError, match="the executor broke: MPI could not start its worker processes") as caught:
            sweep(lambda load: {"x": load}, {"load": [1]}, executor=Unstarted(), progress=False)
        assert "mpiexec -n 8 python -m mpi4py.futures" in caught.value.__notes__[0]

    def test_an_executor_that_was_shut_down_is_told(self) -> None:
        executor = concurrent.futures.ThreadPoolExecutor(1)
        executor.shutdown()
        with pytest.raises(RuntimeError, match="the executor broke: RuntimeError: cannot schedule new futures after shutdown"):
            sweep(lambda load: {"x": load}, {"load": [1]}, executor=executor, progress=False)


class Unstarted(concurrent.futures.ThreadPoolExecutor):
    """An executor with the ways of mpi4py's: its manager thread has died before it told how many workers there are."""

    def __init__(self) -> None:
        super().__init__(1)
        self._pool = types.SimpleNamespace(event=threading.Event(), thread=threading.Thread())

    def bootup(self, wait: bool) -> Unstarted:
        assert not wait
        return self


def rank(grid: dict[str, list[float]], folder: str, once: float) -> int:
    """Return how many points come before the one that kills: they are computed in the order of their keys."""
    points = Points(killing, grid, {"folder": folder, "once": once})
    return sorted(points.keys).index(points.keys[grid["load"].index(once)])


def bombed(load: float, bomb: Any) -> dict[str, float]:
    return {"x": load}


@dataclasses.dataclass(frozen=True)
class Bomb:
    """An argument that goes off when it is sent or received."""

    how: str

    def __reduce__(self) -> Any:
        if self.how == "raise":
            raise ValueError("a lock")
        return (os._exit, (3,)) if self.how == "os._exit" else (importlib.import_module, ("no_such_module",))


class KilledWorker(Exception):
    """What Dask raises for a task whose workers died, one after the other."""

    allowed_failures = 3


class FakePlace:
    """A place that computes at once, after some mishaps."""

    def __init__(self, mishaps: list[str], rebuilds: bool = True) -> None:
        self.mishaps, self.log, self.rebuilds = mishaps, list[str](), rebuilds

    def start(self) -> pool.Future:
        self.log.append("start")
        return self._ended(None)

    def submit(self, tasks: list[Task], seconds: float) -> pool.Future:
        self.seconds = seconds
        mishap = self.mishaps.pop(0) if self.mishaps else ""
        self.log.append(f"{mishap or 'done'} {[task.at for task in tasks]}")
        if mishap == "dead":
            raise concurrent.futures.BrokenExecutor("dead before")
        if mishap == "dies":
            return self._ended(concurrent.futures.BrokenExecutor("The exit codes of the workers are {SIGSEGV(-11)}"))
        if mishap == "killed":
            return self._ended(KilledWorker("compute-1"))
        if mishap == "odd":
            return self._ended(ValueError("the connection is gone"))
        if mishap == "forgot":
            return self._ended(None)
        return self._ended([Value(task.at, 1.0, "", b"") for task in tasks[: 1 if mishap == "half" else None]])

    def close(self) -> None:
        self.log.append("close")

    def _ended(self, result: Any) -> pool.Future:
        future = pool.Future()
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
        return future


class TestCrew:
    def crew(self, mishaps: list[str], todo: int, seconds: float = 0.01, rebuilds: bool = True) -> tuple[list[Any], list[str]]:
        place, results = FakePlace(mishaps, rebuilds), []
        crew = Crew([place], lambda index: Task(index, b"", {}), results.append, lambda: None)
        crew._seconds = seconds
        crew.run(range(todo))
        return results, place.log

    def test_a_process_that_died_idle_is_replaced_and_nobody_blamed(self) -> None:
        results, log = self.crew(["dead", ""], 1)
        assert log == ["start", "dead [0]", "start", "done [0]", "close"]
        assert [result.at for result in results] == [0]

    def test_a_process_without_the_function_gets_it(self) -> None:
        assert self.crew(["forgot", ""], 1)[1] == ["start", "forgot [0]", "start", "done [0]", "close"]

    def test_suspects_come_last_and_alone(self) -> None:
        results, log = self.crew(["dies"], 12)
        assert log[:2] == ["start", "dies [0, 1, 2, 3, 4, 5]"]
        assert log[-7:-1] == [f"done [{index}]" for index in range(6)]
        assert sorted(result.at for result in results) == list(range(12))

    def test_the_second_death_is_the_point_s_own_fault(self) -> None:
        results, log = self.crew(["dies", "dies"], 1)
        assert log == ["start", "dies [0]", "start", "dies [0]", "start", "close"]
        assert results[0].error == "worker died: SIGSEGV(-11)"

    def test_a_bundle_that_dask_gives_up_is_cut_into_its_points(self) -> None:
        results, log = self.crew(["killed", *[""] * 5, "killed"], 12, rebuilds=False)
        assert log[1] == "killed [0, 1, 2, 3, 4, 5]"
        assert log[-8:-1] == ["done [0]", "killed [1]", "start", *(f"done [{index}]" for index in range(2, 6))]
        failed = [result for result in results if isinstance(result, Error)]
        assert [result.at for result in failed] == [1]
        assert failed[0].error == "worker died: with every Dask worker that tried, 4 in turn"
        assert sorted(result.at for result in results) == list(range(12))

    def test_what_else_an_executor_raises_stops_the_sweep(self) -> None:
        with pytest.raises(RuntimeError, match="the executor broke: ValueError: the connection is gone"):
            self.crew(["odd"], 1, rebuilds=False)

    def test_places_that_come_up_later_are_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool, "COUNT_SECONDS", 0.0)
        first, second = FakePlace([]), FakePlace([])
        asked: list[int] = []

        def more(taken: int) -> list[pool.Place]:
            asked.append(taken)
            return [second] if taken == 1 else []

        results: list[Any] = []
        Crew([first], lambda index: Task(index, b"", {}), results.append, lambda: None, more).run(range(40))
        assert asked[:2] == [1, 2]
        assert any(line.startswith("done") for line in second.log)
        assert second.log[-1] == "close"
        assert sorted(result.at for result in results) == list(range(40))

    def test_what_a_bundle_did_not_get_to_is_done_next(self) -> None:
        results, log = self.crew(["half"], 12)
        assert log[1].startswith("half [0, 1")
        assert log[2].startswith("done [1")
        assert sorted(result.at for result in results) == list(range(12))

    def test_what_came_back_elsewhere_is_delivered_before_an_error_stops_all(self) -> None:
        places: list[pool.Place] = [FakePlace(["odd"]), FakePlace([])]
        results: list[Any] = []
        crew = Crew(places, lambda index: Task(index, b"", {}), results.append, lambda: None)
        with pytest.raises(ValueError, match="the connection is gone"):
            crew.run(range(2))
        assert [result.at for result in results] == [1]

    def test_many_places_get_longer_bundles_in_proportion(self) -> None:
        for places, seconds in ((2, 0.3), (64, 0.3), (640, 3.0)):
            all_places = [FakePlace([]) for _ in range(places)]
            Crew([*all_places], lambda index: Task(index, b"", {}), lambda _: None, lambda: None).run(range(places))
            assert {place.seconds for place in all_places} == {seconds}

    def test_a_slow_bundle_is_cut_short(self) -> None:
        package = Package.of(Job.of(Points(bombed, {"load": [1, 2]}, {"bomb": 1})), bombed)
        replies = compute(package.digest, [Task(index, bytes(16), {"load": index}) for index in range(3)], package, seconds=0.0)
        assert replies is not None
        assert len(replies) == 1
        assert compute("unknown", []) is None
