"""What a retreat asks of travellers and their companions, and of the organiser who sets it up."""

from __future__ import annotations

from typing import Any

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.meals import MEALS
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.i18n import N_
from eventhub.kinds import SettingField, setting_of

PRIORITIES = (
    ("heavy_post", N_("Long in bitter, dirty, tiring, dangerous or heavy posts")),
    ("skilled_backbone", N_("Skilled backbone with outstanding work")),
    ("health", N_("Occupational or chronic disease, or injured at work")),
    ("long_served", N_("Long-serving and never on a retreat")),
    ("retiring", N_("Retiring soon")),
    ("front_line", N_("At the front line of production and work")),
)
"""Priority groups and the claims by which a primary union vouches for them; never which illness it is."""

AIMS = (
    ("choices", N_("Higher choices")),
    ("running", N_("Fewer departures, fuller coaches")),
    ("cost", N_("Lower cost")),
)

SETTINGS = (
    SettingField(
        "priority_order",
        N_("Order of the priority groups"),
        "order",
        tuple(key for key, _label in PRIORITIES),
        hint=N_("The first is served first; all other members come after the last."),
        choices=PRIORITIES,
    ),
    SettingField(
        "once_in_years",
        N_("Nobody goes more than once in so many years"),
        "number",
        2,
        hint=N_("2: who went last year waits this year. 0: no such rule."),
        maximum=20,
    ),
    SettingField(
        "subsidy_fen",
        N_("Subsidy a participant, where a departure names none"),
        "money",
        50_000,
        maximum=10_000_000,
    ),
    SettingField(
        "low_mobility_minutes",
        N_("Longest way there for people who need short ways, in minutes"),
        "number",
        180,
        maximum=1440,
    ),
    SettingField(
        "low_altitude_m",
        N_("Highest place for people who must avoid heights, in metres"),
        "number",
        1800,
        maximum=9000,
    ),
    SettingField(
        "companions_each",
        N_("Companions a participant may bring"),
        "number",
        2,
        hint=N_("Companions travel at their own cost and are placed with the participant or not at all."),
        maximum=10,
    ),
    SettingField(
        "child_price_below",
        N_("Companions younger than this pay the price of a child along"),
        "number",
        12,
        hint=N_("In completed years on the day of departure."),
        maximum=18,
    ),
    SettingField(
        "aims",
        N_("Order of the aims once as many members as possible have a place"),
        "order",
        tuple(key for key, _label in AIMS),
        choices=AIMS,
    ),
)

QUESTIONS = (
    Question(
        "short_ways",
        N_("Short ways only: travelling and walking are hard for me"),
        Answer.YES_NO,
        Asked.PERSON,
        hint=N_("Tick it only if you need it: long drives and long walks are then no choice for you."),
        purpose=N_("Keeps you off departures that would be too hard; no reason is asked for."),
        sensitive=True,
    ),
    Question(
        "no_heights",
        N_("No high places: I must avoid heights"),
        Answer.YES_NO,
        Asked.PERSON,
        hint=N_("Tick it only if you need it: departures to high places are then no choice for you."),
        purpose=N_("Keeps you off departures that would be too high; no reason is asked for."),
        sensitive=True,
    ),
    MEALS,
    Question(
        "room_with",
        N_("With whom would you like to share a room?"),
        asked=Asked.PERSON,
        hint=N_("A wish for the host, without a claim; families share a room anyway."),
        purpose=N_("Passed to the host for the list of rooms."),
        limit=50,
    ),
)


def setting(programme: ProgrammeFacts, key: str) -> Any:
    """A retreat's setting, or its default."""
    return setting_of(SETTINGS, programme, key)
