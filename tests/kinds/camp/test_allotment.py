"""How a camp's places are given out: tiers, parties, teachers, minimum, fund, balance."""

from __future__ import annotations

from datetime import date

import pytest

from eventhub.domain.facts import PastPlace
from eventhub.domain.terms import Sex
from eventhub.kinds.camp.allotment import tier_of
from tests.kinds.stories import (
    alone,
    batch,
    framed,
    fund,
    infeasible,
    party,
    person,
    placed,
    programme,
    solved,
)

LOOSE = {"sex_difference": 1000}
BEEN = [PastPlace("camp", 2025)]


def _codes(prefix: str, placements: dict[str, str]) -> int:
    return sum(1 for code in placements if code.startswith(f"party-{prefix}"))


# -- Who comes first ---------------------------------------------------------------------------------


def test_kinds_of_family_are_served_in_the_organisers_order():
    parties = [
        *alone(4, ranking=["B1"], prefix="n", claims=["new_form"]),
        *alone(4, ranking=["B1"], prefix="h", claims=["hardship"]),
        *alone(4, ranking=["B1"], prefix="none"),
    ]
    usual = placed(programme("camp", [batch("B1", capacity=6)], settings=LOOSE), parties)
    turned = placed(
        programme(
            "camp",
            [batch("B1", capacity=6)],
            settings={**LOOSE, "family_order": ["new_form", "migrant", "hardship"]},
        ),
        parties,
    )
    assert (_codes("h", usual), _codes("n0", usual), _codes("none", usual)) == (4, 2, 0)
    assert (_codes("h", turned), _codes("n0", turned), _codes("none", turned)) == (2, 4, 0)


def test_never_been_comes_before_been_within_a_kind_of_family_but_not_across():
    camp = programme("camp", [batch("B1")])
    tiers = [
        tier_of(camp, person("a", claims=["hardship"])),
        tier_of(camp, person("b", claims=["hardship"], been=BEEN)),
        tier_of(camp, person("c", claims=["migrant"])),
        tier_of(camp, person("d", claims=["new_form"], been=BEEN)),
        tier_of(camp, person("e")),
    ]
    assert tiers == [1, 2, 3, 6, 7]


def test_a_place_not_taken_up_and_another_kind_of_programme_are_not_having_been():
    camp = programme("camp", [batch("B1")])
    absent = person("a", claims=["hardship"], been=[PastPlace("camp", 2025, attended=False)])
    elsewhere = person("b", claims=["hardship"], been=[PastPlace("retreat", 2025)])
    assert tier_of(camp, absent) == tier_of(camp, elsewhere) == 1


def test_nobody_gains_by_a_friends_claim():
    first, second = person("a", claims=["hardship"]), person("b", claims=["new_form"])
    camp = programme("camp", [batch("B1")])
    together = framed(camp, [party(first, second, ranking=["B1"])])["groups"][0]
    assert together["tier"] == tier_of(camp, second)


# -- Together or not at all --------------------------------------------------------------------------


def test_siblings_are_placed_together_or_not_at_all():
    pair = party(person("a"), person("b"), ranking=["B1", "B2"])
    one_seat_each = programme("camp", [batch("B1", capacity=1), batch("B2", capacity=1)], settings=LOOSE)
    assert placed(one_seat_each, [pair]) == {}
    assert placed(programme("camp", [batch("B1", capacity=2)], settings=LOOSE), [pair]) == {"party-a": "B1"}


def test_a_batch_one_of_a_pair_may_not_go_to_is_no_choice():
    pair = party(person("a"), person("b", born=date(2016, 8, 1)), ranking=["B1", "B2"])
    camp = programme("camp", [batch("B1"), batch("B2", date(2026, 8, 10))], settings=LOOSE)
    assert [choice["option"] for choice in framed(camp, [pair])["groups"][0]["choices"]] == ["B2"]
    assert placed(camp, [pair]) == {"party-a": "B2"}


# -- Teachers ----------------------------------------------------------------------------------------


def test_a_batch_takes_no_more_children_than_its_teachers_can_look_after():
    children = alone(9, ranking=["B1"])
    few = programme(
        "camp", [batch("B1", details={"adults": 2})], settings={**LOOSE, "teacher_per_children": 3}
    )
    enough = programme(
        "camp", [batch("B1", details={"adults": 3})], settings={**LOOSE, "teacher_per_children": 3}
    )
    assert len(placed(few, children)) == 6
    assert len(placed(enough, children)) == 9


@pytest.mark.parametrize(("second", "placed_in_all"), [(date(2026, 7, 18), 6), (date(2026, 7, 19), 9)])
def test_batches_that_overlap_share_the_teachers_and_others_do_not(second, placed_in_all):
    """The first batch ends on 18 July."""
    camp = programme(
        "camp",
        [batch("B1", details={"adults": 2}), batch("B2", second, details={"adults": 2})],
        settings={**LOOSE, "teacher_per_children": 3, "teachers_in_all": 2},
    )
    children = [*alone(6, ranking=["B1"], prefix="a"), *alone(3, ranking=["B2"], prefix="b")]
    assert len(placed(camp, children)) == placed_in_all


@pytest.mark.parametrize(("second", "placed_in_all"), [(date(2026, 7, 20), 9), (date(2026, 7, 28), 6)])
def test_a_batch_in_two_parts_needs_its_teachers_on_their_days_alone(second, placed_in_all):
    """The first batch goes from 13 to 18 July and again from 27 July to 1 August."""
    parts = batch("B1").occasions + batch("B1", date(2026, 7, 27)).occasions
    twice = batch("B1", details={"adults": 2}, occasions=parts)
    camp = programme(
        "camp",
        [twice, batch("B2", second, details={"adults": 2})],
        settings={**LOOSE, "teacher_per_children": 3, "teachers_in_all": 2},
    )
    children = [*alone(6, ranking=["B1"], prefix="a"), *alone(3, ranking=["B2"], prefix="b")]
    assert len(placed(camp, children)) == placed_in_all


