"""Claims to check are those somebody made and nobody answered, of the units asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from eventhub.domain.facts import HOUSE
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import Bilingual
from eventhub.queries import claims, journal, overview
from eventhub.queries.claims import ClaimPage
from eventhub.services import organisations, participants
from eventhub.services.organisations import OrganisationDraft
from tests.scenario import CITY, REGION, UNIT, VILLAGE, Scenario

pytestmark = pytest.mark.database


def names(found: ClaimPage) -> list[str]:
    return [row.name for row in found.rows]


def test_a_claim_waits_until_it_is_answered(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        story.registers(story.child("马大"))
        story.registers(story.child("马二"))
        assert names(claims.waiting(story.camp)) == ["马大", "马二"]
        row = claims.one_waiting(story.camp, story.children["马大"])
        assert row is not None
        assert [key for key, _words in row.waiting] == ["hardship"]
        participants.check_claim(
            story.children["马大"], "hardship", valid_until=None, by=story.officer, at=story.at
        )
        participants.check_claim(
            story.children["马二"], "hardship", checked=False, valid_until=None, by=story.officer, at=story.at
        )
        assert claims.waiting(story.camp) == ClaimPage()
        assert claims.one_waiting(story.camp, story.children["马大"]) is None


def test_what_was_answered_at_sign_up_is_a_claim_without_a_row_of_its_own(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        applicant = story.child("马大")
        said = replace(applicant, answers={**applicant.answers, "family": "migrant"})
        story.registers(said)
        row = claims.one_waiting(story.camp, story.children["马大"])
        assert row is not None
        assert {key for key, _words in row.waiting} == {"hardship", "migrant"}


def test_only_the_units_asked_about_and_those_below_them_count(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        # A unit whose code ends like the other's must not be taken for it.
        organisations.plant(
            [OrganisationDraft("XU001", OrganisationKind.PRIMARY, Bilingual("另一单位"), "NX0104")],
            by=HOUSE,
            at=story.at,
        )
        story.registers(story.child("马大"))
        for code in (UNIT, CITY, REGION):
            assert names(claims.waiting(story.camp, within=(code,))) == ["马大"], code
        for code in (VILLAGE, "XU001", "001", "U00", "%", "_"):
            assert names(claims.waiting(story.camp, within=(code,))) == [], code


def test_claims_come_in_pages(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        for name in ("马大", "马二", "马三"):
            story.registers(story.child(name))
        first = claims.waiting(story.camp, size=2)
        assert (names(first), first.total) == (["马大", "马二"], 3)
        assert first.next_after is not None
        rest = claims.waiting(story.camp, size=2, after=first.next_after)
        assert (names(rest), rest.next_after) == (["马三"], None)


def test_the_desk_counts_its_own_programmes_and_units(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        story.registers(story.child("马大"), story.child("马二"))
        assert overview.organised_by(story.organiser) == (story.camp,)
        assert overview.organised_by(story.officer) == ()
        assert overview.numbers([story.camp])[story.camp].signed_up == 2
        assert overview.numbers([story.camp], within=(UNIT,))[story.camp].signed_up == 2
        assert overview.numbers([story.camp], within=(VILLAGE,))[story.camp].signed_up == 0


def test_the_journal_of_a_programme_tells_the_newest_first_in_pages(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        page = journal.of_programme(story.camp)
        assert [row.event for row in page.rows] == ["programme announced", "programme created"]
        assert {row.by for row in page.rows} == {"陈主任"}
        first = journal.of_programme(story.camp, size=1)
        assert first.next_before is not None
        rest = journal.of_programme(story.camp, size=1, before=first.next_before)
        assert [row.event for row in rest.rows] == ["programme created"]
