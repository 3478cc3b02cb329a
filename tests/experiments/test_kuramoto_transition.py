"""The transition: without coupling nothing is amplified, the step does not matter, and the figure draws whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments import kuramoto_transition as transition
from neurosim.sweep import sweep


def measured(**settings: Any) -> Any:
    grid, fixed = transition.EXPERIMENT.settings("tiny")
    grid = {**grid, "n": [100], "coupling": [1.0, 3.0], "draw": [0, 1], **settings}
    return sweep(transition.run, grid, fixed={**fixed, "transient": 20.0, "measured": 20.0}, progress=False)


@pytest.mark.parametrize("distribution", transition.FREQUENCIES)
def test_without_coupling_phases_are_independent(distribution: str) -> None:
    """N <r^2> = 1, of 16 networks over 200 units of time."""
    points = [transition.run(distribution, "random", 100, 0.0, draw, rng=np.random.default_rng(draw)) for draw in range(16)]
    assert 100 * np.mean([point["square"] for point in points]) == pytest.approx(1.0, abs=0.1)
    assert transition.exact_fluctuation(distribution, 0.0) == pytest.approx(1.0, abs=1e-6)


def test_oscillators_that_turn_several_times_in_a_step_change_nothing() -> None:
    """Of 400 Lorentzian oscillators the fastest turn at hundreds of radians per unit of time: 20 radians in a step of 0.05."""
    found = [transition.run("lorentzian", "random", 400, 4.0, 0, dt=dt, rng=np.random.default_rng(3))["r"] for dt in (0.05, 0.01)]
    assert found[0] == pytest.approx(found[1], abs=0.003)


def test_quantiles_scatter_less_than_draws() -> None:
    data = measured(n=[400], coupling=[4.0], draw=range(6)).r.std("draw").isel(n=0, coupling=0)
    assert (data.sel(placed="quantiles") < data.sel(placed="random") / 4).all()


@pytest.mark.parametrize("setting", [{"draw": [0]}, {"coupling": [3.0]}, {"n": [50, 100]}, {"distribution": ["gaussian"]}])
def test_the_figure_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    ax = transition.figure(measured(**setting))
    ax.get_figure().canvas.draw()
