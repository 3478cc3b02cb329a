r"""States at finite temperature: retrieval, spin glass, paramagnet.

Overlap :math:`m`, self-overlap :math:`q` and noise factor :math:`r` solve

.. math::
    m = \langle \tanh x \rangle, \qquad q = \langle \tanh^2 x \rangle, \qquad r = \frac{q}{(1 - C)^2}, \qquad
    x = \beta (m + \sqrt{\alpha r}\, z), \qquad C = \beta (1 - q),

with :math:`z` Gaussian of variance 1 and :math:`\beta = 1 / T`. They are the stationary points of the free energy per unit

.. math::
    f = \frac{\alpha}{2} + \frac{m^2}{2} + \frac{\alpha r C}{2} + \frac{\alpha}{2\beta} \left[ \ln (1 - C) - \frac{\beta q}{1 - C} \right]
    - T \langle \ln 2\cosh x \rangle .

Energy and entropy per unit follow by differentiation,

.. math::
    e = \frac{\alpha}{2} - \frac{m^2}{2} - \frac{\alpha}{2} \left( \frac{1}{1 - C} + r C \right), \qquad
    s = \langle \ln 2\cosh x - x \tanh x \rangle - \frac{\alpha}{2} \left( \ln (1 - C) + \frac{C}{1 - C} \right),

and :math:`f = e - T s`. The term :math:`\alpha / 2` is the removed self-coupling. A solution is stable against breaking of replica
symmetry where its *replicon*, :math:`1 - \alpha \beta^2 \langle \operatorname{sech}^4 x \rangle / (1 - C)^2`, is positive.

- *Retrieval*: :math:`m > 0`, see :mod:`neurosim.hopfield.theory.branch`.
- *Spin glass*: :math:`m = 0`, :math:`q > 0`. Below :math:`T_g = 1 + \sqrt\alpha`; at :math:`T = 0`,
  :math:`e = -1/\pi - \sqrt{2 \alpha / \pi}`. Its replicon is negative throughout, and its entropy at :math:`T = 0` too.
- *Paramagnet*: :math:`m = q = 0`, :math:`f = \frac{\alpha}{2} [1 + T \ln (1 - \beta)] - T \ln 2`, above :math:`T_g`.

Sources: D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985); Ann. Phys. 173, 30 (1987). Differs from the papers
in: nothing but the constant :math:`\alpha / 2`, absent where units couple to themselves.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.hopfield.theory import branch, zero
from neurosim.hopfield.theory._arrays import Array, checked, each_tuple
from neurosim.hopfield.theory._roots import root
from neurosim.hopfield.theory.averages import averages, unit_entropy


class Solution(NamedTuple):
    """A solution of the equations; every field has the shape of the loads and temperatures asked for, NaN where there is none."""

    overlap: Array
    """m, in 0 ... 1."""
    noise: Array
    """r, at least 0: variance of the noise over the load."""
    susceptibility: Array
    """C = (1 - q) / T, in 0 ... 1."""
    energy: Array
    """H / N, dimensionless."""
    self_overlap: Array
    """q, in 0 ... 1: mean square magnetisation of a unit."""
    free_energy: Array
    """f, dimensionless."""
    entropy: Array
    """s, in units of Boltzmann's constant per unit; replica symmetry makes it negative near T = 0."""
    replicon: Array
    """Positive where the solution is stable against breaking of replica symmetry."""


Retrieval = Solution
_NOTHING = Solution(*map(np.asarray, [math.nan] * 8))


def retrieval(load: npt.ArrayLike, temperature: npt.ArrayLike = 0.0) -> Solution:
    """Solve the equations next to a pattern.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.
    temperature : array_like
        At least 0, any shape; broadcast against the loads.

    Returns
    -------
    Solution
        NaN where no retrieval state exists.

    Raises
    ------
    ValueError
        If a load or a temperature is negative or not finite.

    Examples
    --------
    >>> round(float(retrieval(0.10).energy), 6)
    -0.500154
    >>> state = retrieval(0.05, [0.2, 0.5, 0.6])
    >>> state.overlap.round(6).tolist()
    [0.998878, 0.904106, nan]
    """
    return each_tuple(Solution, 8, _retrieval, checked("load", load), checked("temperature", temperature))


def overlap(load: npt.ArrayLike, temperature: npt.ArrayLike = 0.0) -> Array:
    """Return the overlap m of retrieval states.

    Parameters
    ----------
    load, temperature : array_like
        At least 0, broadcast against each other.

    Returns
    -------
    ndarray of float64
        NaN where no retrieval state exists.

    Examples
    --------
    >>> overlap([0.0, 0.10, 0.20]).round(4).tolist()
    [1.0, 0.998, nan]
    >>> round(float(overlap(0.10, temperature=0.2)), 6)
    0.989085
    """
    return retrieval(load, temperature).overlap


