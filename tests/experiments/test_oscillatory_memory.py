"""Memory of oscillators: what is measured is what it says, and the figures draw whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import oscillatory_memory as capacity
from experiments import oscillatory_memory_spread as spread
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid, fixed = capacity.EXPERIMENT.settings("tiny")
    return sweep(capacity.run, {**grid, "n": [100], "load": [0.02, 0.3], "network": [0, 1], **settings}, fixed=fixed, progress=False)


def test_a_pattern_alone_is_kept_by_all_and_cues_beyond_the_last_pattern_are_missing() -> None:
    data = measured(load=[0.01])
    assert data.overlap.isel(cue=0).values.ravel() == pytest.approx(1.0, abs=1e-3)
    assert data.overlap.isel(cue=1).isnull().all()
    assert data.read.sel(kind="signs").isel(cue=0).values.ravel() == pytest.approx(1.0)
    assert data.read.sel(kind="hopfield").isnull().all()


def test_half_of_the_cues_are_recalled_where_the_fraction_crosses_a_half() -> None:
    values = np.array([[0.9, 0.9], [0.9, 0.2], [0.2, 0.1]])[None, None, None, :, None, :]
    coords = {"kind": ["phases"], "n": [100], "flipped": [0.0], "load": [0.01, 0.02, 0.03], "network": [0]}
    data = xr.Dataset({"overlap": (("kind", "n", "flipped", "load", "network", "cue"), values)}, coords=coords)
    assert capacity.half_load(data, "phases", 100) == pytest.approx(0.02)


@pytest.mark.parametrize("settings", [{"network": [0]}, {"flipped": [0.0, 0.1]}, {"n": [50, 100], "flipped": [0.1]}])
def test_the_capacity_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = capacity.figure(measured(**settings))
    ax.get_figure().canvas.draw()


def test_oscillators_that_differ_too_much_recall_nothing_and_equal_ones_all() -> None:
    """One pattern: m of Kuramoto's model, 1 without spread, of the order of N^(-1/2) far beyond the transition."""
    rng = np.random.default_rng(4)
    found = [spread.run(kind, 0.0, width, 0, n=400, transient=50.0, rng=rng)["overlap"] for kind in spread.WORDS for width in (0.0, 2.0)]
    assert found[::2] == pytest.approx([1.0, 1.0], abs=1e-3)
    assert max(found[1::2]) < 4 / 20
