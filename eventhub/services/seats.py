"""Say what a published place means to its holder: what stands in the calendar, and who is told what of it.

A seat has one calendar object an entry, for life (:mod:`eventhub.services.invites`). What is to be said is written into
the outbox in the transaction that makes it true, calendar octets and all; it leaves afterwards
(:mod:`eventhub.services.outbox`), always with the same octets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask import current_app
from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.config import Settings
from eventhub.delivery.letters import AllottedLetter, Content, MovedLetter, ReaddressedLetter, WithdrawnLetter
from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import Actor, OptionFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import LetterState
from eventhub.domain.when import When
from eventhub.i18n import use_locale
from eventhub.models.invites import Invite, Letter
from eventhub.models.programmes import Option
from eventhub.models.publications import PublishedAllotment
from eventhub.models.registrations import Registration
from eventhub.queries import programmes
from eventhub.services import invites, letters
from eventhub.services.holders import BATCH, Holder, Holders
from eventhub.services.invites import Living, living
from eventhub.services.seat_letters import Place, Said, SeatLetters, what_was


class Post:
    """Everything that one transaction has to say about seats of one programme, written in batches at its end.

    A seat's first word is a REQUEST with SEQUENCE 0; a change of what its holder sees is a REQUEST with the same UID and
    a later DTSTAMP, and a higher SEQUENCE where a former yes may be void; its end is a CANCEL. Equal facts say nothing,
    and nothing is said of what is over. A UID has one attendee: where another address is written to now, the object at
    the former one is cancelled, and the new one gets an object of its own.
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
        why: str = "",
    ) -> None:
        """``why`` is the organiser's reason for this publication: whoever is moved by it reads it."""
        self.programme, self.at = programme, at
        self.kind = kinds.of(programme)
        self.today = at.astimezone(ZONE).date()
        self._session = session
        settings: Settings = current_app.extensions["settings"]
        self._word = SeatLetters(programme, base_url=settings.base_url)
        self._organizer = letters.mailbox_of_the_house()
        self._domain = letters.message_domain()
        self._common = {
            "programme_id": programme_id,
            "publication_id": publication_id,
            "created_at": at,
            "tries": 0,
        }
        self._number = publication
        self._why = why
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._letters: list[dict[str, Any]] = []
        self._letters_of_new: list[tuple[int, dict[str, Any]]] = []

    # Seats

    def place(self, holder: Holder, place: Place) -> None:
        """A new seat: a UID of its own, and an invitation to whoever can be written to."""
        with use_locale(holder.to.locale):
            seat = self._word.seat(holder, place)
            content = self._word.allotted(AllottedLetter, holder, place, invited=bool(holder.to.address))
            for position, entry in enumerate(self.kind.entries(seat)):
                self._place_entry(holder, place, position, entry, seat.display_name, content)

    def move(
        self, holder: Holder, place: Place, standing: Sequence[Living], *, was: OptionFacts | None
    ) -> bool:
        """Bring the calendar objects of a seat up to date; whether its holder sees any difference."""
        seen = False
        with use_locale(standing[0].locale):
            entries = self.kind.entries(self._word.seat(holder, place))
        locale = _language(holder, standing[0])
        with use_locale(locale):
            seat = self._word.seat(holder, place)
            said = self.kind.entries(seat)
            for position, entry in enumerate(entries):
                known = next((each for each in standing if each.position == position), None)
                if known is None:
                    content = self._word.allotted(
                        AllottedLetter, holder, place, invited=bool(holder.to.address)
                    )
                    self._place_entry(holder, place, position, said[position], seat.display_name, content)
                    seen = True
                elif self._reads_elsewhere(holder, known, entry):
                    self._move_elsewhere(holder, place, known, was)
                    seen = True
                elif known.fingerprint != entry.fingerprint():
                    spoken = said[position] if locale != known.locale else None
                    self._move_entry(holder, place, known, entry, was, said=spoken)
                    seen = True
                elif known.option_id != place.option_id:
                    self._changed.append(invites.unchanged(known) | {"option_id": place.option_id})
            for known in standing[len(entries) :]:
                self._end_entry(holder, known, reason="", next_step="", option=place.option)
                seen = True
        return seen

    def would_move(self, holder: Holder, place: Place, standing: Sequence[Living]) -> bool:
        """Whether :meth:`move` would tell its holder anything; nothing is written."""
        with use_locale(standing[0].locale):
            entries = self.kind.entries(self._word.seat(holder, place))
        if [each.fingerprint for each in standing] != [entry.fingerprint() for entry in entries]:
            return True
        return any(
            self._reads_elsewhere(holder, known, entry)
            for known, entry in zip(standing, entries, strict=True)
        )

    def would_tell(self, holder: Holder, place: Place | None, standing: Sequence[Living]) -> bool:
        """Whether a seat that is new, moved or ended would be told of: not where its holder sees no difference, or all is over."""
        if any(not invites.is_over(CalendarEntry.from_data(known.entry), self.at) for known in standing):
            return place is None or self.would_move(holder, place, standing)
        if place is None:
            return False
        if place.option.last_day > self.today:
            return True
        with use_locale(holder.to.locale):
            entries = self.kind.entries(self._word.seat(holder, place))
        return any(not invites.is_over(entry, self.at) for entry in entries)

    def readdress(self, holder: Holder, place: Place, standing: Sequence[Living]) -> bool:
        """Tell a seat, as its calendar shows it, to whoever is written to now; whether that is another address at all."""
        elsewhere = [
            known
            for known in standing
            if self._reads_elsewhere(holder, known, CalendarEntry.from_data(known.entry))
        ]
        for known in elsewhere:
            self._tell_elsewhere(holder, place, known)
        return bool(elsewhere)

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
            self._end_entry(
                _as_written_to(holder, known),
                known,
                reason=reason,
                next_step=next_step,
                option=option,
                letter=letter,
            )

    def waitlisted(self, holder: Holder, *, position: int | None, reason: Said) -> None:
        """No place yet, but one in line."""
        self._tell(holder, self._word.waitlisted(holder, position=position, reason=reason))

    def not_selected(self, holder: Holder, *, reason: Said) -> None:
        """No place this time."""
        self._tell(holder, self._word.not_selected(holder, reason=reason))

    def cancelled(self, holder: Holder, *, reason: Said) -> None:
        """The organiser has ended a sign-up that had no place."""
        self._tell(holder, self._word.cancelled(holder, reason=reason))

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
        row = invites.first(
            entry,
            registration_id=holder.registration_id,
            position=position,
            option_id=place.option_id,
            locale=holder.to.locale,
            organizer=self._organizer,
            attendee_name=_attendee_name(holder, shown),
            attendee_address=holder.to.address,
            at=self.at,
        )
        self._new.append(row)
        if invites.is_over(entry, self.at):
            return
        letter = self._letter_about(row, entry, content, holder)
        self._letters_of_new.append((len(self._new) - 1, letter))

    def _move_entry(
        self,
        holder: Holder,
        place: Place,
        known: Living,
        entry: CalendarEntry,
        was: OptionFacts | None,
        *,
        said: CalendarEntry | None,
    ) -> None:
        before = CalendarEntry.from_data(known.entry)
        row = invites.moved(
            known,
            entry,
            option_id=place.option_id,
            at=self.at,
            said=said,
            locale=_language(holder, known),
        )
        self._changed.append(row)
        if invites.is_over(entry, self.at) and invites.is_over(before, self.at):
            return
        content = self._word.allotted(
            MovedLetter,
            holder,
            replace(place, reason=self._why or place.reason),
            invited=bool(row["attendee_address"]),
            **what_was(before, entry, was, place.option),
        )
        letter = self._letter_about(invites.always(known) | row, said or entry, content, holder)
        letter["invite_id"] = known.id

    def _reads_elsewhere(self, holder: Holder, known: Living, entry: CalendarEntry) -> bool:
        """Whether another address is written to now than this object was sent to; of what is over it does not matter."""
        if (holder.to.address or "").casefold() == (known.attendee_address or "").casefold():
            return False
        return not (
            invites.is_over(entry, self.at) and invites.is_over(CalendarEntry.from_data(known.entry), self.at)
        )

    def _move_elsewhere(self, holder: Holder, place: Place, known: Living, was: OptionFacts | None) -> None:
        """A seat as it is now, under a UID of its own, to whoever is written to now; with what changed, if anything did."""
        before = CalendarEntry.from_data(known.entry)
        self._take_back(holder, known, option=was or place.option)
        with use_locale(known.locale):
            changed = (
                self.kind.entries(self._word.seat(holder, place))[known.position].fingerprint()
                != known.fingerprint
            )
        with use_locale(holder.to.locale):
            seat = self._word.seat(holder, place)
            entry = self.kind.entries(seat)[known.position]
            invited = bool(holder.to.address)
            if changed:
                why = replace(place, reason=self._why or place.reason)
                content = self._word.allotted(
                    MovedLetter,
                    holder,
                    why,
                    invited=invited,
                    **what_was(before, entry, was, place.option),
                )
            else:
                content = self._word.allotted(AllottedLetter, holder, place, invited=invited)
            self._place_entry(holder, place, known.position, entry, seat.display_name, content)

    def _tell_elsewhere(self, holder: Holder, place: Place, known: Living) -> None:
        """A seat as it was published, and not as it may be published next."""
        entry = self._in_another_language(holder, known, place.option, holder.to.locale)
        as_published = entry is not None
        if entry is None:
            entry = CalendarEntry.from_data(known.entry)
            holder = replace(holder, to=replace(holder.to, locale=known.locale))
        self._take_back(holder, known, option=place.option)
        with use_locale(holder.to.locale):
            content = self._word.allotted(AllottedLetter, holder, place, invited=bool(holder.to.address))
            if not as_published:
                content = replace(
                    content,
                    when=When(entry.starts, entry.ends),
                    where=entry.place,
                    meeting_point="",
                    lines=(),
                )
            shown = self._word.seat(holder, place).display_name
            self._place_entry(holder, place, known.position, entry, shown, content)

    def _take_back(self, holder: Holder, known: Living, *, option: OptionFacts) -> None:
        """End an object because its seat is told elsewhere: whoever it was sent to hears that, and that the seat stands.

        Of what never left nobody hears: nothing sent is nothing to cancel.
        """
        if known.attendee_address is None or self._withdraw_unsent(known):
            self._changed.append(invites.ended(known, at=self.at))
            return
        self._end_entry(
            _as_written_to(holder, known),
            known,
            reason="",
            next_step="",
            option=option,
            letter=ReaddressedLetter.name,
        )

    def _withdraw_unsent(self, known: Living) -> bool:
        """Take out of the outbox what was never tried to be sent of an object; whether nothing of it has ever left.

        A letter that a worker holds, or has tried, may have left: it stays, and so does whatever follows it. The lock makes
        a worker that looks for letters now pass these by, and waits for one that has just taken them.
        """
        about = Letter.invite_id == known.id
        unsent = self._session.scalars(
            select(Letter.id)
            .where(
                about,
                Letter.state == LetterState.QUEUED,
                Letter.tries == 0,
                Letter.leased_by.is_(None),
                Letter.error.is_(None),
            )
            .with_for_update()
        ).all()
        if unsent:
            self._session.execute(
                delete(Letter).where(Letter.id.in_(unsent)), execution_options={"synchronize_session": False}
            )
        return bool(unsent) and not self._session.scalar(select(exists().where(about)))

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
        locale = _language(holder, known)
        said = self._in_another_language(holder, known, option, locale) if locale != known.locale else None
        entry = said or CalendarEntry.from_data(known.entry)
        row = invites.ended(known, at=self.at, said=said, locale=locale)
        self._changed.append(row)
        if invites.is_over(entry, self.at):
            return
        with use_locale(locale):
            content = self._word.ended(
                letter,
                holder,
                entry,
                option=option,
                reason=reason,
                next_step=next_step,
                invited=bool(known.attendee_address),
            )
            written = self._letter_about(
                invites.always(known) | row | {"locale": locale}, entry, content, holder
            )
        written["invite_id"] = known.id

    def _in_another_language(
        self, holder: Holder, known: Living, option: OptionFacts | None, locale: str
    ) -> CalendarEntry | None:
        """The entry that stands, in the language its reader has chosen since; None where its facts have changed too."""
        if option is None:
            return None
        station = self._session.scalar(
            select(PublishedAllotment.station)
            .where(
                PublishedAllotment.registration_id == holder.registration_id,
                PublishedAllotment.option_id == known.option_id,
            )
            .order_by(PublishedAllotment.id.desc())
            .limit(1)
        )
        place = Place(option, known.option_id, station=station or "")

        def entry_in(language: str) -> CalendarEntry | None:
            with use_locale(language):
                entries = self.kind.entries(self._word.seat(holder, place))
            return entries[known.position] if known.position < len(entries) else None

        standing = entry_in(known.locale)
        if standing is None or standing.fingerprint() != known.fingerprint:
            return None
        return entry_in(locale)

    # Letters

    def _letter_about(
        self, invite: Mapping[str, Any], entry: CalendarEntry, content: Content, holder: Holder
    ) -> dict[str, Any]:
        """The letter of one iTIP message, its calendar octets with it; a slip where nobody can be written to."""
        address = invite["attendee_address"]
        letter = self._row(
            content,
            holder,
            address=address,
            locale=invite["locale"],
            message=f"{invite['uid']}.{invite['sequence']}.{invite['stamp']:%Y%m%dT%H%M%SZ}",
        )
        if address:
            letter |= {
                "method": invite["method"],
                "sequence": invite["sequence"],
                "calendar": invites.octets(invite, entry),
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
    holder = Holders(session, on=post.today, guardians_first=post.kind.for_guardians).of([registration_id])[
        registration_id
    ]
    post.end(
        holder,
        standing,
        option=programme.option_by_code.get(option_code or ""),
        reason=reason,
        letter=letter,
    )
    post.write()
    return True


def tell_cancelled(session: Session, registration: Registration, *, at: datetime, reason: str) -> None:
    """Tell whoever is written to about a registration without a place that the organiser has ended it."""
    programme = programmes.facts_by_id(session, registration.programme_id)
    post = Post(session, programme, programme_id=registration.programme_id, at=at)
    holders = Holders(session, on=post.today, guardians_first=post.kind.for_guardians)
    post.cancelled(holders.of([registration.id])[registration.id], reason=reason)
    post.write()


def _language(holder: Holder, known: Living) -> str:
    """That of whoever reads: what is said of a seat that stands is said as they have chosen since."""
    same_reader = holder.to.address in {None, known.attendee_address} or known.attendee_address is None
    return holder.to.locale if same_reader else known.locale


def _as_written_to(holder: Holder, known: Living) -> Holder:
    """With whoever the object was sent to: its end goes there, and greets whoever reads it there."""
    address = known.attendee_address
    if address is None or address.casefold() == (holder.to.address or "").casefold():
        return holder
    return replace(
        holder, to=letters.Recipient(known.attendee_name, address, known.locale, holder.to.account_id)
    )


def _attendee_name(holder: Holder, shown: str) -> str:
    """Participants stand under the name their kind allows; a guardian or officer under his own."""
    return shown if holder.to.name == holder.person.name else holder.to.name
