"""Checkpoints: a run that was killed or stopped goes on as if nothing had happened, and no other run is taken for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurosim import checkpoint as module
from neurosim import rows
from neurosim.checkpoint import Checkpoint
from neurosim.errors import CheckpointError
from neurosim.fingerprints import fingerprint
from neurosim.interrupt import Interrupted
from neurosim.record import Count, Trace
from neurosim.simulate import simulate
from neurosim.state import load, save
from tests.neurosim.toys import CounterWalk, Decay, Probe, Units, Walk, Walker

ROOT = Path(__file__).parents[2]


def x(state: Any) -> np.ndarray:
    return state.x


def total(state: Any) -> int:
    return int(state.x.sum())


def ups(state: Any) -> np.ndarray:
    return state.extra["steps up"]


def recorders(stream: Path | None = None) -> dict[str, Any]:
    return {
        "x": Trace(x, dims=("unit",), every=3, units=[0, 2], stream=stream),
        "total": Trace(total, every=2),
        "ups": Count(ups, dims=("all",), every=5),
    }


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def walk(path: Any, tick: int = -1, action: Callable[[], object] = ctrl_c, **changes: Any) -> xr.Dataset:
    """Run 100 ticks of a walk with a checkpoint; at a tick, something happens."""
    state = changes.pop("state", None) or Walk().init(changes.pop("seed", 8))
    model = changes.pop("model", Walk())
    return simulate(model, state, **{"steps": 100, "record": recorders(), "until": Probe(tick, action), "checkpoint": path, **changes})


def same(run: xr.Dataset, other: xr.Dataset) -> None:
    """Compare all but the seconds."""
    seconds = ("wall_seconds", "compile_seconds")
    one, two = (data.assign_attrs(dict.fromkeys(seconds, 0.0)) for data in (run, other))
    xr.testing.assert_identical(one, two)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a checkpoint after every slice."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    monkeypatch.setattr(module.Keeper, "due", True)


@pytest.fixture
def whole(tmp_path: Path) -> xr.Dataset:
    """The run that nobody disturbs."""
    return walk(None)


class TestGoingOn:
    @pytest.mark.parametrize("tick", [0, 1, 47, 99, 100])
    def test_a_stopped_run_goes_on_in_a_new_process(self, tmp_path: Path, whole: xr.Dataset, tick: int) -> None:
        with pytest.raises(Interrupted) as caught:
            walk(tmp_path / "c", tick)
        assert caught.value.__notes__ == [f"the same call goes on from {tmp_path / 'c'}"]
        state = Walk().init(8)
        same(walk(tmp_path / "c", state=state), whole)
        assert state.tick == 100

    def test_a_stopped_run_goes_on_with_the_state_at_hand(self, tmp_path: Path, whole: xr.Dataset) -> None:
        state = Walk().init(8)
        for tick in (10, 30, 31):
            with pytest.raises(Interrupted):
                walk(tmp_path / "c", tick, state=state)
            assert state.tick == tick
        same(walk(tmp_path / "c", state=state), whole)

    @pytest.mark.parametrize("streamed", [False, True])
    @pytest.mark.parametrize("tick", [1, 53, 100])
    def test_a_killed_run_goes_on(self, tmp_path: Path, whole: xr.Dataset, tick: int, streamed: bool) -> None:
        """Killed with -9 between a look and the next checkpoint; rows streamed after the last checkpoint are cut off."""
        stream = tmp_path / "x.npy" if streamed else None
        code = f"""
import os, pathlib, signal
from neurosim import checkpoint, rows
from tests.neurosim.test_checkpoint import recorders, walk
checkpoint.PATIENCE, rows.BLOCK_BYTES = 0.0, 16
checkpoint.Keeper.due = property(lambda self: self._state.tick % 10 == 0)
stream = {str(stream)!r}
walk({str(tmp_path / "c")!r}, {tick}, lambda: os.kill(os.getpid(), signal.SIGKILL),
     record=recorders(None if stream == "None" else pathlib.Path(stream)))
