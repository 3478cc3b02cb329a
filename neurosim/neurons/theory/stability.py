r"""When the asynchronous state of Brunel's network gives way to oscillations, and how finite networks fluctuate before.

A small change :math:`r_E e^{\lambda t}`, :math:`r_I e^{\lambda t}` of the rates of the two populations changes, a delay D later, mean and
variance of the input of every neuron, and by its linear response :math:`A_\mu, A_s` (:mod:`neurosim.neurons.theory.response`) its rate:

.. math::
    r = H_E r_E + H_I r_I, \qquad
    H_E = C_E \tau e^{-\lambda D} \left( J A_\mu + J^2 A_s \right), \qquad
    H_I = \gamma C_E \tau e^{-\lambda D} \left( -g J A_\mu + g^2 J^2 A_s \right).

Since both populations are alike, the change sustains itself where :math:`H_E + H_I = 1`. The solution with the largest real part decides:
if it is negative, the asynchronous state is stable; if positive, an oscillation grows, of the frequency
:math:`\operatorname{Im} \lambda / 2\pi`.

A network of :math:`N_E` and :math:`N_I` neurons is never at rest: the rate of a population of independent neurons fluctuates with the
one-sided spectrum :math:`2 \nu / N`, and each fluctuation comes back through the loop. With :math:`f_E, f_I` the parts of the populations
in the whole, the spectrum of the rate of the whole is, to first order in 1 / N,

.. math::
    S(f) = \frac{2 \nu}{N_E} \left| f_E + \frac{H_E}{1 - H_E - H_I} \right|^2
         + \frac{2 \nu}{N_I} \left| f_I + \frac{H_I}{1 - H_E - H_I} \right|^2 .

Sources: N. Brunel, J. Comput. Neurosci. 8, 183 (2000); N. Brunel & V. Hakim, Neural Comput. 11, 1621 (1999). Differs from the papers in:
the response is computed by integration, not with hypergeometric functions; of the fluctuations only those of the spikes of finite
populations are kept, as if each neuron fired like a Poisson process.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.neurons.theory._cells import Array, checked
from neurosim.neurons.theory.brunel import brunel_input, brunel_rates
from neurosim.neurons.theory.response import Complex, lif_response
from neurosim.neurons.theory.shifts import discrete_threshold_shift

LOWEST, POINTS = 2.0, 160
"""Lowest frequency in Hz that is looked at, and at how many."""


class Mode(NamedTuple):
    """An oscillation that sustains itself: its growth in 1/s (negative if it decays) and its frequency in Hz."""

    growth: float
    frequency: float


@dataclass(frozen=True)
class _Loop:
    """A network at the rate at which it supports itself."""

    rate: float
    g: float
    mean: float
    deviation: float
    delay: float
    weight: float
    many: float
    gamma: float
    cell: dict[str, float]

    @classmethod
    def of(
        cls,
        g: float,
        eta: float,
        *,
        delay: float = 1.5,
        dt: float | None = None,
        weight: float = 0.1,
        excitatory: float = 1000.0,
        gamma: float = 0.25,
        tau: float = 20.0,
        threshold: float = 20.0,
        reset: float = 10.0,
        refractory: float = 2.0,
    ) -> _Loop:
        inputs = {"weight": weight, "excitatory": excitatory, "gamma": gamma, "tau": tau, "threshold": threshold}
        late = float(checked("delay", delay, least=0.0)) + (0.0 if dt is None else dt / 2)
        rate = float(brunel_rates(g, eta, dt=dt, reset=reset, refractory=refractory, **inputs)[-1])
        if not rate > 0:
            raise ValueError(f"a silent network does not respond: no rate above 0 at g = {g:g}, eta = {eta:g}")
        mean, deviation = (float(value) for value in brunel_input(rate, g, eta, **inputs))
        raised = threshold + (0.0 if dt is None else float(discrete_threshold_shift(deviation, dt, tau)))
        cell = {"tau": tau, "threshold": raised, "reset": reset, "refractory": refractory}
        return cls(rate, g, mean, deviation, late, weight, excitatory, gamma, cell)

    def parts(self, lam: Complex) -> tuple[Complex, Complex]:
        """Return H_E and H_I."""
        _, to_mean, to_variance = lif_response(lam, self.mean, self.deviation, **self.cell)
        travel = self.many * self.cell["tau"] / 1000 * np.exp(-lam * self.delay)
        strong = -self.g * self.weight
        excitatory = travel * (self.weight * to_mean + self.weight**2 * to_variance)
        return excitatory, self.gamma * travel * (strong * to_mean + strong**2 * to_variance)

    def whole(self, lam: Complex) -> Complex:
        """Return H_E + H_I."""
        excitatory, inhibitory = self.parts(lam)
        return excitatory + inhibitory

    def turns(self, highest: float) -> tuple[Array, Array]:
        """Return the frequencies where H_E + H_I is real and positive, and its values."""
        f = np.geomspace(LOWEST, float(checked("highest", highest, above=LOWEST)), POINTS)
        loop = self.whole(2j * np.pi / 1000 * f)
        k = np.flatnonzero((loop.imag[:-1] * loop.imag[1:] < 0) & (loop.real[1:] > 0))
        part = loop.imag[k] / (loop.imag[k] - loop.imag[k + 1])
        return f[k] + part * (f[k + 1] - f[k]), loop.real[k] + part * (loop.real[k + 1] - loop.real[k])

    def mode(self, start: complex) -> Mode | None:
        """Return the mode near an exponent, by the secant method; None if it is not found."""
        last, now = start, start * cmath.exp(0.01j)
        before, error = (complex(self.whole(np.array([lam]))[0]) - 1 for lam in (last, now))
        for _ in range(30):
            if abs(error) < 1e-7:
                return Mode(1000 * now.real, 1000 * now.imag / (2 * math.pi))
            if error == before:
                return None
            last, now, before = now, now - error * (now - last) / (error - before), error
            if not (abs(now) < 100 and now.real > -2):
                return None
            error = complex(self.whole(np.array([now]))[0]) - 1
        return None


def brunel_loop(exponent: npt.ArrayLike, g: float, eta: float, *, delay: float = 1.5, dt: float | None = None, **network: float) -> Any:
    r"""Return what the change of the rate of either population is multiplied by on its way through Brunel's network.

    Parameters
    ----------
    exponent : array_like of complex
        :math:`\lambda` in 1/ms, not 0.
    g, eta : float
        As in :func:`~neurosim.neurons.theory.brunel.brunel_input`. Of several rates at which the network supports itself the highest is
        taken.
    delay : float
        D in ms, at least 0.
    dt : float, optional
        Time step in ms of a simulation: the threshold is raised as in :func:`~neurosim.neurons.theory.brunel.brunel_rates`, and spikes come
        half a step later, the mean time from the crossing to the next look. If not given, time is continuous.
    **network : float
        `weight`, `excitatory`, `gamma`, `tau`, `threshold`, `reset` and `refractory` of
        :func:`~neurosim.neurons.theory.brunel.brunel_rates`.

    Returns
    -------
    rate : float
        In Hz.
    excitatory, inhibitory : ndarray of complex128
        :math:`H_E` and :math:`H_I`, of the shape of `exponent`.

    Raises
    ------
    ValueError
        If the network is silent.

    Examples
    --------
    In inhibition-dominated networks a slow change is opposed:

    >>> _, excitatory, inhibitory = brunel_loop(1e-5j, g=5.0, eta=2.0)
    >>> round(float((excitatory + inhibitory).real), 2)
    -1.54
    """
    loop = _Loop.of(g, eta, delay=delay, dt=dt, **network)
    return loop.rate, *loop.parts(np.asarray(exponent, complex))


def brunel_mode(g: float, eta: float, *, delay: float = 1.5, dt: float | None = None, highest: float = 1000.0, **network: float) -> Mode:
    """Return the oscillation of Brunel's network that grows fastest, or decays slowest.

    It is looked for between 2 Hz and `highest`. A network that is silent, and one without any, have NaN.

    Parameters
    ----------
    g, eta, delay, dt, **network
        As for :func:`brunel_loop`.
    highest : float
        In Hz, above 2.

    Returns
    -------
    Mode
        `growth` in 1/s and `frequency` in Hz. Where growth is positive the asynchronous state is unstable.

    Examples
    --------
    The fast and the slow oscillation, and the asynchronous state of Brunel's Fig. 8:

    >>> [[round(number, 1) for number in brunel_mode(g, eta)] for g, eta in ((6.0, 4.0), (4.5, 0.9), (5.0, 2.0))]
    [[51.5, 190.2], [7.9, 29.0], [-134.9, 124.3]]
    """
    try:
        loop = _Loop.of(g, eta, delay=delay, dt=dt, **network)
    except ValueError:
        return Mode(math.nan, math.nan)
    at, _ = loop.turns(highest)
    modes = [loop.mode(2j * math.pi / 1000 * start) for start in at.tolist()]
    found = [mode for mode in modes if mode is not None and LOWEST < mode.frequency < 1.5 * highest]
    return max(found, default=Mode(math.nan, math.nan))


def brunel_resonances(
    g: float, eta: float, *, delay: float = 1.5, dt: float | None = None, highest: float = 1000.0, **network: float
) -> tuple[Array, Array]:
    """Return the frequencies at which a change comes back in phase, and by what it is multiplied there.

    Where this gain passes 1 an oscillation of the frequency begins: the borders of the asynchronous state.

    Parameters
    ----------
    g, eta, delay, dt, highest, **network
        As for :func:`brunel_mode`.

    Returns
    -------
    frequency : (resonances,) float64
        In Hz, ascending.
    gain : (resonances,) float64

    Examples
    --------
    >>> frequency, gain = brunel_resonances(g=5.0, eta=2.0)
    >>> frequency.round(), gain.round(2)
    (array([130., 711.]), array([0.72, 0.71]))
    """
    return _Loop.of(g, eta, delay=delay, dt=dt, **network).turns(highest)


def brunel_spectrum(
    frequency: npt.ArrayLike,
    g: float,
    eta: float,
    *,
    units: float = 12_500.0,
    delay: float = 1.5,
    dt: float | None = None,
    **network: float,
) -> Array:
    r"""Return the power spectrum of the rate of a finite network in its asynchronous state.

    Parameters
    ----------
    frequency : array_like
        In Hz, above 0.
    g, eta, delay, dt, **network
        As for :func:`brunel_loop`.
    units : float
        Neurons of both populations together; the inhibitory ones are :math:`\gamma` times the excitatory ones.

    Returns
    -------
    ndarray of float64
        One-sided, in Hz^2/Hz. Where the asynchronous state is unstable (:func:`brunel_mode`) it means nothing.

    Examples
    --------
    Fluctuations around 120 Hz have 1,200 times the power of those of independent neurons:

    >>> power = brunel_spectrum(120.0, g=5.0, eta=2.0)
    >>> round(float(power) / (2 * 37.95 / 12_500))
    1217
    """
    f, gamma = checked("frequency", frequency, above=0.0), network.get("gamma", 0.25)
    rate, excitatory, inhibitory = brunel_loop(2j * np.pi / 1000 * f, g, eta, delay=delay, dt=dt, **network)
    whole = 1 - excitatory - inhibitory
    part = np.array([1.0, gamma]) / (1 + gamma)
    return 2 * rate / units * (abs(part[0] + excitatory / whole) ** 2 / part[0] + abs(part[1] + inhibitory / whole) ** 2 / part[1])
