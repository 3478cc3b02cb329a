"""The command: list, new, run, sweep, check, plot, doctor.

Everything that a command does is a call that a script could make; this file reads options, and turns errors into one line with
advice. Results go to standard output; progress, paths and errors to standard error.

Exit status

=====  ===========================================================================
0      done; every claim that was decided holds, every point was computed
1      the experiment ran, and something in it failed: a claim, a point, its figure
2      it could not be run as asked: wrong use, a store that is busy, a full disk
130    stopped by Ctrl-C or SIGTERM; what was finished is stored
=====  ===========================================================================

An empty folder is no failure: ``neurosim list`` then says what to do, with status 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from neurosim.errors import UsageError, with_hint

if TYPE_CHECKING:
    import xarray as xr

    from neurosim.experiment import Experiment, Level, Settings, Verdict
    from neurosim.runs import Request, Resources

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class State:
    """What holds for the whole command."""

    debug: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Returns
    -------
    int
        The exit status.
    """
    state = State()
    try:
        return (
            neurosim.main(args=None if arguments is None else list(arguments), prog_name="neurosim", standalone_mode=False, obj=state) or 0
        )
    except BaseException as error:
        return _report(error, state.debug)


def _report(error: BaseException, debug: bool) -> int:
    """Print an error as one line and its advice, and return the exit status."""
    cause = error.__cause__ if isinstance(error, click.Abort) and error.__cause__ else error
    if isinstance(cause, SystemExit):
        raise cause
    if debug:
        import traceback

        traceback.print_exception(cause)
    first, *more = _message(cause).splitlines() or [""]
    click.echo(f"neurosim: {first}", err=True)
    for line in [*more, *(line for note in getattr(cause, "__notes__", []) for line in note.splitlines()), *_advice(cause, debug)]:
        click.echo(f"  {line}", err=True)
    if isinstance(cause, KeyboardInterrupt | click.Abort):
        return 130
    return getattr(cause, "exit_status", 2)


def _message(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "stopped"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    expected = isinstance(error, ValueError | TypeError | OSError) or type(error) is RuntimeError or _is_ours(error)
    return str(error) if expected and str(error) else f"{type(error).__name__}: {error}"


def _advice(error: BaseException, debug: bool) -> Iterator[str]:
    """Say where help is to be found."""
    if isinstance(error, click.UsageError) and error.ctx:
        yield f"for help: {error.ctx.command_path} --help"
    known = _is_ours(error) or isinstance(error, click.ClickException | click.Abort | KeyboardInterrupt | OSError)
    if not known and not debug:
        yield "for the whole traceback add --debug"


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.startswith("neurosim.")


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and isinstance(context.obj, State):
        context.obj.debug = True


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Join several options into one decorator."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_set_debug, envvar="NEUROSIM_DEBUG", help="Show the traceback of an error."
)
setting_options = _options(
    click.option("--set", "sets", metavar="NAME=VALUE", multiple=True, help="One value for a parameter, as in --set n=2000."),
    click.option("--grid", "grids", metavar="NAME=VALUES", multiple=True, help="Values for an axis: load=0.02:0.20:19 or n=500,1000."),
    click.option("--config", metavar="FILE.toml", type=click.Path(path_type=Path), help="A file with tables [set] and [grid]."),
)
worker_options = _options(
    click.option("--workers", metavar="N", type=click.IntRange(min=1), help="Processes to use; one for each physical core by default."),
    click.option("--dask", metavar="ADDRESS", help="Compute on the workers of this Dask scheduler instead."),
    click.option("--mpi", is_flag=True, help="Compute on the other ranks instead: mpiexec -n 8 neurosim ... --mpi."),
    click.option("--reuse", is_flag=True, help="Keep stored points although the code was edited since."),
    click.option("--fresh", is_flag=True, help="Move the store aside and begin again."),
)
seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random numbers.")


@click.group(context_settings=HELP, invoke_without_command=True)
@click.version_option(package_name="neurosim", message="%(prog)s %(version)s")
@debug_option
@click.pass_context
def neurosim(context: click.Context) -> int:
    """Simulate, sweep, and hold the numbers against what was claimed."""
    if context.invoked_subcommand is not None:
        return 0
    click.echo(f"neurosim: say what to do\n\n{context.get_help()}", err=True)
    return 2


@neurosim.command("list")
@debug_option
def list_() -> int:
    """List the experiments of the current folder.

    Their files are read, not imported: name, title and source.
    """
    from neurosim.discover import find

    found = find(Path.cwd())
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        text = one.problem or "  ".join(part for part in (one.title, one.source and f"[{one.source}]") if part)
        click.echo(f"{one.name:<{width}}  {text}")
    if not found:
        click.echo(f"neurosim: no experiments in {Path.cwd()}", err=True)
        click.echo("  begin one with: neurosim new my_question; or change to a folder that has experiments/", err=True)
    return 0


