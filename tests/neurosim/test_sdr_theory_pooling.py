"""Theory of the spatial pooler: against draws of columns, against the pooler itself, limits, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurosim.sdr import SpatialPooler, corrupt, overlap, random_codes
from neurosim.sdr.theory.pooling import Pooling

THEORY = Pooling(400, 30, fraction=0.6, share=0.05)


def test_probabilities_add_up() -> None:
    assert THEORY._first.sum(axis=1) == pytest.approx(1.0)
    assert THEORY._winners.sum() == pytest.approx(1.0)
    assert THEORY._learned.sum() == pytest.approx(1.0)
    both = THEORY._both(7)
    assert both.sum(axis=2) == pytest.approx(THEORY._first, abs=1e-12)
    assert both.sum(axis=1) == pytest.approx(THEORY._first, abs=1e-12)  # the noisy input is an input like any other


def test_overlaps_of_drawn_columns(rng: np.random.Generator) -> None:
    """100,000 columns drawn as the pooler draws them, 240 of 400 inputs, each connected or not: both overlaps and who wins again."""
    n, moved = 100_000, 9
    reach = rng.permuted(np.tile(np.arange(400) < 240, (n, 1)), axis=1)[:, : 30 + moved]
    connected = reach & (rng.random(reach.shape) < 0.5)
    first, then = connected[:, :30].sum(axis=1), connected[:, moved:].sum(axis=1)
    rank, places = rng.random(n), int(0.05 * n)
    one, other = (set(np.argsort(values + rank)[-places:].tolist()) for values in (first, then))
    winners = np.array(sorted(one))
    assert first.mean() == pytest.approx(THEORY.mean_overlap, abs=4 * 2.6 / np.sqrt(n))
    assert first[winners].mean() == pytest.approx(THEORY.winners_overlap, abs=0.1)
    assert reach[winners, :30].sum(axis=1).mean() == pytest.approx(THEORY.learned_overlap, abs=4 * 2.5 / np.sqrt(places))
    assert len(one & other) / places == pytest.approx(THEORY.kept(moved / 30), abs=4 * 0.5 / np.sqrt(places))


def test_the_pooler_itself(rng: np.random.Generator) -> None:
    """1,000 columns, 10 codes learned: 500 winners; tolerance 4 standard errors of shares and of overlaps."""
    pooler = SpatialPooler(400, 1000, potential_fraction=0.6, density=0.05)
    state, inputs = pooler.init(seed=2), random_codes(10, 400, 30, rng=rng)
    for _ in range(130):
        codes = [pooler.compute(state, code) for code in inputs]
    overlaps = np.concatenate([pooler.overlaps(state, code)[won.indices] for code, won in zip(inputs, codes, strict=True)])
    assert overlaps.mean() == pytest.approx(THEORY.learned_overlap, abs=4 * 2.5 / np.sqrt(500))
    for noise in (0.3, 0.5):
        kept = [
            overlap(won, pooler.compute(state, corrupt(code, noise, rng=rng), learn=False)) / 50
            for code, won in zip(inputs, codes, strict=True)
        ]
        assert np.mean(kept) == pytest.approx(THEORY.kept_after(noise, 10), abs=4 * 0.5 / np.sqrt(500))


def test_limits() -> None:
    assert THEORY.kept(0.0) == pytest.approx(1.0)
    assert THEORY.kept(1.0) == pytest.approx(0.05, abs=0.02)  # by chance, and a little by the number of connected inputs
    assert THEORY.kept_after(0.0, 1) == pytest.approx(1.0, abs=1e-3)
    assert Pooling(1000, 50, fraction=1.0).learned_overlap == pytest.approx(50.0)
    kept = [THEORY.kept_after(noise, 10) for noise in np.linspace(0, 1, 11)]
    assert (np.diff(kept) < 1e-12).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pooling(10, 11), "active must be at most n = 10, got 11"),
        (lambda: Pooling(10, 5, fraction=0.0), "fraction must be above 0 and at most 1, got 0.0"),
        (lambda: Pooling(10, 5, share=1.0), "share must be above 0 and below 1, got 1.0"),
        (lambda: THEORY.kept(1.5), r"noise must lie in 0 \.\.\. 1, got 1.5"),
        (lambda: THEORY.kept_after(0.5, 0), "patterns must be at least 1"),
    ],
)
def test_bad_values(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
