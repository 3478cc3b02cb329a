"""The benchmarks run at tiny sizes, refuse to time unequal answers, and count correctly. No duration is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import bench_hopfield, harness
from benchmarks.harness import Calibration, Contender, Mismatch, Race, Row

ROOT = Path(__file__).resolve().parents[1]


def agree(answers: list[Any]) -> str:
    if len(set(answers)) > 1:
        raise Mismatch(f"got {answers}")
    return f"all {answers[0]}"


def row(**changes: Any) -> Row:
    plain: dict[str, Any] = {
        "race": "race", "contender": "peer", "arithmetic": "", "unit": "call", "clock": "cpu", "cpu": (2.0, 1.0, 3.0),
        "wall": (4.0, 3.0, 5.0), "cpu_per_item": None, "ratio": None, "goal": None, "goal_kind": "ratio",
    }  # fmt: skip
    return Row(**{**plain, **changes})


class Tape:
    """A clock that reads what it is told: every call of `work` moves it on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.log: list[str] = []
        monkeypatch.setattr(harness, "cpu_clock", lambda: self.now)
        monkeypatch.setattr(harness.time, "perf_counter", lambda: 10 * self.now)

    def side(self, name: str, *costs: float, answer: Any = 1, **options: Any) -> Contender:
        left = iter(costs)

        def work() -> Any:
            self.log.append(name)
            self.now += next(left)
            return answer

        return Contender(name, work, "exact", **options)


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Tape:
    return Tape(monkeypatch)


class TestRace:
    def test_rounds_alternate_after_a_warm_call_of_each(self, tape: Tape) -> None:
        harness.run_race(Race("race", [tape.side("a", *[1] * 3), tape.side("b", *[1] * 3)], agree), 2, say=lambda text: None)
        assert tape.log == ["a", "b", "a", "b", "a", "b"]

    def test_times_and_ratios_are_medians_over_the_rounds_without_the_warm_call(self, tape: Tape) -> None:
        sides = [tape.side("ours", 99, 1, 2, 4), tape.side("peer", 99, 10, 30, 20)]
        ours, peer = harness.run_race(Race("race", sides, agree, goals={"peer": 10.0}), 3, say=lambda text: None)
        assert (ours.cpu, peer.cpu) == ((2, 1, 4), (20, 10, 30))
        assert ours.wall == pytest.approx((20, 10, 40))
        assert (ours.ratio, peer.ratio) == (None, (10, 5, 15))
        assert (ours.met, peer.met) == (None, True)

    def test_each_side_is_divided_by_its_own_work_and_repeats(self, tape: Tape) -> None:
        sides = [tape.side("ours", 9, 4, 6, repeats=2, work=lambda answer: 5), tape.side("peer", 9, 40, work=lambda answer: 4)]
        ours, peer = harness.run_race(Race("race", sides, agree, batch=(5, "cue")), 1, say=lambda text: None)
        assert (ours.cpu[0], peer.cpu[0], peer.ratio) == (1, 10, (10, 10, 10))
        assert (ours.cpu_per_item, peer.cpu_per_item) == ((1, "cue"), (8, "cue"))

    def test_unequal_answers_are_not_timed(self, tape: Tape) -> None:
        sides = [tape.side("a", *[1] * 9), tape.side("b", *[1] * 9, answer=2)]
        said: list[str] = []
        with pytest.raises(Mismatch, match=r"got \[1, 2\]"):
            harness.run_race(Race("race", sides, agree), 5, say=said.append)
        assert tape.log == ["a", "b"]
        assert said == []

    def test_equal_answers_are_told_before_the_first_round(self, tape: Tape) -> None:
        counts = []
        harness.run_race(Race("a title", [tape.side("a", 1, 1)], agree), 1, say=lambda text: counts.append((len(tape.log), text)))
        assert counts == [(1, "\na title\n  equal answers: all 1")]


