"""The kernels of sparse codes against sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels.codes import draw_codes, overlaps_of_bits, overlaps_of_lists, pack_codes, unpack_words
from tests.reference import codes as reference

TABLES = st.integers(1, 200).flatmap(
    lambda size: st.tuples(st.just(size), *[st.lists(st.sets(st.integers(0, size - 1), max_size=20), min_size=1, max_size=6)] * 2)
)


def lists(codes: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *map(len, codes)])
    return starts, np.array([unit for code in codes for unit in sorted(code)], np.int32)


def packed(codes: list[set[int]], size: int) -> np.ndarray:
    bits = np.zeros((len(codes), -(-size // 64)), np.uint64)
    pack_codes(*lists(codes), bits)
    return bits


@given(TABLES)
@settings(deadline=None, max_examples=60)
def test_packed_codes_and_their_overlaps_are_those_of_sets(tables: tuple[int, list[set[int]], list[set[int]]]) -> None:
    size, codes, others = tables
    bits, theirs = packed(codes, size), packed(others, size)
    assert bits.tolist() == reference.packed(codes, size)
    for code, row in zip(codes, bits, strict=True):
        indices = np.full(64 * len(row), -1, np.int32)
        assert indices[: unpack_words(row, indices)].tolist() == sorted(code)
    by_bits, by_lists = (np.empty((len(codes), len(others)), np.int32) for _ in range(2))
    overlaps_of_bits(bits, theirs, by_bits)
    overlaps_of_lists(*lists(codes), theirs, by_lists)
    assert by_bits.tolist() == by_lists.tolist() == reference.overlaps(codes, others)


@pytest.mark.parametrize(("size", "active"), [(1000, 20), (65, 64), (64, 33), (128, 64), (2, 1), (7, 7)])
def test_random_codes_are_drawn_unit_by_unit(size: int, active: int) -> None:
    indices = np.empty((5, active), np.int32)
    draw_codes(indices, np.empty(-(-size // 64), np.uint64), size, np.uint64(2**63 + 5))
    assert indices.tolist() == reference.drawn(5, size, active, 2**63 + 5)
