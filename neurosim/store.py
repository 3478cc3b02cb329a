"""Where the finished points of a sweep live: one SQLite file, or memory.

The file is ordinary SQLite with a rollback journal (a write-ahead log fails on shared file systems), so any tool can look into it:

=========  ====================================================================================================================
table      one row is
=========  ====================================================================================================================
points     a finished point: key, its grid arguments as JSON, layout, payload, checksum, seconds it took, run that computed it
layouts    names, dims, types and shapes of the arrays in a payload, as JSON; most points share one
failures   a point that raised, or killed its worker: arguments, error, traceback; it is removed when the point succeeds
runs       a sweep that wrote here: when, host, process, versions, seed, commit, hash of the code
owner      the one driver that may write now
meta       function and code that the points belong to
=========  ====================================================================================================================

Points enter in bundles, one transaction each: after a crash, a kill or a full disk a bundle is there as a whole or not at all.
Results are typed bytes, never pickles. A point that is already there is never replaced.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import socket
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

from neurosim._store import owner
from neurosim._store.sqlite import RESCUE, connect, explained
from neurosim.errors import StaleStore, StoreError, with_hint

FORMAT = 1
APPLICATION = 0x6E737764  # stands in the header of the file
_CHUNK = 500

_SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    owner.TABLE,
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, started TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, info TEXT NOT NULL)",
    "CREATE TABLE layouts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    """CREATE TABLE points (
        key BLOB PRIMARY KEY, arguments TEXT NOT NULL, layout INTEGER NOT NULL REFERENCES layouts,
        payload BLOB NOT NULL, checksum INTEGER NOT NULL, seconds REAL NOT NULL, run INTEGER REFERENCES runs)""",
    """CREATE TABLE failures (
        key BLOB PRIMARY KEY, arguments TEXT NOT NULL, error TEXT NOT NULL, traceback TEXT NOT NULL,
        seconds REAL NOT NULL, run INTEGER REFERENCES runs)""",
)

OnChange = Literal["ask", "reuse", "fresh"]


class Finished(NamedTuple):
    """A point with its result."""

    key: bytes
    arguments: str
    seconds: float
    layout: str
    payload: bytes


class Failed(NamedTuple):
    """A point that gave no result."""

    key: bytes
    arguments: str
    seconds: float
    error: str
    traceback: str


class Store:
    """The finished points of one function; opening it for writing makes this process its only driver.

    Parameters
    ----------
    path : path or str, optional
        The file; it is made, with its folders, if it is not there. In memory if None.

    Raises
    ------
    StoreInUse
        If another driver is writing; the message names it.
    StoreError
        If the file is damaged, locked, not a store, of another format, or cannot be written.

    Examples
    --------
    >>> with Store() as store:
    ...     store.put([Finished(b"k", "{}", 0.1, '{"variables": [], "coords": []}', b"")])
    ...     len(store), store.done([b"k", b"other"])
    (1, {b'k'})
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = None if path is None else Path(path).expanduser().absolute()
        self._token: str | None = None
        self._heart: owner.Heartbeat | None = None
        self._run: int | None = None
        self._open("rwc")

    @classmethod
    def read_only(cls, path: Path | str) -> Self:
        """Open a store to look at it, also while another process is writing.

        Raises
        ------
        StoreError
            If there is no store, or it cannot be read.
        """
        self = cls.__new__(cls)
        self.path = Path(path).expanduser().absolute()
        self._token = self._heart = self._run = None
        if not self.path.is_file():
            raise with_hint(StoreError(f"there is no store at {self.path}"), "check the path, or run the sweep first")
        self._open("ro")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give up the store; closing twice does nothing."""
        if self._heart is not None:
            self._heart.stop()
        if self._token is not None:
            owner.release(self._db, self._token)
        self._heart = self._token = None
        self._db.close()

    def __len__(self) -> int:
        """Return the number of finished points, of whatever grid."""
        with self._explained():
            return self._db.execute("SELECT count(*) FROM points").fetchone()[0]

    @property
    def function(self) -> str | None:
        """Name of the function whose points these are; None in a new store."""
        return self._meta("function")

    @property
    def code(self) -> str | None:
        """Hash of the code that computed the points; None in a new store."""
        return self._meta("code")

    def bind(self, function: str, code: str, on_change: OnChange = "ask") -> None:
        """Declare which function's points will be put here, or check that it is the one that was declared.

        Parameters
        ----------
        function : str
            Name of the function.
        code : str
            Hash of its source and of what it uses.
        on_change : {"ask", "reuse", "fresh"}
            What to do if the store holds points of other code: stop ("ask"), or keep them and go on ("reuse"). "fresh" moves the
            points that are there aside, whatever computed them (to a name ending in ``.old``), and begins anew.

        Raises
        ------
        StoreError
            If the store belongs to another function.
        StaleStore
            If the code changed and `on_change` is "ask".
        """
        self.check(function, code, on_change)
        if on_change == "fresh" and len(self):
            self._move_aside()
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [("function", function), ("code", code)])

    def check(self, function: str, code: str, on_change: OnChange = "ask") -> bool:
        """Return whether the points here were computed by other code; raise as :meth:`bind` does."""
        if self.function not in (None, function):
            told = StoreError(f"{self._name} holds points of {self.function}, not of {function}")
            raise with_hint(told, "choose another store for this function, or move that file away")
        stale = self.code not in (None, code) and len(self) > 0
        if stale and on_change == "ask":
            told = StaleStore(f"{self._name} holds {len(self)} points computed before the code of {function} was edited")
            raise with_hint(told, 'keep them with --reuse (on_change="reuse"), or set them aside with --fresh (on_change="fresh")')
        return stale

    def log(self, info: Mapping[str, object]) -> None:
        """Write down a run; the points that follow refer to it.

        Parameters
        ----------
        info : mapping
            Whatever tells where the points come from; must be JSON.
        """
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        row = (now, socket.gethostname(), os.getpid(), json.dumps(info))
        with self._transaction():
            self._run = self._db.execute("INSERT INTO runs (started, host, pid, info) VALUES (?, ?, ?, ?)", row).lastrowid

    def put(self, points: Sequence[Finished | Failed]) -> None:
        """Store a bundle of points in one transaction.

        A finished point takes the place of an earlier failure; what is already finished stays as it is.

        Raises
        ------
        StoreInUse
            If another driver has taken over; nothing is written.
        StoreError
            If the disk is full, the file locked or gone bad; nothing of this bundle is written, everything before stays.
        """
        finished = [point for point in points if isinstance(point, Finished)]
        failed = [(*point, self._run) for point in points if isinstance(point, Failed)]
        with self._transaction():
            known = self._known_layouts({point.layout for point in finished})
            rows = [
                (point.key, point.arguments, known[point.layout], point.payload, zlib.crc32(point.payload), point.seconds, self._run)
                for point in finished
            ]
            self._db.executemany("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany("DELETE FROM failures WHERE key = ?", [(point.key,) for point in finished])
            order = "INSERT OR REPLACE INTO failures (key, arguments, seconds, error, traceback, run) VALUES (?, ?, ?, ?, ?, ?)"
            self._db.executemany(order, failed)

    def done(self, keys: Iterable[bytes]) -> set[bytes]:
        """Return those of the keys whose points are finished."""
        return {row[0] for row in self._select("SELECT key FROM points WHERE key IN", keys)}

    def layouts(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        """Return the layouts of the finished points among the keys."""
        return dict(self._select("SELECT key, text FROM points JOIN layouts ON layout = id WHERE key IN", keys))

    def get(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, str, bytes]]:
        """Yield key, layout and payload of the finished points among the keys.

        Raises
        ------
        StoreError
            If the data of a point do not match their checksum.
        """
        order = "SELECT key, text, payload, checksum, arguments FROM points JOIN layouts ON layout = id WHERE key IN"
        for key, layout, payload, checksum, arguments in self._select(order, keys):
            if zlib.crc32(payload) != checksum:
                raise with_hint(StoreError(f"{self._name} is damaged: the data of point {arguments} have changed"), RESCUE)
            yield key, layout, payload

    def failures(self, keys: Iterable[bytes]) -> dict[bytes, Failed]:
        """Return the failed points among the keys."""
        order = "SELECT key, arguments, seconds, error, traceback FROM failures WHERE key IN"
        return {row[0]: Failed(*row) for row in self._select(order, keys)}

    @property
    def _name(self) -> str:
        return "the store in memory" if self.path is None else str(self.path)

    def _meta(self, name: str) -> str | None:
        with self._explained():
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _select(self, order: str, keys: Iterable[bytes]) -> Iterator[tuple]:
        """Yield rows chunk by chunk, so that a reader never holds the lock of a writer for long."""
        wanted = list(keys)
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            with self._explained():
                rows = self._db.execute(f"{order} ({','.join('?' * len(chunk))})", chunk).fetchall()
            yield from rows

    def _known_layouts(self, texts: set[str]) -> dict[str, int]:
        """Return the number of each layout; new ones are written."""
        known = {}
        for text in texts:
            self._db.execute("INSERT OR IGNORE INTO layouts (text) VALUES (?)", (text,))
            known[text] = self._db.execute("SELECT id FROM layouts WHERE text = ?", (text,)).fetchone()[0]
        return known

    def _open(self, mode: str) -> None:
        """Connect, check whose file it is, and for writing claim it."""
        if mode == "rwc" and self.path is not None:
            _make_folder(self.path)
        with self._explained():
            self._db = connect(self.path, mode)
        try:
            if mode == "ro":
                self._recover()
            empty = self._check_format()
            if mode == "rwc":
                self._claim()
            elif empty:
                self._db.close()
                self._db = connect(None, "rwc")
                self._make_tables()
        except BaseException:
            self.close()
            raise

    def _recover(self) -> None:
        """Roll back what a killed driver left half-written; a read-only connection cannot."""
        with contextlib.suppress(sqlite3.Error):  # what else is wrong is told by the next look
            self._db.execute("PRAGMA user_version").fetchone()
            return
        with self._explained(), contextlib.closing(connect(self.path, "rw")) as writer:
            writer.execute("PRAGMA user_version").fetchone()

    def _check_format(self) -> bool:
        """Refuse files of other programs and other formats; return whether the file is new or empty."""
        with self._explained():
            self._db.execute("BEGIN")  # one view, also while another driver makes the tables
            application, version, tables = (
                self._db.execute(order).fetchone()[0]
                for order in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
            )
            self._db.execute("COMMIT")
        if tables and application != APPLICATION:
            raise with_hint(StoreError(f"{self._name} is a database of another program, not a store"), "choose another path")
        if tables and version != FORMAT:
            told = StoreError(f"{self._name} has store format {version}; this version of neurosim reads format {FORMAT}")
            raise with_hint(told, "use the version of neurosim that wrote it, or choose another path")
        return not tables

    def _claim(self) -> None:
        """Make the tables of a new store, and enter this process as the owner."""
        token = None
        with self._transaction():
            if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._make_tables()
            if self.path is not None:
                token = owner.claim(self._db, self._name)
        if token is not None:
            self._token = token
            self._heart = owner.Heartbeat(lambda: connect(self.path, "rw", 1.0), token)

    def _make_tables(self) -> None:
        for order in (*_SCHEMA, f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {FORMAT}"):
            self._db.execute(order)

    def _move_aside(self) -> None:
        """Rename the file to the first free name ending in .old, and begin a new one."""
        if self.path is None:
            return
        self.close()
        aside = next(path for path in _old_names(self.path) if not path.exists())
        try:
            os.replace(self.path, aside)
        except OSError as error:
            raise StoreError(f"{self._name} cannot be moved to {aside.name}: {error.strerror}") from error
        self._open("rwc")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write as a whole or not at all, and only while the store is ours."""
        with self._explained():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                if self._token is not None:
                    owner.confirm(self._db, self._token, self._name)
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        self._db.execute("ROLLBACK")
                raise

    def _explained(self) -> contextlib.AbstractContextManager[None]:
        return explained(self._name, self.path)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        told = StoreError(f"{path} cannot be made: {error.strerror}: {error.filename}")
        raise with_hint(told, "choose a folder that can be written") from error


def _old_names(path: Path) -> Iterator[Path]:
    yield path.with_name(path.name + ".old")
    number = 2
    while True:
        yield path.with_name(f"{path.name}.old{number}")
        number += 1
