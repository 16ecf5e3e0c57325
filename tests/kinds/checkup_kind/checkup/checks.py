"""Which half-days somebody may take: blood tests need an empty stomach, so they are for mornings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eventhub.domain.facts import OptionFacts, Person, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Problem
from eventhub.domain.rulebook import Rulebook
from eventhub.i18n import N_, Text
from eventhub.kinds.checkup.questions import FASTING

NOON = 12


def _fasting_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Tests on an empty stomach are made in the morning.")


def _lot_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Appointments go to as many people as possible; lots decide what is equal.")


RULES = Rulebook((("fasting", _fasting_rule), ("lot", _lot_rule)))


def bars(
    _programme: ProgrammeFacts, option: OptionFacts, person: Person, answers: Mapping[str, Any]
) -> Problem | None:
    """A half-day that begins after noon is no choice for a package on an empty stomach."""
    begins = option.occasions[0].starts
    if answers.get("package") != FASTING or not isinstance(begins, datetime):
        return None
    if begins.astimezone(ZONE).hour < NOON:
        return None
    return RULES.refusal(
        "fasting",
        "fasting_afternoon",
        N_(
            "%(name)s comes on an empty stomach, and “%(half_day)s” is in the afternoon.",
            name=person.name,
            half_day=option.title,
        ),
    )
