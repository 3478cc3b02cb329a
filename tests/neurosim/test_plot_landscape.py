"""The landscape is drawn from its Dataset: surface, trajectories, places, words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from neurosim import plot

pytestmark = pytest.mark.usefixtures("_close_figures")


@pytest.fixture
def data() -> xr.Dataset:
    """A bowl with two trajectories that end in it and one that still moves."""
    x = np.linspace(-1, 1, 21)
    path = np.zeros((3, 3, 2))
    path[0] = [[-0.9, 0.1], [0.9, 0.1], [0.0, 0.9]]
    path[1] = [[0.0, 0.0], [0.0, 0.0], [0.0, 0.5]]
    path[2] = [[0.0, 0.0], [0.0, 0.0], [0.0, 0.4]]
    variables: dict[str, Any] = {
        "energy": (("y", "x"), x[:, None] ** 2 + x**2, {"long_name": "energy per unit"}),
        "path": (("time", "replica", "axis"), path),
        "path_energy": (("time", "replica"), np.zeros((3, 3))),
        "attractor": (("attractor", "axis"), [[0.0, 0.0]]),
        "attractor_energy": ("attractor", [-0.5]),
        "attractor_count": ("attractor", [2]),
    }
    coords: dict[str, Any] = {"x": ("x", x, {"long_name": "first"}), "y": ("y", x, {"long_name": "second"})}
    return xr.Dataset(variables, coords=coords)


def words(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_axes_and_colours_are_named(data: xr.Dataset) -> None:
    ax = plot.landscape(data)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first", "second")
    assert ax.child_axes[0].get_ylabel() == "energy per unit"
    assert words(ax) == ["start", "end", "attractor"]


def test_trajectories_are_drawn_where_they_went(data: xr.Dataset) -> None:
    lines = [line.get_xydata() for line in plot.landscape(data).lines]
    for replica in range(3):
        assert any(np.array_equal(line, data.path.isel(replica=replica)) for line in lines)
    starts, ends = (next(line for line in plot.landscape(data).lines if line.get_label() == name) for name in ("start", "end"))
    np.testing.assert_array_equal(starts.get_xydata(), data.path.isel(time=0))
    np.testing.assert_array_equal(ends.get_xydata(), [[0.0, 0.4]])


def test_the_first_trajectories_can_be_chosen(data: xr.Dataset) -> None:
    assert len(plot.landscape(data, trajectories=2).lines) == 2 + 1
    assert len(plot.landscape(data, trajectories=0).lines) == 0
    assert len(plot.landscape(data, trajectories=None).lines) == 3 + 2


def test_the_colours_cover_surface_and_attractors(data: xr.Dataset) -> None:
    ax = plot.landscape(data)
    marks = next(one for one in ax.collections if one.get_label() == "attractor")
    np.testing.assert_array_equal(marks.get_offsets(), [[0.0, 0.0]])
    assert marks.norm.vmin <= -0.5
    assert marks.norm.vmax >= 2.0
    np.testing.assert_array_equal(marks.get_array(), [-0.5])


def test_more_frequent_attractors_are_larger(data: xr.Dataset) -> None:
    extra = {"attractor": (("attractor", "axis"), [[0.0, 0.0], [0.5, 0.5]]), "attractor_energy": ("attractor", [-0.5, -0.4])}
    several = data.drop_dims("attractor").assign(extra).assign(attractor_count=("attractor", [10, 1]))
    sizes = next(one for one in plot.landscape(several).collections if one.get_label() == "attractor").get_sizes()
    assert sizes[0] > sizes[1] > 0


def test_patterns_and_the_edge_are_drawn_where_there_are_some(data: xr.Dataset) -> None:
    edge = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    ax = plot.landscape(data.assign(corner=(("corner", "axis"), [[0.3, 0.3]]), edge=(("vertex", "axis"), edge)))
    assert words(ax) == ["start", "end", "attractor", "pattern"]
    np.testing.assert_array_equal(ax.patches[0].get_xy()[:-1], edge)
    assert all(one.get_clip_path() is not None for one in ax.collections if isinstance(one, mpl.contour.ContourSet))


def test_a_hole_in_the_surface_and_no_attractor(data: xr.Dataset) -> None:
    bare = data.isel(attractor=slice(0))
    bare["energy"] = bare["energy"].where(bare["x"] > -0.5)
    ax = plot.landscape(bare)
    ax.figure.canvas.draw()
    assert words(ax) == ["start", "end"]


def test_a_flat_surface_can_be_drawn(data: xr.Dataset) -> None:
    flat = data.assign(energy=0.0 * data["energy"] - 0.5, attractor_energy=0.0 * data["attractor_energy"] - 0.5)
    plot.landscape(flat).figure.canvas.draw()


def test_it_draws_into_the_axes_given_and_writes_the_same_bytes(data: xr.Dataset, tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        _, ax = plot.figure()
        assert plot.landscape(data, ax=ax) is ax
        written.append([path.read_bytes() for path in plot.save(ax, tmp_path / name)])
    assert written[0] == written[1]


def test_another_dataset_is_refused(data: xr.Dataset) -> None:
    with pytest.raises(ValueError, match=r"without \['path_energy'\]"):
        plot.landscape(data.drop_vars("path_energy"))
    with pytest.raises(ValueError, match="trajectories must be at least 0, got -1"):
        plot.landscape(data, trajectories=-1)
