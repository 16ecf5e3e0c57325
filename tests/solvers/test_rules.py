"""Each rule of the format: an instance it allows and one it forbids."""

from typing import Any

import pytest

from solvers.outcome import Status
from solvers.problem import read
from solvers.solve import solve
from solvers.source import FORMAT


def options(*ids: str, **keys):
    return [{"id": id_, **keys} for id_ in ids]


def group(id_, *choices: str | dict[str, Any], **keys):
    listed = [
        choice if isinstance(choice, dict) else {"option": choice, "rank": n}
        for n, choice in enumerate(choices, 1)
    ]
    return {"id": id_, "choices": listed, **keys}


def answer(**keys):
    """Solve and hand back the placements; the audit has passed."""
    outcome = solve(read({"format": FORMAT} | keys), seconds=20)
    assert outcome.status is Status.OPTIMAL, outcome.conflict
    return outcome


def conflict(**keys):
    """The kinds of rules that cannot hold together."""
    outcome = solve(read({"format": FORMAT} | keys), seconds=20)
    assert outcome.status is Status.INFEASIBLE
    assert outcome.placements == {}
    return {rule["kind"] for rule in outcome.conflict["rules"]}


def pair(**keys):
    """Two singles who both want a, then b."""
    return [group("g", "a", "b", **keys), group("h", "a", "b")]


def test_capacity_is_kept():
    assert answer(options=options("a", "b", capacity=2), groups=pair()).placements == {"g": "a", "h": "a"}
    assert answer(options=options("a", "b", capacity=1), groups=pair()).placements == {"g": "a", "h": "b"}


@pytest.mark.parametrize("groups", [[], [group("g")]])
@pytest.mark.parametrize("keys", [{}, {"objective": []}, {"objective": [{"stage": "lot"}]}])
def test_where_there_is_nothing_to_choose_the_answer_is_empty(groups, keys):
    fund = [{"id": "fund", "capacity": 5}]
    outcome = answer(options=[], groups=groups, resources=fund, **keys)
    assert (outcome.placements, outcome.running) == ({}, ())


def test_an_objective_that_counts_nothing_is_met_by_whatever_keeps_the_rules():
    seats = options("a", minimum=1, must_run=True)
    assert answer(options=seats, groups=[group("g", "a")], objective=[]).placements == {"g": "a"}
    assert conflict(options=seats, groups=[group("g")], objective=[]) == {"minimum", "must_run"}


def test_a_group_is_placed_together_or_not_at_all():
    family = [group("g", "a", size=3)]
    assert answer(options=options("a", capacity=3), groups=family).placements == {"g": "a"}
    assert answer(options=options("a", capacity=2), groups=family).placements == {}


def test_heads_of_a_choice_count_in_place_of_the_size():
    choice = {"option": "a", "rank": 1, "heads": 2}
    assert answer(options=options("a", capacity=2), groups=[group("g", choice, size=3)]).placements == {
        "g": "a"
    }
    assert answer(options=options("a", capacity=1), groups=[group("g", choice, size=3)]).placements == {}


def test_an_option_meets_its_minimum_or_does_not_run():
    outcome = answer(options=options("a", minimum=2), groups=[group("g", "a"), group("h", "a")])
    assert outcome.running == ("a",)
    outcome = answer(options=options("a", minimum=3), groups=[group("g", "a"), group("h", "a")])
    assert (outcome.running, outcome.placements) == ((), {})


def test_an_option_that_must_run_does():
    must = [{"id": "a", "must_run": True, "minimum": 1}, {"id": "b"}]
    assert answer(options=must, groups=[group("g", "b", "a")]).placements == {"g": "a"}
    assert conflict(options=must, groups=[group("g", "b")]) == {"must_run", "minimum"}


def test_required_groups_are_placed_or_nothing_is():
    both = [group("g", "a", required=True), group("h", "a", required=True)]
    assert len(answer(options=options("a", capacity=2), groups=both).placements) == 2
    outcome = solve(read({"format": FORMAT, "options": options("a", capacity=1), "groups": both}))
    assert {"kind": "required", "groups": ["g", "h"]} in outcome.conflict["rules"]
    assert {"kind": "capacity", "id": "a"} in outcome.conflict["rules"]


def test_pins_and_bans_hold():
    outcome = answer(options=options("a", "b"), groups=pair(), pinned={"g": "b", "h": None})
    assert outcome.placements == {"g": "b"}
    assert answer(options=options("a", "b"), groups=pair(), banned={"g": ["a"]}).placements["g"] == "b"
    assert conflict(options=options("a", "b"), groups=pair(), pinned={"g": "b"}, banned={"g": ["b"]}) == {
        "pinned",
        "banned",
    }


