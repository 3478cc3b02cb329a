r"""Sparse codes: segments, spatial pooler and temporal memory against htm.core and SciPy, and what Sparsey takes to store an item.

*htm.core* runs as a program of its own (:mod:`benchmarks.peers.htm` says how to build and name it); where there is none, its rows are left
out. It starts from our synapses and permanences, so that both sides must give the same answers: all counts of segments, all winning columns
of the spatial pooler over all learning steps, all active cells of the temporal memory. Where new segments choose cells and synapses at
random, what both sides must agree in is how much of each input was predicted, how many cells were active, and how many segments and
synapses there are. htm.core measures its own calls, without what goes through the pipe; ours include Python's part of a step.

*SciPy* multiplies the sparse matrix of synapses with the vector of active cells, once with the dense vector, once with the sparse one,
which touches only synapses of active cells and is the quicker one as long as these fit into the caches; the goal is against the former.

*Temporal memory*: a cycle of 1,958 random codes of 40 columns, learned until all is predicted, makes 78,400 segments of 20 synapses. Then
the cycle goes on (40 cells active in a step), or random codes come that were never seen (all cells of 40 columns active, and 40 new
segments in a step). Both sides go on from where they were. The stream of ``experiments.sequence_memory`` is read from nothing, by a new
memory each time; there both sides draw cells and synapses of their own, and must predict nearly the same.

*Sparsey*: the time to store one more item, at random, in one mac that holds some already; the mac is the same. Its time must not grow.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Contender, Mismatch, Race, clocked
from benchmarks.peers import htm
from benchmarks.peers.htm import Htm
from experiments import sequence_memory
from neurosim import sdr
from neurosim.sdr.selection_rules import Expansivity

Array = npt.NDArray[Any]
FULL = 32_767
"""Our permanence 1."""
COPIES = 5
"""Macs that store the same items in one run: one alone would be done too soon to be timed well."""


class Timed(NamedTuple):
    """An answer that knows what it took."""

    cpu: float
    wall: float
    found: Any


def taken(answer: Timed) -> tuple[float, float]:
    """Read CPU and wall seconds off an answer."""
    return answer.cpu, answer.wall


def timed(work: Callable[[], Any], answer: Callable[[], Any]) -> Timed:
    """Do some work under the clock, and then ask for the answer."""
    return Timed(*clocked(work), answer())


def fixed(*fractions: float) -> tuple[int, ...]:
    """Return permanences as whole numbers."""
    return tuple(round(FULL * fraction) for fraction in fractions)


def same_arrays(what: str, answers: list[Timed]) -> str:
    """All sides give the same numbers."""
    first, *others = [answer.found for answer in answers]
    for other in others:
        if not np.array_equal(first, other):
            differing = np.count_nonzero(first != other) if np.shape(first) == np.shape(other) else "lengths"
            raise Mismatch(f"{what}: {differing} differ")
    return f"{np.size(first):,} {what}" if others else "there is no other side"


# --- segments -------------------------------------------------------------------------------------------------------------------


class Synapses:
    """Random synapses on segments, and random codes that they see; each side counts for all codes, and answers with the last counts."""

    def __init__(self, n_segments: int, width: int = 32, n_cells: int = 65_536, active: int = 1_311, n_codes: int = 16) -> None:
        rng = np.random.default_rng(6)
        self.codes = sdr.random_codes(n_codes, n_cells, active, rng=rng)
        self.synapses = sdr.random_codes(n_segments, n_cells, width, rng=rng)
        self.n_segments, self.width, self.n_cells = n_segments, width, n_cells

    def ours(self) -> Callable[[], Array]:
        """Count along lists by cell."""
        segments = sdr.Segments(self.synapses, self.n_cells, threshold=min(13, self.width))
        codes = list(self.codes)

        def run() -> Array:
            counts: Any = None
            for code in codes:
                counts = segments.counts(code)
            return counts

        return run

    def scipy(self, sparse: bool) -> Callable[[], Array]:
        """Multiply with the matrix of synapses, stored by segments, or by cells for sparse vectors."""
        from scipy.sparse import csc_array, csr_array

        shape, ones = (self.n_segments, self.n_cells), np.ones(self.synapses.indices.size, np.float32)
        matrix: Any = csr_array((ones, self.synapses.indices, self.synapses.starts.astype(np.int32)), shape=shape)
        vectors: list[Any] = [code.dense().astype(np.float32) for code in self.codes]
        if sparse:
            matrix, vectors = matrix.tocsc(), [csc_array(vector[:, None]) for vector in vectors]

        def run() -> Array:
            product: Any = None
            for vector in vectors:
                product = matrix @ vector
            return product.toarray()[:, 0] if sparse else product

        return run

    def peer(self, program: Htm) -> Callable[[], Timed]:
        """Let htm.core count."""
        program.codes(self.codes)
        program.order(f"segments {self.n_cells} {self.n_segments} {self.width}", self.synapses.indices)
        return lambda: Timed(*program.order(f"activity 0 {len(self.codes)}"))


def segments(n_segments: int, program: Htm | None, goals: dict[str, float], **sizes: int) -> Race:
    """Race the counting of synapses on active cells."""
    given = Synapses(n_segments, **sizes)
    names = "neurosim", "htm.core computeActivity", "scipy.sparse, dense vector", "scipy.sparse, sparse vector"
    runs: list[Callable[[], Any]] = [given.ours(), given.scipy(False), given.scipy(True)]
    sides = [Contender(names[0], partial(whole, runs[0]), "counts in bytes", taken=taken, work=per_code(given))]
    if program is not None:
        sides += [Contender(names[1], given.peer(program), "16 bits", taken=taken, work=per_code(given))]
    sides += [
        Contender(name, partial(whole, run), "float32", taken=taken, work=per_code(given))
        for name, run in zip(names[2:], runs[1:], strict=True)
    ]
    seen = f"{len(given.codes[0]):,} of {given.n_cells:,} cells active"
    title = f"activity of {n_segments:,} segments of {given.width} synapses, {seen}, 1 thread"
    return Race(title, sides, partial(same_arrays, "counts identical"), "code", goals)


def whole(run: Callable[[], Any]) -> Timed:
    """Time a run as it is."""
    found: list[Any] = []
    return timed(lambda: found.append(run()), lambda: found[0])


def per_code(given: Synapses) -> Callable[[Any], float]:
    """Count the codes of an answer."""
    return lambda answer: float(len(given.codes))


# --- spatial pooler -------------------------------------------------------------------------------------------------------------


class Pooling:
    """A spatial pooler of ours, its copy in htm.core, and random inputs for both."""

    def __init__(self, inputs: int, columns: int, reach: float, steps: int, learn: bool, n_codes: int = 1_000) -> None:
        self.pooler = sdr.SpatialPooler(inputs, columns, potential_fraction=reach, density=0.02)
        self.state = self.pooler.init(seed=4)
        self.codes = sdr.random_codes(n_codes, inputs, inputs // 20, rng=np.random.default_rng(5))
        self.steps, self.learn = steps, learn

    def ours(self) -> Timed:
        """Take the next steps; answer with all winners."""
        first, winners = self.state.tick, []
        codes = [self.codes[tick % len(self.codes)] for tick in range(first, first + self.steps)]

        def steps() -> None:
            for code in codes:
                winners.append(self.pooler.compute(self.state, code, learn=self.learn))

        return timed(steps, lambda: np.concatenate([code.indices for code in winners]))

    def peer(self, program: Htm) -> Callable[[], Timed]:
        """Give htm.core our permanences, before the first step."""
        columns, places = np.nonzero(self.state.permanences >= 0)
        permanences = self.state.permanences[columns, places]
        inputs = self.state.reach[columns, places] if self.state.reach.size else places
        starts = np.searchsorted(columns, np.arange(self.pooler.n_columns + 1))
        steps = " ".join(map(str, fixed(self.pooler.connected, self.pooler.increment, self.pooler.decrement)))
        sizes = f"{self.pooler.n_inputs} {self.pooler.n_columns} {self.pooler.places} {len(inputs)}"
        program.codes(self.codes)
        program.order(f"pooler {sizes} {steps}", inputs, permanences, starts)
        done = [0]

        def run() -> Timed:
            done[0] += self.steps
            return Timed(*program.order(f"pool {done[0] - self.steps} {self.steps} {int(self.learn)}"))

        return run


def pooling(
    inputs: int, columns: int, program: Htm | None, learn: bool, steps: int, at_most: float | None = None, reach: float = 0.5
) -> Race:
    """Race steps of the spatial pooler."""
    given = Pooling(inputs, columns, reach, steps, learn)
    per_step = lambda answer: float(steps)  # noqa: E731
    sides = [Contender("neurosim", given.ours, "int16", taken=taken, work=per_step, at_most=at_most)]
    if program is not None:
        sides += [Contender("htm.core", given.peer(program), "float32, exact here", taken=taken, work=per_step)]
    does = "learning" if learn else "without learning"
    title = f"spatial pooler, {columns:,} columns, {inputs:,} inputs ({reach:.0%} of them in reach, 5 % active), 2 % win, {does}, 1 thread"
    return Race(title, sides, partial(same_arrays, f"winners identical over {steps} steps"), "step")


# --- temporal memory ------------------------------------------------------------------------------------------------------------


class Remembering:
    """A temporal memory that has learned a cycle of codes, and its copy in htm.core; both read the cycle on, or codes never seen."""

    def __init__(self, columns: int, cells: int, n_codes: int, active: int, steps: int, known: bool, rounds: int = 10) -> None:
        rng = np.random.default_rng(7)
        self.cycle = sdr.random_codes(n_codes, columns, active, rng=rng)
        self.codes = self.cycle if known else sdr.random_codes(40 * steps, columns, active, rng=rng)
        self.memory = sdr.TemporalMemory(columns, cells)
        self.state, self.steps, self.known, self.done = self.memory.init(seed=8), steps, known, 0
        for code in list(self.cycle) * rounds:
            self.memory.compute(self.state, code)
        self.memory.reset(self.state)

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of segments and of synapses."""
        return self.memory.n_segments(self.state), self.memory.n_synapses(self.state)

    def next_codes(self) -> list[sdr.Code]:
        """Return the codes of the next steps."""
        first, self.done = self.done, self.done + self.steps
        return [self.codes[k % len(self.codes)] for k in range(first, first + self.steps)]

    def ours(self) -> Timed:
        """Take the next steps."""
        codes, cells, anomalies = self.next_codes(), [], []

        def steps() -> None:
            for code in codes:
                cells.append(self.memory.compute(self.state, code))
                anomalies.append(self.state.anomaly)

        def answer() -> Array:
            came = [round((1 - anomaly) * len(code)) for anomaly, code in zip(anomalies, codes, strict=True)]
            expected = self.memory.predicted_columns(self.state).indices
            return self.told(np.column_stack([came, [len(active) for active in cells]]), cells[-1].indices, expected, self.sizes)

        return timed(steps, answer)

    def told(self, steps: Array, cells: Array, expected: Array, sizes: Any) -> Array:
        """Join what sides must agree in: columns predicted and cells active in each step, the last cells where nothing is drawn, sizes."""
        return np.concatenate([steps.ravel(), cells if self.known else [], expected, sizes]).astype(np.int64)

    def peer(self, program: Htm) -> Callable[[], Timed]:
        """Give htm.core our segments, before the first step."""
        program.codes(self.codes)
        program.order(wiring(self.memory, *self.sizes), *self._tables())
        done = [0]

        def run() -> Timed:
            done[0] += self.steps
            cpu, wall, pairs = program.order(f"remember {done[0] - self.steps} {self.steps} 1")
            asked = done[0] == self.steps  # only where answers are compared: asking takes work off the next step
            expected = program.order("expected").found if asked else np.zeros(0, np.int32)
            return Timed(cpu, wall, self.told(pairs, program.order("cells").found, expected, program.order("size").found))

        return run

    def _tables(self) -> list[Array]:
        """Return the cells that segments belong to, presynaptic cells, permanences and where each segment starts."""
        from neurosim.kernels._synapses import CELL, LENGTH, START

        tables = self.state.tables
        rows = tables["segments"][tables["segments"][:, LENGTH] > 0]
        places = np.concatenate([np.arange(start, start + length) for start, length in rows[:, [START, LENGTH]]])
        return [rows[:, CELL], tables["cells"][places], tables["permanences"][places], np.cumsum([0, *rows[:, LENGTH]])]


