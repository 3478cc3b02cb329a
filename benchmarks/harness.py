"""Time ours and a peer side by side, after showing that both give the same answer.

The rules, in the order in which they are applied:

1. **One thread** on both sides unless a table says otherwise (:func:`one_thread`).
2. **Calibration first.** A fixed matrix product and a fixed pass over memory, both numpy, tell how fast this machine is now
   (:func:`calibrate`). Goals in seconds were set on the machine of ``REFERENCE``; on a slower one they grow by the same
   factor, on a faster one they stay.
3. **Warm call first** for every contender: compilation, caches and page faults stay outside.
4. **Equal answers before any ratio.** The answers of the warm calls go to ``Race.same``, which says what is equal, or raises
   :class:`Mismatch`: then there is no table.
5. **Round-robin.** Every round runs each contender once, so that a slow minute hits all of them.
6. **Median and spread.** A time is the median over the rounds, a ratio the median of the ratios within each round (ours is
   the first contender); in brackets stand the smallest and the largest. The ratio uses CPU time (of the process and of the
   children it has waited for), or wall time where other processes work in parallel (``clock="wall"``).
"""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np

Clock = Literal["cpu", "wall"]
Spread = tuple[float, float, float]

REFERENCE = {"gemm_gflops": 100.0, "memory_gb_per_s": 19.0}
PACKAGES = (
    "neurosim",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "xarray",
    "loky",
    "joblib",
    "hopfieldnetwork",
    "brian2",
    "kuramoto",
    "jitcode",
)


class Mismatch(AssertionError):
    """Two contenders gave different answers; their times mean nothing."""


@dataclass(frozen=True)
class Calibration:
    """How fast this machine is now: one thread, CPU time, medians."""

    gemm_gflops: float
    memory_gb_per_s: float

    @property
    def slowdown(self) -> float:
        """Factor by which goals in seconds grow here; never below 1."""
        gemm = REFERENCE["gemm_gflops"] / self.gemm_gflops
        memory = REFERENCE["memory_gb_per_s"] / self.memory_gb_per_s
        return max(1.0, (gemm * memory) ** 0.5)


@dataclass(frozen=True)
class Contender:
    """One side of a race: does the whole work and returns the answer; in a round it runs ``repeats`` times.

    ``work`` counts the units of work in an answer, ``at_most`` is a goal in seconds per unit of work. Where a run measures itself, because
    only its loop is to be compared, ``taken`` reads CPU and wall seconds off its answer.
    """

    name: str
    run: Callable[[], Any]
    arithmetic: str = ""
    repeats: int = 1
    work: Callable[[Any], float] = lambda answer: 1.0
    at_most: float | None = None
    taken: Callable[[Any], tuple[float, float]] | None = None

    def seconds(self) -> tuple[float, float]:
        """Run, and return CPU and wall seconds a call."""
        if self.taken is not None:
            return self.taken(self.run())
        return clocked(self.run, self.repeats)


@dataclass(frozen=True)
class Race:
    """Ours (first) and its peers, how their answers must agree, and the ratios wanted of each peer."""

    title: str
    contenders: Sequence[Contender]
    same: Callable[[list[Any]], str]
    unit: str = "call"
    goals: Mapping[str, float] = field(default_factory=dict)
    clock: Clock = "cpu"
    batch: tuple[int, str] | None = None


@dataclass(frozen=True)
class Row:
    """One line of a table: seconds per unit of work, each as (median, smallest, largest)."""

    race: str
    contender: str
    arithmetic: str
    unit: str
    clock: Clock
    cpu: Spread
    wall: Spread
    cpu_per_item: tuple[float, str] | None
    ratio: Spread | None
    goal: float | None
    goal_kind: Literal["ratio", "seconds"]

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        if self.goal_kind == "ratio":
            return self.ratio is not None and self.ratio[0] >= self.goal
        return (self.cpu if self.clock == "cpu" else self.wall)[0] <= self.goal


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread inside the block."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def cpu_clock() -> float:
    """Return CPU seconds of this process and of the children it has waited for."""
    if sys.platform == "win32":
        return time.process_time()
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def clocked(run: Callable[[], Any], repeats: int = 1) -> tuple[float, float]:
    """Return CPU seconds and wall seconds per call."""
    with _no_collection():
        cpu, wall = cpu_clock(), time.perf_counter()
        for _ in range(repeats):
            run()
        return (cpu_clock() - cpu) / repeats, (time.perf_counter() - wall) / repeats


