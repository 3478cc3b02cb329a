r"""The rules a mac of Sparsey selects and learns by: expansivity, competing hypotheses, permanence, critical periods.

**Expansivity.** A unit with support V in a mac of familiarity G gets the propensity

.. math::
    \psi(V, G) = \frac{\eta(G) - 1}{\bigl(1 + \sigma_1 e^{-\sigma_2 (V - \sigma_3)}\bigr)^{\sigma_4}} + 1, \qquad
    \eta(G) = 1 + \chi K \Bigl(\frac{[G - G_-]_+}{1 - G_-}\Bigr)^{\gamma},

and wins with the probability :math:`\psi / \sum \psi` over the K units of its module. A familiar input (G = 1) therefore finds its code
again, an unfamiliar one (:math:`G \le G_-`) gets a random code, and what lies between shares units with the codes of similar inputs.

**One stored item** makes this a closed form. An input that shares the part f of its active units with the stored one has V = G = f for the
stored code's units and V = 0 for all others, so that the expected part of the code that comes back is

.. math:: I(f) = \frac{\psi(f, f)}{\psi(f, f) + (K - 1) \, \psi(0, f)} .

**Competing hypotheses.** :math:`\zeta` is the mean number of units per module with a support above a cut: how many codes are active at
once in a mac that cannot tell which is right. Each has only :math:`1 / \zeta` of the active units, so what the mac sends is scaled by
:math:`F(\zeta) = \zeta^A` up to :math:`\zeta = B`, and by 0 beyond.

**Permanence.** A weight last set T steps ago is worth :math:`\frac{1 + c / S}{1 + c / (S - T)}` for T < S, and nothing afterwards. A weight
that is set again while it is worth something lives longer (metaplasticity): its lifetime S grows by a factor, up to a highest level.

Source: G. J. Rinkus, Front. Neuroanat. 4, 17 (2010); Front. Comput. Neurosci. 8, 160 (2014); ``RINKUS_2010`` has the parameters of a public
program for the first paper. Differs from the papers in: their full texts were not read, the forms of eta, psi and F are as remembered;
below :math:`\zeta = 1` a mac sends with strength 1; weights that are frozen no longer fade.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole

LARGEST = 700.0
"""Logarithm of a number that a float still holds."""


@dataclass(frozen=True)
class Expansivity:
    """How familiarity sharpens the competition in a mac.

    Parameters
    ----------
    threshold : float
        G_minus, at least 0 and below 1: up to this familiarity codes are random.
    exponent : float
        gamma, above 0.
    gain : float
        chi, at least 0: eta - 1 at full familiarity, for each unit of a module where `per_unit`.
    per_unit : bool
        Whether the gain is multiplied with K.
    scale, slope, midpoint, power : float
        sigma_1 ... sigma_4 of the sigmoid; scale and slope at least 0, power above 0.

    Examples
    --------
    >>> rule = Expansivity()
    >>> rule.intersection([0, 1/3, 1/2, 1], units=8).round(4).tolist()
    [0.125, 0.3307, 0.8648, 0.9746]
    >>> RINKUS_2010.intersection([0, 1/3, 1/2, 1], units=8).round(4).tolist()
    [0.125, 0.1314, 0.8512, 0.9993]
    """

    threshold: float = 0.2
    exponent: float = 2.0
    gain: float = 100.0
    per_unit: bool = True
    scale: float = 1.0
    slope: float = 12.0
    midpoint: float = 0.5
    power: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= real("threshold", self.threshold) < 1:
            raise ValueError(f"threshold must lie in 0 ... 1, below 1, got {self.threshold}")
        real("midpoint", self.midpoint)
        for name in ("exponent", "power"):
            real(name, getattr(self, name), above=0)
        for name in ("gain", "scale", "slope"):
            real(name, getattr(self, name), least=0)

    def numbers(self, units: int) -> npt.NDArray[np.float64]:
        """Return what kernels take: threshold, exponent, gain for modules of so many units, scale, slope, midpoint, power."""
        gain = self.gain * units if self.per_unit else self.gain
        return np.array([self.threshold, self.exponent, gain, self.scale, self.slope, self.midpoint, self.power], np.float64)

    def eta(self, familiarity: npt.ArrayLike, units: int) -> npt.NDArray[np.float64]:
        """Return the expansivity for values of G and modules of so many units."""
        above = np.clip((np.asarray(familiarity, np.float64) - self.threshold) / (1 - self.threshold), 0, None)
        return 1 + self.numbers(units)[2] * above**self.exponent

    def psi(self, support: npt.ArrayLike, familiarity: npt.ArrayLike, units: int) -> npt.NDArray[np.float64]:
        """Return the propensity of units with support V in a mac of familiarity G."""
        low = 1 + self.scale * np.exp(-self.slope * (np.asarray(support, np.float64) - self.midpoint))
        return (self.eta(familiarity, units) - 1) / low**self.power + 1

    def intersection(self, shared: npt.ArrayLike, units: int) -> npt.NDArray[np.float64]:
        """Return I(f), the expected part of the one stored code that an input gets which shares the part f with the stored input."""
        f = np.asarray(shared, np.float64)
        right, wrong = self.psi(f, f, units), self.psi(0, f, units)
        return right / (right + (whole("units", units, 1) - 1) * wrong)


RINKUS_2010 = Expansivity(threshold=0.0, exponent=7.0, gain=1e4, per_unit=False, slope=26.0)
"""psi = 10**4 G**7 / (1 + exp(13 - 26 V)) + 1, whatever the number of units."""


@dataclass(frozen=True)
class Hypotheses:
    """How strongly a mac sends that holds several codes at once.

    Parameters
    ----------
    cut : float
        A unit with a support above this speaks for a hypothesis; in 0 ... 1.
    exponent : float
        A, at least 0.
    most : float
        B, at least 1: more hypotheses than this are not sent at all.

    Examples
    --------
    >>> [Hypotheses(most=3).strength(zeta) for zeta in (0.5, 1.0, 2.0, 4.0)]
    [1.0, 1.0, 2.0, 0.0]
    """

    cut: float = 0.95
    exponent: float = 1.0
    most: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= real("cut", self.cut) <= 1:
            raise ValueError(f"cut must lie in 0 ... 1, got {self.cut}")
        real("exponent", self.exponent, least=0)
        real("most", self.most, least=1)

    def strength(self, zeta: float) -> float:
        """Return F(zeta); 1 below one hypothesis per module."""
        return 0.0 if zeta > self.most else max(1.0, float(zeta)) ** self.exponent


@dataclass(frozen=True)
class Permanence:
    """How long weights last.

    Parameters
    ----------
    lifetime : float
        S, in steps, above 0: a weight that is set once is worth nothing so long afterwards.
    convexity : float
        c, at least 0: with 0 a weight keeps its value until it is gone, with large values it falls on a straight line.
    growth : float
        At least 1: how many times longer a weight lives on each level.
    levels : int
        Number of levels, 1 ... 254. A weight set again while it is worth something rises by one.

    Examples
    --------
    >>> rule = Permanence(lifetime=100, convexity=50, growth=4, levels=3)
    >>> rule.lifetimes.tolist(), [round(rule.value(age), 3) for age in (0, 50, 90, 100)]
    ([100.0, 400.0, 1600.0], [1.0, 0.75, 0.25, 0.0])
    """

    lifetime: float
    convexity: float = 1.0
    growth: float = 1.0
    levels: int = 1

    def __post_init__(self) -> None:
        real("lifetime", self.lifetime, above=0)
        real("convexity", self.convexity, least=0)
        real("growth", self.growth, least=1)
        if whole("levels", self.levels, 1) > 254:
            raise ValueError(f"levels must be at most 254, got {self.levels}")
        if math.log(self.lifetime) + (self.levels - 1) * math.log(self.growth) > LARGEST:
            raise ValueError("lifetime of the last level must be finite, lifetime * growth ** (levels - 1) is not")

    @property
    def lifetimes(self) -> npt.NDArray[np.float64]:
        """Lifetime on each level, (levels,)."""
        return np.array([self.lifetime * self.growth**level for level in range(self.levels)], np.float64)

    def value(self, age: float, level: int = 1) -> float:
        """Return what a weight is worth that was set so many steps ago, on a level from 1 on."""
        lifetime = float(self.lifetimes[level - 1])
        left = lifetime - age
        return (1 + self.convexity / lifetime) * left / (left + self.convexity) if left > 0 else 0.0


@dataclass(frozen=True)
class CriticalPeriod:
    """When learning ends: afferents are frozen as soon as more than a part of them has been set.

    Parameters
    ----------
    fraction : float
        Above 0, at most 1.
    whole : bool
        Whether a projection is frozen as a whole, by the mean over its units; otherwise each unit by itself.

    Examples
    --------
    >>> CriticalPeriod(0.5)
    CriticalPeriod(fraction=0.5, whole=False)
    """

    fraction: float = 0.5
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 < real("fraction", self.fraction) <= 1:
            raise ValueError(f"fraction must lie above 0, at most 1, got {self.fraction}")
