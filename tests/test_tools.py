"""The scripts that write into the repository: the tables of claims, and notebooks without outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import claims, strip_notebooks

VERDICT = {
    "name": "overlap at load 0.10",
    "kind": "theory",
    "published": None,
    "expected": 0.998,
    "measured": 0.99803,
    "uncertainty": 0.00004,
    "tolerance": 0.001,
    "passed": True,
    "grid": "default",
    "source": "a | b",
}


def test_a_verdict_is_a_row_and_a_bar_does_not_break_it() -> None:
    assert claims.row(VERDICT) == "| overlap at load 0.10 | theory | 0.998 | 0.9980 ± 4e-05 | 0.001 | passed | a \\| b |"


@pytest.mark.parametrize(("tolerance", "text"), [(0.0001, "0.13791"), (0.005, "0.1379"), (2.0, "0.1"), (0.0, "0.137906")])
def test_a_measurement_shows_one_digit_beyond_its_tolerance(tolerance: float, text: str) -> None:
    assert claims.rounded(0.13790557, tolerance) == text


@pytest.mark.parametrize(("passed", "word"), [(False, "missed"), (None, "needs --full")])
def test_a_claim_that_did_not_pass_is_never_called_passed(passed: bool | None, word: str) -> None:
    row = claims.row({**VERDICT, "passed": passed, "measured": None, "uncertainty": None, "grid": "full"})
    assert f"| {word} |" in row
    assert "passed" not in row


def test_only_what_stands_between_the_marks_changes_and_twice_is_as_once() -> None:
    text = f"before\n{claims.BEGIN}\nold\n{claims.END}\nafter\n"
    once = claims.insert(text, "new")
    assert once == f"before\n{claims.BEGIN}\n\nnew\n\n{claims.END}\nafter\n"
    assert claims.insert(once, "new") == once


def test_a_summary_counts_every_claim_once() -> None:
    found = {"experiments.one": [VERDICT, {**VERDICT, "passed": False}, {**VERDICT, "passed": None}, VERDICT]}
    assert claims.summary(found).splitlines()[-1] == "| `one` | 4 | 2 | 1 | 1 |"
    assert claims.details(found).count("| overlap at load 0.10 |") == 4


def test_folders_without_claims_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no experiments"):
        claims.main([str(tmp_path)])


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(SystemExit, match="once each"):
        claims.insert("no marks", "table")


def test_a_stripped_notebook_keeps_its_source_and_is_stripped_once(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "metadata": {"tags": ["a"], "scrolled": True}, "source": ["1 + 1"], "outputs": [{}], "execution_count": 3}
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    assert strip_notebooks.main([str(path)]) == 1
    assert json.loads(path.read_text(encoding="utf-8"))["cells"] == [
        {**cell, "metadata": {"tags": ["a"]}, "outputs": [], "execution_count": None}
    ]
    assert strip_notebooks.main([str(path)]) == 0
