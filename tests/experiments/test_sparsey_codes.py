"""Similar inputs, similar codes: cues share what they should, one stored item, and figures of whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import sparsey_codes as experiment
from neurosim.sdr.codes import overlap, random_code
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid, fixed = experiment.EXPERIMENT.settings("tiny")
    return sweep(experiment.run, {**grid, "stored": [1], "network": [0, 1], **settings}, fixed={**fixed, "cues": 4}, progress=False)


def test_cues_share_as_many_pixels_as_asked_for(rng: np.random.Generator) -> None:
    image = random_code(experiment.INPUTS, experiment.ACTIVE, rng=rng)
    shared = range(experiment.ACTIVE + 1)
    assert [overlap(image, experiment.cue(image, n, rng)) for n in shared] == list(shared)
    assert {len(experiment.cue(image, n, rng)) for n in shared} == {experiment.ACTIVE}


def test_with_one_item_stored_familiarity_is_the_part_shared_and_the_best_units_are_right() -> None:
    data = measured()
    assert data.familiarity.mean(("rule", "stored", "network")).values == pytest.approx(data.shared.values)
    assert (data.intersection.sel(kind="best", shared=data.shared > 0) == 1).all()


@pytest.mark.parametrize("settings", [{"rule": ["ours"]}, {"network": [0]}, {"stored": [1, 3]}])
def test_the_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = experiment.figure(measured(**settings))
    ax.get_figure().canvas.draw()
