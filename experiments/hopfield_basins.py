r"""How far a cue may lie from its pattern

A network of :math:`N` units stores :math:`K = \alpha N` random patterns. Cues are copies with a fraction :math:`f` of the units flipped,
the flipped units of a cue being among those of every worse one, and a cue is recalled where the final overlap exceeds 0.9. The basin
radius is the fraction at which half of the cues come back. It is a half for a single pattern and shrinks with the load; where it reaches
zero the memory is full, which for few units happens late.

The line is the signal-to-noise recursion of Amari and Maginu for parallel updates: overlap :math:`m` and noise :math:`\sigma^2` obey

.. math::
    m' = \operatorname{erf}\frac{m}{\sigma\sqrt2}, \qquad
    \sigma'^2 = \alpha + 4 \varphi^2 + \frac{4 \alpha m m' \varphi}{\sigma}, \qquad
    \varphi = \frac{e^{-m^2 / 2 \sigma^2}}{\sqrt{2\pi}},

from :math:`m = 1 - 2f`, :math:`\sigma^2 = \alpha`. It keeps the correlations of one step only and is known to promise too much: measured
basins are smaller.

Source: D. J. Amit, H. Gutfreund & H. Sompolinsky, Ann. Phys. 173, 30 (1987); S. Amari & K. Maginu, "Statistical neurodynamics of
associative memory", Neural Networks 1, 63 (1988), not read: the recursion was derived again.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import crossing, jackknife
from neurosim.hopfield import theory

RECALLED = 0.9
"""A cue counts as recalled where the final overlap with its pattern exceeds this."""


def run(n: int, load: float, network: int, *, cues: int = 6, levels: int = 20, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Recall some patterns of one network from cues with 0 ... half of the units flipped; return final overlaps, NaN beyond the last."""
    patterns = ns.hopfield.PackedPatterns.random(round(load * n), n, rng=rng)
    flipped = np.linspace(0.0, 0.5, levels + 1).round(6)
    chosen = patterns[:cues]
    place = rng.permuted(np.tile(np.arange(n), (len(chosen), 1)), axis=1)
    damaged = np.where(place < np.round(flipped * n)[:, None, None], -chosen, chosen)
    memory = ns.hopfield.DenseHopfield(patterns)
    state = memory.recall(damaged.reshape(-1, n), seed=int(rng.integers(2**63)))
    overlap = (memory.spins(state).reshape(damaged.shape) * chosen).mean(axis=-1)
    overlap = np.pad(overlap, [(0, 0), (0, cues - len(chosen))], constant_values=np.nan)
    return {"overlap": xr.DataArray(overlap, dims=("flipped", "cue"), coords={"flipped": flipped})}


GRID = {
    "n": [1000, 2000, 5000],
    "load": np.linspace(0.01, 0.19, 19).round(3).tolist(),
    "network": range(16),
}


def recalled(data: xr.Dataset) -> xr.DataArray:
    """Fraction of the cues of each network that were recalled."""
    near = (data.overlap > RECALLED).where(data.overlap.notnull()).mean("cue")
    return near.rename("recalled").assign_attrs(long_name=f"fraction of cues with m > {RECALLED}")


def radius(part: xr.DataArray) -> float:
    """Flipped fraction at which half of the cues are recalled, from the mean recall at each; NaN where none of them half is."""
    return crossing(part["flipped"], part, 0.5)


def radii(data: xr.Dataset) -> xr.Dataset:
    """Basin radius and its standard error over networks, for each size and load."""

    def at(part: xr.Dataset) -> tuple[float, float]:
        if part.sizes["network"] < 2:
            return radius(recalled(part).mean("network")), np.nan
        return jackknife(lambda some: radius(recalled(some).mean("network")), part, "network")

    loads = data["load"].assign_attrs(long_name="load K / N")
    found = np.array([[at(data.sel(n=n, load=load)) for load in loads.values] for n in data["n"].values])
    coords = {"n": data["n"].assign_attrs(long_name="N"), "load": loads}
    values = {"radius": (("n", "load"), found[..., 0]), "error": (("n", "load"), found[..., 1])}
    made = xr.Dataset(values, coords=coords)
    made["radius"].attrs["long_name"] = "basin radius, fraction of units flipped"
    return made


def pattern_radii(data: xr.Dataset) -> xr.DataArray:
    """Basin radius of each pattern: half way between the first cue that is lost and the one before it; 0 where none is recalled."""
    lost = (data.overlap <= RECALLED).transpose(..., "flipped")
    first = lost.argmax("flipped").where(lost.any("flipped"), data.sizes["flipped"])
    step = float(data["flipped"][1] - data["flipped"][0])
    return ((first - 0.5) * step).clip(min=0.0).where(data.overlap.notnull().all("flipped"))


def recursion(load: float, flipped: float, steps: int = 1000) -> float:
    """Overlap that the signal-to-noise recursion ends with."""
    m, noise = 1.0 - 2.0 * flipped, load
    for _ in range(steps):
        width = math.sqrt(noise)
        density = math.exp(-m * m / (2.0 * noise)) / math.sqrt(2.0 * math.pi)
        before, m = m, math.erf(m / (width * math.sqrt(2.0)))
        noise = load + 4.0 * density**2 + 4.0 * load * before * m * density / width
        if abs(m - before) < 1e-12:
            break
    return m


