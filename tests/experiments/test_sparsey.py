"""Hierarchies of macs: fields, codes that persist and come back, recall, preparation of images, moving figures, read-outs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models.sparsey
import neurosim as ns
from models.sparsey import Hierarchy, Level
from models.sparsey import figures as moving
from models.sparsey.fields import grid_fields, grid_of, parents_of
from models.sparsey.images import codes_of, skeletons
from models.sparsey.readout import fit_counts, fit_linear
from models.sparsey.tables import codes_of_winners, restricted
from neurosim.sdr import Code, Codes, Driven, random_codes
from neurosim.sdr.selection_rules import CriticalPeriod, Hypotheses, Permanence

BELOW: dict[str, Any] = {"modules": 5, "units": 8}


def bars(n: int = 8) -> Codes:
    """Return frames of n x n pixels in which an upright bar crosses from left to right."""
    return codes_of(np.array([np.tile(np.arange(n) == column, (n, 1)) for column in range(n)]))


def two_levels(feedback: bool = True, **changes: Any) -> Hierarchy:
    below = Level((4, 4), (2, 2), horizontal=True, feedback=feedback, **{**BELOW, **changes})
    return Hierarchy((8, 8), (below, Level((3, 3), (3, 3), modules=10, units=32, horizontal=True)))


@pytest.mark.parametrize("name", [name for _, name, _ in pkgutil.iter_modules(models.sparsey.__path__, "models.sparsey.")])
def test_examples_of_the_models(name: str) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(importlib.import_module(name), optionflags=flags).failed == 0


# --- fields -------------------------------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=30)
def test_fields_cover_every_place_and_parents_are_their_inverse(data: st.DataObject) -> None:
    stride = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    field = data.draw(st.tuples(st.integers(stride[0], 5), st.integers(stride[1], 5)))
    steps = data.draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
    shape = field[0] + steps[0] * stride[0], field[1] + steps[1] * stride[1]
    fields = grid_fields(shape, field, stride)
    assert grid_of(shape, field, stride) == (steps[0] + 1, steps[1] + 1)
    assert set(np.concatenate(fields).tolist()) == set(range(shape[0] * shape[1]))
    parents = parents_of(fields, shape[0] * shape[1])
    assert all((place in fields[number]) == (number in seen) for place, seen in enumerate(parents) for number in range(len(fields)))


@pytest.mark.parametrize(
    ("shape", "field", "stride", "told"),
    [
        ((8, 8), (9, 4), (1, 1), "field must fit into shape: 9 rows into 8"),
        ((8, 8), (4, 4), (3, 2), "stride must let fields cover all rows: at most 4 and divide 4 = 8 - 4, got 3"),
        ((9, 8), (3, 3), (6, 1), "at most 3 and divide 6"),
        ((8, 8), (4, 0), (1, 1), "columns of field must be at least 1"),
    ],
)
def test_fields_that_do_not_cover_are_refused(shape: Any, field: Any, stride: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        grid_of(shape, field, stride)


def test_a_pair_is_a_pair() -> None:
    with pytest.raises(TypeError, match=r"stride must be a pair \(rows, columns\), got 2"):
        grid_of((8, 8), (4, 4), 2)  # pyright: ignore[reportArgumentType]


def test_a_field_sees_its_part_of_each_code(rng: np.random.Generator) -> None:
    codes, places = random_codes(6, 40, 9, rng=rng), np.array([1, 4, 7])
    for seen, code in zip(restricted(codes, places, 4), codes, strict=True):
        np.testing.assert_array_equal(seen.dense(), code.dense().reshape(10, 4)[places].reshape(-1))


def test_winners_become_active_units(rng: np.random.Generator) -> None:
    winners = rng.integers(0, 6, (4, 3, 5)).astype(np.int32)
    winners[rng.random((4, 3)) < 0.4] = -1
    dense = (winners[..., None] == np.arange(6)).reshape(4, -1)
    assert [code.indices.tolist() for code in codes_of_winners(winners, 6)] == [np.flatnonzero(row).tolist() for row in dense]


# --- hierarchies --------------------------------------------------------------------------------------------------------------


def test_a_table_of_frames_gives_the_codes_of_frame_by_frame(rng: np.random.Generator) -> None:
    levels = Level((4, 4), (2, 2), least=2, most=9, critical_period=CriticalPeriod(0.5), **BELOW), Level((3, 3), (3, 3), modules=4, units=8)
    model, frames = Hierarchy((8, 8), levels), random_codes(12, 64, 14, rng=rng)
    one, other = model.init(seed=3), model.init(seed=3)
    for learn in (True, False):
        found = model.present(one, frames, learn)
        for number, frame in enumerate(frames):
            top = model.compute(other, frame, learn)
            np.testing.assert_array_equal([model.winners(other, level) for level in (0,)], [found[0][number]])
            assert top == codes_of_winners(found[1], 8)[number]
    assert ns.state.fingerprint(one) == ns.state.fingerprint(other)


@pytest.mark.parametrize("learn", [True, False])
def test_a_hierarchy_keeps_the_promises_of_a_model(learn: bool) -> None:
    model = two_levels(persistence=2, backoff=0.7, hypotheses=Hypotheses(0.9), permanence=Permanence(50.0))
    state = model.init(seed=5)
    for frame in bars():
        model.compute(state, frame)
    ns.check_model(Driven(model, bars(), learn=learn), state, ticks=4)


def test_a_saved_memory_goes_on_like_one_that_never_stopped(tmp_path: Path) -> None:
    model, frames = two_levels(), bars()
    state = model.init(seed=2)
    for frame in frames[:5]:
        model.compute(state, frame)
    ns.state.save(state, tmp_path / "macs.state")
    again = ns.state.load(tmp_path / "macs.state", like=state)
    assert [model.compute(state, frame) for frame in frames] == [model.compute(again, frame) for frame in frames]
    assert ns.state.fingerprint(state) == ns.state.fingerprint(again)


def test_recognition_changes_no_weight() -> None:
    model = two_levels()
    state = model.init(seed=2)
    for frame in bars():
        model.compute(state, frame)
    before = [ns.state.fingerprint((mac.inputs, mac.horizontal, mac.above)) for level in state.macs for mac in level]
    for frame in bars():
        model.compute(state, frame, learn=False)
    model.recall(state)
    assert before == [ns.state.fingerprint((mac.inputs, mac.horizontal, mac.above)) for level in state.macs for mac in level]


@pytest.mark.parametrize("persistence", [1, 2, 3])
def test_a_code_lasts_for_its_number_of_ticks(persistence: int) -> None:
    """With new codes for new frames, the code changes on every tick whose number is a multiple of the persistence."""
    model = Hierarchy((8, 8), (Level((8, 8), (8, 8), modules=30, units=8, persistence=persistence),))
    state = model.init(seed=1)
    codes = [model.compute(state, frame) for frame in bars()]
    assert [tick for tick in range(1, 8) if codes[tick] != codes[tick - 1]] == list(range(persistence, 8, persistence))


def test_macs_without_enough_in_their_field_have_no_code() -> None:
    model = Hierarchy((8, 8), (Level((4, 4), (4, 4), least=3, most=5, **BELOW),))
    state = model.init(seed=1)
    model.compute(state, Code([0, 1, 2, 5, 6, 32, 33, *range(36, 40), *range(44, 48)], 64))
    assert (model.winners(state, 0)[:, 0] >= 0).tolist() == [True, False, False, False]
    model.compute(state, Code([], 64))
    assert (model.winners(state, 0) == -1).all()
    assert np.isnan(model.familiarity(state, 0))
    assert len(model.code(state, 0)) == 0


def test_one_stored_frame_is_read_back_exactly(rng: np.random.Generator) -> None:
    """Winners have weights from the pixels of the frame alone, all of them."""
    for permanence in (None, Permanence(10.0)):
        model = Hierarchy((8, 8), (Level((4, 4), (2, 2), permanence=permanence, **BELOW),))
        state, frame = model.init(seed=1), random_codes(1, 64, 20, rng=rng)[0]
        model.compute(state, frame)
        np.testing.assert_array_equal(model.pixels(state), frame.dense().reshape(8, 8))


def test_feedback_starts_macs_that_were_silent() -> None:
    """A bar that crosses the frame enters fields whose macs have no code of their own to go on from."""
    shown = []
    for feedback in (False, True):
        model = two_levels(feedback, modules=12, units=24)
        state = model.init(seed=4)
        for frame in bars():
            model.compute(state, frame)
        model.reset(state)
        model.compute(state, bars()[0], learn=False)
        found = []
        for _ in range(7):
            model.recall(state, least=0.6)
            found.append(model.pixels(state) > 0.85)
        wanted = [frame.dense().reshape(8, 8) for frame in bars()[1:]]
        shown.append([bool((a == b).all()) for a, b in zip(found, wanted, strict=True)])
    assert shown[1] == [True] * 7
    assert not shown[0][-1]


def test_backing_off_finds_a_frame_in_a_wrong_context() -> None:
    """A frame out of turn: what is linked to the frame before points elsewhere, the frame alone finds its code."""
    overlaps = []
    for backoff in (0.0, 0.8):
        model = Hierarchy((8, 8), (Level((8, 8), (8, 8), modules=6, units=60, horizontal=True, backoff=backoff),))
        state = model.init(seed=1)
        stored = [model.compute(state, frame) for frame in bars()]
        model.reset(state)
        model.compute(state, bars()[0], learn=False)
        overlaps.append(len(model.compute(state, bars()[6], learn=False) & stored[6]))
    assert overlaps[1] == 6
    assert overlaps[0] < 6


def test_the_states_of_macs_do_not_depend_on_each_other() -> None:
    """Seeds of the macs differ, or neighbours that see the same would have the same code."""
    model = Hierarchy((4, 8), (Level((4, 4), (4, 4), modules=20, units=16),))
    state = model.init(seed=0)
    model.compute(state, Code([0, 4, 9, 13], 32))
    first, second = model.winners(state, 0)
    assert (first != second).any()


# --- bad input ----------------------------------------------------------------------------------------------------------------


def test_hierarchies_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="feedback of the top level must be False"):
        Hierarchy((8, 8), (Level((4, 4), (4, 4), feedback=True, **BELOW),))
    with pytest.raises(TypeError, match="levels must be a tuple of Level, at least one"):
        Hierarchy((8, 8), ())
    with pytest.raises(ValueError, match="field must fit into shape") as told:
        Hierarchy((8, 8), (Level((4, 4), (4, 4), **BELOW), Level((3, 3), (3, 3), **BELOW)))
    assert told.value.__notes__ == ["this is level 1 of 2, which lies on a grid of (2, 2)"]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"persistence": 0}, "persistence must be at least 1"),
        ({"least": 3, "most": 2}, "most must be at least 3"),
    ]
    for wrong, message in cases:
        with pytest.raises(ValueError, match=message):
            Level((4, 4), (4, 4), **BELOW, **wrong)
    with pytest.raises(ValueError, match=r"backoff must lie in 0 \.\.\. 1, got 2"):
        Level((4, 4), (4, 4), backoff=2, **BELOW)
    with pytest.raises(TypeError, match="critical_period must be CriticalPeriod"):
        Hierarchy((8, 8), (Level((4, 4), (4, 4), critical_period=0.5, **BELOW),))  # pyright: ignore[reportArgumentType]


def test_frames_that_do_not_fit_are_refused() -> None:
    model = two_levels()
    state = model.init(seed=1)
    with pytest.raises(ValueError, match=r"code must lie in 0 \.\.\. 63, got 64"):
        model.compute(state, [3, 64])
    with pytest.raises(ValueError, match="code must have size 64, got a Code of size 65"):
        model.compute(state, Code([3], 65))
    with pytest.raises(ValueError, match="present wants levels without memory"):
        model.present(state, bars())
    with pytest.raises(ValueError, match=r"least must lie in 0 \.\.\. 1"):
        model.recall(state, least=1.5)
    plain = Hierarchy((8, 8), (Level((4, 4), (4, 4), **BELOW),))
    with pytest.raises(ValueError, match="frames must be Codes of size 64"):
        plain.present(plain.init(), bars(6))
    assert state.tick == 0


def test_weights_that_would_not_fit_are_refused() -> None:
    with pytest.raises(MemoryError, match="the weights would not fit"):
        Hierarchy((8, 8), (Level((8, 8), (8, 8), modules=2000, units=5000, horizontal=True),)).init()


# --- images -------------------------------------------------------------------------------------------------------------------


def test_images_without_the_extra_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "skimage"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ns.errors.MissingExtra, match="scikit-image, which is not installed") as told:
        skeletons(np.zeros((1, 28, 28), np.uint8))
    assert "neurosim[images]" in told.value.__notes__[0]
    assert skeletons(np.full((2, 28, 28), 255, np.uint8), thin=False).all()


def test_lines_are_one_pixel_wide() -> None:
    pytest.importorskip("skimage", reason="the images extra is not installed")
    grey = np.zeros((2, 28, 28), np.uint8)
    grey[0, 12:17, 4:24] = 255
    grey[1, 4:24, 4:9] = 255
    across, down = skeletons(grey)
    assert across.sum(axis=0).max() == 1
    assert down.sum(axis=1).max() == 1
    assert not skeletons(np.full((1, 28, 28), 105, np.uint8)).any()


def test_images_of_the_wrong_kind_are_refused() -> None:
    with pytest.raises(TypeError, match=r"images must be uint8 of shape \(n, height, width\), got float64"):
        skeletons(np.zeros((1, 28, 28)))
    with pytest.raises(ValueError, match=r"threshold must lie in 0 \.\.\. 255, got 256"):
        skeletons(np.zeros((1, 28, 28), np.uint8), threshold=256)
    with pytest.raises(TypeError, match="frames must be truth values"):
        codes_of(np.zeros((2, 3)))


def test_prepared_digits_have_as_many_pixels_as_those_of_the_source(data_folder: Path) -> None:
    """Means of the thousand digits in the public repository named in models.sparsey.images, by class, to within two pixels."""
    pytest.importorskip("skimage", reason="the images extra is not installed")
    theirs = [30.6, 15.7, 25.0, 22.9, 25.8, 23.5, 25.8, 21.2, 28.9, 24.8]
    images, labels = ns.data.mnist("test")
    chosen = np.concatenate([np.flatnonzero(labels == digit)[100 * (digit == 0) :][:100] for digit in range(10)])
    ours = skeletons(images[chosen]).sum(axis=(1, 2)).reshape(10, 100).mean(axis=1)
    np.testing.assert_allclose(ours, theirs, atol=1.0)


# --- moving figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", moving.ACTIONS)
def test_an_action_moves_and_comes_out_the_same_again(action: str) -> None:
    film = moving.clip(action, 2)
    np.testing.assert_array_equal(film, moving.clip(action, 2))
    assert (film != moving.clip(action, 3)).any()
    assert (film != moving.clip(action, 2, seed=1)).any()
    assert (film[0] != film[1:]).any()
    assert film.any(axis=(1, 2)).all()


def test_figures_that_travel_cross_the_frame_and_others_stay() -> None:
    columns = np.arange(moving.SHAPE[1])
    for name, action in moving.ACTIONS.items():
        film = moving.clip(name, 0)
        middle = (film * columns).sum(axis=(1, 2)) / film.sum(axis=(1, 2))
        assert (abs(middle[-1] - middle[0]) > 10) == (action.travel > 0)


def test_clips_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(ValueError, match="action must be a name of ACTIONS, got 'wlak'") as told:
        moving.clip("wlak", 0)
    assert told.value.__notes__ == ["did you mean 'walk'?"]
    with pytest.raises(ValueError, match=r"shape must be at least \(32, 24\)"):
        moving.clip("walk", 0, shape=(20, 40))


# --- read-outs ----------------------------------------------------------------------------------------------------------------


def test_the_linear_read_out_is_ridge_regression(rng: np.random.Generator) -> None:
    """Against the normal equations of the weights, with a bias that is shrunk like the others."""
    codes, labels = random_codes(25, 30, 6, rng=rng), rng.integers(0, 3, 25)
    table = np.array([[*code.dense(), True] for code in codes], float)
    weights = np.linalg.solve(table.T @ table + 2.5 * np.eye(31), table.T @ (2.0 * np.eye(3)[labels] - 1.0))
    readout = fit_linear(codes, labels, ridge=2.5, classes=3)
    np.testing.assert_allclose(readout.weights, weights[:-1], atol=1e-10)
    np.testing.assert_allclose(readout.bias, weights[-1], atol=1e-10)
    np.testing.assert_allclose(readout.scores(codes), table @ weights, atol=1e-10)
    assert readout.accuracy(codes, labels) == np.mean((table @ weights).argmax(axis=1) == labels)


def test_counts_are_the_logarithms_of_shares() -> None:
    codes = Codes([Code([0, 1], 3), Code([0, 2], 3), Code([2], 3)])
    readout = fit_counts(codes, [0, 0, 1], prior=1.0)
    np.testing.assert_allclose(np.exp(readout.weights), [[3 / 7, 1 / 4], [2 / 7, 1 / 4], [2 / 7, 2 / 4]])
    np.testing.assert_allclose(np.exp(readout.bias), [3 / 4, 2 / 4])


def test_read_outs_refuse_what_does_not_fit() -> None:
    codes = Codes([Code([0, 1], 3), Code([2], 3)])
    with pytest.raises(TypeError, match=r"labels must be 2 integers, one for each code, got int64 of shape \(3,\)"):
        fit_linear(codes, [0, 1, 2])
    with pytest.raises(ValueError, match=r"labels must lie in 0 \.\.\. 1, got 2"):
        fit_counts(codes, [0, 2], classes=2)
    with pytest.raises(ValueError, match="labels must be at least 0, got -1"):
        fit_counts(codes, [0, -1])
    with pytest.raises(ValueError, match="ridge must be finite and above 0"):
        fit_linear(codes, [0, 1], ridge=0.0)
    with pytest.raises(ValueError, match="codes must have size 3, got 4"):
        fit_linear(codes, [0, 1]).classes(Codes([Code([1], 4)]))
