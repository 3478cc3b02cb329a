r"""The lines of the phase diagram.

From high to low temperature at a load :math:`\alpha` the network passes

- :math:`T_g = 1 + \sqrt\alpha`: the paramagnet freezes into a spin glass, continuously;
- :math:`T_M(\alpha)`: retrieval states appear, as metastable states with an overlap well above 0. Near :math:`\alpha = 0`,
  :math:`T_M \approx 1 - 1.954 \sqrt\alpha`;
- :math:`T_c(\alpha)`: below it their free energy is the lower one: patterns are the global minima;
- :math:`T_R(\alpha)`, the line of de Almeida and Thouless: below it the replica-symmetric retrieval state is unstable,

  .. math:: (1 - C)^2 = \alpha \beta^2 \langle \operatorname{sech}^4 x \rangle, \qquad
            T_R \to \sqrt{\frac{8 \alpha}{9 \pi}}\, e^{-1 / 2 \alpha} \quad (\alpha \to 0).

  The root is sought in :math:`\ln T` with the full equations, no expansion: temperatures down to :math:`10^{-300}` are resolved.
  Below load 0.0007 they are smaller still, and the answer is 0.

Seen from the temperature, each line has one load; seen from the load, :math:`T_M` and :math:`T_c` have two temperatures in a narrow range
of loads. Replica symmetry, which fails at low temperature, bends both lines back there: retrieval ends at load 0.137906 for :math:`T = 0`
but at 0.138189 for :math:`T = 0.0229`, and patterns are global minima up to load 0.051854 for :math:`T = 0` but 0.053132 for
:math:`T = 0.0851`. The temperatures returned are the larger ones.

Sources: D. J. Amit, H. Gutfreund & H. Sompolinsky, Ann. Phys. 173, 30 (1987); K. Steffan & R. Kuehn, Z. Phys. B 95, 249 (1994) speak of
the re-entrant phase in their abstract. Differs from the papers in: nothing.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from neurosim.hopfield.theory import branch
from neurosim.hopfield.theory._arrays import Array, checked, each
from neurosim.hopfield.theory._roots import highest, root
from neurosim.hopfield.theory.thermal import _retrieval, _spin_glass
from neurosim.hopfield.theory.zero import critical_load

_SMALL = 1e-10
"""Loads below which free energies near T = 1 are too close to be compared, and 1 - T follows its leading power to better than 1e-10."""
_LAST = 1 - 3e-5
"""The same for temperatures."""


def glass_temperature(load: npt.ArrayLike) -> Array:
    """Return the temperature at which the paramagnet freezes.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Examples
    --------
    >>> float(glass_temperature(0.04))
    1.2
    """
    return 1 + np.sqrt(checked("load", load))


def retrieval_load(temperature: npt.ArrayLike) -> Array:
    """Return the largest load at which retrieval states exist.

    Parameters
    ----------
    temperature : array_like
        At least 0, any shape.

    Returns
    -------
    ndarray of float64
        0 at temperature 1, NaN above.

    Examples
    --------
    >>> retrieval_load([0.0, 0.5, 1.0]).round(6).tolist()
    [0.137906, 0.058816, 0.0]
    """
    return each(_retrieval_load, checked("temperature", temperature))


def retrieval_temperature(load: npt.ArrayLike) -> Array:
    """Return the largest temperature at which retrieval states exist.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Returns
    -------
    ndarray of float64
        NaN where there is none, above load 0.1382.

    Examples
    --------
    >>> retrieval_temperature([0.05, 0.10, 0.15]).round(5).tolist()
    [0.54226, 0.31543, nan]
    """
    return each(_retrieval_temperature, checked("load", load))


def edge_overlap(load: npt.ArrayLike) -> Array:
    """Return the overlap that retrieval states have where they end, at :func:`retrieval_temperature`.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Examples
    --------
    >>> edge_overlap([0.0, 0.05, 0.10]).round(5).tolist()
    [0.0, 0.82029, 0.9248]
    """
    return each(_edge_overlap, checked("load", load))


def coexistence_load(temperature: npt.ArrayLike) -> Array:
    """Return the load at which retrieval states and the spin glass have the same free energy; patterns are global minima below it.

    Parameters
    ----------
    temperature : array_like
        At least 0, any shape.

    Returns
    -------
    ndarray of float64
        0 at temperature 1, NaN above.

    Examples
    --------
    >>> round(float(coexistence_load(0.0)), 6)
    0.051854
    """
    return each(_coexistence_load, checked("temperature", temperature))


def coexistence_temperature(load: npt.ArrayLike) -> Array:
    """Return the largest temperature at which patterns are global minima of the free energy.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Returns
    -------
    ndarray of float64
        NaN where there is none, above load 0.0531.

    Examples
    --------
    >>> coexistence_temperature([0.02, 0.05, 0.10]).round(5).tolist()
    [0.5913, 0.21638, nan]
    """
    return each(_coexistence_temperature, checked("load", load))


def stability_temperature(load: npt.ArrayLike) -> Array:
    """Return the temperature below which replica symmetry fails in the retrieval state: the line of de Almeida and Thouless.

    Parameters
    ----------
    load : array_like
        Patterns per unit, at least 0, any shape.

    Returns
    -------
    ndarray of float64
        NaN where there is no retrieval state, and in the last 3e-6 of loads before that, where all of them are unstable.

    Examples
    --------
    >>> f"{stability_temperature(0.10):.4g}"
    '0.00145'
    >>> f"{stability_temperature(0.005):.3g}"
    '1.4e-45'
    """
    return each(_stability_temperature, checked("load", load))


def _retrieval_load(temperature: float) -> float:
    if temperature == 0:
        return critical_load()
    return branch.edge(temperature).load if temperature < 1 else 0.0 if temperature == 1 else math.nan


@functools.cache
def _retrieval_turn() -> tuple[float, float]:
    """Temperature and load of the point up to which the retrieval line bends back."""
    return highest(_retrieval_load, 0.001, 0.1)


@functools.cache
def _coexistence_turn() -> tuple[float, float]:
    """Temperature and load of the point up to which the coexistence line bends back."""
    return highest(_coexistence_load, 0.01, 0.3)


@functools.lru_cache(1 << 16)
def _retrieval_temperature(load: float) -> float:
    if load == 0:
        return 1.0
    low, largest = (0.0, critical_load()) if load <= critical_load() else _retrieval_turn()
    return math.nan if load > largest else _crossing(load, low, 1.0)


def _crossing(load: float, low: float, high: float) -> float:
    """Return the temperature between two others at which retrieval ends at this load."""
    wanted = math.sqrt(load)
    return root(lambda temperature: math.sqrt(_retrieval_load(temperature)) - wanted, low, high, 1e-14)


def _edge_overlap(load: float) -> float:
    temperature = _retrieval_temperature(load)
    return temperature if math.isnan(temperature) else branch.edge(temperature).overlap if temperature < 1 else 0.0


def _advantage(load: float, temperature: float) -> float:
    """Free energy of the spin glass minus that of retrieval."""
    glass, recall = _spin_glass(load, temperature), _retrieval(load, temperature)
    return float(glass.free_energy) - float(recall.free_energy)


@functools.lru_cache(1 << 16)
def _coexistence_load(temperature: float) -> float:
    if temperature >= 1:
        return 0.0 if temperature == 1 else math.nan
    if temperature > _LAST:
        return _coexistence_load(_LAST) * ((1 - temperature) / (1 - _LAST)) ** 2
    largest = _retrieval_load(temperature)
    low, high = 0.2 * largest, largest * (1 - 1e-12)
    return root(lambda load: _advantage(load, temperature), low, high, 1e-15)


@functools.lru_cache(1 << 16)
def _coexistence_temperature(load: float) -> float:
    if load < _SMALL:
        return 1 - (1 - _coexistence_temperature(_SMALL)) * math.sqrt(load / _SMALL)
    at_zero = _coexistence_load(0.0)
    low, largest = (0.0, at_zero) if load <= at_zero else _coexistence_turn()
    if load > largest:
        return math.nan
    high = _retrieval_temperature(load) * (1 - 1e-12)
    return root(lambda temperature: _advantage(load, temperature), low, high, 1e-13)


@functools.lru_cache(1 << 16)
def _stability_temperature(load: float) -> float:
    end = _retrieval_temperature(load)
    if load == 0 or math.isnan(end):
        return 0.0 if load == 0 else end
    expected = math.log(8 * load / (9 * math.pi)) / 2 - 1 / (2 * load)
    if expected < -690:
        return 0.0
    low = expected - 1 if load <= critical_load() else math.log(_crossing(load, 1e-5, _retrieval_turn()[0])) + 1e-9
    high = min(expected + 3, math.log(end) - 1e-9)
    if low >= high or _instability(high, load) > 0:
        return math.nan
    return math.exp(root(lambda log_temperature: _instability(log_temperature, load), low, high, 1e-13))


def _instability(log_temperature: float, load: float) -> float:
    """Logarithm of what the replicon lacks to 1, nearly linear in that of the temperature; positive where retrieval is unstable."""
    return math.log(1 - float(_retrieval(load, math.exp(log_temperature)).replicon))
