"""The ways to make synapses: drawn at random, regular, or given one by one. The laws are those of :mod:`neurosim.connectivity`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.connectivity.synapses import Synapses
from neurosim.connectivity.units import (
    Offsets,
    Positions,
    check_range,
    counts,
    first_step_below,
    population,
    position_type,
    refuse_too_large,
    stable_order,
    starts,
    unit_type,
    whole_numbers,
)
from neurosim.errors import with_hint

BLOCK = 1 << 20
"""Synapses drawn at a time."""


def bernoulli(n_sources: int, n_targets: int, probability: float, *, rng: np.random.Generator, self_connections: bool = True) -> Synapses:
    """Connect each pair of a source and a target with one probability, independently.

    Parameters
    ----------
    n_sources, n_targets : int
        At least 1.
    probability : float
        In 0 ... 1.
    rng : numpy.random.Generator
        Source of randomness; one 64-bit seed is drawn from it.
    self_connections : bool
        If False, source i never connects to target i: for a population onto itself, n_sources = n_targets.

    Examples
    --------
    >>> synapses = bernoulli(1000, 1000, 0.1, rng=np.random.default_rng(1), self_connections=False)
    >>> round(synapses.density, 3), synapses.has_multapses
    (0.1, False)
    """
    from neurosim.kernels.connectivity import bernoulli_rows

    shape = _shape(n_sources, n_targets, self_connections)
    probability, seed, n_candidates = _probability(probability), _seed(rng), shape[1] - (not self_connections)
    if probability == 1:
        return all_to_all(*shape, self_connections=self_connections)
    refuse_too_large(shape, round(shape[0] * n_candidates * probability))
    offsets, targets = np.zeros(shape[0] + 1, np.int64), np.empty(0, unit_type(shape[1]))
    if probability > 0:
        row_law = n_candidates, not self_connections, math.log1p(-probability), seed
        bernoulli_rows(offsets, targets, False, *row_law)
        np.cumsum(offsets, out=offsets)
        targets = np.empty(offsets[-1], targets.dtype)
        bernoulli_rows(offsets, targets, True, *row_law)
    return Synapses(offsets, targets, shape[1])


def fixed_in_degree(
    n_sources: int, n_targets: int, in_degree: int, *, rng: np.random.Generator, multapses: bool = False, self_connections: bool = True
) -> Synapses:
    """Give each target the same number of synapses, from sources drawn at random.

    Parameters
    ----------
    n_sources, n_targets : int
        At least 1.
    in_degree : int
        Without multapses at most the number of sources that a target may have.
    rng : numpy.random.Generator
        Source of randomness; one 64-bit seed is drawn from it.
    multapses : bool
        If True, sources are drawn independently, and one may be drawn again. If False, all sets of sources are equally likely.
    self_connections : bool
        As for :func:`bernoulli`.

    Examples
    --------
    >>> synapses = fixed_in_degree(400, 1000, 80, rng=np.random.default_rng(1))
    >>> set(synapses.in_degrees.tolist()), float(synapses.out_degrees.mean())
    ({80}, 200.0)
    """
    from neurosim.kernels.connectivity import scatter_rows

    shape = _shape(n_sources, n_targets, self_connections)
    degree = _degree("in_degree", in_degree, "source", shape[0], multapses, self_connections)
    refuse_too_large(shape, shape[1] * degree, unit_type(shape[0]).itemsize)
    law = shape[0], degree, _seed(rng), multapses, self_connections
    step = max(1, BLOCK // max(degree, 1))
    blocks = [(first, min(step, shape[1] - first)) for first in range(0, shape[1], step)]
    out_degrees = sum(counts(_choose(n, *law, first_row=first).ravel(), shape[0]) for first, n in blocks)
    offsets = starts(np.asarray(out_degrees))
    targets, cursors = np.empty(shape[1] * degree, unit_type(shape[1])), offsets[:-1].copy()
    for first, n in blocks:  # drawn again, in place of being kept
        scatter_rows(_choose(n, *law, first_row=first), first, cursors, targets)
    return Synapses(offsets, targets, shape[1])


def fixed_out_degree(
    n_sources: int, n_targets: int, out_degree: int, *, rng: np.random.Generator, multapses: bool = False, self_connections: bool = True
) -> Synapses:
    """Give each source the same number of synapses, onto targets drawn at random.

    Parameters
    ----------
    n_sources, n_targets : int
        At least 1.
    out_degree : int
        Without multapses at most the number of targets that a source may have.
    rng, multapses, self_connections
        As for :func:`fixed_in_degree`, sources and targets exchanged.

    Examples
    --------
    >>> synapses = fixed_out_degree(400, 1000, 80, rng=np.random.default_rng(1))
    >>> set(synapses.out_degrees.tolist()), float(synapses.in_degrees.mean())
    ({80}, 32.0)
    """
    shape = _shape(n_sources, n_targets, self_connections)
    degree = _degree("out_degree", out_degree, "target", shape[1], multapses, self_connections)
    refuse_too_large(shape, shape[0] * degree)
    chosen = _choose(*shape, degree, _seed(rng), multapses, self_connections)
    chosen.sort(axis=1)
    return Synapses(_even_offsets(shape[0], degree), chosen.ravel(), shape[1])


def all_to_all(n_sources: int, n_targets: int, *, self_connections: bool = True) -> Synapses:
    """Connect each source to each target.

    Parameters
    ----------
    n_sources, n_targets : int
        At least 1.
    self_connections : bool
        As for :func:`bernoulli`.

    Examples
    --------
    >>> all_to_all(3, 3, self_connections=False).targets.tolist()
    [1, 2, 0, 2, 0, 1]
    """
    from neurosim.kernels.connectivity import choose_all

    shape = _shape(n_sources, n_targets, self_connections)
    degree = shape[1] - (not self_connections)
    refuse_too_large(shape, shape[0] * degree)
    targets = np.empty((shape[0], degree), unit_type(shape[1]))
    choose_all(targets, not self_connections)
    return Synapses(_even_offsets(shape[0], degree), targets.ravel(), shape[1])


def one_to_one(n: int) -> Synapses:
    """Connect source i to target i.

    Examples
    --------
    >>> one_to_one(3).to_scipy().toarray().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    n = population("n", n)
    refuse_too_large((n, n), n)
    return Synapses(_even_offsets(n, 1), np.arange(n, dtype=unit_type(n)), n)


