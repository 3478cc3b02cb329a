r"""Noise or oscillation: how the rate of Brunel's network fluctuates as the network grows

The asynchronous state of a finite network is not quiet. The chance fluctuations of its finitely many spikes reach all neurons and come back
amplified. What tells them from an oscillation of the whole is the size: with a fixed number of synapses a neuron they fade as
:math:`N^{-1/2}`, an oscillation does not. Three of Brunel's examples are run at 12,500, 25,000 and 50,000 neurons, the last with 62.5
million synapses, and the modulation of the population rate (:func:`~neurosim.spiketrains.modulation`) is compared with its theory
(:func:`~neurosim.neurons.theory.stability.brunel_spectrum`), integrated up to 1 kHz.

Source: N. Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons", J. Comput. Neurosci. 8, 183
(2000).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from models import brunel
from neurosim.estimate import jackknife
from neurosim.neurons import theory
from neurosim.neurons.theory.stability import brunel_spectrum
from neurosim.neurons.theory.variation import siegert_variation
from neurosim.spiketrains import SpikeTrains, modulation, pooled_variation

EXAMPLES = {"SI, fast": (6.0, 4.0), "AI": (5.0, 2.0), "SI, slow": (4.5, 0.9)}
"""State: g and eta."""
DT, BIN = 0.1, 0.5


def run(state: str, n: int, network: int, *, settle: float = 200.0, duration: float = 1000.0, rng: np.random.Generator) -> dict[str, Any]:
    """Measure one network, after a time to settle (ms)."""
    net = brunel.network(*EXAMPLES[state], n=n, dt=DT, rng=rng)
    record = {name: ns.Spikes(name) for name in net.populations}
    spikes = ns.simulate(net, brunel.start(net, rng=rng), duration=settle + duration, record=record, progress=False)
    trains = SpikeTrains.of(spikes, "exc", "inh").between(settle)
    return {"rate": trains.rate, "cv": pooled_variation(trains), "modulation": modulation(trains, bin=BIN)}


GRID = {"state": list(EXAMPLES), "n": [12_500, 25_000, 50_000], "network": range(4)}
TINY = {"state": ["SI, fast", "AI"], "n": [6_250, 12_500], "network": range(3), "settle": 100.0, "duration": 300.0}


def exponent(state: str) -> Callable[[xr.Dataset], tuple[float, float]]:
    """Return the measurement of the exponent of N with which the modulation changes, by a straight line through the logarithms."""

    def slope(part: xr.Dataset) -> float:
        return float(np.polyfit(np.log(part.n), np.log(part.modulation.mean("network")), 1)[0])

    return lambda data: jackknife(slope, data.sel(state=state), "network")


def over_theory(data: xr.Dataset) -> tuple[float, float]:
    """Modulation of the largest asynchronous networks over its theory."""
    part = data.sel(state="AI").isel(n=-1)
    expected = noise(*EXAMPLES["AI"], int(part.n))
    return jackknife(lambda some: float(some.modulation.mean()) / expected, part, "network")


@functools.cache
def noise(g: float, eta: float, units: int) -> float:
    """Modulation by the noise of finitely many cells in the asynchronous state."""
    rate = float(theory.brunel_rates(g, eta, dt=DT)[-1])
    frequency = np.geomspace(1.0, 500.0 / BIN, 400)
    excess = brunel_spectrum(frequency, g, eta, units=units, dt=DT) - 2 * rate / units
    return float(np.sqrt(np.trapezoid(excess, frequency)) / rate)


def figure(data: xr.Dataset) -> Axes:
    """Draw modulation and CV against size."""
    sizes = data.n.values
    with ns.plot.style():
        _, (left, right) = ns.plot.figure(1, 2, size=(8.2, 3.6))
        for state, colour, marker in zip(data.state.values, ns.plot.COLOURS[1:], ns.plot.MARKERS[1:], strict=False):
            for name, ax in (("modulation", left), ("cv", right)):
                mean, error = ns.plot.mean_and_error(data[name].sel(state=state), "network")
                ax.errorbar(sizes, mean, yerr=np.nan_to_num(error), color=colour, marker=marker, linewidth=1.0, capsize=2, label=str(state))
            rates = theory.brunel_rates(*EXAMPLES[str(state)], dt=DT)[-1]
            white = siegert_variation(
                *theory.brunel_input(rates, *EXAMPLES[str(state)]), tau=20.0, threshold=20.0, reset=10.0, refractory=2.0
            )
            right.axhline(float(white), color=colour, linestyle="--", linewidth=1.0)
        fine = np.geomspace(sizes.min(), sizes.max(), 9)
        left.plot(fine, [noise(*EXAMPLES["AI"], 1) / np.sqrt(n) for n in fine], color="black", linewidth=1.2, label="AI, theory")
        left.set(yscale="log", ylabel="modulation of the rate", title="a  how much of it is noise")
        low, high = left.get_ylim()
        ticks = [part for part in (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0) if low < part < high]
        left.set_yticks(ticks, [f"{part:g}" for part in ticks])
        left.set_yticks([], minor=True)
        right.set(ylim=(0, 1.1), ylabel="CV of intervals", title="b  dashes: in white noise")
        for ax in (left, right):
            ax.set(xscale="log", xlabel="neurons N")
            ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
            ax.set_xticks([], minor=True)
        ns.plot.legend(left, loc="lower left", fontsize=8.0)
    return left


FADING = "independent spikes, amplified by a stable loop: to first order in 1 / N"

EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"settle": 200.0, "duration": 1000.0},
    tiny=TINY,
    claims=(
        ns.Claim("exponent of N in the modulation at (5, 2), 6,250 to 12,500 neurons", -0.5, 0.25, "theory", exponent("AI"), FADING),
        ns.Claim("exponent of N in the modulation at (5, 2)", -0.5, 0.1, "theory", exponent("AI"), FADING, "default"),
        ns.Claim(
            "exponent of N in the modulation at (6, 4)", 0.0, 0.25, "theory", exponent("SI, fast"),
            "an oscillation of the whole network does not fade; tolerance: half way to noise", "default",
        ),
        ns.Claim(
            "modulation at (5, 2) over its theory, 50,000 neurons", 1.0, 0.15, "theory", over_theory,
            f"{FADING}; tolerance: what irregularity below that of a Poisson process may change", "default",
        ),
    ),
)  # fmt: skip
