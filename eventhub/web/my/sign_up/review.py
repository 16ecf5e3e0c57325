"""The last step: everything that was said, to be checked and sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eventhub.domain.facts import Application
from eventhub.domain.identity import dialled
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.domain.wording import Listing
from eventhub.i18n import _
from eventhub.web.forms.registration import Step
from eventhub.web.my.sign_up.moment import Moment
from eventhub.web.my.sign_up.value import Answers, ReviewRow, StepPage


def review_step(here: Moment, application: Application, value: StepPage) -> StepPage:
    """Every answer with a link to where it is changed, the ranking, and the texts to agree to."""
    urls = value.urls or {}
    who = ReviewRow(
        here.kind.words.participant,
        Listing(tuple(each.name for each in application.applicants)),
        urls.get(Step.PEOPLE, ""),
    )
    told = answers_of(
        here.kind.questions,
        [(each.name, each.answers) for each in application.applicants],
        application.answers,
        change_url=urls.get(Step.QUESTIONS, ""),
    )
    known = here.programme.option_by_code
    return replace(
        value,
        answers=(Answers("", (who,)), *told),
        ranking=tuple(known[code] for code in application.ranking if code in known),
        flexible=application.flexible,
        texts=tuple(here.kind.consents(here.programme, application)),
    )


def answers_of(
    questions: Sequence[Question],
    people: Sequence[tuple[str, Mapping[str, Any]]],
    together: Mapping[str, Any],
    *,
    change_url: str = "",
) -> tuple[Answers, ...]:
    """What was answered, person by person, then together; of one person alone everything in one part."""

    def rows(source: Mapping[str, Any], asked: Asked) -> tuple[ReviewRow, ...]:
        return tuple(
            ReviewRow(question.label, said(question, source[question.key]), change_url)
            for question in questions
            if question.asked is asked and question.key in source
        )

    of_each = [Answers(name, rows(answers, Asked.PERSON)) for name, answers in people]
    of_all = rows(together, Asked.PARTY)
    if len(of_each) == 1:
        parts = [Answers("", (*of_each[0].rows, *of_all))]
    else:
        parts = [*of_each, Answers("", of_all)]
    return tuple(part for part in parts if part.rows)


def said(question: Question, value: Any) -> object:
    """An answer as people read it."""
    if question.answer is Answer.YES_NO:
        return _("Yes") if value in {True, "yes"} else _("No")
    words = dict(question.choices)
    if isinstance(value, list | tuple):
        return Listing(tuple(words.get(each, each) for each in value))
    if question.answer is Answer.PHONE:
        return dialled(str(value))
    return words.get(value, value)
