r"""Recall by oscillators whose natural frequencies differ

N phase oscillators that store :math:`P = \alpha N` random patterns by Hebb's rule have natural frequencies of a normal distribution, of
standard deviation w relative to the coupling, placed at its quantiles in random order. Started on a pattern, most lock to a common
frequency, each at an angle to its place in the pattern; the fastest and the slowest drift. With one pattern this is Kuramoto's transition:
the overlap is his order parameter, and vanishes at :math:`w = \sqrt{\pi / 8} = 0.627`. With more, the spread adds to the noise that other
patterns make, and the critical load falls with it, from 0.0377 without spread to nothing at Kuramoto's transition. The lines are an
approximation, which leaves out that drifting oscillators make noise in time (:mod:`neurosim.oscillators.theory.retrieval`).

Sources: T. Aonishi, K. Kurata & M. Okada, "Statistical mechanics of an oscillator associative memory with scattered natural frequencies",
Phys. Rev. Lett. 82, 2800 (1999), abstract read; the equations were derived again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import crossing, jackknife
from neurosim.oscillators import KuramotoState
from neurosim.oscillators.memory import OscillatoryMemory, random_phases
from neurosim.oscillators.theory import retrieval

RECALLED = 0.5
"""A pattern counts as recalled where its overlap, averaged over time, exceeds this."""
WORDS = {"phases": "patterns of phases", "signs": "patterns of signs"}


def run(
    kind: str,
    load: float,
    width: float,
    network: int,
    *,
    n: int = 2000,
    transient: float = 150.0,
    measured: float = 50.0,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Start a network on the first of its max(1, round(load n)) patterns; return the overlap with it, averaged over time."""
    count = max(1, round(load * n))
    patterns = random_phases(count, n, rng=rng) if kind == "phases" else ns.hopfield.random_patterns(count, n, rng=rng)
    frequencies = width * rng.permutation(ns.oscillators.gaussian(n))
    memory = OscillatoryMemory(patterns, frequencies=frequencies, dtype="float32")
    state = memory.init(patterns[0], seed=int(rng.integers(2**63)))
    memory.step(state, round(transient / memory.dt))

    def overlap(now: KuramotoState) -> float:
        return memory.overlap(now)[0]

    seen = ns.simulate(memory, state, duration=measured, record={"overlap": ns.Trace(overlap, every=4)}, progress=False)
    return {"overlap": float(seen["overlap"].mean())}


ALONE = 0.0005
"""The load of a single pattern, for which theory takes 0: there are no others."""
GRID = {
    "kind": ["phases", "signs"],
    "load": [ALONE, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.05],
    "width": [0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7],
    "network": range(6),
}


def expected(load: float, widths: np.ndarray) -> np.ndarray:
    """Overlap by theory with patterns of phases, at each width; 0 where there is none."""
    found = [float(retrieval.phase_overlap(0.0 if load == ALONE else load, width=float(width))) for width in widths]
    return np.nan_to_num(found)


def mean_at(kind: str, load: float, width: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the mean overlap."""
    at = {"kind": kind, "load": load, "width": width}
    return lambda data: jackknife(lambda part: float(part.overlap.sel(at).mean()), data, "network")


def half_width_at(load: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the width at which half of the patterns of phases are recalled."""

    def half_width(part: xr.Dataset) -> float:
        found = (part.overlap.sel(kind="phases", load=load) > RECALLED).mean("network")
        return crossing(part["width"], found, 0.5)

    return lambda data: jackknife(half_width, data, "network")


def largest_miss(data: xr.Dataset) -> float:
    """Largest distance between mean overlap and theory, patterns of phases, at loads of at most two thirds of the critical one."""
    found = data.overlap.sel(kind="phases").mean("network").transpose("width", "load")
    misses = [
        abs(float(row.sel(load=load)) - expected(load, row["width"].values.reshape(1))[0])
        for row in found
        for load in data["load"].values
        if load <= retrieval.critical_phase_load(float(row["width"])) * 2 / 3
    ]
    return max(misses)


def figure(data: xr.Dataset) -> Axes:
    """Maps of the overlap over width and load, and curves against the width with theory."""
    data = data.assign_coords({"load": data["load"].assign_attrs(long_name="load P / N")})
    data = data.assign_coords(width=data["width"].assign_attrs(long_name="width of frequencies w"))
    data["overlap"].attrs["long_name"] = "overlap"
    widths = np.linspace(0.0, 0.626, 16)
    edge = widths, np.array([retrieval.critical_phase_load(float(width)) for width in widths])
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(13.0, 3.9))
        for ax, (kind, words), mark in zip((left, middle), WORDS.items(), "ab", strict=True):
            lines = {"critical load": edge} if kind == "phases" else {"critical load of phases": edge}
            shown = data.overlap.sel(kind=kind).mean("network", keep_attrs=True)
            ns.plot.phase_diagram(shown, "width", "load", limits=(0.0, 1.0), lines=lines, ax=ax)
            ax.set_title(f"{mark}  {words}", loc="right")
        _curves(data, right)
    return left


