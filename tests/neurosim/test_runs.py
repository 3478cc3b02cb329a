"""What a run's folder holds can be read back as it was, and is whole or absent."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurosim.experiment import Claim, Experiment, Verdict, undecided
from neurosim.runs import (
    DATA,
    MANIFEST,
    STORE,
    Request,
    Resources,
    failures,
    fill,
    folder,
    found,
    netcdf_safe,
    read_manifest,
    table,
    usable_cores,
    write_dataset,
    write_json,
)
from neurosim.settings import Overrides, write_value

names = st.text("abcxyz_", min_size=1, max_size=5)
scalars = (
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cc", "Cs"]))
)
ALONE = Resources(workers=1)


def run(load: float, trial: int = 0) -> dict[str, Any]:
    if load > 1:
        raise ValueError(f"a load of {load}")
    return {"value": load, "trace": np.arange(2) * load}


def written(tmp_path: Path, data: xr.Dataset) -> xr.Dataset:
    write_dataset(tmp_path / DATA, data)
    with xr.open_dataset(tmp_path / DATA, engine="h5netcdf") as again:
        return again.load()


def test_the_folder_of_a_run_is_made_below_runs(tmp_path: Path) -> None:
    assert folder(tmp_path, "experiments.coin") == tmp_path / "runs" / "experiments.coin"
    assert list(folder(tmp_path, "experiments.coin").iterdir()) == []


@given(
    st.sampled_from(["tiny", "default", "full"]), st.dictionaries(names, scalars), st.dictionaries(names, st.lists(scalars)), st.integers(0)
)
def test_a_request_is_read_from_a_manifest_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, level: Any, fixed: dict[str, Any], axes: dict[str, list[Any]], seed: int
) -> None:
    request = Request(level, Overrides(fixed, axes), seed)
    place = tmp_path_factory.mktemp("run")
    (place / MANIFEST).write_text(json.dumps({"request": request.as_json()}, allow_nan=False), encoding="utf-8")
    again = Request.read(place)
    assert again == request
    assert [write_value(value) for value in again.overrides.fixed.values()] == [write_value(value) for value in fixed.values()]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"request": 3}', '{"request": {"level": "tiny"}}', '{"request": {"set": []}}'])
def test_a_manifest_that_says_nothing_is_an_empty_request(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content, encoding="utf-8")
    assert Request.read(tmp_path) == Request()


def test_a_request_changes_the_named_grid_it_names() -> None:
    experiment = Experiment(run, {"load": [0.1, 0.2]}, figure=lambda data: None, tiny={"load": [0.1]})
    assert Request("tiny", Overrides({"trial": 3})).of(experiment) == ({"load": [0.1]}, {"trial": 3})


def test_a_dataset_is_written_and_read_with_its_values_types_and_labels(tmp_path: Path) -> None:
    data = xr.Dataset(
        {
            "value": (("load", "rule"), [[1.0, np.nan], [2.0, 3.0]], {"units": "mV"}),
            "count": ("load", np.array([1, 2], np.uint8)),
            "done": ("load", [True, False]),
            "word": ("load", ["a", "bcd"]),
        },
        coords={"load": [0.1, 0.2], "rule": ["hebb", "storkey"]},
        attrs={"seed": 3, "function": "m:run"},
    )
    again = written(tmp_path, data)
    assert again.identical(data)
    assert (again["count"].dtype, again.done.dtype) == (np.uint8, bool)


def test_what_netcdf_has_no_type_for_is_written_as_what_it_has(tmp_path: Path) -> None:
    data = xr.Dataset(
        {"z": ("x", np.array([1 + 2j, 3j]), {"units": "mV"}), "mixed": ("x", np.array([1, "a"], object))},
        coords={"x": [0, 1]},
        attrs={"flag": True, "none": None, "nested": {"a": [1, 2]}, "many": (1, 2), 3: "three"},
    )
    again = written(tmp_path, data)
    assert again.z_real.values.tolist() == [1.0, 0.0]
    assert again.z_imag.values.tolist() == [2.0, 3.0]
    assert again.mixed.values.tolist() == ["1", "a"]
    assert (again.attrs["flag"], again.attrs["none"], again.attrs["3"]) == (1, "null", "three")
    assert json.loads(again.attrs["nested"]) == {"a": [1, 2]}
    assert data.attrs["none"] is None


def test_data_are_made_safe_on_a_copy() -> None:
    data = xr.Dataset({"x": ("t", [1.0])}, attrs={"flag": True})
    assert netcdf_safe(data).attrs["flag"] == 1
    assert data.attrs["flag"] is True


def test_a_file_that_cannot_be_written_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    write_json(path, [1])
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, [math.nan])
    assert json.loads(path.read_text(encoding="utf-8")) == [1]
    assert [one.name for one in tmp_path.iterdir()] == ["claims.json"]


def test_a_run_finds_its_points_again_and_names_those_that_failed(tmp_path: Path) -> None:
    settings = Request("default", Overrides({}, {"load": [0.1, 2.0], "trial": [0, 1]})).of(
        Experiment(run, {"load": [0.5]}, figure=lambda data: None)
    )
    assert found(tmp_path, run, settings, 0) == 0
    data = fill(tmp_path, run, settings, Request(), ALONE)
    assert data.done.values.tolist() == [[True, True], [False, False]]
    assert found(tmp_path, run, settings, 0) == 2
    assert found(tmp_path, run, settings, 1) == 0
    assert failures(tmp_path, run, settings, 0) == [
        "point load=2.0, trial=0 failed: ValueError: a load of 2.0",
        "point load=2.0, trial=1 failed: ValueError: a load of 2.0",
    ]
    assert read_manifest(tmp_path)["status"] == "points failed"
    assert (tmp_path / STORE).is_file()


def test_a_table_has_a_line_for_each_claim_and_counts_them() -> None:
    claim = Claim("overlap", 0.998, 0.001, "theory", lambda data: 0.0, source="T = 0 equations")
    one = undecided(Experiment(lambda load: {}, {"load": [0.1]}, print, (claim,)), "")[0]
    changes: list[dict[str, Any]] = [
        {"passed": True, "measured": 0.9975, "uncertainty": 0.0002, "reason": ""},
        {"passed": False, "measured": 0.5, "reason": ""},
        {"passed": False, "measured": math.nan, "reason": "measured nan"},
        {},
    ]
    *lines, count = table([Verdict(**{**vars(one), **change}) for change in changes]).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == ["overlap"] * 4
    for line, said in zip(lines[2:], ["0.99750 ± 0.00020  passed", "FAILED", "FAILED: measured nan", "needs the tiny grid"], strict=True):
        assert said in line
        assert "0.998 ± 0.001" in line
    assert count == "1 passed, 2 failed, 1 not decided"


def test_at_least_one_core_is_usable() -> None:
    assert usable_cores() >= 1
