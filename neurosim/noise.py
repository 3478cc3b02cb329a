r"""Randomness that does not depend on who draws first.

A generator with a hidden position gives different numbers when work is cut into other slices, spread over other threads or resumed.
Here every random word is a pure function,

.. math:: w = f(\mathrm{seed}, \mathrm{tick}, \mathrm{stream}, \mathrm{unit}),

the block cipher Philox4x32-10 [1]_ applied to a counter made of tick, stream and unit under the seed as key. *Stream* tells apart the
purposes a model draws for (order of updates, thermal noise, ...). Replicas get seeds of their own from :func:`spawn`.

References
----------
.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror & D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
   The published test vectors of the authors' Random123 library are a test of this module.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint

SPAWN_STREAM = 2**32 - 1
"""The stream that seeds of replicas are drawn from; models use streams counted from 0."""


def checked_seed(seed: int) -> int:
    """Return a seed as a plain int, or say what is wrong with it.

    Examples
    --------
    >>> checked_seed(7)
    7
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise with_hint(TypeError(f"seed must be an integer, got {seed!r}"), "pass seed=1, or another number, to choose the noise")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must lie in 0 ... 2**64 - 1, got {seed}")
    return int(seed)


def words(seed: int, tick: int, stream: int, n: int) -> npt.NDArray[np.uint32]:
    """Draw the random words of n units at one tick.

    Parameters
    ----------
    seed : int
        0 ... 2**64 - 1.
    tick : int
        0 ... 2**64 - 1.
    stream : int
        0 ... 2**32 - 1.
    n : int
        Number of units.

    Returns
    -------
    ndarray of uint32, shape (n,)
        The first words do not depend on n.

    Examples
    --------
    >>> [hex(word) for word in words(0, 0, 0, 4)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    from neurosim.kernels.noise import fill_words

    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if not 0 <= stream < 2**32:
        raise ValueError(f"stream must lie in 0 ... 2**32 - 1, got {stream}")
    out = np.empty(n, np.uint32)
    fill_words(out, np.uint64(checked_seed(seed)), np.uint64(tick), np.uint64(stream))
    return out


def uniform(seed: int, tick: int, stream: int, n: int) -> npt.NDArray[np.float64]:
    """Draw n numbers, equally spread over the open interval (0, 1): (word + 1/2) / 2**32.

    Parameters are those of :func:`words`.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> uniform(0, 0, 0, 2).round(4).tolist()
    [0.3991, 0.8805]
    """
    return (words(seed, tick, stream, n).astype(np.float64) + 0.5) * 2.0**-32


def spawn(seed: int, n: int) -> npt.NDArray[np.uint64]:
    """Derive the seeds of n replicas; the first ones do not depend on n.

    Parameters
    ----------
    seed : int
        0 ... 2**64 - 1.
    n : int
        Number of replicas.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> bool((spawn(1, 3)[:2] == spawn(1, 2)).all())
    True
    """
    return words(seed, 0, SPAWN_STREAM, 2 * n).view(np.uint64)
