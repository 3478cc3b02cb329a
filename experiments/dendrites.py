r"""How often a dendritic segment takes a random code for its pattern

Segments with s synapses on randomly chosen active cells of a pattern see other random codes. All patterns have a of n cells active. How
often at least :math:`\theta` synapses are on active cells is known exactly (:func:`neurosim.sdr.theory.false_positive`); here every segment
meets every code, as many pairs as the authors' program tried, and the counts of active synapses give the errors for all thresholds at
once. Pairs that share a segment, or a code, are independent given it, and equally likely to err: errors scatter as those of independent
pairs.

Sources: S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016); the numbers of the figure "effect of n" are those beside the authors' public
plotting program. Its dashed curve for half of the cells active is of a quarter of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.sdr import theory

LONGEST = 24
AUTHORS = {
    64: ([300, 500, 700], [1.09318e-3, 5.74e-6, 1.1e-7]),
    128: ([300, 500, 700, 900, 1100, 1300, 1500], [0.292048, 7.37836e-3, 3.2014e-4, 2.585e-5, 2.95e-6, 5.9e-7, 1.3e-7]),
    256: (
        [300, 500, 700, 900, 1100, 1300, 1500, 1700, 1900, 2100, 2300, 2500, 2700],
        [0.997368, 0.629267, 0.121048, 1.93688e-2, 3.50879e-3, 7.4956e-4, 1.8659e-4, 5.332e-5, 1.65e-5, 5.58e-6, 2.23e-6, 9.3e-7, 3.2e-7],
    ),
}
"""Numbers of cells and errors that the authors' simulation observed, s = 24, theta = 12."""


