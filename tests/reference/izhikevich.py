"""The loop of the program printed in Izhikevich (2003), for neurons without synapses and any step; and fine Runge-Kutta steps."""

from __future__ import annotations

import numpy as np


def program(a, b, c, d, current, steps, *, dt=1.0, peak=30.0):
    """Return v and u after each step, (steps, n), and the spikes as (step, unit); current is (n,)."""
    v = np.full(len(current), -65.0)
    u = b * v
    trace, spikes = [], []
    for step in range(steps):
        v = v + dt / 2 * (0.04 * v**2 + 5 * v + 140 - u + current)
        v = v + dt / 2 * (0.04 * v**2 + 5 * v + 140 - u + current)
        u = u + dt * a * (b * v - u)
        fired = np.flatnonzero(v >= peak)
        spikes += [(step, unit) for unit in fired]
        v[fired] = c
        u[fired] += d
        trace.append([v.copy(), u.copy()])
    return np.array(trace), spikes


def solve(v, u, current, time, a, b, *, steps=4000):
    """Return v and u after a time in which there is no spike."""

    def slopes(y):
        return np.array([0.04 * y[0] ** 2 + 5 * y[0] + 140 - y[1] + current, a * (b * y[0] - y[1])])

    y, small = np.array([v, u], float), time / steps
    for _ in range(steps):
        one = slopes(y)
        two = slopes(y + small / 2 * one)
        three = slopes(y + small / 2 * two)
        four = slopes(y + small * three)
        y = y + small / 6 * (one + 2 * two + 2 * three + four)
    return y
