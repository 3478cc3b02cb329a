"""Regularity and linear response of a noisy neuron, and the stability of Brunel's network, against limits and simulations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, special

import neurosim as ns
from neurosim.neurons import theory
from neurosim.neurons.theory.response import lif_response
from neurosim.neurons.theory.stability import brunel_loop, brunel_mode, brunel_resonances, brunel_spectrum
from neurosim.neurons.theory.variation import siegert_variation
from neurosim.spiketrains import SpikeTrains, pooled_variation

CELL: dict[str, Any] = {"tau": 20.0, "threshold": 20.0, "reset": 10.0, "refractory": 2.0}


def slow_variation(mean: float, deviation: float) -> float:
    """The double integral as it is written."""
    low, high = (10.0 - mean) / deviation, (20.0 - mean) / deviation

    def inner(x: float) -> float:
        return integrate.quad(lambda y: np.exp(y * y) * (1 + special.erf(y)) ** 2 if y > -3 else np.exp(-y * y) * special.erfcx(-y) ** 2,
                              -np.inf, x)[0]  # fmt: skip

    rate = float(theory.siegert_rate(mean, deviation, **CELL)) / 1000
    both = integrate.quad(lambda x: np.exp(x * x) * inner(x), low, high)[0]
    return float(np.sqrt(2 * np.pi * both) * rate * 20.0)


class TestVariation:
    @pytest.mark.parametrize(("mean", "deviation"), [(10.0, 5.0), (21.0, 7.7), (24.0, 11.0), (16.4, 3.1), (30.0, 6.0)])
    def test_it_is_the_double_integral(self, mean: float, deviation: float) -> None:
        assert siegert_variation(mean, deviation, **CELL) == pytest.approx(slow_variation(mean, deviation), rel=1e-9)

    def test_far_below_threshold_a_poisson_process(self) -> None:
        np.testing.assert_allclose(siegert_variation([0.0, 10.0, -100.0], [2.0, 1.0, 1.0], **CELL), 1.0, atol=1e-6)

    def test_without_much_noise_a_clock(self) -> None:
        """The variance of the time to threshold is sigma^2 tau^2 times the integral of dv / (mu - v)^3."""
        mean, sigma = 40.0, 0.1
        way = 20.0 * np.log(30.0 / 20.0) + 2.0
        variance = sigma**2 / 2 * 20.0**2 * (1 / 20.0**2 - 1 / 30.0**2)
        assert siegert_variation(mean, sigma, **CELL) == pytest.approx(np.sqrt(variance) / way, rel=1e-3)

    def test_a_simulation_fires_as_irregularly(self) -> None:
        """2,000 neurons for 1 s, 27,000 intervals: error of a CV 0.5 %; steps of 0.05 ms raise the threshold."""
        net = ns.Network({"cells": ns.Population(ns.LIF(), 2000)}, inputs={"noise": ns.NoiseCurrent("cells", 17.0, 5.0, tau_membrane=20.0)},
                         dt=0.05)  # fmt: skip
        run = ns.simulate(net, net.init(seed=1), duration=2000.0, record={"cells": ns.Spikes("cells")})
        raised = 20.0 + theory.discrete_threshold_shift(5.0, 0.05, 20.0)
        expected = siegert_variation(17.0, 5.0, **CELL | {"threshold": raised})
        assert pooled_variation(SpikeTrains.of(run, "cells")) == pytest.approx(expected, rel=0.04)


class TestResponse:
    @pytest.mark.parametrize(("mean", "deviation"), [(10.0, 5.0), (21.0, 7.7), (40.0, 3.0), (200.0, 15.0)])
    def test_a_slow_change_is_followed_along_the_curve_of_rates(self, mean: float, deviation: float) -> None:
        rate, to_mean, to_variance = lif_response(1e-6j, mean, deviation, **CELL)
        assert rate == pytest.approx(float(theory.siegert_rate(mean, deviation, **CELL)), rel=1e-4)
        near = theory.siegert_rate(mean + np.array([-1e-3, 1e-3]), deviation, **CELL)
        assert to_mean.real == pytest.approx(np.diff(near)[0] / 2e-3, rel=1e-3)
        near = theory.siegert_rate(mean, np.sqrt(deviation**2 + np.array([-1e-3, 1e-3])), **CELL)
        assert to_variance.real == pytest.approx(np.diff(near)[0] / 2e-3, rel=1e-3, abs=1e-4)

    def test_a_fast_change_is_followed_late_and_less_with_the_root_of_the_frequency(self) -> None:
        """Brunel & Hakim: at high frequencies the response to the mean falls as f^(-1/2) and lags 45 degrees behind."""
        at = 2j * np.pi * np.array([4.0, 16.0])
        found = lif_response(at, 15.0, 5.0, **CELL).to_mean
        assert abs(found[1] / found[0]) == pytest.approx(0.5, abs=0.02)
        assert np.angle(found[1], deg=True) == pytest.approx(-45.0, abs=3.0)

    def test_it_is_the_response_of_a_simulation(self) -> None:
        """20,000 neurons for 0.5 s, modulated by 1 mV at 40 Hz: 200,000 spikes, error of the response about 2 %."""
        dt, f, units = 0.1, 40.0, 20_000
        time = dt * np.arange(5500)
        change = ns.StepCurrent("cells", times=time, amplitudes=np.sin(2 * np.pi * f * (time + dt / 2) / 1000))
        noise = ns.NoiseCurrent("cells", mean=18.0, sigma=5.0, tau_membrane=20.0)
        net = ns.Network({"cells": ns.Population(ns.LIF(), units)}, inputs={"noise": noise, "change": change}, dt=dt)
        rng = np.random.default_rng(1)
        run = ns.simulate(net, net.init(seed=1, values={"cells": {"v": rng.uniform(0, 20, units)}}), duration=550.0,
                          record={"cells": ns.Spikes("cells")})  # fmt: skip
        trains = SpikeTrains.of(run, "cells").between(50.0)
        late = trains.time + dt / 2
        found = 2j * np.exp(-2j * np.pi * f * late / 1000).sum() * 1000 / (units * 500.0)
        raised = CELL | {"threshold": 20.0 + float(theory.discrete_threshold_shift(5.0, dt, 20.0))}
        expected = complex(lif_response(2j * np.pi * f / 1000, 18.0, 5.0, **raised).to_mean)
        assert abs(found - expected) < 0.08 * abs(expected)

    def test_zero_is_refused(self) -> None:
        with pytest.raises(ValueError, match="exponent must be finite and not 0"):
            lif_response([1j, 0.0], 15.0, 5.0, **CELL)

    def test_noise_that_is_too_weak_is_refused(self) -> None:
        with pytest.raises(ValueError, match="deviation must be larger"):
            lif_response(1j, 15.0, 0.01, **CELL)


class TestStability:
    @pytest.mark.parametrize(("g", "eta"), [(6.0, 4.0), (5.0, 2.0), (4.5, 0.9), (4.5, 1.1), (5.0, 4.0), (7.0, 3.0)])
    def test_growth_agrees_with_nyquist(self, g: float, eta: float) -> None:
        """The number of growing oscillations is that of the turns of 1 - H around 0, from frequency 0 up and back."""
        f = np.concatenate([[1e-3], np.linspace(2.0, 2400.0, 1200)])
        _, excitatory, inhibitory = brunel_loop(2j * np.pi / 1000 * f, g, eta)
        angle = np.unwrap(np.angle(1 - excitatory - inhibitory))
        turns = (angle[0] - angle[-1] + np.angle(np.exp(1j * angle[-1]))) / np.pi
        assert (brunel_mode(g, eta).growth > 0) == (round(turns) > 0)

    def test_growth_begins_where_the_gain_passes_one(self) -> None:
        etas = np.linspace(2.0, 4.0, 5)
        growth = np.array([brunel_mode(6.0, eta).growth for eta in etas])
        gain = np.array([brunel_resonances(6.0, eta)[1].max() for eta in etas])
        np.testing.assert_array_equal(growth > 0, gain > 1)
        assert (growth > 0).any()
        assert (growth < 0).any()

    def test_a_mode_sustains_itself(self) -> None:
        growth, frequency = brunel_mode(4.5, 0.9)
        _, excitatory, inhibitory = brunel_loop((growth + 2j * np.pi * frequency) / 1000, 4.5, 0.9)
        assert complex(excitatory + inhibitory) == pytest.approx(1.0, abs=1e-6)

    def test_without_coupling_neurons_are_independent(self) -> None:
        """Ten synapses of 0.01 mV from the network: a thousandth of the coupling."""
        few = {"weight": 0.01, "excitatory": 10.0}
        power = brunel_spectrum([10.0, 100.0], g=5.0, eta=1.2, units=1000.0, **few)
        np.testing.assert_allclose(power, 2 * theory.brunel_rates(5.0, 1.2, **few)[-1] / 1000, rtol=0.05)

    def test_power_falls_with_the_size(self) -> None:
        powers = [brunel_spectrum(100.0, 5.0, 2.0, units=units) for units in (10_000.0, 40_000.0)]
        assert powers[0] / powers[1] == pytest.approx(4.0)

    def test_a_silent_network(self) -> None:
        assert np.isnan(brunel_mode(8.0, 0.1)).all()
        with pytest.raises(ValueError, match="silent"):
            brunel_loop(1j, 8.0, 0.1)
