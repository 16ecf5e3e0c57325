"""Tell people of their seats: what a calendar is asked, what a letter says, who gets it, and that it arrives.

A seat has one calendar object for life. What is to be said is written into the outbox in the transaction that makes it
true (:class:`Post`), calendar octets and all; the worker sends it afterwards (:func:`deliver_due`), at least once and
always with the same octets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import current_app
from sqlalchemy import Select, exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from eventhub import kinds
from eventhub.config import Settings
from eventhub.delivery import ical, mailer
from eventhub.delivery import letters as writing
from eventhub.delivery.letters import (
    AllottedLetter,
    Content,
    MovedLetter,
    NotSelectedLetter,
    WaitlistedLetter,
    WithdrawnLetter,
)
from eventhub.domain.calendar_entry import CalendarEntry, Invitation, Mailbox, calls_for_new_answer
from eventhub.domain.facts import Actor, OptionFacts, Person, ProgrammeFacts, SeatFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem
from eventhub.domain.terms import LetterState, Method, PartyRole, Role
from eventhub.domain.when import When
from eventhub.extensions import db, transaction
from eventhub.i18n import DEFAULT_LOCALE, LOCALES, N_, use_locale
from eventhub.models.accounts import Account, AccountRole, Membership, Participant
from eventhub.models.invites import Invite, Letter
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option
from eventhub.models.registrations import Party, Registration
from eventhub.queries import people, programmes
from eventhub.services import jobs, journal, letters

MOST_TRIES = 10
"""With the pauses below, half a day of trying before a letter is laid aside for a person to look at."""
LONGEST_PAUSE = timedelta(hours=4)
DOWN = 3
"""So many letters in a row that could not be handed over mean that the post is closed, not that letters are at fault."""
BATCH = 500
SETTLED_AFTER = 25
"""Letters sent between two notes in the database; so many may be sent twice if the worker is killed in between."""

SECRETS = frozenset({"signin", "invited_colleague"})
"""Letters that open a door: what they said is forgotten as soon as they are sent."""

Clock = Callable[[], datetime]
Said = object
"""What ``str`` says in the reader's language."""


# -- Who is told -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holder:
    """One registration as its messages need it: who goes, who signed up, where the page is."""

    registration_id: int
    code: str
    person: Person
    role: PartyRole
    answers: Mapping[str, Any]
    party: str
    to: letters.Recipient


class Holders:
    """Look up the holders of many registrations of one programme, and whom to write to about each."""

    def __init__(self, session: Session, *, on: date) -> None:
        self._session = session
        self._on = on
        self._officers: dict[str, letters.Recipient] | None = None
        self._ours = _mailbox_of_the_house().address.casefold()

    def of(self, ids: Sequence[int]) -> dict[int, Holder]:
        """Registration row -> holder."""
        found: dict[int, Holder] = {}
        for start in range(0, len(ids), BATCH):
            found |= self._some(ids[start : start + BATCH])
        return found

    def _some(self, ids: Sequence[int]) -> dict[int, Holder]:
        rows = self._session.execute(
            select(
                Registration.id,
                Registration.code,
                Registration.participant_id,
                Registration.role,
                Registration.answers,
                Party.code.label("party"),
                Party.answers.label("party_answers"),
                Participant.email,
                Account.id.label("account_id"),
                Account.name.label("account_name"),
                Account.email.label("account_email"),
                Account.locale.label("account_locale"),
            )
            .join(Party, Party.id == Registration.party_id)
            .join(Participant, Participant.id == Registration.participant_id)
            .outerjoin(Account, Account.id == Party.account_id)
            .where(Registration.id.in_(ids))
        ).all()
        known = people.people(self._session, [row.participant_id for row in rows], on=self._on)
        return {
            row.id: Holder(
                registration_id=row.id,
                code=row.code,
                person=known[row.participant_id],
                role=row.role,
                answers={**row.party_answers, **row.answers},
                party=row.party,
                to=self._recipient(row, known[row.participant_id]),
            )
            for row in rows
        }

    def _recipient(self, row: Any, person: Person) -> letters.Recipient:
        """The participant's own address, else that of whoever signed up, else that of the nearest officer."""
        locale = row.account_locale if row.account_locale in LOCALES else DEFAULT_LOCALE
        candidates = [
            letters.Recipient(person.name, row.email, locale, row.account_id),
            letters.Recipient(row.account_name or "", row.account_email, locale, row.account_id),
        ]
        for candidate in candidates:
            if self._may_be_written_to(candidate):
                return candidate
        for code in reversed(person.organisations):
            if code in self._officer_by_unit:
                return self._officer_by_unit[code]
        return letters.Recipient(person.name, None, locale, row.account_id)

    def _may_be_written_to(self, to: letters.Recipient) -> bool:
        if not to.address or to.address.casefold() == self._ours:
            return False
        try:
            Mailbox(name=to.name, address=to.address)
        except ValueError:
            return False
        return True

    @property
    def _officer_by_unit(self) -> dict[str, letters.Recipient]:
        if self._officers is None:
            rows = self._session.execute(
                select(Organisation.code, Account.id, Account.name, Account.email, Account.locale)
                .join(Membership, Membership.organisation_id == Organisation.id)
                .join(AccountRole, AccountRole.id == Membership.role_id)
                .join(Account, Account.id == Membership.account_id)
                .where(AccountRole.name == Role.OFFICER, Account.email.is_not(None), Account.active)
                .order_by(Account.id)
            )
            self._officers = {}
            for code, account_id, name, email, locale in rows:
                officer = letters.Recipient(name, email, locale, account_id)
                if code not in self._officers and self._may_be_written_to(officer):
                    self._officers[code] = officer
        return self._officers


