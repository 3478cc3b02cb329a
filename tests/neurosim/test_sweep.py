"""A sweep returns the same Dataset whatever happened before, computes no point twice, and says clearly what it cannot do."""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurosim import sweep as public
from neurosim._sweep.book import Book
from neurosim._sweep.points import Points
from neurosim._sweep.results import encode
from neurosim._sweep.workers import Value
from neurosim.errors import StaleStore, StoreError, UsageError
from neurosim.progress import Progress
from neurosim.store import Finished, Store
from neurosim.sweep import collect, sweep

GRID = {"load": [0.1, 0.2, 0.3], "trial": range(4)}


def calls(folder: str) -> int:
    """Count the calls of `counted`."""
    return len(list(Path(folder).glob("call-*")))


def counted(load: float, trial: int, folder: str, rng: np.random.Generator, n: int = 5) -> dict[str, Any]:
    tempfile.mkstemp(prefix="call-", dir=folder)
    return {"overlap": 1 - load + rng.random(), "field": ("unit", rng.normal(size=n)), "trial_was": trial}


def fragile(load: float, broken: str, trial: int = 0) -> dict[str, float]:
    if load == 0.2 and Path(broken).exists():
        raise ZeroDivisionError("no field\nmore than one line")
    return {"x": load}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "calls").mkdir()
    return str(tmp_path / "calls")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points.sqlite"


def run_counted(folder: str, grid: Any = GRID, **more: Any) -> xr.Dataset:
    return sweep(counted, grid, fixed={"folder": folder, **more.pop("fixed", {})}, **{"progress": False, **more})


