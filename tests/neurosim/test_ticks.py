"""Times and ticks: rounding at the edges of a step, and ticks in two parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neurosim.ticks import halves, steps_of


@given(st.integers(0, 2**36), st.sampled_from([0.1, 0.05, 0.025, 1.0, 1 / 3]))
def test_multiples_of_dt_are_their_own_step(tick: int, dt: float) -> None:
    assert steps_of(tick * dt, dt) == tick
    assert steps_of((tick + 0.5) * dt, dt) == tick


@given(st.lists(st.integers(0, 2**38)))
def test_both_parts_are_whole_in_float32(ticks: list[int]) -> None:
    high, low = (part.astype(np.float32) for part in halves(np.array(ticks, np.int64)))
    assert (high.astype(np.int64) * 65_536 + low.astype(np.int64)).tolist() == ticks
