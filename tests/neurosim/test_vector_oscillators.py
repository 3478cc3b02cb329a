"""Kernels of vector oscillators: equal to the formulas, in both precisions and both forms of the couplings."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.kernels import vector_oscillators as kernels
from tests.reference import vector_oscillators as reference

SIZES = st.tuples(st.integers(1, 9), st.integers(2, 6), st.integers(0, 2**32))
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


class Example:
    """Random oscillators, couplings, stimuli and frequencies."""

    def __init__(self, n: int, n_dims: int, seed: int, dtype: str = "float64", rotating: bool = True, driven: bool = True) -> None:
        rng, number = np.random.default_rng(seed), np.dtype(dtype).type
        self.coupling = (rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.5)).astype(dtype)
        self.stimuli = rng.normal(size=(n if driven else 0, n_dims)).astype(dtype)
        self.frequencies = rng.normal(size=(n if rotating and n_dims % 2 == 0 else 0, n_dims // 2)).astype(dtype)
        x = rng.normal(size=(3, n, n_dims))
        self.x = (x / np.linalg.norm(x, axis=2, keepdims=True)).astype(dtype)
        self.mean_field, self.gamma = number(rng.normal() / n), number(rng.uniform(0.1, 1.0))
        self.fixed = (self.stimuli, self.mean_field, self.frequencies, self.gamma)

    @property
    def dense(self) -> tuple[np.ndarray]:
        return (np.ascontiguousarray(self.coupling.T),)

    @property
    def sparse(self) -> tuple[np.ndarray, ...]:
        rows = sparse.csr_array(self.coupling)
        return rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data

    def wanted(self, ticks: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x after so many updates, and the energies before the last, by the formulas."""
        x, energies = self.x.astype(float), np.zeros(3)
        n = x.shape[1]
        stimuli = self.stimuli if self.stimuli.size else np.zeros(x.shape[1:])
        for replica in range(3):
            for _ in range(ticks):
                step = reference.step(x[replica], self.coupling, stimuli, n * self.mean_field, self.frequencies, float(self.gamma))
                x[replica], energies[replica] = step
        return x, energies


@settings(max_examples=25)
@given(SIZES, st.sampled_from(["float64", "float32"]), st.booleans(), st.booleans())
def test_both_forms_equal_the_formulas(sizes: tuple[int, int, int], dtype: str, rotating: bool, driven: bool) -> None:
    example = Example(*sizes, dtype=dtype, rotating=rotating, driven=driven)
    wanted, energies = example.wanted(3)
    for run, couplings in ((kernels.run_dense, example.dense), (kernels.run_sparse, example.sparse)):
        x, found = example.x.copy(), np.zeros(3)
        run(*couplings, *example.fixed, x, found, 3, 0, 3)
        assert x.dtype == dtype
        np.testing.assert_allclose(x, wanted, atol=TOLERANCE[dtype])
        np.testing.assert_allclose(found, energies, atol=30 * TOLERANCE[dtype])


@pytest.mark.parametrize("n", [kernels.BLOCK - 1, kernels.BLOCK, kernels.BLOCK + 1, 2 * kernels.BLOCK + 5])
def test_forces_at_the_borders_of_blocks(n: int) -> None:
    example = Example(n, 3, 1)
    x, y = example.x[0], np.empty((n, 3))
    kernels.fill_dense(*example.dense, example.stimuli, example.mean_field, x, y)
    np.testing.assert_allclose(y, example.stimuli + example.coupling @ x + example.mean_field * x.sum(axis=0), atol=1e-11)


def test_one_row_of_frequencies_serves_all() -> None:
    example = Example(5, 4, 2)
    example.frequencies[:] = example.frequencies[0]
    own, shared, energies = example.x.copy(), example.x.copy(), np.zeros(3)
    kernels.run_dense(*example.dense, *example.fixed, own, energies, 4, 0, 3)
    fixed = (example.stimuli, example.mean_field, example.frequencies[:1].copy(), example.gamma)
    kernels.run_dense(*example.dense, *fixed, shared, energies, 4, 0, 3)
    np.testing.assert_array_equal(own, shared)


def test_ranges_of_replicas_do_not_change_the_answer() -> None:
    example = Example(20, 4, 3, "float32")
    together, apart, energies = example.x.copy(), example.x.copy(), np.zeros((2, 3))
    kernels.run_dense(*example.dense, *example.fixed, together, energies[0], 5, 0, 3)
    for first, last in ((2, 3), (0, 1), (1, 2)):
        kernels.run_dense(*example.dense, *example.fixed, apart, energies[1], 5, first, last)
    np.testing.assert_array_equal(together, apart)
    np.testing.assert_array_equal(energies[0], energies[1])
