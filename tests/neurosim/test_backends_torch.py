"""Vector oscillators in PyTorch: the numbers of the engine, gradients that are right, refusals by name."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse

from neurosim.backends.torch import oscillators as backend
from neurosim.errors import MissingExtra
from neurosim.oscillators.vector import VectorOscillators

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@pytest.fixture(scope="module")
def torch() -> Iterator[Any]:
    """PyTorch with one thread, where it is installed."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'neurosim[torch]'")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


def model_of(
    n: int = 30, n_dims: int = 4, *, dtype: str = "float64", as_sparse: bool = False, rotating: bool = True, driven: bool = True
) -> VectorOscillators:
    """Return oscillators with everything that a model may have."""
    rng = np.random.default_rng(5)
    coupling: Any = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.4) / np.sqrt(n)
    return VectorOscillators(
        sparse.csr_array(coupling) if as_sparse else coupling,
        n_dims,
        stimuli=rng.normal(size=(n, n_dims)) if driven else None,
        frequencies=rng.normal(size=(n, n_dims // 2)) if rotating and n_dims % 2 == 0 else None,
        mean_field=-0.5,
        gamma=0.4,
        dtype=dtype,
    )


# The numbers of the engine.


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(("n_dims", "rotating", "driven"), [(2, True, True), (4, True, False), (3, False, True), (4, False, False)])
def test_the_layer_has_the_numbers_of_the_engine(
    torch: Any, dtype: str, as_sparse: bool, n_dims: int, rotating: bool, driven: bool
) -> None:
    model = model_of(n_dims=n_dims, dtype=dtype, as_sparse=as_sparse, rotating=rotating, driven=driven)
    state = model.init(replicas=3, seed=2)
    layer = backend.layer(model, steps=20)
    x, energies = layer(torch.from_numpy(state.x))
    assert str(x.dtype) == f"torch.{dtype}"
    for tick in range(20):
        model.step(state, 1)
        np.testing.assert_allclose(energies[tick].detach(), state.energies, atol=30 * TOLERANCE[dtype])
    np.testing.assert_allclose(x.detach(), state.x, atol=TOLERANCE[dtype])


def test_one_state_and_a_batch_are_the_same(torch: Any) -> None:
    model = model_of()
    layer = backend.layer(model, steps=5)
    batch = model.init(replicas=6, seed=2).x
    x, energies = layer(batch.reshape(2, 3, 30, 4))
    assert x.shape == (2, 3, 30, 4)
    assert energies.shape == (5, 2, 3)
    alone, energy = layer(batch[4])
    torch.testing.assert_close(alone, x[1, 1], rtol=0, atol=1e-12)
    torch.testing.assert_close(energy, energies[:, 1, 1], rtol=0, atol=1e-11)


def test_stimuli_can_be_given_for_each_item_of_a_batch(torch: Any) -> None:
    stimuli = np.random.default_rng(1).normal(size=(2, 30, 4))
    base = model_of(driven=False)
    start = base.init(seed=1)
    x, _ = backend.layer(base, steps=6)(np.stack([start.x, start.x]), stimuli)
    for one, own in zip(x, stimuli, strict=True):
        model = VectorOscillators(
            base.couplings.columns.T,  # type: ignore[union-attr]
            4,
            stimuli=own,
            frequencies=base.frequencies,
            mean_field=base.mean_field,
            gamma=base.gamma,
        )
        state = model.init(start.x)
        model.step(state, 6)
        np.testing.assert_allclose(one.detach(), state.x, atol=1e-12)


def test_forces_may_come_from_anywhere(torch: Any) -> None:
    """A convolution over a ring of oscillators is a circulant matrix."""
    n, weights, x = 12, torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64), torch.randn(12, 4, dtype=torch.float64)
    x = torch.nn.functional.normalize(x, dim=-1)
    coupling = np.zeros((n, n))
    for k in range(3):
        coupling[np.arange(n), (np.arange(n) + k - 1) % n] = weights[k]
    model = VectorOscillators(coupling, 4, frequencies=[0.5, -1.0], gamma=0.7)
    state = model.init(x.numpy())
    for _ in range(5):
        ring = torch.nn.functional.pad(x.T[:, None], (1, 1), mode="circular")
        y = torch.nn.functional.conv1d(ring, weights[None, None])[:, 0].T
        x, energy = backend.advance(x, y, torch.tensor([0.5, -1.0], dtype=torch.float64), 0.7)
        model.step(state, 1)
        assert float(energy) == pytest.approx(float(state.energies))
    np.testing.assert_allclose(x, state.x, atol=1e-12)


def test_oscillators_keep_unit_length(torch: Any) -> None:
    model = model_of(dtype="float32")
    x, _ = backend.layer(model, steps=100)(model.init(replicas=4, seed=1).x)
    assert float((x.detach().double().norm(dim=-1) - 1).abs().max()) < 1e-6


# Gradients.


@pytest.mark.parametrize("as_sparse", [False, True])
def test_gradients_are_those_of_finite_differences(torch: Any, as_sparse: bool) -> None:
    model = model_of(3, 4, as_sparse=as_sparse)
    layer = backend.layer(model, steps=3, learn=backend.LEARNABLE)
    names = [name for name, _ in layer.named_parameters()]
    values = [value.detach().clone().requires_grad_() for value in layer.parameters()]
    start = torch.tensor(model.init(seed=3).x, requires_grad=True)
    assert set(names) == set(backend.LEARNABLE)

    def run(x: Any, *parameters: Any) -> Any:
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    assert torch.autograd.gradcheck(run, (start, *values))


def test_only_what_is_asked_for_is_learnt(torch: Any) -> None:
    model = model_of()
    assert [name for name, _ in backend.layer(model).named_parameters()] == ["coupling"]
    layer = backend.layer(model, learn="gamma")
    assert [name for name, _ in layer.named_parameters()] == ["gamma"]
    _, energies = layer(model.init(seed=1).x)
    energies[-1].backward()
    assert float(layer.gamma.grad) != 0.0
    assert {"coupling", "gamma", "stimuli", "frequencies", "mean_field"} <= set(layer.state_dict())


def test_a_layer_learns_to_keep_what_it_is_shown(torch: Any) -> None:
    """Couplings trained through eight updates: two of four oscillators come to agree, away from the other two."""
    model = VectorOscillators(np.zeros((4, 4)), 2, gamma=0.5)
    layer = backend.layer(model, steps=8)
    starts = torch.tensor(model.init(replicas=16, seed=1).x)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1)
    wanted = torch.tensor([[1.0, 1.0, -1.0, -1.0]]).double()
    wanted = wanted.T @ wanted

    def loss() -> Any:
        x, _ = layer(starts)
        return ((x @ x.mT - wanted) ** 2).mean()

    before = float(loss().detach())
    for _ in range(40):
        optimiser.zero_grad()
        value = loss()
        value.backward()
        optimiser.step()
    assert before > 1.0
    assert float(loss().detach()) < 0.25 * before
    learnt = layer.coupling.detach().numpy()
    assert (np.sign(learnt) == wanted.numpy())[~np.eye(4, dtype=bool)].all()


