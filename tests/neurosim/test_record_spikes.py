"""Spikes as events: none is missed whatever the slices, and they survive a stop, a kill and a full memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
import hypothesis.strategies as some
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from neurosim import checkpoint as checkpoints
from neurosim import rows
from neurosim import spikes as module
from neurosim.conformance import check_model
from neurosim.errors import CheckpointError, RecordingTooLarge
from neurosim.interrupt import Interrupted
from neurosim.plot.live import live
from neurosim.record import Count, Spikes, Trace
from neurosim.rows import GrowingRows
from neurosim.simulate import simulate
from neurosim.spikes import EVENT, EventRows, SpikeBuffer
from neurosim.state import load, save
from tests.neurosim.toys import Probe

ROOT = Path(__file__).parents[2]


@dataclass
class Firing:
    spikes: dict[str, SpikeBuffer]
    tick: int = 0
    seed: int = 0
    x: np.ndarray = field(default_factory=lambda: np.zeros(1))


@dataclass(frozen=True)
class Poisson:
    """Units that fire with a probability per tick, f(seed, tick); `probe` is called with the length of every slice."""

    probability: float = 0.1
    dt: float = 0.5
    probe: Callable[[int], object] | None = None

    def init(self, seed: int = 1, units: int = 6, depth: int = 16, capacity: int | None = None) -> Firing:
        return Firing({"exc": SpikeBuffer.empty(units, depth=depth, capacity=capacity)}, seed=seed)

    def fired(self, state: Firing, tick: int) -> np.ndarray:
        noise = np.random.Generator(np.random.Philox(key=state.seed, counter=tick))
        return noise.random(state.spikes["exc"].n_units) < self.probability

    def step(self, state: Firing, ticks: int, /) -> None:
        if self.probe is not None:
            self.probe(ticks)
        for tick in range(state.tick, state.tick + ticks):
            state.spikes["exc"].append(np.flatnonzero(self.fired(state, tick)))
        state.tick += ticks


@dataclass(frozen=True)
class Clock(Poisson):
    """Unit i fires every i + 1 ticks, for the first time in tick i."""

    def fired(self, state: Firing, tick: int) -> np.ndarray:
        return (tick + 1) % (np.arange(state.spikes["exc"].n_units) + 1) == 0


def run_poisson(steps: int, recorder: Any = None, *, model: Poisson = Poisson(), state: Any = None, **changes: Any) -> xr.Dataset:  # noqa: B008
    return simulate(model, state or model.init(), steps=steps, record={"exc": recorder or Spikes("exc")}, **changes)


def same(run: xr.Dataset, other: xr.Dataset) -> None:
    """Compare all but the seconds."""
    seconds = ("wall_seconds", "compile_seconds")
    one, two = (data.assign_attrs(dict.fromkeys(seconds, 0.0)) for data in (run, other))
    xr.testing.assert_identical(one, two)


def events(run: xr.Dataset) -> tuple[list[float], list[int]]:
    return run.exc_time.values.tolist(), run.exc_unit.values.tolist()


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing take any time, so that slices grow however busy the machine is."""
    monkeypatch.setattr(sys.modules["neurosim.simulate"], "_now", lambda: 0.0)


