"""Reasons: said to the member, and in the third person at the desk, from the same facts."""

from __future__ import annotations

import ast
import inspect
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest

from eventhub.domain.facts import ProgrammeFacts
from eventhub.i18n import use_locale
from eventhub.queries import reasons

YOU = re.compile(r"\b(you|your|yours)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def said() -> set[str]:
    """Every message that the module can say, in either person."""
    tree = ast.parse(inspect.getsource(reasons))
    return {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "N_"
        and isinstance(node.args[0], ast.Constant)
    }


def programme() -> ProgrammeFacts:
    option = SimpleNamespace(title="B3")
    return cast("ProgrammeFacts", SimpleNamespace(option_by_code={"B3": option}, sources=(), quotas=()))


FULL: dict[str, Any] = {
    "lot": 47,
    "tier": 1,
    "why": [{"code": "full", "option": "B3", "seats": 40, "asked": 61, "tier": 1, "rank": 1, "lot": 38}],
}


def test_everything_said_to_a_member_has_its_words_for_the_desk() -> None:
    assert {message for message in said() if YOU.search(message)} == set(reasons._ABOUT)


@pytest.mark.parametrize("message", sorted(reasons._ABOUT))
def test_words_for_the_desk_speak_of_somebody_else_with_the_same_numbers(message: str) -> None:
    text = reasons._ABOUT[message]
    assert not YOU.search(text.msgid)
    assert sorted(PLACEHOLDER.findall(text.msgid)) == sorted(PLACEHOLDER.findall(message))
    numbers = dict.fromkeys(re.findall(r"%\((\w+)\)s", message), "7")
    with use_locale("zh"):
        chinese = str(type(text)(text.msgid, numbers))
    assert chinese != text.msgid % numbers
    assert "您" not in chinese
    assert "你" not in chinese


def test_a_full_option_is_told_to_the_member_and_about_the_member() -> None:
    with use_locale("en"):
        assert "your lot is 47, the last one in has 38" in str(reasons.sentences(FULL, programme())[0])
        assert "this member's lot is 47, the last one in has 38" in str(reasons.about(FULL, programme())[0])
    with use_locale("zh"):
        assert "该成员的抽签号为 47，截止 38" in str(reasons.about(FULL, programme())[0])


def test_what_speaks_to_nobody_is_said_the_same_in_both_places() -> None:
    fixed = {"pinned": True, "why": []}
    assert reasons.about(fixed, programme()) == reasons.sentences(fixed, programme())
