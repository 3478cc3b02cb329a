"""Errors that say in one line what was wrong, and in a note what to do about it.

The first line of each message names the argument, what was got and what was wanted. Advice travels as an exception note
(:pep:`678`): a traceback shows it below the message, the command prints it after the message.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)


class UsageError(ValueError):
    """A name, a grid or an option that cannot be understood."""


class StoreError(RuntimeError):
    """A store that cannot be used: damaged, of another function or of another format."""


class StoreInUse(StoreError):
    """A store that another live driver, named in the message, is writing."""


class StaleStore(StoreError):
    """A store whose points were computed by code that has since been edited."""


class CheckpointError(RuntimeError):
    """A checkpoint that is damaged or belongs to another model, run or version."""


class RecordingTooLarge(MemoryError):
    """A recording that would not fit in memory."""


class RunawayActivity(RuntimeError):
    """A population that fires more than its network allows; the message says which, when and how much.

    Attributes
    ----------
    data : xarray.Dataset or None
        What the run had recorded.
    """

    data: Any = None


class DataNotFound(FileNotFoundError):
    """A data file that is absent, or whose checksum is not the one wanted."""


class MissingExtra(ImportError):
    """An optional package that is not installed; the message names the extra."""


def with_hint(error: E, hint: str) -> E:
    """Attach advice to an error and return it, to be raised by the caller.

    Examples
    --------
    >>> with_hint(ValueError("load must be positive, got -1"), "try 0.1").__notes__
    ['try 0.1']
    """
    error.add_note(hint)
    return error


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name comes nearest to a wrong one, or list them all.

    Examples
    --------
    >>> nearest("laod", ["load", "n"])
    "did you mean 'load'?"
    >>> nearest("zzz", ["load", "n"])
    'known names: load, n'
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known names: {', '.join(known) or '(none)'}"
