r"""Poisson input: events that come to each unit from many sources which are not simulated one by one.

Each unit receives n independent Poisson trains of one rate, of its own; the sum of all is one Poisson train of rate n times the rate, and
the number of events in a step :math:`h` follows the law

.. math:: P(k) = \frac{\lambda^k}{k!} e^{-\lambda}, \qquad \lambda = n \nu h.

Each event adds the weight to the variable, after the units of the step have been updated, like a spike that arrives. The law is exact
down to probabilities of about :math:`2^{-32}` times the share of second draws (:mod:`neurosim.kernels.poisson`), a few in
:math:`10^{14}`; rarer, larger counts do not occur. Where :math:`\lambda` is below :data:`RARE` the events of a block of units are drawn
one after the other, and the resolution of the distances is :math:`2^{-32}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import with_hint

Array = npt.NDArray[np.float64]

RARE = 0.03
"""Mean events a step and unit below which it is cheaper to draw events than counts."""
LARGEST = 10_000.0
"""Mean events a step and unit above which counts would no longer fit."""
_HALVES = 65_536


@dataclass(frozen=True)
class PoissonInput:
    """Independent Poisson trains of events onto each unit of a population.

    Parameters
    ----------
    target : str
        Name of the population.
    rate : float
        Rate of one train in Hz, at least 0.
    weight : float
        What each event adds to the variable, in its unit (mV for a membrane potential).
    n : int
        Trains a unit, at least 1.
    variable : str, optional
        Variable of the target that the weight is added to; if not given, the one that synapses add to.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.

    Examples
    --------
    The external input of Brunel's network (2000) at eta = 2, 20,000 events a second:

    >>> drive = PoissonInput("exc", rate=20.0, weight=0.1, n=1000)
    >>> drive.mean(dt=0.1)
    2.0
    """

    target: str
    rate: float
    weight: float
    n: int = 1
    variable: str | None = None

    slot: ClassVar[str] = "deliver"
    memory: ClassVar[int] = 0

    def __post_init__(self) -> None:
        real("rate", self.rate, least=0)
        real("weight", self.weight)
        whole("n", self.n, 1)

    def mean(self, dt: float) -> float:
        """Return the mean number of events a step and unit."""
        return self.n * self.rate * dt / 1000

    def parameters(self, dt: float) -> Array:
        """Return what :func:`neurosim.kernels.poisson.add` lists.

        Raises
        ------
        ValueError
            If a unit would receive more than 10,000 events a step.
        """
        mean = self.mean(dt)
        if mean > LARGEST:
            error = ValueError(f"n * rate * dt must be at most {LARGEST:,.0f} events a step, got {mean:,.0f}")
            raise with_hint(error, "so many events are white noise: use NoiseCurrent, or a smaller dt")
        if mean < RARE:
            return rare_law(self.weight, mean)
        return often_law(self.weight, mean)

    def kernel(self) -> Callable[..., Any]:
        """Return the kernel that adds the events of a step."""
        from neurosim.kernels.poisson import add

        return add


def rare_law(weight: float, mean: float) -> Array:
    """Return the parameters by which events are drawn one after the other.

    Examples
    --------
    >>> rare_law(0.5, 0.01)[:2]
    array([  0.5, 100. ])
    """
    from neurosim.kernels.poisson import BLOCK

    gap = 1 / mean if mean else math.inf
    return np.array([weight, gap, 2.0**32 * math.exp(-mean * BLOCK), 0.0, 0.0, 0.0])


def often_law(weight: float, mean: float) -> Array:
    """Return the parameters by which one count a unit is drawn.

    Examples
    --------
    Of 65,536 halves 8,869 stand for no event, 17,738 for one, ..., and the 6 from 65,530 on for a second draw:

    >>> often_law(0.1, 2.0)[7:18].astype(int)
    array([ 8869, 26607, 44345, 56170, 62082, 64447, 65235, 65460, 65516, 65528, 65530])
    """
    law, least = poisson_law(mean)
    shares = np.floor(law * _HALVES)
    held = np.flatnonzero(shares)
    base = least + int(held[0])
    cells = np.cumsum(shares[held[0] : held[-1] + 1])
    padding = -len(cells) % 4
    again = law * _HALVES - shares
    above = again[::-1].cumsum()[::-1]
    thresholds = above[1:] / above[0] * 2.0**32
    sure = int(np.count_nonzero(thresholds > 2.0**32 - 0.5))
    thresholds = thresholds[(thresholds >= 0.5)][sure:]
    header = [weight, 0.0, 0.0, len(cells) + padding, base - padding, least + sure]
    return np.concatenate([header, np.zeros(padding), cells, thresholds])


def poisson_law(mean: float) -> tuple[Array, int]:
    """Return the probabilities of the counts from one number on, and this number; those left out are below 1e-30.

    Examples
    --------
    >>> law, least = poisson_law(2.0)
    >>> law[:3].round(4), least
    (array([0.1353, 0.2707, 0.2707]), 0)
    """
    width = 12 * math.sqrt(mean) + 40
    least = max(0, math.floor(mean - width))
    counts = np.arange(least, math.ceil(mean + width))
    logs = np.array([count * math.log(mean) - mean - math.lgamma(count + 1) for count in counts.tolist()])
    return np.exp(logs), least