def spin_glass(load: npt.ArrayLike, temperature: npt.ArrayLike = 0.0) -> Solution:
    """Solve the equations without memory: m = 0, q > 0.

    Parameters
    ----------
    load, temperature : array_like
        At least 0, broadcast against each other.

    Returns
    -------
    Solution
        NaN at and above the glass temperature, and without load.

    Examples
    --------
    >>> round(float(spin_glass(0.10).energy), 6)
    -0.570623
    """
    return each_tuple(Solution, 8, _spin_glass, checked("load", load), checked("temperature", temperature))


def paramagnet(load: npt.ArrayLike, temperature: npt.ArrayLike) -> Solution:
    """Solve the equations without order: m = q = 0.

    Parameters
    ----------
    load, temperature : array_like
        At least 0, broadcast against each other.

    Returns
    -------
    Solution
        NaN for temperatures of 1 and less, where the noise would diverge. The state is stable above the glass temperature.

    Examples
    --------
    >>> round(float(paramagnet(0.0, 2.0).free_energy), 6)  # -T ln 2
    -1.386294
    """
    return each_tuple(Solution, 8, _paramagnet, checked("load", load), checked("temperature", temperature))


@functools.lru_cache(1 << 16)
def _retrieval(load: float, temperature: float) -> Solution:
    if temperature >= 1:
        return _NOTHING
    if load == 0:
        return _state(0.0, temperature, _lone_overlap(temperature), 0.0)
    m, spread = branch.overlap_and_spread(load, temperature) if temperature > 0 else zero.overlap_and_spread(load)
    return _NOTHING if math.isnan(m) else _state(load, temperature, m, spread)


@functools.lru_cache(1 << 16)
def _spin_glass(load: float, temperature: float) -> Solution:
    r"""Solve :math:`\sigma (1 - C) = \sqrt{\alpha q}`; the solution is at most that at T = 0."""
    wanted = math.sqrt(load)

    def excess(spread: float) -> float:
        found = averages(0.0, spread, temperature)
        return spread * (1 - found.susceptibility) / math.sqrt(found.self_overlap) - wanted

    low, high = 1e-7 * max(temperature, 1e-3), wanted + math.sqrt(2 / math.pi)
    if load == 0 or temperature >= 1 + wanted or excess(low) >= 0:
        return _NOTHING
    return _state(load, temperature, 0.0, high if temperature == 0 else root(excess, low, high * (1 + 1e-12), 1e-16))


def _paramagnet(load: float, temperature: float) -> Solution:
    if temperature <= 1:
        return _NOTHING
    left = 1 - 1 / temperature
    return _finish(load, temperature, 0.0, 0.0, 1 / temperature, left, math.log(2.0), load / (temperature - 1) ** 2)


def _lone_overlap(temperature: float) -> float:
    """Solve m = tanh(m / T), the overlap without load, by Newton's method from above; tanh is concave, so it does not overshoot."""
    m, step = 1.0, math.inf
    while temperature > 0:
        tanh = math.tanh(m / temperature)
        last, step = step, (m - tanh) / (1 - (1 - tanh * tanh) / temperature)
        if step <= 1e-15 * m or step >= last:
            break
        m -= step
    return m


def _state(load: float, temperature: float, m: float, spread: float) -> Solution:
    """Compute everything else from m and the strength of the noise."""
    if spread == 0:
        q = m * m
        susceptibility = (1 - q) / temperature if temperature > 0 else 0.0
        entropy = unit_entropy(m, 0.0, temperature) if temperature > 0 else 0.0
        return _finish(load, temperature, m, q, susceptibility, 1 - susceptibility, entropy, 0.0)
    found = averages(m, spread, temperature)
    fluctuation = found.fluctuation / found.self_overlap
    unstable = fluctuation / temperature if temperature > 0 else math.inf
    c, q = found.susceptibility, found.self_overlap
    left = 1 - c if c < 0.5 else math.sqrt(load * q) / spread
    return _finish(load, temperature, m, q, c, left, unit_entropy(m, spread, temperature), unstable)


def _finish(load: float, temperature: float, m: float, q: float, c: float, left: float, unit: float, unstable: float) -> Solution:
    """Compute noise, energies and entropy; `left` is 1 - C, `unit` the entropy of a unit in its field, `unstable` 1 - replicon."""
    r = q / left**2
    energy = load / 2 - m * m / 2 - load / 2 * (1 / left + r * c)
    entropy = unit - load / 2 * (math.log(left) + c / left)
    return Solution(*map(np.asarray, (m, r, c, energy, q, energy - temperature * entropy, entropy, 1 - unstable)))
