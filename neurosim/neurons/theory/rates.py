r"""Firing rates at constant input and with white noise, the threshold watched all the time.

The first-passage time of an Ornstein-Uhlenbeck process is an integral over :math:`u = (v - \mu) / \sigma`, from reset to threshold, of
:math:`e^{u^2} (1 + \operatorname{erf} u) = e^{u^2} \operatorname{erfc}(-u)`. Its two halves are taken apart:

- :math:`u > 0`, above the mean: all that counts lies within 40/q of the upper end q, where :math:`e^{u^2 - q^2}` is smooth;
- :math:`u < 0`, below the mean: the scaled error function falls as :math:`1 / |u|`; on the scale of :math:`\operatorname{arsinh} |u|` it
  is flat, and beyond :math:`|u| = 20` its asymptotic series is exact to rounding.

Gauss and Legendre's rule with 64 nodes does both to rounding; no two terms are subtracted. The width of the integral,
:math:`(\theta - V_r) / \sigma`, is never formed as the difference of its ends.

Sources: A. J. F. Siegert, Phys. Rev. 81, 617 (1951); L. M. Ricciardi, Diffusion Processes and Related Topics in Biology (Springer 1977);
N. Brunel, J. Comput. Neurosci. 8, 183 (2000). Differs from the papers in: a resting potential.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from neurosim.neurons.theory._cells import Array, cell_of, checked, gauss

_STEEPEST = 40.0
"""Thresholds this many sigma above the mean are never reached: exp(-40^2) is 0."""
_FAR = 20.0
"""From here on seven terms of the asymptotic series of erfcx are exact to rounding."""
_SERIES = (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0)
_LEAST = 1e-200
"""Deviations below count as this one, relative to the largest potential, so that quotients stay finite."""


def lif_rate(
    drive: npt.ArrayLike,
    *,
    tau: npt.ArrayLike,
    threshold: npt.ArrayLike,
    reset: npt.ArrayLike,
    resting: npt.ArrayLike = 0.0,
    refractory: npt.ArrayLike = 0.0,
) -> Array:
    r"""Return the firing rate at constant input.

    .. math:: \frac{1}{\nu} = t_r + \tau \ln \frac{\mu - V_r}{\mu - \theta} \quad (\mu > \theta), \qquad \nu = 0 \quad (\mu \le \theta).

    Parameters
    ----------
    drive : array_like
        Input times resistance, R I, in mV: the potential would come to rest at `resting` + `drive`.
    tau : array_like
        Membrane time constant in ms, above 0.
    threshold, reset : array_like
        Potentials in mV, the threshold above the reset.
    resting : array_like
        Resting potential in mV.
    refractory : array_like
        Time in ms after a spike in which the neuron is held at its reset, at least 0.

    Returns
    -------
    ndarray of float64
        Rate in Hz.

    Examples
    --------
    >>> lif_rate([20.0, 30.0], tau=20.0, threshold=20.0, reset=10.0, refractory=2.0).round(2)
    array([ 0.  , 63.04])
    """
    mu = checked("drive", drive) + checked("resting", resting)
    return _noise_free(mu, **cell_of(tau, threshold, reset, refractory))


def siegert_rate(
    mean: npt.ArrayLike,
    deviation: npt.ArrayLike,
    *,
    tau: npt.ArrayLike,
    threshold: npt.ArrayLike,
    reset: npt.ArrayLike,
    resting: npt.ArrayLike = 0.0,
    refractory: npt.ArrayLike = 0.0,
) -> Array:
    r"""Return the firing rate with white noise: Siegert's formula.

    .. math::
        \frac{1}{\nu} = t_r + \tau \sqrt\pi \int_{(V_r - \mu) / \sigma}^{(\theta - \mu) / \sigma}
        e^{u^2} (1 + \operatorname{erf} u) \, du.

    Rates from the smallest positive number to :math:`1 / t_r` come with a relative error of some 1e-13: the integral is a sum of positive
    terms, and its largest factor :math:`e^{(\theta - \mu)^2 / \sigma^2}` stands before it.

    Parameters
    ----------
    mean : array_like
        Mean input R I in mV, on top of `resting`.
    deviation : array_like
        :math:`\sigma` in mV, at least 0. It is :math:`\sqrt 2` times the standard deviation that the potential would have without a
        threshold; :math:`\sigma^2 = \tau \sum J_k^2 \nu_k` for Poisson inputs. At 0 the rate is that of :func:`lif_rate`.
    tau, threshold, reset, resting, refractory : array_like
        As in :func:`lif_rate`.

    Returns
    -------
    ndarray of float64
        Rate in Hz.

    Examples
    --------
    >>> siegert_rate([10.0, 20.0, 30.0], 5.0, tau=20.0, threshold=20.0, reset=10.0, refractory=2.0).round(4)
    array([ 0.8819, 27.3406, 66.2933])
    """
    mu, sigma = checked("mean", mean) + checked("resting", resting), checked("deviation", deviation, least=0.0)
    cell = cell_of(tau, threshold, reset, refractory)
    largest = np.maximum(abs(mu), np.maximum(abs(cell["threshold"]), abs(cell["reset"])))
    noisy = _siegert(mu, np.where(sigma > 0, np.maximum(sigma, _LEAST * largest), 1.0), **cell)
    return np.where(sigma > 0, noisy, _noise_free(mu, **cell))


def _noise_free(mu: Array, *, threshold: Array, reset: Array, tau: Array, refractory: Array) -> Array:
    above = mu > threshold
    with np.errstate(over="ignore", divide="ignore"):
        interval = refractory + tau * np.log1p((threshold - reset) / np.where(above, mu - threshold, 1.0))
        return np.where(above, 1000 / interval, 0.0)


def _siegert(mu: Array, sigma: Array, *, threshold: Array, reset: Array, tau: Array, refractory: Array) -> Array:
    """Return the rate; what lies above the mean enters divided by exp(q^2), q the upper end of the integral."""
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        width = (threshold - reset) / sigma
        a, b = (reset - mu) / sigma, (threshold - mu) / sigma
        low, high, q = np.maximum(-b, 0.0), np.maximum(-a, 0.0), np.clip(b, 0.0, _STEEPEST)
        below = _integral_below(low, high, np.where(b <= 0, width, high))
        above = _integral_above(q, np.where(a >= 0, width, q))
        scale, unit = np.exp(-q * q), math.sqrt(math.pi) * tau
        return 1000 * scale / (scale * (refractory + unit * below) + unit * above)


def _integral_above(q: Array, width: Array) -> Array:
    r"""Integrate exp(u^2 - q^2) (1 + erf u) from q - width to q, q - width at least 0; all that counts is close to q."""
    from scipy.special import erfc

    x, weight = gauss(64)
    extent = np.minimum(width, 40 / np.maximum(q, 1.0))[..., None]
    y = extent * x
    u = q[..., None] - y
    return (extent * weight * np.exp(-y * (q[..., None] + u)) * erfc(-u)).sum(-1)


def _integral_below(low: Array, high: Array, width: Array) -> Array:
    """Integrate exp(t^2) erfc(t) from low to high, width apart, both at least 0: on the scale of asinh(t), beyond 20 by its series."""
    from scipy.special import erfcx

    x, weight = gauss(64)
    far = np.maximum(high - np.maximum(low, _FAR), 0.0)
    start, end = np.minimum(low, _FAR), np.minimum(high, _FAR)
    near = np.where(high <= _FAR, width, end - start)
    stretch = np.arcsinh(near * (start + end) / np.maximum(end * np.hypot(1, start) + start * np.hypot(1, end), 1e-300))[..., None]
    s = np.arcsinh(start)[..., None] + stretch * x
    total = (stretch * weight * erfcx(np.sinh(s)) * np.cosh(s)).sum(-1)
    first = np.maximum(low, _FAR)
    ratio = np.log1p(np.where(low >= _FAR, width, far) / first)
    series = [c / (2 * k) * -np.expm1(-2 * k * ratio) * (2 * first * first) ** -k for k, c in enumerate(_SERIES) if k]
    return total + (ratio + sum(series)) / math.sqrt(math.pi)