"""
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert (tmp_path / "c").exists() == (tick > 10)
        same(walk(tmp_path / "c", record=recorders(stream)), whole)
        if stream is not None:
            assert (np.load(stream) == whole.x.values).all()

    def test_a_finished_run_is_not_run_again(self, tmp_path: Path) -> None:
        first = walk(tmp_path / "c")
        stamp = (tmp_path / "c").stat().st_mtime_ns
        state = Walk().init(8)
        again = walk(tmp_path / "c", 0, lambda: pytest.fail("it was asked again"), state=state)
        xr.testing.assert_identical(again, first)
        assert state.tick == 100
        assert fingerprint(state) == fingerprint(load(tmp_path / "c", Walker))
        assert (tmp_path / "c").stat().st_mtime_ns == stamp

    def test_a_run_finished_by_until_is_finished(self, tmp_path: Path) -> None:
        def call() -> xr.Dataset:
            return simulate(Walk(), Walk().init(8), steps=100, until=far, checkpoint=tmp_path / "c", record={"x": Trace(total)})

        first = call()
        assert first.attrs["stopped_by"] == "until"
        xr.testing.assert_identical(call(), first)

    def test_a_finished_stream_is_mapped_again(self, tmp_path: Path) -> None:
        first = walk(tmp_path / "c", record=recorders(tmp_path / "x.npy"))
        same(walk(tmp_path / "c", record=recorders(tmp_path / "x.npy")), first)

    def test_wall_seconds_add_up(self, tmp_path: Path) -> None:
        with pytest.raises(Interrupted) as caught:
            walk(tmp_path / "c", 50)
        assert caught.value.data is not None
        assert walk(tmp_path / "c").attrs["wall_seconds"] > caught.value.data.attrs["wall_seconds"]

    @pytest.mark.parametrize(("model", "state"), [(CounterWalk(), lambda: CounterWalk().init(3)), (Decay(), Decay().init)])
    def test_it_serves_every_model(self, tmp_path: Path, model: Any, state: Callable[[], Units]) -> None:
        def call(path: Path | None, tick: int) -> xr.Dataset:
            record = {"x": Trace(x, dims=("unit",))}
            return simulate(model, state(), steps=30, checkpoint=path, until=Probe(tick, ctrl_c), record=record)

        with pytest.raises(Interrupted):
            call(tmp_path / "c", 13)
        same(call(tmp_path / "c", -1), call(None, -1))

    def test_progress_starts_where_the_checkpoint_stands(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(Interrupted):
            walk(tmp_path / "c", 60)
        walk(tmp_path / "c", progress=True)
        assert "100/100 ticks" in capsys.readouterr().err
        walk(tmp_path / "c", progress=True)
        last = capsys.readouterr().err
        assert last.startswith("Walk: 100/100 ticks (100%) took ")
        assert "ticks/s" not in last


def far(state: Walker) -> bool:
    return bool(abs(state.x.sum()) >= 8)


class TestWriting:
    def test_it_is_written_every_so_often(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A tick takes a second, writing takes none."""
        now, ticks = [0.0], []

        class Slow(Decay):
            def step(self, state: Units, ticks: int, /) -> None:
                now[0] += ticks
                state.tick += ticks

        def note(state: Any, *args: Any, **extra: Any) -> None:
            ticks.append(state.tick)

        monkeypatch.setattr(module, "_now", lambda: now[0])
        monkeypatch.setattr(module, "save", note)
        state = Decay().init()
        simulate(Slow(), state, steps=100, record={"x": Trace(total)}, checkpoint=Checkpoint(tmp_path / "c", every=30.0))
        assert ticks == [30, 60, 90, 100]

    def test_slow_writing_is_spaced_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        now, ticks = [0.0], []

        class Slow(Decay):
            def step(self, state: Units, ticks: int, /) -> None:
                now[0] += ticks
                state.tick += ticks

        def note(state: Any, *args: Any, **extra: Any) -> None:
            now[0] += 20.0
            ticks.append(state.tick)

        monkeypatch.setattr(module, "_now", lambda: now[0])
        monkeypatch.setattr(module, "save", note)
        simulate(Slow(), Decay().init(), steps=500, record={"x": Trace(total)}, checkpoint=Checkpoint(tmp_path / "c", every=30.0))
        assert ticks == [30, 230, 430, 500]

    def test_a_disk_that_fills_up_does_not_end_the_run(self, tmp_path: Path, often: None, monkeypatch: pytest.MonkeyPatch) -> None:
        real, calls = module.save, []

        def filling(*args: Any, **extra: Any) -> None:
            calls.append(1)
            if len(calls) > 3:
                raise OSError(28, "No space left on device")
            real(*args, **extra)

        monkeypatch.setattr(module, "save", filling)
        with pytest.warns(RuntimeWarning, match=r"could not be written \(No space left on device\); the run goes on, an older one is kept"):
            run = walk(tmp_path / "c")
        assert run.attrs["ticks"] == 100
        assert load(tmp_path / "c", Walker).tick == 3

    def test_a_stream_that_cannot_grow_does_end_it(self, tmp_path: Path, often: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its rows would be lost; the checkpoint before it stays good."""
        monkeypatch.setattr(rows, "BLOCK_BYTES", 16)
        real = rows.StreamRows._put

        def full(self: Any, position: int, content: bytes) -> None:
            if self._written == 10:
                raise OSError(28, "No space left on device")
            real(self, position, content)

        with monkeypatch.context() as patch:
            patch.setattr(rows.StreamRows, "_put", full)
            with pytest.raises(OSError, match="No space left"):
                walk(tmp_path / "c", record=recorders(tmp_path / "x.npy"))
        same(walk(tmp_path / "c", record=recorders(tmp_path / "x.npy")), walk(None))

    def test_a_folder_that_cannot_be_written_is_told_before_the_run(self, tmp_path: Path) -> None:
        state = Walk().init(8)
        with pytest.raises(FileNotFoundError) as caught:
            walk(tmp_path / "no" / "c", state=state)
        assert "choose an existing folder" in caught.value.__notes__[0]
        with pytest.raises(IsADirectoryError):
            walk(tmp_path, state=state)
        assert state.tick == 0

    def test_an_error_in_the_model_leaves_the_checkpoint_before_it(self, tmp_path: Path, often: None, whole: xr.Dataset) -> None:
        with pytest.raises(ZeroDivisionError):
            walk(tmp_path / "c", 40, lambda: 1 / 0)
        assert load(tmp_path / "c", Walker).tick == 39
        same(walk(tmp_path / "c"), whole)

    @pytest.mark.parametrize("every", [0, -1.0, float("nan"), float("inf"), "30"])
    def test_every_is_a_positive_number_of_seconds(self, every: Any) -> None:
        with pytest.raises(ValueError, match="every must be a positive number of seconds"):
            Checkpoint("c", every=every)


class Other(Walk):
    pass


def double(state: Walker) -> int:
    return 2 * int(state.x.sum())


class TestAnotherRun:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"steps": 200}, "steps was 100, is 200"),
            ({"model": Walk(drift=0.4)}, "its model had other parameters"),
            ({"model": Other()}, r"model was '.*Walk', is '.*Other'"),
            ({"seed": 9}, "from another state: the given one is neither its start nor its end"),
            ({"record": {}}, "it recorded 'total', 'ups', 'x' otherwise"),
            ({"record": {**recorders(), "x": Trace(x, dims=("unit",), every=3, units=[0, 1])}}, "it recorded 'x' otherwise"),
            ({"record": {**recorders(), "total": Trace(double, every=2)}}, "it recorded 'total' otherwise"),
            ({"until": None}, "until was"),
            ({"until": far}, "until was"),
        ],
    )
    def test_it_is_refused_and_told_how_it_differs(self, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(Interrupted):
            walk(tmp_path / "c", 50)
        before = (tmp_path / "c").read_bytes()
        with pytest.raises(CheckpointError, match=f"c belongs to (another run|a run).*{message}") as caught:
            walk(tmp_path / "c", **changes)
        assert "delete this one to start afresh" in caught.value.__notes__[0]
        assert (tmp_path / "c").read_bytes() == before

    def test_another_version_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(tmp_path / "c")
        monkeypatch.setattr(module, "version", lambda: "99.0")
        with pytest.raises(CheckpointError, match=r"neurosim was '.*', is '99\.0'"):
            walk(tmp_path / "c")

    def test_edited_code_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(tmp_path / "c")
        monkeypatch.setattr(module, "function_fingerprint", lambda kind: "edited")
        with pytest.raises(CheckpointError, match="the code of its model was edited since"):
            walk(tmp_path / "c")

    def test_a_state_of_another_class_is_refused(self, tmp_path: Path) -> None:
        walk(tmp_path / "c")
        with pytest.raises(CheckpointError, match=r"holds a .*Walker, wanted a .*Units"):
            simulate(Decay(), Decay().init(), steps=100, checkpoint=tmp_path / "c")

    def test_a_saved_state_is_no_checkpoint(self, tmp_path: Path) -> None:
        save(Walk().init(8), tmp_path / "c")
        with pytest.raises(CheckpointError, match="is a saved state, not the checkpoint of a run"):
            walk(tmp_path / "c")

    @pytest.mark.parametrize("content", [b"", b"hello", None])
    def test_a_damaged_or_foreign_file_is_refused_and_kept(self, tmp_path: Path, content: bytes | None) -> None:
        walk(tmp_path / "c")
        content = (tmp_path / "c").read_bytes()[:-50] if content is None else content
        (tmp_path / "c").write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged or is not a neurosim state") as caught:
            walk(tmp_path / "c")
        assert "delete it, or name another file" in caught.value.__notes__[0]
        assert (tmp_path / "c").read_bytes() == content

    def test_a_lost_stream_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(Interrupted):
            walk(tmp_path / "c", 50, record=recorders(tmp_path / "x.npy"))
        (tmp_path / "x.npy").unlink()
        with pytest.raises(CheckpointError, match=r"x\.npy, which the checkpoint continues, cannot be read"):
            walk(tmp_path / "c", record=recorders(tmp_path / "x.npy"))

    def test_a_model_that_cannot_be_recognised_is_told(self, tmp_path: Path) -> None:
        class Odd(Decay):
            pass

        model = Odd(tau=object())  # pyright: ignore
        with pytest.raises(TypeError, match=r"Odd\.tau has no fingerprint") as caught:
            simulate(model, Decay().init(), steps=1, checkpoint=tmp_path / "c")
        assert "must recognise its model" in caught.value.__notes__[0]
