"""The time loop: the slicing never shows, conditions and recorders look on a fixed schedule, Ctrl-C leaves a state that goes on."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as some
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from neurosim import simulate as function_or_module
from neurosim.fingerprints import fingerprint
from neurosim.interrupt import Interrupted
from neurosim.progress import Progress
from neurosim.record import Count, Trace
from neurosim.simulate import settled, simulate
from neurosim.state import load, save
from tests.neurosim.toys import CounterWalk, Decay, Probe, Units, Walk, Walker

ROOT = Path(__file__).parents[2]
driver = sys.modules["neurosim.simulate"]


def x(state: Any) -> np.ndarray:
    return state.x


def total(state: Any) -> int:
    return state.x.sum()


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[int]]:
    """Note the slices that a model class is asked for."""

    def watch(kind: Any) -> list[int]:
        asked: list[int] = []
        step = kind.step
        monkeypatch.setattr(kind, "step", lambda self, state, ticks, /: (asked.append(ticks), step(self, state, ticks))[1])
        return asked

    return watch


class TestNumbers:
    @pytest.mark.parametrize(
        ("model", "state"), [(Walk(), Walk().init(5)), (CounterWalk(), CounterWalk().init(5)), (Decay(), Decay().init())]
    )
    def test_2t_equals_t_save_load_t(self, tmp_path: Path, model: Any, state: Any) -> None:
        save(state, tmp_path / "start")
        halves = [simulate(model, state, steps=40, record={"x": Trace(x, dims=("unit",))})]
        save(state, tmp_path / "half")
        again = load(tmp_path / "half")
        halves.append(simulate(model, again, steps=40, record={"x": Trace(x, dims=("unit",))}))
        whole = load(tmp_path / "start")
        run = simulate(model, whole, steps=80, record={"x": Trace(x, dims=("unit",))})
        assert fingerprint(whole) == fingerprint(again)
        xr.testing.assert_identical(run.x, xr.concat([halves[0].x, halves[1].x[1:]], "time"))

    @given(
        steps=some.integers(0, 60),
        every=some.lists(some.integers(1, 17), max_size=3),
        until_every=some.integers(1, 17),
        pace=some.sampled_from([1e-9, 1e-6, 1e9]),
    )
    @settings(max_examples=50, deadline=None)
    def test_who_looks_and_how_long_slices_are_does_not_change_the_run(
        self, steps: int, every: list[int], until_every: int, pace: float
    ) -> None:
        """The oracle is the loop written by hand."""
        wanted, values = Walk().init(2), [0]
        for _ in range(steps):
            Walk().step(wanted, 1)
            values.append(int(wanted.x.sum()))
        state = Walk().init(2)
        record = {f"r{i}": Trace(total, every=period) for i, period in enumerate(every)}
        until = Never(until_every)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver, "SLICE_SECONDS", pace)
            run = simulate(Walk(), state, steps=steps, record=record, until=until)
        assert fingerprint(state) == fingerprint(wanted)
        assert until.asked == list(range(0, steps + 1, until_every))
        for i, period in enumerate(every):
            assert run[f"r{i}"].values.tolist() == values[::period]

    def test_time_goes_on_with_the_state(self) -> None:
        state = Decay().init()
        simulate(Decay(), state, steps=7)
        run = simulate(Decay(), state, steps=4, record={"x": Trace(total, every=2)})
        assert run.time.values.tolist() == [3.5, 4.5, 5.5]

    def test_no_steps_give_the_first_value(self) -> None:
        run = simulate(Decay(), Decay().init(), steps=0, record={"x": Trace(total), "n": Count(lambda state: 1)})
        assert run.x.values.tolist() == [6.0]
        assert run.n == 0
        assert run.attrs["stopped_by"] == "steps"


class Never:
    def __init__(self, every: int) -> None:
        self.every, self.asked = every, []

    def __call__(self, state: Walker) -> bool:
        self.asked.append(state.tick)
        return False


class TestSlices:
    def test_slices_grow_when_nobody_looks(self, slices: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(driver, "SLICE_SECONDS", 1e9)
        asked = slices(Decay)
        simulate(Decay(), Decay().init(), steps=1000)
        assert asked == [1, 2, 4, 8, 16, 32, 64, 128, 256, 489]

    def test_slices_end_where_somebody_looks(self, slices: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(driver, "SLICE_SECONDS", 1e9)
        asked = slices(Decay)
        simulate(Decay(), Decay().init(), steps=30, record={"a": Trace(total, every=10), "b": Count(lambda state: 1, every=4)})
        assert np.cumsum(asked).tolist() == [1, 3, 4, 8, 10, 12, 16, 20, 24, 28, 30]

    def test_slices_take_about_a_quarter_of_a_second(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The clock is the model's: a tick takes 1/128 s, then 1/8 s, then 1 s."""
        now, asked = [0.0], []

        class Slow(Decay):
            def step(self, state: Units, ticks: int, /) -> None:
                now[0] += ticks * (1 / 128 if state.tick < 512 else 1 / 8 if state.tick < 600 else 1.0)
                asked.append(ticks)
                state.tick += ticks

        monkeypatch.setattr(driver, "_now", lambda: now[0])
        simulate(Slow(), Decay().init(), steps=610)
        assert asked[:6] == [1, 2, 4, 8, 16, 32]
        assert set(asked[5:19]) == {32}
        assert set(asked[22:34]) == {2}
        assert set(asked[-7:]) == {1}

    def test_compiling_does_not_make_slices_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now, compiled, asked = [0.0], [0.0], []

        class Compiled(Decay):
            def step(self, state: Units, ticks: int, /) -> None:
                first = not asked
                now[0] += 5.0 * first + 0.01 * ticks
                compiled[0] += 5.0 * first
                asked.append(ticks)
                state.tick += ticks

        monkeypatch.setattr(driver, "_now", lambda: now[0])
        monkeypatch.setattr(driver, "compile_seconds", lambda: compiled[0])
        log = io.StringIO()
        run = simulate(Compiled(), Decay().init(), steps=7, progress=Progress(7, file=log))
        assert asked == [1, 2, 4]
        assert run.attrs["compile_seconds"] == 5.0
        assert run.attrs["wall_seconds"] == pytest.approx(5.07)
        assert "compile 5.0 s apart" in log.getvalue()


