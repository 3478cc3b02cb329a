"""The benchmarks CUBA and COBA: what a network is made of, and what is measured of one that dies."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import vogels_abbott
from neurosim.spiketrains import SpikeTrains


@pytest.mark.parametrize("model", ["cuba", "coba"])
def test_a_generator_stands_for_the_same_network_whatever_the_step(model: str) -> None:
    coarse, fine = (vogels_abbott.network(model, 4000, dt, rng=np.random.default_rng(3)) for dt in (0.1, 0.025))
    assert coarse.projections.keys() == fine.projections.keys()
    for name, projection in coarse.projections.items():
        assert projection.synapses == fine.projections[name].synapses
    assert np.array_equal(coarse.populations["stimulus"].neuron.times, fine.populations["stimulus"].neuron.times)


def test_a_neuron_has_eighty_synapses_in_a_network_of_any_size() -> None:
    for n in (500, 4000):
        net = vogels_abbott.network("coba", n, 0.1, rng=np.random.default_rng(1))
        counts = {name: net.projections[name].synapses.n_synapses for name in ("exc-exc", "exc-inh", "inh-exc", "inh-inh")}
        assert sum(counts.values()) == pytest.approx(80 * n, rel=5 * (80 * n) ** -0.5)
        assert counts["inh-exc"] == pytest.approx(16 * 0.8 * n, rel=5 * (12.8 * n) ** -0.5)


def test_a_network_that_died_has_a_last_spike_and_no_rate() -> None:
    found = vogels_abbott.run("coba", 300, 0, steps=(0.1,), settle=1000.0, duration=500.0, life=1500.0, seed=1)
    assert 0 < found["last"] < 1000
    assert np.isnan(found["rate"].values).all()
    assert np.isnan(found["cv"].values).all()
    assert found["silent"] == 1.0


def test_rows_of_a_raster_are_the_spikes_of_cells() -> None:
    cell = vogels_abbott.ROWS - 1
    rows = vogels_abbott.raster_of(SpikeTrains([120.0, 105.0, 110.0], [cell, cell, 0], vogels_abbott.ROWS, 100.0, 200.0))
    assert rows[cell, :2].tolist() == [5.0, 20.0]
    assert rows[0, 0] == 10.0
    assert np.isfinite(rows).sum() == 3
