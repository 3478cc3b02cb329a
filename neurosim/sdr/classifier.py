r"""Which category an active code stands for: softmax regression over sparse codes, learned as it goes.

Every unit j has a weight :math:`w_{jk}` towards each category k, at first 0. The active units of a code C vote, and the votes become
probabilities,

.. math:: p_k = \frac{e^{v_k}}{\sum_l e^{v_l}}, \qquad v_k = \sum_{j \in C} w_{jk} .

Told the category c, the weights of the active units climb the log-likelihood :math:`\ln p_c`,

.. math:: \Delta w_{jk} = \alpha (\delta_{kc} - p_k), \qquad j \in C .

A code that is shown again and again raises its own vote by :math:`\alpha |C| (1 - p_c)` each time, so that with two categories the
log-odds :math:`x = v_c - v_l` obey :math:`\Delta x = 2 \alpha |C| / (1 + e^x)`. Codes that share few units hardly touch each other.

Source: the "SDR classifier" of nupic and htm.core, read in ``SDRClassifier.cpp``; J. S. Bridle, in *Neurocomputing: Algorithms,
Architectures and Applications*, Springer, 227 (1990), for the softmax, not read. Differs from the program in: the number of categories is
fixed from the start; what is predicted some ticks ahead is a matter of which code is shown with which category, see :class:`Classifier`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import with_hint
from neurosim.noise import checked_seed
from neurosim.sdr._states import check_kind, check_sizes
from neurosim.sdr.codes import Code, checked_size, indices_of

Floats = npt.NDArray[np.float64]


@dataclass
class ClassifierState:
    """Weights of a :class:`Classifier`.

    Attributes
    ----------
    weights : ndarray of float64, shape (size, categories)
    tick : int
        Codes learned.
    seed : int
    """

    weights: Floats
    tick: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Classifier:
    """Learner that names codes.

    Parameters
    ----------
    size : int
        Units of a code.
    categories : int
        At least 2.
    rate : float
        Learning rate, above 0.

    Raises
    ------
    TypeError, ValueError, MemoryError
        If a parameter is out of range, or the weights would not fit in memory.

    References
    ----------
    J. S. Bridle, in *Neurocomputing: Algorithms, Architectures and Applications*, Springer, 227 (1990).

    Examples
    --------
    >>> from neurosim.sdr import corrupt, random_codes
    >>> rng = np.random.default_rng(0)
    >>> codes = random_codes(4, 2048, 40, rng=rng)
    >>> classifier = Classifier(2048, categories=4)
    >>> state = classifier.init()
    >>> for _ in range(10):
    ...     for category, code in enumerate(codes):
    ...         chances = classifier.compute(state, code, category)
    >>> [int(classifier.infer(state, corrupt(code, 0.5, rng=rng)).argmax()) for code in codes]
    [0, 1, 2, 3]

    To predict what comes next, show a code with the category of the tick after it:

    >>> state = classifier.init()
    >>> for tick in range(40):
    ...     chances = classifier.compute(state, codes[tick % 4], (tick + 1) % 4)
    >>> int(classifier.infer(state, codes[2]).argmax())
    3
    """

    size: int
    categories: int
    rate: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_size("size", self.size))
        object.__setattr__(self, "categories", whole("categories", self.categories, 2))
        object.__setattr__(self, "rate", real("rate", self.rate, above=0))

    def init(self, *, seed: int = 0) -> ClassifierState:
        """Return weights of 0. The seed is kept and not used: nothing is random."""
        from neurosim.memory import free_memory

        needed = 8 * self.size * self.categories
        if needed > (free := free_memory()):
            error = MemoryError(f"{self.size} x {self.categories} weights need {needed / 1e9:.3g} GB, {free / 1e9:.3g} GB are free")
            raise with_hint(error, "use fewer categories: wider bins of a number")
        return ClassifierState(np.zeros((self.size, self.categories)), seed=checked_seed(seed))

    def infer(self, state: ClassifierState, code: Code | npt.ArrayLike) -> Floats:
        """Return the probability of each category, (categories,)."""
        self._check(state)
        return _softmax(state.weights[indices_of("code", code, self.size)].sum(axis=0))

    def compute(self, state: ClassifierState, code: Code | npt.ArrayLike, category: int | npt.ArrayLike, learn: bool = True) -> Floats:
        """Read a code, return what it was taken for, then learn what it is.

        Parameters
        ----------
        state : ClassifierState
            Changed in place.
        code : Code or array_like of int
        category : int or array_like of float, shape (categories,)
            The category, or probabilities of all of them, which sum to 1.
        learn : bool

        Returns
        -------
        ndarray of float64, shape (categories,)
            Probabilities before learning.

        Raises
        ------
        TypeError, ValueError
            If the code is not one of `size` units, or the category not one of `categories`.
        """
        self._check(state)
        units, target = indices_of("code", code, self.size), self._target(category)
        chances = _softmax(state.weights[units].sum(axis=0))
        if learn:
            state.weights[units] += self.rate * (target - chances)
        state.tick += 1
        return chances

    def _check(self, state: ClassifierState) -> None:
        check_kind(state, ClassifierState)
        units, categories = state.weights.shape
        check_sizes(units=(units, self.size), categories=(categories, self.categories))

    def _target(self, category: int | npt.ArrayLike) -> Floats:
        target = np.asarray(category)
        if target.ndim == 0:
            if (number := whole("category", category, 0)) >= self.categories:
                raise ValueError(f"category must be below categories = {self.categories}, got {number}")
            return np.eye(1, self.categories, number)[0]
        if target.dtype.kind not in "iuf" or target.shape != (self.categories,):
            raise TypeError(f"category must be an integer or {self.categories} probabilities, got {target.dtype} of shape {target.shape}")
        if not ((target >= 0).all() and abs(target.sum() - 1) < 1e-9):
            raise ValueError(f"category must be probabilities that sum to 1, got a sum of {target.sum():g}")
        return target.astype(float)


def _softmax(votes: Floats) -> Floats:
    powers = np.exp(votes - votes.max())
    return powers / powers.sum()
