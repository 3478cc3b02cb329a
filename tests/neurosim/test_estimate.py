"""Thresholds and their errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurosim.estimate import crossing, jackknife


@given(st.floats(-5, 5), st.floats(0.1, 10))
def test_a_straight_line_crosses_where_it_should(root: float, slope: float) -> None:
    x = np.linspace(-6, 6, 14)
    assert crossing(x, slope * (x - root), 0.0) == pytest.approx(root, abs=1e-9)


def test_the_first_crossing_counts() -> None:
    assert crossing([0, 1, 2, 3], [1, 0, 1, 0], 0.5) == 0.5


def test_no_crossing() -> None:
    assert math.isnan(crossing([0, 1], [1, 2], 0.5))
    assert math.isnan(crossing([], [], 0.5))
    assert math.isnan(crossing([0, 1, 2], [1, math.nan, 0], 0.5))


def test_bad_curves() -> None:
    with pytest.raises(ValueError, match="one shape"):
        crossing([0, 1], [1], 0)
    with pytest.raises(ValueError, match="x must rise"):
        crossing([1, 0], [1, 0], 0)


def test_jackknife_of_a_mean_is_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=30)
    data = xr.Dataset({"y": ("seed", values)})
    value, error = jackknife(lambda part: float(part.y.mean()), data, "seed")
    assert value == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(30))


def test_jackknife_needs_two_samples() -> None:
    with pytest.raises(ValueError, match="at least 2 samples along 'seed', got 1"):
        jackknife(lambda part: 0.0, xr.Dataset({"y": ("seed", [1.0])}), "seed")
