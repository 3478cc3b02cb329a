"""Facts about the repository: what the wheel holds, that configured paths exist, that kernels have oracles and tests, who imports whom."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KERNELS = sorted(path.stem for path in (ROOT / "neurosim" / "kernels").glob("*.py") if not path.stem.startswith("_"))
PACKAGES = ("neurosim", "models", "experiments")


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy of the checkout, other packages included, and return the names of its files."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("neurosim", "models", "experiments", "tests", "benchmarks", "notebooks", "tools"):
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, copy)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "dist"), str(copy)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    with zipfile.ZipFile(next((copy / "dist").glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_the_wheel_holds_the_engine_and_nothing_else(wheel_names: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel_names if ".dist-info/" not in name} == {"neurosim"}


def test_the_wheel_holds_every_module_and_the_types(wheel_names: set[str]) -> None:
    engine = ROOT / "neurosim"
    kept = [path for suffix in ("*.py", "*.pyi") for path in engine.rglob(suffix)] + [engine / "py.typed"]
    assert {str(path.relative_to(ROOT)) for path in kept} <= wheel_names


def test_every_folder_of_the_engine_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "neurosim").rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_file_has_an_oracle_and_a_test_that_uses_it(name: str) -> None:
    assert (ROOT / "tests" / "reference" / f"{name}.py").is_file()
    tests = [*ROOT.glob(f"tests/neurosim/test_{name}.py"), *ROOT.glob(f"tests/neurosim/test_{name}_*.py")]
    uses = re.compile(rf"tests\.reference\.{name}\b|tests\.reference import .*\b{name}\b")
    assert any(uses.search(path.read_text(encoding="utf-8")) for path in tests)


def test_an_oracle_borrows_nothing_from_the_engine() -> None:
    borrowed = re.compile(r"^\s*(from|import) (neurosim|numba)\b", re.MULTILINE)
    oracles = (ROOT / "tests" / "reference").glob("*.py")
    assert [path.name for path in oracles if borrowed.search(path.read_text(encoding="utf-8"))] == []


def test_a_test_file_is_named_after_a_module() -> None:
    files = [*(ROOT / "neurosim").rglob("*.py")]
    modules = {path.stem.lstrip("_") for path in files} | {path.parent.name for path in files}
    names = [path.stem.removeprefix("test_") for path in (ROOT / "tests" / "neurosim").glob("test_*.py")]
    assert [name for name in names if not any(name == module or name.startswith(f"{module}_") for module in modules)] == []


def test_configured_paths_exist() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    script = setup["options.entry_points"]["console_scripts"].split("=")[1].split(":")[0].strip()
    paths = [
        *setup["tool:pytest"]["testpaths"].split(),
        *setup["importlinter"]["root_packages"].split(),
        *tools["pyright"]["include"],
        setup["metadata"]["license_files"],
        setup["metadata"]["long_description"].removeprefix("file:").strip(),
        script.replace(".", "/") + ".py",
    ]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_direct_requirement_is_pinned() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = [lines for extra, lines in setup["options.extras_require"].items() if extra != "nest"]
    wanted = {normal(line) for lines in [setup["options"]["install_requires"], *extras] for line in lines.strip().splitlines()}
    pinned = {normal(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line}
    assert wanted - pinned == {"neurosim"}


def normal(requirement: str) -> str:
    """Return the name in a requirement, spelled as an index would."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement.strip())[0]).lower()


def test_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_notebooks_are_stored_without_outputs() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert [cell["source"] for cell in cells if cell.get("outputs") or cell.get("execution_count")] == [], path.name


def test_the_readme_names_the_two_commands_that_make_knows() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
        assert f"make {command}\n" in readme


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_of_the_project_grows_beyond_one_idea(package: str) -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / package).rglob("*.py")}
    assert [str(path.relative_to(ROOT)) for path, lines in sizes.items() if lines > 450] == []
