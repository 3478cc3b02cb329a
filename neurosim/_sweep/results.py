"""What a point returns, as typed bytes, and the labelled Dataset that many such points make.

A result is a set of named arrays. It is kept as

- its *layout*: a line of JSON with the name, dims, dtype, shape and attributes of each array, and the coordinates of its dims;
- its *payload*: the bytes of the arrays, little-endian, C order, one after the other.

Points of a sweep mostly share one layout, so that a thousand payloads joined are one structured array, read without a loop. Nothing
is ever pickled: a store can be read by any program, and opening one cannot run code.

Points that are not there yet are NaN in the Dataset (NaT for times, "" for strings; whole numbers and booleans become floats to
hold it), and `done` is False for them. A NaN that a point computed has `done` True.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.errors import StoreError, UsageError, with_hint

if TYPE_CHECKING:
    import xarray as xr

DONE = "done"
MOST_BYTES = 900_000_000  # of one point; SQLite takes a little more
_KINDS = "biufcUSmM"
_WIDEST = {"f": 8, "c": 16}  # bytes; longer floats differ from machine to machine


class Array(NamedTuple):
    """One array of a result."""

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: str = "{}"  # JSON


def encode(result: Any) -> tuple[str, bytes]:
    """Write what a point returned as layout and payload.

    Parameters
    ----------
    result : mapping or xarray.Dataset
        Name to a number, a string, an array, a pair (dims, array) or a labelled array. An array without dims gets
        ``name_dim_0``, ``name_dim_1``, ... Attributes that JSON can write are kept; coordinates of dims are kept.

    Returns
    -------
    layout : str
    payload : bytes

    Raises
    ------
    TypeError, ValueError
        Naming the part of the result that cannot be kept.

    Examples
    --------
    >>> layout, payload = encode({"overlap": 0.5})
    >>> payload == np.float64(0.5).tobytes()
    True
    """
    coords, variables = _parts(result)
    arrays = {name: _coerce(name, value) for name, value in variables.items()}
    axes = {name: _coerce(name, value) for name, value in coords.items()}
    layout = _layout(
        tuple(_shape(*item) for item in arrays.items()), tuple((*_shape(*item), item[1].values.tobytes()) for item in axes.items())
    )
    size = sum(array.values.nbytes for array in arrays.values())
    if size > MOST_BYTES:
        told = ValueError(f"the result takes {size:,} bytes, a point can keep {MOST_BYTES:,}")
        raise with_hint(told, "return a summary, or write the arrays to a file of the point's own")
    return layout, b"".join([array.values.tobytes() for array in arrays.values()])


def _parts(result: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split what a point returned into coordinates of dims and variables."""
    xarray = sys.modules.get("xarray")
    if xarray is not None and isinstance(result, xarray.Dataset):
        return _labelled(result)
    if not isinstance(result, Mapping):
        told = TypeError(f"a point must return a mapping of names to values, or a Dataset, got {type(result).__qualname__}")
        raise with_hint(told, 'write: return {"name": value}')
    for name in result:
        if not isinstance(name, str) or not name:
            raise TypeError(f"the names of a result must be strings, got {name!r}")
    coords: dict[str, Any] = {}
    values = dict(result)
    for name, array in values.items():
        if xarray is not None and isinstance(array, xarray.DataArray):
            own, values[name] = _labels(array, array.dims), (array.dims, array.values, array.attrs)
            clash = [dim for dim in own if dim in coords and not np.array_equal(coords[dim][1], own[dim][1])]
            if clash:
                raise ValueError(f"result {name!r} has other values along {clash[0]!r} than a result before it")
            coords |= own
    return coords, values