def test_a_fund_is_not_overdrawn():
    fund = [{"id": "fund", "capacity": 100}]
    seats = options("a", head_uses={"fund": 60})
    assert (
        len(answer(resources=fund, options=seats, groups=[group("g", "a"), group("h", "a")]).placements) == 1
    )
    assert (
        len(
            answer(
                resources=[{"id": "fund", "capacity": 120}],
                options=seats,
                groups=[group("g", "a"), group("h", "a")],
            ).placements
        )
        == 2
    )


def test_what_exceeds_one_fund_is_borne_by_the_next():
    small = [{"id": "county", "capacity": 60, "spill": "fund"}, {"id": "fund", "capacity": 59}]
    seats = options("a", head_uses={"county": 60})
    both = [group("g", "a"), group("h", "a")]
    assert len(answer(resources=small, options=seats, groups=both).placements) == 1
    small[1]["capacity"] = 60
    assert len(answer(resources=small, options=seats, groups=both).placements) == 2


def test_an_option_that_does_not_run_uses_nothing():
    fund = [{"id": "fund", "capacity": 50}]
    seats = [{"id": "a", "uses": {"fund": 50}}, {"id": "b", "uses": {"fund": 50}}]
    assert (
        len(answer(resources=fund, options=seats, groups=[group("g", "a"), group("h", "b")]).placements) == 1
    )
    assert (
        len(answer(resources=fund, options=seats, groups=[group("g", "a"), group("h", "a")]).placements) == 2
    )


def test_enough_carriers_are_taken_and_no_more_than_there_are():
    coach = options("a", carriers=[{"seats": 2, "cost": 7}])
    assert answer(options=coach, groups=[group("g", "a", size=3)]).carriers == {"a": (2,)}
    coach[0]["carriers"][0]["most"] = 1
    assert answer(options=coach, groups=[group("g", "a", size=3)]).placements == {}


def test_no_carriers_are_taken_where_an_option_must_run_and_nobody_comes():
    seats = [{"id": "a"}, {"id": "b", "must_run": True, "carriers": [{"seats": 2}]}]
    outcome = answer(options=seats, groups=[group("g", "a", "b")])
    assert (outcome.placements, outcome.carriers) == ({"g": "a"}, {"b": (0,)})


def test_carriers_share_the_load_of_their_tag():
    rooms = options(
        "a", carriers=[{"tag": "f", "seats": 3, "cost": 3}, {"tag": "f", "seats": 2, "cost": 2}, {"seats": 9}]
    )
    outcome = answer(options=rooms, groups=[group("g", "a", size=7, tags={"f": 5})])
    assert outcome.carriers == {"a": (1, 1, 1)}


def test_teachers_taken_by_the_piece_use_a_resource():
    seats = options("a", carriers=[{"seats": 1, "uses": {"teacher": 1}}])
    teachers = [{"id": "teacher", "capacity": 1}]
    assert (
        len(answer(resources=teachers, options=seats, groups=[group("g", "a"), group("h", "a")]).placements)
        == 1
    )


@pytest.mark.parametrize(("maximum", "placed"), [(1, 1), (2, 2)])
def test_a_maximum_by_tag_holds_over_all_options(maximum, placed):
    limit = [{"id": "l", "options": "*", "tag": "v", "maximum": maximum}]
    tagged = [group("g", "a", tags={"v": 1}), group("h", "b", tags={"v": 1})]
    assert len(answer(options=options("a", "b"), groups=tagged, limits=limit).placements) == placed


def test_a_maximum_for_each_option_spreads_a_village():
    limit = [{"id": "l", "options": "*", "each": True, "tag": "v:*", "maximum": 1}]
    tagged = [
        group("g", "a", "b", tags={"v:1": 1}),
        group("h", "a", "b", tags={"v:1": 1}),
        group("i", "a", tags={"v:2": 1}),
    ]
    assert answer(options=options("a", "b"), groups=tagged, limits=limit).placements == {
        "g": "a",
        "h": "b",
        "i": "a",
    }


def test_a_floor_brings_a_village_in_or_is_named():
    limit = [{"id": "floor", "options": "*", "tag": "v:*", "minimum": 1}]
    tagged = [
        group("g", "a", tier=1, tags={"v:1": 1}),
        group("h", "a", tier=1, tags={"v:1": 1}),
        group("i", "a", tier=2, tags={"v:2": 1}),
    ]
    assert "i" in answer(options=options("a", capacity=2), groups=tagged, limits=limit).placements
    assert conflict(options=options("a", capacity=1), groups=tagged, limits=limit) == {"capacity", "limit"}
    nobody = [{"id": "floor", "options": "*", "tag": "w", "minimum": 1}]
    assert conflict(options=options("a"), groups=tagged, limits=nobody) == {"limit"}


def test_a_floor_for_each_option_binds_only_where_it_runs():
    limit = [{"id": "l", "options": "*", "each": True, "tag": "f", "minimum": 1}]
    mixed = [group("g", "a", tags={"f": 1}), group("h", "a"), group("i", "b")]
    assert answer(options=options("a", "b"), groups=mixed, limits=limit).placements == {"g": "a", "h": "a"}


