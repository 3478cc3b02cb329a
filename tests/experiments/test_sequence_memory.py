"""Streams, accuracy and figures of the two experiments on sequence memory."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr

from experiments import sequence_memory as streams
from experiments import sequence_noise as noise
from neurosim.sweep import sweep


def measured(experiment: Any, **settings: Any) -> xr.Dataset:
    grid, fixed = experiment.EXPERIMENT.settings("tiny")
    grid |= {name: value for name, value in settings.items() if name in grid}
    fixed |= {name: value for name, value in settings.items() if name not in grid}
    return sweep(experiment.run, grid, fixed=fixed, progress=False)


def test_a_stream_brings_four_random_codes_and_a_sequence_of_the_present_set() -> None:
    codes = list(itertools.islice(streams.stream(np.random.default_rng(1), 12), 40))
    letters = {streams.letter(name): name for name in "ABCDEFGHIJKLMNWXYZ"}
    assert {len(code) for code in codes} == {40}
    words = ["".join(letters[code] for code in codes[first : first + 6]) for first in range(3, 34, 10)]
    assert words[0] in streams.FIRST
    assert all(word in streams.SECOND for word in words[1:])
    assert not any(code in letters for t, code in enumerate(codes) if (t - 3) % 10 >= 6)


def test_the_first_order_ceiling_counts_what_may_follow_a_letter() -> None:
    assert streams.first_order(["ABCDEF"]) == pytest.approx(0.5)
    assert streams.first_order(["ABX", "CBY"]) == pytest.approx((1 + 1 / 2) / 10)
    assert streams.first_order(streams.FIRST) == pytest.approx(0.98 / 3)
    assert streams.first_order(streams.SECOND) == pytest.approx(0.34)


def test_smoothing_is_that_of_the_program() -> None:
    """Its loop: from the second value on, am = 0.99 am + 0.01 a, then the mean of the last 60, as far as there are any."""
    hits, slow, wanted = np.random.default_rng(2).random(150), np.zeros(150), np.zeros(150)
    for i in range(1, 150):
        slow[i] = 0.99 * slow[i - 1] + 0.01 * hits[i]
        wanted[i] = slow[max(0, i - 59) : i + 1].mean()
    assert streams.smoothed(hits) == pytest.approx(wanted, abs=1e-12)


def test_the_course_is_kept_every_ten_codes_and_the_memory_has_learned() -> None:
    data = measured(streams, case=["32 cells"], trial=[0], codes=250)
    assert data.code.values.tolist() == list(range(10, 251, 10))
    assert data.accuracy.values[0, 0, 0] == 0.0
    assert 0.0 < data.accuracy.values[0, 0, -1] < 0.5
    assert 5000 < data.segments.item() < 10_000


def test_cells_die_at_the_event_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "EVENT", 200)
    same = {"codes": 240, "rng": None}
    whole, damaged = (streams.run(case, 0, **{**same, "rng": np.random.default_rng(7)}) for case in ("32 cells", "75 % die"))
    assert whole["accuracy"].values[:20].tolist() == damaged["accuracy"].values[:20].tolist()
    assert damaged["segments"] < whole["segments"] / 2


@pytest.mark.parametrize("settings", [{"case": ["1 cell"], "trial": [0]}, {"case": ["32 cells", "60 % die"], "trial": [0, 1]}])
def test_the_figure_of_the_stream_draws_what_was_asked_for(settings: dict[str, Any]) -> None:
    ax: Any = streams.figure(measured(streams, codes=60, **settings))
    ax.get_figure().canvas.draw()


def test_without_noise_all_columns_are_predicted_and_of_noise_alone_none() -> None:
    data = measured(noise, threshold=[12], noise=[0.0, 1.0], trial=[0], sequences=1)
    assert data.right.values.ravel().tolist() == [1.0, 0.0]
    assert data.wrong.values.ravel() == pytest.approx([0.0, 0.0], abs=1e-3)


def test_the_figure_of_noise_draws_what_was_asked_for() -> None:
    ax: Any = noise.figure(measured(noise, threshold=[8, 16], trial=[0], sequences=1))
    ax.get_figure().canvas.draw()
