"""Inputs to populations: Poisson events, and currents that are given or noisy."""

from __future__ import annotations

from neurosim.inputs.noise_current import NoiseCurrent
from neurosim.inputs.poisson import PoissonInput
from neurosim.inputs.step_current import StepCurrent

__all__ = ["NoiseCurrent", "PoissonInput", "StepCurrent"]
