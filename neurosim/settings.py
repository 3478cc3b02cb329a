"""What a user asks for on the command line or in a file, read into values and laid over an experiment's own settings.

============================  ===========================================================
``--set n=2000``              a fixed value; for the name of an axis, an axis of one value
``--grid load=0.02:0.20:19``  19 evenly spaced values, both ends included
``--grid n=500,1000,2000``    these values
============================  ===========================================================

Values are written as in TOML (``1``, ``0.5``, ``true``, ``"text"``, ``[1, 2]``); what is none of these is a text. They take the
type of the parameter that they are for, as far as nothing is lost: where the function's annotation, or else the experiment's own
value, is a float, ``1`` is read as 1.0, and where it is an int, ``2e3`` is read as 2000. This matters, because a store tells 1 from
1.0.

A file has the same two tables and no others::

    [set]
    n = 2000

    [grid]
    load = "0.02:0.20:19"
    noise = [0.0, 0.1]

The command line wins over the file, and the file over the experiment.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import UsageError, nearest, with_hint
from neurosim.experiment import Settings, check_names, parameters

TABLES = ("set", "grid")
NUMBER = r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
RANGE = re.compile(rf"\s*({NUMBER})\s*:\s*({NUMBER})\s*:\s*([+-]?\d+)\s*")
Type = type[int] | type[float] | type[bool] | None


@dataclass(frozen=True)
class Overrides:
    """What was asked for in place of an experiment's own settings: fixed values, and axes."""

    fixed: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, list[Any]] = field(default_factory=dict)

    def over(self, other: Overrides) -> Overrides:
        """Lay these over others; a name asked for here hides the other's, be it axis or fixed there.

        Examples
        --------
        >>> Overrides({"n": 5}).over(Overrides({}, {"n": [1, 2], "load": [0.1]}))
        Overrides(fixed={'n': 5}, axes={'load': [0.1]})
        """
        mine = {*self.fixed, *self.axes}
        fixed = {name: value for name, value in other.fixed.items() if name not in mine}
        axes = {name: values for name, values in other.axes.items() if name not in mine}
        return Overrides({**fixed, **self.fixed}, {**axes, **self.axes})


def read_options(sets: Iterable[str], grids: Iterable[str], config: Path | None = None) -> Overrides:
    """Read the texts of ``--set`` and ``--grid``, and a file below them.

    Raises
    ------
    UsageError
        Where a text is not NAME=VALUE, or a name is given twice.

    Examples
    --------
    >>> read_options(["n=2000", "rule=hebb"], ["load=0.1:0.3:3"])
    Overrides(fixed={'n': 2000, 'rule': 'hebb'}, axes={'load': [0.1, 0.2, 0.3]})
    """
    fixed = {name: parse_value(text) for name, text in _named("--set", sets)}
    axes = {name: parse_axis(text) for name, text in _named("--grid", grids)}
    if both := fixed.keys() & axes.keys():
        raise UsageError(f"{sorted(both)[0]!r} is given by --set and by --grid; keep one")
    asked = Overrides(fixed, axes)
    return asked if config is None else asked.over(read_config(config))


