"""A camp place as a calendar entry of whole days, and what campers bring."""

from __future__ import annotations

from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import OccasionFacts, OptionFacts, Person, ProgrammeFacts, SeatFacts
from eventhub.domain.wording import Listing, Money
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.kinds import Brief, Fact
from eventhub.kinds.camp.questions import setting

_TWO_CHARACTER_SURNAMES = frozenset(
    [
        "欧阳",
        "上官",
        "司马",
        "诸葛",
        "尉迟",
        "皇甫",
        "慕容",
        "令狐",
        "长孙",
        "宇文",
        "夏侯",
        "东方",
        "公孙",
        "轩辕",
        "司徒",
        "司空",
        "端木",
        "呼延",
        "赫连",
        "拓跋",
        "独孤",
        "申屠",
        "澹台",
        "濮阳",
        "公冶",
        "太史",
        "淳于",
        "单于",
        "钟离",
        "闻人",
        "南宫",
        "东郭",
        "西门",
        "百里",
        "第五",
    ]
)


def display_name(person: Person) -> str:
    """A child by surname alone: 马同学. Calendars lie open on telephones, and no child stands in them in full."""
    return _("%(surname)s (camper)", surname=surname(person.name))


def surname(name: str) -> str:
    """The part of a name that may be shown: the surname, or what stands before the first dot or space."""
    for separator in ("·", " "):
        if separator in name:
            return name.split(separator, 1)[0]
    return name[:2] if name[:2] in _TWO_CHARACTER_SURNAMES and len(name) > 2 else name[:1]  # noqa: PLR2004


def entries(seat: SeatFacts) -> tuple[CalendarEntry, ...]:
    """One entry of whole days an occasion, in the language of the moment."""
    return tuple(_entry(seat, occasion) for occasion in seat.option.occasions)


def facts(programme: ProgrammeFacts, option: OptionFacts) -> tuple[Fact, ...]:
    """The lines of a batch's card."""
    details = option.details
    nights = sum((each.last_day - each.first_day).days for each in option.occasions)
    told = [
        Fact(
            N_("Length"),
            N_(
                "%(days)s days, %(nights)s nights",
                days=nights + len(option.occasions),
                nights=nights,
            ),
        ),
        Fact(N_("Cost to the family"), N_("free")),
    ]
    if details.get("programme_zh"):
        told.append(
            Fact(N_("What is done"), _listed(details["programme_zh"], details.get("programme_en", ())))
        )
    if details.get("transport_zh"):
        told.append(Fact(N_("Travel"), Bilingual(details["transport_zh"], details.get("transport_en", ""))))
    told.append(
        Fact(
            N_("Adults"),
            N_(
                "a teacher for at most %(children)s children, a medic and a safety officer",
                children=setting(programme, "teacher_per_children"),
            ),
        )
    )
    if option.head_cost_fen:
        told.append(
            Fact(N_("Borne by the union"), N_("%(money)s a child", money=Money(option.head_cost_fen)))
        )
    if not details.get("halal", True):
        told.append(Fact(N_("Meals"), N_("no halal kitchen")))
    return tuple(told)


def brief(seat: SeatFacts) -> Brief:
    """What guardians of a placed child are told, and what the child brings."""
    occasion = seat.option.occasions[0]
    lines = [
        Fact(N_("Contact"), f"{seat.programme.contact_name} {seat.programme.contact_phone}"),
    ]
    if str(occasion.meeting_point):
        lines.insert(0, Fact(N_("Meeting point"), occasion.meeting_point))
    return Brief(lines=tuple(lines), bring=_BRING)


_BRING: tuple[Text, ...] = (
    N_("identity card or household register"),
    N_("clothes to change, a jacket and comfortable shoes"),
    N_("towel, toothbrush, sun hat, drinking bottle"),
    N_("medicine the child takes, with a note for the medic"),
    N_("notebook and pen; no valuables"),
)


def _entry(seat: SeatFacts, occasion: OccasionFacts) -> CalendarEntry:
    programme, option = seat.programme, seat.option
    lines = [_("%(name)s has a place in “%(batch)s”.", name=seat.display_name, batch=option.title)]
    if str(occasion.meeting_point):
        lines.append(_("Meeting point: %(place)s", place=occasion.meeting_point))
    lines.append(_("To bring: %(things)s", things=Listing(_BRING)))
    lines.append(_("Personal number: %(code)s", code=seat.registration))
    lines.append(
        _("Contact: %(name)s, %(phone)s", name=programme.contact_name, phone=programme.contact_phone)
    )
    return CalendarEntry(
        summary=_("%(programme)s: %(option)s", programme=programme.title, option=option.title),
        starts=occasion.first_day,
        ends=occasion.last_day,
        place=str(occasion.place),
        latitude=occasion.latitude,
        longitude=occasion.longitude,
        description="\n".join(lines),
        url=seat.url,
    )


def _listed(chinese: list[str], english: list[str] | tuple[str, ...]) -> Bilingual:
    return Bilingual("、".join(chinese), ", ".join(english))
