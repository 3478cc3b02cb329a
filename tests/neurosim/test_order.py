"""Order parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim import oscillators as osc

PHASES = st.lists(st.floats(-50, 50), min_size=1, max_size=30)


@given(PHASES, st.floats(-7, 7))
def test_turning_all_phases_turns_the_order_parameter(phases: list[float], turn: float) -> None:
    before, after = osc.order(phases), osc.order(np.array(phases) + turn)
    assert after == pytest.approx(before * np.exp(1j * turn), abs=1e-12)
    assert abs(before) <= 1 + 1e-12


@given(PHASES)
def test_clusters_make_up_the_whole(phases: list[float]) -> None:
    labels = np.arange(len(phases)) % min(3, len(phases))
    assert osc.cluster_order(phases, labels) @ np.bincount(labels) / len(phases) == pytest.approx(complex(osc.order(phases)), abs=1e-12)


def test_equal_phases_and_evenly_spread_ones() -> None:
    assert osc.order(np.full(7, 0.3)) == pytest.approx(np.exp(0.3j))
    assert abs(osc.order(2 * np.pi * np.arange(7) / 7)) == pytest.approx(0, abs=1e-15)
    assert osc.order(np.zeros((4, 3, 5))).shape == (4, 3)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"phases must have a last axis of oscillators, got shape \(\)"):
        osc.order(1.0)
    with pytest.raises(ValueError, match="labels must be whole numbers, one for each of 3 oscillators, got int64 of shape"):
        osc.cluster_order(np.zeros(3), [0, 1])
    with pytest.raises(ValueError, match="labels must be whole numbers"):
        osc.cluster_order(np.zeros(2), [0.0, 1.0])
    with pytest.raises(ValueError, match="labels must count from 0, got -1"):
        osc.cluster_order(np.zeros(2), [0, -1])
    with pytest.raises(ValueError, match=r"labels leave out cluster 1 of 0 \.\.\. 2"):
        osc.cluster_order(np.zeros(2), [0, 2])
