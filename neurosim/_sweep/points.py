"""What a point of a sweep is: its arguments, its name in the store and its random numbers.

A point is one call of the swept function. It is identified by

    key = blake2b(function name, seed, {argument: value}),    128 bits,

over *all* bound arguments, whether the grid, `fixed` or a default gave them. A NumPy scalar counts as the Python number it holds, and
the function receives that Python number.

The generator of a point is ``SeedSequence(seed, spawn_key=key)``, the key cut into four 32-bit words. Neither key nor random
numbers depend on the rest of the grid, on the order of the points or on who computes them.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import inspect
import itertools
import json
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neurosim._sweep.canonical import canonical, qualified, tagged, to_json
from neurosim.errors import UsageError, nearest, with_hint

DRAWN = ("rng", "seed")  # parameters that the sweep fills when nobody else does
KEY_BYTES = 16
Grid = Mapping[str, Sequence[Any] | np.ndarray]


@dataclasses.dataclass(frozen=True)
class Points:
    """A function with the points that a grid spans; checks all of it when it is built.

    Parameters
    ----------
    function : callable
        A function, or a :func:`functools.partial` of one with keyword arguments alone.
    grid : mapping of str to sequence
        The values of each swept argument: finite or infinite numbers, strings or booleans, not NaN, each once.
    fixed : mapping, optional
        Arguments that are the same for all points.
    seed : int
        Not negative.

    Raises
    ------
    UsageError, TypeError, ValueError
        Naming the argument, what was got and what was wanted.

    Examples
    --------
    >>> def run(load, n=10):
    ...     return {"double": 2 * load}
    >>> points = Points(run, {"load": [0.1, 0.2]})
    >>> len(points), points.arguments(1)
    (2, {'load': 0.2})
    """

    function: Callable[..., Any]
    grid: Grid
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        function, kept = _unfold(self.function)
        fixed = {**kept, **self.fixed} if isinstance(self.fixed, Mapping) else self.fixed
        if isinstance(self.seed, bool | np.bool_) or not isinstance(self.seed, int | np.integer):
            raise TypeError(f"seed must be a whole number, got {self.seed!r}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
        for name, value in (("grid", self.grid), ("fixed", fixed)):
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise TypeError(f"{name} must map argument names to values, got {value!r}")
        if not self.grid:
            raise with_hint(UsageError("the grid is empty"), "give it at least one axis, for instance {'load': [0.1, 0.2]}")
        axes = {name: _axis(name, values) for name, values in self.grid.items()}
        _check_names(function, list(axes), list(fixed))
        for name, value in (
            ("function", function),
            ("grid", axes),
            ("fixed", {key: _plain(value) for key, value in fixed.items()}),
            ("seed", int(self.seed)),
        ):
            object.__setattr__(self, name, value)
        _ = self._bound_texts  # an argument that cannot be part of a key is told now

    def __len__(self) -> int:
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(values) for values in self.grid.values())

    @property
    def name(self) -> str:
        """The function's name, as module:name."""
        return qualified(self.function)

    @functools.cached_property
    def bound(self) -> dict[str, Any]:
        """The arguments that do not vary: `fixed` and the defaults nobody replaced."""
        parameters = inspect.signature(self.function).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty and p.name not in self.drawn}
        return {name: value for name, value in {**defaults, **self.fixed}.items() if name not in self.grid}

    @functools.cached_property
    def _bound_texts(self) -> dict[str, bytes]:
        return {name: _named(name, value) for name, value in self.bound.items()}

    @functools.cached_property
    def drawn(self) -> tuple[str, ...]:
        """The names among rng and seed that each point receives from its own key."""
        taken = inspect.signature(self.function).parameters
        return tuple(name for name in DRAWN if name in taken and name not in self.grid and name not in self.fixed)

    @functools.cached_property
    def keys(self) -> list[bytes]:
        """The key of every point, in grid order (the last axis fastest)."""
        start = tagged(b"point", canonical(self.name), canonical(self.seed))
        parts = {name: [text] for name, text in self._bound_texts.items()}
        parts |= {name: [_named(name, value) for value in values] for name, values in self.grid.items()}
        # parts stand in the order of their names, so that moving an argument from fixed to the grid changes nothing
        order = sorted(parts)
        where = [order.index(name) for name in parts if name in self.grid]
        pattern = [parts[name][0] for name in order]
        keys = []
        for values in itertools.product(*(parts[name] for name in self.grid)):
            for place, value in zip(where, values, strict=True):
                pattern[place] = value
            keys.append(hashlib.blake2b(start + b"".join(pattern), digest_size=KEY_BYTES).digest())
        return keys

    def arguments(self, index: int) -> dict[str, Any]:
        """Return the grid arguments of the point at a flat index."""
        return self._pick(self.grid, index)

    def json(self, index: int) -> str:
        """Return the grid arguments of a point as JSON."""
        return "{" + ", ".join(self._pick(self._written, index).values()) + "}"

    @functools.cached_property
    def _written(self) -> dict[str, list[str]]:
        return {name: [f"{json.dumps(name)}: {to_json(value)}" for value in values] for name, values in self.grid.items()}

    def _pick(self, axes: Grid, index: int) -> dict[str, Any]:
        """Return one entry of each axis."""
        picked = dict.fromkeys(axes)
        for name in reversed(picked):
            index, place = divmod(index, len(axes[name]))
            picked[name] = axes[name][place]
        return picked

    def describe(self, index: int) -> str:
        """Return the grid arguments of a point in words.

        Examples
        --------
        >>> def run(load, n):
        ...     return {}
        >>> Points(run, {"load": [0.1], "n": [5]}).describe(0)
        'load=0.1, n=5'
        """
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments(index).items())


