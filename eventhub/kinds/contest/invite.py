"""A place in a heat as a timed calendar entry with place and station, and what contestants bring."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import OccasionFacts, OptionFacts, ProgrammeFacts, SeatFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.wording import Listing, Money
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.kinds import Brief, Fact
from eventhub.kinds.contest.questions import FIELDS, setting


def entries(seat: SeatFacts) -> tuple[CalendarEntry, ...]:
    """One timed entry an occasion, in the language of the moment."""
    return tuple(_entry(seat, occasion) for occasion in seat.option.occasions)


def facts(_programme: ProgrammeFacts, option: OptionFacts) -> tuple[Fact, ...]:
    """The lines of a heat's card."""
    details = option.details
    told: list[Fact] = []
    if details.get("field") in FIELDS:
        told.append(Fact(N_("Field of work"), FIELDS[details["field"]]))
    if details.get("item_zh"):
        told.append(Fact(N_("Task"), Bilingual(details["item_zh"], details.get("item_en", ""))))
    if details.get("venue_zh"):
        told.append(Fact(N_("Venue"), Bilingual(details["venue_zh"], details.get("venue_en", ""))))
    if details.get("minutes"):
        told.append(Fact(N_("Working time"), N_("%(minutes)s minutes", minutes=details["minutes"])))
    if details.get("team_sizes"):
        told.append(Fact(N_("People in an entry"), Listing(tuple(details["team_sizes"]))))
    if "min_age" in details and "max_age" in details:
        told.append(
            Fact(N_("Ages"), N_("%(min)s to %(max)s years", min=details["min_age"], max=details["max_age"]))
        )
    if option.cost_fen:
        told.append(Fact(N_("Prizes and costs of the heat"), Money(option.cost_fen)))
    return tuple(told)


def brief(seat: SeatFacts) -> Brief:
    """What a placed contestant is told, and what to bring."""
    occasion = seat.option.occasions[0]
    lines = [Fact(N_("Arrive by"), f"{_arrival(seat, occasion):%H:%M}")]
    if seat.station:
        lines.append(Fact(N_("Station"), seat.station))
    if str(occasion.meeting_point):
        lines.append(Fact(N_("Meeting point"), occasion.meeting_point))
    lines.append(Fact(N_("Contact"), f"{seat.programme.contact_name} {seat.programme.contact_phone}"))
    return Brief(lines=tuple(lines), bring=_BRING)


_BRING: tuple[Text, ...] = (
    N_("identity card"),
    N_("working clothes, gloves and closed shoes"),
    N_("sun hat and drinking water"),
)


def _entry(seat: SeatFacts, occasion: OccasionFacts) -> CalendarEntry:
    programme, option = seat.programme, seat.option
    lines = [_("Contestant: %(name)s", name=seat.display_name)]
    if seat.station:
        lines.append(_("Station: %(station)s", station=seat.station))
    lines.append(_("Arrive by %(hour)s to sign in.", hour=f"{_arrival(seat, occasion):%H:%M}"))
    if str(occasion.meeting_point):
        lines.append(_("Meeting point: %(place)s", place=occasion.meeting_point))
    lines.append(_("To bring: %(things)s", things=Listing(_BRING)))
    lines.append(_("Personal number: %(code)s", code=seat.registration))
    lines.append(
        _("Contact: %(name)s, %(phone)s", name=programme.contact_name, phone=programme.contact_phone)
    )
    place = str(occasion.place)
    return CalendarEntry(
        summary=_("%(item)s: %(option)s", item=option.item_title, option=option.title)
        if str(option.item_title)
        else str(option.title),
        starts=_here(occasion.starts),
        ends=_here(occasion.ends),
        place=_("%(place)s, station %(station)s", place=place, station=seat.station)
        if seat.station
        else place,
        latitude=occasion.latitude,
        longitude=occasion.longitude,
        description="\n".join(lines),
        url=seat.url,
    )


def _arrival(seat: SeatFacts, occasion: OccasionFacts) -> datetime:
    return _here(occasion.starts) - timedelta(minutes=setting(seat.programme, "arrive_early"))


def _here(moment: date | datetime) -> datetime:
    """A moment as the clocks on the spot show it."""
    if not isinstance(moment, datetime):
        raise TypeError(f"A heat begins and ends at an hour, not on a day: {moment!r}.")
    return moment.astimezone(ZONE)
