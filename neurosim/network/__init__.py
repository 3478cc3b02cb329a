r"""A network of spiking neurons: populations, projections between them, inputs.

Time is cut into ticks of length dt. In the step from tick t to tick t + 1 each population goes through these slots, in this order:

1. *currents*: the variable ``current`` is set to the sum of the currents put in;
2. *update*: all variables advance by dt; units whose v lies above the threshold are marked;
3. *hold*: units that fired less than the refractory time ago keep their value of v, and do not fire;
4. *fire*: the units that are left have fired in tick t, which is the time t dt of their spikes;
5. *deliver*: spikes fired in tick t - D, where D dt is the delay, add their weights; Poisson inputs add theirs; plastic synapses learn from
   the arrivals;
6. *learn*: plastic synapses learn from the spikes of their targets, so that an arrival and a spike in one tick potentiate;
7. *reset*: units that fired in tick t are reset, and v of those in the refractory time is put back: jumps of v that arrived there are lost.

This is the order of Brian2: the same network with the same delays and refractory times fires the same spikes, where the update is exact.
A delay is at least dt. Results depend neither on the number of threads nor on how a run is cut into slices.
"""

from neurosim.network.network import Network as Network
from neurosim.network.parts import Population as Population
from neurosim.network.parts import Projection as Projection
from neurosim.network.state import NetworkState as NetworkState
