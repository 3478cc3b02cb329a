"""Sparse codes as a user meets them."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, hypergeom

import neurosim as ns
from neurosim.sdr import Code, Codes, Driven, corrupt, overlap, random_code, random_codes, silence, subsample, union
from neurosim.sdr.codes import indices_of

RNG = np.random.default_rng(3)
LIST: Any = [1]


def test_overlaps_of_random_codes_are_hypergeometric() -> None:
    codes = random_codes(4000, 300, 40, rng=np.random.default_rng(1))
    counts = np.bincount(codes[:2000].overlaps(random_code(300, 40, rng=RNG)), minlength=41)
    counts += np.bincount(codes[2000:].overlaps(random_code(300, 40, rng=RNG)), minlength=41)
    expected = 4000 * hypergeom.pmf(np.arange(41), 300, 40, 40)
    likely = expected > 5
    statistic = ((counts - expected)[likely] ** 2 / expected[likely]).sum()
    assert statistic < chi2.isf(1e-4, likely.sum() - 1)


def test_every_unit_is_drawn_alike() -> None:
    uses = np.bincount(random_codes(5000, 100, 10, rng=np.random.default_rng(2)).indices, minlength=100)
    assert abs(uses - 500).max() < 5 * np.sqrt(5000 * 0.1 * 0.9)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_code_keeps_its_units_in_each_form(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    a, b = (sorted(data.draw(st.sets(st.integers(0, size - 1)))) for _ in range(2))
    code, other = Code(a, size), Code(b, size)
    assert Code.from_dense(code.dense()) == code == Code.from_bits(code.bits, size) == deepcopy(code)
    assert hash(code) == hash(Code(np.array(a, np.uint16), size))
    assert list(code | other) == sorted({*a} | {*b})
    assert list(code & other) == sorted({*a} & {*b})
    assert list(code - other) == sorted({*a} - {*b})
    assert [unit in code for unit in range(-1, size + 1)] == [unit in a for unit in range(-1, size + 1)]
    table = Codes([code, other])
    assert table.overlaps(table).tolist() == [[len({*x} & {*y}) for y in (a, b)] for x in (a, b)]
    assert (table.bits == [code.bits, other.bits]).all()
    assert list(table) == [code, other]
    assert list(table[1:]) == [other] == list(table[:0:-1])
    assert Codes.from_lists(table.starts, table.indices, size) == table


@given(st.integers(2, 200), st.data())
@settings(deadline=None, max_examples=60)
def test_noise_moves_the_share_it_is_told_to(size: int, data: st.DataObject) -> None:
    active = data.draw(st.integers(1, size - 1))
    fraction = data.draw(st.floats(0, 1))
    code, moved = random_code(size, active, rng=RNG), round(fraction * active)
    if moved <= size - active:
        noisy = corrupt(code, fraction, rng=RNG)
        assert len(noisy) == active
        assert overlap(code, noisy) == active - moved
        assert Code(noisy.indices, size) == noisy
    assert silence(code, fraction, rng=RNG) - code == Code([], size)
    assert len(silence(code, fraction, rng=RNG)) == active - moved


def test_units_that_move_go_anywhere() -> None:
    code = Code(range(10), 30)
    uses = np.sum([corrupt(code, 0.5, rng=RNG).dense() for _ in range(2000)], axis=0)
    assert abs(uses[:10] - 1000).max() < 5 * np.sqrt(500)
    assert abs(uses[10:] - 500).max() < 5 * np.sqrt(375)


def test_a_union_holds_each_code() -> None:
    codes = random_codes(20, 500, 10, rng=RNG)
    everything = union(codes)
    assert (codes.overlaps(everything) == 10).all()
    assert everything == union(list(codes))


def test_a_code_is_frozen() -> None:
    code = Code([1, 2], 5)
    with pytest.raises(ValueError, match="read-only"):
        code.indices[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        code.bits[0] = 0
    with pytest.raises(AttributeError, match="frozen"):
        code.size = 6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Code([1, 5], 5), r"indices must lie in 0 ... 4, got 5"),
        (lambda: Code([-1], 5), r"indices must lie in 0 ... 4, got -1"),
        (lambda: Code([2, 2], 5), r"indices must rise, got 2 twice"),
        (lambda: Code([3, 2], 5), r"indices must rise, got 2 after 3"),
        (lambda: Code([1.0], 5), r"indices must be a row of integers, got float64"),
        (lambda: Code([[1]], 5), r"indices must be a row of integers"),
        (lambda: Code(np.ones(5, bool), 5), r"indices must be indices, got a mask"),
        (lambda: Code([], 0), r"size must be at least 1, got 0"),
        (lambda: Code([], 2**31), r"size must be at most 2\*\*31 - 1"),
        (lambda: Code.from_dense(np.ones((2, 2), bool)), r"mask must be a row of truth values"),
        (lambda: Code.from_bits(np.array([32], np.uint64), 5), r"bit 5 is"),
        (lambda: Code.from_bits(np.array([32]), 5), r"words must be 1 of type uint64"),
        (lambda: random_code(10, 0, rng=RNG), r"active must be at least 1, got 0"),
        (lambda: random_code(10, 10, rng=RNG), r"active must be below size = 10, got 10"),
        (lambda: random_codes(0, 10, 2, rng=RNG), r"n must be at least 1, got 0"),
        (lambda: Codes([]), r"codes must hold at least one Code, got none"),
        (lambda: Codes([Code([1], 5), Code([1], 6)]), r"codes\[1\] must have size 5, got a Code of size 6"),
        (lambda: Codes.from_lists([0, 2], [2, 1], 5), r"those of code 0 do not"),
        (lambda: Codes.from_lists([0, 1, 3], [2, 1, 1], 5), r"those of code 1 do not"),
        (lambda: Codes.from_lists([0, 1], [2, 1], 5), r"starts must rise from 0 to the number of indices, 2"),
        (lambda: Codes.from_lists([0, 2], [1, 7], 5), r"indices must lie in 0 ... 4, got 7"),
        (lambda: Codes([Code([1], 5)]).overlaps(LIST), r"other must be a Code or Codes, got list"),
        (lambda: Codes([Code([1], 5)]).overlaps(Code([1], 6)), r"other must have size 5, got 6"),
        (lambda: union([]), r"codes must hold at least one Code, got none"),
        (lambda: corrupt(Code([1], 5), 1.5, rng=RNG), r"fraction must lie in 0 ... 1, got 1.5"),
        (lambda: corrupt(Code([0, 1, 2], 4), 1.0, rng=RNG), r"3 units would move to 1 silent ones"),
        (lambda: subsample(Code([1], 5), 2, rng=RNG), r"active must be at most the 1 active units"),
        (lambda: indices_of("inputs", Code([1], 5), 6), r"inputs must have size 6, got a Code of size 5"),
        (lambda: Driven(Tally(), LIST), r"inputs must be Codes or a function of the tick, got list"),
    ],
)
def test_bad_input_is_refused(call, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@dataclass
class Tallies:
    uses: np.ndarray = field(default_factory=lambda: np.zeros(50, np.int64))
    tick: int = 0


class Tally:
    def init(self, *, seed: int) -> Tallies:
        return Tallies()

    def compute(self, state: Tallies, code: Code, learn: bool = True) -> Code:
        state.uses[code.indices] += 1
        state.tick += 1
        return code


@pytest.mark.parametrize("inputs", [random_codes(5, 50, 4, rng=RNG), lambda tick: Code([tick % 50], 50)])
def test_a_learner_and_its_codes_are_a_model(inputs) -> None:
    model = Driven(Tally(), inputs)
    ns.check_model(model, model.init(seed=1))