def test_a_hard_share_keeps_the_balance():
    limit = [{"id": "l", "options": "*", "each": True, "tag": "f", "share": [1, 2]}]
    girls = [group("g", "a", tags={"f": 1}), group("h", "a", tags={"f": 1}), group("i", "a", tags={"m": 1})]
    assert len(answer(options=options("a"), groups=girls, limits=limit).placements) == 2


def test_a_soft_limit_is_missed_by_as_few_heads_as_can_be():
    limit = [{"id": "l", "options": "*", "each": True, "tag": "f", "maximum": 1, "soft": True}]
    girls = [group(name, "a", tags={"f": 1}) for name in "ghi"]
    outcome = answer(options=options("a"), groups=girls, limits=limit)
    assert {stage.stage: stage.value for stage in outcome.stages}["soft"] == 2
    outcome = answer(
        options=options("a"),
        groups=girls,
        limits=limit,
        objective=[{"stage": "soft"}, {"stage": "placed"}, {"stage": "lot"}],
    )
    assert len(outcome.placements) == 1


def test_groups_kept_apart_are_not_in_one_option():
    assert answer(options=options("a", "b"), groups=pair(), apart=[["h", "g"]]).placements == {
        "g": "a",
        "h": "b",
    }


def test_nobody_is_in_two_places_at_once():
    mine = [group("g", "a", people=["p"]), group("h", "b", people=["p"])]
    assert len(answer(options=options("a", "b"), groups=mine).placements) == 2
    assert len(answer(options=options("a", "b"), groups=mine, clashes=[["a", "b"]]).placements) == 1
    assert len(answer(options=options("a", "b"), groups=mine, clashes=["*"]).placements) == 1


def test_nobody_holds_one_option_twice():
    mine = [group("g", "a", people=["p"]), group("h", "a", people=["p"])]
    assert len(answer(options=options("a"), groups=mine).placements) == 1


def test_a_split_group_has_no_part_smaller_than_its_piece():
    party = [group("g", "a", "b", size=5, piece=2)]
    seats = [{"id": "a", "capacity": 3}, {"id": "b", "capacity": 9}]
    assert answer(options=seats, groups=party).placements == {"g": {"a": 3, "b": 2}}
    seats[0]["capacity"] = 4
    assert answer(options=seats, groups=party).placements == {"g": {"a": 3, "b": 2}}
    seats[1]["capacity"] = 1
    assert answer(options=seats, groups=party).placements == {"g": {"a": 4}}


def test_no_more_heads_move_than_may():
    seats = options("a", "b", capacity=1)
    before = {"g": "b", "h": "a"}
    assert (
        answer(options=seats, groups=pair(), previous=before, objective=[{"stage": "lot"}]).placements["g"]
        == "a"
    )
    assert answer(options=seats, groups=pair(), previous=before, max_changes=1).placements == before


def test_a_tolerance_lets_later_stages_fall_back_and_no_further():
    seats = [{"id": "a", "cost": 10}, {"id": "b", "cost": 10}]
    four = [group(name, "a") for name in "ghi"] + [group("j", "b")]
    strict = answer(
        options=seats, groups=four, objective=[{"stage": "placed"}, {"stage": "cost"}, {"stage": "lot"}]
    )
    assert len(strict.placements) == 4
    lenient = [{"stage": "placed", "tolerance": [1, 4]}, {"stage": "cost"}, {"stage": "lot"}]
    outcome = answer(options=seats, groups=four, objective=lenient)
    assert outcome.placements == dict.fromkeys("ghi", "a")
    assert (outcome.stages[0].value, outcome.stages[0].reached, outcome.stages[1].value) == (3, 4, 10)


def test_what_a_tolerance_allows_is_not_claimed_where_the_placements_give_more():
    spread = {"stage": "spread", "prefix": "v:", "tolerance": [1, 3]}
    outcome = answer(options=options("a"), groups=[group("g", "a")], objective=[spread, {"stage": "lot"}])
    assert (outcome.stages[0].value, outcome.stages[0].reached) == (1000, None)


def test_worst_and_spread_and_running_are_counted():
    seats = options("a", "b", capacity=2)
    four = [group(name, "a", "b", tags={"c:1" if name in "gh" else "c:2": 1}) for name in "ghij"]
    outcome = answer(
        options=seats,
        groups=four,
        objective=[
            {"stage": "running"},
            {"stage": "placed"},
            {"stage": "spread", "prefix": "c:"},
            {"stage": "rank", "as": "worst"},
            {"stage": "lot"},
        ],
    )
    assert [stage.value for stage in outcome.stages] == [0, 0, 0, 0, 4]
    outcome = answer(
        options=seats,
        groups=four,
        objective=[
            {"stage": "spread", "prefix": "c:"},
            {"stage": "running"},
            {"stage": "rank", "as": "worst"},
            {"stage": "lot"},
        ],
    )
    assert [stage.value for stage in outcome.stages] == [1000, 2, 2, 4]
