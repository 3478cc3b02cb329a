"""The neuron of Izhikevich (2003).

parameters: dt / 2; dt a; b; c; d; peak; what i of now is on average during the step; its decay; a number far below any current that
matters; and the numbers 0.04, 5 and 140 of the model.
"""

from __future__ import annotations

from neurosim.kernels._jit import jit


@jit
def advance(v, u, i, current, driven, flags, parameters):
    """Take two half steps of v, then one of u, and let i fade; arrays of one length.

    Sums are taken in the order of the published program, whose float64 numbers come out to the last bit.
    """
    half, rate, b, peak, mean, fade, tiny = (
        parameters[0],
        parameters[1],
        parameters[2],
        parameters[5],
        parameters[6],
        parameters[7],
        parameters[8],
    )
    square, slope, constant = parameters[9], parameters[10], parameters[11]
    for k in range(v.size):
        push = mean * i[k]
        if driven:
            push += current[k]
        new, recovery = v[k], u[k]
        new += half * (square * (new * new) + slope * new + constant - recovery + push)
        new += half * (square * (new * new) + slope * new + constant - recovery + push)
        v[k] = new
        u[k] = recovery + rate * (b * new - recovery)
        i[k] = (i[k] * fade + tiny) - tiny
        flags[k] = new >= peak


@jit
def update(values, parameters, flags, first, last, seed, tick):
    """Advance units first ... last - 1 by one tick; values are v, u, i and, if there is one, current."""
    v, u, i = values[0, first:last], values[1, first:last], values[2, first:last]
    advance(v, u, i, values[-1, first:last], values.shape[0] > 3, flags[first:last], parameters)


@jit
def reset(values, parameters, units, count):
    """Set v of the units that fired to c, and add d to u."""
    for k in range(count):
        values[0, units[k]] = parameters[3]
        values[1, units[k]] += parameters[4]
