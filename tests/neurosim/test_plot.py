"""Figures show the numbers they were given: means, standard errors, theory on top, names and units, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim import plot
from neurosim.plot.style import HEIGHT, MARKERS, WIDTH

pytestmark = pytest.mark.usefixtures("_close_figures")


@pytest.fixture
def sweep(rng: np.random.Generator) -> xr.DataArray:
    """Overlap over 4 loads, 2 sizes, 5 seeds and 3 cues."""
    load = xr.DataArray([0.15, 0.05, 0.10, 0.20], dims="load", attrs={"long_name": "load", "units": "patterns per unit"})
    coords: dict[str, Any] = {"load": load, "n": [500, 1000]}
    data = xr.DataArray(rng.random((4, 2, 5, 3)), dims=("load", "n", "seed", "cue"), coords=coords, name="overlap")
    return data.assign_attrs(long_name="final overlap", units="1")


def errorbars(ax: Any) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Read (x, y, half length) back from every series of points in the Axes."""
    out = []
    for container in ax.containers:
        line, _, bars = container.lines
        segments = np.array(bars[0].get_segments()) if bars else np.zeros((0, 2, 2))
        out.append((line.get_xdata(), line.get_ydata(), (segments[:, 1, 1] - segments[:, 0, 1]) / 2))
    return out


class TestMeanAndError:
    @given(st.lists(st.lists(st.floats(-1, 1), min_size=3, max_size=3), min_size=2, max_size=12))
    def test_cues_of_one_seed_count_as_one_sample(self, table: list[list[float]]) -> None:
        per_seed = np.mean(table, axis=1)
        mean, error = plot.mean_and_error(xr.DataArray(table, dims=("seed", "cue")), ("seed", "cue"))
        assert float(mean) == pytest.approx(per_seed.mean(), abs=1e-12)
        assert float(error) == pytest.approx(per_seed.std(ddof=1) / np.sqrt(len(per_seed)), abs=1e-12)

    def test_repeating_the_cues_leaves_the_error_as_it_is(self, sweep: xr.DataArray) -> None:
        more = xr.concat([sweep] * 10, "cue")
        xr.testing.assert_allclose(plot.mean_and_error(more, ("seed", "cue"))[1], plot.mean_and_error(sweep, ("seed", "cue"))[1])

    def test_missing_points_are_left_out(self) -> None:
        data = xr.DataArray([[1.0, np.nan, 3.0], [np.nan, np.nan, 5.0], [np.nan] * 3], dims=("load", "seed"))
        mean, error = plot.mean_and_error(data, "seed")
        np.testing.assert_array_equal(mean, [2.0, 5.0, np.nan])
        np.testing.assert_allclose(error, [1.0, np.nan, np.nan])

    def test_an_unknown_dimension_is_answered_with_the_nearest(self, sweep: xr.DataArray) -> None:
        with pytest.raises(ValueError, match="no dimension 'sed'") as caught:
            plot.mean_and_error(sweep, "sed")
        assert caught.value.__notes__ == ["did you mean 'seed'?"]


