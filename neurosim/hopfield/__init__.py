"""Attractor memories: patterns, the classical Hopfield network, its theory."""

from neurosim.hopfield import theory as theory
from neurosim.hopfield.dense import DenseHopfield as DenseHopfield
from neurosim.hopfield.dense import HopfieldState as HopfieldState
from neurosim.hopfield.patterns import binarise as binarise
from neurosim.hopfield.patterns import flip as flip
from neurosim.hopfield.patterns import pack as pack
from neurosim.hopfield.patterns import random_patterns as random_patterns
from neurosim.hopfield.patterns import unpack as unpack
