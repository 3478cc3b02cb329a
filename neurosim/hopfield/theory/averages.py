r"""Averages over the Gaussian noise of the other patterns, exact at any temperature down to zero.

A unit feels the field :math:`m + \sigma z`, with :math:`z` Gaussian of variance 1 and :math:`\sigma = \sqrt{\alpha r}`, at temperature
:math:`T`. With :math:`x = (m + \sigma z) / T` the theory needs :math:`\langle \tanh x \rangle`, :math:`\langle \tanh^2 x \rangle`,
:math:`\langle \operatorname{sech}^4 x \rangle`, and the entropy of a unit :math:`\langle \ln 2\cosh x - x \tanh x \rangle`.

Two ways of writing the same integral cover all cases:

- :math:`\sigma \le T`: over :math:`z` as it stands.
- :math:`\sigma > T`: over :math:`u = x`, on the scale of the temperature. What is local in :math:`u` (sech², sech⁴, the entropy) carries
  the Gaussian density :math:`\varphi(t)` at :math:`t = (m - T u) / \sigma`. The tanh is spread out, but it is the average of a sign over
  logistic noise, :math:`\tanh x = \frac12 \int \operatorname{sech}^2 u \, \operatorname{sign}(x - u) \, du`, whence

  .. math:: \langle \tanh x \rangle = \frac12 \int \operatorname{sech}^2 u \, \operatorname{erf} \frac{t}{\sqrt 2} \, du.

  At :math:`T = 0` the :math:`u`-integrals can be done, and leave the error functions of the zero-temperature theory.

Both integrands are smooth with poles no nearer than :math:`\pi / 2`, so that the trapezoidal rule with step 0.2 is exact to rounding
(its error is about :math:`e^{-\pi^2 / 0.2}`).
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from neurosim.hopfield.theory._arrays import Array

_STEP = 0.2


class Averages(NamedTuple):
    r"""What one unit contributes to the equations, with the derivatives that their solution needs."""

    magnetisation: float
    r""":math:`M = \langle \tanh x \rangle`."""
    self_overlap: float
    r""":math:`q = \langle \tanh^2 x \rangle`."""
    susceptibility: float
    r""":math:`C = (1 - q) / T`, also the derivative of M by m."""
    magnetisation_by_noise: float
    r"""Derivative of M by :math:`\sigma`."""
    susceptibility_by_overlap: float
    r"""Derivative of C by m."""
    susceptibility_by_noise: float
    r"""Derivative of C by :math:`\sigma`."""
    fluctuation: float
    r""":math:`\sigma^2 \langle \operatorname{sech}^4 x \rangle / T`."""


def averages(overlap: float, spread: float, temperature: float) -> Averages:
    r"""Average over the noise.

    Parameters
    ----------
    overlap : float
        m, at least 0.
    spread : float
        :math:`\sigma`, above 0.
    temperature : float
        At least 0.

    Examples
    --------
    >>> found = averages(overlap=1.0, spread=1.0, temperature=0.0)
    >>> round(found.magnetisation, 6), found.self_overlap  # erf(1 / sqrt 2)
    (0.682689, 1.0)
    """
    return _broad(overlap, spread, temperature) if spread > temperature else _narrow(overlap, spread, temperature)


def unit_entropy(overlap: float, spread: float, temperature: float) -> float:
    r"""Return :math:`\langle \ln 2\cosh x - x \tanh x \rangle`; parameters as in :func:`averages`.

    Examples
    --------
    >>> round(unit_entropy(0.0, 1e-9, 1.0), 6)  # ln 2: both states alike
    0.693147
    """
    if spread > temperature:
        grid = _thermal()
        density = _normal(overlap / spread - grid.u * (temperature / spread))
        return temperature / spread * float(grid.entropy @ density)
    z, weight = _gaussian()
    return float(weight @ _entropy((overlap + spread * z) / temperature))


def _narrow(m: float, sigma: float, temperature: float) -> Averages:
    """Average where the noise is weaker than the temperature."""
    z, weight = _gaussian()
    x = (m + sigma * z) / temperature
    tanh, sech2 = _tanh_and_sech2(x)
    local = weight * sech2
    p, odd, sech4, b = float(local.sum()), float(local @ tanh), float(local @ sech2), sigma / temperature
    square = temperature * temperature
    return Averages(
        float(weight @ tanh),
        float(weight @ (tanh * tanh)),
        p / temperature,
        -2 * b * odd / temperature,
        -2 * odd / square,
        b * (4 * p - 6 * sech4) / square,
        temperature * b * b * sech4,
    )


def _broad(m: float, sigma: float, temperature: float) -> Averages:
    """Average where the noise is stronger than the temperature."""
    from scipy.special import erf

    grid = _thermal()
    t = m / sigma - grid.u * (temperature / sigma)
    density = _normal(t)
    local = grid.sech2 * density
    zeroth, first, second = float(local.sum()), float(local @ t), float(local @ (t * t))
    return Averages(
        float(grid.sech2 @ erf(t / math.sqrt(2))) / 2,
        1 - temperature * zeroth / sigma,
        zeroth / sigma,
        -first / sigma,
        -first / sigma**2,
        (second - zeroth) / sigma**2,
        sigma * float(grid.sech4 @ density),
    )


class _Thermal(NamedTuple):
    """Nodes on the scale of the temperature, and functions of them times the step."""

    u: Array
    sech2: Array
    sech4: Array
    entropy: Array


@functools.cache
def _thermal() -> _Thermal:
    u = _STEP * np.arange(-100, 101, dtype=np.float64)
    _, sech2 = _tanh_and_sech2(u)
    return _Thermal(u, _STEP * sech2, _STEP * sech2**2, _STEP * _entropy(u))


@functools.cache
def _gaussian() -> tuple[Array, Array]:
    """Nodes z and the normal density times the step."""
    z = _STEP * np.arange(-46, 47, dtype=np.float64)
    return z, _STEP * _normal(z)


def _normal(z: Array) -> Array:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _tanh_and_sech2(x: Array) -> tuple[Array, Array]:
    """Return both without overflow, sech² to full relative accuracy."""
    small = np.exp(-2 * np.abs(x))
    return np.copysign((1 - small) / (1 + small), x), 4 * small / (1 + small) ** 2


def _entropy(x: Array) -> Array:
    """Return ln 2cosh x - x tanh x, without cancellation at large x."""
    size = np.abs(x)
    small = np.exp(-2 * size)
    return np.log1p(small) + 2 * size * small / (1 + small)
