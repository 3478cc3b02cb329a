"""The folder of a run: what is in it, and how it gets there whole.

==============================  ==================================================================
``points.sqlite``               every finished point; the one thing that cannot be made again cheaply
``data.nc``                     the labelled data of the last run (netCDF 4)
``figure.png``, ``figure.svg``  drawn from these data
``claims.json``                 measured beside expected
``manifest.json``               what was asked for, with which versions, by which commit, on which machine
==============================  ==================================================================

Each file but the store is written beside its place and moved there when it is complete and on the disk. A reader sees the old file
or the new one, and a full disk leaves the old one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neurosim._sweep.canonical import readable, to_json
from neurosim._sweep.points import Points
from neurosim.errors import StoreError, with_hint
from neurosim.executors import dask_scheduler
from neurosim.experiment import LEVELS, Experiment, Level, Settings, Verdict, decide, undecided
from neurosim.files import check_writable, replacing
from neurosim.provenance import about
from neurosim.settings import Overrides, apply, parse_value, write_value

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import xarray as xr

STORE, DATA, FIGURE, CLAIMS, MANIFEST = "points.sqlite", "data.nc", "figure", "claims.json", "manifest.json"


class ExperimentFailed(RuntimeError):
    """Code of the experiment itself raised where its data were being shown."""

    exit_status = 1


@dataclass(frozen=True)
class Request:
    """What was asked for: a named grid, what to change in it, and a seed."""

    level: Level = "default"
    overrides: Overrides = Overrides()
    seed: int = 0

    def of(self, experiment: Experiment) -> Settings:
        """Return the settings that an experiment has under this request."""
        return apply(experiment.settings(self.level), self.overrides, experiment.run)

    def as_json(self) -> dict[str, Any]:
        """Return what :meth:`read` reads; values are written as on the command line."""
        fixed = {name: write_value(value) for name, value in self.overrides.fixed.items()}
        axes = {name: [write_value(value) for value in values] for name, values in self.overrides.axes.items()}
        return {"level": self.level, "set": fixed, "grid": axes, "seed": self.seed}

    @classmethod
    def read(cls, path: Path) -> Request:
        """Return the request that the manifest of a folder holds; the plain one where it holds none."""
        asked = read_manifest(path).get("request", {})
        try:
            fixed = {name: parse_value(text) for name, text in asked["set"].items()}
            axes = {name: [parse_value(text) for text in texts] for name, texts in asked["grid"].items()}
            return cls(asked["level"] if asked["level"] in LEVELS else "default", Overrides(fixed, axes), int(asked["seed"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls()


@dataclass(frozen=True)
class Resources:
    """Who computes the points, and what becomes of stored ones whose code was edited.

    `workers` None means one process for each physical core that may be used; `dask` is the address of a scheduler; `executor` is one
    that is open already.
    """

    workers: int | None = None
    dask: str | None = None
    executor: Executor | None = None
    on_change: Literal["ask", "reuse", "fresh"] = "ask"


def folder(root: Path, name: str) -> Path:
    """Return the folder of a run, made if needed and found to be writable.

    Raises
    ------
    OSError
        With a note on what to do.
    """
    path = root / "runs" / name
    try:
        path.mkdir(parents=True, exist_ok=True)
        check_writable(path / MANIFEST)
    except OSError as error:
        told = OSError(f"cannot write in {path}: {error.strerror}")
        raise with_hint(told, "make the folder writable, or run in a folder of your own") from error
    return path


def fill(path: Path, run: Callable[..., Any], settings: Settings, request: Request, how: Resources, **about_run: Any) -> xr.Dataset:
    """Compute what is missing, and write data and manifest.

    Parameters
    ----------
    path : Path
        The folder of the run.
    run : callable
    settings : Settings
    request : Request
        What the settings come from; it is written down, so that the figure can be drawn again.
    how : Resources
    **about_run
        More for the manifest.

    Returns
    -------
    xarray.Dataset
    """
    points = Points(run, settings.grid, settings.fixed, request.seed)
    asked = {"request": request.as_json(), "seed": request.seed, "grid": points.grid, "fixed": points.bound}
    content = {**about_run, **{name: readable(value) for name, value in asked.items()}}
    with _manifest(path / MANIFEST, content):
        data = compute(path, run, settings, request.seed, how)
        write_dataset(path / DATA, data)
        content |= {"points": int(data["done"].size), "finished": int(data["done"].sum())}
    return data


def compute(path: Path, run: Callable[..., Any], settings: Settings, seed: int, how: Resources) -> xr.Dataset:
    """Compute what is missing in the store of a folder, and return the points as a Dataset, failed ones as holes."""
    from neurosim.sweep import collect, sweep

    grid, fixed = settings
    with contextlib.nullcontext(how.executor) if how.executor else dask_scheduler(how.dask) as executor:
        workers = 1 if executor else how.workers or usable_cores()
        try:
            return sweep(run, grid, fixed=fixed, seed=seed, store=path / STORE, workers=workers, executor=executor, on_change=how.on_change)
        except RuntimeError as error:
            if isinstance(error, StoreError) or len(failures(path, run, settings, seed)) < settings.points:
                raise
    return collect(path / STORE, run, grid, fixed, seed)


def stored(path: Path, experiment: Experiment) -> xr.Dataset:
    """Return the points that are there of the run that a folder's manifest describes, also while another driver adds to them."""
    from neurosim.store import Store
    from neurosim.sweep import collect

    request = Request.read(path)
    settings = request.of(experiment)
    with Store.read_only(path / STORE) as store:
        return collect(store, experiment.run, settings.grid, settings.fixed, request.seed)


