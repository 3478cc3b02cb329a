r"""How irregularly a leaky integrate-and-fire neuron fires in white noise.

Intervals are independent, so that their mean and variance say all about the coefficient of variation. The variance of the time from reset
to threshold is a double integral; with :math:`y_r = (V_r - \mu) / \sigma`, :math:`y_\theta = (\theta - \mu) / \sigma` and the rate
:math:`\nu` of :func:`~neurosim.neurons.theory.rates.siegert_rate`,

.. math::
    CV^2 = 2 \pi\, \nu^2 \tau^2 \int_{y_r}^{y_\theta} e^{x^2} \int_{-\infty}^{x} e^{y^2} (1 + \operatorname{erf} y)^2 \, dy \, dx .

Source: N. Brunel, J. Comput. Neurosci. 8, 183 (2000), after H. C. Tuckwell, Introduction to Theoretical Neurobiology (Cambridge 1988).
Differs from the papers in: nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.neurons.theory._cells import Array, cell_of, checked, gauss
from neurosim.neurons.theory.rates import siegert_rate

_FARTHEST = 17.0
"""Deviations above which the threshold is reached so rarely that the intervals are exponential to rounding."""
_TAIL = 40.0
"""Exponents by which an integrand must have fallen to be left out."""


def siegert_variation(
    mean: npt.ArrayLike,
    deviation: npt.ArrayLike,
    *,
    tau: npt.ArrayLike,
    threshold: npt.ArrayLike,
    reset: npt.ArrayLike,
    resting: npt.ArrayLike = 0.0,
    refractory: npt.ArrayLike = 0.0,
) -> Array:
    """Return the coefficient of variation of the interspike intervals with white noise.

    Parameters
    ----------
    mean, deviation, tau, threshold, reset, resting, refractory : array_like
        As in :func:`~neurosim.neurons.theory.rates.siegert_rate`, `deviation` above 0.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    Below threshold a neuron fires like a Poisson process, far above it like a clock:

    >>> siegert_variation([10.0, 20.0, 200.0], 5.0, tau=20.0, threshold=20.0, reset=10.0, refractory=2.0).round(3)
    array([0.986, 0.583, 0.041])
    """
    mu, sigma = checked("mean", mean) + checked("resting", resting), checked("deviation", deviation, above=0.0)
    cell = cell_of(tau, threshold, reset, refractory)
    rate = siegert_rate(mu, sigma, **cell) / 1000
    low, high = np.broadcast_arrays((cell["reset"] - mu) / sigma, (cell["threshold"] - mu) / sigma)
    rare = high > _FARTHEST
    variance = _twice(np.where(rare, -1.0, low), np.where(rare, 0.0, high))
    return np.where(rare, 1.0, np.sqrt(2 * np.pi * variance) * rate * cell["tau"])


def _twice(low: Array, high: Array) -> Array:
    """Integrate exp(x^2) times the inner integral from low to high, where it counts."""
    x, weight = gauss(96)
    far = high > np.sqrt(_TAIL / 2)
    bottom = np.where(far, np.maximum(low, np.sqrt(np.maximum(high * high - _TAIL / 2, 0.0))), low)
    span = (high - bottom)[..., None]
    return (span * weight * _inner(bottom[..., None] + span * x)).sum(-1)


def _inner(x: Array) -> Array:
    """Integrate exp(x^2 + y^2) (1 + erf y)^2 over y = x - t, t > 0."""
    from scipy.special import erfcx

    node, weight = gauss(96)
    above = np.where(x * x > _TAIL, x - np.sqrt(np.maximum(x * x - _TAIL, 0.0)), x + 6.5)
    extent = np.where(x > 0, above, np.minimum(6.5, _TAIL / np.maximum(-2 * x, 1e-3)))[..., None]
    t = extent * node
    return (extent * weight * np.exp(2 * x[..., None] * t - t * t) * erfcx(t - x[..., None]) ** 2).sum(-1)
