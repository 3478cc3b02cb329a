"""The benchmark of sparse codes: its sides agree at tiny sizes, a wrong answer is seen, htm.core is raced where it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import bench_sdr, harness
from benchmarks.bench_sdr import Timed
from benchmarks.harness import Mismatch
from benchmarks.peers import htm

PROGRAM = """#!{python}
import struct, sys
for line in sys.stdin.buffer:
    order, *numbers = line.split()
    if order == b"stop":
        sys.exit(3)
    n = int(numbers[0])
    found = struct.unpack(f"<{{n}}i", sys.stdin.buffer.read(4 * n))
    sys.stdout.buffer.write(f"2000 5000 {{n}}\\n".encode() + struct.pack(f"<{{n}}i", *(2 * number for number in found)))
    sys.stdout.buffer.flush()
"""


def answered(found: Any) -> Timed:
    return Timed(1.0, 1.0, found)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a program in the environment that gives back each array, doubled."""
    path = tmp_path / "doubles"
    path.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv(htm.VARIABLE, str(path))
    return path


class TestProgram:
    def test_arrays_go_through_the_pipe_and_times_come_back_in_seconds(self, program: Path) -> None:
        peer = htm.start()
        assert peer is not None
        for numbers in ([1, -7, 2**30 - 1], [5]):
            reply = peer.order(f"double {len(numbers)}", np.array(numbers, np.int64))
            assert reply.found.tolist() == [2 * number for number in numbers]
            assert (reply.cpu, reply.wall) == pytest.approx((2e-6, 5e-6))
        peer.close()

    def test_a_program_that_ends_is_told_with_the_order(self, program: Path) -> None:
        peer = htm.start()
        assert peer is not None
        with pytest.raises(RuntimeError, match="NEUROSIM_HTM: the program ended with status 3 at the order 'stop'"):
            peer.order("stop")

    @pytest.mark.parametrize(("path", "said"), [(None, "is not set"), ("/no/such/program", "names '/no/such/program', which cannot run")])
    def test_without_it_there_is_no_race_and_the_reason_is_told(
        self, path: str | None, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv(htm.VARIABLE, raising=False)
        if path is not None:
            monkeypatch.setenv(htm.VARIABLE, path)
        assert htm.start() is None
        assert f"{htm.VARIABLE} {said}: no race against htm.core" in capsys.readouterr().out


class TestAnswers:
    def test_one_other_number_is_seen(self) -> None:
        right = np.arange(5)
        assert bench_sdr.same_arrays("counts identical", [answered(right), answered(right.astype(np.uint8))]) == "5 counts identical"
        assert bench_sdr.same_arrays("counts identical", [answered(right)]) == "there is no other side"
        with pytest.raises(Mismatch, match="winners: 1 differ"):
            bench_sdr.same_arrays("winners", [answered(right), answered(np.where(right == 2, 9, right))])
        with pytest.raises(Mismatch, match="winners: lengths differ"):
            bench_sdr.same_arrays("winners", [answered(right), answered(right[:4])])

    @pytest.mark.parametrize("wrong", [(100_000, 0.89, 0.3), (100_000, 0.99, 0.46)])
    def test_a_mac_that_forgets_or_is_too_full_is_not_timed(self, wrong: tuple[int, float, float]) -> None:
        told = bench_sdr.recalled([answered((100_000, 0.9, 0.45)), answered((100, 1.0, 0.01))])
        assert told == "0.9000 of 100,000 items recalled, 45.0% of the weights set; 1.0000 of 100 items recalled, 1.0% of the weights set"
        with pytest.raises(Mismatch, match="with 100,000 items"):
            bench_sdr.recalled([answered(wrong)])

    def test_memories_that_predict_differently_are_seen(self) -> None:
        came, sizes = np.array([0, 40, 40, 0]), np.array([10_000, 200_000])
        told = bench_sdr.predicted_alike([answered((came, sizes)), answered((came, sizes + 1))])
        assert told == "0.5000 of a code predicted on average, 10,000 segments, 200,000 synapses; 0.0e+00 of a code apart"
        with pytest.raises(Mismatch, match=r"differ by 12\.50% of a code"):
            bench_sdr.predicted_alike([answered((came, sizes)), answered((np.array([0, 40, 20, 0]), sizes))])
        with pytest.raises(Mismatch, match="sizes"):
            bench_sdr.predicted_alike([answered((came, sizes)), answered((came, sizes + [100, 0]))])


def test_segments_of_the_memory_are_given_away_as_they_are() -> None:
    given = bench_sdr.Remembering(64, 2, n_codes=6, active=12, steps=3, known=True)
    owners, sources, permanences, starts = given._tables()
    n_segments, n_synapses = given.sizes
    assert (len(owners), len(sources), len(permanences), starts[-1]) == (n_segments, n_synapses, n_synapses, n_synapses)
    cell = int(owners[0])
    theirs = [{*sources[starts[k] : starts[k + 1]].tolist()} for k in np.flatnonzero(owners == cell)]
    assert sorted(map(sorted, theirs)) == sorted(code.indices.tolist() for code, _ in given.memory.segments(given.state, cell))
    assert permanences.min() > 0


@pytest.mark.slow
@pytest.mark.skipif(htm.VARIABLE not in os.environ, reason=f"{htm.VARIABLE} does not name a program with htm.core")
def test_htm_core_gives_our_answers() -> None:
    names = []
    for race in bench_sdr.races(tiny=True):
        harness.run_race(race, 2, say=lambda text: None)
        names += [side.name for side in race.contenders]
    assert sum(name.startswith("htm.core") for name in names) == 7


@pytest.mark.slow
def test_all_sides_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(htm.VARIABLE, raising=False)
    for race in bench_sdr.races(tiny=True):
        answers = [side.run() for side in race.contenders]
        assert race.same(answers)
