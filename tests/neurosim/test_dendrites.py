"""A neuron that learns on its segments: the rule place by place, recognition, forgetting, resuming, bad input."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.errors import CheckpointError
from neurosim.sdr._permanences import fixed
from neurosim.sdr.dendrites import DendriticNeuron, NeuronState
from tests.reference import dendrites as oracle

sdr = ns.sdr
RULE = {"initial": 0.5, "connected": 0.4, "increment": 0.15, "decrement": 0.2, "punishment": 0.3}


def streams(max_size: int = 12) -> Any:
    """Codes of 70 cells, some of them again and again."""
    code = st.lists(st.integers(0, 69), unique=True, max_size=14).map(sorted)
    return st.lists(code, min_size=1, max_size=4).flatmap(lambda few: st.lists(st.sampled_from(few), min_size=1, max_size=max_size))


def twins(threshold: int, least: int) -> tuple[DendriticNeuron, oracle.Neuron]:
    """A neuron and its oracle."""
    neuron = DendriticNeuron(70, segments=3, synapses=6, threshold=threshold, min_threshold=least, **RULE)
    rule = {name: fixed(value) for name, value in RULE.items()}
    return neuron, oracle.Neuron(3, 6, threshold=threshold, min_threshold=least, **rule)


def places(state: NeuronState) -> list[oracle.Segment]:
    """Write a state as the oracle does."""
    table = zip(state.cells.tolist(), state.permanences.tolist(), strict=True)
    return [[None if cell < 0 else [cell, value] for cell, value in zip(*row, strict=True)] for row in table]


@settings(max_examples=40)
@given(streams(), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**64 - 1), st.integers(0, 2**32))
def test_learning_and_punishing_change_every_place_as_the_rule_says(
    stream: list[list[int]], threshold: int, least: int, seed: int, choice: int
) -> None:
    neuron, slow = twins(threshold, least)
    state = neuron.init(seed=seed)
    for tick, code in enumerate(stream):
        wanted = slow.active(code)
        if choice >> tick & 1:
            assert neuron.punish(state, code).indices.tolist() == wanted
            slow.punish(code)
        else:
            assert neuron.compute(state, code).indices.tolist() == wanted
            if code:
                slow.learn(code, seed, tick)
        assert places(state) == slow.segments
        assert state.last.tolist() == slow.last
        assert state.tick == tick + 1


@settings(max_examples=30)
@given(streams(), st.integers(1, 6))
def test_synapses_stay_different_and_permanences_in_range(stream: list[list[int]], threshold: int) -> None:
    neuron, _ = twins(threshold, 2)
    state = neuron.init(seed=3)
    for code in stream:
        neuron.compute(state, code)
        for cells, permanences in zip(state.cells, state.permanences, strict=True):
            kept = cells[cells >= 0]
            assert len(set(kept.tolist())) == len(kept)
            assert (permanences[cells >= 0] > 0).all()
            assert (permanences[cells < 0] == 0).all()


def test_one_presentation_is_enough_and_each_pattern_takes_one_segment(rng: np.random.Generator) -> None:
    patterns = sdr.random_codes(300, 2048, 40, rng=rng)
    neuron = DendriticNeuron(2048, segments=400, synapses=20, threshold=12)
    state = neuron.init(seed=5)
    assert [len(neuron.compute(state, code)) for code in patterns] == [0] * 300
    assert [neuron.compute(state, code).indices.tolist() for code in patterns] == [[k] for k in range(300)]
    assert (neuron.n_segments(state), neuron.n_synapses(state)) == (300, 6000)
    assert neuron.segments_of(state).n_active(patterns).tolist() == [1] * 300


def test_the_neuron_errs_as_often_as_its_segments_together(rng: np.random.Generator) -> None:
    """n = 1,000, a = 64, s = 16, theta = 6: P_fp = 4.4e-4 by scipy's hypergeometric tail; 1 - (1 - P_fp)^M for M = 500 patterns."""
    from scipy.stats import hypergeom

    neuron = DendriticNeuron(1000, segments=500, synapses=16, threshold=6, min_threshold=16)
    state = neuron.init(seed=5)
    for code in sdr.random_codes(500, 1000, 64, rng=rng):
        if not len(neuron.active(state, code)):
            neuron.compute(state, code)
    learned = neuron.n_segments(state)
    expected = 1 - (1 - hypergeom.sf(5, 1000, 16, 64)) ** learned
    wrong = np.mean(neuron.segments_of(state).n_active(sdr.random_codes(4000, 1000, 64, rng=rng)) > 0)
    assert wrong == pytest.approx(expected, abs=0.015)


def test_a_neuron_out_of_segments_forgets_what_it_learned_first(rng: np.random.Generator) -> None:
    patterns = sdr.random_codes(6, 2048, 40, rng=rng)
    neuron = DendriticNeuron(2048, segments=4, synapses=20, threshold=12)
    state = neuron.init(seed=5)
    for code in patterns:
        neuron.compute(state, code)
    assert [neuron.active(state, code).indices.tolist() for code in patterns] == [[], [], [2], [3], [0], [1]]


