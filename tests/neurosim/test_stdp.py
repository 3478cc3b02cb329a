"""Pair STDP: the oracle, windows and drifts in closed form, bounds, ranges, periods, bad input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.connectivity import Synapses, all_to_all, from_arrays, one_to_one
from neurosim.plasticity import PairSTDP
from tests.reference import stdp as reference

DT = 0.5
EPSILON = 2.0**-24
REALS = ("float32", "float64")
RULES = ("additive", "multiplicative")
PAIRINGS = ("all-to-all", "nearest")
Trains = Sequence[Sequence[int]]


class Player:
    """Runs the kernels of a rule as a network would: one set of sources, and targets cut into ranges with sources' traces of their own."""

    def __init__(self, rule: PairSTDP, synapses: Synapses, weights: Any, *, real: str = "float64", cuts: Sequence[int] = ()) -> None:
        self.rule, self.synapses = rule, synapses
        self.weights = np.empty(synapses.n_synapses, np.float32)
        self.weights[:] = weights
        self.marks = np.zeros(synapses.n_synapses if rule.marks else 0, np.float32)
        self.post = np.zeros((synapses.n_targets, rule.post_columns), real)
        self.history = np.zeros((synapses.n_targets, rule.history_columns(DT)), np.uint64)
        self.parameters = np.array(rule.parameters(DT), real)
        self.period, self.tick = rule.period(DT), 0
        self.borders = [0, *cuts, synapses.n_targets]
        self.ranges = [self._range(*ends) for ends in zip(self.borders[:-1], self.borders[1:], strict=True)]
        self.pre = [np.zeros((synapses.n_sources, rule.pre_columns), real) for _ in self.ranges]
        self.events = np.zeros(max(64, 1 << (synapses.n_sources - 1).bit_length()), np.uint32)
        self.sent = self.events.size - 4  # the ring is about to begin anew

    def _range(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the part of each row begins and ends whose targets are first ... last - 1."""
        rows = [self.synapses.row(source) for source in range(self.synapses.n_sources)]
        begins = [self.synapses.offsets[i] + np.searchsorted(row, [first, last]) for i, row in enumerate(rows)]
        return np.array([begin for begin, _ in begins]), np.array([end for _, end in begins])

    def step(self, arriving: Sequence[int], firing: Sequence[int]) -> np.ndarray:
        """Advance by a tick; return what each target received."""
        arrive, fire, settle = self.rule.kernels()
        row = np.zeros(self.synapses.n_targets, self.post.dtype)
        begin, self.sent = self.sent, self.sent + len(arriving)
        self.events[np.arange(begin, self.sent) % self.events.size] = arriving
        for (starts, stops), pre, first, last in zip(self.ranges, self.pre, self.borders[:-1], self.borders[1:], strict=True):
            arrays = starts, stops, self.synapses.targets, self.weights, self.marks, pre, self.post, self.history
            if self.tick % self.period == 0:
                settle(*arrays, self.parameters, first, last, self.tick)
            arrive(self.events, begin, self.sent, *arrays, row, self.parameters, self.tick)
            units = np.array([unit for unit in firing if first <= unit < last] + [0], np.uint32)
            fire(units, len(units) - 1, self.post, self.history, self.parameters, self.tick)
        self.tick += 1
        return row

    def effective(self) -> np.ndarray:
        learning = SimpleNamespace(weights=self.weights, marks=self.marks, pre=self.pre[0], post=self.post, history=self.history)
        return self.rule.effective(self.synapses, learning, DT, self.tick)

    def run(self, arrivals: Trains, spikes: Trains) -> np.ndarray:
        """Return the weights after some ticks."""
        for arriving, firing in zip(arrivals, spikes, strict=True):
            self.step(arriving, firing)
        return self.effective()


def trains(rng: np.random.Generator, n_ticks: int, n_units: int, probability: float) -> list[list[int]]:
    """Draw which units have a spike in each tick."""
    return [np.flatnonzero(fires).tolist() for fires in rng.random((n_ticks, n_units)) < probability]


def drawn(rng: np.random.Generator, n_sources: int, n_targets: int, density: float) -> Synapses:
    """Draw rows with runs of neighbours, gaps and pairs connected twice."""
    counts = (rng.random((n_sources, n_targets)) < density).astype(int) * rng.choice([1, 1, 1, 2], (n_sources, n_targets))
    sources, targets = np.nonzero(counts)
    times = counts[sources, targets]
    return from_arrays(np.repeat(sources, times), np.repeat(targets, times), n_sources, n_targets, multapses=True)[0]


def oracle(rule: PairSTDP, synapses: Synapses, weights: np.ndarray, arrivals: Trains, spikes: Trains) -> reference.Run:
    choices = rule.rule == "additive", rule.pairing == "all-to-all"
    plain = reference.Rule(*choices, rule.a_plus, rule.a_minus, rule.w_max, rule.tau_plus, rule.tau_minus, DT)
    pairs = list(zip(*(units.tolist() for units in synapses.pairs()), strict=True))
    return reference.run(plain, pairs, weights.tolist(), (synapses.n_sources, synapses.n_targets), arrivals, spikes)


def rounding(rule: PairSTDP, real: str, trace: float, arrivals: int, spikes: int) -> float:
    """Return the error that the module's page allows a weight after some arrivals and spikes, twice of it for float32 traces."""
    per_event = 2 * EPSILON * rule.w_max
    total = min(spikes, 1 / -math.expm1(-DT / rule.tau_plus))
    per_arrival = 2 * EPSILON * math.exp(5) * rule.a_plus * trace * total if rule.rule == "additive" else 0.0
    return (1 + (real == "float32")) * ((arrivals + spikes + 1) * per_event + (arrivals + 1) * per_arrival)


def most(train: Trains, n_units: int) -> int:
    """Return the largest number of spikes of a unit."""
    return max(sum(unit in tick for tick in train) for unit in range(n_units))


# The oracle.


@settings(max_examples=80)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(RULES),
    st.sampled_from(PAIRINGS),
    st.sampled_from(REALS),
    st.tuples(st.integers(1, 6), st.integers(1, 40)),
    st.sampled_from([0.2, 0.8, 1.0]),
    st.tuples(st.sampled_from([0.02, 0.1, 0.5]), st.sampled_from([0.02, 0.1, 0.5])),
    st.tuples(st.sampled_from([0.01, 0.1, 2.0, 9.0]), st.sampled_from([0.01, 0.1, 2.0, 9.0])),
    st.sampled_from([0.003, 0.1, 3.0]),
)
def test_kernels_equal_the_oracle(
    seed: int,
    rule: str,
    pairing: str,
    real: str,
    shape: tuple[int, int],
    density: float,
    rates: tuple[float, float],
    taus: tuple[float, float],
    size: float,
) -> None:
    """Random trains over several periods, rows with neighbours, gaps and multapses, amplitudes from weak to beyond the bounds."""
    rng = np.random.default_rng(seed)
    stdp = PairSTDP(2.0, 2.0 * size, 2.2 * size, *taus, rule=rule, pairing=pairing)
    synapses = drawn(rng, *shape, density)
    weights = (2.0 * rng.random(synapses.n_synapses)).astype(np.float32)
    arrivals, spikes = trains(rng, 130, shape[0], rates[0]), trains(rng, 130, shape[1], rates[1])
    wanted = oracle(stdp, synapses, weights, arrivals, spikes)
    player = Player(stdp, synapses, weights, real=real)
    bound = rounding(stdp, real, wanted.largest_trace, most(arrivals, shape[0]), most(spikes, shape[1]))
    for tick, (arriving, firing) in enumerate(zip(arrivals, spikes, strict=True)):
        received = player.step(arriving, firing)
        assert np.abs(received - wanted.received[tick]).max() <= bound * max(1, 2 * len(arriving))
        found = player.effective()
        assert np.abs(found - wanted.weights[tick]).max(initial=0) <= bound
        assert found.min(initial=0) >= 0
        assert found.max(initial=0) <= 2


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_a_target_that_fires_in_every_tick(pairing: str) -> None:
    """The longest lists there can be: under the multiplicative rule every span of a period has an entry, and every bit is set."""
    stdp = PairSTDP(1.0, 0.02, 0.3, 30.0, 20.0, rule="multiplicative", pairing=pairing)
    synapses, weights = all_to_all(3, 2), np.full(6, 0.3, np.float32)
    n_ticks = stdp.period(DT) + 100
    arrivals = trains(np.random.default_rng(4), n_ticks, 3, 0.004)
    spikes = [[0, 1] if tick % 2 else [0] for tick in range(n_ticks)]
    wanted = oracle(stdp, synapses, weights, arrivals, spikes)
    player = Player(stdp, synapses, weights)
    found = player.run(arrivals, spikes)
    assert player.history.shape[1] - 1 == math.ceil(stdp.period(DT) / 48)
    assert found == pytest.approx(wanted.weights[-1], abs=n_ticks * EPSILON)


