"""The command does what a script would, says what it did, and ends with 0, 1, 2 or 130 for reasons that can be read."""

from __future__ import annotations

import contextlib
import errno
import json
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import xarray as xr

import neurosim as ns
from neurosim.cli import main
from neurosim.store import Store

KEYS = ["name", "kind", "published", "expected", "measured", "uncertainty", "tolerance", "passed", "grid", "source"]
NAME = "experiments.coin"
COIN = '''"""Is the coin fair?

Source: a bet,
of two lines.
"""

import signal
from pathlib import Path

from matplotlib.figure import Figure

import neurosim as ns


def run(load, trial=0, *, n=100, rule="hebb", rng):
    with Path("calls").open("a") as calls:
        calls.write(f"{load} {trial} {n}\\\\n")
    if load == 0.2 and Path("fail").exists():
        raise ValueError(f"lost\\\\nthe coin {trial}")
    if Path("stop").exists() and Path("calls").read_text().count(" 100") == 3:
        signal.raise_signal(int(Path("stop").read_text()))
    return {"value": load * n + trial, "draw": rng.random()}


def figure(data, ax=None):
    if Path("ugly").exists():
        raise KeyError("beauty")
    ax = ax or Figure(figsize=(1, 1)).add_subplot()
    ax.plot(data.value.values.ravel())
    return ax


def total(data):
    return float(data.value.sum())


EXPERIMENT = ns.Experiment(
    run,
    {"load": [0.1, 0.2, 0.3], "trial": range(2)},
    figure,
    claims=(
        ns.Claim("tiny total", 62.0, 0.5, "theory", total, "arithmetic"),
        ns.Claim("total", 123.0, 0.5, "paper", total, "a bet, eq. 1", grid="default"),
        ns.Claim("full total", 1203.0, 0.5, "calibrated", total, "a run", grid="full"),
    ),
    tiny={"load": [0.1, 0.2]},
    full={"n": 1000},
    full_time="a minute on one core",
)
'''
COIN = COIN.replace("\\\\n", "\\n")


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Return a function that runs the command in a folder with one experiment."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "coin.py").write_text(COIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEUROSIM_DEBUG", raising=False)
    path, modules = sys.path, dict(sys.modules)  # noqa: TID251
    before = list(path)

    def call(*words: str) -> Said:
        capsys.readouterr()
        computing = words[0] in ("run", "check", "sweep") and not {"--dask", "--mpi"} & set(words)
        status = main([*words, "--workers", "1"] if computing else words)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    yield call
    path[:] = before
    for name in set(sys.modules) - set(modules):
        if name.split(".")[0] in ("experiments", "models", "coin", "plain"):
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that the experiment's runs fill."""
    return tmp_path / "runs" / NAME


def edit(old: str, new: str) -> None:
    """Edit the experiment and let the next command import it again."""
    path = Path("experiments/coin.py")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    sys.modules.pop(NAME, None)


def calls() -> int:
    """Return how many points were computed so far."""
    return len(Path("calls").read_text(encoding="utf-8").splitlines()) if Path("calls").exists() else 0


def load(folder: Path) -> xr.Dataset:
    with xr.open_dataset(folder / "data.nc", engine="h5netcdf") as data:
        return data.load()


def passed(folder: Path) -> list[bool | None]:
    return [one["passed"] for one in json.loads((folder / "claims.json").read_text(encoding="utf-8"))]


# --- list and new -------------------------------------------------------------------------------------------------------------


def test_list_has_one_line_for_each_experiment_beginning_with_its_name(command: Command) -> None:
    Path("experiments/bad.py").write_text("x = (", encoding="utf-8")
    said = command("list")
    assert (said.status, said.err) == (0, "")
    bad, coin = said.out.splitlines()
    assert bad.split()[0] == "experiments.bad"
    assert "line 1" in bad
    assert coin.startswith(NAME + " ")
    assert coin.endswith("Is the coin fair?  [a bet, of two lines.]")
    assert calls() == 0


