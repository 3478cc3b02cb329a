"""Threads that wait for each other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from neurosim.kernels._jit import jit
from neurosim.kernels._wait import AWAY, LINE, come, empty_progress, follow, give, look, no_orders, rest, stay, system_calls, tell


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
def add(orders, numbers, progress, thread):
    """Add up what is asked, as long as somebody asks; count the calls."""
    numbers[2 * thread + 1] += 1
    while True:
        numbers[2 * thread] += orders[thread * LINE + 1]
        if not stay(orders, progress, thread):
            return


@pytest.mark.parametrize("together", [True, False])
def test_each_order_is_carried_out_once(together: bool) -> None:
    """Asked again at once, a thread is mostly still there; one on the same processor, or that has gone away, is called anew."""
    system, progress, orders = system_calls(), empty_progress(3), no_orders(3)
    numbers, called = np.zeros(6, np.int64), [0, 0, 0]
    progress[1::LINE] = 0 if together else np.arange(3)
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, 301):
            rest(orders, system)
            orders[1] = number
            for thread in (1, 2):
                if not give(orders, thread):
                    called[thread] += 1
                    pool.submit(add, orders, numbers, progress, thread)
            while number % 100 == 0 and (orders[LINE::LINE] != AWAY).any():
                time.sleep(0.001)
    assert numbers.tolist() == [0, 0, 300 * 301 // 2, called[1], 300 * 301 // 2, called[2]]
    assert min(called[1:]) >= 3
    assert orders[::LINE].tolist() == [AWAY] * 3