def test_repetition_with_noise_keeps_the_cells_that_come_back(rng: np.random.Generator) -> None:
    """A tenth of the cells is replaced each time: synapses that were drawn on noise die out, those on the pattern reach 1."""
    pattern = sdr.random_code(2048, 40, rng=rng)
    neuron = DendriticNeuron(2048, segments=1, synapses=20, threshold=8, increment=0.05, decrement=0.1)
    state = neuron.init(seed=5)
    for _ in range(300):
        neuron.compute(state, sdr.corrupt(pattern, 0.1, rng=rng))
    strong = state.cells[state.permanences > fixed(0.9)]
    assert len(strong) >= 10
    assert set(strong.tolist()) <= set(pattern)


def test_a_punished_pattern_is_recognised_no_more(rng: np.random.Generator) -> None:
    """From 0.5 to below 0.15 in steps of 410 / 32767: 28 times, then nothing is active and nothing changes."""
    pattern = sdr.random_code(2048, 40, rng=rng)
    neuron = DendriticNeuron(2048, segments=2)
    state = neuron.init(seed=5)
    neuron.compute(state, pattern)
    assert [len(neuron.punish(state, pattern)) for _ in range(30)] == [1] * 28 + [0] * 2
    assert neuron.n_synapses(state) == 24


def test_reading_without_learning_changes_nothing_but_the_clock(rng: np.random.Generator) -> None:
    code = sdr.random_code(100, 30, rng=rng)
    neuron = DendriticNeuron(100, segments=2)
    state = neuron.init(seed=5)
    neuron.compute(state, code, learn=False)
    neuron.compute(state, [])
    assert (neuron.n_segments(state), state.tick) == (0, 2)
    neuron.compute(state, code.indices)
    assert neuron.active(state, code) == neuron.compute(state, code, learn=False) == sdr.Code([0], 2)


def test_a_neuron_keeps_the_promises_of_a_model(rng: np.random.Generator) -> None:
    neuron = DendriticNeuron(200, segments=5, synapses=8, threshold=4)
    model = sdr.Driven(neuron, sdr.random_codes(9, 200, 20, rng=rng))
    state = model.init(seed=11)
    model.step(state, 4)
    ns.check_model(model, state, ticks=8)


def test_a_saved_neuron_goes_on_and_one_of_another_shape_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    codes = sdr.random_codes(20, 200, 20, rng=rng)
    neuron = DendriticNeuron(200, segments=30, synapses=8, threshold=4)
    state = neuron.init(seed=2)
    for code in codes[:10]:
        neuron.compute(state, code)
    ns.state.save(state, tmp_path / "neuron")
    again = ns.state.load(tmp_path / "neuron", like=state)
    for code in codes[10:]:
        assert neuron.compute(state, code) == neuron.compute(again, code)
    assert (state.cells == again.cells).all()
    assert (state.permanences == again.permanences).all()
    with pytest.raises(ValueError, match="state must have 31 segments, got 30"):
        DendriticNeuron(200, segments=31, synapses=8, threshold=4).compute(again, codes[0])


def test_a_neuron_of_another_version_is_refused(tmp_path: Path) -> None:
    fields = [(name, Any) for name in ("cells", "permanences", "tick", "seed", "strength")]
    older = dataclasses.make_dataclass("NeuronState", fields)(np.zeros((2, 3), np.int32), np.zeros((2, 3), np.int16), 0, 0, 1.0)
    ns.state.save(older, tmp_path / "neuron")
    with pytest.raises(CheckpointError, match="NeuronState was saved with other fields: last, strength differ"):
        ns.state.load(tmp_path / "neuron", like=NeuronState)


# --- bad input ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"inputs": 0}, "inputs must be at least 1"),
        ({"segments": 0}, "segments must be at least 1"),
        ({"synapses": 256}, "synapses must be at most 255, got 256"),
        ({"threshold": 25}, "threshold must be at most synapses = 24, got 25"),
        ({"min_threshold": 0}, "min_threshold must be at least 1"),
        ({"initial": 0.0}, "initial must be finite and at least 0 and above 0, got 0"),
        ({"connected": 1.5}, "connected must be at most 1, got 1.5"),
        ({"increment": -0.1}, "increment must be finite and at least 0"),
    ],
)
def test_parameters_out_of_range_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DendriticNeuron(**{"inputs": 100, **more})


def test_codes_that_do_not_fit_are_refused() -> None:
    neuron = DendriticNeuron(10, segments=2, synapses=2, threshold=2)
    state = neuron.init(seed=0)
    for wrong in ([3, 3], [4, 1], [10], [-1], sdr.Code([1], 11)):
        with pytest.raises(ValueError, match="^code must"):
            neuron.compute(state, wrong)
    assert state.tick == 0
    with pytest.raises(ValueError, match="no segment has 2 connected synapses, the threshold; the most is 0"):
        neuron.segments_of(state)


def test_a_neuron_that_would_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.sdr.dendrites.free_memory", lambda: 2**20)
    with pytest.raises(MemoryError, match="10,000 segments of 24 synapses would take 0.00 GiB; 0.00 GiB are free"):
        DendriticNeuron(100, segments=10_000).init(seed=0)
