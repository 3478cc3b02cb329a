"""Mosaics show each unit as one pixel, in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurosim import plot

pytestmark = pytest.mark.usefixtures("_close_figures")


@pytest.fixture
def table(rng: np.random.Generator) -> xr.DataArray:
    values = np.where(rng.random((2, 3, 20)) < 0.5, -1, 1)
    return xr.DataArray(values, dims=("stage", "digit", "unit"), coords={"stage": ["cue", "recalled"], "digit": [7, 2, 1]})


def page(ax: plt.Axes) -> np.ndarray:  # type: ignore[name-defined]  # noqa: F821
    return ax.images[0].get_array().filled(np.nan)


def test_every_unit_is_one_pixel_in_its_place(table: xr.DataArray) -> None:
    shown = page(plot.images(table, shape=(4, 5)))
    assert shown.shape == (2 * 4 + 1, 3 * 5 + 2)
    for row in range(2):
        for column in range(3):
            part = shown[row * 5 : row * 5 + 4, column * 6 : column * 6 + 5]
            np.testing.assert_array_equal(part, table.values[row, column].reshape(4, 5))
    assert np.isnan(shown[4]).all()
    assert np.isnan(shown[:, 5]).all()


def test_rows_and_columns_carry_their_names(table: xr.DataArray) -> None:
    ax = plot.images(table, shape=(4, 5))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["cue", "recalled"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["7", "2", "1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("digit", "stage")
    np.testing.assert_allclose(ax.get_xticks(), [2, 8, 14])


@pytest.mark.parametrize(
    ("count", "columns", "expected"), [(1, None, (1, 1)), (5, None, (2, 3)), (5, 5, (1, 5)), (3, 9, (1, 3)), (5, 1, (5, 1))]
)
def test_images_in_a_row_are_laid_out(count: int, columns: int | None, expected: tuple[int, int]) -> None:
    data = xr.DataArray(np.ones((count, 4)), dims=("image", "unit"))
    ax = plot.images(data, shape=(2, 2), columns=columns)
    assert page(ax).shape == (expected[0] * 3 - 1, expected[1] * 3 - 1)
    assert len(ax.patches) == count


def test_one_image_and_the_colour_scale() -> None:
    ax = plot.images(xr.DataArray([0.0, 0.5, 1.0, 2.0], dims="unit"), shape=(2, 2), limits=(0.0, 2.0), colour_map="viridis")
    np.testing.assert_array_equal(page(ax), [[0.0, 0.5], [1.0, 2.0]])
    assert ax.images[0].get_clim() == (0.0, 2.0)
    assert ax.images[0].get_cmap().name == "viridis"


def test_it_draws_into_the_axes_given_and_writes_the_same_bytes(table: xr.DataArray, tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        _, ax = plot.figure()
        assert plot.images(table, shape=(4, 5), ax=ax) is ax
        written.append([path.read_bytes() for path in plot.save(ax, tmp_path / name)])
    assert written[0] == written[1]


def test_what_does_not_fit_is_refused(table: xr.DataArray) -> None:
    with pytest.raises(ValueError, match="height and width of 20 units, got 4 x 4"):
        plot.images(table, shape=(4, 4))
    with pytest.raises(ValueError, match="height and width of 20 units, got -4 x -5"):
        plot.images(table, shape=(-4, -5))
    with pytest.raises(ValueError, match="at most two dimensions of images"):
        plot.images(table.expand_dims("trial"), shape=(4, 5))
    with pytest.raises(ValueError, match="columns must be at least 1, got -1"):
        plot.images(table.isel(stage=0), shape=(4, 5), columns=-1)