# -- What is said ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """What one registration was given: the option, its row, the station, and why, as a sentence to be said later."""

    option: OptionFacts
    option_id: int
    station: str = ""
    reason: Said = ""


@dataclass(frozen=True)
class Living:
    """A calendar object that stands, as far as it is needed to change or end it."""

    id: int
    uid: str
    registration_id: int
    position: int
    option_id: int
    sequence: int
    stamp: datetime
    fingerprint: str
    entry: Mapping[str, Any]
    locale: str
    organizer: Mailbox
    attendee_name: str
    attendee_address: str | None
    changed_at: datetime


def living(session: Session, ids: Sequence[int]) -> dict[int, list[Living]]:
    """Registration row -> its calendar objects that stand, in the order of their entries."""
    found: dict[int, list[Living]] = defaultdict(list)
    for start in range(0, len(ids), BATCH):
        rows = session.execute(
            select(Invite.__table__)
            .where(Invite.registration_id.in_(ids[start : start + BATCH]), Invite.ended_at.is_(None))
            .order_by(Invite.registration_id, Invite.position)
        )
        for row in rows:
            found[row.registration_id].append(
                Living(
                    id=row.id,
                    uid=row.uid,
                    registration_id=row.registration_id,
                    position=row.position,
                    option_id=row.option_id,
                    sequence=row.sequence,
                    stamp=row.stamp,
                    fingerprint=row.fingerprint,
                    entry=row.entry,
                    locale=row.locale,
                    organizer=Mailbox(name=row.organizer_name, address=row.organizer_address),
                    attendee_name=row.attendee_name,
                    attendee_address=row.attendee_address,
                    changed_at=row.changed_at,
                )
            )
    return dict(found)