class TestUntil:
    def test_it_stops_at_the_first_tick_that_fulfils_it(self) -> None:
        run = simulate(Decay(), Decay().init(units=1), steps=1000, until=settled, record={"x": Trace(total)})
        wanted = int(np.ceil(np.log(0.5) / np.log(1 - 0.5 / 20.0)))
        assert run.attrs["ticks"] == wanted
        assert run.attrs["stopped_by"] == "until"
        assert run.x[-1] < 0.5 <= run.x[-2]

    def test_every_replica_must_settle(self) -> None:
        one, three = (simulate(Decay(), Decay().init(units=n), steps=1000, until=settled).attrs["ticks"] for n in (1, 3))
        assert three > one

    def test_it_is_asked_before_the_first_tick(self) -> None:
        state = Decay().init(x=0.01)
        assert simulate(Decay(), state, steps=10, until=settled).attrs["ticks"] == 0
        assert state.tick == 0

    def test_asked_less_often_it_stops_later(self) -> None:
        def late(state: Units) -> bool:
            return state.tick >= 5

        late.every = 4  # pyright: ignore
        assert simulate(Decay(), Decay().init(), steps=100, until=late).attrs["ticks"] == 8

    def test_the_last_tick_counts_as_fulfilled(self) -> None:
        assert simulate(Decay(), Decay().init(), steps=5, until=lambda state: state.tick == 5).attrs["stopped_by"] == "until"

    def test_settled_wants_a_state_that_knows(self) -> None:
        assert settled(SimpleNamespace(settled=True))
        assert not settled(SimpleNamespace(settled=np.array([True, False])))
        with pytest.raises(TypeError, match="needs a state with `settled`, Walker has none") as caught:
            simulate(Walk(), Walk().init(1), steps=5, until=settled)
        assert "pass a function of the state" in caught.value.__notes__[0]

    def test_an_array_is_no_answer(self) -> None:
        with pytest.raises(TypeError, match=r"until must return one truth value, got an array of shape \(3,\)"):
            simulate(Decay(), Decay().init(), steps=5, until=lambda state: state.x < 0.5)