@neurosim.command()
@click.argument("name")
@debug_option
def new(name: str) -> int:
    """Write an experiment to start from.

    It has thirty lines, runs as it is, and goes to experiments/NAME.py.
    """
    from neurosim.discover import create

    typed, path = create(name, Path.cwd())
    click.echo(f"{path.relative_to(Path.cwd())} is written; now type: neurosim run {typed} --tiny")
    return 0


@neurosim.command()
@click.argument("name")
@click.option("--tiny", is_flag=True, help="The smallest grid: seconds.")
@click.option("--full", is_flag=True, help="The published size; resumable.")
@setting_options
@worker_options
@seed_option
@debug_option
def run(
    name: str, tiny: bool, full: bool, sets: tuple[str, ...], grids: tuple[str, ...], config: Path | None, seed: int, **resources: Any
) -> int:
    """Run an experiment, or fill its holes.

    Fills runs/NAME: points.sqlite, data.nc, figure.png and .svg, claims.json, manifest.json. Run again, it computes what is missing.
    The command line wins over --config, and --config over the experiment.
    """
    from neurosim import runs
    from neurosim.discover import load_experiment
    from neurosim.settings import read_options

    if tiny and full:
        raise UsageError("--tiny and --full exclude each other; keep one")
    how = _resources(**resources)
    overrides = read_options(sets, grids, config)
    experiment, typed, path = load_experiment(name, Path.cwd())
    request = runs.Request("tiny" if tiny else "full" if full else "default", overrides, seed)
    settings = request.of(experiment)
    _say_time(experiment, settings, full)
    data, failed = _fill(typed, path, experiment.run, settings, request, how)
    folder = Path.cwd() / "runs" / typed
    verdicts = runs.claims_of(folder, experiment, settings, seed, data)
    runs.write_claims(folder / runs.CLAIMS, verdicts)
    try:
        if data["done"].any():
            _draw(experiment, data, folder)
    finally:
        _show(verdicts)
    return int(failed or any(verdict.passed is False for verdict in verdicts))


@neurosim.command()
@click.argument("function", metavar="MODULE:FUNCTION")
@setting_options
@worker_options
@seed_option
@debug_option
def sweep(function: str, sets: tuple[str, ...], grids: tuple[str, ...], config: Path | None, seed: int, **resources: Any) -> int:
    """Run any function over a grid.

    Fills runs/MODULE.FUNCTION: points.sqlite, data.nc, manifest.json. The module is found in the current folder.
    """
    from neurosim import runs
    from neurosim.discover import load_function
    from neurosim.experiment import Settings
    from neurosim.settings import apply, read_options

    how = _resources(**resources)
    overrides = read_options(sets, grids, config)
    called, typed, path = load_function(function, Path.cwd())
    if not overrides.axes:
        raise with_hint(UsageError("a sweep needs at least one --grid"), f"neurosim sweep {function} --grid load=0.02:0.20:19")
    request = runs.Request("default", overrides, seed)
    settings = apply(Settings({}, {}), overrides, called)
    _, failed = _fill(typed, path, called, settings, request, how)
    return int(failed)


@neurosim.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--full", is_flag=True, help="Compute the full grid too, for the claims that need it.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of tables.")
@worker_options
@debug_option
def check(names: tuple[str, ...], full: bool, as_json: bool, **resources: Any) -> int:
    """Hold measured beside expected, claim by claim.

    Of the experiments named, or of all in the current folder. Each claim is decided on the grid that it names, and on no other. Exit
    status 1 if one fails.
    """
    import json

    how = _resources(**resources)
    entries: list[dict[str, Any]] = []
    failed = False
    for place, name in enumerate(names or _all_names()):
        typed, verdicts, points_failed = _check_one(name, full, how)
        failed = failed or points_failed or any(verdict.passed is False for verdict in verdicts)
        entries += [{"experiment": typed, **verdict.as_json()} for verdict in verdicts]
        if not as_json:
            if len(names) != 1:
                click.echo(f"{chr(10) if place else ''}{typed}")
            _show(verdicts)
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    return int(failed)


def _all_names() -> list[str]:
    """Name the experiments of the current folder."""
    from neurosim.discover import find

    found = find(Path.cwd())
    if not found:
        raise with_hint(UsageError(f"no experiments in {Path.cwd()}"), "name one, or change to a folder that has experiments/")
    for one in found:
        if one.problem:
            raise with_hint(UsageError(f"{one.name} {one.problem}"), "mend it, or name the experiments to check")
    return [one.name for one in found]


def _check_one(name: str, full: bool, how: Resources) -> tuple[str, list[Verdict], bool]:
    """Compute what the claims of one experiment need; return its name, the verdicts, and whether points failed."""
    from neurosim import runs
    from neurosim.discover import load_experiment
    from neurosim.experiment import LEVELS, decide

    experiment, typed, path = load_experiment(name, Path.cwd())
    largest: Level = "full" if full else "default"
    _say_time(experiment, experiment.settings(largest), full)
    _say_loaded(typed, path)
    folder = runs.folder(Path.cwd(), typed)
    failed = False

    def dataset(level: Level) -> xr.Dataset | None:
        nonlocal failed, how
        if LEVELS.index(level) > LEVELS.index(largest):
            return None
        settings = experiment.settings(level)
        data = runs.compute(folder, experiment.run, settings, 0, how)
        failed = _show_failures(folder, experiment.run, settings, 0, data) or failed
        how = replace(how, on_change="ask")  # accepted or begun anew with the first grid
        return data

    verdicts = decide(experiment, dataset)
    runs.write_claims(folder / runs.CLAIMS, verdicts)
    return typed, verdicts, failed


