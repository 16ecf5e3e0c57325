from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.delivery import characters


@pytest.mark.parametrize(
    "name",
    [
        "马兰",
        "买买提·艾合买提",
        "Zoë O'Neill",
        "㛃䶮",
        "👨\u200d👩\u200d👧 family",
        '组 "甲"; a,b\\',
        "單",
        "café",
        "م",
    ],
)
def test_names_stay_as_they_were_typed(name):
    assert characters.line(name) == name
    assert characters.paragraphs(name) == name


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("马兰\r\nBcc: x@y.z", "马兰 Bcc: x@y.z"),
        ("马\x00兰\x1b[31m", "马兰[31m"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("a\u2028b\u0085c\vd", "a b c d"),
        ("\ufeff马兰", "马兰"),
        ("  马   兰 ", "马 兰"),
        ("\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("a\tb", "a b"),
    ],
)
def test_what_breaks_or_hides_is_taken_out(typed, shown):
    assert characters.line(typed) == shown


def test_paragraphs_keep_their_breaks():
    assert characters.paragraphs("第一\r\n第二\r第三\n\n末") == "第一\n第二\n第三\n\n末"


@given(st.text(st.characters()))
def test_nothing_unseen_is_left_and_a_second_washing_changes_nothing(text):
    once = characters.line(text)
    assert not {c for c in once if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
    assert characters.line(once) == once
    paragraphs = characters.paragraphs(text)
    assert characters.paragraphs(paragraphs) == paragraphs
    paragraphs.encode()
