"""Exponential, logarithm, cosine and sine as polynomials: straight code without branches or tables, which the compiler turns into vectors.

Each splits its argument by the bits of the number, so that a polynomial on a short interval is enough. The polynomials are those of
smallest largest error (Remez). Arguments outside the stated ranges, infinities and what is not a number give nonsense.

=====================  =================================  ============================================
:func:`exponential`    float32, -87 ... 88                relative error below 3e-7
:func:`exponential`    float64, -708 ... 709              relative error below 4e-16
:func:`logarithm`      float32, positive and normal       absolute error below 1e-7 + 2e-7 of the result
:func:`turn_cosine`    float32, of 2 pi t, |t| <= 1/2     absolute error below 5e-7
:func:`turn_sine`      float32, of 2 pi t, |t| <= 1/2     absolute error below 5e-7
=====================  =================================  ============================================
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

intrinsic: Any = numba_intrinsic
_LOG2_E = 1.4426950408889634
_EXP_32 = (1.000000072, 0.999999692, 0.4999889486, 0.1666757474, 0.04191538181, 0.008297656114)
_EXP_64 = (
    1.0,
    1.0000000000000000304,
    0.50000000000000176848,
    0.16666666666666168602,
    0.041666666666492770436,
    0.008333333333559298808,
    0.0013888888951223667627,
    0.00019841269432633219406,
    0.000024801486521433452783,
    2.7557622562887695528e-6,
    2.7632293355260718255e-7,
    2.499429712623822664e-8,
)
_LOG_32 = (0.9999999179, -0.5000034426, 0.3333560791, -0.2497156076, 0.1988423602, -0.1721242489, 0.1633813875, -0.1037870063)
_COS_32 = (0.9999999892, -19.73920453, 64.93911899, -85.45016563, 60.16783211, -25.96831389, 6.52961036)
_SIN_32 = (6.283185303, -41.34170042, 81.60513196, -76.70302515, 42.02600248, -14.9001149, 3.238494936)
_KINDS = {  # type: (number, integer, bits of the mantissa, ln 2 in two parts, polynomial of the exponential)
    types.float32: (ir.FloatType(), ir.IntType(32), 23, (0.693359375, -2.12194440e-4), _EXP_32),
    types.float64: (ir.DoubleType(), ir.IntType(64), 52, (0.6931471803691238, 1.9082149292705877e-10), _EXP_64),
}
_HALF_ROOT = 0x3F3504F3
"""Bits of the float32 that is the root of 1/2."""


def _polynomial(builder: Any, coefficients: tuple[float, ...], x: Any) -> Any:
    """Evaluate a polynomial, lowest power first (Horner)."""
    value = ir.Constant(x.type, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = builder.fadd(builder.fmul(value, x), ir.Constant(x.type, coefficient))
    return value


@intrinsic
def exponential(typingctx, x):
    """Return e**x: 2**n p(x - n ln 2), where n is the whole number nearest to x / ln 2."""
    if x not in _KINDS:
        return None

    def codegen(context, builder, signature, args):
        number, integer, mantissa, log_2, coefficients = _KINDS[signature.args[0]]
        # Adding 1.5 * 2**mantissa leaves the nearest whole number in the lowest bits, those of its fraction being pushed out.
        push = ir.Constant(number, 1.5 * 2.0**mantissa)
        pushed = builder.fadd(builder.fmul(args[0], ir.Constant(number, _LOG2_E)), push)
        whole = builder.fsub(pushed, push)
        rest = args[0]
        for part in log_2:
            rest = builder.fsub(rest, builder.fmul(whole, ir.Constant(number, part)))
        exponent = builder.shl(builder.bitcast(pushed, integer), ir.Constant(integer, mantissa))
        bits = builder.bitcast(_polynomial(builder, coefficients, rest), integer)
        return builder.bitcast(builder.add(bits, exponent), number)

    return x(x), codegen


@intrinsic
def logarithm(typingctx, x):
    """Return ln x: e ln 2 + (m - 1) p(m - 1), where x = m 2**e with m between the roots of 1/2 and 2."""
    if x != types.float32:
        return None

    def codegen(context, builder, signature, args):
        number, integer, mantissa, _, _ = _KINDS[types.float32]
        bits = builder.bitcast(args[0], integer)
        shift = ir.Constant(integer, mantissa)
        exponent = builder.ashr(builder.sub(bits, ir.Constant(integer, _HALF_ROOT)), shift)
        rest = builder.bitcast(builder.sub(bits, builder.shl(exponent, shift)), number)
        rest = builder.fsub(rest, ir.Constant(number, 1.0))
        small = builder.fmul(rest, _polynomial(builder, _LOG_32, rest))
        return builder.fadd(builder.fmul(builder.sitofp(exponent, number), ir.Constant(number, 1 / _LOG2_E)), small)

    return x(x), codegen


@intrinsic
def turn_cosine(typingctx, t):
    """Return cos(2 pi t)."""

    def codegen(context, builder, signature, args):
        return _polynomial(builder, _COS_32, builder.fmul(args[0], args[0]))

    return (t(t), codegen) if t == types.float32 else None


@intrinsic
def turn_sine(typingctx, t):
    """Return sin(2 pi t)."""

    def codegen(context, builder, signature, args):
        return builder.fmul(args[0], _polynomial(builder, _SIN_32, builder.fmul(args[0], args[0])))

    return (t(t), codegen) if t == types.float32 else None
