"""A whole programme as facts, for a solver: every party that stands, with its people, in the order of arrival."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub.domain.facts import PartyFacts, ProgrammeFacts, RegistrationFacts
from eventhub.domain.terms import IN_ALLOCATION
from eventhub.models.allocations import Allotment, Pin
from eventhub.models.programmes import Option
from eventhub.models.registrations import Party, Preference, Registration
from eventhub.queries import people, programmes


@dataclass(frozen=True)
class Snapshot:
    """A programme and its parties at one moment."""

    programme: ProgrammeFacts
    parties: tuple[PartyFacts, ...]
    registration_ids: dict[str, int]
    """Registration code -> row."""
    option_ids: dict[str, int]
    """Option code -> row."""


def group_code(party_id: int) -> str:
    """A party as the solver knows it: by its row, so that results do not hang on a random public code."""
    return f"p{party_id:08d}"


def take(session: Session, programme_id: int, *, on: date, run_id: int | None = None) -> Snapshot:
    """The programme as it stands in this transaction; claims are judged as of a day.

    With ``run_id`` its people are those of that run, whether they have given up since or not, as they are known today.
    """
    programme = programmes.facts_by_id(session, programme_id)
    option_codes = dict(
        session.execute(select(Option.id, Option.code).where(Option.programme_id == programme_id)).all()
    )
    members, ids = _members(session, programme_id, on=on, run_id=run_id)
    rankings: dict[int, list[str]] = defaultdict(list)
    ranked = (
        select(Preference.party_id, Preference.option_id)
        .join(Party, Party.id == Preference.party_id)
        .where(Party.programme_id == programme_id)
        .order_by(Preference.party_id, Preference.rank)
    )
    for party_id, option_id in session.execute(ranked):
        rankings[party_id].append(option_codes[option_id])
    pins = {
        party_id: option_codes[option_id] if option_id else ""
        for party_id, option_id in session.execute(
            select(Pin.party_id, Pin.option_id)
            .join(Party, Party.id == Pin.party_id)
            .where(Party.programme_id == programme_id)
        )
    }
    rows = session.execute(
        select(Party.id, Party.item, Party.flexible, Party.answers)
        .where(Party.programme_id == programme_id)
        .order_by(Party.id)
    )
    parties = tuple(
        PartyFacts(
            code=group_code(row.id),
            members=tuple(members[row.id]),
            ranking=tuple(rankings[row.id]),
            item=row.item,
            flexible=row.flexible,
            answers=row.answers,
            pinned=pins.get(row.id),
        )
        for row in rows
        if row.id in members
    )
    return Snapshot(programme, parties, ids, {code: row_id for row_id, code in option_codes.items()})


def _members(
    session: Session, programme_id: int, *, on: date, run_id: int | None
) -> tuple[dict[int, list[RegistrationFacts]], dict[str, int]]:
    wanted = (
        select(
            Registration.id,
            Registration.code,
            Registration.party_id,
            Registration.participant_id,
            Registration.role,
            Registration.state,
            Registration.answers,
        )
        .where(Registration.programme_id == programme_id)
        .order_by(Registration.id)
    )
    if run_id is None:
        wanted = wanted.where(Registration.state.in_(IN_ALLOCATION))
    else:
        wanted = wanted.join(Allotment, Allotment.registration_id == Registration.id).where(
            Allotment.run_id == run_id
        )
    rows = session.execute(wanted).all()
    known = people.people(session, [row.participant_id for row in rows], on=on)
    members: dict[int, list[RegistrationFacts]] = defaultdict(list)
    for row in rows:
        members[row.party_id].append(
            RegistrationFacts(row.code, known[row.participant_id], row.role, row.state, row.answers)
        )
    return dict(members), {row.code: row.id for row in rows}
