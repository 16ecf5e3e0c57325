"""What a camp asks of guardians, of families, and of the organiser who sets it up."""

from __future__ import annotations

from typing import Any

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.meals import MEALS
from eventhub.domain.questions import Answer, Asked, Question
from eventhub.i18n import N_
from eventhub.kinds import SettingField, setting_of

FAMILIES = (
    ("hardship", N_("Family of a worker in hardship")),
    ("migrant", N_("Family of a rural migrant worker")),
    ("new_form", N_("Family of a worker in new employment forms")),
)
"""The kinds of family a camp is for, and the claims by which a primary union vouches for them."""

AIMS = (
    ("balance", N_("Girls and boys balanced in each batch")),
    ("choices", N_("Higher choices")),
    ("cost", N_("Lower cost")),
)

SETTINGS = (
    SettingField("min_age", N_("Youngest age on the first day of the batch"), "number", 10, maximum=18),
    SettingField("max_age", N_("Oldest age on the first day of the batch"), "number", 15, maximum=18),
    SettingField(
        "family_order",
        N_("Order of the kinds of family"),
        "order",
        tuple(key for key, _label in FAMILIES),
        hint=N_("The first is served first; families that no primary union has vouched for come last."),
        choices=FAMILIES,
    ),
    SettingField(
        "never_been_first",
        N_("Within each kind, children who have never been come first"),
        "yes_no",
        default=True,
    ),
    SettingField(
        "teacher_per_children",
        N_("Children to one teacher, at most"),
        "number",
        10,
        hint=N_("A batch takes no more children than its teachers can look after."),
        minimum=1,
        maximum=50,
    ),
    SettingField(
        "teachers_in_all",
        N_("Teachers there are for batches that overlap in time"),
        "number",
        0,
        hint=N_("0: each batch has its own teachers and no common limit."),
        maximum=1000,
    ),
    SettingField(
        "sex_difference",
        N_("Girls and boys in a batch may differ by"),
        "number",
        6,
        hint=N_("Counted for a full batch; in a smaller one the difference is smaller in proportion."),
        maximum=1000,
    ),
    SettingField(
        "sex_difference_firm",
        N_("This difference is a rule and never exceeded"),
        "yes_no",
        default=False,
        hint=N_("No: it is an aim, kept as well as the aims above it allow."),
    ),
    SettingField(
        "aims",
        N_("Order of the aims once as many children as possible have a place"),
        "order",
        tuple(key for key, _label in AIMS),
        choices=AIMS,
    ),
)


def setting(programme: ProgrammeFacts, key: str) -> Any:
    """A camp's setting, or its default."""
    return setting_of(SETTINGS, programme, key)


_IN_AN_EMERGENCY = N_("Called only if something happens to the child during the camp.")

QUESTIONS = (
    Question(
        "family",
        N_("Which kind of family is the child from?"),
        Answer.CHOICE,
        Asked.PERSON,
        required=True,
        choices=FAMILIES,
        hint=N_("Your primary union confirms this before places are given; it is shown to nobody else."),
        purpose=N_("Decides who is served first; erased 30 days after the camp."),
    ),
    MEALS,
    Question(
        "contact1_name",
        N_("First emergency contact: name"),
        asked=Asked.PARTY,
        required=True,
        purpose=_IN_AN_EMERGENCY,
        limit=50,
    ),
    Question(
        "contact1_phone",
        N_("First emergency contact: mobile number"),
        Answer.PHONE,
        Asked.PARTY,
        required=True,
        purpose=_IN_AN_EMERGENCY,
    ),
    Question(
        "contact2_name",
        N_("Second emergency contact: name"),
        asked=Asked.PARTY,
        required=True,
        hint=N_("Somebody else, for when the first cannot be reached."),
        purpose=_IN_AN_EMERGENCY,
        limit=50,
    ),
    Question(
        "contact2_phone",
        N_("Second emergency contact: mobile number"),
        Answer.PHONE,
        Asked.PARTY,
        required=True,
        purpose=_IN_AN_EMERGENCY,
    ),
)
