from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from eventhub.domain.option_changes import consequences
from eventhub.i18n import Bilingual, use_locale
from tests.scenario import batch

OPTION = batch("B1", date(2026, 7, 13), capacity=10, minimum=3)
(OCCASION,) = OPTION.occasions
LATER = replace(OPTION, occasions=(replace(OCCASION, ends=OCCASION.ends + timedelta(days=1)),))
ELSEWHERE = replace(OPTION, occasions=(replace(OCCASION, meeting_point=Bilingual("银川站")),))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (OPTION, []),
        (replace(OPTION, title=Bilingual("别名"), cost_fen=1), []),
        (LATER, ["日期或时间有变"]),
        (replace(LATER, occasions=(*OPTION.occasions, *LATER.occasions)), ["日期或时间有变"]),
        (ELSEWHERE, ["地点或集合地点有变"]),
        (replace(OPTION, capacity=5), []),
        (replace(OPTION, capacity=4), ["届时有1人失去此处名额"]),
        (replace(OPTION, capacity=None), []),
        (replace(OPTION, minimum=5), []),
        (replace(OPTION, minimum=6), ["成团人数（6）高于已入选人数"]),
        (replace(LATER, capacity=1), ["日期或时间有变", "届时有4人失去此处名额"]),
    ],
)
def test_what_touches_five_people_with_a_place_is_said(wanted, said):
    with use_locale("zh"):
        told = [str(each) for each in consequences(OPTION, wanted, placed=5)]
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


def test_where_nobody_is_placed_nothing_follows():
    assert consequences(OPTION, replace(LATER, capacity=0, minimum=9), placed=0) == ()


def test_what_was_short_of_its_minimum_before_is_not_told_as_news():
    assert consequences(replace(OPTION, minimum=6), replace(OPTION, minimum=7), placed=5) == ()
