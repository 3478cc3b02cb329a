r"""How many patterns a network of oscillators holds

N phase oscillators of equal frequency store :math:`P = \alpha N` random patterns by Hebb's rule: patterns of phases, or of signs, which
are the phases 0 and :math:`\pi`. They are started on a pattern, or on a copy with a tenth of the oscillators turned by :math:`\pi`, each a
little off, and run until they rest. A Hopfield network with the same patterns of signs gets the same cues. Oscillators hold a quarter of
what Hopfield's units do: the critical loads for :math:`N \to \infty` are 0.0377 for phases, 0.0397 for signs, 0.1379 for Hopfield
(:mod:`neurosim.oscillators.theory.retrieval`). Below, patterns of phases come back nearly whole, :math:`m \approx 1 - \alpha`. Oscillators
that store signs lean away from their pattern, :math:`m \approx 1 - \sqrt\alpha`; read as signs, they are right.

Sources: J. Cook, J. Phys. A 22, 2057 (1989), for phases, 0.038; T. Nishikawa, Y.-C. Lai & F. C. Hoppensteadt, Phys. Rev. Lett. 92, 108101
(2004), who say that oscillators retrieve patterns of signs with errors; D. J. Amit, H. Gutfreund & H. Sompolinsky, Ann. Phys. 173, 30
(1987). The first two were not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import crossing, jackknife
from neurosim.hopfield import theory as hopfield
from neurosim.oscillators.memory import OscillatoryMemory, random_phases
from neurosim.oscillators.theory import retrieval

RECALLED = 0.5
"""A cue counts as recalled where the final overlap with its pattern exceeds this."""
KINDS = {"phases": "oscillators, phases", "signs": "oscillators, signs", "hopfield": "Hopfield, signs"}


def run(
    n: int, flipped: float, load: float, network: int, *, cues: int = 2, time: float = 200.0, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Store round(load n) patterns of phases and of signs, recall some from the same damage; NaN for cues beyond the last pattern."""
    signs = ns.hopfield.random_patterns(round(load * n), n, rng=rng)
    phases = random_phases(len(signs), n, rng=rng)
    damage = ns.hopfield.flip(np.ones((min(cues, len(signs)), n)), flipped, rng=rng)
    seed = int(rng.integers(2**63))
    found = {"phases": recalled(phases, damage, time, seed), "signs": recalled(signs, damage, time, seed)}
    memory = ns.hopfield.DenseHopfield(signs)
    state = memory.recall(signs[: len(damage)] * damage, seed=seed)
    found["hopfield"] = np.diagonal(memory.overlap(state)), np.full(len(damage), np.nan)
    rows = [np.pad(values, (0, cues - len(damage)), constant_values=np.nan) for both in found.values() for values in both]
    table = np.array(rows).reshape(len(KINDS), 2, cues)
    of = {"dims": ("kind", "cue"), "coords": {"kind": list(KINDS)}}
    return {"overlap": xr.DataArray(table[:, 0], **of), "read": xr.DataArray(table[:, 1], **of)}


