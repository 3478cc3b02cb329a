"""Arrival of spikes: a slow oracle, closed forms, two storages that agree, ranges of targets, the ring of delays, rows of bits."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from neurosim.connectivity import Synapses, all_to_all, bernoulli, fixed_in_degree
from neurosim.kernels import delivery
from neurosim.kernels._rows import MOST_ROWS, empty_bits, empty_counters, words_of
from tests.reference import delivery as reference

SEEDS = st.integers(0, 2**32)
REALS = st.sampled_from([np.float32, np.float64])
SIZES = st.tuples(st.integers(1, 30), st.sampled_from([1, 3, 63, 64, 65, 511, 512, 513, 1100, 2000]))
CAPACITY = 64


@dataclass
class Case:
    """Some synapses with weights and delays, some spikes, and what they add to."""

    synapses: Synapses
    weights: np.ndarray
    delays: np.ndarray
    spikes: list[int]
    events: np.ndarray
    begin: int
    row: np.ndarray

    @property
    def stop(self) -> int:
        return self.begin + len(self.spikes)

    @property
    def rows(self) -> list[list[int]]:
        return [self.synapses.row(source).tolist() for source in range(self.synapses.n_sources)]

    def of_rows(self, values: np.ndarray) -> list[list]:
        """Cut one value for each synapse into rows."""
        return [part.tolist() for part in np.split(values, self.synapses.offsets[1:-1])]

    def equal(self, weight: float) -> list[list[float]]:
        """Give every synapse the same weight."""
        return self.of_rows(np.full(self.synapses.n_synapses, weight, self.row.dtype))

    def ends(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the parts of the rows in a range of targets begin and end."""
        bounds = np.empty((self.synapses.n_sources, 2), np.int64)
        delivery.thread_bounds(self.synapses.offsets, self.synapses.targets, np.array([first, last]), bounds)
        return np.ascontiguousarray(bounds[:, 0]), np.ascontiguousarray(bounds[:, 1])


def events_of(spikes: list[int], begin: int, capacity: int = CAPACITY) -> np.ndarray:
    """Return a ring of events that holds the spikes from number `begin` on, and another unit everywhere else."""
    events = np.zeros(capacity, np.uint32)
    for number, spike in enumerate(spikes, begin):
        events[number % capacity] = spike
    return events


def drawn(seed: int, size: tuple[int, int], real: type = np.float32, multapses: bool = False, wide: bool = False) -> Case:
    """Draw synapses of any density, weights, delays of 1 ... 5 ticks, and the spikes of a tick; wide makes units of 32 bits."""
    rng = np.random.default_rng(seed)
    n_sources, n_targets = size
    density = rng.choice([0.0, 0.05, 0.3, 1.0])
    counts = rng.poisson(density, size) if multapses else (rng.random(size) < density).astype(int)
    sources, targets = (np.repeat(units, counts.ravel()) for units in np.divmod(np.arange(counts.size), n_targets))
    synapses = Synapses(np.searchsorted(sources, np.arange(n_sources + 1)), targets, 2**16 + 1 if wide else n_targets)
    spikes = np.flatnonzero(rng.random(n_sources) < rng.choice([0.0, 0.3, 1.0])).tolist()
    begin = int(rng.integers(0, 3 * CAPACITY))
    weights = rng.standard_normal(synapses.n_synapses).astype(np.float32)
    delays = rng.integers(1, 6, synapses.n_synapses).astype(np.uint8 if real is np.float32 else np.uint16)
    row = rng.standard_normal(n_targets).astype(real)
    return Case(synapses, weights, delays, spikes, events_of(spikes, begin), begin, row)


def packed(synapses: Synapses) -> np.ndarray:
    bits = empty_bits(synapses.n_sources, synapses.n_targets)
    delivery.pack_bits(synapses.offsets, synapses.targets, bits)
    return bits


def add_rows(case: Case, weight: float, row: np.ndarray, first: int = 0, last: int = 2**32) -> None:
    starts, stops = case.ends(first, last)
    delivery.deliver_rows(case.events, case.begin, case.stop, starts, stops, case.synapses.targets, row.dtype.type(weight), row)


