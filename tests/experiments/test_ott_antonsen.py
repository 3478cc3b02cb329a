"""Transients: starts have the order asked for, at all frequencies alike, and the figure draws whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neurosim as ns
from experiments import ott_antonsen as transient
from neurosim.sweep import sweep


@pytest.mark.parametrize(("begun", "tolerance"), [("scattered", 1e-9), ("arc", 1e-6), ("random", 0.03)])
@pytest.mark.parametrize("start", [0.1, 0.5, 0.9])
def test_a_start_has_the_order_asked_for(begun: str, tolerance: float, start: float, rng: np.random.Generator) -> None:
    phases = transient.first_phases(begun, start, 5000, rng)
    assert ns.oscillators.order(phases) == pytest.approx(start, abs=tolerance)


def test_on_the_manifold_the_second_moment_is_the_square_of_the_first_and_on_an_arc_it_is_not(rng: np.random.Generator) -> None:
    second = {begun: abs(ns.oscillators.order(2 * transient.first_phases(begun, 0.8, 5000, rng))) for begun in ("scattered", "arc")}
    assert second["scattered"] == pytest.approx(0.64, abs=1e-9)
    assert abs(second["arc"] - 0.64) > 0.2


@pytest.mark.parametrize("begun", ["scattered", "arc"])
def test_neighbours_in_frequency_have_phases_spread_as_all_have(begun: str, rng: np.random.Generator) -> None:
    """Fifty at a time, whose phases if drawn would have orders 0.1 apart."""
    groups = transient.first_phases(begun, 0.6, 5000, rng).reshape(100, 50)
    assert np.abs(ns.oscillators.order(groups) - 0.6).max() < 0.06


def test_scattered_oscillators_follow_the_theory_more_closely_than_random_ones() -> None:
    gaps = [transient.run(begun, 5000, 0.0, 4.0, 0.1, 0, rng=np.random.default_rng(1))["gap"] for begun in ("scattered", "random")]
    assert gaps[0] < 0.5 * gaps[1]


@pytest.mark.parametrize("setting", [{"start": [0.9]}, {"coupling": [3.0]}, {"n": [200]}, {"lag": [0.6]}, {"sample": range(2)}])
def test_the_figure_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    grid, fixed = transient.EXPERIMENT.settings("tiny")
    data = sweep(transient.run, {**grid, "n": [200, 400], **setting}, fixed={**fixed, "duration": 5.0}, progress=False)
    transient.figure(data).get_figure().canvas.draw()
