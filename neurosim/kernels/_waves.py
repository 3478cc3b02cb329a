"""Sine and cosine as straight vector code, many oscillators at a time.

With q the whole number nearest to 2 x / pi and r = x - q pi / 2, at most pi / 4 in size,

    (sin x, cos x) = (sin r, cos r), (cos r, -sin r), (-sin r, -cos r), (-cos r, sin r)      for q = 0, 1, 2, 3 (mod 4).

pi / 2 is subtracted in parts so short that q times a part is exact (Cody & Waite); adding 1.5 * 2**mantissa leaves q in the lowest bits.
The polynomials in r are those of smallest largest error (Remez). There are no branches, tables or fused operations, so that all
processors give the same bits, and single numbers the same as vectors.

Largest error for |x| <= 1e5: 2.5e-15 in float64; 2e-7 in float32 for |x| <= 1e4. Beyond that it grows with the spacing of floating-point
numbers at x. Infinities and what is not a number give nonsense or nan.

Source: W. J. Cody & W. Waite, Software Manual for the Elementary Functions (Prentice-Hall, 1980).
Differs from the book in: polynomials of our own, and the quadrant chosen by masks.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _loop, _number

LANES = 16
"""Oscillators that are handled together."""

intrinsic: Any = numba_intrinsic
_INT = ir.IntType(32)
_TWO_OVER_PI = 0.6366197723675814
_SINE_64 = (
    -0.16666666666606025932,
    0.0083333333219194304879,
    -0.00019841262363639381543,
    2.7555098426480700633e-6,
    -2.4745425655296992386e-8,
)
_COSINE_64 = (
    0.041666666666602193143,
    -0.0013888888878265902122,
    0.000024801580967900817092,
    -2.7555566435543696654e-7,
    2.0647692486950321705e-9,
)
_SINE_32 = (-0.16666650659733539243, 0.0083319781241897890874, -0.00019495567671570283001)
_COSINE_32 = (0.041666646854615527891, -0.0013887366910599632732, 0.000024438379538401126631)
_KINDS = {  # type: (number, integer, bits of the mantissa, pi / 2 in parts, polynomials)
    types.float32: (
        ir.FloatType(),
        ir.IntType(32),
        23,
        (1.5703125, 4.837512969970703125e-4, 7.54978995489188216e-8),
        _SINE_32,
        _COSINE_32,
    ),
    types.float64: (
        ir.DoubleType(),
        ir.IntType(64),
        52,
        (1.5707963267341256, 6.077100506506192e-11),
        _SINE_64,
        _COSINE_64,
    ),
}


def _like(x: Any, value: float) -> ir.Constant:
    """Return a constant of the type of x, in all lanes if that is a vector."""
    return ir.Constant(x.type, [value] * x.type.count if isinstance(x.type, ir.VectorType) else value)


def _polynomial(builder: Any, coefficients: tuple[float, ...], x: Any) -> Any:
    """Evaluate a polynomial, lowest power first (Horner)."""
    value = _like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = builder.fadd(builder.fmul(value, x), _like(x, coefficient))
    return value


def _reduced(builder: Any, kind: Any, x: Any) -> tuple[Any, Any]:
    """Return r and the bits of a number whose lowest two are q mod 4."""
    number, integer, mantissa, parts, _, _ = _KINDS[kind]
    push = _like(x, 1.5 * 2.0**mantissa)
    pushed = builder.fadd(builder.fmul(x, _like(x, _TWO_OVER_PI)), push)
    whole = builder.fsub(pushed, push)
    for part in parts:
        x = builder.fsub(x, builder.fmul(whole, _like(x, part)))
    return x, builder.bitcast(pushed, _bits_of(x, integer))


def _bits_of(x: Any, integer: Any) -> Any:
    return ir.VectorType(integer, x.type.count) if isinstance(x.type, ir.VectorType) else integer


def _with_sign(builder: Any, value: Any, quadrant: Any, width: int) -> Any:
    """Change the sign of a value where bit 1 of the quadrant is set."""
    sign = builder.shl(builder.and_(quadrant, _like(quadrant, 2)), _like(quadrant, width - 2))
    return builder.bitcast(builder.xor(builder.bitcast(value, quadrant.type), sign), value.type)


def _sine_cosine(builder: Any, kind: Any, x: Any) -> tuple[Any, Any]:
    """Return sine and cosine of a number or of a vector of numbers."""
    _, integer, _, _, of_sine, of_cosine = _KINDS[kind]
    rest, quadrant = _reduced(builder, kind, x)
    square = builder.fmul(rest, rest)
    sine = builder.fadd(builder.fmul(builder.fmul(_polynomial(builder, of_sine, square), square), rest), rest)
    high = builder.fmul(builder.fmul(square, square), _polynomial(builder, of_cosine, square))
    low = builder.fsub(_like(x, 1.0), builder.fmul(_like(x, 0.5), square))
    cosine = builder.fadd(high, low)
    odd = builder.icmp_unsigned("!=", builder.and_(quadrant, _like(quadrant, 1)), _like(quadrant, 0))
    first, second = builder.select(odd, cosine, sine), builder.select(odd, sine, cosine)
    following = builder.add(quadrant, _like(quadrant, 1))
    return _with_sign(builder, first, quadrant, integer.width), _with_sign(builder, second, following, integer.width)


def _filled(builder: Any, value: Any, lanes: int) -> Any:
    """Return a vector all of whose lanes are one number; for one lane the number itself."""
    if lanes == 1:
        return value
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(_INT, 0))
    return _shuffled(builder, first, nothing, [0] * lanes)


def _shuffled(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_INT, len(lanes)), lanes))


class _Rows:
    """Reads and writes vectors, or single numbers, of arrays by name; the numbers of an array of pairs come as two vectors."""

    def __init__(self, builder: Any, kind: Any, bases: dict[str, Any]) -> None:
        self.builder, self.kind, self.bases = builder, kind, bases
        self.align = kind.bitwidth // 8

    def place(self, name: str, index: Any, lanes: int) -> Any:
        place = self.builder.gep(self.bases[name], [index])
        return place if lanes == 1 else self.builder.bitcast(place, ir.VectorType(place.type.pointee, lanes).as_pointer())

    def load(self, name: str, index: Any, lanes: int) -> Any:
        return self.builder.load(self.place(name, index, lanes), align=self.align)

    def store(self, value: Any, name: str, index: Any, lanes: int) -> None:
        self.builder.store(value, self.place(name, index, lanes), align=self.align)

    def load_pair(self, name: str, index: Any, lanes: int) -> tuple[Any, Any]:
        begin = self.builder.mul(index, _number(2))
        if lanes == 1:
            return self.load(name, begin, 1), self.load(name, self.builder.add(begin, _number(1)), 1)
        both = self.load(name, begin, 2 * lanes)
        return tuple(_shuffled(self.builder, both, both, list(range(half, 2 * lanes, 2))) for half in (0, 1))

    def store_pair(self, pair: tuple[Any, Any], name: str, index: Any, lanes: int) -> None:
        begin = self.builder.mul(index, _number(2))
        if lanes == 1:
            self.store(pair[0], name, begin, 1)
            self.store(pair[1], name, self.builder.add(begin, _number(1)), 1)
        else:
            turns = [lane + half for lane in range(lanes) for half in (0, lanes)]
            self.store(_shuffled(self.builder, *pair, turns), name, begin, 2 * lanes)


def _each(builder: Any, first: Any, last: Any, start: list[Any], body: Any) -> list[Any]:
    """Emit body(index, lanes, lane, values) -> values for first ... last - 1: groups of LANES (lane None), then the rest one by one."""
    whole = builder.udiv(builder.sub(last, first), _number(LANES))
    begin = builder.add(first, builder.mul(whole, _number(LANES)))

    def group(builder: Any, number: Any, values: list[Any]) -> list[Any]:
        return body(builder.add(first, builder.mul(number, _number(LANES))), LANES, None, values)

    def single(builder: Any, number: Any, values: list[Any]) -> list[Any]:
        return body(builder.add(begin, number), 1, number, values)

    return _loop(builder, builder.sub(last, begin), _loop(builder, whole, start, group), single)


def _data(context: Any, builder: Any, kinds: Any, arrays: Any) -> list[Any]:
    """Return the addresses of the first elements of arrays, which must be contiguous."""
    if any(kind.layout != "C" for kind in kinds):
        raise TypeError("the arrays must be C-contiguous")
    return [context.make_array(kind)(context, builder, array).data for kind, array in zip(kinds, arrays, strict=True)]


@intrinsic
def fill_waves(typingctx, phases, waves, first, last):
    """Fill waves (n, 2) with sine and cosine of phases (n,), oscillators first ... last - 1, int64."""
    kind = phases.dtype

    def codegen(context, builder, signature, args):
        bases = _data(context, builder, signature.args[:2], args[:2])
        rows = _Rows(builder, kind, dict(zip(("phases", "waves"), bases, strict=True)))

        def body(index: Any, lanes: int, _: Any, values: list[Any]) -> list[Any]:
            rows.store_pair(_sine_cosine(builder, kind, rows.load("phases", index, lanes)), "waves", index, lanes)
            return values

        _each(builder, args[2], args[3], [], body)
        return context.get_dummy_value()

    return types.void(phases, waves, types.int64, types.int64), codegen
