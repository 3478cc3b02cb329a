r"""What pair STDP does to a synapse: windows, protocols of 60 pairs and drifts, measured in a running network

Sources fire at given times, or at random, and their spikes arrive at plastic synapses after a delay of 1.5 ms. Each target is a relay: one
strong synapse from a teacher makes it fire two ticks after the teacher does, and the plastic synapse is much too weak to matter. What the
weights do is set beside closed forms, the times of the target's spikes less those of the arrivals being :math:`d`:

- a single pair changes the weight by the window (:meth:`~neurosim.PairSTDP.window`), :math:`a_+ e^{-d / \tau_+}` or
  :math:`-a_- e^{d / \tau_-}`, times :math:`1 - w / w_\text{max}` or :math:`w / w_\text{max}` under the multiplicative rule;
- 60 pairs at 1 Hz, a protocol of experiments on slices, are each a pair for itself, since nothing is left of a trace after a second. Under
  the multiplicative rule each pair brings the weight nearer to its bound by one factor:
  :math:`w_\text{max} - w \to (w_\text{max} - w) (1 - \tfrac{a_+}{w_\text{max}} e^{-d / \tau_+})^{60}` or
  :math:`w \to w \, (1 - \tfrac{a_-}{w_\text{max}} e^{d / \tau_-})^{60}`;
- independent Poisson trains let the weight drift (:meth:`~neurosim.PairSTDP.drift`). Of two spikes of a teacher in successive ticks the
  second is lost, since it comes while the relay is being reset: the drift is that of the rates that were measured. Steps are a hundred
  times smaller than those of the windows, so that weights stay nearly where they were;
- under the multiplicative rule the drift is linear in the weight, and a weight goes exponentially to the point where it vanishes.

The two time constants differ, so that they cannot be taken for one another.

Sources: S. Song, K. D. Miller & L. F. Abbott, Nat. Neurosci. 3, 919 (2000), the additive rule; J. Rubin, D. D. Lee & H. Sompolinsky, Phys.
Rev. Lett. 86, 364 (2001), the multiplicative rule; E. M. Izhikevich & N. S. Desai, Neural Comput. 15, 1511 (2003), the drift of nearest
pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.plasticity.stdp import PAIRINGS, RULES
from neurosim.plot.style import FAINT

W_MAX = 1e-3
"""Highest weight in mV: what it adds to a relay, whose threshold lies at 1 mV, is nothing beside the teacher's 1 V."""
STEP = {"a_plus": 0.005 * W_MAX, "a_minus": 0.00525 * W_MAX, "tau_plus": 17.0, "tau_minus": 34.0}
DT, DELAY, ARRIVAL = 0.1, 1.5, 100.0
PAIRS = 60
FINER = 100.0
"""How much smaller steps are where drifts are measured."""
ARRIVALS, FAST = 10.0, 40.0
"""Rate in Hz of the Poisson sources; rate of both trains where the course of weights is followed."""
DIFFERENCES = np.concatenate([np.arange(-80.0, 0.0, 8.0), [-4.0, -0.1, 0.0, 0.1, 4.0], np.arange(8.0, 81.0, 8.0)])
RATES = np.array([5.0, 10.0, 20.0, 30.0, 45.0, 60.0])
"""Rates of the Poisson targets in Hz."""
TIMES = np.linspace(0.0, 10.0, 21)
"""Where the course is looked at, in s."""


def run(
    rule: str, pairing: str, weight: float, sample: int, *, units: int = 1000, duration: float = 10_000.0, rng: np.random.Generator
) -> dict[str, Any]:
    """Measure changes, drifts (both in units of a_plus) and the course of synapses whose weight is at first a given part of the highest."""
    stdp, finer = rule_of(rule, pairing), rule_of(rule, pairing, FINER)
    first, second = (int(seed) for seed in rng.integers(2**63, size=2))
    drift, expected = drifted(finer, weight * W_MAX, units, duration, first)
    measured = {
        "window": ("difference", DIFFERENCES, paired(stdp, weight * W_MAX, 1)),
        "protocol": ("difference", DIFFERENCES, paired(stdp, weight * W_MAX, PAIRS)),
        "drift": ("rate", RATES, drift),
        "expected_drift": ("rate", RATES, expected),
        "course": ("time", TIMES, followed(stdp, weight * W_MAX, units, second)),
    }
    return {name: xr.DataArray(values, dims=dim, coords={dim: at}) for name, (dim, at, values) in measured.items()}


GRID = {"rule": list(RULES), "pairing": list(PAIRINGS), "weight": [0.2, 0.8], "sample": range(10)}


def rule_of(rule: str, pairing: str = PAIRINGS[0], finer: float = 1.0) -> ns.PairSTDP:
    """Return the rule, with steps that are so many times smaller."""
    times = {name: value for name, value in STEP.items() if name.startswith("tau")}
    steps = {name: value / finer for name, value in STEP.items() if name not in times}
    return ns.PairSTDP(w_max=W_MAX, **times, **steps, rule=rule, pairing=pairing)


