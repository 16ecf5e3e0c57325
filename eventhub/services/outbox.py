"""Send what waits in the outbox, in order and at least once; try again what failed, lay aside what is refused for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session, aliased

from eventhub.config import Settings
from eventhub.delivery import letters as writing
from eventhub.delivery import mailer
from eventhub.domain.calendar_entry import CalendarEntry, Mailbox
from eventhub.domain.facts import Actor
from eventhub.domain.problems import Conflict, NotFound, Problem
from eventhub.domain.terms import LetterState, Method, Role
from eventhub.extensions import db, transaction
from eventhub.i18n import N_
from eventhub.models.invites import Invite, Letter
from eventhub.queries.outbox import superseded
from eventhub.services import addresses, invites, jobs, journal, letters, programmes

MOST_TRIES = 10
"""With the pauses below, half a day of trying before a letter is laid aside for a person to look at."""
LONGEST_PAUSE = timedelta(hours=4)
DOWN = 3
"""So many letters in a row that could not be handed over mean that the post is closed, not that letters are at fault."""
SETTLED_AFTER = 25
"""Letters sent between two notes in the database; so many may be sent twice if the worker is killed in between."""

SECRETS = frozenset({"signin", "invited_colleague"})
"""Letters that open a door: what they said is forgotten as soon as they are sent."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Delivered:
    """What became of the letters that were due."""

    sent: int = 0
    later: int = 0
    """Could not be handed over now; tried again after a pause."""
    dead: int = 0
    """Laid aside for a person to look at."""
    held: bool = False
    """Sending is switched off, or the post is closed: the rest waits, uncounted."""

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(
            self.sent + other.sent, self.later + other.later, self.dead + other.dead, self.held or other.held
        )


def mailer_of(settings: Settings) -> mailer.Mailer:
    """The way out of the house that the settings name."""
    if settings.mail_off:
        return mailer.Off()
    if not settings.smtp_host:
        return mailer.EmlFolder(settings.mail_folder)
    at_once = settings.smtp_port == 465  # noqa: PLR2004 - the port on which servers speak TLS from the first octet
    return mailer.SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        username=settings.smtp_user,
        password=settings.smtp_password,
        starttls=settings.smtp_starttls and not at_once,
        tls=at_once,
    )


