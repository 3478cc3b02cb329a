"""Coupled oscillators: Kuramoto's model on any graph, order parameters, a memory, exact theory; oscillators in N dimensions."""

from neurosim.oscillators import theory as theory
from neurosim.oscillators.couplings import DenseGraph as DenseGraph
from neurosim.oscillators.couplings import HebbianGraph as HebbianGraph
from neurosim.oscillators.couplings import MeanField as MeanField
from neurosim.oscillators.couplings import Populations as Populations
from neurosim.oscillators.couplings import SparseGraph as SparseGraph
from neurosim.oscillators.frequencies import gaussian as gaussian
from neurosim.oscillators.frequencies import lorentzian as lorentzian
from neurosim.oscillators.frequencies import uniform as uniform
from neurosim.oscillators.kuramoto import Kuramoto as Kuramoto
from neurosim.oscillators.kuramoto import KuramotoState as KuramotoState
from neurosim.oscillators.memory import OscillatoryMemory as OscillatoryMemory
from neurosim.oscillators.memory import PhasorGraph as PhasorGraph
from neurosim.oscillators.memory import random_phases as random_phases
from neurosim.oscillators.order import cluster_order as cluster_order
from neurosim.oscillators.order import order as order
from neurosim.oscillators.vector import VectorOscillators as VectorOscillators
from neurosim.oscillators.vector import VectorState as VectorState
