"""Instructions for rows of synapses that Numba does not offer: prefetch, carry-save sums of rows of bits, bits to bytes.

Row i of a matrix of bits says which units source i reaches, 64 units to a word: unit j is bit ``j & 63`` of word ``j >> 6``. Rows consist
of blocks of :data:`WORDS` words, a cache line each. There is one row more than there are sources, an empty one.

How many of some rows reach unit j is counted for 512 units at once. Bit p of all counts is *plane* p, laid out like a row. A full adder
takes three bits of weight 2**p into a sum of weight 2**p and a carry of weight 2**(p + 1):

    sum = x ^ y ^ z,        carry = (x & y) | ((x ^ y) & z).

Seven of them take eight rows into the planes 0, 1 and 2, with one carry left that ripples through the others (carry-save addition).

Everything here is vector code without reference to one processor, as in :mod:`neurosim.kernels._bits`.

Source: M. D. R. Klarqvist, W. Mula & D. Lemire, "Efficient computation of positional population counts using SIMD instructions",
arXiv:1911.02696 (2019). Differs from the paper in: the rows are picked by a list of spikes, and planes become counts once, at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _at, _data, _function, _loop, _number

WORDS = 8
"""Words (of 64 bits) that are handled together: a cache line."""
GROUP = 8
"""Rows that are added at a time."""
PLANES = 8
MOST_ROWS = 2**PLANES - 1
"""Rows whose counts surely fit into the planes."""

intrinsic: Any = numba_intrinsic
_BYTE, _INT, _WORD = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_BLOCK = ir.VectorType(_WORD, WORDS)
_BYTES = ir.VectorType(_BYTE, 64)
_MASK = ir.VectorType(ir.IntType(1), 64)
_ALIGN = 8
_NEAR, _NEARER = 2, 3
_LINE = 64  # bytes


def words_of(n_units: int) -> int:
    """Return the number of words, a multiple of WORDS, that hold one bit for each unit."""
    return -(-n_units // (64 * WORDS)) * WORDS


def empty_bits(n_sources: int, n_targets: int) -> np.ndarray:
    """Return rows of bits without synapses, (n_sources + 1, n_words) uint64, n_words = words_of(n_targets)."""
    return _empty((n_sources + 1, words_of(n_targets)), np.uint64)


def empty_counters(n_targets: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what :func:`neurosim.kernels.delivery.deliver_bits` works in: planes (PLANES, n_words) uint64, counts (64 n_words,) uint8."""
    n_words = words_of(n_targets)
    return _empty((PLANES, n_words), np.uint64), _empty((64 * n_words,), np.uint8)


