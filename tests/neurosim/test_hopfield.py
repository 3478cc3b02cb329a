"""The classical Hopfield network: the matrix form as oracle, the energy that never rises, one answer for any thread count or slice."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.hopfield import DenseHopfield, PackedPatterns, flip, random_patterns
from neurosim.kernels import hopfield as kernels
from tests.reference import hopfield as reference

SIZES = st.tuples(st.integers(0, 40), st.integers(1, 150), st.integers(0, 2**32))


@pytest.fixture
def _one_thread_again() -> Iterator[None]:
    yield
    ns.set_threads(1)


def example(n_patterns: int, n_units: int, seed: int, replicas: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return random_patterns(n_patterns, n_units, rng=rng), random_patterns(replicas, n_units, rng=rng)


@settings(max_examples=40)
@given(SIZES)
def test_recall_equals_the_matrix_form(sizes: tuple[int, int, int]) -> None:
    """Same trajectory as the network with its matrix: state, tick of settling, energy and overlaps, ties included."""
    patterns, cues = example(*sizes)
    memory = DenseHopfield(patterns)
    state = memory.recall(cues, seed=5, sweeps=30)
    for replica, cue in enumerate(cues):
        spins, settled_at = reference.recall(patterns, cue, int(state.seeds[replica]), 30)
        assert np.array_equal(memory.spins(state)[replica], spins)
        assert state.settled_at[replica] == settled_at
        assert memory.energy(state)[replica] == pytest.approx(reference.energy(patterns, spins), abs=1e-12)
        assert memory.overlap(state)[replica] == pytest.approx(reference.overlap(patterns, spins), abs=1e-12)


@settings(max_examples=30)
@given(SIZES, st.sampled_from([0.0, 0.2, 1.0]), st.booleans())
def test_heat_and_fields_equal_the_matrix_form(sizes: tuple[int, int, int], temperature: float, with_fields: bool) -> None:
    """Same trajectory as the network with its matrix and the heat bath of the definition."""
    patterns, cues = example(*sizes)
    fields = np.random.default_rng(1).normal(0, 0.1, sizes[1]) if with_fields else np.zeros(sizes[1])
    memory = DenseHopfield(patterns, temperature=temperature, fields=fields if with_fields else None)
    state = memory.recall(cues, seed=5, sweeps=6)
    for replica, cue in enumerate(cues):
        spins = reference.thermal_run(patterns, cue, int(state.seeds[replica]), 6, temperature, fields)
        assert np.array_equal(memory.spins(state)[replica], spins)
        wanted = reference.energy(patterns, spins) - (fields @ spins) / len(spins)
        assert memory.energy(state)[replica] == pytest.approx(wanted, abs=1e-12)


def test_a_lone_pattern_magnetises_as_curie_and_weiss_say(rng: np.random.Generator) -> None:
    """K = 1 is the mean-field ferromagnet: m = tanh(m / T), to the sampling error of 4,000 units and 200 sweeps."""
    pattern = random_patterns(1, 4000, rng=rng)
    memory = DenseHopfield(pattern, temperature=0.7)
    state = memory.recall(pattern, sweeps=50)
    run = ns.simulate(memory, state, steps=200, record={"m": ns.Trace(memory.overlap, dims=("replica", "pattern"))})
    m = 1.0
    for _ in range(200):
        m = np.tanh(m / 0.7)
    assert float(run.m.mean()) == pytest.approx(m, abs=0.01)


def test_an_external_field_alone_orients_units_as_langevin_says(rng: np.random.Generator) -> None:
    """No pattern: independent units with mean tanh(field / T)."""
    fields = np.repeat([-0.5, 0.0, 1.0], 20_000)
    memory = DenseHopfield(np.empty((0, len(fields))), temperature=0.8, fields=fields)
    spins = memory.spins(memory.recall(np.ones(len(fields)), sweeps=1)).reshape(3, -1).mean(axis=1)
    assert spins == pytest.approx(np.tanh(np.array([-0.5, 0.0, 1.0]) / 0.8), abs=4 / np.sqrt(20_000))


def test_with_fields_the_cold_network_settles_and_its_energy_never_rises() -> None:
    patterns, cues = example(30, 200, 3)
    memory = DenseHopfield(patterns, fields=np.random.default_rng(0).normal(0, 0.2, 200))
    state, energies = memory.init(cues), []
    for _ in range(20):
        memory.step(state, 1)
        energies.append(memory.energy(state))
    assert (np.diff(energies, axis=0) <= 1e-12).all()
    assert state.settled.all()


def test_a_warm_network_never_settles() -> None:
    memory = DenseHopfield([[1, 1, 1]], temperature=1e-3)
    state = memory.recall([1, 1, 1], sweeps=5)
    assert int(state.flips) == 0
    assert not state.settled
    assert memory.at(0.0).recall([1, 1, 1]).settled


@pytest.mark.parametrize(("n_patterns", "n_units"), [(63, 64), (64, 65), (256, 127), (257, 128), (600, 513)])
def test_recall_at_word_borders(n_patterns: int, n_units: int) -> None:
    patterns, cues = example(n_patterns, n_units, 1, replicas=1)
    memory = DenseHopfield(patterns)
    state = memory.recall(cues, sweeps=5)
    spins, _ = reference.recall(patterns, cues[0], int(state.seeds[0]), 5)
    assert np.array_equal(memory.spins(state)[0], spins)


def test_packed_and_unpacked_patterns_make_the_same_network(rng: np.random.Generator) -> None:
    packed = PackedPatterns.random(30, 301, rng=rng)
    memory, same = DenseHopfield(packed), DenseHopfield(packed[:])
    assert memory.couplings is packed
    assert np.array_equal(same.couplings.words, packed.words)
    cues = packed[:4]
    assert np.array_equal(memory.recall(cues).words, same.recall(cues).words)
    assert np.array_equal(packed[2], packed[:][2])
    assert len(packed) == packed.n_patterns == 30


def test_prefetched_rows_give_the_same_states(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns, cues = example(30, 300, 2)
    memory = DenseHopfield(patterns)
    near = memory.recall(cues)
    monkeypatch.setattr("neurosim.hopfield.packed._PREFETCH_ABOVE", 0)
    assert np.array_equal(memory.recall(cues).words, near.words)


@settings(max_examples=20)
@given(SIZES)
def test_energy_never_rises(sizes: tuple[int, int, int]) -> None:
    patterns, cues = example(*sizes)
    memory = DenseHopfield(patterns)
    state = memory.init(cues, seed=1)
    energies = [memory.energy(state)]
    for _ in range(6):
        memory.step(state, 1)
        energies.append(memory.energy(state))
    assert (np.diff(energies, axis=0) <= 0).all()


def test_a_settled_state_is_a_fixed_point() -> None:
    patterns, cues = example(30, 200, 3)
    memory = DenseHopfield(patterns)
    state = memory.recall(cues)
    assert ns.settled(state)
    again = memory.recall(memory.spins(state), seed=99)
    assert (again.settled_at == 1).all()
    assert np.array_equal(again.words, state.words)


def test_stored_patterns_at_low_load_are_recalled_from_a_fifth_of_flips(rng: np.random.Generator) -> None:
    patterns = random_patterns(20, 1000, rng=rng)
    memory = DenseHopfield(patterns)
    state = memory.recall(flip(patterns, 0.2, rng=rng))
    assert np.diag(memory.overlap(state)).min() == 1.0


def test_a_lone_pattern_and_its_negative_are_the_ground_states(rng: np.random.Generator) -> None:
    """With one pattern, H / N = -1/2 + 1 / (2 N)."""
    pattern = random_patterns(1, 100, rng=rng)
    memory = DenseHopfield(pattern)
    state = memory.init(np.concatenate([pattern, -pattern]))
    assert memory.energy(state) == pytest.approx(-0.5 + 0.005)
    assert memory.overlap(state)[:, 0].tolist() == [1.0, -1.0]


def test_ties_keep_the_state() -> None:
    """Two units and the patterns (+, +) and (+, -): all fields are zero, every state is a fixed point."""
    memory = DenseHopfield([[1, 1], [1, -1]])
    cues = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    assert np.array_equal(memory.spins(memory.recall(cues)), cues)


@pytest.mark.parametrize("n_units", [7, 49, 93, 98, 99, 103])
def test_an_external_field_that_balances_the_couplings_is_a_tie(n_units: int) -> None:
    """One pattern, on it: the couplings give (N - 1) / N; a field of the opposite sign and that size leaves zero, which keeps the state."""
    pattern = np.ones(n_units)
    memory = DenseHopfield([pattern], fields=np.full(n_units, -(n_units - 1) / n_units))
    assert (memory.spins(memory.recall(pattern)) == 1).all()


@pytest.mark.usefixtures("_one_thread_again")
@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_threads_do_not_change_the_answer(threads: int, temperature: float) -> None:
    patterns, cues = example(40, 300, 4, replicas=7)
    memory = DenseHopfield(patterns, temperature=temperature)
    alone = memory.recall(cues, seed=3, sweeps=50)
    ns.set_threads(threads)
    together = memory.recall(cues, seed=3, sweeps=50)
    for item in dataclasses.fields(alone):
        assert np.array_equal(getattr(alone, item.name), getattr(together, item.name))


def test_a_replica_does_not_depend_on_its_batch() -> None:
    patterns, cues = example(40, 300, 5, replicas=6)
    memory = DenseHopfield(patterns)
    whole = memory.recall(cues, seed=3)
    assert np.array_equal(memory.recall(cues[:2], seed=3).words, whole.words[:2])
    assert np.array_equal(memory.recall(cues[0], seed=3).words, whole.words[0])


def test_the_driver_contract() -> None:
    patterns, cues = example(40, 300, 6)
    memory = DenseHopfield(patterns)
    for network in (memory, memory.at(0.3), DenseHopfield(patterns, temperature=0.2, fields=np.linspace(-1, 1, 300))):
        ns.check_model(network, network.init(cues, seed=2))
        ns.check_model(network, network.init(cues[0], seed=2))


def test_simulate_records_energy_and_overlaps() -> None:
    patterns, cues = example(10, 200, 7)
    memory = DenseHopfield(patterns)
    state = memory.init(flip(patterns[0], 0.2, rng=np.random.default_rng(1)), seed=1)
    record = {"energy": ns.Trace(memory.energy), "overlap": ns.Trace(memory.overlap, dims=("pattern",))}
    run = ns.simulate(memory, state, steps=20, until=ns.settled, record=record)
    assert run.overlap.dims == ("time", "pattern")
    assert float(run.overlap.isel(time=-1, pattern=0)) == 1.0
    assert (run.energy.diff("time") <= 0).all()
    assert run.sizes["time"] == int(state.settled_at) + 1


def test_a_checkpointed_recall_is_answered_from_its_file(tmp_path: Path) -> None:
    patterns, cues = example(40, 300, 8)
    memory = DenseHopfield(patterns)
    first = ns.simulate(
        memory, memory.init(cues), steps=5, record={"m": ns.Trace(memory.overlap, ("replica", "pattern"))}, checkpoint=tmp_path / "c"
    )
    state = memory.init(cues)
    again = ns.simulate(memory, state, steps=5, record={"m": ns.Trace(memory.overlap, ("replica", "pattern"))}, checkpoint=tmp_path / "c")
    assert again.identical(first)
    assert np.array_equal(state.words, memory.recall(cues, sweeps=5).words)
    with pytest.raises(ns.errors.CheckpointError, match="other parameters"):
        ns.simulate(DenseHopfield(-patterns), memory.init(cues), steps=5, checkpoint=tmp_path / "c")


def test_biased_patterns_have_their_mean(rng: np.random.Generator) -> None:
    patterns = random_patterns(50, 2000, rng=rng, bias=0.6)
    assert abs(patterns.mean() - 0.6) < 4 * 0.8 / np.sqrt(patterns.size)
    assert set(np.unique(patterns)) == {-1, 1}


def test_flip_turns_exactly_the_fraction(rng: np.random.Generator) -> None:
    patterns = random_patterns(5, 101, rng=rng)
    assert ((flip(patterns, 0.25, rng=rng) != patterns).sum(axis=1) == 25).all()
    assert np.array_equal(flip(patterns, 1.0, rng=rng), -patterns)


@given(st.integers(0, 5), st.integers(1, 200), st.integers(0, 3))
def test_packing_round_trip(rows: int, n_units: int, more: int) -> None:
    patterns = random_patterns(rows, n_units, rng=np.random.default_rng(0))
    words = ns.hopfield.pack(patterns, -(-n_units // 64) + more)
    assert np.array_equal(ns.hopfield.unpack(words, n_units), patterns)
    assert np.bitwise_count(words).sum() == (patterns > 0).sum()


def test_two_digits_are_always_stored_three_only_while_they_overlap_little(data_folder: object) -> None:
    """Fields are patterns weighted by their overlaps c: at pattern 1, units where 2 and 3 both disagree with it turn if c12 + c13 > 1."""
    images, labels = ns.data.mnist("test")
    digits = ns.hopfield.binarise(images[[int(np.argmax(labels == digit)) for digit in (0, 1, 7)]])
    assert digits.shape == (3, 784)
    pair = DenseHopfield(digits[:2])
    assert np.array_equal(pair.spins(pair.recall(digits[:2])), digits[:2])
    three = DenseHopfield(digits)
    mutual = three.overlap(three.init(digits))
    for pattern, overlaps in enumerate(mutual):
        others = np.delete(np.arange(3), pattern)
        against = (digits[others] == -digits[pattern]).all(axis=0).any()
        kept = np.array_equal(three.spins(three.recall(digits[pattern])), digits[pattern])
        assert kept == (not against or overlaps[others].sum() <= 1)


def test_each_kernel_compiles_once(rng: np.random.Generator) -> None:
    """Batches, single cues and all sizes share one machine code."""
    for n_patterns, n_units in [(3, 30), (300, 200)]:
        memory = DenseHopfield(random_patterns(n_patterns, n_units, rng=rng))
        for cues in (np.ones(n_units), np.ones((2, n_units), int)):
            memory.overlap(memory.recall(cues))
            memory.energy(memory.recall(cues.tolist()))
    for kernel in (kernels.asynchronous_sweeps, kernels.overlaps, kernels.energies):
        assert len(getattr(kernel, "signatures", [0])) == 1


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (np.ones(5), r"patterns must have shape \(n_patterns, n_units\), got \(5,\)"),
        (np.ones((2, 0)), r"patterns must have shape"),
        (np.zeros((2, 3)), r"patterns must hold only -1 and \+1, got 0.0 at \[0, 0\]"),
        (np.array([[1, np.nan]]), r"got nan at \[0, 1\]"),
        (np.array([[1, 2]]), r"got 2 at \[0, 1\]"),
    ],
)
def test_bad_patterns(patterns: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DenseHopfield(patterns)


def test_bad_types() -> None:
    with pytest.raises(TypeError, match="patterns must be an array of -1 and"):
        DenseHopfield([["a", "b"]])
    with pytest.raises(TypeError, match="got type bool"):
        DenseHopfield(np.ones((2, 3), bool))


def test_bad_cues_and_states(rng: np.random.Generator) -> None:
    memory = DenseHopfield(random_patterns(2, 100, rng=rng))
    with pytest.raises(ValueError, match=r"cues must have shape \(100,\) or \(replicas, 100\), got \(99,\)"):
        memory.init(np.ones(99))
    with pytest.raises(ValueError, match="cues must hold only"):
        memory.init(np.zeros(100))
    with pytest.raises(ValueError, match="sweeps must be at least 0"):
        memory.recall(np.ones(100), sweeps=-1)
    other = DenseHopfield(random_patterns(2, 300, rng=rng))
    with pytest.raises(ValueError, match="state must hold 2 words"):
        memory.energy(other.init(np.ones(300)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: random_patterns(-1, 5, rng=rng), "n_patterns must be at least 0"),
        (lambda rng: random_patterns(1, 0, rng=rng), "n_units must be at least 1"),
        (lambda rng: random_patterns(1, 5, rng=rng, bias=1.5), "bias must lie in"),
        (lambda rng: flip([1, -1], 1.1, rng=rng), "fraction must lie in"),
        (lambda rng: flip([1, -1], float("nan"), rng=rng), "fraction must lie in"),
        (lambda rng: ns.hopfield.binarise(np.ones(3)), "images must have shape"),
        (lambda rng: ns.hopfield.binarise(np.array([[np.nan]])), "got NaN"),
        (lambda rng: ns.hopfield.binarise(np.ones((1, 2)), 2.0), "threshold must lie in"),
        (lambda rng: ns.hopfield.pack(np.ones(65), 1), "n_words must be at least 2"),
        (lambda rng: ns.hopfield.unpack(np.zeros(1, np.uint64), 65), "n_units must lie in 0 ... 64"),
    ],
)
def test_bad_arguments(call: object, message: str, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=message):
        call(rng)  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read with getrusage")
def test_a_hundred_thousand_units_are_recalled_in_half_a_gibibyte() -> None:
    """10,000 patterns: the bits take 0.25 GB; an array of -1 and +1 alone would take 1 GB."""
    program = """
import resource, sys, numpy as np, neurosim as ns
rng = np.random.default_rng(1)
patterns = ns.hopfield.PackedPatterns.random(10_000, 100_000, rng=rng)
memory = ns.hopfield.DenseHopfield(patterns)
state = memory.recall(ns.hopfield.flip(patterns[0], 0.1, rng=rng))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(memory.overlap(state)[0], bool(state.settled), peak)
"""
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert float(answer[0]) == pytest.approx(0.998, abs=0.001)
    assert answer[1] == "True"
    assert int(answer[2]) < 2**29
