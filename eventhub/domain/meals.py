"""What people eat: a voluntary answer, never derived from a name, and only counted for the kitchen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eventhub.domain.facts import Application, ConsentText, OptionFacts
from eventhub.domain.particulars import Particular
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.i18n import N_

ORDINARY = "ordinary"
HALAL = "halal"

MEALS = Question(
    key="meals",
    label=N_("Meals"),
    answer=Answer.CHOICE,
    asked=Asked.PERSON,
    choices=(
        (ORDINARY, N_("Ordinary")),
        (HALAL, N_("Halal")),
        ("vegetarian", N_("Vegetarian")),
        ("other", N_("Other, I will call")),
    ),
    hint=N_("You need not answer. Without an answer the meals are ordinary."),
    purpose=N_("The kitchen is told how many meals of each sort to cook, never whose they are."),
    sensitive=True,
    only_counted=True,
)

HALAL_KITCHEN = Particular("halal", N_("Halal meals can be cooked"), "yes_no", default=True)
"""What an organiser says of a host's kitchen."""


def halal_missing(option: OptionFacts, answers: Mapping[str, Any]) -> bool:
    """Whether somebody needs halal meals where the host has none; a host that says nothing can cook them."""
    return answers.get(MEALS.key) == HALAL and not option.details.get(
        HALAL_KITCHEN.key, HALAL_KITCHEN.default
    )


def meals_consent(application: Application) -> Iterable[ConsentText]:
    """The tick of its own for a wish about meals, asked only of those who have one."""
    wishes = {applicant.answers.get(MEALS.key) for applicant in application.applicants}
    wishes.add(application.answers.get(MEALS.key))
    if wishes - {None, "", ORDINARY}:
        yield ConsentText(
            key="meals",
            version="2026-2",
            title=N_("Use of the wish about meals"),
            body=N_(
                "A wish about meals can say something about belief or health and is therefore sensitive. "
                "I agree that it is used to find a host that can cook such meals and to tell the kitchen how many "
                "are needed. The kitchen is never told whose wish it is, and no list of people shows it. In the "
                "sign-up itself it is seen by whoever signed up, the officer of the unit and the organiser. It is "
                "erased 30 days after the return. "
                "I may take the wish back at any time; the meals are then ordinary."
            ),
        )
