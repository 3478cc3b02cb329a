"""Counter-based noise: published vectors, slow oracle, independence of how it is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim import noise
from neurosim.kernels.noise import fill_permutation, philox_block
from tests.reference import noise as reference

# Known-answer vectors of the Random123 library for philox4x32, ten rounds: counter, key, answer.
PUBLISHED = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]
SEEDS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(("counter", "key", "answer"), PUBLISHED)
def test_published_vectors(counter: list[int], key: list[int], answer: list[int]) -> None:
    words = philox_block(*(np.uint64(word) for word in (*counter, *key)))
    assert [int(word) & 0xFFFFFFFF for word in words] == answer
    assert reference.philox(counter, key) == answer


@given(SEEDS, SEEDS, st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_words_equal_the_oracle(seed: int, tick: int, stream: int, n: int) -> None:
    assert noise.words(seed, tick, stream, n).tolist() == [reference.word(seed, tick, stream, unit) for unit in range(n)]


@given(SEEDS, st.integers(0, 2**40), st.integers(1, 150))
def test_permutation_equals_the_oracle(seed: int, tick: int, n: int) -> None:
    order = np.empty(n, np.int32)
    fill_permutation(order, np.empty(n, np.uint32), np.uint64(seed), np.uint64(tick), np.uint64(0))
    assert order.tolist() == reference.permutation(seed, tick, 0, n)


def test_permutations_are_uniform() -> None:
    """All 24 orders of four units are equally likely: chi-square of 24,000 draws within its 99.9 % range."""
    order, words = np.empty(4, np.int32), np.empty(4, np.uint32)
    counts: dict[tuple[int, ...], int] = {}
    for tick in range(24_000):
        fill_permutation(order, words, np.uint64(5), np.uint64(tick), np.uint64(0))
        counts[tuple(order.tolist())] = counts.get(tuple(order.tolist()), 0) + 1
    assert len(counts) == 24
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 49.7


def test_uniform_moments() -> None:
    draws = noise.uniform(3, 1, 0, 200_000)
    assert draws.min() > 0
    assert draws.max() < 1
    assert abs(draws.mean() - 0.5) < 4 / np.sqrt(12 * draws.size)
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 4 / np.sqrt(draws.size)


def test_spawned_seeds_do_not_depend_on_their_number() -> None:
    many = noise.spawn(9, 1000)
    assert np.array_equal(noise.spawn(9, 3), many[:3])
    assert len(set(many.tolist())) == 1000


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range(seed: int) -> None:
    with pytest.raises(ValueError, match="seed must lie in"):
        noise.words(seed, 0, 0, 1)


@pytest.mark.parametrize("seed", [None, 1.0, True, "1"])
def test_seed_of_wrong_type(seed: object) -> None:
    with pytest.raises(TypeError, match="seed must be an integer"):
        noise.words(seed, 0, 0, 1)  # type: ignore[arg-type]


def test_other_bad_arguments() -> None:
    with pytest.raises(ValueError, match="stream must lie in"):
        noise.words(0, 0, 2**32, 1)
    with pytest.raises(ValueError, match="n must be at least 0"):
        noise.words(0, 0, 0, -1)
