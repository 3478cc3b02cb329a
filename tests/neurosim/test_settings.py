"""What is typed becomes values of the right type in the right place; what cannot be meant is refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.errors import UsageError
from neurosim.experiment import Settings
from neurosim.settings import Overrides, apply, parse_axis, parse_value, read_config, read_options, write_value

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]))
scalars = st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | texts


def run(load: float, noise=0.1, steps: int = 10, rule="hebb", open_: bool = False, *, trials=(1, 2), n=1000, rng=None) -> None:
    """Take one parameter of each sort; some say their type, some show it by their default."""


def typed(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2000", 2000),
        (" -3 ", -3),
        ("1_000", 1000),
        ("0.5", 0.5),
        ("2e3", 2000.0),
        ("inf", float("inf")),
        ("true", True),
        ("hebb", "hebb"),
        ("True", "True"),
        ("'7'", "7"),
        ('"a b"', "a b"),
        ("[1, 2]", [1, 2]),
        ("7 # seven", "7 # seven"),
        ("2026-01-01", "2026-01-01"),
        ("{a = 1}", "{a = 1}"),
        ("1\nb = 2", "1\nb = 2"),
        ("a,b", "a,b"),
        ("=", "="),
    ],
)
def test_a_value_is_read_as_toml_and_else_as_text(text: str, value: Any) -> None:
    assert typed(parse_value(text)) == typed(value)


@given(scalars | st.lists(scalars, max_size=4))
def test_a_value_written_down_is_read_again_as_it_was(value: Any) -> None:
    again = parse_value(write_value(value))
    assert again == value
    assert type(again) is type(value)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 60))
def test_a_range_has_its_count_of_evenly_spaced_values_with_both_ends(low: float, width: float, count: int) -> None:
    high = low + width
    assert parse_axis(f"{low!r}:{high!r}:{count}") == np.linspace(low, high, count).tolist()


def test_a_range_is_numpys_linspace_to_the_bit_so_that_stored_points_are_found() -> None:
    assert parse_axis("0.02:0.20:19") == np.linspace(0.02, 0.20, 19).tolist()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1:7:3", [1, 4, 7]),
        ("1:2:3", [1.0, 1.5, 2.0]),
        ("1.0:7:3", [1.0, 4.0, 7.0]),
        ("10:20:30", np.linspace(10, 20, 30).tolist()),  # not the time of day
        ("-1:1:3", [-1, 0, 1]),
        ("5:5:1", [5]),
        ("500,1000,2000", [500, 1000, 2000]),
        ("0.1, 0.2", [0.1, 0.2]),
        ("500", [500]),
        ("hebb,storkey", ["hebb", "storkey"]),
        ("'a,b',c", ["'a", "b'", "c"]),
        ("'a,b','c'", ["a,b", "c"]),
    ],
)
def test_an_axis_is_a_range_or_a_list(text: str, values: list[Any]) -> None:
    assert list(map(typed, parse_axis(text))) == list(map(typed, values))


@pytest.mark.parametrize("text", ["", ",", "1,,2", "0:1:0", "0:1:-3", "0:1:1", "1:1:5", "0:1:x", "a:b:c"])
def test_an_axis_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_axis(text)


@pytest.mark.parametrize(
    ("name", "given_", "wanted"),
    [
        ("load", 1, 1.0),  # annotated float
        ("noise", 1, 1.0),  # its default is a float
        ("steps", 2e3, 2000),  # annotated int
        ("n", 2000.0, 2000),
        ("n", 0.5, 0.5),  # not annotated: half a unit may be meant
        ("open_", "True", True),
        ("rule", 7, 7),
    ],
)
def test_a_value_takes_the_type_of_its_parameter_where_nothing_is_lost(name: str, given_: Any, wanted: Any) -> None:
    settings = apply(Settings({"load": [0.1]}, {}), Overrides({name: given_}), run)
    got = settings.grid["load"][0] if name == "load" else settings.fixed[name]
    assert typed(got) == typed(wanted)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("steps", 2.5, "steps must be a whole number, got 2.5"),
        ("steps", True, "steps must be a whole number, got True"),
        ("n", "2O00", "n must be a whole number, got '2O00'"),
        ("load", "high", "load must be a number, got 'high'"),
        ("open_", "maybe", "open_ must be true or false, got 'maybe'"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        apply(Settings({"load": [0.1]}, {}), Overrides({name: value}), run)


def test_integers_of_a_range_stay_integers_where_the_parameter_takes_them() -> None:
    settings = apply(Settings({"load": [0.1]}, {}), Overrides({}, {"n": parse_axis("100:300:3"), "load": parse_axis("0:1:2")}), run)
    assert list(map(typed, settings.grid["n"])) == [("int", 100), ("int", 200), ("int", 300)]
    assert list(map(typed, settings.grid["load"])) == [("float", 0.0), ("float", 1.0)]


def test_the_experiments_own_values_show_the_type_where_the_function_does_not() -> None:
    settings = apply(Settings({"load": [0.1], "trials": np.array([0.5, 1.0])}, {}), Overrides({}, {"trials": [1, 2]}), run)
    assert list(map(typed, settings.grid["trials"])) == [("float", 1.0), ("float", 2.0)]


def test_axes_keep_their_place_new_ones_come_last_and_one_value_keeps_the_axis() -> None:
    base = Settings({"load": [0.1, 0.2], "n": [1, 2]}, {"noise": 0.1, "rule": "hebb"})
    settings = apply(base, Overrides({"load": 0.3, "rule": "storkey"}, {"noise": [0.0, 0.5]}), run)
    assert list(settings.grid.items()) == [("load", [0.3]), ("n", [1, 2]), ("noise", [0.0, 0.5])]
    assert settings.fixed == {"rule": "storkey"}
    assert base.fixed == {"noise": 0.1, "rule": "hebb"}


def test_an_unknown_parameter_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no parameter 'stesp'") as caught:
        apply(Settings({}, {}), Overrides({"stesp": 3}), run)
    assert caught.value.__notes__ == ["did you mean 'steps'?"]


@pytest.mark.parametrize(
    ("sets", "grids", "said"),
    [
        (["n"], [], "--set takes NAME=VALUE, got 'n'"),
        (["=3"], [], "--set takes NAME=VALUE"),
        (["n="], [], "--set takes NAME=VALUE"),
        (["n-units=3"], [], "--set takes NAME=VALUE"),
        ([], ["load"], "--grid takes NAME=VALUE"),
        (["n=1", "n=2"], [], "--set n is given twice"),
        (["n=1"], ["n=1,2"], "'n' is given by --set and by --grid"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(sets: list[str], grids: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_options(sets, grids)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "wide.toml"
    path.write_text('[set]\nn = 2000\nrule = "hebb"\n\n[grid]\nload = "0.1:0.3:3"\nnoise = [0.0, 0.5]\nsteps = 7\n', encoding="utf-8")
    return path


def test_a_file_holds_what_the_options_would(config: Path) -> None:
    wanted = read_options(["n=2000", "rule=hebb"], ["load=0.1:0.3:3", "noise=0.0,0.5", "steps=7"])
    assert read_config(config) == wanted


def test_the_command_line_wins_over_the_file_name_by_name(config: Path) -> None:
    got = read_options(["load=0.9"], ["n=1,2"], config)
    assert got == Overrides({"rule": "hebb", "load": 0.9}, {"noise": [0.0, 0.5], "steps": [7], "n": [1, 2]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sett]\nn = 1", "unknown table 'sett'"),
        ("n = 1", "unknown entry 'n'"),
        ("set = 3", "set must be a table"),
        ("[set]\nn = hebb", "is not TOML"),
        ("[set]\nday = 2026-01-01", r"\[set\] day must be a number"),
        ("[grid]\nload = []", r"\[grid\] load must be a flat list of at least one value"),
        ("[grid]\nload = [[1]]", r"\[grid\] load must be a flat list"),
        ("[grid]\nload = { a = 1 }", r"\[grid\] load must be a number"),
        ("[set]\nn = 1\n[grid]\nn = [1]", r"'n' is in \[set\] and in \[grid\]"),
    ],
)
def test_a_file_that_holds_anything_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_config(path)


def test_an_unknown_table_is_answered_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[girds]\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_config(path)
    assert caught.value.__notes__ == ["did you mean 'grid'?"]


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not TOML"):
        read_config(tmp_path / "bytes.toml")
