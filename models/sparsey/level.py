"""One level of a hierarchy: what its macs have in common."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from models.sparsey.fields import Pair
from neurosim.checks import real, whole
from neurosim.sdr.code_selection import CodeSelection
from neurosim.sdr.selection_rules import CriticalPeriod, Expansivity, Hypotheses, Permanence


@dataclass(frozen=True)
class Level:
    """What the macs of one level have in common.

    Parameters
    ----------
    field, stride : tuple of two ints
        Rows and columns of a field, and from one field to the next: in pixels on the first level, in macs above.
    modules, units : int
        Q and K of a mac.
    least, most : int
        Active places in a field with which a mac is active; without `most` any number.
    horizontal : bool
        Whether a mac's own last code reaches it.
    feedback : bool
        Whether the codes of the level above reach it.
    persistence : int
        Ticks that a code lasts, at least 1.
    backoff : float
        In recognition, a mac of less familiarity than this leaves out its top-down, then its horizontal, then both kinds of signals, and
        keeps the first code that reaches it, or the last one. In 0 ... 1; with 0 it always takes all signals.
    exponents : tuple of three floats
        lambda of the bottom-up, the horizontal and the top-down projection.
    expansivity, hypotheses, permanence, critical_period
        See :class:`~neurosim.sdr.code_selection.CodeSelection`.

    Examples
    --------
    >>> Level((8, 8), (4, 4), modules=8, units=16).persistence
    1
    """

    field: Pair
    stride: Pair
    _: KW_ONLY
    modules: int
    units: int
    least: int = 1
    most: int | None = None
    horizontal: bool = False
    feedback: bool = False
    persistence: int = 1
    backoff: float = 0.0
    exponents: tuple[float, float, float] = (1.0, 1.0, 1.0)
    expansivity: Expansivity = Expansivity()
    hypotheses: Hypotheses | None = None
    permanence: Permanence | None = None
    critical_period: CriticalPeriod | None = None

    def __post_init__(self) -> None:
        whole("least", self.least, 1)
        whole("persistence", self.persistence, 1)
        if not 0 <= real("backoff", self.backoff) <= 1:
            raise ValueError(f"backoff must lie in 0 ... 1, got {self.backoff}")
        if self.most is not None:
            whole("most", self.most, self.least)

    def mac(self, places: int, signals: int, above: int) -> CodeSelection:
        """Return a mac of this level: `signals` active units for each of the active places, `above` units of macs above."""
        rules = {name: getattr(self, name) for name in ("exponents", "expansivity", "hypotheses", "permanence", "critical_period")}
        bounds = {"least_active": self.least * signals, "most_active": self.most and self.most * signals}
        return CodeSelection(places, self.modules, self.units, horizontal=self.horizontal, above=above, **bounds, **rules)
