"""Neurons: the theory of their firing rates."""
