"""A unit's list, handed in by its officer: an empty list to fill in, every problem by its line, then all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from flask import Blueprint, Response, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from itsdangerous import BadData, URLSafeTimedSerializer

from eventhub import kinds
from eventhub.domain import phases
from eventhub.domain.facts import Application, OrganisationFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused, refuse
from eventhub.domain.terms import OrganisationKind
from eventhub.domain.wording import Listing
from eventhub.i18n import N_, _, ngettext
from eventhub.kinds import Kind
from eventhub.queries import organisations as organisation_queries
from eventhub.queries import programmes as programme_queries
from eventhub.services import registrations, rosters
from eventhub.web.access import OFFICER, permission, require_actor, require_scope
from eventhub.web.errors import status_of
from eventhub.web.forms.fields import put_beside
from eventhub.web.forms.registration import item_form
from eventhub.web.forms.roster import (
    FIRST_ROWS,
    MOST_TYPED,
    ConfirmForm,
    RosterForm,
    empty_list,
    row_names,
    typed_applications,
    typed_form,
)
from eventhub.web.my.sign_up.doors import ClosedPage, ItemPage
from eventhub.web.pages import now, page
from eventhub.web.public._contacts import children_officer, contact_of

pages = Blueprint("rosters", __name__)

MOST_TRIED = 500
"""Lists up to this long are tried as a whole before they are confirmed; longer ones only line by line."""
MOST_SEALED = 400_000
"""Characters of a sealed list that a form can carry back."""
SEALED_FOR_SECONDS = 2 * 60 * 60
SHOWN = 20
OF_A_UNIT = frozenset({OrganisationKind.PRIMARY, OrganisationKind.JOINT, OrganisationKind.VILLAGE})


@dataclass(frozen=True)
class RosterPage:
    """Hand in a list; with what is wrong in the one that was handed in."""

    programme: ProgrammeFacts
    kind: Kind
    columns: tuple[object, ...]
    problems: tuple[Problem, ...] = ()
    has_units: bool = True
    children_officer: str = ""


@dataclass(frozen=True)
class Line:
    """One party of the list as it was read."""

    names: tuple[str, ...]
    item: object
    choices: tuple[object, ...]


@dataclass(frozen=True)
class ConfirmPage:
    """What was read, before it is kept."""

    programme: ProgrammeFacts
    kind: Kind
    unit: object
    people: int
    parties: int
    lines: tuple[Line, ...]
    key: str


@dataclass(frozen=True)
class TypedPage:
    """A few people, one below the other."""

    programme: ProgrammeFacts
    kind: Kind
    item: object
    rows: tuple[tuple[str, ...], ...]
    others: tuple[str, ...]
    action: str
    key: str
    may_add: bool
    children_officer: str = ""


@pages.get("/rosters/<programme>")
@permission(OFFICER)
def show(programme: str) -> ResponseReturnValue:
    """The empty list, and where to hand it in."""
    facts = _programme(programme)
    closed = phases.not_open(facts, now())
    if closed is not None:
        return _closed(facts, closed)
    return _roster_page(facts, _roster_form())


@pages.get("/rosters/<programme>/list.xlsx")
@permission(OFFICER)
def blank(programme: str) -> ResponseReturnValue:
    """The empty list, in the reader's language."""
    facts = _programme(programme)
    content = empty_list(rosters.columns(facts), name=_("List"))
    return Response(
        content,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{facts.code}.xlsx"'},
    )


@pages.post("/rosters/<programme>")
@permission(OFFICER)
def upload(programme: str) -> ResponseReturnValue:
    """Read a list and say everything that is wrong with it; nothing is kept yet."""
    facts, form = _programme(programme), _roster_form()
    try:
        _demand_open(facts)
        unit = _unit(form.unit.data or "")
        sheet = _read(form, facts)
        wanted = rosters.applications(sheet, facts, unit=unit.code, at=now())
        _try(wanted)
        return _confirm(facts, unit, wanted, _sealed(facts, unit.code, sheet))
    except Refused as refused:
        return _roster_page(facts, form, refused)


@pages.post("/rosters/<programme>/entries")
@permission(OFFICER)
def enter(programme: str) -> ResponseReturnValue:
    """Keep the list that was read: all of it or nothing."""
    facts, form = _programme(programme), ConfirmForm()
    unit_code, sheet = _unsealed(facts, form.sheet.data or "")
    unit = _unit(unit_code)
    wanted = rosters.applications(sheet, facts, unit=unit.code)
    if not form.agreed.data:
        put_beside(form, [_not_agreed()])
        return _confirm(facts, unit, wanted, form.sheet.data or "", form=form, status=422)
    try:
        receipt = rosters.register_all(
            facts.code, wanted, unit=unit.code, key=_key(), by=require_actor(), at=now()
        )
    except Refused as refused:
        return _roster_page(facts, _roster_form(), refused)
    _say(receipt)
    return redirect(url_for("my.registrations.index"), 303)


