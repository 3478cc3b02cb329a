"""An experiment is a value: a function, a grid, a figure, and claims, the numbers that it must hit.

A claim is written down before the run. It has an expected value, a tolerance taken from its source or from sampling error, the
source itself, and the smallest grid that can decide it. Measured beside expected it either holds, ::

    |measured - expected| <= tolerance

or it does not, and a miss is a result too. The kind of a claim says what its expected value is worth:

========== =======================================================================
paper      printed in a publication, and compared with it
theory     follows from a formula that the code evaluates independently
reference  produced by another program, or by a slow and obvious oracle
calibrated set by a run of this code; guards against change, proves nothing
unverified said to be published, but not checked against the publication
========== =======================================================================

Every experiment has three named grids: *tiny* (seconds), *default* (minutes) and *full* (the published size). A claim is decided
on the grid that it names and on no other, so that a verdict does not depend on what happened to be computed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args

import numpy as np

from neurosim._sweep.canonical import canonical
from neurosim._sweep.points import Points
from neurosim.errors import UsageError, nearest, with_hint

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import xarray as xr

Kind = Literal["paper", "theory", "reference", "calibrated", "unverified"]
Level = Literal["tiny", "default", "full"]
Measured = float | tuple[float, float | None]

KINDS: tuple[Kind, ...] = get_args(Kind)
LEVELS: tuple[Level, ...] = get_args(Level)
ROUNDING = 8 * float(np.finfo(float).eps)


class Settings(NamedTuple):
    """What a sweep runs over: the axes of a grid, and the values that stay fixed."""

    grid: dict[str, Sequence[Any]]
    fixed: dict[str, Any]

    @property
    def points(self) -> int:
        """Number of points of the grid."""
        return math.prod(len(axis) for axis in self.grid.values())


@dataclass(frozen=True)
class Claim:
    """A number that an experiment must hit.

    Parameters
    ----------
    name : str
        What is measured, in a few words.
    expected, tolerance : float
        The claim holds where the measured value differs from `expected` by at most `tolerance`, up to rounding. In the unit of the
        measurement.
    kind : {"paper", "theory", "reference", "calibrated", "unverified"}
        What the expected value is worth; see the top of this page.
    measure : callable
        Takes the Dataset of the grid; returns the value, or the value and its uncertainty (one standard error).
    source : str
        Where the expected value and the tolerance come from.
    grid : {"tiny", "default", "full"}, optional
        The smallest grid that can decide the claim.

    Raises
    ------
    TypeError, ValueError
        Where a field has the wrong type or value.

    Examples
    --------
    >>> claim = Claim("overlap", expected=0.998, tolerance=0.001, kind="theory", measure=lambda data: 0.9975, source="T = 0 equations")
    >>> claim.grid
    'tiny'
    """

    name: str
    expected: float
    tolerance: float
    kind: Kind
    measure: Callable[[xr.Dataset], Measured]
    source: str
    grid: Level = "tiny"

    def __post_init__(self) -> None:
        for what in ("name", "source"):
            value = getattr(self, what)
            if not isinstance(value, str) or not value.strip():
                raise TypeError(f"a claim's {what} must be a text, got {value!r}")
        self._number("expected")
        if self._number("tolerance") < 0:
            raise ValueError(f"tolerance of claim {self.name!r} must not be negative, got {self.tolerance!r}")
        for what, known in (("kind", KINDS), ("grid", LEVELS)):
            value = getattr(self, what)
            if value not in known:
                raise ValueError(f"{what} of claim {self.name!r} must be one of {', '.join(known)}; got {value!r}")
        if not callable(self.measure):
            raise TypeError(f"measure of claim {self.name!r} must be a function of a Dataset, got {self.measure!r}")

    def _number(self, what: str) -> float:
        value = getattr(self, what)
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(f"{what} of claim {self.name!r} must be a number, got {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{what} of claim {self.name!r} must be finite, got {value!r}")
        return float(value)


@dataclass(frozen=True)
class Experiment:
    """A question with everything needed to answer it again.

    Parameters
    ----------
    run : callable
        Takes the parameters of a point by name, and `rng` (a Generator) or `seed` (an int) where its signature has them; returns
        named numbers or arrays.
    grid : mapping
        Name of a parameter to its values.
    figure : callable
        Takes the Dataset of a sweep; returns Axes.
    claims : sequence of Claim, optional
    fixed : mapping, optional
        Parameters with one value for all points.
    tiny, full : mapping, optional
        What the tiny and the full grid have in place of the default one, by name: new values for an axis, or a new fixed value. One
        value for an axis keeps the axis, with this value alone.
    full_time : str, optional
        How long the full grid is expected to take, and on what: ``"40 minutes on 8 cores"``.

    Raises
    ------
    TypeError, ValueError
        Where a field has the wrong type or value.
    UsageError
        Where a name is no parameter of `run`.

    Examples
    --------
    >>> def run(load, n=1000):
    ...     return {"patterns": load * n}
    >>> experiment = Experiment(run, {"load": [0.05, 0.1, 0.15]}, figure=lambda data: None, tiny={"load": [0.1], "n": 100})
    >>> experiment.settings("tiny")
    Settings(grid={'load': [0.1]}, fixed={'n': 100})
    >>> experiment.settings("default").points
    3
    """

    run: Callable[..., Any]
    grid: Mapping[str, Sequence[Any]]
    figure: Callable[[xr.Dataset], Any]
    claims: Sequence[Claim] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    tiny: Mapping[str, Any] = field(default_factory=dict)
    full: Mapping[str, Any] = field(default_factory=dict)
    full_time: str | None = None

    def __post_init__(self) -> None:
        for what in ("run", "figure"):
            if not callable(getattr(self, what)):
                raise TypeError(f"{what} of an experiment must be a function, got {getattr(self, what)!r}")
        for what in ("grid", "fixed", "tiny", "full"):
            if not isinstance(getattr(self, what), Mapping):
                raise TypeError(f"{what} of an experiment must map names of parameters to values, got {getattr(self, what)!r}")
            object.__setattr__(self, what, dict(getattr(self, what)))
        object.__setattr__(self, "claims", _claims(self.claims))
        if self.full_time is not None and not isinstance(self.full_time, str):
            raise TypeError(f"full_time of an experiment must be a text such as '40 minutes on 8 cores', got {self.full_time!r}")
        check_names(self.run, [*self.grid, *self.fixed, *self.tiny, *self.full])
        for level in LEVELS:
            try:
                self._points(self.settings(level))
            except (TypeError, ValueError) as error:
                with_hint(error, f"this is the {level} grid of the experiment")
                raise

    def settings(self, level: Level = "default") -> Settings:
        """Return the grid and the fixed values of a named grid.

        Parameters
        ----------
        level : {"tiny", "default", "full"}

        Returns
        -------
        Settings
            A pair (grid, fixed) of new dictionaries.
        """
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(LEVELS)}; got {level!r}")
        changes = {"tiny": self.tiny, "default": {}, "full": self.full}[level]
        axes = {name: _axis(changes.get(name, values)) for name, values in self.grid.items()}
        fixed = {**self.fixed, **{name: value for name, value in changes.items() if name not in axes}}
        return Settings(axes, fixed)

    def level_of(self, settings: Settings) -> Level | None:
        """Return the smallest named grid with these settings, or None; a default written out is still the default."""
        wanted = self._identity(settings)
        return next((level for level in LEVELS if self._identity(self.settings(level)) == wanted), None)

    def _points(self, settings: Settings) -> Points:
        return Points(self.run, settings.grid, settings.fixed)

    def _identity(self, settings: Settings) -> tuple[bytes, bytes]:
        points = self._points(settings)
        return canonical(points.grid), canonical(points.bound)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim: measured beside expected.

    `passed` is None where the claim was not decided; `reason` then says what it needs. Every other field is a key of the list that
    ``neurosim check --json`` prints. `published` is the expected value where it comes from a publication, else None.
    """

    name: str
    kind: Kind
    published: float | None
    expected: float
    measured: float | None
    uncertainty: float | None
    tolerance: float
    passed: bool | None
    grid: Level
    source: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the published keys with values that JSON can hold; what is not finite becomes None."""
        values = {name: value for name, value in vars(self).items() if name != "reason"}
        return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()}


def check(
    experiment: Experiment,
    level: Level = "default",
    *,
    seed: int = 0,
    store: Path | str | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: bool = True,
    on_change: Literal["ask", "reuse", "fresh"] = "ask",
) -> list[Verdict]:
    """Compute what the claims of an experiment need, and decide them.

    Parameters
    ----------
    experiment : Experiment
    level : {"tiny", "default", "full"}
        The largest grid that may be computed. A claim that needs a larger one stays undecided.
    seed, store, workers, executor, progress, on_change
        As for :func:`neurosim.sweep`.

    Returns
    -------
    list of Verdict
        One for each claim, in order.
    """
    from neurosim.sweep import sweep

    def dataset(name: Level) -> xr.Dataset | None:
        if LEVELS.index(name) > LEVELS.index(level):
            return None
        grid, fixed = experiment.settings(name)
        return sweep(
            experiment.run,
            grid,
            fixed=fixed,
            seed=seed,
            store=store,
            workers=workers,
            executor=executor,
            progress=progress,
            on_change=on_change,
        )

    return decide(experiment, dataset)


def decide(experiment: Experiment, dataset: Callable[[Level], xr.Dataset | None]) -> list[Verdict]:
    """Decide claims on the data of the grids that they name.

    Parameters
    ----------
    experiment : Experiment
    dataset : callable
        Takes the name of a grid; returns its Dataset, or None where it is not to be had. It is asked once for each grid needed.

    Returns
    -------
    list of Verdict
    """
    found: dict[Level, xr.Dataset | None] = {}
    verdicts = []
    for claim in experiment.claims:
        level = experiment.level_of(experiment.settings(claim.grid)) or claim.grid
        if level not in found:
            found[level] = dataset(level)
        verdicts.append(_undecided(claim) if (data := found[level]) is None else _decided(claim, data))
    return verdicts


def undecided(experiment: Experiment, reason: str) -> list[Verdict]:
    """Return verdicts that decide nothing, for one reason."""
    return [_undecided(claim, reason) for claim in experiment.claims]


def parameters(run: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function, plain or compiled, that can be given by name."""
    signature = inspect.signature(getattr(run, "py_func", run))
    return {name: value for name, value in signature.parameters.items() if value.kind is not inspect.Parameter.VAR_POSITIONAL}


