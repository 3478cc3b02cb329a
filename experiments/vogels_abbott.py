r"""Two networks that keep themselves awake: the benchmarks COBA and CUBA of the review of simulators, and how long small ones last

Of 4,000 leaky integrate-and-fire neurons four fifths are excitatory; any two are connected with probability 2 %. With synaptic
conductances (COBA, benchmark 1)

.. math::
    \tau \dot v = E_L - v + g_e (0 - v) + g_i (-80\,\text{mV} - v), \qquad \tau_e \dot g_e = -g_e, \quad \tau_i \dot g_i = -g_i,

:math:`E_L` = -60 mV, and a spike adds 6 nS to :math:`g_e` or 67 nS to :math:`g_i` of its targets, in units of the leak of 10 nS. With
currents (CUBA, benchmark 2) the driving forces are those at -60 mV: a spike adds 0.27 · 60 / 10 = 1.62 mV or -4.5 · 20 / 10 = -9 mV, and
:math:`E_L` = -49 mV lies above the threshold. In both :math:`\tau` = 20 ms, :math:`\tau_e` = 5 ms, :math:`\tau_i` = 10 ms; the threshold is
-50 mV, reset -60 mV, the refractory time 5 ms. Nothing comes from outside, but for the first 50 ms: then 50 excitatory neurons receive 300
spikes a second each.

Smaller networks have the same number of synapses a neuron, 64 excitatory and 16 inhibitory ones on average.

Sources: R. Brette et al., "Simulation of networks of spiking neurons: a review of tools and strategies", J. Comput. Neurosci. 23, 349
(2007), Appendix 2; after T. P. Vogels & L. F. Abbott, J. Neurosci. 25, 10786 (2005). Differs from the paper in: spikes take 0.1 ms, and the
stimulus is that of the review's program for NEST.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.spiketrains import SpikeTrains, count_correlation, population_rate, variation

CELLS = {
    "cuba": ns.LIFCurrent(tau=20.0, rest=-49.0, threshold=-50.0, reset=-60.0, refractory=5.0, tau_exc=5.0, tau_inh=10.0),
    "coba": ns.LIFConductance(tau=20.0, rest=-60.0, threshold=-50.0, reset=-60.0, refractory=5.0, tau_exc=5.0, tau_inh=10.0),
}
WEIGHTS = {"cuba": {"exc": 1.62, "inh": -9.0}, "coba": {"exc": 0.6, "inh": 6.7}}
"""In mV, and in units of the leak conductance."""
NAMES = {"cuba": "CUBA", "coba": "COBA"}
DEGREE = 80
"""Synapses a neuron, on average; 2 % of 4,000."""
DELAY = 0.1
STIMULATED, STIMULUS_RATE, STIMULUS = 50, 300.0, 50.0
"""Excitatory neurons that are stimulated, with what rate in Hz, and how long in ms."""
IRREGULAR = 0.5
"""CV of the intervals half-way between a clock and a Poisson process."""
SHOWN, BIN, ROWS, MOST = 300.0, 1.0, 100, 100
"""What a raster shows: the last 300 ms of 100 cells, at most so many spikes of each; and the bins of the population rate (ms)."""
RATE_EDGES = np.arange(0.0, 161.0, 2.0)
CV_EDGES = np.arange(0.0, 4.01, 0.1)


def network(model: str, n: int, dt: float, *, rng: np.random.Generator) -> ns.Network:
    """Return a network of n neurons, with synapses and stimulus of its own; equal generators give equal ones for any step dt (ms)."""
    sizes, weights = {"exc": 4 * n // 5, "inh": n - 4 * n // 5}, WEIGHTS[model]
    projections = {
        f"{source}-{target}": ns.Projection(
            source,
            target,
            ns.bernoulli(sizes[source], sizes[target], DEGREE / n, rng=rng),
            weight=weights[source],
            delay=DELAY,
            variable=source,
        )
        for source in sizes
        for target in sizes
    }
    tick, unit = np.nonzero(rng.random((round(STIMULUS / DELAY), STIMULATED)) < STIMULUS_RATE * DELAY / 1000)
    each, _ = ns.connectivity.from_arrays(np.arange(STIMULATED), np.arange(STIMULATED), STIMULATED, sizes["exc"])
    projections["stimulus"] = ns.Projection("stimulus", "exc", each, weight=weights["exc"], delay=DELAY)
    populations = {name: ns.Population(CELLS[model], size) for name, size in sizes.items()}
    populations["stimulus"] = ns.Population(ns.SpikeList(unit, DELAY * tick), STIMULATED)
    return ns.Network(populations, projections, dt=dt)


def simulated(model: str, n: int, dt: float, duration: float, seed: int) -> SpikeTrains:
    """Return the spikes of a network, excitatory neurons first; a seed stands for the same network for any dt."""
    rng = np.random.default_rng(seed)
    net = network(model, n, dt, rng=rng)
    neurons = ("exc", "inh")
    values = {name: {"v": rng.uniform(-60.0, -50.0, net.populations[name].n)} for name in neurons}
    record = {name: ns.Spikes(name) for name in neurons}
    run = ns.simulate(net, net.init(seed=seed, values=values), duration=duration, record=record, progress=False)
    return SpikeTrains.of(run, *neurons)


def run(
    model: str,
    n: int,
    network: int,
    *,
    steps: Sequence[float] = (0.1, 0.05, 0.025),
    settle: float = 500.0,
    duration: float = 2000.0,
    life: float = 20_000.0,
    seed: int,
) -> dict[str, Any]:
    """Measure one network, with several steps (ms): rates and CV after a time to settle, and with the first step when it fires last."""
    whole = [simulated(model, n, dt, life if dt == steps[0] else settle + duration, seed) for dt in steps]
    last = float(whole[0].time.max(initial=0.0))
    parts = [trains.between(settle, settle + duration) for trains in whole]
    awake = [float(trains.time.max(initial=0.0)) > trains.stop - 100.0 for trains in parts]
    first, end = parts[0], parts[0].between(settle + duration - SHOWN)
    axis = {"dims": ("dt",), "coords": {"dt": list(steps)}}
    return {
        "rate": xr.DataArray([trains.rate if on else np.nan for trains, on in zip(parts, awake, strict=True)], **axis),
        "cv": xr.DataArray([mean_variation(trains) if on else np.nan for trains, on in zip(parts, awake, strict=True)], **axis),
        "last": last,
        "correlation": count_correlation(first),
        "silent": np.setdiff1d(np.arange(n), first.unit).size / n,
        "rates": (("rate_bin",), np.histogram(np.bincount(first.unit, minlength=n) * 1000 / duration, RATE_EDGES)[0] / n),
        "cvs": (("cv_bin",), np.histogram(variation(first), CV_EDGES)[0] / n),
        "activity": (("time_bin",), population_rate(end, BIN)[1]),
        "spike": (("cell", "place"), raster_of(end)),
    }


def mean_variation(trains: SpikeTrains) -> float:
    """Mean over cells of the CV of their intervals; cells with fewer than three are left out."""
    found = variation(trains)
    return float(np.nanmean(found)) if np.isfinite(found).any() else np.nan


def raster_of(trains: SpikeTrains) -> np.ndarray:
    """Return the times of the spikes of some cells, evenly spread, from the start of the window, padded with NaN."""
    rows = np.full((ROWS, MOST), np.nan, np.float32)
    for row, cell in enumerate(np.linspace(0, trains.n_units - 1, ROWS).round().astype(int)):
        time = np.sort(trains.time[trains.unit == cell])[:MOST] - trains.start
        rows[row, : time.size] = time
    return rows


GRID = {"model": ["cuba", "coba"], "n": [500, 750, 1000, 1500, 4000], "network": range(20)}
TINY = {"n": [4000], "network": range(12), "steps": (0.1,), "life": 2500.0}
FULL = {"n": [500, 750, 1000, 1500, 2000, 4000], "network": range(100), "life": 60_000.0}


def mean_of(quantity: str, model: str) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a quantity at full size and dt = 0.1 ms."""
    point = {"model": model, "n": 4000, "dt": 0.1}
    return lambda data: jackknife(lambda some: float(some[quantity].mean()), data.sel(point), "network")


