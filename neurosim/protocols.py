"""What the parts of a simulation expect of each other. Nobody inherits from these: having the right methods is enough.

A *model* holds frozen parameters and knows how to advance a *state*, which holds everything that changes. A *recorder* says what to
keep of a run; starting it gives a *recording*, which holds what was kept. The driver in :mod:`neurosim.simulate` knows only these.

A model of two lines, a value that decays, x(t + dt) = (1 - dt / tau) x(t)::

    @dataclass
    class Decay:
        x: np.ndarray                     # (units,)
        tick: int = 0
        seed: int = 0

    @dataclass(frozen=True)
    class Leak:
        tau: float = 20.0                 # ms
        dt: float = 0.1                   # ms

        def step(self, state: Decay, ticks: int, /) -> None:
            for _ in range(ticks):
                state.x *= 1.0 - self.dt / self.tau
            state.tick += ticks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import numpy as np


class State(Protocol):
    """Everything that changes during a run: a dataclass of contiguous arrays and plain numbers, nested if need be.

    Attributes
    ----------
    tick : int
        Ticks since the state was made. Time is ``tick * dt``.
    """

    tick: int


S = TypeVar("S", bound=State)
S_contra = TypeVar("S_contra", bound=State, contravariant=True)


class Model(Protocol[S_contra]):
    """Frozen parameters, and the rule that advances a state.

    A model also has ``init(..., seed=)``, which returns a state; its other arguments are the model's own business.
    """

    @property
    def dt(self) -> float:
        """Length of a tick in the model's unit of time."""
        ...

    def step(self, state: S_contra, ticks: int, /) -> None:
        """Advance the state in place by a slice of one or more ticks and add them to ``state.tick``.

        Two slices of T ticks must leave the same state as one slice of 2 T ticks, bit for bit.
        """
        ...


class Recording(Protocol[S_contra]):
    """What one recorder has kept of one run.

    Attributes
    ----------
    every : int
        Ticks between two looks.
    gapless : bool
        Whether it looks after every slice instead, wherever that ends; then no slice is longer than `every`. This is for events, which
        must all be seen but may be seen late.
    from_start : bool
        Whether the first look is before the first tick, or `every` ticks later.
    dims : tuple of str
        Names of the axes of the result; the first is ``"time"`` if there is one value per look.
    shape : tuple of int
        Lengths of the axes, without time; 0 for one that grows.
    coords : mapping of str to array
        Labels of axes that have them.
    attrs : mapping of str to number
        What else there is to say of the result, so far.
    nbytes : int
        Memory that the whole recording will take, as far as that is known.
    """

    every: int
    gapless: bool
    from_start: bool
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    coords: Mapping[str, np.ndarray]
    nbytes: int

    @property
    def attrs(self) -> Mapping[str, Any]:
        """What else there is to say of the result, so far."""
        ...

    def sample(self, state: S_contra, /) -> None:
        """Look at the state."""
        ...

    def values(self) -> np.ndarray:
        """Return what was kept so far, its axes named by `dims`; events as a structured array with the fields tick and unit."""
        ...

    def save(self) -> dict[str, Any]:
        """Make everything kept so far durable, and return what :meth:`restore` needs."""
        ...

    def restore(self, saved: Mapping[str, Any], /) -> None:
        """Go back to what :meth:`save` returned."""
        ...

    def close(self) -> None:
        """Write out what is waiting and release files. Values can be read afterwards."""
        ...


class Recorder(Protocol[S_contra]):
    """A description of what to keep of a run. It holds no data, so that it can serve several runs."""

    def start(self, name: str, state: S_contra, steps: int, /) -> Recording[S_contra]:
        """Prepare for a run of `steps` ticks. Nothing is allocated or written before the first look."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return the settings that a checkpoint compares, as texts, numbers and lists of them."""
        ...
