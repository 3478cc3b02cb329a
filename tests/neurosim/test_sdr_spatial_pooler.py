"""Spatial pooler: whole runs against a slow oracle, densities, homeostasis, topology, promises of a model, bad input."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.sdr import Code, Driven, SpatialPooler, corrupt, overlap, random_code, random_codes
from neurosim.sdr._permanences import FULL
from tests.reference import spatial_pooler as reference

OPTIONS = st.fixed_dictionaries(
    {
        "potential_fraction": st.sampled_from([0.05, 0.3, 1.0]),
        "density": st.sampled_from([0.06, 0.2, 0.5]),
        "inhibition": st.sampled_from(["global", "local"]),
        "stimulus_threshold": st.integers(0, 2),
        "boost": st.sampled_from([0.0, 5.0]),
        "duty_period": st.sampled_from([1, 30, 1000]),
        "minimum_duty": st.sampled_from([0.001, 0.5]),
        "wrap": st.booleans(),
    }
)
GRIDS = st.sampled_from([(70, 40), ((6, 7), (5, 6)), ((30,), (20,))])


def slow(pooler: SpatialPooler, seed: int) -> reference.Pooler:
    """Return the oracle of a pooler."""
    inputs, columns = (shape if isinstance(shape, tuple) else (shape,) for shape in (pooler.inputs, pooler.columns))
    places = np.indices(columns).reshape(len(columns), -1).T
    below = [tuple(int((p + 0.5) * (i / c)) for p, i, c in zip(place, inputs, columns, strict=True)) for place in places]
    return reference.Pooler(
        input_shape=inputs,
        column_shape=columns,
        centres=[int(np.ravel_multi_index(place, inputs)) for place in below],
        reach=max(inputs) if pooler.potential_radius is None else pooler.potential_radius,
        fraction=pooler.potential_fraction,
        density=pooler.density,
        local=pooler.inhibition == "local",
        wrap=pooler.wrap,
        stimulus=pooler.stimulus_threshold,
        increment=round(pooler.increment * FULL),
        decrement=round(pooler.decrement * FULL),
        threshold=round(pooler.connected * FULL),
        bump=round(pooler.connected * FULL / 10),
        boost=pooler.boost,
        period=pooler.duty_period,
        minimum=pooler.minimum_duty,
        seed=seed,
    )


# Against the oracle


@settings(max_examples=25)
@given(GRIDS, OPTIONS, st.sampled_from([None, 0, 1, 3]), st.integers(0, 2**32))
def test_a_run_equals_the_oracle(grids: tuple[Any, Any], options: dict[str, Any], radius: int | None, seed: int) -> None:
    """60 steps, some without learning: rows and lists, all and neighbours, boosted or not; the radius and the minimum change at step 50."""
    pooler = SpatialPooler(*grids, potential_radius=radius, **options)
    state, expected = pooler.init(seed=seed), slow(pooler, seed)
    rng = np.random.default_rng(seed)
    for step in range(56):
        active, learn = np.flatnonzero(rng.random(pooler.n_inputs) < rng.choice([0.0, 0.1, 0.4])), step % 9 != 3
        won = pooler.compute(state, active, learn=learn)
        assert won.indices.tolist() == expected.compute(active.tolist(), learn)
    check_same(pooler, state, expected)


def check_same(pooler: SpatialPooler, state: Any, expected: reference.Pooler) -> None:
    found = [np.nan_to_num(FULL * pooler.permanences(state, c), nan=-1).round().astype(int).tolist() for c in range(pooler.n_columns)]
    assert found == expected.permanences
    fields = [pooler.receptive_field(state, column).indices.tolist() for column in range(pooler.n_columns)]
    assert fields == [[i for i, value in enumerate(row) if value >= expected.threshold] for row in expected.permanences]
    for name in ("overlap_duty", "active_duty", "minimum_duty"):
        assert getattr(state, name).tolist() == [float(value) for value in getattr(expected, name)]
    assert (state.radius, state.learned) == (expected.radius, expected.learned)


# Facts


def test_half_of_the_reachable_inputs_begin_connected() -> None:
    """Binomial: 1,000 x 300 reachable inputs, each connected with probability 1/2, permanences uniform on either side."""
    pooler = SpatialPooler(1000, 1000, potential_fraction=0.3, connected=0.2)
    state = pooler.init(seed=3)
    held = state.permanences[:, : pooler.n_inputs]
    assert ((held >= 0).sum(axis=1) == 300).all()
    values = held[held >= 0] / FULL
    assert abs((values >= 0.2).mean() - 0.5) < 4 * 0.5 / np.sqrt(values.size)
    assert abs(values[values < 0.2].mean() - 0.1) < 4 * 0.2 / np.sqrt(12 * values.size / 2)
    assert abs(values[values >= 0.2].mean() - 0.6) < 4 * 0.8 / np.sqrt(12 * values.size / 2)


def test_overlaps_before_learning_are_binomial(rng: np.random.Generator) -> None:
    """An input of w units meets a column's connected synapses w / 4 times on average, where half can be reached and half of these count."""
    pooler = SpatialPooler(2000, 2048)
    overlaps = pooler.overlaps(pooler.init(seed=1), random_code(2000, 100, rng=rng))
    assert abs(overlaps.mean() - 25) < 4 * np.sqrt(100 * 0.25 * 0.75 / 2048)
    assert overlaps.var() == pytest.approx(100 * 0.25 * 0.75, rel=0.2)


