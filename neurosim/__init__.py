"""neurosim: neuromorphic and biologically inspired simulation.

The names in ``__all__`` are the public ones. What needs a compiler, a plotting library or labelled arrays is imported when it is first
used; the stub beside this file tells type checkers what there is.
"""

from importlib import import_module

# The two verbs share their module's name: imported here and now, the function is what `neurosim.simulate` means for good.
from neurosim.simulate import simulate as simulate
from neurosim.sweep import sweep as sweep

__version__ = "0.1.0"

_MODULES = ("data", "errors", "estimate", "hopfield", "noise", "plot", "state")
_NAMES = {
    "Checkpoint": "simulate",
    "Claim": "experiment",
    "Count": "record",
    "Experiment": "experiment",
    "Interrupted": "interrupt",
    "Progress": "progress",
    "Trace": "record",
    "check_model": "conformance",
    "get_threads": "threads",
    "jit": "kernels._jit",
    "set_threads": "threads",
    "settled": "simulate",
}

__all__ = sorted(["__version__", "simulate", "sweep", *_MODULES, *_NAMES])


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"neurosim.{name}")
    if name in _NAMES:
        value = globals()[name] = getattr(import_module(f"neurosim.{_NAMES[name]}"), name)
        return value
    raise AttributeError(f"module 'neurosim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
