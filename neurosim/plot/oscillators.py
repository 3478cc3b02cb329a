r"""Figures of phase oscillators: their phases on the circle, and phase over oscillators and time.

:func:`phase_circle` draws oscillators as points :math:`e^{i \theta_j}` and their mean, the order parameter :math:`z = r e^{i \psi}`, as an
arrow: of length 1 where all agree. :func:`space_time` draws phases as colours, one row for each oscillator; where an oscillator keeps in
step with a reference its colour does not change.

Both draw a run, and the last look of it where there is one circle only. So both grow with time under :func:`neurosim.plot.animate`:

>>> import numpy as np
>>> import neurosim as ns
>>> model = ns.Kuramoto(ns.oscillators.lorentzian(50), coupling=4.0)
>>> record = {"phases": ns.Trace(lambda state: state.phases, dims=("oscillator",), every=5)}
>>> run = ns.simulate(model, model.init(seed=1), steps=20, record=record)
>>> ns.plot.animate(run, ns.plot.phase_circle, "phases", fps=10, size=(3.2, 3.2)).frames
5
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.plot.runs import recorded
from neurosim.plot.style import COLOURS, FAINT, axes_or_new, axis_label, figure, value_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Units = int | slice | Sequence[int] | npt.NDArray[Any]
TAIL = 40
"""Looks over which the way of an order parameter is drawn."""


def phase_circle(
    run: xr.Dataset,
    name: str = "phases",
    *,
    labels: npt.ArrayLike | None = None,
    relative_to: Units | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the last phases of a run on the circle, with an arrow for the order parameter and the way that it came.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    name
        Name of the recording; its dimensions are time and the oscillators. In radians.
    labels
        The cluster, 0, 1, ..., of each oscillator, shape (n,): each has a colour and an arrow. By default there is one.
    relative_to
        Oscillators, by their places, whose mean phase is turned to 0; by default nothing is turned.
    ax
        Axes to draw in; a new square figure by default.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the recording is unknown or has other dimensions, or labels do not fit.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"phases": (("time", "oscillator"), [[0.0, 1.0], [0.0, 0.5]])}, coords={"time": [0.0, 1.0]})
    >>> phase_circle(run).get_title("left")
    'time = 1, r = 0.97'
    """
    data, time = _phases(run, name)
    groups = _groups(labels, data.shape[1])
    waves = np.exp(1j * _turned(data, relative_to))
    panel: Axes = figure(size=(3.6, 3.6))[1] if ax is None else ax
    _draw_circle(panel)
    means = []
    for cluster in np.unique(groups):
        colour, place = COLOURS[int(cluster) % len(COLOURS)], 1.0 - 0.07 * int(cluster)
        part = waves[:, groups == cluster]
        _draw_points(panel, part[-1] * place, colour)
        means.append(_draw_arrow(panel, part[-TAIL:].mean(axis=1), colour))
    panel.set_title(f"{_moment(data, time)}, r = {', '.join(f'{mean:.2f}' for mean in means)}", loc="left")
    return panel


def space_time(
    run: xr.Dataset,
    name: str = "phases",
    *,
    relative_to: Units | None = None,
    colour_map: str = "twilight",
    ax: Axes | None = None,
) -> Axes:
    """Draw phases as colours over time and oscillators.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    name
        Name of the recording; its dimensions are time and the oscillators. In radians.
    relative_to
        Oscillators, by their places, whose mean phase is taken off at each time; by default none is.
    colour_map
        Name of a Matplotlib colour map that ends as it begins.
    ax
        Axes to draw in; a new figure by default. The colour bar takes its place from them.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the recording is unknown or has other dimensions.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"phases": (("time", "oscillator"), [[0.0, 1.0], [0.5, 1.5]])}, coords={"time": [0.0, 1.0]})
    >>> ax = space_time(run, relative_to=0)
    >>> ax.get_ylabel(), ax.collections[0].get_array().ravel().tolist()
    ('oscillator', [0.0, 0.0, 1.0, 1.0])
    """
    data, time = _phases(run, name)
    ax = axes_or_new(ax)
    wrapped = (_turned(data, relative_to) + np.pi) % (2 * np.pi) - np.pi
    rows = np.arange(data.shape[1] + 1) - 0.5
    box: dict[str, Any] = {"vmin": -np.pi, "vmax": np.pi, "cmap": colour_map, "rasterized": True}
    image = ax.pcolormesh(_edges(data[time].values), rows, wrapped.T, **box)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, aspect=25, ticks=[-np.pi, 0.0, np.pi])
    bar.ax.set_yticklabels(["−π", "0", "π"])
    bar.set_label("phase (rad)" if relative_to is None else "phase to the reference (rad)")
    bar.outline.set_visible(False)  # type: ignore[operator]
    ax.set_xlabel(axis_label(_named(data[time])))
    ax.set_ylabel(axis_label(data[data.dims[1]]))
    return ax


