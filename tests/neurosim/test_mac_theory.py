"""Capacity of a mac under random codes: by counting all cases, at the limits, and by simulation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from neurosim.sdr.code_selection import CodeSelection
from neurosim.sdr.codes import random_codes
from neurosim.sdr.mac_theory import imitators, largest_memory, recall, weights_set
from neurosim.sdr.selection_rules import Expansivity


@pytest.mark.parametrize(("items", "inputs", "active", "units"), [(4, 5, 2, 2), (3, 4, 2, 3), (4, 4, 3, 2), (1, 5, 2, 4), (3, 3, 3, 3)])
def test_imitators_are_those_of_all_cases_counted(items: int, inputs: int, active: int, units: int) -> None:
    """The cue is the set 0 ... s - 1; each other item is any set of s inputs, and chose the unit or one of K - 1 others."""
    sets = [set(part) for part in itertools.combinations(range(inputs), active)]
    others = [part if chosen == 0 else set() for part in sets for chosen in range(units)]
    cases = list(itertools.product(others, repeat=items - 1))
    full = sum(set(range(active)) <= set().union(*case) for case in cases)
    assert imitators(items, inputs, active, units) == pytest.approx(full / len(cases), abs=1e-14)


def test_tiny_probabilities_do_not_drown() -> None:
    """Few items: both of two others are needed to cover the cue, or one that equals it; leading term by hand."""
    exact = imitators(2, 1000, 20, 50)
    assert exact == pytest.approx(1 / 50 / float(np.prod([(1000 - j) / (20 - j) for j in range(20)])), rel=1e-12)


def test_limits() -> None:
    assert weights_set(0, 100, 10, 5) == 0
    assert weights_set(10**9, 100, 10, 5) == pytest.approx(1)
    assert recall(1, 100, 10, 5) == 1
    assert recall(10**6, 100, 10, 5) == pytest.approx(1 / 5)


def test_memory_is_the_last_size_that_is_recalled_well_enough() -> None:
    held = largest_memory(0.9, inputs=144, active=12, units=16)
    assert recall(held, 144, 12, 16) >= 0.9 > recall(held + 1, 144, 12, 16)


def test_a_mac_with_random_codes_recalls_what_the_law_says(rng: np.random.Generator) -> None:
    """Twice as many items as are recalled to 0.9, of 10 of 100 inputs, K = 20, 24 modules: four standard errors of 24 modules."""
    items = 2 * largest_memory(0.9, 100, 10, 20)
    mac = CodeSelection(100, 24, 20, expansivity=Expansivity(gain=0.0))
    state = mac.init(seed=4)
    codes = random_codes(items, 100, 10, rng=rng)
    stored, _ = mac.present(state, codes)
    right = (mac.present(state, codes, learn=False)[0] == stored).mean(axis=0)
    assert mac.used(state)["inputs"] == pytest.approx(weights_set(items, 100, 10, 20), abs=0.005)
    assert right.mean() == pytest.approx(recall(items, 100, 10, 20), abs=4 * right.std() / np.sqrt(24) + 0.005)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weights_set(-1, 10, 2, 3), "items must be at least 0, got -1"),
        (lambda: recall(5, 10, 11, 3), "active must be at most inputs = 10, got 11"),
        (lambda: imitators(5, 10, 0, 3), "active must be at least 1, got 0"),
        (lambda: largest_memory(0.2, 10, 2, 4), r"accuracy must lie above 1 / units and below 1, got 0.2"),
        (lambda: largest_memory(0.9, 10, 2, 1), "units must be at least 2"),
    ],
)
def test_bad_numbers(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