@settings(max_examples=20)
@given(st.integers(30, 300), st.floats(0.04, 0.9), st.integers(0, 200), st.integers(0, 2**32))
def test_as_many_columns_win_as_density_asks_for(n: int, density: float, active: int, seed: int) -> None:
    pooler = SpatialPooler(200, n, density=density)
    state = pooler.init(seed=seed)
    code = Code(np.sort(np.random.default_rng(seed).choice(200, active, replace=False)), 200)
    assert len(pooler.compute(state, code)) == math.floor(density * n + 1e-9)


def test_a_stimulus_threshold_silences_columns_that_see_too_little() -> None:
    pooler = SpatialPooler(200, 100, density=0.5, stimulus_threshold=4)
    state = pooler.init(seed=1)
    overlaps = pooler.overlaps(state, range(12))
    won = pooler.compute(state, range(12), learn=False)
    assert len(won) < 50
    assert (overlaps[won.indices] >= 4).all()
    assert len(pooler.compute(state, [])) == 0


def test_local_inhibition_of_all_is_global_inhibition(rng: np.random.Generator) -> None:
    """With a radius that takes in all columns."""
    everywhere = SpatialPooler(100, 60, density=0.1)
    local = replace(everywhere, inhibition="local")
    states = everywhere.init(seed=2), local.init(seed=2)
    states[1].radius = 30
    for code in random_codes(40, 100, 10, rng=rng):
        assert everywhere.compute(states[0], code) == local.compute(states[1], code)
    assert np.array_equal(states[0].permanences, states[1].permanences)


def test_local_winners_are_spread_over_the_grid(rng: np.random.Generator) -> None:
    """All inputs of one half of the grid, and few of the other: globally winners gather there, locally each neighbourhood has its own."""
    columns, shares = np.arange(400) % 20, []
    code = Code.from_dense((columns < 10) | (rng.random(400) < 0.3))
    for inhibition in ("global", "local"):
        pooler = SpatialPooler((20, 20), (20, 20), potential_radius=2, density=0.1, inhibition=inhibition, wrap=False)
        won = pooler.compute(pooler.init(seed=1), code, learn=False)
        shares.append(float(np.mean(columns[won.indices] < 10)))
    assert shares[0] == 1.0
    assert 0.35 < shares[1] < 0.65


def test_a_column_reaches_the_inputs_around_its_place() -> None:
    pooler = SpatialPooler((12, 12), (6, 6), potential_radius=2, potential_fraction=1.0, density=0.1, wrap=False)
    state = pooler.init(seed=1)
    reached = [np.argwhere(~np.isnan(pooler.permanences(state, column).reshape(12, 12))) for column in (0, 14)]
    assert reached[0].tolist() == [[y, x] for y in range(4) for x in range(4)]
    assert reached[1].tolist() == [[y, x] for y in range(3, 8) for x in range(3, 8)]
    wrapped = replace(pooler, wrap=True)
    assert (~np.isnan(wrapped.permanences(wrapped.init(seed=1), 0))).sum() == 25


