"""Other simulators that run a :class:`neurosim.Network` as it is described, to check one against the other."""

from neurosim.backends import brian2 as brian2
