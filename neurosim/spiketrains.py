r"""What spike trains tell: rates, regularity, synchrony, correlation.

Let N units fire between the times `start` and `stop`.

**Regularity.** The coefficient of variation of a unit is the standard deviation of its interspike intervals over their mean: 0 for a clock,
1 for a Poisson process, larger for bursts. Few intervals give too small a value, since long ones do not fit into the recording.

**Population rate.** In bins of width :math:`\Delta` (ms) that hold :math:`n_k` spikes, :math:`r_k = 1000\, n_k / (N \Delta)` (Hz). Its
power spectrum is one-sided and estimated after Welch: the mean over half-overlapping segments under a Hann window. Units that fire
independently, as Poisson processes of the mean rate :math:`\nu`, have the flat spectrum

.. math:: S_\text{P} = \frac{2 \nu}{N}.

**Modulation.** The standard deviation of the population rate over its mean, without the part of independent units:

.. math:: m = \frac{\sqrt{\operatorname{var} n - \langle n \rangle}}{\langle n \rangle}, \qquad
          (m \nu)^2 \simeq \int \bigl(S(f) - S_\text{P}\bigr)\, df .

A rate modulated by a sinusoid that just touches zero has :math:`m = 1 / \sqrt 2`; pulses with silence between them have more.

**Correlation.** The mean over all pairs of units of Pearson's correlation of their spike counts in bins. With the counts of each unit
shifted and scaled to mean 0 and variance 1, :math:`z_{ik}`, it is

.. math:: \bar\rho = \frac{\operatorname{var}_k \sum_i z_{ik} - N}{N (N - 1)}.

Sources: P. D. Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967). Differs from the paper in: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import nearest, with_hint

if TYPE_CHECKING:
    import xarray as xr

Array = npt.NDArray[np.floating[Any]]

ROUNDING = 1e-6
"""Part of a bin that a time may lie before an edge and still count as on it: times are ticks times dt, rounded."""


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of some units in a window of time.

    Parameters
    ----------
    time : array_like (spikes,)
        In ms, from `start` to before `stop`, in any order.
    unit : array_like (spikes,)
        Which unit fired, 0 to n_units - 1.
    n_units : int
        Units that were watched, silent ones included; at least 1.
    start, stop : float
        Ends of the window in ms.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit together, or spikes lie outside.

    Examples
    --------
    >>> trains = SpikeTrains([1.0, 2.0, 12.0], [0, 1, 0], n_units=3, start=0.0, stop=20.0)
    >>> round(trains.rate, 6)
    50.0
    """

    time: Any
    unit: Any
    n_units: int
    start: float
    stop: float

    def __post_init__(self) -> None:
        time, unit = np.asarray(self.time, float), np.asarray(self.unit)
        if time.ndim != 1 or time.shape != unit.shape:
            raise ValueError(f"time and unit must have one shape (spikes,), got {time.shape} and {unit.shape}")
        if unit.size and unit.dtype.kind not in "iu":
            raise TypeError(f"unit must hold whole numbers, got {unit.dtype}")
        whole("n_units", self.n_units, 1)
        if real("stop", self.stop) <= real("start", self.start):
            raise ValueError(f"stop must lie after start, got start {self.start} and stop {self.stop}")
        if unit.size and not 0 <= unit.min() <= unit.max() < self.n_units:
            raise ValueError(f"unit must lie in 0 ... {self.n_units - 1}, got {unit.min()} ... {unit.max()}")
        if time.size and not self.start - ROUNDING <= time.min() <= time.max() < self.stop:
            raise ValueError(f"time must lie in {self.start} ... {self.stop}, got {time.min()} ... {time.max()}")
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "unit", unit.astype(np.int64))

    @classmethod
    def of(cls, run: xr.Dataset, *names: str) -> SpikeTrains:
        """Take the spikes of a run; several recordings are put together, the units of the first one first.

        Parameters
        ----------
        run : xarray.Dataset
            What :func:`neurosim.simulate` returned.
        *names : str
            Names of recordings of spikes; an unknown one raises ValueError.

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network({"exc": ns.Population(ns.LIF(rest=30.0), 5)})
        >>> run = ns.simulate(net, net.init(seed=1), duration=100.0, record={"exc": ns.Spikes("exc")})
        >>> SpikeTrains.of(run, "exc").n_units
        5
        """
        if not names:
            raise ValueError("names must hold at least one recording of spikes, got none")
        parts = [_recording(run, name) for name in names]
        starts = np.cumsum([0, *(part.n_units for part in parts)])
        return cls(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.unit + first for part, first in zip(parts, starts[:-1], strict=True)]),
            int(starts[-1]),
            max(part.start for part in parts),
            min(part.stop for part in parts),
        )

    def between(self, start: float, stop: float | None = None) -> SpikeTrains:
        """Return the spikes of a part of the window, such as that after a transient.

        Parameters
        ----------
        start, stop : float
            In ms; `stop` is the end of the window if not given.

        Returns
        -------
        SpikeTrains

        Raises
        ------
        ValueError
            If the part does not lie in the window.

        Examples
        --------
        >>> SpikeTrains([1.0, 2.0, 12.0], [0, 1, 0], n_units=3, start=0.0, stop=20.0).between(2.0, 10.0).unit
        array([1])
        """
        stop = self.stop if stop is None else stop
        if not self.start <= real("start", start) < real("stop", stop) <= self.stop:
            raise ValueError(f"a part must lie in {self.start} ... {self.stop}, got {start} ... {stop}")
        inside = (self.time >= start - ROUNDING) & (self.time < stop - ROUNDING)
        return SpikeTrains(self.time[inside], self.unit[inside], self.n_units, float(start), float(stop))

    @property
    def rate(self) -> float:
        """Mean rate of a unit in Hz."""
        return 1000.0 * self.time.size / (self.n_units * (self.stop - self.start))


