"""The leaky integrate-and-fire neuron against its oracle and its closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.kernels.lif import reset, update
from tests.reference import lif as oracle


def rate_of(current: float, dt: float, duration: float = 2000.0) -> float:
    """Return the rate in Hz of a neuron with a constant current, from its last interval."""
    net = ns.Network({"cell": ns.Population(ns.LIF(rest=current), 1)}, dt=dt, dtype="float64")
    run = ns.simulate(net, net.init(seed=1), duration=duration, record={"cell": ns.Spikes("cell")})
    times = run.cell_time.values
    return 1000.0 * (len(times) - 1) / (times[-1] - times[0])


class TestAgainstTheOracle:
    @given(
        v=st.lists(st.floats(-80, 40), min_size=1, max_size=70),
        current=st.floats(-5, 30),
        tau=st.floats(1, 50),
        rest=st.floats(-70, 10),
        dt=st.sampled_from([0.01, 0.1, 1.0]),
    )
    @settings(max_examples=30, deadline=None)
    def test_one_step(self, v: list[float], current: float, tau: float, rest: float, dt: float) -> None:
        neuron = ns.LIF(tau=tau, rest=rest, threshold=20.0, reset=10.0)
        n = len(v)
        values, flags = np.array([v, [current] * n]), np.zeros(n, np.uint8)
        parameters = np.array(neuron.parameters(dt))
        update(values, parameters, flags, 0, n, np.uint64(1), 0)
        expected = [oracle.advance(x, current, tau, rest, dt) for x in v]
        np.testing.assert_allclose(values[0], expected, rtol=1e-14, atol=1e-14)
        assert flags.tolist() == [x > 20.0 for x in values[0]]

    @pytest.mark.parametrize("real", [np.float32, np.float64])
    def test_ranges_do_not_show(self, real: type) -> None:
        rng = np.random.default_rng(1)
        whole, parts = (np.array([rng.normal(15, 5, 1500)], real) for _ in range(2))
        parts[...] = whole
        parameters, flags = np.array(ns.LIF().parameters(0.1), real), np.zeros((2, 1500), np.uint8)
        update(whole, parameters, flags[0], 0, 1500, np.uint64(1), 0)
        for first, last in ((0, 512), (512, 1024), (1024, 1500)):
            update(parts, parameters, flags[1], first, last, np.uint64(1), 0)
        assert (whole == parts).all()
        assert (flags[0] == flags[1]).all()

    def test_reset_touches_those_that_fired(self) -> None:
        values = np.full((1, 4), 25.0)
        reset(values, np.array(ns.LIF().parameters(0.1)), np.array([3, 1, 0, 0], np.uint32), 2)
        assert values.tolist() == [[25.0, 10.0, 25.0, 10.0]]


class TestClosedForms:
    @pytest.mark.parametrize("current", [20.5, 22.0, 25.0, 30.0, 40.0])
    def test_constant_current_fires_at_the_rate_of_the_closed_form(self, current: float) -> None:
        interval = oracle.interval(0.0, 20.0, current, 20.0, 10.0, 2.0)
        assert rate_of(current, 0.1) == pytest.approx(1000.0 / interval, rel=0.1 / interval)
        assert interval < 33 or rate_of(current, 0.1) == pytest.approx(1000.0 / interval, rel=0.003)
        in_steps = 0.1 * math.ceil(oracle.interval(0.0, 20.0, current, 20.0, 10.0, 0.0) / 0.1) + 2.0
        assert rate_of(current, 0.1) == pytest.approx(1000.0 / (in_steps - 0.1), rel=1e-9)

    def test_the_error_is_of_first_order_in_dt(self) -> None:
        """An interval is counted in whole steps, and the step in which v is freed already moves it: on average half a step is missing."""
        currents, errors = np.linspace(21.0, 35.0, 41), []
        for dt in (0.4, 0.2, 0.1, 0.05):
            exact = [oracle.interval(0.0, 20.0, current, 20.0, 10.0, 2.0) for current in currents]
            errors.append(
                np.mean([abs(1000.0 / rate_of(current, dt) - interval) for current, interval in zip(currents, exact, strict=True)])
            )
        orders = np.log2(np.array(errors[:-1]) / errors[1:])
        assert orders.mean() == pytest.approx(1.0, abs=0.2)


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"tau": -1.0}, "tau must be finite and above 0, got -1"),
            ({"threshold": 5.0}, "threshold must be above reset, got threshold 5.0 and reset 10.0"),
            ({"refractory": -1.0}, "refractory must be finite and at least 0, got -1"),
            ({"rest": math.nan}, "rest must be finite, got nan"),
        ],
    )
    def test_parameters_out_of_range(self, arguments: dict[str, float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ns.LIF(**arguments)

    def test_parameters_that_are_no_numbers(self) -> None:
        with pytest.raises(TypeError, match="tau must be a number, got '20'"):
            ns.LIF(tau="20")  # pyright: ignore[reportArgumentType]
