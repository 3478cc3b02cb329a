"""Permanences of one row, 64 at a time: a saturating step, and which of them crossed the threshold.

A permanence is a whole number 0 ... 32767 of 16 bits, a negative one marks a synapse that cannot exist. Numba makes 64-bit arithmetic of
16-bit numbers and no words of comparisons; here 64 permanences are added, clipped and compared at once, and 64 answers are one word.

Everything is vector code without reference to one processor: the compiler lowers it to whatever the machine has. The same in plain loops,
equal bit for bit, is :func:`neurosim.kernels.spatial_pooler.change_row_plainly`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _function, _loop, _number
from neurosim.kernels._rows import _NEAR, _fetch, _shape

LANES = 64
"""Permanences that are handled together, one bit each of a word."""

intrinsic: Any = numba_intrinsic
_HALF, _WORD = ir.IntType(16), ir.IntType(64)
_VECTOR = ir.VectorType(_HALF, LANES)
_ALIGN = 2


def _vector(builder: Any, base: Any, index: Any) -> Any:
    """Point to the permanences that start at an index."""
    return builder.bitcast(builder.gep(base, [index]), _VECTOR.as_pointer())


def _filled(builder: Any, value: Any) -> Any:
    """Return a vector all of whose lanes are one 16-bit number."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    single = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(single, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


@intrinsic
def change_row(typingctx, permanences, row, steps, threshold, crossed, later):
    """Add steps (n,) int16 to permanences[row] (rows, n) int16, clip, and set the bits of crossed (n / 64,) uint64 that crossed threshold.

    n is a multiple of 64. Negative permanences stay as they are. Meanwhile permanences[later] is brought near, without effect on results.
    """

    def codegen(context, builder, signature, args):
        base, step_base, out = (context.make_array(signature.args[at])(context, builder, args[at]).data for at in (0, 2, 4))
        words = _shape(context, builder, signature.args[4], args[4])[0]
        first, ahead = (builder.mul(args[at], builder.mul(words, _number(LANES))) for at in (1, 5))
        limit = _filled(builder, builder.trunc(args[3], _HALF))
        zero = ir.Constant(_VECTOR, [0] * LANES)
        add = _function(builder.module, f"llvm.sadd.sat.v{LANES}i16", _VECTOR, [_VECTOR, _VECTOR])

        def over_words(builder, word, _):
            lane = builder.mul(word, _number(LANES))
            address = _vector(builder, base, builder.add(first, lane))
            old = builder.load(address, align=_ALIGN)
            for half in (0, LANES // 2):
                _fetch(builder, builder.gep(base, [builder.add(ahead, builder.add(lane, _number(half)))]), _NEAR)
            moved = builder.call(add, [old, builder.load(_vector(builder, step_base, lane), align=_ALIGN)])
            clipped = builder.select(builder.icmp_signed("<", moved, zero), zero, moved)
            new = builder.select(builder.icmp_signed("<", old, zero), old, clipped)
            builder.store(new, address, align=_ALIGN)
            differ = builder.xor(builder.icmp_signed(">=", old, limit), builder.icmp_signed(">=", new, limit))
            builder.store(builder.bitcast(differ, _WORD), builder.gep(out, [word]))
            return []

        _loop(builder, words, [], over_words)
        return context.get_dummy_value()

    same = [getattr(kind, "dtype", None) for kind in (permanences, steps, crossed)] == [types.int16, types.int16, types.uint64]
    return (types.void(permanences, types.int64, steps, types.int64, crossed, types.int64), codegen) if same else None