def from_arrays(
    sources: npt.ArrayLike, targets: npt.ArrayLike, n_sources: int, n_targets: int, *, multapses: bool = False
) -> tuple[Synapses, Positions]:
    """Take synapses one by one, in any order.

    Parameters
    ----------
    sources, targets : array_like of int, shape (n_synapses,)
        Where each begins and ends, counted from 0.
    n_sources, n_targets : int
        At least 1.
    multapses : bool
        If False, a pair that occurs twice is an error.

    Returns
    -------
    synapses : Synapses
    order : ndarray of uint32 or int64, shape (n_synapses,)
        Which of the synapses given stands at each place: ``weights[order]`` brings their weights along. Those of one pair keep their
        order.

    Examples
    --------
    >>> synapses, order = from_arrays([2, 0, 2], [1, 0, 0], 3, 2)
    >>> synapses.offsets.tolist(), synapses.targets.tolist(), np.array([0.1, 0.2, 0.3])[order].tolist()
    ([0, 1, 1, 3], [0, 0, 1], [0.2, 0.3, 0.1])
    """
    shape = _shape(n_sources, n_targets, True)
    begins, ends = whole_numbers("sources", sources), whole_numbers("targets", targets)
    if begins.shape != ends.shape:
        raise ValueError(f"sources and targets must have one shape (n_synapses,), got {begins.shape} and {ends.shape}")
    check_range("sources", begins, shape[0])
    check_range("targets", ends, shape[1])
    refuse_too_large(shape, len(begins), 2 * unit_type(shape[0]).itemsize + 3 * position_type(len(begins)).itemsize)
    begins, ends = begins.astype(unit_type(shape[0])), ends.astype(unit_type(shape[1]))
    order = stable_order(ends, starts(counts(ends, shape[1])))
    offsets = starts(counts(begins, shape[0]))
    order = order[stable_order(begins[order], offsets)]
    synapses = Synapses(offsets, ends[order], shape[1])
    if not multapses and (again := first_step_below(offsets, synapses.targets, 1)) is not None:
        first, second = (int(order[position]) for position in (again - 1, again))
        error = ValueError(f"synapses {first} and {second} both lead from source {begins[first]} to target {ends[first]}")
        raise with_hint(error, "multapses=True allows several synapses between two units")
    return synapses, order


