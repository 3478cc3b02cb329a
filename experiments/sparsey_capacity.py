r"""A hundred thousand items in one mac of Sparsey

Random inputs, 16 of 1,024 active, are stored one after another, each shown once, in a mac of 8 modules. Every so often some of the stored
ones are shown again, and the most supported unit wins in each module. Two things are compared:

- *A threshold of familiarity of 0.95*, above that of new inputs however full the mac is. Codes are then random, the part of the weights
  that is set follows :math:`1 - (1 - s / n K)^M`, and recall a closed form (:mod:`neurosim.sdr.mac_theory`). How many items fit is
  proportional to K: 2,800 units per module hold 100,000 items.
- *A threshold of 0.2*, ours for small macs. The more is stored, the more familiar new inputs look by chance. As soon as they look familiar
  enough, they get units that are in use already, which then look still more familiar: few units take all, and recall breaks down long
  before the weights are used up. What makes similar inputs have similar codes has this price, unless the mac is sized, or frozen, for it.

Selecting a code touches each unit once, however much is stored; benchmarks measure the time.

Source: the number of operations is a claim of G. J. Rinkus (Front. Comput. Neurosci. 8, 160 (2014)); size and comparison are ours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr.code_selection import CodeSelection
from neurosim.sdr.codes import Codes, random_codes
from neurosim.sdr.mac_theory import recall, weights_set
from neurosim.sdr.selection_rules import Expansivity

INPUTS, ACTIVE, MODULES = 1024, 16, 8
LOADS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
"""Items, in units of the largest number wanted."""
PER_UNIT = 100_000 / 2800
"""Items for each unit of a module, at a load of 1."""


def run(threshold: float, units: int, network: int, *, probes: int = 1000, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Store items; at each load return the part of units and of whole codes that is recalled, of weights set, and how new items looked."""
    mac = CodeSelection(INPUTS, MODULES, units, expansivity=Expansivity(threshold))
    state = mac.init(seed=int(rng.integers(2**63)))
    sizes = [round(load * PER_UNIT * units) for load in LOADS]
    items = random_codes(sizes[-1], INPUTS, ACTIVE, rng=rng)
    stored, rows = np.empty((sizes[-1], MODULES), np.int32), []
    for first, last in zip([0, *sizes], sizes, strict=False):
        stored[first:last], familiarity = mac.present(state, items[first:last])
        probed = rng.choice(last, min(probes, last), replace=False)
        right = mac.present(state, Codes([items[int(item)] for item in probed]), learn=False)[0] == stored[probed]
        rows.append([right.mean(), right.all(axis=1).mean(), mac.used(state)["inputs"], familiarity.mean()])
    names = ("accuracy", "whole_codes", "set", "familiarity")
    table = dict(zip(names, np.array(rows).T, strict=True)) | {"items": np.array(sizes, float)}
    return {name: xr.DataArray(column, dims=("load",), coords={"load": list(LOADS)}) for name, column in table.items()}


GRID = {"threshold": [0.95, 0.2], "units": [280, 840, 2800], "network": range(3)}


def at_full_load(name: str, units: int, threshold: float = 0.95) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a mean at a load of 1."""
    at = {"threshold": threshold, "units": units, "load": 1.0}
    return lambda data: jackknife(lambda some: float(some[name].sel(at).mean()), data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Draw recall and weights set against the number of items, for three sizes and both thresholds, with theory; and how new items look."""
    with ns.plot.style():
        _, axes = ns.plot.figure(1, 3, size=(12.0, 3.9))
        for ax, name, law, title in (
            (axes[0], "accuracy", recall, "a  recall of exact cues"),
            (axes[1], "set", weights_set, "b  bottom-up weights"),
            (axes[2], "familiarity", None, "c  new items"),
        ):
            _panel(data, name, law, ax)
            ax.set_title(title)
        axes[0].set_ylabel("part of the units recalled")
        axes[1].set_ylabel("part of the weights set")
        axes[2].set_ylabel("familiarity G of new items")
        axes[0].plot([], [], "o", color="black", markerfacecolor="white", label="threshold 0.2")
        axes[0].plot([], [], color="black", label="theory, random codes")
        ns.plot.legend(axes[0], loc="lower left")
    return axes[0]


def _panel(data: xr.Dataset, name: str, law: Callable[..., float] | None, ax: Axes) -> None:
    mean, error = ns.plot.mean_and_error(data[name], "network")
    for units, colour, marker in zip(data.units.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        items = data["items"].sel(units=units).isel(network=0, threshold=0)
        for threshold, fill in zip(data.threshold.values, (colour, "white"), strict=False):
            at = {"units": units, "threshold": threshold}
            label = f"K = {units:,}" if fill == colour else None
            ax.errorbar(items, mean.sel(at), yerr=error.sel(at), color=colour, marker=marker, markerfacecolor=fill, linestyle="none",
                        capsize=2, markersize=4.5, label=label)  # fmt: skip
        if law is not None:
            fine = np.unique(np.geomspace(float(items.min()), float(items.max()), 80).round().astype(int))
            ax.plot(fine, [law(int(m), INPUTS, ACTIVE, int(units)) for m in fine], color=colour, linewidth=1.2)
    ax.set(xscale="log", xlabel="items stored", ylim=(0, 1.03))


LAW = "independent random codes"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"probes": 1000},
    tiny={"threshold": [0.95], "units": [280]},
    full={"network": range(10)},
    full_time="2 minutes on 1 core",
    claims=(
        ns.Claim(
            "weights set, 10,000 items, K = 280", weights_set(10_000, INPUTS, ACTIVE, 280), 0.001, "theory", at_full_load("set", 280), LAW,
        ),
        ns.Claim(
            "units recalled, 10,000 items, K = 280", recall(10_000, INPUTS, ACTIVE, 280), 0.003, "theory",
            at_full_load("accuracy", 280), LAW,
        ),
        ns.Claim(
            "weights set, 100,000 items, K = 2,800", weights_set(100_000, INPUTS, ACTIVE, 2800), 0.001, "theory", at_full_load("set", 2800),
            LAW, "default",
        ),
        ns.Claim(
            "units recalled, 100,000 items, K = 2,800", recall(100_000, INPUTS, ACTIVE, 2800), 0.003, "theory",
            at_full_load("accuracy", 2800), f"{LAW}; tolerance: 1,000 cues of 8 modules in 3 networks", "default",
        ),
        ns.Claim(
            "whole codes recalled, 100,000 items, K = 2,800", recall(100_000, INPUTS, ACTIVE, 2800) ** MODULES, 0.02, "theory",
            at_full_load("whole_codes", 2800), f"{LAW}, the power Q of the units recalled; modules share the cue and are not independent",
            "default",
        ),
        ns.Claim(
            "threshold 0.2: units recalled, 100,000 items, K = 2,800", 0.0, 0.05, "calibrated", at_full_load("accuracy", 2800, 0.2),
            "a first run of this code: new items look familiar, few units take all", "default",
        ),
    ),
)  # fmt: skip
