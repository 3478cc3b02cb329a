"""Encoders: overlap as a function of distance, exactly w active units, what comes round again, bad input."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.sdr import Code, overlap
from neurosim.sdr.encoders import Category, Coordinate, Date, RandomScalar, Scalar, join
from neurosim.sdr.encoders.scalars import BLOCK

# Scalars


@given(st.integers(1, 30), st.integers(1, 100), st.booleans(), st.floats(0, 1), st.floats(0, 1))
def test_overlap_falls_by_a_unit_per_bucket(active: int, more: int, periodic: bool, a: float, b: float) -> None:
    encoder = Scalar(-3.0, 5.0, active=active, size=active + more, periodic=periodic)
    codes = [encoder.encode(-3.0 + 8.0 * x) for x in (a, b)]
    assert [len(code) for code in codes] == [active, active]
    buckets = abs(int(np.floor(8.0 * a / encoder.resolution + 0.5)) - int(np.floor(8.0 * b / encoder.resolution + 0.5)))
    if periodic:
        buckets = min(buckets % encoder.size, -buckets % encoder.size)
        expected = max(0, active - buckets) + max(0, active - (encoder.size - buckets))
        assert overlap(*codes) == min(active, expected)
    else:
        assert overlap(*codes) == max(0, active - buckets)


@given(st.integers(1, 20), st.floats(0.01, 3.0), st.booleans())
def test_a_resolution_sets_the_size(active: int, resolution: float, periodic: bool) -> None:
    """Both ends have codes of their own, unless they are the same point; the resolution is kept, or made finer to fit the circle."""
    encoder = Scalar(0.0, 100.0, active=active, resolution=resolution, periodic=periodic)
    low, high = encoder.encode(0.0), encoder.encode(100.0)
    assert (low == high) == periodic
    assert len(high) == active
    assert encoder.resolution <= resolution
    assert encoder.radius == active * encoder.resolution
    assert periodic or encoder.resolution == resolution


def test_a_number_out_of_range_is_taken_for_the_nearest_end_only_where_asked_for() -> None:
    encoder = Scalar(0.0, 1.0, active=3, size=20, clip=True)
    assert encoder.encode(7.0) == encoder.encode(1.0)
    assert encoder.encode(-7.0) == encoder.encode(0.0)
    with pytest.raises(ValueError, match=r"value must lie in 0 \.\.\. 1, got 7") as caught:
        Scalar(0.0, 1.0, active=3, size=20).encode(7.0)
    assert caught.value.__notes__ == ["clip=True takes the nearest end in its place"]


# Random scalars


@given(st.integers(1, 40), st.integers(0, 100), st.integers(-(10**6), 10**6), st.integers(0, 100), st.integers(0, 2**32))
def test_random_codes_share_what_their_buckets_share(active: int, more: int, bucket: int, apart: int, seed: int) -> None:
    encoder = RandomScalar(2 * active + more, active, resolution=0.25, seed=seed)
    one, other = encoder.encode(0.25 * bucket), encoder.encode(0.25 * (bucket + apart))
    assert len(one) == len(other) == active
    assert overlap(one, other) >= max(0, active - apart)


@pytest.mark.parametrize("first", [-3 * BLOCK, -BLOCK, 0, 5 * BLOCK])
def test_one_unit_changes_per_bucket_also_between_blocks(first: int) -> None:
    encoder = RandomScalar(400, 21, resolution=1.0, seed=2)
    for bucket in range(first - 30, first + 30):
        assert overlap(encoder.encode(bucket), encoder.encode(bucket + 1)) >= 20


def test_codes_of_far_buckets_overlap_by_chance() -> None:
    """w^2 / n units on average: 1,000 pairs far apart."""
    encoder = RandomScalar(400, 20, resolution=1.0, seed=7)
    shared = [overlap(encoder.encode(-5000 + 40 * k), encoder.encode(10**6 + 40 * k)) for k in range(1000)]
    spread = np.sqrt(20 * 0.05 * 0.95 * 380 / 399)
    assert abs(np.mean(shared) - 1.0) < 4 * spread / np.sqrt(1000)
    assert np.std(shared) == pytest.approx(spread, rel=0.15)


def test_every_unit_serves_alike() -> None:
    encoder = RandomScalar(100, 10, resolution=1.0, seed=3)
    uses = np.bincount(np.concatenate([encoder.encode(10 * k).indices for k in range(2000)]), minlength=100)
    assert abs(uses - 200).max() < 5 * np.sqrt(200)


def test_random_units_depend_on_the_seed_alone() -> None:
    values = [-70.0, 3.1, 1e9]
    one, same, other = ([RandomScalar(500, 15, resolution=0.3, seed=seed).encode(value) for value in values] for seed in (1, 1, 2))
    assert one == same
    assert one != other


# Categories, dates, places


def test_names_share_nothing() -> None:
    encoder = Category(("a", "b", 3), active=4)
    codes = [encoder.encode(name) for name in encoder.names]
    assert [overlap(a, b) for a, b in itertools.combinations(codes, 2)] == [0, 0, 0]
    assert join(codes).size == 3 * encoder.size
    assert [len(code) for code in codes] == [4] * 3


def shared(encoder: Date, one: str, other: str) -> int:
    return overlap(encoder.encode(one), encoder.encode(other))


def test_times_of_day_are_near_across_midnight() -> None:
    encoder = Date(time_of_day=24)
    assert encoder.size == 144
    assert [shared(encoder, "2020-03-01T23:50", f"2020-03-05T{time}") for time in ("23:50", "00:10", "01:50", "03:50", "12:00")] == [
        24,
        22,
        12,
        0,
        0,
    ]


def test_days_of_the_week_share_nothing() -> None:
    encoder = Date(day_of_week=3)
    week = [f"2024-01-{day:02}T15:00" for day in range(1, 8)]
    assert [[shared(encoder, a, b) for b in week] for a in week] == (3 * np.eye(7, dtype=int)).tolist()
    assert encoder.encode("2024-01-01T00:00") == Code([0, 1, 2], 21)  # a Monday
    assert encoder.encode("2024-01-07T23:59") == Code([18, 19, 20], 21)


@pytest.mark.parametrize(
    ("moment", "free"), [("2024-01-05T17:59", False), ("2024-01-05T18:00", True), ("2024-01-07T23:59", True), ("2024-01-08T00:00", False)]
)
def test_the_weekend_begins_on_friday_evening(moment: str, free: bool) -> None:
    assert Date(weekend=2).encode(moment) == Code([2, 3] if free else [0, 1], 4)


def test_seasons_come_round() -> None:
    encoder = Date(season=10)
    assert encoder.size == 40
    assert shared(encoder, "2019-12-31", "2020-01-01") == 10
    assert shared(encoder, "2019-01-01", "2019-02-15") == 5
    assert shared(encoder, "2019-01-01", "2019-07-01") == 0


def test_holidays_come_and_go_within_a_day() -> None:
    encoder = Date(holiday=10, holidays=[(12, 25), (2015, 4, 5)])
    feast, far = encoder.encode("2019-12-25T10:00"), encoder.encode("2019-07-01")
    assert overlap(feast, far) == 0
    for moment, like_feast in [
        ("2019-12-24T00:00", 0),
        ("2019-12-24T12:00", 5),
        ("2019-12-25T23:00", 10),
        ("2019-12-26T12:00", 5),
        ("2019-12-27", 0),
    ]:
        assert overlap(feast, encoder.encode(moment)) == like_feast
        assert overlap(far, encoder.encode(moment)) == 10 - like_feast
    assert encoder.encode("2015-04-05T06:00") == feast
    assert encoder.encode("2016-04-05T06:00") == far


def test_the_same_moment_in_each_form() -> None:
    encoder = Date(time_of_day=21, day_of_week=3, season=5, weekend=2, holiday=4)
    moment = dt.datetime(2014, 11, 1, 18, 30)
    codes = [encoder.encode(value) for value in (moment, np.datetime64(moment), "2014-11-01 18:30:00", moment.replace(tzinfo=dt.UTC))]
    assert codes == [codes[0]] * 4
    assert len(codes[0]) == encoder.active == 35
    assert codes[0].size == encoder.size


def test_a_leap_day_may_be_a_holiday() -> None:
    encoder = Date(holiday=2, holidays=[(2, 29)])
    assert encoder.encode("2024-02-29") == encoder.encode("2023-03-01")


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6), st.integers(0, 2**64 - 1))
def test_a_place_has_as_many_units_as_any_other(x: int, y: int, seed: int) -> None:
    encoder = Coordinate(60, 25, radius=2, seed=seed)
    assert len(encoder.encode((x, y))) == 25
    assert encoder.encode((x, y)) == encoder.encode(np.array([x, y]))


def test_overlap_of_places_falls_with_their_distance() -> None:
    """A share of the points around a place is around the other too; far places share w^2 / n units by chance."""
    encoder, rng = Coordinate(2000, 30, radius=5, seed=1), np.random.default_rng(5)
    places = rng.integers(-(10**6), 10**6, (200, 2))
    means = [np.mean([overlap(encoder.encode(p), encoder.encode(p + [step, 0])) for p in places]) for step in (0, 1, 3, 6, 11, 500)]
    common = [30 * (11 - step) / 11 for step in (0, 1, 3, 6)]
    assert means[0] == 30
    assert means[1:4] == pytest.approx(common[1:], abs=3.0)
    assert means[4:] == pytest.approx([900 / 2000] * 2, abs=4 * np.sqrt(0.45 / 200))


# Bad input


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scalar(1.0, 1.0, active=3, size=10), "maximum must be above minimum = 1, got 1"),
        (lambda: Scalar(0.0, 1.0, active=3), "give either size or resolution, got neither"),
        (lambda: Scalar(0.0, 1.0, active=3, size=10, resolution=0.1), "give either size or resolution, got both"),
        (lambda: Scalar(0.0, 1.0, active=10, size=10), "active must be below size = 10, got 10"),
        (lambda: Scalar(0.0, 1.0, active=0, size=10), "active must be at least 1"),
        (lambda: Scalar(0.0, 1.0, active=10, resolution=0.5, periodic=True), "must leave more than active = 10 units, it leaves 2"),
        (lambda: Scalar(0.0, 1.0, active=3, size=10, periodic=True, clip=True), "clip must be False"),
        (lambda: Scalar(0.0, 1.0, active=3, resolution=-1.0), "resolution must be finite and above 0"),
        (lambda: Scalar(0.0, np.nan, active=3, size=10), "maximum must be finite"),
        (lambda: Scalar(0.0, 1.0, active=3, size=10).encode(np.nan), "value must be finite"),
        (lambda: RandomScalar(30, 20, 1.0), "size must be at least 2 active = 40, got 30"),
        (lambda: RandomScalar(100, 20, 0.0), "resolution must be finite and above 0"),
        (lambda: RandomScalar(100, 20, 1.0, seed=-1), "seed must lie in"),
        (lambda: RandomScalar(100, 20, 1e-9).encode(1e9), r"value must lie within 2\*\*53 buckets of width 1e-09 around 0"),
        (lambda: RandomScalar(100, 20, 1.0).encode(np.inf), "value must be finite"),
        (lambda: Category([], 3), "names must hold at least one"),
        (lambda: Category(["a", "a"], 3), "names must differ, got 'a' twice"),
        (lambda: Category(["cat", "dog"], 3).encode("dgo"), "value must be one of the 2 names, got 'dgo'"),
        (lambda: Date(), "at least one of time_of_day, day_of_week, weekend, season, holiday must have active units"),
        (lambda: Date(time_of_day=3, time_radius=24.0), "time_radius must lie between 0 and 24, got 24"),
        (lambda: Date(holiday=3, holidays=[(2, 30)]), r"holidays must be \(month, day\) or \(year, month, day\), got \(2, 30\)"),
        (lambda: Date(holiday=3, holidays=[(2,)]), "holidays must be"),
        (lambda: Date(weekend=3).encode("yesterday"), "value must be a date and time in ISO form, got 'yesterday'"),
        (lambda: Coordinate(10, 10, radius=5), "active must be below size = 10, got 10"),
        (lambda: Coordinate(100, 10, radius=1), "radius must span at least active = 10 points, 1 spans 9"),
        (lambda: Coordinate(100, 10, radius=5).encode((1, 2, 3)), "value must be 2 whole numbers"),
        (lambda: Coordinate(100, 10, radius=5).encode((1.5, 2)), "value must be 2 whole numbers"),
        (lambda: Coordinate(100, 10, radius=5).encode((2**62 + 1, 0)), r"value must lie within 2\*\*62 of 0"),
        (lambda: join([]), "codes must hold at least one Code"),
    ],
)
def test_bad_values(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_things_that_are_no_numbers() -> None:
    wrong: Any = "seven"
    with pytest.raises(TypeError, match="value must be a number, got 'seven'"):
        Scalar(0.0, 1.0, active=3, size=10).encode(wrong)
    with pytest.raises(TypeError, match="value must be a datetime, a numpy.datetime64 or a text"):
        Date(weekend=2).encode(wrong := 7)  # type: ignore[arg-type]
