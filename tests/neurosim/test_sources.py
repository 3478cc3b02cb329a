"""Source fingerprints: they change with what a result depends on, and with nothing else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from neurosim import sources

EXPERIMENT = """
import numpy as np
from lab import helper
SCALE = {scale}
TABLE = np.arange(3)
def run(load):
    def inner(x):
        return x * SCALE + TABLE.sum()
    return {{"y": helper.double(inner(load)) + same_file(load)}}
def same_file(x):
    return x + {shift}
def figure(data):
    return {figure}
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Write a package, load it afresh and return the fingerprint of its run function."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def build(scale: int = 1, shift: int = 0, figure: int = 0, helper: int = 2, deep: int = 1) -> str:
        package = tmp_path / "lab"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "deep.py").write_text(f"VALUE = {deep}\n")
        (package / "helper.py").write_text(f"from lab.deep import VALUE\ndef double(x):\n    return {helper} * x * VALUE\n")
        (package / "experiment.py").write_text(EXPERIMENT.format(scale=scale, shift=shift, figure=figure))
        for name in [name for name in sys.modules if name.split(".")[0] == "lab"]:
            del sys.modules[name]
        return sources.function_fingerprint(fresh("lab.experiment", package / "experiment.py").run)

    yield build
    for name in [name for name in sys.modules if name.split(".")[0] == "lab"]:
        del sys.modules[name]


def fresh(name: str, path: Path) -> ModuleType:
    import linecache

    linecache.clearcache()
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    return module


def test_unchanged_code_keeps_its_fingerprint(lab: Callable[..., str]) -> None:
    assert lab() == lab()


def test_a_figure_does_not_count(lab: Callable[..., str]) -> None:
    assert lab(figure=1) == lab()


@pytest.mark.parametrize("edit", [{"scale": 2}, {"shift": 1}, {"helper": 3}, {"deep": 2}])
def test_what_the_answer_depends_on_counts(lab: Callable[..., str], edit: dict[str, int]) -> None:
    """A constant, a helper of the same file, one of another file, and what that one imports."""
    assert lab(**edit) != lab()


def test_imports_are_followed_within_the_root(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\nimport b.c\nfrom b import d\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "__init__.py").write_text("")
    (tmp_path / "b" / "c.py").write_text("from .d import x\n")
    (tmp_path / "b" / "d.py").write_text("import a\nx = 1\n")
    found = sources.imported_files(tmp_path / "a.py", tmp_path)
    assert {path.name for path in found} == {"a.py", "c.py", "d.py"}


def test_engine_files_behind_lazy_names_count() -> None:
    """A function that uses ns.hopfield depends on the kernels below it."""
    files: set[Path] = set()
    sources._collect(recalls, {}, files)
    names = {path.name for path in files}
    assert {"dense.py", "hopfield.py", "noise.py", "_bits.py"} <= names
    assert "cli.py" not in names
    assert "plot.py" not in names


def recalls(patterns: object) -> object:
    import_free = ns.hopfield.DenseHopfield(patterns)  # type: ignore[arg-type]
    return import_free.n_units


import neurosim as ns  # noqa: E402  placed below its use on purpose: names are looked up when the fingerprint is made


def test_annotations_of_arrays_are_no_constants() -> None:
    assert sources._constant(npt.NDArray[np.int8]) == sources._constant(npt.NDArray[np.int8])
    assert sources._constant(np.float64(1)) != sources._constant(np.float64(2))


def test_a_script_and_an_imported_file_have_one_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "asked.py"
    file.write_text(
        "import sys\nfrom neurosim.sources import function_fingerprint\ndef run(x):\n    return helper(x), sys.stdin, sys.argv\n"
        "def helper(x):\n    return x\nprint(function_fingerprint(run))\n"
    )
    started = [["asked.py"], ["-c", "import asked"], ["asked.py", "--again"]]
    answers = {subprocess.run([sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, check=True).stdout for how in started}
    assert len(answers) == 1
