"""Dendritic segments and neurons: what is measured is what it says, the theory beside it, and figures draw whatever was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import competing_neurons, dendrites, dendritic_learning, dendritic_neuron, mixed_segments
from neurosim.sdr import Code, Segments, random_codes
from neurosim.sdr import theory as exact
from neurosim.sweep import sweep

SMALL: dict[Any, dict[str, Any]] = {
    dendrites: {"n": [300], "active": [64, 128], "synapses": [8, 24], "sample": [0, 1], "segments": 300},
    competing_neurons: {"n": [300, 500], "active": [128], "sample": [0], "trials": 1},
    mixed_segments: {"n": [500, 1000], "patterns": [1, 5], "noise": [0.0, 0.5], "sample": [0], "segments": 40, "codes": 300},
    dendritic_learning: {"noise": [0.2, 0.3], "sample": [0], "patterns": 4, "tests": 2},
    dendritic_neuron: {"setting": ["small", "large"], "patterns": [20, 60], "sample": [0], "codes": 200, "lost": (0, 64)},
}


def measured(experiment: Any, **more: Any) -> xr.Dataset:
    grid, fixed = experiment.EXPERIMENT.settings("tiny")
    given = {**SMALL[experiment], **more}
    axes = {name: given.pop(name) for name in grid if name in given}
    return sweep(experiment.run, {**grid, **axes}, fixed={**fixed, **given}, progress=False)


def test_the_share_of_pairs_falls_from_one_with_the_threshold_and_ends_at_the_synapses() -> None:
    data = measured(dendrites)
    share = data.false_positive.isel(n=0, active=0, sample=0)
    assert share.sel(synapses=24, threshold=0) == 1
    assert (np.diff(share.sel(synapses=24)) <= 0).all()
    assert share.sel(synapses=8).isnull().values.tolist() == [False] * 9 + [True] * 16
    assert dendrites.pairs(data) == 2 * 300**2
    assert 0.1 < dendrites.scatter(data) < 4


def test_a_pair_of_neurons_errs_never_on_many_cells_and_half_the_time_on_few() -> None:
    """n = 20,000: chance activity is out of question; n = 200, a = 190: every segment is active on every code."""
    for n, active, low, high in ((20_000, 64, 0.0, 0.0), (200, 190, 0.4, 0.6)):
        error = competing_neurons.run(n, active, 0, trials=1, rng=np.random.default_rng(1))["error"]
        assert low <= error <= high


@pytest.mark.parametrize(("n", "active"), [(300, 64), (500, 128), (700, 128), (1500, 256)])
def test_the_theory_of_competition_agrees_with_the_authors_simulation(n: int, active: int) -> None:
    """Of 10^6 patterns or more, where the error is large enough to be known within 1 %."""
    cells, errors = competing_neurons.AUTHORS[active]
    assert competing_neurons.expected(n, active) == pytest.approx(errors[cells.index(n)], rel=0.01)


def test_without_activity_by_chance_the_right_neuron_wins() -> None:
    assert competing_neurons.response(np.array([24, 0, 12])) == pytest.approx([1.0, 0.0, 0.924], abs=1e-3)
    assert competing_neurons.expected(2000, 1) == pytest.approx(0.0, abs=1e-12)


def test_a_mixed_segment_misses_nothing_without_noise_and_errs_by_theory() -> None:
    data = measured(mixed_segments, segments=200, codes=2000)
    assert (data.missed.sel(noise=0.0) == 0).all()
    found = float(data.false_positive.sel(n=500, patterns=5, threshold=8).mean())
    assert found == pytest.approx(float(exact.mixed_false_positive(500, 40, 20, 8, 5, exact=True)), rel=0.1)


def test_a_neuron_knows_what_it_learned_and_the_strongest_segment_is_found(rng: np.random.Generator) -> None:
    data = measured(dendritic_neuron)
    assert (data.missed.sel(lost=0, setting="large", threshold=30) == 0).all()
    assert (data.missed.sel(lost=0, setting="small", threshold=7) == 0).all()
    codes = random_codes(9, 100, 30, rng=rng)
    segments = Segments.sampled(random_codes(50, 100, 30, rng=rng), 10, threshold=5, rng=rng)
    wanted = [int(segments.counts(codes[k]).max()) for k in range(9)]
    assert dendritic_neuron.strongest(segments, codes).tolist() == wanted


def test_synapses_move_onto_the_pattern_while_a_neuron_sees_noisy_copies() -> None:
    """From the share of cells that stay to all."""
    aimed = measured(dendritic_learning, noise=[0.3]).aimed.squeeze()
    assert float(aimed[0]) == pytest.approx(0.7, abs=0.15)
    assert float(aimed[-1]) > 0.97
    cells = np.array([[1, 2, -1], [4, 5, 6]])
    share = dendritic_learning.on_target(cells, [Code([1, 2, 3], 9), Code([6, 7], 9)])
    assert share == pytest.approx(1.5 / dendritic_learning.SYNAPSES)


@pytest.mark.usefixtures("_close_figures")
@pytest.mark.parametrize("experiment", SMALL)
def test_the_figure_draws_what_was_asked_for(experiment: Any) -> None:
    ax = experiment.figure(measured(experiment))
    ax.get_figure().canvas.draw()


@pytest.mark.usefixtures("_close_figures")
@pytest.mark.parametrize("experiment", [dendrites, mixed_segments, dendritic_neuron])
def test_the_figure_draws_the_smallest_grid(experiment: Any) -> None:
    axes = {name: values[:1] for name, values in SMALL[experiment].items() if isinstance(values, list)}
    ax = experiment.figure(measured(experiment, **axes))
    ax.get_figure().canvas.draw()
