"""Digits of MNIST: absent data is named, what is drawn is what was asked for, and codes beat pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurosim as ns
from experiments import sparsey_mnist as mnist
from models.sparsey.images import skeletons
from neurosim.sdr import Code, Codes
from neurosim.sweep import sweep

pytest.importorskip("skimage", reason="the images extra is not installed")
SMALL = {"tests": 20, "modules": 8}


def test_absent_digits_are_named_with_their_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROSIM_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    mnist.loaded.cache_clear()
    with pytest.raises(ns.errors.DataNotFound, match=r"mnist/train-images-idx3-ubyte.gz \(sha256 440fcabf"):
        mnist.run(2, 0.2, 0, rng=np.random.default_rng(0))


def test_the_nearest_digit_shares_most_pixels_for_its_size() -> None:
    stored = Codes([Code([0, 1, 2, 3], 8), Code([0, 1], 8), Code([5], 8)])
    assert mnist.nearest(Codes([Code([0, 1], 8), Code([2, 3], 8), Code([5, 6], 8)]), stored).tolist() == [1, 0, 2]


def test_digits_are_drawn_from_the_first_of_each_class_and_none_twice(data_folder: Path) -> None:
    codes, labels = mnist.digits("train", 7, 10, np.random.default_rng(1))
    assert np.bincount(labels).tolist() == [7] * 10
    images, all_labels = mnist.loaded("train")
    first = np.concatenate([np.flatnonzero(all_labels == digit)[:10] for digit in range(10)])
    allowed = {image.tobytes() for image in skeletons(images[first])}
    drawn = [code.dense().tobytes() for code in codes]
    assert set(drawn) <= allowed
    assert len(set(drawn)) == 70


@pytest.fixture(scope="module")
def data(data_folder: Path) -> xr.Dataset:
    return sweep(mnist.run, {"stored": [10, 20], "fraction": [0.2, 1.0], "trial": [0, 1]}, fixed=SMALL, progress=False)


def test_more_digits_help_and_all_ways_to_read_beat_chance(data: xr.Dataset) -> None:
    accuracy = data.accuracy.sel(fraction=0.2).isel(tests=-1).mean("trial")
    assert (accuracy.sel(reader="codes", stored=20) > accuracy.sel(reader="codes", stored=10) - 0.05).all()
    assert (accuracy > 0.4).all()
    assert data.confusion.sum("read").values.ravel() == pytest.approx(1.0)
    right = np.einsum("...ii->...", data.confusion.transpose(..., "digit", "read").values) / 10
    np.testing.assert_allclose(right, data.accuracy.sel(reader="codes").isel(tests=-1).transpose(*data.confusion.dims[:3]))


def test_without_a_critical_period_nothing_is_frozen(data: xr.Dataset) -> None:
    assert (data.frozen.sel(fraction=1.0) == 0).all()
    assert (data.frozen.sel(fraction=0.2) > 0).all()


@pytest.mark.parametrize("setting", [{}, {"stored": [20], "fraction": [0.2], "trial": [1]}])
def test_the_figure_draws_what_was_asked_for(data: xr.Dataset, setting: dict[str, Any]) -> None:
    ax: Any = mnist.figure(data.sel(setting))
    ax.get_figure().canvas.draw()
