r"""How regularly units fire: the distribution of their interspike intervals.

The coefficient of variation of a unit's intervals is their standard deviation over their mean: 0 for a clock, 1 for a Poisson process,
larger for bursts. Few intervals give too small a value (long ones do not fit into the recording).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.plot.raster import spikes
from neurosim.plot.style import COLOURS, axes_or_new, legend
from neurosim.spiketrains import SpikeTrains, intervals, variation

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

FEWEST_INTERVALS = 3


def isi(run: xr.Dataset, name: str, *, bins: int = 60, ax: Axes | None = None) -> Axes:
    """Draw the distribution of the interspike intervals of all units together; the legend gives their coefficient of variation.

    The CV is the mean over the units with at least three intervals of each one's standard deviation over mean.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    name
        Name of a recording of spikes.
    bins
        Number of bins, from 0 to the 99.5th percentile; longer intervals are counted in the density but not shown.
    ax
        Axes to draw in; a new figure by default. Several recordings may be drawn into the same.

    Returns
    -------
    Axes
        Those drawn in.

    Raises
    ------
    ValueError
        If the recording is unknown, or no unit fired twice.

    Examples
    --------
    >>> import xarray as xr
    >>> coords = {"exc_time": ("exc_spike", 2.0 * np.arange(10), {"units": "ms"})}
    >>> clock = xr.Dataset({"exc_unit": ("exc_spike", np.zeros(10, int))}, coords=coords)
    >>> [text.get_text() for text in isi(clock, "exc").get_legend().get_texts()]
    ['exc: CV = 0.00 (1 unit)']
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise ValueError(f"bins must be a number of bins, at least 1, got {bins!r}")
    events = spikes(run, name)
    first, last = float(events.time.min(initial=0.0)), float(events.time.max(initial=0.0))
    trains = SpikeTrains(events.time, events.row, 1 + int(events.row.max(initial=0)), first, last + 1.0)
    gaps, _ = intervals(trains)
    if not gaps.size:
        raise ValueError(f"recording {name!r} has no intervals: no unit fired twice")
    cv = variation(trains, fewest=FEWEST_INTERVALS)
    cv = cv[np.isfinite(cv)]
    ax = axes_or_new(ax)
    longest = float(np.quantile(gaps, 0.995)) * 1.001
    counts, edges = np.histogram(gaps, bins=bins, range=(0.0, longest))
    count = f"{cv.size:,} unit{'' if cv.size == 1 else 's'}"
    text = f"CV = {cv.mean():.2f} ({count})" if cv.size else "too few intervals for a CV"
    colour = COLOURS[len(ax.patches) // 2 % len(COLOURS)]
    ax.stairs(counts / (gaps.size * np.diff(edges)), edges, fill=True, color=colour, alpha=0.35, label=f"{name.replace('_', ' ')}: {text}")
    ax.stairs(counts / (gaps.size * np.diff(edges)), edges, color=colour, linewidth=1.2)
    ax.set_xlabel("interspike interval (ms)")
    ax.set_ylabel("probability density (1/ms)")
    ax.set_xlim(left=0.0)
    ax.set_ylim(bottom=0.0)
    legend(ax)
    return ax
