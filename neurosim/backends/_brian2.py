r"""The parts of a network in the words of Brian2: equations, groups, synapses, inputs.

Variables are plain numbers in the units of :mod:`neurosim` (mV, pA, ...), time constants carry Brian2's ms. Each part keeps its slot of
:mod:`neurosim.network`:

=============  ===============================================================================
slot           in Brian2
=============  ===============================================================================
currents       an operation in ``start``
update, hold   the group's equations, ``(unless refractory)`` on v, or statements in ``groups``
fire           ``thresholds``
deliver        ``synapses``; Poisson inputs as statements there
learn          ``synapses``, after the arrivals
reset          ``resets``
=============  ===============================================================================

LIF neurons are integrated exactly, or by forward Euler where they ask for it; :class:`~neurosim.neurons.izhikevich.Izhikevich` by the steps
that define it; the others by Runge and Kutta's method of fourth order, to check ours by another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.checks import ticks_of
from neurosim.errors import with_hint
from neurosim.inputs.noise_current import NoiseCurrent
from neurosim.inputs.poisson import PoissonInput
from neurosim.inputs.step_current import StepCurrent
from neurosim.network.network import CURRENT, Network
from neurosim.network.parts import Projection
from neurosim.neurons.adaptive_exponential import STEEPEST, AdaptiveExponential
from neurosim.neurons.izhikevich import Izhikevich
from neurosim.neurons.lif import LIF
from neurosim.neurons.lif_conductance import LIFConductance
from neurosim.neurons.lif_current import LIFCurrent
from neurosim.neurons.poisson import Poisson
from neurosim.neurons.spike_list import SpikeList
from neurosim.plasticity.stdp import PairSTDP
from neurosim.ticks import steps_of

Add = Callable[[np.ndarray, int], None]
"""Adds what comes in in a tick to a row (n,)."""


@dataclass(frozen=True)
class Cell:
    """A neuron in the words of Brian2.

    Parameters
    ----------
    equations : str
        ``{held}`` stands where v is held in the refractory time, ``{current}`` where a current is added.
    constants : dict
        Values of the names in the texts.
    threshold, reset : str
    method : str
        Of integration.
    statements : str
        What advances the variables that have no differential equation.
    """

    equations: str
    constants: dict[str, Any] = field(default_factory=dict)
    threshold: str = "v > theta"
    reset: str = "v = v_reset"
    method: str = "exact"
    statements: str = ""


# Neurons.


def lif(neuron: LIF, dt: float, b2: Any) -> Cell:
    """Translate the neuron with voltage jumps."""
    return Cell("dv/dt = (rest - v{current}) / tau : 1 {held}", {**_levels(neuron), **_times(neuron, b2, "tau")})


def lif_current(neuron: LIFCurrent, dt: float, b2: Any) -> Cell:
    """Translate the neuron with exponential currents. Brian2's exact propagator divides by 0 where time constants are equal."""
    equations = """dv/dt = (rest - v + exc + inh{current}) / tau : 1 {held}
                   dexc/dt = -exc / tau_exc : 1
                   dinh/dt = -inh / tau_inh : 1"""
    equal = neuron.tau in (neuron.tau_exc, neuron.tau_inh)
    return Cell(equations, {**_levels(neuron), **_times(neuron, b2, "tau", "tau_exc", "tau_inh")}, method="rk4" if equal else "exact")


def lif_conductance(neuron: LIFConductance, dt: float, b2: Any) -> Cell:
    """Translate the neuron with exponential conductances."""
    equations = """dv/dt = (rest - v + exc * (exc_reversal - v) + inh * (inh_reversal - v){current}) / tau : 1 {held}
                   dexc/dt = -exc / tau_exc : 1
                   dinh/dt = -inh / tau_inh : 1"""
    constants = {"exc_reversal": neuron.exc_reversal, "inh_reversal": neuron.inh_reversal, **_levels(neuron)}
    constants |= _times(neuron, b2, "tau", "tau_exc", "tau_inh")
    return Cell(equations, constants, method="euler" if neuron.method == "euler" else "rk4")


def adaptive_exponential(neuron: AdaptiveExponential, dt: float, b2: Any) -> Cell:
    """Translate the adaptive exponential neuron; what drives w is bounded by the peak, which stages of the last step overshoot."""
    equations = """dv/dt = (rest - v + slope * upstroke + (exc + inh - w{current}) / leak) / tau : 1 {held}
                   upstroke = exp(clip((v - foot) / slope, -80, steepest)) : 1
                   dw/dt = (a * (clip(v, -1e9, peak) - rest) - w) / tau_w : 1
                   dexc/dt = -exc / tau_exc : 1
                   dinh/dt = -inh / tau_inh : 1"""
    constants = {name: getattr(neuron, name) for name in ("rest", "slope", "leak", "a", "b", "peak")}
    constants |= {"foot": neuron.threshold, "v_reset": neuron.reset, "tau": neuron.capacitance / neuron.leak * b2.ms}
    constants |= {"steepest": min((neuron.peak - neuron.threshold) / neuron.slope, STEEPEST)}
    constants |= _times(neuron, b2, "tau_w", "tau_exc", "tau_inh")
    return Cell(equations, constants, "v > peak", "v = v_reset\nw += b", "rk4")


