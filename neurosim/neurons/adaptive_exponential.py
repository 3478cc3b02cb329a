r"""The adaptive exponential integrate-and-fire neuron.

.. math::
    C \frac{dv}{dt} = -g_L (v - E_L) + g_L \Delta_T e^{(v - V_T) / \Delta_T} - w + I_e + I_i + I(t), \qquad
    \tau_w \frac{dw}{dt} = a (v - E_L) - w

Above :math:`V_T` the exponential drives v up without bound: the spike. When v exceeds `peak` at the end of a step, the neuron fires, v is
set to :math:`V_r`, and w, the current of adaptation, grows by b. The synaptic currents :math:`I_e` (`exc`) and :math:`I_i` (`inh`) are
exponential, :math:`\tau_e \dot I_e = -I_e`; a spike adds its weight, in pA, which is negative for inhibition. The current I, in pA, is
constant during a step. A current starts the neuron firing if it exceeds the rheobase, for :math:`a = 0`

.. math:: I_{rh} = g_L (V_T - \Delta_T - E_L).

Leak and synaptic currents are integrated exactly, the exponential and w by an exponential Runge-Kutta step (S. M. Cox & P. C. Matthews,
J. Comput. Phys. 176, 430 (2002), ETD2RK): the whole is of second order in the step as long as there is no spike. A spike comes one to two
steps late, half a step of which is the way to the next tick, so that rates are of first order. The exponent is bounded, by its value at
the peak and by 50, so that the step of a spike stays finite. As :math:`\Delta_T \to 0` without adaptation the neuron becomes
:class:`~neurosim.neurons.lif_current.LIFCurrent` with threshold :math:`V_T`.

Source: R. Brette & W. Gerstner, J. Neurophysiol. 94, 3637 (2005). Differs from the paper in: synapses are currents in place of
conductances; time runs in steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.checks import real
from neurosim.errors import with_hint
from neurosim.neurons.lif_current import TINY, synapse_to_membrane

STEEPEST = 50.0
"""Bound of the exponent: in a step in which it is reached, v exceeds any peak."""
SHALLOWEST = -80.0


@dataclass(frozen=True)
class AdaptiveExponential:
    r"""Adaptive exponential integrate-and-fire neuron with exponential synaptic currents.

    The default parameters are those of the paper. With reset = -46 the neuron bursts, with a = 80 or b = 0 it adapts otherwise.

    Parameters
    ----------
    capacitance : float
        C in pF.
    leak : float
        :math:`g_L` in nS. The membrane time constant is C / :math:`g_L`.
    rest, threshold, slope : float
        :math:`E_L`, :math:`V_T` and :math:`\Delta_T`, the width of the onset of a spike, in mV.
    tau_w, a, b : float
        Time constant of adaptation in ms, its coupling to v in nS, and what a spike adds to it in pA.
    reset, peak : float
        :math:`V_r`, and the potential at which a spike is cut off, in mV. The peak lies above threshold and reset; what it is hardly
        matters.
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
    >>> neuron = AdaptiveExponential()
    >>> neuron.start()
    {'v': -70.6, 'w': 0.0, 'exc': 0.0, 'inh': 0.0}
    >>> round(neuron.rheobase)  # pA, without adaptation
    546
    """

    capacitance: float = 281.0
    leak: float = 30.0
    rest: float = -70.6
    threshold: float = -50.4
    slope: float = 2.0
    tau_w: float = 144.0
    a: float = 4.0
    b: float = 80.5
    reset: float = -70.6
    peak: float = 20.0
    refractory: float = 0.0
    tau_exc: float = 5.0
    tau_inh: float = 10.0

    variables: ClassVar[tuple[str, ...]] = ("v", "w", "exc", "inh")
    port: ClassVar[str] = "exc"
    takes_current: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("capacitance", "leak", "slope", "tau_w", "tau_exc", "tau_inh"):
            real(name, getattr(self, name), above=0)
        for name in ("rest", "threshold", "a", "b", "reset", "peak"):
            real(name, getattr(self, name))
        real("refractory", self.refractory, least=0)
        for name in ("threshold", "reset"):
            if self.peak <= getattr(self, name):
                error = ValueError(f"peak must be above {name}, got peak {self.peak} and {name} {getattr(self, name)}")
                raise with_hint(error, "the peak is where the upstroke of a spike is cut off, 20 mV in the paper")

    @property
    def held(self) -> float:
        """Value of v in the refractory time."""
        return self.reset

    @property
    def rheobase(self) -> float:
        """Constant current in pA above which the neuron fires, if a = 0."""
        return self.leak * (self.threshold - self.slope - self.rest)

    def start(self) -> dict[str, float]:
        """Return the initial value of each variable."""
        return {"v": self.rest, "w": 0.0, "exc": 0.0, "inh": 0.0}

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what :data:`neurosim.kernels.adaptive_exponential.PARAMETERS` lists."""
        tau = self.capacitance / self.leak
        z = dt / tau
        gain = -math.expm1(-z)
        later = 1 - gain / z
        w_gain = -math.expm1(-dt / self.tau_w)
        exponent = min((self.peak - self.threshold) / self.slope, STEEPEST)
        membrane = (math.exp(-z), gain * self.rest, gain / self.leak, later / self.leak)
        to_v = [synapse_to_membrane(dt, tau, tau_synapse) / self.leak for tau_synapse in (self.tau_exc, self.tau_inh)]
        fading = [math.exp(-dt / tau_synapse) for tau_synapse in (self.tau_exc, self.tau_inh)]
        upstroke = (self.leak * self.slope, 1 / self.slope, self.threshold / self.slope, SHALLOWEST, exponent)
        adaptation = (1 - w_gain, w_gain * self.a / 2, 2 * self.rest)
        return *membrane, *to_v, *fading, *upstroke, *adaptation, TINY, self.peak, self.reset, self.b

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return the kernels that advance and reset."""
        from neurosim.kernels.adaptive_exponential import reset, update

        return update, reset
