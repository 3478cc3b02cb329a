"""Bits of a stored pattern that one update of a Hopfield network leaves right, against load.

A unit feels a field of 1 from its own pattern and Gaussian crosstalk of variance load = patterns / units from the others: it stays
right with probability (1 + erf(1 / sqrt(2 load))) / 2.

Source: J. Hertz, A. Krogh & R. Palmer, Introduction to the Theory of Neural Computation (1991), section 2.2.
"""

import math

import numpy as np

import neurosim as ns


def run(load: float, trial: int, *, n: int = 500, rng: np.random.Generator) -> dict[str, float]:
    """Compute one point; `rng` is drawn from the seed and the point's arguments."""
    patterns = ns.hopfield.random_patterns(round(load * n), n, rng=rng).astype(np.float64)
    field = (patterns @ patterns[0]) @ patterns / n - len(patterns) / n * patterns[0]
    return {"right": float(np.mean(np.sign(field) == patterns[0]))}


def theory(load: float) -> float:
    """Return the fraction of bits that stay right in a large network."""
    return (1 + math.erf(1 / math.sqrt(2 * load))) / 2


def figure(data, ax=None):
    """Draw the mean over trials with its standard error, and the theory."""
    return ns.plot.curve(data.right, "load", over="trial", theory=theory, ax=ax)


def right_at_a_fifth(data):
    """Measure what the claim is about: mean over trials and its standard error."""
    mean, error = ns.plot.mean_and_error(data.right.sel(load=0.2), over="trial")
    return float(mean), float(error)


CLAIM = ns.Claim("right at load 0.2", expected=theory(0.2), tolerance=0.005, kind="theory", measure=right_at_a_fifth, source="eq. above")
GRID = {"load": [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5], "trial": range(40)}
EXPERIMENT = ns.Experiment(run, GRID, figure, claims=(CLAIM,), tiny={"load": [0.1, 0.2], "trial": range(20)})
