r"""How the firing rate of a leaky integrate-and-fire neuron in white noise follows a small change of its input.

Mean and variance of the input change in time as :math:`\mu + \mu_1 e^{\lambda t}` and :math:`\sigma^2 + s_1 e^{\lambda t}`. The density
:math:`P(v, t)` of the potentials of many such neurons obeys the equation of Fokker and Planck,

.. math::
    \frac{\partial P}{\partial t} = -\frac{\partial J}{\partial v} + r(t - t_r)\, \delta(v - V_r), \qquad
    \tau J = (\mu - v) P - \frac{\sigma^2}{2} \frac{\partial P}{\partial v}, \qquad P(\theta, t) = 0, \quad r(t) = J(\theta, t),

and to first order in the changes the rate is

.. math:: r(t) = \nu + \bigl(A_\mu(\lambda)\, \mu_1 + A_s(\lambda)\, s_1\bigr) e^{\lambda t} .

The equations of order 0 and 1 are integrated downwards from the threshold, where density and flux are known up to the rate; the rate
follows since no flux may be left far below the reset ("threshold integration"). :math:`\lambda = 2 \pi i f` for an oscillation of frequency
f; a real part lets it grow or decay.

Sources: N. Brunel & V. Hakim, Neural Comput. 11, 1621 (1999); M. J. E. Richardson, Phys. Rev. E 76, 021919 (2007), whose scheme this is.
Differs from the papers in: steps of the fourth order (Runge and Kutta).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.neurons.theory._cells import cell_of, checked

Complex = npt.NDArray[np.complexfloating[Any, Any]]

_STEPS, _STEEP = 24, 3.0
"""Steps to one sigma, and to a change of the density by a factor e."""
_LEAST, _MOST = 24, 40_000
_DEPTH = 6.0
"""Where the integration ends, in sigma below the reset or the mean, whichever is lower."""


class Response(NamedTuple):
    """Rate in Hz, and its change in Hz per mV of the mean and per mV^2 of the variance."""

    rate: float
    to_mean: Complex
    to_variance: Complex


def lif_response(
    exponent: npt.ArrayLike,
    mean: float,
    deviation: float,
    *,
    tau: float,
    threshold: float,
    reset: float,
    resting: float = 0.0,
    refractory: float = 0.0,
) -> Response:
    r"""Return the linear response of the firing rate to changes of mean and variance of the input.

    Parameters
    ----------
    exponent : array_like of complex
        :math:`\lambda` in 1/ms, not 0; ``2j * np.pi * f / 1000`` for a frequency f in Hz.
    mean, deviation, tau, threshold, reset, resting, refractory : float
        As in :func:`~neurosim.neurons.theory.rates.siegert_rate`, `deviation` above 0.

    Returns
    -------
    Response
        `rate` in Hz, `to_mean` in Hz/mV and `to_variance` in Hz/mV^2, arrays of the shape of `exponent`.

    Raises
    ------
    ValueError
        If an exponent is 0, or the noise is too weak to be resolved.

    Examples
    --------
    A slow change is followed as the slope of the rates says; a fast one is followed less, and late:

    >>> from neurosim.neurons.theory import siegert_rate
    >>> cell = {"tau": 20.0, "threshold": 20.0, "reset": 10.0, "refractory": 2.0}
    >>> slow, fast = lif_response([1e-5j, 2j * np.pi * 0.2], 20.0, 5.0, **cell).to_mean
    >>> slope = np.diff(siegert_rate([19.99, 20.01], 5.0, **cell))[0] / 0.02
    >>> round(float(slow.real), 3), round(float(slope), 3)
    (3.946, 3.946)
    >>> round(float(abs(fast)), 2), round(float(np.angle(fast, deg=True)))
    (1.54, -42)
    """
    given = np.asarray(exponent, complex)
    if not (np.isfinite(given).all() and (given != 0).all()):
        raise ValueError("exponent must be finite and not 0; the response to a change that lasts is the slope of siegert_rate")
    mu, sigma = float(checked("mean", mean) + checked("resting", resting)), float(checked("deviation", deviation, above=0.0))
    cell = {name: float(value) for name, value in cell_of(tau, threshold, reset, refractory).items()}
    rate, to_mean, to_variance = _integrate(given.ravel(), mu, sigma, **cell)
    return Response(1000 * rate, (1000 * rate * to_mean).reshape(given.shape), (1000 * rate * to_variance).reshape(given.shape))


def _integrate(
    lam: Complex, mu: float, sigma: float, *, tau: float, threshold: float, reset: float, refractory: float
) -> tuple[float, Complex, Complex]:
    """Return the rate in 1/ms, and the responses over it. Rows of y: P and J of order 0, by rate, mean and variance; the integral of P."""
    y = np.zeros((9, lam.size), complex)
    y[1] = y[3] = 1.0
    for begin, end in ((threshold, reset), (reset, min(reset, mu) - _DEPTH * sigma)):
        n = _count(begin - end, max(abs(begin - mu), abs(end - mu)), sigma)
        h = (end - begin) / n
        for k in range(n):
            y = _step(y, begin + k * h - mu, h, lam, tau, sigma * sigma)
        if begin == threshold:
            y[1] -= 1.0
            y[3] -= np.exp(-lam * refractory)
    return 1 / (float(y[8, 0].real) + refractory), -y[5] / y[3], -y[7] / y[3]


def _count(width: float, farthest: float, sigma: float) -> int:
    """Return how many steps a way takes, or say that they are too many."""
    n = max(math.ceil(width / sigma * max(_STEPS, _STEEP * 2 * farthest / sigma)), _LEAST)
    if n > _MOST:
        raise ValueError(f"deviation must be larger: {sigma:g} mV of noise against {farthest:g} mV of drift take {n:,} steps")
    return n


def _step(y: Complex, v: float, h: float, lam: Complex, tau: float, variance: float) -> Complex:
    """Go from v to v + h."""
    first = _slope(y, v, lam, tau, variance)
    second = _slope(y + h / 2 * first, v + h / 2, lam, tau, variance)
    third = _slope(y + h / 2 * second, v + h / 2, lam, tau, variance)
    fourth = _slope(y + h * third, v + h, lam, tau, variance)
    return y + h / 6 * (first + 2 * second + 2 * third + fourth)


def _slope(y: Complex, v: float, lam: Complex, tau: float, variance: float) -> Complex:
    """Return the derivatives with respect to the potential; v is measured from the mean."""
    slope = np.empty_like(y)
    slope[0:8:2] = -v * y[0:8:2] - tau * y[1:8:2]
    slope[4] += y[0]
    slope[6] -= slope[0] / variance
    slope[0:8:2] *= 2 / variance
    slope[1] = 0.0
    slope[3:8:2] = -lam * y[2:8:2]
    slope[8] = -y[0]
    return slope
