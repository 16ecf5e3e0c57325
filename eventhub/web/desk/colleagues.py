"""Colleagues at the desk: who may do what for which organisation, inviting somebody, giving a role and taking it back."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain.facts import OrganisationFacts
from eventhub.domain.problems import EventHubError, NotFound, Problem, Refused, refuse
from eventhub.domain.terms import Role
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.queries import accounts as queries
from eventhub.queries import journal, organisations
from eventhub.queries.accounts import STAFF, AccountFacts, Standing
from eventhub.queries.journal import JournalRow
from eventhub.services import accounts as services
from eventhub.web.access import ORGANISER, permission, require_actor
from eventhub.web.desk._lists import Slice, slice_of
from eventhub.web.errors import show_on, status_of
from eventhub.web.forms.colleagues import LONGEST_REASON, InvitationForm, RevocationForm, RoleForm
from eventhub.web.pages import now, page

pages = Blueprint("colleagues", __name__)

ROWS = 50
EVENTS: dict[str, Text] = {
    "colleague_invited": N_("Invited to the desk"),
    "role_granted": N_("Role given"),
    "role_revoked": N_("Role taken back"),
}


@dataclass(frozen=True)
class Held:
    """A role somebody holds within the reader's reach."""

    standing: Standing
    revoke_url: str


@dataclass(frozen=True)
class Colleague:
    """Somebody who works at the desk."""

    account: AccountFacts
    held: tuple[Held, ...]
    grant_url: str


@dataclass(frozen=True)
class Done:
    """A line of the journal about roles: whom it was about, which role, and where."""

    row: JournalRow
    name: str
    event: Text
    role: Role | None
    organisation: Bilingual | str


@dataclass(frozen=True)
class Colleagues:
    """Everybody within reach, by name, and what was last done."""

    found: Slice[Colleague]
    text: str
    done: tuple[Done, ...]


@dataclass(frozen=True)
class Giving:
    """The form by which somebody is invited, or given a further role (``name``)."""

    name: str
    action: str
    units: tuple[OrganisationFacts, ...]


@dataclass(frozen=True)
class Taking:
    """What taking a role back means, before it is done."""

    name: str
    standing: Standing
    action: str
    is_mine: bool


@pages.get("/colleagues")
@permission(ORGANISER)
def listing() -> ResponseReturnValue:
    """Who works at the desk within my reach, by name or by unit."""
    units = {unit.code: unit for unit in _units()}
    everybody = [_colleague(account, units) for account in queries.colleagues(require_actor())]
    text = request.args.get("q", "").strip()[:60]
    found = [each for each in everybody if _fits(each, text)]
    names = {each.account.code: each.account.name for each in everybody}
    done = tuple(_done(row, names, units) for row in journal.of_accounts(names))
    return page("desk/colleagues.html", Colleagues(slice_of(found, size=ROWS), text, done))


@pages.route("/colleagues/new", methods=["GET", "POST"])
@permission(ORGANISER)
def invite() -> ResponseReturnValue:
    """Ask somebody to the desk by e-mail."""
    form, units = InvitationForm(), _units()
    value = Giving("", url_for("desk.colleagues.invite"), units)
    form.mark()
    if request.method != "POST":
        return page("desk/colleague_role.html", value, form=form)
    role, organisation, problems = form.read(units)
    name, email = (form.name.data or "").strip(), (form.email.data or "").strip()
    try:
        refuse([*_missing(name, email), *problems])
        services.invite_colleague(name, email, role, organisation, by=require_actor(), at=now())
    except EventHubError as error:
        return _wrong(value, form, error)
    flash(_("%(name)s is invited; the link is on its way.", name=name), "success")
    return redirect(url_for("desk.colleagues.listing"), 303)


