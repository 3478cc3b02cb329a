r"""Kuramoto's model of coupled phase oscillators, on any graph.

**Model.** N oscillators with phases :math:`\theta_i` and natural frequencies :math:`\omega_i`, edges :math:`j \to i` of strength
:math:`A_{ij}`, a coupling K and a phase lag :math:`\alpha`:

.. math:: \dot\theta_i = f_i = \omega_i + K \sum_j A_{ij} \sin(\theta_j - \theta_i - \alpha) .

Without a graph :math:`A_{ij} = 1 / N`, the mean field: each oscillator then sees only the order parameter
:math:`z = r e^{i \psi} = \frac1N \sum_j e^{i \theta_j}`, and :math:`f_i = \omega_i + K r \sin(\psi - \theta_i - \alpha)`. Strengths of
other graphs are taken as they are (:mod:`neurosim.oscillators.couplings`).

**Variants.** *Noise* of intensity D adds :math:`\sqrt{2 D} \, \eta_i(t)`, with independent white noise of unit strength. *Inertia* m
gives :math:`m \ddot\theta_i + \dot\theta_i = f_i`. A *delay* takes :math:`\theta_j` a time :math:`\tau` ago; before the start,
oscillators have turned at their natural frequencies.

**Integration.** *euler* (with noise: Euler-Maruyama), *heun* and *rk4* are explicit schemes of order 1, 2 and 4 with one tick a step;
noise is added once to each step, the same in both stages of Heun's scheme. *adaptive* integrates each tick with scipy's DOP853, whose
steps are chosen so that errors stay below 1e-9. Explicit schemes are stable up to a step of 2 (rk4: 2.78) divided by the largest rate at
which phases relax, at most K for the mean field and 2 K times the largest sum of strengths for a graph; a longer step is warned of.

**Lyapunov function.** If strengths are symmetric and positive or negative, frequencies equal, and there is no lag, delay, inertia or
noise, then :math:`-\frac K2 \sum_{ij} A_{ij} \cos(\theta_j - \theta_i)` never rises.

Sources: Y. Kuramoto, Chemical Oscillations, Waves, and Turbulence (Springer, 1984); H. Sakaguchi & Y. Kuramoto, Prog. Theor. Phys. 76,
576 (1986), the lag; H. Sakaguchi, Prog. Theor. Phys. 79, 39 (1988), noise; M. K. S. Yeung & S. H. Strogatz, Phys. Rev. Lett. 82, 648
(1999), the delay; H.-A. Tanaka, A. J. Lichtenberg & S. Oishi, Phys. Rev. Lett. 78, 2104 (1997), inertia. Differs from the papers in:
steps are finite.
"""

from __future__ import annotations

import warnings
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim import noise as draws
from neurosim.checks import real, ticks_of
from neurosim.errors import nearest, with_hint
from neurosim.oscillators.couplings import DelayedGraph, DenseGraph, SparseGraph, as_coupling
from neurosim.oscillators.order import cluster_order

METHODS = {"euler": 1, "heun": 2, "rk4": 4, "adaptive": 0}
"""Stages of each method."""
_REACH = {"euler": 2.0, "heun": 2.0, "rk4": 2.78}
"""Largest stable step times rate."""
DTYPES = ("float64", "float32")
START = 1
"""The stream that phases to begin with are drawn from."""

Array = npt.NDArray[Any]


@dataclass
class KuramotoState:
    """State of a network of phase oscillators.

    Attributes
    ----------
    phases : ndarray, shape (n,)
        In radians; not wrapped, so that whole turns are counted.
    velocities : ndarray, shape (n,) or (0,)
        Where there is inertia.
    past : ndarray, shape (n_slots, n, 2) or (0, 0, 2)
        Where there is a delay: sine and cosine of phases at the last ticks, tick t in slot t % n_slots.
    tick : int
        Steps done.
    seed : int
        The seed given to :meth:`Kuramoto.init`.
    """

    phases: Array
    velocities: Array
    past: Array
    tick: int
    seed: int


