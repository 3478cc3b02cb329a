r"""Oscillators that are unit vectors in any number of dimensions: artificial Kuramoto neurons.

**Model.** :math:`n` oscillators :math:`x_i \in \mathbb{R}^N`, :math:`|x_i| = 1`. One tick is one update,

.. math::
    y_i &= c_i + \sum_j J_{ij} x_j + \frac{M}{n} \sum_j x_j, \\
    \Delta x_i &= \Omega_i x_i + y_i - (y_i \cdot x_i) \, x_i, \\
    x_i &\leftarrow \frac{x_i + \gamma \, \Delta x_i}{|x_i + \gamma \, \Delta x_i|} .

The force :math:`y_i` is a stimulus :math:`c_i` and what the others send, through couplings :math:`J_{ij}` of pairs and through
:math:`M`, the coupling to the mean of all. Its part along :math:`x_i` is projected out; the rest turns :math:`x_i` towards :math:`y_i`.
The generator :math:`\Omega_i` (for even :math:`N`) turns each plane :math:`(2p, 2p + 1)` with a natural frequency :math:`\omega_{ip}`, from
the first axis to the second. Both are orthogonal to :math:`x_i`, so that the length before normalising is
:math:`\sqrt{1 + \gamma^2 |\Delta x_i|^2}` and never zero. Forces are those of the state before the update: all oscillators move at once.

**Time.** As :math:`\gamma \to 0` this is :math:`x_i' = \Delta x_i` with :math:`\gamma` the step, of first order; so :math:`dt = \gamma`.

**Two dimensions.** With :math:`x_i = (\cos \theta_i, \sin \theta_i)` and :math:`J_{ij} = K A_{ij}` it is Kuramoto's model,
:math:`\theta_i' = \omega_i + K \sum_j A_{ij} \sin(\theta_j - \theta_i)`; a tick adds :math:`\arctan \gamma \theta_i'`. The stimulus is
a field that pulls towards its angle.

**Energies.** The energy of the source's program is :math:`E = -\sum_i x_i \cdot y_i`, read before each update. In it a pair counts twice,
a stimulus once. What can only fall is :math:`L = -\frac12 \sum_i x_i \cdot (y_i - c_i) - \sum_i x_i \cdot c_i`, if couplings are symmetric
and nothing rotates: then :math:`y_i = -\partial L / \partial x_i`, and with :math:`p_i` the projected force,
:math:`s_i^2 = 1 + \gamma^2 |p_i|^2` and :math:`\|J\|` the largest eigenvalue of all couplings by absolute value,

.. math:: L(x) - L(x') \ge \sum_i \frac{\gamma |p_i|^2}{s_i} \left[ 1 - \frac{\gamma}{2} (|y_i| + \|J\|) \right] ,

for :math:`y_i \cdot (x_i' - x_i) = \gamma |p_i|^2 / s_i - (1 - 1/s_i) \, y_i \cdot x_i`, :math:`|x_i' - x_i|^2 = 2 (1 - 1/s_i)` and
:math:`1 - 1/s_i \le \gamma^2 |p_i|^2 / 2 s_i`. Sums of absolute couplings bound both: for :math:`\gamma` up to
:attr:`VectorOscillators.safe_gamma` the energy never rises, whatever the state.

Source: T. Miyato, S. Löwe, A. Geiger & M. Welling, "Artificial Kuramoto oscillatory neurons", ICLR 2025, arXiv:2410.13821. Differs from
the paper in: couplings are one number for each pair, where the paper has matrices made by convolution or attention (for those see
:mod:`neurosim.backends.torch.oscillators`); the stimulus is not group-normalised; frequencies turn from the first axis to the second, as
Kuramoto's do, and may be of either sign. The bound on :math:`\gamma` is ours.
"""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim import noise, threads
from neurosim.checks import real, whole
from neurosim.errors import with_hint

Array = npt.NDArray[Any]


