"""Where a number was made: versions, commit and machine, for the manifest of a run and for the doctor.

Versions come from the metadata of the installed packages; nothing is imported to learn them.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PACKAGES = ("neurosim", "numpy", "numba", "llvmlite", "scipy", "xarray", "h5netcdf", "matplotlib", "loky", "cloudpickle", "distributed")


def about(root: Path) -> dict[str, Any]:
    """Return what a manifest says of the surroundings: versions, commit, machine, command.

    Parameters
    ----------
    root : Path
        The folder whose commit is meant.
    """
    return {"versions": versions(), "commit": commit(root), "machine": machine(), "command": [Path(sys.argv[0]).name, *sys.argv[1:]]}


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of the packages installed, without importing them.

    Examples
    --------
    >>> sorted(versions(["numpy"]))
    ['numpy', 'python']
    """
    found = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def commit(root: Path) -> str | None:
    """Return the commit of the repository that a folder is in, with ``+changes`` where files differ; None outside one."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        return f"{head}+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.SubprocessError):
        return None


def machine() -> dict[str, Any]:
    """Return what the run's speed depends on: system, processor, number of cores."""
    return {"system": platform.platform(), "processor": processor(), "cores": os.cpu_count(), "host": platform.node()}


def processor() -> str:
    """Return the processor's name as the system gives it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(root: Path, *words: str) -> str:
    run = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True)
    return run.stdout.strip()
