"""What villages are owed: nobody's own clash makes a series impossible, whatever the demonstration's seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventhub import kinds
from eventhub.demo import cast, units
from eventhub.domain.facts import PartyFacts, Person, PersonDraft, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.kinds.contest.allotment import too_close
from tests.kinds.stories import framed, heat, infeasible, party, person, placed, programme, solved

NINE = datetime(2026, 9, 8, 9, tzinfo=ZONE)
TODAY = date(2026, 11, 23)


def _adult(code: str, village: str = "v1") -> Person:
    return person(code, born=date(1985, 1, 1), organisations=("640000", village))


def _at_once(*items: str, **told: object) -> ProgrammeFacts:
    """A series whose items each have one heat, all at the same hour."""
    return programme("contest", [heat(f"{item}-1", item) for item in items], **told)


def _entry(*people: Person, item: str, **told: object) -> PartyFacts:
    return replace(
        party(*people, item=item, flexible=True), code="+".join(p.code for p in people) + item, **told
    )


def _floors(contest: ProgrammeFacts, parties: Sequence[PartyFacts]) -> dict[str, list[str]]:
    """Village -> the heats in one of which it is owed an entry."""
    limits = framed(contest, parties)["limits"]
    return {
        limit["id"].removeprefix("floor:"): limit["options"]
        for limit in limits
        if limit["id"].startswith("floor:")
    }


def test_the_only_entrant_of_a_village_in_two_contests_at_once_gets_one_of_them():
    contest = _at_once("C01", "C02")
    alone = _adult("a", "v1")
    entries = [_entry(alone, item="C01"), _entry(alone, item="C02"), _entry(_adult("b", "v2"), item="C02")]
    found = placed(contest, entries)
    assert len(found) == 2
    assert "bC02" in found
    assert _floors(contest, entries) == {"v1": ["C01-1", "C02-1"], "v2": ["C02-1"]}


def test_one_floor_counts_for_the_whole_series():
    contest = programme("contest", [heat("A", "C01", capacity=1), heat("B", "C02", capacity=1)])
    entries = [
        *[_entry(_adult("a", "v1"), item=item) for item in ("C01", "C02")],
        _entry(_adult("b", "v2"), item="C01"),
    ]
    assert set(placed(contest, entries)) == {"bC01", "aC02"}


def test_two_teams_that_share_somebody_are_not_both_owed_a_start():
    contest = _at_once("C01", "C02")
    shared, first, second = _adult("p", "v1"), _adult("q", "v2"), _adult("r", "v3")
    entries = [_entry(shared, first, item="C01"), _entry(shared, second, item="C02")]
    assert set(_floors(contest, entries)) == {"v1", "v2"}
    assert set(placed(contest, entries)) == {"p+qC01"}
    later = programme("contest", [heat("C01-1", "C01"), heat("C02-1", "C02", NINE + timedelta(hours=3))])
    assert set(_floors(later, entries)) == {"v1", "v2", "v3"}


def test_a_place_fixed_by_hand_comes_before_what_another_village_is_owed():
    contest = _at_once("C01", "C02")
    shared, other = _adult("p", "v1"), _adult("q", "v2")
    entries = [_entry(shared, item="C01", pinned="C01-1"), _entry(shared, other, item="C02")]
    assert set(_floors(contest, entries)) == {"v1"}
    assert set(placed(contest, entries)) == {"pC01"}


@pytest.mark.parametrize(("minimum", "owed"), [(2, {"v1", "v2"}), (3, {"v1"})])
def test_a_heat_that_too_few_entered_owes_nobody_a_start(minimum: int, owed: set[str]):
    contest = programme("contest", [heat("A", "C01"), heat("B", "C02", minimum=minimum)])
    entries = [
        _entry(_adult("a", "v1"), item="C01"),
        _entry(_adult("a", "v1"), item="C02"),
        _entry(_adult("b", "v2"), item="C02"),
    ]
    later = replace(
        contest, options=(contest.options[0], heat("B", "C02", NINE + timedelta(hours=3), minimum=minimum))
    )
    assert set(_floors(later, entries)) == owed
    assert not infeasible(later, entries)


def test_a_team_too_large_for_every_heat_is_owed_nothing():
    contest = programme("contest", [heat("A", "C01", capacity=1)])
    assert _floors(contest, [_entry(_adult("a"), _adult("b"), item="C01")]) == {}


PEOPLE = [_adult(f"p{number}", f"v{number % 4}") for number in range(6)]


@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 5), min_size=1, max_size=3), st.sampled_from(["C01", "C02", "C03"])),
        max_size=6,
        unique_by=lambda entry: (tuple(sorted(entry[0])), entry[1]),
    ),
    st.lists(st.integers(0, 2), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_what_is_owed_can_be_had_at_once_and_nothing_more_could_be(
    drawn: list[tuple[set[int], str]], hours: list[int]
):
    """Against every way of placing the entries, tried one by one."""
    contest = programme(
        "contest",
        [
            heat(f"C0{n + 1}-1", f"C0{n + 1}", NINE + timedelta(hours=2 * hour))
            for n, hour in enumerate(hours)
        ],
        settings={"village_spread": False},
    )
    entries = [_entry(*[PEOPLE[n] for n in sorted(people)], item=item) for people, item in drawn]
    owed = set(_floors(contest, entries))
    ways = [
        {member.person.unit for entry in placing for member in entry.members}
        for placing in _every_placing(contest, entries)
    ]
    assert any(owed <= way for way in ways)
    assert not any(owed < way for way in ways)
    assert not infeasible(contest, entries)


def _every_placing(contest: ProgrammeFacts, entries: Sequence[PartyFacts]) -> Iterator[list[PartyFacts]]:
    for taken in product((False, True), repeat=len(entries)):
        placing = [entry for entry, is_in in zip(entries, taken, strict=True) if is_in]
        if not any(
            {p.code for p in one.people} & {p.code for p in other.people}
            and (
                one.item == other.item
                or too_close(contest, contest.options_of(one.item)[0], contest.options_of(other.item)[0])
            )
            for number, one in enumerate(placing)
            for other in placing[:number]
        ):
            yield placing


# -- The demonstration -------------------------------------------------------------------------------


def _demonstration(seed: int, scale: float) -> tuple[ProgrammeFacts, list[PartyFacts]]:
    """The series of a seed and its entries as parties, one person behind each draft."""
    demo = kinds.named("contest").demo
    assert demo is not None
    contest = demo.programme(scale, TODAY)
    organisations = [unit.facts for unit in units.tree(scale)]
    place = sorted(kinds.every()).index("contest")
    codes: dict[tuple[str, date | None, str], str] = {}

    def somebody(draft: PersonDraft) -> Person:
        code = codes.setdefault((draft.name, draft.birth_date, draft.organisation), f"p{len(codes)}")
        return person(
            code, born=draft.birth_date, sex=draft.sex, organisations=("640000", draft.organisation)
        )

    parties = [
        replace(
            party(
                *[somebody(each.draft) for each in found.application.applicants if each.draft],
                ranking=found.application.ranking,
                item=found.application.item,
                flexible=found.application.flexible,
            ),
            code=f"party{number}",
        )
        for number, found in enumerate(
            cast.sign_ups(contest, organisations, place=place, scale=scale, seed=seed)
        )
    ]
    return contest, parties


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 7, 2024, *range(100, 117)])
def test_the_demonstration_comes_out_whatever_the_seed(seed: int):
    contest, parties = _demonstration(seed, 0.05)
    owed = _floors(contest, parties)
    assert len(owed) == 108
    outcome = solved(contest, parties, seconds=120)
    assert outcome.placements
    villages = {p.unit for each in parties if each.code in outcome.placements for p in each.people}
    assert villages == set(owed)
