r"""Vector oscillators as a layer of PyTorch: the update of :mod:`neurosim.oscillators.vector`, through which gradients flow.

Two levels. :func:`layer` makes a module from a :class:`~neurosim.oscillators.vector.VectorOscillators`: same couplings, stimuli,
frequencies and :math:`\gamma`, same numbers up to rounding, any of them learnable. :func:`advance` is one update alone, for forces
:math:`y` that come from anywhere: a convolution, attention, another network,

.. math::
    x \leftarrow \frac{x + \gamma \, \Delta x}{|x + \gamma \, \Delta x|}, \qquad \Delta x = \Omega x + y - (y \cdot x) \, x, \qquad
    E = - \sum_i x_i \cdot y_i .

The last axis of a tensor is that of the coordinates, the last but one that of the oscillators; any others are a batch. Gradients of
:math:`T` updates need memory for :math:`T` states.

Source: T. Miyato, S. Löwe, A. Geiger & M. Welling, "Artificial Kuramoto oscillatory neurons", ICLR 2025, arXiv:2410.13821. Differs from the
paper in: what :mod:`neurosim.oscillators.vector` says.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from neurosim.checks import whole
from neurosim.errors import MissingExtra, nearest, with_hint
from neurosim.oscillators.vector import SparseCouplings, VectorOscillators

LEARNABLE = ("coupling", "frequencies", "gamma", "mean_field", "stimuli")
"""What a layer can learn, by the names of its tensors."""


def advance(x: Any, y: Any, frequencies: Any = None, gamma: Any = 1.0) -> tuple[Any, Any]:
    """Make one update of oscillators that receive given forces.

    Parameters
    ----------
    x : Tensor, shape (..., n, n_dims)
        Unit vectors.
    y : Tensor, the same shape
        Forces at x: stimuli and what the others send.
    frequencies : Tensor, broadcastable to (..., n, n_dims / 2), optional
        Rates of rotation in the planes (0, 1), (2, 3) and so on, from the first axis to the second.
    gamma : float or Tensor
        Length of the step.

    Returns
    -------
    x : Tensor, shape (..., n, n_dims)
        The oscillators after the update.
    energy : Tensor, shape (...)
        E before the update.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> x, energy = advance(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))  # doctest: +SKIP
    >>> x, energy  # doctest: +SKIP
    (tensor([[0.7071, 0.7071]]), tensor(-0.))
    """
    torch = _torch()
    along = (y * x).sum(-1, keepdim=True)
    change = y - along * x
    if frequencies is not None:
        change = change + rotate(x, frequencies)
    return torch.nn.functional.normalize(x + gamma * change, dim=-1), -along.sum((-2, -1))


def rotate(x: Any, frequencies: Any) -> Any:
    """Return Omega x: each plane (2 p, 2 p + 1) turned by a right angle, times its rate.

    Parameters
    ----------
    x : Tensor, shape (..., n, n_dims), n_dims even
    frequencies : Tensor, broadcastable to (..., n, n_dims / 2)

    Returns
    -------
    Tensor, shape (..., n, n_dims)

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> rotate(torch.tensor([[1.0, 0.0]]), torch.tensor([2.0]))  # doctest: +SKIP
    tensor([[-0.,  2.]])
    """
    torch = _torch()
    if x.shape[-1] % 2:
        raise ValueError(f"frequencies need an even number of dimensions, a plane for each two of them; x has shape {tuple(x.shape)}")
    first, second = x[..., 0::2], x[..., 1::2]
    return torch.stack((-frequencies * second, frequencies * first), dim=-1).flatten(-2)


def layer(model: VectorOscillators, *, steps: int = 8, learn: Sequence[str] = ("coupling",)) -> Any:
    """Make a module that runs a number of updates.

    Its forward takes x, shape (..., n, n_dims), which it normalises first, and optionally stimuli (..., n, n_dims) in place of the
    model's. It returns the oscillators after all updates, and the energies before each of them, shape (steps, ...).

    Parameters
    ----------
    model : VectorOscillators
        Gives the numbers to begin with, and their type.
    steps : int
        Updates.
    learn : sequence of str
        What are parameters: names out of :data:`LEARNABLE`. The rest are buffers. The coupling of a sparse model is learnt edge by edge.

    Returns
    -------
    torch.nn.Module
        With the tensors ``coupling``, ``frequencies``, ``gamma``, ``mean_field`` and ``stimuli``.

    Raises
    ------
    MissingExtra
        If PyTorch is not installed.
    TypeError, ValueError
        If an argument cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> model = VectorOscillators(np.ones((3, 3)) / 3, n_dims=2, gamma=0.5)
    >>> several = layer(model, steps=4, learn=("coupling", "gamma"))  # doctest: +SKIP
    >>> x, energies = several(model.init(seed=1).x)  # doctest: +SKIP
    >>> x.shape, energies.shape  # doctest: +SKIP
    (torch.Size([3, 2]), torch.Size([4]))
    >>> energies[-1].backward()  # doctest: +SKIP
    >>> several.coupling.grad.shape  # doctest: +SKIP
    torch.Size([3, 3])
    """
    if not isinstance(model, VectorOscillators):
        raise TypeError(f"model must be VectorOscillators, got {type(model).__name__}")
    wanted = (learn,) if isinstance(learn, str) else tuple(learn)
    for name in wanted:
        if name not in LEARNABLE:
            raise with_hint(ValueError(f"learn must name tensors of the layer, got {name!r}"), nearest(str(name), LEARNABLE))
        if name in ("frequencies", "stimuli") and not getattr(model, name).size:
            error = ValueError(f"{name} cannot be learnt: the model has none")
            raise with_hint(error, f"give it {name} to begin with, of zeros if need be")
    return _layer_class()(model, whole("steps", steps, 1), wanted)


@functools.cache
def _layer_class() -> Any:
    """Make the class of the layers, once PyTorch is needed."""
    torch = _torch()

    class VectorLayer(torch.nn.Module):
        """Oscillators that run a number of updates; :func:`layer` says more."""

        def __init__(self, model: VectorOscillators, steps: int, learn: tuple[str, ...]) -> None:
            super().__init__()
            self.n, self.n_dims, self.steps = model.n, model.n_dims, steps
            self.edges = isinstance(model.couplings, SparseCouplings)
            for name, values in _tensors(model).items():
                if name in learn:
                    self.register_parameter(name, torch.nn.Parameter(values))
                else:
                    self.register_buffer(name, values)

        def extra_repr(self) -> str:
            return f"{self.n} oscillators in {self.n_dims} dimensions, {self.steps} steps"

        def forces(self, x: Any, stimuli: Any = None) -> Any:
            """Return what each oscillator receives at x."""
            stimuli = self.stimuli if stimuli is None else stimuli
            y = self._sent(x) + self.mean_field * x.mean(-2, keepdim=True)
            return y + stimuli if stimuli.numel() else y

        def forward(self, x: Any, stimuli: Any = None) -> tuple[Any, Any]:
            x, energies = torch.nn.functional.normalize(self._checked("x", x), dim=-1), []
            stimuli = None if stimuli is None else self._checked("stimuli", stimuli)
            frequencies = self.frequencies if self.frequencies.numel() else None
            for _ in range(self.steps):
                x, energy = advance(x, self.forces(x, stimuli), frequencies, self.gamma)
                energies.append(energy)
            return x, torch.stack(energies)

        def _sent(self, x: Any) -> Any:
            if not self.edges:
                return self.coupling @ x
            sent = self.coupling[:, None] * x[..., self.sources, :]
            return torch.zeros_like(x).index_add(-2, self.targets, sent)

        def _checked(self, name: str, values: Any) -> Any:
            values = torch.as_tensor(values).to(self.coupling)
            if values.shape[-2:] != (self.n, self.n_dims):
                raise ValueError(f"{name} must have shape (..., {self.n}, {self.n_dims}), got {tuple(values.shape)}")
            return values

    return VectorLayer


def _tensors(model: VectorOscillators) -> dict[str, Any]:
    """Copy the numbers of a model into tensors; a sparse one also has the ends of its edges."""
    import numpy as np

    couplings, number = model.couplings, np.dtype(model.dtype).type
    arrays = {name: number(getattr(model, name)) for name in LEARNABLE[1:]}
    if isinstance(couplings, SparseCouplings):
        targets = np.repeat(np.arange(model.n), np.diff(couplings.starts))
        arrays |= {"coupling": couplings.weights, "sources": couplings.sources.astype(np.int64), "targets": targets}
    else:
        arrays["coupling"] = couplings.columns.T
    torch = _torch()
    return {name: torch.tensor(np.ascontiguousarray(array) if np.ndim(array) else array) for name, array in arrays.items()}


def _torch() -> Any:
    """Import PyTorch."""
    try:
        return import_module("torch")
    except ModuleNotFoundError as error:
        told = MissingExtra("neurosim.backends.torch needs the package torch, which is not installed")
        raise with_hint(told, "pip install 'neurosim[torch]'") from error
