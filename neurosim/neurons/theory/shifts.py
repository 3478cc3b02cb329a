r"""Corrections to the threshold in Siegert's formula, of first order in the root of a short time.

Both are the distance behind an absorbing wall at which a random walk seems to see it (Milne's problem), with
:math:`|\zeta(1/2)| = 1.4604` of Riemann's zeta function: a walk in steps may cross the wall and come back between two looks, a walk with
inertia arrives with an impetus.

Sources: M. Broadie, P. Glasserman & S. Kou, Math. Finance 7, 325 (1997); N. Fourcaud & N. Brunel, Neural Comput. 14, 2057 (2002).
Differs from the papers in: the fading of the shift of the reset in the refractory time, which is ours.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from neurosim.neurons.theory._cells import Array, checked

ZETA_HALF = 1.4603545088095868
r""":math:`|\zeta(1/2)|`, of Riemann's zeta function."""


def discrete_threshold_shift(deviation: npt.ArrayLike, dt: npt.ArrayLike, tau: npt.ArrayLike) -> Array:
    r"""Return by how much the threshold seems higher if it is looked at only once in every time step.

    A potential that has crossed the threshold and come back between two looks has not fired. To first order in :math:`\sqrt{dt}` this is a
    threshold raised by the mean overshoot of a Gaussian random walk, :math:`|\zeta(1/2)| / \sqrt{2 \pi} = 0.5826` standard deviations of
    one step, :math:`\sigma \sqrt{dt / \tau}` (Broadie, Glasserman & Kou 1997, for options on a price). The reset stays where it is.

    Parameters
    ----------
    deviation : array_like
        :math:`\sigma` in mV as in :func:`siegert_rate`, at least 0.
    dt : array_like
        Time step in ms, above 0.
    tau : array_like
        Membrane time constant in ms, above 0.

    Returns
    -------
    ndarray of float64
        Shift in mV, to be added to the threshold.

    Examples
    --------
    >>> from neurosim.neurons.theory import discrete_rate, siegert_rate
    >>> shift = discrete_threshold_shift(5.0, 0.1, 20.0)
    >>> cell = {"tau": 20.0, "reset": 10.0, "refractory": 2.0}
    >>> rates = [siegert_rate(15.0, 5.0, threshold=theta, **cell) for theta in (20.0, 20.0 + shift)]
    >>> np.round([*rates, discrete_rate(15.0, 5.0, threshold=20.0, dt=0.1, **cell)], 3)
    array([9.461, 8.821, 8.819])
    """
    sigma = checked("deviation", deviation, least=0.0)
    return ZETA_HALF / math.sqrt(2 * math.pi) * sigma * np.sqrt(checked("dt", dt, above=0.0) / checked("tau", tau, above=0.0))


def coloured_threshold_shift(deviation: npt.ArrayLike, tau_synapse: npt.ArrayLike, tau: npt.ArrayLike) -> Array:
    r"""Return by how much fast synapses, which filter the noise, seem to raise both threshold and reset.

    For exponential synaptic currents of time constant :math:`\tau_s \ll \tau` the shift is
    :math:`\sigma \sqrt{\tau_s / \tau} \, |\zeta(1/2)| / \sqrt 2 = 1.0326\, \sigma \sqrt{\tau_s / \tau}`, exact to first order in
    :math:`\sqrt{\tau_s / \tau}` (Fourcaud & Brunel 2002).

    The reset shifts as far if the neuron starts again at once. While it is held in the refractory time :math:`t_r` the current that made
    it fire fades, and so does the shift of the reset, as :math:`e^{-t_r / \tau_s}`.

    Parameters
    ----------
    deviation : array_like
        :math:`\sigma` in mV as in :func:`siegert_rate`, for the same charge delivered at once; at least 0.
    tau_synapse : array_like
        Time constant of the synapse in ms, at least 0.
    tau : array_like
        Membrane time constant in ms, above 0.

    Returns
    -------
    ndarray of float64
        Shift in mV, to be added to the threshold and, as far as it has not faded, to the reset.

    Examples
    --------
    >>> float(coloured_threshold_shift(5.0, 0.2, 20.0))
    0.5163132
    """
    sigma = checked("deviation", deviation, least=0.0)
    ratio = checked("tau_synapse", tau_synapse, least=0.0) / checked("tau", tau, above=0.0)
    return ZETA_HALF / math.sqrt(2) * sigma * np.sqrt(ratio)
