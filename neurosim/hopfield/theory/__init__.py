r"""Theory of the classical Hopfield network: replica-symmetric mean field, at any load and temperature.

The network stores :math:`K = \alpha N` random unbiased patterns by Hebb's rule with :math:`J_{ii} = 0`, :math:`N \to \infty`. Load
:math:`\alpha` and temperature :math:`T` are dimensionless; a lone pattern orders at :math:`T = 1`.

===============================  ================================================================================
:func:`retrieval`                the state next to a pattern: m, q, r, C, energy, free energy, entropy, stability
:func:`overlap`                  its overlap m alone
:func:`spin_glass`               the state without memory at low temperature: m = 0, q > 0
:func:`paramagnet`               the state without order: m = q = 0
:func:`critical_load`            largest load of retrieval at T = 0, 0.1379
:func:`retrieval_load`           the same at any temperature
:func:`retrieval_temperature`    :math:`T_M`, the temperature at which retrieval is lost
:func:`edge_overlap`             the overlap there
:func:`coexistence_load`         load at which retrieval and spin glass have the same free energy
:func:`coexistence_temperature`  :math:`T_c`, below which retrieval is the global minimum
:func:`glass_temperature`        :math:`T_g`, the temperature at which the paramagnet freezes
:func:`stability_temperature`    :math:`T_R`, below which replica symmetry fails in the retrieval state
:func:`mixture`                  the symmetric mixture of n patterns: overlap, free energy, eigenvalues of the Hessian
:func:`mixture_temperature`      the temperature below which it is a local minimum
:func:`mixture_load`             the largest load at which it exists at T = 0
===============================  ================================================================================

Functions take numbers or arrays, which are broadcast. Where a state or a line does not exist the answer is NaN.
"""

from __future__ import annotations

from neurosim.hopfield.theory.lines import (
    coexistence_load,
    coexistence_temperature,
    edge_overlap,
    glass_temperature,
    retrieval_load,
    retrieval_temperature,
    stability_temperature,
)
from neurosim.hopfield.theory.mixtures import Mixture, mixture, mixture_load, mixture_temperature
from neurosim.hopfield.theory.thermal import Retrieval, Solution, overlap, paramagnet, retrieval, spin_glass
from neurosim.hopfield.theory.zero import critical_load

__all__ = [
    "Mixture",
    "Retrieval",
    "Solution",
    "coexistence_load",
    "coexistence_temperature",
    "critical_load",
    "edge_overlap",
    "glass_temperature",
    "mixture",
    "mixture_load",
    "mixture_temperature",
    "overlap",
    "paramagnet",
    "retrieval",
    "retrieval_load",
    "retrieval_temperature",
    "spin_glass",
    "stability_temperature",
]
