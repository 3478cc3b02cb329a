r"""How many frames of sequences a mac of Sparsey replays

Random frames, 12 of 144 pixels, come in sequences of ten and are each shown once to a mac of Q modules of K units, which hears its own last
code: 39,168 weights for Q = 9, K = 16. Then every sequence is shown again and recognised, the most supported unit winning in each module;
what is recognised is what the next frame is supported by. The part of the units that are those of learning falls steeply from 1 to
near a half at a number of frames that grows with K, and hardly with Q: there are Q times more weights, but also Q times more to be set.
Cues with one or two pixels moved cost little before the edge.

The expansivity is ours (threshold 0.2, exponent 2, slope 12).

Source: the setting (frame size, pixels, Q, K, number of weights, moved pixels) is that of capacity studies by G. J. Rinkus, whose tables
were not reached; numbers are those of a separate program, which gave no errors. What is compared with it besides accuracies is the number
of frames at which accuracy falls through 0.97; the program gave the last number of frames, on a coarse scale, at which it was still above.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import crossing, jackknife
from neurosim.sdr.code_selection import CodeSelection, MacState
from neurosim.sdr.codes import Codes, corrupt, random_codes

INPUTS, ACTIVE, LENGTH = 144, 12, 10
MOVED = (0, 1, 2)
GOOD = 0.97
SHAPES = {"9 x 8": (9, 8), "9 x 16": (9, 16), "9 x 32": (9, 32), "9 x 64": (9, 64), "18 x 32": (18, 32)}
FRAMES = np.array([0.25, 0.4, 0.55, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.65, 1.8])
"""Frames in units of SCALE."""
SCALE = {"9 x 8": 60, "9 x 16": 120, "9 x 32": 200, "9 x 64": 560, "18 x 32": 240}
"""Frames that the other program replayed with an accuracy of 0.97 at least."""


def run(shape: str, load: float, network: int, *, rng: np.random.Generator) -> dict[str, xr.DataArray | float]:
    """Store load * SCALE frames, replay them with pixels moved; return which part of the units is right, and of the weights set."""
    modules, units = SHAPES[shape]
    mac = CodeSelection(INPUTS, modules, units, horizontal=True)
    state = mac.init(seed=int(rng.integers(2**63)))
    frames = random_codes(max(1, round(load * SCALE[shape])), INPUTS, ACTIVE, rng=rng)
    stored = shown(mac, state, frames, learn=True)
    used = mac.used(state)
    right = []
    for moved in MOVED:
        cues = Codes([corrupt(frame, moved / ACTIVE, rng=rng) for frame in frames])
        right.append(np.mean(shown(mac, state, cues, learn=False) == stored))
    accuracy = xr.DataArray(right, dims=("moved",), coords={"moved": list(MOVED)})
    return {"accuracy": accuracy, "frames": float(len(frames)), **{f"{name}_set": part for name, part in used.items()}}


def shown(mac: CodeSelection, state: MacState, frames: Codes, learn: bool) -> np.ndarray:
    """Show frames in sequences; return the winners of each."""
    found = []
    for first in range(0, len(frames), LENGTH):
        mac.reset(state)
        found.append(mac.present(state, frames[first : first + LENGTH], learn=learn)[0])
    return np.concatenate(found)


GRID = {"shape": list(SHAPES), "load": FRAMES.round(4).tolist(), "network": range(6)}


def accuracy_at(shape: str, frames: int, moved: int = 0) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the accuracy of a shape at a number of frames."""
    at = {"shape": shape, "moved": moved}
    return lambda data: jackknife(lambda some: _at_frames(some.accuracy.sel(at).mean("network"), frames / SCALE[shape]), data, "network")


def _at_frames(accuracy: xr.DataArray, load: float) -> float:
    return float(np.interp(load, accuracy["load"], accuracy))


def edge(data: xr.Dataset, shape: str, moved: int = 0) -> float:
    """Frames at which accuracy falls through 0.97."""
    part = data.accuracy.sel(shape=shape, moved=moved).mean("network")
    return SCALE[shape] * crossing(part["load"], part, GOOD)


def edge_of(shape: str) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the edge with its error."""
    return lambda data: jackknife(lambda some: edge(some, shape), data, "network")


def per_doubling(data: xr.Dataset) -> tuple[float, float]:
    """Factor by which the edge moves when K doubles, Q = 9, from a straight line through logarithms."""
    shapes = [shape for shape in data["shape"].values if SHAPES[str(shape)][0] == 9]

    def factor(some: xr.Dataset) -> float:
        units = [SHAPES[str(shape)][1] for shape in shapes]
        return float(2 ** np.polyfit(np.log2(units), np.log2([edge(some, str(shape)) for shape in shapes]), 1)[0])

    return jackknife(factor, data, "network")


def cost(data: xr.Dataset) -> tuple[float, float]:
    """What one moved pixel costs at 100 frames, Q = 9, K = 16."""

    def lost(some: xr.Dataset) -> float:
        of = some.accuracy.sel(shape="9 x 16").mean("network")
        return _at_frames(of.sel(moved=0), 100 / 120) - _at_frames(of.sel(moved=1), 100 / 120)

    return jackknife(lost, data, "network")


def figure(data: xr.Dataset) -> Axes:
    """Draw accuracy against frames by shape, with moved pixels for one shape, and the edge against K beside the other program's."""
    with ns.plot.style():
        _, (left, middle, right) = ns.plot.figure(1, 3, size=(12.0, 3.9))
        _accuracies(data, left)
        _moved(data.sel(shape="9 x 16") if "9 x 16" in data["shape"] else data.isel(shape=0), middle)
        _edges(data, right)
    return left


