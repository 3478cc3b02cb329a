r"""Kuramoto oscillators: the mean field, sparse and dense graphs and delays, against NumPy, SciPy and two packages.

All sides compute in float64. Contenders take the same steps of the classical scheme of fourth order, from the same phases, and must end at
the same phases; a time is that of one stage, one right-hand side and what the scheme does with it. Where a title says *right-hand side*, it
is that alone, from phases to rates. A call goes on where the last one ended; making networks and matrices stays outside the times.

*NumPy and SciPy* take one sine and one cosine for each oscillator, the fast form. The textbook's form with a complex exponential, and one
sine for each edge, are raced too, the latter twice: with ``bincount``, and tuned, with ``add.reduceat``, which cannot do with an oscillator
that no edge reaches; the goal is against the former. *kuramoto* takes one sine for each pair; it divides the coupling by the number of
edges that come in, which is made up for. *jitcode* generates and compiles a C program (once, not timed) whose right-hand side is stepped in
NumPy, as ours is; its own integrator, which chooses its steps, is raced as its users call it, with tolerances that make it as exact as our
steps.

*Delays* are raced against no delay; all sides are checked against a slow model in NumPy. The sweep over couplings is measured at a part of
its points, named in the title, and scaled.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import neurosim as ns
from benchmarks.harness import Contender, Mismatch, Race
from benchmarks.peers import oscillators as peers
from benchmarks.peers.oscillators import Problem, Steps, problem

Array = npt.NDArray[Any]
DT = 0.05
STAGES = {"rk4": 4, "heun": 2}
DELAY = 5
"""Ticks of the common delay, and the mean of the delays of edges."""


class Own:
    """Our side: a network and its state, which goes on with each call."""

    def __init__(self, given: Problem, graph: Any = None, **more: Any) -> None:
        more = {"method": "rk4", "dt": DT, **more}
        self.model = ns.Kuramoto(given.frequencies, given.coupling, graph=given.graph if graph is None else graph, **more)
        self.state = self.model.init(given.phases)

    def steps(self, ticks: int) -> Array:
        """Make steps; return the phases."""
        self.model.step(self.state, ticks)
        return self.state.phases

    def side(self) -> Array:
        """Return the right-hand side."""
        return self.model.force(self.state)


def stages(ticks: int, method: str = "rk4") -> Any:
    """Count the stages in an answer."""
    return lambda answer: float(STAGES[method] * ticks)


def same_numbers(what: str, allowed: float, answers: list[Array]) -> str:
    """All sides agree with the first within an absolute error."""
    first, *others = answers
    far = max(float(np.abs(first - other).max()) for other in others)
    if not far <= allowed:
        raise Mismatch(f"{what} differ by up to {far:.2g}, more than {allowed:g}")
    return f"{first.size:,} {what}, at most {far:.1g} apart"


def race_steps(title: str, given: Problem, sides: dict[str, peers.RightHandSide], ticks: int, goals: dict[str, float], own: int) -> Race:
    """Race steps; ours makes `own` times as many in a round."""
    contenders = [Contender("neurosim", partial(Own(given).steps, ticks), "float64", own, stages(ticks))]
    contenders += [
        Contender(name, partial(Steps(side, given.phases, DT).rk4, ticks), "float64", 1, stages(ticks)) for name, side in sides.items()
    ]
    batch = None if given.graph is None else (4 * ticks * given.n_edges, "edge")
    batch = (4 * ticks * given.n, "oscillator") if batch is None else batch
    return Race(f"{title}, steps of RK4, 1 thread", contenders, partial(same_numbers, "phases", 1e-9), "stage", goals, batch=batch)


def mean_field(n: int, ticks: int, goal: float | None, own: int) -> Race:
    """Race all with all."""
    given = problem(n)
    sides = {"numpy, sine and cosine": peers.mean_field(given), "numpy, complex exponential": peers.mean_field_by_order(given)}
    goals = {} if goal is None else {"numpy, sine and cosine": goal}
    return race_steps(f"mean field, N = {n:,}", given, sides, ticks, goals, own)


def sparse_graph(n: int, degree: int, ticks: int, goals: dict[str, float], own: int) -> Race:
    """Race a sparse graph without weights."""
    given = problem(n, degree)
    sides = {"scipy, two products": peers.two_products(given), "scipy, one product, two columns": peers.one_product(given)}
    if "numpy, one sine per edge" in goals:
        sides["numpy, one sine per edge"] = peers.sine_per_edge(given)
        sides["numpy, one sine per edge, tuned"] = peers.sine_per_edge_in_rows(given)
    return race_steps(f"sparse graph, N = {n:,}, degree {degree}, {given.n_edges:,} edges", given, sides, ticks, goals, own)


def dense_graph(n: int, goal: float, own: int) -> Race:
    """Race the right-hand side of half of all pairs."""
    given = problem(n, n // 2)
    assert given.graph is not None
    matrix = given.graph.toarray()
    sides = {"numpy, two products": peers.two_products(given, matrix), "kuramoto": peers.kuramoto_package(given)}
    contenders = [Contender("neurosim", Own(given, matrix).side, "float64", own)]
    contenders += [Contender(name, partial(side, given.phases), "float64") for name, side in sides.items() if side is not None]
    title = f"right-hand side, dense graph without weights, N = {n:,}, {given.n_edges:,} edges, 1 thread"
    return Race(title, contenders, partial(same_numbers, "rates", 1e-10), "call", {"kuramoto": goal}, batch=(n, "oscillator"))


def compiled(n: int, degree: int, ticks: int, goal: float, own: int) -> Race | None:
    """Race a C program of the same graph."""
    given = problem(n, degree)
    package = peers.jitcode_package(given)
    if package is None:
        return None
    steps = Steps(package.side, given.phases, DT)
    contenders = [
        Contender("neurosim", partial(Own(given).steps, ticks), "float64", own, stages(ticks)),
        Contender("jitcode, the same steps", partial(steps.rk4, ticks), "float64", 1, stages(ticks)),
        Contender("jitcode, dopri5", partial(package.integrate, DT * ticks, 1e-7), "float64", 1, stages(ticks)),
    ]
    title = f"sparse graph, N = {n:,}, degree {degree}, {given.n_edges:,} edges, against C programs, steps of RK4, 1 thread"
    same = partial(same_numbers, "phases", 1e-5)
    return Race(title, contenders, same, "stage", {"jitcode, the same steps": goal}, batch=(4 * ticks * given.n_edges, "edge"))


def same_as_slow(given: Problem, delays: list[Array], ticks: int, answers: list[Array]) -> str:
    """Every side agrees with the slow model of its delays."""
    far = [float(np.abs(answer - peers.heun_with_delays(given, own, ticks, DT)).max()) for answer, own in zip(answers, delays, strict=True)]
    if not max(far) <= 1e-9:
        raise Mismatch(f"phases differ from those of the slow model by up to {max(far):.2g}")
    return f"each side is at most {max(far):.1g} from a slow model in NumPy with its delays"


def delays(n: int, degree: int, ticks: int, own: int) -> Race:
    """Race one delay, and a delay of each edge, against none; a ratio of at least a half means at most twice the time."""
    given = problem(n, degree)
    drawn = np.random.default_rng(2).integers(1, 2 * DELAY, size=given.n_edges)
    kinds = {"one delay": np.full(given.n_edges, DELAY), "no delay": np.zeros_like(drawn), "a delay for each edge": drawn}
    given_delays = {"one delay": DELAY * DT, "no delay": 0.0, "a delay for each edge": DT * drawn}
    contenders = [
        Contender(name, partial(Own(given, method="heun", delay=delay).steps, ticks), "float64", own, stages(ticks, "heun"))
        for name, delay in given_delays.items()
    ]
    title = f"delays, sparse graph, N = {n:,}, degree {degree}, {given.n_edges:,} edges, steps of Heun, 1 thread"
    same = partial(same_as_slow, given, list(kinds.values()), ticks)
    return Race(title, contenders, same, "stage", {"no delay": 0.5}, batch=(2 * ticks * given.n_edges, "edge"))


def order_of(coupling: float, seed: int, n: int, steps: int, method: str) -> float:
    """Return r of a network of random normal frequencies, averaged over the second half of a run, at whole times."""
    model = ns.Kuramoto(ns.oscillators.gaussian(n, rng=np.random.default_rng(seed)), coupling, method=method, dt=DT)
    state = model.init(seed=seed)
    model.step(state, steps // 2)

    def order(state: ns.oscillators.KuramotoState) -> float:
        return abs(model.order(state))

    run = ns.simulate(model, state, steps=steps - steps // 2, record={"r": ns.Trace(order, every=20)})
    return float(run.r.mean())


def curve(points: list[tuple[float, int]], n: int, steps: int, method: str) -> Array:
    """Return r at each point."""
    return np.array([order_of(coupling, seed, n, steps, method) for coupling, seed in points])


def same_curves(couplings: Array, n: int, answers: list[Array]) -> str:
    """Both schemes give the same r where order is, and theory's within ten times the scatter of draws."""
    expected = np.array([ns.oscillators.theory.gaussian_order(coupling) for coupling in couplings])
    allowed = 10 / np.sqrt(n)
    far = max(float(np.abs(answer - expected).max()) for answer in answers)
    if not far <= allowed:
        raise Mismatch(f"r is up to {far:.3f} from theory, more than {allowed:.3f}")
    return f"r at most {far:.3f} from theory; schemes at most {np.abs(answers[0] - answers[1]).max():.1g} apart"


