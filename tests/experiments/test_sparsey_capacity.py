"""A mac filled up: random codes follow the law, and figures are drawn of whatever was asked for."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr

from experiments import sparsey_capacity as experiment
from neurosim.sdr.mac_theory import weights_set
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid = {"threshold": [0.95], "units": [28], "network": [0, 1], **settings}
    return sweep(experiment.run, grid, fixed={"probes": 50}, progress=False)


def test_random_codes_follow_the_law_at_every_load() -> None:
    """1,000 items in 28 units: the part of 8 x 28 x 1,024 weights that is set, to four standard errors."""
    data = measured()
    for load in (0.1, 1.0, 1.5):
        part = data.sel(load=load, units=28, threshold=0.95)
        wanted = weights_set(int(part["items"][0]), experiment.INPUTS, experiment.ACTIVE, 28)
        assert part.set.mean().item() == pytest.approx(wanted, abs=0.002)


@pytest.mark.parametrize("settings", [{}, {"threshold": [0.2, 0.95], "network": [0]}, {"units": [20, 40]}])
def test_the_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = experiment.figure(measured(**settings))
    ax.get_figure().canvas.draw()
