r"""What a mac of Sparsey keeps of a stream without end

More items pass by than fit: 2,000 random inputs, 12 of 400 active, each shown once, a fifth of them again 20 steps later, in a mac of 12
modules of 48 units. In the end all items are cued exactly, and compared with the code they got when last seen. Four macs see the same
stream:

- *all weights stay*: the mac fills up, new items look familiar and get units that are in use; neither old nor new ones are recalled;
- *weights fade* over 150 steps: what was seen lately is recalled, whatever came before;
- *weights fade, and last longer when set again in time* (metaplasticity): what was seen twice is recalled four times as long;
- *a critical period* ends when 0.3 of the weights are set: what came first is recalled, and nothing else.

Weights of an item that was last seen T steps ago are worth

.. math:: w(T) = \frac{1 + c / S}{1 + c / (S - T)},

and so is the familiarity of its cue, unless later items have set some of the same weights again: G is w(T) or a little more. What is seen
for the second time may get some other units than the first time, the more its weights have faded; these units hold new weights, of the
short lifetime.

Source: permanence, metaplasticity and critical periods are those of G. J. Rinkus, Front. Comput. Neurosci. 8, 160 (2014), whose full text
was not read; the decay is that of a public program. The stream and all numbers are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr.code_selection import CodeSelection
from neurosim.sdr.codes import Codes, random_codes
from neurosim.sdr.selection_rules import CriticalPeriod, Expansivity, Permanence

INPUTS, ACTIVE, MODULES, UNITS = 400, 12, 12, 48
AGAIN, GAP = 5, 20
"""Every fifth item is shown again after 20 others."""
FADING = Permanence(150, 100)
LASTING = Permanence(150, 100, growth=4, levels=2)
MACS: dict[str, dict[str, Any]] = {
    "stay": {},
    "fade": {"permanence": FADING},
    "last": {"permanence": LASTING},
    "freeze": {"critical_period": CriticalPeriod(0.3, whole=True)},
}
WORDS = {"stay": "all weights stay", "fade": "weights fade", "last": "fade, last when set again", "freeze": "critical period"}
EDGES = np.arange(0, 2401, 60)


def run(mac: str, network: int, *, items: int = 2000, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Show the stream; return the part of the units recalled and the familiarity of cues by age, for items shown once and twice."""
    memory = CodeSelection(INPUTS, MODULES, UNITS, expansivity=Expansivity(threshold=0.5), **MACS[mac])
    state = memory.init(seed=int(rng.integers(2**63)))
    codes, order = random_codes(items, INPUTS, ACTIVE, rng=rng), stream(items)
    stored = np.empty((items, MODULES), np.int32)
    stored[order] = memory.present(state, Codes([codes[int(item)] for item in order]))[0]
    last = np.empty(items, int)
    last[order] = np.arange(len(order))
    right, familiarity = np.empty(items), np.empty(items)
    for item, code in enumerate(codes):
        state.tick = len(order)
        memory.compute(state, code, learn=False)
        right[item], familiarity[item] = np.mean(state.winners == stored[item]), state.familiarity
    return {"right": by_age(right, len(order) - last), "familiarity": by_age(familiarity, len(order) - last)}


def stream(items: int) -> np.ndarray:
    """Return the items in the order in which they are shown: every fifth comes again after 20 others."""
    times = np.arange(items, dtype=float)
    again = times[::AGAIN] + GAP + 0.5
    return np.concatenate([np.arange(items), np.arange(0, items, AGAIN)])[np.argsort(np.concatenate([times, again]), kind="stable")]


def by_age(values: np.ndarray, ages: np.ndarray) -> xr.DataArray:
    """Average values in bins of age, for items shown once and for those shown twice; NaN where there are none."""
    twice = np.arange(len(values)) % AGAIN == 0
    rows = np.full((2, len(EDGES) - 1), np.nan)
    for row, chosen in enumerate((~twice, twice)):
        place = np.digitize(ages[chosen], EDGES) - 1
        for part in np.unique(place[place < rows.shape[1]]):
            rows[row, part] = values[chosen][place == part].mean()
    coords = {"shown": ["once", "twice"], "age": (EDGES[1:] + EDGES[:-1]) / 2}
    return xr.DataArray(rows, dims=("shown", "age"), coords=coords)


def worth(low: int, high: int) -> float:
    """Return the mean of w over ages low + 1 ... high."""
    return float(np.mean([FADING.value(age) for age in range(low + 1, high + 1)]))