@neurosim.command()
@click.argument("name")
@debug_option
def plot(name: str) -> int:
    """Draw the figure again from the store.

    The grid is that of the last run; it may be drawn while that run is still filling it.
    """
    from neurosim import runs
    from neurosim.discover import load_experiment

    experiment, typed, path = load_experiment(name, Path.cwd())
    _say_loaded(typed, path)
    folder = Path.cwd() / "runs" / typed
    if not (folder / runs.STORE).is_file():
        raise with_hint(UsageError(f"{typed} has not been run in this folder"), f"type first: neurosim run {typed}")
    data = runs.stored(folder, experiment)
    done = int(data["done"].sum())
    if not done:
        raise with_hint(UsageError(f"no finished point in {folder / runs.STORE}"), f"type first: neurosim run {typed}")
    click.echo(f"{typed}: {done:,} of {data['done'].size:,} points")
    if runs.outdated(folder, experiment):
        click.echo(f"note: they were computed before the code was edited; neurosim run {typed} --fresh computes them anew", err=True)
    _draw(experiment, data, folder)
    return 0


@neurosim.command()
@debug_option
def doctor() -> int:
    """Say what is installed, and what is wrong."""
    from neurosim.doctor import examine, report

    findings = examine()
    click.echo(report(findings))
    return int(any(finding.verdict == "problem" for finding in findings))


def _resources(*, workers: int | None, dask: str | None, mpi: bool, reuse: bool, fresh: bool) -> Resources:
    """Get together whoever computes, until the command is over. Of MPI ranks only the first returns, the others compute in here."""
    from neurosim.executors import mpi_ranks
    from neurosim.interrupt import on_sigterm
    from neurosim.runs import Resources

    if reuse and fresh:
        raise UsageError("--reuse and --fresh exclude each other; keep one")
    if dask and workers:
        raise UsageError("--workers and --dask exclude each other: a Dask scheduler has workers of its own")
    if mpi and (workers or dask):
        raise UsageError(f"--mpi and {'--workers' if workers else '--dask'} exclude each other: with MPI the other ranks compute")
    context = click.get_current_context()
    context.with_resource(on_sigterm())
    ranks = context.with_resource(mpi_ranks()) if mpi else None
    if mpi and ranks is None:
        context.exit()
    return Resources(workers, dask, ranks, "reuse" if reuse else "fresh" if fresh else "ask")


def _say_loaded(name: str, path: Path) -> None:
    click.echo(f"{name}: {path}", err=True)


def _say_time(experiment: Experiment, settings: Settings, full: bool) -> None:
    """Say before anything else what the full grid costs."""
    if full:
        expected = experiment.full_time or "not stated by the experiment"
        click.echo(f"full grid: {settings.points:,} points, expected time {expected}; stop it when you like, run again to go on", err=True)


def _fill(name: str, path: Path, run: Callable[..., Any], settings: Settings, request: Request, how: Resources) -> tuple[xr.Dataset, bool]:
    """Compute, write, and say what was done; return the data and whether points failed."""
    from neurosim import runs

    _say_loaded(name, path)
    folder = runs.folder(Path.cwd(), name)
    found = 0 if how.on_change == "fresh" else runs.found(folder, run, settings, request.seed)
    data = runs.fill(folder, run, settings, request, how, name=name, file=str(path))
    done, size = int(data["done"].sum()), data["done"].size
    parts = [f"{size:,} points", f"{found:,} found", f"{done - found:,} computed", *([f"{size - done:,} FAILED"] if done < size else [])]
    click.echo(f"{name}: {', '.join(parts)}, in {folder.relative_to(Path.cwd())}")
    return data, _show_failures(folder, run, settings, request.seed, data)


def _show_failures(folder: Path, run: Callable[..., Any], settings: Settings, seed: int, data: xr.Dataset) -> bool:
    """Name the failed points on standard error; tell whether there are any."""
    from neurosim.runs import failures

    if data["done"].all():
        return False
    for line in failures(folder, run, settings, seed):
        click.echo(line, err=True)
    return True


def _show(verdicts: Sequence[Verdict]) -> None:
    from neurosim.runs import table

    click.echo(f"\n{table(verdicts)}" if verdicts else "this experiment makes no claims")


def _draw(experiment: Experiment, data: xr.Dataset, folder: Path) -> None:
    from neurosim.runs import draw

    for path in draw(experiment, data, folder):
        click.echo(path.relative_to(Path.cwd()))
