"""The equation of the neuron solved by the exponential of its matrix."""

from __future__ import annotations

import numpy as np
import scipy.linalg


def step(v, exc, inh, current, *, dt, tau, rest, tau_exc, tau_inh):
    """Return v, exc and inh one step later; all are numbers."""
    matrix = np.array([[-1 / tau, 1 / tau, 1 / tau, 1 / tau], [0, -1 / tau_exc, 0, 0], [0, 0, -1 / tau_inh, 0], [0, 0, 0, 0]])
    new = scipy.linalg.expm(matrix * dt) @ np.array([v - rest, exc, inh, current])
    return new[0] + rest, new[1], new[2]
