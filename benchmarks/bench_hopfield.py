r"""Asynchronous recall: packed overlap form against the weight matrix.

Cues are stored patterns with 10 % of the units flipped; every side visits the units in random order, sweep after sweep, up to and
including a sweep without a flip. Building the matrix, packing the patterns and drawing the orders for numpy stay outside the
times; packing the cues and drawing our orders are inside.

*numpy* holds integer-valued float32 couplings :math:`N J_{ij}` (exact: every partial sum stays below :math:`2^{24}`), takes one BLAS
dot product per visit, and visits in our order, so every final state must be the same, unit for unit. It is raced twice: as one writes
it, ``W[i] @ s``, and tuned (a list of row views, one bound method, spins mirrored in a Python list), the fastest form found; the goal is
against the former.

*hopfieldnetwork* (float64 couplings) draws its own order; its final states must be fixed points of our network at the same overlap. Its
state is int8 by default; a float64 state spares it a conversion per visit, so that is raced too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import neurosim as ns
from benchmarks.harness import Contender, Mismatch, Race

Array = npt.NDArray[Any]
FLIPPED = 0.10
SEED = 1
MAX_SWEEPS = 500


class Final(NamedTuple):
    """Where a batch of cues ended: spins (cues, n_units) and the visits it took."""

    spins: Array
    visits: int


class Problem(NamedTuple):
    """Patterns, the network that stores them, and damaged copies of the first ones."""

    patterns: Array
    memory: ns.hopfield.DenseHopfield
    cues: Array


def problem(n_units: int, load: float, n_cues: int, seed: int = SEED) -> Problem:
    """Draw patterns and cues."""
    rng = np.random.default_rng(seed)
    patterns = ns.hopfield.random_patterns(round(load * n_units), n_units, rng=rng)
    targets = np.arange(n_cues) % len(patterns)
    return Problem(patterns, ns.hopfield.DenseHopfield(patterns), ns.hopfield.flip(patterns[targets], FLIPPED, rng=rng))


def target_overlaps(spins: Array, patterns: Array) -> Array:
    """Overlap of each final state with the pattern its cue was made from."""
    targets = patterns[np.arange(len(spins)) % len(patterns)]
    return np.einsum("cn,cn->c", spins, targets, dtype=np.float64) / spins.shape[1]


def ours(given: Problem) -> Final:
    """Recall in one compiled call."""
    state = given.memory.recall(given.cues, seed=SEED, sweeps=MAX_SWEEPS)
    return Final(given.memory.spins(state), int(state.settled_at.sum()) * given.memory.n_units)


def visiting_orders(n_cues: int, n_units: int, sweeps: int) -> list[list[list[int]]]:
    """Orders in which our kernel visits the units, (cue, sweep, visit)."""
    from neurosim import noise
    from neurosim.kernels.glauber import ORDER_STREAM
    from neurosim.kernels.noise import fill_permutation

    order, words = np.empty(n_units, np.int32), np.empty(-(-n_units // 4) * 4, np.uint32)
    orders: list[list[list[int]]] = []
    for seed in noise.spawn(SEED, n_cues):
        orders.append([])
        for sweep in range(sweeps):
            fill_permutation(order, words[:n_units], seed, np.uint64(sweep), ORDER_STREAM)
            orders[-1].append(order.tolist())
    return orders


def couplings(patterns: Array) -> Array:
    """N J_ij in float32, whole numbers, zero on the diagonal."""
    wide = patterns.astype(np.float32)
    matrix = wide.T @ wide
    np.fill_diagonal(matrix, 0.0)
    return matrix


def plain_recall_one(matrix: Array, cue: Array, orders: list[list[int]]) -> tuple[Array, int]:
    """Recall one cue the way one writes it; a zero field keeps the state."""
    state, visits = cue.astype(np.float32), 0
    for order in orders:
        flips = 0
        for unit in order:
            if (matrix[unit] @ state) * state[unit] < 0:
                state[unit] = -state[unit]
                flips += 1
        visits += len(order)
        if not flips:
            break
    return state, visits


def tuned_recall_one(rows: list[Array], cue: Array, orders: list[list[int]]) -> tuple[Array, int]:
    """Do the same with as little of Python as possible around the dot product."""
    state = cue.astype(np.float32)
    dot, up, visits = state.dot, (cue > 0).tolist(), 0
    for order in orders:
        flips = 0
        for unit in order:
            field = dot(rows[unit])
            if field < 0.0:
                if up[unit]:
                    up[unit], state[unit] = False, -1.0
                    flips += 1
            elif field > 0.0 and not up[unit]:
                up[unit], state[unit] = True, 1.0
                flips += 1
        visits += len(order)
        if not flips:
            break
    return state, visits


def numpy_recall(one: Callable[..., tuple[Array, int]], weights: Any, cues: Array, orders: list[list[list[int]]]) -> Final:
    """Recall cue after cue."""
    ended = [one(weights, cue, mine) for cue, mine in zip(cues, orders, strict=True)]
    return Final(np.array([state for state, _ in ended], np.int8), sum(visits for _, visits in ended))


def package_recall(network: Any, cues: Array, dtype: type) -> Final:
    """Recall cue after cue with the hopfieldnetwork package; its own loop ends after a sweep that changes nothing."""
    np.random.seed(SEED)  # noqa: NPY002 - the package draws its orders from the global generator
    states, sweeps = np.empty(cues.shape, np.int8), 0
    for index, cue in enumerate(cues):
        network.set_initial_neurons_state(cue.astype(dtype))
        network.update_neurons(0, "async", run_max=True)
        states[index] = network.S
        sweeps += network.t + 1
    return Final(states, sweeps * cues.shape[1])


def _package(patterns: Array) -> Any:
    """Train the package's network, or return None where it is not installed."""
    try:
        from hopfieldnetwork import HopfieldNetwork
    except ImportError:
        print("\nhopfieldnetwork is not installed: no race against it")
        return None
    network = HopfieldNetwork(N=patterns.shape[1])
    network.train_pattern(patterns.T)
    return network


