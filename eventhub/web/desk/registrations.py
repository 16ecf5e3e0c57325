"""Who signed up: find one of many, look at how it stands, hand it back for change, end it with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain import wording
from eventhub.domain.facts import OptionFacts, OrganisationFacts, ProgrammeFacts
from eventhub.domain.identity import mask_phone
from eventhub.domain.problems import NotFound, Refused
from eventhub.domain.questions import Answer, Question
from eventhub.domain.terms import LIVE, OrganisationKind, Phase, RegistrationState
from eventhub.domain.transitions import may
from eventhub.i18n import N_, Text, _
from eventhub.kinds import Kind
from eventhub.queries import contacts, organisations, reasons, registrations
from eventhub.queries.contacts import Contact
from eventhub.queries.registrations import DeskPage, MemberRow, PartyRow, Search
from eventhub.services import registrations as service
from eventhub.web.access import OFFICER, ORGANISER, permission, require_actor
from eventhub.web.desk._frame import Frame, organised, shared, today
from eventhub.web.desk._lists import here_with
from eventhub.web.errors import show_on, status_of
from eventhub.web.formats import moment
from eventhub.web.forms.allocation import ReasonForm
from eventhub.web.pages import now, page, row_number
from eventhub.web.public._finding import matching

pages = Blueprint("registrations", __name__)

HERE = "registrations.listing"
MOST_IN_A_MENU = 40
"""More options than that are looked for by words: nobody scrolls through a season of departures."""
_LARGE = frozenset(OrganisationKind) - {
    OrganisationKind.PRIMARY,
    OrganisationKind.JOINT,
    OrganisationKind.VILLAGE,
}
"""Units to filter by; single primary unions are found by the search box."""


@dataclass(frozen=True)
class Listing:
    """A page of sign-ups, and what they are filtered by."""

    frame: Frame
    wanted: Search
    found: DeskPage
    states: tuple[RegistrationState, ...]
    choice: str
    """The option looked for: its code, or words of its title, place or day."""
    menu: tuple[tuple[object, tuple[OptionFacts, ...]], ...]
    """The options by item, to choose from; empty where there are too many for a menu."""
    units: tuple[OrganisationFacts, ...]
    filtered: bool
    next_url: str | None
    first_url: str | None


@dataclass(frozen=True)
class Said:
    """One answer with the question it answers."""

    label: Text
    value: object


@dataclass(frozen=True)
class Member:
    """One person of the sign-up as the desk sees him."""

    row: MemberRow
    contact: Contact
    answers: tuple[Said, ...]
    claims: tuple[tuple[Text, bool | None, Any], ...]
    """(claim, yes, no or not yet, valid until)"""
    why: tuple[Text, ...]
    correctable: bool
    """Whether who it is may be mended from here: the officer of the unit or the organiser, while it stands."""
    returnable: bool
    cancellable: bool


@dataclass(frozen=True)
class Shown:
    """One sign-up: everybody of the party."""

    frame: Frame
    party: PartyRow
    members: tuple[Member, ...]
    answers: tuple[Said, ...]
    consents: tuple[Said, ...]
    pinnable: bool


@dataclass(frozen=True)
class Asked:
    """The page that asks for the reason of a step."""

    frame: Frame
    registration: str
    name: str
    title: Text
    means: Text
    submit: Text
    action: str
    dangerous: bool


@pages.get("/programmes/<code>/registrations")
@permission(ORGANISER, OFFICER)
def listing(code: str) -> ResponseReturnValue:
    """Sign-ups in the order of arrival, by state, option and unit, or by a name or a number."""
    frame = shared(code, HERE)
    choice = request.args.get("option", "").strip()[:60]
    wanted = replace(_wanted(), options=_chosen(frame.programme, choice))
    found = registrations.search(code, wanted, within=frame.within)
    if not frame.organises:
        # The search takes a unit for another whose code ends like it; here nobody is shown by mistake.
        ours = contacts.registrations_within(code, frame.within)
        found = replace(found, rows=tuple(row for row in found.rows if row.code in ours))
    return page(
        "desk/registrations.html",
        Listing(
            frame=frame,
            wanted=wanted,
            found=found,
            states=tuple(state for state in RegistrationState if state is not RegistrationState.DRAFT),
            choice=choice,
            menu=_menu(frame.programme),
            units=organisations.listing(kinds=_LARGE) if frame.organises else (),
            filtered=any(value for name, value in request.args.items() if name != "after"),
            next_url=here_with(after=found.next_after) if found.next_after else None,
            first_url=here_with(after=0) if wanted.after else None,
        ),
    )


@pages.get("/programmes/<code>/registrations/<registration>")
@permission(ORGANISER, OFFICER)
def show(code: str, registration: str) -> ResponseReturnValue:
    """One sign-up with everybody of its party and every step taken."""
    frame = shared(code, HERE)
    return page("desk/registration.html", _shown(frame, registration))


@pages.get("/programmes/<code>/registrations/<registration>/return")
@permission(ORGANISER, OFFICER)
def ask_return(code: str, registration: str) -> ResponseReturnValue:
    """Ask why it goes back."""
    frame = shared(code, HERE)
    return page("desk/reason.html", _asked(frame, registration, "return"), form=ReasonForm())


@pages.post("/programmes/<code>/registrations/<registration>/return")
@permission(ORGANISER, OFFICER)
def send_back(code: str, registration: str) -> ResponseReturnValue:
    """Hand it back for change; whoever sent it may mend it until the close."""
    frame = shared(code, HERE)
    asked = _asked(frame, registration, "return")
    return _taken(asked, service.return_for_change, N_("Returned for change."))


@pages.get("/programmes/<code>/registrations/<registration>/cancellation")
@permission(ORGANISER)
def ask_cancel(code: str, registration: str) -> ResponseReturnValue:
    """Ask why it ends."""
    frame = organised(code, HERE)
    return page("desk/reason.html", _asked(frame, registration, "cancel"), form=ReasonForm())


@pages.post("/programmes/<code>/registrations/<registration>/cancellation")
@permission(ORGANISER)
def cancel(code: str, registration: str) -> ResponseReturnValue:
    """End it; a place it has goes with it, and the person is told."""
    frame = organised(code, HERE)
    asked = _asked(frame, registration, "cancel")
    return _taken(asked, service.cancel, N_("Cancelled. The person is told with the reason."))


# -- What the pages show -----------------------------------------------------------------------------


def _wanted() -> Search:
    given = request.args
    state = given.get("state", "")
    return Search(
        text=given.get("q", "").strip(),
        state=RegistrationState(state) if state in set(RegistrationState) else None,
        organisation=given.get("unit", ""),
        after=given.get("after", 0, type=row_number),
    )


def _chosen(programme: ProgrammeFacts, choice: str) -> tuple[str, ...] | None:
    """The options meant: the one of this code, or all in which every word stands."""
    if not choice:
        return None
    if choice in programme.option_by_code:
        return (choice,)
    return tuple(option.code for option in matching(programme.options, choice))


def _menu(programme: ProgrammeFacts) -> tuple[tuple[object, tuple[OptionFacts, ...]], ...]:
    if len(programme.options) > MOST_IN_A_MENU:
        return ()
    return tuple((title, programme.options_of(item)) for item, title in programme.items)


def _shown(frame: Frame, code: str) -> Shown:
    party = _party(frame, code)
    known = contacts.of_party(party.code)
    roles = require_actor().roles
    kind = frame.kind
    words = dict(kind.claims)
    return Shown(
        frame=frame,
        party=party,
        members=tuple(
            Member(
                row=row,
                contact=known[row.person.code],
                answers=_said(kind.questions, row.answers),
                claims=tuple(
                    (
                        words.get(each.kind, N_("Another claim")),
                        each.checked if each.checked_on else None,
                        each.valid_until,
                    )
                    for each in known[row.person.code].claims
                ),
                why=reasons.about(row.published.reason, frame.programme) if row.published else (),
                correctable=row.state in LIVE,
                returnable=frame.phase is Phase.OPEN and may(row.state, RegistrationState.RETURNED, roles),
                cancellable=frame.organises and may(row.state, RegistrationState.CANCELLED, roles),
            )
            for row in party.members
            if _within(frame, row)
        ),
        answers=_said(kind.questions, party.answers),
        consents=_agreed(kind, party),
        pinnable=frame.organises
        and party.state
        in {
            RegistrationState.SUBMITTED,
            RegistrationState.ALLOTTED,
            RegistrationState.WAITLISTED,
            RegistrationState.NOT_SELECTED,
        },
    )


def _party(frame: Frame, code: str) -> PartyRow:
    """The party of a registration or party number, if it is of this programme and within the reader's reach."""
    party, _code = registrations.of_desk(code, on=today())
    if party.programme.code != frame.programme.code or not any(_within(frame, row) for row in party.members):
        raise NotFound
    return party


