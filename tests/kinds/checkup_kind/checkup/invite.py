"""An appointment as a timed calendar entry at the hospital, and what to bring."""

from __future__ import annotations

from datetime import date, datetime

from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import OptionFacts, ProgrammeFacts, SeatFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.wording import Money
from eventhub.i18n import N_, _
from eventhub.kinds import Brief, Fact


def entries(seat: SeatFacts) -> tuple[CalendarEntry, ...]:
    """One entry an occasion; it says neither which package nor any result."""
    return tuple(
        CalendarEntry(
            summary=_("Appointment at %(hospital)s", hospital=occasion.place),
            starts=_here(occasion.starts),
            ends=_here(occasion.ends),
            place=str(occasion.place),
            description=_("%(name)s, registration %(code)s", name=seat.display_name, code=seat.registration),
            url=seat.url,
        )
        for occasion in seat.option.occasions
    )


def facts(_programme: ProgrammeFacts, option: OptionFacts) -> tuple[Fact, ...]:
    """Where it is, and what may be added."""
    told = [Fact(N_("Hospital"), option.occasions[0].place)]
    told += [
        Fact(N_("May be added"), N_("%(test)s, %(price)s", test=each["name"], price=Money(each["price_fen"])))
        for each in option.details.get("extras", ())
    ]
    return tuple(told)


def brief(seat: SeatFacts) -> Brief:
    """What to bring."""
    return Brief((Fact(N_("Hospital"), seat.option.occasions[0].place),), (N_("member card and telephone"),))


def _here(moment: date | datetime) -> datetime:
    if not isinstance(moment, datetime):
        raise TypeError(f"An appointment begins and ends at an hour, not on a day: {moment!r}.")
    return moment.astimezone(ZONE)
