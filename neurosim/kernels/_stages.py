"""One stage of an explicit scheme for many oscillators at a time, as vector code: speed, rates, new phases and their waves in one pass.

The speed of an oscillator with wave (s, c) is f = omega + (a c - b s). Under a mean field a and b are the same for all; on a graph they
follow from the oscillator's own sums (S, C) of the waves of its neighbours,

    a = K (S cos(alpha) - C sin(alpha)),   b = K (S sin(alpha) + C cos(alpha)).

A stage of each kind does, with its weight and step,

======  =======================  ===========================  ================
kind    rates                    phases whose waves are left  phases
======  =======================  ===========================  ================
START   -                        phases                       -
FIRST   weight f                 phases + step f              -
MIDDLE  rates + weight f         phases + step f              -
LAST    -                        phases + step r              these
ONLY    -                        phases + step weight f       these
======  =======================  ===========================  ================

where r = rates + weight f. Source and accuracy of sine and cosine: :mod:`neurosim.kernels._waves`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

from neurosim.kernels._bits import _number
from neurosim.kernels._waves import LANES, _data, _each, _filled, _Rows, _shuffled, _sine_cosine

intrinsic: Any = numba_intrinsic
_DOUBLE = ir.DoubleType()
_RANGE = (types.int64, types.int64)


class _Stage(_Rows):
    """Emits a stage of one kind; numbers are scalars by name, at least weight and step."""

    def __init__(self, builder: Any, kind: Any, name: str, bases: dict[str, Any], numbers: dict[str, Any]) -> None:
        super().__init__(builder, kind, bases)
        self.name, self.numbers = name, numbers

    def number(self, name: str, lanes: int) -> Any:
        return _filled(self.builder, self.numbers[name], lanes)

    def pull(self, index: Any, lanes: int) -> tuple[Any, Any, Any, Any]:
        """Return a, b, sine and cosine."""
        raise NotImplementedError

    def keep(self, index: Any, lanes: int, phase: Any, wave: Any) -> None:
        """Keep new phases and their waves."""
        raise NotImplementedError

    def speed(self, index: Any, lanes: int) -> Any:
        a, b, sine, cosine = self.pull(index, lanes)
        turn = self.builder.fsub(self.builder.fmul(a, cosine), self.builder.fmul(b, sine))
        return self.builder.fadd(self.load("frequencies", index, lanes), turn)

    def rate(self, name: str, index: Any, lanes: int, slope: Any) -> Any:
        """Return the rates so far, this stage's included; keep them for the next stage."""
        rate = self.builder.fmul(self.number("weight", lanes), slope)
        if self.name in ("middle", "last"):
            rate = self.builder.fadd(self.load(name, index, lanes), rate)
        if self.name in ("first", "middle"):
            self.store(rate, name, index, lanes)
        return rate

    def phase(self, index: Any, lanes: int) -> Any:
        """Return the phases whose waves are wanted; keep rates and, at the end, phases."""
        builder, phase = self.builder, self.load("phases", index, lanes)
        if self.name == "start":
            return phase
        speed, ends = self.speed(index, lanes), self.name in ("last", "only")
        rate = self.rate("rates", index, lanes, speed)
        phase = builder.fadd(phase, builder.fmul(self.number("step", lanes), rate if ends else speed))
        if ends:
            self.store(phase, "phases", index, lanes)
        return phase

    def emit(self, index: Any, lanes: int) -> tuple[Any, Any]:
        """Do the stage; returns the new sines and cosines."""
        phase = self.phase(index, lanes)
        wave = _sine_cosine(self.builder, self.kind, phase)
        self.keep(index, lanes, phase, wave)
        return wave


class _FieldStage(_Stage):
    """All feel one field; sines and cosines are separate rows."""

    def pull(self, index: Any, lanes: int) -> tuple[Any, Any, Any, Any]:
        return (*(self.number(name, lanes) for name in "ab"), *(self.load(name, index, lanes) for name in ("sines", "cosines")))

    def keep(self, index: Any, lanes: int, phase: Any, wave: Any) -> None:
        for name, value in zip(("sines", "cosines"), wave, strict=True):
            self.store(value, name, index, lanes)


class _GraphStage(_Stage):
    """Each has sums of its own; sine and cosine are neighbours in memory."""

    def pull(self, index: Any, lanes: int) -> tuple[Any, Any, Any, Any]:
        builder = self.builder
        coupling, sine, cosine = (self.number(name, lanes) for name in ("coupling", "sine", "cosine"))
        sines, cosines = self.load_pair("sums", index, lanes)
        a = builder.fmul(coupling, builder.fsub(builder.fmul(sines, cosine), builder.fmul(cosines, sine)))
        b = builder.fmul(coupling, builder.fadd(builder.fmul(sines, sine), builder.fmul(cosines, cosine)))
        return a, b, *self.load_pair("waves", index, lanes)

    def keep(self, index: Any, lanes: int, phase: Any, wave: Any) -> None:
        self.store(phase, "trial", index, lanes)
        self.store_pair(wave, "waves", index, lanes)


class _InertialStage(_GraphStage):
    """Phases follow velocities v, and m v' = -v + f; f is the speed of an oscillator without inertia."""

    def phase(self, index: Any, lanes: int) -> Any:
        """Return the new phases; keep both rates, the velocities that belong to the phases and, at the end, phases and velocities."""
        builder, ends = self.builder, self.name in ("last", "only")
        velocity = self.load("velocities" if self.name in ("first", "only") else "trial_velocities", index, lanes)
        force = builder.fsub(self.speed(index, lanes), velocity)
        slopes = velocity, builder.fdiv(force, self.number("mass", lanes))
        new = []
        for name, slope in zip(("phases", "velocities"), slopes, strict=True):
            rate = self.rate("rates" if name == "phases" else "velocity_rates", index, lanes, slope)
            moved = builder.fmul(self.number("step", lanes), rate if ends else slope)
            new.append(builder.fadd(self.load(name, index, lanes), moved))
            if ends:
                self.store(new[-1], name, index, lanes)
        self.store(new[1], "trial_velocities", index, lanes)
        return new[0]


