"""Phases on the circle and over time: what is drawn is what was recorded, and both grow in an animation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurosim.plot import animate
from neurosim.plot.oscillators import phase_circle, space_time

pytestmark = pytest.mark.usefixtures("_close_figures")

PHASES = np.array([[0.0, 1.0, 2.0, 6.0], [0.5, 1.5, 3.5, 7.0], [1.0, 2.0, 5.0, 8.0]])


@pytest.fixture
def run() -> xr.Dataset:
    """Four oscillators over three looks."""
    return xr.Dataset({"phases": (("time", "oscillator"), PHASES)}, coords={"time": [0.0, 0.5, 1.0]})


def points(ax: Any) -> list[np.ndarray]:
    """Return the oscillators drawn, as complex numbers, for each cluster."""
    return [line.get_xdata() + 1j * line.get_ydata() for line in ax.lines if line.get_marker() == "o"]


def arrows(ax: Any) -> list[complex]:
    """Return where the arrows end; each is an annotation from the middle to there."""
    return [complex(*text.xy) for text in ax.texts]


class TestPhaseCircle:
    def test_oscillators_stand_where_their_phases_say_and_the_arrow_ends_at_their_mean(self, run: xr.Dataset) -> None:
        ax = phase_circle(run)
        np.testing.assert_allclose(points(ax)[0], np.exp(1j * PHASES[-1]))
        np.testing.assert_allclose(arrows(ax), [np.exp(1j * PHASES[-1]).mean()])
        assert ax.get_title("left") == f"time = 1, r = {abs(np.exp(1j * PHASES[-1]).mean()):.2f}"
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("cos θ", "sin θ")

    def test_the_way_of_the_order_parameter_leads_to_the_arrow(self, run: xr.Dataset) -> None:
        ax = phase_circle(run)
        lines: Any = ax.lines
        (way,) = [line.get_xdata() + 1j * line.get_ydata() for line in lines if np.size(line.get_xdata()) == 3]
        np.testing.assert_allclose(way, np.exp(1j * PHASES).mean(axis=1))

    def test_each_cluster_has_an_arrow(self, run: xr.Dataset) -> None:
        ax = phase_circle(run, labels=[0, 0, 1, 1])
        means = np.exp(1j * PHASES[-1]).reshape(2, 2).mean(axis=1)
        np.testing.assert_allclose(arrows(ax), means)
        assert [len(part) for part in points(ax)] == [2, 2]
        assert ax.get_title("left").endswith(f"r = {abs(means[0]):.2f}, {abs(means[1]):.2f}")

    def test_a_reference_is_turned_to_zero(self, run: xr.Dataset) -> None:
        ax = phase_circle(run, relative_to=[0, 1])
        np.testing.assert_allclose(points(ax)[0], np.exp(1j * (PHASES[-1] - 1.5)))

    @pytest.mark.parametrize("labels", [[0, 1], [0.0, 0.0, 1.0, 1.0], [-1, 0, 0, 0]])
    def test_labels_that_do_not_fit_are_refused(self, run: xr.Dataset, labels: Any) -> None:
        with pytest.raises(ValueError, match="labels must be whole numbers from 0, one for each of 4 oscillators"):
            phase_circle(run, labels=labels)


class TestSpaceTime:
    def test_colours_are_phases_between_minus_pi_and_pi(self, run: xr.Dataset) -> None:
        ax = space_time(run)
        drawn = np.asarray(ax.collections[0].get_array()).reshape(4, 3)
        np.testing.assert_allclose(np.exp(1j * drawn), np.exp(1j * PHASES.T))
        assert abs(drawn).max() <= np.pi
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "oscillator")

    @pytest.mark.parametrize(("reference", "phase"), [(1, PHASES[:, 1]), (slice(0, 2), PHASES[:, :2].mean(axis=1))])
    def test_the_mean_phase_of_a_reference_is_taken_off(self, run: xr.Dataset, reference: Any, phase: np.ndarray) -> None:
        ax = space_time(run, relative_to=reference)
        drawn = np.asarray(ax.collections[0].get_array()).reshape(4, 3)
        np.testing.assert_allclose(np.exp(1j * drawn), np.exp(1j * (PHASES - phase[:, None]).T))

    def test_looks_reach_half_way_to_their_neighbours(self, run: xr.Dataset) -> None:
        edges = space_time(run).collections[0].get_coordinates()[0, :, 0]  # type: ignore[attr-defined]
        np.testing.assert_allclose(edges, [-0.25, 0.25, 0.75, 1.25])

    @pytest.mark.parametrize("reference", [[], slice(4, 6)])
    def test_a_reference_of_none_is_refused(self, run: xr.Dataset, reference: Any) -> None:
        with pytest.raises(ValueError, match="relative_to must name oscillators among 0 ... 3"):
            space_time(run, relative_to=reference)


@pytest.mark.parametrize("draw", [phase_circle, space_time])
class TestBoth:
    def test_they_grow_with_time_within_the_same_limits(self, run: xr.Dataset, draw: Any) -> None:
        moving = animate(run, draw, "phases", size=(2.0, 2.0))
        whole = draw(run)
        assert moving.frames == 3
        for k in range(3):
            assert moving.still(k).get_xlim() == whole.get_xlim()
            assert moving.still(k).get_ylim() == whole.get_ylim()
        assert moving.gif()[:6] == b"GIF89a"

    def test_a_run_they_cannot_draw_is_refused(self, run: xr.Dataset, draw: Any) -> None:
        with pytest.raises(ValueError, match="no recording 'phase'"):
            draw(run, "phase")
        with pytest.raises(ValueError, match="must have a time dimension, got"):
            draw(run.isel(time=0))
        with pytest.raises(ValueError, match="a time dimension and one of oscillators"):
            draw(run.expand_dims(replica=2))
        with pytest.raises(ValueError, match="a time dimension and one of oscillators"):
            draw(run.isel(oscillator=0))
