r"""Similar inputs, similar codes: one mac of Sparsey

A mac of Q = 24 modules with K = 8 units stores random images, 12 of 144 pixels active. A cue shares the part f of its pixels with one of
them. How much of the stored code comes back? With one item stored V and G are f, and the answer is a closed form,

.. math:: I(f) = \frac{\psi(f, f)}{\psi(f, f) + (K - 1) \, \psi(0, f)},

from chance, 1 / K, to nearly all. With more items, other units are supported too: codes that are drawn, as in learning, come back less
well, the most supported units, as in recognition, better. With 100 items the mac is full: whatever it sees looks familiar.

Two sets of parameters: one of a public program for the paper of 2010 (exponent 7, slope 26), and ours, which begins to separate at a
familiarity of 0.2 (exponent 2, slope 12).

Source: G. J. Rinkus, "A cortical sparse distributed coding model linking mini- and macrocolumn-scale functionality", Front. Neuroanat. 4,
17 (2010). Its full text was not read; numbers are those of a separate program and of the closed form.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.sdr.code_selection import RINKUS_2010, CodeSelection
from neurosim.sdr.codes import Code, Codes, random_codes
from neurosim.sdr.selection_rules import Expansivity

INPUTS, ACTIVE, MODULES, UNITS = 144, 12, 24, 8
RULES = {"2010": RINKUS_2010, "ours": Expansivity()}
WORDS = {"2010": "parameters of 2010", "ours": "our parameters"}
KINDS = {"drawn": "drawn", "best": "most supported"}


def run(rule: str, stored: int, network: int, *, cues: int = 20, rng: np.random.Generator) -> dict[str, xr.DataArray]:
    """Store items; return the part of the stored code that cues get, and their familiarity, for each number of shared pixels."""
    mac = CodeSelection(INPUTS, MODULES, UNITS, expansivity=RULES[rule])
    state = mac.init(seed=int(rng.integers(2**63)))
    images = random_codes(stored, INPUTS, ACTIVE, rng=rng)
    codes, _ = mac.present(state, images)
    right = np.empty((len(KINDS), ACTIVE + 1))
    familiarity = np.empty(ACTIVE + 1)
    for shared in range(ACTIVE + 1):
        items = rng.integers(stored, size=cues)
        shown = Codes([cue(images[int(item)], shared, rng) for item in items])
        drawn, found = mac.present(state, shown, learn=False, draw=True)
        best, _ = mac.present(state, shown, learn=False)
        right[:, shared] = np.mean(drawn == codes[items]), np.mean(best == codes[items])
        familiarity[shared] = found.mean()
    of = {"shared": np.arange(ACTIVE + 1) / ACTIVE}
    return {
        "intersection": xr.DataArray(right, dims=("kind", "shared"), coords={"kind": list(KINDS), **of}),
        "familiarity": xr.DataArray(familiarity, dims=("shared",), coords=of),
    }


def cue(image: Code, shared: int, rng: np.random.Generator) -> Code:
    """Return an image that shares so many pixels with another one."""
    others = np.setdiff1d(np.arange(INPUTS), image.indices)
    kept, new = rng.choice(image.indices, shared, replace=False), rng.choice(others, ACTIVE - shared, replace=False)
    return Code(np.sort(np.concatenate([kept, new])), INPUTS)


GRID = {"rule": list(RULES), "stored": [1, 5, 20, 100], "network": range(40)}


def part_of(rule: str, kind: str, stored: int, shared: int) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of a part of codes that comes back."""
    at = {"rule": rule, "stored": stored, "kind": kind}
    return lambda data: jackknife(lambda some: float(some.intersection.sel(at).isel(shared=shared).mean()), data, "network")


