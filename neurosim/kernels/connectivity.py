"""Drawing who is connected to whom, and sorting what was drawn.

Row r reads the words of ``fill_words(words, seed, r, block)``, blocks 0, 1, 2, ... of :data:`WORDS` words each, in order: a row depends on
the seed and its number alone.

A *jump* is the number of candidates that a sequence of independent trials, each a success with probability p, passes over before the next
success. With u uniform on (0, 1] it is floor(ln u / ln(1 - p)); u has 53 bits, made of two words.

A draw below a bound b is the high half of word * b; words whose low half is below 2**32 mod b are skipped, which makes it exactly uniform
(D. Lemire, ACM Trans. Model. Comput. Simul. 29, 3 (2019)).

Candidates of a row are counted 0 ... n - 1. Where `skip_self` is true, the row's own number is none of them: candidates from it on stand
for the unit that follows.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels.noise import fill_words

WORDS = 128
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_HIGH_BITS = np.uint64(21)
_LOST_BITS = np.uint64(11)


@jit
def fill_jumps(jumps, words, log_miss, seed, row, block):
    """Fill jumps (WORDS / 2,) float64 (to be rounded down) with those of one block; words (WORDS,) is scratch, log_miss is ln(1 - p)."""
    fill_words(words, seed, np.uint64(row), np.uint64(block))
    for k in range(jumps.size):
        bits = np.uint64(words[2 * k]) << _HIGH_BITS | np.uint64(words[2 * k + 1]) >> _LOST_BITS
        jumps[k] = math.log((np.float64(bits) + 1.0) * 2.0**-53) / log_miss


@jit
def bernoulli_rows(offsets, targets, fill, n_candidates, skip_self, log_miss, seed):
    """Let each row take each of its candidates with probability p.

    If not fill, offsets[r + 1] is set to the number that row r takes. If fill, offsets holds the running sums of these numbers, and the
    candidates taken are written to targets, in ascending order within a row.
    """
    words = np.empty(WORDS, np.uint32)
    jumps = np.empty(WORDS // 2)
    for row in range(offsets.size - 1):
        candidate, count, used = -1, 0, jumps.size
        block = np.int64(0)  # a plain 0 would have fill_jumps compiled for it, and again for the blocks that follow
        while True:
            if used == jumps.size:
                fill_jumps(jumps, words, log_miss, seed, row, block)
                block += 1
                used = 0
            if jumps[used] >= n_candidates - 1 - candidate:
                break
            candidate += 1 + int(jumps[used])
            used += 1
            if fill:
                targets[offsets[row] + count] = candidate + (skip_self and candidate >= row)
            count += 1
        if not fill:
            offsets[row + 1] = count


@jit
def draw_below(bound, words, cursor, seed, row):
    """Draw from 0 ... bound - 1, bound at most 2**32. words (WORDS,) is one block of the row; cursor (2,) is [words used, next block]."""
    wide = np.uint64(bound)
    while True:
        if cursor[0] == words.size:
            fill_words(words, seed, np.uint64(row), np.uint64(cursor[1]))
            cursor[0] = 0
            cursor[1] += 1
        product = np.uint64(words[cursor[0]]) * wide
        cursor[0] += 1
        low = product & _LOW
        if low >= wide or low >= np.uint64(1 << 32) % wide:
            return np.int64(product >> _SHIFT)


@jit
def choose_distinct(chosen, n_candidates, skip_self, seed, first_row):
    """Let each row of chosen (n_rows, degree) be a set of distinct candidates, all sets equally likely, in no particular order.

    R. Floyd's algorithm: for each j from n - degree to n - 1 draw from 0 ... j, and take j itself if the draw is in the set already.
    """
    words = np.empty(WORDS, np.uint32)
    cursor = np.empty(2, np.int64)
    taken = np.zeros(n_candidates, np.bool_)
    degree = chosen.shape[1]
    for row in range(chosen.shape[0]):
        cursor[0] = WORDS
        cursor[1] = 0
        for k in range(degree):
            last = n_candidates - degree + k
            candidate = draw_below(last + 1, words, cursor, seed, first_row + row)
            if taken[candidate]:
                candidate = last
            taken[candidate] = True
            chosen[row, k] = candidate
        for k in range(degree):
            candidate = np.int64(chosen[row, k])
            taken[candidate] = False
            chosen[row, k] = candidate + (skip_self and candidate >= first_row + row)


@jit
def choose_any(chosen, n_candidates, skip_self, seed, first_row):
    """Fill each row of chosen (n_rows, degree) with independent draws from its candidates: repetitions may occur."""
    words = np.empty(WORDS, np.uint32)
    cursor = np.empty(2, np.int64)
    for row in range(chosen.shape[0]):
        cursor[0] = WORDS
        cursor[1] = 0
        for k in range(chosen.shape[1]):
            candidate = draw_below(n_candidates, words, cursor, seed, first_row + row)
            chosen[row, k] = candidate + (skip_self and candidate >= first_row + row)


@jit
def choose_all(chosen, skip_self):
    """Fill each row of chosen (n_rows, n_candidates) with all of its candidates, ascending."""
    for row in range(chosen.shape[0]):
        for k in range(chosen.shape[1]):
            chosen[row, k] = k + (skip_self and k >= row)


@jit
def count_units(units, counts):
    """Add to counts (n_units,) int64 how often each unit occurs in units (n,)."""
    for k in range(units.size):
        counts[units[k]] += 1


@jit
def transpose_rows(offsets, columns, cursors, rows):
    """Group the entries of rows by column: rows (n,) gets the row of each entry, columns in order and rows ascending within a column.

    cursors (n_columns,) int64 holds where each column begins; it ends up where each column ends.
    """
    for row in range(offsets.size - 1):
        for k in range(offsets[row], offsets[row + 1]):
            column = columns[k]
            rows[cursors[column]] = row
            cursors[column] += 1


@jit
def scatter_rows(chosen, first_row, cursors, rows):
    """Group the entries of chosen (n_rows, degree), whose first row has the number first_row, by unit: cursors and rows as above."""
    for row in range(chosen.shape[0]):
        for k in range(chosen.shape[1]):
            unit = chosen[row, k]
            rows[cursors[unit]] = first_row + row
            cursors[unit] += 1


@jit
def stable_order(units, cursors, order):
    """Fill order (n,) with the positions in units (n,) by unit, ascending within a unit. cursors: as in :func:`transpose_rows`."""
    for k in range(units.size):
        unit = units[k]
        order[cursors[unit]] = k
        cursors[unit] += 1


@jit
def first_step_below(offsets, targets, least):
    """Return the first position whose target is less than `least` above the one before it in its row, or -1."""
    for row in range(offsets.size - 1):
        for k in range(offsets[row] + 1, offsets[row + 1]):
            if np.int64(targets[k]) - np.int64(targets[k - 1]) < least:
                return k
    return -1
