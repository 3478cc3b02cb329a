"""What an installation consists of, what does not fit together, and what to do about it.

Nothing heavy is imported: versions come from the metadata of the installed packages, so that a package which fails on import, or
takes seconds to do so, is described all the same. Pairs of versions that are known not to work are named with their remedy;
``pip check`` does not see them, for they break no stated requirement.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neurosim.provenance import PACKAGES, processor

EXTRAS = ("torch", "snntorch", "brian2", "nest-simulator", "dask", "distributed", "dask-jobqueue", "mpi4py", "ipywidgets", "nir")
THREAD_VARIABLES = ("NEUROSIM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Versions = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    `verdict` is ``ok``, ``note`` (worth knowing, nothing is broken) or ``problem``; `advice` says what to do.
    """

    topic: str
    text: str
    verdict: Literal["ok", "note", "problem"] = "ok"
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything, and never fail: an examination that raises is itself a finding.

    Returns
    -------
    list of Finding
    """
    findings: list[Finding] = []
    for look in (packages, extras, pairs, cores, threads, blas, cache, data, gpu, commands):
        try:
            findings += look()
        except Exception as error:  # a broken installation is what this is for
            findings.append(Finding(look.__name__, f"{type(error).__name__}: {error}", "problem", "this part could not be examined"))
    return findings


def report(findings: list[Finding]) -> str:
    """Lay findings out as text: one line each, advice below it.

    Examples
    --------
    >>> print(report([Finding("numpy", "2.3.5"), Finding("data", "no MNIST", "note", "set NEUROSIM_DATA")]))
    ok       numpy  2.3.5
    note     data   no MNIST
                    -> set NEUROSIM_DATA
    <BLANKLINE>
    0 problems, 1 note
    """
    width = max((len(finding.topic) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:<8} {finding.topic:<{width}}  {finding.text}")
        lines += [f"{'':<9}{'':<{width}}  -> {advice}" for advice in finding.advice.splitlines()]
    problems, notes = (sum(finding.verdict == verdict for finding in findings) for verdict in ("problem", "note"))
    count = f"{problems} problem{'s' * (problems != 1)}, {notes} note{'s' * (notes != 1)}"
    return "\n".join([*lines, "", count])


def packages() -> Iterator[Finding]:
    """Name the versions of Python and of the packages that neurosim requires; say which are absent or out of range."""
    yield Finding("python", f"{sys.version.split()[0]} ({sys.executable})")
    installed, required = installed_versions(), requirements("neurosim")
    for name in dict.fromkeys([*PACKAGES, *required]):
        wanted = required.get(name, "")
        if name not in installed:
            if name in required:
                yield Finding(name, "not installed", "problem", f"pip install '{name}{wanted}'")
        elif not fits(installed[name], wanted):
            yield Finding(name, f"{installed[name]}, wanted {wanted}", "problem", f"pip install '{name}{wanted}'")
        else:
            yield Finding(name, installed[name])


def extras() -> Iterator[Finding]:
    """Name the optional packages that are there."""
    installed = installed_versions()
    for name in EXTRAS:
        if name in installed and name not in PACKAGES:
            yield Finding(name, f"{installed[name]} (optional)")


def pairs(installed: Versions | None = None) -> Iterator[Finding]:
    """Name the pairs of versions that are known not to work together.

    Parameters
    ----------
    installed : mapping, optional
        Versions by package name. Those installed here by default.
    """
    installed = installed_versions() if installed is None else installed
    for pair in PAIRS:
        yield from pair(installed)


def _brian2_and_numpy(installed: Versions) -> Iterator[Finding]:
    brian2, numpy = installed.get("brian2"), installed.get("numpy")
    if brian2 and numpy and fits(brian2, "<2.10") and fits(numpy, ">=2.4"):
        text = f"brian2 {brian2} does not import with numpy {numpy} (it uses ndarray.ptp, which numpy 2.4 removed)"
        python = " (brian2 2.10 needs Python 3.12)" if sys.version_info < (3, 12) else ", or: pip install 'brian2>=2.10'"
        yield Finding("brian2 + numpy", text, "problem", f"pip install 'numpy<2.4'{python}")


def _snntorch_without_torch(installed: Versions) -> Iterator[Finding]:
    if "snntorch" in installed and "torch" not in installed:
        text = f"snntorch {installed['snntorch']} is installed without torch, which it needs and does not ask for"
        yield Finding("snntorch + torch", text, "problem", "pip install 'neurosim[torch]'; a plain torch is the 5.5 GB build for CUDA")


def _numba_and_numpy(installed: Versions) -> Iterator[Finding]:
    """Compare numpy with what the installed numba itself says that it works with."""
    numba, numpy = installed.get("numba"), installed.get("numpy")
    wanted = requirements("numba").get("numpy", "") if numba else ""
    if numba and numpy and not fits(numpy, wanted):
        text = f"numba {numba} refuses numpy {numpy}, it works with numpy{wanted}"
        yield Finding("numba + numpy", text, "problem", f"pip install 'numpy{wanted}', or a numba that knows numpy {numpy}")


def _numba_and_llvmlite(installed: Versions) -> Iterator[Finding]:
    numba, llvmlite = installed.get("numba"), installed.get("llvmlite")
    wanted = requirements("numba").get("llvmlite", "") if numba else ""
    if numba and llvmlite and not fits(llvmlite, wanted):
        text = f"numba {numba} does not work with llvmlite {llvmlite}, it wants llvmlite{wanted}"
        yield Finding("numba + llvmlite", text, "problem", f"pip install --force-reinstall numba=={numba}")


PAIRS: tuple[Callable[[Versions], Iterator[Finding]], ...] = (
    _brian2_and_numpy,
    _snntorch_without_torch,
    _numba_and_numpy,
    _numba_and_llvmlite,
)


def cores() -> Iterator[Finding]:
    """Name the processor, and how many of its cores this process may use."""
    import psutil

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory()
    yield Finding("processor", f"{processor()}: {psutil.cpu_count(logical=False)} physical cores, {usable} usable here")
    yield Finding("memory", f"{memory.available / 2**30:.1f} GiB free of {memory.total / 2**30:.1f}")


def threads() -> Iterator[Finding]:
    """Name the number of threads of the engine, and the variables that set numbers of threads."""
    from neurosim.threads import get_threads

    named = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    try:
        yield Finding("threads", ", ".join([f"{get_threads()} in the engine", *named]))
    except ValueError as error:
        yield Finding("threads", str(error), "problem", "unset NEUROSIM_THREADS, or give it a whole number")


def blas() -> Iterator[Finding]:
    """Name the linear algebra that numpy has loaded."""
    import numpy as np
    import threadpoolctl

    np.dot(np.ones((2, 2)), np.ones((2, 2)))
    found = [pool for pool in threadpoolctl.threadpool_info() if pool.get("user_api") == "blas"]
    for pool in found:
        core = pool.get("architecture") or "unknown core"
        yield Finding("blas", f"{pool['internal_api']} {pool.get('version')} for {core}, {pool['num_threads']} threads")
    if not found:
        yield Finding("blas", "none that is known", "note", "matrix products may be slow; install numpy from a wheel")


def cache() -> Iterator[Finding]:
    """Name the folder of compiled kernels, and try to write there."""
    import platformdirs

    chosen = os.environ.get("NEUROSIM_CACHE")
    folder = Path(chosen).expanduser().resolve() if chosen else Path(platformdirs.user_cache_dir("neurosim", appauthor=False)) / "kernels"
    place = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(place, os.W_OK):
        advice = "kernels are compiled again in a temporary folder; set NEUROSIM_CACHE to a folder that can be written"
        yield Finding("cache", f"{folder} cannot be written", "problem", advice)
        return
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
    yield Finding("cache", f"{folder}, {sum(sizes) / 2**20:.1f} MiB" if sizes else f"{folder}, still empty")


def data() -> Iterator[Finding]:
    """Name the data files that are there."""
    from neurosim.data import MNIST, folders

    places = folders()
    found = {name: next((place for place in places if (place / "mnist" / name).is_file()), None) for name in MNIST}
    there = sorted({str(place) for place in found.values() if place})
    if all(found.values()):
        yield Finding("data", f"mnist in {', '.join(there)}")
    else:
        missing = [name for name, place in found.items() if not place]
        text = f"mnist: {len(missing)} of {len(MNIST)} files missing, looked in {', '.join(map(str, places))}"
        yield Finding("data", text, "note", "only experiments on images need them; set NEUROSIM_DATA to the folder that holds mnist/")


def gpu() -> Iterator[Finding]:
    """Name the GPU that the driver reports, without importing torch, and whether torch was built for one."""
    tool, torch = shutil.which("nvidia-smi"), installed_versions().get("torch")
    names = _gpu_names(tool) if tool else []
    if tool and not names:
        yield Finding("gpu", "nvidia-smi is there but names no GPU", "note", "the driver may not be running: type nvidia-smi")
    elif names:
        yield Finding("gpu", "; ".join(names))
    else:
        yield Finding("gpu", "none found; everything runs without one")
    if names and torch and "+cpu" in torch:
        yield Finding("gpu + torch", f"torch {torch} was built without CUDA", "note", "install the CUDA build of torch to use the GPU")


def commands() -> Iterator[Finding]:
    """Name the programs that are used where they are there."""
    if not shutil.which("git"):
        yield Finding("git", "not found", "note", "manifests of runs cannot name the commit of your code")


def installed_versions() -> dict[str, str]:
    """Return the versions of all installed packages, by name in lower case with hyphens."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        with contextlib.suppress(Exception):  # a half-removed package has metadata without a name
            found.setdefault(_plain(distribution.metadata["Name"]), distribution.version)
    return found


