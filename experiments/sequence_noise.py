r"""What noise leaves of the predictions of a sequence memory

A memory with one cell in a column, which knows the last code only, learns a sequence of 20 random codes of 40 of 2,048 columns. Each
cell of the next code then has a segment with 20 synapses, at random on the 40 active cells of the code before. The sequence is played
again, with some active columns moved elsewhere, and without learning. When v of the 40 have left, the segment keeps

.. math:: b \sim \text{hypergeometric}(40, 20, 40 - v)

of its synapses active, and predicts if :math:`b \ge \theta`: the share of the columns that are still predicted is one minus the
probability of a false negative, :func:`neurosim.sdr.theory.predicted_share`. A low threshold forgives half of the code being lost; the
price, false positives, is far below what can be seen here.

Source: J. Hawkins & S. Ahmad, "Why neurons have thousands of synapses", and S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016); the experiment
is that of their program (numenta/htmresearch, projects/sdr_paper/tm_experiments), with the share of the columns in place of similarities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.sdr import theory
from neurosim.sdr.temporal_memory import TemporalMemory, TemporalMemoryState

COLUMNS, ACTIVE, SYNAPSES, LENGTH = 2048, 40, 20, 20


def run(threshold: int, noise: float, trial: int, *, sequences: int = 10, rng: np.random.Generator) -> dict[str, float]:
    """Learn sequences, each in a memory of its own; return the share of the right columns, and of wrong ones, that noisy codes predict."""
    memory = TemporalMemory(
        COLUMNS, 1, activation_threshold=threshold, min_threshold=threshold, max_new=SYNAPSES, initial=0.8, increment=0.05, decrement=0.0
    )
    right = wrong = 0
    for _ in range(sequences):
        codes = ns.sdr.random_codes(LENGTH, COLUMNS, ACTIVE, rng=rng)
        state = learned(memory, codes, int(rng.integers(2**63)))
        for code, following in zip(codes, list(codes)[1:], strict=False):
            memory.compute(state, ns.sdr.corrupt(code, noise, rng=rng), learn=False)
            predicted = memory.predicted_columns(state)
            hits = ns.sdr.overlap(predicted, following)
            right, wrong = right + hits, wrong + len(predicted) - hits
    asked = sequences * (LENGTH - 1)
    return {"right": right / (asked * ACTIVE), "wrong": wrong / (asked * (COLUMNS - ACTIVE))}


def learned(memory: TemporalMemory, codes: ns.sdr.Codes, seed: int) -> TemporalMemoryState:
    """Return the state of a memory that has read a sequence once."""
    state = memory.init(seed=seed)
    for code in codes:
        memory.compute(state, code)
    memory.reset(state)
    return state


GRID = {"threshold": [8, 12, 16], "noise": [k / 20 for k in range(17)], "trial": range(10)}


def share(threshold: int, noise: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the share of columns that are predicted."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        values = data.right.sel(threshold=threshold, noise=noise)
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))

    return measure


def expected(threshold: int, noise: float) -> float:
    """Return the share that theory expects."""
    return float(np.asarray(theory.predicted_share(ACTIVE, SYNAPSES, threshold, round(noise * ACTIVE))))


def figure(data: xr.Dataset) -> Axes:
    """Share of the columns predicted against noise, for each threshold, over theory."""
    lost = np.arange(ACTIVE + 1)
    with ns.plot.style():
        _, ax = ns.plot.figure(size=(5.8, 4.2))
        for threshold, colour, marker in zip(data.threshold.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
            ax.plot(lost / ACTIVE, np.asarray(theory.predicted_share(ACTIVE, SYNAPSES, int(threshold), lost)), color=colour, linewidth=1.2)
            middle, error = ns.plot.mean_and_error(data.right.sel(threshold=threshold), "trial")
            look: Any = {"color": colour, "marker": marker, "linestyle": "", "capsize": 2, "markersize": 4.5}
            ax.errorbar(middle.noise, middle, yerr=error, label=rf"$\theta$ = {threshold}", **look)
        ax.plot([], [], color="black", linewidth=1.2, label="theory")
        ax.set(xlabel="share of the 40 active columns that moved", ylabel="share of the next code predicted", ylim=(-0.02, 1.04))
        ns.plot.legend(ax, loc="upper right")
    return ax


def claim(threshold: int, noise: float, tolerance: float = 0.02, grid: ns.experiment.Level = "default") -> ns.Claim:
    """Return the claim that the formula holds at one point."""
    name = f"share predicted, threshold {threshold}, {noise:.0%} noise" + ("" if grid == "default" else ", few trials")
    source = "1 - false negatives, A&H 2016; tolerance: sampling error of segments that share a code"
    return ns.Claim(name, expected(threshold, noise), tolerance, "theory", share(threshold, noise), source, grid)


def published(threshold: int, noise: float, value: float) -> ns.Claim:
    """Return the claim that the program of the authors found the same."""
    source = "chart data of the program of A&H; tolerance: as for the formula"
    return ns.Claim(
        f"their program, threshold {threshold}, {noise:.0%} noise", value, 0.02, "reference", share(threshold, noise), source, "default"
    )


EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"sequences": 10},
    tiny={"noise": [0.3, 0.5], "trial": range(3), "sequences": 4},
    full={"trial": range(100)},
    full_time="5 minutes",
    claims=(
        claim(8, 0.5, 0.04, "tiny"),
        claim(12, 0.5, 0.06, "tiny"),
        *(claim(threshold, noise) for noise in (0.3, 0.5) for threshold in (8, 12, 16)),
        *(published(*point) for point in ((8, 0.5, 0.946), (12, 0.5, 0.172), (12, 0.3, 0.963), (16, 0.3, 0.167))),
    ),
)
