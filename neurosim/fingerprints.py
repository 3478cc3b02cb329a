"""Fingerprints of values, which tell whether this is the model, the state or the function that an older file speaks of.

Two values get the same fingerprint when they are of the same kind and hold the same numbers, in any process and on any machine.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any

import numpy as np


def fingerprint(value: Any) -> str:
    """Hash parameters or a state: what kind of thing it is and every number in it.

    Equal contents give equal fingerprints in every process. NumPy scalars count as the Python numbers they equal. Functions count by
    their byte code and what they close over, other objects by their attributes (cached properties left out).

    Parameters
    ----------
    value : object
        Dataclasses, arrays, numbers, texts, containers, functions, and objects made of these.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    TypeError
        If something in it has no contents that could be hashed; the message names it.

    Examples
    --------
    >>> fingerprint({"load": 0.1}) == fingerprint({"load": np.float64(0.1)})
    True
    >>> fingerprint(np.zeros(2)) == fingerprint(np.zeros(3))
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    _hash(value, type(value).__name__, digest.update, [])
    return digest.hexdigest()


def code_name(function: Any) -> str:
    """Name a function or class, with a hash of its byte code where it has one.

    Examples
    --------
    >>> code_name(len)
    'builtins.len'
    """
    plain = getattr(function, "py_func", getattr(function, "__func__", function))
    plain = plain if hasattr(plain, "__qualname__") else type(plain)
    name = f"{plain.__module__}.{plain.__qualname__}"
    code = getattr(plain, "__code__", None)
    return name if code is None else f"{name} {hashlib.blake2b(_constant(code).encode(), digest_size=8).hexdigest()}"


def _hash(value: Any, name: str, update: Callable[[Any], None], above: list[int]) -> None:
    """Feed a value to a digest; every piece says its kind and length, so that no two trees give the same bytes."""
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        value = np.asarray(value) if value.dtype.kind in "mM" else value.item()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        update(_tag("array", f"{value.dtype.str}{value.dtype.descr if value.dtype.names else ''}{value.shape}"))
        update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data if value.size else b"")
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes):
        update(_tag(type(value).__name__, repr(value)))
    elif id(value) in above:
        update(_tag("seen", str(len(above) - above.index(id(value)))))
    else:
        kind, parts = _parts(value, name)
        update(_tag(kind, str(len(parts))))
        for key, part in parts:
            update(_tag("key", key))
            _hash(part, f"{name}.{key}", update, [*above, id(value)])


def _tag(kind: str, text: str) -> bytes:
    content = text.encode()
    return f"{kind}:{len(content)}:".encode() + content


def _parts(value: Any, name: str) -> tuple[str, list[tuple[str, Any]]]:
    """Take a compound value apart into named pieces, in an order that does not depend on the process."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return kind, [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return kind, sorted((f"{type(key).__name__} {key!r}", item) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return kind, [(digest, None) for digest in sorted(fingerprint(item) for item in value)]
    if isinstance(value, list | tuple | np.ndarray | range):
        return kind, [(str(i), item) for i, item in enumerate(value)]
    if isinstance(value, np.random.Generator):
        return kind, [("state", value.bit_generator.state)]
    if isinstance(value, type | np.dtype | os.PathLike):
        return kind, [(value.__qualname__ if isinstance(value, type) else str(value), None)]
    return kind, _parts_of_object(value, name)


def _parts_of_object(value: Any, name: str) -> list[tuple[str, Any]]:
    """Take a function or an object with attributes apart."""
    plain = getattr(value, "py_func", value)
    if isinstance(plain, MethodType):
        return [("function", plain.__func__), ("self", plain.__self__)]
    if isinstance(plain, functools.partial):
        return [("function", plain.func), ("args", plain.args), ("keywords", plain.keywords)]
    if hasattr(plain, "__code__"):
        closed = [cell.cell_contents for cell in plain.__closure__ or ()]
        defaults = (plain.__defaults__, plain.__kwdefaults__)
        return [(f"{plain.__module__}.{plain.__qualname__}", _constant(plain.__code__)), ("closure", closed), ("defaults", defaults)]
    if not hasattr(plain, "__dict__"):
        if callable(plain) and hasattr(plain, "__qualname__"):
            return [(f"{plain.__module__}.{plain.__qualname__}", None)]
        raise TypeError(f"{name} has no fingerprint: it is a {type(value).__name__}")
    return sorted((key, item) for key, item in vars(plain).items() if not _is_cached(plain, key))


def _is_cached(owner: Any, name: str) -> bool:
    return isinstance(getattr(type(owner), name, None), functools.cached_property)


def _constant(value: Any) -> str:
    """Describe byte code, or a constant in it, without addresses, line numbers and the order of sets."""
    if hasattr(value, "co_code"):
        return f"{value.co_code.hex()} {[_constant(item) for item in value.co_consts]} {value.co_names}"
    return str(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
