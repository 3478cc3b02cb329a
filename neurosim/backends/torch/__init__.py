"""Parts of the engine as differentiable layers of PyTorch, with equal numbers, on any device.

PyTorch is not imported before one of them is asked for: ``pip install 'neurosim[torch]'``.
"""

from neurosim.backends.torch import oscillators as oscillators
