"""Rasters: every spike can be seen, however many there are; rates and intervals are those of the spikes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import hypothesis.strategies as some
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from matplotlib.colors import to_rgb

from neurosim import plot
from neurosim.plot.raster import MOST_MARKS, density, rate
from neurosim.plot.style import COLOURS, FAINT
from neurosim.spiketrains import SpikeTrains, intervals, variation

pytestmark = pytest.mark.usefixtures("_close_figures")


def spiking(time: Any, unit: Any, n_units: int, stop: float, name: str = "exc", **attrs: Any) -> xr.Dataset:
    """Return a run of these spikes."""
    when = {"long_name": "time", "units": "ms", "start": 0.0, "stop": stop}
    who = {"long_name": "unit", "n_units": n_units, **attrs}
    coords = {f"{name}_time": (f"{name}_spike", np.asarray(time, float), when)}
    return xr.Dataset({f"{name}_unit": (f"{name}_spike", np.asarray(unit, np.uint32), who)}, coords=coords)


def poisson(rng: np.random.Generator, spikes: int, n_units: int, stop: float = 1000.0, name: str = "exc") -> xr.Dataset:
    return spiking(np.sort(rng.uniform(0, stop, spikes)), rng.integers(0, n_units, spikes), n_units, stop, name)


def image_of(ax: Any) -> Any:
    return next(artist for artist in ax.artists if type(artist).__name__ == "Density")


def pixels(figure: Any, dpi: float = 100) -> np.ndarray:
    """Return the picture, lowest row first."""
    from matplotlib.image import imread

    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=dpi)
        file.seek(0)
        return imread(file)[::-1, :, :3]


class TestMarks:
    def test_few_spikes_are_marks(self) -> None:
        run = spiking([1.0, 2.5, 7.0], [3, 0, 1], 4, 10.0)
        ax = plot.raster(run, "exc")
        (line,) = ax.lines
        assert (line.get_xdata() == [1.0, 2.5, 7.0]).all()
        assert (line.get_ydata() == [3, 0, 1]).all()
        assert ax.get_xlim() == (0.0, 10.0)
        assert ax.get_ylim() == (-0.5, 3.5)

    def test_there_are_marks_up_to_the_limit(self, rng: np.random.Generator) -> None:
        assert not plot.raster(poisson(rng, MOST_MARKS, 10), "exc").artists
        assert plot.raster(poisson(rng, MOST_MARKS + 1, 10), "exc").artists

    def test_the_axes_say_what_they_are(self, rng: np.random.Generator) -> None:
        ax = plot.raster(poisson(rng, 100, 10), "exc")
        below = ax.figure.axes[1]
        assert (ax.get_ylabel(), ax.get_xlabel()) == ("unit", "")
        assert (below.get_ylabel(), below.get_xlabel()) == ("rate (Hz)", "time (ms)")
        assert plot.raster(poisson(rng, 100, 10), "exc", bin=None).get_xlabel() == "time (ms)"

    def test_no_spikes_give_empty_axes(self) -> None:
        for stop in (0.0, 10.0):
            ax = plot.raster(spiking([], [], 5, stop), "exc")
            assert ax.get_ylim() == (-0.5, 4.5)
            ax.figure.canvas.draw()

    def test_chosen_units_stand_next_to_each_other_and_keep_their_numbers(self) -> None:
        run = spiking([1.0, 2.0, 3.0], [70, 3, 70], 1000, 10.0, recorded=np.array([3, 50, 70]))
        ax = plot.raster(run, "exc")
        assert ax.lines[0].get_ydata().tolist() == [2, 0, 2]
        assert ax.get_ylim() == (-0.5, 2.5)
        assert [ax.yaxis.get_major_formatter()(row) for row in (0, 1, 2, 0.5, 3)] == ["3", "50", "70", "", ""]

    def test_spikes_without_further_words_can_be_drawn(self) -> None:
        run = xr.Dataset({"exc_unit": ("exc_spike", [2, 0])}, coords={"exc_time": ("exc_spike", [1.0, 4.0])})
        ax = plot.raster(run, "exc")
        assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 4.0), (-0.5, 2.5))


class TestDensity:
    @given(
        n=some.integers(0, 200),
        height=some.integers(1, 30),
        width=some.integers(1, 30),
        units=some.integers(1, 60),
        seed=some.integers(0, 99),
    )
    @settings(max_examples=100)
    def test_every_spike_has_a_pixel(self, n: int, height: int, width: int, units: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        time, row = rng.uniform(0, 9, n), rng.integers(0, units, n)
        image = density(time, row, (0.0, 9.0), (-0.5, units - 0.5), (height, width))
        assert image.shape == (height, width)
        across = np.floor(time * width / 9).astype(int)
        if height <= units:
            assert (image.sum(axis=0) == np.bincount(across, minlength=width)).all()
        for t, r in zip(across, row, strict=True):
            lowest, highest = int(np.floor(r * height / units)), int(np.ceil((r + 1) * height / units))
            assert image[lowest:highest, t].any()

    def test_rows_of_many_pixels_are_filled_up_to_a_gap(self) -> None:
        image = density(np.array([0.5]), np.array([1]), (0.0, 1.0), (-0.5, 2.5), (15, 1))
        assert image[:, 0].tolist() == [0] * 6 + [1] * 4 + [0] * 5

    def test_what_is_outside_the_window_does_not_count(self) -> None:
        time, row = np.array([-1.0, 0.0, 5.0, 10.0, 11.0]), np.array([2, 2, 2, 2, 9])
        assert density(time, row, (0.0, 10.0), (-0.5, 4.5), (5, 10)).sum() == 3  # both edges belong to it
        assert density(np.array([5.0]), np.array([9]), (0.0, 10.0), (-0.5, 4.5), (5, 10)).sum() == 0

    def test_many_spikes_can_be_seen_one_by_one(self, rng: np.random.Generator) -> None:
        """Of 25,000 spikes, most crowded into a corner, each has its colour in the picture."""
        crowd, lonely = rng.uniform(0, 100, 24_000), rng.uniform(100, 1000, 1000)
        time = np.concatenate([crowd, lonely])
        unit = np.concatenate([rng.integers(200, 250, crowd.size), rng.integers(250, 2000, lonely.size)])
        order = np.argsort(time)
        ax = plot.raster(spiking(time[order], unit[order], 2000, 1000.0), "exc")
        picture = pixels(ax.figure)
        ax.figure.set_dpi(100)
        x, y = ax.transData.transform(np.column_stack([time, unit])).T
        inside = (x > ax.bbox.x0 + 2) & (x < ax.bbox.x1 - 2) & (y > ax.bbox.y0 + 2) & (y < ax.bbox.y1 - 2)
        across, up = x[inside].astype(int), y[inside].astype(int)
        patches = [picture[up + i, across + j].min(axis=-1) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert inside.sum() > 0.9 * time.size
        assert (np.min(patches, axis=0) < 0.75).all()

    def test_more_spikes_are_darker(self) -> None:
        time = np.concatenate([np.full(30_000, 150.0), np.full(10, 50.0)])
        ax = plot.raster(spiking(np.sort(time), np.zeros(time.size), 1, 200.0), "exc")
        few, none, many = image_of(ax).image((1, 4))[0, 1:4, 3]
        assert 0 == none < few < many == 255

    def test_a_turned_axis_turns_the_image(self, rng: np.random.Generator) -> None:
        ax = plot.raster(poisson(rng, 30_000, 10), "exc")
        image = image_of(ax).image((30, 40))
        ax.invert_yaxis()
        assert (image_of(ax).image((30, 40)) == image[::-1]).all()
        ax.invert_xaxis()
        assert (image_of(ax).image((30, 40)) == image[::-1, ::-1]).all()

    def test_groups_have_their_colours(self, rng: np.random.Generator) -> None:
        ax = plot.raster(poisson(rng, 50_000, 30), "exc", groups={"low": range(10), "high": slice(20, None)})
        image = image_of(ax).image((3, 1))[:, 0, :3] / 255
        np.testing.assert_allclose(image, [to_rgb(COLOURS[0]), to_rgb(FAINT), to_rgb(COLOURS[1])], atol=0.003)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["others", "low", "high"]

    def test_zooming_in_counts_anew(self, rng: np.random.Generator) -> None:
        run = poisson(rng, 30_000, 10)
        ax = plot.raster(run, "exc")
        ax.set_xlim(100.0, 101.0)
        ax.set_ylim(-0.5, 0.5)
        wanted = ((run.exc_unit == 0) & (run.exc_time >= 100.0) & (run.exc_time < 101.0)).sum()
        assert (image_of(ax).image((1, 10**5))[0, :, 3] > 0).sum() == wanted

    @pytest.mark.parametrize(("ending", "spikes"), [("svg", 10**6), ("pdf", 10**5), ("png", 10**5)])
    def test_a_million_spikes_are_an_image_in_every_format(
        self, tmp_path: Path, rng: np.random.Generator, ending: str, spikes: int
    ) -> None:
        ax = plot.raster(poisson(rng, spikes, 5000), "exc")
        ax.figure.savefig(tmp_path / f"raster.{ending}")
        assert 10_000 < (tmp_path / f"raster.{ending}").stat().st_size < 2_000_000

    def test_hidden_it_leaves_nothing(self, rng: np.random.Generator) -> None:
        ax = plot.raster(poisson(rng, 30_000, 10), "exc")
        image_of(ax).set_visible(False)
        picture = pixels(ax.figure)
        box = ax.bbox.frozen()
        inner = picture[int(box.y0) + 20 : int(box.y1) - 20, int(box.x0) + 20 : int(box.x1) - 20]
        assert (inner == 1.0).all()


class TestRate:
    def test_it_is_the_number_of_spikes_per_unit_and_second(self, rng: np.random.Generator) -> None:
        """The mean over the bins, weighted with their widths, is spikes / (units x duration)."""
        time = rng.uniform(0, 101.0, 400)
        values, edges = rate(time, 8, 0.0, 101.0, 10.0)
        assert len(values) == 11
        assert np.average(values, weights=np.diff(edges)) == pytest.approx(1000 * 400 / (8 * 101.0))
        counts, _ = np.histogram(time, edges)
        np.testing.assert_allclose(values, 1000 * counts / (8 * np.diff(edges)))

    @pytest.mark.parametrize("dt", [0.1, 0.2, 0.3])
    def test_ticks_fall_into_the_bins_they_begin(self, dt: float) -> None:
        """Ticks of 0.1 ms are no round binary numbers: 3 x 0.1 / 0.3 is below 1."""
        values, _ = rate(dt * np.arange(3000), 1, 0.0, 3000 * dt, 30 * dt)
        np.testing.assert_allclose(values, 1000 / dt)

    def test_each_population_has_its_line(self, rng: np.random.Generator) -> None:
        run = xr.merge([poisson(rng, 400, 80), poisson(rng, 300, 20, name="inh")])
        ax = plot.raster(run, ["exc", "inh"], bin=1000.0)
        heights = [patch.get_data().values[0] for patch in ax.figure.axes[1].patches]
        assert heights == pytest.approx([400 / 80, 300 / 20])
        assert [text.get_text() for text in ax.get_yticklabels()] == ["exc\n80", "inh\n20"]
        assert ax.get_ylim() == (-0.5, 99.5)

    def test_it_shares_the_time_axis(self, rng: np.random.Generator) -> None:
        ax = plot.raster(poisson(rng, 400, 80), "exc")
        ax.set_xlim(100, 200)
        assert ax.figure.axes[1].get_xlim() == (100, 200)


class TestAxes:
    @pytest.mark.parametrize("bin", [None, 5.0])
    def test_given_axes_are_used(self, rng: np.random.Generator, bin: float | None) -> None:
        fig, axes = plot.figure(1, 2)
        ax = plot.raster(poisson(rng, 100, 10), "exc", bin=bin, ax=axes[1])
        assert ax is axes[1]
        fig.canvas.draw()
        assert len(fig.axes) == (2 if bin is None else 3)
        assert axes[0].bbox.x1 < ax.bbox.x0
        if bin is not None:
            assert fig.axes[2].bbox.y1 < ax.bbox.y0
            assert fig.axes[2].bbox.width == pytest.approx(ax.bbox.width)

    def test_axes_outside_a_grid_are_split_too(self, rng: np.random.Generator) -> None:
        fig, _ = plot.figure()
        own = fig.add_axes((0.5, 0.5, 0.4, 0.4))
        plot.raster(poisson(rng, 100, 10), "exc", ax=own)
        upper, lower = own.get_position(), fig.axes[2].get_position()
        assert (lower.y0, upper.y1) == pytest.approx((0.5, 0.9))
        assert lower.y1 < upper.y0


class TestIntervals:
    def test_those_of_a_poisson_process(self, rng: np.random.Generator) -> None:
        """Over 400 units of some 500 intervals, the mean CV scatters by 0.7 / sqrt(2e5)... below 0.005 around 1."""
        time = np.cumsum(rng.exponential(20.0, (400, 500)), axis=1)
        trains = SpikeTrains(time.ravel(), np.repeat(np.arange(400), 500), 400, 0.0, time.max() + 1.0)
        assert intervals(trains)[0].size == 400 * 499
        assert variation(trains).mean() == pytest.approx(1.0, abs=0.01)

    @given(some.lists(some.tuples(some.integers(0, 99), some.integers(0, 4)), unique=True))
    def test_those_of_a_loop(self, spikes: list[tuple[int, int]]) -> None:
        spikes = sorted(spikes)
        last: dict[int, int] = {}
        wanted = []
        for time, unit in spikes:
            if unit in last:
                wanted.append((unit, time - last[unit]))
            last[unit] = time
        time, unit = np.array([time for time, _ in spikes], float), np.array([unit for _, unit in spikes], int)
        gaps, owner = intervals(SpikeTrains(time, unit, 1 + unit.max(initial=0), time.min(initial=0.0), time.max(initial=0.0) + 1.0))
        assert sorted(zip(owner.tolist(), gaps.tolist(), strict=True)) == sorted(wanted)

    def test_the_density_is_normed(self, rng: np.random.Generator) -> None:
        ax = plot.isi(poisson(rng, 20_000, 50), "exc")
        values, edges, _ = ax.patches[0].get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(0.995, abs=0.001)
        assert ax.get_xlabel() == "interspike interval (ms)"
        assert ax.get_ylabel() == "probability density (1/ms)"

    def test_several_differ_in_colour(self, rng: np.random.Generator) -> None:
        run = xr.merge([poisson(rng, 4000, 8), poisson(rng, 3000, 2, name="inh")])
        ax = plot.isi(run, "inh", ax=plot.isi(run, "exc"))
        assert [patch.get_facecolor()[:3] for patch in ax.patches[::2]] == [to_rgb(colour) for colour in COLOURS[:2]]
        assert len(ax.get_legend().get_texts()) == 2

    def test_too_few_intervals_give_no_cv(self) -> None:
        ax = plot.isi(spiking([1, 2, 4], [0, 0, 0], 1, 10.0), "exc")
        assert ax.get_legend().get_texts()[0].get_text() == "exc: too few intervals for a CV"


class TestBadInput:
    @pytest.fixture
    def run(self, rng: np.random.Generator) -> xr.Dataset:
        return poisson(rng, 100, 10).assign(energy=("time", [0.0]))

    @pytest.mark.parametrize(
        ("name", "kwargs", "message"),
        [
            ("ex", {}, "no recording of spikes 'ex'"),
            ("energy", {}, "no recording of spikes 'energy'"),
            ([], {}, "got none"),
            (["exc", "exc"], {"groups": {"a": [1]}}, "groups are of the units of one recording, got 2 recordings"),
            ("exc", {"bin": 0.0}, "bin must be a positive number of ms or None, got 0.0"),
            ("exc", {"bin": float("nan")}, "bin must be a positive number"),
            ("exc", {"groups": {"a": [3, 10]}}, r"groups: 'a' must be numbers of recorded units, up to 9, got \[10\]"),
            ("exc", {"groups": {"a": [0.5]}}, "groups: 'a' must be numbers of recorded units"),
            ("exc", {"groups": {"a": [1, 2], "b": [2, 3]}}, "unit 2 belongs to 'a' and to 'b'"),
        ],
    )
    def test_it_is_named(self, run: xr.Dataset, name: Any, kwargs: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            plot.raster(run, name, **kwargs)

    def test_a_wrong_name_gets_a_hint(self, run: xr.Dataset) -> None:
        with pytest.raises(ValueError, match="'ex'") as caught:
            plot.isi(run, "ex")
        assert caught.value.__notes__ == ["did you mean 'exc'?"]

    def test_intervals_need_two_spikes_of_a_unit(self) -> None:
        with pytest.raises(ValueError, match="no unit fired twice"):
            plot.isi(spiking([1, 2], [0, 1], 2, 10.0), "exc")

    @pytest.mark.parametrize("bins", [0, 2.5, True])
    def test_bins_are_a_number(self, run: xr.Dataset, bins: Any) -> None:
        with pytest.raises(ValueError, match="bins must be a number of bins, at least 1"):
            plot.isi(run, "exc", bins=bins)
