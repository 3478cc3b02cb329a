r"""A detector of anomalies in a stream of numbers, put together from the parts of HTM.

Each row, a number and perhaps a time, goes through four learners::

    number, time -> encoders -> spatial pooler -> temporal memory -> anomaly likelihood -> score

The encoders give similar numbers overlapping codes, and put one of the time of day beside them. The pooler turns both into 40 of 2,048
columns and keeps what is alike alike. The memory predicts which columns come next; the share that it did not predict is the *raw* score.
The likelihood compares its recent mean with what that has been (:mod:`neurosim.sdr.anomaly`), and on its logarithmic scale is the *score*,
in 0 ... 1. All of them learn at every row, so nothing is trained before, and a row is read once.

A number that leaves the range of all numbers before by more than 5 % of its width has the score 1, whatever was predicted: people label
such numbers as anomalies.

:func:`numenta` sets the parts as the detector *numentaTM* of the Numenta Anomaly Benchmark does.

Source: S. Ahmad, A. Lavin, S. Purdy & Z. Agha, "Unsupervised real-time anomaly detection for streaming data", Neurocomputing 262, 134
(2017), not read beyond its abstract; order, settings and the rule for the range are read from the benchmark's detector and nupic's
``best_single_metric_anomaly_params_tm_cpp``. Differs from these in: the random numbers, and what :mod:`neurosim.sdr.encoders`,
:mod:`~neurosim.sdr.spatial_pooler`, :mod:`~neurosim.sdr.temporal_memory` and :mod:`~neurosim.sdr.anomaly` name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neurosim import noise
from neurosim.checks import real, whole
from neurosim.errors import with_hint
from neurosim.sdr import anomaly
from neurosim.sdr.anomaly import AnomalyLikelihood, LikelihoodState
from neurosim.sdr.codes import Code
from neurosim.sdr.encoders import Date, RandomScalar, join
from neurosim.sdr.spatial_pooler import SpatialPooler, SpatialPoolerState
from neurosim.sdr.temporal_memory import TemporalMemory, TemporalMemoryState


class Encoder(Protocol):
    """What turns a value into a code."""

    @property
    def size(self) -> int:
        """Units of a code."""
        ...

    def encode(self, value: Any, /) -> Code:
        """Return the code of a value."""
        ...


@dataclass
class DetectorState:
    """What a detector has learned, and what it said of the last row.

    Attributes
    ----------
    pooler, memory, likelihood : states of the parts
    low, high : float
        Range of the numbers so far; not a number before the first one.
    raw, score : float
        Share of the last input that was not predicted, and how anomalous the row is: 0 ... 1.
    tick, seed : int
    """

    pooler: SpatialPoolerState
    memory: TemporalMemoryState
    likelihood: LikelihoodState
    low: float = math.nan
    high: float = math.nan
    raw: float = 0.0
    score: float = 0.0
    tick: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Detector:
    """Detector of anomalies in a stream.

    Parameters
    ----------
    value : Encoder
        Of the numbers.
    pooler : SpatialPooler
        Its inputs are the codes of the encoders, side by side.
    memory : TemporalMemory
    likelihood : AnomalyLikelihood
    time : Encoder, optional
        Of the times; if not given, rows have none.
    tolerance : float
        How far, as a share of the range so far, a number may leave it, at least 0.
    """

    value: Encoder
    pooler: SpatialPooler
    memory: TemporalMemory
    likelihood: AnomalyLikelihood
    time: Encoder | None = None
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        size = self.value.size + (0 if self.time is None else self.time.size)
        if self.pooler.n_inputs != size:
            raise ValueError(f"pooler must have as many inputs as the encoders have units, {size}, got {self.pooler.n_inputs}")
        if self.memory.columns != self.pooler.n_columns:
            raise ValueError(f"memory must have the columns of the pooler, {self.pooler.n_columns}, got {self.memory.columns}")
        real("tolerance", self.tolerance, least=0)

    def init(self, *, seed: int = 0) -> DetectorState:
        """Return a state that has seen nothing. The seed chooses connections of the pooler, and ties in the memory."""
        seed = noise.checked_seed(seed)
        return DetectorState(self.pooler.init(seed=seed), self.memory.init(seed=seed), self.likelihood.init(seed=seed), seed=seed)

    def compute(self, state: DetectorState, value: float, time: Any = None) -> float:
        """Read a row, return how anomalous it is.

        Parameters
        ----------
        state : DetectorState
            Changed in place.
        value : float
        time : optional
            What the encoder of times takes; needed if there is one.

        Returns
        -------
        float
            In 0 ... 1; 1/2 is the usual threshold.
        """
        columns = self.pooler.compute(state.pooler, self.encode(value, time))
        self.memory.compute(state.memory, columns)
        state.raw = state.memory.anomaly
        state.score = anomaly.log_score(self.likelihood.compute(state.likelihood, state.raw))
        if leaves_range(value, state.low, state.high, self.tolerance):
            state.score = 1.0
        state.low, state.high = float(np.fmin(state.low, value)), float(np.fmax(state.high, value))
        state.tick += 1
        return state.score

    def encode(self, value: float, time: Any = None) -> Code:
        """Return the code of a row: that of the number, and beside it that of the time."""
        if (self.time is None) != (time is None):
            raise with_hint(
                TypeError(f"time must {'not ' if self.time is None else ''}be given, got {time!r}"),
                "a detector with an encoder of times needs one for each row, one without takes none",
            )
        code = self.value.encode(real("value", value))
        return code if self.time is None else join([code, self.time.encode(time)])


@dataclass(frozen=True)
class Stream:
    """A detector and the rows that it reads, as one model for :func:`neurosim.simulate`: a tick is a row.

    Parameters
    ----------
    detector : Detector
    values : array_like of float, shape (n,)
    times : array_like, shape (n,), optional
        Needed if the detector has an encoder of times.
    """

    detector: Detector
    values: npt.ArrayLike
    times: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        values = np.array(self.values, float)
        if values.ndim != 1 or not np.isfinite(values).all():
            raise ValueError(f"values must be a row of finite numbers, got shape {values.shape}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        if self.times is not None:
            times = np.array(self.times)
            if times.shape != values.shape:
                raise ValueError(f"times must be one for each of the {values.size} values, got shape {times.shape}")
            times.setflags(write=False)
            object.__setattr__(self, "times", times)

    @property
    def dt(self) -> float:
        """One tick is one row."""
        return 1.0

    def init(self, *, seed: int = 0) -> DetectorState:
        """Return a state of the detector."""
        return self.detector.init(seed=seed)

    def step(self, state: DetectorState, ticks: int, /) -> None:
        """Read the next rows."""
        values, times = np.asarray(self.values), self.times
        if state.tick + ticks > values.size:
            raise ValueError(f"the stream has {values.size} rows, {state.tick + ticks} were asked for")
        for row in range(state.tick, state.tick + ticks):
            self.detector.compute(state, float(values[row]), None if times is None else np.asarray(times)[row])


def numenta(low: float, high: float, rows: int, *, buckets: int = 130, cells: int = 32, seed: int = 42) -> Detector:
    """Return the detector of the benchmark for a stream with times.

    Parameters
    ----------
    low, high : float
        Range of the numbers: the resolution of the encoder is 1.4 times its width, divided by `buckets`. The benchmark takes it from the
        whole series, the future included.
    rows : int
        How many rows at the start are for learning; the likelihood takes half of them to settle and half to estimate.
    buckets : int
        At least 1.
    cells : int
        In a column; with one, the memory knows no more than the row before.
    seed : int
        Chooses the codes of numbers.
    """
    width = real("high", high, above=real("low", low)) - low
    value = RandomScalar(400, 21, 1.4 * width / whole("buckets", buckets, 1), seed)
    time = Date(time_of_day=21, time_radius=9.49)
    pooler = SpatialPooler(
        value.size + time.size, 2048, potential_fraction=0.8, density=40 / 2048, increment=0.003, decrement=0.0005, connected=0.2
    )
    memory = TemporalMemory(
        pooler.n_columns, cells, activation_threshold=20, min_threshold=13, max_new=31, initial=0.24, connected=0.5, increment=0.04,
        decrement=0.008, punishment=0.001, max_segments=128, max_synapses=128,
    )  # fmt: skip
    settle = whole("rows", rows, 2) // 2
    return Detector(value, pooler, memory, AnomalyLikelihood(learning=settle, samples=rows - settle), time)


def score_of(state: DetectorState) -> float:
    """Return how anomalous the last row was: what to record of a run."""
    return state.score


def leaves_range(value: float, low: float, high: float, tolerance: float) -> bool:
    """Say whether a number lies outside a range by more than a share of its width; a range of one number has no outside."""
    beyond = tolerance * (high - low)
    return high > low and (value > high + beyond or value < low - beyond)
