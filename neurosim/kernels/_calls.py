"""Compiled loops over parts that are only known at run time: arrays by address, kernels by address.

A kernel compiled for fixed argument types is a plain machine function. :func:`address_of` compiles it (or loads it from the cache) and
returns where it stands; :func:`call` calls what stands there from another kernel. So one driver loop serves every combination of parts, and
a new part needs no new compilation of the loop. Tables of arrays hold their addresses as integers; :func:`vector_at` and :func:`matrix_at`
turn these back into arrays, which own nothing and keep nothing alive: whoever makes a table keeps the arrays.
"""

from __future__ import annotations

from typing import Any

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._jit import jit

_numba: Any = numba
carray = _numba.carray
intrinsic: Any = numba_intrinsic


@intrinsic
def pointer(typingctx, address):
    """Turn an integer into an address."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@jit(inline="always")
def vector_at(address, n, dtype):
    """Return the array (n,) that begins at an address."""
    return carray(pointer(address), (n,), dtype)


@jit(inline="always")
def matrix_at(address, rows, columns, dtype):
    """Return the C-ordered array (rows, columns) that begins at an address."""
    return carray(pointer(address), (rows, columns), dtype)


@intrinsic
def call(typingctx, address, arguments):
    """Call the kernel at an address, compiled for exactly the types of this tuple of arguments, that returns nothing."""
    kinds = tuple(arguments)

    def codegen(context, builder, signature, args):
        kind = context.call_conv.get_function_type(types.none, kinds)
        function = builder.inttoptr(args[0], kind.as_pointer())
        items = cgutils.unpack_tuple(builder, args[1], len(kinds))
        status, _ = context.call_conv.call_function(builder, function, types.none, kinds, items)
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(types.int64, arguments), codegen


def address_of(kernel: Any, *kinds: Any) -> int:
    """Compile a kernel for argument types of Numba, unless that was done, and return its address.

    Raises
    ------
    TypeError
        If it is no compiled function, or returns something.
    """
    if not hasattr(kernel, "overloads"):
        raise TypeError(f"a kernel must be decorated with ns.jit, got {kernel!r}")
    kernel.compile(kinds)
    compiled = kernel.overloads[kinds]
    if compiled.signature.return_type != types.none:
        raise TypeError(f"kernel {kernel.__name__} must return nothing, got {compiled.signature.return_type}")
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