def test_a_layer_is_kept_as_its_state(torch: Any, tmp_path: Any) -> None:
    model = model_of()
    one, other = backend.layer(model), backend.layer(model)
    with torch.no_grad():
        one.coupling += 0.1
    torch.save(one.state_dict(), tmp_path / "layer.pt")
    other.load_state_dict(torch.load(tmp_path / "layer.pt", weights_only=True))
    start = model.init(seed=1).x
    torch.testing.assert_close(one(start)[0], other(start)[0], rtol=0, atol=0)
    assert repr(one) == "VectorLayer(30 oscillators in 4 dimensions, 8 steps)"
    np.testing.assert_allclose(one.coupling.detach(), model.couplings.columns.T + 0.1)  # type: ignore[union-attr]


@pytest.mark.gpu
@pytest.mark.parametrize("as_sparse", [False, True])
def test_the_numbers_are_the_same_on_a_gpu(torch: Any, as_sparse: bool) -> None:
    model = model_of(as_sparse=as_sparse)
    state = model.init(replicas=3, seed=2)
    x, _ = backend.layer(model, steps=20).cuda()(state.x)
    model.step(state, 20)
    np.testing.assert_allclose(x.detach().cpu(), state.x, atol=1e-10)


def test_the_examples_of_the_docstrings(torch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for function in (backend.advance, backend.rotate, backend.layer):
        text = (function.__doc__ or "").replace("# doctest: +SKIP", "")
        examples = doctest.DocTestParser().get_doctest(text, dict(vars(backend)), function.__name__, None, 0)
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(examples)
        assert runner.summarize().failed == 0, capsys.readouterr().out


# Refusals.


def test_without_pytorch_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(backend, "import_module", absent)
    backend._layer_class.cache_clear()
    for ask in (lambda: backend.layer(model_of()), lambda: backend.advance(None, None), lambda: backend.rotate(None, None)):
        with pytest.raises(MissingExtra, match="needs the package torch, which is not installed") as caught:
            ask()
        assert caught.value.__notes__ == ["pip install 'neurosim[torch]'"]


def test_pytorch_is_not_imported_before_it_is_asked_for() -> None:
    script = "import sys, neurosim.backends.torch; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_bad_arguments_are_told(torch: Any) -> None:
    model = model_of(driven=False)
    with pytest.raises(TypeError, match="model must be VectorOscillators, got ndarray"):
        backend.layer(np.eye(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        backend.layer(model, steps=0)
    with pytest.raises(ValueError, match="learn must name tensors of the layer, got 'couplings'") as caught:
        backend.layer(model, learn=("couplings",))
    assert caught.value.__notes__ == ["did you mean 'coupling'?"]
    with pytest.raises(ValueError, match="stimuli cannot be learnt: the model has none"):
        backend.layer(model, learn=("stimuli",))
    with pytest.raises(ValueError, match=r"x must have shape \(..., 30, 4\), got \(4, 30\)"):
        backend.layer(model)(np.ones((4, 30)))
    with pytest.raises(ValueError, match=r"stimuli must have shape \(..., 30, 4\), got \(4,\)"):
        backend.layer(model)(model.init(seed=1).x, np.ones(4))
    with pytest.raises(ValueError, match=r"frequencies need an even number of dimensions.* \(2, 3\)"):
        backend.rotate(torch.ones(2, 3), torch.ones(1))
