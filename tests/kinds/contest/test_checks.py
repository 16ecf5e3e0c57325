"""Who may enter a contest: ages, team sizes, what is agreed to."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from eventhub.domain.facts import OptionFacts
from eventhub.domain.phases import ZONE
from eventhub.i18n import use_locale
from eventhub.kinds import of
from eventhub.kinds.contest.checks import bars, check, consents
from tests.kinds.stories import application, heat, person, programme

ADULT = date(1985, 1, 1)


def _contest(*heats: OptionFacts):
    return programme("contest", heats or (heat("H1"), heat("H2")))


@pytest.mark.parametrize(
    ("born", "refused"),
    [
        (date(2010, 9, 8), None),  # sixteen on the day
        (date(2010, 9, 9), "too_young"),  # sixteen tomorrow
        (date(1960, 9, 9), None),  # sixty-six tomorrow
        (date(1960, 9, 8), "too_old"),  # sixty-six on the day
    ],
)
def test_ages_count_on_the_day_of_the_heat(born, refused):
    contest = _contest()
    problem = bars(contest, contest.option("H1"), person("a", born=born), {})
    assert (problem.code if problem else None) == refused


def test_a_refusal_cites_its_rule():
    contest = _contest()
    problem = bars(contest, contest.option("H1"), person("a", name="马小", born=date(2010, 9, 9)), {})
    with use_locale("zh"):
        assert str(problem) == (
            "按照本项目第一条，“C01赛”的参赛年龄为16至65周岁；马小在比赛当天（2026年9月8日）为15周岁。"
        )


@pytest.mark.parametrize(("size", "codes"), [(1, []), (2, []), (3, ["team_size"]), (4, [])])
def test_a_team_has_one_of_the_sizes_of_its_item(size, codes):
    contest = _contest()
    people = [person(str(number), born=ADULT) for number in range(size)]
    problems = list(check(contest, application(contest, *people, item="C01")))
    assert [problem.code for problem in problems] == codes


def test_the_sizes_are_said_as_people_say_them():
    contest = _contest()
    people = [person(str(number), born=ADULT) for number in range(3)]
    (problem,) = check(contest, application(contest, *people, item="C01"))
    with use_locale("zh"):
        assert str(problem) == "按照本项目第二条，“C01赛”每队人数为1、2或4人，现为3人。"
    with use_locale("en"):
        assert str(problem).endswith(
            "the number of people in an entry of “Item C01” is 1, 2 or 4; here it is 3."
        )


def test_an_item_for_single_people_refuses_a_pair():
    contest = _contest(heat("H1", details={"team_sizes": [1]}))
    (problem,) = check(
        contest, application(contest, person("a", born=ADULT), person("b", born=ADULT), item="C01")
    )
    with use_locale("en"):
        assert str(problem).endswith("is 1; here it is 2.")


def test_somebody_whom_no_heat_is_open_to_is_named():
    contest = _contest()
    child = person("b", name="马小", born=date(2014, 1, 1))
    (problem,) = check(contest, application(contest, person("a", born=ADULT), child, item="C01"))
    assert (problem.code, problem.field) == ("too_young", "participants-1-birth_date")


def test_a_team_whom_no_heat_fits_together_is_refused():
    contest = _contest(
        heat("H1"),
        heat("H2", starts=datetime(2026, 9, 9, 9, tzinfo=ZONE)),
    )
    # One turns 66 on the second day, the other turns 16 only then.
    older, younger = person("a", born=date(1960, 9, 9)), person("b", born=date(2010, 9, 9))
    (problem,) = check(contest, application(contest, older, younger, item="C01"))
    assert problem.code == "no_common_option"


def test_birth_dates_are_asked_for():
    contest = _contest()
    (problem,) = check(contest, application(contest, person("a", born=None), item="C01"))
    assert (problem.code, problem.field) == ("missing", "participants-0-birth_date")


def test_halal_lunch_is_only_where_it_is_cooked():
    contest = _contest(heat("H1", details={"halal": False}), heat("H2", details={}))
    eater = person("a", born=ADULT)
    assert bars(contest, contest.option("H1"), eater, {"meals": "halal"}).code == "no_halal"
    assert bars(contest, contest.option("H2"), eater, {"meals": "halal"}) is None


@pytest.mark.parametrize(
    ("born", "asked"),
    [(date(2008, 5, 10), ["safety"]), (date(2008, 5, 11), ["safety", "guardian"])],
)
def test_a_guardian_agrees_for_whoever_is_under_eighteen_on_the_day_of_sign_up(born, asked):
    contest = _contest()
    told = application(contest, person("a", born=born), item="C01", on=date(2026, 5, 10))
    assert [text.key for text in consents(contest, told)] == asked


def test_the_rules_say_what_the_settings_are():
    def rules(**settings: object) -> str:
        series = programme("contest", [heat("H1")], settings=settings)
        with use_locale("zh"):
            return "\n".join(str(rule) for rule in of(series).rule_texts(series))

    assert "按每小时50公里计算的路程时间，并另留30分钟" in rules()
    assert "每场最多为平均数（向上取整）加1" in rules()
    changed = rules(village_floor=False, village_spread=False, travel_speed=60)
    assert "各村不设保底名额。" in changed
    assert "同村队伍可安排在任意场次。" in changed
    assert "按每小时60公里" in changed


def test_an_item_that_does_not_exist_is_left_to_the_form():
    contest = _contest()
    assert list(check(contest, application(contest, person("a", born=ADULT), item="C99"))) == []
