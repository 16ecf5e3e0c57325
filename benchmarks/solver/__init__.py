"""Measure the solver against what anyone would pick instead, in the same run: ``python -m benchmarks.solver``."""
