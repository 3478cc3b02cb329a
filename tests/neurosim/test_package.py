"""The table of contents: what the stub promises is there, and importing it stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import neurosim as ns

HEAVY = ["numba", "xarray", "pandas", "scipy", "matplotlib", "torch", "brian2", "dask", "loky", "h5py", "mpi4py", "PIL"]


def promised() -> set[str]:
    stub = ast.parse(Path(ns.__file__).with_suffix(".pyi").read_text())
    return {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names if alias.asname}


def test_the_stub_and_the_list_of_names_agree() -> None:
    assert promised() == set(ns.__all__) == set(dir(ns))


@pytest.mark.parametrize("name", sorted(promised()))
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(ns, name) is not None


def test_the_verbs_are_functions_whatever_was_imported() -> None:
    program = "import neurosim.sweep, neurosim.simulate, neurosim as ns; assert callable(ns.sweep) and callable(ns.simulate)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_import_is_light() -> None:
    program = f"import neurosim, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'hopfeild'"):
        ns.hopfeild  # type: ignore[attr-defined]  # noqa: B018