class Post:
    """Everything that one transaction has to say about seats of one programme, written in batches at its end.

    A seat's first word is a REQUEST with SEQUENCE 0; a change of what its holder sees is a REQUEST with the same UID and
    a later DTSTAMP, and a higher SEQUENCE where a former yes may be void; its end is a CANCEL. Equal facts say nothing,
    and nothing is said of what is over.
    """

    def __init__(
        self,
        session: Session,
        programme: ProgrammeFacts,
        *,
        programme_id: int,
        at: datetime,
        publication_id: int | None = None,
        publication: int = 0,
    ) -> None:
        self.programme, self.at = programme, at
        self.kind = kinds.of(programme)
        self.today = at.astimezone(ZONE).date()
        self._session = session
        self._settings: Settings = current_app.extensions["settings"]
        self._organizer = _mailbox_of_the_house()
        self._domain = letters.message_domain()
        self._common = {
            "programme_id": programme_id,
            "publication_id": publication_id,
            "created_at": at,
            "tries": 0,
        }
        self._number = publication
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._letters: list[dict[str, Any]] = []
        self._letters_of_new: list[tuple[int, dict[str, Any]]] = []
        self._told: dict[tuple[str, str], dict[str, str]] = {}

    # Seats

    def place(self, holder: Holder, place: Place) -> None:
        """A new seat: a UID of its own, and an invitation to whoever can be written to."""
        with use_locale(holder.to.locale):
            seat = self.seat(holder, place)
            entries = self.kind.entries(seat)
            content = self._allotted(AllottedLetter, holder, place, seat, invited=bool(holder.to.address))
            for position, entry in enumerate(entries):
                self._place_entry(holder, place, position, entry, seat.display_name, content)

    def move(
        self, holder: Holder, place: Place, standing: Sequence[Living], *, was: OptionFacts | None
    ) -> bool:
        """Bring the calendar objects of a seat up to date; whether its holder sees any difference."""
        seen = False
        with use_locale(standing[0].locale):
            seat = self.seat(holder, place)
            entries = self.kind.entries(seat)
            for position, entry in enumerate(entries):
                known = next((each for each in standing if each.position == position), None)
                if known is None:
                    content = self._allotted(
                        AllottedLetter, holder, place, seat, invited=bool(holder.to.address)
                    )
                    self._place_entry(holder, place, position, entry, seat.display_name, content)
                    seen = True
                elif known.fingerprint != entry.fingerprint():
                    self._move_entry(holder, place, known, entry, seat, was)
                    seen = True
                elif known.option_id != place.option_id:
                    self._changed.append(_row_of(known) | {"option_id": place.option_id})
            for known in standing[len(entries) :]:
                self._end_entry(holder, known, reason="", next_step="", option=place.option)
                seen = True
        return seen

    def would_move(self, holder: Holder, place: Place, standing: Sequence[Living]) -> bool:
        """Whether :meth:`move` would tell its holder anything; nothing is written."""
        with use_locale(standing[0].locale):
            entries = self.kind.entries(self.seat(holder, place))
        return [each.fingerprint for each in standing] != [entry.fingerprint() for entry in entries]

    def end(
        self,
        holder: Holder,
        standing: Sequence[Living],
        *,
        option: OptionFacts | None,
        reason: Said = "",
        next_step: Said = "",
        letter: str = WithdrawnLetter.name,
    ) -> None:
        """A seat ends: its calendar objects are cancelled and its UID is never used again."""
        for known in standing:
            self._end_entry(holder, known, reason=reason, next_step=next_step, option=option, letter=letter)

    def waitlisted(self, holder: Holder, *, position: int | None, reason: Said) -> None:
        """No place yet, but one in line."""
        self._tell(
            holder,
            WaitlistedLetter(
                **self._greeting(holder),
                programme=self.programme.title,
                code=holder.code,
                position=position,
                who=self._name(holder),
                reason=reason,
                next_step=N_("If a place becomes free, it goes to the next in line, who is told at once."),
            ),
        )

    def not_selected(self, holder: Holder, *, reason: Said) -> None:
        """No place this time."""
        self._tell(
            holder,
            NotSelectedLetter(
                **self._greeting(holder),
                programme=self.programme.title,
                code=holder.code,
                who=self._name(holder),
                reason=reason,
            ),
        )

    def seat(self, holder: Holder, place: Place) -> SeatFacts:
        """The seat as its kind needs it, said in the language of the moment."""
        return SeatFacts(
            registration=holder.code,
            programme=self.programme,
            option=place.option,
            display_name=self._name(holder),
            role=holder.role,
            station=place.station,
            answers=holder.answers,
            url=self._url(holder),
        )

    def write(self) -> int:
        """Write everything down; how many letters there are."""
        if self._changed:
            # First, so that a seat that ends makes room for the next of the same registration.
            self._session.execute(update(Invite), self._changed)
        for start in range(0, len(self._new), BATCH):
            rows = self._new[start : start + BATCH]
            ids = self._session.scalars(
                insert(Invite).returning(Invite.id, sort_by_parameter_order=True), rows
            ).all()
            for row, invite_id in zip(rows, ids, strict=True):
                row["id"] = invite_id
        for place_in_list, letter in self._letters_of_new:
            letter["invite_id"] = self._new[place_in_list]["id"]
        for start in range(0, len(self._letters), BATCH):
            self._session.execute(insert(Letter), self._letters[start : start + BATCH])
        count = len(self._letters)
        self._new, self._changed, self._letters, self._letters_of_new = [], [], [], []
        return count

    # One entry

    def _place_entry(
        self, holder: Holder, place: Place, position: int, entry: CalendarEntry, shown: str, content: Content
    ) -> None:
        row = {
            "uid": str(uuid4()),
            "registration_id": holder.registration_id,
            "position": position,
            "option_id": place.option_id,
            "sequence": 0,
            "stamp": _whole_second(self.at),
            "method": Method.REQUEST,
            "fingerprint": entry.fingerprint(),
            "entry": entry.as_data(),
            "locale": holder.to.locale,
            "organizer_name": self._organizer.name,
            "organizer_address": self._organizer.address,
            "attendee_name": _attendee_name(holder, shown),
            "attendee_address": holder.to.address,
            "changed_at": self.at,
            "ended_at": None,
        }
        self._new.append(row)
        if self._over(entry):
            return
        letter = self._letter_about(row, entry, content, holder)
        self._letters_of_new.append((len(self._new) - 1, letter))

    def _move_entry(
        self,
        holder: Holder,
        place: Place,
        known: Living,
        entry: CalendarEntry,
        seat: SeatFacts,
        was: OptionFacts | None,
    ) -> None:
        before = CalendarEntry.from_data(known.entry)
        # Nobody was written to under this UID yet, so the address that has turned up since may become its attendee.
        late = known.attendee_address is None and holder.to.address is not None
        row = _row_of(known) | {
            "option_id": place.option_id,
            "sequence": known.sequence + calls_for_new_answer(before, entry),
            "stamp": _later(self.at, known.stamp),
            "method": Method.REQUEST,
            "fingerprint": entry.fingerprint(),
            "entry": entry.as_data(),
            "attendee_address": holder.to.address if late else known.attendee_address,
            "attendee_name": _attendee_name(holder, seat.display_name) if late else known.attendee_name,
            "changed_at": max(self.at, known.changed_at),
        }
        self._changed.append(row)
        if self._over(entry) and self._over(before):
            return
        content = self._allotted(
            MovedLetter,
            holder,
            place,
            seat,
            invited=bool(row["attendee_address"]),
            **_what_was(before, entry, was, place.option),
        )
        letter = self._letter_about(_about(known) | row, entry, content, holder)
        letter["invite_id"] = known.id

    def _end_entry(
        self,
        holder: Holder,
        known: Living,
        *,
        reason: Said,
        next_step: Said,
        option: OptionFacts | None,
        letter: str = WithdrawnLetter.name,
    ) -> None:
        entry = CalendarEntry.from_data(known.entry)
        row = _row_of(known) | {
            "sequence": known.sequence + 1,
            "stamp": _later(self.at, known.stamp),
            "method": Method.CANCEL,
            "changed_at": max(self.at, known.changed_at),
            "ended_at": self.at,
        }
        self._changed.append(row)
        if self._over(entry):
            return
        shape = letters.CONTENTS[letter]
        assert issubclass(shape, WithdrawnLetter)  # noqa: S101 - a seat's end is told by such a letter
        with use_locale(known.locale):
            content = shape(
                **self._greeting(holder),
                programme=self.programme.title,
                option=option.title if option else entry.summary,
                option_word=self.kind.words.option,
                when=When(entry.starts, entry.ends),
                code=holder.code,
                who=self._name(holder),
                reason=reason,
                next_step=next_step,
                invited=bool(known.attendee_address),
            )
            written = self._letter_about(_about(known) | row, entry, content, holder)
        written["invite_id"] = known.id

    # Letters

    def _letter_about(
        self, invite: Mapping[str, Any], entry: CalendarEntry, content: Content, holder: Holder
    ) -> dict[str, Any]:
        """The letter of one iTIP message, its calendar octets with it; a slip where nobody can be written to."""
        address = invite["attendee_address"]
        stamp = invite["stamp"]
        letter = self._row(
            content,
            holder,
            address=address,
            locale=invite["locale"],
            message=f"{invite['uid']}.{invite['sequence']}.{stamp:%Y%m%dT%H%M%SZ}",
        )
        if address:
            letter |= {
                "method": invite["method"],
                "sequence": invite["sequence"],
                "calendar": ical.message(
                    Invitation(
                        method=invite["method"],
                        uid=invite["uid"],
                        sequence=invite["sequence"],
                        stamp=stamp,
                        organizer=Mailbox(name=invite["organizer_name"], address=invite["organizer_address"]),
                        attendee=Mailbox(name=invite["attendee_name"], address=address),
                        entry=entry,
                    )
                ),
            }
        self._letters.append(letter)
        return letter

    def _tell(self, holder: Holder, content: Content) -> None:
        """A letter without a calendar."""
        last = self.programme.last_day
        if last is not None and last < self.today:
            return
        self._letters.append(
            self._row(
                content,
                holder,
                address=holder.to.address,
                locale=holder.to.locale,
                message=f"{content.name}.{holder.code}.{self._number}.{uuid4().hex[:12]}",
            )
        )

    def _row(
        self, content: Content, holder: Holder, *, address: str | None, locale: str, message: str
    ) -> dict[str, Any]:
        return self._common | {
            "name": content.name,
            "registration_id": holder.registration_id,
            "account_id": holder.to.account_id,
            "recipient_name": holder.to.name,
            "recipient_address": address,
            "locale": locale,
            "context": letters.spoken(content, locale),
            "message_id": f"<{message}@{self._domain}>",
            "state": LetterState.QUEUED if address else LetterState.PRINT,
            "invite_id": None,
            "method": None,
            "sequence": None,
            "calendar": None,
        }

    def _allotted(
        self,
        shape: type[AllottedLetter],
        holder: Holder,
        place: Place,
        seat: SeatFacts,
        *,
        invited: bool,
        **old: str,
    ) -> AllottedLetter:
        first, last = place.option.occasions[0], place.option.occasions[-1]
        brief = self.kind.brief(seat)
        return shape(
            **self._greeting(holder),
            programme=self.programme.title,
            option=place.option.title,
            option_word=self.kind.words.option,
            when=When(first.starts, last.ends),
            where=first.place,
            # A kind with lines of its own says there where to meet.
            meeting_point="" if brief.lines else first.meeting_point,
            code=holder.code,
            who=seat.display_name,
            bring=brief.bring,
            lines=brief.lines,
            reason=place.reason,
            invited=invited,
            **old,
        )

    def _greeting(self, holder: Holder) -> dict[str, Any]:
        return {
            "greeting": holder.to.name,
            "url": self._url(holder),
            "contact_name": self.programme.contact_name,
            "contact_phone": self.programme.contact_phone,
        }

    def _name(self, holder: Holder) -> str:
        return self.kind.calendar_name(self.programme, holder.person)

    def _url(self, holder: Holder) -> str:
        return f"{self._settings.base_url}/my/registrations/{holder.party}"

    def _over(self, entry: CalendarEntry) -> bool:
        """Whether what it tells of has ended: then nothing is sent any more."""
        if isinstance(entry.ends, datetime):
            return entry.ends <= self.at
        return entry.ends < self.today


