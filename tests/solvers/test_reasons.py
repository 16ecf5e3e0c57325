"""Why not: one small story for each code."""

import pytest

from solvers.outcome import Outcome
from solvers.problem import read
from solvers.reasons import explain
from solvers.solve import solve
from solvers.source import FORMAT


def group(id_, *choices: str, **keys):
    return {"id": id_, "choices": [{"option": o, "rank": n} for n, o in enumerate(choices, 1)], **keys}


def told(group_id, **keys):
    problem = read({"format": FORMAT} | keys)
    outcome = solve(problem, seconds=20)
    reason = explain(problem, outcome, group_id)
    assert reason.paragraph.startswith(f'Group "{group_id}"')
    return reason.why_not


A, B = {"id": "a"}, {"id": "b"}
ONE_SEAT = {"id": "a", "capacity": 1}
LUCKY, LATE = group("g", "a", lot=1), group("h", "a", "b", lot=2)


def test_full_names_the_last_one_in():
    assert told("h", options=[ONE_SEAT, B], groups=[LUCKY, LATE])[0] == {
        "option": "a",
        "code": "full",
        "tier": 1,
        "rank": 1,
        "lot": 1,
        "passed": 0,
    }


def test_passed_counts_those_inside_who_come_later_in_line():
    heavy = group("h", "a", lot=2, weight=5)
    assert told("g", options=[ONE_SEAT], groups=[LUCKY, heavy])[0]["passed"] == 1


def test_too_large_says_how_many_seats_were_left():
    family = group("h", "a", size=3, weight=1)
    reason = told("h", options=[{"id": "a", "capacity": 3}], groups=[LUCKY, family])
    assert reason == ({"option": "a", "code": "too-large", "size": 3, "left": 2},)


def test_what_did_not_run_says_who_had_listed_it():
    reason = told("g", options=[{"id": "a", "minimum": 3}, B], groups=[group("g", "a", "b"), group("h", "a")])
    assert reason == ({"option": "a", "code": "did-not-run", "listed": 2, "minimum": 3},)


def test_banned_and_pinned_come_first():
    assert told("h", options=[A, B], groups=[LUCKY, LATE], banned={"h": ["a"]})[0]["code"] == "banned"
    assert told("h", options=[A, B], groups=[LUCKY, LATE], pinned={"h": "b"})[0]["code"] == "pinned"


def test_apart_and_clash_name_the_other():
    both = [group("g", "a", lot=1), group("h", "a", "b", lot=2)]
    assert told("h", options=[A, B], groups=both, apart=[["g", "h"]])[0] == {
        "option": "a",
        "code": "apart",
        "group": "g",
    }
    mine = [group("g", "a", lot=1, people=["p"]), group("h", "b", lot=2, people=["p"])]
    assert told("h", options=[A, B], groups=mine, clashes=["*"])[0] == {
        "option": "b",
        "code": "clash",
        "person": "p",
        "with": "a",
    }


def test_a_fund_says_what_was_left_and_needed():
    keys = {
        "resources": [{"id": "fund", "capacity": 100}],
        "options": [{"id": "a", "head_uses": {"fund": 60}}],
    }
    reason = told("h", groups=[group("g", "a", lot=1), group("h", "a", lot=2)], **keys)
    assert reason[0] == {"option": "a", "code": "resource", "resource": "fund", "left": 40, "needed": 60}


def test_a_limit_is_named_with_its_heads():
    keys = {"options": [A], "limits": [{"id": "quota", "options": "*", "tag": "v", "maximum": 1}]}
    reason = told(
        "h", groups=[group("g", "a", lot=1, tags={"v": 1}), group("h", "a", lot=2, tags={"v": 1})], **keys
    )
    assert reason[0] == {"option": "a", "code": "limit", "limit": "quota", "heads": 2, "tag": "v"}


def test_changes_and_aims_say_by_how_much():
    seats = [{"id": "a", "capacity": 1}, {"id": "b", "capacity": 1}, {"id": "c"}]
    stay = {"previous": {"h": "b"}, "max_changes": 0}
    assert told("h", options=seats, groups=[group("h", "a", "b")], **stay)[0] == {
        "option": "a",
        "code": "changes",
        "moved": 1,
        "most": 0,
    }
    dear = [{"id": "a", "cost": 5}, {"id": "b", "cost": 3}]
    aims = [{"stage": "placed"}, {"stage": "cost"}, {"stage": "lot"}]
    assert told("h", options=dear, groups=[group("h", "a", "b")], objective=aims)[0] == {
        "option": "a",
        "code": "aim",
        "stage": "cost",
        "by": 2,
    }


def test_the_unplaced_hear_what_they_did_not_list():
    assert told("h", options=[ONE_SEAT, B], groups=[LUCKY, group("h", "a", lot=2), group("i", "b")])[-1] == {
        "code": "not-listed",
        "options": ["b"],
    }


def test_nothing_is_told_of_a_problem_without_an_answer():
    keys = {"options": [ONE_SEAT], "groups": [group("g", "a", required=True), group("h", "a", required=True)]}
    assert told("g", **keys) == ()


def test_an_unknown_group_is_a_key_error():
    problem = read({"format": FORMAT, "options": [A], "groups": [LUCKY]})
    with pytest.raises(KeyError):
        explain(problem, Outcome.from_dict(solve(problem).to_dict()), "nobody")


def test_a_split_group_hears_where_its_heads_are_and_how_many_are_left_out():
    seats = [{"id": "a", "capacity": 2}, {"id": "b", "capacity": 1}]
    problem = read({"format": FORMAT, "options": seats, "groups": [group("g", "a", "b", size=5, piece=1)]})
    paragraph = explain(problem, solve(problem, seconds=20), "g").paragraph
    assert paragraph.startswith('Group "g" has 2 of 5 heads in "a" and 1 of 5 heads in "b"; 2 left out.')


def test_a_reason_of_another_version_is_told_as_it_stands():
    problem = read({"format": FORMAT, "options": [ONE_SEAT, B], "groups": [LUCKY, LATE]})
    written = solve(problem).to_dict() | {"reasons": {"h": [{"option": "a", "code": "weather"}]}}
    assert '"weather"' in explain(problem, Outcome.from_dict(written), "h").paragraph
