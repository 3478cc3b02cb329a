"""Oscillators that are unit vectors: what they receive from each other, and the step that turns them.

x, y: (n, n_dims) real. y_i = c_i + sum over j of J_ij x_j + m (sum over j of x_j), the force on oscillator i. A force is added up in the
order of the sources, coordinate by coordinate. stimuli: (n, n_dims), or (0, n_dims) where there are none. frequencies: (n, n_dims // 2),
one row for all oscillators or (0, n_dims // 2) where nothing rotates.

:func:`run_dense` and :func:`run_sparse` advance replicas: x (replicas, n, n_dims), energies (replicas,).
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.kernels._jit import jit

BLOCK = 512
"""Targets whose forces are added up together in the dense form: with a few coordinates they stay in the first cache."""


@jit
def fill_common(x, stimuli, mean_field, y):
    """Set y to what does not depend on the coupling matrix: stimuli, and m times the sum of all x."""
    for d in range(x.shape[1]):
        total = mean_field - mean_field
        if mean_field != total:
            for j in range(x.shape[0]):
                total += x[j, d]
        for i in range(x.shape[0]):
            y[i, d] = mean_field * total
    for i in range(stimuli.shape[0]):
        for d in range(x.shape[1]):
            y[i, d] += stimuli[i, d]


@jit
def add_row(sums, row, factor):
    """Add factor times a row of couplings to the sums of as many targets."""
    for i in range(sums.size):
        sums[i] += factor * row[i]


@jit
def add_dense(columns, x, sums, y):
    """Add sum over j of columns[j, i] x[j] to y[i]; sums (n_dims, BLOCK) is scratch."""
    n, n_dims = x.shape
    for first in range(0, n, BLOCK):
        last = min(first + BLOCK, n)
        sums[:] = 0
        for j in range(n):
            row = columns[j, first:last]
            for d in range(n_dims):
                add_row(sums[d, : last - first], row, x[j, d])
        for i in range(first, last):
            for d in range(n_dims):
                y[i, d] += sums[d, i - first]


@jit
def add_sparse(starts, sources, weights, x, y):
    """Add sum over the edges k of target i of weights[k] x[sources[k]] to y[i]."""
    for i in range(x.shape[0]):
        for k in range(starts[i], starts[i + 1]):
            source, weight = sources[k], weights[k]
            for d in range(x.shape[1]):
                y[i, d] += weight * x[source, d]


@jit
def energy(x, y):
    """Return minus the sum over i of x_i . y_i, added up in double precision."""
    total = 0.0
    for i in range(x.shape[0]):
        for d in range(x.shape[1]):
            total -= np.float64(x[i, d]) * np.float64(y[i, d])
    return total


@jit
def rotate(x, y, rates):
    """Add Omega x to y: in each plane (2 p, 2 p + 1) a rotation from the first axis to the second."""
    for p in range(rates.size):
        y[2 * p] -= rates[p] * x[2 * p + 1]
        y[2 * p + 1] += rates[p] * x[2 * p]


@jit
def turn(x, y, frequencies, gamma):
    """Move each x_i by gamma (Omega_i x_i + y_i - (y_i . x_i) x_i), then give it length 1 again; y is overwritten."""
    for i in range(x.shape[0]):
        along = gamma - gamma
        for d in range(x.shape[1]):
            along += y[i, d] * x[i, d]
        for d in range(x.shape[1]):
            y[i, d] -= along * x[i, d]
        if frequencies.shape[0] > 0:
            rotate(x[i], y[i], frequencies[min(i, frequencies.shape[0] - 1)])
        square = gamma - gamma
        for d in range(x.shape[1]):
            y[i, d] = x[i, d] + gamma * y[i, d]
            square += y[i, d] * y[i, d]
        length = math.sqrt(square)
        for d in range(x.shape[1]):
            x[i, d] = y[i, d] / length


@jit
def fill_dense(columns, stimuli, mean_field, x, y):
    """Set y to the forces at x, for couplings in a matrix: columns[j, i] = J_ij."""
    sums = np.empty((x.shape[1], BLOCK), x.dtype)
    fill_common(x, stimuli, mean_field, y)
    add_dense(columns, x, sums, y)


@jit
def fill_sparse(starts, sources, weights, stimuli, mean_field, x, y):
    """Set y to the forces at x, for couplings listed by target."""
    fill_common(x, stimuli, mean_field, y)
    add_sparse(starts, sources, weights, x, y)


@jit
def run_dense(columns, stimuli, mean_field, frequencies, gamma, x, energies, ticks, first, last):
    """Advance replicas first ... last - 1; energies are those before the last tick."""
    y = np.empty(x.shape[1:], x.dtype)
    for replica in range(first, last):
        for tick in range(ticks):
            fill_dense(columns, stimuli, mean_field, x[replica], y)
            if tick == ticks - 1:
                energies[replica] = energy(x[replica], y)
            turn(x[replica], y, frequencies, gamma)


@jit
def run_sparse(starts, sources, weights, stimuli, mean_field, frequencies, gamma, x, energies, ticks, first, last):
    """Advance replicas first ... last - 1; energies are those before the last tick."""
    y = np.empty(x.shape[1:], x.dtype)
    for replica in range(first, last):
        for tick in range(ticks):
            fill_sparse(starts, sources, weights, stimuli, mean_field, x[replica], y)
            if tick == ticks - 1:
                energies[replica] = energy(x[replica], y)
            turn(x[replica], y, frequencies, gamma)
