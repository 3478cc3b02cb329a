"""The compiler's cache: an edited callee is seen, an unchanged kernel is not compiled again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neurosim.kernels import _jit

CALLEE = "from neurosim.kernels._jit import jit\n@jit\ndef callee(x):\n    return x + {plus}\n"
CALLER = "from neurosim.kernels._jit import jit\nfrom callee import callee\n@jit\ndef caller(x):\n    return 10 * callee(x)\n"
MAIN = "from caller import caller\nfrom neurosim.kernels._jit import compile_seconds\nprint(caller(1), compile_seconds() > 0)\n"


def answer(folder: Path, cache: Path) -> list[str]:
    environment = {**os.environ, "NEUROSIM_CACHE": str(cache), "NUMBA_DISABLE_JIT": "0"}
    done = subprocess.run([sys.executable, "main.py"], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_an_edited_callee_in_another_file_is_seen(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "callee.py").write_text(CALLEE.format(plus=1))
    assert answer(tmp_path, cache) == ["20", "True"]
    assert answer(tmp_path, cache) == ["20", "False"]
    (tmp_path / "callee.py").write_text(CALLEE.format(plus=5))
    assert answer(tmp_path, cache) == ["60", "True"]
    (tmp_path / "callee.py").write_text(CALLEE.format(plus=1))
    assert answer(tmp_path, cache) == ["20", "False"]


def test_a_new_folder_removes_those_that_nobody_has_used_for_long(tmp_path: Path) -> None:
    """Only folders that are named like keys, and only where a new one is made."""
    cache = tmp_path / "cache"
    (tmp_path / "callee.py").write_text(CALLEE.format(plus=1))
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "main.py").write_text(MAIN)
    ages = {"0" * 20: 61, "1" * 20: 59, "mine": 1000}
    for name, days in ages.items():
        (cache / name / "below").mkdir(parents=True)
        os.utime(cache / name, (time.time() - days * 86_400,) * 2)
    assert answer(tmp_path, cache) == ["20", "True"]
    left = {folder.name for folder in cache.iterdir()}
    assert "0" * 20 not in left
    assert {"1" * 20, "mine"} < left
    used = next(folder for folder in cache.iterdir() if folder.name not in ages)
    os.utime(used, (time.time() - 1000 * 86_400,) * 2)
    assert answer(tmp_path, cache) == ["20", "False"]
    assert time.time() - used.stat().st_mtime < 1000


def test_explicit_signatures_are_refused() -> None:
    with pytest.raises(TypeError, match="explicit signatures are not allowed"):
        _jit.jit("int64(int64)")  # type: ignore[call-overload]


def test_a_folder_that_cannot_be_written_is_replaced_with_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "file" / "below"))
    with pytest.warns(UserWarning, match="cannot be written"):
        folder = _jit.cache_root()
    assert folder.is_dir()


def test_a_function_typed_at_a_prompt_compiles() -> None:
    scope: dict[str, object] = {"jit": _jit.jit}
    exec("@jit\ndef double(x):\n    return 2 * x\n", scope)
    assert scope["double"](4) == 8  # type: ignore[operator]
