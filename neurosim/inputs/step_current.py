"""A current that is constant between given times.

From each time on, the current has the amplitude that belongs to it, until the next time; before the first time it is zero. The step of the
simulation that contains a time has the new amplitude from its beginning on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.ticks import halves, steps_of


@dataclass(frozen=True, eq=False)
class StepCurrent:
    """A piecewise constant current, the same for all units of a population or one for each.

    Parameters
    ----------
    target : str
        Name of the population.
    times : array_like (k,)
        In ms, ascending, at least 0.
    amplitudes : array_like (k,) or (k, n)
        From each time on, in the unit of the target's current: mV for integrate-and-fire neurons (resistance times current), pA for
        :class:`~neurosim.neurons.adaptive_exponential.AdaptiveExponential`. With a second axis, one for each of the n units.

    Raises
    ------
    ValueError
        If the arrays do not fit together, times do not ascend, or a number is not finite; :meth:`parameters` raises ValueError if two times
        lie in one step.

    Examples
    --------
    A pulse of 15 mV from 100 ms to 200 ms, and 100 constant currents for a curve of rates:

    >>> pulse = StepCurrent("exc", times=[100.0, 200.0], amplitudes=[15.0, 0.0])
    >>> ramp = StepCurrent("exc", times=[0.0], amplitudes=np.linspace(0.0, 40.0, 100)[None])
    """

    target: str
    times: npt.ArrayLike
    amplitudes: npt.ArrayLike

    variable: ClassVar[str | None] = None
    slot: ClassVar[str] = "current"
    memory: ClassVar[int] = 0

    def __post_init__(self) -> None:
        times, amplitudes = np.array(self.times, float), np.array(self.amplitudes, float)
        if times.ndim != 1 or amplitudes.ndim not in (1, 2) or amplitudes.shape[:1] != times.shape or not times.size:
            shapes = f"{times.shape} and {amplitudes.shape}"
            error = ValueError(f"times must have shape (k,) and amplitudes (k,) or (k, n), k at least 1, got {shapes}")
            raise with_hint(error, "one constant current for each of n units is times=[0.0], amplitudes=values[None]")
        if not (np.isfinite(times).all() and times[0] >= 0 and (np.diff(times) > 0).all()):
            raise ValueError(f"times must ascend from 0 or later, got {times}")
        if not np.isfinite(amplitudes).all():
            raise ValueError(f"amplitudes must be finite, got {amplitudes[~np.isfinite(amplitudes)][0]}")
        for name, array in (("times", times), ("amplitudes", amplitudes)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def n_units(self) -> int | None:
        """Units that have amplitudes of their own, None if there is one for all."""
        return np.shape(self.amplitudes)[1] if np.ndim(self.amplitudes) == 2 else None

    def check(self, n: int) -> None:
        """Refuse a target of n units that does not have one amplitude each, where there is not one for all.

        Raises
        ------
        ValueError
            If there are more or fewer.
        """
        if self.n_units not in (None, n):
            raise ValueError(f"amplitudes must have shape (k,) or (k, {n}) for a target of {n} units, got {np.shape(self.amplitudes)}")

    def parameters(self, dt: float) -> npt.NDArray[np.float64]:
        """Return what :func:`neurosim.kernels.currents.add_steps` lists."""
        ticks = steps_of(self.times, dt)
        if (same := np.flatnonzero(np.diff(ticks) == 0)).size:
            k = same[0]
            pair = np.asarray(self.times)[k : k + 2]
            raise ValueError(f"times must lie in different steps of dt = {dt:g} ms, got {pair[0]:g} and {pair[1]:g}")
        header = [ticks.size, self.n_units or 0]
        return np.concatenate([header, *halves(ticks), np.ravel(self.amplitudes)]).astype(float)

    def kernel(self) -> Callable[..., Any]:
        """Return the kernel that adds the current of a step."""
        from neurosim.kernels.currents import add_steps

        return add_steps
