r"""Figures of a sweep: a curve with its theory, and a phase diagram with its lines.

Error bars are one standard error of the mean over *independent* samples. In a sweep the independent samples are the disorder
seeds: cues recalled from one network share its couplings, so averaging over ``("seed", "cue")`` first takes the mean
over the cues of a seed, :math:`y_s`, and then

.. math:: \bar y = \frac{1}{n}\sum_{s=1}^{n} y_s, \qquad
          \Delta = \sqrt{\frac{1}{n(n-1)} \sum_{s=1}^{n} (y_s - \bar y)^2},

with n the number of seeds present. Missing points (NaN) are left out; one sample alone has no error bar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import nearest, with_hint
from neurosim.plot.style import COLOURS, DASHES, MARKERS, THEORY, axes_or_new, axis_label, legend, value_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    Theory = Callable[[float], float] | xr.DataArray | tuple[ArrayLike, ArrayLike]

THEORY_POINTS = 401


def _check_dims(data: xr.DataArray, wanted: Sequence[str], exactly: bool = True) -> None:
    known = [str(dim) for dim in data.dims]
    for dim in wanted:
        if dim not in known:
            raise with_hint(ValueError(f"data has no dimension {dim!r}, got dimensions {known}"), nearest(dim, known))
    if extra := [dim for dim in known if exactly and dim not in wanted]:
        hint = f"average over them (over={extra[0]!r} or .mean({extra[0]!r})) or choose one value (.isel({extra[0]}=0))"
        raise with_hint(ValueError(f"data has dimensions {extra} that the figure has no place for, wanted {list(wanted)}"), hint)


def mean_and_error(data: xr.DataArray, over: str | Sequence[str]) -> tuple[xr.DataArray, xr.DataArray]:
    """Average over dimensions; standard error over the first of them.

    Parameters
    ----------
    data
        Any shape; NaN means missing.
    over
        The dimension of the independent samples, then those to average within each sample.

    Returns
    -------
    mean, error
        Without the dimensions averaged; ``error`` is NaN where fewer than two samples are present.

    Raises
    ------
    ValueError
        If a dimension is unknown.

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.DataArray([[1.0, 3.0], [5.0, 7.0]], dims=("seed", "cue"))
    >>> mean, error = mean_and_error(data, ("seed", "cue"))
    >>> float(mean), float(error)
    (4.0, 2.0)
    """
    first, *rest = [over] if isinstance(over, str) else list(over)
    _check_dims(data, [first, *rest], exactly=False)
    samples = data.mean(rest, skipna=True, keep_attrs=True) if rest else data
    count = samples.notnull().sum(first)
    mean = samples.mean(first, skipna=True, keep_attrs=True)
    spread = ((samples - mean) ** 2).sum(first, skipna=True) / (count - 1).where(count > 1)
    return mean, (spread / count.where(count > 1)) ** 0.5


def _theory_line(theory: Theory, x: str, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    if callable(theory):
        at = np.linspace(low, high, THEORY_POINTS)
        return at, np.array([float(theory(float(value))) for value in at])
    if isinstance(theory, tuple):
        at, value = (np.asarray(part, dtype=float) for part in theory)
        return at, value
    _check_dims(theory, [x])
    line = theory.sortby(x)
    return np.asarray(line[x], dtype=float), np.asarray(line, dtype=float)


def _looks(count: int) -> list[tuple[Any, str]]:
    if count <= len(COLOURS):
        return [(COLOURS[index], MARKERS[index]) for index in range(count)]
    import matplotlib as mpl

    shades = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, count))
    return [(shade, MARKERS[index % len(MARKERS)]) for index, shade in enumerate(shades)]


def _draw_points(ax: Axes, x: str, mean: xr.DataArray, error: xr.DataArray | None, look: tuple[Any, str], name: str | None) -> None:
    order = np.argsort(np.asarray(mean[x], dtype=float))
    at, height = (np.asarray(part, dtype=float)[order] for part in (mean[x], mean))
    bars = None if error is None else np.nan_to_num(np.asarray(error, dtype=float)[order])
    colour, marker = look
    shown = np.isfinite(height)
    ax.errorbar(
        at[shown], height[shown], yerr=None if bars is None else bars[shown], label=name, color=colour, marker=marker, markersize=4.8,
        markeredgecolor="white", markeredgewidth=0.5, linewidth=1.0, elinewidth=1.1, capsize=2.0, capthick=1.1, zorder=2.5,
    )  # fmt: skip


def _draw_theory(ax: Axes, theory: Theory, data: xr.DataArray, x: str, hue: str | None, name: str) -> None:
    low, high = float(data[x].min()), float(data[x].max())
    if hue is None or hue not in getattr(theory, "dims", ()):
        ax.plot(*_theory_line(theory, x, low, high), color=THEORY, linewidth=1.5, label=name, zorder=3.5)
        return
    for index in range(theory.sizes[hue]):  # type: ignore[union-attr]
        line = _theory_line(theory.isel({hue: index}), x, low, high)  # type: ignore[union-attr]
        ax.plot(*line, color=THEORY, linewidth=1.2, linestyle=DASHES[index % len(DASHES)], label=name if index == 0 else None, zorder=3.5)


def curve(
    data: xr.DataArray,
    x: str,
    *,
    over: str | Sequence[str] | None = None,
    hue: str | None = None,
    error: xr.DataArray | None = None,
    theory: Theory | None = None,
    theory_label: str = "theory",
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a quantity against one axis of a sweep, with error bars and the theory on top.

    Parameters
    ----------
    data
        Dimensions ``x``, the dimensions averaged ``over`` and perhaps ``hue``, in any order. NaN means missing.
    x
        Name of the horizontal dimension; its coordinate must be numbers.
    over
        Dimensions to average: first that of the independent samples, over which the standard error is taken, then those
        averaged within each sample. None draws the values as they are.
    hue
        Dimension with one series of points per value, told apart by colour and marker.
    error
        Half lengths of the error bars, where they are known otherwise; same dimensions as the averaged data.
    theory
        A function of one number, a DataArray along ``x`` (perhaps with ``hue``), or a pair of sequences (x, y); drawn in
        black over the points. NaN leaves a gap.
    theory_label, label
        Words for the legend.
    ax
        Axes to draw in; a new figure by default.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If a dimension is unknown, or left over.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> overlap = xr.DataArray(np.ones((3, 4)), dims=("load", "seed"), coords={"load": [0.05, 0.10, 0.15]}, name="overlap")
    >>> ax = curve(overlap, "load", over="seed", theory=lambda load: 1.0)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('load', 'overlap')
    """
    mean, bars = (data, None) if over is None else mean_and_error(data, over)
    bars = bars if error is None else error
    _check_dims(mean, [x] if hue is None else [x, hue])
    ax = axes_or_new(ax)
    choices: list[dict[Any, int]] = [{}] if hue is None else [{hue: index} for index in range(mean.sizes[hue])]
    for choice, look in zip(choices, _looks(len(choices)), strict=True):
        name = label if hue is None else value_label(mean[hue], mean[hue].values[choice[hue]])
        _draw_points(ax, x, mean.isel(choice), None if bars is None else bars.isel(choice), look, name)
    if theory is not None:
        _draw_theory(ax, theory, mean, x, hue, theory_label)
    ax.set_xlabel(axis_label(mean[x]))
    ax.set_ylabel(axis_label(data))
    legend(ax)
    return ax


