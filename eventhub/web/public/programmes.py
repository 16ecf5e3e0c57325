"""The programmes as everybody sees them: which there are, and what each is, for whom, at what price, by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub import kinds
from eventhub.domain.facts import Actor, OptionFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE, phase_of
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Phase, RegistrationState, Role
from eventhub.domain.wording import Listing
from eventhub.i18n import N_, Text, _, ngettext
from eventhub.kinds import Fact, Kind
from eventhub.queries import programmes as queries
from eventhub.queries import registrations as registration_queries
from eventhub.web.access import PUBLIC, current_actor, permission
from eventhub.web.formats import date_range, day, moment, month
from eventhub.web.pages import now, page
from eventhub.web.public._contacts import children_officer, contact_of
from eventhub.web.public._finding import matching

pages = Blueprint("programmes", __name__)

MOST_AT_ONCE = 60
"""More options than this are shown an item at a time: a phone on a weak network loads no list of hundreds."""
MOST_CARDS = 12
"""Up to so many options stand as cards; more are easier to compare in a table."""


@dataclass(frozen=True)
class Card:
    """A programme on the list."""

    code: str
    kind: Kind
    title: object
    summary: object
    phase: Phase
    left: str
    when: str
    url: str
    action: Text


@dataclass(frozen=True)
class ListPage:
    """All that are announced, and those that are over apart."""

    current: tuple[Card, ...]
    over: tuple[Card, ...]


@dataclass(frozen=True)
class KeyDate:
    """One of the dates in the life of a programme."""

    label: Text
    when: str
    past: bool
    now: bool


@dataclass(frozen=True)
class Option:
    """An option as the page shows it: its facts as the kind tells them, and how many want it."""

    code: str
    title: object
    when: str
    place: object
    seats: int | None
    first: int
    ranked: int
    facts: tuple[Fact, ...]
    begins: date = date.min


@dataclass(frozen=True)
class Month:
    """The options that begin in one month, where all at once would be too long a list for a phone."""

    title: str
    options: tuple[Option, ...]
    is_open: bool


@dataclass(frozen=True)
class Group:
    """The options of one item; one nameless group where there are no items."""

    code: str
    title: object
    options: tuple[Option, ...]
    as_cards: bool
    sign_up_url: str
    by_month: tuple[Month, ...] = ()
    """Every option once more, by month; empty where the list is short or all begin in one month."""

    @property
    def shared(self) -> tuple[Fact, ...]:
        """The facts that hold for every option here: these alone may stand once for the whole table."""
        told = [{(str(fact.label), str(fact.value)) for fact in option.facts} for option in self.options]
        return tuple(
            fact
            for fact in (self.options[0].facts if self.options else ())
            if all((str(fact.label), str(fact.value)) in each for each in told)
        )


@dataclass(frozen=True)
class Item:
    """An item in the table that stands where all options at once would be too many to read."""

    title: object
    when: str
    options: int
    seats: int | None
    first: int
    url: str


@dataclass(frozen=True)
class Action:
    """The one thing the reader can do now."""

    label: Text
    url: str


@dataclass(frozen=True)
class Standing:
    """A sign-up the reader has here already, with who goes by it."""

    code: str
    names: Listing
    state: RegistrationState
    url: str


@dataclass(frozen=True)
class ProgrammePage:
    """A programme with all that somebody needs in order to decide."""

    programme: ProgrammeFacts
    kind: Kind
    phase: Phase
    left: str
    dates: tuple[KeyDate, ...]
    groups: tuple[Group, ...]
    items: tuple[Item, ...]
    all_url: str
    find: str
    found: int
    is_long: bool
    """There are more options than are shown at once; ``found`` of them fit what is looked for."""
    rules: tuple[Text, ...]
    action: Action | None
    standing: tuple[Standing, ...]
    roster_url: str
    children_officer: str


_ACTIONS: Mapping[Phase, Text] = {
    Phase.OPEN: N_("Look and sign up"),
}


@pages.get("/")
@permission(PUBLIC)
def index() -> ResponseReturnValue:
    """The programmes, those that close soonest first."""
    at = now()
    cards = [_card(programme, at) for programme in queries.listing(at)]
    return page(
        "public/programmes.html",
        ListPage(
            current=tuple(card for card in cards if card.phase is not Phase.OVER),
            over=tuple(card for card in cards if card.phase is Phase.OVER),
        ),
    )


@pages.get("/programmes", strict_slashes=False)
@permission(PUBLIC)
def shortened() -> ResponseReturnValue:
    """People shorten addresses: the list stands on the first page."""
    query = request.query_string.decode("ascii", "ignore")
    return redirect(url_for("public.programmes.index") + (f"?{query}" if query else ""), 301)


@pages.get("/programmes/<code>")
@permission(PUBLIC)
def show(code: str) -> ResponseReturnValue:
    """One programme; a draft is seen by its organisers alone."""
    at, actor = now(), current_actor()
    programme = queries.facts(code)
    if not queries.may_see(actor, programme, at):
        raise NotFound
    kind, phase = kinds.of(programme), phase_of(programme, at)
    standing = _standing(programme, actor, at)
    chosen = request.args.get("item") if request.args.get("item") in dict(programme.items) else None
    find = request.args.get("find", "").strip()[:60]
    crowded = chosen is None and len(programme.options) > MOST_AT_ONCE and len(programme.items) > 1
    value = ProgrammePage(
        programme=programme,
        kind=kind,
        phase=phase,
        left=left_of(programme, at),
        dates=_dates(programme, at),
        groups=() if crowded else _groups(programme, kind, chosen, find),
        find=find,
        found=len(matching(programme.options if chosen is None else programme.options_of(chosen), find)),
        is_long=not crowded
        and len(programme.options if chosen is None else programme.options_of(chosen)) > MOST_AT_ONCE,
        items=_items(programme) if crowded else (),
        all_url=url_for("public.programmes.show", code=code, _anchor="options") if chosen is not None else "",
        rules=kind.rule_texts(programme),
        action=_action(programme, kind, phase, standing),
        standing=standing,
        roster_url=_roster_url(programme, actor, phase),
        children_officer=children_officer(programme) if kind.for_guardians else "",
    )
    return page("public/programme.html", value, contact=contact_of(programme))


def left_of(programme: ProgrammeFacts, at: datetime) -> str:
    """How long until the next thing happens: “5 days left”, “closes today at 18:00”."""
    phase = phase_of(programme, at)
    today = at.astimezone(ZONE).date()
    if phase is Phase.OPEN and programme.closes_at is not None:
        closes = programme.closes_at.astimezone(ZONE)
        days = (closes.date() - today).days
        if days == 0:
            return _("closes today at %(time)s", time=f"{closes:%H:%M}")
        return ngettext("%(num)s day left", "%(num)s days left", days)
    if phase is Phase.ANNOUNCED and programme.opens_at is not None:
        return _("opens on %(day)s", day=day(programme.opens_at))
    if phase in {Phase.CLOSED, Phase.ALLOTTING} and programme.result_at is not None:
        return _("result due on %(day)s", day=day(programme.result_at))
    return ""


def _card(programme: ProgrammeFacts, at: datetime) -> Card:
    phase = phase_of(programme, at)
    first, last = programme.first_day, programme.last_day
    return Card(
        code=programme.code,
        kind=kinds.of(programme),
        title=programme.title,
        summary=programme.summary,
        phase=phase,
        left=left_of(programme, at),
        when=_days(first, last) if first and last else "",
        url=url_for("public.programmes.show", code=programme.code),
        action=_ACTIONS.get(phase, N_("Look at it")),
    )


def _dates(programme: ProgrammeFacts, at: datetime) -> tuple[KeyDate, ...]:
    first, last = programme.first_day, programme.last_day
    told: list[tuple[Text, str, bool]] = [
        (label, moment(when), when <= at)
        for label, when in (
            (N_("Sign-up opens"), programme.opens_at),
            (N_("Sign-up closes"), programme.closes_at),
        )
        if when is not None
    ]
    if programme.result_at is not None:
        told.append(
            (N_("Result"), day(programme.result_at), bool(programme.published) or programme.result_at <= at)
        )
    if first is not None and last is not None:
        told.append((N_("It takes place"), _days(first, last), last < at.astimezone(ZONE).date()))
    following = next((number for number, (_label, _when, past) in enumerate(told) if not past), None)
    return tuple(
        KeyDate(label, when, past=past, now=number == following)
        for number, (label, when, past) in enumerate(told)
    )


def _items(programme: ProgrammeFacts) -> tuple[Item, ...]:
    demand = queries.demand(programme.code)
    found = []
    for code, title in programme.items:
        options = programme.options_of(code)
        seats = [option.capacity for option in options if option.capacity is not None]
        found.append(
            Item(
                title=title,
                when=_days(min(each.first_day for each in options), max(each.last_day for each in options)),
                options=len(options),
                seats=sum(seats) if len(seats) == len(options) else None,
                first=sum(demand.get(option.code, (0, 0))[0] for option in options),
                url=url_for("public.programmes.show", code=programme.code, item=code, _anchor="options"),
            )
        )
    return tuple(found)


def _days(first: date, last: date) -> str:
    """From the first day of anything to the last: nobody spends the nights between them here."""
    if first == last:
        return day(first)
    return _("%(first)s to %(last)s", first=day(first), last=day(last))


def _roster_url(programme: ProgrammeFacts, actor: Actor | None, phase: Phase) -> str:
    """Where officers hand in lists."""
    if actor is None or phase is not Phase.OPEN or not actor.is_a(Role.OFFICER):
        return ""
    return url_for("my.rosters.show", programme=programme.code)


def _groups(programme: ProgrammeFacts, kind: Kind, chosen: str | None, find: str) -> tuple[Group, ...]:
    demand = queries.demand(programme.code)
    found = []
    for code, title in programme.items:
        if chosen not in {None, code}:
            continue
        # By day, and on one day as the organiser listed them: cut off, if anything, is what lies farthest ahead.
        fitting = sorted(matching(programme.options_of(code), find), key=lambda each: each.first_day)
        options = fitting[:MOST_AT_ONCE]
        shown = tuple(_option(programme, kind, option, demand.get(option.code, (0, 0))) for option in options)
        found.append(
            Group(
                code=code,
                title=title,
                options=shown,
                as_cards=len(options) <= MOST_CARDS and not kind.choose_item,
                sign_up_url=url_for("my.sign_up.begin", programme=programme.code, item=code or None),
                by_month=_by_month(shown, all_open=bool(find)),
            )
        )
    return tuple(found)


def _option(programme: ProgrammeFacts, kind: Kind, option: OptionFacts, wanted: tuple[int, int]) -> Option:
    return Option(
        code=option.code,
        title=option.title,
        when=date_range(option.occasions[0].starts, option.occasions[-1].ends),
        place=option.occasions[0].place,
        seats=option.capacity,
        first=wanted[0],
        ranked=wanted[1],
        facts=tuple(kind.facts(programme, option)),
        begins=option.first_day,
    )


def _by_month(options: tuple[Option, ...], *, all_open: bool) -> tuple[Month, ...]:
    """The months, the first of them open; ``all_open`` where something was looked for."""
    found: dict[str, list[Option]] = {}
    for option in sorted(options, key=lambda each: each.begins):
        found.setdefault(month(option.begins), []).append(option)
    if len(options) <= MOST_CARDS or len(found) == 1:
        return ()
    return tuple(
        Month(title, tuple(found[title]), is_open=all_open or number == 0)
        for number, title in enumerate(found)
    )


def _standing(programme: ProgrammeFacts, actor: Actor | None, at: datetime) -> tuple[Standing, ...]:
    if actor is None:
        return ()
    rows = registration_queries.mine(actor, on=at.astimezone(ZONE).date())
    return tuple(
        Standing(
            row.code,
            Listing(tuple(member.person.name for member in row.members)),
            row.state,
            url_for("my.registrations.show", code=row.code),
        )
        for row in rows
        if row.programme.code == programme.code
        and row.members
        and row.state not in {RegistrationState.WITHDRAWN, RegistrationState.CANCELLED}
    )


def _action(
    programme: ProgrammeFacts, kind: Kind, phase: Phase, standing: tuple[Standing, ...]
) -> Action | None:
    draft = next((each for each in standing if each.state is RegistrationState.DRAFT), None)
    if phase is Phase.OPEN and draft is not None:
        return Action(N_("Continue my sign-up"), draft.url)
    if phase is Phase.OPEN and (not standing or kind.choose_item):
        return Action(N_("Sign up"), url_for("my.sign_up.begin", programme=programme.code))
    if standing:
        return Action(N_("See how my sign-up stands"), standing[0].url)
    return None
