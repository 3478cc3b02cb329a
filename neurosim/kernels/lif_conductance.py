"""The leaky integrate-and-fire neuron with exponential synaptic conductances.

parameters: dt / tau; what exc and inh are on average during the step, times dt / tau; their decays; the two reversal potentials; rest; 1; a
number far below any conductance that matters; threshold; reset. For :func:`update_euler` the averages are the values of now.
"""

from __future__ import annotations

from neurosim.kernels._jit import jit


@jit
def relax(v, exc, inh, current, driven, flags, parameters):
    """Advance v by the rational step of second order, then let the conductances fade; arrays of one length.

    Adding and taking away the tiny number keeps conductances that have faded from becoming denormal numbers, which are slow.
    """
    leak, exc_mean, inh_mean, exc_decay, inh_decay = parameters[0], parameters[1], parameters[2], parameters[3], parameters[4]
    exc_rest, inh_rest, rest, one, tiny, threshold = (
        parameters[5],
        parameters[6],
        parameters[7],
        parameters[8],
        parameters[9],
        parameters[10],
    )
    half, drift = one / (one + one), leak * rest
    for i in range(v.size):
        g, h = exc[i] * exc_mean, inh[i] * inh_mean
        pull = leak + g + h
        push = drift + g * exc_rest + h * inh_rest
        if driven:
            push += leak * current[i]
        more = one + half * pull
        new = (v[i] + push * more) / (one + pull * more)
        v[i] = new
        exc[i] = (exc[i] * exc_decay + tiny) - tiny
        inh[i] = (inh[i] * inh_decay + tiny) - tiny
        flags[i] = new > threshold


@jit
def relax_euler(v, exc, inh, current, driven, flags, parameters):
    """Advance all by forward Euler."""
    leak, exc_mean, inh_mean, exc_decay, inh_decay = parameters[0], parameters[1], parameters[2], parameters[3], parameters[4]
    exc_rest, inh_rest, rest, tiny, threshold = parameters[5], parameters[6], parameters[7], parameters[9], parameters[10]
    for i in range(v.size):
        new = v[i] + (leak * (rest - v[i]) + exc[i] * exc_mean * (exc_rest - v[i]) + inh[i] * inh_mean * (inh_rest - v[i]))
        if driven:
            new += leak * current[i]
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
def update_euler(values, parameters, flags, first, last, seed, tick):
    """Advance as :func:`update`, by forward Euler."""
    v, exc, inh = values[0, first:last], values[1, first:last], values[2, first:last]
    relax_euler(v, exc, inh, values[-1, first:last], values.shape[0] > 3, flags[first:last], parameters)


@jit
def reset(values, parameters, units, count):
    """Set v of the units that fired to reset; the conductances stay as they are."""
    for k in range(count):
        values[0, units[k]] = parameters[11]
