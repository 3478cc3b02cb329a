r"""Symmetric mixtures: states with the same overlap :math:`m` with :math:`n` patterns and none with the others.

**Few patterns** (:math:`\alpha = 0`). With :math:`S = \xi^1 + \ldots + \xi^n` over random signs and :math:`x = \beta m S`,

.. math:: n m = \langle S \tanh x \rangle, \qquad f = \frac{n m^2}{2} - T \langle \ln 2\cosh x \rangle .

The Hessian of :math:`f` in the overlaps has three eigenvalues: along the mixture (once), among its patterns (:math:`n - 1` times), and
towards any other pattern,

.. math::
    \lambda_\text{along} = 1 - \frac{\beta}{n} \langle S^2 \operatorname{sech}^2 x \rangle, \quad
    \lambda_\text{among} = 1 - \frac{\beta}{n (n - 1)} \langle (n^2 - S^2) \operatorname{sech}^2 x \rangle, \quad
    \lambda_\text{outside} = 1 - \beta \langle \operatorname{sech}^2 x \rangle .

All mixtures start at :math:`T = 1`, all but :math:`n = 1` as saddle points. Odd ones become local minima where
:math:`\lambda_\text{among}` turns positive, the mixture of three at :math:`T = 0.4598`; at :math:`T = 0` their overlap is
:math:`\binom{n-1}{(n-1)/2} / 2^{n-1}`. Even ones never do: where :math:`S = 0` the field is zero.

**Many patterns** at :math:`T = 0`. With :math:`y = m / \sqrt{2 \alpha r}` the equations of a single pattern become

.. math:: m = \frac1n \langle S \operatorname{erf} (S y) \rangle, \qquad
          \sqrt{2 \alpha} = \frac{m}{y} - \frac{2}{\sqrt\pi} \langle e^{-S^2 y^2} \rangle,

and the mixture survives up to half the square of the largest value of the right side.

Sources: D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys. Rev. A 32, 1007 (1985); Ann. Phys. 173, 30 (1987). Differs from the papers in:
nothing.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.hopfield.theory._arrays import Array, checked, each_tuple
from neurosim.hopfield.theory._roots import highest, root


class Mixture(NamedTuple):
    """A symmetric mixture at low load; every field has the shape of the temperatures asked for, NaN from T = 1 on."""

    overlap: Array
    """m, with each of its patterns."""
    free_energy: Array
    """f, dimensionless."""
    along: Array
    """Eigenvalue of the Hessian for all overlaps growing together."""
    among: Array
    """Eigenvalue for one of its patterns growing at the expense of another; infinite for n = 1, which has none."""
    outside: Array
    """Eigenvalue for any other pattern."""

    @property
    def smallest(self) -> Array:
        """The smallest eigenvalue: the mixture is a local minimum where it is positive."""
        return np.minimum(np.minimum(self.along, self.among), self.outside)


def mixture(n: int, temperature: npt.ArrayLike = 0.0) -> Mixture:
    """Solve the equations for the symmetric mixture of n patterns at load 0.

    Parameters
    ----------
    n : int
        Patterns in the mixture, 1 to 1000.
    temperature : array_like
        At least 0, any shape.

    Returns
    -------
    Mixture

    Raises
    ------
    ValueError
        If n lies outside its range, or a temperature is negative or not finite.

    Examples
    --------
    >>> [float(mixture(n).overlap) for n in (1, 3, 5, 7)]
    [1.0, 0.5, 0.375, 0.3125]
    >>> (mixture(3, [0.45, 0.47]).smallest > 0).tolist()
    [True, False]
    """
    _check(n)
    return each_tuple(Mixture, 5, functools.partial(_mixture, n), checked("temperature", temperature))


@functools.cache
def mixture_temperature(n: int) -> float:
    """Return the temperature below which the symmetric mixture of n patterns is a local minimum at load 0.

    Parameters
    ----------
    n : int
        Patterns in the mixture, 1 to 1000.

    Returns
    -------
    float
        1 for a single pattern, NaN for even n.

    Examples
    --------
    >>> round(mixture_temperature(3), 4)
    0.4598
    """
    _check(n)
    if n == 1:
        return 1.0
    if n % 2 == 0:
        return math.nan
    return root(lambda temperature: float(_mixture(n, temperature).among), 1e-3, 0.9, 1e-14)


@functools.cache
def mixture_load(n: int) -> float:
    """Return the largest load at which the symmetric mixture of n patterns exists at T = 0.

    Parameters
    ----------
    n : int
        Patterns in the mixture, odd, 1 to 1000.

    Returns
    -------
    float
        NaN for even n, which are unstable.

    Examples
    --------
    >>> [round(mixture_load(n), 5) for n in (1, 3, 5)]
    [0.13791, 0.02994, 0.01627]
    """
    _check(n)
    if n % 2 == 0:
        return math.nan
    coarse = np.geomspace(0.3, 5, 200)
    best = coarse[np.argmax([_load_ratio(n, y) for y in coarse])]
    return highest(lambda y: _load_ratio(n, y), best / 1.1, best * 1.1)[1] ** 2 / 2


def _check(n: int) -> None:
    if not 1 <= n <= 1000:
        raise ValueError(f"n must lie in 1 ... 1000, got {n}")


@functools.cache
def _sums(n: int) -> tuple[Array, Array]:
    """Values of the sum of n random signs, and their probabilities."""
    ups = range(n + 1)
    return np.array([2.0 * k - n for k in ups]), np.array([math.comb(n, k) / 2**n for k in ups])


def _load_ratio(n: int, y: float) -> float:
    """sqrt(2 load) at T = 0."""
    from scipy.special import erf

    s, p = _sums(n)
    return float(p @ (s * erf(s * y))) / (n * y) - 2 / math.sqrt(math.pi) * float(p @ np.exp(-((s * y) ** 2)))


@functools.lru_cache(1 << 16)
def _mixture(n: int, temperature: float) -> Mixture:
    s, p = _sums(n)
    size = float(p @ np.abs(s)) / n
    if temperature >= 1:
        return Mixture(*map(np.asarray, [math.nan] * 5))
    if temperature == 0:
        ties = -math.inf if n % 2 == 0 else 1.0
        return Mixture(*map(np.asarray, (size, -n * size**2 / 2, 1.0, math.inf if n == 1 else ties, ties)))
    m = _overlap(n, temperature, size)
    x = np.abs(s) * m / temperature
    small = np.exp(-2 * x)
    local = p * 4 * small / (1 + small) ** 2 / temperature
    free_energy = n * m * m / 2 - temperature * float(p @ (x + np.log1p(small)))
    among = 1 - float(local @ (n * n - s * s)) / (n * (n - 1)) if n > 1 else math.inf
    return Mixture(*map(np.asarray, (m, free_energy, 1 - local @ (s * s) / n, among, 1 - local.sum())))


def _overlap(n: int, temperature: float, start: float) -> float:
    """Solve n m = <S tanh(m S / T)> by Newton's method from above; the right side is concave, so it does not overshoot."""
    s, p = _sums(n)
    m, step = start, math.inf
    while True:
        tanh = np.tanh(m / temperature * s)
        excess = m - float(p @ (s * tanh)) / n
        last, step = step, excess / (1 - float(p @ (s * s * (1 - tanh * tanh))) / (n * temperature))
        if step <= 1e-15 * m or step >= last:
            return m
        m -= step
