"""A place on a departure as a timed calendar entry with its meeting point, what it costs, and what travellers bring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import OccasionFacts, OptionFacts, ProgrammeFacts, SeatFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import PartyRole
from eventhub.domain.wording import Listing, Money
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.kinds import Brief, Fact
from eventhub.kinds.retreat.allotment import companion_prices, own_share_of, subsidy_of
from eventhub.kinds.retreat.particulars import WALKING
from eventhub.kinds.retreat.questions import setting


def entries(seat: SeatFacts) -> tuple[CalendarEntry, ...]:
    """One timed entry an occasion, from arrival to departure, in the language of the moment."""
    return tuple(_entry(seat, occasion) for occasion in seat.option.occasions)


def facts(programme: ProgrammeFacts, option: OptionFacts) -> tuple[Fact, ...]:
    """The lines of a departure's card: money first, then the stay."""
    return (*_money(programme, option), *_stay(option))


def brief(seat: SeatFacts) -> Brief:
    """What a placed traveller is told, and what to bring."""
    option, programme = seat.option, seat.programme
    occasion = option.occasions[0]
    lines = []
    if str(occasion.meeting_point):
        lines.append(Fact(N_("Meeting point"), occasion.meeting_point))
    if seat.role is PartyRole.COMPANION:
        lines += _companion_pays(seat)
    else:
        lines += _own_share(programme, option)
    lines.append(Fact(N_("Contact"), f"{programme.contact_name} {programme.contact_phone}"))
    return Brief(lines=tuple(lines), bring=_BRING)


_BRING: tuple[Text, ...] = (
    N_("identity card"),
    N_("own share, paid as the agency says"),
    N_("comfortable shoes, a jacket for the evening"),
    N_("medicine you take every day"),
)


def _money(programme: ProgrammeFacts, option: OptionFacts) -> list[Fact]:
    return [
        *_price(option, "price_fen", N_("Price")),
        Fact(N_("Subsidy"), N_("%(money)s a participant", money=Money(subsidy_of(programme, option)))),
        *_own_share(programme, option),
        *(fact for _key, fact in _companions(programme, option)),
    ]


def _companions(programme: ProgrammeFacts, option: OptionFacts) -> Iterator[tuple[str, Fact]]:
    """The prices of companions, each under its key."""
    below = setting(programme, "child_price_below")
    for key, label in (
        ("companion_price_fen", N_("A companion pays")),
        ("child_companion_price_fen", N_("A child along under %(age)s pays", age=below)),
    ):
        yield from ((key, fact) for fact in _price(option, key, label))


def _companion_pays(seat: SeatFacts) -> list[Fact]:
    """What this companion pays; both prices where there are two and the age is not known."""
    named = companion_prices(seat.programme, seat.option, seat.age)
    return [fact for key, fact in _companions(seat.programme, seat.option) if key in named]


def _stay(option: OptionFacts) -> list[Fact]:
    details = option.details
    told = []
    if details.get("stops_zh"):
        told.append(
            Fact(
                N_("Sights"),
                Bilingual("、".join(details["stops_zh"]), ", ".join(details.get("stops_en", ()))),
            )
        )
    if details.get("walking") in WALKING:
        told.append(Fact(N_("Walking"), WALKING[details["walking"]]))
    if details.get("altitude_m"):
        told.append(Fact(N_("Altitude"), N_("up to %(metres)s metres", metres=details["altitude_m"])))
    told.append(
        Fact(
            N_("Meals"),
            N_("halal meals can be had") if details.get("halal", True) else N_("no halal kitchen"),
        )
    )
    if option.minimum:
        told.append(Fact(N_("Runs with"), N_("%(minimum)s people or more", minimum=option.minimum)))
    return told


def _own_share(programme: ProgrammeFacts, option: OptionFacts) -> list[Fact]:
    share = own_share_of(programme, option)
    return [] if share is None else [Fact(N_("Own share"), Money(share))]


def _price(option: OptionFacts, key: str, label: Text) -> list[Fact]:
    return [Fact(label, Money(option.details[key]))] if option.details.get(key) is not None else []


def _entry(seat: SeatFacts, occasion: OccasionFacts) -> CalendarEntry:
    programme, option = seat.programme, seat.option
    lines = [_("%(name)s goes on “%(departure)s”.", name=seat.display_name, departure=option.title)]
    place = str(occasion.place)
    if str(occasion.meeting_point):
        lines.append(_("Meeting point: %(place)s", place=occasion.meeting_point))
        place = _("%(place)s (meeting point: %(meeting)s)", place=place, meeting=occasion.meeting_point)
    lines.append(_("To bring: %(things)s", things=Listing(_BRING)))
    lines.append(_("Personal number: %(code)s", code=seat.registration))
    lines.append(
        _("Contact: %(name)s, %(phone)s", name=programme.contact_name, phone=programme.contact_phone)
    )
    return CalendarEntry(
        summary=_("%(programme)s: %(option)s", programme=programme.title, option=option.title),
        starts=_here(occasion.starts),
        ends=_here(occasion.ends),
        place=place,
        latitude=occasion.latitude,
        longitude=occasion.longitude,
        description="\n".join(lines),
        url=seat.url,
    )


def _here(moment: date | datetime) -> datetime:
    """A moment as the clocks on the spot show it."""
    if not isinstance(moment, datetime):
        raise TypeError(f"A departure begins and ends at an hour, not on a day: {moment!r}.")
    return moment.astimezone(ZONE)