@dataclass
class VectorState:
    """State of a set of vector oscillators, or of a batch of replicas of it.

    Attributes
    ----------
    x : ndarray of float32 or float64, shape (n, n_dims) or (replicas, n, n_dims)
        The oscillators, unit vectors.
    energies : ndarray of float64, shape () or (replicas,)
        E just before the last update, NaN before the first.
    tick : int
        Updates done.
    seed : int
        The seed given to :meth:`VectorOscillators.init`.
    """

    x: Array
    energies: npt.NDArray[np.float64]
    tick: int
    seed: int


@dataclass(frozen=True, eq=False)
class DenseCouplings:
    """Couplings held as a matrix, by source: ``columns[j, i]`` is J_ij."""

    columns: Array

    @property
    def n(self) -> int:
        """Oscillators."""
        return len(self.columns)

    def strengths(self) -> npt.NDArray[np.float64]:
        """Return the sum of the absolute couplings that each oscillator receives, shape (n,)."""
        return np.abs(self.columns).sum(axis=0, dtype=float)

    def forces(self, stimuli: Array, mean_field: Any, x: Array, y: Array) -> None:
        """Write the forces at x into y."""
        from neurosim.kernels.vector_oscillators import fill_dense

        fill_dense(self.columns, stimuli, mean_field, x, y)

    def run(self, *args: Any) -> None:
        """Advance replicas; arguments are those of the kernel after the couplings."""
        from neurosim.kernels.vector_oscillators import run_dense

        run_dense(self.columns, *args)


@dataclass(frozen=True, eq=False)
class SparseCouplings:
    """Couplings listed by target: those of oscillator i are the edges starts[i] ... starts[i + 1] - 1."""

    starts: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    weights: Array

    @property
    def n(self) -> int:
        """Oscillators."""
        return len(self.starts) - 1

    def strengths(self) -> npt.NDArray[np.float64]:
        """Return the sum of the absolute couplings that each oscillator receives, shape (n,)."""
        total = np.concatenate([[0.0], np.cumsum(np.abs(self.weights), dtype=float)])
        return np.diff(total[self.starts])

    def forces(self, stimuli: Array, mean_field: Any, x: Array, y: Array) -> None:
        """Write the forces at x into y."""
        from neurosim.kernels.vector_oscillators import fill_sparse

        fill_sparse(self.starts, self.sources, self.weights, stimuli, mean_field, x, y)

    def run(self, *args: Any) -> None:
        """Advance replicas; arguments are those of the kernel after the couplings."""
        from neurosim.kernels.vector_oscillators import run_sparse

        run_sparse(self.starts, self.sources, self.weights, *args)


