"""Which instances are measured, at which sizes, with which contenders, and what is aimed at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.instances.assignment import assignment
from benchmarks.instances.capacities import capacities
from benchmarks.instances.facilities import facilities
from benchmarks.instances.general import general
from benchmarks.instances.households import households
from benchmarks.instances.opening import opening
from benchmarks.solver import ours, peers
from solvers import samples

Instance = Callable[[int, int, int], dict[str, Any]]
"""People, options, seed."""


@dataclass(frozen=True, slots=True)
class Size:
    """``limit`` seconds for everybody; ``contenders`` that are left out at this size would not end."""

    people: int
    options: int
    limit: float
    contenders: tuple[str, ...]
    quick: bool = False

    @property
    def name(self) -> str:
        return f"{self.people}x{self.options}"


@dataclass(frozen=True, slots=True)
class Case:
    """One family of instances; the first contender of each size is ours, all ratios are against it."""

    name: str
    title: str
    goal: str
    instance: Instance
    sizes: tuple[Size, ...]


PEERS: Mapping[str, peers.Contender] = {
    "SimpleMinCostFlow": peers.network_bare,
    "SimpleLinearSumAssignment": peers.assignment_bare,
    "HiGHS simplex": peers.highs_lp,
    "HiGHS": peers.highs_mip,
    "CP-SAT": peers.cp_sat,
    "SCIP": peers.scip,
    "scipy": peers.scipy_seats,
    "networkx": peers.networkx_simplex,
    "matching": peers.matching_residents,
    "fairpyx": peers.fairpyx_utilitarian,
}
OURS: Mapping[str, ours.Ours] = {
    "ours, network": ours.network,
    "ours, whole call": ours.door("auto"),
    "ours, prices": ours.door("prices"),
}
CONTENDERS: Mapping[str, Callable[[Any, float], peers.Said]] = {**OURS, **PEERS}

FLOWS = ("ours, network", "SimpleMinCostFlow")
WHOLE = ("ours, whole call", "HiGHS", "CP-SAT")


def _camp(people: int, options: int, seed: int) -> dict[str, Any]:
    return samples.camp(seed=seed, children=people, batches=options, seats=people * 4 // (5 * options))


CASES: tuple[Case, ...] = (
    Case(
        "capacities",
        "Seats only",
        "The optimum exactly, whole call at most 1.3 x the bare flow; 15 x HiGHS simplex; 100 x networkx.",
        capacities,
        (
            Size(
                1_000,
                24,
                60,
                (*FLOWS, "HiGHS", "CP-SAT", "scipy", "networkx", "matching", "fairpyx"),
                quick=True,
            ),
            Size(
                10_000,
                240,
                60,
                (
                    *FLOWS,
                    "ours, whole call",
                    "HiGHS simplex",
                    "HiGHS",
                    "CP-SAT",
                    "SCIP",
                    "scipy",
                    "networkx",
                    "matching",
                ),
                quick=True,
            ),
            Size(30_000, 720, 60, (*FLOWS, "HiGHS simplex")),
            Size(100_000, 2_400, 120, (*FLOWS, "ours, whole call", "HiGHS simplex"), quick=True),
            Size(300_000, 7_200, 300, FLOWS),
        ),
    ),
    Case(
        "opening",
        "Minimum groups, costs to run, one fund",
        "Gap proved: 0.5 % in 60 s at 100,000; at 10,000 within 0.1 % of the optimum in a tenth of HiGHS's time.",
        opening,
        (
            Size(200, 10, 60, (*WHOLE, "SCIP"), quick=True),
            Size(1_000, 24, 60, WHOLE, quick=True),
            Size(3_000, 72, 60, WHOLE),
            Size(10_000, 240, 60, ("ours, prices", "HiGHS", "CP-SAT")),
            Size(30_000, 720, 60, ("ours, prices", "HiGHS")),
            Size(100_000, 2_400, 60, ("ours, prices",)),
        ),
    ),
    Case(
        "households",
        "Families kept whole",
        "Within 0.5 % of the flow bound in 10 s at 10,000; 1 % in 60 s at 100,000; never a split.",
        households,
        (
            Size(1_000, 24, 30, WHOLE, quick=True),
            Size(10_000, 240, 10, ("ours, prices", "HiGHS"), quick=True),
            Size(100_000, 2_400, 60, ("ours, prices",)),
        ),
    ),
    Case(
        "camp",
        "A camp with every rule",
        "Proved, at most 1 s whole.",
        _camp,
        (
            Size(200, 5, 30, ("ours, whole call",), quick=True),
            Size(260, 10, 30, ("ours, whole call",), quick=True),
        ),
    ),
    Case(
        "assignment",
        "Dense one-to-one assignment",
        "The optimum exactly; no goal in time.",
        assignment,
        (
            Size(200, 200, 30, ("ours, whole call", "SimpleLinearSumAssignment", "scipy"), quick=True),
            Size(800, 800, 60, ("ours, network", "SimpleLinearSumAssignment", "scipy")),
        ),
    ),
    *(
        Case(
            f"general-{family}",
            f"Generalised assignment, class {family}",
            "As good as HiGHS and CP-SAT in the same time.",
            partial(general, family=family),
            (
                Size(100, 10, 20, WHOLE, quick=family == "d"),
                Size(200, 20, 30, WHOLE),
                Size(400, 40, 60, ("ours, whole call", "HiGHS", "CP-SAT")),
            ),
        )
        for family in "abcde"
    ),
    *(
        Case(
            f"facilities-{name}",
            f"Single-source location, capacity {ratio:g} x demand",
            "As good as HiGHS and CP-SAT in the same time.",
            partial(facilities, ratio=ratio),
            (Size(50, 16, 20, WHOLE, quick=name == "tight"), Size(200, 40, 60, WHOLE)),
        )
        for name, ratio in (("tight", 1.5), ("middle", 3.0), ("loose", 10.0))
    ),
)
