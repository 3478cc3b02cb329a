"""Arrays that grow by one row per look: in memory, or in a ``.npy`` file with one block of rows in memory.

NumPy pads the header of a ``.npy`` file so that the length of the first axis can be rewritten in place. After each block the rows are
written first and counted in the header second: the file can be read at any moment, also after the process was killed, and whatever
lies behind the rows that the header counts is ignored by readers and overwritten by the next block.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import CheckpointError, with_hint

BLOCK_BYTES = 1 << 20
SHORTEST, LONGEST = 1 << 10, 1 << 20
"""Rows of a block that grows."""
LARGE = 1 << 22
"""Bytes from which NumPy asks for large pages."""


def roomy(n: int, dtype: npt.DTypeLike) -> np.ndarray:
    """Return an array (n,) for numbers to be written to, in large pages if it would fill a good part of one.

    Systems hand out memory when it is written to first, 4 kB or, where NumPy asks for that from 4 MB on, 2 MB at a time. The former can
    take longer than to work out what is written.

    Examples
    --------
    >>> roomy(1_000_000, "float32").shape
    (1000000,)
    """
    dtype = np.dtype(dtype)
    return np.empty(max(n, LARGE // dtype.itemsize), dtype)[:n] if n * dtype.itemsize > LARGE // 4 else np.empty(n, dtype)


class MemoryRows:
    """Rows in one array, allocated with the first of them.

    Parameters
    ----------
    shape : tuple of int
        (rows at most, ...).
    dtype : dtype

    Attributes
    ----------
    held : int
        Rows that memory will hold.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._shape, self._dtype, self._cursor = shape, dtype, 0
        self._buffer: np.ndarray | None = None
        self.held = shape[0]

    def append(self, row: np.ndarray) -> None:
        """Add one row."""
        if self._buffer is None:
            self._buffer = np.empty(self._shape, self._dtype)
        self._buffer[self._cursor] = row
        self._cursor += 1

    def values(self) -> np.ndarray:
        """Return the rows so far."""
        return np.empty((0, *self._shape[1:]), self._dtype) if self._buffer is None else self._buffer[: self._cursor]

    def save(self) -> dict[str, Any]:
        """Return the rows so far, by name."""
        return {"rows": self.values()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what :meth:`save` returned; refuse rows of another kind."""
        rows = saved["rows"]
        if rows.shape[1:] != self._shape[1:] or rows.dtype != self._dtype or len(rows) > self._shape[0]:
            raise CheckpointError(f"the checkpoint holds rows {rows.dtype} {rows.shape}, this recorder keeps {self._dtype} {self._shape}")
        self._buffer = np.empty(self._shape, self._dtype)
        self._cursor = len(rows)
        self._buffer[: self._cursor] = rows

    def close(self) -> None:
        """Do nothing: memory needs no closing."""


class GrowingRows:
    """Rows whose number is not known before, in blocks: none is moved when more come.

    Parameters
    ----------
    dtype : dtype
        Of a row, which is a single value.
    allow : callable
        Called with the bytes of twice as many rows before there are more than the last time; it raises an error if they are too many.

    Examples
    --------
    >>> rows = GrowingRows(np.dtype(int), print)
    >>> rows.extend(np.arange(3))
    8192
    >>> rows.values()
    array([0, 1, 2])
    """

    def __init__(self, dtype: np.dtype, allow: Callable[[int], None]) -> None:
        self._dtype, self._allow, self._allowed = dtype, allow, 0
        self._full: list[np.ndarray] = []
        self._last, self._cursor, self._n = np.empty(0, dtype), 0, 0

    def room(self, n: int) -> np.ndarray:
        """Return room for n rows, to be written to; :meth:`keep` says how many of them there are."""
        if self._n + n > self._allowed:
            allowed = max(SHORTEST, 2 * self._allowed, self._n + n)
            self._allow(allowed * self._dtype.itemsize)
            self._allowed = allowed
        if n > len(self._last) - self._cursor:
            if self._cursor:
                used = self._last[: self._cursor]
                self._full.append(used if 2 * self._cursor > len(self._last) else used.copy())
            self._last, self._cursor = roomy(max(n, min(max(4 * self._n, SHORTEST), LONGEST)), self._dtype), 0
        return self._last[self._cursor : self._cursor + n]

    def keep(self, n: int) -> None:
        """Add the first n rows of the room given last."""
        self._cursor += n
        self._n += n

    def extend(self, rows: np.ndarray) -> None:
        """Add several rows."""
        self.room(len(rows))[...] = rows
        self.keep(len(rows))

    def values(self) -> np.ndarray:
        """Return the rows so far."""
        return np.concatenate([*self._full, self._last[: self._cursor]], out=roomy(self._n, self._dtype))

    def __len__(self) -> int:
        """Return the number of rows so far."""
        return self._n


class StreamRows:
    """Rows in a growing ``.npy`` file. An older file of that name is replaced with the first row.

    Parameters
    ----------
    path : Path
        The file.
    shape : tuple of int
        Shape of a row.
    dtype : dtype
    rows : int
        Rows at most.

    Attributes
    ----------
    held : int
        Rows that memory will hold: about a megabyte.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype, rows: int) -> None:
        self._path, self._shape, self._dtype = path, shape, dtype
        self._row_bytes = dtype.itemsize * math.prod(shape)
        self._block: np.ndarray | None = None
        self._file: io.FileIO | None = None
        self._written = self._waiting = 0
        self.held = max(1, min(rows, BLOCK_BYTES // self._row_bytes))

    def __len__(self) -> int:
        """Return the number of rows so far."""
        return self._written + self._waiting

    def append(self, row: np.ndarray) -> None:
        """Add one row."""
        self.extend(np.asarray(row)[np.newaxis])

    def extend(self, rows: np.ndarray) -> None:
        """Add several rows. An empty file is made also for none."""
        if self._block is None:
            self._open(new=True)
            self._block = np.empty((self.held, *self._shape), self._dtype)
        while len(rows):
            fitting = rows[: self.held - self._waiting]
            _copy(self._block[self._waiting : self._waiting + len(fitting)], fitting)
            self._waiting += len(fitting)
            rows = rows[len(fitting) :]
            if self._waiting == self.held:
                self._flush()

    def values(self) -> np.ndarray:
        """Map the rows so far, read-only."""
        self._flush()
        return np.load(self._path, mmap_mode="r")[: self._written]

    def save(self) -> dict[str, Any]:
        """Make the rows so far durable and return their number, by name."""
        self._flush()
        if self._file is not None:
            os.fsync(self._file.fileno())
        return {"cursor": self._written}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Cut the file at the cursor and go on from there; refuse a file that does not reach it."""
        cursor = saved["cursor"]
        try:
            found = np.load(self._path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise self._lost(f"cannot be read ({error})") from error
        same = found.dtype == self._dtype and found.shape[1:] == self._shape and getattr(found, "offset", 0) == len(self._header())
        if not same or len(found) < cursor:
            raise self._lost(f"holds {found.dtype} {found.shape}, wanted {self._dtype} {(cursor, *self._shape)} or longer")
        del found
        self._written = cursor
        self._block = np.empty((self.held, *self._shape), self._dtype)

    def close(self) -> None:
        """Write out what is waiting and close the file."""
        try:
            self._flush()
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _open(self, new: bool) -> io.FileIO:
        """Open the file; a new one leaves an older one of that name to whoever has mapped it."""
        if new:
            self._path.unlink(missing_ok=True)
        self._file = open(self._path, "xb" if new else "r+b", buffering=0)  # noqa: SIM115 (it stays open during the run)
        self._put(0, self._header())
        self._file.truncate(self._end())
        return self._file

    def _flush(self) -> None:
        """Append what is waiting, then count it in the header."""
        if self._block is None or not self._waiting:
            return
        rows, self._waiting = self._block[: self._waiting], 0
        try:
            if self._file is None:
                self._open(new=False)
            self._put(self._end(), rows.tobytes())
            self._written += len(rows)
            self._put(0, self._header())
        except OSError as error:
            raise with_hint(error, f"{self._path} keeps its first {self._written} rows; free some space, then run again") from None

    def _put(self, position: int, content: bytes) -> None:
        """Write all of the content at a position; the system may take it in pieces."""
        assert self._file is not None
        self._file.seek(position)
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]

    def _header(self) -> bytes:
        """Return the header for the rows written so far; its length does not depend on their number."""
        buffer = io.BytesIO()
        fields = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (self._written, *self._shape)}
        np.lib.format.write_array_header_1_0(buffer, fields)
        return buffer.getvalue()

    def _end(self) -> int:
        """Return the position after the last row that the header counts."""
        return len(self._header()) + self._written * self._row_bytes

    def _lost(self, what: str) -> CheckpointError:
        error = CheckpointError(f"{self._path}, which the checkpoint continues, {what}")
        return with_hint(error, "put the file back, or delete the checkpoint to start afresh")


def _copy(target: np.ndarray, rows: np.ndarray) -> None:
    """Write rows into their place; those with fields as bytes, twelve times as fast as NumPy does it field by field."""
    if rows.dtype.names and rows.dtype == target.dtype and rows.flags.c_contiguous:
        kind = f"V{rows.dtype.itemsize}"
        target, rows = target.view(kind), rows.view(kind)
    target[...] = rows
