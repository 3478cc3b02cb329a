r"""A population of Poisson sources: units that fire at random, independently of each other and of the past.

In each step :math:`h` a unit of rate :math:`\nu` fires with probability :math:`p = \nu h`, at most once; intervals follow the geometric
law, which is the exponential one for small p. With one rate for all units the cost is one draw a spike, not a unit: the number of units
to the next one that fires is :math:`\lfloor \ln u / \ln(1 - p) \rfloor` with u uniform (L. Devroye, Non-Uniform Random Variate
Generation, Springer 1986, chapter X.2), for p up to :data:`RARE`. With a rate of its own for each unit, or with larger p, each unit draws
a word of 32 bits.

Differs from a Poisson process in: a unit never fires twice in a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neurosim.checks import real
from neurosim.errors import with_hint

RARE = 0.04
"""Probability of a spike a step and unit up to which it is cheaper to draw spikes than units."""


@dataclass(frozen=True, eq=False)
class Poisson:
    """Units that fire at random.

    Parameters
    ----------
    rate : float or array_like (n,)
        Rate in Hz, at least 0, one for all units or one for each. In the second case there is a variable `rate`, which may be changed
        between slices: a stimulus.

    Raises
    ------
    TypeError, ValueError
        If a rate is no number, negative or not finite; :meth:`parameters` raises ValueError if a unit would fire more than once a step.

    Examples
    --------
    >>> Poisson(rate=8.0).variables, Poisson(rate=[5.0, 20.0]).variables
    ((), ('rate',))
    """

    rate: float | npt.ArrayLike

    takes_current: ClassVar[bool] = False
    refractory: ClassVar[float] = 0.0
    held: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        if np.ndim(self.rate) == 0:
            real("rate", self.rate, least=0)
            return
        rates = np.array(self.rate, float)
        good = np.isfinite(rates) & (rates >= 0)
        if rates.ndim != 1 or not good.all():
            got = f"an array of shape {rates.shape}" if rates.ndim != 1 else f"{rates[~good][0]} at unit {np.flatnonzero(~good)[0]}"
            raise ValueError(f"rate must be a number or an array (n,) of finite numbers, at least 0, got {got}")
        rates.flags.writeable = False
        object.__setattr__(self, "rate", rates)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables: `rate` if each unit has its own."""
        return () if np.ndim(self.rate) == 0 else ("rate",)

    def check(self, n: int) -> None:
        """Refuse a population of n units that does not have one rate each.

        Raises
        ------
        ValueError
            If there are more or fewer rates.
        """
        if self.variables and np.size(self.rate) != n:
            raise ValueError(f"rate must be a number or have shape ({n},) for a population of {n}, got shape {np.shape(self.rate)}")

    def start(self) -> dict[str, Any]:
        """Return the initial value of each variable."""
        return {} if np.ndim(self.rate) == 0 else {"rate": self.rate}

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what the kernels of :mod:`neurosim.kernels.poisson` list."""
        highest = float(np.max(self.rate, initial=0.0))
        p = highest * dt / 1000
        if p > 1:
            error = ValueError(f"rate must be at most 1 / dt = {1000 / dt:g} Hz, got {highest:g}")
            raise with_hint(error, "a unit fires at most once in a step; use a smaller dt or more units")
        if self.variables:
            return (2.0**32 * dt / 1000,)
        return unit_law(p)

    def spikes_per_tick(self, dt: float) -> float:
        """Return how often a unit fires in a step, on average; infinite if that may be changed on the way.

        Examples
        --------
        >>> Poisson(rate=10.0).spikes_per_tick(0.1)
        0.001
        """
        return math.inf if self.variables else float(np.max(self.rate)) * dt / 1000

    def kernels(self) -> tuple[Callable[..., Any], None]:
        """Return the kernel that lets units fire; nothing is reset."""
        from neurosim.kernels.poisson import update, update_each

        return update_each if self.variables else update, None


def unit_law(p: float) -> tuple[float, float, float, float]:
    """Return the parameters of units that fire with probability p in a step.

    Examples
    --------
    >>> unit_law(0.5)[0] == 2.0**31, unit_law(0.001)[3]
    (True, 1.0)
    """
    from neurosim.kernels.poisson import BLOCK

    if p == 0 or p > RARE:
        return 2.0**32 * p, 0.0, 0.0, 0.0
    log_miss = math.log1p(-p)
    return 2.0**32 * p, 1 / log_miss, 2.0**32 * math.exp(BLOCK * log_miss), 1.0
