r"""Associative memory in the phases of oscillators, coupled by Hebb's rule.

**Model.** Patterns are unit numbers :math:`\xi_i^\mu = e^{i \varphi_i^\mu}`: any phases, or the signs :math:`\pm 1`, phases 0 and
:math:`\pi`. N oscillators are coupled by how often their phases differ by the same angle in the P patterns:

.. math::
    \dot\theta_i = \omega_i + K \operatorname{Im} e^{-i \theta_i} \sum_{j \ne i} A_{ij} e^{i \theta_j}, \qquad
    A_{ij} = \frac1N \sum_{\mu=1}^{P} \xi_i^\mu \xi_j^{\mu *} .

For signs this is Kuramoto's model with the couplings of Hopfield. A pattern is stored in the *differences* of phases: all may turn by a
common angle. So the overlap with a pattern is a length,

.. math:: m_\mu = \Bigl| \frac1N \sum_i \xi_i^{\mu *} e^{i \theta_i} \Bigr| .

**Recall.** Oscillators start at the phases of a cue. With equal frequencies the energy
:math:`-\frac K2 \sum_{i \ne j} A_{ij} e^{i (\theta_j - \theta_i)}` never rises, and the network comes to rest, in the frame that turns with
it. Phases that are exactly 0 or :math:`\pi` never move when patterns are signs, since all sines vanish; cues are therefore put down with a
small random deviation, the *jitter*. How much is recalled at which load P / N: :mod:`neurosim.oscillators.theory.retrieval`.

**One pattern.** With P = 1 the phases :math:`\theta_i - \varphi_i` obey Kuramoto's mean field without self-coupling, so the overlap of a
network of any frequencies is the order parameter :mod:`neurosim.oscillators.theory` knows.

Sources: A. J. Noest, "Phasor neural networks", Neural Information Processing Systems (AIP, 1988), 584; J. Cook, "The mean-field theory of a
Q-state neural network model", J. Phys. A 22, 2057 (1989); T. Aoyagi, "Network of neural oscillators for retrieving phase information",
Phys. Rev. Lett. 74, 4075 (1995); none of the three was read. Differs from the papers in: not known.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim import noise as draws
from neurosim.checks import real, whole
from neurosim.errors import with_hint
from neurosim.oscillators.couplings import HebbianGraph
from neurosim.oscillators.kuramoto import Kuramoto, KuramotoState

Array = npt.NDArray[Any]

JITTER = 2
"""The stream that deviations of cues are drawn from."""
LOOK = 5.0
"""Time between two looks at whether a network has settled."""
UNIT = 1e-6
"""How far the length of a unit number may lie from 1."""


class PhasorGraph:
    r"""Hebbian couplings of patterns of phases, :math:`A_{ij} = \frac1N \sum_\mu \xi_i^\mu \xi_j^{\mu *}`, :math:`i \ne j`.

    The edge :math:`j \to i` pulls oscillator i towards a phase ahead of j by the argument of :math:`A_{ij}`.

    Parameters
    ----------
    patterns : array_like of complex, shape (n_patterns, n)
        Of length 1.

    Attributes
    ----------
    n_patterns, n : int

    Examples
    --------
    >>> graph, sums = PhasorGraph([[1, 1j]]), np.empty((2, 2))
    >>> graph.sums(np.array([[0.0, 1.0], [1.0, 0.0]]), sums)            # oscillators in the pattern: each receives its own phase
    >>> sums.tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """

    def __init__(self, patterns: npt.ArrayLike) -> None:
        self.patterns = checked_patterns(patterns).astype(np.complex128)
        self.n_patterns, self.n = self.patterns.shape
        self._single = self.patterns.astype(np.complex64)

    @property
    def rate(self) -> float:
        """Bound of the rates of relaxation: the largest eigenvalue of independent patterns' couplings, and what an oscillator receives."""
        return (1.0 + np.sqrt(self.n_patterns / self.n)) ** 2 + 1.0

    @property
    def strengths(self) -> npt.NDArray[np.float64]:
        """Sum of absolute strengths coming in, (n,)."""
        parts = np.array_split(self.patterns, max(1, self.n // 256), axis=1)
        products = [np.abs(part.T @ self.patterns.conj()).sum(axis=1) for part in parts]
        return (np.concatenate(products) - self.n_patterns) / self.n

    def sums(self, waves: Array, out: Array, /) -> None:
        """Write the patterns weighted with their complex overlaps, self-coupling taken out."""
        patterns = self._single if waves.dtype == np.float32 else self.patterns
        turning = waves[:, 1] + 1j * waves[:, 0]
        overlaps = (patterns @ turning.conj()).conj() / self.n
        field = patterns.T @ overlaps - turning * (self.n_patterns / self.n)
        out[:, 0], out[:, 1] = field.imag, field.real


@dataclass(frozen=True, eq=False, repr=False)
class OscillatoryMemory:
    """Network of phase oscillators that stores patterns in their coupling.

    Parameters
    ----------
    patterns : array_like of -1 and +1, or of complex numbers of length 1, shape (n_patterns, n)
        Signs, or phases as exp(1j * phases).
    coupling : float
        K, above 0.
    frequencies : array_like, shape (n,), optional
        Natural frequencies in radians per unit of time, as :func:`neurosim.oscillators.gaussian` makes them; by default all 0.
    noise : float
        Intensity D, at least 0.
    dt : float
        Length of a step.
    method : {"heun", "euler", "rk4", "adaptive"}
        See :class:`neurosim.Kuramoto`.
    dtype : {"float64", "float32"}

    Attributes
    ----------
    network : Kuramoto
        The oscillators and their couplings.
    stored : ndarray of int8 or complex128, shape (n_patterns, n)
        The patterns.
    n_patterns, n : int
    load : float
        n_patterns / n.

    Raises
    ------
    TypeError, ValueError
        If patterns are neither signs nor of length 1, or a parameter is out of range.

    References
    ----------
    J. Cook, "The mean-field theory of a Q-state neural network model", J. Phys. A 22, 2057 (1989).

    Examples
    --------
    >>> import neurosim as ns
    >>> rng = np.random.default_rng(0)
    >>> patterns = ns.hopfield.random_patterns(20, 1000, rng=rng)
    >>> memory = OscillatoryMemory(patterns)
    >>> cue = ns.hopfield.flip(patterns[0], 0.1, rng=rng)
    >>> state = memory.recall(cue, seed=1)
    >>> memory.settled(state), int(memory.overlap(state).argmax()), bool(0.7 < memory.overlap(state)[0] < 0.9)
    (True, 0, True)
    >>> bool(abs(np.mean(memory.signs(state) * patterns[0])) > 0.99)     # read as signs, nothing is lost
    True

    Patterns of phases, and oscillators that differ:

    >>> patterns = np.exp(2j * np.pi * rng.random((4, 400)))
    >>> memory = OscillatoryMemory(patterns, frequencies=ns.oscillators.gaussian(400, width=0.2, rng=rng))
    >>> bool(memory.overlap(memory.recall(patterns[2], time=50.0))[2] > 0.9)
    True
    """

    patterns: InitVar[npt.ArrayLike]
    coupling: float = 1.0
    frequencies: InitVar[npt.ArrayLike | None] = field(default=None, kw_only=True)
    noise: float = field(default=0.0, kw_only=True)
    dt: float = field(default=0.25, kw_only=True)
    method: str = field(default="heun", kw_only=True)
    dtype: str = field(default="float64", kw_only=True)
    stored: Array = field(init=False)
    network: Kuramoto = field(init=False)

    def __post_init__(self, patterns: npt.ArrayLike, frequencies: npt.ArrayLike | None) -> None:
        stored = checked_patterns(patterns)
        coupling = real("coupling", self.coupling, above=0)
        omega = np.zeros(stored.shape[1]) if frequencies is None else np.asarray(frequencies)
        graph = PhasorGraph(stored) if np.iscomplexobj(stored) else HebbianGraph(stored)
        chosen = {"noise": self.noise, "dt": self.dt, "method": self.method, "dtype": self.dtype}
        object.__setattr__(self, "network", Kuramoto(omega, coupling, graph=graph, **chosen))
        object.__setattr__(self, "stored", stored)

    def __repr__(self) -> str:
        kind = "phases" if np.iscomplexobj(self.stored) else "signs"
        spread = f", frequencies spread by {self.network.omega.std():.3g}" if self.network.omega.any() else ""
        return f"OscillatoryMemory({self.n_patterns} patterns of {kind}, {self.n} oscillators, coupling {self.coupling:g}{spread})"

    @property
    def n(self) -> int:
        """Oscillators, N."""
        return self.stored.shape[1]

    @property
    def n_patterns(self) -> int:
        """Patterns stored, P."""
        return self.stored.shape[0]

    @property
    def load(self) -> float:
        """Patterns per oscillator."""
        return self.n_patterns / self.n

    # --- running --------------------------------------------------------------------------------------------------------------

    def init(self, cue: npt.ArrayLike, *, jitter: float = 0.1, seed: int = 0) -> KuramotoState:
        """Make a state from a cue.

        Parameters
        ----------
        cue : array_like of -1 and +1, or of complex numbers of length 1, shape (n,)
            Where the network starts.
        jitter : float
            Standard deviation of the random deviation of each phase from the cue's, in radians, at least 0. With 0, signs that are cued
            for signs never move.
        seed : int
            Chooses the deviations, and the noise.

        Returns
        -------
        KuramotoState
            ``memory.network.init(phases)`` makes one from any phases.
        """
        from scipy.special import ndtri

        array = unit_numbers(cue, "cue")
        if array.shape != (self.n,):
            raise ValueError(f"cue must have shape ({self.n},), one number for each oscillator, got {array.shape}")
        size = real("jitter", jitter, least=0)
        seed = draws.checked_seed(seed)
        return self.network.init(np.angle(array.astype(np.complex128)) + size * ndtri(draws.uniform(seed, 0, JITTER, self.n)), seed=seed)

    def step(self, state: KuramotoState, ticks: int, /) -> None:
        """Advance a state in place by a number of steps."""
        self.network.step(state, ticks)

    def recall(
        self, cue: npt.ArrayLike, *, jitter: float = 0.1, seed: int = 0, time: float = 200.0, tolerance: float = 1e-4
    ) -> KuramotoState:
        """Start from a cue and run until the network settles, or a time is over.

        Parameters
        ----------
        cue, jitter, seed
            As for :meth:`init`.
        time : float
            Give up after so long, above 0. Relaxation takes a few 1 / K, and ten times as long near the critical load.
        tolerance : float
            See :meth:`settled`.

        Returns
        -------
        KuramotoState
        """
        last = max(1, round(real("time", time, above=0) / self.dt))
        real("tolerance", tolerance, least=0)
        state = self.init(cue, jitter=jitter, seed=seed)
        look = max(1, round(LOOK / self.dt))
        while state.tick < last:
            self.step(state, min(look, last - state.tick))
            if self.settled(state, tolerance):
                break
        return state

    def settled(self, state: KuramotoState, tolerance: float = 1e-4) -> bool:
        """Say whether all oscillators turn at one frequency: their momentary frequencies deviate from the mean by at most tolerance K, rms.

        With noise, or an oscillator that drifts, it never is.
        """
        return self.spread(state) <= real("tolerance", tolerance, least=0) * self.coupling

    # --- observing ------------------------------------------------------------------------------------------------------------

    def overlap(self, state: KuramotoState) -> npt.NDArray[np.float64]:
        """Return m, the overlap with each pattern, in 0 ... 1: shape (n_patterns,)."""
        return np.abs(self.stored.conj() @ self._turning(state)) / self.n

    def signs(self, state: KuramotoState) -> npt.NDArray[np.int8]:
        r"""Return the phases read as -1 and +1, shape (n,), up to the sign of all.

        Along the axis a with :math:`e^{2 i a} \propto \sum_i e^{2 i \theta_i}`, to which the phases of a pattern of signs lie closest,
        a sign is that of :math:`\cos(\theta_i - a)`.
        """
        turning = self._turning(state)
        axis = np.angle(np.sum(turning**2)) / 2
        return np.where((turning * np.exp(-1j * axis)).real < 0, -1, 1).astype(np.int8)

    def spread(self, state: KuramotoState) -> float:
        """Return the standard deviation of the oscillators' momentary frequencies, noise left out."""
        return float(np.std(self.network.velocities(state)))

    def energy(self, state: KuramotoState) -> float:
        """Return the energy for each oscillator; without noise, and with equal frequencies, it never rises."""
        return self.network.energy(state)

    def _turning(self, state: KuramotoState) -> npt.NDArray[np.complex128]:
        """Return exp(i theta), (n,)."""
        if state.phases.shape != (self.n,):
            raise ValueError(f"state must have {self.n} oscillators, got phases of shape {state.phases.shape}")
        return np.exp(1j * state.phases.astype(np.float64))


def random_phases(n_patterns: int, n: int, *, rng: np.random.Generator) -> npt.NDArray[np.complex128]:
    """Draw patterns of phases, each anywhere on the circle.

    Parameters
    ----------
    n_patterns, n : int
        At least 0 and 1.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of complex128, shape (n_patterns, n)
        Of length 1.

    Examples
    --------
    >>> abs(random_phases(2, 3, rng=np.random.default_rng(0))).round(6).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    return np.exp(2j * np.pi * rng.random((whole("n_patterns", n_patterns, 0), whole("n", n, 1))))


def checked_patterns(patterns: npt.ArrayLike) -> Array:
    """Return patterns as int8 signs or complex numbers of length 1, shape (n_patterns, n), or say what is wrong with them.

    Examples
    --------
    >>> checked_patterns([[1, -1], [1.0, 1.0]]).dtype, checked_patterns([[1j, 1]]).dtype
    (dtype('int8'), dtype('complex128'))
    """
    array = unit_numbers(patterns, "patterns")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"patterns must have shape (n_patterns, n), at least one of each, got {array.shape}")
    return array


def unit_numbers(values: npt.ArrayLike, name: str) -> Array:
    """Return signs as int8, or complex numbers of length 1, or say what is wrong with them.

    Examples
    --------
    >>> unit_numbers([1, -1], "cue").tolist(), unit_numbers(np.exp([0.5j]), "cue").shape
    ([1, -1], (1,))
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iufc":
        raise TypeError(f"{name} must be an array of -1 and +1, or of complex numbers of length 1, got type {array.dtype}")
    length_one = array.dtype.kind == "c"
    wrong = ~(np.abs(np.abs(array) - 1) <= UNIT) if length_one else (array != 1) & (array != -1)
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        wanted = "only numbers of length 1" if length_one else "only -1 and +1"
        error = ValueError(f"{name} must hold {wanted}, got {array[place]} at {list(place)}")
        raise with_hint(error, "write phases as np.exp(1j * phases)")
    return array.astype(np.complex128 if length_one else np.int8)
