r"""Synchrony sets in at a critical coupling, beside the exact order parameter and the exact fluctuations below it

Oscillators with natural frequencies :math:`\omega_i`, each coupled to all:

.. math:: \dot\theta_i = \omega_i + \frac KN \sum_j \sin(\theta_j - \theta_i), \qquad r = \left| \frac1N \sum_j e^{i \theta_j} \right| .

For infinitely many, with a symmetric density g of one maximum, :math:`r = 0` up to :math:`K_c = 2 / \pi g(0)`. Beyond, part of them lock
to the field :math:`K r` and keep it up. With Lorentzian frequencies of half-width :math:`\Delta`, and Gaussian ones of deviation
:math:`\sigma`,

.. math:: r = \sqrt{1 - K_c / K}, \quad K_c = 2 \Delta; \qquad
          1 = \frac K\sigma \sqrt{\frac \pi 8} e^{-y} \left[ I_0(y) + I_1(y) \right], \quad y = \frac{K^2 r^2}{4 \sigma^2}, \quad
          K_c = \sqrt{\frac8\pi} \sigma .

Here both widths are 1. For finitely many oscillators :math:`r` does not vanish below :math:`K_c`: the independent phases make
:math:`r \approx N^{-1/2}`, which the coupling amplifies,

.. math:: N \langle r^2 \rangle = \int \frac{g(\omega)\, d\omega}{|1 - \frac K2 R(i \omega)|^2}, \qquad
          R(s) = \int \frac{g(\omega')\, d\omega'}{s - i \omega'} ,

which is :math:`1 / (1 - K / K_c)` for Lorentzian frequencies. Above, the frequencies drawn for a network decide its :math:`r`, as long as
it is finite: it scatters from draw to draw. Frequencies at the quantiles of the distribution have none of that scatter, and below
:math:`K_c` their fluctuations do not last: they begin as those of random frequencies and die down the later the more oscillators there are.

Sources: Y. Kuramoto, Lect. Notes Phys. 39, 420 (1975); S. H. Strogatz, Physica D 143, 1 (2000); H. Daido, J. Stat. Phys. 60, 753 (1990),
the fluctuations; none of them was read, the formulas were derived again. H. Hong, H. Chaté, L.-H. Tang & H. Park, Phys. Rev. E 92, 022122
(2015), random and regular frequencies: abstract read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.oscillators import theory

FREQUENCIES = {"gaussian": ns.oscillators.gaussian, "lorentzian": ns.oscillators.lorentzian}
ORDERS = {"gaussian": theory.gaussian_order, "lorentzian": theory.lorentzian_order}
WORDS = {"gaussian": "Gauss, σ = 1", "lorentzian": "Lorentz, Δ = 1"}
EVERY = 0.5
"""Time between two looks at the order parameter."""


def run(
    distribution: str,
    placed: str,
    n: int,
    coupling: float,
    draw: int,
    *,
    dt: float = 0.05,
    transient: float = 100.0,
    measured: float = 200.0,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Average the order parameter and its square over time, from random phases on; frequencies at random or at quantiles."""
    omega = FREQUENCIES[distribution](n, rng=rng if placed == "random" else None)
    model = ns.Kuramoto(omega, coupling, dt=dt)
    state = model.init(seed=int(rng.integers(2**63)))
    ns.simulate(model, state, duration=transient)
    look = ns.Trace[ns.oscillators.KuramotoState](lambda state: abs(model.order(state)), every=round(EVERY / dt))
    r = ns.simulate(model, state, duration=measured, record={"r": look}).r.values
    return {"r": float(np.mean(r)), "square": float(np.mean(r**2))}


GRID = {
    "distribution": list(FREQUENCIES),
    "placed": ["random", "quantiles"],
    "n": [400, 1600],
    "coupling": [0.5, 1.0, 1.4, 1.6, 1.8, 2.0, 2.2, 2.5, 3.0, 4.0, 5.0],
    "draw": range(24),
}
TINY = {"n": [1600], "coupling": [1.0, 3.0, 4.0], "draw": range(4)}
FULL = {"n": [400, 1600, 6400], "draw": range(48)}


