"""Networks of any coupling matrix, unit by unit, and the learning rules as they are written down, coupling by coupling.

Matrices are arrays of whole numbers (Python's or NumPy's 64-bit integers) for the dynamics, of floating-point numbers for the rules.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.reference import noise

ORDER_STREAM, THERMAL_STREAM = 0, 1


def field(matrix: np.ndarray, spins: np.ndarray, unit: int) -> int:
    """Sum over all units, the unit itself included."""
    return sum(int(matrix[unit, other]) * int(spins[other]) for other in range(len(spins)))


def next_state(local: float, spin: int, temperature: float, word: int) -> int:
    """Decide one unit by the heat bath, +1 where u < 1 / (1 + exp(-2 h / T)); at temperature 0 it takes the sign, a zero keeps the state.

    local, h, and temperature, T, are in the same unit; u is the word, brought to 0 ... 1.
    """
    if temperature == 0:
        return spin if local == 0 else (1 if local > 0 else -1)
    u = (word + 0.5) / 2**32
    return 1 if local > temperature / 2 * math.log(u / (1 - u)) else -1


def sweep(matrix: np.ndarray, spins: np.ndarray, seed: int, tick: int, temperature: float, bias: np.ndarray) -> int:
    """Visit every unit once, in place; returns the flips. Fields are summed afresh at every visit."""
    flips = 0
    for unit in noise.permutation(seed, tick, ORDER_STREAM, len(spins)):
        local = field(matrix, spins, unit) + bias[unit]
        new = next_state(local, int(spins[unit]), temperature, noise.word(seed, tick, THERMAL_STREAM, unit))
        flips += new != spins[unit]
        spins[unit] = new
    return flips


def step(matrix: np.ndarray, spins: np.ndarray, seed: int, tick: int, temperature: float, bias: np.ndarray) -> np.ndarray:
    """Return the state after all units were decided at once."""
    words = [noise.word(seed, tick, THERMAL_STREAM, unit) for unit in range(len(spins))]
    new = [next_state(field(matrix, spins, unit) + bias[unit], int(spins[unit]), temperature, words[unit]) for unit in range(len(spins))]
    return np.array(new, np.int64)


def energy(matrix: np.ndarray, spins: np.ndarray) -> float:
    """-1/2 sum_ij s_i J_ij s_j / N."""
    return -sum(int(spin) * field(matrix, spins, unit) for unit, spin in enumerate(spins)) / (2 * len(spins))


def all_states(n_units: int) -> np.ndarray:
    """Every state of n units, (2**n, n)."""
    return np.array(list(itertools.product([-1, 1], repeat=n_units)))


def visit_probabilities(matrix: np.ndarray, bias: np.ndarray, temperature: float, unit: int) -> np.ndarray:
    """The transition matrix of one heat-bath visit over all states: [from, to]."""
    states = all_states(len(matrix))
    place = {tuple(state): index for index, state in enumerate(states)}
    out = np.zeros((len(states), len(states)))
    for start, state in enumerate(states):
        local = sum(matrix[unit, other] * state[other] for other in range(len(matrix))) + bias[unit]
        for spin in (-1, 1):
            end = state.copy()
            end[unit] = spin
            out[start, place[tuple(end)]] += 1 / (1 + math.exp(-2 * spin * local / temperature))
    return out


def boltzmann(matrix: np.ndarray, bias: np.ndarray, temperature: float) -> np.ndarray:
    """exp(-H / T) / Z over all states, H = -1/2 s J s - bias s."""
    states = all_states(len(matrix))
    h = np.array([-0.5 * state @ matrix @ state - bias @ state for state in states])
    weights = np.exp(-(h - h.min()) / temperature)
    return weights / weights.sum()


def hebb(patterns: np.ndarray, self_coupling: bool) -> np.ndarray:
    """(1 / N) sum_mu xi_i xi_j."""
    n = patterns.shape[1]
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            out[i, j] = sum(int(xi[i]) * int(xi[j]) for xi in patterns) / n
    return out if self_coupling else without_diagonal(out)


def pseudo_inverse(patterns: np.ndarray, self_coupling: bool) -> np.ndarray:
    """(1 / N) sum_mu,nu xi_i^mu (C^-1)_mu,nu xi_j^nu, C_mu,nu = (1 / N) sum_i xi_i^mu xi_i^nu."""
    n = patterns.shape[1]
    correlations = np.array([[sum(int(a) * int(b) for a, b in zip(x, y, strict=True)) / n for y in patterns] for x in patterns])
    out = patterns.T @ np.linalg.inv(correlations) @ patterns / n
    return out if self_coupling else without_diagonal(out)


def storkey(patterns: np.ndarray, self_coupling: bool) -> np.ndarray:
    """dJ_ij = (1 / N) (xi_i xi_j - xi_i h_ji - h_ij xi_j), h_ij = sum_{k != i, j} J_ik xi_k."""
    n = patterns.shape[1]
    couplings = np.zeros((n, n))
    for xi in patterns.astype(float):
        new = couplings.copy()
        for i in range(n):
            for j in range(n):
                h_ij = sum(couplings[i, k] * xi[k] for k in range(n) if k not in (i, j))
                h_ji = sum(couplings[j, k] * xi[k] for k in range(n) if k not in (i, j))
                new[i, j] += (xi[i] * xi[j] - xi[i] * h_ji - h_ij * xi[j]) / n
        couplings = new
    return couplings if self_coupling else without_diagonal(couplings)


def storkey_second_order(patterns: np.ndarray, self_coupling: bool) -> np.ndarray:
    """dJ_ij = (1 / N) (xi_i xi_j - delta_ij - h_i xi_j - xi_i h_j + h_i h_j), h_i = sum_k J_ik xi_k."""
    n = patterns.shape[1]
    couplings = np.zeros((n, n))
    for xi in patterns.astype(float):
        h = [sum(couplings[i, k] * xi[k] for k in range(n)) for i in range(n)]
        new = couplings.copy()
        for i in range(n):
            for j in range(n):
                new[i, j] += (xi[i] * xi[j] - (i == j) - h[i] * xi[j] - xi[i] * h[j] + h[i] * h[j]) / n
        couplings = new
    return couplings if self_coupling else without_diagonal(couplings)


def without_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Set the diagonal to 0."""
    out = matrix.copy()
    np.fill_diagonal(out, 0)
    return out
