r"""Pair-based spike-timing-dependent plasticity.

Spikes of source i arrive at its synapses after their delay, which is axonal: all of it lies before the synapse. Spikes of target j act at
once. Two traces fade between events,

.. math:: \tau_+ \dot x_i = -x_i, \qquad \tau_- \dot y_j = -y_j .

When a spike of i arrives, the weight :math:`w_{ij}` is transmitted, then depressed by :math:`y_j`, then :math:`x_i` grows. When j fires,
all weights onto it are potentiated by their :math:`x_i`, then :math:`y_j` grows:

.. math::

    \begin{aligned}
    \text{additive: } & w \to \max(w - a_- y, \, 0), & w &\to \min(w + a_+ x, \, w_\text{max}) \\
    \text{multiplicative: } & w \to \max \Bigl( w - a_- \frac{w}{w_\text{max}} y, \, 0 \Bigr), &
    w &\to \min \Bigl( w + a_+ \frac{w_\text{max} - w}{w_\text{max}} x, \, w_\text{max} \Bigr)
    \end{aligned}

A trace grows by 1 if all pairs of spikes count (*all-to-all*), or is set to 1, so that each arrival counts only with the last spike of the
target before it and each spike of the target only with the last arrival (*nearest*: the symmetric nearest-neighbour scheme). Of one tick,
arrivals come before spikes of targets, so that a pair of equal times potentiates. A single pair, arrival and spike of the target a time
:math:`d` apart, changes the weight by the *window*: :math:`a_+ e^{-d / \tau_+}` for :math:`d \ge 0`, :math:`-a_- e^{d / \tau_-}` for
:math:`d < 0` (multiplicative: times the factors above).

For independent Poisson trains of rates r and s (arrivals and targets) the weight drifts, far from its bounds, by

.. math::

    \begin{aligned}
    \text{all-to-all: } \quad & r s \, (a_+ \tau_+ - a_- \tau_-) \\
    \text{nearest: } \quad & r s \Bigl( \frac{a_+ \tau_+}{1 + r \tau_+} - \frac{a_- \tau_-}{1 + s \tau_-} \Bigr)
    \end{aligned}

per unit of time. Under the multiplicative rule this vanishes at :math:`w / w_\text{max} = a_+ \tau_+ / (a_+ \tau_+ + a_- \tau_-)`
(all-to-all), a stable point; under the additive rule weights run to the bounds.

Results are those of the rule applied at every event; how they are come by, and with how little work, is told in
:mod:`neurosim.kernels.stdp`. Weights are float32 between 0 and :math:`w_\text{max}`. Rounding moves a weight by at most
:math:`2^{-23} w_\text{max}` at each arrival and each spike of the target, and under the additive rule at each arrival by another
:math:`2^{-23} e^5 a_+ x C`, with x the source's trace and C the sum of :math:`e^{-s / \tau_+}` over the target's spikes since the period
began, a time s before (traces in float64; in float32 up to twice as much).

Sources: S. Song, K. D. Miller & L. F. Abbott, Nat. Neurosci. 3, 919 (2000), the additive rule; J. Rubin, D. D. Lee & H. Sompolinsky, Phys.
Rev. Lett. 86, 364 (2001), the multiplicative rule; A. Morrison, M. Diesmann & W. Gerstner, Biol. Cybern. 98, 459 (2008), traces and
schemes of pairing; E. M. Izhikevich & N. S. Desai, Neural Comput. 15, 1511 (2003), nearest neighbours. Differs from the papers in: time
runs in ticks, and the multiplicative rule clips where an amplitude is larger than the way to the bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from neurosim.checks import real
from neurosim.errors import nearest, with_hint

RULES = ("additive", "multiplicative")
PAIRINGS = ("all-to-all", "nearest")
_STRETCH = {"additive": 5.0, "multiplicative": 40.0}
"""Longest period in units of tau_plus: what precision, or the range of float32, allows."""
_WIDEST = 40.0
"""Longest period in units of tau_minus."""
_LONGEST = {"additive": 2**16, "multiplicative": 2016}
"""Longest period in ticks: of the multiplicative rule 42 spans."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PairSTDP:
    """Pair-based STDP of one projection.

    Parameters
    ----------
    w_max : float
        Upper bound of the weights, in their unit, above 0; the lower one is 0.
    a_plus : float, optional
        Change of a weight by a pair of equal times, in the unit of the weights, at least 0; under the multiplicative rule for a weight of
        0. By default 0.005 w_max.
    a_minus : float, optional
        The same for depression, at least 0; under the multiplicative rule for a weight of w_max. By default 1.05 a_plus.
    tau_plus, tau_minus : float
        Time constants of potentiation and depression in ms.
    rule : {"additive", "multiplicative"}
        Whether changes depend on the weight.
    pairing : {"all-to-all", "nearest"}
        Which pairs of spikes count.

    Raises
    ------
    TypeError, ValueError
        If a parameter is no number or out of range, or a rule or pairing unknown.

    References
    ----------
    S. Song, K. D. Miller & L. F. Abbott, "Competitive Hebbian learning through spike-timing-dependent synaptic plasticity", Nat.
    Neurosci. 3, 919 (2000), for the defaults.

    Examples
    --------
    >>> PairSTDP(w_max=0.3)
    PairSTDP(w_max=0.3, a_plus=0.0015, a_minus=0.001575, tau_plus=20.0, tau_minus=20.0, rule='additive', pairing='all-to-all')
    """

    w_max: float
    a_plus: float = cast("float", None)
    a_minus: float = cast("float", None)
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    rule: str = "additive"
    pairing: str = "all-to-all"

    def __post_init__(self) -> None:
        top = real("w_max", self.w_max, above=0)
        plus = real("a_plus", 0.005 * top if self.a_plus is None else self.a_plus, least=0)
        minus = real("a_minus", 1.05 * plus if self.a_minus is None else self.a_minus, least=0)
        values = {"w_max": top, "a_plus": plus, "a_minus": minus}
        values |= {name: real(name, getattr(self, name), above=0) for name in ("tau_plus", "tau_minus")}
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for name, known in (("rule", RULES), ("pairing", PAIRINGS)):
            if (value := getattr(self, name)) not in known:
                raise with_hint(
                    ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}"), nearest(str(value), known)
                )

    # --- theory ---------------------------------------------------------------------------------------------------------------

    def window(self, differences: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Array:
        """Return the change of a weight by a single pair of an arrival and a spike of the target, bounds aside.

        Parameters
        ----------
        differences : array_like
            Time of the target's spike less time of the arrival, in ms: that of the source's spike plus the delay.
        weight : array_like, optional
            The weight before; the multiplicative rule needs it.

        Examples
        --------
        >>> PairSTDP(w_max=1.0, a_plus=0.01, a_minus=0.012).window([-20.0, 0.0, 20.0]).round(5)
        array([-0.00441,  0.01   ,  0.00368])
        """
        d = np.asarray(differences, np.float64)
        up, down = self._factors(weight)
        rise, fall = np.exp(-np.maximum(d, 0.0) / self.tau_plus), np.exp(np.minimum(d, 0.0) / self.tau_minus)
        return np.where(d >= 0, up * self.a_plus * rise, -down * self.a_minus * fall)

    def drift(self, arrivals: npt.ArrayLike, spikes: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, dt: float = 0.0) -> Array:
        """Return the mean change of a weight per second if arrivals and spikes of the target are independent Poisson trains, bounds aside.

        Parameters
        ----------
        arrivals, spikes : array_like
            Rates in Hz.
        weight : array_like, optional
            The weight; the multiplicative rule needs it.
        dt : float
            Length of a tick in ms, for trains that have a spike in each tick with probability rate * dt; 0 for continuous time.

        Examples
        --------
        >>> stdp = PairSTDP(w_max=1.0, a_plus=0.005, a_minus=0.00525)
        >>> float(stdp.drift(10.0, 20.0).round(9)), float(stdp.drift(10.0, 20.0, dt=0.1).round(9))
        (-0.001, -0.0008975)
        """
        r, s = np.asarray(arrivals, np.float64), np.asarray(spikes, np.float64)
        up, down = self._factors(weight)
        near = self.pairing == "nearest"
        x, y = (_mean_trace(rate, tau, real("dt", dt, least=0), near) for rate, tau in ((r, self.tau_plus), (s, self.tau_minus)))
        together = 1e-3 * dt * s * r  # per second, expected pairs of equal times: the arrival comes first
        own = 1.0 - 1e-3 * dt * r if near else 1.0
        return up * self.a_plus * (s * x * own + together) - down * self.a_minus * r * y

    def _factors(self, weight: npt.ArrayLike | None) -> tuple[Any, Any]:
        """Return what the window is multiplied by for potentiation and depression."""
        if self.rule == "additive":
            return 1.0, 1.0
        if weight is None:
            raise ValueError("weight must be given: under the multiplicative rule changes depend on it")
        relative = np.asarray(weight, np.float64) / self.w_max
        return 1.0 - relative, relative

    # --- what a network asks --------------------------------------------------------------------------------------------------

    @property
    def marks(self) -> bool:
        """Whether each synapse has a mark."""
        return self.rule == "additive"

    @property
    def pre_columns(self) -> int:
        """Numbers that are kept for each source."""
        return 1 if self.rule == "additive" else 2

    @property
    def post_columns(self) -> int:
        """Numbers that are kept for each target."""
        return 2 if self.rule == "additive" else 1

    def history_columns(self, dt: float) -> int:
        """Return how many words are kept for each target: a count, and an entry for each span of a period."""
        from neurosim.kernels.stdp import SPAN

        return 0 if self.rule == "additive" else 1 + -(-self.period(dt) // SPAN)

    def period(self, dt: float) -> int:
        """Return the ticks after which all weights are brought up to date and traces re-based.

        Examples
        --------
        >>> PairSTDP(w_max=1.0).period(0.1), PairSTDP(w_max=1.0, rule="multiplicative").period(0.1)
        (1000, 2016)
        """
        longest = min(_STRETCH[self.rule] * self.tau_plus, _WIDEST * self.tau_minus) / dt
        return max(1, math.floor(min(longest, _LONGEST[self.rule])))

    def parameters(self, dt: float) -> tuple[float, ...]:
        """Return what :mod:`neurosim.kernels.stdp` lists."""
        period, keep = self.period(dt), float(self.pairing == "all-to-all")
        scale = 1.0 if self.rule == "additive" else 1.0 / self.w_max
        fixed = (scale * self.a_plus, scale * self.a_minus, self.w_max, float(period), dt / self.tau_plus, dt / self.tau_minus, keep)
        table = () if self.rule == "additive" else np.exp(-np.arange(period) * dt / self.tau_plus).tolist()
        return (*fixed, *table)

    def kernels(self) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
        """Return the kernels for arrivals, for spikes of targets, and for the beginning of a period."""
        from neurosim.kernels import stdp

        if self.rule == "additive":
            return stdp.arrive_additive, stdp.fire_additive, stdp.settle_additive
        return stdp.arrive_multiplicative, stdp.fire_multiplicative, stdp.settle_multiplicative

    def effective(self, synapses: Any, learning: Any, dt: float, tick: int) -> npt.NDArray[np.float32]:
        """Return the weights as they are now, potentiation included that their synapses have not yet been told of.

        Parameters
        ----------
        synapses : Synapses
        learning : Learning
            Has weights, marks, pre, post and history; stays as it is.
        dt : float
            Length of a tick in ms.
        tick : int
            The tick that comes next; the answer does not depend on it.

        Returns
        -------
        ndarray of float32, shape (n_synapses,)
        """
        from neurosim.kernels import stdp

        bring = stdp.effective_additive if self.rule == "additive" else stdp.effective_multiplicative
        weights = learning.weights.copy()
        parameters = np.array(self.parameters(dt), learning.pre.dtype)
        traces = learning.marks, learning.pre, learning.post, learning.history
        bring(synapses.offsets[:-1], synapses.offsets[1:], synapses.targets, weights, *traces, parameters)
        return weights

    def check_weight(self, where: str, weight: npt.ArrayLike) -> None:
        """Refuse weights to begin with that do not lie between 0 and w_max.

        Raises
        ------
        ValueError
            With the worst one of them.

        Examples
        --------
        >>> PairSTDP(w_max=0.3).check_weight("projection 'exc'", 0.5)
        Traceback (most recent call last):
        ...
        ValueError: projection 'exc': weight must lie in 0 ... w_max = 0.3, got 0.5
        """
        values = np.atleast_1d(np.asarray(weight))
        top = np.float32(self.w_max)
        inside = (values >= 0) & (values.astype(np.float32) <= top)
        if not inside.all():
            raise ValueError(f"{where}: weight must lie in 0 ... w_max = {self.w_max:g}, got {values[~inside][0]:g}")


def _mean_trace(rate: Array, tau: float, dt: float, near: bool) -> Array:
    """Return the mean of a trace just before a tick that is met at random, its train's rate being in Hz."""
    if dt == 0:
        return 1e-3 * rate * tau / (1.0 + 1e-3 * rate * tau if near else 1.0)
    p, keep = 1e-3 * rate * dt, math.exp(-dt / tau)
    return p * keep / (1.0 - (1.0 - p) * keep if near else -math.expm1(-dt / tau))