class TestEvents:
    def test_clocks_fire_when_they_should(self) -> None:
        run = run_poisson(60, model=Clock())
        assert run.exc_unit.dims == run.exc_time.dims == ("exc_spike",)
        for unit in range(6):
            at = run.exc_time.values[run.exc_unit.values == unit]
            np.testing.assert_array_equal(at, 0.5 * np.arange(unit, 60, unit + 1))

    def test_the_result_says_what_it_holds(self) -> None:
        run = run_poisson(60, model=Clock())
        assert run.exc_unit.dtype == np.uint32
        assert run.exc_unit.attrs == {"long_name": "unit", "n_units": 6, "rate": 1000.0 * run.exc_unit.size / (6 * 30.0)}
        assert run.exc_time.attrs == {"long_name": "time", "units": "ms", "start": 0.0, "stop": 30.0}

    @given(
        units=some.integers(1, 8),
        depth=some.integers(1, 12),
        capacity=some.integers(0, 30),
        steps=some.integers(0, 60),
        every=some.integers(1, 20),
        probability=some.sampled_from([0.0, 0.05, 0.5, 1.0]),
    )
    @settings(max_examples=40)
    def test_none_is_missed_for_any_slices(self, units: int, depth: int, capacity: int, steps: int, every: int, probability: float) -> None:
        """Also where every unit fires in every tick and the buffer holds a single tick."""
        slices: list[int] = []
        model = Poisson(probability, probe=slices.append)
        state = model.init(3, units, depth, units + capacity)
        reach = state.spikes["exc"].reach
        dense = np.array([model.fired(state, tick) for tick in range(steps)]).reshape(steps, units)
        run = simulate(model, state, steps=steps, record={"exc": Spikes("exc"), "n": Count(lambda state: 1, every=every)})
        ticks, who = np.nonzero(dense)
        np.testing.assert_array_equal(run.exc_time, 0.5 * ticks)
        np.testing.assert_array_equal(run.exc_unit, who)
        assert max(slices, default=0) <= min(reach, every)

    def test_slices_grow_to_the_reach_of_the_buffer(self, no_time: None) -> None:
        slices: list[int] = []
        run_poisson(400, model=Poisson(probe=slices.append))
        assert slices == [1, 2, 4, 8, *[16] * 24, 1]

    def test_they_keep_their_own_looks_beside_a_trace(self, no_time: None) -> None:
        slices: list[int] = []
        model = Poisson(probe=slices.append)
        run = simulate(model, model.init(), steps=60, record={"exc": Spikes("exc"), "tick": Trace(lambda state: state.tick, every=20)})
        assert run.tick.values.tolist() == [0, 20, 40, 60]
        assert run.tick.dims == ("time",)
        assert events(run) == events(run_poisson(60))
        assert len(slices) < 12

    def test_the_model_keeps_its_promises(self) -> None:
        check_model(Poisson(0.5), Poisson().init(depth=3, capacity=8), ticks=9)

    def test_a_function_of_the_state_may_say_where_they_are(self) -> None:
        assert events(run_poisson(50, Spikes(lambda state: state.spikes["exc"]))) == events(run_poisson(50))

    def test_chosen_units_keep_their_numbers(self) -> None:
        whole, run = run_poisson(200), run_poisson(200, Spikes("exc", units=[4, 1]))
        kept = np.isin(whole.exc_unit, [1, 4])
        np.testing.assert_array_equal(run.exc_unit, whole.exc_unit[kept])
        np.testing.assert_array_equal(run.exc_time, whole.exc_time[kept])
        assert run.exc_unit.attrs["recorded"].tolist() == [1, 4]
        assert run.exc_unit.attrs["rate"] == pytest.approx(1000.0 * kept.sum() / (2 * 100.0))

    @pytest.mark.parametrize(("steps", "probability"), [(0, 0.5), (50, 0.0)])
    @pytest.mark.parametrize("streamed", [False, True])
    def test_no_spike_is_a_result(self, tmp_path: Path, steps: int, probability: float, streamed: bool) -> None:
        run = run_poisson(steps, Spikes("exc", stream=tmp_path / "s.npy" if streamed else None), model=Poisson(probability))
        assert run.sizes["exc_spike"] == 0
        assert (run.exc_unit.dtype, run.exc_time.dtype) == (np.uint32, np.float64)
        assert run.exc_unit.attrs["rate"] == 0.0 or steps == 0

    def test_until_keeps_the_spikes_up_to_the_stop(self) -> None:
        def late(state: Firing) -> bool:
            return state.tick >= 33

        run = run_poisson(100, until=late)
        assert events(run) == events(run_poisson(33))
        assert run.exc_time.attrs["stop"] == 16.5

    def test_the_dataset_can_be_written(self, tmp_path: Path) -> None:
        run = run_poisson(50, Spikes("exc", units=[0, 2]))
        run.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
        with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as again:
            assert events(again) == events(run)
            assert again.exc_unit.attrs["recorded"].tolist() == [0, 2]

    def test_a_picture_may_watch_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn: list[xr.Dataset] = []
        monkeypatch.setattr(sys.modules["neurosim.plot.live"], "in_notebook", lambda: True)
        monkeypatch.setattr(sys.modules["neurosim.plot.live"].Picture, "show", lambda self, draw: draw(None))
        run = run_poisson(50, live(Spikes("exc"), lambda run, name, ax: drawn.append(run) or ax, interval=0.0, dt=0.5))
        assert events(drawn[-1]) == events(run)
        assert drawn[-1].exc_unit.attrs == run.exc_unit.attrs