def _wide(builder: Any, value: Any) -> Any:
    """Return a vector or number as float64."""
    vector = isinstance(value.type, ir.VectorType)
    wide = ir.VectorType(_DOUBLE, LANES) if vector else _DOUBLE
    return value if value.type == wide else builder.fpext(value, wide)


def _total(builder: Any, vector: Any) -> Any:
    """Add up a vector: the upper half to the lower one, until one number is left."""
    count = LANES
    while count > 1:
        count //= 2
        halves = [_shuffled(builder, vector, vector, list(range(begin, begin + count))) for begin in (0, count)]
        vector = builder.fadd(*halves)
    return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))


def _summed(builder: Any, stage: _Stage, first: Any, last: Any) -> list[Any]:
    """Emit a stage for first ... last - 1; returns the sums of the new sines and cosines, in float64."""
    zero = ir.Constant(ir.VectorType(_DOUBLE, LANES), [0.0] * LANES)

    def body(index: Any, lanes: int, lane: Any, sums: list[Any]) -> list[Any]:
        waves = [_wide(builder, wave) for wave in stage.emit(index, lanes)]
        if lane is not None:
            waves = [builder.insert_element(zero, wave, lane) for wave in waves]
        return [builder.fadd(total, wave) for total, wave in zip(sums, waves, strict=True)]

    return [_total(builder, total) for total in _each(builder, first, last, [zero, zero], body)]


def _field_stage(name: str) -> Any:
    """Make the instruction for one kind of stage under a mean field; it returns the sums of the sines and cosines that it leaves.

    phases (n,), frequencies (n,), scratch (3, n): sines, cosines, rates; numbers (4,): a, b, weight, step; first, last int64.
    """

    def instruction(typingctx, phases, frequencies, scratch, numbers, first, last):
        def codegen(context, builder, signature, args):
            of_phases, of_frequencies, rows, of_numbers = _data(context, builder, signature.args[:4], args[:4])
            n = builder.extract_value(context.make_array(signature.args[2])(context, builder, args[2]).shape, 1)
            bases = {"phases": of_phases, "frequencies": of_frequencies}
            bases |= {row: builder.gep(rows, [builder.mul(n, _number(k))]) for k, row in enumerate(("sines", "cosines", "rates"))}
            values = {key: builder.load(builder.gep(of_numbers, [_number(k)])) for k, key in enumerate(("a", "b", "weight", "step"))}
            sums = _summed(builder, _FieldStage(builder, phases.dtype, name, bases, values), *args[4:])
            return context.make_tuple(builder, signature.return_type, sums)

        pair = types.UniTuple(types.float64, 2)
        return pair(phases, frequencies, scratch, numbers, types.int64, types.int64), codegen

    return intrinsic(instruction)


_NUMBERS = ("coupling", "sine", "cosine", "weight", "step", "mass")


def _emit_graph(kind: Any, stage_of: Any, name: str, rows: tuple[str, ...]) -> Any:
    """Return what emits a stage on a graph; its arguments are arrays named by rows, the numbers, first and last."""

    def codegen(context, builder, signature, args):
        *data, of_numbers = _data(context, builder, signature.args[:-2], args[:-2])
        values = {key: builder.load(builder.gep(of_numbers, [_number(k)])) for k, key in enumerate(_NUMBERS)}
        stage = stage_of(builder, kind, name, dict(zip(rows, data, strict=True)), values)

        def body(index: Any, lanes: int, _: Any, carried: list[Any]) -> list[Any]:
            stage.emit(index, lanes)
            return carried

        _each(builder, args[-2], args[-1], [], body)
        return context.get_dummy_value()

    return codegen


def _graph_stage(name: str) -> Any:
    """Make the instruction for one kind of stage on a graph.

    phases, trial, rates, frequencies (n,); sums, waves (n, 2); numbers (6,): K, sin(alpha), cos(alpha), weight, step, mass; first and last
    int64.
    """

    def instruction(typingctx, phases, trial, rates, sums, waves, frequencies, numbers, first, last):
        arrays = phases, trial, rates, sums, waves, frequencies
        rows = "phases", "trial", "rates", "sums", "waves", "frequencies"
        return types.void(*arrays, numbers, *_RANGE), _emit_graph(phases.dtype, _GraphStage, name, rows)

    return intrinsic(instruction)


def _inertial_stage(name: str) -> Any:
    """Make the instruction for one kind of stage on a graph with inertia; arrays are those of :func:`_graph_stage` and their velocities."""

    def instruction(
        typingctx, phases, velocities, trial, trial_velocities, rates, velocity_rates, sums, waves, frequencies, numbers, first, last
    ):
        arrays = phases, velocities, trial, trial_velocities, rates, velocity_rates, sums, waves, frequencies
        rows = "phases", "velocities", "trial", "trial_velocities", "rates", "velocity_rates", "sums", "waves", "frequencies"
        return types.void(*arrays, numbers, *_RANGE), _emit_graph(phases.dtype, _InertialStage, name, rows)

    return intrinsic(instruction)


field_start, field_first, field_middle, field_last, field_only = (
    _field_stage(name) for name in ("start", "first", "middle", "last", "only")
)
graph_first, graph_middle, graph_last, graph_only = (_graph_stage(name) for name in ("first", "middle", "last", "only"))
inertial_first, inertial_middle, inertial_last, inertial_only = (_inertial_stage(name) for name in ("first", "middle", "last", "only"))
