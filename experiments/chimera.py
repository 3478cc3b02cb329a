r"""A chimera: of two equal populations of equal oscillators one is in step, the other not

Two populations of :math:`n` oscillators with one and the same frequency feel their own mean field with the strength
:math:`\mu = (1 + A) / 2` and that of the others with :math:`\nu = (1 - A) / 2`, both with the lag :math:`\alpha = \pi/2 - \beta`:

.. math:: \dot\theta_i^a = \sum_b \frac{K_{ab}}{n} \sum_j \sin(\theta_j^b - \theta_i^a - \alpha), \qquad
   K_{aa} = \mu, \quad K_{ab} = \nu .

The first population starts in step, the second with the order :math:`r = 0.729`, ahead of the first by 0.2094, in one of three ways:

- *quantiles*: at the quantiles of a Poisson kernel. It then stays a Poisson kernel, and :math:`r` and the phase :math:`\psi` of the first
  population before the second obey two equations in closed form (:mod:`neurosim.oscillators.theory.chimera`).
- *drawn*: at random phases from that kernel.
- *arc*: evenly over a part of the circle.

Equal oscillators keep :math:`n - 3` constants of the motion: nothing draws them to the kernel. In the last two ways :math:`r` therefore
never comes to rest.

Sources: D. M. Abrams, R. Mirollo, S. H. Strogatz & D. A. Wiley, Phys. Rev. Lett. 101, 084103 (2008), not read: their equations were derived
again; A. Pikovsky & M. Rosenblum, Phys. Rev. Lett. 101, 264103 (2008), not read: the constants. Differs from the paper in: n is 256.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.oscillators import theory

BETA = 0.1
ORDER, AHEAD = 0.729, 0.2094
"""What the second population starts with."""
ARC = 1.333208
"""Half of an arc whose even filling has this order, sin(ARC) / ARC."""
DT = 0.1
LOOK = 5
"""Ticks between two looks at phases."""
SHOWN = 256
"""Oscillators of each population whose phases are kept."""


def phases(start: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the phases of both populations to begin with, (2 n,)."""
    z = ORDER * np.exp(1j * AHEAD)
    ways: dict[str, Callable[[], np.ndarray]] = {
        "quantiles": lambda: theory.poisson_phases(z, n),
        "drawn": lambda: np.sort(theory.poisson_phases(z, n, rng=rng)),
        "arc": lambda: AHEAD + ARC * ((np.arange(n) + 0.5) / n * 2 - 1),
    }
    return np.concatenate([np.zeros(n), ways[start]()])


def model(disparity: float, n: int) -> tuple[ns.Kuramoto, np.ndarray]:
    """Return two populations of n oscillators, and which is in which."""
    own, other = (1 + disparity) / 2, (1 - disparity) / 2
    graph = ns.oscillators.Populations([n, n], [[own, other], [other, own]])
    return ns.Kuramoto(np.zeros(2 * n), 1.0, graph=graph, phase_lag=np.pi / 2 - BETA, dt=DT), graph.labels


