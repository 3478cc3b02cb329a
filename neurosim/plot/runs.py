r"""Figures of one run: energy descent and overlap trajectories.

Asynchronous zero-temperature updates never raise the energy :math:`H = -\tfrac12 \sum_{i \ne j} J_{ij} s_i s_j`, so
:func:`energy` falls until it reaches a minimum, an attractor. :func:`overlaps` shows which one: the overlap
:math:`m_\mu = \frac1n \sum_i \xi_i^\mu s_i` with the recalled pattern rises to (almost) 1 while the others stay at the level of
chance, :math:`n^{-1/2}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import nearest, with_hint
from neurosim.plot.style import COLOURS, FAINT, MARKERS, THEORY, axes_or_new, axis_label, legend

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MARKED_SAMPLES = 40
CLEAR_WINNER = 0.5


def recorded(run: xr.Dataset, name: str) -> tuple[xr.DataArray, str]:
    """Return a recorded quantity and the name of its time dimension."""
    known = [str(key) for key in run.data_vars]
    if name not in known:
        raise with_hint(ValueError(f"the run has no recording {name!r}"), nearest(name, known))
    data = run[name]
    times = [str(dim) for dim in data.dims if str(dim).startswith("time")]
    if not times:
        raise ValueError(f"recording {name!r} must have a time dimension, got {[str(dim) for dim in data.dims]}")
    return data, times[0]


def _time_axis(ax: Axes, time: xr.DataArray) -> None:
    """Label the axis "time", also where the dimension is called time_energy because another recording looked less often."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel(axis_label(time if "long_name" in time.attrs else time.rename("time")))
    if np.array_equal(time, np.round(time)):
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.margins(x=0.02)
    ax.autoscale_view(scaley=False)


def _marker(samples: int, index: int = 0) -> str:
    return MARKERS[index % len(MARKERS)] if samples <= MARKED_SAMPLES else ""


def energy(
    run: xr.Dataset,
    name: str = "energy",
    *,
    label: str | None = None,
    theory: float | None = None,
    theory_label: str = "theory",
    ax: Axes | None = None,
) -> Axes:
    """Draw the energy of a run against time.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned. The recording has a time dimension and may have replicas: then each is a
        thin line and their median a thick one.
    name
        Name of the recording.
    label, theory_label
        Words for the legend.
    theory
        Where the descent should end, such as ``ns.hopfield.theory.retrieval(load).energy``: a level drawn in black over the lines.
    ax
        Axes to draw in; a new figure by default.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the recording is unknown or has no time dimension.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"energy": ("time", [-2.0, -5.0, -6.0])}, coords={"time": [0.0, 1.0, 2.0]})
    >>> energy(run).get_ylabel()
    'energy'
    """
    data, time = recorded(run, name)
    ax = axes_or_new(ax)
    at = np.asarray(data[time], dtype=float)
    lines = np.asarray(data.transpose(time, ...), dtype=float).reshape(at.size, -1)
    middle = np.median(lines, axis=1)
    (line,) = ax.plot(at, middle, marker=_marker(at.size), markeredgecolor="white", markeredgewidth=0.5, label=label, zorder=3.0)
    if lines.shape[1] > 1:
        fade = float(np.clip(8.0 / lines.shape[1], 0.05, 0.35))
        ax.plot(at, lines, color=line.get_color(), linewidth=0.7, alpha=fade, zorder=2.0)
    if theory is not None:
        ax.axhline(float(theory), color=THEORY, linewidth=1.5, linestyle="--", label=theory_label, zorder=3.5)
    _time_axis(ax, data[time])
    ax.set_ylabel(axis_label(data))
    legend(ax)
    return ax


def _chosen(values: np.ndarray, names: np.ndarray, highlight: Any) -> list[int]:
    """Return positions of the patterns to draw in colour: those asked for, or the one that wins."""
    if highlight is None:
        last = np.abs(values[-1]) if values.size else np.zeros(0)
        return [int(last.argmax())] if last.size and last.max() > CLEAR_WINNER else []
    wanted = np.atleast_1d(np.asarray(highlight))
    missing = [value for value in wanted.tolist() if value not in names]
    if missing:
        raise ValueError(f"highlight must name recorded patterns, got {missing}; recorded are {names.min()} to {names.max()}")
    return [int(np.flatnonzero(names == value)[0]) for value in wanted]


def _draw_others(ax: Axes, at: np.ndarray, values: np.ndarray) -> None:
    from matplotlib.collections import LineCollection

    count = values.shape[1]
    if not count:
        return
    paths = [np.column_stack([at, values[:, index]]) for index in range(count)]
    fade = float(np.clip(40.0 / count, 0.12, 0.8))
    ax.add_collection(LineCollection(paths, colors=FAINT, linewidths=0.8, alpha=fade, rasterized=count > 300, zorder=2.0))
    ax.plot([], [], color=FAINT, linewidth=1.2, label="1 other pattern" if count == 1 else f"{count:,} other patterns")


def overlaps(
    run: xr.Dataset,
    name: str = "overlap",
    *,
    dim: str = "pattern",
    highlight: int | Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the overlaps of a run with each pattern against time.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    name
        Name of the recording; its dimensions are time and ``dim``.
    dim
        The dimension of the patterns.
    highlight
        The patterns drawn in colour, the others stay grey. By default the one with the largest overlap at the end, if it is
        above 0.5.
    ax
        Axes to draw in; a new figure by default.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the recording, the dimension or a highlighted pattern is unknown, or a replica has not been chosen.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"overlap": (("time", "pattern"), [[0.5, 0.1], [1.0, 0.0]])}, coords={"time": [0.0, 1.0]})
    >>> [text.get_text() for text in overlaps(run).get_legend().get_texts()]
    ['pattern 0', '1 other pattern']
    """
    data, time = recorded(run, name)
    extra = [str(key) for key in data.dims if key not in (time, dim)]
    if dim not in data.dims:
        raise ValueError(f"recording {name!r} has no dimension {dim!r}, got {[str(key) for key in data.dims]}")
    if extra:
        raise with_hint(ValueError(f"recording {name!r} has further dimensions {extra}"), f"choose one: run.isel({extra[0]}=0)")
    ax = axes_or_new(ax)
    values, at = np.asarray(data.transpose(time, dim), dtype=float), np.asarray(data[time], dtype=float)
    names = np.asarray(data[dim])
    chosen = _chosen(values, names, highlight)
    ax.axhline(0.0, color="black", linewidth=0.6, zorder=1.0)
    for index, position in enumerate(chosen):
        marker, colour = _marker(at.size, index), COLOURS[index % len(COLOURS)]
        text = f"{dim} {names[position]}"
        ax.plot(at, values[:, position], color=colour, marker=marker, markeredgecolor="white", markeredgewidth=0.5, label=text, zorder=3.0)
    _draw_others(ax, at, np.delete(values, chosen, axis=1))
    _time_axis(ax, data[time])
    ax.set_ylim(min(-0.15, 1.1 * float(np.nanmin(values))) if values.size else -0.15, 1.05)
    ax.set_ylabel(axis_label(data))
    legend(ax)
    return ax
