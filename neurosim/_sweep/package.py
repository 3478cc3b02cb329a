"""A function as bytes, for processes that cannot import it.

A worker needs to import nothing but neurosim. What belongs to the user's project is written out: the function, and what it uses from
its own package, from `models` and from the modules beside it. Installed packages are imported by name.

Compiled functions are the exception. Written out, they lose their place in the compiler's disk cache, and every worker would compile
them anew. They therefore travel as a name with a fingerprint: a worker that can import the name, and finds the same source behind
it, takes the function from there; any other unpacks the written-out copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from neurosim._sweep.canonical import qualified
from neurosim.errors import with_hint
from neurosim.sources import function_fingerprint, import_root

_MADE_HERE: set[str] = set()


class Package(NamedTuple):
    """An object as bytes, and a digest to know it by."""

    digest: str
    content: bytes

    @classmethod
    def of(cls, thing: Any, function: Callable[..., Any]) -> Package:
        """Write an object as bytes that a process without the function's module can read.

        Parameters
        ----------
        thing : object
        function : callable
            A function of the project that may not be installed elsewhere.

        Raises
        ------
        TypeError
            If something in it cannot be sent.
        """
        try:
            with _by_value(function.__module__):
                content = _dumps(thing)
        except Exception as error:
            told = TypeError(f"{qualified(function)} cannot be sent to workers: {error}")
            raise with_hint(told, "make such an object inside the function, or compute with workers=1") from error
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        _MADE_HERE.add(digest)
        return cls(digest, content)

    @property
    def is_from_here(self) -> bool:
        """Whether this process made it."""
        return self.digest in _MADE_HERE

    def open(self) -> Any:
        """Return a copy of the object."""
        import cloudpickle

        return cloudpickle.loads(self.content)


def _dumps(thing: Any) -> bytes:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            if _is_compiled(obj):
                return _compiled, (obj.__module__, obj.__qualname__, function_fingerprint(obj), cloudpickle.dumps(obj))
            return super().reducer_override(obj)

    with io.BytesIO() as file:
        Pickler(file).dump(thing)
        return file.getvalue()


def _is_compiled(thing: Any) -> bool:
    """Tell whether an object is a function compiled by Numba that others can find by name."""
    dispatcher = sys.modules.get("numba.core.dispatcher")
    return dispatcher is not None and isinstance(thing, dispatcher.Dispatcher) and "<" not in thing.__qualname__


def _compiled(module: str, name: str, fingerprint: str, content: bytes) -> Any:
    """Return the compiled function of that name if its source is the wanted one, else the written-out copy."""
    with contextlib.suppress(Exception):  # whatever keeps it from being imported, there is the copy
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        if function_fingerprint(found) == fingerprint:
            return found
    import cloudpickle

    return cloudpickle.loads(content)


@contextlib.contextmanager
def _by_value(module: str) -> Iterator[None]:
    """Let cloudpickle write out what belongs to the user's project, instead of naming it."""
    import cloudpickle

    already = cloudpickle.list_registry_pickle_by_value()
    added = [owned for owned in _project(module) if owned.__name__ not in already]
    for owned in added:
        cloudpickle.register_pickle_by_value(owned)
    try:
        yield
    finally:
        for owned in added:
            cloudpickle.unregister_pickle_by_value(owned)


def _project(module: str) -> list[ModuleType]:
    """Return the top-level modules to write out: the function's own, `models`, and those that lie beside it."""
    top = module.split(".")[0]
    file = getattr(sys.modules.get(module), "__file__", None)
    root = import_root(Path(file), module) if file else None
    beside = set() if root is None or "site-packages" in root.parts else {name for name in list(sys.modules) if _lies_in(name, root)}
    names = ({top, "models"} | beside) - {"neurosim", "__main__"} - sys.stdlib_module_names
    found = [(name, sys.modules[name]) for name in sorted(names) if name in sys.modules]
    return [module for name, module in found if module.__name__ == name]  # the rest are second names, as mpi4py gives to __main__


def _lies_in(name: str, root: Path) -> bool:
    """Tell whether a top-level module is a file or a package of a folder."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if "." in name or file is None:
        return False
    path = Path(file).resolve()
    return (path.parent.parent if path.name == "__init__.py" else path.parent) == root
