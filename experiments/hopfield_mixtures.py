r"""Memories nobody stored: mixtures of three patterns

Besides its patterns a Hopfield network has states that agree equally well with several of them. The symmetric mixture of three,
:math:`\operatorname{sign}(\xi^1 + \xi^2 + \xi^3)`, has the overlap 1/2 with each at :math:`T = 0`. With few patterns in a large network
the free energy is known exactly, and so is its Hessian at the mixture: the smallest eigenvalue belongs to one pattern growing at the
expense of the others, and it changes sign at :math:`T = 0.4598`. Below, the mixture is a trap; above, it decays into one of its patterns.
Heat drives spurious memories out while the stored ones, stable up to :math:`T = 1`, stay.

The three patterns are *balanced*: each of the 8 columns of signs occurs equally often, so that nothing but the dynamics can prefer one
of them. At finite size thermal noise carries the mixture over the barrier somewhat below :math:`T = 0.4598`, the earlier the smaller the
network. At load :math:`\alpha > 0` mixtures of three survive up to 0.0299 at :math:`T = 0`, of five up to 0.0163.

Source: D. J. Amit, H. Gutfreund & H. Sompolinsky, "Spin-glass models of neural networks", Phys. Rev. A 32, 1007 (1985).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.hopfield import theory

COLUMNS = np.array([[1, 1, 1, 1, -1, -1, -1, -1], [1, 1, -1, -1, 1, 1, -1, -1], [1, -1, 1, -1, 1, -1, 1, -1]], np.int8)
STAYS, LEAVES = 0.40, 0.50


def run(temperature: float, n: int, network: int, *, sweeps: int = 200, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Start one network with three balanced patterns on their symmetric mixture; record the overlaps."""
    if n % 8:
        raise ValueError(f"n must be divisible by 8, the number of columns, got {n}")
    patterns = rng.permutation(np.repeat(COLUMNS, n // 8, axis=1), axis=1)
    memory = ns.hopfield.DenseHopfield(patterns, temperature=temperature)
    state = memory.init(np.sign(patterns.sum(axis=0)), seed=int(rng.integers(2**63)))
    record = {"overlap": ns.Trace[ns.hopfield.HopfieldState](memory.overlap, dims=("pattern",), every=2)}
    return {"overlap": ns.simulate(memory, state, steps=sweeps, record=record).overlap.assign_coords(pattern=[1, 2, 3])}


GRID = {
    "temperature": [0.0, 0.1, 0.2, 0.3, 0.35, STAYS, 0.42, 0.44, 0.46, 0.48, LEAVES, 0.55, 0.6, 0.7],
    "n": [8000, 80000],
    "network": range(6),
}


def final(data: xr.Dataset, size: int = -1) -> xr.DataArray:
    """Overlaps at the end, by rank, the largest first; in the largest networks if not told otherwise."""
    last = data.overlap.isel(n=size, time=-1).transpose(..., "pattern")
    ranked = np.sort(last.values, axis=-1)[..., ::-1]
    return last.copy(data=ranked).rename(pattern="rank").assign_coords(rank=["largest", "middle", "smallest"])


def least(temperature: float) -> Callable[[xr.Dataset], float]:
    """Return the measurement of the smallest overlap of all networks at a temperature."""
    return lambda data: float(final(data).sel(temperature=temperature).min())


def mean_at_zero(data: xr.Dataset) -> tuple[float, float]:
    """Mean of the three overlaps at T = 0."""
    return jackknife(lambda part: float(final(part).sel(temperature=0.0).mean()), data, "network")


def winner(data: xr.Dataset) -> tuple[float, float]:
    """Overlap with the pattern that the mixture has left for."""
    return jackknife(lambda part: float(final(part).sel(temperature=LEAVES, rank="largest").mean()), data, "network")


def deviation(data: xr.Dataset) -> tuple[float, float]:
    """Mean of the three overlaps less their theory, at T = 0.40."""
    expected = float(theory.mixture(3, STAYS).overlap)
    return jackknife(lambda part: float(final(part).sel(temperature=STAYS).mean()) - expected, data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Draw overlaps and eigenvalues against temperature, and two runs."""
    data = data.assign_coords(temperature=data.temperature.assign_attrs(long_name="temperature T"))
    with ns.plot.style():
        _, ((overlaps, eigenvalues), (cold, hot)) = ns.plot.figure(2, 2, size=(10.4, 7.2))
        _overlaps(final(data).assign_attrs(long_name="overlap m after the run"), overlaps)
        overlaps.set_title(f"a  started on the mixture of three, N = {int(data.n[-1]):,}")
        if data.sizes["n"] > 1:
            _smaller(final(data, 0).sel(rank="smallest"), overlaps)
        ns.plot.legend(overlaps, loc="center left", bbox_to_anchor=(0.0, 0.26))
        _eigenvalues(eigenvalues)
        for ax, temperature, letter in ((cold, STAYS, "c"), (hot, LEAVES, "d")):
            _trajectory(data.isel(n=-1, network=0).sel(temperature=temperature, method="nearest"), letter, ax)
    return overlaps


def _overlaps(ranked: xr.DataArray, ax: Axes) -> None:
    ns.plot.curve(ranked, "temperature", over="network", hue="rank", ax=ax)
    fine = np.linspace(0, 0.999, 300)
    three, threshold = theory.mixture(3, fine), theory.mixture_temperature(3)
    stable = fine < threshold
    ax.plot(fine[stable], three.overlap[stable], color="black", label="theory, mixture")
    ax.plot(fine[~stable], three.overlap[~stable], color="black", linestyle=":", label="the same, unstable")
    ax.plot(fine, theory.mixture(1, fine).overlap, color="black", linestyle="--", label="theory, pattern")
    ax.axvline(threshold, color="black", linewidth=0.6)


def _smaller(smallest: xr.DataArray, ax: Axes) -> None:
    """Show how much earlier thermal noise drives small networks out of the mixture."""
    mean, error = ns.plot.mean_and_error(smallest, "network")
    label = f"smallest, N = {int(smallest.n):,}"
    ax.errorbar(
        mean.temperature, mean, yerr=error, color=ns.plot.COLOURS[3], marker="D", linestyle="--", linewidth=1.0, label=label, zorder=2
    )


def _eigenvalues(ax: Axes) -> None:
    fine = np.linspace(0.02, 0.999, 400)
    for n, style, marker, left in ((3, "-", "o", 0.02), (5, "--", "s", 0.16)):
        found, threshold = theory.mixture(n, fine), theory.mixture_temperature(n)
        for name, colour in zip(("along", "outside", "among"), ns.plot.COLOURS, strict=False):
            ax.plot(fine, getattr(found, name), color=colour, linestyle=style, label=f"{name}, n = {n}")
        ax.plot(threshold, 0.0, color="black", marker=marker, linestyle="")
        arrow = {"arrowstyle": "-", "linewidth": 0.6}
        ax.annotate(f"T = {threshold:.3f}", (threshold, 0.0), xytext=(threshold - left, -0.22), ha="right", arrowprops=arrow)
    ax.axhline(0.0, color="black", linewidth=0.6)
    ax.set(ylim=(-0.27, 1.05), xlabel="temperature T", ylabel="eigenvalue of the Hessian")
    ax.set_title("b  stability of the mixtures of n = 3 and 5")
    ns.plot.legend(ax, ncols=2)


def _trajectory(data: xr.Dataset, letter: str, ax: Axes) -> None:
    temperature = float(data.temperature)
    run = data.assign_coords(time=data.time.assign_attrs(long_name="time", units="sweeps"))
    ns.plot.overlaps(run.assign(overlap=run.overlap.assign_attrs(long_name="overlap m")), highlight=[1, 2, 3], ax=ax)
    mixture, pattern = (float(theory.mixture(n, temperature).overlap) for n in (3, 1))
    ax.axhline(mixture, color="black", linestyle="-" if temperature < theory.mixture_temperature(3) else ":", label="theory, mixture")
    ax.axhline(pattern, color="black", linestyle="--", label="theory, pattern")
    ax.set_title(f"{letter}  T = {temperature:g}")
    ns.plot.legend(ax, loc="center right", bbox_to_anchor=(1.0, 0.68))


MEAN_FIELD = "mean-field equations of Amit, Gutfreund & Sompolinsky, Phys. Rev. A 32, 1007 (1985)"
SOLVED = "equations of Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987), solved by another program; tolerance half its last digit"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"sweeps": 200},
    tiny={"temperature": [0.0, STAYS, LEAVES], "n": [80000], "network": range(2)},
    full={"network": range(20)},
    full_time="4 minutes on 1 core",
    claims=(
        ns.Claim(
            "temperature at which the smallest eigenvalue of the mixture of three changes sign", 0.46, 0.002, "paper",
            lambda data: theory.mixture_temperature(3), "abstract of Amit, Gutfreund & Sompolinsky, Phys. Rev. A 32, 1007 (1985)",
        ),
        ns.Claim("overlap of the mixture of three at T = 0", 0.5, 0.01, "theory", mean_at_zero, MEAN_FIELD),
        ns.Claim(
            "smallest overlap of all networks at T = 0.40: above 0.42", float(theory.mixture(3, STAYS).overlap),
            float(theory.mixture(3, STAYS).overlap) - 0.42, "theory", least(STAYS), f"{MEAN_FIELD}: the mixture is stable",
        ),
        ns.Claim("mean overlap less its theory at T = 0.40", 0.0, 0.004, "theory", deviation, MEAN_FIELD),
        ns.Claim(
            "smallest overlap of all networks at T = 0.50", 0.0, 0.02, "theory", least(LEAVES), f"{MEAN_FIELD}: the mixture is unstable",
        ),
        ns.Claim(
            "overlap with the pattern taken at T = 0.50", float(theory.mixture(1, LEAVES).overlap), 0.005, "theory", winner, MEAN_FIELD,
        ),
        *(
            ns.Claim(
                f"load up to which the mixture of {n} survives at T = 0", load, 0.000006, "reference",
                lambda data, n=n: theory.mixture_load(n), SOLVED,
            )
            for n, load in ((3, 0.02994), (5, 0.01627), (7, 0.01112))
        ),
    ),
)  # fmt: skip
