"""The network obeys detailed balance visit by visit, by enumeration, and samples the Boltzmann distribution."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neurosim.hopfield import DenseHopfield, random_patterns
from tests.neurosim.test_glauber import probability
from tests.reference.hopfield import weights


def test_detailed_balance_by_enumeration(rng: np.random.Generator) -> None:
    """For every state and unit: e^(-H/T) P(s -> s') = e^(-H'/T) P(s' -> s), with the probabilities that the kernel really uses."""
    n, temperature = 5, 0.6
    patterns = random_patterns(3, n, rng=rng)
    fields = rng.normal(0, 0.3, n)
    memory = DenseHopfield(patterns, temperature=temperature, fields=fields)
    states = np.array(list(itertools.product([-1, 1], repeat=n)))
    start = memory.init(states)
    weight = np.exp(-n * memory.energy(start) / temperature)
    local = memory.couplings.local_fields(memory.packed(start)) + fields
    assert local == pytest.approx(states @ weights(patterns) / n + fields)
    place = {tuple(state): index for index, state in enumerate(states.tolist())}
    for index, state in enumerate(states):
        for unit in range(n):
            turned = state.copy()
            turned[unit] *= -1
            other = place[tuple(turned.tolist())]
            up = probability(local[index, unit], temperature)
            there, back = (1 - up, up) if state[unit] > 0 else (up, 1 - up)
            assert weight[index] * there == pytest.approx(weight[other] * back, rel=1e-7)


def test_sweeps_sample_the_boltzmann_distribution() -> None:
    """Six units, 64 states: chi-square of 40,000 independent replicas after 30 sweeps against e^(-H/T) / Z."""
    rng = np.random.default_rng(3)
    n, temperature, replicas = 6, 0.9, 40_000
    memory = DenseHopfield(random_patterns(3, n, rng=rng), temperature=temperature, fields=rng.normal(0, 0.2, n))
    states = np.array(list(itertools.product([-1, 1], repeat=n)))
    weight = np.exp(-n * memory.energy(memory.init(states)) / temperature)
    wanted = replicas * weight / weight.sum()
    final = memory.recall(np.ones((replicas, n), np.int8), seed=11, sweeps=30)
    found = np.bincount(final.words[:, 0].astype(np.int64), minlength=64)[memory.init(states).words[:, 0].astype(np.int64)]
    chi_square = ((found - wanted) ** 2 / wanted).sum()
    assert chi_square < 63 + 4 * np.sqrt(2 * 63)
