"""Whatever the small problem: the audit is clean, brute force agrees, and the order of the input is nothing."""

import json
import random
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvers.audit import RULES, audit
from solvers.engines import exact, flow
from solvers.engines.search import Search
from solvers.ledger import Ledger
from solvers.outcome import Status
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import solve
from solvers.source import FORMAT, canonical_text

FEW = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
OPTIONS = ("a", "b", "c")


@st.composite
def problems(draw, *, most_groups=5, joint=True):
    number = st.integers(0, 3)
    seats = []
    for id_ in OPTIONS:
        option = {"id": id_, "capacity": draw(st.integers(1, 4))}
        if joint:
            option |= {"minimum": draw(number), "cost": draw(number), "head_uses": {"fund": draw(number)}}
            if draw(st.booleans()):
                option["carriers"] = [{"seats": draw(st.integers(1, 3)), "uses": {"fund": draw(number)}}]
        seats.append(option)
    groups = []
    for n in range(draw(st.integers(1, most_groups))):
        listed = draw(st.permutations(OPTIONS))[: draw(st.integers(1, 3))]
        ranks = sorted(draw(st.lists(st.integers(1, 3), min_size=len(listed), max_size=len(listed))))
        one: dict[str, Any] = {
            "id": f"g{n}",
            "choices": [{"option": o, "rank": r} for o, r in zip(listed, ranks, strict=True)],
        }
        if draw(st.booleans()):
            one["lot"] = 10 - n
        one["tier"] = draw(st.integers(1, 2))
        if joint:
            one |= {"size": draw(st.integers(1, 3)), "tags": {draw(st.sampled_from(("v:1", "v:2"))): 1}}
            one["people"] = draw(st.lists(st.sampled_from(("p", "q", "r")), max_size=1))
        groups.append(one)
    problem = {"format": FORMAT, "options": seats, "groups": groups}
    if joint:
        problem |= {
            "resources": [
                {"id": "fund", "capacity": draw(st.integers(0, 9)), "spill": "more"},
                {"id": "more", "capacity": draw(number)},
            ],
            "limits": [
                {"id": "m", "options": "*", "each": True, "tag": "v:*", "maximum": draw(st.integers(1, 3))},
                {"id": "s", "options": "*", "tag": "v:*", "minimum": draw(number), "soft": True},
                {
                    "id": "h",
                    "options": "*",
                    "each": True,
                    "tag": "v:1",
                    "share": [1, 2],
                    "soft": draw(st.booleans()),
                },
            ],
            "clashes": draw(st.sampled_from(([], [["a", "b"]], ["*"]))),
        }
        if draw(st.booleans()) and len(groups) > 1:
            problem["apart"] = [["g0", "g1"]]
    return problem


def by_force(problem):
    """The best of all placements, stage by stage and then by the draw; None if there is none."""
    choices, groups = problem.choices, problem.groups
    turn = problem.turn.tolist()
    places = [[None, *range(int(groups.first[g]), int(groups.first[g + 1]))] for g in range(len(groups.ids))]
    found = None
    for placed in product(*places):
        taken = {choice: 1 for choice in placed if choice is not None}
        load = Ledger(problem, taken, {}).load
        pieces = {
            option: tuple(-(-load[option] // carrier.seats) for carrier in listed)
            for option, listed in enumerate(problem.options.carriers)
        }
        ledger = Ledger(problem, taken, pieces)
        if any(breach for rule in RULES for breach in rule(ledger)):
            continue
        aims = [(-1 if s.maximise else 1) * ledger.value(s) for s in problem.stages if s.stage != "lot"]
        lots = [len(choices.group) if placed[g] is None else placed[g] - int(groups.first[g]) for g in turn]
        if found is None or (aims, lots) < found[:2]:
            names = {
                groups.ids[int(choices.group[c])]: problem.options.ids[int(choices.option[c])] for c in taken
            }
            found = (aims, lots, names)
    return found


@FEW
@given(problems())
def test_brute_force_finds_the_same_answer(source):
    problem = read(source)
    outcome, best = solve(problem, seconds=20), by_force(problem)
    assert best is not None
    assert outcome.status is Status.OPTIMAL
    assert outcome.placements == best[2]
    assert audit(problem, outcome) == []


@settings(FEW, max_examples=25)
@given(problems(most_groups=7))
def test_the_wide_way_breaks_no_rule_and_claims_no_false_bound(source):
    problem = read(source)
    wide, proved = solve(problem, seconds=0.3, engine="flow"), solve(problem, seconds=20)
    assert audit(problem, wide) == []
    if wide.answered:
        for stage, mine, best in zip(problem.stages, wide.stages, proved.stages, strict=True):
            assert mine.bound is not None
            if mine.best != best.best:
                sign = 1 if stage.maximise else -1
                assert sign * (best.best - mine.best) > 0  # the first difference is to the better
                assert sign * (mine.bound - best.best) >= 0
                break


@FEW
@given(problems(most_groups=9, joint=False))
def test_the_flow_finds_the_values_of_cp_sat(source):
    form = Form.of(read(source))
    assert flow.fits(form)
    one, other = Search(form, 20), Search(form, 20)
    flow.solve(one)
    exact.solve(other, exact.Model(form), until=20)
    assert one.reached == other.reached == one.bounds == other.bounds
    assert not form.broken(one.best).any()
    assert [aim.value(one.best) for aim in form.aims] == one.reached


@FEW
@given(problems(most_groups=7), st.randoms(use_true_random=False))
def test_shuffled_input_and_another_seed_give_the_same_bytes(source, draw):
    shuffled = json.loads(json.dumps(source))
    for key in ("options", "groups", "limits"):
        draw.shuffle(shuffled.get(key, []))
    one, other = solve(read(source), seconds=20), solve(read(shuffled), seconds=20, seed=7)
    assert one.status is Status.OPTIMAL
    texts = [canonical_text({k: v for k, v in o.to_dict().items() if k != "run"}) for o in (one, other)]
    assert texts[0] == texts[1]


def test_one_seat_more_never_makes_a_proved_answer_worse():
    draw = random.Random(5)
    for _ in range(5):
        source = {
            "format": FORMAT,
            "options": [{"id": o, "capacity": draw.randint(1, 3)} for o in OPTIONS],
            "groups": [
                {
                    "id": f"g{n}",
                    "choices": [{"option": o, "rank": r} for r, o in enumerate(draw.sample(OPTIONS, 2), 1)],
                }
                for n in range(8)
            ],
        }
        before = solve(read(source)).stages[0].value
        source["options"][0]["capacity"] += 1
        assert solve(read(source)).stages[0].value >= before
