"""Animations: a function that draws frame k into new Axes, a number of frames, a speed.

:class:`Animation` is all that a new kind of moving picture needs. It makes a GIF with Pillow, which Matplotlib brings along: no ffmpeg, no
browser script. In a notebook the last line of a cell shows it, and it stays in the saved notebook.

>>> import numpy as np
>>> angles = np.linspace(0.0, 2.0, 5)
>>> def draw(ax, k):
...     ax.plot(np.cos(angles[: k + 1]), np.sin(angles[: k + 1]), "o")
...     ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xlabel="x", ylabel="y", aspect="equal")
>>> turning = Animation(draw, frames=5, fps=4, size=(2.0, 2.0))
>>> turning.pixels(0).shape
(200, 200, 3)

:func:`animate` lets any figure of a run grow with time, :func:`images` shows units as the pixels of an image.

All frames share one palette of 256 colours, so that what stands still does not flicker. The same animation gives the same bytes on every
run of the same Matplotlib and Pillow.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.files import replacing
from neurosim.plot.images import drawn_shape, image_array, mosaic
from neurosim.plot.runs import recorded
from neurosim.plot.style import figure, style, value_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from PIL.Image import Image

    Draw = Callable[[Any, int], Any]

Pixels = npt.NDArray[np.uint8]

FASTEST = 50
PALETTE_FRAMES = 6
COLOURS_OF_A_GIF = 256


@dataclass(frozen=True)
class Animation:
    """A moving picture.

    Parameters
    ----------
    draw : callable
        Called as ``draw(ax, k)`` with new Axes, or an array of them where there are several panels, and the number of the frame, 0 to
        frames - 1. It sets the limits, so that they are the same in every frame. It may be called for any frame, in any order.
    frames : int
        Number of frames, at least 1.
    fps : float
        Frames a second, above 0 and at most 50.
    panels : (int, int)
        Rows and columns of Axes.
    size : (float, float), optional
        Width and height in inches; by default that of a figure with so many panels.
    hold : float
        Seconds that the last frame stays before the first one comes again.
    dpi : float
        Dots per inch.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of that form.

    Examples
    --------
    >>> Animation(lambda ax, k: ax.plot([0, k]), frames=3, fps=0)
    Traceback (most recent call last):
    ValueError: fps must be above 0 and at most 50, got 0
    """

    draw: Draw
    frames: int
    fps: float = 8.0
    panels: tuple[int, int] = (1, 1)
    size: tuple[float, float] | None = None
    hold: float = 1.0
    dpi: float = 100.0

    def __post_init__(self) -> None:
        if not callable(self.draw):
            raise TypeError(f"draw must be a function of Axes and a frame, got {self.draw!r}")
        if isinstance(self.frames, bool) or not isinstance(self.frames, int | np.integer):
            raise TypeError(f"frames must be a whole number, got {self.frames!r}")
        if self.frames < 1:
            raise ValueError(f"frames must be at least 1, got {self.frames}")
        if not 0 < self.fps <= FASTEST:
            raise ValueError(f"fps must be above 0 and at most {FASTEST}, got {self.fps}")
        for name, least in (("hold", 0.0), ("dpi", 1.0)):
            if not least <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least {least:g}, got {getattr(self, name)}")

    def still(self, k: int) -> Any:
        """Draw one frame as a figure of its own and return its Axes (an array of them where there are several panels).

        Raises
        ------
        IndexError
            If there is no such frame; -1 is the last one.
        """
        if not -self.frames <= k < self.frames:
            raise IndexError(f"frame must lie in {-self.frames} ... {self.frames - 1}, got {k}")
        return self._drawn(k % self.frames)

    def pixels(self, k: int) -> Pixels:
        """Return one frame, 0 to frames - 1, as an array, shape (height, width, 3)."""
        shown = np.atleast_1d(self._drawn(k, alone=True)).flat[0].figure
        shown.set_dpi(self.dpi)
        shown.canvas.draw()
        return np.array(shown.canvas.buffer_rgba())[..., :3]

    def save(self, path: str | Path) -> Path:
        """Write a GIF that repeats for ever, whole or not at all; missing folders are made.

        Parameters
        ----------
        path : str or Path
            Ends with .gif.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            If the path has another ending.
        OSError
            If it cannot be written; an older file of that name is left as it was.

        Examples
        --------
        >>> import tempfile
        >>> moving = Animation(lambda ax, k: ax.plot([0, k]), frames=2, size=(1.0, 1.0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     moving.save(f"{folder}/line.gif").read_bytes()[:6]
        b'GIF89a'
        """
        path = Path(path)
        if path.suffix.lower() != ".gif":
            raise ValueError(f"path must end with .gif, got {str(path)!r}")
        content = self.gif()
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(content)
        return path

    def gif(self) -> bytes:
        """Return the bytes of the GIF."""
        first, *rest = self._in_one_palette()
        pause = round(100 / self.fps) * 10
        durations = [pause] * (self.frames - 1) + [max(pause, round(self.hold * 100) * 10)]
        with io.BytesIO() as file:
            first.save(file, "GIF", save_all=True, append_images=rest, duration=durations, loop=0, optimize=False, disposal=1)
            return file.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.gif()).decode()
        return f'<img src="data:image/gif;base64,{data}" alt="animation of {self.frames} frames">'

    def _drawn(self, k: int, alone: bool = False) -> Any:
        _, axes = figure(*self.panels, size=self.size, alone=alone)
        with style():
            self.draw(axes, k)
        return axes

    def _in_one_palette(self) -> list[Image]:
        frames = [self.pixels(k) for k in range(self.frames)]
        chosen = np.unique(np.linspace(0, self.frames - 1, PALETTE_FRAMES).astype(int))
        palette = _palette(np.concatenate([frames[k].reshape(-1, 3) for k in chosen]))
        return [_with_palette(frame, palette) for frame in frames]


def _palette(pixels: Pixels) -> Pixels:
    """Choose at most 256 colours, (n, 3): all there are, or else the most frequent ones and an even choice of the others."""
    from PIL import Image

    numbers = _numbered(pixels)
    colours, count = np.unique(numbers, return_counts=True)
    if len(colours) <= COLOURS_OF_A_GIF:
        return _coloured(colours)
    frequent = colours[np.argsort(-count, kind="stable")[: COLOURS_OF_A_GIF // 2]]
    rare = _coloured(numbers[~np.isin(numbers, frequent)])
    even = Image.fromarray(rare[None]).quantize(COLOURS_OF_A_GIF // 2, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    others = np.array(even.getpalette(), np.uint8).reshape(-1, 3)
    return np.concatenate([_coloured(frequent), others[: COLOURS_OF_A_GIF // 2]])


def _with_palette(frame: Pixels, palette: Pixels) -> Image:
    """Give each pixel the nearest colour of the palette."""
    from PIL import Image

    colours, inverse = np.unique(_numbered(frame), return_inverse=True)
    parts = np.array_split(_coloured(colours).astype(int), len(colours) // 4096 + 1)
    nearest = np.concatenate([((part[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1) for part in parts])
    image = Image.fromarray(nearest[inverse].reshape(frame.shape[:2]).astype(np.uint8), "P")
    image.putpalette(palette.tobytes())
    return image


def _numbered(pixels: Pixels) -> npt.NDArray[np.uint32]:
    """Turn colours, (..., 3), into numbers."""
    return pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def _coloured(numbers: npt.NDArray[np.uint32]) -> Pixels:
    """Turn numbers back into colours."""
    return np.stack([numbers >> 16 & 255, numbers >> 8 & 255, numbers & 255], axis=-1).astype(np.uint8)


def animate(
    run: xr.Dataset,
    draw: Callable[..., Axes],
    name: str,
    *,
    fps: float = 8.0,
    size: tuple[float, float] | None = None,
    **options: Any,
) -> Animation:
    """Let a figure of a run grow with time.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    draw
        Called as ``draw(run, name, ax=ax, **options)`` with the run up to the look of the frame, like :func:`neurosim.plot.energy` and
        :func:`neurosim.plot.overlaps`. The limits are those of the whole run.
    name
        Name of the recording; it has a time dimension.
    fps, size
        As for :class:`Animation`.
    **options
        Passed to ``draw``.

    Returns
    -------
    Animation
        With one frame for each look.

    Raises
    ------
    ValueError
        If the recording is unknown or has no time dimension.

    Examples
    --------
    >>> import xarray as xr
    >>> from neurosim import plot
    >>> run = xr.Dataset({"energy": ("time", [-2.0, -5.0, -6.0])}, coords={"time": [0.0, 1.0, 2.0]})
    >>> falling = animate(run, plot.energy, "energy")
    >>> falling.frames, falling.still(1).lines[0].get_xdata().tolist()
    (3, [0.0, 1.0])
    """
    data, time = recorded(run, name)
    whole = draw(run, name, ax=figure(alone=True)[1], **options)
    limits = {"xlim": whole.get_xlim(), "ylim": whole.get_ylim()}

    def frame(ax: Axes, k: int) -> None:
        draw(run.isel({time: slice(k + 1)}), name, ax=ax, **options).set(**limits)

    return Animation(frame, data.sizes[time], fps, size=size)


def images(
    run: xr.Dataset,
    name: str = "spins",
    *,
    shape: tuple[int, int],
    columns: int | None = None,
    fps: float = 4.0,
    size: tuple[float, float] | None = None,
    limits: tuple[float, float] = (-1.0, 1.0),
    colour_map: str = "gray_r",
) -> Animation:
    """Show units as the pixels of an image, moving in time.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned.
    name
        Name of the recording; its dimensions are time, perhaps one of replicas, and last the units.
    shape
        Height and width of the image, whose product is the number of units.
    columns
        Replicas side by side; as many as make a square by default.
    fps, size
        As for :class:`Animation`.
    limits, colour_map
        Values at the ends of the colour scale, and its Matplotlib name. By default +1 is black and -1 white.

    Returns
    -------
    Animation
        With one frame for each look.

    Raises
    ------
    ValueError
        If the recording is unknown, has no time dimension, or the shape does not fit.

    Examples
    --------
    >>> import xarray as xr
    >>> run = xr.Dataset({"spins": (("time", "unit"), [[1, -1, 1, 1], [1, 1, 1, 1]])}, coords={"time": [0.0, 1.0]})
    >>> album = images(run, shape=(2, 2))
    >>> album.frames, album.still(1).get_title("left")
    (2, 'time = 1')
    """
    data, time = recorded(run, name)
    data = data.transpose(time, ...)
    stack = image_array(data.isel({time: 0}), shape, columns).shape
    size = size or drawn_shape(stack, shape)

    def frame(ax: Axes, k: int) -> None:
        now = data.isel({time: k})
        mosaic(image_array(now, shape, columns), ax, limits=limits, colour_map=colour_map)
        ax.set_title(value_label(_named(data[time]), data[time].values[k]))

    return Animation(frame, data.sizes[time], fps, size=size)


def _named(time: xr.DataArray) -> xr.DataArray:
    return time if "long_name" in time.attrs else time.rename("time")
