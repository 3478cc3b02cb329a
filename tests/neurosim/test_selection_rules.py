"""The rules of a mac: closed forms, limits, and bad numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.sdr.selection_rules import RINKUS_2010, CriticalPeriod, Expansivity, Hypotheses, Permanence

SHARED = np.array([0, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1])


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (RINKUS_2010, [0.125, 0.1314, 0.8512, 0.9880, 0.9975, 0.9993]),
        (Expansivity(), [0.125, 0.3307, 0.8648, 0.9536, 0.9692, 0.9746]),
    ],
)
def test_the_part_of_one_stored_code_that_comes_back(rule: Expansivity, wanted: list[float]) -> None:
    """Values of a separate program, K = 8."""
    assert rule.intersection(SHARED, 8) == pytest.approx(wanted, abs=5e-5)


def test_the_parameters_of_2010_are_the_formula_they_were_written_as() -> None:
    support, familiarity = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    wanted = 1e4 * familiarity**7 / (1 + np.exp(-(26 * support - 13))) + 1
    assert RINKUS_2010.psi(support, familiarity, 8) == pytest.approx(wanted, rel=1e-12)


@given(st.floats(0, 0.9), st.floats(0.5, 8), st.floats(0, 1e4), st.integers(2, 50))
def test_codes_are_random_up_to_the_threshold_and_psi_rises_with_both_arguments(low: float, power: float, gain: float, units: int) -> None:
    rule = Expansivity(low, power, gain)
    assert rule.eta(low, units) == 1
    assert rule.intersection(low * 0.99, units) == pytest.approx(1 / units)
    both = rule.psi(np.linspace(0, 1, 11)[:, None], np.linspace(0, 1, 11), units)
    assert (np.diff(both, axis=0) >= 0).all()
    assert (np.diff(both, axis=1) >= 0).all()


@given(st.floats(1, 1e4), st.floats(0, 1e3))
def test_a_weight_falls_from_one_to_nothing_over_its_lifetime(lifetime: float, convexity: float) -> None:
    rule = Permanence(lifetime, convexity, growth=2.0, levels=2)
    values = [rule.value(age) for age in np.linspace(0, lifetime, 20)]
    assert values[0] == pytest.approx(1)
    assert values[-1] == 0
    assert (np.diff(values) <= 1e-12).all()
    assert rule.value(lifetime, level=2) > 0


def test_convexity_bends_the_decay() -> None:
    """c = 0 keeps the value until the end, c large is a straight line."""
    assert Permanence(100, 0.0).value(99) == 1
    assert Permanence(100, 1e9).value(25) == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Expansivity(threshold=1.0), ValueError, r"threshold must lie in 0 ... 1, below 1, got 1.0"),
        (lambda: Expansivity(exponent=0), ValueError, "exponent must be finite and above 0"),
        (lambda: Expansivity(gain=-1), ValueError, "gain must be finite and at least 0"),
        (lambda: Expansivity(power="1"), TypeError, "power must be a number"),  # pyright: ignore[reportArgumentType]
        (lambda: Hypotheses(cut=1.5), ValueError, r"cut must lie in 0 ... 1, got 1.5"),
        (lambda: Hypotheses(most=0.5), ValueError, "most must be finite and at least 1"),
        (lambda: Permanence(0), ValueError, "lifetime must be finite and above 0"),
        (lambda: Permanence(10, levels=255), ValueError, "levels must be at most 254, got 255"),
        (lambda: Permanence(1e300, growth=1e300, levels=3), ValueError, "lifetime of the last level must be finite"),
        (lambda: CriticalPeriod(0), ValueError, "fraction must lie above 0, at most 1, got 0"),
        (lambda: Expansivity().intersection(0.5, 0), ValueError, "units must be at least 1"),
    ],
)
def test_bad_numbers(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
