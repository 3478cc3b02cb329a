"""The leaky integrate-and-fire neuron with voltage jumps.

parameters: P = exp(-dt / tau), (1 - P) rest, 1 - P, threshold, reset.
"""

from __future__ import annotations

from neurosim.kernels._jit import jit


@jit
def relax(v, flags, decay, drift, threshold):
    """V <- P v + (1 - P) rest; flags say which v lie above threshold. Arrays of one length."""
    for i in range(v.size):
        new = v[i] * decay + drift
        v[i] = new
        flags[i] = new > threshold


@jit
def relax_driven(v, current, flags, decay, drift, gain, threshold):
    """V <- P v + (1 - P) (rest + current), as :func:`relax`."""
    for i in range(v.size):
        new = v[i] * decay + (drift + gain * current[i])
        v[i] = new
        flags[i] = new > threshold


@jit
def update(values, parameters, flags, first, last, seed, tick):
    """Advance units first ... last - 1 by one tick; values are v and, if there is one, current."""
    v, fired = values[0, first:last], flags[first:last]
    if values.shape[0] == 1:
        relax(v, fired, parameters[0], parameters[1], parameters[3])
    else:
        relax_driven(v, values[1, first:last], fired, parameters[0], parameters[1], parameters[2], parameters[3])


@jit
def reset(values, parameters, units, count):
    """Set v of the units that fired to reset."""
    for k in range(count):
        values[0, units[k]] = parameters[4]
