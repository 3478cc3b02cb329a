"""Pair STDP inside a network: its weights are what the oracle makes of the recorded spikes, however the run is cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from tests.reference import stdp as reference

DT, DELAY = 0.5, 1.5
N_SOURCES, N_TARGETS = 6, 40


def network(stdp: ns.PairSTDP, dtype: str) -> ns.Network:
    """Join Poisson sources to cells that other Poisson units make fire."""
    rng = np.random.default_rng(2)
    cell = ns.LIF(tau=10.0, threshold=1.0, reset=0.0, refractory=0.0)
    learning = ns.bernoulli(N_SOURCES, N_TARGETS, 0.7, rng=rng)
    return ns.Network(
        {"pre": ns.Population(ns.Poisson(60.0), N_SOURCES), "teacher": ns.Population(ns.Poisson(50.0), N_TARGETS),
         "post": ns.Population(cell, N_TARGETS)},
        {"teach": ns.Projection("teacher", "post", ns.one_to_one(N_TARGETS), weight=1000.0, delay=DT),
         "learn": ns.Projection("pre", "post", learning, weight=rng.random(learning.n_synapses) * 1e-3, delay=DELAY, plasticity=stdp)},
        dt=DT,
        dtype=dtype,
    )  # fmt: skip


def by_tick(run: object, name: str, n_ticks: int, late: int = 0) -> list[list[int]]:
    """Return the units that fired in each tick, the ticks moved on by a number of them."""
    ticks = np.rint(np.asarray(getattr(run, f"{name}_time")) / DT).astype(int) + late
    units = np.asarray(getattr(run, f"{name}_unit")).astype(int)
    return [units[ticks == tick].tolist() for tick in range(n_ticks)]


@pytest.mark.parametrize(("rule", "dtype"), [("additive", "float32"), ("multiplicative", "float64")])
def test_a_network_learns_what_the_oracle_does(rule: str, dtype: str, tmp_path: Path) -> None:
    """A delay of three ticks, 400 ticks of which 100 are a run of their own, spikes under way in between, saved and loaded."""
    stdp = ns.PairSTDP(1e-3, 3e-5, 3.3e-5, 8.0, 12.0, rule=rule)
    net = network(stdp, dtype)
    state = net.init(seed=3)
    start = net.weights(state, "learn")
    record = {"pre": ns.Spikes("pre"), "post": ns.Spikes("post")}
    first = ns.simulate(net, state, steps=100, record=record)
    ns.state.save(state, tmp_path / "state")
    state = ns.state.load(tmp_path / "state", ns.NetworkState)
    second = ns.simulate(net, state, steps=300, record=record)
    arrivals = by_tick(first, "pre", 400, round(DELAY / DT)), by_tick(second, "pre", 400, round(DELAY / DT))
    spikes = by_tick(first, "post", 400), by_tick(second, "post", 400)
    joined = [[a + b for a, b in zip(*trains, strict=True)] for trains in (arrivals, spikes)]
    plain = reference.Rule(rule == "additive", True, stdp.a_plus, stdp.a_minus, stdp.w_max, stdp.tau_plus, stdp.tau_minus, DT)
    pairs = list(zip(*(units.tolist() for units in net.projections["learn"].synapses.pairs()), strict=True))
    wanted = reference.run(plain, pairs, start.tolist(), (N_SOURCES, N_TARGETS), *joined).weights[-1]
    assert net.weights(state, "learn") == pytest.approx(wanted, abs=1e-6 * stdp.w_max)
    assert np.abs(np.subtract(wanted, start)).mean() > 1e-4 * stdp.w_max
