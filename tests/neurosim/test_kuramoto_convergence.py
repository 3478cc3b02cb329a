"""How fast the schemes converge: orders measured against closed forms and fine references. Energies that never rise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, special

import neurosim as ns
from neurosim.kernels import phases as kernels

osc = ns.oscillators
ORDERS = {"euler": 1, "heun": 2, "rk4": 4}


def slope(steps: list[float], errors: list[float]) -> float:
    """Return the exponent of the step in the errors, from the two finest steps."""
    return math.log(errors[-2] / errors[-1]) / math.log(steps[-2] / steps[-1])


def ended(model: ns.Kuramoto, start: np.ndarray, duration: float) -> np.ndarray:
    """Return the phases after some time."""
    state = model.init(start, seed=3)
    ns.simulate(model, state, duration=duration)
    return state.phases


def order_of(
    make: Callable[[float], ns.Kuramoto], start: np.ndarray, exact: np.ndarray, steps: list[float], duration: float = 2.0
) -> float:
    """Return the order of convergence towards exact phases."""
    return slope(steps, [float(np.abs(ended(make(dt), start, duration) - exact).max()) for dt in steps])


def pair_difference(detuning: float, coupling: float, start: float, time: float) -> float:
    """Return the phase difference of two coupled oscillators: x' = detuning - coupling sin x, in closed form, within half a turn of 0."""
    if abs(detuning) < abs(coupling):
        root = math.sqrt(coupling**2 - detuning**2)
        low, high = (coupling - root) / detuning if detuning else 0.0, (coupling + root) / detuning if detuning else math.inf
        if not detuning:
            return 2 * math.atan(math.tan(start / 2) * math.exp(-coupling * time))
        ratio = (math.tan(start / 2) - low) / (math.tan(start / 2) - high) * math.exp(-root * time)
        return 2 * math.atan((low - ratio * high) / (1 - ratio))
    root = math.sqrt(detuning**2 - coupling**2)
    begun = math.atan((detuning * math.tan(start / 2) - coupling) / root)
    return 2 * math.atan((coupling + root * math.tan(begun + root * time / 2)) / detuning)


# --- schemes without noise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ORDERS)
@pytest.mark.parametrize("detuning", [0.0, 0.8, 1.6])
def test_a_pair_converges_to_the_closed_form_with_the_order_of_the_scheme(method: str, detuning: float) -> None:
    """Equal oscillators, a pair that locks, and a pair that drifts."""
    difference = pair_difference(detuning, 1.0, 1.0, 2.0)
    exact = np.array([difference, -difference]) / 2
    start = np.array([0.5, -0.5])
    found = order_of(lambda dt: ns.Kuramoto([detuning / 2, -detuning / 2], 1.0, dt=dt, method=method), start, exact, [0.05, 0.025])
    assert found == pytest.approx(ORDERS[method], abs=0.15)


def test_the_adaptive_method_meets_the_closed_form() -> None:
    difference = pair_difference(1.3, 1.0, 1.0, 2.0)
    found = ended(ns.Kuramoto([0.65, -0.65], 1.0, dt=0.1, method="adaptive"), np.array([0.5, -0.5]), 2.0)
    np.testing.assert_allclose(found, [difference / 2, -difference / 2], atol=1e-8)


