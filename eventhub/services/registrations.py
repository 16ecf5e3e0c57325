"""Sign up, change, withdraw: each is one transaction, and nothing is half written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eventhub.domain import phases
from eventhub.domain.facts import Actor, Application, ProgrammeFacts
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import PartyRole, Phase, RegistrationState, Role
from eventhub.extensions import snapshot, transaction
from eventhub.i18n import N_
from eventhub.models.registrations import Party, Registration
from eventhub.queries import people as people_queries
from eventhub.queries import programmes as programme_queries
from eventhub.queries import registrations as registration_queries
from eventhub.services import applications, intake, journal, letters, participants, seats
from eventhub.services.intake import Entry, Receipt
from eventhub.services.steps import step


def save_draft(application: Application, *, by: Actor, at: datetime, party: str | None = None) -> str:
    """Keep an unfinished application, so that it can be left and continued; returns the party's code.

    People must be known already. Only the close of sign-up and strangers' people are refused at this stage. A draft of
    the same people for the same thing that this account has already is taken up: the first page sent twice, or six times
    at one moment, makes one.
    """
    with transaction() as session:
        target = intake.Target.of(session, application.programme)
        intake.demand_open(target.programme, at)
        participants.one_at_a_time(session, by)
        row = (
            intake.owned_party(session, party, by, lock=True)
            if party
            else _same_draft(session, target, application, by)
        )
        if row is not None and any(each.state is not RegistrationState.DRAFT for each in intake.living(row)):
            raise Conflict(
                Problem("sent_already", N_("This sign-up has been sent. Change it on its own page."))
            )
        people = [intake.known_participant(session, applicant, by) for applicant in application.applicants]
        row = intake.write(session, row, target, application, people, by=by, at=at)
        session.flush()
        return row.code


def _same_draft(session: Session, target: intake.Target, application: Application, by: Actor) -> Party | None:
    wanted = {each.person.code for each in application.applicants if each.person}
    rows = session.scalars(
        select(Party)
        .where(
            Party.programme_id == target.programme_id,
            Party.account_id == by.account_id,
            Party.item == application.item,
            Party.submitted_at.is_(None),
        )
        .order_by(Party.id.desc())
    )
    return next(
        (
            row
            for row in rows
            if {each.participant.code for each in row.registrations} == wanted
            and all(each.state is RegistrationState.DRAFT for each in row.registrations)
        ),
        None,
    )


def submit(
    party: str, *, key: str, by: Actor, at: datetime, application: Application, channel: str = "web"
) -> Receipt:
    """Send a draft, or a returned or changed sign-up, as ``application`` says; the same form twice counts once."""
    return _take(Entry(application, key, party), by=by, at=at, channel=channel)


def register(application: Application, *, key: str, by: Actor, at: datetime, channel: str = "web") -> Receipt:
    """Sign a party up in one go.

    :class:`Refused` names everything that is wrong. The same ``key`` with the same content answers as before;
    with another content it is a :class:`Conflict`.
    """
    return _take(Entry(application, key), by=by, at=at, channel=channel)


def change(party: str, application: Application, *, key: str, by: Actor, at: datetime) -> Receipt:
    """Change a sign-up that was sent, until the close; the place in line is not lost by it."""
    return _take(Entry(application, key, party), by=by, at=at, channel="web")


def check(application: Application, *, by: Actor, at: datetime, party: str | None = None) -> list[Problem]:
    """What sending would refuse, without keeping anything: for the review page."""
    with snapshot() as session:
        programme = programme_queries.facts(application.programme, session=session)
        closed = phases.not_open(programme, at)
        row = intake.owned_party(session, party, by) if party else None
        standing = intake.standing_of(session, programme, application)
        _, problems = applications.judged(
            programme, application, standing=standing, ours=row.id if row else 0
        )
        return [closed, *problems] if closed else problems


def _take(entry: Entry, *, by: Actor, at: datetime, channel: str) -> Receipt:
    try:
        return _taken(entry, by=by, at=at, channel=channel)
    except IntegrityError:
        # Two forms at the same moment: the database let one in. Look again; what stands now is found and named.
        return _taken(entry, by=by, at=at, channel=channel)


def _taken(entry: Entry, *, by: Actor, at: datetime, channel: str) -> Receipt:
    with transaction() as session:
        (receipt,) = intake.take(session, entry.application.programme, [entry], by=by, at=at, channel=channel)
        return receipt


def delete_draft(party: str, *, by: Actor, at: datetime) -> None:
    """Throw a draft away: what was never sent is nothing that could be withdrawn, and leaves only a line in the journal.

    Conflict if it was sent in the meantime.
    """
    with transaction() as session:
        row = intake.owned_party(session, party, by, lock=True)
        if row.submitted_at is not None or any(
            each.state is not RegistrationState.DRAFT for each in row.registrations
        ):
            raise Conflict(
                Problem(
                    "sent_already", N_("This sign-up has been sent. Change or withdraw it on its own page.")
                )
            )
        for each in list(row.registrations):
            session.delete(each)
        session.flush()
        session.delete(row)
        journal.note(
            session,
            at=at,
            by=by,
            event="draft deleted",
            subject="programme",
            code=row.programme.code,
            details={"draft": party},
        )


def withdraw(
    party: str, *, registration: str | None = None, reason: str = "", by: Actor, at: datetime
) -> tuple[str, ...]:
    """Give up what was sent: the whole party, or one of it. A published place ends at once, and its calendar entry is withdrawn.

    Returns the codes of what was given up: none, if that was done before, for pressing twice is no mistake. Somebody else
    than the owner of the party gives up only for those he acts for or is written to about.
    """
    with transaction() as session:
        row, theirs = _given_up_by(session, party, by)
        programme = programme_queries.facts_by_id(session, row.programme_id)
        if phases.phase_of(programme, at) is Phase.OVER:
            raise Conflict(
                Problem("over", N_("This programme is over; there is nothing left to withdraw from."))
            )
        chosen = [
            each
            for each in row.registrations
            if registration in {None, each.code} and each.code in theirs and each.state in intake.STANDING
        ]
        if not chosen:
            meant = [
                each
                for each in row.registrations
                if each.code in theirs and registration in {None, each.code}
            ]
            if meant and all(each.state is RegistrationState.WITHDRAWN for each in meant):
                return ()
            raise NotFound
        staying = [each for each in row.registrations if each not in chosen and each.state in intake.STANDING]
        if staying and all(each.role is PartyRole.COMPANION for each in staying):
            chosen += staying
        for each in chosen:
            step(session, each, RegistrationState.WITHDRAWN, by=by, at=at, reason=reason)
            # Who gives up knows why, and what was typed may be an illness: it goes out by no mail.
            seats.end_seat(session, each.id, at=at, by=by, letter="withdrawn")
            journal.note(
                session,
                at=at,
                by=by,
                event="registration withdrawn",
                subject="registration",
                code=each.code,
            )
        return tuple(each.code for each in chosen)


def _given_up_by(session: Session, code: str, by: Actor) -> tuple[Party, frozenset[str]]:
    """A party, and the codes of its registrations that this account may give up."""
    # Locked, so that of two who give up at one moment the second sees what the first did.
    row = session.scalar(select(Party).where(Party.code == code).with_for_update(key_share=True))
    if row is None:
        raise NotFound
    if not by.account_id or row.account_id == by.account_id:
        return row, frozenset(each.code for each in row.registrations)
    theirs = registration_queries.concerning(session, row, by)
    if not theirs:
        raise NotFound
    return row, theirs


def return_for_change(registration: str, *, reason: str, by: Actor, at: datetime) -> None:
    """Hand a sign-up back to whoever sent it, with what to change; the whole party goes back.

    Refused once sign-up has closed: nobody could send it again, and it would drop out unseen.
    """
    _demand_reason(reason)
    with transaction() as session:
        row = _registration_to_check(session, registration, by)
        _demand_returnable(programme_queries.facts_by_id(session, row.programme_id), at)
        returned = False
        for each in row.party.registrations:
            if each.state is RegistrationState.SUBMITTED:
                step(session, each, RegistrationState.RETURNED, by=by, at=at, reason=reason)
                returned = True
        if returned:
            programme = programme_queries.facts_by_id(session, row.programme_id)
            letters.returned(session, row.party, programme, reason=reason, at=at)
        journal.note(
            session,
            at=at,
            by=by,
            event="registration returned",
            subject="registration",
            code=registration,
            reason=reason,
        )


def cancel(registration: str, *, reason: str, by: Actor, at: datetime) -> None:
    """The organiser ends a registration, with a reason the person is told."""
    _demand_reason(reason)
    with transaction() as session:
        row = _registration_to_check(session, registration, by)
        if not by.is_a(Role.ORGANISER):
            raise NotFound
        step(session, row, RegistrationState.CANCELLED, by=by, at=at, reason=reason)
        if not seats.end_seat(session, row.id, at=at, by=by, letter="withdrawn", reason=reason):
            seats.tell_cancelled(session, row, at=at, reason=reason)
        journal.note(
            session,
            at=at,
            by=by,
            event="registration cancelled",
            subject="registration",
            code=registration,
            reason=reason,
        )


def _demand_returnable(programme: ProgrammeFacts, at: datetime) -> None:
    if phases.phase_of(programme, at) is not Phase.OPEN:
        raise Refused(
            Problem(
                "closed",
                N_(
                    "Sign-up has closed, so whoever sent this could not send it again. Have what is wrong corrected by the"
                    " union, or cancel it with the reason."
                ),
                "reason",
            )
        )


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(Problem("no_reason", N_("Give the reason: the person will read it."), "reason"))


def _registration_to_check(session: Session, code: str, by: Actor) -> Registration:
    row = session.scalar(select(Registration).where(Registration.code == code))
    if row is None:
        raise NotFound
    programme = programme_queries.facts_by_id(session, row.programme_id)
    if not programme_queries.answers_for(by, programme) and not people_queries.speaks_for(
        by, row.participant
    ):
        raise NotFound
    return row