def izhikevich(neuron: Izhikevich, dt: float, b2: Any) -> Cell:
    """Translate Izhikevich's neuron, as the steps of his program."""
    half_step = "v += half * (0.04 * v**2 + 5 * v + push)"
    statements = f"push = 140 - u + mean * i_syn{{current}}\n{half_step}\n{half_step}\nu += rate * (b * v - u)\ni_syn *= fade"
    half, rate, b, c, d, peak, mean, fade = neuron.parameters(dt)[:8]
    constants = {"half": half, "rate": rate, "b": b, "c": c, "d": d, "peak": peak, "mean": mean, "fade": fade}
    return Cell("v : 1\nu : 1\ni_syn : 1", constants, "v >= peak", "v = c\nu += d", statements=statements)


NEURONS: dict[type, Callable[[Any, float, Any], Cell]] = {
    LIF: lif,
    LIFCurrent: lif_current,
    LIFConductance: lif_conductance,
    AdaptiveExponential: adaptive_exponential,
    Izhikevich: izhikevich,
}
"""How each model of a neuron is translated."""


def poisson(source: Poisson, n: int, values: Any, clock: Any, b2: Any) -> Any:
    """Return units that fire at random."""
    rates = values["rate"].astype(float) if source.variables else source.rate
    return b2.PoissonGroup(n, rates=rates * b2.Hz, clock=clock)


def spike_list(source: SpikeList, n: int, values: Any, clock: Any, b2: Any) -> Any:
    """Return units that fire at given times."""
    ticks = steps_of(source.times, float(clock.dt / b2.ms))
    return b2.SpikeGeneratorGroup(n, np.asarray(source.units), ticks * clock.dt, clock=clock)


SOURCES: dict[type, Callable[..., Any]] = {Poisson: poisson, SpikeList: spike_list}
"""How each source of spikes is translated."""


def name_of(variable: str) -> str:
    """Return the name of a variable in Brian2, where i is the number of a unit."""
    return "i_syn" if variable == "i" else variable


def group(net: Network, name: str, values: Any, clock: Any, b2: Any) -> Any:
    """Return the group of a population, with its initial values."""
    population = net.populations[name]
    if type(population.neuron) in SOURCES:
        return SOURCES[type(population.neuron)](population.neuron, population.n, values, clock, b2)
    cell = NEURONS[type(population.neuron)](population.neuron, net.dt, b2)
    refractory, fed = net.refractory_ticks(name) * clock.dt, CURRENT in net.variables(name)
    words = {"held": "(unless refractory)" if refractory else "", "current": f" + {CURRENT}" if fed else ""}
    equations = cell.equations.format(**words) + (f"\n{CURRENT} : 1" if fed else "")
    made = b2.NeuronGroup(
        population.n, equations, threshold=cell.threshold, reset=cell.reset, method=cell.method, namespace=cell.constants, clock=clock,
        **({"refractory": refractory} if refractory else {}),
    )  # fmt: skip
    if cell.statements:
        made.run_regularly(cell.statements.format(**words), when="groups", clock=clock)
    for variable in net.variables(name):
        made.variables[name_of(variable)].set_value(values[variable].astype(float))
    return made


# Projections.


def synapses(net: Network, name: str, groups: Mapping[str, Any], weights: Any, clock: Any, b2: Any) -> Any:
    """Return the synapses of a projection, with the weights given where they have their own; delays are axonal."""
    projection, variable = net.projections[name], f"{name_of(net.variable_of(net.projections[name]))}_post"
    ticks = ticks_of("delay", projection.delay, net.dt, 1)
    own = not projection.one_weight or projection.plasticity is not None
    words: dict[str, Any] = {"model": "weight : 1" if own else "", "on_pre": f"{variable} += weight"}
    words["namespace"] = {} if own else {"weight": projection.weight}
    if projection.plasticity is not None:
        words = RULES[type(projection.plasticity)](projection.plasticity, variable, b2)
    if projection.one_delay:
        words["delay"] = {"pre": int(ticks) * clock.dt}
    made = b2.Synapses(groups[projection.source], groups[projection.target], clock=clock, **words)
    connect(made, projection)
    if not projection.one_delay:
        made.pre.delay = ticks * clock.dt
    if own:
        made.weight = np.asarray(weights, float)
    return made