def from_scipy(matrix: Any) -> tuple[Synapses, npt.NDArray[Any]]:
    """Take the entries of a sparse matrix of shape (n_sources, n_targets), stored zeros included; duplicates are added up first.

    Parameters
    ----------
    matrix : scipy.sparse array or matrix
        Of any format; it is left unchanged.

    Returns
    -------
    synapses : Synapses
    weights : ndarray, shape (n_synapses,)
        The entries, in the order of the synapses.

    Examples
    --------
    >>> import scipy.sparse
    >>> synapses, weights = from_scipy(scipy.sparse.coo_array(([0.5, 0.2], ([1, 0], [0, 2])), shape=(2, 3)))
    >>> synapses.targets.tolist(), weights.tolist()
    ([2, 0], [0.2, 0.5])
    """
    import scipy.sparse

    if not scipy.sparse.issparse(matrix) or matrix.ndim != 2:
        raise TypeError(f"matrix must be a sparse matrix of SciPy with two dimensions, got {type(matrix).__name__}")
    rows = matrix.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return Synapses(rows.indptr.astype(np.int64), rows.indices, rows.shape[1]), rows.data.copy()


def _shape(n_sources: int, n_targets: int, self_connections: bool) -> tuple[int, int]:
    """Return both numbers of units, or say why they are none, or why no source is a target."""
    shape = population("n_sources", n_sources), population("n_targets", n_targets)
    if not self_connections and shape[0] != shape[1]:
        error = ValueError(f"self_connections=False needs as many sources as targets, got {shape[0]} and {shape[1]}")
        raise with_hint(error, "between two populations no unit connects to itself: leave self_connections out")
    return shape


def _probability(value: float) -> float:
    """Return a probability as a float, or say why it is none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"probability must be a number, got {value!r}")
    if not 0 <= value <= 1:
        raise ValueError(f"probability must lie in 0 ... 1, got {value}")
    return float(value)


def _seed(rng: np.random.Generator) -> np.uint64:
    if not isinstance(rng, np.random.Generator):
        raise with_hint(TypeError(f"rng must be a numpy.random.Generator, got {rng!r}"), "pass rng=numpy.random.default_rng(1)")
    return rng.integers(0, 2**64, dtype=np.uint64)


def _degree(name: str, value: int, end: str, n_units: int, multapses: bool, self_connections: bool) -> int:
    """Return a degree, or say that so many units cannot be drawn."""
    degree, available = whole(name, value, 0), n_units - (not self_connections)
    if degree > available and not (multapses and available):
        error = ValueError(f"{name} must be at most {available}, the number of {end}s that a unit may have, got {degree}")
        raise with_hint(error, f"multapses=True draws {end}s independently") if available else error
    return degree


def _choose(
    n_rows: int, n_units: int, degree: int, seed: np.uint64, multapses: bool, self_connections: bool, *, first_row: int = 0
) -> npt.NDArray[Any]:
    """Draw the units that each row from a first one on is connected to, (n_rows, degree)."""
    from neurosim.kernels.connectivity import choose_any, choose_distinct

    chosen = np.empty((n_rows, degree), unit_type(n_units))
    draw = choose_any if multapses else choose_distinct
    draw(chosen, n_units - (not self_connections), not self_connections, seed, first_row)
    return chosen


def _even_offsets(n_rows: int, degree: int) -> Offsets:
    return np.arange(n_rows + 1, dtype=np.int64) * degree
