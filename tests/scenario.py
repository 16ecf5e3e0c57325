"""Tell a story with a fixed cast: an organiser, an officer, a guardian with two children, a member, a stranger.

``Scenario`` works through the services alone, as pages do, and its clock is told, never asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from eventhub.domain.facts import (
    HOUSE,
    Actor,
    Applicant,
    Application,
    OccasionFacts,
    OptionFacts,
    PersonDraft,
    ProgrammeFacts,
    SourceFacts,
)
from eventhub.domain.terms import OrganisationKind, Role, Sex
from eventhub.i18n import Bilingual
from eventhub.queries.accounts import actor_by_code
from eventhub.services import accounts, organisations, participants, programmes, registrations
from eventhub.services.intake import Receipt
from eventhub.services.organisations import OrganisationDraft

OPEN = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
"""A Monday morning on which sign-up is open."""

REGION, CITY, COUNTY, UNIT, VILLAGE = "NX", "NX01", "NX0104", "U001", "V001"

ANSWERS: dict[str, Any] = {
    "contact1_name": "马兰",
    "contact1_phone": "12900000001",
    "contact2_name": "丁国强",
    "contact2_phone": "12900000002",
}


@dataclass
class Scenario:
    """A small federation with a summer camp; time moves only by :meth:`later`."""

    at: datetime = OPEN
    camp: str = "camp-2026"
    organiser: Actor = HOUSE
    officer: Actor = HOUSE
    guardian: Actor = HOUSE
    member: Actor = HOUSE
    stranger: Actor = HOUSE
    party: str = ""
    children: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begins(cls) -> Scenario:
        """The federation, its cast and an open camp of two batches."""
        story = cls()
        story._plant()
        story.organiser = story.account("陈主任", "chen@example.org", Role.ORGANISER, REGION)
        story.officer = story.account("李干事", "li@example.org", Role.OFFICER, UNIT)
        story.guardian = story.account("马兰", "malan@example.org", Role.GUARDIAN)
        story.member = story.account("王建国", "wang@example.org", Role.MEMBER)
        story.stranger = story.account("白洁", "bai@example.org", Role.GUARDIAN)
        story.programme(camp_facts(story.camp))
        return story

    def later(self, **delta: float) -> datetime:
        """Let time pass and say what it is now."""
        self.at += timedelta(**delta)
        return self.at

    def account(self, name: str, email: str, role: Role, organisation: str = "") -> Actor:
        """Somebody new who can sign in."""
        code = accounts.create(name, email, "", role, organisation, by=HOUSE, at=self.at)
        return actor_by_code(code)

    def programme(self, facts: ProgrammeFacts) -> str:
        """A programme, kept and announced."""
        programmes.create(facts, by=self.organiser, at=self.at)
        programmes.announce(facts.code, by=self.organiser, at=self.at)
        return facts.code

    def child(
        self,
        name: str = "马小雨",
        *,
        born: date = date(2014, 3, 2),
        sex: Sex = Sex.FEMALE,
        by: Actor | None = None,
    ) -> Applicant:
        """A child of the guardian, known from now on, with the answers the camp asks for."""
        by = by or self.guardian
        draft = PersonDraft(
            name=name, birth_date=born, sex=sex, organisation=UNIT, relation="child", claims=("hardship",)
        )
        self.children[name] = participants.add(draft, by=by, at=self.at)
        return self.applicant(self.children[name], by=by)

    def applicant(self, code: str, *, by: Actor | None = None) -> Applicant:
        """Somebody known, as an application names them."""
        from eventhub.queries import people

        row = people.one_of(by or self.guardian, code, on=self.at.date())
        assert row is not None
        return Applicant(person=row.person, answers={"family": "hardship", "meals": "ordinary"})

    def application(
        self, *applicants: Applicant, ranking: tuple[str, ...] = ("B1", "B2"), **changes: Any
    ) -> Application:
        """A complete application to the camp."""
        whole = Application(
            programme=self.camp,
            applicants=applicants or (self.child(),),
            ranking=ranking,
            answers=ANSWERS,
            consents=("guardian", "children", "children_rules", "meals"),
        )
        return replace(whole, **changes)

    def registers(
        self, *applicants: Applicant, by: Actor | None = None, key: str = "", **changes: Any
    ) -> Receipt:
        """A party signs up."""
        return registrations.register(
            self.application(*applicants, **changes),
            key=key or str(uuid4()),
            by=by or self.guardian,
            at=self.at,
        )

    def _plant(self) -> None:
        organisations.plant(
            [
                OrganisationDraft(
                    REGION, OrganisationKind.REGION, Bilingual("宁夏总工会", "Ningxia federation")
                ),
                OrganisationDraft(
                    CITY, OrganisationKind.CITY, Bilingual("银川市总工会", "Yinchuan"), REGION, "640100"
                ),
                OrganisationDraft(
                    COUNTY, OrganisationKind.COUNTY, Bilingual("兴庆区总工会", "Xingqing"), CITY, "640104"
                ),
                OrganisationDraft(
                    UNIT,
                    OrganisationKind.PRIMARY,
                    Bilingual("第一机床厂工会", "First Works"),
                    COUNTY,
                    "640104",
                ),
                OrganisationDraft(
                    VILLAGE, OrganisationKind.VILLAGE, Bilingual("塔桥村工会", "Taqiao"), COUNTY, "640104"
                ),
            ],
            by=HOUSE,
            at=self.at,
        )


def camp_facts(code: str = "camp-2026", **changes: Any) -> ProgrammeFacts:
    """A camp of two batches of ten seats, sign-up open through May 2026."""
    facts = ProgrammeFacts(
        code=code,
        kind="camp",
        title=Bilingual("阳光少年夏令营", "Sunshine summer camp"),
        summary=Bilingual(
            "面向困难职工、农民工和新就业形态劳动者家庭的孩子。", "For children of workers' families."
        ),
        opens_at=datetime(2026, 5, 1, tzinfo=UTC),
        closes_at=datetime(2026, 6, 1, tzinfo=UTC),
        result_at=datetime(2026, 6, 10, tzinfo=UTC),
        announced_at=None,
        contact_name="陈主任",
        contact_phone="0951-0000000",
        options=(batch("B1", date(2026, 7, 13)), batch("B2", date(2026, 7, 20))),
        sources=(SourceFacts("fund", Bilingual("夏令营经费", "Camp fund"), 100_000_00),),
        organisation=REGION,
    )
    return replace(facts, **changes)


def batch(code: str, first_day: date, *, capacity: int = 10, minimum: int = 1) -> OptionFacts:
    """A batch of five days."""
    return OptionFacts(
        code=code,
        title=Bilingual(f"银川营 {code}", f"Yinchuan camp {code}"),
        capacity=capacity,
        minimum=minimum,
        occasions=(
            OccasionFacts(
                first_day,
                first_day + timedelta(days=4),
                Bilingual("银川市", "Yinchuan"),
                latitude=38.47,
                longitude=106.27,
            ),
        ),
        place_code="640100",
        head_cost_fen=230_000,
        details={"adults": 5, "halal": True},
    )
