"""The detector on streams whose oddities are known, its states, its errors; and the experiment on the taxi series."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurosim as ns
from experiments import taxi_anomalies as taxi
from models import htm
from neurosim.sdr import nab
from neurosim.sdr.anomaly import THRESHOLD, AnomalyLikelihood
from neurosim.sdr.encoders import Date, RandomScalar
from neurosim.sdr.spatial_pooler import SpatialPooler
from neurosim.sdr.temporal_memory import TemporalMemory
from neurosim.sweep import sweep


def small(time: bool = False, **likelihood: int) -> htm.Detector:
    value, clock = RandomScalar(200, 11, resolution=0.1, seed=1), Date(time_of_day=11, time_radius=6.0) if time else None
    pooler = SpatialPooler(value.size + (clock.size if clock else 0), 256, density=10 / 256, connected=0.2, increment=0.01, decrement=0.002)
    memory = TemporalMemory(256, 4, activation_threshold=6, min_threshold=4, max_new=8)
    return htm.Detector(value, pooler, memory, AnomalyLikelihood(**{"learning": 200, "samples": 100, **likelihood}), clock)


def wave(n: int) -> np.ndarray:
    """A period of 12 rows, repeated."""
    return np.resize(np.sin(2 * np.pi * np.arange(12) / 12) + 0.5 * np.sin(4 * np.pi * np.arange(12) / 12), n)


def read(detector: htm.Detector, values: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    stream = htm.Stream(detector, values)
    run = ns.simulate(
        stream, stream.init(seed=seed), steps=len(values), progress=False,
        record={"score": ns.Trace(htm.score_of), "raw": ns.Trace(lambda state: state.raw)},
    )  # fmt: skip
    return run.score.values[1:], run.raw.values[1:]


def test_a_rhythm_is_learned_and_a_change_of_order_is_found() -> None:
    """The numbers of the odd stretch all occur in every period; only their order is new."""
    values = wave(600)
    values[480:492] = values[480:492][[0, 7, 3, 10, 5, 1, 9, 4, 11, 6, 2, 8]]
    scores, raw = read(small(), values)
    assert raw[0] == 1.0
    assert raw[400:480].mean() < 0.15
    assert scores[300:480].max() < THRESHOLD
    assert 480 <= 300 + np.flatnonzero(scores[300:] >= THRESHOLD)[0] < 492
    assert raw[481:492].mean() > 3 * raw[400:480].mean()


def test_a_number_out_of_range_is_an_anomaly_at_once() -> None:
    values = wave(60)
    extent = values.max() - values.min()
    values[40], values[50] = values.max() + 0.04 * extent, values.max() + 0.2 * extent
    scores, _ = read(small(), values)
    assert (np.flatnonzero(scores[15:] == 1.0) + 15).tolist() == [50]
    assert not htm.leaves_range(3.0, 1.0, 1.0, 0.05)
    assert not htm.leaves_range(3.0, np.nan, np.nan, 0.05)
    assert htm.leaves_range(-0.06, 0.0, 1.0, 0.05)


def test_slices_saves_and_resumes(tmp_path: Path) -> None:
    times = np.datetime64("2014-07-01T00:00") + np.timedelta64(30, "m") * np.arange(60)
    stream = htm.Stream(small(time=True, learning=10, samples=10, window=30), wave(60), times)
    ns.check_model(stream, stream.init(seed=5), ticks=25)
    whole = stream.init(seed=5)
    ns.simulate(stream, whole, steps=60, progress=False)
    half = stream.init(seed=5)
    ns.simulate(stream, half, steps=31, progress=False)
    ns.state.save(half, tmp_path / "detector")
    resumed = ns.state.load(tmp_path / "detector", htm.DetectorState)
    ns.simulate(stream, resumed, steps=29, progress=False)
    assert ns.state.fingerprint(whole) == ns.state.fingerprint(resumed)


def test_a_save_of_another_kind_or_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = small()
    ns.state.save(detector.likelihood.init(), tmp_path / "other")
    with pytest.raises(ns.errors.CheckpointError, match="LikelihoodState.*DetectorState|DetectorState.*LikelihoodState"):
        ns.state.load(tmp_path / "other", htm.DetectorState)
    older = dataclasses.make_dataclass("DetectorState", ["pooler", "tick"], namespace={"__module__": htm.__name__})
    with monkeypatch.context() as patch:
        patch.setattr(htm, "DetectorState", older)
        ns.state.save(older(detector.pooler.init(), 3), tmp_path / "older")
    with pytest.raises(ns.errors.CheckpointError, match="memory"):
        ns.state.load(tmp_path / "older", htm.DetectorState)


def test_bad_arguments() -> None:
    detector = small()
    with pytest.raises(ValueError, match="pooler must have as many inputs as the encoders have units, 244, got 200"):
        dataclasses.replace(detector, time=Date(time_of_day=11, time_radius=6.0))
    with pytest.raises(ValueError, match="memory must have the columns of the pooler, 256, got 300"):
        dataclasses.replace(detector, memory=TemporalMemory(300))
    with pytest.raises(ValueError, match="tolerance must be finite and at least 0"):
        dataclasses.replace(detector, tolerance=-0.1)
    state = detector.init()
    with pytest.raises(TypeError, match="time must not be given"):
        detector.compute(state, 1.0, "2014-07-01")
    with pytest.raises(TypeError, match="time must be given, got None"):
        small(time=True).encode(1.0)
    with pytest.raises(ValueError, match="value must be finite"):
        detector.compute(state, np.nan)
    assert state.tick == state.memory.tick == 0
    with pytest.raises(ValueError, match="values must be a row of finite numbers"):
        htm.Stream(detector, [1.0, np.inf])
    with pytest.raises(ValueError, match="times must be one for each of the 2 values"):
        htm.Stream(detector, [1.0, 2.0], [0])
    with pytest.raises(ValueError, match="the stream has 2 rows, 3 were asked for"):
        htm.Stream(detector, [1.0, 2.0]).step(state, 3)
    with pytest.raises(ValueError, match="high must be finite and above 2"):
        htm.numenta(2.0, 1.0, 100)


def test_the_settings_are_those_of_the_benchmarks_detector() -> None:
    detector = htm.numenta(0.0, 1000.0, 750)
    assert detector.time is not None
    assert (detector.value.size, detector.time.size, detector.pooler.places) == (400, 54, 40)
    assert (detector.likelihood.learning, detector.likelihood.samples) == (375, 375)
    assert detector.value.resolution == pytest.approx(1400 / 130)  # pyright: ignore[reportAttributeAccessIssue]


# --- the experiment -----------------------------------------------------------------------------------------------------------


def test_absent_series_is_named_with_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROSIM_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    with pytest.raises(ns.errors.DataNotFound, match=r"nab-nyc-taxi/nyc_taxi.csv \(sha256 d8fa6f7f"):
        taxi.run("null", 0, rng=np.random.default_rng(0))


def test_published_scores_are_the_published_sums() -> None:
    for total, score in zip((2.43572773247, 0.471136230981, 2.51511396221), taxi.PUBLISHED.values(), strict=True):
        assert score == pytest.approx(10 * (total + 5), abs=1e-6)


def test_the_range_rule_finds_the_hour_that_the_clocks_counted_twice(data_folder: Path) -> None:
    rides = ns.data.nyc_taxi()
    rows = np.flatnonzero(taxi.by_range(rides, 0))
    assert rides.times[rows[rows >= 750]].astype(str).tolist() == ["2014-11-02T01:00"]


@pytest.fixture(scope="module")
def data(data_folder: Path) -> xr.Dataset:
    grid = {"detector": ["last week", "range", "random", "null"], "network": [0, 1]}
    return sweep(taxi.run, grid, fixed={"draws": 20}, progress=False)


def test_scores_come_back_from_the_rows_that_are_kept(data: xr.Dataset, data_folder: Path) -> None:
    windows = nab.windows(ns.data.nyc_taxi().anomalies, data.sizes["row"])
    level = data.level.sel(detector="last week", network=1).values
    assert nab.score(level, windows, THRESHOLD).normalised == pytest.approx(
        float(data.score.sel(detector="last week", profile="standard")[1])
    )
    assert (data.score.sel(detector="null") == 0).all()
    assert (data.best >= data.score.where(data.detector != "random", -np.inf)).all()


@pytest.mark.parametrize("setting", [{"network": [0]}, {"detector": ["range"]}])
@pytest.mark.usefixtures("_close_figures")
def test_the_figure_draws_what_was_asked_for(data: xr.Dataset, setting: dict[str, Any]) -> None:
    ax = taxi.figure(data.sel(setting))
    ax.get_figure().canvas.draw()
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in ax.get_figure().axes)
