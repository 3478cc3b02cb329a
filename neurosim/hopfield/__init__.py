"""Attractor memories: patterns, the classical Hopfield network, its learning rules, dynamics and theory."""

from neurosim.hopfield import landscape as landscape
from neurosim.hopfield import theory as theory
from neurosim.hopfield.annealing import anneal as anneal
from neurosim.hopfield.dense import DenseHopfield as DenseHopfield
from neurosim.hopfield.dense import HopfieldState as HopfieldState
from neurosim.hopfield.matrix import CouplingMatrix as CouplingMatrix
from neurosim.hopfield.packed import PackedPatterns as PackedPatterns
from neurosim.hopfield.patterns import binarise as binarise
from neurosim.hopfield.patterns import flip as flip
from neurosim.hopfield.patterns import pack as pack
from neurosim.hopfield.patterns import random_patterns as random_patterns
from neurosim.hopfield.patterns import unpack as unpack
from neurosim.hopfield.rules import hebb as hebb
from neurosim.hopfield.rules import pseudo_inverse as pseudo_inverse
from neurosim.hopfield.rules import storkey as storkey
from neurosim.hopfield.rules import storkey_second_order as storkey_second_order
from neurosim.hopfield.synchronous import SynchronousHopfield as SynchronousHopfield
from neurosim.hopfield.synchronous import SynchronousState as SynchronousState
from neurosim.hopfield.tempering import Tempering as Tempering
from neurosim.hopfield.tempering import TemperingState as TemperingState
