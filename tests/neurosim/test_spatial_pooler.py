"""Kernels of the spatial pooler against their slow oracle: equal bit for bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from neurosim.kernels import spatial_pooler as kernels
from neurosim.kernels._rows import empty_bits
from tests.reference import spatial_pooler as reference

SEEDS = st.integers(0, 2**32)
SHAPES = st.one_of(
    st.tuples(st.integers(1, 40)),
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5)),
)
THRESHOLD = 3277
NO_LISTS = np.zeros((1, 0), np.int32)


def packed(permanences: np.ndarray, threshold: int = THRESHOLD) -> np.ndarray:
    """Return the connections of permanences (n_columns, n_inputs) as bits."""
    bits = empty_bits(permanences.shape[1], permanences.shape[0])
    for column, row in enumerate(permanences):
        for i in np.flatnonzero(row >= threshold):
            bits[i, column >> 6] |= np.uint64(1 << (column & 63))
    return bits


def drawn(rng: np.random.Generator, n_columns: int, n_inputs: int) -> np.ndarray:
    """Draw permanences, a third of them impossible, many at the ends of the range or near the threshold."""
    near = THRESHOLD + rng.integers(-300, 300, (n_columns, n_inputs))
    choices = [np.full_like(near, -1), rng.integers(0, 32768, near.shape), near, rng.choice([0, 1, 32766, 32767], near.shape)]
    return np.choose(rng.integers(0, 4, near.shape), choices).astype(np.int16)


# Overlaps and learning


@settings(max_examples=40)
@given(SEEDS, st.sampled_from([1, 63, 64, 65, 513, 600]), st.integers(1, 700), st.sampled_from([0.0, 0.05, 0.5, 1.0]))
def test_overlaps_equal_the_oracle(seed: int, n_columns: int, n_inputs: int, part: float) -> None:
    """Also of more than 255 active inputs, which are counted in several goes, and of none."""
    rng = np.random.default_rng(seed)
    permanences = drawn(rng, n_columns, n_inputs)
    active = np.flatnonzero(rng.random(n_inputs) < part).astype(np.uint32)
    overlaps = np.full(n_columns, 99, np.int32)
    kernels.count_overlaps(packed(permanences), active, overlaps)
    assert overlaps.tolist() == [reference.overlap(row, active.tolist(), THRESHOLD) for row in permanences.tolist()]


@settings(max_examples=50)
@given(SEEDS, st.integers(1, 300), st.sampled_from([0, 1, 262, 1638, 32767]), st.sampled_from([0, 1, 262, 32767]))
def test_learning_equals_the_oracle_in_rows_in_lists_and_plainly(seed: int, n_inputs: int, increment: int, decrement: int) -> None:
    rng = np.random.default_rng(seed)
    n_columns, width = 70, -(-n_inputs // 64) * 64
    before = drawn(rng, n_columns, n_inputs)
    active = np.flatnonzero(rng.random(n_inputs) < 0.3).astype(np.uint32)
    columns = np.flatnonzero(rng.random(n_columns) < 0.3).astype(np.int32)
    expected = before.tolist()
    for column in columns:
        expected[column] = reference.changed(expected[column], [increment if i in active else -decrement for i in range(n_inputs)])

    moves, rows = np.full(width, 77, np.int16), np.full((n_columns, width), -1, np.int16)
    rows[:, :n_inputs] = before
    kernels.fill_steps(active, increment, decrement, moves)
    plainly, crossed = rows.copy(), np.zeros(width // 64, np.uint64)
    connected = packed(before)
    kernels.learn(rows, NO_LISTS, columns, moves, THRESHOLD, connected)
    assert rows[:, :n_inputs].tolist() == expected
    assert (rows[:, n_inputs:] == -1).all()
    assert np.array_equal(connected, packed(np.array(expected)))

    for column in columns:
        kernels.change_row_plainly(plainly, column, moves, THRESHOLD, crossed)
        bits = np.unpackbits(crossed.view(np.uint8), bitorder="little")[:n_inputs]
        assert np.array_equal(bits, (before[column] >= THRESHOLD) != (np.array(expected[column]) >= THRESHOLD))
    assert np.array_equal(plainly, rows)

    order = rng.permutation(n_inputs)
    lists, reach = np.full((n_columns, width), -1, np.int16), np.zeros((n_columns, width), np.int32)
    lists[:, :n_inputs], reach[:, :n_inputs] = before[:, order], order
    connected = packed(before)
    kernels.learn(lists, reach, columns, moves, THRESHOLD, connected)
    assert lists[:, :n_inputs].tolist() == np.array(expected)[:, order].tolist()
    assert np.array_equal(connected, packed(np.array(expected)))


def test_permanences_of_another_type_are_refused() -> None:
    with pytest.raises(TypingError, match="change_row"):
        kernels.learn(np.zeros((1, 64), np.int32), NO_LISTS, np.zeros(1, np.int32), np.zeros(64, np.int16), 1, empty_bits(64, 1))


def test_permanences_at_the_ends_of_their_range() -> None:
    """Every pair of a permanence at a corner of the range and a step at a corner."""
    corners = np.array([-32768, -1, 0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 32766, 32767], np.int16)
    olds, moves = (np.resize(pairs, 128).astype(np.int16) for pairs in np.meshgrid(corners, corners))
    rows = np.stack([olds[::-1], olds])
    connected = packed(rows)
    expected = reference.changed(olds.tolist(), moves.tolist())
    kernels.learn(rows, NO_LISTS, np.array([1], np.int32), moves, THRESHOLD, connected)
    assert rows.tolist() == [olds[::-1].tolist(), expected]
    assert np.array_equal(connected, packed(rows))


# Competition


@settings(max_examples=80)
@given(SEEDS, st.integers(1, 200), st.sampled_from([0, 1, 3, 40, 2**31 - 1]), st.integers(0, 5), st.floats(0.01, 0.99))
def test_the_winners_of_all_equal_the_oracle(seed: int, n: int, most: int, least: int, density: float) -> None:
    keys = np.random.default_rng(seed).integers(0, most, n, np.int32, endpoint=True)
    places = max(1, math.floor(density * n + 1e-9))
    out = np.empty(n, np.int32)
    n_won = kernels.pick_global(keys, places, least, out)
    assert out[:n_won].tolist() == reference.winners(keys.tolist(), least, density, [list(range(n))] * n)
    assert kernels.kth_largest(keys, places) == sorted(keys)[-places]


@settings(max_examples=60)
@given(SEEDS, SHAPES, st.integers(1, 9), st.booleans(), st.sampled_from([1, 3, 40]), st.integers(0, 2), st.floats(0.01, 0.99))
def test_local_winners_equal_the_oracle(
    seed: int, shape: tuple[int, ...], radius: int, wrap: bool, most: int, least: int, density: float
) -> None:
    n = math.prod(shape)
    keys = np.random.default_rng(seed).integers(0, most, n, np.int32, endpoint=True)
    hoods = [reference.neighbours(unit, shape, radius, wrap) for unit in range(n)]
    out = np.empty(n, np.int32)
    n_won = kernels.pick_local(keys, np.array(shape), radius, wrap, density, least, out)
    assert out[:n_won].tolist() == reference.winners(keys.tolist(), least, density, hoods)


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 300), st.floats(0.0, 50.0), st.booleans())
def test_boosted_overlaps_rank_as_in_the_oracle(seed: int, n: int, strength: float, one: bool) -> None:
    rng = np.random.default_rng(seed)
    overlaps, duty = rng.integers(0, 300, n, np.int32), rng.random(n, np.float32)
    targets = np.array([0.02]) if one else rng.random(n)
    keys = np.empty(n, np.int32)
    kernels.boost_overlaps(overlaps, duty, targets, strength, keys)
    expected = reference.boosted(overlaps.tolist(), list(duty), np.broadcast_to(targets, n).tolist(), strength)
    assert keys.view(np.float32).tolist() == [float(value) for value in expected]
    assert np.array_equal(np.argsort(keys, kind="stable"), np.argsort(keys.view(np.float32), kind="stable"))


# Neighbourhoods


@settings(max_examples=60)
@given(SEEDS, SHAPES, st.integers(0, 9), st.booleans())
def test_means_and_maxima_of_neighbourhoods(seed: int, shape: tuple[int, ...], radius: int, wrap: bool) -> None:
    n = math.prod(shape)
    values = np.random.default_rng(seed).random(n, np.float32)
    hoods = [reference.neighbours(unit, shape, radius, wrap) for unit in range(n)]
    means, maxima = np.empty(n), np.empty(n, np.float32)
    kernels.local_means(values, np.array(shape), radius, wrap, means)
    kernels.local_maxima(values, np.array(shape), radius, wrap, 0.25, maxima)
    assert means.tolist() == [sum(float(values[other]) for other in hood) / len(hood) for hood in hoods]
    assert maxima.tolist() == [np.float32(0.25) * max(values[other] for other in hood) for hood in hoods]


@settings(max_examples=40)
@given(SEEDS, SHAPES, st.integers(0, 4), st.booleans(), st.floats(0.05, 1.0), st.integers(1, 70))
def test_first_permanences_and_spans_equal_the_oracle(
    seed: int, shape: tuple[int, ...], radius: int, wrap: bool, fraction: float, n_columns: int
) -> None:
    n_inputs, threshold = math.prod(shape), 9000
    centres = np.random.default_rng(seed).integers(0, n_inputs, n_columns)
    expected = reference.first_permanences(shape, centres.tolist(), radius, wrap, fraction, threshold, seed)
    width = max(sum(value >= 0 for value in row) for row in expected) + 3
    rows, connected = np.full((n_columns, n_inputs), -1, np.int16), empty_bits(n_inputs, n_columns)
    how = np.array(shape), centres, radius, wrap, fraction, threshold, np.uint64(seed)
    kernels.draw_columns(rows, np.zeros((n_columns, 0), np.int32), connected, *how)
    assert rows.tolist() == expected
    assert np.array_equal(connected, packed(rows, threshold))

    lists, reach, again = np.full((n_columns, width), -1, np.int16), np.zeros((n_columns, width), np.int32), empty_bits(n_inputs, n_columns)
    kernels.draw_columns(lists, reach, again, *how)
    assert np.array_equal(again, connected)
    for row, values, places in zip(expected, lists, reach, strict=True):
        held = values >= 0
        assert places[held].tolist() == [i for i, value in enumerate(row) if value >= 0]
        assert values[held].tolist() == [value for value in row if value >= 0]

    total = sum(reference.spread(row, int(c), shape, radius, wrap, threshold) for row, c in zip(expected, centres, strict=True))
    assert kernels.connected_span(connected, np.array(shape), centres, radius, wrap) == total


# Duty cycles


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 100), st.integers(1, 2000), st.integers(1, 4))
def test_duty_cycles_average(seed: int, n: int, period: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    overlaps, winners = rng.integers(0, 6, n, np.int32), np.flatnonzero(rng.random(n) < 0.2).astype(np.int32)
    overlap_duty, active_duty = rng.random((2, n), np.float32)
    decay, part = np.float32((period - 1) / period), np.float32(1 / period)
    expected = overlap_duty * decay + part * (overlaps >= least), active_duty * decay + part * np.isin(np.arange(n), winners)
    kernels.update_duties(overlaps, least, winners, overlap_duty, active_duty, period)
    assert np.array_equal(overlap_duty, expected[0])
    assert np.array_equal(active_duty, expected[1])


@given(SEEDS, st.integers(1, 60))
def test_weak_columns_are_those_below_their_minimum(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    duty, minimum = rng.integers(0, 3, (2, n)).astype(np.float32)
    out = np.empty(n, np.int32)
    assert out[: kernels.weak_columns(duty, minimum, out)].tolist() == np.flatnonzero(duty < minimum).tolist()
