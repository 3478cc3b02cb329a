"""How threads inside compiled loops wait for each other: a look at a counter, again and again, and after a while a nap between two looks.

The wait is bounded in what it costs: where all threads run, they meet within the time of a few hundred looks; a thread whose partner has
lost its processor sleeps and leaves its own to others.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._jit import jit

intrinsic: Any = numba_intrinsic

LOOKS = 2_000
"""Looks before the first nap: some forty microseconds."""
NAP = 50
"""Microseconds (on Windows a millisecond is the shortest)."""
_ALIGN = 8


def _place(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return context.make_array(array_type)(context, builder, array).data


@intrinsic
def add_atomically(typingctx, counter, number):
    """Add a number to counter[0], (1,) int64, at once for all threads."""

    def codegen(context, builder, signature, args):
        place = _place(context, builder, signature.args[0], args[0])
        return builder.atomic_rmw("add", place, args[1], "seq_cst")

    return types.int64(counter, types.int64), codegen


@intrinsic
def look(typingctx, counter):
    """Return counter[0] as other threads have left it."""

    def codegen(context, builder, signature, args):
        return builder.load_atomic(_place(context, builder, signature.args[0], args[0]), "seq_cst", _ALIGN)

    return types.int64(counter), codegen


@intrinsic
def relax(typingctx):
    """Tell the processor that this is a waiting loop, so that it leaves its units to the other thread of its core."""

    def codegen(context, builder, signature, args):
        machine = platform.machine().lower()
        if machine in ("x86_64", "amd64", "i686"):
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, pause, "llvm.x86.sse2.pause"), [])
        elif machine in ("aarch64", "arm64"):
            hint = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
            builder.call(cgutils.get_or_insert_function(builder.module, hint, "llvm.aarch64.hint"), [ir.Constant(ir.IntType(32), 1)])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def nap(typingctx, sleep, time):
    """Call a function of the system that sleeps for a time, by its address."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [builder.trunc(args[1], ir.IntType(32))])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@jit
def meet(counter, goal, sleep, time):
    """Wait until all threads have come here: each adds 1 to counter, (1,) int64, which then stands at goal."""
    add_atomically(counter, 1)
    looks = 0
    while look(counter) < goal:
        looks += 1
        relax()
        if looks > LOOKS:
            nap(sleep, time)


def sleeper() -> tuple[int, int]:
    """Return the address of the system's function that sleeps, and the time to give it.

    Examples
    --------
    >>> address, time = sleeper()
    >>> address > 0 and time > 0
    True
    """
    if sys.platform == "win32":  # its calling convention is the common one on 64-bit systems
        return ctypes.cast(ctypes.windll.kernel32.Sleep, ctypes.c_void_p).value or 0, 1
    return ctypes.cast(ctypes.CDLL(None).usleep, ctypes.c_void_p).value or 0, NAP
