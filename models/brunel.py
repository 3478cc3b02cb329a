r"""The network of N. Brunel (2000): sparse, random, excitation against inhibition.

Of :math:`N` leaky integrate-and-fire neurons four fifths are excitatory. Each receives :math:`C_E` synapses of strength J from the
excitatory ones, chosen at random, and :math:`C_I = C_E / 4` of strength -g J from the inhibitory ones, all with the delay D, and
:math:`C_E` independent Poisson trains of rate :math:`\nu_{ext}` from outside, of strength J too:

.. math::
    \tau \dot v_i = -v_i + \tau \sum_j J_{ij} \sum_k \delta(t - t_j^k - D), \qquad
    \nu_{ext} = \eta\, \nu_\theta, \quad \nu_\theta = \frac{\theta}{J C_E \tau} .

At :math:`\theta` a neuron fires and is held at :math:`V_r` for the refractory time. :math:`\tau` = 20 ms, :math:`\theta` = 20 mV,
:math:`V_r` = 10 mV, refractory time 2 ms, D = 1.5 ms, J = 0.1 mV, :math:`C_E` = 1,000, N = 12,500.

Source: N. Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons", J. Comput. Neurosci. 8, 183
(2000), model A. Differs from the paper in: time runs in steps; jumps that arrive in the refractory time are lost.
"""

from __future__ import annotations

import numpy as np

import neurosim as ns

THRESHOLD, TAU, WEIGHT = 20.0, 20.0, 0.1
EXCITATORY = 1000
"""Excitatory synapses a neuron, C_E."""


def network(g: float, eta: float, *, n: int = 12_500, dt: float = 0.1, rng: np.random.Generator) -> ns.Network:
    """Return Brunel's network with synapses of its own.

    Parameters
    ----------
    g : float
        Strength of an inhibitory synapse over that of an excitatory one, above 0.
    eta : float
        External input over the input that alone brings the mean to the threshold, at least 0.
    n : int
        Neurons, a multiple of 5, at least 1,250. The synapses a neuron do not depend on it.
    dt : float
        Time step in ms; delay and refractory time are multiples of it.
    rng : numpy.random.Generator

    Returns
    -------
    neurosim.Network
        Populations ``exc`` and ``inh``.

    Examples
    --------
    >>> network(5.0, 2.0, rng=np.random.default_rng(1)).populations["inh"].n
    2500
    """
    sizes, degree, weight = (
        {"exc": n * 4 // 5, "inh": n // 5},
        {"exc": EXCITATORY, "inh": EXCITATORY // 4},
        {"exc": WEIGHT, "inh": -g * WEIGHT},
    )
    if n % 5 or sizes["exc"] < EXCITATORY:
        raise ValueError(f"n must be a multiple of 5 and at least {EXCITATORY * 5 // 4:,}, got {n}")
    cell = ns.LIF(tau=TAU, rest=0.0, threshold=THRESHOLD, reset=10.0, refractory=2.0)
    projections = {
        f"{source}-{target}": ns.Projection(
            source,
            target,
            ns.connectivity.fixed_in_degree(sizes[source], sizes[target], degree[source], rng=rng),
            weight=weight[source],
            delay=1.5,
        )
        for source in sizes
        for target in sizes
    }
    outside = 1000 * eta * THRESHOLD / (WEIGHT * EXCITATORY * TAU)
    inputs = {f"outside {name}": ns.PoissonInput(name, rate=outside, weight=WEIGHT, n=EXCITATORY) for name in sizes}
    return ns.Network({name: ns.Population(cell, size) for name, size in sizes.items()}, projections, inputs, dt=dt)


def start(net: ns.Network, *, rng: np.random.Generator) -> ns.NetworkState:
    """Return a state in which the potentials lie evenly between rest and threshold.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> state = start(network(5.0, 2.0, rng=rng), rng=rng)
    >>> bool(state["exc"]["v"].max() < 20.0)
    True
    """
    values = {name: {"v": rng.uniform(0.0, THRESHOLD, population.n)} for name, population in net.populations.items()}
    return net.init(seed=int(rng.integers(2**63)), values=values)
