r"""How many patterns a Hopfield network holds

A network of :math:`N` units stores :math:`K = \alpha N` random patterns and is started on a pattern, or on a copy with a tenth of its
units flipped. Below a critical load it settles next to the pattern, above it runs away. For :math:`N \to \infty` the transition lies at
:math:`\alpha_c = 0.1379` and is discontinuous: the overlap falls from 0.967. At finite size it is rounded and lies higher, so the load
at which half of the cues are recalled must fall with :math:`N` towards theory; a sharp drop at 0.138 for a thousand units would be
wrong. Cues of one network share its couplings: error bars are taken over networks.

Source: D. J. Amit, H. Gutfreund & H. Sompolinsky, "Storing infinite numbers of patterns in a spin-glass model of neural networks",
Phys. Rev. Lett. 55, 1530 (1985); "Statistical mechanics of neural networks near saturation", Ann. Phys. 173, 30 (1987).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import crossing, jackknife
from neurosim.hopfield import theory

RECALLED = 0.9
"""A cue counts as recalled where the final overlap with its pattern exceeds this."""


def run(load: float, n: int, flipped: float, network: int, *, cues: int = 5, rng: np.random.Generator) -> dict[str, float]:
    """Store round(load n) patterns in one network and recall some of them."""
    patterns = ns.hopfield.random_patterns(round(load * n), n, rng=rng)
    memory = ns.hopfield.DenseHopfield(patterns)
    state = memory.recall(ns.hopfield.flip(patterns[:cues], flipped, rng=rng), seed=int(rng.integers(2**63)))
    overlap = np.diagonal(memory.overlap(state))
    near = overlap > RECALLED
    return {
        "recalled": near.mean(),
        "overlap": overlap.mean(),
        "overlap_recalled": overlap[near].mean() if near.any() else np.nan,
        "sweeps": state.settled_at.mean(),
    }


GRID = {
    "n": [1000, 2000, 5000],
    "flipped": [0.0, 0.1],
    "load": np.linspace(0.05, 0.20, 16).round(3).tolist(),
    "network": range(20),
}


def half_load(data: xr.Dataset, n: int, flipped: float) -> float:
    """Load at which half of the cues are recalled."""
    part = data.recalled.sel(n=n, flipped=flipped).mean("network")
    return crossing(part["load"], part, 0.5)


def half_load_of(n: int, flipped: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of half_load with its error."""
    return lambda data: jackknife(lambda part: half_load(part, n, flipped), data, "network")


def overlap_at_tenth(data: xr.Dataset) -> tuple[float, float]:
    """Overlap at load 0.10 of 2,000 units started on the pattern."""
    return jackknife(lambda part: float(part.overlap.sel(n=2000, flipped=0.0, load=0.10).mean()), data, "network")


def fall_with_size(data: xr.Dataset) -> tuple[float, float]:
    """By how much the half-recall load falls from 1,000 to 5,000 units."""
    return jackknife(lambda part: half_load(part, 1000, 0.0) - half_load(part, 5000, 0.0), data, "network")


