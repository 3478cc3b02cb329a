"""Data files: found and checked, or named with the checksum that was wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurosim import data, errors


def test_mnist(data_folder: Path) -> None:
    """Counts and mean grey levels of the classic files."""
    images, labels = data.mnist("test")
    assert images.shape == (10_000, 28, 28)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert abs(images.mean() - 33.7912) < 1e-4


def test_nyc_taxi(data_folder: Path) -> None:
    """Half hours without a gap; the marathon, Thanksgiving, Christmas, New Year and the snow storm are labelled."""
    rides = data.nyc_taxi()
    assert rides.times.shape == rides.passengers.shape == (10_320,)
    assert (np.diff(rides.times) == np.timedelta64(30, "m")).all()
    assert (rides.passengers.min(), rides.passengers.max(), rides.passengers.sum()) == (8, 39_197, 156_219_716)
    assert rides.times[rides.anomalies].astype(str).tolist() == list(data.ANOMALIES)
    assert rides.causes[3] == "New Year"


def test_absent_file_is_named_with_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROSIM_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    with pytest.raises(errors.DataNotFound, match=r"mnist/t10k-images-idx3-ubyte.gz \(sha256 8d422c7b") as caught:
        data.mnist("test")
    assert "nothing is downloaded" in caught.value.__notes__[0]


def test_no_folder_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROSIM_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    with pytest.raises(errors.DataNotFound, match="a data folder is wanted"):
        data.folder()


def test_another_file_under_the_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "t10k-images-idx3-ubyte.gz").write_bytes(b"not it")
    monkeypatch.setenv("NEUROSIM_DATA", str(tmp_path))
    with pytest.raises(errors.DataNotFound, match="wanted 8d422c7b"):
        data.mnist("test")


def test_unknown_split() -> None:
    with pytest.raises(ValueError, match="'train' or 'test', got 'validation'"):
        data.mnist("validation")  # type: ignore[arg-type]