def end_seat(
    session: Session,
    registration_id: int,
    *,
    at: datetime,
    by: Actor,
    letter: str = "withdrawn",
    reason: str = "",
) -> bool:
    """End the published seat of a registration, if it has one, inside the transaction that withdraws or cancels it.

    Its calendar objects are cancelled and whoever was told of the seat is told of its end; after the event nothing is
    sent. False if there was no seat to end.
    """
    del by  # who did it stands in the registration's steps
    # A publication under way decides first: whatever it gives this registration is then seen and ended here.
    registration = session.execute(
        select(Registration.id, Registration.programme_id)
        .where(Registration.id == registration_id)
        .with_for_update()
    ).one()
    standing = living(session, [registration_id]).get(registration_id, [])
    if not standing:
        return False
    programme = programmes.facts_by_id(session, registration.programme_id)
    option_code = session.scalar(select(Option.code).where(Option.id == standing[0].option_id))
    post = Post(session, programme, programme_id=registration.programme_id, at=at)
    holder = Holders(session, on=post.today).of([registration_id])[registration_id]
    post.end(
        holder,
        standing,
        option=programme.option_by_code.get(option_code or ""),
        reason=reason,
        letter=letter,
    )
    post.write()
    return True


def _row_of(known: Living) -> dict[str, Any]:
    """What an update of the row may change, as it stands: batches want the same columns in every row."""
    return {
        "id": known.id,
        "option_id": known.option_id,
        "sequence": known.sequence,
        "stamp": known.stamp,
        "method": Method.REQUEST,
        "fingerprint": known.fingerprint,
        "entry": known.entry,
        "attendee_address": known.attendee_address,
        "attendee_name": known.attendee_name,
        "changed_at": known.changed_at,
        "ended_at": None,
    }


