"""Brunel's network: what is built is what the paper says, states are decided by the cuts, and the figures draw whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurosim as ns
from experiments import brunel as experiment
from experiments import siegert
from models import brunel
from neurosim.neurons import theory
from neurosim.spiketrains import SpikeTrains, pooled_variation
from neurosim.sweep import sweep


class TestNetwork:
    def test_synapses_weights_and_input(self) -> None:
        net = brunel.network(5.0, 2.0, rng=np.random.default_rng(1))
        degrees = {name: projection.synapses.in_degrees for name, projection in brunel_rows(net).items()}
        assert all((degrees[f"exc-{target}"] == 1000).all() and (degrees[f"inh-{target}"] == 250).all() for target in ("exc", "inh"))
        assert {net.projections[f"{source}-exc"].weight for source in ("exc", "inh")} == {0.1, -0.5}
        assert net.inputs["outside exc"].mean(0.1) == pytest.approx(2.0)

    def test_the_input_is_that_of_the_theory(self) -> None:
        """eta times the threshold, and J times that is the variance."""
        mean, deviation = theory.brunel_input(0.0, 5.0, 2.0)
        outside = brunel.network(5.0, 2.0, rng=np.random.default_rng(1)).inputs["outside exc"]
        arriving = outside.n * outside.rate / 1000
        assert brunel.TAU * arriving * outside.weight == pytest.approx(float(mean))
        assert brunel.TAU * arriving * outside.weight**2 == pytest.approx(float(deviation) ** 2)

    def test_networks_that_are_too_small_are_refused(self) -> None:
        with pytest.raises(ValueError, match="multiple of 5 and at least 1,250, got 1000"):
            brunel.network(5.0, 2.0, n=1000, rng=np.random.default_rng(1))

    def test_larger_networks_have_as_many_synapses_a_neuron(self) -> None:
        net = brunel.network(5.0, 2.0, n=2500, rng=np.random.default_rng(1))
        assert net.populations["inh"].n == 500
        assert brunel_rows(net)["inh-exc"].synapses.n_synapses == 250 * 2000


def brunel_rows(net: ns.Network) -> dict[str, Any]:
    """Return the projections with their synapses as lists."""

    class Rows:
        def __init__(self, projection: ns.Projection) -> None:
            kept = projection.synapses
            self.synapses = kept if hasattr(kept, "in_degrees") else kept.synapses()

    return {name: Rows(projection) for name, projection in net.projections.items()}


class TestStates:
    @pytest.mark.parametrize(
        ("cv", "modulation", "peak", "name"),
        [
            (0.1, 1.4, 600.0, "SR"),
            (0.9, 1.0, 180.0, "SI, fast"),
            (0.7, 1.8, 20.0, "SI, slow"),
            (0.4, 0.6, 20.0, "AI"),
            (0.2, 0.6, 90.0, "AR"),
        ],
    )
    def test_the_cuts(self, cv: float, modulation: float, peak: float, name: str) -> None:
        data = xr.Dataset({"cv": cv, "modulation": modulation, "peak": peak})
        assert [state for state in [*experiment.EXAMPLES, "AR"] if experiment.is_state(data, state)] == [name]

    def test_a_silent_network_is_in_none(self) -> None:
        data = xr.Dataset({"cv": np.nan, "modulation": np.nan, "peak": np.nan})
        assert not any(experiment.is_state(data, state) for state in [*experiment.EXAMPLES, "AR"])

    def test_the_regular_cut_lies_between_what_white_noise_gives(self) -> None:
        values = {name: experiment.white_variation(*point) for name, point in experiment.EXAMPLES.items()}
        least = min(value for name, value in values.items() if name != "SR")
        assert np.sqrt(values["SR"] * least) == pytest.approx(experiment.REGULAR, abs=0.03)

    def test_rows_of_a_raster(self) -> None:
        rows = experiment.raster_of(SpikeTrains([105.0, 101.0, 103.0], [0, 0, 60], 100, 100.0, 110.0))
        assert rows[0, :3].tolist() == pytest.approx([1.0, 5.0, np.nan], nan_ok=True)
        assert np.isnan(rows[1:]).all()


@pytest.mark.slow
def test_regular_trains_make_a_neuron_fire_regularly_without_any_correlation_between_them() -> None:
    """Why the CV of the asynchronous state lies below that in white noise; errors of the CV about 0.003."""
    rng = np.random.default_rng(1)
    net = brunel.network(5.0, 2.0, rng=rng)
    record = {name: ns.Spikes(name) for name in net.populations}
    run = ns.simulate(net, brunel.start(net, rng=rng), duration=1200.0, record=record)
    trains = SpikeTrains.of(run, "exc", "inh").between(200.0)
    assert pooled_variation(trains) == pytest.approx(0.41, abs=0.02)
    shift = rng.uniform(0, 1000.0, trains.n_units)[trains.unit]
    assert heard((trains.time - 200.0 + shift) % 1000.0, trains.unit, rng) == pytest.approx(0.41, abs=0.02)
    assert heard(rng.uniform(0, 1000.0, trains.time.size), rng.integers(0, trains.n_units, trains.time.size), rng) > 0.6


def heard(time: np.ndarray, unit: np.ndarray, rng: np.random.Generator) -> float:
    """Return the CV of fresh neurons that receive given trains, through synapses like those of the network."""
    tick, unit = np.divmod(np.unique(np.floor(time * 10).astype(np.int64) * 12_500 + unit), 12_500)
    populations: dict[str, ns.Population] = {"out": ns.Population(ns.LIF(), 2000)}
    projections = {}
    for name, first, last, weight in (("exc", 0, 10_000, 0.1), ("inh", 10_000, 12_500, -0.5)):
        mine, n = (unit >= first) & (unit < last), last - first
        populations[name] = ns.Population(ns.SpikeList(unit[mine] - first, (tick[mine] + 0.5) / 10), n)
        synapses = ns.connectivity.fixed_in_degree(n, 2000, n // 10, rng=rng)
        projections[name] = ns.Projection(name, "out", synapses, weight=weight, delay=1.5)
    net = ns.Network(populations, projections, {"outside": ns.PoissonInput("out", rate=20.0, weight=0.1, n=1000)})
    run = ns.simulate(net, net.init(seed=1), duration=1000.0, record={"out": ns.Spikes("out")})
    return pooled_variation(SpikeTrains.of(run, "out").between(150.0))


class TestSiegert:
    def test_both_noises_have_the_mean_and_the_strength_asked_for(self) -> None:
        found = siegert.inputs("jumps", 15.0, 5.0).values()
        arriving = [(part.n * part.rate / 1000, part.weight) for part in found]
        assert siegert.TAU * sum(rate * weight for rate, weight in arriving) == pytest.approx(15.0)
        assert siegert.TAU * sum(rate * weight**2 for rate, weight in arriving) == pytest.approx(25.0)

    @pytest.mark.parametrize("noise", ["current", "jumps"])
    def test_the_exact_rate_is_that_of_a_plain_loop(self, noise: str) -> None:
        """2,000 neurons in the order of the slots, 0.9 s in steps of 0.5 ms: 15,000 spikes, error 0.8 %."""
        found, error = loop(noise, 15.0, 5.0, 0.5, np.random.default_rng(1))
        assert abs(found - siegert.exact_rate(noise, 15.0, 5.0, 0.5)) < 3.5 * error

    def test_small_steps_lead_to_siegert(self) -> None:
        limit = float(theory.siegert_rate(15.0, 5.0, **siegert.CELL))
        for noise in ("current", "jumps"):
            missing = [limit / siegert.exact_rate(noise, 15.0, 5.0, dt) - 1 for dt in (0.1, 0.025)]
            assert 1.9 < missing[0] / missing[1] < 2.4  # half order, and a little of order 1


def loop(noise: str, mean: float, sigma: float, dt: float, rng: np.random.Generator, units: int = 2000) -> tuple[float, float]:
    """Update, hold, deliver, reset, in this order; return the rate and its error."""
    decay, held, part = np.exp(-dt / 20.0), round(2.0 / dt), dt / 20.0
    v, last, count = rng.uniform(0.0, 10.0, units), np.full(units, -1000), np.zeros(units)
    ticks, settle = round(1100 / dt), round(200 / dt)
    for tick in range(ticks):
        strength = sigma * np.sqrt((1 - decay**2) / 2) if noise == "current" else 0.0
        v = decay * v + (1 - decay) * (mean if noise == "current" else 0.0) + strength * rng.standard_normal(units)
        waiting = tick - last < held
        v[waiting] = 10.0
        fired = (v > 20.0) & ~waiting
        if noise == "jumps":
            v += mean * part + sigma * np.sqrt(part) * rng.standard_normal(units)
        last[fired] = tick
        v[tick - last < held] = 10.0
        count += fired & (tick >= settle)
    rates = 1000 * count / ((ticks - settle) * dt)
    return float(rates.mean()), float(rates.std() / np.sqrt(units))


def panels(ax: Any) -> list[Any]:
    ax.get_figure().canvas.draw()
    return [panel for panel in ax.get_figure().axes if panel.get_label() != "<colorbar>"]


@pytest.mark.parametrize("setting", [{"g": [5.0], "eta": [2.0], "network": [0, 1]}, {"g": [5.5], "eta": [0.5, 1.7], "network": [0]}])
def test_the_figure_of_states_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    fixed = {"n": 2500, "settle": 50.0, "duration": 260.0}
    drawn = panels(experiment.figure(sweep(experiment.run, setting, fixed=fixed, progress=False)))
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in drawn)


@pytest.mark.parametrize("setting", [{"noise": ["jumps"], "sigma": [3.0]}, {"mean": [18.0], "dt": [0.2], "sample": [0]}])
def test_the_figure_of_rates_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    grid, _ = siegert.EXPERIMENT.settings("tiny")
    fixed = {"units": 100, "duration": 200.0}
    drawn = panels(siegert.figure(sweep(siegert.run, {**grid, **setting}, fixed=fixed, progress=False)))
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in drawn)