class TestCurve:
    def test_points_are_the_means_and_bars_the_standard_errors_in_order_of_x(self, sweep: xr.DataArray) -> None:
        mean, error = plot.mean_and_error(sweep, ("seed", "cue"))
        ax = plot.curve(sweep, "load", over=("seed", "cue"), hue="n")
        for index, (x, y, half) in enumerate(errorbars(ax)):
            np.testing.assert_array_equal(x, [0.05, 0.10, 0.15, 0.20])
            np.testing.assert_allclose(y, mean.isel(n=index).sortby("load"))
            np.testing.assert_allclose(half, error.isel(n=index).sortby("load"))

    def test_axes_are_named_with_units_and_the_legend_names_each_size_then_the_theory(self, sweep: xr.DataArray) -> None:
        ax = plot.curve(sweep, "load", over=("seed", "cue"), hue="n", theory=lambda load: 1.0, theory_label="exact")
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("load (patterns per unit)", "final overlap")
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["n = 500", "n = 1,000", "exact"]

    def test_the_theory_lies_over_the_data_and_stops_where_there_is_none(self, sweep: xr.DataArray) -> None:
        ax = plot.curve(sweep.isel(n=0), "load", over=("seed", "cue"), theory=lambda load: 1 - load if load < 0.138 else np.nan)
        line = next(line for line in ax.lines if line.get_label() == "theory")
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        assert (x[0], x[-1]) == (0.05, 0.20)
        np.testing.assert_array_equal(np.isnan(y), x >= 0.138)
        np.testing.assert_allclose(y[x < 0.138], 1 - x[x < 0.138])
        assert line.get_zorder() > max(container.lines[0].get_zorder() for container in ax.containers)

    @pytest.mark.parametrize("kind", ["array", "pair"])
    def test_a_theory_may_be_numbers(self, sweep: xr.DataArray, kind: str) -> None:
        at, value = np.array([0.2, 0.1]), np.array([0.5, 0.9])
        theory = xr.DataArray(value, dims="load", coords={"load": at}) if kind == "array" else (at, value)
        ax = plot.curve(sweep.isel(n=0), "load", over=("seed", "cue"), theory=theory)
        line = next(line for line in ax.lines if line.get_label() == "theory")
        assert dict(zip(line.get_xdata(), line.get_ydata(), strict=True)) == {0.1: 0.9, 0.2: 0.5}

    def test_a_theory_for_each_size_is_told_apart_by_dashes(self, sweep: xr.DataArray) -> None:
        theory = plot.mean_and_error(sweep, ("seed", "cue"))[0]
        ax = plot.curve(sweep, "load", over=("seed", "cue"), hue="n", theory=theory)
        black = [line for line in ax.lines if line.get_color() == "#000000"]
        assert len({line.get_linestyle() for line in black}) == 2
        assert [text.get_text() for text in ax.get_legend().get_texts()].count("theory") == 1

    def test_missing_points_are_not_drawn_and_one_sample_has_no_bar(self) -> None:
        data = xr.DataArray([[1.0, 2.0], [np.nan, 3.0], [np.nan, np.nan]], dims=("x", "seed"))
        ((x, y, half),) = errorbars(plot.curve(data, "x", over="seed"))
        np.testing.assert_array_equal(x, [0, 1])
        np.testing.assert_array_equal(y, [1.5, 3.0])
        np.testing.assert_allclose(half, [0.5, 0.0])

    def test_errors_known_otherwise_are_drawn_as_given(self) -> None:
        data = xr.DataArray([1.0, 2.0], dims="x")
        ((_, _, half),) = errorbars(plot.curve(data, "x", error=data / 10))
        np.testing.assert_allclose(half, [0.1, 0.2])

    @pytest.mark.parametrize("sizes", [3, 12])
    def test_no_two_series_look_the_same(self, sizes: int) -> None:
        data = xr.DataArray(np.ones((sizes, 2)), dims=("n", "x"), coords={"n": range(sizes)})
        lines = [container.lines[0] for container in plot.curve(data, "x", hue="n").containers]
        assert len({(mpl.colors.to_hex(line.get_color()), line.get_marker()) for line in lines}) == sizes
        assert len({mpl.colors.to_hex(line.get_color()) for line in lines}) == sizes

    def test_a_dimension_left_over_is_refused_with_a_way_out(self, sweep: xr.DataArray) -> None:
        with pytest.raises(ValueError, match=r"dimensions \['cue'\] that the figure has no place for") as caught:
            plot.curve(sweep, "load", over="seed", hue="n")
        assert "over='cue'" in caught.value.__notes__[0]


class TestPhaseDiagram:
    @pytest.fixture
    def table(self) -> xr.DataArray:
        coords: dict[str, Any] = {"noise": [0.5, 0.0], "load": ("load", [0.1, 0.2, 0.4], {"units": "1"})}
        return xr.DataArray([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]], dims=("noise", "load"), coords=coords, name="overlap")

    def test_each_cell_shows_its_point_and_missing_ones_stay_empty(self, table: xr.DataArray) -> None:
        ax = plot.phase_diagram(table.T, "load", "noise")
        shown = ax.collections[0].get_array().reshape(2, 3)
        np.testing.assert_array_equal(shown.filled(-1), [[4, 5, 6], [1, 2, -1]])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("load", "noise")
        assert ax.figure.axes[1].get_ylabel() == "overlap"

    def test_lines_of_the_theory_lie_on_top_and_do_not_move_the_limits(self, table: xr.DataArray) -> None:
        bare = plot.phase_diagram(table, "load", "noise").axis()
        ax = plot.phase_diagram(table, "load", "noise", lines={"critical": ([0.0, 9.0], [0.0, 9.0]), "glass": ([0.1, 0.4], [0.5, 0.0])})
        assert ax.axis() == bare
        assert [line.get_label() for line in ax.lines] == ["critical", "glass"]
        assert min(line.get_zorder() for line in ax.lines) > ax.collections[0].get_zorder()
        assert len({line.get_linestyle() for line in ax.lines}) == 2

    def test_the_colour_scale_can_be_fixed(self, table: xr.DataArray) -> None:
        assert plot.phase_diagram(table, "load", "noise", limits=(-1.0, 1.0)).collections[0].get_clim() == (-1.0, 1.0)

    def test_a_third_dimension_is_refused(self, table: xr.DataArray) -> None:
        with pytest.raises(ValueError, match=r"\['trial'\]"):
            plot.phase_diagram(table.expand_dims("trial"), "load", "noise")


