"""Synapses of one row, eight at a time: what the additive rule of :mod:`neurosim.kernels.stdp` does at an arrival.

The compiler makes no vector code of a loop with scattered targets. Here weights, marks and arithmetic are vectors, the two traces of a
target come in one load, and targets that are neighbours are read and written like an array. The operations and their order are those
of the plain loops in :mod:`neurosim.kernels.stdp`, which do what is left of a row: results are the same bit for bit.

Everything is vector code without reference to one processor: the compiler lowers it to whatever the machine has.
"""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as numba_intrinsic

LANES = 8
"""Synapses that are handled together."""

intrinsic: Any = numba_intrinsic
_INT, _WORD, _SINGLE, _DOUBLE = ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()


def _number(value: int) -> ir.Constant:
    return ir.Constant(_WORD, value)


def _data(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    """Return the address of an array's first element."""
    return context.make_array(array_type)(context, builder, array).data


def _shuffled(builder: Any, first: Any, second: Any, lanes: Any) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_INT, len(lanes)), list(lanes)))


def _filled(builder: Any, value: Any) -> Any:
    """Return a vector all of whose lanes are one value."""
    nothing = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    return _shuffled(builder, builder.insert_element(nothing, value, ir.Constant(_INT, 0)), nothing, [0] * LANES)


def _loop(builder: Any, count: Any, body: Any) -> None:
    """Emit body(number) for number = 0 ... count - 1."""
    with cgutils.for_range(builder, count, intp=_WORD) as loop:
        body(loop.index)


def _bytes(kind: Any) -> int:
    return 4 if kind == _SINGLE else 8 if kind == _DOUBLE else kind.width // 8


class _Row:
    """Emits vector code for the synapses of a row; its attributes are the addresses of arrays, and the type of traces."""

    def __init__(self, context: Any, builder: Any, kinds: Any, arrays: Any) -> None:
        bases = [_data(context, builder, kind, array) for kind, array in zip(kinds, arrays, strict=True)]
        self.builder = builder
        self.targets, self.weights, self.marks, self.post = bases[:4]
        self.row = bases[-1]
        self.wide = self.post.type.pointee == _DOUBLE

    def load(self, base: Any, index: Any, lanes: int = LANES) -> Any:
        """Load the vector that begins at an element."""
        place = self.builder.bitcast(self.builder.gep(base, [index]), ir.VectorType(base.type.pointee, lanes).as_pointer())
        return self.builder.load(place, align=_bytes(base.type.pointee))

    def store(self, value: Any, base: Any, index: Any) -> None:
        """Store a vector from an element on."""
        place = self.builder.bitcast(self.builder.gep(base, [index]), value.type.as_pointer())
        self.builder.store(value, place, align=_bytes(base.type.pointee))

    def blocks(self, begin: Any, count: Any, body: Any) -> None:
        """Emit body(first synapse, targets) for each block of eight: with the first target if all are neighbours, else a list of eight."""
        builder = self.builder

        def block(lanes: int, number: Any) -> None:
            k = builder.add(begin, builder.mul(number, _number(LANES)))
            places = [builder.gep(self.targets, [builder.add(k, _number(lane))]) for lane in range(lanes)]
            units = [builder.zext(builder.load(place), _WORD) for place in places]
            body(k, units if lanes > 1 else units[0])

        with builder.if_else(self.neighbours(begin, count)) as (together, apart):
            with together:
                _loop(builder, count, functools.partial(block, 1))
            with apart:
                _loop(builder, count, functools.partial(block, LANES))

    def neighbours(self, begin: Any, count: Any) -> Any:
        """Return whether the targets of all blocks are units in a row, each once."""
        builder, kind = self.builder, ir.VectorType(self.targets.type.pointee, LANES)
        first = _filled(builder, builder.load(builder.gep(self.targets, [begin])))
        wanted = cgutils.alloca_once_value(builder, builder.add(first, ir.Constant(kind, list(range(LANES)))))
        wrong = cgutils.alloca_once_value(builder, ir.Constant(kind, [0] * LANES))

        def block(number: Any) -> None:
            found = self.load(self.targets, builder.add(begin, builder.mul(number, _number(LANES))))
            builder.store(builder.or_(builder.load(wrong), builder.xor(found, builder.load(wanted))), wrong)
            builder.store(builder.add(builder.load(wanted), ir.Constant(kind, [LANES] * LANES)), wanted)

        _loop(builder, count, block)
        bits = builder.bitcast(builder.load(wrong), ir.IntType(LANES * kind.element.width))
        return builder.icmp_unsigned("==", bits, ir.Constant(bits.type, 0))

    def traces(self, units: Any) -> tuple[Any, Any]:
        """Return both traces of eight targets, as float32."""
        builder = self.builder
        if isinstance(units, list):
            parts = [self.load(self.post, builder.mul(unit, _number(2)), 2) for unit in units]
            while len(parts) > 1:
                both = range(2 * parts[0].type.count)
                parts = [_shuffled(builder, a, b, both) for a, b in zip(parts[::2], parts[1::2], strict=True)]
            pairs = parts[0]
        else:
            pairs = self.load(self.post, builder.mul(units, _number(2)), 2 * LANES)
        if self.wide:
            pairs = builder.fptrunc(pairs, ir.VectorType(_SINGLE, 2 * LANES))
        even, odd = range(0, 2 * LANES, 2), range(1, 2 * LANES, 2)
        return _shuffled(builder, pairs, pairs, even), _shuffled(builder, pairs, pairs, odd)

    def potentiated(self, index: Any, sums: Any, gain: Any, w_max: Any) -> Any:
        """Return min(w + gain (sum - mark), w_max) of eight synapses."""
        builder = self.builder
        gained = builder.fmul(gain, builder.fsub(sums, self.load(self.marks, index)))
        return self.chosen("<", builder.fadd(self.load(self.weights, index), gained), w_max)

    def chosen(self, order: str, first: Any, second: Any) -> Any:
        """Return the smaller (<) or the larger (>) of two vectors, lane by lane."""
        return self.builder.select(self.builder.fcmp_ordered(order, first, second), first, second)

    def transmit(self, units: Any, weights: Any) -> None:
        """Add weights to what their targets receive."""
        builder = self.builder
        if self.wide:
            weights = builder.fpext(weights, ir.VectorType(_DOUBLE, LANES))
        if not isinstance(units, list):
            self.store(builder.fadd(self.load(self.row, units), weights), self.row, units)
            return
        for lane, unit in enumerate(units):
            place = builder.gep(self.row, [unit])
            builder.store(builder.fadd(builder.load(place), builder.extract_element(weights, ir.Constant(_INT, lane))), place)


