"""Phases of coupled oscillators: their waves, the stages of explicit schemes, and noise.

    f_i = omega_i + K (S_i cos(theta_i + alpha) - C_i sin(theta_i + alpha)),    S_i, C_i = sum_j A_ij (sin(theta_j), cos(theta_j))

is omega_i + K sum_j A_ij sin(theta_j - theta_i - alpha). The sums come from :mod:`neurosim.kernels.phase_sums` or from elsewhere; what
follows from them is done here, oscillator by oscillator. A step of a scheme with s stages is

    for stage in 0 ... s - 1:   sums from waves;  move(..., stage, s, first, last) on ranges that cover all oscillators

and leaves new phases and their waves. Stage k evaluates f at trial phases theta + step_{k-1} dt f_{k-1}; the new phases are
theta + dt sum_k weight_k f_k:

======  =================  ========================  =================
stages  scheme             weights                   steps
======  =================  ========================  =================
1       Euler              1                         1
2       Heun               1/2, 1/2                  1, 1
4       RK4                1/6, 1/3, 1/3, 1/6        1/2, 1/2, 1, 1
======  =================  ========================  =================

(the last step is that from the phases along all rates). Before the phases are moved, but after their waves were taken, the first stage adds
kicks to them: with kicks of size sqrt(2 D dt) this is Euler & Maruyama's scheme, and Heun's for additive noise, the same kick in both
stages. With inertia kicks go to the velocities, and are added to what each stage leaves. No range needs another's results, so they may be
cut at will.

Arguments, real = float64 or float32, in the order in which they appear:

================  =================  ================================================================================
phases            (n,) real          theta at the beginning of the step; changed by kicks and by the last stage
velocities        (n,) real          (inertia only) v = theta', likewise
trial             (n,) real          scratch; after a stage the phases whose waves are in waves
trial_velocities  (n,) real          (inertia only) scratch; after a stage the velocities that belong to them
rates             (n,) real          scratch; weighted sum of the f (with inertia: of the velocities) so far
velocity_rates    (n,) real          (inertia only) scratch; likewise for the accelerations
sums              (n, 2) real        S_i, C_i, from the waves as the last stage left them, or from those of the past
waves             (n, 2) real        sin, cos of trial; before the first stage of a step, of phases
frequencies       (n,) real          omega
parameters        (4,) or (5,) real  K, sin(alpha), cos(alpha), dt and, with inertia, the mass m
kicks             (n,) or (0,) real  noise of this step; (0,): none
stage, stages     integers           stage 0 ... stages - 1 of 1, 2 or 4
first, last       integers           oscillators first ... last - 1
================  =================  ================================================================================

Source: E. Hairer, S. P. Norsett & G. Wanner, Solving Ordinary Differential Equations I (Springer, 1993), II.1; for noise, P. E. Kloeden &
E. Platen, Numerical Solution of Stochastic Differential Equations (Springer, 1992). Differs from the books in: the weights are applied
stage by stage.
"""

from __future__ import annotations

import numpy as np

from neurosim.kernels._jit import jit
from neurosim.kernels._stages import (
    graph_first,
    graph_last,
    graph_middle,
    graph_only,
    inertial_first,
    inertial_last,
    inertial_middle,
    inertial_only,
)
from neurosim.kernels._waves import fill_waves
from neurosim.kernels.currents import BLOCK, fill_normals


@jit
def stage_weight(stage, stages):
    """Return the weight of a stage's rates."""
    if stages == 1:
        return 1.0
    if stages == 2:
        return 0.5
    return 1.0 / 6.0 if stage == 0 or stage == 3 else 1.0 / 3.0


@jit
def stage_step(stage, stages):
    """Return what part of dt the trial after a stage lies ahead; 1 after the last one."""
    return 0.5 if stages == 4 and stage < 2 else 1.0


@jit
def wave(phases, waves, first, last):
    """Fill waves (n, 2) with sine and cosine of phases (n,), oscillators first ... last - 1."""
    fill_waves(phases, waves, first, last)


@jit
def kick(values, kicks, first, last):
    """Add kicks, if there are any."""
    if kicks.size:
        for i in range(first, last):
            values[i] += kicks[i]


@jit
def stage_numbers(parameters, stage, stages):
    """Return K, sin(alpha), cos(alpha), weight, step (times dt) and, if there is one, mass: (6,) real."""
    numbers = np.zeros(6, parameters.dtype)
    for k in range(3):
        numbers[k] = parameters[k]
    numbers[3] = stage_weight(stage, stages)
    numbers[4] = parameters.dtype.type(stage_step(stage, stages)) * parameters[3]
    if parameters.size > 4:
        numbers[5] = parameters[4]
    return numbers


@jit
def move(phases, trial, rates, sums, waves, frequencies, parameters, kicks, stage, stages, first, last):
    """Do one stage; arguments as in the module's text."""
    numbers = stage_numbers(parameters, stage, stages)
    if stage == 0:
        kick(phases, kicks, first, last)
    if stages == 1:
        graph_only(phases, trial, rates, sums, waves, frequencies, numbers, first, last)
    elif stage == 0:
        graph_first(phases, trial, rates, sums, waves, frequencies, numbers, first, last)
    elif stage < stages - 1:
        graph_middle(phases, trial, rates, sums, waves, frequencies, numbers, first, last)
    else:
        graph_last(phases, trial, rates, sums, waves, frequencies, numbers, first, last)


@jit
def move_inertial(
    phases,
    velocities,
    trial,
    trial_velocities,
    rates,
    velocity_rates,
    sums,
    waves,
    frequencies,
    parameters,
    kicks,
    stage,
    stages,
    first,
    last,
):
    """Do one stage of theta' = v, m v' = -v + f; arguments as in the module's text. Kicks, of size sqrt(2 D dt) / m, move velocities."""
    values = phases, velocities, trial, trial_velocities, rates, velocity_rates, sums, waves, frequencies
    numbers = stage_numbers(parameters, stage, stages)
    if stages == 1:
        inertial_only(*values, numbers, first, last)
    elif stage == 0:
        inertial_first(*values, numbers, first, last)
    elif stage < stages - 1:
        inertial_middle(*values, numbers, first, last)
    else:
        inertial_last(*values, numbers, first, last)
    kick(trial_velocities, kicks, first, last)
    if stage == stages - 1:
        kick(velocities, kicks, first, last)


@jit
def draw_kicks(kicks, size, seed, tick):
    """Fill kicks (n,) with size * standard normal numbers (float32 draws) of a tick; seed and tick are uint64, stream 0."""
    draw_kicks_between(kicks, size, seed, tick, 0, kicks.size)


@jit
def draw_kicks_between(kicks, size, seed, tick, first, last):
    """Fill kicks[first:last] as :func:`draw_kicks` would."""
    words, normals = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.float32)
    amplitude = kicks.dtype.type(size)
    for begin in range(first // BLOCK * BLOCK, last, BLOCK):
        fill_normals(normals, words, begin, seed, tick)
        for i in range(max(begin, first), min(begin + BLOCK, last)):
            kicks[i] = amplitude * normals[i - begin]