def part(data: xr.Dataset, distribution: str, placed: str, coupling: float) -> xr.Dataset:
    """Return the draws of the networks of 1,600 oscillators at a coupling."""
    return data.sel(distribution=distribution, placed=placed, coupling=coupling, n=1600)


def order(distribution: str, placed: str, coupling: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the mean order parameter of 1,600 oscillators."""
    return lambda data: jackknife(lambda some: float(some.r.mean()), part(data, distribution, placed, coupling), "draw")


def fluctuation(distribution: str, coupling: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the root of N <r^2>, of 1,600 oscillators with random frequencies."""
    return lambda data: jackknife(
        lambda some: float(np.sqrt(1600 * some.square.mean())), part(data, distribution, "random", coupling), "draw"
    )


@functools.cache
def exact(distribution: str, coupling: float) -> float:
    """Order parameter of infinitely many oscillators."""
    return float(ORDERS[distribution](coupling))


@functools.cache
def exact_fluctuation(distribution: str, coupling: float) -> float:
    """Root of N <r^2> below the critical coupling."""
    return float(np.sqrt(theory.fluctuations(coupling, distribution)))


def largest_deviation(data: xr.Dataset) -> float:
    """Largest deviation of 1,600 oscillators at quantiles from the exact order parameter, from 1.25 times the critical coupling on."""
    gaps = [
        abs(order(name, "quantiles", coupling)(data)[0] - exact(name, coupling))
        for name in FREQUENCIES
        for coupling in data.coupling.values.tolist()
        if coupling >= 1.25 * theory.critical_coupling(name)
    ]
    return max(gaps)


def scatter(data: xr.Dataset) -> tuple[float, float]:
    """Scatter of r between draws of 1,600 frequencies over its theory, mean over the couplings from 1.5 times the critical one on."""
    points = [(name, coupling) for name in FREQUENCIES for coupling in data.coupling.values.tolist()]
    points = [(name, coupling) for name, coupling in points if coupling >= 1.5 * theory.critical_coupling(name)]

    def ratio(some: xr.Dataset) -> float:
        found = [float(part(some, name, "random", coupling).r.std("draw", ddof=1)) for name, coupling in points]
        return float(np.mean([one / theory.order_scatter(at[1], 1600, at[0]) for one, at in zip(found, points, strict=True)]))

    return jackknife(ratio, data, "draw")


def figure(data: xr.Dataset) -> Axes:
    """Draw the order parameter against the coupling for both distributions, and the fluctuations below the critical one."""
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(12.0, 3.8))
        for ax, name, letter in zip((left, middle), data.distribution.values.tolist(), "ab", strict=False):
            _order(data.sel(distribution=name), name, ax)
            ax.set_title(f"{letter}  {WORDS[name]}")
        _fluctuations(data, right)
    return left


def _order(data: xr.Dataset, name: str, ax: Axes) -> None:
    fine = np.unique(
        [*np.linspace(0.0, float(data.coupling.max()), 200), *(theory.critical_coupling(name) + np.linspace(0.0, 0.1, 40) ** 2)]
    )
    ax.plot(fine, [exact(name, float(coupling)) for coupling in fine], color="black", linewidth=1.5, label="N → ∞, exact")
    sizes = data.n.values.tolist()
    for place, (n, colour, marker) in enumerate(zip(sizes, ns.plot.COLOURS, ns.plot.MARKERS, strict=False)):
        some = data.r.sel(n=n, placed="random")
        look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4.5, "linestyle": "none", "capsize": 2}
        aside = data.coupling + 0.04 * (place - (len(sizes) - 1) / 2)
        ax.errorbar(aside, some.mean("draw"), yerr=some.std("draw"), label=f"random, N = {n:,}", zorder=2.5, **look)
    ring: dict[str, Any] = {"marker": "o", "markersize": 8, "linestyle": "none", "markerfacecolor": "none", "color": ns.plot.COLOURS[2]}
    ax.plot(data.coupling, data.r.sel(n=sizes[-1], placed="quantiles").mean("draw"), label=f"quantiles, N = {sizes[-1]:,}", **ring)
    ax.axvline(theory.critical_coupling(name), color="black", linestyle=":", linewidth=1.0, label="K$_c$")
    ax.set(xlabel="coupling K", ylabel="order parameter r", xlim=(0.0, None), ylim=(0.0, 1.0))
    ns.plot.legend(ax, loc="lower right")


