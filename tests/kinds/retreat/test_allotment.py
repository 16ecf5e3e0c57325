"""How a retreat's places are given out: priorities, funds that spill, beds, coaches, minimum, quotas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from eventhub.domain.facts import PastPlace, QuotaFacts
from eventhub.domain.phases import ZONE
from eventhub.i18n import Bilingual
from eventhub.kinds.retreat.allotment import nights_of, payer_of, subsidy_of, tier_of
from tests.kinds.stories import alone, departure, framed, fund, infeasible, party, person, placed, programme

ADULT = date(1975, 1, 1)
YINCHUAN, GUYUAN = ("640000", "640100", "640104", "u1"), ("640000", "640400", "640402", "u2")
FRIDAY = datetime(2026, 6, 5, 18, tzinfo=ZONE)


def _members(how_many: int, prefix: str = "p", *, ranking=("D1",), organisations=YINCHUAN, **told):
    return alone(how_many, ranking=ranking, prefix=prefix, born=ADULT, organisations=organisations, **told)


def _member(code: str, organisations=YINCHUAN, **told):
    return person(code, born=ADULT, organisations=organisations, **told)


def _count(placements, prefix: str) -> int:
    return sum(1 for code in placements if code.startswith(f"party-{prefix}"))


def _quota(organisation: str, floor: int = 0, ceiling: int | None = None) -> QuotaFacts:
    return QuotaFacts(organisation, Bilingual(organisation), floor, ceiling)


# -- Priorities --------------------------------------------------------------------------------------


def test_priority_groups_are_served_in_the_organisers_order():
    retreat = programme("retreat", [departure("D1")])
    turned = programme("retreat", [departure("D1")], settings={"priority_order": ["retiring", "heavy_post"]})
    heavy, retiring, nobody = (
        _member("a", claims=["heavy_post"]),
        _member("b", claims=["retiring"]),
        _member("c"),
    )
    assert [tier_of(retreat, each) for each in (heavy, retiring, nobody)] == [1, 5, 7]
    assert [tier_of(turned, each) for each in (heavy, retiring, nobody)] == [2, 1, 3]


def test_who_has_several_claims_counts_in_the_first():
    retreat = programme("retreat", [departure("D1")])
    assert tier_of(retreat, _member("a", claims=["front_line", "health"])) == 3


def test_long_service_counts_only_for_who_has_never_been():
    retreat = programme("retreat", [departure("D1")])
    been = [PastPlace("retreat", 2015)]
    assert tier_of(retreat, _member("a", claims=["long_served"])) == 4
    assert tier_of(retreat, _member("a", claims=["long_served"], been=been)) == 7
    assert tier_of(retreat, _member("a", claims=["long_served", "front_line"], been=been)) == 6


def test_scarce_places_go_to_the_first_group_whatever_the_lots():
    retreat = programme("retreat", [departure("D1", capacity=5)])
    parties = [*_members(5, "n"), *_members(4, "h", claims=["heavy_post"])]
    result = placed(retreat, parties)
    assert (_count(result, "h"), _count(result, "n")) == (4, 1)


def test_a_party_is_served_with_its_last_participant_and_companions_do_not_count():
    retreat = programme("retreat", [departure("D1")])
    first, last, wife = _member("a", claims=["heavy_post"]), _member("b"), person("w", organisations=())
    together = framed(
        retreat, [party(first, last, ranking=["D1"]), party(first, ranking=["D1"], companions=[wife])]
    )
    assert [group["tier"] for group in together["groups"]] == [7, 1]
    assert [group["weight"] for group in together["groups"]] == [2, 1]
    assert [group["size"] for group in together["groups"]] == [2, 2]


# -- Together, minimum -------------------------------------------------------------------------------


def test_a_unit_is_placed_together_or_not_at_all():
    unit = party(*[_member(f"u{n}") for n in range(6)], ranking=["D1", "D2"])
    retreat = programme("retreat", [departure("D1", capacity=5), departure("D2", capacity=6)])
    assert placed(retreat, [unit]) == {"party-u0": "D2"}
    assert placed(programme("retreat", [departure("D1", capacity=5)]), [unit]) == {}


@pytest.mark.parametrize(("members", "runs"), [(11, False), (12, True)])
def test_a_departure_below_its_minimum_does_not_run(members, runs):
    retreat = programme("retreat", [departure("D1", minimum=12)])
    assert bool(placed(retreat, _members(members))) is runs


def test_companions_count_towards_the_minimum():
    retreat = programme("retreat", [departure("D1", minimum=2)])
    assert placed(retreat, [party(_member("a"), ranking=["D1"], companions=[_member("w")])]) == {
        "party-a": "D1"
    }


def test_a_departure_that_does_not_run_costs_nothing():
    """The fund has money for ten; if the departure of nine could be charged, somebody would stay at home."""
    small = departure("D2", minimum=12)
    retreat = programme("retreat", [departure("D1"), small], sources=(fund(5000),))
    result = placed(retreat, [*_members(9, "s", ranking=["D2", "D1"]), *_members(1, "t")])
    assert set(result.values()) == {"D1"}
    assert len(result) == 10


# -- Money -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("yuan", "expected"), [(1500, 3), (1499, 2), (0, 0)])
def test_the_fund_pays_five_hundred_yuan_a_participant(yuan, expected):
    retreat = programme("retreat", [departure("D1")], sources=(fund(yuan),))
    assert len(placed(retreat, _members(5))) == expected


def test_companions_take_no_money():
    family = party(_member("a"), ranking=["D1"], companions=[_member("w"), _member("c")])
    retreat = programme("retreat", [departure("D1")], sources=(fund(500),))
    assert placed(retreat, [family]) == {"party-a": "D1"}


def test_the_money_of_a_city_comes_first_and_spills_into_the_common_fund():
    sources = (fund(1000, "yinchuan", holder="640100", spill="common"), fund(500, "common"))
    retreat = programme("retreat", [departure("D1")], sources=sources)
    assert len(placed(retreat, _members(5, "y"))) == 3
    result = placed(retreat, [*_members(1, "g", organisations=GUYUAN), *_members(5, "y")])
    assert (_count(result, "g"), _count(result, "y")) == (1, 2)


def test_without_a_spill_one_citys_money_is_its_own():
    sources = (fund(1000, "yinchuan", holder="640100"), fund(5000, "common"))
    retreat = programme("retreat", [departure("D1")], sources=sources)
    result = placed(retreat, [*_members(5, "y"), *_members(5, "g", organisations=GUYUAN)])
    assert (_count(result, "y"), _count(result, "g")) == (2, 5)


def test_the_nearest_organisation_up_the_tree_pays():
    sources = (fund(1, "city", holder="640100"), fund(1, "county", holder="640104"), fund(1, "common"))
    retreat = programme("retreat", [departure("D1")], sources=sources)
    assert payer_of(retreat, _member("a")) == "county"
    assert payer_of(retreat, _member("b", ("640000", "640100", "u"))) == "city"
    assert payer_of(retreat, _member("c", GUYUAN)) == "common"
    assert payer_of(programme("retreat", [departure("D1")]), _member("d")) is None


def test_a_party_of_two_cities_draws_on_both():
    sources = (fund(500, "yinchuan", holder="640100"), fund(500, "common"))
    retreat = programme("retreat", [departure("D1")], sources=sources)
    (choice,) = framed(retreat, [party(_member("a"), _member("b", GUYUAN), ranking=["D1"])])["groups"][0][
        "choices"
    ]
    assert choice["uses"] == {"fund:common": 50_000, "fund:yinchuan": 50_000}
    assert choice["cost"] == 100_000


def test_the_subsidy_is_never_more_than_the_price():
    retreat = programme("retreat", [departure("D1")])
    assert subsidy_of(retreat, departure("D1")) == 50_000
    assert subsidy_of(retreat, departure("D1", details={"price_fen": 40_000})) == 40_000


# -- Beds and coaches --------------------------------------------------------------------------------


def test_two_nights_are_friday_and_saturday():
    assert list(nights_of(departure("D1", FRIDAY))) == [date(2026, 6, 5), date(2026, 6, 6)]


@pytest.mark.parametrize(("arrives", "both"), [(6, 6), (7, 10)])
def test_departures_of_one_base_share_the_beds_of_the_nights_they_overlap(arrives, both):
    beds = {"beds": 6}
    second = departure("D2", datetime(2026, 6, arrives, 18, tzinfo=ZONE), details=beds)
    retreat = programme("retreat", [departure("D1", FRIDAY, details=beds), second])
    parties = [*_members(5, "a"), *_members(5, "b", ranking=["D2"])]
    assert len(placed(retreat, parties)) == both


def test_a_departure_in_two_parts_takes_no_bed_between_them():
    later = datetime(2026, 6, 19, 18, tzinfo=ZONE)
    parts = departure("D1", FRIDAY).occasions + departure("D1", later).occasions
    twice = replace(departure("D1", FRIDAY, details={"beds": 6}), occasions=parts)
    assert [night.day for night in nights_of(twice)] == [5, 6, 19, 20]
    for arrives, both in ((12, 10), (19, 6)):
        second = departure("D2", datetime(2026, 6, arrives, 18, tzinfo=ZONE), details={"beds": 6})
        retreat = programme("retreat", [twice, second])
        assert len(placed(retreat, [*_members(5, "a"), *_members(5, "b", ranking=["D2"])])) == both


def test_departures_of_other_bases_have_their_own_beds():
    here, there = {"beds": 6}, {"beds": 6, "base": "640202"}
    retreat = programme("retreat", [departure("D1", details=here), departure("D2", details=there)])
    assert len(placed(retreat, [*_members(6, "a"), *_members(6, "b", ranking=["D2"])])) == 12


def test_companions_take_beds():
    retreat = programme("retreat", [departure("D1", details={"beds": 3})])
    families = [party(_member(f"f{n}"), ranking=["D1"], companions=[_member(f"w{n}")]) for n in range(2)]
    assert len(placed(retreat, families)) == 1


@pytest.mark.parametrize(("most", "expected"), [(1, 4), (2, 8), (3, 9), (None, 9)])
def test_a_departure_has_so_many_coach_seats(most, expected):
    coach = {"seats": 4, "cost_fen": 180_000, "most": most}
    retreat = programme("retreat", [departure("D1", details={"coach": coach})])
    assert len(placed(retreat, _members(9))) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [(datetime(2026, 6, 3, 18, tzinfo=ZONE), 4), (datetime(2026, 6, 10, 18, tzinfo=ZONE), 8)],
)
def test_the_coaches_of_a_route_are_so_many_a_week(second, expected):
    """5 June is a Friday, 3 June the Wednesday of the same week."""
    details = {"coach": {"seats": 4, "week_most": 1}, "route": "R01"}
    retreat = programme(
        "retreat", [departure("D1", FRIDAY, details=details), departure("D2", second, details=details)]
    )
    assert len(placed(retreat, [*_members(4, "a"), *_members(4, "b", ranking=["D2"])])) == expected


def test_fuller_coaches_come_before_nothing_but_places_and_choices():
    coach = {"seats": 4, "cost_fen": 100_000}
    retreat = programme(
        "retreat",
        [departure("D1", details={"coach": coach}), departure("D2", details={"coach": coach, "base": "x"})],
        settings={"aims": ["running", "cost", "choices"]},
    )
    parties = [*_members(2, "a", ranking=["D1", "D2"]), *_members(2, "b", ranking=["D2", "D1"])]
    assert len(set(placed(retreat, parties).values())) == 1


# -- Quotas ------------------------------------------------------------------------------------------


def test_a_ceiling_binds_though_seats_are_left():
    retreat = programme("retreat", [departure("D1")], quotas=(_quota("640100", ceiling=2),))
    result = placed(retreat, [*_members(5, "y"), *_members(5, "g", organisations=GUYUAN)])
    assert (_count(result, "y"), _count(result, "g")) == (2, 5)


def test_a_floor_comes_before_priority():
    parties = [*_members(6, "y", claims=["heavy_post"]), *_members(3, "g", organisations=GUYUAN)]
    without = placed(programme("retreat", [departure("D1", capacity=6)]), parties)
    with_floor = placed(
        programme("retreat", [departure("D1", capacity=6)], quotas=(_quota("640400", floor=2),)), parties
    )
    assert (_count(without, "y"), _count(without, "g")) == (6, 0)
    assert (_count(with_floor, "y"), _count(with_floor, "g")) == (4, 2)


def test_companions_use_no_quota():
    retreat = programme("retreat", [departure("D1")], quotas=(_quota("640100", ceiling=1),))
    family = party(_member("a"), ranking=["D1"], companions=[_member("w"), _member("c")])
    assert placed(retreat, [family]) == {"party-a": "D1"}


def test_a_unit_within_a_city_counts_for_both():
    quotas = (_quota("640100", ceiling=4), _quota("u1", ceiling=3))
    retreat = programme("retreat", [departure("D1")], quotas=quotas)
    others = _members(3, "o", organisations=("640000", "640100", "u9"))
    result = placed(retreat, [*_members(5, "y"), *others])
    assert (_count(result, "y"), _count(result, "o")) == (3, 1)


def test_a_floor_nobody_can_meet_ends_as_infeasible():
    retreat = programme("retreat", [departure("D1")], quotas=(_quota("640400", floor=2),))
    assert infeasible(retreat, _members(5))


def test_an_empty_quota_limits_nothing():
    retreat = programme("retreat", [departure("D1")], quotas=(_quota("640100"),))
    assert framed(retreat, _members(1))["limits"] == []


def test_a_departure_that_names_no_beds_or_coaches_is_limited_by_neither():
    bare = departure("D1")
    bare = replace(bare, details={})
    retreat = programme("retreat", [bare])
    framed_option = framed(retreat, _members(1))["options"][0]
    assert framed_option.keys() == {"id", "capacity", "minimum"}
    assert len(placed(retreat, _members(20))) == 20
