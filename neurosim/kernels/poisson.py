"""Poisson spike trains, and numbers of Poisson events to be added to a variable.

Source units fire in blocks of :data:`BLOCK`: where spikes are rare, the distance to the next unit that fires is drawn, at a cost per
spike. Block b reads the four words of counter (k, b, tick) for k = 0, 1, ... one after the other.

Events of an input are drawn from one half of a 32-bit word a unit (:func:`fill_counts`). The 65,536 halves are dealt out to the counts
0, 1, 2, ... in proportion to their probability, rounded down. What is left over by rounding, a few halves at the top, stands for "drawn
again": a second draw, from the law that is left over, makes the law of the two together exact. Where events are rare, the distances between
events are drawn instead, as of a Poisson process that runs along the units.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels.noise import fill_words_from, philox_block

BLOCK = 4096
"""Source units, or units of a target with rare events, that are drawn for together."""
PART = 1024
"""Units that are drawn for together where each needs a word; any range of units may begin at a multiple of 512."""
HEADER = 6
"""Parameters of an input before its cells."""
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_AGAIN = np.uint64(1)
"""The stream of second draws."""


@jit
def fill_four(words, index, seed, tick, stream):
    """Fill words (4,) uint32 with those of counter (index, stream, tick)."""
    now = np.uint64(tick)
    w0, w1, w2, w3 = philox_block(np.uint64(index), np.uint64(stream), now & _LOW, now >> _SHIFT, seed & _LOW, seed >> _SHIFT)
    words[0] = w0
    words[1] = w1
    words[2] = w2
    words[3] = w3


@jit
def fire_rarely(flags, first, last, scale, silent, seed, tick):
    """Flag each of the units first ... last - 1 with one probability p: scale is 1 / ln(1 - p), silent is 2**32 (1 - p)**BLOCK.

    A word below silent stands for a distance that leads out of the block whatever unit it starts at.
    """
    flags[first:last] = 0
    words = np.empty(4, np.uint32)
    for block in range(first // BLOCK, (last + BLOCK - 1) // BLOCK):
        unit, used = block * BLOCK - 1, 0
        while True:
            if used % 4 == 0:
                fill_four(words, used // 4, seed, tick, block)
            word = words[used % 4]
            used += 1
            if word < silent:
                break
            unit += 1 + int(math.log((np.float64(word) + 0.5) * 2.0**-32) * scale)
            if unit >= (block + 1) * BLOCK or unit >= last:
                break
            if unit >= first:
                flags[unit] = 1


@jit
def compare(flags, words, threshold):
    """Flag the units whose word lies below the threshold."""
    for i in range(flags.size):
        flags[i] = words[i] < threshold


@jit
def compare_each(flags, words, rate, scale):
    """Flag the units whose word lies below scale times their rate."""
    for i in range(flags.size):
        flags[i] = words[i] < rate[i] * scale


@jit
def update(values, parameters, flags, first, last, seed, tick):
    """Let units fire at one rate; parameters are 2**32 p, scale and silent of :func:`fire_rarely`, and whether spikes are rare."""
    if parameters[3] > 0:
        fire_rarely(flags, first, last, np.float64(parameters[1]), np.float64(parameters[2]), seed, tick)
        return
    words = np.empty(PART, np.uint32)
    for begin in range(first, last, PART):
        fired = flags[begin : min(begin + PART, last)]
        fill_words_from(words, begin, seed, tick, np.uint64(0))
        compare(fired, words, parameters[0])


@jit
def update_each(values, parameters, flags, first, last, seed, tick):
    """Let each unit fire at its own rate, in Hz, the one row of values; the parameter is 2**32 dt / 1000."""
    words = np.empty(PART, np.uint32)
    for begin in range(first, last, PART):
        end = min(begin + PART, last)
        fill_words_from(words, begin, seed, tick, np.uint64(0))
        compare_each(flags[begin:end], words, values[0, begin:end], parameters[0])


@jit
def fill_counts(counts, halves, cells, base):
    """Count from base on, for each half, the cells that lie at or below it; all are int16, the number of cells is a multiple of 4."""
    counts[:] = base
    for k in range(0, cells.size, 4):
        a, b, c, d = cells[k], cells[k + 1], cells[k + 2], cells[k + 3]
        for i in range(counts.size):
            half, count = halves[i], counts[i]
            if half >= a:
                count += np.int16(1)
            if half >= b:
                count += np.int16(1)
            if half >= c:
                count += np.int16(1)
            if half >= d:
                count += np.int16(1)
            counts[i] = count


@jit
def most(counts):
    """Return the largest count."""
    largest = counts[0]
    for i in range(counts.size):
        largest = max(largest, counts[i])
    return largest


@jit
def draw_again(counts, top, first, tail, base, seed, tick):
    """Replace each count that equals top by base plus the number of thresholds in tail, which descend, above a second word."""
    words = np.empty(4, np.uint32)
    for i in range(counts.size):
        if counts[i] == top:
            fill_four(words, (first + i) // 4, seed, tick, _AGAIN)
            word, count = words[(first + i) % 4], 0
            while count < tail.size and word < tail[count]:
                count += 1
            counts[i] = base + count


@jit
def deal(row, counts, weight):
    """Add weight times counts to a row, which may be shorter."""
    for i in range(row.size):
        row[i] += weight * counts[i]


@jit
def add_often(row, cells, tail, weight, base, tail_base, first, last, seed, tick):
    """Add Poisson numbers of events by :func:`fill_counts`; counts start at base, those drawn again at tail_base."""
    words, counts = np.empty(PART // 2, np.uint32), np.empty(PART, np.int16)
    halves = words.view(np.int16)
    for begin in range(first, last, PART):
        fill_words_from(words, begin // 2, seed, tick, np.uint64(0))
        fill_counts(counts, halves, cells, np.int16(base))
        if most(counts) == base + cells.size:
            draw_again(counts, base + cells.size, begin, tail, tail_base, seed, tick)
        deal(row[begin : min(begin + PART, last)], counts, weight)


@jit
def add_rarely(row, weight, gap, silent, first, last, seed, tick):
    """Add the events of a Poisson process along the units; gap is its mean distance, silent is 2**32 exp(-BLOCK / gap)."""
    words = np.empty(4, np.uint32)
    for block in range(first // BLOCK, (last + BLOCK - 1) // BLOCK):
        place, used, stop = float(block * BLOCK), 0, float(min((block + 1) * BLOCK, last))
        while True:
            if used % 4 == 0:
                fill_four(words, used // 4, seed, tick, block)
            word = words[used % 4]
            used += 1
            if word < silent:
                break
            place -= math.log((np.float64(word) + 0.5) * 2.0**-32) * gap
            if place >= stop:
                break
            if place >= first:
                row[int(place)] += weight


@jit
def add(row, memory, parameters, first, last, seed, tick):
    """Add weight times a Poisson number to each of the units first ... last - 1.

    parameters: weight, gap, silent (:func:`add_rarely`), number of cells (0 if events are rare), base and tail_base (:func:`add_often`),
    the cells (0 ... 65,536), and the thresholds of second draws times 2**32.
    """
    n_cells = int(parameters[3])
    if n_cells == 0:
        add_rarely(row, parameters[0], np.float64(parameters[1]), np.float64(parameters[2]), first, last, seed, tick)
        return
    cells = np.empty(n_cells, np.int16)
    for k in range(n_cells):
        cells[k] = int(parameters[HEADER + k]) - 32768
    tail = parameters[HEADER + n_cells :]
    add_often(row, cells, tail, parameters[0], int(parameters[4]), int(parameters[5]), first, last, seed, tick)
