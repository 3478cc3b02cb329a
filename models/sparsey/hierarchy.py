r"""Levels of macs over images: overlapping fields, codes that persist, recall of sequences.

**Structure.** The first level looks at the pixels of a frame, each higher level at the codes of the macs below. All macs of a level are
alike (:class:`~neurosim.sdr.code_selection.CodeSelection`) and look at fields of one size (:mod:`models.sparsey.fields`). A mac is active
if enough, and not too many, of the places in its field are: pixels, or macs that have a code.

**Time.** A tick is a frame. Levels are served from below, so that one frame reaches the top within its tick. Horizontal signals are the
mac's own code of its last selection; top-down signals are the codes that the macs above had at the last tick. A code *persists* for a
number of ticks, during which its mac selects no other; where persistence doubles from level to level, a code above is linked top-down to
two successive codes below, which chunks time.

**Backing off.** Support is a product: a wrong code at one moment starves the right one of the next, and with a new frame nothing that was
linked to old ones fits. In recognition a mac whose familiarity by all signals is below a level's `backoff` tries again without top-down,
then without horizontal signals, then with the frame alone.

**Recall.** After a few frames the input is taken away. Each mac then selects the units that its horizontal and top-down signals support
best, and falls silent if that is less than a least familiarity. The pixels that a code stands for are read back through the bottom-up
weights: pixel p of a mac by the part of its winners that p has a weight to, averaged over the macs that see p and have a code,

.. math:: \hat x_p = \Bigl\langle \frac1Q \sum_q w_{\sigma_q p} \Bigr\rangle .

Source: G. J. Rinkus, "Sparsey: event recognition via deep hierarchical sparse distributed codes", Front. Comput. Neurosci. 8, 160 (2014);
its abstract was read, persistence and the roles of the three projections are as remembered. Differs from the paper in: horizontal signals
come from the mac itself alone; a persisting code learns bottom-up only on the tick on which it was selected; reading back takes an
average.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.sparsey.fields import Pair, Places, grid_fields, grid_of, parents_of
from models.sparsey.level import Level
from models.sparsey.tables import Winners, codes_of_winners, restricted
from neurosim import noise
from neurosim.checks import real
from neurosim.errors import with_hint
from neurosim.sdr.code_selection import CodeSelection, MacState
from neurosim.sdr.codes import Code, Codes, indices_of

Units = npt.NDArray[np.bool_]


class Signal(NamedTuple):
    """Active units, numbered from 0, and how strongly each sends; None where all do with strength 1."""

    active: npt.NDArray[np.int32]
    strengths: npt.NDArray[np.float64] | None


class Sent(NamedTuple):
    """What the places of a grid send: a row of units for each, true for active ones, and a strength for each."""

    units: Units
    strengths: npt.NDArray[np.float64]

    def at(self, places: Places) -> Signal:
        """Return the signal of some places."""
        active = np.flatnonzero(self.units[places]).astype(np.int32)
        strengths = self.strengths[places]
        return Signal(active, None if (strengths == 1.0).all() else strengths[active // self.units.shape[1]])


@dataclass
class HierarchyState:
    """State of a hierarchy.

    Attributes
    ----------
    macs : list of lists of MacState
        By level, then by mac.
    ages : list of ndarray of int32, each of shape (macs,)
        Ticks that each mac's code has lasted, 0 without a code.
    tick, seed : int
    """

    macs: list[list[MacState]]
    ages: list[npt.NDArray[np.int32]]
    tick: int
    seed: int


@dataclass(frozen=True)
class Hierarchy:
    """Levels of macs over the pixels of frames.

    Parameters
    ----------
    shape : tuple of two ints
        Rows and columns of a frame.
    levels : tuple of Level
        From below; at least one.

    Attributes
    ----------
    grids : tuple of pairs
        Rows and columns of macs on each level.
    size : int
        Units of the top level, the size of the codes that :meth:`compute` returns.

    Raises
    ------
    TypeError, ValueError
        If fields do not cover what lies below, or the top level wants feedback.

    Examples
    --------
    Two levels that see a bar move to the right, and see it again:

    >>> below = Level((4, 4), (2, 2), modules=6, units=8, horizontal=True)
    >>> above = Level((3, 3), (3, 3), modules=12, units=16, horizontal=True, persistence=2)
    >>> model = Hierarchy((8, 8), (below, above))
    >>> model.grids, model.size
    (((3, 3), (1, 1)), 192)
    >>> frames = [np.eye(8, dtype=bool)[[column] * 8].T for column in range(8)]
    >>> frames = [Code.from_dense(frame.reshape(-1)) for frame in frames]
    >>> state = model.init(seed=1)
    >>> stored = [model.compute(state, frame) for frame in frames]
    >>> model.reset(state)
    >>> [model.compute(state, frame, learn=False) == code for frame, code in zip(frames, stored)]
    [True, True, True, True, True, True, True, True]
    >>> stored[0] == stored[1], stored[1] == stored[2]                   # codes above last for two frames
    (True, False)
    """

    shape: Pair
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.levels, tuple) or not self.levels or not all(isinstance(level, Level) for level in self.levels):
            raise TypeError(f"levels must be a tuple of Level, at least one, got {self.levels!r}")
        if self.levels[-1].feedback:
            raise with_hint(ValueError("feedback of the top level must be False: nothing lies above it"), "add a level, or take it away")
        _ = self.macs

    @cached_property
    def grids(self) -> tuple[Pair, ...]:
        """Rows and columns of macs on each level."""
        grids = [self.shape]
        for number, level in enumerate(self.levels):
            try:
                grids.append(grid_of(grids[-1], level.field, level.stride))
            except ValueError as error:
                raise with_hint(error, f"this is level {number} of {len(self.levels)}, which lies on a grid of {grids[-1]}") from None
        return tuple(grids[1:])

    @cached_property
    def fields(self) -> tuple[list[Places], ...]:
        """Places below that each mac of each level sees."""
        shapes = [self.shape, *self.grids]
        return tuple(grid_fields(shape, level.field, level.stride) for shape, level in zip(shapes, self.levels, strict=False))

    @cached_property
    def macs(self) -> tuple[list[CodeSelection], ...]:
        """The macs of each level."""
        sizes = [1, *(level.modules * level.units for level in self.levels)]
        signals = [1, *(level.modules for level in self.levels)]
        rows = []
        for number, level in enumerate(self.levels):
            places = level.field[0] * level.field[1] * sizes[number]
            above = [len(parents) * sizes[number + 2] if level.feedback else 0 for parents in self._parents[number]]
            rows.append([level.mac(places, signals[number], units) for units in above])
        return tuple(rows)

    @cached_property
    def _parents(self) -> tuple[list[Places], ...]:
        """Macs of the level above that see each mac; none see the top level."""
        below = [len(fields) for fields in self.fields]
        seen = [parents_of(fields, n) for fields, n in zip(self.fields[1:], below, strict=False)]
        return (*seen, [np.zeros(0, np.int32)] * below[-1])

    @cached_property
    def _left_alone(self) -> tuple[list[CodeSelection], ...]:
        """The same macs, which need no input."""
        return tuple([replace(mac, least_active=0, most_active=None) for mac in level] for level in self.macs)

    @property
    def size(self) -> int:
        """Units of the top level."""
        return len(self.fields[-1]) * self.macs[-1][0].size

    @property
    def n_weights(self) -> int:
        """Weights of all macs."""
        return sum(mac.n_weights for level in self.macs for mac in level)

    # --- running --------------------------------------------------------------------------------------------------------------

    def init(self, *, seed: int = 0) -> HierarchyState:
        """Return the state of a hierarchy that has learnt nothing."""
        seeds = iter(noise.spawn(noise.checked_seed(seed), sum(map(len, self.macs))).tolist())
        macs = [[mac.init(seed=next(seeds)) for mac in level] for level in self.macs]
        return HierarchyState(macs, [np.zeros(len(level), np.int32) for level in self.macs], 0, seed)

    def compute(self, state: HierarchyState, code: Code | npt.ArrayLike, learn: bool = True) -> Code:
        """Show one frame to all levels.

        Parameters
        ----------
        state : HierarchyState
            Changed in place; its tick advances by one.
        code : Code or array_like of int
            Active pixels, row * columns + column.
        learn : bool
            Whether macs set weights, and draw their winners.

        Returns
        -------
        Code
            Active units of the top level.
        """
        active = np.zeros(self.shape[0] * self.shape[1], bool)
        active[indices_of("code", code, active.size)] = True
        return self._tick(state, active[:, None], self.macs, learn, 0.0)

    def recall(self, state: HierarchyState, *, least: float = 0.0) -> Code:
        """Let one tick pass without a frame: macs follow their horizontal and top-down signals, and learn nothing.

        Parameters
        ----------
        state : HierarchyState
            Changed in place; its tick advances by one.
        least : float
            Macs of less familiarity fall silent; in 0 ... 1.

        Returns
        -------
        Code
            Active units of the top level.
        """
        if not 0 <= real("least", least) <= 1:
            raise ValueError(f"least must lie in 0 ... 1, got {least}")
        dark = np.zeros((self.shape[0] * self.shape[1], 1), bool)
        return self._tick(state, dark, self._left_alone, False, least)

    def _tick(self, state: HierarchyState, frame: Units, macs: tuple[list[CodeSelection], ...], learn: bool, least: float) -> Code:
        """Serve all levels from below; `frame` has a row for each pixel."""
        before = [Sent(frame, np.ones(len(frame))), *(self._sent(state, number) for number in range(len(self.levels)))]
        now = before.copy()
        for number, level in enumerate(self.levels):
            ages = state.ages[number]
            for place, (mac, part) in enumerate(zip(macs[number], state.macs[number], strict=True)):
                if 0 < ages[place] < level.persistence:
                    ages[place] += 1
                    continue
                signals = {"inputs": now[number].at(self.fields[number][place])}
                if level.feedback:
                    signals["above"] = before[number + 2].at(self._parents[number][place])
                _select(part, mac, signals, learn, level.backoff if mac.least_active and not learn else 0.0)
                if part.familiarity < least:
                    mac.reset(part)
                ages[place] = part.winners[0] >= 0
            now[number + 1] = self._sent(state, number)
        state.tick += 1
        return Code.from_dense(now[-1].units.reshape(-1))

    def present(self, state: HierarchyState, frames: Codes, learn: bool = True) -> list[Winners]:
        """Show single frames that have nothing to do with each other: quicker than :meth:`compute`, frame by frame the same codes.

        Parameters
        ----------
        state : HierarchyState
            Changed in place; its tick advances by one for each frame.
        frames : Codes
            Active pixels of each frame.
        learn : bool
            Whether macs set weights, and draw their winners.

        Returns
        -------
        list of ndarray of int32
            For each level the winners, shape (n, macs, modules), -1 where a mac had no code.

        Raises
        ------
        ValueError
            If a level remembers what was before: horizontal or top-down signals, or persistence.
        """
        if any(level.horizontal or level.feedback or level.persistence > 1 or level.hypotheses for level in self.levels):
            raise with_hint(
                ValueError("present wants levels without memory of frames, hypotheses or persistence"), "use compute, frame by frame"
            )
        if not isinstance(frames, Codes) or frames.size != self.shape[0] * self.shape[1]:
            raise ValueError(f"frames must be Codes of size {self.shape[0] * self.shape[1]}, got {frames!r}")
        below, found = frames, []
        for number, fields in enumerate(self.fields):
            width = 1 if number == 0 else self.macs[number - 1][0].size
            columns = [
                mac.present(part, restricted(below, field, width), learn)[0]
                for mac, part, field in zip(self.macs[number], state.macs[number], fields, strict=True)
            ]
            found.append(np.stack(columns, axis=1))
            below = codes_of_winners(found[-1], self.levels[number].units)
            state.ages[number][:] = found[-1][-1, :, 0] >= 0
        state.tick += len(frames)
        return found

    def reset(self, state: HierarchyState) -> None:
        """Forget all codes, not the weights: the next frame begins a sequence."""
        for number, level in enumerate(self.macs):
            state.ages[number][:] = 0
            for mac, part in zip(level, state.macs[number], strict=True):
                mac.reset(part)

    # --- observing ------------------------------------------------------------------------------------------------------------

    def winners(self, state: HierarchyState, level: int) -> Winners:
        """Return the codes of a level, shape (macs, modules), -1 where a mac has none."""
        return np.stack([mac.winners for mac in state.macs[level]])

    def code(self, state: HierarchyState, level: int) -> Code:
        """Return the active units of all macs of a level as one code."""
        return Code.from_dense(self._sent(state, level).units.reshape(-1))

    def familiarity(self, state: HierarchyState, level: int) -> float:
        """Return the mean familiarity of the macs of a level that have a code, NaN without any."""
        values = [mac.familiarity for mac in state.macs[level] if mac.winners[0] >= 0]
        return float(np.mean(values)) if values else float("nan")

    def pixels(self, state: HierarchyState) -> npt.NDArray[np.float64]:
        """Read back what the codes of the first level stand for: in 0 ... 1, shape (rows, columns), 0 where no mac has a code."""
        total, seen = np.zeros(self.shape[0] * self.shape[1]), np.zeros(self.shape[0] * self.shape[1])
        for mac, part, places in zip(self.macs[0], state.macs[0], self.fields[0], strict=True):
            if part.winners[0] >= 0:
                units = np.uint64(mac.units) * np.arange(mac.modules, dtype=np.uint64) + part.winners.astype(np.uint64)
                total[places] += _weights(part, units, places.size).mean(axis=1)
                seen[places] += 1
        return (total / np.maximum(seen, 1)).reshape(self.shape)

    def _sent(self, state: HierarchyState, level: int) -> Sent:
        """Return what the macs of a level send."""
        winners = self.winners(state, level)
        units = winners[:, :, None] == np.arange(self.levels[level].units)
        return Sent(units.reshape(len(winners), -1), np.array([mac.strength for mac in state.macs[level]]))


def fewer_signals(mac: CodeSelection) -> list[tuple[bool, bool]]:
    """Return whether horizontal and top-down signals count: both, without top-down, without horizontal, neither; each case once.

    Examples
    --------
    >>> fewer_signals(CodeSelection(8, 2, 4, horizontal=True, above=16))
    [(True, True), (True, False), (False, True), (False, False)]
    >>> fewer_signals(CodeSelection(8, 2, 4, horizontal=True))
    [(True, False), (False, False)]
    """
    last, above = mac.horizontal, mac.above > 0
    return list(dict.fromkeys([(last, above), (last, False), (False, above), (False, False)]))


def _select(state: MacState, mac: CodeSelection, signals: dict[str, Signal], learn: bool, backoff: float) -> None:
    """Select the code of one mac, by all signals or by fewer where these are less familiar than `backoff`."""
    if signals["inputs"].active.size < mac.least_active:
        _rest(mac, state)
        return
    tried, told = state, _told(signals, mac.above > 0)
    for last, above in fewer_signals(mac) if backoff else []:
        tried = state if last else replace(state, winners=np.full_like(state.winners, -1), strength=1.0)
        told = _told(signals, above)
        if mac.familiarity(tried, **told) >= backoff:
            break
    if tried is not state:
        mac.reset(state)
    mac.compute(state, learn=learn, **told)


def _told(signals: dict[str, Signal], above: bool) -> dict[str, Any]:
    """Return signals as the arguments of a mac, those from above only where they count."""
    heard = {name: signal for name, signal in signals.items() if name == "inputs" or above}
    codes = {"code" if name == "inputs" else name: signal.active for name, signal in heard.items()}
    return {**codes, "strengths": {name: signal.strengths for name, signal in heard.items() if signal.strengths is not None}}


def _rest(mac: CodeSelection, state: MacState) -> None:
    """Leave a mac without a code for a tick, as it would be if it were shown its few inputs."""
    mac.reset(state)
    state.familiarity, state.hypotheses, state.tick = 0.0, 0.0, state.tick + 1


def _weights(state: MacState, units: npt.NDArray[np.uint64], n: int) -> npt.NDArray[np.float64]:
    """Return the bottom-up weights of n inputs to some units, 0 or 1 where they are bits, else whether they were ever set."""
    if not state.inputs.bits.size:
        return (state.inputs.levels[:n, units.astype(np.int64)] > 0).astype(np.float64)
    words = state.inputs.bits[:n, (units >> np.uint64(6)).astype(np.int64)]
    return ((words >> (units & np.uint64(63))) & np.uint64(1)).astype(np.float64)
