"""Timings of the parts that must be fast, each beside its plain counterpart: ``python -m benchmarks.<name>``."""
