"""Synapses on segments that grow, change and vanish: tables for a learner of sequences.

A synapse is stored twice. Its *segment* has a block of the pools ``cells``, ``permanences`` and ``places``. Its presynaptic cell has a
*list*, a block of the pool ``items``, with one number for each synapse: twice the segment, plus 1 where the synapse is connected.
``places`` says where in the list of its cell a synapse stands, so that a change of one finds the other at once. Blocks hold 8, 16, 24,
... synapses and 8, 16, 32, ... items; one that is given back waits in a chain for the next that needs its size. Nothing is allocated
here: the caller sees to it that tables have room.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.kernels._blocks import BLOCK, among, change
from neurosim.kernels._jit import jit
from neurosim.kernels._masks import lowest_bit

FULL = 32767
"""Permanence 1."""
CELL, START, LENGTH, ROOM, NEXT = range(5)
"""Columns of ``segments``: cell (-1: free), block, synapses, room of the block, next segment of this cell or next free one (-1: none)."""
N_SEGMENTS, FIRST = 0, 4
"""Columns of ``lists`` besides START, LENGTH and ROOM: how many segments a cell has, and the newest of them (-1: none)."""
MADE, FREE, SYNAPSES, TOP, ITEM_TOP, MATCHING, PREDICTED, BLOCKS = range(8)
"""``numbers``: segments ever made, first free one, synapses, ends of both pools, matching segments, predicted columns, chains of blocks."""
LARGEST = 256
"""Synapses in the largest block; in the smallest: BLOCK."""
ITEM_BLOCKS = BLOCKS + LARGEST // BLOCK + 1
"""Where the chains of blocks of items begin; those before are of blocks of synapses."""
N_NUMBERS = ITEM_BLOCKS + 32
ACTIVE, TAKEN, DEAD = range(3)
"""Rows of ``bits``: cells active at the last input; scratch, 0 between uses; cells that were killed."""

_ONE = np.uint64(1)


class Tables(NamedTuple):
    """Arrays of a memory with room for S segments, P synapses and I items, of N cells."""

    segments: np.ndarray  # (S, 5) int32
    cells: np.ndarray  # (P,) int32
    permanences: np.ndarray  # (P,) int16, above 0
    places: np.ndarray  # (P,) int32
    items: np.ndarray  # (I,) int32
    lists: np.ndarray  # (N, 5) int32
    bits: np.ndarray  # (3, ceil(N / 64)) uint64
    numbers: np.ndarray  # (N_NUMBERS,) int64


# --- bits -----------------------------------------------------------------------------------------------------------------------


@jit
def has(bits, index):
    """Tell whether a bit is set."""
    return (bits[index >> 6] >> np.uint64(index & 63)) & _ONE != 0


@jit
def put(bits, index):
    """Set a bit."""
    bits[index >> 6] |= _ONE << np.uint64(index & 63)


@jit
def drop(bits, index):
    """Clear a bit."""
    bits[index >> 6] &= ~(_ONE << np.uint64(index & 63))


# --- synapses -------------------------------------------------------------------------------------------------------------------


@jit
def widen(t, segment, length):
    """Move a segment to a block with room for `length` synapses."""
    old, room, size = np.int64(t.segments[segment, START]), np.int64(t.segments[segment, ROOM]), (length + BLOCK - 1) // BLOCK
    new = t.numbers[BLOCKS + size]
    if new >= 0:
        t.numbers[BLOCKS + size] = t.places[new]
    else:
        new = t.numbers[TOP]
        t.numbers[TOP] = new + size * BLOCK
    for k in range(t.segments[segment, LENGTH]):
        t.cells[new + k] = t.cells[old + k]
        t.permanences[new + k] = t.permanences[old + k]
        t.places[new + k] = t.places[old + k]
    if room > 0:
        t.places[old] = t.numbers[BLOCKS + room // BLOCK]
        t.numbers[BLOCKS + room // BLOCK] = old
    t.segments[segment, START] = new
    t.segments[segment, ROOM] = size * BLOCK


@jit
def widen_list(lists, items, numbers, cell):
    """Move the list of a cell to a block of twice the room."""
    old, length, room = np.int64(lists[cell, START]), lists[cell, LENGTH], np.int64(lists[cell, ROOM])
    wide, size = np.int64(BLOCK), ITEM_BLOCKS
    while wide <= room:
        wide *= 2
        size += 1
    new = numbers[size]
    if new >= 0:
        numbers[size] = items[new]
    else:
        new = numbers[ITEM_TOP]
        numbers[ITEM_TOP] = new + wide
    for k in range(length):
        items[new + k] = items[old + k]
    if room > 0:
        items[old] = numbers[size - 1]
        numbers[size - 1] = old
    lists[cell, START] = new
    lists[cell, ROOM] = wide


@jit
def attach(t, segment, cells, count, permanence, connected):
    """Add synapses of one permanence from the first `count` of some cells to a segment."""
    length = np.int64(t.segments[segment, LENGTH])
    if length + count > t.segments[segment, ROOM]:
        widen(t, segment, length + count)
    at, item = t.segments[segment, START] + length, 2 * segment + np.int64(permanence >= connected)
    for k in range(count):
        cell = np.int64(cells[k])
        place = np.int64(t.lists[cell, LENGTH])
        if place == t.lists[cell, ROOM]:
            widen_list(t.lists, t.items, t.numbers, cell)
        t.items[t.lists[cell, START] + place] = item
        t.lists[cell, LENGTH] = place + 1
        t.cells[at + k] = cell
        t.permanences[at + k] = permanence
        t.places[at + k] = place
    t.segments[segment, LENGTH] = length + count
    t.numbers[SYNAPSES] += count


@jit
def remove(t, segment, k):
    """Remove synapse k of a segment. The last one moves to its place; so does the last item of its list."""
    at, last = t.segments[segment, START] + k, t.segments[segment, START] + t.segments[segment, LENGTH] - 1
    cell, place = t.cells[at], t.places[at]
    start, end = t.lists[cell, START], t.lists[cell, LENGTH] - 1
    if place != end:
        moved = t.items[start + end]
        t.items[start + place] = moved
        other = t.segments[moved >> 1, START]
        while t.cells[other] != cell:
            other += 1
        t.places[other] = place
    t.lists[cell, LENGTH] = end
    t.cells[at] = t.cells[last]
    t.permanences[at] = t.permanences[last]
    t.places[at] = t.places[last]
    t.segments[segment, LENGTH] -= 1
    t.numbers[SYNAPSES] -= 1


@jit
def adapt(t, segment, up, down, connected):
    """Add `up` to the permanences of synapses of active cells, take `down` from others; tell whether one is 0 now, that is, vanishes."""
    start, vanished = np.int64(t.segments[segment, START]), np.uint64(0)
    stop = start + np.int64(t.segments[segment, LENGTH])
    for first in range(start, stop, BLOCK):
        lanes = (_ONE << np.uint64(min(stop - first, BLOCK))) - _ONE
        found = change(t.permanences, first, among(t.bits, np.int64(ACTIVE), t.cells, first), up, -down, connected)
        crossed = found & lanes
        vanished |= (found >> np.uint64(BLOCK)) & lanes
        while crossed != 0:
            at = first + np.int64(lowest_bit(crossed))
            t.items[t.lists[t.cells[at], START] + t.places[at]] ^= 1
            crossed &= crossed - _ONE
    return vanished != 0


@jit
def remove_vanished(t, segment):
    """Remove the synapses of permanence 0 from a segment."""
    k = np.int64(0)
    while k < t.segments[segment, LENGTH]:
        if t.permanences[t.segments[segment, START] + k] == 0:
            remove(t, segment, k)
        else:
            k += 1


# --- segments -------------------------------------------------------------------------------------------------------------------


@jit
def new_segment(t, cell):
    """Give a cell a segment without synapses."""
    segment = t.numbers[FREE]
    if segment >= 0:
        t.numbers[FREE] = t.segments[segment, NEXT]
    else:
        segment = t.numbers[MADE]
        t.numbers[MADE] = segment + 1
    t.segments[segment] = 0
    t.segments[segment, CELL] = cell
    t.segments[segment, NEXT] = t.lists[cell, FIRST]
    t.lists[cell, FIRST] = segment
    t.lists[cell, N_SEGMENTS] += 1
    return segment


@jit
def destroy(t, segment):
    """Remove a segment with its synapses; it becomes the first free one."""
    cell, start, room = t.segments[segment, CELL], np.int64(t.segments[segment, START]), np.int64(t.segments[segment, ROOM])
    while t.segments[segment, LENGTH] > 0:
        remove(t, segment, np.int64(t.segments[segment, LENGTH]) - 1)
    if room > 0:
        t.places[start] = t.numbers[BLOCKS + room // BLOCK]
        t.numbers[BLOCKS + room // BLOCK] = start
    other = t.lists[cell, FIRST]
    if other == segment:
        t.lists[cell, FIRST] = t.segments[segment, NEXT]
    else:
        while t.segments[other, NEXT] != segment:
            other = t.segments[other, NEXT]
        t.segments[other, NEXT] = t.segments[segment, NEXT]
    t.lists[cell, N_SEGMENTS] -= 1
    t.segments[segment] = 0
    t.segments[segment, CELL] = -1
    t.segments[segment, NEXT] = t.numbers[FREE]
    t.numbers[FREE] = segment
