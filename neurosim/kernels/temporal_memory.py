"""One step of a temporal memory: which cells become active, what their segments learn, which segments match what is active now.

Activity is counted along the lists of active cells, in one uint16 for each segment: all its synapses of active cells in the low byte, those
that are connected in the high one. A segment whose low byte arrives at the threshold is noted then and there, so that no pass over all
segments looks for them; counts are set back to 0 along the same lists, or all at once where that is less work. Segments and columns are
visited in ascending order. Random words are functions of seed, tick and a column or segment.

Arrays: those of :class:`neurosim.kernels._synapses.Tables`; counts (S,) uint16, 0 between steps; matching (S + 1, 2) int32, the segments
that matched the last input, ascending, with their counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels._masks import lowest_bit
from neurosim.kernels._rows import fetch, prefetch
from neurosim.kernels._synapses import (
    ACTIVE,
    BLOCK,
    CELL,
    DEAD,
    FIRST,
    FULL,
    ITEM_TOP,
    LARGEST,
    LENGTH,
    MADE,
    MATCHING,
    N_SEGMENTS,
    NEXT,
    PREDICTED,
    ROOM,
    START,
    TAKEN,
    TOP,
    adapt,
    attach,
    destroy,
    drop,
    has,
    new_segment,
    put,
    remove,
    remove_vanished,
)
from neurosim.kernels.noise import philox_block

LEAST_USED, GROWTH = np.uint64(0), np.uint64(1)
"""Streams of random words: which of the least used cells of a column, which of the candidates of a segment."""
NEAR, FAR = 8, 16
"""Active cells between the one whose list is counted and those whose list, and whose row of ``lists``, are asked for."""
BYTE = 255

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_ONE = np.uint64(1)


class Rule(NamedTuple):
    """Numbers of a memory; permanences as multiples of 1 / FULL."""

    cells: int
    activation: int
    least: int
    max_new: int
    initial: int
    connected: int
    increment: int
    decrement: int
    punishment: int
    max_segments: int
    max_synapses: int


# --- learning -------------------------------------------------------------------------------------------------------------------


@jit
def find_candidates(t, segment, winners, candidates):
    """Write the winners without a synapse on a segment to candidates; return how many."""
    taken, start, stop = t.bits[TAKEN], t.segments[segment, START], t.segments[segment, START] + t.segments[segment, LENGTH]
    count = np.int64(0)
    for k in range(start, stop):
        put(taken, np.int64(t.cells[k]))
    for winner in winners:
        candidates[count] = winner
        count += not has(taken, np.int64(winner))
    for k in range(start, stop):
        drop(taken, np.int64(t.cells[k]))
    return count


@jit
def forget_weakest(t, segment, count, winners):
    """Remove up to `count` synapses of the smallest permanences, the first of equal ones, but none from a winner."""
    taken = t.bits[TAKEN]
    for winner in winners:
        put(taken, np.int64(winner))
    for _ in range(count):
        start, weakest, least = t.segments[segment, START], np.int64(-1), np.int64(FULL + 1)
        for k in range(t.segments[segment, LENGTH]):
            if t.permanences[start + k] < least and not has(taken, np.int64(t.cells[start + k])):
                weakest, least = k, np.int64(t.permanences[start + k])
        if weakest < 0:
            break
        remove(t, segment, weakest)
    for winner in winners:
        drop(taken, np.int64(winner))


@jit
def choose(candidates, count, chosen, segment, seed, tick):
    """Move `chosen` random ones of `count` candidates to the front (steps of a Fisher-Yates shuffle)."""
    block = np.uint64(segment) * np.uint64(LARGEST // 4)
    for first in range(0, chosen, 4):
        words = philox_block(block & _LOW, GROWTH, tick & _LOW, tick >> _SHIFT, seed & _LOW, seed >> _SHIFT)
        block += _ONE
        for k in range(first, min(first + 4, chosen)):
            other = k + np.int64(((words[k - first] & _LOW) * np.uint64(count - k)) >> _SHIFT)
            kept = candidates[k]
            candidates[k] = candidates[other]
            candidates[other] = kept


@jit
def grow(t, rule, segment, wanted, winners, candidates, seed, tick):
    """Grow up to `wanted` synapses to winners that a segment has none from."""
    count = find_candidates(t, segment, winners, candidates)
    new = min(wanted, count)
    excess = np.int64(t.segments[segment, LENGTH]) + new - rule.max_synapses
    if excess > 0:
        forget_weakest(t, segment, excess, winners)
        new = min(new, rule.max_synapses - np.int64(t.segments[segment, LENGTH]))
    if new < count:
        choose(candidates, count, new, segment, seed, tick)
    if new > 0:
        attach(t, segment, candidates, new, rule.initial, rule.connected)


@jit
def settle(t, rule, segment, wanted, winners, candidates, seed, tick):
    """Remove the synapses of a segment that have vanished, let it grow, and remove it if it can never match again."""
    remove_vanished(t, segment)
    if wanted > 0:
        grow(t, rule, segment, wanted, winners, candidates, seed, tick)
    if t.segments[segment, LENGTH] < rule.least:
        destroy(t, segment)


@jit(inline="always")
def learn_on(t, rule, segment, seen, up, down, winners, candidates, seed, tick):
    """Change a segment that saw `seen` active synapses; let it grow if it is strengthened."""
    vanished = adapt(t, segment, up, down, rule.connected)
    wanted = rule.max_new - seen if up >= 0 else np.int64(0)
    if vanished or wanted > 0:
        settle(t, rule, segment, wanted, winners, candidates, seed, tick)


@jit
def least_useful(t, cell):
    """Return the segment of a cell with the smallest sum of squared permanences, the lowest of equal ones."""
    segment, found, least = np.int64(t.lists[cell, FIRST]), np.int64(-1), np.int64(0)
    while segment >= 0:
        use = np.int64(0)
        for k in range(t.segments[segment, START], t.segments[segment, START] + t.segments[segment, LENGTH]):
            use += np.int64(t.permanences[k]) * np.int64(t.permanences[k])
        if found < 0 or use < least or (use == least and segment < found):
            found, least = segment, use
        segment = np.int64(t.segments[segment, NEXT])
    return found


@jit
def least_used(t, column, cells, seed, tick):
    """Return a cell of a column with the fewest segments, one of equals at random; -1 if all are dead."""
    dead, first, fewest, ties = t.bits[DEAD], column * cells, np.int64(1) << 40, np.int64(0)
    for cell in range(first, first + cells):
        if not has(dead, cell):
            n = np.int64(t.lists[cell, N_SEGMENTS])
            ties = np.int64(1) if n < fewest else ties + np.int64(n == fewest)
            fewest = min(n, fewest)
    if ties == 0:
        return np.int64(-1)
    words = philox_block(np.uint64(column), LEAST_USED, tick & _LOW, tick >> _SHIFT, seed & _LOW, seed >> _SHIFT)
    left = np.int64(((words[0] & _LOW) * np.uint64(ties)) >> _SHIFT)
    cell = first
    while True:
        if t.lists[cell, N_SEGMENTS] == fewest and not has(dead, cell):
            if left == 0:
                return cell
            left -= 1
        cell += 1


# --- steps ----------------------------------------------------------------------------------------------------------------------


@jit
def room_needed(t, matching, rule, n_columns, winners):
    """Return how many segments, synapses and items the tables need room for, so that the next step cannot run out of it."""
    learners = np.int64(n_columns)
    for k in range(t.numbers[MATCHING]):
        learners += (matching[k, 1] >> 8) >= rule.activation
    items = t.numbers[ITEM_TOP]
    for winner in winners:
        wanted, room = t.lists[winner, LENGTH] + learners, np.int64(BLOCK)
        if wanted > t.lists[winner, ROOM]:
            while room < wanted:
                room *= 2
            items += 2 * room
    return t.numbers[MADE] + n_columns, t.numbers[TOP] + learners * LARGEST, items


@jit
def use_segments(t, matching, rule, status, best, chosen, winners, candidates, seed, tick, learn):
    """Choose the predicted cells, and for columns that burst their best segment; learn on all other segments that match."""
    for k in range(t.numbers[MATCHING]):
        cell = np.int64(t.segments[matching[k, 0], CELL])
        if (matching[k, 1] >> 8) >= rule.activation and status[cell // rule.cells] > 0:
            status[cell // rule.cells] = 2
            put(chosen, cell)
    for k in range(t.numbers[MATCHING]):
        segment, strength = np.int64(matching[k, 0]), np.int64(matching[k, 1])
        column = t.segments[segment, CELL] // rule.cells
        right = status[column] > 0
        if (strength >> 8 >= rule.activation) if right else (rule.punishment > 0):
            if learn:
                up, down = (rule.increment, rule.decrement) if right else (-rule.punishment, np.int64(0))
                learn_on(t, rule, segment, strength & BYTE, up, down, winners, candidates, seed, tick)
        elif right and (best[column] < 0 or (strength & BYTE) > (matching[best[column], 1] & BYTE)):
            best[column] = k


@jit
def burst(t, matching, rule, column, best, winners, candidates, seed, tick, learn):
    """Return the winner of a column that was not predicted, -1 if its cells are dead; learn on its best segment, or on a new one."""
    segment, seen = np.int64(-1), np.int64(0)
    if best >= 0:
        segment, seen = np.int64(matching[best, 0]), np.int64(matching[best, 1] & BYTE)
        winner = np.int64(t.segments[segment, CELL])
    else:
        winner = least_used(t, column, rule.cells, seed, tick)
        if learn and winner >= 0 and winners.size >= rule.least:
            if t.lists[winner, N_SEGMENTS] >= rule.max_segments:
                destroy(t, least_useful(t, winner))
            segment = new_segment(t, winner)
    if learn and segment >= 0:
        learn_on(t, rule, segment, seen, rule.increment, rule.decrement, winners, candidates, seed, tick)
    return winner


@jit
def list_cells(bits, flip, first, last, out, n):
    """Write the units first ... last - 1 whose bit, exclusive-or `flip`, is set to out[n:], ascending; return the new n."""
    for word in range(first >> 6, (last + 63) >> 6):
        rest = bits[word] ^ flip
        if first > 64 * word:
            rest &= ~np.uint64(0) << np.uint64(first & 63)
        if last < 64 * word + 64:
            rest &= (_ONE << np.uint64(last & 63)) - _ONE
        while rest != 0:
            out[n] = 64 * word + np.int64(lowest_bit(rest))
            n += 1
            rest &= rest - _ONE
    return n


@jit
def activate(t, matching, rule, columns, winners, now_active, now_winners, seed, tick, learn):
    """Find the active cells and the winners of an input, and learn; return how many there are. Bits stay those of the last input."""
    status = np.zeros(t.lists.shape[0] // rule.cells, np.uint8)  # 1: active, 2: also predicted
    best = np.empty(status.size, np.int32)
    candidates = np.empty(winners.size, np.int32)
    chosen = np.zeros(t.bits.shape[1], np.uint64)
    for column in columns:
        status[column] = 1
        best[column] = -1
    use_segments(t, matching, rule, status, best, chosen, winners, candidates, seed, tick, learn)
    n_active, n_winners, n_predicted = np.int64(0), np.int64(0), np.int64(0)
    for column in columns:
        first, last = np.int64(column * rule.cells), np.int64(column * rule.cells + rule.cells)
        if status[column] == 2:
            before, n_predicted = n_active, n_predicted + 1
            n_active = list_cells(chosen, np.uint64(0), first, last, now_active, n_active)
            for k in range(before, n_active):
                now_winners[n_winners] = now_active[k]
                n_winners += 1
        else:
            n_active = list_cells(t.bits[DEAD], ~np.uint64(0), first, last, now_active, n_active)
            winner = burst(t, matching, rule, np.int64(column), np.int64(best[column]), winners, candidates, seed, tick, learn)
            if winner >= 0:
                now_winners[n_winners] = winner
                n_winners += 1
    t.numbers[PREDICTED] = n_predicted
    return n_active, n_winners


@jit
def excite(lists, items, counts, matching, n_made, least, active):
    """Count what segments receive from active cells; list those that match, ascending, and return how many."""
    n, seen, n_cells = np.int64(0), np.int64(0), active.size
    for k in range(min(FAR, n_cells)):
        prefetch(lists, np.uint64(5 * active[k]))
    for k in range(min(NEAR, n_cells)):
        fetch(items, np.uint64(lists[active[k], START]), np.uint64(lists[active[k], START] + lists[active[k], LENGTH]))
    for k in range(n_cells):
        if k + FAR < n_cells:
            prefetch(lists, np.uint64(5 * active[k + FAR]))
        if k + NEAR < n_cells:
            later = active[k + NEAR]
            fetch(items, np.uint64(lists[later, START]), np.uint64(lists[later, START] + lists[later, LENGTH]))
        start = np.uint64(lists[active[k], START])
        stop = start + np.uint64(lists[active[k], LENGTH])
        seen += np.int64(stop - start)
        for at in range(start, stop):
            item = np.uint32(items[at])
            segment = np.uint64(item >> np.uint32(1))
            count = np.uint16(counts[segment] + np.uint16(1) + np.uint16((item & np.uint32(1)) << np.uint32(8)))
            counts[segment] = count
            matching[n, 0] = segment
            n += (count & np.uint16(BYTE)) == least
    sort_segments(matching, n, n_made)
    for k in range(n):
        matching[k, 1] = counts[matching[k, 0]]
    if 16 * seen > n_made:
        counts[:n_made] = 0
        return n
    for cell in active:
        for at in range(lists[cell, START], lists[cell, START] + lists[cell, LENGTH]):
            counts[items[at] >> 1] = 0
    return n


@jit
def sort_segments(matching, n, n_made):
    """Sort the first n of the matching segments, all different: by insertion, or with a bit for each segment."""
    if n * n <= n_made >> 4:
        for k in range(1, n):
            segment, at = matching[k, 0], k
            while at > 0 and matching[at - 1, 0] > segment:
                matching[at, 0] = matching[at - 1, 0]
                at -= 1
            matching[at, 0] = segment
        return
    marks, k = np.zeros((n_made + 63) >> 6, np.uint64), np.int64(0)
    for place in range(n):
        put(marks, np.int64(matching[place, 0]))
    for word in range(marks.size):
        rest = marks[word]
        while rest != 0:
            matching[k, 0] = 64 * word + np.int64(lowest_bit(rest))
            k += 1
            rest &= rest - _ONE


@jit
def advance(t, counts, matching, rule, columns, winners, now_active, now_winners, seed, tick, learn):
    """One step: activate cells, learn, see what they excite. Return the numbers of active cells and winners, -1 where room is short."""
    if learn:
        segments, pool, items = room_needed(t, matching, rule, columns.size, winners)
        if segments > t.segments.shape[0] or pool > t.cells.size or items > t.items.size:
            return np.int64(-1), np.int64(-1)
    n_active, n_winners = activate(t, matching, rule, columns, winners, now_active, now_winners, seed, tick, learn)
    bits, active = t.bits[ACTIVE], now_active[:n_active]
    bits[:] = 0
    for cell in active:
        put(bits, np.int64(cell))
    t.numbers[MATCHING] = excite(t.lists, t.items, counts, matching, t.numbers[MADE], rule.least, active)
    return n_active, n_winners


@jit
def kill(t, counts, matching, least, cells, active):
    """Destroy the segments of cells, and let them never be active again; `active` are those that still are."""
    dead, bits = t.bits[DEAD], t.bits[ACTIVE]
    for cell in cells:
        put(dead, np.int64(cell))
        drop(bits, np.int64(cell))
        while t.lists[cell, FIRST] >= 0:
            destroy(t, np.int64(t.lists[cell, FIRST]))
    t.numbers[MATCHING] = excite(t.lists, t.items, counts, matching, t.numbers[MADE], least, active)
