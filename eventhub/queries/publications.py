"""What was made public: versions, what one changed against the one before, and who goes where for print and sheets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from eventhub import kinds
from eventhub.domain import changes
from eventhub.domain.facts import OptionFacts, Person
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Change, PartyRole, RegistrationState, Sex
from eventhub.extensions import db
from eventhub.i18n import Bilingual, Text
from eventhub.models.accounts import Account, Participant
from eventhub.models.allocations import AllocationRun
from eventhub.models.invites import Invite
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option, Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Party, Registration
from eventhub.queries import programmes
from eventhub.queries.reasons import sentences


@dataclass(frozen=True)
class PublicationRow:
    """One version on the list; ``counts`` as they were then, in heads."""

    number: int
    run: int
    at: datetime
    by: str
    reason: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class ChangeRow:
    """What a version did to one registration against the version before."""

    registration: str
    name: str
    unit: Bilingual
    change: Change
    old: OptionFacts | None
    new: OptionFacts | None


@dataclass(frozen=True)
class Result:
    """What the newest version says of one registration, with the reason in sentences."""

    number: int
    at: datetime
    state: RegistrationState
    option: OptionFacts | None
    station: str
    position: int | None
    why: tuple[Text, ...]


@dataclass(frozen=True)
class Reached:
    """Who holds a place now, whatever happened since it was published: ``placed`` = ``invited`` + ``no_address``."""

    placed: int = 0
    invited: int = 0
    no_address: int = 0


@dataclass(frozen=True)
class RosterRow:
    """One placed person as the roster prints it; telephone as it is kept, for the desk alone."""

    registration: str
    party: str
    name: str
    shown_as: str
    sex: Sex | None
    birth_date: date | None
    age: int | None
    unit: Bilingual
    role: PartyRole
    option: OptionFacts
    station: str
    phone: str
    signed_up_by: str
    signed_up_by_phone: str
    answers: Mapping[str, Any]


def listing(programme: str) -> tuple[PublicationRow, ...]:
    """The versions of a programme's result, newest first."""
    rows = db.session.execute(
        select(
            Publication.number,
            AllocationRun.number.label("run"),
            Publication.at,
            Account.name,
            Publication.reason,
            Publication.counts,
        )
        .join(Programme, Programme.id == Publication.programme_id)
        .join(AllocationRun, AllocationRun.id == Publication.run_id)
        .outerjoin(Account, Account.id == Publication.account_id)
        .where(Programme.code == programme)
        .order_by(Publication.number.desc())
    )
    return tuple(
        PublicationRow(
            number=row.number,
            run=row.run,
            at=row.at,
            by=row.name or "",
            reason=row.reason,
            counts=row.counts,
        )
        for row in rows
    )


def difference(programme: str, number: int) -> tuple[ChangeRow, ...]:
    """What version ``number`` changed against the version before; who kept the same option is left out."""
    old, new = _placed(programme, number - 1), _placed(programme, number)
    if not new and number not in {row.number for row in listing(programme)}:
        raise NotFound
    facts = programmes.facts(programme)
    found = changes.between(
        {code: row.option for code, row in old.items()}, {code: row.option for code, row in new.items()}
    )
    told = []
    for code, change in found.by_registration.items():
        if change is Change.KEPT:
            continue
        row = new.get(code) or old[code]
        told.append(
            ChangeRow(
                registration=code,
                name=row.name,
                unit=Bilingual(row.name_zh or "", row.name_en or ""),
                change=change,
                old=facts.option_by_code.get(old[code].option) if code in old else None,
                new=facts.option_by_code.get(new[code].option) if code in new else None,
            )
        )
    return tuple(told)


