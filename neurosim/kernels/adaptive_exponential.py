"""The adaptive exponential integrate-and-fire neuron.

parameters, in the order of :data:`PARAMETERS`.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._functions import exponential
from neurosim.kernels._jit import jit

PARAMETERS = (
    "decay",  # P = exp(-dt / tau), tau = C / g_L
    "drift",  # (1 - P) E_L
    "gain",  # (1 - P) / g_L: what a current adds to v in the step
    "gain_later",  # what a current that grows linearly from 0 to 1 adds
    "exc_to_v",
    "inh_to_v",
    "exc_decay",
    "inh_decay",
    "scale",  # g_L Delta_T
    "steepness",  # 1 / Delta_T
    "offset",  # V_T / Delta_T
    "least",  # bounds of the exponent
    "most",
    "w_decay",
    "w_gain",  # (1 - exp(-dt / tau_w)) a / 2
    "twice_rest",  # 2 E_L
    "tiny",
    "peak",
    "reset",
    "b",
)


@jit
def advance(v, w, exc, inh, current, flags, parameters):
    """Advance v and w by an exponential Runge-Kutta step of second order, then let the synaptic currents fade; arrays of one length."""
    decay, drift, gain, later = parameters[0], parameters[1], parameters[2], parameters[3]
    exc_to_v, inh_to_v, exc_decay, inh_decay = parameters[4], parameters[5], parameters[6], parameters[7]
    scale, steepness, offset, least, most = parameters[8], parameters[9], parameters[10], parameters[11], parameters[12]
    w_decay, w_gain, twice_rest, tiny, peak = parameters[13], parameters[14], parameters[15], parameters[16], parameters[17]
    for i in range(v.size):
        old = v[i]
        spike = scale * exponential(min(max(old * steepness - offset, least), most))
        guess = old * decay + drift + exc[i] * exc_to_v + inh[i] * inh_to_v + gain * (spike - w[i] + current[i])
        w_guess = w[i] * w_decay + w_gain * (old + old - twice_rest)
        spike_guess = scale * exponential(min(max(guess * steepness - offset, least), most))
        new = guess + later * (spike_guess - spike - (w_guess - w[i]))
        v[i] = new
        w[i] = w[i] * w_decay + (w_gain * (old + min(new, peak) - twice_rest) + tiny)
        exc[i] = (exc[i] * exc_decay + tiny) - tiny
        inh[i] = (inh[i] * inh_decay + tiny) - tiny
        flags[i] = new > peak


@jit
def update(values, parameters, flags, first, last, seed, tick):
    """Advance units first ... last - 1 by one tick; values are v, w, exc, inh and, if there is one, current."""
    v, w, exc, inh = values[0, first:last], values[1, first:last], values[2, first:last], values[3, first:last]
    current = values[4, first:last] if values.shape[0] > 4 else np.zeros_like(v)
    advance(v, w, exc, inh, current, flags[first:last], parameters)


@jit
def reset(values, parameters, units, count):
    """Set v of the units that fired to reset, and add b to w."""
    for k in range(count):
        values[0, units[k]] = parameters[18]
        values[1, units[k]] += parameters[19]
