"""The loop over steps and stages: who calls which kernel, on which arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim import threads
from neurosim.oscillators.couplings import MeanField

if TYPE_CHECKING:
    from neurosim.oscillators.kuramoto import Kuramoto, KuramotoState

TOLERANCE = 1e-9
"""Of the adaptive method, absolute and relative."""


def run(model: Kuramoto, state: KuramotoState, ticks: int) -> None:
    """Advance the arrays of a state by a number of steps."""
    if model.method == "adaptive":
        _run_adaptive(model, state, ticks)
    elif isinstance(model.graph, MeanField) and not (model.inertia or model.slots):
        _run_mean_field(model, state, ticks)
    else:
        _Stages(model, state).run(ticks)


def _run_mean_field(model: Kuramoto, state: KuramotoState, ticks: int) -> None:
    from neurosim.kernels.mean_field import run_mean_field

    scratch, kicks = np.empty((3, model.n), model.dtype), np.empty(model.n if model.noise else 0, model.dtype)
    numbers = np.array([*_force(model), math.sqrt(2 * model.noise * model.dt)])
    run_mean_field(state.phases, model.omega, scratch, kicks, numbers, model.stages, ticks, np.uint64(state.seed), np.uint64(state.tick))


def _force(model: Kuramoto) -> tuple[float, float, float, float]:
    """Return coupling, sine and cosine of the lag, and dt, as kernels take them."""
    return model.coupling, math.sin(model.phase_lag), math.cos(model.phase_lag), model.dt


class _Stages:
    """Explicit steps of a network with any graph, noise, inertia or delays."""

    def __init__(self, model: Kuramoto, state: KuramotoState) -> None:
        from neurosim.kernels import phases

        self.model, self.state, self.kernels = model, state, phases
        n, real = model.n, model.dtype
        self.waves, self.sums = np.empty((n, 2), real), np.empty((n, 2), real)
        self.trial, self.rates = np.empty((2, n), real), np.empty((2, n), real)
        self.kicks = np.empty(n if model.noise else 0, real)
        self.kick = math.sqrt(2 * model.noise * model.dt) / (model.inertia or 1.0)
        self.parameters = np.array([*_force(model), *([model.inertia] if model.inertia else [])], real)
        self._known = -1

    def run(self, ticks: int) -> None:
        """Make a number of steps."""
        self._over(lambda first, last: self.kernels.wave(self.state.phases, self.waves, first, last))
        for tick in range(self.state.tick, self.state.tick + ticks):
            if self.model.slots:
                self.state.past[tick % self.model.slots] = self.waves
            if self.model.noise:
                self._over(lambda first, last, tick=tick: self._draw(tick, first, last))
            for stage in range(self.model.stages):
                self._gather(tick + stage)
                self._over(lambda first, last, stage=stage: self._move(stage, first, last))

    def _draw(self, tick: int, first: int, last: int) -> None:
        self.kernels.draw_kicks_between(self.kicks, self.kick, np.uint64(self.state.seed), np.uint64(tick), first, last)

    def _gather(self, tick: int) -> None:
        """Add up what arrives; with a delay, what arrived in the last stage of a step is what arrives in the first of the next."""
        model = self.model
        if not model.slots:
            model.graph.sums(self.waves, self.sums)
        elif tick != self._known:
            model.late_sums(self.state.past, tick, self.sums)
            self._known = tick

    def _move(self, stage: int, first: int, last: int) -> None:
        state, model = self.state, self.model
        forces = self.sums, self.waves, model.omega, self.parameters, self.kicks, stage, model.stages, first, last
        if model.inertia:
            self.kernels.move_inertial(state.phases, state.velocities, *self.trial, *self.rates, *forces)
        else:
            self.kernels.move(state.phases, self.trial[0], self.rates[0], *forces)

    def _over(self, work: Any) -> None:
        threads.over_ranges(work, self.model.n)


def _run_adaptive(model: Kuramoto, state: KuramotoState, ticks: int) -> None:
    """Integrate tick by tick, so that results do not depend on how a run is sliced."""
    from scipy.integrate import solve_ivp

    n = model.n
    start = np.concatenate([state.phases, state.velocities]).astype(np.float64)
    for _ in range(ticks):
        found = solve_ivp(_slopes(model), (0.0, model.dt), start, method="DOP853", rtol=TOLERANCE, atol=TOLERANCE)
        if not found.success:
            raise RuntimeError(f"the adaptive method gave up at tick {state.tick}: {found.message}")
        start = found.y[:, -1].astype(model.dtype).astype(np.float64)
    state.phases[:], state.velocities[:] = start[:n], start[n:]


def _slopes(model: Kuramoto) -> Any:
    """Return the right-hand side of the differential equation, of phases or of phases and velocities."""
    n, waves, sums = model.n, np.empty((model.n, 2)), np.empty((model.n, 2))

    def slopes(_: float, values: np.ndarray) -> np.ndarray:
        theta = values[:n]
        waves[:, 0], waves[:, 1] = np.sin(theta), np.cos(theta)
        model.graph.sums(waves, sums)
        force = model.slope(theta, sums)
        return np.concatenate([values[n:], (force - values[n:]) / model.inertia]) if model.inertia else force

    return slopes