class TestResult:
    def test_the_attributes_say_what_was_run(self) -> None:
        run = simulate(Walk(), Walk().init(11), steps=20)
        assert {key: run.attrs[key] for key in ("model", "dt", "seed", "steps", "ticks", "stopped_by")} == {
            "model": "Walk", "dt": 0.1, "seed": 11, "steps": 20, "ticks": 20, "stopped_by": "steps",
        }  # fmt: skip
        assert run.attrs["wall_seconds"] > 0.0
        assert run.attrs["compile_seconds"] == 0.0
        assert run.attrs["neurosim"]

    def test_it_can_be_written_to_a_file(self, tmp_path: Path) -> None:
        run = simulate(Walk(), Walk().init(11), steps=5, record={"x": Trace(x, dims=("unit",)), "n": Count(lambda state: True)})
        run.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
        with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as found:
            xr.testing.assert_identical(found.load(), run)

    def test_a_state_without_a_seed_gives_none(self) -> None:
        @dataclass
        class Bare:
            x: np.ndarray
            tick: int = 0

        bare: Any = Bare(np.ones(2))
        assert "seed" not in simulate(Decay(), bare, steps=2).attrs

    def test_numpy_numbers_are_numbers(self) -> None:
        state = Decay().init()
        state.tick = np.int64(4)  # pyright: ignore
        simulate(Decay(dt=np.float64(0.5)), state, steps=np.int32(3))  # pyright: ignore
        assert state.tick == 7


