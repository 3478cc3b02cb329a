r"""From any order to its steady state: the transient that Ott and Antonsen's equation predicts

Infinitely many oscillators with Lorentzian frequencies (half-width :math:`\Delta`, here 1), whose phases are spread at each frequency as a
Poisson kernel, follow one equation for the order parameter :math:`z = r e^{i \psi}`,

.. math:: \dot z = -\Delta z + \frac K2 \left( e^{-i \alpha} z - e^{i \alpha} \bar z z^2 \right) ,

which has a closed form (:func:`~neurosim.oscillators.theory.ott_antonsen.ott_antonsen`). Phases drawn from one Poisson kernel,
independently of the frequencies, lie on this manifold. To keep the sampling error small, frequencies and phases are quantiles, and which
frequency gets which phase is spread evenly: along the rising frequencies the quantiles of the phases go in steps of the golden section
(*scattered*). *random* draws both. *arc* begins off the manifold: phases spread evenly over an arc, with the same order. Its transient
differs at first; spread frequencies mix it towards the manifold (Ott & Antonsen 2009).

Sources: E. Ott & T. M. Antonsen, Chaos 18, 037113 (2008); Chaos 19, 023117 (2009); not read, the closed form was derived again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.optimize import brentq

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.oscillators import theory

EVERY = 0.1
"""Time between two looks at the order parameter."""
LATE = 10.0
"""Time from which a start off the manifold is expected near it."""
SIZE = 50_000


def run(
    begun: str, n: int, lag: float, coupling: float, start: float, sample: int, *, dt: float = 0.05, duration: float = 20.0,
    rng: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    """Follow the order parameter from `start` on; return it, and the largest distances from the theory in r and in z."""
    omega = ns.oscillators.lorentzian(n, rng=rng if begun == "random" else None)
    model = ns.Kuramoto(omega, coupling, phase_lag=lag, dt=dt)
    state = model.init(first_phases(begun, start, n, rng))
    look = ns.Trace(model.order, every=round(EVERY / dt))
    z = ns.simulate(model, state, duration=duration, record={"z": look}).z
    expected = theory.ott_antonsen(z.time.values, start, coupling, lag=lag)
    return {"r": abs(z), "gap": float(np.max(abs(abs(z) - abs(expected)))), "distance": float(np.max(abs(z - expected)))}


def first_phases(begun: str, start: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return phases of a given order to begin with; those that are spread evenly are shifted at random along the frequencies."""
    if begun == "random":
        return theory.poisson_phases(start, n, rng=rng)
    shift = int(rng.integers(n))
    if begun == "scattered":
        return np.roll(theory.poisson_phases(start, n, scatter=True), shift)
    half: Any = brentq(lambda angle: np.sinc(angle / np.pi) - start, 0.0, np.pi)
    return np.roll(theory.poisson_phases(0.0, n, scatter=True), shift) * half / np.pi


GRID = {
    "begun": ["scattered", "random", "arc"],
    "n": [500, 5000, SIZE],
    "lag": [0.0, 0.6],
    "coupling": [1.0, 2.0, 3.0, 4.0],
    "start": [0.1, 0.9],
    "sample": range(4),
}
TINY = {"n": [5000, SIZE], "lag": [0.0], "coupling": [1.0, 4.0], "sample": range(1)}


def largest(what: str, *, lagged: bool = False) -> Callable[[xr.Dataset], float]:
    """Return the measurement of the largest distance from the theory of 50,000 scattered oscillators, along all transients."""
    return lambda data: float(data[what].sel(begun="scattered", n=SIZE, lag=data.lag[data.lag > 0] if lagged else [0.0]).max())


def exponent(data: xr.Dataset) -> tuple[float, float]:
    """Exponent of N in the distance of random oscillators from the theory: a straight line through the mean logarithms."""

    def slope(some: xr.Dataset) -> float:
        height = np.log(some.gap.sel(begun="random")).mean(["lag", "coupling", "start", "sample"])
        return float(np.polyfit(np.log(some.n), height, 1)[0])

    return jackknife(slope, data, "sample")


def theory_of(data: xr.Dataset, coupling: float, start: float, lag: float = 0.0) -> np.ndarray:
    """Order parameter of infinitely many oscillators on the manifold at the times of the data."""
    return abs(theory.ott_antonsen(data.time.values, start, coupling, lag=lag))


