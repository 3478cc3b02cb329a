r"""Figures of sparse codes: how they overlap, and what a temporal memory predicts, cell by cell and over time.

:func:`code_overlaps` draws the units that each code of a table shares with each of another.

A run of a temporal memory holds two recordings of masks over cells, cell c in column c // cells: which cells are active, and which are
predictive, that is, expect the *next* input.

>>> import numpy as np
>>> import neurosim as ns
>>> from neurosim.sdr import Code, Codes, Driven, TemporalMemory
>>> memory = TemporalMemory(40, 4, activation_threshold=3, min_threshold=3, max_new=5, initial=0.6)
>>> letters = Codes([Code(range(5 * k, 5 * k + 5), 40) for k in range(4)])
>>> model = Driven(memory, letters)
>>> record = {
...     "active": ns.Trace(lambda state: Code(state.active, 160).dense(), dims=("cell",)),
...     "predictive": ns.Trace(lambda state: memory.predictive_cells(state).dense(), dims=("cell",)),
... }
>>> run = ns.simulate(model, model.init(seed=1), steps=12, record=record)

:func:`column_raster` draws columns over time: those active as predicted, those that burst because nothing had predicted them, those
predicted that stayed silent. :func:`column_cells` draws the cells at the last look. Both grow with time under
:func:`neurosim.plot.animate`; :func:`moving_columns` moves both at once.

>>> ax = column_raster(run, cells=4)
>>> [text.get_text() for text in ax.get_legend().get_texts()]
['active, predicted', 'bursting', 'predicted, silent']
>>> moving_columns(run, cells=4).frames
13
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import with_hint
from neurosim.plot.animation import Animation
from neurosim.plot.runs import recorded
from neurosim.plot.style import COLOURS, FAINT, axes_or_new, axis_label, figure, legend, value_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from neurosim.sdr.codes import Codes

Mask = npt.NDArray[np.bool_]
PREDICTED, BURST, NEXT = COLOURS[0], COLOURS[1], COLOURS[2]
WRITTEN = 16
"""Codes up to which overlaps are written as numbers."""


def code_overlaps(codes: Codes, other: Codes | None = None, *, colour_map: str = "viridis", ax: Axes | None = None) -> Axes:
    """Draw how many units each code shares with each of another table, or of its own.

    Parameters
    ----------
    codes
        The rows.
    other
        The columns; the rows again by default. Then a code's overlap with itself, its number of active units, stands on the diagonal.
    colour_map
        Matplotlib name.
    ax
        Axes to draw in; a new square figure by default. The colour bar takes its place from them.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a table of codes, or sizes differ.

    Examples
    --------
    >>> from neurosim.sdr import Code, Codes
    >>> ax = code_overlaps(Codes([Code([1, 2, 3], 9), Code([2, 3, 4], 9)]))
    >>> [text.get_text() for text in ax.texts]
    ['3', '2', '2', '3']
    """
    for name, table in (("codes", codes), ("other", other)):
        if not hasattr(table, "overlaps") and (name == "codes" or table is not None):
            raise TypeError(f"{name} must be a table of codes, got {type(table).__name__}")
    counts = codes.overlaps(codes if other is None else other)
    panel: Axes = figure(size=(4.6, 4.0))[1] if ax is None else ax
    image = panel.imshow(counts, cmap=colour_map, vmin=0, interpolation="nearest")
    bar = panel.figure.colorbar(image, ax=panel, pad=0.02, aspect=25)
    bar.set_label("units shared")
    bar.outline.set_visible(False)  # type: ignore[operator]
    if max(counts.shape) <= WRITTEN:
        _write(panel, counts)
    panel.set(xlabel="code", ylabel="code")
    _whole_ticks(panel.xaxis, panel.yaxis)
    return panel


def _write(ax: Axes, counts: npt.NDArray[Any]) -> None:
    bright = counts > counts.max() / 2
    for (row, column), count in np.ndenumerate(counts):
        ax.text(column, row, str(count), ha="center", va="center", fontsize=8, color="black" if bright[row, column] else "white")


def _whole_ticks(*axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


# --- temporal memory ----------------------------------------------------------------------------------------------------------


class Columns(NamedTuple):
    """What the columns of a run did.

    `active` and `predictive` are masks (looks, columns, cells); `expected` says which columns were predictive one look before.
    """

    active: Mask
    predictive: Mask
    expected: Mask
    time: xr.DataArray

    def until(self, stop: int) -> Columns:
        """Return the first looks."""
        return Columns(self.active[:stop], self.predictive[:stop], self.expected[:stop], self.time[:stop])

    def kinds(self) -> tuple[Mask, Mask, Mask]:
        """Return masks (looks, columns): active and predicted, bursting, predicted but silent."""
        active = self.active.any(axis=2)
        return active & self.expected, active & ~self.expected, self.expected & ~active


def columns_of(run: xr.Dataset, active: str, predictive: str, cells: int) -> Columns:
    """Return the recordings of a run as masks over looks, columns and cells.

    Raises
    ------
    ValueError
        If a recording is unknown, has other dimensions, or its cells do not make whole columns.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"active": (("time", "cell"), [[0, 0], [1, 1]]), "predictive": (("time", "cell"), [[0, 1], [0, 0]])})
    >>> [kind.tolist() for kind in columns_of(run, "active", "predictive", 1).kinds()]
    [[[False, False], [False, True]], [[False, False], [True, False]], [[False, False], [False, False]]]
    """
    cells = whole("cells", cells, 1)
    masks = [_masks(run, name, cells) for name in (active, predictive)]
    if masks[0].shape != masks[1].shape:
        raise ValueError(f"recordings {active!r} and {predictive!r} must have one shape, got {masks[0].shape} and {masks[1].shape}")
    expected = np.zeros(masks[0].shape[:2], bool)
    expected[1:] = masks[1][:-1].any(axis=2)
    data, time = recorded(run, active)
    return Columns(masks[0], masks[1], expected, data[time])


def _masks(run: xr.Dataset, name: str, cells: int) -> Mask:
    data, time = recorded(run, name)
    if data.ndim != 2 or not data.size:
        raise ValueError(f"recording {name!r} must have a time dimension and one of cells, got {dict(data.sizes)}")
    values = np.asarray(data.transpose(time, ...)) != 0
    if values.shape[1] % cells:
        error = ValueError(f"cells must divide the {values.shape[1]} cells of recording {name!r}, got {cells}")
        raise with_hint(error, "it is the number of cells in a column of the memory")
    return values.reshape(len(values), -1, cells)


def column_raster(
    run: xr.Dataset,
    name: str = "active",
    *,
    predictive: str = "predictive",
    cells: int,
    columns: Sequence[int] | npt.NDArray[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw columns over time: active as predicted, bursting, and predicted but silent.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned, looked at in every tick.
    name, predictive
        Names of the recordings: masks over time and cells. A look shows which cells are active, and which expect the next input.
    cells
        Number of cells in a column.
    columns
        Which columns to show, from below, each once: those of one symbol after those of another make its steps visible. All by default.
    ax
        Axes to draw in; a new figure by default.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If a recording is unknown, has other dimensions, or its cells do not make whole columns, or there is no such column.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"active": (("time", "cell"), [[0, 0], [1, 1]]), "predictive": (("time", "cell"), [[0, 1], [0, 0]])})
    >>> ax = column_raster(run.assign_coords(time=[0.0, 1.0]), cells=1)
    >>> [line.get_ydata().tolist() for line in ax.lines]
    [[1], [0], []]
    """
    found = columns_of(run, name, predictive, cells)
    shown = _chosen(columns, found.active.shape[1])
    ax = axes_or_new(ax)
    _draw_raster(ax, found, shown)
    return ax


