r"""How often a sparse code is taken for another, or missed

Two random codes share few of their active units, and a match that asks for :math:`\theta` of them is hardly ever wrong: the probability
of a false positive falls exponentially with the number of units and with :math:`\theta`, that of a false negative stays small while less
than half of a code is lost to noise, and a union of dozens of codes can still be asked for each. Four countings on random codes stand
beside the exact probabilities of :mod:`neurosim.sdr.theory`:

- *overlap sets*: units that two codes of 40 share;
- *false positives*: synapses, of 24, that random activity of 64, 128 or 256 units meets;
- *noise*: synapses, of 30 on a pattern of 128, that stay active when v of its units move elsewhere;
- *unions*: units of a new code of 40 that a union of M others holds.

Each table of random codes is compared with another, pair by pair. The overlaps of two pairs with one code in common are independent, as
the distribution does not depend on the code: n pairs count as n samples.

Source: S. Ahmad & J. Hawkins, arXiv:1503.07469 (2015) and arXiv:1601.00720 (2016), whose published charts these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr import theory

CODE = 40
ACTIVE = [64, 128, 256]
SYNAPSES, THRESHOLD = 24, 12
PATTERN, SAMPLE = 128, 30
LOST = [13, 26, 38, 51, 58, 64, 70, 77, 83, 90, 102]
MERGED = [1, 2, 5, 10, 15, 20, 25, 30, 40, 60, 80]


def run(
    size: int, sample: int, *, codes: int = 3000, noisy: int = 250, unions: int = 50, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Count overlaps of random codes: how often each number of units is shared."""
    draw = ns.sdr.random_codes
    segments = draw(codes, size, SYNAPSES, rng=rng)
    met = (segments.overlaps(draw(codes, size, active, rng=rng)) for active in ACTIVE)
    probes = draw(codes, size, CODE, rng=rng)
    held = (merged(size, number, unions, rng).overlaps(probes) for number in MERGED)
    kept = (survivors(size, lost, noisy, rng) for lost in LOST)
    return {
        "overlaps": counted([draw(codes, size, CODE, rng=rng).overlaps(probes)], CODE, "common").isel(case=0, drop=True),
        "met": counted(met, SYNAPSES, "synapses").rename(case="active").assign_coords(active=ACTIVE),
        "held": counted(held, CODE, "found").rename(case="merged").assign_coords(merged=MERGED),
        "kept": counted(kept, SAMPLE, "left").rename(case="lost").assign_coords(lost=LOST),
    }


def merged(size: int, codes: int, unions: int, rng: np.random.Generator) -> ns.sdr.Codes:
    """Draw unions of random codes."""
    return ns.sdr.Codes([ns.sdr.union(ns.sdr.random_codes(codes, size, CODE, rng=rng)) for _ in range(unions)])


