"""How entries are placed in heats: nobody twice at once, villages spread and none left out, stations that stay."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.facts import OccasionFacts
from eventhub.domain.phases import ZONE
from eventhub.i18n import Bilingual
from eventhub.kinds.contest.allotment import kilometres, stations, too_close
from eventhub.kinds.contest.villages import village_of
from tests.kinds.stories import framed, fund, heat, infeasible, party, person, placed, programme

NINE = datetime(2026, 9, 8, 9, tzinfo=ZONE)
YINCHUAN, WUZHONG, GUYUAN = (38.49, 106.23), (38.0, 106.2), (36.01, 106.28)
FREE = {"village_spread": False, "village_floor": False}


def _adult(code: str, village: str = "v1"):
    return person(code, born=date(1985, 1, 1), organisations=("640000", "640400", village))


def _entries(how_many: int, *, village: str = "v1", ranking=("H1",), item: str = "C01", **told):
    return [
        party(_adult(f"{village}-{number:02}", village), ranking=ranking, item=item, **told)
        for number in range(how_many)
    ]


# -- Nobody in two heats at once ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "position", "clash"),
    [
        (20, YINCHUAN, True),  # overlaps: the first runs to 9:30
        (59, YINCHUAN, True),  # same place, but less than the margin
        (60, YINCHUAN, False),  # exactly the margin of half an hour
        (144, WUZHONG, True),  # some 55 km, so 71 km by road: 85 minutes and the margin
        (146, WUZHONG, False),
    ],
)
def test_two_heats_are_too_close_when_the_way_and_the_margin_do_not_fit_between(minutes, position, clash):
    first = heat("H1", "C01", NINE, position=YINCHUAN)
    second = heat("H2", "C02", NINE + timedelta(minutes=minutes), position=position)
    contest = programme("contest", [first, second])
    assert too_close(contest, first, second) is clash
    assert too_close(contest, second, first) is clash


def test_a_heat_of_two_days_is_too_close_to_what_meets_either_of_them():
    day = timedelta(days=1)
    first = heat("H1", "C01", NINE)
    both_days = replace(first, occasions=first.occasions + heat("H1", "C01", NINE + day).occasions)
    for starts, clash in ((NINE, True), (NINE + day, True), (NINE + 2 * day, False)):
        other = heat("H2", "C02", starts)
        contest = programme("contest", [both_days, other])
        assert too_close(contest, both_days, other) is clash
        assert too_close(contest, other, both_days) is clash


def test_speed_and_margin_are_settings():
    first = heat("H1", "C01", NINE, position=YINCHUAN)
    second = heat("H2", "C02", NINE + timedelta(minutes=146), position=WUZHONG)
    assert too_close(programme("contest", [], settings={"travel_margin": 40}), first, second)
    assert too_close(programme("contest", [], settings={"travel_speed": 40}), first, second)


@given(st.tuples(st.floats(35, 40), st.floats(104, 108)), st.tuples(st.floats(35, 40), st.floats(104, 108)))
def test_the_way_back_is_as_long(one, other):
    assert kilometres(*one, *other) == pytest.approx(kilometres(*other, *one))
    assert kilometres(*one, *one) == 0


def test_a_degree_of_latitude_is_111_kilometres():
    assert kilometres(36, 106, 37, 106) == pytest.approx(111.2, abs=0.1)


def test_somebody_in_two_items_gets_heats_that_can_both_be_reached():
    contest = programme(
        "contest",
        [
            heat("A1", "C01", NINE, position=YINCHUAN),
            heat("B1", "C02", NINE + timedelta(minutes=40), position=GUYUAN),
            heat("B2", "C02", NINE + timedelta(hours=9), position=GUYUAN),
        ],
        settings=FREE,
    )
    worker = _adult("a")
    entries = [party(worker, ranking=["A1"], item="C01"), party(worker, ranking=["B1", "B2"], item="C02")]
    assert placed(contest, entries) == {"party-a-C01": "A1", "party-a-C02": "B2"}
    # Two people may be where one cannot.
    others = [party(worker, ranking=["A1"], item="C01"), party(_adult("b"), ranking=["B1", "B2"], item="C02")]
    assert placed(contest, others) == {"party-a-C01": "A1", "party-b-C02": "B1"}


def test_where_no_two_heats_fit_one_entry_stays_out():
    contest = programme(
        "contest",
        [heat("A1", "C01", NINE, position=YINCHUAN), heat("B1", "C02", NINE, position=YINCHUAN)],
        settings=FREE,
    )
    worker = _adult("a")
    entries = [party(worker, ranking=["A1"], item="C01"), party(worker, ranking=["B1"], item="C02")]
    assert len(placed(contest, entries)) == 1


def test_nobody_is_in_one_item_twice():
    contest = programme("contest", [heat("H1"), heat("H2", starts=NINE + timedelta(days=1))], settings=FREE)
    worker = _adult("a")
    twice = [
        party(worker, ranking=["H1"], item="C01"),
        replace(party(worker, ranking=["H2"], item="C01"), code="again"),
    ]
    assert len(placed(contest, twice)) == 1


def test_clashes_are_written_only_where_somebody_entered_twice():
    heats = [heat("A1", "C01"), heat("B1", "C02"), heat("D1", "C03")]
    contest = programme("contest", heats)
    singles = [party(_adult("a"), item="C01", flexible=True), party(_adult("b"), item="C02", flexible=True)]
    assert framed(contest, singles)["clashes"] == []
    both = [*singles, party(_adult("a"), item="C02", flexible=True)]
    assert framed(contest, both)["clashes"] == [["A1", "B1"]]


# -- Villages ----------------------------------------------------------------------------------------


def _heats(how_many: int, **told):
    return [heat(f"H{n}", starts=NINE + timedelta(hours=n), **told) for n in range(1, how_many + 1)]


@pytest.mark.parametrize(("entries", "heats", "most"), [(6, 3, 3), (7, 3, 4), (1, 3, 1), (2, 3, 2)])
def test_a_village_has_at_most_its_even_share_rounded_up_plus_one_in_a_heat(entries, heats, most):
    contest = programme("contest", _heats(heats))
    found = placed(contest, _entries(entries, flexible=True))
    assert len(found) == entries
    assert Counter(found.values())["H1"] == most


def test_the_share_is_counted_in_entries_so_that_a_team_still_fits():
    contest = programme("contest", _heats(3))
    team = party(*[_adult(str(n)) for n in range(4)], ranking=["H2"], item="C01")
    assert placed(contest, [team]) == {"party-0-C01": "H2"}


def test_the_share_is_each_items_own():
    contest = programme("contest", [*_heats(3), heat("X1", "C02", NINE + timedelta(days=1))])
    entries = [*_entries(4, flexible=True), *_entries(4, ranking=("X1",), item="C02")]
    assert Counter(placed(contest, entries).values())["X1"] == 4


def test_without_the_rule_a_village_may_fill_a_heat():
    contest = programme("contest", _heats(3), settings={"village_spread": False})
    assert Counter(placed(contest, _entries(6, flexible=True)).values()) == {"H1": 6}


def test_each_village_that_entered_is_in():
    contest = programme("contest", [heat("H1", capacity=4)])
    entries = [*_entries(6, village="v1"), *_entries(1, village="v2"), *_entries(1, village="v3")]
    villages = Counter(code.split("-")[1] for code in placed(contest, entries))
    assert villages == {"v1": 2, "v2": 1, "v3": 1}


def test_without_the_floor_the_lot_alone_decides():
    contest = programme("contest", [heat("H1", capacity=4)], settings=FREE)
    entries = [*_entries(6, village="v1"), *_entries(1, village="v2")]
    assert Counter(code.split("-")[1] for code in placed(contest, entries)) == {"v1": 4}


def test_more_villages_than_places_cannot_be():
    contest = programme("contest", [heat("H1", capacity=2)])
    problem = framed(contest, [entry for v in "123" for entry in _entries(1, village=f"v{v}")])
    assert [limit["id"] for limit in problem["limits"]] == ["floor:v1", "floor:v2", "floor:v3"]
    assert infeasible(contest, [entry for v in "123" for entry in _entries(1, village=f"v{v}")])


def test_a_village_whose_entries_may_be_in_no_heat_is_promised_nothing():
    contest = programme("contest", [heat("H1")])
    child = party(
        person("x", born=date(2015, 1, 1), organisations=("640000", "v9")), ranking=["H1"], item="C01"
    )
    put_out = replace(_entries(1, village="v8")[0], pinned="")
    assert placed(contest, [*_entries(1, village="v1"), child, put_out]) == {"party-v1-00-C01": "H1"}


def test_a_village_is_the_unit_or_else_the_place():
    assert village_of(person("a", organisations=("640000", "v1"))) == "v1"
    assert village_of(person("a", organisations=(), place_code="640402107")) == "640402107"


# -- Heats -------------------------------------------------------------------------------------------


def test_a_team_is_in_one_heat_or_none():
    contest = programme("contest", [*_heats(2, capacity=3)], settings=FREE)
    team = party(*[_adult(str(n)) for n in range(4)], item="C01", flexible=True)
    assert placed(contest, [team]) == {}


@pytest.mark.parametrize(("entries", "runs"), [(4, False), (5, True)])
def test_a_heat_below_its_minimum_does_not_run(entries, runs):
    contest = programme("contest", [heat("H1", minimum=5)], settings=FREE)
    assert bool(placed(contest, _entries(entries))) is runs


def test_heats_cost_what_the_fund_has():
    heats = [replace(each, cost_fen=500_00) for each in _heats(3, capacity=2)]
    contest = programme("contest", heats, sources=(fund(1000),), settings=FREE)
    assert len(set(placed(contest, _entries(6, flexible=True)).values())) == 2


# -- Stations ----------------------------------------------------------------------------------------

OPTION = heat("H1")
CONTEST = programme("contest", [OPTION])


def test_stations_follow_the_lots_and_a_team_shares_one():
    team = replace(party(_adult("a"), _adult("b"), item="C01"), lot=2)
    alone = replace(party(_adult("c"), item="C01"), lot=1)
    assert stations(CONTEST, OPTION, [team, alone]) == {"R-c-C01": "1", "R-a-C01": "2", "R-b-C01": "2"}


def test_who_stays_keeps_the_station_and_who_comes_takes_a_free_one():
    first, second, third, late = (
        replace(party(_adult(code), item="C01"), lot=lot)
        for code, lot in zip("abcd", (1, 2, 3, 0), strict=True)
    )
    before = stations(CONTEST, OPTION, [first, second, third])
    after = stations(CONTEST, OPTION, [first, third, late], before)
    assert before == {"R-a-C01": "1", "R-b-C01": "2", "R-c-C01": "3"}
    assert after == {"R-a-C01": "1", "R-c-C01": "3", "R-d-C01": "2"}


@given(st.lists(st.integers(1, 4), max_size=8), st.dictionaries(st.integers(0, 8), st.integers(1, 9)))
def test_every_entry_has_one_station_and_no_two_share(sizes, remembered):
    entries = [
        party(*[_adult(f"{number}.{place}") for place in range(size)], item="C01")
        for number, size in enumerate(sizes)
    ]
    held = {f"R-{number}.0-C01": str(station) for number, station in remembered.items()}
    given_out = stations(CONTEST, OPTION, entries, held)
    by_entry = [{given_out[member.code] for member in entry.members} for entry in entries]
    assert all(len(found) == 1 for found in by_entry)
    assert len(set.union(set(), *by_entry)) == len(entries)


def test_places_without_a_position_are_taken_as_neighbours():
    first = heat("H1", "C01", NINE, position=None)
    second = heat("H2", "C02", NINE + timedelta(minutes=60), position=GUYUAN)
    assert not too_close(programme("contest", [first, second]), first, second)


def test_a_heat_without_an_hour_is_a_mistake_and_says_so():
    day = OccasionFacts(date(2026, 9, 8), date(2026, 9, 8), Bilingual("村"))
    first, second = heat("H1", "C01", occasions=(day,)), heat("H2", "C02")
    with pytest.raises(TypeError, match="at an hour, not on a day"):
        too_close(programme("contest", [first, second]), first, second)
