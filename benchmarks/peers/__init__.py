"""Other simulators, run on the same problems with the same arrays: what the benchmarks compare with."""
