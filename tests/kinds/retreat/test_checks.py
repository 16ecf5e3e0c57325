"""Who may go on a retreat: once in some years, ways and heights, meals, companions, membership."""

from __future__ import annotations

from datetime import date

import pytest

from eventhub.domain.facts import Applicant, Application, OptionFacts, PastPlace, PersonDraft
from eventhub.i18n import use_locale
from eventhub.kinds import of
from eventhub.kinds.retreat.checks import bars, check, consents, minutes_there
from tests.kinds.stories import application, departure, person, programme

ADULT = date(1975, 1, 1)


def _retreat(*departures: OptionFacts, **settings):
    return programme("retreat", departures or (departure("D1"),), settings=settings)


def _code(who, answers=None, *, details=None, **settings):
    retreat = _retreat(departure("D1", details=details), **settings)
    problem = bars(retreat, retreat.option("D1"), who, answers or {})
    return problem.code if problem else None


def _member(*been: PastPlace, **told):
    return person("a", name="马建国", born=ADULT, been=been, **told)


# -- Once in N years ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("been", "refused"),
    [
        ((), None),
        ((PastPlace("retreat", 2025),), "been_lately"),
        ((PastPlace("retreat", 2026),), "been_lately"),
        ((PastPlace("retreat", 2024),), None),
        ((PastPlace("retreat", 2020), PastPlace("retreat", 2025)), "been_lately"),
        ((PastPlace("retreat", 2025, attended=False),), None),
        ((PastPlace("camp", 2025),), None),
    ],
)
def test_nobody_goes_more_than_once_in_two_years(been, refused):
    assert _code(_member(*been)) == refused


@pytest.mark.parametrize(("years", "refused"), [(0, None), (1, None), (3, "been_lately"), (4, "been_lately")])
def test_how_many_years_is_a_setting(years, refused):
    assert _code(_member(PastPlace("retreat", 2024)), once_in_years=years) == refused


def test_the_refusal_cites_the_rule_and_says_from_when():
    retreat = _retreat()
    problem = bars(retreat, retreat.option("D1"), _member(PastPlace("retreat", 2025)), {})
    with use_locale("zh"):
        assert (
            str(problem)
            == "按照本项目第三条，每人2年内限参加一次；马建国已于2025年参加，2027年起可再次参加。"
        )


# -- Ways, heights, meals ----------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "refused"), [(180, None), (181, "too_far")])
def test_short_ways_are_at_most_so_many_minutes(minutes, refused):
    details = {"hub_minutes": {"640100": minutes}}
    assert _code(_member(), {"short_ways": True}, details=details) == refused
    assert _code(_member(), {}, details=details) is None


def test_the_way_is_counted_from_ones_own_city():
    option = departure("D1")
    assert minutes_there(option, _member(place_code="640104")) == 30
    assert minutes_there(option, _member(place_code="640402107")) == 305
    assert minutes_there(option, _member(place_code="", organisations=("640000", "640400", "u"))) == 305


def test_where_the_city_is_unknown_the_longest_way_counts():
    option = departure("D1")
    assert minutes_there(option, _member(place_code="", organisations=("640000",))) == 305
    assert minutes_there(departure("D2", details={"hub_minutes": {}}), _member()) is None


@pytest.mark.parametrize("details", [{"walking": "high"}, {"suits_elderly": False}])
def test_who_needs_short_ways_does_not_walk_far(details):
    assert _code(_member(), {"short_ways": True}, details=details) == "too_much_walking"
    assert _code(_member(), details=details) is None


@pytest.mark.parametrize(("metres", "refused"), [(1800, None), (1801, "too_high")])
def test_who_must_avoid_heights_stays_low(metres, refused):
    assert _code(_member(), {"no_heights": True}, details={"altitude_m": metres}) == refused
    assert _code(_member(), details={"altitude_m": metres}) is None


def test_halal_meals_only_where_the_host_can():
    assert _code(_member(), {"meals": "halal"}, details={"halal": False}) == "no_halal"
    assert _code(_member(), {"meals": "halal"}, details={"halal": True}) is None
    assert _code(_member(), {"meals": "vegetarian"}, details={"halal": False}) is None


# -- The application ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("companions", "codes"), [(0, []), (2, []), (3, ["too_many_companions"])])
def test_a_participant_brings_two_companions_at_most(companions, codes):
    retreat = _retreat()
    along = [person(f"c{number}", born=ADULT) for number in range(companions)]
    problems = check(retreat, application(retreat, _member(), companions=along))
    assert [problem.code for problem in problems] == codes


def test_participants_have_a_unit_and_companions_need_none():
    retreat = _retreat()
    stranger = person("x", name="王安", born=ADULT, organisations=())
    (problem,) = check(retreat, application(retreat, _member(), stranger))
    assert (problem.code, problem.field) == ("no_unit", "participants-1-organisation")
    assert list(check(retreat, application(retreat, _member(), companions=[stranger]))) == []


def test_whoever_has_been_lately_is_told_before_anything_is_ranked():
    retreat = _retreat()
    (problem,) = check(retreat, application(retreat, _member(PastPlace("retreat", 2025))))
    assert (problem.code, problem.field) == ("been_lately", "participants-0-name")


def test_a_family_that_fits_no_departure_together_is_told():
    near = departure("D1", details={"halal": False})
    far = departure("D2", details={"hub_minutes": {"640100": 300}})
    retreat = _retreat(near, far)
    from dataclasses import replace

    told = application(retreat, _member(), person("b", born=ADULT))
    first, second = told.applicants
    told = replace(
        told,
        applicants=(
            replace(first, answers={"meals": "halal"}),
            replace(second, answers={"short_ways": True}),
        ),
    )
    (problem,) = check(retreat, told)
    assert problem.code == "no_common_option"


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({}, ["conditions"]),
        ({"short_ways": True}, ["conditions", "care"]),
        ({"no_heights": True, "meals": "halal"}, ["conditions", "care", "meals"]),
        ({"short_ways": False}, ["conditions"]),
    ],
)
def test_each_sensitive_answer_needs_a_tick_of_its_own(answers, asked):
    retreat = _retreat()
    told = application(retreat, _member(), personal=answers)
    assert [text.key for text in consents(retreat, told)] == asked


def test_of_somebody_just_typed_in_the_city_is_not_guessed():
    retreat = _retreat(departure("D1", details={"hub_minutes": {"640400": 305}}))
    typed = Applicant(draft=PersonDraft("马安", ADULT, organisation="u1"), answers={"short_ways": True})
    assert list(check(retreat, Application(retreat.code, (typed,)))) == []


def test_the_rules_say_what_the_settings_are():
    def rules(**settings: object) -> str:
        with use_locale("zh"):
            return "\n".join(str(rule) for rule in of(_retreat()).rule_texts(_retreat(**settings)))

    assert "每人2年内限参加一次。" in rules()
    assert "参加过的可以再次参加。" in rules(once_in_years=0)
    assert "单程不超过120分钟" in rules(low_mobility_minutes=120)
    order = rules(priority_order=["retiring", "heavy_post"])
    assert "即将退休、长期在苦脏累险及繁重岗位工作；其后为其他会员" in order
