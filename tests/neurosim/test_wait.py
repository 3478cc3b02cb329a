"""Threads that wait for each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from neurosim.kernels._jit import jit
from neurosim.kernels._wait import LINE, empty_meeting, look, meet, system_calls


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
