"""Which instances are measured, at which sizes, with which contenders; those that the goals hang on come first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.instances.assignment import assignment
from benchmarks.instances.capacities import drawn as seats_only
from benchmarks.instances.facilities import facilities
from benchmarks.instances.flat import Drawn
from benchmarks.instances.general import general
from benchmarks.instances.households import drawn as households
from benchmarks.instances.opening import drawn as opening
from benchmarks.instances.opening import opening as opening_told
from benchmarks.instances.season import season
from benchmarks.instances.wishes import Json
from benchmarks.solver import audits, fairness, ours, peers, repeats, resolving
from benchmarks.solver.said import Instance, Said
from solvers import samples


@dataclass(frozen=True, slots=True)
class Size:
    """``limit`` seconds for everybody but those with ``limits`` of their own; ``needed`` run whatever they took before."""

    people: int
    options: int
    limit: float
    contenders: tuple[str, ...]
    quick: bool = False
    times: int = 5
    limits: Mapping[str, float] = field(default_factory=dict)
    needed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.people}x{self.options}"

    def limit_of(self, who: str) -> float:
        return self.limits.get(who, self.limit)


@dataclass(frozen=True, slots=True)
class Case:
    """One family of instances; the first contender of each size is ours, all ratios are against it."""

    name: str
    title: str
    about: str
    instance: Instance
    sizes: tuple[Size, ...]


NETWORK, WHOLE, STAGES = "ours, network", "ours, whole call", "ours, every stage"
BARE, FLOW = "SimpleMinCostFlow, solve alone", "SimpleMinCostFlow"
PEERS: Mapping[str, peers.Contender] = {
    BARE: peers.network_bare,
    FLOW: peers.network_whole,
    "flow that splits": peers.flow_bound,
    "SimpleLinearSumAssignment": peers.assignment_bare,
    "HiGHS simplex": peers.highs_lp,
    "HiGHS": peers.highs_mip,
    "CP-SAT": peers.cp_sat,
    "CP-SAT, 8 workers, run 1": partial(peers.cp_sat, workers=8),
    "CP-SAT, 8 workers, run 2": partial(peers.cp_sat, workers=8),
    "CP-SAT, 8 workers, run 3": partial(peers.cp_sat, workers=8),
    "SCIP": peers.scip,
    "scipy": peers.scipy_seats,
    "networkx": peers.networkx_simplex,
    "matching": peers.matching_residents,
    "fairpyx": peers.fairpyx_utilitarian,
}
AGAIN: Mapping[str, ours.Ours] = {
    **{f"ours, run {number}": repeats.again() for number in range(1, 6)},
    "ours, 2 workers": repeats.again(workers=2),
    "ours, 8 workers": repeats.again(workers=8),
    "ours, input shuffled": repeats.again(shuffled=True),
    "ours, another seed": repeats.again(seed=7),
    "ours, twice the time": repeats.again(longer=2.0),
}
WITHIN = {f"ours, {seconds} s": ours.door(within=seconds) for seconds in (1, 2, 5, 10, 20)}
OURS: Mapping[str, ours.Ours] = {
    NETWORK: ours.network,
    WHOLE: ours.door(),
    STAGES: ours.every_stage,
    "ours, fair": fairness.ours,
    "weights, eightfold a rank": fairness.steep,
    "weights, utilitarian": fairness.utilitarian,
    "deferred acceptance": fairness.deferred,
    "serial dictatorship": fairness.dictatorship,
    "ours, anew": resolving.fresh,
    "ours, fewest moves of the best": resolving.ties,
    "ours, a bonus on the place held": resolving.favoured,
    "ours, whole call, anew": resolving.whole_fresh,
    "ours, whole call, fewest moves of the best": resolving.whole_ties,
    "ours, whole call, fewest moves at +0.1 %": resolving.whole_near,
    "ours, audit": audits.timed,
    "ours, tampered results": audits.tampered,
    **AGAIN,
    **WITHIN,
}
CONTENDERS: Mapping[str, Callable[[Any, float], Said]] = {**OURS, **PEERS}
THREE = (WHOLE, "HiGHS", "CP-SAT")
FAIRNESS = ("ours, fair", *(who for who in OURS if who.startswith(("weights", "deferred", "serial"))))
RESOLVING = (
    "ours, anew",
    "ours, fewest moves of the best",
    "ours, a bonus on the place held",
    "ours, whole call, anew",
    "ours, whole call, fewest moves of the best",
)
EIGHT = tuple(who for who in PEERS if who.startswith("CP-SAT, 8"))


def _camp(people: int, options: int, seed: int) -> Json:
    return samples.camp(seed=seed, children=people, batches=options, seats=people * 4 // (5 * options))


def _fair(people: int, options: int, seed: int) -> Drawn:
    return seats_only(people, options, seed).fairly()


def _opening_drawn(people: int, options: int, seed: int) -> Json:
    problem = opening_told(people, options, seed)
    return problem | {"objective": [*problem["objective"], {"stage": "lot"}]}


CASES: tuple[Case, ...] = (
    Case(
        "capacities",
        "Seats only",
        "Single people, seats for all, least cost. *network* is arrays in; places, prices and proof out. The whole call adds"
        " reasons for everybody and the audit.",
        seats_only,
        (
            Size(
                100_000, 2_400, 120, (NETWORK, BARE, FLOW, WHOLE, "HiGHS simplex"), needed=("HiGHS simplex",)
            ),
            Size(
                10_000,
                240,
                30,
                (
                    NETWORK,
                    BARE,
                    FLOW,
                    WHOLE,
                    "HiGHS simplex",
                    "HiGHS",
                    "CP-SAT",
                    "SCIP",
                    "scipy",
                    "networkx",
                    "matching",
                ),
                quick=True,
                needed=("networkx",),
            ),
            Size(1_000_000, 2_400, 300, (NETWORK, BARE), times=3),
            Size(
                1_000,
                24,
                30,
                (
                    NETWORK,
                    BARE,
                    FLOW,
                    WHOLE,
                    "HiGHS simplex",
                    "HiGHS",
                    "CP-SAT",
                    "SCIP",
                    "scipy",
                    "networkx",
                    "matching",
                    "fairpyx",
                ),
                quick=True,
            ),
        ),
    ),
    Case(
        "opening",
        "Minimum groups, costs to run, one fund",
        "Departures that run with half their seats taken or not at all, and a fund of 97 % of what would be spent freely.",
        opening,
        (
            Size(100_000, 2_400, 60, (WHOLE, "HiGHS", "CP-SAT")),
            Size(
                10_000,
                240,
                60,
                THREE,
                limits={"HiGHS": 300.0},
                needed=("HiGHS",),
            ),
            Size(3_000, 72, 60, THREE),
            Size(1_000, 24, 60, (*THREE, "SCIP"), quick=True, limits={"SCIP": 30}),
            Size(30_000, 720, 60, THREE),
        ),
    ),
    Case(
        "households",
        "Families kept whole",
        "45 % of the groups are two to four people who stay together; 3 % of the seats to spare. The flow that may split them"
        " is a bound for everybody.",
        households,
        (
            Size(100_000, 2_400, 60, (WHOLE, "flow that splits", "HiGHS", "CP-SAT")),
            Size(10_000, 240, 10, (WHOLE, "flow that splits", "HiGHS", "CP-SAT"), quick=True),
            Size(1_000, 24, 30, (WHOLE, "flow that splits", "HiGHS", "CP-SAT"), quick=True),
        ),
    ),
    Case(
        "season",
        "Many stages: a season of retreats",
        "Parties of seven tiers that stay whole, coaches, beds, minimum groups, funds that spill, a quota; 16 stages before the"
        " draw. Value and bound are the first tier's; then how many stages are proved, and the widest gap of each kind of stage.",
        season,
        (
            Size(100_000, 800, 300, (STAGES,), times=1),
            Size(30_000, 240, 60, (STAGES,), times=1),
            Size(5_000, 40, 20, (STAGES,), times=1, quick=True),
        ),
    ),
    Case(
        "changed",
        "Asked again after cancellations",
        "1 % of the people leave, as many come, and 1 % of the options lose a quarter of their seats; *moved* counts who is"
        " elsewhere than before. With the bonus every other place costs 2 more (ranks cost 0, 1, 3, 6 and so on).",
        resolving.changed,
        (
            Size(100_000, 2_400, 60, RESOLVING),
            Size(
                10_000,
                240,
                60,
                (*RESOLVING, "ours, whole call, fewest moves at +0.1 %"),
                limits={"ours, whole call, fewest moves at +0.1 %": 20},
                quick=True,
            ),
        ),
    ),
    Case(
        "fair",
        "Fairness, checked from outside",
        "Fewest without a place, then fewest at the last rank and so on up, then the draw; everybody counts one. The fewest"
        " without a place is found again by a maximum flow, and no chain of moves leads to a fairer answer.",
        _fair,
        (
            Size(100_000, 2_400, 120, FAIRNESS),
            Size(10_000, 240, 60, FAIRNESS, quick=True),
        ),
    ),
    Case(
        "camp",
        "A camp with every rule",
        "Families, tiers, teachers, a balance of the sexes, a fund, minimum groups.",
        _camp,
        (
            Size(260, 10, 30, (WHOLE,), quick=True),
            Size(200, 5, 30, (WHOLE,), quick=True),
        ),
    ),
    Case(
        "repeat-fair",
        "The same again: seats only, fair, with the draw",
        "*digest* is of all that the format promises to be the same.",
        _fair,
        (Size(10_000, 240, 60, tuple(AGAIN), times=1, quick=True),),
    ),
    Case(
        "repeat-camp",
        "The same again: a camp with every rule",
        "*digest* as above.",
        _camp,
        (Size(260, 10, 60, tuple(AGAIN), times=1, quick=True),),
    ),
    Case(
        "repeat-opening",
        "The same again: minimum groups and one fund",
        "*digest* as above; of CP-SAT it is that of the choices taken, which no draw decides there.",
        _opening_drawn,
        (Size(200, 10, 120, (*AGAIN, *EIGHT), times=1),),
    ),
    Case(
        "audit",
        "The audit: seats only",
        "Rules, values, reasons and price proofs counted anew, without an engine; the time is the middle one of five.",
        seats_only,
        (
            Size(100_000, 2_400, 120, ("ours, audit",), times=1),
            Size(1_000_000, 2_400, 300, ("ours, audit",), times=1),
            Size(10_000, 240, 60, ("ours, audit", "ours, tampered results"), times=1, quick=True),
        ),
    ),
    Case(
        "audit-fair",
        "The audit: fair, with the draw",
        "As above.",
        _fair,
        (Size(100_000, 2_400, 120, ("ours, audit",), times=1),),
    ),
    Case(
        "audit-opening",
        "The audit: minimum groups and one fund",
        "As above.",
        opening,
        (Size(100_000, 2_400, 60, ("ours, audit",), times=1),),
    ),
    Case(
        "audit-camp",
        "The audit: a camp with every rule",
        "As above.",
        _camp,
        (Size(260, 10, 60, ("ours, audit", "ours, tampered results"), times=1, quick=True),),
    ),
    Case(
        "limits-opening",
        "Little time: minimum groups and one fund",
        "Whether the limit is kept, and what there is when it ends.",
        opening,
        (
            Size(
                100_000,
                2_400,
                20,
                ("ours, 5 s", "ours, 10 s", "ours, 20 s"),
                times=1,
                limits={"ours, 5 s": 5, "ours, 10 s": 10},
            ),
            Size(
                10_000,
                240,
                10,
                ("ours, 1 s", "ours, 5 s", "HiGHS", "CP-SAT"),
                times=1,
                limits={"ours, 1 s": 1, "ours, 5 s": 5},
                quick=True,
            ),
        ),
    ),
    Case(
        "limits-households",
        "Little time: families kept whole",
        "As above.",
        households,
        (Size(100_000, 2_400, 10, ("ours, 5 s", "ours, 10 s"), times=1, limits={"ours, 5 s": 5}),),
    ),
    Case(
        "limits-general",
        "Little time: generalised assignment, class d",
        "As above.",
        general,
        (
            Size(
                400,
                40,
                5,
                ("ours, 1 s", "ours, 5 s", "HiGHS", "CP-SAT"),
                times=1,
                limits={"ours, 1 s": 1},
                quick=True,
            ),
        ),
    ),
    Case(
        "assignment",
        "Dense one-to-one assignment",
        "Any cost for any pair, as in Beasley's files.",
        assignment,
        (
            Size(
                200,
                200,
                30,
                (NETWORK, WHOLE, "SimpleLinearSumAssignment", "scipy", "HiGHS simplex"),
                quick=True,
            ),
            Size(800, 800, 60, (NETWORK, WHOLE, "SimpleLinearSumAssignment", "scipy")),
        ),
    ),
    *(
        Case(
            f"general-{family}",
            f"Generalised assignment, class {family}",
            "Every job weighs differently at every agent, and none may be split.",
            partial(general, family=family),
            (
                Size(100, 10, 10, (*THREE, "SCIP"), quick=family == "d"),
                Size(400, 40, 20, THREE, needed=THREE),
            ),
        )
        for family in "abcde"
    ),
    *(
        Case(
            f"facilities-{name}",
            f"Single-source location, capacity {ratio:g} x demand",
            "Places that cost something to open and hold so much; every customer is served whole by one.",
            partial(facilities, ratio=ratio),
            (
                Size(50, 16, 20, (*THREE, "SCIP"), quick=name == "tight"),
                Size(200, 40, 20, THREE, needed=THREE),
            ),
        )
        for name, ratio in (("tight", 1.5), ("middle", 3.0), ("loose", 10.0))
    ),
    Case(
        "location",
        "Opening costs with capacities",
        "Every customer wants one, so none could be split; capacity 3 x demand.",
        partial(facilities, ratio=3.0, alike=True),
        (
            Size(200, 20, 20, (*THREE, "SCIP"), quick=True),
            Size(1_000, 50, 20, THREE, needed=THREE),
        ),
    ),
)
