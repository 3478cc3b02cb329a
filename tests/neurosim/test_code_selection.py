"""Sparsey's mac: a slow mac as oracle, closed forms for one item, invariants of codes, resume, the promises of a model, bad input."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.sdr.code_selection import MOST_ROWS, RINKUS_2010, CodeSelection
from neurosim.sdr.codes import Code, Codes, corrupt, overlap, random_code, random_codes
from neurosim.sdr.driven import Driven
from neurosim.sdr.selection_rules import CriticalPeriod, Expansivity, Hypotheses, Permanence
from tests.reference import code_selection as reference

# --- the oracle -----------------------------------------------------------------------------------------------------------------

RULES = st.sampled_from([Expansivity(), RINKUS_2010, Expansivity(0.5, 1.0, 3.0, scale=2.0, power=0.5), Expansivity(gain=0.0)])
MACS = st.fixed_dictionaries(
    {
        "inputs": st.integers(1, 24),
        "modules": st.integers(1, 4),
        "units": st.integers(2, 5),
        "horizontal": st.booleans(),
        "neighbours": st.sampled_from([0, 9]),
        "above": st.sampled_from([0, 12]),
        "expansivity": RULES,
        "exponents": st.sampled_from([(1.0, 1.0, 1.0), (1.0, 0.5, 2.0)]),
        "least_active": st.integers(0, 2),
        "most_active": st.sampled_from([None, 7]),
        "full": st.sampled_from([None, 3]),
        "hypotheses": st.sampled_from([None, Hypotheses(0.5, 0.7, 1.5), Hypotheses(0.25, 0.7, 2.5)]),
        "permanence": st.sampled_from([None, Permanence(3, 2.0, 2.0, 3), Permanence(6.5)]),
        "critical_period": st.sampled_from([None, CriticalPeriod(0.2), CriticalPeriod(0.15, whole=True)]),
    }
)


def oracle(mac: CodeSelection, seed: int) -> reference.Mac:
    """Return the slow mac with the same parameters."""
    lasting, sending, period = mac.permanence, mac.hypotheses, mac.critical_period
    return reference.Mac(
        mac.n_sources, mac.modules, mac.units, mac.horizontal, mac.expansivity.numbers(mac.units).tolist(), seed,
        exponents=mac.exponents, least=mac.least_active, most=mac.most_active, full=mac.full,
        hypotheses=sending and (sending.cut, sending.exponent, sending.most),
        decay=lasting and (lasting.lifetimes.tolist(), lasting.convexity),
        period=period and (period.fraction, period.whole),
    )  # fmt: skip


def random_inputs(mac: CodeSelection, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, dict[int, float]]]:
    """Return active units of all channels, some with strengths: as arguments of compute, and as the oracle takes them."""
    sizes = {"inputs": mac.inputs, "neighbours": mac.neighbours, "above": mac.above}
    units = {name: np.flatnonzero(rng.random(size) < rng.choice([0.1, 0.4])) for name, size in sizes.items() if size}
    shown = {name: active for name, active in units.items() if name == "inputs" or rng.random() < 0.7}
    strengths = {name: rng.choice([0.0, 0.5, 1.0, 1.7], active.size) for name, active in shown.items() if rng.random() < 0.2}
    given_to = {"code": shown["inputs"], "strengths": strengths} | {name: shown[name] for name in shown if name != "inputs"}
    pairs = {name: zip(active.tolist(), strengths.get(name, np.ones(active.size)).tolist(), strict=True) for name, active in shown.items()}
    return given_to, {name: dict(pair) for name, pair in pairs.items()}


def weights_of(mac: CodeSelection, state: Any, name: str) -> np.ndarray:
    """Return what every weight of a projection is worth, (n_sources, size)."""
    into = getattr(state, name)
    if mac.permanence is None:
        n = mac.n_sources[name]
        octets = into.bits[:n].view(np.uint8) if n else np.zeros((0, 0), np.uint8)
        return np.unpackbits(octets, axis=1, bitorder="little")[:, : mac.size].astype(float) if n else np.zeros((0, mac.size))
    one = mac.permanence
    table = [
        [reference.value(int(level), state.tick - int(at), one.lifetimes.tolist(), one.convexity) for level, at in zip(*row, strict=True)]
        for row in zip(into.levels, into.set_at, strict=True)
    ]
    return np.array(table).reshape(mac.n_sources[name], mac.size)


@settings(max_examples=80, deadline=None)
@given(MACS, st.integers(0, 2**63))
def test_a_mac_selects_and_learns_as_the_oracle(parameters: dict[str, Any], seed: int) -> None:
    mac, rng = CodeSelection(**parameters), np.random.default_rng(seed)
    state, slow = mac.init(seed=seed), oracle(mac, seed)
    for _ in range(7):
        learn, draw = bool(rng.random() < 0.8), bool(rng.random() < 0.7)
        if rng.random() < 0.15:
            mac.reset(state)
            slow.winners, slow.strength = None, 1.0
        arguments, active = random_inputs(mac, rng)
        code = mac.compute(state, learn=learn, draw=draw, **arguments)
        wanted = slow.step(active, learn, draw)
        assert state.winners.tolist() == ([-1] * mac.modules if wanted is None else wanted)
        assert list(code) == ([] if wanted is None else [module * mac.units + k for module, k in enumerate(wanted)])
        assert (state.familiarity, state.hypotheses, state.tick) == (slow.familiarity, slow.zeta, slow.tick)
        assert state.strength == pytest.approx(slow.strength)
    for name, n in mac.n_sources.items():
        worth = [[slow.worth(name, source, unit) for unit in range(mac.size)] for source in range(n)]
        assert np.array_equal(weights_of(mac, state, name), np.array(worth).reshape(n, mac.size))
        assert getattr(state, name).frozen.tolist() == (slow.frozen[name] if n else [])


@settings(max_examples=20, deadline=None)
@given(MACS, st.integers(0, 2**63), st.booleans(), st.booleans())
def test_a_table_is_presented_as_one_code_after_another(parameters: dict[str, Any], seed: int, learn: bool, draw: bool) -> None:
    mac, rng = CodeSelection(**{**parameters, "inputs": 40}), np.random.default_rng(seed)
    codes = Codes([random_code(40, int(rng.integers(1, 12)), rng=rng) for _ in range(6)])
    states = mac.init(seed=seed), mac.init(seed=seed)
    mac.present(states[0], codes[:3])
    winners, familiarity = mac.present(states[0], codes[3:], learn, draw=draw)
    for code in codes[:3]:
        mac.compute(states[1], code)
    for row, (code, found) in enumerate(zip(codes[3:], winners, strict=True)):
        assert mac.compute(states[1], code, learn, draw=draw) == mac.code_of(found)
        assert states[1].familiarity == familiarity[row]
    assert ns.state.copy(states[0]).tick == 6
    for one, other in zip(*(dataclasses.astuple(state) for state in states), strict=True):
        assert np.all([np.array_equal(a, b) for a, b in zip(one, other, strict=True)] if isinstance(one, tuple) else one == other)


@pytest.mark.parametrize("horizontal", [False, True])
def test_more_inputs_than_fit_a_byte_are_counted_right(horizontal: bool, rng: np.random.Generator) -> None:
    """The quick count ends at 255 inputs; a cue of which a third is known has G = 1/3 by any count."""
    mac = CodeSelection(1200, 3, 5, horizontal=horizontal)
    state = mac.init()
    codes = [Code(np.arange(900), 1200), Code(np.arange(600, 1200), 1200), Code(np.arange(MOST_ROWS), 1200)]
    mac.compute(state, codes[0])
    assert [mac.familiarity(ns.state.copy(state), code) for code in codes[:1]] == [1.0] if not horizontal else True
    mac.reset(state)
    assert mac.familiarity(state, codes[1]) == pytest.approx(0.5)
    assert mac.familiarity(state, codes[2]) == 1.0
    mac.present(state, Codes(codes), learn=False)
    assert state.tick == 4


@pytest.mark.parametrize("options", [{"horizontal": True}, {"units": 150}, {"full": 3}, {"full": 3, "hypotheses": Hypotheses(cut=0.5)}])
def test_weights_that_never_fade_are_bits(options: dict[str, Any], rng: np.random.Generator) -> None:
    """A lifetime beyond the run, without convexity, gives the very numbers of binary weights, summed up another way."""
    codes = Codes([random_code(60, int(rng.integers(2, 9)), rng=rng) for _ in range(40)])
    sizes = {"inputs": 60, "modules": 5, "units": 6, **options}
    macs = CodeSelection(**sizes), CodeSelection(**sizes, permanence=Permanence(1e6, 0.0))
    states = [mac.init(seed=3) for mac in macs]
    for learn, draw in ((True, True), (False, True), (False, False)):
        found = [mac.present(state, codes, learn=learn, draw=draw) for mac, state in zip(macs, states, strict=True)]
        assert np.array_equal(found[0][0], found[1][0])
        assert np.array_equal(found[0][1], found[1][1])
        assert states[0].hypotheses == states[1].hypotheses


def test_a_mac_that_holds_too_many_codes_is_silent_until_a_sequence_begins_anew() -> None:
    """Half of each of two inputs: zeta near 2, more than 1; then the own last code counts for nothing, and the next input by itself."""
    mac = CodeSelection(30, 12, 8, horizontal=True, hypotheses=Hypotheses(cut=0.4, most=1))
    state = mac.init(seed=2)
    for first in (0, 6):
        mac.reset(state)
        mac.compute(state, range(first, first + 6))
    mac.reset(state)
    mac.compute(state, [0, 1, 2, 6, 7, 8], learn=False)
    assert state.strength == 0
    assert mac.familiarity(state, range(6)) == 1
    mac.reset(state)
    assert state.strength == 1


# --- theory ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "wanted"), [(RINKUS_2010, {4: 0.1314, 6: 0.8512}), (Expansivity(), {4: 0.3307, 6: 0.8648, 12: 0.9746})])
def test_one_stored_item_is_recalled_as_the_closed_form_says(rule: Expansivity, wanted: dict[int, float]) -> None:
    """Q = 24, K = 8, 12 of 144 inputs, 400 draws for each number of shared inputs; four standard errors."""
    mac = CodeSelection(144, 24, 8, expansivity=rule)
    state = mac.init(seed=5)
    stored = mac.compute(state, range(12))
    assert rule.intersection(np.array(list(wanted)) / 12, 8) == pytest.approx(list(wanted.values()), abs=5e-5)
    for shared, expected in wanted.items():
        cue = Code([*range(shared), *range(20, 32 - shared)], 144)
        winners, familiarity = mac.present(state, Codes([cue] * 400), learn=False, draw=True)
        assert familiarity == pytest.approx(shared / 12)
        hits = (winners * 1 + np.arange(24) * 8 == stored.indices).mean()
        assert hits == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 9600))


def test_an_unfamiliar_input_gets_a_random_code() -> None:
    """Without anything stored every unit wins equally often: chi-squared of 8 units in 24 modules, 500 draws."""
    mac = CodeSelection(144, 24, 8)
    winners, familiarity = mac.present(mac.init(seed=9), Codes([Code(range(12), 144)] * 500), learn=False, draw=True)
    assert not familiarity.any()
    counts = np.array([np.bincount(column, minlength=8) for column in winners.T])
    squares = ((counts - 62.5) ** 2 / 62.5).sum()
    assert abs(squares - 24 * 7) < 4 * np.sqrt(2 * 24 * 7)


def test_weights_set_follow_the_law_of_random_codes(rng: np.random.Generator) -> None:
    """p = 1 - (1 - s / n K)^M with codes kept random: 1,000 items of 16 of 1,024 inputs, K = 40, p = 0.324."""
    mac = CodeSelection(1024, 10, 40, expansivity=Expansivity(threshold=0.9999))
    state = mac.init(seed=2)
    codes = random_codes(1000, 1024, 16, rng=rng)
    stored, _ = mac.present(state, codes)
    wanted = 1 - (1 - 16 / 1024 / 40) ** 1000
    assert mac.used(state)["inputs"] == pytest.approx(wanted, abs=0.002)
    found, familiarity = mac.present(state, codes, learn=False)
    assert (familiarity == 1.0).all()
    assert (found == stored).mean() > 1 - 20 * wanted**16 - 0.001


@given(st.integers(1, 30), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_every_code_has_one_unit_in_each_module_and_familiarity_lies_in_the_unit_interval(n: int, seed: int) -> None:
    mac, rng = CodeSelection(50, 7, 5, horizontal=True), np.random.default_rng(seed)
    state = mac.init(seed=seed)
    for code in random_codes(n, 50, 5, rng=rng):
        chosen = mac.compute(state, code)
        assert (chosen.indices // 5).tolist() == list(range(7))
        assert 0 <= state.familiarity <= 1
        assert mac.support(state, code).max() <= 1


def test_more_similar_inputs_get_more_similar_codes(rng: np.random.Generator) -> None:
    mac = CodeSelection(200, 50, 10)
    state = mac.init(seed=1)
    code = random_code(200, 20, rng=rng)
    stored = mac.compute(state, code)
    shared = [np.mean([overlap(stored, mac.compute(state, corrupt(code, f, rng=rng), learn=False, draw=True)) for _ in range(40)])
              for f in (0.0, 0.3, 0.5, 0.7, 1.0)]  # fmt: skip
    assert shared == sorted(shared, reverse=True)
    assert shared[0] > 45
    assert shared[-1] < 10


# --- horizontal and top-down input ----------------------------------------------------------------------------------------------


def test_a_sequence_keeps_apart_what_looks_the_same(rng: np.random.Generator) -> None:
    """Two sequences share their middle frame: its code depends on the frame before, and each is replayed with its own."""
    a, b, shared = random_codes(3, 144, 12, rng=rng)
    mac = CodeSelection(144, 24, 16, horizontal=True)
    state = mac.init(seed=4)
    stored = []
    for first in (a, b):
        mac.reset(state)
        mac.compute(state, first)
        stored.append(mac.compute(state, shared))
    assert overlap(*stored) < 12
    for first, code in zip((a, b), stored, strict=True):
        mac.reset(state)
        mac.compute(state, first, learn=False)
        assert mac.compute(state, shared, learn=False) == code


def test_signals_from_above_tell_apart_what_looks_the_same(rng: np.random.Generator) -> None:
    mac = CodeSelection(100, 20, 12, above=60)
    state = mac.init(seed=8)
    image, contexts = random_code(100, 10, rng=rng), random_codes(2, 60, 6, rng=rng)
    stored = [mac.compute(state, image, above=context) for context in contexts]
    assert overlap(*stored) < 10
    for context, code in zip(contexts, stored, strict=True):
        assert mac.compute(state, image, above=context, learn=False) == code


def test_a_mac_recalls_by_what_comes_from_above_alone(rng: np.random.Generator) -> None:
    mac = CodeSelection(100, 20, 12, above=60, least_active=0)
    state = mac.init(seed=8)
    images, contexts = random_codes(2, 100, 10, rng=rng), random_codes(2, 60, 6, rng=rng)
    stored = [mac.compute(state, image, above=context) for image, context in zip(images, contexts, strict=True)]
    assert [mac.compute(state, [], above=context, learn=False) for context in contexts] == stored


def test_a_mac_that_holds_two_codes_sends_with_twice_the_strength(rng: np.random.Generator) -> None:
    """Half of each of two stored inputs: both codes are supported by a half; zeta = 2, but for units shared by chance."""
    mac = CodeSelection(144, 24, 16, hypotheses=Hypotheses(cut=0.4, most=3))
    state = mac.init(seed=3)
    stored = [mac.compute(state, range(12)), mac.compute(state, range(12, 24))]
    mac.compute(state, [*range(6), *range(12, 18)], learn=False)
    assert state.hypotheses == pytest.approx(2 - overlap(*stored) / 24)
    assert state.strength == state.hypotheses
    few = dataclasses.replace(mac, hypotheses=Hypotheses(cut=0.4, most=1))
    few.compute(state, [*range(6), *range(12, 18)], learn=False)
    assert state.strength == 0


# --- forgetting and freezing ----------------------------------------------------------------------------------------------------


def test_what_is_not_seen_again_is_forgotten_and_what_is_lasts_longer() -> None:
    mac = CodeSelection(40, 6, 8, permanence=Permanence(10, convexity=5, growth=4, levels=2))
    state = mac.init(seed=1)
    once, twice = Code(range(8), 40), Code(range(8, 16), 40)
    mac.compute(state, once)
    code = mac.compute(state, twice)
    state.tick = 8
    assert mac.familiarity(state, twice) == pytest.approx(mac.permanence.value(7) if mac.permanence else 0)
    assert mac.compute(state, twice, draw=False) == code
    state.tick = 11
    assert mac.familiarity(state, once) == 0
    state.tick = 45
    assert mac.familiarity(state, twice) > 0
    assert mac.used(state)["inputs"] == pytest.approx(8 / 40 / 8)
    state.tick = 48
    assert mac.familiarity(state, twice) == 0


@pytest.mark.parametrize("permanence", [None, Permanence(5)])
def test_a_frozen_mac_learns_no_more_and_forgets_nothing(permanence: Permanence | None, rng: np.random.Generator) -> None:
    mac = CodeSelection(40, 6, 4, critical_period=CriticalPeriod(0.15, whole=True), permanence=permanence)
    state = mac.init(seed=1)
    codes = random_codes(40, 40, 8, rng=rng)
    mac.present(state, codes)
    frozen = state.inputs.frozen.all()
    used = mac.used(state)["inputs"]
    mac.present(state, codes)
    assert frozen
    assert 0.15 < mac.used(state)["inputs"] == used < 0.25


def test_units_are_frozen_one_by_one(rng: np.random.Generator) -> None:
    mac = CodeSelection(60, 4, 6, critical_period=CriticalPeriod(0.5))
    state = mac.init(seed=1)
    mac.present(state, random_codes(20, 60, 6, rng=rng))
    assert 0 < state.inputs.frozen.sum() < mac.size
    assert (state.inputs.n_set[state.inputs.frozen] > 30).all()
    mac.present(state, random_codes(200, 60, 6, rng=rng))
    assert (state.inputs.n_set <= 36).all()


# --- promises -------------------------------------------------------------------------------------------------------------------

KINDS = [
    {},
    {"horizontal": True},
    {
        "horizontal": True,
        "permanence": Permanence(4, growth=2.0, levels=2),
        "critical_period": CriticalPeriod(0.3),
        "hypotheses": Hypotheses(),
    },
]


@pytest.mark.parametrize("options", KINDS)
def test_it_keeps_the_promises_of_a_model(options: dict[str, Any], rng: np.random.Generator) -> None:
    model = Driven(CodeSelection(30, 4, 5, **options), random_codes(5, 30, 4, rng=rng))
    state = model.init(seed=6)
    model.step(state, 3)
    ns.check_model(model, state)


@pytest.mark.parametrize("options", KINDS)
def test_a_saved_mac_goes_on_like_one_that_never_stopped(options: dict[str, Any], tmp_path: Path, rng: np.random.Generator) -> None:
    mac = CodeSelection(30, 4, 5, **options)
    codes = random_codes(20, 30, 4, rng=rng)
    state = mac.init(seed=6)
    mac.present(state, codes[:10])
    ns.state.save(state, tmp_path / "mac.state")
    other = ns.state.load(tmp_path / "mac.state", like=state)
    assert np.array_equal(mac.present(state, codes[10:])[0], mac.present(other, codes[10:])[0])


def test_the_seed_chooses_the_codes(rng: np.random.Generator) -> None:
    mac, codes = CodeSelection(144, 24, 8), random_codes(3, 144, 12, rng=rng)
    one, same, other = (mac.present(mac.init(seed=seed), codes)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_mac_of_the_capacity_studies_has_39168_weights() -> None:
    assert CodeSelection(144, 9, 16, horizontal=True).n_weights == 39_168


# --- bad input ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"inputs": 0}, ValueError, "inputs must be at least 1, got 0"),
        ({"modules": 2.0}, TypeError, "modules must be an integer, got 2.0"),
        ({"units": 1}, ValueError, "units must be at least 2, got 1"),
        ({"neighbours": -1}, ValueError, "neighbours must be at least 0"),
        ({"horizontal": 5}, TypeError, "horizontal must be True or False, got 5"),
        ({"exponents": (1.0, 1.0)}, TypeError, "exponents must be three numbers"),
        ({"exponents": (1.0, 0.0, 1.0)}, ValueError, "exponents must be finite and above 0"),
        ({"least_active": 5, "most_active": 4}, ValueError, "most_active must be at least 5, got 4"),
        ({"full": 0}, ValueError, "full must be at least 1"),
        ({"expansivity": None}, TypeError, r"expansivity must be Expansivity\(...\), got None"),
        ({"permanence": 100}, TypeError, r"permanence must be Permanence\(...\), got 100"),
        ({"critical_period": 0.5}, TypeError, r"critical_period must be CriticalPeriod\(...\), got 0.5"),
        ({"hypotheses": True}, TypeError, r"hypotheses must be Hypotheses\(...\), got True"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        CodeSelection(**{"inputs": 10, "modules": 2, "units": 4, **parameters})


def test_bad_inputs(rng: np.random.Generator) -> None:
    mac: Any = CodeSelection(10, 2, 4, neighbours=6)
    state = mac.init()
    bad: list[tuple[Any, type[Exception], str]] = [
        (lambda: mac.compute(state, [3, 2]), ValueError, "code must rise, got 2 after 3"),
        (lambda: mac.compute(state, [3, 3]), ValueError, "code must rise, got 3 twice"),
        (lambda: mac.compute(state, [10]), ValueError, r"code must lie in 0 ... 9, got 10"),
        (lambda: mac.compute(state, Code([1], 11)), ValueError, "code must have size 10, got a Code of size 11"),
        (lambda: mac.compute(state, [1], neighbours=[6]), ValueError, r"neighbours must lie in 0 ... 5, got 6"),
        (lambda: mac.compute(state, [1], above=[0]), ValueError, "above must be None: this mac has no such inputs"),
        (
            lambda: mac.compute(state, [1], strengths={"below": [1.0]}),
            ValueError,
            "strengths must be of inputs, neighbours, above, got 'below'",
        ),
        (lambda: mac.compute(state, [1], strengths={"inputs": [1.0, 2.0]}), ValueError, "strengths of code must be 1 finite numbers"),
        (lambda: mac.compute(state, [1], strengths={"inputs": [-1.0]}), ValueError, "at least 0"),
        (lambda: mac.present(state, [Code([1], 10)]), TypeError, "codes must be Codes, got list"),
        (lambda: mac.present(state, random_codes(2, 11, 3, rng=rng)), ValueError, "codes must have size 10, got 11"),
        (lambda: mac.init(seed=-1), ValueError, "seed must lie in 0"),
    ]
    for call, error, message in bad:
        with pytest.raises(error, match=message):
            call()
    assert state.tick == 0


def test_a_mac_that_would_not_fit_is_refused() -> None:
    with pytest.raises(MemoryError, match=r"the weights would not fit: 100,000,000 sources of 1,000,000 units take .* GiB are free"):
        CodeSelection(100_000_000, 1000, 1000).init()
    with pytest.raises(MemoryError, match="would not fit") as refused:
        CodeSelection(1_000_000, 1000, 1000, permanence=Permanence(10)).init()
    assert "40 times smaller" in refused.value.__notes__[0]


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    @dataclasses.dataclass
    class MacState:
        winners: np.ndarray
        tick: int = 0

    ns.state.save(MacState(np.zeros(3)), tmp_path / "old.state")
    with pytest.raises(ns.errors.CheckpointError, match="was saved with other fields|holds a"):
        ns.state.load(tmp_path / "old.state", like=CodeSelection(10, 2, 4).init())