def strange(data: xr.Dataset) -> tuple[float, float]:
    """Familiarity of cues that share nothing with the item they are compared with, 100 items stored, set of 2010."""
    return jackknife(lambda some: float(some.familiarity.sel(rule="2010", stored=100).isel(shared=0).mean()), data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Draw the part of the code that comes back, drawn and most supported, for each set of parameters, and the familiarity of cues."""
    with ns.plot.style():
        _, axes = ns.plot.figure(1, 3, size=(12.0, 3.9))
        for letter, ax, rule in zip("ab", axes, data.rule.values, strict=False):
            _intersections(data.sel(rule=rule), RULES[str(rule)], ax)
            ax.set_title(f"{letter}  {WORDS[str(rule)]}")
        _familiarity(data.isel(rule=-1), axes[2])
    return axes[0]


def _intersections(data: xr.Dataset, rule: Expansivity, ax: Axes) -> None:
    mean, error = ns.plot.mean_and_error(data.intersection, "network")
    for stored, colour, marker in zip(data.stored.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        for kind, fill, line in zip(data.kind.values, (colour, "white"), ("none", ":"), strict=True):
            at = {"stored": stored, "kind": kind}
            ax.errorbar(data.shared, mean.sel(at), yerr=error.sel(at), color=colour, marker=marker, markerfacecolor=fill, linestyle=line,
                        linewidth=0.9, capsize=2, markersize=4.5)  # fmt: skip
    fine = np.linspace(0, 1, 201)
    ax.plot(fine, rule.intersection(fine, UNITS), color=ns.plot.COLOURS[0], linewidth=1.3)
    ax.axhline(1 / UNITS, color="black", linewidth=0.8, linestyle="--")
    ax.set(xlabel="part f of the pixels shared", ylabel="part of the stored code", ylim=(0, 1.03))


def _familiarity(data: xr.Dataset, ax: Axes) -> None:
    mean, error = ns.plot.mean_and_error(data.familiarity, "network")
    for stored, colour, marker in zip(data.stored.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        look = {"color": colour, "marker": marker, "capsize": 2, "linewidth": 0.9, "markersize": 4.5}
        ax.errorbar(data.shared, mean.sel(stored=stored), yerr=error.sel(stored=stored), label=f"{stored} stored", **look)
    ax.set(xlabel="part f of the pixels shared", ylabel="familiarity G", ylim=(0, 1.03), title="c  our parameters")
    ax.plot([], [], color=ns.plot.COLOURS[0], linewidth=1.3, label="a, b: closed form, 1 stored")
    ax.plot([], [], "o", color="black", markersize=4.5, label="a, b: code drawn")
    ax.plot([], [], "o:", color="black", markerfacecolor="white", linewidth=0.9, markersize=4.5, label="a, b: most supported units")
    ax.plot([], [], color="black", linewidth=0.8, linestyle="--", label="a, b: chance, 1 / K")
    ns.plot.legend(ax, loc="lower right", fontsize=7.5)


CLOSED = "closed form for one stored item; tolerance set beforehand, four standard errors of 40 networks"
PROGRAM = "separate program, 20 items; tolerance 0.03 set beforehand, of networks"
TWENTY = {"drawn": [0.150, 0.453, 0.785, 0.837, 0.861, 0.864], "best": [0.175, 0.613, 0.886, 0.983, 0.999, 1.0]}
SIXTHS = [0, 4, 6, 8, 10, 12]
LONG = {0: "0", 4: "1/3", 6: "1/2", 8: "2/3", 10: "5/6", 12: "1"}

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"cues": 20},
    tiny={"stored": [1, 20, 100], "network": range(12)},
    full={"network": range(200), "cues": 50},
    full_time="4 minutes on 1 core",
    claims=(
        *(
            ns.Claim(
                f"I({LONG[shared]}), one item stored, {WORDS[rule]}", float(RULES[rule].intersection(shared / ACTIVE, UNITS)),
                0.015 if shared else 0.01, "theory", part_of(rule, "drawn", 1, shared), CLOSED,
            )
            for rule in RULES for shared in (0, 4, 6, 12)
        ),
        *(
            ns.Claim(
                f"I({LONG[shared]}), 20 items stored, parameters of 2010, {KINDS[kind]}", expected, 0.03, "reference",
                part_of("2010", kind, 20, shared), PROGRAM,
            )
            for kind, row in TWENTY.items() for shared, expected in zip(SIXTHS, row, strict=True)
        ),
        ns.Claim(
            "familiarity of an unrelated cue, 100 items stored, parameters of 2010", 0.98, 0.02, "reference", strange,
            "separate program, 100 items: about 0.98; tolerance 0.02",
        ),
    ),
)  # fmt: skip
