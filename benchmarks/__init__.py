"""Speed, measured beside the best peer in the same run: ``python -m benchmarks [hopfield|startup|sweep ...]``."""
