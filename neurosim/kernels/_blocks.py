"""Eight synapses at once: which of them come from active cells, and a saturating step of their permanences.

Permanences are whole numbers 0 ... 32767 of 16 bits; answers are bits of a word, bit k for synapse first + k. All eight places must exist,
and hold valid cells, whether they are in use or not. Vector code without reference to one processor, as in :mod:`neurosim.kernels._bits`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _function
from neurosim.kernels._rows import _shape

BLOCK = 8
"""Synapses that are handled together."""

intrinsic: Any = numba_intrinsic
_BIT, _BYTE, _HALF, _INT, _WORD = (ir.IntType(width) for width in (1, 8, 16, 32, 64))


def _block(kind: Any) -> ir.VectorType:
    return ir.VectorType(kind, BLOCK)


def _constant(kind: Any, value: int) -> ir.Constant:
    return ir.Constant(_block(kind), [value] * BLOCK)


def _filled(builder: Any, value: Any) -> Any:
    """Return a vector whose lanes are all one number."""
    nothing = ir.Constant(_block(value.type), ir.Undefined)
    single = builder.insert_element(nothing, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(single, nothing, _constant(_INT, 0))


def _at(context: Any, builder: Any, array_type: Any, array: Any, first: Any, kind: Any) -> Any:
    """Point to the vector that starts at an index of an array."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [first]), _block(kind).as_pointer())


def _word(builder: Any, flags: Any) -> Any:
    return builder.zext(builder.bitcast(flags, _BYTE), _WORD)


@intrinsic
def among(typingctx, bits, row, cells, first):
    """Return the word of cells[first : first + 8] whose bit in bits[row] is set; bits (rows, words) uint64, cells (n,) int32."""

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        words = _shape(context, builder, signature.args[0], args[0])[1]
        base = builder.ptrtoint(builder.gep(data, [builder.mul(args[1], words)]), _WORD)
        cell = builder.zext(builder.load(_at(context, builder, signature.args[2], args[2], args[3], _INT), align=4), _block(_WORD))
        offsets = builder.shl(builder.lshr(cell, _constant(_WORD, 6)), _constant(_WORD, 3))
        pointers = builder.inttoptr(builder.add(_filled(builder, base), offsets), _block(_WORD.as_pointer()))
        every, nothing = _constant(_BIT, 1), ir.Constant(_block(_WORD), ir.Undefined)
        name, kinds = f"llvm.masked.gather.v{BLOCK}i64.v{BLOCK}p0", [pointers.type, _INT, every.type, nothing.type]
        found = builder.call(_function(builder.module, name, nothing.type, kinds), [pointers, ir.Constant(_INT, 8), every, nothing])
        shifted = builder.lshr(found, builder.and_(cell, _constant(_WORD, 63)))
        return _word(builder, builder.trunc(shifted, every.type))

    return types.uint64(bits, types.int64, cells, types.int64), codegen


@intrinsic
def change(typingctx, permanences, first, hits, up, down, threshold):
    """Add `up` to the permanences whose bit in `hits` is set and `down` to the other ones of eight, clipped to 0 ... 32767.

    Return the word of those that crossed the threshold, plus 256 times that of those that are 0. All steps lie in -32767 ... 32767.
    """

    def codegen(context, builder, signature, args):
        address = _at(context, builder, signature.args[0], args[0], args[1], _HALF)
        limit, rise, fall = (_filled(builder, builder.trunc(args[at], _HALF)) for at in (5, 3, 4))
        hit = builder.bitcast(builder.trunc(args[2], _BYTE), _block(_BIT))
        add = _function(builder.module, f"llvm.sadd.sat.v{BLOCK}i16", limit.type, [limit.type, limit.type])
        old, zero = builder.load(address, align=2), _constant(_HALF, 0)
        moved = builder.call(add, [old, builder.select(hit, rise, fall)])
        new = builder.select(builder.icmp_signed("<", moved, zero), zero, moved)
        builder.store(new, address, align=2)
        crossed = builder.xor(builder.icmp_signed(">=", old, limit), builder.icmp_signed(">=", new, limit))
        vanished = builder.shl(_word(builder, builder.icmp_signed("==", new, zero)), ir.Constant(_WORD, 8))
        return builder.or_(_word(builder, crossed), vanished)

    return types.uint64(permanences, types.int64, types.uint64, types.int64, types.int64, types.int64), codegen
