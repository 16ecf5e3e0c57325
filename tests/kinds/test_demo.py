"""The demonstrations of the kinds: as large and as tight as they say, and the same whatever the day."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from eventhub import kinds
from eventhub.demo import cast, units
from eventhub.domain.facts import OptionFacts, PersonDraft, ProgrammeFacts
from eventhub.domain.terms import PartyRole
from eventhub.kinds import SignUp

TODAY = date(2026, 11, 23)
ALL = sorted(kinds.every())


@cache
def demonstration(
    key: str, *, scale: float = 0.1, seed: int = 7, today: date = TODAY
) -> tuple[ProgrammeFacts, tuple[SignUp, ...]]:
    demo = kinds.named(key).demo
    assert demo is not None
    programme = demo.programme(scale, today)
    organisations = [unit.facts for unit in units.tree(scale)]
    found = cast.sign_ups(programme, organisations, place=ALL.index(key), scale=scale, seed=seed)
    return programme, tuple(found)


def heads(found: tuple[SignUp, ...]) -> int:
    return sum(len(each.application.applicants) for each in found)


def people(found: tuple[SignUp, ...]) -> list[PersonDraft]:
    return [applicant.draft for each in found for applicant in each.application.applicants if applicant.draft]


def told(found: tuple[SignUp, ...]) -> list[Any]:
    """Who signs up for what, without any date."""
    return [
        (
            [
                (a.draft and (a.draft.name, a.draft.organisation, a.draft.claims), a.role)
                for a in each.application.applicants
            ],
            each.application.ranking,
            each.application.item,
            each.by,
            each.unit,
            each.story,
        )
        for each in found
    ]


def day(option: OptionFacts) -> date:
    return option.first_day


@pytest.mark.parametrize("key", ALL)
def test_another_day_moves_the_season_by_whole_weeks_and_nothing_else(key: str):
    programme, found = demonstration(key)
    later, found_later = demonstration(key, today=date(2029, 6, 1))
    moves = {day(new) - day(old) for old, new in zip(programme.options, later.options, strict=True)}
    (move,) = moves
    assert move.days % 7 == 0
    assert abs(move - timedelta(days=3 * 365.25)) <= timedelta(days=370)
    assert [option.code for option in programme.options] == [option.code for option in later.options]
    assert told(found) == told(found_later)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize(
    "today", [date(2024, 2, 29), date(2026, 7, 13), date(2026, 12, 31), date(2031, 3, 1)]
)
def test_the_season_lies_after_today_and_its_sign_up_before(key: str, today: date):
    programme, _found = demonstration(key, scale=0.02, today=today)
    first = programme.first_day
    assert first is not None
    assert timedelta(days=14) <= first - today <= timedelta(days=14 + 366 + 90)
    assert programme.opens_at is not None
    assert programme.closes_at is not None
    assert programme.opens_at < programme.closes_at
    assert programme.closes_at.date() < today


@pytest.mark.parametrize("key", ALL)
def test_another_seed_tells_of_other_people(key: str):
    assert told(demonstration(key)[1]) != told(demonstration(key, seed=8)[1])


@pytest.mark.parametrize("key", ALL)
def test_the_same_seed_tells_the_same_twice(key: str):
    first = demonstration(key)
    demonstration.cache_clear()
    assert told(demonstration(key)[1]) == told(first[1])


@pytest.mark.parametrize("key", ALL)
def test_nobody_can_be_anybody_real(key: str):
    _programme, found = demonstration(key)
    for person in people(found):
        assert not person.phone or person.phone.startswith("129")
        assert not person.email or person.email.endswith(".example")
        assert not person.identity_number


@pytest.mark.parametrize("key", ALL)
def test_each_story_has_its_party(key: str):
    _programme, found = demonstration(key)
    stories = Counter(each.story for each in found if each.story)
    assert {"moved", "withdrawn", "no_address"} <= set(stories)
    assert set(stories.values()) == {1}
    for each in found:
        if each.story in {"moved", "withdrawn"}:
            assert each.account is not None, "whoever is followed signs up with an account of their own"
            assert each.account.email
        if each.story == "no_address":
            assert not any(person.email for person in people((each,)))
            assert each.account is None or not each.account.email


# -- Camp --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.02, 0.1, 1.0])
def test_the_camp_is_whole_at_every_scale(scale: float):
    programme, found = demonstration("camp", scale=scale)
    assert len(programme.options) == 5
    assert sum(option.capacity or 0 for option in programme.options) == 210
    assert heads(found) == 260
    assert {each.by for each in found} == {"guardian"}


def test_the_camp_has_siblings_friends_and_children_who_went_before():
    _programme, found = demonstration("camp")
    pairs = [people((each,)) for each in found if len(each.application.applicants) == 2]
    siblings = [pair for pair in pairs if pair[0].name[0] == pair[1].name[0]]
    assert len(pairs) == 24
    assert len(siblings) >= 18
    assert sum(1 for each in found if each.history) == 12
    assert {claim for child in people(found) for claim in child.claims} == {"hardship", "migrant", "new_form"}


def test_the_camp_has_children_on_the_edge_of_its_ages():
    programme, found = demonstration("camp")
    first = day(programme.options[0])
    ages = [child.birth_date for child in people(found)]
    assert date(first.year - 10, first.month, first.day) in ages, "ten on the very first day"
    barred = [
        each
        for each in found
        for child in people((each,))
        if child.birth_date
        and any(not 10 <= _age(child.birth_date, day(option)) <= 15 for option in programme.options)
    ]
    assert len(barred) >= 2
    for each in found:
        for child in people((each,)):
            assert child.birth_date is not None
            for code in each.application.ranking:
                assert 10 <= _age(child.birth_date, day(programme.option(code))) <= 15


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


# -- Contest -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "entries"), [(0.1, 985), (1.0, 9850)])
def test_the_contests_are_as_large_as_the_scale_says(scale: float, entries: int):
    programme, found = demonstration("contest", scale=scale)
    assert len(programme.items) == 14
    assert len({option.details["field"] for option in programme.options}) == 7
    assert heads(found) == pytest.approx(entries, rel=0.01)
    assert len({each.unit for each in found}) == 108


def test_not_every_contestant_has_a_start_yet_every_village_may_have_one():
    programme, found = demonstration("contest")
    villages: dict[str, set[str]] = {}
    entered: Counter[str] = Counter()
    for each in found:
        villages.setdefault(each.application.item, set()).add(each.unit)
        entered[each.application.item] += len(each.application.applicants)
    for item, _title in programme.items:
        options = programme.options_of(item)
        team = options[0].details["team_sizes"][0]
        room = sum(option.capacity or 0 for option in options)
        assert room // team > len(villages[item])
    assert sum(option.capacity or 0 for option in programme.options) < sum(entered.values())


def test_some_enter_two_contests_that_they_cannot_both_reach():
    programme, found = demonstration("contest")
    entries: dict[tuple[str, date | None, str], list[str]] = {}
    for each in found:
        for person in people((each,)):
            entries.setdefault((person.name, person.birth_date, person.organisation), []).append(
                each.application.item
            )
    twice = {tuple(sorted(items)) for items in entries.values() if len(items) > 1}
    assert twice
    assert all(len(items) == len(set(items)) == 2 for items in entries.values() if len(items) > 1)
    same_day = [
        (one, other)
        for one, other in twice
        if {day(option) for option in programme.options_of(one)}
        & {day(option) for option in programme.options_of(other)}
    ]
    assert same_day


def test_villages_are_told_as_they_are():
    _programme, found = demonstration("contest")
    phones = Counter(person.phone for person in people(found) if person.phone)
    assert 4 in phones.values(), "four neighbours share one telephone"
    names = Counter((person.organisation, person.name) for person in people(found))
    birthdays: dict[tuple[str, str], set[date | None]] = {}
    for person in people(found):
        birthdays.setdefault((person.organisation, person.name), set()).add(person.birth_date)
    assert any(count > 1 and len(birthdays[key]) > 1 for key, count in names.items()), "two of one name"


def test_heats_of_a_contest_do_not_overlap():
    programme, _found = demonstration("contest", scale=1.0)
    for item, _title in programme.items:
        for before, after in pairwise(programme.options_of(item)):
            assert isinstance(before.occasions[0].ends, datetime)
            assert isinstance(after.occasions[0].starts, datetime)
            assert before.occasions[0].ends < after.occasions[0].starts


# -- Retreat -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "seats"), [(0.1, 1_560), (1.0, 78_000)])
def test_the_retreats_are_as_large_as_the_scale_says(scale: float, seats: int):
    programme, found = demonstration("retreat", scale=scale)
    offered = sum(option.capacity or 0 for option in programme.options)
    assert offered == pytest.approx(seats, rel=0.07)
    assert len({option.details["route"] for option in programme.options}) == 26
    assert heads(found) == pytest.approx(1.35 * offered, rel=0.01)


def test_the_money_ends_before_the_beds_do():
    programme, found = demonstration("retreat")
    members = sum(
        applicant.role is PartyRole.PARTICIPANT for each in found for applicant in each.application.applicants
    )
    funded = sum(source.amount_fen for source in programme.sources) // 50_000
    assert funded < 0.7 * sum(option.capacity or 0 for option in programme.options)
    assert funded < 0.6 * members
    spilling = [source for source in programme.sources if source.spill]
    assert len(spilling) == 5
    assert all(source.holder and source.spill == "common" for source in spilling)


def test_retreats_have_families_meals_and_people_who_need_short_ways():
    _programme, found = demonstration("retreat")
    with_family = sum(
        any(applicant.role is PartyRole.COMPANION for applicant in each.application.applicants)
        for each in found
    )
    everyone = [applicant for each in found for applicant in each.application.applicants]
    halal = sum(applicant.answers.get("meals") == "halal" for applicant in everyone)
    short = sum(bool(applicant.answers.get("short_ways")) for applicant in everyone)
    assert with_family / len(found) == pytest.approx(0.12, abs=0.04)
    assert halal / len(everyone) == pytest.approx(0.38, abs=0.04)
    assert short / len(everyone) == pytest.approx(0.06, abs=0.03)
    ranked = Counter(len(each.application.ranking) for each in found)
    assert ranked[2] + ranked[3] > 0.9 * len(found)


def test_one_departure_is_one_short_of_its_minimum_and_another_has_two_beds_for_a_family_of_four():
    programme, found = demonstration("retreat")
    asked: Counter[str] = Counter()
    for each in found:
        asked.update(dict.fromkeys(each.application.ranking, len(each.application.applicants)))
    short = [option for option in programme.options if asked[option.code] == option.minimum - 1]
    assert short
    (whole,) = (each for each in found if each.story == "refused_whole")
    (code,) = whole.application.ranking
    room = programme.option(code).capacity
    assert room is not None
    assert len(whole.application.applicants) == 4
    assert asked[code] - 4 == room - 2
    # Couples alone leave two beds over; a single traveller would fill one of them.
    assert all(
        code not in each.application.ranking or set(each.application.ranking) == {code} for each in found
    )


def test_a_unit_with_one_place_is_asked_for_two():
    programme, found = demonstration("retreat")
    (quota,) = (quota for quota in programme.quotas if quota.ceiling == 1)
    assert sum(1 for person in people(found) if person.organisation == quota.organisation) == 2