def _fluctuations(data: xr.Dataset, ax: Axes) -> None:
    for name, colour, marker in zip(data.distribution.values.tolist(), ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        critical, n = theory.critical_coupling(name), int(data.n[-1])
        below = data.coupling[data.coupling < 1.05 * critical]
        fine = np.linspace(0.0, 0.97 * critical, 80)
        ax.plot(fine / critical, [exact_fluctuation(name, float(coupling)) for coupling in fine], color=colour, linewidth=1.5)
        for placed, face in zip(data.placed.values.tolist(), (colour, "white"), strict=False):
            squares = n * data.square.sel(distribution=name, placed=placed, n=n, coupling=below)
            mean, error = ns.plot.mean_and_error(squares, "draw")
            look: dict[str, Any] = {"color": colour, "marker": marker, "markerfacecolor": face, "linestyle": "none", "capsize": 2}
            height, bar = np.sqrt(mean), np.nan_to_num(error / 2 / np.sqrt(mean))
            ax.errorbar(below / critical, height, yerr=bar, label=f"{WORDS[name]}, {placed}", zorder=2.5 + (face == colour), **look)
    ax.plot([], [], color="black", label="exact, N → ∞")
    ax.set(xlabel="coupling over the critical one, K / K$_c$", ylabel=r"$\sqrt{N \langle r^2 \rangle}$", xlim=(0.0, 1.1), ylim=(0.0, 8.0))
    ax.set_title(f"c  below the transition, N = {int(data.n[-1]):,}")
    ns.plot.legend(ax, loc="upper left")


EXACT = "self-consistency of the mean field (Kuramoto 1975), closed form"
AMPLIFIED = "independent phases amplified by the mean field, to first order in 1 / N"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"dt": 0.05, "transient": 100.0, "measured": 200.0},
    tiny=TINY,
    full=FULL,
    full_time="15 minutes on 1 core",
    claims=(
        ns.Claim(
            "order parameter, Gauss, K = 3, N = 1,600", 0.925182, 0.012, "theory", order("gaussian", "random", 3.0),
            f"{EXACT}; tolerance: 2.5 times the scatter of a network, 0.005",
        ),
        ns.Claim(
            "order parameter, Lorentz, K = 4, N = 1,600", 0.707107, 0.02, "theory", order("lorentzian", "random", 4.0),
            f"{EXACT}; tolerance: 1.5 times the scatter of a network, 0.013",
        ),
        ns.Claim(
            "order parameter, Lorentz, K = 4, N = 1,600 at quantiles", 0.707107, 0.003, "theory", order("lorentzian", "quantiles", 4.0),
            f"{EXACT}; tolerance: what is left where the draws do not scatter",
        ),
        ns.Claim(
            "root of N <r^2>, Lorentz, K = 1, N = 1,600", 1.414214, 0.06, "theory", fluctuation("lorentzian", 1.0),
            f"{AMPLIFIED}; tolerance: three times the sampling error of 24 networks, and of order 1 / N", "default",
        ),
        ns.Claim(
            "root of N <r^2>, Gauss, K = 0.5, N = 1,600", 1.290155, 0.06, "theory", fluctuation("gaussian", 0.5),
            f"{AMPLIFIED}; tolerance fixed before the run, from an estimate of the sampling error", "default",
        ),
        ns.Claim(
            "root of N <r^2>, Gauss, K = 1, N = 1,600", 1.877605, 0.12, "theory", fluctuation("gaussian", 1.0),
            f"{AMPLIFIED}; tolerance fixed before the run, from an estimate of the sampling error", "default",
        ),
        ns.Claim(
            "scatter of r between draws over its theory, from 1.5 K_c on, N = 1,600", 1.0, 0.15, "theory", scatter,
            "sampling of the locked oscillators, to first order; tolerance: three times the sampling error of 24 networks", "default",
        ),
        ns.Claim(
            "largest deviation of r at quantiles from 1.25 K_c on, N = 1,600", 0.0, 0.003, "theory", largest_deviation,
            f"{EXACT}; tolerance: that of K = 4", "default",
        ),
    ),
)  # fmt: skip
