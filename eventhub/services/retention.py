"""Erase what people answered when it is no longer needed: thirty days after they came back, as the forms promise."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from eventhub.domain.facts import HOUSE
from eventhub.domain.phases import ZONE
from eventhub.extensions import db, transaction
from eventhub.models.programmes import Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Party, Registration
from eventhub.queries import programmes
from eventhub.services import journal

KEPT = timedelta(days=30)
"""How long answers are kept after the last day; the consent texts name the same number."""


def erase_due(*, at: datetime) -> int:
    """Erase the answers of everybody who has been back for thirty days; of how many people.

    Somebody without a place counts as back on the last day of the whole programme. Who signed up, for what and what
    came of it stays: places are accounted for by it.
    """
    today = at.astimezone(ZONE).date()
    answered = exists().where(
        Registration.programme_id == Programme.id, _says_something(Registration.answers)
    )
    of_party = exists().where(Party.programme_id == Programme.id, _says_something(Party.answers))
    ids = db.session.scalars(select(Programme.id).where(answered | of_party).order_by(Programme.id)).all()
    return sum(_erase_in(programme_id, today=today, at=at) for programme_id in ids)


def _erase_in(programme_id: int, *, today: date, at: datetime) -> int:
    with transaction() as session:
        facts = programmes.facts_by_id(session, programme_id)
        past = {option.code for option in facts.options if option.last_day + KEPT < today}
        whole = len(past) == len(facts.options)
        if not past:
            return 0
        back = _back(programme_id, _rows_of(session, programme_id, past), whole=whole)
        people = session.execute(
            update(Registration)
            .where(Registration.id.in_(back), _says_something(Registration.answers))
            .values(answers={}),
            execution_options={"synchronize_session": False},
        )
        still_away = exists().where(Registration.party_id == Party.id, Registration.id.not_in(back))
        parties = session.execute(
            update(Party)
            .where(Party.programme_id == programme_id, _says_something(Party.answers), ~still_away)
            .values(answers={}),
            execution_options={"synchronize_session": False},
        )
        count, groups = _rows(people), _rows(parties)
        if count or groups:
            journal.note(
                session,
                at=at,
                by=HOUSE,
                event="answers erased",
                subject="programme",
                code=facts.code,
                details={"people": count, "parties": groups},
            )
        return count


def _rows_of(session: Session, programme_id: int, codes: Collection[str]) -> list[int]:
    known = programmes.option_ids(session, programme_id)
    return [row_id for code, row_id in known.items() if code in codes]


def _back(programme_id: int, options: Collection[int], *, whole: bool) -> Select[Any]:
    """Registrations whose people are back: of the whole programme, or of those who went to these options."""
    ours = select(Registration.id).where(Registration.programme_id == programme_id)
    if whole:
        return ours
    last = select(func.max(Publication.id)).where(Publication.programme_id == programme_id).scalar_subquery()
    return ours.where(
        exists().where(
            PublishedAllotment.registration_id == Registration.id,
            PublishedAllotment.publication_id == last,
            PublishedAllotment.option_id.in_(options),
        )
    )


def _says_something(answers: InstrumentedAttribute[dict[str, Any]]) -> ColumnElement[bool]:
    return cast(answers, String) != "{}"


def _rows(result: Any) -> int:
    return int(result.rowcount)
