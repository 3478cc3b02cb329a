"""Kuramoto's model: plain loops, closed forms, invariants, reproducibility, bad input."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import brentq

import neurosim as ns
from neurosim import oscillators as osc

VARIANTS: dict[str, dict[str, Any]] = {
    "mean field": {},
    "euler": {"method": "euler"},
    "heun": {"method": "heun", "phase_lag": 0.4},
    "adaptive": {"method": "adaptive", "dt": 0.2},
    "noise": {"noise": 0.3},
    "noise, euler": {"noise": 0.3, "method": "euler", "dtype": "float32"},
    "graph": {"graph": "sparse", "phase_lag": -0.3},
    "dense": {"graph": "dense", "dtype": "float32"},
    "signed": {"graph": "signed"},
    "populations": {"graph": osc.Populations([10, 14], [[0.6, 0.4], [0.3, 0.7]]), "phase_lag": 1.4},
    "inertia": {"graph": "sparse", "inertia": 2.0},
    "inertia, noise": {"inertia": 0.7, "noise": 0.1, "method": "heun"},
    "inertia, adaptive": {"inertia": 0.7, "method": "adaptive"},
    "delay": {"delay": 0.3},
    "delay, euler, noise": {"graph": "sparse", "delay": 0.05, "method": "euler", "noise": 0.2},
    "delays": {"graph": "sparse", "delay": "each"},
}
N = 24


def network(name: str, **changes: Any) -> ns.Kuramoto:
    """Build a small network of a kind."""
    rng = np.random.default_rng(5)
    adjacency = rng.random((N, N)) < 0.3
    adjacency[np.arange(N), np.roll(np.arange(N), 1)] = True
    graphs = {"sparse": sparse.csr_array(adjacency * 0.2), "dense": adjacency * 0.2, "signed": rng.normal(size=(N, N)) / 8}
    choices = VARIANTS[name] | changes
    if isinstance(choices.get("graph"), str):
        choices["graph"] = graphs[choices["graph"]]
    if isinstance(choices.get("delay"), str):
        choices["delay"] = 0.05 * rng.integers(1, 9, adjacency.sum())
    return ns.Kuramoto(osc.gaussian(N, rng=rng), coupling=1.5, **choices)


def matrix_of(model: ns.Kuramoto) -> np.ndarray:
    """Read the strengths off a coupling, source by source."""
    matrix, out = np.empty((model.n, model.n)), np.empty((model.n, 2), model.dtype)
    for source in range(model.n):
        waves = np.zeros((model.n, 2), model.dtype)
        waves[source] = 1.0
        model.graph.sums(waves, out)
        matrix[:, source] = out[:, 0]
    return matrix


class TestOracle:
    """Plain NumPy with one sine for each edge."""

    @pytest.mark.parametrize("name", ["mean field", "euler", "heun", "graph", "dense", "signed", "populations"])
    def test_steps_equal_a_plain_loop(self, name: str) -> None:
        model = network(name)
        matrix, state = matrix_of(model), model.init(seed=2)
        theta, table = state.phases.astype(float), {"euler": [1.0], "heun": [0.5, 0.5], "rk4": [1 / 6, 1 / 3, 1 / 3, 1 / 6]}
        steps = {"euler": [], "heun": [1.0], "rk4": [0.5, 0.5, 1.0]}[model.method]

        def slope(at: np.ndarray) -> np.ndarray:
            return model.omega + model.coupling * np.sum(matrix * np.sin(at - at[:, None] - model.phase_lag), axis=1)

        for _ in range(20):
            slopes = [slope(theta)]
            for step in steps:
                slopes.append(slope(theta + step * model.dt * slopes[-1]))
            theta = theta + model.dt * np.sum([w * s for w, s in zip(table[model.method], slopes, strict=True)], axis=0)
        model.step(state, 20)
        assert state.phases == pytest.approx(theta, abs=1e-12 if model.dtype == "float64" else 2e-5)

    @pytest.mark.parametrize("name", ["delay", "delays"])
    def test_delays_equal_a_plain_loop(self, name: str) -> None:
        model = network(name, method="euler")
        graph = osc.SparseGraph(np.full((N, N), 1 / N)) if name == "delay" else model.graph.graph
        ticks = np.broadcast_to(model.delay, graph.n_edges)
        weights = np.broadcast_to(graph.weights, graph.n_edges)
        state = model.init(seed=2)
        history = {-k: state.phases - k * model.dt * model.omega for k in range(10)}
        for tick in range(25):
            now, force = history[tick], np.zeros(N)
            for i, j, w, d in zip(graph.targets, graph.sources, weights, ticks, strict=True):
                force[i] += w * math.sin(history[tick - d][j] - now[i])
            history[tick + 1] = now + model.dt * (model.omega + model.coupling * force)
        model.step(state, 25)
        assert state.phases == pytest.approx(history[25], abs=1e-12)

    @pytest.mark.parametrize("name", VARIANTS)
    def test_momentary_frequencies_are_the_slope_of_phases(self, name: str) -> None:
        """Halved step, halved difference: first order of a difference quotient."""
        short = {"dt": 1e-4, "noise": 0.0} | ({"delay": 0.3} if name.startswith("delay") else {})
        model = network(name, **short)
        state = model.init(seed=3)
        before, wanted = state.phases.copy(), model.velocities(state)
        model.step(state, 1)
        found = (state.phases.astype(float) - before) / model.dt
        assert found == pytest.approx(wanted, abs=5e-3 if model.dtype == "float64" else 2e-2)


class TestClosedForms:
    """What is known exactly."""

    @pytest.mark.parametrize("method", ["rk4", "adaptive"])
    def test_two_oscillators_lock_as_known(self, method: str) -> None:
        """The difference phi obeys phi' = -K sin(phi): tan(phi / 2) falls as exp(-K t)."""
        model = ns.Kuramoto([0.7, 0.7], coupling=2.0, method=method, dt=0.02)
        state = model.init([0.0, 2.5])
        model.step(state, 100)
        assert math.tan((state.phases[1] - state.phases[0]) / 2) == pytest.approx(math.tan(1.25) * math.exp(-4.0), rel=1e-6)
        assert state.phases.sum() == pytest.approx(2.5 + 2 * 0.7 * 2.0)

    def test_a_locked_pair_keeps_the_difference_of_its_balance(self) -> None:
        model = ns.Kuramoto([0.5, -0.5], coupling=2.0)
        state = model.init([0.0, 0.0])
        model.step(state, 1000)
        assert math.sin(state.phases[0] - state.phases[1]) == pytest.approx(0.5, abs=1e-9)

    def test_alone_an_oscillator_turns_at_its_frequency(self) -> None:
        with pytest.warns(UserWarning, match="3 of 3 oscillators are isolated, the first is 0: no edge comes in"):
            model = ns.Kuramoto([1.0, -2.0, 0.0], graph=np.zeros((3, 3)))
        state = model.init([0.0, 0.0, 1.0])
        model.step(state, 100)
        assert state.phases == pytest.approx([5.0, -10.0, 1.0])
        assert model.local_order(state).tolist() == [0, 0, 0]
        assert "3 of them isolated" in repr(model)

    def test_inertia_relaxes_to_the_frequency(self) -> None:
        """theta' = omega + (v - omega) exp(-t / m) without coupling."""
        model = ns.Kuramoto([1.0, 3.0], coupling=0.0, inertia=2.0)
        state = model.init([0.0, 0.0], velocities=[0.0, 5.0])
        model.step(state, 60)
        fade = math.exp(-1.5)
        assert state.velocities == pytest.approx([1 - fade, 3 + 2 * fade], rel=1e-7)
        assert state.phases == pytest.approx([3 - 2 * (1 - fade), 9 + 4 * (1 - fade)], rel=1e-7)

    @pytest.mark.parametrize("method", ["euler", "heun"])
    def test_free_phases_diffuse(self, method: str) -> None:
        """Variance 2 D t; 4,000 oscillators tell it within 2.2 % (one standard error)."""
        model = ns.Kuramoto(np.zeros(4000), coupling=0.0, noise=0.4, method=method)
        state = model.init(np.zeros(4000), seed=4)
        model.step(state, 200)
        assert state.phases.var() == pytest.approx(2 * 0.4 * 10.0, rel=0.1)
        assert abs(state.phases.mean()) < 4 * math.sqrt(8.0 / 4000)

    def test_noise_moves_velocities_of_oscillators_with_inertia(self) -> None:
        """The variance of v settles at D / m."""
        model = ns.Kuramoto(np.zeros(4000), coupling=0.0, noise=0.4, inertia=0.5, dt=0.01)
        state = model.init(np.zeros(4000), seed=4)
        model.step(state, 400)
        assert state.velocities.var() == pytest.approx(0.8, rel=0.1)

    def test_noisy_oscillators_synchronise_as_known(self) -> None:
        """Equal frequencies: r = I1(x) / I0(x), x = K r / D; K = 2, D = 0.5."""
        model = ns.Kuramoto(np.zeros(20_000), coupling=2.0, noise=0.5)
        state = model.init(np.zeros(20_000), seed=1)
        model.step(state, 400)
        found = ns.simulate(model, state, steps=600, record={"r": ns.Trace(lambda s: abs(model.order(s)), every=5)})
        assert float(found["r"].mean()) == pytest.approx(0.8321, abs=0.01)  # the root of the equation; scatter 0.003

    def test_a_common_delay_shifts_the_frequency(self) -> None:
        """In step, all turn at Omega = omega - K sin(Omega tau)."""
        model = ns.Kuramoto(np.ones(50), coupling=0.8, delay=0.5, dt=0.01)
        state = model.init(np.zeros(50))
        model.step(state, 6000)
        common = brentq(lambda x: x - 1.0 + 0.8 * math.sin(0.5 * x), 0.0, 1.0)
        assert model.velocities(state) == pytest.approx(common, abs=1e-6)


