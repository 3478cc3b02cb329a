r"""Noise currents: white noise, and the process of Ornstein and Uhlenbeck.

White noise of mean :math:`\mu` and strength :math:`\sigma`,

.. math:: I(t) = \mu + \sigma \sqrt{\tau_m}\, \eta(t), \qquad \langle \eta(t) \eta(t') \rangle = \delta(t - t'),

is what :mod:`neurosim.neurons.theory` speaks of: in the equation :math:`\tau_m \dot v = -v + I` the potential has, without a threshold, the
standard deviation :math:`\sigma / \sqrt 2`. In steps of :math:`h` the current is held constant, and is a new normal number in each. With
the standard deviation

.. math:: \sigma \sqrt{\frac{1 + P}{2 (1 - P)}}, \qquad P = e^{-h / \tau_m},

the neurons whose leak is integrated exactly (:class:`~neurosim.neurons.lif.LIF`) step by exactly the law of this equation,
:math:`v \to \mu + P (v - \mu) + \sigma \sqrt{(1 - P^2) / 2}\; \xi`, and their rates are those of
:func:`~neurosim.neurons.theory.discrete_rate`. Where no membrane time constant is given, :math:`\sigma \sqrt{\tau_m}` is taken as one
number, the intensity s, and the standard deviation is :math:`s / \sqrt h`, which is the same to first order in :math:`h`.

The process of Ornstein and Uhlenbeck has a correlation time :math:`\tau` and the standard deviation :math:`\sigma`:

.. math::
    \tau \dot I = \mu - I + \sigma \sqrt{2 \tau}\, \eta(t), \qquad
    I(t + h) = \mu + e^{-h / \tau} (I(t) - \mu) + \sigma \sqrt{1 - e^{-2 h / \tau}}\; \xi,

exact at the ticks; it begins in its stationary law.

Sources: G. E. Uhlenbeck & L. S. Ornstein, Phys. Rev. 36, 823 (1930); D. T. Gillespie, Phys. Rev. E 54, 2084 (1996) for the exact step.
Differs from the papers in: nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.checks import real
from neurosim.errors import with_hint


@dataclass(frozen=True)
class NoiseCurrent:
    r"""A noisy current, independent for each unit of a population.

    Parameters
    ----------
    target : str
        Name of the population.
    mean : float
        In the unit of the target's current.
    sigma : float
        At least 0. White noise: :math:`\sigma` of :mod:`neurosim.neurons.theory`, in the unit of the current, if `tau_membrane` is given,
        else the intensity, in this unit times the root of a ms. With `tau`: the standard deviation of the current.
    tau : float
        Correlation time in ms; 0 for white noise.
    tau_membrane : float, optional
        Membrane time constant of the target in ms, for white noise.

    Raises
    ------
    TypeError, ValueError
        If an argument is no number or out of range, or `tau_membrane` is given together with `tau`.

    Examples
    --------
    The noise of :func:`~neurosim.neurons.theory.siegert_rate` at 15 mV and 5 mV, for neurons of 20 ms; and coloured noise:

    >>> white = NoiseCurrent("exc", mean=15.0, sigma=5.0, tau_membrane=20.0)
    >>> coloured = NoiseCurrent("exc", mean=15.0, sigma=1.0, tau=5.0)
    """

    target: str
    mean: float
    sigma: float
    tau: float = 0.0
    tau_membrane: float | None = None

    variable: ClassVar[str | None] = None
    slot: ClassVar[str] = "current"

    def __post_init__(self) -> None:
        real("mean", self.mean)
        real("sigma", self.sigma, least=0)
        real("tau", self.tau, least=0)
        if self.tau_membrane is not None:
            real("tau_membrane", self.tau_membrane, above=0)
            if self.tau > 0:
                error = ValueError(f"tau_membrane belongs to white noise, got tau {self.tau} and tau_membrane {self.tau_membrane}")
                raise with_hint(error, "with a correlation time, sigma is the standard deviation of the current; leave tau_membrane out")

    @property
    def memory(self) -> int:
        """Rows of memory: one, the deviation from the mean, with a correlation time."""
        return int(self.tau > 0)

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what :func:`neurosim.kernels.currents.add_white` or :func:`~neurosim.kernels.currents.add_coloured` lists."""
        if self.tau > 0:
            move = self.sigma * math.sqrt(-math.expm1(-2 * dt / self.tau))
            return self.mean, self.sigma, math.exp(-dt / self.tau), move
        if self.tau_membrane is None:
            return self.mean, self.sigma / math.sqrt(dt)
        decay, gain = math.exp(-dt / self.tau_membrane), -math.expm1(-dt / self.tau_membrane)
        return self.mean, self.sigma * math.sqrt((1 + decay) / (2 * gain))

    def kernel(self) -> Callable[..., Any]:
        """Return the kernel that adds the current of a step."""
        from neurosim.kernels.currents import add_coloured, add_white

        return add_coloured if self.tau > 0 else add_white