def _about(known: Living) -> dict[str, Any]:
    """What never changes within a UID."""
    return {
        "uid": known.uid,
        "locale": known.locale,
        "organizer_name": known.organizer.name,
        "organizer_address": known.organizer.address,
    }


def _attendee_name(holder: Holder, shown: str) -> str:
    """Participants stand under the name their kind allows; a guardian or officer under his own."""
    return shown if holder.to.name == holder.person.name else holder.to.name


def _what_was(
    before: CalendarEntry, now: CalendarEntry, was: OptionFacts | None, option: OptionFacts
) -> dict[str, str]:
    """Of the old facts those that no longer hold."""
    return {
        "was_option": str(was.title) if was is not None and was.title != option.title else "",
        "was_when": str(When(before.starts, before.ends)) if before.span != now.span else "",
        "was_where": before.place if before.place != now.place else "",
    }


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _later(at: datetime, last: datetime) -> datetime:
    """Now, but in any case later than the message before, to the whole second that calendars count."""
    return max(_whole_second(at), _whole_second(last) + timedelta(seconds=1))


def _mailbox_of_the_house() -> Mailbox:
    settings: Settings = current_app.extensions["settings"]
    return Mailbox(name=settings.organizer_name, address=settings.organizer_address)


# -- How it leaves -----------------------------------------------------------------------------------


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