@pages.route("/colleagues/<account>/roles", methods=["GET", "POST"])
@permission(ORGANISER)
def grant(account: str) -> ResponseReturnValue:
    """Give a colleague a role for a further organisation."""
    colleague, form, units = _one(account), RoleForm(), _units()
    value = Giving(colleague.name, url_for("desk.colleagues.grant", account=account), units)
    form.mark()
    if request.method != "POST":
        form.role.data = str(next(each.role for each in colleague.standings if each.role in STAFF))
        return page("desk/colleague_role.html", value, form=form)
    role, organisation, problems = form.read(units)
    try:
        refuse(problems)
        services.grant(account, role, organisation, by=require_actor(), at=now())
    except EventHubError as error:
        return _wrong(value, form, error)
    flash(_("%(name)s has the role now.", name=colleague.name), "success")
    return redirect(url_for("desk.colleagues.listing"), 303)


@pages.route("/colleagues/<account>/roles/<role>/<organisation>/revocation", methods=["GET", "POST"])
@permission(ORGANISER)
def revoke(account: str, role: str, organisation: str) -> ResponseReturnValue:
    """Take a role back, once that was confirmed and a reason given."""
    actor, colleague, form = require_actor(), _one(account), RevocationForm()
    standing = next(
        (each for each in colleague.standings if each.role == role and each.organisation == organisation),
        None,
    )
    if standing is None or standing.role not in STAFF or not queries.covers(actor, organisation):
        raise NotFound
    action = url_for("desk.colleagues.revoke", account=account, role=role, organisation=organisation)
    value = Taking(
        colleague.name, standing, action, is_mine=queries.account(actor.account_id).code == account
    )
    if request.method != "POST":
        return page("desk/colleague_revoke.html", value, form=form)
    reason = " ".join((form.reason.data or "").split())[:LONGEST_REASON]
    try:
        refuse(
            ()
            if reason
            else [Problem("no_reason", N_("Give the reason; it stands in the journal."), "reason")]
        )
        services.revoke(account, standing.role, organisation, by=actor, at=now(), reason=reason)
    except Refused as error:
        show_on(form, error)
        return page("desk/colleague_revoke.html", value, form=form, status=status_of(error))
    if value.is_mine:
        return redirect("/", 303)  # who takes their own role back is signed out by it
    flash(_("The role is taken back, and %(name)s is signed out.", name=colleague.name), "success")
    return redirect(url_for("desk.colleagues.listing"), 303)


# -- Inner steps -------------------------------------------------------------------------------------


def _units() -> tuple[OrganisationFacts, ...]:
    scope = require_actor().scope
    return organisations.listing(within=scope) if scope else ()


def _one(code: str) -> AccountFacts:
    """A colleague within reach; nobody else exists here."""
    found = next((each for each in queries.colleagues(require_actor()) if each.code == code), None)
    if found is None:
        raise NotFound
    return found


def _colleague(account: AccountFacts, units: dict[str, OrganisationFacts]) -> Colleague:
    return Colleague(
        account=account,
        held=tuple(
            Held(
                standing,
                url_for(
                    "desk.colleagues.revoke",
                    account=account.code,
                    role=str(standing.role),
                    organisation=standing.organisation,
                ),
            )
            for standing in account.standings
            if standing.role in STAFF and standing.organisation in units
        ),
        grant_url=url_for("desk.colleagues.grant", account=account.code),
    )


def _fits(colleague: Colleague, text: str) -> bool:
    wanted = text.casefold()
    told = [colleague.account.name, colleague.account.email or ""]
    told += [name for held in colleague.held for name in vars(held.standing.organisation_name).values()]
    return not wanted or any(wanted in each.casefold() for each in told)


def _done(row: JournalRow, names: dict[str, str], units: dict[str, OrganisationFacts]) -> Done:
    role, organisation = row.details.get("role"), str(row.details.get("organisation", ""))
    return Done(
        row=row,
        name=names.get(row.code, row.code),
        event=EVENTS[row.event],
        role=Role(role) if role in set(Role) else None,
        organisation=units[organisation].name if organisation in units else "",
    )


def _missing(name: str, email: str) -> list[Problem]:
    found = []
    if not name:
        found.append(Problem("missing", N_("Name: please fill this in."), "name"))
    if not email:
        found.append(Problem("missing", N_("E-mail address: please fill this in."), "email"))
    return found


def _wrong(value: Giving, form: RoleForm, error: EventHubError) -> ResponseReturnValue:
    show_on(form, error)
    return page("desk/colleague_role.html", value, form=form, status=status_of(error))
