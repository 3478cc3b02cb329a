"""Images: without the data the error names them; with them, what is kept is what the fields allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurosim as ns
from experiments import hopfield_images as images
from neurosim.sweep import sweep


def test_absent_images_are_named_with_their_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROSIM_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    with pytest.raises(ns.errors.DataNotFound, match=r"mnist/t10k-images-idx3-ubyte.gz \(sha256 8d422c7b"):
        images.run(2, 0, rng=np.random.default_rng(0))
    with pytest.raises(
        RuntimeError, match=r"all 1 points failed.*DataNotFound: data file mnist/t10k-images-idx3-ubyte.gz \(sha256 8d422c7b"
    ):
        sweep(images.run, {"images": [2], "album": [0]}, progress=False)


def test_the_lower_half_is_erased() -> None:
    page = np.ones((1, images.SIDE**2), np.int8)
    left = images.half_white(page).reshape(images.SIDE, images.SIDE)
    assert (left[:14] == 1).all()
    assert (left[14:] == -1).all()
    assert (page == 1).all()


def test_the_centred_rule_gives_back_the_signal_that_it_took_out(rng: np.random.Generator) -> None:
    """Field on a pattern: v xi, plus what the deviations of the other patterns add, minus the coupling of a unit to itself."""
    patterns = ns.hopfield.random_patterns(4, 200, rng=rng, bias=0.5)
    memory = images.centred(patterns)
    mean = patterns.mean(axis=0)
    apart = patterns - mean
    v = (apart**2).mean()
    assert memory.fields.shape == (200,)
    for mu in range(4):
        overlap = apart @ apart[mu] / 200
        overlap[mu] -= v
        expected = v * patterns[mu] + overlap @ apart - (apart**2).mean(axis=0) * 4 / 200 * apart[mu]
        field = memory.couplings.local_fields(ns.hopfield.pack(patterns[mu : mu + 1]))[0] + memory.fields
        np.testing.assert_allclose(field, expected, atol=1e-6)


def test_likeness_is_the_mean_overlap_of_pairs(rng: np.random.Generator) -> None:
    patterns = ns.hopfield.random_patterns(5, 60, rng=rng, bias=0.4)
    pairs = (patterns.astype(float) @ patterns.T / 60)[~np.eye(5, dtype=bool)]
    assert images._alike(patterns) == pytest.approx(pairs.mean())
    assert np.isnan(images._alike(patterns[:1]))


@pytest.fixture(scope="module")
def data(data_folder: Path) -> xr.Dataset:
    return sweep(images.run, {"images": [3, 10], "album": [0, 1]}, fixed={"cues": 6}, progress=False)


def test_small_albums_leave_the_missing_cues_empty(data: xr.Dataset) -> None:
    assert data.overlap.sel(images=3).notnull().sum("cue").values.tolist() == [[[3] * 3] * 4] * 2
    assert data.overlap.sel(images=10).notnull().all()
    assert (images.recalled(data) <= 1).all()


def test_a_hebb_network_keeps_an_image_exactly_where_all_fields_point_the_right_way(data_folder: Path) -> None:
    pixels, _ = ns.data.mnist("test")
    stored = ns.hopfield.binarise(pixels[:3])
    aligned = stored * ((stored.astype(int) @ stored.T @ stored) - 3 * stored)
    stable = (aligned >= 0).all(axis=1)
    memory = ns.hopfield.DenseHopfield(stored)
    np.testing.assert_array_equal((memory.spins(memory.recall(stored)) == stored).all(axis=1), stable)
    assert not stable.any()


def test_digits_are_alike_and_the_pseudo_inverse_does_not_mind(data: xr.Dataset) -> None:
    assert (abs(data["alike"] - 0.67) < 0.1).all()
    assert (data.overlap.sel(rule="pseudo-inverse", damage="none").stack(all=[...]).dropna("all") == 1.0).all()


@pytest.mark.parametrize("setting", [{"album": [0]}, {"images": [3]}, {"images": [10], "album": [1]}])
def test_the_figure_draws_what_was_asked_for(data: xr.Dataset, setting: dict[str, Any]) -> None:
    ax = images.figure(data.sel(setting))
    ax.get_figure().canvas.draw()
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in ax.get_figure().axes)