def wiring(memory: sdr.TemporalMemory, n_segments: int, n_synapses: int) -> str:
    """Write the order to htm.core to make a memory like ours."""
    numbers = memory.columns, memory.cells, memory.activation_threshold, memory.min_threshold, memory.max_new
    steps = fixed(memory.initial, memory.connected, memory.increment, memory.decrement, memory.punishment)
    return " ".join(map(str, ["memory", *numbers, *steps, n_segments, n_synapses]))


def remembering(program: Htm | None, known: bool, steps: int, goals: dict[str, float], at_most: float | None, **sizes: int) -> Race:
    """Race steps of the temporal memory."""
    given = Remembering(steps=steps, known=known, **sizes)
    per_step = lambda answer: float(steps)  # noqa: E731
    n_segments, n_synapses = given.sizes
    sides = [Contender("neurosim", given.ours, "int16", taken=taken, work=per_step, at_most=at_most)]
    if program is not None:
        sides += [Contender("htm.core", given.peer(program), "float32, exact here", taken=taken, work=per_step)]
    size = f"{given.memory.columns:,} x {given.memory.cells} cells, {n_segments:,} segments, {n_synapses:,} synapses"
    what = "all predicted" if known else "nothing predicted, all columns burst, segments grow"
    agreed = "numbers identical: columns predicted and cells active in each step, "
    agreed += ("the last active cells, " if known else "") + "columns predicted after the last step, "
    title = f"temporal memory, {size}, {sizes['active']} columns active, learning, {what}, 1 thread"
    return Race(title, sides, partial(same_arrays, f"{agreed}segments, synapses"), "step", goals)


