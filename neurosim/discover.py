"""Finding experiments in a folder, and loading the one that was named.

Two different acts. *Finding* reads files as text: the syntax tree tells whether a file assigns ``EXPERIMENT``, and its docstring
holds the title (first line) and the source (the paragraph that begins with ``Source:``). Nothing is executed, so a file that does
not even parse takes one line of the listing and hides nothing. *Loading* imports one module by the name typed, with the folder
first on the path, and insists that what was imported lies below that folder.

Names are typed as Python writes them: ``experiments.hopfield_capacity`` stands for the value ``EXPERIMENT`` of that module, and
``module:attribute`` for any other value. ``experiments.`` may be left out where nothing else has the name.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import keyword
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.errors import UsageError, nearest, with_hint
from neurosim.files import replacing

if TYPE_CHECKING:
    from neurosim.experiment import Experiment

VALUE = "EXPERIMENT"
FOLDER = "experiments"
PACKAGES = (FOLDER, "models")


@dataclass(frozen=True)
class Found:
    """An experiment as its file describes it; `problem` says in one line why a file could not be read."""

    name: str
    path: Path
    title: str = ""
    source: str = ""
    problem: str = ""


class Target(NamedTuple):
    """The two halves of a name as typed."""

    module: str
    attribute: str

    @property
    def name(self) -> str:
        """The name of the folder that holds the results."""
        return self.module if self.attribute == VALUE else f"{self.module}.{self.attribute}"


class Loaded(NamedTuple):
    """A value, the name of its results, and the file that it came from."""

    value: Any
    name: str
    path: Path


def find(root: Path) -> list[Found]:
    r"""Describe the experiments of a folder without importing them.

    Parameters
    ----------
    root : Path
        Python files here and below its folder `experiments` are read.

    Returns
    -------
    list of Found
        Sorted by name. A file below `experiments` that cannot be read is listed with its problem; so is one of the folder itself if
        it mentions ``EXPERIMENT``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> (root / "coin.py").write_text("'Is it fair?'\nEXPERIMENT = 1")
    28
    >>> [(found.name, found.title) for found in find(root)]
    [('coin', 'Is it fair?')]
    """
    files = [*root.glob("*.py"), *(root / FOLDER).rglob("*.py")]
    described = (_describe(path, root) for path in files if not _hidden(path.relative_to(root)))
    return sorted((found for found in described if found), key=lambda found: found.name)


def parse_target(text: str, root: Path) -> Target:
    """Split a name as typed into module and attribute.

    Raises
    ------
    UsageError
        Where it is no name; a path is answered with the name that it has.
    """
    module, colon, attribute = text.partition(":")
    if not _dotted(module) or (colon and not _dotted(attribute)):
        error = UsageError(f"{text!r} is not a name such as experiments.hopfield_capacity or module:attribute")
        path = Path(module)
        if path.suffix == ".py" and not path.is_absolute():
            with_hint(error, f"did you mean {'.'.join(path.with_suffix('').parts)!r}?")
        raise error
    if not _file_of(module, root) and _file_of(f"{FOLDER}.{module}", root):
        module = f"{FOLDER}.{module}"
    return Target(module, attribute or VALUE)


def load(text: str, root: Path) -> Loaded:
    """Import the module of a name as typed and return the value named.

    Parameters
    ----------
    text : str
        ``module`` or ``module:attribute``.
    root : Path
        The folder to find it in; it becomes the first entry of the module search path.

    Returns
    -------
    Loaded

    Raises
    ------
    UsageError
        Where there is no such module or attribute, where the module failed on import, or where another module of the name hides it.
    """
    root = root.resolve()
    target = parse_target(text, root)
    if _file_of(target.module, root) is None:
        raise _unknown(text, target.module, root)
    module = _import(target.module, root)
    path = _file_below(module, root)
    value: Any = module
    for part in target.attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            public = [name for name in vars(module) if not name.startswith("_")]
            error = UsageError(f"{target.module} has no {target.attribute} (in {path})")
            raise with_hint(error, nearest(target.attribute, public)) from None
    return Loaded(value, target.name, path)


def load_experiment(text: str, root: Path) -> tuple[Experiment, str, Path]:
    """Load an experiment; anything else under the name is refused.

    Returns
    -------
    experiment, name, path
        `name` is the one that the results have.
    """
    from neurosim.experiment import Experiment

    value, name, path = load(text, root)
    if not isinstance(value, Experiment):
        what = text if ":" in text else f"{text}:{VALUE}"
        error = UsageError(f"{what} is {_article(type(value).__name__)}, wanted a neurosim.Experiment")
        raise with_hint(error, f"write {VALUE} = ns.Experiment(run, grid, figure) in {path}")
    return value, name, path


def load_function(text: str, root: Path) -> tuple[Callable[..., Any], str, Path]:
    """Load a function named ``module:function``.

    Returns
    -------
    function, name, path
        `name` is the one that the results have.
    """
    if ":" not in text:
        raise with_hint(UsageError(f"wanted MODULE:FUNCTION, got {text!r}"), f"for an experiment: neurosim run {text}")
    value, name, path = load(text, root)
    if not callable(value):
        raise UsageError(f"{text} is {_article(type(value).__name__)}, wanted a function")
    return value, name, path


def create(text: str, root: Path) -> tuple[str, Path]:
    """Write an experiment to start from.

    Parameters
    ----------
    text : str
        Its name; without a dot, it is written below `experiments`.
    root : Path

    Returns
    -------
    name, path
        The name as it is typed from now on, and the new file.

    Raises
    ------
    UsageError
        Where the name is none, or the file exists.
    """
    if not _dotted(text):
        error = UsageError(f"{text!r} is not a Python name")
        raise with_hint(error, f"did you mean {_as_name(text)!r}?")
    name = text if "." in text else f"{FOLDER}.{text}"
    path = root.joinpath(*name.split(".")).with_suffix(".py")
    if other := _file_of(name, root):
        raise with_hint(UsageError(f"{other.relative_to(root)} exists already"), "choose another name, or remove the file")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(Path(__file__).with_name("template.py").read_bytes())
    return name, path


def _describe(path: Path, root: Path) -> Found | None:
    """Return what a file says of itself, or None where it is no experiment."""
    name = _name_of(path, root)
    try:
        content = path.read_bytes()
        if VALUE.encode() not in content and path.parent == root:
            return None
        tree = ast.parse(content)
    except SyntaxError as error:
        return Found(name, path, problem=f"cannot be read: line {error.lineno}: {error.msg}")
    except (OSError, ValueError, RecursionError) as error:
        return Found(name, path, problem=f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if not _assigns(tree):
        return None
    if not _dotted(name):
        return Found(name, path, problem="cannot be imported: the file's name is no Python name")
    title, source = _title_and_source(ast.get_docstring(tree) or "")
    return Found(name, path, title or "(no title: the file has no docstring)", source)


def _assigns(tree: ast.Module) -> bool:
    """Tell whether a module assigns EXPERIMENT at its top level."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) and node.value else []
        if any(isinstance(target, ast.Name) and target.id == VALUE for target in targets):
            return True
    return False