def _draw_lines(ax: Axes, lines: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> None:
    from matplotlib import patheffects

    halo = [patheffects.Stroke(linewidth=3.0, foreground="black"), patheffects.Normal()]
    for index, (name, (at, height)) in enumerate(lines.items()):
        dash = DASHES[index % len(DASHES)]
        ax.plot(at, height, color="white", linewidth=1.6, linestyle=dash, path_effects=halo, label=name, zorder=3.5)
    legend(ax, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=len(lines))


def phase_diagram(
    data: xr.DataArray,
    x: str,
    y: str,
    *,
    lines: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    limits: tuple[float, float] | None = None,
    colour_map: str = "viridis",
    ax: Axes | None = None,
) -> Axes:
    """Draw a quantity over two axes of a sweep as a map, with phase lines on top.

    Parameters
    ----------
    data
        Dimensions ``x`` and ``y``; NaN (a point not computed) stays grey.
    x, y
        Names of the horizontal and the vertical dimension; their coordinates must be numbers and need not be evenly spaced.
    lines
        Name in the legend -> (x values, y values) of a line of the theory.
    limits
        Values at the two ends of the colour scale; those of the data by default.
    colour_map
        Name of a Matplotlib colour map. The default rises evenly in lightness.
    ax
        Axes to draw in; a new figure by default. The colour bar takes its place from them.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If a dimension is unknown, or left over.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> data = xr.DataArray(np.eye(3), dims=("noise", "load"), coords={"noise": [0.0, 0.5, 1.0], "load": [1, 2, 3]}, name="overlap")
    >>> ax = phase_diagram(data, "load", "noise", lines={"critical": ([1, 3], [1.0, 0.0])})
    >>> ax.get_ylabel()
    'noise'
    """
    _check_dims(data, [x, y])
    ax = axes_or_new(ax)
    table = data.transpose(y, x).sortby([x, y])
    low, high = limits or (None, None)
    values = np.ma.masked_invalid(np.asarray(table, dtype=float))
    ax.set_facecolor("#D0D0D0")
    image = ax.pcolormesh(
        np.asarray(table[x]), np.asarray(table[y]), values, shading="nearest", cmap=colour_map, vmin=low, vmax=high, rasterized=True
    )
    box = ax.axis()
    bar = ax.figure.colorbar(image, ax=ax, label=axis_label(data), pad=0.02, aspect=25)
    bar.outline.set_visible(False)  # type: ignore[operator]
    if lines:
        _draw_lines(ax, lines)
    ax.axis(box)
    ax.set_xlabel(axis_label(data[x]))
    ax.set_ylabel(axis_label(data[y]))
    return ax
