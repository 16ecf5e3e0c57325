"""A federation in full swing: one camp over its publication, one open, one in the making, and people of every sort.

Everybody's things stand beside one another, so that every page of the house has somebody who may see it and somebody
who may not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from flask import Flask
from sqlalchemy import select

from eventhub.domain.facts import HOUSE, Actor, PersonDraft
from eventhub.domain.terms import OrganisationKind, Role, Sex
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.invites import Letter
from eventhub.queries.accounts import account
from eventhub.services import allocations, organisations, participants, programmes, registrations, signin
from eventhub.services.organisations import OrganisationDraft
from tests.allotting import allot, deliver, publish
from tests.scenario import REGION, UNIT, Scenario, camp_facts

PAST, NOW_OPEN, DRAFT = "camp-2026", "camp-late", "camp-draft"
CHILD, SECOND = "马小雨", "马小风"
"""Whose names nobody but their own family, their officer and the organiser may read."""
PHONE = "12955500001"
ELSEWHERE_CITY, ELSEWHERE_COUNTY, ELSEWHERE_UNIT = "NX02", "NX0201", "U901"


@dataclass
class World:
    """The federation, its people, and one of everything that has an address."""

    app: Flask
    story: Scenario = field(default_factory=Scenario)
    visitors: dict[str, Actor | None] = field(default_factory=dict)
    person: str = ""
    elsewhere: str = ""
    """A child of another family."""
    placed: str = ""
    """Party with a place in the camp that was published."""
    registration: str = ""
    draft: str = ""
    sent: str = ""
    """Party of the open camp, sent."""
    sent_registration: str = ""
    letter: int = 0
    feed: str = ""
    colleague: str = ""
    link: str = ""

    @classmethod
    def in_full_swing(cls, app: Flask) -> World:
        """All of it, told through the services."""
        world = cls(app)
        app.extensions["clock"] = lambda: world.story.at
        with app.app_context():
            world._tell()
        return world

    def _tell(self) -> None:
        story = self.story = Scenario.begins()
        self._plant_elsewhere()
        self.visitors = {
            "anonymous": None,
            "guardian": story.guardian,
            "member": story.member,
            "stranger": story.stranger,
            "officer": story.officer,
            "officer elsewhere": story.account("外单位干事", "wai@example.org", Role.OFFICER, ELSEWHERE_UNIT),
            "organiser": story.organiser,
            "organiser elsewhere": story.account(
                "外市主任", "waishi@example.org", Role.ORGANISER, ELSEWHERE_CITY
            ),
        }
        story.programme(camp_facts(NOW_OPEN, closes_at=datetime(2026, 7, 1, tzinfo=UTC)))
        programmes.create(camp_facts(DRAFT), by=story.organiser, at=story.at)
        self.person = participants.add(
            PersonDraft(
                name=CHILD,
                birth_date=date(2014, 3, 2),
                sex=Sex.FEMALE,
                organisation=UNIT,
                phone=PHONE,
                relation="child",
                claims=("hardship",),
            ),
            by=story.guardian,
            at=story.at,
        )
        story.child("白小鹿", by=story.stranger)
        self.elsewhere = story.children["白小鹿"]
        child = story.applicant(self.person)
        placed = story.registers(child)
        self.placed, (self.registration,) = placed.party, placed.registrations
        self._sign_up_here(child)
        run = allot(story)
        publish(story, run)
        deliver(story)
        allocations.pin(PAST, self.placed, "B1", reason="约定", by=story.organiser, at=story.at)
        self.letter = (
            db.session.scalars(
                select(Letter.id).where(Letter.registration_id.is_not(None)).order_by(Letter.id)
            ).first()
            or 0
        )
        self.feed = account(story.guardian.account_id).feed_token
        self.colleague = account(story.officer.account_id).code
        self.link = signin.signin_link(role=Role.MEMBER, at=story.at).rpartition("/")[2]

    def _sign_up_here(self, child: object) -> None:
        story = self.story
        late = replace(story.application(child), programme=NOW_OPEN)  # type: ignore[arg-type]
        sent = registrations.register(late, key="late", by=story.guardian, at=story.at)
        self.sent, (self.sent_registration,) = sent.party, sent.registrations
        second = replace(late, applicants=(story.child(SECOND),), consents=())
        self.draft = registrations.save_draft(second, by=story.guardian, at=story.at)

    def _plant_elsewhere(self) -> None:
        nodes = (
            (ELSEWHERE_CITY, OrganisationKind.CITY, "固原市总工会", REGION),
            (ELSEWHERE_COUNTY, OrganisationKind.COUNTY, "原州区总工会", ELSEWHERE_CITY),
            (ELSEWHERE_UNIT, OrganisationKind.PRIMARY, "水泥厂工会", ELSEWHERE_COUNTY),
        )
        organisations.plant(
            [
                OrganisationDraft(code, kind, Bilingual(name, code), above, "640402")
                for code, kind, name, above in nodes
            ],
            by=HOUSE,
            at=self.story.at,
        )
