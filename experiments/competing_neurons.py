r"""Two neurons that compete for patterns, as in the model of Poirazi and Mel

Each of two neurons holds 500 patterns, every one on a segment of 24 synapses, and answers a code with the sum of
:math:`f(c) = 1 / (1 + e^{5 (11.5 - c)})` over its segments, c the active synapses. The stronger answer wins; a little noise breaks ties.
All 1,000 patterns are shown: the neuron that knows the pattern gets :math:`f(24) \approx 1`, and both get the rest from segments that are
active by chance. The counts of those are hypergeometric, so that the error is known: it is the probability that 500 chance terms exceed 499
others by more than :math:`f(24)`.

Sources: S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016); numbers of the authors' simulation beside their public plotting program. P. Poirazi
& B. W. Mel, Neuron 29, 779 (2001), not read. The authors' own formula gives somewhat less than their simulation, the one here the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.stats import hypergeom

import neurosim as ns

SEGMENTS, SYNAPSES = 500, 24
CENTRE, SLOPE = 11.5, 5.0
TIES = 5e-4
"""Half the width of the noise that breaks ties."""
AUTHORS = {
    64: ([300, 500], [2736527 / 2e7, 621 / 1e7]),
    128: ([300, 500, 700, 900, 1100], [959346 / 2e6, 692581 / 2e6, 36401 / 1e6, 745 / 1e6, 236 / 11e6]),
    256: (
        [300, 500, 700, 900, 1100, 1300, 1500, 1700, 1900, 2100],
        [1001193 / 2e6, 979520 / 2e6, 0.464716, 0.406276, 0.276204, 0.096118, 0.017508, 0.002506, 0.000387, 707 / 11e6],
    ),
}
"""Numbers of cells and errors that the authors' simulation observed."""


def response(counts: np.ndarray) -> np.ndarray:
    """Answer of a segment with so many active synapses."""
    return 1 / (1 + np.exp(SLOPE * (CENTRE - counts)))


def run(n: int, active: int, sample: int, *, trials: int = 40, rng: np.random.Generator) -> dict[str, float]:
    """Let pairs of neurons classify what they know; return the share of patterns that the wrong one wins."""
    table, errors = response(np.arange(SYNAPSES + 1)), 0
    for _ in range(trials):
        both = [ns.sdr.random_codes(SEGMENTS, n, active, rng=rng) for _ in range(2)]
        neurons = [ns.sdr.Segments.sampled(patterns, SYNAPSES, threshold=12, rng=rng) for patterns in both]
        for patterns, right, wrong in ((both[0], *neurons), (both[1], *neurons[::-1])):
            lead = padded(right.histogram(patterns)) @ table - padded(wrong.histogram(patterns)) @ table
            errors += int((lead + rng.uniform(-TIES, TIES, SEGMENTS) < 0).sum())
    return {"error": errors / (trials * 2 * SEGMENTS)}


def padded(histogram: np.ndarray) -> np.ndarray:
    """Return a histogram with a place for each count."""
    return np.pad(histogram, ((0, 0), (0, SYNAPSES + 1 - histogram.shape[1])))


GRID = {"n": [300, 500, 700, 900, 1100, 1300, 1500, 1700, 1900], "active": [64, 128, 256], "sample": range(5)}


@functools.cache
def expected(n: int, active: int, steps: int = 2000) -> float:
    """Error in theory, answers rounded to 1 / steps, of about the noise: sums over segments are powers of a characteristic function."""
    counts = np.arange(SYNAPSES + 1)
    chances, answers = hypergeom.pmf(counts, n, SYNAPSES, active), response(counts)
    most = min(SEGMENTS, SEGMENTS * chances @ answers + 12 * np.sqrt(SEGMENTS * chances @ answers**2) + 12)
    one = np.zeros(1 << (steps * int(most + 1)).bit_length())
    np.add.at(one, np.rint(answers * steps).astype(int), chances)
    wave = np.fft.rfft(one)
    wrong, right = (np.maximum(np.fft.irfft(wave**segments, len(one)), 0) for segments in (SEGMENTS, SEGMENTS - 1))
    ahead = np.concatenate([np.zeros(steps), right])[: len(one)]
    return float(wrong @ (np.cumsum(ahead) - ahead / 2))


