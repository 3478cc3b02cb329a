"""Progress: the remaining time is true, compiling is shown apart, and only the outermost display is seen."""

from __future__ import annotations

import io
import json
import math
import sys
from typing import Any

import pytest

from neurosim import progress as module
from neurosim.progress import Progress, quiet


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "_now", clock)
    return clock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(progress: Progress, clock: Clock, *updates: tuple[int, float]) -> None:
    for units, seconds in updates:
        clock.pass_(seconds)
        progress.update(units)


class TestRemainingTime:
    def test_a_steady_rate_gives_the_remaining_time(self, clock: Clock) -> None:
        with Progress(100, enabled=False) as progress:
            work(progress, clock, *[(1, 2.0)] * 25)
            assert progress.rate == pytest.approx(0.5)
            assert progress.remaining == pytest.approx(150.0)

    def test_compiling_does_not_count(self, clock: Clock) -> None:
        with Progress(1000, enabled=False) as progress:
            clock.pass_(31.0)
            progress.exclude(30.0)
            progress.update(10)
            assert progress.remaining == pytest.approx(99.0)
            assert progress.excluded == {"compile": 30.0}
            assert "compile 30.0 s apart" in progress.text()

    def test_what_was_done_before_does_not_count(self, clock: Clock) -> None:
        with Progress(100, enabled=False) as progress:
            progress.skip(90)
            work(progress, clock, (1, 3.0))
            assert progress.done == 91
            assert progress.remaining == pytest.approx(27.0)

    def test_a_change_of_pace_is_believed(self, clock: Clock) -> None:
        """After as much work at the new rate as at the old one, the estimate is nearer to the new rate."""
        with Progress(10**6, enabled=False) as progress:
            work(progress, clock, *[(10, 1.0)] * 100, *[(1, 1.0)] * 100)
            assert progress.rate < 2.0

    def test_a_hiccup_is_not(self, clock: Clock) -> None:
        with Progress(10**6, enabled=False) as progress:
            work(progress, clock, *[(10, 1.0)] * 600, (10, 20.0))
            assert progress.rate == pytest.approx(10.0, rel=0.2)

    def test_nothing_is_known_at_first(self) -> None:
        with Progress(10, enabled=False) as progress:
            assert math.isnan(progress.rate)
            assert math.isnan(progress.remaining)
            assert progress.text() == "? ticks/s, ? left"

    def test_time_that_is_excluded_whole_teaches_nothing(self, clock: Clock) -> None:
        """Workers may report more compiling than time has passed."""
        with Progress(10, enabled=False) as progress:
            clock.pass_(1.0)
            progress.exclude(8.0)
            progress.update(2)
            assert progress.done == 2
            assert math.isnan(progress.rate)

    def test_no_work_is_done_work(self) -> None:
        with Progress(0, file=io.StringIO()) as progress:
            assert progress.remaining == 0.0

    @pytest.mark.parametrize(("total", "error"), [(1.5, TypeError), (True, TypeError), ("9", TypeError), (-1, ValueError)])
    def test_the_total_is_a_count(self, total: Any, error: type[Exception]) -> None:
        with pytest.raises(error, match="total must"):
            Progress(total)


class TestLogFile:
    def test_a_line_at_most_every_ten_seconds_and_one_at_the_end(self, clock: Clock) -> None:
        log = io.StringIO()
        with Progress(100, "recall", unit="point", file=log) as progress:
            progress.exclude(0.5)
            work(progress, clock, *[(1, 1.0)] * 25)
        lines = log.getvalue().splitlines()
        assert len(lines) == 3
        assert lines[0] == "recall: 10/100 points (10%), 1.04 points/s, 01:27 left, compile 0.5 s apart"
        assert lines[2] == "recall: 25/100 points (25%) took 00:25, 1.01 points/s, compile 0.5 s apart"

    def test_a_run_that_was_stopped_says_so(self) -> None:
        log = io.StringIO()

        def fail() -> None:
            with Progress(10, file=log):
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert "0/10 ticks (0%) stopped after" in log.getvalue()

    def test_json_lines(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NEUROSIM_LOG", "json")
        log = Terminal()
        with Progress(100, "recall", file=log) as progress:
            clock.pass_(2.0)
            progress.exclude(2.0)
            work(progress, clock, (5, 10.0))
            progress.note("point failed")
        events = [json.loads(line) for line in log.getvalue().splitlines()]
        assert [event["event"] for event in events] == ["progress", "note", "finished"]
        assert events[0]["done"] == 5
        assert events[0]["remaining_seconds"] == pytest.approx(190.0)
        assert events[0]["compile_seconds"] == 2.0
        assert events[1]["text"] == "point failed"

    def test_a_full_or_closed_log_does_not_end_the_run(self) -> None:
        log = io.StringIO()
        with Progress(10, file=log) as progress:
            log.close()
            progress.note("unseen")
            progress.update(10)
        assert progress.done == 10

    def test_without_any_stderr_nothing_is_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        with Progress(10) as progress:
            progress.update(10)
        assert progress.done == 10


class TestBar:
    def test_a_terminal_gets_a_bar_with_our_remaining_time(self, clock: Clock) -> None:
        screen = Terminal()
        with Progress(100, "recall", file=screen) as progress:
            work(progress, clock, (50, 30.0))
            assert "recall:  50%" in screen.getvalue()
            assert "50/100, 1.67 ticks/s, 00:30 left" in screen.getvalue()
            progress.note("half way")
        assert "half way\n" in screen.getvalue()

    def test_a_finished_bar_says_how_long_it_took(self, clock: Clock) -> None:
        screen = Terminal()
        with Progress(100, file=screen) as progress:
            work(progress, clock, (100, 75.0))
        assert "100/100, 1.33 ticks/s, took 01:15" in screen.getvalue()

    def test_a_notebook_gets_a_bar(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        """There, stderr is no terminal; tqdm picks the widget, or text where there are none."""
        kernel = type("Kernel", (), {"config": {"IPKernelApp": {}}})()
        monkeypatch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": staticmethod(lambda: kernel)}))
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        with Progress(10) as progress:
            work(progress, clock, (10, 1.0))
        assert "10/10" in sys.stderr.getvalue()  # pyright: ignore

    def test_a_fast_loop_draws_rarely(self, clock: Clock) -> None:
        screen = Terminal()
        with Progress(10_000, file=screen) as progress:
            work(progress, clock, *[(1, 0.001)] * 1000)
        assert screen.getvalue().count("\r") < 30


class TestNesting:
    def test_only_the_outermost_is_shown(self) -> None:
        log = io.StringIO()
        with Progress(2, "sweep", file=log) as outer:
            for _ in range(2):
                with Progress(5, "run", file=log) as inner:
                    inner.update(5)
                outer.update()
        assert log.getvalue().count("\n") == 1
        assert log.getvalue().startswith("sweep: 2/2")

    def test_one_after_the_other_are_both_shown(self) -> None:
        log = io.StringIO()
        for _ in range(2):
            with Progress(1, file=log) as progress:
                progress.update()
        assert log.getvalue().count("\n") == 2

    def test_a_quiet_one_hides_those_inside_it_too(self) -> None:
        log = io.StringIO()
        with Progress(1, file=log, enabled=False), Progress(1, file=log):
            pass
        assert log.getvalue() == ""

    def test_quiet_hides_and_ends(self) -> None:
        log = io.StringIO()
        with quiet(), Progress(1, file=log):
            pass
        assert log.getvalue() == ""
        with Progress(1, file=log):
            pass
        assert log.getvalue() != ""
