"""Batch jobs as workers: a cluster whose jobs are processes of this machine goes the way of SLURM's."""

from __future__ import annotations

import doctest
import gc
import importlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurosim.store import Store
from neurosim.sweep import sweep

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
GRID = {"load": [0.05, 0.1, 0.15], "trial": range(8)}


def point(load: float, trial: int, rng: np.random.Generator) -> dict[str, Any]:
    """Compute a point; one of them uses up the memory of any batch job."""
    if (load, trial) == (0.1, 0) and "IN_A_JOB" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
    matrix = rng.normal(size=(60, 60))
    return {"overlap": load * trial, "field": ("unit", (matrix @ matrix)[0])}


@pytest.fixture
def jobqueue() -> Any:
    """Give the package, without the handler of Ctrl-C that it leaves behind when it is imported."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        return pytest.importorskip("dask_jobqueue", reason="the cluster extra is not installed")
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.fixture
def cluster(jobqueue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a cluster that has submitted nothing yet; a task whose worker dies is given up at once, not after four workers."""
    from dask import config

    local = importlib.import_module("dask_jobqueue.local")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IN_A_JOB", "yes")
    options: dict[str, Any] = {"cores": 1, "processes": 1, "memory": "1GB"}
    options["scheduler_options"] = {"dashboard_address": ":0", "host": "127.0.0.1"}
    with config.set({"distributed.scheduler.allowed-failures": 0}), local.LocalCluster(**options) as cluster:
        yield cluster
    gc.collect()


@pytest.mark.dask
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # dask_jobqueue leaves the pipes of its local jobs open
def test_jobs_that_start_after_the_sweep_compute_it_and_a_fatal_point_fails_alone(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client

    path = tmp_path / "points.sqlite"
    with Client(cluster) as client:
        assert client.nthreads() == {}
        threading.Timer(0.5, cluster.scale, kwargs={"jobs": 2}).start()
        data = sweep(point, GRID, executor=client.get_executor(), store=path, progress=False)
    with Store.read_only(path) as store:
        failures = store._db.execute("SELECT arguments, error FROM failures").fetchall()
    assert failures == [('{"load": 0.1, "trial": 0}', "worker died: with every Dask worker that tried, 1 in turn")]
    monkeypatch.delenv("IN_A_JOB")
    alone = sweep(point, GRID, progress=False)
    xr.testing.assert_identical(data.field, alone.field.where(data.done))
    assert sweep(point, GRID, store=path, progress=False).identical(alone)


@pytest.mark.dask
def test_the_page_shows_the_script_that_is_submitted(jobqueue: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from dask import config

    shown = re.search(r"would be submitted:\n\n```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    program, script = shown.groups()
    names: dict[str, Any] = {}
    with config.set({"jobqueue.slurm.scheduler-options": {"dashboard_address": ":0", "host": "127.0.0.1"}}):
        exec(program, names)  # noqa: S102
    names["cluster"].close()
    said = "\n".join(line.rstrip() for line in capsys.readouterr().out.strip().splitlines()) + "\n"
    assert doctest.OutputChecker().check_output(script, said, doctest.ELLIPSIS), said
