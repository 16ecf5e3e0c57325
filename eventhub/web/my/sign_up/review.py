"""The last step: everything that was said, to be checked and sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eventhub.domain.facts import Application
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.domain.wording import Listing
from eventhub.i18n import _
from eventhub.web.forms.registration import Step
from eventhub.web.my.sign_up.moment import Moment
from eventhub.web.my.sign_up.value import ReviewRow, StepPage


def review_step(here: Moment, application: Application, value: StepPage) -> StepPage:
    """Every answer with a link to where it is changed, the ranking, and the texts to agree to."""
    urls = value.urls or {}
    rows = [
        ReviewRow(
            here.kind.words.participant,
            Listing(tuple(each.name for each in application.applicants)),
            urls.get(Step.PEOPLE, ""),
        )
    ]
    questions = urls.get(Step.QUESTIONS, "")
    for asking, applicant in [
        *((Asked.PERSON, each) for each in application.applicants),
        (Asked.PARTY, None),
    ]:
        source = applicant.answers if applicant else application.answers
        for question in here.kind.questions:
            if question.asked is asking and question.key in source:
                label = (
                    _("%(name)s: %(question)s", name=applicant.name, question=question.label)
                    if applicant and len(application.applicants) > 1
                    else question.label
                )
                rows.append(ReviewRow(label, said(question, source[question.key]), questions))
    known = here.programme.option_by_code
    return replace(
        value,
        answers=tuple(rows),
        ranking=tuple(known[code] for code in application.ranking if code in known),
        flexible=application.flexible,
        texts=tuple(here.kind.consents(here.programme, application)),
    )


def said(question: Question, value: Any) -> object:
    """An answer as people read it."""
    if question.answer is Answer.YES_NO:
        return _("Yes") if value in {True, "yes"} else _("No")
    words = dict(question.choices)
    if isinstance(value, list | tuple):
        return Listing(tuple(words.get(each, each) for each in value))
    if question.answer is Answer.PHONE:
        return str(value).removeprefix("+86")
    return words.get(value, value)
