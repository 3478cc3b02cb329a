"""Threads that wait for each other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from neurosim.kernels._jit import jit
from neurosim.kernels._wait import AWAY, LINE, empty_meeting, give, look, meet, no_order, stay, system_calls


@jit
def walk(places, rounds, threads, thread, meeting, system):
    """Go some steps with the others; return how often another one was seen elsewhere than at this one's step."""
    wrong = 0
    for step in range(rounds):
        places[thread * LINE] = step
        meet(meeting, (2 * step + 1) * threads, thread, system)
        for other in range(threads):
            wrong += look(places[other * LINE :]) != step
        meet(meeting, (2 * step + 2) * threads, thread, system)
    return wrong


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_nobody_goes_on_before_all_have_come(threads: int, told: bool) -> None:
    sleep, time, processor = system_calls()
    places, meeting = np.full(threads * LINE, -1, np.int64), empty_meeting(threads)
    with ThreadPoolExecutor(threads) as pool:
        system = sleep, time, processor if told else 0
        walks = [pool.submit(walk, places, 200, threads, thread, meeting, system) for thread in range(threads)]
        assert [walk.result(timeout=60) for walk in walks] == [0] * threads
    assert meeting[0] == 400 * threads


@jit
def add(order, numbers, meeting, system):
    """Add up what is asked, as long as somebody asks; count the calls."""
    numbers[1] += 1
    while True:
        numbers[0] += order[1]
        if not stay(order, meeting, 1, system):
            return


@pytest.mark.parametrize("together", [True, False])
def test_each_order_is_carried_out_once(together: bool) -> None:
    """Asked again at once, a thread is mostly still there; one on the same processor, or asked much later, is called anew."""
    system, meeting, order, asked = system_calls(), empty_meeting(2), no_order(), no_order()
    numbers, called = np.zeros(2, np.int64), 0
    meeting[[LINE, 2 * LINE]] = 0, 0 if together else 1
    with ThreadPoolExecutor(1) as pool:
        for number in range(1, 301):
            asked[1] = number
            if not give(order, asked, system):
                called += 1
                pool.submit(add, order, numbers, meeting, system)
            if number % 100 == 0:
                time.sleep(0.01)
    assert numbers.tolist() == [300 * 301 // 2, called]
    assert called >= 3
    assert order[0] == AWAY
