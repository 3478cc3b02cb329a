"""Natural frequencies: distributions, quantiles, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from neurosim import oscillators as osc

MAKERS: dict[str, tuple[Callable[..., Any], Any]] = {
    "lorentzian": (osc.lorentzian, stats.cauchy(0.5, 2.0)),
    "gaussian": (osc.gaussian, stats.norm(0.5, 2.0)),
    "uniform": (osc.uniform, stats.uniform(-1.5, 4.0)),
}


@pytest.mark.parametrize("name", MAKERS)
def test_random_frequencies_follow_their_distribution(name: str, rng: np.random.Generator) -> None:
    make, law = MAKERS[name]
    assert stats.kstest(make(20_000, width=2.0, center=0.5, rng=rng), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", MAKERS)
def test_without_a_generator_frequencies_are_the_quantiles(name: str) -> None:
    make, law = MAKERS[name]
    assert make(101, width=2.0, center=0.5) == pytest.approx(law.ppf((np.arange(101) + 0.5) / 101), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_quantiles_are_ascending_and_symmetric(name: str) -> None:
    omega = MAKERS[name][0](1000)
    assert (np.diff(omega) > 0).all()
    assert omega + omega[::-1] == pytest.approx(0, abs=1e-9 * np.abs(omega).max())


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 0.0}, "width must be finite and above 0, got 0"),
        ({"width": -1.0}, "width must be finite and above 0, got -1"),
        ({"n": 0}, "n must be at least 1, got 0"),
    ],
)
def test_bad_input_is_refused(name: str, wrong: dict[str, Any], message: str) -> None:
    arguments = {"n": 10, "width": 1.0} | wrong
    with pytest.raises(ValueError, match=message):
        MAKERS[name][0](arguments.pop("n"), **arguments)
