"""A store keeps what was finished, belongs to one driver, and says in one line what is wrong with a file."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from neurosim._store import owner, sqlite
from neurosim.errors import StaleStore, StoreError, StoreInUse
from neurosim.store import Failed, Finished, Store

LAYOUT = '{"variables": [], "coords": []}'


def finished(number: int, payload: bytes = b"data") -> Finished:
    return Finished(b"key%d" % number, f'{{"n": {number}}}', 0.5, LAYOUT, payload)


def failed(number: int) -> Failed:
    return Failed(b"key%d" % number, f'{{"n": {number}}}', 0.5, "ValueError: no", "Traceback ...")


def filled(path: Path, n: int = 3) -> Path:
    with Store(path) as store:
        store.bind("module:function", "code")
        store.put([finished(number) for number in range(n)])
    return path


def raw(path: Path, order: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(order, values)
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points.sqlite"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for locks."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)


@pytest.fixture
def guarded() -> Iterator[tuple[Path, Callable[[], None]]]:
    """Give a folder, and a function that makes it read-only, also for root."""
    folder, me = Path(tempfile.mkdtemp()), os.geteuid()

    def lock() -> None:
        for file in (*folder.iterdir(), folder):
            file.chmod(0o555)
        if me == 0:
            os.seteuid(65534)

    yield folder, lock
    os.seteuid(me)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_points_survive_closing(path: Path) -> None:
    filled(path)
    with Store(path) as store:
        assert len(store) == 3
        assert store.done([b"key0", b"key2", b"key9"]) == {b"key0", b"key2"}
        assert list(store.get([b"key1"])) == [(b"key1", LAYOUT, b"data")]


def test_memory_is_the_default_and_forgets() -> None:
    with Store() as store:
        store.put([finished(1)])
        assert len(store) == 1
    with Store() as store:
        assert len(store) == 0


def test_many_keys_are_asked_in_pieces(path: Path) -> None:
    filled(path, 2300)
    with Store.read_only(path) as store:
        assert len(store.done(b"key%d" % number for number in range(3000))) == 2300


def test_a_finished_point_is_never_replaced_and_never_counted_twice(path: Path) -> None:
    filled(path)
    with Store(path) as store:
        store.put([finished(1, b"other"), finished(1, b"third"), failed(2)])
        assert len(store) == 3
        assert [payload for _, _, payload in store.get([b"key1", b"key2"])] == [b"data", b"data"]


def test_a_failure_keeps_its_traceback_until_the_point_succeeds() -> None:
    with Store() as store:
        store.put([failed(1), failed(2)])
        assert store.failures([b"key1", b"key3"]) == {b"key1": failed(1)}
        assert store.done([b"key1"]) == set()
        store.put([finished(1)])
        assert store.failures([b"key1", b"key2"]) == {b"key2": failed(2)}


def test_a_bundle_enters_as_a_whole_or_not_at_all(path: Path) -> None:
    with Store(path) as store:
        store.put([finished(1)])
        broken = finished(3)._replace(seconds=object())  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="failed"):
            store.put([finished(2), broken])
        store.put([finished(4)])
        assert store.done([b"key1", b"key2", b"key3", b"key4"]) == {b"key1", b"key4"}


def test_runs_and_points_can_be_read_with_any_sqlite(path: Path) -> None:
    with Store(path) as store:
        store.log({"seed": 7})
        store.put([finished(1), failed(2)])
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT info, host, pid FROM runs").fetchall() == [('{"seed": 7}', socket.gethostname(), os.getpid())]
    assert connection.execute("SELECT arguments, seconds, run FROM points").fetchall() == [('{"n": 1}', 0.5, 1)]
    assert connection.execute("SELECT error, traceback, run FROM failures").fetchall() == [("ValueError: no", "Traceback ...", 1)]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


class TestFunctionAndCode:
    def test_another_function_is_refused(self, path: Path) -> None:
        with Store(filled(path)) as store, pytest.raises(StoreError, match=r"holds points of module:function, not of module:other"):
            store.bind("module:other", "code")

    def test_edited_code_is_refused_and_the_points_stay(self, path: Path) -> None:
        with Store(filled(path)) as store:
            with pytest.raises(StaleStore, match="3 points computed before the code of module:function was edited") as caught:
                store.bind("module:function", "edited")
            assert "--reuse" in caught.value.__notes__[0]
            assert "--fresh" in caught.value.__notes__[0]
            assert (len(store), store.code) == (3, "code")

    def test_reuse_keeps_the_points_and_is_asked_once(self, path: Path) -> None:
        with Store(filled(path)) as store:
            store.bind("module:function", "edited", "reuse")
        with Store(path) as store:
            store.bind("module:function", "edited")
            assert len(store) == 3

    def test_fresh_moves_the_points_aside(self, path: Path) -> None:
        for number in (1, 2):
            with Store(filled(path)) as store:
                store.bind("module:function", f"edited {number}", "fresh")
                assert len(store) == 0
                with Store.read_only(path) as looked:
                    assert looked.code == f"edited {number}"
        for name in ("points.sqlite.old", "points.sqlite.old2"):
            with Store.read_only(path.with_name(name)) as old:
                assert len(old) == 3

    def test_a_store_without_points_takes_any_code(self, path: Path) -> None:
        with Store(filled(path, 0)) as store:
            store.bind("module:function", "edited")
            assert store.code == "edited"


class TestFiles:
    def test_folders_are_made(self, tmp_path: Path) -> None:
        assert filled(tmp_path / "a" / "b" / "points.sqlite").is_file()

    def test_an_empty_file_is_a_new_store(self, path: Path) -> None:
        path.touch()
        with Store.read_only(path) as store:
            assert (len(store), store.function) == (0, None)
        assert len(Store.read_only(filled(path))) == 3

    def test_a_file_of_something_else_is_refused_unharmed(self, path: Path) -> None:
        path.write_bytes(b"my thesis " * 1000)
        for opened in (Store, Store.read_only):
            with pytest.raises(StoreError, match="is not a store: its content is something else"):
                opened(path)
        assert path.read_bytes() == b"my thesis " * 1000

    def test_a_database_of_another_program_is_refused_unharmed(self, path: Path) -> None:
        raw(path, "CREATE TABLE mine (value)")
        before = path.read_bytes()
        for opened in (Store, Store.read_only):
            with pytest.raises(StoreError, match="is a database of another program"):
                opened(path)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("kept", [50, 3000, 9000])
    def test_a_truncated_file_is_told(self, path: Path, kept: int) -> None:
        content = filled(path, 300).read_bytes()
        path.write_bytes(content[:kept])
        for opened in (Store, Store.read_only):
            with pytest.raises(StoreError, match=r"is damaged or was cut short|is not a store") as caught:
                opened(path)
            assert len(str(caught.value).splitlines()) == 1

    def test_changed_data_are_noticed(self, path: Path) -> None:
        raw(filled(path), "UPDATE points SET payload = ? WHERE key = ?", b"dama", b"key1")
        with Store(path) as store, pytest.raises(StoreError, match=r'is damaged: the data of point \{"n": 1\}'):
            list(store.get([b"key0", b"key1"]))

    def test_another_format_is_refused(self, path: Path) -> None:
        raw(filled(path), "PRAGMA user_version = 99")
        with pytest.raises(StoreError, match="has store format 99; this version of neurosim reads format 1"):
            Store(path)

    def test_a_folder_is_not_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="is a folder, a store is a file"):
            Store(tmp_path)

    def test_a_missing_store_cannot_be_looked_at(self, path: Path) -> None:
        with pytest.raises(StoreError, match="there is no store at"):
            Store.read_only(path)
        assert not path.exists()

    @pytest.mark.usefixtures("hasty")
    def test_a_locked_store_is_told(self, path: Path) -> None:
        other = sqlite3.connect(filled(path), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="is locked by another program"):
            Store(path)
        other.execute("ROLLBACK")
        other.close()
        assert len(Store.read_only(path)) == 3

    @pytest.mark.usefixtures("hasty")
    def test_points_that_a_lock_kept_out_can_be_put_later(self, path: Path) -> None:
        with Store(path) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="is locked by another program"):
                store.put([finished(1)])
            other.execute("ROLLBACK")
            other.close()
            store.put([finished(1)])
            assert len(store) == 1

    def test_a_read_only_folder_is_told(self, guarded: tuple[Path, Callable[[], None]]) -> None:
        folder, lock = guarded
        lock()
        with pytest.raises(StoreError, match=r"new.sqlite cannot be opened: the folder is read-only"):
            Store(folder / "new.sqlite")
        with pytest.raises(StoreError, match=r"x.sqlite cannot be made: Permission denied"):
            Store(folder / "sub" / "x.sqlite")

    def test_a_store_in_a_read_only_folder_can_be_looked_at(self, guarded: tuple[Path, Callable[[], None]]) -> None:
        folder, lock = guarded
        path = filled(folder / "points.sqlite")
        lock()
        with Store.read_only(path) as store:
            assert len(store) == 3
        with pytest.raises(StoreError, match="read-only"):
            Store(path)

    def test_a_full_disk_loses_nothing_that_was_finished(self, path: Path) -> None:
        with Store(path) as store:
            store.put([finished(1, bytes(5000))])
            pages = store._db.execute("PRAGMA page_count").fetchone()[0]
            store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
            with pytest.raises(StoreError, match="the disk is full") as caught:
                store.put([finished(2, bytes(500)), finished(3, bytes(100_000))])
            assert "everything finished before is stored" in caught.value.__notes__[0]
            store._db.execute("PRAGMA max_page_count = 100000")
            assert store.done([b"key1", b"key2", b"key3"]) == {b"key1"}
            store.put([finished(2), finished(3)])
        with Store.read_only(path) as store:
            assert len(store) == 3

    def test_half_a_commit_is_rolled_back_when_somebody_looks(self, tmp_path: Path) -> None:
        source, path = filled(tmp_path / "source.sqlite"), tmp_path / "killed.sqlite"
        writer = sqlite3.connect(source, isolation_level=None)
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE points SET payload = zeroblob(200000)")
        for ending in ("", "-journal"):  # the files as a kill at this moment would leave them
            shutil.copy(f"{source}{ending}", f"{path}{ending}")
        writer.execute("ROLLBACK")
        writer.close()
        with Store.read_only(path) as store:
            assert [payload for _, _, payload in store.get([b"key0", b"key1", b"key2"])] == [b"data"] * 3

    def test_looking_does_not_hinder_writing(self, path: Path) -> None:
        with Store(path) as store, Store.read_only(path) as looked:
            for number in range(5):
                store.put([finished(number)])
                assert len(looked) == number + 1

    def test_looking_cannot_write(self, path: Path) -> None:
        with Store.read_only(filled(path)) as looked, pytest.raises(StoreError, match="read-only"):
            looked.put([finished(9)])


class TestOwner:
    def test_a_second_driver_is_told_who_writes(self, path: Path) -> None:
        with Store(path) as store:
            with pytest.raises(StoreInUse, match=rf"is being filled by process {os.getpid()} on {socket.gethostname()}"):
                Store(path)
            store.put([finished(1)])
        with Store(path) as store:
            assert len(store) == 1

    def enter(self, path: Path, *, host: str = "", pid: int = 0, started: float = 0.0, heartbeat: float = 0.0) -> None:
        filled(path)
        row = (host or socket.gethostname(), pid or os.getpid(), started or psutil.Process().create_time(), heartbeat or time.time())
        raw(path, "INSERT INTO owner VALUES (1, 'token', ?, ?, ?, ?)", *row)

    def test_a_driver_that_died_on_this_host_is_taken_over_at_once(self, path: Path) -> None:
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        self.enter(path, pid=child.pid)
        with Store(path) as store:
            assert len(store) == 3

    def test_a_process_that_got_the_number_of_a_dead_driver_is_not_mistaken_for_it(self, path: Path) -> None:
        self.enter(path, pid=os.getppid(), started=psutil.Process(os.getppid()).create_time() - 1000.0)
        with Store(path) as store:
            assert len(store) == 3

    def test_a_living_process_of_this_host_keeps_its_store_however_old_its_heartbeat(self, path: Path) -> None:
        parent = psutil.Process(os.getppid())
        self.enter(path, pid=parent.pid, started=parent.create_time(), heartbeat=time.time() - 1e5)
        with pytest.raises(StoreInUse, match=f"process {parent.pid}"):
            Store(path)

    def test_what_this_process_left_behind_does_not_lock_it_out(self, path: Path) -> None:
        self.enter(path)
        with Store(path) as store:
            assert len(store) == 3

    def test_another_host_is_believed_for_a_minute(self, path: Path) -> None:
        self.enter(path, host="elsewhere", heartbeat=time.time() - 50)
        with pytest.raises(StoreInUse, match=r"process \d+ on elsewhere, heartbeat 5\d s ago"):
            Store(path)
        raw(path, "UPDATE owner SET heartbeat = ?", time.time() - 61)
        with Store(path) as store:
            assert len(store) == 3

    def test_a_driver_that_lost_its_store_writes_nothing(self, path: Path) -> None:
        with Store(path) as store:
            store.put([finished(1)])
            raw(path, "UPDATE owner SET token = 'other', host = 'elsewhere', pid = 12")
            with pytest.raises(StoreInUse, match="was taken over by process 12 on elsewhere"):
                store.put([finished(2)])
            assert len(store) == 1
        with Store.read_only(path) as store:
            other = owner.current(store._db)
        assert other is not None
        assert other.host == "elsewhere"

    def test_the_heartbeat_goes_on_while_a_point_is_computed(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, "BEAT_SECONDS", 0.01)
        with Store(path) as store:
            before = owner.current(store._db)
            assert before is not None
            for _ in range(1000):
                now = owner.current(store._db)
                if now is not None and now.heartbeat > before.heartbeat:
                    break
                store._heart._thread.join(0.02)  # type: ignore[union-attr]
            else:
                pytest.fail("no heartbeat")

    def test_closing_gives_the_store_back(self, path: Path) -> None:
        store = Store(path)
        store.close()
        store.close()
        with Store.read_only(path) as looked:
            assert owner.current(looked._db) is None

    def test_a_store_is_an_ordinary_file(self, path: Path) -> None:
        assert stat.S_ISREG(filled(path).stat().st_mode)
        assert [file.name for file in path.parent.iterdir()] == [path.name]
