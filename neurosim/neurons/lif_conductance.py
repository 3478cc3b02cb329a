r"""The leaky integrate-and-fire neuron with exponential synaptic conductances.

.. math::
    \tau \frac{dv}{dt} = v_\text{rest} - v + g_e (E_e - v) + g_i (E_i - v) + I(t), \qquad
    \tau_e \frac{dg_e}{dt} = -g_e, \qquad \tau_i \frac{dg_i}{dt} = -g_i

A presynaptic spike adds its weight to :math:`g_e` (`exc`) or :math:`g_i` (`inh`), conductances relative to that of the leak, without a
unit. If :math:`v > \theta` at the end of a step, the neuron fires; v is set to :math:`v_\text{reset}` and held there for the refractory
time, while the conductances go on fading. The current I, in mV, is constant during a step.

The conductances are exact. For v they are replaced by their exact means over the step :math:`h`, and the exponential of the equation that
is left, :math:`\tau \dot v = A - B v`, by a rational function:

.. math::
    v \to \frac{v + a (1 + x / 2)}{1 + x (1 + x / 2)}, \qquad x = \frac{h}{\tau} B, \quad a = \frac{h}{\tau} A, \qquad
    B = 1 + \bar g_e + \bar g_i, \quad A = v_\text{rest} + I + \bar g_e E_e + \bar g_i E_i.

This is of second order in h. The new v is a mean of the old one and of :math:`A / B` with weights between 0 and 1, so that it stays between
the reversal potentials (but for the current) for any step and any conductance; it takes one division and no exponential.

With ``method="euler"`` all three equations are integrated by forward Euler, of first order, unstable for steps above
:math:`2 \tau / B`: what a simulator does that knows nothing of the equations, here to be compared with.

Source: T. P. Vogels & L. F. Abbott, J. Neurosci. 25, 10786 (2005), as in R. Brette et al., J. Comput. Neurosci. 23, 349 (2007),
benchmark 1 (COBA). Differs from the papers in: the scheme, and that time runs in steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.checks import real
from neurosim.errors import nearest, with_hint
from neurosim.neurons.lif_current import TINY

METHODS = ("rational", "euler")


@dataclass(frozen=True)
class LIFConductance:
    """Leaky integrate-and-fire neuron with exponential synaptic conductances.

    Parameters
    ----------
    tau : float
        Membrane time constant in ms, of the leak alone.
    rest, threshold, reset : float
        Potentials in mV; the threshold lies above reset.
    refractory : float
        Time in ms after a spike in which v is held at reset.
    tau_exc, tau_inh : float
        Time constants of the two synaptic conductances in ms.
    exc_reversal, inh_reversal : float
        Reversal potentials of the synapses in mV.
    method : {"rational", "euler"}
        How v is integrated.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number or out of range, or the method unknown.

    Examples
    --------
    The neuron of the benchmark COBA:

    >>> neuron = LIFConductance(tau=20.0, rest=-60.0, threshold=-50.0, reset=-60.0, exc_reversal=0.0, inh_reversal=-80.0)
    >>> neuron.start()
    {'v': -60.0, 'exc': 0.0, 'inh': 0.0}
    """

    tau: float = 20.0
    rest: float = -60.0
    threshold: float = -50.0
    reset: float = -60.0
    refractory: float = 5.0
    tau_exc: float = 5.0
    tau_inh: float = 10.0
    exc_reversal: float = 0.0
    inh_reversal: float = -80.0
    method: str = "rational"

    variables: ClassVar[tuple[str, ...]] = ("v", "exc", "inh")
    port: ClassVar[str] = "exc"
    takes_current: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("tau", "tau_exc", "tau_inh"):
            real(name, getattr(self, name), above=0)
        for name in ("rest", "exc_reversal", "inh_reversal"):
            real(name, getattr(self, name))
        real("refractory", self.refractory, least=0)
        if real("threshold", self.threshold) <= real("reset", self.reset):
            error = ValueError(f"threshold must be above reset, got threshold {self.threshold} and reset {self.reset}")
            raise with_hint(error, "a neuron that is reset above its threshold fires for ever")
        if self.method not in METHODS:
            error = ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {self.method!r}")
            raise with_hint(error, nearest(str(self.method), METHODS))

    @property
    def held(self) -> float:
        """Value of v in the refractory time."""
        return self.reset

    def start(self) -> dict[str, float]:
        """Return the initial value of each variable: at rest, or at reset where rest lies above the threshold."""
        return {"v": self.reset if self.rest > self.threshold else self.rest, "exc": 0.0, "inh": 0.0}

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what :mod:`neurosim.kernels.lif_conductance` lists."""
        leak, times = dt / self.tau, (self.tau_exc, self.tau_inh)
        if self.method == "euler":
            means, fading = [leak, leak], [1 - dt / tau for tau in times]
        else:
            means = [-math.expm1(-dt / tau) * tau / self.tau for tau in times]
            fading = [math.exp(-dt / tau) for tau in times]
        potentials = (self.exc_reversal, self.inh_reversal, self.rest + TINY)
        return leak, *means, *fading, *potentials, 1.0, TINY, self.threshold, self.reset

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return the kernels that advance and reset."""
        from neurosim.kernels.lif_conductance import reset, update, update_euler

        return update_euler if self.method == "euler" else update, reset
