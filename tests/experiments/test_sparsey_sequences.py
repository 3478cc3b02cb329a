"""Sequences in a mac: few frames are replayed whole, the edge is where the curve crosses, figures of whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import sparsey_sequences as experiment
from neurosim.sdr.code_selection import CodeSelection
from neurosim.sdr.codes import random_codes
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid = {"shape": ["9 x 8"], "load": [0.3, 2.5], "network": [0, 1], **settings}
    return sweep(experiment.run, grid, progress=False)


def test_few_frames_are_replayed_whole_and_many_are_not() -> None:
    data = measured()
    assert (data.accuracy.sel(load=0.3, moved=0) > 0.99).all()
    assert (data.accuracy.sel(load=2.5) < 0.8).all()
    assert data.frames.sel(load=0.3).values.ravel() == pytest.approx(18)


def test_every_sequence_begins_without_a_past(rng: np.random.Generator) -> None:
    """The first frames of two equal sequences look the same to the mac: the code of the first shown again."""
    mac = CodeSelection(144, 9, 16, horizontal=True)
    state = mac.init(seed=1)
    frames = random_codes(10, 144, 12, rng=rng)
    stored = experiment.shown(mac, state, frames, learn=True)
    assert np.array_equal(experiment.shown(mac, state, frames, learn=False), stored)


def test_the_edge_is_where_accuracy_falls_through() -> None:
    values = np.array([1.0, 0.98, 0.96, 0.5])[None, :, None, None]
    coords = {"shape": ["9 x 8"], "load": [0.5, 1.0, 1.5, 2.0], "network": [0], "moved": [0]}
    data = xr.Dataset({"accuracy": (("shape", "load", "network", "moved"), values)}, coords=coords)
    assert experiment.edge(data, "9 x 8") == pytest.approx(75)


@pytest.mark.parametrize("settings", [{}, {"shape": ["9 x 16", "18 x 32"]}])
def test_the_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = experiment.figure(measured(**settings))
    ax.get_figure().canvas.draw()
