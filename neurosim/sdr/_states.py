"""States that do not belong to the learner they are given to."""

from __future__ import annotations

from typing import Any

from neurosim.errors import with_hint


def check_kind(state: Any, kind: type) -> None:
    """Refuse a state of another class.

    Examples
    --------
    >>> check_kind(3, dict)
    Traceback (most recent call last):
    ...
    TypeError: state must be a dict, got int; make it with init()
    """
    if not isinstance(state, kind):
        raise TypeError(f"state must be a {kind.__name__}, got {type(state).__name__}; make it with init()")


def check_sizes(**sizes: tuple[int, int]) -> None:
    """Refuse a state that was made for other sizes, each given as (got, wanted).

    Examples
    --------
    >>> check_sizes(cells=(64, 64))
    """
    for name, (got, wanted) in sizes.items():
        if got != wanted:
            error = ValueError(f"state must have {wanted:,} {name.replace('_', ' ')}, got {got:,}")
            raise with_hint(error, "it belongs to a learner of another size; make one with init()")