def _draw_raster(ax: Axes, columns: Columns, shown: npt.NDArray[np.int64]) -> None:
    times, n = columns.time.values, shown.size
    looks = (("active, predicted", PREDICTED, "s"), ("bursting", BURST, "D"), ("predicted, silent", FAINT, "x"))
    for mask, (label, colour, marker) in zip(columns.kinds(), looks, strict=True):
        look, row = np.nonzero(mask[:, shown])
        style: Any = {"linestyle": "none", "marker": marker, "color": colour, "markeredgewidth": 0.8 if marker == "x" else 0.0}
        ax.plot(times[look], row, markersize=_mark(n), rasterized=look.size > 20_000, label=label, **style)
    ax.set(ylim=(-1, n), ylabel="column", xlabel=axis_label(_named(columns.time)))
    if np.array_equal(times, np.round(times)):
        _whole_ticks(ax.xaxis)
    if not np.array_equal(shown, np.arange(columns.active.shape[1])):
        _label(ax.yaxis, shown)
    legend(ax, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.0, markerscale=max(1.0, 4.5 / _mark(n)))


def _mark(n: int) -> float:
    """Return the size of a mark of n rows, in points."""
    return float(np.clip(250.0 / n, 1.2, 5.0))


def column_cells(
    run: xr.Dataset,
    name: str = "active",
    *,
    predictive: str = "predictive",
    cells: int,
    columns: Sequence[int] | npt.NDArray[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cells of columns at the last look: active as predicted, active in a burst, and predictive for the next input.

    Parameters
    ----------
    run, name, predictive, cells
        As for :func:`column_raster`.
    columns
        Which columns to show, left to right; all by default.
    ax
        Axes to draw in; a new figure by default.

    Returns
    -------
    Axes
        Those drawn in. The picture holds 0 for silent cells, 1 for predictive, 2 for active ones that had been predicted, 3 for bursting;
        a predictive cell that is active too has a dot.

    Raises
    ------
    ValueError
        If a recording is unknown or has other dimensions, or there is no such column.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"active": (("time", "cell"), [[0, 0], [1, 1]]), "predictive": (("time", "cell"), [[0, 1], [0, 0]])})
    >>> ax = column_cells(run.assign_coords(time=[0.0, 1.0]), cells=1)
    >>> ax.images[0].get_array().tolist(), ax.get_title("left")
    ([[3, 2]], 'time = 1')
    """
    found = columns_of(run, name, predictive, cells)
    shown = _chosen(columns, found.active.shape[1])
    ax = axes_or_new(ax)
    _draw_cells(ax, found, shown)
    return ax


def _draw_cells(ax: Axes, found: Columns, shown: npt.NDArray[np.int64]) -> None:
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    active, coming = found.active[-1, shown], found.predictive[-1, shown]
    states = np.where(active, np.where(found.expected[-1, shown], 2, 3)[:, None], coming.astype(int))
    palette = ["#F1F2F3", NEXT, PREDICTED, BURST]
    ax.imshow(states.T, cmap=ListedColormap(palette), vmin=0, vmax=3, aspect="auto", interpolation="nearest", origin="lower")
    place, cell = np.nonzero(active & coming)
    ax.plot(place, cell, "o", color=NEXT, markersize=2.5, markeredgecolor="white", markeredgewidth=0.4)
    ax.set(xlabel="column", ylabel="cell")
    ax.set_title(value_label(_named(found.time), found.time.values[-1]), loc="left")
    _whole_ticks(ax.xaxis, ax.yaxis)
    if not np.array_equal(shown, np.arange(found.active.shape[1])):
        _label(ax.xaxis, shown)
    kinds = zip(("active, predicted", "bursting", "predicted next"), (PREDICTED, BURST, NEXT), strict=True)
    patches = [Patch(color=colour, label=label) for label, colour in kinds]
    ax.legend(handles=patches, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.0, frameon=False, handlelength=1.0)


def _chosen(columns: Sequence[int] | npt.NDArray[Any] | None, n: int) -> npt.NDArray[np.int64]:
    if columns is None:
        return np.arange(n)
    shown = np.asarray(columns)
    if shown.ndim != 1 or not shown.size or not np.issubdtype(shown.dtype, np.integer) or shown.min() < 0 or shown.max() >= n:
        raise ValueError(f"columns must be some of 0 ... {n - 1}, got {columns!r}")
    if np.unique(shown).size < shown.size:
        raise ValueError(f"columns must differ, got {shown[np.flatnonzero(np.bincount(shown)[shown] > 1)[0]]} twice")
    return shown


def _label(axis: Any, shown: npt.NDArray[np.int64]) -> None:
    """Write the numbers of some of the columns."""
    places = np.unique(np.linspace(0, shown.size - 1, min(shown.size, 8)).astype(int))
    axis.set_ticks(places, [str(shown[place]) for place in places])


def moving_columns(
    run: xr.Dataset,
    name: str = "active",
    *,
    predictive: str = "predictive",
    cells: int,
    columns: Sequence[int] | npt.NDArray[Any] | None = None,
    fps: float = 6.0,
    size: tuple[float, float] = (7.0, 5.0),
) -> Animation:
    """Show a temporal memory at work: the raster of its columns grows, and below are their cells at that look.

    Parameters
    ----------
    run, name, predictive, cells
        As for :func:`column_raster`.
    columns
        Which columns to show, each once, in their order; all by default.
    fps, size
        As for :class:`~neurosim.plot.Animation`.

    Returns
    -------
    Animation
        With one frame for each look.

    Raises
    ------
    ValueError
        As for :func:`column_cells`.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"active": (("time", "cell"), [[0, 0], [1, 1]]), "predictive": (("time", "cell"), [[0, 1], [0, 0]])})
    >>> moving_columns(run.assign_coords(time=[0.0, 1.0]), cells=1).still(1)[1].get_title("left")
    'time = 1'
    """
    whole_run = columns_of(run, name, predictive, cells)
    shown = _chosen(columns, whole_run.active.shape[1])

    def draw(axes: Any, k: int) -> None:
        part = whole_run.until(k + 1)
        _draw_raster(axes[0], part, shown)
        axes[0].set_xlim(*_span(whole_run.time.values))
        _draw_cells(axes[1], part, shown)

    return Animation(draw, whole_run.time.size, fps, panels=(2, 1), size=size)


def _span(times: npt.NDArray[Any]) -> tuple[float, float]:
    margin = 0.02 * float(times[-1] - times[0]) or 0.5
    return float(times[0]) - margin, float(times[-1]) + margin


def _named(time: xr.DataArray) -> xr.DataArray:
    return time if "long_name" in time.attrs else time.rename("time")
