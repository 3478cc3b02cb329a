"""A driver killed at any moment loses no committed point; two drivers never write one store."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import xarray as xr

from neurosim._store import owner
from neurosim._sweep.points import Points
from neurosim.errors import StoreInUse
from neurosim.store import Store
from neurosim.sweep import sweep

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json
import os
import sys
import threading
import numpy as np
from neurosim import sweep

GRID = {"load": [0.05, 0.1, 0.15, 0.2], "noise": [0.0, 0.1, 0.2], "trial": list(range(10))}

def run(load, noise, trial, rng, waiting=""):
    total = np.zeros(4)
    for _ in range(50):
        total += np.sort(rng.normal(size=(4, 1000)))[:, 900]
    if [load, noise, trial] in json.loads(os.environ["HOLD"]):
        threading.Event().wait()
    if waiting and trial == 5:
        print("waiting", flush=True)
        input()
    return {"overlap": total.mean() * load + noise, "field": ("unit", total), "odd": trial % 2 == 1}

def main():
    path, workers, waiting = sys.argv[1:]
    sweep(run, GRID, fixed={"waiting": waiting}, store=path, workers=int(workers), progress=False)
"""
POINTS = 120
Driver = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give the module of a script that other processes run."""
    folder = tmp_path_factory.mktemp("script")
    (folder / "killed_sweep.py").write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("killed_sweep")
    del sys.modules["killed_sweep"]


@pytest.fixture(scope="module")
def expected(script: Any) -> Iterator[xr.Dataset]:
    """Give the Dataset of an uninterrupted sweep; sweeps of this process hold nowhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLD", "[]")
        yield sweep(script.run, script.GRID, fixed={"waiting": ""}, progress=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points.sqlite"


@pytest.fixture
def driver(script: Any, path: Path) -> Iterator[Driver]:
    """Give a function that starts a sweep in a process of its own, which does not outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def start(workers: int, waiting: str = "", **more: Any) -> subprocess.Popen[str]:
        started.append(start_driver(script, path, workers, waiting, **more))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def start_driver(script: Any, path: Path, workers: int, waiting: str, **more: Any) -> subprocess.Popen[str]:
    """Start a sweep; one that does not wait for its input holds at the last ten points, and never ends."""
    points = Points(script.run, script.GRID, {"waiting": waiting})
    last = sorted(range(POINTS), key=points.keys.__getitem__)[-10:]
    held = [] if waiting else [list(points.arguments(index).values()) for index in last]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(script.__file__).parent)]), "HOLD": json.dumps(held)}
    command = [sys.executable, "-c", "import killed_sweep; killed_sweep.main()", str(path), str(workers), waiting]
    return subprocess.Popen(command, env=environment, text=True, start_new_session=True, stderr=subprocess.PIPE, **more)


def rows(path: Path) -> set[tuple[Any, ...]]:
    """Return the finished points, with the run that computed each."""
    if not path.exists():
        return set()
    with Store.read_only(path) as store:
        return set(store._db.execute("SELECT key, payload, seconds, run FROM points").fetchall())


def runs(path: Path) -> int:
    """Return how many sweeps began to compute."""
    if not path.exists():
        return 0
    with Store.read_only(path) as store:
        return store._db.execute("SELECT count(*) FROM runs").fetchone()[0]


def wait_for(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Return when the store says so; give up after a minute or more."""
    for _ in range(6000):
        if condition():
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
            pytest.fail(f"the driver ended: {process.communicate()[1]}")
    pytest.fail("the driver does not come that far")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sweep_killed_three_times_and_resumed_gives_the_same_dataset(
    script: Any, driver: Driver, expected: xr.Dataset, path: Path, workers: int
) -> None:
    moments = np.sort(np.random.default_rng(20 + workers).integers(1, POINTS - 40, 3)).tolist()
    kept: set[tuple[Any, ...]] = set()
    for number, points in enumerate(moments):
        process = driver(workers)
        wait_for(process, lambda points=points, number=number: len(rows(path)) >= points and runs(path) > number)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        assert kept <= rows(path)
        kept = rows(path)
        assert psutil.wait_procs(children, timeout=60)[1] == []
    assert moments[-1] <= len(kept) < POINTS
    with Store.read_only(path) as store:
        assert owner.current(store._db) is not None
    data = sweep(script.run, script.GRID, fixed={"waiting": ""}, store=path, workers=workers, progress=False)
    assert data.identical(expected)
    assert kept < rows(path)
    assert len(rows(path)) == POINTS
    assert runs(path) == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_at_the_terminal_keeps_what_was_finished(
    script: Any, driver: Driver, expected: xr.Dataset, path: Path, workers: int
) -> None:
    process = driver(workers)
    wait_for(process, lambda: len(rows(path)) >= 15)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode != 0
    assert told.rstrip().endswith(f"KeyboardInterrupt\nfinished points are stored in {path}; the same call goes on from there")
    assert told.count("Traceback") == 1
    kept = rows(path)
    with Store.read_only(path) as store:
        assert owner.current(store._db) is None
    assert sweep(script.run, script.GRID, fixed={"waiting": ""}, store=path, progress=False).identical(expected)
    assert kept < rows(path)


def test_a_second_driver_is_told_who_writes_and_counts_nothing_twice(script: Any, driver: Driver, expected: xr.Dataset, path: Path) -> None:
    process = driver(1, "yes", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    with pytest.raises(StoreInUse, match=f"is being filled by process {process.pid} on "):
        sweep(script.run, script.GRID, fixed={"waiting": "yes"}, store=path, progress=False)
    process.communicate("\n" * 100)
    assert process.returncode == 0
    assert len(rows(path)) == POINTS
    assert {run for *_, run in rows(path)} == {1}
    data = sweep(script.run, script.GRID, fixed={"waiting": "yes"}, store=path, progress=False)
    assert data.done.all()
    assert (data.overlap == expected.overlap).sum() == 0  # `waiting` is an argument, so these are other points


def test_the_driver_that_was_declared_dead_stops_and_leaves_the_store_to_the_other(script: Any, driver: Driver, path: Path) -> None:
    process = driver(1, "yes", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    before = rows(path)
    with Store.read_only(path) as store:
        started = owner.current(store._db)
    assert started is not None
    steal(path)
    _, told = process.communicate("\n" * 100)
    assert process.returncode == 1
    assert f"StoreInUse: {path} was taken over by process 1 on elsewhere" in told
    assert rows(path) == before


def steal(path: Path) -> None:
    """Enter another host as the owner, as a driver there would after a minute without heartbeat."""
    import sqlite3

    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE owner SET token = 'other', host = 'elsewhere', pid = 1")
    connection.close()


@pytest.mark.usefixtures("expected")
def test_the_store_tells_what_each_point_was(script: Any, path: Path) -> None:
    sweep(script.run, {"load": [0.05], "noise": [0.1], "trial": [3]}, store=path, progress=False)
    with Store.read_only(path) as store:
        (text,) = store._db.execute("SELECT arguments FROM points").fetchone()
    assert json.loads(text) == {"load": 0.05, "noise": 0.1, "trial": 3}