def arcs(late: bool) -> Callable[[xr.Dataset], float]:
    """Return the measurement of the largest distance in r of starts off the manifold, before or after the time LATE."""

    def measure(data: xr.Dataset) -> float:
        some = data.sel(begun="arc", n=SIZE, lag=0.0).isel(sample=0)
        when = (data.time >= LATE).values == late
        couplings, starts = some.coupling.values.tolist(), some.start.values.tolist()
        gaps = [
            abs(some.r.sel(coupling=coupling, start=start).values - theory_of(data, coupling, start))[when].max()
            for coupling in couplings
            for start in starts
        ]
        return float(max(gaps))

    return measure


def figure(data: xr.Dataset) -> Axes:
    """Draw transients on and off the manifold over the theory, and the distance from it against the number of oscillators."""
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(12.0, 3.8))
        some = data.isel(sample=0, lag=0, n=-1)
        _transients(some.sel(begun="scattered"), left)
        left.set_title(f"a  on the manifold, N = {int(data.n[-1]):,}")
        _transients(some.sel(begun="arc", start=some.start[-1:]), middle)
        middle.set_title(f"b  phases on an arc, N = {int(data.n[-1]):,}")
        middle.set_xlim(0.0, 8.0)
        ns.plot.legend(left, loc="upper right", bbox_to_anchor=(1.0, 0.57))
        _sizes(data, right)
    return left


def _transients(some: xr.Dataset, ax: Axes) -> None:
    for coupling, colour in zip(some.coupling.values.tolist(), ns.plot.COLOURS, strict=False):
        for place, start in enumerate(some.start.values.tolist()):
            r, name = some.r.sel(coupling=coupling, start=start), f"K = {coupling:g}"
            ax.plot(some.time, r, color=colour, linewidth=3.2, alpha=0.55, label=None if place else name)
            ax.plot(
                some.time,
                theory_of(some, coupling, start),
                color="black",
                linewidth=1.0,
            )
    ax.plot([], [], color="black", linewidth=1.0, label="Ott & Antonsen")
    ax.set(xlabel="time", ylabel="order parameter r", xlim=(0.0, 20.0), ylim=(0.0, 1.0))


def _sizes(data: xr.Dataset, ax: Axes) -> None:
    sizes = data.n.values.astype(float)
    for begun, colour, marker in zip(data.begun.values.tolist()[:2], ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        gaps = data.gap.sel(begun=begun).stack(run=("lag", "coupling", "start", "sample"))
        low, middle, high = gaps.quantile([0.0, 0.5, 1.0], "run").values
        ax.plot(sizes, middle, color=colour, marker=marker, label=f"{begun}: median, least, largest")
        ax.vlines(sizes, low, high, color=colour, linewidth=1.2)
    ax.plot(sizes, 1.2 * sizes**-0.5, color="black", linewidth=0.9, linestyle="--", label=r"order $N^{-1/2}$")
    ax.axhline(0.01, color="black", linewidth=0.9, linestyle=":", label="bound of the claim")
    ax.set(xscale="log", yscale="log", xlabel="oscillators N", ylabel="largest |r − theory| of a transient", ylim=(2e-5, 0.5))
    ax.set_title("c  all couplings, starts and lags")
    ns.plot.legend(ax, loc="lower left")


EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"dt": 0.05, "duration": 20.0},
    tiny=TINY,
    claims=(
        ns.Claim(
            "largest |r - theory| along the transients, N = 50,000", 0.0, 0.01, "theory", largest("gap"),
            "Ott & Antonsen (2008), closed form; tolerance: fixed before the run, twice the root of 1 / N",
        ),
        ns.Claim(
            "largest |r - theory| with a lag of 0.6, N = 50,000", 0.0, 0.01, "theory", largest("gap", lagged=True),
            "Ott & Antonsen (2008), closed form; tolerance: fixed before the run, twice the root of 1 / N", "default",
        ),
        ns.Claim(
            "exponent of N in the distance of random oscillators from the theory", -0.5, 0.1, "theory", exponent,
            "sampling error of independent oscillators; tolerance fixed before the run", "default",
        ),
        ns.Claim(
            "largest |r - theory| of starts on an arc from t = 10 on, N = 50,000", 0.0, 0.01, "theory", arcs(True),
            "the manifold attracts (Ott & Antonsen 2009); tolerance: as on the manifold",
        ),
    ),
)  # fmt: skip