def _empty(shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """Return zeros that begin at a cache line, so that no block straddles two."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + _LINE, np.uint8)
    first = -room.ctypes.data % _LINE
    return room[first : first + n_bytes].view(dtype).reshape(shape)


def _fetch(builder: Any, address: Any, nearness: int) -> None:
    """Ask for the cache line of an address: into the second level (2) or the first (3)."""
    address = builder.bitcast(address, _BYTE.as_pointer())
    fetch = _function(builder.module, "llvm.prefetch.p0", ir.VoidType(), [address.type, _INT, _INT, _INT])
    builder.call(fetch, [address, *(ir.Constant(_INT, value) for value in (0, nearness, 1))])


def _shape(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return cgutils.unpack_tuple(builder, context.make_array(array_type)(context, builder, array).shape)


def _add_three(builder: Any, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    """Return sum and carry of three vectors of bits."""
    differ = builder.xor(x, y)
    return builder.xor(differ, z), builder.or_(builder.and_(x, y), builder.and_(differ, z))


def _add_eight(builder: Any, sums: list[Any], row: Any) -> tuple[list[Any], Any]:
    """Add row(0), ..., row(7) to the planes 0, 1, 2; returns these and the carry of weight 8."""
    ones, twos, fours = sums
    carries_2, carries_4 = [], []
    for pair in range(4):
        ones, carry = _add_three(builder, ones, row(2 * pair), row(2 * pair + 1))
        carries_2.append(carry)
    for pair in range(2):
        twos, carry = _add_three(builder, twos, *carries_2[2 * pair : 2 * pair + 2])
        carries_4.append(carry)
    fours, carry = _add_three(builder, fours, *carries_4)
    return [ones, twos, fours], carry


@intrinsic
def prefetch(typingctx, array, index):
    """Ask for the cache line of array[index] to be brought near; has no effect on results. The index is uint64 and is not checked."""

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        _fetch(builder, builder.gep(data, [args[1]]), _NEARER)
        return context.get_dummy_value()

    return types.void(array, types.uint64), codegen


@intrinsic
def fetch(typingctx, array, first, last):
    """Ask for the cache lines of array[first], array[first + 64 bytes], ... below array[last]: :func:`prefetch` for a whole row."""

    def codegen(context, builder, signature, args):
        _, first, last = args
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        per_line = _number(8 * _LINE // signature.args[0].dtype.bitwidth)
        lines = builder.udiv(builder.add(builder.sub(last, first), builder.sub(per_line, _number(1))), per_line)

        def over_lines(builder, line, _):
            _fetch(builder, builder.gep(data, [builder.add(first, builder.mul(line, per_line))]), _NEARER)
            return []

        _loop(builder, lines, [], over_lines)
        return context.get_dummy_value()

    return types.void(array, types.uint64, types.uint64), codegen


@intrinsic
def sum_rows(typingctx, bits, events, begin, stop, planes, first, last):
    """Count in words first ... last - 1 how many of the rows of events begin ... stop - 1 have each bit: planes (PLANES, n_words) uint64.

    There are at least one and at most MOST_ROWS events; event k stands at events[k & (capacity - 1)], uint32. first is a multiple of
    WORDS, last is taken up to one; the planes are written, not added to. While eight rows are added, the next eight are asked for.
    """

    def codegen(context, builder, signature, args):
        bits_type, events_type, _, _, planes_type, _, _ = signature.args
        bits_base, planes_base = _data(context, builder, bits_type, args[0]), _data(context, builder, planes_type, args[4])
        _, begin, stop, _, first, last = args[1:]
        units = context.make_array(events_type)(context, builder, args[1]).data
        mask = builder.sub(_shape(context, builder, events_type, args[1])[0], _number(1))
        n_rows, n_words = _shape(context, builder, bits_type, args[0])
        groups = builder.sdiv(builder.add(builder.sub(stop, begin), _number(GROUP - 1)), _number(GROUP))
        blocks = builder.sdiv(builder.add(builder.sub(last, first), _number(WORDS - 1)), _number(WORDS))
        zero = ir.Constant(_BLOCK, [0] * WORDS)

        def row_of(builder, event):
            """Point to word `first` of an event's row, or of the empty one."""
            unit = builder.zext(builder.load(builder.gep(units, [builder.and_(event, mask)])), _WORD)
            row = builder.select(builder.icmp_signed("<", event, stop), unit, builder.sub(n_rows, _number(1)))
            return builder.gep(bits_base, [builder.add(first, builder.mul(row, n_words))])

        def add_group(builder, group, old):
            """Add eight rows to the planes; old(builder, address) is what stands there before."""
            event = builder.add(begin, builder.mul(group, _number(GROUP)))
            rows = [row_of(builder, builder.add(event, _number(k))) for k in range(2 * GROUP)]

            def over_blocks(builder, block, _):
                word = builder.mul(block, _number(WORDS))
                offsets = [builder.add(builder.add(first, word), builder.mul(_number(plane), n_words)) for plane in range(PLANES)]
                addresses = [_at(builder, planes_base, offset, _BLOCK) for offset in offsets]

                def row(k):
                    _fetch(builder, builder.gep(rows[k + GROUP], [word]), _NEAR)
                    return builder.load(_at(builder, rows[k], word, _BLOCK), align=_ALIGN)

                sums, carry = _add_eight(builder, [old(builder, address) for address in addresses[:3]], row)
                for address in addresses[3:]:
                    plane = old(builder, address)
                    sums.append(builder.xor(plane, carry))
                    carry = builder.and_(plane, carry)
                for total, address in zip(sums, addresses, strict=True):
                    builder.store(total, address, align=_ALIGN)
                return []

            _loop(builder, blocks, [], over_blocks)

        def over_groups(builder, group, _):
            add_group(builder, builder.add(group, _number(1)), lambda builder, address: builder.load(address, align=_ALIGN))
            return []

        add_group(builder, _number(0), lambda builder, address: zero)
        _loop(builder, builder.sub(groups, _number(1)), [], over_groups)
        return context.get_dummy_value()

    if events.dtype != types.uint32:
        return None
    return types.void(bits, events, types.int64, types.int64, planes, types.int64, types.int64), codegen


@intrinsic
def write_counts(typingctx, planes, depth, counts, first, last):
    """Turn planes 0 ... depth - 1 of words first ... last - 1 into numbers: counts[64 w + b] = sum_p 2**p bit b of planes[p, w]."""

    def codegen(context, builder, signature, args):
        planes_type, _, counts_type, _, _ = signature.args
        base, (_, depth, _, first, last) = _data(context, builder, planes_type, args[0]), args
        n_words = _shape(context, builder, planes_type, args[0])[1]
        out = builder.bitcast(context.make_array(counts_type)(context, builder, args[2]).data, _BYTES.as_pointer())
        zero, one = (ir.Constant(_BYTES, [value] * 64) for value in (0, 1))

        def over_words(builder, k, _):
            word = builder.add(first, k)

            def over_planes(builder, plane, carried):
                total, weight = carried
                address = builder.gep(base, [builder.add(word, builder.mul(plane, n_words))])
                chosen = builder.bitcast(builder.load(address), _MASK)
                return [builder.add(total, builder.select(chosen, weight, zero)), builder.add(weight, weight)]

            total = _loop(builder, depth, [zero, one], over_planes)[0]
            builder.store(total, builder.gep(out, [word]), align=1)
            return []

        _loop(builder, builder.sub(last, first), [], over_words)
        return context.get_dummy_value()

    return types.void(planes, types.int64, counts, types.int64, types.int64), codegen
