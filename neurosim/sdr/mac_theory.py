r"""What a mac of Sparsey holds, if its codes are random: weights set, and how well exact cues are recalled.

M random inputs, s of n active, are stored under random codes: each picks one of the K units in every module, independently of all others.
This is so where the threshold of expansivity lies above the familiarity of new inputs.

**Weights set.** An item sets a given weight with the probability :math:`s / n K`, so that on average the part

.. math:: p = 1 - \Bigl(1 - \frac{s}{n K}\Bigr)^M

of them is set.

**Recall.** The right unit has all s weights from an item's inputs. Another unit was chosen by m of the M - 1 other items, m binomial, and
by inclusion and exclusion over the inputs that none of them has, it has all s weights too with the probability

.. math:: \pi = \sum_{j=0}^{s} (-1)^j \binom{s}{j} \Bigl(1 - \frac1K + \frac1K \, q_j\Bigr)^{M-1}, \qquad
    q_j = \binom{n-j}{s} / \binom{n}{s} .

One of the equally supported units is drawn. With X of K - 1 wrong ones among them, taken as independent, the right one wins with

.. math:: \Bigl\langle \frac{1}{1 + X} \Bigr\rangle = \frac{1 - (1 - \pi)^K}{K \pi} .

Q does not enter: modules are copies of each other.

Source: derived here; inclusion and exclusion as in D. J. Willshaw, O. P. Buneman & H. C. Longuet-Higgins, Nature 222, 960 (1969), whose
memory a module is, except that units are chosen at random. Differs from the paper in: exact for finite n.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

from neurosim.checks import real, whole


def weights_set(items: int, inputs: int, active: int, units: int) -> float:
    """Return p, the expected part of the bottom-up weights that is set.

    Parameters
    ----------
    items, inputs, active, units : int
        M, n, s, K.

    Examples
    --------
    >>> round(weights_set(100_000, inputs=1024, active=16, units=2800), 4)
    0.4277
    """
    items, inputs, active, units = _checked(items, inputs, active, units)
    return -math.expm1(items * math.log1p(-active / (inputs * units)))


def imitators(items: int, inputs: int, active: int, units: int) -> float:
    """Return pi, the probability that a unit outside of an item's code has all weights from its inputs.

    Examples
    --------
    >>> f"{imitators(100_000, inputs=1024, active=16, units=2800):.3g}"
    '5.11e-06'
    """
    items, inputs, active, units = _checked(items, inputs, active, units)
    with localcontext() as context:
        context.prec = 60 + active
        missed, total = Decimal(1), Decimal(0)
        for j in range(active + 1):
            total += (-1) ** j * math.comb(active, j) * (1 - (1 - missed) / units) ** max(0, items - 1)
            missed *= Decimal(max(0, inputs - active - j)) / max(1, inputs - j)
        return max(0.0, float(total))


def recall(items: int, inputs: int, active: int, units: int) -> float:
    """Return the expected part of the modules in which an exact cue finds the right unit.

    Examples
    --------
    >>> [round(recall(items, inputs=1024, active=16, units=2800), 3) for items in (10_000, 100_000, 150_000)]
    [1.0, 0.993, 0.73]
    """
    wrong = imitators(items, inputs, active, units)
    return -math.expm1(units * math.log1p(-wrong)) / (units * wrong) if 1e-15 < wrong < 1 else 1.0 if wrong < 1 else 1 / units


def largest_memory(accuracy: float, inputs: int, active: int, units: int) -> int:
    """Return how many items can be stored so that recall is at least as accurate as wanted.

    Parameters
    ----------
    accuracy : float
        Above 1 / units, below 1.
    inputs, active, units : int
        n, s, K.

    Examples
    --------
    >>> sizes = [largest_memory(0.9, inputs=1024, active=16, units=units) for units in (500, 1000, 2000)]
    >>> [round(more / less, 2) for less, more in zip(sizes, sizes[1:])]            # in proportion to K, nearly
    [1.85, 1.85]
    """
    whole("units", units, 2)
    if not 1 / units < real("accuracy", accuracy) < 1:
        raise ValueError(f"accuracy must lie above 1 / units and below 1, got {accuracy}")
    low, high = 1, 2
    while recall(high, inputs, active, units) >= accuracy:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if recall(middle, inputs, active, units) >= accuracy else (low, middle)
    return low


def _checked(items: int, inputs: int, active: int, units: int) -> tuple[int, int, int, int]:
    items, inputs, units = whole("items", items, 0), whole("inputs", inputs, 1), whole("units", units, 1)
    if whole("active", active, 1) > inputs:
        raise ValueError(f"active must be at most inputs = {inputs}, got {active}")
    return items, inputs, active, units
