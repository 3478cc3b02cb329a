"""Kuramoto's model in NumPy, in SciPy and in two packages that its users know: ``kuramoto`` and ``jitcode``.

A right-hand side is a function of phases (n,) that returns their rates (n,). ``graph[i, j]`` is the strength of the edge j -> i here; the
packages are given what they want.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[Any]
RightHandSide = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Problem:
    """Frequencies, phases to begin with, a coupling and a graph without weights (None: the mean field)."""

    frequencies: Array
    phases: Array
    coupling: float
    graph: sparse.csr_array | None = None

    @property
    def n(self) -> int:
        """Oscillators."""
        return self.phases.size

    @property
    def n_edges(self) -> int:
        """Edges; of the mean field, all pairs."""
        return self.n**2 if self.graph is None else int(self.graph.nnz)


def problem(n: int, degree: int | None = None, coupling: float = 2.0, seed: int = 1) -> Problem:
    """Draw normal frequencies, phases anywhere, and `degree` sources for each oscillator; no degree, no graph.

    The coupling is that of the mean field: it is divided by the degree. Sources drawn twice count once where the graph is large; a
    degree of more than a hundredth of n is met exactly.
    """
    rng = np.random.default_rng(seed)
    frequencies, phases = rng.standard_normal(n), rng.uniform(0.0, 2 * np.pi, n)
    if degree is None:
        return Problem(frequencies, phases, coupling)
    exact = 100 * degree > n
    sources = np.stack([rng.permutation(n)[:degree] for _ in range(n)]) if exact else rng.integers(n, size=(n, degree))
    graph = sparse.csr_array((np.ones(n * degree), (np.repeat(np.arange(n), degree), sources.ravel())), shape=(n, n))
    graph.sum_duplicates()
    graph.data[:] = 1.0
    return Problem(frequencies, phases, coupling / degree, graph)


class Steps:
    """Steps of fixed length with a right-hand side; goes on where the last call ended, as a state does."""

    def __init__(self, side: RightHandSide, phases: Array, dt: float) -> None:
        self.side, self.phases, self.dt = side, phases.copy(), dt

    def rk4(self, ticks: int) -> Array:
        """Make steps of the classical scheme of fourth order."""
        side, theta, dt = self.side, self.phases, self.dt
        for _ in range(ticks):
            first = side(theta)
            second = side(theta + 0.5 * dt * first)
            third = side(theta + 0.5 * dt * second)
            fourth = side(theta + dt * third)
            theta = theta + dt / 6.0 * (first + 2.0 * second + 2.0 * third + fourth)
        self.phases = theta
        return theta


# --- NumPy and SciPy ----------------------------------------------------------------------------------------------------------


def mean_field(given: Problem) -> RightHandSide:
    """One sine and one cosine of each oscillator."""
    omega, coupling = given.frequencies, given.coupling

    def side(theta: Array) -> Array:
        sine, cosine = np.sin(theta), np.cos(theta)
        return omega + coupling * (sine.mean() * cosine - cosine.mean() * sine)

    return side


def mean_field_by_order(given: Problem) -> RightHandSide:
    """The form in textbooks: order parameter by a complex exponential, then a sine."""
    omega, coupling = given.frequencies, given.coupling

    def side(theta: Array) -> Array:
        z = np.exp(1j * theta).mean()
        return omega + coupling * np.abs(z) * np.sin(np.angle(z) - theta)

    return side


def two_products(given: Problem, matrix: Any = None) -> RightHandSide:
    """Two products with the matrix of the graph, the sparse one by default."""
    omega, coupling, rows = given.frequencies, given.coupling, given.graph if matrix is None else matrix

    def side(theta: Array) -> Array:
        sine, cosine = np.sin(theta), np.cos(theta)
        return omega + coupling * (rows @ sine * cosine - rows @ cosine * sine)

    return side


def one_product(given: Problem) -> RightHandSide:
    """One product of the sparse matrix with sines and cosines side by side."""
    omega, coupling, rows = given.frequencies, given.coupling, given.graph
    assert rows is not None

    def side(theta: Array) -> Array:
        waves = np.stack([np.sin(theta), np.cos(theta)], axis=1)
        sums = rows @ waves
        return omega + coupling * (sums[:, 0] * waves[:, 1] - sums[:, 1] * waves[:, 0])

    return side


def sine_per_edge(given: Problem) -> RightHandSide:
    """One sine for each edge, counted to its target."""
    rows = given.graph
    assert rows is not None
    omega, coupling, sources = given.frequencies, given.coupling, rows.indices
    targets = np.repeat(np.arange(given.n), np.diff(rows.indptr))

    def side(theta: Array) -> Array:
        return omega + coupling * np.bincount(targets, np.sin(theta[sources] - theta[targets]), theta.size)

    return side


def sine_per_edge_in_rows(given: Problem) -> RightHandSide:
    """One sine for each edge, added up row by row; for graphs in which every oscillator has an edge that comes in."""
    rows = given.graph
    assert rows is not None
    omega, coupling, sources, starts = given.frequencies, given.coupling, rows.indices, rows.indptr[:-1]
    targets = np.repeat(np.arange(given.n), np.diff(rows.indptr))

    def side(theta: Array) -> Array:
        return omega + coupling * np.add.reduceat(np.sin(theta[sources] - theta[targets]), starts)

    return side


def heun_with_delays(given: Problem, delays: Array, ticks: int, dt: float) -> Array:
    """Make steps of Heun's scheme, slowly, edge by edge, with a delay of whole ticks for each edge; 0 stands for no delay at all.

    Before the start oscillators have turned at their natural frequencies. What arrives in the second stage of a step is what arrives
    in the first of the next.
    """
    rows = given.graph
    assert rows is not None
    targets = np.repeat(np.arange(given.n), np.diff(rows.indptr))
    longest = int(delays.max(initial=0))
    past = [given.phases + given.frequencies * dt * tick for tick in range(-longest, 1)]

    def side(theta: Array, tick: int) -> Array:
        known = np.stack([*past, theta]) if len(past) == longest + tick else np.stack(past)
        came = known[longest + tick - delays, rows.indices]
        return given.frequencies + given.coupling * np.bincount(targets, np.sin(came - theta[targets]), given.n)

    for tick in range(ticks):
        first = side(past[-1], tick)
        trial = past[-1] + dt * first
        past.append(past[-1] + 0.5 * dt * (first + side(trial, tick + 1)))
    return past[-1]


# --- packages -----------------------------------------------------------------------------------------------------------------


def kuramoto_package(given: Problem) -> RightHandSide | None:
    """Return the derivative of the package ``kuramoto``, as its own integrator calls it; None where it is not installed.

    It divides the coupling by the number of edges that come in, and wants the matrix the other way round.
    """
    try:
        from kuramoto import Kuramoto
    except ImportError:
        print("\nkuramoto is not installed: no race against it")
        return None
    assert given.graph is not None
    adjacency = given.graph.toarray().T.copy()
    degrees = (adjacency != 0).sum(axis=0)
    own = Kuramoto(natfreqs=given.frequencies)
    shared = given.coupling * degrees / np.maximum(degrees, 1)  # what it divides by is put in
    return lambda theta: own.derivative(theta, 0.0, adjacency, shared)


class Jitcode:
    """A network as a program in C, made and compiled by ``jitcode`` with its own flags (-O3, -ffast-math and -march=native among them)."""

    def __init__(self, given: Problem) -> None:
        from jitcode import jitcode, y
        from symengine import sin

        rows = given.graph
        assert rows is not None
        starts, sources = list(map(int, rows.indptr)), list(map(int, rows.indices))

        def equations() -> Any:
            for unit, omega in enumerate(given.frequencies.tolist()):
                came = sources[starts[unit] : starts[unit + 1]]
                yield omega + given.coupling * sum(sin(y(source) - y(unit)) for source in came)

        self._program: Any = jitcode(equations, n=given.n, verbose=False)
        self._program.compile_C()
        self._phases, self._time = given.phases, 0.0
        self.side: RightHandSide = partial(self._program.f, 0.0)

    def integrate(self, duration: float, tolerance: float) -> Array:
        """Let its own integrator, dopri5, run on for a time."""
        if not self._time:
            self._program.set_integrator("dopri5", rtol=tolerance, atol=tolerance)
            self._program.set_initial_value(self._phases, 0.0)
        self._time += duration
        return np.array(self._program.integrate(self._time))


def jitcode_package(given: Problem) -> Jitcode | None:
    """Compile a network with ``jitcode``; None, with the reason, where that cannot be done."""
    if find_spec("jitcode") is None:
        print("\njitcode is not installed: no race against it")
        return None
    if shutil.which(_compiler()) is None:
        print(f"\nno C compiler ({_compiler()}): no race against jitcode")
        return None
    return Jitcode(given)


def _compiler() -> str:
    """Name the C compiler that extension modules are built with."""
    return (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
