"""neurosim: neuromorphic and biologically inspired simulation.

The names below are the public ones. What needs a compiler, a plotting library or labelled arrays is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# The two verbs share their module's name: imported here and now, the function is what `neurosim.simulate` means for good.
from neurosim.simulate import simulate as simulate  # noqa: E402
from neurosim.sweep import sweep as sweep  # noqa: E402

__version__ = "0.1.0"
