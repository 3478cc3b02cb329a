"""Basins: what is measured is what it says, and the figure draws whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import hopfield_basins as basins
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid, fixed = basins.EXPERIMENT.settings("tiny")
    grid = {**grid, "n": [100], "load": [0.03, 0.06], "network": [0, 1], **settings}
    return sweep(basins.run, grid, fixed=fixed, progress=False)


def table(overlap: list[list[float]]) -> xr.Dataset:
    """Final overlaps of two cues, damaged 0, 0.25 and 0.5, of one network."""
    values = np.array(overlap).T[None, None, None]
    coords = {"n": [100], "load": [0.05], "network": [0], "flipped": [0.0, 0.25, 0.5]}
    return xr.Dataset({"overlap": (("n", "load", "network", "flipped", "cue"), values)}, coords=coords)


def test_an_undamaged_pattern_stays_and_one_alone_is_recalled_from_anything_nearer_to_it_than_to_its_opposite() -> None:
    """K = 1: every field points along the pattern as soon as two more units agree with it than not."""
    data = measured(load=[0.01])
    assert data.overlap.notnull().sum("cue").values.max() == 1
    assert (data.overlap.isel(cue=0).sel(flipped=slice(0.0, 0.475)) == 1.0).all()
    assert basins.pattern_radii(data).notnull().sum("cue").values.tolist() == [[[1, 1]]]


def test_the_radius_is_where_half_are_recalled() -> None:
    data = table([[1.0, 1.0, 0.0], [1.0, 0.2, 0.1]])
    assert basins.radius(basins.recalled(data).isel(n=0, load=0, network=0)) == pytest.approx(0.25)
    assert basins.radii(data).radius.item() == pytest.approx(0.25)
    assert np.isnan(basins.radii(data).error).all()


def test_the_radius_of_a_pattern_lies_between_its_last_recalled_and_its_first_lost_cue() -> None:
    found = basins.pattern_radii(table([[1.0, 1.0, 0.0], [0.3, 0.2, 0.1]])).values.ravel()
    np.testing.assert_allclose(found, [0.375, 0.0])
    np.testing.assert_allclose(basins.pattern_radii(table([[1.0, 1.0, 1.0], [1.0, 0.2, 0.1]])).values.ravel(), [0.625, 0.125])


def test_the_recursion_starts_with_the_noise_of_unrelated_patterns() -> None:
    """One step from the pattern: m' = erf(1 / sqrt(2 load)), AGS's fraction of units that stay."""
    from scipy.special import erf

    assert basins.recursion(0.1, 0.0, steps=1) == pytest.approx(erf(1 / np.sqrt(0.2)))
    assert basins.recursion(0.1, 0.5, steps=50) == 0.0


def test_the_basin_of_the_recursion_shrinks_with_the_load_and_ends() -> None:
    found = np.array([basins.recursion_radius(load) for load in (0.001, 0.02, 0.05, 0.1, 0.13, 0.155)])
    assert found[0] > 0.49
    assert (np.diff(found) < 0).all()
    assert np.isnan(basins.recursion_radius(0.17))


@pytest.mark.parametrize("setting", [{"network": [0]}, {"load": [0.05]}, {"n": [60, 100]}, {"network": [0], "load": [0.05]}])
def test_the_figure_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    ax = basins.figure(measured(**setting))
    ax.get_figure().canvas.draw()
    panels = [panel for panel in ax.get_figure().axes if panel.get_label() != "<colorbar>"]
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in panels)
