"""Energy descent of many replicas, with the energy of the retrieval state over it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import neurosim as ns
from neurosim import plot

pytestmark = pytest.mark.usefixtures("_close_figures")


@pytest.fixture
def descent(rng: np.random.Generator) -> xr.Dataset:
    """Recall of 30 patterns at load 0.05 by 1,000 units, from a fifth flipped."""
    patterns = ns.hopfield.random_patterns(50, 1000, rng=rng)
    memory = ns.hopfield.DenseHopfield(patterns)
    cues = ns.hopfield.flip(patterns[:30], 0.2, rng=rng)
    return ns.simulate(memory, memory.init(cues, seed=1), steps=6, record={"energy": ns.Trace(memory.energy, dims=("replica",))})


def test_the_median_of_the_replicas_ends_at_the_energy_of_the_theory(descent: xr.Dataset) -> None:
    """Over networks of 1,000 units the energy of a pattern, -1/2 - sum of squared overlaps with the others, scatters by 0.01."""
    theory = float(ns.hopfield.theory.retrieval(0.05).energy)
    ax = plot.energy(descent, theory=theory, theory_label="retrieval state")
    level = next(line for line in ax.lines if line.get_label() == "retrieval state")
    assert set(level.get_ydata()) == {theory}
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(theory, abs=0.01)
    assert level.get_zorder() > ax.lines[0].get_zorder()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["retrieval state"]


def test_each_replica_is_a_line_that_never_rises(descent: xr.Dataset) -> None:
    lines = [line for line in plot.energy(descent).lines if line.get_linewidth() < 1]
    assert len(lines) == 30
    assert all((np.diff(line.get_ydata()) <= 0).all() for line in lines)


def test_many_replicas_are_fainter_than_few(descent: xr.Dataset) -> None:
    few, many = (plot.energy(descent.isel(replica=slice(n))).lines[-1].get_alpha() for n in (2, 30))
    assert 0 < many < few < 1
