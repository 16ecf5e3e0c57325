"""What an organiser fills in of a batch besides dates, places and costs, and what makes no sense of it."""

from __future__ import annotations

from collections.abc import Iterable

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.meals import HALAL_KITCHEN
from eventhub.domain.particulars import Particular
from eventhub.domain.problems import Problem
from eventhub.i18n import N_
from eventhub.kinds.camp.questions import setting

PARTICULARS = (
    Particular(
        "adults",
        N_("Teachers for this batch"),
        "number",
        hint=N_("Medic, safety officer and leader not counted. Empty: as many as are needed."),
        unit=N_("teachers"),
        maximum=1000,
        heading=N_("What is done, and with whom"),
    ),
    Particular(
        "programme",
        N_("What is done"),
        "texts",
        hint=N_("One thing a line, such as paper-cutting."),
        bilingual=True,
    ),
    Particular("transport", N_("Travel"), bilingual=True, hint=N_("How one gets there, such as by train.")),
    HALAL_KITCHEN,
)


def check_option(programme: ProgrammeFacts, option: OptionFacts) -> Iterable[Problem]:
    """A batch whose teachers cannot look after its minimum would never run."""
    children = setting(programme, "teacher_per_children")
    teachers = option.details.get("adults")
    if teachers is not None and teachers * children < option.minimum:
        yield Problem(
            "too_few_teachers",
            N_(
                "%(teachers)s teachers look after at most %(children)s children, and the batch runs from "
                "%(minimum)s: it would never run.",
                teachers=teachers,
                children=teachers * children,
                minimum=option.minimum,
            ),
            "details-adults",
        )
