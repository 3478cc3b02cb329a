"""How threads inside compiled loops wait for each other: a look at how far the others are, again and again, then a nap between two looks.

The wait is bounded in what it costs. Where all threads run, they wait without a nap, as most waits are short. A thread whose partner has
lost its processor sleeps after some tenths of a millisecond and leaves its own to others; one that finds another on its own processor does
so at once, as that one cannot get on while it looks. Between two runs a thread waits in the same way, but for some milliseconds only,
then it is away (:func:`stay`, :func:`give`).

:func:`read_clock` tells the time, so that threads can tell how long they have worked.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _data
from neurosim.kernels._jit import jit

intrinsic: Any = numba_intrinsic

LOOKS = 20_000
"""Looks before the first nap: some tenths of a millisecond."""
LAST_LOOKS = 80_000
"""Looks of a thread that has nothing to do, before it is away: two milliseconds."""
FEW_LOOKS = 300
"""Looks before the first nap of a thread that shares its processor with another one of them: some microseconds."""
NAP = 50
"""Microseconds (on Windows a millisecond is the shortest)."""
LINE = 8
"""Numbers in a cache line."""
AWAY, WAITING, BUSY = range(3)
"""What a thread does: nothing, so that it must be called; wait a little for an order; carry one out."""
_ALIGN = 8


@intrinsic
def tell(typingctx, numbers, place, number):
    """Set numbers[place], int64, such that others see it after all that was written before."""

    def codegen(context, builder, signature, args):
        address = builder.gep(_data(context, builder, signature.args[0], args[0]), [args[1]])
        builder.store_atomic(args[2], address, "seq_cst", _ALIGN)
        return context.get_dummy_value()

    return types.void(numbers, types.int64, types.int64), codegen


@intrinsic
def look(typingctx, numbers, place):
    """Return numbers[place] as other threads have left it."""

    def codegen(context, builder, signature, args):
        return builder.load_atomic(builder.gep(_data(context, builder, signature.args[0], args[0]), [args[1]]), "seq_cst", _ALIGN)

    return types.int64(numbers, types.int64), codegen


@intrinsic
def exchange(typingctx, numbers, place, expected, number):
    """Set numbers[place] to a number if it is what was expected; return whether it was."""

    def codegen(context, builder, signature, args):
        address = builder.gep(_data(context, builder, signature.args[0], args[0]), [args[1]])
        return builder.extract_value(builder.cmpxchg(address, args[2], args[3], "seq_cst", "seq_cst"), 1)

    return types.boolean(numbers, types.int64, types.int64, types.int64), codegen


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
def ask(typingctx, address, number):
    """Call a function of the system that takes a number, or nothing, and returns one, by its address."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), [builder.trunc(args[1], ir.IntType(32))])

    return types.int32(types.int64, types.int64), codegen


@intrinsic
def nanoseconds(typingctx, address, clock):
    """Return the time on a clock of the system that never goes back, in nanoseconds; address and clock: of :func:`system_clock`.

    Windows counts tenths of a microsecond.
    """

    def codegen(context, builder, signature, args):
        number, size = ir.IntType(64), ir.IntType(32)
        place = cgutils.alloca_once(builder, ir.ArrayType(number, 2))
        if sys.platform == "win32":
            kind, given = ir.FunctionType(size, [place.type]), [place]
        else:
            kind, given = ir.FunctionType(size, [size, place.type]), [builder.trunc(args[1], size), place]
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), given)
        first, second = (builder.load(cgutils.gep_inbounds(builder, place, 0, k)) for k in range(2))
        if sys.platform == "win32":
            return builder.mul(first, ir.Constant(number, 100))
        return builder.add(builder.mul(first, ir.Constant(number, 1_000_000_000)), second)

    return types.int64(types.int64, types.int64), codegen


@jit
def read_clock(clock):
    """Return the time in nanoseconds; 0 where the system does not tell. clock: of :func:`system_clock`."""
    return nanoseconds(clock[0], clock[1]) if clock[0] else np.int64(0)


