"""The scheme for one unit in plain Python, and the equations solved by many small Runge-Kutta steps."""

from __future__ import annotations

import math

import numpy as np


def step(v, w, exc, inh, current, *, dt, capacitance, leak, rest, threshold, slope, tau_w, a, tau_exc, tau_inh, peak):
    """Return v, w, exc and inh one step later."""
    tau = capacitance / leak
    z = dt / tau
    phi_1 = (1 - math.exp(-z)) / z
    phi_2 = (math.exp(-z) - 1 + z) / z**2

    def drive(v, w):
        return (leak * slope * math.exp(min((v - threshold) / slope, (peak - threshold) / slope, 50.0)) - w) / capacitance

    def fades(tau_synapse):
        if tau_synapse == tau:
            return z * math.exp(-z)
        return tau_synapse / (tau_synapse - tau) * (math.exp(-dt / tau_synapse) - math.exp(-z))

    synapses = (fades(tau_exc) * exc + fades(tau_inh) * inh) / leak
    linear = rest + (v - rest) * math.exp(-z) + synapses + dt * phi_1 * current / capacitance
    guess = linear + dt * phi_1 * drive(v, w)
    w_left = math.exp(-dt / tau_w)
    w_guess = w * w_left + (1 - w_left) * a * (v - rest)
    new = guess + dt * phi_2 * (drive(guess, w_guess) - drive(v, w))
    w_new = w * w_left + (1 - w_left) * a * ((v + min(new, peak)) / 2 - rest)
    return new, w_new, exc * math.exp(-dt / tau_exc), inh * math.exp(-dt / tau_inh)


def solve(v, w, exc, inh, current, time, *, capacitance, leak, rest, threshold, slope, tau_w, a, tau_exc, tau_inh, steps=4000):
    """Return v and w after a time in which there is no spike, by the classical Runge-Kutta method."""

    def slopes(y):
        v, w, g, h = y
        total = -leak * (v - rest) + leak * slope * math.exp((v - threshold) / slope) - w + g + h + current
        return np.array([total / capacitance, (a * (v - rest) - w) / tau_w, -g / tau_exc, -h / tau_inh])

    y, small = np.array([v, w, exc, inh], float), time / steps
    for _ in range(steps):
        one = slopes(y)
        two = slopes(y + small / 2 * one)
        three = slopes(y + small / 2 * two)
        four = slopes(y + small * three)
        y = y + small / 6 * (one + 2 * two + 2 * three + four)
    return y[0], y[1]
