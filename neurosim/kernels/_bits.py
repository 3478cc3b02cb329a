"""Instructions on packed bits that Numba does not offer: population counts, plane sums, bit-serial counters, table sums, prefetch.

A set of K counters of P bits is stored as *bit planes*: plane p holds bit p of every counter, 64 counters to a word. The planes are
grouped by :data:`CHUNK` words, and inside a group run from the highest to the lowest, ``planes[group, P - 1 - p, word]``, so that a
weighted sum is a chain of "shift and add" over memory in order. P is even: the sum takes two planes, next to each other, at a time.

Everything here is vector code without reference to one processor: the compiler lowers it to whatever the machine has.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as numba_intrinsic

CHUNK = 4
"""Words (of 64 bits) that are handled together; rows and planes are padded to a multiple of it."""
LANES = 32
"""Replicas side by side in tables of sums."""

intrinsic: Any = numba_intrinsic
_BYTE, _INT, _WORD = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_WORD, CHUNK)
_PAIR = ir.VectorType(_WORD, 2 * CHUNK)
_ALIGN = 8
_LINE = 8  # words


def padded_words(n_bits: int) -> int:
    """Return the number of words, a multiple of CHUNK, that hold n_bits."""
    return -(-n_bits // (64 * CHUNK)) * CHUNK


def n_planes(largest: int) -> int:
    """Return the number of bit planes, an even one, of counters from 0 to largest."""
    return -(-int(largest).bit_length() // 2) * 2


def empty_planes(n_words: int, largest: int) -> np.ndarray:
    """Return zeroed planes for 64 * n_words counters from 0 to largest: (n_words / CHUNK, planes, CHUNK) uint64.

    They begin at a cache line, so that no pair of planes straddles two.
    """
    shape = (n_words // CHUNK, n_planes(largest), CHUNK)
    room = np.zeros(math.prod(shape) + _LINE, np.uint64)
    first = -(room.ctypes.data // room.itemsize) % _LINE
    return room[first : first + math.prod(shape)].reshape(shape)


def _number(value: int) -> ir.Constant:
    return ir.Constant(_WORD, value)


def _vector(value: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * CHUNK)


def _data(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return builder.bitcast(context.make_array(array_type)(context, builder, array).data, _WORD.as_pointer())


def _at(builder: Any, base: Any, index: Any, kind: Any = _VECTOR) -> Any:
    """Point to the vector that starts at a word."""
    return builder.bitcast(builder.gep(base, [index]), kind.as_pointer())


def _shuffled(builder: Any, vector: Any, lanes: list[int]) -> Any:
    mask = ir.Constant(ir.VectorType(_INT, len(lanes)), lanes)
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)


def _function(module: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    return cgutils.get_or_insert_function(module, ir.FunctionType(result, arguments), name)


def _loop(builder: Any, count: Any, start: list[Any], body: Any) -> list[Any]:
    """Emit a counted loop that carries values: body(builder, index, values) -> values; returns the last ones."""
    before = builder.block
    head, inside, after = (builder.append_basic_block(name) for name in ("bits.head", "bits.body", "bits.after"))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(_WORD)
    index.add_incoming(_number(0), before)
    carried = [builder.phi(value.type) for value in start]
    for phi, value in zip(carried, start, strict=True):
        phi.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", index, count), inside, after)
    builder.position_at_end(inside)
    new = body(builder, index, carried)
    index.add_incoming(builder.add(index, _number(1)), builder.block)
    for phi, value in zip(carried, new, strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return carried


@intrinsic
def popcount(typingctx, word):
    """Count the set bits of an integer."""

    def codegen(context, builder, signature, args):
        function = builder.module.declare_intrinsic("llvm.ctpop", [args[0].type])
        return builder.call(function, args)

    return (word(word), codegen) if isinstance(word, types.Integer) else None


@intrinsic
def plane_sum(typingctx, rows, index, planes):
    """Sum the counters whose bit is set in rows[index]: rows (n, W) uint64, planes (W / CHUNK, P, CHUNK) uint64; int64."""

    def codegen(context, builder, signature, args):
        row_type, _, plane_type = signature.args
        row_base, plane_base = _data(context, builder, row_type, args[0]), _data(context, builder, plane_type, args[2])
        shape = cgutils.unpack_tuple(builder, context.make_array(plane_type)(context, builder, args[2]).shape)
        groups, depth = shape[0], shape[1]
        row = builder.mul(args[1], builder.mul(groups, _number(CHUNK)))
        count = _function(builder.module, f"llvm.ctpop.v{2 * CHUNK}i64", _PAIR, [_PAIR])
        add_up = _function(builder.module, f"llvm.vector.reduce.add.v{CHUNK}i64", _WORD, [_VECTOR])
        zero, two = ir.Constant(_PAIR, [0] * 2 * CHUNK), ir.Constant(_PAIR, [2] * 2 * CHUNK)
        pairs = builder.sdiv(depth, _number(2))

        def over_groups(builder, group, total):
            word = builder.mul(group, _number(CHUNK))
            row_words = builder.load(_at(builder, row_base, builder.add(row, word)), align=_ALIGN)
            chosen = _shuffled(builder, row_words, [*range(CHUNK), *range(CHUNK)])
            first = builder.mul(word, depth)

            def over_pairs(builder, pair, partial):
                address = _at(builder, plane_base, builder.add(first, builder.mul(pair, _number(2 * CHUNK))), _PAIR)
                ones = builder.call(count, [builder.and_(chosen, builder.load(address, align=_ALIGN))])
                return [builder.add(builder.shl(partial[0], two), ones)]

            return [builder.add(total[0], _loop(builder, pairs, [zero], over_pairs)[0])]

        total = _loop(builder, groups, [zero], over_groups)[0]
        high, low = (_shuffled(builder, total, [*range(first, first + CHUNK)]) for first in (0, CHUNK))
        return builder.call(add_up, [builder.add(builder.add(high, high), low)])

    return types.int64(rows, types.int64, planes), codegen


@intrinsic
def plane_step(typingctx, rows, index, planes, up):
    """Add 1 to the counters whose bit in rows[index] equals up (0 or 1) and subtract 1 from the others, in place.

    A counter and its addend, +1 = 0...01 or -1 = 1...11, are added bit by bit from the lowest plane, all lanes at once. Lanes beyond
    the last pattern wrap around; their row bits are 0, so no sum ever reads them.
    """

    def codegen(context, builder, signature, args):
        row_type, _, plane_type, _ = signature.args
        row_base, plane_base = _data(context, builder, row_type, args[0]), _data(context, builder, plane_type, args[2])
        shape = cgutils.unpack_tuple(builder, context.make_array(plane_type)(context, builder, args[2]).shape)
        groups, depth = shape[0], shape[1]
        row = builder.mul(args[1], builder.mul(groups, _number(CHUNK)))
        single = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), builder.neg(args[3]), ir.Constant(_INT, 0))
        invert = _shuffled(builder, single, [0] * CHUNK)

        def over_groups(builder, group, _):
            word = builder.mul(group, _number(CHUNK))
            bits = builder.load(_at(builder, row_base, builder.add(row, word)), align=_ALIGN)
            down = builder.xor(bits, invert)
            lowest = builder.add(builder.mul(word, depth), builder.mul(builder.sub(depth, _number(1)), _number(CHUNK)))
            address = _at(builder, plane_base, lowest)
            plane_0 = builder.load(address, align=_ALIGN)
            builder.store(builder.xor(plane_0, _vector(-1)), address, align=_ALIGN)

            def over_planes(builder, plane, carried):
                offset = builder.mul(builder.add(plane, _number(1)), _number(CHUNK))
                address = _at(builder, plane_base, builder.sub(lowest, offset))
                old, carry = builder.load(address, align=_ALIGN), carried[0]
                builder.store(builder.xor(builder.xor(old, down), carry), address, align=_ALIGN)
                return [builder.or_(builder.and_(old, down), builder.and_(carry, builder.or_(old, down)))]

            _loop(builder, builder.sub(depth, _number(1)), [plane_0], over_planes)
            return []

        _loop(builder, groups, [], over_groups)
        return context.get_dummy_value()

    return types.void(rows, types.int64, planes, types.int64), codegen


@intrinsic
def add_table_rows(typingctx, tables, bits, out, row):
    """Add to out[row] the rows tables[k, byte k of bits], k = 0 ... 7: tables (8, 256, LANES), out (n, LANES), both int16 or both int32."""

    def codegen(context, builder, signature, args):
        number = ir.IntType(signature.args[0].dtype.bitwidth)
        lanes = ir.VectorType(number, LANES)
        table_base, out_base = (
            builder.bitcast(context.make_array(signature.args[at])(context, builder, args[at]).data, lanes.as_pointer()) for at in (0, 2)
        )
        align = number.width // 8
        address = builder.gep(out_base, [args[3]])
        total = builder.load(address, align=align)
        for table in range(8):
            byte = builder.and_(builder.lshr(args[1], _number(8 * table)), _number(255))
            entry = builder.gep(table_base, [builder.add(byte, _number(256 * table))])
            total = builder.add(total, builder.load(entry, align=align))
        builder.store(total, address, align=align)
        return context.get_dummy_value()

    same = isinstance(tables, types.Array) and isinstance(out, types.Array) and tables.dtype == out.dtype
    return (types.void(tables, types.uint64, out, types.int64), codegen) if same else None


@intrinsic
def prefetch_row(typingctx, rows, index):
    """Ask for rows[index] of a C-ordered (n, W) uint64 array to be brought near; has no effect on results."""

    def codegen(context, builder, signature, args):
        base = _data(context, builder, signature.args[0], args[0])
        words = cgutils.unpack_tuple(builder, context.make_array(signature.args[0])(context, builder, args[0]).shape)[1]
        start = builder.mul(args[1], words)
        pointer = _BYTE.as_pointer()
        fetch = _function(builder.module, "llvm.prefetch.p0", ir.VoidType(), [pointer, _INT, _INT, _INT])

        def over_lines(builder, line, _):
            address = builder.gep(base, [builder.add(start, builder.mul(line, _number(8)))])
            builder.call(fetch, [builder.bitcast(address, pointer), *(ir.Constant(_INT, value) for value in (0, 3, 1))])
            return []

        _loop(builder, builder.sdiv(builder.add(words, _number(7)), _number(8)), [], over_lines)
        return context.get_dummy_value()

    return types.void(rows, types.int64), codegen
