"""A manifest names the versions that are installed and the commit that is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from neurosim.provenance import commit, machine, versions


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(["git", "-C", str(folder), *name, *words], capture_output=True, text=True, check=True).stdout.strip()


def test_versions_are_those_installed() -> None:
    found = versions(["numpy", "a-package-that-is-not-installed"])
    assert found["numpy"] == np.__version__
    assert set(found) == {"python", "numpy"}


def test_the_commit_is_that_of_the_folder_and_says_whether_files_differ(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "a.py").write_text("1", encoding="utf-8")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-m", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit(tmp_path) == head
    (tmp_path / "untracked.txt").write_text("1", encoding="utf-8")
    assert commit(tmp_path) == head
    (tmp_path / "a.py").write_text("2", encoding="utf-8")
    assert commit(tmp_path) == f"{head}+changes"


def test_a_folder_outside_a_repository_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert commit(tmp_path) is None


def test_the_machine_has_a_processor_and_cores() -> None:
    found = machine()
    assert found["processor"]
    assert found["cores"] >= 1
