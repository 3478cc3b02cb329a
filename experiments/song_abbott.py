r"""Competition between synapses: additive STDP makes the weights of a neuron strong or weak, and keeps the neuron firing irregularly

A conductance-based integrate-and-fire neuron receives :math:`N` = 1,000 excitatory Poisson trains of rate :math:`r` through plastic
synapses, and 200 inhibitory ones of 10 Hz through fixed ones. Weights, in units of the leak, lie between 0 and
:math:`g_\text{max}` = 0.015. No two inputs know of each other. Still the weights part, since the spikes of the neuron follow more often
than by chance those of the synapses that are strong. Several neurons learn at the same time, each with synapses and inhibition of its own.

A weight counts as *weak* below 0.2 :math:`g_\text{max}`, as *strong* above 0.8 :math:`g_\text{max}`. The weights are called bimodal where
less than a fifth lie between, where a distribution without structure has three fifths, and each end has a twentieth at least; also where
the bimodality coefficient, (skewness² + 1) / kurtosis, exceeds 5/9, that of the uniform distribution.

In units of :math:`g_\text{max}` a synapse of weight w drifts and diffuses as between Poisson trains, the target's of rate :math:`s`, but
for the spikes that it causes itself. These are taken in proportion to w, so that the drift vanishes at one weight :math:`w^*`
(:func:`distribution`):

.. math::

    \dot w = r s \alpha \Bigl( \frac{w}{w^*} - 1 \Bigr), \qquad \alpha = A_- \tau_- - A_+ \tau_+, \qquad
    2 D = \tfrac{1}{2} r s \, (A_+^2 \tau_+ + A_-^2 \tau_-), \qquad
    p(w) \propto \exp \Bigl[ - b \Bigl( w - \frac{w^2}{2 w^*} \Bigr) \Bigr], \qquad b = \frac{4 \alpha}{A_+^2 \tau_+ + A_-^2 \tau_-} .

b is 19 for the published steps, whatever the rates. The rates decide :math:`w^*` and with it the mean weight: potentiation stops when the
neuron is no longer driven beyond its threshold, that is at one total excitation :math:`N r \langle w \rangle`.

Sources: S. Song, K. D. Miller & L. F. Abbott, "Competitive Hebbian learning through spike-timing-dependent synaptic plasticity", Nat.
Neurosci. 3, 919 (2000); its text was not to be had, the parameters are those on which four programs after it agree. J. Rubin, D. D. Lee &
H. Sompolinsky, Phys. Rev. Lett. 86, 364 (2001), diffusion of weights. Differs from the paper in: time runs in ticks of 0.1 ms, and spikes
arrive after one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.optimize import brentq

import neurosim as ns
from neurosim.estimate import jackknife
from neurosim.plot.style import DASHES, FAINT
from neurosim.spiketrains import SpikeTrains, pooled_variation

N, G_MAX, DT = 1000, 0.015, 0.1
TAU_EXC, THRESHOLD, RESTING = 5.0, -54.0, -70.0
INHIBITORY, INHIBITORY_RATE, G_INH, TAU_INH = 200, 10.0, 0.05, 5.0
A_PLUS, A_MINUS, TAU_STDP = 0.005, 0.00525, 20.0
"""Steps in units of g_max; both time constants of plasticity in ms."""
WEAK, STRONG = 0.2, 0.8
"""Cuts in units of g_max."""
LOOKS, SHOWN = 100, 60
"""How often weights are looked at, and how many synapses are kept for the figure."""
EDGES = np.linspace(0.0, 1.0, 51)


def run(rate: float, start: str, sample: int, *, targets: int = 20, arrivals: int = 40_000, rng: np.random.Generator) -> dict[str, Any]:
    """Let synapses learn until each has received so many spikes, from weights drawn uniformly or all at g_max; measure the last quarter."""
    weights = rng.random(N * targets) if start == "uniform" else np.ones(N * targets)
    net = network(rate, targets, weights)
    state = net.init(seed=int(rng.integers(2**63)), values={"neurons": {"v": rng.uniform(-60.0, THRESHOLD, targets)}})
    looks, fired = [relative(net, state)], []
    before = trains(net, state, 1000.0)
    slice_ms = round(1000.0 * arrivals / rate / LOOKS)
    for _ in range(LOOKS):
        fired.append(trains(net, state, float(slice_ms)))
        looks.append(relative(net, state))
    end, late = looks[-1], fired[-LOOKS // 4 :]
    course = np.array([look.reshape(N, targets)[:SHOWN, 0] for look in looks])
    return {
        **shape(end),
        "rate_before": before.rate,
        "cv_before": pooled_variation(before),
        "rate_after": np.mean([part.rate for part in late]),
        "cv_after": np.mean([pooled_variation(part) for part in late]),
        "likeness": likeness(end.reshape(N, targets)),
        "seconds": LOOKS * slice_ms / 1000.0,
        "first": ("bin", np.histogram(looks[0], EDGES)[0] / weights.size),
        "last": ("bin", np.histogram(end, EDGES)[0] / weights.size),
        "mean_course": ("look", np.array([look.mean() for look in looks])),
        "rate_course": ("look", np.array([before.rate, *(part.rate for part in fired)])),
        "weight_course": (("look", "synapse"), course.astype(np.float32)),
    }


GRID = {"rate": [10.0, 15.0, 20.0, 30.0, 40.0], "start": ["uniform", "strong"], "sample": range(2)}


def network(rate: float, targets: int, weights: np.ndarray) -> ns.Network:
    """Return the sources and neurons that learn, from weights in units of g_max, (source, neuron) flattened."""
    neuron = ns.LIFConductance(
        tau=20.0, rest=RESTING, threshold=THRESHOLD, reset=-60.0, refractory=0.0, tau_exc=TAU_EXC, tau_inh=TAU_INH, exc_reversal=0.0,
        inh_reversal=-70.0,
    )  # fmt: skip
    stdp = ns.PairSTDP(w_max=G_MAX, a_plus=A_PLUS * G_MAX, a_minus=A_MINUS * G_MAX, tau_plus=TAU_STDP, tau_minus=TAU_STDP)
    synapses = ns.connectivity.all_to_all(N, targets)
    return ns.Network(
        populations={"sources": ns.Population(ns.Poisson(rate), N), "neurons": ns.Population(neuron, targets)},
        projections={"exc": ns.Projection("sources", "neurons", synapses, weight=weights * G_MAX, delay=DT, plasticity=stdp)},
        inputs={"inh": ns.PoissonInput("neurons", rate=INHIBITORY_RATE, weight=G_INH, n=INHIBITORY, variable="inh")},
        dt=DT,
        max_rate=1000.0 / DT,
    )


def trains(net: ns.Network, state: ns.NetworkState, duration: float) -> SpikeTrains:
    """Run for a time (ms) and return the spikes of the neurons."""
    return SpikeTrains.of(ns.simulate(net, state, duration=duration, record={"neurons": ns.Spikes("neurons")}, progress=False), "neurons")


def relative(net: ns.Network, state: ns.NetworkState) -> np.ndarray:
    """Return the weights in units of g_max."""
    return net.weights(state, "exc").astype(float) / float(np.float32(G_MAX))


def shape(weights: np.ndarray) -> dict[str, float]:
    """Return the mean of the weights, the parts that are weak, strong and between, and the bimodality coefficient."""
    z = (weights - weights.mean()) / weights.std()
    return {
        "mean": weights.mean(),
        "weak": (weights < WEAK).mean(),
        "strong": (weights > STRONG).mean(),
        "between": ((weights >= WEAK) & (weights <= STRONG)).mean(),
        "bimodality": ((z**3).mean() ** 2 + 1) / (z**4).mean(),
    }


def likeness(weights: np.ndarray) -> float:
    """Return the mean correlation of the weights (source, neuron) of two neurons: they hear the same sources."""
    z = (weights - weights.mean(0)) / weights.std(0)
    n_sources, n = weights.shape
    return float(((z.sum(1) ** 2).sum() / n_sources - n) / (n * (n - 1)))


# --- theory -------------------------------------------------------------------------------------------------------------------------------

B = 4 * (A_MINUS - A_PLUS) / (A_PLUS**2 + A_MINUS**2)
"""Exponent of the distribution, if both time constants are equal."""


def distribution(mean: float, weights: np.ndarray, b: float = B) -> np.ndarray:
    """Return the density of weights in units of g_max that diffusion leads to, if their mean is known."""
    fine = np.linspace(0.0, 1.0, 2001)

    def density(inverse: float, at: np.ndarray) -> np.ndarray:
        log = -b * (at - at**2 * inverse / 2)
        return np.exp(log) / np.trapezoid(np.exp(-b * (fine - fine**2 * inverse / 2)), fine)

    inverse = float(brentq(lambda one: np.trapezoid(fine * density(one, fine), fine) - mean, -50.0, 50.0))  # pyright: ignore[reportArgumentType]
    return density(inverse, weights)


def free_potential(rate: float, mean: float) -> float:
    """Return the mean potential in mV if there were no threshold, mean conductances taken for the conductances."""
    exc = N * rate * TAU_EXC / 1000.0 * mean * G_MAX
    inh = INHIBITORY * INHIBITORY_RATE * TAU_INH / 1000.0 * G_INH
    return (RESTING + inh * -70.0) / (1.0 + exc + inh)


# --- claims -------------------------------------------------------------------------------------------------------------------------------

Measure = Callable[[xr.Dataset], tuple[float, float]]


def average(name: str, **point: Any) -> Measure:
    """Return the measurement of the mean of a quantity at a point, over starts (or one) and samples."""
    return lambda data: jackknife(lambda part: float(part[name].mean()), data.sel(point), "sample")


def least_end(**point: Any) -> Measure:
    """Return the measurement of the part of the weights at the end that has fewer."""
    return lambda data: jackknife(lambda part: min(float(part.weak.mean()), float(part.strong.mean())), data.sel(point), "sample")


def below_threshold(rate: float) -> Measure:
    """Return the measurement of the mean potential without a threshold, less the threshold."""
    return lambda data: jackknife(lambda part: free_potential(rate, float(part["mean"].mean())) - THRESHOLD, data.sel(rate=rate), "sample")


def over(name: str, rate: float, other: float) -> Measure:
    """Return the measurement of the ratio of a quantity at two input rates."""
    return lambda data: jackknife(lambda part: float(part[name].sel(rate=rate).mean() / part[name].sel(rate=other).mean()), data, "sample")


def difference_of_starts(rate: float) -> Measure:
    """Return the measurement of the mean weight from strong synapses less that from uniform ones."""

    def gap(part: xr.Dataset) -> float:
        return float((part["mean"].sel(start="strong") - part["mean"].sel(start="uniform")).mean())

    return lambda data: jackknife(gap, data.sel(rate=rate), "sample")


def exponent(**point: Any) -> Measure:
    """Return the measurement of b: minus the slope at 0 of a parabola through the logarithms of the counts, but for the two outer bins."""

    def slope(part: xr.Dataset) -> float:
        counts = part["last"].mean([dim for dim in part["last"].dims if dim != "bin"]).values[1:-1]
        middles = ((EDGES[1:] + EDGES[:-1]) / 2)[1:-1]
        return -float(np.polyfit(middles[counts > 0], np.log(counts[counts > 0]), 2, w=np.sqrt(counts[counts > 0]))[1])

    return lambda data: jackknife(slope, data.sel(point), "sample")


# --- figure -------------------------------------------------------------------------------------------------------------------------------


def figure(data: xr.Dataset) -> Axes:
    """Draw distributions before and after, their theory, weights against time, and rate and CV of the neuron against the input rate."""
    rate = float(data["rate"].sel(rate=20.0, method="nearest"))
    with ns.plot.style():
        _, panels = ns.plot.figure(2, 3, size=(12.0, 6.8))
        (before, after, course), (mean, rates, cv) = panels
        _histograms(data.sel(rate=rate), before)
        before.set_title(f"a  input at {rate:g} Hz")
        _densities(data, after)
        _courses(data.sel(rate=rate).isel(start=0, sample=0), course)
        course.set_title(f"c  single synapses, input at {rate:g} Hz")
        _means(data, mean)
        _against_rate(data, "rate", "rate of the neuron (Hz)", rates)
        rates.set(yscale="log", title="e  the neuron's rate")
        rates.set_yticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
        rates.set_yticks([], minor=True)
        _against_rate(data, "cv", "CV of intervals", cv)
        cv.set(ylim=(0, 1.05), title="f  how irregularly it fires")
    return before


def _histograms(data: xr.Dataset, ax: Axes) -> None:
    first, last = (100 * data[name].isel(start=0).mean("sample").values.reshape(-1, 2).sum(1) for name in ("first", "last"))
    ax.stairs(last, EDGES[::2], fill=True, color=ns.plot.COLOURS[0], label="after")
    ax.stairs(first, EDGES[::2], color=ns.plot.COLOURS[1], linewidth=1.6, label="before")
    ax.set(xlim=(0, 1), ylim=(0, None), xlabel="weight (g / g_max)", ylabel="synapses (%)")
    ns.plot.legend(ax, loc="upper right")


def _densities(data: xr.Dataset, ax: Axes) -> None:
    middles, fine = (EDGES[1:] + EDGES[:-1]) / 2, np.linspace(0.0, 1.0, 401)
    some = data["rate"].values[[0, len(data["rate"]) // 2, -1]] if data.sizes["rate"] > 2 else data["rate"].values
    for rate, colour, marker in zip(some, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        part = data[["mean", "last"]].sel(rate=rate).mean(["start", "sample"])
        ax.plot(fine, distribution(float(part["mean"]), fine), color=colour, linewidth=1.2)
        density = part["last"] / np.diff(EDGES)
        ax.plot(middles, density.where(density > 0), marker, color=colour, markersize=3.5, label=f"{rate:g} Hz")
    ax.set(yscale="log", xlim=(0, 1), xlabel="weight (g / g_max)", ylabel="density", title="b  after; lines: diffusion")
    ns.plot.legend(ax, loc="upper center")


def _courses(data: xr.Dataset, ax: Axes) -> None:
    time = np.linspace(0.0, float(data.seconds), data.sizes["look"])
    ends = data.weight_course.isel(look=-1)
    for synapse in range(data.sizes["synapse"]):
        colour = ns.plot.COLOURS[1] if ends[synapse] > (WEAK + STRONG) / 2 else ns.plot.COLOURS[0]
        ax.plot(time, data.weight_course.isel(synapse=synapse), color=colour, linewidth=0.5, alpha=0.6)
    ax.set(xlim=(0, time[-1]), ylim=(-0.02, 1.02), xlabel="time (s)", ylabel="weight (g / g_max)")


def _means(data: xr.Dataset, ax: Axes) -> None:
    some = data["rate"].values[[0, -1]] if data.sizes["rate"] > 1 else data["rate"].values
    for rate, colour in zip(some, ns.plot.COLOURS, strict=False):
        for start, dash in zip(data.start.values, DASHES, strict=False):
            part = data.sel(rate=rate, start=start)
            arrived = np.linspace(0.0, float(rate * part.seconds.mean()), data.sizes["look"]) / 1000
            ax.plot(arrived, part.mean_course.mean("sample"), dash, color=colour, label=f"{rate:g} Hz, first {start}")
    ax.set(ylim=(0, 1.02), xlabel="spikes that each synapse received (thousands)", ylabel="mean weight (g / g_max)")
    ax.set_title("d  from two beginnings")
    ns.plot.legend(ax, loc="upper right")


def _against_rate(data: xr.Dataset, name: str, words: str, ax: Axes) -> None:
    before, _ = ns.plot.mean_and_error(data[f"{name}_before"].isel(start=0), "sample")
    ax.plot(data["rate"], before, "o--", color=FAINT, markerfacecolor="white", label=f"before, {data.start.values[0]}")
    for start, colour, marker in zip(data.start.values, ns.plot.COLOURS, ns.plot.MARKERS, strict=False):
        after, bars = ns.plot.mean_and_error(data[f"{name}_after"].sel(start=start), "sample")
        look = {"color": colour, "marker": marker, "capsize": 2, "label": f"after, first {start}"}
        if start != data.start[0]:  # behind the others, which lie almost on it
            look |= {"markersize": 8, "markerfacecolor": "white", "zorder": 1.5}
        ax.errorbar(data["rate"], after, yerr=np.nan_to_num(bars), **look)
    ax.set(xlabel="rate of the inputs (Hz)", ylabel=words)
    ns.plot.legend(ax, loc="best")


SMA = "Song, Miller & Abbott (2000), whose text was not read"
CUT = "measure and cut are ours, fixed before the first run"
LATER = "measure and cut are ours, chosen after trial runs"
BALANCED = "'balanced' and 'irregular' in the abstract of Abbott & Song, NIPS 11 (1998)"


def _bimodal(rate: float, grid: Any) -> tuple[ns.Claim, ...]:
    """Return the claims that weights are bimodal at a rate."""
    at, source = {"rate": rate, "start": "uniform"}, f"bimodal after {SMA}; {CUT}"
    return (
        ns.Claim(f"{rate:g} Hz: part of the weights between 0.2 and 0.8 g_max (bimodal: at most 0.2)", 0.1, 0.1, "unverified",
                 average("between", **at), source, grid),
        ns.Claim(f"{rate:g} Hz: smaller of the parts that are weak and strong (bimodal: at least 0.05)", 0.275, 0.225, "unverified",
                 least_end(**at), source, grid),
        ns.Claim(f"{rate:g} Hz: bimodality coefficient (bimodal: above 5/9)", 1.0, 4 / 9, "unverified", average("bimodality", **at), source,
                 grid),
    )  # fmt: skip


EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"targets": 20, "arrivals": 40_000},
    tiny={"rate": [40.0], "start": ["uniform"], "targets": 10, "arrivals": 12_000},
    full={"sample": range(4), "targets": 50, "arrivals": 120_000},
    full_time="1 hour on 2 cores",
    claims=(
        *_bimodal(40.0, "tiny"),
        *_bimodal(10.0, "default"),
        *_bimodal(20.0, "default"),
        *(
            ns.Claim(
                f"{rate:g} Hz: mean potential without threshold less the threshold, in mV", 0.0, 1.5, "unverified", below_threshold(rate),
                f"{BALANCED}; {LATER}", "default",
            )
            for rate in (10.0, 40.0)
        ),
        ns.Claim(
            "mean weight at 10 Hz over that at 40 Hz", 4.0, 0.4, "theory", over("mean", 10.0, 40.0),
            "total excitation is what makes the neuron fire; tolerance: a tenth", "default",
        ),
        ns.Claim(
            "part of strong weights at 10 Hz over that at 40 Hz (fewer with more input: above 1)", 4.0, 3.0, "unverified",
            over("strong", 10.0, 40.0), f"{SMA}; {LATER}", "default",
        ),
        ns.Claim(
            "rate of the neuron at 40 Hz over that at 10 Hz (four times the input; regulated: 0.5 to 2)", 1.25, 0.75, "unverified",
            over("rate_after", 40.0, 10.0), f"{SMA}; {LATER}", "default",
        ),
        ns.Claim(
            "CV of intervals, mean over input rates (irregular: near 1)", 1.0, 0.3, "unverified", average("cv_after"),
            f"{SMA}; {BALANCED}; {LATER}", "default",
        ),
        ns.Claim(
            "20 Hz: mean weight from strong synapses less that from uniform ones", 0.0, 0.005, "theory", difference_of_starts(20.0),
            "one stable mean; tolerance: three times the sampling error", "default",
        ),
        ns.Claim(
            "20 Hz: exponent b of the distribution", B, 5.0, "theory", exponent(rate=20.0),
            "diffusion of weights between Poisson trains; tolerance: diffusion is a fifth slower if the target has a CV of 0.8", "default",
        ),
    ),
)  # fmt: skip