def _curves(data: xr.Dataset, ax: Axes) -> None:
    """Draw overlaps against the width at some loads, patterns of phases filled and of signs open."""
    widths = np.linspace(0.0, 0.7, 71)
    chosen = [load for load in (ALONE, 0.01, 0.02) if load in data["load"].values]
    for load, colour, marker in zip(chosen, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        for kind, fill in zip(WORDS, (colour, "white"), strict=True):
            mean, error = ns.plot.mean_and_error(data.overlap.sel(kind=kind, load=load), "network")
            name = ("one pattern" if load == ALONE else f"load {load:g}") if kind == "phases" else None
            look: Any = {"color": colour, "marker": marker, "markerfacecolor": fill, "linestyle": "", "capsize": 2}
            ax.errorbar(mean["width"], mean, yerr=error, label=name, **look)
        line = expected(load, widths)
        ax.plot(widths[line > 0], line[line > 0], color=colour, linewidth=1.2)
    ax.set(xlabel="width of frequencies w", ylabel="overlap", ylim=(0.0, 1.04), title="c  phases (filled, lines: theory) and signs (open)")
    ns.plot.legend(ax, loc="upper right", bbox_to_anchor=(1.02, 1.0))


KURAMOTO = "Kuramoto's equation for normal frequencies; tolerance: a few 1 / N"
NOISE = "self-consistent equations without the noise in time, N to infinity"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"n": 2000},
    tiny={"load": [ALONE, 0.01], "width": [0.2, 0.3, 0.5], "network": range(3), "n": 1000},
    full={"n": 4000, "network": range(8)},
    full_time="1 hour on 2 cores",
    claims=(
        ns.Claim(
            "overlap of one pattern, width 0.3", float(retrieval.phase_overlap(0.0, width=0.3)), 0.003, "theory",
            mean_at("phases", ALONE, 0.3), KURAMOTO,
        ),
        ns.Claim(
            "overlap of one pattern of signs, width 0.5", float(retrieval.phase_overlap(0.0, width=0.5)), 0.004, "theory",
            mean_at("signs", ALONE, 0.5), KURAMOTO,
        ),
        ns.Claim(
            "overlap, load 0.01, width 0.2, N = 1,000", float(retrieval.phase_overlap(0.01, width=0.2)), 0.012, "theory",
            mean_at("phases", 0.01, 0.2), f"{NOISE}; tolerance: that of 3 networks of 10 patterns",
        ),
        ns.Claim(
            "overlap, load 0.01, width 0.3, N = 1,000", float(retrieval.phase_overlap(0.01, width=0.3)), 0.025, "theory",
            mean_at("phases", 0.01, 0.3), f"{NOISE}; tolerance: that of 3 networks of 10 patterns",
        ),
        ns.Claim(
            "largest miss of the theory, phases, loads up to 2/3 of the critical one", 0.0, 0.02, "theory", largest_miss,
            f"{NOISE}; tolerance about N^(-1/2)", "default",
        ),
        ns.Claim(
            "width at which half are lost, load 0.01", 0.375, 0.05, "theory", half_width_at(0.01),
            f"{NOISE}: there the critical load is 0.01; tolerance: size of N = 2,000 and sampling", "default",
        ),
    ),
)  # fmt: skip
