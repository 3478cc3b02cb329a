"""Matches of random codes: what is counted is what it says, and the figure draws whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import sdr_matching as matching
from neurosim.sdr import theory
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid, fixed = matching.EXPERIMENT.settings("tiny")
    small = {**grid, "size": [300], "sample": [0, 1], **settings}
    return sweep(matching.run, small, fixed={**fixed, "codes": 100, "noisy": 20, "unions": 3}, progress=False)


def test_every_pair_is_counted_once() -> None:
    data = measured()
    pairs = {name: data[name].sum(name_of).values for name, name_of in (("overlaps", "common"), ("met", "synapses"), ("kept", "left"))}
    assert {name: np.unique(values).tolist() for name, values in pairs.items()} == {"overlaps": [10_000], "met": [10_000], "kept": [400]}
    assert np.unique(data.held.sum("found")).tolist() == [300]


def test_mean_overlaps_are_those_of_chance() -> None:
    data = measured()
    met = (data.met * data.synapses).sum("synapses") / data.met.sum("synapses")
    np.testing.assert_allclose(met.sel(active=64).values, matching.SYNAPSES * 64 / 300, rtol=0.02)
    kept = (data.kept * data.left).sum("left") / data.kept.sum("left")
    np.testing.assert_allclose(kept.mean(("size", "sample")).values, matching.SAMPLE * (1 - data.lost / matching.PATTERN), rtol=0.05)


def test_a_union_of_one_code_shares_what_two_codes_share() -> None:
    data = measured(sample=range(4))
    found = matching.at_least(data.held.sel(merged=1).sum("sample"), "found", 6)
    assert float(found.squeeze()) == pytest.approx(theory.false_positive(300, 40, 40, 6), abs=0.1)


def test_the_share_from_a_threshold_on() -> None:
    counts = xr.DataArray([1, 2, 3, 4], dims="common", coords={"common": range(4)})
    assert float(matching.at_least(counts, "common", 2)) == 0.7


@pytest.mark.parametrize("settings", [{"sample": [0]}, {"size": [300, 600]}])
def test_the_figure_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = matching.figure(measured(**settings))
    ax.get_figure().canvas.draw()
