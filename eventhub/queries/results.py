"""What a run gave each person: which place, or which place in line, and why."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from eventhub.domain.facts import OptionFacts
from eventhub.extensions import db
from eventhub.i18n import Bilingual, Text
from eventhub.models.accounts import Participant
from eventhub.models.allocations import Allotment
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option
from eventhub.models.registrations import Party, Registration
from eventhub.queries import allocations, programmes
from eventhub.queries.reasons import sentences


@dataclass(frozen=True)
class PersonRow:
    """One registration in a result, with the reason for what it got."""

    id: int
    registration: str
    party: str
    name: str
    unit: Bilingual
    option: OptionFacts | None
    rank: int | None
    tier: int
    tier_name: Text | None
    lot: int | None
    station: str
    position: int | None
    pinned: bool
    why: tuple[Text, ...]


@dataclass(frozen=True)
class PersonPage:
    """Some people of a result, how many there are in all, and where the next page begins (None: it ends here)."""

    rows: tuple[PersonRow, ...] = ()
    total: int = 0
    next_after: int | None = None


def people_of(
    programme: str,
    number: int,
    *,
    placed: bool | None = None,
    option: str = "",
    after: int = 0,
    size: int = 50,
) -> PersonPage:
    """People of a result in the order of arrival: all, the placed, or the unplaced, with their reasons."""
    row_id = allocations.run_id(programme, number)
    facts = programmes.facts(programme)
    groups = allocations.tier_names_of(programme, number)
    wanted = (
        select(
            Allotment.id,
            Allotment.rank,
            Allotment.station,
            Allotment.position,
            Allotment.pinned,
            Allotment.reason,
            Registration.code.label("registration"),
            Party.code.label("party"),
            Participant.name,
            Organisation.name_zh,
            Organisation.name_en,
            Option.code.label("option"),
        )
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .outerjoin(Option, Option.id == Allotment.option_id)
        .where(Allotment.run_id == row_id)
    )
    if placed is not None:
        wanted = wanted.where(Allotment.option_id.is_not(None) if placed else Allotment.option_id.is_(None))
    if option:
        wanted = wanted.where(Option.code == option)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = db.session.execute(wanted.where(Allotment.id > after).order_by(Allotment.id).limit(size + 1)).all()
    shown = rows[:size]
    return PersonPage(
        rows=tuple(
            PersonRow(
                id=row.id,
                registration=row.registration,
                party=row.party,
                name=row.name,
                unit=Bilingual(row.name_zh or "", row.name_en or ""),
                option=facts.option_by_code.get(row.option) if row.option else None,
                rank=row.rank,
                tier=row.reason.get("tier", 1),
                tier_name=groups.get(row.reason.get("tier", 1)),
                lot=row.reason.get("lot"),
                station=row.station,
                position=row.position,
                pinned=row.pinned,
                why=sentences(row.reason, facts),
            )
            for row in shown
        ),
        total=total,
        next_after=shown[-1].id if len(rows) > size else None,
    )