def network(stdp: ns.PairSTDP, source: Any, teacher: Any, n: int, weight: float) -> ns.Network:
    """Return n separate pairs of a source and a relay, joined by plastic synapses."""
    relay = ns.LIF(tau=10.0, threshold=1.0, reset=0.0, refractory=0.0)
    pairs = ns.one_to_one(n)
    return ns.Network(
        populations={"source": ns.Population(source, n), "teacher": ns.Population(teacher, n), "relay": ns.Population(relay, n)},
        projections={
            "teach": ns.Projection("teacher", "relay", pairs, weight=1000.0, delay=DT),
            "learn": ns.Projection("source", "relay", pairs, weight=weight, delay=DELAY, plasticity=stdp),
        },
        dt=DT,
    )


def paired(stdp: ns.PairSTDP, weight: float, pairs: int) -> np.ndarray:
    """Return the changes of weights by pairs at 1 Hz, one synapse for each difference of times, in units of a_plus."""
    n = DIFFERENCES.size
    units, arrivals = np.tile(np.arange(n), pairs), np.repeat(ARRIVAL + 1000.0 * np.arange(pairs), n)
    source = ns.SpikeList(units, arrivals - DELAY)
    teacher = ns.SpikeList(units, arrivals + np.tile(DIFFERENCES, pairs) - 2 * DT)
    net = network(stdp, source, teacher, n, weight)
    state = net.init(seed=1)
    ns.simulate(net, state, duration=1000.0 * (pairs - 1) + 2 * ARRIVAL, progress=False)
    return (net.weights(state, "learn") - np.float64(np.float32(weight))) / stdp.a_plus


def drifted(stdp: ns.PairSTDP, weight: float, units: int, duration: float, seed: int, settle: float = 250.0) -> tuple[Any, Any]:
    """Return the mean drifts between Poisson trains, in units of a_plus a second, and those expected at the rates that were measured."""
    net = network(stdp, ns.Poisson(ARRIVALS), ns.Poisson(np.repeat(RATES, units)), units * RATES.size, weight)
    state = net.init(seed=seed)
    ns.simulate(net, state, duration=settle, progress=False)
    before = _means(net, state, units)
    record = {name: ns.Spikes(name) for name in ("source", "relay")}
    spikes = ns.simulate(net, state, duration=duration, record=record, progress=False)
    after, seconds = _means(net, state, units), duration / 1000.0
    arrivals, fired = (counted(spikes, name, units) / seconds for name in record)
    middle = (before + after) / 2  # the drift is at most linear in the weight, which hardly moves
    expected = [float(stdp.drift(*rates, dt=DT)) for rates in zip(arrivals, fired, middle, strict=True)]
    return (after - before) / (seconds * stdp.a_plus), np.array(expected) / stdp.a_plus


def _means(net: ns.Network, state: ns.NetworkState, units: int) -> np.ndarray:
    """Return the mean weight of the units of each rate."""
    return net.weights(state, "learn").astype(float).reshape(RATES.size, units).mean(1)