class Reading:
    """The stream of sequences of ``experiments.sequence_memory``, read by a new memory in each run, ours or htm.core's."""

    def __init__(self, n_codes: int, cells: int = 32) -> None:
        self.codes = sdr.Codes(list(islice(sequence_memory.stream(np.random.default_rng(11), n_codes), n_codes)))
        self.memory = sdr.TemporalMemory(sequence_memory.COLUMNS, cells, **sequence_memory.RULE)

    def ours(self) -> Timed:
        """Read all; answer with the columns that were predicted of each code, and the numbers of segments and synapses."""
        state, codes, anomalies = self.memory.init(seed=12), list(self.codes), []

        def steps() -> None:
            for code in codes:
                self.memory.compute(state, code)
                anomalies.append(state.anomaly)

        def answer() -> tuple[Array, Array]:
            came = np.round((1 - np.array(anomalies)) * sequence_memory.ACTIVE)
            return came, np.array([self.memory.n_segments(state), self.memory.n_synapses(state)])

        return timed(steps, answer)

    def peer(self, program: Htm) -> Timed:
        """Let htm.core read all."""
        program.codes(self.codes)
        program.order(wiring(self.memory, 0, 0), [], [], [], [0])
        cpu, wall, pairs = program.order(f"remember 0 {len(self.codes)} 1")
        return Timed(cpu, wall, (pairs[::2], program.order("size").found))


