"""A place on a departure in the calendar: from arrival to departure, with the meeting point."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from eventhub.domain.facts import OccasionFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import PartyRole
from eventhub.i18n import Bilingual, use_locale
from eventhub.kinds import of
from tests.kinds.stories import departure, person, programme, seat

RETREAT = programme("retreat", [departure("D1", minimum=12)])
MEMBER = person("a", name="马建国", born=date(1975, 1, 1), claims=["health"])


def test_a_departure_is_timed_from_arrival_to_the_end_of_the_third_day():
    with use_locale("zh"):
        (entry,) = of(RETREAT).entries(seat(RETREAT, "D1", MEMBER))
    assert (entry.starts, entry.ends) == (
        datetime(2026, 6, 5, 18, tzinfo=ZONE),
        datetime(2026, 6, 7, 16, tzinfo=ZONE),
    )
    assert entry.place == "昊苑村（集合地点：银川市总工会门前）"
    assert entry.summary == "测试项目 · 线路D1"
    assert "集合地点：银川市总工会门前" in entry.description


def test_no_priority_stands_in_a_calendar():
    for locale in ("zh", "en"):
        with use_locale(locale):
            (entry,) = of(RETREAT).entries(seat(RETREAT, "D1", MEMBER, answers={"short_ways": True}))
        told = str(entry.as_data())
        assert not any(word in told for word in ("health", "disease", "病", "伤", "行动不便"))


def test_a_child_brought_along_is_not_named_in_full():
    child = person("c", name="马小兰", born=date(2015, 1, 1))
    assert of(RETREAT).calendar_name(RETREAT, child) == "马*兰"
    assert of(RETREAT).calendar_name(RETREAT, MEMBER) == "马建国"


def test_the_card_tells_price_subsidy_and_own_share():
    with use_locale("zh"):
        told = {str(fact.label): str(fact.value) for fact in of(RETREAT).facts(RETREAT, RETREAT.option("D1"))}
    assert told == {
        "价格": "780元",
        "补助": "500元/人",
        "个人承担": "280元",
        "随行家属费用": "780元",
        "步行": "步行较少",
        "海拔": "最高1150米",
        "用餐": "可提供清真餐",
        "成团条件": "满12人成团",
    }


def test_participants_and_companions_are_told_what_they_pay():
    with use_locale("en"):
        mine = of(RETREAT).brief(seat(RETREAT, "D1", MEMBER))
        theirs = of(RETREAT).brief(seat(RETREAT, "D1", MEMBER, role=PartyRole.COMPANION))
        paid = [{str(fact.label): str(fact.value) for fact in brief.lines} for brief in (mine, theirs)]
    assert paid[0]["Own share"] == "CNY 280"
    assert paid[1]["A companion pays"] == "CNY 780"
    assert "Own share" not in paid[1]


@pytest.mark.parametrize(
    ("age", "paid"),
    [
        (11, {"A child along under 12 pays": "CNY 410"}),
        (12, {"A companion pays": "CNY 780"}),
        (None, {"A companion pays": "CNY 780", "A child along under 12 pays": "CNY 410"}),
    ],
)
def test_a_companion_is_told_the_one_price_of_its_age(age: int | None, paid: dict[str, str]):
    option = departure("D1", details={"child_companion_price_fen": 41_000})
    programme = replace(RETREAT, options=(option,))
    with use_locale("en"):
        brief = of(programme).brief(seat(programme, "D1", MEMBER, role=PartyRole.COMPANION, age=age))
        card = {str(fact.label): str(fact.value) for fact in of(programme).facts(programme, option)}
        lines = {str(fact.label): str(fact.value) for fact in brief.lines if "pays" in str(fact.label)}
    assert lines == paid
    assert card.items() >= {"A companion pays": "CNY 780", "A child along under 12 pays": "CNY 410"}.items()


def test_a_bare_departure_has_a_short_card_and_entry():
    occasion = OccasionFacts(
        datetime(2026, 6, 5, 18, tzinfo=ZONE), datetime(2026, 6, 7, 16, tzinfo=ZONE), Bilingual("昊苑村")
    )
    bare = replace(
        departure("D1", occasions=(occasion,)), details={"stops_zh": ["酒庄", "岩画"], "halal": False}
    )
    retreat = programme("retreat", [bare])
    place = seat(retreat, "D1", MEMBER)
    with use_locale("zh"):
        told = {str(fact.label): str(fact.value) for fact in of(retreat).facts(retreat, bare)}
        (entry,) = of(retreat).entries(place)
        labels = {str(fact.label) for fact in of(retreat).brief(place).lines}
    assert told == {"补助": "500元/人", "沿途": "酒庄、岩画", "用餐": "不提供清真餐"}
    assert entry.place == "昊苑村"
    assert labels == {"联系人"}


def test_a_departure_of_whole_days_is_a_mistake_and_says_so():
    occasion = OccasionFacts(date(2026, 6, 5), date(2026, 6, 7), Bilingual("昊苑村"))
    retreat = programme("retreat", [departure("D1", occasions=(occasion,))])
    with pytest.raises(TypeError, match="at an hour, not on a day"):
        of(retreat).entries(seat(retreat, "D1", MEMBER))
