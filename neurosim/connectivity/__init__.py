r"""Who is connected to whom, without weights and delays.

Synapses lead from :math:`n_s` sources to :math:`n_t` targets. The *in-degree* :math:`K` of a target is the number of synapses that end
there, the *out-degree* :math:`K'` of a source the number that begin there. A *multapse* is a pair of units with more than one synapse, an
*autapse* a synapse of a unit onto itself. Let :math:`c_s` be the number of sources that a target may have and :math:`c_t` the number of
targets that a source may have: :math:`n_s` and :math:`n_t`, less one each where autapses are left out. Then

.. math::

    \begin{aligned}
    \text{Bernoulli: } & K \sim B(c_s, p), & \langle K \rangle &= c_s p, & \sigma_K^2 &= c_s p (1 - p) \\
    \text{fixed in-degree } K \text{: } & K' \sim B(c_t, K / c_s), & \langle K' \rangle &= \tfrac{c_t K}{c_s}, &
    \sigma_{K'}^2 &= \tfrac{c_t K}{c_s} \bigl(1 - \tfrac{K}{c_s}\bigr) \\
    \text{the same with multapses: } & K' \sim B(c_t K, 1 / c_s), & \langle K' \rangle &= \tfrac{c_t K}{c_s}, &
    \sigma_{K'}^2 &= \tfrac{c_t K}{c_s} \bigl(1 - \tfrac{1}{c_s}\bigr)
    \end{aligned}

with :math:`B(n, p)` the binomial law of n trials. For the out-degrees of Bernoulli synapses, and for a fixed out-degree, exchange sources
and targets.

Bernoulli rows are walked by geometric jumps (Batagelj & Brandes), sets without repetition are drawn by Floyd's algorithm (Bentley & Floyd),
draws below a bound are exactly uniform (Lemire); no array of all pairs is made. What one unit draws is a function of a 64-bit seed, taken
from `rng`, and of its number.

Sources: the terms, J. Senk et al., "Connectivity concepts in neuronal network modeling", PLoS Comput. Biol. 18, e1010086 (2022);
V. Batagelj & U. Brandes, "Efficient generation of large random networks", Phys. Rev. E 71, 036113 (2005); J. Bentley & B. Floyd, "A sample
of brilliance", Commun. ACM 30, 754 (1987); D. Lemire, "Fast random integer generation in an interval", ACM Trans. Model. Comput. Simul. 29,
3 (2019). Differs from the papers in: pairs are directed, and each source begins a sequence of jumps of its own.
"""

from neurosim.connectivity.makers import all_to_all as all_to_all
from neurosim.connectivity.makers import bernoulli as bernoulli
from neurosim.connectivity.makers import fixed_in_degree as fixed_in_degree
from neurosim.connectivity.makers import fixed_out_degree as fixed_out_degree
from neurosim.connectivity.makers import from_arrays as from_arrays
from neurosim.connectivity.makers import from_scipy as from_scipy
from neurosim.connectivity.makers import one_to_one as one_to_one
from neurosim.connectivity.synapses import ByTarget as ByTarget
from neurosim.connectivity.synapses import Synapses as Synapses
