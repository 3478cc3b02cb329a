"""Anomaly score and likelihood: against the oracle, the normal tail, slices, and what a surprise does."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import neurosim as ns
from neurosim.sdr import anomaly
from neurosim.sdr.anomaly import AnomalyLikelihood, LikelihoodState
from neurosim.sdr.codes import Code
from tests.reference import anomaly_likelihood as slow


def test_score_is_the_share_that_was_not_predicted() -> None:
    predicted = Code(range(40), 2048)
    assert anomaly.score(Code(range(40), 2048), predicted) == 0.0
    assert anomaly.score(Code(range(30, 70), 2048), predicted) == 0.75
    assert anomaly.score([100, 200], predicted) == 1.0
    assert anomaly.score(Code([], 2048), predicted) == 0.0
    with pytest.raises(ValueError, match="active must have size 2048, got a Code of size 100"):
        anomaly.score(Code([1], 100), predicted)
    with pytest.raises(ValueError, match="active must rise, got 3 twice"):
        anomaly.score([3, 3], predicted)


def run(likelihood: AnomalyLikelihood, scores: np.ndarray) -> list[float]:
    state = likelihood.init()
    return [likelihood.compute(state, score) for score in scores]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.05, 0.2, 0.5, 1.0]), min_size=1, max_size=120),
    st.integers(0, 20), st.integers(1, 15), st.integers(15, 60), st.integers(1, 12), st.integers(1, 10),
)  # fmt: skip
def test_likelihood_is_the_oracles(scores: list[float], learning: int, samples: int, window: int, every: int, average: int) -> None:
    settings = {"learning": learning, "samples": samples, "window": window, "every": every, "average": average}
    np.testing.assert_allclose(run(AnomalyLikelihood(**settings), np.array(scores)), slow.likelihoods(scores, **settings), atol=1e-9)


def test_likelihood_is_the_normal_tail_of_the_averages() -> None:
    """Independent scores of mean 1/2 and standard deviation 0.1: averages of ten have 0.1 / sqrt(10)."""
    scores = np.clip(np.random.default_rng(0).normal(0.5, 0.1, 20_000), 0, 1)
    likelihood = AnomalyLikelihood(learning=100, samples=100, window=18_000, every=1000)
    state = likelihood.init()
    found = np.array([likelihood.compute(state, score) for score in scores])[5000:]
    assert state.mean == pytest.approx(0.5, abs=0.003)
    assert state.deviation == pytest.approx(0.1 / math.sqrt(10), rel=0.05)
    for share in (0.1, 0.5, 0.9, 0.99):
        assert (found <= share).mean() == pytest.approx(share, abs=0.03)


def test_log_score_has_its_threshold_where_the_tail_is_one_in_a_hundred_thousand() -> None:
    assert anomaly.log_score(1 - 1e-5) == pytest.approx(anomaly.THRESHOLD, abs=1e-6)
    assert anomaly.log_score(norm.cdf(4.2648908)) == pytest.approx(0.5, abs=1e-6)
    assert anomaly.log_score(1.0) == pytest.approx(1.0)
    assert anomaly.log_score(0.0) == 0.0
    with pytest.raises(ValueError, match=r"likelihood must lie in 0 ... 1, got 1.1"):
        anomaly.log_score(1.1)


def test_of_surprises_in_a_row_the_first_one_counts() -> None:
    scores = np.concatenate([np.tile([0.0, 0.1], 200), np.ones(12), np.tile([0.0, 0.1], 20), np.ones(12)])
    found = np.array(run(AnomalyLikelihood(learning=100, samples=100, every=1000), scores))
    assert np.flatnonzero(1 - found <= anomaly.UNLIKELY).tolist() == [400, 452]
    assert (found[401:412] == 1 - anomaly.FOLLOWING).all()


def test_a_faultless_stream_forgives_a_small_surprise_and_not_a_large_one() -> None:
    """Mean and deviation are at least 0.03 and 0.0173, so ten scores must add up to 1.04 for Q = 1e-5."""
    likelihood = AnomalyLikelihood(learning=50, samples=50)
    quiet = np.zeros(200)
    assert run(likelihood, np.append(quiet, 1.0))[-1] < 1 - anomaly.UNLIKELY
    assert run(likelihood, np.append(quiet, [1.0, 0.05]))[-1] > 1 - anomaly.UNLIKELY


@dataclass
class Stream:
    state: LikelihoodState
    tick: int = 0


@dataclass(frozen=True)
class Model:
    likelihood: AnomalyLikelihood
    scores: tuple[float, ...]
    dt: float = field(default=1.0)

    def step(self, state: Stream, ticks: int, /) -> None:
        for tick in range(state.tick, state.tick + ticks):
            self.likelihood.compute(state.state, self.scores[tick])
        state.tick += ticks


def test_slices_saves_and_resumes() -> None:
    likelihood = AnomalyLikelihood(learning=20, samples=10, window=40, every=7)
    model = Model(likelihood, tuple(np.random.default_rng(0).random(130)))
    ns.check_model(model, Stream(likelihood.init(seed=3)), ticks=65)


def test_a_saved_state_goes_on(tmp_path: Path) -> None:
    likelihood, scores = AnomalyLikelihood(learning=20, samples=10, window=40), np.random.default_rng(0).random(100)
    state = likelihood.init()
    for score in scores[:60]:
        likelihood.compute(state, score)
    ns.state.save(state, tmp_path / "half")
    loaded = ns.state.load(tmp_path / "half", LikelihoodState)
    assert [likelihood.compute(state, s) for s in scores[60:]] == [likelihood.compute(loaded, s) for s in scores[60:]]


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="window must be at least 100, got 50"):
        AnomalyLikelihood(window=50)
    with pytest.raises(TypeError, match="every must be an integer, got 2.5"):
        AnomalyLikelihood(every=2.5)  # type: ignore[arg-type]
    likelihood = AnomalyLikelihood()
    state = likelihood.init()
    for score, message in ((1.5, r"must lie in 0 ... 1, got 1.5"), (-0.1, "at least 0, got -0.1"), (float("nan"), "finite")):
        with pytest.raises(ValueError, match=message):
            likelihood.compute(state, score)
    assert state.tick == 0
