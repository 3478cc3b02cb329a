"""Rules by which the weights of a projection change."""

from neurosim.plasticity.stdp import PairSTDP as PairSTDP