def run(
    start: str, disparity: float, *, n: int = 256, duration: float = 2000.0, looks: int = 120, rng: np.random.Generator
) -> dict[str, Any]:
    """Run two populations; return r and psi of the second half of the time, r over time, and the last phases, relative to population 1."""
    net, labels = model(disparity, n)
    state = net.init(phases(start, n, rng))
    orders = ns.Trace[ns.oscillators.KuramotoState](lambda now: net.cluster_order(now, labels), dims=("population",), every=round(1 / DT))
    shown = np.arange(0, 2 * n, max(1, n // SHOWN))
    turns = ns.Trace[ns.oscillators.KuramotoState](lambda now: now.phases, dims=("oscillator",), every=LOOK, units=shown)
    z = ns.simulate(net, state, duration=duration, record={"z": orders}).z
    last = ns.simulate(net, state, steps=looks * LOOK, record={"phases": turns}).phases
    apart = (last - last[:, 0]).astype(np.float32).assign_coords(time=(last.time - last.time[0]).round(6)).rename(time="moment")
    late = z[len(z) // 2 :]
    return {
        **_summary(abs(late), np.angle((late[:, 0] / late[:, 1]).mean())),
        "course": xr.DataArray(abs(z[:, 1].values), dims="time", coords={"time": z.time.values}),
        "phases": apart.reset_coords(drop=True),
    }


def _summary(r: xr.DataArray, offset: Any) -> dict[str, float]:
    """Return what r of both populations came to: the second one's mean and range, the first one's least."""
    second = r[:, 1]
    numbers = {"r": second.mean(), "lowest": second.min(), "highest": second.max(), "offset": offset, "in_step": r[:, 0].min()}
    return {name: float(value) for name, value in numbers.items()}


GRID = {
    "start": ["quantiles", "drawn", "arc"],
    "disparity": [0.1, 0.15, 0.17, 0.18, 0.19, 0.2, 0.22, 0.25, 0.27, 0.28, 0.3, 0.32, 0.35, 0.4],
}


@functools.cache
def breath(disparity: float, duration: float = 2000.0) -> tuple[float, float]:
    """Lowest and highest r of the reduced equations in the second half of the time, from the same start; NaN where no chimera is left."""
    r = theory.chimera_trajectory(np.linspace(0.0, duration, 2001), ORDER, -AHEAD, disparity, BETA)[0][1000:]
    return (float(r.min()), float(r.max())) if r.min() < 0.999 else (np.nan, np.nan)


def reduced(data: xr.Dataset) -> float:
    """Order that the reduced equations come to rest at."""
    return float(theory.chimera_trajectory([0.0, 4000.0], ORDER, -AHEAD, 0.2, BETA)[0][-1])


def measured(quantity: str, disparity: float, start: str = "quantiles") -> Callable[[xr.Dataset], float]:
    """Return the measurement of a quantity at a point."""
    return lambda data: float(data[quantity].sel(disparity=disparity, start=start))


def spread(disparity: float, start: str = "quantiles") -> Callable[[xr.Dataset], float]:
    """Return the measurement of the range of r in the second half of the time."""
    return lambda data: measured("highest", disparity, start)(data) - measured("lowest", disparity, start)(data)


def largest_gap(data: xr.Dataset) -> float:
    """Largest difference of the lowest or highest r from that of the reduced equations, over all disparities where a chimera is left."""
    part = data.sel(start="quantiles")
    found = np.stack([part.lowest, part.highest], axis=1)
    return float(np.nanmax(abs(found - [breath(disparity) for disparity in data.disparity.values.tolist()])))


def figure(data: xr.Dataset) -> Axes:
    """Draw phases over oscillators and time, the order of the second population over time, and against the disparity."""
    chosen = float(data.disparity.sel(disparity=0.2, method="nearest"))
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(12.5, 3.9), width_ratios=[1.2, 1, 1])
        part = data.phases.sel(disparity=chosen).isel(start=0).rename(moment="time")
        ns.plot.space_time(part.to_dataset(name="phases"), ax=left)
        left.set_title(f"a  both populations, A = {chosen:g}")
        _courses(data, chosen, middle)
        _branches(data, right)
    return left


def _courses(data: xr.Dataset, chosen: float, ax: Axes) -> None:
    early = data.course.sel(disparity=chosen, time=slice(0.0, 300.0))
    for start, colour in zip(data.start.values, ns.plot.COLOURS, strict=False):
        ax.plot(early.time, early.sel(start=start), color=colour, label=str(start), linewidth=1.2)
    ax.set(xlabel="time", ylabel="r of the second population", ylim=(0, 1.02), title=f"b  three starts, A = {chosen:g}")
    ns.plot.legend(ax, loc="lower left", ncols=3)


def _branches(data: xr.Dataset, ax: Axes) -> None:
    """Draw fixed points and cycles of the reduced equations, and what the networks did."""
    born, hopf = theory.chimera_birth(BETA), theory.chimera_hopf(BETA)
    fine = born + (0.42 - born) * np.linspace(0.0, 1.0, 80) ** 2
    states = [theory.chimera_states(float(disparity), BETA) for disparity in fine]
    ends = np.array([[state[0].order, state[1].order] for state in states if len(state) > 2])
    fine = fine[: len(ends)]
    steady = fine <= hopf
    ax.plot(fine[steady], ends[steady, 0], color="black", label="stable")
    ax.plot(fine[~steady], ends[~steady, 0], color="black", linestyle=":", label="unstable")
    ax.plot(fine, ends[:, 1], color="black", linestyle="--", linewidth=1.0, label="saddle")
    for place, (start, colour, marker) in enumerate(zip(data.start.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False)):
        part = data.sel(start=start)
        bars = np.maximum([part.r - part.lowest, part.highest - part.r], 0.0)
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "capsize": 2, "markersize": 4, "elinewidth": 0.9}
        ax.errorbar(part.disparity + 0.002 * place, part.r, yerr=bars, label=str(start), **look)
    ax.set(xlabel="disparity A", ylabel="r of the second population", ylim=(0, 1.04), title="c  mean and range")
    ns.plot.legend(ax, loc="lower left", ncols=2)


FIXED = "tolerance fixed before this code was written"
PROGRAM = f"an independent program; {FIXED}"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"n": 256, "duration": 2000.0, "looks": 120},
    tiny={"start": ["quantiles", "arc"], "disparity": [0.2, 0.28], "n": 200, "duration": 400.0},
    full={"n": 1024, "duration": 10000.0, "disparity": np.arange(0.1, 0.401, 0.01).round(2).tolist()},
    full_time="40 minutes on 1 core",
    claims=(
        ns.Claim("r of the reduced equations at rest, A = 0.2", 0.7291, 0.001, "reference", reduced, PROGRAM),
        ns.Claim(
            "r of the saddle, A = 0.2", 0.8834, 0.001, "reference", lambda data: theory.chimera_states(0.2, BETA)[1].order,
            "an independent program; tolerance as for the chimera",
        ),
        ns.Claim(
            "disparity at which the chimera is born", 0.1785, 0.0005, "reference", lambda data: theory.chimera_birth(BETA),
            "an independent program; tolerance: its grid",
        ),
        ns.Claim(
            "disparity at which the chimera begins to breathe", 0.278, 0.0005, "reference", lambda data: theory.chimera_hopf(BETA),
            "an independent program; tolerance: its last digit",
        ),
        ns.Claim("r of two networks, A = 0.2, quantiles", 0.7291, 0.005, "theory", measured("r", 0.2), f"fixed point; {FIXED}"),
        ns.Claim(
            "phase of population 1 before the other, A = 0.2, quantiles", -0.2094, 0.005, "theory", measured("offset", 0.2), "fixed point",
        ),
        ns.Claim("range of r, A = 0.2, quantiles", 0.0, 0.005, "theory", spread(0.2), "a Poisson kernel stays one"),
        ns.Claim("least r of the population in step, A = 0.2", 1.0, 1e-6, "theory", measured("in_step", 0.2), "equal stays equal"),
        ns.Claim("r of two networks, A = 0.25, quantiles", 0.6324, 0.005, "theory", measured("r", 0.25), "fixed point", "default"),
        ns.Claim("r of two networks, A = 0.17, quantiles", 1.0, 0.001, "theory", measured("r", 0.17), "there is no chimera", "default"),
        ns.Claim(
            "largest difference of the range of r from that of the reduced equations, quantiles", 0.0, 0.01, "theory", largest_gap,
            "a Poisson kernel stays one; tolerance: looks apart in time", "default",
        ),
        ns.Claim(
            "range of r, A = 0.2, arc", 0.27, 0.05, "calibrated", spread(0.2, "arc"), "pilot run; such a start does not come to rest",
            "default",
        ),
    ),
)  # fmt: skip
