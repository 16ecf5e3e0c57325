"""A member with a place on a retreat: signed up, placed, published."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from eventhub.domain.facts import Applicant, Application, PersonDraft
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import Sex
from eventhub.i18n import Bilingual
from eventhub.queries import people
from eventhub.services import participants, registrations
from tests.allotting import allot, deliver, publish
from tests.kinds.stories import departure, fund, programme
from tests.scenario import REGION, UNIT, Scenario


def retreat(story: Scenario) -> str:
    """A retreat of one departure, sign-up open."""
    leaves = departure("R1", datetime(2026, 6, 26, 18, tzinfo=ZONE))
    facts = replace(
        programme("retreat", (leaves,), sources=(fund(50_000),)),
        code="retreat-2026",
        title=Bilingual("塞上乡村疗休养", "Two nights in the country"),
        opens_at=datetime(2026, 5, 1, tzinfo=UTC),
        closes_at=datetime(2026, 6, 1, tzinfo=UTC),
        result_at=datetime(2026, 6, 10, tzinfo=UTC),
        announced_at=None,
        organisation=REGION,
    )
    story.camp = story.programme(facts)
    return story.camp


def signed_up(story: Scenario) -> str:
    """The member signs up himself; the party's number."""
    draft = PersonDraft(
        name="王建国", birth_date=date(1980, 1, 1), sex=Sex.MALE, organisation=UNIT, email="wang@example.org"
    )
    code = participants.add(draft, by=story.member, at=story.at)
    row = people.one_of(story.member, code, on=story.at.date())
    assert row is not None
    application = Application(
        programme=story.camp,
        applicants=(Applicant(person=row.person),),
        ranking=("R1",),
        consents=("conditions",),
    )
    return registrations.register(application, key="member", by=story.member, at=story.at).party


def placed(story: Scenario) -> str:
    """As :func:`signed_up`, with a published place and the invitation sent."""
    retreat(story)
    party = signed_up(story)
    publish(story, allot(story))
    deliver(story)
    return party
