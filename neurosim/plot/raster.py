r"""Rasters that stay quick with millions of spikes, and the population rate.

The population rate in a bin of width :math:`\Delta` (ms) that holds :math:`n` spikes of :math:`N` units is
:math:`r = 1000\, n / (N \Delta)` (Hz).

Up to 20,000 spikes are drawn as one mark each, in vector formats too. More are counted pixel by pixel whenever the figure is drawn, so
that zooming in and saving at a higher resolution bring out the detail: a pixel with a spike is never empty, and the more spikes fall
into it the darker it is, in logarithmic steps.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.errors import nearest, with_hint
from neurosim.plot.style import COLOURS, FAINT, axes_or_new, axis_label, legend

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MOST_MARKS = 20_000
FAINTEST = 0.4
CELL = 0.5
"""Points; a spike of a density image is not smaller."""


class Events(NamedTuple):
    """Spikes of one recording."""

    name: str
    time: np.ndarray
    row: np.ndarray
    units: np.ndarray
    start: float
    stop: float
    label: str


class Layer(NamedTuple):
    """Spikes of one colour."""

    label: str
    colour: str
    time: np.ndarray
    row: np.ndarray
    size: int


def raster(
    run: xr.Dataset,
    name: str | Sequence[str],
    *,
    groups: Mapping[str, Any] | None = None,
    bin: float | None = 5.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the spikes of a run, one row per unit, and underneath the population rate.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    name
        Name of a recording of spikes, or several: then they stand above each other, each in its colour.
    groups
        Units of one recording to colour alike, by the name of the group: numbers, a slice or a range. Other units are grey.
    bin
        Width of the bins of the rate in ms; None draws no rate.
    ax
        Axes to draw in; their lower part becomes the Axes of the rate. A new figure by default.

    Returns
    -------
    Axes
        Those of the raster. Those of the rate share their time axis and follow them in ``ax.figure.axes``.

    Raises
    ------
    ValueError
        If a recording is unknown or without spikes, a group names unknown units or units of another group, or bin is not positive.

    Examples
    --------
    >>> import xarray as xr
    >>> coords = {"exc_time": ("exc_spike", [0.5, 1.0, 7.5], {"units": "ms", "start": 0.0, "stop": 10.0})}
    >>> run = xr.Dataset({"exc_unit": ("exc_spike", np.array([0, 3, 1], np.uint32), {"n_units": 4})}, coords=coords)
    >>> ax = raster(run, "exc")
    >>> ax.figure.axes[1].get_xlabel(), ax.figure.axes[1].get_ylabel(), ax.get_ylabel()
    ('time (ms)', 'rate (Hz)', 'unit')
    """
    names = [name] if isinstance(name, str) else list(name)
    if not names:
        raise ValueError("name must be the name of a recording of spikes or several, got none")
    if groups is not None and len(names) > 1:
        raise ValueError(f"groups are of the units of one recording, got {len(names)} recordings")
    if bin is not None and not (math.isfinite(bin) and bin > 0):
        raise ValueError(f"bin must be a positive number of ms or None, got {bin!r}")
    events = [spikes(run, one) for one in names]
    layers = _stacked(events) if groups is None else _grouped(events[0], groups)
    ax = axes_or_new(ax)
    below = None if bin is None else _split(ax)
    start, stop = min(one.start for one in events), max(one.stop for one in events)
    ax.set_xlim(start, stop if stop > start else start + 1.0)
    ax.set_ylim(-0.5, max(sum(one.units.size for one in events), 1) - 0.5)
    _draw(ax, layers)
    _label(ax, below, events)
    if below is not None and bin is not None:
        _draw_rates(below, layers, (start, stop), bin)
    if groups is not None:
        for layer in layers:
            ax.plot([], [], linestyle="", marker="s", color=layer.colour, label=layer.label)
        legend(ax, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=min(len(layers), 5), borderaxespad=0.0)
    return ax


def spikes(run: xr.Dataset, name: str) -> Events:
    """Return a recording of spikes; rows are the places of its units among those recorded.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"exc_unit": ("exc_spike", [1, 1])}, coords={"exc_time": ("exc_spike", [0.5, 3.0])})
    >>> spikes(run, "exc").units
    array([0, 1])
    """
    known = [key.removesuffix("_unit") for key in map(str, run.data_vars) if run[key].dims == (key.removesuffix("_unit") + "_spike",)]
    if name not in known:
        raise with_hint(ValueError(f"the run has no recording of spikes {name!r}"), nearest(name, known))
    unit, time = run[f"{name}_unit"], run[f"{name}_time"]
    row, at = np.asarray(unit).astype(np.int64), np.asarray(time, dtype=float)
    size = int(unit.attrs.get("n_units", row.max(initial=-1) + 1))
    units = np.asarray(unit.attrs.get("recorded", np.arange(size))).reshape(-1)
    if "recorded" in unit.attrs:
        row = np.searchsorted(units, row)
    start, stop = float(time.attrs.get("start", 0.0)), float(time.attrs.get("stop", at.max(initial=0.0)))
    return Events(name, at, row, units, start, stop, axis_label(time.rename("time")))


