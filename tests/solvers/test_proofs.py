"""What prices prove is true of every placement, and no false entry of a certificate passes the audit."""

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers import samples
from solvers.__main__ import main
from solvers.audit import audit
from solvers.certificate import Certificate, entry_owners, limit_rows, no_prices, share_rows
from solvers.ledger import Ledger, read_placements
from solvers.outcome import Outcome, Status
from solvers.problem import UNLIMITED, Ints, Problem, read
from solvers.proofs import chain
from solvers.proofs.bound import IMPOSSIBLE, Prover
from solvers.proofs.claims import claims, table
from solvers.proofs.terms import Refused
from solvers.solve import solve
from solvers.source import FORMAT
from tests.solvers.small_problems import placements, small

SEEDS = range(120)


def any_prices(draw: random.Random, problem: Problem, number: int) -> Certificate:
    """Prices of the right signs, most of them poor."""

    def some(count: int, *, negative: bool = False) -> Ints:
        amounts = (0, 0, 1, 2, 3, 5, -1 if negative else 0)
        none = draw.random() < 0.4
        return no_prices() if none else np.array([draw.choice(amounts) for _ in range(count)], np.int64)

    options = problem.options
    carriers = some(len(entry_owners(problem)))
    of_tag: dict[tuple[int, int], int] = {}
    if len(carriers):
        for place, (option, entry) in enumerate(entry_owners(problem)):
            key = option, options.carriers[option][entry].tag
            carriers[place] = of_tag.setdefault(key, int(carriers[place]))
    resources = some(len(problem.resources.ids))
    if len(resources):
        resources[0] = min(resources[0], resources[1])
    capacity = some(len(options.ids), negative=draw.random() < 0.3)
    if len(capacity):
        capacity = np.where(options.capacity < UNLIMITED, capacity, 0)
    earlier, spread = some(len(problem.stages)), some(len(share_rows(problem)))
    for stage, written in enumerate(problem.stages):
        if len(earlier) and (
            stage >= number or written.stage in {"spread", "lot"} or written.measure == "worst"
        ):
            earlier[stage] = 0
    for place, share in enumerate(share_rows(problem)):
        if len(spread) and share.stage > number:
            spread[place] = 0
    return Certificate(
        "prices",
        scale=draw.choice((1, 2, 3, 7)),
        inside=draw.choice(("groups", "options")),
        capacity=capacity,
        minimum=some(len(options.ids)),
        carriers=carriers,
        resources=resources,
        limits=some(len(limit_rows(problem))),
        groups=some(len(problem.groups.ids), negative=draw.random() < 0.3),
        earlier=earlier if number >= 0 else no_prices(),
        spread=spread if number >= 0 else no_prices(),
        changes=draw.choice((0, 1, 2)) if problem.max_changes is not None else 0,
    )


