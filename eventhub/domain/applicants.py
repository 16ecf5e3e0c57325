"""See those of an application as the rules see people, whether they are known or were just typed in."""

from __future__ import annotations

from datetime import date

from eventhub.domain.facts import Applicant, Application, Person, ProgrammeFacts
from eventhub.domain.phases import ZONE

FULL_AGE = 18
"""From this age on nobody needs a guardian."""
OWN_CONSENT_AGE = 14
"""Below it data about a child are sensitive, and collected under rules of their own (PIPL, art. 28 and 31)."""


def person_of(applicant: Applicant) -> Person:
    """The applicant as a person; of one just typed in, what was typed, with an empty code."""
    if applicant.person is not None:
        return applicant.person
    draft = applicant.draft
    if draft is None:
        return Person(code="", name="")
    return Person(
        code="",
        name=draft.name,
        birth_date=draft.birth_date,
        sex=draft.sex,
        organisations=(draft.organisation,) if draft.organisation else (),
        claims=frozenset(draft.claims),
    )


def collected_on(programme: ProgrammeFacts, application: Application) -> date | None:
    """The day the data are handed over; where the application does not say, the first day it can have been."""
    if application.on is not None:
        return application.on
    return programme.opens_at.astimezone(ZONE).date() if programme.opens_at is not None else None


def anyone_under(age: int, programme: ProgrammeFacts, application: Application) -> bool:
    """Whether somebody of the application is younger than this on the day of collection; the unknown count as young."""
    day = collected_on(programme, application)
    for applicant in application.applicants:
        person = person_of(applicant)
        years = person.age_on(day) if day is not None else None
        if years is None or years < age:
            return True
    return False