def reading(n_codes: int, program: Htm | None) -> Race:
    """Race a memory that learns a stream from nothing."""
    given = Reading(n_codes)
    per_step = lambda answer: float(n_codes)  # noqa: E731
    sides = [Contender("neurosim", given.ours, "int16", taken=taken, work=per_step)]
    if program is not None:
        sides += [Contender("htm.core", partial(given.peer, program), "float32", taken=taken, work=per_step)]
    title = f"temporal memory, the first {n_codes:,} codes of the high-order stream, 2,048 x 32 cells, from nothing, 1 thread"
    return Race(title, sides, predicted_alike, "step")


def predicted_alike(answers: list[Timed]) -> str:
    """All sides have predicted nearly as much of nearly every code, and have nearly as many segments and synapses."""
    (came, sizes), *others = [answer.found for answer in answers]
    told = f"{came.mean() / sequence_memory.ACTIVE:.4f} of a code predicted on average, {sizes[0]:,} segments, {sizes[1]:,} synapses"
    for theirs, counts in others:
        apart = np.abs(theirs - came).mean() / sequence_memory.ACTIVE
        if apart > 0.005 or np.abs(counts / sizes - 1).max() > 0.005:
            raise Mismatch(f"predicted columns differ by {apart:.2%} of a code on average, sizes {sizes} and {counts}")
        told += f"; {apart:.1e} of a code apart"
    return told


# --- Sparsey --------------------------------------------------------------------------------------------------------------------