@pages.route("/rosters/<programme>/people", methods=["GET", "POST"])
@permission(OFFICER)
def typed(programme: str) -> ResponseReturnValue:
    """Sign up a few people at once, each alone or all as one team."""
    facts = _programme(programme)
    kind = kinds.of(facts)
    closed = phases.not_open(facts, now())
    if closed is not None:
        return _closed(facts, closed)
    item = request.values.get("item", "" if kind.choose_item else next(iter(dict(facts.items)), ""))
    if item not in dict(facts.items):
        value = ItemPage(
            facts,
            kind,
            url_for("my.rosters.typed", programme=programme),
            url_for("my.rosters.show", programme=programme),
        )
        return page("my/item.html", value, form=item_form(kind, facts, ""))
    more = "more" in request.form
    rows = min(
        MOST_TYPED, max(1, request.form.get("rows", FIRST_ROWS, type=int)) + (FIRST_ROWS if more else 0)
    )
    sent = request.form if request.method == "POST" else None
    form = typed_form(kind, facts, _units(), item=item, rows=rows, sent=sent)
    if request.method != "POST" or more:
        return _typed_page(facts, kind, form, item, rows)
    try:
        _enter_typed(facts, kind, form, item, rows)
    except Refused as refused:
        put_beside(form, refused.problems)
        return _typed_page(facts, kind, form, item, rows, status=status_of(refused))
    return redirect(url_for("my.registrations.index"), 303)


# -- Inner steps -------------------------------------------------------------------------------------


def _programme(code: str) -> ProgrammeFacts:
    facts = programme_queries.facts(code)
    if not programme_queries.may_see(require_actor(), facts, now()):
        raise NotFound
    return facts


def _demand_open(facts: ProgrammeFacts) -> None:
    closed = phases.not_open(facts, now())
    if closed is not None:
        raise Refused(closed)


def _units() -> tuple[OrganisationFacts, ...]:
    scope = require_actor().scope
    return organisation_queries.listing(within=scope, kinds=OF_A_UNIT) if scope else ()


def _unit(code: str) -> OrganisationFacts:
    """A unit of this officer's; any other does not exist."""
    require_scope(code)
    unit = next((each for each in _units() if each.code == code), None)
    if unit is None:
        raise NotFound
    return unit


def _roster_form() -> RosterForm:
    form = RosterForm()
    form.offer(_units())
    return form


def _read(form: RosterForm, facts: ProgrammeFacts) -> rosters.Sheet:
    file = form.file.data
    content = file.read() if file else b""
    if not content:
        raise Refused(Problem("no_file", N_("List: choose the file first."), "file"))
    return rosters.read_sheet(content, facts)


def _try(wanted: list[Application]) -> None:
    """Everything that the rules would refuse, before anything is asked to be confirmed."""
    if len(wanted) > MOST_TRIED:
        return
    actor, at = require_actor(), now()
    on = at.astimezone(ZONE).date()
    refuse(
        rosters.at_most(
            [
                _of_entry(problem, application, number)
                for number, application in enumerate(wanted, start=1)
                for problem in registrations.check(replace(application, on=on), by=actor, at=at)
            ]
        )
    )


def _of_entry(problem: Problem, application: Application, number: int) -> Problem:
    names = Listing(tuple(applicant.name for applicant in application.applicants))
    message = N_("Entry %(number)s (%(names)s): %(why)s", number=number, names=names, why=problem.message)
    return Problem(problem.code, message, "file")


