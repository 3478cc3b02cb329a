"""Moving figures: what is measured is what it says, one clip is recalled whole, and the figure draws what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import sparsey_figures as figures
from neurosim.sweep import sweep


def test_likeness_is_shared_pixels_over_all_pixels() -> None:
    a = np.array([[[1, 1, 0]], [[0, 0, 0]], [[1, 0, 0]]], bool)
    b = np.array([[[1, 0, 1]], [[0, 0, 0]], [[1, 0, 0]]], bool)
    assert figures.likeness(a, b) == pytest.approx([1 / 3, 0.0, 1.0])


def test_units_count_only_where_a_code_was_stored() -> None:
    learnt, seen = np.array([[[1, 2], [-1, -1]]]), np.array([[[1, 3], [0, 0]]])
    assert figures.same_units(learnt, seen) == 0.5


def test_networks_are_what_they_are_called() -> None:
    assert [len(figures.hierarchy(name).levels) for name in figures.NETWORKS] == [1, 2, 2]
    assert [figures.hierarchy(name).levels[-1].persistence for name in figures.NETWORKS] == [1, 1, 2]
    assert len(figures.hierarchy("one").fields[0]) == 20


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return sweep(figures.run, {"network": ["one", "two"], "clips": [1, 3], "trial": [0]}, progress=False)


def test_a_clip_alone_is_recalled_with_a_level_above(data: xr.Dataset) -> None:
    recall = data.recall.sel(network="two", clips=1)
    assert float(recall.mean()) == pytest.approx(1.0, abs=0.02)
    assert (data.recall.sel(frame=slice(1, figures.PROMPT), clips=1) > 0.95).all()
    assert data.accuracy.isnull().all()


@pytest.mark.slow
def test_strangers_are_named_better_than_by_chance() -> None:
    found = figures.run("two", 20, 0, rng=np.random.default_rng(3))["accuracy"]
    assert (found.sel(by="clip") > 0.2).all()


@pytest.mark.parametrize("setting", [{}, {"network": ["one"], "clips": [3]}])
def test_the_figure_draws_what_was_asked_for(data: xr.Dataset, setting: dict[str, Any]) -> None:
    ax: Any = figures.figure(data.sel(setting))
    ax.get_figure().canvas.draw()
