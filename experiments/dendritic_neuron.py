r"""How many patterns a neuron with active dendrites knows, and how well in noise

A neuron sees M random patterns once each and learns every one on a segment of its own, by s synapses on randomly chosen active cells. Then
it sees codes that it never learned, and its patterns again with some of the active cells moved elsewhere. It responds where any segment
reaches the threshold :math:`\theta`. Segments err independently, so it takes a random code for one of its patterns with probability
:math:`1 - (1 - P_{fp})^M`, and misses a pattern, v cells of which are lost, with the :math:`P_{fn}` of one segment
(:func:`neurosim.sdr.theory.set_false_positive`, :func:`~neurosim.sdr.theory.false_negative`).

Sources: S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016) and, for a set of vectors, arXiv:1503.07469 (2015); numbers of the authors'
simulations beside their public programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr import theory


class Setting(NamedTuple):
    """A population of cells, and the synapses of a segment."""

    n: int
    active: int
    synapses: int


SETTINGS = {"small": Setting(100, 7, 7), "medium": Setting(1000, 128, 30), "large": Setting(6000, 128, 30)}
LONGEST = 30
LOST = (0, 13, 19, 26, 32, 38, 45, 51, 58, 64, 70, 77, 83, 90, 96, 102)
"""Cells of 128 that noise moves, those of the authors' figure; of fewer active cells the same share."""
AUTHORS = {
    8: [1.7e-7, 3.6e-6, 8.02e-5, 0.0007358, 0.0046704, 0.0268579, 0.0894488, 0.263911, 0.50879, 0.770817],
    12: [3.1558e-4, 0.0027716, 0.0198583, 0.0716827, 0.190397, 0.426699, 0.664547, 0.880767, 0.970354, 0.99638],
    16: [0.0434683, 0.13914, 0.351389, 0.582524, 0.787882, 0.933878, 0.983776, 0.998305, 0.999893, 0.999999],
}
"""Missed patterns that the authors' simulation observed, by threshold, at the last ten shares."""


def run(
    setting: str,
    patterns: int,
    sample: int,
    *,
    codes: int = 20_000,
    shown: int = 500,
    lost: tuple[int, ...] = LOST,
    rng: np.random.Generator,
) -> dict[str, xr.DataArray]:
    """Let a neuron learn patterns; return the share of random codes it takes for known, and of `shown` patterns it misses, by threshold."""
    n, active, synapses = SETTINGS[setting]
    neuron = ns.sdr.DendriticNeuron(n, segments=patterns, synapses=synapses, threshold=synapses)
    state = neuron.init(seed=int(rng.integers(2**63)))
    learned = ns.sdr.random_codes(patterns, n, active, rng=rng)
    for pattern in learned:
        neuron.compute(state, pattern)
    held = neuron.segments_of(state)
    known = [strongest(held, ns.sdr.random_codes(codes, n, active, rng=rng))]
    for cells in lost:
        noisy = [ns.sdr.corrupt(learned[k], cells / 128, rng=rng) for k in range(min(shown, patterns))]
        known.append(strongest(held, ns.sdr.Codes(noisy)))
    bounds = np.arange(LONGEST + 1)
    shares = [np.where(bounds <= synapses, (most[:, None] >= bounds).mean(axis=0), np.nan) for most in known]
    missed = xr.DataArray(1 - np.array(shares[1:]), dims=("lost", "threshold"), coords={"lost": list(lost), "threshold": bounds})
    false_positive = xr.DataArray(shares[0], dims="threshold", coords={"threshold": bounds})
    counts = {"codes": float(codes), "shown": float(min(shown, patterns))}
    return {"false_positive": false_positive, "missed": missed, **{name: xr.DataArray(count) for name, count in counts.items()}}


def strongest(segments: ns.sdr.Segments, codes: ns.sdr.Codes) -> np.ndarray:
    """Active synapses of the segment that has most, for each code."""
    seen = segments.histogram(codes) > 0
    return seen.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)


GRID = {"setting": list(SETTINGS), "patterns": [10, 30, 100, 200, 500, 1000, 2000, 4000], "sample": range(4)}


