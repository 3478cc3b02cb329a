r"""Reading a class out of codes: a linear map, fitted by ridge regression, and Hebbian counts.

A read-out adds up the weights of the active units C of a code, for each class k, and names the class with the largest sum,

.. math:: s_k = b_k + \sum_{j \in C} W_{jk} .

:func:`fit_linear` takes the W that minimises :math:`\sum_n \sum_k (s_k(C_n) - y_{nk})^2 + \lambda |W|^2` over the training codes,
:math:`y_{nk} = \pm 1`. The solution is :math:`W = A^T a`, where A holds the codes as rows of zeros and ones and
:math:`(A A^T + \mathbf 1 \mathbf 1^T + \lambda) \, a = y`: what has to be known of the codes is how many units each pair shares.

:func:`fit_counts` is local: a unit counts the classes that it was active for, in one pass, and :math:`W_{jk}` is the logarithm of its share
of the class's counts. With independent units the sum is the logarithm of the class's probability, up to a constant.

Source: a field of class units above the macs, or a support vector machine on their codes, stand there in Sparsey (sparsey.com). Differs
from the source in: both rules are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real
from neurosim.sdr.codes import Codes

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Readout:
    """Weights from units to classes.

    Attributes
    ----------
    weights : ndarray, shape (units, classes)
    bias : ndarray, shape (classes,)

    Examples
    --------
    >>> from neurosim.sdr import Code
    >>> Readout(np.eye(3), np.zeros(3)).classes(Codes([Code([2], 3), Code([0], 3)])).tolist()
    [2, 0]
    """

    weights: Floats
    bias: Floats

    def scores(self, codes: Codes) -> Floats:
        """Return the sums for each code and class, (n, classes)."""
        if codes.size != len(self.weights):
            raise ValueError(f"codes must have size {len(self.weights)}, got {codes.size}")
        return np.asarray(_table(codes) @ self.weights) + self.bias

    def classes(self, codes: Codes) -> Labels:
        """Return the class that each code is read as."""
        return self.scores(codes).argmax(axis=1)

    def accuracy(self, codes: Codes, labels: npt.ArrayLike) -> float:
        """Return the part of the codes that are read as their label."""
        return float(np.mean(self.classes(codes) == checked_labels(labels, len(codes))))


def fit_linear(codes: Codes, labels: npt.ArrayLike, *, ridge: float = 30.0, classes: int | None = None) -> Readout:
    """Fit a linear read-out by ridge regression.

    Parameters
    ----------
    codes : Codes
    labels : array_like of int, shape (n,)
        Classes from 0 on.
    ridge : float
        lambda, above 0, in shared units.
    classes : int, optional
        Number of classes; by default the largest label and one.

    Returns
    -------
    Readout

    Examples
    --------
    >>> from neurosim.sdr import Code
    >>> codes = Codes([Code([0, 1], 6), Code([1, 2], 6), Code([3, 4], 6)])
    >>> fit_linear(codes, [0, 0, 1], ridge=0.1).classes(codes).tolist()
    [0, 0, 1]
    """
    real("ridge", ridge, above=0)
    wanted = 2.0 * one_hot(labels, len(codes), classes) - 1.0
    shared = codes.overlaps(codes) + 1.0 + ridge * np.eye(len(codes))
    dual = np.asarray(np.linalg.solve(shared, wanted), np.float64)
    return Readout(_summed(codes, dual), dual.sum(axis=0))


def fit_counts(codes: Codes, labels: npt.ArrayLike, *, prior: float = 0.01, classes: int | None = None) -> Readout:
    """Count how often each unit was active for each class.

    Parameters
    ----------
    codes, labels, classes
        As for :func:`fit_linear`.
    prior : float
        What each unit has counted before the first code, above 0.

    Returns
    -------
    Readout

    Examples
    --------
    >>> from neurosim.sdr import Code
    >>> codes = Codes([Code([0, 1], 6), Code([1, 2], 6), Code([3, 4], 6)])
    >>> fit_counts(codes, [0, 0, 1]).classes(codes).tolist()
    [0, 0, 1]
    """
    real("prior", prior, above=0)
    told = one_hot(labels, len(codes), classes)
    counts = _summed(codes, told) + prior
    return Readout(np.log(counts / counts.sum(axis=0)), np.log((told.sum(axis=0) + prior) / (len(codes) + prior)))


def one_hot(labels: npt.ArrayLike, n: int, classes: int | None = None) -> Floats:
    """Return labels as rows with a single one.

    Examples
    --------
    >>> one_hot([1, 0], 2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    array = checked_labels(labels, n)
    classes = int(array.max()) + 1 if classes is None else classes
    if array.max() >= classes:
        raise ValueError(f"labels must lie in 0 ... {classes - 1}, got {array.max()}")
    return np.eye(classes)[array]


def checked_labels(labels: npt.ArrayLike, n: int) -> Labels:
    """Return labels as integers, or say what is wrong with them.

    Examples
    --------
    >>> checked_labels(np.array([2, 0], np.uint8), 2)
    array([2, 0])
    """
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.shape != (n,):
        raise TypeError(f"labels must be {n} integers, one for each code, got {array.dtype} of shape {array.shape}")
    if array.min() < 0:
        raise ValueError(f"labels must be at least 0, got {array.min()}")
    return array.astype(np.int64)


def _summed(codes: Codes, values: Floats) -> Floats:
    """Return for each unit the sum of the values (n, classes) of the codes that it is active in."""
    return np.asarray(_table(codes).T @ values)


def _table(codes: Codes) -> Any:
    """Return codes as the rows of a sparse matrix."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(codes.indices.size), codes.indices, codes.starts), shape=(len(codes), codes.size))
