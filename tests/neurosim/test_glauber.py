"""Heat-bath decisions: the definition as oracle, exact probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.hopfield import DenseHopfield
from neurosim.hopfield.heat import checked_fields, checked_temperature, thresholds
from neurosim.kernels._jit import jit
from neurosim.kernels.glauber import turns_up
from tests.reference import glauber as reference


@jit
def decisions(local, was_up, words, table, half, out):
    for place in range(words.size):
        out[place] = turns_up(local, was_up, np.int64(words[place]), table, half)


def decide(local: float, was_up: int, words: list[int], temperature: float) -> np.ndarray:
    table, half = thresholds([temperature], 1.0)
    out = np.empty(len(words), np.bool_)
    decisions(float(local), was_up, np.array(words, np.uint32), table[0], half[0], out)
    return out


@given(st.floats(-30, 30), st.booleans(), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20), st.floats(0.01, 5))
def test_decisions_equal_the_oracle(local: float, was_up: bool, words: list[int], temperature: float) -> None:
    """A word within rounding of the threshold itself may fall to either side."""
    found = decide(local, int(was_up), words, temperature)
    for up, word in zip(found, words, strict=True):
        wanted = reference.turns_up(local, was_up, word, temperature)
        around = {reference.turns_up(local, was_up, min(max(word + shift, 0), 2**32 - 1), temperature) for shift in (-1, 1)}
        assert up == wanted or len(around) == 2


@pytest.mark.parametrize(("local", "was_up", "up"), [(1e-9, 0, True), (-1e-9, 1, False), (0.0, 1, True), (0.0, 0, False)])
def test_without_temperature_the_sign_decides_and_a_tie_keeps(local: float, was_up: int, up: bool) -> None:
    words = [0, 1, 2**22 - 1, 2**22, 2**31, 2**32 - 2**22, 2**32 - 1]
    assert (decide(local, was_up, words, 0.0) == up).all()


def probability(local: float, temperature: float) -> float:
    """Exact probability of turning up, over all 2**32 words: decisions are monotone in the word."""
    low, high = 0, 2**32
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if decide(local, 0, [middle], temperature)[0] else (low, middle)
    return low / 2**32


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("local", [-3.0, -0.4, 0.0, 0.02, 0.7, 1.3])
def test_exact_probabilities(local: float, temperature: float) -> None:
    assert probability(local, temperature) == pytest.approx(1 / (1 + np.exp(-2 * local / temperature)), abs=2**-32)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (-0.1, ValueError, "temperature must be finite and at least 0, got -0.1"),
        (float("nan"), ValueError, "got nan"),
        (float("inf"), ValueError, "got inf"),
        ("hot", TypeError, "temperature must be a number, got 'hot'"),
        ([0.1, 0.2], TypeError, "temperature must be a number"),
        (True, TypeError, "temperature must be a number, got True"),
    ],
)
def test_bad_temperatures(value: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        checked_temperature(value)
    with pytest.raises(error, match=message):
        DenseHopfield([[1, 1]], temperature=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(3), r"fields must have shape \(2,\), one for each unit, got \(3,\)"),
        (0.5, r"fields must have shape \(2,\), one for each unit, got \(\)"),
        ([0.0, np.nan], "fields must be finite, got nan at unit 1"),
    ],
)
def test_bad_fields(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_fields(value, 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        DenseHopfield([[1, 1]], fields=value)  # type: ignore[arg-type]
