r"""How fast a noisy neuron fires: simulation beside Siegert's formula, and beside what a simulation in steps must give

Thousands of independent leaky integrate-and-fire neurons receive white noise of mean :math:`\mu` and strength :math:`\sigma`, once as a
noise current, once as Poisson trains of excitatory and inhibitory jumps of 0.1 mV. Siegert's formula supposes that the threshold is watched
all the time. The simulation looks once in a step :math:`h`, and misses crossings that come back: it fires less, by an error of order
:math:`h^{1/2}`. The rate of the simulation itself is known too (:func:`~neurosim.neurons.theory.discrete.discrete_rate`), if the order of
the slots in a step is minded:

- A unit that fires in tick s is held until tick s + R, :math:`R h = t_r`, in which it moves and may fire again: the earliest interval is
  :math:`t_r`. The exact rate counts :math:`t_r + h` as the earliest: it is asked for the refractory time :math:`t_r - h`.
- Poisson jumps are added after the threshold has been looked at, and decay for one step before it is looked at again; those of the
  refractory ticks are lost, those of tick s + R the first to count. With :math:`P = e^{-h/\tau}` the potential steps, at the looks, by
  :math:`v \to P (v + X)`, X the jumps of a step: like a neuron in white noise of the mean :math:`\mu \, \frac{h}{\tau} \frac{P}{1 - P}` and
  the strength :math:`\sigma \sqrt{\frac{2 h / \tau}{e^{2 h / \tau} - 1}}`, that starts from :math:`P V_r` after the full refractory time.

What is left for Poisson jumps is their size.

Sources: A. J. F. Siegert, Phys. Rev. 81, 617 (1951); N. Brunel, J. Comput. Neurosci. 8, 183 (2000).
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.neurons import theory
from neurosim.spiketrains import SpikeTrains, pooled_variation

TAU, THRESHOLD, RESET, REFRACTORY = 20.0, 20.0, 10.0, 2.0
CELL: dict[str, Any] = {"tau": TAU, "threshold": THRESHOLD, "reset": RESET, "refractory": REFRACTORY}
JUMP = 0.1
"""Size of a Poisson jump in mV."""
POINT: dict[str, Any] = {"sigma": 5.0, "mean": 15.0}
"""Where the error is followed as the step shrinks."""
LEAST = 5.0
"""Rate in Hz below which there are too few spikes for a comparison within 1 %."""
WORDS = {"current": "noise current", "jumps": "Poisson jumps"}


def run(
    noise: str, sigma: float, mean: float, dt: float, sample: int, *, units: int = 2000, duration: float = 4000.0, rng: np.random.Generator
) -> dict[str, float]:
    """Measure the rate of independent neurons, after 200 ms to settle."""
    cell = ns.LIF(tau=TAU, rest=0.0, threshold=THRESHOLD, reset=RESET, refractory=REFRACTORY)
    net = ns.Network({"cells": ns.Population(cell, units)}, inputs=inputs(noise, mean, sigma), dt=dt)
    state = net.init(seed=int(rng.integers(2**63)), values={"cells": {"v": rng.uniform(0.0, RESET, units)}})
    spikes = ns.simulate(net, state, duration=200.0 + duration, record={"cells": ns.Spikes("cells")}, progress=False)
    trains = SpikeTrains.of(spikes, "cells").between(200.0)
    return {"rate": trains.rate, "cv": pooled_variation(trains)}


def inputs(noise: str, mean: float, sigma: float) -> dict[str, Any]:
    """Return white noise as a current, or as jumps: of J nu tau = mean and J^2 nu tau = sigma^2, both kinds together."""
    if noise == "current":
        return {"noise": ns.NoiseCurrent("cells", mean=mean, sigma=sigma, tau_membrane=TAU)}
    both, more = sigma**2 / (TAU * JUMP**2), mean / (TAU * JUMP)
    rates = {"excitation": (both + more) / 2, "inhibition": (both - more) / 2}
    signs = {"excitation": JUMP, "inhibition": -JUMP}
    return {name: ns.PoissonInput("cells", rate=10 * rate, weight=signs[name], n=100) for name, rate in rates.items()}


GRID = {
    "noise": ["current", "jumps"],
    "sigma": [2.0, 5.0, 10.0],
    "mean": [0.0, 5.0, 10.0, 12.5, 15.0, 17.5, 20.0, 25.0, 30.0],
    "dt": [0.025, 0.05, 0.1, 0.2, 0.4],
    "sample": range(4),
}
TINY = {"sigma": [5.0], "mean": [15.0, 25.0], "dt": [0.1, 0.4], "sample": range(2), "units": 1000, "duration": 2000.0}
FULL = {"dt": [0.0125, 0.025, 0.05, 0.1, 0.2, 0.4], "sample": range(10), "units": 4000}


@functools.cache
def exact_rate(noise: str, mean: float, sigma: float, dt: float) -> float:
    """Rate of the simulation in Hz; for jumps in the limit of small ones."""
    decay, part = np.exp(-dt / TAU), dt / TAU
    if noise == "current":
        cell: dict[str, Any] = CELL | {"refractory": REFRACTORY - dt}
        return float(theory.discrete_rate(mean, sigma, dt=dt, **cell))
    seen, strength = mean * part * decay / (1 - decay), sigma * np.sqrt(2 * part / np.expm1(2 * part))
    cell = CELL | {"reset": decay * RESET}
    return float(theory.discrete_rate(seen, strength, dt=dt, **cell))


def expected(data: xr.Dataset) -> xr.DataArray:
    """Exact rates on the grid of the data."""
    axes = {name: data[name].values for name in ("noise", "sigma", "mean", "dt")}
    points = itertools.product(*(axis.tolist() for axis in axes.values()))
    rates = [exact_rate(noise, mean, sigma, dt) for noise, sigma, mean, dt in points]
    return xr.DataArray(np.reshape(rates, [len(axis) for axis in axes.values()]), dims=tuple(axes), coords=axes)


def deviation(noise: str, **point: Any) -> Any:
    """Return the measurement of the deviation of the rate from the exact one, relative to it, at a point."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        part = data.rate.sel(noise=noise, **point) / exact_rate(noise, point["mean"], point["sigma"], point["dt"]) - 1
        return jackknife(lambda some: float(some.rate.mean()), xr.Dataset({"rate": part}), "sample")

    return measure