class TestBadInput:
    @pytest.mark.parametrize(
        ("steps", "error", "message"),
        [
            (-1, ValueError, "steps must be at least 0, got -1"),
            (10.0, TypeError, "steps must be an integer, got 10.0"),
            (float("nan"), TypeError, "steps must be an integer, got nan"),
            ("5", TypeError, "steps must be an integer, got '5'"),
            (True, TypeError, "steps must be an integer, got True"),
            (None, TypeError, "give either steps or duration, got neither"),
        ],
    )
    def test_steps_is_a_count(self, steps: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            simulate(Decay(), Decay().init(), steps=steps)

    @pytest.mark.parametrize("dt", [float("nan"), float("inf"), 0.0, -0.1, "1", None, True])
    def test_dt_is_a_positive_number(self, dt: Any) -> None:
        with pytest.raises(ValueError, match=r"model\.dt must be a positive number, got"):
            simulate(Decay(dt=dt), Decay().init(), steps=1)

    def test_model_and_state_in_the_wrong_order(self) -> None:
        model, state = Decay(), Decay().init()
        with pytest.raises(TypeError, match=r"model must have a method step\(state, ticks\), Units has none"):
            simulate(state, model, steps=1)  # pyright: ignore

    def test_a_state_without_a_clock(self) -> None:
        with pytest.raises(TypeError, match="state must have a tick, ndarray has none"):
            simulate(Decay(), np.zeros(3), steps=1)  # pyright: ignore

    @pytest.mark.parametrize(
        ("until", "message"), [(5, "until must be a function"), (SimpleNamespace(every=1), "until must be a function")]
    )
    def test_until_is_a_function(self, until: Any, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            simulate(Decay(), Decay().init(), steps=1, until=until)

    def test_until_every_is_a_count(self) -> None:
        with pytest.raises(ValueError, match=r"until\.every must be at least 1, got 0"):
            simulate(Walk(), Walk().init(1), steps=1, until=Never(0))

    def test_progress_is_a_truth_value_or_a_display(self) -> None:
        with pytest.raises(TypeError, match="progress must be a truth value or a Progress, got str"):
            simulate(Decay(), Decay().init(), steps=1, progress="yes")  # pyright: ignore

    def test_a_step_that_forgets_the_clock_is_told(self) -> None:
        class Forgetful(Decay):
            def step(self, state: Units, ticks: int, /) -> None:
                state.tick += 1

        with pytest.raises(RuntimeError, match=r"Forgetful\.step\(state, 2\) left state\.tick at 2, wanted 3") as caught:
            simulate(Forgetful(), Decay().init(), steps=5)
        assert "check_model" in caught.value.__notes__[0]


class TestProgress:
    def test_it_is_off_unless_asked_for(self, capsys: pytest.CaptureFixture[str]) -> None:
        simulate(Decay(), Decay().init(), steps=10)
        assert capsys.readouterr() == ("", "")

    def test_it_shows_ticks_on_stderr(self, capsys: pytest.CaptureFixture[str]) -> None:
        simulate(Decay(), Decay().init(), steps=10, progress=True)
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("Decay: 10/10 ticks (100%) took")

    def test_a_run_inside_a_sweep_stays_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Progress(1, "sweep"):
            simulate(Decay(), Decay().init(), steps=10, progress=True)
        assert "ticks (100%)" not in capsys.readouterr().err

    def test_a_display_that_is_open_counts_several_runs(self) -> None:
        with Progress(20, enabled=False) as progress:
            for _ in range(2):
                simulate(Decay(), Decay().init(), steps=10, progress=progress)
            assert progress.active
        assert progress.done == 20

    def test_the_first_slice_is_not_part_of_the_rate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Loading compiled code takes a second, a tick a millisecond."""
        now = [0.0]

        class Loading(Decay):
            def step(self, state: Units, ticks: int, /) -> None:
                now[0] += 0.001 * ticks + 1.0 * (state.tick == 0)
                state.tick += ticks

        monkeypatch.setattr(driver, "_now", lambda: now[0])
        monkeypatch.setattr(sys.modules["neurosim.progress"], "_now", lambda: now[0])
        progress = Progress(2000, enabled=False)
        simulate(Loading(), Decay().init(), steps=1000, progress=progress)
        assert progress.rate == pytest.approx(1000.0)
        assert progress.done == 1000


class TestCtrlC:
    def test_the_slice_ends_and_the_state_goes_on(self) -> None:
        model, state = Walk(probe=Probe(23, ctrl_c)), Walk().init(4)
        record = {"x": Trace(x, dims=("unit",))}
        with pytest.raises(Interrupted, match="interrupted at tick 23, after 23 of 60 ticks") as caught:
            simulate(model, state, steps=60, record=record)
        assert caught.value.__notes__ == ["simulate again with the same state goes on"]
        data = caught.value.data
        assert data is not None
        assert data.attrs["stopped_by"] == "interrupt"
        rest = simulate(model, state, steps=60 - data.attrs["ticks"], record=record)
        whole = simulate(Walk(), Walk().init(4), steps=60, record=record)
        xr.testing.assert_identical(xr.concat([data.x, rest.x[1:]], "time"), whole.x)

    def test_it_is_a_keyboard_interrupt(self) -> None:
        assert issubclass(Interrupted, KeyboardInterrupt)

    def test_a_second_one_stops_at_once(self) -> None:
        def twice() -> None:
            ctrl_c()
            ctrl_c()

        state = Walk().init(4)
        with pytest.raises(KeyboardInterrupt) as caught:
            simulate(Walk(probe=Probe(500, twice)), state, steps=10**6)
        assert not isinstance(caught.value, Interrupted)
        assert state.tick == 500

    def test_one_in_the_last_slice_is_not_lost(self) -> None:
        """A loop over short runs must stop too."""
        with pytest.raises(Interrupted) as caught:
            simulate(Walk(probe=Probe(1, ctrl_c)), Walk().init(4), steps=1, record={"x": Trace(total)})
        assert caught.value.data is not None
        assert caught.value.data.attrs["stopped_by"] == "steps"
        assert caught.value.data.sizes["time"] == 2

    @pytest.mark.parametrize("action", [lambda: None, ctrl_c, lambda: 1 / 0])
    def test_the_handler_is_restored(self, action: Callable[[], object]) -> None:
        before = signal.getsignal(signal.SIGINT)
        with contextlib.suppress(KeyboardInterrupt, ZeroDivisionError):
            simulate(Walk(probe=Probe(3, action)), Walk().init(4), steps=5)
        assert signal.getsignal(signal.SIGINT) is before

    def test_a_handler_that_passes_on_to_pythons_own_steps_back(self) -> None:
        """Brian2 installs one when it is imported."""

        def passing_on(number: int, frame: Any) -> None:
            signal.default_int_handler(number, frame)

        passing_on.previous_handler = signal.default_int_handler  # pyright: ignore[reportFunctionMemberAccess]
        before = signal.signal(signal.SIGINT, passing_on)
        try:
            with pytest.raises(Interrupted, match="after 3 of 5 ticks"):
                simulate(Walk(probe=Probe(3, ctrl_c)), Walk().init(4), steps=5)
            assert signal.getsignal(signal.SIGINT) is passing_on
        finally:
            signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None])
    def test_another_handler_is_left_alone(self, handler: Any) -> None:
        """Workers that ignore Ctrl-C, and programs that handle it, keep their ways."""
        before = signal.signal(signal.SIGINT, handler)
        try:
            assert simulate(Walk(probe=Probe(3, ctrl_c)), Walk().init(4), steps=5).attrs["ticks"] == 5
            assert signal.getsignal(signal.SIGINT) is handler
        finally:
            signal.signal(signal.SIGINT, before)

    def test_a_run_inside_a_run_ends_first(self) -> None:
        inner: list[int] = []

        def nested() -> None:
            inner.append(simulate(Walk(probe=Probe(3, ctrl_c)), Walk().init(4), steps=9).attrs["ticks"])

        state = Walk().init(4)
        with pytest.raises(Interrupted):
            simulate(Walk(probe=Probe(2, nested)), state, steps=1000)
        assert inner == [9]

    def test_other_threads_do_not_touch_signals(self) -> None:
        runs: list[int] = []
        thread = threading.Thread(target=lambda: runs.append(simulate(Walk(), Walk().init(4), steps=50).attrs["ticks"]))
        thread.start()
        thread.join()
        assert runs == [50]

    def test_a_real_one_in_a_real_process(self) -> None:
        """No recorder limits the slices here: the driver itself must come back often enough."""
        code = """
            from neurosim.interrupt import Interrupted
            from neurosim.simulate import simulate
            from tests.neurosim.toys import Probe, Walk
            state = Walk().init(4)
            try:
                simulate(Walk(probe=Probe(100, lambda: print("running", flush=True))), state, steps=10**9)
            except Interrupted as stopped:
                print(stopped.data.attrs["ticks"] == state.tick >= 100, stopped.data.attrs["stopped_by"])
        """
        lines = "\n".join(line.strip(" ") if not line.startswith(" " * 16) else "    " + line.strip() for line in code.splitlines())
        with subprocess.Popen([sys.executable, "-c", lines], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "running\n"
            child.send_signal(signal.SIGINT)
            assert child.stdout.read() == "True interrupt\n"
        assert child.returncode == 0


def test_the_package_exports_the_function() -> None:
    assert function_or_module is simulate
