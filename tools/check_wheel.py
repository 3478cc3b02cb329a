"""Build the wheel, install it into an empty environment and use it there: the engine needs nothing of the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECALL = """
import numpy as np, neurosim as ns
rng = np.random.default_rng(7)
patterns = ns.hopfield.random_patterns(10, 500, rng=rng)
memory = ns.hopfield.DenseHopfield(patterns)
state = memory.recall(ns.hopfield.flip(patterns[0], 0.2, rng=rng), seed=1)
overlap = float(np.ravel(memory.overlap(state))[0])
assert overlap == 1.0, overlap
assert ns.__file__.startswith(__import__("sys").prefix), ns.__file__
print("recalled with overlap", overlap, "by", ns.__file__)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder / "dist")
        check_contents(wheel)
        python = install(wheel, folder / "env")
        use(python, folder / "work")
    print("wheel: ok")


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command without what the surrounding environment would add, and stop with its status if it fails."""
    print("+", *(str(part).strip().split("\n")[0] for part in command), flush=True)
    clean = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    if status := subprocess.run(list(map(str, command)), cwd=cwd, env=clean, check=False).returncode:
        sys.exit(f"error: exit status {status} of: {' '.join(map(str, command))}")


def build(dist: Path) -> Path:
    """Build the wheel from the source archive, so that leftovers of the checkout cannot slip in."""
    run(sys.executable, "-m", "build", "--quiet", "--outdir", dist, ROOT)
    return next(dist.glob("*.whl"))


def check_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    if tops != {"neurosim"}:
        sys.exit(f"error: the wheel must hold neurosim alone, it holds {sorted(tops)}")
    if missing := {"neurosim/py.typed", "neurosim/__init__.pyi"} - set(names):
        sys.exit(f"error: the wheel lacks {sorted(missing)}")


def install(wheel: Path, env: Path) -> Path:
    run(ROOT / "tools" / "make_env.sh", env)
    run(env / "bin" / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel)
    return env / "bin" / "python"


def use(python: Path, work: Path) -> None:
    """Do what a user does first: recall a pattern, ask the command, write an experiment and run it."""
    work.mkdir()
    command = python.with_name("neurosim")
    run(python, "-c", RECALL, cwd=work)
    run(command, "--help", cwd=work)
    run(command, "new", "my_question", cwd=work)
    run(command, "list", cwd=work)
    run(command, "run", "experiments.my_question", "--tiny", "--workers", "1", cwd=work)


if __name__ == "__main__":
    main()