def result(registration: str) -> Result | None:
    """What the newest version says of a registration; None while nothing is published about it."""
    row = db.session.execute(
        select(
            Publication.number,
            Publication.at,
            PublishedAllotment.state,
            PublishedAllotment.station,
            PublishedAllotment.position,
            PublishedAllotment.reason,
            Option.code.label("option"),
            Programme.code.label("programme"),
        )
        .join(Publication, Publication.id == PublishedAllotment.publication_id)
        .join(Programme, Programme.id == Publication.programme_id)
        .join(Registration, Registration.id == PublishedAllotment.registration_id)
        .outerjoin(Option, Option.id == PublishedAllotment.option_id)
        .where(Registration.code == registration)
        .order_by(Publication.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    facts = programmes.facts(row.programme)
    return Result(
        number=row.number,
        at=row.at,
        state=row.state,
        option=facts.option_by_code.get(row.option) if row.option else None,
        station=row.station,
        position=row.position,
        why=sentences(row.reason, facts),
    )


def reached(programme: str) -> Reached:
    """How many hold a place now, and how many of them have an invitation, or nobody who can be written to."""
    held = (
        select(func.max(Invite.attendee_address).label("address"))
        .select_from(Registration)
        .join(Programme, Programme.id == Registration.programme_id)
        .outerjoin(Invite, (Invite.registration_id == Registration.id) & Invite.ended_at.is_(None))
        .where(Programme.code == programme, Registration.state == RegistrationState.ALLOTTED)
        .group_by(Registration.id)
        .subquery()
    )
    placed, invited = db.session.execute(
        select(func.count(), func.count(held.c.address)).select_from(held)
    ).one()
    return Reached(placed=placed, invited=invited, no_address=placed - invited)


def placed_by_option(programme: str) -> dict[str, int]:
    """Option -> how many go there by the newest version and still do."""
    rows = db.session.execute(
        select(Option.code, func.count())
        .select_from(PublishedAllotment)
        .join(Registration, Registration.id == PublishedAllotment.registration_id)
        .join(Publication, Publication.id == PublishedAllotment.publication_id)
        .join(Programme, Programme.id == Publication.programme_id)
        .join(Option, Option.id == PublishedAllotment.option_id)
        .where(
            Programme.code == programme,
            Publication.number == programmes.facts(programme).published,
            Registration.state == RegistrationState.ALLOTTED,
        )
        .group_by(Option.code)
    )
    return {row[0]: row[1] for row in rows}


def roster(programme: str, *, options: Collection[str] | None = None) -> tuple[RosterRow, ...]:
    """Who goes where by the newest version and still does: by option, unit and name; of some options, or of all."""
    facts = programmes.facts(programme)
    kind = kinds.of(facts)
    wanted = (
        select(
            Registration.code.label("registration"),
            Registration.role,
            Registration.answers,
            Party.code.label("party"),
            Party.answers.label("party_answers"),
            Participant,
            Organisation.name_zh,
            Organisation.name_en,
            Option.code.label("option"),
            PublishedAllotment.station,
            Account.name.label("account"),
            Account.phone.label("account_phone"),
        )
        .join(PublishedAllotment, PublishedAllotment.registration_id == Registration.id)
        .join(Publication, Publication.id == PublishedAllotment.publication_id)
        .join(Programme, Programme.id == Publication.programme_id)
        .join(Option, Option.id == PublishedAllotment.option_id)
        .join(Party, Party.id == Registration.party_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .outerjoin(Account, Account.id == Party.account_id)
        .where(
            Programme.code == programme,
            Publication.number == facts.published,
            Registration.state == RegistrationState.ALLOTTED,
        )
        .order_by(Option.id, Organisation.path, Party.id, Registration.id)
    )
    if options is not None:
        wanted = wanted.where(Option.code.in_(options))
    told = []
    for row in db.session.execute(wanted):
        who = row.Participant
        place = facts.option(row.option)
        person = Person(code=who.code, name=who.name, birth_date=who.birth_date, sex=who.sex)
        told.append(
            RosterRow(
                registration=row.registration,
                party=row.party,
                name=who.name,
                shown_as=kind.calendar_name(facts, person),
                sex=who.sex,
                birth_date=who.birth_date,
                age=person.age_on(place.first_day),
                unit=Bilingual(row.name_zh or "", row.name_en or ""),
                role=row.role,
                option=place,
                station=row.station,
                phone=who.phone or "",
                signed_up_by=row.account or "",
                signed_up_by_phone=row.account_phone or "",
                answers={**row.party_answers, **row.answers},
            )
        )
    return tuple(told)


def _placed(programme: str, number: int) -> dict[str, Any]:
    rows = db.session.execute(
        select(
            Registration.code,
            Participant.name,
            Organisation.name_zh,
            Organisation.name_en,
            Option.code.label("option"),
        )
        .join(PublishedAllotment, PublishedAllotment.registration_id == Registration.id)
        .join(Publication, Publication.id == PublishedAllotment.publication_id)
        .join(Programme, Programme.id == Publication.programme_id)
        .join(Option, Option.id == PublishedAllotment.option_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .where(Programme.code == programme, Publication.number == number)
        .order_by(Registration.id)
    )
    return {row.code: row for row in rows}
