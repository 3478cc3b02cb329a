"""Threads that wait for each other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from neurosim.kernels._jit import jit
from neurosim.kernels._wait import AWAY, LINE, come, empty_progress, follow, give, look, no_order, stay, system_calls, tell


@jit
def walk(places, rounds, lead, threads, thread, progress, system):
    """Go some steps, at most `lead` ahead of the others; return how often another one was seen elsewhere than it may be."""
    wrong = 0
    for step in range(rounds):
        follow(progress, thread, step - lead, system)
        for other in range(threads):
            wrong += look(places, other * LINE) < step - lead
        tell(places, thread * LINE, step + 1)
        come(progress, thread, step + 1, system)
    follow(progress, thread, rounds, system)
    for other in range(threads):
        wrong += look(places, other * LINE) != rounds
    return wrong


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(("threads", "lead"), [(1, 0), (2, 0), (2, 3), (5, 1)])
def test_nobody_goes_further_ahead_than_allowed(threads: int, lead: int, told: bool) -> None:
    sleep, nap, processor = system_calls()
    places, progress = np.zeros(threads * LINE, np.int64), empty_progress(threads)
    with ThreadPoolExecutor(threads) as pool:
        system = sleep, nap, processor if told else 0
        walks = [pool.submit(walk, places, 200, lead, threads, thread, progress, system) for thread in range(threads)]
        assert [walk.result(timeout=60) for walk in walks] == [0] * threads
    assert progress[::LINE].tolist() == [200] * threads


@jit
def add(order, numbers, progress):
    """Add up what is asked, as long as somebody asks; count the calls."""
    numbers[1] += 1
    while True:
        numbers[0] += order[1]
        if not stay(order, progress, 1):
            return


@pytest.mark.parametrize("together", [True, False])
def test_each_order_is_carried_out_once(together: bool) -> None:
    """Asked again at once, a thread is mostly still there; one on the same processor, or asked much later, is called anew."""
    system, progress, order, asked = system_calls(), empty_progress(2), no_order(), no_order()
    numbers, called = np.zeros(2, np.int64), 0
    progress[[1, LINE + 1]] = 0, 0 if together else 1
    with ThreadPoolExecutor(1) as pool:
        for number in range(1, 301):
            asked[1] = number
            if not give(order, asked, system):
                called += 1
                pool.submit(add, order, numbers, progress)
            if number % 100 == 0:
                time.sleep(0.01)
    assert numbers.tolist() == [300 * 301 // 2, called]
    assert called >= 3
    assert order[0] == AWAY