def read_config(path: Path) -> Overrides:
    """Read the tables [set] and [grid] of a TOML file; anything else in it is refused.

    Raises
    ------
    UsageError
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise with_hint(UsageError(f"--config {path} is not TOML: {error}"), 'texts stand in quotes: rule = "hebb"') from error
    for table, values in content.items():
        if table not in TABLES:
            what = "table" if isinstance(values, dict) else "entry"
            raise with_hint(UsageError(f"--config {path} has an unknown {what} {table!r}, wanted [set] and [grid]"), nearest(table, TABLES))
        if not isinstance(values, dict):
            raise UsageError(f"--config {path}: {table} must be a table, got {values!r}")
    fixed = {name: _checked(value, f"[set] {name}") for name, value in content.get("set", {}).items()}
    axes = {name: _config_axis(value, f"[grid] {name}") for name, value in content.get("grid", {}).items()}
    if both := fixed.keys() & axes.keys():
        raise UsageError(f"--config {path}: {sorted(both)[0]!r} is in [set] and in [grid]; keep one")
    return Overrides(fixed, axes)


def parse_value(text: str) -> Any:
    """Read one value as TOML writes it; what is no TOML is a text.

    Examples
    --------
    >>> parse_value("2000"), parse_value("0.5"), parse_value("true"), parse_value("hebb"), parse_value("'7'")
    (2000, 0.5, True, 'hebb', '7')
    """
    text = text.strip()
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    comment = "#" in text and text[:1] not in ("'", '"', "[")
    return values["value"] if len(values) == 1 and not comment and _is_plain(values["value"]) else text


def write_value(value: Any) -> str:
    """Write one value so that :func:`parse_value` reads it.

    Examples
    --------
    >>> [parse_value(write_value(value)) for value in (2000, 1e300, float("-inf"), True, "7", [1, "a"])]
    [2000, 1e+300, -inf, True, '7', [1, 'a']]
    """
    if isinstance(value, list):
        return f"[{', '.join(map(write_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def parse_axis(text: str) -> list[Any]:
    """Read the values of an axis: ``first:last:count`` or a list with commas.

    Returns
    -------
    list
        Evenly spaced values are whole numbers if both ends were written so and all values are whole.

    Raises
    ------
    UsageError
        Where there is no value, or a count that cannot be.

    Examples
    --------
    >>> parse_axis("0:1:3"), parse_axis("1:7:3"), parse_axis("500,1000"), parse_axis("hebb,storkey")
    ([0.0, 0.5, 1.0], [1, 4, 7], [500, 1000], ['hebb', 'storkey'])
    """
    if match := RANGE.fullmatch(text):
        return _evenly(*match.groups())
    try:
        values = tomllib.loads(f"value = [{text}]")
    except tomllib.TOMLDecodeError:
        values = {}
    parts = values.get("value", [])
    if len(values) != 1 or "#" in text or not all(_is_plain(part) and not isinstance(part, list) for part in parts):
        parts = [parse_value(part) for part in text.split(",")]
    if not parts or "" in parts:
        raise with_hint(UsageError(f"wanted values for the axis, got {text!r}"), "--grid load=0.02:0.20:19 or --grid n=500,1000,2000")
    if any(isinstance(part, str) and part.count(":") == 2 for part in parts):
        raise with_hint(UsageError(f"{text!r} is not a range"), "a range is first:last:count, as in 0.02:0.20:19")
    return parts


def apply(settings: Settings, overrides: Overrides, run: Callable[..., Any]) -> Settings:
    """Lay what was asked for over the settings of an experiment.

    Parameters
    ----------
    settings : Settings
    overrides : Overrides
        An axis keeps its place in the grid, a new one comes last.
    run : callable
        The function that the values are for: names and types are checked against its signature.

    Returns
    -------
    Settings

    Raises
    ------
    UsageError
        Where a name is no parameter of the function, or a value has the wrong type.
    """
    check_names(run, [*overrides.fixed, *overrides.axes])
    grid, fixed = dict(settings.grid), dict(settings.fixed)
    types = {name: _type_of(name, run, settings) for name in (*overrides.fixed, *overrides.axes)}
    for name, value in overrides.fixed.items():
        if name in grid:
            grid[name] = [_fit(name, value, *types[name])]
        else:
            fixed[name] = _fit(name, value, *types[name])
    for name, values in overrides.axes.items():
        fixed.pop(name, None)
        grid[name] = [_fit(name, value, *types[name]) for value in values]
    return Settings(grid, fixed)


def _named(option: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """Split NAME=VALUE; refuse a name given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier() or not value.strip():
            raise with_hint(UsageError(f"{option} takes NAME=VALUE, got {text!r}"), f"write {option} n=2000, without spaces")
        if name in found:
            raise UsageError(f"{option} {name} is given twice: {found[name]} and {value}")
        found[name] = value
    return list(found.items())


def _evenly(first: str, last: str, count: str) -> list[Any]:
    low, high, n = float(first.replace("_", "")), float(last.replace("_", "")), int(count)
    if n < 1 or (n == 1) != (low == high):
        wanted = "at least 1" if n < 1 else "1 where both ends are the same" if low == high else "at least 2 to reach both ends"
        raise UsageError(f"the range {first}:{last}:{count} has count {count}, wanted {wanted}")
    values = np.linspace(low, high, n).tolist()
    written_whole = not set(".eE") & set(first + last)
    return [int(value) for value in values] if written_whole and all(value.is_integer() for value in values) else values


def _is_plain(value: Any) -> bool:
    """Tell what a parameter may be from what else TOML knows (dates, tables)."""
    return all(_is_plain(item) for item in value) if isinstance(value, list) else isinstance(value, bool | int | float | str)


def _checked(value: Any, where: str) -> Any:
    if not _is_plain(value):
        raise UsageError(f"{where} must be a number, a text, true or false, or a list of these; got {value!r}")
    return value


def _config_axis(value: Any, where: str) -> list[Any]:
    """Read the values of an axis in a file: a list, a text as on the command line, or one value."""
    if isinstance(value, str):
        return parse_axis(value)
    values = _checked(value, where)
    if values == [] or (isinstance(values, list) and any(isinstance(item, list) for item in values)):
        raise UsageError(f"{where} must be a flat list of at least one value, got {values!r}")
    return values if isinstance(values, list) else [values]


def _type_of(name: str, run: Callable[..., Any], settings: Settings) -> tuple[Type, bool]:
    """Return the type that a parameter takes, as far as it can be known, and whether its function says so."""
    parameter = parameters(run).get(name)
    annotation = getattr(parameter, "annotation", None)
    for known in (int, float, bool):
        if annotation in (known, known.__name__):
            return known, True
    own = settings.grid.get(name, settings.fixed.get(name, getattr(parameter, "default", None)))
    values = np.ravel(own).tolist() if isinstance(own, bool | int | float | np.generic | np.ndarray | list | tuple | range) else []
    types = {type(value) for value in values}
    if types == {int, float}:
        return float, False
    return (types.pop() if len(types) == 1 and types <= {int, float, bool} else None), False


def _fit(name: str, value: Any, wanted: Type, declared: bool) -> Any:
    """Give a value the type of its parameter where nothing is lost; refuse what cannot be meant."""
    if wanted is None or type(value) is wanted:
        return value
    if wanted is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is float and number:
        return float(value)
    if wanted is int and number and float(value).is_integer():
        return int(value)
    if wanted is int and number and not declared:
        return value
    words: Mapping[Any, str] = {int: "a whole number", float: "a number", bool: "true or false"}
    raise UsageError(f"{name} must be {words[wanted]}, got {value!r}")
