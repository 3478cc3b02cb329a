"""Models of neurons, sources of spikes, and the theory of their firing rates."""