def _phases(run: xr.Dataset, name: str) -> tuple[xr.DataArray, str]:
    """Return recorded phases, (time, oscillators), and the name of their time."""
    data, time = recorded(run, name)
    extra = [str(dim) for dim in data.dims if dim != time]
    if len(extra) != 1 or not data.size:
        error = ValueError(f"recording {name!r} must have a time dimension and one of oscillators, got {dict(data.sizes)}")
        raise with_hint(error, "choose one of the others with run.isel(...)")
    return data.transpose(time, ...), time


def _groups(labels: npt.ArrayLike | None, n: int) -> npt.NDArray[Any]:
    groups = np.zeros(n, int) if labels is None else np.asarray(labels)
    if groups.shape != (n,) or not np.issubdtype(groups.dtype, np.integer) or groups.min() < 0:
        raise ValueError(
            f"labels must be whole numbers from 0, one for each of {n} oscillators, got {groups.dtype} of shape {groups.shape}"
        )
    return groups


def _turned(data: xr.DataArray, relative_to: Units | None) -> npt.NDArray[np.float64]:
    """Return phases after taking off the phase of the mean of the reference at each time."""
    values = np.asarray(data, dtype=float)
    if relative_to is None:
        return values
    reference = values[:, [relative_to] if isinstance(relative_to, int | np.integer) else relative_to]
    if not reference.shape[1]:
        raise ValueError(f"relative_to must name oscillators among 0 ... {values.shape[1] - 1}, got none: {relative_to!r}")
    return values - np.angle(np.exp(1j * reference).mean(axis=1))[:, None]


def _edges(times: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return where the columns of looks begin and end: half way between them."""
    if len(times) < 2:
        return np.array([times[0], times[0]], float)
    middles = (times[1:] + times[:-1]) / 2
    return np.concatenate([[2 * times[0] - middles[0]], middles, [2 * times[-1] - middles[-1]]])


def _draw_circle(ax: Axes) -> None:
    from matplotlib.patches import Circle

    ax.add_patch(Circle((0.0, 0.0), 1.0, fill=False, edgecolor=FAINT, linewidth=0.8))
    ax.plot(0.0, 0.0, "+", color=FAINT, markersize=6)
    ax.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.set(xlabel="cos θ", ylabel="sin θ")


def _draw_points(ax: Axes, waves: npt.NDArray[np.complex128], colour: str) -> None:
    fade = float(np.clip(60.0 / len(waves), 0.08, 0.9))
    ax.plot(waves.real, waves.imag, "o", color=colour, alpha=fade, markersize=5, markeredgewidth=0, rasterized=len(waves) > 1000)


def _draw_arrow(ax: Axes, way: npt.NDArray[np.complex128], colour: str) -> float:
    """Draw the way of an order parameter and an arrow to its end, whose length is returned."""
    ax.plot(way.real, way.imag, color=colour, linewidth=0.9, alpha=0.6)
    end: Any = (way[-1].real, way[-1].imag)
    arrow: dict[str, Any] = {"arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": colour, "linewidth": 2.0}
    ax.annotate("", end, (0.0, 0.0), arrowprops={**arrow, "shrinkA": 0.0, "shrinkB": 0.0}, zorder=3.0)
    return float(abs(way[-1]))


def _moment(data: xr.DataArray, time: str) -> str:
    """Write the time of the last look, with as many digits in every frame of an animation."""
    return value_label(_named(data[time]), data[time].values[-1])


def _named(time: xr.DataArray) -> xr.DataArray:
    return time if "long_name" in time.attrs else time.rename("time")
