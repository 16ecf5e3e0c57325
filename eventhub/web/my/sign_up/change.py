"""A change of a sign-up that was sent: what stands is valid until the last step, which the pages carry along."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain import phases
from eventhub.domain.facts import Application
from eventhub.domain.problems import Conflict, Problem, Refused
from eventhub.domain.terms import RegistrationState
from eventhub.i18n import N_, _
from eventhub.queries import registrations as queries
from eventhub.services import registrations as services
from eventhub.web.access import SIGNED_IN, permission
from eventhub.web.forms import registration as forms
from eventhub.web.forms.registration import Step
from eventhub.web.my.sign_up.doors import closed_page
from eventhub.web.my.sign_up.moment import Moment, mine
from eventhub.web.my.sign_up.order import after, demand_same, key_sent, people_of, problems_in, step_url
from eventhub.web.my.sign_up.step import show

CHANGEABLE = frozenset({RegistrationState.SUBMITTED, RegistrationState.RETURNED})


@permission(SIGNED_IN)
def change(code: str) -> ResponseReturnValue:
    """Change a sign-up that was sent, in the same steps; nothing is changed before the last."""
    row, here = mine(code)
    if row.state is RegistrationState.DRAFT:
        return redirect(step_url(code, Step.PEOPLE), 303)
    closed = phases.not_open(here.programme, here.at)
    if closed is not None:
        return closed_page(here, closed)
    _demand_changeable(row)
    standing = replace(queries.application_of(row), on=here.today)
    if request.method != "POST":
        return show(here, standing, Step.PEOPLE, changes=row)
    application = forms.read(here.kind, standing, request.form, here.persons, step=None)
    texts = here.kind.consents(here.programme, application)
    application = replace(application, consents=forms.agreed(request.form, texts))
    strangers = forms.strangers(request.form, here.persons)
    if strangers:
        return show(here, application, Step.PEOPLE, changes=row, problems=strangers, sent=True)
    if _step_sent() is Step.REVIEW and not request.form.get("goto"):
        return _send_change(here, standing, application, row)
    return _change_on(here, application, row)


def _change_on(here: Moment, application: Application, row: queries.PartyRow) -> ResponseReturnValue:
    """The page that follows one step of a change, or the same with what is wrong in it."""
    step = _step_sent()
    goal = request.form.get("goto", "")
    if goal in set(Step):
        return show(here, application, Step(goal), changes=row)
    if request.form.get("move"):
        return show(here, application, step, changes=row)
    problems = problems_in(here, application, step, ours=people_of(row))
    if problems:
        return show(here, application, step, changes=row, problems=problems, sent=True)
    return show(here, application, after(here.kind, step), changes=row)


def _send_change(
    here: Moment, standing: Application, application: Application, row: queries.PartyRow
) -> ResponseReturnValue:
    shown = url_for("my.registrations.show", code=row.code)
    if forms.stamp(application) == forms.stamp(standing) != request.form.get("stamp", ""):
        return redirect(shown, 303)  # the same form twice: what it says stands already
    demand_same(request.form.get("stamp", ""), standing)
    try:
        receipt = services.change(row.code, application, key=key_sent(), by=here.actor, at=here.at)
    except Refused as refused:
        return show(here, application, Step.REVIEW, changes=row, problems=refused.problems, sent=True)
    if receipt.unchanged:
        flash(_("Nothing was changed. What you sent before still stands."), "info")
    else:
        flash(_("Your change is kept."), "success")
    return redirect(shown, 303)


def _step_sent() -> Step:
    sent = request.form.get("step", "")
    return Step(sent) if sent in set(Step) else Step.PEOPLE


def _demand_changeable(row: queries.PartyRow) -> None:
    if row.state not in CHANGEABLE:
        raise Conflict(
            Problem(
                "not_changeable",
                N_("This sign-up can no longer be changed. Reload the page to see how it stands."),
            )
        )
