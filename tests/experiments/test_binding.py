"""Binding: what is drawn, what is measured, and that the figure draws whatever was asked for."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import binding
from neurosim.sweep import sweep


def measured(**settings: Any) -> xr.Dataset:
    grid, fixed = binding.EXPERIMENT.settings("tiny")
    return sweep(binding.run, {**grid, "sample": [0, 1], **settings}, fixed=fixed, progress=False)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_shapes_are_three_and_out_of_each_others_reach(seed: int) -> None:
    labels = binding.draw(20, np.random.default_rng(seed))
    assert set(labels.ravel().tolist()) == {0, 1, 2, 3}
    places = [np.argwhere(labels == name) for name in (1, 2, 3)]
    for one, other in itertools.combinations(places, 2):
        assert ((one[:, None] - other) ** 2).sum(axis=2).min() > 4


def test_couplings_join_near_and_like_pixels() -> None:
    greys = np.zeros((5, 5))
    greys[:, 3:] = 1.0
    coupling = binding.attraction(greys).toarray()
    assert (coupling == coupling.T).all()
    assert np.count_nonzero(coupling[12]) == 12  # the middle has all pixels within distance 2
    assert coupling[12, 11] == pytest.approx(0.4)
    assert coupling[12, 13] == pytest.approx(0.4 * np.exp(-1 / 0.18))
    assert coupling[12, 12] == coupling[12, 24] == 0.0


def test_agreement_is_stable_below_the_step_that_is_told() -> None:
    """The spectrum of the couplings on a large torus: 4.8 down to -1.73."""
    side = 60
    row = np.zeros((side, side))
    for down, across in itertools.product(range(-2, 3), repeat=2):
        if 0 < down**2 + across**2 <= 4:
            row[down, across] = 0.4
    spectrum = np.fft.fft2(row).real
    assert spectrum.max() == pytest.approx(4.8)
    assert 2 / (spectrum.max() - spectrum.min()) == pytest.approx(0.306, abs=1e-3)


def test_the_rand_index_counts_pairs() -> None:
    """Hubert and Arabie's formula over all pairs, spelled out."""
    rng = np.random.default_rng(3)
    truth, found = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    found[:25] = truth[:25]
    pairs = list(itertools.combinations(range(40), 2))
    same_truth = np.array([truth[i] == truth[j] for i, j in pairs])
    same_found = np.array([found[i] == found[j] for i, j in pairs])
    chance = same_truth.sum() * same_found.sum() / len(pairs)
    wanted = ((same_truth & same_found).sum() - chance) / ((same_truth.sum() + same_found.sum()) / 2 - chance)
    assert binding.rand_index(truth, found) == pytest.approx(wanted)


def test_the_rand_index_is_one_up_to_names_and_zero_for_chance(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 3, 2000)
    assert binding.rand_index(truth, np.array([2, 0, 1])[truth]) == 1.0
    assert binding.rand_index(truth, np.zeros(2000, int)) == 0.0
    assert binding.rand_index(np.zeros(5, int), np.zeros(5, int)) == 1.0
    assert abs(binding.rand_index(truth, rng.integers(0, 4, 2000))) < 0.01


def test_segments_are_found_and_named_after_shapes(rng: np.random.Generator) -> None:
    labels = np.repeat(np.arange(4), 25)
    x = np.eye(4)[labels] + 0.05 * rng.normal(size=(100, 4))
    found = binding.segments(x, 4, rng)
    assert binding.rand_index(labels, found) == 1.0
    assert (binding.matched(labels, found) == labels).all()


def test_segments_of_vectors_that_are_all_the_same(rng: np.random.Generator) -> None:
    assert set(binding.segments(np.ones((20, 4)), 3, rng).tolist()) <= {0, 1, 2}


def test_borders_are_neighbours_inside_and_outside_of_shapes() -> None:
    labels = np.zeros((4, 4), np.int64)
    labels[1, 1] = 2
    assert sorted(map(tuple, binding.border(labels.ravel()).T.tolist())) == [(5, 1), (5, 4), (5, 6), (5, 9)]


def test_a_blank_picture_has_no_borders() -> None:
    """Neighbours across what would be a border agree where the picture is blank, and not where there are shapes."""
    data = measured(picture=["shapes", "blank"]).border.sel(updates=8).mean("sample").squeeze()
    assert float(data.sel(picture="blank")) > 0.7
    assert float(data.sel(picture="shapes")) < 0.2


@pytest.mark.parametrize(
    "setting",
    [
        {"sample": [0]},
        {"picture": ["blank"]},
        {"n_dims": [2, 3]},
        {"repulsion": [0.0], "gamma": [0.25, 0.5]},
        {"picture": ["shapes", "blank"], "repulsion": [0.0, 2.4]},
    ],
)
def test_the_figure_draws_what_was_asked_for(setting: dict[str, Any]) -> None:
    ax = binding.figure(measured(**setting))
    ax.get_figure().canvas.draw()
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in ax.get_figure().axes)


def test_the_film_shows_directions_as_colours() -> None:
    film = binding.movie(updates=2)
    assert film.frames == 3
    assert len(np.unique(film.pixels(0).reshape(-1, 3), axis=0)) > 300
