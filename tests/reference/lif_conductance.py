"""The two schemes for one unit in plain Python, and the equations solved by many small Runge-Kutta steps."""

from __future__ import annotations

import math

import numpy as np


def rational_step(v, exc, inh, current, *, dt, tau, rest, tau_exc, tau_inh, exc_reversal, inh_reversal):
    """Return v, exc and inh one step later by the scheme of second order."""
    g = exc * tau_exc * (1 - math.exp(-dt / tau_exc)) / dt
    h = inh * tau_inh * (1 - math.exp(-dt / tau_inh)) / dt
    x = dt / tau * (1 + g + h)
    goal = (rest + current + g * exc_reversal + h * inh_reversal) / (1 + g + h)
    left = 1 / (1 + x + x * x / 2)
    return goal + (v - goal) * left, exc * math.exp(-dt / tau_exc), inh * math.exp(-dt / tau_inh)


def euler_step(v, exc, inh, current, *, dt, tau, rest, tau_exc, tau_inh, exc_reversal, inh_reversal):
    """Return v, exc and inh one step later by forward Euler."""
    slope = (rest - v + current + exc * (exc_reversal - v) + inh * (inh_reversal - v)) / tau
    return v + dt * slope, exc - dt * exc / tau_exc, inh - dt * inh / tau_inh


def solve(v, exc, inh, current, time, *, tau, rest, tau_exc, tau_inh, exc_reversal, inh_reversal, steps=2000):
    """Return v after a time, by the classical Runge-Kutta method."""

    def slope(y):
        v, g, h = y
        return np.array([(rest - v + current + g * (exc_reversal - v) + h * (inh_reversal - v)) / tau, -g / tau_exc, -h / tau_inh])

    y, small = np.array([v, exc, inh], float), time / steps
    for _ in range(steps):
        one = slope(y)
        two = slope(y + small / 2 * one)
        three = slope(y + small / 2 * two)
        four = slope(y + small * three)
        y = y + small / 6 * (one + 2 * two + 2 * three + four)
    return y[0]
