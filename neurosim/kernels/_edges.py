"""The sum over one row of edges as vector code: a pair (sin, cos) is one load and one addition.

The compiler reads the two numbers of a pair apart and checks each index for a negative one. Here both are one vector of two, and four
such sums are kept at a time, so that an addition need not wait for the one before.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _loop, _number
from neurosim.kernels._waves import _data, _filled

intrinsic: Any = numba_intrinsic
SUMS = 4
"""Partial sums of a row."""
_INT, _WORD = ir.IntType(32), ir.IntType(64)


def _index(builder: Any, base: Any, edge: Any) -> Any:
    """Load the whole number of an edge, which is not negative."""
    value = builder.load(builder.gep(base, [edge]))
    return value if value.type == _WORD else builder.zext(value, _WORD)


def _pair(builder: Any, waves: Any, source: Any) -> Any:
    """Load a wave as a vector of two."""
    number = waves.type.pointee
    place = builder.bitcast(builder.gep(waves, [builder.mul(source, _number(2))]), ir.VectorType(number, 2).as_pointer())
    return builder.load(place, align=4 if number == ir.FloatType() else 8)


def _row_sum(builder: Any, number: Any, begin: Any, end: Any, edge: Any) -> Any:
    """Emit the sum of edge(builder, e), vectors of two, over e = begin ... end - 1."""
    groups = builder.udiv(builder.sub(end, begin), _number(SUMS))
    zero = ir.Constant(ir.VectorType(number, 2), [0.0, 0.0])

    def group(builder: Any, k: Any, sums: list[Any]) -> list[Any]:
        first = builder.add(begin, builder.mul(k, _number(SUMS)))
        return [builder.fadd(total, edge(builder, builder.add(first, _number(place)))) for place, total in enumerate(sums)]

    def single(builder: Any, k: Any, sums: list[Any]) -> list[Any]:
        return [builder.fadd(sums[0], edge(builder, builder.add(rest, k)))]

    sums = _loop(builder, groups, [zero] * SUMS, group)
    rest = builder.add(begin, builder.mul(groups, _number(SUMS)))
    sums[:1] = _loop(builder, builder.sub(end, rest), sums[:1], single)
    return builder.fadd(builder.fadd(sums[0], sums[1]), builder.fadd(sums[2], sums[3]))


def _tuple(context: Any, builder: Any, pair_type: Any, pair: Any) -> Any:
    return context.make_tuple(builder, pair_type, [builder.extract_element(pair, ir.Constant(_INT, half)) for half in (0, 1)])


@intrinsic
def edges_sum(typingctx, sources, waves, begin, end):
    """Return the sums of sines and cosines over edges begin ... end - 1, int64."""

    def codegen(context, builder, signature, args):
        sources_at, waves_at = _data(context, builder, signature.args[:2], args[:2])

        def edge(builder: Any, e: Any) -> Any:
            return _pair(builder, waves_at, _index(builder, sources_at, e))

        total = _row_sum(builder, waves_at.type.pointee, args[2], args[3], edge)
        return _tuple(context, builder, signature.return_type, total)

    return types.UniTuple(waves.dtype, 2)(sources, waves, types.int64, types.int64), codegen


@intrinsic
def weighted_edges_sum(typingctx, sources, weights, waves, begin, end):
    """Return the weighted sums of sines and cosines over edges begin ... end - 1, int64."""

    def codegen(context, builder, signature, args):
        sources_at, weights_at, waves_at = _data(context, builder, signature.args[:3], args[:3])

        def edge(builder: Any, e: Any) -> Any:
            weight = _filled(builder, builder.load(builder.gep(weights_at, [e])), 2)
            return builder.fmul(weight, _pair(builder, waves_at, _index(builder, sources_at, e)))

        total = _row_sum(builder, waves_at.type.pointee, args[3], args[4], edge)
        return _tuple(context, builder, signature.return_type, total)

    return types.UniTuple(waves.dtype, 2)(sources, weights, waves, types.int64, types.int64), codegen


@intrinsic
def delayed_edges_sum(typingctx, sources, weights, delays, ring, slot, begin, end):
    """Return the weighted sums of waves of the past, ring (n_slots, n, 2), over edges begin ... end - 1; the last three are int64."""
    return _delayed_sum(ring, (sources, weights, delays, ring, *(types.int64,) * 3), weighted=True)


@intrinsic
def delayed_ones_sum(typingctx, sources, weights, delays, ring, slot, begin, end):
    """Return what :func:`delayed_edges_sum` does where all weights are 1; weights are not read."""
    return _delayed_sum(ring, (sources, weights, delays, ring, *(types.int64,) * 3), weighted=False)


def _delayed_sum(ring: Any, arguments: tuple[Any, ...], *, weighted: bool) -> Any:
    def codegen(context, builder, signature, args):
        sources_at, weights_at, delays_at, ring_at = _data(context, builder, signature.args[:4], args[:4])
        shape = context.make_array(signature.args[3])(context, builder, args[3]).shape
        n_slots, n = (builder.extract_value(shape, axis) for axis in (0, 1))
        slot = args[4]

        def edge(builder: Any, e: Any) -> Any:
            delay = _index(builder, delays_at, e)
            wraps = builder.icmp_unsigned(">", delay, slot)
            past = builder.sub(builder.select(wraps, builder.add(slot, n_slots), slot), delay)
            pair = _pair(builder, ring_at, builder.add(builder.mul(past, n), _index(builder, sources_at, e)))
            return builder.fmul(_filled(builder, builder.load(builder.gep(weights_at, [e])), 2), pair) if weighted else pair

        total = _row_sum(builder, ring_at.type.pointee, args[5], args[6], edge)
        return _tuple(context, builder, signature.return_type, total)

    return types.UniTuple(ring.dtype, 2)(*arguments), codegen


@intrinsic
def subset_sum(typingctx, tables, bits):
    """Return the sum of one pair from each of the tables (8, 256, 2), picked by the bytes of a word."""

    def codegen(context, builder, signature, args):
        (base,) = _data(context, builder, signature.args[:1], args[:1])

        def picked(byte: int) -> Any:
            entry = builder.and_(builder.lshr(args[1], _number(8 * byte)), _number(255))
            return _pair(builder, base, builder.add(entry, _number(256 * byte)))

        pairs = [picked(byte) for byte in range(8)]
        while len(pairs) > 1:
            pairs = [builder.fadd(first, second) for first, second in zip(pairs[::2], pairs[1::2], strict=True)]
        return _tuple(context, builder, signature.return_type, pairs[0])

    return types.UniTuple(tables.dtype, 2)(tables, types.uint64), codegen
