"""Say of two records of one name, birth date and unit whether they are one person: an officer of the unit, or the organiser.

Not whoever typed first: that is no proof of being the guardian, and a stranger may have been quicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import current_app
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.delivery.letters import PersonDecidedLetter
from eventhub.domain.facts import Actor, Person
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import RegistrationState, Role
from eventhub.extensions import transaction
from eventhub.i18n import N_, _, use_locale
from eventhub.models.accounts import (
    Account,
    Claim,
    KeptApart,
    Participant,
    ParticipationHistory,
    Relation,
)
from eventhub.models.registrations import Registration
from eventhub.models.sealing import Seals
from eventhub.queries import doubles as queries
from eventhub.queries import people as people_queries
from eventhub.queries import programmes as programme_queries
from eventhub.services import addresses, intake, journal, letters, seats
from eventhub.services.steps import step

Pair = tuple[Participant, Participant]


def join(programme: str, codes: tuple[str, str], *, by: Actor, at: datetime) -> str:
    """They are one person, and whoever typed the other record may act for them: one record stays; returns its code.

    The union's own record stays, else the older one. Where both stand for the same thing, the sign-up without a place
    ends. Refused if two identity numbers say that they are two people.
    """
    with transaction() as session:
        older, newer = _pair(session, programme, codes, by)
        kept, other = (newer, older) if older.keeper_id and not newer.keeper_id else (older, newer)
        _take_identity(session, kept, other)
        _end_one_of_two(session, kept, other, by=by, at=at)
        told = _who_act_for(session, other)
        _move(session, kept, other)
        kept.keeper_id = None
        _tell(session, programme, kept, told, confirmed=True, at=at)
        journal.note(
            session,
            at=at,
            by=by,
            event="records joined",
            subject="participant",
            code=kept.code,
            details={"other": other.code},
        )
        code = kept.code
        session.flush()
        addresses.follow(session, [kept.id], at=at)
        session.execute(delete(Participant).where(Participant.id == other.id))
        session.expire_all()
        return code


def keep_apart(programme: str, codes: tuple[str, str], *, by: Actor, at: datetime) -> None:
    """They are two people of one name, born on one day."""
    with transaction() as session:
        pair = _pair(session, programme, codes, by)
        _note_apart(session, pair, by=by, at=at)
        journal.note(
            session,
            at=at,
            by=by,
            event="records kept apart",
            subject="participant",
            code=pair[0].code,
            details={"other": pair[1].code},
        )


def refuse(programme: str, codes: tuple[str, str], wrong: str, *, by: Actor, at: datetime) -> None:
    """Whoever typed the record ``wrong`` has no right to act for this person: the record is theirs no more, its sign-ups end.

    Refused for a record of the union's own, and where a place was given: that is the organiser's to take back.
    """
    with transaction() as session:
        pair = _pair(session, programme, codes, by)
        row = next((each for each in pair if each.code == wrong and each.keeper_id is not None), None)
        if row is None:
            raise NotFound
        told = _who_act_for(session, row)
        for each in _standing(session, row):
            _end(session, each, by=by, at=at, reason=_("The unit has not confirmed this record."))
        session.execute(delete(Relation).where(Relation.participant_id == row.id))
        _note_apart(session, pair, by=by, at=at)
        _tell(session, programme, row, told, confirmed=False, at=at)
        journal.note(session, at=at, by=by, event="record refused", subject="participant", code=row.code)


# -- Who may decide, on what -------------------------------------------------------------------------


def _pair(session: Session, programme: str, codes: tuple[str, str], by: Actor) -> Pair:
    """The two records, locked, the older one first; Conflict once somebody has decided on them."""
    rows = session.scalars(
        select(Participant).where(Participant.code.in_(codes)).order_by(Participant.id).with_for_update()
    ).all()
    facts = programme_queries.facts(programme, session=session)
    if len(rows) != 2:  # noqa: PLR2004 - a pair
        raise _decided() if by.is_a(Role.OFFICER) or by.is_a(Role.ORGANISER) else NotFound
    older, newer = rows
    reaches = all(people_queries.speaks_for(by, row) for row in rows) or (
        programme_queries.answers_for(by, facts) and _signed_up(session, rows, facts.code)
    )
    if not reaches:
        raise NotFound
    if not queries.is_double(session, older, newer):
        raise _decided()
    return older, newer


def _signed_up(session: Session, rows: Sequence[Participant], programme: str) -> bool:
    programme_id = programme_queries.id_of(session, programme)
    return any(each.programme_id == programme_id for row in rows for each in _standing(session, row))


def _decided() -> Conflict:
    return Conflict(
        Problem(
            "decided",
            N_("Somebody has decided on these two meanwhile. Reload the page to see how they stand."),
        )
    )


def _standing(session: Session, row: Participant) -> Sequence[Registration]:
    return session.scalars(
        select(Registration)
        .where(Registration.participant_id == row.id, Registration.state.in_(intake.STANDING))
        .order_by(Registration.id)
    ).all()


# -- One record out of two ---------------------------------------------------------------------------


def _take_identity(session: Session, kept: Participant, other: Participant) -> None:
    if other.identity_sealed is None:
        return
    if kept.identity_sealed is not None:
        raise Refused(
            Problem(
                "two_numbers",
                N_("Two identity numbers are kept: these are two people, or one number is wrong."),
            )
        )
    seals: Seals = current_app.extensions["seals"]
    sealed, index = other.identity_sealed, other.identity_index
    number = seals.open(sealed, table="participant", column="identity_sealed", row=other.code)
    other.identity_sealed = other.identity_index = None
    session.flush()  # the index is unique: it leaves one row before it comes to the other
    kept.identity_sealed = seals.seal(number, table="participant", column="identity_sealed", row=kept.code)
    kept.identity_index = index


def _end_one_of_two(
    session: Session, kept: Participant, other: Participant, *, by: Actor, at: datetime
) -> None:
    """Of two sign-ups of one person for the same thing, the one without a place ends; else that of the other record."""
    ours = {(each.programme_id, each.item): each for each in _standing(session, kept)}
    for theirs in _standing(session, other):
        standing = ours.get((theirs.programme_id, theirs.item))
        if standing is None:
            continue
        placed = (
            theirs.state is RegistrationState.ALLOTTED and standing.state is not RegistrationState.ALLOTTED
        )
        reason = _("This person was signed up twice; the other sign-up stands.")
        _end(session, standing if placed else theirs, by=by, at=at, reason=reason, joined=True)


def _end(
    session: Session, row: Registration, *, by: Actor, at: datetime, reason: str, joined: bool = False
) -> None:
    if row.state is RegistrationState.ALLOTTED and not joined and not by.is_a(Role.ORGANISER):
        raise Refused(
            Problem("has_place", N_("A place was given on this record: ask the organiser to decide."))
        )
    step(session, row, RegistrationState.WITHDRAWN, by=by, at=at, reason=reason)
    seats.end_seat(session, row.id, at=at, by=by, letter="withdrawn", reason=reason)


def _move(session: Session, kept: Participant, other: Participant) -> None:
    """Everything that hangs on the other record hangs on the kept one."""
    session.flush()
    kept.phone, kept.email = kept.phone or other.phone, kept.email or other.email
    session.execute(
        update(Registration).where(Registration.participant_id == other.id).values(participant_id=kept.id),
    )
    for table, same in ((Relation, Relation.account_id), (Claim, Claim.kind)):
        there = set(session.scalars(select(same).where(table.participant_id == kept.id)))
        session.execute(delete(table).where(table.participant_id == other.id, same.in_(there)))
        session.execute(
            update(table).where(table.participant_id == other.id).values(participant_id=kept.id),
        )
    been = {(each.kind, each.year) for each in kept.history}
    for past in session.scalars(
        select(ParticipationHistory).where(ParticipationHistory.participant_id == other.id)
    ).all():
        if (past.kind, past.year) in been:
            session.delete(past)
        else:
            past.participant_id = kept.id
    session.execute(
        delete(KeptApart).where(or_(KeptApart.first_id == other.id, KeptApart.second_id == other.id))
    )


def _note_apart(session: Session, pair: Pair, *, by: Actor, at: datetime) -> None:
    older, newer = pair
    session.add(
        KeptApart(first_id=older.id, second_id=newer.id, decided_by_id=by.account_id or None, decided_at=at)
    )


# -- Telling -----------------------------------------------------------------------------------------


def _who_act_for(session: Session, row: Participant) -> Sequence[Account]:
    return session.scalars(
        select(Account)
        .join(Relation, Relation.account_id == Account.id)
        .where(Relation.participant_id == row.id, Account.email.is_not(None))
        .order_by(Account.id)
    ).all()


def _tell(
    session: Session,
    programme: str,
    row: Participant,
    told: Sequence[Account],
    *,
    confirmed: bool,
    at: datetime,
) -> None:
    facts = programme_queries.facts(programme, session=session)
    person = Person(code=row.code, name=row.name, birth_date=row.birth_date, sex=row.sex)
    base = current_app.extensions["settings"].base_url
    for account in told:
        with use_locale(account.locale):
            content = PersonDecidedLetter(
                greeting=account.name,
                url=f"{base}/my/people",
                contact_name=facts.contact_name,
                contact_phone=facts.contact_phone,
                who=kinds.of(facts).calendar_name(facts, person),
                confirmed=confirmed,
            )
        letters.queue(
            session,
            content,
            to=letters.Recipient(account.name, account.email, account.locale, account.id),
            at=at,
            programme_id=programme_queries.id_of(session, programme),
        )
