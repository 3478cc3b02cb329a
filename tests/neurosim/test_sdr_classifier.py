"""The classifier: a recurrence that can be solved, gradients, noise, and categories to come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.sdr import classifier as module
from neurosim.sdr.classifier import Classifier
from neurosim.sdr.codes import Code, Codes, corrupt, random_code, random_codes
from neurosim.sdr.driven import Driven


def test_log_odds_of_two_categories_follow_their_recurrence() -> None:
    """Delta x = 2 rate w / (1 + e^x) for a code of w active units that is shown again and again."""
    classifier, code, odds = Classifier(100, 2, rate=0.02), Code(range(10), 100), 0.0
    state = classifier.init()
    for _ in range(50):
        chances = classifier.compute(state, code, 1)
        assert np.log(chances[1] / chances[0]) == pytest.approx(odds, abs=1e-12)
        odds += 2 * 0.02 * 10 / (1 + np.exp(odds))
    assert state.tick == 50


@settings(max_examples=8, deadline=None)
@given(st.integers(2, 6), st.integers(0, 5), st.integers(0, 2**32))
def test_learning_climbs_the_gradient_of_the_log_likelihood(categories: int, category: int, seed: int) -> None:
    rng, category = np.random.default_rng(seed), category % categories
    classifier, code = Classifier(30, categories, rate=1e-3), random_code(30, 5, rng=rng)
    state = classifier.init()
    state.weights[:] = rng.normal(size=state.weights.shape)
    before = state.weights.copy()
    classifier.compute(state, code, category)
    unit, slope, small = int(code.indices[0]), (state.weights - before) / 1e-3, 1e-6
    for k in range(categories):
        moved = ns.state.copy(state)
        moved.weights[:] = before
        moved.weights[unit, k] += small
        risen = np.log(classifier.infer(moved, code)[category])
        moved.weights[unit, k] -= 2 * small
        assert (risen - np.log(classifier.infer(moved, code)[category])) / (2 * small) == pytest.approx(slope[unit, k], abs=1e-6)
    assert np.abs(slope[np.setdiff1d(np.arange(30), code.indices)]).max() == 0.0


def test_probabilities_sum_to_1_even_where_votes_are_huge() -> None:
    classifier = Classifier(10, 3)
    state = classifier.init()
    state.weights[:, 0] = 1e5
    assert classifier.infer(state, Code([1, 2], 10)).tolist() == [1.0, 0.0, 0.0]
    assert classifier.infer(classifier.init(), Code([], 10)) == pytest.approx([1 / 3] * 3)


def test_codes_are_named_under_noise() -> None:
    rng = np.random.default_rng(0)
    codes, classifier = random_codes(20, 2048, 40, rng=rng), Classifier(2048, 20)
    state = classifier.init()
    for _ in range(3):
        for category, code in enumerate(codes):
            classifier.compute(state, code, category)
    named = [classifier.infer(state, corrupt(code, 0.5, rng=rng)).argmax() for code in codes]
    assert named == list(range(20))


def test_a_soft_target_is_reached() -> None:
    classifier, code, state = Classifier(50, 3), Code(range(5), 50), Classifier(50, 3).init()
    for _ in range(400):
        classifier.compute(state, code, [0.2, 0.3, 0.5])
    assert classifier.infer(state, code) == pytest.approx([0.2, 0.3, 0.5], abs=1e-6)


def test_without_learning_only_the_tick_changes() -> None:
    classifier = Classifier(50, 3)
    state = classifier.init(seed=4)
    classifier.compute(state, [1, 2], 0, learn=False)
    assert (state.weights == 0).all()
    assert (state.tick, state.seed) == (1, 4)


class Naming:
    """The classifier as a learner on a stream: the category is the first active unit modulo 3."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier

    def init(self, *, seed: int) -> module.ClassifierState:
        return self.classifier.init(seed=seed)

    def compute(self, state: module.ClassifierState, code: Code, learn: bool = True) -> Code:
        self.classifier.compute(state, code, int(code.indices[0]) % 3, learn)
        return code


def test_slices_saves_and_resumes() -> None:
    codes = Codes([Code([a, a + 7, a + 9], 40) for a in range(11)])
    model = Driven(Naming(Classifier(40, 3)), codes)
    ns.check_model(model, model.init(seed=1), ticks=15)


def test_bad_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="categories must be at least 2, got 1"):
        Classifier(10, 1)
    with pytest.raises(ValueError, match="rate must be finite and above 0"):
        Classifier(10, 2, rate=0.0)
    classifier = Classifier(10, 2)
    state = classifier.init()
    with pytest.raises(ValueError, match="category must be below categories = 2, got 2"):
        classifier.compute(state, [1], 2)
    with pytest.raises(TypeError, match="category must be an integer or 2 probabilities"):
        classifier.compute(state, [1], [0.1, 0.2, 0.7])
    with pytest.raises(ValueError, match=r"probabilities that sum to 1, got a sum of 1.2"):
        classifier.compute(state, [1], [0.5, 0.7])
    with pytest.raises(ValueError, match=r"code must lie in 0 ... 9, got 10"):
        classifier.infer(state, [10])
    with pytest.raises(ValueError, match="code must rise, got 2 after 3"):
        classifier.infer(state, [3, 2])
    with pytest.raises(ValueError, match="code must have size 10, got a Code of size 11"):
        classifier.compute(state, Code([1], 11), 0)
    assert state.tick == 0
    monkeypatch.setattr("neurosim.memory.free_memory", lambda: 10**6)
    with pytest.raises(MemoryError, match=r"65536 x 1000 weights need 0.524 GB, 0.001 GB are free"):
        Classifier(65_536, 1000).init()
