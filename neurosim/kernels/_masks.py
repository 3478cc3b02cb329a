"""Comparison of many small numbers at once: where, among 64 of them, a bound is reached, as the bits of one word.

Vector code without reference to one processor, as in :mod:`neurosim.kernels._bits`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

LANES = 64
"""Numbers that are compared together; arrays of counts are padded to a multiple of it."""

intrinsic: Any = numba_intrinsic
_BIT, _INT, _WORD = ir.IntType(1), ir.IntType(32), ir.IntType(64)


def padded(n: int) -> int:
    """Return the least multiple of LANES that is at least n."""
    return -(-n // LANES) * LANES


@intrinsic
def reached(typingctx, counts, first, bound):
    """Set bit b of a word where counts[first + b] >= bound, b = 0 ... LANES - 1; counts (n,) unsigned, bound of the same type."""

    def codegen(context, builder, signature, args):
        lane = context.get_value_type(signature.args[0].dtype)
        block = ir.VectorType(lane, LANES)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), block.as_pointer())
        values = builder.load(address, align=lane.width // 8)
        one = builder.insert_element(ir.Constant(block, ir.Undefined), args[2], ir.Constant(_INT, 0))
        every = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
        bounds = builder.shuffle_vector(one, ir.Constant(block, ir.Undefined), every)
        return builder.bitcast(builder.icmp_unsigned(">=", values, bounds), _WORD)

    if getattr(counts.dtype, "signed", True) or bound != counts.dtype:
        return None
    return types.uint64(counts, types.int64, bound), codegen


@intrinsic
def lowest_bit(typingctx, word):
    """Return the number of the lowest bit that is set in a word; of 0, LANES."""

    def codegen(context, builder, signature, args):
        function = builder.module.declare_intrinsic("llvm.cttz", [_WORD, _BIT], ir.FunctionType(_WORD, [_WORD, _BIT]))
        return builder.call(function, [args[0], ir.Constant(_BIT, 0)])

    return types.uint64(types.uint64), codegen
