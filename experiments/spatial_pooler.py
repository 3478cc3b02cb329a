r"""What a spatial pooler learns: overlap, resistance to noise, stable codes, and columns that all take part

A spatial pooler is shown 50 random codes again and again. Before learning, a column is connected to a quarter of the inputs, drawn at
random, and moving a fifth of the active inputs replaces more than half of the winners. Learning connects winners to all active inputs that
they can reach, and disconnects them from all others: codes stand still, and noise hardly matters up to a third of the input. How large
overlaps become, and how many winners win again, follows from binomial probabilities (:class:`~neurosim.sdr.theory.pooling.Pooling`).

Boosting is measured by the entropy of the columns' activity, :math:`\frac1N \sum_c h(a_c)`, h the entropy of a yes or no in bits, which is
at most :math:`h(s)`, s the density: all columns take part alike. The price is that codes move.

Sources: Y. Cui, S. Ahmad & J. Hawkins, Front. Comput. Neurosci. 11, 111 (2017), for what is measured; abstract read, no numbers. The theory
is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr.theory.pooling import Pooling

N_INPUTS, ACTIVE, N_COLUMNS, FRACTION, DENSITY, PATTERNS = 1000, 50, 1024, 0.5, 0.02, 50
WINNERS = int(DENSITY * N_COLUMNS)
SHARE = WINNERS / N_COLUMNS
NOISE = np.arange(0.0, 0.81, 0.1)
THEORY = Pooling(N_INPUTS, ACTIVE, FRACTION, SHARE)
ENTROPY_BOUND = float(-SHARE * np.log2(SHARE) - (1 - SHARE) * np.log2(1 - SHARE))


def run(boost: float, sample: int, *, epochs: int = 200, rng: np.random.Generator) -> dict[str, Any]:
    """Show a pooler the codes again and again; measure overlaps and resistance to noise before and after, and what happens between."""
    pooler = ns.sdr.SpatialPooler(N_INPUTS, N_COLUMNS, potential_fraction=FRACTION, density=DENSITY, boost=boost)
    inputs = ns.sdr.random_codes(PATTERNS, N_INPUTS, ACTIVE, rng=rng)
    state = pooler.init(seed=int(rng.integers(2**63)))
    first = measured(pooler, state, inputs, rng)
    stable, wins, before = [], np.zeros(N_COLUMNS), None
    for epoch in range(epochs):
        now = [pooler.compute(state, code) for code in inputs]
        stable.append(np.nan if before is None else np.mean([ns.sdr.overlap(a, b) for a, b in zip(now, before, strict=True)]) / WINNERS)
        before = now
        if epoch >= epochs // 2:
            wins += np.bincount(np.concatenate([code.indices for code in now]), minlength=N_COLUMNS)
    last = measured(pooler, state, inputs, rng)
    activity = wins / (PATTERNS * (epochs - epochs // 2))
    return {
        "overlap": xr.DataArray([first[0], last[0]], dims="stage", coords={"stage": ["before", "after"]}),
        "kept": xr.DataArray([first[1], last[1]], dims=("stage", "noise"), coords={"noise": NOISE}),
        "stable": xr.DataArray(stable, dims="epoch", coords={"epoch": np.arange(1, epochs + 1)}),
        "entropy": float(np.mean(entropy(activity))),
        "activity": xr.DataArray(np.sort(activity)[::-1], dims="rank", coords={"rank": np.arange(1, N_COLUMNS + 1)}),
    }


def measured(pooler: Any, state: Any, inputs: Any, rng: np.random.Generator) -> tuple[float, list[float]]:
    """Return the mean overlap of winners, and the share of them that win again at each level of noise; nothing is learned."""
    codes = [pooler.compute(state, code, learn=False) for code in inputs]
    overlaps = [pooler.overlaps(state, code)[won.indices].mean() for code, won in zip(inputs, codes, strict=True)]
    kept = []
    for noise in NOISE:
        moved = [pooler.compute(state, ns.sdr.corrupt(code, float(noise), rng=rng), learn=False) for code in inputs]
        kept.append(float(np.mean([ns.sdr.overlap(a, b) for a, b in zip(codes, moved, strict=True)])) / WINNERS)
    return float(np.mean(overlaps)), kept


def entropy(share: np.ndarray) -> np.ndarray:
    """Entropy in bits of a yes with that probability."""
    both = np.stack([share, 1 - share])
    return -np.sum(both * np.log2(np.maximum(both, 1e-300)), axis=0)


# --- figure and claims --------------------------------------------------------------------------------------------------------


def figure(data: xr.Dataset) -> Axes:
    """Resistance to noise, overlaps of winners, stability of codes, and activity of columns by rank."""
    with ns.plot.style():
        _, ((noise, overlaps), (stable, activity)) = ns.plot.figure(2, 2, size=(10.5, 7.4))
        _noise(data, noise)
        _entropy(data, overlaps)
        _stable(data, stable)
        _activity(data, activity)
    return noise


def _noise(data: xr.Dataset, ax: Axes) -> None:
    """Draw who wins again before and after learning, with theory, and after learning with the strongest boosting."""
    fine = np.arange(0, round(NOISE[-1] * ACTIVE) + 1, 2) / ACTIVE
    plain, strong = data.kept.sel(boost=0.0), data.kept.sel(boost=data.boost.max(), stage="after")
    curves: dict[str, Callable[[float], float]] = {"before": THEORY.kept, "after": lambda part: THEORY.kept_after(part, PATTERNS)}
    for (stage, theory), colour, marker in zip(curves.items(), ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        _points(plain.sel(stage=stage), ax, color=colour, marker=marker, linestyle="", label=f"{stage} learning")
        ax.plot(100 * fine, [theory(float(part)) for part in fine], color=colour, linewidth=1.2)
    if strong.boost > 0:
        _points(
            strong, ax, color=ns.plot.COLOURS[4], marker="^", linestyle=":", linewidth=1.0, label=f"after, boost {float(strong.boost):g}"
        )
    ax.plot([], [], color="black", linewidth=1.2, label="theory")
    ax.axhline(SHARE, color="black", linestyle=":", linewidth=1.0, label="by chance")
    ax.set(xlabel="active inputs moved (%)", ylabel="winners that win again", ylim=(0.0, 1.04), title="a  noise in the input")
    ns.plot.legend(ax, loc="center right", bbox_to_anchor=(1.0, 0.4))


def _points(values: xr.DataArray, ax: Axes, **look: Any) -> None:
    mean, error = ns.plot.mean_and_error(values, "sample")
    ax.errorbar(100 * mean.noise, mean, yerr=np.nan_to_num(error), capsize=2, **look)


def _entropy(data: xr.Dataset, ax: Axes) -> None:
    mean, error = ns.plot.mean_and_error(data.entropy, "sample")
    ax.errorbar(data.boost, mean, yerr=np.nan_to_num(error), color=ns.plot.COLOURS[2], marker="o", capsize=2, label="entropy")
    ax.axhline(ENTROPY_BOUND, color="black", linestyle="--", linewidth=1.0, label="all alike, $h(s)$")
    ax.set(
        xlabel="strength of boosting",
        ylabel="entropy of a column (bits)",
        ylim=(None, 1.02 * ENTROPY_BOUND),
        title="b  boosting evens activity",
    )
    ns.plot.legend(ax, loc="lower right")


def _stable(data: xr.Dataset, ax: Axes) -> None:
    for boost, colour in zip(data.boost.values, ns.plot.COLOURS, strict=False):
        ax.plot(data.epoch, data.stable.sel(boost=boost).mean("sample"), color=colour, linewidth=1.2, label=f"boost {boost:g}")
    ax.set(xlabel="time each code was shown", ylabel="winners of the time before", xscale="log", ylim=(0.9, 1.005))
    ax.set_xticks([2, 5, 10, 20, 50, 100, 200], ["2", "5", "10", "20", "50", "100", "200"])
    ax.minorticks_off()
    ax.set_title("c  stability of codes")
    ns.plot.legend(ax, loc="lower right")


def _activity(data: xr.Dataset, ax: Axes) -> None:
    for boost, colour in zip(data.boost.values, ns.plot.COLOURS, strict=False):
        ax.plot(data["rank"], 100 * data.activity.sel(boost=boost).mean("sample"), color=colour, linewidth=1.4, label=f"boost {boost:g}")
    ax.axhline(100 * SHARE, color="black", linestyle="--", linewidth=1.0, label="density")
    ax.set(xlabel="column, by activity", ylabel="activity (% of the time)", title="d  who takes part")
    ns.plot.legend(ax, loc="upper right")


def mean_of(name: str, boost: float, **at: Any) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a mean over samples."""

    def measure(data: xr.Dataset) -> tuple[float, float]:
        part = data[[name]].sel(boost=boost, **{key: value for key, value in at.items() if key == "stage"})
        if "noise" in at:
            part = part.sel(noise=at["noise"], method="nearest")
        return jackknife(lambda some: float(some[name].mean()), part, "sample")

    return measure


