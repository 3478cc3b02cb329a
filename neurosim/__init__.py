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
    "AdaptiveExponential",
    "Checkpoint",
    "Claim",
    "Count",
    "Experiment",
    "Interrupted",
    "Izhikevich",
    "Kuramoto",
    "LIF",
    "LIFConductance",
    "LIFCurrent",
    "Network",
    "NetworkState",
    "NoiseCurrent",
    "PairSTDP",
    "Poisson",
    "PoissonInput",
    "Population",
    "Progress",
    "Projection",
    "SpikeList",
    "Spikes",
    "StepCurrent",
    "Trace",
    "all_to_all",
    "backends",
    "bernoulli",
    "check_model",
    "connectivity",
    "data",
    "encoders",
    "errors",
    "estimate",
    "fixed_in_degree",
    "fixed_out_degree",
    "get_threads",
    "hopfield",
    "inputs",
    "jit",
    "network",
    "neurons",
    "noise",
    "one_to_one",
    "oscillators",
    "plasticity",
    "plot",
    "sdr",
    "set_threads",
    "settled",
    "simulate",
    "spiketrains",
    "state",
    "sweep",
]

_HOME = {
    "AdaptiveExponential": "neurons.adaptive_exponential",
    "Checkpoint": "simulate",
    "Claim": "experiment",
    "Count": "record",
    "Experiment": "experiment",
    "Interrupted": "interrupt",
    "Izhikevich": "neurons.izhikevich",
    "Kuramoto": "oscillators.kuramoto",
    "LIF": "neurons.lif",
    "LIFConductance": "neurons.lif_conductance",
    "LIFCurrent": "neurons.lif_current",
    "Network": "network",
    "NetworkState": "network",
    "NoiseCurrent": "inputs.noise_current",
    "PairSTDP": "plasticity.stdp",
    "Poisson": "neurons.poisson",
    "PoissonInput": "inputs.poisson",
    "Population": "network",
    "Progress": "progress",
    "Projection": "network",
    "SpikeList": "neurons.spike_list",
    "Spikes": "record",
    "StepCurrent": "inputs.step_current",
    "Trace": "record",
    "all_to_all": "connectivity",
    "bernoulli": "connectivity",
    "check_model": "conformance",
    "fixed_in_degree": "connectivity",
    "fixed_out_degree": "connectivity",
    "get_threads": "threads",
    "jit": "kernels._jit",
    "one_to_one": "connectivity",
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