def add_weighted(case: Case, row: np.ndarray, first: int = 0, last: int = 2**32) -> None:
    starts, stops = case.ends(first, last)
    delivery.deliver_weighted(case.events, case.begin, case.stop, starts, stops, case.synapses.targets, case.weights, row)


def add_delayed(case: Case, weights: np.ndarray, tick: int, ring: np.ndarray, first: int = 0, last: int = 2**32) -> None:
    starts, stops = case.ends(first, last)
    targets = case.synapses.targets
    delivery.deliver_delayed(case.events, case.begin, case.stop, starts, stops, targets, weights, case.delays, tick, ring)


def add_bits(case: Case, weight: float, row: np.ndarray, first: int = 0, last: int | None = None) -> None:
    planes, counts = empty_counters(row.size)
    planes[:], counts[:] = 2**64 - 1, 255  # scratch may hold anything
    last = row.size if last is None else last
    bits = packed(case.synapses)
    delivery.deliver_bits(case.events, case.begin, case.stop, bits, row.dtype.type(weight), row, planes, counts, first, last)


# Against the oracle: equal, not close. A sum that took the way through float64 would differ.


@settings(max_examples=60)
@given(SEEDS, SIZES, REALS, st.booleans(), st.booleans())
def test_one_weight_equals_the_oracle(seed: int, size: tuple[int, int], real: type, multapses: bool, wide: bool) -> None:
    case = drawn(seed, size, real, multapses, wide)
    expected = case.row.copy()
    reference.deliver(case.spikes, case.rows, case.equal(0.1), expected)
    add_rows(case, 0.1, case.row)
    assert np.array_equal(case.row, expected)


@settings(max_examples=60)
@given(SEEDS, SIZES, REALS, st.booleans(), st.booleans())
def test_weights_equal_the_oracle(seed: int, size: tuple[int, int], real: type, multapses: bool, wide: bool) -> None:
    case = drawn(seed, size, real, multapses, wide)
    expected = case.row.copy()
    reference.deliver(case.spikes, case.rows, case.of_rows(case.weights), expected)
    add_weighted(case, case.row)
    assert np.array_equal(case.row, expected)


@settings(max_examples=60)
@given(SEEDS, SIZES, REALS)
def test_bits_equal_the_oracle(seed: int, size: tuple[int, int], real: type) -> None:
    case = drawn(seed, size, real)
    expected = case.row.copy()
    reference.deliver_counts(case.spikes, case.rows, 0.1, expected)
    add_bits(case, 0.1, case.row)
    assert np.array_equal(case.row, expected)


@settings(max_examples=40)
@given(SEEDS, SIZES, REALS, st.booleans(), st.booleans(), st.integers(0, 10**12))
def test_the_ring_equals_the_oracle(seed: int, size: tuple[int, int], real: type, multapses: bool, same: bool, tick: int) -> None:
    """Delays of 1 ... 5 ticks and 5 slots: also the longest delay, which comes back to the slot of the tick itself."""
    case = drawn(seed, size, real, multapses)
    weights = np.array([0.1], np.float32) if same else case.weights
    ring = np.zeros((5, size[1]), real)
    expected = {tick + delay: np.zeros(size[1], real) for delay in range(1, 6)}
    of_rows = case.of_rows(np.broadcast_to(weights, case.delays.shape))
    reference.deliver_delayed(case.spikes, case.rows, of_rows, case.of_rows(case.delays), tick, expected)
    add_delayed(case, weights, tick, ring)
    for due, values in expected.items():
        assert np.array_equal(ring[due % 5], values)


@settings(max_examples=30)
@given(SEEDS, st.tuples(st.integers(1, 6), st.integers(1, 600)), st.booleans())
def test_bits_of_rows(seed: int, size: tuple[int, int], multapses: bool) -> None:
    """Whatever stood there before; a multapse leaves one bit, the row after the last source none."""
    synapses = drawn(seed, size, multapses=multapses).synapses
    bits = empty_bits(*size)
    bits[:] = 2**64 - 1
    delivery.pack_bits(synapses.offsets, synapses.targets, bits)
    rows = [synapses.row(source).tolist() for source in range(size[0])]
    assert bits.tolist() == reference.bits(rows, bits.shape[1])


