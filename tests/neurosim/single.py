"""One population without projections, driven slot by slot in plain Python: what the tests of neurons and inputs run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Run:
    """Spikes (tick, unit), and all variables after each tick: (ticks + 1, n_variables, n)."""

    ticks: np.ndarray
    units: np.ndarray
    trace: np.ndarray

    def intervals(self, unit: int = 0) -> np.ndarray:
        """Return the intervals of one unit in ticks."""
        return np.diff(self.ticks[self.units == unit])


def run(
    neuron: Any,
    ticks: int,
    *,
    n: int = 1,
    dt: float = 0.1,
    dtype: Any = np.float64,
    current: Any = None,
    inputs: Sequence[Any] = (),
    arrivals: Mapping[int, tuple[str, float]] | None = None,
    values: Mapping[str, Any] | None = None,
    cuts: Sequence[int] | None = None,
    seed: int = 1,
    traced: bool = True,
) -> Run:
    """Drive a population.

    `current` (a number or one for each unit) and `inputs` feed the current; arrivals are (variable, weight) for all units, by tick. `cuts`
    are the units at which the range of units is cut.
    """
    update, reset = neuron.kernels()
    fed = current is not None or any(source.slot == "current" for source in inputs)
    table = np.zeros((len(neuron.variables) + fed, n), dtype)
    for row, name in enumerate(neuron.variables):
        table[row] = {**neuron.start(), **(values or {})}[name]
    parameters, flags = np.array(neuron.parameters(dt), dtype), np.zeros(n, np.uint8)
    ends = [0, *(cuts or ()), n]
    adders = [adder(neuron, table, source, number, dt) for number, source in enumerate(inputs)]
    held = round(neuron.refractory / dt)
    fired: list[np.ndarray] = []
    trace = [table[: len(neuron.variables)].copy()]
    for tick in range(ticks):
        if fed:
            table[-1] = 0 if current is None else current
        add_all(adders, "current", ends, tick)
        for first, last in zip(ends[:-1], ends[1:], strict=True):
            update(table, parameters, flags, first, last, np.uint64(seed), tick)
        recent = np.concatenate(fired[-held + 1 :]) if held > 1 and fired else np.empty(0, np.uint32)
        if recent.size:
            table[0, recent], flags[recent] = neuron.held, 0
        units = np.flatnonzero(flags).astype(np.uint32)
        fired.append(units)
        if arrivals and tick in arrivals:
            name, weight = arrivals[tick]
            table[neuron.variables.index(name)] += dtype(weight)
        add_all(adders, "deliver", ends, tick)
        if reset is not None and units.size:
            reset(table, parameters, np.append(units, np.zeros(n - units.size, np.uint32)), units.size)
        if recent.size:
            table[0, recent] = neuron.held
        if traced:
            trace.append(table[: len(neuron.variables)].copy())
    counts = [units.size for units in fired]
    return Run(np.repeat(np.arange(ticks), counts), np.concatenate(fired).astype(np.int64), np.array(trace))


def adder(neuron: Any, table: np.ndarray, source: Any, number: int, dt: float) -> tuple[str, Callable[..., None]]:
    """Return the slot of an input, and a function of (first, last, tick) that adds it."""
    row = table[-1] if source.slot == "current" else table[neuron.variables.index(source.variable or neuron.port)]
    memory = np.zeros((source.memory, table.shape[1]), table.dtype)
    parameters, kernel, seed = np.array(source.parameters(dt), table.dtype), source.kernel(), np.uint64(100 + number)
    return source.slot, lambda first, last, tick: kernel(row, memory, parameters, first, last, seed, tick)


def add_all(adders: list[tuple[str, Callable[..., None]]], slot: str, ends: list[int], tick: int) -> None:
    """Let the inputs of one slot add."""
    for own, add in adders:
        if own == slot:
            for first, last in zip(ends[:-1], ends[1:], strict=True):
                add(first, last, tick)
