"""Steps of the temporal memory: equal to the oracle, and tables that stay consistent whatever is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels import _synapses as tables
from neurosim.kernels._blocks import among, change
from neurosim.kernels._jit import jit
from neurosim.kernels.temporal_memory import excite, sort_segments
from neurosim.sdr._permanences import FULL
from neurosim.sdr.temporal_memory import TemporalMemory, TemporalMemoryState
from tests.reference.temporal_memory import Memory

RULES = {
    "grows": {},
    "few segments": {"max_segments": 1, "punishment": 0.15},
    "short segments": {"max_synapses": 5, "max_new": 4, "decrement": 0.12},
    "vanishing": {"initial": 0.15, "decrement": 0.3, "punishment": 0.2, "increment": 0.05},
    "one cell": {"cells": 1, "punishment": 0.01},
    "many cells": {"cells": 70, "punishment": 0.1},
    "sampled": {"max_new": 3, "min_threshold": 2, "activation_threshold": 2, "connected": 0.2},
}


def memory_of(name: str, columns: int = 24) -> TemporalMemory:
    chosen: dict[str, Any] = {"cells": 3, "activation_threshold": 3, "min_threshold": 2, "max_new": 6, **RULES[name]}
    return TemporalMemory(columns, **chosen)


def oracle_of(memory: TemporalMemory, seed: int) -> Memory:
    return Memory(seed, memory._rule._asdict())


def inputs(n: int, columns: int, seed: int) -> list[np.ndarray]:
    """Return a stream in which five codes come again and again, disturbed, among random ones; some are empty."""
    rng = np.random.default_rng(seed)
    known = [np.sort(rng.choice(columns, 5, replace=False)) for _ in range(5)]
    stream = []
    for tick in range(n):
        code = known[tick % 5] if rng.random() < 0.8 else np.sort(rng.choice(columns, rng.integers(0, 8), replace=False))
        stream.append(code[rng.random(code.size) < 0.9])
    return stream


def check_same(memory: TemporalMemory, state: TemporalMemoryState, oracle: Memory) -> None:
    """Compare all that a memory knows with the oracle."""
    assert state.active.tolist() == oracle.active
    assert state.winners.tolist() == oracle.winners
    assert state.anomaly == oracle.anomaly
    t, n = state.tables, state.tables["numbers"]
    found = state.matching[: n[tables.MATCHING]]
    assert found[:, 0].tolist() == oracle.matching()
    assert (found[:, 1] & 255).tolist() == [oracle.seen(segment, False) for segment in oracle.matching()]
    assert (found[:, 1] >> 8).tolist() == [oracle.seen(segment, True) for segment in oracle.matching()]
    assert n[tables.MADE] == len(oracle.owner)
    for segment, (owner, synapses) in enumerate(zip(oracle.owner, oracle.synapses, strict=True)):
        cell, start, length = t["segments"][segment, [tables.CELL, tables.START, tables.LENGTH]].tolist()
        assert cell == (-1 if owner is None else owner)
        at = slice(start, start + length)
        assert [list(pair) for pair in zip(t["cells"][at].tolist(), t["permanences"][at].tolist(), strict=True)] == synapses
    assert memory.predictive_cells(state).indices.tolist() == sorted({oracle.owner[s] for s in oracle.active_segments()})


def check_tables(memory: TemporalMemory, state: TemporalMemoryState) -> None:
    """Both copies of each synapse agree, no two blocks overlap, scratch is clean."""
    t, rule = state.tables, memory._rule
    rows = t["segments"][: t["numbers"][tables.MADE]]
    used = np.zeros(len(t["cells"]), int)
    items = 0
    for segment, (cell, start, length, room, _) in enumerate(rows.tolist()):
        if cell < 0:
            continue
        used[start : start + room] += 1
        assert rule.least <= length <= min(room, rule.max_synapses)
        assert len(set(t["cells"][start : start + length].tolist())) == length
        for at in range(start, start + length):
            first, n = t["lists"][t["cells"][at], [tables.START, tables.LENGTH]]
            assert 0 < t["permanences"][at] <= FULL
            assert t["places"][at] < n
            assert t["items"][first + t["places"][at]] == 2 * segment + (t["permanences"][at] >= rule.connected)
        items += length
    listed = np.zeros(len(t["items"]), int)
    for start, room in t["lists"][:, [tables.START, tables.ROOM]].tolist():
        listed[start : start + room] += 1
    assert max(used.max(), listed.max()) <= 1
    assert t["lists"][:, tables.LENGTH].sum() == items == memory.n_synapses(state)
    owners = rows[rows[:, tables.CELL] >= 0, tables.CELL]
    assert np.array_equal(np.bincount(owners, minlength=memory.n_cells), t["lists"][:, tables.N_SEGMENTS])
    assert owners.size == memory.n_segments(state)
    assert not state.counts.any()
    assert not t["bits"][tables.TAKEN].any()
    active = np.unpackbits(t["bits"][tables.ACTIVE].astype("<u8").view(np.uint8), bitorder="little")
    assert np.flatnonzero(active).tolist() == state.active.tolist()


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 2**63))
def test_steps_are_those_of_the_oracle(name: str, stream: int, seed: int) -> None:
    memory = memory_of(name)
    state, oracle = memory.init(seed=seed), oracle_of(memory, seed)
    for tick, columns in enumerate(inputs(60, 24, stream)):
        if tick == 35:
            memory.reset(state)
            oracle.reset()
        if tick == 45:
            dead = np.arange(0, memory.n_cells, 4)
            memory.kill(state, dead)
            oracle.kill(dead.tolist())
        learn = tick % 9 != 8
        memory.compute(state, columns, learn=learn)
        oracle.compute(columns.tolist(), learn)
        if tick % 5 == 4:
            check_same(memory, state, oracle)
    check_tables(memory, state)


def test_a_memory_with_long_segments_and_long_lists_is_that_of_the_oracle() -> None:
    """Segments outgrow their blocks, lists theirs; many segments match, so that they are sorted by bits."""
    memory = TemporalMemory(60, 2, activation_threshold=4, min_threshold=3, max_new=30, max_synapses=70, decrement=0.02, connected=0.6)
    state, oracle = memory.init(seed=9), oracle_of(memory, 9)
    rng = np.random.default_rng(1)
    for _ in range(40):
        columns = np.sort(rng.choice(60, 25, replace=False))
        memory.compute(state, columns)
        oracle.compute(columns.tolist(), True)
    check_same(memory, state, oracle)
    check_tables(memory, state)
    assert state.tables["numbers"][tables.MATCHING] > 24
    assert state.tables["segments"][:, tables.LENGTH].max() > 40


@jit
def eight(bits, row, cells, permanences, first, up, down, threshold):  # noqa: D103
    hits = among(bits, row, cells, first)
    return hits, change(permanences, first, hits, up, down, threshold)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(-FULL, FULL), st.integers(-FULL, FULL), st.integers(1, FULL))
def test_eight_permanences_change_as_each_alone_would(seed: int, up: int, down: int, threshold: int) -> None:
    rng = np.random.default_rng(seed)
    bits, cells = rng.integers(0, 2**64, (3, 5), dtype=np.uint64), rng.integers(0, 320, 20).astype(np.int32)
    old = rng.choice([0, 1, threshold - 1, threshold, FULL, int(rng.integers(FULL))], 20).astype(np.int16)
    new = old.copy()
    hits, found = eight(bits, 1, cells, new, 7, up, down, threshold)
    active = [int(bits[1, cell >> 6]) >> int(cell & 63) & 1 for cell in cells[7:15]]
    wanted = [min(max(int(p) + (up if hit else down), 0), FULL) for p, hit in zip(old[7:15], active, strict=True)]
    crossed = [(int(p) >= threshold) != (q >= threshold) for p, q in zip(old[7:15], wanted, strict=True)]
    assert [int(hits) >> k & 1 for k in range(8)] == active
    assert new.tolist() == [*old[:7].tolist(), *wanted, *old[15:].tolist()]
    assert [bool(int(found) >> k & 1) for k in range(8)] == crossed
    assert [bool(int(found) >> (8 + k) & 1) for k in range(8)] == [q == 0 for q in wanted]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([5, 25, 200]), st.integers(200, 1000))
def test_matching_segments_are_sorted_by_insertion_and_by_bits(seed: int, n: int, made: int) -> None:
    matching = np.zeros((made + 1, 2), np.int32)
    matching[:n, 0] = np.random.default_rng(seed).choice(made, n, replace=False)
    wanted = np.sort(matching[:n, 0])
    sort_segments(matching, n, made)
    assert np.array_equal(matching[:n, 0], wanted)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 4000))
def test_segments_are_counted_along_the_lists(seed: int, n_active: int, n_segments: int) -> None:
    """Both ways of setting counts to 0 leave zeros; what matches is what a plain count finds."""
    rng = np.random.default_rng(seed)
    lists = np.zeros((100, 5), np.int32)
    lists[:, tables.LENGTH] = rng.integers(0, min(n_segments, 40) + 1, 100)
    lists[:, tables.START] = np.cumsum(lists[:, tables.LENGTH]) - lists[:, tables.LENGTH]
    rows = [2 * rng.choice(n_segments, length, replace=False) + rng.integers(0, 2, length) for length in lists[:, tables.LENGTH]]
    items = np.concatenate(rows).astype(np.int32)
    active = np.sort(rng.choice(100, n_active, replace=False)).astype(np.int32)
    seen = np.concatenate([rows[cell] for cell in active])
    every, strong = (np.bincount(part >> 1, minlength=n_segments) for part in (seen, seen[seen % 2 == 1]))
    counts, matching = np.zeros(n_segments, np.uint16), np.zeros((n_segments + 1, 2), np.int32)
    n = excite(lists, items, counts, matching, n_segments, 2, active)
    assert np.array_equal(matching[:n, 0], np.flatnonzero(every >= 2))
    assert np.array_equal(matching[:n, 1], (every + 256 * strong)[every >= 2])
    assert not counts.any()
