"""The energy landscape of a network: the surface, trajectories on it, and where they came to rest.

The surface is a map of filled contours. Attractors are filled with the colour of their own energy, on the same scale: one that lies deeper
than the surface at its place, such as a mixture of three patterns seen against the plane through them, is seen to do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot.style import axes_or_new, axis_label, legend

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

LEVELS = 24
WANTED = ("energy", "path", "path_energy", "attractor", "attractor_energy", "attractor_count")


def landscape(data: xr.Dataset, *, trajectories: int | None = 60, colour_map: str = "viridis", ax: Axes | None = None) -> Axes:
    """Draw an energy landscape with trajectories.

    Parameters
    ----------
    data
        What :func:`neurosim.hopfield.landscape.section` or :func:`neurosim.hopfield.landscape.projection` returned.
    trajectories
        Draw the first so many; None draws all.
    colour_map
        Name of a Matplotlib colour map.
    ax
        Axes to draw in; a new figure by default. The colour bar takes its place from them.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the Dataset is of another kind.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.hopfield.landscape import section
    >>> rng = np.random.default_rng(0)
    >>> patterns = ns.hopfield.random_patterns(2, 200, rng=rng)
    >>> memory = ns.hopfield.DenseHopfield(patterns)
    >>> record = {"spins": ns.Trace(memory.spins, dims=("unit",)), "energy": ns.Trace(memory.energy)}
    >>> run = ns.simulate(memory, memory.init(ns.hopfield.flip(patterns[0], 0.3, rng=rng), seed=1), steps=4, record=record)
    >>> ax = landscape(section(memory, run, patterns, points=21))
    >>> ax.get_xlabel()
    'overlap with the first pattern'
    """
    missing = [name for name in WANTED if name not in data]
    if missing:
        raise ValueError(f"data must be a landscape of neurosim.hopfield.landscape, got a Dataset without {missing}")
    if trajectories is not None and trajectories < 0:
        raise ValueError(f"trajectories must be at least 0, got {trajectories}")
    ax = axes_or_new(ax)
    scale = _surface(ax, data, colour_map)
    paths = np.asarray(data["path"].isel(replica=slice(trajectories)), dtype=float)
    _draw_paths(ax, paths)
    _draw_places(ax, data, scale, colour_map)
    ax.set(xlabel=axis_label(data["x"]), ylabel=axis_label(data["y"]), aspect="equal")
    legend(ax, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=4, columnspacing=1.2, handletextpad=0.4)
    return ax


def _surface(ax: Axes, data: xr.Dataset, colour_map: str) -> Any:
    """Draw the filled contours and return their colour scale, which also covers the attractors."""
    from matplotlib.ticker import MaxNLocator

    surface = data["energy"].transpose("y", "x")
    values = [np.asarray(surface, dtype=float).ravel(), np.asarray(data["attractor_energy"], dtype=float)]
    low, high = (function(np.concatenate(values)) for function in (np.nanmin, np.nanmax))
    levels = MaxNLocator(LEVELS, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high if high > low else low + 1e-6)
    ax.set_facecolor("#EDEDED")
    at = np.asarray(data["x"]), np.asarray(data["y"]), np.ma.masked_invalid(surface)
    filled = ax.contourf(*at, levels=levels, cmap=colour_map)
    thin = ax.contour(*at, levels=levels, colors="white", linewidths=0.3, alpha=0.5)
    if "edge" in data:
        _clip(ax, np.asarray(data["edge"], dtype=float), [filled, thin])
    bar = ax.figure.colorbar(filled, cax=ax.inset_axes((1.03, 0.0, 0.04, 1.0)), label=axis_label(data["energy"]))
    bar.ax.yaxis.set_major_locator(MaxNLocator(6))
    bar.outline.set_visible(False)  # type: ignore[operator]
    return filled.norm


def _clip(ax: Axes, edge: np.ndarray, drawn: list[Any]) -> None:
    """Cut the surface off at the outline of what states project to."""
    from matplotlib.patches import Polygon

    outline = Polygon(edge, closed=True, fill=False, edgecolor="black", linewidth=0.7, zorder=1.5)
    box = ax.axis()
    ax.add_patch(outline)
    ax.axis(box)
    for artist in drawn:
        artist.set_clip_path(outline)


def _draw_paths(ax: Axes, paths: np.ndarray) -> None:
    """Draw trajectories, their starts, and the ends of those that were still moving."""
    from matplotlib import patheffects

    halo = [patheffects.Stroke(linewidth=2.0, foreground="black", alpha=0.55), patheffects.Normal()]
    for index in range(paths.shape[1]):
        ax.plot(*paths[:, index].T, color="white", linewidth=0.9, path_effects=halo, zorder=2.5, solid_joinstyle="round")
    dot = {"linestyle": "", "markeredgecolor": "black", "markeredgewidth": 0.7, "zorder": 3.0}
    if paths.shape[1]:
        ax.plot(*paths[0].T, marker="o", markersize=3.4, markerfacecolor="white", label="start", **dot)
    moving = (paths[-1] != paths[-2]).any(axis=-1) if len(paths) > 1 else np.zeros(paths.shape[1], bool)
    if moving.any():
        ax.plot(*paths[-1, moving].T, marker="s", markersize=3.6, markerfacecolor="#E69F00", label="end", **dot)


def _draw_places(ax: Axes, data: xr.Dataset, scale: Any, colour_map: str) -> None:
    """Mark attractors, their area by how many trajectories came there, and the patterns."""
    if data.sizes["attractor"]:
        share = np.asarray(data["attractor_count"] / data["attractor_count"].max(), dtype=float)
        ax.scatter(
            *np.asarray(data["attractor"], dtype=float).T, s=25 + 70 * share, c=np.asarray(data["attractor_energy"], dtype=float),
            norm=scale, cmap=colour_map, edgecolors="#D55E00", linewidths=1.6, zorder=3.4, label="attractor",
        )  # fmt: skip
    if "corner" in data:
        ax.plot(
            *np.asarray(data["corner"], dtype=float).T, "*", markersize=11, markerfacecolor="white", markeredgecolor="black",
            markeredgewidth=0.8, zorder=3.6, label="pattern",
        )  # fmt: skip
