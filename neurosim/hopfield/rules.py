r"""Learning rules: from patterns to couplings, held as a matrix.

:math:`K` patterns :math:`\xi^\mu` of :math:`N` units :math:`\pm 1`. Every rule returns a :class:`~neurosim.hopfield.matrix.CouplingMatrix`
that keeps the patterns for overlaps; all are scaled alike, so that a lone pattern gives :math:`J_{ij} = \xi_i \xi_j / N`.

**Hebb.** :math:`J = \frac1N \sum_\mu \xi^\mu \xi^{\mu T}`. Kept exactly.

**Pseudo-inverse** (projection). :math:`J = \Xi^+ \Xi`, :math:`\Xi` the :math:`K \times N` matrix of patterns: the projection on the space
they span, so :math:`J \xi^\mu = \xi^\mu` and all of them are fixed points, whatever their overlaps, if they are linearly independent.

**Storkey, first order.** Pattern after pattern, and local: the change of a coupling needs the fields at its two ends alone,

.. math:: \Delta J_{ij} = \frac1N \left(\xi_i \xi_j - \xi_i h_{ji} - h_{ij} \xi_j\right), \qquad h_{ij} = \sum_{k \ne i, j} J_{ik} \xi_k .

**Storkey, second order.** With the full field :math:`h = J \xi`,

.. math:: \Delta J = \frac1N \left(\xi \xi^T - 1 - h \xi^T - \xi h^T + h h^T\right) = \frac1N \left((\xi - h) (\xi - h)^T - 1\right):

a step towards the projection, whose exact form would divide by :math:`\xi \cdot (\xi - h)` in place of :math:`N` and leave the 1 out. The
order of the patterns matters for both.

**Self-coupling.** A rule learns with the diagonal that it has; without self-coupling the diagonal is set to 0 after learning. (For Hebb and
Storkey's first order that makes no difference to the other couplings.)

Sources: D. O. Hebb, *The Organization of Behavior* (1949); L. Personnaz, I. Guyon & G. Dreyfus, J. Physique Lett. 46, L359 (1985);
I. Kanter & H. Sompolinsky, Phys. Rev. A 35, 380 (1987); A. J. Storkey, ICANN '97, LNCS 1327, 451 (1997); A. J. Storkey & R. Valabregue,
Neural Networks 12, 869 (1999). The first order is stated as it is commonly quoted; the second is that of the program of P. Tolmachev &
J. H. Manton, arXiv:2010.01472 (2020), which attributes it to Storkey (1999). Differs from the papers in: couplings are rounded, to about
:math:`2^{-30}` of the largest one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import with_hint
from neurosim.hopfield.matrix import CouplingMatrix, largest_bits, refuse_too_large
from neurosim.hopfield.packed import PackedPatterns
from neurosim.hopfield.patterns import Signs, signs, unpack

Array = npt.NDArray[np.float64]

_INDEPENDENT = 1e-9
"""A pattern counts as dependent on others where its distance from the space they span is less than this part of its length."""
_TOGETHER = 64
"""Patterns that are learned between two changes of the matrix; results do not depend on it but for rounding."""


def hebb(patterns: npt.ArrayLike | PackedPatterns, self_coupling: bool = False) -> CouplingMatrix:
    """Learn with Hebb's rule, J = (1 / N) sum xi xi.

    :class:`DenseHopfield` stores patterns this way without a matrix, given the patterns themselves.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n_units), or PackedPatterns
    self_coupling : bool
        Keep the diagonal, J_ii = K / N.

    Returns
    -------
    CouplingMatrix
        Exact: couplings are whole multiples of 1 / N.

    Raises
    ------
    MemoryError
        If there is no room: learning takes 4 N**2 + 4 K N bytes, the matrix 4 N**2.

    Examples
    --------
    >>> (3 * hebb([[1, 1, -1], [1, -1, -1]]).couplings).tolist()
    [[0.0, 0.0, -2.0], [0.0, 0.0, 0.0], [-2.0, 0.0, 0.0]]
    """
    xi = _patterns(patterns)
    n_units = xi.shape[1]
    _refuse_too_large(xi, 4, 4)
    columns = np.empty((n_units, n_units), np.int32)
    single = xi.astype(np.float32)  # sums of signs are exact below 2**24
    for first in range(0, n_units, 1024):
        columns[first : first + 1024] = single[:, first : first + 1024].T @ single
    if not self_coupling:
        np.fill_diagonal(columns, 0)
    return CouplingMatrix.of_whole_numbers(columns, 1 / n_units, patterns)


def pseudo_inverse(patterns: npt.ArrayLike | PackedPatterns, self_coupling: bool = False) -> CouplingMatrix:
    """Learn with the pseudo-inverse: J projects on the space that the patterns span.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n_units), or PackedPatterns
        Linearly independent.
    self_coupling : bool
        Keep the diagonal, whose mean is K / N. It shrinks the basins of attraction.

    Returns
    -------
    CouplingMatrix
        Couplings are whole multiples of 2**-29.

    Raises
    ------
    ValueError
        If patterns are linearly dependent; the message says which.
    MemoryError
        If there is no room: learning takes 20 N**2 + 16 K N bytes, the matrix 4 N**2.

    Examples
    --------
    >>> J = pseudo_inverse([[1, 1, -1, 1], [1, -1, -1, 1]], self_coupling=True).couplings
    >>> np.allclose(J @ J, J), np.allclose(J @ [1, 1, -1, 1], [1, 1, -1, 1])
    (True, True)
    """
    xi = _patterns(patterns)
    n_units = xi.shape[1]
    _refuse_too_large(xi[:n_units], 20, 16)
    basis, triangle = np.linalg.qr(xi[: n_units + 1].T.astype(float))
    _refuse_dependent(triangle, len(xi), n_units)
    projection = basis @ basis.T
    return _matrix(projection, patterns, self_coupling, 2.0 ** (1 - largest_bits(n_units)))


def storkey(patterns: npt.ArrayLike | PackedPatterns, self_coupling: bool = False) -> CouplingMatrix:
    """Learn with Storkey's rule of first order (1997), which is local and incremental.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n_units), or PackedPatterns
        Learned in this order, each once.
    self_coupling : bool
        Keep the diagonal that the rule gives.

    Returns
    -------
    CouplingMatrix

    Raises
    ------
    MemoryError
        If there is no room: learning takes 20 N**2 + 8 K N bytes, the matrix 4 N**2.

    Examples
    --------
    One pattern is stored as Hebb's rule does it:

    >>> (3 * storkey([[1, 1, -1]]).couplings).tolist()
    [[0.0, 1.0, -1.0], [1.0, 0.0, -1.0], [-1.0, -1.0, 0.0]]
    """
    return _learned(patterns, self_coupling, _first_order)


def storkey_second_order(patterns: npt.ArrayLike | PackedPatterns, self_coupling: bool = False) -> CouplingMatrix:
    """Learn with Storkey's rule of second order, which is incremental and comes nearer to the pseudo-inverse.

    Parameters
    ----------
    patterns : array_like of -1 and +1, shape (n_patterns, n_units), or PackedPatterns
        Learned in this order, each once.
    self_coupling : bool
        Keep the diagonal that the rule gives. It is part of the fields during learning in either case.

    Returns
    -------
    CouplingMatrix

    Raises
    ------
    MemoryError
        If there is no room: learning takes 20 N**2 + 8 K N bytes, the matrix 4 N**2.

    Examples
    --------
    >>> patterns = np.array([[1, 1, -1, 1], [1, -1, -1, 1]])
    >>> J = storkey_second_order(patterns, self_coupling=True).couplings
    >>> np.diag(J).tolist()
    [-0.109375, 0.515625, -0.109375, -0.109375]
    """
    return _learned(patterns, self_coupling, _second_order)


def _patterns(patterns: npt.ArrayLike | PackedPatterns) -> Signs:
    """Return patterns as -1 and +1, shape (n_patterns, n_units), or say what is wrong with them."""
    if isinstance(patterns, PackedPatterns):
        refuse_too_large(patterns.n_units, 4)
        return unpack(patterns.words, patterns.n_units)
    array = signs(patterns, "patterns")
    if array.ndim != 2 or array.shape[1] < 1:
        raise ValueError(f"patterns must have shape (n_patterns, n_units), got {array.shape}")
    return array


def _refuse_too_large(xi: Signs, for_couplings: int, for_patterns: int) -> None:
    """Raise an error if learning would not fit that takes so many bytes for each coupling and for each unit of each pattern."""
    n_patterns, n_units = xi.shape
    refuse_too_large(n_units, for_couplings - (-for_patterns * n_patterns // n_units))


def _matrix(couplings: Array, patterns: Any, self_coupling: bool, unit: float | None = None) -> CouplingMatrix:
    if not self_coupling:
        np.fill_diagonal(couplings, 0)
    return CouplingMatrix(couplings, patterns, unit=unit)


def _learned(patterns: npt.ArrayLike | PackedPatterns, self_coupling: bool, rule: Callable[[Array], Array]) -> CouplingMatrix:
    """Check patterns and room, apply a rule that works in floating-point numbers."""
    xi = _patterns(patterns)
    _refuse_too_large(xi, 20, 8)
    return _matrix(rule(xi.astype(float)), patterns, self_coupling)


def _portions(xi: Array) -> Iterator[Array]:
    return (xi[first : first + _TOGETHER] for first in range(0, len(xi), _TOGETHER))


def _second_order(xi: Array) -> Array:
    r"""Apply Storkey's second order with its diagonal.

    Between changes of the matrix J, the fields of the m-th next pattern are those of J corrected for the patterns learned since: with
    u = xi - h, J_m = J + (1 / N) (sum_{l < m} u_l u_l^T - m).
    """
    n_units = xi.shape[1]
    couplings = np.zeros((n_units, n_units))
    for portion in _portions(xi):
        errors = portion - portion @ couplings
        for m in range(len(portion)):
            earlier = errors[:m]
            errors[m] -= ((earlier @ portion[m]) @ earlier - m * portion[m]) / n_units
        scaled = errors / np.sqrt(n_units)
        couplings += scaled.T @ scaled
        couplings[np.diag_indices(n_units)] -= len(portion) / n_units
    return couplings


def _first_order(xi: Array) -> Array:
    """Apply Storkey's first order with its diagonal.

    With g_i = sum_{k != i} J_ik xi_k the rule is h_ij = g_i - J_ij xi_j for i != j. Off the diagonal it is therefore
    J' = (1 + 2 / N) J + (1 / N) (xi xi^T - xi g^T - g xi^T) = (1 + 2 / N) J + (1 / N) (u u^T - g g^T) with u = xi - g, and on the diagonal
    J'_ii = J_ii + (1 / N) (1 - 2 xi_i g_i). Within a portion, `waste` is what the first form leaves on the diagonal; g goes without it.
    """
    n_units = xi.shape[1]
    growth = 1 + 2 / n_units
    couplings, diagonal = np.zeros((n_units, n_units)), np.zeros(n_units)
    for portion in _portions(xi):
        fields, waste = portion @ couplings, np.zeros(n_units)
        weights = growth ** np.arange(len(portion))[::-1] / n_units
        for m, pattern in enumerate(portion):
            learned, known, since = portion[:m], fields[:m], weights[len(portion) - m :]
            agreement, echo = since * (learned @ pattern), since * (known @ pattern)
            correction = (agreement - echo) @ learned - agreement @ known
            fields[m] = growth**m * fields[m] + correction - waste * pattern
            change = (1 - 2 * pattern * fields[m]) / n_units
            waste = growth * waste + change
            diagonal += change
        wanted, known = (np.sqrt(weights)[:, None] * part for part in (portion - fields, fields))
        couplings *= growth ** len(portion)
        couplings += wanted.T @ wanted
        couplings -= known.T @ known
        np.fill_diagonal(couplings, 0)
    couplings[np.diag_indices(n_units)] = diagonal
    return couplings


def _refuse_dependent(triangle: Array, n_patterns: int, n_units: int) -> None:
    """Raise an error that names the first pattern that is a combination of earlier ones, given R of Q R = patterns in their order."""
    distances = np.abs(np.diagonal(triangle))
    small = np.flatnonzero(distances <= _INDEPENDENT * np.sqrt(n_units))
    if not len(small) and n_patterns <= n_units:
        return
    first = int(small[0]) if len(small) else n_units
    factors: Array = np.linalg.solve(triangle[:first, :first], triangle[:first, first]).astype(float, copy=False)
    parts = np.flatnonzero(np.abs(factors) > 1e-6).tolist()
    error = ValueError(
        f"patterns must be linearly independent, got pattern {first} equal to {_combination(factors, parts)} (counted from 0)"
    )
    more = f"; {n_patterns} patterns of {n_units} units cannot all be independent" if n_patterns > n_units else ""
    raise with_hint(error, f"leave pattern {first} out; as a combination of the others it is stored all the same{more}")


def _combination(factors: Array, parts: list[int]) -> str:
    """Put in words which patterns a pattern is a combination of."""
    if len(parts) == 1:
        return f"{'' if factors[parts[0]] > 0 else 'the negative of '}pattern {parts[0]}"
    listed = ", ".join(str(part) for part in parts[:10])
    return f"a combination of {len(parts)} patterns: {listed}{', ...' if len(parts) > 10 else ''}"
