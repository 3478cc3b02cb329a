"""The house style: colours, sizes, labels, new figures and saved files.

The colours are the eight of Okabe and Ito, *Color Universal Design* (2008), ordered so that neighbours differ most in
lightness; black is kept for theory. A single-panel figure is 5.2 x 3.4 inches, set in 9 point: it fits one and a half columns
of a journal page without scaling.

A figure made here is known to ``matplotlib.pyplot`` only where someone can look at it: in a notebook, in an interactive
session, or in a program that has imported pyplot. Elsewhere (command, workers, tests) it stands alone, needs no display and
is freed with its last reference.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.files import replacing

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
THEORY = "#000000"
FAINT = "#9AA0A6"
WIDTH, HEIGHT = 5.2, 3.4

_SIZES: dict[str, Any] = {
    "font.size": 9.0,
    "axes.labelsize": 10.0,
    "axes.titlesize": 10.0,
    "legend.fontsize": 8.5,
    "legend.title_fontsize": 8.5,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "axes.linewidth": 0.8,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
}
_LOOK: dict[str, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "figure.constrained_layout.use": True,
    "figure.max_open_warning": 0,
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "image.cmap": "viridis",
    "svg.hashsalt": "neurosim",
}


@contextmanager
def style(**overrides: Any) -> Iterator[None]:
    """Use the house style for everything created inside a ``with`` block.

    Parameters
    ----------
    **overrides
        Matplotlib settings that differ, by their dotted names: ``style(**{"font.size": 12})``.

    Raises
    ------
    KeyError
        If an override is not a Matplotlib setting.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with style(**{"font.size": 12}):
    ...     mpl.rcParams["font.size"], mpl.rcParams["axes.spines.top"]
    (12.0, False)
    """
    import matplotlib as mpl
    from cycler import cycler

    settings: dict[Any, Any] = {**_SIZES, **_LOOK, "axes.prop_cycle": cycler(color=COLOURS), **overrides}
    interactive = mpl.is_interactive()
    try:
        with mpl.rc_context(settings):
            yield
            interactive = mpl.is_interactive()
    finally:
        mpl.interactive(interactive)  # a notebook switches it on with the first figure, for good


def in_notebook() -> bool:
    """Say whether this code runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return hasattr(shell, "kernel")


def _someone_looks() -> bool:
    return "matplotlib.pyplot" in sys.modules or in_notebook() or hasattr(sys, "ps1")


def _bare_figure(size: tuple[float, float], alone: bool) -> Figure:
    if _someone_looks() and not alone:
        import matplotlib.pyplot as plt

        return plt.figure(figsize=size)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=size)
    FigureCanvasAgg(made)
    return made


def figure(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, alone: bool = False, **options: Any
) -> tuple[Figure, Any]:
    """Make a figure with a grid of Axes in the house style.

    Parameters
    ----------
    rows, columns
        Number of panels down and across, at least 1.
    size
        Width and height in inches; 5.2 x 3.4 for one panel, slightly less per panel for several.
    alone
        Keep the figure from pyplot also where someone looks.
    **options
        Passed to ``Figure.subplots``: ``sharex``, ``sharey``, ``width_ratios``, ``squeeze``, ...

    Returns
    -------
    Figure
        The figure.
    Axes or ndarray of Axes
        One Axes for one panel, else an array (rows, columns) with axes of length 1 dropped.

    Raises
    ------
    ValueError
        If rows or columns is below 1.

    Examples
    --------
    >>> fig, axes = figure(1, 2, sharey=True)
    >>> axes.shape
    (2,)
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"rows and columns must be at least 1, got {rows} and {columns}")
    shrink = 1.0 if rows == columns == 1 else 0.85
    width, height = size or (WIDTH * (1.0 if columns == 1 else shrink * columns), HEIGHT * (1.0 if rows == 1 else shrink * rows))
    with style():
        made = _bare_figure((width, height), alone)
        return made, made.subplots(rows, columns, **options)


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the Axes given, or those of a new figure."""
    return figure()[1] if ax is None else ax


def legend(ax: Axes, **options: Any) -> Any:
    """Write the legend in the house style, points with error bars before lines; nothing where no artist has a name."""
    from matplotlib.artist import Artist

    handles, names = ax.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda index: isinstance(handles[index], Artist))
    if not names:
        return None
    with style():
        return ax.legend([handles[index] for index in order], [names[index] for index in order], **options)


def _name_and_units(data: xr.DataArray) -> tuple[str, str]:
    name = data.attrs.get("long_name") or ("" if data.name is None else str(data.name).replace("_", " "))
    units = data.attrs.get("units", "")
    return str(name), units if isinstance(units, str) and units != "1" else ""


def axis_label(data: xr.DataArray) -> str:
    """Write the label of an axis: long name (or name), then the units in brackets.

    Examples
    --------
    >>> import xarray as xr
    >>> axis_label(xr.DataArray(0.0, name="rate", attrs={"long_name": "firing rate", "units": "Hz"}))
    'firing rate (Hz)'
    >>> axis_label(xr.DataArray(0.0, name="flipped_fraction", attrs={"units": "1"}))
    'flipped fraction'
    """
    name, units = _name_and_units(data)
    return f"{name} ({units})" if units else name


def value_label(data: xr.DataArray, value: Any) -> str:
    """Write one value of a coordinate for a legend.

    Examples
    --------
    >>> import xarray as xr
    >>> value_label(xr.DataArray([0.5], name="dt", attrs={"long_name": "time step", "units": "ms"}), 0.5)
    'time step = 0.5 ms'
    >>> value_label(xr.DataArray([2000], name="n"), 2000)
    'n = 2,000'
    """
    name, units = _name_and_units(data)
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    text = f"{value:,}" if isinstance(value, (int, np.integer)) and is_number else f"{value:g}" if is_number else str(value)
    return f"{name} = {text} {units}".strip()


def save(drawn: Figure | Axes, stem: str | os.PathLike[str], *, dpi: float = 150) -> tuple[Path, Path]:
    """Write ``stem.png`` and ``stem.svg``, each whole or not at all.

    The same figure gives the same bytes on every run of the same Matplotlib: no dates, fixed identifiers in the SVG.

    Parameters
    ----------
    drawn
        A figure, or Axes in it.
    stem
        Path without ending; missing folders are made.
    dpi
        Dots per inch of the PNG.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    OSError
        If a file cannot be written; an older file of that name is left as it was.

    Examples
    --------
    >>> import tempfile
    >>> fig, ax = figure()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save(ax, folder + "/empty")]
    ['empty.png', 'empty.svg']
    """
    import matplotlib as mpl

    fig: Any = getattr(drawn, "figure", None) or drawn
    folder, name = Path(stem).parent, Path(stem).name
    folder.mkdir(parents=True, exist_ok=True)
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    with mpl.rc_context({"svg.hashsalt": _LOOK["svg.hashsalt"]}):
        with replacing(png) as file:
            fig.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
        with replacing(svg) as file:
            fig.savefig(file, format="svg", metadata={"Date": None})
    return png, svg
