r"""The retrieval solutions at a temperature, all on one line.

With the signal-to-noise ratio :math:`c = m / \sigma`, :math:`\sigma = \sqrt{\alpha r}`, the equations of the replica-symmetric theory are
explicit but for one root. At any :math:`0 \le T < 1` and :math:`c > 0` there is exactly one :math:`\sigma > 0` with

.. math:: \langle \tanh \beta \sigma (c + z) \rangle = c \sigma,

because the left side is concave in :math:`\sigma`; Newton's method from above reaches it without overshooting. The other two equations
then tell the load to which this solution belongs,

.. math:: \sqrt\alpha = \sigma \, \frac{1 - C}{\sqrt q}, \qquad C = \beta (1 - q).

Along :math:`c` the load rises from 0, has one maximum near :math:`c = 2.1` at every temperature, and falls to 0. The maximum is the
largest load with a retrieval state; retrieval is the branch of larger :math:`c`.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

from neurosim.hopfield.theory._roots import root
from neurosim.hopfield.theory.averages import Averages, averages

_CACHED = 1 << 16
_LAST = 1 - 2e-5
"""Temperature from which on the edge follows its leading powers in 1 - T to better than 1e-10."""


class Edge(NamedTuple):
    """Where retrieval ends at a temperature."""

    ratio: float
    """Signal-to-noise ratio c."""
    load: float
    """The largest load with a retrieval state."""
    overlap: float
    """m there."""


def solution(ratio: float, temperature: float) -> tuple[float, Averages]:
    r"""Return :math:`\sigma` and the averages of the solution with a given signal-to-noise ratio.

    Parameters
    ----------
    ratio : float
        c, above 0.
    temperature : float
        In 0 ... 1, 1 excluded.

    Examples
    --------
    >>> spread, found = solution(ratio=2.0, temperature=0.5)
    >>> round(found.magnetisation / spread, 12)
    2.0
    """
    spread, step = math.erf(ratio / math.sqrt(2)) / ratio, math.inf
    while True:
        found = averages(ratio * spread, spread, temperature)
        excess = found.magnetisation - ratio * spread
        last, step = step, excess / (ratio * found.susceptibility + found.magnetisation_by_noise - ratio)
        if step <= 1e-15 * spread or step >= last:
            return spread, found
        spread -= step


def load_at(ratio: float, temperature: float) -> float:
    """Return the load to which a signal-to-noise ratio belongs; parameters as in :func:`solution`.

    Examples
    --------
    >>> round(load_at(2.137, 0.0), 6)
    0.137906
    """
    spread, found = solution(ratio, temperature)
    return spread**2 * (1 - found.susceptibility) ** 2 / found.self_overlap


@functools.lru_cache(_CACHED)
def edge(temperature: float) -> Edge:
    """Return the maximum of the load along the line.

    Parameters
    ----------
    temperature : float
        In 0 ... 1, 1 excluded.

    Examples
    --------
    >>> round(edge(0.5).load, 6)
    0.058816
    """
    if temperature > _LAST:
        last, scale = edge(_LAST), (1 - temperature) / (1 - _LAST)
        return Edge(last.ratio, last.load * scale**2, last.overlap * math.sqrt(scale))
    ratio = root(lambda ratio: _slope(ratio, temperature), 1.8, 2.4, 1e-13)
    spread, found = solution(ratio, temperature)
    return Edge(ratio, load_at(ratio, temperature), found.magnetisation)


@functools.lru_cache(_CACHED)
def overlap_and_spread(load: float, temperature: float) -> tuple[float, float]:
    r"""Return m and :math:`\sigma` of the retrieval state; NaN where there is none.

    Parameters
    ----------
    load : float
        Above 0.
    temperature : float
        In 0 ... 1, 1 excluded.

    Examples
    --------
    >>> round(overlap_and_spread(0.05, 0.4)[0], 6)
    0.966187
    """
    end = edge(temperature)
    if load > end.load:
        return math.nan, math.nan
    wanted = math.sqrt(load)

    def excess(inverse: float) -> float:
        return math.sqrt(load_at(1 / inverse, temperature)) - wanted

    low, high = wanted * (1 - 1e-9), 1 / end.ratio
    inverse = high if excess(high) <= 0 else root(excess, low, high, 1e-15 * low)
    spread, found = solution(1 / inverse, temperature)
    return found.magnetisation, spread


def _slope(ratio: float, temperature: float) -> float:
    """Half the derivative of ln(load) by the signal-to-noise ratio, at constant temperature."""
    spread, found = solution(ratio, temperature)
    left = 1 - found.susceptibility
    by_spread = -spread * left / (ratio * left - found.magnetisation_by_noise)
    by_overlap = spread + ratio * by_spread
    change = found.susceptibility_by_overlap * by_overlap + found.susceptibility_by_noise * by_spread
    return by_spread / spread - change / left + temperature * change / (2 * found.self_overlap)
