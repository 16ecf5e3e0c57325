"""What an organiser fills in of a heat besides dates, places and costs, and what makes no sense of it."""

from __future__ import annotations

from collections.abc import Iterable

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.meals import HALAL_KITCHEN
from eventhub.domain.particulars import Particular
from eventhub.domain.problems import Problem
from eventhub.i18n import N_
from eventhub.kinds.contest.questions import FIELDS

LARGEST_TEAM = 4
OLDEST = 120

PARTICULARS = (
    Particular(
        "field",
        N_("Field of work"),
        "choice",
        choices=tuple(FIELDS.items()),
        heading=N_("The task, and who may enter"),
    ),
    Particular("item", N_("Task"), bilingual=True, hint=N_("What is done, such as harvesting broccoli.")),
    Particular("venue", N_("Venue"), bilingual=True, hint=N_("The place on the spot, such as greenhouse 3.")),
    Particular("minutes", N_("Working time"), "number", unit=N_("minutes"), maximum=1440),
    Particular(
        "team_sizes",
        N_("People in an entry"),
        "choices",
        hint=N_("Tick every number that may enter together. Without a tick everybody enters alone."),
        choices=(
            (1, N_("1 person")),
            *((size, N_("%(size)s people", size=size)) for size in range(2, LARGEST_TEAM + 1)),
        ),
    ),
    Particular("min_age", N_("Youngest on the day"), "number", unit=N_("years"), maximum=OLDEST),
    Particular("max_age", N_("Oldest on the day"), "number", unit=N_("years"), maximum=OLDEST),
    HALAL_KITCHEN,
)


def check_option(_programme: ProgrammeFacts, option: OptionFacts) -> Iterable[Problem]:
    """Ages the right way round, and room for the largest team."""
    details = option.details
    youngest, oldest = details.get("min_age"), details.get("max_age")
    if youngest is not None and oldest is not None and youngest > oldest:
        yield Problem("ages", N_("The oldest may not be younger than the youngest."), "details-max_age")
    largest = max(details.get("team_sizes") or (1,))
    if option.capacity is not None and largest > option.capacity:
        yield Problem(
            "no_room",
            N_(
                "A team of %(size)s does not fit into %(places)s places.",
                size=largest,
                places=option.capacity,
            ),
            "capacity",
        )
