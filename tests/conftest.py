"""What all tests share: a seeded generator, the data folder, a kernel cache of the checkout, and a rotating share of slow tests."""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("NEUROSIM_CACHE", str(ROOT / ".cache" / "kernels"))
os.environ["MPLBACKEND"] = "agg"

import hypothesis  # noqa: E402  the two variables above must be set before anything is imported that reads them
import numpy as np  # noqa: E402
import pytest  # noqa: E402

hypothesis.settings.register_profile("neurosim", deadline=None, derandomize="CI" in os.environ, print_blob=True)
hypothesis.settings.load_profile("neurosim")


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator with a fixed seed, new for each test."""
    return np.random.default_rng(20260704)


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Return a function that lets two threads share a network, however little there is to do; one thread comes back after the test."""
    import neurosim as ns

    monkeypatch.setattr("neurosim.network._engine.LEAST_WORK", 1)
    before = ns.get_threads()
    yield functools.partial(ns.set_threads, 2)
    ns.set_threads(before)


@pytest.fixture
def restless_threads(two_threads: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that lets three threads share a network, and anew after a few slices: cut at random blocks, some left empty."""
    import neurosim as ns

    rng = np.random.default_rng(1)

    def borders(sizes: list[int], costs: np.ndarray) -> list[np.ndarray]:
        cuts = np.sort(rng.uniform(-0.3, 1.3, (len(sizes), len(costs) - 1)).clip(0, 1))
        return [np.array([0, *np.rint(cut * n / 512).astype(int) * 512, n]).clip(0, n) for n, cut in zip(sizes, cuts, strict=True)]

    for name, value in (("share_borders", borders), ("PIECE", 2), ("UNEVEN", 0.0), ("LEAST_LOSS", -1), ("CUTS", 0)):
        monkeypatch.setattr(f"neurosim.network._engine.{name}", value)
    return functools.partial(ns.set_threads, 3)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the data folder, or skip with what the engine says about its absence."""
    from neurosim import data, errors

    try:
        return data.folder()
    except errors.DataNotFound as missing:
        pytest.skip(" ".join([str(missing), *getattr(missing, "__notes__", [])]))


@pytest.fixture
def _close_figures() -> Iterator[None]:
    """Leave no figure behind that pyplot keeps alive."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point new processes at a kernel cache folder of their own, empty at first."""
    folder = tmp_path / "kernels"
    monkeypatch.setenv("NEUROSIM_CACHE", str(folder))
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow-slice", metavar="K/N", type=share, help="of the tests marked slow, keep those whose hash is K modulo N")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--slow-slice")
    if wanted is None:
        return
    kept = [item for item in items if item.get_closest_marker("slow") is None or in_share(item.nodeid, *wanted)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def share(text: str) -> tuple[int, int]:
    """Read K/N; K may be any count, it is taken modulo N.

    Examples
    --------
    >>> share("7/3")
    (1, 3)
    """
    k, n = map(int, text.split("/"))
    if n < 1:
        raise argparse.ArgumentTypeError(f"--slow-slice must be K/N with N at least 1, got {text}")
    return k % n, n


def in_share(nodeid: str, k: int, n: int) -> bool:
    """Tell whether a test belongs to share k of n; each test belongs to exactly one, the same on every machine.

    Examples
    --------
    >>> [in_share("tests/test_a.py::test_b", k, 3) for k in range(3)].count(True)
    1
    """
    digest = hashlib.blake2b(nodeid.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % n == k


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a CUDA device where there is none."""
    if item.get_closest_marker("gpu") is not None:
        torch = pytest.importorskip("torch", reason="the torch extra is not installed")
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