class TestRuns:
    @pytest.fixture
    def run(self) -> xr.Dataset:
        time = xr.DataArray([0.0, 1.0, 2.0], dims="time", attrs={"units": "sweeps"})
        overlap = [[0.1, 0.5, 0.0], [0.0, 0.9, 0.1], [0.0, 0.95, -0.2]]
        return xr.Dataset({"energy": ("time", [-2.0, -5.0, -6.0]), "overlap": (("time", "pattern"), overlap)}, coords={"time": time})

    def test_energy_against_time(self, run: xr.Dataset) -> None:
        ax = plot.energy(run)
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, -2], [1, -5], [2, -6]])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (sweeps)", "energy")

    def test_replicas_are_thin_lines_and_their_median_a_thick_one(self, run: xr.Dataset) -> None:
        several = xr.Dataset({"energy": run["energy"] + xr.DataArray([0.0, 1.0, 5.0], dims="replica")})
        thick, *thin = plot.energy(several).lines
        np.testing.assert_array_equal(thick.get_ydata(), [-1, -4, -5])
        assert len(thin) == 3
        assert max(line.get_linewidth() for line in thin) < thick.get_linewidth()

    def test_two_runs_on_the_same_axes_differ_in_colour(self, run: xr.Dataset) -> None:
        ax = plot.energy(run, label="first")
        assert plot.energy(run, label="second", ax=ax) is ax
        assert len({line.get_color() for line in ax.lines}) == 2

    def test_the_pattern_that_wins_is_named_and_the_others_are_grey(self, run: xr.Dataset) -> None:
        ax = plot.overlaps(run)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["pattern 1", "2 other patterns"]
        winner = next(line for line in ax.lines if line.get_label() == "pattern 1")
        np.testing.assert_array_equal(winner.get_ydata(), [0.5, 0.9, 0.95])
        others = [path.vertices[:, 1].tolist() for path in ax.collections[0].get_paths()]
        assert others == [[0.1, 0.0, 0.0], [0.0, 0.1, -0.2]]

    def test_nobody_wins_below_one_half(self, run: xr.Dataset) -> None:
        ax = plot.overlaps(run / 2)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["3 other patterns"]

    def test_patterns_can_be_chosen_by_name(self, run: xr.Dataset) -> None:
        named = run.assign_coords(pattern=[10, 20, 30])
        texts = [text.get_text() for text in plot.overlaps(named, highlight=[30, 10]).get_legend().get_texts()]
        assert texts == ["pattern 30", "pattern 10", "1 other pattern"]
        with pytest.raises(ValueError, match=r"got \[7\]"):
            plot.overlaps(named, highlight=7)

    def test_recordings_with_a_time_of_their_own_are_found(self, run: xr.Dataset) -> None:
        renamed = run.rename(time="time_energy")
        assert plot.energy(renamed).get_xlabel() == "time (sweeps)"

    def test_what_is_not_there_is_refused(self, run: xr.Dataset) -> None:
        with pytest.raises(ValueError, match="no recording 'energie'") as caught:
            plot.energy(run, "energie")
        assert caught.value.__notes__ == ["did you mean 'energy'?"]
        with pytest.raises(ValueError, match="must have a time dimension"):
            plot.energy(run.isel(time=0))
        with pytest.raises(ValueError, match="no dimension 'pattern'"):
            plot.overlaps(run, "energy")
        with pytest.raises(ValueError, match="further dimensions") as caught:
            plot.overlaps(run.expand_dims("replica"))
        assert caught.value.__notes__ == ["choose one: run.isel(replica=0)"]


