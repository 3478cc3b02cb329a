"""neurosim: neuromorphic and biologically inspired simulation.

The names in ``__all__`` are public. What needs a compiler, a plotting library or labelled arrays is imported when it is first
used; the stub beside this file tells type checkers what there is.
"""

from importlib import import_module

# The two verbs share their module's name: imported here and now, the function is what `neurosim.simulate` means for good.
from neurosim.simulate import simulate as simulate
from neurosim.sweep import sweep as sweep

__version__ = "0.1.0"

# pyright: reportUnsupportedDunderAll=false
__all__ = [
    "Checkpoint",
    "Claim",
    "Count",
    "Experiment",
    "Interrupted",
    "Progress",
    "Spikes",
    "Trace",
    "check_model",
    "connectivity",
    "data",
    "errors",
    "estimate",
    "get_threads",
    "hopfield",
    "jit",
    "neurons",
    "noise",
    "plot",
    "set_threads",
    "settled",
    "simulate",
    "state",
    "sweep",
]

_HOME = {
    "Checkpoint": "simulate",
    "Claim": "experiment",
    "Count": "record",
    "Experiment": "experiment",
    "Interrupted": "interrupt",
    "Progress": "progress",
    "Spikes": "record",
    "Trace": "record",
    "check_model": "conformance",
    "get_threads": "threads",
    "jit": "kernels._jit",
    "set_threads": "threads",
    "settled": "simulate",
}
"""Module of each name that is no module itself."""


def __getattr__(name: str) -> object:
    if name in _HOME:
        value = globals()[name] = getattr(import_module(f"neurosim.{_HOME[name]}"), name)
        return value
    if name in __all__:
        return import_module(f"neurosim.{name}")
    raise AttributeError(f"module 'neurosim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
