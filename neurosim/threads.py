"""How many threads the engine uses: one, unless asked for more.

Work is cut into independent ranges (replicas, say) that compiled kernels run through without the interpreter lock, so a pool of
ordinary threads is enough, which start and end with a step. Threads of a spiking network follow each other through many slices of a step;
one that waits looks for some tenths of a millisecond, then sleeps between two looks, and some milliseconds after a step all are asleep.
Results do not depend on the number of threads. Sweeps run their points in processes with one thread each.

``NEUROSIM_THREADS`` sets the number at start.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_chosen: int | None = None


def get_threads() -> int:
    """Return the number of threads in use.

    Examples
    --------
    >>> get_threads() >= 1
    True
    """
    if _chosen is not None:
        return _chosen
    asked = os.environ.get("NEUROSIM_THREADS", "1")
    if not asked.isdigit() or int(asked) < 1:
        raise ValueError(f"the variable NEUROSIM_THREADS must be a whole number of at least 1, got {asked!r}")
    return int(asked)


def set_threads(n: int) -> None:
    """Choose the number of threads for the rest of the process.

    Parameters
    ----------
    n : int
        At least 1.

    Examples
    --------
    >>> set_threads(1)
    """
    global _chosen
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"the number of threads must be a whole number of at least 1, got {n!r}")
    _chosen = n


def over_ranges(work: Callable[[int, int], None], n: int) -> None:
    """Call work(first, last) on ranges that cover 0 ... n - 1, one range a thread.

    Parameters
    ----------
    work : callable
        Must leave results that do not depend on how the ranges are cut.
    n : int
        Number of independent items.

    Examples
    --------
    >>> seen = []
    >>> over_ranges(lambda first, last: seen.extend(range(first, last)), 3)
    >>> sorted(seen)
    [0, 1, 2]
    """
    threads = min(get_threads(), n)
    if threads <= 1:
        work(0, n)
        return
    borders = [n * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, first, last) for first, last in zip(borders, borders[1:], strict=False)]:
            done.result()