GRID = {"mac": list(MACS), "network": range(12)}


def mean_of(name: str, mac: str, shown: str, low: float, high: float) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a mean over ages."""
    return lambda data: jackknife(lambda some: float(some[name].sel(mac=mac, shown=shown, age=slice(low, high)).mean()), data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Draw recall against age for each mac, items shown once and twice, and the familiarity of fading items with w."""
    with ns.plot.style():
        _, axes = ns.plot.figure(1, 3, size=(12.0, 3.9))
        for ax, shown, title in zip(axes, ("once", "twice"), ("a  shown once", "b  shown twice"), strict=False):
            mean, error = ns.plot.mean_and_error(data.right.sel(shown=shown), "network")
            for mac, colour, marker in zip(data.mac.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
                look: dict[str, Any] = {"color": colour, "marker": marker, "capsize": 2, "linewidth": 1.0, "markersize": 4}
                ax.errorbar(data.age, mean.sel(mac=mac), yerr=error.sel(mac=mac), label=WORDS[str(mac)], **look)
            ax.axhline(1 / UNITS, color="black", linewidth=0.8, linestyle="--", label="chance, 1 / K")
            ax.set(xlabel="steps since last seen", ylabel="part of the units recalled", ylim=(0, 1.03), title=title)
        ns.plot.legend(axes[0], loc="upper left", bbox_to_anchor=(0.14, 1.0), fontsize=7.5)
        _familiarity(data, axes[2])
    return axes[0]


def _familiarity(data: xr.Dataset, ax: Axes) -> None:
    ages = np.linspace(0, float(EDGES[-1]), 501)
    mean, error = ns.plot.mean_and_error(data.familiarity, "network")
    cases = ("fade", "once", FADING, 1), ("last", "once", LASTING, 1), ("last", "twice", LASTING, 2)
    for place, (mac, shown, rule, level) in enumerate(cases):
        if mac in data.mac:
            look: dict[str, Any] = {"color": ns.plot.COLOURS[place], "marker": ns.plot.MARKERS[place], "linestyle": "none", "capsize": 2}
            at = {"mac": mac, "shown": shown}
            ax.errorbar(data.age, mean.sel(at), yerr=error.sel(at), markersize=4, label=f"{WORDS[mac]}; {shown}", **look)
            ax.plot(ages, [rule.value(float(age), level) for age in ages], color=ns.plot.COLOURS[place], linewidth=1.0)
    ax.set(xlabel="steps since last seen", ylabel="familiarity G of exact cues", ylim=(0, 1.03), title="c  lines: w(T)")
    ns.plot.legend(ax, loc="lower right", fontsize=7.5)


RULE = "steps of the same rule, by this code; guards against change"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"items": 2000},
    tiny={"network": range(3)},
    full={"network": range(100)},
    full_time="2 minutes on 1 core",
    claims=(
        ns.Claim(
            "fading weights: familiarity of what was last seen up to 60 steps ago", worth(0, 60), 0.03, "theory",
            mean_of("familiarity", "fade", "once", 0, 60), "mean of w(T); tolerance: weights that later items set again",
        ),
        ns.Claim(
            "fading weights: part recalled of what was last seen more than 240 steps ago", 1 / UNITS, 0.01, "theory",
            mean_of("right", "fade", "once", 240, 2400), "chance, 1 / K: no weight lasts 150 steps unless set again",
        ),
        ns.Claim(
            "fading weights: part recalled of what was seen up to 60 steps ago", 1.0, 0.01, "calibrated",
            mean_of("right", "fade", "once", 0, 60), RULE,
        ),
        ns.Claim(
            "metaplasticity: part recalled of what was seen twice, 240 to 480 steps ago", 0.76, 0.06, "calibrated",
            mean_of("right", "last", "twice", 240, 480), RULE,
        ),
        ns.Claim(
            "critical period: part recalled of the first 500 items", 0.97, 0.02, "calibrated",
            mean_of("right", "freeze", "once", 1800, 2400), RULE,
        ),
        ns.Claim(
            "critical period: part recalled of what was seen up to 1,200 steps ago", 0.1, 0.03, "calibrated",
            mean_of("right", "freeze", "once", 0, 1200), RULE,
        ),
        ns.Claim(
            "all weights stay: part recalled", 0.14, 0.04, "calibrated", mean_of("right", "stay", "once", 0, 2400), RULE,
        ),
    ),
)  # fmt: skip