def _within(frame: Frame, row: MemberRow) -> bool:
    return frame.organises or bool(set(row.person.organisations) & set(frame.within))


def _said(questions: tuple[Question, ...], given: Mapping[str, Any]) -> tuple[Said, ...]:
    return tuple(
        Said(question.label, _value(question, given[question.key]))
        for question in questions
        if question.key in given
    )


def _agreed(kind: Kind, party: PartyRow) -> tuple[Said, ...]:
    """What was agreed to, by its title, with the version that was read and the moment."""
    texts = kind.consents(party.programme, registrations.application_of(party))
    titles = {text.key: text.title for text in texts}
    return tuple(
        Said(
            titles.get(each.key, N_("A text that is no longer asked")),
            N_("version %(version)s, %(when)s", version=each.version, when=moment(each.at)),
        )
        for each in party.consents
    )


def _value(question: Question, value: Any) -> object:
    words = dict(question.choices)
    if question.answer is Answer.YES_NO:
        return N_("yes") if value else N_("no")
    if question.answer is Answer.CHOICES:
        return wording.Listing(tuple(words.get(each, each) for each in value))
    if question.answer is Answer.PHONE:
        return mask_phone(str(value))
    return words.get(value, value) if question.answer is Answer.CHOICE else value


def _asked(frame: Frame, code: str, step: str) -> Asked:
    party = _party(frame, code)
    row = next((each for each in party.members if each.code == code and _within(frame, each)), None)
    if row is None:
        raise NotFound
    returning = step == "return"
    new = RegistrationState.RETURNED if returning else RegistrationState.CANCELLED
    if not may(row.state, new, require_actor().roles):
        raise NotFound
    endpoint = "desk.registrations.send_back" if returning else "desk.registrations.cancel"
    return Asked(
        frame=frame,
        registration=code,
        name=row.person.name,
        title=N_("Return for change") if returning else N_("Cancel this registration"),
        means=N_("The whole party goes back to whoever signed it up, who can change it until sign-up closes.")
        if returning
        else N_(
            "The registration ends. A place it has is given up, the calendar invitation is cancelled, the person is told."
        ),
        submit=N_("Return for change") if returning else N_("Cancel this registration"),
        action=url_for(endpoint, code=frame.programme.code, registration=code),
        dangerous=not returning,
    )


def _taken(asked: Asked, step: Any, done: Text) -> ResponseReturnValue:
    form = ReasonForm()
    if not form.validate_on_submit():
        return page("desk/reason.html", asked, 422, form=form)
    try:
        step(asked.registration, reason=(form.reason.data or "").strip(), by=require_actor(), at=now())
    except Refused as refused:
        show_on(form, refused)
        return page("desk/reason.html", asked, status_of(refused), form=form)
    flash(_(done.msgid), "success")
    return redirect(
        url_for("desk.registrations.show", code=asked.frame.programme.code, registration=asked.registration),
        303,
    )
