"""Facts about the documents: the README's example runs, the reference names every public module, links between pages lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "docs" / "theory").glob("*.md"),
    *(ROOT / "docs" / "reference").glob("*.md"),
]
PRIVATE = {"neurosim", "neurosim.cli", "neurosim.template"}


def test_the_readme_examples_recall_the_pattern_synchronise_and_predict(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    overlap, order, predicted = map(float, done.stdout.split())
    assert overlap > 0.98
    assert order == pytest.approx(0.707, abs=0.01)
    assert predicted == 40


def test_the_reference_names_every_public_module() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md"))
    listed = set(re.findall(r"automodule:: (\S+)", pages))
    files = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "neurosim").rglob("*.py") if path.parent.name != "kernels"]
    modules = {".".join(file.parts).removesuffix(".__init__") for file in files}
    public = {name for name in modules if not any(part.startswith("_") for part in name.split("."))} - PRIVATE
    assert public - listed == set()
    assert {
        name for name in listed if not any((ROOT / (name.replace(".", "/") + end)).exists() for end in (".py", "/__init__.py"))
    } == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    files = [target for target in targets if "://" not in target]
    assert [target for target in files if not (page.parent / target).exists()] == []
