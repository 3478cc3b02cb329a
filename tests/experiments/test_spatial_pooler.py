"""Experiment on the spatial pooler: what is measured is what it says, and the figure draws whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import spatial_pooler as experiment
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    return sweep(experiment.run, {"boost": [0.0], "sample": [0], **settings}, fixed={"epochs": 4}, progress=False)


def test_entropy_is_largest_where_all_take_part_alike() -> None:
    alike = experiment.entropy(np.full(1024, experiment.SHARE)).mean()
    assert alike == pytest.approx(experiment.ENTROPY_BOUND)
    few = np.zeros(1024)
    few[: experiment.WINNERS] = 1.0
    assert experiment.entropy(few).mean() == 0.0


def test_all_winners_win_again_without_noise_and_places_are_filled() -> None:
    data = measured()
    assert data.kept.sel(noise=0.0).values.ravel().tolist() == [1.0, 1.0]
    assert float(data.activity.sum()) == pytest.approx(experiment.WINNERS)
    assert data.stable.isel(epoch=0).isnull().all()
    assert (data.overlap.sel(stage="after") > data.overlap.sel(stage="before")).all()


@pytest.mark.parametrize("settings", [{}, {"boost": [0.0, 3.0], "sample": [0, 1]}])
def test_the_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = experiment.figure(measured(**settings))
    ax.get_figure().canvas.draw()
