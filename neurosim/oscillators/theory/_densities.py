r"""Distributions of natural frequencies, and the two integrals over them that the theory asks for.

.. math::
    R(D, \Omega) = \int \frac{g(\omega)\, d\omega}{D + i (\Omega - \omega)}, \qquad
    F(q, \Omega) = \int g(\Omega + q x)\, h(x)\, dx,

the response of the incoherent state (:math:`D \to 0^+` without noise) and the pull of a field of strength :math:`q = K r` that turns at
the frequency :math:`\Omega`, with the mean phase factor of one oscillator in it,

.. math::
    h(x) = i x + \sqrt{1 - x^2} \quad (|x| \le 1), \qquad
    h(x) = i \left( x - \operatorname{sgn} x \sqrt{x^2 - 1} \right) \quad (|x| > 1).

:math:`h` continues into the upper half plane, where it falls as :math:`i / 2x`: a Lorentzian has
:math:`F = h((i \Delta - \Omega) / q) / q`. All distributions here have their middle at 0.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import nearest, with_hint
from neurosim.oscillators.theory._arrays import Array, checked, number


def phase_factor(x: Any) -> Any:
    """Return h(x), the mean of exp(i(theta + lag)) of an oscillator x field strengths away from the field's frequency."""
    size = np.abs(x)
    inside = np.sqrt(np.maximum((1 - size) * (1 + size), 0.0))
    outside = 1 / np.maximum(size + np.sqrt(np.maximum((size - 1) * (size + 1), 0.0)), 1.0)
    return inside + 1j * np.where(size <= 1, x, np.copysign(outside, x))


@dataclass(frozen=True)
class Lorentzian:
    """g = (width / pi) / (width^2 + omega^2)."""

    width: float
    symmetric = True

    @property
    def scale(self) -> float:
        """Where most of the frequencies lie."""
        return self.width

    def value(self, omega: float) -> float:
        """Return g."""
        return self.width / (math.pi * (self.width**2 + omega**2))

    def response(self, noise: float, frequency: float) -> complex:
        """Return R."""
        return 1 / complex(self.width + noise, frequency)

    def pull(self, q: float, frequency: float) -> complex:
        """Return F."""
        z = complex(-frequency, self.width) / q
        return 1 / (q * (cmath.sqrt((1 - z) * (1 + z)) - 1j * z))

    def quantile(self, p: Array) -> Array:
        """Return the frequency below which the part p of all lies."""
        return self.width * np.tan(math.pi * (p - 0.5))


@dataclass(frozen=True)
class Gaussian:
    """g = exp(-omega^2 / 2 width^2) / (sqrt(2 pi) width)."""

    width: float
    symmetric = True

    @property
    def scale(self) -> float:
        """Where most of the frequencies lie."""
        return self.width

    def value(self, omega: float) -> float:
        """Return g."""
        return math.exp(-0.5 * (omega / self.width) ** 2) / (math.sqrt(2 * math.pi) * self.width)

    def response(self, noise: float, frequency: float) -> complex:
        """Return R, by Faddeeva's function."""
        from scipy.special import wofz

        return math.sqrt(math.pi / 2) / self.width * complex(wofz(complex(-frequency, noise) / (math.sqrt(2) * self.width)))

    def pull(self, q: float, frequency: float) -> complex:
        """Return F: modified Bessel functions in the middle, quadrature elsewhere."""
        if frequency:
            return _pull(self.value, q, frequency, self.scale)
        from scipy.special import ive

        y = 0.25 * (q / self.width) ** 2
        return complex(math.sqrt(math.pi / 8) / self.width * (ive(0, y) + ive(1, y)))

    def quantile(self, p: Array) -> Array:
        """Return the frequency below which the part p of all lies."""
        from scipy.special import ndtri

        return self.width * ndtri(p)


@dataclass(frozen=True)
class Uniform:
    """g = 1 / (2 width) between -width and width."""

    width: float
    symmetric = True

    @property
    def scale(self) -> float:
        """Where most of the frequencies lie."""
        return self.width

    def value(self, omega: float) -> float:
        """Return g."""
        return 0.5 / self.width if abs(omega) <= self.width else 0.0

    def response(self, noise: float, frequency: float) -> complex:
        """Return R."""
        ends = [cmath.log(complex(max(noise, 1e-300), frequency + side)) for side in (-self.width, self.width)]
        return 0.5j / self.width * (ends[0] - ends[1])

    def pull(self, q: float, frequency: float) -> complex:
        """Return F."""
        ends = [_antiderivative((side - frequency) / q) for side in (-self.width, self.width)]
        return (ends[1] - ends[0]) / (2 * self.width)

    def quantile(self, p: Array) -> Array:
        """Return the frequency below which the part p of all lies."""
        return self.width * (2 * p - 1)


@dataclass(frozen=True)
class Callback:
    """A density given as a function of the frequency."""

    function: Callable[[float], float]
    scale: float
    symmetric = False

    def value(self, omega: float) -> float:
        """Return g; 0 where it is one over a number too large to be written, as 1 / cosh(1000) is."""
        try:
            with np.errstate(over="ignore", under="ignore"):
                return float(self.function(omega))
        except OverflowError:
            return 0.0

    def response(self, noise: float, frequency: float) -> complex:
        """Return R; without noise the integral of its imaginary part is Cauchy's principal value."""

        def even(x: float) -> float:
            return self.value(frequency + x) + self.value(frequency - x)

        def odd(x: float) -> float:
            return self.value(frequency + x) - self.value(frequency - x)

        def absorbed(x: float) -> float:
            return even(x) * noise / (noise**2 + x**2)

        def refracted(x: float) -> float:
            return odd(x) * x / (noise**2 + x**2) if x else 0.0

        ends = self.scale, abs(frequency), noise
        real = _half_line(absorbed, *ends) if noise else math.pi * self.value(frequency)
        return complex(real, _half_line(refracted, *ends))

    def pull(self, q: float, frequency: float) -> complex:
        """Return F."""
        return _pull(self.value, q, frequency, self.scale)