def extrapolated(data: xr.Dataset) -> tuple[float, float]:
    """Half-recall load for N to infinity: a straight line in N^(-1/2) through all sizes."""

    def intercept(part: xr.Dataset) -> float:
        return float(np.polyfit(part["n"].values ** -0.5, [half_load(part, n, 0.0) for n in part["n"].values], 1)[1])

    return jackknife(intercept, data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Recall against load, overlap with its theory, and the threshold against size."""
    names = {"recalled": f"fraction of cues with m > {RECALLED}", "overlap_recalled": "overlap m of recalled cues"}
    data = data.assign_coords({"load": data["load"].assign_attrs(long_name="load K / N"), "n": data["n"].assign_attrs(long_name="N")})
    recalled, overlap = (data[name].assign_attrs(long_name=words) for name, words in names.items())
    first, last = (f"{float(data.flipped[place]):.0%} flipped" for place in (0, -1))
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(11.5, 3.6))
        ns.plot.curve(recalled.isel(flipped=0), "load", over="network", hue="n", ax=left)
        left.axvline(theory.critical_load(), color="black", linestyle="--")
        left.annotate(r"$\alpha_c = 0.138$", (theory.critical_load(), 0.45), xytext=(-5, 0), textcoords="offset points", ha="right")
        left.set_title(f"a  started with {first}")
        mostly = overlap.where(recalled.mean("network") >= 0.5).isel(flipped=-1)
        solution = np.linspace(min(0.05, float(data["load"].min())), theory.critical_load(), 200)
        ns.plot.curve(mostly, "load", over="network", hue="n", theory=(solution, theory.overlap(solution)), ax=middle)
        middle.set_title(f"b  started with {last}")
        _thresholds(data, right)
        right.set_title("c  half of the cues recalled")
    return left


def _thresholds(data: xr.Dataset, ax: Axes) -> None:
    """Draw the half-recall load against size for each kind of cue; one network alone has no error bar."""
    sizes = data["n"].values
    for flipped, colour, marker in zip(data.flipped.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        if data.sizes["network"] > 1:
            found, error = np.array([half_load_of(n, flipped)(data) for n in sizes]).T
        else:
            found, error = np.array([half_load(data, n, flipped) for n in sizes]), None
        ax.errorbar(sizes, found, yerr=error, color=colour, marker=marker, label=f"{flipped:.0%} flipped", capsize=2, linewidth=1.0)
    ax.axhline(theory.critical_load(), color="black", linestyle="--", label=r"theory, $N \to \infty$")
    ax.set(xscale="log", xlabel="units N", ylabel="load")
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    ax.set_xticks([], minor=True)
    ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.9))


AGS = "Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987)"
MONTE_CARLO = "independent Monte Carlo program, 4 to 10 networks of 24 to 40 cues; tolerance fixed before this code was written"
QUOTED = "simulation studies quoted in the abstract of Steffan & Kuehn, Z. Phys. B 95, 249 (1994); the studies themselves were not read"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"cues": 5},
    tiny={"n": [2000], "flipped": [0.0], "load": [0.10, 0.15, 0.20], "network": range(8)},
    full={"n": [1000, 2000, 5000, 10000, 20000], "load": np.linspace(0.05, 0.20, 31).round(3).tolist()},
    full_time="10 minutes on 2 cores",
    claims=(
        ns.Claim(
            "critical load of the T = 0 equations", 0.1379, 0.0001, "paper", lambda data: theory.critical_load(),
            "0.137906 in the abstract of arXiv:2403.01907, for the equations of Amit, Gutfreund & Sompolinsky (1987)",
        ),
        ns.Claim(
            "overlap of the T = 0 equations at load 0.10", 0.9980, 0.0005, "reference", lambda data: float(theory.overlap(0.10)),
            f"equations of {AGS}, solved by another program",
        ),
        ns.Claim(
            "overlap at load 0.10, N = 2,000", float(theory.overlap(0.10)), 0.001, "theory", overlap_at_tenth,
            f"T = 0 equations of {AGS}",
        ),
        ns.Claim("half-recall load on the pattern, N = 1,000", 0.165, 0.008, "reference", half_load_of(1000, 0.0), MONTE_CARLO, "default"),
        ns.Claim("half-recall load on the pattern, N = 5,000", 0.150, 0.006, "reference", half_load_of(5000, 0.0), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, 10 % flipped, N = 1,000", 0.158, 0.006, "reference", half_load_of(1000, 0.1), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, 10 % flipped, N = 5,000", 0.149, 0.006, "reference", half_load_of(5000, 0.1), MONTE_CARLO, "default"),
        ns.Claim("fall of the half-recall load, N = 1,000 to 5,000", 0.015, 0.010, "reference", fall_with_size, MONTE_CARLO, "default"),
        ns.Claim(
            "half-recall load for N to infinity", 0.145, 0.009, "unverified", extrapolated, QUOTED, "full",
        ),
    ),
)  # fmt: skip