def outdated(path: Path, experiment: Experiment) -> bool:
    """Tell whether the points of a folder were computed before the code of the experiment was edited."""
    from neurosim.store import Store
    from neurosim.sweep import is_outdated

    request = Request.read(path)
    settings = request.of(experiment)
    with Store.read_only(path / STORE) as store:
        return is_outdated(store, experiment.run, settings.grid, settings.fixed, request.seed)


def found(path: Path, run: Callable[..., Any], settings: Settings, seed: int) -> int:
    """Return how many points of a grid are in the store of a folder."""
    from neurosim.store import Store

    if not (path / STORE).is_file() or not (path / STORE).stat().st_size:
        return 0
    with Store.read_only(path / STORE) as store:
        return len(store.done(Points(run, settings.grid, settings.fixed, seed).keys))


def failures(path: Path, run: Callable[..., Any], settings: Settings, seed: int) -> list[str]:
    """Return a line for each failed point of a grid: its arguments, its error, and the advice that came with it."""
    from neurosim.store import Store

    points = Points(run, settings.grid, settings.fixed, seed)
    with Store.read_only(path / STORE) as store:
        failed = store.failures(points.keys)
    lines = {key: _error_and_advice(point.error, point.traceback) for key, point in failed.items()}
    return [f"point {points.describe(index)} failed: {lines[key]}" for index, key in enumerate(points.keys) if key in lines]


def _error_and_advice(error: str, traceback: str) -> str:
    """Put the last line of a traceback, where advice stands, behind the error unless it is the error itself."""
    last = (traceback.strip().splitlines() or [error])[-1]
    return last if error in last else f"{error} ({last})"


def claims_of(path: Path, experiment: Experiment, settings: Settings, seed: int, data: xr.Dataset) -> list[Verdict]:
    """Decide the claims that name the grid of a run, and those whose own grid happens to be whole in the store.

    Settings that are nobody's grid decide nothing.
    """
    level = experiment.level_of(settings)
    if level is None:
        return undecided(experiment, "these settings are no named grid")
    return decide(experiment, lambda wanted: data if wanted == level else _whole(path, experiment, experiment.settings(wanted), seed))


def _whole(path: Path, experiment: Experiment, settings: Settings, seed: int) -> xr.Dataset | None:
    from neurosim.sweep import collect

    if found(path, experiment.run, settings, seed) < settings.points:
        return None
    return collect(path / STORE, experiment.run, settings.grid, settings.fixed, seed)


def draw(experiment: Experiment, data: xr.Dataset, path: Path) -> list[Path]:
    """Draw the figure of an experiment into a folder, as PNG and SVG.

    Raises
    ------
    ExperimentFailed
        If the figure's own code raises; the older figure stays.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    from neurosim import plot

    try:
        drawn = experiment.figure(data)
        if not hasattr(drawn, "savefig") and not hasattr(getattr(drawn, "figure", None), "savefig"):
            raise TypeError(f"wanted Axes or a Figure, got {drawn!r}")
    except Exception as error:
        plt.close("all")
        told = ExperimentFailed(f"the figure failed: {type(error).__name__}: {error}")
        raise with_hint(told, "the points are stored: correct the figure, then draw it again with neurosim plot") from error
    try:
        return list(plot.save(drawn, path / FIGURE))
    finally:
        plt.close("all")


def usable_cores() -> int:
    """Return the number of physical cores that this process may use.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    import loky
    import psutil

    return max(1, min(psutil.cpu_count(logical=False) or loky.cpu_count(), loky.cpu_count()))


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON; NaN is refused, for few readers know it."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    with replacing(path) as file:
        file.write(text.encode() + b"\n")


