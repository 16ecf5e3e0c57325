"""What an organiser fills in of a departure besides dates and places, and what makes no sense of it."""

from __future__ import annotations

from collections.abc import Iterable

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.meals import HALAL_KITCHEN
from eventhub.domain.particulars import Particular
from eventhub.domain.problems import Problem
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import N_, Text

HIGHEST_FEN = 10_000_000
"""A hundred thousand yuan: more is a slip of the hand."""

WALKING: dict[str, Text] = {
    "low": N_("little walking"),
    "medium": N_("some walking"),
    "high": N_("long walks"),
}

PARTICULARS = (
    Particular(
        "price_fen",
        N_("Price a participant"),
        "money",
        maximum=HIGHEST_FEN,
        heading=N_("Price and subsidy"),
    ),
    Particular(
        "subsidy_fen",
        N_("Of which the fund pays"),
        "money",
        hint=N_("Empty: the subsidy named in the settings. What is left is the participant's own share."),
        maximum=HIGHEST_FEN,
    ),
    Particular("companion_price_fen", N_("Price an adult companion"), "money", maximum=HIGHEST_FEN),
    Particular("child_companion_price_fen", N_("Price a child along"), "money", maximum=HIGHEST_FEN),
    Particular(
        "base",
        N_("Base (code)"),
        hint=N_("Where the beds are. Departures of one base share its beds."),
        limit=40,
        heading=N_("The stay"),
    ),
    Particular("beds", N_("Beds a night at the base"), "number", unit=N_("beds"), maximum=100_000),
    Particular("walking", N_("Walking"), "choice", choices=tuple(WALKING.items())),
    Particular("altitude_m", N_("Highest place"), "number", unit=N_("metres"), maximum=9000),
    Particular("suits_elderly", N_("Suits people who need short ways"), "yes_no", default=True),
    HALAL_KITCHEN,
    Particular("stops", N_("Sights"), "texts", hint=N_("One a line."), bilingual=True),
    Particular(
        "route",
        N_("Route (code)"),
        hint=N_("Departures of one route share its coaches of a week."),
        limit=40,
        heading=N_("The way there"),
    ),
    Particular(
        "coach",
        N_("Coaches"),
        "group",
        parts=(
            Particular("seats", N_("Passengers a coach"), "number", required=True, minimum=1, maximum=200),
            Particular("cost_fen", N_("Cost a coach"), "money", maximum=HIGHEST_FEN),
            Particular("most", N_("Coaches of this departure, at most"), "number", maximum=1000),
            Particular("week_most", N_("Coaches of the route in a week, at most"), "number", maximum=1000),
        ),
    ),
    Particular(
        "hub_minutes",
        N_("Way there, one way"),
        "table",
        hint=N_("From which city in how many minutes."),
        parts=(
            Particular("city", N_("City"), "unit", required=True, units=(OrganisationKind.CITY,)),
            Particular("minutes", N_("Minutes"), "number", required=True, maximum=10_000),
        ),
    ),
)


def check_option(_programme: ProgrammeFacts, option: OptionFacts) -> Iterable[Problem]:
    """A subsidy above the price, and beds or coaches too few for the minimum: such a departure would never run."""
    details = option.details
    price, subsidy = details.get("price_fen"), details.get("subsidy_fen")
    if price is not None and subsidy is not None and subsidy > price:
        yield Problem("subsidy", N_("The fund cannot pay more than the price."), "details-subsidy_fen")
    if details.get("beds") is not None and details["beds"] < option.minimum:
        yield _never(N_("%(count)s beds", count=details["beds"]), option, "details-beds")
    coach = details.get("coach") or {}
    if coach.get("most") is not None:
        seats = coach["most"] * coach["seats"]
        if seats < option.minimum:
            yield _never(N_("%(count)s seats in coaches", count=seats), option, "details-coach-most")


def _never(there_are: Text, option: OptionFacts, field: str) -> Problem:
    return Problem(
        "never_runs",
        N_(
            "There are %(what)s, and the departure runs from %(minimum)s people: it would never run.",
            what=there_are,
            minimum=option.minimum,
        ),
        field,
    )
