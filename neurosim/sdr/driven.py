"""A learner and the stream of codes that it reads, as one model for the driver.

A learner, such as :class:`~neurosim.sdr.spatial_pooler.SpatialPooler` or :class:`~neurosim.sdr.temporal_memory.TemporalMemory`, has
``init(seed=)`` and ``compute(state, code, learn=True)``, which takes one code and advances the state's tick by one. :class:`Driven` gives
it the codes of a table, or of a function of the tick, so that :func:`neurosim.simulate` records, stops, saves and resumes it like any
other model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from neurosim.sdr.codes import Code, Codes

S = TypeVar("S")


class Learner(Protocol[S]):
    """What reads one code at a time."""

    def init(self, *, seed: int) -> S:
        """Return a state."""
        ...

    def compute(self, state: S, code: Any, learn: bool = True) -> Code:
        """Read one code, change the state and return what is active."""
        ...


@dataclass(frozen=True)
class Driven(Generic[S]):
    """A learner that reads one code per tick.

    Parameters
    ----------
    learner : Learner
    inputs : Codes or function
        A table, read from its first code on and again from the start after the last, or a function that returns the code of a tick. It
        must return the same code whenever it is asked for the same tick, or runs in slices of other lengths would differ.
    learn : bool
        Whether the learner changes its permanences.

    Raises
    ------
    TypeError
        If `inputs` is neither.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.sdr import Code, Codes
    >>> @dataclass
    ... class Seen:
    ...     n: int = 0
    ...     tick: int = 0
    >>> class Counter:
    ...     def init(self, *, seed):
    ...         return Seen()
    ...     def compute(self, state, code, learn=True):
    ...         state.n += len(code)
    ...         state.tick += 1
    ...         return code
    >>> model = Driven(Counter(), Codes([Code([1, 2], 8), Code([3], 8)]))
    >>> run = ns.simulate(model, model.init(seed=1), steps=4, record={"n": ns.Trace(lambda state: state.n)})
    >>> run.n.values.tolist()
    [0, 2, 3, 5, 6]
    """

    learner: Learner[S]
    inputs: Codes | Callable[[int], Code]
    learn: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, Codes) and not callable(self.inputs):
            raise TypeError(f"inputs must be Codes or a function of the tick, got {type(self.inputs).__name__}")

    @property
    def dt(self) -> float:
        """One tick is one code."""
        return 1.0

    def init(self, *, seed: int) -> S:
        """Return a state of the learner."""
        return self.learner.init(seed=seed)

    def step(self, state: Any, ticks: int, /) -> None:
        """Read the codes of the next ticks."""
        for tick in range(state.tick, state.tick + ticks):
            self.learner.compute(state, self.code(tick), learn=self.learn)

    def code(self, tick: int) -> Code:
        """Return the code that is read at a tick."""
        return self.inputs[tick % len(self.inputs)] if isinstance(self.inputs, Codes) else self.inputs(tick)
