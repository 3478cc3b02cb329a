"""Vector oscillators: unit length, Kuramoto in two dimensions, an energy that never rises, rotation, one answer, clear refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.oscillators.kuramoto import Kuramoto
from neurosim.oscillators.vector import VectorOscillators, VectorState

SEEDS = st.integers(0, 2**32)


@pytest.fixture
def _one_thread_again() -> Iterator[None]:
    yield
    ns.set_threads(1)


def symmetric(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return random couplings of both signs, most of them zero."""
    coupling = np.triu(rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.3), 1)
    return coupling + coupling.T


# Facts of the science.


@settings(max_examples=30)
@given(SEEDS, st.integers(2, 7), st.sampled_from(["float64", "float32"]), st.floats(1e-3, 1e3))
def test_oscillators_keep_unit_length(seed: int, n_dims: int, dtype: str, strength: float) -> None:
    rng = np.random.default_rng(seed)
    frequencies = strength * rng.normal(size=n_dims // 2) if n_dims % 2 == 0 else None
    stimuli = strength * rng.normal(size=(12, n_dims))
    coupling = strength * rng.normal(size=(12, 12))
    model = VectorOscillators(coupling, n_dims, stimuli=stimuli, frequencies=frequencies, gamma=rng.uniform(0.01, 2.0), dtype=dtype)
    state = model.init(replicas=2, seed=1)
    for _ in range(5):
        assert np.abs(np.linalg.norm(state.x.astype(float), axis=2) - 1.0).max() < 1e-6
        model.step(state, 20)


def circle(phases: np.ndarray) -> np.ndarray:
    """Return phases as unit vectors."""
    return np.stack([np.cos(phases), np.sin(phases)], axis=1)


def gap(phases: np.ndarray, others: np.ndarray) -> float:
    """Return the largest distance on the circle."""
    return float(np.abs(np.angle(np.exp(1j * (phases - others)))).max())


def test_two_dimensions_are_kuramotos_model_with_an_arctangent(rng: np.random.Generator) -> None:
    """J = K / n, natural frequencies, no stimulus: a tick adds arctan(gamma theta')."""
    n, strength, gamma = 40, 1.5, 0.005
    omega, phases = rng.normal(size=n), rng.uniform(-np.pi, np.pi, n)
    model = VectorOscillators(np.full((n, n), strength / n), 2, frequencies=omega[:, None], gamma=gamma)
    state = model.init(circle(phases))
    model.step(state, 2000)
    for _ in range(2000):
        phases = phases + np.arctan(gamma * (omega + strength * np.imag(np.exp(1j * phases).mean() * np.exp(-1j * phases))))
    assert gap(model.phases(state), phases) < 1e-9


@pytest.mark.parametrize("form", ["dense", "mean field"])
def test_two_dimensions_are_kuramotos_model(form: str, rng: np.random.Generator) -> None:
    """No natural frequencies, 2,000 steps of 0.005, against Kuramoto's phases: within 1e-4."""
    n, strength, dt = 50, 3.0, 0.005
    start = rng.uniform(-np.pi, np.pi, n)
    coupling = np.full((n, n), strength / n) if form == "dense" else sparse.csr_array((n, n))
    model = VectorOscillators(coupling, 2, mean_field=0.0 if form == "dense" else strength, gamma=dt)
    state = model.init(circle(start))
    model.step(state, 2000)
    kuramoto = Kuramoto(np.zeros(n), coupling=strength, dt=dt, method="euler")
    phases = kuramoto.init(start, seed=1)
    kuramoto.step(phases, 2000)
    assert gap(model.phases(state), phases.phases) < 1e-4


def test_the_step_is_of_first_order(rng: np.random.Generator) -> None:
    """Half the step, half the error."""
    coupling, start, omega = symmetric(15, rng), rng.normal(size=(15, 4)), rng.normal(size=(15, 2))

    def after(gamma: float) -> np.ndarray:
        model = VectorOscillators(coupling, 4, frequencies=omega, gamma=gamma)
        state = model.init(start)
        model.step(state, round(0.5 / gamma))
        return state.x

    exact = after(0.5 / 2**15)
    errors = [np.abs(after(0.5 / 2**power) - exact).max() for power in (7, 8, 9, 10)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1.0, atol=0.1)


@settings(max_examples=40)
@given(SEEDS, st.integers(2, 6), st.booleans(), st.sampled_from([-1.5, 0.0, 0.7]))
def test_the_energy_never_rises_up_to_the_bound(seed: int, n_dims: int, driven: bool, mean_field: float) -> None:
    """Symmetric couplings, nothing rotates: L falls at the largest gamma that is sure not to overshoot."""
    rng = np.random.default_rng(seed)
    coupling, stimuli = symmetric(12, rng), rng.normal(size=(12, n_dims)) if driven else None
    safe = VectorOscillators(coupling, n_dims, stimuli=stimuli, mean_field=mean_field).safe_gamma
    if not np.isfinite(safe):
        return
    model = VectorOscillators(coupling, n_dims, stimuli=stimuli, mean_field=mean_field, gamma=safe)
    state = model.init(seed=seed)
    run = ns.simulate(model, state, steps=60, record={"energy": ns.Trace(model.lyapunov)}, progress=False)
    values = run.energy.values
    assert np.diff(values).max() <= 1e-12 * (1.0 + np.abs(values).max())


def test_the_energy_of_the_source_never_rises_at_small_gamma_and_does_at_large(rng: np.random.Generator) -> None:
    """Couplings of spectral norm 2, as random ones of variance 1 / n have: never at 0.2; at 1 in many steps; with asymmetric ones too."""
    n = 100
    square = rng.normal(size=(n, n)) / np.sqrt(n)
    even = (square + square.T) / np.sqrt(2)

    def rises(coupling: np.ndarray, gamma: float) -> float:
        model = VectorOscillators(coupling, 4, gamma=gamma)
        state = model.init(seed=1)
        energies = [float(model.energy(state))]
        for _ in range(300):
            model.step(state, 1)
            energies.append(float(model.energy(state)))
        return float((np.diff(energies) > 1e-9).mean())

    assert [rises(even, gamma) for gamma in (0.05, 0.1, 0.2)] == [0.0, 0.0, 0.0]
    assert rises(4.0 * even, 1.0) > 0.3
    assert rises(square, 0.05) > 0.1


def test_natural_frequencies_turn_planes() -> None:
    """Alone, each plane turns by arctan(gamma omega) a tick where both planes have one rate."""
    gamma, omega = 0.3, 0.8
    model = VectorOscillators(np.zeros((1, 1)), 4, frequencies=omega, gamma=gamma)
    state = model.init([[0.6, 0.0, 0.0, 0.8]])
    model.step(state, 7)
    angle = 7 * np.arctan(gamma * omega)
    wanted = [0.6 * np.cos(angle), 0.6 * np.sin(angle), -0.8 * np.sin(angle), 0.8 * np.cos(angle)]
    np.testing.assert_allclose(state.x[0], wanted, atol=1e-14)


def test_a_stimulus_is_followed() -> None:
    stimuli = [[0.0, 3.0, 4.0]]
    model = VectorOscillators([[0.0]], 3, stimuli=stimuli, gamma=0.1)
    state = model.init(seed=4)
    model.step(state, 400)
    np.testing.assert_allclose(state.x, [[0.0, 0.6, 0.8]], atol=1e-9)
    assert float(model.energy(state)) == pytest.approx(-5.0)
    assert float(model.lyapunov(state)) == pytest.approx(-5.0)


def test_random_directions_are_equally_spread() -> None:
    """Mean 0 and covariance 1 / n_dims, within four standard errors of 200,000 oscillators."""
    n = 200_000
    x = VectorOscillators(sparse.csr_array((n, n)), 3).init(seed=2).x
    assert np.abs(x.mean(axis=0)).max() < 4 / np.sqrt(3 * n)
    assert np.abs(x.T @ x / n - np.eye(3) / 3).max() < 4 * np.sqrt(4 / 45 / n)


# Facts of the code.


def rich(dtype: str = "float64", as_sparse: bool = False) -> VectorOscillators:
    rng = np.random.default_rng(5)
    coupling: Any = rng.normal(size=(30, 30)) * (rng.random((30, 30)) < 0.4)
    coupling = sparse.coo_array(coupling) if as_sparse else coupling
    options: dict[str, Any] = {"stimuli": rng.normal(size=(30, 4)), "frequencies": rng.normal(size=(30, 2)), "mean_field": -0.5}
    return VectorOscillators(coupling, 4, gamma=0.4, dtype=dtype, **options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_the_driver_contract(dtype: str, as_sparse: bool) -> None:
    model = rich(dtype, as_sparse)
    ns.check_model(model, model.init(seed=1))
    ns.check_model(model, model.init(replicas=3, seed=1))


def test_sparse_and_dense_couplings_are_the_same_model() -> None:
    dense, thin = rich(), rich(as_sparse=True)
    one, other = dense.init(replicas=2, seed=3), thin.init(replicas=2, seed=3)
    dense.step(one, 10)
    thin.step(other, 10)
    np.testing.assert_allclose(one.x, other.x, atol=1e-12)
    assert dense.safe_gamma == pytest.approx(thin.safe_gamma)
    np.testing.assert_allclose(dense.energy(one), thin.energy(other))


@pytest.mark.usefixtures("_one_thread_again")
def test_threads_do_not_change_the_answer() -> None:
    model = rich("float32")
    alone = model.init(replicas=5, seed=3)
    model.step(alone, 9)
    ns.set_threads(3)
    together = model.init(replicas=5, seed=3)
    model.step(together, 9)
    np.testing.assert_array_equal(alone.x, together.x)
    np.testing.assert_array_equal(alone.energies, together.energies)


def test_replicas_move_as_they_would_in_any_batch() -> None:
    model = rich()
    many, few = model.init(replicas=4, seed=8), model.init(replicas=2, seed=8)
    model.step(many, 3)
    model.step(few, 3)
    np.testing.assert_array_equal(many.x[:2], few.x)
    np.testing.assert_array_equal(model.init(seed=8).x, model.init(replicas=1, seed=8).x[0])


def test_the_energy_is_read_before_each_update() -> None:
    model = rich()
    state = model.init(replicas=2, seed=1)
    assert np.isnan(state.energies).all()
    model.step(state, 4)
    before = model.energy(state)
    model.step(state, 1)
    np.testing.assert_allclose(state.energies, before, rtol=1e-12)


def test_a_run_is_recorded_and_resumed(tmp_path: Any) -> None:
    model = rich(as_sparse=True)
    record = {"order": ns.Trace(lambda state: float(np.linalg.norm(model.order(state))), every=2)}
    whole, half = model.init(seed=6), model.init(seed=6)
    data = ns.simulate(model, whole, steps=20, record=record, progress=False)
    assert data.sizes["time"] == 11
    assert data.attrs["dt"] == 0.4
    ns.simulate(model, half, steps=10, progress=False)
    ns.state.save(half, tmp_path / "half")
    half = ns.state.load(tmp_path / "half", VectorState)
    ns.simulate(model, half, steps=10, progress=False)
    np.testing.assert_array_equal(whole.x, half.x)


def test_a_model_says_what_it_is() -> None:
    assert repr(rich()) == "VectorOscillators(30 oscillators in 4 dimensions, dense couplings, stimuli, frequencies, gamma 0.4)"
    assert repr(VectorOscillators(sparse.eye_array(3))) == "VectorOscillators(3 oscillators in 4 dimensions, sparse couplings, gamma 1)"
    assert VectorOscillators([[0.0]]).safe_gamma == np.inf


# Refusals.

EYE = np.eye(3)


@pytest.mark.parametrize(
    ("coupling", "options", "message"),
    [
        (np.ones((2, 3)), {}, r"coupling must have shape \(n, n\) with at least 1 oscillator, got \(2, 3\)"),
        (np.ones(3), {}, r"coupling must have shape \(n, n\)"),
        (np.empty((0, 0)), {}, "at least 1 oscillator"),
        (sparse.csr_array(np.ones((2, 3))), {}, r"got \(2, 3\)"),
        ([[0.0, np.nan], [0.0, 0.0]], {}, r"coupling must be finite, got nan at \[0, 1\]"),
        (sparse.csr_array([[0.0, np.inf], [0.0, 0.0]]), {}, "coupling must be finite, got inf"),
        (1j * EYE, {}, "coupling must be real numbers, got type complex128"),
        (1e300 * EYE, {"dtype": "float32"}, r"coupling must fit into float32, got 1e\+300"),
        (1e20 * EYE, {"dtype": "float32"}, "gamma times coupling, stimuli and frequencies must be below"),
        (EYE, {"n_dims": 1}, "n_dims must be at least 2, got 1"),
        (EYE, {"n_dims": 4.0}, "n_dims must be an integer, got 4.0"),
        (EYE, {"gamma": 0.0}, "gamma must be finite and above 0, got 0.0"),
        (EYE, {"gamma": np.inf}, "gamma must be finite"),
        (EYE, {"mean_field": np.nan}, "mean_field must be finite, got nan"),
        (EYE, {"dtype": "float16"}, "dtype must be 'float32' or 'float64', got 'float16'"),
        (EYE, {"dtype": "double precision"}, "dtype must be 'float32' or 'float64'"),
        (EYE, {"stimuli": np.ones((4, 3))}, r"stimuli must have shape \(3, 4\) or \(4,\), got \(4, 3\)"),
        (EYE, {"stimuli": [[0, 0, 0, np.inf]] * 3}, "stimuli must be finite, got inf"),
        (EYE, {"n_dims": 3, "frequencies": 1.0}, "frequencies need an even number of dimensions, .* n_dims is 3"),
        (EYE, {"frequencies": [1.0, 2.0, 3.0]}, r"frequencies must be one number or have shape \(2,\) or \(3, 2\), got \(3,\)"),
    ],
)
def test_models_that_cannot_be(coupling: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        VectorOscillators(coupling, **options)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((4, 3)), r"x must have shape \(3, 4\) or \(replicas, 3, 4\), got \(4, 3\)"),
        (np.ones((0, 3, 4)), r"got \(0, 3, 4\)"),
        (np.zeros((3, 4)), r"x must hold directions, got a zero vector at \[0\]"),
        (np.full((3, 4), np.nan), r"x must be finite, got nan at \[0, 0\]"),
        ([["a"] * 4] * 3, "x must be real numbers"),
    ],
)
def test_starts_that_cannot_be(x: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        VectorOscillators(EYE).init(x)


def test_directions_of_any_length_are_taken() -> None:
    state = VectorOscillators(np.eye(2), 2, dtype="float32").init([[1e-300, 1e-300], [3e200, 4e200]])
    np.testing.assert_allclose(state.x, [[np.sqrt(0.5), np.sqrt(0.5)], [0.6, 0.8]], rtol=1e-6)


def test_other_misuse_is_told() -> None:
    model = VectorOscillators(EYE)
    with pytest.raises(TypeError, match="either x, .* or replicas, not both"):
        model.init(np.ones((3, 4)), replicas=2)
    with pytest.raises(ValueError, match="replicas must be at least 1, got 0"):
        model.init(replicas=0)
    with pytest.raises(TypeError, match="seed must be an integer"):
        model.init(seed=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="wanted 2"):
        model.phases(model.init())
    with pytest.raises(ValueError, match="belongs to other oscillators"):
        model.step(VectorOscillators(np.eye(5)).init(), 1)
    with pytest.raises(TypeError, match=r"state.x must be float64, got float32"):
        model.step(VectorOscillators(EYE, dtype="float32").init(), 1)