class TestGoingOn:
    @pytest.mark.parametrize("half", [1, 37])
    def test_two_halves_are_the_whole(self, tmp_path: Path, half: int) -> None:
        state = Poisson().init()
        first = run_poisson(half, state=state)
        save(state, tmp_path / "state")
        second = run_poisson(half, state=load(tmp_path / "state", Firing))
        whole = run_poisson(2 * half)
        joined = xr.concat([first, second], "exc_spike", combine_attrs="drop")
        assert events(joined) == events(whole)
        assert second.exc_time.attrs["start"] == 0.5 * half

    def test_another_run_starts_where_the_state_stands(self) -> None:
        state = Poisson().init()
        run_poisson(40, state=state)
        with_record = run_poisson(10, state=state)
        assert (with_record.exc_time >= 20.0).all()

    @pytest.mark.parametrize("tick", [1, 47, 100])
    @pytest.mark.parametrize("streamed", [False, True])
    def test_a_stopped_run_goes_on(self, tmp_path: Path, tick: int, streamed: bool) -> None:
        stream = tmp_path / "s.npy" if streamed else None
        with pytest.raises(Interrupted) as caught:
            disturbed(tmp_path / "c", tick, lambda: signal.raise_signal(signal.SIGINT), stream)
        assert caught.value.data is not None
        assert events(caught.value.data) == events(run_poisson(tick))
        same(disturbed(tmp_path / "c", stream=stream), disturbed(None))

    @pytest.mark.parametrize(("tick", "streamed"), [(1, True), (53, False), (53, True), (100, True)])
    def test_a_killed_run_goes_on(self, tmp_path: Path, tick: int, streamed: bool) -> None:
        stream = tmp_path / "s.npy" if streamed else None
        code = f"""
import os, pathlib, signal
from neurosim import checkpoint, rows
from tests.neurosim.test_record_spikes import disturbed
checkpoint.PATIENCE, rows.BLOCK_BYTES = 0.0, 36
checkpoint.Keeper.due = property(lambda self: self._state.tick % 10 == 0)
stream = {str(stream)!r}
disturbed({str(tmp_path / "c")!r}, {tick}, lambda: os.kill(os.getpid(), signal.SIGKILL), None if stream == "None" else pathlib.Path(stream))
"""
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert (tmp_path / "c").exists() == (tick > 10)
        same(disturbed(tmp_path / "c", stream=stream), disturbed(None))
        if stream is not None:
            assert (0.5 * np.load(stream)["tick"] == disturbed(None).exc_time.values).all()

    @pytest.mark.parametrize("streamed", [False, True])
    def test_a_finished_run_is_not_run_again(self, tmp_path: Path, streamed: bool) -> None:
        stream = tmp_path / "s.npy" if streamed else None
        first = disturbed(tmp_path / "c", stream=stream)
        same(disturbed(tmp_path / "c", 5, lambda: pytest.fail("it was run again"), stream), first)

    @pytest.mark.parametrize(
        "recorder", [Spikes("exc", units=[0]), Spikes(lambda state: state.spikes["exc"]), Spikes("exc", stream="t.npy")]
    )
    def test_other_recorders_are_told(self, tmp_path: Path, recorder: Spikes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        disturbed(tmp_path / "c")
        with pytest.raises(CheckpointError, match="it recorded 'exc' otherwise"):
            run_poisson(100, recorder, until=Probe(-1, int), checkpoint=tmp_path / "c")

    def test_a_checkpoint_between_looks_of_others_keeps_all_spikes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_time: None
    ) -> None:
        """One after every slice; the slices of the second call are others."""
        monkeypatch.setattr(checkpoints, "PATIENCE", 0.0)
        monkeypatch.setattr(checkpoints.Keeper, "due", True)

        def fail(ticks: int) -> None:
            if len(slices) == 6:
                raise ZeroDivisionError
            slices.append(ticks)

        def call(path: Path | None) -> xr.Dataset:
            record = {"exc": Spikes("exc"), "tick": Trace(lambda state: state.tick, every=30)}
            return simulate(Failing(), Failing().init(), steps=100, record=record, checkpoint=path)

        slices: list[int] = []
        with monkeypatch.context() as patch:
            patch.setattr(Failing, "calls", staticmethod(fail))
            with pytest.raises(ZeroDivisionError):
                call(tmp_path / "c")
        assert slices == [1, 2, 4, 8, 15, 16]
        same(call(tmp_path / "c"), call(None))


class Failing(Poisson):
    """Its class, which does not belong to the parameters, says what happens at a slice."""

    calls: Callable[[int], object] = int

    def step(self, state: Firing, ticks: int, /) -> None:
        type(self).calls(ticks)
        super().step(state, ticks)


