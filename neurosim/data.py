"""Data files: found, checked, never downloaded.

Files are looked for in the folder named by the variable ``NEUROSIM_DATA``, then in the user's data folder, each set in a folder of its
own (``mnist/train-images-idx3-ubyte.gz``). A file that is absent, or whose checksum is not the known one, is reported with the name
and the checksum that were wanted.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import os
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.errors import DataNotFound, with_hint

MNIST = {
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
}
"""SHA-256 of the four files of LeCun, Cortes & Burges, byte-identical to the classic distribution."""
NYC_TAXI = {"nyc_taxi.csv": "d8fa6f7f0734bf5c8be12c52a94e20a82664c397d9dec4449156bd453d32856d"}
"""SHA-256 of the series of the Numenta Anomaly Benchmark."""
ANOMALIES = {
    "2014-11-01T19:00": "marathon",
    "2014-11-27T15:30": "Thanksgiving",
    "2014-12-25T15:00": "Christmas",
    "2015-01-01T01:00": "New Year",
    "2015-01-27T00:00": "snow storm",
}
"""Times at which the benchmark labels an anomaly of that series, and what it was."""


def folders() -> list[Path]:
    """Return the folders that are searched, first one first.

    Examples
    --------
    >>> len(folders()) >= 1
    True
    """
    import platformdirs

    named = os.environ.get("NEUROSIM_DATA")
    return [*([Path(named).expanduser()] if named else []), Path(platformdirs.user_data_dir("neurosim", appauthor=False))]


def folder() -> Path:
    """Return the first of these folders that exists, or raise DataNotFound."""
    for path in folders():
        if path.is_dir():
            return path
    raise _absent("a data folder")


def find(name: str, sha256: str) -> Path:
    """Return the path of a data file after checking its content.

    Parameters
    ----------
    name : str
        Folder and file, such as ``"mnist/t10k-labels-idx1-ubyte.gz"``.
    sha256 : str
        The checksum wanted, 64 hexadecimal digits.

    Returns
    -------
    Path

    Raises
    ------
    DataNotFound
        If no folder holds the file, or its checksum differs.
    """
    for path in (folder / name for folder in folders()):
        if path.is_file():
            got = _sha256(path, path.stat().st_mtime_ns)
            if got != sha256:
                raise with_hint(
                    DataNotFound(f"{path} has sha256 {got}, wanted {sha256}"), "the file is damaged or another one: put the original there"
                )
            return path
    raise _absent(f"data file {name} (sha256 {sha256})")


def mnist(split: Literal["train", "test"] = "test") -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Load the MNIST digits.

    Parameters
    ----------
    split : {"train", "test"}
        60,000 or 10,000 images.

    Returns
    -------
    images : ndarray of uint8, shape (n, 28, 28)
        Grey levels, 0 is the background.
    labels : ndarray of uint8, shape (n,)
        Digits 0 to 9.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio & P. Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998).
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    stem = {"train": "train", "test": "t10k"}[split]
    names = [f"{stem}-images-idx3-ubyte.gz", f"{stem}-labels-idx1-ubyte.gz"]
    images, labels = (_read_idx(find(f"mnist/{name}", MNIST[name])) for name in names)
    return images, labels


class TaxiRides(NamedTuple):
    """A series with labelled anomalies.

    Attributes
    ----------
    times : ndarray of datetime64[m], shape (n,)
    passengers : ndarray of int64, shape (n,)
        Passengers in the half hour that begins then.
    anomalies : ndarray of int64, shape (5,)
        Rows of the labels.
    causes : tuple of str
        What happened.
    """

    times: npt.NDArray[np.datetime64]
    passengers: npt.NDArray[np.int64]
    anomalies: npt.NDArray[np.int64]
    causes: tuple[str, ...]


def nyc_taxi() -> TaxiRides:
    """Load the taxi passengers of New York, July 2014 to January 2015, in half hours, and the five anomalies in them.

    Returns
    -------
    TaxiRides
        10,320 rows.

    References
    ----------
    S. Ahmad, A. Lavin, S. Purdy & Z. Agha, "Unsupervised real-time anomaly detection for streaming data", Neurocomputing 262 (2017).
    """
    lines = find("nab-nyc-taxi/nyc_taxi.csv", NYC_TAXI["nyc_taxi.csv"]).read_text(encoding="ascii").splitlines()[1:]
    times, passengers = zip(*(line.split(",") for line in lines), strict=True)
    ticks = np.array(times, "datetime64[m]")
    labels = np.searchsorted(ticks, np.array(list(ANOMALIES), "datetime64[m]"))
    return TaxiRides(ticks, np.array(passengers, np.int64), labels, tuple(ANOMALIES.values()))


def _absent(wanted: str) -> DataNotFound:
    searched = ", ".join(str(folder) for folder in folders())
    return with_hint(
        DataNotFound(f"{wanted} is wanted, found in none of: {searched}"),
        "put the files into one of these folders, or set NEUROSIM_DATA to the folder that holds them; nothing is downloaded",
    )


@functools.cache
def _sha256(path: Path, changed: int) -> str:
    """Hash a file once for each time it changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an idx file of unsigned bytes: 0, 0, 8, number of axes, their big-endian lengths, the data."""
    content = gzip.decompress(path.read_bytes())
    axes = content[3]
    shape = np.frombuffer(content, ">u4", axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
