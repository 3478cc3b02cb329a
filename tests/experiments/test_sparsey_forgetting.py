"""A stream without end: its order, ages in bins, what fades, and figures of whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import sparsey_forgetting as experiment
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid = {"mac": ["fade"], "network": [0, 1], **settings}
    return sweep(experiment.run, grid, fixed={"items": 300}, progress=False)


def test_every_fifth_item_comes_again_after_twenty_others() -> None:
    order = experiment.stream(50).tolist()
    assert len(order) == 60
    assert order[:23] == [*range(21), 0, 21]
    assert sorted(order) == sorted([*range(50), *range(0, 50, 5)])
    first, again = order.index(5), len(order) - 1 - order[::-1].index(5)
    assert len(set(order[first + 1 : again])) == 21


def test_values_are_averaged_by_age_and_by_how_often_they_were_shown() -> None:
    values, ages = np.arange(10.0), np.array([1, 10, 59, 60, 70, 61, 130, 10, 10, 10])
    means = experiment.by_age(values, ages)
    assert means.sel(shown="twice", age=30).item() == 0
    assert means.sel(shown="twice", age=90).item() == 5
    assert means.sel(shown="once", age=30).item() == np.mean([1, 2, 7, 8, 9])
    assert means.sel(shown="once", age=210).isnull()


def test_what_was_seen_lately_is_recalled_and_what_has_faded_is_not() -> None:
    data = measured()
    assert (data.right.sel(shown="once", age=30) > 0.98).all()
    assert (data.right.sel(shown="once", age=270) < 0.1).all()


@pytest.mark.parametrize("settings", [{"network": [0]}, {"mac": ["freeze", "last"]}])
def test_the_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = experiment.figure(measured(**settings))
    ax.get_figure().canvas.draw()
