r"""The leaky integrate-and-fire neuron with exponential synaptic currents.

.. math::
    \tau \frac{dv}{dt} = v_\text{rest} - v + g_e + g_i + I(t), \qquad
    \tau_e \frac{dg_e}{dt} = -g_e, \qquad \tau_i \frac{dg_i}{dt} = -g_i

A presynaptic spike adds its weight to :math:`g_e` (`exc`) or :math:`g_i` (`inh`). Both are currents times the resistance of the membrane,
in mV; they differ in their time constants alone, and a synapse inhibits because its weight is negative. If :math:`v > \theta` at the end
of a step, the neuron fires; v is set to :math:`v_\text{reset}` and held there for the refractory time, while the currents go on fading.

The current :math:`I`, in mV, is constant during a step :math:`h`, and the solution is exact:

.. math::
    v(t + h) = P v + (1 - P) (v_\text{rest} + I) + K_e g_e + K_i g_i, \qquad P = e^{-h / \tau}, \qquad
    K_s = \frac{\tau_s}{\tau_s - \tau} \bigl(e^{-h / \tau_s} - e^{-h / \tau}\bigr)

with :math:`K_s = (h / \tau) P` where :math:`\tau_s = \tau`. One spike of weight w onto a neuron at rest moves v by
:math:`w \tau_s / (\tau_s - \tau) \, (e^{-t / \tau_s} - e^{-t / \tau})`.

Source: T. P. Vogels & L. F. Abbott, J. Neurosci. 25, 10786 (2005), as in R. Brette et al., J. Comput. Neurosci. 23, 349 (2007),
benchmark 2 (CUBA). Differs from the papers in: the propagators are exact, and time runs in steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.checks import real
from neurosim.errors import with_hint

TINY = 1e-20
"""Far below the digits of any number that matters; what fades towards zero is kept from the denormal numbers, which are slow, by adding it
and taking it away again, and a potential that relaxes to 0 mV by relaxing to this instead."""


@dataclass(frozen=True)
class LIFCurrent:
    """Leaky integrate-and-fire neuron with exponential synaptic currents.

    Parameters
    ----------
    tau : float
        Membrane time constant in ms.
    rest, threshold, reset : float
        Potentials in mV; the threshold lies above reset.
    refractory : float
        Time in ms after a spike in which v is held at reset.
    tau_exc, tau_inh : float
        Time constants of the two synaptic currents in ms.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number or out of range.

    Examples
    --------
    The neuron of the benchmark CUBA, which rests above its threshold:

    >>> neuron = LIFCurrent(tau=20.0, rest=-49.0, threshold=-50.0, reset=-60.0, refractory=5.0, tau_exc=5.0, tau_inh=10.0)
    >>> neuron.variables, neuron.start()
    (('v', 'exc', 'inh'), {'v': -60.0, 'exc': 0.0, 'inh': 0.0})
    """

    tau: float = 20.0
    rest: float = -60.0
    threshold: float = -50.0
    reset: float = -60.0
    refractory: float = 5.0
    tau_exc: float = 5.0
    tau_inh: float = 10.0

    variables: ClassVar[tuple[str, ...]] = ("v", "exc", "inh")
    port: ClassVar[str] = "exc"
    takes_current: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("tau", "tau_exc", "tau_inh"):
            real(name, getattr(self, name), above=0)
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
        """Return the initial value of each variable: at rest, or at reset where rest lies above the threshold."""
        return {"v": self.reset if self.rest > self.threshold else self.rest, "exc": 0.0, "inh": 0.0}

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what :mod:`neurosim.kernels.lif_current` lists."""
        decay, gain = math.exp(-dt / self.tau), -math.expm1(-dt / self.tau)
        to_v = [synapse_to_membrane(dt, self.tau, tau) for tau in (self.tau_exc, self.tau_inh)]
        fading = [math.exp(-dt / tau) for tau in (self.tau_exc, self.tau_inh)]
        return decay, gain * (self.rest + TINY), gain, *to_v, *fading, TINY, self.threshold, self.reset

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return the kernels that advance and reset."""
        from neurosim.kernels.lif_current import reset, update

        return update, reset


def synapse_to_membrane(dt: float, tau: float, tau_synapse: float) -> float:
    r"""Return what an exponential current of now, in mV, adds to v in one step.

    The formula of the module, written as :math:`(h / \tau) e^{-h / \tau} (e^x - 1) / x` with :math:`x = h / \tau - h / \tau_s`, loses no
    digits where the time constants are close to each other.

    Examples
    --------
    >>> synapse_to_membrane(0.1, 20.0, 20.0) == 0.1 / 20.0 * math.exp(-0.1 / 20.0)
    True
    """
    x = dt / tau - dt / tau_synapse
    return dt / tau * math.exp(-dt / tau) * (math.expm1(x) / x if x else 1.0)