# What must not matter.


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("wide", [False, True])
def test_ranges_of_targets_change_nothing(rule: str, real: str, wide: bool) -> None:
    """Bit for bit: rows cut so short that only plain loops run, against whole rows, which are done eight at a time."""
    rng = np.random.default_rng(3)
    stdp = PairSTDP(1.0, 0.04, 0.05, 3.0, 5.0, rule=rule)
    for density in (0.4, 1.0):
        synapses = drawn(rng, 5, 150, density)
        if wide:
            object.__setattr__(synapses, "targets", synapses.targets.astype(np.uint32))
        weights = rng.random(synapses.n_synapses, np.float32)
        arrivals, spikes = trains(rng, 100, 5, 0.2), trains(rng, 100, 150, 0.1)
        players = [Player(stdp, synapses, weights, real=real, cuts=cuts) for cuts in ((), (70,), tuple(range(5, 150, 5)))]
        for arriving, firing in zip(arrivals, spikes, strict=True):
            received = [player.step(arriving, firing).tobytes() for player in players]
            assert received[0] == received[1] == received[2]
        for player in players[1:]:
            assert np.array_equal(player.weights, players[0].weights)
            assert np.array_equal(player.marks, players[0].marks)
            assert np.array_equal(player.pre[-1], players[0].pre[0])