class TestInvariants:
    """What never changes, or only one way."""

    @given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
    @settings(max_examples=20)
    def test_turning_all_phases_turns_the_run(self, seed: int, turn: float) -> None:
        model = network("graph")
        start = np.random.default_rng(seed).uniform(0, 6, N)
        states = model.init(start), model.init(start + turn)
        for state in states:
            model.step(state, 30)
        assert states[1].phases == pytest.approx(states[0].phases + turn, abs=1e-9)

    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=20)
    def test_symmetric_coupling_keeps_the_mean_frequency(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        strengths = rng.normal(size=(N, N))
        omega = rng.normal(size=N)
        model = ns.Kuramoto(omega, coupling=0.3, graph=(strengths + strengths.T) / N)
        state = model.init(seed=1)
        before = state.phases.mean()
        model.step(state, 50)
        assert state.phases.mean() - before == pytest.approx(2.5 * omega.mean(), abs=1e-9)

    def test_the_mean_field_is_a_full_graph(self) -> None:
        omega = osc.gaussian(300)
        runs = []
        for graph in (None, np.full((300, 300), 1 / 300), sparse.csr_array(np.full((300, 300), 1 / 300)), osc.Populations([300], [[1.0]])):
            model = ns.Kuramoto(omega, coupling=2.0, graph=graph, phase_lag=0.2)
            state = model.init(seed=3)
            model.step(state, 100)
            runs.append(state.phases)
        assert all(run == pytest.approx(runs[0], abs=1e-10) for run in runs[1:])

    def test_observations_agree(self) -> None:
        model = network("mean field")
        state = model.init(seed=1)
        z = model.order(state)
        assert z == pytest.approx(complex(osc.order(state.phases)), abs=1e-14)
        assert model.local_order(state) == pytest.approx(abs(z))
        assert model.energy(state) == pytest.approx(-0.5 * model.coupling * abs(z) ** 2)
        assert model.cluster_order(state, np.zeros(N, int)) == pytest.approx(z)


class TestReproducibility:
    """Slices, threads, restarts."""

    @pytest.mark.parametrize("name", VARIANTS)
    def test_keeps_the_promises_of_a_model(self, name: str) -> None:
        model = network(name)
        state = model.init(seed=7)
        model.step(state, 3)
        ns.check_model(model, state)

    @pytest.mark.parametrize("name", VARIANTS)
    def test_threads_change_nothing(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        model = network(name)
        states = [model.init(seed=7), model.init(seed=7)]
        for state, threads in zip(states, (1, 3), strict=True):
            ns.set_threads(threads)
            try:
                model.step(state, 20)
            finally:
                ns.set_threads(1)
        assert np.array_equal(states[0].phases, states[1].phases)

    def test_another_seed_is_another_run(self) -> None:
        model = network("noise")
        states = [model.init(np.zeros(N), seed=seed) for seed in (1, 1, 2)]
        for state in states:
            model.step(state, 5)
        assert np.array_equal(states[0].phases, states[1].phases)
        assert not np.array_equal(states[0].phases, states[2].phases)

    def test_a_saved_state_goes_on(self, tmp_path: Path) -> None:
        model = network("delays")
        state = model.init(seed=7)
        model.step(state, 13)
        ns.state.save(state, tmp_path / "state.npz")
        other = ns.state.load(tmp_path / "state.npz", like=model.init(seed=0))
        for one in (state, other):
            model.step(one, 9)
        assert np.array_equal(state.phases, other.phases)


class TestBadInput:
    """What is refused, and what is warned of."""

    @pytest.mark.parametrize(
        ("wrong", "kind", "message"),
        [
            ({"frequencies": [[1.0]]}, ValueError, r"frequencies must have shape \(n,\), one number for each oscillator, got \(1, 1\)"),
            ({"frequencies": [1.0, np.nan]}, ValueError, "frequencies must be finite, got nan"),
            ({"coupling": np.inf}, ValueError, "coupling must be finite, got inf"),
            ({"coupling": "2"}, TypeError, "coupling must be a number, got '2'"),
            ({"noise": -0.1}, ValueError, r"noise must be finite and at least 0, got -0\.1"),
            ({"inertia": -1}, ValueError, "inertia must be finite and at least 0, got -1"),
            ({"dt": 0}, ValueError, "dt must be finite and above 0, got 0"),
            ({"method": "rk45"}, ValueError, "method must be one of 'euler', 'heun', 'rk4', 'adaptive', got 'rk45'"),
            ({"method": "rk4", "noise": 0.1}, ValueError, "noise needs the method 'euler' or 'heun', got 'rk4'"),
            ({"method": "adaptive", "delay": 0.1}, ValueError, "delay needs the method 'euler' or 'heun', got 'adaptive'"),
            ({"delay": 0.02}, ValueError, r"delay must be at least dt = 0\.05, got 0\.02"),
            ({"delay": 0.07}, ValueError, r"delay must be a multiple of dt = 0\.05, got 0\.07"),
            ({"delay": [0.1, 0.1]}, TypeError, "delay must be one number for a graph that is not sparse"),
            ({"delay": [0.1], "graph": sparse.eye_array(3)}, ValueError, "delay must be one number, or one for each of 3 edges"),
            ({"dtype": "int8"}, ValueError, "dtype must be one of 'float64', 'float32', got 'int8'"),
        ],
    )
    def test_parameters(self, wrong: dict[str, Any], kind: type[Exception], message: str) -> None:
        with pytest.raises(kind, match=message):
            ns.Kuramoto(wrong.pop("frequencies", np.zeros(3)), **wrong)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda model: model.init(np.zeros(4)), r"phases must have shape \(24,\), one number for each oscillator, got \(4,\)"),
            (lambda model: model.init(np.full(N, np.inf)), "phases must be finite, got inf"),
            (lambda model: model.init(velocities=np.zeros(N)), "velocities must not be given: without inertia they follow from the phases"),
            (lambda model: model.init(seed=-1), "seed"),
            (lambda model: model.step(ns.Kuramoto(np.zeros(5)).init(), 1), r"state must have 24 oscillators, got phases of shape \(5,\)"),
            (lambda model: model.order(network("dense").init()), "state must be float64 as the network is, got float32"),
            (lambda model: model.step(network("inertia").init(), 1), "state must not have velocities: inertia is 0"),
            (lambda model: model.step(network("delay").init(), 1), "state must keep the waves of 0 ticks for the network's delays, got 7"),
        ],
    )
    def test_states(self, make: Callable[[ns.Kuramoto], Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            make(network("mean field"))

    @pytest.mark.parametrize(("method", "bound"), [("euler", 0.5), ("heun", 0.5), ("rk4", 0.695)])
    def test_a_step_too_long_is_warned_of(self, method: str, bound: float) -> None:
        with pytest.warns(UserWarning, match=f"too long for a coupling of 4: {method} is stable up to {bound}"):
            ns.Kuramoto(np.zeros(10), coupling=4.0, dt=0.75, method=method)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ns.Kuramoto(np.zeros(10), coupling=4.0, dt=0.4, method=method).stable_dt == pytest.approx(bound)

    @pytest.mark.parametrize("method", ["euler", "heun", "rk4"])
    @pytest.mark.parametrize("name", ["mean field", "ring"])
    def test_the_bound_is_where_locking_is_lost(self, name: str, method: str) -> None:
        """Small differences of phase fade just below the bound and grow just above."""
        n = 40
        ring = sparse.csr_array(np.roll(np.eye(n), 1, axis=0) + np.roll(np.eye(n), -1, axis=0))
        graph = None if name == "mean field" else ring
        bound = ns.Kuramoto(np.zeros(n), coupling=2.0, graph=graph, dt=1e-3, method=method).stable_dt
        start = 1e-4 * (-1.0) ** np.arange(n)
        for dt, grows in ((0.97 * bound, False), (1.03 * bound, True)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = ns.Kuramoto(np.zeros(n), coupling=2.0, graph=graph, dt=dt, method=method)
            state = model.init(start)
            model.step(state, 100)
            assert (np.ptp(state.phases) > np.ptp(start)) == grows