@dataclass(frozen=True, eq=False, repr=False)
class VectorOscillators:
    r"""Artificial Kuramoto neurons: unit vectors that turn towards what they receive.

    Parameters
    ----------
    coupling : array_like or scipy.sparse matrix, shape (n, n)
        J, finite; ``coupling[i, j]`` is what oscillator j sends to oscillator i.
    n_dims : int
        N, at least 2.
    stimuli : array_like, shape (n, n_dims) or (n_dims,), optional
        c, the same in all replicas; one row serves all oscillators.
    frequencies : array_like, optional
        Rates of rotation in radians per unit of time, for even N: one number for all planes, one for each plane (n_dims / 2,), or one for
        each plane of each oscillator (n, n_dims / 2).
    mean_field : float
        M: each oscillator receives M / n times the sum of all, itself included. Below 0 it pushes apart.
    gamma : float
        Length of a step, above 0.
    dtype : {"float64", "float32"}
        Of the state.

    Attributes
    ----------
    couplings : DenseCouplings or SparseCouplings
    stimuli : ndarray, shape (n, n_dims), or (0, n_dims) where there are none
    frequencies : ndarray, shape (n, n_dims // 2), (1, n_dims // 2) where they are shared, or (0, n_dims // 2) where nothing rotates
    n : int
        Oscillators.
    dt : float
        gamma: time is dimensionless.

    References
    ----------
    T. Miyato, S. Löwe, A. Geiger & M. Welling, "Artificial Kuramoto oscillatory neurons", ICLR 2025, arXiv:2410.13821.

    Examples
    --------
    Two oscillators that attract each other meet, in three dimensions as well as in two:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> from neurosim.oscillators.vector import VectorOscillators
    >>> pair = VectorOscillators([[0, 1], [1, 0]], n_dims=3, gamma=0.5)
    >>> state = pair.init([[1, 0, 0], [0, 0, 1]])
    >>> run = ns.simulate(pair, state, steps=30, record={"energy": ns.Trace(pair.energy)})
    >>> state.x[0].round(3).tolist(), round(float(pair.energy(state)), 6)
    ([0.707, 0.0, 0.707], -2.0)
    """

    coupling: InitVar[Any]
    n_dims: int = 4
    stimuli: Any = field(default=None, kw_only=True)
    frequencies: Any = field(default=None, kw_only=True)
    mean_field: float = field(default=0.0, kw_only=True)
    gamma: float = field(default=1.0, kw_only=True)
    dtype: Any = field(default="float64", kw_only=True)
    couplings: DenseCouplings | SparseCouplings = field(init=False)

    def __post_init__(self, coupling: Any) -> None:
        keep = object.__setattr__
        keep(self, "dtype", _dtype(self.dtype))
        keep(self, "n_dims", whole("n_dims", self.n_dims, 2))
        keep(self, "gamma", real("gamma", self.gamma, above=0.0))
        keep(self, "mean_field", real("mean_field", self.mean_field))
        keep(self, "couplings", _couplings(coupling, self.dtype))
        keep(self, "stimuli", _stimuli(self.stimuli, self.n, self.n_dims, self.dtype))
        keep(self, "frequencies", _frequencies(self.frequencies, self.n, self.n_dims, self.dtype))
        self._refuse_overflow()

    def __repr__(self) -> str:
        kind = "dense" if isinstance(self.couplings, DenseCouplings) else "sparse"
        more = f"{', stimuli' if self.stimuli.size else ''}{', frequencies' if self.frequencies.size else ''}"
        return f"VectorOscillators({self.n} oscillators in {self.n_dims} dimensions, {kind} couplings{more}, gamma {self.gamma:g})"

    @property
    def n(self) -> int:
        """Oscillators."""
        return self.couplings.n

    @property
    def dt(self) -> float:
        """Length of a tick, gamma."""
        return self.gamma

    @property
    def safe_gamma(self) -> float:
        r"""Largest gamma that is sure not to let L rise, where couplings are symmetric and nothing rotates.

        It is :math:`2 / (\max_i (R_i + |c_i|) + \max_i R_i)` with :math:`R_i = \sum_j |J_{ij}| + |M|`.

        Examples
        --------
        >>> VectorOscillators([[0, 2], [2, 0]]).safe_gamma
        0.5
        """
        received = self.couplings.strengths() + abs(self.mean_field)
        pulls = np.linalg.norm(self.stimuli, axis=1) if self.stimuli.size else 0.0
        total = float(np.max(received + pulls) + np.max(received))
        return 2.0 / total if total else math.inf

    def init(self, x: npt.ArrayLike | None = None, *, replicas: int | None = None, seed: int = 0) -> VectorState:
        """Make a state.

        Parameters
        ----------
        x : array_like, shape (n, n_dims) or (replicas, n, n_dims), optional
            Directions to start from, of any length above 0; by default random ones, equally spread over the sphere.
        replicas : int, optional
            Number of random starts. A single one by default, without the replica axis.
        seed : int
            Chooses random directions. Replica r gets the same in any batch that has as many or more replicas.

        Returns
        -------
        VectorState

        Examples
        --------
        >>> model = VectorOscillators(np.eye(3), n_dims=2)
        >>> model.init([[3, 0], [0, 2], [1, 1]]).x.round(4).tolist()
        [[1.0, 0.0], [0.0, 1.0], [0.7071, 0.7071]]
        >>> model.init(replicas=5, seed=1).x.shape
        (5, 3, 2)
        """
        seed = noise.checked_seed(seed)
        if x is not None and replicas is not None:
            raise TypeError("give either x, which says how many replicas there are, or replicas, not both")
        array = self._random(replicas, seed) if x is None else self._directions(x)
        unit = array / np.linalg.norm(array, axis=-1, keepdims=True)
        return VectorState(np.ascontiguousarray(unit, self.dtype), np.full(unit.shape[:-2], np.nan), 0, seed)

    def step(self, state: VectorState, ticks: int, /) -> None:
        """Advance a state in place by a number of updates."""
        x, energies = self._replicas(state), state.energies.reshape(-1)
        number = np.dtype(self.dtype).type
        fixed = (self.stimuli, number(self.mean_field / self.n), self.frequencies, number(self.gamma))

        def work(first: int, last: int) -> None:
            self.couplings.run(*fixed, x, energies, ticks, first, last)

        threads.over_ranges(work, len(x))
        state.tick += ticks

    def forces(self, state: VectorState) -> Array:
        """Return y, what each oscillator receives: the shape of the state."""
        x = self._replicas(state)
        y, mean_field = np.empty_like(x), np.dtype(self.dtype).type(self.mean_field / self.n)
        for one, out in zip(x, y, strict=True):
            self.couplings.forces(self.stimuli, mean_field, one, out)
        return y.reshape(state.x.shape)

    def energy(self, state: VectorState) -> npt.NDArray[np.float64]:
        """Return the energy of the source, E = -sum of x_i . y_i: shape () or (replicas,)."""
        return -_dots(state.x, self.forces(state))

    def lyapunov(self, state: VectorState) -> npt.NDArray[np.float64]:
        """Return L, which counts each pair once and never rises under the conditions above: shape () or (replicas,)."""
        alone = _dots(state.x, self.stimuli) if self.stimuli.size else 0.0
        return 0.5 * (self.energy(state) - alone)

    def order(self, state: VectorState) -> npt.NDArray[np.float64]:
        """Return the mean of all oscillators, shape (n_dims,) or (replicas, n_dims); its length is 1 where all agree."""
        self._replicas(state)
        return state.x.mean(axis=-2, dtype=float)

    def phases(self, state: VectorState) -> npt.NDArray[np.float64]:
        """Return the angles of oscillators in two dimensions, -pi ... pi, shape (n,) or (replicas, n)."""
        if self.n_dims != 2:
            raise ValueError(f"phases are angles in a plane; these oscillators have {self.n_dims} dimensions, wanted 2")
        self._replicas(state)
        return np.arctan2(state.x[..., 1], state.x[..., 0], dtype=float)

    def _replicas(self, state: VectorState) -> Array:
        """View x with a replica axis, after checking that it belongs to oscillators like these."""
        if state.x.shape[-2:] != (self.n, self.n_dims) or state.x.ndim > 3:
            raise ValueError(f"state.x must have shape {self._shapes()}, got {state.x.shape}; it belongs to other oscillators")
        if state.x.dtype != self.dtype:
            raise TypeError(f"state.x must be {self.dtype}, got {state.x.dtype}")
        return state.x.reshape(-1, self.n, self.n_dims)

    def _shapes(self) -> str:
        return f"({self.n}, {self.n_dims}) or (replicas, {self.n}, {self.n_dims})"

    def _directions(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return given directions as numbers, or say what is wrong with them."""
        array = _numbers("x", x)
        if array.ndim not in (2, 3) or array.shape[-2:] != (self.n, self.n_dims) or not array.size:
            raise ValueError(f"x must have shape {self._shapes()}, got {array.shape}")
        if not array.any(axis=-1).all():
            place = [int(index) for index in np.argwhere(~array.any(axis=-1))[0]]
            raise with_hint(ValueError(f"x must hold directions, got a zero vector at {place}"), "leave x out for random ones")
        return array / np.abs(array).max(axis=-1, keepdims=True)

    def _random(self, replicas: int | None, seed: int) -> npt.NDArray[np.float64]:
        """Draw independent normal coordinates (Box and Muller), replica by replica."""
        batch = () if replicas is None else (whole("replicas", replicas, 1),)
        size = self.n * self.n_dims
        draws = [(noise.uniform(int(own), 0, 0, size), noise.uniform(int(own), 0, 1, size)) for own in noise.spawn(seed, *batch or (1,))]
        normal = [np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle) for radius, angle in draws]
        return np.reshape(normal, (*batch, self.n, self.n_dims))

    def _refuse_overflow(self) -> None:
        """Refuse steps whose square is too large for the type of the state."""
        received = float(np.max(self.couplings.strengths())) + abs(self.mean_field)
        largest = [float(np.max(np.abs(array), initial=0.0)) for array in (self.stimuli, self.frequencies)]
        reach, limit = self.gamma * (received + sum(largest)), math.sqrt(float(np.finfo(self.dtype).max)) / (4 * self.n_dims)
        if not reach < limit:
            raise ValueError(f"gamma times coupling, stimuli and frequencies must be below {limit:.1e} for {self.dtype}, got {reach:.1e}")


def _dots(x: Array, y: Array) -> npt.NDArray[np.float64]:
    """Return the sum over oscillators of x_i . y_i."""
    return np.asarray((x.astype(float) * y).sum(axis=(-2, -1)))


def _dtype(dtype: Any) -> str:
    """Return the name of a floating-point type, or say which there are."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return name


def _numbers(name: str, values: Any) -> npt.NDArray[np.float64]:
    """Return finite real numbers as an array, or say what is wrong with them."""
    array = np.asarray(values)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"{name} must be real numbers, got type {array.dtype}")
    if not np.isfinite(array).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[place]}{f' at {list(place)}' if place else ''}")
    return array.astype(float)


