"""Run a network in Brian2: the same description, the same recorders, the same kind of result.

What differs from :func:`neurosim.simulate`: Brian2 computes in double precision, with the code target of its preferences; random numbers
are its own; the state given is not advanced. Where the update is exact, deterministic networks fire the same spikes: the order within a
tick is the same (:mod:`neurosim.network`). Others agree in distribution. Nothing stops activity that explodes.

Source: M. Stimberg, R. Brette & D. F. M. Goodman, "Brian 2, an intuitive and efficient neural simulator", eLife 8, e47314 (2019).
"""

from __future__ import annotations

import contextlib
import copy
import time
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.backends import _brian2 as parts
from neurosim.checks import real, ticks_of, whole
from neurosim.errors import MissingExtra, with_hint
from neurosim.interrupt import Interrupted
from neurosim.network import Network, NetworkState
from neurosim.protocols import Recorder
from neurosim.recordings import label, start_all
from neurosim.state import version

if TYPE_CHECKING:
    import xarray as xr


def simulate(
    net: Network,
    state: NetworkState,
    *,
    duration: float | None = None,
    steps: int | None = None,
    record: Mapping[str, Recorder[NetworkState]] | None = None,
) -> xr.Dataset:
    """Run a network in Brian2 and return what was recorded.

    Parameters
    ----------
    net : Network
        Of parts that Brian2 can express.
    state : NetworkState
        Where the run begins, at tick 0, with the initial values and plastic weights. It is not advanced. Brian2's generators are seeded
        with its seed, modulo 2**32.
    duration : float, optional
        In ms, a multiple of dt.
    steps : int, optional
        The same in ticks. Either this or `duration` is given.
    record : mapping of str to Recorder, optional
        As for :func:`neurosim.simulate`. What a recorder sees is a copy of the state that follows Brian2: variables of units, spikes, tick,
        and plastic weights through :meth:`neurosim.Network.weights`. Of anything else that changes it knows nothing.

    Returns
    -------
    xarray.Dataset
        As from :func:`neurosim.simulate`, and the attribute ``backend``. Its ``compile_seconds`` are those that Brian2 took to get ready.

    Raises
    ------
    MissingExtra
        If Brian2 is not installed.
    TypeError, ValueError
        If a part cannot be expressed in Brian2, which is named, or an argument cannot be used.
    Interrupted
        If Ctrl-C made Brian2 stop, with the data so far.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network({"exc": ns.Population(ns.LIF(rest=25.0), 3)}, dtype="float64")
    >>> run = simulate(net, net.init(seed=1), duration=30.0, record={"exc": ns.Spikes("exc")})  # doctest: +SKIP
    >>> run.exc_time.values  # doctest: +SKIP
    array([21.9, 21.9, 21.9])
    """
    begin = time.monotonic()
    _check(net, state)
    ticks = _ticks(net, steps, duration)
    with _quiet():
        run = _Run(_brian2(), net, state, ticks, record or {})
        try:
            run.go()
        finally:
            run.close()
    data = run.dataset(begin)
    if run.done < ticks:
        raise Interrupted(f"interrupted after {run.done} of {ticks} ticks", data)
    return data


