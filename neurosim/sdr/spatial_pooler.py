r"""Spatial pooler: columns that compete for the input, and learn what they win with.

**Model.** Column c can reach some of the inputs, and has a *permanence* :math:`0 \le p_{ci} \le 1` for each of them. A synapse counts from
the permanence :math:`\theta_p` on. In a step with the input code :math:`x_i`,

.. math::
    o_c = \sum_i [\,p_{ci} \ge \theta_p\,] \, x_i, \qquad b_c = e^{\beta (\bar a_c - a_c)}, \qquad
    c \text{ wins if } b_c o_c \ge \theta_s \text{ is among the } \lfloor s N_c \rfloor \text{ largest of its } N_c \text{ neighbours.}

Under *global* inhibition all columns are neighbours, under *local* inhibition those within a radius on the grid of columns. Winners learn:

.. math:: p_{ci} \leftarrow \min\bigl(1, p_{ci} + \eta_+\bigr) \text{ if } x_i = 1, \qquad
          p_{ci} \leftarrow \max\bigl(0, p_{ci} - \eta_-\bigr) \text{ else.}

**Homeostasis.** Each column keeps two moving averages over T steps, its *duty cycles*: :math:`a_c`, how often it wins, and :math:`e_c`, how
often its overlap is at least :math:`\max(1, \theta_s)`. Boosting favours columns that win more seldom than the target :math:`\bar a_c`, the
density s, or locally the mean of the neighbours; it is off where :math:`\beta = 0`. A column whose :math:`e_c` lies below a thousandth of
the largest one among its neighbours is *weak*: all its permanences rise by :math:`\theta_p / 10` in each step.

**Topology.** Where inputs and columns are grids of as many axes, a column reaches the inputs within a radius of its place. The radius of
local inhibition is how far the connected inputs of columns spread, measured every 50 steps.

=============  ==================================================  ==============================
Symbol         Meaning                                             Parameter
=============  ==================================================  ==============================
θ_p            permanence from which a synapse counts              `connected`
η₊, η₋         steps of learning                                   `increment`, `decrement`
s              share of the columns that win                       `density`
θ_s            overlap needed to win                               `stimulus_threshold`
β              strength of boosting                                `boost`
T              period of the duty cycles                           `duty_period`
=============  ==================================================  ==============================

Sources: Y. Cui, S. Ahmad & J. Hawkins, "The HTM spatial pooler: a neocortical algorithm for online sparse distributed coding", Front.
Comput. Neurosci. 11, 111 (2017), of which the abstract was read; htm.core, ``SpatialPooler.cpp``, for the order of events and the numbers.
Differs from the code in: permanences are whole multiples of 1/32767, steps are rounded once; of equal columns the last one wins, also
locally; duty cycles average learning steps alone; a grid that wraps is measured from the centre of each column; overlap duty asks for the
stimulus threshold, in place of raising permanences until enough synapses are connected; places are rounded down also locally, to 1 or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import nearest, with_hint
from neurosim.noise import checked_seed
from neurosim.sdr._permanences import FULL, checked_permanence, fixed
from neurosim.sdr._states import check_kind, check_sizes
from neurosim.sdr.codes import Code, checked_size, indices_of, trusted

Shape = int | tuple[int, ...]

INHIBITION = ("global", "local")
EVERY = 50
"""Learning steps between two measurements of what counts as weak, and of the radius of inhibition."""
LEAST_ROWS = 0.2
"""Share of the inputs that a column can reach from which permanences are held for all inputs: learning is as quick either way."""
MOST_BOOST = 50.0


@dataclass
class SpatialPoolerState:
    """What changes in a spatial pooler.

    Attributes
    ----------
    permanences : ndarray of int16, shape (n_columns, n)
        In 1/32767; -1 where there can be no synapse.
    reach : ndarray of int32, shape (n_columns, n) or (n_columns, 0)
        The input of each permanence, rising; without entries where there is a permanence for each input.
    connected : ndarray of uint64, shape (n_inputs + 1, words)
        Bit ``c & 63`` of ``connected[i, c >> 6]``: is input i connected to column c?
    overlap_duty, active_duty, minimum_duty : ndarray of float32, shape (n_columns,)
        How often overlap was sufficient, how often the column won, and below which overlap duty it is weak.
    radius : int
        Of local inhibition, in columns.
    learned, tick : int
        Steps with learning, and all steps.
    seed : int
    """

    permanences: npt.NDArray[np.int16]
    reach: npt.NDArray[np.int32]
    connected: npt.NDArray[np.uint64]
    overlap_duty: npt.NDArray[np.float32]
    active_duty: npt.NDArray[np.float32]
    minimum_duty: npt.NDArray[np.float32]
    radius: int
    learned: int
    tick: int
    seed: int


@dataclass(frozen=True)
class SpatialPooler:
    """Spatial pooler: a code of inputs in, a code of columns of fixed density out.

    Parameters
    ----------
    inputs, columns : int or tuple of int
        How many, or the shapes of their grids.
    potential_fraction : float
        Share of the inputs within the radius that a column can reach, above 0 and at most 1.
    potential_radius : int, optional
        Along every axis of the grid of inputs; by default a column can reach all over it.
    density : float
        Share of the columns that win, above 0 and below 1.
    inhibition : {"global", "local"}
    stimulus_threshold : int
        Overlap needed to win, at least 0.
    increment, decrement : float
        Steps of permanences, in 0 ... 1.
    connected : float
        Permanence from which a synapse counts, above 0 and below 1.
    boost : float
        Strength of boosting, in 0 ... 50; 0 is none.
    duty_period : int
        Steps that duty cycles average, at least 1.
    minimum_duty : float
        A column is weak below this share of the largest overlap duty, in 0 ... 1.
    wrap : bool
        Whether opposite borders of the grids touch.

    Attributes
    ----------
    n_inputs, n_columns : int

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range.

    References
    ----------
    Y. Cui, S. Ahmad & J. Hawkins, Front. Comput. Neurosci. 11, 111 (2017).

    Examples
    --------
    >>> from neurosim.sdr.codes import corrupt, overlap, random_codes
    >>> rng = np.random.default_rng(1)
    >>> pooler, inputs = SpatialPooler(1000, 1024), random_codes(20, 1000, 50, rng=rng)
    >>> state = pooler.init(seed=7)
    >>> for _ in range(20):
    ...     codes = [pooler.compute(state, code) for code in inputs]
    >>> state.tick, len(codes[0])
    (400, 20)
    >>> noisy = pooler.compute(state, corrupt(inputs[0], 0.2, rng=rng), learn=False)
    >>> overlap(codes[0], noisy) >= 17                                # learned inputs are recognised through noise
    True
    """

    inputs: Shape
    columns: Shape
    potential_fraction: float = 0.5
    potential_radius: int | None = None
    density: float = 0.02
    inhibition: str = "global"
    stimulus_threshold: int = 0
    increment: float = 0.05
    decrement: float = 0.008
    connected: float = 0.1
    boost: float = 0.0
    duty_period: int = 1000
    minimum_duty: float = 0.001
    wrap: bool = True

    def __post_init__(self) -> None:
        shapes = _checked_shape("inputs", self.inputs), _checked_shape("columns", self.columns)
        _share("potential_fraction", self.potential_fraction, zero=False)
        _share("density", self.density, zero=False, one=False)
        _share("connected", self.connected, zero=False, one=False)
        _share("minimum_duty", self.minimum_duty)
        for name in ("increment", "decrement"):
            checked_permanence(name, getattr(self, name))
        whole("stimulus_threshold", self.stimulus_threshold, 0)
        whole("duty_period", self.duty_period, 1)
        if real("boost", self.boost, least=0) > MOST_BOOST:
            raise ValueError(f"boost must lie in 0 ... {MOST_BOOST:g}, got {self.boost}")
        if self.inhibition not in INHIBITION:
            error = ValueError(f"inhibition must be one of {', '.join(INHIBITION)}; got {self.inhibition!r}")
            raise with_hint(error, nearest(str(self.inhibition), INHIBITION))
        self._check_grids(*shapes)

    def _check_grids(self, inputs: tuple[int, ...], columns: tuple[int, ...]) -> None:
        if self.potential_radius is not None:
            whole("potential_radius", self.potential_radius, 0)
        if (self.potential_radius is not None or self.inhibition == "local") and len(inputs) != len(columns):
            error = ValueError(f"inputs and columns must be grids of as many axes, got {inputs} and {columns}")
            raise with_hint(error, "a radius, and local inhibition, need to know which inputs lie below a column")
        if self.inhibition == "global" and self.places < 1:
            error = ValueError(f"density must leave a winner: {self.density} of {math.prod(columns)} columns is less than one")
            raise with_hint(error, f"choose at least {1 / math.prod(columns):.3g}")

    # --- what follows from the parameters -------------------------------------------------------------------------------------

    @cached_property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return math.prod(_checked_shape("inputs", self.inputs))

    @cached_property
    def n_columns(self) -> int:
        """Number of columns."""
        return math.prod(_checked_shape("columns", self.columns))

    @cached_property
    def places(self) -> int:
        """Columns that win under global inhibition."""
        return int(self.density * self.n_columns + 1e-9)

    @cached_property
    def _grids(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Shapes of the inputs and of the columns, of as many axes, and the input below each column."""
        shapes = _checked_shape("inputs", self.inputs), _checked_shape("columns", self.columns)
        if len(shapes[0]) != len(shapes[1]):
            shapes = (self.n_inputs,), (self.n_columns,)
        inputs, columns = (np.array(shape, np.int64) for shape in shapes)
        places = np.indices(shapes[1]).reshape(len(columns), -1)
        below = ((places + 0.5) * (inputs / columns)[:, None]).astype(np.int64)
        return inputs, columns, np.asarray(np.ravel_multi_index(tuple(below), shapes[0]), np.int64)

    @cached_property
    def _reaches(self) -> int:
        """Inputs within the radius of a column, at most."""
        sides = np.minimum(self._grids[0], 2 * self._radius + 1)
        return max(1, int(self.potential_fraction * int(np.prod(sides)) + 0.5))

    @cached_property
    def _radius(self) -> int:
        widest = int(self._grids[0].max())
        return widest if self.potential_radius is None else min(self.potential_radius, widest)

    @cached_property
    def _steps(self) -> tuple[int, int, int, int]:
        """Threshold, increment, decrement and the step of weak columns, in whole numbers."""
        return fixed(self.connected), fixed(self.increment), fixed(self.decrement), fixed(self.connected / 10)

    # --- running --------------------------------------------------------------------------------------------------------------

    def init(self, *, seed: int = 0) -> SpatialPoolerState:
        """Draw which inputs each column can reach, and the first permanences: half of them connected, uniform on either side.

        Parameters
        ----------
        seed : int
            Chooses both.

        Returns
        -------
        SpatialPoolerState

        Raises
        ------
        MemoryError
            If the permanences would not fit.
        """
        from neurosim.kernels._rows import empty_bits
        from neurosim.kernels.spatial_pooler import draw_columns

        seed, (inputs, _, centres), n = checked_seed(seed), self._grids, self.n_columns
        in_rows = self._reaches >= LEAST_ROWS * self.n_inputs
        self._refuse_if_too_large(in_rows)
        width = -(-(self.n_inputs if in_rows else self._reaches) // 64) * 64
        permanences, reach = np.full((n, width), -1, np.int16), np.zeros((n, 0 if in_rows else width), np.int32)
        connected = empty_bits(self.n_inputs, n)
        how = self._radius, bool(self.wrap), float(self.potential_fraction), self._steps[0], np.uint64(seed)
        draw_columns(permanences, reach, connected, inputs, centres, *how)
        duties = [np.zeros(n, np.float32) for _ in range(3)]
        state = SpatialPoolerState(permanences, reach, connected, *duties, radius=0, learned=0, tick=0, seed=seed)
        state.radius = self._inhibition_radius(state)
        return state

    def _refuse_if_too_large(self, in_rows: bool) -> None:
        from neurosim.memory import free_memory

        wanted = self.n_columns * (2 * self.n_inputs if in_rows else 6 * self._reaches) + self.n_inputs * (self.n_columns / 8)
        if wanted > (free := free_memory()):
            error = MemoryError(
                f"{self.n_columns:,} columns of {self.n_inputs:,} inputs take {wanted / 1e9:.3g} GB, {free / 1e9:.3g} are free"
            )
            raise with_hint(error, "choose fewer columns or inputs, or a smaller potential_fraction or potential_radius")

    def compute(self, state: SpatialPoolerState, code: Code | npt.ArrayLike, learn: bool = True) -> Code:
        """Read one input and return the columns that win.

        Parameters
        ----------
        state : SpatialPoolerState
            Changed in place; without learning, only its tick is.
        code : Code or array_like of int
            Active inputs, of size `n_inputs`; rising where it is no Code.
        learn : bool

        Returns
        -------
        Code
            Of size `n_columns`.
        """
        active, overlaps = self._counted(state, code)
        winners = self._winners(state, overlaps)
        state.tick += 1
        if learn:
            self._learn(state, active, overlaps, winners)
        return trusted(winners, self.n_columns)

    def overlaps(self, state: SpatialPoolerState, code: Code | npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return how many active inputs each column is connected to, shape (n_columns,); nothing changes."""
        return self._counted(state, code)[1]

    def _counted(self, state: SpatialPoolerState, code: Any) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
        from neurosim.kernels.spatial_pooler import count_overlaps

        self._check_state(state)
        active = indices_of("code", code, self.n_inputs).astype(np.uint32)
        overlaps = np.empty(self.n_columns, np.int32)
        count_overlaps(state.connected, active, overlaps)
        return active, overlaps

    def _winners(self, state: SpatialPoolerState, overlaps: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        from neurosim.kernels.spatial_pooler import boost_overlaps, pick_global, pick_local

        keys, least = overlaps, self.stimulus_threshold
        if self.boost:
            keys, least = np.empty_like(overlaps), int(np.float32(least).view(np.int32))
            boost_overlaps(overlaps, state.active_duty, self._targets(state), float(self.boost), keys)
        winners = np.empty(self.n_columns, np.int32)
        if self.inhibition == "global":
            n = pick_global(keys, self.places, least, winners)
        else:
            n = pick_local(keys, self._grids[1], state.radius, bool(self.wrap), self.density, least, winners)
        return winners[:n].copy()

    def _targets(self, state: SpatialPoolerState) -> npt.NDArray[np.float64]:
        """Duty cycles of activity that boosting aims at."""
        from neurosim.kernels.spatial_pooler import local_means

        if self.inhibition == "global":
            return np.array([self.density])
        local_means(state.active_duty, self._grids[1], state.radius, bool(self.wrap), means := np.empty(self.n_columns))
        return means

    def _learn(self, state: SpatialPoolerState, active: Any, overlaps: Any, winners: Any) -> None:
        from neurosim.kernels.spatial_pooler import adapt

        state.learned += 1
        period, least = min(self.duty_period, state.learned), max(1, self.stimulus_threshold)
        duties = state.overlap_duty, state.active_duty, state.minimum_duty
        adapt(state.permanences, state.reach, state.connected, active, overlaps, winners, *duties, least, period, *self._steps)
        if state.learned % EVERY == 0:
            state.radius = self._inhibition_radius(state)
            self._set_minimum_duty(state)

    def _set_minimum_duty(self, state: SpatialPoolerState) -> None:
        from neurosim.kernels.spatial_pooler import local_maxima

        if self.inhibition == "global":
            state.minimum_duty[:] = np.float32(self.minimum_duty) * state.overlap_duty.max()
        else:
            local_maxima(state.overlap_duty, self._grids[1], state.radius, bool(self.wrap), float(self.minimum_duty), state.minimum_duty)

    def _inhibition_radius(self, state: SpatialPoolerState) -> int:
        """Half the mean spread of connected inputs, in columns; at least 1."""
        from neurosim.kernels.spatial_pooler import connected_span

        inputs, columns, centres = self._grids
        if self.inhibition == "global":
            return int(columns.max())
        total = connected_span(state.connected, inputs, centres, self._radius, bool(self.wrap))
        diameter = total / (len(inputs) * self.n_columns) * float(np.mean(columns / inputs))
        return max(1, int((diameter - 1) / 2 + 0.5))

    # --- looking --------------------------------------------------------------------------------------------------------------

    def receptive_field(self, state: SpatialPoolerState, column: int) -> Code:
        """Return the inputs that a column is connected to."""
        word, bit = divmod(self._checked_column(state, column), 64)
        mask = (state.connected[:-1, word] >> np.uint64(bit)) & np.uint64(1)
        return trusted(np.flatnonzero(mask).astype(np.int32), self.n_inputs)

    def permanences(self, state: SpatialPoolerState, column: int) -> npt.NDArray[np.float64]:
        """Return the permanences of a column, in 0 ... 1, shape (n_inputs,); NaN for inputs that it cannot reach."""
        row = state.permanences[self._checked_column(state, column)]
        values, held = np.full(self.n_inputs, np.nan), np.flatnonzero(row >= 0)
        values[state.reach[column, held] if state.reach.size else held] = row[held] / FULL
        return values

    def boosts(self, state: SpatialPoolerState) -> npt.NDArray[np.float64]:
        """Return the factors by which overlaps are multiplied in the next step, shape (n_columns,)."""
        self._check_state(state)
        return np.exp(self.boost * (self._targets(state) - state.active_duty))

    def _checked_column(self, state: SpatialPoolerState, column: int) -> int:
        self._check_state(state)
        if whole("column", column, 0) >= self.n_columns:
            raise ValueError(f"column must lie in 0 ... {self.n_columns - 1}, got {column}")
        return int(column)

    def _check_state(self, state: SpatialPoolerState) -> None:
        check_kind(state, SpatialPoolerState)
        check_sizes(inputs=(len(state.connected) - 1, self.n_inputs), columns=(len(state.active_duty), self.n_columns))


def _checked_shape(name: str, shape: Shape) -> tuple[int, ...]:
    sides = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not sides:
        raise ValueError(f"{name} must be a number or a shape, got {shape!r}")
    checked_size(name, math.prod(whole(name, side, 1) for side in sides))
    return sides


def _share(name: str, value: float, *, zero: bool = True, one: bool = True) -> None:
    """Refuse what is no share, and the ends where they make no sense."""
    number = real(name, value)
    if not 0 <= number <= 1 or (number == 0 and not zero) or (number == 1 and not one):
        raise ValueError(f"{name} must be {'at least' if zero else 'above'} 0 and {'at most' if one else 'below'} 1, got {value}")
