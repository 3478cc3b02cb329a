r"""Temporal memory: cells that recognise on their dendrites what came before, and so predict what comes next.

**Structure.** A code has one unit per *column*; each column has the same number of cells. A cell has *segments*, dendritic branches with
synapses from other cells, and every synapse has a *permanence* p in 0 ... 1: it is connected if :math:`p \ge p_c`. For the cells active at
t, a segment d is

.. math::
    \text{active if } \#\{\text{connected synapses of } d \text{ from active cells}\} \ge \theta, \qquad
    \text{matching if } \#\{\text{synapses of } d \text{ from active cells}\} \ge \theta_{\min} ,

and a cell with an active segment is *predictive*: its column is expected at t + 1.

**Activation.** In a column that becomes active and has predictive cells, only these become active. In one that has none, all cells do: the
column *bursts*. The same code thus excites other cells in another context, and a sequence that branches late is told apart by how it
began. The *anomaly* of an input is the share of its columns that burst.

**Learning**, on the segments that were active or matching for the last input:

1. predictive cells that become active: each active segment gains :math:`p^+` on synapses from cells that were active, loses :math:`p^-` on
   others, and grows synapses to previous winners until it would have seen `max_new` active ones;
2. columns that burst: so does the best matching segment, and its cell is the winner; without one, the cell of the column with the fewest
   segments is, and grows a segment to up to `max_new` previous winners;
3. matching segments of columns that stay silent lose `punishment` on synapses from cells that were active.

New synapses begin at the permanence `initial`. Synapses vanish at permanence 0, and a segment with fewer than :math:`\theta_{\min}` of
them, which could never match again, with them. Winners are the cells of 1 and 2.

Sources: J. Hawkins & S. Ahmad, "Why neurons have thousands of synapses, a theory of sequence memory in neocortex", Front. Neural Circuits
10, 23 (2016), and for the order of steps, defaults and limits the public programs of its authors, NuPIC and htm.core. Differs from them in:
permanences are multiples of 1 / 32767 and increments are rounded once; among equally good segments the lowest number wins; where several
cells have the fewest segments, one is drawn; segments that cannot match are removed at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import with_hint
from neurosim.memory import free_memory
from neurosim.noise import checked_seed
from neurosim.sdr._permanences import FULL, checked_permanence, fixed
from neurosim.sdr._states import check_kind, check_sizes
from neurosim.sdr.codes import Code, checked_size, indices_of, trusted, words_of

if TYPE_CHECKING:
    from neurosim.kernels._synapses import Tables

Array = npt.NDArray[Any]

LARGEST_SYNAPSES = 255
"""Synapses that a segment can have: they are counted in 8 bits."""
_GROW = {
    "segments": (2**26, ("segments",)),
    "cells": (2**31 - 1, ("cells", "permanences", "places")),
    "items": (2**31 - 1, ("items",)),
}
"""Tables that grow: their largest number of rows, and those that grow together."""
_BYTES_OF_A_CELL = 21


@dataclass
class TemporalMemoryState:
    """State of a temporal memory.

    Attributes
    ----------
    active : ndarray of int32
        Active cells, rising: cell c belongs to column c // cells.
    winners : ndarray of int32
        Those that others learn from.
    tables : dict of arrays
        Segments and synapses, as :class:`neurosim.kernels._synapses.Tables` describes them. They grow as more is learned.
    counts : ndarray of uint16
        Scratch, 0 between inputs.
    matching : ndarray of int32, shape (.., 2)
        Its first rows: segments that the last input excites, and by how many of their synapses, plus 256 times how many connected ones.
    anomaly : float
        Share of the columns of the last input that were not predicted; 0.0 for an empty one.
    tick : int
        Inputs read.
    seed : int
        The seed given to :meth:`TemporalMemory.init`.
    """

    active: Array
    winners: Array
    tables: dict[str, Array]
    counts: Array
    matching: Array
    anomaly: float
    tick: int
    seed: int


@dataclass(frozen=True)
class TemporalMemory:
    """Memory of sequences of sparse codes.

    Parameters
    ----------
    columns : int
        Units of the codes that it reads.
    cells : int
        Cells in a column. With one the memory is of first order: it knows the last input only.
    activation_threshold : int
        Connected synapses from active cells that make a segment active.
    min_threshold : int
        Synapses from active cells that make it match; at most the activation threshold.
    max_new : int
        Synapses that a segment grows at most in a step, at most `max_synapses`.
    initial, connected : float
        Permanence of new synapses, and the one from which on a synapse is connected; above 0, at most 1.
    increment, decrement, punishment : float
        Changes of permanences, in 0 ... 1.
    max_segments, max_synapses : int
        Of a cell, and of a segment; at most 255 synapses.

    Attributes
    ----------
    n_cells : int

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range.
    MemoryError
        If the cells, or later what they have learned, do not fit into memory.

    References
    ----------
    J. Hawkins & S. Ahmad, Front. Neural Circuits 10, 23 (2016).

    Examples
    --------
    Two sequences that share a code, learned in some rounds. What follows the shared one depends on what came before:

    >>> import neurosim as ns
    >>> a, b, c, d, e = ns.sdr.random_codes(5, 512, 20, rng=np.random.default_rng(0))
    >>> memory = TemporalMemory(512, 8)
    >>> state = memory.init(seed=1)
    >>> for _ in range(10):
    ...     for sequence in ([a, b, c], [d, b, e]):
    ...         memory.reset(state)
    ...         anomalies = []
    ...         for code in sequence:
    ...             active = memory.compute(state, code)
    ...             anomalies.append(state.anomaly)
    >>> anomalies, len(active)
    ([1.0, 0.0, 0.0], 20)
    >>> memory.reset(state)
    >>> for code in (a, b):
    ...     active = memory.compute(state, code, learn=False)
    >>> memory.predicted_columns(state) == c
    True
    """

    columns: int = 2048
    cells: int = 32
    activation_threshold: int = field(default=13, kw_only=True)
    min_threshold: int = field(default=10, kw_only=True)
    max_new: int = field(default=20, kw_only=True)
    initial: float = field(default=0.21, kw_only=True)
    connected: float = field(default=0.5, kw_only=True)
    increment: float = field(default=0.10, kw_only=True)
    decrement: float = field(default=0.10, kw_only=True)
    punishment: float = field(default=0.0, kw_only=True)
    max_segments: int = field(default=255, kw_only=True)
    max_synapses: int = field(default=255, kw_only=True)

    def __post_init__(self) -> None:
        checked_size("columns", self.columns)
        for name in ("cells", "activation_threshold", "min_threshold", "max_new", "max_segments", "max_synapses"):
            whole(name, getattr(self, name), 1)
        checked_size("columns * cells", self.n_cells)
        _at_most("max_synapses", self.max_synapses, "what fits 8 bits", LARGEST_SYNAPSES)
        _at_most("max_new", self.max_new, "max_synapses", self.max_synapses)
        _at_most("activation_threshold", self.activation_threshold, "max_synapses", self.max_synapses)
        _at_most("min_threshold", self.min_threshold, "activation_threshold", self.activation_threshold)
        _at_most("min_threshold", self.min_threshold, "max_new", self.max_new)
        for name in ("initial", "connected", "increment", "decrement", "punishment"):
            checked_permanence(name, getattr(self, name), positive=name in ("initial", "connected"))

    @property
    def n_cells(self) -> int:
        """Cells of all columns."""
        return self.columns * self.cells

    def init(self, *, seed: int) -> TemporalMemoryState:
        """Return the state of a memory that knows nothing.

        Raises
        ------
        MemoryError
            If it would not fit into memory.
        """
        from neurosim.kernels._synapses import FIRST, ITEM_TOP, MADE, MATCHING, N_NUMBERS, PREDICTED, SYNAPSES, TOP

        _refuse(_BYTES_OF_A_CELL * self.n_cells, f"{self.n_cells:,} cells")
        lists, numbers, none = np.zeros((self.n_cells, 5), np.int32), np.full(N_NUMBERS, -1, np.int64), np.zeros(0, np.int32)
        lists[:, FIRST] = -1
        numbers[[MADE, SYNAPSES, TOP, ITEM_TOP, MATCHING, PREDICTED]] = 0
        tables = {
            "segments": np.zeros((64, 5), np.int32),
            "cells": np.zeros(1024, np.int32),
            "permanences": np.zeros(1024, np.int16),
            "places": np.zeros(1024, np.int32),
            "items": np.zeros(1024, np.int32),
            "lists": lists,
            "bits": np.zeros((3, words_of(self.n_cells)), np.uint64),
            "numbers": numbers,
        }
        return TemporalMemoryState(
            none, none.copy(), tables, np.zeros(64, np.uint16), np.zeros((65, 2), np.int32), 0.0, 0, checked_seed(seed)
        )

    def compute(self, state: TemporalMemoryState, columns: Code | npt.ArrayLike, learn: bool = True) -> Code:
        """Read one code: activate cells, learn, predict.

        Parameters
        ----------
        state : TemporalMemoryState
            Changed.
        columns : Code or array_like of int
            The active columns, rising.
        learn : bool
            Whether segments change.

        Returns
        -------
        Code
            The active cells, of `n_cells`.

        Raises
        ------
        ValueError
            If `columns` is of another size, or not rising, or the state of a memory of another size.
        MemoryError
            If what the memory learns no longer fits; the state is as before.
        """
        advance, tables, hits = _step()
        self._check(state)
        units = frozen(indices_of("columns", columns, self.columns))
        active, winners = np.empty((2, units.size * self.cells), np.int32)
        rest = self._rule, units, state.winners, active, winners, np.uint64(state.seed), np.uint64(state.tick), bool(learn)
        n_active, n_winners = advance(tables(state.tables.values()), state.counts, state.matching, *rest)
        if n_active < 0:
            self._make_room(state, units.size)
            n_active, n_winners = advance(tables(state.tables.values()), state.counts, state.matching, *rest)
        state.active, state.winners = active[:n_active].copy(), winners[:n_winners].copy()
        state.anomaly = 1.0 - int(state.tables["numbers"][hits]) / units.size if units.size else 0.0
        state.tick += 1
        return trusted(state.active.copy(), self.n_cells)

    def predictive_cells(self, state: TemporalMemoryState) -> Code:
        """Return the cells that have an active segment: they will be active if their column is in the next input."""
        from neurosim.kernels._synapses import CELL, MATCHING

        found = state.matching[: state.tables["numbers"][MATCHING]]
        segments = found[found[:, 1] >> 8 >= self.activation_threshold, 0]
        return trusted(np.unique(state.tables["segments"][segments, CELL]), self.n_cells)

    def predicted_columns(self, state: TemporalMemoryState) -> Code:
        """Return the columns with predictive cells: what the next input should be."""
        return trusted(np.unique(self.predictive_cells(state).indices // np.int32(self.cells)), self.columns)

    def reset(self, state: TemporalMemoryState) -> None:
        """Forget the last input: the next one begins a sequence. What was learned stays."""
        from neurosim.kernels._synapses import ACTIVE, MATCHING

        state.tables["bits"][ACTIVE] = 0
        state.tables["numbers"][MATCHING] = 0
        state.active, state.winners = state.active[:0].copy(), state.winners[:0].copy()

    def kill(self, state: TemporalMemoryState, cells: Code | npt.ArrayLike) -> None:
        """Let cells die: they lose their segments, and are never active again.

        Parameters
        ----------
        state : TemporalMemoryState
            Changed.
        cells : Code or array_like of int
            Of `n_cells`.
        """
        from neurosim.kernels.temporal_memory import kill

        self._check(state)
        units = frozen(indices_of("cells", cells, self.n_cells))
        state.active = np.setdiff1d(state.active, units, assume_unique=True)
        state.winners = np.setdiff1d(state.winners, units, assume_unique=True)
        kill(tables_of(state), state.counts, state.matching, self.min_threshold, units, state.active)

    def n_segments(self, state: TemporalMemoryState) -> int:
        """Return the number of segments."""
        from neurosim.kernels._synapses import N_SEGMENTS

        return int(state.tables["lists"][:, N_SEGMENTS].sum())

    def n_synapses(self, state: TemporalMemoryState) -> int:
        """Return the number of synapses."""
        from neurosim.kernels._synapses import SYNAPSES

        return int(state.tables["numbers"][SYNAPSES])

    def segments(self, state: TemporalMemoryState, cell: int) -> list[tuple[Code, npt.NDArray[np.float64]]]:
        """Return the segments of a cell, newest first: presynaptic cells, and the permanences of their synapses.

        Examples
        --------
        >>> memory = TemporalMemory(4, 1, activation_threshold=2, min_threshold=2, initial=0.25)
        >>> state = memory.init(seed=1)
        >>> for columns in ([0, 1], [2]):
        ...     _ = memory.compute(state, columns)
        >>> memory.segments(state, 2)
        [(Code([0, 1], 4), array([0.25, 0.25]))]
        """
        from neurosim.kernels._synapses import FIRST, LENGTH, NEXT, START

        if not 0 <= whole("cell", cell, 0) < self.n_cells:
            raise ValueError(f"cell must lie in 0 ... {self.n_cells - 1}, got {cell}")
        rows, found, segment = state.tables["segments"], [], state.tables["lists"][cell, FIRST]
        while segment >= 0:
            at = slice(rows[segment, START], rows[segment, START] + rows[segment, LENGTH])
            order = np.argsort(state.tables["cells"][at])
            permanences = np.round(state.tables["permanences"][at][order] / FULL, 4)
            found.append((trusted(state.tables["cells"][at][order], self.n_cells), permanences))
            segment = rows[segment, NEXT]
        return found

    def _check(self, state: TemporalMemoryState) -> None:
        check_kind(state, TemporalMemoryState)
        check_sizes(cells=(len(state.tables["lists"]), self.n_cells))

    @cached_property
    def _rule(self) -> Any:
        from neurosim.kernels.temporal_memory import Rule

        return Rule(
            cells=self.cells,
            activation=self.activation_threshold,
            least=self.min_threshold,
            max_new=self.max_new,
            initial=fixed(self.initial),
            connected=fixed(self.connected),
            increment=fixed(self.increment),
            decrement=fixed(self.decrement),
            punishment=fixed(self.punishment),
            max_segments=self.max_segments,
            max_synapses=self.max_synapses,
        )

    def _make_room(self, state: TemporalMemoryState, n_columns: int) -> None:
        """Double the tables that might not have room for a step; all or none, and none where they would not fit."""
        from neurosim.kernels.temporal_memory import room_needed

        needed = room_needed(tables_of(state), state.matching, self._rule, n_columns, state.winners)
        room = {}
        for name, least in zip(_GROW, needed, strict=True):
            if least > (rows := len(state.tables[name])):
                room[name] = min(max(2 * rows, int(least)), _GROW[name][0])
                if least > room[name]:
                    raise MemoryError(f"the temporal memory would need room for {least:,} {name}, more than {room[name]:,}")
        grown = {part: rows for name, rows in room.items() for part in _GROW[name][1]}
        _refuse(sum(rows * state.tables[part][:1].nbytes for part, rows in grown.items()), f"{self.n_synapses(state):,} synapses")
        state.tables.update({part: _grown(state.tables[part], rows) for part, rows in grown.items()})
        if "segments" in room:
            state.counts, state.matching = np.zeros(room["segments"], np.uint16), _grown(state.matching, room["segments"] + 1)


@cache
def _step() -> tuple[Any, Any, int]:
    """Return the kernel of a step, what makes tables of arrays, and where the number of predicted columns stands; imported once."""
    from neurosim.kernels._synapses import PREDICTED, Tables
    from neurosim.kernels.temporal_memory import advance

    return advance, Tables._make, PREDICTED


def tables_of(state: TemporalMemoryState) -> Tables:
    """Return the tables of a state as a kernel takes them."""
    from neurosim.kernels._synapses import Tables

    return Tables._make(state.tables.values())


def frozen(indices: Array) -> Array:
    """Return a read-only view, so that a kernel is compiled for this type of array only.

    Examples
    --------
    >>> frozen(np.zeros(2, np.int32)).flags.writeable
    False
    """
    if indices.flags.writeable:
        indices = indices.view()
        indices.setflags(write=False)
    return indices


def _at_most(name: str, value: int, what: str, limit: int) -> None:
    if value > limit:
        raise ValueError(f"{name} must be at most {what} = {limit}, got {value}")


def _grown(array: Array, rows: int) -> Array:
    new = np.zeros((rows, *array.shape[1:]), array.dtype)
    new[: len(array)] = array
    return new


def _refuse(wanted: int, what: str) -> None:
    if wanted > (free := free_memory()):
        told = f"tables of the temporal memory with {what} would take {_size(wanted)}, {_size(free)} are free"
        hint = "take fewer cells, a smaller max_new, max_segments or max_synapses, or a punishment, which removes segments"
        raise with_hint(MemoryError(told), hint)


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.0f} MiB" if n_bytes >= 2**20 else f"{n_bytes / 2**10:,.0f} KiB"
