"""Three tiny models for the tests of the driver: a closed form, a generator in the state, and counter-based noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Units:
    x: np.ndarray  # (units,)
    tick: int = 0
    seed: int = 0

    @property
    def settled(self) -> np.ndarray:
        return np.abs(self.x) < 0.5


@dataclass(frozen=True)
class Decay:
    """x(t) = x(0) (1 - dt / tau)^(t / dt)."""

    tau: float = 20.0
    dt: float = 0.5

    def init(self, x: float = 1.0, units: int = 3) -> Units:
        return Units(np.arange(1.0, units + 1) * x)

    def step(self, state: Units, ticks: int, /) -> None:
        for _ in range(ticks):
            state.x *= 1.0 - self.dt / self.tau
        state.tick += ticks


@dataclass
class Walker:
    x: np.ndarray  # (units,) int64
    rng: np.random.Generator
    extra: dict[str, np.ndarray]
    tick: int = 0
    seed: int = 0
    history: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Walk:
    """Adds -1 or 1 per tick, drawn from the generator in the state; `probe` is called with the state after each tick."""

    drift: float = 0.5
    dt: float = 0.1
    probe: Callable[[Walker], object] | None = None

    def init(self, seed: int, units: int = 4) -> Walker:
        extra = {"steps up": np.zeros(units, np.uint16)}
        return Walker(np.zeros(units, np.int64), np.random.default_rng(seed), extra, seed=seed)

    def step(self, state: Walker, ticks: int, /) -> None:
        for _ in range(ticks):
            up = state.rng.random(state.x.size) < self.drift
            state.x += np.where(up, 1, -1)
            state.extra["steps up"] += up
            state.tick += 1
            if self.probe is not None:
                self.probe(state)


@dataclass(frozen=True)
class CounterWalk:
    """Adds noise f(seed, tick, unit), so that nothing of the generator is in the state."""

    dt: float = 1.0

    def init(self, seed: int, units: int = 4) -> Units:
        return Units(np.zeros(units), seed=seed)

    def step(self, state: Units, ticks: int, /) -> None:
        for tick in range(state.tick, state.tick + ticks):
            state.x += np.random.Generator(np.random.Philox(key=state.seed, counter=tick)).normal(size=state.x.size)
        state.tick += ticks


class Probe:
    """Calls a function at a given tick; a model that carries it is compared by the tick alone."""

    def __init__(self, tick: int, action: Callable[[], object]) -> None:
        self.tick = tick
        self._action = [action]

    def __call__(self, state: Walker) -> None:
        if state.tick == self.tick and self._action:
            self._action.pop()()
