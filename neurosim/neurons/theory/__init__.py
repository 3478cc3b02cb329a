r"""Firing rates of leaky integrate-and-fire neurons in closed form: constant input, white noise, white noise seen in steps of time.

The membrane potential relaxes to the resting potential plus the input :math:`R I`; the sum of the two is :math:`\mu`. With white noise,

.. math:: \tau \dot v = \mu - v + \sigma \sqrt{\tau}\, \eta(t), \qquad \langle \eta(t) \eta(t') \rangle = \delta(t - t').

At the threshold :math:`\theta` the neuron fires and is held at the reset :math:`V_r` for the refractory time :math:`t_r`. This is Brunel's
:math:`\sigma`: without a threshold the potential would have the standard deviation :math:`\sigma / \sqrt 2`; Poisson inputs of rate
:math:`\nu_k` (per ms) that move it by :math:`J_k` give :math:`\mu = \tau \sum J_k \nu_k` and :math:`\sigma^2 = \tau \sum J_k^2 \nu_k`.

===================================  ============================================================================
:func:`lif_rate`                     :math:`\sigma = 0`
:func:`siegert_rate`                 any :math:`\sigma`, threshold watched all the time
:func:`discrete_rate`                any :math:`\sigma`, threshold looked at once in every step `dt`: what a simulation does
:func:`discrete_threshold_shift`     the threshold to put into :func:`siegert_rate` to come close to :func:`discrete_rate`
:func:`coloured_threshold_shift`     threshold and reset to put into it for noise filtered by fast synapses
:func:`brunel_rates`                 rates at which Brunel's network of such neurons supports itself
:func:`brunel_input`                 the input that a neuron of that network receives
:func:`siegert_variation`            how irregular the intervals are in white noise
:func:`lif_response`                 how the rate follows a small change of the input
:func:`brunel_mode`                  the oscillation of that network that grows fastest
:func:`brunel_resonances`            all its modes, damped ones too
:func:`brunel_spectrum`              the spectrum of its rate with finitely many neurons
===================================  ============================================================================

Times are in ms, potentials in mV, rates in Hz. All arguments but those of :func:`brunel_rates` may be arrays of any shapes that broadcast.

Sources: A. J. F. Siegert, Phys. Rev. 81, 617 (1951); L. M. Ricciardi, Diffusion Processes and Related Topics in Biology (Springer 1977);
N. Brunel, J. Comput. Neurosci. 8, 183 (2000); N. Fourcaud & N. Brunel, Neural Comput. 14, 2057 (2002); M. Broadie, P. Glasserman &
S. Kou, Math. Finance 7, 325 (1997). Differs from the papers in: the fading of the shift of the reset in the refractory
time, which is ours.
"""

from __future__ import annotations

from neurosim.neurons.theory.brunel import brunel_input, brunel_rates
from neurosim.neurons.theory.discrete import discrete_rate
from neurosim.neurons.theory.rates import lif_rate, siegert_rate
from neurosim.neurons.theory.response import lif_response
from neurosim.neurons.theory.shifts import coloured_threshold_shift, discrete_threshold_shift
from neurosim.neurons.theory.stability import brunel_loop, brunel_mode, brunel_resonances, brunel_spectrum
from neurosim.neurons.theory.variation import siegert_variation

__all__ = [
    "brunel_input",
    "brunel_loop",
    "brunel_mode",
    "brunel_rates",
    "brunel_resonances",
    "brunel_spectrum",
    "coloured_threshold_shift",
    "discrete_rate",
    "discrete_threshold_shift",
    "lif_rate",
    "lif_response",
    "siegert_rate",
    "siegert_variation",
]
