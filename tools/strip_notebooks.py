"""Remove outputs and execution counts from notebooks; the exit status is 1 if there was something to remove.

python tools/strip_notebooks.py notebooks/*.ipynb
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(paths: list[str]) -> int:
    changed = [path for path in map(Path, paths) if strip(path)]
    for path in changed:
        print(f"stripped {path}")
    return int(bool(changed))


def strip(path: Path) -> bool:
    """Rewrite one notebook without outputs; return whether that changed it."""
    before = path.read_text(encoding="utf-8")
    notebook = json.loads(before)
    for cell in notebook["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    after = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    if before == after:
        return False
    path.write_text(after, encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
