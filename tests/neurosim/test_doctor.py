"""Known bad pairs are named with their remedy, nothing heavy is imported, and a broken installation is described, not raised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim import doctor
from neurosim.data import MNIST
from neurosim.doctor import (
    Finding,
    blas,
    cache,
    data,
    examine,
    fits,
    gpu,
    installed_versions,
    packages,
    pairs,
    report,
    requirements,
    threads,
)

GOOD = {"numpy": "2.3.5", "numba": "0.68.1", "llvmlite": "0.50.0"}


@pytest.mark.parametrize(
    ("installed", "topic", "advice"),
    [
        ({"brian2": "2.9.0", "numpy": "2.4.0"}, "brian2 + numpy", "pip install 'numpy<2.4'"),
        ({"brian2": "2.8.0.4", "numpy": "2.5.1"}, "brian2 + numpy", "pip install 'numpy<2.4'"),
        ({"snntorch": "1.0.0"}, "snntorch + torch", "pip install 'neurosim[torch]'"),
        ({"numba": "0.68.1", "numpy": "9.0.0"}, "numba + numpy", "pip install 'numpy<"),
        ({"numba": "0.68.1", "llvmlite": "0.1.0"}, "numba + llvmlite", "--force-reinstall numba==0.68.1"),
    ],
)
def test_a_known_bad_pair_is_a_problem_with_a_remedy(installed: dict[str, str], topic: str, advice: str) -> None:
    found = list(pairs(installed))
    assert [(one.topic, one.verdict) for one in found] == [(topic, "problem")]
    assert advice in found[0].advice


@pytest.mark.parametrize(
    "installed",
    [
        {},
        GOOD,
        {**GOOD, "brian2": "2.9.0"},
        {"brian2": "2.10.0", "numpy": "2.4.0"},
        {"snntorch": "1.0.0", "torch": "2.13.0"},
        {"brian2": "2.9.0"},
    ],
)
def test_good_pairs_are_not_mentioned(installed: dict[str, str]) -> None:
    assert list(pairs(installed)) == []


@given(*(st.tuples(*[st.integers(0, 30)] * 3) for _ in range(2)))
def test_versions_are_compared_as_numbers(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    first, second = (".".join(map(str, version)) for version in (one, other))
    assert fits(first, f"<{second}") == (one < other)
    assert fits(first, f">={second}") == (one >= other)
    assert fits(first, f">{second},<={second}") is False
    assert fits(first, f"=={second}") == (one == other)
    assert fits(first, f"!={second}") == (one != other)


@pytest.mark.parametrize(
    ("version", "wanted", "answer"),
    [
        ("2.3", "==2.3.0", True),
        ("2.3.5", "==2.3.*", True),
        ("2.13.0", "==2.3.*", False),
        ("2.4.0rc1", "<2.4", False),
        ("2.13.0+cpu", ">=2.13", True),
        ("1", "~=2.0", True),  # not a plain comparison
    ],
)
def test_versions_may_be_short_long_or_decorated(version: str, wanted: str, answer: bool) -> None:
    assert fits(version, wanted) is answer


def test_requirements_leave_out_what_only_an_extra_or_another_python_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy<2.4,>=2.0", "Some.Package (>=1.0)", "torch==2.13.0; extra == 'torch'", "click", "dask[array]>=2024"]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: lines)
    assert requirements("any") == {"numpy": "<2.4,>=2.0", "some-package": ">=1.0", "click": "", "dask": ">=2024"}


def test_a_package_that_is_absent_or_out_of_range_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requirements", lambda name: {"numpy": ">=99", "not-there": ">=1"})
    found = {one.topic: one for one in packages()}
    assert (found["numpy"].verdict, found["numpy"].advice) == ("problem", "pip install 'numpy>=99'")
    assert (found["not-there"].text, found["not-there"].advice) == ("not installed", "pip install 'not-there>=1'")
    assert found["python"].verdict == "ok"


def test_installed_versions_are_those_that_run() -> None:
    assert installed_versions()["numpy"] == np.__version__


def test_an_examination_that_raises_is_a_finding_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def processor() -> str:
        raise RuntimeError("no processor")

    monkeypatch.setattr(doctor, "processor", processor)
    found = examine()
    broken = [one for one in found if one.verdict == "problem"]
    assert [(one.topic, one.text) for one in broken] == [("cores", "RuntimeError: no processor")]
    assert {"python", "numpy", "blas", "threads", "cache", "gpu"} <= {one.topic for one in found}


def test_torch_is_described_but_never_imported(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')", encoding="utf-8")
    info = tmp_path / "torch-2.13.0+cpu.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0+cpu\n", encoding="utf-8")
    look = "from neurosim.doctor import examine; print([one.text for one in examine() if one.topic == 'torch'])"
    code = f"import sys; sys.path.insert(0, sys.argv[1]); {look}"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['2.13.0+cpu (optional)']"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the only place where programs are found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def tool(folder: Path, text: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_machine_without_a_gpu_is_in_order(programs: Path) -> None:
    assert [(one.topic, one.verdict) for one in gpu()] == [("gpu", "ok")]


def test_a_gpu_is_named_as_its_driver_does_and_torch_without_cuda_is_noted(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(programs, "echo 'A GPU, 1000 MiB, 1.0'")
    monkeypatch.setattr(doctor, "installed_versions", lambda: {"torch": "2.13.0+cpu"})
    assert [(one.topic, one.text, one.verdict) for one in gpu()] == [
        ("gpu", "A GPU, 1000 MiB, 1.0", "ok"),
        ("gpu + torch", "torch 2.13.0+cpu was built without CUDA", "note"),
    ]


@pytest.mark.parametrize("text", ["exit 9", "exit 0"])
def test_a_driver_that_does_not_answer_is_noted(programs: Path, text: str) -> None:
    tool(programs, text)
    assert [(one.topic, one.verdict) for one in gpu()] == [("gpu", "note")]


def test_git_that_is_absent_is_noted(programs: Path) -> None:
    assert [(one.topic, one.verdict) for one in doctor.commands()] == [("git", "note")]


def test_the_linear_algebra_is_named() -> None:
    assert [one.topic for one in blas()] != []
    assert all(one.verdict == "ok" for one in blas())


def test_a_number_of_threads_that_is_none_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.threads._chosen", None)
    monkeypatch.setenv("NEUROSIM_THREADS", "many")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert [one.verdict for one in threads()] == ["problem"]
    monkeypatch.setenv("NEUROSIM_THREADS", "2")
    assert [one.text for one in threads()][0].startswith("2 in the engine, NEUROSIM_THREADS=2")
    assert "OMP_NUM_THREADS=3" in next(threads()).text


def test_the_cache_folder_is_named_with_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "kernels"
    monkeypatch.setenv("NEUROSIM_CACHE", str(folder))
    assert [one.text for one in cache()] == [f"{folder}, still empty"]
    folder.mkdir()
    (folder / "code").write_bytes(bytes(2**20))
    assert [one.text for one in cache()] == [f"{folder}, 1.0 MiB"]


def test_a_cache_folder_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert [(one.verdict, "NEUROSIM_CACHE" in one.advice) for one in cache()] == [("problem", True)]


def test_data_are_found_or_noted_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.data.folders", lambda: [tmp_path])
    missing = next(data())
    assert (missing.verdict, "NEUROSIM_DATA" in missing.advice) == ("note", True)
    assert "4 of 4 files missing" in missing.text
    (tmp_path / "mnist").mkdir()
    for name in MNIST:
        (tmp_path / "mnist" / name).touch()
    assert next(data()) == Finding("data", f"mnist in {tmp_path}")


def test_a_report_has_one_line_for_each_finding_with_advice_below() -> None:
    lines = report([Finding("a", "1"), Finding("bc", "2", "problem", "do this\nor that"), Finding("d", "3", "problem")]).splitlines()
    assert lines == [
        "ok       a   1",
        "problem  bc  2",
        "             -> do this",
        "             -> or that",
        "problem  d   3",
        "",
        "2 problems, 0 notes",
    ]
