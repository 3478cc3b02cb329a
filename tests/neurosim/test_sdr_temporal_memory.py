"""Temporal memory: contexts told apart, theory of noise, promises of a model, death of cells, room for what is learned, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.kernels.temporal_memory import advance
from neurosim.sdr import theory
from neurosim.sdr.codes import Code, Codes, corrupt, overlap, random_code, random_codes
from neurosim.sdr.driven import Driven
from neurosim.sdr.temporal_memory import TemporalMemory, TemporalMemoryState

SMALL: dict[str, Any] = {"activation_threshold": 6, "min_threshold": 4, "max_new": 10, "punishment": 0.02}


def learned(memory: TemporalMemory, sequences: list[list[Code]], rounds: int = 10) -> TemporalMemoryState:
    """Return the state of a memory that has read some sequences over and over, each from its beginning."""
    state = memory.init(seed=3)
    for _ in range(rounds):
        for sequence in sequences:
            memory.reset(state)
            for code in sequence:
                memory.compute(state, code)
    return state


def anomalies(memory: TemporalMemory, state: TemporalMemoryState, codes: list[Code]) -> list[float]:
    """Read codes from a beginning without learning; return the anomaly of each."""
    memory.reset(state)
    found = []
    for code in codes:
        memory.compute(state, code, learn=False)
        found.append(state.anomaly)
    return found


# --- what it remembers --------------------------------------------------------------------------------------------------------


def test_what_follows_a_shared_code_depends_on_what_came_before_it(rng: np.random.Generator) -> None:
    a, b, c, d, e = random_codes(5, 400, 12, rng=rng)
    memory = TemporalMemory(400, 6, **SMALL)
    state = learned(memory, [[a, b, c], [d, b, e]])
    for first, last in ((a, c), (d, e)):
        assert anomalies(memory, state, [first, b]) == [1.0, 0.0]
        assert memory.predicted_columns(state) == last


def test_a_memory_of_one_cell_expects_all_that_ever_followed(rng: np.random.Generator) -> None:
    a, b, c, d, e = random_codes(5, 400, 12, rng=rng)
    memory = TemporalMemory(400, 1, **SMALL)
    state = learned(memory, [[a, b, c], [d, b, e]])
    anomalies(memory, state, [a, b])
    assert memory.predicted_columns(state) == c | e


def test_a_context_reaches_as_far_back_as_a_sequence_is_long(rng: np.random.Generator) -> None:
    """Sequences of ten codes that differ in the first and the last only."""
    middle = list(random_codes(8, 400, 12, rng=rng))
    a, b, c, d = random_codes(4, 400, 12, rng=rng)
    memory = TemporalMemory(400, 6, **SMALL)
    state = learned(memory, [[a, *middle, b], [c, *middle, d]], rounds=60)
    for first, last in ((a, b), (c, d)):
        anomalies(memory, state, [first, *middle])
        assert memory.predicted_columns(state) == last


@pytest.mark.parametrize(("threshold", "lost"), [(8, 20), (12, 12), (12, 20)])
def test_noise_leaves_the_share_of_predictions_that_theory_says(threshold: int, lost: int, rng: np.random.Generator) -> None:
    """One minus the probability that a segment with 20 synapses on a code of 40 misses it: 30 transitions of 40 cells."""
    limits: dict[str, Any] = {"activation_threshold": threshold, "min_threshold": threshold, "max_new": 20, "initial": 0.8}
    memory = TemporalMemory(2048, 1, **limits)
    right, codes = 0, random_codes(31, 2048, 40, rng=rng)
    for first, second in zip(list(codes)[:-1], list(codes)[1:], strict=True):
        state = learned(memory, [[first, second]], rounds=1)
        anomalies(memory, state, [corrupt(first, lost / 40, rng=rng)])
        right += overlap(memory.predicted_columns(state), second)
    expected = float(np.asarray(theory.predicted_share(40, 20, threshold, lost)))
    assert right / 1200 == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 1200) + 1 / 1200)


def test_punishment_takes_back_what_never_comes_true(rng: np.random.Generator) -> None:
    a, b, c = random_codes(3, 400, 12, rng=rng)
    memory = TemporalMemory(400, 1, **{**SMALL, "punishment": 0.1})
    state = learned(memory, [[a, b]])
    assert anomalies(memory, state, [a, b]) == [1.0, 0.0]
    for _ in range(12):
        memory.reset(state)
        memory.compute(state, a)
        memory.compute(state, c)
    assert memory.n_segments(state) == 12
    anomalies(memory, state, [a])
    assert memory.predicted_columns(state) == c


# --- invariants ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_cells_are_active_in_active_columns_only_and_all_of_them_where_none_was_expected(seed: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    known = random_codes(6, 50, 12, rng=rng)
    memory = TemporalMemory(50, cells, **SMALL)
    state = memory.init(seed=seed)
    for t in range(80):
        columns = corrupt(known[t % 6], 0.25 * (t % 2), rng=rng)
        expected, places = memory.predictive_cells(state), memory.predicted_columns(state)
        active = memory.compute(state, columns)
        burst = columns - places
        own = Code((np.repeat(burst.indices * cells, cells) + np.tile(np.arange(cells), len(burst))), memory.n_cells)
        predicted = Code([cell for cell in expected if cell // cells in columns], memory.n_cells)
        assert active == own | predicted
        assert state.anomaly == pytest.approx(len(burst) / len(columns))
        assert len(np.unique(state.winners // cells)) == len(columns)
        assert np.isin(state.winners, active.indices).all()


def test_without_learning_nothing_changes_but_the_context(rng: np.random.Generator) -> None:
    codes = list(random_codes(4, 400, 12, rng=rng))
    memory = TemporalMemory(400, 4, **SMALL)
    state = learned(memory, [codes], rounds=5)
    before = ns.state.copy(state)
    anomalies(memory, state, codes)
    for name in ("segments", "cells", "permanences", "items", "lists"):
        assert np.array_equal(state.tables[name], before.tables[name]), name
    assert (memory.n_segments(state), memory.n_synapses(state)) == (36, 36 * 10)


def test_an_empty_code_is_no_surprise_and_ends_a_context(rng: np.random.Generator) -> None:
    codes = list(random_codes(2, 400, 12, rng=rng))
    memory = TemporalMemory(400, 4, **SMALL)
    state = learned(memory, [codes])
    assert anomalies(memory, state, [codes[0], Code([], 400), codes[1]]) == [1.0, 0.0, 1.0]
    assert len(memory.compute(state, [])) == len(memory.predictive_cells(state)) == 0


# --- reproducibility ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learn", [True, False])
def test_a_driven_memory_keeps_the_promises_of_a_model(learn: bool, rng: np.random.Generator) -> None:
    table = random_codes(7, 200, 12, rng=rng)
    model = Driven(TemporalMemory(200, 4, **{**SMALL, "punishment": 0.2, "max_segments": 2, "max_synapses": 12}), table, learn=learn)
    state = model.init(seed=11)
    Driven(model.learner, table).step(state, 40)
    ns.check_model(model, state, ticks=20)


def test_a_stream_resumed_from_a_file_goes_on_as_if_it_had_not_stopped(tmp_path: Any, rng: np.random.Generator) -> None:
    """From the beginning, while tables still grow; arrays that were loaded are of no other type for the kernel."""
    model = Driven(TemporalMemory(400, 8, **SMALL), Codes([random_code(400, 12, rng=rng) for _ in range(90)]))
    whole, half = model.init(seed=5), model.init(seed=5)
    model.step(whole, 90)
    model.step(half, 45)
    ns.state.save(half, tmp_path / "memory.state")
    half = ns.state.load(tmp_path / "memory.state", like=TemporalMemoryState)
    model.step(half, 45)
    assert len(whole.tables["cells"]) > 2 * 1024
    assert ns.state.fingerprint(half) == ns.state.fingerprint(whole)
    assert len(advance.signatures) == 1


def test_another_seed_chooses_other_cells(rng: np.random.Generator) -> None:
    codes = list(random_codes(2, 400, 12, rng=rng))
    memory = TemporalMemory(400, 8, **SMALL)
    found = []
    for seed in (1, 1, 2):
        state = memory.init(seed=seed)
        memory.compute(state, codes[0])
        found.append(state.winners.tolist())
    assert found[0] == found[1] != found[2]


def test_codes_and_arrays_of_indices_are_the_same_input() -> None:
    memory = TemporalMemory(40, 2, **SMALL)
    states = [memory.init(seed=1) for _ in range(3)]
    given = Code([1, 5, 7], 40), [1, 5, 7], np.array([1, 5, 7], np.int64)
    cells = [memory.compute(state, columns) for state, columns in zip(states, given, strict=True)]
    assert cells[0] == cells[1] == cells[2]
    assert len(advance.signatures) == 1


# --- damage -------------------------------------------------------------------------------------------------------------------


def test_dead_cells_have_no_segments_and_are_never_active(rng: np.random.Generator) -> None:
    codes = list(random_codes(4, 100, 12, rng=rng))
    memory = TemporalMemory(100, 4, **SMALL)
    state = learned(memory, [codes])
    dead = random_code(400, 160, rng=rng)
    memory.kill(state, dead)
    assert not np.isin(state.active, dead.indices).any()
    for t in range(40):
        active = memory.compute(state, codes[t % 4])
        assert len(active & dead) == len(memory.predictive_cells(state) & dead) == 0
    assert all(memory.segments(state, cell) == [] for cell in dead)


def test_a_column_whose_cells_are_all_dead_stays_silent() -> None:
    memory = TemporalMemory(40, 2, **SMALL)
    state = memory.init(seed=1)
    memory.kill(state, [6, 7])
    assert memory.compute(state, [1, 3]).indices.tolist() == [2, 3]
    assert state.winners.tolist() in ([2], [3])
    assert state.anomaly == 1.0


# --- room ---------------------------------------------------------------------------------------------------------------------


def test_tables_grow_with_what_is_learned_and_are_refused_where_they_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = TemporalMemory(400, 8, **SMALL)
    rng, state = np.random.default_rng(1), memory.init(seed=1)
    monkeypatch.setattr("neurosim.sdr.temporal_memory.free_memory", lambda: 200_000)

    def learn_on() -> None:
        for _ in range(500):
            memory.compute(state, random_code(400, 12, rng=rng))

    with pytest.raises(
        MemoryError, match=r"tables of the temporal memory with [\d,]+ synapses would take \d+ KiB, \d+ KiB are free"
    ) as told:
        learn_on()
    assert "max_new" in told.value.__notes__[0]
    tick, before = state.tick, memory.n_synapses(state)
    assert before > 1000
    monkeypatch.undo()
    memory.compute(state, random_code(400, 12, rng=rng))
    assert state.tick == tick + 1
    assert memory.n_synapses(state) == before + 120


def test_cells_that_would_not_fit_are_refused() -> None:
    with pytest.raises(MemoryError, match=r"2,000,000,000 cells would take"):
        TemporalMemory(20_000_000, 100).init(seed=1)


# --- bad input ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"columns": 0}, ValueError, "columns must be at least 1, got 0"),
        ({"columns": 10.0}, TypeError, "columns must be an integer"),
        ({"cells": 0}, ValueError, "cells must be at least 1"),
        ({"columns": 2**20, "cells": 2**12}, ValueError, r"columns \* cells must be at most"),
        ({"max_synapses": 256}, ValueError, "max_synapses must be at most what fits 8 bits = 255, got 256"),
        ({"max_new": 30, "max_synapses": 20}, ValueError, "max_new must be at most max_synapses = 20, got 30"),
        (
            {"activation_threshold": 20, "max_synapses": 19, "max_new": 19},
            ValueError,
            "activation_threshold must be at most max_synapses = 19",
        ),
        ({"min_threshold": 14}, ValueError, "min_threshold must be at most activation_threshold = 13, got 14"),
        ({"max_new": 9}, ValueError, "min_threshold must be at most max_new = 9, got 10"),
        ({"initial": 0.0}, ValueError, "initial must be finite and at least 0 and above 0, got 0.0"),
        ({"connected": 1.5}, ValueError, "connected must be at most 1, got 1.5"),
        ({"punishment": -0.1}, ValueError, "punishment must be finite and at least 0, got -0.1"),
        ({"increment": "0.1"}, TypeError, "increment must be a number"),
        ({"max_segments": 0}, ValueError, "max_segments must be at least 1"),
    ],
)
def test_a_wrong_parameter_is_named(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TemporalMemory(**given)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([3, 2], "columns must rise, got 2 after 3"),
        ([3, 3], "columns must rise, got 3 twice"),
        ([40], r"columns must lie in 0 ... 39, got 40"),
        ([-1], r"columns must lie in 0 ... 39, got -1"),
        (Code([1], 41), "columns must have size 40, got a Code of size 41"),
    ],
)
def test_a_wrong_code_is_refused_and_changes_nothing(columns: Any, message: str) -> None:
    memory = TemporalMemory(40, 2)
    state = memory.init(seed=1)
    with pytest.raises(ValueError, match=message):
        memory.compute(state, columns)
    assert state.tick == 0


def test_a_state_of_another_memory_is_refused() -> None:
    state = TemporalMemory(40, 3).init(seed=1)
    for use in (TemporalMemory(40, 2).compute, TemporalMemory(41, 3).kill):
        with pytest.raises(ValueError, match=r"state must have \d+ cells, got 120"):
            use(state, [1])


def test_cells_to_look_at_and_to_kill_must_exist() -> None:
    memory = TemporalMemory(40, 2)
    state = memory.init(seed=1)
    with pytest.raises(ValueError, match=r"cell must lie in 0 ... 79, got 80"):
        memory.segments(state, 80)
    with pytest.raises(ValueError, match=r"cells must lie in 0 ... 79, got 80"):
        memory.kill(state, [80])
