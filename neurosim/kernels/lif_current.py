"""The leaky integrate-and-fire neuron with exponential synaptic currents.

parameters: P = exp(-dt / tau); (1 - P) rest; 1 - P; what exc and inh of now add to v in one step; their decays; a number far below any
current that matters; threshold; reset.
"""

from __future__ import annotations

from neurosim.kernels._jit import jit


@jit
def relax(v, exc, inh, current, driven, flags, parameters):
    """Advance v with the currents of now, then let these fade; flags say which v lie above threshold. Arrays of one length.

    Adding and taking away the tiny number keeps currents that have faded from becoming denormal numbers, which are slow.
    """
    decay, drift, gain, exc_to_v, inh_to_v = parameters[0], parameters[1], parameters[2], parameters[3], parameters[4]
    exc_decay, inh_decay, tiny, threshold = parameters[5], parameters[6], parameters[7], parameters[8]
    for i in range(v.size):
        new = v[i] * decay + drift + exc[i] * exc_to_v + inh[i] * inh_to_v
        if driven:
            new += gain * current[i]
        v[i] = new
        exc[i] = (exc[i] * exc_decay + tiny) - tiny
        inh[i] = (inh[i] * inh_decay + tiny) - tiny
        flags[i] = new > threshold


@jit
def update(values, parameters, flags, first, last, seed, tick):
    """Advance units first ... last - 1 by one tick; values are v, exc, inh and, if there is one, current."""
    v, exc, inh = values[0, first:last], values[1, first:last], values[2, first:last]
    relax(v, exc, inh, values[-1, first:last], values.shape[0] > 3, flags[first:last], parameters)


@jit
def reset(values, parameters, units, count):
    """Set v of the units that fired to reset; the currents stay as they are."""
    for k in range(count):
        values[0, units[k]] = parameters[9]
