r"""Sparse binary codes: which few of many units are active, as sorted indices and as packed bits behind one type.

A code of size :math:`n` has :math:`w` active units, :math:`w \ll n`; its *sparsity* is :math:`w / n`. Two codes are compared by their
*overlap*, the number of active units they share. Two random codes overlap by :math:`w_1 w_2 / n` on average, and the probability of a large
overlap by chance falls so fast that a few dozen units tell astronomically many codes apart (:mod:`neurosim.sdr.theory`).

:class:`Code` is one code, :class:`Codes` a table of many. Both are frozen. Lists of indices cost 4 bytes per active unit; bits cost
:math:`n / 8` bytes and are made when they are first asked for. The functions below take either form; kernels choose what is quicker.

Source: S. Ahmad & J. Hawkins, "Properties of sparse distributed representations and their application to hierarchical temporal memory",
arXiv:1503.07469 (2015). Differs from the paper in: codes may differ in the number of active units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.sdr._indices import Indices, checked_indices, checked_size, refuse_range, words_of


class Code:
    """One sparse binary code.

    Parameters
    ----------
    indices : array_like of int, shape (active,)
        The active units, rising, none twice, in 0 ... size - 1. May be empty.
    size : int
        Number of units, at least 1.

    Attributes
    ----------
    indices : ndarray of int32, shape (active,)
        Read-only.
    size : int
    bits : ndarray of uint64, shape (ceil(size / 64),)
        The same, packed: unit 0 is the lowest bit of the first word. Read-only.

    Raises
    ------
    ValueError
        If an index is out of range, repeated or out of order.

    Examples
    --------
    >>> code = Code([2, 3, 7], 10)
    >>> len(code), code.sparsity, 7 in code
    (3, 0.3, True)
    >>> code & Code([3, 4], 10)
    Code([3], 10)
    >>> Code.from_dense(code.dense()) == code
    True
    """

    __slots__ = ("__dict__", "indices", "size")

    def __init__(self, indices: npt.ArrayLike, size: int) -> None:
        size = checked_size("size", size)
        _fill(self, checked_indices("indices", indices, size).copy(), size)

    @classmethod
    def from_dense(cls, mask: npt.ArrayLike) -> Code:
        """Return the code whose active units are the true entries of a mask, shape (size,)."""
        mask = np.asarray(mask)
        if mask.ndim != 1 or mask.size == 0 or mask.dtype != bool:
            raise ValueError(f"mask must be a row of truth values, got {mask.dtype} of shape {mask.shape}")
        return trusted(np.flatnonzero(mask).astype(np.int32), mask.size)

    @classmethod
    def from_bits(cls, words: npt.ArrayLike, size: int) -> Code:
        """Return the code whose active units are the set bits of ceil(size / 64) words."""
        size, words = checked_size("size", size), np.asarray(words)
        if words.dtype != np.uint64 or words.shape != (words_of(size),):
            raise ValueError(f"words must be {words_of(size)} of type uint64, got {words.dtype} of shape {words.shape}")
        mask = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")
        if mask[size:].any():
            raise ValueError(f"words must have no bit set beyond size = {size}, bit {size + int(mask[size:].argmax())} is")
        return trusted(np.flatnonzero(mask).astype(np.int32), size)

    @property
    def sparsity(self) -> float:
        """Share of the units that are active."""
        return len(self.indices) / self.size

    @cached_property
    def bits(self) -> npt.NDArray[np.uint64]:
        """The code as packed words."""
        octets = np.zeros(8 * words_of(self.size), np.uint8)
        np.bitwise_or.at(octets, self.indices >> 3, np.left_shift(1, self.indices & 7).astype(np.uint8))
        return _frozen(octets.view("<u8").astype(np.uint64, copy=False))

    def dense(self) -> npt.NDArray[np.bool_]:
        """Return a mask, shape (size,): true for active units."""
        mask = np.zeros(self.size, bool)
        mask[self.indices] = True
        return mask

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Code is frozen, {name} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return Code, (self.indices, self.size)

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices.tolist())

    def __contains__(self, unit: object) -> bool:
        place = int(np.searchsorted(self.indices, unit))  # pyright: ignore[reportCallIssue, reportArgumentType]
        return place < len(self.indices) and bool(self.indices[place] == unit)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and self.size == other.size and np.array_equal(self.indices, other.indices)

    def __hash__(self) -> int:
        return hash((self.size, self.indices.tobytes()))

    def __or__(self, other: Code) -> Code:
        return trusted(np.union1d(self.indices, indices_of("other", other, self.size)), self.size)

    def __and__(self, other: Code) -> Code:
        return trusted(np.intersect1d(self.indices, indices_of("other", other, self.size), assume_unique=True), self.size)

    def __sub__(self, other: Code) -> Code:
        return trusted(np.setdiff1d(self.indices, indices_of("other", other, self.size), assume_unique=True), self.size)

    def __repr__(self) -> str:
        return f"Code({np.array2string(self.indices, separator=', ', threshold=12)}, {self.size})"


class Codes(Sequence[Code]):
    """A table of codes of one size.

    Parameters
    ----------
    codes : iterable of Code
        At least one, all of one size; the numbers of active units may differ.

    Attributes
    ----------
    size : int
    starts : ndarray of int64, shape (n + 1,)
        The active units of code c are ``indices[starts[c]:starts[c + 1]]``.
    indices : ndarray of int32
    bits : ndarray of uint64, shape (n, ceil(size / 64))
        The same, packed.

    Examples
    --------
    >>> table = Codes([Code([0, 1], 8), Code([1, 2, 3], 8)])
    >>> table.overlaps(table)
    array([[2, 1], [1, 3]], dtype=int32)
    >>> table.overlaps(Code([2, 3], 8)), table[1]
    (array([0, 2], dtype=int32), Code([1, 2, 3], 8))
    """

    def __init__(self, codes: Sequence[Code] | Iterator[Code]) -> None:
        codes = list(codes)
        if not codes:
            raise ValueError("codes must hold at least one Code, got none")
        lists = [indices_of(f"codes[{c}]", code, codes[0].size) for c, code in enumerate(codes)]
        self._fill(np.cumsum([0, *map(len, lists)]), np.concatenate(lists), codes[0].size)

    @classmethod
    def from_lists(cls, starts: npt.ArrayLike, indices: npt.ArrayLike, size: int) -> Codes:
        """Return the table whose code c is ``indices[starts[c]:starts[c + 1]]``, each rising and without repeats."""
        starts, units, size = np.asarray(starts, np.int64), np.asarray(indices), checked_size("size", size)
        if starts.ndim != 1 or starts.size < 2 or starts[0] != 0 or starts[-1] != units.size or (np.diff(starts) < 0).any():
            raise ValueError(f"starts must rise from 0 to the number of indices, {units.size}, got {starts}")
        inside = np.ones(units.size, bool)
        inside[starts[:-1][np.diff(starts) > 0]] = False
        refuse_range("indices", units, size)
        if (wrong := inside[1:] & (np.diff(units) <= 0)).any():
            code = int(np.searchsorted(starts, np.flatnonzero(wrong)[0], side="right")) - 1
            raise ValueError(f"indices of each code must rise, those of code {code} do not")
        return _table(starts, units.astype(np.int32), size)

    def _fill(self, starts: npt.NDArray[np.int64], indices: Indices, size: int) -> None:
        self.size, self.starts, self.indices = size, _frozen(starts.astype(np.int64, copy=False)), _frozen(indices)

    @cached_property
    def bits(self) -> npt.NDArray[np.uint64]:
        """The codes as packed words."""
        from neurosim.kernels.codes import pack_codes

        bits = np.zeros((len(self), words_of(self.size)), np.uint64)
        pack_codes(self.starts, self.indices, bits)
        return _frozen(bits)

    def overlaps(self, other: Code | Codes) -> npt.NDArray[np.int32]:
        """Return the number of units that each code shares with another one, (n,), or with each of another table, (n, m)."""
        from neurosim.kernels.codes import overlaps_of_bits, overlaps_of_lists

        if not isinstance(other, Code | Codes):
            raise TypeError(f"other must be a Code or Codes, got {type(other).__name__}")
        if other.size != self.size:
            raise ValueError(f"other must have size {self.size}, got {other.size}")
        theirs = np.atleast_2d(other.bits)
        out = np.empty((len(self), len(theirs)), np.int32)
        if self.indices.size < len(self) * words_of(self.size):
            overlaps_of_lists(self.starts, self.indices, theirs, out)
        else:
            overlaps_of_bits(self.bits, theirs, out)
        return out[:, 0] if isinstance(other, Code) else out

    @overload
    def __getitem__(self, index: int) -> Code: ...
    @overload
    def __getitem__(self, index: slice) -> Codes: ...
    def __getitem__(self, index: int | slice) -> Code | Codes:
        if isinstance(index, slice):
            first, stop, step = index.indices(len(self))
            if step != 1 or stop <= first:
                return Codes([self[c] for c in range(first, stop, step)])
            begin, end = self.starts[first], self.starts[stop]
            return _table(self.starts[first : stop + 1] - begin, self.indices[begin:end], self.size)
        if not -len(self) <= index < len(self):
            raise IndexError(f"code {index} of {len(self)}")
        first, last = self.starts[index % len(self) : index % len(self) + 2]
        return trusted(self.indices[first:last], self.size)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Codes) and self.size == other.size and np.array_equal(self.starts, other.starts)
        return same and np.array_equal(self.indices, other.indices)  # pyright: ignore[reportAttributeAccessIssue]

    def __hash__(self) -> int:
        return hash((self.size, self.starts.tobytes(), self.indices.tobytes()))

    def __repr__(self) -> str:
        return f"<{len(self)} codes of {self.size} units, {np.diff(self.starts).mean():g} active>"


# --- draw and change ----------------------------------------------------------------------------------------------------------


def random_codes(n: int, size: int, active: int, *, rng: np.random.Generator) -> Codes:
    """Draw codes; every set of that many units is as likely as any other.

    Parameters
    ----------
    n : int
        Number of codes, at least 1.
    size, active : int
        Units, and how many of them are active: at least 1 and fewer than `size`.
    rng : numpy.random.Generator

    Returns
    -------
    Codes

    Raises
    ------
    ValueError
        If no unit is active, or all are: such codes carry nothing.

    Examples
    --------
    >>> random_codes(3, 2048, 40, rng=np.random.default_rng(0))
    <3 codes of 2048 units, 40 active>
    """
    from neurosim.kernels.codes import draw_codes

    n, size, active = whole("n", n, 1), checked_size("size", size), whole("active", active, 1)
    if active >= size:
        raise ValueError(f"active must be below size = {size}, got {active}")
    indices = np.empty((n, active), np.int32)
    draw_codes(indices, np.empty(words_of(size), np.uint64), size, rng.integers(2**64, dtype=np.uint64))
    return _table(np.arange(n + 1) * active, indices.reshape(-1), size)


def random_code(size: int, active: int, *, rng: np.random.Generator) -> Code:
    """Draw one code; see :func:`random_codes`.

    Examples
    --------
    >>> len(random_code(2048, 40, rng=np.random.default_rng(0)))
    40
    """
    return random_codes(1, size, active, rng=rng)[0]


def corrupt(code: Code, fraction: float, *, rng: np.random.Generator) -> Code:
    """Move round(fraction * active) randomly chosen active units to places that were silent.

    Parameters
    ----------
    code : Code
    fraction : float
        In 0 ... 1.
    rng : numpy.random.Generator

    Returns
    -------
    Code
        As many active units as before.

    Raises
    ------
    ValueError
        If there are fewer silent units than should move.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> code = random_code(2048, 40, rng=rng)
    >>> overlap(code, corrupt(code, 0.25, rng=rng))
    30
    """
    moved = _share("fraction", fraction, len(code))
    if moved > code.size - len(code):
        raise ValueError(f"fraction must leave room: {moved} units would move to {code.size - len(code)} silent ones")
    ranks = rng.choice(code.size - len(code), moved, replace=False)
    silent = ranks + np.searchsorted(code.indices - np.arange(len(code)), ranks, side="right")
    kept = rng.choice(code.indices, len(code) - moved, replace=False)
    return trusted(np.sort(np.concatenate([kept, silent.astype(np.int32)])), code.size)


def silence(code: Code, fraction: float, *, rng: np.random.Generator) -> Code:
    """Silence round(fraction * active) randomly chosen active units.

    Examples
    --------
    >>> len(silence(Code(range(40), 2048), 0.25, rng=np.random.default_rng(0)))
    30
    """
    return subsample(code, len(code) - _share("fraction", fraction, len(code)), rng=rng)


def subsample(code: Code, active: int, *, rng: np.random.Generator) -> Code:
    """Keep `active` randomly chosen active units, as a dendritic segment does with the pattern that it learns.

    Raises
    ------
    ValueError
        If the code has fewer.

    Examples
    --------
    >>> len(subsample(Code(range(40), 2048), 20, rng=np.random.default_rng(0)))
    20
    """
    active = whole("active", active, 0)
    if active > len(code):
        raise ValueError(f"active must be at most the {len(code)} active units of the code, got {active}")
    return trusted(np.sort(rng.choice(code.indices, active, replace=False)), code.size)


def union(codes: Sequence[Code] | Codes) -> Code:
    """Return the code of all units that are active in at least one of the codes.

    Raises
    ------
    ValueError
        If there is no code.

    Examples
    --------
    >>> union([Code([1, 2], 9), Code([2, 5], 9)])
    Code([1, 2, 5], 9)
    """
    if not len(codes):
        raise ValueError("codes must hold at least one Code, got none")
    table = codes if isinstance(codes, Codes) else Codes(codes)
    return trusted(np.unique(table.indices), table.size)


def overlap(a: Code, b: Code) -> int:
    """Return how many active units two codes share.

    Examples
    --------
    >>> overlap(Code([1, 2, 3], 9), Code([2, 3, 4], 9))
    2
    """
    return len(a & b)


# --- checks -------------------------------------------------------------------------------------------------------------------


def indices_of(name: str, code: Code | npt.ArrayLike, size: int) -> Indices:
    """Return the active units of an argument that is a code, or an array of rising indices.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or of another size; the message begins with `name`.

    Examples
    --------
    >>> indices_of("inputs", [1, 4], 5)
    array([1, 4], dtype=int32)
    >>> indices_of("inputs", Code([2], 5), 6)
    Traceback (most recent call last):
    ...
    ValueError: inputs must have size 6, got a Code of size 5
    """
    if isinstance(code, Code):
        if code.size != size:
            raise ValueError(f"{name} must have size {size}, got a Code of size {code.size}")
        return code.indices
    return checked_indices(name, code, size)


def _share(name: str, fraction: float, n: int) -> int:
    if not 0 <= fraction <= 1:
        raise ValueError(f"{name} must lie in 0 ... 1, got {fraction}")
    return round(fraction * n)


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.setflags(write=False)
    return array


def _fill(code: Code, indices: Indices, size: int) -> Code:
    object.__setattr__(code, "indices", _frozen(indices))
    object.__setattr__(code, "size", size)
    return code


def trusted(indices: Indices, size: int) -> Code:
    """Return a code of indices that are known to rise and to be in range; they are frozen, not copied.

    Examples
    --------
    >>> trusted(np.array([1, 4], np.int32), 5)
    Code([1, 4], 5)
    """
    return _fill(object.__new__(Code), indices, size)


def _table(starts: npt.NDArray[np.int64], indices: Indices, size: int) -> Codes:
    table = object.__new__(Codes)
    table._fill(starts, indices, size)
    return table
