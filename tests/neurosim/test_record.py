"""Recorders: what is kept, how large it is, and how it survives on disk."""

from __future__ import annotations

import io
import resource
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as some
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from neurosim import recordings, rows
from neurosim.errors import CheckpointError, RecordingTooLarge
from neurosim.memory import free_memory
from neurosim.record import Count, Trace
from neurosim.rows import MemoryRows, StreamRows
from neurosim.simulate import simulate
from tests.neurosim.toys import Decay, Units, Walk, Walker


def x(state: Any) -> np.ndarray:
    return state.x


def tick(state: Any) -> int:
    return state.tick


def total(state: Any) -> float:
    return state.x.sum()


def shrinking(state: Any) -> np.ndarray:
    return state.x[: 3 - state.tick // 2]


def half_after_a_tick(state: Any) -> float:
    return 0.5 if state.tick else 0


def no_units(state: Any) -> np.ndarray:
    return state.x[:0]


def nothing(state: Any) -> Any:
    return None


def run_decay(steps: int, **recorders: Any) -> xr.Dataset:
    return simulate(Decay(), Decay().init(), steps=steps, record=recorders)


class TestTrace:
    def test_values_follow_the_closed_form(self) -> None:
        run = run_decay(50, x=Trace(x, dims=("unit",)))
        wanted = np.array([1.0, 2.0, 3.0]) * (1 - 0.5 / 20.0) ** np.arange(51)[:, None]
        assert run.x.dims == ("time", "unit")
        np.testing.assert_allclose(run.x, wanted, rtol=1e-13)
        np.testing.assert_allclose(run.time, 0.5 * np.arange(51))

    @given(steps=some.integers(0, 40), every=some.integers(1, 12))
    @settings(max_examples=30, deadline=None)
    def test_a_run_of_t_ticks_gives_one_and_t_by_every_values(self, steps: int, every: int) -> None:
        fine = run_decay(steps, x=Trace(x, dims=("unit",)))
        coarse = run_decay(steps, x=Trace(x, dims=("unit",), every=every))
        assert coarse.sizes["time"] == 1 + steps // every
        assert (coarse.x == fine.x[::every]).all()
        assert (coarse.time == fine.time[::every]).all()

    def test_what_is_kept_does_not_change_with_the_state(self) -> None:
        run = run_decay(3, x=Trace(x, dims=("unit",)))
        assert run.x.values[0].tolist() == [1.0, 2.0, 3.0]

    def test_chosen_units_are_labelled(self) -> None:
        run = run_decay(4, x=Trace(x, dims=("unit",), units=np.array([2, 0])))
        assert run.unit.values.tolist() == [2, 0]
        assert run.x.sel(unit=2).values[0] == 3.0

    def test_units_choose_from_the_last_axis(self) -> None:
        run = run_decay(1, x=Trace(lambda state: np.outer([1.0, 10.0], x(state)), dims=("replica", "unit"), units=[1]))
        assert run.x.shape == (2, 2, 1)
        assert run.x.values[0].tolist() == [[2.0], [20.0]]

    def test_a_single_name_is_a_dimension(self) -> None:
        assert run_decay(1, x=Trace(x, dims="unit")).x.dims == ("time", "unit")  # pyright: ignore

    def test_one_trace_serves_two_runs(self) -> None:
        trace = Trace(x, dims=("unit",))
        first, second = run_decay(5, x=trace), run_decay(7, x=trace)
        assert (first.x == second.x[:6]).all()

    @pytest.mark.parametrize(
        ("kwargs", "error", "message"),
        [
            ({"observe": np.zeros(3)}, TypeError, "observe must be a function of the state, got ndarray"),
            ({"every": 0}, ValueError, "every must be at least 1, got 0"),
            ({"every": 2.0}, TypeError, "every must be an integer, got 2.0"),
            ({"dims": ("unit", "unit")}, ValueError, "dims must be different names"),
            ({"dims": ("time",)}, ValueError, "other than 'time'"),
            ({"dims": (3,)}, ValueError, "dims must be different names"),
            ({"units": [0.5]}, TypeError, "units must be a sequence of integers"),
            ({"units": [True, False]}, TypeError, "units must be a sequence of integers, got bool"),
            ({"units": []}, TypeError, "units must be a sequence of integers"),
            ({"units": [1, 1]}, ValueError, "repeated"),
            ({"units": [-1]}, ValueError, "negative"),
            ({"stream": "values.csv"}, ValueError, "stream must name a .npy file, got 'values.csv'"),
        ],
    )
    def test_settings_are_checked_when_it_is_built(self, kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Trace(**{"observe": x, **kwargs})

    @pytest.mark.parametrize(
        ("trace", "error", "message"),
        [
            (Trace(x), ValueError, r"dims \(\) name 0 axes, observe returned shape \(3,\)"),
            (Trace(lambda state: 1.0, dims=("unit",)), ValueError, r"dims \('unit',\) name 1 axes, observe returned shape \(\)"),
            (Trace(x, dims=("unit",), units=[3]), ValueError, "units must be below 3, got 3"),
            (Trace(lambda state: 1.0, units=[0]), ValueError, "a single number"),
            (Trace(lambda state: "up"), TypeError, "must return numbers, got <U2"),
            (
                Trace(nothing),
                TypeError,
                "must return numbers, got object",
            ),
        ],
    )
    def test_values_are_checked_before_the_run(self, trace: Trace[Any], error: type[Exception], message: str) -> None:
        state = Decay().init()
        with pytest.raises(error, match=f"recorder 'x': .*{message}"):
            simulate(Decay(), state, steps=5, record={"x": trace})
        assert state.tick == 0

    def test_a_value_that_changes_its_shape_or_kind_is_told(self) -> None:
        with pytest.raises(ValueError, match=r"shape \(2,\) at tick 2, before that \(3,\)"):
            run_decay(5, x=Trace(shrinking, dims=("unit",)))
        with pytest.raises(TypeError, match="returned float64 at tick 1, before that int64"):
            run_decay(5, x=Trace(half_after_a_tick))

    def test_nan_is_a_value(self) -> None:
        assert np.isnan(run_decay(2, x=Trace(lambda state: np.nan)).x).all()


class TestCount:
    def test_it_adds_up_what_it_sees_after_the_first_tick(self) -> None:
        assert run_decay(10, ticks=Count(tick)).ticks == 55

    def test_it_looks_every_so_often(self) -> None:
        assert run_decay(10, ticks=Count(tick, every=4)).ticks == 4 + 8

    def test_small_integers_and_truth_values_do_not_overflow(self) -> None:
        run = run_decay(300, a=Count(lambda state: np.uint8(200)), b=Count(lambda state: x(state) > 0, dims=("unit",)))
        assert run.a == 60_000
        assert run.b.values.tolist() == [300, 300, 300]
        assert run.b.dims == ("unit",)

    def test_it_counts_chosen_units(self) -> None:
        run = run_decay(3, b=Count(lambda state: np.arange(3), dims=("unit",), units=[2]))
        assert run.b.sel(unit=2) == 6

    def test_it_has_no_time(self) -> None:
        assert set(run_decay(3, n=Count(lambda state: 1)).coords) == set()


class TestTogether:
    def test_recorders_that_look_equally_often_share_the_time(self) -> None:
        run = run_decay(12, a=Trace(x, dims=("unit",), every=3), b=Trace(total, every=3), n=Count(lambda s: 1))
        assert run.a.dims[0] == run.b.dims[0] == "time"

    def test_others_have_their_own(self) -> None:
        run = run_decay(12, a=Trace(x, dims=("unit",), every=3), b=Trace(total, every=4), n=Count(lambda s: 1, every=5))
        assert run.a.dims == ("time_a", "unit")
        assert run.time_a.values.tolist() == [0.0, 1.5, 3.0, 4.5, 6.0]
        assert run.time_b.values.tolist() == [0.0, 2.0, 4.0, 6.0]
        assert run.n == 2

    @pytest.mark.parametrize(
        ("recorders", "message"),
        [
            ({"time": Trace(x, dims=("unit",))}, "a name other than 'time'"),
            ({"": Trace(x, dims=("unit",))}, "needs a name"),
            ({3: Trace(x, dims=("unit",))}, "needs a name"),
            ({"unit": Trace(x, dims=("unit",))}, "'unit' is the name of a recorder and of an axis"),
            ({"a": Trace(x, dims=("unit",)), "time_a": Count(lambda s: 1)}, "'time_a' is the name of a recorder and of an axis"),
            ({"a": Trace(x, dims=("unit",)), "b": Trace(lambda s: x(s)[:2], dims=("unit",))}, "both have an axis 'unit'"),
            ({"a": Trace(x, dims=("unit",), units=[0]), "b": Count(x, dims=("unit",), units=[1])}, "both have an axis 'unit'"),
        ],
    )
    def test_what_cannot_stand_in_one_dataset_is_refused_before_the_run(self, recorders: Any, message: str) -> None:
        state = Decay().init()
        with pytest.raises(ValueError, match=message):
            simulate(Decay(), state, steps=5, record=recorders)
        assert state.tick == 0

    @pytest.mark.parametrize(
        ("record", "message"), [([Trace(x)], "must map names to recorders, got list"), ({"x": x}, r"record\['x'\] must be a recorder")]
    )
    def test_what_is_no_recorder_is_refused(self, record: Any, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            simulate(Decay(), Decay().init(), steps=5, record=record)


class TestSize:
    def test_a_trace_that_would_not_fit_is_refused_before_the_run(self) -> None:
        state = Decay().init()
        big = Trace(lambda state: np.zeros((1000, 1000)), dims=("a", "b"))
        with pytest.raises(RecordingTooLarge) as caught:
            simulate(Decay(), state, steps=10**8, record={"big": big, "small": Trace(x, dims=("unit",))})
        message = str(caught.value)
        assert "recorder 'big' would take 800.0 TB in memory (100,000,001 looks x (1000, 1000)), with the others 800.0 TB;" in message
        assert "are free" in message
        assert all(word in caught.value.__notes__[0] for word in ("every=", "units=", "stream="))
        assert state.tick == 0

    def test_traces_are_summed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each of two traces would fit alone."""
        monkeypatch.setattr(recordings, "free_memory", lambda: 3_000_000)
        trace = Trace(lambda state: np.zeros(1000), dims=("unit",))
        assert run_decay(299, a=trace).a.shape == (300, 1000)
        with pytest.raises(RecordingTooLarge, match=r"'a' would take 2\.4 MB .*with the others 4\.8 MB; 3\.0 MB are free"):
            run_decay(299, a=trace, b=trace)

    def test_fewer_looks_fewer_units_or_a_file_make_it_fit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recordings, "free_memory", lambda: 2_000_000)

        def wide(state: Units) -> np.ndarray:
            return np.full(1000, state.x[0])

        with pytest.raises(RecordingTooLarge):
            run_decay(399, a=Trace(wide, dims=("unit",)))
        assert run_decay(399, a=Trace(wide, dims=("unit",), every=4)).a.shape == (100, 1000)
        assert run_decay(399, a=Trace(wide, dims=("unit",), units=range(9))).a.shape == (400, 9)
        assert run_decay(399, a=Trace(wide, dims=("unit",), stream=tmp_path / "a.npy")).a.shape == (400, 1000)

    def test_a_stream_that_would_not_fit_on_the_disk_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(RecordingTooLarge, match=r"800\.0 TB on the disk of .*a\.npy"):
            run_decay(10**8, a=Trace(lambda state: np.zeros((1000, 1000)), dims=("a", "b"), stream=tmp_path / "a.npy"))
        assert list(tmp_path.iterdir()) == []

    def test_the_control_group_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = {"/proc/self/cgroup": "0::/job\n", "/sys/fs/cgroup/job/memory.max": "1000\n", "/sys/fs/cgroup/job/memory.current": "400\n"}
        real = Path.read_text
        monkeypatch.setattr(Path, "read_text", lambda self, *args: texts.get(str(self)) or real(self, *args))
        assert free_memory() == 600
        texts["/sys/fs/cgroup/job/memory.max"] = "max\n"
        assert free_memory() > 600


class TestStream:
    @pytest.mark.parametrize("block", [1, 100, 1 << 20])
    def test_the_file_holds_what_memory_would(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
        monkeypatch.setattr(rows, "BLOCK_BYTES", block)
        wanted = run_decay(50, x=Trace(x, dims=("unit",), every=3, units=[0, 2]))
        run = run_decay(50, x=Trace(x, dims=("unit",), every=3, units=[0, 2], stream=tmp_path / "x.npy"))
        xr.testing.assert_equal(run, wanted)
        assert (np.load(tmp_path / "x.npy") == wanted.x.values).all()

    def test_memory_holds_one_block(self, tmp_path: Path) -> None:
        recording = Trace(x, dims=("unit",), stream=tmp_path / "x.npy").start("x", Units(np.zeros(1000)), 10**6)
        assert recording.nbytes <= rows.BLOCK_BYTES

    def test_the_result_is_mapped_not_read(self, tmp_path: Path) -> None:
        run = run_decay(5, x=Trace(x, dims=("unit",), stream=tmp_path / "x.npy"))
        assert not run.x.values.flags.owndata
        assert not run.x.values.flags.writeable

    def test_the_file_can_be_read_while_it_grows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rows, "BLOCK_BYTES", 2 * 3 * 8)
        seen: list[int] = []

        def watch(state: Units) -> int:
            seen.append(len(np.load(tmp_path / "x.npy")) if state.tick else 0)
            return 0

        run_decay(6, x=Trace(x, dims=("unit",), stream=tmp_path / "x.npy"), watch=Count(watch))
        assert seen[1:] == [2, 2, 4, 4, 6, 6]

    def test_an_older_result_survives_a_new_run_into_its_file(self, tmp_path: Path) -> None:
        """Its data stay mapped: cutting the file under them would kill the process."""
        trace = Trace(x, dims=("unit",), stream=tmp_path / "x.npy")
        older = run_decay(50, x=trace)
        run_decay(2, x=trace)
        assert older.x.values[50, 0] == pytest.approx((1 - 0.5 / 20.0) ** 50)
        assert len(np.load(tmp_path / "x.npy")) == 3

    def test_two_streams_into_one_file_are_refused(self, tmp_path: Path) -> None:
        trace = Trace(x, dims=("unit",), stream=tmp_path / "x.npy")
        with pytest.raises(ValueError, match="two recorders stream to the same file"):
            run_decay(2, a=trace, b=trace)

    def test_an_empty_value_cannot_be_streamed(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"values of shape \(0,\) are empty"):
            run_decay(2, a=Trace(no_units, dims=("unit",), stream=tmp_path / "x.npy"))

    def test_a_missing_folder_is_told_before_the_run(self, tmp_path: Path) -> None:
        state = Decay().init()
        with pytest.raises(FileNotFoundError) as caught:
            simulate(Decay(), state, steps=2, record={"x": Trace(x, dims=("unit",), stream=tmp_path / "no" / "x.npy")})
        assert "existing folder" in caught.value.__notes__[0]
        assert state.tick == 0

    def test_a_full_disk_keeps_the_rows_before_it(self, tmp_path: Path) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, limits[1]))
        try:
            with pytest.raises(OSError, match="too large") as caught:
                simulate(Decay(), Units(np.ones(1000)), steps=1000, record={"x": Trace(x, dims=("unit",), stream=tmp_path / "x.npy")})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        kept = np.load(tmp_path / "x.npy")
        assert len(kept) == 262  # two blocks of a megabyte
        assert f"keeps its first {len(kept)} rows" in caught.value.__notes__[0]
        np.testing.assert_allclose(kept[:, 0], (1 - 0.5 / 20.0) ** np.arange(262), rtol=1e-12)

    def test_an_error_in_the_model_leaves_a_readable_file(self, tmp_path: Path) -> None:
        def fail(state: Walker) -> None:
            if state.tick == 7:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            simulate(Walk(probe=fail), Walk().init(1), steps=9, record={"x": Trace(x, dims=("unit",), stream=tmp_path / "x.npy")})
        assert np.load(tmp_path / "x.npy").shape == (7, 4)

    @given(
        dtype=some.sampled_from(["?", "i1", "<f4", ">f8", "c8"]), shape=some.lists(some.integers(1, 3), max_size=3), n=some.integers(1, 9)
    )
    @settings(max_examples=30, deadline=None)
    def test_any_rows_come_back(self, tmp_path_factory: pytest.TempPathFactory, dtype: str, shape: list[int], n: int) -> None:
        path = tmp_path_factory.mktemp("rows") / "r.npy"
        wanted = np.random.default_rng(n).integers(0, 2, (n, *shape)).astype(dtype)
        stream = StreamRows(path, tuple(shape), np.dtype(dtype), 4)
        for row in wanted:
            stream.append(row)
        stream.close()
        found = np.load(path)
        assert found.dtype == wanted.dtype
        assert (found == wanted).all()


class TestRestoredRows:
    def stream(self, path: Path) -> StreamRows:
        return StreamRows(path, (2,), np.dtype(float), 3)

    def test_a_stream_is_cut_at_the_cursor(self, tmp_path: Path) -> None:
        first = self.stream(tmp_path / "r.npy")
        for i in range(5):
            first.append(np.full(2, i))
        saved = first.save()
        for i in range(5, 10):
            first.append(np.full(2, i))
        first.close()
        second = self.stream(tmp_path / "r.npy")
        second.restore(saved)
        assert second.values()[:, 0].tolist() == [0, 1, 2, 3, 4]
        second.append(np.full(2, 99))
        second.close()
        assert np.load(tmp_path / "r.npy")[:, 0].tolist() == [0, 1, 2, 3, 4, 99]

    @pytest.mark.parametrize("content", [None, b"", b"not an array", "short", "other", "kind"])
    def test_a_stream_that_is_not_the_one_is_refused(self, tmp_path: Path, content: Any) -> None:
        path, buffer = tmp_path / "r.npy", io.BytesIO()
        arrays = {"short": np.zeros((3, 2)), "other": np.zeros((9, 3)), "kind": np.zeros((9, 2), np.float32)}
        if content in arrays:
            np.save(buffer, arrays[content])
            content = buffer.getvalue()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"r\.npy, which the checkpoint continues, (cannot be read|holds)"):
            self.stream(path).restore({"cursor": 5})
        assert content is None or path.read_bytes() == content

    def test_rows_of_another_kind_are_refused(self) -> None:
        memory = MemoryRows((4, 2), np.dtype(float))
        for saved in (np.zeros((3, 3)), np.zeros((5, 2)), np.zeros((3, 2), int)):
            with pytest.raises(CheckpointError, match="this recorder keeps float64"):
                memory.restore({"rows": saved})


def test_no_look_gives_no_rows() -> None:
    state: Any = SimpleNamespace(x=np.zeros(2), tick=0)
    assert Trace(x, dims=("unit",)).start("x", state, 5).values().shape == (0, 2)
