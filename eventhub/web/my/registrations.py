"""My sign-ups: how each stands in plain words, its receipt, its result with the reason, and the way out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import segno
from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import RadioField, StringField

from eventhub import kinds
from eventhub.domain.facts import OptionFacts, ProgrammeFacts, SeatFacts
from eventhub.domain.phases import ZONE, phase_of
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import Phase, RegistrationState
from eventhub.i18n import N_, Text, _
from eventhub.kinds import Brief, Fact, Kind
from eventhub.queries import invites as invite_queries
from eventhub.queries import reasons
from eventhub.queries import registrations as queries
from eventhub.queries.registrations import MemberRow, PartyRow
from eventhub.services import registrations as services
from eventhub.web.access import SIGNED_IN, permission, require_actor
from eventhub.web.errors import show_on, status_of
from eventhub.web.forms.fields import choices, later
from eventhub.web.my._states import what_next
from eventhub.web.my.sign_up.change import CHANGEABLE
from eventhub.web.my.sign_up.review import answers_of
from eventhub.web.my.sign_up.value import Answers
from eventhub.web.pages import now, page
from eventhub.web.public._contacts import contact_of

pages = Blueprint("registrations", __name__)

WITHDRAWABLE = frozenset(
    {
        RegistrationState.SUBMITTED,
        RegistrationState.RETURNED,
        RegistrationState.ALLOTTED,
        RegistrationState.WAITLISTED,
        RegistrationState.NOT_SELECTED,
    }
)


@dataclass(frozen=True)
class Entry:
    """One sign-up on the list."""

    code: str
    title: object
    item: object
    kind: Kind
    state: RegistrationState
    names: tuple[str, ...]
    next: Text
    option: OptionFacts | None
    url: str


@dataclass(frozen=True)
class ListPage:
    """Everything an account signed up for."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Seat:
    """A place: what, when, where, what to bring, and the file for a calendar."""

    option: OptionFacts
    station: str
    brief: Brief
    ics_url: str


@dataclass(frozen=True)
class Person:
    """One of the party: how it stands for them, and why."""

    code: str
    person_code: str
    name: str
    role: object
    state: RegistrationState
    seat: Seat | None
    reasons: tuple[object, ...]
    told: str
    identity_url: str
    may_withdraw: bool


def _stands(person: Person) -> tuple[object, ...]:
    place = (person.seat.option.code, person.seat.station) if person.seat else None
    return person.state, place, person.told