def _stacked(events: Sequence[Events]) -> list[Layer]:
    """Put recordings above each other, the first one lowest."""
    layers, base = [], 0
    for index, one in enumerate(events):
        layers.append(Layer(one.name.replace("_", " "), COLOURS[index % len(COLOURS)], one.time, one.row + base, one.units.size))
        base += one.units.size
    return layers


def _grouped(events: Events, groups: Mapping[str, Any]) -> list[Layer]:
    """Take the spikes of one recording apart by groups of units; those of no group come first."""
    owner = np.full(events.units.size, -1)
    for index, (label, members) in enumerate(groups.items()):
        rows = _rows(events, label, members)
        if (owner[rows] >= 0).any():
            unit, other = events.units[rows[owner[rows] >= 0][0]], list(groups)[owner[rows].max()]
            raise ValueError(f"groups: unit {unit} belongs to {other!r} and to {label!r}")
        owner[rows] = index
    group = owner[events.row]
    parts = [(-1, "others", FAINT), *((index, label, COLOURS[index % len(COLOURS)]) for index, label in enumerate(groups))]
    sizes = {index: int((owner == index).sum()) for index, _, _ in parts}
    return [
        Layer(label, colour, events.time[group == index], events.row[group == index], sizes[index])
        for index, label, colour in parts
        if sizes[index]
    ]


def _rows(events: Events, label: str, members: Any) -> np.ndarray:
    """Return the rows of the units of a group."""
    last = int(events.units.max(initial=-1))
    units = np.arange(last + 1)[members] if isinstance(members, slice) else np.unique(np.asarray(members))
    missing = np.setdiff1d(units, events.units)
    if isinstance(members, slice):
        units = np.setdiff1d(units, missing)
    elif missing.size or units.dtype.kind not in "iu":
        raise ValueError(
            f"groups: {label!r} must be numbers of recorded units, up to {last}, got {(missing if missing.size else units)[:5]}"
        )
    return np.searchsorted(events.units, units)


def _split(ax: Axes) -> Axes:
    """Give the lower part of the Axes to new ones with the same time axis."""
    figure, spec = ax.get_figure(), ax.get_subplotspec()
    assert figure is not None
    if spec is not None:
        upper, lower = spec.subgridspec(2, 1, height_ratios=(3, 1), hspace=0.06)
        ax.set_subplotspec(upper)
        below = figure.add_subplot(lower, sharex=ax)
    else:
        box = ax.get_position()
        ax.set_position((box.x0, box.y0 + 0.28 * box.height, box.width, 0.72 * box.height))
        below = figure.add_axes((box.x0, box.y0, box.width, 0.22 * box.height), sharex=ax)
    for side in ("top", "right"):
        below.spines[side].set_visible(ax.spines[side].get_visible())
    ax.tick_params(labelbottom=False)
    return below


def _draw(ax: Axes, layers: Sequence[Layer]) -> None:
    """Draw marks or, where they are too many, their density."""
    if sum(layer.time.size for layer in layers) > MOST_MARKS:
        ax.add_artist(_density_class()(layers))
        return
    low, high = ax.get_ylim()
    height = 72.0 * ax.get_window_extent().height / ax.figure.dpi / (high - low)
    marker, size = ("|", min(0.8 * height, 9.0)) if height > 2.5 else (".", 2.2)
    for layer in layers:
        ax.plot(
            layer.time,
            layer.row,
            linestyle="",
            marker=marker,
            markersize=size,
            markeredgewidth=0.8 if marker == "|" else 0.0,
            color=layer.colour,
        )


def _label(ax: Axes, below: Axes | None, events: Sequence[Events]) -> None:
    """Write what the axes are."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    (below or ax).set_xlabel(events[0].label)
    ax.set_ylabel("unit")
    ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    units = events[0].units
    if len(events) > 1:
        sizes = np.array([one.units.size for one in events])
        ends = np.cumsum(sizes)
        ax.set_yticks(ends - sizes / 2 - 0.5, [f"{one.name.replace('_', ' ')}\n{one.units.size:,}" for one in events])
        for end in ends[:-1]:
            ax.axhline(end - 0.5, color="black", linewidth=0.6)
    elif not np.array_equal(units, np.arange(units.size)):
        ax.yaxis.set_major_formatter(FuncFormatter(lambda row, _: _unit_at(units, row)))


def _unit_at(units: np.ndarray, row: float) -> str:
    """Return the number of the unit in a row; nothing where there is no row."""
    return str(units[int(row)]) if row == int(row) and 0 <= row < units.size else ""


def rate(time: np.ndarray, size: int, start: float, stop: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rate (Hz) of units per bin, and the edges of the bins; the last one ends with the recording.

    Examples
    --------
    >>> rate(np.array([0.0, 1.0, 9.0]), 2, 0.0, 10.0, 4.0)
    (array([250.,   0., 250.]), array([ 0.,  4.,  8., 10.]))
    """
    count = max(math.ceil((stop - start) / width - 1e-9), 1)
    edges = np.minimum(start + width * np.arange(count + 1), stop if stop > start else start + width)
    index = np.minimum(np.floor((time - start) / width + 1e-9).astype(np.int64), count - 1)
    return 1000.0 * np.bincount(index, minlength=count) / (max(size, 1) * np.diff(edges)), edges


