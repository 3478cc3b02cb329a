"""The chimera: three ways to begin alike, and what the populations do from there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments import chimera
from neurosim.sweep import sweep


@pytest.mark.parametrize(("start", "tolerance"), [("quantiles", 1e-6), ("arc", 1e-3), ("drawn", 0.05)])
def test_all_starts_have_the_same_order_and_offset(start: str, tolerance: float) -> None:
    waves = np.exp(1j * chimera.phases(start, 500, np.random.default_rng(1))).reshape(2, 500).mean(axis=1)
    assert abs(waves[0]) == pytest.approx(1.0)
    assert abs(waves[1]) == pytest.approx(chimera.ORDER, abs=tolerance)
    assert np.angle(waves[1] / waves[0]) == pytest.approx(chimera.AHEAD, abs=tolerance)


def test_an_oscillator_feels_its_own_population_more() -> None:
    net, labels = chimera.model(0.2, 3)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert net.graph.between.tolist() == [[0.6, 0.4], [0.4, 0.6]]
    assert net.phase_lag == pytest.approx(np.pi / 2 - 0.1)


def test_phases_kept_are_relative_to_the_population_in_step() -> None:
    found = chimera.run("quantiles", 0.2, n=50, duration=20.0, looks=4, rng=np.random.default_rng(1))
    kept = found["phases"]
    assert kept.dims == ("moment", "oscillator")
    assert kept.shape == (5, 100)
    assert abs(kept.values[:, :50]).max() < 1e-6
    assert found["course"].values[0] == pytest.approx(chimera.ORDER, abs=1e-6)


@pytest.mark.parametrize("setting", [{"start": ["arc"]}, {"disparity": [0.25]}, {"start": ["drawn", "arc"], "disparity": [0.1, 0.3]}])
def test_the_figure_draws_what_was_asked_for(setting: dict[str, list[float]]) -> None:
    grid, fixed = chimera.EXPERIMENT.settings("tiny")
    data = sweep(chimera.run, {**grid, **setting}, fixed={**fixed, "n": 20, "duration": 20.0, "looks": 5}, progress=False)
    ax: Any = chimera.figure(data)
    ax.get_figure().canvas.draw()