class Storing:
    """A mac that has stored some items; it stores some more, and recalls those that it had."""

    def __init__(self, mac: sdr.CodeSelection, items: sdr.Codes, held: int, more: int) -> None:
        self.mac, self.held, self.more = mac, held, items[held : held + more]
        self.state = mac.init(seed=9)
        winners, _ = mac.present(self.state, items[:held])
        asked = np.unique(np.linspace(0, held - 1, 1_000).astype(int))
        self.cues, self.codes = sdr.Codes([items[cue] for cue in asked]), winners[asked]

    def ours(self) -> Timed:
        """Store more, in some copies one after the other; answer with what is recalled, and how many weights are set, before."""
        seconds = np.zeros(2)
        for _ in range(COPIES):
            state = copy.deepcopy(self.state)
            seconds += clocked(partial(self.mac.present, state, self.more))
        cpu, wall = seconds.tolist()
        return Timed(cpu, wall, (self.held, *self.recall()))

    def recall(self) -> tuple[float, float]:
        """Return the part of the items, of some from all over, whose code comes back whole, and the part of the weights that are set."""
        found, _ = self.mac.present(copy.deepcopy(self.state), self.cues, learn=False)
        return float((found == self.codes).all(axis=1).mean()), self.mac.used(self.state)["inputs"]


def mac() -> sdr.CodeSelection:
    """Return a mac for 100,000 items of 16 of 1,024 inputs; chance makes many items look familiar to nine tenths when it is full."""
    return sdr.CodeSelection(1_024, 8, 3_000, expansivity=Expansivity(threshold=0.95))


def items_held(held: int) -> str:
    """Name a side."""
    return f"{held:,} items held"


def storing(mac: sdr.CodeSelection, active: int, sizes: list[int], more: int, goals: dict[str, float]) -> Race:
    """Race one mac with itself: the fullest first, which must not take longer than the others, by more than a tenth."""
    items = sdr.random_codes(sizes[-1] + more, mac.inputs, active, rng=np.random.default_rng(10))
    per_item = lambda answer: float(COPIES * more)  # noqa: E731
    sides = [
        Contender(items_held(held), Storing(mac, items, held, more).ours, "bits", taken=taken, work=per_item) for held in reversed(sizes)
    ]
    title = f"Sparsey, {mac.inputs:,} inputs ({active} active), Q = {mac.modules}, K = {mac.units:,}, one more item, 1 thread"
    return Race(title, sides, recalled, "item", goals)


def recalled(answers: list[Timed]) -> str:
    """Tell what is recalled of each load; at least 0.9, with at most 45 % of the weights set."""
    told = []
    for held, part, used in (answer.found for answer in answers):
        if part < 0.9 or used > 0.45:
            raise Mismatch(f"with {held:,} items {part:.3f} of them are recalled and {used:.1%} of the weights are set")
        told.append(f"{part:.4f} of {held:,} items recalled, {used:.1%} of the weights set")
    return "; ".join(told)


def races(tiny: bool = False) -> Iterator[Race]:
    """Yield the races, each built when its turn comes."""
    program = htm.start()
    try:
        yield from tiny_races(program) if tiny else full_races(program)
    finally:
        if program is not None:
            program.close()


def tiny_races(program: Htm | None) -> Iterator[Race]:
    """Yield races that show that everything runs."""
    memory = {"columns": 128, "cells": 4, "n_codes": 20, "active": 16}
    yield segments(500, program, {}, n_cells=1_000, active=40, n_codes=3)
    yield pooling(256, 128, program, True, 60)
    yield pooling(256, 128, program, False, 20)
    yield pooling(640, 128, program, True, 20, reach=0.05)
    yield remembering(program, True, 40, {}, None, **memory)
    yield remembering(program, False, 10, {}, None, **memory)
    yield reading(300, program)
    yield storing(sdr.CodeSelection(144, 4, 64), 12, [10, 40], 10, {})


def full_races(program: Htm | None) -> Iterator[Race]:
    """Yield races at the sizes that goals are set for."""
    memory = {"columns": 2_048, "cells": 32, "n_codes": 1_958, "active": 40}
    wanted = {"scipy.sparse, dense vector": 10.0}
    yield segments(250_000, program, {"htm.core computeActivity": 4.0, **wanted})
    yield segments(1_000_000, program, wanted)
    yield pooling(4_096, 2_048, program, True, 500, 90e-6)
    yield pooling(4_096, 2_048, program, False, 500)
    yield pooling(16_384, 16_384, program, True, 50, reach=0.05)
    yield remembering(program, True, 1_958, {"htm.core": 3.0}, 25e-6, **memory)
    yield remembering(program, False, 50, {"htm.core": 3.0}, 400e-6, **memory)
    yield reading(3_000, program)
    held = [100, 1_000, 10_000, 100_000]
    yield storing(mac(), 16, held, 2_000, dict.fromkeys(map(items_held, held[:-1]), 1 / 1.1))
