"""Animations: frames are what was drawn, the GIF holds them, in the same bytes every time, whole or not at all."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from neurosim import plot
from neurosim.plot import Animation, animate, animation

SIZE = (1.6, 1.2)

pytestmark = pytest.mark.usefixtures("_close_figures")


@pytest.fixture
def run() -> xr.Dataset:
    """Two replicas of six units over three looks."""
    spins = np.ones((3, 2, 6), np.int8)
    spins[0, :, ::2] = -1
    spins[1, 0, 0] = -1
    variables = {"spins": (("time", "replica", "unit"), spins), "energy": ("time", [-1.0, -4.0, -5.0])}
    return xr.Dataset(variables, coords={"time": ("time", [0.0, 1.0, 2.0], {"units": "sweeps"})})


def moving(frames: int = 3, **options: Any) -> Animation:
    def draw(ax: Any, k: int) -> None:
        ax.plot([0, 1], [k, 1])
        ax.set(xlim=(0, 1), ylim=(0, 5), xlabel="x", ylabel="y")

    return Animation(draw, frames, size=SIZE, **options)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


class TestAnimation:
    def test_a_gif_holds_each_frame_for_its_time_and_repeats(self) -> None:
        picture = opened(moving(4, fps=10, hold=2.0).gif())
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
        durations = []
        for k in range(4):
            picture.seek(k)
            durations.append(picture.info["duration"])
        assert durations == [100, 100, 100, 2000]

    def test_the_frames_of_the_gif_are_the_pixels_drawn_up_to_the_palette(self) -> None:
        made = moving(3)
        picture = opened(made.gif())
        for k in range(3):
            picture.seek(k)
            shown = np.asarray(picture.convert("RGB"), int)
            assert shown.shape == (120, 160, 3)
            assert np.abs(shown - made.pixels(k)).max() < 40
            assert np.abs(shown - made.pixels(k)).mean() < 1

    def test_black_and_white_come_out_exactly(self, run: xr.Dataset) -> None:
        made = animation.images(run, shape=(2, 3))
        picture = opened(made.gif())
        picture.seek(2)
        drawn = made.pixels(2)
        exact = (drawn == 0).all(axis=2) | (drawn == 255).all(axis=2)
        assert exact.mean() > 0.5
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB"))[exact], drawn[exact])

    def test_what_stands_still_does_not_flicker(self) -> None:
        made = moving(3)
        drawn = np.stack([made.pixels(k) for k in range(3)])
        still = (drawn == drawn[0]).all(axis=(0, 3))
        picture = opened(made.gif())
        shown = []
        for k in range(3):
            picture.seek(k)
            shown.append(np.asarray(picture.convert("RGB")))
        assert still.mean() > 0.8
        assert all(np.array_equal(frame[still], shown[0][still]) for frame in shown)

    def test_the_same_bytes_every_time(self, tmp_path: Path) -> None:
        first, second = (moving().save(tmp_path / name) for name in ("a/first.gif", "b/second.gif"))
        assert first.read_bytes() == second.read_bytes() == moving().gif()

    def test_one_frame_is_enough(self) -> None:
        assert getattr(opened(moving(1).gif()), "n_frames", 1) == 1

    def test_a_still_is_the_frame_as_axes(self) -> None:
        made = moving(3)
        assert list(made.still(2).lines[0].get_ydata()) == [2, 1]
        assert list(made.still(-1).lines[0].get_ydata()) == [2, 1]
        for wrong in (3, -4):
            with pytest.raises(IndexError, match=rf"-3 ... 2, got {wrong}"):
                made.still(wrong)

    def test_several_panels_come_as_an_array(self) -> None:
        def draw(axes: Any, k: int) -> None:
            axes[0].plot([k]), axes[1].plot([k, k])

        made = Animation(draw, 2, panels=(1, 2), size=(2.0, 1.0))
        assert made.still(0).shape == (2,)
        assert made.pixels(1).shape == (100, 200, 3)

    def test_a_notebook_shows_the_gif(self) -> None:
        page = moving()._repr_html_()
        found = re.fullmatch(r'<img src="data:image/gif;base64,([^"]+)" alt="animation of 3 frames">', page)
        assert found
        assert base64.b64decode(found[1]) == moving().gif()

    def test_pyplot_keeps_no_figure(self) -> None:
        import matplotlib.pyplot as plt

        before = plt.get_fignums()
        moving().gif()
        assert plt.get_fignums() == before
        assert "matplotlib.pyplot" in sys.modules

    def test_a_failed_write_leaves_the_old_file_and_nothing_else(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = moving().save(tmp_path / "old.gif")
        before = path.read_bytes()
        monkeypatch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            moving(2).save(path)
        assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"old.gif": before}

    def test_a_draw_function_that_fails_writes_nothing(self, tmp_path: Path) -> None:
        def draw(ax: Any, k: int) -> None:
            raise RuntimeError(f"frame {k}")

        with pytest.raises(RuntimeError, match="frame 0"):
            Animation(draw, 2).save(tmp_path / "new.gif")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("wrong", "kind", "message"), [
        ({"draw": 3}, TypeError, "draw must be a function"),
        ({"frames": 0}, ValueError, "frames must be at least 1, got 0"),
        ({"frames": 2.0}, TypeError, "frames must be a whole number, got 2.0"),
        ({"fps": 0}, ValueError, "fps must be above 0 and at most 50, got 0"),
        ({"fps": 60}, ValueError, "fps must be above 0 and at most 50, got 60"),
        ({"fps": float("nan")}, ValueError, "fps must be above 0"),
        ({"hold": -1.0}, ValueError, "hold must be at least 0, got -1"),
        ({"dpi": 0.0}, ValueError, "dpi must be at least 1, got 0"),
    ])  # fmt: skip
    def test_wrong_settings_are_refused(self, wrong: dict[str, Any], kind: type[Exception], message: str) -> None:
        with pytest.raises(kind, match=message):
            Animation(**{"draw": lambda ax, k: None, "frames": 2, **wrong})

    def test_another_ending_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"must end with .gif, got .*film.mp4"):
            moving().save(tmp_path / "film.mp4")


class TestAnimate:
    def test_a_figure_grows_within_the_limits_of_the_whole(self, run: xr.Dataset) -> None:
        falling = animate(run, plot.energy, "energy", fps=5)
        whole = plot.energy(run)
        assert falling.frames == 3
        for k in range(3):
            ax = falling.still(k)
            np.testing.assert_array_equal(ax.lines[0].get_ydata(), run.energy[: k + 1])
            assert (ax.get_xlim(), ax.get_ylim()) == (whole.get_xlim(), whole.get_ylim())
            assert ax.get_xlabel() == "time (sweeps)"

    def test_options_go_to_the_figure(self, run: xr.Dataset) -> None:
        assert animate(run, plot.energy, "energy", label="descent").still(0).lines[0].get_label() == "descent"

    def test_an_unknown_recording_is_refused(self, run: xr.Dataset) -> None:
        with pytest.raises(ValueError, match="no recording 'energi'"):
            animate(run, plot.energy, "energi")


class TestImages:
    def test_each_frame_shows_the_units_of_its_look(self, run: xr.Dataset) -> None:
        made = animation.images(run, shape=(2, 3))
        assert made.frames == 3
        for k in range(3):
            ax = made.still(k)
            page = np.asarray(ax.images[0].get_array().filled(np.nan))
            np.testing.assert_array_equal(page[:2, :3], run.spins.values[k, 0].reshape(2, 3))
            np.testing.assert_array_equal(page[:2, 4:], run.spins.values[k, 1].reshape(2, 3))
            assert ax.get_title("left") == f"time = {k} sweeps"

    def test_one_replica(self, run: xr.Dataset) -> None:
        ax = animation.images(run.isel(replica=0), shape=(3, 2)).still(1)
        np.testing.assert_array_equal(ax.images[0].get_array(), run.spins.values[1, 0].reshape(3, 2))

    def test_a_time_of_its_own_is_called_time(self, run: xr.Dataset) -> None:
        renamed = run[["spins"]].rename(time="time_spins")
        assert animation.images(renamed, shape=(2, 3)).still(0).get_title("left").startswith("time = 0")

    def test_a_shape_that_does_not_fit_is_refused(self, run: xr.Dataset) -> None:
        with pytest.raises(ValueError, match="height and width of 6 units, got 2 x 2"):
            animation.images(run, shape=(2, 2))
        with pytest.raises(ValueError, match="must have a time dimension"):
            animation.images(run.isel(time=0), shape=(2, 3))
