"""The one way to compile: a decorator whose disk cache knows about every source a kernel depends on.

Numba's own cache looks at the file of the compiled function alone: after an edit in a callee of another file it serves the old
machine code. Here the cache folder's name is a hash over all kernel sources (and, for a kernel outside this package, over the
project files its own file imports), over the versions of the compiler and over the settings that change the generated code. An
edit therefore leads to an empty folder and a fresh compilation; going back to the old source finds the old folder again.

The folder lies below ``NEUROSIM_CACHE`` if that variable is set, else in the user's cache folder. A process that uses it renews its date;
one that makes a new folder removes those that nobody has used for 60 days.

Rules for kernels: no explicit signatures (they compile at import), no functions as arguments (they never hit the cache), parameters
as arguments instead of globals, no `fastmath` on state, weights, traces or draws.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, overload

import llvmlite
import numba
import numpy as np
from numba.core import config, event
from numba.np import linalg

from neurosim.sources import fingerprint, import_root, imported_files

F = TypeVar("F", bound=Callable[..., Any])

_njit: Any = numba.njit
_config: Any = config
KERNELS = Path(__file__).resolve().parent
_KEY = re.compile("[0-9a-f]{20}")
_UNUSED_DAYS = 60


def _import_arrays() -> None:
    """Import the part of Numba that looks whether SciPy is there, without that look, which takes 0.1 s: our kernels use no SciPy.

    Functions of others that do look again when they are compiled.
    """
    numpy_part: Any = linalg
    look = numpy_part.ensure_blas
    numpy_part.ensure_blas = lambda: None
    try:
        arrays: Any = importlib.import_module("numba.np.arraymath")
    finally:
        numpy_part.ensure_blas = look
    arrays.ensure_blas = look


_import_arrays()


@overload
def jit(function: F, /) -> F: ...
@overload
def jit(*, inline: str = ..., boundscheck: bool | None = ..., error_model: str = ...) -> Callable[[F], F]: ...
def jit(function: Any = None, /, **options: Any) -> Any:
    """Compile a function on its first call, and keep the machine code for later processes.

    The compiled function releases the interpreter lock. Options are those of :func:`numba.njit`.

    Parameters
    ----------
    function : callable
        Arrays and numbers in; arrays changed in place, or numbers, out.

    Returns
    -------
    callable
        The compiled function, with the same signature.

    Examples
    --------
    >>> import numpy as np
    >>> @jit
    ... def total(values):
    ...     out = 0.0
    ...     for value in values:
    ...         out += value
    ...     return out
    >>> total(np.array([1.0, 2.0]))
    3.0
    """
    if function is None:
        return functools.partial(jit, **options)
    if not callable(function):
        raise TypeError(f"jit takes a function and keyword options, got {function!r}; explicit signatures are not allowed")
    options = {"cache": True, "nogil": True, "error_model": "numpy", **options}
    if not _has_file(function):
        return _njit(**{**options, "cache": False})(function)
    with _numba_cache_at(cache_folder(function)):
        return _njit(**options)(function)


def compile_seconds() -> float:
    """Return the seconds this process has spent compiling so far (loading from the cache does not count)."""
    return _CLOCK.seconds


def cache_root() -> Path:
    """Return the folder that holds all kernel caches; a temporary one when the user's is not writable."""
    chosen = os.environ.get("NEUROSIM_CACHE")
    if chosen:
        return _writable(Path(chosen).expanduser().resolve())
    import platformdirs

    return _writable(Path(platformdirs.user_cache_dir("neurosim", appauthor=False)) / "kernels")


def cache_folder(function: Callable[..., Any]) -> Path:
    """Return the folder that holds the machine code of one function, named after all it depends on."""
    path = Path(function.__code__.co_filename).resolve()
    key = _kernels_key() if path.is_relative_to(KERNELS) else _file_key(path, function.__module__)
    return _in_use(cache_root() / key)


@functools.cache
def _in_use(folder: Path) -> Path:
    """Renew the date of a cache folder; where there is none yet, make it and remove the siblings that have not been used for long."""
    with contextlib.suppress(OSError):
        if folder.is_dir():
            os.utime(folder)
            return folder
        folder.mkdir(parents=True, exist_ok=True)
        oldest = time.time() - _UNUSED_DAYS * 86_400
        for other in folder.parent.iterdir():
            if _KEY.fullmatch(other.name) and other.is_dir() and other.stat().st_mtime < oldest:
                shutil.rmtree(other, ignore_errors=True)
    return folder


@functools.cache
def _kernels_key() -> str:
    return _hash(fingerprint(KERNELS.glob("*.py")), *_settings())


@functools.cache
def _file_key(path: Path, module: str) -> str:
    return _hash(_kernels_key(), fingerprint(imported_files(path, import_root(path, module))))


def _hash(*parts: str) -> str:
    return hashlib.blake2b("|".join(parts).encode(), digest_size=10).hexdigest()


def _settings() -> tuple[str, ...]:
    """List the versions and settings that change machine code (the processor's name is part of Numba's own index)."""
    flags = [getattr(_config, name, None) for name in ("BOUNDSCHECK", "OPT", "DEBUG_CACHE", "CPU_NAME", "CPU_FEATURES", "LOOP_VECTORIZE")]
    return (sys.version, np.__version__, numba.__version__, llvmlite.__version__, repr(flags))


@functools.cache
def _writable(folder: Path) -> Path:
    """Return the folder, or with a warning a temporary one where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        other = Path(tempfile.gettempdir()) / f"neurosim-kernels-{os.getuid() if hasattr(os, 'getuid') else os.getpid()}"
        other.mkdir(mode=0o700, exist_ok=True)
        warnings.warn(f"kernel cache {folder} cannot be written ({error.strerror}); using {other}; set NEUROSIM_CACHE", stacklevel=2)
        return other


def _has_file(function: Callable[..., Any]) -> bool:
    """Tell a function of a file from one typed at a prompt, which cannot be cached."""
    return Path(function.__code__.co_filename).is_file()


@contextlib.contextmanager
def _numba_cache_at(folder: Path) -> Iterator[None]:
    """Let Numba place the cache of functions decorated inside the block in a folder; other libraries keep theirs."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        _config.CACHE_DIR = before


class _Clock(event.Listener):
    """Adds up the wall time of compilations; a compilation inside another is counted once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0
        self._since = 0.0

    def on_start(self, event: Any) -> None:
        self._since = self._since if self._depth else time.perf_counter()
        self._depth += 1

    def on_end(self, event: Any) -> None:
        self._depth -= 1
        if not self._depth:
            self.seconds += time.perf_counter() - self._since


_CLOCK = _Clock()
event.register("numba:compile", _CLOCK)
