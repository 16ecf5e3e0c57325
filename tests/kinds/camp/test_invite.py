"""A camp place in the calendar: whole days, to the guardian, without the child's full name."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.facts import OccasionFacts
from eventhub.i18n import Bilingual, use_locale
from eventhub.kinds import of
from eventhub.kinds.camp.invite import surname
from tests.kinds.stories import batch, fund, person, programme, seat

CAMP = programme("camp", [batch("B1", head_cost_fen=9800_00)], sources=(fund(10),))


def test_a_batch_fills_whole_days_the_last_one_included():
    (entry,) = of(CAMP).entries(seat(CAMP, "B1", person("兰", name="马小兰")))
    assert entry.whole_days
    assert (entry.starts, entry.ends) == (date(2026, 7, 13), date(2026, 7, 18))


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_no_line_of_the_entry_names_the_child_in_full(locale):
    with use_locale(locale):
        (entry,) = of(CAMP).entries(seat(CAMP, "B1", person("兰", name="马小兰", claims=["hardship"])))
    told = "\n".join(str(value) for value in entry.as_data().values())
    assert "小兰" not in told
    assert "hardship" not in told
    assert "困难" not in told


def test_the_guardian_reads_which_child_when_where_and_what_to_bring():
    with use_locale("zh"):
        (entry,) = of(CAMP).entries(seat(CAMP, "B1", person("兰", name="马小兰"), registration="R-77"))
    assert entry.summary == "测试项目 · B1营"
    assert entry.place == "北京市"
    assert entry.description.startswith("马同学已被“B1营”录取。\n集合地点：银川站前\n请携带：")
    assert "个人编号：R-77" in entry.description
    assert entry.description.endswith("联系人：杨老师，12900000001")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("马兰", "马"),
        ("马小兰", "马"),
        ("欧阳兰兰", "欧阳"),
        ("欧阳", "欧"),
        ("买买提·艾合买提", "买买提"),
        ("Aliya Khan", "Aliya"),
        ("单于", "单"),
    ],
)
def test_a_name_is_cut_to_the_surname(name, shown):
    assert surname(name) == shown


@given(st.text("马王欧阳诸葛小兰·", min_size=2, max_size=6).filter(lambda name: not name.startswith("·")))
def test_the_surname_is_never_the_whole_name(name):
    assert len(surname(name)) < len(name)


def test_the_card_says_that_it_is_free_and_who_looks_after_the_children():
    with use_locale("zh"):
        told = {str(fact.label): str(fact.value) for fact in of(CAMP).facts(CAMP, CAMP.option("B1"))}
    assert told["家庭费用"] == "免费"
    assert told["时长"] == "6天5晚"
    assert told["工会承担"] == "9,800元/人"
    assert told["随行人员"] == "每10名营员至少一名带队老师，另有随队医护和安全员"


def test_the_card_of_a_batch_in_two_parts_counts_the_days_there():
    parts = batch("B1").occasions + batch("B1", date(2026, 7, 27), days=3).occasions
    camp = programme("camp", [batch("B1", occasions=parts, details={"days": 99})])
    with use_locale("en"):
        told = {str(fact.label): str(fact.value) for fact in of(camp).facts(camp, camp.option("B1"))}
    assert told["Length"] == "9 days, 7 nights"


def test_the_brief_says_where_to_meet():
    with use_locale("en"):
        brief = of(CAMP).brief(seat(CAMP, "B1", person("兰")))
        assert {str(fact.label): str(fact.value) for fact in brief.lines}[
            "Meeting point"
        ] == "In front of Yinchuan station"
    assert len(brief.bring) >= 3


def test_a_card_tells_what_is_done_how_one_travels_and_what_is_missing():
    details = {
        "programme_zh": ["剪纸", "采摘"],
        "programme_en": ["paper cutting", "picking"],
        "transport_zh": "大巴",
        "transport_en": "coach",
        "halal": False,
    }
    camp = programme("camp", [batch("B1", details=details)])
    with use_locale("zh"):
        chinese = {str(fact.label): str(fact.value) for fact in of(camp).facts(camp, camp.option("B1"))}
    with use_locale("en"):
        english = {str(fact.label): str(fact.value) for fact in of(camp).facts(camp, camp.option("B1"))}
    assert (chinese["活动内容"], chinese["交通"], chinese["用餐"]) == ("剪纸、采摘", "大巴", "不提供清真餐")
    assert (english["What is done"], english["Travel"]) == ("paper cutting, picking", "coach")


def test_without_a_meeting_point_nothing_is_said_of_one():
    occasion = OccasionFacts(date(2026, 7, 13), date(2026, 7, 18), Bilingual("北京市"))
    camp = programme("camp", [batch("B1", occasions=(occasion,))])
    place = seat(camp, "B1", person("兰"))
    with use_locale("zh"):
        assert "集合" not in of(camp).entries(place)[0].description
        assert "集合地点" not in {str(fact.label) for fact in of(camp).brief(place).lines}