class TestDataset:
    def test_dims_are_the_grid_then_those_of_the_results(self, folder: str) -> None:
        data = run_counted(folder)
        assert data.field.dims == ("load", "trial", "unit")
        assert data.overlap.dims == data.done.dims == ("load", "trial")
        assert data["load"].values.tolist() == [0.1, 0.2, 0.3]
        assert data.trial.dtype == np.int64
        assert data.done.dtype == bool
        assert data.done.all()

    def test_every_point_stands_at_its_place(self, folder: str) -> None:
        assert run_counted(folder).trial_was.equals(xr.zeros_like(run_counted(folder).trial_was) + run_counted(folder).trial)

    def test_attributes_name_function_seed_arguments_and_versions(self, folder: str) -> None:
        attrs = run_counted(folder, seed=3, fixed={"n": 2}).attrs
        assert attrs["function"].endswith("test_sweep:counted")
        assert (attrs["seed"], attrs["points_failed"]) == (3, 0)
        assert json.loads(attrs["fixed"]) == {"n": 2, "folder": folder}
        assert json.loads(attrs["versions"])["numpy"] == np.__version__

    def test_a_dataset_can_be_written_to_netcdf(self, folder: str, tmp_path: Path) -> None:
        data = run_counted(folder)
        data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
        with xr.open_dataset(tmp_path / "data.nc", engine="h5netcdf") as read:
            assert read.overlap.equals(data.overlap)

    def test_the_seed_changes_the_random_numbers_and_nothing_else_does(self, folder: str) -> None:
        data, again, other = (run_counted(folder, seed=seed) for seed in (0, 0, 1))
        assert data.identical(again)
        assert not (data.overlap == other.overlap).any()

    def test_a_point_does_not_depend_on_the_grid_around_it(self, folder: str) -> None:
        data = run_counted(folder)
        turned = run_counted(folder, {"trial": [3, 1], "load": [0.3]})
        assert turned.overlap.transpose("load", "trial").equals(data.overlap.sel(load=[0.3], trial=[3, 1]))

    def test_the_public_name_is_the_function(self) -> None:
        assert public is sweep

    def test_points_run_inside_another_process_wide_progress_are_quiet(self, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
        run_counted(folder, progress=True)
        err = capsys.readouterr().err
        assert "12/12 points" in err
        run_counted(folder)
        assert capsys.readouterr().err == ""


class TestStoredPoints:
    def test_nothing_is_computed_twice(self, folder: str, path: Path) -> None:
        data = run_counted(folder, store=path)
        assert run_counted(folder, store=path).identical(data)
        assert calls(folder) == 12

    def test_enlarging_the_grid_computes_the_new_points_alone(self, folder: str, path: Path) -> None:
        run_counted(folder, store=path)
        data = run_counted(folder, {"load": [0.05, 0.1, 0.2, 0.3], "trial": range(5)}, store=path)
        assert calls(folder) == 20
        assert data.identical(run_counted(folder, {"load": [0.05, 0.1, 0.2, 0.3], "trial": range(5)}))

    def test_numpy_and_python_values_are_the_same_points(self, folder: str, path: Path) -> None:
        data = run_counted(folder, store=path)
        same = run_counted(
            folder, {"load": np.array([0.1, 0.2, 0.3]), "trial": np.arange(4, dtype=np.int32)}, store=str(path), seed=np.int64(0)
        )
        assert same.identical(data)
        assert calls(folder) == 12

    def test_an_argument_may_move_between_fixed_and_grid(self, folder: str, path: Path) -> None:
        run_counted(folder, store=path)
        run_counted(folder, {"load": [0.1], "trial": [1], "n": [5]}, store=path)
        assert calls(folder) == 12
        run_counted(folder, {"load": [0.1], "trial": [1]}, store=path, fixed={"n": 6})
        assert calls(folder) == 13

    def test_a_computed_nan_is_not_computed_again(self, path: Path, folder: str) -> None:
        def lost(load: float, folder: str) -> dict[str, float]:
            tempfile.mkstemp(prefix="call-", dir=folder)
            return {"x": math.nan}

        for _ in range(2):
            data = sweep(lost, {"load": [1, 2]}, fixed={"folder": folder}, store=path, progress=False)
            assert data.done.all()
        assert calls(folder) == 2

    def test_a_full_store_in_a_read_only_folder_is_enough(self, folder: str) -> None:
        shelf, me = Path(tempfile.mkdtemp()), os.geteuid()
        try:
            path = shelf / "points.sqlite"
            data = run_counted(folder, store=path)
            path.chmod(0o444)
            shelf.chmod(0o555)
            if me == 0:
                os.seteuid(65534)
            assert run_counted(folder, store=path).identical(data)
            with pytest.raises(StoreError, match="read-only"):
                run_counted(folder, {"load": [0.9], "trial": [0]}, store=path)
        finally:
            os.seteuid(me)
            shelf.chmod(0o755)
            shutil.rmtree(shelf)
        assert calls(folder) == 12

    def test_another_driver_is_not_disturbed_by_a_sweep_that_lacks_nothing(self, folder: str, path: Path) -> None:
        data = run_counted(folder, store=path)
        with Store(path):
            assert run_counted(folder, store=path).identical(data)

    def test_a_run_is_written_down(self, folder: str, path: Path) -> None:
        run_counted(folder, store=path)
        with Store.read_only(path) as store:
            info = json.loads(store._db.execute("SELECT info FROM runs").fetchone()[0])
        assert info["seed"] == 0
        assert info["grid"] == {"load": 3, "trial": 4}
        assert info["versions"]["numpy"] == np.__version__
        assert {"commit", "code", "fixed"} <= info.keys()

    def test_the_points_of_another_function_are_refused(self, folder: str, path: Path) -> None:
        run_counted(folder, store=path)
        for use in (sweep, lambda *args, store, progress: collect(store, *args)):
            with pytest.raises(StoreError, match=r"holds points of .*test_sweep:counted, not of .*test_sweep:fragile"):
                use(fragile, {"load": [1], "broken": ["x"]}, store=path, progress=False)


class TestCollect:
    def test_what_is_missing_is_nan(self, folder: str, path: Path) -> None:
        data = run_counted(folder, store=path)
        wider = collect(path, counted, {"load": [0.1, 0.9], "trial": range(4)}, {"folder": folder})
        assert wider.done.values.tolist() == [[True] * 4, [False] * 4]
        assert wider.overlap.sel(load=0.1).equals(data.overlap.sel(load=0.1))
        assert np.isnan(wider.overlap.sel(load=0.9)).all()
        assert calls(folder) == 12

    def test_a_store_that_is_being_filled_can_be_looked_at(self, folder: str, path: Path) -> None:
        data = run_counted(folder, store=path)
        with Store(path) as driver:
            assert collect(path, counted, GRID, {"folder": folder}).identical(data)
            assert collect(driver, counted, GRID, {"folder": folder}).identical(data)

    def test_no_store_is_told(self, path: Path) -> None:
        with pytest.raises(StoreError, match="there is no store"):
            collect(path, counted, GRID, {"folder": ""})


class TestFailedPoints:
    def test_the_rest_goes_on_and_the_failure_is_kept(self, tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "broken").touch()
        fixed = {"broken": str(tmp_path / "broken")}
        data = sweep(fragile, {"load": [0.1, 0.2, 0.3]}, fixed=fixed, store=path)
        assert data.done.values.tolist() == [True, False, True]
        assert data.attrs["points_failed"] == 1
        assert np.isnan(data.x.values[1])
        assert "1 of 3 points failed; the first: load=0.2: ZeroDivisionError: no field" in capsys.readouterr().err
        with Store.read_only(path) as store:
            row = store._db.execute("SELECT arguments, error, traceback FROM failures").fetchall()
        assert [item[:2] for item in row] == [('{"load": 0.2}', "ZeroDivisionError: no field")]
        assert 'raise ZeroDivisionError("no field' in row[0][2]
        assert "workers.py" not in row[0][2]

    def test_it_is_tried_again_next_time_unless_told_otherwise(self, tmp_path: Path, path: Path) -> None:
        (tmp_path / "broken").touch()
        arguments: dict[str, Any] = {"fixed": {"broken": str(tmp_path / "broken")}, "store": path, "progress": False}
        sweep(fragile, {"load": [0.1, 0.2]}, **arguments)
        (tmp_path / "broken").unlink()
        assert sweep(fragile, {"load": [0.1, 0.2]}, retry=False, **arguments).attrs["points_failed"] == 1
        assert sweep(fragile, {"load": [0.1, 0.2]}, **arguments).attrs["points_failed"] == 0
        with Store.read_only(path) as store:
            assert store._db.execute("SELECT count(*) FROM failures").fetchone() == (0,)

    def test_a_result_that_cannot_be_kept_fails_its_point(self) -> None:
        def odd(load: float) -> dict[str, Any]:
            return {"x": 1.0 if load < 0.5 else object()}

        assert sweep(odd, {"load": [0.1, 0.9]}, progress=False).done.values.tolist() == [True, False]

    def test_a_point_that_exits_has_failed(self) -> None:
        def leaving(load: float) -> dict[str, float]:
            if load > 0.5:
                sys.exit(3)
            return {"x": load}

        assert sweep(leaving, {"load": [0.1, 0.9]}, progress=False).done.values.tolist() == [True, False]

    @pytest.mark.parametrize("stored", [False, True])
    def test_if_all_points_fail_the_first_traceback_is_shown(self, path: Path, stored: bool) -> None:
        def hopeless(load: float) -> dict[str, float]:
            return {"x": load / 0}

        with pytest.raises(
            RuntimeError, match="all 2 points failed; the first: load=0.1: ZeroDivisionError: float division by zero"
        ) as caught:
            sweep(hopeless, {"load": [0.1, 0.9]}, store=path if stored else None, progress=False)
        assert 'return {"x": load / 0}' in caught.value.__notes__[0]

    def test_results_of_unequal_shape_stop_the_sweep_and_stay_stored(self, path: Path, folder: str) -> None:
        def uneven(load: int, folder: str) -> dict[str, Any]:
            tempfile.mkstemp(prefix="call-", dir=folder)
            return {"x": np.zeros(3 + load % 2)}

        computed = 0
        for _ in range(2):
            with pytest.raises(
                ValueError, match=r"result 'x' has shape \(x_dim_0: [34]\) at the point load=\d, but \(x_dim_0: [34]\) at load=\d"
            ):
                sweep(uneven, {"load": range(10)}, fixed={"folder": folder}, store=path, progress=False)
            computed = computed or calls(folder)
            with Store.read_only(path) as store:
                assert len(store) == calls(folder) == computed
        assert 2 <= computed < 10

    def test_results_with_the_name_of_an_axis_stop_the_sweep(self) -> None:
        with pytest.raises(UsageError, match="result 'load' uses the name 'load'"):
            sweep(lambda load: {"load": load}, {"load": [1, 2]}, progress=False)


MODULE = """
RATE = {rate}

def helper(load):
    return load * RATE

def run(load):
    return {{"x": helper(load)}}

def figure(data):
    return {figure}
"""


class TestEditedCode:
    @pytest.fixture
    def edit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
        """Return a function that writes a module and imports it anew."""
        monkeypatch.syspath_prepend(tmp_path)

        def write(rate: int = 2, figure: str = "None") -> Any:
            import importlib
            import linecache

            (tmp_path / "edited_experiment.py").write_text(MODULE.format(rate=rate, figure=figure))
            shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
            linecache.clearcache()
            importlib.invalidate_caches()
            sys.modules.pop("edited_experiment", None)
            return importlib.import_module("edited_experiment").run

        yield write
        sys.modules.pop("edited_experiment", None)

    def test_points_of_edited_code_are_not_mixed_with_new_ones(self, edit: Callable[..., Any], path: Path) -> None:
        sweep(edit(), {"load": [1, 2]}, store=path, progress=False)
        for grid in ({"load": [1, 2]}, {"load": [3]}):
            with pytest.raises(StaleStore, match="2 points computed before the code of edited_experiment:run was edited"):
                sweep(edit(rate=3), grid, store=path, progress=False)
        assert sweep(edit(rate=2), {"load": [1, 2]}, store=path, progress=False).x.values.tolist() == [2, 4]

    def test_editing_the_figure_leaves_the_points_valid(self, edit: Callable[..., Any], path: Path) -> None:
        sweep(edit(), {"load": [1, 2]}, store=path, progress=False)
        assert sweep(edit(figure="data + 1"), {"load": [1, 2]}, store=path, progress=False).done.all()

    def test_reuse_keeps_old_points_and_is_asked_once(self, edit: Callable[..., Any], path: Path) -> None:
        sweep(edit(), {"load": [1, 2]}, store=path, progress=False)
        assert sweep(edit(rate=3), {"load": [1, 2]}, store=path, progress=False, on_change="reuse").x.values.tolist() == [2, 4]
        assert sweep(edit(rate=3), {"load": [1, 2, 3]}, store=path, progress=False).x.values.tolist() == [2, 4, 9]

    def test_fresh_begins_anew_and_keeps_the_old_file(self, edit: Callable[..., Any], path: Path) -> None:
        sweep(edit(), {"load": [1, 2]}, store=path, progress=False)
        assert sweep(edit(rate=3), {"load": [1, 2]}, store=path, progress=False, on_change="fresh").x.values.tolist() == [3, 6]
        with Store.read_only(path.with_name("points.sqlite.old")) as old:
            assert len(old) == 2

    def test_a_function_given_as_an_argument_belongs_to_the_code(self, edit: Callable[..., Any], path: Path) -> None:
        def apply(load: int, rule: Any) -> dict[str, Any]:
            return rule(load)

        sweep(apply, {"load": [1]}, fixed={"rule": edit()}, store=path, progress=False)
        with pytest.raises(StaleStore):
            sweep(apply, {"load": [1]}, fixed={"rule": edit(rate=3)}, store=path, progress=False)


class TestStopping:
    def test_ctrl_c_keeps_what_was_finished_and_says_how_to_go_on(self, path: Path, folder: str) -> None:
        def stopped(load: int, folder: str) -> dict[str, int]:
            tempfile.mkstemp(prefix="call-", dir=folder)
            if calls(folder) == 4:
                raise KeyboardInterrupt
            return {"x": load}

        arguments: dict[str, Any] = {"fixed": {"folder": folder}, "store": path, "progress": False}
        with pytest.raises(KeyboardInterrupt) as caught:
            sweep(stopped, {"load": range(6)}, **arguments)
        assert caught.value.__notes__ == [f"finished points are stored in {path}; the same call goes on from there"]
        with Store.read_only(path) as store:
            assert len(store) == 3
        assert sweep(stopped, {"load": range(6)}, **arguments).x.values.tolist() == list(range(6))

    def test_ctrl_c_without_a_store_says_that_nothing_is_kept(self) -> None:
        def stopped(load: int) -> dict[str, int]:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as caught:
            sweep(stopped, {"load": [1]}, progress=False)
        assert "kept in memory alone" in caught.value.__notes__[0]

    def test_a_store_that_fails_while_a_point_is_computed_stops_the_sweep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("neurosim._sweep.book.LOOK_SECONDS", 0.001)
        failed_once = threading.Event()

        def put(_: Any) -> None:
            failed_once.set()
            raise StoreError("the disk is full")

        with Store() as store, Progress(2, enabled=False) as bar:
            book = Book(store, Points(lambda load: {}, {"load": [1, 2]}), bar)
            book.add(Value(0, 0.1, *encode({"x": 1})))
            monkeypatch.setattr(store, "put", put)
            book._waiting.append(Finished(b"k", "{}", 0.1, *encode({"x": 1})))
            with book.watched():
                assert failed_once.wait(60)
            with pytest.raises(StoreError, match="the disk is full"):
                book.add(Value(1, 0.1, *encode({"x": 1})))

    def test_what_fits_on_a_full_disk_is_stored(self) -> None:
        with Store() as store, Progress(20, enabled=False) as bar:
            store._db.execute(f"PRAGMA max_page_count = {store._db.execute('PRAGMA page_count').fetchone()[0] + 30}")
            book = Book(store, Points(lambda load: {}, {"load": range(20)}), bar)
            book._waiting = [Finished(bytes([number]), "{}", 0.1, *encode({"x": np.zeros(2000)})) for number in range(20)]
            with pytest.raises(StoreError, match="the disk is full"):
                book.flush()
            assert 0 < len(store) < 20

    def test_a_full_disk_loses_no_finished_point(self, tmp_path: Path) -> None:
        script = tmp_path / "filling.py"
        script.write_text(
            textwrap.dedent("""
            import sys
            import numpy as np
            from neurosim import sweep

            def run(trial):
                return {"x": np.full(20_000, float(trial))}

            if __name__ == "__main__":
                sweep(run, {"trial": range(20)}, store=sys.argv[1], progress=False)
            """)
        )
        path = tmp_path / "points.sqlite"
        root = Path(__file__).resolve().parents[2]

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))

        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(script), str(path)]
        small = subprocess.run(command, preexec_fn=limit, env=environment, capture_output=True, text=True)
        assert small.returncode == 1
        assert "StoreError: " + str(path) in small.stderr
        assert "make room and call again: everything finished before is stored" in small.stderr
        with Store.read_only(path) as store:
            finished = len(store)
            before = store._db.execute("SELECT key, payload, run FROM points ORDER BY key").fetchall()
        assert 0 < finished < 20
        assert subprocess.run(command, env=environment).returncode == 0
        with Store.read_only(path) as store:
            assert len(store) == 20
            assert set(before) <= set(store._db.execute("SELECT key, payload, run FROM points").fetchall())