@jit
def come(progress, thread, count, system):
    """Tell the others how far this thread is."""
    processor = system[2]
    progress[thread * LINE + 1] = np.int64(ask(processor, 0)) if processor else np.int64(-1)
    tell(progress, thread * LINE, count)


@jit
def follow(progress, thread, count, system):
    """Wait until all other threads are as far as a count.

    progress: of :func:`empty_progress`; system: of :func:`system_calls`.
    """
    sleep, nap, _ = system
    here = progress[thread * LINE + 1]
    for other in range(progress.size // LINE):
        looks = 0
        while other != thread and look(progress, other * LINE) < count:
            looks += 1
            relax()
            if looks == FEW_LOOKS and here >= 0 and progress[other * LINE + 1] == here:
                looks = LOOKS
            if looks > LOOKS:
                ask(sleep, nap)


@jit
def stay(orders, progress, thread):
    """Wait a little for another order from thread 0, when one has been carried out; return whether there is one.

    orders: of :func:`no_orders`.
    """
    here, place = progress[thread * LINE + 1], thread * LINE
    exchange(orders, place, BUSY, WAITING)
    for looks in range(LAST_LOOKS):
        if look(orders, place) == BUSY:
            return True
        relax()
        if looks >= FEW_LOOKS and here >= 0 and progress[1] == here:
            break
    return not exchange(orders, place, WAITING, AWAY)


@jit
def rest(orders, system):
    """Wait until no other thread has an order to carry out."""
    sleep, nap, _ = system
    for place in range(LINE, orders.size, LINE):
        looks = 0
        while look(orders, place) == BUSY:
            looks += 1
            relax()
            if looks > LOOKS:
                ask(sleep, nap)


@jit
def give(orders, thread):
    """Ask of a thread what is asked of thread 0; return whether it was there, or must be called. All threads must :func:`rest`."""
    place = thread * LINE
    for k in range(1, LINE):
        orders[place + k] = orders[k]
    return exchange(orders, place, WAITING, BUSY) or not exchange(orders, place, AWAY, BUSY)


def no_orders(threads: int) -> np.ndarray:
    """Return what threads do, AWAY, and room for what is asked of them: int64, a cache line each.

    Examples
    --------
    >>> no_orders(2).shape
    (16,)
    """
    return np.full(threads * LINE, AWAY)


def empty_progress(threads: int) -> np.ndarray:
    """Return where threads tell how far they are, 0, and on which processor: int64, a cache line each.

    Examples
    --------
    >>> empty_progress(2).shape
    (16,)
    """
    progress = np.zeros(threads * LINE, np.int64)
    progress[1::LINE] = -1
    return progress


def system_calls() -> tuple[int, int, int]:
    """Return the address of the system's function that sleeps, the time to give it, and the address of that which tells the processor.

    Where a system does not tell (macOS) the last is 0.

    Examples
    --------
    >>> sleep, nap, processor = system_calls()
    >>> sleep > 0 and nap > 0
    True
    """
    if sys.platform == "win32":  # its calling convention is the common one on 64-bit systems
        return _address(ctypes.windll.kernel32, "Sleep"), 1, _address(ctypes.windll.kernel32, "GetCurrentProcessorNumber")
    own = ctypes.CDLL(None)
    return _address(own, "usleep"), NAP, _address(own, "sched_getcpu")


def system_clock() -> tuple[int, int]:
    """Return the address of the system's function that tells the time, 0 if there is none, and the number of the clock to ask for.

    Examples
    --------
    >>> system_clock()[0] > 0
    True
    """
    if sys.platform == "win32":
        return _address(ctypes.windll.kernel32, "QueryPerformanceCounter"), 0
    return _address(ctypes.CDLL(None), "clock_gettime"), time.CLOCK_MONOTONIC


def _address(library: Any, name: str) -> int:
    """Return the address of a function, or 0 if the library has none of this name."""
    try:
        return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
    except AttributeError:
        return 0