def graphs(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return one coupling of each kind, not symmetric where that is possible."""
    weights = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.3) / 3
    return {
        "mean field": None,
        "populations": osc.Populations([n // 2, n - n // 2], [[0.6, 0.4], [-0.3, 0.7]]),
        "weighted edges": sparse.csr_array(weights),
        "edges": sparse.csr_array((weights > 0) / 3.0),
        "matrix": weights,
        "bits": 1.0 * (weights > 0),
        "Hebbian": osc.HebbianGraph(rng.choice([-1, 1], (3, n))),
    }


@pytest.mark.parametrize("method", ORDERS)
@pytest.mark.parametrize("kind", graphs(4, np.random.default_rng(0)))
def test_every_graph_converges_with_the_order_of_the_scheme(method: str, kind: str, rng: np.random.Generator) -> None:
    n = 30
    graph, omega, start = graphs(n, rng)[kind], osc.gaussian(n, width=0.7), rng.uniform(0.0, 2 * np.pi, n)
    shared: dict[str, Any] = {"graph": graph, "phase_lag": 0.4}
    exact = ended(ns.Kuramoto(omega, 0.8, dt=0.2, method="adaptive", **shared), start, 2.0)
    found = order_of(lambda dt: ns.Kuramoto(omega, 0.8, dt=dt, method=method, **shared), start, exact, [0.05, 0.025])
    assert found == pytest.approx(ORDERS[method], abs=0.3)


@pytest.mark.parametrize("method", ORDERS)
def test_inertia_converges_with_the_order_of_the_scheme(method: str, rng: np.random.Generator) -> None:
    omega, start = osc.gaussian(20), rng.uniform(0.0, 2 * np.pi, 20)
    exact = ended(ns.Kuramoto(omega, 2.0, inertia=0.7, dt=0.2, method="adaptive"), start, 2.0)
    found = order_of(lambda dt: ns.Kuramoto(omega, 2.0, inertia=0.7, dt=dt, method=method), start, exact, [0.05, 0.025])
    assert found == pytest.approx(ORDERS[method], abs=0.2)


def test_a_lonely_oscillator_with_inertia_relaxes_to_its_frequency() -> None:
    """theta = omega t + (v - omega) m (1 - exp(-t / m)) in closed form."""
    model = ns.Kuramoto([1.5], 0.0, inertia=0.5, dt=0.01)
    state = model.init([0.2], velocities=[-1.0])
    ns.simulate(model, state, duration=1.0)
    assert state.phases[0] == pytest.approx(0.2 + 1.5 - 2.5 * 0.5 * (1 - math.exp(-2.0)), abs=1e-8)
    assert state.velocities[0] == pytest.approx(1.5 - 2.5 * math.exp(-2.0), abs=1e-8)


@pytest.mark.parametrize("method", ["euler", "heun"])
@pytest.mark.parametrize("spread", [False, True])
def test_delays_converge_with_the_order_of_the_scheme(method: str, spread: bool, rng: np.random.Generator) -> None:
    """One delay for all edges, or one each; against Heun's scheme with steps 16 times finer."""
    n = 20
    graph = osc.SparseGraph((rng.random((n, n)) < 0.3) / 6.0)
    omega, start = osc.gaussian(n, width=0.5, center=1.0), rng.uniform(0.0, 2 * np.pi, n)
    delay: Any = rng.choice([0.2, 0.4, 0.8], graph.n_edges) if spread else 0.4

    def make(dt: float, method: str = method) -> ns.Kuramoto:
        return ns.Kuramoto(omega, 1.5, graph=graph, delay=delay, dt=dt, method=method)

    exact = ended(make(0.1 / 32, "heun"), start, 4.0)
    assert order_of(make, start, exact, [0.1, 0.05], 4.0) == pytest.approx(ORDERS[method], abs=0.25)


# --- noise ----------------------------------------------------------------------------------------------------------------------


Gather = Callable[[np.ndarray], np.ndarray]


def driven(start: np.ndarray, omega: np.ndarray, gather: Gather, path: np.ndarray, every: int, fine: float, method: str) -> np.ndarray:
    """Advance oscillators along a Brownian path given at fine steps (steps, n), by the kernels, in steps `every` times longer."""
    theta, n, stages, kicks = start.copy(), start.size, ORDERS[method], path.reshape(-1, every, start.size).sum(axis=1)
    waves, trial, rates, parameters = np.empty((n, 2)), np.empty(n), np.empty(n), np.array([2.0, 0.0, 1.0, every * fine])
    kernels.wave(theta, waves, 0, n)
    for kick in kicks:
        for stage in range(stages):
            kernels.move(theta, trial, rates, gather(waves), waves, omega, parameters, kick, stage, stages, 0, n)
    return theta


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_paths_converge_with_order_one_in_additive_noise(method: str, rng: np.random.Generator) -> None:
    """One Brownian path, seen in steps of 8, 16, 32, 64 / 1,024: the strong order is 1 for both schemes, where the noise is additive."""
    n, fine = 2000, 1 / 1024
    start, omega = rng.uniform(0.0, 2 * np.pi, n), osc.gaussian(n)
    path = rng.normal(0.0, math.sqrt(fine), (1024, n))

    def along(every: int, method: str) -> np.ndarray:
        return driven(start, omega, lambda waves: np.tile(waves.mean(axis=0), (n, 1)), path, every, fine, method)

    exact = along(1, "heun")
    errors = [math.sqrt(np.mean((along(every, method) - exact) ** 2)) for every in (8, 16, 32, 64)]
    assert np.polyfit(np.log2([8, 16, 32, 64]), np.log2(errors), 1)[0] == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_averages_converge_with_the_weak_order_of_the_scheme(method: str, rng: np.random.Generator) -> None:
    """The mean cosine of noisy pairs along the same Brownian paths in steps of 1/4, 1/8, 1/16: differences shrink with the order."""
    pairs, fine = 40_000, 1 / 16
    others = np.arange(2 * pairs) ^ 1
    path = rng.normal(0.0, math.sqrt(2 * 0.5 * fine), (32, 2 * pairs))

    def average(every: int) -> float:
        theta = driven(np.tile([1.0, -1.0], pairs), np.zeros(2 * pairs), lambda waves: waves[others] / 2, path, every, fine, method)
        return float(np.cos(theta[::2] - theta[1::2]).mean())

    coarse, middle, finest = average(4), average(2), average(1)
    assert math.log2((coarse - middle) / (middle - finest)) == pytest.approx(ORDERS[method], abs=0.4)


def test_fine_steps_give_the_distribution_of_noisy_pairs() -> None:
    """Equal pairs in noise, x' = -K sin x + noise of 2 D, have a von Mises distribution: mean cosine I1(a) / I0(a), a = K / 2 D."""
    pairs = 20_000
    edges = np.arange(2 * pairs)
    graph = sparse.csr_array((np.full(2 * pairs, 0.5), (edges, edges ^ 1)))
    model = ns.Kuramoto(np.zeros(2 * pairs), 1.0, graph=graph, noise=0.5, dt=0.1)
    state = model.init(seed=5)
    model.step(state, 80)
    look = ns.Trace[osc.KuramotoState](lambda state: np.cos(np.diff(state.phases.reshape(-1, 2), axis=1)).mean(), every=20)
    found = ns.simulate(model, state, duration=40.0, record={"cosine": look}).cosine.values.mean()
    assert found == pytest.approx(special.i1(1.0) / special.i0(1.0), abs=0.005)


# --- energies -------------------------------------------------------------------------------------------------------------------


DESCENDS = {"euler": 0.95, "heun": 0.3, "rk4": 0.2}
"""Part of the stable step below which no energy of bounded curvature can rise, whatever the phases.

With x = step times the bound of the curvature: Euler's step lowers the energy if x < 2; the averaged slope of Heun's scheme lies within
x / 2 of the slope at the beginning, relative to it, and 1 - x / 2 > x / 2 (1 + x / 2)^2 for x <= 0.7; likewise for RK4, x <= 0.6."""


@st.composite
def symmetric_graphs(draw: Any) -> Any:
    """Draw a symmetric coupling of any kind with positive and negative strengths, on 2 ... 12 oscillators."""
    n, rng = draw(st.integers(2, 12)), np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["mean field", "dense", "bits", "sparse", "populations", "Hebbian"]))
    if kind == "mean field":
        return osc.MeanField(n)
    if kind == "Hebbian":
        return osc.HebbianGraph(rng.choice([-1, 1], (1, n)))
    if kind == "populations":
        sizes = [n - n // 2, n - n // 2]
        return osc.Populations(sizes, np.tile(rng.random(), (2, 2)) + np.diag([rng.random()] * 2))
    half = np.triu(rng.random((n, n)) < draw(st.floats(0.05, 1.0)), 1) * (1.0 if kind == "bits" else rng.normal(size=(n, n)))
    if not half.any():
        half[0, 1] = 1.0
    return osc.SparseGraph(half + half.T) if kind == "sparse" else osc.DenseGraph(half + half.T)


@pytest.mark.filterwarnings("ignore:.*isolated")
@settings(max_examples=150)
@given(
    graph=symmetric_graphs(),
    method=st.sampled_from(list(DESCENDS)),
    part=st.floats(0.05, 1.0),
    frequency=st.floats(-3.0, 3.0),
    seed=st.integers(0, 2**32),
)
def test_the_energy_of_equal_oscillators_with_symmetric_coupling_never_rises(
    graph: Any, method: str, part: float, frequency: float, seed: int
) -> None:
    coupling = 1.7
    longest = ns.Kuramoto(np.zeros(graph.n), coupling, graph=graph, method=method, dt=1e-6).stable_dt
    model = ns.Kuramoto(np.full(graph.n, frequency), coupling, graph=graph, method=method, dt=part * DESCENDS[method] * longest)
    state = model.init(seed=seed)
    energies = ns.simulate(model, state, steps=30, record={"energy": ns.Trace(model.energy)}).energy.values
    assert (np.diff(energies) <= 1e-12 * (1.0 + abs(energies[0]))).all()


def test_beyond_the_stable_step_the_energy_of_a_pair_rises() -> None:
    """x -> x - 2 dt sin x near 0: the distance grows as soon as dt > 1, the bound for two oscillators joined by an edge of strength 1."""
    with pytest.warns(UserWarning, match="too long"):
        model = ns.Kuramoto([0.0, 0.0], 1.0, graph=[[0.0, 1.0], [1.0, 0.0]], method="euler", dt=1.02)
    assert model.stable_dt == 1.0
    state = model.init([0.05, -0.05])
    before = model.energy(state)
    model.step(state, 1)
    assert model.energy(state) > before
