"""The benchmark's score: against a slow oracle, against what its authors' detectors earned, against chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.sdr import nab
from tests.reference import nab as slow

N = 10_320
ANOMALIES = [5942, 7183, 8526, 8834, 10080]
PUBLISHED = {
    "numenta": ([3262, 5928, 5954, 5955, 8523, 8834, 10063, 10107], 2.43572773247, 7, 1),
    "numentaTM": ([3263, 5954, 5955, 8835, 10064, 10107], 0.471136230981, 5, 1),
    "htmjava": ([5935, 5954, 5956, 8524, 8835, 10065, 10106], 2.51511396221, 7, 0),
}
"""Rows that three detectors detect in the taxi series, and what they earned: results published with the benchmark, commit ea702d7."""


def detections(rows: list[int], n: int = N) -> np.ndarray:
    flags = np.zeros(n)
    flags[rows] = 1.0
    return flags


@pytest.mark.parametrize("detector", PUBLISHED)
def test_published_detections_earn_what_was_published(detector: str) -> None:
    rows, total, hits, alarms = PUBLISHED[detector]
    found = nab.score(detections(rows), nab.windows(ANOMALIES, N), 0.5)
    assert found.total == pytest.approx(total, rel=1e-11)
    assert (found.true_positives, found.false_positives) == (hits, alarms)
    assert (found.true_negatives + alarms, found.false_negatives + hits) == (8535, 1035)
    assert found.normalised == pytest.approx(10 * (total + 5))


def test_windows_of_the_taxi_series_are_those_of_the_benchmark(data_folder: Path) -> None:
    rides = ns.data.nyc_taxi()
    assert rides.anomalies.tolist() == ANOMALIES
    first, stop = nab.windows(rides.anomalies, len(rides.times)).T
    assert rides.times[first].astype(str).tolist() == [
        "2014-10-30T15:30", "2014-11-25T12:00", "2014-12-23T11:30", "2014-12-29T21:30", "2015-01-24T20:30",
    ]  # fmt: skip
    assert rides.times[stop - 1].astype(str).tolist() == [
        "2014-11-03T22:30", "2014-11-29T19:00", "2014-12-27T18:30", "2015-01-03T04:30", "2015-01-29T03:30",
    ]  # fmt: skip


def test_silence_is_worth_0_and_perfection_100() -> None:
    windows = nab.windows(ANOMALIES, N)
    for profile in nab.PROFILES:
        assert nab.score(np.full(N, 0.5), windows, 0.6, profile).normalised == 0.0
        assert nab.score(detections(windows[:, 0].tolist()), windows, 0.5, profile).normalised == pytest.approx(100.0)


def test_a_false_alarm_costs_its_weight_far_away_and_half_of_it_close_by() -> None:
    rows = nab.rewards([[300, 401]], 1000)
    assert (rows[:300] == -0.11).all()
    assert (rows[701:] == -0.11).all()
    assert rows[410] == pytest.approx(-0.11 * np.tanh(0.25))
    assert nab.rewards([[300, 401]], 1000, "reward_low_FP_rate")[0] == -0.22


series = st.integers(20, 200).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.integers(n // 5, n), min_size=2, max_size=6, unique=True).map(sorted),
        st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), min_size=n, max_size=n),
    )
)


@settings(max_examples=60, deadline=None)
@given(series, st.sampled_from(sorted(nab.PROFILES)), st.sampled_from([0.3, 0.6, 1.0]))
def test_the_score_is_the_oracles(drawn: tuple[int, list[int], list[float]], profile: str, threshold: float) -> None:
    n, cuts, scores = drawn
    windows = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if b - a >= 2]
    if not windows or windows[0][1] <= nab.probation(n):
        return
    weights = nab.PROFILES[profile]
    costs = weights.true_positive, weights.false_positive, weights.false_negative
    expected = slow.total([s >= threshold for s in scores], [(a, b - 1) for a, b in windows], *costs)
    found = nab.score(scores, windows, threshold, profile)
    assert found.total == pytest.approx(expected, abs=1e-12)
    thresholds, all_found = nab.sweep(scores, windows, profile)
    assert all_found[np.flatnonzero(thresholds >= threshold)[-1]] == pytest.approx(found.normalised, abs=1e-9)
    best = nab.best_threshold(scores, windows, profile)
    assert nab.score(scores, windows, best, profile).normalised == pytest.approx(max(all_found), abs=1e-9)
    assert max(all_found) >= 0.0


def test_random_detections_earn_on_average_what_the_formula_says() -> None:
    windows, rng, runs = nab.windows([400, 700], 1000), np.random.default_rng(1), 4000
    for rate in (0.003, 0.02):
        earned = [nab.score(rng.random(1000), windows, 1 - rate).normalised for _ in range(runs // 4)]
        assert abs(np.mean(earned) - nab.chance(rate, windows, 1000)) < 4 * np.std(earned) / np.sqrt(len(earned))


def test_certain_detection_everywhere_is_the_limit_of_chance() -> None:
    windows = nab.windows(ANOMALIES, N)
    assert nab.chance(1.0, windows, N) == pytest.approx(nab.score(np.ones(N), windows, 0.5).normalised)


def test_learning_rows_do_not_count() -> None:
    assert nab.score(detections(list(range(750))), nab.windows(ANOMALIES, N), 0.5).normalised == 0.0
    found = nab.score(detections([100, 130, 170], 1000), [[90, 120], [140, 180]], 0.5)  # rows 0 to 149 are for learning
    assert found.found.tolist() == [True]
    assert (found.true_positives, found.false_positives, found.false_negatives) == (1, 0, 29)


WRONG = [
    (TypeError, "windows must be pairs of integers", [[1.0, 5.0]]),
    (TypeError, "windows must be pairs of integers", [3, 7]),
    (TypeError, "windows must be pairs of integers", np.zeros((0, 2), int)),
    (ValueError, r"windows must lie in 0 ... 100, got 101", [[50, 101]]),
    (ValueError, r"windows must lie in 0 ... 100, got -1", [[-1, 50]]),
    (ValueError, r"windows must have at least two rows, got \[50, 51\]", [[50, 51]]),
    (ValueError, r"windows must rise and not overlap, got \[50, 60\] and \[59, 70\]", [[50, 60], [59, 70]]),
    (ValueError, r"windows must reach behind the 15 learning rows, the last one ends at 9", [[2, 10]]),
]


@pytest.mark.parametrize(("error", "message", "windows"), WRONG)
def test_bad_windows(error: type[Exception], message: str, windows: list) -> None:
    with pytest.raises(error, match=message):
        nab.score(np.zeros(100), windows, 0.5)


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="scores must be a row of numbers"):
        nab.score(["a"], [[50, 60]], 0.5)
    with pytest.raises(ValueError, match="scores must be numbers, got nan at row 1"):
        nab.score([0.0, np.nan], [[0, 2]], 0.5)
    with pytest.raises(ValueError, match="threshold must be finite"):
        nab.score(np.zeros(100), [[50, 60]], np.nan)
    with pytest.raises(ValueError, match="profile must be a Profile or one of standard, .* got 'standrd'") as caught:
        nab.score(np.zeros(100), [[50, 60]], 0.5, "standrd")
    assert caught.value.__notes__ == ["did you mean 'standard'?"]
    with pytest.raises(ValueError, match="false_positive must be finite and at least 0"):
        nab.Profile(false_positive=-1.0)
    with pytest.raises(ValueError, match=r"anomalies must lie in 0 ... 9, got 10"):
        nab.windows([10], 10)
    with pytest.raises(ValueError, match="windows must rise and not overlap"):
        nab.windows([400, 410], 1000)
    with pytest.raises(TypeError, match="anomalies must be a row of integers"):
        nab.windows([], 1000)
    with pytest.raises(ValueError, match=r"rate must lie in 0 ... 1, got 1.5"):
        nab.chance(1.5, [[50, 60]], 100)