def _accuracies(data: xr.Dataset, ax: Axes) -> None:
    mean, error = ns.plot.mean_and_error(data.accuracy.sel(moved=0), "network")
    for shape, colour, marker in zip(data["shape"].values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        frames = data.frames.sel(shape=shape).isel(network=0)
        label = "Q = {}, K = {}".format(*SHAPES[str(shape)])
        look = {"color": colour, "marker": marker, "capsize": 2, "linewidth": 1.0, "markersize": 4}
        ax.errorbar(frames, mean.sel(shape=shape), yerr=error.sel(shape=shape), label=label, **look)
    ax.axhline(GOOD, color="black", linewidth=0.8, linestyle="--")
    ax.set(xscale="log", xlabel="frames stored", ylabel="part of the units recalled", ylim=(0, 1.03), title="a  exact cues")
    ax.set_xticks([20, 50, 100, 200, 500, 1000], ["20", "50", "100", "200", "500", "1,000"])
    ax.minorticks_off()
    ns.plot.legend(ax, loc="lower left")


def _moved(data: xr.Dataset, ax: Axes) -> None:
    mean, error = ns.plot.mean_and_error(data.accuracy, "network")
    frames = data.frames.isel(network=0)
    for moved, colour, marker in zip(data.moved.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        look = {"color": colour, "marker": marker, "capsize": 2, "linewidth": 1.0, "markersize": 4}
        ax.errorbar(frames, mean.sel(moved=moved), yerr=error.sel(moved=moved), label=f"{moved} pixels moved", **look)
    ax.plot(frames, data.inputs_set.mean("network"), color="black", linewidth=1.0, label="U weights set")
    ax.plot(frames, data.horizontal_set.mean("network"), color="black", linewidth=1.0, linestyle=":", label="H weights set")
    title = "b  Q = {}, K = {}".format(*SHAPES[str(data["shape"].item())])
    ax.set(xlabel="frames stored", ylabel="part", ylim=(0, 1.03), title=title)
    ns.plot.legend(ax, loc="center left", bbox_to_anchor=(0.0, 0.65))


def _edges(data: xr.Dataset, ax: Axes) -> None:
    shapes = [str(shape) for shape in data["shape"].values]
    for modules, colour, marker in zip((9, 18), ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        chosen = [shape for shape in shapes if SHAPES[shape][0] == modules]
        units = [SHAPES[shape][1] for shape in chosen]
        both = np.array([jackknife(lambda some, shape=shape: edge(some, shape), data, "network") for shape in chosen]).reshape(-1, 2)
        ax.errorbar(units, both[:, 0], yerr=both[:, 1], color=colour, marker=marker, linestyle="none", capsize=2, label=f"Q = {modules}")
        ax.plot(units, [SCALE[shape] for shape in chosen], marker=marker, color=colour, markerfacecolor="white", markersize=8,
                linestyle="none", zorder=1, label=f"Q = {modules}, separate program")  # fmt: skip
    fine = np.array([7, 75])
    ax.plot(fine, 60 * fine / 8, color="black", linewidth=1.0, linestyle="--", label="in proportion to K")
    ax.set(xscale="log", yscale="log", xlabel="K, units per module", ylabel="frames at an accuracy of 0.97", title="c  capacity")
    ax.set_xticks([8, 16, 32, 64], ["8", "16", "32", "64"])
    ax.set_yticks([50, 100, 200, 500], ["50", "100", "200", "500"])
    ax.minorticks_off()
    ns.plot.legend(ax, loc="upper left")


PROGRAM = "separate program"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    tiny={"shape": ["9 x 8", "9 x 16"], "load": [0.8, 0.8333, 0.85, 0.9, 1.0, 1.1, 1.2, 1.3, 1.6667]},
    full={"network": range(40)},
    full_time="10 minutes on 1 core",
    claims=(
        ns.Claim(
            "weights of Q = 9, K = 16", 39_168, 0, "paper", lambda data: CodeSelection(INPUTS, 9, 16, horizontal=True).n_weights,
            "capacity studies of G. J. Rinkus, as described on his pages",
        ),
        ns.Claim("accuracy at 100 frames, Q = 9, K = 16", 0.993, 0.013, "reference", accuracy_at("9 x 16", 100), f"{PROGRAM}; above 0.98"),
        *(
            ns.Claim(
                f"accuracy at {frames} frames, Q = 9, K = 16", expected, 0.08, "reference", accuracy_at("9 x 16", frames),
                f"{PROGRAM}; tolerance 0.08 set beforehand", "default" if frames < 200 else "tiny",
            )
            for frames, expected in ((120, 0.972), (140, 0.933), (160, 0.70), (200, 0.50))
        ),
        ns.Claim("one of 12 pixels moved, 100 frames: accuracy lost", 0.02, 0.02, "reference", cost, f"{PROGRAM}; tolerance 0.02"),
        *(
            ns.Claim(
                "frames at an accuracy of 0.97, Q = {}, K = {}".format(*SHAPES[shape]), expected, 0.2 * expected, "reference",
                edge_of(shape), f"{PROGRAM}; tolerance 20 %", "tiny" if shape in ("9 x 8", "9 x 16") else "default",
            )
            for shape, expected in SCALE.items()
        ),
        ns.Claim(
            "factor of frames at 0.97 for twice the units, Q = 9", 2.0, 0.2, "reference", per_doubling, f"{PROGRAM}: 60 to 560, 2.1",
            "default",
        ),
    ),
)  # fmt: skip
