"""Doubles: two records of one name, birth date and unit, which may be one person kept twice; an officer says so.

Whoever types somebody in gets a record of their own, unless they may read the one that is there. So nobody reaches a
stranger's record by knowing a name and a date, and nobody learns from an answer that there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from eventhub.domain.identity import mask_phone
from eventhub.domain.terms import LIVE, RegistrationState
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account, KeptApart, Participant, ParticipationHistory
from eventhub.models.organisations import Organisation
from eventhub.models.registrations import Registration
from eventhub.queries import programmes
from eventhub.queries.organisations import under

MOST_SHOWN = 50
STANDING = LIVE - {RegistrationState.DRAFT}


@dataclass(frozen=True)
class Record:
    """One of two records of what may be one person."""

    code: str
    keeper: str
    """The name of the account whose word it is; empty for the union's own."""
    phone_masked: str
    created_at: datetime
    registration: str | None
    """The sign-up that stands in the programme."""
    state: RegistrationState | None
    has_been: bool
    """Whether something is kept of earlier years."""


@dataclass(frozen=True)
class Double:
    """Two records, the older one first."""

    name: str
    birth_date: date
    unit: Bilingual
    records: tuple[Record, Record]


@dataclass(frozen=True)
class DoublePage:
    """The first pairs to decide on, and how many there are."""

    rows: tuple[Double, ...] = ()
    total: int = 0


_Other = aliased(Participant)


def unsettled(session: Session, ids: Sequence[int]) -> set[int]:
    """Which of these records (by row), typed in by an account, have a double that nobody has decided on."""
    wanted = select(Participant.id).where(
        Participant.id.in_(ids), Participant.keeper_id.is_not(None), exists().where(_double())
    )
    return set(session.scalars(wanted))


def waiting(programme: str, *, within: Sequence[str] = ()) -> DoublePage:
    """Pairs of which at least one is signed up in a programme; ``within`` limits them to units under these codes."""
    session = db.session()
    pairs = _pairs(programmes.id_of(session, programme), within)
    total = session.scalar(select(func.count()).select_from(pairs.subquery())) or 0
    shown = [
        (row.first, row.second)
        for row in session.execute(pairs.order_by("first", "second").limit(MOST_SHOWN))
    ]
    records = _records(session, programme, [row for pair in shown for row in pair])
    rows = []
    for first, second in shown:
        person = session.get_one(Participant, first)
        unit = person.organisation
        rows.append(
            Double(
                name=person.name,
                birth_date=person.birth_date or date.min,
                unit=Bilingual(unit.name_zh, unit.name_en) if unit else Bilingual(""),
                records=(records[first], records[second]),
            )
        )
    return DoublePage(tuple(rows), total)


def deciding(session: Session, programme_id: int) -> int:
    """In how many undecided pairs the answer may decide who gets a place: both stand for one thing, or one has been before."""
    rival = aliased(Registration)
    both = exists().where(
        rival.participant_id == _Other.id,
        rival.programme_id == Registration.programme_id,
        rival.item == Registration.item,
        rival.state.in_(STANDING),
    )
    been = exists().where(ParticipationHistory.participant_id == _Other.id)
    pairs = _pairs(programme_id, ()).where(or_(both, been))
    return session.scalar(select(func.count()).select_from(pairs.subquery())) or 0


def is_double(session: Session, first: Participant, second: Participant) -> bool:
    """Whether two records still wait for a decision."""
    return bool(
        session.scalar(select(exists().where(Participant.id == first.id, _Other.id == second.id, _double())))
    )


def _double() -> Any:
    """That two records are of one name, birth date and unit, and nobody has said that they are two people."""
    apart = exists().where(
        or_(
            and_(KeptApart.first_id == Participant.id, KeptApart.second_id == _Other.id),
            and_(KeptApart.first_id == _Other.id, KeptApart.second_id == Participant.id),
        )
    )
    return and_(
        _Other.name == Participant.name,
        _Other.birth_date == Participant.birth_date,
        _Other.organisation_id.is_not_distinct_from(Participant.organisation_id),
        _Other.id != Participant.id,
        ~apart,
    )


def _pairs(programme_id: int, within: Sequence[str]) -> Select[tuple[int, int]]:
    older = case((Participant.id < _Other.id, Participant.id), else_=_Other.id)
    newer = case((Participant.id < _Other.id, _Other.id), else_=Participant.id)
    wanted = (
        select(older.label("first"), newer.label("second"))
        .select_from(Registration)
        .join(Participant, Participant.id == Registration.participant_id)
        .join(_Other, _double())
        .where(Registration.programme_id == programme_id, Registration.state.in_(STANDING))
        .distinct()
    )
    if within:
        wanted = wanted.join(Organisation, Organisation.id == Participant.organisation_id).where(
            under(within)
        )
    return wanted


def _records(session: Session, programme: str, ids: Sequence[int]) -> dict[int, Record]:
    signed_up = {
        row.participant_id: row
        for row in session.scalars(
            select(Registration)
            .where(
                Registration.participant_id.in_(ids),
                Registration.programme_id == programmes.id_of(session, programme),
                Registration.state.in_(STANDING),
            )
            .order_by(Registration.id)
        )
    }
    been = set(
        session.scalars(
            select(ParticipationHistory.participant_id).where(ParticipationHistory.participant_id.in_(ids))
        )
    )
    rows = session.execute(
        select(Participant, Account.name)
        .outerjoin(Account, Account.id == Participant.keeper_id)
        .where(Participant.id.in_(ids))
    )
    return {
        row.id: Record(
            code=row.code,
            keeper=keeper or "",
            phone_masked=mask_phone(row.phone or ""),
            created_at=row.created_at,
            registration=signed_up[row.id].code if row.id in signed_up else None,
            state=signed_up[row.id].state if row.id in signed_up else None,
            has_been=row.id in been,
        )
        for row, keeper in rows
    }
