r"""The projections into a mac of Sparsey: binary weights as bits, or decaying ones, their sums and their learning.

A projection holds one weight for each pair of source and unit. Where weights stay, they are bits, and the sum of a unit counts those of the
active sources. Where they fade, each remembers when it was last set and on which level (:class:`~neurosim.sdr.selection_rules.Permanence`).
Afferents that a critical period has frozen are set no more; of decaying ones those that are worth something then stay for good.

Source: G. J. Rinkus, Front. Comput. Neurosci. 8, 160 (2014). Differs from the paper in: its full text was not read; that frozen weights no
longer fade is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.memory import free_memory
from neurosim.sdr.selection_rules import CriticalPeriod, Permanence

Array = npt.NDArray[Any]


@dataclass
class Afferents:
    """One projection into a mac.

    Attributes
    ----------
    bits : ndarray of uint64, shape (n_sources + 1, n_words)
        Set weights, a row for each source and an empty one, unit i in bit i & 63 of word i >> 6. Empty where weights decay.
    levels : ndarray of uint8, shape (n_sources, n_units)
        Decaying weights: 0 never set, 1 ... the level, 255 permanent. Empty where they do not decay.
    set_at : ndarray of int32, shape (n_sources, n_units)
        Tick at which they were last set.
    n_set : ndarray of int32, shape (n_units,)
        Weights set; of decaying ones those that were worth something when a critical period last looked.
    frozen : ndarray of bool, shape (n_units,)
        Whose afferents learn no more.

    Examples
    --------
    >>> no_weights(4, 6, decays=False).bits.shape, no_weights(4, 6, decays=True).levels.shape
    ((5, 8), (4, 6))
    """

    bits: Array
    levels: Array
    set_at: Array
    n_set: Array
    frozen: Array


@dataclass(frozen=True)
class Channel:
    """The active sources of one projection.

    Attributes
    ----------
    afferents : Afferents
    sources : ndarray of int32, shape (n,)
    strengths : ndarray of float64, shape (n,), or None
        None where all are 1.
    full : float
        The sum that counts as complete support.
    exponent : float
        With which the part enters support.
    within : int
        Sources below this are units of the mac itself.
    possible : int
        Weights that a unit may have.

    Examples
    --------
    >>> Channel(no_weights(4, 6, decays=False), np.array([0, 2], np.int32), None, 2.0, 1.0, 0, 4).full
    2.0
    """

    afferents: Afferents
    sources: npt.NDArray[np.int32]
    strengths: Array | None
    full: float
    exponent: float
    within: int
    possible: int


def no_weights(n_sources: int, n_units: int, *, decays: bool) -> Afferents:
    """Return a projection that has learnt nothing.

    Examples
    --------
    >>> no_weights(0, 6, decays=False).n_set.size
    0
    """
    from neurosim.kernels._rows import empty_bits

    units = n_units if n_sources else 0
    bits = np.zeros((0, 0), np.uint64) if decays or not n_sources else empty_bits(n_sources, units)
    bits.fill(0)  # pages are taken here, not while the first items are stored
    shape = (n_sources, units) if decays else (0, 0)
    return Afferents(bits, np.zeros(shape, np.uint8), np.zeros(shape, np.int32), np.zeros(units, np.int32), np.zeros(units, bool))


def check_memory(n_sources: int, n_units: int, *, decays: bool) -> None:
    """Refuse projections that would not fit.

    Examples
    --------
    >>> check_memory(100, 100, decays=True)
    """
    from neurosim.kernels._rows import words_of

    needed, free = n_sources * (5 * n_units if decays else 8 * words_of(n_units)), free_memory()
    if needed > free:
        got = f"{n_sources:,} sources of {n_units:,} units take {needed / 2**30:,.3g} GiB, {free / 2**30:,.3g} GiB are free"
        hint = "take fewer modules, units or inputs" + ("; weights that stay are 40 times smaller than decaying ones" if decays else "")
        raise with_hint(MemoryError(f"the weights would not fit: {got}"), hint)


def sums(channel: Channel, n_units: int, permanence: Permanence | None, tick: int) -> npt.NDArray[np.float64]:
    """Return the sum of strength times weight over the active sources, for each unit.

    Examples
    --------
    >>> into = no_weights(4, 6, decays=False)
    >>> channel = Channel(into, np.array([0, 2], np.int32), None, 2.0, 1.0, 0, 4)
    >>> learn(channel, np.array([1, 0], np.int32), 3, None, None, 0)
    >>> sums(channel, 6, None, 0).tolist()
    [0.0, 2.0, 0.0, 2.0, 0.0, 0.0]
    """
    from neurosim.kernels.code_selection import sum_bits, sum_decaying, sum_rows_of

    into, sources = channel.afferents, read_only(channel.sources)
    out = np.empty(n_units)
    strengths = np.ones(sources.size) if channel.strengths is None else channel.strengths
    if permanence is not None:
        sum_decaying(into.levels, into.set_at, sources, strengths, tick, *_decay(permanence), out)
    elif channel.strengths is not None:
        sum_bits(into.bits, sources, strengths, out)
    else:
        sum_rows_of(into.bits, padded(sources), sources.size, out)
    return out


def learn(
    channel: Channel, winners: npt.NDArray[np.int32], width: int, permanence: Permanence | None, period: CriticalPeriod | None, tick: int
) -> None:
    """Set the weights from active sources to winners, one in each module of `width` units, and freeze what is saturated.

    Examples
    --------
    See :func:`sums`.
    """
    from neurosim.kernels.code_selection import freeze, make_permanent, set_bits, set_decaying

    into = channel.afferents
    at = read_only(channel.sources), channel.within, width, winners
    if permanence is None:
        set_bits(into.bits, *at, into.n_set, into.frozen)
    else:
        set_decaying(into.levels, into.set_at, *at, into.frozen, tick, *_decay(permanence))
    if period is not None:
        into.n_set[:] = alive(into, permanence, tick)
        freeze(into.n_set, period.fraction * channel.possible, period.whole, into.frozen)
        if permanence is not None:
            make_permanent(into.levels, into.set_at, tick, *_decay(permanence), into.frozen)


def alive(into: Afferents, permanence: Permanence | None, tick: int) -> npt.NDArray[np.int32]:
    """Return how many weights of each unit are set, and worth something.

    Examples
    --------
    >>> alive(no_weights(4, 6, decays=True), Permanence(10), tick=3).tolist()
    [0, 0, 0, 0, 0, 0]
    """
    from neurosim.kernels.code_selection import count_alive

    if permanence is None:
        return into.n_set
    n_set = np.empty_like(into.n_set)
    count_alive(into.levels, into.set_at, tick, *_decay(permanence), n_set)
    return n_set


def padded(sources: npt.NDArray[np.int32]) -> npt.NDArray[np.uint32]:
    """Return sources as kernels read them: filled up to a power of two.

    Examples
    --------
    >>> padded(np.array([3, 5, 9], np.int32)).tolist()
    [3, 5, 9, 0]
    """
    rows = np.zeros(1 << max(0, sources.size - 1).bit_length(), np.uint32)
    rows[: sources.size] = sources
    return rows


def read_only(array: Array) -> Array:
    """Return a view that cannot be written through, so that kernels are compiled for one kind of array.

    Examples
    --------
    >>> read_only(np.arange(3)).flags.writeable
    False
    """
    view = array.view()
    view.setflags(write=False)
    return view


def _decay(permanence: Permanence) -> tuple[npt.NDArray[np.float64], float]:
    return permanence.lifetimes, float(permanence.convexity)