@dataclass(frozen=True)
class Sample:
    """A finite list of frequencies, each with the weight 1 / n."""

    frequencies: Array
    symmetric = False

    @property
    def scale(self) -> float:
        """Where most of the frequencies lie."""
        return float(np.abs(self.frequencies).max()) or 1.0

    def pull(self, q: float, frequency: float) -> complex:
        """Return F."""
        return complex(phase_factor((self.frequencies - frequency) / q).mean()) / q


Density = Lorentzian | Gaussian | Uniform | Callback
NAMED = {"lorentzian": Lorentzian, "gaussian": Gaussian, "uniform": Uniform}


def density_of(frequencies: Any, width: float) -> Density:
    """Return the distribution of a name or of a function, checked."""
    if callable(frequencies):
        return _checked_function(frequencies)
    if not isinstance(frequencies, str):
        raise TypeError(f"frequencies must be a name or a density g(omega), got {type(frequencies).__name__}")
    if frequencies not in NAMED:
        error = ValueError(f"frequencies must be one of {', '.join(NAMED)} or a density g(omega), got {frequencies!r}")
        raise with_hint(error, nearest(frequencies, NAMED))
    return NAMED[frequencies](number("width", width, above=0.0))


def sample_of(frequencies: Any) -> tuple[Sample, float]:
    """Return a list of frequencies as a distribution about 0, and their mean."""
    array = checked("frequencies", frequencies)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"frequencies must be a list of at least one number, got shape {array.shape}")
    return Sample(array - array.mean()), float(array.mean())


def _checked_function(function: Callable[..., Any]) -> Callback:
    """Refuse a density that is zero in the middle or does not integrate to 1."""
    middle = float(function(0.0))
    if not (math.isfinite(middle) and middle > 0):
        raise ValueError(f"frequencies, as a density, must be positive and finite at 0, got g(0) = {middle}")
    density = Callback(function, 1 / (math.pi * middle))
    total = _half_line(lambda x: density.value(x) + density.value(-x), density.scale, 0.0, 0.0)
    if not abs(total - 1) < 1e-3:
        raise with_hint(ValueError(f"frequencies, as a density, must integrate to 1, got {total:.6g}"), "divide it by its integral")
    return density


def _half_line(function: Callable[[float], float], scale: float, centre: float, noise: float) -> float:
    """Integrate from 0 to infinity what varies on the scale of the density, around its centre and around 0."""
    from scipy import integrate

    marks = sorted({scale, 4 * scale, abs(centre - scale), centre, centre + scale, centre + 20 * scale, noise, 10 * noise} - {0.0})
    pieces = [integrate.quad(function, *ends, limit=200)[0] for ends in zip([0.0, *marks], marks, strict=False)]
    return math.fsum(pieces) + scale * integrate.quad(lambda y: function(scale * y), marks[-1] / scale, math.inf, limit=200)[0]


def _pull(g: Callable[[float], float], q: float, frequency: float, scale: float) -> complex:
    r"""Return F by quadrature: with x = sin(phi) where oscillators lock, with x = cosh(u) where they drift."""
    from scipy import integrate

    def at(x: float) -> tuple[float, float]:
        return g(frequency + q * x), g(frequency - q * x)

    def locked(phi: float) -> complex:
        right, left = at(math.sin(phi))
        return math.cos(phi) * complex(math.cos(phi) * (right + left), math.sin(phi) * (right - left))

    def drifting(u: float) -> float:
        right, left = at(math.cosh(u))
        return -0.5 * math.expm1(-2 * u) * (right - left)

    inner, outer = _marks(q, abs(frequency), scale)
    real = sum(integrate.quad(lambda phi: locked(phi).real, *ends, limit=200, epsabs=1e-11)[0] for ends in inner)
    imaginary = sum(integrate.quad(lambda phi: locked(phi).imag, *ends, limit=200, epsabs=1e-11)[0] for ends in inner)
    return complex(real, imaginary + sum(integrate.quad(drifting, *ends, limit=200, epsabs=1e-11)[0] for ends in outer))


def _marks(q: float, centre: float, scale: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the ends of the pieces over phi and over u: breaks where the density is steep, an end where a tail 1 / omega^2 has gone."""
    steep = sorted(abs(centre + k * scale) / q for k in (-4, -1, 0, 1, 4))
    inner = [0.0, *(math.asin(x) for x in steep if 0 < x < 1), math.pi / 2]
    last = math.log(2 * (centre + scale) / q + 2) + 18
    outer = [0.0, *(math.acosh(x) for x in steep if 1 < x < math.cosh(min(last, 700))), last]
    return list(zip(inner, inner[1:], strict=False)), list(zip(outer, outer[1:], strict=False))


def _antiderivative(x: float) -> complex:
    """Return an antiderivative of h."""
    size = abs(x)
    if size <= 1:
        return complex(0.5 * (x * math.sqrt((1 - x) * (1 + x)) + math.asin(x)), 0.5 * x * x)
    beyond = size * math.sqrt((size - 1) * (size + 1)) - math.acosh(size)
    return complex(math.copysign(math.pi / 4, x), 0.5 * (x * x - beyond))
