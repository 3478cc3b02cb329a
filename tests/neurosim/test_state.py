"""States: what is saved comes back bit for bit, and nothing else is ever taken for it."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field, make_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as some
import numpy as np
import pytest
from hypothesis import given, settings

from neurosim import files
from neurosim.errors import CheckpointError
from neurosim.fingerprints import code_name, fingerprint
from neurosim.state import HEADER, assign, copy, load, load_all, save
from tests.neurosim.toys import Units, Walk, Walker

ROOT = Path(__file__).parents[2]


@dataclass
class Inner:
    a: np.ndarray
    name: str = "inner"


@dataclass
class Outer:
    inner: Inner
    table: dict[str, Any]
    both: tuple[Any, ...]
    many: list[Any]
    nothing: None = None
    tick: int = 0
    gain: float = float("nan")
    on: bool = True
    scalar: np.float32 = field(default_factory=lambda: np.float32(0.1))


def outer() -> Outer:
    rng = np.random.default_rng(3)
    table = {"exc-exc": rng.random((2, 3)), "../inh": np.zeros(0, np.int8), "a.b": np.asfortranarray(rng.random((3, 2))), "deep": {"b": 2}}
    return Outer(Inner(np.array([np.nan, -0.0, np.inf])), table, (1, np.array(2 + 1j), "x"), [np.array([True]), 2**80], tick=2**40)


def twin_names() -> dict[str, Any]:
    return {"a.b": np.zeros(1), "a": {"b": np.ones(1)}}


class TestSaveAndLoad:
    def test_everything_comes_back(self, tmp_path: Path) -> None:
        save(outer(), tmp_path / "s", note="why", cursor=np.arange(3))
        state, extra = load_all(tmp_path / "s", like=Outer)
        assert fingerprint(state) == fingerprint(outer())
        assert type(state.scalar) is np.float32
        assert state.table["a.b"].flags.f_contiguous
        assert extra["note"] == "why"
        assert extra["cursor"].tolist() == [0, 1, 2]

    def test_the_class_is_found_by_name_if_it_is_imported(self, tmp_path: Path) -> None:
        save(outer(), tmp_path / "s")
        assert fingerprint(load(tmp_path / "s")) == fingerprint(outer())

    @given(
        arrays.arrays(some.sampled_from(["f4", "i2", "?", "c16", "u8", ">f8", "M8[s]", "U3"]), arrays.array_shapes(min_dims=0, min_side=0))
    )
    @settings(max_examples=40, deadline=None)
    def test_any_array_comes_back(self, tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
        path = tmp_path_factory.mktemp("any") / "s"
        save(Inner(array), path)
        found = load(path, Inner).a
        assert found.dtype == array.dtype
        assert found.shape == array.shape
        assert found.tobytes() == array.tobytes()

    def test_names_that_look_alike_are_kept_apart(self, tmp_path: Path) -> None:
        save(Outer(Inner(np.zeros(1)), twin_names(), (), []), tmp_path / "s")
        table = load(tmp_path / "s", Outer).table
        assert (table["a.b"][0], table["a"]["b"][0]) == (0.0, 1.0)

    @pytest.mark.parametrize("kind", ["PCG64", "Philox", "MT19937", "SFC64"])
    def test_a_generator_goes_on_where_it_was(self, tmp_path: Path, kind: str) -> None:
        state = Walk().init(1)
        state.rng = np.random.Generator(getattr(np.random, kind)(1))
        state.rng.random(5, dtype=np.float32)
        save(state, tmp_path / "s")
        assert load(tmp_path / "s", Walker).rng.random(4).tolist() == state.rng.random(4).tolist()

    def test_equal_states_give_equal_files(self, tmp_path: Path) -> None:
        save(outer(), tmp_path / "a")
        save(outer(), tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_numpy_opens_the_file_too(self, tmp_path: Path) -> None:
        save(Units(np.arange(3.0)), tmp_path / "s")
        with np.load(tmp_path / "s") as archive:
            assert archive["state.x"].tolist() == [0.0, 1.0, 2.0]

    @pytest.mark.parametrize(
        ("value", "kind"),
        [({1, 2}, "a set"), (np.array([None]), "object"), ({3: 1}, "keys that are not texts"), (np.ma.masked_array([1.0]), "MaskedArray")],
    )
    def test_what_cannot_be_saved_is_named(self, tmp_path: Path, value: Any, kind: str) -> None:
        with pytest.raises(TypeError, match=rf"state\.table\.odd cannot be saved.*{kind}"):
            save(Outer(Inner(np.zeros(1)), {"odd": value}, (), []), tmp_path / "s")
        assert list(tmp_path.iterdir()) == []

    def test_only_dataclasses_are_states(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match="must be a dataclass instance, got dict"):
            save({"x": 1}, tmp_path / "s")


class TestDamagedAndForeign:
    def test_no_damaged_byte_goes_unnoticed(self, tmp_path: Path) -> None:
        """Each byte of a file is flipped in turn: the state is refused, or it is the same state."""
        save(Units(np.arange(3.0), tick=5, seed=9), tmp_path / "s")
        good = (tmp_path / "s").read_bytes()
        wanted = fingerprint(Units(np.arange(3.0), tick=5, seed=9))
        refused: list[str] = []
        for position in range(len(good)):
            (tmp_path / "s").write_bytes(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
            try:
                assert fingerprint(load(tmp_path / "s", Units)) == wanted
            except CheckpointError as error:
                refused.append(str(error))
        assert len(refused) > len(good) // 2
        assert all("is damaged" in message for message in refused)

    @pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
    def test_a_truncated_file_is_refused(self, tmp_path: Path, part: float) -> None:
        save(outer(), tmp_path / "s")
        good = (tmp_path / "s").read_bytes()
        (tmp_path / "s").write_bytes(good[: int(part * len(good))])
        with pytest.raises(CheckpointError, match="damaged or is not a neurosim state"):
            load(tmp_path / "s", Outer)

    def test_other_files_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("hello")
        np.savez(tmp_path / "other.npz", x=np.zeros(2))
        for name in ("text", "other.npz"):
            with pytest.raises(CheckpointError, match="not a neurosim state"):
                load(tmp_path / name)

    def test_a_missing_file_is_simply_missing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "nowhere", Units)

    def test_reading_runs_no_code(self, tmp_path: Path) -> None:
        """An array of objects, which NumPy would read through pickle, is refused."""
        save(Units(np.zeros(1)), tmp_path / "s")
        with zipfile.ZipFile(tmp_path / "s") as archive:
            header = archive.read(HEADER)
        with zipfile.ZipFile(tmp_path / "bad", "w") as archive:
            archive.writestr(HEADER, header)
            with archive.open("state.x.npy", "w") as member:
                np.lib.format.write_array(member, np.array([Inner(np.zeros(1))], dtype=object), allow_pickle=True)
        with pytest.raises(CheckpointError, match="damaged"):
            load(tmp_path / "bad", Units)

    def rewrite(self, path: Path, change: Any) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        header = json.loads(members[HEADER])
        change(header)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {**members, HEADER: json.dumps(header).encode()}.items():
                archive.writestr(name, content)

    def test_another_format_is_named(self, tmp_path: Path) -> None:
        save(Units(np.zeros(1)), tmp_path / "s")
        self.rewrite(tmp_path / "s", lambda header: header.update(format=99))
        with pytest.raises(CheckpointError, match="has format 99, this neurosim .* reads format 1"):
            load(tmp_path / "s", Units)

    def test_another_class_is_refused(self, tmp_path: Path) -> None:
        save(Units(np.zeros(1)), tmp_path / "s")
        with pytest.raises(CheckpointError, match=r"holds a .*toys\.Units, wanted a .*Walker"):
            load(tmp_path / "s", Walker)

    def test_a_class_with_other_fields_is_refused(self, tmp_path: Path) -> None:
        save(make_dataclass("Units", ["x", "tick", "older"])(np.zeros(1), 0, 1), tmp_path / "s")
        with pytest.raises(CheckpointError, match="saved with other fields: older, seed differ"):
            load(tmp_path / "s", Units)

    def test_a_class_that_is_not_imported_is_named(self, tmp_path: Path) -> None:
        gone = make_dataclass("Gone", ["x"])
        gone.__module__ = "no.such.module"
        save(gone(1), tmp_path / "s")
        with pytest.raises(CheckpointError, match=r"no\.such\.module\.Gone, which is not imported") as caught:
            load(tmp_path / "s")
        assert "pass like=" in caught.value.__notes__[0]


class TestAllOrNothing:
    def test_a_full_disk_leaves_the_older_file(self, tmp_path: Path) -> None:
        """The limit on the size of files makes the system refuse the write half way, as a full disk does."""
        save(Units(np.zeros(3)), tmp_path / "s")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        try:
            with pytest.raises(OSError, match="too large") as caught:
                save(Units(np.zeros(10_000)), tmp_path / "s")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert "could not be written" in caught.value.__notes__[0]
        assert load(tmp_path / "s", Units).x.size == 3
        assert os.listdir(tmp_path) == ["s"]

    def test_a_failing_sync_leaves_the_older_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        save(Units(np.zeros(3)), tmp_path / "s")

        def full(handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            save(Units(np.ones(3)), tmp_path / "s")
        assert load(tmp_path / "s", Units).x.sum() == 0
        assert os.listdir(tmp_path) == ["s"]

    def test_file_and_folder_are_synced_around_the_rename(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []
        sync, replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("sync"), sync(handle))[1])
        monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), replace(a, b))[1])
        save(Units(np.zeros(3)), tmp_path / "s")
        assert calls == ["sync", "rename", "sync"]

    def test_a_missing_or_read_only_folder_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            save(Units(np.zeros(3)), tmp_path / "no" / "s")
        assert "existing folder with write permission" in caught.value.__notes__[0]

        def read_only(*_: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(files, "open", read_only, raising=False)
        with pytest.raises(OSError, match="Read-only"):
            save(Units(np.zeros(3)), tmp_path / "s")
        with pytest.raises(OSError, match="Read-only"):
            files.check_writable(tmp_path / "s")

    def test_a_folder_is_not_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError, match="is a folder"):
            files.check_writable(tmp_path)

    def test_a_process_killed_while_saving_leaves_a_whole_file(self, tmp_path: Path) -> None:
        code = (
            "import numpy as np; from neurosim.state import save; from tests.neurosim.toys import Units\n"
            f"for i in range(10**6): save(Units(np.full(50_000, float(i)), tick=i), {str(tmp_path / 's')!r}); print(i, flush=True)"
        )
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            while int(child.stdout.readline()) < 5:
                pass
            child.send_signal(signal.SIGKILL)
        state = load(tmp_path / "s", Units)
        assert state.tick >= 5
        assert (state.x == state.tick).all()


class TestCopyAndAssign:
    def test_a_copy_is_independent(self) -> None:
        state = Walk().init(1)
        other = copy(state)
        Walk().step(other, 5)
        assert fingerprint(state) == fingerprint(Walk().init(1))
        assert fingerprint(other) != fingerprint(state)

    def test_assign_makes_equal_and_keeps_views(self) -> None:
        target, source = outer(), outer()
        source.inner.a[:] = 7.0
        source.table["exc-exc"] = np.zeros(9)
        source.tick = 3
        view, table = target.inner.a, target.table
        assign(target, source)
        assert fingerprint(target) == fingerprint(source)
        assert view.tolist() == [7.0, 7.0, 7.0]
        assert target.table is table
        assert not np.shares_memory(target.table["exc-exc"], source.table["exc-exc"])

    def test_assign_brings_the_generator_along(self) -> None:
        source, target = Walk().init(1), Walk().init(2)
        assign(target, source)
        assert target.rng is not source.rng
        assert target.rng.random() == source.rng.random()

    def test_assign_wants_one_class(self) -> None:
        with pytest.raises(TypeError, match="must be a dataclass of the target's class Units, got Walker"):
            assign(Units(np.zeros(1)), Walk().init(1))  # pyright: ignore


class Lazy:
    def __init__(self, n: int) -> None:
        self.n = n

    @cached_property
    def squares(self) -> np.ndarray:
        return np.arange(self.n) ** 2


def adder(n: int) -> Any:
    return lambda x: x + n


class TestFingerprint:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (np.zeros(2), np.zeros(3)),
            (np.zeros(2), np.zeros(2, np.float32)),
            (np.zeros((2, 3)), np.zeros((3, 2))),
            (0.0, -0.0),
            (1, 1.0),
            (1, True),
            ([1, [2]], [[1], 2]),
            ("ab", ["a", "b"]),
            ({"a": 1}, {"a": 2}),
            (Inner(np.zeros(1)), Inner(np.ones(1))),
            (adder(1), adder(2)),
            (adder(1), lambda x: x * 1),
            (Lazy(2), Lazy(3)),
            (None, "None"),
            (np.array(["2014-07-01"], "M8[D]"), np.array(["2014-07-02"], "M8[D]")),
            (np.datetime64("2014-07-01"), np.datetime64("2014-07-02")),
        ],
    )
    def test_different_things_differ(self, one: Any, other: Any) -> None:
        assert fingerprint(one) != fingerprint(other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (1, np.int64(1)),
            (0.5, np.float64(0.5)),
            ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
            ({1, 2, 3}, {3, 2, 1}),
            (np.zeros((4, 4))[::2, ::2], np.zeros((2, 2))),
            (float("nan"), float("nan")),
            (adder(1), adder(1)),
            (outer(), outer()),
            (np.datetime64("2014-07-01"), np.datetime64("2014-07-01")),
        ],
    )
    def test_equal_things_agree(self, one: Any, other: Any) -> None:
        assert fingerprint(one) == fingerprint(other)

    def test_a_cached_property_does_not_count(self) -> None:
        used = Lazy(4)
        assert used.squares[2] == 4
        assert fingerprint(used) == fingerprint(Lazy(4))

    def test_a_circle_has_an_end(self) -> None:
        circle: list[Any] = [1]
        circle.append(circle)
        assert len(fingerprint(circle)) == 32

    def test_what_has_no_contents_is_named(self) -> None:
        with pytest.raises(TypeError, match=r"dict\.str 'lock' has no fingerprint: it is a object"):
            fingerprint({"lock": object()})

    @pytest.mark.parametrize("hash_seed", ["1", "2"])
    def test_it_does_not_depend_on_the_process(self, hash_seed: str) -> None:
        code = (
            "from neurosim.fingerprints import fingerprint; from tests.neurosim.test_state import Lazy, adder, outer\n"
            "print(fingerprint([outer(), adder(1), {'b', 'a'}, Lazy(3), lambda x: x in {'p', 'q', 'r'}]))"
        )
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
        environment["PYTHONHASHSEED"] = "3"
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
        assert out == other

    def test_code_names_tell_functions_apart(self) -> None:
        assert code_name(adder(1)) == code_name(adder(2))
        assert code_name(adder(1)) != code_name(lambda x: x - 1)
        assert code_name(Walk().step) == code_name(Walk.step)
