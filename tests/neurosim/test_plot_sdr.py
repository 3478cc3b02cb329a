"""Code overlaps and temporal memory: what is drawn is what was counted and recorded, and it moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurosim.plot import animate
from neurosim.plot.sdr import code_overlaps, column_cells, column_raster, moving_columns
from neurosim.sdr import Code, Codes, random_codes

pytestmark = pytest.mark.usefixtures("_close_figures")

# Three columns of two cells, four looks: column 0 bursts and predicts 1, which comes and predicts 2, which does not come: 0 bursts
ACTIVE = [[0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [1, 1, 0, 0, 0, 0]]
PREDICTIVE = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0]]


@pytest.fixture
def run() -> xr.Dataset:
    masks = {"active": (("time", "cell"), np.array(ACTIVE, bool)), "predictive": (("time", "cell"), np.array(PREDICTIVE, bool))}
    return xr.Dataset(masks, coords={"time": [0.0, 1.0, 2.0, 3.0]})


def marks(ax: Any) -> dict[str, list[tuple[float, int]]]:
    """Return time and column of each mark, by the name of its kind."""
    return {line.get_label(): list(zip(line.get_xdata().tolist(), line.get_ydata().tolist(), strict=True)) for line in ax.lines}


class TestCodeOverlaps:
    def test_the_picture_holds_the_overlaps_and_few_are_written(self) -> None:
        table = random_codes(5, 64, 16, rng=np.random.default_rng(1))
        ax: Any = code_overlaps(table)
        np.testing.assert_array_equal(np.asarray(ax.images[0].get_array()), table.overlaps(table))
        assert [int(text.get_text()) for text in ax.texts] == table.overlaps(table).ravel().tolist()
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.images[0].colorbar.ax.get_ylabel()) == ("code", "code", "units shared")

    def test_two_tables_make_rows_and_columns_and_many_codes_are_not_written(self) -> None:
        rng = np.random.default_rng(1)
        rows, columns = random_codes(20, 64, 16, rng=rng), random_codes(3, 64, 4, rng=rng)
        ax: Any = code_overlaps(rows, columns)
        np.testing.assert_array_equal(np.asarray(ax.images[0].get_array()), rows.overlaps(columns))
        assert not ax.texts

    def test_what_is_no_table_is_refused(self) -> None:
        table: Any = Codes([Code([1], 4)])
        with pytest.raises(TypeError, match="codes must be a table of codes, got Code"):
            code_overlaps(table[0])
        with pytest.raises(TypeError, match="other must be a table of codes, got list"):
            code_overlaps(table, [1, 2])  # pyright: ignore[reportArgumentType]
        with pytest.raises(ValueError, match="other must have size 4, got 5"):
            code_overlaps(table, Codes([Code([1], 5)]))


class TestColumnRaster:
    def test_a_column_is_predicted_by_the_look_before(self, run: xr.Dataset) -> None:
        ax = column_raster(run, cells=2)
        wanted = {"active, predicted": [(2.0, 1)], "bursting": [(1.0, 0), (3.0, 0)], "predicted, silent": [(3.0, 2)]}
        assert marks(ax) == wanted
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "column")

    def test_recordings_of_other_names_and_with_the_cells_first(self, run: xr.Dataset) -> None:
        other = run.rename(active="on", predictive="soon").transpose("cell", "time")
        assert marks(column_raster(other, "on", predictive="soon", cells=2)) == marks(column_raster(run, cells=2))

    def test_chosen_columns_lie_above_each_other_under_their_numbers(self, run: xr.Dataset) -> None:
        ax: Any = column_raster(run, cells=2, columns=[2, 0])
        wanted = {"active, predicted": [], "bursting": [(1.0, 1), (3.0, 1)], "predicted, silent": [(3.0, 0)]}
        assert marks(ax) == wanted
        assert [label.get_text() for label in ax.get_yticklabels()] == ["2", "0"]

    def test_it_grows_with_time(self, run: xr.Dataset) -> None:
        growing = animate(run, column_raster, "active", cells=2)
        assert growing.frames == 4
        assert marks(growing.still(2))["bursting"] == [(1.0, 0)]
        assert growing.still(1).get_xlim() == growing.still(3).get_xlim()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"cells": 4}, "cells must divide the 6 cells of recording 'active', got 4"),
            ({"cells": 0}, "cells must be at least 1, got 0"),
            ({"name": "actve"}, "the run has no recording 'actve'"),
            ({"predictive": "anomaly"}, "recording 'anomaly' must have a time dimension and one of cells"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, run: xr.Dataset, change: dict[str, Any], message: str) -> None:
        data = run.assign(anomaly=("time", np.zeros(4)))
        options: dict[str, Any] = {"cells": 2} | change
        with pytest.raises(ValueError, match=message):
            column_raster(data, **options)

    def test_masks_of_different_shapes_are_refused(self, run: xr.Dataset) -> None:
        data = run.assign(predictive=(("time", "unit"), np.zeros((4, 4), bool)))
        with pytest.raises(ValueError, match="must have one shape"):
            column_raster(data, cells=2)


class TestColumnCells:
    def test_cells_are_silent_predictive_predicted_or_bursting(self, run: xr.Dataset) -> None:
        pictures = [np.asarray(column_cells(run.isel(time=slice(k + 1)), cells=2).images[0].get_array()).T.tolist() for k in range(4)]
        assert pictures[1] == [[3, 3], [0, 1], [0, 0]]
        assert pictures[2] == [[0, 0], [0, 2], [1, 0]]
        assert pictures[3] == [[3, 3], [0, 1], [0, 0]]

    def test_an_active_cell_that_expects_the_next_input_has_a_dot(self, run: xr.Dataset) -> None:
        ax: Any = column_cells(run, cells=2)
        assert (ax.lines[0].get_xdata().tolist(), ax.lines[0].get_ydata().tolist()) == ([0], [1])
        assert ax.get_title("left") == "time = 3"

    def test_chosen_columns_stand_side_by_side_under_their_numbers(self, run: xr.Dataset) -> None:
        ax: Any = column_cells(run, cells=2, columns=[2, 0])
        assert np.asarray(ax.images[0].get_array()).T.tolist() == [[0, 0], [3, 3]]
        assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "0"]

    @pytest.mark.parametrize("columns", [[3], [-1], [], [0.5]])
    def test_columns_that_are_not_there_are_refused(self, run: xr.Dataset, columns: Any) -> None:
        with pytest.raises(ValueError, match="columns must be some of 0 ... 2"):
            column_cells(run, cells=2, columns=columns)
        with pytest.raises(ValueError, match="columns must be some of 0 ... 2"):
            moving_columns(run, cells=2, columns=columns)

    def test_a_column_is_not_shown_twice(self, run: xr.Dataset) -> None:
        with pytest.raises(ValueError, match="columns must differ, got 1 twice"):
            column_raster(run, cells=2, columns=[0, 1, 1])


class TestMovingColumns:
    def test_both_pictures_show_the_look_of_the_frame(self, run: xr.Dataset) -> None:
        moving = moving_columns(run, cells=2)
        assert moving.frames == 4
        for k in (1, 3):
            above, below = moving.still(k)
            part = run.isel(time=slice(k + 1))
            assert marks(above) == marks(column_raster(part, cells=2))
            np.testing.assert_array_equal(below.images[0].get_array(), column_cells(part, cells=2).images[0].get_array())

    def test_the_time_axis_stands_still_and_a_gif_comes_out(self, run: xr.Dataset) -> None:
        moving = moving_columns(run.isel(time=slice(2)), cells=2, columns=[0, 1], size=(4.0, 4.0))
        assert moving.still(0)[0].get_xlim() == moving.still(1)[0].get_xlim()
        assert moving.gif()[:6] == b"GIF89a"
