"""Who may go to a camp: ages on the first day, parties, contacts, consents."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.facts import Applicant, Application, PersonDraft
from eventhub.i18n import use_locale
from eventhub.kinds.camp.checks import bars, check, consents
from tests.kinds.stories import application, batch, person, programme

CONTACTS = {"contact1_phone": "+8613800000001", "contact2_phone": "+8613800000002"}
FIRST = date(2026, 7, 13)


def _camp(**settings: object):
    return programme("camp", [batch("B1", FIRST), batch("B2", date(2026, 8, 10))], settings=settings)


def _code(born: date, option: str = "B1", **answers: object) -> str | None:
    camp = _camp()
    problem = bars(camp, camp.option(option), person("兰", born=born), answers)
    return problem.code if problem else None


@pytest.mark.parametrize(
    ("born", "refused"),
    [
        (date(2016, 7, 13), None),  # ten on the first day
        (date(2016, 7, 14), "too_young"),  # one day too young
        (date(2010, 7, 14), None),  # sixteen tomorrow
        (date(2010, 7, 13), "too_old"),  # sixteen on the first day
    ],
)
def test_ages_count_on_the_first_day_of_the_batch(born, refused):
    assert _code(born) == refused


@pytest.mark.parametrize(
    ("first", "refused"),
    [(date(2026, 2, 28), "too_young"), (date(2026, 3, 1), None), (date(2028, 2, 29), None)],
)
def test_a_child_born_on_29_february_has_its_birthday_on_1_march_in_common_years(first, refused):
    camp = programme("camp", [batch("B1", first)])
    problem = bars(camp, camp.option("B1"), person("闰", born=date(2016, 2, 29)), {})
    assert (problem.code if problem else None) == refused


def test_one_day_too_young_cites_the_rule_and_says_from_when():
    camp = _camp()
    problem = bars(camp, camp.option("B1"), person("兰", name="马兰", born=date(2016, 7, 14)), {})
    with use_locale("zh"):
        assert str(problem) == (
            "按照本项目第一条，营员在开营当天须满10周岁、不超过15周岁；"
            "马兰在“B1营”开营当天（2026年7月13日）为9周岁，到2026年7月14日才满10周岁。"
        )
    with use_locale("en"):
        assert str(problem) == (
            "By rule 1 of this programme, campers are 10 to 15 years old on the first day of the batch; 马兰 will be 9 "
            "when “Camp B1” begins on 13 July 2026 and turns 10 only on 14 July 2026."
        )


def test_the_cited_rule_is_the_one_on_the_programme_page():
    from eventhub.kinds import of

    camp = _camp(min_age=8, max_age=12)
    with use_locale("zh"):
        first = str(of(camp).rule_texts(camp)[0])
    assert first == "营员在所报批次开营当天须满8周岁、不超过12周岁，周岁自生日当天起算。"


def test_the_same_child_may_be_too_young_for_one_batch_and_old_enough_for_a_later_one():
    assert _code(date(2016, 7, 20), "B1") == "too_young"
    assert _code(date(2016, 7, 20), "B2") is None


@given(st.dates(date(2005, 1, 1), date(2020, 12, 31)))
def test_a_child_may_go_exactly_when_it_has_its_birthdays(born):
    day = FIRST
    tenth_has_come = (born.year + 10, born.month, born.day) <= (day.year, day.month, day.day)
    sixteenth_has_come = (born.year + 16, born.month, born.day) <= (day.year, day.month, day.day)
    assert (_code(born) is None) == (tenth_has_come and not sixteenth_has_come)


def test_halal_meals_are_needed_only_where_the_site_cannot_cook_them():
    camp = programme(
        "camp", [batch("B1", FIRST, details={"halal": False}), batch("B2", FIRST, details={"halal": True})]
    )
    child = person("兰")
    assert bars(camp, camp.option("B1"), child, {"meals": "halal"}).code == "no_halal"
    assert bars(camp, camp.option("B2"), child, {"meals": "halal"}) is None
    assert bars(camp, camp.option("B1"), child, {"meals": "ordinary"}) is None


def test_a_pair_of_whom_one_is_outside_the_ages_is_told_which():
    camp = _camp()
    sister, brother = person("兰", name="马兰"), person("小", name="马小", born=date(2018, 1, 1))
    problems = list(check(camp, application(camp, sister, brother, answers=CONTACTS)))
    assert [(problem.code, problem.field) for problem in problems] == [
        ("too_young", "participants-1-birth_date")
    ]
    assert "马小" in str(problems[0])


def test_a_child_too_young_is_told_the_batch_that_comes_closest():
    camp = _camp()
    problems = list(check(camp, application(camp, person("小", born=date(2017, 1, 1)), answers=CONTACTS)))
    with use_locale("en"):
        assert "Camp B2" in str(problems[0])


def test_a_pair_that_no_batch_is_open_to_together_is_told_to_sign_up_separately():
    camp = _camp()
    # One turns 16 before the second batch, the other turns 10 only then.
    older, younger = person("大", born=date(2010, 8, 1)), person("小", born=date(2016, 8, 1))
    problems = list(check(camp, application(camp, older, younger, answers=CONTACTS)))
    assert [problem.code for problem in problems] == ["no_common_option"]


def test_a_pair_whom_one_batch_fits_is_not_refused():
    camp = _camp()
    older, younger = person("大", born=date(2010, 8, 1)), person("小", born=date(2015, 8, 1))
    assert list(check(camp, application(camp, older, younger, answers=CONTACTS))) == []


def test_two_emergency_contacts_have_two_numbers():
    camp = _camp()
    same = {"contact1_phone": "+8613800000001", "contact2_phone": "+8613800000001"}
    problems = list(check(camp, application(camp, person("兰"), answers=same)))
    assert [(problem.code, problem.field) for problem in problems] == [("same_contact", "contact2_phone")]
    assert list(check(camp, application(camp, person("兰"), answers=CONTACTS))) == []


def test_birth_date_and_sex_are_asked_for():
    camp = _camp()
    problems = list(check(camp, application(camp, person("兰", born=None, sex=None), answers=CONTACTS)))
    assert {problem.field for problem in problems} == {"participants-0-birth_date", "participants-0-sex"}


def test_a_child_just_typed_in_is_judged_like_one_known():
    camp = _camp()
    draft = PersonDraft(name="马小", birth_date=date(2018, 1, 1), sex=None)
    problems = list(check(camp, Application(camp.code, (Applicant(draft=draft),), answers=CONTACTS)))
    assert {problem.code for problem in problems} == {"too_young", "missing"}


# -- Consents ----------------------------------------------------------------------------------------


def _asked(on: date | None, *born: date, personal: dict[str, str] | None = None) -> list[str]:
    camp = _camp()
    children = [person(str(number), born=each) for number, each in enumerate(born)]
    return [text.key for text in consents(camp, application(camp, *children, on=on, personal=personal))]


def test_the_special_rules_are_asked_under_fourteen_on_the_day_of_collection():
    day = date(2026, 5, 10)
    assert _asked(day, date(2012, 5, 11)) == ["guardian", "children_rules"]
    assert _asked(day, date(2012, 5, 10)) == ["guardian"]


def test_turning_fourteen_between_sign_up_and_camp_changes_nothing():
    assert _asked(date(2026, 5, 10), date(2012, 6, 1)) == ["guardian", "children_rules"]


def test_one_child_under_fourteen_is_enough():
    assert _asked(date(2026, 5, 10), date(2011, 1, 1), date(2013, 1, 1)) == ["guardian", "children_rules"]


def test_without_a_day_the_first_day_of_sign_up_counts_so_that_nobody_is_missed():
    # Fourteen on 5 May, a day after sign-up opened.
    assert _asked(None, date(2012, 5, 5)) == ["guardian", "children_rules"]
    assert _asked(None, date(2012, 5, 4)) == ["guardian"]


def test_a_wish_about_meals_needs_a_tick_of_its_own():
    day, born = date(2026, 5, 10), date(2011, 1, 1)
    assert _asked(day, born, personal={"meals": "halal"}) == ["guardian", "meals"]
    assert _asked(day, born, personal={"meals": "ordinary"}) == ["guardian"]


# -- The rules as they are written -------------------------------------------------------------------


def _rules(**settings: object) -> str:
    from eventhub.kinds import of

    with use_locale("zh"):
        return "\n".join(str(rule) for rule in of(_camp()).rule_texts(_camp(**settings)))


def test_the_rules_say_what_the_settings_are():
    usual = _rules()
    assert "困难职工家庭、农民工家庭、新就业形态劳动者家庭" in usual
    assert "同类别中，未参加过夏令营的优先" in usual
    assert "男女营员人数相差尽量不超过6人" in usual
    changed = _rules(
        never_been_first=False, sex_difference_firm=True, sex_difference=4, teacher_per_children=8
    )
    assert "未参加过夏令营的优先" not in changed
    assert "男女营员人数相差不超过4人" in changed
    assert "每名带队老师最多照看8名营员" in changed


def test_a_child_born_on_29_february_is_told_the_day_it_turns_ten():
    camp = programme("camp", [batch("B1", date(2026, 2, 28))])
    problem = bars(camp, camp.option("B1"), person("闰", born=date(2016, 2, 29)), {})
    with use_locale("en"):
        assert str(problem).endswith("turns 10 only on 1 March 2026.")


def test_a_child_whom_every_site_fails_for_its_meals_is_told_so():
    camp = programme("camp", [batch("B1", FIRST, details={"halal": False})])
    told = application(camp, person("兰"), answers=CONTACTS, personal={"meals": "halal"})
    assert [problem.code for problem in check(camp, told)] == ["no_halal"]


def test_a_child_too_old_for_every_batch_is_told_the_first():
    camp = _camp()
    (problem,) = check(camp, application(camp, person("大", born=date(2009, 1, 1)), answers=CONTACTS))
    with use_locale("en"):
        assert "Camp B1" in str(problem)


def test_a_programme_without_batches_refuses_nobody_for_that():
    empty = programme("camp", [])
    assert list(check(empty, application(empty, person("兰"), answers=CONTACTS))) == []
