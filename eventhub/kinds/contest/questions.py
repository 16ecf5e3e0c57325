"""What a contest asks of those who enter, and of the organiser who sets it up."""

from __future__ import annotations

from typing import Any

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.meals import MEALS
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.i18n import N_, Text
from eventhub.kinds import SettingField, setting_of

FIELDS: dict[str, Text] = {
    "planting": N_("Planting"),
    "livestock": N_("Livestock keeping"),
    "farm_machine": N_("Farm machine operation and repair"),
    "household_craft": N_("Housekeeping and handicraft"),
    "processing": N_("Farm-product processing"),
    "building": N_("Building"),
    "ecommerce": N_("Rural e-commerce"),
}
"""The seven fields of the series, by the word that stands in an option's details."""

SETTINGS = (
    SettingField(
        "village_floor",
        N_("Each village that entered has at least one entry in, counted over all items"),
        "yes_no",
        default=True,
    ),
    SettingField(
        "village_spread",
        N_("People of one village are spread evenly over the heats of an item"),
        "yes_no",
        default=True,
    ),
    SettingField(
        "spread_slack",
        N_("Entries of a village in a heat above the even share, at most"),
        "number",
        1,
        maximum=100,
    ),
    SettingField(
        "travel_speed",
        N_("Travel between places: kilometres an hour"),
        "number",
        50,
        hint=N_("The way is taken as the straight line and three tenths more."),
        minimum=10,
        maximum=120,
    ),
    SettingField(
        "travel_margin",
        N_("Time kept between two heats of one person besides travelling, in minutes"),
        "number",
        30,
        maximum=600,
    ),
    SettingField("arrive_early", N_("Contestants arrive so many minutes early"), "number", 30, maximum=240),
)

QUESTIONS = (
    MEALS,
    Question(
        "experience",
        N_("Years at this work"),
        Answer.NUMBER,
        Asked.PERSON,
        hint=N_("You need not answer. It has no bearing on your place."),
        purpose=N_("Helps the judges prepare; counted, not shown by name."),
        limit=70,
        only_counted=True,
    ),
    Question(
        "team_name",
        N_("Name of the team"),
        asked=Asked.PARTY,
        hint=N_("Only for teams; without one the village and the station stand on the board."),
        purpose=N_("Stands on the score board."),
        limit=20,
    ),
)


def setting(programme: ProgrammeFacts, key: str) -> Any:
    """A contest's setting, or its default."""
    return setting_of(SETTINGS, programme, key)