def test_every_figure_function_draws_into_the_axes_it_is_given(sweep: xr.DataArray) -> None:
    fig, axes = plot.figure(2, 2)
    run = xr.Dataset({"energy": ("time", [1.0, 0.0]), "overlap": (("time", "pattern"), np.eye(2))})
    mean = sweep.mean(("seed", "cue"))
    assert plot.curve(mean, "load", hue="n", ax=axes[0, 0]) is axes[0, 0]
    assert plot.phase_diagram(mean, "load", "n", ax=axes[0, 1]) is axes[0, 1]
    assert plot.energy(run, ax=axes[1, 0]) is axes[1, 0]
    assert plot.overlaps(run, ax=axes[1, 1]) is axes[1, 1]
    assert len(fig.axes) == 5


class TestStyle:
    def test_the_settings_of_the_user_come_back(self) -> None:
        before = dict(mpl.rcParams)
        with plot.style(**{"font.size": 20.0}):
            assert mpl.rcParams["font.size"] == 20.0
            assert mpl.rcParams["axes.spines.top"] is False
        plot.figure()
        assert dict(mpl.rcParams) == before

    def test_an_interactive_session_stays_interactive(self) -> None:
        """The first figure of a notebook switches interaction on, inside the block; inline pictures depend on it afterwards."""
        before = mpl.is_interactive()
        try:
            with plot.style():
                mpl.interactive(True)
            assert mpl.is_interactive()
        finally:
            mpl.interactive(before)

    @pytest.mark.parametrize("matrix", [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    ], ids=["normal", "protanope", "deuteranope"])  # fmt: skip
    def test_the_first_five_colours_differ_for_dichromats(self, matrix: list[list[float]]) -> None:
        """Vienot, Brettel & Mollon (1999): a dichromat sees linear RGB through this matrix."""
        seen = np.array([mpl.colors.to_rgb(colour) for colour in plot.COLOURS[:5]]) ** 2.2 @ np.array(matrix).T
        seen = np.clip(seen, 0, 1) ** (1 / 2.2)
        gaps = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(5, 1)]
        assert gaps.min() > 0.12

    def test_each_colour_has_a_marker_of_its_own(self) -> None:
        assert len(set(MARKERS)) == len(set(plot.COLOURS)) == len(MARKERS) == len(plot.COLOURS)

    def test_sizes(self) -> None:
        fig, ax = plot.figure()
        assert tuple(fig.get_size_inches()) == (WIDTH, HEIGHT)
        assert ax.figure is fig
        assert plot.figure(2, 3)[1].shape == (2, 3)
        assert tuple(plot.figure(size=(2.0, 1.0))[0].get_size_inches()) == (2.0, 1.0)
        with pytest.raises(ValueError, match="at least 1, got 0 and 1"):
            plot.figure(0)

    def test_pyplot_keeps_a_figure_only_where_someone_can_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
        plot.figure()
        assert "matplotlib.pyplot" not in sys.modules
        monkeypatch.undo()
        import matplotlib.pyplot as plt

        before = len(plt.get_fignums())
        plot.figure()
        assert len(plt.get_fignums()) == before + 1