def test_rows_without_gaps_and_rows_with_them_are_the_same_synapses() -> None:
    """The additive rule has a path for neighbours: a target more between them, which never fires, sends the rest the other way."""
    rng = np.random.default_rng(8)
    stdp = PairSTDP(1.0, 0.04, 0.05, 3.0, 5.0)
    near = all_to_all(4, 64)
    apart = from_arrays(*np.divmod(np.arange(4 * 64), 64) * np.array([[1], [2]]), 4, 128)[0]
    weights = rng.random(256, np.float32)
    arrivals, spikes = trains(rng, 100, 4, 0.2), trains(rng, 100, 64, 0.1)
    found = Player(stdp, near, weights).run(arrivals, spikes)
    assert np.array_equal(found, Player(stdp, apart, weights).run(arrivals, [[2 * unit for unit in tick] for tick in spikes]))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("period", [1, 7, 150])
def test_periods_do_not_show(rule: str, period: int) -> None:
    """Weights agree within rounding whatever the period, as long as it is not longer than it should be."""
    rng = np.random.default_rng(6)
    stdp = PairSTDP(1.0, 0.03, 0.03, 20.0, 25.0, rule=rule)
    synapses = drawn(rng, 6, 30, 0.7)
    weights = rng.random(synapses.n_synapses, np.float32)
    arrivals, spikes = trains(rng, 300, 6, 0.05), trains(rng, 300, 30, 0.05)
    usual, other = Player(stdp, synapses, weights), Player(stdp, synapses, weights)
    other.period = other.parameters[3] = period
    assert other.run(arrivals, spikes) == pytest.approx(usual.run(arrivals, spikes), abs=300 * EPSILON)


