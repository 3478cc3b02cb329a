"""A mac of Sparsey, step by step: weights one by one in dictionaries, sums and draws in loops."""

from __future__ import annotations

import math
from typing import Any

from tests.reference.noise import word

PERMANENT = 255


def value(level: int, age: int, lifetimes: list[float], convexity: float) -> float:
    """Return what a weight is worth."""
    if level in (0, PERMANENT):
        return float(level == PERMANENT)
    lifetime = lifetimes[level - 1]
    left = lifetime - age
    return (1.0 + convexity / lifetime) * left / (left + convexity) if left > 0 else 0.0


def select(support: list[float], units: int, rule: list[float], cut: float, draw: bool, words: list[int]) -> tuple[list[int], float, float]:
    """Return the winner of each module, familiarity, and units above the cut per module."""
    threshold, exponent, gain, scale, slope, midpoint, power = rule
    modules = [support[first : first + units] for first in range(0, len(support), units)]
    total = 0.0
    for module in modules:
        total += max(module)
    familiarity = total / len(modules)
    zeta = sum(v > cut for v in support) / len(modules)
    above = (familiarity - threshold) / (1.0 - threshold)
    rise = gain * above**exponent if above > 0 else 0.0
    winners = []
    for module, bits in zip(modules, words, strict=True):
        r = (bits + 0.5) * 2.0**-32
        if draw:
            heights = [(1.0 + scale * math.exp(-slope * (v - midpoint))) ** -power for v in module]
            psi = [math.floor((rise * height + 1.0) * 65536 + 0.5) / 65536 for height in heights]
            target, running = r * sum(psi), 0.0
            for k in range(units):
                running += psi[k]
                if running > target:
                    winners.append(k)
                    break
        else:
            best = [k for k in range(units) if module[k] == max(module)]
            winners.append(best[int(r * len(best))])
    return winners, familiarity, zeta


class Mac:
    """One mac. Every weight is a pair [level, tick]; one that stays has the level 255."""

    def __init__(self, sizes: dict[str, int], modules: int, units: int, own: bool, rule: list[float], seed: int, **options: Any) -> None:
        self.sizes, self.modules, self.units, self.own, self.rule, self.seed = sizes, modules, units, own, rule, seed
        self.exponents = options.get("exponents", (1.0, 1.0, 1.0))
        self.least, self.most, self.full = options.get("least", 1), options.get("most"), options.get("full")
        self.hypotheses, self.decay, self.period = (options.get(name) for name in ("hypotheses", "decay", "period"))
        self.weights: dict[str, dict[tuple[int, int], list[int]]] = {name: {} for name in ("inputs", "horizontal", "above")}
        self.frozen = {name: [False] * (modules * units) for name in self.weights}
        self.winners: list[int] | None = None
        self.strength, self.tick = 1.0, 0
        self.familiarity = self.zeta = 0.0

    def worth(self, name: str, source: int, unit: int) -> float:
        level, tick = self.weights[name].get((source, unit), (0, 0))
        return value(level, self.tick - tick, *self.decay) if self.decay else float(level == PERMANENT)

    def step(self, active: dict[str, dict[int, float]], learn: bool, draw: bool) -> list[int] | None:
        """Take the active units of "inputs", "neighbours" and "above" with their strengths; return winners, or None."""
        sources = {name: {unit: s for unit, s in active.get(name, {}).items() if s > 0} for name in ("inputs", "neighbours", "above")}
        n = len(sources["inputs"])
        self.tick += 1
        if n < self.least or (self.most is not None and n > self.most):
            return self.rest()
        horizontal: dict[int, float] = {}
        if self.own and self.winners is not None and self.strength > 0 and self.modules > 1:
            horizontal |= {module * self.units + k: self.strength for module, k in enumerate(self.winners)}
        first = self.modules * self.units if self.own else 0
        horizontal |= {first + unit: s for unit, s in sources["neighbours"].items()}
        self.tick -= 1
        channels = {"inputs": sources["inputs"], "horizontal": horizontal, "above": sources["above"]}
        winners = self.choose(channels, draw)
        if winners is not None and learn:
            self.learn(channels, winners)
        self.tick += 1
        return self.rest() if winners is None else winners

    def rest(self) -> None:
        self.winners, self.strength, self.familiarity, self.zeta = None, 1.0, 0.0, 0.0

    def choose(self, channels: dict[str, dict[int, float]], draw: bool) -> list[int] | None:
        if not any(channels.values()):
            return None
        support = [1.0] * (self.modules * self.units)
        for (name, sources), exponent in zip(channels.items(), self.exponents, strict=True):
            if not sources:
                continue
            full = len(sources) if name != "inputs" or self.full is None else min(len(sources), self.full)
            for unit in range(len(support)):
                total = 0.0
                for source, strength in sources.items():
                    total += strength * self.worth(name, source, unit)
                support[unit] *= min(1.0, total / full) ** exponent
        cut, power, most = self.hypotheses or (2.0, 1.0, math.inf)
        words = [word(self.seed, self.tick, 0, module) for module in range(self.modules)]
        self.winners, self.familiarity, self.zeta = select(support, self.units, self.rule, cut, draw, words)
        self.strength = 0.0 if self.zeta > most else max(1.0, self.zeta) ** power
        return self.winners

    def learn(self, channels: dict[str, dict[int, float]], winners: list[int]) -> None:
        first = self.modules * self.units if self.own else 0
        for name, sources in channels.items():
            if not sources:
                continue
            for module, k in enumerate(winners):
                unit = module * self.units + k
                for source in sources:
                    within = name == "horizontal" and source < first and source // self.units == module
                    if not within and not self.frozen[name][unit]:
                        self.set(name, source, unit)
            if self.period:
                self.freeze(name)

    def set(self, name: str, source: int, unit: int) -> None:
        level, _ = self.weights[name].get((source, unit), (0, 0))
        if not self.decay:
            level = PERMANENT
        elif level != PERMANENT:
            level = min(level + 1, len(self.decay[0])) if self.worth(name, source, unit) > 0 else 1
        self.weights[name][source, unit] = [level, self.tick]

    def freeze(self, name: str) -> None:
        fraction, whole = self.period or (1.0, False)
        n_units = self.modules * self.units
        possible = self.sizes[name] - (self.units if name == "horizontal" and self.own else 0)
        alive = [sum(self.worth(name, source, unit) > 0 for source in range(self.sizes[name])) for unit in range(n_units)]
        for unit in range(n_units):
            over = sum(alive) > fraction * possible * n_units if whole else alive[unit] > fraction * possible
            self.frozen[name][unit] |= over
        for (source, unit), weight in self.weights[name].items():
            if self.frozen[name][unit] and self.worth(name, source, unit) > 0:
                weight[0] = PERMANENT