def test_learned_codes_are_stable_and_survive_noise(rng: np.random.Generator) -> None:
    """Before learning, a fifth of the input moved changes many winners; after it, few. Without learning nothing ever changes."""
    pooler, inputs = SpatialPooler(1000, 1024), random_codes(20, 1000, 50, rng=rng)
    state = pooler.init(seed=5)
    noisy = [corrupt(code, 0.2, rng=rng) for code in inputs]
    before = [pooler.compute(state, code, learn=False) for code in inputs]
    assert before == [pooler.compute(state, code, learn=False) for code in inputs]
    kept = np.mean([overlap(a, pooler.compute(state, b, learn=False)) / len(a) for a, b in zip(before, noisy, strict=True)])
    for _ in range(30):
        learned = [pooler.compute(state, code) for code in inputs]
    assert learned == [pooler.compute(state, code, learn=False) for code in inputs]
    kept_after = np.mean([overlap(a, pooler.compute(state, b, learn=False)) / len(a) for a, b in zip(learned, noisy, strict=True)])
    assert kept < 0.5 < 0.9 < kept_after


def test_boosting_lets_all_columns_take_part(rng: np.random.Generator) -> None:
    """Few inputs again and again: without boosting few columns ever win; with it all do, nearly as often as the density asks for."""
    inputs, shares = random_codes(10, 500, 25, rng=rng), []
    for boost in (0.0, 20.0):
        pooler = SpatialPooler(500, 256, density=0.04, boost=boost, duty_period=200)
        state = pooler.init(seed=1)
        for step in range(800):
            pooler.compute(state, inputs[step % 10])
        shares.append(float((state.active_duty > 0.01).mean()))
        assert pooler.boosts(state).min() > 0
    assert shares[0] < 0.5 < 0.9 < shares[1]


def test_columns_that_see_nothing_are_bumped_until_they_do(rng: np.random.Generator) -> None:
    """All permanences of some columns set to zero: after 50 steps they count as weak, and after some more their overlap is sufficient."""
    pooler, inputs = SpatialPooler(300, 100, density=0.05), random_codes(30, 300, 60, rng=rng)
    state = pooler.init(seed=1)
    mute = np.arange(10, 20)
    state.permanences[mute] = np.minimum(state.permanences[mute], 0)
    state.connected[:, 0] &= ~np.bitwise_or.reduce(np.uint64(1) << mute.astype(np.uint64))
    for step in range(50):
        pooler.compute(state, inputs[step % 30])
    assert (state.overlap_duty[mute] == 0).all()
    assert (state.permanences[mute] <= 0).all()
    for step in range(12):
        pooler.compute(state, inputs[step])
    assert (state.overlap_duty[mute] > 0).all()


# Promises of a model


@pytest.mark.parametrize(
    "options",
    [
        {"columns": 60},
        {"columns": 60, "potential_fraction": 0.05, "boost": 3.0},
        {"columns": (6, 10), "inputs": (10, 20), "potential_radius": 3, "inhibition": "local", "boost": 3.0},
    ],
)
def test_it_keeps_the_promises_of_a_model(options: dict[str, Any], rng: np.random.Generator) -> None:
    model = Driven(SpatialPooler(**{"inputs": 200, "density": 0.1, **options}), random_codes(17, 200, 20, rng=rng))
    state = model.init(seed=4)
    model.step(state, 45)
    ns.check_model(model, state)


def test_a_saved_pooler_goes_on(tmp_path: Path, rng: np.random.Generator) -> None:
    pooler, inputs = SpatialPooler(200, 100, density=0.1, boost=2.0), random_codes(60, 200, 20, rng=rng)
    state = pooler.init(seed=1)
    for code in inputs[:30]:
        pooler.compute(state, code)
    ns.state.save(state, tmp_path / "pooler.state")
    other = ns.state.load(tmp_path / "pooler.state", like=state)
    for code in inputs[30:]:
        assert pooler.compute(state, code) == pooler.compute(other, code)


