r"""What a neuron learns from patterns that it only ever sees in noise

A neuron sees noisy copies of patterns, in each of which some of the active cells lie elsewhere. After one presentation a segment has s
synapses on cells of one copy, of which only a share belongs to the pattern: T of them, hypergeometric, and it misses new copies more often
than the formula for a segment that knows the pattern says. With every further copy synapses on cells of the pattern gain permanence, those
on noise lose it, vanish, and are replaced. In the end all lie on the pattern, and the neuron misses what
:func:`neurosim.sdr.theory.false_negative` says.

Sources: the learning rule of S. Ahmad & J. Hawkins' public program for arXiv:1601.00720 (2016), with larger steps; the protocol is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.stats import hypergeom

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr import theory

N, ACTIVE, SYNAPSES, THRESHOLD = 2048, 40, 20, 12
LOOKS = (1, 2, 4, 8, 12, 16, 24, 32, 64, 128)
"""Presentations after which the neuron is tried."""


def run(noise: float, sample: int, *, patterns: int = 60, tests: int = 20, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Show noisy copies in turn; return the share of new copies missed, and of synapses that lie on the segment's pattern."""
    neuron = ns.sdr.DendriticNeuron(
        N, segments=4 * patterns, synapses=SYNAPSES, threshold=THRESHOLD, min_threshold=6, increment=0.1, decrement=0.05
    )
    state = neuron.init(seed=int(rng.integers(2**63)))
    learned = list(ns.sdr.random_codes(patterns, N, ACTIVE, rng=rng))
    missed, aimed = [], []
    for presentation in range(1, LOOKS[-1] + 1):
        for code in learned:
            neuron.compute(state, ns.sdr.corrupt(code, noise, rng=rng))
        if presentation in LOOKS:
            copies = ns.sdr.Codes([ns.sdr.corrupt(code, noise, rng=rng) for code in learned for _ in range(tests)])
            missed.append(float((neuron.segments_of(state).n_active(copies) == 0).mean()))
            aimed.append(on_target(state.cells, learned))
    found = {"missed": missed, "aimed": aimed}
    return {name: xr.DataArray(values, dims="presentations", coords={"presentations": list(LOOKS)}) for name, values in found.items()}


def on_target(cells: np.ndarray, learned: list[ns.sdr.Code]) -> float:
    """Share of the synapses of a pattern's best segment that lie on the pattern, mean over patterns."""
    return float(np.mean([np.isin(cells, code.indices).sum(axis=1).max() / SYNAPSES for code in learned]))


GRID = {"noise": [0.2, 0.3, 0.4], "sample": range(8)}


def first(noise: float) -> float:
    """Share missed in theory after one presentation; cells that noise adds are left out."""
    kept = ACTIVE - round(noise * ACTIVE)
    aimed = np.arange(SYNAPSES + 1)
    missed = hypergeom.cdf(THRESHOLD - 1, ACTIVE, aimed, kept)
    return float(hypergeom.pmf(aimed, ACTIVE, kept, SYNAPSES) @ missed)


def last(noise: float) -> float:
    """Share missed in theory by segments whose synapses all lie on their pattern."""
    return float(theory.false_negative(ACTIVE, SYNAPSES, THRESHOLD, round(noise * ACTIVE)))


def mean_of(name: str, noise: float, presentations: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a mean with its error."""
    at = {"noise": noise, "presentations": presentations}
    return lambda data: jackknife(lambda part: float(part[name].sel(at).mean()), data, "sample")


def figure(data: xr.Dataset) -> Axes:
    """Copies missed against the number of presentations, with theory for the first and for the end, and where synapses lie."""
    with ns.plot.style():
        _, axes = ns.plot.figure(1, 2, size=(10.5, 4.3))
        left, right = np.ravel(axes)
        for k, noise in enumerate(data.noise.values):
            look: dict[str, Any] = {"color": ns.plot.COLOURS[k], "marker": ns.plot.MARKERS[k], "markersize": 5, "linewidth": 0.8}
            for ax, name in ((left, "missed"), (right, "aimed")):
                share, bar = ns.plot.mean_and_error(data[name].sel(noise=noise), "sample")
                ax.errorbar(data.presentations, share, yerr=np.nan_to_num(bar), capsize=2, label=f"{noise:.0%} of cells moved", **look)
            left.plot([0.7, 1.4], [first(float(noise))] * 2, color=ns.plot.COLOURS[k], linewidth=2.0)
            left.plot([30, 180], [last(float(noise))] * 2, color=ns.plot.COLOURS[k], linewidth=2.0, linestyle="--")
            right.plot([0.7, 1.4], [1 - noise] * 2, color=ns.plot.COLOURS[k], linewidth=2.0)
        left.plot([], [], color="black", linewidth=2.0, label="theory, one presentation")
        left.plot([], [], color="black", linewidth=2.0, linestyle="--", label="theory, all on the pattern")
        left.set(xscale="log", xlabel="presentations", ylabel="noisy copies missed", ylim=(-0.02, 1.02))
        left.set_title(f"a  n = {N:,}, a = {ACTIVE}, s = {SYNAPSES}, θ = {THRESHOLD}")
        right.set(xscale="log", xlabel="presentations", ylabel="synapses on the pattern", ylim=(0.5, 1.02), title="b")
        ns.plot.legend(left, loc="center left", bbox_to_anchor=(0.0, 0.55), fontsize=8)
        ns.plot.legend(right, loc="lower right")
    return left


EXACT = "hypergeometric sums; tolerance: three standard errors between neurons of 60 patterns"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"patterns": 60, "tests": 20},
    tiny={"noise": [0.3], "sample": range(3), "patterns": 40, "tests": 10},
    full={"noise": [0.1, 0.2, 0.3, 0.4, 0.5], "sample": range(40)},
    full_time="15 minutes on 1 core",
    claims=(
        ns.Claim(
            "copies missed after one presentation, 30 % of cells moved", first(0.3), 0.05, "theory", mean_of("missed", 0.3, 1),
            "hypergeometric sums; tolerance: three standard errors of 120 patterns",
        ),
        ns.Claim(
            "copies missed after 128 presentations, 30 % of cells moved", last(0.3), 0.02, "theory", mean_of("missed", 0.3, 128),
            "exact hypergeometric sum; tolerance: three standard errors of 1,200 copies",
        ),
        ns.Claim(
            "copies missed after one presentation, 20 % of cells moved", first(0.2), 0.03, "theory", mean_of("missed", 0.2, 1),
            EXACT, "default",
        ),
        ns.Claim(
            "copies missed after one presentation, 40 % of cells moved", first(0.4), 0.02, "theory", mean_of("missed", 0.4, 1),
            EXACT, "default",
        ),
        ns.Claim(
            "copies missed after 128 presentations, 20 % of cells moved", last(0.2), 0.002, "theory", mean_of("missed", 0.2, 128),
            EXACT, "default",
        ),
    ),
)  # fmt: skip