def recalled(patterns: np.ndarray, damage: np.ndarray, time: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Recall patterns from damaged ones; return final overlaps, of phases and of the signs that they are read as."""
    memory = OscillatoryMemory(patterns, method="euler", dt=0.5, dtype="float32")
    overlap, read = np.empty(len(damage)), np.empty(len(damage))
    for cue, turned in enumerate(damage):
        state = memory.recall(patterns[cue] * turned, seed=seed + cue, time=time)
        overlap[cue] = memory.overlap(state)[cue]
        read[cue] = abs(np.mean(patterns[cue] * memory.signs(state)))
    return overlap, read


GRID = {
    "n": [500, 1000, 2000],
    "flipped": [0.0, 0.1],
    "load": [0.01, 0.02, 0.03, 0.035, 0.04, 0.045, 0.05, 0.06, 0.08, 0.11, 0.14, 0.16, 0.18],
    "network": range(6),
}


def fraction(data: xr.Dataset) -> xr.DataArray:
    """Fraction of the cues of each network that were recalled."""
    return (data.overlap > RECALLED).where(data.overlap.notnull()).mean("cue")


def half_load(data: xr.Dataset, kind: str, n: int, flipped: float = 0.0) -> float:
    """Load at which half of the cues are recalled."""
    part = fraction(data).sel(kind=kind, n=n, flipped=flipped).mean("network")
    return crossing(part["load"], part, 0.5)


def half_load_of(kind: str, n: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of half_load with its error, started on the pattern."""
    return lambda data: jackknife(lambda part: half_load(part, kind, n), data, "network")


def mean_of(name: str, kind: str, n: int, load: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a mean over cues that start on the pattern."""
    at = {"kind": kind, "n": n, "load": load, "flipped": 0.0}
    return lambda data: jackknife(lambda part: float(part[name].sel(at).mean()), data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Overlap against load of all three memories, of phases and of signs for each size, and the half-recall load against size."""
    data = data.assign_coords({"load": data["load"].assign_attrs(long_name="load P / N"), "n": data["n"].assign_attrs(long_name="N")})
    overlap = data.overlap.assign_attrs(long_name="overlap after recall").isel(flipped=0)
    with ns.plot.style():
        _, axes = ns.plot.figure(2, 2, size=(10.5, 7.4))
        (left, right), (below, last) = axes
        _memories(data.isel(n=-1, flipped=0), left)
        for ax, kind, line, mark in ((right, "phases", retrieval.phase_overlap, "b"), (below, "signs", retrieval.sign_overlap, "c")):
            near = overlap.sel(kind=kind).isel(load=data["load"] <= max(0.06, float(data["load"].min())))
            ns.plot.curve(near, "load", over=("network", "cue"), hue="n", theory=_line(line), ax=ax)
            ax.set_ylim(0.0, 1.02)
            ax.set_title(f"{mark}  {KINDS[kind]}")
        _thresholds(data, last)
    return left


def _line(theory: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    loads = np.linspace(1e-4, 0.15, 1500)
    found = theory(loads)
    return loads[np.isfinite(found)], found[np.isfinite(found)]


def _memories(data: xr.Dataset, ax: Axes) -> None:
    """Draw the overlap of the three memories, and of signs that are read, with the theory of each in its colour."""
    lines = retrieval.phase_overlap, retrieval.sign_overlap, hopfield.overlap
    for kind, theory, colour, marker in zip(KINDS, lines, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        _points(data.overlap.sel(kind=kind), ax, color=colour, marker=marker, label=KINDS[kind])
        ax.plot(*_line(theory), color=colour, linewidth=1.2)
    _points(data.read.sel(kind="signs"), ax, color=ns.plot.COLOURS[1], marker="o", markerfacecolor="white", label="phases read as signs")
    ax.plot(*_line(retrieval.read_overlap), color=ns.plot.COLOURS[1], linewidth=1.2, linestyle=":")
    ax.set(xlabel="load P / N", ylabel="overlap after recall", ylim=(0.0, 1.04))
    ax.set_title(f"a  started on the pattern, N = {int(data['n']):,}")
    ax.plot([], [], color="black", linewidth=1.2, label=r"theory, $N \to \infty$")
    ns.plot.legend(ax, loc="center", bbox_to_anchor=(0.5, 0.6))


def _points(values: xr.DataArray, ax: Axes, **look: Any) -> None:
    mean, error = ns.plot.mean_and_error(values, ("network", "cue"))
    ax.errorbar(mean["load"], mean, yerr=error, linestyle="", capsize=2, markersize=4.5, **look)


def _thresholds(data: xr.Dataset, ax: Axes) -> None:
    """Draw the load at which half of the cues are recalled against size, and the critical load of each memory."""
    limits = retrieval.critical_phase_load(), retrieval.critical_sign_load(), hopfield.critical_load()
    sizes = data["n"].values
    for kind, limit, colour, marker in zip(KINDS, limits, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        ax.axhline(limit, color=colour, linestyle="--", linewidth=1.0)
        for flipped, fill in zip(data.flipped.values, (colour, "white"), strict=False):
            found = np.array([_with_error(data, kind, n, flipped) for n in sizes]).T
            look: Any = {"color": colour, "marker": marker, "markerfacecolor": fill, "capsize": 2, "linewidth": 1.0}
            ax.errorbar(sizes, found[0], yerr=found[1], label=f"{KINDS[kind]}, {flipped:.0%} turned", **look)
    ax.plot([], [], color="black", linestyle="--", linewidth=1.0, label=r"critical load, $N \to \infty$")
    ax.set(xscale="log", yscale="log", xlabel="N", ylabel="load P / N", title="d  half of the cues recalled")
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    ax.set_yticks([0.03, 0.05, 0.1, 0.15, 0.2], ["0.03", "0.05", "0.10", "0.15", "0.20"])
    ax.minorticks_off()
    ns.plot.legend(ax, loc="center right", bbox_to_anchor=(1.0, 0.5))


def _with_error(data: xr.Dataset, kind: str, n: int, flipped: float) -> tuple[float, float]:
    if data.sizes["network"] < 2:
        return half_load(data, kind, n, flipped), np.nan
    return jackknife(lambda part: half_load(part, kind, n, flipped), data, "network")


SELF = "self-consistent equations, N to infinity"
MONTE_CARLO = "separate Monte Carlo program, 8 to 16 networks of 8 cues; tolerance: sampling error of 6 networks of 2 cues"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"cues": 2, "time": 200.0},
    tiny={"n": [1000], "flipped": [0.0], "load": [0.01, 0.03, 0.10], "network": range(6)},
    full={"n": [500, 1000, 2000, 4000], "network": range(16), "time": 400.0},
    full_time="2 hours on 2 cores",
    claims=(
        ns.Claim(
            "critical load of the equations, patterns of phases", 0.038, 0.0005, "unverified", lambda data: retrieval.critical_phase_load(),
            "commonly quoted from Cook (1989) and Noest (1988), neither of them read",
        ),
        ns.Claim(
            "critical load of the equations, patterns of signs", 0.03966, 0.0001, "reference", lambda data: retrieval.critical_sign_load(),
            "the same equations, solved by a separate program that follows them from another side",
        ),
        ns.Claim(
            "overlap, phases, load 0.01, N = 1,000", float(retrieval.phase_overlap(0.01)), 0.004, "theory",
            mean_of("overlap", "phases", 1000, 0.01), f"{SELF}; tolerance: of a few networks of 10 patterns",
        ),
        ns.Claim(
            "overlap, signs, load 0.03, N = 1,000", float(retrieval.sign_overlap(0.03)), 0.032, "theory",
            mean_of("overlap", "signs", 1000, 0.03), f"{SELF}; tolerance N^(-1/2)",
        ),
        ns.Claim(
            "overlap, phases read as signs, load 0.03, N = 1,000", float(retrieval.read_overlap(0.03)), 0.01, "theory",
            mean_of("read", "signs", 1000, 0.03), f"{SELF}; tolerance: one cue in ten that loses a tenth",
        ),
        ns.Claim(
            "overlap, Hopfield, load 0.10, N = 1,000", float(hopfield.overlap(0.10)), 0.002, "theory",
            mean_of("overlap", "hopfield", 1000, 0.10), "T = 0 equations of Amit, Gutfreund & Sompolinsky (1987)",
        ),
        ns.Claim(
            "overlap, phases, load 0.02, N = 2,000", float(retrieval.phase_overlap(0.02)), 0.003, "theory",
            mean_of("overlap", "phases", 2000, 0.02), f"{SELF}; tolerance: of a few networks of 40 patterns", "default",
        ),
        ns.Claim(
            "overlap, signs, load 0.02, N = 2,000", float(retrieval.sign_overlap(0.02)), 0.0224, "theory",
            mean_of("overlap", "signs", 2000, 0.02), f"{SELF}; tolerance N^(-1/2)", "default",
        ),
        ns.Claim(
            "overlap, signs, load 0.03, N = 2,000", float(retrieval.sign_overlap(0.03)), 0.0224, "theory",
            mean_of("overlap", "signs", 2000, 0.03), f"{SELF}; tolerance N^(-1/2)", "default",
        ),
        ns.Claim("half-recall load, phases, N = 500", 0.0478, 0.005, "reference", half_load_of("phases", 500), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, phases, N = 2,000", 0.0411, 0.004, "reference", half_load_of("phases", 2000), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, signs, N = 500", 0.0521, 0.005, "reference", half_load_of("signs", 500), MONTE_CARLO, "default"),
        ns.Claim("half-recall load, signs, N = 2,000", 0.0472, 0.004, "reference", half_load_of("signs", 2000), MONTE_CARLO, "default"),
    ),
)  # fmt: skip
