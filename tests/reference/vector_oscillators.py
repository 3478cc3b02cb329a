"""Oscillators that are unit vectors, written as the formulas stand: loops over pairs, matrices for rotations."""

from __future__ import annotations

import numpy as np


def force(x: np.ndarray, coupling: np.ndarray, stimuli: np.ndarray, mean_field: float) -> np.ndarray:
    """Return y_i = c_i + sum over j of (J_ij + M / n) x_j."""
    n = len(x)
    out = np.array(stimuli, dtype=float)
    for i in range(n):
        for j in range(n):
            out[i] = out[i] + (coupling[i, j] + mean_field / n) * x[j]
    return out


def generator(rates: np.ndarray) -> np.ndarray:
    """Return the antisymmetric matrix that turns each plane (2 p, 2 p + 1) with its own rate, anticlockwise."""
    omega = np.zeros((2 * len(rates), 2 * len(rates)))
    for p, rate in enumerate(rates):
        omega[2 * p, 2 * p + 1] = -rate
        omega[2 * p + 1, 2 * p] = rate
    return omega


def energy(x: np.ndarray, y: np.ndarray) -> float:
    """Return minus the sum over i of x_i . y_i."""
    return -float(sum(np.dot(a, b) for a, b in zip(x, y, strict=True)))


def step(
    x: np.ndarray, coupling: np.ndarray, stimuli: np.ndarray, mean_field: float, frequencies: np.ndarray, gamma: float
) -> tuple[np.ndarray, float]:
    """Return x after one update, and the energy before it; frequencies (n, n_dims // 2)."""
    y = force(x, coupling, stimuli, mean_field)
    out = np.empty_like(x)
    for i in range(len(x)):
        tangent = (np.eye(x.shape[1]) - np.outer(x[i], x[i])) @ y[i]
        omega = generator(frequencies[i]) if frequencies.size else np.zeros((x.shape[1], x.shape[1]))
        moved = x[i] + gamma * (omega @ x[i] + tangent)
        out[i] = moved / np.linalg.norm(moved)
    return out, energy(x, y)