@pytest.mark.parametrize("rule", RULES)
def test_looking_at_the_weights_changes_nothing(rule: str) -> None:
    rng = np.random.default_rng(7)
    stdp = PairSTDP(1.0, 0.03, 0.03, 2.0, 3.0, rule=rule)
    synapses = all_to_all(5, 20)
    weights = rng.random(100, np.float32)
    arrivals, spikes = trains(rng, 60, 5, 0.1), trains(rng, 60, 20, 0.1)
    watched, other = Player(stdp, synapses, weights), Player(stdp, synapses, weights)
    for arriving, firing in zip(arrivals, spikes, strict=True):
        watched.effective()
        assert np.array_equal(watched.step(arriving, firing), other.step(arriving, firing))
    for name in ("weights", "marks", "post", "history"):
        assert np.array_equal(getattr(watched, name), getattr(other, name))
    assert np.array_equal(watched.pre[0], other.pre[0])


# Closed forms.


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("pairing", PAIRINGS)
@pytest.mark.parametrize("real", REALS)
def test_a_single_pair_traces_the_window(rule: str, pairing: str, real: str) -> None:
    """One arrival, and 61 targets that fire once each, from 15 ms before to 15 ms after; at equal times the pair potentiates."""
    stdp = PairSTDP(1.0, 0.05, 0.03, 4.0, 7.0, rule=rule, pairing=pairing)
    arrivals, spikes = [[0] if tick == 30 else [] for tick in range(61)], [[tick] for tick in range(61)]
    start = np.float32(0.4)
    player = Player(stdp, all_to_all(1, 61), start, real=real)
    change = player.run(arrivals, spikes) - start
    differences = DT * np.arange(-30, 31)
    assert change == pytest.approx(stdp.window(differences, start), abs=20 * EPSILON)
    assert change[30] == pytest.approx(0.05 * (0.6 if rule == "multiplicative" else 1), abs=20 * EPSILON)
    assert (change[30:] > 0).all()
    assert (change[:30] < 0).all()


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("rule", RULES)
def test_what_arrives_is_the_weight_before_it_is_depressed(rule: str, real: str) -> None:
    player = Player(PairSTDP(1.0, 0.1, 0.2, rule=rule), all_to_all(1, 1), 0.5, real=real)
    player.step([], [0])
    assert player.step([0], [])[0] == 0.5
    assert player.effective()[0] == pytest.approx(0.5 - 0.2 * math.exp(-DT / 20) * (0.5 if rule == "multiplicative" else 1))


@pytest.mark.parametrize("rule", RULES)
def test_weights_stay_between_their_bounds(rule: str) -> None:
    """Amplitudes of several w_max take weights to the bounds at once, and from one bound they come back to the other."""
    player = Player(PairSTDP(0.7, 5.0, 4.0, rule=rule), all_to_all(1, 9), 0.3)
    assert np.array_equal(player.run([[0]], [range(9)]), np.full(9, 0.7, np.float32))
    assert (player.run([[0]], [[]]) == 0).all()
    assert np.array_equal(player.run([[]], [range(9)]), np.full(9, 0.7, np.float32))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("pairing", PAIRINGS)
def test_independent_trains_drift_as_predicted(rule: str, pairing: str) -> None:
    """12,000 pairs at 40 and 30 Hz for 400 ms, after 100 ms without learning's beginning: |z| < 4."""
    n, warm, n_ticks = 12_000, 200, 1000
    rng = np.random.default_rng(9)
    stdp = PairSTDP(1.0, 1e-4, 1.3e-4, 10.0, 14.0, rule=rule, pairing=pairing)
    arrivals, spikes = trains(rng, n_ticks, n, 0.02), trains(rng, n_ticks, n, 0.015)
    player = Player(stdp, one_to_one(n), 0.3)
    before = player.run(arrivals[:warm], spikes[:warm]).astype(float)
    change = player.run(arrivals[warm:], spikes[warm:]) - before
    wanted = stdp.drift(40.0, 30.0, 0.3, dt=DT) * (n_ticks - warm) * DT * 1e-3
    assert abs(change.mean() - wanted) < 4 * change.std() / math.sqrt(n)
    assert change.std() / math.sqrt(n) < 0.1 * abs(wanted)


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_drift_in_ticks_tends_to_drift_in_time(pairing: str) -> None:
    """Of first order in dt: the difference falls tenfold with it."""
    stdp = PairSTDP(1.0, 0.01, 0.01, 17.0, 34.0, pairing=pairing)
    errors = [stdp.drift(30.0, 20.0, dt=dt) - stdp.drift(30.0, 20.0) for dt in (0.1, 0.01, 0.001)]
    assert np.divide(errors[:-1], errors[1:]) == pytest.approx(10, rel=0.02)


