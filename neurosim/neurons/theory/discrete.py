r"""Firing rates with white noise if the threshold is looked at once in every time step: what a simulation computes, without simulating.

Source of the elimination: W. K. Grassmann, M. I. Taksar & D. P. Heyman, Oper. Res. 33, 1107 (1985). Differs from the paper in: it gives
times of escape from a chain that is left, in place of the stationary state of one that is not; columns are handled in blocks.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.neurons.theory._cells import Array, cell_of, checked, gauss

_TAIL = 8.5
"""Standard deviations beyond which a Gaussian has a mass below rounding."""
_MOST_NODES = 4000
_BLOCK = 48
"""States that leave a Markov chain between two products of matrices."""


def discrete_rate(
    mean: npt.ArrayLike,
    deviation: npt.ArrayLike,
    *,
    dt: npt.ArrayLike,
    tau: npt.ArrayLike,
    threshold: npt.ArrayLike,
    reset: npt.ArrayLike,
    resting: npt.ArrayLike = 0.0,
    refractory: npt.ArrayLike = 0.0,
    nodes: int | None = None,
) -> Array:
    r"""Return the firing rate with white noise if the threshold is looked at once in every time step, exactly.

    One step takes :math:`v` to :math:`\mu + a (v - \mu) + s \xi` with :math:`a = e^{-dt / \tau}`,
    :math:`s^2 = \frac12 \sigma^2 (1 - a^2)` and :math:`\xi` Gaussian of variance 1; then the neuron fires if :math:`v > \theta`. The mean
    number of steps to the next spike solves Fredholm's equation of the second kind

    .. math:: T(v) = 1 + \int_{-\infty}^{\theta} p(v \to w) \, T(w) \, dw, \qquad \frac{1}{\nu} = t_r + dt \; T(V_r),

    here on Gauss-Legendre nodes (Nystrom's method), by an elimination without subtractions (Grassmann, Taksar & Heyman 1985), so that the
    smallest rates are as exact as the largest. Arrays take one solution an element, a few milliseconds to a second as the steps get small.

    Parameters
    ----------
    mean, deviation : array_like
        As in :func:`siegert_rate`.
    dt : array_like
        Time step in ms, above 0.
    tau, threshold, reset, resting : array_like
        As in :func:`lif_rate`.
    refractory : array_like
        Time in ms in which the neuron is held at its reset, at least 0: the spike after the refractory time plus one step is the first
        possible. Simulators that count the step of the spike as refractory (Brian2) hold it one `dt` less.
    nodes : int, optional
        How many nodes; if not given, enough for a relative error below 1e-11.

    Returns
    -------
    ndarray of float64
        Rate in Hz.

    Raises
    ------
    ValueError
        If the noise of one step is too small to be resolved with 4,000 nodes, or with `nodes`.

    Examples
    --------
    >>> cell = {"tau": 20.0, "threshold": 20.0, "reset": 10.0, "refractory": 2.0}
    >>> discrete_rate(15.0, 5.0, dt=[1.0, 0.1, 0.01], **cell).round(3)
    array([7.525, 8.819, 9.255])
    """
    mu, sigma = checked("mean", mean) + checked("resting", resting), checked("deviation", deviation, least=0.0)
    step, cell = checked("dt", dt, above=0.0), cell_of(tau, threshold, reset, refractory)
    if nodes is not None:
        nodes = whole("nodes", nodes, 2)
    solve = np.vectorize(functools.partial(_discrete, nodes), otypes=[float])
    return np.asarray(solve(mu, sigma, step, *cell.values()))


def absorption_times(jumps: Array, escape: Array) -> Array:
    """Return the mean number of steps to escape from each state of a Markov chain; `jumps` and `escape` are overwritten.

    States leave the chain one after the other, and hand their time and their jumps to those that jump to them. The probability to stay
    is never used: it is what is missing from 1, and no number is subtracted from another.

    Times beyond the largest number are infinite, for all states alike.

    Parameters
    ----------
    jumps : ndarray of float64
        Probabilities to go from the state of the row to that of the column in one step.
    escape : ndarray of float64
        Probability to escape from each state in one step. With a row of `jumps` it adds up to 1.

    Examples
    --------
    >>> absorption_times(np.array([[0.5, 0.5], [0.5, 0.0]]), np.array([0.0, 0.5]))
    array([6., 4.])
    """
    count, time, leave = escape.size, np.ones(escape.size), np.empty(escape.size)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        for high in range(count, 0, -_BLOCK):
            low = max(high - _BLOCK, 0)
            for k in range(high - 1, low - 1, -1):
                leave[k] = escape[k] + jumps[k, :k].sum()
                jumps[:k, k] /= leave[k]
                share = jumps[:k, k]
                jumps[low:k, :k] += share[low:, None] * jumps[k, :k]
                jumps[:low, low:k] += share[:low, None] * jumps[k, low:k]
                escape[:k] += share * escape[k]
                time[:k] += share * time[k]
            jumps[:low, :low] += jumps[:low, low:high] @ jumps[low:high, :low]
        for k in range(count):
            time[k] = (time[k] + jumps[k, :k] @ time[:k]) / leave[k]
    return time if np.isfinite(time).all() else np.full(count, np.inf)


def _discrete(
    nodes: int | None, mu: float, sigma: float, dt: float, threshold: float, reset: float, tau: float, refractory: float
) -> float:
    """Return the rate of one neuron."""
    from scipy.special import ndtr

    if sigma == 0:
        return _steps_rate(mu, dt, threshold, reset, tau, refractory)
    decay, noise = math.exp(-dt / tau), sigma * math.sqrt(-math.expm1(-2 * dt / tau) / 2)
    low = min(mu, reset) - _TAIL * sigma / math.sqrt(2)
    x, weight = gauss(_node_count(nodes, (threshold - low) / noise))
    v, size = low + (threshold - low) * x, (threshold - low) * weight
    after, first = mu + decay * (v - mu), mu + decay * (reset - mu)
    steps = absorption_times(_density(v, after[:, None], noise) * size, ndtr((after - threshold) / noise))
    if np.isinf(steps[0]):
        return 0.0
    return 1000 / (refractory + dt * (1 + float(_density(v, first, noise) * size @ steps)))


def _node_count(nodes: int | None, width: float) -> int:
    """Return how many nodes resolve noise of standard deviation 1 over a width, or say that they are too many."""
    wanted = math.ceil(2.1 * min(width, 1e9)) + 20
    if nodes is None and wanted > _MOST_NODES:
        raise ValueError(
            f"deviation must be larger, or dt: the potential spans {width:.4g} standard deviations of the noise of one step, "
            f"which takes {wanted} nodes, more than {_MOST_NODES}; pass nodes= to insist, or use siegert_rate with discrete_threshold_shift"
        )
    if nodes is not None and nodes < width:
        raise ValueError(f"nodes must be at least {math.ceil(width)} to resolve the noise of one step, got {nodes}")
    return wanted if nodes is None else nodes


def _density(v: Array, mean: Array | float, deviation: float) -> Array:
    """Return the density of a Gaussian."""
    z = (v - mean) / deviation
    with np.errstate(under="ignore"):
        return np.exp(-z * z / 2) / (math.sqrt(2 * math.pi) * deviation)


def _steps_rate(mu: float, dt: float, threshold: float, reset: float, tau: float, refractory: float) -> float:
    """Return the rate without noise: the first step above the threshold."""
    if mu <= threshold:
        return 0.0
    return 1000 / (refractory + dt * (1 + math.floor(tau / dt * math.log1p((threshold - reset) / (mu - threshold)))))
