"""Competition between synapses: the theory behind the figure, the measures, and the run's bookkeeping."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import song_abbott as song

WEIGHTS = np.linspace(0.0, 1.0, 4001)


@pytest.mark.parametrize("mean", [0.03, 0.1, 0.28, 0.5, 0.7, 0.95])
def test_the_density_has_the_mean_asked_for(mean: float) -> None:
    density = song.distribution(mean, WEIGHTS)
    assert np.trapezoid(density, WEIGHTS) == pytest.approx(1.0, abs=1e-4)
    assert np.trapezoid(WEIGHTS * density, WEIGHTS) == pytest.approx(mean, abs=1e-4)


def test_the_density_is_symmetric_about_a_half() -> None:
    density = song.distribution(0.5, WEIGHTS)
    assert density == pytest.approx(density[::-1], rel=1e-6)
    assert density[0] / density[WEIGHTS.size // 2] == pytest.approx(np.exp(song.B / 4))


def test_the_density_solves_the_equation_of_diffusion() -> None:
    """No current flows: drift times density is the gradient of D times density."""
    alpha, rates = (song.A_MINUS - song.A_PLUS) * song.TAU_STDP, 1.0
    diffusion = rates * (song.A_PLUS**2 + song.A_MINUS**2) * song.TAU_STDP / 4
    density = song.distribution(0.5, WEIGHTS)
    drift = rates * alpha * (WEIGHTS / 0.5 - 1)
    current = drift * density - diffusion * np.gradient(density, WEIGHTS)
    assert abs(current[2:-2]).max() < 1e-4 * abs(drift * density).max()


def test_shape_of_known_weights() -> None:
    uniform = song.shape((np.arange(10_000) + 0.5) / 10_000)
    assert uniform["bimodality"] == pytest.approx(5 / 9, abs=1e-3)
    assert [uniform[name] for name in ("weak", "between", "strong")] == pytest.approx([0.2, 0.6, 0.2])
    two = song.shape(np.repeat([0.0, 1.0], [700, 300]))
    assert (two["bimodality"], two["between"], two["mean"]) == pytest.approx((1.0, 0.0, 0.3))


def test_likeness_is_the_mean_correlation_of_two_neurons() -> None:
    weights = np.random.default_rng(1).random((300, 5))
    weights[:, 0] += 0.5 * weights[:, 1]
    expected = np.corrcoef(weights.T)[~np.eye(5, dtype=bool)].mean()
    assert song.likeness(weights) == pytest.approx(expected)


def test_the_same_seed_gives_the_same_run() -> None:
    settings = {"rate": 40.0, "start": "strong", "sample": 0, "targets": 3, "arrivals": 100}
    one, two = (song.run(**settings, rng=np.random.default_rng(5)) for _ in range(2))
    assert one["mean"] == two["mean"]
    assert one["first"][1][-1] == 1.0
    assert one["mean_course"][1][0] == 1.0
    assert one["weight_course"][1].shape == (song.LOOKS + 1, song.SHOWN)
    assert one["seconds"] == 2.5
