"""The canonical form of arguments: bytes that are equal exactly when the arguments are.

Every type carries a tag and every part its length, so that different arguments never share a form: 1, 1.0, True and "1" differ. A
NumPy scalar counts as the Python number it holds, a tuple as the list of its items; a function or class counts as its name.

Beside it stands a readable form, as JSON, for people who look into a store or at the attributes of a Dataset.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import math
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

import numpy as np

from neurosim.errors import with_hint

_NAN = struct.pack("<d", math.nan)


def canonical(value: Any) -> bytes:
    """Write a value as bytes that are equal for equal arguments, and different for different ones.

    Parameters
    ----------
    value : object
        None, bool, int, float, complex, str, bytes, a NumPy scalar or array, a path, an enum member, a function or class of a module,
        or a sequence, set, mapping or dataclass of these. Lists and tuples count as the same.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If the value has no such form.

    Examples
    --------
    >>> canonical(np.float64(0.1)) == canonical(0.1), canonical(1) == canonical(1.0)
    (True, False)
    """
    if isinstance(value, enum.Enum):
        return tagged(b"E", canonical(qualified(type(value))), canonical(value.name))
    if isinstance(value, np.generic):
        return _numpy_scalar(value)
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return tagged(b"D", canonical(qualified(type(value))), canonical(fields))
    if isinstance(value, np.ufunc) or _is_of_a_module(value):
        return tagged(b"O", canonical(qualified(value)))
    raise with_hint(
        TypeError(f"wanted numbers, strings, arrays or collections of them, got {type(value).__qualname__}"),
        "build such an object inside the function, from numbers",
    )


def tagged(tag: bytes, *parts: bytes) -> bytes:
    """Join parts so that the borders between them can be told."""
    return tag + b"".join(b"%d:%b" % (len(part), part) for part in parts)


def _numpy_scalar(value: np.generic) -> bytes:
    if value.dtype.kind in "mM":
        return tagged(b"T", value.dtype.str.encode(), str(value.astype(np.int64)).encode())
    item = value.item()
    if isinstance(item, np.generic) or value.dtype.kind not in "biufcUS":
        raise TypeError(f"wanted numbers of at most 64 bits, or strings, got {value.dtype}")
    return canonical(item)


def _array(value: np.ndarray) -> bytes:
    if value.dtype.kind not in "biufcUSmM":
        raise TypeError(f"wanted an array of numbers or strings, got one of {value.dtype}")
    plain = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<")).reshape(value.shape)
    return tagged(b"A", plain.dtype.str.encode(), repr(plain.shape).encode(), plain.tobytes())


def _mapping(value: Mapping[Any, Any]) -> bytes:
    return tagged(b"M", *sorted(tagged(b"", canonical(key), canonical(item)) for key, item in value.items()))


def _float(value: float) -> bytes:
    return b"F" + (_NAN if math.isnan(value) else struct.pack("<d", value))


_WRITERS: tuple[tuple[Any, Callable[[Any], bytes]], ...] = (
    (bool, lambda value: b"B1" if value else b"B0"),
    (int, lambda value: b"I%x" % value if value >= 0 else b"I-%x" % -value),
    (float, _float),
    (str, lambda value: b"S" + value.encode("utf-8", "surrogatepass")),
    (complex, lambda value: tagged(b"C", _float(value.real), _float(value.imag))),
    (type(None), lambda _: b"N"),
    (bytes | bytearray, lambda value: b"Y" + bytes(value)),
    (np.ndarray, _array),
    (list | tuple, lambda value: tagged(b"L", *map(canonical, value))),
    (range, lambda value: tagged(b"R", *map(canonical, (len(value), *value[:2])))),
    (set | frozenset, lambda value: tagged(b"U", *sorted(map(canonical, value)))),
    (Mapping, _mapping),
    (PurePath, lambda value: b"P" + value.as_posix().encode("utf-8", "surrogatepass")),
)


def _is_of_a_module(value: Any) -> bool:
    """Tell a function or class that its name identifies from one made inside a function, or bound to an object."""
    owner = getattr(value, "__self__", None)
    return callable(value) and "<" not in getattr(value, "__qualname__", "<") and (owner is None or isinstance(owner, ModuleType))


def qualified(thing: Any) -> str:
    """Return module:name of a function or class; a script is known by the name of its file.

    Examples
    --------
    >>> qualified(dict)
    'builtins:dict'
    """
    if isinstance(thing, np.ufunc):
        return f"numpy:{thing.__name__}"
    module = thing.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name if spec is not None else Path(file).stem if file else module
    return f"{module}:{thing.__qualname__}"


def readable(value: Any) -> Any:
    """Return a value in a form that JSON can write, for people to read; arrays as type, shape and digest.

    Examples
    --------
    >>> readable({"load": np.float64(0.1), "steps": (1, 2)})
    {'load': 0.1, 'steps': [1, 2]}
    >>> readable(np.zeros((2, 3)))
    'float64 (2, 3) 892ee9d2'
    """
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biufcU":
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {hashlib.blake2b(canonical(value), digest_size=4).hexdigest()}"
    if isinstance(value, list | tuple):
        return [readable(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): readable(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: readable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return qualified(value) if callable(value) else str(value)


def to_json(value: Any) -> str:
    """Write a value as JSON that is valid whatever the value holds.

    Examples
    --------
    >>> to_json([np.int64(1), float("nan")])
    '[1, "nan"]'
    """
    return json.dumps(readable(value), ensure_ascii=False)
