"""Oracles: one file for each kernel file, slow and obvious, in plain Python and NumPy."""