def same_states(given: Problem, answers: list[Final]) -> str:
    """All final states are equal, unit for unit, after equally many visits."""
    first, *others = answers
    for other in others:
        if other.visits != first.visits or not np.array_equal(first.spins, other.spins):
            raise Mismatch(f"{np.count_nonzero(first.spins != other.spins)} units differ; visits {first.visits} and {other.visits}")
    mean = target_overlaps(first.spins, given.patterns).mean()
    return f"{len(first.spins)} final states identical, {first.visits:,} visits each, mean overlap {mean:.4f}"


def same_attractors(given: Problem, answers: list[Final]) -> str:
    """Every side retrieves every pattern, at the same mean overlap, and ends in fixed points of our network."""
    means = []
    for answer in answers:
        overlaps = target_overlaps(answer.spins, given.patterns)
        settled = given.memory.recall(answer.spins, seed=SEED, sweeps=1)
        if not settled.settled.all() or overlaps.min() < 0.9:
            raise Mismatch(f"{np.count_nonzero(~settled.settled)} states are no fixed points; smallest overlap {overlaps.min():.3f}")
        means.append(overlaps.mean())
    if max(means) - min(means) > 0.003:
        raise Mismatch(f"mean overlaps differ: {[round(float(mean), 4) for mean in means]}")
    return f"all patterns retrieved, all states fixed points, mean overlaps {', '.join(f'{mean:.4f}' for mean in means)}"


def _visits(answer: Final) -> float:
    return float(answer.visits)


def _ours(given: Problem, repeats: int) -> Contender:
    return Contender("neurosim", partial(ours, given), "integer, exact", repeats, _visits)