# -- Minimum and money -------------------------------------------------------------------------------


@pytest.mark.parametrize(("children", "runs"), [(3, False), (4, True)])
def test_a_batch_below_its_minimum_does_not_run(children, runs):
    camp = programme("camp", [batch("B1", minimum=4)], settings=LOOSE)
    assert bool(placed(camp, alone(children, ranking=["B1"]))) is runs


def test_the_fund_bears_each_batch_that_runs_and_each_child():
    option = batch("B1", cost_fen=1_000_00, head_cost_fen=100_00)
    children = alone(8, ranking=["B1"])
    for yuan, expected in ((1499, 4), (1500, 5), (1099, 0)):
        camp = programme("camp", [option], sources=(fund(yuan),), settings=LOOSE)
        assert len(placed(camp, children)) == expected


def test_the_fund_named_in_the_settings_pays():
    option = batch("B1", head_cost_fen=100_00)
    sources = (fund(0, "other"), fund(300, "camp"))
    camp = programme("camp", [option], sources=sources, settings={**LOOSE, "fund": "camp"})
    assert len(placed(camp, alone(8, ranking=["B1"]))) == 3


def test_one_fund_pays_for_all_batches_together():
    options = [batch("B1", head_cost_fen=100_00), batch("B2", head_cost_fen=200_00)]
    camp = programme("camp", options, sources=(fund(500),), settings=LOOSE)
    result = placed(camp, [*alone(3, ranking=["B1"], prefix="a"), *alone(3, ranking=["B2"], prefix="b")])
    assert (_codes("a", result), _codes("b", result)) == (3, 1)


# -- Girls and boys ----------------------------------------------------------------------------------


def _difference(result: dict[str, str]) -> tuple[int, int]:
    girls, boys = _codes("g", result), _codes("b", result)
    return abs(girls - boys), girls + boys


def _children():
    return [
        *alone(12, ranking=["B1"], prefix="g", sex=Sex.FEMALE),
        *alone(4, ranking=["B1"], prefix="b", sex=Sex.MALE),
    ]


@pytest.mark.parametrize("difference", [0, 2, 4])
def test_girls_and_boys_of_a_batch_differ_by_no_more_than_the_firm_setting(difference):
    camp = programme(
        "camp", [batch("B1")], settings={"sex_difference": difference, "sex_difference_firm": True}
    )
    found, heads = _difference(placed(camp, _children()))
    assert found <= difference
    assert heads >= 8


def test_a_full_batch_may_use_the_whole_difference():
    """Ten seats, six girls and four boys: exactly two apart is allowed, so no seat stays empty."""
    camp = programme("camp", [batch("B1")], settings={"sex_difference": 2, "sex_difference_firm": True})
    assert _difference(placed(camp, _children())) == (2, 10)


def test_as_an_aim_the_balance_leaves_no_seat_empty():
    children = [
        *alone(12, ranking=["B1"], prefix="g", sex=Sex.FEMALE),
        *alone(2, ranking=["B1"], prefix="b", sex=Sex.MALE),
    ]
    camp = programme("camp", [batch("B1")], settings={"sex_difference": 2})
    assert _difference(placed(camp, children)) == (6, 10)


def test_as_an_aim_the_balance_decides_between_equals():
    camp = programme("camp", [batch("B1")], settings={"sex_difference": 2})
    assert _difference(placed(camp, _children()))[0] <= 2


# -- By hand and in a row ----------------------------------------------------------------------------


def test_a_place_fixed_by_hand_is_kept_even_where_it_was_not_ranked():
    from dataclasses import replace

    camp = programme("camp", [batch("B1", capacity=1), batch("B2")], settings=LOOSE)
    late = replace(party(person("z"), ranking=["B2"]), pinned="B1")
    out = replace(party(person("y", claims=["hardship"]), ranking=["B1", "B2"]), pinned="")
    result = placed(camp, [*alone(3, ranking=["B1"], claims=["hardship"]), late, out])
    assert result == {"party-z": "B1"}


def test_the_order_of_the_aims_is_the_organisers():
    from eventhub.kinds import of

    camp = programme("camp", [batch("B1")], settings={"aims": ["cost", "choices", "balance"]})
    assert [stage["stage"] for stage in of(camp).objective(camp)] == [
        "placed",
        "cost",
        "rank",
        "soft",
        "changes",
        "lot",
    ]


def test_what_cannot_be_is_proved():
    from dataclasses import replace

    pinned = [replace(each, pinned="B1") for each in alone(3, ranking=["B1"])]
    camp = programme("camp", [batch("B1", capacity=2)], settings=LOOSE)
    assert infeasible(camp, pinned)
    assert not solved(camp, pinned).placements


def test_without_the_setting_having_been_makes_no_difference():
    camp = programme("camp", [batch("B1")], settings={"never_been_first": False})
    been, new = person("a", claims=["migrant"], been=BEEN), person("b", claims=["migrant"])
    assert tier_of(camp, been) == tier_of(camp, new) == 2


def test_a_batch_that_does_not_say_how_many_teachers_it_has_is_not_limited_by_them():
    camp = programme("camp", [batch("B1", details={})], settings={**LOOSE, "teacher_per_children": 1})
    assert len(placed(camp, alone(9, ranking=["B1"]))) == 9
