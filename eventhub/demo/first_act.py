"""Tell the first act: units, accounts and programmes come into being, and people sign up through the weeks of sign-up.

Officers hand in their unit's list, members and guardians sign up singly, as the pages do it, with every check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from sqlalchemy import select

from eventhub import kinds
from eventhub.demo import cast, units
from eventhub.demo.people import People
from eventhub.demo.setting import ORGANISER, Chapter, Setting, Signed, moment_of
from eventhub.demo.units import Unit
from eventhub.domain.facts import HOUSE, Actor, OrganisationFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.seasons import WEEK
from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.i18n import _
from eventhub.kinds import SignUp
from eventhub.models.registrations import Party
from eventhub.queries import people as people_queries
from eventhub.queries.accounts import actor_by_code
from eventhub.services import (
    accounts,
    histories,
    organisations,
    participants,
    programmes,
    registrations,
    rosters,
)
from eventhub.services.accounts import AccountDraft
from eventhub.services.organisations import OrganisationDraft

STAFF_DOMAIN = "union.example"


def play(setting: Setting) -> None:
    """From an empty house to the close of every programme's sign-up."""
    _begin(setting)
    for chapter in setting.chapters:
        _sign_up(setting, chapter)


def _begin(setting: Setting) -> None:
    start = setting.days_ago(40, 9)
    tree = units.tree(setting.scale)
    _plant(tree, start)
    facts = [unit.facts for unit in tree]
    for place, kind in enumerate(kind for kind in kinds.every().values() if kind.demo is not None):
        assert kind.demo is not None  # noqa: S101 - asked just above
        programme = kind.demo.programme(setting.scale, setting.today)
        found = cast.sign_ups(programme, facts, place=place, scale=setting.scale, seed=setting.seed)
        setting.chapters.append(Chapter(programme, found))
    _make_accounts(setting, facts, start)
    by = setting.organiser
    for chapter in setting.chapters:
        programmes.create(replace(chapter.programme, announced_at=None), by=by, at=start)
        programmes.announce(chapter.programme.code, by=by, at=chapter.programme.announced_at or start)


def _plant(tree: Sequence[Unit], at: datetime) -> None:
    drafts = [
        OrganisationDraft(
            code=unit.facts.code,
            kind=unit.facts.kind,
            name=unit.facts.name,
            parent=unit.parent or "",
            place_code=unit.facts.place_code,
            union_code=unit.union_code,
        )
        for unit in tree
    ]
    organisations.plant(drafts, by=HOUSE, at=at)


def _make_accounts(setting: Setting, units_there: Sequence[OrganisationFacts], at: datetime) -> None:
    """The organiser, an officer a unit, and everybody who signs up singly; some officers have no address."""
    found = [sign_up for chapter in setting.chapters for sign_up in chapter.sign_ups]
    silent = {sign_up.unit for sign_up in found if sign_up.story == "no_address"}
    drafts = {
        ORGANISER: AccountDraft(
            "夏宁", f"organiser@{STAFF_DOMAIN}", "12900000001", Role.ORGANISER, units.REGION
        )
    }
    names = People(units_there, Random(f"{setting.seed} officers"), first=0)
    for number, unit in enumerate(sorted({sign_up.unit for sign_up in found}), start=1):
        officer = names.person(organisation=unit, born=(1975, 1990))
        drafts[unit] = AccountDraft(
            officer.name,
            "" if unit in silent else f"{unit}@{STAFF_DOMAIN}",
            f"12905{number:06d}",
            Role.OFFICER,
            unit,
        )
    for sign_up in found:
        person = sign_up.account
        if person is not None:
            role = Role.GUARDIAN if sign_up.by == "guardian" else Role.MEMBER
            drafts[person.phone] = AccountDraft(person.name, person.email, person.phone, role)
    codes = accounts.create_many(list(drafts.values()), by=HOUSE, at=at)
    setting.codes = dict(zip(drafts, codes, strict=True))
    setting.actors = {
        key: actor_by_code(code) for key, code in setting.telling.each(_("Accounts"), setting.codes.items())
    }