def disturbed(path: Any, tick: int = -1, action: Callable[[], object] = int, stream: Path | None = None) -> xr.Dataset:
    """Run 100 ticks with a checkpoint; at a tick, something happens."""
    return run_poisson(100, Spikes("exc", stream=stream), until=Probe(tick, action), checkpoint=path)


class TestStream:
    @pytest.mark.parametrize("block", [1, 36, 1 << 20])
    def test_the_file_holds_what_memory_would(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
        monkeypatch.setattr(rows, "BLOCK_BYTES", block)
        wanted, run = run_poisson(300), run_poisson(300, Spikes("exc", stream=tmp_path / "s.npy"))
        same(run, wanted)
        kept = np.load(tmp_path / "s.npy")
        assert (kept["tick"] * 0.5 == wanted.exc_time.values).all()
        assert (kept["unit"] == wanted.exc_unit.values).all()

    def test_memory_holds_one_block_and_the_result_is_mapped(self, tmp_path: Path) -> None:
        spikes = Spikes("exc", stream=tmp_path / "s.npy")
        assert spikes.start("exc", Poisson().init(), 10**9).nbytes <= rows.BLOCK_BYTES
        assert not run_poisson(50, spikes).exc_unit.values.flags.owndata

    def test_times_are_worked_out_where_they_are_looked_at(self, tmp_path: Path) -> None:
        """All of them might not fit in memory."""
        wanted, run = run_poisson(300), run_poisson(300, Spikes("exc", stream=tmp_path / "s.npy"))
        assert not isinstance(run.exc_time.variable._data, np.ndarray)
        part = slice(7, 90, 5)
        xr.testing.assert_equal(run.isel(exc_spike=part), wanted.isel(exc_spike=part))
        assert run.exc_time[3] == wanted.exc_time[3]
        kept = run.exc_time > 40.0
        xr.testing.assert_equal(run.isel(exc_spike=np.flatnonzero(kept)), wanted.isel(exc_spike=np.flatnonzero(kept)))
        same(cloudpickle.loads(cloudpickle.dumps(run)), wanted)
        same(run.copy(deep=True), wanted)

    def test_two_streams_into_one_file_are_refused(self, tmp_path: Path) -> None:
        spikes = Spikes("exc", stream=tmp_path / "s.npy")
        with pytest.raises(ValueError, match="two recorders stream to the same file"):
            simulate(Poisson(), Poisson().init(), steps=2, record={"a": spikes, "b": spikes})


class TestMemory:
    def test_spikes_that_outgrow_it_stop_the_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "free_memory", lambda: 50_000)
        monkeypatch.setattr(module, "SMALL_BYTES", 1000)
        state = Poisson().init()
        with pytest.raises(RecordingTooLarge) as caught:
            run_poisson(10_000, model=Poisson(1.0), state=state)
        # 4,096 events of 12 bytes fit into 50 kB, 8,192 do not
        assert "recorder 'exc' holds 4,0" in str(caught.value)
        assert "98.3 kB in memory, 50.0 kB are free" in str(caught.value)
        assert all(word in caught.value.__notes__[0] for word in ("units=", "stream="))
        assert state.spikes["exc"].tick == state.tick

    @given(pieces=some.lists(some.integers(0, 3000), max_size=6))
    def test_rows_grow_without_loss(self, pieces: list[int]) -> None:
        asked: list[int] = []
        growing, wanted = GrowingRows(np.dtype(int), asked.append), np.arange(sum(pieces))
        for piece in np.split(wanted, np.cumsum(pieces)[:-1]) if pieces else []:
            growing.extend(piece)
            growing.room(7)[...] = -1
            growing.keep(0)
        assert (growing.values() == wanted).all()
        assert len(growing) == len(wanted)
        assert asked == sorted(set(asked))

    def test_room_that_is_not_used_is_given_back(self) -> None:
        """Few units of many are recorded: each look asks for room for all spikes and keeps few."""
        tracemalloc.start()
        growing = GrowingRows(np.dtype(int), lambda nbytes: None)
        for _ in range(50):
            growing.room(100_000)[:3] = 1
            growing.keep(3)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert growing.values().tolist() == [1] * 150
        assert held < 2 * 8 * 100_000

    @given(ticks=some.lists(some.integers(0, 50), max_size=200), cut=some.integers(0, 200))
    def test_events_are_kept_and_taken_back(self, ticks: list[int], cut: int) -> None:
        events = np.zeros(len(ticks), EVENT)
        events["tick"], events["unit"] = sorted(ticks), range(len(ticks))
        rows, other = EventRows(lambda nbytes: None), EventRows(lambda nbytes: None)
        rows.extend(events[:cut])
        other.extend(events)
        other.restore(rows.save())
        for one in (rows, other):
            one.extend(events[cut:])
            assert one.values().tolist() == events.tolist()

    def test_rows_of_another_kind_are_refused(self) -> None:
        with pytest.raises(CheckpointError, match="this recorder keeps"):
            EventRows(print).restore({"rows": np.zeros(3)})


