"""Word what is said of a seat, or of there being none: the content of each letter, and the seat as its kind sees it.

Nothing here is written down; :mod:`eventhub.services.seats` decides who is told what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eventhub import kinds
from eventhub.delivery.letters import (
    AllottedLetter,
    CancelledLetter,
    NotSelectedLetter,
    WaitlistedLetter,
    WithdrawnLetter,
)
from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import OptionFacts, ProgrammeFacts, SeatFacts
from eventhub.domain.identity import told_apart
from eventhub.domain.when import When
from eventhub.i18n import N_
from eventhub.services import letters
from eventhub.services.holders import Holder

Said = object
"""What ``str`` says in the reader's language."""


@dataclass(frozen=True)
class Place:
    """What one registration was given: the option, its row, the station, and why, as a sentence to be said later."""

    option: OptionFacts
    option_id: int
    station: str = ""
    reason: Said = ""


class SeatLetters:
    """The letters about seats of one programme, in the language of the moment."""

    def __init__(self, programme: ProgrammeFacts, *, base_url: str) -> None:
        self.programme = programme
        self.kind = kinds.of(programme)
        self._base_url = base_url

    def seat(self, holder: Holder, place: Place) -> SeatFacts:
        """The seat as its kind needs it."""
        return SeatFacts(
            registration=holder.code,
            programme=self.programme,
            option=place.option,
            display_name=self._name(holder),
            role=holder.role,
            age=holder.person.age_on(place.option.first_day),
            station=place.station,
            answers=holder.answers,
            url=self._url(holder),
        )

    def allotted(
        self,
        shape: type[AllottedLetter],
        holder: Holder,
        place: Place,
        *,
        invited: bool,
        **old: Any,
    ) -> AllottedLetter:
        """A place given or changed; ``old`` says what no longer holds."""
        first, last = place.option.occasions[0], place.option.occasions[-1]
        brief = self.kind.brief(self.seat(holder, place))
        return shape(
            **self._opening(holder),
            option=place.option.title,
            option_word=self.kind.words.option,
            when=When(first.starts, last.ends),
            where=first.place,
            # A kind with lines of its own says there where to meet.
            meeting_point="" if brief.lines else first.meeting_point,
            bring=brief.bring,
            lines=brief.lines,
            reason=place.reason,
            invited=invited,
            **old,
        )

    def ended(
        self,
        letter: str,
        holder: Holder,
        entry: CalendarEntry,
        *,
        option: OptionFacts | None,
        reason: Said,
        next_step: Said,
        invited: bool,
    ) -> WithdrawnLetter:
        """A place is no more; ``letter`` names which letter tells of it."""
        shape = letters.CONTENTS[letter]
        assert issubclass(shape, WithdrawnLetter)  # noqa: S101 - a seat's end is told by such a letter
        return shape(
            **self._opening(holder),
            option=option.title if option else entry.summary,
            option_word=self.kind.words.option,
            when=When(entry.starts, entry.ends),
            reason=reason,
            next_step=next_step,
            invited=invited,
        )

    def waitlisted(self, holder: Holder, *, position: int | None, reason: Said) -> WaitlistedLetter:
        """No place yet, but one in line."""
        return WaitlistedLetter(
            **self._opening(holder),
            position=position,
            reason=reason,
            next_step=N_(
                "Places that become free are given out by the organiser in a later version of the result. Everybody on the"
                " list is considered again then, and whoever gets a place is told."
            ),
        )

    def not_selected(self, holder: Holder, *, reason: Said) -> NotSelectedLetter:
        """No place this time."""
        return NotSelectedLetter(**self._opening(holder), reason=reason)

    def cancelled(self, holder: Holder, *, reason: Said) -> CancelledLetter:
        """The organiser has ended a sign-up that had no place."""
        return CancelledLetter(**self._opening(holder), reason=reason)

    def _opening(self, holder: Holder) -> dict[str, Any]:
        """What every letter about a sign-up begins with: to whom, of what, about whom, and who answers for it."""
        return {
            "greeting": holder.to.name,
            "pass_on": holder.to.stands_in,
            "url": self._url(holder),
            "contact_name": self.programme.contact_name,
            "contact_phone": self.programme.contact_phone,
            "programme": self.programme.title,
            "code": holder.code,
            "who": self._told_as(holder),
        }

    def _name(self, holder: Holder) -> str:
        return self.kind.calendar_name(self.programme, holder.person)

    def _told_as(self, holder: Holder) -> str:
        """How a letter calls somebody: of two siblings it must be clear which of them is meant."""
        mates = [person for person in holder.mates if person.code != holder.person.code]
        everybody = [holder.person, *mates]
        shown = [self.kind.calendar_name(self.programme, person) for person in everybody]
        return told_apart(shown, [person.name for person in everybody])[0]

    def _url(self, holder: Holder) -> str:
        return f"{self._base_url}/my/registrations/{holder.party}"


def what_was(
    before: CalendarEntry, now: CalendarEntry, was: OptionFacts | None, option: OptionFacts
) -> dict[str, str]:
    """Of the old facts those that no longer hold."""
    return {
        "was_option": str(was.title) if was is not None and was.title != option.title else "",
        "was_when": str(When(before.starts, before.ends)) if before.span != now.span else "",
        "was_where": _place_alone(before, now, option) if before.place != now.place else "",
    }


def _place_alone(before: CalendarEntry, now: CalendarEntry, option: OptionFacts) -> str:
    """The old place as the letter says the new one: without what a calendar says beside it and what stays as it was."""
    place = str(option.occasions[0].place)
    beside = now.place.removeprefix(place) if now.place.startswith(place) else ""
    return before.place.removesuffix(beside)