def send_again(letter_id: int, *, by: Actor, at: datetime) -> None:
    """Put a letter back into the outbox: the same octets to the same address.

    :class:`Conflict` if it still waits, was told to nobody, or held a secret that was forgotten when it was sent.
    """
    with transaction() as session:
        letter = session.get(Letter, letter_id, with_for_update=True)
        if letter is None:
            raise NotFound
        if not by.is_a(Role.ORGANISER):
            raise NotFound
        if letter.state is LetterState.QUEUED:
            raise Conflict(Problem("still_queued", N_("This letter is still waiting to be sent.")))
        if letter.state is LetterState.PRINT:
            raise Conflict(
                Problem(
                    "no_address",
                    N_("Nobody can be written to about this place. Print the slip and hand it over."),
                )
            )
        if letter.name in SECRETS:
            raise Conflict(Problem("secret", N_("A sign-in link is not sent twice. Ask for a new one.")))
        letter.state, letter.tries, letter.run_after, letter.error = LetterState.QUEUED, 0, None, None
        journal.note(session, at=at, by=by, event="letter sent again", subject="letter", code=str(letter.id))


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
    if letter.entry is not None and _is_over(CalendarEntry.from_data(letter.entry), at):
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


def _is_over(entry: CalendarEntry, at: datetime) -> bool:
    if isinstance(entry.ends, datetime):
        return entry.ends <= at
    return entry.ends < at.astimezone(ZONE).date()


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
