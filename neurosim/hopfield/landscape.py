r"""The energy landscape of a network, brought down to two dimensions.

A network of :math:`N` units has :math:`2^N` states, and a plane shows two numbers of each. There are two honest ways to draw the energy
there, and they answer different questions; both return the same kind of Dataset, drawn by :func:`neurosim.plot.landscape`.

**Section** (:func:`section`). A plane is laid through two patterns and the origin, or through three patterns. A point of it is a real
vector :math:`x`, which is read as the means of independent units, :math:`\langle s_i \rangle = \max(-1, \min(1, x_i))`, and drawn is the
mean energy per unit of such states,

.. math:: E(x) = \frac1N \langle H(s) \rangle ,

averaged over sampled states. At a pattern all :math:`x_i = \pm 1`: there is one state, and :math:`E` is the energy of the pattern. Between
two patterns the units that differ are drawn from one or the other, and :math:`E` is the height of the pass. Where an :math:`x_i` is cut
off, the states drawn project inside of the point.

**Projection** (:func:`projection`). The plane is spanned by the two principal components of the recorded states, and drawn is the mean
energy of the *recorded* states that project near a point :math:`p`, weighted by their distance there,

.. math:: E(p) = \frac{\sum_a w_a E_a}{\sum_a w_a}, \qquad w_a = e^{-|p - p_a|^2 / 2 b^2},

:math:`b` the width. Where no state was recorded nothing is drawn.

In both, a state projects to :math:`p = \frac{1}{N} B (s - c)`. Trajectories do not lie in the plane, they are seen from above: a state may
be lower or higher than the surface at its place. Its own energy is in the Dataset, too. An attractor is a state in which a recorded
trajectory came to rest: it did not change between the last two looks.

Source: the construction is ours. Differs from the paper in: there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole
from neurosim.errors import nearest, with_hint
from neurosim.hopfield.patterns import Signs, signs

if TYPE_CHECKING:
    import xarray as xr

Array = npt.NDArray[np.float64]
MARGIN = 0.08
EDGE_DIRECTIONS = 720
LEAST_WEIGHT = 0.5
LARGEST_BLOCK = 2_000_000


class Energetic(Protocol):
    """A network whose states have an energy."""

    def init(self, cues: npt.ArrayLike, /) -> Any:
        """Make states, one for each row."""
        ...

    def energy(self, state: Any, /) -> npt.NDArray[np.float64]:
        """Return their energies per unit."""
        ...


class Plane(NamedTuple):
    """A plane in the space of states: s projects to ``onto @ (s - origin)``, p is the vector ``origin + p @ along``."""

    origin: Array
    along: Array
    onto: Array
    names: tuple[str, str]
    units: str

    def project(self, states: npt.NDArray[Any]) -> Array:
        """Project states, shape (..., n_units), to (..., 2)."""
        return (states - self.origin) @ self.onto.T


def section(
    memory: Energetic, run: xr.Dataset, corners: npt.ArrayLike, *, spins: str = "spins", energy: str = "energy",
    points: int = 81, samples: int = 16, seed: int = 0,
) -> xr.Dataset:  # fmt: skip
    """Cut the landscape along a plane through two or three patterns, and project trajectories on it.

    Parameters
    ----------
    memory
        The network, such as a :class:`neurosim.hopfield.DenseHopfield`.
    run
        What :func:`neurosim.simulate` returned, with recordings of the units, (time, unit) or (time, replica, unit), and of the energy.
    corners : array_like of -1 and +1, shape (2, n_units) or (3, n_units)
        The patterns. Two: the plane also holds the origin, and coordinates are the overlaps with the two. Three: the plane through them;
        distances in it are those of the states divided by sqrt(n_units), so that uncorrelated patterns lie sqrt(2) apart.
    spins, energy
        Names of the recordings.
    points : int
        Points of the grid in each direction, at least 2.
    samples : int
        States drawn at each point, at least 1.
    seed : int
        Chooses them.

    Returns
    -------
    Dataset
        `energy` (y, x); `path` (time, replica, axis) and `path_energy` (time, replica); `attractor` (attractor, axis),
        `attractor_energy` and `attractor_count`; `corner` (corner, axis) and `corner_energy`; `edge` (vertex, axis), the outline
        that the projections of all states fill.

    Raises
    ------
    ValueError
        If a recording is missing or has another shape, or the corners do not span a plane.

    Examples
    --------
    >>> import neurosim as ns
    >>> rng = np.random.default_rng(0)
    >>> patterns = ns.hopfield.random_patterns(3, 400, rng=rng)
    >>> memory = ns.hopfield.DenseHopfield(patterns)
    >>> cues = ns.hopfield.flip(patterns, 0.3, rng=rng)
    >>> record = {"spins": ns.Trace(memory.spins, dims=("replica", "unit")), "energy": ns.Trace(memory.energy, dims=("replica",))}
    >>> run = ns.simulate(memory, memory.init(cues, seed=1), steps=5, record=record)
    >>> data = section(memory, run, patterns, points=21)
    >>> data.sizes["attractor"], bool((data.attractor_energy.values == data.corner_energy.values).all())
    (3, True)
    """
    states, energies, time = _recordings(run, spins, energy)
    ends = _corners(corners, states.shape[-1])
    plane = _overlap_plane(ends) if len(ends) == 2 else _plane_through(ends)
    points, samples = whole("points", points, 2), whole("samples", samples, 1)
    paths = plane.project(states)
    edge = _edge(plane)
    x, y = _grid(np.concatenate([paths.reshape(-1, 2), edge]), points)
    at = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    height = _mean_energy(memory, plane, at, samples, np.random.default_rng(seed))
    data = _dataset(plane, x, y, height.reshape(points, points), states, energies, time)
    more = {
        "corner": (("corner", "axis"), plane.project(ends)),
        "corner_energy": ("corner", memory.energy(memory.init(ends)), {"long_name": "energy per unit"}),
        "edge": (("vertex", "axis"), edge),
    }
    return data.assign(more).assign_attrs(surface="mean energy of independent units with the means of the point")


def projection(
    run: xr.Dataset, *, patterns: npt.ArrayLike | None = None, spins: str = "spins", energy: str = "energy", points: int = 81,
    width: float = 0.06,
) -> xr.Dataset:  # fmt: skip
    """Project recorded states on their two principal components, and average their energies in the plane.

    Parameters
    ----------
    run
        What :func:`neurosim.simulate` returned, with recordings of the units, (time, replica, unit), and of the energy. The more
        replicas from the more places, the more of the landscape is seen.
    patterns : array_like of -1 and +1, shape (n_patterns, n_units), optional
        To be marked in the plane.
    spins, energy
        Names of the recordings.
    points : int
        Points of the grid in each direction, at least 2.
    width : float
        Width b over which energies are averaged, in the unit of the plane, sqrt(n_units).

    Returns
    -------
    Dataset
        As of :func:`section`, without an edge and with `energy` NaN where nothing was recorded; corners are the patterns. Its attribute
        `explained` is the part of the variance that the plane holds.

    Raises
    ------
    ValueError
        If a recording is missing or has another shape, or the recorded states lie on a line.

    Examples
    --------
    >>> import neurosim as ns
    >>> rng = np.random.default_rng(0)
    >>> memory = ns.hopfield.DenseHopfield(ns.hopfield.random_patterns(3, 400, rng=rng))
    >>> cues = ns.hopfield.random_patterns(60, 400, rng=rng)
    >>> record = {"spins": ns.Trace(memory.spins, dims=("replica", "unit")), "energy": ns.Trace(memory.energy, dims=("replica",))}
    >>> data = projection(ns.simulate(memory, memory.init(cues, seed=1), steps=5, record=record), points=21)
    >>> data.energy.dims, int(data.attractor_count.sum())
    (('y', 'x'), 60)
    """
    states, energies, time = _recordings(run, spins, energy)
    points = whole("points", points, 2)
    if not 0 < width < np.inf:
        raise ValueError(f"width must be positive, got {width}")
    plane, explained = _principal_plane(states.reshape(-1, states.shape[-1]))
    paths = plane.project(states).reshape(-1, 2)
    x, y = _grid(paths, points)
    at = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    height = _nearby_energy(at, paths, energies.reshape(-1), width)
    data = _dataset(plane, x, y, height.reshape(points, points), states, energies, time)
    if patterns is not None:
        data = data.assign(corner=(("corner", "axis"), plane.project(_rows(patterns, states.shape[-1]))))
    return data.assign_attrs(surface="mean energy of the recorded states near the point", explained=explained)


def _recordings(run: xr.Dataset, spins: str, energy: str) -> tuple[Signs, Array, xr.DataArray]:
    """Return units (time, replica, unit), energies (time, replica) and times."""
    known = [str(name) for name in run.data_vars]
    for name in (spins, energy):
        if name not in known:
            raise with_hint(ValueError(f"the run has no recording {name!r}, got {known}"), nearest(name, known))
    states, energies = run[spins], run[energy]
    if states.ndim not in (2, 3) or states.shape[:-1] != energies.shape or not str(states.dims[0]).startswith("time"):
        wanted = f"recording {spins!r} must be (time, unit) or (time, replica, unit) and {energy!r} the same without units"
        raise ValueError(f"{wanted}, got {dict(states.sizes)} and {dict(energies.sizes)}")
    if not states.size:
        raise ValueError(f"recording {spins!r} must not be empty, got {states.shape}")
    values = signs(states.values, spins)
    return values.reshape(len(values), -1, values.shape[-1]), energies.values.reshape(len(values), -1), run[states.dims[0]]


def _rows(values: npt.ArrayLike, n_units: int, name: str = "patterns") -> Signs:
    rows = signs(values, name)
    if rows.ndim != 2 or rows.shape[1] != n_units:
        raise ValueError(f"{name} must have shape (n, {n_units}), got {rows.shape}")
    return rows


def _corners(values: npt.ArrayLike, n_units: int) -> Signs:
    rows = _rows(values, n_units, "corners")
    if len(rows) not in (2, 3):
        raise ValueError(f"corners must be two or three patterns, got {len(rows)}")
    spanning = rows if len(rows) == 2 else rows[1:].astype(int) - rows[0]
    if np.linalg.matrix_rank(spanning) < 2:
        raise ValueError("corners must span a plane, got patterns that are equal or opposite")
    return rows


def _overlap_plane(corners: Signs) -> Plane:
    """Plane through the origin and two patterns; coordinates are the two overlaps."""
    values = corners.astype(float)
    n_units = values.shape[1]
    along = np.linalg.solve(values @ values.T / n_units, values)
    return Plane(np.zeros(n_units), along, values / n_units, ("overlap with the first pattern", "overlap with the second pattern"), "1")


def _plane_through(corners: Signs) -> Plane:
    """Plane through three patterns: the first edge is horizontal."""
    origin = corners.mean(axis=0)
    scale = np.sqrt(len(origin))
    first = corners[1].astype(float) - corners[0]
    first /= np.linalg.norm(first)
    second = corners[2] - origin
    second = second - (second @ first) * first
    axes = np.stack([first, second / np.linalg.norm(second)])
    return Plane(origin, axes * scale, axes / scale, ("along the first two patterns", "towards the third pattern"), "√N")


def _principal_plane(states: npt.NDArray[Any]) -> tuple[Plane, float]:
    """Plane of the two principal components, and its part of the variance."""
    origin = states.mean(axis=0)
    apart = states - origin
    wide = len(apart) < apart.shape[1]
    values, vectors = np.linalg.eigh(apart @ apart.T if wide else apart.T @ apart)
    if len(values) < 2 or values[-2] <= 1e-9 * max(values[-1], 1.0):
        raise ValueError("the recorded states must not lie on a line: record more replicas, or start them at more places")
    axes = vectors[:, [-1, -2]].T @ apart if wide else vectors[:, [-1, -2]].T
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    scale = np.sqrt(len(origin))
    names = ("first principal component", "second principal component")
    return Plane(origin, axes * scale, axes / scale, names, "√N"), float(values[-2:].sum() / values.sum())


def _grid(shown: Array, points: int) -> tuple[Array, Array]:
    """Return x and y of a grid around what is to be shown."""
    low, high = shown.min(axis=0), shown.max(axis=0)
    margin = MARGIN * max(float((high - low).max()), 1e-6)
    x, y = (np.linspace(low[axis] - margin, high[axis] + margin, points) for axis in (0, 1))
    return x, y


def _edge(plane: Plane) -> Array:
    """Return the outline of what all states project to: the extreme state in each of many directions, going round."""
    angles = 2 * np.pi * (np.arange(EDGE_DIRECTIONS) + 0.5) / EDGE_DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return plane.project(np.where(directions @ plane.onto >= 0, 1, -1))


def _mean_energy(memory: Energetic, plane: Plane, at: Array, samples: int, rng: np.random.Generator) -> Array:
    """Average the energy over states drawn at each point; the same thresholds everywhere, evenly spread over the units."""
    n_units = len(plane.origin)
    thresholds = 2 * (rng.permuted(np.tile(np.arange(n_units), (samples, 1)), axis=1) + 0.5) / n_units - 1
    total = np.zeros(len(at))
    for block in np.array_split(np.arange(len(at)), len(at) * n_units // LARGEST_BLOCK + 1):
        means = plane.origin + at[block] @ plane.along
        for threshold in thresholds:
            total[block] += memory.energy(memory.init(np.where(means > threshold, 1, -1)))
    return total / samples


def _nearby_energy(at: Array, paths: Array, energies: Array, width: float) -> Array:
    """Average energies with Gaussian weights; NaN where the weights add up to less than half a state."""
    out = np.empty(len(at))
    for block in np.array_split(np.arange(len(at)), len(at) * len(paths) // LARGEST_BLOCK + 1):
        distance = (at[block, :1] - paths[:, 0]) ** 2 + (at[block, 1:] - paths[:, 1]) ** 2
        weight = np.exp(-distance / (2 * width**2))
        total = weight.sum(axis=1)
        out[block] = np.where(total < LEAST_WEIGHT, np.nan, weight @ energies / np.maximum(total, LEAST_WEIGHT))
    return out


def _attractors(states: Signs, energies: Array) -> tuple[Signs, Array, npt.NDArray[np.int64]]:
    """Return the different states in which replicas came to rest, the most frequent first, their energies and how many came there."""
    resting = (states[-1] == states[-2]).all(axis=-1) if len(states) > 1 else np.zeros(states.shape[1], bool)
    found, first, count = np.unique(states[-1][resting], axis=0, return_index=True, return_counts=True)
    order = np.lexsort((first, -count))
    return found[order], energies[-1][resting][first][order], count[order]


def _dataset(plane: Plane, x: Array, y: Array, height: Array, states: Signs, energies: Array, time: xr.DataArray) -> xr.Dataset:
    import xarray as xr

    unit = {"long_name": "energy per unit"}
    rest, rest_energy, count = _attractors(states, energies)
    coords: dict[str, Any] = {
        "x": ("x", x, {"long_name": plane.names[0], "units": plane.units}),
        "y": ("y", y, {"long_name": plane.names[1], "units": plane.units}),
        "time": ("time", time.values, time.attrs),
    }
    return xr.Dataset(
        {
            "energy": (("y", "x"), height, unit),
            "path": (("time", "replica", "axis"), plane.project(states)),
            "path_energy": (("time", "replica"), energies, unit),
            "attractor": (("attractor", "axis"), plane.project(rest).reshape(-1, 2)),
            "attractor_energy": ("attractor", rest_energy, unit),
            "attractor_count": ("attractor", count),
        },
        coords=coords,
    )