def write_claims(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Write verdicts as the list of objects that ``neurosim check --json`` prints."""
    write_json(path, [verdict.as_json() for verdict in verdicts])


def write_dataset(path: Path, data: xr.Dataset) -> None:
    """Write a Dataset as netCDF 4; what netCDF has no type for is written as text.

    The file is built in memory first: the HDF5 library does not survive a disk that fills up under it.
    """
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    image = io.BytesIO()
    with h5netcdf.File(image, "w") as file:
        netcdf_safe(data).dump_to_store(H5NetCDFStore(file))
    with replacing(path) as place:
        place.write(image.getbuffer())


def netcdf_safe(data: xr.Dataset) -> xr.Dataset:
    """Return a Dataset whose attributes and coordinates netCDF can hold."""
    data = data.copy()
    for name, variable in list(data.variables.items()):
        if variable.dtype == object:
            data[name] = variable.astype(str)
        elif variable.dtype.kind == "c":
            data = data.drop_vars([name]).assign({f"{name}_real": variable.real, f"{name}_imag": variable.imag})
    for holder in (data, *data.variables.values()):
        holder.attrs = {str(name): _attribute(value) for name, value in holder.attrs.items()}
    return data


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a run's folder; empty where there is none, or where it cannot be read."""
    try:
        content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def table(verdicts: Sequence[Verdict]) -> str:
    """Lay verdicts out as a table, with a line that counts them.

    Examples
    --------
    >>> from neurosim.experiment import Claim, Experiment, undecided
    >>> claim = Claim("overlap", 0.998, 0.001, "theory", lambda data: 0.0, source="T = 0 equations", grid="full")
    >>> print(table(undecided(Experiment(lambda load: {}, {"load": [0.1]}, print, (claim,)), "needs --full")))
    claim    kind         expected    measured  verdict       source
    -------  ------  -------------  ----------  ------------  ---------------
    overlap  theory  0.998 ± 0.001              needs --full  T = 0 equations
    0 passed, 0 failed, 1 not decided
    """
    from tabulate import tabulate

    rows = [_row(verdict) for verdict in verdicts]
    counts = [sum(verdict.passed is wanted for verdict in verdicts) for wanted in (True, False, None)]
    head = ["claim", "kind", "expected", "measured", "verdict", "source"]
    align = ("left", "left", "right", "right", "left", "left")
    lines = tabulate(rows, head, disable_numparse=True, colalign=align, maxcolwidths=[36, None, None, None, 40, 48])
    return f"{lines}\n{counts[0]} passed, {counts[1]} failed, {counts[2]} not decided"


@contextlib.contextmanager
def _manifest(path: Path, content: dict[str, Any]) -> Iterator[None]:
    """Write a manifest before and after a run; a run that never got the store leaves the older one."""
    older = path.read_bytes() if path.is_file() else None
    began = time.time()
    content |= {"status": "running", "began": _clock(began), **about(Path.cwd())}
    write_json(path, content)
    ours = path.read_bytes()
    try:
        yield
        content["status"] = "complete" if content["finished"] == content["points"] else "points failed"
    except StoreError:
        _put_back(path, ours, older)
        raise
    except BaseException as error:
        content["status"] = f"stopped by {type(error).__name__}"
        write_json(path, {**content, "seconds": round(time.time() - began, 3)})
        raise
    write_json(path, {**content, "seconds": round(time.time() - began, 3)})


def _put_back(path: Path, ours: bytes, older: bytes | None) -> None:
    """Restore an older manifest, unless the driver that has the store wrote its own meanwhile."""
    with contextlib.suppress(OSError):
        if path.read_bytes() != ours:
            return
        if older is None:
            path.unlink()
            return
        with replacing(path) as file:
            file.write(older)


def _clock(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def _row(verdict: Verdict) -> list[str]:
    word = {True: "passed", False: "FAILED", None: ""}[verdict.passed]
    verdict_text = ": ".join(part for part in (word, verdict.reason) if part)
    expected = f"{verdict.expected:.6g} ± {verdict.tolerance:g}"
    return [verdict.name, verdict.kind, expected, _with_error(verdict.measured, verdict.uncertainty), verdict_text, verdict.source]


def _with_error(value: float | None, error: float | None) -> str:
    """Write a measured value with the digits that its uncertainty leaves.

    >>> _with_error(0.162105, 0.0021), _with_error(1234.5, 120.0), _with_error(0.137906, None)
    ('0.1621 ± 0.0021', '1234 ± 120', '0.137906')
    """
    if value is None:
        return ""
    if error is None or not math.isfinite(error) or not math.isfinite(value) or error <= 0:
        return f"{value:.6g}" if error is None else f"{value:.6g} ± {error:.2g}"
    digits = min(max(1 - math.floor(math.log10(error)), 0), 12)
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _attribute(value: Any) -> Any:
    """Return an attribute as netCDF can hold it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str | int | float) or (hasattr(value, "dtype") and value.dtype.kind in "iufSU"):
        return value
    return to_json(value)
