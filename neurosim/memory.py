"""How much memory is left, so that what would not fit is refused before it is made."""

from __future__ import annotations

from pathlib import Path


def free_memory() -> int:
    """Return the bytes that this process may still take: of the machine, and of its control group where there is one.

    Examples
    --------
    >>> free_memory() > 0
    True
    """
    import psutil

    free = psutil.virtual_memory().available
    group = Path("/sys/fs/cgroup")
    try:
        own = Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
        limit, used = ((group / own / f"memory.{kind}").read_text() for kind in ("max", "current"))
        return min(free, int(limit) - int(used))
    except (OSError, ValueError):
        return free
