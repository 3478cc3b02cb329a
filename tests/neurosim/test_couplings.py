"""Networks that hold their matrix: oracle, Hebb's network without a matrix, detailed balance, exact sums, any slice or thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.hopfield import DenseHopfield, PackedPatterns, flip, pack, random_patterns, unpack
from neurosim.hopfield.couplings import Couplings
from neurosim.hopfield.matrix import CouplingMatrix, largest_bits, refuse_too_large
from neurosim.hopfield.rules import hebb
from neurosim.hopfield.synchronous import SynchronousHopfield
from neurosim.kernels import couplings as kernels
from tests.reference import couplings as reference

SIZES = st.tuples(st.integers(0, 40), st.integers(1, 150), st.integers(0, 2**32))
SMALL = st.tuples(st.integers(1, 70), st.integers(0, 2**32), st.sampled_from([0.0, 0.7]), st.booleans(), st.booleans())
FIELDS = ("words", "flips", "settled_at", "seeds", "tick")


@pytest.fixture
def _one_thread_again() -> Iterator[None]:
    yield
    ns.set_threads(1)


def whole_matrix(n_units: int, rng: np.random.Generator, symmetric: bool = True, diagonal: bool = False) -> np.ndarray:
    """Couplings that are small whole numbers, so that ties happen."""
    matrix = rng.integers(-2, 3, (n_units, n_units))
    if symmetric:
        matrix = np.triu(matrix) + np.triu(matrix, 1).T
    if not diagonal:
        np.fill_diagonal(matrix, 0)
    return matrix


def held(matrix: np.ndarray) -> CouplingMatrix:
    """Hold whole couplings in the unit 1, so that external fields that are whole numbers make ties too."""
    return CouplingMatrix.of_whole_numbers(np.ascontiguousarray(matrix.T, np.int32), 1.0)


def same(state: object, other: object, names: tuple[str, ...] = FIELDS) -> bool:
    return all(np.array_equal(getattr(state, name), getattr(other, name)) for name in names)


@settings(max_examples=30)
@given(SMALL)
def test_sweeps_equal_sums_made_afresh_at_every_visit(case: tuple[int, int, float, bool, bool]) -> None:
    """Any whole couplings, with and without diagonal, symmetry, external fields and heat."""
    n_units, seed, temperature, symmetric, with_fields = case
    rng = np.random.default_rng(seed)
    matrix = whole_matrix(n_units, rng, symmetric, diagonal=with_fields)
    bias = rng.integers(-2, 3, n_units) * 1.0
    network = DenseHopfield(held(matrix), temperature=temperature, fields=bias if with_fields else None)
    cues = random_patterns(2, n_units, rng=rng)
    state = network.init(cues, seed=4)
    network.step(state, 3)
    for replica, cue in enumerate(cues):
        spins = cue.astype(np.int64)
        settled_at = -1
        for tick in range(3):
            flips = reference.sweep(matrix, spins, int(state.seeds[replica]), tick, temperature, bias if with_fields else 0 * bias)
            if temperature == 0 and flips == 0:
                settled_at = tick + 1
                break
        assert np.array_equal(network.spins(state)[replica], spins)
        assert (state.settled_at[replica], state.flips[replica]) == (settled_at, flips)


@settings(max_examples=30)
@given(SMALL)
def test_steps_equal_all_units_decided_at_once(case: tuple[int, int, float, bool, bool]) -> None:
    n_units, seed, temperature, symmetric, with_fields = case
    rng = np.random.default_rng(seed)
    matrix = whole_matrix(n_units, rng, symmetric, diagonal=with_fields)
    bias = rng.integers(-2, 3, n_units) * 1.0 if with_fields else np.zeros(n_units)
    memory = DenseHopfield(held(matrix), temperature=temperature, fields=bias if with_fields else None)
    network = SynchronousHopfield(memory)
    state = network.init(random_patterns(1, n_units, rng=rng)[0], seed=4)
    past = [memory.spins(state).astype(np.int64)]
    for tick in range(5):
        network.step(state, 1)
        past.append(reference.step(matrix, past[-1], int(state.seeds), tick, temperature, bias))
        assert np.array_equal(memory.spins(state), past[-1])
        assert state.flips == (past[-1] != past[-2]).sum()
    repeats = [tick for tick in range(1, 6) if (past[tick] == past[max(tick - 2, 0)]).all() or (past[tick] == past[tick - 1]).all()]
    settled_at = repeats[0] if repeats and temperature == 0 else -1
    period = 0 if settled_at < 0 else 1 if (past[settled_at] == past[settled_at - 1]).all() else 2
    assert (state.settled_at, state.period) == (settled_at, period)


@settings(max_examples=30)
@given(SIZES, st.sampled_from([0.0, 0.3, 2.0]))
def test_hebb_with_its_matrix_moves_as_without(sizes: tuple[int, int, int], temperature: float) -> None:
    """Bit for bit, in both dynamics and at any temperature; fields and energies agree."""
    n_patterns, n_units, seed = sizes
    rng = np.random.default_rng(seed)
    patterns, cues = random_patterns(n_patterns, n_units, rng=rng), random_patterns(3, n_units, rng=rng)
    fields = rng.normal(size=n_units) if seed % 2 else None
    without = DenseHopfield(patterns, temperature=temperature, fields=fields)
    with_matrix = DenseHopfield(hebb(patterns), temperature=temperature, fields=fields)
    state, other = without.recall(cues, seed=5, sweeps=6), with_matrix.recall(cues, seed=5, sweeps=6)
    assert same(state, other)
    assert np.array_equal(with_matrix.overlap(other), without.overlap(state))
    assert with_matrix.energy(other) == pytest.approx(without.energy(state), abs=1e-12)
    assert with_matrix.couplings.local_fields(other.words) == pytest.approx(without.couplings.local_fields(state.words), abs=1e-12)
    both = [SynchronousHopfield(memory).recall(cues, seed=5, steps=7) for memory in (without, with_matrix)]
    assert same(*both, (*FIELDS, "previous", "period"))


@settings(max_examples=25)
@given(st.integers(1, 130), st.integers(0, 2**32))
def test_fields_and_energies_are_those_of_the_matrix(n_units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = CouplingMatrix(rng.normal(size=(n_units, n_units)))
    spins = random_patterns(3, n_units, rng=rng)
    assert matrix.local_fields(pack(spins)) == pytest.approx(spins @ matrix.couplings.T, abs=1e-12)
    whole = matrix.columns.T.astype(np.int64)
    wanted = [matrix.unit * reference.energy(whole, row) for row in spins]
    assert matrix.energies(pack(spins)) == pytest.approx(wanted, rel=1e-12)


@settings(max_examples=20)
@given(st.integers(2, 90), st.integers(0, 2**32), st.floats(0.0, 2.0))
def test_energy_never_rises_with_symmetric_couplings_and_an_inertia(n_units: int, seed: int, inertia: float) -> None:
    rng = np.random.default_rng(seed)
    half = np.triu(rng.normal(size=(n_units, n_units)), 1)
    network = DenseHopfield(CouplingMatrix(half + half.T + inertia * np.eye(n_units)))
    state = network.init(random_patterns(3, n_units, rng=rng), seed=1)
    energies = [network.energy(state)]
    for _ in range(5):
        network.step(state, 1)
        energies.append(network.energy(state))
    assert (np.diff(energies, axis=0) <= 0).all()


def test_flips_with_asymmetric_couplings_use_what_the_unit_sends() -> None:
    """Unit 0 drives unit 1 and nothing comes back: unit 1 follows, unit 0 keeps its state."""
    network = DenseHopfield(CouplingMatrix([[0.0, 0.0], [1.0, 0.0]]))
    assert not network.couplings.symmetric
    cues = [[1, -1], [-1, 1], [1, 1]]
    assert network.spins(network.recall(cues)).tolist() == [[1, 1], [-1, -1], [1, 1]]


def test_two_units_that_attract_each_other_exchange_their_states_for_ever() -> None:
    network = SynchronousHopfield(DenseHopfield(CouplingMatrix([[0, 1], [1, 0]])))
    for steps in (3, 4, 1001):
        state = network.recall([1, -1], steps=steps)
        assert network.memory.spins(state).tolist() == ([-1, 1] if steps % 2 else [1, -1])
        assert (state.period, state.settled_at, state.flips) == (2, 2, 2)


def enumerated(n_units: int, rng: np.random.Generator) -> tuple[CouplingMatrix, np.ndarray, np.ndarray]:
    half = np.triu(rng.normal(size=(n_units, n_units)), 1)
    matrix = CouplingMatrix(half + half.T)
    return matrix, matrix.couplings, rng.normal(size=n_units) * 0.5


def test_single_visits_obey_detailed_balance(rng: np.random.Generator) -> None:
    """Over all states of five units: Boltzmann weight times the probability of the heat bath is symmetric, for each unit."""
    _, couplings, bias = enumerated(5, rng)
    weights = reference.boltzmann(couplings, bias, 0.8)
    for unit in range(5):
        flow = weights[:, None] * reference.visit_probabilities(couplings, bias, 0.8, unit)
        assert flow == pytest.approx(flow.T, rel=1e-12)


def test_a_self_coupling_breaks_detailed_balance(rng: np.random.Generator) -> None:
    _, couplings, bias = enumerated(3, rng)
    couplings = couplings + np.eye(3)
    weights = reference.boltzmann(couplings, bias, 0.8)
    flow = weights[:, None] * reference.visit_probabilities(couplings, bias, 0.8, 0)
    assert abs(flow - flow.T).max() > 0.01


def test_warm_sweeps_sample_the_boltzmann_distribution(rng: np.random.Generator) -> None:
    """A thousand replicas of five units, 100 times after 5 sweeps each, against exp(-H / T) / Z over the 32 states.

    Replicas are independent: within four standard errors over replicas, at the worst of the 32.
    """
    matrix, couplings, bias = enumerated(5, rng)
    network = DenseHopfield(matrix, temperature=1.5, fields=bias)
    state = network.init(random_patterns(1000, 5, rng=rng), seed=11)
    network.step(state, 20)
    counts = np.zeros((1000, 32))
    for _ in range(100):
        network.step(state, 5)
        counts[np.arange(1000), (network.spins(state) > 0) @ (2 ** np.arange(5)[::-1])] += 0.01
    error = counts.std(axis=0, ddof=1) / np.sqrt(1000)
    assert (abs(counts.mean(axis=0) - reference.boltzmann(couplings, bias, 1.5)) < 4 * error).all()
    assert error.max() < 0.002


@pytest.mark.parametrize("temperature", [0.0, 0.4])
@pytest.mark.parametrize("kind", [lambda memory: memory, SynchronousHopfield])
def test_slices_resumption_and_threads_do_not_change_the_answer(temperature: float, kind: type, rng: np.random.Generator) -> None:
    memory = DenseHopfield(CouplingMatrix(rng.normal(size=(100, 100))), temperature=temperature)
    network = kind(memory)
    ns.check_model(network, network.init(random_patterns(5, 100, rng=rng), seed=2))


@pytest.mark.usefixtures("_one_thread_again")
@pytest.mark.parametrize("kind", [lambda memory: memory, SynchronousHopfield])
def test_threads_do_not_change_the_answer(kind: type, rng: np.random.Generator) -> None:
    network = kind(DenseHopfield(CouplingMatrix(rng.normal(size=(100, 100))), temperature=0.3))
    cues = random_patterns(7, 100, rng=rng)
    alone = network.init(cues, seed=3)
    network.step(alone, 9)
    ns.set_threads(3)
    together = network.init(cues, seed=3)
    network.step(together, 9)
    assert same(alone, together, tuple(item.name for item in dataclasses.fields(alone)))


def test_couplings_are_kept_to_thirty_bits_and_whole_ones_exactly(rng: np.random.Generator) -> None:
    normal = rng.normal(size=(50, 50))
    assert abs(CouplingMatrix(normal).couplings - normal).max() <= abs(normal).max() * 2.0**-30
    for n_units in (49, 50):  # (1 / 49) * 49 is not 1 in floating point
        sums = whole_matrix(n_units, rng)
        matrix = CouplingMatrix(sums / n_units)
        assert matrix.unit == 1 / n_units
        assert np.array_equal(matrix.columns, sums.T)
    assert CouplingMatrix(np.zeros((3, 3))).unit == 1 / 3
    assert CouplingMatrix(np.full((2, 2), 2.0**40)).columns.tolist() == [[2**29] * 2] * 2
    assert CouplingMatrix(np.full((2, 2), 1e-320)).couplings == pytest.approx(np.full((2, 2), 1e-320), rel=1e-3)


def test_sums_over_all_pairs_stay_in_64_bits() -> None:
    for n_units in (1, 2, 65535, 65536, 10**6):
        assert n_units**2 * 2 ** largest_bits(n_units) < 2**63
    assert largest_bits(65535) == 30


def test_patterns_come_as_signs_or_packed(rng: np.random.Generator) -> None:
    patterns = random_patterns(5, 70, rng=rng)
    couplings = np.zeros((70, 70))
    for given_as in (patterns, PackedPatterns.pack(patterns)):
        matrix = CouplingMatrix(couplings, given_as)
        assert (matrix.n_patterns, matrix.n_units) == (5, 70)
        assert np.array_equal(unpack(matrix.words, 70), patterns)
        assert isinstance(matrix, Couplings)
    network = DenseHopfield(CouplingMatrix(couplings))
    assert network.overlap(network.init(patterns)).shape == (5, 0)


def test_each_kernel_compiles_once(rng: np.random.Generator) -> None:
    patterns = random_patterns(5, 70, rng=rng)
    for matrix in (hebb(patterns), CouplingMatrix(rng.normal(size=(40, 40)))):
        for temperature in (0.0, 0.5):
            memory = DenseHopfield(matrix, temperature=temperature)
            for cues in (np.ones(memory.n_units), np.ones((2, memory.n_units), int)):
                memory.energy(memory.recall(cues, sweeps=2))
                SynchronousHopfield(memory).recall(cues, steps=2)
        matrix.local_fields(memory.init(np.ones((2, memory.n_units))).words)
    for kernel in (kernels.matrix_sweeps, kernels.matrix_steps, kernels.fill_all_fields, kernels.work_of_fields):
        assert len(getattr(kernel, "signatures", [0])) == 1


@pytest.mark.parametrize(
    ("couplings", "message"),
    [
        (np.zeros((2, 3)), r"couplings must have shape \(n_units, n_units\) with at least 1 unit, got \(2, 3\)"),
        (np.zeros((0, 0)), "at least 1 unit"),
        (np.zeros(4), r"got \(4,\)"),
        (np.array([[0.0, 1.0], [np.nan, 0.0]]), r"couplings must be finite, got nan at \[1, 0\]"),
        (np.array([[0.0, np.inf], [1.0, 0.0]]), r"got inf at \[0, 1\]"),
    ],
)
def test_bad_couplings(couplings: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CouplingMatrix(couplings)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (np.ones((2, 4)), r"patterns must have shape \(n_patterns, 3\), got \(2, 4\)"),
        (np.ones(3), r"got \(3,\)"),
        (np.zeros((1, 3)), r"patterns must hold only -1 and \+1, got 0.0 at \[0, 0\]"),
        (PackedPatterns.pack(np.ones((1, 4))), "patterns must have 3 units, as the couplings have, got 4"),
    ],
)
def test_bad_patterns(patterns: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CouplingMatrix(np.zeros((3, 3)), patterns)


def test_bad_units_and_types() -> None:
    with pytest.raises(TypeError, match="couplings must be real numbers, got type complex128"):
        CouplingMatrix(np.zeros((2, 2), complex))
    for unit in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="unit must be finite and positive"):
            CouplingMatrix(np.zeros((2, 2)), unit=unit)
    with pytest.raises(ValueError, match="unit must be at least"):
        CouplingMatrix(np.ones((2, 2)), unit=2.0**-31)
    with pytest.raises(ValueError, match="unit must be at least"):
        CouplingMatrix.of_whole_numbers(np.full((2, 2), -(2**31), np.int32), 1.0)
    with pytest.raises(TypeError, match="columns must be a C-ordered array of int32, got float64"):
        CouplingMatrix.of_whole_numbers(np.zeros((2, 2)), 1.0)  # type: ignore[arg-type]


def test_a_matrix_that_would_not_fit_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        MemoryError, match=r"the coupling matrix of 1,000,000 units would take 3,725.3 GiB .*4 bytes each\); .* are free"
    ) as e:
        hebb(PackedPatterns(np.zeros((1, 15625), np.uint64), 1_000_000))
    assert e.value.__notes__ == ["DenseHopfield(patterns) stores with Hebb's rule and needs no matrix"]
    monkeypatch.setattr("neurosim.hopfield.matrix.free_memory", lambda: 39_999)
    with pytest.raises(MemoryError, match="100 x 100 couplings"):
        CouplingMatrix(np.zeros((100, 100)))
    refuse_too_large(99, 4)


def test_recall_from_a_tenth_of_flips(rng: np.random.Generator) -> None:
    patterns = random_patterns(20, 400, rng=rng)
    network = DenseHopfield(hebb(patterns))
    state = network.recall(flip(patterns, 0.1, rng=rng))
    assert np.diag(network.overlap(state)).min() == 1.0