def _labelled(data: xr.Dataset) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the coordinates of dims, and the variables with whatever else has dims."""
    names = [*data.data_vars, *(name for name in data.coords if name not in data.dims and data[name].ndim)]
    values = {str(name): (data[name].dims, data[name].values, data[name].attrs) for name in names}
    return _labels(data, [dim for dim in data.dims if any(dim in value[0] for value in values.values())]), values


def _labels(data: Any, dims: Iterable[Any]) -> dict[str, Any]:
    return {str(dim): ((dim,), data.coords[dim].values, data.coords[dim].attrs) for dim in dims if dim in data.coords}


def _coerce(name: str, value: Any) -> Array:
    """Return one value of a result as a little-endian array with dims."""
    dims, attrs = None, "{}"
    if isinstance(value, tuple) and len(value) in (2, 3) and _are_dims(value[0]):
        dims = (value[0],) if isinstance(value[0], str) else tuple(str(dim) for dim in value[0])
        attrs = _attributes(value[2]) if len(value) == 3 else attrs
        value = value[1]
    array = np.asarray(value)
    if array.dtype.kind in "OT" and all(isinstance(item, str) for item in array.ravel()):
        array = array.astype(str)
    if array.dtype.kind not in _KINDS or array.dtype.itemsize > _WIDEST.get(array.dtype.kind, math.inf):
        told = TypeError(f"result {name!r} has type {array.dtype}, which cannot be kept")
        raise with_hint(told, "return numbers of at most 64 bits, strings, booleans or times, or arrays of them")
    if dims is None:
        dims = tuple(f"{name}_dim_{axis}" for axis in range(array.ndim))
    if len(dims) != array.ndim or len(set(dims)) < len(dims):
        raise ValueError(f"result {name!r} has shape {array.shape}, which the dims {dims!r} do not label")
    return Array(dims, array.astype(array.dtype.newbyteorder("<"), order="C", copy=False), attrs)


def _are_dims(value: Any) -> bool:
    """Tell (dims, array) from a tuple of numbers."""
    return isinstance(value, str) or (isinstance(value, tuple | list) and all(isinstance(dim, str) for dim in value))


def _attributes(attrs: Mapping[Any, Any]) -> str:
    """Keep the attributes that are plain text and numbers."""
    plain = {str(key): value.item() if isinstance(value, np.generic) else value for key, value in attrs.items()}
    return json.dumps({key: value for key, value in plain.items() if isinstance(value, str | int | float | bool)}, sort_keys=True)


def _shape(name: str, array: Array) -> tuple[str, tuple[str, ...], str, tuple[int, ...], str]:
    return name, array.dims, array.values.dtype.str, array.values.shape, array.attrs


@functools.lru_cache(maxsize=256)
def _layout(variables: tuple[Any, ...], coords: tuple[Any, ...]) -> str:
    """Write a layout; the same one is asked for again and again."""
    fields = ("name", "dims", "dtype", "shape", "attrs")
    told: dict[str, Any] = {"variables": [{**dict(zip(fields, item, strict=True)), "attrs": json.loads(item[4])} for item in variables]}
    told["coords"] = [
        {**dict(zip(fields, item[:5], strict=True)), "attrs": json.loads(item[4]), "data": base64.b64encode(item[5]).decode()}
        for item in coords
    ]
    return json.dumps(told, sort_keys=True)


class Layout:
    """A layout that was read back.

    Parameters
    ----------
    text : str
        What :func:`encode` wrote.
    """

    def __init__(self, text: str) -> None:
        told = json.loads(text)
        self.variables: list[dict[str, Any]] = told["variables"]
        self.coords: list[dict[str, Any]] = told["coords"]
        self.record = np.dtype([(item["name"], item["dtype"], tuple(item["shape"])) for item in self.variables])

    @property
    def labels(self) -> dict[str, tuple[list[str], list[int]]]:
        """Dims and shape of every variable, by name."""
        return {item["name"]: (item["dims"], item["shape"]) for item in self.variables}

    def decode(self, payloads: Iterable[bytes]) -> dict[str, np.ndarray]:
        """Return the arrays of many points, with the point as first axis."""
        parts = list(payloads)
        if any(len(part) != self.record.itemsize for part in parts):
            raise StoreError(f"a stored point is damaged: wanted {self.record.itemsize} bytes of data")
        if not self.record.itemsize:
            return {item["name"]: np.empty((len(parts), *item["shape"]), item["dtype"]) for item in self.variables}
        rows = np.frombuffer(b"".join(parts), self.record)
        return {item["name"]: rows[item["name"]] for item in self.variables}


def check_names(layout: Layout, axes: Iterable[str]) -> None:
    """Refuse a result whose names the Dataset of the sweep cannot hold.

    Raises
    ------
    UsageError
        If a variable or one of its dims has the name of a grid axis, or a variable is called `done`.
    """
    taken = {*axes, DONE}
    inner = {dim for dims, _ in layout.labels.values() for dim in dims}
    for name, (dims, _) in layout.labels.items():
        clash = [name] if name in inner else [word for word in (name, *dims) if word in taken]
        if clash:
            told = UsageError(f"result {name!r} uses the name {clash[0]!r}, which the sweep's own Dataset needs")
            raise with_hint(told, "give the result, or its dimension, another name")
    sizes: dict[str, int] = {}
    for name, (dims, shape) in layout.labels.items():
        for dim, size in zip(dims, shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                raise UsageError(f"result {name!r} has {size} entries along {dim!r}, another result has {sizes[dim]}")


def check_alike(first: Layout, other: Layout, which: str, origin: str) -> None:
    """Refuse two points whose results do not fit into one Dataset.

    Parameters
    ----------
    first, other : Layout
    which, origin : str
        What the points are called in the message.

    Raises
    ------
    ValueError
        Naming the result that differs, and how.
    """
    if first.labels.keys() != other.labels.keys():
        told = f"the point {which} returned {sorted(other.labels)}, the point {origin} {sorted(first.labels)}"
        raise with_hint(ValueError(told), "return the same names from every point")
    for name, label in first.labels.items():
        if other.labels[name] != label:
            told = f"result {name!r} has shape {_sizes(other.labels[name])} at the point {which}, but {_sizes(label)} at {origin}"
            raise with_hint(ValueError(told), "return the same shape from every point: pad, take a mean, or sweep that size apart")
    if _axes(first) != _axes(other):
        told = f"the coordinates of the point {which} differ from those of {origin}"
        raise with_hint(ValueError(told), "a coordinate that differs between points must be returned as a result of its own")


def _sizes(label: tuple[list[str], list[int]]) -> str:
    return "(" + ", ".join(f"{dim}: {size}" for dim, size in zip(*label, strict=True)) + ")"


def _axes(layout: Layout) -> dict[str, tuple[str, str]]:
    return {item["name"]: (item["dtype"], item["data"]) for item in layout.coords}


class Assembly:
    """Collects the points of a grid, in any order, into labelled arrays.

    Parameters
    ----------
    grid : mapping of str to sequence
    describe : callable
        Flat index to the words that name a point in an error.
    """

    def __init__(self, grid: Mapping[str, Any], describe: Any) -> None:
        self._grid, self._describe = grid, describe
        self._groups: dict[str, tuple[list[int], list[bytes]]] = {}

    def add(self, index: int, layout: str, payload: bytes) -> None:
        """Add the result of the point at a flat index."""
        indices, payloads = self._groups.setdefault(layout, ([], []))
        indices.append(index)
        payloads.append(payload)

    def dataset(self, attrs: Mapping[str, Any]) -> xr.Dataset:
        """Return the Dataset: grid axes first, then the dims of the results.

        Raises
        ------
        ValueError
            If results differ in shape, names or coordinates.
        """
        import xarray as xr

        shape = tuple(len(values) for values in self._grid.values())
        groups = sorted(((min(indices), Layout(text), indices, payloads) for text, (indices, payloads) in self._groups.items()), key=_first)
        for start, layout, *_ in groups[:1]:
            check_names(layout, self._grid)
            for place, other, *_ in groups[1:]:
                check_alike(layout, other, self._describe(place), self._describe(start))
        done = np.zeros(math.prod(shape), dtype=bool)
        for _, _, indices, _ in groups:
            done[indices] = True
        data = _joined([(layout, indices, payloads) for _, layout, indices, payloads in groups], done)
        first = groups[0][1] if groups else None
        coords: dict[str, Any] = {name: (name, np.asarray(values)) for name, values in self._grid.items()}
        variables: dict[str, Any] = {}
        for item in first.variables if first else ():
            array = data.pop(item["name"])
            variables[item["name"]] = ((*self._grid, *item["dims"]), array.reshape(*shape, *item["shape"]), item["attrs"])
        for item in first.coords if first else ():
            values = np.frombuffer(base64.b64decode(item["data"]), item["dtype"]).reshape(item["shape"])
            coords[item["name"]] = (item["dims"], values.copy(), item["attrs"])
        variables[DONE] = (tuple(self._grid), done.reshape(shape), {"long_name": "point is computed"})
        return xr.Dataset(variables, coords, dict(attrs))


def _first(group: tuple[int, Any, Any, Any]) -> int:
    return group[0]


def _joined(groups: list[tuple[Layout, list[int], list[bytes]]], done: np.ndarray) -> dict[str, np.ndarray]:
    """Put the values of all points where they belong, NaN elsewhere."""
    parts = [(indices, layout.decode(payloads)) for layout, indices, payloads in groups]
    out: dict[str, np.ndarray] = {}
    for name in parts[0][1] if parts else ():
        dtype = _common(name, [values[name].dtype for _, values in parts], complete=bool(done.all()))
        shape = parts[0][1][name].shape[1:]
        out[name] = np.full((done.size, *shape), _missing(dtype), dtype)
        for indices, values in parts:
            out[name][indices] = values[name]
    return out


def _common(name: str, dtypes: list[np.dtype], *, complete: bool) -> np.dtype:
    """Return the type that holds all points, and NaN if some are missing."""
    if len({dtype.kind in "US" for dtype in dtypes}) > 1:
        raise ValueError(f"result {name!r} is text at some points and a number at others")
    try:
        dtype = np.result_type(*dtypes)
    except TypeError:
        raise ValueError(f"result {name!r} has types that do not go together: {', '.join(sorted({str(d) for d in dtypes}))}") from None
    return dtype if complete or dtype.kind not in "biu" else np.dtype(np.float64)


def _missing(dtype: np.dtype) -> Any:
    return (
        ""
        if dtype.kind == "U"
        else b""
        if dtype.kind == "S"
        else np.array("NaT", dtype)
        if dtype.kind in "mM"
        else math.nan
        if dtype.kind in "fc"
        else 0
    )
