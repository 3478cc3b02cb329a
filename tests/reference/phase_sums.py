"""Sums of waves over the neighbours of each oscillator, edge by edge."""

from __future__ import annotations


def sum_edges(starts, sources, weights, waves):
    """Return [(S_i, C_i)]; edges of target i are starts[i] ... starts[i + 1] - 1."""
    sums = []
    for i in range(len(starts) - 1):
        sine = cosine = 0.0
        for e in range(starts[i], starts[i + 1]):
            sine += float(weights[e]) * float(waves[sources[e]][0])
            cosine += float(weights[e]) * float(waves[sources[e]][1])
        sums.append((sine, cosine))
    return sums


def sum_dense(matrix, waves):
    """Return [(S_i, C_i)] for a matrix of 0 and 1."""
    rows = [[j for j, there in enumerate(row) if there] for row in matrix]
    return [tuple(sum(float(waves[j][half]) for j in row) for half in (0, 1)) for row in rows]


def sum_delayed(starts, sources, weights, delays, history):
    """Return [(S_i, C_i)], history[d] being the waves d ticks ago."""
    sums = []
    for i in range(len(starts) - 1):
        sine = cosine = 0.0
        for e in range(starts[i], starts[i + 1]):
            sine += float(weights[e]) * float(history[delays[e]][sources[e]][0])
            cosine += float(weights[e]) * float(history[delays[e]][sources[e]][1])
        sums.append((sine, cosine))
    return sums
