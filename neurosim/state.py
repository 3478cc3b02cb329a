"""Save, load, copy and compare states: arrays and numbers, without pickle, all or nothing.

A state is a dataclass whose fields are arrays, numbers, texts, NumPy generators, or dicts, lists and dataclasses of these. Its file
is a zip archive of ``.npy`` members, which ``numpy.load`` also opens, and one JSON member that says how they are put together.
Reading it imports no module and runs no code of the file: dataclasses are looked up among the modules already imported.

A file appears under its name only when it is complete and on the disk (written aside, ``fsync``, renamed, ``fsync`` of the folder).
Whatever happens before that leaves the older file as it was.
"""

from __future__ import annotations

import copy as copying
import dataclasses
import json
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np

from neurosim.errors import CheckpointError, with_hint
from neurosim.files import replacing
from neurosim.fingerprints import fingerprint as fingerprint

T = TypeVar("T")

FORMAT = 1
HEADER = "neurosim.json"
_DAMAGED = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, IndexError, EOFError, struct.error, RuntimeError, SyntaxError)
_DAMAGED += (MemoryError, OverflowError, AttributeError, tokenize.TokenError)


# --- copy and assign ----------------------------------------------------------------------------------------------------------


def copy(state: T) -> T:
    """Return a state that shares no memory with the given one.

    Examples
    --------
    >>> before = {"v": np.zeros(2)}
    >>> after = copy(before)
    >>> after["v"] += 1.0
    >>> before["v"]
    array([0., 0.])
    """
    return copying.deepcopy(state)


def assign(target: T, source: T) -> None:
    """Make a state equal to another one, in place.

    Arrays that keep their shape and type are overwritten, so that views of them stay valid; everything else is replaced by a copy.

    Parameters
    ----------
    target, source : dataclass instances of one class

    Raises
    ------
    TypeError
        If they are not dataclass instances of one class.
    """
    if not dataclasses.is_dataclass(target) or isinstance(target, type) or type(target) is not type(source):
        raise TypeError(f"source must be a dataclass of the target's class {type(target).__name__}, got {type(source).__name__}")
    for field in dataclasses.fields(target):
        new = getattr(source, field.name)
        if not _overwrite(getattr(target, field.name), new):
            object.__setattr__(target, field.name, copying.deepcopy(new))