def against_numpy(n_units: int, load: float, n_cues: int, goal: float, repeats: int) -> Race:
    """Race against the weight matrix in numpy."""
    given = problem(n_units, load, n_cues)
    sweeps = int(given.memory.recall(given.cues, seed=SEED, sweeps=MAX_SWEEPS).settled_at.max())
    matrix, orders = couplings(given.patterns), visiting_orders(n_cues, n_units, sweeps)
    peers = [
        Contender(name, partial(numpy_recall, one, weights, given.cues, orders), "float32, exact here", 1, _visits)
        for name, one, weights in (("numpy W[i] @ s", plain_recall_one, matrix), ("numpy, tuned loop", tuned_recall_one, list(matrix)))
    ]
    return Race(
        f"asynchronous recall, N = {n_units:,}, load {load:g}, {n_cues} cues, 1 thread", [_ours(given, repeats), *peers],
        partial(same_states, given), "visit", {peers[0].name: goal}, batch=(n_cues, "cue"),
    )  # fmt: skip


def against_package(n_units: int, load: float, n_cues: int, goal: float, repeats: int) -> Race | None:
    """Race against the hopfieldnetwork package."""
    given = problem(n_units, load, n_cues)
    network = _package(given.patterns)
    if network is None:
        return None
    sides = [
        Contender(f"hopfieldnetwork, {dtype.__name__} state", partial(package_recall, network, given.cues, dtype), "float64", 1, _visits)
        for dtype in (np.int8, np.float64)
    ]
    return Race(
        f"asynchronous recall, N = {n_units:,}, load {load:g}, {n_cues} cues, against a package, 1 thread", [_ours(given, repeats), *sides],
        partial(same_attractors, given), "visit", {sides[0].name: goal}, batch=(n_cues, "cue"),
    )  # fmt: skip


def capacity_points(n_units: int, loads: Array, n_cues: int) -> list[Problem]:
    """Draw patterns and cues for every load."""
    return [problem(n_units, float(load), n_cues, seed=index) for index, load in enumerate(loads)]


def capacity_curve(given: list[Problem]) -> Array:
    """Recall every cue of every load: mean overlap with the target, shape (loads,)."""
    return np.array([target_overlaps(ours(point).spins, point.patterns).mean() for point in given])


def follows_theory(loads: Array, answers: list[Array]) -> str:
    """All curves are equal, and lie on the theory where it holds at this size."""
    first, *others = answers
    if any(not np.array_equal(first, other) for other in others):
        raise Mismatch("capacity curves differ")
    low = loads <= 0.105
    gap = np.abs(first - ns.hopfield.theory.overlap(loads))[low].max() if low.any() else 0.0
    if gap > 0.004:
        raise Mismatch(f"the curve lies {gap:.4f} off the theory at low load")
    return f"curves identical, at most {gap:.4f} off the theory up to load 0.10, overlap {first[-1]:.2f} at load {loads[-1]:.2f}"


def capacity_sweep(n_units: int, loads: Array, n_cues: int, goal: float) -> Race:
    """Time the capacity sweep: everything, and the recall alone."""
    drawn = capacity_points(n_units, loads, n_cues)
    sides = [
        Contender(
            "with patterns and cues", lambda: capacity_curve(capacity_points(n_units, loads, n_cues)), "integer, exact", at_most=goal
        ),
        Contender("recall and overlaps alone", lambda: capacity_curve(drawn), "integer, exact", at_most=goal),
    ]
    title = f"capacity sweep, N = {n_units:,}, {len(loads)} loads x {n_cues} cues, 1 thread"
    return Race(title, sides, partial(follows_theory, loads), "sweep")


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races, each built when its turn comes (the large matrix lives for one race only)."""
    if tiny:
        entries = [against_numpy(300, 0.05, 2, 120.0, 1), against_package(300, 0.05, 2, 250.0, 1)]
        yield from (entry for entry in entries if entry is not None)
        yield capacity_sweep(400, np.array([0.02, 0.30]), 4, 2.0)
        return
    yield against_numpy(2_000, 0.10, 20, 120.0, 20)
    if (entry := against_package(2_000, 0.10, 10, 250.0, 20)) is not None:
        yield entry
    del entry
    yield against_numpy(10_000, 0.138, 2, 70.0, 10)
    yield capacity_sweep(2_000, np.linspace(0.05, 0.20, 16), 100, 2.0)