def excess(n: int, active: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the error over the one in theory, less 1."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        error, bar = mean(n, active)(data)
        return error / expected(n, active) - 1, bar / expected(n, active)

    return measure


def mean(n: int, active: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of an error with its standard error, that of independent patterns."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        found = data.error.sel(n=n, active=active)
        return float(found.mean()), float(found.std(ddof=1) / np.sqrt(found.size))

    return measure


def figure(data: xr.Dataset) -> Axes:
    """Error against the number of cells, with theory and the authors' numbers."""
    with ns.plot.style():
        _, axes = ns.plot.figure(size=(6.4, 4.6))
        ax: Any = np.ravel(axes)[0]
        cells = np.arange(300, max(2100, int(data["n"].max())) + 1, 50)
        for k, active in enumerate(data.active.values):
            look: dict[str, Any] = {"color": ns.plot.COLOURS[k], "marker": ns.plot.MARKERS[k], "linestyle": ""}
            line = [expected(int(n), int(active)) if n > active else np.nan for n in cells]
            ax.plot(cells, line, color=ns.plot.COLOURS[k], linewidth=1.2)
            share, bar = ns.plot.mean_and_error(data.error.sel(active=active), "sample")
            ax.errorbar(data["n"], share.where(share > 0), yerr=np.nan_to_num(bar), label=f"a = {active}", capsize=2, markersize=5, **look)
            if active in AUTHORS:
                ax.plot(*AUTHORS[int(active)], **look, markersize=10, markerfacecolor="none", markeredgewidth=0.8)
        ax.plot([], [], "o", color="black", markersize=10, markerfacecolor="none", markeredgewidth=0.8, label="authors' program")
        ax.plot([], [], color="black", linewidth=1.2, label="theory")
        ax.set(yscale="log", ylim=(2e-7, 1), xlabel="number of cells n", ylabel="patterns given to the wrong neuron")
        ns.plot.legend(ax, loc="upper right")
    return ax


EXACT = "sums of hypergeometric counts; tolerance: three standard errors"
PROGRAM = "simulation of 10^6 or more patterns beside the authors' public plotting program; tolerance: three standard errors of both"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"trials": 40},
    tiny={"n": [500, 700], "active": [128], "sample": range(3), "trials": 20},
    full={"n": [*range(300, 2200, 200)], "sample": range(20), "trials": 200},
    full_time="30 minutes on 1 core",
    claims=(
        ns.Claim("error over theory, less 1, n = 700, a = 128", 0.0, 0.09, "theory", excess(700, 128), EXACT),
        ns.Claim("error over theory, less 1, n = 1,500, a = 256", 0.0, 0.05, "theory", excess(1500, 256), EXACT, "default"),
        ns.Claim("observed by the authors, n = 500, a = 128", AUTHORS[128][1][1], 0.0065, "reference", mean(500, 128), PROGRAM),
        ns.Claim("observed by the authors, n = 700, a = 128", AUTHORS[128][1][2], 0.0025, "reference", mean(700, 128), PROGRAM),
        ns.Claim("observed by the authors, n = 300, a = 64", AUTHORS[64][1][0], 0.0024, "reference", mean(300, 64), PROGRAM, "default"),
        ns.Claim("observed by the authors, n = 900, a = 128", AUTHORS[128][1][3], 0.0002, "reference", mean(900, 128), PROGRAM, "default"),
        ns.Claim(
            "observed by the authors, n = 1,300, a = 256", AUTHORS[256][1][5], 0.0022, "reference", mean(1300, 256), PROGRAM, "default",
        ),
    ),
)  # fmt: skip
