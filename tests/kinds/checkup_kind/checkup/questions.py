"""What a health check asks of those who come, and of the organiser who sets it up."""

from __future__ import annotations

from eventhub.domain.questions import Answer, Asked, Question
from eventhub.i18n import N_
from eventhub.kinds import SettingField

FASTING = "fasting"

QUESTIONS = (
    Question(
        "package",
        N_("Which package?"),
        Answer.CHOICE,
        Asked.PERSON,
        required=True,
        choices=(("basic", N_("Basic package")), (FASTING, N_("With blood tests, on an empty stomach"))),
        purpose=N_("Decides which half-days are possible; results stay with the hospital."),
    ),
)

SETTINGS = (SettingField("deposit_fen", N_("Deposit to bring"), "money", 0, maximum=100_000),)
