"""Who drives a store: one row that names the only writer.

A driver claims the store before it computes, keeps the row fresh with a heartbeat, and gives it back at the end. The row says host,
process number, start time of that process, last heartbeat, and a random token. A second driver that finds the row

- of a process on its own host: waits for nobody if that process is gone (or its number now belongs to another process), else stops;
- of another host: takes over if the heartbeat is older than 60 s by its own clock, else stops.

Taking over a driver that is alive after all (a suspended machine, a clock that is wrong) does no harm: every commit first looks
whether the token in the row is still its own, in the same transaction, and the one that lost the store stops.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from neurosim.errors import StoreInUse, with_hint

TABLE = """CREATE TABLE owner (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    token TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL, heartbeat REAL NOT NULL
)"""
BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0
SAME_START_SECONDS = 5.0  # a start time is derived from the machine's clock, which may be set
_LIVE: set[str] = set()  # tokens of the stores that this process drives


class Owner(NamedTuple):
    """The row of a driver."""

    token: str
    host: str
    pid: int
    started: float
    heartbeat: float

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def alive(self) -> bool:
        """Whether that driver may still be writing."""
        if self.host != socket.gethostname():
            return time.time() - self.heartbeat < STALE_SECONDS
        if self.pid == os.getpid():
            return self.token in _LIVE
        return _is_running(self.pid, self.started)


def _is_running(pid: int, started: float) -> bool:
    """Tell whether a process of this host runs and is the one that was started then (one that only awaits its parent is gone)."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - started) < SAME_START_SECONDS
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def current(connection: sqlite3.Connection) -> Owner | None:
    """Return the row in a store, or None."""
    row = connection.execute("SELECT token, host, pid, started, heartbeat FROM owner").fetchone()
    return None if row is None else Owner(*row)


def claim(connection: sqlite3.Connection, where: str) -> str:
    """Make this process the owner, inside a transaction that the caller has opened, and return its token.

    Raises
    ------
    StoreInUse
        If another driver is alive.
    """
    other = current(connection)
    if other is not None and other.alive:
        told = StoreInUse(f"{where} is being filled by {other}, heartbeat {max(time.time() - other.heartbeat, 0):.0f} s ago")
        raise with_hint(told, "wait for it, stop it, or choose another store")
    import psutil

    token = secrets.token_hex(16)
    row = Owner(token, socket.gethostname(), os.getpid(), psutil.Process().create_time(), time.time())
    connection.execute("INSERT OR REPLACE INTO owner VALUES (1, ?, ?, ?, ?, ?)", row)
    _LIVE.add(token)
    return token


def confirm(connection: sqlite3.Connection, token: str, where: str) -> None:
    """Check, inside a transaction, that the store is still ours, and renew the heartbeat.

    Raises
    ------
    StoreInUse
        If another driver has taken over.
    """
    if not _renew(connection, token):
        told = StoreInUse(f"{where} was taken over by {current(connection) or 'another driver'}")
        raise with_hint(told, "this sweep has stopped; what it had finished before is stored")


def release(connection: sqlite3.Connection, token: str) -> None:
    """Give the store back, as far as it can still be written."""
    _LIVE.discard(token)
    with contextlib.suppress(sqlite3.Error):
        connection.execute("DELETE FROM owner WHERE token = ?", (token,))


def _renew(connection: sqlite3.Connection, token: str) -> bool:
    return connection.execute("UPDATE owner SET heartbeat = ? WHERE token = ?", (time.time(), token)).rowcount == 1


class Heartbeat:
    """A thread that renews the row of a driver while its points are being computed.

    Parameters
    ----------
    connect : callable
        Opens a connection of the thread's own.
    token : str
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], token: str) -> None:
        self._connect, self._token = connect, token
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="neurosim-heartbeat", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            # a beat missed because the store is locked or its disk full is made up by the next, or by the next commit
            with contextlib.suppress(sqlite3.Error), contextlib.closing(self._connect()) as connection:
                _renew(connection, self._token)

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()