def deliver_due(
    out: mailer.Mailer,
    *,
    limit: int = 100,
    worker: str,
    clock: Clock,
    quitting: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send up to ``limit`` letters that are due, the oldest first; those about one seat in their order.

    No transaction is open while a letter is handed over. A worker that dies after the post said yes and before that is
    noted sends the letter again, with the same octets and the same Message-ID.
    """
    taken = _lease_letters(worker=worker, at=clock(), limit=limit)
    outcomes: list[_Outcome] = []
    total = Delivered()
    failing = 0
    stopped = False
    for letter in taken:
        if quitting() or failing >= DOWN:
            stopped = True
            break
        try:
            outcome = _send(out, letter, at=clock())
        except mailer.SwitchedOff:
            stopped = True
            break
        failing = failing + 1 if outcome.later else 0
        outcomes.append(outcome)
        if len(outcomes) >= SETTLED_AFTER:
            total += _settle(outcomes, worker=worker, at=clock())
            outcomes = []
    total += _settle(outcomes, worker=worker, at=clock())
    if stopped:
        _give_back(worker=worker)
        total += Delivered(held=True)
    return total


def send_again(letter_id: int, *, by: Actor, at: datetime) -> bool:
    """Put a letter back into the outbox: the same octets to the same address.

    False where another address is written to about its place now: then nothing more goes to the former one but that the
    entry is withdrawn, and the invitation goes to the new one.

    For whoever answers for the programme that it is about; to anybody else there is no such letter (:class:`NotFound`).
    :class:`Conflict` if it still waits, was told to nobody, held a secret that was forgotten when it was sent, or is an
    invitation after which another was written about the same place.
    """
    with transaction() as session:
        letter = session.get(Letter, letter_id, with_for_update=True)
        if letter is None:
            raise NotFound
        _demand_organiser_of(session, letter, by)
        if letter.state is LetterState.QUEUED:
            raise Conflict(Problem("still_queued", N_("This letter is still waiting to be sent.")))
        if letter.name in SECRETS:
            raise Conflict(Problem("secret", N_("A sign-in link is not sent twice. Ask for a new one.")))
        if superseded(session, [letter.id]):
            raise Conflict(
                Problem(
                    "superseded",
                    N_(
                        "This invitation is out of date: a later one about the same place has been written, and a calendar "
                        "would show the old time again. Send the latest one."
                    ),
                )
            )
        anew = letter.invite_id is not None and addresses.follow_letter(session, letter, at=at)
        if letter.state is LetterState.PRINT and not anew:
            raise Conflict(
                Problem(
                    "no_address",
                    N_("Nobody can be written to about this place. Print the slip and hand it over."),
                )
            )
        journal.note(session, at=at, by=by, event="letter sent again", subject="letter", code=str(letter.id))
        if anew:
            return False
        # Never 0 again: nobody may take it for a letter that has not left yet.
        letter.state, letter.tries, letter.run_after, letter.error = LetterState.QUEUED, 1, None, None
        return True


def _demand_organiser_of(session: Session, letter: Letter, by: Actor) -> None:
    """A letter about no programme, such as a sign-in link, is nobody's but the house's."""
    if not by.is_a(Role.ORGANISER):
        raise NotFound
    if letter.programme is not None:
        programmes.owned(session, letter.programme.code, by)
    elif by.account_id:
        raise NotFound


def octets_of(letter_id: int) -> bytes:
    """A letter as the message that goes, or went, out: the same octets each time; :class:`NotFound` if there is none."""
    row = db.session.execute(_with_entry(letter_id)).one_or_none()
    if row is None or not row.recipient_address or not row.context:
        raise NotFound
    return mailer.octets(_composed(_taken(row)))


def _with_entry(*ids: int) -> Select[Any]:
    return (
        select(Letter.__table__, Invite.entry)
        .outerjoin(Invite, Invite.id == Letter.invite_id)
        .where(Letter.id.in_(ids))
        .order_by(Letter.id)
    )


@dataclass(frozen=True)
class _Taken:
    """A letter in hand, without its row: nothing is read from the database while it is sent."""

    id: int
    name: str
    context: Mapping[str, Any]
    recipient: tuple[str, str]
    locale: str
    message_id: str
    created_at: datetime
    tries: int
    method: Method | None
    calendar: bytes | None
    entry: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Outcome:
    letter: _Taken
    error: str = ""
    later: bool = False
    dead: bool = False


def _lease_letters(*, worker: str, at: datetime, limit: int) -> list[_Taken]:
    earlier = aliased(Letter)
    waits_for_another = exists().where(
        earlier.invite_id == Letter.invite_id,
        earlier.id < Letter.id,
        earlier.state == LetterState.QUEUED,
    )
    with transaction() as session:
        due = session.scalars(
            select(Letter.id)
            .where(Letter.state == LetterState.QUEUED, jobs.free(Letter, at), ~waits_for_another)
            .order_by(Letter.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        if not due:
            return []
        session.execute(
            update(Letter)
            .where(Letter.id.in_(due))
            .values(lease_until=at + jobs.LEASE, leased_by=worker, tries=Letter.tries + 1),
            execution_options={"synchronize_session": False},
        )
        rows = session.execute(_with_entry(*due)).all()
    return [_taken(row) for row in rows]


def _taken(row: Any) -> _Taken:
    return _Taken(
        id=row.id,
        name=row.name,
        context=row.context,
        recipient=(row.recipient_name, row.recipient_address or ""),
        locale=row.locale,
        message_id=row.message_id,
        created_at=row.created_at,
        tries=row.tries,
        method=row.method,
        calendar=row.calendar,
        entry=row.entry,
    )


def _send(out: mailer.Mailer, letter: _Taken, *, at: datetime) -> _Outcome:
    if letter.entry is not None and invites.is_over(CalendarEntry.from_data(letter.entry), at):
        return _Outcome(letter, error="It was over before the letter could be sent.", dead=True)
    try:
        message = _composed(letter)
    except (ValueError, KeyError, TypeError) as error:
        return _Outcome(letter, error=f"It cannot be written: {error}", dead=True)
    try:
        out.send(message, name=f"{letter.id:07d}-{letter.name}")
    except mailer.SwitchedOff:
        raise
    except mailer.TemporaryFailure as failure:
        return _Outcome(letter, error=str(failure), later=True, dead=letter.tries >= MOST_TRIES)
    except mailer.PermanentFailure as failure:
        return _Outcome(letter, error=str(failure), dead=True)
    return _Outcome(letter)


def _composed(letter: _Taken) -> EmailMessage:
    settings: Settings = current_app.extensions["settings"]
    content = letters.content_of(Letter(name=letter.name, context=dict(letter.context)))
    return mailer.compose(
        sender=Mailbox(
            name=settings.organizer_name, address=settings.mail_sender or settings.organizer_address
        ),
        recipient=Mailbox(name=letter.recipient[0], address=letter.recipient[1]),
        written=writing.render(content, locale=letter.locale, folder=Path(str(current_app.template_folder))),
        message_id=letter.message_id,
        date=letter.created_at,
        invitation_ics=letter.calendar,
        method=letter.method,
    )


def _settle(outcomes: Sequence[_Outcome], *, worker: str, at: datetime) -> Delivered:
    """Note what became of letters, each only while it is still ours."""
    if not outcomes:
        return Delivered()
    sent = [each.letter for each in outcomes if not each.error]
    noted: list[tuple[list[int], dict[str, Any]]] = [
        ([each.letter.id], _values(each, at)) for each in outcomes if each.error
    ]
    as_sent = {"state": LetterState.SENT, "sent_at": at, "error": None, "run_after": None}
    noted.append(([letter.id for letter in sent if letter.name not in SECRETS], as_sent))
    noted.append(([letter.id for letter in sent if letter.name in SECRETS], as_sent | {"context": {}}))
    with transaction() as session:
        for ids, values in noted:
            ours = (Letter.id.in_(ids), Letter.leased_by == worker, Letter.state == LetterState.QUEUED)
            session.execute(
                update(Letter).where(*ours).values(leased_by=None, lease_until=None, **values),
                execution_options={"synchronize_session": False},
            )
    dead = sum(outcome.dead for outcome in outcomes)
    later = sum(outcome.later and not outcome.dead for outcome in outcomes)
    return Delivered(sent=len(outcomes) - dead - later, later=later, dead=dead)


def _values(outcome: _Outcome, at: datetime) -> dict[str, Any]:
    """What is noted of a letter that did not leave."""
    if outcome.dead:
        return {"state": LetterState.DEAD, "error": outcome.error, "run_after": None}
    return {"error": outcome.error, "run_after": at + pause_after(outcome.letter.tries)}


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries: one minute, two, four, up to four hours."""
    return min(timedelta(minutes=2 ** max(0, tries - 1)), LONGEST_PAUSE)


def _give_back(*, worker: str) -> None:
    """Let go, uncounted, of letters that were leased and not tried."""
    with transaction() as session:
        session.execute(
            update(Letter)
            .where(Letter.leased_by == worker, Letter.state == LetterState.QUEUED)
            .values(leased_by=None, lease_until=None, tries=Letter.tries - 1),
            execution_options={"synchronize_session": False},
        )
