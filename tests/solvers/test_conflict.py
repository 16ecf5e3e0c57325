"""Rules that cannot hold together: none named that could be spared, at any size, and what would come nearest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import samples
from solvers.audit import audit
from solvers.engines import conflict, nearest
from solvers.engines.search import Search
from solvers.outcome import Outcome, Status
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import solve
from solvers.source import FORMAT


def written(rule):
    return rule["kind"], *rule.get("groups", [rule.get("id")])


def three_batches_without_money():
    source = samples.camp(children=60, batches=3, seats=15)
    for option in source["options"]:
        option["must_run"] = True
    source["resources"][0]["capacity"] = 2 * 6_000_000
    return source


def test_a_conflict_is_irreducible_or_says_that_it_may_not_be():
    search = Search(Form.of(read(three_batches_without_money())), 20)
    found = nearest.explain(search, seconds=20)
    assert {written(rule) for rule in found["rules"]} >= {("resource", "fund")}
    assert len(found["rules"]) == 4
    assert "irreducible" not in found
    assert nearest.explain(search, seconds=0)["irreducible"] is False


def test_carriers_are_not_blamed_for_seats_that_an_option_lacks():
    seats = {"id": "a", "capacity": 1, "minimum": 2, "must_run": True, "carriers": [{"seats": 1}]}
    pairs = [{"id": "g", "size": 2, "choices": [{"option": "a", "rank": 1}]}]
    problem = read({"format": FORMAT, "options": [seats], "groups": pairs, "pinned": {"g": "a"}})
    outcome = solve(problem, seconds=20)
    assert {written(rule) for rule in outcome.conflict["rules"]} == {("capacity", "a"), ("pinned", "g")}
    nearest_one = outcome.conflict["nearest"]
    assert (nearest_one["placements"], nearest_one["carriers"]) == ({"g": "a"}, {"a": [2]})
    assert audit(problem, outcome) == []


def test_the_nearest_placement_misses_only_what_is_in_conflict_and_says_by_how_much():
    problem = read(three_batches_without_money())
    outcome = solve(problem, seconds=30)
    assert outcome.status is Status.INFEASIBLE
    near = outcome.conflict["nearest"]
    loose = {written(rule) for rule in outcome.conflict["rules"]}
    assert near["missed"]
    assert {written(rule) for rule in near["missed"]} <= loose
    assert len(near["placements"]) > 0
    assert audit(problem, outcome) == []
    read_back = Outcome.from_dict(outcome.to_dict())
    assert audit(problem, read_back) == []


def test_a_nearest_placement_that_breaks_something_else_is_found_out():
    problem = read(three_batches_without_money())
    outcome = solve(problem, seconds=30)
    told = outcome.to_dict()
    group = next(iter(told["conflict"]["nearest"]["placements"]))
    stranger = next(g for g in problem.groups.ids if g not in told["conflict"]["nearest"]["placements"])
    option = told["conflict"]["nearest"]["placements"][group]
    for id_ in problem.groups.ids:
        if option in listed(problem, id_):
            told["conflict"]["nearest"]["placements"][id_] = option
    assert stranger in problem.groups.ids
    breaches = audit(problem, Outcome.from_dict(told))
    assert {breach.rule for breach in breaches} == {"nearest"}
    told["conflict"]["nearest"]["placements"]["nobody"] = option
    assert audit(problem, Outcome.from_dict(told))


def listed(problem, id_):
    group = problem.group_number[id_]
    return [problem.options.ids[o] for o in problem.choices.option[problem.choices.group == group].tolist()]


def floor_and_ceiling(groups, seats, floor, *, noise=0):
    """A floor for one tag in options that have fewer seats; ``noise`` others list anything."""
    source = samples.plain(groups=noise, options=20, seats=1000) if noise else {"options": [], "groups": []}
    return {
        "format": FORMAT,
        "options": [*source["options"], {"id": "z1", "capacity": seats}, {"id": "z2", "capacity": seats}],
        "groups": [
            *source["groups"],
            *(
                {
                    "id": f"x{number:05}",
                    "lot": 10**6 + number,
                    "tags": {"county": 1},
                    "choices": [{"option": "z1", "rank": 1}, {"option": "z2", "rank": 2}],
                }
                for number in range(groups)
            ),
        ],
        "limits": [
            {"id": "floor", "tag": "county", "minimum": floor},
            {"id": "other", "options": ["z1"], "maximum": 5000},
        ],
    }


def test_a_conflict_in_a_problem_too_large_to_ask_whole_is_proved_on_the_part_that_matters():
    problem = read(floor_and_ceiling(100, 30, 70, noise=15_000))
    assert len(problem.choices.group) > 40_000
    outcome = solve(problem, seconds=60)
    assert outcome.status is Status.INFEASIBLE
    assert {written(rule) for rule in outcome.conflict["rules"]} == {
        ("limit", "floor"),
        ("capacity", "z1"),
        ("capacity", "z2"),
    }
    assert "irreducible" not in outcome.conflict
    missed = outcome.conflict["nearest"]["missed"]
    assert missed == [{"kind": "limit", "id": "floor", "by": 10}]
    assert len(outcome.conflict["nearest"]["placements"]) > 10_000
    assert audit(problem, outcome) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.data())
def test_what_is_narrowed_never_asks_for_more_than_the_whole(seed, floor, data):
    source = samples.camp(seed=seed, children=14, batches=2, seats=5)
    source["limits"].append({"id": "floor", "tag": "sex:f", "minimum": floor})
    form = Form.of(read(source))
    groups = np.array(
        data.draw(
            st.lists(
                st.booleans(), min_size=len(form.problem.groups.ids), max_size=len(form.problem.groups.ids)
            )
        )
    )
    clock = Search(form, 20)
    part, all_ = conflict.narrowed(form, groups), conflict.whole(form)
    if conflict._impossible(clock, part, set(part.rules)):
        assert conflict._impossible(clock, all_, set(all_.rules))


@pytest.mark.parametrize("floor", [11, 40])
def test_floors_for_more_than_there_is_room_for_are_missed_by_the_difference(floor):
    problem = read(floor_and_ceiling(50, 5, floor))
    outcome = solve(problem, seconds=20)
    assert outcome.status is Status.INFEASIBLE
    assert outcome.conflict["nearest"]["missed"] == [{"kind": "limit", "id": "floor", "by": floor - 10}] or (
        sum(one["by"] for one in outcome.conflict["nearest"]["missed"]) == floor - 10
    )


def test_what_is_missed_of_a_limit_for_many_tags_and_options_says_which_and_in_heads():
    groups = [
        {"id": f"g{n}", "tags": {"sex:f": 1}, "required": True, "choices": [{"option": "a", "rank": 1}]}
        for n in range(5)
    ]
    limit = {"id": "s", "options": "*", "each": True, "tag": "sex:*", "share": [3, 5], "minimum": 9}
    problem = read({"format": FORMAT, "options": [{"id": "a"}], "groups": groups, "limits": [limit]})
    search = Search(Form.of(problem), 20)
    found = nearest.find(search, _all_limits(search), seconds=20)
    assert found is not None
    missed = found[1]
    where = {"kind": "limit", "id": "s", "tag": "sex:f", "option": "a"}
    assert missed == [where | {"side": "minimum", "by": 4}, where | {"side": "share", "by": 2}]


def _all_limits(search):
    rules = conflict.whole(search.form).rules
    return {rule for rule, is_limit in zip(rules, search.form.is_of("limit"), strict=True) if is_limit}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_rule_that_fails_by_itself_is_found_however_few_entries_are_summed_at_one_time(place, monkeypatch):
    limits = [{"id": f"l{number}", "tag": "women", "minimum": 1} for number in range(3)]
    limits[place]["minimum"] = 4
    women = [{"id": f"g{n}", "tags": {"women": 1}, "choices": [{"option": "a", "rank": 1}]} for n in range(3)]
    options = [{"id": "a", "capacity": 5}]
    form = Form.of(read({"format": FORMAT, "options": options, "groups": women, "limits": limits}))
    for at_once in (1, 2, 500_000):
        monkeypatch.setattr(conflict, "AT_ONCE", at_once)
        assert conflict.hopeless(form) == ("limit", place)


def test_rules_that_speak_of_nobody_fail_wherever_they_stand():
    form = Form.of(read({"format": FORMAT, "options": [{"id": "a"}], "groups": [], "limits": []}))
    assert conflict.hopeless(form) is None
    nobody = {"id": "l", "tag": "nobody", "minimum": 1}
    form = Form.of(read({"format": FORMAT, "options": [{"id": "a"}], "groups": [], "limits": [nobody]}))
    assert conflict.hopeless(form) == ("limit", 0)
