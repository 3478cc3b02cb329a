"""A recorder that shows what it records while the simulation runs.

:func:`live` wraps any recorder. It records exactly what the recorder alone would, so a checkpoint written with it can be resumed without
it; in a notebook it also replaces, under the cell, one picture by the next. Outside a notebook it does nothing.

A picture is a PNG drawn afresh by any function that makes Axes from a Dataset. It needs no widget, browser script or choice of backend,
and the last one stays in the saved notebook.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from neurosim.plot.style import figure, in_notebook
from neurosim.protocols import Recorder, Recording
from neurosim.recordings import label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    Draw = Callable[..., Axes]


def live(recorder: Recorder[Any], draw: Draw, *, interval: float = 0.3, dt: float = 1.0, **options: Any) -> Live:
    """Record as a recorder does, and draw the recording while it grows.

    Parameters
    ----------
    recorder
        What to record, for instance ``ns.Trace(memory.energy)``.
    draw
        Called as ``draw(run, name, ax=ax, **options)``, like :func:`neurosim.plot.energy` and :func:`neurosim.plot.overlaps`.
    interval
        Seconds between two pictures at least; 0 draws at every look.
    dt
        Length of a tick, the model's own ``dt``, for the time axis of the pictures.
    **options
        Passed to ``draw``.

    Returns
    -------
    Live
        To stand where the recorder stood, in ``record={...}`` of :func:`neurosim.simulate`.

    Raises
    ------
    ValueError
        If interval is negative or dt is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import neurosim as ns
    >>> rng = np.random.default_rng(0)
    >>> patterns = ns.hopfield.random_patterns(5, 200, rng=rng)
    >>> memory = ns.hopfield.DenseHopfield(patterns)
    >>> watched = live(ns.Trace(memory.overlap, dims=("pattern",)), ns.plot.overlaps)
    >>> run = ns.simulate(memory, memory.init(patterns[0], seed=1), steps=3, record={"overlap": watched})
    >>> run.overlap.shape
    (4, 5)
    """
    if interval < 0:
        raise ValueError(f"interval must be at least 0 seconds, got {interval}")
    if not dt > 0:
        raise ValueError(f"dt must be positive, got {dt}")
    return Live(recorder, draw, interval, dt, options)


@dataclass(frozen=True)
class Live:
    """A recorder with a picture. Made by :func:`live`."""

    recorder: Recorder[Any]
    draw: Draw
    interval: float
    dt: float
    options: Mapping[str, Any]

    def start(self, name: str, state: Any, steps: int, /) -> Recording[Any]:
        """Start the recorder; add the picture where there is a notebook to show it."""
        recording = self.recorder.start(name, state, steps)
        return cast("Recording[Any]", Watched(recording, name, self)) if in_notebook() else recording

    def describe(self) -> dict[str, Any]:
        """Return the settings of the recorder alone: the picture changes nothing of what is recorded."""
        return self.recorder.describe()


class Watched:
    """A recording that is drawn, now and then, after a look; all else is the recording's own."""

    def __init__(self, recording: Recording[Any], name: str, live: Live) -> None:
        self._recording, self._name, self._live = recording, name, live
        self._picture = Picture()
        self._next_at = 0.0
        self._tick = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recording, name)

    def sample(self, state: Any, /) -> None:
        """Look at the state, then draw if the last picture is old enough."""
        self._recording.sample(state)
        self._tick = state.tick
        if time.monotonic() >= self._next_at:
            self.show()

    def close(self) -> None:
        """Draw the whole recording, then close it."""
        self.show()
        self._recording.close()

    def show(self) -> None:
        """Draw what was recorded so far in place of the last picture."""
        run = self.run()
        if run is not None:
            self._picture.show(lambda ax: self._live.draw(run, self._name, ax=ax, **self._live.options))
        self._next_at = time.monotonic() + self._live.interval

    def run(self) -> xr.Dataset | None:
        """Label what was recorded so far; None before the first look."""
        import xarray as xr

        values = self._recording.values()
        if not values.size:
            return None
        looks = len(values) if "time" in self._recording.dims else 1
        first = self._tick - (looks - 1) * self._recording.every
        return xr.Dataset(*label({self._name: self._recording}, first, self._live.dt))


class Picture:
    """One picture under a notebook cell that can be replaced."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, draw: Callable[[Axes], Axes]) -> None:
        """Draw into new Axes and show them in place of the last ones."""
        from IPython.display import Image, display

        image = Image(data=self._png(draw), format="png")
        if self._handle is None:
            self._handle = display(image, display_id=True)
        else:
            self._handle.update(image)

    @staticmethod
    def _png(draw: Callable[[Axes], Axes]) -> bytes:
        fig, ax = figure(alone=True)
        draw(ax)
        with io.BytesIO() as file:
            fig.savefig(file, format="png", dpi=fig.dpi)
            return file.getvalue()