def intervals(trains: SpikeTrains) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return all intervals between successive spikes of a unit, and the unit of each.

    Returns
    -------
    gaps : (intervals,) float64
        In ms.
    owner : (intervals,) int64

    Examples
    --------
    >>> intervals(SpikeTrains([0.0, 1.0, 3.0, 7.0], [5, 2, 5, 5], 6, 0.0, 10.0))
    (array([3., 4.]), array([5, 5]))
    """
    order = np.lexsort((trains.time, trains.unit))
    time, unit = trains.time[order], trains.unit[order]
    same = unit[1:] == unit[:-1]
    return np.diff(time)[same], unit[1:][same]


def variation(trains: SpikeTrains, *, fewest: int = 3) -> Array:
    """Return the coefficient of variation of the interspike intervals of each unit.

    Parameters
    ----------
    trains : SpikeTrains
    fewest : int
        Intervals that a unit must have, at least 1.

    Returns
    -------
    (n_units,) float64
        NaN where there are fewer intervals.

    Examples
    --------
    A clock, and a unit that fires twice:

    >>> variation(SpikeTrains([0.0, 2.0, 4.0, 6.0, 1.0, 9.0], [0, 0, 0, 0, 1, 1], 2, 0.0, 10.0))
    array([ 0., nan])
    """
    fewest = whole("fewest", fewest, 1)
    gaps, owner = intervals(trains)
    count = np.bincount(owner, minlength=trains.n_units)
    many = np.maximum(count, 1)
    mean = np.bincount(owner, gaps, minlength=trains.n_units) / many
    spread = np.bincount(owner, (gaps - mean[owner]) ** 2, minlength=trains.n_units) / many
    enough = count >= fewest
    return np.where(enough, np.sqrt(spread) / np.where(enough, mean, 1.0), np.nan)


def pooled_variation(trains: SpikeTrains) -> float:
    """Return the coefficient of variation of the interspike intervals of all units together, for units that are alike.

    Every interval counts, also those of units that fire only twice: in short recordings it is less biased than the mean of
    :func:`variation`. Units of different rates make it larger.

    Returns
    -------
    float
        NaN if there are fewer than two intervals.

    Examples
    --------
    >>> round(pooled_variation(SpikeTrains([0.0, 2.0, 4.0, 1.0, 9.0], [0, 0, 0, 1, 1], 2, 0.0, 10.0)), 3)
    0.707
    """
    gaps, _ = intervals(trains)
    return float(gaps.std() / gaps.mean()) if gaps.size > 1 else float("nan")


def counts(trains: SpikeTrains, bin: float) -> npt.NDArray[np.int64]:
    """Return the number of spikes of all units in each whole bin; what is left at the end is left out.

    Parameters
    ----------
    trains : SpikeTrains
    bin : float
        In ms, best a multiple of the time step; the window holds at least one.

    Returns
    -------
    (bins,) int64

    Examples
    --------
    >>> counts(SpikeTrains([0.0, 0.9, 5.0], [0, 1, 0], 2, 0.0, 5.5), bin=1.0)
    array([2, 0, 0, 0, 0])
    """
    number = _bins(trains, bin)
    return np.bincount(_places(trains, bin), minlength=number)[:number]


def population_rate(trains: SpikeTrains, bin: float) -> tuple[Array, Array]:
    """Return the population rate in bins.

    Parameters
    ----------
    trains : SpikeTrains
    bin : float
        In ms, as for :func:`counts`.

    Returns
    -------
    time, rate : (bins,) float64
        Middle of each bin in ms, and rate of a unit in Hz.

    Examples
    --------
    >>> population_rate(SpikeTrains([0.0, 0.9, 5.0], [0, 1, 0], 2, 0.0, 6.0), bin=2.0)
    (array([1., 3., 5.]), array([500.,   0., 250.]))
    """
    found = counts(trains, bin)
    middle = trains.start + bin * (np.arange(found.size) + 0.5)
    rate = 1000.0 * found / (trains.n_units * bin)
    return middle, rate


def spectrum(trains: SpikeTrains, *, bin: float = 0.5, resolution: float = 4.0) -> tuple[Array, Array]:
    """Return the power spectrum of the population rate, after Welch.

    Parameters
    ----------
    trains : SpikeTrains
    bin : float
        Width of the bins in ms; frequencies go up to 500 / `bin` Hz.
    resolution : float
        Distance of the frequencies in Hz: segments last 1000 / `resolution` ms, at most as long as the window.

    Returns
    -------
    frequency, power : (frequencies,) float64
        In Hz and Hz^2/Hz, the frequency 0 left out; see :func:`poisson_level`.

    Raises
    ------
    ValueError
        If the window is shorter than a segment.

    Examples
    --------
    >>> pulses = SpikeTrains(np.repeat(np.arange(0.0, 1000.0, 20.0), 5), np.tile(np.arange(5), 50), 5, 0.0, 1000.0)
    >>> frequency, power = spectrum(pulses, bin=1.0)
    >>> float(frequency[power.argmax()]) % 50.0  # pulses every 20 ms, and their harmonics
    0.0
    """
    from scipy import signal

    length = round(1000.0 / real("resolution", resolution, above=0) / real("bin", bin, above=0))
    _, rate = population_rate(trains, bin)
    if not 2 <= length <= rate.size:
        error = ValueError(f"resolution {resolution:g} Hz needs segments of {length} bins, the window has {rate.size}")
        raise with_hint(error, "record longer, or ask for a coarser resolution")
    frequency, power = signal.welch(rate, fs=1000.0 / bin, nperseg=length)
    return frequency[1:], power[1:]


def poisson_level(trains: SpikeTrains) -> float:
    """Return the power, in Hz^2/Hz, that the population rate of independent Poisson units of this mean rate has at all frequencies.

    Examples
    --------
    >>> poisson_level(SpikeTrains([1.0, 2.0], [0, 1], 2, 0.0, 100.0))
    10.0
    """
    return 2.0 * trains.rate / trains.n_units


def peak_frequency(frequency: npt.ArrayLike, power: npt.ArrayLike) -> float:
    """Return the frequency of the highest peak: the mean frequency, weighted by power, of the neighbourhood above half its height.

    Parameters
    ----------
    frequency, power : array_like (frequencies,)
        A spectrum.

    Returns
    -------
    float
        In Hz; NaN if there is no power.

    Examples
    --------
    >>> peak_frequency([10.0, 20.0, 30.0, 40.0], [0.1, 3.0, 3.0, 2.9])
    29.88764044943820
    """
    at, height = np.asarray(frequency, float), np.asarray(power, float)
    if at.ndim != 1 or at.shape != height.shape or not at.size:
        raise ValueError(f"frequency and power must have one shape (n,), got {at.shape} and {height.shape}")
    if not height.max() > 0:
        return float("nan")
    top = int(height.argmax())
    low = np.flatnonzero(height < height[top] / 2)
    first = low[low < top].max(initial=-1) + 1
    stop = low[low > top].min(initial=at.size)
    return float(np.average(at[first:stop], weights=height[first:stop]))


def modulation(trains: SpikeTrains, *, bin: float = 0.5) -> float:
    r"""Return how strongly the population rate is modulated: its standard deviation over its mean, without that of independent units.

    Parameters
    ----------
    trains : SpikeTrains
    bin : float
        Width of the bins in ms; what is faster is averaged out.

    Returns
    -------
    float
        0 for independent Poisson units, :math:`1 / \sqrt 2` for a sinusoid that touches zero; NaN without spikes.

    Examples
    --------
    All of ten units in one of two bins:

    >>> round(modulation(SpikeTrains(np.zeros(10), np.arange(10), 10, 0.0, 1.0)), 3)
    0.894
    """
    found = counts(trains, bin)
    mean = found.mean()
    return float(np.sqrt(max(found.var() - mean, 0.0)) / mean) if mean > 0 else float("nan")


def count_correlation(trains: SpikeTrains, *, bin: float = 5.0, most: int = 1000) -> float:
    """Return the mean correlation, over all pairs of units, of the numbers of their spikes in bins.

    Parameters
    ----------
    trains : SpikeTrains
    bin : float
        Width of the bins in ms; the window holds at least two.
    most : int
        Units to look at, spread evenly over all of them, at least 2. Those whose count never changes are left out.

    Returns
    -------
    float
        NaN if fewer than two units are left.

    Examples
    --------
    Two units that fire together, and one that fires when they do not:

    >>> trains = SpikeTrains([1.0, 1.0, 6.0], [0, 1, 2], 3, 0.0, 10.0)
    >>> round(count_correlation(trains), 6)  # (1 - 1 - 1) / 3
    -0.333333
    """
    number = _bins(trains, bin)
    if number < 2:
        raise ValueError(f"bin must fit into the window twice, got {bin} ms and a window of {trains.stop - trains.start:g} ms")
    chosen = np.unique(np.linspace(0, trains.n_units - 1, min(whole("most", most, 2), trains.n_units)).round().astype(np.int64))
    row = np.full(trains.n_units, -1)
    row[chosen] = np.arange(chosen.size)
    place, mine = _places(trains, bin), row[trains.unit]
    inside = (mine >= 0) & (place < number)
    table = np.bincount(mine[inside] * number + place[inside], minlength=chosen.size * number).reshape(-1, number)
    table = table[table.std(axis=1) > 0]
    if len(table) < 2:
        return float("nan")
    z = (table - table.mean(axis=1, keepdims=True)) / table.std(axis=1, keepdims=True)
    return float((z.sum(axis=0).var() - len(z)) / (len(z) * (len(z) - 1)))


def _recording(run: xr.Dataset, name: str) -> SpikeTrains:
    """Return one recording of spikes, its units numbered as they were recorded."""
    known = [key.removesuffix("_unit") for key in map(str, run.data_vars) if run[key].dims == (key.removesuffix("_unit") + "_spike",)]
    if name not in known:
        raise with_hint(ValueError(f"the run has no recording of spikes {name!r}"), nearest(name, known))
    unit, time = run[f"{name}_unit"], run[f"{name}_time"]
    units, at = np.asarray(unit).astype(np.int64), np.asarray(time, float)
    recorded = np.asarray(unit.attrs.get("recorded", np.arange(unit.attrs["n_units"]))).reshape(-1)
    return SpikeTrains(at, np.searchsorted(recorded, units), recorded.size, time.attrs["start"], time.attrs["stop"])


def _bins(trains: SpikeTrains, bin: float) -> int:
    """Return how many whole bins the window holds."""
    number = int((trains.stop - trains.start) / real("bin", bin, above=0) + ROUNDING)
    if number < 1:
        raise ValueError(f"bin must fit into the window, got {bin} ms and a window of {trains.stop - trains.start:g} ms")
    return number


def _places(trains: SpikeTrains, bin: float) -> npt.NDArray[np.int64]:
    """Return the bin of each spike."""
    return np.floor((trains.time - trains.start) / bin + ROUNDING).astype(np.int64)
