"""Polynomial functions in kernels: their stated accuracy over their stated ranges."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from neurosim.kernels import _functions as functions

exponential, logarithm = functions.exponential, functions.logarithm
turn_cosine, turn_sine = functions.turn_cosine, functions.turn_sine


@numba.njit
def fill_exponentials(out: Any, x: Any) -> None:
    for i in range(x.size):
        out[i] = exponential(x[i])


@numba.njit
def fill_logarithms(out: Any, x: Any) -> None:
    for i in range(x.size):
        out[i] = logarithm(x[i])


@numba.njit
def fill_turns(cosines: Any, sines: Any, t: Any) -> None:
    for i in range(t.size):
        cosines[i], sines[i] = turn_cosine(t[i]), turn_sine(t[i])


@pytest.mark.parametrize(("dtype", "least", "most", "accuracy"), [(np.float32, -87, 88, 3e-7), (np.float64, -708, 709, 4e-16)])
def test_exponential(dtype: Any, least: float, most: float, accuracy: float, rng: np.random.Generator) -> None:
    x = np.concatenate([rng.uniform(least, most, 200_000), rng.uniform(-1, 1, 200_000), [least, 0.0, most]]).astype(dtype)
    out = np.empty_like(x)
    fill_exponentials(out, x)
    exact = np.exp(x.astype(np.longdouble))
    assert float(np.abs(out / exact - 1).max()) < accuracy
    assert out[-2] == pytest.approx(1.0, abs=accuracy)


def test_logarithm(rng: np.random.Generator) -> None:
    x = np.concatenate([np.exp(rng.uniform(-80, 80, 200_000)), rng.uniform(0, 3, 200_000) + 1e-6, [1.0]]).astype(np.float32)
    out = np.empty_like(x)
    fill_logarithms(out, x)
    exact = np.log(x.astype(float))
    assert (np.abs(out - exact) < 1e-7 + 2e-7 * np.abs(exact)).all()
    assert out[-1] == 0.0


def test_turns(rng: np.random.Generator) -> None:
    t = np.concatenate([rng.uniform(-0.5, 0.5, 200_000), [-0.5, -0.25, 0.0, 0.25, 0.5]]).astype(np.float32)
    cosines, sines = np.empty_like(t), np.empty_like(t)
    fill_turns(cosines, sines, t)
    angle = 2 * np.pi * t.astype(float)
    assert np.abs(cosines - np.cos(angle)).max() < 5e-7
    assert np.abs(sines - np.sin(angle)).max() < 5e-7
