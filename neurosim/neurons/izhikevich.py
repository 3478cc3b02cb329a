r"""The neuron of Izhikevich: two equations that fire in all the ways of cortical neurons.

.. math::
    \frac{dv}{dt} = 0.04 v^2 + 5 v + 140 - u + i(t) + I(t), \qquad \frac{du}{dt} = a (b v - u)

with v in mV and t in ms. When v reaches `peak` the neuron fires, v is set to c, and u, the recovery variable, grows by d. One step of
:math:`h` is that of the program in the paper: two half steps of v, with u held, then a step of u with the new v,

.. math:: v \to v + \tfrac{h}{2} f(v, u), \quad v \to v + \tfrac{h}{2} f(v, u), \quad u \to u + h a (b v - u),

of first order in :math:`h` for any h. The paper has h = 1 ms; its figures are those of that step, and the times of spikes change with h.

A presynaptic spike adds its weight to the synaptic current :math:`i`, in the unit of the current I, that of dv/dt (mV / ms). With
`tau_syn` = 0 the spike acts in one step, with the charge of a current of this weight that lasts 1 ms, whatever the step; at h = 1 ms it
is the current of the paper. With `tau_syn` above 0 the current begins at the weight and fades exponentially; its mean over a step is what
acts.

======================  ======  =======  =======  ====
Class                   a       b        c        d
======================  ======  =======  =======  ====
regular spiking         0.02    0.2      -65      8
intrinsically bursting  0.02    0.2      -55      4
chattering              0.02    0.2      -50      2
fast spiking            0.1     0.2      -65      2
low-threshold spiking   0.02    0.25     -65      2
======================  ======  =======  =======  ====

Source: E. M. Izhikevich, IEEE Trans. Neural Netw. 14, 1569 (2003). Differs from the paper in: a synapse takes at least one step, where the
paper's program lets a spike act in the step in which it is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.checks import real
from neurosim.errors import with_hint
from neurosim.neurons.lif_current import TINY

PULSE = 1.0
"""Duration in ms of the synaptic current whose charge acts at once if tau_syn is 0."""


@dataclass(frozen=True)
class Izhikevich:
    """The neuron of Izhikevich (2003).

    Parameters
    ----------
    a, b : float
        Rate of recovery in 1 / ms, above 0, and its coupling to v.
    c, d : float
        What v is set to after a spike, in mV, and what u grows by.
    peak : float
        Potential in mV at which a spike is cut off, above c.
    tau_syn : float
        Time constant of the synaptic current in ms; 0 for spikes that act in one step.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number or out of range.

    Examples
    --------
    Regular spiking, and a chattering neuron:

    >>> Izhikevich().start()
    {'v': -65.0, 'u': -13.0, 'i': 0.0}
    >>> Izhikevich(c=-50.0, d=2.0).held
    -50.0
    """

    a: float = 0.02
    b: float = 0.2
    c: float = -65.0
    d: float = 8.0
    peak: float = 30.0
    tau_syn: float = 0.0

    variables: ClassVar[tuple[str, ...]] = ("v", "u", "i")
    port: ClassVar[str] = "i"
    takes_current: ClassVar[bool] = True
    refractory: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        real("a", self.a, above=0)
        for name in ("b", "c", "d", "peak"):
            real(name, getattr(self, name))
        real("tau_syn", self.tau_syn, least=0)
        if self.peak <= self.c:
            error = ValueError(f"peak must be above c, got peak {self.peak} and c {self.c}")
            raise with_hint(error, "a neuron that is reset above its peak fires for ever")

    @property
    def held(self) -> float:
        """What v is set to after a spike."""
        return self.c

    def start(self) -> dict[str, float]:
        """Return the initial value of each variable, those of the paper: v = -65 mV, u = b v."""
        return {"v": -65.0, "u": self.b * -65.0, "i": 0.0}

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what :mod:`neurosim.kernels.izhikevich` lists."""
        mean, fade = PULSE / dt, 0.0
        if self.tau_syn > 0:
            mean, fade = -math.expm1(-dt / self.tau_syn) * self.tau_syn / dt, math.exp(-dt / self.tau_syn)
        return dt / 2, dt * self.a, self.b, self.c, self.d, self.peak, mean, fade, TINY, 0.04, 5.0, 140.0

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return the kernels that advance and reset."""
        from neurosim.kernels.izhikevich import reset, update

        return update, reset
