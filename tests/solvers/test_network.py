"""The network agrees with CP-SAT wherever it says a problem wholly, the draw included, and its prices prove it."""

import random
from typing import Any

import numpy as np
import pytest
from ortools.graph.python import max_flow

from solvers import samples
from solvers.answers import told
from solvers.engines import exact, flow, lot, network
from solvers.engines.network import shape, stages
from solvers.engines.search import Search
from solvers.ledger import Ledger
from solvers.problem import Problem, read
from solvers.proofs import chain
from solvers.proofs.bound import Prover
from solvers.rules.form import Form
from solvers.solve import solve
from solvers.source import FORMAT

LONG = 600
"""Seconds nobody reaches: the first call of all compiles."""
OBJECTIVES: tuple[Any, ...] = (
    None,
    [{"stage": "cost"}, {"stage": "lot"}],
    [{"stage": "placed"}, {"stage": "rank", "as": "maximal", "by": "tier"}, {"stage": "lot"}],
    [{"stage": "placed"}, {"stage": "rank"}, {"stage": "changes"}, {"stage": "lot"}],
    [{"stage": "placed", "tag": "v:1"}, {"stage": "rank", "by": "tier"}, {"stage": "cost"}, {"stage": "lot"}],
)


def problem_of(draw: random.Random) -> dict[str, Any]:
    """A small problem of seats, quotas that often nest, heads one by one or in equal parties, pins and bans."""
    names = [f"o{number}" for number in range(draw.randint(2, 5))]
    split = draw.random() < 0.3
    heads = 1 if split else draw.choice([1, 1, 2, 3])
    source: dict[str, Any] = {
        "format": FORMAT,
        "options": [_option(draw, name, heads) for name in names],
        "groups": [],
    }
    for number in range(draw.randint(1, 12)):
        group = _group(draw, f"g{number:02}", names, heads, split=split)
        listed = group["choices"]
        if "piece" not in group and draw.random() < 0.1:
            source.setdefault("pinned", {})[group["id"]] = draw.choice([None, listed[0]["option"]])
        if draw.random() < 0.1:
            source.setdefault("banned", {})[group["id"]] = [listed[-1]["option"]]
        if "piece" not in group and draw.random() < 0.3:
            source.setdefault("previous", {})[group["id"]] = draw.choice([None, listed[0]["option"]])
        source["groups"].append(group)
    if draw.random() < 0.5:
        source["limits"] = list(_limits(draw, names, heads))
        if draw.random() < 0.3:
            source["resources"] = [{"id": "bed", "capacity": draw.randint(2, 12)}]
            for option in source["options"][:2]:
                option["head_uses"] = {"bed": 2}
    objective = draw.choice(OBJECTIVES)
    return source if objective is None else source | {"objective": objective}


def _option(draw: random.Random, name: str, heads: int) -> dict[str, Any]:
    option: dict[str, Any] = {"id": name}
    capacity = draw.choice(
        [None, draw.randint(0, 6) * heads + draw.randint(0, heads - 1), draw.randint(1, 4) * heads]
    )
    if capacity is not None:
        option["capacity"] = capacity
    if draw.random() < 0.3:
        option["head_cost"] = draw.randint(0, 9)
    if draw.random() < 0.3:
        least = min(draw.choice([0, 0, 1, 2]) * heads, option.get("capacity", 99))
        option |= {"must_run": True, "minimum": least, "cost": draw.randint(0, 9)}
    return option


def _group(draw: random.Random, name: str, names: list[str], heads: int, *, split: bool) -> dict[str, Any]:
    listed = draw.sample(names, draw.randint(1, len(names)))
    ranks = sorted(draw.randint(1, 4) for _ in listed)
    choices = [
        {"option": o, "rank": rank, "cost": draw.choice([0, draw.randint(0, 5), draw.randint(0, 100_000)])}
        for o, rank in zip(listed, ranks, strict=True)
    ]
    size = draw.randint(1, 4) if split and draw.random() < 0.5 else heads
    group: dict[str, Any] = {"id": name, "size": size, "tier": draw.randint(1, 2), "choices": choices}
    group["tags"] = {f"v:{draw.randint(1, 3)}": size}
    if size != heads:
        group["piece"] = 1
    elif draw.random() < 0.1:
        group["required"] = True
    if draw.random() < 0.3:
        group["weight"] = draw.randint(1, 5) * size
    if draw.random() < 0.7:
        group["lot"] = 100 - int(name[1:]) * 7 % 97
    return group


