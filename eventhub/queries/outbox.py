"""The outbox as the desk sees it: what went out and what waits, and slips for those who cannot be written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from eventhub.config import Settings
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import LetterState, Method
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Participant
from eventhub.models.invites import Letter
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Programme
from eventhub.models.registrations import Party, Registration
from eventhub.queries import programmes


@dataclass(frozen=True)
class LetterRow:
    """One letter of the outbox. ``label`` is its subject in a word: which letter it is."""

    id: int
    name: str
    registration: str
    recipient: str
    address_masked: str
    method: Method | None
    sequence: int | None
    state: LetterState
    created_at: datetime
    sent_at: datetime | None
    tries: int
    next_try_at: datetime | None
    error: str
    may_be_sent_again: bool


@dataclass(frozen=True)
class LetterPage:
    """Some letters, how many there are of each state, and where the next page begins."""

    rows: tuple[LetterRow, ...] = ()
    by_state: Mapping[LetterState, int] | None = None
    next_before: int | None = None
    sending_off: bool = False
    """Sending is switched off by a setting: what is queued waits."""


@dataclass(frozen=True)
class Slip:
    """What is printed for somebody who cannot be written to: the letter's words, for whom, of which unit."""

    letter: int
    registration: str
    name: str
    unit: Bilingual
    kind_of_letter: str
    words: Mapping[str, Any]


def letters(
    programme: str,
    *,
    state: LetterState | None = None,
    name: str = "",
    registration: str = "",
    text: str = "",
    before: int | None = None,
    size: int = 50,
) -> LetterPage:
    """Letters of a programme, newest first, a page at a time (keyset: ``before`` is the last row of the page before).

    ``text`` is part of a name, of whoever reads or of whoever takes part, or of an address, or a whole number of a sign-up.
    Counted by state is what all else asked for leaves.
    """
    settings: Settings = current_app.extensions["settings"]
    asked = [Letter.programme_id == programmes.id_of(db.session(), programme)]
    if name:
        asked.append(Letter.name == name)
    if registration:
        asked.append(Registration.code == registration)
    if text := text.strip():
        asked.append(_about(text))
    wanted = _joined(select(Letter, Registration.code)).where(*asked)
    if state is not None:
        wanted = wanted.where(Letter.state == state)
    if before is not None:
        wanted = wanted.where(Letter.id < before)
    rows = db.session.execute(wanted.order_by(Letter.id.desc()).limit(size + 1)).all()
    shown = rows[:size]
    by_state = _count_by_state(asked)
    old = superseded(db.session(), [letter.id for letter, _code in shown])
    return LetterPage(
        rows=tuple(_letter_row(letter, code, old=letter.id in old) for letter, code in shown),
        by_state=by_state,
        next_before=shown[-1][0].id if len(rows) > size else None,
        sending_off=settings.mail_off,
    )


def superseded(session: Session, ids: Collection[int]) -> set[int]:
    """Those of some letters that are invitations after which another was written about the same place.

    However far the later one got: sent now, the earlier one would put what is past back into a calendar.
    """
    later = aliased(Letter)
    follows = and_(later.invite_id == Letter.invite_id, later.id > Letter.id, later.method.is_not(None))
    return set(
        session.scalars(
            select(Letter.id).where(Letter.id.in_(ids), Letter.method.is_not(None), exists().where(follows))
        )
    )


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(Letter)
        .outerjoin(Registration, Registration.id == Letter.registration_id)
        .outerjoin(Party, Party.id == Registration.party_id)
        .outerjoin(Participant, Participant.id == Registration.participant_id)
    )


def _about(text: str) -> ColumnElement[bool]:
    return or_(
        Letter.recipient_name.contains(text, autoescape=True),
        func.lower(Letter.recipient_address).contains(text.lower(), autoescape=True),
        Participant.name.contains(text, autoescape=True),
        Registration.code == text.upper(),
        Party.code == text.upper(),
    )


def _count_by_state(asked: Sequence[ColumnElement[bool]]) -> dict[LetterState, int]:
    rows = db.session.execute(
        _joined(select(Letter.state, func.count().label("letters"))).where(*asked).group_by(Letter.state)
    )
    return {row.state: row.letters for row in rows}


def programme_of_letter(letter_id: int) -> str:
    """The programme a letter belongs to, so that a page can ask who may touch it; :class:`NotFound` if none."""
    found = db.session.scalar(
        select(Programme.code).join(Letter, Letter.programme_id == Programme.id).where(Letter.id == letter_id)
    )
    if found is None:
        raise NotFound
    return found


def to_be_printed() -> ColumnElement[bool]:
    """That a letter is a slip still worth handing over: nothing was said of its registration after it, on paper or by mail."""
    later = aliased(Letter)
    return and_(
        Letter.state == LetterState.PRINT,
        ~exists().where(later.registration_id == Letter.registration_id, later.id > Letter.id),
    )


def slips(programme: str) -> tuple[Slip, ...]:
    """What is to be printed, the newest of each registration, by unit."""
    rows = db.session.execute(
        select(Letter, Registration.code, Participant.name, Organisation.name_zh, Organisation.name_en)
        .join(Programme, Programme.id == Letter.programme_id)
        .join(Registration, Registration.id == Letter.registration_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .where(Programme.code == programme, to_be_printed())
        .order_by(Organisation.path, Registration.id)
    ).all()
    return tuple(
        Slip(
            letter=row.Letter.id,
            registration=row.code,
            name=row.name,
            unit=Bilingual(row.name_zh or "", row.name_en or ""),
            kind_of_letter=row.Letter.name,
            words=row.Letter.context,
        )
        for row in rows
    )


def _letter_row(letter: Letter, code: str | None, *, old: bool) -> LetterRow:
    return LetterRow(
        id=letter.id,
        name=letter.name,
        registration=code or "",
        recipient=letter.recipient_name,
        address_masked=mask_address(letter.recipient_address or ""),
        method=letter.method,
        sequence=letter.sequence,
        state=letter.state,
        created_at=letter.created_at,
        sent_at=letter.sent_at,
        tries=letter.tries,
        next_try_at=letter.run_after,
        error=letter.error or "",
        may_be_sent_again=letter.state in {LetterState.SENT, LetterState.DEAD} and not old,
    )


def mask_address(address: str) -> str:
    """An address that can be recognised and not copied: m***@example.org."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}***{at}{domain}" if at else ""