def survivors(size: int, lost: int, noisy: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Count the synapses of segments on one pattern that are active when units of the pattern have moved; every noise on every segment."""
    pattern = ns.sdr.random_code(size, PATTERN, rng=rng)
    segments = ns.sdr.Codes([ns.sdr.subsample(pattern, SAMPLE, rng=rng) for _ in range(noisy)])
    return segments.overlaps(ns.sdr.Codes([ns.sdr.corrupt(pattern, lost / PATTERN, rng=rng) for _ in range(noisy)]))


def counted(cases: Iterable[npt.NDArray[np.int32]], most: int, name: str) -> xr.DataArray:
    """Return how often each number from 0 to `most` occurs, for each case."""
    counts = [np.bincount(case.reshape(-1), minlength=most + 1) for case in cases]
    return xr.DataArray(np.array(counts, np.int64), dims=("case", name), coords={name: np.arange(most + 1)})


GRID = {"size": [300, 500, 700, 900, 1100, 2000, 4000], "sample": range(8)}
TINY = {"size": [500, 2000], "sample": range(2), "codes": 1000, "noisy": 150, "unions": 20}
FULL = {"size": [300, 500, 700, 900, 1100, 1300, 1500, 2000, 3000, 4000], "sample": range(40), "codes": 5000, "noisy": 400}


def at_least(counts: xr.DataArray, name: str, threshold: int) -> xr.DataArray:
    """Return the share of counts from a threshold on."""
    return counts.sel({name: slice(threshold, None)}).sum(name) / counts.sum(name)


def share(variable: str, name: str, threshold: int, **point: Any) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a share with its error."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        part = xr.Dataset({"counts": data[variable].sel(point)})
        return jackknife(lambda some: float(at_least(some.counts.sum("sample"), name, threshold)), part, "sample")

    return measure


def largest_gap(data: xr.Dataset) -> float:
    """Largest difference of a counted share from theory in standard errors, over all numbers of units that were seen 100 times or more."""
    gaps = []
    for size in data["size"].values:
        counts = data.overlaps.sel(size=size).sum("sample")
        total = int(counts.sum())
        wanted = theory.overlap_probability(int(size), CODE, CODE, counts.common.values)
        error = np.sqrt(wanted * (1 - wanted) / total)
        gaps += (np.abs(counts / total - wanted) / error).values[wanted * total >= 100].tolist()
    return max(gaps)


def figure(data: xr.Dataset) -> Axes:
    """Draw overlap sets, false positives against size and threshold, noise, unions, and the threshold that serves many cells."""
    with ns.plot.style():
        _, axes = ns.plot.figure(2, 3, size=(14.0, 7.6))
        first = axes[0, 0]
        _overlaps(data, first)
        _sizes(data, axes[0, 1])
        _noise(data, axes[0, 2])
        _unions(data, axes[1, 0])
        _both(data, axes[1, 1])
        _medians(axes[1, 2])
    return first


def _points(ax: Axes, x: Any, shares: xr.DataArray, index: int, **look: Any) -> None:
    """Draw shares that are not 0, with standard errors over samples."""
    mean, error = ns.plot.mean_and_error(shares, "sample")
    seen = mean.values > 0
    style: Any = {"color": ns.plot.COLOURS[index], "marker": ns.plot.MARKERS[index], "linestyle": "none", "capsize": 2, "markersize": 4.5}
    low = np.minimum(np.nan_to_num(error.values), 0.9 * mean.values)
    ax.errorbar(np.asarray(x)[seen], mean.values[seen], yerr=np.array([low, np.nan_to_num(error.values)])[:, seen], **(style | look))


def _line(ax: Axes, x: Any, y: Any, index: int, **look: Any) -> None:
    ax.plot(x, y, **({"color": ns.plot.COLOURS[index], "linewidth": 1.2, "zorder": 1.5} | look))


def _overlaps(data: xr.Dataset, ax: Axes) -> None:
    shown = [int(data["size"].sel(size=size, method="nearest")) for size in (300, 900, 4000)]
    for index, size in enumerate(dict.fromkeys(shown)):
        counts = data.overlaps.sel(size=size)
        common = counts.common.values
        _line(ax, common, theory.overlap_probability(size, CODE, CODE, common), index)
        _points(ax, common, counts / counts.sum("common"), index, label=f"n = {size:,}")
    ax.plot([], [], color="black", linewidth=1.2, label="theory")
    ax.set(yscale="log", ylim=(1e-9, 2.0), xlim=(-0.5, 25), xlabel="units shared", ylabel="probability")
    _title(ax, f"a  overlap of two codes, w = {CODE}")


def _sizes(data: xr.Dataset, ax: Axes) -> None:
    fine = np.unique(np.geomspace(min(300, int(data["size"].min())), 4000, 60).astype(int))
    for index, active in enumerate(ACTIVE):
        sizes = fine[fine > active]
        _line(ax, sizes, theory.false_positive(sizes, active, SYNAPSES, THRESHOLD), index)
        shares = at_least(data.met.sel(active=active), "synapses", THRESHOLD).transpose("size", "sample")
        _points(ax, data["size"], shares, index, label=f"a = {active}")
    _line(ax, fine, theory.false_positive(fine, fine // 2, SYNAPSES, THRESHOLD), 0, color="black", dashes=(4, 2), label="a = n / 2")
    ax.set(yscale="log", ylim=(1e-13, 3.0), xlabel="units n", ylabel="false positives")
    _title(ax, f"b  {SYNAPSES} synapses, threshold {THRESHOLD}")


def _noise(data: xr.Dataset, ax: Axes) -> None:
    size = int(data["size"].max())
    lost = np.arange(1, 110)
    for index, threshold in enumerate((8, 12, 16)):
        _line(ax, lost / PATTERN, theory.false_negative(PATTERN, SAMPLE, threshold, lost), index)
        kept = 1 - at_least(data.kept.sel(size=size), "left", threshold)
        _points(ax, data.lost / PATTERN, kept.transpose("lost", "sample"), index, label=f"threshold {threshold}")
    ax.set(yscale="log", ylim=(1e-6, 2.0), xlim=(0.0, 0.82), xlabel="share of the pattern lost", ylabel="false negatives")
    _title(ax, f"c  {SAMPLE} synapses on a pattern of {PATTERN}")


def _unions(data: xr.Dataset, ax: Axes) -> None:
    size = int(data["size"].sel(size=2000, method="nearest"))
    fine = np.arange(1, MERGED[-1] + 1)
    for index, threshold in enumerate((15, 25, 35)):
        _line(ax, fine, theory.union_false_positive(size, CODE, fine, threshold), index)
        found = at_least(data.held.sel(size=size), "found", threshold)
        _points(ax, MERGED, found.transpose("merged", "sample"), index, label=f"{threshold} of {CODE} units")
    ax.set(yscale="log", ylim=(1e-7, 2.0), xlabel="codes in the union M", ylabel="false positives")
    _title(ax, f"d  unions, n = {size:,}, w = {CODE}")


def _both(data: xr.Dataset, ax: Axes) -> None:
    """Draw both errors of a segment against its threshold."""
    size = int(data["size"].sel(size=500, method="nearest"))
    thresholds = np.arange(1, SYNAPSES + 1)
    for index, active in enumerate((64, 128)):
        _line(ax, thresholds, theory.false_positive(size, active, SYNAPSES, thresholds), index)
        counts = data.met.sel(active=active, size=size)
        tails = xr.concat([at_least(counts, "synapses", int(threshold)) for threshold in thresholds], "threshold")
        _points(ax, thresholds, tails.transpose("threshold", "sample"), index, label=f"false positives, a = {active}")
    for part, dashes in ((0.25, (4, 2)), (0.5, (1, 1))):
        missed = theory.false_negative(64, SYNAPSES, thresholds, round(64 * part))
        _line(ax, thresholds, missed, 2, dashes=dashes, label=f"false negatives, {part:.0%} lost")
    ax.set(yscale="log", ylim=(1e-9, 300.0), xlabel="threshold θ", ylabel="probability of an error")
    ax.set_yticks([1e-8, 1e-6, 1e-4, 1e-2, 1.0])
    _title(ax, f"e  both errors, n = {size:,}, {SYNAPSES} synapses", loc="upper center", ncols=2)


def _medians(ax: Axes) -> None:
    """Draw the median over many cells, and the thresholds that were measured in dendrites."""
    thresholds = np.arange(3, 25)
    ax.axvspan(8, 20, color=ns.plot.COLOURS[4], alpha=0.2, linewidth=0, label="thresholds of NMDA spikes")
    ax.axhline(1e-7, color="black", linewidth=0.8, linestyle=":")
    ax.plot(thresholds, theory.median_false_positive(thresholds), "o-", color="black", markersize=3.5, label="median of 210 segments")
    ax.set(yscale="log", xlabel="threshold θ", ylabel="false positives, median")
    _title(ax, "f  median over sizes, sparsities, synapses")


def _title(ax: Axes, title: str, **options: Any) -> None:
    ax.set_title(title)
    ns.plot.legend(ax, **options)


FORMULA = "formula of the papers; tolerance: three times the sampling error"
CHART = "number in the authors' public notebook or chart; tolerance 1e-5 of it"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"codes": 3000, "noisy": 250, "unions": 50},
    tiny=TINY,
    full=FULL,
    full_time="20 minutes on 1 core",
    claims=(
        ns.Claim(
            "P_fp(n = 2000, a = 40, s = 20, theta = 15), formula, in units of 1e-23", 2.47192, 2.5e-5, "paper",
            lambda data: 1e23 * theory.false_positive(2000, 40, 20, 15), CHART,
        ),
        ns.Claim(
            "P_fn(a = 128, s = 30, v = 64, theta = 12), formula", 0.0716985, 7e-7, "paper",
            lambda data: theory.false_negative(128, 30, 12, 64), CHART,
        ),
        ns.Claim(
            "median P_fp at theta = 8, in units of 1e-8", 3.33, 0.01, "paper",
            lambda data: 1e8 * theory.median_false_positive(8), "the authors' chart, three digits",
        ),
        ns.Claim(
            "P_fp(n = 500, a = 128, s = 24, theta = 12), counted", 7.36788e-3, 2e-4, "theory",
            share("met", "synapses", THRESHOLD, size=500, active=128), FORMULA,
        ),
        ns.Claim(
            "P_fn(a = 128, s = 30, v = 64, theta = 12), counted at n = 2000", 0.0716985, 0.004, "theory",
            lambda data: _missed(data, 12, 64), FORMULA,
        ),
        ns.Claim(
            "two codes of 40 of 2,000 units share 4 or more, counted", 7.46227e-3, 2e-4, "theory",
            share("overlaps", "common", 4, size=2000), FORMULA,
        ),
        ns.Claim(
            "P_fp(n = 1100, a = 128, s = 24, theta = 12), counted, in units of 1e-6", 2.99642, 0.61, "theory",
            lambda data: _millionths(data, size=1100, active=128), FORMULA, "default",
        ),
        ns.Claim(
            "15 of 40 units of a code are found in a union of 20, n = 2,000, counted", 0.336416, 0.005, "theory",
            share("held", "found", 15, size=2000, merged=20), "exact, averaged over unions; tolerance: three sampling errors", "default",
        ),
        ns.Claim(
            "largest gap of counted overlaps from theory, in standard errors", 0.0, 4.5, "theory", largest_gap,
            "tolerance: the largest of some 70 normal deviates", "default",
        ),
    ),
)  # fmt: skip


def _millionths(data: xr.Dataset, **point: Any) -> tuple[float, float]:
    part, error = share("met", "synapses", THRESHOLD, **point)(data)
    return 1e6 * part, 1e6 * error


def _missed(data: xr.Dataset, threshold: int, lost: int) -> tuple[float, float]:
    kept, error = share("kept", "left", threshold, size=2000, lost=lost)(data)
    return 1 - kept, error
