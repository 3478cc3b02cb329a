r"""How many of a random choice are marked: probabilities that stay exact where they are tiny.

Of n places K are marked and a are drawn, each set of a equally likely. The number b of marked ones among them is hypergeometric,

.. math:: P(b) = \binom{K}{b} \binom{n - K}{a - b} \Bigl/ \binom{n}{a} .

Differences of logarithms of factorials lose the digits that they share: at n = 100,000 five of them. Instead let x run over the four cells
of the table (b, K - b, a - b, n - K - a + b), M over what each would hold by chance (:math:`K a / n`, ...), and c over the margins
(K, n - K, a, n - a). By Stirling's formula :math:`x! = e^{f(x)} (x / e)^x`, f growing as slowly as :math:`\frac12 \ln 2 \pi x`, and

.. math::
    \ln P(b) = \sum_c f(c) - f(n) - \sum_x f(x) - \sum_x \left[ x \ln \frac xM - x + M \right] .

No bracket is negative, so that nothing cancels. All four differences :math:`x - M` are :math:`\pm (b n - K a) / n`, computed in integers.
The relative error of a probability is below :math:`10^{-12}` down to the smallest float, for n up to :math:`2^{31}`; K need not be whole,
then P is continued by the gamma function. Saddle-point formulas of this kind are due to C. Loader (2000).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NEAR = 0.1
STIRLING = (-691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
DEVIANCE = tuple((-1) ** k / (k * (k - 1)) for k in range(18, 1, -1))


def log_factor(x: npt.ArrayLike) -> Floats:
    r"""Return :math:`\ln x! - x \ln x + x`, for numbers from 0.

    Examples
    --------
    >>> log_factor([0.0, 1.0, 100.0]).round(6).tolist()
    [0.0, 1.0, 3.222358]
    """
    from scipy.special import gammaln, xlogy

    x = np.asarray(x, np.float64)
    small = np.minimum(x, 16.0)
    large = np.maximum(x, 16.0)
    series = np.polyval(STIRLING, large**-2) / large
    return np.where(x < 16.0, gammaln(small + 1) - xlogy(small, small) + small, 0.5 * np.log(2 * np.pi * large) + series)


def deviance(x: npt.ArrayLike, expected: npt.ArrayLike, difference: npt.ArrayLike) -> Floats:
    r"""Return :math:`x \ln (x / M) - x + M`, given M and x - M, which is 0 at x = M and positive elsewhere.

    Examples
    --------
    >>> deviance([0.0, 2.0, 2.000001], 2.0, [-2.0, 0.0, 1e-6]).tolist()
    [2.0, 0.0, 2.4999995833334374e-13]
    """
    from scipy.special import xlogy

    x, expected, difference = (np.asarray(part, np.float64) for part in (x, expected, difference))
    part = np.divide(difference, expected, out=np.zeros(np.broadcast(difference, expected).shape), where=expected > 0)
    near = np.clip(part, -NEAR, NEAR)
    far = xlogy(x, 1 + part) - difference
    return np.where(np.abs(part) < NEAR, expected * near * near * np.polyval(DEVIANCE, near), far)


def log_probability(common: npt.ArrayLike, size: int, marked: npt.ArrayLike, drawn: int) -> Floats:
    """Return the logarithm of the probability that `drawn` of `size` places hold `common` of the marked ones.

    Examples
    --------
    >>> np.exp(log_probability([0, 1, 2], 5, 2, 2)).round(12).tolist()
    [0.3, 0.6, 0.1]
    """
    common, marked = np.asarray(common), np.asarray(marked)
    cells = common, marked - common, drawn - common, size - marked - drawn + common
    inside = (cells[1] >= 0) & (cells[3] >= 0) & (cells[2] >= 0) & (common >= 0)
    difference = (common * size - marked * drawn) / size
    rows, columns = (marked, size - marked), (drawn, size - drawn)
    value = sum(log_factor(margin) for margin in (*rows, *columns)) - log_factor(size)
    for index, (cell, sign) in enumerate(zip(cells, (1, -1, -1, 1), strict=True)):
        expected = rows[index // 2] * (columns[index % 2] / size)
        cell = np.where(inside, cell, 0)
        value = value - log_factor(cell) - deviance(cell, expected, sign * difference)
    return np.where(inside, value, -np.inf)


def log_tail(threshold: int, size: int, marked: float, drawn: int) -> float:
    """Return the logarithm of the probability that at least `threshold` of the marked places are drawn.

    Examples
    --------
    >>> round(float(np.exp(log_tail(1, 5, 2, 2))), 12)
    0.7
    """
    low, high = max(0, int(np.ceil(marked)) + drawn - size), int(min(marked, drawn))
    if threshold <= low:
        return 0.0
    return min(0.0, log_sum(log_probability(np.arange(threshold, high + 1), size, marked, drawn)))


def log_sum(terms: Floats) -> float:
    """Return the logarithm of a sum whose terms are given by their logarithms.

    Examples
    --------
    >>> round(log_sum(np.array([-1000.0, -1000.0])), 6)
    -999.306853
    """
    if not terms.size or (top := float(terms.max())) == -np.inf:
        return -np.inf
    return top + float(np.log(np.exp(terms - top).sum()))
