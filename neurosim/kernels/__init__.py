"""Compiled kernels: arrays and numbers in, arrays changed in place. They trust their callers."""
