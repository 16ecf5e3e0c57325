"""Claims of priority or eligibility that nobody has checked yet, and whom they are of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from eventhub import kinds
from eventhub.domain.questions import asks_for_claim
from eventhub.domain.terms import LIVE, RegistrationState
from eventhub.extensions import db
from eventhub.i18n import Bilingual, Text
from eventhub.models.accounts import Claim, Participant
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Programme
from eventhub.models.registrations import Registration
from eventhub.queries import doubles
from eventhub.queries.organisations import under


@dataclass(frozen=True)
class ClaimRow:
    """One person and the claims that wait for a yes or no; the telephone is left out, the name is for the desk."""

    id: int
    registration: str
    participant: str
    name: str
    birth_date: date | None
    unit: Bilingual
    waiting: tuple[tuple[str, Text], ...]
    """(kind of claim, its words)"""
    double: bool = False
    """Whether another record may be the same person: that is decided first."""


@dataclass(frozen=True)
class ClaimPage:
    """Some people with claims to check, how many there are, and where the next page begins."""

    rows: tuple[ClaimRow, ...] = ()
    total: int = 0
    next_after: int | None = None


def one_waiting(programme: str, participant: str, *, within: Sequence[str] = ()) -> ClaimRow | None:
    """The claims to check of one person, if there are any within reach."""
    return next(iter(waiting(programme, within=within, participant=participant, size=1).rows), None)


def waiting(
    programme: str, *, within: Sequence[str] = (), participant: str = "", after: int = 0, size: int = 50
) -> ClaimPage:
    """Who of a programme claims something unchecked: by an answer at sign-up, or a claim noted without a check.

    ``within`` limits it to the people of some organisations and all below them.
    """
    row = db.session.scalar(select(Programme).where(Programme.code == programme))
    if row is None:
        return ClaimPage()
    kind = kinds.named(row.kind)
    words = dict(kind.claims)
    if not words:
        return ClaimPage()
    asked = tuple(question.key for question in kind.questions if asks_for_claim(question, words))
    wanted = _wanted(row.id, asked, tuple(words), within)
    if participant:
        wanted = wanted.where(Participant.code == participant)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = db.session.execute(
        wanted.where(Registration.id > after).order_by(Registration.id).limit(size + 1)
    ).all()
    shown = rows[:size]
    ids = [each.participant_id for each in shown]
    noted, twice = _noted(ids), doubles.unsettled(db.session(), ids)
    return ClaimPage(
        rows=tuple(
            ClaimRow(
                id=each.id,
                registration=each.registration,
                participant=each.participant,
                name=each.name,
                birth_date=each.birth_date,
                unit=Bilingual(each.name_zh or "", each.name_en or ""),
                waiting=tuple(
                    (key, words[key])
                    for key in words
                    if not noted[each.participant_id].get(key, False)
                    and (
                        key in noted[each.participant_id]
                        or key in {each.answers.get(question) for question in asked}
                    )
                ),
                double=each.participant_id in twice,
            )
            for each in shown
        ),
        total=total,
        next_after=shown[-1].id if len(rows) > size else None,
    )


def _wanted(
    programme_id: int, asked: Sequence[str], claims: Sequence[str], within: Sequence[str]
) -> Select[tuple[object, ...]]:
    ours = Claim.participant_id == Registration.participant_id
    unchecked = exists().where(and_(ours, Claim.checked_on.is_(None), Claim.kind.in_(claims)))
    conditions: list[ColumnElement[bool]] = [unchecked]
    for key in asked:
        said = Registration.answers[key].as_string()
        checked = exists().where(
            and_(ours, Claim.checked_on.is_not(None), Claim.kind.is_not_distinct_from(said))
        )
        conditions.append(and_(said.in_(claims), ~checked))
    wanted = (
        select(
            Registration.id,
            Registration.code.label("registration"),
            Registration.participant_id,
            Registration.answers,
            Participant.code.label("participant"),
            Participant.name,
            Participant.birth_date,
            Organisation.name_zh,
            Organisation.name_en,
        )
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .where(
            Registration.programme_id == programme_id,
            Registration.state.in_(LIVE - {RegistrationState.DRAFT}),
            or_(*conditions),
        )
    )
    return wanted.where(under(within)) if within else wanted


def _noted(ids: Sequence[int]) -> dict[int, dict[str, bool]]:
    """Participant -> kind of claim -> whether somebody said yes or no to it."""
    found: dict[int, dict[str, bool]] = defaultdict(dict)
    rows = db.session.execute(
        select(Claim.participant_id, Claim.kind, Claim.checked_on).where(Claim.participant_id.in_(ids))
    )
    for participant_id, kind, checked_on in rows:
        found[participant_id][kind] = checked_on is not None
    return found