def _cast(name: str, values: npt.NDArray[np.float64], dtype: str) -> Array:
    """Return numbers in the type of the state, contiguous, or say which is too large for it."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest > float(np.finfo(dtype).max):
        raise ValueError(f"{name} must fit into {dtype}, got {largest:g}")
    return np.ascontiguousarray(values, dtype)


def _couplings(coupling: Any, dtype: str) -> DenseCouplings | SparseCouplings:
    """Bring couplings into the form of the kernels, or say what is wrong with them."""
    sparse = callable(getattr(coupling, "tocsr", None))
    array: Any = coupling.tocsr(copy=True) if sparse else _numbers("coupling", coupling)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.shape[0]:
        error = ValueError(f"coupling must have shape (n, n) with at least 1 oscillator, got {array.shape}")
        raise with_hint(error, "coupling[i, j] is what oscillator j sends to oscillator i")
    if not sparse:
        return DenseCouplings(_cast("coupling", array.T, dtype))
    array.sum_duplicates()
    weights = _cast("coupling", _numbers("coupling", array.data), dtype)
    return SparseCouplings(array.indptr.astype(np.int64), array.indices.astype(np.int32), weights)


def _stimuli(stimuli: Any, n: int, n_dims: int, dtype: str) -> Array:
    """Return stimuli, one row for each oscillator or none at all."""
    if stimuli is None:
        return np.empty((0, n_dims), dtype)
    array = _numbers("stimuli", stimuli)
    if array.shape not in ((n, n_dims), (n_dims,)):
        raise ValueError(f"stimuli must have shape ({n}, {n_dims}) or ({n_dims},), got {array.shape}")
    return _cast("stimuli", np.broadcast_to(array, (n, n_dims)), dtype)


def _frequencies(frequencies: Any, n: int, n_dims: int, dtype: str) -> Array:
    """Return frequencies, one row for each oscillator, one for all or none at all."""
    planes = n_dims // 2
    if frequencies is None:
        return np.empty((0, planes), dtype)
    array = _numbers("frequencies", frequencies)
    if n_dims % 2:
        error = ValueError(f"frequencies need an even number of dimensions, a plane for each two of them; n_dims is {n_dims}")
        raise with_hint(error, "leave frequencies out, or choose another n_dims")
    if array.shape not in ((), (planes,), (n, planes)):
        error = ValueError(f"frequencies must be one number or have shape ({planes},) or ({n}, {planes}), got {array.shape}")
        raise with_hint(error, "one for each plane of each oscillator: frequencies[:, None] where there is one plane")
    return _cast("frequencies", np.atleast_2d(np.broadcast_to(array, array.shape or (planes,))), dtype)