def _limits(draw: random.Random, names: list[str], heads: int) -> Any:
    if draw.random() < 0.5:
        side = draw.choice(["maximum", "maximum", "minimum"])
        yield {"id": "all", "options": "*", "tag": "v:*", side: draw.randint(0, 3) * heads}
    if draw.random() < 0.3:
        yield {"id": "region", "options": names[:2], "maximum": draw.randint(1, 5) * heads}
    if draw.random() < 0.3:
        yield {
            "id": "each",
            "options": "*",
            "each": True,
            "tag": "v:*",
            "maximum": draw.randint(1, 3) * heads,
        }


def both(problem: Problem) -> tuple[Search, Search] | None:
    """The same problem by the network and by CP-SAT, the draw included; None if it is none for a network."""
    form = Form.of(problem)
    mine, other = Search(form, LONG), Search(form, LONG)
    if not network.solve(mine):
        return None
    model = exact.Model(form)
    exact.solve(other, model, until=LONG)
    if other.best is not None and problem.stages[-1].stage == "lot":
        lot.settle(other, model)
    return mine, other


@pytest.mark.parametrize("seed", range(120))
def test_the_network_gives_the_answer_of_cp_sat_and_proves_it(seed: int) -> None:
    problem = read(problem_of(random.Random(seed)))
    found = both(problem)
    if found is None:
        return
    mine, other = found
    assert mine.infeasible == other.infeasible
    if mine.best is None or other.best is None:
        return
    form = mine.form
    assert mine.reached == mine.bounds == other.reached
    assert [aim.value(mine.best) for aim in form.aims] == mine.reached
    assert not form.broken(mine.best).any()
    assert mine.lot_value == len(problem.groups.ids)
    assert told(form, mine.best).placements == told(form, other.best).placements
    prover = Prover(
        problem, [stage.allowed(v) for stage, v in zip(problem.stages, mine.reached, strict=False)]
    )
    for number, value in enumerate(mine.reached):
        entry = mine.certificates.get(number)
        if entry is not None:
            assert prover.prove(number, entry, claimed=value).bound == value
    if len(mine.reached) in mine.certificates:
        taken = {
            c: int(mine.best[c]) for c in np.flatnonzero(mine.best[: len(problem.choices.group)]).tolist()
        }
        assert chain.best_off(Ledger(problem, taken, {}), prover.settled) == len(problem.groups.ids)


def test_many_random_problems_are_ones_for_a_network_and_most_stages_are_proved_by_prices() -> None:
    fitting = stages_told = proved = 0
    for seed in range(120):
        search = Search(Form.of(read(problem_of(random.Random(seed)))), LONG)
        if network.solve(search):
            fitting += 1
            stages_told += len(search.reached)
            proved += sum(number in search.certificates for number in range(len(search.reached)))
    assert fitting > 100
    assert proved > 0.75 * stages_told


def test_fair_places_as_many_as_the_largest_flow_tier_by_tier() -> None:
    problem = read(samples.plain(groups=900, options=50, listed=4, seats=16))
    search = Search(Form.of(problem), LONG)
    assert network.solve(search)
    groups, options = len(problem.groups.ids), len(problem.options.ids)
    largest = max_flow.SimpleMaxFlow()
    for choice in range(len(problem.choices.group)):
        group, option = int(problem.choices.group[choice]), int(problem.choices.option[choice])
        largest.add_arc_with_capacity(group, groups + option, 1)
    for group in range(groups):
        largest.add_arc_with_capacity(groups + options, group, 1)
    for option in range(options):
        largest.add_arc_with_capacity(
            groups + option, groups + options + 1, int(problem.options.capacity[option])
        )
    largest.solve(groups + options, groups + options + 1)
    assert search.reached[0] == largest.optimal_flow()