def test_drift_of_all_pairs_vanishes_where_the_multiplicative_rule_rests() -> None:
    stdp = PairSTDP(2.0, 0.01, 0.03, 20.0, 10.0, rule="multiplicative")
    rest = 2.0 * (0.01 * 20) / (0.01 * 20 + 0.03 * 10)
    assert stdp.drift(10.0, [5.0, 50.0], rest) == pytest.approx(0, abs=1e-12)
    assert stdp.drift(10.0, 5.0, rest - 0.1) > 0 > stdp.drift(10.0, 5.0, rest + 0.1)


def test_drift_of_all_pairs_is_the_integral_of_the_window() -> None:
    stdp = PairSTDP(1.0, 0.01, 0.012, 17.0, 34.0)
    d = np.linspace(-800, 800, 160_001)
    assert stdp.drift(8.0, 5.0) == pytest.approx(1e-3 * 8 * 5 * np.trapezoid(stdp.window(d), d), rel=1e-3)


# The description.


@pytest.mark.parametrize(
    ("taus", "dt", "rule", "wanted"),
    [
        ((20.0, 20.0), 0.1, "additive", 1000),
        ((20.0, 1.0), 0.1, "additive", 400),
        ((0.01, 20.0), 0.1, "additive", 1),
        ((1e6, 1e6), 0.1, "additive", 2**16),
        ((20.0, 20.0), 0.1, "multiplicative", 2016),
        ((2.0, 20.0), 0.1, "multiplicative", 800),
        ((20.0, 0.001), 0.1, "multiplicative", 1),
    ],
)
def test_periods_keep_numbers_in_range(taus: tuple[float, float], dt: float, rule: str, wanted: int) -> None:
    stdp = PairSTDP(1.0, None, None, *taus, rule=rule)  # pyright: ignore[reportArgumentType]
    assert stdp.period(dt) == wanted
    assert np.isfinite(np.array(stdp.parameters(dt), np.float32)).all()
    assert len(stdp.parameters(dt)) == 7 + (wanted if rule == "multiplicative" else 0)
    assert stdp.history_columns(dt) == (1 + math.ceil(wanted / 48) if rule == "multiplicative" else 0)


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"w_max": 0.0}, ValueError, "w_max must be finite and above 0, got 0.0"),
        ({"w_max": "big"}, TypeError, "w_max must be a number, got 'big'"),
        ({"a_plus": -0.1}, ValueError, "a_plus must be finite and at least 0, got -0.1"),
        ({"a_minus": math.inf}, ValueError, "a_minus must be finite and at least 0, got inf"),
        ({"tau_plus": 0}, ValueError, "tau_plus must be finite and above 0, got 0"),
        ({"tau_minus": -5.0}, ValueError, "tau_minus must be finite and above 0, got -5.0"),
        ({"rule": "additiv"}, ValueError, "rule must be one of 'additive', 'multiplicative', got 'additiv'"),
        ({"pairing": "all"}, ValueError, "pairing must be one of 'all-to-all', 'nearest', got 'all'"),
    ],
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        PairSTDP(**({"w_max": 1.0} | wrong))


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, [0.5, 1.2]])
def test_weights_out_of_range_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"^projection 'e': weight must lie in 0 \.\.\. w_max = 1, got"):
        PairSTDP(1.0).check_weight("projection 'e'", bad)


def test_weights_at_the_bounds_are_allowed() -> None:
    PairSTDP(0.1).check_weight("here", [0.0, 0.1, np.float32(0.1)])


def test_the_multiplicative_window_needs_a_weight() -> None:
    with pytest.raises(ValueError, match="^weight must be given"):
        PairSTDP(1.0, rule="multiplicative").window(1.0)