def check_names(run: Callable[..., Any], names: Iterable[str]) -> None:
    """Refuse names that are no parameters of a function; say the nearest.

    Raises
    ------
    UsageError
    """
    known = parameters(run)
    if any(value.kind is inspect.Parameter.VAR_KEYWORD for value in known.values()):
        return
    for name in names:
        if name not in known:
            function = getattr(run, "__name__", "the function")
            raise with_hint(UsageError(f"{function}() has no parameter {name!r}"), nearest(str(name), [n for n in known if n != "rng"]))


def _claims(claims: Any) -> tuple[Claim, ...]:
    if isinstance(claims, Claim) or not isinstance(claims, Iterable):
        raise TypeError(f"claims of an experiment must be a sequence of Claim, got {claims!r}; a tuple of one ends with a comma")
    claims = tuple(claims)
    for claim in claims:
        if not isinstance(claim, Claim):
            raise TypeError(f"claims of an experiment must be a sequence of Claim, got one that is {claim!r}")
    names = [claim.name for claim in claims]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"claims of an experiment must have different names, got {sorted(twice)[0]!r} twice")
    return claims


def _axis(values: Any) -> Sequence[Any]:
    """Return the values of an axis; one value becomes an axis of its own."""
    one = isinstance(values, str | bytes) or np.ndim(values) == 0
    return [values] if one else cast("Sequence[Any]", values)


