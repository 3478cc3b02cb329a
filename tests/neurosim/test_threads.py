"""The number of threads: chosen once, never part of an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neurosim import threads


@pytest.fixture(autouse=True)
def _one_thread_again() -> Iterator[None]:
    yield
    threads.set_threads(1)


@pytest.mark.parametrize("n", [1, 2, 4, 9])
def test_ranges_cover_everything_once(n: int) -> None:
    threads.set_threads(n)
    seen: list[int] = []
    threads.over_ranges(lambda first, last: seen.extend(range(first, last)), 7)
    assert sorted(seen) == list(range(7))


def test_nothing_to_do() -> None:
    threads.set_threads(2)
    threads.over_ranges(lambda first, last: None, 0)


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    threads.set_threads(2)
    with pytest.raises(ZeroDivisionError):
        threads.over_ranges(lambda first, last: divmod(last, first), 4)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("n", [0, -1, 1.5, True])
def test_bad_numbers(n: object) -> None:
    with pytest.raises(ValueError, match="number of threads"):
        threads.set_threads(n)  # type: ignore[arg-type]


def test_bad_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_chosen", None)
    monkeypatch.setenv("NEUROSIM_THREADS", "two")
    with pytest.raises(ValueError, match="NEUROSIM_THREADS must be"):
        threads.get_threads()
    monkeypatch.setenv("NEUROSIM_THREADS", "2")
    assert threads.get_threads() == 2