def _title_and_source(docstring: str) -> tuple[str, str]:
    """Return the first line and the paragraph that begins with 'Source:', each as one line."""
    lines = docstring.strip().splitlines()
    start = next((number for number, line in enumerate(lines) if line.strip().startswith("Source:")), len(lines))
    end = next((number for number in range(start, len(lines)) if not lines[number].strip()), len(lines))
    source = " ".join(line.strip() for line in lines[start:end]).removeprefix("Source:").strip()
    return (lines[0].strip() if lines and start else ""), source


def _hidden(path: Path) -> bool:
    """Tell files that nobody wants listed: hidden ones, and what a program wrote."""
    return any(part.startswith((".", "__pycache__")) for part in path.parts)


def _name_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _dotted(text: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))


def _as_name(text: str) -> str:
    """Return the Python name nearest to a text."""
    name = re.sub(r"\W+", "_", text.removesuffix(".py").lower()).strip("_") or "my_question"
    return f"question_{name}" if name[0].isdigit() or keyword.iskeyword(name) else name


def _file_of(module: str, root: Path) -> Path | None:
    stem = root.joinpath(*module.split("."))
    return next((path for path in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")) if path.is_file()), None)


def _unknown(text: str, module: str, root: Path) -> UsageError:
    """Build the error for a name that no file has, with the nearest of those found."""
    names = [found.name for found in find(root)]
    ends = {name.rpartition(".")[2]: name for name in names}
    error = UsageError(f"no experiment or module {text!r} in {root}")
    if not names:
        return with_hint(error, "this folder holds no experiments; change to the one that does, or begin with: neurosim new my_question")
    close = nearest(module.rpartition(".")[2], ends)
    if close.startswith("did you mean"):
        return with_hint(error, nearest(ends[close.split("'")[1]], names))
    return with_hint(error, nearest(module, names))


def _import(name: str, root: Path) -> ModuleType:
    """Import a module of the folder; an error inside it is told by file and line."""
    _put_first(root)
    for top in {name.partition(".")[0], *PACKAGES}:
        _own(top, root)
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _failed(name, error, root) from error


def _put_first(root: Path) -> None:
    """Put a folder first on the module search path, once."""
    entry, path = str(root), sys.path  # noqa: TID251  # this is the command's loader
    if path[:1] != [entry]:
        path[:] = [entry, *(other for other in path if other != entry)]
        importlib.invalidate_caches()


def _own(top: str, root: Path) -> None:
    """Let a folder of the project win over a package of the same name that lies elsewhere.

    Python lets an installed package hide a folder without ``__init__.py``, even one that comes first on the path.
    """
    loaded = [module for module in sys.modules if module == top or module.startswith(f"{top}.")]
    if any(_is_user_code(sys.modules[module]) and not _lies_below(sys.modules[module], root) for module in loaded):
        for module in loaded:
            del sys.modules[module]
    folder = root / top
    plain = folder.is_dir() and not (folder / "__init__.py").exists() and not (root / f"{top}.py").exists()
    if plain and top not in sys.modules:
        spec = importlib.machinery.ModuleSpec(top, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[top] = importlib.util.module_from_spec(spec)


def _lies_below(module: ModuleType, root: Path) -> bool:
    return all(Path(place).resolve().is_relative_to(root) for place in _places(module))


def _is_user_code(module: ModuleType) -> bool:
    """Tell a module of a project folder from one of Python or of an installed package."""
    places = _places(module)
    return bool(places) and not any("site-packages" in place or place.startswith(sysconfig.get_path("stdlib")) for place in places)


def _places(module: ModuleType) -> list[str]:
    file = getattr(module, "__file__", None)
    return [file] if file else [str(place) for place in getattr(module, "__path__", [])]


def _file_below(module: ModuleType, root: Path) -> Path:
    """Return the file of a module, which must lie below the folder."""
    file = getattr(module, "__file__", None)
    path = Path(file).resolve() if file else None
    if path is None or not path.is_relative_to(root):
        top = module.__name__.partition(".")[0]
        error = UsageError(f"{module.__name__} was found in {path or 'Python itself'}, not in the current folder {root}")
        raise with_hint(error, f"another package named {top!r} comes first; an empty {top}/__init__.py here, or another name, helps")
    return path


def _failed(name: str, error: BaseException, root: Path) -> UsageError:
    """Build the error for a module that raised while it was imported: what, and on which line of which file."""
    where = _place(error, root)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    failure = UsageError(f"{name} failed on import, {where}: {text.splitlines()[0]}")
    if isinstance(error, ModuleNotFoundError) and error.name:
        with_hint(failure, f"the module {error.name!r} that it imports is not installed, nor in this folder")
    for note in getattr(error, "__notes__", []):
        with_hint(failure, note)
    return with_hint(failure, "for the whole traceback add --debug")


def _place(error: BaseException, root: Path) -> str:
    """Return file and line of the last frame that lies in the folder."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename, root)} line {error.lineno}"
    own = [frame for frame in _frames(error) if Path(frame.filename).resolve().is_relative_to(root)]
    return f"{_short(own[-1].filename, root)} line {own[-1].lineno}" if own else "outside this folder"


def _frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    for frame in traceback.extract_tb(error.__traceback__):
        if not frame.filename.startswith("<") and Path(frame.filename).resolve() != Path(__file__).resolve():
            yield frame


def _short(filename: str, root: Path) -> str:
    path = Path(filename).resolve()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