def last_stability(data: xr.Dataset) -> tuple[float, float]:
    """Share of winners that won the time before, over the last ten times, without boosting."""
    return jackknife(lambda some: float(some.stable.isel(epoch=slice(-10, None)).mean()), data.sel(boost=0.0), "sample")


DERIVED = "derived on this page"

EXPERIMENT = ns.Experiment(
    run,
    {"boost": [0.0, 1.0, 3.0, 10.0, 30.0], "sample": range(6)},
    figure,
    fixed={"epochs": 200},
    tiny={"boost": [0.0, 10.0], "sample": range(2)},
    full={"sample": range(30)},
    full_time="4 minutes on 1 core",
    claims=(
        ns.Claim(
            "overlap of winners before learning", THEORY.winners_overlap, 0.15, "theory",
            mean_of("overlap", 0.0, stage="before"), f"{DERIVED}; tolerance: spread of 20 winners of 100 codes",
        ),
        ns.Claim(
            "overlap of winners after learning", THEORY.learned_overlap, 0.5, "theory",
            mean_of("overlap", 0.0, stage="after"), f"{DERIVED}; tolerance: columns that several codes share",
        ),
        ns.Claim(
            "winners that win again, a fifth of the input moved, before learning", THEORY.kept(0.2), 0.03, "theory",
            mean_of("kept", 0.0, stage="before", noise=0.2), f"{DERIVED}; tolerance: three times the sampling error",
        ),
        ns.Claim(
            "winners that win again, a fifth of the input moved, after learning", THEORY.kept_after(0.2, PATTERNS), 0.02, "theory",
            mean_of("kept", 0.0, stage="after", noise=0.2), f"{DERIVED}; tolerance: columns that several codes share",
        ),
        ns.Claim(
            "winners that win again, half of the input moved, after learning", THEORY.kept_after(0.5, PATTERNS), 0.05, "theory",
            mean_of("kept", 0.0, stage="after", noise=0.5), f"{DERIVED}; tolerance: columns that several codes share",
        ),
        ns.Claim(
            "share of winners that won the time before, after learning without boosting", 1.0, 0.005, "theory", last_stability,
            "learning has a fixed point; tolerance: one winner in 200",
        ),
        ns.Claim(
            "entropy of columns with boosting 10, over its bound", 1.0, 0.05, "theory",
            lambda data: (mean_of("entropy", 10.0)(data)[0] / ENTROPY_BOUND, None), "all columns alike: the bound h(s) of the entropy",
        ),
    ),
)  # fmt: skip