@settings(max_examples=30)
@given(SEEDS, SIZES, st.lists(st.integers(0, 2000), max_size=3), st.booleans())
def test_bounds_of_threads(seed: int, size: tuple[int, int], inner: list[int], multapses: bool) -> None:
    case = drawn(seed, size, multapses=multapses)
    borders = [0, *sorted(min(border, size[1]) for border in inner), size[1]]
    bounds = np.empty((size[0], len(borders)), np.int64)
    delivery.thread_bounds(case.synapses.offsets, case.synapses.targets, np.array(borders), bounds)
    assert bounds.tolist() == reference.bounds(case.rows, borders)
    assert np.array_equal(bounds[:, 0], case.synapses.offsets[:-1])
    assert np.array_equal(bounds[:, -1], case.synapses.offsets[1:])


# Closed forms and invariants.


@pytest.mark.parametrize("n_spikes", [0, 1, 2, 7, 8, 9, 16, 17, 127, 128, 254, 255, 256, 300, 510, 511, 700])
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_every_target_hears_every_spike_of_all_sources(n_spikes: int, real: type) -> None:
    """All-to-all: n spikes of weight w add n w, in any storage and also beyond the 255 that a byte can count."""
    synapses = all_to_all(700, 600)
    spikes = list(range(n_spikes))
    ones = np.ones(synapses.n_synapses, np.float32)
    case = Case(synapses, 0.25 * ones, ones.astype(np.uint8), spikes, events_of(spikes, 1000, 1024), 1000, np.ones(600, real))
    for add in (lambda row: add_rows(case, 0.25, row), lambda row: add_weighted(case, row), lambda row: add_bits(case, 0.25, row)):
        row = case.row.copy()
        add(row)
        assert row.dtype == real
        assert (row == 1 + 0.25 * n_spikes).all()


@settings(max_examples=40)
@given(SEEDS, SIZES, REALS)
def test_bits_and_rows_agree_where_sums_are_exact(seed: int, size: tuple[int, int], real: type) -> None:
    case = drawn(seed, size, real)
    case.row[:] = np.round(case.row)
    by_bits = case.row.copy()
    add_rows(case, -0.75, case.row)
    add_bits(case, -0.75, by_bits)
    assert np.array_equal(case.row, by_bits)


def test_what_arrives_is_what_was_sent() -> None:
    """The sum over targets is the weight times the out-degrees of the spikes; the fixed in-degree K gives each target K if all fire."""
    synapses = fixed_in_degree(300, 900, 40, rng=np.random.default_rng(2))
    everyone = list(range(300))
    for spikes in (everyone, everyone[::7]):
        row = np.zeros(900, np.float32)
        case = Case(synapses, np.ones(synapses.n_synapses, np.float32), np.empty(0), spikes, events_of(spikes, 5, 512), 5, row)
        add_rows(case, 1.0, row)
        assert row.sum() == synapses.out_degrees[spikes].sum()
    assert (row <= 40).all()
    add_rows(Case(synapses, case.weights, case.delays, everyone, events_of(everyone, 0, 512), 0, row), 1.0, row := np.zeros_like(row))
    assert (row == 40).all()


def test_rows_that_only_look_like_neighbours() -> None:
    """The ends of 0, 0, 2, 3, ..., 19, 20, as far apart as those of 20 neighbours, do not make a run of it."""
    gap = [0, 0, *range(2, 20)]
    targets = [*range(5, 25), *gap, *range(3, 19)]
    synapses = Synapses(np.array([0, 20, 40, 56]), np.array(targets, np.uint16), 30)
    weights = np.arange(1, 57, dtype=np.float32)
    case = Case(synapses, weights, np.empty(0), [0, 1, 2], events_of([0, 1, 2], 9), 9, np.zeros(30, np.float32))
    assert gap[-1] - gap[0] == len(gap) - 1
    expected = np.bincount(targets, weights, 30)
    add_weighted(case, case.row)
    assert np.array_equal(case.row, expected)


