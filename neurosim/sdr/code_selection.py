r"""Sparsey's code selection: one mac, which gives similar inputs similar codes, in a time that does not grow with what it has stored.

A *mac* is a field of Q winner-take-all modules with K units each; a *code* is one unit in every module. Three projections with binary
weights w reach every unit: bottom-up from the inputs, horizontal from the mac's own last code and from neighbours, top-down from above. One
step, of the twelve of the 2014 paper:

1.  The mac is active if the number of active inputs lies in :math:`\pi_- \ldots \pi_+`; otherwise it has no code.
2.  Sums over active sources, :math:`u_i = \sum_j w_{ij} x_j`, and in the same way :math:`h_i` and :math:`d_i`.
3.  Parts: :math:`U_i = \min(1, u_i / \pi_U)` with :math:`\pi_U` the number of active inputs, or `full` where that is less; H and D by
    the number of active sources. A unit gets no horizontal input from its own module: without neighbours :math:`H \le 1 - 1 / Q`.
4.  Support :math:`V_i = U_i^{\lambda_U} H_i^{\lambda_H} D_i^{\lambda_D}`; a projection without active sources is left out, as the
    horizontal one at the start of a sequence.
5.  How many hypotheses the mac holds, :math:`\zeta`: units per module with a support above a cut.
6.  What the mac sends until its next step is scaled by :math:`F(\zeta)` (:class:`~neurosim.sdr.selection_rules.Hypotheses`).
7.  The best of each module, :math:`\hat V_q = \max V_i`.
8.  Familiarity :math:`G = \frac1Q \sum_q \hat V_q`.
9.  Expansivity :math:`\eta(G)`.
10. Propensity :math:`\psi(V_i, G)`, for both see :class:`~neurosim.sdr.selection_rules.Expansivity`.
11. Probability :math:`\rho_i = \psi_i / \sum \psi` over the units of a module.
12. A winner in each module, drawn from :math:`\rho`; in recognition the unit with the largest support.

**Learning** takes one trial: every weight from an active source to a winner is set, except within a module. Weights may fade
(:class:`~neurosim.sdr.selection_rules.Permanence`), and afferents may be frozen once enough of them are set
(:class:`~neurosim.sdr.selection_rules.CriticalPeriod`).

**Capacity.** Random inputs of s out of n units leave :math:`p = 1 - (1 - \frac{s}{n K})^M` of the bottom-up weights set after M items. A
unit outside of a stored code is as well supported as the right one with the probability :math:`p^s`, so that recall of an exact cue fails
in about :math:`K p^s / 2` of the modules.

Source: G. J. Rinkus, "A cortical sparse distributed coding model linking mini- and macrocolumn-scale functionality", Front. Neuroanat. 4,
17 (2010); the same, "Sparsey: event recognition via deep hierarchical sparse distributed codes", Front. Comput. Neurosci. 8, 160 (2014).
Differs from the papers in: their full texts were not read, steps 4 to 6 and the exponents of 9 and 10 are as remembered; psi is rounded to
:math:`2^{-16}`; ties in recognition are broken at random; weights are 0 to 1 instead of 0 to 127.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim import noise
from neurosim.checks import real, whole
from neurosim.errors import nearest, with_hint
from neurosim.sdr import afferents
from neurosim.sdr._states import check_kind, check_sizes
from neurosim.sdr.afferents import Afferents, Channel, read_only
from neurosim.sdr.codes import Code, Codes, indices_of, trusted
from neurosim.sdr.selection_rules import RINKUS_2010 as RINKUS_2010
from neurosim.sdr.selection_rules import CriticalPeriod, Expansivity, Hypotheses, Permanence

Array = npt.NDArray[Any]
Winners = npt.NDArray[np.int32]

WINNERS = 0
"""The stream that winners are drawn from."""
CHANNELS = ("inputs", "neighbours", "above")
"""What signals can come from with strengths of their own."""
MOST_ROWS = 255
"""Active inputs that can be counted quickly."""
NO_CUT = 2.0
"""A cut that no support reaches."""


@dataclass
class MacState:
    """State of a mac.

    Attributes
    ----------
    inputs, horizontal, above : Afferents
    winners : ndarray of int32, shape (modules,)
        The code: the unit of each module that won, -1 where the mac has none.
    familiarity : float
        G of the last step, 0 where the mac was not active.
    hypotheses : float
        zeta of the last step.
    strength : float
        F(zeta): how strongly the mac sends.
    tick, seed : int
    """

    inputs: Afferents
    horizontal: Afferents
    above: Afferents
    winners: Winners
    familiarity: float
    hypotheses: float
    strength: float
    tick: int
    seed: int


@dataclass(frozen=True)
class CodeSelection:
    """One mac of Sparsey.

    Parameters
    ----------
    inputs, modules, units : int
        Bottom-up inputs; Q; K. The mac has modules * units units in all, unit k of module q being number q * units + k.
    horizontal : bool
        Whether the mac's own last code reaches it.
    neighbours, above : int
        Units of other macs that reach it horizontally and from above; 0 for none.
    expansivity : Expansivity
        By default ours; ``RINKUS_2010`` is another.
    exponents : tuple of three floats
        lambda of the bottom-up, the horizontal and the top-down projection, each above 0.
    least_active, most_active : int
        Active inputs with which the mac is active; without `most_active` any number.
    full : int, optional
        The largest number of active inputs that sums are divided by, so that part of an input may suffice.
    hypotheses : Hypotheses, optional
        By default the mac always sends with strength 1.
    permanence : Permanence, optional
        By default weights stay.
    critical_period : CriticalPeriod, optional
        By default the mac never stops learning.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range.

    References
    ----------
    G. J. Rinkus, Front. Neuroanat. 4, 17 (2010); Front. Comput. Neurosci. 8, 160 (2014).

    Examples
    --------
    >>> from neurosim.sdr.codes import corrupt, overlap, random_codes
    >>> rng = np.random.default_rng(0)
    >>> mac = CodeSelection(inputs=144, modules=24, units=16)
    >>> state = mac.init(seed=1)
    >>> images = random_codes(5, 144, 12, rng=rng)
    >>> stored = [mac.compute(state, image) for image in images]
    >>> [overlap(mac.compute(state, image, learn=False), code) for image, code in zip(images, stored)]
    [24, 24, 24, 24, 24]
    >>> code = mac.compute(state, corrupt(images[3], 1 / 6, rng=rng), learn=False)        # two of twelve pixels moved
    >>> overlap(code, stored[3]), round(state.familiarity, 2)
    (24, 0.84)

    A sequence, replayed from its first frame and held up by the code before:

    >>> mac = CodeSelection(144, 24, 16, horizontal=True)
    >>> state = mac.init(seed=1)
    >>> stored = [mac.compute(state, image) for image in images]
    >>> mac.reset(state)
    >>> [mac.compute(state, image, learn=False) == code for image, code in zip(images, stored)]
    [True, True, True, True, True]
    """

    inputs: int
    modules: int
    units: int
    horizontal: bool = field(default=False, kw_only=True)
    neighbours: int = field(default=0, kw_only=True)
    above: int = field(default=0, kw_only=True)
    expansivity: Expansivity = field(default=Expansivity(), kw_only=True)
    exponents: tuple[float, float, float] = field(default=(1.0, 1.0, 1.0), kw_only=True)
    least_active: int = field(default=1, kw_only=True)
    most_active: int | None = field(default=None, kw_only=True)
    full: int | None = field(default=None, kw_only=True)
    hypotheses: Hypotheses | None = field(default=None, kw_only=True)
    permanence: Permanence | None = field(default=None, kw_only=True)
    critical_period: CriticalPeriod | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name, least in (("inputs", 1), ("modules", 1), ("units", 2), ("neighbours", 0), ("above", 0), ("least_active", 0)):
            whole(name, getattr(self, name), least)
        for name, least in (("most_active", self.least_active), ("full", 1)):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least)
        if not isinstance(self.horizontal, bool):
            raise with_hint(TypeError(f"horizontal must be True or False, got {self.horizontal!r}"), "units of other macs are neighbours=")
        if not isinstance(self.exponents, tuple) or len(self.exponents) != 3:
            raise TypeError(f"exponents must be three numbers, for inputs, horizontal and above, got {self.exponents!r}")
        for exponent in self.exponents:
            real("exponents", exponent, above=0)
        for name, kind in RULES.items():
            rule = getattr(self, name)
            if not isinstance(rule, kind) and (rule is not None or name == "expansivity"):
                raise TypeError(f"{name} must be {kind.__name__}(...), got {rule!r}")

    @property
    def size(self) -> int:
        """Units in all, Q * K: the size of a code."""
        return self.modules * self.units

    @property
    def n_sources(self) -> dict[str, int]:
        """Number of sources of each projection."""
        return {"inputs": self.inputs, "horizontal": self.horizontal * self.size + self.neighbours, "above": self.above}

    @property
    def n_weights(self) -> int:
        """Number of weights; none within a module."""
        return sum(self._possible(name) for name in self.n_sources) * self.size

    def _possible(self, name: str) -> int:
        return self.n_sources[name] - (self.units if name == "horizontal" and self.horizontal else 0)

    # --- running --------------------------------------------------------------------------------------------------------------

    def init(self, *, seed: int = 0) -> MacState:
        """Return the state of a mac that has learnt nothing.

        Raises
        ------
        MemoryError
            If the weights would not fit.
        """
        seed = noise.checked_seed(seed)
        decays = self.permanence is not None
        afferents.check_memory(sum(self.n_sources.values()), self.size, decays=decays)
        inputs, horizontal, above = (afferents.no_weights(n, self.size, decays=decays) for n in self.n_sources.values())
        return MacState(inputs, horizontal, above, np.full(self.modules, -1, np.int32), 0.0, 0.0, 1.0, 0, seed)

    def compute(
        self,
        state: MacState,
        code: Code | npt.ArrayLike,
        learn: bool = True,
        *,
        neighbours: Code | npt.ArrayLike | None = None,
        above: Code | npt.ArrayLike | None = None,
        strengths: Mapping[str, npt.ArrayLike] | None = None,
        draw: bool | None = None,
    ) -> Code:
        """Select a code for one input, learn it, and advance the clock by one tick.

        Parameters
        ----------
        state : MacState
            Changed in place.
        code : Code or array_like of int
            Active inputs.
        learn : bool
            Whether weights are set.
        neighbours, above : Code or array_like of int, optional
            Active units of neighbours and of macs above.
        strengths : mapping, optional
            F(zeta) of the mac that each active unit belongs to, by the name of the channel: ``inputs``, ``neighbours``, ``above``. Units
            of strength 0 are taken as silent.
        draw : bool, optional
            Whether winners are drawn from rho; otherwise the most supported unit wins. By default drawn where learning.

        Returns
        -------
        Code
            Of `size` units, one in each module; of no unit where the mac is not active.
        """
        channels = self._channels(state, code, neighbours, above, strengths)
        draw = learn if draw is None else draw
        if not channels:
            winners, found = np.full(self.modules, -1, np.int32), np.zeros(2)
        elif self._plain(state, channels):
            active = channels[0].sources
            winners, found = (rows[0] for rows in self._present(state, np.array([0, active.size]), active, learn, draw))
        else:
            winners, found = self._select(state, channels, draw)
            for channel in channels if learn else []:
                afferents.learn(channel, winners, self.units, self.permanence, self.critical_period, state.tick)
        return self._note(state, winners, found)

    def present(
        self, state: MacState, codes: Codes, learn: bool = True, *, draw: bool | None = None
    ) -> tuple[Winners, npt.NDArray[np.float64]]:
        """Select a code for each input of a table, one tick each: :meth:`compute` many times, but faster.

        Returns
        -------
        winners : ndarray of int32, shape (n, modules)
            The unit that won in each module, -1 in all where the mac was not active.
        familiarity : ndarray, shape (n,)
        """
        if not isinstance(codes, Codes):
            raise TypeError(f"codes must be Codes, got {type(codes).__name__}")
        self._check(state)
        if codes.size != self.inputs:
            raise ValueError(f"codes must have size {self.inputs}, got {codes.size}")
        draw = learn if draw is None else draw
        quick = not self.horizontal and self.permanence is None and self.least_active > 0
        if not quick or np.diff(codes.starts).max() > MOST_ROWS:
            rows = [(self.compute(state, code, learn, draw=draw), state.winners, state.familiarity)[1:] for code in codes]
            return np.array([winners for winners, _ in rows]), np.array([familiarity for _, familiarity in rows])
        winners, found = self._present(state, codes.starts, codes.indices, learn, draw)
        state.tick += len(codes) - 1
        self._note(state, winners[-1], found[-1])
        return winners, found[:, 0].copy()

    def reset(self, state: MacState) -> None:
        """Forget the last code, not the weights: the next input begins a sequence."""
        state.winners, state.strength = np.full(self.modules, -1, np.int32), 1.0

    # --- observing ------------------------------------------------------------------------------------------------------------

    def support(
        self,
        state: MacState,
        code: Code | npt.ArrayLike,
        *,
        neighbours: Code | npt.ArrayLike | None = None,
        above: Code | npt.ArrayLike | None = None,
        strengths: Mapping[str, npt.ArrayLike] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return V for an input, which is not learnt: shape (modules, units), 0 where the mac would not be active."""
        channels = self._channels(state, code, neighbours, above, strengths)
        support = self._supported(state, channels) if channels else np.zeros(self.size)
        return support.reshape(self.modules, self.units)

    def familiarity(self, state: MacState, code: Code | npt.ArrayLike, **others: Any) -> float:
        """Return G for an input, which is not learnt; other arguments as for :meth:`support`."""
        return float(self.support(state, code, **others).max(axis=1).mean())

    def used(self, state: MacState) -> dict[str, float]:
        """Return which part of the weights of each projection is set, and worth something."""
        names = [name for name, n in self.n_sources.items() if n]
        n_set = [afferents.alive(getattr(state, name), self.permanence, state.tick).sum() for name in names]
        return {name: float(n / max(1, self.size * self._possible(name))) for name, n in zip(names, n_set, strict=True)}

    def code_of(self, winners: npt.ArrayLike) -> Code:
        """Return the code of winners, (modules,); without units where they are -1."""
        units = np.arange(self.modules, dtype=np.int32) * self.units + np.asarray(winners, np.int32)
        return trusted(units[np.asarray(winners) >= 0].astype(np.int32, copy=False), self.size)

    # --- inside ---------------------------------------------------------------------------------------------------------------

    def _channels(self, state: MacState, code: Any, neighbours: Any, above: Any, strengths: Any) -> list[Channel]:
        """Return the projections that have active sources, or none where the mac is not active."""
        self._check(state)
        strengths = dict(strengths or {})
        if unknown := [name for name in strengths if name not in CHANNELS]:
            raise with_hint(ValueError(f"strengths must be of {', '.join(CHANNELS)}, got {unknown[0]!r}"), nearest(unknown[0], CHANNELS))
        active, weighted = self._active("code", code, self.inputs, strengths.get("inputs"))
        if active.size < self.least_active or (self.most_active is not None and active.size > self.most_active):
            return []
        full = active.size if self.full is None else min(active.size, self.full)
        bottom_up = Channel(state.inputs, active, weighted, full, self.exponents[0], 0, self._possible("inputs"))
        horizontal = self._horizontal(state, neighbours, strengths.get("neighbours"))
        active, weighted = self._active("above", above, self.above, strengths.get("above"))
        top_down = Channel(state.above, active, weighted, active.size, self.exponents[2], 0, self._possible("above"))
        return [channel for channel in (bottom_up, horizontal, top_down) if channel.full > 0]

    def _check(self, state: MacState) -> None:
        """Refuse the state of a mac of another size, or with other projections."""
        check_kind(state, MacState)
        check_sizes(modules=(len(state.winners), self.modules))
        for name, n in self.n_sources.items():
            projection = getattr(state, name)
            held = len(projection.bits) - 1 if self.permanence is None else len(projection.levels)
            check_sizes(**{f"sources_of_{name}": (max(held, 0), n), f"units_of_{name}": (len(projection.n_set), self.size if n else 0)})

    def _horizontal(self, state: MacState, neighbours: Any, strengths: Any) -> Channel:
        """Join the mac's own last code with that of neighbours."""
        theirs, weighted = self._active("neighbours", neighbours, self.neighbours, strengths)
        sends = self.horizontal and state.strength > 0 and self.modules > 1 and state.winners[0] >= 0
        own = self.code_of(state.winners).indices if sends else np.zeros(0, np.int32)
        first = self.size if self.horizontal else 0
        if weighted is not None or (sends and state.strength != 1.0):
            weighted = np.concatenate([np.full(own.size, state.strength), np.ones(theirs.size) if weighted is None else weighted])
        sources = np.concatenate([own, theirs + np.int32(first)])
        return Channel(state.horizontal, sources, weighted, sources.size, self.exponents[1], first, self._possible("horizontal"))

    def _active(self, name: str, code: Any, size: int, strengths: Any) -> tuple[Winners, Array | None]:
        """Return active units, and their strengths where they are not all 1."""
        if code is None:
            code = np.zeros(0, np.int32)
        elif not size:
            raise with_hint(ValueError(f"{name} must be None: this mac has no such inputs"), f"make it with {name}= their number")
        active = indices_of(name, code, max(size, 1))
        if strengths is None:
            return active, None
        given = np.asarray(strengths, np.float64)
        if given.shape != active.shape or not (np.isfinite(given) & (given >= 0)).all():
            raise ValueError(f"strengths of {name} must be {active.size} finite numbers, at least 0, one for each active unit")
        return active[given > 0], None if (given[given > 0] == 1).all() else given[given > 0]

    def _plain(self, state: MacState, channels: list[Channel]) -> bool:
        """Say whether only inputs of strength 1 with binary weights count, the quick case."""
        only = len(channels) == 1 and channels[0].afferents is state.inputs
        return only and channels[0].strengths is None and self.permanence is None and 0 < channels[0].sources.size <= MOST_ROWS

    @property
    def _cut(self) -> float:
        return NO_CUT if self.hypotheses is None else self.hypotheses.cut

    def _most_set(self, name: str) -> float:
        """Return the weights of a unit beyond which it is frozen, -1 for never."""
        return -1.0 if self.critical_period is None else self.critical_period.fraction * self._possible(name)

    def _present(self, state: MacState, starts: Array, indices: Array, learn: bool, draw: bool) -> tuple[Winners, Array]:
        """Select codes by bottom-up input alone, in one call of a kernel."""
        from neurosim.kernels.code_selection import present

        n = len(starts) - 1
        winners, found = np.empty((n, self.modules), np.int32), np.empty((n, 2))
        bounds = np.array([max(1, self.least_active), MOST_ROWS if self.most_active is None else self.most_active])
        period, into = self.critical_period, state.inputs
        freezing = self._most_set("inputs"), period is not None and period.whole
        rules = self.exponents[0], self.expansivity.numbers(self.units), self._cut, draw, learn, np.uint64(state.seed), state.tick
        table = read_only(starts), read_only(indices), into.bits, into.n_set, into.frozen
        present(*table, *freezing, self.units, bounds, self.full or 0, *rules, winners, found)
        return winners, found

    def _select(self, state: MacState, channels: list[Channel], draw: bool) -> tuple[Winners, Array]:
        from neurosim.kernels.code_selection import choose_by_support

        winners, found = np.empty(self.modules, np.int32), np.empty(2)
        words = noise.words(state.seed, state.tick, WINNERS, self.modules)
        rule = self.expansivity.numbers(self.units)
        choose_by_support(self._supported(state, channels), self.units, rule, self._cut, draw, words, winners, found)
        return winners, found

    def _supported(self, state: MacState, channels: list[Channel]) -> npt.NDArray[np.float64]:
        """Return V of all units."""
        from neurosim.kernels.code_selection import multiply_support

        support = np.ones(self.size)
        for channel in channels:
            total = afferents.sums(channel, self.size, self.permanence, state.tick)
            multiply_support(support, total, float(channel.full), float(channel.exponent))
        return support

    def _note(self, state: MacState, winners: Winners, found: Array) -> Code:
        """Keep what a step has found, advance the clock and return the code."""
        state.winners = winners.copy()
        state.familiarity, state.hypotheses = float(found[0]), float(found[1])
        state.strength = 1.0 if self.hypotheses is None else self.hypotheses.strength(state.hypotheses)
        state.tick += 1
        return self.code_of(state.winners)


RULES: dict[str, type] = {
    "expansivity": Expansivity,
    "hypotheses": Hypotheses,
    "permanence": Permanence,
    "critical_period": CriticalPeriod,
}
