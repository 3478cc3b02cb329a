"""Associative memory of oscillators: the definition as oracle, energy that never rises, one pattern as Kuramoto's model, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.oscillators.memory import OscillatoryMemory, PhasorGraph, random_phases, unit_numbers
from neurosim.oscillators.theory.retrieval import phase_overlap

SIZES = st.tuples(st.integers(1, 6), st.integers(2, 60), st.booleans(), st.integers(0, 2**32))


def example(n_patterns: int, n: int, signs: bool, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return ns.hopfield.random_patterns(n_patterns, n, rng=rng) if signs else random_phases(n_patterns, n, rng=rng), rng


def matrix(patterns: np.ndarray) -> np.ndarray:
    """Return the couplings of the definition, complex, diagonal 0."""
    couplings = patterns.T @ patterns.conj() / patterns.shape[1]
    return couplings - np.diag(np.diag(couplings))


@settings(max_examples=30, deadline=None)
@given(SIZES)
def test_forces_overlaps_and_energy_are_those_of_the_definition(sizes: tuple[int, int, bool, int]) -> None:
    patterns, rng = example(*sizes)
    omega = rng.normal(size=patterns.shape[1])
    memory = OscillatoryMemory(patterns, 1.3, frequencies=omega, dt=0.01)
    state = memory.network.init(seed=3)
    turning = np.exp(1j * state.phases)
    pull = (matrix(patterns) @ turning) * turning.conj()
    assert memory.network.velocities(state) == pytest.approx(omega + 1.3 * np.imag(pull), abs=1e-12)
    assert memory.energy(state) == pytest.approx(-0.65 * np.mean(np.real(pull)), abs=1e-12)
    assert memory.overlap(state) == pytest.approx(abs(patterns.conj() @ turning) / len(omega), abs=1e-12)
    assert memory.network.graph.strengths == pytest.approx(abs(matrix(patterns)).sum(axis=1), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(SIZES)
def test_energy_never_rises(sizes: tuple[int, int, bool, int]) -> None:
    patterns, _ = example(*sizes)
    memory = OscillatoryMemory(patterns, dt=0.05)
    run = ns.simulate(memory, memory.network.init(seed=4), steps=60, record={"energy": ns.Trace(memory.energy)})
    assert np.diff(run["energy"]).max() <= 1e-12


@settings(max_examples=15, deadline=None)
@given(SIZES, st.floats(0.0, 6.0))
def test_turning_all_phases_changes_nothing_that_is_observed(sizes: tuple[int, int, bool, int], angle: float) -> None:
    patterns, _ = example(*sizes)
    memory = OscillatoryMemory(patterns, dt=0.05)
    state = memory.network.init(seed=5)
    turned = memory.network.init(state.phases + angle)
    assert memory.overlap(turned) == pytest.approx(memory.overlap(state), abs=1e-12)
    assert memory.energy(turned) == pytest.approx(memory.energy(state), abs=1e-12)


def test_patterns_of_signs_couple_the_same_whether_written_as_signs_or_as_phases(rng: np.random.Generator) -> None:
    patterns = ns.hopfield.random_patterns(3, 40, rng=rng)
    both = OscillatoryMemory(patterns), OscillatoryMemory(patterns.astype(complex))
    runs = [memory.recall(patterns[0], seed=2, time=5.0) for memory in both]
    assert type(both[1].network.graph) is PhasorGraph
    assert runs[0].phases == pytest.approx(runs[1].phases, abs=1e-10)


@pytest.mark.parametrize("width", [0.3, 0.5])
@pytest.mark.parametrize("signs", [True, False])
def test_one_pattern_is_recalled_as_kuramoto_says(signs: bool, width: float) -> None:
    """P = 1 with frequencies at normal quantiles: r of the self-consistent equation, up to 1 / N."""
    patterns, rng = example(1, 1000, signs, 6)
    omega = width * rng.permutation(ns.oscillators.gaussian(1000))
    memory = OscillatoryMemory(patterns, frequencies=omega)
    state = memory.init(patterns[0])
    memory.step(state, 400)
    run = ns.simulate(memory, state, steps=100, record={"m": ns.Trace(memory.overlap, dims=("pattern",))})
    assert float(run["m"].mean()) == pytest.approx(float(phase_overlap(0.0, width=width)), abs=0.004)


def test_few_patterns_of_phases_are_recalled_with_an_overlap_of_one_minus_the_load(rng: np.random.Generator) -> None:
    """Ten patterns, a tenth of the oscillators of a cue turned over: to the sampling error of 1,000 oscillators."""
    patterns = random_phases(10, 1000, rng=rng)
    memory = OscillatoryMemory(patterns)
    state = memory.recall(patterns[3] * ns.hopfield.flip(np.ones(1000), 0.1, rng=rng))
    assert memory.settled(state)
    assert int(memory.overlap(state).argmax()) == 3
    assert memory.overlap(state)[3] == pytest.approx(0.99, abs=0.006)


def test_signs_are_read_whole_from_phases_that_lean(rng: np.random.Generator) -> None:
    """Load 0.02: the overlap is 0.82 by theory, and the signs are right; that of all is free."""
    patterns = ns.hopfield.random_patterns(40, 2000, rng=rng)
    memory = OscillatoryMemory(patterns)
    state = memory.recall(ns.hopfield.flip(patterns[0], 0.1, rng=rng), seed=1)
    assert memory.overlap(state)[0] == pytest.approx(0.82, abs=0.05)
    assert abs(np.mean(memory.signs(state) * patterns[0])) > 0.995


def test_a_cue_of_signs_without_jitter_never_moves(rng: np.random.Generator) -> None:
    patterns = ns.hopfield.random_patterns(4, 50, rng=rng)
    memory = OscillatoryMemory(patterns)
    cue = ns.hopfield.flip(patterns[0], 0.2, rng=rng)
    state = memory.recall(cue, jitter=0.0, time=2.0)
    assert state.phases == pytest.approx(np.where(cue > 0, 0.0, np.pi), abs=1e-9)


def test_recall_stops_when_settled_or_when_the_time_is_over(rng: np.random.Generator) -> None:
    patterns = random_phases(2, 100, rng=rng)
    memory = OscillatoryMemory(patterns)
    assert memory.recall(patterns[0]).tick < 800
    assert memory.recall(patterns[0], time=1.0).tick == 4
    drifting = OscillatoryMemory(patterns, frequencies=10 * ns.oscillators.gaussian(100))
    state = drifting.recall(patterns[0], time=20.0)
    assert state.tick == 80
    assert not drifting.settled(state)


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("options", [{}, {"noise": 0.1}, {"method": "rk4", "dtype": "float32"}])
def test_it_keeps_the_promises_of_a_model(signs: bool, options: dict[str, Any], rng: np.random.Generator) -> None:
    patterns, _ = example(3, 40, signs, 8)
    memory = OscillatoryMemory(patterns, frequencies=rng.normal(size=40), **options)
    ns.check_model(memory, memory.init(patterns[0], seed=9))


def test_jitter_is_normal_and_chosen_by_the_seed() -> None:
    memory = OscillatoryMemory(np.ones((1, 4000)))
    one, same, other = (memory.init(np.ones(4000), jitter=0.2, seed=seed).phases for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.std() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("patterns", "error", "message"),
    [
        (np.ones(5), ValueError, r"patterns must have shape \(n_patterns, n\), at least one of each, got \(5,\)"),
        (np.ones((0, 5)), ValueError, r"got \(0, 5\)"),
        ([[1, 2]], ValueError, r"patterns must hold only -1 and \+1, got 2 at \[0, 1\]"),
        ([[1.0, np.nan]], ValueError, r"got nan at \[0, 1\]"),
        ([[1.0, 0.5j]], ValueError, r"patterns must hold only numbers of length 1, got 0.5j at \[0, 1\]"),
        ([["a"]], TypeError, "patterns must be an array of -1 and"),
        ([[True, False]], TypeError, "got type bool"),
    ],
)
def test_bad_patterns(patterns: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        OscillatoryMemory(patterns)


def test_bad_numbers(rng: np.random.Generator) -> None:
    patterns = random_phases(2, 10, rng=rng)
    memory = OscillatoryMemory(patterns)
    bad: list[tuple[Any, str]] = [
        (lambda: OscillatoryMemory(patterns, 0.0), "coupling must be finite and above 0"),
        (lambda: OscillatoryMemory(patterns, noise=-1.0), "noise must be finite and at least 0"),
        (lambda: OscillatoryMemory(patterns, frequencies=np.ones(9)), "graph must have 9 oscillators, one for each frequency, got 10"),
        (lambda: OscillatoryMemory(patterns, method="rk5"), "method must be one of"),
        (lambda: memory.init(np.ones(9)), r"cue must have shape \(10,\)"),
        (lambda: memory.init(np.zeros(10)), r"cue must hold only -1 and \+1, got 0.0 at \[0\]"),
        (lambda: memory.init(np.ones(10), jitter=-0.1), "jitter must be finite and at least 0"),
        (lambda: memory.recall(np.ones(10), time=0.0), "time must be finite and above 0"),
        (lambda: memory.recall(np.ones(10), tolerance=-1.0), "tolerance must be finite and at least 0"),
        (lambda: memory.overlap(ns.Kuramoto(np.ones(9)).init()), "state must have 10 oscillators"),
        (lambda: random_phases(-1, 5, rng=rng), "n_patterns must be at least 0"),
        (lambda: unit_numbers([[1j, 2j]], "cue"), r"got 2j at \[0, 1\]"),
    ]
    for call, message in bad:
        with pytest.raises(ValueError, match=message):
            call()


def test_a_step_too_long_for_the_load_is_warned_of(rng: np.random.Generator) -> None:
    with pytest.warns(UserWarning, match="too long for a coupling of 1"):
        OscillatoryMemory(random_phases(20, 100, rng=rng), method="euler", dt=1.0)


def test_what_is_printed(rng: np.random.Generator) -> None:
    assert repr(OscillatoryMemory(random_phases(2, 10, rng=rng))) == "OscillatoryMemory(2 patterns of phases, 10 oscillators, coupling 1)"
    memory = OscillatoryMemory(np.ones((1, 4)), 2.0, frequencies=[-1.0, -1.0, 1.0, 1.0])
    assert repr(memory) == "OscillatoryMemory(1 patterns of signs, 4 oscillators, coupling 2, frequencies spread by 1)"
    assert (memory.n_patterns, memory.n, memory.load) == (1, 4, 0.25)