def largest_deviation(noise: str, weakest: float) -> Any:
    """Return the measurement of the deviation that is largest in size, of all points with so strong noise and 5 Hz or more."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        part = data[["rate"]].sel(noise=[noise], sigma=data.sigma >= weakest)
        exact = expected(part)
        gap = (part.rate / exact - 1).where(exact >= LEAST).stack(point=("noise", "sigma", "mean", "dt")).dropna("point")
        worst = int(np.argmax(np.abs(gap.mean("sample").values)))
        return jackknife(lambda some: float(some.gap.mean()), xr.Dataset({"gap": gap.isel(point=worst, drop=True)}), "sample")

    return measure


def order(data: xr.Dataset) -> tuple[float, float]:
    """Exponent of dt with which the rate nears Siegert's: straight lines through the logarithms, their mean slope over some points."""
    points = [(sigma, mean) for sigma in (5.0, 10.0) for mean in (12.5, 15.0, 17.5)]
    limits = {(sigma, mean): float(theory.siegert_rate(mean, sigma, **CELL)) for sigma, mean in points}

    def slope(part: xr.Dataset) -> float:
        missing = [np.log(limits[point] / part.rate.sel(sigma=point[0], mean=point[1]).mean("sample") - 1) for point in points]
        return float(np.mean([np.polyfit(np.log(part.dt), one, 1)[0] for one in missing]))

    return jackknife(slope, data.sel(noise="current"), "sample")


