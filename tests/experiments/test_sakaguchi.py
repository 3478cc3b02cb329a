"""Sakaguchi's model: the theory drawn, and the figure of what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments import sakaguchi
from neurosim.sweep import sweep


def test_the_theory_of_lorentzian_frequencies() -> None:
    """Closed forms, around the middle of 1."""
    order, frequency = sakaguchi.steady("lorentzian", 3.0, 0.6)
    assert order == pytest.approx(np.sqrt(1 - 2 / (3 * np.cos(0.6))))
    assert frequency == pytest.approx(1 - 3 * np.sin(0.6) + np.tan(0.6))
    assert sakaguchi.steady("lorentzian", 2.0, 0.6)[0] == 0.0
    assert sakaguchi.critical("lorentzian", 0.6) == pytest.approx(2 / np.cos(0.6))


def test_without_a_lag_gaussian_oscillators_turn_with_the_middle() -> None:
    order, frequency = sakaguchi.steady("gaussian", 3.0, 0.0)
    assert order == pytest.approx(0.925182, abs=1e-5)
    assert frequency == pytest.approx(sakaguchi.CENTER)
    assert np.isnan(sakaguchi.steady("gaussian", 1.0, 0.0)[1])


@pytest.mark.parametrize(
    "setting", [{"coupling": [3.0]}, {"sample": [0]}, {"coupling": [1.0]}, {"frequencies": ["gaussian"], "lag": [0.0]}]
)
def test_the_figure_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    grid, fixed = sakaguchi.EXPERIMENT.settings("tiny")
    data = sweep(sakaguchi.run, {**grid, **setting}, fixed={**fixed, "n": 100, "duration": 10.0}, progress=False)
    ax: Any = sakaguchi.figure(data)
    ax.get_figure().canvas.draw()
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in ax.get_figure().axes)