def test_list_in_an_empty_folder_says_what_to_do(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    said = command("list")
    assert (said.status, said.out) == (0, "")
    assert "neurosim new my_question" in said.err


def test_a_new_experiment_runs_as_it_is_and_its_claim_holds(command: Command) -> None:
    said = command("new", "my_question")
    assert said == (0, "experiments/my_question.py is written; now type: neurosim run experiments.my_question --tiny\n", "")
    assert command("run", "my_question", "--tiny").status == 0
    assert passed(Path("runs/experiments.my_question")) == [True]
    assert command("new", "my_question").status == 2


# --- run ----------------------------------------------------------------------------------------------------------------------


def test_run_fills_its_folder(command: Command, folder: Path) -> None:
    said = command("run", NAME)
    assert said.status == 0
    assert {path.name for path in folder.iterdir()} == {
        "points.sqlite",
        "data.nc",
        "figure.png",
        "figure.svg",
        "claims.json",
        "manifest.json",
    }
    assert f"{NAME}: 6 points, 0 found, 6 computed, in runs/{NAME}" in said.out
    assert f"{NAME}: {Path('experiments/coin.py').resolve()}" in said.err
    data = load(folder)
    assert data.value.dims == ("load", "trial")
    assert data.value.values.tolist() == [[10.0, 11.0], [20.0, 21.0], [30.0, 31.0]]
    assert data.done.dtype == bool


def test_the_manifest_says_what_was_run_with_what_on_what(command: Command, folder: Path) -> None:
    command("run", NAME, "--seed", "3", "--set", "n=7", "--grid", "load=0.1:0.2:2")
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert content["status"] == "complete"
    assert content["seed"] == 3
    assert content["grid"] == {"load": [0.1, 0.2], "trial": [0, 1]}
    assert content["fixed"] == {"n": 7, "rule": "hebb"}
    assert {"python", "neurosim", "numpy", "numba"} <= content["versions"].keys()
    assert {"commit", "machine", "command", "began", "seconds", "file"} <= content.keys()


def test_a_second_run_computes_nothing_and_says_so(command: Command, folder: Path) -> None:
    command("run", NAME)
    first = load(folder)
    said = command("run", NAME)
    assert calls() == 6
    assert "6 points, 6 found, 0 computed" in said.out
    assert load(folder).identical(first)


def test_named_grids_share_their_points(command: Command) -> None:
    assert "4 points, 0 found" in command("run", NAME, "--tiny").out
    assert "6 points, 4 found, 2 computed" in command("run", NAME).out
    assert calls() == 6


def test_the_full_grid_says_first_how_long_it_takes(command: Command) -> None:
    said = command("run", NAME, "--full")
    assert said.err.splitlines()[0].startswith("full grid: 6 points, expected time a minute on one core")


def test_the_command_line_wins_over_the_file_and_the_file_over_the_experiment(command: Command, folder: Path) -> None:
    Path("wide.toml").write_text('[set]\nn = 50\nrule = "file"\n[grid]\ntrial = [5]\nload = "0.1:0.9:2"\n', encoding="utf-8")
    command("run", NAME, "--config", "wide.toml", "--set", "n=10", "--grid", "load=0.3,0.4")
    data = load(folder)
    assert data.value.values.ravel().tolist() == [8.0, 9.0]
    assert json.loads(data.attrs["fixed"]) == {"n": 10, "rule": "file"}


def test_a_parameter_may_become_an_axis_and_whole_numbers_stay_whole(command: Command, folder: Path) -> None:
    assert command("run", NAME, "--grid", "n=100:300:3").status == 0
    data = load(folder)
    assert data.value.dims == ("load", "trial", "n")
    assert (data.n.dtype.kind, data.n.values.tolist()) == ("i", [100, 200, 300])


def test_another_seed_draws_other_numbers(command: Command, folder: Path) -> None:
    draws = []
    for seed in ("0", "1"):
        command("run", NAME, "--seed", seed)
        draws.append(load(folder).draw)
    assert not (draws[0] == draws[1]).any()
    assert calls() == 12


def test_two_workers_give_the_same_data_as_one(command: Command, folder: Path) -> None:
    command("run", NAME)
    one = load(folder)
    (folder / "points.sqlite").unlink()
    assert main(["run", NAME, "--workers", "2"]) == 0
    assert load(folder).identical(one)


def test_a_failed_point_is_named_with_error_and_advice_and_tried_again_next_time(command: Command, folder: Path) -> None:
    Path("fail").touch()
    said = command("run", NAME)
    assert said.status == 1
    assert "6 points, 0 found, 4 computed, 2 FAILED" in said.out
    assert [line for line in said.err.splitlines() if line.startswith("point")] == [
        "point load=0.2, trial=0 failed: ValueError: lost (the coin 0)",
        "point load=0.2, trial=1 failed: ValueError: lost (the coin 1)",
    ]
    assert load(folder).done.values.tolist() == [[True, True], [False, False], [True, True]]
    assert passed(folder) == [None, False, None]
    assert (folder / "figure.png").exists()
    Path("fail").unlink()
    said = command("run", NAME)
    assert (said.status, passed(folder)) == (0, [True, True, None])
    assert "6 points, 4 found, 2 computed, in" in said.out


def test_a_run_whose_points_all_failed_ends_like_one_with_a_failed_point(command: Command, folder: Path) -> None:
    Path("fail").touch()
    said = command("run", NAME, "--grid", "load=0.2")
    assert said.status == 1
    assert "2 points, 0 found, 0 computed, 2 FAILED" in said.out
    assert "point load=0.2, trial=1 failed: ValueError: lost (the coin 1)" in said.err
    assert "Traceback" not in said.err
    assert not (folder / "figure.png").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_was_stopped_says_how_to_go_on_and_keeps_what_was_finished(command: Command, folder: Path, sent: signal.Signals) -> None:
    Path("stop").write_text(str(int(sent)), encoding="utf-8")
    said = command("run", NAME)
    assert said.status == 130
    assert "neurosim: stopped" in said.err
    assert "goes on from there" in said.err
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["status"] == "stopped by KeyboardInterrupt"
    Path("stop").unlink()
    assert "6 points, 2 found, 4 computed" in command("run", NAME).out
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_edited_code_asks_whether_to_keep_the_points(command: Command, folder: Path) -> None:
    command("run", NAME)
    edit("load * n + trial", "load * n + trial + 1")
    manifest = (folder / "manifest.json").read_bytes()
    said = command("run", NAME, "--set", "n=5")
    assert said.status == 2
    assert "--reuse" in said.err
    assert "--fresh" in said.err
    assert (folder / "manifest.json").read_bytes() == manifest
    assert "6 found, 0 computed" in command("run", NAME, "--reuse").out
    edit("trial + 1", "trial + 12")  # another length: byte code of the same second and length would pass for new
    assert "0 found, 6 computed" in command("run", NAME, "--fresh").out
    assert load(folder).value.values.max() == 43.0
    assert (folder / "points.sqlite.old").exists()


def test_an_edited_figure_leaves_the_points_valid(command: Command) -> None:
    command("run", NAME)
    edit('raise KeyError("beauty")', "raise KeyError")
    assert "6 found, 0 computed" in command("run", NAME).out


def test_a_figure_that_fails_costs_no_data_and_keeps_the_older_figure(command: Command, folder: Path) -> None:
    command("run", NAME, "--tiny")
    older = (folder / "figure.png").read_bytes()
    Path("ugly").touch()
    said = command("run", NAME)
    assert said.status == 1
    assert "neurosim: the figure failed: KeyError: 'beauty'" in said.err
    assert "2 passed, 0 failed, 1 not decided" in said.out
    assert load(folder).sizes["load"] == 3
    assert (folder / "figure.png").read_bytes() == older


@pytest.mark.parametrize("answer", ["None", "3", "data"])
def test_a_figure_returns_axes(command: Command, answer: str) -> None:
    edit("return ax", f"return {answer}")
    said = command("run", NAME)
    assert said.status == 1
    assert "wanted Axes or a Figure" in said.err


def full_disk(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("target", ["matplotlib.figure.Figure.savefig", "neurosim.runs.write_dataset"])
def test_a_disk_that_fills_up_leaves_nothing_half_written_and_no_point_lost(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    command("run", NAME, "--tiny")
    before = {path.name: path.read_bytes() for path in folder.glob("*") if path.suffix in (".nc", ".png", ".svg")}
    with monkeypatch.context() as context:
        context.setattr(target, full_disk)
        said = command("run", NAME)
    assert said.status == 2
    assert "No space left on device" in said.err
    assert {path.name for path in folder.iterdir()} == {*before, "points.sqlite", "claims.json", "manifest.json"}
    assert all(
        (folder / name).read_bytes() == content for name, content in before.items() if target.endswith("savefig") == (name != "data.nc")
    )
    assert "6 points, 6 found, 0 computed" in command("run", NAME).out


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(command: Command) -> None:
    Path("runs").write_text("a file", encoding="utf-8")
    said = command("run", NAME)
    assert said.status == 2
    assert "neurosim: cannot write in" in said.err
    assert "a folder of your own" in said.err
    assert calls() == 0


def test_a_read_only_folder_is_said_before_anything_is_computed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("neurosim.runs.check_writable", refuse)
    said = command("run", NAME)
    assert (said.status, calls()) == (2, 0)
    assert "Read-only file system" in said.err


def test_a_damaged_store_is_named_and_left_alone(command: Command, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "points.sqlite").write_bytes(b"not a database at all" * 100)
    said = command("run", NAME)
    assert said.status == 2
    assert "points.sqlite is not a store" in said.err
    assert (folder / "points.sqlite").read_bytes().startswith(b"not a database")
    assert not (folder / "manifest.json").exists()


# --- check --------------------------------------------------------------------------------------------------------------------


def test_check_decides_each_claim_on_its_own_grid(command: Command, folder: Path) -> None:
    said = command("check", NAME)
    assert said.status == 0
    assert "2 passed, 0 failed, 1 not decided" in said.out
    assert "needs --full" in said.out
    assert passed(folder) == [True, True, None]
    assert calls() == 6


def test_check_with_full_decides_all(command: Command, folder: Path) -> None:
    said = command("check", NAME, "--full")
    assert (said.status, passed(folder)) == (0, [True, True, True])
    assert said.err.startswith("full grid: ")


def test_check_prints_json_that_others_build_on(command: Command, folder: Path) -> None:
    said = command("check", NAME, "--json")
    content = json.loads(said.out)
    assert [list(one) for one in content] == [["experiment", *KEYS]] * 3
    assert [one["published"] for one in content] == [None, 123.0, None]
    assert content[2] == {**content[2], "measured": None, "uncertainty": None, "passed": None, "grid": "full", "tolerance": 0.5}
    kept = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    assert content == [{"experiment": NAME, **one} for one in kept]


def test_check_without_a_name_checks_all_experiments_of_the_folder(command: Command, tmp_path: Path) -> None:
    Path("experiments/second.py").write_text(Path("experiments/coin.py").read_text(encoding="utf-8").replace("123.0", "124.0"))
    said = command("check")
    assert said.status == 1
    assert said.out.index(NAME) < said.out.index("2 passed, 0 failed") < said.out.index("experiments.second") < said.out.index("1 failed")
    assert passed(tmp_path / "runs" / NAME) == [True, True, None]
    assert passed(tmp_path / "runs" / "experiments.second") == [True, False, None]
    both = json.loads(command("check", NAME, "experiments.second", "--json").out)
    assert [one["experiment"] for one in both] == [NAME] * 3 + ["experiments.second"] * 3


def test_check_without_a_name_needs_experiments_that_can_be_read(command: Command) -> None:
    Path("experiments/broken.py").write_text("def (", encoding="utf-8")
    said = command("check")
    assert said.status == 2
    assert "experiments.broken cannot be read" in said.err
    Path("experiments/broken.py").unlink()
    Path("experiments/coin.py").unlink()
    said = command("check")
    assert said.status == 2
    assert "no experiments in" in said.err


def test_a_claim_that_does_not_hold_is_status_one(command: Command) -> None:
    edit("123.0", "124.0")
    said = command("check", NAME)
    assert said.status == 1
    assert "FAILED" in said.out
    assert command("run", NAME).status == 1


def test_an_experiment_without_claims_says_so(command: Command) -> None:
    text = Path("experiments/coin.py").read_text(encoding="utf-8")
    edit(text[text.index("    claims=(") : text.index("    tiny=")], "")
    assert command("check", NAME) == (0, "this experiment makes no claims\n", f"{NAME}: {Path('experiments/coin.py').resolve()}\n")
    assert command("check", NAME, "--json").out == "[]\n"


def test_a_point_that_fails_under_check_is_status_one_and_its_claim_is_not_passed(command: Command, folder: Path) -> None:
    Path("fail").touch()
    said = command("check", NAME)
    assert said.status == 1
    assert "point load=0.2, trial=0 failed: ValueError: lost (the coin 0)" in said.err
    assert "2 of 4 points are missing" in said.out
    assert passed(folder) == [False, False, None]


def test_settings_of_ones_own_decide_no_claim(command: Command, folder: Path) -> None:
    said = command("run", NAME, "--set", "n=2000")
    assert said.status == 0
    assert passed(folder) == [None, None, None]
    assert "these settings are no named grid" in said.out


def test_a_default_written_out_is_still_the_named_grid(command: Command, folder: Path) -> None:
    command("run", NAME, "--set", "n=100", "--grid", "load=0.1,0.2,0.3")
    assert passed(folder) == [True, True, None]


def test_fresh_begins_anew_once_for_all_grids(command: Command, folder: Path) -> None:
    command("check", NAME)
    assert command("check", NAME, "--fresh").status == 0
    assert calls() == 12
    assert [path.name for path in folder.glob("*.old*")] == ["points.sqlite.old"]


# --- plot ---------------------------------------------------------------------------------------------------------------------


def test_plot_draws_the_grid_of_the_last_run_from_the_store(command: Command, folder: Path) -> None:
    command("run", NAME, "--grid", "load=0.1:0.9:5", "--set", "trial=1")
    drawn = (folder / "figure.svg").read_bytes()
    (folder / "figure.svg").unlink()
    said = command("plot", NAME)
    assert (said.status, calls()) == (0, 5)
    assert f"{NAME}: 5 of 5 points" in said.out
    assert (folder / "figure.svg").read_bytes() == drawn


def test_plot_draws_while_another_driver_fills_the_store(command: Command, folder: Path) -> None:
    Path("fail").touch()
    command("run", NAME)
    (folder / "figure.png").unlink()
    with Store(folder / "points.sqlite"):
        said = command("plot", NAME)
        manifest = (folder / "manifest.json").read_bytes()
        refused = command("run", NAME, "--set", "n=5")
    assert said.status == 0
    assert "4 of 6 points" in said.out
    assert (folder / "figure.png").exists()
    assert refused.status == 2
    assert "is being filled by process" in refused.err
    assert (folder / "manifest.json").read_bytes() == manifest


def test_plot_says_when_the_code_was_edited_after_the_points_were_computed(command: Command) -> None:
    command("run", NAME)
    assert "before the code was edited" not in command("plot", NAME).err
    edit("return {", "n = n\n    return {")
    said = command("plot", NAME)
    assert said.status == 0
    assert f"note: they were computed before the code was edited; neurosim run {NAME} --fresh" in said.err


def test_plot_without_a_run_says_what_to_type(command: Command, folder: Path) -> None:
    said = command("plot", NAME)
    assert said.status == 2
    assert f"neurosim run {NAME}" in said.err
    assert not folder.exists()


def test_plot_without_a_manifest_draws_the_default_grid(command: Command, folder: Path) -> None:
    command("run", NAME)
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    assert "6 of 6 points" in command("plot", NAME).out


# --- sweep and where points are computed ----------------------------------------------------------------------------------------


def test_sweep_does_the_same_for_any_function(command: Command) -> None:
    Path("plain.py").write_text("def double(x: float, n=2):\n    return {'y': x * n}\n", encoding="utf-8")
    said = command("sweep", "plain:double", "--grid", "x=0:1:3", "--set", "n=4")
    assert said.status == 0
    assert "plain.double: 3 points, 0 found, 3 computed, in runs/plain.double" in said.out
    assert {path.name for path in Path("runs/plain.double").iterdir()} == {"points.sqlite", "data.nc", "manifest.json"}
    assert load(Path("runs/plain.double")).y.values.tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plain"], "wanted MODULE:FUNCTION, got 'plain'"),
        (["plain:double"], "a sweep needs at least one --grid"),
        (["plain:duoble", "--grid", "x=1,2"], "plain has no duoble"),
        (["plain:double", "--grid", "y=1,2"], "no parameter 'y'"),
        (["plain:double", "--grid", "n=1,2"], "needs 'x'"),
        (["plain:double", "--grid", "x=1,1"], "twice"),
        (["plain:double", "--grid", "x=nan,1"], "NaN"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(command: Command, words: list[str], said: str) -> None:
    Path("plain.py").write_text("def double(x: float, n=2):\n    return {'y': x * n}\n", encoding="utf-8")
    got = command("sweep", *words)
    assert got.status == 2
    assert said in got.err


def test_dask_that_is_not_installed_names_the_extra(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = command("run", NAME, "--dask", "tcp://scheduler:8786")
    assert said.status == 2
    assert "--dask needs the package distributed" in said.err
    assert "neurosim[cluster]" in said.err


def fake_dask(answers: bool) -> types.ModuleType:
    """Build a module whose client answers with threads, or does not answer."""

    class Client:
        def __init__(self, address: str, **_: Any) -> None:
            self.pool = ThreadPoolExecutor(2)
            if not answers:
                raise OSError(f"Timed out trying to connect to {address}")

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_: object) -> None:
            self.pool.shutdown()

        def get_executor(self) -> ThreadPoolExecutor:
            return self.pool

    module = types.ModuleType("distributed")
    vars(module)["Client"] = Client
    return module


def test_dask_computes_the_points_where_an_address_is_given(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command("run", NAME)
    one = load(folder)
    (folder / "points.sqlite").unlink()
    monkeypatch.setitem(sys.modules, "distributed", fake_dask(answers=True))
    assert command("run", NAME, "--dask", "tcp://scheduler:8786").status == 0
    assert load(folder).identical(one)


def test_a_scheduler_that_does_not_answer_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", fake_dask(answers=False))
    said = command("run", NAME, "--dask", "tcp://nobody:1")
    assert said.status == 2
    assert "no Dask scheduler answers at 'tcp://nobody:1'" in said.err


@pytest.mark.parametrize("address", ["scheduler", "tcp://scheduler", ":", "tcp://scheduler:port"])
def test_an_address_that_is_none_is_refused_at_once(command: Command, address: str) -> None:
    said = command("run", NAME, "--dask", address)
    assert (said.status, calls()) == (2, 0)
    assert f"such as tcp://host:8786, got {address!r}" in said.err


def test_mpi_that_is_not_installed_names_the_extra(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    said = command("run", NAME, "--mpi")
    assert said.status == 2
    assert "--mpi needs mpi4py and an MPI library" in said.err
    assert "neurosim[mpi]" in said.err


def fake_mpi(rank: int, size: int, ignoring: list[bool]) -> dict[str, types.ModuleType]:
    """Build modules whose first rank gets threads, and whose other ranks are told that they have computed enough.

    They note whether signals were left to another rank meanwhile.
    """

    @contextlib.contextmanager
    def pool(_: object, root: int) -> Iterator[ThreadPoolExecutor | None]:
        with ThreadPoolExecutor(2) as executor:
            ignoring.append(all(signal.getsignal(number) is signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM)))
            yield executor if rank == root else None

    world = types.SimpleNamespace(Get_rank=lambda: rank, Get_size=lambda: size)
    library = types.SimpleNamespace(COMM_WORLD=world, Get_library_version=lambda: "Fake MPI v1.0, for tests")
    package, futures = types.ModuleType("mpi4py"), types.ModuleType("mpi4py.futures")
    vars(package).update(MPI=library, futures=futures)
    vars(futures)["MPICommExecutor"] = pool
    return {"mpi4py": package, "mpi4py.futures": futures}


@pytest.mark.parametrize(
    "words", [["run", NAME], ["check", NAME], ["sweep", "experiments.coin:run", "--grid", "load=1,2", "--set", "trial=0"]]
)
def test_of_mpi_ranks_the_first_drives_and_the_others_only_compute(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    ignoring: list[bool] = []
    for name, module in fake_mpi(0, 3, ignoring).items():
        monkeypatch.setitem(sys.modules, name, module)
    assert command(*words, "--mpi").status in (0, 1)
    computed = calls()
    assert computed > 0
    for name, module in fake_mpi(1, 3, ignoring).items():
        monkeypatch.setitem(sys.modules, name, module)
    try:
        assert command(*words, "--fresh", "--mpi") == (0, "", "")
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert ignoring == [False, True]
    assert calls() == computed


def test_mpi_with_one_rank_says_how_to_start_more(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, module in fake_mpi(0, 1, []).items():
        monkeypatch.setitem(sys.modules, name, module)
    said = command("run", NAME, "--mpi")
    assert (said.status, calls()) == (2, 0)
    assert "--mpi needs at least 2 ranks" in said.err
    assert "where mpiexec is that of Fake MPI v1.0" in said.err


# --- wrong use ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to do"),
        (["lst"], "No such command 'lst'"),
        (["run"], "Missing argument 'NAME'"),
        (["run", NAME, "--wrokers", "3"], "No such option"),
        (["run", NAME, "--workers", "0"], "Invalid value for '--workers'"),
        (["run", NAME, "--seed", "-1"], "Invalid value for '--seed'"),
        (["run", NAME, "--tiny", "--full"], "--tiny and --full exclude each other"),
        (["run", NAME, "--reuse", "--fresh"], "--reuse and --fresh exclude each other"),
        (["run", NAME, "--workers", "2", "--dask", "tcp://a:1"], "--workers and --dask exclude each other"),
        (["run", NAME, "--workers", "2", "--mpi"], "--mpi and --workers exclude each other"),
        (["run", NAME, "--dask", "tcp://a:1", "--mpi"], "--mpi and --dask exclude each other"),
        (["run", "experiments.cion"], "no experiment or module 'experiments.cion'"),
        (["run", "experiments/coin.py"], "is not a name"),
        (["run", f"{NAME}:total"], f"{NAME}:total is a function, wanted a neurosim.Experiment"),
        (["run", NAME, "--set", "laod=1"], "run() has no parameter 'laod'"),
        (["run", NAME, "--set", "n"], "--set takes NAME=VALUE"),
        (["run", NAME, "--grid", "load="], "--grid takes NAME=VALUE"),
        (["run", NAME, "--set", "n=many"], "n must be a whole number, got 'many'"),
        (["run", NAME, "--config", "none.toml"], "No such file"),
        (["check", NAME, "--tiny"], "No such option"),
        (["new", "my question"], "is not a Python name"),
    ],
)
def test_wrong_use_is_status_two_with_one_line_first_and_no_traceback(
    command: Command, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0].startswith("neurosim: ")
    assert said in err.splitlines()[0]
    assert "Traceback" not in err
    assert calls() == 0


def test_a_wrong_name_is_answered_with_the_nearest(command: Command) -> None:
    assert f"  did you mean '{NAME}'?" in command("run", "experiments.cion").err.splitlines()
    assert "  did you mean 'load'?" in command("run", NAME, "--set", "laod=1").err.splitlines()


@pytest.mark.parametrize("how", ["option", "group option", "variable"])
def test_a_traceback_is_shown_to_who_asks(command: Command, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    edit("EXPERIMENT = ", "1 / 0\nEXPERIMENT = ")
    if how == "variable":
        monkeypatch.setenv("NEUROSIM_DEBUG", "1")
    words = {"option": ["plot", NAME, "--debug"], "group option": ["--debug", "plot", NAME], "variable": ["plot", NAME]}[how]
    said = command(*words)
    assert said.status == 2
    assert "Traceback" in said.err
    assert "ZeroDivisionError: division by zero" in said.err
    assert f"neurosim: {NAME} failed on import, experiments/coin.py line" in said.err


# --- the process ----------------------------------------------------------------------------------------------------------------


def test_help_and_list_import_nothing_heavy(tmp_path: Path) -> None:
    heavy = ["numba", "xarray", "scipy", "matplotlib", "pandas", "h5py", "h5netcdf", "loky", "cloudpickle", "psutil", "tqdm", "distributed"]
    code = (
        f"import sys; from neurosim.cli import main; main(sys.argv[1:]); print(*[m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    for words in (["--help"], ["list"]):
        done = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[-1] == ""


def test_the_module_is_the_command_and_its_status_that_of_the_process(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "neurosim", "run", "coin"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("neurosim: no experiment or module 'coin'")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"neurosim {ns.__version__}\n"


def test_doctor_prints_its_report(command: Command) -> None:
    said = command("doctor")
    assert "numpy" in said.out
    assert said.out.splitlines()[-1].endswith(("note", "notes"))
