"""The order of the steps: which one follows, and what must be mended before it does."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import request, url_for

from eventhub.domain.facts import Application
from eventhub.domain.problems import Conflict, Problem
from eventhub.i18n import N_
from eventhub.kinds import Kind
from eventhub.queries import registrations as queries
from eventhub.services import registrations as services
from eventhub.web.forms import registration as forms
from eventhub.web.forms.registration import Step
from eventhub.web.my.sign_up.moment import Moment

CHANGED_SINCE = Problem(
    "changed_since",
    N_(
        "This draft was changed after you opened this page, perhaps in another window. What you see here is what you"
        " typed; it is not kept yet. Check it and continue, or load the page again to see what is kept."
    ),
)


def after(kind: Kind, step: Step) -> Step:
    """The step that follows; the last is followed by itself."""
    steps = forms.steps_of(kind)
    return steps[min(steps.index(step) + 1, len(steps) - 1)] if step in steps else Step.REVIEW


def before(kind: Kind, step: Step) -> Step | None:
    """The step before, if there is one."""
    steps = forms.steps_of(kind)
    place = steps.index(step) if step in steps else 0
    return steps[place - 1] if place else None


def problems_in(
    here: Moment, application: Application, step: Step, *, ours: frozenset[str] = frozenset()
) -> list[Problem]:
    """What must be mended before the next step: the rest is said when its own step comes.

    ``ours`` are the people of the sign-up that is being changed: that they are signed up is no problem.
    """
    found = services.check(application, by=here.actor, at=here.at)
    return [
        problem
        for problem in found
        if _belongs_to(problem, here.kind, step) and not stands_here(problem, application, ours)
    ]


def _belongs_to(problem: Problem, kind: Kind, step: Step) -> bool:
    """Whether a problem is to be mended in a step; a party too large for what it chose, where it chooses."""
    if problem.code == "party_too_large":
        return step is Step.CHOICES
    return forms.step_of(problem, kind) is step


def stands_here(problem: Problem, application: Application, ours: frozenset[str]) -> bool:
    """Whether somebody is “signed up already” only by the very sign-up that is being changed."""
    return problem.code == "registered_already" and any(
        forms.is_about(problem, number) and each.person is not None and each.person.code in ours
        for number, each in enumerate(application.applicants)
    )


def people_of(row: queries.PartyRow) -> frozenset[str]:
    """The codes of everybody in a sign-up."""
    return frozenset(each.person.code for each in queries.application_of(row).applicants if each.person)


def key_sent() -> str:
    """The key of the form that was sent, or a new one for a form without."""
    return request.form.get("idempotency_key", "")[:40] or str(uuid4())


def demand_same(stamp: str, standing: Application) -> None:
    """Raise where what stands is not what the form was opened on."""
    if stamp != forms.stamp(standing):
        raise Conflict(
            Problem(
                "changed_meanwhile",
                N_(
                    "This sign-up was changed in another window after you opened this page. Nothing was sent from here."
                    " Load it again and look at what stands now."
                ),
            )
        )


def step_url(code: str, step: Step, **more: Any) -> str:
    """Where a step of a draft stands."""
    return url_for("my.sign_up.continue_", code=code, step=step.value, **more)