def test_a_model_saved_by_another_version_is_refused(tmp_path: Path) -> None:
    from neurosim.errors import CheckpointError

    ns.state.save(Driven(SpatialPooler(20, 60), random_codes(1, 20, 2, rng=np.random.default_rng(0))).init(seed=0), tmp_path / "a.state")
    with pytest.raises(CheckpointError, match="wanted"):
        ns.state.load(tmp_path / "a.state", like=reference.Pooler)


def test_seeds_choose_the_permanences() -> None:
    pooler = SpatialPooler(100, 100)
    one, same, other = (pooler.init(seed=seed).permanences for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


# Bad input


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"inputs": 0}, ValueError, "inputs must be at least 1, got 0"),
        ({"inputs": (4, 0)}, ValueError, "inputs must be at least 1"),
        ({"inputs": ()}, ValueError, "inputs must be a number or a shape"),
        ({"columns": 2.5}, TypeError, "columns must be an integer, got 2.5"),
        ({"columns": 2**31}, ValueError, r"columns must be at most 2\*\*31 - 1"),
        ({"potential_fraction": 0.0}, ValueError, "potential_fraction must be above 0 and at most 1, got 0.0"),
        ({"density": 0.0}, ValueError, "density must be above 0 and below 1, got 0.0"),
        ({"density": 1.0}, ValueError, "density must be above 0 and below 1, got 1.0"),
        ({"density": 0.001}, ValueError, "density must leave a winner: 0.001 of 100 columns is less than one"),
        ({"inhibition": "lokal"}, ValueError, "inhibition must be one of global, local; got 'lokal'"),
        ({"stimulus_threshold": -1}, ValueError, "stimulus_threshold must be at least 0"),
        ({"increment": 1.5}, ValueError, "increment must be at most 1, got 1.5"),
        ({"connected": 0.0}, ValueError, "connected must be above 0 and below 1"),
        ({"boost": 51.0}, ValueError, r"boost must lie in 0 \.\.\. 50, got 51"),
        ({"duty_period": 0}, ValueError, "duty_period must be at least 1"),
        ({"minimum_duty": -0.1}, ValueError, "minimum_duty must be at least 0"),
        ({"potential_radius": -1}, ValueError, "potential_radius must be at least 0"),
        ({"inputs": (10, 20), "inhibition": "local"}, ValueError, r"grids of as many axes, got \(10, 20\) and \(100,\)"),
        ({"inputs": (10, 20), "potential_radius": 2}, ValueError, "grids of as many axes"),
    ],
)
def test_bad_parameters(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SpatialPooler(**{"inputs": 200, "columns": 100, **changes})


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        (Code([1], 199), ValueError, "code must have size 200, got a Code of size 199"),
        ([3, 1], ValueError, "code must rise"),
        ([1, 1], ValueError, "code must rise, got 1 twice"),
        ([200], ValueError, r"code must lie in 0 \.\.\. 199, got 200"),
        ([-1], ValueError, "code must lie in"),
        ([0.5], TypeError, "code must be a row of integers"),
        (np.zeros(200, bool), TypeError, "code must be indices, got a mask"),
    ],
)
def test_bad_codes(code: Any, error: type[Exception], message: str) -> None:
    pooler = SpatialPooler(200, 100)
    state = pooler.init()
    with pytest.raises(error, match=message):
        pooler.compute(state, code)
    assert state.tick == 0


def test_states_and_columns_that_do_not_belong() -> None:
    pooler = SpatialPooler(200, 100)
    wrong: Any = "state"
    with pytest.raises(TypeError, match="state must be a SpatialPoolerState, got str"):
        pooler.compute(wrong, [1])
    with pytest.raises(ValueError, match="state must have 200 inputs, got 201"):
        pooler.compute(SpatialPooler(201, 100).init(), [1])
    with pytest.raises(ValueError, match=r"column must lie in 0 \.\.\. 99, got 100"):
        pooler.receptive_field(pooler.init(), 100)


def test_a_pooler_that_would_not_fit_is_refused() -> None:
    with pytest.raises(MemoryError, match=r"1,000,000 columns of 10,000,000 inputs take 2\.\d+e\+04 GB"):
        SpatialPooler(10_000_000, 1_000_000).init()
