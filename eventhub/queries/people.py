"""People as the rules see them: claims valid now, where they went before, the organisations above them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from eventhub.domain.facts import Actor, PastPlace, Person
from eventhub.domain.identity import mask_phone
from eventhub.domain.terms import LIVE, RegistrationState, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Claim, Participant, ParticipationHistory, Relation
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Programme
from eventhub.models.registrations import Registration

CHUNK = 500
"""Rows asked for at once: SQLite takes a limited number of parameters."""


@dataclass(frozen=True)
class PersonRow:
    """Somebody an account may sign up, as “my people” shows them."""

    person: Person
    relation: str
    unit: Bilingual
    phone_masked: str
    has_identity_number: bool
    claims: tuple[tuple[str, bool, date | None], ...]
    """(kind, checked, valid until) of each claim, checked or waiting."""


def people(session: Session, ids: Iterable[int], *, on: date) -> dict[int, Person]:
    """Participants by row, as the rules see them on a day."""
    wanted = list(dict.fromkeys(ids))
    claims: dict[int, set[str]] = defaultdict(set)
    history: dict[int, list[PastPlace]] = defaultdict(list)
    found: dict[int, Person] = {}
    for chunk in _chunks(wanted):
        valid = select(Claim.participant_id, Claim.kind).where(
            Claim.participant_id.in_(chunk),
            Claim.checked,
            or_(Claim.valid_until.is_(None), Claim.valid_until >= on),
        )
        for participant_id, kind in session.execute(valid):
            claims[participant_id].add(kind)
        past = select(
            ParticipationHistory.participant_id,
            ParticipationHistory.kind,
            ParticipationHistory.year,
            ParticipationHistory.attended,
        ).where(ParticipationHistory.participant_id.in_(chunk))
        for participant_id, kind, year, attended in session.execute(past):
            history[participant_id].append(PastPlace(kind, year, attended=attended))
        rows = session.execute(
            select(
                Participant.id,
                Participant.code,
                Participant.name,
                Participant.birth_date,
                Participant.sex,
                Participant.place_code,
                Organisation.path,
            )
            .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
            .where(Participant.id.in_(chunk))
        )
        for row in rows:
            found[row.id] = Person(
                code=row.code,
                name=row.name,
                birth_date=row.birth_date,
                sex=row.sex,
                organisations=tuple(row.path.strip("/").split("/")) if row.path else (),
                place_code=row.place_code,
                claims=frozenset(claims[row.id]),
                history=tuple(sorted(history[row.id], key=lambda past: (past.year, past.kind))),
            )
    return found


def of_account(actor: Actor, *, on: date) -> tuple[PersonRow, ...]:
    """Whom an account may sign up: oneself, children, family."""
    session = db.session()
    rows = session.execute(
        select(Relation.relation, Participant)
        .join(Participant, Participant.id == Relation.participant_id)
        .where(Relation.account_id == actor.account_id)
        .order_by(Relation.id)
    ).all()
    known = people(session, [participant.id for _, participant in rows], on=on)
    return tuple(_person_row(known[participant.id], relation, participant) for relation, participant in rows)


def one_of(actor: Actor, code: str, *, on: date) -> PersonRow | None:
    """One of the people an account may sign up, or an officer's own unit has; None for anybody else's."""
    session = db.session()
    found = session.execute(
        select(Relation.relation, Participant)
        .join(Participant, Participant.id == Relation.participant_id)
        .where(Relation.account_id == actor.account_id, Participant.code == code)
    ).first()
    if found is None:
        participant = session.scalar(select(Participant).where(Participant.code == code))
        if participant is None or not speaks_for(actor, participant):
            return None
        found_relation, found_participant = "unit", participant
    else:
        found_relation, found_participant = found[0], found[1]
    person = people(session, [found_participant.id], on=on)[found_participant.id]
    return _person_row(person, found_relation, found_participant)


def to_correct(actor: Actor, code: str, *, on: date) -> PersonRow | None:
    """Somebody whom an account may sign up, or whom it may correct for the union; None for anybody else."""
    found = one_of(actor, code, on=on)
    if found is not None:
        return found
    session = db.session()
    participant = session.scalar(select(Participant).where(Participant.code == code))
    if participant is None or not may_correct(session, actor, participant):
        return None
    return _person_row(people(session, [participant.id], on=on)[participant.id], "unit", participant)


def may_correct(session: Session, actor: Actor, participant: Participant) -> bool:
    """Whether the union corrects somebody by this account: an officer of the unit, or who organises what they signed up for."""
    if speaks_for(actor, participant):
        return True
    if not actor.is_a(Role.ORGANISER):
        return False
    hosts = session.scalars(
        select(Organisation.path)
        .join(Programme, Programme.organisation_id == Organisation.id)
        .join(Registration, Registration.programme_id == Programme.id)
        .where(
            Registration.participant_id == participant.id,
            Registration.state.in_(LIVE - {RegistrationState.DRAFT}),
        )
    )
    return any(f"/{code}/" in f"/{path}" for path in hosts for code in actor.scope)


def reached_at(actor: Actor, code: str) -> tuple[str, str]:
    """Telephone and mail address kept of somebody the account may correct, for that; empty for anybody else."""
    session = db.session()
    row = session.scalar(select(Participant).where(Participant.code == code))
    if row is None:
        return "", ""
    related = session.scalar(
        select(Relation.id).where(Relation.account_id == actor.account_id, Relation.participant_id == row.id)
    )
    if related is None and not may_correct(session, actor, row):
        return "", ""
    return row.phone or "", row.email or ""


def concerns(actor: Actor) -> ColumnElement[bool]:
    """That a registration is of somebody the account acts for, or whose letters go to the address it signed in with."""
    whose = select(Relation.participant_id).where(Relation.account_id == actor.account_id)
    if not actor.email:
        return Registration.participant_id.in_(whose)
    # Links and codes to sign in go to this address alone, so whoever is signed in can read it.
    written_to = select(Participant.id).where(Participant.email == actor.email)
    return Registration.participant_id.in_(whose.union(written_to))


def speaks_for(actor: Actor, participant: Participant) -> bool:
    """Whether an officer or organiser answers for somebody's unit."""
    if actor.account_id == 0:
        return True
    if not actor.roles & {Role.OFFICER, Role.ORGANISER} or participant.organisation is None:
        return False
    return bool(set(participant.organisation.codes) & set(actor.scope))


def _person_row(person: Person, relation: str, participant: Participant) -> PersonRow:
    unit = participant.organisation
    return PersonRow(
        person=person,
        relation=relation,
        unit=Bilingual(unit.name_zh, unit.name_en) if unit else Bilingual(""),
        phone_masked=mask_phone(participant.phone or ""),
        has_identity_number=participant.identity_sealed is not None,
        claims=tuple((claim.kind, claim.checked, claim.valid_until) for claim in participant.claims),
    )


def _chunks(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