@intrinsic
def arrive_lanes(typingctx, targets, weights, marks, post, row, begin, blocks, gain, loss, w_max):
    """Let a spike arrive at the LANES * blocks synapses from `begin` on: :func:`neurosim.kernels.stdp.arrive_at`, eight at a time."""

    def codegen(context, builder, signature, args):
        lanes = _Row(context, builder, signature.args[:5], args[:5])
        gains, losses, tops = (_filled(builder, value) for value in args[7:])
        zeros = _filled(builder, ir.Constant(_SINGLE, 0.0))

        def block(k, units):
            sums, y = lanes.traces(units)
            w = lanes.potentiated(k, sums, gains, tops)
            lanes.store(sums, lanes.marks, k)
            lanes.store(lanes.chosen(">", builder.fsub(w, builder.fmul(losses, y)), zeros), lanes.weights, k)
            lanes.transmit(units, w)

        lanes.blocks(args[5], args[6], block)
        return context.get_dummy_value()

    single, whole = types.float32, types.int64
    return types.void(targets, weights, marks, post, row, whole, whole, single, single, single), codegen


@intrinsic
def settle_lanes(typingctx, targets, weights, marks, post, begin, blocks, gain, w_max):
    """Bring the LANES * blocks weights from `begin` on up to date: :func:`neurosim.kernels.stdp.settle_at`, eight at a time."""

    def codegen(context, builder, signature, args):
        lanes = _Row(context, builder, signature.args[:4], args[:4])
        gains, tops = (_filled(builder, value) for value in args[6:])

        def block(k, units):
            sums, _ = lanes.traces(units)
            lanes.store(lanes.potentiated(k, sums, gains, tops), lanes.weights, k)

        lanes.blocks(args[4], args[5], block)
        return context.get_dummy_value()

    return types.void(targets, weights, marks, post, types.int64, types.int64, types.float32, types.float32), codegen