def order_curve(n: int, steps: int, points: list[tuple[float, int]], total: int) -> Race:
    """Time r(K) at some points, scaled to all of them."""
    part = len(points) / total
    contenders = [
        Contender(name, partial(curve, points, n, steps, method), "float64", 1, lambda answer: part, at_most=goal)
        for name, method, goal in (("RK4", "rk4", 100.0), ("Heun", "heun", 50.0))
    ]
    title = f"r(K), 40 couplings x 20 seeds, N = {n:,}, {steps:,} steps: {len(points)} of {total} points measured and scaled, 1 thread"
    return Race(title, contenders, partial(same_curves, np.array([coupling for coupling, _ in points]), n), "sweep")


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races, each built when its turn comes."""
    numpy_goals = {"scipy, two products": 2.5, "numpy, one sine per edge": 8.0}
    if tiny:
        yield mean_field(500, 2, 20.0, 1)
        yield sparse_graph(300, 3, 2, numpy_goals, 1)
        yield dense_graph(60, 100.0, 1)
        if (entry := compiled(10, 3, 4, 4.0, 1)) is not None:
            yield entry
        yield delays(300, 3, 4, 1)
        yield order_curve(200, 400, [(3.0, 1)], 1)
        return
    yield mean_field(1_000, 1_000, None, 10)
    yield mean_field(100_000, 5, 20.0, 10)
    yield sparse_graph(100_000, 10, 5, numpy_goals, 4)
    yield sparse_graph(100_000, 100, 2, {"scipy, two products": 2.0}, 2)
    yield dense_graph(2_000, 100.0, 50)
    if (entry := compiled(1_000, 10, 100, 4.0, 4)) is not None:
        yield entry
        del entry
    yield delays(100_000, 10, 20, 1)
    yield order_curve(10_000, 2_000, [(coupling, seed) for seed, coupling in enumerate((0.5, 1.2, 2.0, 2.4, 2.8, 3.2, 3.6, 4.0))], 800)