def counted(spikes: xr.Dataset, name: str, units: int) -> np.ndarray:
    """Return the mean number of spikes of the units of each rate."""
    return np.bincount(spikes[f"{name}_unit"].values // units, minlength=RATES.size) / units


def followed(stdp: ns.PairSTDP, weight: float, units: int, seed: int) -> np.ndarray:
    """Return the mean weight at some times, as a part of the highest, between Poisson trains of one rate."""
    net = network(stdp, ns.Poisson(FAST), ns.Poisson(FAST), units, weight)
    state = net.init(seed=seed)
    course = [weight]
    for gap in np.diff(TIMES):
        ns.simulate(net, state, duration=1000.0 * gap, progress=False)
        course.append(float(net.weights(state, "learn").mean(dtype=float)))
    return np.array(course) / W_MAX


# --- closed forms -------------------------------------------------------------------------------------------------------------------------


def window(rule: str, weight: float, differences: np.ndarray = DIFFERENCES) -> np.ndarray:
    """Return the window in units of a_plus."""
    return rule_of(rule).window(differences, weight * W_MAX) / STEP["a_plus"]


def protocol(rule: str, weight: float, differences: np.ndarray = DIFFERENCES, pairs: int = PAIRS) -> np.ndarray:
    """Return the change by 60 pairs in units of a_plus: 60 windows, or a power of one factor."""
    after = differences >= 0
    fading = np.exp(-np.abs(differences) / np.where(after, STEP["tau_plus"], STEP["tau_minus"])) / W_MAX
    up, down = STEP["a_plus"] * fading, STEP["a_minus"] * fading
    if rule == "additive":
        end = np.clip(weight + pairs * np.where(after, up, -down), 0.0, 1.0)
    else:
        end = np.where(after, 1 - (1 - weight) * (1 - up) ** pairs, weight * (1 - down) ** pairs)
    return (end - weight) * W_MAX / STEP["a_plus"]


def relaxed(pairing: str, weight: float, times: np.ndarray = TIMES) -> np.ndarray:
    """Return the mean weight against time (s) under the multiplicative rule, as a part of the highest.

    After each spike a relay is deaf for one tick.
    """
    fired = FAST / (1 + FAST * DT / 1000.0)
    low, high = rule_of("multiplicative", pairing).drift(FAST, fired, [0.0, W_MAX], dt=DT) / W_MAX
    rest = low / (low - high)
    return rest + (weight - rest) * np.exp(-(low - high) * times)


# --- claims -------------------------------------------------------------------------------------------------------------------------------


def largest_gap(name: str, formula: Callable[..., np.ndarray]) -> Callable[[xr.Dataset], float]:
    """Return the measurement of the largest deviation from a closed form, in units of a_plus."""

    def measure(data: xr.Dataset) -> float:
        points = [(rule, weight) for rule in data.rule.values for weight in data.weight.values]
        return max(float(abs(data[name].sel(rule=rule, weight=weight) - formula(rule, weight)).max()) for rule, weight in points)

    return measure


def time_constant(side: str) -> Callable[[xr.Dataset], float]:
    """Return the measurement of a time constant in ms: a straight line through the logarithms of the changes by one pair."""

    def measure(data: xr.Dataset) -> float:
        part = data["window"].sel(difference=(data.difference >= 0) if side == "plus" else (data.difference < 0)).mean("sample")
        logs = np.log(np.abs(part.transpose("difference", ...).values)).reshape(part.sizes["difference"], -1)
        return float((1 / np.abs(np.polyfit(part.difference.values, logs, 1)[0])).mean())

    return measure


def drift_slope(rule: str, pairing: str) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the drift over the expected one, by a straight line through the origin and all rates and weights."""

    def slope(part: xr.Dataset) -> float:
        return float((part.drift * part.expected_drift).sum() / (part.expected_drift**2).sum())

    return lambda data: jackknife(slope, data.sel(rule=rule, pairing=pairing), "sample")


def course_gap(pairing: str) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the deviation of the mean weight from its closed form after 10 s, under the multiplicative rule."""

    def gap(part: xr.Dataset) -> float:
        return float(np.mean([part.course.sel(weight=weight, time=TIMES[-1]).mean() - relaxed(pairing, weight)[-1] for weight in weights]))

    weights = GRID["weight"]
    return lambda data: jackknife(gap, data.sel(rule="multiplicative", pairing=pairing), "sample")


# --- figure -------------------------------------------------------------------------------------------------------------------------------


def figure(data: xr.Dataset) -> Axes:
    """Draw changes by one pair and by 60 against the difference of times, drifts against the rate, and weights against time."""
    with ns.plot.style():
        _, ((one, many), (drift, course)) = ns.plot.figure(2, 2, size=(9.6, 6.8))
        _changes(data["window"], window, one)
        one.set(ylabel="change of the weight (a₊)", title="a  one pair")
        _changes(data.protocol, protocol, many)
        many.set(ylabel="change of the weight (a₊)", title=f"b  {PAIRS} pairs at 1 Hz")
        _drifts(data, drift)
        _courses(data, course)
    return one


def _changes(data: xr.DataArray, formula: Callable[..., np.ndarray], ax: Axes) -> None:
    fine = np.linspace(DIFFERENCES[0], DIFFERENCES[-1], 801)
    cases = [(rule, weight) for rule in data.rule.values for weight in data.weight.values]
    for (rule, weight), colour, marker in zip(cases, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        expected = formula(rule, weight, fine)
        for side in (fine < 0, fine >= 0):
            ax.plot(fine[side], expected[side], color=colour, linewidth=1.2)
        found = data.sel(rule=rule, weight=weight).isel(pairing=0).mean("sample")
        look = {"markersize": 7, "markerfacecolor": "white", "zorder": 2} if (rule, weight) == cases[0] else {}
        ax.plot(found.difference, found, color=colour, marker=marker, linestyle="none", label=f"{rule}, w = {weight:g}", **look)
    ax.axhline(0.0, color=FAINT, linewidth=0.8, zorder=0)
    ax.set(xlabel="spike of the target − arrival (ms)")
    ns.plot.legend(ax, loc="lower right", fontsize=7.5)


def _drifts(data: xr.Dataset, ax: Axes) -> None:
    fine = np.linspace(0.0, 1.05 * RATES[-1], 200)
    cases = [("additive", pairing, 0.8) for pairing in PAIRINGS] + [("multiplicative", PAIRINGS[0], weight) for weight in (0.2, 0.8)]
    for (rule, pairing, weight), colour, marker in zip(cases, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        name = f"{rule}, {pairing}" if rule == "additive" else f"{rule}, w = {weight:g}"
        ax.plot(fine, rule_of(rule, pairing).drift(ARRIVALS, fine, weight * W_MAX, dt=DT) / STEP["a_plus"], color=colour, linewidth=1.2)
        found, bars = ns.plot.mean_and_error(data.drift.sel(rule=rule, pairing=pairing).sel(weight=weight, method="nearest"), "sample")
        look = {"color": colour, "marker": marker, "linestyle": "none", "capsize": 2, "label": name}
        ax.errorbar(found.rate, found, yerr=np.nan_to_num(bars), **look)
    ax.axhline(0.0, color=FAINT, linewidth=0.8, zorder=0)
    ax.set(xlabel="rate of the target (Hz)", ylabel="drift (a₊ / s)", title=f"c  Poisson trains, arrivals at {ARRIVALS:g} Hz")
    ns.plot.legend(ax, loc="lower left", fontsize=7.5)


def _courses(data: xr.Dataset, ax: Axes) -> None:
    fine = np.linspace(0.0, TIMES[-1], 200)
    for rule, pairing, colour, marker in zip(
        ("additive", *2 * ("multiplicative",)), (PAIRINGS[0], *PAIRINGS), ns.plot.COLOURS, "os^", strict=False
    ):
        for weight in data.weight.values:
            found = data.course.sel(rule=rule, pairing=pairing, weight=weight).mean("sample")
            if rule == "multiplicative":
                ax.plot(fine, relaxed(pairing, weight, fine), color=colour, linewidth=1.2)
            name = f"{rule}, {pairing}" if weight == data.weight[0] else None
            line = "-" if rule == "additive" else "none"
            ax.plot(found.time, found, color=colour, marker=marker, linestyle=line, linewidth=0.6, label=name)
    ax.set(xlabel="time (s)", ylabel="mean weight (w_max)", ylim=(0, 1), title=f"d  Poisson trains at {FAST:g} Hz")
    ns.plot.legend(ax, loc="upper right", fontsize=7.5)


ROUNDED = "tolerance: the bound on rounding that neurosim.plasticity.stdp states, 2^-23 (2 w_max + e^5 a_plus) for a pair"
SAMPLED = "tolerance: three times the sampling error"
NEAREST = "Izhikevich & Desai (2003)"
LINEAR = "a drift linear in the weight, traces independent of weights; tolerance: less than half a step, 0.005"


def _slopes(tolerances: dict[str, float], grid: Any, units: str) -> list[ns.Claim]:
    """Return the claims that drifts are as expected, for a tolerance of each pairing."""
    sources = {"all-to-all": "rates times the area of the window", "nearest": NEAREST}
    return [
        ns.Claim(
            f"drift over the expected one, {rule}, {pairing}, {units}", 1.0, tolerance, "theory", drift_slope(rule, pairing),
            f"{sources[pairing]}; {SAMPLED}", grid,
        )
        for rule in RULES
        for pairing, tolerance in tolerances.items()
    ]  # fmt: skip


EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"units": 1000, "duration": 10_000.0},
    tiny={"sample": range(2), "units": 600, "duration": 4000.0},
    full={"sample": range(40)},
    full_time="5 minutes on 2 cores",
    claims=(
        ns.Claim(
            "one pair: largest deviation from the window, in a_plus", 0.0, 7e-5, "theory", largest_gap("window", window),
            f"window in closed form, all rules, pairings and weights; {ROUNDED}",
        ),
        ns.Claim(
            "60 pairs at 1 Hz: largest deviation from the closed form, in a_plus", 0.0, 4e-3, "theory", largest_gap("protocol", protocol),
            f"60 windows, or a power of one factor; {ROUNDED}",
        ),
        ns.Claim("time constant of potentiation in ms", STEP["tau_plus"], 0.01, "theory", time_constant("plus"), "the rule"),
        ns.Claim("time constant of depression in ms", STEP["tau_minus"], 0.01, "theory", time_constant("minus"), "the rule"),
        *_slopes({"all-to-all": 0.01, "nearest": 0.015}, "tiny", "1,200 pairs"),
        *_slopes({"all-to-all": 0.003, "nearest": 0.005}, "default", "10,000 pairs"),
        ns.Claim(
            "multiplicative, all-to-all: mean weight after 10 s less the closed form, in w_max", 0.0, 0.002, "theory",
            course_gap("all-to-all"), LINEAR,
        ),
        ns.Claim(
            "multiplicative, nearest: mean weight after 10 s less the closed form, in w_max", 0.0, 0.002, "theory",
            course_gap("nearest"), LINEAR,
        ),
    ),
)  # fmt: skip
