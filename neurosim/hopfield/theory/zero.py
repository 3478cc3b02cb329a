r"""Retrieval at zero temperature: the replica-symmetric equations of Amit, Gutfreund and Sompolinsky, solved in closed form but for a root.

The patterns that are not recalled act on the one that is as Gaussian noise of variance :math:`\alpha r`. At :math:`T = 0` the overlap
:math:`m`, the noise factor :math:`r` and the susceptibility :math:`C = \lim_{\beta\to\infty} \beta (1 - q)` solve

.. math::
    m = \operatorname{erf} y, \qquad y = \frac{m}{\sqrt{2 \alpha r}}, \qquad
    C = \sqrt{\frac{2}{\pi \alpha r}}\, e^{-y^2}, \qquad r = \frac{1}{(1 - C)^2}.

Eliminating :math:`r` and :math:`C` leaves one equation for :math:`y`,

.. math:: \sqrt{2\alpha} = g(y) = \frac{\operatorname{erf} y}{y} - \frac{2}{\sqrt\pi}\, e^{-y^2}.

:math:`g` has one maximum, at :math:`y_c = 1.5112`. Half its square is the critical load :math:`\alpha_c = 0.137906`, where :math:`m`
falls from 0.9674 to nothing; retrieval is the branch :math:`y > y_c`. Energy and (negative) entropy per unit of a retrieval state are

.. math::
    \frac{H}{N} = \frac{\alpha}{2} - \frac{m^2}{2} - \frac{\alpha}{2} \left( \frac{1}{1 - C} + r C \right), \qquad
    s = -\frac{\alpha}{2} \left( \ln (1 - C) + \frac{C}{1 - C} \right).

Sources: D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985); Ann. Phys. 173, 30 (1987). Differs from the papers
in: nothing. Breaking replica symmetry raises the critical load by 0.2 % (K. Steffan & R. Kuehn, Z. Phys. B 95, 249 (1994)).
"""

from __future__ import annotations

import functools
import math

from neurosim.hopfield.theory._roots import root


def critical_load() -> float:
    """Return the largest load at which retrieval states exist at T = 0, 0.137906.

    Examples
    --------
    >>> round(critical_load(), 6)
    0.137906
    """
    return _peak()[1]


def overlap_and_spread(load: float) -> tuple[float, float]:
    r"""Return m and :math:`\sigma = \sqrt{\alpha r}` of the retrieval state at T = 0; NaN beyond the critical load.

    Parameters
    ----------
    load : float
        Patterns per unit, above 0.

    Examples
    --------
    >>> round(overlap_and_spread(0.10)[0], 6)
    0.997999
    """
    y_peak, largest = _peak()
    if load > largest:
        return math.nan, math.nan
    noise_ratio = math.sqrt(2 * load)
    bracket = (y_peak, max(2 * y_peak, 2 / noise_ratio))
    y = root(lambda y: _noise_ratio(y) - noise_ratio, *bracket, 1e-14)
    m = math.erf(y)
    return m, m / (y * math.sqrt(2))


def _noise_ratio(y: float) -> float:
    """g(y) = sqrt(2 load)."""
    return math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)


@functools.cache
def _peak() -> tuple[float, float]:
    """Locate the maximum of g, where 2 y^2 (1 + 2 y^2) = sqrt(pi) y erf(y) exp(y^2): y_c and the critical load."""
    y = root(lambda y: 2 * y * (1 + 2 * y * y) * math.exp(-y * y) - math.sqrt(math.pi) * math.erf(y), 1.0, 2.5, 1e-14)
    return y, _noise_ratio(y) ** 2 / 2
