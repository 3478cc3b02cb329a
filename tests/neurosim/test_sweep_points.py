"""A point is its arguments: equal arguments, equal key; the key alone gives the random numbers; grids are checked at the door."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim._sweep.canonical import canonical, readable, to_json
from neurosim._sweep.points import Points, draws
from neurosim.errors import UsageError


def run(load: float, noise: float = 0.5, *, n: int = 100, rng: np.random.Generator | None = None) -> dict[str, float]:
    return {"x": load}


def anything(**given: Any) -> dict[str, float]:
    return {}


class Rule(enum.Enum):
    HEBB = 1
    OJA = 2


@dataclasses.dataclass(frozen=True)
class Unit:
    tau: float
    gain: float = 1.0


@dataclasses.dataclass(frozen=True)
class Other:
    tau: float
    gain: float = 1.0


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, -0.0, 1.0, 0.1, math.inf, math.nan]),
    st.sampled_from(["", "1", "N", "B1", "load"]),
    st.sampled_from([b"", b"1"]),
    st.sampled_from([1j, 1 + 0j]),
    st.sampled_from([Rule.HEBB, Rule.OJA, Path("1"), Unit(1.0), Other(1.0), Unit(2.0), np.tanh, math.tanh, range(3), np.arange(2)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=4,
)


def likeness(value: Any) -> Any:
    """Say what a value is, in a form that Python compares rightly."""
    if isinstance(value, list | tuple):
        return ("list", *map(likeness, value))
    if isinstance(value, Mapping):
        return ("dict", frozenset((key, likeness(item)) for key, item in value.items()))
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.str, value.shape, value.tobytes())
    return type(value).__name__, value.hex() if isinstance(value, float) else value


class TestCanonical:
    @given(VALUES, VALUES)
    def test_forms_are_equal_exactly_when_values_are(self, one: Any, other: Any) -> None:
        assert (canonical(one) == canonical(other)) == (likeness(one) == likeness(other))

    @given(st.lists(VALUES, max_size=3), st.lists(VALUES, max_size=3))
    def test_borders_between_items_can_be_told(self, one: list[Any], other: list[Any]) -> None:
        assert (canonical([one, other]) == canonical([one + other])) is False

    @given(st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.text(max_size=5).filter(lambda text: "\0" not in text))
    def test_numpy_scalars_count_as_the_python_values_they_hold(self, i: int, x: float, b: bool, text: str) -> None:
        assert canonical(np.int64(i)) == canonical(i)
        assert canonical(np.float64(x)) == canonical(x)
        assert canonical(np.bool_(b)) == canonical(b)
        assert canonical(np.str_(text)) == canonical(text)
        assert canonical(np.float32(0.1)) == canonical(float(np.float32(0.1)))
        assert canonical(np.uint8(3)) == canonical(np.int32(3)) == canonical(3)

    def test_arrays_differ_by_type_shape_and_content_alone(self) -> None:
        base = np.arange(6.0).reshape(2, 3)
        same = [base.copy(), np.asfortranarray(base), base.astype(">f8"), np.arange(12.0).reshape(2, 6)[:, ::2] / 2]
        assert {canonical(value) for value in same} == {canonical(base)}
        others = [base.ravel(), base.T, base.astype(np.float32), base + 1, base.tolist()]
        assert len({canonical(value) for value in [base, *others]}) == 6

    def test_order_in_sets_and_mappings_does_not_matter(self) -> None:
        assert canonical({"a": 1, "b": {3, 2}}) == canonical({"b": {2, 3}, "a": 1})

    def test_times_are_told_apart_by_their_unit(self) -> None:
        assert len({canonical(np.datetime64("2020", unit)) for unit in ("Y", "D")} | {canonical(np.timedelta64(50, "Y"))}) == 3

    @pytest.mark.parametrize("value", [object(), lambda: 0, np.random.default_rng(0), [1].append, functools.partial(run), np.longdouble(1)])
    def test_what_has_no_form_is_refused(self, value: object) -> None:
        with pytest.raises(TypeError, match="wanted numbers"):
            canonical(value)

    def test_objects_in_an_array_are_refused(self) -> None:
        with pytest.raises(TypeError, match="wanted an array of numbers or strings, got one of object"):
            canonical(np.array([None, 1]))

    @given(VALUES)
    def test_every_value_can_be_written_for_people(self, value: Any) -> None:
        assert to_json(value) == to_json(readable(value))


class TestKeys:
    def test_a_key_never_changes(self) -> None:
        # the keys of stored points: if this fails, every store out there has lost its points
        key = Points(_pinned("capacity:run"), {"load": [0.1]}, {"n": 1000, "rule": "hebb"}, seed=1).keys[0]
        assert key.hex() == "a6902449c5630f52fc419de577187096"

    def test_all_points_have_different_keys(self) -> None:
        keys = Points(run, {"load": [0, 1, 0.5], "n": [1, 2]}).keys + Points(run, {"load": [0], "n": [1]}, seed=1).keys
        assert len(set(keys)) == 7

    def test_grid_fixed_and_default_give_the_same_key(self) -> None:
        keys = {
            Points(run, {"load": [0.1], "noise": [0.5]}).keys[0],
            Points(run, {"noise": [0.5], "load": [0.1]}).keys[0],
            Points(run, {"load": [0.1]}).keys[0],
            Points(run, {"load": np.array([0.1])}, {"noise": np.float64(0.5), "n": np.int32(100)}).keys[0],
            Points(functools.partial(run, noise=0.5), {"load": (0.1,)}).keys[0],
        }
        assert len(keys) == 1

    @given(st.lists(st.integers(0, 50), min_size=1, unique=True), st.lists(st.integers(0, 50), min_size=1, unique=True))
    def test_the_grid_around_a_point_does_not_matter(self, small: list[int], more: list[int]) -> None:
        one, both = Points(run, {"load": small}), Points(run, {"load": list(dict.fromkeys([*more, *small]))})
        assert set(one.keys) <= set(both.keys)

    def test_keys_stand_in_grid_order(self) -> None:
        points = Points(run, {"load": [1, 2], "noise": [3, 4, 5]})
        assert [points.arguments(index)["noise"] for index in range(6)] == [3, 4, 5, 3, 4, 5]
        assert points.keys[4] == Points(run, {"load": [2], "noise": [4]}).keys[0]
        assert points.describe(4) == "load=2, noise=4"
        assert points.json(4) == '{"load": 2, "noise": 4}'

    def test_another_function_has_other_keys(self) -> None:
        assert Points(anything, {"load": [1]}).keys != Points(run, {"load": [1]}).keys

    def test_a_script_is_known_by_the_name_of_its_file(self, tmp_path: Path) -> None:
        text = "from neurosim._sweep.points import Points\ndef run(load):\n    pass\nprint(Points(run, {'load': [1]}).keys[0].hex())\n"
        (tmp_path / "my_script.py").write_text(text)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), str(tmp_path)])}
        commands = ([str(tmp_path / "my_script.py")], ["-m", "my_script"], ["-c", "import my_script"])
        told = {subprocess.check_output([sys.executable, *command], env=environment) for command in commands}
        assert len(told) == 1

    def test_an_argument_without_a_form_is_named(self) -> None:
        with pytest.raises(TypeError, match="argument 'noise' cannot identify a point"):
            Points(run, {"load": [1]}, {"noise": object()})


def _pinned(name: str) -> Any:
    def run(load: float, n: int, rule: str, noise: float = 0.25, seed: int = 0) -> dict[str, float]:
        return {}

    run.__module__, run.__qualname__ = name.split(":")
    return run


class TestDraws:
    def test_the_generator_belongs_to_seed_and_key(self) -> None:
        key, other = bytes(range(16)), bytes(16)
        numbers = {dict(draws(seed, k, ["rng"]))["rng"].random() for seed, k in [(0, key), (0, other), (1, key)] for _ in range(2)}
        assert len(numbers) == 3

    def test_the_seed_fits_into_a_signed_integer(self) -> None:
        seeds = [dict(draws(0, bytes([number] * 16), ["seed"]))["seed"] for number in range(100)]
        assert all(0 <= seed < 2**63 for seed in seeds)
        assert len(set(seeds)) == 100

    def test_numbers_never_change(self) -> None:
        drawn = dict(draws(5, bytes(range(16)), ["rng", "seed"]))
        assert (drawn["rng"].bit_generator.random_raw(), drawn["seed"]) == (15561897826950568448, 2198402857524138278)

    def test_only_what_nobody_gave_is_drawn(self) -> None:
        assert Points(run, {"load": [1]}).drawn == ("rng",)
        assert Points(run, {"load": [1]}, {"rng": None}).drawn == ()
        assert Points(_pinned("a:b"), {"load": [1], "seed": [1]}, {"n": 1, "rule": ""}).drawn == ()
        assert Points(_pinned("a:b"), {"load": [1]}, {"n": 1, "rule": ""}).drawn == ("seed",)


class TestAtTheDoor:
    @pytest.mark.parametrize(
        ("grid", "fixed", "told", "advice"),
        [
            ({}, {}, "the grid is empty", "at least one axis"),
            ({"load": []}, {}, r"grid\['load'\] is empty", "at least one value"),
            ({"load": [0.1, 0.2, 0.1]}, {}, r"grid\['load'\] holds 0.1 twice", "differ"),
            ({"load": [1, 1.0]}, {}, r"grid\['load'\] holds 1.0 twice", "differ"),
            ({"load": [0.1, math.nan]}, {}, r"grid\['load'\] holds NaN", "names no point"),
            ({"load": np.array([np.datetime64("NaT")])}, {}, r"grid\['load'\] holds NaN", "names no point"),
            ({"laod": [1]}, {}, r"grid names 'laod', which run\(\) does not take", "did you mean 'load'"),
            ({"load": [1]}, {"nois": 2}, r"fixed names 'nois', which run\(\) does not take", "did you mean 'noise'"),
            ({"load": [1]}, {"load": 2}, "'load' stands both in the grid and in fixed", "leave one"),
            ({"noise": [1]}, {}, r"run\(\) needs 'load', which neither grid nor fixed gives", "add an axis"),
        ],
    )
    def test_wrong_grids_are_told_in_one_line_with_advice(self, grid: Any, fixed: Any, told: str, advice: str) -> None:
        with pytest.raises(UsageError, match=told) as caught:
            Points(run, grid, fixed)
        assert len(str(caught.value).splitlines()) == 1
        assert any(advice in note for note in caught.value.__notes__)

    @pytest.mark.parametrize(
        ("grid", "told"),
        [
            ({"load": "abc"}, "must be a sequence of values, got 'abc'"),
            ({"load": 0.1}, "must be a sequence of values, got 0.1"),
            ({"load": {0.1}}, "must be a sequence of values"),
            ({"load": [None]}, "must hold numbers, strings or booleans, got None"),
            ({"load": [[1], [2]]}, "must hold numbers, strings or booleans"),
            ({"load": [1, "a"]}, "must hold values of one kind, got int, str"),
            ({"load": [True, 2]}, "must hold values of one kind, got bool, int"),
            ({"load": np.zeros((2, 2))}, r"must have one dimension, got shape \(2, 2\)"),
            ({"load": [2**64]}, "must hold whole numbers of 64 bits"),
            ([("load", [1])], "grid must map argument names to values"),
            ({1: [1]}, "grid must map argument names to values"),
        ],
    )
    def test_values_that_cannot_label_an_axis_are_refused(self, grid: Any, told: str) -> None:
        with pytest.raises((TypeError, ValueError), match=told):
            Points(run, grid)

    @pytest.mark.parametrize(("seed", "kind"), [(-1, ValueError), (0.5, TypeError), (True, TypeError), (None, TypeError)])
    def test_seeds_are_whole_numbers(self, seed: Any, kind: type[Exception]) -> None:
        with pytest.raises(kind, match="seed must"):
            Points(run, {"load": [1]}, seed=seed)

    @pytest.mark.parametrize("function", [Unit(1.0).__eq__, 3, functools.partial(run, 1)])
    def test_only_plain_functions_are_swept(self, function: Any) -> None:
        with pytest.raises((TypeError, UsageError), match="run must be a"):
            Points(function, {"load": [1]})

    def test_positional_only_parameters_are_refused(self) -> None:
        def positional(load: float, /) -> dict[str, float]:
            return {}

        with pytest.raises(UsageError, match="positional-only"):
            Points(positional, {"load": [1]})

    def test_a_function_that_takes_anything_gets_anything(self) -> None:
        assert Points(anything, {"whatever": [1]}, {"else": 2}).arguments(0) == {"whatever": 1}

    def test_the_function_receives_python_numbers(self) -> None:
        points = Points(run, {"load": np.linspace(0, 1, 2), "n": np.arange(2)}, {"noise": np.float32(0.5)})
        assert [type(value) for value in (*points.arguments(0).values(), points.fixed["noise"])] == [float, int, float]
