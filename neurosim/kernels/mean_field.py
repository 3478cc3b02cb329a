"""Oscillators that all feel their mean field, A_ij = 1 / N: all stages of a step fused, the sums taken on the way.

    theta_i' = omega_i + a cos(theta_i) - b sin(theta_i),
    a = K (S cos(alpha) - C sin(alpha)) / N,    b = K (S sin(alpha) + C cos(alpha)) / N,    S, C = sums of all sines and cosines

is omega_i + (K / N) sum_j sin(theta_j - theta_i - alpha). The waves a stage leaves are those the next one needs, so that a stage takes one
pass over the oscillators: phases, frequencies, waves and rates in, new waves, their sums and rates out.

Sums are taken in float64 by blocks of :data:`BLOCK` oscillators, in each with sixteen partial sums: oscillator i of a block adds to partial
sum i mod 16, and the upper half of the partial sums is added to the lower one until a single one is left. So all processors give the same
results.

Schemes and their tables are those of :mod:`neurosim.kernels.phases`. With real = float64 or float32, in this order:

===========  =================  ==================================================================================
phases       (n,) real          changed in place
frequencies  (n,) real          omega
scratch      (3, n) real        written before it is read: rows of sines, cosines, rates; at the end the waves of the final phases
kicks        (n,) or (0,) real  (0,): no noise; else scratch for the noise of a tick
parameters   (5,) float64       K, sin(alpha), cos(alpha), dt, size of the kicks: sqrt(2 D dt)
stages       integer            1, 2, 4: Euler, Heun, RK4; with noise 1 or 2
ticks        integer            steps to take
seed, tick   uint64             of the noise; tick is that of the first step
===========  =================  ==================================================================================

Source: Y. Kuramoto, Chemical Oscillations, Waves, and Turbulence (Springer, 1984); H. Sakaguchi & Y. Kuramoto, Prog. Theor. Phys. 76, 576
(1986). Differs from the papers in: an oscillator is part of its own mean field.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels._stages import field_first, field_last, field_middle, field_only, field_start
from neurosim.kernels.phases import draw_kicks, kick, stage_step, stage_weight

BLOCK = 4096
START, FIRST, MIDDLE, LAST, ONLY = 0, 1, 2, 3, 4


@jit
def stage_block(phases, frequencies, scratch, numbers, kind, first, last):
    """Do a stage for a block; returns the sums of the sines and cosines it leaves. numbers (4,) real: a, b, weight, step (times dt)."""
    if kind == START:
        return field_start(phases, frequencies, scratch, numbers, first, last)
    if kind == FIRST:
        return field_first(phases, frequencies, scratch, numbers, first, last)
    if kind == MIDDLE:
        return field_middle(phases, frequencies, scratch, numbers, first, last)
    if kind == LAST:
        return field_last(phases, frequencies, scratch, numbers, first, last)
    return field_only(phases, frequencies, scratch, numbers, first, last)


@jit
def stage_pass(phases, frequencies, scratch, numbers, kind):
    """Do a stage for all oscillators, as :func:`stage_block`."""
    sines, cosines = 0.0, 0.0
    for first in range(0, phases.size, BLOCK):
        block = stage_block(phases, frequencies, scratch, numbers, kind, first, min(first + BLOCK, phases.size))
        sines += block[0]
        cosines += block[1]
    return sines, cosines


@jit
def stage_kind(stage, stages):
    """Tell the kinds of stages apart."""
    if stages == 1:
        return ONLY
    if stage == 0:
        return FIRST
    return LAST if stage == stages - 1 else MIDDLE


@jit
def set_numbers(numbers, parameters, sines, cosines, n, stage, stages):
    """Write a, b, weight and step (times dt) of a stage, given the sums of sines and cosines."""
    coupling, sine, cosine = parameters[0], parameters[1], parameters[2]
    mean_sine, mean_cosine = sines / n, cosines / n
    numbers[0] = coupling * (mean_sine * cosine - mean_cosine * sine)
    numbers[1] = coupling * (mean_sine * sine + mean_cosine * cosine)
    numbers[2] = stage_weight(stage, stages)
    numbers[3] = stage_step(stage, stages) * parameters[3]


@jit
def sum_waves(phases):
    """Return the sums of the sines and of the cosines of phases (n,), in float64, added up as :func:`run_mean_field` does."""
    scratch, numbers = np.empty((3, min(phases.size, BLOCK)), phases.dtype), np.empty(4, phases.dtype)
    sines, cosines = 0.0, 0.0
    for first in range(0, phases.size, BLOCK):
        part = phases[first : first + BLOCK]
        block = field_start(part, part, scratch, numbers, 0, part.size)
        sines += block[0]
        cosines += block[1]
    return sines, cosines


@jit
def run_mean_field(phases, frequencies, scratch, kicks, parameters, stages, ticks, seed, tick):
    """Take some steps; arguments as in the module's text."""
    numbers = np.empty(4, phases.dtype)
    sines, cosines = stage_pass(phases, frequencies, scratch, numbers, START)
    for step in range(ticks):
        if kicks.size:
            draw_kicks(kicks, parameters[4], seed, np.uint64(tick) + np.uint64(step))
            kick(phases, kicks, 0, phases.size)
        for stage in range(stages):
            set_numbers(numbers, parameters, sines, cosines, phases.size, stage, stages)
            sines, cosines = stage_pass(phases, frequencies, scratch, numbers, stage_kind(stage, stages))
