"""Show a step: its form, its value, and what is wrong beside what was typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from eventhub.domain.applicants import FULL_AGE
from eventhub.domain.facts import Application
from eventhub.domain.problems import Problem
from eventhub.queries import registrations as queries
from eventhub.web.forms import registration as forms
from eventhub.web.forms.fields import put_beside
from eventhub.web.forms.registration import STEP_NAMES, Step
from eventhub.web.my.sign_up.choices import choices_step
from eventhub.web.my.sign_up.moment import Moment
from eventhub.web.my.sign_up.order import CHANGED_SINCE, before, key_sent, people_of, step_url
from eventhub.web.my.sign_up.people import people_step
from eventhub.web.my.sign_up.review import review_step
from eventhub.web.my.sign_up.value import StepPage
from eventhub.web.pages import page
from eventhub.web.public._contacts import children_officer, contact_of


def show(
    here: Moment,
    application: Application,
    step: Step,
    *,
    code: str = "",
    changes: queries.PartyRow | None = None,
    standing: Application | None = None,
    problems: Iterable[Problem] = (),
    sent: bool = False,
) -> ResponseReturnValue:
    """The page of a step, with what is wrong beside what was typed.

    ``standing`` is what is kept of a draft where that is not what is shown: the form answers for having seen it.
    """
    problems = tuple(problems)
    form = _form(here, application, step, sent=sent)
    put_beside(form, problems, otherwise="participants" if step is Step.PEOPLE else "")
    value = _value(here, application, step, code=code, changes=changes)
    if standing is not None and changes is None:
        value = replace(value, stamp=forms.stamp(standing))
    status = 409 if CHANGED_SINCE in problems else 422 if problems else 200
    return page("my/sign_up.html", value, form=form, contact=contact_of(here.programme), status=status)


def _form(here: Moment, application: Application, step: Step, *, sent: bool) -> FlaskForm:
    data = request.form if sent else None
    if step is Step.PEOPLE:
        return forms.people_form(here.kind, here.persons, application, data)
    if step is Step.QUESTIONS:
        return forms.questions_form(here.kind, application, data)
    if step is Step.CHOICES:
        return forms.choices_form(here.kind, application, data)
    return forms.review_form(here.kind.consents(here.programme, application), data)


def _value(
    here: Moment, application: Application, step: Step, *, code: str, changes: queries.PartyRow | None
) -> StepPage:
    steps = forms.steps_of(here.kind)
    earlier = before(here.kind, step)
    party = changes.code if changes else code
    home = url_for("public.programmes.show", code=here.programme.code)
    if changes is not None:
        back = url_for("my.registrations.show", code=changes.code)
    elif earlier is not None and code:
        back = step_url(code, earlier)
    else:
        back = home
    value = StepPage(
        programme=here.programme,
        kind=here.kind,
        step=step,
        steps=tuple(STEP_NAMES[each] for each in steps),
        current=steps.index(step) + 1 if step in steps else 1,
        action=_action(here, application, step, code, changes),
        back_url=back,
        is_change=changes is not None,
        item=dict(here.programme.items).get(application.item, "") if here.kind.choose_item else "",
        carried=tuple(forms.carried(here.kind, application, but=step)) if changes else (),
        stamp=forms.stamp(queries.application_of(changes)) if changes else forms.stamp(application),
        key=key_sent(),
        urls={each: step_url(party, each) for each in steps} if party and not changes else None,
        children_officer=_children_officer(here, application),
    )
    if step is Step.PEOPLE:
        return people_step(
            here, application, value, code, ours=people_of(changes) if changes else frozenset()
        )
    if step is Step.QUESTIONS:
        return replace(value, groups=forms.groups_of(here.kind, application))
    if step is Step.CHOICES:
        return choices_step(here, application, value)
    return review_step(here, application, value)


def _action(
    here: Moment, application: Application, step: Step, code: str, changes: queries.PartyRow | None
) -> str:
    if changes is not None:
        return url_for("my.sign_up.change", code=changes.code)
    if code:
        return step_url(code, step)
    return url_for("my.sign_up.begin", programme=here.programme.code, item=application.item or None)


def _children_officer(here: Moment, application: Application) -> str:
    """Who answers for children's data, wherever a child is or may be named."""
    day = here.today
    child = any(
        (age := each.person.age_on(day)) is not None and age < FULL_AGE
        for each in application.applicants
        if each.person
    )
    if not (here.kind.for_guardians or child):
        return ""
    return children_officer(here.programme)
