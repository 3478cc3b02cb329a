"""Units drawn as the pixels of images, side by side in one Axes.

The images of a mosaic share one colour scale and are one picture, pixel for pixel: what is seen is what the array holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.plot.style import FAINT, axes_or_new

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

INCHES = 0.9
"""Width of one image of a mosaic whose size is not given."""


def images(
    data: xr.DataArray,
    *,
    shape: tuple[int, int],
    columns: int | None = None,
    limits: tuple[float, float] = (-1.0, 1.0),
    colour_map: str = "gray_r",
    ax: Axes | None = None,
) -> Axes:
    """Draw units as images.

    Parameters
    ----------
    data
        The last dimension is that of the units. Before it: nothing (one image), one dimension (images, laid out in rows), or two (rows
        and columns, labelled by their coordinates).
    shape
        Height and width of an image, whose product is the number of units.
    columns
        Images side by side where there is one dimension of them; as many as make a square by default.
    limits, colour_map
        Values at the ends of the colour scale, and its Matplotlib name. By default +1 is black and -1 white.
    ax
        Axes to draw in; a new figure by default.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the units do not fit the shape, or there are more than two other dimensions.

    Examples
    --------
    >>> import xarray as xr
    >>> spins = xr.DataArray(np.ones((2, 3, 12)), dims=("stage", "digit", "unit"), coords={"stage": ["cue", "recalled"]})
    >>> ax = images(spins, shape=(4, 3))
    >>> [label.get_text() for label in ax.get_yticklabels()], ax.get_xlabel()
    (['cue', 'recalled'], 'digit')
    """
    stack = image_array(data, shape, columns)
    if ax is None:
        ax = axes_or_new(None)
        ax.figure.set_size_inches(*drawn_shape(stack.shape, shape))  # type: ignore[union-attr]
    mosaic(stack, ax, limits=limits, colour_map=colour_map)
    if data.ndim == 3:
        _label_rows_and_columns(ax, data, shape)
    return ax


def image_array(data: xr.DataArray, shape: tuple[int, int], columns: int | None = None) -> npt.NDArray[np.float64]:
    """Lay units out as images: shape (rows, columns, height, width), NaN where a row is not full."""
    height, width = shape
    if data.ndim > 3 or data.ndim < 1:
        raise ValueError(f"data must have units and at most two dimensions of images, got {[str(dim) for dim in data.dims]}")
    if min(height, width) < 1 or data.shape[-1] != height * width:
        raise ValueError(f"shape must be the height and width of {data.shape[-1]} units, got {height} x {width}")
    values = np.asarray(data, dtype=float).reshape(*data.shape[:-1], height, width)
    if data.ndim == 3:
        return values
    values = values.reshape(-1, height, width)
    across = min(columns or int(np.ceil(np.sqrt(len(values)))), max(len(values), 1))
    if across < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    down = -(-len(values) // across)
    filled = np.full((down * across, height, width), np.nan)
    filled[: len(values)] = values
    return filled.reshape(down, across, height, width)


def drawn_shape(stack: Sequence[int], shape: tuple[int, int]) -> tuple[float, float]:
    """Return a figure size in inches for so many rows and columns of images."""
    rows, columns = stack[:2]
    scale = max(INCHES, 2.0 / max(rows, columns))
    return scale * columns + 0.3, scale * rows * shape[0] / shape[1] + 0.5


def mosaic(stack: npt.NDArray[np.float64], ax: Axes, *, limits: tuple[float, float], colour_map: str) -> Any:
    """Draw images, shape (rows, columns, height, width), in one Axes with a gap of one pixel and a frame around each."""
    from matplotlib.patches import Rectangle

    rows, columns, height, width = stack.shape
    page = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for row in range(rows):
        for column in range(columns):
            top, left = row * (height + 1), column * (width + 1)
            page[top : top + height, left : left + width] = stack[row, column]
            if not np.isnan(stack[row, column]).all():
                ax.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=FAINT, linewidth=0.6))
    ax.imshow(np.ma.masked_invalid(page), cmap=colour_map, vmin=limits[0], vmax=limits[1], interpolation="nearest", aspect="equal")
    ax.set(xticks=[], yticks=[], xlim=(-1.0, page.shape[1]), ylim=(page.shape[0], -1.0))
    ax.spines[:].set_visible(False)
    return ax


def _label_rows_and_columns(ax: Axes, data: xr.DataArray, shape: tuple[int, int]) -> None:
    rows, columns = (str(dim) for dim in data.dims[:2])
    across = (np.arange(data.sizes[columns]) * (shape[1] + 1)) + (shape[1] - 1) / 2
    down = (np.arange(data.sizes[rows]) * (shape[0] + 1)) + (shape[0] - 1) / 2
    ax.set_xticks(across, [str(value) for value in data[columns].values] if columns in data.coords else [])
    ax.set_yticks(down, [str(value) for value in data[rows].values] if rows in data.coords else [])
    ax.tick_params(length=0)
    ax.set(xlabel=_name(data, columns), ylabel=_name(data, rows))


def _name(data: xr.DataArray, dim: str) -> str:
    from neurosim.plot.style import axis_label

    return axis_label(data[dim])