def _draw_rates(ax: Axes, layers: Sequence[Layer], span: tuple[float, float], width: float) -> None:
    for layer in layers:
        values, edges = rate(layer.time, layer.size, *span, width)
        ax.stairs(values, edges, baseline=None, color=layer.colour, linewidth=1.0)
    ax.set_ylabel("rate (Hz)")
    ax.set_ylim(bottom=0.0)


def density(time: np.ndarray, row: np.ndarray, span: tuple[float, float], rows: tuple[float, float], shape: tuple[int, int]) -> np.ndarray:
    """Count spikes per pixel.

    Where a row is several pixels high, a spike fills them, except for a gap of one pixel between rows from 4 pixels on.

    Parameters
    ----------
    time, row
        Spikes; those outside the window do not count.
    span, rows
        The window.
    shape
        Pixels up and across.

    Returns
    -------
    ndarray
        (pixels up, pixels across) integers; the lowest rows first.

    Examples
    --------
    >>> density(np.array([0.0, 0.1, 5.0]), np.array([0, 0, 1]), (0.0, 10.0), (-0.5, 1.5), (2, 4))
    array([[2, 0, 0, 0],
           [0, 0, 1, 0]])
    """
    height, width = shape
    across = np.floor((time - span[0]) * (width / (span[1] - span[0]))).astype(np.int64)
    across[time == span[1]] = width - 1
    inside = (across >= 0) & (across < width) & (row + 0.5 > rows[0]) & (row - 0.5 < rows[1])
    if not inside.all():
        across, row = across[inside], row[inside]
    scale = height / (rows[1] - rows[0])
    if scale <= 1.0:
        up = np.clip((row - rows[0]) * scale, 0, height - 1).astype(np.int64)
        return np.bincount(up * width + across, minlength=height * width).reshape(shape)
    lowest, highest = math.ceil(rows[0] - 0.5), math.floor(rows[1] + 0.5)
    counts = np.bincount((row - lowest) * width + across, minlength=(highest - lowest + 1) * width).reshape(-1, width)
    middle = rows[0] + (np.arange(height) + 0.5) / scale
    image = counts[np.clip(np.floor(middle + 0.5).astype(np.int64) - lowest, 0, len(counts) - 1)]
    if scale >= 4.0:
        image[(middle + 0.5) % 1.0 * scale < 1.0] = 0
    return image


@functools.cache
def _density_class() -> type[Any]:
    """Return the class of the artist; it is made late, for Matplotlib to be imported late."""
    from matplotlib.artist import Artist, allow_rasterization
    from matplotlib.colors import to_rgb

    class Density(Artist):
        """Counts spikes per pixel whenever it is drawn."""

        def __init__(self, layers: Sequence[Layer]) -> None:
            super().__init__()
            self._layers = layers
            self.set_zorder(2.0)
            self.set_in_layout(False)

        @allow_rasterization
        def draw(self, renderer: Any) -> None:
            """Draw the image at the resolution of the renderer."""
            ax: Any = self.axes
            if not self.get_visible() or ax is None:
                return
            box, scale = ax.bbox, renderer.get_image_magnification()
            cell = max(1, int(CELL * renderer.points_to_pixels(1.0) * scale))
            shape = (max(1, round(box.height * scale / cell)), max(1, round(box.width * scale / cell)))
            context = renderer.new_gc()
            context.set_clip_rectangle(box)
            renderer.draw_image(context, box.x0, box.y0, self.image(shape).repeat(cell, 0).repeat(cell, 1))
            context.restore()
            self.stale = False

        def image(self, shape: tuple[int, int]) -> np.ndarray:
            """Return the pixels (up, across, RGBA); where groups meet, the one with more spikes shows."""
            ax: Any = self.axes
            across, up = ax.get_xlim(), ax.get_ylim()
            window = (min(across), max(across)), (min(up), max(up))
            turn = np.s_[:: -1 if ax.yaxis_inverted() else 1, :: -1 if ax.xaxis_inverted() else 1]
            counts = [density(layer.time, layer.row, *window, shape)[turn] for layer in self._layers]
            most = np.max(counts, axis=0)
            top = math.log(max(int(most.max()), 2))
            pixels = np.zeros((*shape, 4), np.uint8)
            for layer, count in zip(self._layers, counts, strict=True):
                here = (count > 0) & (count == most)
                pixels[here, :3] = np.round(255.0 * np.array(to_rgb(layer.colour)))
            shown = most > 0
            fade = FAINTEST if most.max() > 1 else 1.0
            pixels[shown, 3] = np.round(255.0 * (fade + (1.0 - fade) * np.log(most[shown]) / top))
            return pixels

    return Density
