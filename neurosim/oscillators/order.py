r"""Order parameters: how far oscillators agree, all of them, in clusters, or each with its neighbours.

The complex order parameter :math:`z = \frac1N \sum_j e^{i \theta_j} = r e^{i \psi}` has length 1 where all phases are equal and about
:math:`N^{-1/2}` where they are independent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Waves = npt.NDArray[np.complex128]


def order(phases: npt.ArrayLike) -> Waves:
    """Return the complex order parameter of phases.

    Parameters
    ----------
    phases : array_like, shape (..., n)
        In radians.

    Returns
    -------
    complex, or ndarray of complex128, shape (...)

    Examples
    --------
    >>> float(abs(order([0.0, np.pi / 2])).round(6))
    0.707107
    """
    array = np.asarray(phases, np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"phases must have a last axis of oscillators, got shape {array.shape}")
    return np.exp(1j * array).mean(axis=-1)


def cluster_order(phases: npt.ArrayLike, labels: npt.ArrayLike) -> Waves:
    """Return the complex order parameter of each cluster.

    Parameters
    ----------
    phases : array_like, shape (n,)
        In radians.
    labels : array_like of int, shape (n,)
        The cluster, 0, 1, ..., of each oscillator; none may be empty.

    Returns
    -------
    ndarray of complex128, shape (n_clusters,)

    Examples
    --------
    >>> abs(cluster_order([0.0, 0.0, 0.0, np.pi], [0, 0, 1, 1])).round(6)
    array([1., 0.])
    """
    waves: Any = np.exp(1j * np.asarray(phases, np.float64))
    groups = np.asarray(labels)
    if groups.shape != waves.shape or groups.ndim != 1 or not np.issubdtype(groups.dtype, np.integer):
        raise ValueError(
            f"labels must be whole numbers, one for each of {waves.size} oscillators, got {groups.dtype} of shape {groups.shape}"
        )
    if groups.min(initial=0) < 0:
        raise ValueError(f"labels must count from 0, got {groups.min()}")
    counts = np.bincount(groups)
    if not counts.all():
        raise ValueError(f"labels leave out cluster {int(np.argmin(counts))} of 0 ... {counts.size - 1}")
    return (np.bincount(groups, waves.real) + 1j * np.bincount(groups, waves.imag)) / counts
