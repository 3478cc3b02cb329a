r"""Simulated annealing: cool a network slowly, so that it ends in a deeper minimum than it would find at once.

The temperature falls along a schedule :math:`T_1 > T_2 > \ldots`, a number of sweeps at each. A last temperature of 0 lets the network
settle.

Source: S. Kirkpatrick, C. D. Gelatt & M. P. Vecchi, Science 220, 671 (1983). Differs from the paper in: nothing; the schedule is the
caller's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.hopfield.dense import DenseHopfield, HopfieldState
from neurosim.hopfield.heat import checked_temperature


def anneal(memory: DenseHopfield, cues: npt.ArrayLike, temperatures: npt.ArrayLike, *, sweeps: int = 10, seed: int = 0) -> HopfieldState:
    """Run a network through a schedule of temperatures.

    Parameters
    ----------
    memory : DenseHopfield
        Its own temperature is not used.
    cues : array_like of -1 and +1, shape (n_units,) or (replicas, n_units)
        Where it starts.
    temperatures : array_like, shape (n,)
        The schedule, each at least 0; any order.
    sweeps : int
        At each temperature.
    seed : int
        Chooses the order of updates and the thermal noise.

    Returns
    -------
    HopfieldState
        A state of `memory`.

    Examples
    --------
    A frustrated network finds a lower energy by cooling slowly than by falling at once:

    >>> rng = np.random.default_rng(1)
    >>> from neurosim.hopfield import random_patterns
    >>> memory = DenseHopfield(random_patterns(100, 200, rng=rng))
    >>> cues = random_patterns(10, 200, rng=rng)
    >>> cold = anneal(memory, cues, np.linspace(1.7, 0.0, 50))
    >>> bool(memory.energy(cold).mean() < memory.energy(memory.recall(cues)).mean())
    True
    """
    schedule = np.asarray(temperatures, float)
    if schedule.ndim != 1:
        raise ValueError(f"temperatures must have shape (n,), got {schedule.shape}")
    sweeps = whole("sweeps", sweeps, 0)
    steps = [memory.at(checked_temperature(value, f"temperatures[{place}]")) for place, value in enumerate(schedule.tolist())]
    state = memory.init(cues, seed=seed)
    for network in steps:
        network.step(state, sweeps)
    return state
