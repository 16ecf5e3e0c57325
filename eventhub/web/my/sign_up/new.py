"""A new sign-up: kept as a draft after each step, so that it can be left and continued."""

from __future__ import annotations

from dataclasses import replace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain import phases
from eventhub.domain.facts import Application
from eventhub.domain.problems import Refused
from eventhub.domain.terms import RegistrationState
from eventhub.queries import registrations as queries
from eventhub.services import registrations as services
from eventhub.web.access import SIGNED_IN, permission
from eventhub.web.forms import registration as forms
from eventhub.web.forms.registration import Step
from eventhub.web.my.sign_up.choices import looked_for
from eventhub.web.my.sign_up.doors import choose_item, closed_page
from eventhub.web.my.sign_up.moment import Moment, mine, moment_of
from eventhub.web.my.sign_up.order import (
    CHANGED_SINCE,
    after,
    demand_same,
    key_sent,
    problems_in,
    step_url,
)
from eventhub.web.my.sign_up.step import show


@permission(SIGNED_IN)
def begin(programme: str) -> ResponseReturnValue:
    """Who goes: the first step, from which a draft is made."""
    here = moment_of(programme)
    closed = phases.not_open(here.programme, here.at)
    if closed is not None:
        return closed_page(here, closed)
    first = here.programme.items[0][0] if here.programme.options else ""
    item = request.values.get("item", "") if here.kind.choose_item else first
    if here.kind.choose_item and item not in dict(here.programme.items):
        return choose_item(here)
    start = Application(
        programme=programme, applicants=(), item=item, flexible=here.kind.flexible, on=here.today
    )
    if request.method != "POST":
        return show(here, start, Step.PEOPLE)
    application = forms.read(here.kind, start, request.form, here.persons, step=Step.PEOPLE)
    problems = forms.strangers(request.form, here.persons) or problems_in(here, application, Step.PEOPLE)
    if problems:
        return show(here, application, Step.PEOPLE, problems=problems, sent=True)
    code = services.save_draft(application, by=here.actor, at=here.at)
    return redirect(step_url(code, after(here.kind, Step.PEOPLE)), 303)


@permission(SIGNED_IN)
def continue_(code: str, step: str) -> ResponseReturnValue:
    """One step of a draft; each is kept before the next is shown."""
    row, here = mine(code)
    if row.state is not RegistrationState.DRAFT:
        # Sent already, from here or another window: the same form twice counts once.
        return redirect(url_for("my.registrations.show", code=code), 303)
    closed = phases.not_open(here.programme, here.at)
    if closed is not None:
        return closed_page(here, closed)
    now_at = Step(step)
    base = replace(queries.application_of(row), on=here.today)
    if request.method != "POST":
        return show(here, base, now_at, code=code)
    if now_at is Step.REVIEW:
        return _send(here, base, code)
    application = forms.read(here.kind, base, request.form, here.persons, step=now_at)
    if _overwrites(base, application):
        return show(here, application, now_at, code=code, standing=base, problems=[CHANGED_SINCE], sent=True)
    if request.form.get("move"):
        services.save_draft(application, by=here.actor, at=here.at, party=code)
        return redirect(step_url(code, now_at, find=looked_for() or None), 303)
    strangers = forms.strangers(request.form, here.persons) if now_at is Step.PEOPLE else []
    problems = strangers or problems_in(here, application, now_at)
    if problems:
        return show(here, application, now_at, code=code, standing=base, problems=problems, sent=True)
    services.save_draft(application, by=here.actor, at=here.at, party=code)
    return redirect(step_url(code, after(here.kind, now_at)), 303)


def _overwrites(base: Application, application: Application) -> bool:
    """Whether the page was opened on something else than is kept now, and says something else too."""
    seen, kept = request.form.get("stamp", ""), forms.stamp(base)
    return bool(seen) and seen != kept != forms.stamp(application)


def _send(here: Moment, base: Application, code: str) -> ResponseReturnValue:
    application = replace(base, consents=forms.agreed(request.form, here.kind.consents(here.programme, base)))
    demand_same(request.form.get("stamp", ""), base)
    try:
        services.submit(code, key=key_sent(), by=here.actor, at=here.at, application=application)
    except Refused as refused:
        return show(here, application, Step.REVIEW, code=code, problems=refused.problems, sent=True)
    return redirect(url_for("my.registrations.show", code=code, sent=1), 303)
