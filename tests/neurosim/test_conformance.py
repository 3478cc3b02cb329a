"""The conformance check passes models that keep their promises and names the promise that others break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from neurosim.conformance import check_model
from neurosim.fingerprints import fingerprint
from tests.neurosim.toys import CounterWalk, Decay, Units, Walk


@pytest.mark.parametrize(("model", "state"), [(Decay(), Decay().init()), (Walk(), Walk().init(3)), (CounterWalk(), CounterWalk().init(3))])
def test_the_toys_conform_and_their_state_is_left_alone(model: Any, state: Any) -> None:
    before = fingerprint(state)
    check_model(model, state)
    assert fingerprint(state) == before


class Euler(Decay):
    """Takes one long step for a whole slice."""

    def step(self, state: Units, ticks: int, /) -> None:
        state.x *= 1.0 - ticks * self.dt / self.tau
        state.tick += ticks


class Hidden(Decay):
    """Draws from a generator that is not in the state."""

    def step(self, state: Units, ticks: int, /) -> None:
        state.x += np.random.default_rng().random(state.x.size)
        state.tick += ticks


class Learning:
    """Keeps what it learned in the model."""

    dt = 1.0

    def __init__(self) -> None:
        self.weight = np.zeros(2)

    def step(self, state: Units, ticks: int, /) -> None:
        self.weight += ticks
        state.tick += ticks


@dataclass
class Shared:
    x: np.ndarray
    view: np.ndarray
    tick: int = 0


def shared() -> Shared:
    x = np.zeros(4)
    return Shared(x, x[1:])


@pytest.mark.parametrize(
    ("model", "state", "message"),
    [
        (Euler(), Decay().init(), r"slices of one tick must give the numbers of one slice: state\.x differ"),
        (Hidden(), Decay().init(), r"must give the numbers of one slice: state\.x differ"),
        (Learning(), Decay().init(), "step must not change the model"),
        (Decay(), shared(), r"must not share memory, state\.x and state\.view do"),
        (Decay(), Units(np.zeros(8)[::2]), r"must be contiguous, state\.x is not"),
    ],
)
def test_a_broken_promise_is_named(model: Any, state: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_model(model, state)