@pytest.mark.parametrize("wide", [1, 1000, 10**9])
def test_one_stage_has_the_optimum_of_the_flow_of_or_tools_whatever_the_size_of_costs(wide: int) -> None:
    draw = random.Random(wide)
    source = samples.plain(groups=400, options=20, listed=4, seats=17)
    for group in source["groups"]:
        group["required"] = draw.random() < 0.2
        for choice in group["choices"]:
            choice["cost"] = draw.randrange(3 * wide)
    source["objective"] = [{"stage": "placed"}, {"stage": "cost"}]
    form = Form.of(read(source))
    one, other = Search(form, LONG), Search(form, LONG)
    assert network.solve(one)
    if wide < 10**9:
        assert flow.solve(other)
        assert one.reached == other.reached
    prover = Prover(form.problem, one.reached)
    assert [
        prover.prove(n, one.certificates[n], claimed=v).bound for n, v in enumerate(one.reached)
    ] == one.reached


def test_a_problem_large_enough_goes_to_the_network_and_is_proved_unique() -> None:
    problem = read(samples.plain(groups=1500, options=80, listed=4, seats=18))
    outcome = solve(problem, seconds=LONG)
    assert outcome.run["engine"] == "flow"
    assert outcome.status == "optimal"
    assert {entry["proof"] for entry in outcome.certificate[:-1]} == {"prices"}
    assert outcome.certificate[-1]["proof"] == "chain"


def test_the_relaxation_has_the_same_worth_from_either_network(monkeypatch: pytest.MonkeyPatch) -> None:
    form = Form.of(read(samples.plain(groups=200, options=12, listed=4, seats=14)))
    plainly = flow.target(Search(form, LONG))
    monkeypatch.setattr(flow, "WIDE", 0)
    compiled = flow.target(Search(form, LONG))
    assert plainly is not None
    assert compiled is not None
    assert form.score(form.complete(plainly)) == form.score(form.complete(compiled))
    everything = flow.target(Search(form, LONG), closed=np.ones(12, np.bool_))
    assert everything is not None
    assert not everything.any()


def plain_with(**more: Any) -> Form:
    return Form.of(read(samples.plain(groups=12, options=3, listed=2, seats=5) | more))


def test_quotas_that_nest_are_kept_and_quotas_that_cross_are_refused() -> None:
    nested = [
        {"id": "r", "options": ["o0000", "o0001"], "maximum": 6},
        {"id": "s", "options": "*", "maximum": 9},
    ]
    crossing = [*nested, {"id": "t", "options": ["o0001", "o0002"], "maximum": 6}]
    assert stages.fits(plain_with(limits=nested))
    assert not stages.fits(plain_with(limits=crossing))


@pytest.mark.parametrize(
    "more",
    [
        {"apart": [["g000000", "g000001"]]},
        {"limits": [{"id": "s", "options": "*", "maximum": 2, "soft": True}]},
        {"objective": [{"stage": "placed", "tolerance": [1, 10]}, {"stage": "rank"}]},
        {"objective": [{"stage": "running"}]},
        {"objective": [{"stage": "rank", "as": "worst"}]},
        {"previous": {"g000000": "o0000"}, "max_changes": 1},
    ],
)
def test_what_ties_groups_together_is_none_for_a_network(more: dict[str, Any]) -> None:
    assert stages.fits(plain_with())
    assert shape.of(plain_with(**more)) is None


def test_tolerance_is_none_for_the_plain_flow_either() -> None:
    assert flow.fits(plain_with())
    assert not flow.fits(plain_with(objective=[{"stage": "placed", "tolerance": [1, 10]}, {"stage": "rank"}]))


def test_quotas_nobody_can_meet_are_found_out() -> None:
    search = Search(plain_with(limits=[{"id": "m", "options": ["o0000"], "minimum": 6}]), LONG)
    assert network.solve(search)
    assert search.infeasible


def test_a_stop_leaves_a_whole_answer_and_claims_only_what_is_settled() -> None:
    form = Form.of(read(samples.plain(groups=300, options=20, listed=4, seats=14)))
    search = Search(form, LONG, should_stop=lambda: True)
    assert network.solve(search)
    assert search.best is not None
    assert not form.broken(search.best).any()
    assert search.reached == []
    assert search.lot_value == 0


def test_a_stop_keeps_the_proof_of_a_stage_that_stands_alone() -> None:
    source = samples.plain(groups=300, options=20, listed=4, seats=14)
    form = Form.of(read(source | {"objective": [{"stage": "rank"}, {"stage": "lot"}]}))
    search = Search(form, LONG, should_stop=lambda: True)
    assert network.solve(search)
    assert search.reached == search.bounds
    assert len(search.reached) == 1
    assert 0 in search.certificates
