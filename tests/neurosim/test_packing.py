"""Bits transposed in blocks, and the patterns that are never unpacked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.hopfield import PackedPatterns, pack, random_patterns
from neurosim.kernels.packing import transpose_bits
from tests.reference import packing as reference


@settings(max_examples=40)
@given(st.integers(0, 140), st.integers(1, 200), st.integers(0, 2), st.integers(0, 2**32))
def test_transposition_equals_the_oracle(n_rows: int, n_columns: int, more: int, seed: int) -> None:
    words = np.random.default_rng(seed).integers(0, 2**64, (n_rows, -(-n_columns // 64)), np.uint64)
    out = np.full((n_columns, -(-n_rows // 64) + more), 7, np.uint64)
    transpose_bits(words, out)
    assert out.tolist() == reference.transpose(words.tolist(), n_columns, out.shape[1])


@given(st.integers(1, 130), st.integers(1, 130), st.integers(0, 2**32))
def test_transposing_twice_changes_nothing(n: int, m: int, seed: int) -> None:
    patterns = random_patterns(n, m, rng=np.random.default_rng(seed))
    words, there = pack(patterns), np.empty((m, -(-n // 64)), np.uint64)
    back = np.empty_like(words)
    transpose_bits(words, there)
    transpose_bits(there, back)
    assert np.array_equal(there, pack(patterns.T))
    assert np.array_equal(back, words)


def test_random_packed_patterns_are_unbiased_and_independent(rng: np.random.Generator) -> None:
    patterns = PackedPatterns.random(200, 1000, rng=rng)[:].astype(float)
    assert abs(patterns.mean()) < 4 / np.sqrt(patterns.size)
    overlaps = (patterns @ patterns.T / 1000)[np.triu_indices(200, 1)]
    assert abs((overlaps**2).mean() * 1000 - 1) < 0.06


@pytest.mark.parametrize(
    ("words", "n_units", "message"),
    [
        (np.zeros((2, 2), np.uint64), 64, r"words must be uint64 of shape \(n_patterns, 1\) for 64 units, got uint64 of shape \(2, 2\)"),
        (np.zeros((2, 1), np.int64), 64, "got int64"),
        (np.full((2, 1), 8, np.uint64), 3, "words must hold 0 beyond unit 2"),
        (np.zeros((2, 1), np.uint64), 0, "n_units must be at least 1, got 0"),
    ],
)
def test_bad_words(words: np.ndarray, n_units: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PackedPatterns(words, n_units)
