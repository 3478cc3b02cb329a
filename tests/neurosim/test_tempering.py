"""Annealing and parallel tempering: the right distribution at every temperature, deeper minima, the driver's promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import neurosim as ns
from neurosim.hopfield import DenseHopfield, Tempering, anneal, random_patterns


def small(n: int = 8) -> DenseHopfield:
    rng = np.random.default_rng(4)
    return DenseHopfield(random_patterns(4, n, rng=rng), fields=rng.normal(0, 0.1, n))


def test_every_temperature_has_its_boltzmann_energy() -> None:
    """Eight units, 256 states: the mean energy of a long run against the exact sum, within four standard errors of block means."""
    memory, temperatures = small(), np.array([0.15, 0.4, 0.9])
    states = memory.init(np.array(list(itertools.product([-1, 1], repeat=8))))
    energy = memory.energy(states)
    ladder = Tempering(memory, temperatures)
    state = ladder.init(np.ones((3, 8)), seed=2)
    ladder.step(state, 100)
    seen = []
    for _ in range(8000):
        ladder.step(state, 1)
        seen.append(ladder.by_temperature(state, memory.energy(state)))
    blocks = np.array(seen).reshape(40, 200, 3).mean(axis=1)
    for place, temperature in enumerate(temperatures):
        weight = np.exp(-8 * energy / temperature)
        wanted, error = (weight * energy).sum() / weight.sum(), blocks[:, place].std(ddof=1) / np.sqrt(40)
        assert abs(blocks[:, place].mean() - wanted) < 4 * error + 1e-12
    assert (state.exchanges > 0).all()
    assert (state.exchanges <= state.attempts).all()


def test_exchanges_alternate_between_even_and_odd_pairs() -> None:
    ladder = Tempering(small(), [0.2, 0.4, 0.6, 0.8], every=3)
    state = ladder.init(np.ones((4, 8)))
    for ticks, attempts in [(2, [0, 0, 0]), (1, [0, 1, 0]), (3, [1, 1, 1]), (6, [2, 2, 2])]:
        ladder.step(state, ticks)
        assert state.attempts.tolist() == attempts
    assert sorted(state.rungs.tolist()) == [0, 1, 2, 3]


def test_the_driver_contract(rng: np.random.Generator) -> None:
    memory = DenseHopfield(random_patterns(20, 100, rng=rng))
    ladder = Tempering(memory, np.linspace(0.3, 1.2, 5), every=2)
    ns.check_model(ladder, ladder.init(random_patterns(5, 100, rng=rng), seed=1), ticks=7)


def test_tempering_reaches_lower_energies_than_quenching(rng: np.random.Generator) -> None:
    """Above the critical load, from random states: the coldest replica lies below all quenches."""
    memory = DenseHopfield(random_patterns(60, 150, rng=rng))
    cues = random_patterns(10, 150, rng=rng)
    quenched = memory.energy(memory.recall(cues)).min()
    ladder = Tempering(memory, np.linspace(0.1, 1.6, 10))
    state = ladder.init(cues, seed=5)
    ladder.step(state, 300)
    assert memory.energy(state).min() < quenched
    cooled = anneal(memory, cues, np.linspace(1.6, 0.0, 60), seed=5)
    assert cooled.settled.all()
    assert memory.energy(cooled).min() < quenched
    assert cooled.tick == 600


def test_annealing_at_one_temperature_is_a_plain_run(rng: np.random.Generator) -> None:
    memory = DenseHopfield(random_patterns(5, 100, rng=rng))
    cues = random_patterns(3, 100, rng=rng)
    assert np.array_equal(anneal(memory, cues, [0.5, 0.5], sweeps=4).words, memory.at(0.5).recall(cues, sweeps=8).words)


@pytest.mark.parametrize(
    ("temperatures", "every", "error", "message"),
    [
        ([0.5], 1, ValueError, r"temperatures must have shape \(n,\) with n at least 2, got \(1,\)"),
        ([0.5, 0.4], 1, ValueError, r"temperatures must be above 0 and rise, got \[0.5, 0.4\]"),
        ([0.0, 0.4], 1, ValueError, "temperatures must be above 0"),
        ([0.5, np.nan], 1, ValueError, r"temperatures\[1\] must be finite"),
        ([0.5, 0.6], 0, ValueError, "every must be at least 1, got 0"),
        ([0.5, 0.6], 1.5, TypeError, "every must be an integer, got 1.5"),
    ],
)
def test_bad_ladders(temperatures: list[float], every: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Tempering(small(), temperatures, every)  # type: ignore[arg-type]


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="memory must be a DenseHopfield, got NoneType"):
        Tempering(None, [0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"cues must have shape \(2, 8\), one for each temperature, got \(8,\)"):
        Tempering(small(), np.array([0.1, 0.2])).init(np.ones(8))
    with pytest.raises(ValueError, match=r"temperatures\[1\] must be finite and at least 0, got -1.0"):
        anneal(small(), np.ones(8), [0.5, -1.0])
    with pytest.raises(ValueError, match=r"temperatures must have shape \(n,\), got \(\)"):
        anneal(small(), np.ones(8), 0.5)
    with pytest.raises(ValueError, match="sweeps must be at least 0"):
        anneal(small(), np.ones(8), [0.5], sweeps=-1)
