r"""A neuron with active dendrites: thousands of synapses in segments, each of which learns to recognise patterns of its own.

The neuron has up to K segments of up to s synapses. A synapse on a cell counts if its permanence p is at least `connected`; a segment is
active on a code if at least :math:`\theta` synapses that count are on active cells, and the neuron responds if any segment is active. So it
knows as many patterns as it has segments, and if segments err independently it mistakes a random code for one of M learned patterns with
probability

.. math:: P_M = 1 - (1 - P_{\mathrm{fp}})^M \approx M P_{\mathrm{fp}},

:math:`P_{\mathrm{fp}}` that of one segment (:func:`neurosim.sdr.theory.false_positive`).

**Learning.** One segment learns a pattern: the one with most connected synapses on active cells if it is active, else the one with most
synapses of any permanence if these are at least `min_threshold`, else the one that has not learned for longest (unused ones first), which
begins afresh. Its synapses on active cells gain `increment`, the others lose `decrement`; a synapse whose permanence reaches 0 vanishes,
and free places are filled with synapses on randomly chosen active cells, of permanence `initial`. One presentation is enough where
`initial` is at least `connected`. A pattern that should *not* be recognised takes `punishment` from the synapses that made segments active.

Permanences are whole numbers 0 ... 32767 for 0 ... 1; increments are rounded to these once.

Sources: S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016), and J. Hawkins & S. Ahmad, Front. Neural Circuits 10, 23 (2016); abstracts read,
and the rule and its numbers in the authors' program for the first. Differs from the paper in: fixed-point permanences; which synapse is
drawn depends on (seed, tick) alone; synapses vanish at permanence 0, not below `connected`; the segment that is overwritten is the one that
has not learned for longest, not the weakest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import with_hint
from neurosim.memory import free_memory
from neurosim.noise import checked_seed
from neurosim.sdr._permanences import checked_permanence, fixed
from neurosim.sdr._states import check_kind, check_sizes
from neurosim.sdr.codes import Code, checked_size, indices_of, trusted
from neurosim.sdr.segments import Segments as Segments

MOST = 255
"""Largest number of synapses of a segment: counters have one byte."""


@dataclass
class NeuronState:
    """Synapses of a neuron.

    Attributes
    ----------
    cells : ndarray of int32, shape (segments, synapses)
        Presynaptic cells; -1 where there is no synapse.
    permanences : ndarray of int16, shape (segments, synapses)
        0 ... 32767 for 0 ... 1.
    last : ndarray of int64, shape (segments,)
        Tick at which a segment last learned; -1 for never.
    tick, seed : int
    """

    cells: npt.NDArray[np.int32]
    permanences: npt.NDArray[np.int16]
    last: npt.NDArray[np.int64]
    tick: int
    seed: int


@dataclass(frozen=True)
class DendriticNeuron:
    """A neuron that learns patterns on its dendritic segments.

    Parameters
    ----------
    inputs : int
        Cells that it may have synapses on.
    segments : int
        Most segments.
    synapses : int
        Most synapses of a segment, 1 ... 255.
    threshold : int
        Synapses on active cells that activate a segment, 1 ... `synapses`.
    min_threshold : int, optional
        Synapses of any permanence on active cells that let a silent segment learn a pattern, 1 ... `synapses`; by default `threshold`.
    initial, connected : float
        Permanence of a new synapse, and from which one it counts: above 0 and at most 1.
    increment, decrement, punishment : float
        Changes of permanences, 0 ... 1.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range.

    References
    ----------
    S. Ahmad & J. Hawkins, arXiv:1601.00720 (2016).

    Examples
    --------
    >>> from neurosim.sdr import corrupt, random_codes
    >>> rng = np.random.default_rng(0)
    >>> patterns = random_codes(200, 2048, 40, rng=rng)
    >>> neuron = DendriticNeuron(2048, segments=200, synapses=20, threshold=12)
    >>> state = neuron.init(seed=1)
    >>> for pattern in patterns:
    ...     active = neuron.compute(state, pattern)
    >>> neuron.active(state, corrupt(patterns[7], 0.2, rng=rng))           # one segment, in spite of noise
    Code([7], 200)
    >>> int(neuron.segments_of(state).n_active(random_codes(1000, 2048, 40, rng=rng)).sum())
    0
    """

    inputs: int
    segments: int = 500
    synapses: int = 24
    threshold: int = 12
    min_threshold: int | None = None
    initial: float = 0.5
    connected: float = 0.15
    increment: float = 0.02
    decrement: float = 0.0125
    punishment: float = 0.0125

    def __post_init__(self) -> None:
        checked_size("inputs", self.inputs)
        checked_size("segments", self.segments)
        _between("synapses", self.synapses, MOST)
        _between("threshold", self.threshold, self.synapses, "synapses")
        if self.min_threshold is not None:
            _between("min_threshold", self.min_threshold, self.synapses, "synapses")
        for name in ("initial", "connected", "increment", "decrement", "punishment"):
            checked_permanence(name, getattr(self, name), positive=name in ("initial", "connected"))

    def init(self, *, seed: int = 0) -> NeuronState:
        """Return a neuron without synapses.

        Parameters
        ----------
        seed : int
            Chooses the cells that new synapses are on.

        Raises
        ------
        MemoryError
            If the table of synapses would not fit.
        """
        shape, seed = (self.segments, self.synapses), checked_seed(seed)
        wanted, free = 6 * self.segments * self.synapses + 8 * self.segments, free_memory()
        if wanted > free:
            gib = f"{wanted / 2**30:,.2f} GiB; {free / 2**30:,.2f} GiB are free"
            raise MemoryError(f"{self.segments:,} segments of {self.synapses} synapses would take {gib}")
        return NeuronState(np.full(shape, -1, np.int32), np.zeros(shape, np.int16), np.full(self.segments, -1, np.int64), 0, seed)

    def compute(self, state: NeuronState, code: Code | npt.ArrayLike, learn: bool = True) -> Code:
        """Read one code, and learn to recognise it.

        Parameters
        ----------
        state : NeuronState
            Changed in place; its tick goes on by one.
        code : Code, or array_like of int
            Active cells.
        learn : bool
            Whether a segment learns the code.

        Returns
        -------
        Code
            The segments that were active, before they learned: none if the code was not recognised.
        """
        from neurosim.kernels.dendrites import learn_pattern

        code, counts, potentials = self._match(state, code)
        found = self._reached(counts)
        if learn and len(code):
            least = self.threshold if self.min_threshold is None else self.min_threshold
            steps = fixed(self.increment), fixed(self.decrement), fixed(self.initial)
            when = np.uint64(state.seed), np.uint64(state.tick)
            table = state.cells, state.permanences, state.last
            learn_pattern(*table, code.indices, code.bits, counts, potentials, self.threshold, least, *steps, *when)
        state.tick += 1
        return found

    def punish(self, state: NeuronState, code: Code | npt.ArrayLike) -> Code:
        """Read one code that should not be recognised, and weaken the synapses that made segments active.

        Parameters are those of :meth:`compute`.

        Returns
        -------
        Code
            The segments that were active.
        """
        from neurosim.kernels.dendrites import punish_segments

        code, counts, _ = self._match(state, code)
        punish_segments(state.cells, state.permanences, code.bits, counts, self.threshold, fixed(self.punishment))
        state.tick += 1
        return self._reached(counts)

    def active(self, state: NeuronState, code: Code | npt.ArrayLike) -> Code:
        """Return the segments that are active on a code; nothing changes."""
        return self._reached(self._match(state, code)[1])

    def segments_of(self, state: NeuronState) -> Segments:
        """Return the segments with the synapses that count now, which many codes can be tried on quickly.

        Raises
        ------
        ValueError
            If no segment has as many as the threshold.
        """
        self._check(state)
        counting = (state.permanences >= fixed(self.connected)) & (state.cells >= 0)
        if (most := int(counting.sum(axis=1).max())) < self.threshold:
            error = ValueError(f"no segment has {self.threshold} connected synapses, the threshold; the most is {most}")
            raise with_hint(error, "let the neuron learn a pattern first")
        rows = [cells[row] for cells, row in zip(state.cells, counting, strict=True)]
        return Segments(rows, self.inputs, threshold=self.threshold)

    def n_segments(self, state: NeuronState) -> int:
        """Count the segments that have synapses."""
        return int((state.cells >= 0).any(axis=1).sum())

    def n_synapses(self, state: NeuronState) -> int:
        """Count the synapses, of any permanence."""
        return int((state.cells >= 0).sum())

    def _match(self, state: NeuronState, code: Code | npt.ArrayLike) -> tuple[Code, Any, Any]:
        """Return the code, and for each segment the connected and all synapses on active cells."""
        from neurosim.kernels._masks import padded
        from neurosim.kernels.dendrites import match_segments

        self._check(state)
        indices = indices_of("code", code, self.inputs)
        code = code if isinstance(code, Code) else trusted(indices.copy(), self.inputs)
        counts, potentials = np.empty((2, padded(self.segments)), np.uint8)
        match_segments(state.cells, state.permanences, code.bits, fixed(self.connected), counts, potentials)
        return code, counts, potentials

    def _reached(self, counts: npt.NDArray[np.uint8]) -> Code:
        from neurosim.kernels.segments import list_reached

        found = np.empty(self.segments, np.int32)
        return trusted(found[: list_reached(counts, np.uint8(self.threshold), found)].copy(), self.segments)

    def _check(self, state: NeuronState) -> None:
        check_kind(state, NeuronState)
        segments, synapses = state.cells.shape
        check_sizes(segments=(segments, self.segments), places_for_synapses=(synapses, self.synapses))


def _between(name: str, value: int, most: int, what: str = "") -> None:
    if whole(name, value, 1) > most:
        raise ValueError(f"{name} must be at most {f'{what} = ' if what else ''}{most}, got {value}")