def draws(seed: int, key: bytes, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield the generator `rng` or the whole number `seed` (63 bits) that belong to a key, by name.

    Examples
    --------
    >>> first, again = (dict(draws(1, bytes(16), ["rng", "seed"])) for _ in range(2))
    >>> first["seed"] == again["seed"], first["rng"].random() == again["rng"].random()
    (True, True)
    """
    words = struct.unpack("<4I", key)
    for name in names:
        if name == "rng":
            yield name, np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=words)))
        else:
            yield name, int(np.random.SeedSequence(seed, spawn_key=(*words, 1)).generate_state(1, np.uint64)[0] >> 1)


def _named(name: str, value: Any) -> bytes:
    """Write one argument; an error names it."""
    try:
        return tagged(b"", name.encode(), canonical(value))
    except TypeError as error:
        told = TypeError(f"argument {name!r} cannot identify a point: {error}")
        raise with_hint(told, "build such an object inside the function, from numbers that are arguments") from None


def _unfold(function: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Take a partial apart, and refuse what carries state that no key would see."""
    kept: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        if function.args:
            raise UsageError(f"run must be a partial with keyword arguments alone, got positional {function.args!r}")
        function, kept = function.func, {**function.keywords, **kept}
    if not callable(function):
        raise TypeError(f"run must be a function, got {function!r}")
    if inspect.ismethod(function) or not hasattr(function, "__qualname__"):
        told = TypeError(f"run must be a plain function, got {type(function).__qualname__}")
        raise with_hint(told, "what the object holds is not part of a point's name: write a function that takes it as arguments")
    return function, kept


def _check_names(function: Callable[..., Any], axes: list[str], fixed: list[str]) -> None:
    """Check that grid and fixed together give the function what it takes, once."""
    name, parameters = function.__qualname__, inspect.signature(function).parameters
    if any(p.kind is p.POSITIONAL_ONLY for p in parameters.values()):
        raise UsageError(f"{name}() has positional-only parameters; a sweep passes all by name")
    both = [axis for axis in axes if axis in fixed]
    if both:
        raise with_hint(UsageError(f"{both[0]!r} stands both in the grid and in fixed"), "leave one of them out")
    known = [p.name for p in parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for where, names in (("grid", axes), ("fixed", fixed)):
        unknown = [] if anything else [given for given in names if given not in known]
        if unknown:
            raise with_hint(UsageError(f"{where} names {unknown[0]!r}, which {name}() does not take"), nearest(unknown[0], known))
    given = {*axes, *fixed, *DRAWN}
    missing = [p for p in known if parameters[p].default is inspect.Parameter.empty and p not in given]
    if missing:
        told = UsageError(f"{name}() needs {', '.join(map(repr, missing))}, which neither grid nor fixed gives")
        raise with_hint(told, f"add an axis to the grid, or fixed={{{missing[0]!r}: value}}")


def _axis(name: str, values: Any) -> list[Any]:
    """Check the values of one axis and return them as Python scalars."""
    if isinstance(values, str | bytes | Mapping | set | frozenset) or not hasattr(values, "__len__"):
        raise with_hint(TypeError(f"grid[{name!r}] must be a sequence of values, got {values!r}"), f"write {{{name!r}: [value, ...]}}")
    if hasattr(values, "dtype"):
        values = np.asarray(values)
        if values.ndim != 1:
            raise ValueError(f"grid[{name!r}] must have one dimension, got shape {values.shape}")
    plain = [_scalar(name, value) for value in values]
    if not plain:
        raise with_hint(UsageError(f"grid[{name!r}] is empty"), "give it at least one value, or leave the axis out")
    if len({_kind(value) for value in plain}) > 1:
        raise TypeError(f"grid[{name!r}] must hold values of one kind, got {', '.join(sorted({type(v).__name__ for v in plain}))}")
    seen: set[Any] = set()
    for value in plain:
        if value in seen:
            raise with_hint(UsageError(f"grid[{name!r}] holds {value!r} twice"), "every value of an axis must differ from the others")
        seen.add(value)
    return plain


def _scalar(name: str, value: Any) -> Any:
    """Return one grid value as a Python scalar (dates stay NumPy's)."""
    value = _plain(value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value)
    if isinstance(value, np.datetime64 | np.timedelta64):
        bad = bool(np.isnat(value))
    elif isinstance(value, bool | int | float | complex | str) and not isinstance(value, enum.Enum):
        bad = value != value
    else:
        raise TypeError(f"grid[{name!r}] must hold numbers, strings or booleans, got {value!r}")
    if bad:
        raise with_hint(UsageError(f"grid[{name!r}] holds NaN"), "NaN names no point: leave it out")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"grid[{name!r}] must hold whole numbers of 64 bits, got {value}")
    return value


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as the Python number that stands for it in a key."""
    return value.item() if isinstance(value, np.generic) and value.dtype.kind in "biufcU" else value


def _kind(value: Any) -> type:
    """Group the types that may stand on one axis together."""
    if isinstance(value, bool | np.bool_):
        return bool
    return complex if isinstance(value, int | float | complex) else str if isinstance(value, str) else type(value)