def awake_and_irregular(model: str) -> Callable[[xr.Dataset], float]:
    """Return the measurement of the fraction of networks that fire to the end of the window, with a mean CV above 0.5."""
    return lambda data: float((data.cv.sel(model=model, n=4000, dt=0.1) > IRREGULAR).mean())


def effect_of_step(quantity: str, model: str) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a quantity with dt = 0.1 ms over that with 0.025 ms, less 1, in the same networks."""

    def change(part: xr.Dataset) -> float:
        mean = part[quantity].mean("network")
        return float(mean.sel(dt=0.1) / mean.sel(dt=0.025) - 1)

    return lambda data: jackknife(change, data.sel(model=model, n=4000), "network")


def figure(data: xr.Dataset) -> Axes:
    """Draw rasters, distributions over cells, rates against the step, and how many networks still fire."""
    n = 4000 if 4000 in data.n else int(data.n.max())
    full = data.sel(n=n)
    with ns.plot.style():
        made, panels = ns.plot.figure(3, 4, size=(12.4, 7.8), height_ratios=[2.3, 0.9, 2.5])
        grid = panels[0, 0].get_gridspec()
        for old in panels[:2].flat:
            made.delaxes(old)
        for column, model in enumerate(data.model.values[:2]):
            upper = made.add_subplot(grid[0, 2 * column : 2 * column + 2])
            lower = made.add_subplot(grid[1, 2 * column : 2 * column + 2], sharex=upper)
            _raster(full.sel(model=model).isel(network=0), upper, n)
            _activity(full.sel(model=model).isel(network=0), lower)
            upper.set_title(f"{'ab'[column]}  {NAMES[str(model)]}, {n:,} neurons")
        below = panels[2]
        _distribution(full.rates, RATE_EDGES, below[0])
        below[0].set(
            xlabel="rate of a cell (Hz)",
            ylabel="fraction of cells per Hz",
            yscale="log",
            xlim=(0, 140),
            ylim=(1e-5, 0.3),
            title="c  rates of cells",
        )
        _distribution(full.cvs, CV_EDGES, below[1])
        below[1].set(
            xlabel="CV of the intervals of a cell", ylabel="fraction of cells per unit of CV", xlim=(0, 3.5), title="d  irregularity"
        )
        for ax in below[:2]:
            ns.plot.legend(ax, loc="upper right")
        _steps(full, below[2])
        _survival(data, below[3])
    return below[3]


def _raster(point: xr.Dataset, ax: Axes, n: int) -> None:
    row = np.broadcast_to(np.arange(ROWS)[:, None], point.spike.shape)
    for kind, colour in zip((row < 0.8 * ROWS, row >= 0.8 * ROWS), ns.plot.COLOURS, strict=False):
        ax.plot(point.spike.values[kind], row[kind], "|", color=colour, markersize=2.8, markeredgewidth=0.8)
    ax.set(xlim=(0, SHOWN), ylim=(-1, ROWS), xlabel="time (ms)", ylabel="cell")
    ax.set_yticks([0.4 * ROWS, 0.9 * ROWS], ["excitatory", "inhibitory"], rotation=90, va="center")
    ax.tick_params(axis="y", length=0)
    ax.tick_params(labelbottom=False)
    ax.xaxis.label.set_visible(False)
    ax.yaxis.label.set_visible(False)


def _activity(point: xr.Dataset, ax: Axes) -> None:
    ax.stairs(point.activity.values, BIN * np.arange(point.sizes["time_bin"] + 1), color="black", linewidth=0.9)
    ax.axhline(float(point.rate[0]), color=ns.plot.COLOURS[1], linewidth=0.9, linestyle="--")
    ax.set(ylim=(0, None), xlabel="time (ms)", ylabel="rate (Hz)")


def _distribution(found: xr.DataArray, edges: np.ndarray, ax: Axes) -> None:
    """Draw a histogram for each model: mean over networks, and a band of one standard error."""
    mean, error = ns.plot.mean_and_error(found / np.diff(edges), "network")
    for model, colour in zip(found.model.values, ns.plot.COLOURS, strict=False):
        height, bar = mean.sel(model=model).values, np.nan_to_num(error.sel(model=model).values)
        shown = np.where(height > 0, height, np.nan)
        ax.stairs(shown, edges, baseline=None, color=colour, linewidth=1.3, label=NAMES[str(model)])
        ax.stairs(height + bar, edges, baseline=np.maximum(height - bar, 1e-9), color=colour, alpha=0.3, fill=True)


def _steps(full: xr.Dataset, ax: Axes) -> None:
    """Draw rates against the step, relative to those of Brian2; bands are the standard errors of Brian2."""
    mean, error = ns.plot.mean_and_error(full.rate, "network")
    for place, (model, colour, marker) in enumerate(zip(full.model.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False)):
        rate, scatter = BRIAN2[str(model)]["rate"]
        bar = 100 * scatter / np.sqrt(BRIAN2_NETWORKS) / rate
        ax.axhspan(-bar, bar, color=colour, alpha=0.2, linewidth=0)
        gap, bars = 100 * (mean.sel(model=model) / rate - 1), np.nan_to_num(100 * error.sel(model=model) / rate)
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "capsize": 2}
        ax.errorbar(full.dt * 1.08 ** (2 * place - 1), gap, yerr=bars, label=NAMES[str(model)], **look)
    ax.axhline(0.0, color="black", linewidth=0.8)
    ax.set(xscale="log", ylim=(-6, 6), xlabel="time step (ms)", ylabel="rate over that of Brian2, less 1 (%)", title="e  rates")
    ax.set_xticks(full.dt.values, [f"{dt:g}" for dt in full.dt.values])
    ax.set_xticks([], minor=True)
    ax.margins(x=0.2)
    ns.plot.legend(ax, loc="upper right")


def _survival(data: xr.Dataset, ax: Axes) -> None:
    """Draw the fraction of networks with conductances that still fire, against time."""
    model = "coba" if "coba" in data.model else str(data.model.values[0])
    last = data["last"].sel(model=model) / 1000
    end = float(data["last"].max()) / 1000
    time = np.geomspace(0.01, end, 400)
    for n, colour, dash in zip(data.n.values, ns.plot.COLOURS, ["-", "--", "-.", ":", "-", "--"], strict=False):
        alive = (last.sel(n=n).values[:, None] >= np.minimum(time, end - 0.2)).mean(0)
        ax.plot(time, alive, color=colour, linestyle=dash, label=f"{n:,}")
    ax.set(xscale="log", ylim=(0, 1.04), xlabel="time (s)", ylabel="networks that still fire", title=f"f  {NAMES[model]}, by size")
    ns.plot.legend(ax, loc="lower left", title="neurons")


BRIAN2_NETWORKS = 20
BRIAN2 = {
    "cuba": {"rate": (5.49, 0.24), "cv": (0.615, 0.0106)},
    "coba": {"rate": (19.07, 1.16), "cv": (1.708, 0.0375)},
}
"""Mean over networks of Brian2, and their standard deviation."""


def allowed(quantity: str, model: str, *networks: int) -> float:
    """Three standard errors of the difference between two means over so many independent networks."""
    return 3 * BRIAN2[model][quantity][1] * sum(1 / n for n in networks) ** 0.5


REVIEW = (
    "Brette et al. (2007), Appendix 2: «a self-sustained irregular state of activity», after random stimulation in the first 50 ms; "
    "irregular: mean CV above 0.5"
)
PROGRAM = (
    "Brian2 2.9.0, its examples CUBA and COBA with a delay of 0.1 ms and the same stimulus, 20 networks, 0.5 to 2.5 s; "
    "tolerance: three standard errors over networks"
)
STEP = "the same networks with a quarter of the step; tolerance: three standard errors if they were 20 others"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"steps": (0.1, 0.05, 0.025), "settle": 500.0, "duration": 2000.0, "life": 20_000.0},
    tiny=TINY,
    full=FULL,
    full_time="25 minutes on 1 core",
    claims=(
        ns.Claim("CUBA: networks that fire on, irregularly, 2.5 s from the start", 1.0, 0.0, "paper", awake_and_irregular("cuba"), REVIEW),
        ns.Claim("COBA: networks that fire on, irregularly, 2.5 s from the start", 1.0, 0.0, "paper", awake_and_irregular("coba"), REVIEW),
        *(
            ns.Claim(
                f"{NAMES[model]}: {words}", BRIAN2[model][quantity][0], allowed(quantity, model, BRIAN2_NETWORKS, 12), "reference",
                mean_of(quantity, model), PROGRAM,
            )
            for model in ("cuba", "coba")
            for quantity, words in (("rate", "mean rate (Hz)"), ("cv", "mean CV of intervals"))
        ),
        *(
            ns.Claim(
                f"{NAMES[model]}: {quantity} with steps of 0.1 ms over that with 0.025 ms, less 1", 0.0,
                allowed(quantity, model, 20, 20) / BRIAN2[model][quantity][0], "reference",
                effect_of_step(quantity, model), STEP, "default",
            )
            for model in ("cuba", "coba")
            for quantity in ("rate", "cv")
        ),
    ),
)  # fmt: skip
