"""The first step: who goes, with the reason beside everybody who cannot."""

from __future__ import annotations

from dataclasses import replace

from flask import url_for

from eventhub.domain.facts import Applicant, Application, Person
from eventhub.domain.problems import Problem
from eventhub.i18n import _
from eventhub.queries import people as people_queries
from eventhub.queries import registrations as queries
from eventhub.services import registrations as services
from eventhub.web.forms import registration as forms
from eventhub.web.forms.registration import Step
from eventhub.web.my.sign_up.moment import Moment
from eventhub.web.my.sign_up.order import stands_here, step_url
from eventhub.web.my.sign_up.value import PersonChoice, StepPage


def people_step(
    here: Moment, application: Application, value: StepPage, code: str, *, ours: frozenset[str]
) -> StepPage:
    """The people to choose from, each with what speaks against them alone."""
    draft = None if code or value.is_change else queries.draft_of(here.programme.code, here.actor)
    return replace(
        value,
        people=tuple(
            PersonChoice(
                code=row.person.code,
                note=_note(row),
                refusals=_refusals(here, application, row.person, ours),
                url=url_for("my.people.show", code=row.person.code, next=value.action, kind=here.kind.key),
            )
            for row in here.people
        ),
        add_url=url_for(
            "my.people.add",
            next=value.action,
            relation="child" if here.kind.for_guardians else None,
            kind=here.kind.key,
        ),
        draft_url=step_url(draft, Step.PEOPLE) if draft else "",
    )


def _refusals(
    here: Moment, application: Application, person: Person, ours: frozenset[str]
) -> tuple[Problem, ...]:
    """Why this person alone could not be signed up here, whatever is answered and chosen."""
    alone = replace(application, applicants=(Applicant(person=person),), ranking=(), consents=())
    found = services.check(alone, by=here.actor, at=here.at)
    return tuple(
        problem
        for problem in found
        if forms.step_of(problem, here.kind) is Step.PEOPLE
        and forms.is_about(problem, 0)
        and not stands_here(problem, alone, ours)
    )


def _note(row: people_queries.PersonRow) -> str:
    born = row.person.birth_date
    parts = [_("born %(day)s", day=born.isoformat()) if born else "", str(row.unit)]
    return " · ".join(part for part in parts if part)
