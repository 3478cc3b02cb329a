from . import connectivity as connectivity
from . import data as data
from . import errors as errors
from . import estimate as estimate
from . import hopfield as hopfield
from . import neurons as neurons
from . import noise as noise
from . import plot as plot
from . import state as state
from .conformance import check_model as check_model
from .experiment import Claim as Claim
from .experiment import Experiment as Experiment
from .interrupt import Interrupted as Interrupted
from .kernels._jit import jit as jit
from .progress import Progress as Progress
from .record import Count as Count
from .record import Spikes as Spikes
from .record import Trace as Trace
from .simulate import Checkpoint as Checkpoint
from .simulate import settled as settled
from .simulate import simulate as simulate
from .sweep import sweep as sweep
from .threads import get_threads as get_threads
from .threads import set_threads as set_threads

__version__: str