def _in_all(lists: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """Of the first list what stands in every other, as it is said."""
    return tuple(each for each in lists[0] if all(_said_in(each, other) for other in lists[1:]))


def _said_in(one: object, others: Sequence[object]) -> bool:
    return _wording(one) in map(_wording, others)


def _wording(told: object) -> tuple[str, ...]:
    return (str(told.label), str(told.value)) if isinstance(told, Fact) else (str(told),)


@dataclass(frozen=True)
class Together:
    """People of a party for whom it stands the same: the same state, and where they are placed, the same place."""

    people: tuple[Person, ...]

    @property
    def first(self) -> Person:
        return self.people[0]

    @property
    def identity(self) -> tuple[Person, ...]:
        """Those whose identity number is still missing."""
        return tuple(person for person in self.people if person.identity_url)


@dataclass(frozen=True)
class PartyPage:
    """A sign-up with all that its reader may know and do; ``signed_up_by`` is told where that was somebody else."""

    code: str
    programme: ProgrammeFacts
    kind: Kind
    item: object
    state: RegistrationState
    next: Text
    people: tuple[Person, ...]
    ranking: tuple[OptionFacts, ...]
    flexible: bool
    answers: tuple[Answers, ...]
    submitted_at: datetime | None
    is_receipt: bool
    continue_url: str
    change_url: str
    withdraw_url: str
    delete_url: str
    print_url: str
    again_url: str
    signed_up_by: str = ""

    @property
    def groups(self) -> tuple[Together, ...]:
        """The people, those told together for whom it stands the same; in the order they were signed up in."""
        alike: dict[object, list[Person]] = {}
        for person in self.people:
            alike.setdefault(_stands(person), []).append(person)
        return tuple(Together(tuple(people)) for people in alike.values())

    @property
    def shared(self) -> Brief | None:
        """What holds for everybody placed here, to be said once; None where nothing does, or only one is placed."""
        briefs = [person.seat.brief for person in self.people if person.seat]
        if len(briefs) < 2:  # noqa: PLR2004 - alone, one shares with nobody
            return None
        lines = _in_all([brief.lines for brief in briefs])
        things = _in_all([brief.bring for brief in briefs])
        return Brief(lines=lines, bring=things) if lines or things else None

    def own(self, seat: Seat) -> Brief:
        """What holds for one place alone."""
        shared = self.shared or Brief()
        return Brief(
            lines=tuple(each for each in seat.brief.lines if not _said_in(each, shared.lines)),
            bring=tuple(each for each in seat.brief.bring if not _said_in(each, shared.bring)),
        )

    @property
    def shared_reasons(self) -> tuple[object, ...]:
        """How it was decided, where that is the same for all of several people."""
        told = [person.reasons for person in self.people]
        same = len(told) > 1 and len({tuple(map(str, each)) for each in told}) == 1
        return told[0] if same else ()


@dataclass(frozen=True)
class PaperPage:
    """The receipt on paper."""

    party: PartyPage
    drawing: Markup
    url: str
    printed_at: datetime


@dataclass(frozen=True)
class Effect:
    """What will happen, to how many."""

    count: int
    label: str


@dataclass(frozen=True)
class DeletePage:
    """A draft, before it is thrown away."""

    code: str
    title: object
    names: tuple[str, ...]
    back_url: str


@dataclass(frozen=True)
class WithdrawPage:
    """What giving up means, before it is done."""

    party: PartyPage
    effects: tuple[Effect, ...]
    note: Text


class WithdrawForm(FlaskForm):  # type: ignore[misc]
    """Who gives up, and why if they like to say so."""

    who = RadioField(later(N_("Who withdraws?")), validate_choice=False)
    reason = StringField(
        later(N_("Reason")),
        description=later(N_("You need not give one. Please name no illness.")),
        render_kw={"maxlength": 200, "autocomplete": "off"},
    )


@pages.get("/registrations")
@permission(SIGNED_IN)
def index() -> ResponseReturnValue:
    """All of them, the newest first."""
    at = now()
    rows = queries.mine(require_actor(), on=at.astimezone(ZONE).date())
    return page("my/registrations.html", ListPage(tuple(_entry(row, at) for row in rows if row.members)))


@pages.get("/registrations/<code>")
@permission(SIGNED_IN)
def show(code: str) -> ResponseReturnValue:
    """One of them."""
    value = _party_page(_row(code))
    return page("my/registration.html", value, contact=contact_of(value.programme))


@pages.get("/registrations/<code>/print")
@permission(SIGNED_IN)
def paper(code: str) -> ResponseReturnValue:
    """The receipt for printing, with a drawing that leads back to the page."""
    url = f"{current_app.extensions['settings'].base_url}/my/registrations/{code}"
    row = _row(code)
    if not row.own:
        raise NotFound
    value = _party_page(row)
    return page("my/receipt.html", PaperPage(value, _drawing(url), url, now()))


@pages.route("/registrations/<code>/deletion", methods=["GET", "POST"])
@permission(SIGNED_IN)
def delete(code: str) -> ResponseReturnValue:
    """Throw a draft away, once that was confirmed; what was sent is withdrawn instead."""
    row = _row(code)
    shown = url_for("my.registrations.show", code=code)
    if row.state is not RegistrationState.DRAFT:
        return redirect(shown, 303)
    if request.method != "POST":
        names = tuple(member.person.name for member in row.members)
        return page(
            "my/delete.html",
            DeletePage(code, row.programme.title, names, shown),
            contact=contact_of(row.programme),
        )
    services.delete_draft(code, by=require_actor(), at=now())
    flash(_("The draft is deleted."), "success")
    return redirect(url_for("my.registrations.index"), 303)


@pages.route("/registrations/<code>/withdraw", methods=["GET", "POST"])
@permission(SIGNED_IN)
def withdraw(code: str) -> ResponseReturnValue:
    """Give up: first what it means, then the deed."""
    row = _row(code)
    value = _party_page(row)
    standing = [person for person in value.people if person.may_withdraw]
    if _is_done(value, standing):
        # Pressed twice, or done from another window: it stands as it was wanted.
        if request.method == "POST":
            flash(_("Withdrawn."), "success")
        return redirect(url_for("my.registrations.show", code=code), 303)
    if not standing:
        raise _nothing_left()
    form = _withdraw_form(standing)
    if request.method != "POST":
        return _withdraw_shown(value, standing, form)
    try:
        services.withdraw(
            code,
            registration=_who(form, standing),
            reason=_line(form.reason.data),
            by=require_actor(),
            at=now(),
        )
    except Refused as refused:
        show_on(form, refused)
        return _withdraw_shown(value, standing, form, status=status_of(refused))
    placed = any(person.seat is not None for person in standing)
    flash(
        _("Withdrawn. Whoever goes in your place will be glad of every day of notice.")
        if placed
        else _("Withdrawn."),
        "success",
    )
    return redirect(url_for("my.registrations.show", code=code), 303)


def _row(code: str) -> PartyRow:
    return queries.party_to_read(code, require_actor(), on=now().astimezone(ZONE).date())


def _entry(row: PartyRow, at: datetime) -> Entry:
    return Entry(
        code=row.code,
        title=row.programme.title,
        item=_item(row),
        kind=kinds.of(row.programme),
        state=row.state,
        names=tuple(member.person.name for member in row.members),
        next=what_next(row, at),
        option=next(
            (each.published.option for each in row.members if _placed(each) and each.published), None
        ),
        url=url_for("my.registrations.show", code=row.code),
    )


def _item(row: PartyRow) -> object:
    return dict(row.programme.items).get(row.item, "") if kinds.of(row.programme).choose_item else ""


def _placed(member: MemberRow) -> bool:
    return member.state is RegistrationState.ALLOTTED and bool(member.published and member.published.option)


def _party_page(row: PartyRow) -> PartyPage:
    at, kind = now(), kinds.of(row.programme)
    is_open = phase_of(row.programme, at) is Phase.OPEN
    is_over = phase_of(row.programme, at) is Phase.OVER
    seats = (
        invite_queries.with_file([member.code for member in row.members])
        if any(map(_placed, row.members))
        else frozenset()
    )
    may_withdraw = not is_over and any(member.state in WITHDRAWABLE for member in row.members)
    draft = row.state is RegistrationState.DRAFT
    ended = row.state in {RegistrationState.WITHDRAWN, RegistrationState.CANCELLED}
    return PartyPage(
        code=row.code,
        programme=row.programme,
        kind=kind,
        item=_item(row),
        state=row.state,
        next=what_next(row, at),
        people=tuple(_person(row, member, kind, seats, over=is_over) for member in row.members),
        ranking=row.ranking,
        flexible=row.flexible,
        answers=answers_of(
            kind.questions, [(each.person.name, each.answers) for each in row.members], row.answers
        ),
        submitted_at=row.submitted_at,
        is_receipt="sent" in request.args,
        continue_url=url_for("my.sign_up.continue_", code=row.code, step="people")
        if draft and is_open
        else "",
        change_url=url_for("my.sign_up.change", code=row.code)
        if row.own and is_open and row.state in CHANGEABLE
        else "",
        withdraw_url=url_for("my.registrations.withdraw", code=row.code) if may_withdraw else "",
        delete_url=url_for("my.registrations.delete", code=row.code) if draft else "",
        print_url=url_for("my.registrations.paper", code=row.code) if row.own and row.submitted_at else "",
        again_url=url_for("my.sign_up.begin", programme=row.programme.code)
        if row.own and ended and is_open
        else "",
        signed_up_by="" if row.own else row.signed_up_by or "EventHub",
    )


def _person(row: PartyRow, member: MemberRow, kind: Kind, seats: frozenset[str], *, over: bool) -> Person:
    placed = _placed(member)
    return Person(
        code=member.code,
        person_code=member.person.code,
        name=member.person.name,
        role=member.role,
        state=member.state,
        seat=_seat(row, member, kind, seats) if placed else None,
        reasons=_reasons(row, member),
        told=next(
            (step.reason for step in reversed(member.steps) if step.reason and step.new is member.state), ""
        ),
        identity_url=(
            url_for("my.people.identity", code=member.person.code, party=row.code)
            if row.own and placed and not member.has_identity_number and not over
            else ""
        ),
        may_withdraw=not over and member.state in WITHDRAWABLE,
    )


def _reasons(row: PartyRow, member: MemberRow) -> tuple[object, ...]:
    published = member.published
    told = {RegistrationState.ALLOTTED, RegistrationState.WAITLISTED, RegistrationState.NOT_SELECTED}
    if published is None or member.state not in told:
        return ()
    return reasons.sentences(published.reason, row.programme)


def _seat(row: PartyRow, member: MemberRow, kind: Kind, seats: frozenset[str]) -> Seat | None:
    published = member.published
    if published is None or published.option is None:
        return None
    facts = SeatFacts(
        registration=member.code,
        programme=row.programme,
        option=published.option,
        display_name=kind.calendar_name(row.programme, member.person),
        role=member.role,
        age=member.person.age_on(published.option.first_day),
        station=published.station,
        answers={**row.answers, **member.answers},
    )
    return Seat(
        option=published.option,
        station=published.station,
        brief=kind.brief(facts),
        ics_url=url_for("my.calendar.download", registration=member.code) if member.code in seats else "",
    )


def _withdraw_form(standing: Sequence[Person]) -> WithdrawForm:
    form = WithdrawForm()
    everybody: list[tuple[str, object]] = [("", N_("Everybody of this sign-up"))]
    form.who.choices = choices(everybody + [(person.code, person.name) for person in standing])
    if form.who.data is None:
        form.who.data = request.args.get("who", "")
    if len(standing) == 1:
        del form.who  # nobody needs to be asked who it is where there is one
    return form


def _is_done(value: PartyPage, standing: Sequence[Person]) -> bool:
    """Whether what is to be given up has been already, by the reader's side itself and not by the organiser's."""
    chosen = request.form.get("who", "")
    meant = [person for person in value.people if chosen in {"", person.code}]
    given_up = bool(meant) and all(person.state is RegistrationState.WITHDRAWN for person in meant)
    return given_up and (bool(chosen) or not standing)


def _who(form: WithdrawForm, standing: Sequence[Person]) -> str | None:
    """The registration that is given up; None: all of the party."""
    chosen = request.form.get("who", "")
    if chosen and chosen not in {person.code for person in standing}:
        # Given up already from another window: that must not come to mean somebody else, or everybody.
        raise _nothing_left()
    if "who" not in form:
        return standing[0].code
    return form.who.data or None


def _nothing_left() -> Conflict:
    return Conflict(
        Problem(
            "nothing_to_withdraw",
            N_("There is nothing left to withdraw from. Reload the page to see how it stands."),
        )
    )


def _withdraw_shown(
    value: PartyPage, standing: Sequence[Person], form: WithdrawForm, *, status: int = 200
) -> ResponseReturnValue:
    shown = _withdraw_page(value, standing)
    return page("my/withdraw.html", shown, form=form, contact=contact_of(value.programme), status=status)


def _withdraw_page(value: PartyPage, standing: Sequence[Person]) -> WithdrawPage:
    placed = [person for person in standing if person.seat is not None]
    effects = [Effect(len(standing), _("in this sign-up"))]
    if placed:
        effects.append(Effect(len(placed), _("places that end at once, with their calendar entries")))
    if placed:
        note = N_("A place that is given up goes to somebody else and does not come back.")
    elif phase_of(value.programme, now()) is Phase.OPEN:
        note = N_("While sign-up is open you may sign up again; coming late is no disadvantage.")
    else:
        note = N_(
            "Sign-up is closed: whoever withdraws now takes no further part in the allotment or the waiting list, "
            "and cannot sign up again."
        )
    return WithdrawPage(value, tuple(effects), note)


def _line(text: str | None) -> str:
    """One line without what cannot be printed: it goes into letters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text or "").split())[:200]


def _drawing(url: str) -> Markup:
    out = BytesIO()
    segno.make(url, error="m").save(out, kind="svg", xmldecl=False, svgns=True, nl=False, omitsize=True)
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn here from our own address
