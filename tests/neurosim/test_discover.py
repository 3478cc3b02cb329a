"""Files are read without being run, one broken file hides nothing, and what is loaded lies below the current folder."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.discover import create, find, load, load_experiment, load_function, parse_target
from neurosim.errors import UsageError

EXPERIMENT = """
import neurosim as ns

def run(load):
    return {"double": 2 * load}

EXPERIMENT = ns.Experiment(run, {"load": [0.1]}, figure=lambda data: None)
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file below the test's folder."""

    def file(name: str, text: str = EXPERIMENT) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return file


@pytest.fixture(autouse=True)
def _same_modules(tmp_path: Path) -> Iterator[None]:
    """Leave path and modules as they were; what was imported from elsewhere than the test's folder stays, or it would be there twice."""
    path, modules = sys.path, dict(sys.modules)  # noqa: TID251
    before = list(path)
    yield
    path[:] = before
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if name not in modules and any(Path(place).is_relative_to(tmp_path) for place in places if place):
            del sys.modules[name]
    sys.modules.update(modules)


def refused(call: Callable[[], object]) -> str:
    """Return message and advice of a refusal, as one text."""
    with pytest.raises(UsageError) as caught:
        call()
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_title_and_source_are_read_from_the_docstring_and_nothing_is_run(tmp_path: Path, write: Write) -> None:
    write(
        "experiments/coin.py",
        '"""Is it fair?\n\nMore.\n\nSource: a bet,\n    of two lines.\n\nEnd."""\nraise SystemExit(3)\nEXPERIMENT = 1\n',
    )
    found = find(tmp_path)
    assert [(one.name, one.title, one.source, one.problem) for one in found] == [
        ("experiments.coin", "Is it fair?", "a bet, of two lines.", ""),
    ]


@pytest.mark.parametrize(
    ("text", "title", "source"),
    [
        ("EXPERIMENT = 1", "(no title: the file has no docstring)", ""),
        ('"""Source: alone."""\nEXPERIMENT: object = 1', "(no title: the file has no docstring)", "alone."),
        ('"""Title."""\nOTHER = EXPERIMENT = 1', "Title.", ""),
    ],
)
def test_a_docstring_may_lack_its_parts(tmp_path: Path, write: Write, text: str, title: str, source: str) -> None:
    write("experiments/a.py", text)
    assert [(one.title, one.source) for one in find(tmp_path)] == [(title, source)]


def test_only_files_that_assign_an_experiment_are_listed_in_order_of_their_names(tmp_path: Path, write: Write) -> None:
    for name in ("experiments/b.py", "experiments/deep/c.py", "experiments/pack/__init__.py", "a.py"):
        write(name)
    write("experiments/__init__.py", "")
    write("experiments/helper.py", "def EXPERIMENT(): pass")
    write("other.py", "from a import EXPERIMENT\nprint(EXPERIMENT)")
    write("annotated.py", "EXPERIMENT: int")
    write("experiments/.hidden.py")
    write("experiments/__pycache__/d.py")
    write("unrelated/e.py")
    assert [one.name for one in find(tmp_path)] == ["a", "experiments.b", "experiments.deep.c", "experiments.pack"]


def test_a_broken_file_takes_one_line_and_hides_nothing(tmp_path: Path, write: Write) -> None:
    write("experiments/good.py")
    write("experiments/syntax.py", "x = 1\ndef (")
    write("experiments/not-a-name.py")
    (tmp_path / "experiments" / "bytes.py").write_bytes(b"x = '\xff\xfe'\n")
    (tmp_path / "experiments" / "null.py").write_bytes(b"x = 1\0")
    (tmp_path / "experiments" / "link.py").symlink_to(tmp_path / "nowhere.py")
    write("broken_elsewhere.py", "def (")
    write("broken_experiment.py", "EXPERIMENT = (")
    problems = {one.name: one.problem for one in find(tmp_path)}
    assert set(problems) == {
        "broken_experiment",
        *(f"experiments.{name}" for name in ("good", "syntax", "not-a-name", "bytes", "null", "link")),
    }
    assert problems.pop("experiments.good") == ""
    assert problems["experiments.syntax"].startswith("cannot be read: line 2: ")
    assert "No such file" in problems["experiments.link"]
    assert all(problem and "\n" not in problem for problem in problems.values())