class TestSave:
    def test_two_whole_files_that_are_the_same_bytes_every_time(self, tmp_path: Path, sweep: xr.DataArray) -> None:
        written = []
        for name in ("a/first", "b/first"):
            ax = plot.curve(sweep, "load", over=("seed", "cue"), hue="n", theory=lambda load: 1.0)
            written.append(plot.save(ax, tmp_path / name))
        assert [path.name for path in written[0]] == ["first.png", "first.svg"]
        assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]
        assert written[0][0].read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in written[0][1].read_bytes()

    def test_a_name_with_dots_keeps_them(self, tmp_path: Path) -> None:
        assert plot.save(plot.figure()[0], tmp_path / "load_0.10")[0] == tmp_path / "load_0.10.png"

    def test_a_failed_write_leaves_the_old_files_and_nothing_else(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fig, ax = plot.figure()
        plot.save(ax, tmp_path / "old")
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

        def full(file: BinaryIO, **options: Any) -> None:
            file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(fig, "savefig", full)
        with pytest.raises(OSError, match="No space left"):
            plot.save(fig, tmp_path / "old")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


class Shown:
    """Stands for the pictures under a notebook cell: the bytes shown, and those that replaced them."""

    def __init__(self) -> None:
        self.first: list[bytes] = []
        self.later: list[bytes] = []

    def display(self, image: Any, display_id: bool) -> Any:
        assert display_id
        self.first.append(image.data)
        return SimpleNamespace(update=lambda image: self.later.append(image.data))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Let the code believe that it runs in a notebook, and catch what it shows."""
    shown = Shown()
    screen = SimpleNamespace(display=shown.display, Image=lambda data, format: SimpleNamespace(data=data))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=None), display=screen))
    monkeypatch.setitem(sys.modules, "IPython.display", screen)
    return shown


@pytest.fixture
def memory(rng: np.random.Generator) -> ns.hopfield.DenseHopfield:
    return ns.hopfield.DenseHopfield(ns.hopfield.random_patterns(3, 100, rng=rng))


def recall(memory: ns.hopfield.DenseHopfield, recorder: Any, steps: int = 4) -> xr.Dataset:
    cue = ns.hopfield.flip(np.ones(100, np.int8), 0.5, rng=np.random.default_rng(3))
    return ns.simulate(memory, memory.init(cue, seed=1), steps=steps, record={"overlap": recorder})


class TestLive:
    def test_it_records_what_the_recorder_records(self, memory: ns.hopfield.DenseHopfield, notebook: Shown) -> None:
        trace = ns.Trace(memory.overlap, dims=("pattern",))
        watched = plot.live(trace, plot.overlaps)
        xr.testing.assert_equal(recall(memory, watched), recall(memory, trace))
        assert watched.describe() == trace.describe()
        assert notebook.first

    def test_one_picture_is_replaced_at_every_look(self, memory: ns.hopfield.DenseHopfield, notebook: Shown) -> None:
        recall(memory, plot.live(ns.Trace(memory.overlap, dims=("pattern",)), plot.overlaps, interval=0.0), steps=3)
        assert len(notebook.first) == 1
        assert len(notebook.later) >= 3
        assert all(data.startswith(b"\x89PNG") for data in notebook.first + notebook.later)

    def test_a_long_interval_shows_the_first_look_and_the_whole(self, memory: ns.hopfield.DenseHopfield, notebook: Shown) -> None:
        drawn: list[xr.Dataset] = []

        def draw(run: xr.Dataset, name: str, ax: Any, colour: str) -> Any:
            assert (name, colour) == ("overlap", "red")
            drawn.append(run)
            return ax

        trace = ns.Trace(memory.overlap, dims=("pattern",))
        run = recall(memory, plot.live(trace, draw, interval=3600.0, colour="red"), steps=5)
        assert [len(one.time) for one in drawn] == [1, 6]
        np.testing.assert_array_equal(drawn[-1].time, run.time)
        np.testing.assert_array_equal(drawn[-1].overlap, run.overlap)

    def test_times_of_thinned_looks_are_those_of_the_run(self, memory: ns.hopfield.DenseHopfield, notebook: Shown) -> None:
        drawn: list[xr.Dataset] = []
        trace = ns.Trace(memory.overlap, dims=("pattern",), every=2)
        recall(memory, plot.live(trace, lambda run, name, ax: drawn.append(run), dt=0.5), steps=6)
        np.testing.assert_array_equal(drawn[-1].time, [0.0, 1.0, 2.0, 3.0])

    def test_outside_a_notebook_nothing_is_drawn(self, memory: ns.hopfield.DenseHopfield) -> None:
        def draw(run: xr.Dataset, name: str, ax: Any) -> Any:
            raise AssertionError("drawn")

        assert recall(memory, plot.live(ns.Trace(memory.overlap, dims=("pattern",)), draw)).sizes["time"] == 5

    def test_pictures_leave_no_figure_behind(self, memory: ns.hopfield.DenseHopfield, notebook: Shown) -> None:
        import matplotlib.pyplot as plt

        before = plt.get_fignums()
        recall(memory, plot.live(ns.Trace(memory.overlap, dims=("pattern",)), plot.overlaps, interval=0.0))
        assert plt.get_fignums() == before

    @pytest.mark.parametrize(("wrong", "named"), [({"interval": -1.0}, "interval"), ({"dt": 0.0}, "dt"), ({"dt": float("nan")}, "dt")])
    def test_wrong_times_are_refused(self, memory: ns.hopfield.DenseHopfield, wrong: dict[str, float], named: str) -> None:
        with pytest.raises(ValueError, match=named):
            plot.live(ns.Trace(memory.energy), plot.energy, **wrong)
