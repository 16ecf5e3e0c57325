"""What can go wrong is said all at once, in the reader's language."""

from __future__ import annotations

import pytest

from eventhub.domain.problems import Conflict, NotAllowed, NotFound, Problem, Refused, refuse
from eventhub.i18n import N_, use_locale

ONE, OTHER = Problem("one", N_("Halal")), Problem("other", N_("Ordinary"), "meals")


def test_all_problems_are_told_together():
    with pytest.raises(Refused) as refused:
        refuse(iter([ONE, OTHER]))
    assert refused.value.problems == (ONE, OTHER)
    with use_locale("zh"):
        assert str(refused.value) == "清真 普通"
    with use_locale("en"):
        assert str(refused.value) == "Halal Ordinary"


def test_nothing_wrong_refuses_nothing():
    refuse([])


def test_a_problem_can_be_told_at_another_field():
    assert ONE.at("participants-0-name") == Problem("one", ONE.message, "participants-0-name")


def test_not_found_and_not_allowed_say_no_more_than_they_must():
    with use_locale("zh"):
        assert str(NotFound()) == "该地址下没有内容。"
        assert str(NotAllowed()) == "您的账号无此权限，请联系主办方。"
    assert (NotFound.code, NotAllowed.code, Conflict.code, Refused.code) == (
        "not_found",
        "not_allowed",
        "conflict",
        "refused",
    )
