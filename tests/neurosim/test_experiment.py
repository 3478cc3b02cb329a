"""A claim holds exactly where measured lies within the tolerance of expected, on the grid it names, and a bad experiment is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurosim.errors import UsageError
from neurosim.experiment import LEVELS, Claim, Experiment, Level, Settings, Verdict, check, decide, undecided

KEYS = ["name", "kind", "published", "expected", "measured", "uncertainty", "tolerance", "passed", "grid", "source"]


def run(load: float, trial: int = 0, *, n: int = 100) -> dict[str, float]:
    return {"value": load * n + trial}


def claim(**changes: Any) -> Claim:
    usual: dict[str, Any] = {
        "name": "c",
        "expected": 1.0,
        "tolerance": 0.1,
        "kind": "theory",
        "measure": lambda data: 1.0,
        "source": "eq. 1",
    }
    return Claim(**{**usual, **changes})


def experiment(*claims: Claim, **changes: Any) -> Experiment:
    usual: dict[str, Any] = {"grid": {"load": [0.1, 0.2]}, "tiny": {"load": [0.1]}, "full": {"n": 1000}}
    return Experiment(run, figure=lambda data: None, claims=claims, **{**usual, **changes})


def data(value: float = 1.0) -> xr.Dataset:
    return xr.Dataset({"value": ("load", [value]), "done": ("load", [True])}, coords={"load": [0.1]})


def verdict(one: Claim) -> Verdict:
    return decide(experiment(one), lambda level: data())[0]


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"name": " "}, TypeError, "name must be a text"),
        ({"source": ""}, TypeError, "source must be a text"),
        ({"expected": "1"}, TypeError, "expected of claim 'c' must be a number, got '1'"),
        ({"expected": math.nan}, ValueError, "must be finite, got nan"),
        ({"tolerance": True}, TypeError, "tolerance of claim 'c' must be a number"),
        ({"tolerance": -1e-9}, ValueError, "must not be negative"),
        ({"kind": "published"}, ValueError, "one of paper, theory, reference, calibrated, unverified; got 'published'"),
        ({"grid": "small"}, ValueError, "one of tiny, default, full; got 'small'"),
        ({"measure": 3}, TypeError, "must be a function of a Dataset"),
    ],
)
def test_a_claim_that_is_not_one_is_refused(changes: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        claim(**changes)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"grid": {}}, UsageError, "the grid is empty"),
        ({"grid": {"load": []}}, UsageError, "empty"),
        ({"grid": {"load": [0.1, math.nan]}}, UsageError, "NaN"),
        ({"grid": {"laod": [0.1]}}, UsageError, "no parameter 'laod'"),
        ({"grid": [("load", [0.1])]}, TypeError, "grid of an experiment must map"),
        ({"fixed": {"load": 0.1}}, UsageError, "'load'"),
        ({"tiny": {"m": 3}}, UsageError, "no parameter 'm'"),
        ({"full": {"load": []}}, UsageError, "empty"),
        ({"grid": {"trial": [1]}, "tiny": {}}, UsageError, "needs 'load'"),
        ({"full_time": 40}, TypeError, "full_time of an experiment must be a text"),
    ],
)
def test_an_experiment_that_cannot_run_is_refused(changes: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        experiment(**changes)


def test_the_refusal_says_which_named_grid_is_wrong() -> None:
    with pytest.raises(UsageError) as caught:
        experiment(full={"load": [1.0, 1.0]})
    assert any("full grid" in note for note in caught.value.__notes__)


def test_the_refusal_of_a_name_says_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        experiment(grid={"laod": [1.0]})
    assert caught.value.__notes__[0] == "did you mean 'load'?"


@pytest.mark.parametrize("claims", [claim(), 3, ("c",), (claim(), claim())])
def test_claims_are_a_sequence_of_claims_with_different_names(claims: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="claims of an experiment must"):
        Experiment(run, {"load": [0.1]}, figure=lambda data: None, claims=claims)


@pytest.mark.parametrize("what", ["run", "figure"])
def test_run_and_figure_are_functions(what: str) -> None:
    fields: dict[str, Any] = {"run": run, "grid": {"load": [0.1]}, "figure": print, what: "load"}
    with pytest.raises(TypeError, match=f"{what} of an experiment must be a function, got 'load'"):
        Experiment(**fields)


def test_a_named_grid_changes_axes_and_fixed_values_by_name() -> None:
    one = experiment(
        grid={"load": np.linspace(0.1, 0.3, 3), "trial": range(5)}, fixed={"n": 10}, tiny={"load": 0.2, "n": 5}, full={"trial": range(9)}
    )
    assert one.settings("tiny") == Settings({"load": [0.2], "trial": range(5)}, {"n": 5})
    assert one.settings("full").grid["trial"] == range(9)
    assert [one.settings(level).points for level in LEVELS] == [5, 15, 27]


def test_settings_are_new_each_time_and_the_experiment_keeps_its_own() -> None:
    grid = {"load": [0.1]}
    one = experiment(grid=grid, tiny={})
    grid["load"] = [9.0]
    one.settings().grid["load"] = [8.0]
    assert one.settings().grid == {"load": [0.1]}


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="one of tiny, default, full; got 'huge'"):
        experiment().settings("huge")  # type: ignore[arg-type]


def test_a_named_grid_is_recognised_by_its_values_not_by_how_they_are_written() -> None:
    one = experiment(grid={"load": np.array([0.1, 0.2])}, tiny={"load": [0.1]})
    assert one.level_of(Settings({"load": [0.1, 0.2]}, {})) == "default"
    assert one.level_of(Settings({"load": (0.1,)}, {"n": 100})) == "tiny"  # 100 is the default of n
    assert one.level_of(Settings({"load": [0.1, 0.2]}, {"n": 1000, "trial": 0})) == "full"
    assert one.level_of(Settings({"load": [0.1, 0.2]}, {"n": 101})) is None
    assert one.level_of(Settings({"load": [0.1, 0.2], "n": [100]}, {})) is None


@given(expected=st.floats(-1e6, 1e6), tolerance=st.floats(0, 1e3), measured=st.floats(-1e6, 1e6))
def test_a_claim_passes_within_its_tolerance_on_either_side_and_nowhere_else(expected: float, tolerance: float, measured: float) -> None:
    passed = verdict(claim(expected=expected, tolerance=tolerance, measure=lambda data: measured)).passed
    distance = abs(measured - expected)
    if distance <= tolerance:
        assert passed is True
    elif distance > tolerance + 1e-13 * (abs(measured) + abs(expected)):
        assert passed is False


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_tolerance_reached_exactly_in_decimal_is_reached(sign: int) -> None:
    assert abs(0.998 - 0.997) > 0.001
    assert verdict(claim(expected=0.998 * sign, measure=lambda data: 0.997 * sign, tolerance=0.001)).passed is True


@pytest.mark.parametrize(
    ("answer", "measured", "uncertainty"),
    [
        (1, 1.0, None),
        (np.float32(1.0), 1.0, None),
        (xr.DataArray(1.05), 1.05, None),
        ((1.05, 0.02), 1.05, 0.02),
        ((xr.DataArray(1.05), None), 1.05, None),
    ],
)
def test_a_measurement_is_a_value_with_or_without_its_uncertainty(answer: Any, measured: float, uncertainty: float | None) -> None:
    got = verdict(claim(measure=lambda data: answer))
    assert (got.measured, got.uncertainty, got.passed) == (measured, uncertainty, True)


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (lambda data: math.nan, "measured nan"),
        (lambda data: -math.inf, "measured -inf"),
        (lambda data: None, "TypeError: wanted a number"),
        (lambda data: [1.0, 2.0, 3.0], "got 3 values"),
        (lambda data: np.ones(2), "TypeError: wanted a number"),
        (lambda data: "1.0", "TypeError: wanted a number"),
        (lambda data: data["overlap"], "KeyError"),
        (lambda data: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_measured_on_its_own_grid_has_failed_and_says_why(measure: Callable[[xr.Dataset], Any], said: str) -> None:
    got = verdict(claim(measure=measure))
    assert got.passed is False
    assert said in got.reason


def test_a_grid_with_missing_points_decides_no_claim_in_favour() -> None:
    holes = xr.Dataset({"value": ("load", [1.0, np.nan]), "done": ("load", [True, False])}, coords={"load": [0.1, 0.2]})
    got = decide(experiment(claim(measure=lambda data: 1.0)), lambda level: holes)[0]
    assert (got.passed, got.reason) == (False, "1 of 2 points are missing")


def test_each_claim_is_decided_on_the_grid_that_it_names_and_each_grid_is_asked_for_once() -> None:
    claims = [
        claim(name=f"{level} {part}", grid=level, expected=value) for level, value in zip(LEVELS, (1, 2, 3), strict=True) for part in "ab"
    ]
    values = [Claim(**{**vars(one), "measure": lambda data: float(data["value"][0])}) for one in claims]
    asked: list[Level] = []

    def dataset(level: Level) -> xr.Dataset:
        asked.append(level)
        return data(LEVELS.index(level) + 1.0)

    assert [got.passed for got in decide(experiment(*values), dataset)] == [True] * 6
    assert asked == list(LEVELS)


def test_a_claim_whose_grid_is_not_to_be_had_is_not_decided_and_says_what_it_needs() -> None:
    one = experiment(claim(grid="full"), claim(name="d", grid="default"), claim(name="t"))
    got = decide(one, lambda level: data() if level == "tiny" else None)
    assert [(v.passed, v.measured, v.reason) for v in got] == [
        (None, None, "needs --full"),
        (None, None, "needs the default grid"),
        (True, 1.0, ""),
    ]


def test_named_grids_that_are_the_same_are_one_grid() -> None:
    one = experiment(claim(grid="full"), full={})
    assert decide(one, lambda level: data() if level == "default" else None)[0].passed is True


@pytest.mark.parametrize("kind", ["paper", "theory", "reference", "calibrated", "unverified"])
def test_a_number_of_ours_is_never_called_published(kind: str) -> None:
    published = verdict(claim(kind=kind)).as_json()["published"]
    assert published == (1.0 if kind in ("paper", "unverified") else None)


def test_a_verdict_is_written_with_the_keys_that_others_build_on() -> None:
    for one in (verdict(claim(measure=lambda data: math.nan)), *undecided(experiment(claim()), "no reason")):
        content = one.as_json()
        assert list(content) == KEYS
        assert json.loads(json.dumps(content, allow_nan=False))["measured"] is None


def test_check_computes_the_grids_that_are_needed_and_none_that_is_too_large() -> None:
    claims = (
        claim(name="tiny", expected=10.0, measure=lambda data: float(data["value"].sum())),
        claim(name="default", expected=30.0, measure=lambda data: float(data["value"].sum()), grid="default"),
        claim(name="full", expected=300.0, measure=lambda data: float(data["value"].sum()), grid="full"),
    )
    got = [[v.passed for v in check(experiment(*claims), level, progress=False)] for level in LEVELS]
    assert got == [[True, None, None], [True, True, None], [True, True, True]]
