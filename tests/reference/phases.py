"""Phase oscillators with one sine for each edge, in Python floats: speeds, textbook steps of Euler, Heun and RK4, with inertia too."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def speed(phases, frequencies, matrix, coupling, lag, i):
    """Return omega_i + K sum_j A_ij sin(theta_j - theta_i - alpha)."""
    pull = 0.0
    for j in range(len(phases)):
        pull += float(matrix[i][j]) * math.sin(float(phases[j]) - float(phases[i]) - lag)
    return float(frequencies[i]) + coupling * pull


def speeds(phases, frequencies, matrix, coupling, lag):
    """Return the speeds of all."""
    return np.array([speed(phases, frequencies, matrix, coupling, lag, i) for i in range(len(phases))])


def step(derivative, y, dt, stages, kicks: Any = 0.0):
    """Return y after a step of Euler (1 stage), Heun (2) or RK4 (4); kicks are those of additive noise."""
    k1 = derivative(y)
    if stages == 1:
        return y + dt * k1 + kicks
    if stages == 2:
        k2 = derivative(y + dt * k1 + kicks)
        return y + dt * (k1 + k2) / 2 + kicks
    k2 = derivative(y + dt * k1 / 2)
    k3 = derivative(y + dt * k2 / 2)
    k4 = derivative(y + dt * k3)
    return y + dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6


def step_phases(phases, frequencies, matrix, coupling, lag, dt, stages, kicks: Any = 0.0):
    """Return the phases after a step."""
    return step(lambda theta: speeds(theta, frequencies, matrix, coupling, lag), np.array(phases, float), dt, stages, kicks)


def step_inertial(phases, velocities, frequencies, matrix, coupling, lag, mass, dt, stages, kicks: Any = 0.0):
    """Return phases and velocities after a step of theta' = v, m v' = -v + f; kicks move velocities."""
    n = len(phases)

    def derivative(y):
        return np.concatenate([y[n:], (speeds(y[:n], frequencies, matrix, coupling, lag) - y[n:]) / mass])

    y = np.concatenate([np.array(phases, float), np.array(velocities, float)])
    new = step(derivative, y, dt, stages, np.concatenate([np.zeros(n), kicks + np.zeros(n)]))
    return new[:n], new[n:]
