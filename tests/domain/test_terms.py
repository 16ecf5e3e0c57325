"""Every term has its word, and no two terms of different enums share one by accident."""

from __future__ import annotations

from enum import StrEnum

import pytest

from eventhub.domain.terms import (
    WORDS,
    Change,
    LetterState,
    Phase,
    RegistrationState,
    RunState,
    word,
)
from eventhub.i18n import use_locale


def test_terms_of_two_enums_with_one_text_keep_their_own_words() -> None:
    with use_locale("en"):
        assert str(word(Phase.DRAFT)) == "Draft"
        assert str(word(RegistrationState.DRAFT)) == "Not sent yet"
        assert str(word(RunState.QUEUED)) == "Waiting for the worker"
        assert str(word(LetterState.QUEUED)) == "Waiting to be sent"
        assert str(word(RegistrationState.WITHDRAWN)) == "Withdrawn"
        assert str(word(Change.WITHDRAWN)) == "Place ended"


@pytest.mark.parametrize("enum", sorted({enum for enum, _ in WORDS}, key=str))
def test_every_member_has_a_word_in_both_languages(enum: type[StrEnum]) -> None:
    for term in enum:
        said = set()
        for locale in ("zh", "en"):
            with use_locale(locale):
                said.add(str(word(term)))
        assert len(said) == 2, term