def _confirm(
    facts: ProgrammeFacts,
    unit: OrganisationFacts,
    wanted: list[Application],
    sealed: str,
    *,
    form: ConfirmForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    form = form or ConfirmForm(formdata=None)
    form.sheet.data = sealed
    items, known = dict(facts.items), facts.option_by_code
    value = ConfirmPage(
        programme=facts,
        kind=kinds.of(facts),
        unit=unit.name,
        people=sum(len(application.applicants) for application in wanted),
        parties=len(wanted),
        lines=tuple(
            Line(
                tuple(applicant.name for applicant in application.applicants),
                items.get(application.item, ""),
                tuple(known[code].title for code in application.ranking if code in known),
            )
            for application in wanted[:SHOWN]
        ),
        key=request.form.get("idempotency_key", "")[:32] or uuid4().hex,
    )
    return page("my/roster_confirm.html", value, form=form, status=status)


def _roster_page(
    facts: ProgrammeFacts, form: RosterForm, refused: Refused | None = None
) -> ResponseReturnValue:
    kind = kinds.of(facts)
    value = RosterPage(
        programme=facts,
        kind=kind,
        columns=tuple(label for _key, label in rosters.columns(facts)),
        problems=refused.problems if refused else (),
        has_units=bool(form.unit.choices),
        children_officer=children_officer(facts) if kind.for_guardians else "",
    )
    status = status_of(refused) if refused else 200
    return page("my/roster.html", value, form=form, contact=contact_of(facts), status=status)


def _typed_page(
    facts: ProgrammeFacts, kind: Kind, form: FlaskForm, item: str, rows: int, *, status: int = 200
) -> ResponseReturnValue:
    names = tuple(row_names(kind, number) for number in range(rows))
    inside = {name for row in names for name in row}
    value = TypedPage(
        programme=facts,
        kind=kind,
        item=dict(facts.items).get(item, "") if kind.choose_item else "",
        rows=names,
        others=tuple(field.name for field in form if field.name not in inside | {"csrf_token", "unit"}),
        action=url_for("my.rosters.typed", programme=facts.code, item=item or None),
        key=request.form.get("idempotency_key", "")[:32] or uuid4().hex,
        may_add=rows < MOST_TYPED,
        children_officer=children_officer(facts) if kind.for_guardians else "",
    )
    return page("my/roster_people.html", value, form=form, contact=contact_of(facts), status=status)


def _enter_typed(facts: ProgrammeFacts, kind: Kind, form: FlaskForm, item: str, rows: int) -> None:
    unit = _unit(form["unit"].data or "")
    wanted, problems, together = typed_applications(form, kind, facts, item=item, rows=rows)
    if not form["agreed"].data:
        problems.append(_not_agreed())
    if not wanted:
        problems.append(Problem("nobody", N_("Name at least one person."), "participants-0-name"))
    refuse(problems)
    at, by = now(), require_actor()
    wanted = [replace(application, on=at.astimezone(ZONE).date()) for application in wanted]
    if together:
        receipt = registrations.register(wanted[0], key=_key(), by=by, at=at, channel="officer")
        _say(rosters.RosterReceipt(1, len(receipt.registrations), receipt.replayed))
        return
    _say(
        rosters.register_all(facts.code, wanted, unit=unit.code, key=_key(), by=by, at=at, channel="officer")
    )


def _not_agreed() -> Problem:
    return Problem(
        "no_consent",
        N_("Tick that everybody has agreed; without that nobody can be signed up by somebody else."),
        "agreed",
    )


def _say(receipt: rosters.RosterReceipt) -> None:
    if receipt.replayed:
        flash(_("This list had been handed in before; it counts once."), "info")
        return
    flash(
        ngettext("%(num)s person is signed up.", "%(num)s people are signed up.", receipt.people),
        "success",
    )


def _key() -> str:
    return request.form.get("idempotency_key", "")[:32] or uuid4().hex


def _closed(facts: ProgrammeFacts, problem: Problem) -> ResponseReturnValue:
    value = ClosedPage(facts, problem, url_for("public.programmes.show", code=facts.code))
    return page("my/closed.html", value, status=200 if request.method != "POST" else 422)


# -- The list between reading and keeping ------------------------------------------------------------


def _sealer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.extensions["settings"].secret_key, salt="roster")


def _sealed(facts: ProgrammeFacts, unit: str, sheet: rosters.Sheet) -> str:
    """The list as one word that nobody can change on the way: it names people, so it lies on no disk in between."""
    content = {
        "programme": facts.code,
        "unit": unit,
        "account": require_actor().account_id,
        "rows": [dict(row) for row in sheet.rows],
        "lines": list(sheet.lines),
    }
    sealed = str(_sealer().dumps(content))
    if len(sealed) > MOST_SEALED:
        raise Refused(Problem("too_large_file", N_("The file is too large. Divide the list."), "file"))
    return sealed


def _unsealed(facts: ProgrammeFacts, sealed: str) -> tuple[str, rosters.Sheet]:
    stale = Conflict(
        Problem(
            "stale_list", N_("This page was open for too long. Nothing was kept. Hand the list in again.")
        )
    )
    try:
        content = _sealer().loads(sealed, max_age=SEALED_FOR_SECONDS)
    except BadData:
        raise stale from None
    if content["programme"] != facts.code or content["account"] != require_actor().account_id:
        raise stale
    return content["unit"], rosters.Sheet(tuple(content["rows"]), tuple(content["lines"]))