@given(st.text(max_size=200))
def test_no_text_in_a_file_stops_the_listing(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any") / "experiments"
    folder.mkdir()
    (folder / "any.py").write_text(f"{text}\nEXPERIMENT = 1", encoding="utf-8", errors="surrogatepass")
    (folder / "good.py").write_text("EXPERIMENT = 1", encoding="utf-8")
    assert "experiments.good" in [one.name for one in find(folder.parent)]


def test_a_name_is_a_module_or_a_module_and_an_attribute(tmp_path: Path, write: Write) -> None:
    assert parse_target("experiments.a", tmp_path) == ("experiments.a", "EXPERIMENT")
    assert parse_target("a.b:c.d", tmp_path) == ("a.b", "c.d")
    assert parse_target("a.b:c", tmp_path).name == "a.b.c"
    assert parse_target("a.b:EXPERIMENT", tmp_path).name == "a.b"


def test_the_folder_experiments_may_be_left_out_unless_another_file_has_the_name(tmp_path: Path, write: Write) -> None:
    write("experiments/coin.py")
    assert parse_target("coin", tmp_path).module == "experiments.coin"
    write("coin.py")
    assert parse_target("coin", tmp_path).module == "coin"


@pytest.mark.parametrize("text", ["", ":", "a:", ":b", "a..b", "a b", "a:b:c", "-x", "1a", "a.class", "experiments/a"])
def test_what_is_no_name_is_refused(tmp_path: Path, text: str) -> None:
    assert "is not a name such as" in refused(lambda: parse_target(text, tmp_path))


def test_a_path_is_answered_with_its_name(tmp_path: Path) -> None:
    assert "did you mean 'experiments.coin'?" in refused(lambda: parse_target("experiments/coin.py", tmp_path))


def test_an_experiment_is_loaded_with_its_name_and_file(tmp_path: Path, write: Write) -> None:
    path = write("experiments/coin.py")
    experiment, name, file = load_experiment("experiments.coin", tmp_path)
    assert (name, file) == ("experiments.coin", path)
    assert experiment.run(load=0.5) == {"double": 1.0}


def test_the_folder_is_put_first_on_the_path_once(tmp_path: Path, write: Write) -> None:
    write("experiments/coin.py")
    for _ in range(3):
        load("experiments.coin", tmp_path)
    path = sys.path  # noqa: TID251
    assert path[0] == str(tmp_path)
    assert path.count(str(tmp_path)) == 1


def test_files_import_their_neighbours(tmp_path: Path, write: Write) -> None:
    write("models/net.py", "SIZE = 7")
    write("experiments/uses.py", "from models.net import SIZE")
    assert load("experiments.uses:SIZE", tmp_path).value == 7


def test_the_same_name_in_another_folder_is_another_module(tmp_path: Path, write: Write) -> None:
    write("one/experiments/coin.py", "SIDE = 'heads'")
    write("two/experiments/coin.py", "SIDE = 'tails'")
    sides = [load("experiments.coin:SIDE", tmp_path / place).value for place in ("one", "two", "one")]
    assert sides == ["heads", "tails", "heads"]


def test_a_package_installed_elsewhere_does_not_hide_a_folder_of_the_project(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("experiments", "models"):
        write(f"installed/{name}/__init__.py", "")
        monkeypatch.delitem(sys.modules, name, raising=False)
    write("installed/models/net.py", "SIZE = 0")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    write("here/models/net.py", "SIZE = 7")
    write("here/experiments/uses.py", "from models.net import SIZE")
    assert load("experiments.uses:SIZE", tmp_path / "here").value == 7


def test_an_unknown_name_is_answered_with_the_nearest_of_those_found(tmp_path: Path, write: Write) -> None:
    write("experiments/hopfield_capacity.py")
    write("experiments/kuramoto.py")
    for text in ("experiments.hopfield_capacty", "hopfield_capcity", "hopfield.capacity"):
        assert "did you mean 'experiments.hopfield_capacity'?" in refused(lambda text=text: load(text, tmp_path))
    assert "known names: experiments.hopfield_capacity, experiments.kuramoto" in refused(lambda: load("zzz", tmp_path))


def test_an_unknown_name_in_an_empty_folder_is_told_how_to_begin(tmp_path: Path) -> None:
    assert "neurosim new my_question" in refused(lambda: load("coin", tmp_path))


def test_an_installed_module_is_not_taken_for_one_of_the_folder(tmp_path: Path) -> None:
    assert "no experiment or module 'json.tool'" in refused(lambda: load("json.tool", tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n\ny = x / 0\n", "experiments.bad failed on import, experiments/bad.py line 3: ZeroDivisionError: division by zero"),
        ("x = (\n", "experiments.bad failed on import, experiments/bad.py line 1: SyntaxError: '(' was never closed"),
        ("import helper_that_is_not_there\n", "line 1: ModuleNotFoundError: No module named 'helper_that_is_not_there'"),
        ("from math import cosinus\n", "line 1: ImportError: cannot import name 'cosinus'"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("def f():\n    raise KeyError('k')\nf()\n", "line 2: KeyError: 'k'"),
    ],
)
def test_a_module_that_fails_inside_is_told_apart_from_one_not_found(tmp_path: Path, write: Write, text: str, said: str) -> None:
    write("experiments/bad.py", text)
    told = refused(lambda: load("experiments.bad", tmp_path))
    assert said in told.splitlines()[0]
    assert "no experiment or module" not in told


def test_the_line_named_is_that_of_the_own_file_that_failed_last(tmp_path: Path, write: Write) -> None:
    write("models/net.py", "import json\n\njson.loads('{')\n")
    write("experiments/uses.py", "import models.net\n")
    assert "failed on import, models/net.py line 3: JSONDecodeError" in refused(lambda: load("experiments.uses", tmp_path))


def test_advice_given_inside_reaches_the_user(tmp_path: Path, write: Write) -> None:
    write("experiments/wrong.py", EXPERIMENT.replace('"load": [0.1]', '"laod": [0.1]'))
    assert "did you mean 'load'?" in refused(lambda: load("experiments.wrong", tmp_path))


def test_a_module_hidden_by_another_package_is_refused_with_a_remedy(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = write("site-packages/experiments/coin.py", "EXPERIMENT = 1")
    other = types.ModuleType("experiments.coin")
    other.__file__ = str(elsewhere)
    folder = types.ModuleType("experiments")
    folder.__path__ = [str(elsewhere.parent)]
    for name in [name for name in sys.modules if name.startswith("experiments")]:  # those of other tests
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "experiments", folder)
    monkeypatch.setitem(sys.modules, "experiments.coin", other)
    write("here/experiments/coin.py")
    told = refused(lambda: load("experiments.coin", tmp_path / "here"))
    assert f"was found in {elsewhere}, not in the current folder" in told
    assert "experiments/__init__.py" in told


@pytest.mark.parametrize("name", ["time", "json"])
def test_a_file_that_shares_its_name_with_python_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    write(f"{name}.py")
    told = refused(lambda: load(name, tmp_path))
    assert "not in the current folder" in told
    assert "another name, helps" in told


def test_an_unknown_attribute_is_answered_with_the_nearest(tmp_path: Path, write: Write) -> None:
    write("coin.py", "EXPERIMENTS = 1\n")
    told = refused(lambda: load("coin", tmp_path))
    assert "coin has no EXPERIMENT" in told
    assert "did you mean 'EXPERIMENTS'?" in told


@pytest.mark.parametrize(
    ("text", "said"), [("EXPERIMENT = {}", "a dict"), ("EXPERIMENT = 3", "an int"), ("def EXPERIMENT(): ...", "a function")]
)
def test_an_experiment_of_another_type_is_refused(tmp_path: Path, write: Write, text: str, said: str) -> None:
    write("coin.py", text)
    assert f"coin:EXPERIMENT is {said}, wanted a neurosim.Experiment" in refused(lambda: load_experiment("coin", tmp_path))


def test_a_function_is_named_with_its_module(tmp_path: Path, write: Write) -> None:
    write("coin.py", "SIDES = 2\ndef flip(load): return {}\n")
    function, name, _ = load_function("coin:flip", tmp_path)
    assert (function.__name__, name) == ("flip", "coin.flip")
    assert "coin:SIDES is an int, wanted a function" in refused(lambda: load_function("coin:SIDES", tmp_path))
    assert "wanted MODULE:FUNCTION, got 'coin'" in refused(lambda: load_function("coin", tmp_path))


def test_a_new_experiment_can_be_listed_and_loaded(tmp_path: Path) -> None:
    name, path = create("my_question", tmp_path)
    assert (name, path) == ("experiments.my_question", tmp_path / "experiments" / "my_question.py")
    assert [(one.name, one.problem) for one in find(tmp_path)] == [(name, "")]
    assert load_experiment("my_question", tmp_path)[0].claims


def test_a_new_experiment_has_thirty_lines_of_code() -> None:
    text = Path(sys.modules["neurosim.discover"].__file__ or "").with_name("template.py").read_text(encoding="utf-8")
    body = text.split('"""', 2)[2].splitlines()
    assert sum(bool(line.strip()) for line in body) <= 30


def test_a_new_experiment_never_replaces_a_file(tmp_path: Path, write: Write) -> None:
    path = write("experiments/coin.py", "precious")
    assert "experiments/coin.py exists already" in refused(lambda: create("coin", tmp_path))
    assert path.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("my question?", "my_question"),
        ("my-question.py", "my_question"),
        ("2d", "question_2d"),
        ("class", "question_class"),
        ("", "my_question"),
    ],
)
def test_a_new_experiment_needs_a_name_that_can_be_imported(tmp_path: Path, text: str, meant: str) -> None:
    assert f"did you mean {meant!r}?" in refused(lambda: create(text, tmp_path))
    assert list(tmp_path.iterdir()) == []