def _undecided(claim: Claim, reason: str = "") -> Verdict:
    needs = "needs --full" if claim.grid == "full" else f"needs the {claim.grid} grid"
    published = float(claim.expected) if claim.kind in ("paper", "unverified") else None
    return Verdict(
        name=claim.name,
        kind=claim.kind,
        published=published,
        expected=float(claim.expected),
        measured=None,
        uncertainty=None,
        tolerance=float(claim.tolerance),
        passed=None,
        grid=claim.grid,
        source=claim.source,
        reason=reason or needs,
    )


def _decided(claim: Claim, data: xr.Dataset) -> Verdict:
    """Measure on a whole grid; what cannot be measured there is a claim that failed."""
    failed = replace(_undecided(claim), passed=False)
    if "done" in data and not bool(data["done"].all()):
        missing = int((~data["done"]).sum())
        return replace(failed, reason=f"{missing} of {data['done'].size} points are missing")
    try:
        measured, uncertainty = _numbers(claim.measure(data))
    except Exception as error:  # the measurement is the experiment's own code
        return replace(failed, reason=f"measure failed: {type(error).__name__}: {error}")
    if not math.isfinite(measured):
        return replace(failed, measured=measured, reason=f"measured {measured}")
    slack = claim.tolerance + ROUNDING * max(abs(measured), abs(claim.expected))
    return replace(failed, measured=measured, uncertainty=uncertainty, passed=abs(measured - claim.expected) <= slack, reason="")


def _numbers(answer: Any) -> tuple[float, float | None]:
    """Return value and uncertainty of a measurement."""
    if isinstance(answer, tuple | list):
        if len(answer) != 2:
            raise ValueError(f"wanted a value, or a value and its uncertainty, got {len(answer)} values")
        value, uncertainty = answer
        return _number(value), None if uncertainty is None else _number(uncertainty)
    return _number(answer), None


def _number(value: Any) -> float:
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iufb":
        raise TypeError(f"wanted a number, got {value!r}")
    return float(array)