def requirements(package: str) -> dict[str, str]:
    """Return the packages that a package always requires, with the versions that it wants.

    Examples
    --------
    >>> requirements("a-package-that-is-not-installed")
    {}
    """
    try:
        lines = importlib.metadata.requires(package) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    parsed = [re.match(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(;.*)?$", line) for line in lines]
    return {_plain(match[1]): match[2].replace(" ", "") for match in parsed if match and not match[3]}


def fits(version: str, wanted: str) -> bool:
    """Tell whether a version lies in a range; what is not a plain comparison of numbers counts as fitting.

    Examples
    --------
    >>> fits("2.3.5", ">=2.0,<2.4"), fits("2.4.0", ">=2.0,<2.4"), fits("0.50.0", "<0.51,>=0.50.0dev0"), fits("2.4", "")
    (True, False, True, True)
    """
    return all(_meets(_numbers(version), condition.strip()) for condition in wanted.split(",") if condition.strip())


def _meets(version: tuple[int, ...], condition: str) -> bool:
    match = re.match(r"(<=|>=|==|!=|<|>)\s*(\d[\w.]*)(\.\*)?$", condition)
    if not match:
        return True
    limit = _numbers(match[2])
    start = version[: len(limit)] if match[3] else version
    size = max(len(start), len(limit))
    one, two = (numbers + (0,) * (size - len(numbers)) for numbers in (start, limit))
    return {"<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two, "==": one == two, "!=": one != two}[match[1]]


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version; what follows them (rc1, dev0, +cpu) is left out."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def _gpu_names(tool: str) -> list[str]:
    try:
        query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        run = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in run.stdout.splitlines() if line.strip()]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
