"""A place in a heat in the calendar: timed, with place and station."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from eventhub.domain.facts import OccasionFacts
from eventhub.domain.phases import ZONE
from eventhub.i18n import Bilingual, use_locale
from eventhub.kinds import of
from tests.kinds.stories import heat, person, programme, seat

CONTEST = programme("contest", [heat("H1")])
WORKER = person("a", name="马建国", born=date(1980, 1, 1))


def test_a_heat_is_timed_with_place_and_station():
    with use_locale("zh"):
        (entry,) = of(CONTEST).entries(seat(CONTEST, "H1", WORKER, station="7", registration="R-9"))
    assert entry.summary == "C01赛 · 第H1场"
    assert (entry.starts, entry.ends) == (
        datetime(2026, 9, 8, 9, tzinfo=ZONE),
        datetime(2026, 9, 8, 9, 30, tzinfo=ZONE),
    )
    assert entry.place == "蒋和村，7号工位"
    assert entry.description.startswith("参赛选手：马建国\n工位：7号\n请于08:30前到场签到。")
    assert (entry.latitude, entry.longitude) == (36.1, 106.2)


def test_without_a_station_yet_the_place_stands_alone():
    with use_locale("en"):
        (entry,) = of(CONTEST).entries(seat(CONTEST, "H1", WORKER))
    assert entry.place == "Jianghe village"
    assert "tation" not in entry.description


def test_hours_kept_in_utc_are_said_as_the_clocks_on_the_spot_show_them():
    occasion = OccasionFacts(
        datetime(2026, 9, 8, 1, tzinfo=UTC), datetime(2026, 9, 8, 2, tzinfo=UTC), Bilingual("村")
    )
    contest = programme("contest", [heat("H1", occasions=(occasion,))])
    (entry,) = of(contest).entries(seat(contest, "H1", WORKER))
    assert [entry.starts.isoformat(), entry.ends.isoformat()] == [
        "2026-09-08T09:00:00+08:00",
        "2026-09-08T10:00:00+08:00",
    ]


def test_a_heat_of_whole_days_is_a_mistake_and_says_so():
    occasion = OccasionFacts(date(2026, 9, 8), date(2026, 9, 8), Bilingual("村"))
    contest = programme("contest", [heat("H1", occasions=(occasion,))])
    with pytest.raises(TypeError, match="at an hour, not on a day"):
        of(contest).entries(seat(contest, "H1", WORKER))


def test_a_contestant_under_eighteen_is_not_named_in_full():
    young = person("a", name="马建国", born=date(2009, 9, 9))
    assert of(CONTEST).calendar_name(CONTEST, young) == "马*国"
    assert of(CONTEST).calendar_name(CONTEST, WORKER) == "马建国"


def test_the_card_tells_the_work_and_for_whom():
    with use_locale("zh"):
        told = {str(fact.label): str(fact.value) for fact in of(CONTEST).facts(CONTEST, CONTEST.option("H1"))}
    assert told == {"领域": "种植", "比赛用时": "30分钟", "每队人数": "1、2、4", "年龄": "16至65周岁"}


def test_the_brief_says_when_to_arrive_and_where_to_stand():
    with use_locale("en"):
        brief = of(CONTEST).brief(seat(CONTEST, "H1", WORKER, station="7"))
        told = {str(fact.label): str(fact.value) for fact in brief.lines}
    assert (told["Arrive by"], told["Station"]) == ("08:30", "7")


def test_a_bare_heat_has_a_bare_card_and_a_named_meeting_point_is_told():
    occasion = OccasionFacts(
        datetime(2026, 9, 8, 9, tzinfo=ZONE),
        datetime(2026, 9, 8, 10, tzinfo=ZONE),
        Bilingual("村"),
        Bilingual("村委会门前"),
    )
    bare = heat(
        "H1", details={"venue_zh": "万亩基地", "item_zh": "采收"}, occasions=(occasion,), cost_fen=50_000
    )
    contest = programme("contest", [replace(bare, item_title=Bilingual(""))])
    place = seat(contest, "H1", WORKER)
    with use_locale("zh"):
        told = {str(fact.label): str(fact.value) for fact in of(contest).facts(contest, contest.option("H1"))}
        (entry,) = of(contest).entries(place)
        brief = {str(fact.label): str(fact.value) for fact in of(contest).brief(place).lines}
    assert told == {"比赛内容": "采收", "比赛地点": "万亩基地", "本场奖金及费用": "500元"}
    assert entry.summary == "第H1场"
    assert "集合地点：村委会门前" in entry.description
    assert brief["集合地点"] == "村委会门前"
