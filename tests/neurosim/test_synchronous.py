"""Synchronous updates: the matrix form as oracle, two-cycles, the function that never rises, one answer for any slicing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.hopfield import DenseHopfield, PackedPatterns, SynchronousHopfield, flip, pack, random_patterns
from neurosim.kernels import synchronous as kernels
from tests.reference import synchronous as reference
from tests.reference.hopfield import weights

SIZES = st.tuples(st.integers(0, 40), st.integers(1, 150), st.integers(0, 2**32))


@pytest.fixture
def _one_thread_again() -> Iterator[None]:
    yield
    ns.set_threads(1)


def example(n_patterns: int, n_units: int, seed: int, replicas: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return random_patterns(n_patterns, n_units, rng=rng), random_patterns(replicas, n_units, rng=rng)


@settings(max_examples=30)
@given(SIZES, st.sampled_from([1, 3, 9]), st.sampled_from([0.0, 0.4]), st.booleans())
def test_steps_equal_the_matrix_form(sizes: tuple[int, int, int], replicas: int, temperature: float, with_fields: bool) -> None:
    """Same trajectory with few replicas (bit planes) and many (tables), cold and warm, also where a two-cycle is no longer computed."""
    patterns, cues = example(*sizes, replicas)
    fields = np.random.default_rng(1).normal(0, 0.1, sizes[1]) if with_fields else np.zeros(sizes[1])
    memory = DenseHopfield(patterns, temperature=temperature, fields=fields if with_fields else None)
    network = SynchronousHopfield(memory)
    state = network.init(cues, seed=5)
    wanted = [reference.run(patterns, cue, int(seed), 12, temperature, fields) for cue, seed in zip(cues, state.seeds, strict=True)]
    for tick in range(1, 13):
        network.step(state, 1)
        assert np.array_equal(memory.spins(state), [states[tick] for states in wanted])
        assert state.flips.tolist() == [int((states[tick] != states[tick - 1]).sum()) for states in wanted]


@pytest.mark.parametrize(("n_patterns", "n_units"), [(63, 64), (64, 65), (257, 128), (600, 513)])
def test_steps_at_word_borders(n_patterns: int, n_units: int) -> None:
    patterns, cues = example(n_patterns, n_units, 1, 40)
    memory = DenseHopfield(patterns)
    state = SynchronousHopfield(memory).recall(cues, steps=3)
    for replica in (0, 31, 32, 39):
        assert np.array_equal(memory.spins(state)[replica], reference.run(patterns, cues[replica], 0, 3, 0.0, np.zeros(n_units))[3])


def test_large_overlaps_use_wide_sums(rng: np.random.Generator) -> None:
    """Patterns that resemble each other: 64 overlaps together exceed 16 bits; inputs still equal those of the planes and of the matrix."""
    base = random_patterns(1, 900, rng=rng)
    patterns = np.concatenate([flip(np.repeat(base, 100, axis=0), 0.05, rng=rng), random_patterns(100, 900, rng=rng)])
    memory = DenseHopfield(patterns)
    cues = flip(np.repeat(base, 12, axis=0), 0.1, rng=rng)
    many = SynchronousHopfield(memory).recall(cues, steps=2)
    few = SynchronousHopfield(memory).recall(cues[:3], steps=2)
    assert np.array_equal(many.words[:3], few.words)
    assert np.array_equal(memory.spins(few)[0], reference.run(patterns, cues[0], 0, 2, 0.0, np.zeros(900))[2])


def test_local_fields_equal_the_matrix(rng: np.random.Generator) -> None:
    patterns, cues = example(50, 130, 2, 4)
    fields = PackedPatterns.pack(patterns).local_fields(pack(cues))
    assert fields == pytest.approx(cues @ weights(patterns) / 130, abs=1e-12)


@settings(max_examples=20)
@given(SIZES)
def test_the_two_step_function_never_rises_and_periods_are_one_or_two(sizes: tuple[int, int, int]) -> None:
    patterns, cues = example(*sizes, 9)
    memory = DenseHopfield(patterns)
    network = SynchronousHopfield(memory)
    state, matrix = network.init(cues), weights(patterns)
    before, values = cues.astype(np.int64), []
    for _ in range(30):
        network.step(state, 1)
        now = memory.spins(state).astype(np.int64)
        values.append(-np.einsum("ri,ij,rj->r", now, matrix, before))
        before = now
    assert (np.diff(values, axis=0) <= 0).all()
    assert (state.period[state.settled] > 0).all()
    assert set(state.period.tolist()) <= {0, 1, 2}


def test_a_fixed_point_of_one_dynamics_is_one_of_the_other() -> None:
    patterns, cues = example(20, 300, 3, 10)
    memory = DenseHopfield(patterns)
    settled = memory.recall(cues)
    again = SynchronousHopfield(memory).recall(memory.spins(settled))
    assert np.array_equal(again.words, settled.words)
    assert (again.period == 1).all()
    assert (again.settled_at == 1).all()


def test_two_cycles_alternate_for_ever() -> None:
    """One pattern of two equal units: a state with opposite units swaps them at every step."""
    network = SynchronousHopfield(DenseHopfield([[1, 1]]))
    for ticks in range(6):
        state = network.recall([1, -1], steps=ticks)
        assert network.memory.spins(state).tolist() == ([1, -1] if ticks % 2 == 0 else [-1, 1])
        assert int(state.period) == (2 if ticks >= 2 else 0)
        assert int(state.flips) == (2 if ticks else 0)


def test_the_driver_contract() -> None:
    patterns, cues = example(40, 128, 6, 12)
    memory = DenseHopfield(patterns)
    cold = SynchronousHopfield(memory)
    assert {1, 2} & set(cold.recall(cues).period.tolist())
    for network in (cold, SynchronousHopfield(memory.at(0.3))):
        ns.check_model(network, network.init(cues, seed=2), ticks=9)
        ns.check_model(network, network.init(cues[0], seed=2), ticks=9)


@pytest.mark.usefixtures("_one_thread_again")
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_threads_do_not_change_the_answer(threads: int, temperature: float) -> None:
    patterns, cues = example(40, 300, 4, 37)
    network = SynchronousHopfield(DenseHopfield(patterns, temperature=temperature))
    alone = network.recall(cues, seed=3, steps=20)
    ns.set_threads(threads)
    together = network.recall(cues, seed=3, steps=20)
    for item in dataclasses.fields(alone):
        assert np.array_equal(getattr(alone, item.name), getattr(together, item.name))


def test_simulate_stops_when_all_have_settled() -> None:
    patterns, cues = example(10, 200, 7, 5)
    memory = DenseHopfield(patterns)
    network = SynchronousHopfield(memory)
    state = network.init(cues, seed=1)
    run = ns.simulate(network, state, steps=200, until=ns.settled, record={"energy": ns.Trace(memory.energy, dims=("replica",))})
    assert state.settled.all()
    assert run.sizes["time"] == int(state.settled_at.max()) + 1


def test_each_kernel_compiles_once(rng: np.random.Generator) -> None:
    for n_patterns, n_units in [(3, 30), (300, 200)]:
        memory = DenseHopfield(random_patterns(n_patterns, n_units, rng=rng))
        for cues in (np.ones(n_units), np.ones((20, n_units), int)):
            SynchronousHopfield(memory).recall(cues)
    assert len(getattr(kernels.synchronous_steps, "signatures", [0])) == 1


def test_bad_memory_and_state() -> None:
    with pytest.raises(TypeError, match="memory must be a DenseHopfield, got list"):
        SynchronousHopfield([[1, 1]])  # type: ignore[arg-type]
    network = SynchronousHopfield(DenseHopfield([[1, 1]]))
    other = SynchronousHopfield(DenseHopfield(np.ones((1, 100)))).init(np.ones(100))
    with pytest.raises(ValueError, match="state must hold 1 words"):
        network.step(other, 1)
    with pytest.raises(ValueError, match="steps must be at least 0"):
        network.recall([1, 1], steps=-1)