def test_a_spike_arrives_once_and_in_time() -> None:
    """30 ticks with a ring of 6 slots: the variable of tick t is the sum of what was fired at t - delay."""
    rng = np.random.default_rng(6)
    synapses = bernoulli(20, 50, 0.4, rng=rng)
    delays = rng.integers(1, 6, synapses.n_synapses).astype(np.uint8)
    weights = rng.integers(1, 9, synapses.n_synapses).astype(np.float32)
    sources, targets = synapses.pairs()
    fired = rng.random((30, 20)) < 0.2
    ring, seen = np.zeros((6, 50), np.float32), np.zeros((30, 50), np.float32)
    expected = np.zeros((40, 50))
    for tick in range(30):
        delivery.drain(ring[tick % 6], seen[tick], 0, 50)
        spikes = np.flatnonzero(fired[tick]).tolist()
        add_delayed(Case(synapses, weights, delays, spikes, events_of(spikes, tick), tick, seen[tick]), weights, tick, ring)
        here = fired[tick][sources]
        np.add.at(expected, (tick + delays[here], targets[here]), weights[here])
    assert np.array_equal(seen, expected[:30])
    assert not ring[29 % 6].any()


# Ranges of targets: the sum of the parts is the whole, bit for bit.


@settings(max_examples=30)
@given(SEEDS, st.tuples(st.integers(1, 30), st.sampled_from([513, 1024, 1100, 2000])), REALS, st.data())
def test_ranges_of_targets_do_not_show(seed: int, size: tuple[int, int], real: type, data: st.DataObject) -> None:
    case = drawn(seed, size, real)
    n_targets = size[1]
    inner = data.draw(st.sets(st.sampled_from(range(512, n_targets, 512))))
    borders = [0, *sorted(inner), n_targets]
    whole = [case.row.copy() for _ in range(3)] + [np.zeros((6, n_targets), real)]
    parts = [array.copy() for array in whole]
    for (rows, weighted, bits, ring), cut in ((whole, [0, n_targets]), (parts, borders)):
        for first, last in itertools.pairwise(cut):
            add_rows(case, 0.1, rows, first, last)
            add_weighted(case, weighted, first, last)
            add_bits(case, 0.1, bits, first, last)
            add_delayed(case, case.weights, 4, ring, first, last)
    for one, other in zip(whole, parts, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("first", "last"), [(0, 512), (512, 1024), (1024, 1100), (512, 512)])
def test_nothing_is_touched_outside_the_range(first: int, last: int) -> None:
    case = drawn(3, (30, 1100))
    case.spikes = list(range(30))
    case.events = events_of(case.spikes, case.begin)
    synapses = all_to_all(30, 1100)
    everywhere = Case(synapses, np.ones(33_000, np.float32), np.ones(33_000, np.uint8), case.spikes, case.events, case.begin, case.row)
    inside = (np.arange(1100) >= first) & (np.arange(1100) < last)
    for add in (add_weighted, lambda case, *rest: add_rows(case, 1.0, *rest), lambda case, *rest: add_bits(case, 1.0, *rest)):
        row = np.zeros(1100, np.float32)
        add(everywhere, row, first, last)
        assert np.array_equal(row, 30.0 * inside)
    ring_row, row = np.ones(1100, np.float32), np.zeros(1100, np.float32)
    delivery.drain(ring_row, row, first, last)
    assert np.array_equal(row, inside)
    assert np.array_equal(ring_row, ~inside)


# Storage.


@pytest.mark.parametrize(("n_units", "n_words"), [(1, 8), (512, 8), (513, 16), (12_500, 200)])
def test_rows_of_bits_fill_cache_lines(n_units: int, n_words: int) -> None:
    bits, (planes, counts) = empty_bits(3, n_units), empty_counters(n_units)
    assert words_of(n_units) == n_words
    assert bits.shape == (4, n_words)
    assert planes.shape == (8, n_words)
    assert counts.shape == (64 * n_words,)
    assert 2 ** planes.shape[0] == MOST_ROWS + 1
    for array in (bits, planes, counts):
        assert array.flags.c_contiguous
        assert array.ctypes.data % 64 == 0
        assert not array.any()


def test_events_of_another_type_are_refused() -> None:
    bits, (planes, counts) = empty_bits(1, 1), empty_counters(1)
    with pytest.raises(TypingError, match="sum_rows"):
        delivery.deliver_bits(np.zeros(1, np.int64), 0, 1, bits, 1.0, np.zeros(1), planes, counts, 0, 1)
