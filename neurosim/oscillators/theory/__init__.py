r"""What is exactly known of Kuramoto oscillators.

Oscillators of phases :math:`\theta_i` and natural frequencies :math:`\omega_i` with mean field turn by

.. math::
    \dot\theta_i = \omega_i + \frac{K}{N} \sum_j \sin(\theta_j - \theta_i - \alpha), \qquad
    z = r e^{i \psi} = \frac1N \sum_j e^{i \theta_j} .

=====================================  ==========================================================================
:func:`critical_coupling`              K_c, where incoherence loses its stability: any distribution, lag, noise
:func:`critical_point`                 the same with the frequency at which order sets in
:func:`identical_critical_coupling`    K_c of equal oscillators in noise
:func:`annealed_critical_coupling`     K_c of a link in a random graph, by mean field
:func:`lorentzian_order`               r(K) in closed form, with lag
:func:`lorentzian_frequency`           the frequency of that order
:func:`gaussian_order`                 r(K) by Bessel functions
:func:`steady_order`                   r(K) for any distribution or list of frequencies, with lag
:func:`steady_state`                   the same with the frequency of order
:func:`delayed_steady_state`           all ordered states with one delay for all
:func:`identical_order`                r(K) of equal oscillators in noise
:func:`locking_coupling`               the coupling from which on a finite list of oscillators can lock
:func:`ott_antonsen`                   z(t) of Lorentzian oscillators in closed form
:func:`ott_antonsen_populations`       z(t) of several Lorentzian populations
:func:`poisson_phases`                 phases with a given z, on the manifold of Ott and Antonsen
:func:`poisson_density`                their density
:func:`fluctuations`                   N <r^2> below K_c
:func:`rms_order`                      the root mean square of r below K_c
:func:`order_scatter`                  standard deviation of r between draws above K_c
:func:`chimera_state`                  the chimera of two populations
:func:`chimera_states`                 all its fixed points, saddle included, with eigenvalues
:func:`chimera_birth`                  the disparity at which it is born
:func:`chimera_hopf`                   the disparity at which it begins to breathe
:func:`chimera_end`                    the disparity at which its breath ends in synchrony
:func:`chimera_rates`                  the reduced equations
:func:`chimera_trajectory`             the same, integrated
:func:`chimera_phases`                 phases of two populations in the chimera
:func:`star_couplings`                 backward and forward couplings of explosive synchronisation on a star
:func:`star_locked`                    its locked branch
:func:`star_beating`                   the centre of its other branch
:func:`star_trajectory`                the motion of its leaves
:func:`star_order`                     r of a star from the mean of its leaves
:func:`phase_overlap`                  overlap that a memory recalls of patterns of phases
:func:`sign_overlap`                   the same of patterns of signs
:func:`read_overlap`                   the same, the phases read as signs
:func:`critical_phase_load`            the load beyond which patterns of phases are lost
:func:`critical_sign_load`             the same for patterns of signs
=====================================  ==========================================================================

Time is dimensionless, phases and lags are in radians.
"""

from __future__ import annotations

from neurosim.oscillators.theory.chimera import (
    Chimera,
    chimera_birth,
    chimera_end,
    chimera_hopf,
    chimera_phases,
    chimera_rates,
    chimera_state,
    chimera_states,
    chimera_trajectory,
)
from neurosim.oscillators.theory.critical import (
    Onset,
    annealed_critical_coupling,
    critical_coupling,
    critical_point,
    identical_critical_coupling,
)
from neurosim.oscillators.theory.explosive import (
    StarBeating,
    StarCouplings,
    StarLocked,
    star_beating,
    star_couplings,
    star_locked,
    star_order,
    star_trajectory,
)
from neurosim.oscillators.theory.finite_size import fluctuations, order_scatter, rms_order
from neurosim.oscillators.theory.ott_antonsen import ott_antonsen, ott_antonsen_populations, poisson_density, poisson_phases
from neurosim.oscillators.theory.retrieval import critical_phase_load, critical_sign_load, phase_overlap, read_overlap, sign_overlap
from neurosim.oscillators.theory.self_consistency import (
    SteadyState,
    delayed_steady_state,
    gaussian_order,
    identical_order,
    locking_coupling,
    lorentzian_frequency,
    lorentzian_order,
    steady_order,
    steady_state,
)

__all__ = [
    "Chimera",
    "Onset",
    "StarBeating",
    "StarCouplings",
    "StarLocked",
    "SteadyState",
    "annealed_critical_coupling",
    "chimera_birth",
    "chimera_end",
    "chimera_hopf",
    "chimera_phases",
    "chimera_rates",
    "chimera_state",
    "chimera_states",
    "chimera_trajectory",
    "critical_coupling",
    "critical_phase_load",
    "critical_point",
    "critical_sign_load",
    "delayed_steady_state",
    "fluctuations",
    "gaussian_order",
    "identical_critical_coupling",
    "identical_order",
    "locking_coupling",
    "lorentzian_frequency",
    "lorentzian_order",
    "order_scatter",
    "ott_antonsen",
    "ott_antonsen_populations",
    "phase_overlap",
    "poisson_density",
    "poisson_phases",
    "read_overlap",
    "rms_order",
    "sign_overlap",
    "star_beating",
    "star_couplings",
    "star_locked",
    "star_order",
    "star_trajectory",
    "steady_order",
    "steady_state",
]
