"""Other simulators that run a :class:`neurosim.Network` as it is described, to check one against the other; differentiable layers."""

from neurosim.backends import brian2 as brian2
from neurosim.backends import torch as torch