class Lying:
    """A buffer that hands over what it is told."""

    n_units, reach = 6, 4

    def __init__(self, ticks: list[int], units: list[int]) -> None:
        self.given = np.array(ticks, np.int64), np.array(units, np.uint32)

    def between(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        return self.given if stop > first else (self.given[0][:0], self.given[1][:0])


class TestBadInput:
    @pytest.mark.parametrize(
        ("kwargs", "error", "message"),
        [
            ({"source": 3}, TypeError, "source must be a name or a function of the state, got int"),
            ({"units": [0.5]}, TypeError, "units must be a sequence of integers"),
            ({"units": [1, 1]}, ValueError, "repeated"),
            ({"stream": "s.csv"}, ValueError, "stream must name a .npy file"),
        ],
    )
    def test_settings_are_checked_when_it_is_built(self, kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Spikes(**{"source": "exc", **kwargs})

    @pytest.mark.parametrize(
        ("recorder", "error", "message", "hint"),
        [
            (Spikes("ex"), ValueError, "no population 'ex'", "did you mean 'exc'?"),
            (Spikes("zzz"), ValueError, "no population 'zzz'", "known names: exc"),
            (Spikes("exc", units=[6]), ValueError, "units must be below 6, got 6", ""),
            (Spikes(lambda state: state.x), TypeError, "what source returned must be a neurosim.spikes.SpikeBuffer, got ndarray", ""),
        ],
    )
    def test_a_wrong_name_or_unit_is_told_before_the_run(self, recorder: Any, error: type[Exception], message: str, hint: str) -> None:
        state = Poisson().init()
        with pytest.raises(error, match=f"recorder 'exc': {message}") as caught:
            run_poisson(5, recorder, state=state)
        assert "".join(getattr(caught.value, "__notes__", [])) == hint
        assert state.tick == 0

    def test_a_state_without_spikes_is_told(self) -> None:
        state = Poisson().init()
        state.spikes = None  # pyright: ignore
        with pytest.raises(TypeError, match="Firing.spikes must map names to spike buffers"):
            run_poisson(5, state=state)

    @pytest.mark.parametrize(
        ("ticks", "units"), [([0, 0], [1, 1]), ([0, 0], [2, 1]), ([1, 0], [0, 0]), ([0], [6]), ([1], [0]), ([0, 0], [3])]
    )
    def test_events_out_of_order_are_refused(self, ticks: list[int], units: list[int]) -> None:
        with pytest.raises(ValueError, match=r"recorder 'exc': (spikes up to tick 1 are not in order|got 2 ticks of 1 spikes)"):
            run_poisson(5, Spikes(lambda state: Lying(ticks, units)))

    def test_a_model_that_forgets_its_buffer_is_told(self) -> None:
        class Forgetful(Poisson):
            def step(self, state: Firing, ticks: int, /) -> None:
                state.tick += ticks

        with pytest.raises(ValueError, match="ticks 0 to 1 were asked for, the buffer holds those of 0 to 0"):
            run_poisson(5, model=Forgetful())

    @pytest.mark.parametrize(
        "recorders",
        [
            {"exc": Spikes("exc"), "exc_unit": Count(lambda state: 1)},
            {"exc": Spikes("exc"), "exc_time": Count(lambda state: 1)},
            {"exc": Spikes("exc"), "exc_spike": Count(lambda state: 1)},
            {"exc": Spikes("exc"), "x": Trace(lambda state: state.x, dims=("exc_unit",))},
            {"exc": Spikes("exc"), "x": Trace(lambda state: state.x, dims=("exc_spike",))},
        ],
    )
    def test_names_that_clash_are_refused_before_the_run(self, recorders: dict[str, Any]) -> None:
        state = Poisson().init()
        with pytest.raises(ValueError, match=r"rename one of them|both have an axis 'exc_spike'"):
            simulate(Poisson(), state, steps=5, record=recorders)
        assert state.tick == 0