def run(n: int, active: int, synapses: int, sample: int, *, segments: int = 6000, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Let segments that know patterns see as many other codes; return the share of pairs that reach each threshold."""
    patterns, others = (ns.sdr.random_codes(segments, n, active, rng=rng) for _ in range(2))
    held = ns.sdr.Segments.sampled(patterns, synapses, threshold=1, rng=rng)
    counts = held.histogram(others).sum(axis=0)
    reached = np.full(LONGEST + 1, np.nan)
    reached[: synapses + 1] = counts[::-1].cumsum()[::-1] / segments**2
    share = xr.DataArray(reached, dims="threshold", coords={"threshold": range(LONGEST + 1)})
    return {"false_positive": share, "pairs": xr.DataArray(float(segments**2))}


GRID = {
    "n": [300, 500, 700, 900, 1100, 1500, 2000, 2700, 3500],
    "active": [64, 128, 256],
    "synapses": [8, 16, 24],
    "sample": range(3),
}


def expected(data: xr.Dataset, threshold: int, synapses: int) -> xr.DataArray:
    """Exact error at the points of the data."""
    values = theory.false_positive(data["n"].values[:, None], data.active.values, synapses, threshold)
    return xr.DataArray(values, dims=("n", "active"), coords={"n": data["n"], "active": data.active})


def error_at(n: int, active: int, synapses: int, threshold: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of an error with its standard error, that of independent pairs."""
    at = {"n": n, "active": active, "synapses": synapses, "threshold": threshold}

    def measure(data: xr.Dataset) -> tuple[float, float]:
        share = float(data.false_positive.sel(at).mean())
        return share, float(np.sqrt(max(share, 1e-300) / pairs(data)))

    return measure


def pairs(data: xr.Dataset) -> int:
    """Pairs of a segment and a code at each point, all samples together."""
    return round(float(data.pairs.isel(n=0, active=0, synapses=0).sum()))


def scatter(data: xr.Dataset) -> float:
    """Mean square of the deviations from theory, in standard errors, where at least 20 pairs should err; theta = s / 2."""
    squares = []
    for synapses in data.synapses.values:
        found = data.false_positive.sel(synapses=synapses, threshold=synapses // 2).mean("sample")
        chance = expected(data, int(synapses) // 2, int(synapses))
        square = (found - chance) ** 2 * pairs(data) / (chance * (1 - chance))
        squares.extend(square.where((chance * pairs(data) > 20) & (chance < 0.999)).values.ravel())
    return float(np.nanmean(squares))


def figure(data: xr.Dataset) -> Axes:
    """Error against cells, against synapses and against the threshold, and the threshold that suits a whole range of neurons."""
    with ns.plot.style():
        _, axes = ns.plot.figure(2, 2, size=(10.5, 7.6))
        (left, right), (below, last) = axes
        _against_cells(data, left)
        _against_synapses(data, right)
        _against_threshold(data, below)
        _median(last)
    return left


def _look(index: int) -> dict[str, Any]:
    return {"color": ns.plot.COLOURS[index], "marker": ns.plot.MARKERS[index], "linestyle": "", "markersize": 5}


def _points(ax: Axes, x: Any, share: xr.DataArray, data: xr.Dataset, **look: Any) -> None:
    """Draw errors that were seen three times or more, with their standard errors."""
    ax.errorbar(x, share.where(share * pairs(data) > 2.5), yerr=np.sqrt(share / pairs(data)), capsize=2, **look)


def _against_cells(data: xr.Dataset, ax: Axes) -> None:
    cells, s = np.arange(300, 3501, 50), int(data.synapses.max())
    for k, active in enumerate(data.active.values):
        ax.plot(cells, theory.false_positive(cells, int(active), s, s // 2), color=ns.plot.COLOURS[k], linewidth=1.2)
        share = data.false_positive.sel(active=active, synapses=s, threshold=s // 2).mean("sample")
        _points(ax, data["n"], share, data, label=f"a = {active}", **_look(k))
        if s == LONGEST and active in AUTHORS:
            ax.plot(*AUTHORS[int(active)], **_look(k) | {"markersize": 9, "markerfacecolor": "none", "markeredgewidth": 0.8})
    half = [float(theory.false_positive(int(n), int(n) // 2, s, s // 2)) for n in cells]
    ax.plot(cells, half, color="black", linewidth=1.0, linestyle="--", label="a = n / 2, theory")
    ax.plot([], [], "o", color="black", markersize=9, markerfacecolor="none", markeredgewidth=0.8, label="authors' program")
    ax.set(yscale="log", ylim=(1e-9, 2), xlabel="number of cells n", ylabel="false positives", title=f"a  s = {s}, θ = {s // 2}")
    ns.plot.legend(ax, loc="upper right", bbox_to_anchor=(1.0, 0.92))


def _against_synapses(data: xr.Dataset, ax: Axes) -> None:
    n, synapses = int(data["n"].sel(n=700, method="nearest")), np.arange(2, 31, 2)
    for k, active in enumerate(data.active.values):
        ax.plot(synapses, theory.false_positive(n, int(active), synapses, synapses // 2), color=ns.plot.COLOURS[k], linewidth=1.2)
        share = data.false_positive.sel(n=n, active=active, threshold=data.synapses // 2).mean("sample")
        _points(ax, data.synapses, share, data, label=f"a = {active}", **_look(k))
    ax.set(yscale="log", xlabel="synapses s", ylabel="false positives", title=f"b  n = {n:,}, θ = s / 2")
    ns.plot.legend(ax, loc="lower left")


def _against_threshold(data: xr.Dataset, ax: Axes) -> None:
    n, s = int(data["n"].sel(n=1100, method="nearest")), int(data.synapses.max())
    thresholds = np.arange(1, s + 1)
    for k, active in enumerate(data.active.values):
        ax.plot(thresholds, theory.false_positive(n, int(active), s, thresholds), color=ns.plot.COLOURS[k], linewidth=1.2)
        share = data.false_positive.sel(n=n, active=active, synapses=s, threshold=thresholds).mean("sample")
        _points(ax, thresholds, share, data, label=f"a = {active}", **_look(k))
    ax.set(yscale="log", ylim=(1e-9, 2), xlabel="threshold θ", ylabel="false positives", title=f"c  n = {n:,}, s = {s}")
    ns.plot.legend(ax, loc="lower left")


@functools.cache
def _medians() -> tuple[np.ndarray, Any]:
    thresholds = np.arange(4, 25, 2)
    return thresholds, theory.median_false_positive(thresholds)


def _median(ax: Axes) -> None:
    ax.axvspan(8, 20, color="0.9", linewidth=0)
    ax.text(14, 1e-37, "NMDA spikes:\n8 to 20 synapses", ha="center")
    ax.plot(*_medians(), color="black", marker="o", markersize=4, linewidth=1.2)
    ax.set(yscale="log", xticks=range(4, 25, 4), xlabel="threshold θ", ylabel="median of false positives")
    ax.set_title("d  theory: n = 1,000 to 17,000, 0.5 to 3 % active, s = 20 to 50")


def of(n: int, active: int, synapses: int, threshold: int) -> float:
    """Exact error."""
    return float(theory.false_positive(n, active, synapses, threshold))


EXACT = "exact hypergeometric sum"
THREE = f"{EXACT}; tolerance: three standard errors of the pairs"
PROGRAM = "simulation of 10^8 trials beside the authors' public plotting program; tolerance: three standard errors of both"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"segments": 6000},
    tiny={"n": [500, 700], "active": [64, 128], "synapses": [24], "sample": range(2), "segments": 6000},
    full={"n": [*range(300, 3600, 200)], "synapses": [4, 8, 12, 16, 20, 24], "sample": range(10), "segments": 10_000},
    full_time="40 minutes on 1 core",
    claims=(
        ns.Claim(
            "false positives, n = 500, a = 128, s = 24, θ = 12", of(500, 128, 24, 12), 3.1e-5, "theory", error_at(500, 128, 24, 12), THREE,
        ),
        ns.Claim(
            "false positives, n = 700, a = 128, s = 24, θ = 12", of(700, 128, 24, 12), 6.4e-6, "theory", error_at(700, 128, 24, 12), THREE,
        ),
        ns.Claim(
            "false positives, n = 500, a = 64, s = 24, θ = 8", of(500, 64, 24, 8), 2.5e-5, "theory", error_at(500, 64, 24, 8), THREE,
        ),
        ns.Claim(
            "observed by the authors, n = 500, a = 128, s = 24, θ = 12", 0.00737836, 4e-5, "reference", error_at(500, 128, 24, 12), PROGRAM,
        ),
        ns.Claim(
            "observed by the authors, n = 300, a = 64, s = 24, θ = 12", 1.09318e-3, 1.4e-5, "reference", error_at(300, 64, 24, 12), PROGRAM,
            "default",
        ),
        ns.Claim(
            "observed by the authors, n = 1,100, a = 256, s = 24, θ = 12", 3.50879e-3, 2.5e-5, "reference", error_at(1100, 256, 24, 12),
            PROGRAM, "default",
        ),
        ns.Claim(
            "false positives, n = 1,100, a = 128, s = 24, θ = 12", of(1100, 128, 24, 12), 5.2e-7, "theory", error_at(1100, 128, 24, 12),
            THREE, "default",
        ),
        ns.Claim(
            "mean square deviation from theory in standard errors, θ = s / 2", 1.0, 0.6, "theory", scatter,
            f"{EXACT}; tolerance: three standard errors of a mean over some 60 points", "default",
        ),
    ),
)  # fmt: skip
