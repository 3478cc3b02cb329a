"""Currents that are added to a population: steps given in advance, and noise.

Normal numbers come from pairs of words (Box & Muller, Ann. Math. Stat. 29, 610 (1958)). Units are handled :data:`BLOCK` at a time: unit k
of the first half of a block and unit k of the second share the words of these two units. The numbers are float32 whatever the type of the
state, and none is larger than 6.8.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.kernels._functions import logarithm, turn_cosine, turn_sine
from neurosim.kernels._jit import jit
from neurosim.kernels.noise import fill_words_from
from neurosim.kernels.spike_list import count_before

BLOCK = 512
_ULP = np.float32(2.0**-32)
_HALF = np.float32(0.5)
_MINUS_TWO = np.float32(-2.0)
_ZERO = np.float32(0.0)


@jit
def fill_normals(normals, words, first, seed, tick):
    """Fill normals (BLOCK,) float32 with those of units first ... first + BLOCK - 1; words (BLOCK,) uint32 is scratch."""
    half = BLOCK // 2
    fill_words_from(words, first, seed, tick, np.uint64(0))
    for k in range(half):
        share = (np.float32(words[k]) + _HALF) * _ULP
        angle = np.float32(np.int32(words[half + k])) * _ULP
        radius = math.sqrt(max(_MINUS_TWO * logarithm(share), _ZERO))
        normals[k] = radius * turn_cosine(angle)
        normals[half + k] = radius * turn_sine(angle)


@jit
def add_scaled(row, normals, mean, amplitude):
    """Add mean + amplitude * normals to a row, which may be shorter."""
    for i in range(row.size):
        row[i] += mean + amplitude * normals[i]


@jit
def follow(row, memory, normals, mean, decay, amplitude):
    """Let memory decay and be moved by amplitude * normals, then add it and the mean to a row of its length."""
    for i in range(row.size):
        memory[i] = decay * memory[i] + amplitude * normals[i]
        row[i] += mean + memory[i]


@jit
def add_white(row, memory, parameters, first, last, seed, tick):
    """Add independent normal numbers; parameters are mean and standard deviation."""
    words, normals = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.float32)
    for begin in range(first, last, BLOCK):
        fill_normals(normals, words, begin, seed, tick)
        add_scaled(row[begin : min(begin + BLOCK, last)], normals, parameters[0], parameters[1])


@jit
def add_coloured(row, memory, parameters, first, last, seed, tick):
    """Add Ornstein and Uhlenbeck's process, kept in memory; parameters are mean, standard deviation, decay and what a step moves it.

    In tick 0 it is drawn from its stationary law.
    """
    words, normals = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.float32)
    decay = parameters[2] if tick else parameters[2] - parameters[2]
    amplitude = parameters[3] if tick else parameters[1]
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last)
        fill_normals(normals, words, begin, seed, tick)
        follow(row[begin:end], memory[0, begin:end], normals, parameters[0], decay, amplitude)


@jit
def add_constant(row, value):
    """Add one value to all of a row."""
    for i in range(row.size):
        row[i] += value


@jit
def add_row(row, values):
    """Add values to a row of the same length."""
    for i in range(row.size):
        row[i] += values[i]


@jit
def add_steps(row, memory, parameters, first, last, seed, tick):
    """Add the amplitude of the last step; nothing before the first one.

    parameters: number of steps, number of units that have amplitudes of their own (0: one for all), high and low parts of the ticks, then
    the amplitudes step by step.
    """
    n_steps, n_units = int(parameters[0]), int(parameters[1])
    now = count_before(parameters[2 : 2 + n_steps], parameters[2 + n_steps : 2 + 2 * n_steps], tick + 1) - 1
    if now < 0:
        return
    amplitudes = parameters[2 + 2 * n_steps :]
    if n_units == 0:
        add_constant(row[first:last], amplitudes[now])
    else:
        add_row(row[first:last], amplitudes[now * n_units + first : now * n_units + last])
