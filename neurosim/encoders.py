r"""Encoders: numbers, such as the pixels of a picture, as spikes.

=================  =====================================================================================
:func:`rate`       a number becomes the rate of a Poisson source
:func:`latency`    a number becomes the time of one spike: the larger, the earlier
=================  =====================================================================================

The logarithmic code is the time at which an integrate-and-fire membrane without a spike before, charged by a constant current x from 0 on
with time constant :math:`\tau`, reaches the threshold :math:`\theta`: :math:`x (1 - e^{-t / \tau}) = \theta` gives

.. math:: t = \tau \ln \frac{x}{x - \theta} \quad (x > \theta);

the linear code is :math:`t = T (1 - x)`. Numbers at or below the threshold give no spike in either.

Source: J. K. Eshraghian et al., Proc. IEEE 111, 1016 (2023), whose library snnTorch has both codes (``spikegen.latency``). Differs from
it in: times are in ms and not rounded to steps; there is no rescaling of the values that are given; numbers below the threshold are
always silent; a spike of the logarithmic code that would come after the end is left out instead of being moved there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.checks import real


def rate(values: npt.ArrayLike, *, max_rate: float = 100.0) -> npt.NDArray[np.float64]:
    """Return the rates that stand for numbers, for :class:`~neurosim.neurons.poisson.Poisson`.

    Parameters
    ----------
    values : array_like
        In 0 ... 1, of any shape.
    max_rate : float
        Rate in Hz that stands for 1, above 0.

    Returns
    -------
    ndarray of float64, shape (n,)
        In Hz, one for each number, in C order.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> rate([[0.0, 0.5], [0.25, 1.0]], max_rate=80.0)
    array([ 0., 40., 20., 80.])
    """
    return _fractions(values) * real("max_rate", max_rate, above=0)


def latency(
    values: npt.ArrayLike, duration: float, *, tau: float | None = None, threshold: float = 0.01
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    r"""Return the spikes that stand for numbers, one for each, for :class:`~neurosim.neurons.spike_list.SpikeList`.

    Parameters
    ----------
    values : array_like
        In 0 ... 1, of any shape.
    duration : float
        T in ms, above 0: all spikes come before.
    tau : float, optional
        Time constant :math:`\tau` in ms of the logarithmic code; if not given, the code is linear.
    threshold : float
        :math:`\theta`, in 0 ... 1: numbers up to it give no spike.

    Returns
    -------
    units : ndarray of int64, shape (n_spikes,)
        Place of the number, in C order.
    times : ndarray of float64, shape (n_spikes,)
        In ms, at least 0 and below `duration`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> units, times = latency([0.0, 0.25, 1.0], duration=20.0)
    >>> units, times
    (array([1, 2]), array([15.,  0.]))
    >>> units, times = latency([0.02, 0.5], duration=50.0, tau=10.0)
    >>> times.round(3)
    array([6.931, 0.202])
    """
    x, end = _fractions(values), real("duration", duration, above=0)
    theta = real("threshold", threshold, least=0)
    if theta >= 1:
        raise ValueError(f"threshold must be below 1, got {threshold}")
    units = np.flatnonzero(x > theta)
    times = end * (1 - x[units])
    if tau is not None:
        times = -real("tau", tau, above=0) * np.log1p(-theta / x[units])
    early = times < end
    return units[early], times[early]


def _fractions(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return values as one row of floats after checking that all lie in 0 ... 1."""
    x = np.asarray(values)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"values must be numbers, got {x.dtype}")
    x = x.astype(float).ravel()
    if not ((x >= 0) & (x <= 1)).all():
        bad = np.flatnonzero(~((x >= 0) & (x <= 1)))[0]
        raise ValueError(f"values must lie in 0 ... 1, got {x[bad]} at place {bad}")
    return x
