"""Pages of runs: numbers in words, people with their reasons a page at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from eventhub.domain.facts import SourceFacts
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import RunState
from eventhub.i18n import Bilingual, use_locale
from eventhub.kinds import fund
from eventhub.kinds.camp.questions import FAMILIES
from eventhub.queries import allocations as queries
from eventhub.queries import programmes, reasons, results
from eventhub.services.allocations import pin
from eventhub.services.participants import check_claim
from eventhub.services.programmes import change
from tests.allotting import allot, publish, sign_up
from tests.scenario import Scenario, camp_facts


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def said(told: object, locale: str = "en") -> str:
    with use_locale(locale):
        return str(told)


@pytest.mark.database
def test_the_page_of_a_run_tells_places_money_tiers_and_ranks(story: Scenario) -> None:
    sign_up(story, 22)
    number = allot(story)
    publish(story, number)
    page = queries.run(story.camp, number)

    assert (page.state, page.applied, page.placed, page.unplaced) == (RunState.OPTIMAL, 22, 20, 2)
    assert [(row.option.code, row.filled, row.runs) for row in page.options] == [
        ("B1", 10, True),
        ("B2", 10, True),
    ]
    assert [(row.wanted_first, row.wanted) for row in page.options] == [(22, 22), (0, 22)]
    assert (page.money[0].used_fen, page.money_granted_fen) == (20 * 230_000, 100_000_00)
    assert [(row.applied, row.placed) for row in page.tiers] == [(22, 20)]
    assert sum(row.placed for row in page.ranks) == 20
    assert page.first_choices == 10
    assert page.published_as == (1,)
    assert page.gap == 0
    assert all(stage.proved for stage in page.stages)
    assert said(page.stages[0].name) == f"Placed · {said(page.tiers[0].name)}"


@pytest.mark.database
def test_what_kept_people_out_is_counted_and_leads_to_them(story: Scenario) -> None:
    receipts = sign_up(story, 23)
    pin(story.camp, receipts[0].party, None, reason="asked to", by=story.organiser, at=story.at)
    number = allot(story)

    found = results.hindrances(story.camp, number)
    assert [(said(row.name), row.people) for row in found] == [
        ("All places of their first choice are taken", 2),
        ("Fixed by hand to have no place", 1),
    ]
    for row in found:
        people = results.people_of(story.camp, number, placed=False, hindrance=row.key)
        assert people.total == row.people
        assert all(person.option is None for person in people.rows)
    assert results.people_of(story.camp, number, hindrance="limit nobody").total == 0


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("resource fund:fund", "The fund “Camp fund” is used up"),
        ("resource beds:1", "What options share (beds, coaches, staff) is used up"),
        ("limit balance:B1", "The limit is reached:"),
        ("limit ", "Another option would fall below its minimum"),
        ("not-listed", "None of their choices was open to them"),
    ],
)
def test_every_hindrance_has_a_name(key: str, expected: str) -> None:
    assert said(results.hindrance_name(key, camp_facts())).startswith(expected)


@pytest.mark.database
def test_a_run_names_its_priority_groups_as_they_were_ordered_when_it_was_made(story: Scenario) -> None:
    sign_up(story, 2)
    for child in story.children.values():
        check_claim(child, "hardship", valid_until=None, by=story.officer, at=story.at)
    number = allot(story)
    order = [key for key, _name in FAMILIES]
    before = queries.run(story.camp, number).tiers
    kept = results.people_of(story.camp, number).rows[0].tier_name
    _order_families(story, order[1:] + order[:1])

    assert [said(row.name) for row in before] == ["Group 1: Family of a worker in hardship, never been"]
    assert queries.run(story.camp, number).tiers == before
    assert said(kept) == "Family of a worker in hardship, never been"
    later = queries.run(story.camp, allot(story)).tiers
    assert [said(row.name) for row in later] == ["Group 5: Family of a worker in hardship, never been"]


def _order_families(story: Scenario, order: list[str]) -> None:
    facts = programmes.facts(story.camp)
    changed = replace(facts, settings={**facts.settings, "family_order": order})
    version = programmes.version_of(story.camp)
    change(story.camp, changed, version=version, by=story.organiser, at=story.at)


@pytest.mark.database
def test_people_are_shown_a_page_at_a_time(story: Scenario) -> None:
    sign_up(story, 5)
    number = allot(story)
    first = results.people_of(story.camp, number, size=3)
    second = results.people_of(story.camp, number, size=3, after=first.next_after or 0)

    assert (first.total, len(first.rows), len(second.rows), second.next_after) == (5, 3, 2, None)
    assert {row.registration for row in first.rows} & {row.registration for row in second.rows} == set()
    assert results.people_of(story.camp, number, placed=False).rows == ()


def test_the_runs_are_listed_newest_first(story: Scenario) -> None:
    sign_up(story, 1)
    allot(story)
    allot(story)
    assert [(row.number, row.placed) for row in queries.runs(story.camp)] == [(2, 1), (1, 1)]
    newest = queries.latest(story.camp)
    assert newest is not None
    assert newest.number == 2
    with pytest.raises(NotFound):
        queries.run(story.camp, 9)


FULL = {
    "lot": 47,
    "tier": 1,
    "why": [{"option": "B1", "code": "full", "tier": 1, "rank": 1, "lot": 38, "seats": 40, "asked": 61}],
}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            FULL,
            "“Yinchuan camp B1”: 40 places, wanted by 61 people of your priority; your lot is 47, the last one in has 38.",
        ),
        (
            {"lot": 4, "tier": 2, "why": [{**FULL["why"][0], "tier": 1}]},  # type: ignore[dict-item, index]
            "“Yinchuan camp B1”: 40 places, all taken by people who come before you by the rules of priority.",
        ),
        ({"rank": 1, "why": []}, "This was your first choice."),
        ({"pinned": True, "rank": 3, "why": []}, "The organiser fixed this by hand."),
        (
            {"why": [{"option": "B1", "code": "too-large", "left": 1, "size": 2}]},
            "“Yinchuan camp B1” has 1 places left, too few for your party of 2, which goes together or not at all.",
        ),
        (
            {
                "why": [
                    {"option": "B1", "code": "resource", "resource": "fund:fund", "left": 5, "needed": 230000}
                ]
            },
            "“Yinchuan camp B1”: the fund “Camp fund” has CNY 0.05 left, and your place would take CNY 2,300.",
        ),
        ({"why": [{"option": "B1", "code": "a code of tomorrow"}]}, None),
        ({}, None),
    ],
)
def test_reasons_are_sentences_with_their_numbers(reason: dict[str, object], expected: str | None) -> None:
    nothing = "None of the options that you chose was open to you."
    assert said(reasons.paragraph(reason, camp_facts())) == (expected or nothing)


def test_every_code_of_the_format_has_a_sentence() -> None:
    codes = [
        "banned",
        "pinned",
        "did-not-run",
        "apart",
        "clash",
        "too-large",
        "full",
        "resource",
        "limit",
        "changes",
        "aim",
        "room",
        "not-listed",
    ]
    for code in codes:
        why = {"why": [{"option": "B1", "code": code}]}
        sentence = reasons.sentences(why, camp_facts())[0]
        assert "Yinchuan camp B1" in said(sentence)
        assert "银川营 B1" in said(sentence, "zh")


def test_options_with_room_that_were_not_chosen_are_named() -> None:
    facts = replace(camp_facts(), sources=(), quotas=())
    told = reasons.sentences({"why": [{"code": "not-listed", "options": ["B1", "B2"]}]}, facts)
    assert [said(sentence) for sentence in told] == [
        "“Yinchuan camp B1” has places left, but you did not choose it.",
        "“Yinchuan camp B2” has places left, but you did not choose it.",
    ]


def test_that_funds_decide_too_is_said_once_beside_places_that_were_not_chosen() -> None:
    facts = replace(
        camp_facts(), sources=(SourceFacts("region", Bilingual("补助资金", "Subsidy"), 100, None),)
    )
    why = [{"option": "B3", "code": "full", "seats": 4}, {"code": "not-listed", "options": ["B1", "B2"]}]
    told = [said(sentence) for sentence in reasons.sentences({"why": why}, facts)]
    assert len(told) == 4
    assert told[-1] == "Whether one of these places could have been yours also depended on funds and quotas."


@pytest.mark.parametrize(
    "used_up",
    [
        {"code": "resource", "resource": fund("region"), "left": 0, "needed": 9},
        {"code": "limit", "limit": "q"},
    ],
)
def test_nobody_whose_fund_or_quota_is_used_up_is_told_to_have_chosen_too_few(
    used_up: dict[str, object],
) -> None:
    facts = replace(
        camp_facts(), sources=(SourceFacts("region", Bilingual("补助资金", "Subsidy"), 100, None),)
    )
    why = [{"option": "B3", **used_up}, {"code": "not-listed", "options": ["B1", "B2"]}]
    (told,) = reasons.sentences({"why": why}, facts)
    assert "B3" in said(told)
