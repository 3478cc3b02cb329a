"""A matrix of bits, transposed bit by bit."""

from __future__ import annotations


def transpose(words: list[list[int]], n_columns: int, n_words: int) -> list[list[int]]:
    """Return n_columns rows of n_words words of 64 bits."""
    out = [[0] * n_words for _ in range(n_columns)]
    for i, row in enumerate(words):
        for j in range(n_columns):
            out[j][i // 64] |= (row[j // 64] >> (j % 64) & 1) << (i % 64)
    return out
