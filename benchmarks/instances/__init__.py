"""Seeded problems of any size, told in the problem's own format: one function a family."""

from benchmarks.instances.capacities import capacities
from benchmarks.instances.households import households
from benchmarks.instances.opening import opening
from benchmarks.instances.season import season

__all__ = ["capacities", "households", "opening", "season"]
