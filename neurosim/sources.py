"""Fingerprints of source code: what a stored result or a compiled kernel depends on.

A result computed by yesterday's code must not be mixed with today's, and a kernel compiled against an edited callee must not be
loaded from the cache. Both questions have the same answer: a hash over the files that the code in question reaches through its
imports, as far as these files belong to the project. Imports are read from the syntax tree, nothing is executed.

A function's fingerprint is narrower than its file's: the function itself, the helpers and constants of its own module that it
names, and the files of the other modules that these names come from. Editing the figure of an experiment therefore leaves its
stored points valid; editing the measurement, or the model it calls, does not.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

ENGINE = ("neurosim", "models")


def fingerprint(paths: Iterable[Path]) -> str:
    """Hash the names and the bytes of files, independent of the order in which they are given.

    Parameters
    ----------
    paths : iterable of Path
        Files to read.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> fingerprint([]) == fingerprint([])
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(set(paths)):
        content = path.read_bytes()
        digest.update(f"{path.name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def import_root(path: Path, module: str) -> Path:
    """Return the folder from which the module at `path` is imported under the dotted name `module`."""
    levels = 0 if module == "__main__" else module.count(".") + (path.name == "__init__.py")
    return path.resolve().parents[levels]


def imported_files(path: Path, root: Path, packages: Iterable[str] | None = None) -> set[Path]:
    """Collect a file and the project files that it imports, directly or through others.

    Parameters
    ----------
    path : Path
        The file to start from; it is part of the answer.
    root : Path
        The folder that absolute imports are resolved in. What lies elsewhere is not followed.
    packages : iterable of str, optional
        Top-level names to follow. All by default.

    Returns
    -------
    set of Path
    """
    allowed = None if packages is None else set(packages)
    found: set[Path] = set()
    waiting = [path.resolve()]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        for name in _imported_names(here, root):
            if allowed is None or name.split(".")[0] in allowed:
                waiting += _files_of(name, root)
    return found


def _imported_names(path: Path, root: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports; `from a import b` yields both a and a.b."""
    package = path.relative_to(root).parent.parts if path.is_relative_to(root) else ()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            submodules = [f"{base}.{alias.name}" for alias in node.names if _files_of(f"{base}.{alias.name}", root)]
            yield from submodules
            if len(submodules) < len(node.names):
                yield base


def _files_of(name: str, root: Path) -> list[Path]:
    """Return the file of a module below a root, or nothing."""
    stem = root.joinpath(*name.split("."))
    return [file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()][:1]


def function_fingerprint(function: Callable[..., Any]) -> str:
    """Hash a function and everything of the project that it depends on.

    Parameters
    ----------
    function : callable
        A plain or compiled function. Where its source cannot be read (typed at a prompt), its byte code is used.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> def run(load):
    ...     return 2 * load
    >>> len(function_fingerprint(run))
    32
    """
    texts: dict[str, str] = {}
    files: set[Path] = set()
    _collect(_plain(function), texts, files)
    digest = hashlib.blake2b(fingerprint(files).encode(), digest_size=16)
    for name in sorted(texts):
        digest.update(f"{name}={texts[name]};".encode())
    return digest.hexdigest()


def _plain(thing: Any) -> Any:
    """Look through compiled functions and other wrappers."""
    return inspect.unwrap(getattr(thing, "py_func", thing))


def _collect(thing: Any, texts: dict[str, str], files: set[Path]) -> None:
    """Add a function or class of the user's module, and what it names, to the texts and files."""
    name = thing.__qualname__  # without its module, whose name depends on how the file was started
    if name in texts:
        return
    texts[name] = source = _source(thing)
    scope = _scope(thing)
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:
        used: set[str] = set(scope) & set(source.split())
    else:
        used = {dotted for node in ast.walk(tree) if (dotted := _dotted(node))}
    packages = (*ENGINE, thing.__module__.split(".")[0])
    for dotted in sorted(used):
        _add(dotted, scope, thing.__module__, packages, texts, files)


def _add(dotted: str, scope: dict[str, Any], module: str, packages: tuple[str, ...], texts: dict[str, str], files: set[Path]) -> None:
    """Resolve one dotted name as far as it goes and record what it stands for."""
    first, *rest = dotted.split(".")
    if first not in scope:
        return
    value = scope[first]
    for part in rest:
        if not isinstance(value, ModuleType) or not hasattr(value, part):
            break
        if value.__name__.split(".")[0] not in packages:
            return
        value = getattr(value, part)
    value = _plain(value)
    if isinstance(value, FunctionType | type) and value.__module__ == module:
        _collect(value, texts, files)
    elif isinstance(value, FunctionType | type | ModuleType):
        owner = value.__name__ if isinstance(value, ModuleType) else value.__module__
        files |= _project_files(owner, packages)
    else:
        texts[f"{dotted} ="] = _constant(value)
        files |= _project_files(type(value).__module__, packages)


def _project_files(module: str, packages: tuple[str, ...]) -> set[Path]:
    """Return the file of a module of the project with all it imports; nothing for other modules or a bare package of names."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if module in ENGINE or module.split(".")[0] not in packages or file is None or not Path(file).is_file():
        return set()
    path = Path(file).resolve()
    return {path} | imported_files(path, import_root(path, module), packages)


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        return _byte_code(code) if code is not None else repr(thing)


def _byte_code(code: CodeType) -> str:
    """Describe byte code without the addresses that its constants' reprs would carry."""
    constants = [_byte_code(value) if isinstance(value, CodeType) else repr(value) for value in code.co_consts]
    return f"{code.co_code.hex()} {constants} {' '.join(code.co_names)}"


def _scope(thing: Any) -> dict[str, Any]:
    """Return the names that a function or class can see outside itself."""
    if isinstance(thing, FunctionType):
        closed = inspect.getclosurevars(thing).nonlocals
        return {**thing.__globals__, **closed}
    return vars(sys.modules[thing.__module__]) if thing.__module__ in sys.modules else {}


def _dotted(node: ast.AST) -> str | None:
    """Return a.b.c for the syntax of a.b.c, None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value)):
        return f"{base}.{node.attr}"
    return None


def _constant(value: Any) -> str:
    """Describe a value that a function reads from its module; only values with a stable description count."""
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype}{value.shape}{hashlib.blake2b(value.tobytes(), digest_size=16).hexdigest()}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_constant(key)}:{_constant(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_constant(item) for item in value) + "]"
    return repr(value) if isinstance(value, int | float | complex | str | bytes | bool | range | None) else type(value).__qualname__