def settled_holds(problem: Problem, ledger: Ledger, prover: Prover) -> bool:
    """Whether a placement does what the prices of earlier stages say that all must do."""
    settled, choices, groups = prover.settled, problem.choices, problem.groups
    whole = [
        sum(ledger.taken[c] for c in ledger.at.get(group, ()))
        == (groups.size[group] if groups.piece[group] else 1)
        for group in np.flatnonzero(settled.placed).tolist()
    ]
    free = [c for c in ledger.taken if int(choices.group[c]) not in problem.pinned]
    runs, load = np.array(ledger.runs), np.array(ledger.load)
    return (
        all(whole)
        and not settled.shut[free].any()
        and not (settled.never & runs).any()
        and not (settled.always & ~runs).any()
        and bool((load == problem.options.capacity)[settled.full].all())
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_no_placement_passes_a_bound_whatever_the_prices(seed):
    draw, problem = random.Random(seed), small(seed)
    known = list(placements(problem))
    if not known:
        return
    chosen = draw.choice(known)
    stages = [stage for stage in problem.stages if stage.stage != "lot"]
    allowed = [stage.allowed(chosen.value(stage)) for stage in stages]
    prover = Prover(problem, allowed)
    for number, stage in enumerate(stages):
        sign = 1 if stage.maximise else -1
        best = sign * max(sign * ledger.value(stage) for ledger in known)
        for _ in range(4):
            prices = any_prices(draw, problem, number)
            claimed = best + draw.choice((-1, 0, 1))
            try:
                found = prover.prove(number, prices, claimed=claimed)
            except Refused:
                continue
            assert not found.nothing
            assert found.bound is None or sign * (found.bound - best) >= 0
        prover.keep_worst(number)
        known = [ledger for ledger in known if sign * (ledger.value(stage) - allowed[number]) >= 0]
        assert all(settled_holds(problem, ledger, prover) for ledger in known)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_shown_impossible_that_is_possible(seed):
    draw, problem = random.Random(seed), small(seed)
    possible = next(placements(problem), None) is not None
    for _ in range(5):
        try:
            shown = Prover(problem).prove(IMPOSSIBLE, any_prices(draw, problem, IMPOSSIBLE)).nothing
        except Refused:
            continue
        assert not (shown and possible)


def test_written_prices_are_read_back_as_they_were():
    for seed in SEEDS:
        problem = small(seed)
        prices = any_prices(random.Random(seed), problem, len(problem.stages))
        written = prices.to_dict(problem)
        assert Certificate.from_dict(problem, written).to_dict(problem) == written


def test_what_no_price_at_all_proves_is_read_back_with_the_problem_it_was_proved_inside():
    source = {
        "format": FORMAT,
        "options": [{"id": "a", "capacity": 5, "cost": 5}],
        "pinned": {"h": "a"},
        "groups": [
            {"id": "g", "people": ["p"], "choices": [{"option": "a", "rank": 2}]},
            {"id": "h", "size": 3, "people": ["p"], "choices": [{"option": "a", "rank": 1}]},
            {"id": "j", "size": 3, "choices": [{"option": "a", "rank": 3}]},
        ],
    }
    problem = read(source)
    outcome = solve(problem, seconds=20)
    assert outcome.placements == {"h": "a"}
    assert audit(problem, outcome) == []
    unpriced = Certificate("search", inside="options", certified=4).to_dict(problem)
    assert Certificate.from_dict(problem, unpriced).inside == "options"


# -- whole results -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def camp() -> tuple[Problem, Outcome]:
    problem = read(samples.camp(children=90, batches=3, seats=24))
    return problem, solve(problem, seconds=20)


def false(problem: Problem, outcome: Outcome) -> set[str]:
    return {breach.rule for breach in audit(problem, outcome)}


def with_entry(outcome: Outcome, number: int, **changed: Any) -> Outcome:
    entries = list(outcome.certificate)
    entries[number] = dict(entries[number]) | changed
    return replace(outcome, certificate=tuple(entries))


def test_most_of_a_camp_is_proved_by_prices(camp):
    problem, outcome = camp
    assert outcome.status is Status.OPTIMAL
    told = claims(problem, outcome, ledger_of(problem, outcome))
    proofs = [claim.proof for claim in told]
    assert proofs.count("prices") >= len(told) - 2
    assert proofs[-1] == "search"
    assert all(claim.certified is not None for claim in told[:-1] if claim.proof == "search")
    assert any(entry.keys() - {"proof", "scale", "inside"} for entry in outcome.certificate)
    assert "not checked" in table(told)


def ledger_of(problem: Problem, outcome: Outcome) -> Ledger:
    taken, wrong = read_placements(problem, outcome.placements)
    assert not wrong
    numbers = problem.option_number
    return Ledger(problem, taken, {numbers[o]: pieces for o, pieces in outcome.carriers.items()})


def test_an_entry_without_its_prices_proves_no_more(camp):
    problem, outcome = camp
    poorer = 0
    for number, entry in enumerate(outcome.certificate):
        if set(entry) - {"proof", "scale", "inside"}:
            bare = {key: entry[key] for key in ("proof", "scale", "inside")}
            entries = [*outcome.certificate[:number], bare, *outcome.certificate[number + 1 :]]
            poorer += false(problem, replace(outcome, certificate=tuple(entries))) == {"certificate"}
    assert poorer


MALFORMED: list[dict[str, Any]] = [
    {"capacity": {"b0": -1}},
    {"capacity": {"b9": 1}},
    {"capacity": {"b0": 2**61}, "scale": 2**61},
    {"minimum": {"b0": -5}},
    {"resources": {"fund": -1}},
    {"resources": {"fund": 1.5}},
    {"carriers": {"b0": [1, 1]}},
    {"carriers": {"b9": [1]}},
    {"limits": [{"id": "balance", "side": "share", "tag": "sex:f", "option": "b0", "price": -1}]},
    {"limits": [{"id": "balance", "side": "maximum", "tag": "sex:f", "option": "b0", "price": 1}]},
    {"limits": [{"id": "balance", "side": "share", "tag": "sex:f", "price": 1}]},
    {"groups": {"p0000": -1}},
    {"earlier": [0] * 99},
    {"changes": 3},
    {"spread": [{"stage": 0, "tag": "sex:f", "price": 1}]},
    {"scale": 0},
    {"scale": -1},
    {"scale": True},
    {"inside": "nothing"},
    {"proof": "belief"},
    {"proof": "chain"},
    {"price": {}},
]


@pytest.mark.parametrize("changed", MALFORMED, ids=lambda changed: next(iter(changed)))
def test_an_entry_that_says_what_cannot_be_is_refused(camp, changed):
    problem, outcome = camp
    assert false(problem, with_entry(outcome, 0, **changed)) == {"certificate"}


def test_a_price_on_a_stage_that_is_not_earlier_is_refused(camp):
    problem, outcome = camp
    assert false(problem, with_entry(outcome, 1, earlier=[0, 1])) == {"certificate"}
    assert false(problem, with_entry(outcome, 1, earlier=[-1])) == {"certificate"}


def test_a_certificate_has_an_entry_a_stage(camp):
    problem, outcome = camp
    assert false(problem, replace(outcome, certificate=outcome.certificate[:-1])) == {"certificate"}
    assert false(problem, replace(outcome, certificate=())) == set()  # nothing is claimed beyond a search


def seats(*, lots: bool = True) -> dict[str, Any]:
    """Five want the one seat at ``a``; there is another at ``b``."""
    groups = [
        {"id": f"g{n}", "choices": [{"option": o, "rank": r} for r, o in enumerate(("a", "b"), 1)]}
        | ({"lot": n} if lots else {})
        for n in range(5)
    ]
    return {
        "format": FORMAT,
        "options": [{"id": "a", "capacity": 1}, {"id": "b", "capacity": 1}],
        "groups": groups,
        "objective": [{"stage": "placed"}, {"stage": "rank"}, {"stage": "lot"}],
    }


def told_of_seats(*, placed: int = 2, scale: int = 1, prices: int = 1) -> Outcome:
    problem = read(seats())
    outcome = solve(problem)
    first = {"proof": "prices", "scale": scale, "capacity": {"a": prices, "b": prices}}
    entries = (first, {"proof": "search"}, {"proof": "search"})
    stages = (replace(outcome.stages[0], bound=placed), *outcome.stages[1:])
    return replace(
        outcome, certificate=entries, stages=stages, status=Status.FEASIBLE if placed != 2 else outcome.status
    )


def test_a_bound_a_notch_too_good_or_a_wrong_scale_is_false():
    problem = read(seats())
    assert false(problem, told_of_seats()) == set()
    assert false(problem, told_of_seats(placed=3)) == set()  # weaker than proved, and so true
    assert "stages" in false(problem, told_of_seats(placed=1))
    assert false(problem, told_of_seats(scale=2)) == {"certificate"}
    assert false(problem, told_of_seats(prices=0)) == {"certificate"}
    assert false(problem, told_of_seats(scale=3, prices=3)) == set()
    # A price too high costs more than it brings: two seats at 2 say 4 at most.
    assert false(problem, told_of_seats(prices=2)) == {"certificate"}


def test_what_a_search_is_certified_at_is_evaluated_too():
    problem = read(seats())
    outcome = told_of_seats()
    entry = dict(outcome.certificate[0], proof="search", certified=2)
    assert false(problem, replace(outcome, certificate=(entry, *outcome.certificate[1:]))) == set()
    entry["scale"] = 2
    assert false(problem, replace(outcome, certificate=(entry, *outcome.certificate[1:]))) == {"certificate"}


def test_a_resource_is_never_dearer_than_what_it_spills_into():
    source = samples.camp(children=40, batches=2, seats=15)
    source["resources"][0]["spill"] = "more"
    source["resources"].append({"id": "more", "capacity": 10_000_000})
    problem = read(source)
    outcome = solve(problem, seconds=20)
    assert false(problem, with_entry(outcome, 0, resources={"fund": 1})) == {"certificate"}


def test_what_earlier_prices_leave_full_may_have_a_price_below_nothing():
    problem = read(seats())
    prover = Prover(problem, [2, 3])
    full = np.array([1, 1])
    assert prover.prove(0, Certificate("prices", capacity=full)).bound == 2
    assert prover.settled.full.all()
    # Both seats are taken whatever happens, so the ranks add up to 1 + 2.
    assert prover.prove(1, Certificate("prices", capacity=np.array([-1, -2]))).bound == 3
    with pytest.raises(Refused, match="wrong sign"):
        Prover(problem, [2, 3]).prove(1, Certificate("prices", capacity=np.array([-1, -2])))


def test_the_strict_audit_passes_what_prices_prove(tmp_path, capsys):
    source = seats() | {"objective": [{"stage": "placed"}, {"stage": "rank", "as": "worst"}]}
    problem, result = tmp_path / "problem.json", tmp_path / "result.json"
    problem.write_text(json.dumps(source))
    assert main(["solve", str(problem), "--out", str(result)]) == 0
    assert main(["audit", str(problem), str(result), "--strict"]) == 0
    assert "bounds: 2 proved by prices, 0 not checked" in capsys.readouterr().err
    told = json.loads(result.read_text())
    told["certificate"][1] = {"proof": "prices"}
    told["certificate"][0] = {"proof": "search"}
    result.write_text(json.dumps(told))
    assert main(["audit", str(problem), str(result)]) == 1
    said = capsys.readouterr()
    assert "FALSE" in said.err
    assert "prove no bound" in said.out


# -- infeasible --------------------------------------------------------------------------------------


def test_prices_show_that_nothing_satisfies_the_rules():
    source = seats()
    for group in source["groups"]:
        group["required"] = True
    problem = read(source)
    outcome = solve(problem)
    assert outcome.status is Status.INFEASIBLE
    assert outcome.certificate[0]["proof"] == "prices"
    assert audit(problem, outcome) == []
    assert false(problem, with_entry(outcome, 0, capacity={})) == {"certificate"}
    assert false(problem, with_entry(outcome, 0, earlier=[1])) == {"certificate"}


# -- chains ------------------------------------------------------------------------------------------


def crowd(seed: int) -> Problem:
    return read(samples.plain(seed=seed, groups=30, options=6, listed=3, seats=4))


def chained(problem: Problem, outcome: Outcome) -> Outcome:
    return with_entry(outcome, -1, proof="chain")


@pytest.mark.parametrize("seed", range(6))
def test_a_chain_proves_the_draw_on_a_network(seed):
    problem = crowd(seed)
    outcome = solve(problem, seconds=20)
    assert outcome.stages[-1].value == len(problem.groups.ids)
    assert audit(problem, chained(problem, outcome)) == []


def test_two_who_swap_places_against_the_draw_are_noticed():
    noticed = 0
    for seed in range(6):
        problem = crowd(seed)
        outcome = solve(problem, seconds=20)
        rank = {
            (problem.groups.ids[int(g)], problem.options.ids[int(o)]): int(r)
            for g, o, r in zip(
                problem.choices.group, problem.choices.option, problem.choices.rank, strict=True
            )
        }
        groups = sorted(outcome.placements)
        for one in groups:
            for other in groups:
                here, there = str(outcome.placements[one]), str(outcome.placements[other])
                kept = {(one, here), (other, there)}
                swapped = {(one, there), (other, here)}
                if one < other and here != there and swapped <= rank.keys():
                    if sorted(rank[p] for p in kept) != sorted(rank[p] for p in swapped):
                        continue
                    if [rank[one, here]] == [rank[one, there]]:
                        continue
                    places = dict(outcome.placements) | {one: there, other: here}
                    taken, _ = read_placements(problem, places)
                    ledger = Ledger(problem, taken, {})
                    prover = Prover(
                        problem,
                        [s.allowed(r.best) for s, r in zip(problem.stages, outcome.stages, strict=True)],
                    )
                    for number, entry in enumerate(outcome.certificate[:-1]):
                        prover.prove(number, Certificate.from_dict(problem, entry))
                    noticed += chain.best_off(ledger, prover.settled) < len(problem.groups.ids)
                    assert chain.best_off(ledger, prover.settled) < len(problem.groups.ids)
    assert noticed


def test_no_chain_is_claimed_for_parties(camp):
    problem, outcome = camp
    assert false(problem, with_entry(outcome, -1, proof="chain")) == {"certificate"}