def spread(values: np.ndarray) -> Spread:
    """Return median, smallest and largest."""
    return float(np.median(values)), float(values.min()), float(values.max())


def calibrate(rounds: int = 5, size: int = 1024, megabytes: int = 128) -> Calibration:
    """Time a float32 matrix product and a copy of an array too large for the caches (bytes read plus bytes written)."""
    left = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    source = np.ones(megabytes * 2**20 // 4, np.float32)
    target, product = np.empty_like(source), np.empty_like(left)
    jobs = (lambda: np.matmul(left, left, out=product), lambda: np.copyto(target, source))
    with one_thread():
        for job in jobs:
            job()
        times = [[clocked(job)[0] for job in jobs] for _ in range(rounds)]
    gemm, copy = (statistics.median(column) for column in zip(*times, strict=True))
    return Calibration(2.0 * size**3 / gemm / 1e9, 2.0 * source.nbytes / copy / 1e9)


def run_race(race: Race, rounds: int, slowdown: float = 1.0, say: Callable[[str], None] = print) -> list[Row]:
    """Warm up, compare the answers, then run the rounds.

    Raises
    ------
    Mismatch
        If the answers differ; nothing is timed then.
    """
    with one_thread():
        answers = [contender.run() for contender in race.contenders]
        say(f"\n{race.title}\n  equal answers: {race.same(answers)}")
        times = np.array([[side.seconds() for side in race.contenders] for _ in range(rounds)])
    work = np.array([side.work(answer) for side, answer in zip(race.contenders, answers, strict=True)])
    return [_row(race, index, times / work[:, None], work, slowdown) for index in range(len(work))]


def _row(race: Race, index: int, times: np.ndarray, work: np.ndarray, slowdown: float) -> Row:
    """Sum up one contender; times (rounds, contenders, 2) are seconds per unit of work, CPU then wall."""
    side = race.contenders[index]
    which = 0 if race.clock == "cpu" else 1
    cpu, wall = times[:, index, 0], times[:, index, 1]
    item = None if race.batch is None else (float(np.median(cpu) * work[index] / race.batch[0]), race.batch[1])
    ratio = spread(times[:, index, which] / times[:, 0, which]) if index else None
    in_seconds = side.at_most is not None
    goal = side.at_most * slowdown if side.at_most is not None else race.goals.get(side.name)
    kind: Literal["ratio", "seconds"] = "seconds" if in_seconds else "ratio"
    return Row(
        race.title, side.name, side.arithmetic, race.unit, race.clock, spread(cpu), spread(wall), item, ratio, goal, kind
    )  # fmt: skip


def seconds(value: float) -> str:
    """Write a time with a fitting unit and three digits.

    Examples
    --------
    >>> seconds(1.234e-8), seconds(0.0321), seconds(2.5)
    ('12.3 ns', '32.1 ms', '2.5 s')
    """
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if abs(value) >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def _times(value: Spread) -> str:
    return f"{seconds(value[0])} [{seconds(value[1])} - {seconds(value[2])}]"


def _cells(row: Row) -> list[str]:
    ratio = "" if row.ratio is None else f"{row.ratio[0]:.3g}x [{row.ratio[1]:.3g} - {row.ratio[2]:.3g}]"
    goal = "" if row.goal is None else f">= {row.goal:g}x" if row.goal_kind == "ratio" else f"<= {seconds(row.goal)} {row.clock}"
    item = "" if row.cpu_per_item is None else seconds(row.cpu_per_item[0])
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    return [row.contender, row.arithmetic, _times(row.cpu), item, _times(row.wall), ratio, goal, verdict]


def table(rows: Sequence[Row]) -> str:
    """Write the rows of one race as a table."""
    from tabulate import tabulate

    item = rows[0].cpu_per_item
    heads = ["", "arithmetic", f"CPU per {rows[0].unit}", f"CPU per {item[1]}" if item else "-", f"wall per {rows[0].unit}"]
    heads += [f"ratio ({rows[0].clock})", "goal", ""]
    cells = [_cells(row) for row in rows]
    keep = [column for column in range(len(heads)) if any(line[column] for line in cells)]
    return tabulate([[line[column] for column in keep] for line in cells], [heads[column] for column in keep], tablefmt="simple")


def machine() -> dict[str, str]:
    """Name the processor, the interpreter and the packages that the numbers depend on."""
    names = {"machine": platform.machine(), "processor": _processor(), "python": platform.python_version()}
    for package in PACKAGES:
        try:
            names[package] = version(package)
        except PackageNotFoundError:
            names[package] = "not installed"
    return names


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
