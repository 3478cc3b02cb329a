r"""How many patterns are kept without an error

A pattern is kept exactly where it is a fixed point: with Hebb's rule, no self-coupling and :math:`T = 0`, where no unit's field points
against it. The field on a unit is 1 from the pattern itself, plus the noise of the others, which for random patterns is a sum of
:math:`(K - 1)(N - 1)` independent signs divided by :math:`N`. A unit is wrong with the binomial probability :math:`Q` that this sum
outweighs :math:`N - 1`; were units independent, a pattern would stand with probability :math:`(1 - Q)^N`. For large :math:`N` a pattern
stands up to :math:`K = N / (2 \ln N)`, a vanishing part of the :math:`0.138 N` that are kept with a few errors; that limit is approached
slowly.

Source: R. J. McEliece, E. C. Posner, E. R. Rodemich & S. S. Venkatesh, "The capacity of the Hopfield associative memory", IEEE Trans. Inf.
Theory 33, 461 (1987).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.stats import binom

import neurosim as ns
from neurosim.estimate import crossing, jackknife


def run(load: float, n: int, network: int, *, rng: np.random.Generator) -> dict[str, float]:
    """Store round(load n) random patterns and count those that are fixed points."""
    patterns = ns.hopfield.PackedPatterns.random(round(load * n), n, rng=rng)
    state = ns.hopfield.DenseHopfield(patterns).recall(patterns[:], sweeps=1)
    return {"stable": (state.settled_at == 1).mean(), "errors": state.flips.mean()}


GRID = {
    "n": [200, 500, 1000, 2000],
    "load": [0.04, 0.06, 0.07, 0.08, 0.09, 0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.20],
    "network": range(40),
}


def expected(load: np.ndarray, n: int) -> np.ndarray:
    """Fraction of patterns that stand, units taken as independent."""
    noise = (np.round(load * n) - 1) * (n - 1)
    wrong = binom.cdf(np.ceil((noise - (n - 1)) / 2) - 1, noise, 0.5)
    return (1 - wrong) ** n


def half_load_of(n: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement, with its error, of the load at which half of the patterns are fixed points."""

    def half_load(data: xr.Dataset) -> float:
        mean = data.stable.sel(n=n).mean("network")
        return crossing(mean["load"], mean, 0.5)

    return lambda data: jackknife(half_load, data, "network")


def stable_at_tenth(data: xr.Dataset) -> tuple[float, float]:
    """Fraction of 100 patterns that 1,000 units keep exactly."""
    return jackknife(lambda part: float(part.stable.sel(n=1000, load=0.10).mean("network")), data, "network")


def figure(data: xr.Dataset) -> Axes:
    """The fraction of fixed points against load, and the half-way number of patterns against size, with their theory."""
    named = data.assign_coords({"load": data["load"].assign_attrs(long_name="load K / N"), "n": data["n"].assign_attrs(long_name="N")})
    sizes = data["n"].values
    with ns.plot.style():
        _, (left, right) = ns.plot.figure(1, 2, size=(8.4, 3.6))
        stable = named.stable.assign_attrs(long_name="fraction of patterns that are fixed points")
        ns.plot.curve(stable, "load", over="network", hue="n", ax=left)
        loads = np.linspace(float(data["load"].min()), float(data["load"].max()), 300)
        for n in sizes:
            left.plot(np.round(loads * n) / n, expected(loads, int(n)), color="black", linewidth=0.9, zorder=1)
        left.set_title("a  lines without symbols: independent units (theory)")
        found = [half_load_of(n)(data) if data.sizes["network"] > 1 else (np.nan, np.nan) for n in sizes]
        half, error = (np.array(part) * sizes for part in zip(*found, strict=True))
        right.errorbar(sizes, half, yerr=error, fmt="o", color=ns.plot.COLOURS[0], capsize=2, label="measured")
        many = np.unique(np.geomspace(100, 5000, 60).round())
        right.plot(many, [half_way(int(n)) for n in many], color="black", label="independent units (theory)")
        right.plot(many, many / (2 * np.log(many)), color="black", linestyle="--", label=r"$N / (2 \ln N)$")
        right.set(xscale="log", yscale="log", xlabel="units N", ylabel="patterns of which half are fixed points", title="b  half-way")
        for axis, ticks in ((right.xaxis, [100, 200, 500, 1000, 2000, 5000]), (right.yaxis, [10, 20, 50, 100, 200, 500])):
            axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
            axis.set_ticks([], minor=True)
        right.legend(loc="upper left")
    return left


def half_way(n: int) -> float:
    """Return the number of patterns of which half stand, units taken as independent."""
    counts = np.arange(2, n // 2)
    return crossing(counts, expected(counts / n, n), 0.5)


MONTE_CARLO = "independent Monte Carlo program; tolerance fixed before this code was written"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    tiny={"n": [200, 1000], "load": [0.08, 0.10, 0.12, 0.14, 0.16, 0.18], "network": range(24)},
    full={"n": [200, 500, 1000, 2000, 5000], "network": range(100)},
    full_time="5 minutes on 2 cores",
    claims=(
        ns.Claim("exactly stable fraction, N = 1,000, K = 100", 0.55, 0.07, "reference", stable_at_tenth, MONTE_CARLO),
        ns.Claim("load at which half are stable, N = 200", 0.155, 0.015, "reference", half_load_of(200), MONTE_CARLO),
        ns.Claim("load at which half are stable, N = 500", 0.118, 0.015, "reference", half_load_of(500), MONTE_CARLO, "default"),
        ns.Claim(
            "load at which half are stable, N = 2,000", half_way(2000) / 2000, 0.005, "theory", half_load_of(2000),
            "binomial noise, independent units; the other program lies 0.013 above it at N = 200 and 0.004 at N = 500", "default",
        ),
    ),
)  # fmt: skip
