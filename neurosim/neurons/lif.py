r"""The leaky integrate-and-fire neuron whose synapses make the membrane potential jump.

.. math:: \tau \frac{dv}{dt} = v_\text{rest} - v + I(t), \qquad v \to v + w \text{ at a presynaptic spike}

If :math:`v > \theta` at the end of a step, the neuron fires; v is set to :math:`v_\text{reset}` and held there for the refractory time. The
current :math:`I`, in mV (it is the resistance times the current), is constant during a step, and the solution is exact:

.. math:: v(t + \Delta t) = P v(t) + (1 - P) \bigl(v_\text{rest} + I(t)\bigr), \qquad P = e^{-\Delta t / \tau}

For constant :math:`I` the time between two spikes is :math:`t_\text{ref} + T`, :math:`T = \tau \ln \frac{v_\infty -
v_\text{reset}}{v_\infty
- \theta}` with :math:`v_\infty = v_\text{rest} + I`. In steps it is :math:`t_\text{ref} - \Delta t + \lceil T / \Delta t \rceil \Delta t`
(with no refractory time, :math:`\lceil T / \Delta t \rceil \Delta t`): v is held in the steps after the spike but the last, which moves it
already. Rates under noise: :mod:`neurosim.neurons.theory`.

Source: N. Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons", J. Comput. Neurosci. 8, 183
(2000). Differs from the paper in: time runs in steps, and jumps that arrive in the refractory time are lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.checks import real
from neurosim.errors import with_hint


@dataclass(frozen=True)
class LIF:
    """Leaky integrate-and-fire neuron with delta synapses.

    Parameters
    ----------
    tau : float
        Membrane time constant in ms.
    rest, threshold, reset : float
        Potentials in mV; the threshold lies above reset.
    refractory : float
        Time in ms after a spike in which v is held at reset.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number or out of range.

    Examples
    --------
    The neuron of Brunel (2000):

    >>> LIF(tau=20.0, threshold=20.0, reset=10.0, refractory=2.0).variables
    ('v',)
    """

    tau: float = 20.0
    rest: float = 0.0
    threshold: float = 20.0
    reset: float = 10.0
    refractory: float = 2.0

    variables: ClassVar[tuple[str, ...]] = ("v",)
    port: ClassVar[str] = "v"
    takes_current: ClassVar[bool] = True

    def __post_init__(self) -> None:
        real("tau", self.tau, above=0)
        real("rest", self.rest)
        real("refractory", self.refractory, least=0)
        if real("threshold", self.threshold) <= real("reset", self.reset):
            error = ValueError(f"threshold must be above reset, got threshold {self.threshold} and reset {self.reset}")
            raise with_hint(error, "a neuron that is reset above its threshold fires for ever")

    @property
    def held(self) -> float:
        """Value of v in the refractory time."""
        return self.reset

    def start(self) -> dict[str, float]:
        """Return the initial value of each variable."""
        return {"v": self.reset if self.rest > self.threshold else self.rest}

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return P, (1 - P) rest, 1 - P, threshold and reset."""
        decay = math.exp(-dt / self.tau)
        gain = -math.expm1(-dt / self.tau)
        return decay, gain * self.rest, gain, self.threshold, self.reset

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return the kernels that advance and reset."""
        from neurosim.kernels.lif import reset, update

        return update, reset