def _last(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Bisect for the place up to which something holds."""
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def recursion_radius(load: float) -> float:
    """Basin radius by the recursion; NaN where it forgets an undamaged pattern."""
    if recursion(load, 0.0) <= RECALLED:
        return math.nan
    return _last(lambda flipped: recursion(load, flipped) > RECALLED, 0.0, 0.5)


def recursion_load(data: xr.Dataset) -> float:
    """Largest load at which the recursion keeps a pattern."""
    return _last(lambda load: recursion(load, 0.0) > RECALLED, 0.1, 0.2)


def half_load_of(n: int, flipped: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the load at which half of the cues are recalled."""

    def half_load(part: xr.Dataset) -> float:
        some = recalled(part).sel(n=n, flipped=flipped).mean("network")
        return crossing(some["load"], some, 0.5)

    return lambda data: jackknife(half_load, data, "network")


def largest_rise(data: xr.Dataset) -> float:
    """Largest rise of the basin radius from a load to the next larger one, over all sizes; 0 where it only falls."""
    found = radii(data).radius.fillna(0.0)
    return max(0.0, float(found.diff("load").max()))


def largest_excess(data: xr.Dataset) -> float:
    """Largest excess of a measured radius over that of the recursion; 0 where there is none."""
    found = radii(data.sel(load=data["load"] <= 0.12)).radius
    return max(0.0, float((found - [recursion_radius(float(load)) for load in found["load"]]).max()))


def figure(data: xr.Dataset) -> Axes:
    """Map of recall over load and damage, basin radius against load, recall against damage."""
    data = data.assign_coords(flipped=data["flipped"].assign_attrs(long_name="fraction of units flipped"))
    data = data.assign_coords({"load": data["load"].assign_attrs(long_name="load K / N"), "n": data["n"].assign_attrs(long_name="N")})
    loads = np.linspace(max(1e-3, float(data["load"].min())), theory.critical_load(), 60)
    line = loads, np.array([recursion_radius(float(load)) for load in loads])
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(12.5, 3.9))
        _map(data, left)
        _radius_panel(data, line, middle)
        some = data.sizes["load"] * np.array([1, 3, 5, 6]) // 10
        chosen = recalled(data).isel(n=-1, load=np.unique(some))
        ns.plot.curve(chosen, "flipped", over="network", hue="load", ax=right)
        right.set_title(f"c  recall, N = {int(data['n'][-1]):,}")
    return left


def _map(data: xr.Dataset, ax: Axes) -> None:
    found = radii(data.isel(n=[-1])).isel(n=0)
    lines = {"half recalled": (found["load"], found.radius)} if data.sizes["load"] > 1 else {}
    ns.plot.phase_diagram(recalled(data).isel(n=-1).mean("network"), "load", "flipped", limits=(0.0, 1.0), lines=lines, ax=ax)
    box = ax.axis()
    ax.axvline(theory.critical_load(), color="white", linestyle=":", linewidth=1.4)
    ax.text(theory.critical_load() + 0.003, 0.47, r"$\alpha_c$", color="white", va="top", clip_on=True).set_in_layout(False)
    ax.axis(box)
    ax.set_title(f"a  N = {int(data['n'][-1]):,}", loc="right")


def _radius_panel(data: xr.Dataset, line: tuple[np.ndarray, np.ndarray], ax: Axes) -> None:
    """Basin radius of each size over the spread of single patterns at the largest."""
    found = radii(data)
    error = found.error if data.sizes["network"] > 1 else None
    ns.plot.curve(found.radius, "load", hue="n", error=error, theory=line, theory_label="recursion, parallel updates", ax=ax)
    spread = pattern_radii(data.isel(n=-1)).quantile([0.1, 0.9], ("network", "cue"))
    name = "8 of 10 patterns, largest N"
    ax.fill_between(data["load"], *np.asarray(spread), color="#9AA0A6", alpha=0.3, linewidth=0, label=name, zorder=1.0)
    ax.axvline(theory.critical_load(), color="black", linestyle=":", linewidth=1.0)
    ax.set_ylim(0.0, 0.5)
    ax.set_title("b  basin radius")
    ns.plot.legend(ax, loc="lower left")


MONTE_CARLO = "independent Monte Carlo program, 4 to 10 networks of 24 to 40 cues; tolerance fixed before this code was written"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"cues": 6, "levels": 20},
    tiny={"n": [1000], "load": [0.02, 0.05, 0.08, 0.11, 0.14], "network": range(6)},
    full={"n": [1000, 2000, 5000, 10000], "network": range(32)},
    full_time="30 minutes on 2 cores",
    claims=(
        ns.Claim(
            "largest rise of the basin radius with the load", 0.0, 0.01, "reference", largest_rise,
            "basins shrink with the load: independent Monte Carlo program; tolerance: sampling error of a radius",
        ),
        ns.Claim(
            "largest excess of a radius over the recursion, loads up to 0.12", 0.0, 0.01, "theory", largest_excess,
            "the recursion leaves out memory of more than one step; tolerance: sampling error of a radius",
        ),
        ns.Claim(
            "largest load that the recursion keeps", 0.16, 0.005, "unverified", recursion_load,
            "capacity of the method of Amari & Maginu (1988) as it is commonly quoted; the paper was not read",
        ),
        ns.Claim("half-recall load, 10 % flipped, N = 1,000", 0.1579, 0.006, "reference", half_load_of(1000, 0.1), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, 10 % flipped, N = 2,000", 0.1508, 0.006, "reference", half_load_of(2000, 0.1), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, 10 % flipped, N = 5,000", 0.1487, 0.006, "reference", half_load_of(5000, 0.1), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, 20 % flipped, N = 1,000", 0.1412, 0.006, "reference", half_load_of(1000, 0.2), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, 20 % flipped, N = 2,000", 0.1395, 0.006, "reference", half_load_of(2000, 0.2), MONTE_CARLO, "default"),
    ),
)  # fmt: skip
