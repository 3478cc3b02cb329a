"""What the sweep driver costs per point, when the points themselves cost nothing.

Ours names, seeds, stores and labels every point and can resume; the peers return bare numbers. In one process the reference is a Python
loop. With two workers the peers send one task per point (``chunksize=1``, ``batch_size=1``), which is what a driver does that must know of
every finished point; ours bundles tiny points. Worker pools of the peers are warm and kept; ours starts its own in every sweep, inside
the time. The wall time decides.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import neurosim as ns
from benchmarks.harness import Contender, Mismatch, Race

_NUMBERS = count()


def square(value: int) -> dict[str, int]:
    """Return one number: a point that costs nothing."""
    return {"square": value * value}


def _bare(value: int) -> int:
    return value * value


def ours(values: list[int], folder: Path | None = None, workers: int = 1) -> list[int]:
    """Sweep into a fresh store: in memory, or in a new file of the folder."""
    store = None if folder is None else folder / f"{next(_NUMBERS)}.sqlite"
    data = ns.sweep(square, {"value": values}, store=store, workers=workers, progress=False)
    return np.asarray(data["square"]).astype(int).tolist()


def loop(values: list[int]) -> list[int]:
    """Call the function for every value."""
    return [square(value)["square"] for value in values]


def with_loky(values: list[int]) -> list[int]:
    """Send one task per point to two warm worker processes."""
    from loky import get_reusable_executor

    return list(get_reusable_executor(max_workers=2, timeout=60).map(_bare, values, chunksize=1))


def with_joblib(values: list[int]) -> list[int]:
    """Do the same through joblib."""
    joblib = import_module("joblib")
    return joblib.Parallel(n_jobs=2, backend="loky", batch_size=1)(joblib.delayed(_bare)(value) for value in values)


def equal_lists(answers: list[list[int]]) -> str:
    """Every side returns the same numbers in the same order."""
    first, *others = answers
    if any(other != first for other in others):
        raise Mismatch("the squares differ")
    return f"{len(first):,} numbers, the same on every side"


def _side(name: str, run: Callable[[list[int]], Any], values: list[int]) -> Contender:
    return Contender(name, partial(run, values), "", 1, len)


def _peers(values: list[int]) -> list[Contender]:
    sides = [_side("loky, one task per point", with_loky, values)]
    if find_spec("joblib") is None:
        print("\njoblib is not installed: no race against it")
        return sides
    return [*sides, _side("joblib, batch_size=1", with_joblib, values)]


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield one race in this process and one with two workers."""
    few, many = (20, 50) if tiny else (2_000, 8_000)
    values = list(range(few))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inside = [
            _side("neurosim, store in memory", ours, values),
            _side("neurosim, store in a file", partial(ours, folder=folder), values),
            _side("python loop", loop, values),
        ]
        yield Race(f"sweep of {few:,} empty points, in process", inside, equal_lists, "point", clock="wall")
        values = list(range(many))
        ours_outside = _side("neurosim, 2 workers, store in a file", partial(ours, folder=folder, workers=2), values)
        title = f"sweep of {many:,} empty points, 2 worker processes"
        yield Race(title, [ours_outside, *_peers(values)], equal_lists, "point", clock="wall")
