r"""Patterns of :math:`\pm 1`: random, biased, from images, damaged, packed.

A random pattern has independent units with :math:`P(\xi = +1) = (1 + a) / 2`; the bias :math:`a` is the mean activity of
D. J. Amit, H. Gutfreund & H. Sompolinsky, "Information storage in neural networks with low levels of activity", Phys. Rev. A 35,
2293 (1987). :math:`a = 0` gives the unbiased patterns of the classical capacity.

Packed patterns hold a unit in one bit, set for +1, unit 0 in the lowest bit of the first word; unused bits are 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Signs = npt.NDArray[np.int8]
Words = npt.NDArray[np.uint64]


def random_patterns(n_patterns: int, n_units: int, *, rng: np.random.Generator, bias: float = 0.0) -> Signs:
    """Draw random patterns.

    Parameters
    ----------
    n_patterns, n_units : int
        At least 0 and 1.
    rng : numpy.random.Generator
        Source of randomness.
    bias : float
        Mean of a unit, in -1 ... 1.

    Returns
    -------
    ndarray of int8, shape (n_patterns, n_units)
        Values -1 and +1.

    Examples
    --------
    >>> random_patterns(2, 5, rng=np.random.default_rng(0)).shape
    (2, 5)
    """
    if n_patterns < 0:
        raise ValueError(f"n_patterns must be at least 0, got {n_patterns}")
    if n_units < 1:
        raise ValueError(f"n_units must be at least 1, got {n_units}")
    if not -1 <= bias <= 1:
        raise ValueError(f"bias must lie in -1 ... 1, got {bias}")
    if bias == 0:
        n_bytes = -(-n_patterns * n_units // 8)
        bits = np.unpackbits(np.frombuffer(rng.bytes(n_bytes), np.uint8), count=n_patterns * n_units)
        return 2 * bits.view(np.int8).reshape(n_patterns, n_units) - 1
    return np.where(rng.random((n_patterns, n_units), np.float32) < (1 + bias) / 2, 1, -1).astype(np.int8)


def flip(patterns: npt.ArrayLike, fraction: float, *, rng: np.random.Generator) -> Signs:
    """Turn round(fraction * n_units) randomly chosen units of each pattern over.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (..., n_units)
        Left unchanged.
    fraction : float
        In 0 ... 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int8, shape (..., n_units)

    Examples
    --------
    >>> int(flip(np.ones(10), 0.3, rng=np.random.default_rng(0)).sum())
    4
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must lie in 0 ... 1, got {fraction}")
    out = np.array(signs(patterns, "patterns"))
    n_units = out.shape[-1]
    for row in out.reshape(-1, n_units):
        row[rng.choice(n_units, round(fraction * n_units), replace=False)] *= -1
    return out


def binarise(images: npt.ArrayLike, threshold: float = 0.5) -> Signs:
    """Turn grey images into patterns: +1 where a pixel exceeds threshold times the largest value.

    Parameters
    ----------
    images : array_like, shape (n, ...)
        Not negative. For integer images the largest value is that of the type (255 for bytes), for others 1.
    threshold : float
        In 0 ... 1.

    Returns
    -------
    ndarray of int8, shape (n, pixels)

    Examples
    --------
    >>> binarise(np.array([[[0, 200], [130, 20]]], np.uint8)).tolist()
    [[-1, 1, 1, -1]]
    """
    grey = np.asarray(images)
    if grey.ndim < 2:
        raise ValueError(f"images must have shape (n, pixels) or (n, height, width), got {grey.shape}")
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in 0 ... 1, got {threshold}")
    if np.isnan(grey).any():
        raise ValueError("images must be numbers, got NaN")
    largest = np.iinfo(grey.dtype).max if np.issubdtype(grey.dtype, np.integer) else 1.0
    return np.where(grey.reshape(len(grey), -1) > threshold * largest, 1, -1).astype(np.int8)


def signs(values: npt.ArrayLike, name: str) -> Signs:
    """Check that an array holds -1 and +1 alone and return it as int8.

    Parameters
    ----------
    values : array_like
        Any numeric type.
    name : str
        What to call the array in the error.

    Examples
    --------
    >>> signs([1.0, -1.0], "cue").dtype
    dtype('int8')
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be an array of -1 and +1, got type {array.dtype}")
    wrong = (array != 1) & (array != -1)
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        raise ValueError(f"{name} must hold only -1 and +1, got {array[place]} at {list(place)}")
    return np.ascontiguousarray(array, np.int8)


def pack(values: npt.ArrayLike, n_words: int | None = None) -> Words:
    """Pack signs into bits, 64 to a word.

    Parameters
    ----------
    values : array_like of -1 and +1, shape (..., n_units)
        Patterns or states.
    n_words : int, optional
        Words a row, at least ceil(n_units / 64), which is the default; the rest is filled with 0.

    Returns
    -------
    ndarray of uint64, shape (..., n_words)

    Examples
    --------
    >>> pack([1, -1, 1, 1])
    array([13], dtype=uint64)
    """
    return pack_bits(signs(values, "values") > 0, n_words)


def pack_bits(bits: npt.NDArray[np.bool_], n_words: int | None = None) -> Words:
    """Pack truth values, shape (..., n_units), as :func:`pack` does with signs.

    Examples
    --------
    >>> pack_bits(np.array([True, False, True]))
    array([5], dtype=uint64)
    """
    least = -(-bits.shape[-1] // 64)
    if n_words is not None and n_words < least:
        raise ValueError(f"n_words must be at least {least} for {bits.shape[-1]} units, got {n_words}")
    packed = np.zeros((*bits.shape[:-1], 8 * (n_words or least)), np.uint8)
    filled = np.packbits(bits, axis=-1, bitorder="little")
    packed[..., : filled.shape[-1]] = filled
    return packed.view("<u8").astype(np.uint64, copy=False)


def unpack(words: Words, n_units: int) -> Signs:
    """Turn packed bits back into signs.

    Parameters
    ----------
    words : ndarray of uint64, shape (..., n_words)
    n_units : int
        At most 64 * n_words.

    Returns
    -------
    ndarray of int8, shape (..., n_units)

    Examples
    --------
    >>> unpack(pack([1, -1, 1]), 3).tolist()
    [1, -1, 1]
    """
    words = np.ascontiguousarray(words, np.uint64)
    if not 0 <= n_units <= 64 * words.shape[-1]:
        raise ValueError(f"n_units must lie in 0 ... {64 * words.shape[-1]}, got {n_units}")
    bits = np.unpackbits(words.astype("<u8", copy=False).view(np.uint8), axis=-1, count=n_units, bitorder="little")
    return 2 * bits.view(np.int8) - 1
