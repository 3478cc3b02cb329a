"""Sparse distributed representations: codes and their mathematics, dendrites, spatial pooler, temporal memory, Sparsey's code selection."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurosim.sdr.codes import Code as Code
    from neurosim.sdr.codes import Codes as Codes
    from neurosim.sdr.codes import corrupt as corrupt
    from neurosim.sdr.codes import overlap as overlap
    from neurosim.sdr.codes import random_code as random_code
    from neurosim.sdr.codes import random_codes as random_codes
    from neurosim.sdr.codes import silence as silence
    from neurosim.sdr.codes import subsample as subsample
    from neurosim.sdr.codes import union as union
    from neurosim.sdr.driven import Driven as Driven

_HOME = {
    "Code": "codes",
    "Codes": "codes",
    "random_code": "codes",
    "random_codes": "codes",
    "corrupt": "codes",
    "silence": "codes",
    "subsample": "codes",
    "union": "codes",
    "overlap": "codes",
    "Driven": "driven",
    "SpatialPooler": "spatial_pooler",
    "TemporalMemory": "temporal_memory",
    "Segments": "dendrites",
    "DendriticNeuron": "dendrites",
    "AnomalyLikelihood": "anomaly",
    "Classifier": "classifier",
    "CodeSelection": "code_selection",
}


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"neurosim.sdr.{_HOME[name]}"), name)
    try:
        return import_module(f"neurosim.sdr.{name}")
    except ModuleNotFoundError:
        raise AttributeError(name) from None