def pair_stdp(rule: PairSTDP, variable: str, b2: Any) -> dict[str, Any]:
    """Translate pair STDP: each synapse has traces of its own."""
    multiplicative, grow = rule.rule == "multiplicative", "+=" if rule.pairing == "all-to-all" else "="
    fall, rise = ("* weight / w_max", "* (w_max - weight) / w_max") if multiplicative else ("", "")
    return {
        "model": """weight : 1
                    dx/dt = -x / tau_plus : 1 (event-driven)
                    dy/dt = -y / tau_minus : 1 (event-driven)""",
        "on_pre": f"""{variable} += weight
                      weight = clip(weight - a_minus * y {fall}, 0, w_max)
                      x {grow} 1""",
        "on_post": f"""weight = clip(weight + a_plus * x {rise}, 0, w_max)
                       y {grow} 1""",
        "namespace": {"w_max": rule.w_max, "a_plus": rule.a_plus, "a_minus": rule.a_minus, **_times(rule, b2, "tau_plus", "tau_minus")},
    }


RULES: dict[type, Callable[[Any, str, Any], dict[str, Any]]] = {PairSTDP: pair_stdp}
"""How each rule of plasticity is translated."""


def connect(made: Any, projection: Projection) -> None:
    """Make the synapses of a projection, in its order."""
    rows = projection.synapses
    sources, targets = (rows if hasattr(rows, "pairs") else rows.synapses()).pairs()
    made.connect(i=sources.astype(np.int32), j=targets.astype(np.int32))


# Inputs.


def step_current(source: StepCurrent, n: int, dt: float, rng: np.random.Generator) -> Add:
    """Return what adds a current that is given."""
    ticks, amplitudes = steps_of(source.times, dt), np.asarray(source.amplitudes)

    def add(row: np.ndarray, tick: int) -> None:
        now = np.searchsorted(ticks, tick, "right") - 1
        row += amplitudes[now] if now >= 0 else 0.0

    return add


def noise_current(source: NoiseCurrent, n: int, dt: float, rng: np.random.Generator) -> Add:
    """Return what adds a noisy current."""
    mean, sigma, *coloured = source.parameters(dt)
    decay, move = coloured or (0.0, sigma)
    memory = np.zeros(n)

    def add(row: np.ndarray, tick: int) -> None:
        memory[:] = decay * memory + (move if tick else sigma) * rng.standard_normal(n)
        row += mean + memory

    return add


CURRENTS: dict[type, Callable[[Any, int, float, np.random.Generator], Add]] = {StepCurrent: step_current, NoiseCurrent: noise_current}
"""How each current is translated."""


def poisson_input(source: PoissonInput, variable: str, group: Any, dt: float, clock: Any) -> None:
    """Let Poisson events come in."""
    number = len(group.namespace)
    group.namespace |= {f"weight{number}": source.weight, f"mean{number}": source.mean(dt)}
    group.run_regularly(f"{variable} += weight{number} * poisson(mean{number})", when="synapses", clock=clock)


EVENTS: dict[type, Callable[..., None]] = {PoissonInput: poisson_input}
"""How each input of events is translated."""


def inputs(net: Network, groups: Mapping[str, Any], seed: int, clock: Any, b2: Any) -> list[Any]:
    """Give groups their Poisson inputs, and return the operations that set their currents."""
    rng, adding = np.random.default_rng(seed), dict[str, list[Add]]()
    for source in net.inputs.values():
        if type(source) in EVENTS:
            EVENTS[type(source)](source, name_of(net.variable_of(source)), groups[source.target], net.dt, clock)
        else:
            add = CURRENTS[type(source)](source, net.populations[source.target].n, net.dt, rng)
            adding.setdefault(source.target, []).append(add)
    return [b2.NetworkOperation(_setter(groups[name], adds), clock=clock, when="start") for name, adds in adding.items()]


def _setter(group: Any, adds: list[Add]) -> Callable[[], None]:
    """Return what sets the current of a group to the sum of what comes in, tick by tick."""
    ticks = itertools.count()

    def set_current() -> None:
        row, tick = np.zeros(len(group)), next(ticks)
        for add in adds:
            add(row, tick)
        group.variables[CURRENT].set_value(row)

    return set_current


# Refusals.


def refuse_unknown(net: Network) -> None:
    """Refuse a network with a part that has no translation, before anything is made."""
    for name, population in net.populations.items():
        _refuse("population", name, population.neuron, [*NEURONS, *SOURCES])
    for name, projection in net.projections.items():
        if projection.variable == CURRENT:
            raise ValueError(f"projection {name!r}: spikes that add to {CURRENT!r} cannot be run in Brian2")
        if projection.plasticity is not None:
            _refuse("projection", name, projection.plasticity, [*RULES])
    for name, source in net.inputs.items():
        _refuse("input", name, source, [*CURRENTS, *EVENTS])


def _refuse(kind: str, name: str, part: Any, known: list[type]) -> None:
    if type(part) not in known:
        names = ", ".join(sorted(one.__name__ for one in known))
        error = TypeError(f"{kind} {name!r}: {type(part).__name__} cannot be run in Brian2; what can: {names}")
        raise with_hint(error, "run this network with neurosim.simulate")


def _levels(neuron: Any) -> dict[str, float]:
    return {"rest": neuron.rest, "theta": neuron.threshold, "v_reset": neuron.reset}


def _times(neuron: Any, b2: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(neuron, name) * b2.ms for name in names}