@dataclass(frozen=True, eq=False, repr=False)
class Kuramoto:
    """Coupled phase oscillators.

    Parameters
    ----------
    frequencies : array_like, shape (n,)
        Natural frequencies in radians per unit of time, as :func:`neurosim.oscillators.lorentzian` makes them.
    coupling : float
        K.
    graph : optional
        Strengths ``graph[i, j]`` of the edges j -> i: an array, a scipy.sparse matrix, a networkx graph, or one of the couplings of
        :mod:`neurosim.oscillators`. By default the mean field, 1 / n each.
    phase_lag : float
        In radians.
    noise : float
        D, at least 0; needs the method euler or heun.
    inertia : float
        m, at least 0.
    delay : float or array_like, shape (n_edges,)
        0, or a multiple of dt; one for each edge of a sparse graph, in the order of its rows. Needs euler or heun.
    dt : float
        Length of a step.
    method : {"rk4", "heun", "euler", "adaptive"}, optional
        By default rk4, or heun where there is noise or a delay.
    dtype : {"float64", "float32"}

    Attributes
    ----------
    graph : Coupling
    n : int

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range, the graph is not square or of another size, or the method cannot do what is asked.

    Warns
    -----
    UserWarning
        If dt is too large for the coupling, or oscillators have no edges that come in.

    References
    ----------
    S. H. Strogatz, "From Kuramoto to Crawford: exploring the onset of synchronization in populations of coupled oscillators", Physica D
    143, 1 (2000).

    Examples
    --------
    >>> import neurosim as ns
    >>> omega = ns.oscillators.lorentzian(2000, width=1.0)
    >>> model = ns.Kuramoto(omega, coupling=4.0)
    >>> state = model.init(seed=1)
    >>> data = ns.simulate(model, state, steps=1000, record={"r": ns.Trace(lambda s: abs(model.order(s)))})
    >>> float(data["r"][-500:].mean().round(2))                        # theory: sqrt(1 - 2 / 4)
    0.71
    """

    frequencies: InitVar[npt.ArrayLike]
    coupling: float = 1.0
    graph: Any = field(default=None, kw_only=True)
    phase_lag: float = field(default=0.0, kw_only=True)
    noise: float = field(default=0.0, kw_only=True)
    inertia: float = field(default=0.0, kw_only=True)
    delay: Any = field(default=0.0, kw_only=True)
    dt: float = field(default=0.05, kw_only=True)
    method: str = field(default="", kw_only=True)
    dtype: str = field(default="float64", kw_only=True)
    omega: Array = field(init=False)

    def __post_init__(self, frequencies: npt.ArrayLike) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(map(repr, DTYPES))}, got {self.dtype!r}")
        omega = _vector("frequencies", frequencies)
        values = {"omega": omega.astype(self.dtype), "graph": as_coupling(self.graph, omega.size)}
        values |= {name: real(name, getattr(self, name)) for name in ("coupling", "phase_lag")}
        values |= {name: real(name, getattr(self, name), least=0) for name in ("noise", "inertia")}
        values["dt"] = real("dt", self.dt, above=0)
        for name, value in values.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "delay", self._checked_delay())
        object.__setattr__(self, "method", self._checked_method())
        self._warn()

    def __repr__(self) -> str:
        more = {name: getattr(self, name) for name in ("phase_lag", "noise", "inertia") if getattr(self, name)}
        told = "".join(f", {name.replace('_', ' ')} {value:g}" for name, value in more.items())
        alone = f", {self.isolated.size} of them isolated" if self.isolated.size else ""
        late = ", delays" if np.any(self.delay) else ""
        return f"Kuramoto({self.n} oscillators{alone}, {type(self.graph).__name__}, coupling {self.coupling:g}{told}{late}, {self.method})"

    @property
    def n(self) -> int:
        """Oscillators."""
        return self.omega.size

    @property
    def stages(self) -> int:
        """Evaluations of the right-hand side in a step; 0 where that is not fixed."""
        return METHODS[self.method]

    @property
    def isolated(self) -> npt.NDArray[np.int64]:
        """Oscillators without edges that come in, which turn at their natural frequencies: their numbers."""
        listed = isinstance(self.graph, SparseGraph | DenseGraph | DelayedGraph)
        return np.flatnonzero(self.graph.strengths == 0) if listed else np.empty(0, np.int64)

    @property
    def stable_dt(self) -> float:
        """The longest step at which the method is stable, whatever the phases; for the adaptive one, without bound."""
        rate = abs(self.coupling) * self.graph.rate
        if self.inertia and rate:
            rate = max(1.0 / self.inertia, np.sqrt(rate / self.inertia))
        return _REACH[self.method] / rate if rate and self.method in _REACH else np.inf

    # --- running --------------------------------------------------------------------------------------------------------------

    def init(self, phases: npt.ArrayLike | None = None, *, velocities: npt.ArrayLike | None = None, seed: int = 0) -> KuramotoState:
        """Make a state.

        Parameters
        ----------
        phases : array_like, shape (n,), optional
            In radians; by default drawn anywhere on the circle.
        velocities : array_like, shape (n,), optional
            Where there is inertia; by default the natural frequencies.
        seed : int
            Chooses phases that are not given, and the noise.

        Returns
        -------
        KuramotoState
        """
        seed = draws.checked_seed(seed)
        start = 2 * np.pi * draws.uniform(seed, 0, START, self.n) if phases is None else _vector("phases", phases, self.n)
        if velocities is not None and not self.inertia:
            raise ValueError("velocities must not be given: without inertia they follow from the phases")
        speeds = self.omega if velocities is None else _vector("velocities", velocities, self.n)
        theta = start.astype(self.dtype)
        return KuramotoState(theta, speeds.astype(self.dtype) if self.inertia else theta[:0].copy(), self._past(theta), 0, seed)

    def step(self, state: KuramotoState, ticks: int, /) -> None:
        """Advance a state in place by a number of steps."""
        from neurosim.oscillators import _steps

        self._check(state)
        _steps.run(self, state, ticks)
        state.tick += ticks

    # --- observing ------------------------------------------------------------------------------------------------------------

    def order(self, state: KuramotoState) -> complex:
        """Return the complex order parameter, the mean of exp(i theta)."""
        from neurosim.kernels.mean_field import sum_waves

        self._check(state)
        sine, cosine = sum_waves(state.phases)
        return complex(cosine, sine) / self.n

    def cluster_order(self, state: KuramotoState, labels: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Return the complex order parameter of each cluster, labels (n,) saying which oscillator is in which: (n_clusters,)."""
        self._check(state)
        return cluster_order(state.phases, labels)

    def local_order(self, state: KuramotoState) -> npt.NDArray[np.float64]:
        """Return the length of what each oscillator receives, relative to what it would if all others agreed: (n,); isolated ones 0."""
        sums = self._sums(state)
        strengths = np.broadcast_to(self.graph.strengths, self.n)
        return np.hypot(*sums.T) / np.where(strengths > 0, strengths, 1.0)

    def velocities(self, state: KuramotoState) -> npt.NDArray[np.float64]:
        """Return the momentary frequency of each oscillator, noise left out: (n,)."""
        return state.velocities.astype(np.float64) if self.inertia else self.force(state)

    def force(self, state: KuramotoState) -> npt.NDArray[np.float64]:
        """Return the right-hand side f, (n,)."""
        return self.slope(state.phases.astype(np.float64), self._sums(state))

    def slope(self, phases: Array, sums: Array) -> npt.NDArray[np.float64]:
        """Return the right-hand side for phases (n,) that receive sums (n, 2), S_i and C_i."""
        shifted = phases + self.phase_lag
        return self.omega + self.coupling * (sums[:, 0] * np.cos(shifted) - sums[:, 1] * np.sin(shifted))

    def energy(self, state: KuramotoState) -> float:
        """Return the Lyapunov function for each oscillator, -K / 2n times the sum of A_ij cos(theta_j - theta_i)."""
        waves = self._waves(state.phases)
        return float(-0.5 * self.coupling * np.mean(np.sum(waves * self._sums(state), axis=1)))

    # --- inside ---------------------------------------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """Ticks whose waves are kept: the longest delay and the present."""
        return int(np.max(self.delay, initial=0)) + 1 if np.any(self.delay) else 0

    def _past(self, phases: Array) -> Array:
        """Return the waves of the ticks before the first, turning at natural frequencies."""
        past = np.zeros((self.slots, self.n if self.slots else 0, 2), self.dtype)
        for tick in range(1 - self.slots, 1):
            past[tick % self.slots] = self._waves(phases + self.omega * self.omega.dtype.type(tick * self.dt))
        return past

    def _waves(self, phases: Array) -> Array:
        from neurosim.kernels.phases import wave

        waves = np.empty((self.n, 2), self.dtype)
        wave(phases, waves, 0, self.n)
        return waves

    def _sums(self, state: KuramotoState) -> npt.NDArray[np.float64]:
        """Return what each oscillator receives now, (n, 2)."""
        self._check(state)
        out = np.empty((self.n, 2), self.dtype)
        if self.slots:
            past = state.past.copy()
            past[state.tick % self.slots] = self._waves(state.phases)
            self.late_sums(past, state.tick, out)
        else:
            self.graph.sums(self._waves(state.phases), out)
        return out.astype(np.float64)

    def late_sums(self, past: Array, tick: int, out: Array) -> None:
        """Write what arrives at a tick, from the waves of the ticks before."""
        if isinstance(self.graph, DelayedGraph):
            self.graph.sums(past, tick % self.slots, out)
        else:
            self.graph.sums(past[(tick - int(self.delay)) % self.slots], out)

    def _check(self, state: KuramotoState) -> None:
        """Refuse the state of another network."""
        if state.phases.shape != (self.n,):
            raise ValueError(f"state must have {self.n} oscillators, got phases of shape {state.phases.shape}")
        if state.phases.dtype != self.dtype:
            raise ValueError(f"state must be {self.dtype} as the network is, got {state.phases.dtype}")
        if state.velocities.size != (self.n if self.inertia else 0):
            raise ValueError(f"state must {'' if self.inertia else 'not '}have velocities: inertia is {self.inertia:g}")
        if len(state.past) != self.slots:
            raise ValueError(f"state must keep the waves of {self.slots} ticks for the network's delays, got {len(state.past)}")

    def _checked_delay(self) -> Any:
        """Return the delay in ticks, and put those of edges into the graph."""
        if not np.any(np.asarray(self.delay, np.float64)):
            return 0
        ticks = ticks_of("delay", np.asarray(self.delay, np.float64), self.dt, 1)
        if ticks.ndim == 0:
            return int(ticks)
        if not isinstance(self.graph, SparseGraph):
            raise TypeError(f"delay must be one number for a graph that is not sparse, got an array of shape {ticks.shape}")
        object.__setattr__(self, "graph", DelayedGraph(self.graph, ticks))
        return ticks

    def _checked_method(self) -> str:
        """Return the method asked for, if it can do what is asked, or one that can."""
        asks = [name for name, asked in (("noise", self.noise), ("delay", self.slots)) if asked]
        method = self.method or ("heun" if asks else "rk4")
        if method not in METHODS:
            error = ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")
            raise with_hint(error, nearest(str(method), METHODS))
        if asks and method in ("rk4", "adaptive"):
            raise ValueError(f"{asks[0]} needs the method 'euler' or 'heun', got {method!r}")
        return method

    def _warn(self) -> None:
        """Say what may surprise: a step that is too long, oscillators that nothing reaches."""
        if self.dt > self.stable_dt:
            text = f"dt = {self.dt:g} is too long for a coupling of {self.coupling:g}: {self.method} is stable up to {self.stable_dt:.3g}"
            warnings.warn(text, stacklevel=4)
        if self.isolated.size:
            text = f"{self.isolated.size} of {self.n} oscillators are isolated, the first is {self.isolated[0]}: no edge comes in"
            warnings.warn(text, stacklevel=4)


def _vector(name: str, values: npt.ArrayLike, n: int | None = None) -> npt.NDArray[np.float64]:
    """Return a vector argument, or say what is wrong with it."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or array.size == 0 or n not in (None, array.size):
        raise ValueError(f"{name} must have shape ({'n' if n is None else n},), one number for each oscillator, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array
