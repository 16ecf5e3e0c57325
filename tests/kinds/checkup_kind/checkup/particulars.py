"""What an organiser fills in of a half-day at a hospital: doctors, entrance, what may be added, when results are ready."""

from __future__ import annotations

from collections.abc import Iterable

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.particulars import Particular
from eventhub.domain.problems import Problem
from eventhub.i18n import N_

A_DOCTOR_SEES = 30

PARTICULARS = (
    Particular(
        "doctors",
        N_("Doctors on duty"),
        "number",
        unit=N_("doctors"),
        maximum=50,
        heading=N_("At the hospital"),
    ),
    Particular("entrance", N_("Entrance"), bilingual=True),
    Particular("results_on", N_("Results are ready on"), "day"),
    Particular(
        "extras",
        N_("What may be added, at one's own cost"),
        "lines",
        parts=(
            Particular("name", N_("Test"), required=True, limit=40),
            Particular("price_fen", N_("Price"), "money", required=True, maximum=1_000_000),
        ),
    ),
)


def check_option(_programme: ProgrammeFacts, option: OptionFacts) -> Iterable[Problem]:
    """A doctor sees thirty in half a day."""
    doctors = option.details.get("doctors")
    if doctors is not None and (option.capacity or 0) > doctors * A_DOCTOR_SEES:
        yield Problem(
            "too_few_doctors",
            N_(
                "%(doctors)s doctors see at most %(people)s people in half a day.",
                doctors=doctors,
                people=doctors * A_DOCTOR_SEES,
            ),
            "details-doctors",
        )
