"""A network of spiking units, one unit, one synapse and one tick at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Cells:
    """Units of one kind: what each holds, how it advances by a tick, when it fires, where it is reset."""

    units: list[dict[str, float]]
    advance: Callable[[dict[str, float]], None]
    threshold: float
    reset: float
    refractory: int
    fired: list[list[int]] = field(default_factory=list)

    def rests(self, unit: int, tick: int) -> bool:
        """Tell whether a unit fired in the last ticks, this one included."""
        return any(unit in fired for fired in self.fired[max(0, tick - self.refractory + 1) : tick + 1])


@dataclass
class Synapse:
    """One synapse; the delay in ticks."""

    source: int
    target: int
    weight: float
    delay: int


def run(populations: dict[str, Cells], projections: list[tuple[str, str, str, list[Synapse]]], ticks: int) -> None:
    """Advance all populations; projections are source, target, variable and synapses, in the order in which they add."""
    for tick in range(ticks):
        for cells in populations.values():
            now = []
            for number, unit in enumerate(cells.units):
                resting, v = cells.rests(number, tick), unit["v"]
                cells.advance(unit)
                if resting:
                    unit["v"] = v
                elif unit["v"] > cells.threshold:
                    now.append(number)
            cells.fired.append(now)
        for source, target, variable, synapses in projections:
            deliver(populations[source], populations[target], variable, synapses, tick)
        for cells in populations.values():
            for number in cells.fired[tick]:
                cells.units[number]["v"] = cells.reset


def deliver(source: Cells, target: Cells, variable: str, synapses: list[Synapse], tick: int) -> None:
    """Add the weights of what arrives: those sent first come first, then in the order of synapses."""
    arriving = [
        (tick - synapse.delay, place, synapse)
        for place, synapse in enumerate(synapses)
        if synapse.delay <= tick and synapse.source in source.fired[tick - synapse.delay]
    ]
    for _, _, synapse in sorted(arriving, key=lambda entry: entry[:2]):
        if variable != "v" or not target.rests(synapse.target, tick):
            target.units[synapse.target][variable] += synapse.weight
