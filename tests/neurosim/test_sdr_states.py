"""States given to a learner that they do not belong to: of another class, of another size, saved by another version."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import sdr
from neurosim.errors import CheckpointError

LEARNERS: dict[str, tuple[Any, Any, Any]] = {
    "pooler": (sdr.SpatialPooler(64, 32, density=0.1), sdr.SpatialPooler(64, 40, density=0.1), [1, 2]),
    "memory": (sdr.TemporalMemory(64, 2), sdr.TemporalMemory(64, 3), [1, 2]),
    "neuron": (sdr.DendriticNeuron(64, 5, 8, threshold=2), sdr.DendriticNeuron(64, 5, 9, threshold=2), [1, 2]),
    "mac": (sdr.CodeSelection(64, 4, 3), sdr.CodeSelection(64, 4, 5), [1, 2]),
    "mac with other inputs": (sdr.CodeSelection(64, 4, 3), sdr.CodeSelection(65, 4, 3), [1, 2]),
    "mac with memory": (sdr.CodeSelection(64, 4, 3), sdr.CodeSelection(64, 4, 3, horizontal=True), [1, 2]),
    "likelihood": (sdr.AnomalyLikelihood(), sdr.AnomalyLikelihood(window=9000), 0.5),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_state_of_another_learner_is_refused_and_left_alone(name: str) -> None:
    learner, other, given = LEARNERS[name]
    theirs = other.init(seed=1)
    before = ns.state.copy(theirs)
    with pytest.raises(ValueError, match=r"state must have [\d,]+ [\w ]+, got [\d,]+") as caught:
        learner.compute(theirs, given)
    assert "another size" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match=r"state must be a \w+State, got str; make it with init\(\)"):
        learner.compute("state", given)
    assert all(np.array_equal(getattr(theirs, key), getattr(before, key)) for key in ("tick", "seed"))


def test_a_classifier_of_other_sizes_is_refused() -> None:
    theirs = sdr.Classifier(64, 3).init(seed=1)
    for learner, what in ((sdr.Classifier(64, 4), "4 categories, got 3"), (sdr.Classifier(70, 3), "70 units, got 64")):
        with pytest.raises(ValueError, match=f"state must have {what}"):
            learner.infer(theirs, [1])
        with pytest.raises(ValueError, match=f"state must have {what}"):
            learner.compute(theirs, [1], 0)


@dataclass
class TemporalMemoryState:
    """What a later version might save under the same name."""

    active: np.ndarray
    tick: int = 0


def test_a_memory_saved_by_another_version_is_refused(tmp_path: Path) -> None:
    ns.state.save(TemporalMemoryState(np.zeros(3, np.int32)), tmp_path / "memory")
    with pytest.raises(CheckpointError):
        ns.state.load(tmp_path / "memory", like=sdr.TemporalMemory(64, 2).init(seed=1))
