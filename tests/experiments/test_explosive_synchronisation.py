"""Explosive synchronisation: graphs are what they are called, and loops are measured as drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.sparse.csgraph import connected_components

from experiments import explosive_synchronisation as explosive


def loops(up: list[float], down: list[float], scatter: list[float] | None = None) -> xr.Dataset:
    """Return the data of one star over couplings 0.8, 0.9, ..., twice the same sample."""
    table = np.array([[up, down]] * 2)[None, ..., None]
    dims = ("graph", "sample", "way", "step", "copy")
    coupling = np.tile(0.8 + 0.1 * np.arange(len(up)), (1, 2, 1))
    values: dict[str, Any] = {"r": (dims, table), "coupling": (("graph", "sample", "step"), coupling)}
    if scatter is not None:
        values["scatter"] = (dims, np.array([[scatter, scatter]] * 2)[None, ..., None])
    return xr.Dataset(values, coords={"graph": ["star"], "way": ["up", "down"]})


def test_a_star_has_a_hub() -> None:
    degrees = explosive.star().sum(axis=1)
    assert degrees.tolist() == [10.0, *[1.0] * 10]


@pytest.mark.parametrize("links", [1, 3])
def test_a_grown_network_is_connected_and_simple_and_each_node_has_its_links(links: int) -> None:
    graph = explosive.preferential_attachment(300, links, np.random.default_rng(1))
    degrees = graph.sum(axis=1)
    assert abs(graph - graph.T).max() == 0
    assert graph.diagonal().sum() == 0
    assert graph.data.max() == 1
    assert connected_components(graph)[0] == 1
    assert degrees.sum() == 2 * links * (300 - links)
    assert degrees[links + 1 :].min() >= links


def test_degrees_of_a_grown_network_fall_as_their_cube() -> None:
    """The share of nodes with a degree of k or more is about m (m + 1) / k (k + 1)."""
    graph = explosive.preferential_attachment(20_000, 3, np.random.default_rng(2))
    degrees = graph.sum(axis=1)
    for k in (6, 12, 24):
        assert np.mean(degrees >= k) == pytest.approx(3 * 4 / (k * (k + 1)), rel=0.15)


def test_frequencies_are_the_degrees_or_the_degrees_of_others() -> None:
    for graph in ("scale-free", "shuffled"):
        matrix, frequencies, _, labels = explosive.start(graph, 200, 5, np.random.default_rng(3))
        degrees = matrix.sum(axis=1)
        assert sorted(frequencies) == sorted(degrees)
        assert (frequencies == degrees).all() == (graph == "scale-free")
        assert set(labels) == {0}


def test_the_first_star_begins_evenly() -> None:
    matrix, _, phases, labels = explosive.start("star", 0, 4, np.random.default_rng(4))
    assert matrix.shape == (44, 44)
    assert np.bincount(labels).tolist() == [11] * 4
    assert abs(np.exp(1j * phases[1:11]).mean()) < 1e-12
    assert abs(np.exp(1j * phases[12:22]).mean()) > 1e-3


def test_a_jump_lies_in_the_middle_of_its_step() -> None:
    data = loops([0.1, 0.1, 0.2, 0.9, 0.9], [0.1, 0.8, 0.8, 0.9, 0.9])
    np.testing.assert_allclose(explosive.jumps(data, "star", "up"), [1.05, 1.05])
    np.testing.assert_allclose(explosive.jumps(data, "star", "down"), [0.85, 0.85])
    assert np.isnan(explosive.jumps(loops([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]), "star", "up")).all()


def test_the_area_of_a_loop() -> None:
    area, error = explosive.loop_area("star")(loops([0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]))
    assert area == pytest.approx(0.2)
    assert error == 0.0


def test_locking_is_lost_below_the_last_locked_step() -> None:
    data = loops([0.5] * 4, [0.9] * 4, scatter=[1.0, 0.5, 0.0, 0.0])
    assert explosive.unlocked(data) == pytest.approx(0.95)
