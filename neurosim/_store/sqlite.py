"""SQLite as a store uses it: how a file is opened, and what its errors mean to a person."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from neurosim.errors import StoreError, with_hint

BUSY_SECONDS = 30.0  # how long to wait for another program's lock

RESCUE = "move it away and start anew, or rescue what can be read with: sqlite3 FILE .recover"
_SPACE = "make room and call again: everything finished before is stored"
_EXPLANATIONS = {
    sqlite3.SQLITE_BUSY: ("is locked by another program", "close the program that has it open for writing, and call again"),
    sqlite3.SQLITE_FULL: ("could not be written: the disk is full", _SPACE),
    sqlite3.SQLITE_IOERR: ("could not be read or written: the disk failed or is full, or a quota was reached", _SPACE),
    sqlite3.SQLITE_NOTADB: ("is not a store: its content is something else", "choose another path, or move that file away"),
    sqlite3.SQLITE_CORRUPT: ("is damaged or was cut short", RESCUE),
    sqlite3.SQLITE_READONLY: ("cannot be written: the file or its folder is read-only", "change its permissions, or choose another path"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened: the folder is read-only, or the file not accessible", "choose another path"),
}


def _explain(error: sqlite3.Error, path: Path | None) -> tuple[str, str]:
    """Say what an error of SQLite means, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN and path is not None and path.is_dir():
        return "is a folder, a store is a file", "give the name of a file in it"
    text, hint = _EXPLANATIONS.get(code, (f"failed: {error}", RESCUE))
    return f"{text} ({getattr(error, 'sqlite_errorname', type(error).__name__)})", hint


@contextlib.contextmanager
def explained(name: str, path: Path | None) -> Iterator[None]:
    """Turn an error of SQLite into one line and advice.

    Parameters
    ----------
    name : str
        What the file is called in the message.
    path : Path or None

    Raises
    ------
    StoreError

    Examples
    --------
    >>> try:
    ...     with explained("points.sqlite", None):
    ...         raise sqlite3.DatabaseError("no luck")
    ... except StoreError as error:
    ...     str(error), error.__notes__
    ('points.sqlite failed: no luck (DatabaseError)',
     ['move it away and start anew, or rescue what can be read with: sqlite3 FILE .recover'])
    """
    try:
        yield
    except sqlite3.Error as error:
        text, hint = _explain(error, path)
        raise with_hint(StoreError(f"{name} {text}"), hint) from error


def connect(path: Path | None, mode: str, wait: float | None = None) -> sqlite3.Connection:
    """Open a file, or memory if the path is None, and leave transactions to the caller.

    Parameters
    ----------
    path : Path or None
    mode : {"rwc", "rw", "ro"}
        As in SQLite's file addresses; the last refuses to write.
    wait : float, optional
        Seconds to wait for another program's lock.

    Examples
    --------
    >>> connect(None, "rwc").execute("SELECT 1").fetchone()
    (1,)
    """
    where = ":memory:" if path is None else f"{path.as_uri()}?mode={mode}"
    wait = BUSY_SECONDS if wait is None else wait
    connection = sqlite3.connect(where, timeout=wait, isolation_level=None, uri=path is not None, check_same_thread=False)
    if mode == "ro":
        connection.execute("PRAGMA query_only = 1")
    return connection
