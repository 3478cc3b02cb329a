r"""Brunel's sparse network of excitatory and inhibitory neurons in its asynchronous state.

Each neuron receives :math:`C_E` excitatory and :math:`\gamma C_E` inhibitory synapses of strength J and -gJ from the network, and
:math:`C_E` excitatory ones from outside, all Poisson in the limit of a sparse network of weak synapses. All neurons are alike (model A),
so that one rate :math:`\nu` describes the network.

Source: N. Brunel, J. Comput. Neurosci. 8, 183 (2000). Differs from the paper in: nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.neurons.theory._cells import Array, checked
from neurosim.neurons.theory.rates import siegert_rate
from neurosim.neurons.theory.shifts import discrete_threshold_shift


def brunel_input(
    rate: npt.ArrayLike,
    g: npt.ArrayLike,
    eta: npt.ArrayLike,
    *,
    weight: float = 0.1,
    excitatory: float = 1000.0,
    gamma: float = 0.25,
    tau: float = 20.0,
    threshold: float = 20.0,
) -> tuple[Array, Array]:
    r"""Return mean and deviation of the input to a neuron of Brunel's network.

    .. math::
        \mu = C_E J \tau \left( \nu_{ext} + \nu (1 - \gamma g) \right), \qquad
        \sigma^2 = C_E J^2 \tau \left( \nu_{ext} + \nu (1 + \gamma g^2) \right), \qquad
        \nu_{ext} = \eta \, \frac{\theta}{C_E J \tau}.

    Parameters
    ----------
    rate : array_like
        Firing rate of all neurons in Hz, at least 0.
    g : array_like
        How many times stronger inhibition is, at least 0.
    eta : array_like
        External input over the input that alone brings the mean to the threshold, at least 0.
    weight, excitatory, gamma, tau, threshold : float
        J in mV, excitatory synapses a neuron (as many come from outside), inhibitory ones over them, membrane time constant in ms and
        threshold in mV above the resting potential. All above 0, `gamma` at least 0.

    Returns
    -------
    mean, deviation : ndarray of float64
        In mV, as in :func:`siegert_rate`.

    Examples
    --------
    >>> mean, deviation = brunel_input(37.5, g=5.0, eta=2.0)
    >>> float(mean), round(float(deviation), 4)
    (21.25, 7.6404)
    """
    nu, g_, eta_ = (checked(name, value, least=0.0) for name, value in (("rate", rate), ("g", g), ("eta", eta)))
    positive = {"weight": weight, "excitatory": excitatory, "tau": tau, "threshold": threshold}
    j, many, tau_, theta = (float(checked(name, value, above=0.0)) for name, value in positive.items())
    gamma = float(checked("gamma", gamma, least=0.0))
    recurrent = many * j * tau_ * nu / 1000
    return eta_ * theta + recurrent * (1 - gamma * g_), np.sqrt(j * (eta_ * theta + recurrent * (1 + gamma * g_ * g_)))


def brunel_rates(
    g: float,
    eta: float,
    *,
    weight: float = 0.1,
    excitatory: float = 1000.0,
    gamma: float = 0.25,
    tau: float = 20.0,
    threshold: float = 20.0,
    reset: float = 10.0,
    refractory: float = 2.0,
    dt: float | None = None,
) -> Array:
    r"""Return all firing rates at which Brunel's network (model A) supports itself, the lowest first.

    In the asynchronous state every neuron is a leaky integrate-and-fire neuron in white noise, whose mean and deviation
    (:func:`brunel_input`) come from the rate of all the others: :math:`\nu = \nu_{Siegert}(\mu(\nu), \sigma(\nu))`. Where inhibition
    dominates (g above 4) there is mostly one solution; below, the network runs into saturation near :math:`1 / t_r`. A rate below 1e-300 Hz
    is returned as 0; two solutions within 2 % of each other, where they are about to vanish, may be missed. Whether a solution is stable
    against oscillations is another question.

    Parameters
    ----------
    g, eta : float
        Relative strength of inhibition and of the external input, as in :func:`brunel_input`.
    weight, excitatory, gamma, tau, threshold : float
        As in :func:`brunel_input`.
    reset : float
        Potential after a spike in mV above the resting potential, below the threshold.
    refractory : float
        In ms, above 0.
    dt : float, optional
        Time step in ms of a simulation, which looks at the threshold once in every step. Its rates are lower: the threshold is raised by
        :func:`~neurosim.neurons.theory.shifts.discrete_threshold_shift`. If not given, time is continuous.

    Returns
    -------
    ndarray of float64
        Rates in Hz, one-dimensional.

    Examples
    --------
    >>> brunel_rates(g=5.0, eta=2.0).round(3)
    array([37.95])
    >>> brunel_rates(g=5.0, eta=2.0, dt=0.1).round(3)
    array([37.24])
    """
    from scipy import optimize

    couplings = {"weight": weight, "excitatory": excitatory, "gamma": gamma, "tau": tau, "threshold": threshold}
    cell = {"tau": tau, "threshold": threshold, "reset": reset, "refractory": float(checked("refractory", refractory, above=0.0))}

    def excess(log_rate: npt.ArrayLike) -> Array:
        rate = np.exp(log_rate)
        mean, deviation = brunel_input(rate, g, eta, **couplings)
        raised = cell["threshold"] + (0.0 if dt is None else discrete_threshold_shift(deviation, dt, tau))
        return siegert_rate(mean, deviation, **cell | {"threshold": raised}) / rate - 1

    top = math.log(1000 / cell["refractory"]) + 1e-9
    grid = np.concatenate([np.linspace(-690.0, -7.0, 300), np.linspace(-7.0, top, 801)[1:]])
    values = excess(grid)
    found = [0.0] if values[0] < 0 else []
    for k in np.flatnonzero((values[:-1] >= 0) != (values[1:] >= 0)):
        root: Any = optimize.brentq(lambda x: float(excess(x)), grid[k], grid[k + 1], xtol=1e-13)
        found.append(math.exp(root))
    return np.array(found)