def shifted(data: xr.Dataset) -> tuple[float, float]:
    """Deviation of Siegert's rate with the raised threshold from the simulation, at dt = 0.1 ms, for the noise current."""
    raised = THRESHOLD + float(theory.discrete_threshold_shift(POINT["sigma"], 0.1, TAU))
    formula = float(theory.siegert_rate(POINT["mean"], POINT["sigma"], **CELL | {"threshold": raised}))
    part = data.sel(noise="current", dt=0.1, **POINT)
    return jackknife(lambda some: formula / float(some.rate.mean()) - 1, part, "sample")


def figure(data: xr.Dataset) -> Axes:
    """Draw rates against the mean input, the error of Siegert's formula against the step, and the simulation against the exact rate."""
    with ns.plot.style():
        _, (rates, error, rest) = ns.plot.figure(1, 3, size=(12.0, 3.8))
        _rates(data, rates)
        _error(data, error)
        _rest(data, rest)
    return rates


def _rates(data: xr.Dataset, ax: Axes) -> None:
    dt = float(data.dt.sel(dt=0.1, method="nearest"))
    part = data.rate.sel(dt=dt).mean("sample")
    fine = np.linspace(float(data["mean"].min()), float(data["mean"].max()), 97)
    for sigma, colour, marker in zip(data.sigma.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        ax.plot(fine, theory.siegert_rate(fine, sigma, **CELL), color=colour, label=f"σ = {sigma:g} mV")
        ax.plot(
            fine[::4],
            [exact_rate("current", float(mean), float(sigma), dt) for mean in fine[::4]],
            color=colour,
            linewidth=1.0,
            dashes=(4, 2),
        )
        for noise, face in zip(data.noise.values, (colour, "white"), strict=False):
            look: dict[str, Any] = {
                "color": colour,
                "marker": marker,
                "linestyle": "none",
                "markerfacecolor": face,
                "markersize": 5 if face == "white" else 4,
            }
            ax.plot(data["mean"], part.sel(noise=noise, sigma=sigma), zorder=2.5 if face == "white" else 3, **look)
    ax.plot([], [], "o", color="black", label="noise current")
    ax.plot([], [], "o", color="black", markerfacecolor="white", label="Poisson jumps")
    ax.set(xlabel="mean input μ (mV)", ylabel="firing rate (Hz)", ylim=(0, None), title=f"a  steps of {dt:g} ms")
    ax.plot([], [], color="black", label="Siegert")
    ax.plot([], [], color="black", linewidth=1.0, dashes=(4, 2), label="exact, in steps (current)")
    ns.plot.legend(ax, loc="upper left")


def _error(data: xr.Dataset, ax: Axes) -> None:
    sigma, mean = (float(data[name].sel({name: value}, method="nearest")) for name, value in POINT.items())
    limit = float(theory.siegert_rate(mean, sigma, **CELL))
    part = data.rate.sel(sigma=sigma, mean=mean)
    fine = np.geomspace(float(data.dt.min()), float(data.dt.max()), 16)
    found, bars = ns.plot.mean_and_error(limit / part - 1, "sample")
    for noise, colour, marker in zip(data.noise.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        ax.plot(fine, [limit / exact_rate(str(noise), mean, sigma, float(dt)) - 1 for dt in fine], color=colour, linewidth=1.2)
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "capsize": 2}
        ax.errorbar(data.dt, found.sel(noise=noise), yerr=np.nan_to_num(bars.sel(noise=noise)), label=WORDS[str(noise)], **look)
    ax.plot(fine, 0.225 * fine**0.5, color="black", linewidth=0.9, linestyle="--", label="order 1/2")
    ax.set(xscale="log", yscale="log", xlabel="time step (ms)", ylabel="error of Siegert's formula")
    ax.set_title(f"b  μ = {mean:g} mV, σ = {sigma:g} mV; lines: exact")
    _plain_steps(ax, data.dt.values)
    low, high = ax.get_ylim()
    ticks = [part for part in (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0) if low < part < high]
    ax.set_yticks(ticks, [f"{100 * part:g} %" for part in ticks])
    ax.set_yticks([], minor=True)
    ns.plot.legend(ax, loc="upper left")


def _rest(data: xr.Dataset, ax: Axes) -> None:
    exact = expected(data)
    gap, bars = ns.plot.mean_and_error(100 * (data.rate / exact - 1).where(exact >= LEAST), "sample")
    cases = [(noise, sigma) for noise in data.noise.values for sigma in data.sigma.values]
    mean = float(data["mean"].sel(mean=20.0, method="nearest"))
    for place, (noise, sigma) in enumerate(cases):
        index, filled = list(data.sigma.values).index(sigma), noise == data.noise.values[0]
        colour = ns.plot.COLOURS[index]
        look: dict[str, Any] = {
            "color": colour,
            "marker": ns.plot.MARKERS[index],
            "markerfacecolor": colour if filled else "white",
            "linestyle": "none",
        }
        aside = data.dt * 1.06 ** (place - (len(cases) - 1) / 2)
        here = {"noise": noise, "sigma": sigma, "mean": mean}
        ax.errorbar(
            aside, gap.sel(here), yerr=np.nan_to_num(bars.sel(here)), label=f"{WORDS[str(noise)]}, σ = {sigma:g} mV", capsize=2, **look
        )
    ax.axhline(0.0, color="black", linewidth=1.0)
    ax.set(xscale="log", ylim=(-1.2, 1.2), xlabel="time step (ms)", ylabel="simulation over exact rate, less 1 (%)")
    ax.set_title(f"c  μ = {mean:g} mV")
    _plain_steps(ax, data.dt.values)
    ns.plot.legend(ax, loc="upper left", ncols=2, fontsize=7.5)


def _plain_steps(ax: Axes, steps: np.ndarray) -> None:
    ax.set_xticks(steps, [f"{dt:g}" for dt in steps])
    ax.set_xticks([], minor=True)


EXACT = "exact first-passage rate in steps; tolerance: 1 %"
SAMPLED = "tolerance: three times the sampling error"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"units": 2000, "duration": 4000.0},
    tiny=TINY,
    full=FULL,
    full_time="25 minutes on 1 core",
    claims=(
        ns.Claim(
            "noise current at (15, 5) mV, dt = 0.1 ms: rate over the exact one, less 1", 0.0, 0.02, "theory",
            deviation("current", **POINT, dt=0.1), f"exact first-passage rate in steps; {SAMPLED}",
        ),
        ns.Claim(
            "Poisson jumps at (25, 5) mV, dt = 0.4 ms: rate over the exact one, less 1", 0.0, 0.01, "theory",
            deviation("jumps", sigma=5.0, mean=25.0, dt=0.4), f"exact first-passage rate in steps for small jumps; {SAMPLED}",
        ),
        ns.Claim(
            "order with which the rate nears Siegert's, dt from 0.4 to 0.025 ms", 0.5, 0.05, "theory", order,
            "Broadie, Glasserman & Kou (1997); tolerance: higher orders, the exact rates give 0.51", "default",
        ),
        ns.Claim(
            "Siegert's rate with the raised threshold over the simulation at (15, 5) mV, dt = 0.1 ms, less 1", 0.0, 0.01, "theory", shifted,
            "shift of the threshold after Broadie, Glasserman & Kou (1997); tolerance: 1 %", "default",
        ),
        ns.Claim(
            "noise current: largest deviation from the exact rate, rates above 5 Hz", 0.0, 0.01, "theory",
            largest_deviation("current", 0.0), EXACT, "default",
        ),
        ns.Claim(
            "Poisson jumps of 0.1 mV: largest deviation from the exact rate of small jumps, rates above 5 Hz, sigma from 5 mV", 0.0, 0.01,
            "theory", largest_deviation("jumps", 5.0), EXACT, "default",
        ),
    ),
)  # fmt: skip