def _sign_up(setting: Setting, chapter: Chapter) -> None:
    """Unit after unit by its list, then member after member, through the weeks of sign-up."""
    lists: dict[str, list[SignUp]] = defaultdict(list)
    singly: list[SignUp] = []
    for sign_up in chapter.sign_ups:
        if sign_up.by == "officer":
            lists[sign_up.unit].append(sign_up)
        else:
            singly.append(sign_up)
    moments = _moments(chapter.programme, len(lists) + len(singly))
    title = chapter.programme.title
    if lists:
        for unit, found in setting.telling.each(
            _("%(programme)s: units' lists", programme=title), lists.items()
        ):
            _sign_up_unit(setting, chapter, unit, found, next(moments))
    if singly:
        for sign_up in setting.telling.each(
            _("%(programme)s: members and guardians", programme=title), singly
        ):
            _sign_up_one(setting, chapter, sign_up, next(moments))
    chapter.followed = {each.story: each.party for each in chapter.signed if each.story}
    setting.deliver(moment_of(chapter.programme.closes_at))


def _sign_up_unit(
    setting: Setting, chapter: Chapter, unit: str, found: Sequence[SignUp], at: datetime
) -> None:
    officer = setting.actors[unit]
    code = chapter.programme.code
    _remember(setting, found, by=officer, at=at)
    last = db.session.scalar(select(Party.id).order_by(Party.id.desc()).limit(1)) or 0
    rosters.register_all(
        code,
        [sign_up.application for sign_up in found],
        unit=unit,
        key=f"{code}-{unit}"[:30],
        by=officer,
        at=at,
    )
    parties = db.session.scalars(select(Party.code).where(Party.id > last).order_by(Party.id)).all()
    chapter.signed += [
        Signed(party, unit, sign_up.story) for party, sign_up in zip(parties, found, strict=True)
    ]


def _sign_up_one(setting: Setting, chapter: Chapter, sign_up: SignUp, at: datetime) -> None:
    """As the pages do it: first one's people, which the unit vouches for, then the sign-up itself."""
    assert sign_up.account is not None  # noqa: S101 - whoever signs up singly has an account
    actor = setting.actors[sign_up.account.phone]
    officer = setting.actors[sign_up.unit]
    applicants = []
    past = {}
    for applicant in sign_up.application.applicants:
        draft = applicant.draft
        assert draft is not None  # noqa: S101 - the kinds' demonstrations know nobody yet
        code = participants.add(draft, by=actor, at=at)
        for claim in draft.claims:
            participants.check_claim(code, claim, valid_until=setting.today + 52 * WEEK, by=officer, at=at)
        if draft.name in sign_up.history:
            past[code] = sign_up.history[draft.name]
        applicants.append((code, applicant))
    if past:
        histories.remember(past, by=setting.organiser, at=at)
    on = at.astimezone(ZONE).date()
    known = []
    for code, applicant in applicants:
        row = people_queries.one_of(actor, code, on=on)
        assert row is not None  # noqa: S101 - added just above
        known.append(replace(applicant, person=row.person, draft=None))
    application = replace(sign_up.application, applicants=tuple(known))
    receipt = registrations.register(application, key="demonstration", by=actor, at=at)
    chapter.signed.append(Signed(receipt.party, sign_up.account.phone, sign_up.story))


def _remember(setting: Setting, found: Iterable[SignUp], *, by: Actor, at: datetime) -> None:
    past = {}
    for sign_up in found:
        for applicant in sign_up.application.applicants:
            if applicant.draft is not None and applicant.draft.name in sign_up.history:
                code = participants.add(applicant.draft, by=by, at=at)
                past[code] = sign_up.history[applicant.draft.name]
    if past:
        histories.remember(past, by=setting.organiser, at=at)


def _moments(programme: ProgrammeFacts, count: int) -> Iterator[datetime]:
    """So many moments spread over the sign-up, and some to spare."""
    opens, closes = moment_of(programme.opens_at), moment_of(programme.closes_at)
    step = (closes - opens) / (count + 2)
    at = opens
    while True:
        at += step
        yield at.replace(microsecond=0)
