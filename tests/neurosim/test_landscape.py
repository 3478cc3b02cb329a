"""The landscape in a plane: its energy is that of states, its places are projections, its attractors are where replicas came to rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurosim as ns
from neurosim.hopfield.landscape import projection, section

N_UNITS = 400


@pytest.fixture
def patterns(rng: np.random.Generator) -> np.ndarray:
    return ns.hopfield.random_patterns(3, N_UNITS, rng=rng)


@pytest.fixture
def memory(patterns: np.ndarray) -> ns.hopfield.DenseHopfield:
    return ns.hopfield.DenseHopfield(patterns)


def recall(memory: ns.hopfield.DenseHopfield, cues: np.ndarray, steps: int = 8) -> xr.Dataset:
    axes = ("replica",) * (cues.ndim - 1)
    record = {"spins": ns.Trace(memory.spins, dims=(*axes, "unit")), "energy": ns.Trace(memory.energy, dims=axes)}
    record["overlap"] = ns.Trace(memory.overlap, dims=(*axes, "pattern"))
    return ns.simulate(memory, memory.init(cues, seed=1), steps=steps, record=record)


@pytest.fixture
def run(memory: ns.hopfield.DenseHopfield, patterns: np.ndarray, rng: np.random.Generator) -> xr.Dataset:
    """Recall of two cues of each of the three patterns, and of one between them."""
    cues = ns.hopfield.flip(np.concatenate([patterns, patterns]), 0.3, rng=rng)
    return recall(memory, np.concatenate([cues, np.sign(patterns.sum(axis=0))[None]]))


def mean_energy(memory: ns.hopfield.DenseHopfield, patterns: np.ndarray, means: np.ndarray) -> float:
    """Energy of independent units with given means, from the matrix: no unit is coupled to itself."""
    couplings = patterns.T.astype(float) @ patterns / N_UNITS
    np.fill_diagonal(couplings, 0.0)
    return float(-0.5 * means @ couplings @ means / N_UNITS)


class TestSection:
    def test_the_coordinates_between_two_patterns_are_the_overlaps(
        self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray
    ) -> None:
        data = section(memory, run, patterns[[0, 2]], points=5, samples=1)
        np.testing.assert_allclose(data.path, run.overlap.isel(pattern=[0, 2]), atol=1e-12)
        np.testing.assert_array_equal(data.path_energy, run.energy)

    def test_distances_in_the_plane_through_three_patterns_are_those_of_the_states(
        self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray
    ) -> None:
        corner = section(memory, run, patterns, points=5, samples=1).corner.values
        for one, other in [(0, 1), (0, 2), (1, 2)]:
            apart = np.linalg.norm(patterns[one].astype(float) - patterns[other]) / np.sqrt(N_UNITS)
            assert np.linalg.norm(corner[one] - corner[other]) == pytest.approx(apart, rel=1e-12)
        assert corner[0, 1] == pytest.approx(corner[1, 1], abs=1e-12)
        assert corner[2, 1] > corner[0, 1]

    @pytest.mark.parametrize("corners", [[0, 1], [0, 1, 2]])
    def test_the_surface_is_the_mean_energy_of_independent_units(
        self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray, corners: list[int]
    ) -> None:
        """Where means lie within -1 ... 1 it is a quadratic form of the couplings; sampling leaves an error of order 1 / N."""
        data = section(memory, run, patterns[corners], points=9, samples=64)
        chosen = patterns[corners].astype(float)
        weights = np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])[:, : len(corners)]
        for weight in weights:
            means = weight @ chosen
            at = weight @ data.corner.values if len(corners) == 3 else chosen @ means / N_UNITS
            near = float(data.energy.interp(x=at[0], y=at[1], method="cubic"))
            assert near == pytest.approx(mean_energy(memory, patterns, means), abs=0.012)

    def test_large_planes_are_computed_in_parts(
        self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = section(memory, run, patterns, points=7, samples=2), projection(run, points=7)
        monkeypatch.setattr("neurosim.hopfield.landscape.LARGEST_BLOCK", 3000)
        parts = section(memory, run, patterns, points=7, samples=2), projection(run, points=7)
        for one, other in zip(whole, parts, strict=True):
            xr.testing.assert_allclose(one, other, rtol=1e-12)

    def test_a_pattern_has_its_own_energy(self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray) -> None:
        data = section(memory, run, patterns, points=5, samples=2)
        np.testing.assert_array_equal(data.corner_energy, memory.energy(memory.init(patterns)))

    def test_all_states_project_inside_the_edge(
        self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray, rng: np.random.Generator
    ) -> None:
        data = section(memory, run, patterns[:2], points=5, samples=1)
        edge = data.edge.values
        agree = float((patterns[0] == patterns[1]).mean())
        np.testing.assert_allclose(np.abs(edge.sum(axis=1)).max(), 2 * agree, atol=1e-9)
        np.testing.assert_allclose(np.abs(edge[:, 0] - edge[:, 1]).max(), 2 * (1 - agree), atol=1e-9)
        states = ns.hopfield.flip(patterns[rng.integers(0, 3, 200)], 0.05, rng=rng) @ patterns[:2].T.astype(float) / N_UNITS
        following = np.roll(edge, -1, axis=0) - edge
        for state in states:
            beside = state - edge
            assert (following[:, 0] * beside[:, 1] - following[:, 1] * beside[:, 0] >= -1e-9).all()

    def test_attractors_are_the_states_at_rest(self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray) -> None:
        data = section(memory, run, patterns, points=5, samples=1)
        assert int(data.attractor_count.sum()) == run.sizes["replica"]
        assert data.attractor_count.values.tolist() == [2, 2, 2, 1]
        assert sorted(data.attractor_energy.values[:3]) == sorted(memory.energy(memory.init(patterns)))
        for place, energy in zip(data.attractor.values, data.attractor_energy.values, strict=True):
            there = (np.abs(data.path.isel(time=-1).values - place) < 1e-12).all(axis=1)
            assert (data.path_energy.isel(time=-1).values[there] == energy).all()

    def test_a_warm_network_has_none(self, memory: ns.hopfield.DenseHopfield, patterns: np.ndarray) -> None:
        warm = memory.at(0.8)
        data = section(warm, recall(warm, patterns), patterns, points=5, samples=1)
        assert data.sizes["attractor"] == 0
        assert data.attractor.shape == (0, 2)

    def test_one_trajectory_needs_no_axis_of_replicas(self, memory: ns.hopfield.DenseHopfield, patterns: np.ndarray) -> None:
        data = section(memory, recall(memory, patterns[0]), patterns, points=5, samples=1)
        assert data.path.sizes == {"time": 9, "replica": 1, "axis": 2}

    def test_the_seed_chooses_the_samples(self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray) -> None:
        first, again, other = (section(memory, run, patterns, points=7, samples=2, seed=seed) for seed in (1, 1, 2))
        xr.testing.assert_identical(first, again)
        assert not np.array_equal(first.energy, other.energy)

    def test_what_is_not_a_plane_is_refused(self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray) -> None:
        wrong: list[tuple[Any, str]] = [
            (patterns[:1], "two or three patterns, got 1"),
            (patterns[[0, 0]], "span a plane"),
            (np.stack([patterns[0], -patterns[0]]), "span a plane"),
            (patterns[[0, 1, 1]], "span a plane"),
            (patterns[:2, :100], rf"shape \(n, {N_UNITS}\), got \(2, 100\)"),
            (np.zeros((2, N_UNITS)), "corners must hold only -1 and"),
        ]
        for corners, message in wrong:
            with pytest.raises(ValueError, match=message):
                section(memory, run, corners)

    def test_recordings_that_are_missing_or_of_another_shape_are_refused(
        self, memory: ns.hopfield.DenseHopfield, run: xr.Dataset, patterns: np.ndarray
    ) -> None:
        with pytest.raises(ValueError, match="no recording 'spin'") as caught:
            section(memory, run, patterns, spins="spin")
        assert caught.value.__notes__ == ["did you mean 'spins'?"]
        with pytest.raises(ValueError, match=r"the same without units, got {'time': 9, 'replica': 7, 'unit': 400} and {'time': 9}"):
            section(memory, run.assign(energy=run.energy.isel(replica=0)), patterns)
        with pytest.raises(ValueError, match="must be"):
            section(memory, run.transpose("replica", "time", ...), patterns)
        with pytest.raises(ValueError, match="points must be at least 2"):
            section(memory, run, patterns, points=1)
        with pytest.raises(ValueError, match="samples must be at least 1"):
            section(memory, run, patterns, samples=0)


class TestProjection:
    def test_the_plane_is_that_of_the_two_principal_components(self, run: xr.Dataset) -> None:
        data = projection(run, points=5)
        states = run.spins.values.reshape(-1, N_UNITS).astype(float)
        left, values, _ = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
        expected = left[:, :2] * values[:2] / np.sqrt(N_UNITS)
        found = data.path.values.reshape(-1, 2)
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
        assert data.attrs["explained"] == pytest.approx((values[:2] ** 2).sum() / (values**2).sum())

    def test_many_states_of_few_units_give_the_same_plane(self, rng: np.random.Generator) -> None:
        small = ns.hopfield.DenseHopfield(ns.hopfield.random_patterns(2, 20, rng=rng))
        run = recall(small, ns.hopfield.random_patterns(30, 20, rng=rng), steps=3)
        spread = projection(run, points=5).path.values.reshape(-1, 2).T @ projection(run, points=5).path.values.reshape(-1, 2)
        values = np.linalg.svd((run.spins.values - run.spins.values.mean(axis=(0, 1))).reshape(-1, 20), compute_uv=False)
        np.testing.assert_allclose(np.diag(spread), values[:2] ** 2 / 20, rtol=1e-9)
        assert abs(spread[0, 1]) < 1e-9

    def test_a_narrow_average_shows_the_energy_of_the_state_and_nothing_far_away(self, run: xr.Dataset) -> None:
        one = run.isel(replica=[0, 1, 2])
        data = projection(one, points=201, width=0.01)
        for replica in range(3):
            x, y = data.path.isel(time=0, replica=replica).values
            near = data.energy.sel(x=x, y=y, method="nearest")
            assert float(near) == pytest.approx(float(one.energy.isel(time=0, replica=replica)), abs=1e-9)
        assert np.isnan(data.energy.values[0, 0])

    def test_averages_lie_between_the_energies(self, run: xr.Dataset) -> None:
        data = projection(run, points=41, width=0.2)
        shown = data.energy.values[np.isfinite(data.energy.values)]
        assert float(run.energy.min()) - 1e-12 <= shown.min() <= shown.max() <= float(run.energy.max()) + 1e-12

    def test_patterns_are_projected_like_states(self, run: xr.Dataset, patterns: np.ndarray) -> None:
        data = projection(run, patterns=patterns, points=5)
        for corner in data.corner.values:
            assert (np.abs(data.attractor.values - corner) < 1e-9).all(axis=1).any()

    def test_states_on_a_line_are_refused(self, memory: ns.hopfield.DenseHopfield, patterns: np.ndarray) -> None:
        with pytest.raises(ValueError, match="must not lie on a line"):
            projection(recall(memory, patterns[:2]))
        with pytest.raises(ValueError, match="must not lie on a line"):
            projection(recall(memory, patterns[0], steps=0))

    def test_a_width_must_be_positive(self, run: xr.Dataset) -> None:
        for width in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="width must be positive"):
                projection(run, width=width)