class _Run:
    """One run: Brian2's objects, the copy of the state that follows them, and what is kept."""

    def __init__(self, b2: Any, net: Network, state: NetworkState, ticks: int, record: Mapping[str, Any]) -> None:
        self._b2, self._net, self._ticks, self.done, self._ready = b2, net, ticks, 0, 0.0
        self._state = copy.deepcopy(state)
        self._state.arriving, self._state.memory = _Unknown("arriving"), _Unknown("memory")
        self._recordings = start_all(record, self._state, ticks)
        b2.seed(state.seed % 2**32)
        clock = b2.Clock(net.dt * b2.ms)
        self._groups = {name: parts.group(net, name, state[name], clock, b2) for name in net.populations}
        wanted = {name: projection for name, projection in net.projections.items() if projection.synapses.n_synapses}
        self._synapses = {name: parts.synapses(net, name, self._groups, net.weights(state, name), clock, b2) for name in wanted}
        currents = parts.inputs(net, self._groups, state.seed, clock, b2)
        watch = b2.NetworkOperation(self._watch, clock=clock, when="end")
        self._network = b2.Network(*self._groups.values(), *self._synapses.values(), *currents, watch)

    def go(self) -> None:
        """Run all ticks, looking before the first one where a recorder wants that."""
        for recording in self._recordings.values():
            if recording.from_start:
                recording.sample(self._state)
        self._network.run(self._ticks * self._net.dt * self._b2.ms, namespace={})

    def close(self) -> None:
        """Close the files of all recordings."""
        with contextlib.ExitStack() as stack:
            for recording in self._recordings.values():
                stack.callback(recording.close)

    def dataset(self, begin: float) -> xr.Dataset:
        """Label what was recorded."""
        import xarray as xr

        variables, coords = label(self._recordings, 0, self._net.dt)
        attributes = {
            "model": "Network",
            "dt": self._net.dt,
            "seed": self._state.seed,
            "steps": self._ticks,
            "ticks": self.done,
            "stopped_by": "steps" if self.done == self._ticks else "interrupt",
            "compile_seconds": (self._ready or time.monotonic()) - begin,
            "wall_seconds": time.monotonic() - begin,
            "neurosim": version(),
            "backend": f"brian2 {self._b2.__version__}",
        }
        return xr.Dataset(variables, coords, attributes)

    def _watch(self) -> None:
        """Follow one tick of Brian2, and look where it is time to."""
        self._ready = self._ready or time.monotonic()
        for name, group in self._groups.items():
            self._state.spikes[name].append(np.sort(np.asarray(group.spikes)))
        self._state.tick += 1
        self.done += 1
        due = [r for r in self._recordings.values() if self.done % r.every == 0 or r.gapless and self.done == self._ticks]
        if not all(recording.gapless for recording in due):
            self._follow()
        for recording in due:
            recording.sample(self._state)

    def _follow(self) -> None:
        """Copy Brian2's variables and plastic weights."""
        for name, group in self._groups.items():
            for variable in self._net.variables(name):
                if variable != "rate":
                    self._state[name][variable][:] = group.variables[parts.name_of(variable)].get_value()
        for name, learning in self._state.learning.items():
            if name in self._synapses:
                learning.weights[:] = self._synapses[name].variables["weight"].get_value()


class _Unknown(dict[str, Any]):
    """A part of the state that Brian2 does not tell."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, key: str) -> Any:
        raise AttributeError(f"state.{self._name} cannot be looked at in Brian2; what can: state[population][variable], state.spikes")


def _check(net: Any, state: Any) -> None:
    """Refuse what is no network at its beginning, or holds parts that Brian2 cannot express."""
    if not isinstance(net, Network):
        raise TypeError(f"net must be a neurosim.Network, got {type(net).__name__}")
    if not isinstance(state, NetworkState):
        error = TypeError(f"state must be a neurosim.NetworkState, got {type(state).__name__}")
        raise with_hint(error, "make it with net.init(seed=1); the order is simulate(net, state)")
    if state.tick:
        error = ValueError(f"state must stand at tick 0, got {state.tick}")
        raise with_hint(error, "spikes under way and traces cannot be handed over: begin with net.init(seed=1, values=...)")
    parts.refuse_unknown(net)


def _ticks(net: Network, steps: int | None, duration: float | None) -> int:
    if (steps is None) == (duration is None):
        raise TypeError(f"give either steps or duration, got {'neither' if steps is None else 'both'}")
    if steps is not None:
        return whole("steps", steps, 0)
    return int(ticks_of("duration", real("duration", duration, least=0.0), net.dt, 0))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep quiet about what Brian2 itself uses that is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _brian2() -> Any:
    """Import Brian2, set to run here and now."""
    try:
        b2 = import_module("brian2")
    except ModuleNotFoundError as error:
        told = MissingExtra("neurosim.backends.brian2 needs the package brian2, which is not installed")
        raise with_hint(told, "pip install 'neurosim[brian2]'") from error
    device = type(b2.get_device()).__name__
    if device != "RuntimeDevice":
        error = ValueError(f"Brian2 is set to {device}; this needs its runtime device")
        raise with_hint(error, "call brian2.set_device('runtime') before")
    return b2
