"""What a point returns comes back bit for bit, and many points make one labelled Dataset."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurosim._sweep.results import Assembly, Layout, check_alike, check_names, encode
from neurosim.errors import StoreError, UsageError

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    hnp.unicode_string_dtypes(endianness="?", max_len=5),
    hnp.datetime64_dtypes(endianness="?"),
)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


def back(result: Any) -> dict[str, np.ndarray]:
    layout, payload = encode(result)
    return {name: values.reshape(values.shape[1:]) for name, values in Layout(layout).decode([payload]).items()}


def bits(array: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.dtype.str, array.shape, little.tobytes()


def assembled(results: list[Any], size: int | None = None) -> xr.Dataset:
    assembly = Assembly({"load": list(range(size or len(results)))}, lambda index: f"load={index}")
    for index, result in enumerate(results):
        assembly.add(index, *encode(result))
    return assembly.dataset({})


class TestRoundTrip:
    @given(st.dictionaries(st.text(min_size=1, max_size=3), ARRAYS, max_size=3))
    def test_arrays_come_back_bit_for_bit(self, result: dict[str, np.ndarray]) -> None:
        assert {name: bits(array) for name, array in back(result).items()} == {name: bits(array) for name, array in result.items()}

    @given(ARRAYS)
    def test_memory_order_does_not_matter(self, array: np.ndarray) -> None:
        assert bits(back({"x": array.T})["x"]) == bits(array.T)

    @given(st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.complex_numbers(), st.text(max_size=4)))
    def test_scalars_come_back(self, value: Any) -> None:
        assert bits(back({"x": value})["x"]) == bits(np.asarray(value))

    def test_the_payload_of_nan_is_kept(self) -> None:
        odd = np.array([0x7FF8000000000123], np.uint64).view(np.float64)
        assert back({"x": odd})["x"].tobytes() == odd.tobytes()

    def test_equal_shapes_share_a_layout(self) -> None:
        assert encode({"x": 1.0, "v": np.zeros(3)})[0] == encode({"x": 2.0, "v": np.ones(3)})[0]

    def test_dims_are_named(self) -> None:
        labels = Layout(
            encode({"a": ("time", [1, 2]), "b": (("time", "unit"), np.zeros((2, 3))), "c": np.zeros((2, 2)), "d": ((), 1)})[0]
        ).labels
        assert labels == {
            "a": (["time"], [2]),
            "b": (["time", "unit"], [2, 3]),
            "c": (["c_dim_0", "c_dim_1"], [2, 2]),
            "d": ([], []),
        }

    def test_a_tuple_of_numbers_is_an_array(self) -> None:
        assert back({"x": (1, 2)})["x"].tolist() == [1, 2]

    def test_text_arrays_of_objects_are_text(self) -> None:
        assert back({"x": np.array(["a", "bc"], object)})["x"].tolist() == ["a", "bc"]

    def test_a_damaged_payload_is_told(self) -> None:
        layout, payload = encode({"x": 1.0})
        with pytest.raises(StoreError, match="damaged"):
            Layout(layout).decode([payload[:-1]])


class TestWhatCannotBeKept:
    @pytest.mark.parametrize("result", [None, 1.0, [1.0], "x"])
    def test_a_point_returns_a_mapping(self, result: Any) -> None:
        with pytest.raises(TypeError, match="a point must return a mapping of names to values, or a Dataset, got"):
            encode(result)

    @pytest.mark.parametrize("value", [None, object(), {"a": 1}, np.array([1, None]), np.longdouble(1), np.zeros(1, "V3"), lambda: 0])
    def test_objects_are_refused_by_name(self, value: Any) -> None:
        with pytest.raises(TypeError, match="result 'x' has type"):
            encode({"x": value})

    def test_names_are_strings(self) -> None:
        with pytest.raises(TypeError, match="must be strings, got 1"):
            encode({1: 2.0})

    @pytest.mark.parametrize("dims", ["time", ("time", "unit", "more"), ("time", "time")])
    def test_dims_must_label_the_shape(self, dims: Any) -> None:
        with pytest.raises(ValueError, match=r"result 'x' has shape \(2, 3\), which the dims .* do not label"):
            encode({"x": (dims, np.zeros((2, 3)))})

    @pytest.mark.parametrize(
        "result", [{"load": 1.0}, {"done": 1.0}, {"x": ("load", [1.0])}, {"x": ("x", [1.0])}, {"x": ("unit", [1, 2]), "y": ("unit", [1])}]
    )
    def test_names_that_the_dataset_needs_are_refused(self, result: Any) -> None:
        with pytest.raises(UsageError, match=r"uses the name|entries along 'unit'"):
            check_names(Layout(encode(result)[0]), ["load"])

    def test_too_large_a_result_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("neurosim._sweep.results.MOST_BYTES", 1000)
        with pytest.raises(ValueError, match="takes 1,008 bytes, a point can keep 1,000"):
            encode({"x": np.zeros(126)})


class TestLabelledResults:
    def test_a_dataset_keeps_dims_coordinates_units_and_drops_what_differs_between_runs(self) -> None:
        data = xr.Dataset(
            {"energy": ("time", [3.0, 2.0], {"units": "mV", "odd": object()})},
            {"time": ("time", [0.0, 0.5], {"units": "ms"}), "phase": ("time", [1, 2]), "at": 7.0},
            {"wall_seconds": 1.5},
        )
        out = assembled([data, data])
        assert out.energy.dims == ("load", "time")
        assert (out.energy.attrs, out.time.attrs) == ({"units": "mV"}, {"units": "ms"})
        assert out.time.values.tolist() == [0.0, 0.5]
        assert out.phase.values.tolist() == [[1, 2], [1, 2]]
        assert set(out.variables) == {"load", "time", "energy", "phase", "done"}
        assert out.attrs == {}

    def test_labelled_arrays_may_stand_beside_plain_ones(self) -> None:
        array = xr.DataArray([1.0, 2.0], {"unit": ["a", "b"]}, "unit", attrs={"units": "Hz"})
        out = assembled([{"rate": array, "n": 3, "v": ("unit", [1, 2])}])
        assert out.unit.values.tolist() == ["a", "b"]
        assert list(out.data_vars) == ["rate", "n", "v", "done"]

    def test_labels_that_contradict_each_other_are_refused(self) -> None:
        arrays = {name: xr.DataArray([1.0], {"unit": [place]}, "unit") for place, name in enumerate("ab")}
        with pytest.raises(ValueError, match="result 'b' has other values along 'unit' than a result before it"):
            encode(arrays)

    def test_coordinates_must_not_differ_between_points(self) -> None:
        with pytest.raises(ValueError, match="coordinates of the point load=1 differ from those of load=0"):
            assembled([xr.Dataset({"x": ("time", [1.0])}, {"time": [start]}) for start in (0.0, 0.1)])


class TestAssembly:
    def test_points_may_come_in_any_order(self) -> None:
        results = [{"x": number, "v": ("unit", [number, -number])} for number in range(6)]
        data = assembled(results)
        for order in ([5, 3, 1, 0, 2, 4], [0, 5, 1, 4, 2, 3]):
            other = Assembly({"load": list(range(6))}, str)
            for index in order:
                other.add(index, *encode(results[index]))
            assert other.dataset({}).identical(data)
        assert data.v.values.tolist() == [[n, -n] for n in range(6)]

    def test_missing_points_are_nan_and_not_done(self) -> None:
        data = assembled([{"x": 1, "b": True, "s": "ab", "t": np.datetime64("2020", "Y"), "c": 1j, "v": np.ones(2, np.float32)}], size=2)
        assert data.done.values.tolist() == [True, False]
        assert (data.x.dtype, data.b.dtype, data.v.dtype) == (np.float64, np.float64, np.float32)
        assert all(math.isnan(data[name].values[1]) for name in ("x", "b"))
        assert np.isnan(data.v.values[1]).all()
        assert np.isnan(data.c.values[1])
        assert (data.s.values[1], np.isnat(data.t.values[1])) == ("", True)

    def test_a_computed_nan_is_done(self) -> None:
        assert assembled([{"x": math.nan}]).done.values.tolist() == [True]

    def test_whole_numbers_stay_whole_when_all_are_there(self) -> None:
        assert assembled([{"x": 1, "b": True}, {"x": 2, "b": False}]).dtypes["x"] == np.int64

    def test_types_widen_to_hold_all_points(self) -> None:
        data = assembled([{"x": 1, "s": "a"}, {"x": 2.5, "s": "long"}])
        assert (data.x.values.tolist(), data.s.values.tolist()) == ([1.0, 2.5], ["a", "long"])

    @pytest.mark.parametrize("value", ["text", np.datetime64("2020", "Y")])
    def test_types_that_do_not_go_together_are_told(self, value: Any) -> None:
        with pytest.raises(ValueError, match="result 'x'"):
            assembled([{"x": 1.5}, {"x": value}])

    @pytest.mark.parametrize(
        ("other", "told"),
        [
            ({"x": np.zeros(3)}, r"result 'x' has shape \(x_dim_0: 3\) at the point load=1, but \(x_dim_0: 2\) at load=0"),
            ({"x": ("unit", np.zeros(2))}, r"result 'x' has shape \(unit: 2\)"),
            ({"y": np.zeros(2)}, r"the point load=1 returned \['y'\], the point load=0 \['x'\]"),
        ],
    )
    def test_unequal_shapes_are_told_with_both_points(self, other: Any, told: str) -> None:
        with pytest.raises(ValueError, match=told) as caught:
            assembled([{"x": np.zeros(2)}, other])
        assert "from every point" in caught.value.__notes__[0]

    def test_attributes_come_from_the_first_point_of_the_grid(self) -> None:
        results = [xr.Dataset({"x": ((), 1.0, {"units": units})}) for units in ("mV", "V")]
        assembly = Assembly({"load": [0, 1]}, str)
        for index in (1, 0):
            assembly.add(index, *encode(results[index]))
        assert assembly.dataset({}).x.attrs == {"units": "mV"}

    def test_nothing_at_all_is_a_dataset_of_nothing_done(self) -> None:
        assert assembled([], size=3).done.values.tolist() == [False] * 3

    def test_alike_means_alike_in_both_directions(self) -> None:
        one, two = (Layout(encode(result)[0]) for result in ({"x": 1.0}, {"x": 1.0, "y": 2.0}))
        for first, second in ((one, two), (two, one)):
            with pytest.raises(ValueError, match="returned"):
                check_alike(first, second, "a", "b")
        check_alike(one, Layout(encode({"x": 1})[0]), "a", "b")