def mean_of(name: str, **at: Any) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a mean with its error."""
    return lambda data: jackknife(lambda part: float(part[name].sel(at).mean()), data, "sample")


def figure(data: xr.Dataset) -> Axes:
    """Random codes taken for known against the number of patterns, for two populations, and missed patterns against noise."""
    with ns.plot.style():
        _, axes = ns.plot.figure(1, 3, size=(13.0, 4.3))
        left, middle, right = np.ravel(axes)
        _false_positives(data, str(data.setting.values[0]), left, "a")
        _false_positives(data, str(data.setting.values[min(1, data.sizes["setting"] - 1)]), middle, "b")
        _missed(data, str(data.setting.values[-1]), right)
    return left


def _false_positives(data: xr.Dataset, setting: str, ax: Axes, mark: str) -> None:
    n, active, synapses = SETTINGS[setting]
    fine = np.unique(np.geomspace(1, data.patterns.max(), 80).astype(int))
    for k, threshold in enumerate([4, 5, 6] if synapses < 8 else [8, 10, 12, 14]):
        share, bar = ns.plot.mean_and_error(data.false_positive.sel(setting=setting, threshold=threshold), "sample")
        look: dict[str, Any] = {"color": ns.plot.COLOURS[k], "marker": ns.plot.MARKERS[k], "linestyle": "", "markersize": 5}
        seen = share * float(data.codes.sum("sample").max())
        ax.errorbar(data.patterns, share.where(seen > 2.5), yerr=np.nan_to_num(bar), capsize=2, label=f"θ = {threshold}", **look)
        ax.plot(fine, theory.set_false_positive(n, active, synapses, threshold, fine), color=ns.plot.COLOURS[k], linewidth=1.2)
    ax.set(xscale="log", yscale="log", ylim=(3e-5, 2), xlabel="patterns learned M", ylabel="random codes taken for known")
    ax.set_title(f"{mark}  n = {n:,}, a = {active}, s = {synapses}")
    ns.plot.legend(ax, loc="upper left" if synapses < 8 else "lower right")


def _missed(data: xr.Dataset, setting: str, ax: Axes) -> None:
    n, active, synapses = SETTINGS[setting]
    fine = np.arange(0, active + 1)
    for k, threshold in enumerate([16, 12, 8] if synapses > 8 else [7, 6, 5]):
        many = data.patterns >= min(500, int(data.patterns.max()))
        part = (
            data.missed.sel(setting=setting, threshold=threshold)
            .isel(patterns=many)
            .stack(neuron=("patterns", "sample"))
            .reset_index("neuron", drop=True)
        )
        share, bar = ns.plot.mean_and_error(part, "neuron")
        look: dict[str, Any] = {"color": ns.plot.COLOURS[k], "marker": ns.plot.MARKERS[k], "linestyle": ""}
        seen = share * float(data.shown.sel(setting=setting).isel(patterns=many).sum())
        ax.errorbar(
            100 * data.lost / 128,
            share.where(seen > 2.5),
            yerr=np.nan_to_num(bar),
            capsize=2,
            markersize=5,
            label=f"θ = {threshold}",
            **look,
        )
        ax.plot(100 * fine / active, theory.false_negative(active, synapses, threshold, fine), color=ns.plot.COLOURS[k], linewidth=1.2)
        if setting == "large":
            ax.plot(
                100 * np.array(LOST[-10:]) / 128, AUTHORS[threshold], **look, markersize=10, markerfacecolor="none", markeredgewidth=0.8
            )
    ax.plot([], [], "o", color="black", markersize=10, markerfacecolor="none", markeredgewidth=0.8, label="authors' program")
    ax.set(yscale="log", ylim=(1e-5, 2), xlabel="active cells moved (%)", ylabel="patterns missed")
    ax.set_title(f"c  n = {n:,}, a = {active}, s = {synapses}")
    ns.plot.legend(ax, loc="lower right")


MISSED = float(theory.false_negative(128, 30, 12, 64))
SET = float(theory.set_false_positive(100, 7, 7, 4, 500))
MANY = float(theory.set_false_positive(1000, 128, 30, 12, 4000))
EXACT = "exact hypergeometric sums"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"codes": 20_000, "shown": 500, "lost": LOST},
    tiny={"setting": ["small", "large"], "patterns": [500], "sample": range(12), "lost": (0, 64), "codes": 2000},
    full={"patterns": [10, 30, 100, 300, 500, 1000, 3000, 10_000], "sample": range(20)},
    full_time="1 hour on 1 core",
    claims=(
        ns.Claim(
            "patterns missed, half of 128 cells moved, s = 30, θ = 12", MISSED, 0.010, "theory",
            mean_of("missed", setting="large", patterns=500, threshold=12, lost=64),
            f"{EXACT}; tolerance: three standard errors of 6,000 patterns",
        ),
        ns.Claim(
            "patterns missed as the authors observed, half of 128 cells moved, s = 30, θ = 16", 0.582524, 0.019, "reference",
            mean_of("missed", setting="large", patterns=500, threshold=16, lost=64),
            "simulation beside the authors' public plotting program; tolerance: three standard errors of 6,000 patterns",
        ),
        ns.Claim(
            "500 vectors of 7 in 100, θ = 4: random codes taken for known", SET, 0.007, "theory",
            mean_of("false_positive", setting="small", patterns=500, threshold=4),
            f"{EXACT}; tolerance: three standard errors of 24,000 codes",
        ),
        ns.Claim(
            "500 vectors of 7 in 100, θ = 4, as the authors observed", 0.134632, 0.007, "reference",
            mean_of("false_positive", setting="small", patterns=500, threshold=4),
            "simulation of 10^6 trials in the authors' public read-me file; tolerance: three standard errors of 24,000 codes",
        ),
        ns.Claim(
            "4,000 patterns, n = 1,000, θ = 12: random codes taken for known", MANY, 0.015, "theory",
            mean_of("false_positive", setting="medium", patterns=4000, threshold=12), EXACT, "default",
        ),
        ns.Claim(
            "patterns missed without noise", 0.0, 0.0, "theory",
            mean_of("missed", setting="large", patterns=500, threshold=30, lost=0), "every one has a segment of its own",
        ),
    ),
)  # fmt: skip