def _overwrite(old: Any, new: Any) -> bool:
    """Write a value into the old one's place; False if there is no such place."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        fits = old.shape == new.shape and old.dtype == new.dtype and old.flags.writeable
        if fits:
            old[...] = new
        return fits
    if isinstance(old, np.random.Generator) and type(old.bit_generator) is type(new.bit_generator):
        old.bit_generator.state = new.bit_generator.state
        return True
    if dataclasses.is_dataclass(old) and type(old) is type(new):
        assign(old, new)
        return True
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        old |= {key: copying.deepcopy(item) for key, item in new.items() if not _overwrite(old[key], item)}
        return True
    return False


# --- save and load ------------------------------------------------------------------------------------------------------------


def save(state: Any, path: str | Path, **extra: Any) -> None:
    """Write a state to one file, completely or not at all.

    Parameters
    ----------
    state : dataclass instance
        Its fields are arrays, numbers, texts, None, NumPy generators, or dicts, lists, tuples and dataclasses of these.
    path : str or Path
        File to write; an existing one is replaced.
    **extra : same kinds of values
        Kept beside the state; :func:`load_all` returns them.

    Raises
    ------
    TypeError
        If a field cannot be saved; the message names it.
    OSError
        If the file cannot be written. An existing file is left as it was.

    Examples
    --------
    >>> import tempfile
    >>> @dataclasses.dataclass
    ... class Walk:
    ...     x: np.ndarray
    ...     tick: int = 0
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Walk(np.arange(3), tick=7), f"{folder}/walk.state")
    ...     load(f"{folder}/walk.state", Walk)
    Walk(x=array([0, 1, 2]), tick=7)
    """
    if not dataclasses.is_dataclass(state) or isinstance(state, type):
        raise with_hint(TypeError(f"state must be a dataclass instance, got {type(state).__name__}"), "models make states with init()")
    arrays: dict[str, np.ndarray] = {}
    trees = {"state": _pack(state, "state", arrays), "extra": _pack(extra, "extra", arrays)}
    header = {"format": FORMAT, "neurosim": version(), **trees}
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), json.dumps(header))
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


@overload
def load(path: str | Path, like: type[T]) -> T: ...
@overload
def load(path: str | Path, like: T) -> T: ...
@overload
def load(path: str | Path) -> Any: ...
def load(path: str | Path, like: Any = None) -> Any:
    """Read a state.

    Parameters
    ----------
    path : str or Path
        A file written by :func:`save`, or the checkpoint of a run.
    like : dataclass or instance of it, optional
        The class wanted. Without it the class is looked up by its name, in modules that are already imported.

    Returns
    -------
    dataclass instance

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is damaged, of another format or not a state of this class.

    Examples
    --------
    See :func:`save`.
    """
    return load_all(path, like)[0]


def load_all(path: str | Path, like: Any = None) -> tuple[Any, dict[str, Any]]:
    """Read a state and what was saved beside it.

    Parameters
    ----------
    path, like
        As for :func:`load`.

    Returns
    -------
    state : dataclass instance
    extra : dict

    Raises
    ------
    FileNotFoundError, CheckpointError
        As for :func:`load`.
    """
    header, arrays = _read(Path(path))
    wanted = None if like is None else like if isinstance(like, type) else type(like)
    try:
        return _unpack(header["state"], arrays, wanted), _unpack(header["extra"], arrays, None)
    except CheckpointError as error:
        error.args = (f"{path}: {error.args[0]}",)
        raise
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a file, each checked against its checksum."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                if (bad := archive.testzip()) is not None:
                    raise zipfile.BadZipFile(f"wrong checksum of {bad}")
                header = json.loads(archive.read(HEADER))
                _check_format(header, path)
                names = [name for name in archive.namelist() if name != HEADER]
                return header, {name.removesuffix(".npy"): _read_array(archive, name) for name in names}
        except CheckpointError:
            raise
        except (*_DAMAGED, OSError) as error:
            raise _damaged(path, error) from error


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _check_format(header: Mapping[str, Any], path: Path) -> None:
    if header["format"] != FORMAT:
        error = CheckpointError(f"{path} has format {header['format']!r}, this neurosim {version()} reads format {FORMAT}")
        raise with_hint(error, f"it was written by neurosim {header.get('neurosim', '?')}; read it with that version")


def _damaged(path: str | Path, error: BaseException) -> CheckpointError:
    """Say that a file is not what it should be."""
    message = f"{path} is damaged or is not a neurosim state ({type(error).__name__}: {error})"
    return with_hint(CheckpointError(message), "delete it, or name another file, to start afresh")


# --- the tree of a state ------------------------------------------------------------------------------------------------------


def _pack(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """Describe a value in JSON and move its arrays, under their dotted names, into `arrays`."""
    if value is None or isinstance(value, bool | str) or type(value) in (int, float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _pack(getattr(value, field.name), f"{name}.{field.name}", arrays) for field in dataclasses.fields(value)}
        return {"is": "dataclass", "module": type(value).__module__, "class": type(value).__qualname__, "fields": fields}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"is": "dict", "items": {key: _pack(item, f"{name}.{key}", arrays) for key, item in value.items()}}
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return {"is": type(value).__name__, "items": [_pack(item, f"{name}.{i}", arrays) for i, item in enumerate(value)]}
    if isinstance(value, np.random.Generator):
        return {"is": "generator", "state": _pack(value.bit_generator.state, name, arrays)}
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.ma.MaskedArray) and not value.dtype.hasobject:
        key = name
        while key in arrays:
            key += "~"
        arrays[key] = np.asarray(value)
        return {"is": "array" if isinstance(value, np.ndarray) else "scalar", "at": key}
    raise with_hint(
        TypeError(f"{name} cannot be saved: it is {_kind(value)}"),
        "a state holds arrays, numbers, texts, NumPy generators, and dicts (with text keys), lists, tuples and dataclasses of these",
    )


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"a {type(value).__name__} of {value.dtype}"
    return f"a {type(value).__name__}" + (" with keys that are not texts" if isinstance(value, dict) else "")


def _unpack(node: Any, arrays: Mapping[str, np.ndarray], like: type | None) -> Any:
    """Rebuild a value from its description."""
    if not isinstance(node, dict):
        return node
    match node["is"]:
        case "dataclass":
            return _unpack_dataclass(node, arrays, like)
        case "dict":
            return {key: _unpack(item, arrays, None) for key, item in node["items"].items()}
        case "list":
            return [_unpack(item, arrays, None) for item in node["items"]]
        case "tuple":
            return tuple(_unpack(item, arrays, None) for item in node["items"])
        case "generator":
            return _generator(_unpack(node["state"], arrays, None))
        case "array":
            return arrays[node["at"]]
        case "scalar":
            return arrays[node["at"]][()]
    raise ValueError(f"unknown kind {node['is']!r}")


def _unpack_dataclass(node: Mapping[str, Any], arrays: Mapping[str, np.ndarray], like: type | None) -> Any:
    """Make an instance with exactly the saved fields, without running its constructor."""
    cls = _find_class(node, like)
    expected, found = {field.name for field in dataclasses.fields(cls)}, set(node["fields"])
    if expected != found:
        error = CheckpointError(f"{cls.__qualname__} was saved with other fields: {', '.join(sorted(expected ^ found))} differ")
        raise with_hint(error, "the class was edited since; go back to the code that wrote the file")
    new = object.__new__(cls)
    for name, item in node["fields"].items():
        object.__setattr__(new, name, _unpack(item, arrays, None))
    return new


def _find_class(node: Mapping[str, Any], like: type | None) -> Any:
    """Return the class wanted, or the one of that name in an imported module."""
    name = f"{node['module']}.{node['class']}"
    if like is not None:
        if not dataclasses.is_dataclass(like) or like.__qualname__ != node["class"]:
            raise CheckpointError(f"holds a {name}, wanted a {like.__module__}.{like.__qualname__}")
        return like
    found: Any = sys.modules.get(node["module"])
    for part in node["class"].split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        raise with_hint(CheckpointError(f"holds a {name}, which is not imported"), f"import {node['module']}, or pass like=")
    return found


def _generator(state: Mapping[str, Any]) -> np.random.Generator:
    """Return a NumPy generator in a given state."""
    kind = getattr(np.random, str(state["bit_generator"]))
    if not (isinstance(kind, type) and issubclass(kind, np.random.BitGenerator)):
        raise ValueError(f"{state['bit_generator']!r} is not a bit generator")
    bits = kind()
    bits.state = state
    return np.random.Generator(bits)


def version() -> str:
    """Return the version of neurosim that wrote or reads a file."""
    return getattr(sys.modules.get("neurosim"), "__version__", "unknown")