class TestAtTheDoor:
    @pytest.mark.parametrize(
        ("options", "kind", "told"),
        [
            ({"workers": 0}, ValueError, "workers must be a whole number of at least 1, got 0"),
            ({"workers": 1.5}, ValueError, "workers must be a whole number of at least 1, got 1.5"),
            ({"workers": True}, ValueError, "workers must be"),
            ({"executor": 4}, TypeError, "executor must have the method submit"),
            ({"on_change": "never"}, UsageError, "on_change must be one of 'ask', 'reuse', 'fresh', got 'never'"),
        ],
    )
    def test_wrong_options_are_told(self, options: dict[str, Any], kind: type[Exception], told: str, folder: str) -> None:
        with pytest.raises(kind, match=told):
            run_counted(folder, **options)
        assert calls(folder) == 0

    def test_a_wrong_grid_makes_no_store(self, path: Path) -> None:
        with pytest.raises(UsageError, match="did you mean 'load'"):
            raise_with_notes(lambda: sweep(fragile, {"laod": [1]}, store=path, progress=False))
        assert not path.exists()

    @pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\1" * 200])
    def test_a_damaged_store_is_told_and_left_alone(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        for on_change in ("ask", "fresh"):
            with pytest.raises(StoreError, match=r"is not a store|is damaged"):
                sweep(fragile, {"load": [1], "broken": ["x"]}, store=path, progress=False, on_change=on_change)
        assert path.read_bytes() == content


def raise_with_notes(call: Callable[[], Any]) -> None:
    """Put the notes of an error into its message."""
    try:
        call()
    except UsageError as error:
        raise UsageError(" ".join([str(error), *error.__notes__])) from error