class TestGoals:
    @pytest.mark.parametrize(("ratio", "met"), [(119.9, False), (120.0, True)])
    def test_a_ratio_is_reached_from_below(self, ratio: float, met: bool) -> None:
        assert row(ratio=(ratio, 1.0, 500.0), goal=120.0).met is met

    def test_seconds_are_an_upper_limit_of_the_clock_named(self) -> None:
        assert row(goal=2.0, goal_kind="seconds").met
        assert not row(goal=1.9, goal_kind="seconds").met
        assert not row(goal=3.9, goal_kind="seconds", clock="wall").met

    def test_seconds_grow_on_a_slower_machine_and_never_shrink(self, tape: Tape) -> None:
        slow = Calibration(harness.REFERENCE["gemm_gflops"] / 2, harness.REFERENCE["memory_gb_per_s"] / 2).slowdown
        assert slow == pytest.approx(2.0)
        assert Calibration(1e6, 1e6).slowdown == 1.0
        (only,) = harness.run_race(Race("race", [tape.side("a", 1, 1, at_most=3.0)], agree), 1, slow, say=lambda text: None)
        assert (only.goal, only.goal_kind) == (pytest.approx(6.0), "seconds")

    def test_the_table_shows_goal_ratio_and_verdict(self) -> None:
        text = harness.table([row(contender="ours"), row(ratio=(100.0, 90.0, 110.0), goal=120.0)])
        assert "2 s [1 s - 3 s]" in text
        assert "100x [90 - 110]" in text
        assert ">= 120x" in text
        assert "MISSED" in text
        assert "-  " not in text.splitlines()[0]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 ns"), (1.6e-9, "1.6 ns"), (2.5e-6, "2.5 us"), (0.25, "250 ms"), (12.0, "12 s")])
def test_times_are_written_with_a_fitting_unit(value: float, text: str) -> None:
    assert harness.seconds(value) == text


def test_calibration_measures_something() -> None:
    found = harness.calibrate(rounds=1, size=64, megabytes=1)
    assert found.gemm_gflops > 0
    assert found.memory_gb_per_s > 0


class TestHopfield:
    def test_all_sides_of_all_races_agree(self) -> None:
        for race in bench_hopfield.races(tiny=True):
            answers = [side.run() for side in race.contenders]
            assert race.same(answers)

    def test_numpy_visits_in_our_order(self) -> None:
        given = bench_hopfield.problem(200, 0.15, 3)
        orders = bench_hopfield.visiting_orders(3, 200, 30)
        assert all(sorted(order) == list(range(200)) for cue in orders for order in cue)
        weights = bench_hopfield.couplings(given.patterns)
        ours = bench_hopfield.ours(given)
        for one in (bench_hopfield.plain_recall_one, bench_hopfield.tuned_recall_one):
            theirs = bench_hopfield.numpy_recall(one, weights, given.cues, orders)
            np.testing.assert_array_equal(ours.spins, theirs.spins)
            assert ours.visits == theirs.visits

    def test_one_wrong_unit_is_seen(self) -> None:
        given = bench_hopfield.problem(200, 0.05, 2)
        right = bench_hopfield.ours(given)
        wrong = right._replace(spins=right.spins * np.where(np.arange(200) == 7, -1, 1).astype(np.int8))
        with pytest.raises(Mismatch, match="2 units differ"):
            bench_hopfield.same_states(given, [right, wrong])
        with pytest.raises(Mismatch, match="no fixed points"):
            bench_hopfield.same_attractors(given, [right, wrong])
        with pytest.raises(Mismatch, match="visits"):
            bench_hopfield.same_states(given, [right, right._replace(visits=0)])


class TestCommand:
    def test_names_are_the_files(self) -> None:
        assert command.known() == sorted(path.stem[6:] for path in (ROOT / "benchmarks").glob("bench_*.py"))

    @pytest.mark.parametrize(
        ("arguments", "said"), [(["hopfeld"], "unknown benchmark 'hopfeld'"), (["--rounds", "0"], "at least 1, got 0")]
    )
    def test_wrong_use(self, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            command.main(arguments)
        assert said in capsys.readouterr().err

    def test_a_tiny_run_prints_tables_and_writes_numbers(self, tmp_path: Path) -> None:
        document = self.run("hopfield", tmp_path / "numbers.json")
        assert {"machine", "calibration", "rows"} == set(document)
        assert {row["contender"] for row in document["rows"]} >= {"neurosim", "numpy W[i] @ s", "numpy, tuned loop"}
        assert all(row["cpu"][1] <= row["cpu"][0] <= row["cpu"][2] for row in document["rows"])

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["startup", "sweep", "network", "network_costs", "oscillators", "sdr"])
    def test_the_others_run(self, name: str, tmp_path: Path) -> None:
        assert self.run(name, tmp_path / "numbers.json")["rows"]

    @staticmethod
    def run(name: str, path: Path) -> dict[str, Any]:
        arguments = [sys.executable, "-m", "benchmarks", name, "--tiny", "--rounds", "1", "--json", str(path)]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "calibration" in done.stdout
        assert done.stdout.count("equal answers: ") >= 1
        return json.loads(path.read_text())
